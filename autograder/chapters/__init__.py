"""One module a chapter: its exercises, nothing else. Not readable where student code is graded."""

ORDER = (
    "forward_pass",
    "gradients_and_activations",
    "loss_scaling_and_nan",
    "clipping_and_explosion",
    "himmelblau_descent",
    "fashion_mnist",
    "tensorboard",
    "graph_and_session",
    "regularization_and_ema",
)
"""The chapters' topics in the order of the course; chapter 01 is the first."""


def folder(topic: str) -> str:
    """ "forward_pass" → "01_forward_pass", the name of its notebook and of nbgrader's assignment."""
    return f"{ORDER.index(topic) + 1:02d}_{topic}"
