"""A class of thirty and what it hands in, with every oddity of names and files that we know of; the names are nobody's."""

from __future__ import annotations

FIRST = "Aalto Béla Çelik Dario Eòin Fjord".split()
LAST = "Birch Cedar Ebony Hazel Juniper".split()
SIZE = len(FIRST) * len(LAST)


def people() -> list[tuple[str, str, str, str]]:
    """(first name, last name, number in the LMS, login), thirty of them."""
    pairs = [(first, last) for last in LAST for first in FIRST]
    return [
        (first, last, str(4000 + n), f"s{n:02d}@a-rather-long-name-of-a-university.example")
        for n, (first, last) in enumerate(pairs)
    ]


def roster_csv() -> str:
    """The class as a Canvas gradebook exports it."""
    lines = ["Student,ID,SIS User ID,SIS Login ID,Section", '"    Points Possible",,,,']
    lines += [f'"{last}, {first}",{number},R{number},{login},A' for first, last, number, login in people()]
    return "\n".join([*lines, '"Student, Test",9,,,A', ""])
