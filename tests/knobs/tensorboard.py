"""What the text of chapter 07 invites to change: cell, what stands there, what a reader would try, and how far to run on."""

KNOBS = [
    {
        "cell": "buffer",
        "old": "VALUES, QUEUES = 45, [10, 1]",
        "new": [
            "VALUES, QUEUES = 45, (0, 4)",
            "VALUES, QUEUES = 7, (10, 1)",
            "VALUES, QUEUES = 200, (100, 10, 3)",
            "VALUES, QUEUES = 0, [10]",
            "VALUES, QUEUES = 45, [44, 45, 46]",
        ],
        "until": "buffer-claim",
    },
    {
        "cell": "smoothing",
        "old": "SMOOTHINGS = [0.6, 0.9, 0.97]",
        "new": [
            "SMOOTHINGS = (0, 0.5, 0.99)",
            "SMOOTHINGS = (0.999,)",
            "SMOOTHINGS = (0.6, 0.8, 0.9, 0.95, 0.97)",
            "SMOOTHINGS = [0.9999999]",
        ],
        "until": "smoothing-claim",
    },
]
