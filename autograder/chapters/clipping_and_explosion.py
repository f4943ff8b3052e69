"""Chapter 04, clipping and exploding gradients: keep the direction, bound the step."""

import keras
import numpy as np
import tensorflow as tf

from ..judging.exercise import exercise
from ..judging.values import raw, variable


def _of_norm(rng, length, *shapes):
    """Random tensors of these shapes whose global norm is `length`."""
    parts = [rng.normal(size=shape) for shape in shapes]
    for part in parts:
        part.flat[0] += 0.5 if part.flat[0] >= 0 else -0.5  # whatever is drawn, no tensor is zero
    factor = length / np.sqrt(sum(np.sum(p**2) for p in parts))
    return [np.asarray(factor * p, "float32") for p in parts]


# -- explodes -----------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=6, difficulty=1)
def explodes(norms):
    """The step at which a run's global gradient norms become non-finite, or None if they never do.

    norms: list of float or float32 array [steps] → int, counted from 0, or None.
    """
    finite = tf.cast(tf.math.is_finite(tf.constant(norms, tf.float64)), tf.int32)
    healthy = int(tf.reduce_sum(tf.math.cumprod(finite)))
    return None if healthy == len(norms) else healthy


def _healthy(rng, n):
    return [float(v) for v in rng.uniform(0.1, 30, size=n)]


# Dimensions: how many steps (one, some, more than anyone types) · list or array · nan alone, infinity alone, one after the
# other in either order · where it begins: at the first step, in the middle, at the last · how large a finite norm may be:
# in float32, and in the float64 of Python's floats · asked twice of the same list, which is the caller's.


def _twice(answer, norms):
    return [answer(norms), answer(norms)]


@explodes.case("a healthy run", points=0.5)
def _(rng):
    return (_healthy(rng, int(rng.integers(1, 12))),)


@explodes.case("a wild run that recovers: huge, but finite", points=0.5)
def _(rng):
    huge = [float(10.0**k) for k in (rng.uniform(4, 9), rng.uniform(15, 25), rng.uniform(40, 300))]
    return (_healthy(rng, int(rng.integers(1, 4))) + huge + _healthy(rng, int(rng.integers(1, 5))),)


@explodes.case("infinite first, then NaN; asked twice", points=0.5, probe=_twice)
def _(rng):
    return (
        _healthy(rng, int(rng.integers(2, 6))) + [3e5, 7e18, float("inf")] + [float("nan")] * int(rng.integers(3, 7)),
    )


@explodes.case("NaN at the last step, without an infinity before it", points=0.5)
def _(rng):
    return (_healthy(rng, int(rng.integers(2, 12))) + [float("nan")],)


@explodes.case("an array of a long run: infinite once, finite again, and NaN at its end", points=0.5)
def _(rng):
    return (raw(np.array(_healthy(rng, int(rng.integers(130, 140))) + [float("inf"), 7.0, float("nan")], "float32")),)


@explodes.case("non-finite from the very first step", points=0.5)
def _(rng):
    return ([float("nan")] * int(rng.integers(2, 6)) + [float("inf")],)


@explodes.mistake("You look for NaN only. Infinity is not NaN, and it usually comes one step earlier.")
def _(norms):
    return next((i for i, n in enumerate(norms) if np.isnan(n)), None)


@explodes.mistake("You find infinities, but no NaN. A norm can become NaN without ever having been infinite.")
def _(norms):
    return next((i for i, n in enumerate(norms) if np.isinf(n)), None)


@explodes.mistake(
    "Your function calls every run healthy. NaN is equal to nothing, not even to itself: == never finds one."
)
def _(norms):
    return next((i for i, n in enumerate(norms) if n == float("nan")), None)


@explodes.mistake(
    "A large norm is not yet an explosion: some runs come back from 10²⁰. Which numbers are no numbers any more?"
)
def _(norms):
    return next((i for i, n in enumerate(norms) if not n < 1000.0), None)


@explodes.mistake("You count from 1; the first step of a run is step 0.")
def _(norms):
    return next((i + 1 for i, n in enumerate(norms) if not np.isfinite(n)), None)


@explodes.mistake("np.argmax of a list of False gives 0: your healthy runs look as if they had exploded at step 0.")
def _(norms):
    return int(np.argmax(~np.isfinite(norms)))


@explodes.mistake("A run that explodes at step 0 is taken for a healthy one: 0 counts as false in a condition.")
def _(norms):
    step = next((i for i, n in enumerate(norms) if not np.isfinite(n)), None)
    return step if step else None


