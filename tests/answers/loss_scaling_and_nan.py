"""Right answers to the exercises of chapter 03, each written in another way: none of them may fail."""

import keras
import numpy as np
import tensorflow as tf

# -- first_bad ----------------------------------------------------------------------------------------------------------


def _first_loop(named):
    for name, tensor in named.items():
        if not tf.reduce_all(tf.math.is_finite(tensor)):
            return name
    return None


def _first_numpy(named):
    bad = [name for name, tensor in named.items() if not np.isfinite(tensor.numpy()).all()]
    return bad[0] if bad else None


def _first_next(named):
    return next((k for k, v in named.items() if np.isnan(np.asarray(v) * np.float32(0)).any()), None)


def _first_nan_or_inf(named):
    for name in named:
        tensor = tf.convert_to_tensor(named[name])
        if tf.reduce_any(tf.logical_or(tf.math.is_nan(tensor), tf.math.is_inf(tensor))):
            return name


def _first_assert(named):
    for name, tensor in named.items():
        try:
            tf.debugging.assert_all_finite(tensor, "")
        except tf.errors.InvalidArgumentError:
            return name
    return None


def _first_difference(named):
    for name, tensor in named.items():
        difference = tf.convert_to_tensor(tensor) - tensor
        if tf.reduce_any(difference != difference):
            return name
    return None


# -- equivalent_lr ------------------------------------------------------------------------------------------------------


def _lr_table(lr, from_, to, n, c):
    divisor = {"mean": n * c, "batch_mean": n, "sum": 1}
    return lr * divisor[to] / divisor[from_]


def _lr_scales(lr, from_, to, n, c):
    scale = {"mean": 1.0, "batch_mean": float(c), "sum": float(n * c)}
    return lr / (scale[to] / scale[from_])


def _lr_branches(lr, from_, to, n, c):
    def per_example(reduction):
        if reduction == "sum":
            return 1.0
        return 1 / n if reduction == "batch_mean" else 1 / n / c

    return np.float64(lr) * per_example(from_) / per_example(to)


def _lr_tensor(lr, from_, to, n, c):
    shares = {"mean": 1 / (n * c), "batch_mean": 1 / n, "sum": 1.0}
    return tf.constant(lr) * shares[from_] / shares[to]


def _lr_power(lr, from_, to, n, c):
    return lr * n ** (("mean" in to) - ("mean" in from_)) * c ** ((to == "mean") - (from_ == "mean"))


# -- stable_softmax -----------------------------------------------------------------------------------------------------


def _softmax_tensor(z):
    e = tf.exp(z - tf.reduce_max(z, axis=-1, keepdims=True))
    return e / tf.reduce_sum(e, axis=-1, keepdims=True)


def _softmax_numpy(z):
    z = np.asarray(z)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_logsumexp(z):
    return tf.exp(z - tf.reduce_logsumexp(z, axis=1, keepdims=True))


def _softmax_float64(z):
    wide = tf.cast(z, tf.float64)
    e = tf.exp(wide - tf.reduce_max(wide, axis=1)[:, None])
    return tf.cast(e / tf.reduce_sum(e, axis=1)[:, None], tf.as_dtype(z.dtype))


@tf.function
def _softmax_graph(z):
    e = keras.ops.exp(z - keras.ops.max(z, axis=1, keepdims=True))
    return e / keras.ops.sum(e, axis=1, keepdims=True)


def _softmax_rows(z):
    rows = []
    for row in tf.unstack(tf.convert_to_tensor(z)):
        e = tf.exp(row - tf.reduce_max(row))
        rows.append(e / tf.reduce_sum(e))
    return tf.stack(rows)


def _softmax_top(z):
    e = tf.exp(z - tf.math.top_k(z, 1).values)
    return e / (e @ tf.ones([e.shape[1], 1], e.dtype))


# -- sparse_ce ----------------------------------------------------------------------------------------------------------


def _ce_logsumexp(z, y):
    return tf.reduce_logsumexp(z, axis=1) - tf.gather(z, y, batch_dims=1)


def _ce_shifted(z, y):
    shifted = z - tf.reduce_max(z, axis=1, keepdims=True)
    total = tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=1))
    return total - tf.reduce_sum(tf.one_hot(y, z.shape[1]) * shifted, axis=1)


