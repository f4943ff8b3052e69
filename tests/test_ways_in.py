"""The ways in that are not `make`: GitHub, Binder, a development container, conda, citation; and the lock on every system named.

Their services cannot be asked here. What can be: that the files parse, that paths, targets and commands in them are there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from common import ROOT
from packaging.specifiers import SpecifierSet

from autograder.cli import main
from autograder.course.bundle import FILES as FILES_OF_BUNDLE

FILES = [".github/workflows/ci.yml", ".github/dependabot.yml", "environment.yml", "CITATION.cff"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read(name: str):
    return yaml.safe_load((ROOT / name).read_text())


def commands() -> list[str]:
    """Every shell command in these files."""
    found = [step["run"] for job in read(FILES[0])["jobs"].values() for step in job["steps"] if "run" in step]
    found.append(json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())["postCreateCommand"])
    dockerfile = (ROOT / "binder/Dockerfile").read_text().replace("\\\n", " ")
    found += [part for run in re.findall(r"^RUN (.*)", dockerfile, re.MULTILINE) for part in run.split("&&")]
    return [command.strip() for command in found]


@pytest.mark.parametrize("name", FILES)
def test_it_parses(name):
    assert isinstance(read(name), dict)


def test_each_command_is_there():
    rules = (ROOT / "Makefile").read_text() + (ROOT / "docs" / "setup.mk").read_text()
    targets = set(re.findall(r"^([a-z]+):", rules, re.MULTILINE))
    seen = set()
    for command in commands():
        first, *rest = command.split()
        seen.add(first)
        if first == "make":
            assert rest[0] in targets, command
        elif first == "course":
            options = {name for parameter in main.commands[rest[0]].params for name in parameter.opts}
            assert {word for word in rest if word.startswith("-")} <= options, command
        elif first.startswith("."):
            assert os.access(ROOT / first, os.X_OK), command
        else:
            assert first in ("python", "useradd"), command
        for name in re.findall(r"-r (\S+)", command):
            assert (ROOT / name).is_file(), command
    assert {"make", "course", ".ci/run"} <= seen


def test_each_test_file_that_the_makefile_names_is_there():
    named = re.findall(r"tests/\S+\.py", (ROOT / "Makefile").read_text())
    assert named and [name for name in named if not (ROOT / name).is_file()] == []


def test_each_python_that_is_tried_is_one_that_the_course_takes():
    matrix = read(FILES[0])["jobs"]["quick"]["strategy"]["matrix"]["include"]
    assert {entry["python"] for entry in matrix} <= {"3.11", "3.12", "3.13"}


def test_the_students_image_has_the_bundle_and_nothing_else():
    _, image = (ROOT / "binder/Dockerfile").read_text().split("FROM python:3.11-slim\n")
    copies = re.findall(r"^(?:COPY|ADD) (.*)", image, re.MULTILINE)
    assert copies == ["--from=teacher --chown=${NB_UID} /bundle/tf-first-principles/ ./"]
    assert {"source", "notebooks"} & set(FILES_OF_BUNDLE) == set()  # what else is packed: tests/course


def test_conda_installs_what_the_lock_pins():
    *_, pip = read("environment.yml")["dependencies"]
    assert pip == {"pip": ["-r requirements.lock"]}


def test_one_version_everywhere():
    assert read("CITATION.cff")["version"] == PROJECT["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_readme_counts_the_exercises_and_their_hours_rightly():
    text = "".join(path.read_text() for path in sorted((ROOT / "release").glob("*/*.ipynb")))
    minutes = re.findall(r"points? · about (\d+) minutes · [●○]{3}", text)
    assert (
        f"{len(minutes)} exercises (about {sum(map(int, minutes)) / 60:.0f} hours)" in (ROOT / "README.md").read_text()
    )


def test_what_the_readme_measures_is_what_the_tables_say():
    readme = (ROOT / "README.md").read_text()
    speed, kills = (ROOT / "docs" / "grading.md").read_text(), (ROOT / "docs" / "kill-rates.md").read_text()
    fast = re.search(r"`course grade --jobs 2` \|.*?\| 128 \| ([\d.]+) \|", speed, re.DOTALL)[1]
    stock = re.search(r"stock nbgrader, lesson cells skipped \| \d+ \| ([\d.]+) \|", speed)[1]
    assert f"{fast} s a submission, 128 of them on two cores; stock nbgrader {stock} s" in readme
    mutants, rate = re.search(r"\| \*\*all\*\* \| (\d+) \|.*\| ([\d.]+)% \|", kills).groups()
    assert (
        f"of more than {int(mutants) // 100 * 100} changes to the solutions, made by a program, they notice {rate} % of"
        in readme
    )
    modules = "".join(path.read_text() for path in (ROOT / "autograder" / "chapters").glob("*.py"))
    mistakes = len(re.findall(r"^@[a-z_0-9]+[.]mistake[(]", modules, re.MULTILINE))
    assert f"more than {mistakes // 100 * 100} wrong answers are known" in readme
    claims = 0
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        outputs = [o for c in json.loads(path.read_text())["cells"] for o in c.get("outputs", ())]
        claims += sum(line.startswith("✓ ") for o in outputs for line in "".join(o.get("text", ())).splitlines())
    assert f"more than {claims // 100 * 100} of their sentences are executed" in readme


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"sys.platform": "darwin", "platform.machine": lambda: "x86_64"}, "There is no TensorFlow for an Intel Mac"),
        ({"sysconfig.get_config_var": lambda name: "x86_64-alpine-linux-musl"}, "no TensorFlow for Alpine Linux"),
        ({"sys.version_info": (3, 14, 0)}, "Python 3.11, 3.12 or 3.13 is needed, this is 3.14"),
        ({"sys.version_info": (3, 10, 4)}, "this is 3.10"),
        ({}, None),
    ],
)
def test_make_says_in_a_sentence_where_the_course_cannot_run(where, told, monkeypatch):
    checks = re.findall(r"^\t@\$\(PYTHON\) -c '(.*)'$", (ROOT / "docs" / "setup.mk").read_text(), re.MULTILINE)
    assert len(checks) == 2
    for what, value in where.items():
        monkeypatch.setattr(what, value)
    said = []
    for check in checks:
        with pytest.raises(SystemExit) as ended:
            exec(check, {})  # noqa: S102  the Makefile's own
        said.append(ended.value.code)
    assert any(told in str(code) for code in said) if told else said == [0, 0]


@pytest.mark.parametrize("python", ["3.10", "3.14"])
def test_pip_says_in_a_sentence_that_this_python_does_not_fit(python):
    assert not SpecifierSet(PROJECT["requires-python"]).contains(python)
    page = (ROOT / "docs/for-students.md").read_text()
    # the package comes first: pip then says so, rather than that some library cannot be found
    assert page.index("pip install --no-deps -e .") < page.index("pip install -r requirements.lock")


def test_the_website_is_published_whole_as_one_commit(tmp_path):
    if shutil.which("git") is None or sys.platform == "win32":
        pytest.skip("there is no git here, or no bash")

    def git(*words: str) -> str:
        told = subprocess.run(["git", "-C", str(clone), *words], capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        return told.stdout

    clone, remote = tmp_path / "clone", tmp_path / "remote"
    (clone / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "publish", clone / ".ci")
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    git("init", "-q")
    (clone / ".gitignore").write_text("site\n*.zip\n")
    git("add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "course")
    early = subprocess.run([clone / ".ci" / "publish", str(remote)], capture_output=True, text=True)
    assert early.returncode == 1 and early.stderr == "There is no site/index.html: run make site first.\n"
    (clone / "site" / "colab").mkdir(parents=True)
    for name in ("index.html", "colab/x.zip"):
        (clone / "site" / name).write_text("x")
    for _ in range(2):
        done = subprocess.run([clone / ".ci" / "publish", str(remote)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    git("fetch", "-q", str(remote), "gh-pages")
    assert git("ls-tree", "-r", "--name-only", "FETCH_HEAD").split() == [".nojekyll", "colab/x.zip", "index.html"]
    assert git("rev-list", "--count", "FETCH_HEAD").strip() == "1" and git("status", "--porcelain") == ""


# -- the lock on every system that is named ----------------------------------------------------------------------------

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
SYSTEMS = {
    "Linux x86-64": "x86_64-unknown-linux-gnu",
    "Linux ARM": "aarch64-unknown-linux-gnu",
    "macOS ARM": "aarch64-apple-darwin",
    "Windows x64": "x86_64-pc-windows-msvc",
}
NOT_SUPPORTED = {
    "Intel Macs": ("x86_64-apple-darwin", "3.12"),
    "Alpine Linux": ("x86_64-unknown-linux-musl", "3.12"),
    "Windows on ARM": ("aarch64-pc-windows-msvc", "3.12"),
    "Python 3.14": ("x86_64-unknown-linux-gnu", "3.14"),
}
AWAY = ("Failed to fetch", "error sending request", "dns error", "Could not connect")


def why_not(platform: str, python: str, folder: Path) -> str | None:
    """Why the lock cannot be installed there, from the index's metadata; None if it can. Nothing is installed."""
    if UV is None:
        pytest.skip("there is no uv here: make test installs it")
    command = [UV, "pip", "install", "--dry-run", "--require-hashes", "--only-binary", ":all:", "--no-config"]
    command += ["--python", sys.executable, "--python-platform", platform, "--python-version", python]
    command += ["--target", str(folder), "-r", str(ROOT / "requirements.lock")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode and any(words in done.stderr for words in AWAY):
        pytest.skip("the package index cannot be reached")
    return done.stderr if done.returncode else None


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_can_be_installed_on_every_system_named(system, python, tmp_path):
    assert why_not(SYSTEMS[system], python, tmp_path) is None


@pytest.mark.parametrize("system", NOT_SUPPORTED)
def test_what_the_readme_says_is_not_supported_is_not(system, tmp_path):
    assert system in " ".join((ROOT / "README.md").read_text().split())
    assert "no usable wheels" in (why_not(*NOT_SUPPORTED[system], tmp_path) or "it can be installed")
