"""What people read once a class is graded: the table of grades, the report on the class."""

from .. import course as _course  # noqa: F401  before nbformat: it sees to it that this is imported fast
