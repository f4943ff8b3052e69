"""Chapter 05, Himmelblau descent: a function of two variables, its four valleys, and the step that stays inside one."""

import keras
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


# -- himmelblau ---------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=5, difficulty=1)
def himmelblau(p):
    """Himmelblau's function (x² + y − 11)² + (x + y² − 7)².

    p: float tensor [2] or [2, …], or a list of two arrays of one shape; p[0] is x, p[1] is y → the shape of p[0], its dtype.
    """
    x, y = tf.convert_to_tensor(p[0]), tf.convert_to_tensor(p[1])
    value = _polynomial(tf.cast(x, tf.float64), tf.cast(y, tf.float64))
    return tf.cast(value, x.dtype)


@himmelblau.case("one point", points=0.5, rtol=1e-4, atol=1e-3)
def _(rng):
    return (_points(rng),)


@himmelblau.case("its four minima, where it is zero", points=0.5, atol=2e-3)
def _(rng):
    return (np.array(MINIMA, dtype="float32").T[:, rng.permutation(4)],)


@himmelblau.case("a grid of points, [2, rows, columns]", points=0.5, rtol=1e-4, atol=1e-3)
def _(rng):
    return (_points(rng, 2, int(rng.integers(3, 6))),)


@himmelblau.case(
    "a list [X, Y] of NumPy arrays, as np.meshgrid makes them", points=0.5, dtype=False, rtol=1e-4, atol=1e-3
)
def _(rng):
    x, y = np.meshgrid(np.sort(rng.uniform(-5, 5, size=4)), np.sort(rng.uniform(-5, 5, size=3)))
    return ([raw(x), raw(y)],)


@himmelblau.case("a float64 point stays float64", points=0.5)
def _(rng):
    return (rng.uniform(4, 6, size=2),)


@himmelblau.case("the tape can follow it", points=0.5, gradient=True, rtol=1e-4, atol=2e-3)
def _(rng):
    return (_points(rng, 3),)


@himmelblau.mistake("Only one of the two brackets is squared. What keeps the other from pulling the sum below zero?")
def _(p):
    x, y = p[0], p[1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7)


@himmelblau.mistake(
    "Only one of the two brackets is squared, and it is the second. What becomes of the first when it is negative?"
)
def _(p):
    x, y = p[0], p[1]
    return (x**2 + y - 11) + (x + y**2 - 7) ** 2


@himmelblau.mistake(
    "You squared the sum of the two brackets. Where they cancel, that is zero although neither of them is."
)
def _(p):
    x, y = p[0], p[1]
    return (x**2 + y - 11 + x + y**2 - 7) ** 2


@himmelblau.mistake(
    "Something is exchanged: the two constants, or x and y, which comes to the same. At (3, 2) both brackets must be zero."
)
def _(p):
    x, y = p[0], p[1]
    return (x**2 + y - 7) ** 2 + (x + y**2 - 11) ** 2


