"""Chapter 05, Himmelblau descent: a function of two variables, its four valleys, and the step that stays inside one."""

import numpy as np
import tensorflow as tf

from ..judging.exercise import exercise
from ..judging.values import code, raw, variable

MINIMA = (
    (3.0, 2.0),
    (-2.8051180869527, 3.1313125182506),
    (-3.7793102533777, -3.2831859912862),
    (3.5844283403305, -1.8481265269644),
)
"""The four minima, in the order in which the chapter counts them."""


def _points(rng, *shape, size=5.5):
    return rng.uniform(-size, size, size=(2, *shape)).astype("float32")


def _polynomial(x, y):
    """The function, multiplied out: the same numbers by another road. In float64, for its terms cancel near the minima."""
    return x**4 + y**4 + 2 * x**2 * y + 2 * x * y**2 - 21 * x**2 - 13 * y**2 - 14 * x - 22 * y + 170


def _brackets(p):
    """What stands in the two brackets: what many a mistake starts from."""
    return p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7


def _each(answer, points):
    return [answer(point) for point in points]


# -- himmelblau ---------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=5, difficulty=1)
def himmelblau(p):
    """Himmelblau's function (x² + y − 11)² + (x + y² − 7)².

    p: float tensor [2] or [2, …], or a list of two arrays of one shape; p[0] is x, p[1] is y → the shape of p[0], its dtype.
    """
    x, y = tf.convert_to_tensor(p[0]), tf.convert_to_tensor(p[1])
    value = _polynomial(tf.cast(x, tf.float64), tf.cast(y, tf.float64))
    return tf.cast(value, x.dtype)


# Dimensions: rank 1 to 4, one point, few, more than 64 · all signs of x and y · near, at the minima, far beyond the drawn square ·
# float32, float64 · a tensor, a list of arrays · rows and columns of different number · the gradient.


@himmelblau.case("one point; one in each quarter; one far away", points=0.5, rtol=2e-5, atol=1e-3, probe=_each)
def _(rng):
    size = rng.uniform(0.5, 5.5, size=(4, 2)) * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    far = rng.uniform(20, 90, size=2) * rng.choice([-1, 1], size=2)
    return ([*size.astype("float32"), far.astype("float32")],)


@himmelblau.case("its four minima, where it is zero", points=0.5, atol=2e-3)
def _(rng):
    return (np.array(MINIMA, dtype="float32").T[:, rng.permutation(4)],)


@himmelblau.case("grids of points, [2, rows, columns] and [2, 2, 2, n]", points=0.5, rtol=2e-5, atol=1e-3, probe=_each)
def _(rng):
    return ([_points(rng, 2, int(rng.integers(3, 6))), _points(rng, 2, 2, int(rng.integers(17, 24)))],)


@himmelblau.case(
    "a list [X, Y] of NumPy arrays, as np.meshgrid makes them", points=0.5, dtype=False, rtol=1e-6, atol=1e-3
)
def _(rng):
    columns, rows = int(rng.integers(4, 7)), 3
    x, y = np.meshgrid(np.sort(rng.uniform(-5, 5, size=columns)), np.sort(rng.uniform(-5, 5, size=rows)))
    return ([raw(x), raw(y)],)


@himmelblau.case("a float64 point stays float64", points=0.5)
def _(rng):
    return (rng.uniform(4, 6, size=2),)


@himmelblau.case("the tape can follow it", points=0.5, gradient=True, rtol=1e-4, atol=2e-3)
def _(rng):
    return (_points(rng, int(rng.integers(3, 6))),)


@himmelblau.mistake("Only one of the two brackets is squared. What keeps the other from pulling the sum below zero?")
def _(p):
    a, b = _brackets(p)
    return a**2 + b


@himmelblau.mistake(
    "Only one of the two brackets is squared, and it is the second. What becomes of the first when it is negative?"
)
def _(p):
    a, b = _brackets(p)
    return a + b**2


@himmelblau.mistake(
    "You squared the sum of the two brackets. Where they cancel, that is zero although neither of them is."
)
def _(p):
    a, b = _brackets(p)
    return (a + b) ** 2


@himmelblau.mistake(
    "Something is exchanged: the two constants, or x and y, which comes to the same. At (3, 2) both brackets must be zero."
)
def _(p):
    a, b = _brackets((p[1], p[0]))
    return a**2 + b**2


@himmelblau.mistake(
    "You look for x and y along the last axis. For a grid [2, rows, columns] the two lie along the first."
)
def _(p):
    p = tf.convert_to_tensor(p)
    a, b = _brackets((p[..., 0], p[..., 1]))
    return a**2 + b**2


@himmelblau.mistake("You add up over the whole grid. Every point of it has a height of its own.")
def _(p):
    a, b = _brackets(p)
    return tf.reduce_sum(a**2 + b**2)


@himmelblau.mistake("You take absolute values where the task asks for squares: no smooth valley floor, but a crease.")
def _(p):
    a, b = _brackets(p)
    return tf.abs(a) + tf.abs(b)


@himmelblau.mistake(
    "The values are right, but they were computed with NumPy, where no tape can follow. What would descend on them?"
)
def _(p):
    a, b = _brackets((np.asarray(p[0]), np.asarray(p[1])))
    return a**2 + b**2


