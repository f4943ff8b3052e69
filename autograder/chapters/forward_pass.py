"""Chapter 01, forward pass: from pixels to a loss to a step, and how good the result really is."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf

from ..judging.exercise import exercise
from ..judging.values import raw, variable


def _images(rng, n):
    images = rng.integers(0, 256, size=(n, 28, 28), dtype=np.uint8)
    images[:, 0, :2] = 0, 255  # one in twenty would have no white pixel
    images[:, 1, :2] = 1, 254  # and what rounding or saturating would make equal to them
    return images


def _labels(rng, n, classes=10):
    return rng.integers(0, classes, size=n, dtype=np.int32)


def _normal(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


# -- prepare ------------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=5, difficulty=1)
def prepare(x, y):
    """Images and labels as the network wants them.

    x: uint8 [n, 28, 28], y: uint8 [n] → x float32 [n, 784] between 0 and 1, y int32 [n].
    """
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(tf.convert_to_tensor(x)))
    return flat, keras.ops.cast(y, "int32")


def _out_of_order(rng, n):
    """Labels as they come in the file, whatever sorting them would do: the first is greater than the last."""
    labels = _labels(rng, n).astype("uint8")
    labels[0], labels[-1] = rng.integers(5, 10), rng.integers(0, 5)
    return raw(labels)


def _in_turn(answer, *batches):
    return [answer(x, y) for x, y in zip(batches[::2], batches[1::2])]


# Dimensions: how many images (one, some, more than anyone types; no multiple of two) · the brightest pixel, of an image and of
# the batch (255, far below, 1, 0) · the darkest (0, or none is black) · the last digits of a grey · rows against columns · the
# labels (0 … 9, beyond 127, in no order) · one call after another, which is what the batches are: of equal size, with other
# images.


@prepare.case("a batch of images", points=1, rtol=1e-6, atol=1e-7)
def _(rng):
    n = int(rng.choice([3, 5, 7]))
    return raw(_images(rng, n)), _out_of_order(rng, n)


@prepare.case("a batch of one", points=0.5)
def _(rng):
    return raw(_images(rng, 1)), raw(_labels(rng, 1).astype("uint8"))


@prepare.case(
    "dark images, one of them black; then others, of which none has a black pixel; then the darkest",
    probe=_in_turn,
    points=1,
)
def _(rng):
    n = int(rng.choice([3, 5]))
    dark = _images(rng, n) // (4 + np.arange(n, dtype="uint8"))[:, None, None]  # each image has a brightest of its own
    dark[int(rng.integers(1, n))] = 0
    others = 30 + _images(rng, n) // 4
    darkest = _images(rng, n) // 255  # here and there a 1
    return [part for images in (dark, others, darkest) for part in (raw(images), _out_of_order(rng, n))]


@prepare.case("a large batch", points=0.5)
def _(rng):
    n = int(rng.choice([129, 133, 139]))
    labels = rng.integers(0, 256, size=n, dtype=np.uint8)  # there are more alphabets than ten digits
    labels[0], labels[-1] = 255, rng.integers(0, 128)
    return raw(_images(rng, n)), raw(labels)


@prepare.mistake("Your pixels still run from 0 to 255. Which range should they have?")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]), tf.cast(y, tf.int32)


@prepare.mistake(
    "The values are right, but x still has 28 rows and 28 columns. What does the first layer expect of one image?"
)
def _(x, y):
    return tf.cast(x, tf.float32) / 255.0, tf.cast(y, tf.int32)


@prepare.mistake(
    "You divided by the brightest pixel of this batch. What will happen to a batch that has no white pixel?"
)
def _(x, y):
    x = tf.cast(x, tf.float32)
    return tf.reshape(x / tf.reduce_max(x), [-1, 784]), tf.cast(y, tf.int32)


@prepare.mistake("Which integer dtype do the labels have in your result, and which one does the task ask for?")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 255.0, tf.cast(y, tf.int64)


@prepare.mistake("The pixels are right, but the labels came back as they went in. Which dtype should they have?")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 255.0, y


@prepare.mistake(
    "Your pixels are float64: NumPy divides whole numbers in double precision. Which dtype does the task ask for?"
)
def _(x, y):
    return x.reshape(-1, 784) / 255.0, y.astype("int32")


@prepare.mistake("Integer division keeps only 0 and 1. Convert to floating point before you divide.")
def _(x, y):
    return tf.reshape(tf.cast(x // 255, tf.float32), [-1, 784]), tf.cast(y, tf.int32)


@prepare.mistake("A uint8 has 256 values, but which is the largest of them? A white pixel should become exactly 1.")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 256.0, tf.cast(y, tf.int32)


@prepare.mistake("The pixels of an image are all there, but column by column. Rows come first, one after the other.")
def _(x, y):
    return tf.reshape(tf.cast(tf.transpose(x, [0, 2, 1]), tf.float32), [-1, 784]) / 255.0, tf.cast(y, tf.int32)


@prepare.mistake("You scaled to −1 … 1, which some networks want. This one asks for 0 … 1, with 0 for the paper.")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 127.5 - 1.0, tf.cast(y, tf.int32)


@prepare.mistake(
    "You divided each image by its own brightest pixel. That changes a dark image more than a bright one, and a black one "
    "has none."
)
def _(x, y):
    x = tf.reshape(tf.cast(x, tf.float32), [-1, 784])
    return x / tf.reduce_max(x, axis=1, keepdims=True), tf.cast(y, tf.int32)


@prepare.mistake(
    "You stretch each batch from its darkest to its brightest pixel: the same grey becomes another number in another batch. "
    "Which division is the same for all?"
)
def _(x, y):
    x = tf.reshape(tf.cast(x, tf.float32), [-1, 784])
    low, high = tf.reduce_min(x), tf.reduce_max(x)
    return (x - low) / (high - low), tf.cast(y, tf.int32)


@prepare.mistake("Images first, then labels: your pair comes in the other order.")
def _(x, y):
    return tf.cast(y, tf.int32), tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 255.0


@prepare.mistake("Your labels are one-hot rows. The task asks for the labels themselves, one whole number an image.")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 255.0, tf.one_hot(y, 10, dtype=tf.int32)


@prepare.mistake("All images became one single row. Each image should keep a row of its own.")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32) / 255.0, [-1]), tf.cast(y, tf.int32)


@prepare.mistake("You return the images alone. The task asks for the pair of images and labels.")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32) / 255.0, [-1, 784])


@prepare.mistake("Your labels are floating-point numbers. They say which class it is: whole numbers, of which dtype?")
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32) / 255.0, [-1, 784]), tf.cast(y, tf.float32)


@prepare.mistake(
    "Your result has one column for each image and one row for each pixel. In a batch it is the other way round: where does "
    "the number of images go in your reshape?"
)
def _(x, y):
    return tf.reshape(tf.cast(x, tf.float32) / 255.0, [784, -1]), tf.cast(y, tf.int32)


@prepare.mistake("You scale first and convert to whole numbers afterwards: only 0 and 1 are left of the greys.")
def _(x, y):
    return tf.reshape(tf.cast(x / 255, tf.int32), [-1, 784]), tf.cast(y, tf.int32)


@prepare.mistake("float16 has three digits: the greys are no longer where they were. Convert to float32 at once.")
def _(x, y):
    return x.astype("float16").reshape(-1, 784).__truediv__(255).astype("float32"), y.astype("int32")


@prepare.mistake(
    "You standardised the batch: mean 0, standard deviation 1. The task asks for values from 0 to 1, and the same grey for "
    "the same pixel in every batch."
)
def _(x, y):
    x = tf.reshape(tf.cast(x, tf.float32), [-1, 784])
    return (x - tf.reduce_mean(x)) / tf.math.reduce_std(x), tf.cast(y, tf.int32)


# -- init_params --------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=8, difficulty=2)
def init_params(sizes, stddev):
    """Fresh parameters for layers of these sizes: the flat list [w1, b1, w2, b2, …] of tf.Variable, float32.

    w [in, out] truncated normal with this standard deviation, b [out] zero.
    """
    store = keras.layers.Layer()
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        store.add_weight(shape=[fan_in, fan_out], initializer=keras.initializers.TruncatedNormal(stddev=stddev))
        store.add_weight(shape=[fan_out], initializer="zeros")
    return [weight.value for weight in store.weights]


def _arrays(result):
    return [p.value if getattr(p, "tag", "") in ("variable", "tensor") else p for p in result]


def _name(i):
    return f"{'wb'[i % 2]}{i // 2 + 1}"


def _list_of_variables(result, inputs, expected):
    sizes = inputs[0]
    if not isinstance(result, (list, tuple)):
        return "your function should return a flat list [w1, b1, w2, b2, …]"
    if len(result) != 2 * (len(sizes) - 1):
        layers = "one layer has" if len(sizes) == 2 else f"{len(sizes) - 1} layers have"
        return f"{layers} {2 * (len(sizes) - 1)} parameters, your list has {len(result)}"
    if any(getattr(p, "tag", "") != "variable" for p in result):
        return "every parameter should be a tf.Variable: only variables can be changed in place"
    for i, (p, e) in enumerate(zip(_arrays(result), _arrays(expected), strict=True)):
        if p.ndim != e.ndim:
            return f"{_name(i)} should have {e.ndim} dimension{'s' * (e.ndim > 1)}, it has {p.ndim}"
        if p.shape != e.shape:
            return f"{_name(i)} does not have the shape that the sizes ask for"
        if p.dtype != np.float32:
            return f"{_name(i)} has dtype {p.dtype}, expected float32"
    return None


def _odd_numbers(arrays):
    """None if a function that knows which shapes to make may have drawn these, whatever it thinks of the stddev."""
    for i, p in enumerate(arrays):
        if p.dtype.kind != "f":
            return f"{_name(i)} has dtype {p.dtype}, expected float32"
        if np.ptp(p) == 0 and np.any(p):
            return f"{_name(i)} is the same number everywhere, and not zero"
        if not np.all(np.abs(p) < (0.8, 2.2)[p.ndim > 1]):
            return f"{_name(i)} holds numbers that are too large for this stddev"
    return None


def _list_alone(result, inputs, expected):
    """Only how many, which shapes, which dtype: the numbers are for the other cases, as long as they are some."""
    if found := _list_of_variables(result, inputs, expected):
        return found
    return _odd_numbers(_arrays(result))


def _list_and_zeros(result, inputs, expected):
    """The list; its biases zero and its weights not."""
    if found := _list_alone(result, inputs, expected):
        return found
    for i, p in enumerate(_arrays(result)):
        if bool(np.any(p)) is bool(i % 2):
            return f"{_name(i)} should be all zeros" if i % 2 else f"{_name(i)} is all zeros: nothing was drawn"
    return None


def _drawn_right(result, inputs, expected):
    if found := _list_of_variables(result, inputs, expected):
        return found
    for i, p in enumerate(_arrays(result)):
        if i % 2 and np.any(p != 0):
            return f"{_name(i)} should be all zeros"
        if i % 2 == 0 and (found := _truncated_normal(p.astype(np.float64).ravel(), inputs[1])):
            return f"{_name(i)} {found}"
    return None


_CUT = 0.8796  # of its standard deviation a normal distribution keeps that is cut off at twice it
_TAIL = 1e-9  # how probable a false alarm of the distance below may be; all others here are rarer still


def _truncated_normal(w, stddev):
    """None if these may well have been drawn by tf.random.truncated_normal, else what is wrong with them.

    At least 10 000 numbers: the standard errors of their mean and of their spread are below a hundredth of stddev.
    """
    if not np.isfinite(w).all():
        return "holds nan or inf"
    if np.ptp(w) == 0:
        return "has equal elements only: units that start equal stay equal for ever"
    if len(np.unique(w)) < 0.9 * len(w):
        return "holds the same numbers again and again"
    if np.mean(w == 0) > 0.02:
        return "is 0 in many places"
    spread = float(w.std()) / _CUT
    for asked, told in ((1.0, "with a stddev of 1"), (stddev**2, "with stddev²"), (stddev**0.5, "with √stddev")):
        as_if = abs(spread / asked - 1) < 0.1 and 1.9 < np.abs(w).max() / asked < 2.001
        if abs(w.mean()) < 0.1 * spread and as_if:
            return f"spreads as if it were drawn {told}"
    if abs(w.mean()) > 0.1 * spread:
        return "has a mean that is not near 0"
    if np.abs(w).max() > 3 * stddev and abs(spread / stddev - 1) < 0.25:
        return "has elements beyond three standard deviations: is it truncated?"
    if not 0.9 < spread / stddev < 1.25:
        return f"spreads too {'far' if spread > stddev else 'little'} for this stddev"
    if np.abs(w).max() > 2.001 * stddev:
        return "has elements a little beyond two standard deviations"
    if np.mean(np.abs(w) > 1.99 * stddev) > 0.02:
        return "piles up at two standard deviations"
    w, ranks = np.sort(w) / stddev, np.arange(len(w) + 1) / len(w)
    ideal = (tf.math.erf(w / 2**0.5).numpy() / math.erf(2**0.5) + 1) / 2  # the distribution function at each element
    distance = max(np.abs(ranks[1:] - ideal).max(), np.abs(ranks[:-1] - ideal).max())
    # Dvoretzky, Kiefer, Wolfowitz (with Massart's constant): P(distance > d) ≤ 2 exp(−2 n d²)
    if distance > math.sqrt(math.log(2 / _TAIL) / (2 * len(w))):
        return "is not distributed like a truncated normal"
    return None


def _each_its_own(result, inputs, expected):
    *lists, distinct, trainable, of_keras = result
    if not all(isinstance(parameters, list) and len(parameters) == len(lists[0]) > 1 for parameters in lists):
        return "your function should return a flat list [w1, b1, w2, b2, …]"
    first, second, third, wanted = (_arrays(_flat(parameters)) for parameters in (*lists, expected[0]))
    if any([p.size for p in arrays] != [p.size for p in wanted] for arrays in (first, second, third)):
        return (
            "your function should return a flat list [w1, b1, w2, b2, …], each with as many elements as the sizes say"
        )
    if distinct == 0:
        return "the second call gives back the very list of the first: each call should make a list, and variables, of its own"
    if np.array_equal(first[0], second[0]):
        return "two calls in a row should draw different weights"
    if np.array_equal(second[0], third[0]):
        return "the second and the third call should draw different weights"
    if np.array_equal(first[0], first[2]):
        return "two layers of the same shape should not share their weights"
    for arrays in (first, second, third):
        if found := _odd_numbers([p.reshape(w.shape) for p, w in zip(arrays, wanted, strict=True)]):
            return found
        if any(np.ptp(w) == 0 for w in arrays[::2]):
            return "there are weights that are all equal: nothing was drawn"
    if distinct != len(lists[0]):
        return "one variable stands in the list more than once: every parameter needs a variable of its own"
    if of_keras is not False:
        return "these are Keras's own variables (keras.Variable): the task asks for tf.Variable"
    return None if trainable is True else "a variable that is not trainable is not watched by the tape"


def _flat(parameters):
    """Pairs in the list or not: the nesting is for another case."""
    return [part for p in parameters for part in (p if isinstance(p, (list, tuple)) else [p])]


def _thrice(answer, sizes, stddev):
    lists = [answer(sizes, stddev) for _ in range(3)]
    first, second, third = map(list, lists)
    distinct = len({id(p) for p in first}) if lists[0] is not lists[1] or not first else 0
    trainable = all(getattr(p, "trainable", True) for p in first)
    return [first, second, third, distinct, trainable, any(isinstance(p, keras.Variable) for p in first)]


# Dimensions: how many layers (one, some, more than anyone types) · sizes from 1 up, growing and shrinking · stddev far
# below and far above .1 · the distribution as a whole, not its spread alone · the same sizes twice in one network, and in
# three calls · the caller's list of sizes, which the second call needs · trainable or not · one object twice in the list.


@init_params.case("the list: how many, which shapes, which dtype", accept=_list_alone, seeded=True, points=0.5)
def _(rng):
    return [int(n) for n in rng.permutation(np.arange(3, 12))[:4]], 0.1


@init_params.case("a single layer", accept=_list_and_zeros, seeded=True, points=0.5)
def _(rng):
    inputs = int(rng.integers(2, 9))
    return [inputs, inputs + int(rng.integers(1, 9))], 0.1


@init_params.case("many layers", accept=_list_and_zeros, seeded=True, points=0.5)
def _(rng):
    return [2 + int(n) for n in rng.permutation(int(rng.integers(12, 15)))], 0.1


@init_params.case(
    "the distribution, narrow: truncated normal weights, zero biases", accept=_drawn_right, seeded=True, points=0.5
)
def _(rng):
    return [int(n) for n in rng.integers(110, 130, size=3)], float(rng.choice([0.02, 0.03, 0.05]))


@init_params.case("the distribution, wide", accept=_drawn_right, seeded=True, points=0.5)
def _(rng):
    return [int(n) for n in rng.integers(110, 130, size=3)], float(rng.choice([0.3, 0.4, 0.5]))


@init_params.case(
    "drawn afresh by every call and for every layer", accept=_each_its_own, probe=_thrice, seeded=True, points=0.5
)
def _(rng):
    n = int(rng.integers(4, 9))
    return [n, n, n], 0.1


@init_params.mistake(
    "tf.random.normal lets a weight in twenty lie beyond two standard deviations. Which distribution cuts those off?"
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.normal([m, n], stddev=stddev)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "Clipping moves every outlier onto the edge, where they pile up. A truncated distribution draws them again."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        w = tf.clip_by_value(tf.random.normal([m, n], stddev=stddev), -2 * stddev, 2 * stddev)
        out += [tf.Variable(w), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "What lies beyond two standard deviations becomes 0 in your function: too many weights start there. It should be drawn again."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        w = tf.random.normal([m, n], stddev=stddev)
        out += [tf.Variable(tf.where(tf.abs(w) > 2 * stddev, 0.0, w)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "Your function takes the sizes out of the caller's list. The second call finds none of them left: read, do not pop."
)
def _(sizes, stddev):
    out, m = [], sizes.pop(0)
    while sizes:
        n = sizes.pop(0)
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)), tf.Variable(tf.zeros([n]))]
        m = n
    return out


@init_params.mistake("The numbers are right, but they are plain tensors. What will assign_sub need?")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.random.truncated_normal([m, n], stddev=stddev), tf.zeros([n])]
    return out


@init_params.mistake("Your weights are [out, in]. In x @ w, with x [batch, in], which of the two must come first?")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([n, m], stddev=stddev)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake("Your biases are matrices. A layer adds one number for each unit: how many dimensions is that?")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)), tf.Variable(tf.zeros([1, n]))]
    return out


@init_params.mistake(
    "You squared the standard deviation: that is the variance. Look at the name of TensorFlow's argument."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev**2)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "You took the square root, as if a variance had been given. The task gives the standard deviation itself."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev**0.5)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "tf.random.uniform makes all values between its bounds equally likely. A normal distribution prefers those near 0."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.uniform([m, n], -stddev, stddev)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake("The stddev that is asked for never reaches the generator, whose own is 1.")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n])), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "Your weights have the mean stddev and the standard deviation 1: which argument comes second in "
    "tf.random.truncated_normal?"
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake("Your function makes three layers, however many sizes it is given.")
def _(sizes, stddev):
    out = []
    for k in range(3):
        w = tf.random.truncated_normal([sizes[k], sizes[k + 1]], stddev=stddev)
        out += [tf.Variable(w), tf.Variable(tf.zeros([sizes[k + 1]]))]
    return out


@init_params.mistake(
    "All weights come first in your list, then all biases. The task wants them in turn, layer by layer."
)
def _(sizes, stddev):
    pairs = list(zip(sizes, sizes[1:]))
    weights = [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)) for m, n in pairs]
    return weights + [tf.Variable(tf.zeros([n])) for _, n in pairs]


@init_params.mistake("Your weights spread equally far whatever stddev is asked for. Where does your function use it?")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=0.1)), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake("Your biases are drawn at random, too. What does the task say they start at?")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        w, b = [tf.random.truncated_normal(shape, stddev=stddev) for shape in ([m, n], [n])]
        out += [tf.Variable(w), tf.Variable(b)]
    return out


@init_params.mistake(
    "All weights start at zero. Then all units of a layer compute the same and get the same gradient: they never part."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.zeros([m, n])), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake("A fixed seed inside the function gives every call, and every layer, the same weights.")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        w = tf.random.stateless_truncated_normal([m, n], seed=[1, 2], stddev=stddev)
        out += [tf.Variable(w), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake(
    "Two layers of the same shape get the same weights: one Keras initializer object draws the same numbers again "
    "each time it is called."
)
def _(sizes, stddev):
    draw = keras.initializers.TruncatedNormal(stddev=stddev)
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(draw([m, n])), tf.Variable(tf.zeros([n]))]
    return out


@init_params.mistake("Your result is nested, one pair for each layer. The task asks for one flat list.")
def _(sizes, stddev):
    return [
        (tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)), tf.Variable(tf.zeros([n])))
        for m, n in zip(sizes, sizes[1:])
    ]


@init_params.mistake("These variables are not trainable: the tape will not watch them, and they will never learn.")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        w = tf.random.truncated_normal([m, n], stddev=stddev)
        out += [tf.Variable(w, trainable=False), tf.Variable(tf.zeros([n]), trainable=False)]
    return out


@init_params.mistake(
    "Each of your biases has as many elements as the layer has inputs. For what does a layer have one?"
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)), tf.Variable(tf.zeros([m]))]
    return out


@init_params.mistake("Your biases start at 1. What does the task say they start at?")
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)), tf.Variable(tf.ones([n]))]
    return out


@init_params.mistake("There are no biases in your list. Each layer has a weight matrix and a bias.")
def _(sizes, stddev):
    return [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)) for m, n in zip(sizes, sizes[1:])]


@init_params.mistake(
    "Only one layer comes back, however many there are. Does your function return, or start a new list, inside its loop?"
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(tf.random.truncated_normal([m, n], stddev=stddev)), tf.Variable(tf.zeros([n]))]
        return out


@init_params.mistake(
    "Your parameters are float64: that is what NumPy draws, and what a variable made of its arrays keeps. The task asks for "
    "float32."
)
def _(sizes, stddev):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [tf.Variable(np.random.normal(0, stddev, (m, n))), tf.Variable(np.zeros(n))]
    return out


@init_params.mistake(
    "You take the sizes out of the caller's list: who calls a second time with it gets an empty network."
)
def _(sizes, stddev):
    out = []
    while len(sizes) > 1:
        m = sizes.pop(0)
        out += [
            tf.Variable(tf.random.truncated_normal([m, sizes[0]], stddev=stddev)),
            tf.Variable(tf.zeros([sizes[0]])),
        ]
    return out


@init_params.mistake(
    "A list of four sizes has three layers between them: your loop goes one step too far, and the list ends."
)
def _(sizes, stddev):
    out = []
    for i in range(len(sizes)):
        out += [tf.Variable(tf.random.truncated_normal([sizes[i], sizes[i + 1]], stddev=stddev))]
        out += [tf.Variable(tf.zeros([sizes[i + 1]]))]
    return out


# -- forward ------------------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=10,
    difficulty=2,
    forbid=["keras.layers.Dense", "tf.compat.v1.nn.relu_layer", "tf.compat.v1.nn.xw_plus_b"],
)
def forward(x, params):
    """The network's raw outputs, the logits.

    x: float32 [batch, in], params: flat list [w1, b1, w2, b2, …] → float32 [batch, out].
    relu after every layer but the last.
    """
    *hidden, last = zip(params[::2], params[1::2], strict=True)
    v1 = tf.compat.v1.nn  # one function a layer, from before Keras
    return v1.xw_plus_b(functools.reduce(lambda h, layer: v1.relu_layer(h, *layer), hidden, x), *last)


def _parameters(rng, sizes, gain=1.0, bias=0.5):
    out = []
    for m, n in zip(sizes, sizes[1:]):
        out += [_normal(rng, m, n, scale=gain * m**-0.5), _normal(rng, n, scale=bias)]
    out[-1][0] = -18 * bias  # all logits of a small batch can be positive, and then a relu on them would do nothing
    return [variable(a) for a in out]


# Dimensions: how many layers (one, some, more than anyone types) · batch of one, of some, of more than anyone types · equal
# sizes, where a bias could be added along the wrong axis · a single logit · signs of inputs and logits · activations below 6 and
# far beyond 1000 · params as they were afterwards, list and values · the second call, with another batch or other parameters of
# the same shapes · a gradient for every parameter and for x.


def _batch(rng, n, m, scale=1.0):
    """Inputs [n, m], one of which is certainly negative: pixels are not, and other layers' inputs are."""
    x = _normal(rng, n, m, scale=scale)
    x[0, 0] = -2 * scale
    return x