@himmelblau.mistake(
    "You look for x and y along the last axis. For a grid [2, rows, columns] the two lie along the first."
)
def _(p):
    p = tf.convert_to_tensor(p)
    x, y = p[..., 0], p[..., 1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@himmelblau.mistake("You add up over the whole grid. Every point of it has a height of its own.")
def _(p):
    x, y = p[0], p[1]
    return tf.reduce_sum((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


@himmelblau.mistake("You take absolute values where the task asks for squares: no smooth valley floor, but a crease.")
def _(p):
    x, y = p[0], p[1]
    return tf.abs(x**2 + y - 11) + tf.abs(x + y**2 - 7)


@himmelblau.mistake(
    "The values are right, but they were computed with NumPy, where no tape can follow. What would descend on them?"
)
def _(p):
    x, y = np.asarray(p[0]), np.asarray(p[1])
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@himmelblau.mistake(
    "Your result is float32 whatever comes in. Who asked for a point in float64 wants to keep its digits."
)
def _(p):
    x, y = tf.cast(p[0], tf.float32), tf.cast(p[1], tf.float32)
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


@himmelblau_grad.case("one point", points=1, rtol=1e-4, atol=2e-3)
def _(rng):
    return (_points(rng),)


@himmelblau_grad.case("many points at once, [2, n]", points=0.5, rtol=1e-4, atol=2e-3)
def _(rng):
    return (_points(rng, int(rng.integers(3, 7))),)


@himmelblau_grad.case("a grid, [2, 2, 2]", points=0.5, rtol=1e-4, atol=2e-3)
def _(rng):
    return (_points(rng, 2, 2),)


@himmelblau_grad.case(
    "the minimum (3, 2), where every slope is zero: an exact formula, in float64", points=0.5, atol=2e-10
)
def _(rng):
    return (np.array([3.0, 2.0]),)


@himmelblau_grad.case("on the axes, x = 0 or y = 0", points=0.5, rtol=1e-4, atol=2e-3)
def _(rng):
    a, b = rng.uniform(1, 4, size=2)
    return (np.array([[0, a], [b, 0]], dtype="float32"),)


@himmelblau_grad.mistake(
    "Each bracket is squared, so the chain rule asks for the derivative of what stands inside it, too. Where is it?"
)
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return tf.stack([2 * a + 2 * b, 2 * a + 2 * b])


@himmelblau_grad.mistake(
    "Your gradient is half as long as it should be. What comes down when a square is differentiated?"
)
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return tf.stack([2 * p[0] * a + b, a + 2 * p[1] * b])


@himmelblau_grad.mistake("The two parts are exchanged: the first belongs to x.")
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return tf.stack([2 * a + 4 * p[1] * b, 4 * p[0] * a + 2 * b])


@himmelblau_grad.mistake(
    "Your arrows point downhill. The gradient points the other way; the minus belongs to the step."
)
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return -tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b])


@himmelblau_grad.mistake("This is the gradient of the misprinted function, whose second bracket is not squared.")
def _(p):
    a = p[0] ** 2 + p[1] - 11
    return tf.stack([4 * p[0] * a + 1, 2 * a + 2 * p[1]])


@himmelblau_grad.mistake(
    "x stands in both brackets, and so does y. Each part of your gradient knows only one of the two."
)
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return tf.stack([4 * p[0] * a, 4 * p[1] * b])


@himmelblau_grad.mistake("The direction is right, but you have made every arrow one unit long. How steep is it?")
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    g = tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b])
    return tf.math.divide_no_nan(g, tf.norm(g, axis=0))


@himmelblau_grad.mistake(
    "The numbers are right, but x and y lie along the last axis of your result. Where do they lie in p?"
)
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return tf.stack([4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b], axis=-1)


@himmelblau_grad.mistake("You return two things. The task asks for one tensor of the shape of p.")
def _(p):
    a, b = p[0] ** 2 + p[1] - 11, p[0] + p[1] ** 2 - 7
    return 4 * p[0] * a + 2 * b, 2 * a + 4 * p[1] * b


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
        f = [(s[0] ** 2 + s[1] - 11) ** 2 + (s[0] + s[1] ** 2 - 7) ** 2 for s in (high, low)]
        parts.append((f[0] - f[1]) / (2 * h))
    return tf.cast(tf.stack(parts), p.dtype)


# -- surface_grid -------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=6, difficulty=1)
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


@surface_grid.case("a small square", probe=_three, dtype=False, rtol=1e-4, atol=2e-3)
def _(rng):
    lo = int(rng.integers(-4, 0))
    return float(lo), float(lo + rng.integers(3, 6)), 0.5


@surface_grid.case("a step that does not divide the side", probe=_three, dtype=False, rtol=1e-4, atol=2e-3)
def _(rng):
    return -1.0, 2.0, float(rng.choice([0.7, 0.8, 0.9]))


@surface_grid.case(
    "the square of the lesson: from −6 to 6 in steps of .1", probe=_three, dtype=False, rtol=1e-4, atol=5e-3
)
def _(rng):
    return -6, 6, 0.1


@surface_grid.mistake(
    "In your grid x runs downwards and y to the right. np.meshgrid's own order has x along the columns."
)
def _(lo, hi, step):
    axis = np.arange(lo, hi, step)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    return x, y, (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@surface_grid.mistake("X and Y are right, but Z is transposed: Z[i, j] must be the height over (X[i, j], Y[i, j]).")
def _(lo, hi, step):
    x, y = np.meshgrid(np.arange(lo, hi, step), np.arange(lo, hi, step))
    return x, y, ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2).T


