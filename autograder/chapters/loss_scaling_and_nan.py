"""Chapter 03, loss scaling and NaN: who made the loss infinite, what a reduction does to a step, and losses that hold."""

import numpy as np
import tensorflow as tf

from ..judging.exercise import exercise
from ..judging.values import raw, variable


def _normal(rng, *shape, scale=1.0):
    return np.asarray(scale * rng.normal(size=shape), "float32")


# -- first_bad ----------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=6, difficulty=1)
def first_bad(named):
    """The name of the first tensor, in the order of the dict, that holds a NaN or an infinity; None if all are finite.

    named: dict of name → float tensor of any shape → str or None.
    """
    for name, tensor in named.items():
        try:
            tf.debugging.check_numerics(tensor, name)
        except tf.errors.InvalidArgumentError:
            return name
    return None


def _spoiled(array, rng, value):
    array = np.array(array)
    array.flat[int(rng.integers(array.size))] = value
    return array


@first_bad.case("one NaN among many numbers")
def _(rng):
    return ({"x": _normal(rng, 4, 6), "h1": _spoiled(_normal(rng, 4, 5), rng, np.nan), "out": _normal(rng, 4, 3)},)


@first_bad.case("one negative infinity, in the last tensor")
def _(rng):
    return ({"x": _normal(rng, 3, 4), "h1": _normal(rng, 3, 3), "loss": _spoiled(_normal(rng, 3, 2), rng, -np.inf)},)


@first_bad.case("two bad tensors: the first in the order of the dict, not of the alphabet")
def _(rng):
    return (
        {
            "w1": variable(_normal(rng, 3, 2)),
            "out": _spoiled(_normal(rng, 5, 2), rng, np.inf),
            "loss": np.array(np.nan, "float32"),
            "square": _spoiled(_normal(rng, 5, 2), rng, np.nan),
        },
    )


@first_bad.case("everything finite")
def _(rng):
    return ({"x": _normal(rng, 2, 3), "loss": _normal(rng), "w": rng.normal(size=(2, 2))},)


@first_bad.case("huge numbers that are finite, though their sum is not")
def _(rng):
    huge = (3e38 * rng.uniform(0.9, 1.0, size=(4,))).astype("float32")
    return ({"dw1": huge, "dw2": -huge, "db2": _normal(rng, 3)},)


@first_bad.case("scalars, and more than one dtype")
def _(rng):
    return (
        {
            "lr": np.array(rng.uniform()),
            "half": rng.normal(size=(2, 2)).astype("float16"),
            "loss": np.array(np.inf, "float32"),
            "after": np.array(np.nan),
            "step": rng.normal(size=(2, 2)).astype("float16") + np.float16(np.inf),
        },
    )


@first_bad.mistake("You look for NaN only. An infinity is the step before it: how would you notice one?")
def _(named):
    for name, tensor in named.items():
        if bool(tf.reduce_any(tf.math.is_nan(tensor))):
            return name
    return None


@first_bad.mistake("You look for infinities only, and walk past a NaN: it is not infinite, and not finite either.")
def _(named):
    for name, tensor in named.items():
        if bool(tf.reduce_any(tf.math.is_inf(tensor))):
            return name
    return None


@first_bad.mistake("You name the last bad tensor. The detective wants the first: when should your loop stop?")
def _(named):
    found = None
    for name, tensor in named.items():
        if not bool(tf.reduce_all(tf.math.is_finite(tensor))):
            found = name
    return found


@first_bad.mistake(
    "You sorted the names. A dict keeps the order in which it was filled, and here that order is the order of computation."
)
def _(named):
    for name in sorted(named):
        if not bool(tf.reduce_all(tf.math.is_finite(named[name]))):
            return name
    return None


@first_bad.mistake("You call a tensor bad only when all of its elements are. How many does it take?")
def _(named):
    for name, tensor in named.items():
        if not bool(tf.reduce_any(tf.math.is_finite(tensor))):
            return name
    return None


@first_bad.mistake("You compared with NaN by ==. NaN is equal to nothing, not even to itself.")
def _(named):
    for name, tensor in named.items():
        if bool(tf.reduce_any(tensor == tf.constant(np.nan, tensor.dtype))):
            return name
    return None


@first_bad.mistake(
    "You tested a sum or a mean. Adding up large finite numbers can overflow, and then the test accuses the innocent."
)
def _(named):
    for name, tensor in named.items():
        if not bool(tf.math.is_finite(tf.reduce_sum(tensor))):
            return name
    return None


