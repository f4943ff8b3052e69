"""What is read in a few queries is what nbgrader's own properties say, and takes no more of them for more students."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from oddities import CHAPTER, ident
from sqlalchemy import event, inspect
from sqlalchemy.engine import Engine

from autograder.course.nbgrader.book import open_gradebook
from autograder.course.nbgrader.cell_marks import marks_of, marks_of_all
from autograder.course.nbgrader.place import db_url_of
from autograder.course.nbgrader.rows import INDEXES
from autograder.course.nbgrader.scores import submissions


def test_they_are_nbgraders_own_numbers(graded_class):
    with open_gradebook(graded_class) as gradebook:
        for number, student in enumerate(map(ident, range(6))):
            for grade in gradebook.find_submission_notebook(CHAPTER, CHAPTER, student).grades[number::3]:
                grade.manual_score, grade.needs_manual_grade = (None, True) if number == 5 else (0.1 * number, False)
                grade.extra_credit = 0.7 if number % 2 else None
            for comment in gradebook.find_submission_notebook(CHAPTER, CHAPTER, student).comments[number::2]:
                comment.manual_comment = "" if number == 1 else f"to {student}"
        gradebook.find_submission(CHAPTER, ident(1)).extension = timedelta(hours=1)
        gradebook.find_submission(CHAPTER, ident(1)).notebooks[0].late_submission_penalty = 1.5
        gradebook.db.commit()
        found, marked = submissions(graded_class, CHAPTER), marks_of_all(graded_class, CHAPTER)
        assert list(found) == sorted(map(ident, range(6))) and set(marked) == set(found)
        for student, told in found.items():
            own = gradebook.find_submission(CHAPTER, student)
            assert (told.seconds_late, told.penalty) == (own.total_seconds_late, own.late_submission_penalty)
            (notebook,) = own.notebooks
            rated = {grade.name: (grade.score, grade.max_score, grade.needs_manual_grade) for grade in notebook.grades}
            assert {s.cell: (s.score, s.maximum, s.to_grade) for s in told.scores} == rated
            said = {comment.name: comment.comment for comment in notebook.comments if comment.comment}
            assert {s.cell: s.comment for s in told.scores if s.comment} == {
                n: t for n, t in said.items() if n in rated
            }
            marks = marked[student][CHAPTER]
            assert abs(marks.score - notebook.score) < 1e-9 and marks.maximum == notebook.max_score
            assert {name: mark.comment for name, mark in marks.cells.items() if mark.comment} == said
            assert marks == marks_of(db_url_of(graded_class), CHAPTER, student, CHAPTER)


def test_not_a_query_for_each_student(graded_class):
    said: Counter[str] = Counter()

    def count(connection, cursor, statement, *_):
        said[statement] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        assert len(submissions(graded_class, CHAPTER)) == len(marks_of_all(graded_class, CHAPTER)) == 6
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    of_tables = [
        n for statement, n in said.items() if statement.lstrip().upper().startswith("SELECT") and "grade." in statement
    ]
    assert sum(of_tables) == 2, said


def test_a_gradebook_from_before_gets_the_indexes(graded_class):
    with open_gradebook(graded_class) as gradebook:
        for index in INDEXES:
            index.drop(gradebook.engine)
    with open_gradebook(graded_class) as gradebook:
        there = {
            found["name"] for index in INDEXES for found in inspect(gradebook.engine).get_indexes(index.table.name)
        }
        assert {index.name for index in INDEXES} <= there
