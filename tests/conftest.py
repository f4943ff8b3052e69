"""The fixtures of all tests; what else they share is in `common`."""

import pytest
from common import course  # noqa: F401  a fixture
from postgres import programs, serving


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server on loopback."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install psycopg[binary]")
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL on this machine: apt-get install postgresql")
    with serving(found) as server:
        yield server
