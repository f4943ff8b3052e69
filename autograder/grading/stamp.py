"""How a notebook was graded, and which one: noted in it, for us and for whoever reads it."""

from __future__ import annotations

from nbformat.v4 import new_markdown_cell

from ..course.cells import TO_LOOK_AT
from ..course.made_with import course_version
from .engine import Graded

STAMP = "graded"
"""In a graded notebook's metadata: how it was graded."""


def stamp(graded: Graded, digest: str | None = None, master: str | None = None) -> None:
    """Note in the notebook how it was graded: in its metadata for us, in a last cell for whoever reads the feedback.

    digest: of all that was handed in, as it was read. master: of what it was graded against. Without them it is graded again.
    """
    notebook = graded.notebook
    left_out = (
        f" {graded.left_out} of the files that it wrote were too many, or too large, to keep."
        if graded.left_out
        else ""
    )
    lost = ", ".join(map(str, notebook.metadata.get(TO_LOOK_AT, ())))
    loud = f"**Not found in what was handed in: the answers to {lost}. A person will look at it.**\n\n" if lost else ""
    said = new_markdown_cell(f"{loud}*How this was graded: {graded.stamp}.{left_out}*", id="how-this-was-graded")
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):  # cells had no ids then
        del said["id"]
    notebook.cells.append(said)
    notebook.metadata[STAMP] = {
        "version": course_version(),
        "mode": graded.mode,
        "isolated": graded.isolated,
        "sandbox": graded.sandbox,
        "faults": list(graded.faults),
        "outside": graded.outside,
        "inside": graded.inside,
        "left_out": graded.left_out,
        "submission": digest,
        "master": master,
    }
    if digest is not None:  # under nbgrader's own command two equal notebooks make equal files, to the last byte
        notebook.metadata[STAMP]["seconds"] = graded.seconds
