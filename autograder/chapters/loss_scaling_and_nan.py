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


def _with_empty(answer, named, again):
    return [answer(named), answer({}), answer(again)]


# Dimensions: NaN, +inf, -inf, and which of them comes first · the bad element first, in the middle (where a printed array
# shows dots), last · the bad tensor first, in the middle, last · several bad ones, in an order that is not the alphabet's · no
# tensor, one, more than twenty · ranks 0 to 4, more than 128 rows · float16, float32, float64, each near the end of its range ·
# tensors and variables, finite and bad · sums and squares that overflow · names with capitals, slashes, colons · the same
# names again, with other numbers.


def _spoiled(array, rng, value):
    """With this value at a place that is neither in the first row nor the very last: those have cases of their own."""
    array = np.array(array)
    array.flat[int(rng.integers(array.shape[1], array.size - 1))] = value
    return array


def _bad_at(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


@first_bad.case("one NaN among many numbers")
def _(rng):
    n = int(rng.integers(2, 7))
    hidden = _bad_at(_normal(rng, n, 1200), (int(rng.integers(1, n)), int(rng.integers(9, 1190))), np.nan)
    return ({"x": _normal(rng, n, 6), "h1": hidden, "out": _normal(rng, n, 3)},)


@first_bad.case("one negative infinity, in the last tensor")
def _(rng):
    n = int(rng.integers(2, 5))
    return ({"x": _normal(rng, n, 4), "h1": _normal(rng, n, 3), "loss": _spoiled(_normal(rng, n, 2), rng, -np.inf)},)


@first_bad.case("two bad tensors: the first in the order of the dict, not of the alphabet")
def _(rng):
    n = int(rng.integers(2, 6))
    return (
        {
            "w1": variable(_normal(rng, 3, 2)),
            "out": variable(_spoiled(_normal(rng, n, 2), rng, np.inf)),
            "loss": np.array(np.nan, "float32"),
            "square": _spoiled(_normal(rng, n, 2), rng, np.nan),
        },
    )


@first_bad.case("everything finite")
def _(rng):
    n = int(rng.integers(1, 4))
    return ({"x": _normal(rng, n, 3), "loss": _normal(rng), "w": rng.normal(size=(n, 2)), "b": np.zeros(n, "float32")},)


@first_bad.case(
    "huge numbers that are finite, though their sum is not; beside them numbers only float64 can hold", points=0.5
)
def _(rng):
    huge = (3e38 * rng.uniform(0.9, 1.0, size=int(rng.integers(2, 5)))).astype("float32")
    vast = rng.uniform(1e150, 1e300, size=3) * np.array([1.0, -1.0, 1.0])
    return ({"dw1": huge, "dw2": -huge, "vast": vast, "db2": _normal(rng, 3)},)


@first_bad.case("scalars, and more than one dtype", points=0.5)
def _(rng):
    half = rng.uniform(60000, 65000, size=(2, 2)).astype("float16")
    return (
        {
            "lr": np.array(rng.uniform()),
            "half": half,
            "loss": np.array(np.nan, "float32"),
            "after": np.array(np.inf),
            "step": half + np.float16(np.inf),
        },
    )


@first_bad.case("many tensors, many rows: the bad element is the very last", points=0.5)
def _(rng):
    rows = int(rng.integers(129, 150))
    named = {f"h{k}": _normal(rng, 2, 2) for k in range(24)}
    bad = {"dense_1/Images:0": _bad_at(_normal(rng, rows, 4, 2), (-1, -1, -1), -np.inf)}
    return (named | bad | {"loss": np.array(np.nan, "float32")},)


@first_bad.case(
    "the very first element of the very first tensor; a dict with nothing in it; the same names once more",
    probe=_with_empty,
    points=0.5,
)
def _(rng):
    shape = int(rng.integers(2, 5)), 3, 1, 2
    first = {"x": variable(_bad_at(_normal(rng, *shape), (0, 0, 0, 0), np.inf)), "a": _normal(rng, 2)}
    return first, {"x": _normal(rng, *shape), "a": _bad_at(_normal(rng, 2), 0, np.nan)}


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
    "You accuse a tensor that is finite: large is not infinite. What you test in place of its elements (a sum, a mean, a square, "
    "a bound) can lie beyond the range while each of them lies within it."
)
def _(named):
    for name, tensor in named.items():
        if not bool(tf.math.is_finite(tf.reduce_sum(tensor))):
            return name
    return None


