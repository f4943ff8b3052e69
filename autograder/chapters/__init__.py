"""One module a chapter: its exercises, nothing else. Not readable where student code is graded."""