@explodes.mistake("This is the last bad step. At which step did it become bad?")
def _(norms):
    bad = np.flatnonzero(~np.isfinite(norms))
    return int(bad[-1]) if len(bad) else None


@explodes.mistake("A healthy run gets −1 from you. The task has another word for it: None.")
def _(norms):
    return next((i for i, n in enumerate(norms) if not np.isfinite(n)), -1)


@explodes.mistake(
    "A healthy run gets its number of steps from you, as if it exploded just after its end. Which answer is asked for?"
)
def _(norms):
    return next((i for i, n in enumerate(norms) if not np.isfinite(n)), len(norms))


@explodes.mistake(
    "Python's floats are float64 and go up to 10³⁰⁸. In float32, TensorFlow's default, what is above 3.4 · 10³⁸ turns infinite."
)
def _(norms):
    with np.errstate(over="ignore"):
        return next((i for i, n in enumerate(np.asarray(norms, "float32")) if not np.isfinite(n)), None)


@explodes.mistake("This is the norm at that step, not the number of the step.")
def _(norms):
    return next((float(n) for n in norms if not np.isfinite(n)), None)


@explodes.mistake("You answer whether it explodes. The task asks at which step.")
def _(norms):
    return bool(np.any(~np.isfinite(norms)))


@explodes.mistake("This is the step before. At which step is the norm no longer finite?")
def _(norms):
    return next((i - 1 for i, n in enumerate(norms) if not np.isfinite(n)), None)


@explodes.mistake("A healthy run gets False from you. The task has another word for it: None.")
def _(norms):
    return next((i for i, n in enumerate(norms) if not np.isfinite(n)), False)


@explodes.mistake("Your function answers after the first step. When only may it say that the run was healthy?")
def _(norms):
    return 0 if not np.isfinite(norms[0]) else None


@explodes.mistake("You look for an infinity first, and for NaN only if there is none. Whichever comes first counts.")
def _(norms):
    for bad in (np.isinf, np.isnan):
        for i, n in enumerate(norms):
            if bad(n):
                return i
    return None


@explodes.mistake("You sort the norms, and with them the steps get lost. The order is what you are asked about.")
def _(norms):
    return next((i for i, n in enumerate(sorted(norms)) if not np.isfinite(n)), None)


@explodes.mistake("A healthy run makes your function fail: it takes the first of the bad steps, and there is none.")
def _(norms):
    return int(np.flatnonzero(~np.isfinite(norms))[0])


# -- clip_value ---------------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=8,
    difficulty=1,
    forbid=["tf.clip_by_value", "keras.ops.clip", "tf.experimental.numpy.clip", "np.clip", "tf.raw_ops.ClipByValue"],
)
def clip_value(a, lo, hi):
    """Every element of a, moved to lo if it is below and to hi if it is above.

    a: float32, any shape; lo < hi: float → float32, the shape of a. Value and gradient as tf.clip_by_value.
    """
    return tf.clip_by_value(a, lo, hi)


def _around(rng, lo, hi, *shape):
    """Elements below, between and above the bounds, about equally many of each, none of them on a bound."""
    n = int(np.prod(shape))
    width = hi - lo
    places = np.resize([-1, 0, 1], n) + rng.uniform(0.1, 0.9, size=n)
    return (lo + width * rng.permutation(places)).astype("float32").reshape(shape)


# Dimensions: shape (a scalar, vectors, matrices, three axes, one of them of length 1, more elements than anyone types) ·
# elements below, between, above, and exactly on each bound · bounds of either sign, 0 among them, near 1 and far beyond 50 · the gradient of each of these.


@clip_value.case("a vector, with elements below, between and above", gradient=True, points=1)
def _(rng):
    return _around(rng, 2.0, 8.0, int(rng.integers(3, 12))), 2.0, 8.0


@clip_value.case("a matrix, with bounds on both sides of zero", gradient=True, points=0.5)
def _(rng):
    lo, hi = -float(rng.uniform(0.5, 2)), float(rng.uniform(3, 5))
    return _around(rng, lo, hi, int(rng.integers(2, 5)), 3), lo, hi


@clip_value.case("two negative bounds, three axes", gradient=True, points=0.5)
def _(rng):
    lo, hi = -float(rng.integers(7, 10)), -float(rng.integers(2, 5))
    return _around(rng, lo, hi, 3, 1, 4), lo, hi


@clip_value.case("elements exactly on a bound, where the gradient is still 1", gradient=True, points=1)
def _(rng):
    lo, hi = float(rng.integers(-2, 1)), float(rng.integers(4, 7))
    return rng.permutation(np.array([lo, lo, hi, hi, lo - 1, hi + 1, (lo + hi) / 2], "float32")), lo, hi


