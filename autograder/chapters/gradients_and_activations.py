"""Chapter 02, gradients and activations: what the tape remembers, and what comes out of it."""

import keras
import numpy as np
import tensorflow as tf

from ..judging.exercise import exercise
from ..judging.values import code, raw, variable

AUTODIFF = ("tf.GradientTape", "tf.gradients", "tf.autodiff.ForwardAccumulator")
"""What an answer must not call where the derivative is to be written down by hand."""


def _normal(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


def _number(rng, low, high):
    """A Python float that float32 holds exactly, so that no answer is a rounding away from another."""
    return float(np.float32(rng.uniform(low, high)))


def _scalar(rng, low=0.5, high=3.0):
    """A scalar tensor with a magnitude between the two, of either sign."""
    return np.asarray(rng.choice([-1, 1]) * rng.uniform(low, high), dtype="float32")


def _slope(function, a):
    with tf.GradientTape() as tape:
        tape.watch(a)
        value = function(a)
    return tape.gradient(value, a)


# -- grad_and_second ----------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=8, difficulty=2)
def grad_and_second(f, x):
    """First and second derivative of f at x, both from the tape; zero where y does not depend on x.

    f: a function that takes a float32 scalar tensor and returns one, x: float → (f'(x), f''(x)), two scalars.
    """
    return _both(f, x)


def _both(f, x):
    """f'(x) and f''(x) by nested forward mode."""
    point, direction = tf.constant(x, tf.float32), tf.constant(1.0)
    with tf.autodiff.ForwardAccumulator(point, direction) as outer:
        with tf.autodiff.ForwardAccumulator(point, direction) as inner:
            value = f(point)
        first = inner.jvp(value, unconnected_gradients="zero")
    return float(first), float(outer.jvp(first, unconnected_gradients="zero"))


_CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # both sides work in float32, whatever kind of number they return


@grad_and_second.case("a cubic", **_CLOSE)
def _(rng):
    a, b = _number(rng, 0.5, 2), _number(rng, -3, -0.5)
    return code(f"lambda x: {a} * x ** 3 + {b} * x ** 2 - x"), _number(rng, 0.8, 2)


@grad_and_second.case("a product of a sine and an exponential", **_CLOSE)
def _(rng):
    return code(f"lambda x: tf.sin({_number(rng, 0.5, 1.5)} * x) * tf.exp(0.5 * x)"), _number(rng, -1, 1)


@grad_and_second.case("a sigmoid", **_CLOSE)
def _(rng):
    return code(f"lambda x: tf.sigmoid({_number(rng, 1, 3)} * x)"), _number(rng, 0.2, 0.9)


@grad_and_second.case("a straight line: its slope does not depend on x", **_CLOSE)
def _(rng):
    return code(f"lambda x: {_number(rng, 1.5, 4)} * x + {_number(rng, -2, 2)}"), _number(rng, -2, 2)


@grad_and_second.case("a value that does not depend on x at all", **_CLOSE)
def _(rng):
    return code(f"lambda x: tf.constant({_number(rng, 1, 5)})"), _number(rng, -2, 2)


@grad_and_second.mistake(
    "For a straight line or a constant you return None. The tape says None where there is no path from x to the result; "
    "this task asks for the number that a mathematician would give."
)
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    return first, None if first is None else outer.gradient(first, x)


@grad_and_second.mistake(
    "The second derivative of a straight line comes out as None. For the first derivative you took care of that case: "
    "the same can happen one order higher."
)
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x, unconnected_gradients="zero")
    return first, outer.gradient(first, x)


@grad_and_second.mistake(
    "Your second derivative is always zero. Was any tape still recording while the first derivative was computed?"
)
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
    first = tape.gradient(y, x, unconnected_gradients="zero")
    return first, tape.gradient(first, x, unconnected_gradients="zero")


@grad_and_second.mistake(
    "Both of your derivatives are always zero. Does the tape know that it should follow this constant?"
)
def _(f, x):
    return 0.0, 0.0


@grad_and_second.mistake("Your second derivative equals your first. Whose gradient does your outer tape compute?")
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
    first = tape.gradient(y, x, unconnected_gradients="zero")
    return first, first


