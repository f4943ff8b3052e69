"""The values that a reader of chapter 08 is invited to try."""

KNOBS = [
    {
        "cell": "draw",
        "old": "formula = lambda a, b: (a + b) * (a - b) + a",
        "new": [
            "formula = lambda a, b: a * b",
            "formula = lambda a, b: tf.nn.relu(a - b) / (a * a + b * b)",
            "formula = lambda a, b: a",
            "formula = lambda a, b: 5.0",
            "formula = lambda a, b: tf.reduce_sum(a * b)",
            "formula = lambda a, b: tf.concat([a, b], 0)",
            "formula = lambda a, b: a + 2 * b",
        ],
        "until": "draw-claims",
    },
    {
        "cell": "training-picture",
        "old": "RATES = [0.1, 0.6, 1.0, 1.03]",
        "new": [
            "RATES = [0.5]",
            "RATES = [0.0, 0.9, 2.0]",
            "RATES = [0.05, 0.1, 0.2, 0.4, 0.5, 0.8, 0.99, 1.0]",
            "RATES = (1, 10)",
            "RATES = [-0.1]",
            "RATES = [1e10]",
        ],
        "until": "training-claims",
    },
]
