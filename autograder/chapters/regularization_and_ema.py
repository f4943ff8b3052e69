"""Chapter 09, regularization and EMA: a penalty that smooths the boundary, and an average that smooths the weights."""

import keras
import numpy as np
import tensorflow as tf

from ..judging.exercise import exercise
from ..judging.values import code, made


def _normal(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


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
    if not np.all(np.abs(X) < 10):  # also where there is nan
        return "there are points that are nowhere near the circle"
    return None


def _without_noise(result, inputs, expected):
    if found := _shapes(result, inputs[0]):
        return found
    X, y = _parts(result)
    if X[:, 0].min() < -1 or X[:, 0].max() > 1 or X[:, 1].min() < 0 or X[:, 1].max() > 2:
        return "without noise, points lie outside −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2"
    if X[:, 0].min() > -0.9 or X[:, 0].max() < 0.9 or X[:, 1].min() > 0.1 or X[:, 1].max() < 1.9:
        return "the points do not fill −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2"
    share, _, _ = np.histogram2d(X[:, 0], X[:, 1], bins=4, range=[[-1, 1], [0, 2]])
    if share.min() < 0.25 * share.mean() or share.max() > 2 * share.mean():
        return "the points are not spread evenly over −1 ≤ x₁ ≤ 1, 0 ≤ x₂ ≤ 2"
    outside = np.hypot(X[:, 0], X[:, 1]) > 1
    if np.array_equal(outside, y[:, 0] == 0):
        return "the labels are the wrong way round: inside is 0, outside 1"
    if not np.array_equal(outside, y[:, 0] == 1):
        return "without noise, some labels do not fit the unit circle around the origin"
    return None


def _with_noise(result, inputs, expected):
    n, noise, _ = inputs
    if found := _shapes(result, n):
        return found
    X, y = _parts(result)
    wrong = np.mean((np.hypot(X[:, 0], X[:, 1]) > 1) != (y[:, 0] == 1))
    if wrong == 0:
        return "every label fits the point it stands beside: the points were labelled after the noise was added"
    sides = _beyond(X)
    if not sides.any():
        return "no point lies beyond the square: was the noise cut off?"
    if not sides.all():
        return "points lie beyond some sides of the square and not beyond others: does the noise go every way?"
    theirs, y_theirs = _parts(expected)
    usual = np.mean((np.hypot(theirs[:, 0], theirs[:, 1]) > 1) != (y_theirs[:, 0] == 1))
    if not 0.6 * usual < wrong < 1.5 * usual or not 0.75 < sides.sum() / _beyond(theirs).sum() < 1.33:
        return "the noise has not the standard deviation that was asked for"
    if abs(np.cov(X.T)[0, 1]) > 0.03:
        return "both coordinates are moved by the same noise; each should have its own"
    return None


def _beyond(X):
    """The share of points beyond each side of the square."""
    return np.mean(np.stack([X[:, 0] < -1, X[:, 0] > 1, X[:, 1] < 0, X[:, 1] > 2]), axis=1)


def _three(answer, n, noise, seed):
    return [list(answer(n, noise, seed)), list(answer(n, noise, seed)), list(answer(n, noise, seed + 1))]


def _repeatable(result, inputs, expected):
    if any(_shapes(r, inputs[0]) for r in result):
        return _shapes(result[0], inputs[0]) or "two calls give results of different shapes"
    first, again, other = (_parts(r) for r in result)
    if not all(np.array_equal(a, b) for a, b in zip(first, again)):
        return "the same seed should give the same points"
    if np.array_equal(first[0], other[0]):
        return "another seed should give other points"
    if any(np.ptp(X, axis=0).min() < 1 or len(np.unique(y)) < 2 for X, y in (first, other)):
        return "the points do not lie around the circle, on both sides of it"
    return None


@noisy_circle.case("without noise: where the points lie and what they are labelled", accept=_without_noise)
def _(rng):
    return 800, 0.0, int(rng.integers(1000))


@noisy_circle.case("with noise: labelled before it", accept=_with_noise)
def _(rng):
    return 8000, float(rng.uniform(0.2, 0.3)), int(rng.integers(1000))


@noisy_circle.case("the seed decides", accept=_repeatable, probe=_three)
def _(rng):
    return int(rng.integers(30, 70)), 0.1, int(rng.integers(1000))  # enough for points on both sides


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


@noisy_circle.mistake("The generator is made without the seed: nobody can repeat what you saw.")
def _(n, noise, seed):
    clean, X = _points(n, noise, None)
    return X, (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("Both coordinates of your points run from −1 to 1. Where should the second one lie?")
def _(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = rng.uniform(-1, 1, (n, 2))
    return clean + rng.normal(0, noise, (n, 2)), (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


@noisy_circle.mistake("noise is a standard deviation; you took it for something else.")
def _(n, noise, seed):
    clean, _ = _points(n, noise, seed)
    rng = np.random.default_rng(seed + 1)
    return clean + rng.normal(0, np.sqrt(noise), (n, 2)), (np.sum(clean**2, axis=1) > 1).astype(int)[:, None]


# -- l2_penalty


@exercise(points=3, minutes=6, difficulty=1, forbid=["keras.regularizers.L2", "tf.nn.l2_loss"])
def l2_penalty(weights, lam):
    """λ times half the sum of all squared weights, over a list of tensors; 0 for an empty list.

    weights: list of float32 tensors of any shapes, lam: float → float32 scalar.
    """
    penalty = keras.regularizers.L2(lam / 2)
    return tf.add_n([tf.zeros([])] + [tf.convert_to_tensor(penalty(w)) for w in weights])


@l2_penalty.case("two matrices and a vector", gradient=True)
def _(rng):
    return [_normal(rng, 2, 10), _normal(rng, 10, 5), _normal(rng, 5)], float(rng.uniform(0.001, 0.1))


@l2_penalty.case("a single weight")
def _(rng):
    return [_normal(rng)], float(rng.uniform(0.5, 2))


@l2_penalty.case("no weights at all")
def _(rng):
    return [], 0.003


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


@l2_penalty.mistake("These are absolute values, an L1 penalty.")
def _(weights, lam):
    return lam * tf.add_n([tf.zeros([])] + [tf.reduce_sum(tf.abs(w)) for w in weights])


@l2_penalty.mistake("For an empty list your function fails. What is the sum of nothing?")
def _(weights, lam):
    return lam * tf.add_n(_squares(weights)) / 2


@l2_penalty.mistake("Where is λ in your result?")
def _(weights, lam):
    return tf.add_n([tf.zeros([]), *_squares(weights)]) / 2


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


def _graph(names, values):
    graph = tf.Graph()
    with graph.as_default():
        for row in values:
            for name, value in zip(names, row):
                tf.compat.v1.add_to_collection("losses", tf.constant(value, tf.float32, name=name))
    return graph


def _values(rng, runs, n):
    return [[float(v) for v in rng.uniform(0.1, 2, size=n)]] * runs


LOSSES = ["l2_first", "l2_second", "l2_third", "l2_fourth", "mse"]


@total_loss.case("the cell ran once", rtol=1e-5)
def _(rng):
    return (made(_graph, LOSSES, _values(rng, 1, 5)),)


@total_loss.case("the cell ran twice", rtol=1e-5)
def _(rng):
    return (made(_graph, LOSSES, _values(rng, 2, 5)),)


@total_loss.case("the cell ran three times, with two entries; each run drew new weights", rtol=1e-5)
def _(rng):
    return (made(_graph, ["penalty", "mse"], _values(rng, 1, 2) + _values(rng, 1, 2) + _values(rng, 1, 2)),)


@total_loss.case("two entries with the same value", rtol=1e-5)
def _(rng):
    return (made(_graph, ["penalty", "mse"], [_values(rng, 1, 1)[0] * 2] * 2),)


def _summed(graph, tensors):
    with tf.compat.v1.Session(graph=graph) as session:
        return len(tensors), float(sum(session.run(tensors)))


@total_loss.mistake(
    "Every run of the cell adds its entries once more, and you count them all: the penalty grows with each run."
)
def _(graph):
    return _summed(graph, graph.get_collection("losses"))


@total_loss.mistake("You count the right entries, but add all of them.")
def _(graph):
    tensors = graph.get_collection("losses")
    names = {t.op.name.rsplit("_", 1)[0] if t.op.name.rsplit("_", 1)[-1].isdigit() else t.op.name for t in tensors}
    return len(names), _summed(graph, tensors)[1]


@total_loss.mistake("Two different losses may have the same value. What tells them apart is not the number.")
def _(graph):
    with tf.compat.v1.Session(graph=graph) as session:
        values = set(session.run(graph.get_collection("losses")))
    return len(values), float(sum(values))


@total_loss.mistake("Of the entries that repeat you keep the last. Then the loss changes when the cell runs again.")
def _(graph):
    last = {}
    for tensor in graph.get_collection("losses"):
        stem, _, digits = tensor.op.name.rpartition("_")
        last[stem if digits.isdigit() else tensor.op.name] = tensor
    return _summed(graph, list(last.values()))


@total_loss.mistake("You cut a name at its first underscore: l2_first and l2_second are two losses, not a repeat.")
def _(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(tensor.op.name.split("_")[0], tensor)
    return _summed(graph, list(first.values()))


@total_loss.mistake("You give back the tensor of the sum. A number comes out of it only when a session runs it.")
def _(graph):
    tensors = graph.get_collection("losses")
    with graph.as_default():
        return len(tensors), tf.add_n(tensors)


# -- ema_update


@exercise(points=5, minutes=12, difficulty=2, forbid=["tf.train.ExponentialMovingAverage"])
def ema_update(shadow, value, decay, num_updates=None):
    """The moving average after one more value.

    shadow, value: float32 tensors of the same shape, decay: float in 0..1, num_updates: None, or how many updates there
    were; then the decay is bounded by (1 + num_updates) / (10 + num_updates) → float32 tensor of that shape.
    """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.Variable(shadow.numpy(), use_resource=True)
        average = tf.compat.v1.train.ExponentialMovingAverage(decay, num_updates=num_updates)
        update = average.apply([variable])
        session.run(tf.compat.v1.global_variables_initializer())
        variable.load(value.numpy(), session)
        session.run(update)
        return session.run(average.average(variable))


@ema_update.case("a number, a large decay")
def _(rng):
    return _normal(rng), _normal(rng, scale=5), 0.99


@ema_update.case("a matrix, a small decay")
def _(rng):
    return _normal(rng, 3, 4), _normal(rng, 3, 4), float(rng.uniform(0.1, 0.35))


@ema_update.case("early in a training, with num_updates")
def _(rng):
    return _normal(rng, 4), _normal(rng, 4, scale=5), 0.99, int(rng.integers(1, 6))


@ema_update.case("the very first update, num_updates 0")
def _(rng):
    return np.zeros(3, "float32"), _normal(rng, 3, scale=5), 0.99, 0


@ema_update.case("late in a training, with num_updates")
def _(rng):
    return _normal(rng, 4), _normal(rng, 4, scale=5), 0.99, int(rng.integers(10_000, 20_000))


@ema_update.mistake("Your decay weighs the new value. The larger the decay, the *slower* the shadow should follow.")
def _(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return (1 - decay) * shadow + decay * value


@ema_update.mistake("num_updates has no effect. What should the shadow do early in a training?")
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


# -- decision_grid


@exercise(points=4, minutes=10, difficulty=2)
def decision_grid(predict, xlim, ylim, step):
    """A network's answers on a grid, as np.mgrid orders it: xx[i, j] = xlim[0] + i·step, yy[i, j] = ylim[0] + j·step.

    predict: function [n, 2] → [n, 1]; xlim, ylim: (low, high), high excluded; step: float → xx, yy, Z, three arrays of
    one shape, Z holding predict's answer at each point.
    """
    xs, ys = np.arange(*xlim, step), np.arange(*ylim, step)
    xx, yy = np.meshgrid(xs, ys, indexing="ij")
    answers = [np.asarray(predict(np.stack([np.full(len(ys), x), ys], axis=1))).reshape(-1) for x in xs]
    return xx, yy, np.stack(answers)


def _limits(rng):
    low = float(rng.integers(-3, 0))
    return (low, low + float(rng.integers(2, 4))), (0.0, float(rng.integers(1, 4)))


@decision_grid.case("a plane that tells its axes apart", dtype=False, rtol=1e-4)
def _(rng):
    xlim, ylim = _limits(rng)
    return code("lambda p: np.asarray(p)[:, :1] + 10 * np.asarray(p)[:, 1:]"), xlim, ylim, 0.5


@decision_grid.case("a small network", dtype=False, rtol=1e-4, atol=1e-4)
def _(rng):
    a, b = rng.uniform(0.5, 2, size=2)
    xlim, ylim = _limits(rng)
    text = f"lambda p: tf.sigmoid(tf.cast(p, tf.float32) @ [[{a:.3f}], [{-b:.3f}]])"
    return code(text), xlim, ylim, 0.25


@decision_grid.case("a square grid, where rows and columns are easily confused", dtype=False, rtol=1e-4)
def _(rng):
    return code("lambda p: np.asarray(p)[:, :1] - 3 * np.asarray(p)[:, 1:] ** 2"), (0.0, 2.0), (0.0, 2.0), 0.5


@decision_grid.mistake("Rows and columns are exchanged: np.meshgrid runs along x in its columns, np.mgrid in its rows.")
def _(predict, xlim, ylim, step):
    xx, yy = np.meshgrid(np.arange(*xlim, step), np.arange(*ylim, step))
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake("Z is still a column. Give it the shape of the grid.")
def _(predict, xlim, ylim, step):
    xx, yy = np.mgrid[xlim[0] : xlim[1] : step, ylim[0] : ylim[1] : step]
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()]))


@decision_grid.mistake("The coordinates went in in the wrong order: the first column of predict's input is x₁.")
def _(predict, xlim, ylim, step):
    xx, yy = np.mgrid[xlim[0] : xlim[1] : step, ylim[0] : ylim[1] : step]
    return xx, yy, np.asarray(predict(np.c_[yy.ravel(), xx.ravel()])).reshape(xx.shape)


@decision_grid.mistake("The upper ends are in your grid; like np.arange, np.mgrid leaves them out.")
def _(predict, xlim, ylim, step):
    xx, yy = np.mgrid[xlim[0] : xlim[1] + step / 2 : step, ylim[0] : ylim[1] + step / 2 : step]
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


@decision_grid.mistake(
    "You turned the answers into classes. The boundary is drawn where they pass .5, so it needs them as they are."
)
def _(predict, xlim, ylim, step):
    xx, yy = np.mgrid[xlim[0] : xlim[1] : step, ylim[0] : ylim[1] : step]
    Z = np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)
    return xx, yy, (Z > 0.5).astype(float)