@himmelblau.mistake(
    "Your result is float32 whatever comes in. Who asked for a point in float64 wants to keep its digits."
)
def _(p):
    a, b = _brackets((tf.cast(p[0], tf.float32), tf.cast(p[1], tf.float32)))
    return a**2 + b**2


@himmelblau.mistake(
    "Your function sees only positive x and y, or their sizes. Where y is negative, y and y² are not the same."
)
def _(p):
    a, b = _brackets((abs(p[0]), abs(p[1])))
    return a**2 + b**2


@himmelblau.mistake(
    "In Python `^` is no power: it compares bits, and fails for floating-point numbers. A power is written `**`."
)
def _(p):
    x, y = p[0], p[1]
    return (x ^ 2 + y - 11) ^ 2 + (x + y ^ 2 - 7) ^ 2


@himmelblau.mistake("You return the two squared brackets. The height is their sum.")
def _(p):
    x, y = p[0], p[1]
    return (x**2 + y - 11) ** 2, (x + y**2 - 7) ** 2


@himmelblau.mistake("You took a square root at the end. Himmelblau's function is the sum of the squares itself.")
def _(p):
    x, y = p[0], p[1]
    return ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2) ** 0.5


@himmelblau.mistake("The constants 11 and 7 are subtracted. At (3, 2) both brackets must be zero.")
def _(p):
    x, y = p[0], p[1]
    return (x**2 + y + 11) ** 2 + (x + y**2 + 7) ** 2


@himmelblau.mistake(
    "float() makes one number of one number. p may hold whole grids, and a tape does not follow a Python number."
)
def _(p):
    x, y = float(p[0]), float(p[1])
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


# -- himmelblau_grad ----------------------------------------------------------------------------------------------------


@exercise(
    points=3,
    minutes=8,
    difficulty=2,
    forbid=["tf.GradientTape", "tf.autodiff.ForwardAccumulator", "tf.gradients", "np.gradient"],
)
def himmelblau_grad(p):
    """The gradient of Himmelblau's function, by formula: (∂f/∂x, ∂f/∂y).

    p: float tensor [2] or [2, …] → the same shape and dtype.
    """
    q = tf.cast(p, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(q)
        value = tf.reduce_sum(_polynomial(q[0], q[1]))
    return tf.cast(tape.gradient(value, q), p.dtype)


# Dimensions: rank 1 to 4, one point, few, more than 64 · all signs · on the axes, at a minimum, far beyond the drawn square ·
# float32 and float64, whose digits count.


@himmelblau_grad.case("one point; one far away", points=1, rtol=1e-4, atol=2e-3, probe=_each)
def _(rng):
    far = rng.uniform(20, 90, size=2) * rng.permutation([-1, 1])  # out there one slope is negative, for certain
    return ([_points(rng), far.astype("float32")],)


@himmelblau_grad.case("many points at once, [2, n]", points=0.5, rtol=1e-4, atol=2e-3)
def _(rng):
    return (_points(rng, int(rng.integers(65, 80))),)


@himmelblau_grad.case("grids, [2, 2, 2] and [2, 3, 1, 4]", points=0.5, rtol=1e-4, atol=2e-3, probe=_each)
def _(rng):
    return ([_points(rng, 2, 2), _points(rng, 3, 1, 4)],)


@himmelblau_grad.case(
    "the minimum (3, 2), where every slope is zero, and another place: an exact formula, in float64",
    points=0.5, rtol=1e-10, atol=2e-10, probe=_each,
)  # fmt: skip
def _(rng):
    return ([np.array([3.0, 2.0]), rng.uniform(-5, -4.2, size=2)],)  # there one slope is negative, for certain


@himmelblau_grad.case("on the axes, x = 0 or y = 0, on both sides", points=0.5, rtol=1e-4, atol=2e-3)
def _(rng):
    a, b = rng.uniform(1, 4, size=2)
    return (np.array([[0, a, 0, -a], [b, 0, -b, 0]], dtype="float32"),)


@himmelblau_grad.mistake(
    "Each bracket is squared, so the chain rule asks for the derivative of what stands inside it, too. Where is it?"
)
def _(p):
    a, b = _brackets(p)
    return tf.stack([2 * a + 2 * b, 2 * a + 2 * b])


@himmelblau_grad.mistake(
    "Your gradient is half as long as it should be. What comes down when a square is differentiated?"
)
def _(p):
    a, b = _brackets(p)
    return tf.stack([2 * p[0] * a + b, a + 2 * p[1] * b])


@himmelblau_grad.mistake("The two parts are exchanged: the first belongs to x.")
def _(p):
    a, b = _brackets(p)
    return tf.stack([2 * a + 4 * p[1] * b, 4 * p[0] * a + 2 * b])


@himmelblau_grad.mistake(
    "Your arrows point downhill. The gradient points the other way; the minus belongs to the step."
)
def _(p):
    a, b = _brackets(p)
    return -tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b])


@himmelblau_grad.mistake("This is the gradient of the misprinted function, whose second bracket is not squared.")
def _(p):
    a, _ = _brackets(p)
    return tf.stack([4 * p[0] * a + 1, 2 * a + 2 * p[1]])