@first_bad.mistake("You return every bad name. The task asks for the first one alone.")
def _(named):
    return [name for name, tensor in named.items() if not bool(tf.reduce_all(tf.math.is_finite(tensor)))]


@first_bad.mistake("When nothing is wrong, the answer is None, the object, and not a text or a truth value.")
def _(named):
    for name, tensor in named.items():
        if not bool(tf.reduce_all(tf.math.is_finite(tensor))):
            return name
    return ""


# -- equivalent_lr ------------------------------------------------------------------------------------------------------


@exercise(points=4, minutes=10, difficulty=2)
def equivalent_lr(lr, from_, to, n, c):
    """The learning rate with which SGD on the loss reduced as `to` makes the step that `lr` makes on the one reduced as `from_`.

    from_, to: 'mean' (over examples and classes), 'batch_mean' (sum over classes, mean over examples) or 'sum';
    n: examples in the batch, c: classes → float.
    """
    reductions = {
        "mean": tf.reduce_mean,
        "batch_mean": lambda errors: tf.reduce_mean(tf.reduce_sum(errors, axis=1)),
        "sum": tf.reduce_sum,
    }
    errors = tf.ones([n, c], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(errors)
        old, new = reductions[from_](errors), reductions[to](errors)
    return float(lr * tape.gradient(old, errors)[0, 0] / tape.gradient(new, errors)[0, 0])


def _sizes(rng):
    n, c = int(rng.integers(20, 300)), int(rng.integers(3, 19))
    return float(10 ** rng.uniform(-4, 0)), n, c


def _conversion(name, from_, to, **options):
    @equivalent_lr.case(name, **options)
    def _(rng):
        lr, n, c = _sizes(rng)
        return lr, from_, to, n, c


_conversion("from 'mean' to 'batch_mean'", "mean", "batch_mean", rtol=1e-5)
_conversion("from 'mean' to 'sum'", "mean", "sum", rtol=1e-5)
_conversion("from 'batch_mean' to 'sum'", "batch_mean", "sum", rtol=1e-5)
_conversion("from 'batch_mean' to 'mean'", "batch_mean", "mean", rtol=1e-5)
_conversion("from 'sum' to 'mean'", "sum", "mean", rtol=1e-5)
_conversion("from 'sum' to 'batch_mean'", "sum", "batch_mean", rtol=1e-5)
_conversion("from 'batch_mean' to itself", "batch_mean", "batch_mean", rtol=1e-5)


def _terms(reduction, n, c):
    return {"mean": n * c, "batch_mean": n, "sum": 1}[reduction]


@equivalent_lr.mistake(
    "It is the other way round. Where the loss is larger, so is its gradient: must lr then grow or shrink?"
)
def _(lr, from_, to, n, c):
    return lr * _terms(from_, n, c) / _terms(to, n, c)


@equivalent_lr.mistake(
    "You left the learning rate as it was. Scaling a loss keeps the direction of its gradient, not its length."
)
def _(lr, from_, to, n, c):
    return lr


@equivalent_lr.mistake("This is the ratio of the two losses. Which learning rate follows from it?")
def _(lr, from_, to, n, c):
    return _terms(to, n, c) / _terms(from_, n, c)


@equivalent_lr.mistake("You exchanged the examples and the classes: over which of the two does 'batch_mean' average?")
def _(lr, from_, to, n, c):
    return lr * _terms(to, c, n) / _terms(from_, c, n)


@equivalent_lr.mistake(
    "You treat 'mean' as a mean over the examples alone. This one averages over the classes as well."
)
def _(lr, from_, to, n, c):
    terms = {"mean": n, "batch_mean": n, "sum": 1}
    return lr * terms[to] / terms[from_]


@equivalent_lr.mistake(
    "You take the square root of the ratio. Norms are proportional to the scale of the loss, not to its root."
)
def _(lr, from_, to, n, c):
    return lr * (_terms(to, n, c) / _terms(from_, n, c)) ** 0.5


@equivalent_lr.mistake("Integer division gives 0 wherever the ratio is below one. Which division keeps the fraction?")
def _(lr, from_, to, n, c):
    return lr * (_terms(to, n, c) // _terms(from_, n, c))


@equivalent_lr.mistake(
    "You convert as if one of the two were always 'mean'. What happens from 'sum' to 'batch_mean', or back?"
)
def _(lr, from_, to, n, c):
    if from_ == "mean":
        return lr * _terms(to, n, c) / (n * c)
    return lr * (n * c) / _terms(from_, n, c)


# -- stable_softmax -----------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=10,
    difficulty=2,
    forbid=[
        "tf.nn.softmax",
        "tf.compat.v1.nn.softmax",
        "tf.nn.log_softmax",
        "tf.keras.backend.softmax",
        "keras.activations.softmax",
        "keras.ops.softmax",
        "keras.layers.Softmax",
    ],
)
def stable_softmax(z):
    """Softmax of every row, safe for any finite logits; the argument stays as it was.

    z: float tensor or NumPy array [batch, classes] → the same shape and dtype.
    """
    return tf.nn.softmax(z, axis=-1)


@stable_softmax.case("ordinary logits")
def _(rng):
    return (_normal(rng, 4, 3, scale=2),)


@stable_softmax.case("as many rows as classes")
def _(rng):
    return (_normal(rng, 5, 5, scale=2),)


@stable_softmax.case("a single row")
def _(rng):
    return (_normal(rng, 1, 7, scale=2),)


@stable_softmax.case("logits near 1000, where exp overflows", rtol=1e-3)
def _(rng):
    return (1000 + _normal(rng, 3, 4, scale=2),)


@stable_softmax.case("a row near 1000, a row near −1000, and one that spans both", rtol=1e-3)
def _(rng):
    return (np.float32([[1000] * 4, [-1000] * 4, [1000, -900, -1000, 999]]) + _normal(rng, 3, 4),)


@stable_softmax.case("small probabilities keep their size", rtol=1e-3, atol=0)
def _(rng):
    return (np.float32([[0, -50, -60, -70]]) + rng.uniform(-2, 2, size=(2, 4)).astype("float32"),)


@stable_softmax.case("float64 stays float64")
def _(rng):
    return (rng.normal(scale=3, size=(3, 5)),)


@stable_softmax.case("a NumPy array, which the caller still needs")
def _(rng):
    return (raw(_normal(rng, 4, 6, scale=3)),)


@stable_softmax.mistake(
    "exp overflows on large logits, and inf / inf is NaN. What may you subtract from a row without changing its softmax?"
)
def _(z):
    e = tf.exp(z)
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake("Your rows do not add up to 1. Over what did you add?")
def _(z):
    e = tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))
    return e / tf.reduce_sum(e)


