"""Changes of right answers that are no mistakes: exercise → pattern of what was changed → why it does the same.

A pattern must match the whole of a mutant's `what` (see tests/mutants.py); "*" holds for all exercises.
"""

EQUIVALENT: dict[str, dict[str, str]] = {
    "*": {
        r"NumPy: «.*»": "an array counts as the tensor of its numbers; where a gradient is asked for, this is killed",
    },
}