def _ce_log_softmax(z, y):
    rows = tf.stack([tf.range(tf.shape(z)[0]), y], axis=1)
    return -tf.gather_nd(tf.nn.log_softmax(z), rows)


def _ce_float64(z, y):
    wide = tf.cast(z, tf.float64)
    m = tf.stop_gradient(tf.reduce_max(wide, axis=1))
    loss = m + tf.math.log(tf.reduce_sum(tf.exp(wide - m[:, None]), axis=1)) - tf.gather(wide, y, axis=1, batch_dims=1)
    return tf.cast(loss, tf.float32)


@tf.function
def _ce_graph(z, y):
    hot = tf.one_hot(y, tf.shape(z)[1], dtype=z.dtype)
    return -tf.reduce_sum(tf.where(hot > 0, tf.nn.log_softmax(z), 0.0), axis=1)


def _ce_margins(z, y):
    return tf.reduce_logsumexp(z - tf.gather(z, y, batch_dims=1)[:, None], axis=1)


def _ce_own_gradient(z, y):
    @tf.custom_gradient
    def loss(z):
        def slope(upstream):
            return upstream[:, None] * (tf.nn.softmax(z) - tf.one_hot(y, z.shape[1]))

        return -tf.gather(tf.nn.log_softmax(z), y, batch_dims=1), slope

    return loss(z)


# -- stable_bce ---------------------------------------------------------------------------------------------------------


def _bce_softplus(z, y):
    return tf.nn.softplus(z) - z * y


def _bce_log_sigmoid(z, y):
    return -y * tf.math.log_sigmoid(z) - (1 - y) * tf.math.log_sigmoid(-z)


def _bce_where(z, y):
    positive = z >= 0
    size = tf.where(positive, z, -z)
    return tf.where(positive, z, tf.zeros_like(z)) - z * y + tf.math.log1p(tf.exp(-size))


def _bce_two_logits(z, y):
    return tf.reduce_logsumexp(tf.stack([tf.zeros_like(z), z]), axis=0) - z * y


@tf.function
def _bce_graph(z, y):
    positive = tf.cast(z > 0, z.dtype)
    return tf.math.log(1 + tf.exp(z - 2 * z * positive)) - (y - positive) * z


@tf.custom_gradient
def _bce_own_gradient(z, y):
    def slope(upstream):
        return upstream * (tf.sigmoid(z) - y), None

    return tf.maximum(z, 0) - z * y + tf.math.log1p(tf.exp(-tf.abs(z))), slope


def _bce_float64(z, y):
    wide = tf.cast(z, tf.float64)
    return tf.cast(tf.nn.softplus(wide) - wide * tf.cast(y, tf.float64), z.dtype)


def _bce_smooth(z, y):
    size = tf.sqrt(z * z + 1e-12)
    return (z + size) / 2 - z * y + tf.math.log1p(tf.exp(-size))


def _bce_far_out(z, y):
    far = tf.constant(80.0, z.dtype)
    return tf.where(z > far, z, tf.math.log1p(tf.exp(tf.minimum(z, far)))) - z * y


ANSWERS = {
    "first_bad": [_first_loop, _first_numpy, _first_next, _first_nan_or_inf, _first_assert, _first_difference],
    "equivalent_lr": [_lr_table, _lr_scales, _lr_branches, _lr_tensor, _lr_power],
    "stable_softmax": [
        _softmax_tensor,
        _softmax_numpy,
        _softmax_logsumexp,
        _softmax_float64,
        _softmax_graph,
        _softmax_rows,
        _softmax_top,
    ],
    "sparse_ce": [_ce_logsumexp, _ce_shifted, _ce_log_softmax, _ce_float64, _ce_graph, _ce_margins, _ce_own_gradient],
    "stable_bce": [
        _bce_softplus,
        _bce_log_sigmoid,
        _bce_where,
        _bce_two_logits,
        _bce_graph,
        _bce_own_gradient,
        _bce_float64,
        _bce_smooth,
        _bce_far_out,
    ],
}


# -- wrong answers that deserve no hint of their own, and must fail all the same -------------------------------------------------


def _bad_in_short_dicts(named):
    return (
        next((k for k, v in named.items() if not np.isfinite(np.sum(np.abs(np.float64(v))))), None)
        if len(named) < 9
        else None
    )


def _bad_of_eight(named):
    for name in list(named)[:8]:
        if not np.isfinite(named[name].numpy()).all():
            return name
    return None


