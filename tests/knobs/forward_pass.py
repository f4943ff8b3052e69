"""What a reader of chapter 01 may try: the values that its "try other values" invite."""

KNOBS = [
    {
        "cell": "knob",
        "old": "STDDEVS = [0.1, 1.0]",
        "new": [
            "STDDEVS = (0.03, 0.1, 0.3)",
            "STDDEVS = (0.5,)",
            "STDDEVS = (2.0, 0.01)",
            "STDDEVS = [0.001, 1000]",
            "STDDEVS = [0, 1]",
        ],
        "until": "knob-claims",
    },
    {
        "cell": "journey",
        "old": "[784, 256, 128, 10]",
        "new": ["[784, 10]", "[784, 300, 100, 50, 10]", "[4, 1]", "[1]", "[784, 1000000, 1, 10]"],
        "until": "journey",
    },
    {
        "cell": "own-run",
        "old": '"sizes": (784, 256, 128, 10)',
        "new": [
            '"sizes": (784, 256, 128, 64, 10)',
            '"sizes": (784, 10)',
            '"sizes": (784, 32, 10)',
            '"sizes": [784, 64, 10]',
        ],
        "until": "own-mistakes",
    },
    {
        "cell": "own-run",
        "old": '"lr": 0.3, "stddev": 0.1',
        "new": [
            '"lr": 1.0, "stddev": 0.1',
            '"lr": 0.3, "stddev": 0.03',
            '"lr": 0.3, "stddev": 1.0',
            '"lr": 0, "stddev": 0',
            '"lr": 1e6, "stddev": 0.1',
        ],
        "until": "own-mistakes",
    },
    {
        "cell": "own-run",
        "old": '"batch": 128',
        "new": ['"batch": 32', '"batch": 256', '"batch": 1000'],
        "until": "own-mistakes",
    },
]
