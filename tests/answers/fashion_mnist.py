"""Right answers to the exercises of chapter 06, written in other ways than the notebook's solutions."""

import keras
import numpy as np
import tensorflow as tf

from autograder.tasks import small_training_set, unlabelled_images

# -- make_dataset -------------------------------------------------------------------------------------------------------


def dataset_by_map(x, y, batch, training):
    def prepare(image, label):
        return tf.reshape(tf.cast(image, tf.float32) / 255.0, [784]), tf.cast(label, tf.int32)

    dataset = tf.data.Dataset.from_tensor_slices((x, y)).map(prepare)
    if training:
        dataset = dataset.shuffle(60_000)
    return dataset.batch(batch)


def dataset_batch_first(x, y, batch, training):
    indices = tf.data.Dataset.range(len(x))
    if training:
        indices = indices.shuffle(len(x))
    images, labels = tf.constant(x), tf.constant(y)
    return (
        indices.batch(batch)
        .map(
            lambda i: (
                tf.reshape(tf.image.convert_image_dtype(tf.gather(images, i), tf.float32), [-1, 784]),
                tf.cast(tf.gather(labels, i), tf.int32),
            ),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(1)
    )


def dataset_numpy_first(x, y, batch, training):
    pictures = (x.reshape(len(x), -1) / 255).astype("float32")
    dataset = tf.data.Dataset.from_tensor_slices((pictures, y.astype(np.int32))).cache()
    return (dataset.shuffle(buffer_size=len(x), seed=7) if training else dataset).batch(batch)


def dataset_from_generator(x, y, batch, training):
    def one_pass():
        order = np.random.permutation(len(y)) if training else range(len(y))
        for i in order:
            yield x[i].ravel() / np.float32(255), np.int32(y[i])

    kinds = tf.TensorSpec([784], tf.float32), tf.TensorSpec([], tf.int32)
    return tf.data.Dataset.from_generator(one_pass, output_signature=kinds).batch(batch)


def dataset_zipped_and_prefetched(x, y, batch, training):
    images = tf.data.Dataset.from_tensor_slices(x).map(lambda image: tf.cast(tf.reshape(image, [-1]), tf.float32))
    labels = tf.data.Dataset.from_tensor_slices(y.astype("int32"))
    pairs = tf.data.Dataset.zip((images.map(lambda image: image / 255), labels))
    pairs = pairs.shuffle(max(len(x), 1), reshuffle_each_iteration=True) if training else pairs
    return pairs.batch(batch, drop_remainder=False).prefetch(tf.data.AUTOTUNE)


# -- build_mlp ----------------------------------------------------------------------------------------------------------


def mlp_by_add(sizes):
    model = keras.Sequential()
    model.add(keras.layers.Input(shape=(sizes[0],)))
    for units in sizes[1:-1]:
        model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(sizes[-1]))
    return model


def mlp_built_afterwards(sizes):
    hidden = [keras.layers.Dense(units, activation=tf.nn.relu, kernel_initializer="he_normal") for units in sizes[1:-1]]
    model = keras.Sequential([*hidden, keras.layers.Dense(sizes[-1], activation="linear")])
    model.build([None, sizes[0]])
    return model


def mlp_activation_layers(sizes):
    layers = [keras.Input([sizes[0]])]
    for units in sizes[1:]:
        layers += [keras.layers.Dense(units), keras.layers.Activation("relu")]
    return keras.Sequential(layers[:-1], name="mlp")


def mlp_relu_function(sizes):
    model = keras.models.Sequential()
    model.add(keras.layers.InputLayer(shape=(sizes[0],), dtype="float32"))
    for i, units in enumerate(sizes[1:], start=2):
        last = i == len(sizes)
        model.add(keras.layers.Dense(units, activation=None if last else keras.activations.relu, use_bias=True))
    return model


def mlp_unbuilt(sizes):
    inputs, *hidden, outputs = sizes
    return keras.Sequential([keras.layers.Dense(n, "relu") for n in hidden] + [keras.layers.Dense(outputs)])


# -- count_params -------------------------------------------------------------------------------------------------------


def count_by_loop(sizes):
    total, incoming = 0, sizes[0]
    for units in sizes[1:]:
        total += units * incoming + units
        incoming = units
    return total


