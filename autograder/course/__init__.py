"""The course folder and all that is made from it, for authors and instructors; `nbgrader` alone speaks with nbgrader."""

import sys

# nbformat validates with jsonschema, which compiles a grammar of international web addresses when it is imported, if there is a
# library for them (Jupyter's server brings one): half of what a command takes to start, and no notebook's schema has such an address.
ADDRESSES = "rfc3987_syntax"
if "jsonschema" not in sys.modules and ADDRESSES not in sys.modules:
    sys.modules[ADDRESSES] = None  # type: ignore[assignment]  to who imports it now it is not there
    try:
        import nbformat  # noqa: F401
    finally:
        del sys.modules[ADDRESSES]
