"""The engine: honest work gets what it is worth, a forged verdict does not count, and no submission stops the others.

The forgeries are those that gained points under stock nbgrader, tried on a wrong answer.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from common import BY_ITSELF, CHAPTERS, COURSE, ROOT, class_of, run
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader import api
from nbgrader.utils import determine_grade

from autograder.course.cells import graded
from autograder.course.nbgrader.book import OneGradebook
from autograder.course.notebooks import notebook_text, read_notebook
from autograder.course.samples import chapter_exercises
from autograder.execution import Limits, Policy
from autograder.execution.processes import children_of
from autograder.grading.executor import Shares
from autograder.grading.judges import Job, JudgeError, Judges
from autograder.grading.order import repair
from autograder.grading.seeds import DRAWS, course_secret, draw_of, seed_of

CHAPTER = CHAPTERS[0]
SETUP = "import numpy as np\nimport tensorflow as tf\nfrom autograder import check"
RIGHT = "def accuracy(out, y):\n    return float(np.mean(np.argmax(out, axis=1) == np.asarray(y)))"
WRONG = "def accuracy(out, y):\n    return 2.0"

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no fork: notebooks are graded in the kernel"
)


@pytest.fixture(scope="module")
def judge():
    with Judges() as judges, judges.lend() as lent:
        yield lent


def check_cell(name, source=None, points=3):
    cell = new_code_cell(source or f"check({name})")
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "locked": True, "grade_id": f"{name}-check"}
    cell.metadata["nbgrader"]["points"] = points
    return cell


def grade(judge, tmp_path, *cells, check=None, **limits):
    """Grade a notebook of these cells and one check; (its verdict or None, the check cell, everything)."""
    (tmp_path / "work").mkdir(exist_ok=True)
    notebook = new_notebook(cells=[new_code_cell(c) for c in (SETUP, *cells)] + [check or check_cell("accuracy")])
    done = judge.grade(Job(notebook, str(tmp_path / "work"), "secret", "ada", str(ROOT), Limits(**limits)))
    notebook = done.notebook
    last = notebook.cells[-1]
    verdict = None
    for output in last.outputs:
        for kind, data in output.get("data", {}).items():
            if kind.endswith("verdict+json"):
                verdict = data
    return verdict, last, done


def test_honest_work(judge, tmp_path):
    verdict, cell, done = grade(judge, tmp_path, RIGHT)
    assert (verdict["outcome"], verdict["points"]) == ("correct", 3)
    assert cell.outputs[-1].data["text/plain"] == "3" and done.mode == "judged outside"


@pytest.mark.parametrize("line", BY_ITSELF)
def test_an_answer_is_called_as_at_home(judge, tmp_path, line):
    verdict, _, _ = grade(judge, tmp_path, RIGHT.replace("return", f"{line}\n    return"))
    assert verdict["outcome"] == "correct"


def test_a_mistake_gets_its_hint(judge, tmp_path):
    verdict, _, _ = grade(judge, tmp_path, RIGHT.replace("==", "!="))
    assert verdict["outcome"] == "wrong" and "wrong answers" in verdict["mistake"]


FORGERIES = {
    "an input transformer that blanks the check": WRONG
    + "\nget_ipython().input_transformers_cleanup.append(lambda lines: ['3\\n'] if 'check(' in ''.join(lines) else lines)",
    "the display hook, from within the function": "def accuracy(out, y):\n    import sys\n    sys.displayhook(3)\n    return 2.0",
    "an AST transformer": WRONG
    + "\nimport ast\nclass Drop(ast.NodeTransformer):\n    def visit_Expr(self, node): return ast.parse('3').body[0]\n"
    "get_ipython().ast_transformers.append(Drop())",
    "a check of one's own": WRONG + "\ndef check(answer):\n    return 3",
    "an autograder of one's own": WRONG
    + "\nimport autograder, sys\nautograder.check = lambda f: 3\nfrom autograder.judging import verdict\nverdict.Verdict.__repr__ = lambda s: '3'",
    "equality that is always true": "class Yes(float):\n    def __eq__(self, other): return True\n    def __abs__(self): return 0.0\n"
    "    __hash__ = None\ndef accuracy(out, y):\n    return Yes(2.0)",
    "a number with a forged text": "class Liar(int):\n    def __repr__(self): return '3'\ndef accuracy(out, y):\n    return Liar(2)",
    "a patched numpy.testing": WRONG + "\nnp.testing.assert_allclose = lambda *a, **k: None\nnp.isclose = lambda *a, **k: True",
    "the reference as one's answer": "try:\n    from autograder.chapters.forward_pass import accuracy as hidden\n"
    "    accuracy = hidden.reference\nexcept ImportError:\n    pass\n" + WRONG.replace("def accuracy", "def fallback")
    + "\nif 'hidden' not in globals():\n    accuracy = fallback",
    "records of one's own": WRONG
    + "\nfrom autograder.judging import probes\nprobes.run = lambda answer, requests: [{'status': 'ok', 'result': None, "
    "'changed': {}, 'rebound': [], 'gradient': []} for r in requests]",
    "records that cannot be read": WRONG + "\nfrom autograder.judging import probes\nprobes.run_named = lambda *a: [{'status': 7}] * 99",
    "results that no comparison foresaw": WRONG
    + "\nfrom autograder.judging import probes\nfrom autograder.execution.wire import Tagged\n"
    "probes.run_named = lambda n, h, requests: [{'status': 'ok', 'result': Tagged('tensor', 'x'), 'changed': {}, 'rebound': []} for r in requests]",
}  # fmt: skip


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_verdict_does_not_count(judge, tmp_path, how):
    verdict, cell, _ = grade(judge, tmp_path, FORGERIES[how])
    text = cell.outputs[-1].get("data", {}).get("text/plain", "0")
    assert float(text) == 0, cell.outputs
    assert verdict is None or not verdict["points"]


ENDINGS = {
    "the process ends itself": ("def accuracy(out, y):\n    import os\n    os._exit(0)", ("killed", "crashed")),
    "an endless loop": ("def accuracy(out, y):\n    while True: pass", ("too slow",)),
    "a loop that ignores the interrupt": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ndef accuracy(out, y):\n"
        "    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        ("too slow", "killed"),
    ),
    "a crash of the interpreter": ("def accuracy(out, y):\n    import ctypes\n    ctypes.string_at(0)", ("killed",)),
    "more memory than there is": (
        "def accuracy(out, y):\n    return float(len(b'x' * (1 << 36)))",
        ("out of memory", "killed", "crashed"),
    ),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_how_an_answer_can_end(judge, tmp_path, how):
    source, outcomes = ENDINGS[how]
    verdict, cell, _ = grade(judge, tmp_path, source, wall_seconds=8)
    assert verdict is not None, cell.outputs
    assert verdict["outcome"] in outcomes and verdict["points"] == 0


def test_a_cell_that_does_not_end_costs_only_itself(judge, tmp_path):
    verdict, _, done = grade(judge, tmp_path, RIGHT, "while True: pass", wall_seconds=3)
    assert verdict["outcome"] == "correct"
    assert any("Timeout" in o.get("ename", "") for c in done.notebook.cells for o in c.get("outputs", []))


def test_a_flood_of_output_is_cut(judge, tmp_path):
    verdict, _, done = grade(judge, tmp_path, "print('x' * (100 << 20))", RIGHT, output_bytes=100_000)
    assert verdict["outcome"] == "correct"
    assert len(notebook_text(done.notebook)) < 500_000


def test_the_files_of_the_course_are_out_of_sight(judge, tmp_path):
    secret = tmp_path / "gradebook.db"
    secret.write_text("all grades")
    paths = [str(secret), str(COURSE.source(CHAPTER)), str(ROOT / "autograder" / "chapters" / "forward_pass.py")]
    look = (
        f"found = []\nfor path in {paths!r}:\n    try:\n        found.append(open(path).read())\n"
        "    except OSError: pass\ndef accuracy(out, y):\n    return float(len(found))"
    )
    check = check_cell("accuracy", "assert accuracy(None, None) == 0.0")
    _, cell, done = grade(judge, tmp_path, look, check=check)
    if not done.isolated:
        pytest.skip(f"this machine has no sandbox: {done.sandbox}")
    assert cell.outputs == []


def test_plain_asserts_work(judge, tmp_path):
    squares = "def squares(n):\n    if n < 1: raise ValueError('n')\n    return [i ** 2 for i in range(1, n + 1)]"
    good = "assert squares(3) == [1, 4, 9]\ntry:\n    squares(0)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError"
    _, cell, _ = grade(judge, tmp_path, squares, check=check_cell("squares", good))
    assert cell.outputs == []
    _, cell, _ = grade(judge, tmp_path, squares, check=check_cell("squares", "assert squares(3) == [1, 2, 3], 'no'"))
    assert cell.outputs[0].ename == "AssertionError"
    arrays = "np.testing.assert_allclose(double(np.ones(3)), 2 * np.ones(3))\nassert double(x) == 6\n0.5"
    _, cell, _ = grade(
        judge, tmp_path, "x = 3\ndef double(a):\n    return a * 2", check=check_cell("double", arrays, points=1)
    )
    assert cell.outputs[0].data["text/plain"] == "0.5"


def test_a_notebook_finds_matplotlib_as_it_comes(judge, tmp_path):
    """The course's own look is for who imports it."""
    figure = "import matplotlib.pyplot as plt\ndef draw():\n    fig, ax = plt.subplots()\n    ax.set_title('T')\n    return ax"
    _, cell, _ = grade(judge, tmp_path, figure, check=check_cell("draw", "assert draw().get_title() == 'T'"))
    assert determine_grade(cell)[0] == 3, cell.outputs  # the picture that it shows costs nothing