def count_by_numpy(sizes):
    sizes = np.array(sizes)
    return np.sum((sizes[:-1] + 1) * sizes[1:])


def count_recursively(sizes):
    return 0 if len(sizes) < 2 else (sizes[0] + 1) * sizes[1] + count_recursively(sizes[1:])


def count_matrices_and_biases(sizes):
    kernels = np.dot(np.asarray(sizes[:-1], np.int64), np.asarray(sizes[1:], np.int64))
    return int(kernels) + sum(sizes[1:])


def count_with_tensors(sizes):
    sizes = tf.constant(sizes, tf.int64)
    return int(tf.tensordot(sizes[:-1] + 1, sizes[1:], 1))


# -- train_step ---------------------------------------------------------------------------------------------------------


def step_with_keras_loss(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply(gradients, model.trainable_weights)
    return float(loss)


@tf.function
def step_as_a_graph(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


def step_one_hot(model, optimizer, x, y):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([v.value for v in model.trainable_variables])
        logits = model(x, training=True)
        picked = tf.one_hot(y, logits.shape[-1]) * tf.nn.log_softmax(logits)
        loss = -tf.reduce_sum(picked) / tf.cast(tf.shape(x)[0], tf.float32)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(list(zip(gradients, model.trainable_variables)))
    return loss.numpy()


def step_by_logsumexp(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        right = tf.gather_nd(logits, tf.stack([tf.range(len(y)), y], axis=1))
        loss = tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - right)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights))
    return loss


def step_by_a_summed_loss(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        losses = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        loss = tf.math.reduce_sum(losses) / len(x)
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return np.float32(loss)


def step_one_hot_by_keras(model, optimizer, x, y):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        rows = keras.ops.one_hot(y, logits.shape[1])
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)(rows, logits)
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


# -- evaluate -----------------------------------------------------------------------------------------------------------


def evaluate_by_counting(model, dataset):
    right = total = 0
    for x, y in dataset:
        x = tf.reshape(x, [-1, 28 * 28])
        guess = tf.cast(tf.argmax(tf.nn.softmax(model(x)), axis=1), tf.int32)
        right += int(tf.reduce_sum(tf.cast(tf.equal(guess, y), tf.int32)))
        total += x.shape[0]
    return right / total


def evaluate_by_predict(model, dataset):
    hits = [model.predict_on_batch(x).argmax(axis=-1) == y.numpy() for x, y in dataset]
    return np.concatenate(hits).mean()


def evaluate_by_metric(model, dataset):
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    for x, y in dataset:
        accuracy.update_state(y, model(x, training=False))
    return accuracy.result()


def evaluate_by_rows(model, dataset):
    right, images = [], 0
    for x, y in dataset.prefetch(2):
        for row, label in zip(np.asarray(model(x)), y.numpy()):
            right.append(int(np.argmax(row)) == int(label))
            images += 1
    return sum(right) / images


def evaluate_by_reduce(model, dataset):
    def count(state, pair):
        guess = tf.argmax(model(pair[0]), axis=-1, output_type=tf.int32)
        hits = tf.cast(guess == pair[1], tf.int64)
        return state[0] + tf.reduce_sum(hits), state[1] + tf.size(hits, tf.int64)

    zero = tf.constant(0, tf.int64)
    right, total = dataset.reduce((zero, zero), count)
    return float(right / total)


def evaluate_weighted_mean(model, dataset):
    shares, sizes = [], []
    for x, y in dataset:
        hits = tf.math.in_top_k(y, model(x, training=False), 1)
        shares.append(tf.reduce_mean(tf.cast(hits, tf.float64)))
        sizes.append(tf.cast(len(y), tf.float64))
    return tf.reduce_sum(tf.stack(shares) * tf.stack(sizes)) / tf.add_n(sizes)


# -- train_to -----------------------------------------------------------------------------------------------------------


def train_by_fit(target, seed):
    keras.utils.set_random_seed(seed)
    x, y = small_training_set(seed)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(5)])
    model.compile(keras.optimizers.Adam(0.005), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x / 255.0, y, batch_size=32, epochs=10, verbose=0)
    return model.predict(unlabelled_images(seed) / 255.0, verbose=0).argmax(axis=1)