@first_bad.mistake("You return every bad name. The task asks for the first one alone.")
def _(named):
    return [name for name, tensor in named.items() if not bool(tf.reduce_all(tf.math.is_finite(tensor)))]


@first_bad.mistake(
    "You call a float64 number beyond 3.4e38 bad. It is finite, as long as nobody converts it to float32, or takes float32's "
    "largest number for the end of all numbers."
)
def _(named):
    for name, tensor in named.items():
        if not bool(tf.reduce_all(tf.math.is_finite(tf.cast(tensor, tf.float32)))):
            return name
    return None


@first_bad.mistake(
    "You look at the beginning of each tensor only, its first element or its first row. A single bad one may stand anywhere: which question asks all of them?"
)
def _(named):
    for name, tensor in named.items():
        if not np.isfinite(np.asarray(tensor).flat[0]):
            return name
    return None


@first_bad.mistake("You look at the first few tensors of the dict. Whatever number you chose: a network can have more.")
def _(named):
    for name in list(named)[:8]:
        if not bool(tf.reduce_all(tf.math.is_finite(named[name]))):
            return name
    return None


@first_bad.mistake("You look at the first few rows of each tensor. Whatever number you chose: a batch can have more.")
def _(named):
    for name, tensor in named.items():
        if not np.isfinite(np.atleast_1d(np.asarray(tensor))[:16]).all():
            return name
    return None


@first_bad.mistake("You answer with the bad tensor itself. The detective asks for its name.")
def _(named):
    for tensor in named.values():
        if not bool(tf.reduce_all(tf.math.is_finite(tensor))):
            return tensor
    return None


@first_bad.mistake("You answer with a number, its place in the dict. The detective asks for its name.")
def _(named):
    for place, tensor in enumerate(named.values()):
        if not bool(tf.reduce_all(tf.math.is_finite(tensor))):
            return place
    return None


@first_bad.mistake("You answer with True or False. The detective asks which one it is: its name, or None.")
def _(named):
    return any(not bool(tf.reduce_all(tf.math.is_finite(tensor))) for tensor in named.values())


@first_bad.mistake("When nothing is wrong, the answer is None, the object, and not a text or a truth value.")
def _(named):
    for name, tensor in named.items():
        if not bool(tf.reduce_all(tf.math.is_finite(tensor))):
            return name
    return ""


@first_bad.mistake(
    "Your function raises an error where something is bad. The detective wants its name returned, so that the run can go on."
)
def _(named):
    for name, tensor in named.items():
        tf.debugging.assert_all_finite(tensor, name)
    return None


@first_bad.mistake(
    "Your function takes the first of a list of bad names, and fails where there is none: then the answer is None."
)
def _(named):
    return [name for name, tensor in named.items() if not np.isfinite(np.asarray(tensor)).all()][0]


@first_bad.mistake(
    "Your loop walks over the names: that is what a dict gives. How do you get at the tensors, and at both together?"
)
def _(named):
    for tensor in named:
        if not tf.reduce_all(tf.math.is_finite(tensor)):
            return tensor
    return None


@first_bad.mistake(
    "An `if` wants one answer, and your comparison gives one for each element. Which question makes one of them: any, or all?"
)
def _(named):
    for name, tensor in named.items():
        if tf.math.is_nan(tensor) or tf.math.is_inf(tensor):
            return name
    return None


@first_bad.mistake(
    "Your function answers after the first tensor, also if that is finite. When only may it return None?"
)
def _(named):
    for name, tensor in named.items():
        return None if tf.reduce_all(tf.math.is_finite(tensor)) else name
    return None