@himmelblau_grad.mistake(
    "x stands in both brackets, and so does y. Each part of your gradient knows only one of the two."
)
def _(p):
    a, b = _brackets(p)
    return tf.stack([4 * p[0] * a, 4 * p[1] * b])


@himmelblau_grad.mistake("You cut the parts off at a bound. Out there it really is that steep.")
def _(p):
    a, b = _brackets(p)
    return tf.clip_by_value(tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b]), -5000, 5000)


@himmelblau_grad.mistake("The direction is right, but you have made every arrow one unit long. How steep is it?")
def _(p):
    a, b = _brackets(p)
    g = tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b])
    return tf.math.divide_no_nan(g, tf.norm(g, axis=0))


@himmelblau_grad.mistake(
    "The numbers are right, but x and y lie along the last axis of your result. Where do they lie in p?"
)
def _(p):
    a, b = _brackets(p)
    return tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b], axis=-1)


@himmelblau_grad.mistake(
    "You measure the slope with a small step, which is never exact: at a minimum it must be zero. The task asks for the formula."
)
def _(p):
    h = 1e-4
    q = tf.cast(p, tf.float64)
    up, right = tf.constant([0.0, h], tf.float64), tf.constant([h, 0.0], tf.float64)
    shape = [2] + [1] * (len(q.shape) - 1)
    parts = []
    for d in (tf.reshape(right, shape), tf.reshape(up, shape)):
        high, low = q + d, q - d
        f = [sum(bracket**2 for bracket in _brackets(s)) for s in (high, low)]
        parts.append((f[0] - f[1]) / (2 * h))
    return tf.cast(tf.stack(parts), p.dtype)


@himmelblau_grad.mistake("You added the two parts. A gradient has one for each coordinate, one above the other.")
def _(p):
    x, y = p[0], p[1]
    a, b = x**2 + y - 11, x + y**2 - 7
    return 4 * x * a + 2 * b + 2 * a + 4 * y * b


@himmelblau_grad.mistake(
    "A factor 2 is missing: the square of a bracket brings one down, and x² (or y²) inside of it another."
)
def _(p):
    x, y = p[0], p[1]
    a, b = x**2 + y - 11, x + y**2 - 7
    return tf.stack([2 * x * a + 2 * b, 2 * a + 2 * y * b])


# -- surface_grid -------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=6, difficulty=1, picture="grid")
def surface_grid(lo, hi, step):
    """Himmelblau's function over a square: X, Y, Z, each [n, n], ordered as np.meshgrid orders them.

    x and y both run as np.arange(lo, hi, step) does: lo first, hi left out.
    """
    n = int(np.ceil((hi - lo) / step))
    row, column = np.divmod(np.arange(n * n), n)
    x, y = (lo + step * column).reshape(n, n), (lo + step * row).reshape(n, n)
    return x, y, _polynomial(x, y)


def _three(answer, lo, hi, step):
    result = answer(lo, hi, step)
    return None if result is None else list(result)  # a tuple, a list or one array [3, n, n] will do


def _twice(answer, lo, hi, step, points):
    """The square, and one of so many points on a side."""
    results = [answer(lo, hi, step), answer(lo, lo + points * step - step / 2, step)]
    return None if any(r is None for r in results) else [list(r) for r in results]


# Dimensions: negative and positive ends, both together, none symmetric · a step that divides the side, that does not, of one and
# more · one point, few, more than 64 on a side · whole and broken numbers.


@surface_grid.case("a small square; a square of four points", probe=_twice, dtype=False, rtol=1e-4, atol=2e-3)
def _(rng):
    lo = int(rng.integers(-4, 0))
    return float(lo), float(lo + rng.integers(3, 6)), 0.5, 2


@surface_grid.case(
    "a step that does not divide the side; a single point", probe=_twice, dtype=False, rtol=1e-4, atol=2e-3
)
def _(rng):
    return -1.0, 2.0, float(rng.choice([0.68, 0.72, 0.92])), 1


@surface_grid.case(
    "the square of the lesson: from −6 to 6 in steps of .1", probe=_three, dtype=False, rtol=1e-4, atol=5e-3
)
def _(rng):
    return -6, 6, 0.1


def _square(lo, hi, step, **options):
    """The axis and its two tables."""
    axis = np.arange(lo, hi, step)
    return axis, *np.meshgrid(axis, axis, **options)


def _squares(x, y):
    a, b = _brackets((x, y))
    return a**2 + b**2


@surface_grid.mistake(
    "In your grid x runs downwards and y to the right. np.meshgrid's own order has x along the columns."
)
def _(lo, hi, step):
    _, x, y = _square(lo, hi, step, indexing="ij")
    return x, y, _squares(x, y)


@surface_grid.mistake("X and Y are right, but Z is transposed: Z[i, j] must be the height over (X[i, j], Y[i, j]).")
def _(lo, hi, step):
    _, x, y = _square(lo, hi, step)
    return x, y, _squares(x, y).T


@surface_grid.mistake("You return the table of y first. The order is X, Y, Z.")
def _(lo, hi, step):
    _, x, y = _square(lo, hi, step)
    return y, x, _squares(x, y)