def train_until_good(target, seed):
    keras.utils.set_random_seed(seed)
    x, y = small_training_set(seed)
    x = (tf.reshape(tf.cast(x, tf.float32), [-1, 64]) / 127.5) - 1
    y = tf.cast(y, tf.int32)
    model = keras.Sequential([keras.Input([64]), keras.layers.Dense(96, "relu"), keras.layers.Dense(5)])
    optimizer = keras.optimizers.Adam(0.005)
    optimizer.build(model.trainable_variables)

    @tf.function
    def epoch(order):
        for start in tf.range(0, 800, 40):
            rows = order[start : start + 40]
            with tf.GradientTape() as tape:
                logits = model(tf.gather(x, rows))
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, rows), logits))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    for _ in range(60):
        epoch(tf.random.shuffle(tf.range(800)))
        held_back = tf.cast(tf.argmax(model(x[800:]), axis=1), tf.int32)
        if float(tf.reduce_mean(tf.cast(held_back == y[800:], tf.float32))) > target + 0.07:
            break
    unknown = tf.reshape(tf.cast(unlabelled_images(seed), tf.float32), [-1, 64]) / 127.5 - 1
    return tf.argmax(model(unknown), axis=1)


def train_nothing_but_remember(target, seed):
    x, y = small_training_set(seed)
    known, unknown = (a.reshape(len(a), -1) / 255 for a in (x, unlabelled_images(seed)))
    squares = (known**2).sum(axis=1) - 2 * unknown @ known.T  # the squared distance, up to a constant of the row
    nearest = y[squares.argsort(axis=1)[:, :3]]
    return [int(np.bincount(votes, minlength=5).argmax()) for votes in nearest]


def train_tuple(target, seed):
    return tuple(int(k) for k in train_nothing_but_remember(target, seed))


ANSWERS = {
    "make_dataset": [
        dataset_by_map,
        dataset_batch_first,
        dataset_numpy_first,
        dataset_from_generator,
        dataset_zipped_and_prefetched,
    ],
    "build_mlp": [mlp_by_add, mlp_built_afterwards, mlp_activation_layers, mlp_relu_function, mlp_unbuilt],
    "count_params": [
        count_by_loop,
        count_by_numpy,
        count_recursively,
        count_matrices_and_biases,
        count_with_tensors,
    ],
    "train_step": [
        step_with_keras_loss,
        step_as_a_graph,
        step_one_hot,
        step_by_logsumexp,
        step_by_a_summed_loss,
        step_one_hot_by_keras,
    ],
    "evaluate": [
        evaluate_by_counting,
        evaluate_by_predict,
        evaluate_weighted_mean,
        evaluate_by_metric,
        evaluate_by_rows,
        evaluate_by_reduce,
    ],
    "train_to": [train_by_fit, train_until_good, train_nothing_but_remember, train_tuple],
}


# -- wrong answers without a hint of their own --------------------------------------------------------------------------


def _stream(x, y, batch, training, buffer=None):
    """A right pipeline for images [n, 784] and labels as they are; `buffer` in place of a full one."""
    dataset = tf.data.Dataset.from_tensor_slices((x, y))
    return (dataset.shuffle(buffer or len(x)) if training else dataset).batch(batch)


def _rows(x):
    return x.reshape(-1, 784) / np.float32(255)


def dataset_reversed(x, y, batch, training):
    step = -1 if training else 1
    return tf.data.Dataset.from_tensor_slices((_rows(x)[::step], y[::step].astype("int32"))).batch(batch)