@first_bad.mistake("You look at the last element of each tensor. A single bad one may stand anywhere.")
def _(named):
    for name, tensor in named.items():
        if not np.isfinite(np.ravel(tensor)[-1]):
            return name
    return None


@first_bad.mistake("You find NaN and positive infinity. There is a negative one, too.")
def _(named):
    for name, tensor in named.items():
        if np.any(np.isnan(tensor)) or np.any(np.asarray(tensor) == np.inf):
            return name
    return None


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


# Dimensions: each of the three reductions, both ways, and each to itself · n and c on either side of 10, of 128 and of each other,
# never equal to those or to each other, so that no constant is right by luck · one example, one class · rates from 1e-4 to 10.


def _rate(rng):
    """Of five digits, and so that neither a third of it nor nine times as much is near to a number of four."""
    return float(np.round(np.round(10 ** rng.uniform(-4, -1), 4) + 3.1e-5, 6))


def _conversion(name, from_, to, examples, classes, **options):
    @equivalent_lr.case(name, rtol=1e-5, points=0.5, **options)
    def _(rng):
        n, c = int(rng.integers(*examples)), int(rng.integers(*classes))
        lr = (
            float(np.round(rng.uniform(2, 10), 2)) if from_ == "sum" else _rate(rng)
        )  # from a sum the rate grows, beyond 1
        return lr, from_, to, n, c


_conversion("from 'mean' to 'batch_mean'", "mean", "batch_mean", (20, 120), (2, 10))
_conversion("from 'mean' to 'sum'", "mean", "sum", (129, 300), (11, 40))
_conversion("from 'batch_mean' to 'sum'", "batch_mean", "sum", (129, 300), (2, 10))
_conversion("from 'batch_mean' to 'mean'", "batch_mean", "mean", (20, 120), (2, 10))
_conversion("from 'sum' to 'mean'", "sum", "mean", (2, 10), (11, 40))
_conversion("from 'sum' to 'batch_mean'", "sum", "batch_mean", (20, 120), (2, 10))


def _to_itself(answer, lr, n, c):
    return [answer(lr, same, same, n, c) for same in ("batch_mean", "sum", "mean")]


@equivalent_lr.case("from each reduction to itself", probe=_to_itself, rtol=1e-5, points=0.5)
def _(rng):
    return _rate(rng), int(rng.integers(20, 120)), int(rng.integers(2, 10))


def _two_batches(answer, lr, from_, to, n, c):
    return [answer(lr, from_, to, n, 1), answer(lr, from_, to, 1, c)]


@equivalent_lr.case("a single class, and a batch of a single example", probe=_two_batches, rtol=1e-5, points=0.5)
def _(rng):
    return 10 * _rate(rng), "mean", "sum", int(rng.integers(2, 10)), int(rng.integers(11, 40))


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
    return _terms(from_, n, c) / _terms(to, n, c)


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
    "You divide by the sizes of this chapter's batch, 128 examples and 10 classes. The function is told other numbers."
)
def _(lr, from_, to, n, c):
    return lr * _terms(to, 128, 10) / _terms(from_, 128, 10)


@equivalent_lr.mistake("You return the factor alone. By which rate is it to be multiplied?")
def _(lr, from_, to, n, c):
    return _terms(to, n, c) / _terms(from_, n, c)


@equivalent_lr.mistake(
    "You convert as if one of the two were always 'mean'. What happens from 'sum' to 'batch_mean', or back?"
)
def _(lr, from_, to, n, c):
    if from_ == "mean":
        return lr * _terms(to, n, c) / (n * c)
    return lr * (n * c) / _terms(from_, n, c)


