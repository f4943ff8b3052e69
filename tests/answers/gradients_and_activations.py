"""Answers to the exercises of chapter 02: right ones, written in different ways, and wrong ones without a hint of their own."""

import keras
import numpy as np
import tensorflow as tf

# -- grad_and_second


def second_nested(f, x):
    x = tf.constant(x, dtype=tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x, unconnected_gradients="zero")
    return first, outer.gradient(first, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def second_variable(f, x):
    v = tf.Variable(x, dtype=tf.float32)
    with tf.GradientTape() as t2:
        with tf.GradientTape() as t1:
            y = f(tf.convert_to_tensor(v))
        d = t1.gradient(y, v)
    dd = None if d is None else t2.gradient(d, v)
    return (0.0 if d is None else float(d)), (0.0 if dd is None else float(dd))


def second_persistent(f, x):
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        first = tape.gradient(f(x), x, unconnected_gradients="zero")
    second = tape.gradient(first, x)
    return [first.numpy(), np.float32(0) if second is None else second.numpy()]


def second_graph(f, x):
    @tf.function
    def both(x):
        y = f(x)
        d = tf.gradients(y, x, unconnected_gradients="zero")[0]
        return d, tf.gradients(d, x, unconnected_gradients="zero")[0]

    return both(tf.constant(x, tf.float32))


# -- chain_persistent


def chain_tape(x, w1, b1, w2, b2):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([w1, b1, w2, b2])
        y1 = x * w1 + b1
        y2 = y1 * w2 + b2
    return tape.gradient(y2, y1), tape.gradient(y1, w1), tape.gradient(y2, w1)


def chain_variables(x, w1, b1, w2, b2):
    w1, b1, w2, b2 = (tf.Variable(v) for v in (w1, b1, w2, b2))
    with tf.GradientTape(persistent=True) as tape:
        y1 = tf.add(tf.multiply(x, w1), b1)
        y2 = tf.add(tf.multiply(y1, w2), b2)
    upper, lower = tape.gradient(y2, [y1])[0], tape.gradient(y1, [w1])[0]
    return upper, lower, upper * lower


def chain_two_tapes(x, w1, b1, w2, b2):
    with tf.GradientTape() as one, tf.GradientTape() as two:
        one.watch(w1)
        two.watch(w1)
        y1 = x * w1 + b1
        with tf.GradientTape() as three:
            three.watch(y1)
            y2 = y1 * w2 + b2
    return float(three.gradient(y2, y1)), float(one.gradient(y1, w1)), float(two.gradient(y2, w1))


@tf.function
def chain_graph(x, w1, b1, w2, b2):
    y1 = x * w1 + b1
    y2 = y1 * w2 + b2
    return tf.gradients(y2, y1)[0], tf.gradients(y1, w1)[0], tf.gradients(y2, w1)[0]


def chain_by_hand(x, w1, b1, w2, b2):
    return w2, x, x * w2


# -- sigmoid_grad, tanh_grad, relu_grad


def sigmoid_output(a):
    s = tf.sigmoid(a)
    return s * (1 - s)


def sigmoid_mirror(a):
    return tf.sigmoid(a) * tf.sigmoid(-a)


def sigmoid_numpy(a):
    e = np.exp(-np.abs(a.numpy()))
    return e / (1 + e) ** 2


def sigmoid_float64(a):
    wide = tf.cast(a, tf.float64)
    return tf.cast(1 / (2 + tf.exp(wide) + tf.exp(-wide)), tf.float32)


@tf.function
def sigmoid_tanh(a):
    return 0.25 * (1 - tf.tanh(a / 2) ** 2)


def tanh_output(a):
    return 1 - tf.tanh(a) ** 2


def tanh_sigmoid(a):
    s = tf.sigmoid(2 * a)
    return 4 * s * (1 - s)


def tanh_numpy(a):
    return (1 / np.cosh(np.asarray(a, np.float64)) ** 2).astype("float32")


@tf.function
def tanh_factors(a):
    t = keras.ops.tanh(a)
    return (1 - t) * (1 + t)


def relu_cast(a):
    return tf.cast(a > 0, a.dtype)


def relu_where(a):
    return tf.where(tf.greater(a, 0.0), tf.ones_like(a), tf.zeros_like(a))


def relu_numpy(a):
    return (a.numpy() > 0).astype(np.float32)


@tf.function
def relu_sign(a):
    return tf.sign(tf.nn.relu(a))


def relu_heaviside(a):
    return np.heaviside(a, np.float32(0))


# -- mse_grad


def mse_size(p, y):
    return 2 * (p - y) / tf.cast(tf.size(p), p.dtype)


def mse_numpy(p, y):
    p, y = np.asarray(p), np.asarray(y)
    return 2 * (p - y) / p.size


def mse_rows(p, y):
    per_example = (2 / p.shape[1]) * tf.subtract(p, y)
    return per_example / len(p)


@tf.function
def mse_float64(p, y):
    d = tf.cast(p, tf.float64) - tf.cast(y, tf.float64)
    return tf.cast((d + d) * tf.reduce_mean(tf.ones_like(d)) / tf.reduce_sum(tf.ones_like(d)), tf.float32)


# -- softmax_ce_grad


def ce_tensorflow(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.matmul(x, d, transpose_a=True), tf.reduce_sum(d, axis=0)


def ce_numpy(x, w, b, y):
    x, w, b, y = (np.asarray(v) for v in (x, w, b, y))
    z = x @ w + b
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return x.T @ p / np.float32(len(y)), p.mean(axis=0)


def ce_loop(x, w, b, y):
    dw, db = tf.zeros_like(w), tf.zeros_like(b)
    for i in range(x.shape[0]):
        d = tf.nn.softmax(tf.linalg.matvec(w, x[i], transpose_a=True) + b) - tf.one_hot(y[i], w.shape[1])
        dw += x[i][:, None] * d[None, :]
        db += d
    return [dw / x.shape[0], db / x.shape[0]]


@tf.function
def ce_float64(x, w, b, y):
    x64, w64, b64 = (tf.cast(tf.convert_to_tensor(v), tf.float64) for v in (x, w, b))
    z = x64 @ w64 + b64
    p = tf.exp(z - tf.reduce_logsumexp(z, axis=1, keepdims=True))
    d = p - tf.one_hot(y, tf.shape(z)[1], dtype=tf.float64)
    dw = tf.reduce_mean(x64[:, :, None] * d[:, None, :], axis=0)
    return tf.cast(dw, tf.float32), tf.cast(tf.reduce_mean(d, axis=0), tf.float32)


def ce_einsum(x, w, b, y):
    p = keras.activations.softmax(tf.linalg.matmul(x, w) + b)
    d = p - keras.utils.to_categorical(np.asarray(y), w.shape[-1])
    return tf.einsum("bi,bc->ic", x, d) / len(x), tf.einsum("bc->c", d) / len(x)


# -- numeric_grad


def numeric_ndindex(f, x, h=1e-5):
    x = np.array(x, dtype=np.float64)
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        g[i] = (float(f(up)) - float(f(down))) / (2 * h)
    return g


def numeric_flat(f, x, h=1e-5):
    flat = np.asarray(x, np.float64).ravel().copy()
    g = np.empty_like(flat)
    for i in range(flat.size):
        old = flat[i]
        flat[i] = old + h
        above = f(flat.reshape(x.shape).copy())
        flat[i] = old - h
        below = f(flat.reshape(x.shape).copy())
        flat[i] = old
        g[i] = (above - below) / (2 * h)
    return g.reshape(x.shape)


def numeric_eye(f, x, h=1e-5):
    base = np.asarray(x).astype("float64")
    steps = h * np.eye(base.size).reshape(-1, *base.shape)
    return np.array([(float(f(base + s)) - float(f(base - s))) / (2 * h) for s in steps]).reshape(base.shape)


def numeric_nditer(f, x, h=1e-5):
    x = np.array(x, np.float64)
    g = np.zeros(x.shape)
    walk = np.nditer(x, flags=["multi_index"])
    for _ in walk:
        step = np.zeros(x.shape)
        step[walk.multi_index] = h
        g[walk.multi_index] = (f(tf.constant(x + step)) - f(tf.constant(x - step))) / (2 * h)
    return tf.constant(g)


# -- relu_layer_grad


def layer_mask(x, w, b, upstream):
    d = upstream * tf.cast(x @ w + b > 0, tf.float32)
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def layer_numpy(x, w, b, upstream):
    x, w, b, d = (np.array(v) for v in (x, w, b, upstream))
    d[x @ w + b <= 0] = 0
    return d @ w.T, x.T @ d, d.sum(axis=0)


def layer_output(x, w, b, upstream):
    h = tf.nn.relu(tf.matmul(x, w) + b)
    d = tf.where(h > 0, upstream, 0.0)
    return [tf.matmul(d, w, transpose_b=True), tf.einsum("bi,bu->iu", x, d), tf.einsum("bu->u", d)]


@tf.function
def layer_float64(x, w, b, upstream):
    x, w, b, up = (tf.cast(tf.convert_to_tensor(v), tf.float64) for v in (x, w, b, upstream))
    d = up * tf.sign(tf.nn.relu(x @ w + b))
    rows = x[:, :, None] * d[:, None, :]
    return tuple(tf.cast(g, tf.float32) for g in (d @ tf.transpose(w), tf.reduce_sum(rows, 0), tf.reduce_sum(d, 0)))


# -- backward


def backward_sorted(graph, result):
    order, seen = [], set()

    def visit(name):
        if name in seen:
            return
        seen.add(name)
        for parent, _ in graph[name]:
            visit(parent)
        order.append(name)

    visit(result)
    gradient = dict.fromkeys(graph)
    gradient[result] = 1.0
    for name in reversed(order):
        for parent, slope in graph[name]:
            gradient[parent] = (gradient[parent] or 0.0) + gradient[name] * slope
    return gradient


def backward_counting(graph, result):
    """Kahn: a number is passed on as soon as all that use it (and lead to the result) have paid in."""
    reached, waiting = {result}, [result]
    while waiting:
        for parent, _ in graph[waiting.pop()]:
            if parent not in reached:
                reached.add(parent)
                waiting.append(parent)
    open_uses = {name: 0 for name in reached}
    for name in reached:
        for parent, _ in graph[name]:
            open_uses[parent] += 1
    gradient = {name: 0.0 if name in reached else None for name in graph}
    gradient[result] = 1.0
    ready = [result]
    while ready:
        name = ready.pop()
        for parent, slope in graph[name]:
            gradient[parent] += gradient[name] * slope
            open_uses[parent] -= 1
            if not open_uses[parent]:
                ready.append(parent)
    return gradient


def backward_remembering(graph, result):
    """From the other end: what a number's children have, asked for once and kept."""
    children = {name: [] for name in graph}
    for child, parents in graph.items():
        for parent, slope in parents:
            children[parent].append((child, slope))
    known = {}

    def gradient(name):
        if name not in known:
            parts = [(gradient(child), slope) for child, slope in children[name]]
            parts = [g * slope for g, slope in parts if g is not None]
            start = [1.0] if name == result else []
            known[name] = sum(start + parts) if start + parts else None
        return known[name]

    return {name: gradient(name) for name in graph}


def backward_matrix(graph, result):
    names = list(graph)
    slopes, links = np.zeros((len(names),) * 2), np.zeros((len(names),) * 2, bool)
    for i, name in enumerate(names):
        for parent, slope in graph[name]:
            slopes[i, names.index(parent)] += slope
            links[i, names.index(parent)] = True
    arriving = np.array([float(name == result) for name in names])
    reached = arriving > 0
    total, there = arriving.copy(), reached.copy()
    for _ in names:
        arriving, reached = slopes.T @ arriving, reached @ links
        total, there = total + arriving, there | reached
    return {name: g if yes else None for name, g, yes in zip(names, total, there, strict=True)}


def second_forward(f, x):
    x = tf.constant(x)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        first = tape.gradient(y, x, unconnected_gradients="zero")
    return first, accumulator.jvp(first, unconnected_gradients="zero")


def sigmoid_softplus(a):
    return tf.exp(-tf.nn.softplus(a) - tf.nn.softplus(-a))


def tanh_cosh(a):
    return 4 / (tf.exp(a) + tf.exp(-a)) ** 2  # 4 / inf is 0


def relu_divided(a):
    return tf.math.divide_no_nan(tf.nn.relu(a), a)


def ce_extended(x, w, b, y):
    wide = tf.concat([x, tf.ones([x.shape[0], 1])], 1)
    p = tf.nn.softmax(wide @ tf.concat([w, b[None]], 0))
    both = tf.transpose(wide) @ (p - tf.one_hot(y, w.shape[1])) / x.shape[0]
    return both[:-1], both[-1]


def numeric_where(f, x, h=1e-5):
    x = np.array(x, np.float64)
    places = np.arange(x.size).reshape(x.shape)
    slopes = [
        (float(f(np.where(places == k, x + h, x))) - float(f(np.where(places == k, x - h, x)))) / (2 * h)
        for k in range(x.size)
    ]
    return np.array(slopes).reshape(x.shape)


def backward_solved(graph, result):
    place, leads, waiting = {name: i for i, name in enumerate(graph)}, set(), [result]
    while waiting:
        name = waiting.pop()
        if name not in leads:
            leads.add(name)
            waiting += [parent for parent, _ in graph[name]]
    matrix = np.eye(len(graph))
    for name, parents in graph.items():
        for parent, slope in parents:
            matrix[place[parent], place[name]] -= slope
    total = np.linalg.solve(matrix, np.eye(len(graph))[place[result]])
    return {name: float(total[place[name]]) if name in leads else None for name in graph}


ANSWERS = {
    "grad_and_second": [second_nested, second_variable, second_persistent, second_graph, second_forward],
    "chain_persistent": [chain_tape, chain_variables, chain_two_tapes, chain_graph, chain_by_hand],
    "sigmoid_grad": [sigmoid_output, sigmoid_mirror, sigmoid_numpy, sigmoid_float64, sigmoid_tanh, sigmoid_softplus],
    "tanh_grad": [tanh_output, tanh_sigmoid, tanh_numpy, tanh_factors, tanh_cosh],
    "relu_grad": [relu_cast, relu_where, relu_numpy, relu_sign, relu_heaviside, relu_divided],
    "mse_grad": [mse_size, mse_numpy, mse_rows, mse_float64],
    "softmax_ce_grad": [ce_tensorflow, ce_numpy, ce_loop, ce_float64, ce_einsum, ce_extended],
    "numeric_grad": [numeric_ndindex, numeric_flat, numeric_eye, numeric_nditer, numeric_where],
    "relu_layer_grad": [layer_mask, layer_numpy, layer_output, layer_float64],
    "backward": [backward_sorted, backward_counting, backward_remembering, backward_matrix, backward_solved],
}


# -- wrong answers that no hint is written for, and that must never pass


def second_of_size(f, x):
    return second_nested(f, abs(x))


def second_clipped(f, x):
    return second_nested(lambda v: f(tf.clip_by_value(v, -50.0, 50.0)), x)


def second_differences(f, x, h=1e-4):
    above, here, below = (float(f(tf.constant(x + d, tf.float64))) for d in (h, 0.0, -h))
    return (above - below) / (2 * h), (above - 2 * here + below) / h**2


def second_fine_differences(f, x, h=1e-2):
    above, here, below = (float(f(tf.constant(x + d, tf.float32))) for d in (h, 0.0, -h))
    return (above - below) / (2 * h), (above - 2 * here + below) / h**2


def second_differences_of_slopes(f, x, h=1e-2):
    first, above, below = (second_variable(f, x + d)[0] for d in (0.0, h, -h))
    return first, (above - below) / (2 * h)


def second_never_below_zero(f, x):
    first, second = second_nested(f, x)
    return first, tf.nn.relu(second)


def second_sizes(f, x):
    return tuple(abs(slope) for slope in second_nested(f, x))


def second_zero_at_zero(f, x):
    return second_nested(f, x) if x > 0 else (0.0, 0.0)


def chain_divides(x, w1, b1, w2, b2):
    whole = w2 * x
    return whole / x, x, whole


def chain_clips(x, w1, b1, w2, b2):
    w2 = tf.clip_by_value(w2, -50.0, 50.0)
    return w2, x, w2 * x


def chain_ignores_sign(x, w1, b1, w2, b2):
    return w2, abs(x), w2 * abs(x)


def chain_sizes(x, w1, b1, w2, b2):
    return abs(w2), x, abs(w2) * x


def chain_never_below_zero(x, w1, b1, w2, b2):
    return w2 + 0, x, tf.nn.relu(w2 * x)


def sigmoid_flat_beyond_ten(a):
    return tf.where(tf.abs(a) > 10, 0.0, sigmoid_output(a))


def sigmoid_squeezed(a):
    return tf.squeeze(sigmoid_output(a))


def sigmoid_128_rows(a):
    return sigmoid_output(a)[:128] if a.shape.rank else sigmoid_output(a)


def sigmoid_clipped(a):
    s = tf.sigmoid(tf.clip_by_value(a, -2.0, 2.0))
    return s * (1 - s)


def sigmoid_first_eight(a):
    s = tf.sigmoid(a)
    g = tf.reshape(s * (1 - s), [-1])
    return tf.reshape(tf.concat([g[:8], g[8:] * 0], 0), a.shape)


def sigmoid_rows(a):
    return tf.stack([sigmoid_output(row) for row in a])


def tanh_first_64(a):
    g = tf.reshape(1 - tf.tanh(a) ** 2, [-1])
    return tf.reshape(tf.concat([g[:64], g[64:] * 0], 0), a.shape)


def tanh_of_vectors(a):
    return tf.concat([1 - tf.tanh(a) ** 2, []], 0)


def tanh_squeezed(a):
    return tf.squeeze(tanh_output(a))


def relu_squeezed(a):
    return tf.squeeze(relu_cast(a))


def relu_fifty(a):
    return tf.cast((a > 0) & (a < 50), a.dtype)


def relu_six(a):
    return tf.cast((a > 0) & (a < 6), a.dtype)


def relu_hair(a):
    return tf.cast(a > 1e-12, a.dtype)


def relu_first_64(a):
    g = tf.reshape(tf.cast(a > 0, a.dtype), [-1])
    return tf.reshape(tf.concat([g[:64], g[64:] * 0], 0), a.shape)


def mse_clipped(p, y):
    return tf.clip_by_value(mse_size(p, y), -0.05, 0.05)


def mse_clipped_error(p, y):
    return 2 * tf.clip_by_value(p - y, -50.0, 50.0) / tf.cast(tf.size(p), p.dtype)


def mse_64_rows(p, y):
    g = mse_size(p, y)
    return tf.concat([g[:64], g[64:] * 0], 0)


def mse_128_rows(p, y):
    return mse_size(p, y)[:128]


def mse_within_one(p, y):
    return tf.clip_by_value(mse_size(p, y), -1.0, 1.0)


def mse_of_four(p, y):
    return (p - y) / 2


def mse_of_two(p, y):
    return p - y


def mse_squeezed(p, y):
    return tf.squeeze(mse_size(p, y))


def mse_ten_classes(p, y):
    return 2 * (p - y) / (len(p) * min(p.shape[1], 10))


def ce_clipped_logits(x, w, b, y):
    z = tf.clip_by_value(x @ w + b, -50.0, 50.0)
    d = (tf.nn.softmax(z) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def ce_first_logit(x, w, b, y):
    z = x @ w + b
    e = tf.exp(z - z[:, :1])
    d = (e / tf.reduce_sum(e, axis=1, keepdims=True) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def ce_last_logit(x, w, b, y):
    z = x @ w + b
    e = tf.exp(z - z[:, -1:])
    d = (e / tf.reduce_sum(e, axis=1, keepdims=True) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def ce_mean_logit(x, w, b, y):
    z = x @ w + b
    e = tf.exp(z - tf.reduce_mean(z, axis=1, keepdims=True))
    d = (e / tf.reduce_sum(e, axis=1, keepdims=True) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def ce_ten_classes(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b) - tf.one_hot(y, 10)[:, : b.shape[0]]) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def ce_64_rows(x, w, b, y):
    return ce_tensorflow(x[:64], w, b, y[:64])


def ce_128_rows(x, w, b, y):
    return ce_tensorflow(x[:128], w, b, y[:128])


def ce_first_label(x, w, b, y):
    return ce_tensorflow(x, w, b, tf.fill(tf.shape(y), y[0]))


def ce_guess_for_label(x, w, b, y):
    return ce_tensorflow(x, w, b, tf.argmax(x @ w + b, axis=1))


def ce_clipped_inputs(x, w, b, y):
    return ce_tensorflow(tf.clip_by_value(x, -50.0, 50.0), w, b, y)


def ce_epsilon(x, w, b, y):
    e = tf.exp(x @ w + b)
    d = (e / (tf.reduce_sum(e, axis=1, keepdims=True) + 1e-7) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def layer_64_rows(x, w, b, upstream):
    dx, dw, db = layer_mask(x[:64], w, b, upstream[:64])
    return tf.concat([dx, tf.zeros_like(x[64:])], 0), dw, db


def layer_128_rows(x, w, b, upstream):
    dx, dw, db = layer_mask(x[:128], w, b, upstream[:128])
    return tf.concat([dx, tf.zeros_like(x[128:])], 0), dw, db


def layer_hair(x, w, b, upstream):
    return layer_mask(x, w, b, upstream * tf.cast(x @ w + b > 1e-3, tf.float32))


def layer_mask_of_first_row(x, w, b, upstream):
    d = upstream * tf.cast((x @ w + b)[:1] > 0, tf.float32)
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def layer_upstream_within_one(x, w, b, upstream):
    return layer_mask(x, w, b, tf.clip_by_value(upstream, -1.0, 1.0))


def layer_squeezed(x, w, b, upstream):
    dx, dw, db = layer_mask(x, w, b, upstream)
    return tf.squeeze(dx), dw, db


def layer_six(x, w, b, upstream):
    z = x @ w + b
    return layer_mask(x, w, b, upstream * tf.cast(z < 6, tf.float32))


def layer_clipped(x, w, b, upstream):
    return layer_mask(x, w, b, tf.clip_by_value(upstream, -10.0, 10.0))


def layer_input_mask(x, w, b, upstream):
    dx, dw, db = layer_mask(x, w, b, upstream)
    return dx * tf.cast(x > 0, tf.float32), dw, db


def layer_half(x, w, b, upstream):
    d = upstream * (tf.sign(x @ w + b) + 1) / 2
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


def numeric_first_eight(f, x, h=1e-5):
    g = numeric_ndindex(f, x, h).ravel()
    g[8:] = 0
    return g.reshape(x.shape)


def numeric_64(f, x, h=1e-5):
    g = numeric_ndindex(f, x, h).ravel()
    g[64:] = 0
    return g.reshape(x.shape)


def numeric_clipped(f, x, h=1e-5):
    return numeric_ndindex(f, np.clip(x, -50, 50), h)


def numeric_squeezed(f, x, h=1e-5):
    return np.squeeze(numeric_ndindex(f, x, h))


def numeric_sizes(f, x, h=1e-5):
    return np.abs(numeric_ndindex(f, x, h))


def numeric_tensor_only(f, x, h=1e-5):
    x = np.array(x, np.float64)
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[i] = h
        g[i] = (f(x + step).numpy() - f(x - step).numpy()) / (2 * h)
    return g


def numeric_relative_step(f, x, h=1e-5):
    x = np.array(x, np.float64)
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[i] = h * max(1.0, abs(x[i]))
        g[i] = (float(f(x + step)) - float(f(x - step))) / (2 * step[i])
    return g


def numeric_four_points(f, x, h=1e-5):
    return (4 * numeric_ndindex(f, x, h) - numeric_ndindex(f, x, 2 * h)) / 3


def backward_forwards(graph, result):
    gradient = dict.fromkeys(graph)
    gradient[result] = 1.0
    for name in graph:
        for parent, slope in graph[name] if gradient[name] is not None else []:
            gradient[parent] = (gradient[parent] or 0.0) + gradient[name] * slope
    return gradient


def _backward_queue(graph, result, users):
    """Pass each number on as soon as so many have paid in."""
    gradient, waiting = dict.fromkeys(graph), [result]
    gradient[result] = 1.0
    while waiting:
        name = waiting.pop(0)
        for parent, slope in graph[name]:
            gradient[parent] = (gradient[parent] or 0.0) + gradient[name] * slope
            users[parent] -= 1
            if users[parent] == 0:
                waiting.append(parent)
    return gradient


def backward_waits_for_all(graph, result):
    """Also for those that do not lead to the result, and never pay."""
    return _backward_queue(graph, result, {n: sum(p == n for ps in graph.values() for p, _ in ps) for n in graph})


def backward_counts_users_once(graph, result):
    """One that uses a number twice pays twice, too: the next is not waited for."""
    leads = [name for name, g in backward_sorted(graph, result).items() if g is not None]
    return _backward_queue(graph, result, {n: sum(n in dict(graph[user]) for user in leads) for n in graph})


def backward_by_name(graph, result):
    return backward_forwards({name: graph[name] for name in sorted(graph, reverse=True)}, result)


def backward_depth_first(graph, result):
    gradient, seen = dict.fromkeys(graph), set()
    gradient[result] = 1.0

    def visit(name):
        seen.add(name)
        for parent, slope in graph[name]:
            gradient[parent] = (gradient[parent] or 0.0) + gradient[name] * slope
            if parent not in seen:
                visit(parent)

    visit(result)
    return gradient


def backward_sizes(graph, result):
    return {name: None if g is None else abs(g) for name, g in backward_sorted(graph, result).items()}


def backward_clipped(graph, result):
    return {name: None if g is None else max(-1e6, min(1e6, g)) for name, g in backward_sorted(graph, result).items()}


def backward_pops(graph, result):
    gradient = backward_sorted(graph, result)
    for parents in graph.values():
        while parents:
            parents.pop()
    return gradient


def backward_without_itself(graph, result):
    return {**backward_sorted(graph, result), result: None}


WRONG = {
    "grad_and_second": [
        second_of_size,
        second_clipped,
        second_differences,
        second_fine_differences,
        second_differences_of_slopes,
        second_never_below_zero,
        second_sizes,
        second_zero_at_zero,
    ],
    "chain_persistent": [chain_divides, chain_clips, chain_ignores_sign, chain_sizes, chain_never_below_zero],
    "sigmoid_grad": [
        sigmoid_clipped,
        sigmoid_first_eight,
        sigmoid_rows,
        sigmoid_flat_beyond_ten,
        sigmoid_squeezed,
        sigmoid_128_rows,
    ],
    "tanh_grad": [tanh_first_64, tanh_of_vectors, tanh_squeezed],
    "relu_grad": [relu_six, relu_fifty, relu_hair, relu_first_64, relu_squeezed],
    "mse_grad": [
        mse_clipped,
        mse_clipped_error,
        mse_64_rows,
        mse_squeezed,
        mse_ten_classes,
        mse_128_rows,
        mse_within_one,
        mse_of_four,
        mse_of_two,
    ],
    "softmax_ce_grad": [
        ce_clipped_logits,
        ce_first_logit,
        ce_last_logit,
        ce_mean_logit,
        ce_ten_classes,
        ce_64_rows,
        ce_128_rows,
        ce_first_label,
        ce_guess_for_label,
        ce_clipped_inputs,
        ce_epsilon,
    ],
    "relu_layer_grad": [
        layer_64_rows,
        layer_128_rows,
        layer_hair,
        layer_mask_of_first_row,
        layer_upstream_within_one,
        layer_squeezed,
        layer_six,
        layer_clipped,
        layer_input_mask,
        layer_half,
    ],
    "numeric_grad": [
        numeric_first_eight,
        numeric_64,
        numeric_clipped,
        numeric_tensor_only,
        numeric_squeezed,
        numeric_sizes,
        numeric_relative_step,
        numeric_four_points,
    ],
    "backward": [
        backward_forwards,
        backward_by_name,
        backward_waits_for_all,
        backward_counts_users_once,
        backward_depth_first,
        backward_sizes,
        backward_clipped,
        backward_pops,
        backward_without_itself,
    ],
}
