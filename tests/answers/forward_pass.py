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


def mse_onehot_in_a_loop(y, out):
    total = 0.0
    for i, label in enumerate(y):
        for c in range(out.shape[1]):
            total += (out[i, c] - float(label == c)) ** 2
    return total / (out.shape[0] * out.shape[1])


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


# -- right answers of another temper -------------------------------------------------------------------------------------


def prepare_list(x, y):
    return [tf.cast(tf.reshape(x, (len(x), 784)), tf.float32) / tf.constant(255.0), tf.cast(y, "int32")]


def init_params_sizes_read_twice(sizes, stddev):
    rng = tf.random.Generator.from_non_deterministic_state()
    weights = [tf.Variable(rng.truncated_normal([m, n], stddev=stddev), name="w") for m, n in zip(sizes, sizes[1:])]
    biases = [tf.Variable(tf.zeros([n]), name="b") for n in sizes[1:]]
    return [p for pair in zip(weights, biases) for p in pair]


def forward_absolute(x, params):
    n = len(params) // 2
    for i in range(n):
        x = tf.matmul(x, params[2 * i]) + params[2 * i + 1]
        if i != n - 1:
            x = (x + tf.abs(x)) / 2
    return x


def mse_onehot_scattered(y, out):
    hot = tf.scatter_nd(tf.stack([tf.range(len(y)), y], axis=1), tf.ones(len(y)), out.shape)
    return tf.reduce_sum((hot - out) ** 2) / (out.shape[0] * out.shape[1])


def sgd_step_scaled_copy(params, grads, lr):
    steps = [-lr * g for g in grads]
    return [p.assign_add(s) for p, s in zip(params, steps)]


def accuracy_sorted(out, y):
    best = tf.argsort(out, axis=1, direction="DESCENDING")[:, 0]
    return tf.math.count_nonzero(best == y).numpy() / len(y)


# -- wrong answers that must never pass ----------------------------------------------------------------------------------


def prepare_first_images(x, y):
    return tf.reshape(tf.cast(x[:128], tf.float32), [-1, 784]) / 255.0, tf.cast(y[:128], tf.int32)


def prepare_rounded(x, y):
    return tf.round(tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 2.55) / 100, tf.cast(y, tf.int32)


def prepare_standardised(x, y):
    x = tf.reshape(tf.cast(x, tf.float32), [-1, 784])
    return (x - tf.reduce_mean(x)) / tf.math.reduce_std(x), tf.cast(y, tf.int32)


def _initialised(draw, bias=tf.zeros):
    def answer(sizes, stddev):
        pairs = [(tf.Variable(draw([m, n], stddev)), tf.Variable(bias([n]))) for m, n in zip(sizes, sizes[1:])]
        return [p for pair in pairs for p in pair]

    return answer


def _truncated(shape, stddev, **options):
    return tf.random.truncated_normal(shape, stddev=stddev, **options)


def _absolute(shape, stddev):
    return tf.abs(_truncated(shape, stddev))


def _tiled(shape, stddev):
    return tf.tile(_truncated([1, shape[1]], stddev), [shape[0], 1])


def _uniform_of_that_spread(shape, stddev):
    reach = 0.8796 * stddev * 3**0.5
    return tf.random.uniform(shape, -reach, reach)


def _widened(shape, stddev):
    return keras.random.truncated_normal(shape, 0.0, stddev / 0.8796)


def _shifted(shape, stddev):
    return _truncated(shape, stddev, mean=0.08 * stddev)


def _signs(shape, stddev):
    return 0.88 * stddev * tf.sign(tf.random.normal(shape))


def _first_layers(sizes, stddev):
    return init_params_plain(sizes[:4], stddev)


def _sizes_used_up(sizes, stddev):
    params = []
    while len(sizes) > 1:
        m = sizes.pop(0)
        params += init_params_plain([m, sizes[0]], stddev)
    return params


def _same_for_all_calls(sizes, stddev):
    tf.random.set_seed(7)
    return init_params_plain(sizes, stddev)


def _one_bias_for_all(sizes, stddev):
    params = init_params_plain(sizes, stddev)
    if len(set(sizes[1:])) == 1:
        params[1::2] = [params[1]] * len(params[1::2])
    return params


def _bent(bend):
    def answer(x, params):
        for w, b in zip(params[:-2:2], params[1:-2:2]):
            x = bend(x @ w + b)
        return x @ params[-2] + params[-1]

    return answer


