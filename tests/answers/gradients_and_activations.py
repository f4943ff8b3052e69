"""Right answers to the exercises of chapter 02, written in different ways. Every one of them must pass every seed."""

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
    return np.array([(f(base + s).numpy() - f(base - s).numpy()) / (2 * h) for s in steps]).reshape(base.shape)


def numeric_nditer(f, x, h=1e-5):
    x = np.array(x, np.float64)
    g = np.zeros(x.shape)
    walk = np.nditer(x, flags=["multi_index"])
    for _ in walk:
        step = np.zeros(x.shape)
        step[walk.multi_index] = h
        g[walk.multi_index] = (f(tf.constant(x + step)) - f(tf.constant(x - step))) / (2 * h)
    return tf.constant(g)


ANSWERS = {
    "grad_and_second": [second_nested, second_variable, second_persistent, second_graph],
    "chain_persistent": [chain_tape, chain_variables, chain_two_tapes, chain_graph, chain_by_hand],
    "sigmoid_grad": [sigmoid_output, sigmoid_mirror, sigmoid_numpy, sigmoid_float64, sigmoid_tanh],
    "tanh_grad": [tanh_output, tanh_sigmoid, tanh_numpy, tanh_factors],
    "relu_grad": [relu_cast, relu_where, relu_numpy, relu_sign, relu_heaviside],
    "mse_grad": [mse_size, mse_numpy, mse_rows, mse_float64],
    "softmax_ce_grad": [ce_tensorflow, ce_numpy, ce_loop, ce_float64, ce_einsum],
    "numeric_grad": [numeric_ndindex, numeric_flat, numeric_eye, numeric_nditer],
}