@clip_value.case("many elements and bounds far from zero", gradient=True, points=0.5)
def _(rng):
    lo, hi = -float(rng.uniform(200, 300)), float(rng.uniform(500, 700))
    return _around(rng, lo, hi, int(rng.integers(130, 140))), lo, hi


@clip_value.case("a scalar below the lower bound; the upper one is zero", gradient=True, points=0.5)
def _(rng):
    return np.asarray(-rng.uniform(6, 9), "float32"), -float(rng.uniform(1, 5)), 0.0


@clip_value.mistake("Only the upper bound holds. What happens to an element that is too small?")
def _(a, lo, hi):
    return tf.minimum(a, hi)


@clip_value.mistake("Only the lower bound holds. What happens to an element that is too large?")
def _(a, lo, hi):
    return tf.maximum(a, lo)


@clip_value.mistake(
    "You exchanged maximum and minimum: the maximum with the upper bound lifts every element up to it. "
    "Try your function on one number by hand."
)
def _(a, lo, hi):
    return tf.maximum(tf.minimum(a, lo), hi)


@clip_value.mistake("Your lower bound is −hi. The task has two bounds, and they need not be symmetric.")
def _(a, lo, hi):
    return tf.maximum(tf.minimum(a, hi), -hi)


@clip_value.mistake("Elements outside become 0. Clipping moves them to the nearest bound.")
def _(a, lo, hi):
    return tf.where((a >= lo) & (a <= hi), a, 0.0)


@clip_value.mistake(
    "You stretched the whole range into the bounds. Elements that are already inside must stay as they are."
)
def _(a, lo, hi):
    low, high = tf.reduce_min(a), tf.reduce_max(a)
    return lo + (hi - lo) * (a - low) / (high - low)


@clip_value.mistake("You scale the tensor as a whole. Clipping by value treats each element by itself.")
def _(a, lo, hi):
    return a * tf.minimum(1.0, abs(hi) / tf.reduce_max(tf.abs(a)))


@clip_value.mistake(
    "The value is right, but your gradient is 1 everywhere. "
    "A clipped element no longer depends on a: nothing may flow back through it."
)
def _(a, lo, hi):
    return a + tf.stop_gradient(tf.maximum(tf.minimum(a, hi), lo) - a)


@clip_value.mistake(
    "Value and gradient match everywhere except exactly on the bounds. An element on a bound has not been moved: does a "
    "condition treat it as outside? Or does the bound come first in your maximum and minimum?"
)
def _(a, lo, hi):
    return tf.where(a <= lo, lo, tf.where(a >= hi, hi, a))


@clip_value.mistake(
    "Value and gradient match everywhere except exactly on the lower bound. A kink has a rule: relu has the gradient 0 at 0, "
    "and of two equal arguments tf.maximum passes the gradient to the first."
)
def _(a, lo, hi):
    return tf.maximum(lo, tf.minimum(a, hi))


@clip_value.mistake(
    "Value and gradient match everywhere except exactly on the upper bound. Of two equal arguments tf.minimum passes the "
    "gradient to the first; which one stands first in yours?"
)
def _(a, lo, hi):
    return tf.maximum(tf.minimum(hi, a), lo)


@clip_value.mistake(
    "Value and gradient match everywhere except exactly on the bounds, where your gradient is one half: there two of your "
    "formula's kinks meet the element, and each gives a part."
)
def _(a, lo, hi):
    return (tf.abs(a - lo) - tf.abs(a - hi) + lo + hi) / 2


@clip_value.mistake(
    "The values are right, but no gradient comes back: NumPy, .numpy() and tf.stop_gradient hide the way from the tape."
)
def _(a, lo, hi):
    return tf.constant(np.minimum(np.maximum(a.numpy(), np.float32(lo)), np.float32(hi)))


@clip_value.mistake(
    "lo and hi have changed places: every element ends at or below lo. Try your function on one number by hand."
)
def _(a, lo, hi):
    return tf.minimum(tf.maximum(a, hi), lo)


@clip_value.mistake(
    "Python's max, min and `if` ask one question, and a tensor has one answer for each element. TensorFlow has operations that "
    "compare, or choose, element by element."
)
def _(a, lo, hi):
    return max(min(a, hi), lo)


@clip_value.mistake("Elements outside are gone, and your result is shorter. Clipping moves them to the nearest bound.")
def _(a, lo, hi):
    return tf.boolean_mask(a, (a >= lo) & (a <= hi))


