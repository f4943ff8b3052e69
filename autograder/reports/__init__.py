"""What people read once a class is graded: the table of grades, the report on the class."""