def _while_it_learns(answer, x, params, other, moved):
    return [answer(x, params), answer(other, params), answer(other, moved)]


@forward.case(
    "three layers, a batch of images, another one, and once more after a step", probe=_while_it_learns, points=1
)
def _(rng):
    n = int(rng.choice([2, 3, 4, 6]))  # no layer's size: whoever confuses the two is wrong in every draw
    first, second = ((_batch(rng, n, 12), _parameters(rng, [12, 9, 7, 5])) for _ in range(2))
    return *first, *second


@forward.case("two layers, a batch of one", points=0.5)
def _(rng):
    return _batch(rng, 1, 9), _parameters(rng, [9, 16, 8])


@forward.case("a single layer, which is the last: no relu", points=0.5)
def _(rng):
    return _batch(rng, int(rng.choice([2, 3, 5, 7])), 4), _parameters(rng, [4, 6])


@forward.case("ten layers, all of the same size as the batch", points=0.5)
def _(rng):
    n = int(rng.integers(9, 12))
    return _batch(rng, n, n), _parameters(rng, 11 * [n], gain=2.5)


@forward.case("a large batch with large inputs: activations far beyond 6", points=0.5)
def _(rng):
    m, n = int(rng.integers(5, 9)), int(rng.integers(8, 12))
    return _batch(rng, int(rng.integers(129, 140)), m, scale=20_000.0), _parameters(rng, [m, n, n, 1], bias=10_000.0)