@surface_grid.mistake("Your axis goes on to hi, or past it. np.arange leaves its end out.")
def _(lo, hi, step):
    _, x, y = _square(lo, hi + step, step)
    return x, y, _squares(x, y)


@surface_grid.mistake(
    "Your points are too far apart: linspace lays its points from end to end, both included, where arange counts in steps."
)
def _(lo, hi, step):
    axis = np.linspace(lo, hi, int(np.ceil((hi - lo) / step)))
    x, y = np.meshgrid(axis, axis)
    return x, y, _squares(x, y)


@surface_grid.mistake("X and Y still have one dimension. Every point of the square needs its own x and its own y.")
def _(lo, hi, step):
    axis, x, y = _square(lo, hi, step)
    return axis, axis, _squares(x, y)


@surface_grid.mistake(
    "You evaluated the function along the diagonal, where x = y. What does meshgrid do to the two axes?"
)
def _(lo, hi, step):
    axis, x, y = _square(lo, hi, step)
    return x, y, _squares(axis, axis)


@surface_grid.mistake("Your Z goes below zero, or is too small: the second bracket of the function is not squared.")
def _(lo, hi, step):
    _, x, y = _square(lo, hi, step)
    a, b = _brackets((x, y))
    return x, y, a**2 + b


@surface_grid.mistake("Your y axis runs from top to bottom, as in a picture. Here row 0 belongs to lo.")
def _(lo, hi, step):
    _, x, y = _square(lo, hi, step)
    return x, y[::-1], _squares(x, y[::-1])


@surface_grid.mistake("You return the heights alone. The task asks for X, Y and Z.")
def _(lo, hi, step):
    _, x, y = _square(lo, hi, step)
    return _squares(x, y)


@surface_grid.mistake("Your Z is one long row. It has the shape of X and Y.")
def _(lo, hi, step):
    axis = np.arange(lo, hi, step)
    X, Y = np.meshgrid(axis, axis)
    return X, Y, ((X**2 + Y - 11) ** 2 + (X + Y**2 - 7) ** 2).ravel()


@surface_grid.mistake(
    "Your square is always the lesson's, from −6 to 6 in steps of .1. The function is asked for another."
)
def _(lo, hi, step):
    axis = np.arange(-6, 6, 0.1)
    X, Y = np.meshgrid(axis, axis)
    return X, Y, (X**2 + Y - 11) ** 2 + (X + Y**2 - 7) ** 2


# -- descend ------------------------------------------------------------------------------------------------------------


@exercise(points=5, minutes=12, difficulty=2, picture="path")
def descend(f, x0, lr, n):
    """The path of n steps of gradient descent on f, from x0, with learning rate lr.

    f: a function of a point, TensorFlow all through. x0: float32 [2], a tensor or a tf.Variable, left as it is
    → float32 [n + 1, 2], the start included.
    """
    place = tf.Variable(x0)
    path = [place.numpy()]
    for _ in range(n):
        with tf.GradientTape() as tape:
            value = f(place)
        tf.raw_ops.ResourceApplyGradientDescent(var=place.handle, alpha=lr, delta=tape.gradient(value, place))
        path.append(place.numpy())
    return np.stack(path)


def _bowl(rng, *, stiff=1.0):
    """A slanted bowl with drawn axes and centre, its ground below 0, as source text. No slices: their gradients would take most of a check's time."""
    a, b = np.round(rng.uniform(0.6, 1.8, size=2) * stiff, 2)
    c, d, e = np.round(rng.uniform(-1.5, 1.5, size=3), 2)
    return code(
        f"lambda p: tf.reduce_sum([{a}, {b}] * (p - [{c}, {d}]) ** 2) + {0.05 + 0.1 * abs(e):.3f} * tf.reduce_sum(p) ** 2 - 9.0"
    )


# Dimensions: no step, one, few, dozens · Himmelblau's function, others · a start in float32, tensor or variable, which stays ·
# rates that creep, that converge, that run away (gradients beyond every bound, and places beyond every number, up to inf and nan) ·
# near a minimum, where nothing moves any more ·
# called twice, with other functions · the path as one array, tensor or list of rows.


def _path(answer, f, x0, lr, n):
    """A list of rows is a path as well."""
    path = answer(f, x0, lr, n)
    return tf.stack([tf.convert_to_tensor(row) for row in path]) if isinstance(path, (list, tuple)) and path else path


def _paths(answer, f, g, x0, lr, n):
    """Called once for each function, from the same start."""
    paths = [answer(f, x0, lr, n), answer(g, x0, lr, n)]
    return [tf.stack([tf.convert_to_tensor(r) for r in p]) if isinstance(p, (list, tuple)) and p else p for p in paths]


HIMMELBLAU = "lambda p: (p[0]**2 + p[1] - 11)**2 + (p[0] + p[1]**2 - 7)**2"


@descend.case(
    "Himmelblau's function, a start in the valley of (3, 2)", points=1, dtype=False, rtol=1e-4, atol=1e-4, probe=_path
)
def _(rng):
    aside = rng.uniform([0.2, 0.4], [0.5, 0.7]) * rng.choice([-1, 1], size=2)  # never along the steep direction alone
    return code(HIMMELBLAU), (np.array([3.0, 2.0]) + aside).astype("float32"), 0.01, int(rng.integers(5, 8))


