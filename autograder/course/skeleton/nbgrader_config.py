"""nbgrader's configuration for this course; every nbgrader command run in this folder reads it."""

import os

from autograder.course.nbgrader.server import off_the_loop
from autograder.grading.lessons import ListLessons

c = get_config()  # noqa: F821  nbgrader provides it

ROOT = os.path.dirname(os.path.abspath(__file__))

c.CourseDirectory.course_id = "tf_first_principles"
c.CourseDirectory.root = ROOT
# Several graders may write to one gradebook: wait for each other rather than fail.
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/gradebook.db?timeout=60"

# A stub that does nothing: an untouched notebook runs from top to bottom, and each check says "not attempted".
c.ClearSolutions.code_stub = {"python": "..."}
c.ClearSolutions.text_stub = "*Write your answer here.*"

# The release lists the lesson's cells: a student's copy of one is the student's own, at home and while grading.
c.GenerateAssignment.preprocessors.append(ListLessons)

# One feedback page, whoever makes it: nbgrader generate_feedback, formgrader's button, course feedback.
c.GenerateFeedback.exporter_class = "autograder.reports.exporter.FeedbackExporter"

# What is too much to be read is refused, and a submission's damage is repaired before nbgrader sees it.
c.Autograde.exporter_class = "autograder.grading.exporter.BoundedExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.grading.repair.Repair",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Students' cells run in a sandboxed child, checks are judged outside of it; lesson cells are not run while grading.
# To run each notebook in a Jupyter kernel instead, in no sandbox: c.JudgedOutside.without_sandbox = True
c.Autograde.autograde_preprocessors = [
    "autograder.grading.outside.JudgedOutside",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "autograder.course.nbgrader.look.ToLookAt",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.JudgedOutside.timeout = 60  # seconds of wall time for a cell; if c.Execute.timeout is less, that counts
c.JudgedOutside.notebook_timeout = 900  # for a notebook with its checks
c.JudgedOutside.cpu_seconds = 300  # of CPU time for each process of a notebook, all its threads together
c.JudgedOutside.memory = 4 << 30  # bytes for a notebook; TensorFlow needs 2 GiB
c.JudgedOutside.output = 1 << 20  # characters that a cell may print and display
c.JudgedOutside.file_size = 64 << 20  # bytes of one file

# `nbgrader validate`, and what is judged in a kernel, run no lesson either.
c.Execute.timeout = 300
c.Execute.skip_cells_with_tag = "lesson"

# Feedback reaches the exchange also where one student's hand-in lacks a timestamp.
c.ExchangeFactory.release_feedback = "autograder.course.nbgrader.exchange.ReleaseFeedback"

# In Jupyter's server: formgrader's autograde and Validate run beside it, and block no other request.
off_the_loop()
