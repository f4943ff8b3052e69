"""The values that a reader of chapter 09 is invited to try."""

KNOBS = [
    {
        "cell": "boundaries",
        "old": "SHOWN = -1",
        "new": ["SHOWN = 0", "SHOWN = 1", "SHOWN = 2", "SHOWN = 3", "SHOWN = 4", "SHOWN = 5"],
        "until": "boundaries",
    },
    {
        "cell": "shadows",
        "old": "SPREAD = 0.3",
        "new": ["SPREAD = 0", "SPREAD = 0.1", "SPREAD = 1.0", "SPREAD = 10", "SPREAD = 1e6"],
        "until": "shadows-claims",
    },
]