@descend.case(
    "another function, a slanted bowl, and many steps", points=1, dtype=False, rtol=1e-3, atol=1e-3, probe=_path
)
def _(rng):
    return _bowl(rng), _points(rng), float(np.round(rng.uniform(0.25, 0.35), 3)), int(rng.integers(34, 37))


@descend.case(
    "the start is a tf.Variable, which must stay as it is; two descents from it",
    points=1, dtype=False, rtol=1e-3, atol=1e-3, probe=_paths,
)  # fmt: skip
def _(rng):
    return _bowl(rng), _bowl(rng), variable(_points(rng)), 0.1, int(rng.integers(3, 6))


def _runaway(answer, f, g, x0, lr, n):
    """One path that runs far, and one that runs beyond all numbers: it must end there, whether as inf or as nan."""
    paths = [answer(f, x0, lr, 6), answer(g, x0, lr, n)]
    paths = [tf.stack([tf.convert_to_tensor(r) for r in p]) if isinstance(p, (list, tuple)) and p else p for p in paths]
    far = np.asarray(paths[1])
    if far.dtype.kind == "f" and far.ndim == 2 and len(far):
        shown = np.where(abs(far) < 1e12, far, np.inf)  # how the last numbers round is nothing to look at
        shown[-1] = np.where(np.isfinite(far[-1]), far[-1], np.inf)
        paths[1] = shown.astype(far.dtype)
    return paths


@descend.case("a learning rate far too large: the path runs away", points=1, dtype=False, rtol=1e-3, probe=_runaway)
def _(rng):
    far = (np.array([5.0, 5.0]) + rng.uniform(0, 1, size=2)).astype("float32")
    return _bowl(rng, stiff=3), code(HIMMELBLAU), far, 0.9, int(rng.integers(9, 11))


@descend.case("no step at all: the start alone", points=0.5, dtype=False, atol=1e-6, probe=_path)
def _(rng):
    return _bowl(rng), _points(rng), 0.1, 0


@descend.case("a single step", points=0.5, dtype=False, rtol=1e-3, atol=1e-3, probe=_path)
def _(rng):
    return _bowl(rng), _points(rng), 0.1, 1


def _slope(f, place):
    with tf.GradientTape() as tape:
        tape.watch(place)
        value = f(place)
    return tape.gradient(value, place)


def _walked(f, x0, n, step):
    """The path as a list of points: step(place, slope) → the next place."""
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        path.append(step(path[-1], _slope(f, path[-1])))
    return path


@descend.mistake("You climb: the gradient points uphill.")
def _(f, x0, lr, n):
    return tf.stack(_walked(f, x0, n, lambda x, g: x + lr * g))


@descend.mistake(
    "All rows of your path are the same: a list of references to one variable remembers only where it is now."
)
def _(f, x0, lr, n):
    x = tf.Variable(x0)
    path = [x]
    for _ in range(n):
        x.assign_sub(lr * _slope(f, x))
        path.append(x)
    return tf.stack(path)


@descend.mistake("Your path has one point too few: the start belongs to it.")
def _(f, x0, lr, n):
    path = _walked(f, x0, n, lambda x, g: x - lr * g)[1:]
    return tf.stack(path) if path else tf.zeros([0, 2])


@descend.mistake("Your path has one point too few: it ends before the last step has been taken.")
def _(f, x0, lr, n):
    path = _walked(f, x0, n, lambda x, g: x - lr * g)[:-1]
    return tf.stack(path) if path else tf.zeros([0, 2])


@descend.mistake("You use the slope at the start for every step. The ground under the ball changes as it moves.")
def _(f, x0, lr, n):
    first = _slope(f, tf.convert_to_tensor(x0))
    return tf.stack(_walked(f, x0, n, lambda x, g: x - lr * first))


@descend.mistake("You always step with .01. Which learning rate was asked for?")
def _(f, x0, lr, n):
    return tf.stack(_walked(f, x0, n, lambda x, g: x - 0.01 * g))


@descend.mistake("You always descend on Himmelblau's function. Which function was given?")
def _(f, x0, lr, n):
    return tf.stack(_walked(lambda p: sum(bracket**2 for bracket in _brackets(p)), x0, n, lambda x, g: x - lr * g))


@descend.mistake("You move the caller's own variable. Work on a copy of the start.")
def _(f, x0, lr, n):
    x = x0 if isinstance(x0, tf.Variable) else tf.Variable(x0)
    path = [x.numpy()]
    for _ in range(n):
        x.assign_sub(lr * _slope(f, x))
        path.append(x.numpy())
    return np.stack(path)


@descend.mistake(
    "Every step of yours has the same length. In gradient descent a steep place makes a long step, a flat one a short step."
)
def _(f, x0, lr, n):
    return tf.stack(_walked(f, x0, n, lambda x, g: x - lr * g / tf.norm(g)))


@descend.mistake(
    "You bound the steps, or their gradients. With too large a rate the path shall run away: that is what it does."
)
def _(f, x0, lr, n):
    return tf.stack(_walked(f, x0, n, lambda x, g: x - lr * tf.clip_by_value(g, -100.0, 100.0)))


