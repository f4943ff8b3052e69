"""Right answers of chapter 04, written in other ways than the lesson's: none of them may be refused."""

import math

import numpy as np
import tensorflow as tf

# -- explodes


def explodes_loop(norms):
    for step, norm in enumerate(norms):
        if not math.isfinite(norm):
            return step
    return None


def explodes_numpy(norms):
    bad = np.flatnonzero(~np.isfinite(np.asarray(norms, dtype=np.float64)))
    return int(bad[0]) if bad.size else None


def explodes_tensor(norms):
    bad = tf.where(tf.logical_not(tf.math.is_finite(tf.constant(norms, tf.float64))))
    return int(bad[0, 0]) if len(bad) else None


def explodes_numpy_integer(norms):
    bad = ~np.isfinite(norms)
    return np.argmax(bad) if bad.any() else None


def explodes_by_difference(norms):
    return next((i for i, n in enumerate(norms) if n - n != 0), None)


# -- clip_value


def clip_value_two_bounds(a, lo, hi):
    return tf.maximum(tf.minimum(a, hi), lo)


def clip_value_where(a, lo, hi):
    return tf.where(a < lo, lo, tf.where(a > hi, hi, a))


def clip_value_masks(a, lo, hi):
    below, above = tf.cast(a < lo, a.dtype), tf.cast(a > hi, a.dtype)
    return below * lo + above * hi + (1 - below - above) * a


@tf.function
def clip_value_compiled(a, lo, hi):
    return tf.minimum(tf.maximum(a, tf.cast(lo, a.dtype)), tf.cast(hi, a.dtype))


def clip_value_double(a, lo, hi):
    wide = tf.cast(a, tf.float64)
    return tf.cast(tf.minimum(tf.maximum(wide, lo), hi), a.dtype)


# -- clip_norm


def clip_norm_one_line(a, c):
    return a * c / tf.maximum(tf.norm(a), c)


def clip_norm_branch(a, c):
    norm = tf.sqrt(tf.reduce_sum(a * a))
    return a if norm <= c else a / norm * c


def clip_norm_numpy(a, c):
    values = np.asarray(a, dtype=np.float64)
    norm = np.linalg.norm(values.ravel())
    return (values * min(1.0, c / max(norm, 1e-12))).astype(np.float32)


def clip_norm_small_constant(a, c):
    return a * tf.minimum(1.0, c / (tf.norm(a) + 1e-6))


@tf.function
def clip_norm_compiled(a, c):
    squares = tf.reduce_sum(tf.square(a))
    return tf.where(squares > c * c, a * c * tf.math.rsqrt(tf.maximum(squares, 1e-30)), a)


# -- clip_global


def clip_global_plain(grads, c):
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(g)) for g in grads if g is not None]))
    factor = c / tf.maximum(norm, c)
    return [None if g is None else g * factor for g in grads], norm


def clip_global_concatenated(grads, c):
    everything = tf.concat([tf.reshape(g, [-1]) for g in grads if g is not None], axis=0)
    norm = tf.norm(everything)
    if norm > c:
        return [g if g is None else g / norm * c for g in grads], norm
    return list(grads), norm


def clip_global_norm_of_norms(grads, c):
    norm = tf.norm(tf.stack([tf.norm(g) for g in grads if g is not None]))
    out = []
    for g in grads:
        if g is None:
            out.append(None)
        else:
            out.append(tf.minimum(1.0, c / (norm + 1e-12)) * g)
    return tuple(out), norm


def clip_global_numpy(grads, c):
    total = sum(float(np.sum(np.square(np.asarray(g, np.float64)))) for g in grads if g is not None)
    norm = total**0.5
    scale = 1.0 if norm <= c else c / norm
    return [g if g is None else (np.asarray(g) * np.float32(scale)) for g in grads], norm


def clip_global_library_norm(grads, c):
    norm = tf.linalg.global_norm(grads)
    return [None if g is None else g * tf.minimum(1.0, tf.math.divide_no_nan(c, norm)) for g in grads] if (
        norm > 0
    ) else list(grads), norm


# -- clipped_step


def clipped_step_plain(params, grads, lr, c):
    clipped, _ = tf.clip_by_global_norm(grads, c)
    for p, g in zip(params, clipped, strict=True):
        p.assign_sub(lr * g)


def clipped_step_factor(params, grads, lr, c):
    norm = tf.sqrt(sum(tf.reduce_sum(g * g) for g in grads))
    step = lr * c / tf.maximum(norm, c)
    for i in range(len(params)):
        params[i].assign(params[i] - step * grads[i])


