"""Which cell of a submission is which cell of the assignment: by its id, or, where an editor has lost the ids, by what is in it.

Nothing is guessed that an id tells. What has none is told by its source, `check(prepare)` or `def prepare`, and an answer that
has no name in it by its place between cells that are known.
"""

from __future__ import annotations

import re

from nbformat import NotebookNode

from ..course.cells import checked_name, graded, is_answer

DEFINED = re.compile(r"^(?:async[ \t]++)?+(?:def|class)[ \t]++(\w++)", re.MULTILINE)
ASSIGNED = re.compile(r"^(\w++)[ \t]*+=(?!=)", re.MULTILINE)

SHORT = 500  # characters: of a source that is worth parsing


def match(nb: NotebookNode, master: NotebookNode, notes: list[str]) -> dict[str, NotebookNode]:
    """The submission's cell for each cell that the assignment knows by a name; what could not be found is not in it.

    Of several cells with one id the last answer counts (it is the one that Python would use), of locked cells the first.
    notes: what was noticed, a sentence each, is added.
    """
    known = {graded(c)["grade_id"]: c for c in master.cells if graded(c).get("grade_id")}
    found: dict[str, NotebookNode] = {}
    for cell in nb.cells:
        name = _id_of(cell, known)
        if name is None:
            continue
        if name in found:
            notes.append(f"the cell {name} is there more than once")
        if name not in found or not graded(known[name]).get("locked"):
            found[name] = cell
    if len(found) < len(known):
        for name, cell in _by_content(nb, master, known, found).items():
            notes.append(f"the cell {name} had lost its id, and was told by what is in it")
            found[name] = cell
    return found


def _id_of(cell: NotebookNode, known: dict[str, NotebookNode]) -> str | None:
    """The known cell that this is, by nbgrader's id or, where a tool has lost the metadata, by the cell's own."""
    name = graded(cell).get("grade_id")
    if name is None and not graded(cell):
        name = cell.get("id")
    return name if isinstance(name, str) and name in known else None


def _by_content(
    nb: NotebookNode, master: NotebookNode, known: dict[str, NotebookNode], found: dict[str, NotebookNode]
) -> dict[str, NotebookNode]:
    """For names that are not found yet, the cells that they are by their source, or by their place."""
    told: dict[str, NotebookNode] = {}
    prose = {_bare(cell.source) for cell in master.cells if not graded(cell)}
    free = [cell for cell in nb.cells if _id_of(cell, known) is None and _bare(cell.source) not in prose]
    signs = {id(cell): told_by(cell.source) for cell in free}
    names = {id(cell): _names(cell.source) for cell in free if cell.cell_type == "code"}

    def take(name: str, cells: list[NotebookNode]) -> None:
        if cells:
            told[name] = cells[-1 if is_answer(known[name]) else 0]
            free[:] = [cell for cell in free if cell is not told[name]]

    missing = [name for name in known if name not in found]
    for name in missing:
        if not is_answer(known[name]):
            wanted = told_by(known[name].source)
            take(name, [cell for cell in free if signs[id(cell)] == wanted])
    for name in missing:
        if name not in told and known[name].cell_type == "code" and (wanted := _names(known[name].source)):
            take(name, [cell for cell in free if wanted <= names.get(id(cell), set())])
    sure = {**found, **told}
    for name in missing:
        if name not in told and is_answer(known[name]):
            take(name, _at_the_place_of(known[name], nb, master, sure, free))
    return told


def _at_the_place_of(
    wanted: NotebookNode,
    nb: NotebookNode,
    master: NotebookNode,
    sure: dict[str, NotebookNode],
    free: list[NotebookNode],
) -> list[NotebookNode]:
    """The free cell of the same type that follows the cell before, or precedes the cell behind, as in the assignment."""
    at = next(i for i, cell in enumerate(master.cells) if cell is wanted)
    for step in (-1, 1):
        if not 0 <= at + step < len(master.cells):
            continue
        neighbour = master.cells[at + step]
        same = sure.get(graded(neighbour).get("grade_id", ""))
        for number, cell in enumerate(nb.cells):
            beside = number - step
            if (cell is same if graded(neighbour) else _bare(cell.source) == _bare(neighbour.source)) and (
                0 <= beside < len(nb.cells)
            ):
                candidate = nb.cells[beside]
                if candidate.cell_type == wanted.cell_type and any(candidate is other for other in free):
                    return [candidate]
    return []


def told_by(source: str) -> str:
    """What a locked cell is told by: `check(name)` however it is spaced, else all that is in it."""
    name = checked_name(source) if len(source) < SHORT and "check" in source else None
    return f"check({name})" if name else _bare(source)


def _bare(source: str) -> str:
    """A source without what editors add and take away at the ends of lines."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _names(source: str) -> set[str]:
    """The functions and classes that a cell defines; if there are none, the variables."""
    return set(DEFINED.findall(source)) or set(ASSIGNED.findall(source))
