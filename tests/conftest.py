"""The fixtures of all tests; what else they share is in `common`."""

from common import course  # noqa: F401  a fixture