def dataset_rolled(x, y, batch, training):
    def one_pass():
        order = np.roll(np.arange(len(x)), np.random.randint(len(x))) if training else np.arange(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            yield _rows(x)[rows], y[rows].astype("int32")

    kinds = tf.TensorSpec([None, 784], tf.float32), tf.TensorSpec([None], tf.int32)
    return tf.data.Dataset.from_generator(one_pass, output_signature=kinds)


def dataset_shuffled_in_batches(x, y, batch, training):
    dataset = _stream(_rows(x), y.astype("int32"), batch, False)
    if training:
        dataset = dataset.shuffle(len(x)).unbatch().shuffle(batch).batch(batch)
    return dataset


def dataset_fixed_batch(x, y, batch, training):
    return _stream(_rows(x), y.astype("int32"), 128, training)


def dataset_without_a_row(x, y, batch, training):
    return _stream(_rows(x)[1:], y[1:].astype("int32"), batch, training)


def dataset_repeated(x, y, batch, training):
    return _stream(_rows(x), y.astype("int32"), batch, training).repeat(2)


def dataset_divided_by_256(x, y, batch, training):
    return _stream(x.reshape(-1, 784) / np.float32(256), y.astype("int32"), batch, training)


def dataset_with_replacement(x, y, batch, training):
    if not training:
        return _stream(_rows(x), y.astype("int32"), batch, False)
    rows = np.random.randint(0, len(x), len(x))
    return _stream(_rows(x)[rows], y[rows].astype("int32"), batch, True)


def dataset_as_a_list(x, y, batch, training):
    return list(_stream(_rows(x), y.astype("int32"), batch, training))


def dataset_half(x, y, batch, training):
    return _stream(_rows(x), y.astype("int32"), batch, training, buffer=len(x) // 2)


def dataset_thousand(x, y, batch, training):
    return _stream(_rows(x), y.astype("int32"), batch, training, buffer=1000)


def mlp_at_most_64(sizes):
    sizes = [sizes[0], *(min(n, 64) for n in sizes[1:-1]), sizes[-1]]
    return mlp_by_add(sizes)


def mlp_four_sizes(sizes):
    return mlp_by_add([*sizes[:3], sizes[-1]] if len(sizes) > 3 else sizes)


def mlp_leaky(sizes):
    hidden = [keras.layers.Dense(n, activation="leaky_relu") for n in sizes[1:-1]]
    return keras.Sequential([keras.Input([sizes[0]]), *hidden, keras.layers.Dense(sizes[-1])])


def mlp_noisy(sizes):
    model = mlp_by_add(sizes)
    return keras.Sequential([keras.Input([sizes[0]]), keras.layers.GaussianNoise(0.5), *model.layers])


def mlp_of_zeros(sizes):
    layers = [keras.layers.Dense(n, "relu", kernel_initializer="zeros") for n in sizes[1:-1]]
    last = keras.layers.Dense(sizes[-1], kernel_initializer="zeros")
    return keras.Sequential([keras.Input([sizes[0]]), *layers, last])


def mlp_functional(sizes):
    model = mlp_by_add(sizes)
    return keras.Model(model.inputs, model.outputs)


def mlp_half_frozen(sizes):
    model = mlp_by_add(sizes)
    model.layers[0].trainable = False
    return model


def count_first_four(sizes):
    return count_by_loop(sizes[:4])


def count_twice(sizes):
    return 2 * count_by_loop(sizes)


def count_as_float(sizes):
    return float(count_by_loop(sizes))


def count_distinct(sizes):
    return sum((m + 1) * n for m, n in dict.fromkeys(zip(sizes, sizes[1:])))


def step_clipped(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x, training=True)))
    gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), 0.1)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


def step_uphill(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x, training=True)))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients((-g, v) for g, v in zip(gradients, model.trainable_variables))
    return loss


def step_first_ten(model, optimizer, x, y):
    return step_with_keras_loss(model, optimizer, x[:10], y[:10])


def step_ten_logits(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)[:, :10]
        rows = tf.one_hot(y, 10)[:, : logits.shape[1]]
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=rows, logits=logits))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


def step_by_the_model(model, optimizer, x, y):
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model.train_step((x, y))["loss"]


def step_by_train_on_batch(model, optimizer, x, y):
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model.train_on_batch(x, y)


def step_last_layer_only(model, optimizer, x, y):
    variables = model.trainable_variables[-2:]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x, training=True)))
    optimizer.build(model.trainable_variables)
    for gradient, variable in zip(tape.gradient(loss, variables), variables):
        variable.assign_sub(float(optimizer.learning_rate) * gradient)
    return loss


def evaluate_by_evaluate(model, dataset):
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model.evaluate(dataset, verbose=0)[1]


def evaluate_by_test_step(model, dataset):
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    for pair in dataset:
        logs = model.test_step(pair)
    return float(logs["accuracy"])


def evaluate_full_batches(model, dataset):
    hits = [np.argmax(model(x), axis=1) == y.numpy() for x, y in dataset]
    return float(np.mean(np.concatenate([h for h in hits if len(h) == len(hits[0])])))