@forward.case("its gradient with respect to every parameter", gradient=True, points=1)
def _(rng):
    return _batch(rng, int(rng.choice([3, 4, 7])), 6), _parameters(rng, [6, 8, 5])


@forward.mistake(
    "There is a relu on the last layer, too: no logit can be negative. What should come out of the last layer?"
)
def _(x, params):
    for w, b in zip(params[::2], params[1::2]):
        x = tf.nn.relu(x @ w + b)
    return x


@forward.mistake("There is no relu at all. Layers without one collapse into a single matrix.")
def _(x, params):
    for w, b in zip(params[::2], params[1::2]):
        x = x @ w + b
    return x


@forward.mistake("The biases are missing.")
def _(x, params):
    for i, w in enumerate(params[::2]):
        x = x @ w
        if 2 * i + 2 < len(params):
            x = tf.nn.relu(x)
    return x


@forward.mistake("You add the bias after the relu. A unit's bias shifts where its relu bends, so it comes first.")
def _(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = (tf.nn.relu(x @ w) if 2 * i + 2 < len(params) else x @ w) + b
    return x


@forward.mistake(
    "Your relu comes before the layer, so the input passes through one, too. Pixels are never negative, which hides it; "
    "other inputs are."
)
def _(x, params):
    for w, b in zip(params[::2], params[1::2]):
        x = tf.nn.relu(x) @ w + b
    return x


@forward.mistake("relu6 stops at 6. A relu has no upper end.")
def _(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w + b
        x = tf.nn.relu6(x) if 2 * i + 2 < len(params) else x
    return x


@forward.mistake("A sigmoid squeezes every hidden unit into 0 … 1. Which bend does the task name?")
def _(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w + b
        x = tf.sigmoid(x) if 2 * i + 2 < len(params) else x
    return x


@forward.mistake("Your relu is leaky: a part of what is negative gets through.")
def _(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w + b
        x = tf.nn.leaky_relu(x) if 2 * i + 2 < len(params) else x
    return x


@forward.mistake("You emptied the caller's list of parameters. They are needed again for the next batch.")
def _(x, params):
    while len(params) > 2:
        w, b = params.pop(0), params.pop(0)
        x = tf.nn.relu(x @ w + b)
    return x @ params[0] + params[1]


@forward.mistake("Your function always uses exactly three layers. How many are in params?")
def _(x, params):
    w1, b1, w2, b2, w3, b3 = params
    return tf.nn.relu(tf.nn.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3


@forward.mistake("Your outputs lie between 0 and 1 and add up to 1. The task asks for the raw logits.")
def _(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w + b
        x = tf.nn.relu(x) if 2 * i + 2 < len(params) else tf.nn.softmax(x)
    return x


@forward.mistake("Your function returns inside the loop, after the first layer. Where do the other layers happen?")
def _(x, params):
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w + b
        return tf.nn.relu(x) if 2 * i + 2 < len(params) else x


@forward.mistake(
    "The logits are right, but no gradient comes back: NumPy and .numpy() lead away from the tape, and without a gradient "
    "nothing learns."
)
def _(x, params):
    x = x.numpy()
    for i, (w, b) in enumerate(zip(params[::2], params[1::2])):
        x = x @ w.numpy() + b.numpy()
        x = np.maximum(x, 0) if 2 * i + 2 < len(params) else x
    return tf.constant(x)


@forward.mistake("The last layer's bias is missing.")
def _(x, params):
    for w, b in zip(params[:-2:2], params[1:-2:2]):
        x = tf.nn.relu(x @ w + b)
    return x @ params[-2]


@forward.mistake("Only your first layer has a relu. Every layer but the last has one.")
def _(x, params):
    for i in range(0, len(params), 2):
        x = x @ params[i] + params[i + 1]
        if i == 0 and len(params) > 2:
            x = tf.nn.relu(x)
    return x


@forward.mistake(
    "`*` multiplies element by element. For every unit of a layer all inputs are weighed and added: which product does that?"
)
def _(x, params):
    for w, b in zip(params[::2], params[1::2]):
        x = x * w + b
    return x


@forward.mistake(
    "Weights and biases take turns in params. Your second layer takes a bias for its weights: by how much must your index grow "
    "from layer to layer?"
)
def _(x, params):
    for i in range(len(params) // 2):
        x = x @ params[i] + params[i + 1]
    return x


@forward.mistake("The hidden layers have the tanh for their bend. Which one does the task name?")
def _(x, params):
    for w, b in zip(params[:-2:2], params[1:-2:2]):
        x = tf.tanh(x @ w + b)
    return x @ params[-2] + params[-1]


@forward.mistake(
    "You take the absolute value where a relu should be: it lets through what is negative, with its sign turned."
)
def _(x, params):
    for w, b in zip(params[:-2:2], params[1:-2:2]):
        x = tf.abs(x @ w + b)
    return x @ params[-2] + params[-1]


@forward.mistake("You return the class of each image. The task asks for the logits, one for each class.")
def _(x, params):
    for w, b in zip(params[:-2:2], params[1:-2:2]):
        x = tf.nn.relu(x @ w + b)
    return tf.argmax(x @ params[-2] + params[-1], axis=1)


@forward.mistake("Your function knows two layers only. How many are in params?")
def _(x, params):
    w1, b1, w2, b2 = params
    return tf.nn.relu(x @ w1 + b1) @ w2 + b2


# -- mse_onehot ---------------------------------------------------------------------------------------------------------


@exercise(
    points=4,
    minutes=8,
    difficulty=2,
    forbid=[
        "keras.losses.mean_squared_error",
        "keras.losses.MeanSquaredError",
        "keras.metrics.MeanSquaredError",
        "tf.compat.v1.losses.mean_squared_error",
    ],
)
def mse_onehot(y, out):
    """Mean squared error between one-hot labels and logits, over the batch and the classes.

    y: int32 [batch], out: float32 [batch, classes] → float32 scalar.
    """
    hot = keras.ops.one_hot(y, out.shape[1])
    return tf.reduce_mean(keras.losses.mean_squared_error(hot, out))


# Dimensions: how many classes (two, some, ten, more than anyone types) · how many images (one, some, as many as classes, more
# than anyone types) · labels: 0, the last class, a class that the batch lacks · logits of both signs, near 0 and far beyond
# 50 · the gradient · the second call, with other labels.


@mse_onehot.case("ten classes, not all of them in the batch", points=1)
def _(rng):
    n = int(rng.integers(2, 9))
    return _labels(rng, n, 9), _normal(rng, n, 10)


@mse_onehot.case("three classes: the depth comes from the logits", points=0.5)
def _(rng):
    return rng.permutation(np.append(_labels(rng, 5, 3), np.arange(3, dtype="int32"))), _normal(rng, 8, 3)


@mse_onehot.case("many images, large logits", points=0.5)
def _(rng):
    n, classes = int(rng.integers(129, 140)), int(rng.integers(11, 14))
    out = _normal(rng, n, classes, scale=100)
    out[-1] += 1000  # the last image weighs as much as all others together
    y = rng.permutation(np.arange(n, dtype="int32") % (classes - 1))
    out[np.arange(n), y] += 100  # so that beside such squares it still counts where the ones stand
    return y, out


def _in_turn_losses(answer, y, out, other, logits):
    return [answer(y, out), answer(other, logits)]


@mse_onehot.case("as many images as classes, and then as many others", probe=_in_turn_losses, points=0.5)
def _(rng):
    n = int(rng.integers(4, 10))
    y = rng.permutation(n).astype("int32")
    return y, _normal(rng, n, n, scale=3), np.roll(y, 1), _normal(rng, n, n, scale=3)


@mse_onehot.case("a batch of one, of many classes", points=0.5)
def _(rng):
    return 1 + _labels(rng, 1, 60), _normal(rng, 1, int(rng.integers(65, 80)))


@mse_onehot.case("its gradient with respect to the logits", gradient=True, points=1)
def _(rng):
    n = int(rng.integers(2, 6))
    return _labels(rng, n, 9), _normal(rng, n, 10)


@mse_onehot.mistake(
    "You average over the batch, but add over the classes: your loss is as many times too large as there are classes."
)
def _(y, out):
    return tf.reduce_mean(tf.reduce_sum(tf.square(tf.one_hot(y, out.shape[1]) - out), axis=1))


@mse_onehot.mistake(
    "You average over the classes, but add over the batch: with twice as many images your loss would be twice as large."
)
def _(y, out):
    return tf.reduce_sum(tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - out), axis=1))


@mse_onehot.mistake("This is the sum of all squares. What makes it a mean?")
def _(y, out):
    return tf.reduce_sum(tf.square(tf.one_hot(y, out.shape[1]) - out))


@mse_onehot.mistake(
    "You compared the logits with the label numbers. A 7 is not seven times a 1: encode the labels first."
)
def _(y, out):
    return tf.reduce_mean(tf.square(tf.cast(y, tf.float32)[:, None] - out))


@mse_onehot.mistake("The depth of your one-hot encoding is always 10. Where can you read how many classes there are?")
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, 10) - out))


@mse_onehot.mistake(
    "You take as many classes as the largest label of this batch asks for. A batch need not hold every class."
)
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, tf.reduce_max(y) + 1) - out))


