"""Notebooks and documents → the pages that Sphinx reads. Pure functions: text and cells in, text and cells out.

repository: "owner/name" on GitHub, if the course is published there; None leaves the links out that need it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_output

from . import colab

TITLE = re.compile(r"# (?P<number>\d\d) · (?P<topic>[^:\n]+): (?P<question>[^\n]+)\n")
TASK = re.compile(
    r"### Exercise: `(?P<call>(?P<name>\w+)[^`]*)`\s*\n"
    r"\*(?P<points>[\d.]+) points? · about (?P<minutes>\d+) minutes · (?P<difficulty>[●○]{3})\*\s*\n(?P<text>.*)",
    re.DOTALL,
)
WRONG = "## What the sources got wrong"
CLAIM = re.compile(r"^✓ .*$")
MARKS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)
KILL_RATE = re.compile(r"^\| (?P<number>\d\d) \| `(?P<name>\w+)` \|.*\| (?P<rate>[\d.]+ ?%) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A chapter's first line: "01", "Forward pass", "the loss falls … Why?"."""

    number: str
    topic: str
    question: str


@dataclass(frozen=True)
class Card:
    """What a page of exercises says of one."""

    chapter: str  # 01_forward_pass
    name: str
    call: str
    points: str
    minutes: int
    difficulty: str
    task: str

    @property
    def label(self) -> str:
        return f"exercise-{self.chapter}-{self.name}".replace("_", "-").lower()


def heading(notebook: NotebookNode) -> Heading:
    """Raises `ValueError` if the first cell is not "# NN · Topic: question"."""
    match = TITLE.match(notebook.cells[0].source)
    if not match:
        raise ValueError("a chapter begins with a line '# NN · Topic: question'")
    question = match["question"]
    return Heading(match["number"], match["topic"], question[0].upper() + question[1:])


# -- a chapter ---------------------------------------------------------------------------------------------------------


def chapter_page(notebook: NotebookNode, chapter: str, repository: str | None) -> NotebookNode:
    """A solved notebook as a page, in place: the question as its lead, solutions behind a click, claims in a list."""
    head = heading(notebook)
    links = " · ".join(f"[{text}]({target})" for text, target in ways_in(chapter, repository))
    first = notebook.cells[0]
    first.source = TITLE.sub(
        lambda _: (
            f"# {head.number} · {head.topic}\n\n:::{{container}} question\n{head.question}\n:::\n\n"
            f":::{{container}} ways-in\nWork on it: {links}\n:::\n"
        ),
        first.source,
        count=1,
    )
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            _hide(cell)
        elif cell.cell_type == "markdown" and (found := card(cell.source, chapter)):
            cell.source = f"({found.label})=\n{cell.source}"
        elif cell.cell_type == "markdown" and cell.source.startswith(WRONG):
            cell.source = f"({wrong_label(chapter)})=\n{cell.source}"
        if cell.cell_type == "code":
            cell.outputs = [part for output in cell.outputs for part in claims_apart(output)]
    return notebook