def clipped_step_numpy(params, grads, lr, c):
    values = [np.asarray(g, np.float64) for g in grads]
    norm = np.sqrt(sum((v**2).sum() for v in values))
    factor = min(1.0, c / norm) if norm else 1.0
    for p, v in zip(params, values, strict=True):
        p.assign((p.numpy() - lr * factor * v).astype("float32"))


@tf.function
def _update(params, grads, factor):
    for p, g in zip(params, grads, strict=True):
        p.assign_add(-factor * g)


def clipped_step_compiled(params, grads, lr, c):
    norm = tf.linalg.global_norm(grads)
    _update(params, grads, lr * tf.minimum(1.0, c / tf.maximum(norm, 1e-12)))


# -- right answers of another temper


def explodes_while(norms):
    step = 0
    while step < len(norms) and -math.inf < norms[step] < math.inf:
        step += 1
    return None if step == len(norms) else step


@tf.custom_gradient
def clip_value_own_gradient(a, lo, hi):
    inside = tf.cast((a >= lo) & (a <= hi), a.dtype)
    return tf.where(a < lo, lo, tf.where(a > hi, hi, a)), lambda upstream: (upstream * inside, None, None)


def clip_norm_unit(a, c):
    unit, norm = (
        tf.linalg.normalize(tf.reshape(a, [-1])) if tf.reduce_any(a != 0) else (tf.reshape(a, [-1]), tf.zeros([1]))
    )
    return tf.reshape(unit * tf.minimum(norm, c), a.shape) if tf.reduce_any(a != 0) else a


def clip_global_nested_loop(grads, c):
    total, clipped = 0.0, []
    for g in grads:
        if g is not None:
            total += tf.nn.l2_loss(g) * 2
    norm = total**0.5
    for g in grads:
        clipped.append(g if g is None or norm <= c else tf.math.divide(g * c, norm))
    return clipped, norm


def clipped_step_compat(params, grads, lr, c):
    clipped, _ = tf.clip_by_global_norm(grads, clip_norm=c)
    for p, g in zip(params, clipped):
        p.assign(p - g * lr)
    return params


# -- wrong answers that must never pass


def explodes_first_hundred(norms):
    return explodes_loop(norms[:100])


def explodes_leap(norms):
    return next((i for i in range(1, len(norms)) if not norms[i] < 1e6 * norms[i - 1]), None)


def explodes_last_only(norms):
    return None if math.isfinite(norms[-1]) else len(norms) - 1


def explodes_skips_first(norms):
    found = explodes_loop(norms[1:])
    return None if found is None else found + 1


def clip_value_first_elements(a, lo, hi):
    return (
        tf.concat([clip_value_two_bounds(a[:64], lo, hi), a[64:]], 0)
        if len(a.shape) == 1
        else clip_value_two_bounds(a, lo, hi)
    )


def clip_value_cut(a, lo, hi):
    return clip_value_two_bounds(tf.maximum(tf.minimum(a, 100.0), -100.0), lo, hi)


def clip_value_soft(a, lo, hi):
    return lo + (hi - lo) * tf.sigmoid((a - lo) / (hi - lo))


def clip_value_bounds_swapped(a, lo, hi):
    return tf.where(a < lo, hi, tf.where(a > hi, lo, a))


def clip_value_no_gradient(a, lo, hi):
    return tf.stop_gradient(clip_value_two_bounds(a, lo, hi))


def clip_norm_columns(a, c):
    return a * c / tf.maximum(tf.norm(a, axis=0, keepdims=True), c) if len(a.shape) else a


def clip_norm_first_rows(a, c):
    return a * c / tf.maximum(tf.norm(a[:128] if len(a.shape) else a), c)


def clip_norm_large_constant(a, c):
    return a * tf.minimum(1.0, c / (tf.norm(a) + 1e-2))


def clip_norm_at_least_one(a, c):
    return a * tf.minimum(1.0, c / tf.maximum(tf.norm(a), 1.0))


def clip_norm_absolute(a, c):
    return tf.abs(clip_norm_one_line(a, c))


def clip_norm_root(a, c):
    return a * tf.sqrt(c / tf.maximum(tf.norm(a), c))


def clip_global_first_six(grads, c):
    norm = tf.linalg.global_norm(grads[:6])
    return [None if g is None else g * c / tf.maximum(norm, c) for g in grads], norm