@grad_and_second.mistake("The two numbers are right, in the wrong order: the first derivative comes first.")
def _(f, x):
    first, second = _both(f, x)
    return second, first


@grad_and_second.mistake(
    "You return the value of f and its slope. The task asks for the slope and for the slope of the slope."
)
def _(f, x):
    x = tf.constant(x)
    return f(x), _slope(lambda a: f(a) + 0 * a, x)


@grad_and_second.mistake(
    "These are difference quotients, not derivatives: over a finite step the curve has already bent away. Let the tape do it."
)
def _(f, x):
    h = 0.25  # in float64 and coarse, so that the error is the curve's own and not the luck of rounding
    above, here, below = (float(f(tf.constant(x + d, tf.float64))) for d in (h, 0, -h))
    return (above - below) / (2 * h), (above - 2 * here + below) / h**2


@grad_and_second.mistake("The second derivative is the derivative of f', not its square.")
def _(f, x):
    first, _ = _both(f, x)
    return first, first**2


# -- chain_persistent ---------------------------------------------------------------------------------------------------


@exercise(points=2, minutes=6, difficulty=1)
def chain_persistent(x, w1, b1, w2, b2):
    """Three derivatives of two layers, y1 = x·w1 + b1 and y2 = y1·w2 + b2, from one tape.

    x, w1, b1, w2, b2: float32 scalar tensors → (dy2/dy1, dy1/dw1, dy2/dw1), three float32 scalars.
    """
    return tf.identity(w2), tf.identity(x), w2 * x


def _five(rng):
    return [_scalar(rng) for _ in range(5)]


@chain_persistent.case("five numbers")
def _(rng):
    return tuple(_five(rng))


@chain_persistent.case("large weights and a negative input")
def _(rng):
    x = np.asarray(-rng.uniform(0.5, 3), dtype="float32")
    return x, _scalar(rng, 3, 9), _scalar(rng), _scalar(rng, 10, 30), _scalar(rng)


@chain_persistent.case("weights that come as variables")
def _(rng):
    x, *parameters = _five(rng)
    return x, *(variable(p) for p in parameters)


@chain_persistent.mistake(
    "Your tape was asked a second time, after it had thrown its recording away. Which argument makes it keep the recording?"
)
def _(x, w1, b1, w2, b2):
    with tf.GradientTape() as tape:
        tape.watch([w1, b1, w2, b2])
        y1 = x * w1 + b1
        y2 = y1 * w2 + b2
    return tape.gradient(y2, y1), tape.gradient(y1, w1), tape.gradient(y2, w1)


@chain_persistent.mistake(
    "The tape returned None: nobody told it to follow these tensors. Only trainable variables are watched unasked."
)
def _(x, w1, b1, w2, b2):
    with tf.GradientTape(persistent=True) as tape:
        y1 = x * w1 + b1
        y2 = y1 * w2 + b2
    return tape.gradient(y2, y1), tape.gradient(y1, w1), tape.gradient(y2, w1)


@chain_persistent.mistake("Along a chain rates multiply. You added them.")
def _(x, w1, b1, w2, b2):
    return w2 + 0, x, w2 + x


@chain_persistent.mistake(
    "You took the derivatives with respect to x. The task asks for those with respect to the weight w1."
)
def _(x, w1, b1, w2, b2):
    return w2 + 0, w1 + 0, w2 * w1


@chain_persistent.mistake("All three numbers are there, in another order than the task asks for.")
def _(x, w1, b1, w2, b2):
    return w2 * x, x, w2 + 0


@chain_persistent.mistake("These are the lesson's numbers, 2, 1 and 2. Your function is called with other values.")
def _(x, w1, b1, w2, b2):
    return tf.constant(2.0), tf.constant(1.0), tf.constant(2.0)


@chain_persistent.mistake(
    "Each of your results is a list: the tape answers in the form in which it is asked. A tensor asked for alone comes alone."
)
def _(x, w1, b1, w2, b2):
    return [w2 + 0], [x], [w2 * x]


@chain_persistent.mistake(
    "Your last result is the derivative with respect to w2. Which weight sits at the start of the chain?"
)
def _(x, w1, b1, w2, b2):
    return w2 + 0, x, x * w1 + b1


