"""The values that a reader of chapter 09 is invited to try."""

KNOBS = [
    {"cell": "boundaries", "old": "SHOWN = -1", "new": ["SHOWN = 0", "SHOWN = 3", "SHOWN = 5"], "until": "boundaries"},
    {
        "cell": "shadows",
        "old": "SPREAD = 0.3",
        "new": ["SPREAD = 0.0", "SPREAD = 0.1", "SPREAD = 1.0"],
        "until": "shadows-claims",
    },
]