@equivalent_lr.mistake("Your sum counts the examples alone. A sum over everything has examples times classes terms.")
def _(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": c, "sum": n}
    return lr * size[from_] / size[to]


@equivalent_lr.mistake("A batch of n examples with c classes each has n · c terms, not n + c.")
def _(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": c, "sum": n + c}
    return lr * size[from_] / size[to]


@equivalent_lr.mistake("You know the way between 'mean' and 'sum' only. 'batch_mean' has a size of its own.")
def _(lr, from_, to, n, c):
    if (from_, to) == ("mean", "sum"):
        return lr / (n * c)
    return lr * n * c if (from_, to) == ("sum", "mean") else lr


@equivalent_lr.mistake("You round the rate. Small ones lose their digits, or become 0.")
def _(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": c, "sum": n * c}
    return round(lr * size[from_] / size[to], 4)


# -- stable_softmax -----------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=10,
    difficulty=2,
    forbid=[
        "tf.nn.softmax",
        "tf.compat.v1.nn.softmax",
        "tf.nn.log_softmax",
        "tf.raw_ops.Softmax",
        "tf.raw_ops.LogSoftmax",
        "tf.keras.backend.softmax",
        "keras.activations.softmax",
        "keras.activations.log_softmax",
        "keras.ops.softmax",
        "keras.ops.log_softmax",
        "keras.layers.Softmax",
    ],
)
def stable_softmax(z):
    """Softmax of every row, safe for any finite logits; the argument stays as it was.

    z: float tensor or NumPy array [batch, classes] → the same shape and dtype.
    """
    return tf.nn.softmax(z, axis=-1)


def _both(answer, first, second):
    return [answer(first), answer(second)]


# Dimensions: one row, few, more than 128 · the same shape again · one class, few, more than 16 · the largest logit first, in the middle, last · rows far
# from each other, up and down · ties · differences up to the end of float32 and beyond it in float64 · the largest floats ·
# float32 and float64, tensor and array · what the caller still owns.


@stable_softmax.case("ordinary logits", points=0.5)
def _(rng):  # no two cases have a shape in common: what was kept for one fits no other
    return (_normal(rng, int(rng.integers(2, 5)), 5, scale=2),)


@stable_softmax.case("as many rows as classes; the same shape again, with other numbers", probe=_both, points=0.5)
def _(rng):
    n = int(rng.integers(2, 7))
    return _normal(rng, n, n, scale=2), _normal(rng, n, n, scale=2)


@stable_softmax.case("a single row; a single class", probe=_both, points=0.5)
def _(rng):
    return _normal(rng, 1, int(rng.integers(2, 8)), scale=2), _normal(rng, int(rng.integers(2, 4)), 1)


@stable_softmax.case(
    "logits near 1000, where exp overflows; more rows and classes than one would type", rtol=1e-3, points=0.5
)
def _(rng):
    return (1000 + _normal(rng, int(rng.integers(129, 150)), int(rng.integers(17, 24)), scale=2),)


@stable_softmax.case(
    "rows near 1000 and −1000, and some that span both: the largest logit first, in the middle, last",
    rtol=1e-3,
    points=0.5,
)
def _(rng):
    low, high = -1000.0, 1000.0
    rows = [[high] * 3, [low] * 3, [high, low, low], [low, high, low], [low, low, high]]
    return (np.float32(rows)[rng.permutation(5)] + _normal(rng, 5, 3),)


@stable_softmax.case("small probabilities keep their size", rtol=1e-3, atol=0, points=0.5)
def _(rng):
    return (np.float32([[0, -50, -60, -84]]) + rng.uniform(-1, 1, size=(int(rng.choice([3, 5])), 4)).astype("float32"),)


@stable_softmax.case(
    "float64 stays float64, with its range and its digits; the largest floats there are",
    probe=_both,
    points=0.5,
    rtol=1e-10,
    atol=0.0,
)
def _(rng):
    wide = np.array([[0.0, -300.0, 700.0, 705.0], [1.0, 2.0, 3.0, -1.0]]) + rng.normal(size=(2, 4))
    most = float(np.finfo("float32").max)
    return wide[rng.permutation(2)], np.float32([[most, -most, 0], [-most, 0, -most]])


@stable_softmax.case("a NumPy array, which the caller still needs", points=0.5)
def _(rng):
    return (raw(_normal(rng, int(rng.integers(2, 5)), 6, scale=3) + np.float32(500)),)


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


@stable_softmax.mistake(
    "You subtract the first logit of each row. It is not always the largest, and where another stands far above it, exp overflows."
)
def _(z):
    e = tf.exp(z - z[:, :1])
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake(
    "You subtract the last logit of each row. It is not always the largest, and where another stands far above it, exp overflows."
)
def _(z):
    e = tf.exp(z - z[:, -1:])
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake(
    "You subtract the smallest logit of a row. Then the others are above 0, and exp overflows where one is far above."
)
def _(z):
    e = tf.exp(z - tf.reduce_min(z, axis=1, keepdims=True))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake(
    "You exchange what is not a number for 0 or for a large number. The probabilities are lost by then: act before exp."
)
def _(z):
    e = tf.exp(z)
    p = e / tf.reduce_sum(e, axis=1, keepdims=True)
    return tf.where(tf.math.is_nan(p), tf.zeros_like(p), p)


@stable_softmax.mistake("You normalised the columns. Along which axis do the classes lie?")
def _(z):
    e = tf.exp(z - tf.reduce_max(z, axis=0, keepdims=True))
    return e / tf.reduce_sum(e, axis=0, keepdims=True)


@stable_softmax.mistake("Your result is float32 whatever came in. Keep the caller's dtype.")
def _(z):
    return tf.nn.softmax(tf.cast(z, tf.float32))


@stable_softmax.mistake("You cut the logits off at a bound: nothing overflows, but all large logits look the same.")
def _(z):
    return tf.nn.softmax(tf.clip_by_value(tf.convert_to_tensor(z), -80, 80))


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


@stable_softmax.mistake("You have not divided yet: a row of probabilities adds up to 1.")
def _(z):
    z = tf.convert_to_tensor(z)
    return tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))