@chain_persistent.mistake("You return the outputs of the layers, not their derivatives.")
def _(x, w1, b1, w2, b2):
    y1 = x * w1 + b1
    return y1, y1 * w2 + b2, x * w1


# -- sigmoid_grad, tanh_grad, relu_grad ---------------------------------------------------------------------------------


def _around_zero(rng, *shape):
    """Numbers between −6 and 6, among them an exact 0 and its closest neighbourhood on both sides."""
    a = rng.uniform(-6, 6, size=shape).astype("float32")
    a.reshape(-1)[rng.permutation(a.size)[:3]] = 0, 1e-20, -1e-20
    return a


def _far(rng):
    """From −100 to 100, both included, and the middle as well."""
    a = np.concatenate([[-100, 100, 0], rng.uniform(30, 99, 4) * [1, -1, 1, -1], rng.uniform(-3, 3, 3)])
    return rng.permutation(a).astype("float32")


def _activation_cases(exercise_):
    @exercise_.case("numbers between −6 and 6")
    def _(rng):
        return (_around_zero(rng, 9),)

    @exercise_.case("a matrix, as a layer would see it")
    def _(rng):
        return (_around_zero(rng, 3, 4),)

    @exercise_.case("far out, up to ±100")
    def _(rng):
        return (_far(rng),)

    @exercise_.case("exactly 0, a single number")
    def _(rng):
        return (np.asarray(0, "float32"),)


@exercise(points=2, minutes=5, difficulty=1, forbid=AUTODIFF)
def sigmoid_grad(a):
    """The derivative of the sigmoid at a, in closed form, without a tape; finite for |a| ≤ 100.

    a: float32 of any shape → float32 of the same shape.
    """
    return _slope(keras.activations.sigmoid, a)


_activation_cases(sigmoid_grad)


@sigmoid_grad.mistake("s·(1 − s) is a formula in the *output* of the sigmoid. You put the input in.")
def _(a):
    return a * (1 - a)


@sigmoid_grad.mistake(
    "The formula is right on paper, but one of its exponentials overflows: inf / inf is nan. What stays between 0 and 1 for every a?"
)
def _(a):
    return tf.exp(-a) / (1 + tf.exp(-a)) ** 2


@sigmoid_grad.mistake("Your exponential overflows on the other side. Which of the two signs of a is safe?")
def _(a):
    return tf.exp(a) / (1 + tf.exp(a)) ** 2


@sigmoid_grad.mistake("This is the sigmoid itself. Where it is flat, its derivative must be small.")
def _(a):
    return tf.sigmoid(a)


@sigmoid_grad.mistake("1 − s² belongs to another activation, whose outputs run from −1 to 1.")
def _(a):
    return 1 - tf.sigmoid(a) ** 2


@sigmoid_grad.mistake("Your slope is negative, but the sigmoid climbs everywhere.")
def _(a):
    s = tf.sigmoid(a)
    return s * (s - 1)


@sigmoid_grad.mistake("At 0 your slope is 1/2. That is the sigmoid's value there; how steep is it?")
def _(a):
    s = tf.sigmoid(a)
    return 2 * s * (1 - s)


@sigmoid_grad.mistake("Your derivative is a single number for all elements. Each element has its own slope.")
def _(a):
    s = tf.sigmoid(a)
    return tf.reduce_sum(s * (1 - s))


@exercise(points=2, minutes=5, difficulty=1, forbid=AUTODIFF)
def tanh_grad(a):
    """The derivative of tanh at a, in closed form, without a tape; finite for |a| ≤ 100.

    a: float32 of any shape → float32 of the same shape.
    """
    return _slope(keras.activations.tanh, a)


_activation_cases(tanh_grad)


@tanh_grad.mistake("1 − t² is a formula in the *output* of tanh. You put the input in.")
def _(a):
    return 1 - a**2


@tanh_grad.mistake("The square is missing: your slopes go up to 2 on the left, where tanh is flat.")
def _(a):
    return 1 - tf.tanh(a)


@tanh_grad.mistake("t·(1 − t) belongs to another activation, whose outputs run from 0 to 1.")
def _(a):
    t = tf.tanh(a)
    return t * (1 - t)


