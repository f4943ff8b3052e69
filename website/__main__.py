"""`python -m website`: write the pages, let Sphinx make the site of them. Nothing is executed, nothing downloaded.

make site                                          # site/index.html
SITE_REPOSITORY=owner/name make site               # with links to Colab, Binder and Codespaces
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from autograder.course.bundle import bundle
from autograder.course.folder import Course

from . import colab, pages

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("for-students", "grading", "how-it-works", "writing-a-chapter", "your-own-course")
SAID = {"for-students": "For students <docs/for-students>"}  # elsewhere a document's own title does


def write_pages(target: Path, repository: str | None) -> None:
    """The folder that Sphinx reads."""
    for folder in ("chapters", "downloads", "docs"):
        (target / folder).mkdir(parents=True)
    chapters, cards, wrong = {}, [], {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook, chapter = nbformat.read(path, as_version=4), path.stem
        chapters[chapter], wrong[chapter] = pages.heading(notebook), pages.wrong_of(notebook)
        cards += filter(None, (pages.card(c.source, chapter) for c in notebook.cells if c.cell_type == "markdown"))
        nbformat.write(pages.chapter_page(notebook, chapter, repository), target / "chapters" / path.name)
        shutil.copy(ROOT / "release" / chapter / path.name, target / "downloads")
    documents = sorted((ROOT / "docs").glob("*.md"))
    for path in documents:
        (target / "docs" / path.name).write_text(path.read_text())
    for path in (ROOT / "docs").glob("*.png"):
        shutil.copy(path, target / "docs")
    shutil.copytree(
        ROOT / "docs" / "cluster", target / "docs" / "cluster", ignore=shutil.ignore_patterns("__pycache__")
    )
    contributing = re.sub(r"\]\(docs/", "](", (ROOT / "CONTRIBUTING.md").read_text())
    (target / "docs" / "contributing.md").write_text(contributing)
    rates = ROOT / "docs" / "kill-rates.md"
    kills = pages.kill_rates(rates.read_text()) if rates.exists() else {}
    order = sorted((p.stem for p in documents), key=lambda s: (s not in DOCUMENTS, s))
    (target / "exercises.md").write_text(pages.exercises_page(chapters, cards, kills))
    (target / "wrong.md").write_text(pages.wrong_page(chapters, wrong))
    (target / "index.md").write_text(
        pages.first_page(chapters, cards, [SAID.get(name, f"docs/{name}") for name in [*order, "contributing"]])
    )


def write_colab(target: Path, repository: str | None) -> None:
    """The folder out of which Colab opens the chapters and fetches the course."""
    target.mkdir()
    for path in sorted((ROOT / "release").glob("*/*.ipynb")):
        if path.stem == path.parent.name:
            made = colab.for_colab(nbformat.read(path, as_version=4), path.stem, repository)
            nbformat.write(made, target / path.name)
    bundle(Course(ROOT), target / f"{colab.BUNDLE}.zip")


def build(site: Path, repository: str | None) -> int:
    """Sphinx's exit code. Beside its pages lies what Colab opens. The site takes the place of an older one only if it is whole."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "pages"), Path(folder, "site")
        write_pages(source, repository)
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-j", "2"]
        command += ["-d", f"{folder}/doctrees", "-c", str(Path(__file__).parent), str(source), str(made)]
        code = subprocess.run(command, cwd=ROOT).returncode
        if code == 0:
            write_colab(made / colab.FOLDER, repository)
            shutil.rmtree(site, ignore_errors=True)
            shutil.move(made, site)
        return code


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m website",
        description="Make the course's website.",
        epilog="Example: python -m website --to site",
    )
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder to write (default: site)")
    parser.add_argument(
        "--repository",
        default=os.environ.get("SITE_REPOSITORY"),
        help="owner/name on GitHub, for the links to Colab, Binder and Codespaces (default: $SITE_REPOSITORY)",
    )
    options = parser.parse_args()
    site = options.to.resolve()
    if site.exists() and any(site.iterdir()) and not (site / "searchindex.js").exists():
        print(f"{site} holds something else than a website; name another folder.", file=sys.stderr)
        return 1
    print("Making the website: about two minutes.", flush=True)
    code = build(site, options.repository)
    print(f"{site / 'index.html'}" if code == 0 else "No website made: see above.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