@mse_onehot.mistake(
    "You encode ten classes and keep as many columns as there are logits. With more than ten there are not enough."
)
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, 10)[:, : out.shape[1]] - out))


@mse_onehot.mistake("Your ones stand one place too far to the left: labels count from 0, like the classes.")
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y - 1, out.shape[1]) - out))


@mse_onehot.mistake("You look at the label's logit alone. The other logits should be 0, and count as much.")
def _(y, out):
    return tf.reduce_mean(tf.square(1.0 - tf.gather(out, y, axis=1, batch_dims=1)))


@mse_onehot.mistake("This is a cross-entropy, which chapter 2 will compare with the mean squared error asked for here.")
def _(y, out):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=out))


@mse_onehot.mistake("These are absolute differences, not squares.")
def _(y, out):
    return tf.reduce_mean(tf.abs(tf.one_hot(y, out.shape[1]) - out))


@mse_onehot.mistake("You took the square root of the error. The task asks for the mean of the squares itself.")
def _(y, out):
    return tf.sqrt(tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - out)))


@mse_onehot.mistake("You sent the logits through a softmax first. Here the squares are taken of the raw logits.")
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - tf.nn.softmax(out)))


@mse_onehot.mistake(
    "You halve the squares, as some books do to make the derivative tidy. The task asks for the plain mean."
)
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - out)) / 2


