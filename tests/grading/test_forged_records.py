"""Records that carry no right values must not score, whoever made them up.

While an answer is probed, its process is the student's: he can replace `probes.run` there and send back what he likes. So
here the reference's own records are spoiled, one piece at a time, sent over the wire, and judged for real.
"""

from __future__ import annotations

import dataclasses
import io
import math
import re
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import common  # noqa: F401  it sets the environment before TensorFlow is imported
import numpy as np
import pytest
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_FLOAT, DT_INT64, DT_RESOURCE, DT_STRING
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from autograder import exercises
from autograder.chapters.tensorboard import _opened
from autograder.execution.wire import Tagged, decode, encode
from autograder.grading.answers import well_formed
from autograder.judging.exercise import Exercise
from autograder.judging.judge import answer_sheet, judge_with
from autograder.judging.verdict import OUTCOMES, Verdict

EXERCISES = exercises()
SEED, OTHER_SEED = 3, 4
MOST_PARTS = 20  # of one list that are spoiled

# -- spoiling -----------------------------------------------------------------------------------------------------------


def spoiled(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(what was done, the value with that done to it): to the value itself, and to every piece of it, one at a time."""
    for what, other in instead_of(value):
        if not same(value, other):
            yield f"{path} {what}".strip(), other
    for name, part, put in pieces(value):
        for what, other in spoiled(part, f"{path}{name}"):
            yield what, put(other)


def pieces(value: Any) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """(name, piece, function that gives the value with another piece in its place) of a container."""
    if isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            if MOST_PARTS // 2 <= i < len(value) - MOST_PARTS // 2:
                continue  # of a long list's like parts those at its ends
            yield f"[{i}]", part, lambda new, i=i: type(value)([*value[:i], new, *value[i + 1 :]])
    elif isinstance(value, dict):
        for key, part in value.items():
            yield f"[{key!r}]", part, lambda new, key=key: {**value, key: new}
    elif isinstance(value, Tagged):
        yield ".value", value.value, lambda new: Tagged(value.tag, new)


def instead_of(value: Any) -> Iterator[tuple[str, Any]]:
    """What may stand in the place of a value: nothing, something else, or the same with something missing or wrong."""
    for other in (None, 0, "", True, math.nan, [], {}):
        yield f"= {other!r}", other
    if isinstance(value, (list, tuple)):
        yield "emptied", type(value)()
        yield "shortened", value[:-1]
        yield "doubled", value + value
        yield "reversed", value[::-1]
        yield "nothing but None", type(value)([None] * len(value))
    elif isinstance(value, dict):
        for key in value:
            yield f"without {key!r}", {k: v for k, v in value.items() if k != key}
    elif isinstance(value, Tagged):
        yield "= number 0 in its place", Tagged(value.tag, np.float32(0))
        yield "of another kind", Tagged("other", "object")
    elif isinstance(value, np.ndarray):
        yield from arrays_instead_of(value)
    elif isinstance(value, (str, bytes)):
        yield "longer", value + value[:1]
        yield "shortened", value[:-1]
        yield "halved", value[: len(value) // 2]
    elif isinstance(value, bool):
        yield "reversed", not value
    elif isinstance(value, (int, float)):
        yield "changed", 3 * value + 10


def arrays_instead_of(value: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays without a right number in them, or with one wrong number, or with fewer."""
    floating = value.dtype.kind == "f"
    yield "all nan", np.full(value.shape, np.nan, value.dtype if floating else np.float64)
    yield "all 0", np.zeros_like(value)
    yield "all 1", np.ones_like(value)
    yield "empty", np.zeros((0,), value.dtype)
    yield "empty, one axis more", np.zeros((0, *value.shape), value.dtype)
    yield "one axis more", value[None]
    with np.errstate(all="ignore"):
        step = 1 + 10 * np.abs(value[np.isfinite(value)]).max(initial=0) if floating else 128
        changed = np.asarray(3 * value + step if floating else value + step).astype(value.dtype)
        yield "changed", changed
    if value.ndim:
        yield "emptied", value[:0]
        yield "shortened", value[:-1]
    for place in {0, value.size // 2, value.size - 1} if value.size else ():
        one = np.array(value)
        one.flat[place] = changed.flat[place]
        yield f"changed at {place}", one
        if floating:
            one = np.array(value)
            one.flat[place] = np.nan
            yield f"nan at {place}", one


def same(a: Any, b: Any) -> bool:
    """Are these the same value? A number is the same, whatever it is kept in."""
    numbers = [as_numbers(v) for v in (a, b)]
    if all(n is not None for n in numbers):
        return numbers[0].shape == numbers[1].shape and np.array_equal(*numbers, equal_nan=True)
    if any(n is not None for n in numbers) or type(a) is not type(b):
        return False
    parts = [list(pieces(v)) for v in (a, b)]
    if parts[0] and [name for name, *_ in parts[0]] == [name for name, *_ in parts[1]]:
        return all(same(x, y) for (_, x, _), (_, y, _) in zip(*parts, strict=True))
    return encode(a) == encode(b)


def as_numbers(value: Any) -> np.ndarray | None:
    if isinstance(value, Tagged):
        return as_numbers(value.value) if value.tag in ("tensor", "variable", "array") else None
    return np.asarray(value, np.float64) if isinstance(value, (bool, int, float, np.ndarray, np.generic)) else None


def throughout(value: Any, number: float) -> Any:
    """The value with all its numbers replaced by this one, nothing else changed."""
    if isinstance(value, (list, tuple)):
        return type(value)(throughout(v, number) for v in value)
    if isinstance(value, dict):
        return {k: throughout(v, number) for k, v in value.items()}
    if isinstance(value, Tagged):
        return Tagged(value.tag, throughout(value.value, number))
    if isinstance(value, np.ndarray):
        return np.full_like(value, number if value.dtype.kind == "f" else number == 1)
    return number if type(value) in (int, float) else value


WHOLE = (
    False,
    1.0,
    -1,
    math.inf,
    "ok",
    b"",
    (),
    [None],
    [[]],
    [[], []],
    [[], [], []],
    [[], [], 0, True],
    [0.0, True],
    {"found": ""},
    {"found": None},
    {"found": False},
    {"found": ["text"]},
    {"found": "", "results": []},
    {"found": "", "out": []},
    {"found": "", "device": "", "value": []},
    {"kind": "figure", "cells": []},
    {"picture": None, "closed": True, "other": True},
    np.zeros(0),
    np.full(3, np.nan),
    2**200,
    Tagged("tensor", np.zeros(0, "float32")),
    Tagged("tensor", None),
    Tagged("tensor", [1.0]),
    Tagged("variable", "text"),
    Tagged("dataset", []),
    Tagged("other", "object"),
    Tagged("figure", {"axes": [], "size": [1.0, 1.0], "png": b""}),
    Tagged("graph", b"\xff\xff"),
)
"""Results that are right nowhere, and some that a careless check could take for right."""


# -- judging ------------------------------------------------------------------------------------------------------------


def judged(exercise: Exercise, number: int, forged: dict) -> Verdict:
    """The verdict when all records but this one are the reference's own."""
    (forged,) = decode(encode([forged]))
    assert well_formed([forged], 1), forged
    records = list(answer_sheet(exercise, SEED).expected)
    records[number] = forged
    return judge_with(exercise, lambda requests: records, SEED)


def scores(verdict: Verdict, number: int) -> bool:
    """Does this case pass, or anything else that costs a forger nothing?"""
    texts = [verdict.message, *(text for case in verdict.cases for text in (case.message, case.detail))]
    if verdict.outcome not in OUTCOMES or not all(type(text) is str for text in texts):
        return True  # it could not be shown
    if verdict.outcome in ("correct", "grader's fault") or verdict.points >= verdict.max_points:
        return True
    return bool(verdict.cases) and (verdict.cases[number].passed or verdict.cases[number].points > 0)


def survivors(exercise: Exercise, forgeries: Callable[[Exercise, int], Iterator[tuple[str, dict]]]) -> list[str]:
    """The forgeries that score, as "case: what was done"."""
    return [
        f"{case.name}: {what}"
        for number, case in enumerate(exercise.cases)
        for what, forged in forgeries(exercise, number)
        if scores(judged(exercise, number, forged), number)
    ]


FREE: dict[str, tuple[str, ...]] = {
    "forward_pass.init_params": (
        # this case is about the list alone; weights that are all 0 are a mistake that the other cases are there for
        r"the list: how many, which shapes, which dtype: \[[024]\]\.value all 0",
        r"the list: how many, which shapes, which dtype: 0 throughout",
        # this case is about what differs from what; an axis too many is a mistake that the first case is there for
        r"drawn afresh by every call and for every layer: \[[012]\]\[[0-3]\]\.value one axis more",
    ),
    "himmelblau_descent.himmelblau": (
        # 0 is what comes out there, whichever order the four minima are drawn in
        r"its four minima, where it is zero: (\.value all 0|0 throughout|another draw's)",
    ),
    "fashion_mnist.make_dataset": (
        # two passes, each in an order of its own: either may come first
        r"training: another order at every pass, nothing lost: \['(passes|first pixels of four more)'\](\[\d+\])* reversed",
        # which images come into the first batch is left to chance
        r"training: eleven thousand images: another draw's",
    ),
    "tensorboard.log_scalars": (
        # a byte after the last whole record: a file that is still being written looks like this, and TensorBoard reads it
        r".*: \[0\] longer",
    ),
    "tensorboard.log_images": (
        r".*: \[0\] longer",  # the same
    ),
    "tensorboard.plot_to_image": (
        # one byte of a picture that may have any resolution, and is compared at 16 × 16 pixels
        r"a (figure while another one is current|tall figure): \['picture'\]\.value changed at \d+",
    ),
    "tensorboard.image_grid": (
        # one pixel of a picture of 784, which is known by its likeness: colours and their range are free
        r"a batch: the first 25 count: \['cells'\]\[\d+\]\[2\] changed",
    ),
    "graph_and_session.on_device": (
        # what was added to the graph tells mistakes apart; how the sum is built is free
        r".*: (without 'added'|\['added'\].*)",
    ),
    "graph_and_session.descend_x2": (
        # as good as there: the last of forty steps are nearer to 0 than two millionths
        r"a small step: it converges: \[\d+\] = 0",
    ),
    "regularization_and_ema.noisy_circle": (
        # here it counts which calls give the same points and which others, not where they lie
        r"the seed decides: \[[01]\].*(changed|all [01]).*",
        # and of two storms of noise only that they differ
        r"the seed decides: \[2\].*(changed|all [01]|reversed).*",
    ),
}
"""What may pass, and why: regular expressions for "case: what was done"."""


# -- the forgeries ------------------------------------------------------------------------------------------------------


def pieces_spoiled(exercise: Exercise, number: int) -> Iterator[tuple[str, dict]]:
    """Each piece of the result in turn, then of what else is compared: the gradient and the changed arguments."""
    record = answer_sheet(exercise, SEED).expected[number]
    for what, result in spoiled(record["result"]):
        yield what, {**record, "result": result}
    for what, gradient in spoiled(record.get("gradient", [])):
        if type(gradient) is list:  # else it does not get past `_well_formed`
            yield f"gradient {what}", {**record, "gradient": gradient}
    if record.get("gradient"):
        yield "without its gradient", {k: v for k, v in record.items() if k != "gradient"}
    for what, changed in spoiled(record["changed"]):
        if type(changed) is dict:
            yield f"changed {what}", {**record, "changed": changed}
    if record["rebound"]:
        yield "rebound emptied", {**record, "rebound": []}


def replays(exercise: Exercise, number: int) -> Iterator[tuple[str, dict]]:
    """What is right for other inputs: those of another draw, and those of the other cases."""
    records = answer_sheet(exercise, SEED).expected
    other = answer_sheet(exercise, OTHER_SEED).expected[number]
    if not same(other, records[number]):
        yield "another draw's", other
    for case, other in zip(exercise.cases, records, strict=True):
        if not same(other["result"], records[number]["result"]):
            yield f"the record of {case.name!r}", other


def wholes(exercise: Exercise, number: int) -> Iterator[tuple[str, dict]]:
    """Another result as a whole, and other ends than a result."""
    record = answer_sheet(exercise, SEED).expected[number]
    for other in WHOLE:
        if not same(other, record["result"]):
            yield f"= {other!r}", {**record, "result": other}
    for everywhere in (math.nan, 0, 1, 1e30):
        result = throughout(record["result"], everywhere)
        if not same(result, record["result"]):
            yield f"{everywhere} throughout", {**record, "result": result}
    yield "stub", {"status": "stub"}
    yield "missing", {"status": "missing"}
    yield "raised", {"status": "raised", "type": "", "message": "", "lines": []}
    yield "too slow", {"status": "too slow", "seconds": 10**400}


@pytest.mark.parametrize("key", EXERCISES)
def test_the_reference_itself_passes_over_the_wire(key):
    exercise = EXERCISES[key]
    records = decode(encode(answer_sheet(exercise, SEED).expected))
    assert judge_with(exercise, lambda requests: records, SEED).passed


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, about numbers that no honest answer sends
@pytest.mark.parametrize("key", EXERCISES)
def test_no_forged_record_scores(key):
    exercise = dataclasses.replace(EXERCISES[key], mistakes=[])  # which hint a forgery gets takes longest to find out
    found = survivors(exercise, pieces_spoiled) + survivors(exercise, replays) + survivors(EXERCISES[key], wholes)
    listed = FREE.get(key, ())
    wrong = [done for done in found if not any(re.fullmatch(pattern, done) for pattern in listed)]
    assert not wrong, "\n".join(wrong)
    stale = [pattern for pattern in listed if not any(re.fullmatch(pattern, done) for done in found)]
    assert not stale, "no longer needed:\n" + "\n".join(stale)


# -- event files: bytes that the judge itself takes apart -----------------------------------------------------------------


def event_file(*values: Summary.Value) -> bytes:
    """An event file with one event for each value, at the steps 0, 100, 200, …"""
    events = [Event(step=100 * i, summary=Summary(value=[value])) for i, value in enumerate(values)]
    return b"".join(framed(event.SerializeToString()) for event in events)


def framed(record: bytes, length: int | None = None) -> bytes:
    """A record as event files have it, with the checksums that make any reader believe it, and its length."""
    head = struct.pack("<Q", len(record) if length is None else length)
    return head + struct.pack("<I", masked_crc32c(head)) + record + struct.pack("<I", masked_crc32c(record))


def value_of(exercise: Exercise, **fields: Any) -> Summary.Value:
    """A value under the tag that the exercise's first case asks for, as the dashboard in question knows it."""
    scalars = exercise.name == "log_scalars"
    value = Summary.Value(tag=answer_sheet(exercise, SEED).drawn[0].inputs[0] if scalars else "images", **fields)
    value.metadata.plugin_data.plugin_name = "scalars" if scalars else "images"
    return value


def tensor(dtype: int, shape: list[int], **fields: Any) -> TensorProto:
    made = TensorProto(dtype=dtype, **fields)
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    return made


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says it is so large, whatever it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pictures(exercise: Exercise, form: str) -> list[bytes]:
    """The pictures of the first case, in some file format."""
    files = []
    for image in np.asarray(answer_sheet(exercise, SEED).drawn[0].inputs[0])[..., 0]:
        buffer = io.BytesIO()
        Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(buffer, format=form)
        files.append(buffer.getvalue())
    return files


def batch(exercise: Exercise, encoded: list[bytes]) -> list[bytes]:
    """Event files that show these pictures."""
    strings = tensor(DT_STRING, [2 + len(encoded)], string_val=[b"28", b"28", *encoded])
    return [event_file(value_of(exercise, tensor=strings))]


HUGE = 1 << 28
FILES = {
    "a record longer than any memory": lambda e: [framed(b"", 1 << 60)],
    "a record longer than the file": lambda e: [framed(b"", 1 << 20)],
    "a record that is no event": lambda e: [framed(b"\xff" * 50)],
    "one number that stands for many": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_FLOAT, [HUGE], float_val=[0.5])))
    ],
    "one picture that stands for many": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_STRING, [HUGE], string_val=[b"28"])))
    ],
    "a shape whose size no integer holds": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_FLOAT, [1 << 62] * 4, float_val=[0.5])))
    ],
    "a shape of very many axes": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_FLOAT, [1 << 40] * 100_000, float_val=[0.5])))
    ],
    "an axis of negative length": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_FLOAT, [-1, -HUGE], float_val=[0.5])))
    ],
    "objects from raw bytes": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_STRING, [1], tensor_content=b"\x01" * 8)))
    ],
    "a resource": lambda e: [event_file(value_of(e, tensor=tensor(DT_RESOURCE, [1], tensor_content=b"\x01" * 8)))],
    "too many bytes": lambda e: [bytes(1 << 20)] * 8,
    "too many files": lambda e: [event_file(value_of(e, simple_value=0.5))] * 1000,
    "too many events": lambda e: [framed(b"") * 200_000],
    "too many values": lambda e: [framed(b"\x2a\x80\x80\x40" + b"\x0a\x00" * (1 << 19))],
    "a graph": lambda e: [framed(Event(graph_def=b"\xff" * 100).SerializeToString())],
}
"""Event files that are small, or said to be, and that a trusting reader makes large; or that it may do more with than read."""

