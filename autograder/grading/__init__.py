"""A submission's way to a grade: repaired, run in a child, judged outside of it, written down."""