# -- clip_norm ----------------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=10,
    difficulty=2,
    forbid=["tf.clip_by_norm", "tf.clip_by_global_norm", "tf.compat.v1.clip_by_average_norm"],
)
def clip_norm(a, c):
    """The tensor a, made shorter where its norm exceeds c; its direction is kept.

    a: float32, any shape; c > 0: float → float32, the shape of a. The norm is the root of the sum of all squares.
    """
    return tf.clip_by_norm(a, c)


# Dimensions: shape (a scalar, vectors, matrices, three axes, one of them of length 1, more elements than anyone types) · norm far
# above, a little above, a little below the bound, and zero · an element that is 0 in a tensor that is not · the bound below 1, above it and far above 50 · the signs of the elements · elements that are each
# short enough.


@clip_norm.case("a vector that is too long", points=0.5)
def _(rng):
    c = float(rng.uniform(1, 6))
    a = _of_norm(rng, c * rng.uniform(6, 10), (int(rng.integers(12, 20)),))[0]
    a[-1] = 0  # which does not make it the zero tensor
    return a, c


@clip_norm.case("a vector that is short enough stays as it is", points=0.5)
def _(rng):
    c = float(rng.uniform(4, 20))  # so that its square and its 1-norm are above c, which must not matter
    return _of_norm(rng, c * rng.uniform(0.65, 0.9), (int(rng.integers(12, 20)),))[0], c


@clip_norm.case("a matrix has one norm, over all its elements, none of which needs to be large", points=0.5)
def _(rng):
    c = float(rng.uniform(1, 5))
    signs = rng.choice([-1.0, 1.0], size=(5, 4))
    return (c * signs * rng.uniform(0.4, 0.8, size=(5, 4))).astype("float32"), c


@clip_norm.case("many elements, three axes, a bound below 1", points=0.5)
def _(rng):
    c = float(rng.uniform(0.01, 0.03))
    return _of_norm(rng, c * rng.uniform(20, 30), (int(rng.integers(130, 140)), 1, 8))[0], c


@clip_norm.case("a negative scalar, a little beyond a large bound", points=0.5)
def _(rng):
    c = float(rng.uniform(60, 90))
    return np.asarray(-c * rng.uniform(1.003, 1.008), "float32"), c


@clip_norm.case("short, and its bound below 1", points=0.5)
def _(rng):
    c = float(rng.uniform(0.3, 0.6))
    return _of_norm(rng, c * rng.uniform(0.6, 0.9), (int(rng.integers(2, 5)), 2))[0], c


@clip_norm.case("the zero tensor", points=1)
def _(rng):
    return np.zeros((int(rng.integers(2, 5)), 3), "float32"), float(rng.uniform(0.5, 15))


@clip_norm.mistake(
    "Short tensors grow in your function: it gives every tensor the norm c. Clipping only ever shortens."
)
def _(a, c):
    norm = tf.norm(a)
    return a * c / norm if norm > 0 else a


@clip_norm.mistake(
    "Every tensor gets the norm c in your function, and the zero tensor becomes NaN. Which ones need a change at all?"
)
def _(a, c):
    return a * c / tf.norm(a)


@clip_norm.mistake(
    "Right, but for the zero tensor: its norm is 0, and 0 / 0 is NaN. By what may you divide that is never 0?"
)
def _(a, c):
    norm = tf.norm(a)
    return a / norm * tf.minimum(norm, c)


@clip_norm.mistake(
    "You bounded each element. That turns the vector: compare the ratios of its elements before and after."
)
def _(a, c):
    return tf.clip_by_value(a, -c, c)


@clip_norm.mistake("You took one norm for each row. A tensor of any shape has a single norm here.")
def _(a, c):
    norm = tf.norm(a, axis=-1, keepdims=True)
    return a * c / tf.maximum(norm, c)


@clip_norm.mistake("You divide by the sum of the squares. What is still missing to make it a length?")
def _(a, c):
    return a * c / tf.maximum(tf.reduce_sum(tf.square(a)), c)


@clip_norm.mistake("You added absolute values. That is another norm, the 1-norm; the length is the 2-norm.")
def _(a, c):
    return a * c / tf.maximum(tf.reduce_sum(tf.abs(a)), c)


@clip_norm.mistake(
    "You averaged the squares: your norm shrinks with the number of elements, and long tensors stay too long."
)
def _(a, c):
    return a * c / tf.maximum(tf.sqrt(tf.reduce_mean(tf.square(a))), c)


@clip_norm.mistake("Long tensors get the norm 1 in your function. Where does c come in?")
def _(a, c):
    norm = tf.norm(a)
    return a / norm if norm > c else a


