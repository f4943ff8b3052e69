"""The page on a class: all in one file, nothing of a student's acts in it, and the numbers are those of the gradebook."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser

from commands import refused, typed
from oddities import CHAPTER, ident


class Seen(HTMLParser):
    """What a browser would have of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += f" {data} "


def test_the_page_for_a_meeting(graded_class):
    path = graded_class.autograded(ident(2), CHAPTER)
    told = json.loads(path.read_text())
    for cell in told["cells"]:
        for output in cell.get("outputs", ()):
            for kind, data in output.get("data", {}).items():
                if "verdict" in kind and data["exercise"].endswith("prepare"):
                    data["cases"][0] |= {"told": "<script>alert(1)</script>", "example": "<b onclick=x>"}
                elif "verdict" in kind and data["exercise"].endswith("accuracy"):
                    data["outcome"] = "killed"
    path.write_text(json.dumps(told))
    sent = graded_class.submission(ident(3), CHAPTER)
    sent.write_text(sent.read_text().replace("check(prepare)", "print(3)"))

    bare = graded_class.submission(ident(4), CHAPTER)
    told = json.loads(bare.read_text())
    for number, cell in enumerate(told["cells"]):
        cell |= {"metadata": {}, "id": f"c{number}"}
    bare.write_text(json.dumps(told))

    done = typed("report all --html report.html", graded_class.root)
    assert done.exit_code == 0, done.output
    page = (graded_class.root / "report.html").read_text(encoding="utf-8")
    seen = Seen(page)
    assert not {"script", "link", "img", "iframe"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert seen.tags.count("svg") == seen.tags.count("title") - 1 > 6
    words = " ".join(seen.text.split())
    assert "6 graded, 8 handed in nothing." in words
    assert "2 × prepare : Your pixels still run from 0 to 255." in words
    assert "<script>alert(1)</script>" in words
    assert "accuracy: killed Çelik Birch" in words
    assert "to read in formgrader: written-answer Aalto Birch, Çelik Birch, Dario Birch, Eòin Birch" in words
    assert "the locked cell prepare-check had been changed; it was graded as the release has it Dario Birch" in words
    assert "were missing" not in words  # what has lost its marks is told by what is in it, and nobody is accused
    assert "handed in, and is not graded Aalto Cedar" in words
    misconceptions = page[page.index("Misconceptions") : page.index("Who needs a person")]
    assert "Birch" not in misconceptions and "s02" not in misconceptions

    with open(graded_class.root / "report.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    prepare = next(row for row in rows if row["exercise"] == "prepare" and row["students"])
    assert (prepare["students"], prepare["correct"], prepare["share_of_points"]) == ("6", "2", "0.333")
    chapter = next(row for row in rows if row["line"] == "chapter")
    assert chapter["not_attempted"] == "6" and float(chapter["seconds"]) > 0.1
    assert "Nobody handed in again after being graded." in words


def test_reports_that_cannot_be(klass):
    refused("report all --html x.html", klass.root, "nothing is graded yet")
    refused("report 1 --html x.html", klass.root, "nothing of 01_forward_pass is graded yet")
    refused("report 1 --html x.csv", klass.root, "name the page")
    refused("report 1 --html nowhere/x.html", klass.root, "there is no folder")
    assert not list(klass.root.glob("x*"))
