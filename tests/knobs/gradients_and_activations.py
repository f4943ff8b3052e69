"""Values that a reader of chapter 02 would try at its knobs; the cells from `cell` to `until` must run with each of them."""

KNOBS = [
    {
        "cell": "tangents",
        "old": "at = 0.5",
        "new": ["at = -1.5", "at = 1.0", "at = 3", "at = 0", "at = -100"],
        "until": "tangents-claims",
    },
    {
        "cell": "tangents",
        "old": "steps = [1.5, 1.0, 0.5, 0.1]",
        "new": [
            "steps = [2, 1]",
            "steps = [-1.0, -0.5, -0.1]",
            "steps = [1.5, 1.0, 0.5, 0.2, 0.1, 0.01]",
            "steps = [1, 0]",
            "steps = [1e-9]",
        ],
        "until": "tangents-claims",
    },
    {
        "cell": "steepest",
        "old": "point = [1.2, 0.6]",
        "new": ["point = [-1.0, 1.0]", "point = [0.0, 0.0]", "point = [3, 0]", "point = (1, 1)", "point = [1e6, -10]"],
        "until": "steepest-claims",
    },
    {
        "cell": "valleys-picture",
        "old": "[-1.9, 0.3, 1.9]",
        "new": ["(-1, 0, 1)", "(0.12, 0.13, 0.14, 0.15)", "(-5.0, 1.9)", "[0.5]", "[]", "[1e6]"],
        "until": "valleys-claims",
    },
    {
        "cell": "tape-graph-w2",
        "old": 'watched=["w2"]',
        "new": ["watched=[]", 'watched=["x"]', 'watched=["b1", "w2"]', 'watched=["b2"]', 'watched=["q"]'],
        "until": "tape-graph-w2",
    },
    {
        "cell": "second-curves",
        "old": "tf.sin(2 * x) * tf.exp(-0.3 * x)",
        "new": [
            "tf.cos(x)",
            "x**3 / 3 - 2 * x**2 + x",
            "3.0 * x + 1.0",
            "x - 2.5",
            "1.0 / x",
            "tf.tan(x)",
            "tf.constant(1.0)",
        ],
        "until": "second-claims",
    },
    {
        "cell": "activation-picture",
        "old": "reach = 8.0",
        "new": ["reach = 3", "reach = 20.0", "reach = 100.0", "reach = 0", "reach = -8", "reach = 1e6"],
        "until": "activation-picture-claims",
    },
    {
        "cell": "activation-picture",
        "old": "threshold = 0.05",
        "new": ["threshold = 0.2", "threshold = 0.001", "threshold = 0", "threshold = -1", "threshold = 2"],
        "until": "activation-picture-claims",
    },
    {
        "cell": "softmax-picture",
        "old": "[2.0, 1.0, 0.1], [0.1, 0.5, 1.0, 3.0]",
        "new": [
            "[2.0, 1.0, -1.0], [1.0, 2.0]",
            "[1, 1, 1, 1], [1, 10]",
            "[3.0, 2.0, 1.0, 0.5], [100.0]",
            "[-1, -2], 2",
            "[0, 0], [0]",
            "[2.0, 1e6], [-1.0]",
        ],
        "until": "softmax-differences",
    },
    {
        "cell": "silence-picture",
        "old": "reach = 20.0",
        "new": ["reach = 5", "reach = 50.0", "reach = 300.0", "reach = 0", "reach = -20", "reach = 1e6"],
        "until": "silence-picture-claims",
    },
    {
        "cell": "layer-picture",
        "old": "bias = 0.0",
        "new": ["bias = -2", "bias = 2", "bias = 10.0", "bias = -1e6"],
        "until": "layer-linear",
    },
    {
        "cell": "own-visits",
        "old": "most = 14",
        "new": ["most = 5", "most = 1", "most = 16", "most = 2"],
        "until": "own-claims",
    },
]
