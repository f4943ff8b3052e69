"""docs/for-instructors.md: every command on it is run as it is typed, and prints what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from commands import typed
from common import ROOT
from oddities import CHAPTER, content, filling, zipped
from test_export import read_question
from traitlets.config import Config

from autograder.course.folder import Course
from autograder.course.samples import solutions
from autograder.execution.zygote import clean_environment

PAGE = ROOT / "docs" / "for-instructors.md"
ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section
"Birch, Ana",1,R1,ana@uni.example,A
"Cedar, Bo",2,R2,bo@uni.example,A
"Ebony, Cleo",3,R3,cleo@uni.example,A
"""


def commands(page: Path = PAGE) -> list[tuple[str, list[str]]]:
    """(command, the lines that it is said to print) in the page's order."""
    found: list[tuple[str, list[str]]] = []
    printing = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("    $ "):
            found.append((line[6:], []))
            printing = True
        elif line.startswith("    ") and printing:
            found[-1][1].append(line[4:])
        elif line:
            printing = False
    return found


def printed(line: str, output: str) -> bool:
    """Is there such a line, blanks apart? "…" is anything."""
    wanted = r"\s+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split())
    return any(re.fullmatch(wanted, " ".join(told.split())) for told in output.splitlines())


def submitted_through(exchange: Path) -> None:
    """Ana fetches what was released there, and submits it, as nbgrader does."""
    chapter, at = "02_gradients_and_activations", "2026-11-08 12:00:00.000000 UTC"
    inbound = exchange / "inbound" / f"ana@uni.example+{chapter}+{at}+c2VjcmV0"
    shutil.copytree(exchange / "outbound" / chapter, inbound)
    (inbound / "timestamp.txt").write_text(at)


def test_what_stands_in_configurations_is_python():
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 2
    for text in found:
        config = Config()
        exec(compile(text, "page", "exec"), {"get_config": lambda config=config: config})
        assert len(config) > 1


def test_grading_is_done_on_the_cpu():
    assert clean_environment({})["CUDA_VISIBLE_DEVICES"] == "-1"


def test_every_command_prints_what_the_page_says(tmp_path):
    clone, downloads = tmp_path / "course", tmp_path / "home" / "Downloads"
    for folder in (clone, downloads):
        folder.mkdir(parents=True)
    for part in ("source", "release", "nbgrader_config.py", "autograder"):
        (clone / part).symlink_to(ROOT / part)
    (clone / "canvas.csv").write_text(ROSTER)
    (tmp_path / "spring.csv").write_text("id,name\ndia,Dia Fir\n")
    right = content(CHAPTER, "Ana", filling(solutions(Course(ROOT), CHAPTER), "Because."))
    hand_ins = {f"birchana_1_7_{CHAPTER}.ipynb": right, f"cedarbo_LATE_2_8_{CHAPTER}.ipynb": content(CHAPTER, "Bo")}
    (downloads / "submissions.zip").write_bytes(zipped(hand_ins))
    (tmp_path / "srv" / "nbgrader" / "exchange").mkdir(parents=True)
    os.chmod(tmp_path / "srv" / "nbgrader" / "exchange", 0o777)
    here, ran = clone, 0
    for command, lines in commands():
        command = command.replace("/srv/", f"{tmp_path}/srv/")
        word, _, rest = command.partition(" ")
        if word == "cd":
            here = (here / rest).resolve()
            continue
        if command.startswith("course report"):  # what stands between is done in formgrader
            read_question(Course(here), "ana@uni.example", 2, "well said")
        if word == "course":
            done = typed(rest.replace("~", str(tmp_path / "home")), here)
            code, output = done.exit_code, done.output
        else:
            env = {
                **os.environ,
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            }
            done = subprocess.run(command, shell=True, cwd=here, capture_output=True, text=True, check=False, env=env)
            code, output = done.returncode, done.stdout + done.stderr
        assert code == 0, f"{command}\n{output}"
        for line in lines:
            assert line.strip() in ("", "…") or printed(line, output), (
                f"{command}\n{line!r} is not printed, but\n{output}"
            )
        if command.startswith("nbgrader release_assignment"):
            submitted_through(tmp_path / "srv" / "nbgrader" / "exchange" / "autumn")
        ran += 1
    assert ran > 15


def test_the_page_names_every_command_of_a_term():
    text = PAGE.read_text(encoding="utf-8")
    for command in ("new-class", "class", "collect", "grade", "report", "export", "release-feedback", "regrade"):
        assert f"$ course {command}" in text
        shown = typed(f"{command} --help", ROOT)
        assert shown.exit_code == 0 and "Example: course" in shown.output, command
