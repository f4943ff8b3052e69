"""From submissions to grades: nbgrader preprocessors, the batch engine, the class report."""

from __future__ import annotations

import os

from ..execution.rehearsal import QUICK_START

# Before TensorFlow is imported: the reference must run on the same kernels as the answers in the children. Adam turns a
# difference in the last digit of a gradient near zero into one that no tolerance covers.
for _name, _value in QUICK_START.items():
    os.environ.setdefault(_name, _value)