@tanh_grad.mistake(
    "You built tanh from exponentials that overflow: inf / inf is nan. Is there a function that has taken care of this?"
)
def _(a):
    t = (tf.exp(a) - tf.exp(-a)) / (tf.exp(a) + tf.exp(-a))
    return 1 - t**2


@tanh_grad.mistake("Overflow on one side: your exponential becomes inf for large positive a, and inf / inf is nan.")
def _(a):
    t = (tf.exp(2 * a) - 1) / (tf.exp(2 * a) + 1)
    return 1 - t**2


@tanh_grad.mistake("This is tanh itself. Where it is flat, its derivative must be small.")
def _(a):
    return tf.tanh(a)


@tanh_grad.mistake("Check the sign: tanh climbs everywhere, and its steepest slope is 1, at 0.")
def _(a):
    return 1 + tf.tanh(a) ** 2


@tanh_grad.mistake("Your slope at 0 is 1/4. That is the sigmoid; tanh is a sigmoid stretched in both directions.")
def _(a):
    s = tf.sigmoid(2 * a)
    return s * (1 - s)


@exercise(points=2, minutes=4, difficulty=1, forbid=AUTODIFF)
def relu_grad(a):
    """The derivative of relu at a, in closed form, without a tape; at 0 the value that TensorFlow uses.

    a: float32 of any shape → float32 of the same shape.
    """
    return _slope(keras.activations.relu, a)


_activation_cases(relu_grad)


@relu_grad.mistake(
    "Look at a = 0: there relu has a kink and no derivative. Which of the two slopes does TensorFlow's tape give?"
)
def _(a):
    return tf.cast(a >= 0, a.dtype)


@relu_grad.mistake("At the kink you took the middle, 1/2. TensorFlow decides for one of the two slopes.")
def _(a):
    return (tf.sign(a) + 1) / 2


@relu_grad.mistake("This is relu itself, not its slope: on the right a line rises by the same amount everywhere.")
def _(a):
    return tf.maximum(a, 0)


@relu_grad.mistake("True and False are no slopes yet: your result should be float32, as a is.")
def _(a):
    return a > 0


@relu_grad.mistake("0 / 0 is nan: you divide by a, and a may be 0.")
def _(a):
    return tf.nn.relu(a) / a


@relu_grad.mistake(
    "On the left your slope is −1: that is the derivative of |a|. What does relu do with negative numbers?"
)
def _(a):
    return tf.sign(a)


@relu_grad.mistake("On the left your slope is small but not 0. That is the leaky relu.")
def _(a):
    return tf.where(a > 0, 1.0, 0.01)


@relu_grad.mistake("Your slope is 1 where a is negative and 0 where it is positive. Which side does relu let through?")
def _(a):
    return tf.cast(a < 0, a.dtype)


# -- mse_grad -----------------------------------------------------------------------------------------------------------


@exercise(points=2, minutes=6, difficulty=2, forbid=AUTODIFF)
def mse_grad(p, y):
    """The gradient of the mean squared error mean((p − y)²) with respect to p, without a tape.

    p, y: float32 [batch, classes] → float32 [batch, classes].
    """
    with tf.GradientTape() as tape:
        tape.watch(p)
        loss = tf.reduce_mean(keras.losses.mean_squared_error(y, p))
    return tape.gradient(loss, p)


def _one_hot(rng, batch, classes):
    return np.eye(classes, dtype="float32")[rng.integers(0, classes, size=batch)]


def _probabilities(rng, batch, classes):
    return rng.dirichlet(np.ones(classes), size=batch).astype("float32")


@mse_grad.case("probabilities against one-hot labels")
def _(rng):
    return _probabilities(rng, 5, 3), _one_hot(rng, 5, 3)


@mse_grad.case("any two matrices")
def _(rng):
    return _normal(rng, 4, 7, scale=3), _normal(rng, 4, 7, scale=3)


@mse_grad.case("a batch of one")
def _(rng):
    return _probabilities(rng, 1, 6), _one_hot(rng, 1, 6)


@mse_grad.case("a single output, as in regression")
def _(rng):
    return _normal(rng, 6, 1), _normal(rng, 6, 1)


@mse_grad.mistake("The 2 that comes down from the exponent is missing.")
def _(p, y):
    return (p - y) / tf.cast(tf.size(p), p.dtype)