@descend.mistake(
    "Your path ends before n steps have been taken. The task asks for all of them, whether the ball still moves or not."
)
def _(f, x0, lr, n):
    path = _walked(f, x0, n, lambda x, g: x - lr * g)
    moved = [float(tf.norm(b - a)) for a, b in zip(path[:-1], path[1:])]
    still = next((k for k, length in enumerate(moved) if length < 1e-3), n)
    return tf.stack(path[: still + 1])


@descend.mistake("You return where the ball ended. The task asks for the whole way there.")
def _(f, x0, lr, n):
    return _walked(f, x0, n, lambda x, g: x - lr * g)[-1]


@descend.mistake("Your result is [2, n + 1]: one row for each coordinate. The task asks for one row for each step.")
def _(f, x0, lr, n):
    return tf.transpose(tf.stack(_walked(f, x0, n, lambda x, g: x - lr * g)))


@descend.mistake(
    "Did the gradient come back as None? A tape follows variables by itself, a plain tensor only when it is told to, and nothing that "
    "happens outside of it."
)
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            value = f(path[-1])
        path.append(path[-1] - lr * tape.gradient(value, path[-1]))
    return tf.stack(path)


@descend.mistake(
    "Your function raises a RuntimeError: the tape is asked again after it has thrown its recording away. At each new place the "
    "slope must be recorded anew."
)
def _(f, x0, lr, n):
    x = tf.Variable(x0)
    path = [x.numpy()]
    with tf.GradientTape() as tape:
        y = f(x)
    for _ in range(n):
        x.assign_sub(lr * tape.gradient(y, x))
        path.append(x.numpy())
    return np.array(path)


@descend.mistake("You return how high the ball is at each step. The task asks for where it is.")
def _(f, x0, lr, n):
    x = tf.convert_to_tensor(x0)
    heights = [f(x)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        x = x - lr * tape.gradient(y, x)
        heights.append(f(x))
    return tf.stack(heights)


@descend.mistake("Your ball keeps a part of its last step. That is momentum; here each step is its gradient's alone.")
def _(f, x0, lr, n):
    x, speed = tf.convert_to_tensor(x0), 0.0
    path = [x]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        speed = 0.9 * speed + tape.gradient(y, x)
        x = x - lr * speed
        path.append(x)
    return tf.stack(path)


# -- which_minimum ------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=8, difficulty=2)
def which_minimum(p, tol=0.05):
    """The number of the minimum that p has reached: 0 (3, 2), 1 (−2.81, 3.13), 2 (−3.78, −3.28), 3 (3.58, −1.85).

    p: float32 [2]; closer than tol → int 0..3, else −1; also −1 where p is not finite.
    """
    place = complex(*np.asarray(p, dtype="float64"))
    return next((k for k, minimum in enumerate(MINIMA) if abs(place - complex(*minimum)) < tol), -1)


# Dimensions: each of the four, in any order · the four diagonals, where a box reaches further than a disc and a diamond less far ·
# just inside, just outside, far away, a coordinate of one and a coordinate of another · the tolerance given, left out, wide ·
# nan and infinity in one coordinate or both · many calls after each other.


def _near(rng, k, far):
    """A point at this distance from minimum k, in a drawn direction near a diagonal: both coordinates are off."""
    angle = np.pi / 4 + np.pi / 2 * rng.integers(4) + rng.uniform(-0.08, 0.08)
    return (np.array(MINIMA[k]) + far * np.array([np.cos(angle), np.sin(angle)])).astype("float32")


def _aside(rng, k, far):
    """The same along an axis: there box, disc and diamond reach equally far."""
    way = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])[rng.integers(4)]
    return (np.array(MINIMA[k]) + far * way).astype("float32")


def _each_within(answer, points, tol):
    return [answer(point, tol) for point in points]


@which_minimum.case("beside each of the four: a hair away, and just inside the tolerance", points=1, probe=_each)
def _(rng):
    close = [_near(rng, int(k), rng.uniform(0.001, 0.02)) for k in rng.permutation(4)]
    inside = [_near(rng, int(k), rng.uniform(0.038, 0.042)) for k in rng.permutation(4)]
    return ([*close, *inside, *[_aside(rng, int(k), rng.uniform(0.038, 0.042)) for k in rng.permutation(4)]],)


@which_minimum.case("not yet there: −1", points=0.5, probe=_each)
def _(rng):
    far = [_near(rng, int(k), rng.uniform(0.12, 0.16)) for k in rng.permutation(4)]
    return ([*far, np.float32([0, 0]), np.float32([-0.27, -0.92])],)


@which_minimum.case("just outside, along the axes and between them: −1", points=0.5, probe=_each)
def _(rng):
    corners = [_near(rng, int(k), rng.uniform(0.058, 0.062)) for k in rng.permutation(4)]
    return ([*corners, *[_aside(rng, int(k), rng.uniform(0.058, 0.09)) for k in rng.permutation(4)]],)