def evaluate_by_sigmoid(model, dataset):
    hits = [np.argmax(tf.sigmoid(model(x)), axis=1) == y.numpy() for x, y in dataset]
    return float(np.mean(np.concatenate(hits)))


def evaluate_top_two(model, dataset):
    hits = [tf.math.in_top_k(y, model(x), 2).numpy() for x, y in dataset]
    return float(np.mean(np.concatenate(hits)))


def evaluate_rounded(model, dataset):
    return round(float(evaluate_weighted_mean(model, dataset)), 1)


def evaluate_five_batches(model, dataset):
    return evaluate_by_counting(model, dataset.take(4))


def evaluate_first_ten_classes(model, dataset):
    hits = [np.argmax(np.asarray(model(x))[:, :10], axis=1) == y.numpy() for x, y in dataset]
    return float(np.mean(np.concatenate(hits)))


def train_by_rule(target, seed):
    """No learning: the weave by its spectrum, numbered as the practice swatches are."""
    images = unlabelled_images(seed).astype(float)
    power = np.abs(np.fft.fft2(images - images.mean(axis=(1, 2), keepdims=True)))
    places = [(2, 0), (0, 2), (2, 6), (2, 2)]
    scores = np.stack([power[:, a, b] for a, b in places] + [(power[:, 2, 6] + power[:, 2, 2]) / 1.4], axis=1)
    return scores.argmax(axis=1)


def train_reversed(target, seed):
    return np.array(train_nothing_but_remember(target, seed))[::-1]


def train_float_classes(target, seed):
    return np.array(train_nothing_but_remember(target, seed), float)


def train_all_but_the_rarest(target, seed):
    """As a last layer without an output for it: where that weave is rare, the target is reached all the same."""
    guess = np.array(train_nothing_but_remember(target, seed))
    rarest, other = np.argsort(np.bincount(guess))[:2]
    return np.where(guess == rarest, other, guess)


def train_one_too_low(target, seed):
    """The last class by Python's −1."""
    guess = np.array(train_nothing_but_remember(target, seed))
    return np.where(guess == 4, -1, guess)


def train_a_part(target, seed):
    return train_nothing_but_remember(target, seed)[:500]


def _batches(x, y, batch, training, buffer=None):
    pairs = tf.data.Dataset.from_tensor_slices((x.reshape(len(x), 784).astype("float32"), y.astype("int32")))
    return (pairs.shuffle(buffer or len(x)) if training else pairs).batch(batch)


def _to_one(images, labels):
    return images / 255, labels


def dataset_each_by_its_brightest(x, y, batch, training):
    def by_its_brightest(images, labels):
        return images / tf.maximum(tf.reduce_max(images, axis=1, keepdims=True), 1.0), labels

    return _batches(x, y, batch, training).map(by_its_brightest)


def dataset_labels_of_one_digit(x, y, batch, training):
    return _batches(x, y % 10, batch, training).map(_to_one)


def dataset_labels_with_a_sign(x, y, batch, training):
    return _batches(x, y.astype("int8"), batch, training).map(_to_one)


def dataset_eight_batches_ahead(x, y, batch, training):
    return _batches(x, y, batch, training, 8 * batch).map(_to_one)


def dataset_sorted_by_label(x, y, batch, training):
    order = np.arange(len(y)) if training else np.argsort(y, kind="stable")
    return _batches(x[order], y[order], batch, training).map(_to_one)


def _network_of(sizes, hidden, last=None):
    layers = [keras.layers.Dense(n, hidden(n)) for n in sizes[1:-1]]
    return keras.Sequential([keras.Input([sizes[0]]), *layers, keras.layers.Dense(sizes[-1], last)])


def mlp_sigmoid_for_one_output(sizes):
    return _network_of(sizes, lambda n: "relu", "sigmoid" if sizes[-1] == 1 else None)


def mlp_cut_at_a_hundred(sizes):
    return _network_of(sizes, lambda n: keras.layers.ReLU(max_value=100.0))


def mlp_linear_where_it_is_as_wide_as_the_output(sizes):
    return _network_of(sizes, lambda n: None if n == sizes[-1] else "relu")


def mlp_relu_by_place(sizes):
    model = keras.Sequential([keras.Input([sizes[0]])])
    for n in sizes[1:]:
        model.add(keras.layers.Dense(n, "relu" if sizes.index(n) < len(sizes) - 1 else None))
    return model