@mse_onehot.mistake("You return one loss for each image. The task asks for a single number.")
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - out), axis=1)


@mse_onehot.mistake(
    "The value is right, but the tape cannot follow you there: NumPy, .numpy() and float() lead away from TensorFlow, and "
    "without a gradient there is no learning."
)
def _(y, out):
    hot = np.eye(out.shape[1], dtype="float32")[np.asarray(y)]
    return tf.constant(np.mean((hot - out.numpy()) ** 2))


@mse_onehot.mistake(
    "You average the differences and square their mean: differences of opposite signs cancel. Square first."
)
def _(y, out):
    return tf.square(tf.reduce_mean(tf.one_hot(y, out.shape[1]) - out))


@mse_onehot.mistake(
    "You compare the number of the class that is guessed with the label. 7 is not nearer to 8 than to 1, and no gradient passes "
    "through tf.argmax."
)
def _(y, out):
    return tf.reduce_mean(tf.square(tf.cast(y - tf.argmax(out, axis=1, output_type=tf.int32), tf.float32)))


@mse_onehot.mistake("A squared error is never negative: the sign is turned round.")
def _(y, out):
    return -tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - out))


@mse_onehot.mistake("Labels come first here, logits second. Are they exchanged in your function?")
def _(out, y):
    return tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1]) - out))