@clip_norm.mistake("You return the norm's bound, not the tensor: a clipped tensor has the shape of a.")
def _(a, c):
    return tf.minimum(tf.norm(a), c)


@clip_norm.mistake("You took the largest element for the length. The norm is the root of the sum of all squares.")
def _(a, c):
    return a * c / tf.maximum(tf.reduce_max(tf.abs(a)), c)


@clip_norm.mistake("You divide by c. The factor that makes a tensor of norm n one of norm c has both of them in it.")
def _(a, c):
    return a / c if tf.norm(a) > c else a


@clip_norm.mistake("You took one norm for each column. A tensor of any shape has a single norm here.")
def _(a, c):
    norm = tf.norm(a, axis=0, keepdims=True) if len(a.shape) else tf.abs(a)
    return a * c / tf.maximum(norm, c)


@clip_norm.mistake(
    "You subtract what is too much from each element. Shortened, a vector keeps its direction: multiply."
)
def _(a, c):
    norm = tf.norm(a)
    return a - (norm - c) if norm > c else a


@clip_norm.mistake("Nothing comes back where a is short enough. Then the task asks for a itself.")
def _(a, c):
    norm = tf.norm(a)
    if norm > c:
        return a * c / norm


@clip_norm.mistake("Short tensors become zero in your function. They shall stay as they are.")
def _(a, c):
    norm = tf.norm(a)
    return tf.where(norm > c, a * c / norm, 0.0)


@clip_norm.mistake("You compare the square of the norm with c. Take the root before you ask whether it is too long.")
def _(a, c):
    squares = tf.reduce_sum(tf.square(a))
    return a * c / tf.sqrt(squares) if squares > c else a


# -- clip_global --------------------------------------------------------------------------------------------------------


@exercise(
    points=5,
    minutes=12,
    difficulty=2,
    forbid=["tf.clip_by_global_norm", "tf.clip_by_norm"],
)
def clip_global(grads, c):
    """All gradients, shortened by one common factor where their global norm exceeds c, and that norm before clipping.

    grads: list of float32 tensors of any shapes, some of which may be None; c > 0: float
    → (list as long as grads, with each None in its place, float32 scalar).
    """
    return tf.clip_by_global_norm(grads, c)


_SHAPES = ((4, 3), (3,), (3, 2), (2,))

# Dimensions: how many tensors (one, some, more than anyone types) · their shapes, scalars and more rows than anyone types · where
# None stands (first, in the middle, last) and how often · the global norm above and below the bound, and zero · each tensor
# alone below it · the bound below 1 and above · the list that the caller still owns · the norm as a second result.


@clip_global.case("gradients whose global norm is too large", points=1)
def _(rng):
    c = float(rng.uniform(1, 20))
    return _of_norm(rng, c * rng.uniform(2, 6), *_SHAPES), c


@clip_global.case("a global norm below the bound: nothing changes", points=0.5)
def _(rng):
    c = float(rng.uniform(2, 20))
    return _of_norm(rng, c * rng.uniform(0.1, 0.6), *_SHAPES), c


@clip_global.case("each tensor alone is short enough, together they are not", points=0.5)
def _(rng):
    c = float(rng.uniform(1, 10))
    return [_of_norm(rng, c * rng.uniform(0.7, 0.95), shape)[0] for shape in _SHAPES], c


@clip_global.case("a parameter without a gradient: None stays in its place", points=1)
def _(rng):
    c = float(rng.uniform(1, 10))
    grads = _of_norm(rng, c * rng.uniform(2, 4), *_SHAPES)
    grads.insert(int(rng.integers(0, 4)), None)
    return [*grads, None], c


@clip_global.case("a single tensor, between parameters without a gradient, and a norm of hundreds", points=0.5)
def _(rng):
    c = float(rng.uniform(1, 10))
    return [None] * int(rng.integers(1, 4)) + _of_norm(rng, rng.uniform(300, 900), (3, 2)) + [None], c


@clip_global.case("many tensors, one with many rows, a bound below 1", points=0.5)
def _(rng):
    c = float(rng.uniform(0.01, 0.03))
    shapes = [(3,)] * int(rng.integers(12, 15)) + [(int(rng.integers(130, 140)), 2)]
    return _of_norm(rng, c * rng.uniform(20, 30), *shapes), c


@clip_global.case("all gradients zero", points=0.5)
def _(rng):
    return [np.zeros(shape, "float32") for shape in _SHAPES], float(rng.uniform(0.5, 15))