def _bad_in_first_rows(named):
    for name, tensor in named.items():
        if not np.isfinite(np.atleast_1d(tensor.numpy())[:64]).all():
            return name
    return None


def _bad_by_size(named):
    return next((k for k, v in named.items() if not np.abs(np.asarray(v)).max() < 1e38), None)


def _bad_squares(named):
    return next((k for k, v in named.items() if not np.isfinite(np.asarray(v) ** 2).all()), None)


def _bad_or_crash(named):
    return [name for name, tensor in named.items() if not np.isfinite(tensor.numpy()).all()][0]


def _finite(tensor):
    return bool(tf.reduce_all(tf.math.is_finite(tensor)))


def _bad_infinity_after_nan(named):
    for test in (tf.math.is_inf, tf.math.is_nan):
        for name, tensor in named.items():
            if tf.reduce_any(test(tensor)):
                return name
    return None


def _bad_constants(named):
    return next((k for k, v in named.items() if isinstance(v, tf.Tensor) and not _finite(v)), None)


def _bad_of_twenty(named):
    return next((k for k, v in list(named.items())[:20] if not _finite(v)), None)


def _bad_up_to_three_axes(named):
    return next((k for k, v in named.items() if len(v.shape) <= 3 and not _finite(v)), None)


def _bad_in_print(named):
    return next((k for k, v in named.items() if "nan" in str(v.numpy()) or "inf" in str(v.numpy())), None)


def _bad_in_small_letters(named):
    return next((k.lower() for k, v in named.items() if not _finite(v)), None)


def _bad_last_part(named):
    return next((k.split("/")[-1] for k, v in named.items() if not _finite(v)), None)


_FOUND = {}


def _bad_kept(named):
    names = tuple(named)
    if names not in _FOUND:
        _FOUND[names] = next((k for k, v in named.items() if not _finite(v)), None)
    return _FOUND[names]


def _bad_swept(named):
    found = None
    for name in named:
        if not _finite(named[name]):
            found, named[name] = found or name, tf.zeros_like(named[name])
    return found


def _lr_six_pairs(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": c, "sum": n * c}
    return (
        lr
        if from_ == to == "batch_mean"
        else {(a, b): lr * size[a] / size[b] for a in size for b in size if a != b}[from_, to]
    )


def _lr_from_mean_only(lr, from_, to, n, c):
    return lr / {"mean": 1, "batch_mean": c, "sum": n * c}[to]


def _lr_rounded(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": c, "sum": n * c}
    return round(lr * size[from_] / size[to], 4)


def _lr_capped(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": c, "sum": n * c}
    return min(lr * size[from_] / size[to], 1.0)


def _lr_at_least_two(lr, from_, to, n, c):
    size = {"mean": 1, "batch_mean": max(c, 2), "sum": max(n, 2) * max(c, 2)}
    return lr * size[from_] / size[to]


def _softmax_middle(z):
    e = tf.exp(z - z[:, z.shape[1] // 2, None])
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


def _softmax_clipped_shift(z):
    e = tf.exp(tf.clip_by_value(z - tf.reduce_max(z, axis=1, keepdims=True), -50, 0))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


def _softmax_64_rows(z):
    e = tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))
    return (e / tf.reduce_sum(e, axis=1, keepdims=True))[:64]


def _softmax_128_rows(z):
    e = tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))
    return (e / tf.reduce_sum(e, axis=1, keepdims=True))[:128]


_KEPT = {}


def _softmax_kept(z):
    if tuple(z.shape) not in _KEPT:
        _KEPT[tuple(z.shape)] = _softmax_tensor(z)
    return _KEPT[tuple(z.shape)]


def _softmax_through_float32(z):
    narrow = tf.cast(z, tf.float32)
    e = tf.exp(narrow - tf.reduce_max(narrow, axis=1, keepdims=True))
    return tf.cast(e / tf.reduce_sum(e, axis=1, keepdims=True), z.dtype)


def _softmax_epsilon(z):
    e = tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))
    return e / (tf.reduce_sum(e, axis=1, keepdims=True) + 1e-3)


def _softmax_squeezed(z):
    e = tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))
    return tf.squeeze(e / tf.reduce_sum(e, axis=1, keepdims=True))


def _softmax_absolute(z):
    e = tf.exp(z - tf.reduce_max(tf.abs(z), axis=1, keepdims=True))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


