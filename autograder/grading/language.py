"""Which notebooks can be run in the engine's children: those in Python."""

from __future__ import annotations

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbformat import NotebookNode

from ..course.folder import CourseError

PYTHON = ("python", "ipython", "python3")


class NotPython(CourseError):
    """A notebook that has to be run by a kernel of another language, or by one that nobody knows."""


def require_python(notebook: NotebookNode) -> None:
    """Raises `NotPython` for a notebook in another language. One that names no kernel is in Python, as for nbgrader."""
    kernel, language = _told(notebook, "kernelspec", "name"), _told(notebook, "kernelspec", "language")
    language = language or _told(notebook, "language_info", "name")
    if not language and kernel and not kernel.lower().startswith("python"):
        try:
            language = KernelSpecManager().get_kernel_spec(kernel).language
        except (NoSuchKernel, ValueError):
            raise NotPython(
                f"its notebook wants the kernel {kernel!r}, which is not installed, and does not name its language;"
                " nothing of it was run"
            ) from None
    if language and language.lower() not in PYTHON:
        raise NotPython(
            f"its notebook is in {language[:50]!r}, and only Python is run in the sandbox; nothing of it was run"
            " (c.JudgedOutside.without_sandbox = True runs every notebook in its own Jupyter kernel)"
        )


def _told(notebook: NotebookNode, section: str, field: str) -> str:
    found = notebook.metadata.get(section)
    told = found.get(field) if isinstance(found, dict) else None
    return told if isinstance(told, str) else ""