PLAIN = {
    "a list that is changed in place": ("def bubble(a):\n    a.sort()", "a = [2, 1]\nbubble(a)\nassert a == [1, 2]"),
    "a class": (
        "class Money:\n    def __init__(self, n): self.n = n\n    def __add__(self, o): return Money(self.n + o.n)\n"
        "    def __len__(self): return 7\n    def __eq__(self, o): return self.n == o.n",
        "m = Money(1) + Money(2)\nm.note = 'x'\nassert m == Money(3) and len(m) == 7 and isinstance(m, Money) and m.note == 'x'",
    ),
    "an exception of one's own": (
        "class Broke(ValueError): pass\ndef pay(n):\n    raise Broke('no')",
        "try:\n    pay(1)\nexcept ValueError:\n    pass\ntry:\n    pay(1)\nexcept Broke as error:\n    assert str(error) == 'no'",
    ),
    "a function as an argument": ("def twice(f, x): return f(f(x))", "assert twice(lambda x: x + 1, 1) == 3"),
    "a generator": ("def up(n):\n    for i in range(n): yield i", "assert list(up(3)) == [0, 1, 2] and next(up(1)) == 0"),
    "a helper that is replaced": ("def dice(): return 1\ndef roll(): return 2 * dice()", "dice = lambda: 3\nassert roll() == 6"),
    "a module beside the notebook": ("def f(): return 1", "import helper\nassert helper.WANTED == f()"),
    "a seed": ("import random\ndef draw(): return random.random()", "random.seed(3)\na = draw()\nrandom.seed(3)\nassert a == draw()"),
    "magics": ("def f(): return 1", "%time x = f()\nassert x == 1"),
    "a truth at the end": ("def f(): return 1", "assert f() == 1\nf() == 2"),
}  # fmt: skip