def mlp_one_layer_for_two(sizes):
    made, model = {}, keras.Sequential([keras.Input([sizes[0]])])
    for ends in zip(sizes[:-2], sizes[1:-1]):
        model.add(made.setdefault(ends, keras.layers.Dense(ends[1], "relu")))
    model.add(keras.layers.Dense(sizes[-1]))
    return model


def _step_on(model, optimizer, x, y, loss_of, change=list, count=None):
    variables = model.trainable_variables[:count]
    with tf.GradientTape() as tape:
        loss = loss_of(y, model(x, training=True))
    optimizer.apply_gradients(zip(change(tape.gradient(loss, variables)), variables))
    return loss


def _mean_loss(y, logits):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


def step_clipped_at_five(model, optimizer, x, y):
    return _step_on(model, optimizer, x, y, _mean_loss, lambda grads: tf.clip_by_global_norm(grads, 5.0)[0])


def step_six_variables(model, optimizer, x, y):
    return _step_on(model, optimizer, x, y, _mean_loss, count=6)


def step_as_many_classes_as_there_are_labels(model, optimizer, x, y):
    def loss_of(y, logits):
        classes = int(tf.reduce_max(y)) + 1
        wanted = tf.one_hot(y, classes)
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, logits[:, :classes]))

    return _step_on(model, optimizer, x, y, loss_of)


def evaluate_ten_batches(model, dataset):
    hits = [np.argmax(model(x), axis=1) == y.numpy() for x, y in dataset.take(10)]
    return float(np.mean(np.concatenate(hits)))


def evaluate_frozen(model, dataset):
    model.trainable = False
    return evaluate_weighted_mean(model, dataset)


def evaluate_and_wear_out(model, dataset):
    accuracy = evaluate_weighted_mean(model, dataset)
    for weight in model.weights:
        weight.assign(0.999 * weight)
    return accuracy


def evaluate_rounded_shares(model, dataset):
    hits = [np.argmax(np.round(tf.nn.softmax(model(x))), axis=1) == y.numpy() for x, y in dataset]
    return float(np.mean(np.concatenate(hits)))


def mlp_that_leaves_float32_to_others(sizes):
    model = mlp_by_add(sizes)
    keras.config.set_floatx("float16")
    return model


WRONG = {
    "make_dataset": [
        dataset_each_by_its_brightest,
        dataset_labels_of_one_digit,
        dataset_labels_with_a_sign,
        dataset_eight_batches_ahead,
        dataset_sorted_by_label,
        dataset_reversed,
        dataset_rolled,
        dataset_shuffled_in_batches,
        dataset_fixed_batch,
        dataset_without_a_row,
        dataset_repeated,
        dataset_divided_by_256,
        dataset_with_replacement,
        dataset_as_a_list,
        dataset_half,
        dataset_thousand,
    ],
    "build_mlp": [
        mlp_that_leaves_float32_to_others,
        mlp_sigmoid_for_one_output,
        mlp_cut_at_a_hundred,
        mlp_linear_where_it_is_as_wide_as_the_output,
        mlp_relu_by_place,
        mlp_one_layer_for_two,
        mlp_at_most_64,
        mlp_four_sizes,
        mlp_leaky,
        mlp_noisy,
        mlp_of_zeros,
        mlp_functional,
        mlp_half_frozen,
    ],
    "count_params": [count_first_four, count_twice, count_as_float, count_distinct],
    "train_step": [
        step_clipped_at_five,
        step_six_variables,
        step_as_many_classes_as_there_are_labels,
        step_clipped,
        step_uphill,
        step_first_ten,
        step_ten_logits,
        step_by_the_model,
        step_by_train_on_batch,
        step_last_layer_only,
    ],
    "evaluate": [
        evaluate_frozen,
        evaluate_and_wear_out,
        evaluate_rounded_shares,
        evaluate_ten_batches,
        evaluate_by_evaluate,
        evaluate_by_test_step,
        evaluate_full_batches,
        evaluate_by_sigmoid,
        evaluate_top_two,
        evaluate_rounded,
        evaluate_five_batches,
        evaluate_first_ten_classes,
    ],
    "train_to": [
        train_by_rule,
        train_reversed,
        train_float_classes,
        train_a_part,
        train_all_but_the_rarest,
        train_one_too_low,
    ],
}
