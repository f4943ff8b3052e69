"""Right answers to chapter 09, written in other ways than the solution and the reference."""

import math
import random
import re

import numpy as np
import tensorflow as tf


def circle_loop(n, noise, seed):
    np.random.seed(seed)
    points, labels = [], []
    for _ in range(n):
        x1, x2 = np.random.uniform(-1, 1), np.random.uniform(0, 2)
        points.append([np.random.normal(x1, noise), np.random.normal(x2, noise)])
        labels.append(0 if x1**2 + x2**2 <= 1 else 1)
    return np.hstack(points).reshape(-1, 2), np.hstack(labels).reshape(-1, 1)


def circle_tensor(n, noise, seed):
    generator = tf.random.Generator.from_seed(seed)
    clean = generator.uniform([n, 2]) * 2 - tf.constant([1.0, 0.0])
    labels = tf.cast(tf.norm(clean, axis=1, keepdims=True) > 1, tf.float32)
    return clean + generator.normal([n, 2], stddev=noise), labels


def circle_stateless(n, noise, seed):
    first, second = [seed, 1], [seed, 2]
    clean = tf.random.stateless_uniform([n, 2], first, minval=[-1.0, 0.0], maxval=[1.0, 2.0])
    moved = clean + noise * tf.random.stateless_normal([n, 2], second)
    return [moved.numpy(), (tf.reduce_sum(clean**2, 1, keepdims=True) > 1).numpy().astype("int32")]


def circle_python(n, noise, seed):
    source = random.Random(seed)
    rows = []
    for _ in range(n):
        x1, x2 = source.uniform(-1, 1), source.uniform(0, 2)
        rows.append([source.gauss(x1, noise), source.gauss(x2, noise), float(math.hypot(x1, x2) > 1)])
    table = np.array(rows, "float32")
    return table[:, :2], table[:, 2:]


def l2_sum(weights, lam):
    return lam * sum(tf.reduce_sum(w**2) for w in weights) / 2


def l2_flat(weights, lam):
    flat = tf.concat([tf.zeros([1])] + [tf.reshape(w, [-1]) for w in weights], axis=0)
    return 0.5 * lam * tf.tensordot(flat, flat, 1)


def l2_loop(weights, lam):
    total = tf.constant(0.0)
    for w in weights:
        total += lam / 2 * tf.reduce_sum(w * w)
    return total


def l2_global_norm(weights, lam):
    squares = [tf.reduce_sum(tf.math.multiply(w, w)) for w in weights]
    return tf.constant(lam / 2) * tf.reduce_sum(tf.stack(squares)) if squares else tf.constant(0.0)


l2_graph = tf.function(l2_loop)


def total_regex(graph):
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(re.sub(r"_\d+$", "", tensor.op.name), tensor)
    with graph.as_default(), tf.compat.v1.Session() as session:
        return len(first), session.run(tf.add_n(list(first.values())))


def total_reversed(graph):
    tensors = tf.compat.v1.get_collection("losses") or graph.get_collection("losses")
    kept = {re.match(r"(.*?)(_\d+)?:0", t.name)[1]: t for t in reversed(tensors)}
    with tf.compat.v1.Session(graph=graph) as session:
        return len(kept), float(np.sum(session.run(list(kept.values()))))


def total_loop(graph):
    names, total = [], 0.0
    session = tf.compat.v1.Session(graph=graph)
    for tensor in graph.get_collection("losses"):
        pieces = tensor.name.removesuffix(":0").split("_")
        name = "_".join(pieces[:-1] if pieces[-1].isnumeric() else pieces)
        if name not in names:
            names.append(name)
            total += session.run(tensor)
    return len(names), total


def total_first_run(graph):
    kept = [t for t in graph.get_collection("losses") if not re.search(r"_[0-9]+$", t.op.name)]
    with tf.compat.v1.Session(graph=graph) as session:
        return len(kept), float(session.run(kept) @ np.ones(len(kept)))


def ema_min(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return decay * shadow + (1 - decay) * value


def ema_step(shadow, value, decay, num_updates=None):
    if num_updates is not None:
        bound = (1.0 + num_updates) / (10.0 + num_updates)
        decay = bound if bound < decay else decay
    return shadow - (1 - decay) * (shadow - value)


def ema_numpy(shadow, value, decay, num_updates=None):
    bound = np.inf if num_updates is None else (1 + num_updates) / (10 + num_updates)
    return np.average(
        [shadow.numpy(), value.numpy()], axis=0, weights=[min(decay, bound), 1 - min(decay, bound)]
    ).astype("float32")


def ema_variable(shadow, value, decay, num_updates=None):
    rate = tf.constant(decay, tf.float64)
    if num_updates is not None:
        rate = tf.minimum(rate, (1 + num_updates) / (10 + num_updates))
    kept = tf.Variable(tf.cast(shadow, tf.float64))
    kept.assign(rate * kept)
    kept.assign_add((1 - rate) * tf.cast(value, tf.float64))
    return tf.cast(kept, tf.float32)


def grid_mgrid(predict, xlim, ylim, step):
    xx, yy = np.mgrid[xlim[0] : xlim[1] : step, ylim[0] : ylim[1] : step]
    answers = predict(np.c_[xx.ravel(), yy.ravel()])
    return xx, yy, np.asarray(answers).reshape(xx.shape)


def grid_tensor(predict, xlim, ylim, step):
    xs, ys = tf.range(*xlim, step), tf.range(*ylim, step)
    yy, xx = tf.meshgrid(ys, xs)
    points = tf.reshape(tf.stack([xx, yy], axis=-1), [-1, 2])
    return [xx, yy, tf.reshape(predict(points), tf.shape(xx))]


def grid_transposed(predict, xlim, ylim, step):
    xx, yy = np.meshgrid(np.arange(*xlim, step), np.arange(*ylim, step))
    answers = np.asarray(predict(np.stack([xx.ravel(), yy.ravel()], axis=1).astype("float32")))
    return xx.T, yy.T, answers.reshape(xx.shape).T


def grid_loops(predict, xlim, ylim, step):
    rows, columns = round((xlim[1] - xlim[0]) / step), round((ylim[1] - ylim[0]) / step)
    xx, yy, z = np.zeros((3, rows, columns))
    for i in range(rows):
        for j in range(columns):
            xx[i, j], yy[i, j] = xlim[0] + i * step, ylim[0] + j * step
        z[i] = np.squeeze(predict(np.column_stack([xx[i], yy[i]])), axis=1)
    return xx, yy, z


ANSWERS = {
    "noisy_circle": [circle_loop, circle_tensor, circle_stateless, circle_python],
    "l2_penalty": [l2_sum, l2_flat, l2_loop, l2_global_norm, l2_graph],
    "total_loss": [total_regex, total_reversed, total_loop, total_first_run],
    "ema_update": [ema_min, ema_step, ema_numpy, ema_variable],
    "decision_grid": [grid_mgrid, grid_tensor, grid_transposed, grid_loops],
}
