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
        return len(first), session.run(tf.add_n([tf.zeros([]), *first.values()]))


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


def total_listed(graph):
    names, values = [], []
    with tf.compat.v1.Session(graph=graph) as session:
        for tensor in graph.get_collection("losses"):
            head, dash, tail = tensor.op.name.rpartition("_")
            name = head if dash and tail.isdecimal() else tensor.op.name
            if names.count(name) == 0:
                names += [name]
                values += [session.run(tensor)]
    return len(names), float(np.sum(values))


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
    half = step / 2
    xx, yy = np.mgrid[xlim[0] : xlim[1] - half : step, ylim[0] : ylim[1] - half : step]
    answers = predict(np.c_[xx.ravel(), yy.ravel()])
    return xx, yy, np.asarray(answers).reshape(xx.shape)


def grid_tensor(predict, xlim, ylim, step):
    xs, ys = tf.range(xlim[0], xlim[1] - step / 2, step), tf.range(ylim[0], ylim[1] - step / 2, step)
    yy, xx = tf.meshgrid(ys, xs)
    points = tf.reshape(tf.stack([xx, yy], axis=-1), [-1, 2])
    return [xx, yy, tf.reshape(predict(points), tf.shape(xx))]


def grid_transposed(predict, xlim, ylim, step):
    xs = np.arange(round((xlim[1] - xlim[0]) / step)) * step + xlim[0]
    ys = np.linspace(ylim[0], ylim[1], round((ylim[1] - ylim[0]) / step), endpoint=False)
    xx, yy = np.meshgrid(xs, ys)
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
    "total_loss": [total_regex, total_reversed, total_loop, total_listed],
    "ema_update": [ema_min, ema_step, ema_numpy, ema_variable],
    "decision_grid": [grid_mgrid, grid_tensor, grid_transposed, grid_loops],
}


# -- wrong answers without a hint of their own


def circle_by_angle(n, noise, seed):
    rng = np.random.default_rng(seed)
    radius, angle = rng.uniform(0, 1.5, n), rng.uniform(0, np.pi, n)
    clean = np.c_[radius * np.cos(angle), radius * np.sin(angle)]
    return clean + rng.normal(0, noise, (n, 2)), (radius > 1).astype(int)[:, None]


def circle_drawn(change):
    def answer(n, noise, seed):
        rng = np.random.default_rng(seed)
        clean = rng.uniform([-1, 0], [1, 2], (n, 2))
        return clean + change(rng, noise, n), (np.hypot(*clean.T) > 1).astype(int)[:, None]

    return answer


def circle_table(n, noise, seed):
    rng = np.random.default_rng(seed)
    table = rng.uniform([-1, 0], [1, 2], (256, 2))
    clean = table[np.arange(n) % 256]
    return clean + rng.normal(0, noise, (n, 2)), (np.hypot(*clean.T) > 1).astype(int)[:, None]


def circle_seed_or_none(n, noise, seed):
    rng = np.random.default_rng(seed or None)
    clean = rng.uniform([-1, 0], [1, 2], (n, 2))
    return clean + rng.normal(0, noise, (n, 2)), (np.hypot(*clean.T) > 1).astype(int)[:, None]


def circle_fixed_labels(n, noise, seed):
    clean = np.random.default_rng(0).uniform([-1, 0], [1, 2], (n, 2))
    moved = clean + np.random.default_rng(seed).normal(0, noise, (n, 2))
    return moved, (np.hypot(*clean.T) > 1).astype(int)[:, None]


