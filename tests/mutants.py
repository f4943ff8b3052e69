"""Wrong answers by machine: one place of a right answer's syntax tree is changed, and the check must see it.

    python tests/mutants.py [TOPIC | EXERCISE]… [--answers] [--table]

judges the mutants of the model solutions (with --answers of all right answers in tests/answers, too) and prints the survivors.
A survivor is a hole in the check, or does the same as the answer for every input that the task allows: then it is listed in
tests/equivalent.py with its reason. --table writes docs/kill-rates.md.
"""

from __future__ import annotations

import argparse
import ast
import copy
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from common import COURSE, ROOT, right_answers, setup_cell

import autograder
from autograder.course.samples import solutions
from autograder.judging.exercise import Exercise
from autograder.judging.judge import judge

SECONDS = 3.0  # for one case: some mutants do not end
SEEDS = (0, 1)

SWAP = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.MatMult: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NAMES = {
    "reduce_mean": "reduce_sum", "reduce_sum": "reduce_mean", "reduce_max": "reduce_min", "reduce_min": "reduce_max",
    "reduce_any": "reduce_all", "reduce_all": "reduce_any", "any": "all", "all": "any", "max": "min", "min": "max",
    "argmax": "argmin", "minimum": "maximum", "maximum": "minimum", "mean": "sum", "sum": "mean", "float32": "float64",
    "int32": "int64", "uint8": "int32", "square": "abs", "abs": "identity", "relu": "relu6", "zeros": "ones",
    "zeros_like": "ones_like", "exp": "expm1", "log": "log1p", "sqrt": "square", "assign_sub": "assign_add", "assign": "assign_add",
    "is_finite": "is_nan", "isfinite": "isnan", "truncated_normal": "normal", "floor": "round", "tanh": "sigmoid",
    "softmax": "sigmoid", "reshape": "broadcast_to", "shuffle": "take", "append": "remove",
}  # fmt: skip

TABLE = ROOT / "docs" / "kill-rates.md"
LEFT_OUT = ("train_to",)  # it trains a network for each mutant: a day