def _and_the_list(answer, grads, c):
    before = list(grads)
    result = answer(grads, c)
    same = len(grads) == len(before) and all(g is b for g, b in zip(grads, before, strict=True))
    return {"result": result, "the list you were given": "as it was" if same else "changed by your function"}


@clip_global.case("the caller's own list stays as it was", probe=_and_the_list, points=0.5)
def _(rng):
    c = float(rng.uniform(1, 10))
    grads = _of_norm(rng, c * rng.uniform(2, 4), (), (5,), (1, 4))
    grads.insert(int(rng.integers(0, 3)), None)
    return grads, c


def _global_norm(grads):
    return tf.sqrt(sum(tf.reduce_sum(tf.square(g)) for g in grads if g is not None))


@clip_global.mistake(
    "You clip each tensor by its own norm. Then long tensors shrink and short ones do not, "
    "and the whole step points elsewhere: one common factor is needed."
)
def _(grads, c):
    return [None if g is None else tf.clip_by_norm(g, c) for g in grads], _global_norm(grads)


@clip_global.mistake("You dropped the None entries: from there on, each gradient is paired with the wrong parameter.")
def _(grads, c):
    norm = _global_norm(grads)
    return [g * c / tf.maximum(norm, c) for g in grads if g is not None], norm


@clip_global.mistake(
    "None means that there is no gradient. Zero is another statement, and an optimizer treats it differently."
)
def _(grads, c):
    norm = _global_norm(grads)
    return [tf.zeros([]) if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake("One of the gradients is None, and None has no square. What should your loop do with it?")
def _(grads, c):
    norm = tf.sqrt(sum(tf.reduce_sum(tf.square(g)) for g in grads))
    return [g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake(
    "The norm you return was measured after clipping. It is always c or less, and tells nobody about an explosion."
)
def _(grads, c):
    norm = _global_norm(grads)
    clipped = [None if g is None else g * c / tf.maximum(norm, c) for g in grads]
    return clipped, _global_norm(clipped)


@clip_global.mistake("Lengths at right angles do not add: the global norm is not the sum of the tensors' norms.")
def _(grads, c):
    norm = sum(tf.norm(g) for g in grads if g is not None)
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake("You took the longest tensor's norm for the norm of all of them together.")
def _(grads, c):
    norm = tf.reduce_max([tf.norm(g) for g in grads if g is not None])
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake("The root is missing: this is the square of the global norm.")
def _(grads, c):
    norm = sum(tf.reduce_sum(tf.square(g)) for g in grads if g is not None)
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake("Gradients that were short enough grow in your function. When is there nothing to do?")
def _(grads, c):
    norm = _global_norm(grads)
    return [None if g is None or norm == 0 else g * c / norm for g in grads] if norm > 0 else list(grads), norm


@clip_global.mistake(
    "With all gradients zero you divide 0 by 0. A training run meets that moment: every relu of a batch can be off."
)
def _(grads, c):
    norm = _global_norm(grads)
    return [None if g is None else g / norm * tf.minimum(norm, c) for g in grads], norm


@clip_global.mistake(
    "Each tensor has norm c after your clip: you bounded them one by one, and enlarged those that were shorter."
)
def _(grads, c):
    norm = _global_norm(grads)
    return [None if g is None else tf.math.divide_no_nan(g * c, tf.norm(g)) for g in grads], norm


@clip_global.mistake("The norm is right, but the list came back unclipped. Where is the common factor used?")
def _(grads, c):
    return list(grads), _global_norm(grads)


@clip_global.mistake("You return the list alone. The task asks for two things: the list, and the norm before clipping.")
def _(grads, c):
    norm = _global_norm(grads)
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads]


@clip_global.mistake("The list comes first, then the norm.")
def _(grads, c):
    norm = _global_norm(grads)
    return norm, [None if g is None else g * c / tf.maximum(norm, c) for g in grads]


@clip_global.mistake(
    "You wrote the clipped gradients into the caller's list. The caller may still want the ones before clipping."
)
def _(grads, c):
    norm = _global_norm(grads)
    for i, g in enumerate(grads):
        if g is not None:
            grads[i] = g * c / tf.maximum(norm, c)
    return grads, norm


@clip_global.mistake(
    "Your factor is c / norm always: gradients that were short enough grow, and where all are zero it is 0 / 0. When is there "
    "nothing to do?"
)
def _(grads, c):
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(g)) for g in grads if g is not None]))
    return [None if g is None else g * c / norm for g in grads], norm


