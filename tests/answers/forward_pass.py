"""Right answers to chapter 01, differently written: the checks must pass every one of them."""

import keras
import numpy as np
import tensorflow as tf

# -- prepare ------------------------------------------------------------------------------------------------------------


def prepare_tensorflow(x, y):
    return tf.reshape(tf.cast(x, tf.float32) / 255.0, [-1, 784]), tf.cast(y, tf.int32)


def prepare_numpy(x, y):
    return (x.reshape(len(x), -1) / 255).astype("float32"), y.astype("int32")


def prepare_float64_inside(x, y):
    x = tf.convert_to_tensor(x)
    x = tf.cast(tf.cast(x, tf.float64) / 255, tf.float32)
    return tf.reshape(x, [x.shape[0], 28 * 28]), tf.convert_to_tensor(y.astype(np.int32))


def prepare_image_dtype(x, y):
    x = tf.image.convert_image_dtype(x, tf.float32)
    return tf.concat(tf.unstack(x, axis=1), axis=1), tf.constant(y, dtype=tf.int32)


@tf.function
def prepare_graph(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [tf.shape(x)[0], -1]) * (1 / 255), tf.cast(y, tf.int32)


# -- init_params --------------------------------------------------------------------------------------------------------


def init_params_plain(sizes, stddev):
    params = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        params.append(tf.Variable(tf.random.truncated_normal([n_in, n_out], stddev=stddev)))
        params.append(tf.Variable(tf.zeros([n_out])))
    return params


def init_params_keras(sizes, stddev):
    draw = keras.random.truncated_normal
    pairs = [(tf.Variable(draw([m, n], 0.0, stddev)), tf.Variable([0.0] * n)) for m, n in zip(sizes[:-1], sizes[1:])]
    return [p for pair in pairs for p in pair]


def init_params_redrawn(sizes, stddev):
    rng = np.random.default_rng()
    params = []
    for i in range(1, len(sizes)):
        w = rng.normal(size=(sizes[i - 1], sizes[i]))
        while np.any(outside := np.abs(w) > 2):
            w[outside] = rng.normal(size=outside.sum())
        params += [tf.Variable((stddev * w).astype("float32")), tf.Variable(np.zeros(sizes[i], "float32"))]
    return params


def init_params_scaled(sizes, stddev):
    shapes = [s for m, n in zip(sizes, sizes[1:]) for s in ((m, n), (n,))]
    return tuple(tf.Variable(tf.random.truncated_normal(s) * stddev * (len(s) == 2)) for s in shapes)


# -- forward ------------------------------------------------------------------------------------------------------------


def forward_loop(x, params):
    last = len(params) // 2 - 1
    for i in range(last + 1):
        x = x @ params[2 * i] + params[2 * i + 1]
        if i < last:
            x = tf.nn.relu(x)
    return x


def forward_maximum(x, params):
    *hidden, w, b = params
    while hidden:
        x = tf.maximum(tf.matmul(x, hidden[0]) + tf.broadcast_to(hidden[1], [x.shape[0], hidden[1].shape[0]]), 0)
        hidden = hidden[2:]
    return tf.nn.bias_add(tf.matmul(x, w), b)


def forward_float64(x, params):
    h = tf.cast(x, tf.float64)
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        h = h if i == 0 else tf.where(h > 0, h, tf.zeros_like(h))
        h = tf.einsum("bi,io->bo", h, tf.cast(w, tf.float64)) + tf.cast(b, tf.float64)
    return tf.cast(h, tf.float32)


def forward_recursive(x, params):
    if len(params) == 2:
        return tf.tensordot(x, params[0], axes=1) + params[1]
    return forward_recursive(keras.activations.relu(x @ params[0] + params[1]), params[2:])


@tf.function
def forward_graph(x, params):
    for w, b in zip(params[:-2:2], params[1:-2:2]):
        x = tf.nn.relu(x @ w + b)
    return x @ params[-2] + params[-1]


# -- mse_onehot ---------------------------------------------------------------------------------------------------------


def mse_onehot_plain(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, depth=out.shape[1]) - out))


def mse_onehot_expanded(y, out):
    right = tf.gather(out, y, axis=1, batch_dims=1)
    total = tf.reduce_sum(out**2) - 2 * tf.reduce_sum(right) + tf.cast(tf.size(y), tf.float32)
    return total / tf.cast(tf.size(out), tf.float32)


def mse_onehot_float64(y, out):
    hot = tf.constant(np.eye(out.shape[1])[y.numpy()])
    return tf.cast(tf.reduce_mean(tf.math.squared_difference(hot, tf.cast(out, tf.float64))), tf.float32)


def mse_onehot_twice_averaged(y, out):
    hot = tf.cast(y[:, None] == tf.range(tf.shape(out)[1])[None], out.dtype)
    return keras.ops.mean(keras.ops.mean((out - hot) ** 2, axis=-1))


@tf.function
def mse_onehot_graph(y, out):
    return tf.nn.l2_loss(out - tf.one_hot(y, tf.shape(out)[1])) * 2 / tf.cast(tf.size(out), tf.float32)


# -- sgd_step -----------------------------------------------------------------------------------------------------------


def sgd_step_assign_sub(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * g)


def sgd_step_assign(params, grads, lr):
    for i in range(len(params)):
        params[i].assign(params[i] - lr * grads[i])


def sgd_step_numpy(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign(p.numpy() - np.float32(lr) * np.asarray(g))


def sgd_step_add_and_return(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_add(tf.cast(-lr * tf.cast(g, tf.float64), tf.float32))
    return params


def sgd_step_graph(params, grads, lr):
    @tf.function
    def step():
        for p, g in zip(params, grads):
            p.assign_sub(tf.multiply(g, lr))

    step()


# -- accuracy -----------------------------------------------------------------------------------------------------------


def accuracy_plain(out, y):
    guess = tf.argmax(out, axis=1, output_type=tf.int32)
    return float(tf.reduce_mean(tf.cast(guess == y, tf.float32)))


def accuracy_numpy(out, y):
    return np.mean(np.argmax(out, axis=-1) == np.asarray(y))


def accuracy_counted(out, y):
    right = 0
    for row, label in zip(out.numpy(), y.numpy()):
        right += int(max(range(len(row)), key=row.__getitem__) == label)
    return right / len(y)


def accuracy_by_value(out, y):
    mine = tf.gather(out, y, axis=1, batch_dims=1)
    return tf.reduce_mean(tf.cast(mine >= tf.reduce_max(out, axis=1), tf.float32))


@tf.function
def accuracy_graph(out, y):
    return tf.math.count_nonzero(tf.equal(tf.argmax(out, 1), tf.cast(y, tf.int64)), dtype=tf.float32) / tf.cast(
        tf.size(y), tf.float32
    )


ANSWERS = {
    "prepare": [prepare_tensorflow, prepare_numpy, prepare_float64_inside, prepare_image_dtype, prepare_graph],
    "init_params": [init_params_plain, init_params_keras, init_params_redrawn, init_params_scaled],
    "forward": [forward_loop, forward_maximum, forward_float64, forward_recursive, forward_graph],
    "mse_onehot": [
        mse_onehot_plain,
        mse_onehot_expanded,
        mse_onehot_float64,
        mse_onehot_twice_averaged,
        mse_onehot_graph,
    ],
    "sgd_step": [sgd_step_assign_sub, sgd_step_assign, sgd_step_numpy, sgd_step_add_and_return, sgd_step_graph],
    "accuracy": [accuracy_plain, accuracy_numpy, accuracy_counted, accuracy_by_value, accuracy_graph],
}