@surface_grid.mistake("Your axis goes on to hi, or past it. np.arange leaves its end out.")
def _(lo, hi, step):
    axis = np.arange(lo, hi + step, step)
    x, y = np.meshgrid(axis, axis)
    return x, y, (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@surface_grid.mistake("X and Y still have one dimension. Every point of the square needs its own x and its own y.")
def _(lo, hi, step):
    axis = np.arange(lo, hi, step)
    x, y = np.meshgrid(axis, axis)
    return axis, axis, (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@surface_grid.mistake(
    "You evaluated the function along the diagonal, where x = y. What does meshgrid do to the two axes?"
)
def _(lo, hi, step):
    axis = np.arange(lo, hi, step)
    x, y = np.meshgrid(axis, axis)
    return x, y, (axis**2 + axis - 11) ** 2 + (axis + axis**2 - 7) ** 2


@surface_grid.mistake("Your Z goes below zero, or is too small: the second bracket of the function is not squared.")
def _(lo, hi, step):
    x, y = np.meshgrid(np.arange(lo, hi, step), np.arange(lo, hi, step))
    return x, y, (x**2 + y - 11) ** 2 + (x + y**2 - 7)


@surface_grid.mistake("Your y axis runs from top to bottom, as in a picture. Here row 0 belongs to lo.")
def _(lo, hi, step):
    axis = np.arange(lo, hi, step)
    x, y = np.meshgrid(axis, axis[::-1])
    return x, y, (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@surface_grid.mistake("You return the heights alone. The task asks for X, Y and Z.")
def _(lo, hi, step):
    x, y = np.meshgrid(np.arange(lo, hi, step), np.arange(lo, hi, step))
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


# -- descend ------------------------------------------------------------------------------------------------------------


@exercise(points=5, minutes=12, difficulty=2)
def descend(f, x0, lr, n):
    """The path of n steps of gradient descent on f, from x0, with learning rate lr.

    f: a function of a point, TensorFlow all through. x0: float32 [2], a tensor or a tf.Variable, left as it is
    → float32 [n + 1, 2], the start included.
    """
    place = tf.Variable(x0)
    optimizer = keras.optimizers.SGD(learning_rate=lr)
    optimizer.build([place])
    path = [place.numpy()]
    for _ in range(n):
        with tf.GradientTape() as tape:
            value = f(place)
        optimizer.apply([tape.gradient(value, place)])
        path.append(place.numpy())
    return np.stack(path)


def _bowl(rng, *, stiff=1.0):
    """A slanted bowl with drawn axes and centre, as source text."""
    a, b = np.round(rng.uniform(0.6, 1.8, size=2) * stiff, 2)
    c, d, e = np.round(rng.uniform(-1.5, 1.5, size=3), 2)
    return code(f"lambda p: {a} * (p[0] - {c}) ** 2 + {b} * (p[1] - {d}) ** 2 + {0.3 * e:.3f} * p[0] * p[1]")


@descend.case("Himmelblau's function, a start in the valley of (3, 2)", points=1, dtype=False, rtol=1e-3, atol=1e-3)
def _(rng):
    start = (np.array([3.0, 2.0]) + rng.uniform(-0.7, 0.7, size=2)).astype("float32")
    return code("lambda p: (p[0]**2 + p[1] - 11)**2 + (p[0] + p[1]**2 - 7)**2"), start, 0.01, int(rng.integers(5, 9))


@descend.case("another function: a slanted bowl", points=1, dtype=False, rtol=1e-3, atol=1e-3)
def _(rng):
    return _bowl(rng), _points(rng), float(np.round(rng.uniform(0.05, 0.2), 3)), int(rng.integers(4, 8))


@descend.case("the start is a tf.Variable, which must stay as it is", points=1, dtype=False, rtol=1e-3, atol=1e-3)
def _(rng):
    return _bowl(rng), variable(_points(rng)), 0.1, int(rng.integers(3, 6))


@descend.case("a learning rate far too large: the path runs away", points=1, dtype=False, rtol=1e-3)
def _(rng):
    return _bowl(rng, stiff=3), _points(rng), 0.9, 6


@descend.case("no step at all: the start alone", points=0.5, dtype=False, atol=1e-6)
def _(rng):
    return _bowl(rng), _points(rng), 0.1, 0


@descend.case("a single step", points=0.5, dtype=False, rtol=1e-3, atol=1e-3)
def _(rng):
    return _bowl(rng), _points(rng), 0.1, 1


@descend.mistake("You climb: the gradient points uphill.")
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(path[-1])
            value = f(path[-1])
        path.append(path[-1] + lr * tape.gradient(value, path[-1]))
    return tf.stack(path)


@descend.mistake(
    "All rows of your path are the same: a list of references to one variable remembers only where it is now."
)
def _(f, x0, lr, n):
    x = tf.Variable(x0)
    path = [x]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = f(x)
        x.assign_sub(lr * tape.gradient(value, x))
        path.append(x)
    return tf.stack(path)


@descend.mistake("Your path has one point too few: the start belongs to it.")
def _(f, x0, lr, n):
    x, path = tf.convert_to_tensor(x0), []
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = f(x)
        x = x - lr * tape.gradient(value, x)
        path.append(x)
    return tf.reshape(tf.stack(path), [-1, 2]) if path else tf.zeros([0, 2])


@descend.mistake("Your path has one point too few: it ends before the last step has been taken.")
def _(f, x0, lr, n):
    x, path = tf.convert_to_tensor(x0), []
    for _ in range(n):
        path.append(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = f(x)
        x = x - lr * tape.gradient(value, x)
    return tf.stack(path) if path else tf.zeros([0, 2])


@descend.mistake("You use the slope at the start for every step. The ground under the ball changes as it moves.")
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    with tf.GradientTape() as tape:
        tape.watch(path[0])
        value = f(path[0])
    g = tape.gradient(value, path[0])
    for _ in range(n):
        path.append(path[-1] - lr * g)
    return tf.stack(path)


@descend.mistake("You always step with .01. Which learning rate was asked for?")
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(path[-1])
            value = f(path[-1])
        path.append(path[-1] - 0.01 * tape.gradient(value, path[-1]))
    return tf.stack(path)


@descend.mistake("You always descend on Himmelblau's function. Which function was given?")
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(path[-1])
            value = (path[-1][0] ** 2 + path[-1][1] - 11) ** 2 + (path[-1][0] + path[-1][1] ** 2 - 7) ** 2
        path.append(path[-1] - lr * tape.gradient(value, path[-1]))
    return tf.stack(path)


@descend.mistake("You move the caller's own variable. Work on a copy of the start.")
def _(f, x0, lr, n):
    x = x0 if isinstance(x0, tf.Variable) else tf.Variable(x0)
    path = [x.numpy()]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = f(x)
        x.assign_sub(lr * tape.gradient(value, x))
        path.append(x.numpy())
    return np.stack(path)


@descend.mistake(
    "Every step of yours has the same length. In gradient descent a steep place makes a long step, a flat one a short step."
)
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(path[-1])
            value = f(path[-1])
        g = tape.gradient(value, path[-1])
        path.append(path[-1] - lr * g / tf.norm(g))
    return tf.stack(path)


@descend.mistake("You return where the ball ended. The task asks for the whole way there.")
def _(f, x0, lr, n):
    x = tf.convert_to_tensor(x0)
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = f(x)
        x = x - lr * tape.gradient(value, x)
    return x


@descend.mistake("Your result is [2, n + 1]: one row for each coordinate. The task asks for one row for each step.")
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(path[-1])
            value = f(path[-1])
        path.append(path[-1] - lr * tape.gradient(value, path[-1]))
    return tf.transpose(tf.stack(path))


@descend.mistake(
    "Did the gradient come back as None? A tape follows variables by itself, but a plain tensor only when it is told to."
)
def _(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            value = f(path[-1])
        path.append(path[-1] - lr * tape.gradient(value, path[-1]))
    return tf.stack(path)


# -- which_minimum ------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=8, difficulty=2)
def which_minimum(p, tol=0.05):
    """The number of the minimum that p has reached: 0 (3, 2), 1 (−2.81, 3.13), 2 (−3.78, −3.28), 3 (3.58, −1.85).

    p: float32 [2]; closer than tol → int 0..3, else −1; also −1 where p is not finite.
    """
    place = complex(*np.asarray(p, dtype="float64"))
    return next((k for k, minimum in enumerate(MINIMA) if abs(place - complex(*minimum)) < tol), -1)


def _near(rng, k, far):
    """A point at this distance from minimum k, in a drawn direction near a diagonal: both coordinates are off."""
    angle = np.pi / 4 + np.pi / 2 * rng.integers(4) + rng.uniform(-0.2, 0.2)
    return (np.array(MINIMA[k]) + far * np.array([np.cos(angle), np.sin(angle)])).astype("float32")


def _each(answer, points):
    return [answer(point) for point in points]


def _each_within(answer, points, tol):
    return [answer(point, tol) for point in points]


@which_minimum.case("beside each of the four", points=1, probe=_each)
def _(rng):
    return ([_near(rng, int(k), rng.uniform(0.005, 0.025)) for k in rng.permutation(4)],)


@which_minimum.case("not yet there: −1", points=0.5, probe=_each)
def _(rng):
    far = [_near(rng, int(k), rng.uniform(0.12, 0.16)) for k in rng.permutation(4)]
    return ([*far, np.float32([0, 0]), np.float32([-0.27, -0.92])],)


@which_minimum.case("one coordinate of a minimum, the other of another: −1", points=0.5, probe=_each)
def _(rng):
    order = [int(k) for k in rng.permutation(4)]
    return ([np.float32([MINIMA[j][0], MINIMA[k][1]]) for j, k in zip(order, order[1:] + order[:1])],)


@which_minimum.case("another tolerance", points=0.5, probe=_each_within)
def _(rng):
    tol = float(np.round(rng.uniform(0.3, 0.5), 2))
    near = [_near(rng, int(k), rng.uniform(0.4, 0.7) * tol) for k in rng.permutation(4)]
    return [*near, _near(rng, int(rng.integers(4)), 2.2 * tol), np.float32([3.0, -1.3])], tol


@which_minimum.case("nan and infinity: a ball that flew away is nowhere", points=0.5, probe=_each)
def _(rng):
    bad = [np.float32([np.nan, np.nan]), np.float32([np.inf, -np.inf]), np.float32([3.0, np.nan])]
    return ([bad[int(k)] for k in rng.permutation(3)],)


@which_minimum.mistake("You count from 1. The task counts from 0, as Python does.")
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    d = np.hypot(*(minima - np.asarray(p)).T)
    return int(np.nanargmin(d)) + 1 if np.any(d < tol) else -1


@which_minimum.mistake("You always answer with the nearest minimum. What if it is far away?")
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    return int(np.argmin(np.hypot(*(minima - np.asarray(p)).T)))


@which_minimum.mistake(
    "Every comparison with nan is false, also `distance > tol`. Ask the question so that nan gets −1."
)
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    d = np.hypot(*(minima - np.asarray(p)).T)
    k = int(np.argmin(d))
    return -1 if d[k] > tol else k


@which_minimum.mistake("You look at x only. A minimum is a point of the plane.")
def _(p, tol=0.05):
    d = np.abs(
        np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])[:, 0] - float(p[0])
    )
    return int(np.argmin(d)) if np.any(d < tol) else -1


@which_minimum.mistake("You compare the difference itself, not its size: everything to the lower left counts as near.")
def _(p, tol=0.05):
    for k, m in enumerate([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]]):
        if float(p[0]) - m[0] < tol and float(p[1]) - m[1] < tol:
            return k
    return -1


@which_minimum.mistake("You compare the squared distance with tol: .05 then means a distance of .22.")
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    d = np.hypot(*(minima - np.asarray(p)).T) ** 2
    return int(np.nanargmin(d)) if np.any(d < tol) else -1


@which_minimum.mistake("Your tolerance is always .05. Which one was asked for?")
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    d = np.hypot(*(minima - np.asarray(p)).T)
    return int(np.nanargmin(d)) if np.any(d < 0.05) else -1


@which_minimum.mistake("It is enough for one coordinate to match in your answer. Both must.")
def _(p, tol=0.05):
    for k, m in enumerate([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]]):
        if abs(float(p[0]) - m[0]) < tol or abs(float(p[1]) - m[1]) < tol:
            return k
    return -1


@which_minimum.mistake(
    "You recognise the places, but some of them carry each other's number. The task fixes which is which."
)
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    d = np.hypot(*(minima - np.asarray(p)).T)[[0, 1, 3, 2]]
    return int(np.nanargmin(d)) if np.any(d < tol) else -1


@which_minimum.mistake("Where nothing is near you return None. The task asks for −1.")
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    for k, d in enumerate(np.hypot(*(minima - np.asarray(p)).T)):
        if d < tol:
            return k
    return None


@which_minimum.mistake("Your answer is True or False. The task asks for the number of the minimum.")
def _(p, tol=0.05):
    minima = np.array([[3, 2], [-2.805118, 3.131313], [-3.77931, -3.283186], [3.584428, -1.848127]])
    return bool(np.any(np.hypot(*(minima - np.asarray(p)).T) < tol))


# -- max_stable_lr ------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=12, difficulty=3, forbid=["tf.hessians"])
def max_stable_lr(minimum):
    """The largest learning rate with which gradient descent on Himmelblau's function can rest here: 2 / λmax.

    minimum: float32 [2], a place where the function curves upwards; λmax: the largest eigenvalue of the Hessian there → float.
    """
    x, y = (float(v) for v in minimum)
    # the eigenvalues of [[a, b], [b, c]], whose entries are the second derivatives, worked out on paper
    a, b, c = 12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26
    return float(2 / ((a + c) / 2 + np.hypot((a - c) / 2, b)))


@max_stable_lr.case("one of the four minima", points=1.5, rtol=2e-4)
def _(rng):
    return (np.float32(MINIMA[int(rng.integers(4))]),)


@max_stable_lr.case("a place beside a minimum", points=1.5, rtol=2e-4)
def _(rng):
    return ((np.array(MINIMA[int(rng.integers(4))]) + rng.uniform(0.1, 0.4, size=2)).astype("float32"),)


@max_stable_lr.mistake(
    "You divided by the smallest eigenvalue. Which direction is the first to overshoot, the flat or the steep one?"
)
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(2 / tf.linalg.eigvalsh(h)[0])


@max_stable_lr.mistake(
    "With your rate the steepest direction is at the bottom in one step. The limit is where a step ends on the other side, equally far."
)
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(1 / tf.linalg.eigvalsh(h)[-1])


@max_stable_lr.mistake("This is the curvature itself. The steeper it curves, the smaller a step must be.")
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(tf.linalg.eigvalsh(h)[-1])


@max_stable_lr.mistake("You took the largest entry on the diagonal. The steepest direction need not lie along an axis.")
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(2 / tf.reduce_max(tf.linalg.diag_part(h)))


@max_stable_lr.mistake(
    "tape.gradient of a vector gives the gradient of its sum, so that the rows of the Hessian are added up. Which method keeps them apart?"
)
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(2 / tf.reduce_max(tf.reduce_sum(h, axis=0)))


@max_stable_lr.mistake("The trace adds both eigenvalues. The limit hangs on the largest alone.")
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(2 / tf.linalg.trace(h))


@max_stable_lr.mistake(
    "You took the length of the matrix (its Frobenius norm), which mixes both eigenvalues. The limit hangs on the largest alone."
)
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return float(2 / tf.norm(h))


@max_stable_lr.mistake(
    "The slope says nothing here: at a minimum it is zero. What tells how strongly the ground curves?"
)
def _(minimum):
    with tf.GradientTape() as tape:
        tape.watch(minimum)
        value = (minimum[0] ** 2 + minimum[1] - 11) ** 2 + (minimum[0] + minimum[1] ** 2 - 7) ** 2
    return float(2 / tf.norm(tape.gradient(value, minimum)))


@max_stable_lr.mistake(
    "You return a complex number. The Hessian is symmetric: there are eigenvalue functions for that kind of matrix, which stay real."
)
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    values = tf.linalg.eigvals(h)
    return 2 / values[tf.argmax(tf.math.real(values))]


@max_stable_lr.mistake("You return one limit for each direction. The smaller of the two decides.")
def _(minimum):
    x, y = minimum[0], minimum[1]
    h = tf.stack([[12 * x**2 + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y**2 + 4 * x - 26]])
    return 2 / tf.linalg.eigvalsh(h)
