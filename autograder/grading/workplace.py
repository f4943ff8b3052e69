"""Where one submission is graded: a copy of what was handed in, a fresh folder to run each notebook in, what they write."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path

from ..course.files import copy_files, copy_into, digest_of, lay_over, own_files, remove_tree


class Workplace:
    """To be closed when what was written there has been saved.

    All notebooks of a submission work in one folder, as under nbgrader: with what was handed in, what the notebooks before
    have written, and the course's own files over both.
    """

    def __init__(self, scratch: Path, own: Path, students_own: Collection[str] = ()) -> None:
        """own: the assignment's folder in source/. students_own: files in it that a student may replace."""
        self.root = Path(tempfile.mkdtemp(dir=scratch))
        self.root.chmod(0o711)  # as its parent: the user that a child becomes must get in
        self.handed_in, self.written = self.root / "submitted", self.root / "written"
        for folder in (self.handed_in, self.written):
            folder.mkdir(mode=0o700)
        self._own = {name: path for name, path in own_files(own).items() if name not in students_own}
        self._count = 0

    def take(self, submitted: Path, notebooks: Collection[str]) -> str:
        """Copy what was handed in; returns the digest of the copy, which is what will be graded."""
        copy_files(submitted, self.handed_in, notebooks)
        return digest_of(self.handed_in, notebooks)

    def notebook(self, name: str) -> Path:
        return self.handed_in / f"{name}.ipynb"

    def prepare(self, laid_out: Path | None = None) -> tuple[Path, Path]:
        """For the next notebook: a folder to work in, and an empty one for what it writes.

        laid_out: where nbgrader has laid out the submission's files already.
        """
        self._count += 1
        work, new = (self.root / f"{what}-{self._count}" for what in ("work", "new"))
        for folder in (work, new):
            folder.mkdir(mode=0o700)
        if laid_out is None:
            copy_files(self.handed_in, work)
            copy_into(self.written, work)
            lay_over(self._own, work)
        else:
            copy_files(laid_out, work)
            for name in self._own:
                if (laid_out / name).is_file():
                    lay_over({name: laid_out / name}, work)
        return work, new

    def gather(self, work: Path, new: Path) -> None:
        """Add what a notebook wrote to what the others did, but for the course's own files; its work folder goes."""
        own = {part for name in self._own for part in (name, *map(str, Path(name).parents))}
        for path in [path for path in new.rglob("*") if path.is_file()]:
            name = path.relative_to(new).as_posix()
            if name in own or any(str(parent) in self._own for parent in Path(name).parents):
                path.unlink()
        copy_into(new, self.written)
        for folder in (work, new):
            remove_tree(folder)

    def close(self) -> None:
        remove_tree(self.root)