HELPERS = """
_met = []  # one entry whenever a wrapped argument is of the kind that the wrap may change
def _same(x, *_, **__): return x
def _is(x): return hasattr(x, "dtype") and not hasattr(x, "assign") and ("float" in str(x.dtype))
def _inside(f, kind=_is):
    def g(x):
        if type(x) in (list, tuple): return type(x)(g(v) for v in x)
        if not kind(x): return x
        _met.append(1)
        return f(x)
    return g
_cast32 = _inside(lambda x: tf.cast(tf.cast(x, tf.float32), x.dtype), lambda x: _is(x) and "64" in str(x.dtype))
_cut = _inside(lambda x: tf.clip_by_value(x, -50, 50))
_first8 = _inside(lambda x: x[:8], lambda x: _is(x) and len(x.shape))
_first16 = _inside(lambda x: x[:16], lambda x: _is(x) and len(x.shape))
_relu6 = _inside(lambda x: tf.minimum(x, 6))
_positive = _inside(lambda x: tf.abs(x))
def _few(x):
    if type(x) not in (list, tuple): return x
    _met.append(1)
    return x[:4]
"""
WRAPS = {
    "float32 inside": "_cast32", "inputs cut at ±50": "_cut", "the first 8 only": "_first8", "the first 16 only": "_first16",
    "no more than 6": "_relu6", "the sign lost": "_positive", "four of a list": "_few",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """what was changed: names it in tests/equivalent.py. source: of the changed function."""

    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """All that differ from the source, and from each other."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for what, edit, index in _edits(tree):
        other = copy.deepcopy(tree)
        edit(list(ast.walk(other))[index])
        try:
            text = ast.unparse(ast.fix_missing_locations(other))
            compile(text, "<mutant>", "exec")
        except (SyntaxError, ValueError):
            continue
        if text not in seen:
            seen.add(text)
            yield Mutant(what, text)


def _edits(tree: ast.Module) -> Iterator[tuple[str, Callable, int]]:
    within: dict[ast.AST, str] = {}
    for statement in ast.walk(tree):  # from the outside to the inside: the innermost counts
        if isinstance(statement, ast.stmt):
            within.update(dict.fromkeys(ast.walk(statement), f" in «{_shown(statement)}»"))
    for index, node in enumerate(ast.walk(tree)):
        for what, edit in _edits_of(node):
            yield what + (within[node] if isinstance(node, (ast.Constant, ast.Attribute)) else ""), edit, index


def _edits_of(node: ast.AST) -> Iterator[tuple[str, Callable]]:
    here = _shown(node)
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAP:
        yield f"operator of «{here}»", lambda t: setattr(t, "op", SWAP[type(t.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAP:
        yield f"comparison of «{here}»", lambda t: t.ops.__setitem__(0, SWAP[type(t.ops[0])]())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for new in dict.fromkeys((node.value + 1, node.value - 1, -node.value, 0, node.value * 1.001)):
            if new != node.value:
                yield f"{node.value!r} → {new!r}", lambda t, new=new: setattr(t, "value", new)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value} negated", lambda t: setattr(t, "value", not t.value)
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield f"{node.attr} → {NAMES[node.attr]}", lambda t: setattr(t, "attr", NAMES[t.attr])
    if isinstance(node, ast.Call):
        for k, keyword in enumerate(node.keywords):
            yield f"{keyword.arg}= dropped in «{here}»", lambda t, k=k: t.keywords.pop(k)
        if len(node.args) == 2:
            yield f"arguments exchanged in «{here}»", lambda t: t.args.reverse()
        if node.args:
            yield f"call left out: «{here}»", lambda t: setattr(t, "func", ast.Name("_same", ast.Load()))
    if isinstance(node, (ast.FunctionDef, ast.For, ast.With, ast.If, ast.While)):
        for k, statement in enumerate(node.body):
            plain = not isinstance(statement, ast.Return) and not _is_docstring(statement)
            if plain and len(node.body) > 1:
                yield f"dropped: «{_shown(statement)}»", lambda t, k=k: t.body.pop(k)
            if plain and not _is_idle_twice(statement):
                yield (
                    f"doubled: «{_shown(statement)}»",
                    lambda t, k=k: t.body.insert(k, copy.deepcopy(t.body[k])),
                )
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield f"condition negated: «{here}»", lambda t: setattr(t, "test", ast.UnaryOp(ast.Not(), t.test))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"sign dropped: «{here}»", lambda t: setattr(t, "op", ast.UAdd())
    if isinstance(node, ast.Slice):
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                yield f"{part} dropped of the slice «{here}»", lambda t, part=part: setattr(t, part, None)
    if isinstance(node, ast.Return) and node.value is not None:
        if any(isinstance(n, ast.Name) for n in ast.walk(node.value)):  # a constant is always the same
            yield f"cached: «{here}»", _cache
        yield f"float64: «{here}»", lambda t: _wrap(t, "tf.cast({}, tf.float64)")
        yield f"NumPy: «{here}»", lambda t: _wrap(t, "np.asarray({})")
        yield f"as a list: «{here}»", lambda t: _wrap(t, "[{}]")
    if isinstance(node, ast.Module):
        for what, helper in WRAPS.items():
            yield what, lambda t, helper=helper: _inputs(t, helper)


def _is_idle_twice(statement: ast.stmt) -> bool:
    """Does this statement surely do nothing more when it is there twice?"""
    if isinstance(statement, ast.If):
        return isinstance(statement.body[-1], (ast.Return, ast.Raise)) and not statement.orelse
    if not isinstance(statement, ast.Assign):
        return False
    bound = {n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    used = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)}
    return all(isinstance(t, (ast.Name, ast.Tuple)) for t in statement.targets) and not bound & used


def _shown(node: ast.AST) -> str:
    return next(iter(ast.unparse(node)[:60].splitlines()), "")


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _wrap(statement: ast.Return, form: str) -> None:
    statement.value = ast.parse(form.format(ast.unparse(statement.value)), mode="eval").body


def _cache(statement: ast.Return) -> None:
    """The first result is returned for ever."""
    _wrap(statement, "_cache.setdefault(0, ({}))")


def _inputs(tree: ast.Module, helper: str) -> None:
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef)), None)
    names = [a.arg for a in function.args.args] if function else []
    if names:
        at = 1 if _is_docstring(function.body[0]) else 0
        changed = ", ".join(f"{helper}({name})" for name in names)
        function.body.insert(at, ast.parse(f"{', '.join(names)}, = ({changed},)").body[0])


# -- judging them -------------------------------------------------------------------------------------------------------------


def survives(exercise: Exercise, source: str, names: dict | None = None) -> bool:
    """Does the check give this answer all points, for every seed?"""
    return fate(exercise, source, names) == "survives"


def fate(exercise: Exercise, source: str, names: dict | None = None) -> str:
    """Survives, or killed; idle, if its wrap has met no argument of the kind that it changes: then it is no mutant at all."""
    import matplotlib.pyplot as plt

    space = dict(names or {}, __name__="__main__", _cache={})
    quick = replace(exercise, seconds=min(exercise.seconds, SECONDS))
    try:
        exec(compile(setup_cell(exercise.chapter) + HELPERS, "<setup>", "exec"), space)
        exec(compile(source, "<mutant>", "exec"), space)
        answer = space[exercise.name] if exercise.name in space else next(reversed(space.values()))
        passed = all(judge(quick, answer, seed).passed for seed in SEEDS)
        wrapped = any(f"({helper}(" in source for helper in WRAPS.values())
        if passed and wrapped and not space["_met"]:
            return "idle"
        return "survives" if passed else "killed"
    except Exception:  # noqa: BLE001  a mutant may fail in any way: then it is dead
        return "killed"
    finally:
        plt.close("all")


def solution(exercise: Exercise) -> str:
    return solutions(COURSE, COURSE.chapter_of(exercise.chapter))[exercise.name]


def sources(exercise: Exercise, answers: bool) -> Iterator[tuple[str, dict]]:
    """Right answers as source, with the names of their module: the solution first."""
    yield solution(exercise), {}
    for answer in right_answers(exercise.chapter)[exercise.name] if answers else ():
        function = getattr(answer, "python_function", answer)
        if not inspect.isfunction(function) or function.__name__ == "<lambda>":
            continue
        text = textwrap.dedent(inspect.getsource(function))
        yield re.sub(r"\bdef \w+\(", f"def {exercise.name}(", text, count=1), dict(function.__globals__)


def equivalent(exercise: Exercise, what: str) -> str:
    """The reason why this mutant of the exercise is no mistake; empty if none is given."""
    from equivalent import EQUIVALENT

    for pattern, reason in (*EQUIVALENT.get("*", {}).items(), *EQUIVALENT.get(exercise.name, {}).items()):
        if re.fullmatch(pattern, what):
            return reason
    return ""


def chosen(words: list[str]) -> list[Exercise]:
    found = autograder.exercises(COURSE.root).values()
    return [e for e in found if e.name not in LEFT_OUT and (not words or e.name in words or e.chapter in words)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="TOPIC | EXERCISE")
    parser.add_argument("--answers", action="store_true", help="of all right answers, too")
    parser.add_argument(
        "--table", action="store_true", help="write docs/kill-rates.md; what is not judged now stays there"
    )
    asked = parser.parse_args()
    rows, holes = [], 0
    for exercise in chosen(asked.words):
        total = killed = excused = 0
        for source, names in sources(exercise, asked.answers):
            for mutant in mutants(source):
                came = fate(exercise, mutant.source, names)
                total += came != "idle"
                if came == "idle":
                    continue
                if came == "killed":
                    killed += 1
                elif equivalent(exercise, mutant.what):
                    excused += 1
                else:
                    holes += 1
                    print(f"  survives: {exercise.key}: {mutant.what}", flush=True)
        rows.append((exercise, total, killed, excused))
        print(f"{exercise.key}: {killed} of {total} killed, {excused} equivalent", flush=True)
    if asked.table:
        write_table(rows, asked.answers)
    sys.exit(1 if holes else 0)


def write_table(rows: list, answers: bool) -> None:
    of = "the model solutions and of all right answers in tests/answers" if answers else "the model solutions"
    lines = [
        "# How much the checks see",
        "",
        f"Made by `python tests/mutants.py{' --answers' if answers else ''} --table`: one place of {of} is changed by machine, and the",
        "result is judged. *Equivalent* are changes that do the same for every input that the task allows; each is listed with",
        "its reason in `tests/equivalent.py`. The kill rate is of the rest. `train_to` is left out: each of its mutants trains networks.",
        "With a topic or an exercise behind it the command judges these alone and keeps the other rows.",
        "",
        "| chapter | exercise | mutants | killed | equivalent | kill rate |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    found = known_rows() | {exercise.name: numbers for exercise, *numbers in rows}
    rows = [(exercise, *found[exercise.name]) for exercise in chosen([]) if exercise.name in found]
    for exercise, total, killed, excused in rows:
        rate = f"{killed / (total - excused):.1%}" if total > excused else "–"
        lines.append(
            f"| {COURSE.chapter_of(exercise.chapter)[:2]} | `{exercise.name}` | {total} | {killed} | {excused} | {rate} |"
        )
    total, killed, excused = (sum(row[k] for row in rows) for k in (1, 2, 3))
    lines.append(f"| | **all** | {total} | {killed} | {excused} | {killed / max(1, total - excused):.1%} |")
    if missing := [f"`{exercise.name}`" for exercise in chosen([]) if exercise.name not in found]:
        lines += ["", f"Not judged yet: {', '.join(missing)}."]
    TABLE.write_text("\n".join(lines) + "\n")


def known_rows() -> dict[str, tuple[int, int, int]]:
    """exercise → mutants, killed, equivalent, as the table has them."""
    rows = re.findall(
        r"^\| \d+ \| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \|", TABLE.read_text() if TABLE.exists() else "", re.M
    )
    return {name: tuple(map(int, numbers)) for name, *numbers in rows}


if __name__ == "__main__":
    main()
