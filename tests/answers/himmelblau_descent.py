"""Right answers to chapter 05, written in other ways than the solution and the reference."""

import numpy as np
import tensorflow as tf

MINIMA = np.array([[3, 2], [-2.805118, 3.131313], [-3.779310, -3.283186], [3.584428, -1.848127]])


def himmelblau_plain(p):
    return (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2


def himmelblau_ops(p):
    x, y = tf.unstack(p)
    return tf.add(tf.square(x * x + y - 11), tf.math.squared_difference(x + y * y, 7))


def himmelblau_expanded(p):
    x, y = p
    return x * (x * (x * x + 2 * y - 21) + 2 * y * y - 14) + y * (y * (y * y - 13) - 22) + 170


def himmelblau_float64(p):
    q = tf.cast(p, tf.float64)
    value = tf.pow(q[0] ** 2 + q[1] - 11, 2) + tf.pow(q[0] + q[1] ** 2 - 7, 2)
    return tf.cast(value, p[0].dtype)


def himmelblau_norm(p):
    x, y = tf.convert_to_tensor(p[0]), tf.convert_to_tensor(p[1])
    return tf.reduce_sum(tf.stack([x**2 + y - 11, x + y**2 - 7]) ** 2, axis=0)


himmelblau_graph = tf.function(himmelblau_plain)


def grad_brackets(p):
    x, y = p[0], p[1]
    a, b = x**2 + y - 11, x + y**2 - 7
    return tf.stack([4 * x * a + 2 * b, 2 * a + 4 * y * b])


def grad_expanded(p):
    x, y = p
    dx = 4 * x**3 + 4 * x * y - 42 * x + 2 * y**2 - 14
    dy = 4 * y**3 + 4 * x * y - 26 * y + 2 * x**2 - 22
    return tf.convert_to_tensor([dx, dy])


def grad_numpy(p):
    x, y = p.numpy()
    a, b = x**2 + y - 11, x + y**2 - 7
    return np.array([4 * x * a + 2 * b, 2 * a + 4 * y * b])


def grad_jacobian_product(p):
    x, y = tf.unstack(tf.cast(p, tf.float64))
    one = tf.ones_like(x)
    jacobian = tf.stack([tf.stack([2 * x, one]), tf.stack([one, 2 * y])])  # [bracket, coordinate, …]
    brackets = tf.stack([x**2 + y - 11, x + y**2 - 7])
    return tf.cast(tf.einsum("bc...,b...->c...", jacobian, 2 * brackets), p.dtype)


grad_graph = tf.function(grad_brackets)


def grid_numpy(lo, hi, step):
    axis = np.arange(lo, hi, step)
    x, y = np.meshgrid(axis, axis)
    return x, y, himmelblau_plain([x, y])


def grid_tensorflow(lo, hi, step):
    axis = tf.constant(np.arange(lo, hi, step), tf.float32)
    x, y = tf.meshgrid(axis, axis)
    return [x, y, himmelblau_plain(tf.stack([x, y]))]


def grid_broadcast(lo, hi, step):
    axis = np.arange(lo, hi, step, dtype="float64")
    x, y = np.broadcast_arrays(axis[None, :], axis[:, None])
    return np.stack([x, y, himmelblau_plain((x, y))])


def grid_loops(lo, hi, step):
    axis = tf.range(lo, hi, step, dtype=tf.float32)
    x = tf.repeat(axis[None, :], tf.size(axis), axis=0)
    y = tf.transpose(x)
    return x, y, himmelblau_ops([x, y])


def descend_tensor(f, x0, lr, n):
    x = tf.convert_to_tensor(x0)
    path = [x]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        x = x - lr * tape.gradient(y, x)
        path.append(x)
    return tf.stack(path)


def descend_variable(f, x0, lr, n):
    x = tf.Variable(tf.identity(x0))
    path = np.empty((n + 1, 2), "float32")
    path[0] = x.numpy()
    for k in range(n):
        with tf.GradientTape() as tape:
            y = f(x)
        x.assign_sub(lr * tape.gradient(y, x))
        path[k + 1] = x.numpy()
    return path


def descend_seed_style(f, x0, lr, n):
    x, points = tf.constant(x0), [np.array(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            tape.watch([x])
            y = f(x)
        (g,) = tape.gradient(y, [x])
        x -= lr * g
        points.append(x.numpy())
    return np.array(points)


def descend_graph(f, x0, lr, n):
    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return x - lr * tape.gradient(y, x)

    path = [tf.constant(np.asarray(x0))]
    while len(path) < n + 1:
        path.append(step(path[-1]))
    return tf.stack(path, axis=0)


def descend_list(f, x0, lr, n):
    x, rows = tf.Variable(x0), [tf.constant(x0)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            y = f(x)
        x.assign(x - lr * tape.gradient(y, x))
        rows.append(x.numpy())
    return rows


def which_norm(p, tol=0.05):
    d = np.linalg.norm(MINIMA - np.asarray(p), axis=1)
    return int(np.nanargmin(d)) if (d < tol).any() else -1


def which_tensor(p, tol=0.05):
    near = tf.norm(tf.constant(MINIMA, tf.float32) - p, axis=1) < tol
    return tf.argmax(near) if tf.reduce_any(near) else -1


def which_rounded(p, tol=0.05):
    x, y = float(p[0]), float(p[1])
    for k, (a, b) in enumerate([(3, 2), (-2.81, 3.13), (-3.78, -3.28), (3.58, -1.85)]):
        if (x - a) ** 2 + (y - b) ** 2 <= tol**2:
            return k
    return -1


def which_complex(p, tol=0.05):
    here = complex(float(p[0]), float(p[1]))
    near = [k for k, (a, b) in enumerate(MINIMA) if abs(here - complex(a, b)) < tol]
    return near[0] if near else -1


def lr_jacobian(minimum):
    p = tf.Variable(minimum)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            f = himmelblau_plain(p)
        g = inner.gradient(f, p)
    hessian = outer.jacobian(g, p)
    return float(2 / tf.reduce_max(tf.linalg.eigvalsh(hessian)))


def lr_rows(minimum):
    x, y = tf.Variable(float(minimum[0])), tf.Variable(float(minimum[1]))
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            f = himmelblau_plain([x, y])
        gx, gy = inner.gradient(f, [x, y])
    rows = [outer.gradient(g, [x, y]) for g in (gx, gy)]
    return 2 / np.linalg.eigvalsh(np.array(rows, dtype="float64")).max()


def lr_forward(minimum):
    p = tf.convert_to_tensor(minimum)
    columns = []
    for direction in np.eye(2, dtype="float32"):
        with tf.autodiff.ForwardAccumulator(p, tf.constant(direction)) as forward:
            with tf.GradientTape() as tape:
                tape.watch(p)
                f = himmelblau_plain(p)
            g = tape.gradient(f, p)
        columns.append(forward.jvp(g))
    return 2.0 / tf.linalg.eigvalsh(tf.stack(columns, axis=1))[-1]


def lr_symmetric_norm(minimum):
    x, y = np.asarray(minimum, dtype="float64")
    hessian = [[12 * x * x + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 12 * y * y + 4 * x - 26]]
    return float(2 / np.linalg.norm(hessian, 2))  # the largest singular value: the Hessian is positive definite here


ANSWERS = {
    "himmelblau": [
        himmelblau_plain,
        himmelblau_ops,
        himmelblau_expanded,
        himmelblau_float64,
        himmelblau_norm,
        himmelblau_graph,
    ],
    "himmelblau_grad": [grad_brackets, grad_expanded, grad_numpy, grad_jacobian_product, grad_graph],
    "surface_grid": [grid_numpy, grid_tensorflow, grid_broadcast, grid_loops],
    "descend": [descend_tensor, descend_variable, descend_seed_style, descend_graph, descend_list],
    "which_minimum": [which_norm, which_tensor, which_rounded, which_complex],
    "max_stable_lr": [lr_jacobian, lr_rows, lr_forward, lr_symmetric_norm],
}


def himmelblau_bounded(p):
    x, y = tf.clip_by_value(p[0], -10, 10), tf.clip_by_value(p[1], -10, 10)
    return himmelblau_plain([x, y])


def himmelblau_64_points(p):
    return tf.reshape(tf.reshape(himmelblau_plain(p), [-1])[:64], np.shape(p[0]))


def himmelblau_flat(p):
    return tf.squeeze(himmelblau_plain(p))[..., :10]


def himmelblau_shifted(p):
    return himmelblau_plain(p) + 0.01


def grad_first_ten(p):
    return grad_brackets(p)[:, :10] if len(p.shape) > 1 else grad_brackets(p)


def grad_sizes(p):
    return tf.abs(grad_brackets(p))


def grad_float32(p):
    return tf.cast(grad_brackets(tf.cast(p, tf.float32)), p.dtype)


def grad_in_a_box(p):
    return grad_brackets(tf.clip_by_value(p, -6, 6))


def grid_symmetric(lo, hi, step):
    axis = np.arange(-hi, hi, step)
    x, y = np.meshgrid(axis, axis)
    return x, y, himmelblau_plain([x, y])


def grid_whole_numbers(lo, hi, step):
    axis = np.arange(int(lo), int(hi), step)
    x, y = np.meshgrid(axis, axis)
    return x, y, himmelblau_plain([x, y]).astype(int)


def grid_hundred(lo, hi, step):
    axis = np.arange(lo, hi, step)[:100]
    x, y = np.meshgrid(axis, axis)
    return x, y, himmelblau_plain([x, y])


def grid_rounded_count(lo, hi, step):
    axis = lo + step * np.arange(round((hi - lo) / step))
    x, y = np.meshgrid(axis, axis)
    return x, y, himmelblau_plain([x, y])


def descend_at_most_thirty(f, x0, lr, n):
    return descend_tensor(f, x0, lr, min(n, 30))


def _slope(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


def descend_decaying(f, x0, lr, n):
    path = [tf.convert_to_tensor(x0)]
    for k in range(n):
        path.append(path[-1] - lr * 0.99**k * _slope(f, path[-1]))
    return tf.stack(path)


def descend_until_unbounded(stays):
    """Where the gradient is no number any more it stops, or stays where it is."""

    def descend(f, x0, lr, n):
        path = [tf.convert_to_tensor(x0)]
        for _ in range(n):
            slope = _slope(f, path[-1])
            if np.all(np.isfinite(slope)):
                path.append(path[-1] - lr * slope)
            elif stays:
                path.append(path[-1])
            else:
                break
        return tf.stack(path)

    return descend


def descend_bounded_places(f, x0, lr, n):
    return tf.clip_by_value(descend_tensor(f, x0, lr, n), -1e3, 1e3)


def descend_momentum(f, x0, lr, n):
    path, speed = [tf.convert_to_tensor(x0)], tf.zeros([2])
    for _ in range(n):
        speed = 0.5 * speed + _slope(f, path[-1])
        path.append(path[-1] - lr * speed)
    return tf.stack(path)


def descend_remembering(f, x0, lr, n, seen={}):  # noqa: B006
    return seen.setdefault((tuple(np.asarray(x0)), lr, n), descend_tensor(f, x0, lr, n))


def which_twice_as_far(p, tol=0.05):
    d = np.linalg.norm(MINIMA - np.asarray(p), axis=1)
    return int(np.nanargmin(d)) if (d < 2 * tol).any() else -1


def which_three_only(p, tol=0.05):
    d = np.linalg.norm(MINIMA[:3] - np.asarray(p), axis=1)
    return int(np.nanargmin(d)) if (d < tol).any() else -1


def which_whole(p, tol=0.05):
    d = np.linalg.norm(np.round(MINIMA) - np.asarray(p), axis=1)
    return int(np.nanargmin(d)) if (d < tol).any() else -1


def which_by_height(p, tol=0.05):
    d = np.linalg.norm(MINIMA - np.asarray(p), axis=1)
    return int(np.nanargmin(d)) if himmelblau_plain(np.asarray(p)) < tol else -1


def lr_table(minimum):
    d = np.linalg.norm(MINIMA - np.asarray(minimum), axis=1)
    return [0.024332, 0.024837, 0.014947, 0.018989][int(np.argmin(d))]


def lr_along_x(minimum):
    x, y = np.asarray(minimum, dtype="float64")
    return 2 / (12 * x * x + 4 * y - 42)


def lr_wrong_sign(minimum):
    return -lr_jacobian(minimum)


WRONG = {
    "himmelblau": [himmelblau_bounded, himmelblau_64_points, himmelblau_flat, himmelblau_shifted],
    "himmelblau_grad": [grad_first_ten, grad_sizes, grad_float32, grad_in_a_box],
    "surface_grid": [grid_symmetric, grid_whole_numbers, grid_hundred, grid_rounded_count],
    "descend": [
        descend_until_unbounded(False),
        descend_until_unbounded(True),
        descend_at_most_thirty,
        descend_decaying,
        descend_bounded_places,
        descend_momentum,
        descend_remembering,
    ],
    "which_minimum": [which_twice_as_far, which_three_only, which_whole, which_by_height],
    "max_stable_lr": [lr_table, lr_along_x, lr_wrong_sign],
}