@mse_grad.mistake("You divide by the number of examples only. Over how many numbers does this mean run?")
def _(p, y):
    return 2 * (p - y) / p.shape[0]


@mse_grad.mistake("You divide by the number of classes only. Over how many numbers does this mean run?")
def _(p, y):
    return 2 * (p - y) / p.shape[1]


@mse_grad.mistake(
    "The sign is turned round: where p is too large, the loss grows with p, so the gradient is positive there."
)
def _(p, y):
    return 2 * (y - p) / tf.cast(tf.size(p), p.dtype)


@mse_grad.mistake("This is the gradient of the sum of squares. What does the mean change?")
def _(p, y):
    return 2 * (p - y)


@mse_grad.mistake("This is the loss itself, a single number. Its gradient has one element for each element of p.")
def _(p, y):
    return tf.reduce_mean((p - y) ** 2)


@mse_grad.mistake("You averaged the gradient as well. Every element of p has a derivative of its own.")
def _(p, y):
    return tf.reduce_mean(2 * (p - y))


@mse_grad.mistake("Where y is 0 your gradient vanishes. The outputs for the wrong classes are part of the mean, too.")
def _(p, y):
    return 2 * y * (p - y) / tf.cast(tf.size(p), p.dtype)


@mse_grad.mistake("You left the square in: its derivative is linear in the error.")
def _(p, y):
    return 2 * (p - y) ** 2 / tf.cast(tf.size(p), p.dtype)


# -- softmax_ce_grad ----------------------------------------------------------------------------------------------------


@exercise(points=4, minutes=15, difficulty=3, forbid=AUTODIFF)
def softmax_ce_grad(x, w, b, y):
    """The gradients of the mean cross-entropy of the logits x @ w + b with respect to w and b, without a tape.

    x: float32 [batch, inputs], w: float32 [inputs, classes], b: float32 [classes], y: int32 [batch]
    → (dw [inputs, classes], db [classes]), float32. The loss is the mean over the batch.
    """
    w, b = tf.convert_to_tensor(w), tf.convert_to_tensor(b)
    with tf.GradientTape() as tape:
        tape.watch([w, b])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, x @ w + b)
        loss = tf.reduce_mean(losses)
    return tuple(tape.gradient(loss, [w, b]))


def _layer(rng, batch, inputs, classes, scale=1.0):
    y = rng.integers(0, classes, size=batch, dtype=np.int32)
    return _normal(rng, batch, inputs), _normal(rng, inputs, classes, scale=scale), _normal(rng, classes), y


@softmax_ce_grad.case("two examples, four inputs, three classes")
def _(rng):
    return _layer(rng, 2, 4, 3)


@softmax_ce_grad.case("a larger batch")
def _(rng):
    return _layer(rng, 9, 5, 10)


@softmax_ce_grad.case("batch, inputs and classes all of one size")
def _(rng):
    return _layer(rng, 4, 4, 4)


@softmax_ce_grad.case("a batch of one")
def _(rng):
    return _layer(rng, 1, 3, 5)


@softmax_ce_grad.case("weights that come as variables")
def _(rng):
    x, w, b, y = _layer(rng, 6, 3, 4)
    return x, variable(w), variable(b), y


@softmax_ce_grad.case("sure and wrong: logits in the hundreds")
def _(rng):
    x, w, b, y = _layer(rng, 5, 3, 4)
    logits = rng.permuted(np.tile([-400.0, -60.0, 200.0, 400.0], (3, 1)), axis=1)
    x = np.eye(3, dtype="float32")[[0, 1, 2, 0, 1]] + 0 * x  # every example picks one row of w
    w = (logits + rng.uniform(-5, 5, size=(3, 4))).astype("float32")
    return x, w, b, np.argmin(x @ w + b, axis=1).astype("int32")


def _error(x, w, b, y):
    return tf.nn.softmax(x @ w + b) - tf.one_hot(y, b.shape[0])


def _over_batch(x):
    return tf.cast(tf.shape(x)[0], tf.float32)


