"""nbgrader's configuration for this course; every nbgrader command run in this folder reads it."""

import os

c = get_config()  # noqa: F821  nbgrader provides it

ROOT = os.path.dirname(os.path.abspath(__file__))

c.CourseDirectory.course_id = "tf_first_principles"
c.CourseDirectory.root = ROOT
# Several graders may write to one gradebook: wait for each other rather than fail.
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/gradebook.db?timeout=60"

# A stub that does nothing: an untouched notebook runs from top to bottom, and each check says "not attempted".
c.ClearSolutions.code_stub = {"python": "..."}
c.ClearSolutions.text_stub = "*Write your answer here.*"

# Lesson cells are not run while grading, and what TensorFlow writes to stderr costs nobody a point.
c.Autograde.autograde_preprocessors = [
    "autograder.grading.execute.GradedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Execute.timeout = 60  # seconds a cell
c.GradedExecute.timeout = 60