@stable_softmax.mistake("You subtract one maximum for the whole batch. A row far below it underflows to 0 / 0.")
def _(z):
    e = tf.exp(z - tf.reduce_max(z))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake(
    "You subtract the mean of a row. Where one logit stands far above the others, exp overflows all the same."
)
def _(z):
    e = tf.exp(z - tf.reduce_mean(z, axis=1, keepdims=True))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake("The probabilities are right, but an in-place operator wrote into the caller's array.")
def _(z):
    if isinstance(z, np.ndarray):
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)
    return tf.nn.softmax(z)


@stable_softmax.mistake(
    "You raised small probabilities to a floor. After the subtraction nothing overflows any more: what is it for?"
)
def _(z):
    e = tf.maximum(tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True)), 1e-20)
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake(
    "You divided the logits by their maximum, which makes another distribution. Softmax is blind to a shift, not to a scale."
)
def _(z):
    e = tf.exp(z / tf.reduce_max(tf.abs(z), axis=1, keepdims=True))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake("You normalised the columns. Along which axis do the classes lie?")
def _(z):
    e = tf.exp(z - tf.reduce_max(z, axis=0, keepdims=True))
    return e / tf.reduce_sum(e, axis=0, keepdims=True)


@stable_softmax.mistake("Your result is float32 whatever came in. Keep the caller's dtype.")
def _(z):
    return tf.nn.softmax(tf.cast(z, tf.float32))


@stable_softmax.mistake("You cut the logits off at a bound: nothing overflows, but all large logits look the same.")
def _(z):
    return tf.nn.softmax(tf.clip_by_value(z, -80, 80))


@stable_softmax.mistake(
    "Without keepdims the maxima and sums have shape [batch] and broadcast along the wrong axis, "
    "silently where there are as many rows as classes."
)
def _(z):
    e = tf.exp(z - tf.reduce_max(z, axis=1))
    return e / tf.reduce_sum(e, axis=1)