def ways_in(chapter: str, repository: str | None) -> list[tuple[str, str]]:
    """Where the chapter can be worked on: (words, address). Without a repository on GitHub only the download."""
    path = f"release/{chapter}/{chapter}.ipynb"
    found = [("download the notebook", f"path:../downloads/{chapter}.ipynb")]
    if repository:
        found += [
            ("open in Colab", colab.link(repository, chapter)),
            ("open in Binder", f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/{path}"),
            ("open in Codespaces", f"https://codespaces.new/{repository}"),
        ]
    return found


def _hide(cell: NotebookNode) -> None:
    """A solution goes behind a click."""
    cell.source = MARKS.sub("", cell.source).strip("\n")
    if cell.cell_type == "code":
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
    else:
        cell.source = f"<details><summary>Show an answer</summary>\n\n{cell.source}\n\n</details>"


def claims_apart(output: NotebookNode) -> list[NotebookNode]:
    """What a cell printed, with its claims (lines "✓ …") as lists of their own; other outputs as they are."""
    if output.output_type != "stream" or "✓ " not in output.text:
        return [output]
    parts: list[NotebookNode] = []
    run: list[str] = []
    lines = output.text.splitlines()
    for line, following in zip(lines, [*lines[1:], None]):
        run.append(line)
        if following is not None and bool(CLAIM.match(line)) == bool(CLAIM.match(following)):
            continue
        if CLAIM.match(line):
            items = "".join(f"<li>{html.escape(text[2:])}</li>" for text in run)
            parts.append(new_output("display_data", {"text/html": f'<ul class="claims">{items}</ul>'}))
        elif any(text.strip() for text in run):
            parts.append(new_output("stream", name=output.name, text="\n".join(run) + "\n"))
        run = []
    return parts


# -- exercises ---------------------------------------------------------------------------------------------------------


def card(source: str, chapter: str) -> Card | None:
    """The card of a task cell; None if the cell is none."""
    match = TASK.match(source)
    if not match:
        return None
    task = match["text"].strip().split("\n\n")[0].replace("\n", " ")
    return Card(
        chapter, match["name"], match["call"], match["points"], int(match["minutes"]), match["difficulty"], task
    )


def kill_rates(table: str) -> dict[str, str]:
    """Of each exercise, "01.prepare" → "97.3%": the last column of docs/kill-rates.md."""
    return {f"{match['number']}.{match['name']}": match["rate"] for match in KILL_RATE.finditer(table)}


def exercises_page(chapters: dict[str, Heading], cards: list[Card], rates: dict[str, str]) -> str:
    lines = [
        "# The exercises\n",
        f"{len(cards)} exercises, about {sum(c.minutes for c in cards) / 60:.0f} hours. Each checks itself. "
        "More filled circles mean that it is harder"
        + (
            "; the kill rate is the share of small errors, put into the solution by a program, that its check notices.\n"
            if rates
            else ".\n"
        ),
    ]
    for chapter, head in chapters.items():
        lines += [f"## {head.number} · {head.topic}\n", "::::{container} cards"]
        for c in (c for c in cards if c.chapter == chapter):
            rate = rates.get(f"{head.number}.{c.name}")
            points = f"{c.points} point" + "s" * (c.points != "1")
            facts = [points, f"{c.minutes} minutes", c.difficulty] + [f"kill rate {rate}"] * bool(rate)
            lines += [
                f":::{{container}} card-of-exercise\n**[`{c.call}`](#{c.label})**\n",
                f"{c.task}\n\n*{' · '.join(facts)}*\n:::",
            ]
        lines += ["::::\n"]
    return "\n".join(lines)


# -- what the sources got wrong ----------------------------------------------------------------------------------------


def wrong_label(chapter: str) -> str:
    return f"sources-wrong-{chapter}".replace("_", "-")


def wrong_of(notebook: NotebookNode) -> str:
    """The text of a chapter's section on its sources, without its heading; "" if it has none."""
    found = [c.source for c in notebook.cells if c.cell_type == "markdown" and c.source.startswith(WRONG)]
    return found[0].partition("\n")[2].strip() if found else ""


def wrong_page(chapters: dict[str, Heading], sections: dict[str, str]) -> str:
    lines = [
        "# What the sources got wrong\n",
        "Each chapter begins with a published text, repeats what it does, and measures. Here is, of all chapters, what a "
        "text says, what happens when one tries it, and what is true. Sections are those of the chapter.\n",
    ]
    for chapter, text in sections.items():
        if text:
            head = chapters[chapter]
            lines += [f"## {head.number} · {head.topic}\n", text, f"\n[To the chapter](#{wrong_label(chapter)})\n"]
    return "\n".join(lines)


# -- the first page ----------------------------------------------------------------------------------------------------


def first_page(chapters: dict[str, Heading], cards: list[Card], documents: list[str]) -> str:
    hours = round(sum(c.minutes for c in cards) / 60)
    count = {9: "Nine"}.get(len(chapters), str(len(chapters)))
    questions = "\n".join(
        f"{int(h.number)}. [{h.topic}](chapters/{chapter}): {h.question}" for chapter, h in chapters.items()
    )
    tree = "\n".join(f"chapters/{chapter}" for chapter in chapters)
    return f"""# TensorFlow from first principles

{count} Jupyter notebooks that build a neural network out of its parts, break it on purpose, and find out why. They are for
students who know Python and a little NumPy, and for those who teach them: {len(cards)} exercises of about {hours} hours grade
themselves, in the student's notebook and on the teacher's machine by the same check, and a wrong answer gets a hint.

![A check in JupyterLab: the hint names the misconception; case by case, what came out and what was expected](docs/check.png)

## The questions

{questions}

Here you read the notebooks solved and executed. Each {{doc}}`exercise <exercises>` has its solution behind a click. What the
published texts say that the chapters begin with, and what is true: {{doc}}`wrong`.

## Two commands

On Linux or macOS with Python 3.11, 3.12 or 3.13 and `make`, in a copy of the course's repository:

```text
make demo     # build the course, let a sample class hand in, grade it, write feedback, show the grades
make test     # run all tests
```

`make lab` opens the course in JupyterLab. Each command installs by itself what it needs, once.

```{{toctree}}
:hidden:
:caption: Chapters

{tree}
```

```{{toctree}}
:hidden:
:caption: Tables

exercises
wrong
```

```{{toctree}}
:hidden:
:caption: Documents

{chr(10).join(documents)}
```
"""
