"""Every claim of the lessons with other seeds, on the real data and on the drawn stand-in; minutes for each run.

    python tests/seeds.py [CHAPTER…] [--seeds 0-9] [--again]

runs each chapter (01, 02, …, all if none is named) from source/ with `SEED = …` and writes docs/claims.md, a row a chapter, after every
run. What stands there already is not run again, unless with --again; a run in which a sentence failed always is.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from common import CHAPTERS, COURSE, ROOT

sys.path.insert(0, str(ROOT / "tests" / "chapters"))
from test_knobs import SETS, Run

from autograder.course.notebooks import read_notebook

TABLE = ROOT / "docs" / "claims.md"
Done = dict[tuple[str, str, int], list[str]]
"""(chapter, set, seed) → what failed."""


def claims(chapter: str) -> int:
    """How many sentences the solved notebook verifies."""
    outputs = (o for c in read_notebook(COURSE.notebook(chapter)).cells for o in c.get("outputs", []))
    return sum(len(re.findall(r"^✓", "".join(o.get("text", "")), flags=re.MULTILINE)) for o in outputs)


def sets(chapter: str) -> list[str]:
    """The data sets that make a difference to it."""
    text = COURSE.source(chapter).read_text(encoding="utf-8")
    return list(SETS) if "autograder.datasets" in text else [next(iter(SETS))]


def spans(seeds: Iterable[int]) -> str:
    """[0, 1, 2, 5] → "0–2, 5"."""
    found: list[list[int]] = []
    for seed in sorted(seeds):
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in found) or "–"


def seeds_of(text: str) -> list[int]:
    """The other way round; also with a plain hyphen."""
    ends = [[int(n) for n in re.split("[–-]", part)] for part in re.findall(r"\d+(?:[–-]\d+)?", text)]
    return [seed for part in ends for seed in range(part[0], part[-1] + 1)]


def table(done: Done) -> str:
    """The page, from all that has been run."""
    rows = []
    for chapter in CHAPTERS:
        cells = [chapter[:2], str(claims(chapter))]
        for which in SETS:
            run = [seed for ch, w, seed in done if (ch, w) == (chapter, which)]
            cells.append(spans(run) if which in sets(chapter) else "the same")
        failed = [
            f"{which}, seed {seed}: {found[0]}"
            for (ch, which, seed), found in sorted(done.items())
            if ch == chapter and found
        ]
        rows.append(f"| {' | '.join([*cells, '; '.join(failed).replace('|', '/') or 'none'])} |")
    return HEAD + "\n".join(rows) + "\n"


def read(text: str) -> Done:
    """What a page says has been run. Runs in which a sentence failed are left out: they are to be run again."""
    done: Done = {}
    for row in re.findall(r"^\| (\d\d) \| .+$", text, flags=re.MULTILINE):
        (line,) = re.findall(rf"^\| {row} \| (.+) \|$", text, flags=re.MULTILINE)
        chapter = next(c for c in CHAPTERS if c.startswith(row))
        _, *columns, failed = line.split(" | ")
        for which, column in zip(SETS, columns, strict=True):
            for seed in seeds_of(column):
                if f"{which}, seed {seed}:" not in failed:
                    done[chapter, which, seed] = []
    return done


def wanted(chapters: list[str], seeds: list[int], done: Done) -> Iterator[tuple[str, str, int]]:
    """What is to be run: one seed after the other, so that a run that is stopped leaves a table of whole columns."""
    for seed in seeds:
        for which in SETS:
            for chapter in chapters:
                if which in sets(chapter) and (chapter, which, seed) not in done:
                    yield chapter, which, seed


HEAD = """# The lessons' sentences with other seeds

Made by `python tests/seeds.py`. A line that begins with ✓ is a sentence of a lesson that the notebook has just verified. It must hold
for every seed that a reader may put in. Here each chapter was run as a whole, in a kernel of its own, with the model solutions and with
`SEED = …` as listed, on the real MNIST and Fashion-MNIST and on the drawn stand-in (*the same*: the chapter uses neither). A cell that
raised an error counts as failed.

| chapter | sentences | seeds, real data | seeds, stand-in | failed |
| --- | ---: | --- | --- | --- |
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Example: python tests/seeds.py 04 06 --seeds 0-4"
    )
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER")
    parser.add_argument("--seeds", default="0-9", type=seeds_of)
    parser.add_argument("--again", action="store_true", help="run also what the table has already")
    asked = parser.parse_args()
    chapters = [c for c in CHAPTERS if not asked.chapters or c[:2] in asked.chapters]
    if unknown := set(asked.chapters) - {c[:2] for c in CHAPTERS}:
        parser.error(f"there is no chapter {', '.join(sorted(unknown))}")
    done = read(TABLE.read_text()) if TABLE.exists() else {}
    todo = list(wanted(chapters, asked.seeds, {} if asked.again else done))
    TABLE.write_text(table(done))  # with the numbers of sentences as they are now
    for number, (chapter, which, seed) in enumerate(todo, start=1):
        with tempfile.TemporaryDirectory() as folder:
            run = Run(chapter, Path(folder), seed, **SETS[which])
            run.close()
        done[chapter, which, seed] = run.found
        print(
            f"{number} of {len(todo)}: {chapter}, {which}, seed {seed}: {'; '.join(run.found) or 'all hold'}",
            flush=True,
        )
        TABLE.write_text(table(done))
    return any(done.values())


if __name__ == "__main__":
    sys.exit(main())