@stable_softmax.mistake("These are the logarithms of the probabilities.")
def _(z):
    return tf.nn.log_softmax(z)


# -- sparse_ce ----------------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=12,
    difficulty=2,
    forbid=[
        "tf.nn.sparse_softmax_cross_entropy_with_logits",
        "tf.compat.v1.nn.sparse_softmax_cross_entropy_with_logits",
        "tf.nn.softmax_cross_entropy_with_logits",
        "tf.compat.v1.nn.softmax_cross_entropy_with_logits",
        "keras.losses.sparse_categorical_crossentropy",
        "keras.losses.SparseCategoricalCrossentropy",
        "keras.losses.categorical_crossentropy",
        "keras.losses.CategoricalCrossentropy",
        "keras.ops.sparse_categorical_crossentropy",
        "keras.ops.categorical_crossentropy",
    ],
)
def sparse_ce(z, y):
    """Cross-entropy of every example, from logits and label numbers, safe for any finite logits.

    z: float32 [batch, classes], y: int32 [batch] → float32 [batch], differentiable with respect to z.
    """
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)


@sparse_ce.case("ordinary logits", gradient=True)
def _(rng):
    return _normal(rng, 6, 4, scale=2), rng.integers(0, 4, size=6, dtype=np.int32)


@sparse_ce.case("as many examples as classes", gradient=True)
def _(rng):
    return _normal(rng, 5, 5, scale=2), rng.permutation(5).astype("int32")


@sparse_ce.case("a batch of one, twelve classes", gradient=True)
def _(rng):
    return _normal(rng, 1, 12), rng.integers(0, 12, size=1, dtype=np.int32)


def _confident(rng, size):
    """Logits whose largest stands out by `size`, half of them at a wrong class."""
    y = rng.integers(0, 4, size=6, dtype=np.int32)
    z = _normal(rng, 6, 4)
    z[np.arange(6), np.where(np.arange(6) % 2, y, (y + 1) % 4)] += size
    return z, y


@sparse_ce.case("confident and half of them wrong: logits near 60", gradient=True)
def _(rng):
    return _confident(rng, 60)


@sparse_ce.case("logits near 1000, where exp overflows, and near −1000", gradient=True, rtol=1e-3)
def _(rng):
    z, y = _confident(rng, 200)
    return z + np.float32([[1000], [1000], [-1000], [-1000], [0], [0]]), y


@sparse_ce.mistake(
    "softmax first, log afterwards: a probability that underflows to 0 becomes an infinite loss, "
    "and its gradient NaN. The logarithm of an exponential need not be computed in two steps."
)
def _(z, y):
    p = tf.nn.softmax(z)
    return -tf.math.log(tf.gather(p, y, batch_dims=1))


@sparse_ce.mistake("exp overflows: shift the logits of each example first, as in stable_softmax.")
def _(z, y):
    return tf.math.log(tf.reduce_sum(tf.exp(z), axis=1)) - tf.gather(z, y, batch_dims=1)


@sparse_ce.mistake(
    "You shift the whole batch by one maximum. In an example far below it every exp is 0, and log 0 is infinite."
)
def _(z, y):
    shifted = z - tf.reduce_max(z)
    return tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=1)) - tf.gather(shifted, y, batch_dims=1)


@sparse_ce.mistake(
    "Clipping the probability hides the infinity and takes the gradient away exactly where the mistake is most confident."
)
def _(z, y):
    p = tf.clip_by_value(tf.nn.softmax(z), 1e-10, 1.0)
    return -tf.math.log(tf.gather(p, y, batch_dims=1))


@sparse_ce.mistake(
    "The bound in your clip is even coarser than 1e-10: losses stop growing early, and their gradient is zero there."
)
def _(z, y):
    p = tf.clip_by_value(tf.nn.softmax(z), 1e-7, 1.0)
    return -tf.math.log(tf.gather(p, y, batch_dims=1))


@sparse_ce.mistake(
    "A small number added inside the logarithm avoids the infinity by bounding the loss. Do not leave the logits at all."
)
def _(z, y):
    p = tf.nn.softmax(z)
    return -tf.math.log(tf.gather(p, y, batch_dims=1) + 1e-10)


@sparse_ce.mistake("This is one number for the batch. The task asks for one loss per example.")
def _(z, y):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))