def circle_larger(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = rng.uniform([-1, 0], [1, 2], (n, 2))
    return clean + rng.normal(0, noise, (n, 2)), (np.hypot(*clean.T) > 1.05).astype(int)[:, None]


def circle_squeezed(n, noise, seed):
    X, y = circle_loop(n, noise, seed)
    return np.squeeze(X), y


def l2_first_eight(weights, lam):
    return l2_loop(weights[:8], lam)


def l2_clipped(weights, lam):
    return l2_loop([tf.clip_by_value(w, -50.0, 50.0) for w in weights], lam)


def l2_matrices_only(weights, lam):
    return l2_loop([w for w in weights if len(w.shape) == 2], lam)


def l2_counting(weights, lam, seen=[]):  # noqa: B006
    seen.extend(weights)
    return l2_loop(seen, lam)


def total_named(short):
    """Of all whose names are alike when they are cut so, the first counts."""

    def total_loss(graph):
        first = {}
        for tensor in graph.get_collection("losses"):
            first.setdefault(short(tensor.op.name), tensor)
        with tf.compat.v1.Session(graph=graph) as session:
            return len(first), float(sum(session.run(list(first.values()))))

    return total_loss


total_without_digits = total_named(lambda name: re.sub(r"_\d+", "", name))
total_leaf = total_named(lambda name: re.sub(r"_\d+$", "", name.split("/")[-1]))
total_stripped = total_named(lambda name: name.rstrip("0123456789_"))
total_all_suffixes = total_named(lambda name: re.sub(r"(_\d+)+$", "", name))


def total_by_prefix(graph):
    kept = []
    for tensor in graph.get_collection("losses"):
        if not any(tensor.op.name.startswith(other.op.name) for other in kept):
            kept.append(tensor)
    with tf.compat.v1.Session(graph=graph) as session:
        return len(kept), float(sum(session.run(kept)))


def total_first_entries(graph):
    tensors = graph.get_collection("losses")
    count = len({re.sub(r"_\d+$", "", t.op.name) for t in tensors})
    with tf.compat.v1.Session(graph=graph) as session:
        return count, float(sum(session.run(tensors[:count])))


def total_positive(graph):
    count, _ = total_listed(graph)
    first = {}
    for tensor in graph.get_collection("losses"):
        first.setdefault(re.sub(r"_\d+$", "", tensor.op.name), tensor)
    with tf.compat.v1.Session(graph=graph) as session:
        return count, float(sum(max(v, 0.0) for v in session.run(list(first.values()))))


def total_adding(graph):
    count, total = total_listed(graph)
    with graph.as_default():
        graph.add_to_collection("losses", tf.constant(total, name="total"))
    return count, total


def ema_clipped(shadow, value, decay, num_updates=None):
    return tf.clip_by_value(ema_min(shadow, value, decay, num_updates), -50, 50)


def ema_late(shadow, value, decay, num_updates=None):
    return ema_min(shadow, value, decay, num_updates if num_updates is None or num_updates < 10 else None)


def ema_stateful(shadow, value, decay, num_updates=None, kept={}):  # noqa: B006
    old = kept.get("shadow", shadow) if decay == 0.9 and num_updates is None else shadow
    kept["shadow"] = value
    return ema_min(old, value, decay, num_updates)


def ema_never_one(shadow, value, decay, num_updates=None):
    return ema_min(shadow, value, min(decay, 0.999), num_updates)


def ema_rounded(shadow, value, decay, num_updates=None):
    return ema_min(shadow, value, round(decay, 1), num_updates)


def ema_sixteen(shadow, value, decay, num_updates=None):
    new = ema_min(shadow, value, decay, num_updates)
    return new if len(new.shape) == 0 else tf.concat([new[:16], shadow[16:]], 0)


def grid_arange(predict, xlim, ylim, step):
    xx, yy = np.meshgrid(np.arange(*xlim, step), np.arange(*ylim, step), indexing="ij")
    return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)


def grid_clipped(predict, xlim, ylim, step):
    xx, yy, z = grid_loops(predict, xlim, ylim, step)
    return xx, yy, np.clip(z, -50, 50)


def grid_64(predict, xlim, ylim, step):
    return [part[:64, :64] for part in grid_loops(predict, xlim, ylim, step)]