@stable_softmax.mistake(
    "You subtract the largest size of a row, not its largest logit. Where all are far below 0, every exponential is 0, and 0 / 0 "
    "is NaN."
)
def _(z):
    z = tf.convert_to_tensor(z)
    e = tf.exp(z - tf.reduce_max(tf.abs(z), axis=1, keepdims=True))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


@stable_softmax.mistake("You normalised sigmoids. In a softmax it is the exponentials that are divided by their sum.")
def _(z):
    s = tf.sigmoid(z)
    return s / tf.reduce_sum(s, axis=1, keepdims=True)


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
        "tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits",
        "tf.raw_ops.SoftmaxCrossEntropyWithLogits",
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


# Dimensions: one example, few, more than 128 · two classes, few, more than ten · labels that hold the last class, or do not, and
# are never all the same · the largest logit at the label, before it, behind it · confident and right, confident and wrong · rows
# far from each other · ties · logits up to 60, 1000, 100 000; losses up to 60, 200, 300 000 · the gradient everywhere.


def _mild(rng, *shape):
    """Logits so close together that no probability is small: a small number added to one does not show."""
    return rng.uniform(-1.5, 1.5, size=shape).astype("float32")


def _labels(rng, n, c, *, last):
    """Label numbers below c − 1, of which one is 0 and one is not; with `last`, one of them is c − 1, the last class."""
    y = rng.integers(0, c - 1, size=n, dtype=np.int32)
    y[:2] = 0, c - 1 if last else rng.integers(1, c - 1)
    return rng.permutation(y)


@sparse_ce.case("ordinary logits", gradient=True, points=0.5)
def _(rng):
    n = int(rng.integers(2, 7))
    return _mild(rng, n, 4), _labels(rng, n, 4, last=False)


@sparse_ce.case("as many examples as classes", gradient=True, points=0.5)
def _(rng):
    n = int(rng.integers(6, 9))  # no number that one would type: 3, 4, 5, 10
    return _mild(rng, n, n), rng.permutation(n).astype("int32")