@sparse_ce.mistake(
    "You averaged over the classes, too: the one-hot zeros count as terms, and the loss is divided by the number of classes."
)
def _(z, y):
    return -tf.reduce_mean(tf.one_hot(y, z.shape[1]) * tf.nn.log_softmax(z), axis=1)


@sparse_ce.mistake("The sign: a logarithm of a probability is negative, a loss is not.")
def _(z, y):
    return tf.gather(tf.nn.log_softmax(z), y, batch_dims=1)


@sparse_ce.mistake("The depth of your one-hot encoding is always 10. How many classes do these logits have?")
def _(z, y):
    return -tf.reduce_sum(tf.one_hot(y, 10) * tf.nn.log_softmax(z), axis=1)


@sparse_ce.mistake(
    "Your gather takes the same columns from every row and returns a table. "
    "y chooses one column in every row, another in each."
)
def _(z, y):
    return -tf.gather(tf.nn.log_softmax(z), y, axis=1)


@sparse_ce.mistake(
    "softmax twice: what you feed in are probabilities already, and every loss lies close to the logarithm of the classes."
)
def _(z, y):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=tf.nn.softmax(z))


@sparse_ce.mistake("You normalised over the batch. Along which axis do the classes lie?")
def _(z, y):
    return -tf.gather(tf.nn.log_softmax(z, axis=0), y, batch_dims=1)


@sparse_ce.mistake(
    "The value is right, but the tape lost sight of z: NumPy leaves no trace on it, and a loss without a gradient teaches nothing."
)
def _(z, y):
    return tf.constant(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z).numpy())


@sparse_ce.mistake("One number too many in the shape: the losses stand in a column [batch, 1].")
def _(z, y):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)[:, None]


# -- stable_bce ---------------------------------------------------------------------------------------------------------


@exercise(
    points=5,
    minutes=15,
    difficulty=3,
    forbid=[
        "tf.nn.sigmoid_cross_entropy_with_logits",
        "tf.compat.v1.nn.sigmoid_cross_entropy_with_logits",
        "tf.nn.weighted_cross_entropy_with_logits",
        "tf.nn.softmax_cross_entropy_with_logits",
        "tf.nn.sparse_softmax_cross_entropy_with_logits",
        "tf.compat.v1.losses.sigmoid_cross_entropy",
        "keras.losses.binary_crossentropy",
        "keras.losses.BinaryCrossentropy",
        "keras.ops.binary_crossentropy",
    ],
)
def stable_bce(z, y):
    """Sigmoid cross-entropy of every element; value and gradient with respect to z are right everywhere, also at z = 0.

    z: float logits of any shape, y: labels between 0 and 1, of the same shape and dtype → the same shape and dtype.
    """
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z)


def _value_and_slope(answer, z, y):
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = answer(z, y)
    connected = isinstance(loss, tf.Tensor) and loss.dtype.is_floating
    return {"loss": loss, "gradient": tape.gradient(loss, z) if connected else None}


def _moderate(rng, *shape, bound=4.0):
    return rng.uniform(-bound, bound, size=shape)


@stable_bce.case("ordinary logits", probe=_value_and_slope)
def _(rng):
    return _moderate(rng, 8).astype("float32"), rng.permutation(np.float32([0, 1] * 4))


@stable_bce.case("at z = 0, where the formulas change sides", probe=_value_and_slope, points=1)
def _(rng):
    y = np.float32([0, 1, 0.5, rng.uniform(0.1, 0.4), 0, 1])
    return np.concatenate([np.zeros(4, "float32"), _normal(rng, 2)]), y


@stable_bce.case("logits of 18 to 75, where the sigmoid rounds to 0 or 1", probe=_value_and_slope)
def _(rng):
    size = rng.uniform(18, 75, size=4).astype("float32")
    return np.concatenate([size, -size]), np.float32([0, 1, 0, 1, 0, 1, 1, 0])


@stable_bce.case("logits near ±1000, where exp overflows", probe=_value_and_slope, points=1)
def _(rng):
    size = rng.uniform(800, 1200, size=4).astype("float32")
    return np.concatenate([size, -size]), np.float32([0, 1, 0, 1, 0, 1, 1, 0])


@stable_bce.case("a matrix, labels anywhere between 0 and 1", probe=_value_and_slope)
def _(rng):
    return _moderate(rng, 4, 3).astype("float32"), rng.uniform(size=(4, 3)).astype("float32")


