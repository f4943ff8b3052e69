"""Chapter 09, regularization and EMA: a penalty that smooths the boundary, and an average that smooths the weights."""

import keras
import numpy as np
import tensorflow as tf

from ..judging.compare import difference
from ..judging.exercise import exercise
from ..judging.values import code, made


def _normal(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


def _both(rng, n, scale=1.0):
    """A few numbers, the first of them negative and the last positive, whatever was drawn."""
    values = _normal(rng, n, scale=scale)
    values[0], values[-1] = -abs(values[0]), abs(values[-1])
    return values


# -- noisy_circle


@exercise(points=4, minutes=12, difficulty=2)
def noisy_circle(n, noise, seed):
    """Points around a circle: the clean point is labelled, then moved by noise.

    n: int, noise: standard deviation of the noise, seed: int → X float [n, 2], y int [n, 1]: 0 inside the unit circle
    around the origin (on it counts as inside), 1 outside. Clean points are uniform on −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2.
    """
    rng = np.random.default_rng(seed)
    clean = np.stack([rng.uniform(-1, 1, n), rng.uniform(0, 2, n)], axis=1)
    labels = (np.hypot(clean[:, 0], clean[:, 1]) > 1).astype("int64")
    return clean + rng.normal(0, noise, (n, 2)), labels[:, None]


# Dimensions: n (one point, dozens, thousands; odd, so that halves do not fit); noise (none; small beside the square, so that labels can be held against
# places; large beside it, so that the noise itself is seen: its mean, spread, form, one for each coordinate; overwhelming, so
# that nothing else is seen); seed (0, 1, equal, neighbours, alike modulo 2, 10, 100, 256, 1000, 4096); the seed must reach
# places, labels and noise; repeated calls.
# Every statistical bound lies six standard deviations out (or at p < 1e-7, Kolmogorov): a false alarm in a million is too many.


def _parts(result):
    if not isinstance(result, (list, tuple)) or len(result) != 2:
        return None
    return [np.asarray(getattr(part, "value", part)) for part in result]


def _shapes(result, n):
    parts = _parts(result)
    if parts is None:
        return "your function should return two arrays, X and y"
    X, y = parts
    if X.shape != (n, 2):
        return "X should have the shape [n, 2]"
    if y.shape == (n,):
        return "y should have the shape [n, 1]: a column, as the network's output is one"
    if y.shape != (n, 1):
        return "y should have the shape [n, 1]"
    if not set(np.unique(y)) <= {0, 1}:
        return "the labels should be 0 and 1"
    if not np.all(np.isfinite(X)):
        return "there are points that are nowhere: nan or infinite"
    return None


def _share_below(x, low, noise):
    """The share of points expected below each x: uniform on low … low + 2, moved by normal noise."""
    if noise == 0:
        return np.clip((x - low) / 2, 0, 1)

    def summed(z):  # ∫ Φ: z Φ(z) + φ(z)
        return z * (1 + tf.math.erf(z / np.sqrt(2)).numpy()) / 2 + np.exp(-z * z / 2) / np.sqrt(2 * np.pi)

    return noise / 2 * (summed((x - low) / noise) - summed((x - low - 2) / noise))


def _fits(X, column, low, noise):
    """Kolmogorov's test, p > 3e-8: do these coordinates have the distribution that they should have?"""
    x = np.sort(X[:, column].astype("float64"))
    above = np.arange(1, len(x) + 1) / len(x) - _share_below(x, low, noise)
    return max(above.max(), (1 / len(x) - above).max()) < 3 / np.sqrt(len(x))


def _independent(X):
    return abs(np.corrcoef(X.astype("float64").T)[0, 1]) < 6 / np.sqrt(len(X))


def _without_noise(result, inputs, expected):
    if found := _shapes(result, inputs[0]):
        return found
    X, y = _parts(result)
    if X[:, 0].min() < -1 or X[:, 0].max() > 1 or X[:, 1].min() < 0 or X[:, 1].max() > 2:
        return "without noise, points lie outside −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2"
    if X[:, 0].min() > -0.9 or X[:, 0].max() < 0.9 or X[:, 1].min() > 0.1 or X[:, 1].max() < 1.9:
        return "the points do not fill −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2"
    if not _fits(X, 0, -1, 0) or not _fits(X, 1, 0, 0) or not _independent(X) or _repeats(X):
        return "the points are not spread evenly, each by itself, over −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2"
    radius = np.hypot(*X.astype("float64").T)
    sure = abs(radius - 1) > 1e-5  # where float32 may round to either side, either label will do
    outside = radius > 1
    if np.array_equal(outside[sure], y[sure, 0] == 0):
        return "the labels are the wrong way round: inside is 0, outside 1"
    if not np.array_equal(outside[sure], y[sure, 0] == 1):
        return "without noise, some labels do not fit the unit circle around the origin"
    return None


def _repeats(X):
    return len(np.unique(X[:, 0])) < 0.98 * len(X)


def _little_noise(result, inputs, expected):
    n, noise, _ = inputs
    if found := _shapes(result, n):
        return found
    X, y = _parts(result)
    outside, labelled = np.hypot(*X.T) > 1, y[:, 0] == 1
    if np.array_equal(outside, labelled):
        return "every label fits the point it stands beside: the points were labelled after the noise was added"
    if np.mean(outside == labelled) < 0.5:
        return "most labels do not fit the points they stand beside: inside is 0, outside 1"
    far = abs(np.hypot(*X.T) - 1) > 7 * noise
    if not np.array_equal(outside[far], labelled[far]):
        return "there are points on the wrong side of the circle, farther from it than this noise can move them"
    # fifty or more points are to be expected beyond each side: that there is none never happens
    if X[:, 0].min() >= -1 or X[:, 0].max() <= 1 or X[:, 1].min() >= 0 or X[:, 1].max() <= 2:
        return "noise like this moves some points out of the square at each of its four sides; at one of them yours has none"
    return _moved(X, noise)


def _much_noise(result, inputs, expected):
    n, noise, _ = inputs
    if found := _shapes(result, n):
        return found
    X, y = _parts(result)
    inside = np.mean(y == 0)
    if abs(inside - np.pi / 8) > 6 * 0.5 / np.sqrt(n):
        return "the share of points labelled 0 is not that of the half disc in the square: were clean points labelled?"
    return _moved(X, noise)


def _moved(X, noise):
    """Is what moved the points normal noise of this standard deviation, independent for each coordinate?"""
    n = len(X)
    centred = X.astype("float64") - [0, 1]
    spread = np.sqrt(noise**2 + 1 / 3)
    if not _independent(X):
        return "both coordinates are moved by the same noise; each should have its own"
    if np.any(abs(centred.mean(axis=0)) > 6 * spread / np.sqrt(n)):
        return "the points are moved to one side in the mean: the noise should have the mean 0"
    variance = centred.var(axis=0)
    if np.any(abs(variance - spread**2) > 6 * spread**2 * np.sqrt(2 / n)):
        return "the noise has not the standard deviation that was asked for"
    tails = np.mean(centred**4, axis=0) / variance**2 - 3  # 0 for normal noise, −1.2 for uniform
    if noise > 1 and np.any(abs(tails + 0.2) > 0.7) or _repeats(X):
        return "the noise is not normal: its numbers are not distributed as they should be"
    if not _fits(X, 0, -1, noise) or not _fits(X, 1, 0, noise):
        return "the moved points are not distributed as they should be"
    return None


def _seeds(answer, n, noise, seed):
    asked = [seed, seed, 0, 0, 1, *[seed + more for more in (1, 2, 10, 100, 256, 1000, 4096)]]
    storms = [list(answer(n, 1e5, one)) for one in (seed, seed + 1)]
    return [list(answer(n, noise, one)) for one in asked], list(answer(1, noise, seed)), storms


def _repeatable(result, inputs, expected):
    many, one, storms = result
    if len(many) != len(expected[0]):
        return "your function should return X and y at every call"
    if found := next(filter(None, (_shapes(r, inputs[0]) for r in many)), None):
        return found
    if _shapes(one, 1):
        return "asked for a single point, your function should return X [1, 2] and y [1, 1]"
    first, again, zero, zero_again, *others = (_parts(r) for r in many)
    if any(np.ptp(X, axis=0).min() < 0.5 or len(np.unique(y)) < 2 for X, y in (first, zero, *others)):
        return "the points do not lie around the circle, on both sides of it"
    if not all(np.array_equal(a, b) for a, b in zip(first, again)):
        return "the same seed should give the same points"
    if not all(np.array_equal(a, b) for a, b in zip(zero, zero_again)):
        return "0 is a seed like any other, and yours gives other points each time"
    for part, name in ((0, "points"), (1, "labels, as the points are others")):
        values = [pair[part].tobytes() for pair in (first, zero, *others)]
        if len(set(values)) < len(values):
            return f"another seed should give other {name}"
    if any(_shapes(storm, inputs[0]) for storm in storms):
        return _shapes(storms[0], inputs[0]) or _shapes(storms[1], inputs[0])
    (stormy, _), (other, _) = (_parts(storm) for storm in storms)
    if np.all(abs(stormy - other) < 100):  # beside such noise the square is a dot
        return "another seed should give other noise; yours moves the points alike"
    return None


def _odd(rng, fewest, most):
    return 2 * int(rng.integers(fewest // 2, most // 2)) + 1


@noisy_circle.case("without noise: where the points lie and what they are labelled", accept=_without_noise, seeded=True)
def _(rng):
    return _odd(rng, 1000, 1500), 0.0, int(rng.integers(1000))


@noisy_circle.case("a little noise: labelled before it", accept=_little_noise, seeded=True)
def _(rng):
    return _odd(rng, 4000, 5000), float(rng.uniform(0.06, 0.1)), int(rng.integers(1000))


@noisy_circle.case("much noise: normal, and as large as asked for", accept=_much_noise, seeded=True)
def _(rng):
    return _odd(rng, 4000, 5000), float(rng.uniform(2, 4)), int(rng.integers(1000))


@noisy_circle.case("the seed decides", accept=_repeatable, probe=_seeds, seeded=True)
def _(rng):
    return _odd(rng, 60, 100), 0.1, int(rng.integers(2, 1000))  # enough for points on both sides


def _points(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = np.stack([rng.uniform(-1, 1, n), rng.uniform(0, 2, n)], axis=1)
    return clean, clean + rng.normal(0, noise, (n, 2))


@noisy_circle.mistake(
    "You labelled the points where they ended up. Then nothing is mislabelled, and there is nothing to overfit."
)
def _(n, noise, seed):
    _, X = _points(n, noise, seed)
    return X, (np.sum(X**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("Inside is 0, outside is 1; yours are the other way round.")
def _(n, noise, seed):
    clean, X = _points(n, noise, seed)
    return X, (np.sum(clean**2, axis=1) <= 1).astype(int)[:, None]


@noisy_circle.mistake(
    "Your labels are a flat array. Subtracted from a column of outputs it broadcasts to a square, and the loss is wrong."
)
def _(n, noise, seed):
    clean, X = _points(n, noise, seed)
    return X, (np.sum(clean**2, axis=1) > 1).astype(int)


@noisy_circle.mistake("The generator never hears of the seed: nobody can repeat what you saw.")
def _(n, noise, seed):
    clean = np.random.uniform([-1, 0], [1, 2], (n, 2))
    X = clean + np.random.normal(0, noise, (n, 2))
    return X, (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("Both coordinates of your points run from −1 to 1. Where should the second one lie?")
def _(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = rng.uniform(-1, 1, (n, 2))
    return clean + rng.normal(0, noise, (n, 2)), (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("noise is a standard deviation; you took it for a variance.")
def _(n, noise, seed):
    clean, _ = _points(n, noise, seed)
    rng = np.random.default_rng(seed + 1)
    return clean + rng.normal(0, np.sqrt(noise), (n, 2)), (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("Your noise has edges: it is uniform. Which method of a generator draws normal numbers?")
def _(n, noise, seed):
    clean, _ = _points(n, noise, seed)
    rng = np.random.default_rng(seed + 1)
    X = clean + rng.uniform(-noise, noise, (n, 2))
    return X, (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("One noise moves both coordinates, so all points move along one diagonal. Each needs its own.")
def _(n, noise, seed):
    clean, _ = _points(n, noise, seed)
    rng = np.random.default_rng(seed + 1)
    return clean + rng.normal(0, noise, (n, 1)), (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake(
    "Some seeds give the same points as others: what you hand to the generator is not the seed itself."
)
def _(n, noise, seed):
    clean, X = _points(n, noise, seed % 2)
    return X, (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("The coordinates are exchanged: the first runs from −1 to 1, the second from 0 to 2.")
def _(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = np.column_stack([rng.uniform(0, 2, n), rng.uniform(-1, 1, n)])
    y = (np.sum(clean**2, axis=1, keepdims=True) > 1).astype("float32")
    return (clean + rng.normal(0, noise, clean.shape)).astype("float32"), y


@noisy_circle.mistake("Points first, labels second: your two results are exchanged.")
def _(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = np.column_stack([rng.uniform(-1, 1, n), rng.uniform(0, 2, n)])
    y = (np.sum(clean**2, axis=1, keepdims=True) > 1).astype("float32")
    return y, (clean + rng.normal(0, noise, clean.shape)).astype("float32")


# -- l2_penalty


@exercise(
    points=3,
    minutes=6,
    difficulty=1,
    forbid=["keras.regularizers.L2", "keras.regularizers.L1L2", "tf.nn.l2_loss"],
)
def l2_penalty(weights, lam):
    """λ times half the sum of all squared weights, over a list of tensors; 0 for an empty list.

    weights: list of float32 tensors of any shapes, lam: float → float32 scalar.
    """
    penalty = keras.regularizers.L2(lam / 2)
    return tf.add_n([tf.zeros([])] + [tf.convert_to_tensor(penalty(w)) for w in weights])


# Dimensions: how many tensors (none, one, three, more than eight); their axes (0 to 4) and sizes (one element, hundreds);
# sign and size of the weights (0, below 1, thousands); λ (0, small, above 1); value and gradient; called again.


@l2_penalty.case("two matrices and a vector", points=1, gradient=True)
def _(rng):
    return [_normal(rng, 2, 10), _normal(rng, 10, 5), _normal(rng, 5)], float(rng.uniform(0.001, 0.1))


@l2_penalty.case("a single weight", points=0.5)
def _(rng):
    return [np.float32(-rng.uniform(0.5, 2))], float(rng.uniform(0.5, 2))


@l2_penalty.case("no weights at all", points=0.5)
def _(rng):
    return [], 0.003


def _again(answer, weights, lam):
    return [answer(weights, lam), answer(weights, lam), answer(weights, 0.0)]


@l2_penalty.case(
    "a deep network with large weights, asked twice, and once with λ = 0", points=1, gradient=True, probe=_again
)
def _(rng):
    wide, deep = int(rng.integers(17, 30)), int(rng.integers(9, 12))
    bank = [_normal(rng, 1, 1, 1, wide, scale=1000), _normal(rng, 2, 1, 3), _normal(rng, wide, 12, scale=100)]
    return [*bank, *(_normal(rng, 2, scale=100) for _ in range(deep))], float(rng.uniform(1.5, 3))


def _squares(weights):
    return [tf.reduce_sum(tf.square(w)) for w in weights]


@l2_penalty.mistake(
    "Your penalty is twice too large: tf.nn.l2_loss, which this is to equal, has a factor in front of its sum."
)
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([]), *_squares(weights)])


@l2_penalty.mistake("You take the mean of the squares. Then a large layer is punished no more than a small one.")
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([])] + [tf.reduce_mean(tf.square(w)) / 2 for w in weights])


@l2_penalty.mistake("You take the norm, the root of the sum of squares. Its gradient does not shrink with the weights.")
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([])] + [tf.norm(w) for w in weights])


@l2_penalty.mistake(
    "You take half the norm, the root of the sum of squares, where half the sum of squares is asked for."
)
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([])] + [tf.norm(w) for w in weights]) / 2


@l2_penalty.mistake("These are absolute values, an L1 penalty.")
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([])] + [tf.reduce_sum(tf.abs(w)) for w in weights])


@l2_penalty.mistake("For an empty list your function fails. What is the sum of nothing?")
def _(weights, lam):
    return lam * tf.add_n(_squares(weights)) / 2


@l2_penalty.mistake("Where is λ in your result?")
def _(weights, lam):
    return tf.add_n([tf.zeros([]), *_squares(weights)]) / 2


@l2_penalty.mistake("Your λ is squared with the weights; it stands in front of the sum.")
def _(weights, lam):
    return tf.add_n([tf.zeros([]), *_squares([lam * w for w in weights])]) / 2


@l2_penalty.mistake("You add the weights first and square then: weights of opposite signs cancel.")
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([])] + [tf.square(tf.reduce_sum(w)) for w in weights]) / 2


@l2_penalty.mistake("A list with one penalty for each tensor comes back; the loss needs one number.")
def _(weights, lam):
    return [lam * square / 2 for square in _squares(weights)]


@l2_penalty.mistake(
    "The penalty is right, but it is a Python number: no gradient comes back through it, and no weight would shrink."
)
def _(weights, lam):
    return lam * sum(float(np.sum(np.square(w))) for w in weights) / 2


@l2_penalty.mistake("Tensors of different shapes make no single tensor. Square and add up each of them by itself.")
def _(weights, lam):
    return lam * tf.reduce_sum(tf.square(weights)) / 2


# -- total_loss


@exercise(points=4, minutes=10, difficulty=3)
def total_loss(graph):
    """How many different entries the graph's collection 'losses' has, and the value of their sum.

    graph: tf.Graph whose collection holds scalar tensors, some of them more than once because a cell ran twice; entries
    with the same operation name up to TensorFlow's suffix _1, _2, … are repeats, and only the first of them counts
    → (int, float).
    """
    seen = {}
    for tensor in graph.get_collection("losses"):
        stem, _, digits = tensor.op.name.rpartition("_")
        seen.setdefault(stem if digits.isdigit() else tensor.op.name, tensor)
    with tf.compat.v1.Session(graph=graph) as session:
        return len(seen), float(sum(session.run(list(seen.values()))))


# Dimensions: runs of the cell (none, 1, 2, 3, more than ten: _10); number of losses; names (with scopes, with digits in the
# middle and at the end, one the beginning of another); values (equal, negative, zero, large); order (the first in the list
# need not be the one without a suffix, which need not be in the list at all); called again; the caller's collection stays.


def _graph(names, values):
    graph = tf.Graph()
    with graph.as_default():
        tf.constant(100.0, name="not_in_the_list")
        for row in values:
            for name, value in zip(names, row):
                tf.compat.v1.add_to_collection("losses", tf.constant(value, tf.float32, name=name))
    return graph


def _mixed(names, values, order, outside):
    """A graph as above whose list is in another order, and holds nothing of the names in `outside` from the first run."""
    graph = tf.Graph()
    with graph.as_default():
        kept = []
        for run, row in enumerate(values):
            for name, value in zip(names, row):
                tensor = tf.constant(value, tf.float32, name=name)
                kept += [] if run == 0 and name in outside else [tensor]
        for i in order:
            if i < len(kept):
                tf.compat.v1.add_to_collection("losses", kept[i])
    return graph


def _asked(answer, graph):
    """Two answers in a row, and whether the collection is still what it was."""
    before = [tensor.name for tensor in graph.get_collection("losses")]
    first, second = answer(graph), answer(graph)
    after = [tensor.name for tensor in graph.get_collection("losses")]
    return {"first": first, "second": second, "kept": before == after}


def _counted(result, inputs, expected):
    if result["kept"] is not True:
        return "after your function has looked at it, the graph's collection is another; others still need it"
    if not isinstance(result["first"], (list, tuple)) or len(result["first"]) != 2:
        return "your function should return two numbers, how many entries there are and their sum"
    for asked, when in (("first", ""), ("second", "asked a second time, ")):
        parts = zip(result[asked], expected[asked], ("the number of entries", "their sum"), strict=True)
        found = [difference(got, want, rtol=1e-5, what=f"{when}{what}") for got, want, what in parts]
        if any(found):
            return "; ".join(filter(None, found))
    return None


def _values(rng, runs, n):
    return [[float(v) for v in rng.uniform(0.1, 2, size=n)]] * runs


LOSSES = ["l2_first", "l2_second", "l2_third", "l2_fourth", "mse"]


@total_loss.case("the cell ran once", points=0.5, probe=_asked, accept=_counted)
def _(rng):
    return (made(_graph, LOSSES, _values(rng, 1, 5)),)


@total_loss.case("the cell ran twice", points=0.5, probe=_asked, accept=_counted)
def _(rng):
    return (made(_graph, LOSSES, _values(rng, 2, 5)),)


@total_loss.case(
    "the cell ran three times, with two entries; each run drew new weights", points=0.5, probe=_asked, accept=_counted
)
def _(rng):
    return (made(_graph, ["penalty", "mse"], [_values(rng, 1, 2)[0] for _ in range(3)]),)


@total_loss.case("two entries with the same value", points=0.5, probe=_asked, accept=_counted)
def _(rng):
    return (made(_graph, ["penalty", "mse"], [_values(rng, 1, 1)[0] * 2] * 2),)


@total_loss.case("names with scopes and digits; losses may be negative", points=0.5, probe=_asked, accept=_counted)
def _(rng):
    names = ["block_1/l2", "block_2/l2", "head2", "head3", "l2", "l2_loss", "mse"]
    values = [[float(v) for v in rng.uniform(-2, 2, size=len(names)) - 3.0] for _ in range(2)]
    return (made(_graph, names, values),)


@total_loss.case("the cell ran more than ten times", points=0.5, probe=_asked, accept=_counted)
def _(rng):
    runs = int(rng.integers(11, 14))
    return (made(_graph, ["penalty", "mse"], [[float(v) for v in rng.uniform(50, 500, size=2)] for _ in range(runs)]),)


@total_loss.case(
    "a list in another order, and a name that an operation outside of it has taken",
    points=0.5,
    probe=_asked,
    accept=_counted,
)
def _(rng):
    values = [[float(v) for v in row] for row in rng.uniform(0.5, 2, size=(3, 3)) + [[0.0], [3.0], [6.0]]]
    rest = [int(i) for i in rng.permutation([0, 1, 3, 5, 6])]
    # the list has penalty_9_1 and penalty_9_2, runs of a penalty_9 outside of it, and neither is a run of penalty
    return (made(_mixed, ["penalty", "mse", "penalty_9"], values, [7, 2, 4, *rest], ["penalty_9"]),)


@total_loss.case("no loss at all", points=0.5, probe=_asked, accept=_counted)
def _(rng):
    return (made(_graph, [], []),)


def _summed(graph, tensors):
    with tf.compat.v1.Session(graph=graph) as session:
        return len(tensors), float(sum(session.run(tensors)))


def _stem(name):
    stem, _, digits = name.rpartition("_")
    return stem if digits.isdigit() else name


@total_loss.mistake(
    "Every run of the cell adds its entries once more, and you count them all: the penalty grows with each run."
)
def _(graph):
    return _summed(graph, graph.get_collection("losses"))


@total_loss.mistake("You count the right entries, but add all of them.")
def _(graph):
    tensors = graph.get_collection("losses")
    return len({_stem(t.op.name) for t in tensors}), _summed(graph, tensors)[1]


@total_loss.mistake("You add the right entries, but count all of them.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(_stem(tensor.op.name), tensor)
    return len(graph.get_collection("losses")), _summed(graph, list(first.values()))[1]


@total_loss.mistake("Two different losses may have the same value. What tells them apart is not the number.")
def _(graph):
    with tf.compat.v1.Session(graph=graph) as session:
        values = list(dict.fromkeys(session.run(graph.get_collection("losses"))))
    return len(values), float(sum(values))


@total_loss.mistake("Of the entries that repeat you keep the last. Then the loss changes when the cell runs again.")
def _(graph):
    last = {}
    for tensor in graph.get_collection("losses"):
        last[_stem(tensor.op.name)] = tensor
    return _summed(graph, list(last.values()))


@total_loss.mistake("You cut a name at its first underscore: l2_first and l2_second are two losses, not a repeat.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(tensor.op.name.split("_")[0], tensor)
    return _summed(graph, list(first.values()))


@total_loss.mistake(
    "You cut a name at its last underscore, whatever follows: only a number there is a suffix of TensorFlow's."
)
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(tensor.op.name.rpartition("_")[0] or tensor.op.name, tensor)
    return _summed(graph, list(first.values()))


@total_loss.mistake(
    "You keep the names that have no suffix. But the first of a name may carry one: look at the whole list."
)
def _(graph):
    tensors = [t for t in graph.get_collection("losses") if _stem(t.op.name) == t.op.name]
    return _summed(graph, tensors)


@total_loss.mistake("A suffix may have two digits: after ten runs it is _10.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        name = tensor.op.name
        first.setdefault(name[:-2] if name[-2:-1] == "_" and name[-1].isdigit() else name, tensor)
    return _summed(graph, list(first.values()))


@total_loss.mistake("block_1/l2 and block_2/l2 are two losses. A repeat's number stands at the end of the whole name.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault("".join(c for c in tensor.op.name if not c.isdigit()).replace("_", ""), tensor)
    return _summed(graph, list(first.values()))


@total_loss.mistake("You empty the graph's collection on the way. Whoever asks next finds no losses.")
def _(graph):
    first, losses = {}, graph.get_collection_ref("losses")
    while losses:
        tensor = losses.pop(0)
        first.setdefault(_stem(tensor.op.name), tensor)
    return _summed(graph, list(first.values()))


@total_loss.mistake("You give back the tensor of the sum. A number comes out of it only when a session runs it.")
def _(graph):
    tensors = graph.get_collection("losses")
    with graph.as_default():
        return len(tensors), tf.add_n([tf.zeros([]), *tensors])


@total_loss.mistake("Your session runs the default graph, in which there are no losses. Tell it which graph it is for.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(_stem(tensor.op.name), tensor)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        return len(first), float(sum(session.run(list(first.values()))))


@total_loss.mistake("The number of entries comes first, then their sum: your pair is in the other order.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(_stem(tensor.op.name), tensor)
    return _summed(graph, list(first.values()))[::-1]


@total_loss.mistake(
    "A tensor of a graph has no .numpy(): there is no value in it. A session on this graph computes one."
)
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(_stem(tensor.op.name), tensor)
    return len(first), float(sum(tensor.numpy() for tensor in first.values()))


@total_loss.mistake(
    "You return the sum alone. The task asks for two things: how many entries there are, and their sum."
)
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(_stem(tensor.op.name), tensor)
    return _summed(graph, list(first.values()))[1]


# -- ema_update


@exercise(points=5, minutes=12, difficulty=2, forbid=["tf.train.ExponentialMovingAverage"])
def ema_update(shadow, value, decay, num_updates=None):
    """The moving average after one more value.

    shadow, value: float32 tensors of the same shape, decay: float in 0..1, num_updates: None, or how many updates there
    were; then the decay is bounded by (1 + num_updates) / (10 + num_updates) → float32 tensor of that shape.
    """
    average = tf.train.ExponentialMovingAverage(decay, num_updates=num_updates)
    variable = tf.Variable(shadow)
    average.apply([variable])  # here the shadow begins, as the variable's value
    variable.assign(value)
    average.apply([variable])
    return tf.convert_to_tensor(average.average(variable))


# Dimensions: axes (0 to 3) and sizes (one element, hundreds); sign and size of the numbers; decay (0, small, above ½, near 1,
# 1); num_updates (missing, 0, few, hundreds, millions) on either side of where the two decays cross; called again and again.


@ema_update.case("a number, a large decay", points=0.5)
def _(rng):
    return (
        -abs(_normal(rng)),
        -abs(_normal(rng, scale=5)),
        0.99,
    )  # so that a negative number comes out, whatever was drawn


@ema_update.case("a matrix, a small decay", points=0.5)
def _(rng):
    return _normal(rng, 3, 4), _normal(rng, 3, 4), float(rng.uniform(0.1, 0.35))


@ema_update.case("early in a training run, with num_updates")
def _(rng):
    return _both(rng, 4), _both(rng, 4, scale=5), 0.99, int(rng.integers(1, 6))


@ema_update.case("the very first update, num_updates 0")
def _(rng):
    return np.zeros(3, "float32"), _both(rng, 3, scale=5), 0.99, 0


@ema_update.case("late in a training run, with num_updates", points=0.5)
def _(rng):
    return _both(rng, 4), _both(rng, 4, scale=5), 0.99, int(rng.integers(10_000, 2_000_000))


@ema_update.case("a decay below its bound from the third update on", points=0.5)
def _(rng):
    rows = int(rng.integers(18, 30))
    return _normal(rng, rows, 2, 9, scale=1000), _normal(rng, rows, 2, 9, scale=1000), 0.2, int(rng.integers(3, 100))


def _ends(answer, shadow, value, number):
    """Decay 0 and 1, hundreds of updates, and then twelve updates one after the other, with and without num_updates."""
    results = [answer(shadow, value, 0.0), answer(shadow, value, 1.0), answer(shadow, value, 1.0, number)]
    results.append(answer(shadow, value, 0.999, 16 * number))
    for counted in (True, False):
        track = shadow
        for n in range(12):
            seen = value * (n + 1.0)
            track = tf.convert_to_tensor(answer(track, seen, 0.9, n) if counted else answer(track, seen, 0.9))
        results.append(track)
    return results


@ema_update.case("decays 0 and 1, and twelve updates in a row", points=1, probe=_ends)
def _(rng):
    return _both(rng, 2), _both(rng, 2), int(rng.integers(15, 40))


@ema_update.mistake("Your decay weighs the new value. The larger the decay, the *slower* the shadow should follow.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return (1 - decay) * shadow + decay * value


@ema_update.mistake("num_updates has no effect. What should the shadow do early in a training run?")
def _(shadow, value, decay, num_updates=None):
    return decay * shadow + (1 - decay) * value


@ema_update.mistake("You treat num_updates 0 as if it were missing: 0 is false in Python, but not None.")
def _(shadow, value, decay, num_updates=None):
    if num_updates:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return decay * shadow + (1 - decay) * value


@ema_update.mistake(
    "With num_updates you always take the bound. It is an upper bound: the smaller of the two decays counts."
)
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = (1 + num_updates) / (10 + num_updates)
    return decay * shadow + (1 - decay) * value


@ema_update.mistake("You take the larger of the two decays.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = max(decay, (1 + num_updates) / (10 + num_updates))
    return decay * shadow + (1 - decay) * value


@ema_update.mistake("The weights of old and new must add up to 1; you add the whole new value.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return decay * shadow + value


@ema_update.mistake("The weights of old and new must add up to 1; you keep the whole old shadow.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return shadow + (1 - decay) * value


@ema_update.mistake("Your bound is 0 for every number of updates: // cuts the fraction down to a whole number.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) // (10 + num_updates))
    return decay * shadow + (1 - decay) * value


@ema_update.mistake("Your bound counts this update, too. num_updates goes into the formula as it is.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (2 + num_updates) / (11 + num_updates))
    return decay * shadow + (1 - decay) * value


@ema_update.mistake("You fail where num_updates is missing: None is no number, and then the decay counts as it is.")
def _(shadow, value, decay, num_updates=None):
    decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return decay * shadow + (1 - decay) * value


@ema_update.mistake("A tensor cannot be assigned to. Return the new shadow; nothing has to be changed in place.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    shadow.assign(decay * shadow + (1 - decay) * value)
    return shadow


# -- decision_grid


@exercise(points=4, minutes=10, difficulty=2, picture="grid")
def decision_grid(predict, xlim, ylim, step):
    """A network's answers on a grid, as np.mgrid orders it: xx[i, j] = xlim[0] + i·step, yy[i, j] = ylim[0] + j·step.

    predict: function [n, 2] → [n, 1]; xlim, ylim: (low, high), high excluded, the ranges whole multiples of step up to
    rounding; step: float → xx, yy, Z, three arrays of one shape, Z holding predict's answer at each point.
    """
    xs, ys = (low + step * np.arange(round((high - low) / step)) for low, high in (xlim, ylim))
    xx, yy = np.meshgrid(xs, ys, indexing="ij")
    answers = [np.asarray(predict(np.stack([np.full(len(ys), x), ys], axis=1))).reshape(-1) for x in xs]
    return xx, yy, np.stack(answers)


# Dimensions: rows and columns (1, few, more than 64 and than 256; fewer rows than columns, more, equal); ranges below 0, above, across;
# steps (binary fractions, decimal ones with which mgrid and arange let the end in, and those with which a quotient that is cut
# leaves a row out; above 1); answers (large, negative, not
# in 0..1, a tensor or an array); the order of the two coordinates.


def _range(rng, step, fewest, most):
    low = step * (int(rng.integers(-12, 12)) or 12)  # never 0: who begins there anyhow would be right
    return low, low + step * int(rng.integers(fewest, most))


@decision_grid.case("a plane that tells its axes apart", points=1, dtype=False, rtol=1e-4)
def _(rng):
    xlim, ylim = _range(rng, 0.5, 3, 6), _range(rng, 0.5, 7, 10)
    return code("lambda p: 100 * np.asarray(p)[:, :1] + 1000 * np.asarray(p)[:, 1:]"), xlim, ylim, 0.5


@decision_grid.case("a small network, more rows than columns", points=0.5, dtype=False, rtol=1e-4, atol=1e-4)
def _(rng):
    a, b = rng.uniform(0.5, 2, size=2)
    text = f"lambda p: tf.sigmoid(tf.cast(p, tf.float32) @ [[{a:.3f}], [{-b:.3f}]])"
    return code(text), _range(rng, 0.25, 9, 12), _range(rng, 0.25, 3, 6), 0.25


@decision_grid.case("a square grid, where rows and columns are easily confused", points=0.5, dtype=False, rtol=1e-4)
def _(rng):
    return code("lambda p: np.asarray(p)[:, :1] - 3 * np.asarray(p)[:, 1:] ** 2"), (0.0, 2.0), (0.0, 2.0), 0.5


@decision_grid.case("a fine grid, wider than long", points=0.5, dtype=False, rtol=1e-4, atol=1e-4)
def _(rng):
    text = "lambda p: tf.sin(3 * tf.cast(p, tf.float32)[:, :1]) - tf.cast(p, tf.float32)[:, 1:]"
    return code(text), _range(rng, 0.125, 4, 7), _range(rng, 0.125, 257, 280), 0.125


@decision_grid.case("a single row, a step above 1", points=0.5, dtype=False, rtol=1e-4)
def _(rng):
    text = "lambda p: np.asarray(p)[:, :1] - 0.5 * np.asarray(p)[:, 1:]"
    return code(text), _range(rng, 2.0, 1, 2), _range(rng, 2.0, 2, 6), 2.0


@decision_grid.case("a single column", points=0.5, dtype=False, rtol=1e-4)
def _(rng):
    text = "lambda p: 3 * np.asarray(p)[:, :1] - np.asarray(p)[:, 1:]"
    return code(text), _range(rng, 0.5, 2, 6), _range(rng, 0.5, 1, 2), 0.5


@decision_grid.case("decimal steps: the upper end stays out, whatever rounding does", dtype=False, rtol=1e-4, atol=1e-4)
def _(rng):
    count = (4, 7, 9)[int(rng.integers(3))]  # (high − low) / step is a little less here
    return (
        code("lambda p: np.asarray(p)[:, :1] + 3 * np.asarray(p)[:, 1:]"),
        (0.3, 0.3 + 0.1 * count),
        (-0.2, 2.2),  # 2.2 is let in by np.mgrid and np.arange here
        0.1,
    )


def _grid(xlim, ylim, step):
    rows, columns = (round((high - low) / step) for low, high in (xlim, ylim))
    i, j = np.mgrid[0:rows, 0:columns]
    return xlim[0] + step * i, ylim[0] + step * j


@decision_grid.mistake("Rows and columns are exchanged: np.meshgrid runs along x in its columns, np.mgrid in its rows.")
def _(predict, xlim, ylim, step):
    xx, yy = (table.T for table in _grid(xlim, ylim, step))
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake("Z is still a column. Give it the shape of the grid.")
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()]))


@decision_grid.mistake("Z is one long row. Give it the shape of the grid.")
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).ravel()


@decision_grid.mistake("The coordinates went in in the wrong order: the first column of predict's input is x₁.")
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    return xx, yy, np.asarray(predict(np.c_[yy.ravel(), xx.ravel()])).reshape(xx.shape)


@decision_grid.mistake("xx and yy come back exchanged: the first of the three belongs to x₁.")
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    return yy, xx, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake("The upper ends are in your grid; the task leaves them out.")
def _(predict, xlim, ylim, step):
    xx, yy = _grid((xlim[0], xlim[1] + step), (ylim[0], ylim[1] + step), step)
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake(
    "With some decimal steps np.mgrid and np.arange let the upper end in, by rounding. How many points should there be?"
)
def _(predict, xlim, ylim, step):
    xx, yy = np.mgrid[xlim[0] : xlim[1] : step, ylim[0] : ylim[1] : step]
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake(
    "Your grid has as many rows as columns, whatever the ranges: each axis has its own number of steps."
)
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, (ylim[0], ylim[0] + xlim[1] - xlim[0]), step)
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake(
    "You turned the answers into classes. The boundary is drawn where they pass .5, so it needs them as they are."
)
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    Z = np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)
    return xx, yy, (Z > 0.5).astype(float)


@decision_grid.mistake(
    "predict takes one argument: a table with a row for each point and a column for each coordinate."
)
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    return xx, yy, predict(xx, yy)


@decision_grid.mistake("You return the answers alone. The task asks for xx, yy and Z.")
def _(predict, xlim, ylim, step):
    xx, yy = _grid(xlim, ylim, step)
    return np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)