@softmax_ce_grad.mistake(
    "Your gradients are as many times too large as there are examples: the loss is a mean over the batch."
)
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake("The weights' gradient is right. For the biases you averaged a second time.")
def _(x, w, b, y):
    d = _error(x, w, b, y) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_mean(d, axis=0)


@softmax_ce_grad.mistake("The weights' gradient is right; the biases' is a sum where it should be a mean.")
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(x) @ d / _over_batch(x), tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "db still has one row for each example. A bias is shared by the whole batch: what happens to its contributions?"
)
def _(x, w, b, y):
    d = _error(x, w, b, y) / _over_batch(x)
    return tf.transpose(x) @ d, d


@softmax_ce_grad.mistake(
    "You divide by the batch and by the classes. The cross-entropy of one example is a single number, so only the batch is averaged."
)
def _(x, w, b, y):
    d = _error(x, w, b, y) / _over_batch(x) / b.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "The sign is turned round: a step along the *negative* gradient has to raise the logit of the right class."
)
def _(x, w, b, y):
    d = -_error(x, w, b, y) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "Your softmax is exp divided by its sum, and exp overflows for large logits. TensorFlow has one that does not."
)
def _(x, w, b, y):
    e = tf.exp(x @ w + b)
    d = (e / tf.reduce_sum(e, axis=1, keepdims=True) - tf.one_hot(y, b.shape[0])) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "Your softmax runs down the batch. For each example the probabilities of the classes add up to 1."
)
def _(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b, axis=0) - tf.one_hot(y, b.shape[0])) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake("The bias is missing in your logits.")
def _(x, w, b, y):
    d = _error(x, w, tf.zeros_like(b), y) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "This is the gradient of the mean squared error behind a softmax. Which loss does the task name?"
)
def _(x, w, b, y):
    p = tf.nn.softmax(x @ w + b)
    g = 2 * (p - tf.one_hot(y, b.shape[0])) / tf.cast(tf.size(p), tf.float32)
    d = p * (g - tf.reduce_sum(g * p, axis=1, keepdims=True))
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "The labels do not appear in your gradient: it would be the same for a right and for a wrong answer."
)
def _(x, w, b, y):
    d = tf.nn.softmax(x @ w + b) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake("The depth of your one-hot labels is always 3. Where can you read how many classes there are?")
def _(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b) - tf.one_hot(y, 3)) / _over_batch(x)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "dw is transposed: it must have the shape of w, [inputs, classes], so that w can be moved by it."
)
def _(x, w, b, y):
    d = _error(x, w, b, y) / _over_batch(x)
    return tf.transpose(d) @ x, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "You stopped at the logits: this is how the loss changes with them. One more link of the chain leads to w, and another to b."
)
def _(x, w, b, y):
    d = _error(x, w, b, y) / _over_batch(x)
    return d, d


# -- numeric_grad -------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=12, difficulty=3, forbid=AUTODIFF)
def numeric_grad(f, x, h=1e-5):
    """The gradient of f at x by central differences, computed in float64; x is left as it was.

    f: takes an array of x's shape and returns a scalar, x: a NumPy array of any shape and float dtype, h: float
    → NumPy float64 of x's shape.
    """
    # A central difference is the mean of the slope over [x − h, x + h]. Here the tape's slopes are averaged instead.
    x = np.array(x, np.float64)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    result = np.zeros(x.size)
    for i, axis in enumerate(np.eye(x.size).reshape(x.size, *x.shape)):
        slopes = [_slope(f, tf.constant(x + node * h * axis)).numpy().reshape(-1)[i] for node in nodes]
        result[i] = weights @ slopes / 2
    return result.reshape(x.shape)


_FINE = {"rtol": 1e-7, "atol": 1e-7}  # rounding in float64 costs about 1e-10 here; float32 would cost 1e-3


@numeric_grad.case("a sum of cubes, a vector", **_FINE)
def _(rng):
    return code("lambda x: tf.reduce_sum(x ** 3)"), raw(rng.uniform(-2, 2, size=3))


@numeric_grad.case("coordinates that are mixed with each other, a matrix", **_FINE)
def _(rng):
    a = _number(rng, 0.5, 1.5)
    return (
        code(f"lambda x: tf.reduce_sum(tf.sin({a} * x[0]) * x[1]) + tf.reduce_sum(x[0] * x[0])"),
        raw(rng.uniform(-2, 2, size=(2, 3))),
    )


