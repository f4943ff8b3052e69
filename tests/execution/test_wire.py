"""The wire: what travels comes back equal, what does not is refused, and forged bytes never do more than raise WireError."""

import collections
import enum
import json
import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.execution.wire import MAX_DEPTH, MAX_KEY_LENGTH, MAX_LOOSE_KEYS, Tagged, WireError, decode, encode

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
arrays = st.sampled_from(DTYPES).flatmap(
    lambda name: hnp.arrays(name, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
scalars = st.sampled_from(DTYPES).flatmap(lambda name: hnp.arrays(name, ()).map(lambda a: a[()]))
atoms = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary(max_size=40)
)
keys = atoms | st.tuples(atoms, atoms)
values = st.recursive(
    atoms | arrays | scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.builds(Tagged, st.text(max_size=8), inner)
    ),
    max_leaves=12,
)


def same(a, b):
    """Equal in value and in exact type; nan equals nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, Tagged):
        return same(a.tag, b.tag) and same(a.value, b.value)
    return a == b


def message(node, raw=b""):
    header = json.dumps(node).encode()
    return struct.pack("<I", len(header)) + header + raw


@given(values)
@example({1: np.array(3.5), ("a", None): Tagged("tensor", np.zeros((0, 3), np.int8))})
@example([float("nan"), -0.0, 2**70, -(2**63), complex("nan+infj"), "\u20ac", b"\x00"])
@settings(deadline=None)
def test_what_is_sent_arrives(value):
    assert same(decode(encode(value)), value)


@given(values, st.data())
@settings(deadline=None)
def test_damaged_messages_never_do_more_than_raise(value, data):
    sent = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(sent) - 1))
        sent[where] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(sent)))
    for damaged in (bytes(sent), bytes(sent[:cut])):
        try:
            decode(damaged)
        except WireError:
            pass


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_noise_is_refused(noise):
    try:
        decode(noise)
    except WireError:
        pass


json_nodes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries(
            {"t": st.sampled_from("int float complex bytes tuple dict array scalar tag value take".split())},
            optional={"v": inner, "n": inner, "d": st.sampled_from(DTYPES) | inner, "s": inner},
        )
    ),
    max_leaves=8,
)


@given(json_nodes, st.binary(max_size=32))
@settings(deadline=None)
def test_forged_headers_never_do_more_than_raise(node, raw):
    try:
        decode(message(node, raw))
    except WireError:
        pass


def test_bfloat16_travels():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    value = np.arange(6, dtype=ml_dtypes.bfloat16).reshape(2, 3)
    assert same(decode(encode(value)), value)


def test_any_memory_layout_travels():
    value = np.arange(12, dtype=">i4").reshape(3, 4).T[::2]
    back = decode(encode(value))
    assert back.dtype == np.int32 and np.array_equal(back, value) and back.flags.writeable


def test_string_arrays_become_lists():
    assert decode(encode(np.array([["a", "bé"]]))) == [["a", "bé"]]
    assert decode(encode(np.array([b"x", b"\xff"]))) == ["x", "\ufffd"]
    assert decode(encode(np.str_("s"))) == "s"


class Liar(int):
    def __repr__(self):
        return "100"

    __str__ = __index__ = __int__ = __eq__ = __hash__ = __repr__


class Colour(enum.IntEnum):
    RED = 3


class FalseList(list):
    def __iter__(self):
        raise AssertionError("none of a subclass's own methods is called")

    __len__ = __getitem__ = __iter__


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Liar(4), 4),
        (Colour.RED, 3),
        (type("F", (float,), {"__repr__": lambda self: "1e9", "__float__": lambda self: 7.0})(2.5), 2.5),
        (type("S", (str,), {"__str__": lambda self: "forged"})("true"), "true"),
        (FalseList([1, 2]), [1, 2]),
        (collections.namedtuple("P", "x y")(1, 2), (1, 2)),
        (collections.OrderedDict(a=1), {"a": 1}),
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_subclass_is_sent_as_the_plain_value_it_holds(value, plain):
    back = decode(encode(value))
    assert same(back, plain)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        len,
        np.array([object()]),
        np.zeros(2, "datetime64[s]"),
        np.zeros(2, "i4,i4"),
        1j * np.longdouble(1),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_does_not_travel_is_refused(value):
    with pytest.raises(WireError, match="does not travel"):
        encode(value)


def test_cycles_and_depth_are_bounded():
    cycle = []
    cycle.append(cycle)
    with pytest.raises(WireError, match="deep"):
        encode(cycle)
    deep = 0
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(WireError, match="deep"):
        decode(message(deep))
    bomb = b"[" * 5_000_000
    with pytest.raises(WireError):
        decode(struct.pack("<I", len(bomb)) + bomb)


def test_size_is_bounded_on_both_sides():
    with pytest.raises(WireError, match="more than 1000 bytes"):
        encode(np.zeros(1000), max_bytes=1000)
    with pytest.raises(WireError, match="at most 1000"):
        decode(encode(np.zeros(1000)), max_bytes=1000)
    twice = [np.zeros(100, np.uint8)] * 11
    with pytest.raises(WireError):
        encode(twice, max_bytes=1000)


@pytest.mark.parametrize(
    ("node", "raw"),
    [
        ({"t": "array", "d": "object", "s": [1]}, b"\0" * 8),
        ({"t": "array", "d": "O", "s": [1]}, b"\0" * 8),
        ({"t": "array", "d": "float32", "s": [2]}, b"\0" * 4),
        ({"t": "array", "d": "float32", "s": [1]}, b"\0" * 8),
        ({"t": "array", "d": "float32", "s": [-1, -1]}, b"\0" * 4),
        ({"t": "array", "d": "float32", "s": [True]}, b"\0" * 4),
        ({"t": "array", "d": "float32", "s": [2**62, 2**62]}, b""),
        ({"t": "array", "d": "int8", "s": [0, 2**39, 2**39]}, b""),
        ({"t": "array", "d": "float32", "s": [1] * 40}, b"\0" * 4),
        ({"t": "bytes", "n": -1}, b""),
        ({"t": "bytes", "n": 2**60}, b""),
        ({"t": "float", "v": "1e5"}, b""),
        ({"t": "int", "v": "0x"}, b""),
        ({"t": "dict", "v": [[[], 1]]}, b""),
        ({"t": "dict", "v": [["a", 1], ["a", 2]]}, b""),
        ({"t": "__class__", "v": 1}, b""),
        ({"v": 1}, b""),
        ({"t": "dict", "v": [[i * (2**61 - 1), 0] for i in range(2)] + [[i, 0] for i in range(10_001)]}, b""),
    ],
    ids=lambda v: str(v)[:50] if isinstance(v, dict) else "",
)
def test_forged_frames_are_refused(node, raw):
    with pytest.raises(WireError):
        decode(message(node, raw))


def test_few_keys_are_no_strings():
    """They can be made to collide, on either side."""
    many = {i: 0 for i in range(MAX_LOOSE_KEYS + 1)}
    halves = [dict.fromkeys(range(MAX_LOOSE_KEYS // 2 + 1)), dict.fromkeys(range(MAX_LOOSE_KEYS // 2 + 1))]
    for value in (many, halves):
        with pytest.raises(WireError, match="no strings"):
            encode(value)
    with pytest.raises(WireError, match="no strings"):
        decode(message({"t": "dict", "v": [[i, 0] for i in many]}))
    few = {i: {str(k): 0 for k in range(1000)} for i in range(MAX_LOOSE_KEYS)}
    assert decode(encode(few)) == few


@pytest.mark.parametrize("key", [(1, (2, 3)), tuple(range(MAX_KEY_LENGTH + 1)), ((),)], ids=str)
def test_a_key_is_a_scalar_or_a_flat_and_short_tuple(key):
    def node(k):
        return {"t": "tuple", "v": [node(part) for part in k]} if isinstance(k, tuple) else k

    with pytest.raises(WireError, match="dict key"):
        encode({key: 0})
    with pytest.raises(WireError, match="dict key"):
        decode(message({"t": "dict", "v": [[node(key), 0]]}))


def test_integers_of_many_digits_are_refused():
    header = b"1" * 100_000
    with pytest.raises(WireError):
        decode(struct.pack("<I", len(header)) + header)


def test_a_forged_bool_is_normalised():
    back = decode(message({"t": "array", "d": "bool", "s": [2]}, b"\x02\x00"))
    assert back.tobytes() == b"\x01\x00"


def test_half_a_surrogate_pair_becomes_a_question_mark():
    """It can be written to no file, and so would stop whoever keeps what a child says."""
    assert decode(encode({"\ud800": ["a\udfff", "\U0001f600"]})) == {"?": ["a?", "\U0001f600"]}
    assert decode(encode(Tagged("\ud800", {"a": "\udfff"}))) == Tagged("?", {"a": "?"})
