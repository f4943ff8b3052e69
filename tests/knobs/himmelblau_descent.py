"""The knobs that chapter 05 offers: cells run again with another value, up to the last cell that it touches."""

KNOBS = [
    {
        "cell": "surface-run",
        "old": "elevation=60, azimuth=-30",
        "new": [
            "elevation=90, azimuth=0",
            "elevation=5, azimuth=200",
            "elevation=-20, azimuth=-45",
            "elevation=90.5, azimuth=1000",
        ],
        "until": "surface-claims",
    },
    {
        "cell": "basins-run",
        "old": "LR = 0.01",
        "new": ["LR = 0.005", "LR = 0.012", "LR = 0.02", "LR = 0.05", "LR = 0", "LR = -0.01", "LR = 10"],
        "until": "basins-claims",
    },
    {
        "cell": "zigzag",
        "old": "[0.3, 1, 1.8, 2, 2.1]",
        "new": ["[0.5]", "[0, 0.9, 1.99, 2.5]", "[-0.1, 3]", "0.5", "[0.3] * 10", "[1e10]", "[2]"],
        "until": "zigzag-claims",
    },
]