@which_minimum.case(
    "one coordinate of a minimum, the other of another; nan and infinity: nowhere, −1", points=0.5, probe=_each
)
def _(rng):
    order = [int(k) for k in rng.permutation(4)]
    bad = [np.float32([np.nan, np.nan]), np.float32([np.inf, -np.inf]), np.float32([3.0, np.nan])]
    crossed = [np.float32([MINIMA[j][0], MINIMA[k][1]]) for j, k in zip(order, order[1:] + order[:1])]
    return ([*crossed, *[bad[int(k)] for k in rng.permutation(3)]],)


@which_minimum.case("another tolerance", points=0.5, probe=_each_within)
def _(rng):
    tol = float(np.round(rng.uniform(0.3, 0.5), 2))
    near = [_near(rng, int(k), rng.uniform(0.78, 0.84) * tol) for k in rng.permutation(4)]
    outside = [_near(rng, int(k), rng.uniform(1.16, 1.24) * tol) for k in rng.permutation(4)]
    return [*near, *outside, _near(rng, int(rng.integers(4)), 2.2 * tol), np.float32([3.0, -1.3])], tol


def _offsets(p):
    """From p to each minimum, [4, 2]."""
    return np.array(MINIMA) - np.asarray(p)


def _distances(p):
    return np.hypot(*_offsets(p).T)


def _number(near, distances):
    """The nearest, if any is near."""
    return int(np.nanargmin(distances)) if np.any(near) else -1


@which_minimum.mistake("You count from 1. The task counts from 0, as Python does.")
def _(p, tol=0.05):
    d = _distances(p)
    return int(np.nanargmin(d)) + 1 if np.any(d < tol) else -1


@which_minimum.mistake("You always answer with the nearest minimum. What if it is far away?")
def _(p, tol=0.05):
    return int(np.argmin(_distances(p)))


@which_minimum.mistake(
    "Every comparison with nan but != is false, also `distance > tol`. Ask the question so that nan gets −1."
)
def _(p, tol=0.05):
    d = _distances(p)
    k = int(np.argmin(d))
    return -1 if d[k] > tol else k


@which_minimum.mistake("You look at x only. A minimum is a point of the plane.")
def _(p, tol=0.05):
    d = np.abs(_offsets(p)[:, 0])
    return _number(d < tol, d)


@which_minimum.mistake("You compare the difference itself, not its size: everything to the lower left counts as near.")
def _(p, tol=0.05):
    return next((k for k, (dx, dy) in enumerate(-_offsets(p)) if dx < tol and dy < tol), -1)


@which_minimum.mistake(
    "You compare the two coordinates one by one, which asks for a square around the minimum. Its corners are further away than tol."
)
def _(p, tol=0.05):
    return next((k for k, (dx, dy) in enumerate(np.abs(_offsets(p))) if dx < tol and dy < tol), -1)


@which_minimum.mistake(
    "You add the two differences, which asks for a diamond around the minimum. The straight line to it is shorter than that sum."
)
def _(p, tol=0.05):
    d = np.abs(_offsets(p)).sum(axis=1)
    return _number(d < tol, d)


@which_minimum.mistake("You compare the squared distance with tol: .05 then means a distance of .22.")
def _(p, tol=0.05):
    d = _distances(p) ** 2
    return _number(d < tol, d)


@which_minimum.mistake("Your tolerance is always .05. Which one was asked for?")
def _(p, tol=0.05):
    d = _distances(p)
    return _number(d < 0.05, d)


@which_minimum.mistake("It is enough for one coordinate to match in your answer. Both must.")
def _(p, tol=0.05):
    return next((k for k, (dx, dy) in enumerate(np.abs(_offsets(p))) if dx < tol or dy < tol), -1)


@which_minimum.mistake(
    "You recognise the places, but some of them carry each other's number. The task fixes which is which."
)
def _(p, tol=0.05):
    d = _distances(p)[[0, 1, 3, 2]]
    return _number(d < tol, d)


@which_minimum.mistake("Where nothing is near you return None. The task asks for −1.")
def _(p, tol=0.05):
    return next((k for k, d in enumerate(_distances(p)) if d < tol), None)


@which_minimum.mistake("Your answer is True or False. The task asks for the number of the minimum.")
def _(p, tol=0.05):
    return bool(np.any(_distances(p) < tol))


@which_minimum.mistake("You ask for equality, and a descent never ends exactly at a minimum. How far away may it be?")
def _(p, tol=0.05):
    x, y = float(p[0]), float(p[1])
    for number, place in enumerate([(3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)]):
        if (x, y) == place:
            return number
    return -1


@which_minimum.mistake(
    "You look in which quarter of the plane the ball is. It must be near the minimum of that quarter, too."
)
def _(p, tol=0.05):
    x, y = float(p[0]), float(p[1])
    if x > 0:
        return 0 if y > 0 else 3
    return 1 if y > 0 else 2


@which_minimum.mistake(
    "You answer after the first minimum, also if the ball is not there. When only do you know that it is nowhere?"
)
def _(p, tol=0.05):
    return 0 if float(tf.norm(p - tf.constant([3.0, 2.0]))) < tol else -1