@mse_onehot.mistake(
    "Whole numbers and logits cannot be subtracted from each other. Of which dtype should the one-hot labels be?"
)
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[1], dtype=tf.int32) - out))


@mse_onehot.mistake("Your depth is the number of images. Along which axis of the logits do the classes lie?")
def _(y, out):
    return tf.reduce_mean(tf.square(tf.one_hot(y, out.shape[0]) - out))


# -- sgd_step -----------------------------------------------------------------------------------------------------------


@exercise(
    points=3,
    minutes=6,
    difficulty=2,
    forbid=["keras.optimizers.SGD", "tf.compat.v1.train.GradientDescentOptimizer"],
)
def sgd_step(params, grads, lr):
    """One step of gradient descent: every variable is changed in place by −lr · gradient.

    params: list of tf.Variable, grads: list of tensors of the same shapes, lr: float → None.
    """
    keras.optimizers.SGD(learning_rate=lr).apply_gradients(zip(grads, params))


def _slopes(rng, *shapes):
    """Gradients of these shapes, most of them uphill, the very first one down."""
    grads = [1 + _normal(rng, *s) for s in shapes]
    grads[0].flat[0] = -rng.uniform(0.5, 2)
    return grads


def _step(answer, params, grads, lr):
    answer(params, grads, lr)
    return [p.numpy() for p in params if isinstance(p, tf.Variable)]


def _two_steps(answer, params, grads, lr):
    answer(params, grads, lr)
    answer(params, grads, lr)
    return [p.numpy() for p in params if isinstance(p, tf.Variable)]


def _two_networks(answer, params, grads, lr):
    # of each list the first half belongs to one network and the rest to another; they take turns
    half = len(params) // 2
    for rate in (lr, 3.0 * lr):
        answer(params[:half], grads[:half], rate)
        answer(params[half:], grads[half:], rate)
    return [p.numpy() for p in params if isinstance(p, tf.Variable)]


# Dimensions: how many parameters (one, some, more than anyone types) · their shapes, scalars, squares, and more rows than anyone
# types · gradients tiny, of both signs and far beyond any clip · the learning rate below and above 1 · the second call, with the
# same lists or with another network's (momentum, a cache) · the lists and gradients that the caller still owns · the
# variables as objects.


@sgd_step.case("one step", probe=_step, points=0.5)
def _(rng):
    m, n = (int(size) for size in rng.permutation(np.arange(3, 7))[:2])
    shapes = [(m, n), (n,), (n, 2), (2,)]
    return [variable(_normal(rng, *s)) for s in shapes], _slopes(rng, *shapes), 0.1