@clip_global.mistake(
    "The tensors have different shapes, so they cannot be stacked. What of each of them goes into the global norm is one number."
)
def _(grads, c):
    norm = tf.norm(tf.stack([g for g in grads if g is not None]))
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake(
    "You averaged the tensors' norms. The global norm is the length of all their elements taken together."
)
def _(grads, c):
    norms = [tf.norm(g) for g in grads if g is not None]
    norm = sum(norms) / len(norms)
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


@clip_global.mistake("You bounded each element. That turns the step: all gradients need one common factor.")
def _(grads, c):
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(g)) for g in grads if g is not None]))
    return [None if g is None else tf.clip_by_value(g, -c, c) for g in grads], norm


# -- clipped_step -------------------------------------------------------------------------------------------------------


@exercise(points=4, minutes=10, difficulty=3, forbid=["keras.optimizers.SGD"])
def clipped_step(params, grads, lr, c):
    """One step of gradient descent with the gradients clipped to the global norm c; params change in place.

    params: list of tf.Variable, grads: list of float32 tensors of the same shapes, lr, c: float → None.
    """
    keras.optimizers.SGD(learning_rate=lr, global_clipnorm=c).apply_gradients(zip(grads, params, strict=True))


def _step(answer, params, grads, lr, c):
    answer(params, grads, lr, c)
    return [p.numpy() for p in params if isinstance(p, tf.Variable)]


def _two_steps(answer, params, grads, lr, c):
    answer(params, grads[: len(params)], lr, c)
    answer(params, grads[len(params) :], lr, c)
    return [p.numpy() for p in params if isinstance(p, tf.Variable)]


def _parameters(rng, c, *shapes):
    return [variable(p) for p in _of_norm(rng, c * rng.uniform(3, 4), *shapes)]


# Dimensions: how many parameters (one, some, more than anyone types) · their shapes, a scalar and more rows than anyone types · the
# global norm above the bound, below it, zero · each tensor alone below it · bound and rate below and above 1 · a second step,
# with other gradients · the variables as objects.


@clipped_step.case("a gradient that is too long", probe=_step, points=1)
def _(rng):
    c = float(rng.uniform(1, 5))
    return (
        _parameters(rng, c, *_SHAPES),
        _of_norm(rng, rng.uniform(300, 900), *_SHAPES),
        float(rng.uniform(0.5, 0.9)),
        c,
    )


@clipped_step.case("a gradient that is short enough: plain gradient descent", probe=_step, points=1)
def _(rng):
    c = float(rng.uniform(3, 15))
    grads = _of_norm(rng, c * rng.uniform(0.2, 0.6), *_SHAPES)
    return _parameters(rng, c, *_SHAPES), grads, float(rng.uniform(0.05, 0.5)), c


@clipped_step.case("each tensor alone is short enough, together they are not", probe=_step, points=0.5)
def _(rng):
    c = float(rng.uniform(1, 5))
    grads = [_of_norm(rng, c * rng.uniform(0.7, 0.95), shape)[0] for shape in _SHAPES]
    return _parameters(rng, c, *_SHAPES), grads, float(rng.uniform(0.5, 0.9)), c


@clipped_step.case("many parameters, one with many rows, a bound below 1 and a rate above it", probe=_step, points=0.5)
def _(rng):
    c = float(rng.uniform(0.01, 0.03))
    shapes = [(3,)] * int(rng.integers(12, 15)) + [(int(rng.integers(130, 140)), 2)]
    grads = _of_norm(rng, c * rng.uniform(20, 30), *shapes)
    return _parameters(rng, c, *shapes), grads, float(rng.uniform(1.5, 3)), c


@clipped_step.case("a single scalar parameter, and a gradient of hundreds", probe=_step, points=0.5)
def _(rng):
    c = float(rng.uniform(1, 5))
    return _parameters(rng, c, ()), _of_norm(rng, rng.uniform(300, 900), ()), float(rng.uniform(0.05, 0.5)), c


@clipped_step.case("two steps, the second with all gradients zero", probe=_two_steps, points=0.5)
def _(rng):
    c, shapes = float(rng.uniform(1, 5)), ((3, 2), (2,))
    grads = _of_norm(rng, c * rng.uniform(2, 5), *shapes) + [np.zeros(s, "float32") for s in shapes]
    return _parameters(rng, c, *shapes), grads, float(rng.uniform(0.05, 0.5)), c


def _clipped(grads, c):
    return tf.clip_by_global_norm(grads, c)[0]


@clipped_step.mistake("You clip each gradient by its own norm; the bound here is for all of them together.")
def _(params, grads, lr, c):
    for p, g in zip(params, grads, strict=True):
        p.assign_sub(lr * tf.clip_by_norm(g, c))