@pytest.mark.parametrize("what", PLAIN)
def test_a_plain_check_is_a_cell_among_cells(judge, tmp_path, what):
    """It passes as under stock nbgrader, and the notebook says where it ran."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "helper.py").write_text("WANTED = 1\n")
    answer, check = PLAIN[what]
    _, cell, done = grade(judge, tmp_path, answer, check=check_cell("plain", check, points=2))
    score, most = determine_grade(cell)
    assert (score, most) == (2, 2), cell.outputs
    assert done.inside == 1 and "1 run in the child" in done.stamp
    _, cell, done = grade(judge, tmp_path, "pass", check=check_cell("plain", check, points=2))
    assert determine_grade(cell)[0] == 0 and done.inside


def test_what_a_check_defines_is_there_for_the_next_cell(judge, tmp_path):
    notebook = new_notebook(
        cells=[
            new_code_cell(SETUP),
            new_code_cell("runs = []\ndef f():\n    runs.append(1)\n    return 1"),
            check_cell("first", "wanted = 1\nassert f() == wanted", points=1),
            new_code_cell("seen = wanted"),
            check_cell("second", "assert seen == 1 and len(runs) == 1, 'each check runs once'", points=1),
        ]
    )
    (tmp_path / "work").mkdir()
    done = judge.grade(Job(notebook, str(tmp_path / "work"), "secret", "ada", str(ROOT), Limits()))
    assert [determine_grade(cell)[0] for cell in done.notebook.cells if "nbgrader" in cell.metadata] == [1, 1]
    assert (done.outside, done.inside) == (0, 2)


WRONGLY_PASSED = {  # untouched, these passed when checks ran outside, with proxies for the student's names
    "the truth of a value": ("results = None", "assert results"),
    "an empty set": ("found = set()", "assert found"),
    "a function's name": ("def _(): pass", "assert fib.__name__ == 'fib'"),
    "a name that Python has": ("pass", "assert sum([1, 2]) == 4"),
    "a check of their own": ("def check(f):\n    assert f(2) == 4\ndef f(x): pass", "check(f)"),
    "a check of their own, by the name of an exercise": (
        "def check(f):\n    assert f(2) == 4\ndef accuracy(x): pass",
        "check(accuracy)",
    ),
    "an exit": ("def f(): return 1", "import sys\nassert f() == 2\nsys.exit(0)"),
    "a magic that runs the tests": ("def f(): return 1", "%run -i no_such_tests.py"),
}


@pytest.mark.parametrize("what", WRONGLY_PASSED)
def test_what_is_wrong_fails_as_under_stock_nbgrader(judge, tmp_path, what):
    answer, check = WRONGLY_PASSED[what]
    (tmp_path / "work").mkdir()
    cells = [new_code_cell("import numpy as np"), new_code_cell(answer), check_cell("plain", check, points=2)]
    done = judge.grade(Job(new_notebook(cells=cells), str(tmp_path / "work"), "secret", "ada", str(ROOT), Limits()))
    assert determine_grade(done.notebook.cells[-1])[0] == 0, done.notebook.cells[-1].outputs


def test_a_check_may_take_a_name_away_and_give_it_back(judge, tmp_path):
    cells = "def inner():\n    return 1\ndef outer():\n    return inner() + 1"
    check = (
        "saved = inner\ndel inner\ntry:\n    outer()\nexcept NameError:\n    pass\nelse:\n    raise AssertionError('inner is not used')\n"
        "finally:\n    inner = saved\nassert outer() == 2"
    )
    _, cell, _ = grade(judge, tmp_path, cells, check=check_cell("outer", check))
    assert cell.outputs == []


def test_nbgraders_own_course(tmp_path):
    """nbgrader's quickstart course, ps1: plain asserts, graded by the engine and by stock nbgrader alike."""
    done = run("nbgrader", "quickstart", "school", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    school = tmp_path / "school"
    base = (school / "nbgrader_config.py").read_text()
    ours = (ROOT / "nbgrader_config.py").read_text()
    block = ours[ours.index("c.Autograde.autograde_preprocessors") : ours.index("c.JudgedOutside.timeout")]
    assert run("nbgrader", "generate_assignment", "ps1", cwd=school).returncode == 0
    shutil.copytree(school / "source" / "ps1", school / "submitted" / "solved" / "ps1")
    shutil.copytree(school / "release" / "ps1", school / "submitted" / "untouched" / "ps1")
    scores = {}
    for name, config in (("stock", base), ("ours", base + "\n" + block)):
        (school / "nbgrader_config.py").write_text(config)
        done = run("nbgrader", "autograde", "ps1", "--force", cwd=school)
        assert done.returncode == 0, done.stderr
        with sqlite3.connect(school / "gradebook.db") as db:
            rows = db.execute(
                "select s.student_id, b.name, g.auto_score from grade g join base_cell b on b.id = g.cell_id "
                "join submitted_notebook n on n.id = g.notebook_id join submitted_assignment s on s.id = n.assignment_id"
            ).fetchall()
        scores[name] = {(student, cell): score for student, cell, score in rows}
    assert scores["ours"] == scores["stock"]
    assert any(scores["ours"].values())
    autograded = read_notebook(next((school / "autograded" / "solved" / "ps1").glob("problem1.ipynb")))
    assert autograded.metadata["graded"]["mode"] == "judged outside"


# -- judges


def test_a_judge_that_dies_is_replaced_and_its_notebook_graded(tmp_path):
    """Killed while it waits for the student's cell: the notebook is graded by the next one, as if nothing had been."""
    with Judges() as judges, judges.lend() as judge:
        verdict, _, _ = grade(judge, tmp_path, RIGHT)
        assert verdict["outcome"] == "correct"
        (first,) = children_of(judges.zygote.pid)
        killer = threading.Timer(1.0, os.kill, (first, signal.SIGKILL))
        killer.start()
        verdict, _, _ = grade(judge, tmp_path, "import time; time.sleep(2)", RIGHT)
        assert verdict["outcome"] == "correct"
        (second,) = children_of(judges.zygote.pid)
        assert second != first


def test_a_zygote_that_dies_is_replaced_and_the_notebook_graded(tmp_path):
    with Judges() as judges, judges.lend() as judge:
        verdict, _, _ = grade(judge, tmp_path, RIGHT)
        assert verdict["outcome"] == "correct"
        first = judges.zygote.pid
        killer = threading.Timer(1.0, os.kill, (first, signal.SIGKILL))
        killer.start()
        verdict, _, _ = grade(judge, tmp_path, "import time; time.sleep(2)", RIGHT)
        assert verdict["outcome"] == "correct" and judges.zygote.pid != first


def test_a_stop_ends_what_is_under_way(tmp_path):
    judges = Judges()
    with judges.lend() as judge:
        stopper = threading.Timer(8.0, judges.close)
        stopper.start()
        started = time.monotonic()
        with pytest.raises(JudgeError, match="stopped"):
            grade(judge, tmp_path, "while True: pass", wall_seconds=100)
        assert time.monotonic() - started < 60


def test_without_any_layer_it_still_grades_and_says_so(judge, tmp_path):
    (tmp_path / "work").mkdir()
    cells = [new_code_cell(SETUP), new_code_cell(RIGHT), check_cell("accuracy")]
    done = judge.grade(
        Job(
            new_notebook(cells=cells),
            str(tmp_path / "work"),
            "secret",
            "ada",
            str(ROOT),
            policy=Policy(layers=()),
        )
    )
    assert done.notebook.cells[-1].outputs[-1].data["text/plain"] == "3"
    assert not done.isolated and done.stamp == "1 check judged outside, not isolated"


def test_students_are_shared_out_by_their_draws():
    students = [f"student {number}" for number in range(100)]
    shares = Shares(b"secret", students, 3)
    first = [shares.take(0) for _ in range(33)]
    draws = [draw_of(b"secret", s) for s in first]
    assert draws == sorted(draws)  # one draw after the other
    rest = [shares.take(2) for _ in range(67)]  # a worker alone takes all that is left
    assert sorted(first + rest) == sorted(students)
    assert [shares.take(number) for number in range(3)] == [None] * 3


def test_grading_needs_no_tensorflow_where_the_gradebook_is():
    code = "import sys, autograder.cli, autograder.grading.batch, autograder.reports.table; print('tensorflow' in sys.modules)"
    assert run(sys.executable, "-c", code, cwd=ROOT).stdout.strip() == "False"


# -- repair


def test_a_damaged_submission_is_repaired():
    released = read_notebook(COURSE.release(CHAPTER))
    damaged = read_notebook(COURSE.release(CHAPTER))
    by_id = {graded(c).get("grade_id"): c for c in damaged.cells if graded(c)}
    names = list(chapter_exercises(COURSE, CHAPTER))
    damaged.cells.append(new_code_cell(by_id[names[0]].source + "\n# the last one counts"))
    damaged.cells[-1].metadata["nbgrader"] = dict(graded(by_id[names[0]]))  # a duplicate
    damaged.cells.remove(by_id[f"{names[1]}-check"])  # a deleted check
    by_id[f"{names[2]}-check"].metadata["nbgrader"]["grade"] = False  # a hidden one
    by_id[f"{names[3]}-check"].source = "9"  # a changed one
    by_id[names[4]].metadata.pop("nbgrader")  # a tool that lost the metadata
    notes = repair(damaged, released)
    assert len(notes) >= 3
    metadata = {graded(c)["grade_id"]: graded(c) for c in damaged.cells if graded(c)}
    assert metadata == {graded(c)["grade_id"]: graded(c) for c in released.cells if graded(c)}
    sources = {graded(c)["grade_id"]: c.source for c in damaged.cells if graded(c)}
    assert sources[f"{names[3]}-check"] == f"check({names[3]})"
    assert sources[names[0]].endswith("# the last one counts")
    assert repair(damaged, released) == []


# -- seeds


def test_the_secret_is_made_once_and_kept_private(tmp_path):
    first = course_secret(tmp_path)
    assert course_secret(tmp_path) == first and len(first) >= 32
    assert (tmp_path / ".course-secret").stat().st_mode & 0o077 == 0
    seeds = {student: seed_of(first, f"student {student}", "a.b") for student in range(200)}
    assert seeds == {student: seed_of(first, f"student {student}", "a.b") for student in range(200)}
    assert len(set(seeds.values())) == DRAWS and not set(seeds.values()) & {seed_of(b"other", "ada", "a.b")}


# -- the whole class


@pytest.fixture
def school(tmp_path):
    return class_of(tmp_path, CHAPTER, dict.fromkeys(("ada", "bob", "cleo"), True))


def graded_students(course):
    return {p.parent.parent.name for p in course.root.glob(f"autograded/*/{CHAPTER}/*.ipynb")}


def test_links_and_bad_timestamps_stop_nobody(school):
    secret = school.root / "elsewhere.ipynb"
    shutil.move(school.submission("ada", CHAPTER), secret)
    os.symlink(secret, school.submission("ada", CHAPTER))
    (school.submission("bob", CHAPTER).parent / "timestamp.txt").write_text("the day before yesterday")
    done = run("course", "grade", CHAPTER, "--jobs", "2", cwd=school.root)
    assert done.returncode != 0 and "ada" in done.stderr and "link" in done.stderr
    assert {"bob", "cleo"} <= graded_students(school) and "ada" not in graded_students(school)


def test_nothing_is_left_running_or_lying_about(school, tmp_path):
    (tmp_path / "temporary").mkdir()
    done = run("course", "grade", CHAPTER, cwd=school.root, TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 0 and not list((tmp_path / "temporary").iterdir())
    if Path("/proc").is_dir():
        here = str(school.root).encode()
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                assert here not in entry.read_bytes() or entry.parent.name == str(os.getpid())
            except OSError:
                continue


def test_what_was_not_committed_is_not_in_the_gradebook(school):
    assert run("course", "grade", CHAPTER, "--student", "ada", cwd=school.root).returncode == 0
    url = f"sqlite:///{school.gradebook}"
    with OneGradebook(url, "tf_first_principles") as book:
        for kept in (False, True):
            with book.transaction(), api.Gradebook(url, "whatever") as lent:
                lent.find_submission(CHAPTER, "ada").notebooks[0].grades[0].auto_score = 0.125
                lent.db.commit()
                if kept:
                    book.commit()
            with sqlite3.connect(school.gradebook) as db:
                found = db.execute("select count(*) from grade where auto_score = 0.125").fetchone()[0]
            assert found == kept


def test_another_step_of_nbgraders_does_not_wait_for_us(school):
    """A preprocessor from elsewhere opens the gradebook by itself: then we hold no transaction open while it works."""
    (school.root / "elsewhere.py").write_text(
        "from nbgrader.api import Gradebook\nfrom nbgrader.preprocessors import NbGraderPreprocessor\n\n\n"
        "class Note(NbGraderPreprocessor):\n    def preprocess(self, nb, resources):\n"
        "        with Gradebook(resources['nbgrader']['db_url'], 'tf_first_principles') as book:\n"
        "            book.update_or_create_student('noted')\n        return nb, resources\n"
    )
    config = school.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.Autograde.autograde_preprocessors.append('elsewhere.Note')\n")
    path = os.pathsep.join(filter(None, (str(school.root), os.environ.get("PYTHONPATH"))))
    done = run("course", "grade", CHAPTER, "--student", "ada", cwd=school.root, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(school.gradebook) as db:
        assert db.execute("select count(*) from student where id = 'noted'").fetchone()[0] == 1


def test_grading_goes_on_after_a_kill(school, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    env = {
        **os.environ,
        "TMPDIR": str(temporary),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    command = ["course", "grade", CHAPTER, "--jobs", "1"]
    process = subprocess.Popen(command, cwd=school.root, env=env, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "(1 of 3" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    time.sleep(0.5)
    assert list(temporary.iterdir())
    done = run(*command, cwd=school.root, TMPDIR=str(temporary))
    assert done.returncode == 0, done.stderr
    assert not list(temporary.iterdir()), "what the killed one left is still there"
    assert graded_students(school) == {"ada", "bob", "cleo"}
    assert "were graded before" in done.stdout and "0 were graded before" not in done.stdout
    again = run(*command, cwd=school.root)
    assert "0 graded" in again.stdout and "3 were graded before" in again.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="there is no other system here that has such layers")
def test_a_machine_that_offers_no_layer_grades_all_the_same_and_every_report_says_so(school):
    barren = [sys.executable, ROOT / "tests" / "barren.py"]
    done = run(*barren, "course", "grade", CHAPTER, "--student", "ada", cwd=school.root)
    assert done.returncode == 0, done.stderr
    assert "judged outside, not isolated" in done.stdout
    stamp = read_notebook(school.autograded("ada", CHAPTER)).metadata["graded"]
    assert not stamp["isolated"] and "landlock (Operation not permitted)" in stamp["sandbox"]
    assert run("nbgrader", "generate_feedback", CHAPTER, cwd=school.root).returncode == 0
    reports = [
        run("course", "report", CHAPTER, cwd=school.root).stdout,
        run(*barren, "course", "doctor", cwd=school.root).stdout,
        school.feedback("ada", CHAPTER).read_text(),
    ]
    assert all("not isolated" in report for report in reports)
