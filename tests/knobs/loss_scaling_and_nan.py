"""The knobs that chapter 03 offers: cells run again with another value, up to the last cell that it touches."""

KNOBS = [
    {
        "cell": "detective-run",
        "old": "STDDEV, LR, LAST = 1.0, 1e-3, 9",
        "new": [
            "STDDEV, LR, LAST = 0.1, 1e-3, 9",
            "STDDEV, LR, LAST = 0.1, 1.0, 12",
            "STDDEV, LR, LAST = 3.0, 0.1, 1",
            "STDDEV, LR, LAST = 0, 0, 30",
            "STDDEV, LR, LAST = 1e20, -1, 3",
        ],
        "until": "detective-claims",
    },
    {
        "cell": "map-run",
        "old": "STEPS, seed = 30, SEED",
        "new": [
            "STEPS, seed = 60, SEED",
            "STEPS, seed = 30, 1",
            "STEPS, seed = 30, 3",
            "STEPS, seed = 20, 17",
            "STEPS, seed = 10, 10**6",
            "STEPS, seed = 1, 0",
            "STEPS, seed = 120, 4",
        ],
        "until": "map-claims",
    },
]
