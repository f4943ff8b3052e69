"""What is installed, and what is packed: the locks, the libraries that are declared, the archive of the sources."""

from __future__ import annotations

import ast
import itertools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
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
CLUSTER = [Requirement(line) for line in PROJECT["optional-dependencies"]["cluster"]]
POSTGRES = [Requirement(line) for line in PROJECT["optional-dependencies"]["postgres"]]
COURSE_LOCK, TEST_LOCK, SITE_LOCK, CLUSTER_LOCK, POSTGRES_LOCK = LOCKS = (
    "requirements.lock",
    "requirements-test.lock",
    "requirements-site.lock",
    "requirements-cluster.lock",
    "requirements-postgres.lock",
)
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
    assert pins(lock)
    assert "://" not in (ROOT / lock).read_text()


def test_the_locks_do_not_contradict_each_other():
    # a library may be needed everywhere by one extra, by another only with an older Python
    versions = [{name: {version for version, _ in found} for name, found in pins(lock).items()} for lock in LOCKS]
    for one, other in itertools.combinations(versions, 2):
        assert {name for name in one.keys() & other.keys() if one[name] != other[name]} == set()


def test_students_get_no_test_tool_no_sphinx_no_cluster_and_no_driver():
    # pyyaml is Jupyter's
    extras = names(TESTS + SITE + CLUSTER + POSTGRES)
    assert (extras - names(COURSE) - {"pyyaml"}) & pins(COURSE_LOCK).keys() == set()


@pytest.mark.parametrize(
    ("declared", "locks"),
    [
        (COURSE, [COURSE_LOCK]),
        (TESTS, [COURSE_LOCK, TEST_LOCK]),
        (SITE, [COURSE_LOCK, SITE_LOCK]),
        (CLUSTER, [COURSE_LOCK, CLUSTER_LOCK]),
        (POSTGRES, [COURSE_LOCK, POSTGRES_LOCK]),
    ],
    ids=["course", "tests", "site", "cluster", "postgres"],
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
    [
        ("setup", [COURSE_LOCK]),
        ("lab", [COURSE_LOCK]),
        ("demo", [COURSE_LOCK]),
        ("site", [COURSE_LOCK, SITE_LOCK]),
        ("test", LOCKS),
    ],
)
def test_each_command_installs_its_lock(target, locks):
    planned = subprocess.run(["make", "-nB", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"-r (\S+)", planned)) == set(locks)


# -- the libraries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "declared"),
    [
        ("autograder", COURSE + CLUSTER),
        ("tests", COURSE + TESTS + CLUSTER + POSTGRES),
        ("benchmarks", COURSE + TESTS + POSTGRES),
        ("website", COURSE + SITE),
    ],
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


# -- as others use it --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the unpacked archive, and an environment "venv" with the wheel that was built out of the archive."""
    folder = tmp_path_factory.mktemp("as-others")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("there is no uv here: make test installs it")
    copy = folder / "copy"  # setuptools leaves files of its own where it builds
    listed = archived_here()
    for name in listed:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    command = [
        uv,
        "build",
        "--offline",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "-o",
        str(folder / "dist"),
        str(copy),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with tarfile.open(next((folder / "dist").glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    venv.create(folder / "venv", symlinks=sys.platform != "win32")
    python = python_in(folder)
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    site = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    # what is installed here, but not this course: that is found through a .pth file, which counts in its own folder only
    (site / "there.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    wheel = next((folder / "dist").glob("*.whl"))
    done = said(folder, python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    return folder


def archived_here() -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        return sorted(name for name in archived(patch) if (ROOT / name).is_file())


def python_in(folder: Path) -> Path:
    return folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def said(folder: Path, *command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Of a command in that environment, outside of any clone."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env["PATH"] = os.pathsep.join([str(python_in(folder).parent), str(Path(sys.executable).parent), env["PATH"]])
    return subprocess.run([*map(str, command)], cwd=cwd or folder, env=env, capture_output=True, text=True, timeout=300)


def test_the_wheel_brings_the_command_the_exercises_and_what_a_course_of_ones_own_starts_with(installed):
    there = "import autograder, autograder.judging.topics as t; print(autograder.__file__); print(*t.packaged())"
    place, topics = said(installed, python_in(installed), "-c", there).stdout.splitlines()
    assert Path(place).is_relative_to(installed) and len(topics.split()) >= 9
    assert (
        said(installed, python_in(installed).with_name("course"), "--version").stdout
        == f"course, version {PROJECT['version']}\n"
    )
    done = said(installed, python_in(installed).with_name("course"), "new-course", "mine")
    assert done.returncode == 0, done.stderr
    code = (
        "from autograder import check\n"
        "def standardize(table): return (table - table.mean()) / table.std()\nprint(check(standardize))"
    )
    told = said(installed, python_in(installed), "-c", code, cwd=installed / "mine" / "source" / "01_averages")
    assert "Each column has its own: which axis is that?" in told.stdout, told.stderr


def test_the_unpacked_archive_tests_itself(installed):
    (unpacked,) = (path for path in installed.iterdir() if path.name.startswith("tf_first_principles-"))
    quick = [
        "tests/test_packaging.py",
        "tests/judging/test_registry.py",
        "-k",
        "locks or package_is or in_the_order_of",
    ]
    done = said(installed, python_in(installed), "-m", "pytest", "-q", *quick, cwd=unpacked)
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout[-2000:] + done.stderr
    assert (unpacked / "Makefile").exists() and (unpacked / ".ci" / "run").stat().st_mode & 0o111