@stable_bce.case("float64 stays float64", probe=_value_and_slope, rtol=1e-5)
def _(rng):
    return _moderate(rng, 6, bound=3.0), rng.permutation(np.float64([0, 1] * 3))


@stable_bce.case("a single logit", probe=_value_and_slope)
def _(rng):
    return _moderate(rng, 1).astype("float32"), np.float32([0])


@stable_bce.mistake(
    "log(sigmoid) fails long before exp does: once the sigmoid rounds to 0 or 1, you meet log(0), and 0 · inf."
)
def _(z, y):
    p = tf.sigmoid(z)
    return -(y * tf.math.log(p) + (1 - y) * tf.math.log(1 - p))


@stable_bce.mistake(
    "Clipping the probability makes the loss finite, flat and deaf: a confident mistake gets no gradient any more."
)
def _(z, y):
    p = tf.clip_by_value(tf.sigmoid(z), 1e-7, 1 - 1e-7)
    return -(y * tf.math.log(p) + (1 - y) * tf.math.log(1 - p))


@stable_bce.mistake(
    "A small number added inside the logarithm bounds the loss of a confident mistake. Stay with the logit."
)
def _(z, y):
    p = tf.sigmoid(z)
    return -(y * tf.math.log(p + 1e-7) + (1 - y) * tf.math.log(1 - p + 1e-7))


@stable_bce.mistake(
    "Each value is right and each gradient, except at z = 0: relu and abs both have a corner there, "
    "and TensorFlow gives both the slope 0. The loss itself has no corner."
)
def _(z, y):
    return tf.nn.relu(z) - z * y + tf.math.log1p(tf.exp(-tf.abs(z)))


@stable_bce.mistake(
    "Each value is right and each gradient, except at z = 0: at a tie, maximum gives one side the whole slope, "
    "and abs has the slope 0. The loss itself has no corner."
)
def _(z, y):
    return tf.maximum(z, 0) - z * y + tf.math.log1p(tf.exp(-tf.abs(z)))


@stable_bce.mistake(
    "Each value is right, the gradient far out is NaN: tf.where computes both branches, and the backward pass multiplies "
    "the infinity of the one not chosen by 0."
)
def _(z, y):
    return tf.where(z >= 0, tf.math.log(1 + tf.exp(-z)) + z, tf.math.log(1 + tf.exp(z))) - z * y


@stable_bce.mistake(
    "log(1 + exp(z)) is the right formula, and exp overflows in it. Rewrite it so that exp only sees numbers below zero."
)
def _(z, y):
    return tf.math.log(1 + tf.exp(z)) - z * y


@stable_bce.mistake(
    "You bounded the logits. Nothing overflows, but beyond the bound neither loss nor gradient knows how wrong it is."
)
def _(z, y):
    z = tf.clip_by_value(z, -30, 30)
    return tf.nn.softplus(z) - z * y


@stable_bce.mistake("This is one number. The task asks for one loss per element.")
def _(z, y):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z))


@stable_bce.mistake("Only elements of class 1 have a loss here. What about those whose label is 0?")
def _(z, y):
    return y * tf.nn.softplus(-z)


@stable_bce.mistake("The labels are exchanged: your loss is small where it should be large.")
def _(z, y):
    return tf.nn.softplus(z) - z * (1 - y)


@stable_bce.mistake("Labels between 0 and 1 are rounded in your function. An uncertain label weighs both terms.")
def _(z, y):
    return tf.where(y > 0.5, tf.nn.softplus(-z), tf.nn.softplus(z))


@stable_bce.mistake(
    "The values are right, but the tape lost sight of z: NumPy leaves no trace on it, and there is no gradient."
)
def _(z, y):
    return tf.constant(np.logaddexp(0, z.numpy()) - z.numpy() * y.numpy(), z.dtype)


@stable_bce.mistake(
    "The sign of z is turned round inside the exponential: at 0 you cannot see it, everywhere else you can."
)
def _(z, y):
    return tf.nn.softplus(-z) - z * y


@stable_bce.mistake("The labels reach you in the dtype of the logits. Your result is float32 whatever came in.")
def _(z, y):
    z, y = tf.cast(z, tf.float32), tf.cast(y, tf.float32)
    return tf.nn.softplus(z) - z * y