PICTURES = {
    "pictures of another format": lambda e: batch(e, pictures(e, "TIFF")),
    "pictures that are no bytes": lambda e: [
        event_file(value_of(e, tensor=tensor(DT_INT64, [11], int64_val=[HUGE] * 11)))
    ],
    "huge pictures": lambda e: batch(e, [png(9_000, 9_000, bytes(9_001 * 9_000))] * 9),
    "pictures that are larger still": lambda e: batch(e, [png(1 << 30, 1 << 30)] * 9),
    "pictures that go on and on": lambda e: batch(e, [png(28, 28, bytes(1 << 25))] * 9),
}
"""The same of the pictures in them."""

HURTFUL = [("tensorboard.log_scalars", kind, files) for kind, files in FILES.items()] + [
    ("tensorboard.log_images", kind, files) for kind, files in {**FILES, **PICTURES}.items()
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of Pillow, about huge pictures
@pytest.mark.parametrize(("key", "kind", "files"), HURTFUL, ids=[f"{key}-{kind}" for key, kind, _ in HURTFUL])
def test_event_files_cannot_hurt_the_judge(key, kind, files):
    exercise = EXERCISES[key]
    record = {**answer_sheet(exercise, SEED).expected[0], "result": files(exercise)}
    tracemalloc.start()
    try:
        verdict = judged(exercise, 0, record)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not scores(verdict, 0) and verdict.outcome == "wrong"
    assert peak < 200 << 20


def test_pictures_handed_in_by_hand_pass():
    """So it is the pictures that were refused above, and not the file around them."""
    exercise = EXERCISES["tensorboard.log_images"]
    record = {**answer_sheet(exercise, SEED).expected[0], "result": batch(exercise, pictures(exercise, "PNG"))}
    assert judged(exercise, 0, record).passed


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_pixel_of_a_huge_picture_is_decoded():
    assert _opened(png(13_000, 13_000)) is None  # there are no pixels in it: to decode them would fail
