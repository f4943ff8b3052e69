"""The course folder and all that is made from it, for authors and instructors; `nbgrader` alone speaks with nbgrader."""