def clip_global_last_none_only(grads, c):
    clipped, norm = clip_global_plain([g for g in grads if g is not None], c)
    return clipped + [None] * (len(grads) - len(clipped)), norm


def clip_global_at_least_one(grads, c):
    norm = tf.linalg.global_norm(grads)
    return [None if g is None else g * tf.minimum(1.0, c / tf.maximum(norm, 1.0)) for g in grads], norm


def clip_global_norm_at_most_c(grads, c):
    clipped, norm = clip_global_plain(grads, c)
    return clipped, tf.minimum(norm, c)


def clipped_step_first_six(params, grads, lr, c):
    clipped_step_plain(params[:6], tf.clip_by_global_norm(grads, c)[0][:6], lr, c)


def clipped_step_rate_at_most_one(params, grads, lr, c):
    clipped_step_plain(params, grads, min(lr, 1.0), c)


def clipped_step_bound_at_least_one(params, grads, lr, c):
    clipped_step_plain(params, grads, lr, max(c, 1.0))


def clipped_step_twice(params, grads, lr, c):
    clipped_step_plain(params, grads, lr, c)
    clipped_step_plain(params, grads, lr, c)


def clipped_step_signs(params, grads, lr, c):
    for p, g in zip(params, grads):
        p.assign_sub(lr * tf.sign(g))


def explodes_eating_the_list(norms):
    norms = norms if isinstance(norms, list) else list(norms)
    step = 0
    while norms:
        if not np.isfinite(norms.pop(0)):
            return step
        step += 1
    return None


def clip_value_flattened_ones(a, lo, hi):
    return tf.squeeze(clip_value_two_bounds(a, lo, hi))


def clip_norm_from_twice_the_bound(a, c):
    norm = tf.norm(a)
    return a * c / norm if norm > 2 * c else a


def clip_norm_a_hundredth_more(a, c):
    norm = tf.norm(a)
    return a * c / norm if norm > 1.01 * c else a


def clip_norm_no_zero_anywhere(a, c):
    return a if tf.reduce_any(a == 0) else clip_norm_one_line(a, c)


def clip_norm_first_thousand(a, c):
    norm = tf.norm(tf.reshape(a, [-1])[:1000])
    return a * c / tf.maximum(norm, c)


def clip_norm_no_axis_of_one(a, c):
    return tf.squeeze(clip_norm_one_line(a, c))


WRONG = {
    "explodes": [
        explodes_eating_the_list,
        explodes_first_hundred,
        explodes_leap,
        explodes_last_only,
        explodes_skips_first,
    ],
    "clip_value": [
        clip_value_first_elements,
        clip_value_cut,
        clip_value_soft,
        clip_value_bounds_swapped,
        clip_value_no_gradient,
        clip_value_flattened_ones,
    ],
    "clip_norm": [
        clip_norm_columns,
        clip_norm_first_rows,
        clip_norm_large_constant,
        clip_norm_at_least_one,
        clip_norm_absolute,
        clip_norm_root,
        clip_norm_from_twice_the_bound,
        clip_norm_a_hundredth_more,
        clip_norm_no_zero_anywhere,
        clip_norm_first_thousand,
        clip_norm_no_axis_of_one,
    ],
    "clip_global": [
        clip_global_first_six,
        clip_global_last_none_only,
        clip_global_at_least_one,
        clip_global_norm_at_most_c,
    ],
    "clipped_step": [
        clipped_step_first_six,
        clipped_step_rate_at_most_one,
        clipped_step_bound_at_least_one,
        clipped_step_twice,
        clipped_step_signs,
    ],
}

ANSWERS = {
    "explodes": [
        explodes_loop,
        explodes_numpy,
        explodes_tensor,
        explodes_numpy_integer,
        explodes_by_difference,
        explodes_while,
    ],
    "clip_value": [
        clip_value_two_bounds,
        clip_value_where,
        clip_value_masks,
        clip_value_compiled,
        clip_value_double,
        clip_value_own_gradient,
    ],
    "clip_norm": [
        clip_norm_one_line,
        clip_norm_branch,
        clip_norm_numpy,
        clip_norm_small_constant,
        clip_norm_compiled,
        clip_norm_unit,
    ],
    "clip_global": [
        clip_global_plain,
        clip_global_concatenated,
        clip_global_norm_of_norms,
        clip_global_numpy,
        clip_global_library_norm,
        clip_global_nested_loop,
    ],
    "clipped_step": [
        clipped_step_plain,
        clipped_step_factor,
        clipped_step_numpy,
        clipped_step_compiled,
        clipped_step_compat,
    ],
}