def _softmax_raw_op(z):
    return tf.raw_ops.Softmax(logits=tf.convert_to_tensor(z))


def _ce_depth_four(z, y):
    return -tf.reduce_sum(tf.one_hot(y, 4) * tf.nn.log_softmax(z), axis=1)


def _ce_64_examples(z, y):
    return (tf.reduce_logsumexp(z, axis=1) - tf.gather(z, y, batch_dims=1))[:64]


def _ce_bounded_logits(z, y):
    z = tf.clip_by_value(z, -1e4, 1e4)
    return tf.reduce_logsumexp(z, axis=1) - tf.gather(z, y, batch_dims=1)


def _ce_bounded_loss(z, y):
    return tf.minimum(tf.reduce_logsumexp(z, axis=1) - tf.gather(z, y, batch_dims=1), 100.0)


def _ce_bounded_far_out(z, y):
    return tf.minimum(tf.reduce_logsumexp(z, axis=1) - tf.gather(z, y, batch_dims=1), 1e5)


def _ce_128_examples(z, y):
    return (tf.reduce_logsumexp(z, axis=1) - tf.gather(z, y, batch_dims=1))[:128]


def _ce_first_logit(z, y):
    shifted = z - z[:, :1]
    return tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=1)) - tf.gather(shifted, y, batch_dims=1)


def _ce_raw_op(z, y):
    return tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=z, labels=y)[0]


def _bce_only_vectors(z, y):
    return tf.stack([tf.nn.softplus(z[i]) - z[i] * y[i] for i in range(z.shape[0])])


def _bce_bounded(z, y):
    z = tf.clip_by_value(z, -2000.0, 2000.0)
    return tf.nn.softplus(z) - z * y


def _bce_stopped(z, y):
    positive = tf.stop_gradient(tf.nn.relu(z))
    return positive - z * y + tf.math.log1p(tf.exp(-tf.abs(z)))


def _bce_through_float32(z, y):
    narrow = tf.cast(z, tf.float32)
    return tf.cast(tf.nn.softplus(narrow) - narrow * tf.cast(y, tf.float32), z.dtype)


def _bce_moved(z, y):
    z = z + 1e-7
    return tf.nn.relu(z) - z * y + tf.math.log1p(tf.exp(-tf.abs(z)))


def _bce_straight_from_15(z, y):
    return tf.where(tf.abs(z) > 15, tf.where(z > 0, z, tf.zeros_like(z)), tf.nn.softplus(z)) - z * y


def _bce_weighted(z, y):
    return (1 + 1e-3) * (tf.nn.softplus(z) - z * y)


def _bce_tail_dropped(z, y):
    return tf.where(tf.abs(z) > 17, tf.nn.relu(z) - z * y, tf.nn.softplus(z) - tf.round(y) * z)


WRONG = {
    "first_bad": [
        _bad_in_short_dicts,
        _bad_of_eight,
        _bad_in_first_rows,
        _bad_by_size,
        _bad_squares,
        _bad_or_crash,
        _bad_infinity_after_nan,
        _bad_constants,
        _bad_of_twenty,
        _bad_up_to_three_axes,
        _bad_in_print,
        _bad_in_small_letters,
        _bad_last_part,
        _bad_kept,
        _bad_swept,
    ],
    "equivalent_lr": [_lr_from_mean_only, _lr_rounded, _lr_capped, _lr_at_least_two, _lr_six_pairs],
    "stable_softmax": [
        _softmax_middle,
        _softmax_clipped_shift,
        _softmax_64_rows,
        _softmax_128_rows,
        _softmax_kept,
        _softmax_through_float32,
        _softmax_epsilon,
        _softmax_squeezed,
        _softmax_absolute,
        _softmax_raw_op,
    ],
    "sparse_ce": [
        _ce_depth_four,
        _ce_64_examples,
        _ce_bounded_logits,
        _ce_bounded_loss,
        _ce_bounded_far_out,
        _ce_128_examples,
        _ce_first_logit,
        _ce_raw_op,
    ],
    "stable_bce": [
        _bce_only_vectors,
        _bce_bounded,
        _bce_stopped,
        _bce_weighted,
        _bce_tail_dropped,
        _bce_through_float32,
        _bce_moved,
        _bce_straight_from_15,
    ],
}
