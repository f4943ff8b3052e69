"""What a reader of chapter 04 may try: the values that its "turn these knobs" invite."""

KNOBS = [
    {
        "cell": "value-picture",
        "old": "LO, HI = 2.0, 8.0",
        "new": ["LO, HI = 0.0, 6.0", "LO, HI = -1.0, 1.0", "LO, HI = 4.0, 20.0", "LO, HI = 2, 8", "LO, HI = 8.0, 2.0"],
        "until": "value-tie-claims",
    },
    {
        "cell": "three-clips",
        "old": "G, C = [9.0, 4.0], 5.0",
        "new": [
            "G, C = [9.0, 4.0], 4.0",
            "G, C = [-3.0, 7.0], 2.0",
            "G, C = [1.0, 2.0], 20.0",
            "G, C = [9, 4], 3",
            "G, C = [0, 0], 5",
            "G, C = [1e6, 1], 0.01",
        ],
        "until": "three-claims",
    },
    {
        "cell": "bound-knob",
        "old": "HIGH = 15.0",
        "new": ["HIGH = 1.0", "HIGH = 0.1", "HIGH = 1000.0", "HIGH = 1", "HIGH = 0", "HIGH = 15"],
        "until": "bound-claims",
    },
    {
        "cell": "own-run",
        "old": "MY_BOUND = 15.0",
        "new": [
            "MY_BOUND = 5.0",
            "MY_BOUND = 1.0",
            "MY_BOUND = 1000.0",
            "MY_BOUND = 0.1",
            "MY_BOUND = 15",
            "MY_BOUND = 0",
            "MY_BOUND = -1",
        ],
        "until": "own-claims",
    },
]
