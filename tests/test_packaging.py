"""What is installed, and what is packed: the three locks, the libraries that are declared, the archive of the sources."""

from __future__ import annotations

import ast
import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools.command.egg_info import FileList

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COURSE = [Requirement(line) for line in PROJECT["dependencies"]]
TESTS = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]
SITE = [Requirement(line) for line in PROJECT["optional-dependencies"]["site"]]
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-site.lock")
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(lock: str) -> dict[str, set[tuple[str, str | None]]]:
    """What a lock pins: name → its versions, each with the platforms that it is for. Every one must have hashes."""
    found: dict[str, set] = {}
    lines = (ROOT / lock).read_text().splitlines()
    lines = [line for line in lines if line and not line.lstrip().startswith("#")]
    for entry in "\n".join(lines).replace("\\\n", "\n").replace("\n    ", "\t").splitlines():
        pin, *hashes = (part.strip() for part in entry.split("\t"))
        match = PIN.fullmatch(pin)
        assert match, f"{lock}: {pin!r} is no exact version"
        assert hashes and all(map(HASH.fullmatch, hashes)), f"{lock}: {pin} lacks a sha256"
        found.setdefault(match["name"], set()).add((match["version"], match["marker"]))
    return found


def names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def imported(folder: str) -> dict[str, str]:
    """The libraries that a folder's modules import, wherever in a module: top-level name → one module that does."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    ours = {"autograder", "website"} | ({path.stem for path in paths} if folder == "tests" else set())
    found = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module]
            for top in {module.partition(".")[0] for module in modules} - ours - sys.stdlib_module_names:
                found.setdefault(top, str(path.relative_to(ROOT)))
    return found


# -- the locks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_by_hash_and_names_no_host(lock):
    assert len(pins(lock)) > 5
    assert "://" not in (ROOT / lock).read_text()


def test_the_locks_do_not_contradict_each_other():
    for one, other in itertools.combinations(map(pins, LOCKS), 2):
        assert {name for name in one.keys() & other.keys() if one[name] != other[name]} == set()


def test_students_get_no_test_tool_and_no_sphinx():
    # pyyaml is Jupyter's
    assert (names(TESTS + SITE) - names(COURSE) - {"pyyaml"}) & pins(LOCKS[0]).keys() == set()


@pytest.mark.parametrize(
    ("declared", "locks"),
    [(COURSE, LOCKS[:1]), (TESTS, LOCKS[:2]), (SITE, LOCKS[::2])],
    ids=["course", "tests", "site"],
)
def test_what_is_declared_is_locked_within_its_bounds(declared, locks):
    pinned = {name: versions for lock in locks for name, versions in pins(lock).items()}
    for requirement in declared:
        versions = pinned.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement} is in no lock: make lock"
        assert all(requirement.specifier.contains(version) for version, _ in versions), f"{requirement}: {versions}"


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    ("target", "locks"),
    [("setup", LOCKS[:1]), ("lab", LOCKS[:1]), ("demo", LOCKS[:1]), ("site", LOCKS[::2]), ("test", LOCKS)],
)
def test_each_command_installs_its_lock(target, locks):
    planned = subprocess.run(["make", "-nB", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"-r (\S+)", planned)) == set(locks)


# -- the libraries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "declared"),
    [("autograder", COURSE), ("tests", COURSE + TESTS), ("benchmarks", COURSE + TESTS), ("website", COURSE + SITE)],
)
def test_what_is_imported_is_declared(folder, declared):
    sources = packages_distributions()
    implied = {"packaging", "setuptools"} if folder == "tests" else {"docutils"}  # pytest's, the build's; Sphinx's
    for module, where in imported(folder).items():
        distributions = {canonicalize_name(name) for name in sources.get(module, [module])}
        assert distributions & (names(declared) | implied), f"{where} imports {module}: declare it in pyproject.toml"


# -- the archive -------------------------------------------------------------------------------------------------------


def archived(monkeypatch: pytest.MonkeyPatch, *made: str) -> set[str]:
    """The files that MANIFEST.in names, and those that setuptools adds by itself; as if those `made` lay there, too."""
    monkeypatch.chdir(ROOT)
    files = FileList()
    files.files = list(made)  # `extend` would drop what is not there
    for line in (ROOT / "MANIFEST.in").read_text().splitlines():
        if line and not line.startswith("#"):
            files.process_template_line(line)
    return {Path(name).as_posix() for name in files.files} | {"LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"}


def test_the_archive_holds_what_the_repository_holds(monkeypatch):
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = {name for name in listed.split("\0") if name and (ROOT / name).exists()}
    assert tracked - archived(monkeypatch) == {".gitattributes", ".gitignore"}


def test_the_archive_holds_nothing_that_is_made_on_the_way(monkeypatch):
    made = ["autograder/__pycache__/cli.cpython-311.pyc", "tests/x.pyc", "source/.ipynb_checkpoints/x.ipynb"]
    held = archived(monkeypatch, *made)
    assert held & set(made) == set()
    assert [name for name in held if name.startswith((".venv", "demo/", "dist/", "gradebook"))] == []


def test_every_folder_of_the_package_is_a_package():
    # what a course of one's own starts with is data
    folders = {path.parent for path in (ROOT / "autograder").rglob("*.py") if "skeleton" not in path.parts}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