@numeric_grad.case("three dimensions", **_FINE)
def _(rng):
    text = "lambda x: tf.reduce_sum(tf.reduce_sum(x, axis=1) ** 2) + tf.reduce_sum(tf.exp(x))"
    return code(text), raw(rng.uniform(-1, 1, size=(2, 2, 2)))


@numeric_grad.case("x comes in float32", **_FINE)
def _(rng):
    return code("lambda x: tf.reduce_sum(x ** 2) + x[0] * x[-1]"), raw(rng.uniform(0.5, 2, size=3).astype("float32"))


@numeric_grad.case("another step h, a coarse one", rtol=1e-9, atol=1e-9)
def _(rng):
    return (
        code("lambda x: tf.reduce_sum(x ** 3) + tf.reduce_prod(x)"),
        raw(rng.uniform(-2, 2, size=(2, 2))),
        _number(rng, 0.2, 0.6),
    )


def _differences(f, x, h, quotient, one_by_one=True):
    x = np.array(x, np.float64)
    result = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        result[i] = quotient(lambda t, step=step: float(f(x + t * step)))
    return result


@numeric_grad.mistake(
    "You step to one side only. Its error shrinks like h, that of a difference centred on x like h²: you can see it with a coarse h."
)
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: (g(1) - g(0)) / h)


@numeric_grad.mistake("Your gradient is twice too large. How far are x − h and x + h apart?")
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: (g(1) - g(-1)) / h)


@numeric_grad.mistake("The sign is turned round.")
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: (g(-1) - g(1)) / (2 * h))


@numeric_grad.mistake("Your function never looks at its argument h.")
def _(f, x, h=1e-5):
    return _differences(f, x, 1e-5, lambda g: (g(1) - g(-1)) / 2e-5)


@numeric_grad.mistake(
    "You compute in the dtype in which x arrives. In float32 the two values of f agree in almost all of their digits, and their "
    "difference is rounding noise."
)
def _(f, x, h=1e-5):
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        result[i] = (float(f(x + step)) - float(f(x - step))) / (2 * h)
    return result


@numeric_grad.mistake("Everything is computed in float32, whatever x is. A step of 1e-5 is too small for seven digits.")
def _(f, x, h=1e-5):
    x = np.array(x, np.float32)
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        result[i] = (float(f(x + step)) - float(f(x - step))) / (2 * h)
    return result


@numeric_grad.mistake(
    "You compute in float64, but you hand the result back in the dtype of x: seven digits are all that is left."
)
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: (g(1) - g(-1)) / (2 * h)).astype(x.dtype)


@numeric_grad.mistake(
    "You change x itself, and adding and subtracting h does not bring its last digits back. Work on a copy."
)
def _(f, x, h=1e-5):
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = float(f(np.array(x, np.float64)))
        x[i] -= 2 * h
        below = float(f(np.array(x, np.float64)))
        x[i] += h
        result[i] = (above - below) / (2 * h)
    return result


@numeric_grad.mistake(
    "You change x and leave it changed: every element is measured at another place, and the caller's array is no longer what it was."
)
def _(f, x, h=1e-5):
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = float(f(np.array(x, np.float64)))
        x[i] -= 2 * h
        result[i] = (above - float(f(np.array(x, np.float64)))) / (2 * h)
    return result


@numeric_grad.mistake("You move all elements at once. A partial derivative moves one and holds the others still.")
def _(f, x, h=1e-5):
    x = np.array(x, np.float64)
    return np.full(x.shape, (float(f(x + h)) - float(f(x - h))) / (2 * h))


@numeric_grad.mistake("You loop over the first axis only: in a matrix that moves a whole row at once.")
def _(f, x, h=1e-5):
    x = np.array(x, np.float64)
    result = np.zeros_like(x)
    for i in range(len(x)):
        step = np.zeros_like(x)
        step[i] = h
        result[i] = (float(f(x + step)) - float(f(x - step))) / (2 * h)
    return result


@numeric_grad.mistake("The numbers are right, but your gradient is flat. It should have the shape of x.")
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: (g(1) - g(-1)) / (2 * h)).reshape(-1)