@sgd_step.case("two steps, one after the other", probe=_two_steps, points=1)
def _(rng):
    n = int(rng.integers(3, 6))
    shapes = [(n, n), (n,)]  # square: a gradient that is turned over fits, too
    lr = float(rng.uniform(0.05, 0.5))
    return [variable(_normal(rng, *s)) for s in shapes], _slopes(rng, *shapes), lr


@sgd_step.case("two networks that take turns, with a rate of their own each round", probe=_two_networks, points=0.5)
def _(rng):
    shapes = 2 * [(3, 2), (2,)]
    lr = float(rng.uniform(0.05, 0.3))
    return [variable(_normal(rng, *s)) for s in shapes], [1 + _normal(rng, *s) for s in shapes], lr


@sgd_step.case("a single scalar parameter, a large step", probe=_step, points=0.5)
def _(rng):
    return [variable(_normal(rng))], [np.float32(rng.uniform(0.5, 2)) * np.ones((), "float32")], 3.0


@sgd_step.case("many parameters, some with tiny gradients and some with huge ones", probe=_step, points=0.5)
def _(rng):
    shapes = [(int(rng.integers(129, 140)), 2), *int(rng.integers(12, 15)) * [(3,)]]
    sizes = np.resize([1e5, 1e-3, 40.0], len(shapes))
    grads = [np.float32(size) * (1 + _normal(rng, *s)) for size, s in zip(sizes, shapes, strict=True)]
    return [variable(np.float32(size) * _normal(rng, *s)) for size, s in zip(sizes, shapes, strict=True)], grads, 0.5


@sgd_step.mistake(
    "Nothing has changed: `w - lr * g` is a new tensor, whatever you call it and wherever you put it; the variable stays as it was."
)
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w = w - lr * g  # noqa: PLW2901


@sgd_step.mistake(
    "You put new tensors into the list. At the next step the tape finds no variables there, and its gradients are None."
)
def _(params, grads, lr):
    for i in range(len(params)):
        params[i] = params[i] - lr * grads[i]


@sgd_step.mistake(
    "You put new variables into the list. Whoever holds the old ones, an optimizer or a layer, will not see them change."
)
def _(params, grads, lr):
    for i in range(len(params)):
        params[i] = tf.Variable(params[i] - lr * grads[i])


@sgd_step.mistake("You climb: the gradient points uphill.")
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.assign_add(lr * g)


@sgd_step.mistake("You take the gradients out of the caller's list: after the first step none is left in it.")
def _(params, grads, lr):
    for p in params:
        p.assign_sub(lr * grads.pop(0))


@sgd_step.mistake("Where is the learning rate in your step?")
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.assign_sub(g)


@sgd_step.mistake("You replace the parameter by the step. What is left of its old value?")
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.assign(-lr * g)


@sgd_step.mistake("Only the first parameter moves. Does your function leave the loop too early?")
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.assign_sub(lr * g)
        return


@sgd_step.mistake(
    "Your first step is right and the second is not: you put the scaled gradients into the caller's list, "
    "where the next step scales them again."
)
def _(params, grads, lr):
    for i in range(len(params)):
        grads[i] = lr * grads[i]
        params[i].assign_sub(grads[i])


@sgd_step.mistake("You bound the gradients. That is clipping, which chapter 4 is about; here each counts as it is.")
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.assign_sub(lr * tf.clip_by_value(g, -5.0, 5.0))


@sgd_step.mistake(
    "You divided the step by its length. In plain gradient descent a longer gradient makes a longer step."
)
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.assign_sub(lr * g / tf.norm(g))


@sgd_step.mistake(
    "Your function remembers earlier steps. Plain gradient descent has no momentum: each step is its gradient's alone."
)
def _(params, grads, lr):
    for w, g in zip(params, grads):
        w.velocity = 0.9 * getattr(w, "velocity", 0.0) + g
        w.assign_sub(lr * w.velocity)


