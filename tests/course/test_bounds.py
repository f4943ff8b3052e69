"""What is too much of a notebook is refused before it is built, and what is honest is not."""

from __future__ import annotations

import json
import time

import pytest
from common import CHAPTERS, COURSE
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.bounds import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES, excess, read_bounded


def test_honest_notebooks_are_read():
    for chapter in CHAPTERS:
        for path in (COURSE.source(chapter), COURSE.release(chapter), COURSE.notebook(chapter)):
            assert read_bounded(path)[1] is None


TOO_MUCH = {
    "empty dictionaries": b"[" + b"{}," * 3_500_000 + b"{}]",
    "lists that are never closed": b"[" * 1_000_000,
    "depth": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "numbers": b"[" + b"1," * MAX_VALUES + b"1]",
    "texts": b"[" + b'"",' * MAX_VALUES + b'""]',
    "texts with escapes before": rb'["\\\\\"",' + b"{}," * MAX_CONTAINERS + b"{}]",
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_is_refused_in_time(what):
    started = time.process_time()
    assert "more than" in excess(TOO_MUCH[what])
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "data",
    [b'"' + rb"\"" * 500_000, b'"' * 1_000_001, b"\\" * 1_000_001, b'"{[' * 100_000],
    ids=["escaped quotes", "quotes", "backslashes", "texts with brackets"],
)
def test_counting_takes_linear_time_whatever_comes(data):
    def seconds(data):
        started = time.process_time()
        excess(data)
        return time.process_time() - started

    assert seconds(data * 8) < 40 * seconds(data) + 0.5


JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='"\\{}[],:a\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='"\\{[,', max_size=3), inner, max_size=4)
    ),
    max_leaves=30,
)


def measure(value, depth=0):
    """(lists and dictionaries, how deep) of a value."""
    if not isinstance(value, (list, dict)):
        return 0, depth
    inner = [measure(v, depth + 1) for v in (value.values() if isinstance(value, dict) else value)]
    return 1 + sum(count for count, _ in inner), max([depth + 1, *(deep for _, deep in inner)])


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_what_is_counted_is_what_there_is(value):
    import autograder.course.bounds as bounds

    text = json.dumps(value).encode()
    count, depth = measure(value)
    for limit, most in (("MAX_CONTAINERS", count), ("MAX_DEPTH", depth)):
        before = getattr(bounds, limit)
        try:
            setattr(bounds, limit, most)
            assert bounds.excess(text) is None
            setattr(bounds, limit, most - 1)
            assert most == 0 or bounds.excess(text) is not None
        finally:
            setattr(bounds, limit, before)