@sparse_ce.case("a batch of one, more than ten classes, the label the last of them", gradient=True, points=0.5)
def _(rng):
    c = int(rng.integers(12, 20))
    z = _mild(rng, 1, c)
    z[0, int(rng.integers(c - 1))] = 1.6  # the largest stands before the label
    return z, np.int32([c - 1])


@sparse_ce.case("more examples than one would type, two classes, all logits equal in some", gradient=True, points=0.5)
def _(rng):
    n = int(rng.integers(129, 150))
    z = _mild(rng, n, 2)
    z[-2:] = 0
    return z, _labels(rng, n, 2, last=True)


def _confident(rng, size, c=4):
    """Logits whose largest stands out by `size`: at the right class, before it and behind it, in turn."""
    y = np.int32([1, 1, 1, 2, 2, 2])
    z = _normal(rng, 6, c)
    z[np.arange(6), y + np.tile([0, -1, 1], 2)] += np.float32(size)
    order = rng.permutation(6)
    return z[order], y[order]


@sparse_ce.case("confident, and many of them wrong: logits near 60", gradient=True)
def _(rng):
    return _confident(rng, 60)


@sparse_ce.case("logits near 1000 and −1000, where exp overflows; and near 100 000", gradient=True, rtol=1e-3)
def _(rng):
    z, y = _confident(rng, 200)
    wrong = int(np.argmax(z.argmax(axis=1) != y))  # one of those that are confident and wrong
    z[wrong, z[wrong].argmax()] += 300_000
    return z + np.float32([[1000], [1000], [-1000], [-1000], [0], [100_000]])[rng.permutation(6)], y


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


@sparse_ce.mistake(
    "Keras adds or clips at 1e-7 inside the logarithm when it is given probabilities. That bounds the loss at 16: "
    "is it true that no answer can be more wrong than that?"
)
def _(z, y):
    p = tf.nn.softmax(z)
    return -tf.math.log(tf.gather(p, y, batch_dims=1) + 1e-7)


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


@sparse_ce.mistake("The depth of your one-hot encoding does not follow the logits. How many classes do they have?")
def _(z, y):
    return -tf.reduce_sum(tf.one_hot(y, 10) * tf.nn.log_softmax(z), axis=1)


@sparse_ce.mistake(
    "The depth of your one-hot encoding follows the largest label of this batch. A class need not occur among the labels: where can "
    "you read how many there are?"
)
def _(z, y):
    return -tf.reduce_sum(tf.one_hot(y, int(tf.reduce_max(y)) + 1) * tf.nn.log_softmax(z), axis=1)


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


@sparse_ce.mistake(
    "Your function knows ten classes. With a label beyond them its sum has nothing to add, and the loss is 0."
)
def _(z, y):
    return -tf.reduce_sum(tf.one_hot(y, 10)[:, : z.shape[1]] * tf.nn.log_softmax(z)[:, :10], axis=1)


@sparse_ce.mistake("You normalised over the batch. Along which axis do the classes lie?")
def _(z, y):
    return -tf.gather(tf.nn.log_softmax(z, axis=0), y, batch_dims=1)


@sparse_ce.mistake(
    "The value is right, but the tape lost sight of z: NumPy and Python numbers leave no trace on it, and a loss without a "
    "gradient teaches nothing."
)
def _(z, y):
    return tf.constant(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z).numpy())


@sparse_ce.mistake("One number too many in the shape: the losses stand in a column [batch, 1].")
def _(z, y):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)[:, None]


@sparse_ce.mistake(
    "TensorFlow does not take a tensor of numbers between the brackets of `z[:, y]`. A function of it picks one element of each "
    "row; or multiply by one-hot labels."
)
def _(z, y):
    return -tf.nn.log_softmax(z)[:, y]


@sparse_ce.mistake("Your result still has a column for each class, all 0 but one. What makes one number of a row?")
def _(z, y):
    return -tf.one_hot(y, z.shape[1]) * tf.nn.log_softmax(z)


