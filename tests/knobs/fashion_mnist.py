"""What chapter 06 invites its readers to change: the cells from `cell` to `until` run with each of the new lines."""

KNOBS = [
    {
        "cell": "shuffle",
        "old": "buffers = [1, 200, 2000]",
        "new": [
            "buffers = [10]",
            "buffers = [2, 50, 500, 5000]",
            "buffers = [1000, 1999]",
            "buffers = [1000000]",
            "buffers = [1, 2, 3, 4, 5, 6]",
        ],
        "until": "shuffle-claims",
    },
    {
        "cell": "parameters",
        "old": "units = [256, 128, 64, 32, 10]",
        "new": ["units = [10]", "units = [512, 512, 10]", "units = [1, 2000, 10]", "units = [1] * 12"],
        "until": "parameters-claims",
    },
    {
        "cell": "road-tape",
        "old": 'PRECISION = "float64"',
        "new": ['PRECISION = "float32"'],
        "until": "road-eager-claims",
    },
    {
        "cell": "swatches",
        "old": "swatch_seed = SEED",
        "new": ["swatch_seed = 1", "swatch_seed = 42", "swatch_seed = 2026", "swatch_seed = 10**6"],
        "until": "swatches-claims",
    },
]