@sgd_step.mistake("You step with .01. Which learning rate was asked for?")
def _(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(0.01 * g)


@sgd_step.mistake("You divide by the learning rate. A small rate should make a small step.")
def _(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(g / lr)


@sgd_step.mistake("Your parameters move twice as far as they should. Is the step taken twice?")
def _(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(2 * lr * g)


@sgd_step.mistake(
    "You divide the step by the number of parameters. Each moves by lr times its own gradient, however many there are."
)
def _(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * g / len(params))


@sgd_step.mistake("The two lists have changed places: you ask a gradient to move.")
def _(params, grads, lr):
    for g, p in zip(params, grads):
        p.assign_sub(lr * g)


@sgd_step.mistake(
    "`-=` makes a new tensor, and TensorFlow refuses it for variables. Which method of a variable changes it in place?"
)
def _(params, grads, lr):
    for p, g in zip(params, grads):
        p -= lr * g


@sgd_step.mistake("You move every element by the mean of its gradient. Each element has a derivative of its own.")
def _(params, grads, lr):
    for p, g in zip(params, grads):
        p.assign_sub(lr * tf.fill(p.shape, tf.reduce_mean(g)))


@sgd_step.mistake("This is Adam, which makes its first step equally long for every element, whatever its gradient.")
def _(params, grads, lr):
    keras.optimizers.Adam(lr).apply_gradients(zip(grads, params))


# -- accuracy -----------------------------------------------------------------------------------------------------------


@exercise(
    points=3,
    minutes=5,
    difficulty=1,
    forbid=[
        "keras.metrics.sparse_categorical_accuracy",
        "keras.metrics.SparseCategoricalAccuracy",
        "keras.metrics.categorical_accuracy",
        "keras.metrics.Accuracy",
        "keras.metrics.BinaryAccuracy",
        "tf.math.in_top_k",
        "tf.compat.v1.math.in_top_k",
    ],
)
def accuracy(out, y):
    """The share of images whose largest logit is at their label's place.

    out: float32 [batch, classes], y: int32 [batch] → float between 0 and 1.
    """
    return float(tf.reduce_mean(tf.cast(tf.math.in_top_k(y, out, 1), tf.float32)))


def _logits_and_labels(rng, n, classes, right, least=0):
    """Logits [n, classes] of which so many are right, and labels from `least` on, each about equally often.

    All logits lie in 0 … .4 but the largest of each row, which is near 1; the smallest is never the label's. So every wrong
    way of looking finds another share, as long as `right` is greater than the number of images of one class.
    """
    y = (least + rng.permutation(n) % (classes - least)).astype("int32")
    hit = rng.permutation(n) < right
    lowest, one = int(np.flatnonzero(y == least)[0]), int(np.argmax(hit))
    hit[lowest], hit[one] = (
        hit[one],
        hit[lowest],
    )  # among the right ones is one of the lowest label: nobody may leave it out
    out = (0.1 + 0.3 * rng.random(size=(n, classes))).astype("float32")
    rows, following = np.arange(n), (y + 1 - least) % (classes - least) + least
    following = np.where(following == 0, 1, following)  # no wrong guess turns right for who does not look at class 0
    out[rows, np.where(hit, y, following)] = 0.9 + 0.1 * rng.random(size=n)
    out[rows, np.where(hit, following, y)] = np.where(hit, 0.0, 0.45)
    return out, y


# Dimensions: how many images (one, some, as many as classes, more than anyone types) · how many classes (three, some, more
# than anyone types) · the share: none right, some, all · the place of the largest logit: 0, the middle, the last · how
# large it is: all negative, all far beyond 50 · by how much it is the largest: by far, by little · the second call, with as
# many images. Ties are left out: the task does not say which of two largest counts.


def _in_turn_shares(answer, out, y, other, labels):
    return [answer(out, y), answer(other, labels)]


@accuracy.case(
    "some right, some wrong; then as many images, of which more are right", probe=_in_turn_shares, points=0.5
)
def _(rng):
    n, classes = int(rng.choice([7, 11, 13])), int(rng.integers(4, 7))
    right = int(rng.integers(4, n - 1))
    out, y = _logits_and_labels(rng, n, classes, right)
    first = int(np.flatnonzero(out.argmax(axis=1) == y)[0])
    out[first, y[first]] += 0.5  # of all logits the largest is the first image's, and right
    return np.roll(out, -first, axis=0), np.roll(y, -first), *_logits_and_labels(rng, n, classes, right + 1)


@accuracy.case("as many images as classes", points=0.5)
def _(rng):
    n = int(rng.choice([7, 9, 11]))
    out, y = _logits_and_labels(rng, n, n, int(rng.integers(2, n - 1)))
    out[int(rng.integers(0, n))] += 20  # along the batch the largest of every column is this image's
    return out, y


@accuracy.case("all logits negative, the largest by little", points=0.5)
def _(rng):
    n, classes = int(rng.choice([7, 11, 13])), int(rng.integers(5, 7))
    out, y = _logits_and_labels(rng, n, classes, int(rng.integers(5, n - 1)), least=1)
    out = -20 + 0.005 * out
    out[:, 0] = -21  # where an argmax of equal numbers lands; no image has this label
    return out.astype("float32"), y


@accuracy.case("many images of many classes, large logits, nearly all right", points=0.5)
def _(rng):
    n, classes = int(rng.choice([131, 137, 139])), int(rng.integers(17, 25))
    out, y = _logits_and_labels(rng, n, classes, n - 1)
    last = int(np.flatnonzero(out.argmax(axis=1) != y)[0])
    order = np.append(np.delete(np.arange(n), last), last)  # the one that is wrong stands at the end
    return (1000 * (out[order] + 1)).astype("float32"), y[order]


@accuracy.case("not one is right", points=0.5)
def _(rng):
    n, classes = int(rng.integers(2, 7)), int(rng.integers(7, 10))
    return _logits_and_labels(rng, n, classes, 0)


@accuracy.case("a batch of one, and it is right", points=0.5)
def _(rng):
    return _logits_and_labels(rng, 1, 10, 1)


@accuracy.mistake(
    "You looked for the largest logit along the batch: that is what tf.argmax does unless you tell it the axis."
)
def _(out, y):
    return float(tf.reduce_mean(tf.cast(tf.cast(tf.argmax(out), tf.int32) == y, tf.float32)))


@accuracy.mistake("This is how many are right. What share of the batch is that?")
def _(out, y):
    return float(tf.reduce_sum(tf.cast(tf.cast(tf.argmax(out, axis=1), tf.int32) == y, tf.float32)))


@accuracy.mistake("This is the share of wrong answers.")
def _(out, y):
    return float(tf.reduce_mean(tf.cast(tf.cast(tf.argmax(out, axis=1), tf.int32) != y, tf.float32)))


@accuracy.mistake(
    "tf.argmax returns int64, the labels are int32: comparing them raises an error. Bring them to one dtype."
)
def _(out, y):
    return float(tf.reduce_mean(tf.cast(tf.equal(tf.argmax(out, axis=1), y), tf.float32)))


@accuracy.mistake(
    "Your share is 0 as soon as one image is wrong. A mean over whole numbers is a whole number, and so is what `//` gives: if you "
    "average or divide such numbers, convert them to floating point first."
)
def _(out, y):
    return float(tf.reduce_mean(tf.cast(tf.cast(tf.argmax(out, axis=1), tf.int32) == y, tf.int32)))


@accuracy.mistake(
    "You compare every output with every entry of the one-hot labels. Nine zeros in ten are easy to get right: "
    "how many images are?"
)
def _(out, y):
    hot = tf.one_hot(y, out.shape[1])
    return float(tf.reduce_mean(tf.cast((out > 0.5) == (hot > 0.5), tf.float32)))


@accuracy.mistake(
    "An image counts as right when its largest logit is at its label's place, however small that logit is."
)
def _(out, y):
    best = tf.argmax(tf.nn.relu(out), axis=1, output_type=tf.int32)
    return float(tf.reduce_mean(tf.cast(best == y, tf.float32)))


@accuracy.mistake("You asked for the place of the smallest logit.")
def _(out, y):
    return float(tf.reduce_mean(tf.cast(tf.argmin(out, axis=1, output_type=tf.int32) == y, tf.float32)))


@accuracy.mistake("This is a percentage. The task asks for a share between 0 and 1.")
def _(out, y):
    return 100 * float(tf.reduce_mean(tf.cast(tf.argmax(out, axis=1, output_type=tf.int32) == y, tf.float32)))


@accuracy.mistake("You say for each image whether it is right. What share of them is?")
def _(out, y):
    return tf.cast(tf.argmax(out, axis=1, output_type=tf.int32) == y, tf.float32)


@accuracy.mistake(
    "Each guess was compared with each label: one of the two has an axis too many, and broadcasting did the rest."
)
def _(out, y):
    guess = tf.argmax(out, axis=1, output_type=tf.int32)
    return float(tf.reduce_mean(tf.cast(guess == y[:, None], tf.float32)))


@accuracy.mistake("You count an image only if its softmax gives the label more than one half. The largest is enough.")
def _(out, y):
    share = tf.gather(tf.nn.softmax(out), y, axis=1, batch_dims=1)
    return float(tf.reduce_mean(tf.cast(share > 0.5, tf.float32)))


@accuracy.mistake("You divide by the number of classes. The share of what is asked for?")
def _(out, y):
    return float(np.sum(np.argmax(out, axis=1) == np.asarray(y)) / out.shape[1])


@accuracy.mistake("You round the share. The task asks for it as it is.")
def _(out, y):
    return round(float(np.mean(np.argmax(out, axis=1) == np.asarray(y))), 2)


@accuracy.mistake("The logits come first here, the labels second. Are they exchanged in your function?")
def _(y, out):
    return float(np.mean(tf.argmax(out, axis=1) == np.asarray(y)))