@sparse_ce.mistake("You add over the batch: one number for each class. Over which axis do the classes lie?")
def _(z, y):
    return -tf.reduce_sum(tf.one_hot(y, z.shape[1]) * tf.nn.log_softmax(z), axis=0)


@sparse_ce.mistake(
    "This is a squared error of the probabilities. Cross-entropy is the negative logarithm of one of them."
)
def _(z, y):
    return tf.reduce_mean(tf.square(tf.nn.softmax(z) - tf.one_hot(y, z.shape[1])), axis=1)


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
        "tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits",
        "tf.raw_ops.SoftmaxCrossEntropyWithLogits",
        "tf.compat.v1.losses.sigmoid_cross_entropy",
        "keras.losses.sparse_categorical_crossentropy",
        "keras.losses.categorical_crossentropy",
        "keras.ops.sparse_categorical_crossentropy",
        "keras.ops.categorical_crossentropy",
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


def _both_slopes(answer, z, y, z2, y2):
    told = []
    for logits, labels in ((z, y), (z2, y2)):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = answer(logits, labels)
        connected = isinstance(loss, tf.Tensor) and loss.dtype.is_floating
        told += [loss, tape.gradient(loss, logits) if connected else None]
    return told


def _means_and_slopes(answer, z, y, z2, y2):
    told = {}
    for name, logits, labels in (("matrix", z, y), ("three axes", z2, y2)):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = answer(logits, labels)
            connected = isinstance(loss, tf.Tensor) and loss.dtype.is_floating
            mean = tf.reduce_mean(loss) if connected else None
        told[f"loss of the {name}"] = loss
        told[f"gradient of its mean, {name}"] = tape.gradient(mean, logits) if connected else None
    return told


# Dimensions: scalar, vector, matrix, three axes; one element, few, more than 64 · labels 0, 1, between · z below 0, above, exactly
# 0 (and −0) at any place · sizes where the sigmoid rounds (17 in float32, 37 in float64), where exp overflows (89, 710), far
# beyond any bound · right and wrong with confidence · float32, and float64 to its digits · the gradient everywhere, of the sum and
# of the mean.


def _moderate(rng, *shape, bound=4.0):
    return rng.uniform(-bound, bound, size=shape)


def _confident_pairs(rng, low, high, dtype="float32"):
    """Logits of this size, up and down, each with the label 0, 1 and one in between, in a drawn order."""
    size = rng.uniform(low, high, size=6).astype(dtype)
    z = np.concatenate([size, -size])
    y = np.array([0, 1, 0.25, 1, 0, 0.75] * 2, dtype)
    order = rng.permutation(12)
    return z[order], y[order]


@stable_bce.case("ordinary logits", probe=_value_and_slope, points=0.5)
def _(rng):
    n = int(rng.integers(1, 5))
    both = np.float32([1, -1] * n)  # sides, in every draw
    return both * rng.uniform(0.1, 4, size=2 * n).astype("float32"), rng.permutation(np.float32([0, 1] * n))


@stable_bce.case("at z = 0, where the formulas change sides", probe=_value_and_slope, points=1)
def _(rng):
    y = np.float32([0, 1, 0.5, rng.uniform(0.1, 0.4), 0, 1, 0])
    z = np.concatenate([np.zeros(4, "float32"), _normal(rng, 2), np.float32([-0.0])])
    order = rng.permutation(7)
    return z[order], y[order]


@stable_bce.case("logits of 18 to 75, where the sigmoid rounds to 0 or 1", probe=_value_and_slope, points=0.5)
def _(rng):
    return _confident_pairs(rng, 18, 75)


@stable_bce.case("logits near ±1000, where exp overflows, and near ±100 000", probe=_both_slopes, points=1)
def _(rng):
    return *_confident_pairs(rng, 800, 1200), *_confident_pairs(rng, 9e4, 1.1e5)