def grid_fixed_step(predict, xlim, ylim, step):
    return grid_loops(predict, xlim, ylim, min(step, 1.0))


def grid_from_zero(predict, xlim, ylim, step):
    return grid_loops(predict, xlim, (0.0, ylim[1] - ylim[0]), step)


def grid_one_limit(predict, xlim, ylim, step):
    return grid_loops(predict, xlim, xlim, step)


def circle_same_noise(n, noise, seed):
    clean = np.random.default_rng(seed).uniform([-1, 0], [1, 2], (n, 2))
    moved = clean + np.random.default_rng(0).normal(0, noise, (n, 2))
    return moved, (np.hypot(*clean.T) > 1).astype(int)[:, None]


def circle_one_shift(n, noise, seed):
    rng = np.random.default_rng(seed)
    clean = rng.uniform([-1, 0], [1, 2], (n, 2))
    return clean + rng.normal(0, noise, 2), (np.hypot(*clean.T) > 1).astype(int)[:, None]


def circle_seed_or_one(n, noise, seed):
    rng = np.random.default_rng(seed or 1)
    clean = rng.uniform([-1, 0], [1, 2], (n, 2))
    return clean + rng.normal(0, noise, (n, 2)), (np.hypot(*clean.T) > 1).astype(int)[:, None]


def ema_bound_early_only(shadow, value, decay, num_updates=None):
    if num_updates is not None and num_updates < 100:
        decay = min(decay, (1 + num_updates) / (10 + num_updates))
    return decay * shadow + (1 - decay) * value


def grid_counted(count, most=10**6):
    def decision_grid(predict, xlim, ylim, step):
        rows, columns = (min(most, int(count((high - low) / step))) for low, high in (xlim, ylim))
        i, j = np.mgrid[:rows, :columns]
        xx, yy = xlim[0] + i * step, ylim[0] + j * step
        return xx, yy, np.asarray(predict(np.c_[xx.ravel(), yy.ravel()])).reshape(xx.shape)

    return decision_grid


WRONG = {
    "noisy_circle": [
        circle_by_angle,
        circle_drawn(lambda rng, noise, n: rng.uniform(-1, 1, (n, 2)) * noise * 3**0.5),
        circle_drawn(lambda rng, noise, n: rng.laplace(0, noise / 2**0.5, (n, 2))),
        circle_drawn(lambda rng, noise, n: rng.normal(0.15, noise, (n, 2))),
        circle_drawn(lambda rng, noise, n: abs(rng.normal(0, noise, (n, 2)))),
        circle_drawn(lambda rng, noise, n: rng.normal(0, noise, 2)),
        circle_drawn(lambda rng, noise, n: np.clip(rng.normal(0, noise, (n, 2)), -1, 1)),
        circle_drawn(lambda rng, noise, n: rng.normal(0, noise, (n, 2)) * [1, 0]),
        circle_drawn(lambda rng, noise, n: rng.normal(0, noise**2, (n, 2))),
        circle_table,
        circle_seed_or_none,
        circle_fixed_labels,
        circle_same_noise,
        circle_one_shift,
        circle_seed_or_one,
        circle_larger,
        circle_squeezed,
    ],
    "l2_penalty": [l2_first_eight, l2_clipped, l2_matrices_only, l2_counting],
    "total_loss": [
        total_without_digits,
        total_all_suffixes,
        total_leaf,
        total_stripped,
        total_by_prefix,
        total_first_entries,
        total_positive,
        total_adding,
    ],
    "ema_update": [ema_bound_early_only, ema_clipped, ema_late, ema_stateful, ema_never_one, ema_rounded, ema_sixteen],
    "decision_grid": [
        grid_counted(int),
        grid_counted(np.floor),
        grid_counted(round, 100),
        grid_arange,
        grid_clipped,
        grid_64,
        grid_fixed_step,
        grid_from_zero,
        grid_one_limit,
    ],
}