@clipped_step.mistake("You bound the elements, not the global norm: the step no longer points down the gradient.")
def _(params, grads, lr, c):
    for p, g in zip(params, grads, strict=True):
        p.assign_sub(lr * tf.clip_by_value(g, -c, c))


@clipped_step.mistake(
    "You multiplied by the learning rate first and clipped the product. Which of the two has the norm c bounds?"
)
def _(params, grads, lr, c):
    for p, g in zip(params, _clipped([lr * g for g in grads], c), strict=True):
        p.assign_sub(g)


@clipped_step.mistake("This is plain gradient descent: nothing is clipped. Is the clipped list used after it was made?")
def _(params, grads, lr, c):
    _clipped(grads, c)
    for p, g in zip(params, grads, strict=True):
        p.assign_sub(lr * g)


@clipped_step.mistake("Every step of yours has the same length, lr · c. A gradient below the bound must keep its own.")
def _(params, grads, lr, c):
    norm = tf.linalg.global_norm(grads)
    for p, g in zip(params, grads, strict=True):
        p.assign_sub(tf.math.divide_no_nan(lr * c * g, norm))


@clipped_step.mistake(
    "After a step with all gradients zero your parameters are NaN: 0 / 0. What is the factor when the norm is 0?"
)
def _(params, grads, lr, c):
    norm = tf.linalg.global_norm(grads)
    for p, g in zip(params, grads, strict=True):
        p.assign_sub(lr * tf.minimum(norm, c) * g / norm)


@clipped_step.mistake(
    "Nothing has changed: `p - …` is a new tensor, whatever you call it and wherever you put it; the variable stays as it was."
)
def _(params, grads, lr, c):
    for p, g in zip(params, _clipped(grads, c), strict=True):
        p = p - lr * g  # noqa: PLW2901


@clipped_step.mistake("You put new tensors into the caller's list. The variables themselves have to change.")
def _(params, grads, lr, c):
    for i, g in enumerate(_clipped(grads, c)):
        params[i] = params[i] - lr * g


@clipped_step.mistake("Only the first parameter moves. Does your function leave the loop too early?")
def _(params, grads, lr, c):
    for p, g in zip(params, _clipped(grads, c), strict=True):
        p.assign_sub(lr * g)
        return


@clipped_step.mistake("You replace the parameter by the step. What is left of its old value?")
def _(params, grads, lr, c):
    for p, g in zip(params, _clipped(grads, c), strict=True):
        p.assign(-lr * g)


@clipped_step.mistake(
    "You put new variables into the caller's list. Whoever holds the old ones will not see them change."
)
def _(params, grads, lr, c):
    for i, g in enumerate(_clipped(grads, c)):
        params[i] = tf.Variable(params[i] - lr * g)


@clipped_step.mistake("You climb: the gradient points uphill.")
def _(params, grads, lr, c):
    for p, g in zip(params, _clipped(grads, c), strict=True):
        p.assign_add(lr * g)


@clipped_step.mistake("Where is the learning rate in your step?")
def _(params, grads, lr, c):
    for p, g in zip(params, _clipped(grads, c), strict=True):
        p.assign_sub(g)


@clipped_step.mistake("You clipped the parameters. What should be bounded is the step, not the place it leads to.")
def _(params, grads, lr, c):
    for p, g in zip(params, grads, strict=True):
        p.assign_sub(lr * g)
    for p, q in zip(params, _clipped([tf.convert_to_tensor(p) for p in params], c), strict=True):
        p.assign(q)


@clipped_step.mistake(
    "tf.clip_by_global_norm gives two things back, the list and the norm. You walk over the two as if they were the list."
)
def _(params, grads, lr, c):
    for p, g in zip(params, tf.clip_by_global_norm(grads, c)):
        p.assign_sub(lr * g)


@clipped_step.mistake("lr and c have changed places.")
def _(params, grads, lr, c):
    clipped, _ = tf.clip_by_global_norm(grads, lr)
    for p, g in zip(params, clipped):
        p.assign_sub(c * g)


@clipped_step.mistake("Lengths at right angles do not add: the global norm is not the sum of the tensors' norms.")
def _(params, grads, lr, c):
    norm = tf.add_n([tf.norm(g) for g in grads])
    for p, g in zip(params, grads):
        p.assign_sub(lr * g * c / tf.maximum(norm, c))


@clipped_step.mistake(
    "`-=` makes a new tensor, and TensorFlow refuses it for variables. Which method of a variable changes it in place?"
)
def _(params, grads, lr, c):
    clipped, _ = tf.clip_by_global_norm(grads, c)
    for p, g in zip(params, clipped):
        p -= lr * g