@stable_bce.case(
    "a matrix, labels anywhere between 0 and 1; three axes; more elements than one would type",
    probe=_means_and_slopes,
    points=0.5,
)
def _(rng):
    n = int(rng.integers(2, 5))
    shapes = (n, 3), (int(rng.integers(17, 20)), n, 3)
    drawn = [(_moderate(rng, *s).astype("float32"), rng.uniform(size=s).astype("float32")) for s in shapes]
    return *drawn[0], *drawn[1]


@stable_bce.case(
    "float64 stays float64, with its digits, also where exp overflows in it",
    probe=_both_slopes,
    rtol=1e-10,
    atol=1e-12,
    points=1,
)
def _(rng):
    z, y = _confident_pairs(rng, 20.5, 22, "float64")
    z[:3] = _moderate(rng, 3, bound=3.0)
    return z, y, *_confident_pairs(rng, 720, 900, "float64")


@stable_bce.case("a single logit; a scalar", probe=_both_slopes, points=0.5)
def _(rng):
    above, below = rng.uniform(0.1, 4, size=2)
    return np.float32([above]), np.float32([0]), np.array(-below, "float32"), np.array(1, "float32")


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
    "Each value is right and each gradient, except at z = 0: there yours is −y, so a half is missing. Does your formula add up "
    "parts with a corner at 0? TensorFlow picks one slope for each, and the half between two sides is nobody's."
)
def _(z, y):
    return tf.nn.relu(z) - z * y + tf.math.log1p(tf.exp(-tf.abs(z)))


@stable_bce.mistake(
    "Each value is right and each gradient, except at z = 0: there yours is 1 − y, so a half is too much. Does your formula add up "
    "parts with a corner at 0? TensorFlow picks one slope for each; the loss itself has no corner."
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
    "The values are right, but the tape lost sight of z: NumPy and Python numbers leave no trace on it, and there is no gradient."
)
def _(z, y):
    return tf.constant(np.logaddexp(0, z.numpy()) - z.numpy() * y.numpy(), z.dtype)


@stable_bce.mistake(
    "Both sides of 0 are right, at 0 itself your gradient is 0. The sign of 0 is 0: what is multiplied by it is lost at that point."
)
def _(z, y):
    return tf.where(z == 0, tf.math.log(tf.constant(2.0, z.dtype)), tf.nn.softplus(z) - z * y)


@stable_bce.mistake(
    "The sign of z is turned round inside the exponential: at 0 you cannot see it, everywhere else you can."
)
def _(z, y):
    return tf.nn.softplus(-z) - z * y


@stable_bce.mistake("The labels reach you in the dtype of the logits. Your result is float32 whatever came in.")
def _(z, y):
    z, y = tf.cast(z, tf.float32), tf.cast(y, tf.float32)
    return tf.nn.softplus(z) - z * y


@stable_bce.mistake("The sign: a cross-entropy is never negative.")
def _(z, y):
    return z * y - tf.nn.softplus(z)


@stable_bce.mistake(
    "`if` asks one question, and a tensor has one answer for each element. Which operation chooses element by element?"
)
def _(z, y):
    if z >= 0:
        return z - z * y + tf.math.log1p(tf.exp(-z))
    return -z * y + tf.math.log1p(tf.exp(z))


@stable_bce.mistake(
    "A number as small as 1e-10 beside 1 is lost in float32, and beside 0 it bounds the loss at 23. Stay with the logit."
)
def _(z, y):
    p = tf.sigmoid(z)
    return -(y * tf.math.log(p + 1e-10) + (1 - y) * tf.math.log(1 - p + 1e-10))


@stable_bce.mistake(
    "Your own gradient leaves out the factor that it is given: it is right for the sum of the losses alone. What reaches it where "
    "their mean is taken?"
)
def _(z, y):
    @tf.custom_gradient
    def loss(z):
        return tf.nn.softplus(z) - z * y, lambda upstream: tf.sigmoid(z) - y

    return loss(z)