# -- max_stable_lr ------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=12, difficulty=3)
def max_stable_lr(minimum):
    """The largest learning rate with which gradient descent on Himmelblau's function can rest here: 2 / λmax.

    minimum: float32 [2], a place where the function curves upwards; λmax: the largest eigenvalue of the Hessian there → float.
    """
    x, y = (float(v) for v in minimum)
    # the eigenvalues of [[a, b], [b, c]], whose entries are the second derivatives, worked out on paper
    a, b, c = 12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26
    return float(2 / ((a + c) / 2 + np.hypot((a - c) / 2, b)))


# Dimensions: each of the four minima · places beside them, in all directions · steepest direction along x, along y, in between.


def _at_each(answer, *minima):
    return [answer(minimum) for minimum in minima]


@max_stable_lr.case("two of the four minima", points=1.5, rtol=2e-4, probe=_at_each)
def _(rng):
    # (−2.8, 3.1) among them: it is the one where an unsorted list of eigenvalues begins with the smaller one
    other = np.float32(MINIMA[int(rng.choice([0, 2, 3]))])
    return tuple(rng.permutation([np.float32(MINIMA[1]), other]))


@max_stable_lr.case("a place beside a minimum", points=1.5, rtol=2e-4)
def _(rng):
    aside = rng.uniform(0.1, 0.4, size=2) * rng.choice([-1, 1], size=2)
    minimum = np.array(MINIMA[int(rng.integers(4))])
    if abs((minimum + aside).sum()) < 0.3:  # there the diagonal's largest entry is nearly the eigenvalue
        aside = -aside
    return ((minimum + aside).astype("float32"),)


def _hessian(minimum):
    x, y = minimum[0], minimum[1]
    return tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])


@max_stable_lr.mistake(
    "You divided by the smallest eigenvalue. Which direction is the first to overshoot, the flat or the steep one?"
)
def _(minimum):
    return float(2 / tf.linalg.eigvalsh(_hessian(minimum))[0])


@max_stable_lr.mistake(
    "With your rate the steepest direction is at the bottom in one step. The limit is where a step ends on the other side, equally far."
)
def _(minimum):
    return float(1 / tf.linalg.eigvalsh(_hessian(minimum))[-1])


@max_stable_lr.mistake("This is the curvature itself. The steeper it curves, the smaller a step must be.")
def _(minimum):
    return float(tf.linalg.eigvalsh(_hessian(minimum))[-1])


@max_stable_lr.mistake("You took the largest entry on the diagonal. The steepest direction need not lie along an axis.")
def _(minimum):
    return float(2 / tf.reduce_max(tf.linalg.diag_part(_hessian(minimum))))


@max_stable_lr.mistake(
    "tape.gradient of a vector gives the gradient of its sum, so that the rows of the Hessian are added up. Which method keeps them apart?"
)
def _(minimum):
    return float(2 / tf.reduce_max(tf.reduce_sum(_hessian(minimum), axis=0)))


@max_stable_lr.mistake("The trace adds both eigenvalues. The limit hangs on the largest alone.")
def _(minimum):
    return float(2 / tf.linalg.trace(_hessian(minimum)))


@max_stable_lr.mistake(
    "You took the length of the matrix (its Frobenius norm), which mixes both eigenvalues. The limit hangs on the largest alone."
)
def _(minimum):
    return float(2 / tf.norm(_hessian(minimum)))


@max_stable_lr.mistake(
    "The slope says nothing here: at a minimum it is zero. What tells how strongly the ground curves?"
)
def _(minimum):
    with tf.GradientTape() as tape:
        tape.watch(minimum)
        value = sum(bracket**2 for bracket in _brackets(minimum))
    return float(2 / tf.norm(tape.gradient(value, minimum)))


@max_stable_lr.mistake(
    "You return a complex number. The Hessian is symmetric: there are eigenvalue functions for that kind of matrix, which stay real."
)
def _(minimum):
    values = tf.linalg.eigvals(_hessian(minimum))
    return 2 / values[tf.argmax(tf.math.real(values))]


@max_stable_lr.mistake("You return one limit for each direction. The smaller of the two decides.")
def _(minimum):
    return 2 / tf.linalg.eigvalsh(_hessian(minimum))


@max_stable_lr.mistake(
    "Your function raises an error because a tape is asked about None. The first derivative is None if nobody watches the place; "
    "the second, if the first was taken after the outer tape had ended."
)
def _(minimum):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            f = (minimum[0] ** 2 + minimum[1] - 11) ** 2 + (minimum[0] + minimum[1] ** 2 - 7) ** 2
        slope = inner.gradient(f, minimum)
    return float(2 / tf.reduce_max(tf.linalg.eigvalsh(outer.jacobian(slope, minimum))))


@max_stable_lr.mistake("tf.linalg.eigh gives eigenvalues *and* eigenvectors. The limit hangs on the eigenvalues alone.")
def _(minimum):
    return float(2 / tf.reduce_max(tf.linalg.eigh(_hessian(minimum))))


@max_stable_lr.mistake("The determinant multiplies both eigenvalues. The limit hangs on the largest alone.")
def _(minimum):
    return float(2 / tf.abs(tf.linalg.det(_hessian(minimum))))


@max_stable_lr.mistake("You return the task's example, whatever minimum is asked for.")
def _(minimum):
    return 0.0243
