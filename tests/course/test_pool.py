"""The same work on many things: in order, with few results waiting, and with what it raises."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from autograder.course.pool import PIECE, each, with_bar


def worked(number: int) -> tuple[int, int]:
    if number == 777:
        raise ValueError(number)
    return number, os.getpid()


def numbers(most: int, taken: list[int]) -> Iterator[int]:
    for number in range(most):
        taken.append(number)
        yield number


def test_in_order_by_other_processes_and_no_more_than_are_wanted():
    taken: list[int] = []
    results = with_bar(each(worked, numbers(400, taken), 400, jobs=2), 400, "work", None)
    first = next(results)
    assert first[0] == 0 and first[1] != os.getpid()
    assert len(taken) <= 7 * PIECE
    rest = list(results)
    assert [number for number, _ in rest] == list(range(1, 400))
    assert len({pid for _, pid in rest}) == 2


def test_few_things_are_done_here_and_what_is_raised_is_raised():
    assert {pid for _, pid in each(worked, range(5), 5)} == {os.getpid()}
    with pytest.raises(ValueError, match="777"):
        list(each(worked, range(770, 780), 10, jobs=2))