def forward_bias_along_the_batch(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w
        x = x + (b[:, None] if x.shape[0] == x.shape[1] else b)
        x = tf.nn.relu(x) if 2 * i + 2 < len(params) else x
    return x


def forward_eight_layers(x, params):
    return forward_loop(x, list(params[:16]))


def forward_first_rows(x, params):
    return forward_loop(x[:128], params)


def forward_no_gradient_for_biases(x, params):
    return forward_loop(x, [p if i % 2 == 0 else tf.stop_gradient(p) for i, p in enumerate(params)])


def mse_onehot_sixty_four(y, out):
    return tf.reduce_mean((tf.one_hot(y, 64)[:, : out.shape[1]] - out[:, :64]) ** 2)


def mse_onehot_first_images(y, out):
    return mse_onehot_plain(y[:128], out[:128])


def mse_onehot_cut(y, out):
    return mse_onehot_plain(y, tf.clip_by_value(out, -50.0, 50.0))


def mse_onehot_ten_only(y, out):
    return tf.reduce_sum((tf.one_hot(y, out.shape[1]) - out) ** 2) / (10 * len(y))


def sgd_step_first_six(params, grads, lr):
    for p, g in zip(params[:6], grads):
        p.assign_sub(lr * g)


def sgd_step_by_norm(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * tf.clip_by_norm(g, 100.0))


def sgd_step_signs(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * tf.sign(g))


def sgd_step_decayed(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * (g + 0.01 * p))


def sgd_step_empties(params, grads, lr):
    while grads:
        params[len(grads) - 1].assign_sub(lr * grads.pop())


def sgd_step_slow(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(min(lr, 2.0) * g)


def accuracy_first_images(out, y):
    return accuracy_plain(out[:128], y[:128])


def accuracy_without_class_0(out, y):
    return float(tf.reduce_mean(tf.cast(1 + tf.argmax(out[:, 1:], axis=1, output_type=tf.int32) == y, tf.float32)))


def accuracy_ten_classes(out, y):
    return accuracy_plain(out[:, :10], y)


def accuracy_best_two(out, y):
    best = tf.math.top_k(out, 2).indices
    return float(tf.reduce_mean(tf.cast(tf.reduce_any(best == y[:, None], axis=1), tf.float32)))


def accuracy_cut(out, y):
    return accuracy_plain(tf.clip_by_value(out, -50.0, 50.0), y)


def accuracy_rounded(out, y):
    return accuracy_plain(tf.cast(tf.cast(out, tf.float16), tf.float32), y)


def accuracy_two_digits(out, y):
    return round(accuracy_plain(out, y), 2)


def _prepared(x, y, divisor=255.0):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / divisor, tf.cast(y, tf.int32)


def prepare_only_if_needed(x, y):
    return _prepared(x, y) if x.max() > 1 else _prepared(x, y, 1.0)


def prepare_a_little_off(x, y):
    return _prepared(x, y, 255.01)


def prepare_signed_labels(x, y):
    return _prepared(x, y.astype("int8"))


def prepare_sorts_the_labels(x, y):
    result = _prepared(x, y)
    y.sort()
    return result


def prepare_by_each_image(x, y):
    brightest = np.maximum(x.max(axis=(1, 2)), 1).astype("float32")
    return _prepared(x, y, brightest[:, None])


def prepare_kept(x, y, kept={}):  # noqa: B006
    if len(kept.get("y", ())) != len(y):
        kept["x"], kept["y"] = _prepared(x, y)
    return kept["x"], kept["y"]


def _variables_of_keras(sizes, stddev):
    return [keras.Variable(p) for p in init_params_plain(sizes, stddev)]


def _one_list_for_all_calls(sizes, stddev, params=[]):  # noqa: B006
    params.clear()
    params.extend(init_params_plain(sizes, stddev))
    return params


def _seeded_for_the_next(sizes, stddev):
    params = init_params_plain(sizes, stddev)
    tf.random.set_seed(7)
    return params


def _small_biases(shape):
    return 0.01 * tf.ones(shape)


def forward_bounded_at_1000(x, params):
    return _bent(lambda h: tf.clip_by_value(h, 0.0, 1000.0))(x, params)


def forward_adds_to_the_list(x, params):
    out = forward_loop(x, params)
    params.append(out)
    return out


def forward_no_axis_for_one_logit(x, params):
    out = forward_loop(x, params)
    return out[:, 0] if out.shape[1] == 1 else out


def forward_kept_parameters(x, params, kept={}):  # noqa: B006
    return forward_loop(x, kept.setdefault(str([p.shape for p in params]), [tf.convert_to_tensor(p) for p in params]))


def mse_onehot_kept_labels(y, out, kept={}):  # noqa: B006
    hot = kept.setdefault(tuple(out.shape), tf.one_hot(y, depth=out.shape[1]))
    return tf.reduce_mean(tf.square(hot - out))


def mse_onehot_classes_that_occur(y, out):
    depth = len(set(y.numpy().tolist()))
    return tf.reduce_mean(tf.square(tf.one_hot(y, depth) - out))


def sgd_step_turned_over(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * (tf.transpose(g) if len(g.shape) == 2 and g.shape[0] == g.shape[1] else g))


def accuracy_kept(out, y, kept={}):  # noqa: B006
    return kept.setdefault(tuple(out.shape), accuracy_plain(out, y))


def accuracy_of_all_in_one(out, y):
    return float(np.mean(np.argmax(out) == np.asarray(y)))


def accuracy_old_in_top_k(out, y):
    return float(tf.reduce_mean(tf.cast(tf.compat.v1.math.in_top_k(out, y, 1), tf.float32)))


def accuracy_binary(out, y):
    return float(keras.metrics.BinaryAccuracy()(tf.ones_like(y), np.argmax(out, axis=1) == np.asarray(y)))


WRONG = {
    "prepare": [
        prepare_first_images,
        prepare_rounded,
        prepare_standardised,
        prepare_only_if_needed,
        prepare_a_little_off,
        prepare_signed_labels,
        prepare_sorts_the_labels,
        prepare_by_each_image,
        prepare_kept,
    ],
    "init_params": [
        *map(
            _initialised,
            (_absolute, _tiled, _uniform_of_that_spread, _widened, _shifted, _signs),
        ),
        _initialised(_truncated, tf.ones),
        _initialised(_truncated, _small_biases),
        _first_layers,
        _sizes_used_up,
        _same_for_all_calls,
        _one_bias_for_all,
        _variables_of_keras,
        _one_list_for_all_calls,
        _seeded_for_the_next,
    ],
    "forward": [
        *map(_bent, (tf.nn.elu, tf.nn.gelu, tf.nn.softplus, tf.tanh, tf.abs, tf.identity, tf.nn.relu6)),
        forward_bias_along_the_batch,
        forward_eight_layers,
        forward_first_rows,
        forward_no_gradient_for_biases,
        forward_bounded_at_1000,
        forward_adds_to_the_list,
        forward_no_axis_for_one_logit,
        forward_kept_parameters,
    ],
    "mse_onehot": [
        mse_onehot_sixty_four,
        mse_onehot_first_images,
        mse_onehot_cut,
        mse_onehot_ten_only,
        mse_onehot_kept_labels,
        mse_onehot_classes_that_occur,
    ],
    "sgd_step": [
        sgd_step_first_six,
        sgd_step_by_norm,
        sgd_step_signs,
        sgd_step_decayed,
        sgd_step_empties,
        sgd_step_slow,
        sgd_step_turned_over,
    ],
    "accuracy": [
        accuracy_first_images,
        accuracy_without_class_0,
        accuracy_ten_classes,
        accuracy_best_two,
        accuracy_cut,
        accuracy_rounded,
        accuracy_two_digits,
        accuracy_kept,
        accuracy_of_all_in_one,
        accuracy_old_in_top_k,
        accuracy_binary,
    ],
}

ANSWERS = {
    "prepare": [
        prepare_tensorflow,
        prepare_numpy,
        prepare_float64_inside,
        prepare_image_dtype,
        prepare_graph,
        prepare_list,
    ],
    "init_params": [
        init_params_plain,
        init_params_keras,
        init_params_redrawn,
        init_params_scaled,
        init_params_sizes_read_twice,
    ],
    "forward": [forward_loop, forward_maximum, forward_float64, forward_recursive, forward_graph, forward_absolute],
    "mse_onehot": [
        mse_onehot_plain,
        mse_onehot_expanded,
        mse_onehot_float64,
        mse_onehot_twice_averaged,
        mse_onehot_graph,
        mse_onehot_scattered,
        mse_onehot_in_a_loop,
    ],
    "sgd_step": [
        sgd_step_assign_sub,
        sgd_step_assign,
        sgd_step_numpy,
        sgd_step_add_and_return,
        sgd_step_graph,
        sgd_step_scaled_copy,
    ],
    "accuracy": [accuracy_plain, accuracy_numpy, accuracy_counted, accuracy_by_value, accuracy_graph, accuracy_sorted],
}
