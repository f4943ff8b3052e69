"""A gradebook copied into an empty one, of SQLite's or PostgreSQL's, table by table as nbgrader's models have them: every row, and
nothing is kept unless both hold the same afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator

from nbgrader.api import Base
from sqlalchemy import Column, Connection, MetaData, String, Table, create_engine, func, insert, inspect, select
from sqlalchemy.exc import DataError

from ..folder import CourseError
from .book import troubles
from .config import database_url
from .place import file_of, shown

BATCH = 2000
VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))
"""Nbgrader's note of how old the tables are; it makes it by hand, and no model has it."""
Counts = dict[str, int]


def rows_of(url: str) -> Counts:
    """How many rows each table has; a table that is not there has none. Raises `CourseError`."""
    with _open(url, hold=False) as source:
        return _counts(source)


def refuse_entries(url: str) -> None:
    """Raises `CourseError` for a gradebook that has some."""
    path = file_of(url)
    if path is None or path.exists():
        _refuse_full(rows_of(url), url)


def _refuse_full(counts: Counts, url: str) -> None:
    if sum(counts.values()):
        raise CourseError(f"{shown(url)} is a gradebook with entries already; name an empty database, or another file")


def copy_gradebook(source_url: str, target_url: str, tell: Callable[[int], None] = lambda rows: None) -> Counts:
    """Copy every row into an empty gradebook, in one transaction; returns how many there are in each table.

    tell: called with the number of rows that were copied since. Raises `CourseError`: then the target is as it was.
    """
    with _open(source_url) as source:
        _refuse_older(source, source_url)
        counts = _counts(source)
        if not sum(counts.values()):
            raise CourseError(f"there is nothing in {shown(source_url)}")
        _refuse_orphans(source, source_url)
        with _fresh(target_url) as url, _open(url, write=True) as target:
            _refuse_full(_counts(target), target_url)
            Base.metadata.create_all(target)
            VERSION.create(target, checkfirst=True)
            for table in _tables(source):
                _copy(source, target, table, tell)
            _compare(source, target, target_url)
            target.commit()
    return counts


def _tables(connection: Connection) -> list[Table]:
    """In an order in which each row comes after those that it refers to."""
    there = set(inspect(connection).get_table_names())
    return [table for table in (*Base.metadata.sorted_tables, VERSION) if table.name in there]


def _counts(connection: Connection) -> Counts:
    return {t.name: connection.scalar(select(func.count()).select_from(t)) for t in _tables(connection)}


@contextlib.contextmanager
def _open(url: str, *, write: bool = False, hold: bool = True) -> Iterator[Connection]:
    """A connection in one transaction. hold: it sees the gradebook as it is now, and lets nobody else change it."""
    with troubles(url):
        path = file_of(url)
        if path is not None and not write and not path.exists():
            raise CourseError(f"there is no gradebook {path}")
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                if hold and path is not None:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                elif hold:
                    connection.execution_options(isolation_level="REPEATABLE READ")
                    if names := [] if write else [_named(connection, table) for table in _tables(connection)]:
                        connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN SHARE MODE")
                yield connection
        finally:
            engine.dispose()


def _named(connection: Connection, table: Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)


@contextlib.contextmanager
def _fresh(url: str) -> Iterator[str]:
    """Of a file: one aside, which takes its place once it is written. Of a server, whose transactions do the same: as it is."""
    path = file_of(url)
    if path is None:
        yield url
        return
    refuse_entries(url)
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    try:
        yield database_url(aside)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _copy(source: Connection, target: Connection, table: Table, tell: Callable[[int], None]) -> None:
    found = source.execution_options(stream_results=True).execute(select(table))
    for rows in found.mappings().partitions(BATCH):
        try:
            target.execute(insert(table), [dict(row) for row in rows])
        except DataError as error:
            said = str(error.orig).splitlines()[0]
            raise CourseError(f"{table.name} holds what cannot be kept there: {said}; nothing was moved") from None
        tell(len(rows))


def _refuse_older(source: Connection, url: str) -> None:
    about = inspect(source)
    there = set(about.get_table_names())
    wanted = {t.name: {c.name for c in t.columns} for t in Base.metadata.sorted_tables}
    if there & set(wanted) and any(
        name not in there or columns - {c["name"] for c in about.get_columns(name)} for name, columns in wanted.items()
    ):
        raise CourseError(f"{shown(url)} is of an older nbgrader's making; run nbgrader db upgrade first")


def _refuse_orphans(source: Connection, url: str) -> None:
    """SQLite lets rows be whose cell or submission is gone; PostgreSQL does not, and nbgrader has no use for them."""
    tables = _tables(source)
    for table in tables:
        for key in table.foreign_keys:
            parent = key.column.table.alias()
            lost = (
                select(func.count())
                .select_from(table.outerjoin(parent, key.parent == parent.c[key.column.name]))
                .where(key.parent.is_not(None), parent.c[key.column.name].is_(None))
            )
            if key.column.table in tables and (count := source.scalar(lost)):
                raise CourseError(
                    f"{shown(url)} is damaged: {count} rows of {table.name} belong to a {key.column.table.name} that is not"
                    " there any more; take them out first"
                )


def _compare(source: Connection, target: Connection, target_url: str) -> None:
    for table in _tables(source):
        if _digest(source, table) != _digest(target, table):
            raise CourseError(f"{shown(target_url)} did not keep {table.name} as it was; nothing was moved")


def _digest(connection: Connection, table: Table) -> tuple[int, int]:
    """How many rows, and a sum of what each holds, which does not depend on their order: databases sort letters differently."""
    count, total = 0, 0
    found = connection.execution_options(stream_results=True).execute(select(table))
    for rows in found.partitions(BATCH):
        for row in rows:
            count += 1
            total += int.from_bytes(
                hashlib.blake2b(repr(tuple(row)).encode("utf-8", "backslashreplace"), digest_size=16).digest()
            )
    return count, total % (1 << 128)
