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


def _either(rng, low, high):
    """The same, with a magnitude between the two and of either sign."""
    return (1.0 if rng.integers(0, 2) else -1.0) * _number(rng, low, high)


def _scalar(rng, low=0.5, high=3.0):
    """A scalar tensor with a magnitude between the two, of either sign."""
    return np.asarray(_either(rng, low, high), dtype="float32")


def _slope(function, a):
    with tf.GradientTape() as tape:
        tape.watch(a)
        value = function(a)
    return tape.gradient(value, a)


# -- grad_and_second ----------------------------------------------------------------------------------------------------


@exercise(points=2, minutes=8, difficulty=2)
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


_CLOSE = {"rtol": 2e-5, "atol": 4e-6}  # both sides work in float32, whatever kind of number they return

# Dimensions: the sign of x, x far out and at 0; both derivatives above 0, both below; no path at the first order, none at the
# second, a path at both; constants of float32 in every f, and a wave so short, that neither float64 nor differences (too coarse
# in float32, of f as of its slope) can replace the tape.


@grad_and_second.case("a cubic", **_CLOSE)
def _(rng):
    a, b = _number(rng, -2, -0.5), _number(rng, -3, -0.5)  # falls, and bends down
    return code(f"lambda x: tf.constant({a}) * x ** 3 + {b} * x ** 2 - x"), _number(rng, 0.8, 2)


@grad_and_second.case("a sine, an exponential and a sigmoid, at a negative x", **_CLOSE)
def _(rng):
    a, b = _number(rng, 3, 4), _number(rng, 1, 3)
    text = f"lambda x: tf.sin(tf.constant({a}) * x) * tf.exp(0.5 * x) + tf.sigmoid({b} * x)"
    return code(text), -_number(rng, 0.5 / a, 1.2 / a)  # climbs, and bends up


@grad_and_second.case("a straight line, far out: its slope does not depend on x", **_CLOSE)
def _(rng):
    a, b = float(rng.integers(6, 17)) / 4, float(rng.integers(-2, 3))  # exact in float32, far out as well
    return code(f"lambda x: tf.constant({a}) * x + {b}"), -float(rng.integers(60, 300))


@grad_and_second.case("a value that does not depend on x at all", **_CLOSE)
def _(rng):
    return code(f"lambda x: tf.constant({_number(rng, 1, 5)})"), float(rng.integers(-2, 3))


def _nested(f, x, **first_options):
    """Two nested tapes, of which the outer one may say None."""
    x = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x, **first_options)
    return first, None if first is None else outer.gradient(first, x)


def _asked_outside(f, x):
    """One persistent tape, asked after its block for the slope and for the slope's slope."""
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
    first = tape.gradient(y, x, unconnected_gradients="zero")
    return first, tape.gradient(first, x, unconnected_gradients="zero")


@grad_and_second.mistake(
    "For a straight line or a constant you return None. The tape says None where there is no path from x to the result; "
    "this task asks for the number that a mathematician would give."
)
def _(f, x):
    return _nested(f, x)


@grad_and_second.mistake(
    "The second derivative of a straight line comes out as None. For the first derivative you took care of that case: "
    "the same can happen one order higher."
)
def _(f, x):
    return _nested(f, x, unconnected_gradients="zero")


@grad_and_second.mistake(
    "You return None, whatever f is. A Python float and a constant leave no trace on a tape that nobody told to follow them."
)
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        y = f(x)
    return tape.gradient(y, x), None


@grad_and_second.mistake(
    "Your second derivative is always zero. Was a tape recording, and following x, while the first derivative was computed?"
)
def _(f, x):
    return _asked_outside(f, x)


@grad_and_second.mistake(
    "Both derivatives come out as zero where they are not. Does the tape know that it should follow x, all the way to the result?"
)
def _(f, x):
    return 0.0, 0.0


@grad_and_second.mistake(
    "Your function raises a RuntimeError. Is a tape without `persistent=True` asked more than once?"
)
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x), tape.gradient(y, x)


@grad_and_second.mistake(
    "Your function raises a ValueError. Is what you hand to the tape a tensor yet? x comes as a Python float."
)
def _(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x), 0.0


@grad_and_second.mistake("Your second derivative equals your first. Whose gradient does your outer tape compute?")
def _(f, x):
    first, _ = _both(f, x)
    return first, first


@grad_and_second.mistake("The two numbers are right, in the wrong order: the first derivative comes first.")
def _(f, x):
    first, second = _both(f, x)
    return second, first


@grad_and_second.mistake(
    "You return the value of f and its slope. The task asks for the slope and for the slope of the slope."
)
def _(f, x):
    return f(tf.constant(x)), _both(f, x)[0]


@grad_and_second.mistake(
    "These are difference quotients, not derivatives: over a finite step the curve has already bent away. Let the tape do it."
)
def _(f, x):
    h = 0.25  # coarse, so that the error is the curve's own and not the luck of rounding
    above, here, below = (float(f(tf.constant(x + d))) for d in (h, 0, -h))
    return (above - below) / (2 * h), (above - 2 * here + below) / h**2


@grad_and_second.mistake("The second derivative is the derivative of f', not its square.")
def _(f, x):
    first, _ = _both(f, x)
    return first, first**2


@grad_and_second.mistake(
    "Your first derivative is None already, and a tape cannot be asked about None. Did a tape follow x while f was computed?"
)
def _(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f(x)
        first = inner.gradient(y, x)
    return first, outer.gradient(first, x)


@grad_and_second.mistake("This is the first derivative alone. The task asks for two numbers.")
def _(f, x):
    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = f(x)
    return tape.gradient(y, x, unconnected_gradients="zero")


@grad_and_second.mistake(
    "Your second derivative is always None. The first derivative has to be computed while the tape that you ask next is still "
    "recording."
)
def _(f, x):
    x = tf.Variable(x)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f(x)
    first = inner.gradient(y, x)
    return first, outer.gradient(first, x)


# -- chain_persistent ---------------------------------------------------------------------------------------------------


@exercise(points=2, minutes=6, difficulty=1)
def chain_persistent(x, w1, b1, w2, b2):
    """Three derivatives of two layers, y1 = x·w1 + b1 and y2 = y1·w2 + b2, from one tape.

    x, w1, b1, w2, b2: float32 scalar tensors → (dy2/dy1, dy1/dw1, dy2/dw1), three float32 scalars.
    """
    return tf.identity(w2), tf.identity(x), w2 * x


# Dimensions: sign (all three results above 0, two of them below), size (below 3, above 50), an exact 0 at the start of the chain,
# tensors and variables.


def _five(rng, sign):
    """x, w1, b1, w2, b2, w2 of this sign; x + w2 is never x · w2."""
    w2 = np.asarray(sign * _number(rng, 0.5, 3), dtype="float32")
    return np.float32(_number(rng, 1.1, 1.3)), _scalar(rng), _scalar(rng), w2, _scalar(rng)


@chain_persistent.case("five numbers")
def _(rng):
    return _five(rng, 1)


@chain_persistent.case("large weights and a negative input")
def _(rng):
    x = np.asarray(-_number(rng, 0.5, 3), dtype="float32")
    return x, _scalar(rng, 60, 300), _scalar(rng), np.float32(_number(rng, 60, 300)), _scalar(rng)


@chain_persistent.case("weights that come as variables")
def _(rng):
    x, *parameters = _five(rng, -1)
    return x, *(variable(p) for p in parameters)


@chain_persistent.case("an input of 0")
def _(rng):
    return np.float32(0), *_five(rng, -1)[1:]


def _layers(x, w1, b1, w2, b2):
    y1 = x * w1 + b1
    return y1, y1 * w2 + b2


@chain_persistent.mistake(
    "Your function raises a RuntimeError. Was the tape asked a second time, after it had thrown its recording away? "
    "Which argument makes it keep the recording?"
)
def _(x, w1, b1, w2, b2):
    with tf.GradientTape() as tape:
        tape.watch([w1, b1, w2, b2])
        y1, y2 = _layers(x, w1, b1, w2, b2)
    return tape.gradient(y2, y1), tape.gradient(y1, w1), tape.gradient(y2, w1)


@chain_persistent.mistake(
    "The tape returned None: nobody had told it to follow these tensors when they were used. Only trainable variables are watched "
    "unasked."
)
def _(x, w1, b1, w2, b2):
    with tf.GradientTape(persistent=True) as tape:
        y1, y2 = _layers(x, w1, b1, w2, b2)
    return tape.gradient(y2, y1), tape.gradient(y1, w1), tape.gradient(y2, w1)


@chain_persistent.mistake(
    "All your results are None. Are the layers computed while the tape is open? And is it asked the right way round, for the "
    "gradient *of* what comes out *by* what went in?"
)
def _(x, w1, b1, w2, b2):
    return None, None, None


@chain_persistent.mistake(
    "dy2/dy1 is None: no path leads from your y2 back to your y1. Is y2 made from that very y1, or from another copy of it?"
)
def _(x, w1, b1, w2, b2):
    return None, x, w2 * x


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
    return *_layers(x, w1, b1, w2, b2), x * w1


@chain_persistent.mistake(
    "Asked by a list, a tape gives the derivatives of one result. Two of your three are of y2, one is of y1."
)
def _(x, w1, b1, w2, b2):
    return w2, x * w2, x * w2


@chain_persistent.mistake(
    "Your function raises a ValueError. A Python float leaves no trace on a tape: why not take the tensors as they come?"
)
def _(x, w1, b1, w2, b2):
    w1 = float(w1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(w1)
        y1 = x * w1 + b1
    return tape.gradient(y1, w1)


@chain_persistent.mistake(
    "The two derivatives by w1 are None: the tape never followed it. A tensor must be watched, and it must be the very object "
    "that the layer is computed with, not a copy of its value."
)
def _(x, w1, b1, w2, b2):
    return tf.convert_to_tensor(w2), None, None


@chain_persistent.mistake("Along the chain a factor is missing in your last result: how fast y1 grows with w1.")
def _(x, w1, b1, w2, b2):
    return w2, x, w2


# -- sigmoid_grad, tanh_grad, relu_grad ---------------------------------------------------------------------------------


# Dimensions of all three: the size of a (tiny, small, 7 to 11, 100) and its sign, an exact 0 and its closest neighbours on both
# sides, where in the tensor these stand; the shape (a scalar, one to three dimensions, one of them 1), sizes beyond 8, 16 and 128.


def _special(rng, *shape, reach):
    """Numbers between −6 and 6, at places drawn for them an exact 0, both its closest neighbours, and `reach` far out."""
    a = rng.uniform(-6, 6, size=shape).astype("float32")
    special = (0, 1e-20, -1e-20, *reach)
    a.reshape(-1)[rng.permutation(a.size)[: len(special)]] = special
    return a


def _each(answer, *tensors):
    return [answer(a) for a in tensors]


def _activation_cases(exercise_):
    @exercise_.case("numbers near 0, exactly 0, and far out, up to ±100")
    def _(rng):
        middle = (_number(rng, 0.5, 1.5), -_number(rng, 0.5, 1.5))  # where one curve is told from another
        shoulder = (_number(rng, 6.5, 9), _number(rng, 10.2, 11), -_number(rng, 10.2, 11))  # flat, and not yet 0
        reach = (*middle, *shoulder, -100, 100, _number(rng, 30, 99), -_number(rng, 30, 99))
        return (_special(rng, int(rng.integers(13, 18)), reach=reach),)

    @exercise_.case("a single number, a matrix, and three dimensions, as layers would see them", probe=_each)
    def _(rng):
        matrix = _special(rng, int(rng.integers(2, 5)), int(rng.integers(2, 5)), reach=())
        large = _special(rng, int(rng.integers(129, 150)), 1, int(rng.integers(2, 4)), reach=())
        return np.float32(0), np.float32(_either(rng, 0.5, 3)), matrix, large


@exercise(points=1, minutes=5, difficulty=1, forbid=AUTODIFF)
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


@exercise(points=1, minutes=5, difficulty=1, forbid=AUTODIFF)
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
    "You built it from exponentials that overflow: inf / inf is nan. Is there a function that has taken care of this?"
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


@exercise(points=1, minutes=4, difficulty=1, forbid=AUTODIFF)
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


@sigmoid_grad.mistake(
    "Inside of the brackets stands the input where the sigmoid belongs: s·(1 − s) is a formula in s alone."
)
def _(a):
    return tf.sigmoid(a) * (1 - a)


@sigmoid_grad.mistake("The functions of `math` take a single number. TensorFlow's take tensors of any shape.")
def _(a):
    from math import exp

    return exp(-a) / (1 + exp(-a)) ** 2


@tanh_grad.mistake("You squared the input before the tanh. It is the output that is squared.")
def _(a):
    return 1 - tf.tanh(a**2)


@tanh_grad.mistake("1 / cosh is not yet the slope: at 1 it is 0.65, and tanh climbs by 0.42 there.")
def _(a):
    return 1 / tf.cosh(a)


@relu_grad.mistake(
    "`if` asks one question, and a tensor has one answer for each element. Which operations compare, or choose, element by element?"
)
def _(a):
    return 1.0 if a > 0 else 0.0


@relu_grad.mistake("Your slopes are whole numbers. The task asks for float32, as a is.")
def _(a):
    return tf.cast(a > 0, tf.int32)


@relu_grad.mistake("Beyond 6 your slope is 0: that is relu6. A relu has no upper end.")
def _(a):
    return tf.cast((a > 0) & (a < 6), tf.float32)


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


# Dimensions: probabilities and any numbers, so far apart that gradients go beyond 1; one example, one class, more than 128 examples
# of more than ten classes; never 2 or 4 elements, which a student may type.


@mse_grad.case("probabilities against one-hot labels")
def _(rng):
    batch, classes = rng.integers(2, 7), rng.integers(3, 6)  # 2 + 2 would be 2 · 2
    return _probabilities(rng, batch, classes), _one_hot(rng, batch, classes)


@mse_grad.case("any two matrices, large ones")
def _(rng):
    batch, classes = rng.integers(129, 150), rng.integers(11, 20)
    return _normal(rng, batch, classes, scale=5000), _normal(rng, batch, classes, scale=5000)


@mse_grad.case("a batch of one")
def _(rng):
    classes = rng.integers(5, 9)
    return _probabilities(rng, 1, classes), _one_hot(rng, 1, classes)


@mse_grad.case("a single output, as in regression")
def _(rng):
    p = _normal(rng, rng.integers(5, 9), 1)
    y = p + rng.choice([-1, 1], size=p.shape) * (0.5 + abs(_normal(rng, *p.shape)))
    y[:2] = p[:2] + np.float32([[1], [-1]])  # either sign, whatever comes
    return p, y.astype("float32")


def _over_all(p):
    return tf.cast(tf.size(p), p.dtype)


@mse_grad.mistake("The 2 that comes down from the exponent is missing.")
def _(p, y):
    return (p - y) / _over_all(p)


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
    return 2 * (y - p) / _over_all(p)


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
    return 2 * y * (p - y) / _over_all(p)


@mse_grad.mistake("You left the square in: its derivative is linear in the error.")
def _(p, y):
    return 2 * (p - y) ** 2 / _over_all(p)


@mse_grad.mistake(
    "tf.size is a whole number, and TensorFlow does not divide float32 by int32. Bring it to the dtype of p."
)
def _(p, y):
    return 2 * (p - y) / tf.size(p)


@mse_grad.mistake(
    "Your gradient is never negative. Where p is too small, the loss falls when p grows: which sign is that?"
)
def _(p, y):
    return 2 * tf.abs(p - y) / tf.cast(tf.size(p), p.dtype)


@mse_grad.mistake(
    "You averaged over the batch, so that one row is left. Every element of p has a derivative of its own."
)
def _(p, y):
    return tf.reduce_mean(2 * (p - y), axis=0)


@mse_grad.mistake("A matrix of 4 rows and 3 columns has not 4 + 3 elements.")
def _(p, y):
    return 2 * (p - y) / (p.shape[0] + p.shape[1])


# -- softmax_ce_grad ----------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=15, difficulty=3, forbid=AUTODIFF)
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
    x, w, b = _normal(rng, batch, inputs), _normal(rng, inputs, classes, scale=scale), _normal(rng, classes)
    y = rng.integers(0, classes, size=batch, dtype=np.int32)
    y[2:3] = classes - 1  # of two examples none is of the last class, of three or more one is
    y[0] = np.argmin((x @ w + b)[0, :-1])  # one label at least is not the guess, and not all are the same
    y[1:2] = (y[0] + rng.integers(1, classes - 1)) % (classes - 1)
    return x, w, b, y


# Dimensions: batch 1 to more than 128, classes 2 to more than 10, all sizes equal and all different; labels first, middle, last;
# inputs beyond ±50; logits far apart within a row (smallest first and last), and rows far apart from each other; variables.


@softmax_ce_grad.case("two examples, four inputs, three classes")
def _(rng):
    return _layer(rng, 2, 4, 3)


@softmax_ce_grad.case("a large batch of many classes")
def _(rng):
    return _layer(rng, rng.integers(129, 150), rng.integers(5, 8), rng.integers(11, 20))


@softmax_ce_grad.case("batch, inputs and classes all of one size")
def _(rng):
    size = int(rng.integers(4, 7))
    return _layer(rng, size, size, size)


@softmax_ce_grad.case("a batch of one, inputs and one bias in the hundreds")
def _(rng):
    classes = int(rng.integers(4, 7))
    x, w, b, _ = _layer(rng, 1, int(rng.integers(2, 4)), classes, scale=0.01)
    surest = int(rng.integers(1, classes - 1))
    b[surest] = 300
    label = 1 + (surest - 1 + rng.integers(1, classes - 2)) % (classes - 2)  # not 0: one place wide would be broadcast
    return 200 * (np.sign(x) * 0.5 + x), w, b, np.array([label], "int32")


@softmax_ce_grad.case("weights that come as variables")
def _(rng):
    x, w, b, y = _layer(rng, rng.integers(5, 9), 3, 4)
    return x, variable(w), variable(b), y


@softmax_ce_grad.case("sure and wrong: logits in the hundreds, each row at a height of its own")
def _(rng):
    # every example picks one row of w: one that climbs, one that falls, one in any order; at −600, 0 and 600 in any order
    ladder = np.array([-400.0, -60.0, 200.0, 400.0])
    rows = np.stack([ladder, ladder[::-1], rng.permutation(ladder)]) + rng.permutation([-600.0, 0, 600])[:, None]
    w = (rows + rng.uniform(-5, 5, size=(3, 4))).astype("float32")
    x, b = np.eye(3, dtype="float32")[[0, 1, 2, 0, 1]], _normal(rng, 4)
    return x, w, b, np.argmin(x @ w + b, axis=1).astype("int32")


def _labels(b, y):
    return tf.one_hot(y, b.shape[0])


def _over_batch(x):
    return tf.cast(tf.shape(x)[0], tf.float32)


def _error(x, w, b, y):
    """Softmax minus labels, as a mean over the batch."""
    return (tf.nn.softmax(x @ w + b) - _labels(b, y)) / _over_batch(x)


def _back(x, d):
    """From the gradient at the logits to those of w and b."""
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "Your gradients are as many times too large as there are examples: the loss is a mean over the batch."
)
def _(x, w, b, y):
    return _back(x, _error(x, w, b, y) * _over_batch(x))


@softmax_ce_grad.mistake("The weights' gradient is right. For the biases you averaged a second time.")
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(x) @ d, tf.reduce_mean(d, axis=0)


@softmax_ce_grad.mistake("The weights' gradient is right; the biases' is a sum where it should be a mean.")
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(x) @ d, tf.reduce_sum(d * _over_batch(x), axis=0)


@softmax_ce_grad.mistake(
    "db still has one row for each example. A bias is shared by the whole batch: what happens to its contributions?"
)
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(x) @ d, d


@softmax_ce_grad.mistake(
    "Your db adds over the classes: one number for each example. A bias belongs to a class; over which axis is it shared?"
)
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=1)


@softmax_ce_grad.mistake(
    "You divide by the batch and by the classes. The cross-entropy of one example is a single number, so only the batch is averaged."
)
def _(x, w, b, y):
    return _back(x, _error(x, w, b, y) / b.shape[0])


@softmax_ce_grad.mistake(
    "The sign is turned round: a step along the *negative* gradient has to raise the logit of the right class."
)
def _(x, w, b, y):
    return _back(x, -_error(x, w, b, y))


@softmax_ce_grad.mistake(
    "Your softmax is exp divided by its sum, and exp overflows for large logits. TensorFlow has one that does not."
)
def _(x, w, b, y):
    e = tf.exp(x @ w + b)
    return _back(x, (e / tf.reduce_sum(e, axis=1, keepdims=True) - _labels(b, y)) / _over_batch(x))


@softmax_ce_grad.mistake(
    "You subtract one largest logit from the whole batch. Where a row's own logits lie far below it, all its exponentials are 0, "
    "and 0 / 0 is nan. Each example needs a maximum of its own."
)
def _(x, w, b, y):
    z = x @ w + b
    e = tf.exp(z - tf.reduce_max(z))
    return _back(x, (e / tf.reduce_sum(e, axis=1, keepdims=True) - _labels(b, y)) / _over_batch(x))


@softmax_ce_grad.mistake(
    "Your softmax runs down the batch. For each example the probabilities of the classes add up to 1."
)
def _(x, w, b, y):
    return _back(x, (tf.nn.softmax(x @ w + b, axis=0) - _labels(b, y)) / _over_batch(x))


@softmax_ce_grad.mistake("The bias is missing in your logits.")
def _(x, w, b, y):
    return _back(x, _error(x, w, tf.zeros_like(b), y))


@softmax_ce_grad.mistake(
    "This is the gradient of the mean squared error behind a softmax. Which loss does the task name?"
)
def _(x, w, b, y):
    p = tf.nn.softmax(x @ w + b)
    g = 2 * (p - _labels(b, y)) / _over_all(p)
    return _back(x, p * (g - tf.reduce_sum(g * p, axis=1, keepdims=True)))


@softmax_ce_grad.mistake(
    "The labels do not appear in your gradient: it would be the same for a right and for a wrong answer."
)
def _(x, w, b, y):
    return _back(x, tf.nn.softmax(x @ w + b) / _over_batch(x))


@softmax_ce_grad.mistake(
    "You subtract the class *numbers* from the probabilities. Class 2 is no more of anything than class 1: give each class a place of its own."
)
def _(x, w, b, y):
    return _back(x, (tf.nn.softmax(x @ w + b) - tf.cast(y, tf.float32)[:, None]) / _over_batch(x))


@softmax_ce_grad.mistake(
    "The depth of your one-hot labels is always the same. Where can you read how many classes there are?"
)
def _(x, w, b, y):
    return _back(x, (tf.nn.softmax(x @ w + b) - tf.one_hot(y, 3)) / _over_batch(x))


@softmax_ce_grad.mistake(
    "The depth of your one-hot labels follows the largest label of this batch. A class need not occur in it: where can you read how "
    "many there are?"
)
def _(x, w, b, y):
    return _back(x, (tf.nn.softmax(x @ w + b) - tf.one_hot(y, int(tf.reduce_max(y)) + 1)) / _over_batch(x))


@softmax_ce_grad.mistake(
    "dw is transposed: it must have the shape of w, [inputs, classes], so that w can be moved by it."
)
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return tf.transpose(d) @ x, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake("Both gradients are right, in the wrong order: the weights' comes first.")
def _(x, w, b, y):
    dw, db = _back(x, _error(x, w, b, y))
    return db, dw


@softmax_ce_grad.mistake(
    "You stopped at the logits: this is how the loss changes with them. One more link of the chain leads to w, and another to b."
)
def _(x, w, b, y):
    d = _error(x, w, b, y)
    return d, d


@softmax_ce_grad.mistake("You subtract one-hot labels as wide as the input. They need one place for each class.")
def _(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b) - tf.one_hot(y, x.shape[1])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "[batch, inputs] times [batch, classes] is no matrix product. Which of the two must be transposed to give [inputs, classes]?"
)
def _(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return x @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake("Your db is a single number. Each class has a bias, and so a gradient, of its own.")
def _(x, w, b, y):
    d = (tf.nn.softmax(x @ w + b) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d)


@softmax_ce_grad.mistake(
    "A sigmoid looks at each class by itself. Here the classes share one probability: which function does that?"
)
def _(x, w, b, y):
    d = (tf.sigmoid(x @ w + b) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@softmax_ce_grad.mistake(
    "The biases' gradient is right. The weights' is a sum over the batch where it should be a mean."
)
def _(x, w, b, y):
    d = tf.nn.softmax(x @ w + b) - tf.one_hot(y, b.shape[0])
    return tf.transpose(x) @ d, tf.reduce_mean(d, axis=0)


@softmax_ce_grad.mistake("softmax twice: the second is applied to probabilities, which are all close to each other.")
def _(x, w, b, y):
    d = (tf.nn.softmax(tf.nn.softmax(x @ w + b)) - tf.one_hot(y, b.shape[0])) / x.shape[0]
    return tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


# -- relu_layer_grad ----------------------------------------------------------------------------------------------------


@exercise(points=2, minutes=10, difficulty=2, forbid=AUTODIFF)
def relu_layer_grad(x, w, b, upstream):
    """Backward through h = relu(x @ w + b), without a tape: from dL/dh to (dL/dx, dL/dw, dL/db).

    x: float32 [batch, inputs], w: float32 [inputs, units], b: float32 [units], upstream: float32 [batch, units], which is dL/dh
    → (dx, dw, db), float32, in the shapes of x, w and b. At the kink relu has the slope 0, as in TensorFlow.
    """
    layer = [x, tf.convert_to_tensor(w), tf.convert_to_tensor(b)]
    with tf.GradientTape() as tape:
        tape.watch(layer)
        h = keras.activations.relu(layer[0] @ layer[1] + layer[2])
    return tuple(tape.gradient(h, layer, output_gradients=upstream))


# Dimensions: sizes all different, all equal, one example, more than 128; units open and shut in the same row and in the same
# column, exactly at the kink (halves make it exact) and a hair above it, shut for the whole batch; either sign of x and of upstream; variables.


def _whole(rng, *shape):
    """Whole numbers from −3 to 3, none of them 0."""
    return (rng.integers(1, 4, size=shape) * rng.choice([-1, 1], size=shape)).astype("float32")


def _relu_layer(rng, batch, inputs, units, heights):
    """x, w, b, upstream; b puts the sums of the first row at these heights, of which the first two owe everything to b.

    The second row is the first, turned round: what is a little below 0 there is above it here.
    """
    x, w, b = _whole(rng, batch, inputs), _whole(rng, inputs, units), _whole(rng, units) + np.float32(0.5)
    x[0, 0] = -abs(x[0, 0])
    x[1:2] = -x[0]
    w[0, :2] += np.sign(w[0, :2]) * ((x @ w)[0, :2] == 0)
    w[:, :2] *= np.where((x @ w)[0, :2] > 0, -1, 1)
    b[: len(heights)] = np.asarray(heights) - (x @ w)[0, : len(heights)]
    upstream = (rng.choice([-1, 1], size=(batch, units)) * rng.uniform(1.25, 2.5, size=(batch, units))).astype(
        "float32"
    )
    upstream[0, :2] = -abs(upstream[0, :2])
    return x, w, b, upstream


@relu_layer_grad.case("a small layer")
def _(rng):
    return _relu_layer(rng, 4, 2, 3, heights=(8.5, -0.5))


@relu_layer_grad.case("batch, inputs and units all of one size")
def _(rng):
    size = int(rng.integers(5, 8))  # smaller weights may well be their own transpose
    return _relu_layer(rng, size, size, size, heights=(8.5, -0.5))


@relu_layer_grad.case("exactly at the kink, one example")
def _(rng):
    return _relu_layer(rng, 1, int(rng.integers(2, 5)), int(rng.integers(4, 6)), heights=(0, 8, -3, 2.0**-12))


@relu_layer_grad.case("a large layer, its weights as variables, one unit shut for the whole batch")
def _(rng):
    batch, inputs, units = (int(rng.integers(*span)) for span in ((129, 150), (11, 20), (17, 24)))
    x, w, b, upstream = _relu_layer(rng, batch, inputs, units, heights=(8.5, -5.5))
    b[2] = -9 * inputs - 1.5
    return x, variable(w), variable(b), 30 * upstream


def _open(x, w, b):
    return tf.cast(x @ w + b > 0, tf.float32)


def _links(x, w, d):
    """From the gradient at the sums x @ w + b to those of x, w and b."""
    return d @ tf.transpose(tf.convert_to_tensor(w)), *_back(x, d)


@relu_layer_grad.mistake("You walk past the relu as if it were not there. What does a unit that is shut let through?")
def _(x, w, b, upstream):
    return _links(x, w, upstream)


@relu_layer_grad.mistake("At the kink your relu has the slope 1. In TensorFlow it is 0 there.")
def _(x, w, b, upstream):
    return _links(x, w, upstream * tf.cast(x @ w + b >= 0, tf.float32))


@relu_layer_grad.mistake(
    "You let through what is positive in upstream. It is the forward pass that decides which units are open."
)
def _(x, w, b, upstream):
    return _links(x, w, tf.nn.relu(upstream))


@relu_layer_grad.mistake("You multiply by the relu's output. Its slope is wanted: how steep is it where it is open?")
def _(x, w, b, upstream):
    return _links(x, w, upstream * tf.nn.relu(x @ w + b))


@relu_layer_grad.mistake("You asked whether x @ w is positive. The relu sees the sum with the bias.")
def _(x, w, b, upstream):
    return _links(x, w, upstream * tf.cast(x @ w > 0, tf.float32))


@relu_layer_grad.mistake(
    "upstream does not appear in your gradients: how much the loss cares about each output is the first factor of the chain."
)
def _(x, w, b, upstream):
    return _links(x, w, _open(x, w, b))


@relu_layer_grad.mistake(
    "You divide by the batch. Whatever mean the loss takes is in upstream already; a layer only passes it on."
)
def _(x, w, b, upstream):
    return _links(x, w, upstream * _open(x, w, b) / tf.cast(tf.shape(x)[0], tf.float32))


@relu_layer_grad.mistake("For the biases you averaged over the batch. Contributions to a shared number add up.")
def _(x, w, b, upstream):
    d = upstream * _open(x, w, b)
    dx, dw, _ = _links(x, w, d)
    return dx, dw, tf.reduce_mean(d, axis=0)


@relu_layer_grad.mistake("db still has one row for each example: the batch shares the biases.")
def _(x, w, b, upstream):
    d = upstream * _open(x, w, b)
    dx, dw, _ = _links(x, w, d)
    return dx, dw, d


@relu_layer_grad.mistake("For w and b you went through the relu, for x you did not. All three lie behind it.")
def _(x, w, b, upstream):
    _, dw, db = _links(x, w, upstream * _open(x, w, b))
    return _links(x, w, upstream)[0], dw, db


@relu_layer_grad.mistake("All three gradients are there, in another order than the task asks for: x, w, b.")
def _(x, w, b, upstream):
    dx, dw, db = _links(x, w, upstream * _open(x, w, b))
    return dw, db, dx


@relu_layer_grad.mistake("You stopped before the layer: this is how the loss changes with the sums x @ w + b.")
def _(x, w, b, upstream):
    d = upstream * _open(x, w, b)
    return d, d, d


@relu_layer_grad.mistake(
    "[batch, units] times [inputs, units] is no matrix product. Which of the two must be transposed to give [batch, inputs]?"
)
def _(x, w, b, upstream):
    d = upstream * tf.cast(x @ w + b > 0, tf.float32)
    return d @ w, tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@relu_layer_grad.mistake(
    "True and False are no numbers for TensorFlow: make float32 of the comparison before you multiply."
)
def _(x, w, b, upstream):
    d = upstream * (x @ w + b > 0)
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


@relu_layer_grad.mistake(
    "Your db adds over the units, one number for each example. A bias belongs to a unit: over which axis is it shared?"
)
def _(x, w, b, upstream):
    d = upstream * tf.cast(x @ w + b > 0, tf.float32)
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=1)


@relu_layer_grad.mistake("dw is transposed: it must have the shape of w, [inputs, units].")
def _(x, w, b, upstream):
    d = upstream * tf.cast(x @ w + b > 0, tf.float32)
    return d @ tf.transpose(w), tf.transpose(d) @ x, tf.reduce_sum(d, axis=0)


@relu_layer_grad.mistake("db has an axis too many: b is [units], not [1, units].")
def _(x, w, b, upstream):
    d = upstream * tf.cast(x @ w + b > 0, tf.float32)
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=0, keepdims=True)


@relu_layer_grad.mistake("A little gets through your relu where it is shut: that is a leaky one.")
def _(x, w, b, upstream):
    d = upstream * tf.where(x @ w + b > 0, 1.0, 0.01)
    return d @ tf.transpose(w), tf.transpose(x) @ d, tf.reduce_sum(d, axis=0)


# -- numeric_grad -------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=12, difficulty=3, forbid=AUTODIFF)
def numeric_grad(f, x, h=1e-5):
    """The gradient of f at x by central differences, computed in float64; x is left as it was.

    f: takes an array of x's shape and returns a scalar, x: a NumPy array of any shape and float dtype, h: float
    → NumPy float64 of x's shape.
    """
    # A central difference is the mean of the slope over [x − h, x + h]. Here the tape's slopes are averaged instead; three nodes
    # are exact for slopes up to the fifth degree. What TensorFlow cannot see through is moved along the imaginary axis.
    x = np.array(x, np.float64)
    nodes, weights = np.polynomial.legendre.leggauss(3)
    seen = tf.is_tensor(f(x))
    result = np.zeros(x.size)
    for i, axis in enumerate(np.eye(x.size).reshape(x.size, *x.shape)):
        if seen:
            slopes = [_slope(f, tf.constant(x + node * h * axis)) for node in nodes]
            result[i] = weights @ [slope.numpy().reshape(-1)[i] for slope in slopes] / 2
        else:
            result[i] = np.imag(f(x + 1e-30j * axis)) / 1e-30
    return result.reshape(x.shape)


def _array(rng, low, high, *shape):
    """Numbers between the two, and at a place drawn for it a speck: no step can be added to it and taken away without a trace."""
    x = rng.uniform(low, high, size=shape)
    x.reshape(-1)[rng.integers(0, x.size)] = 1e-12 * rng.uniform(1, 2)
    return x


def _each_shape(answer, f, arrays):
    return [answer(f, x) for x in arrays]


_FINE = {"rtol": 1e-7, "atol": 1e-7}  # rounding in float64 costs about 1e-10 here; float32 would cost 1e-3

# Dimensions: no to three dimensions, one of them 1, one element to more than 64, elements beyond ±50; slopes of either sign;
# coordinates apart and mixed; float64 and
# float32; h left out and given, fine and coarse; f in TensorFlow and in NumPy.


@numeric_grad.case("a sum of cubes, a vector", **_FINE)
def _(rng):
    return code("lambda x: tf.reduce_sum(x ** 3)"), raw(_array(rng, -2, 2, int(rng.integers(2, 5))))


@numeric_grad.case("coordinates that are mixed with each other, a matrix", **_FINE)
def _(rng):
    text = f"lambda x: tf.reduce_sum(tf.sin({_number(rng, 0.5, 1.5)} * x[0]) * x[1]) + tf.reduce_sum(x[0] * x[0] - 5.0 * x[1])"
    return code(text), raw(_array(rng, -2, 2, 2, int(rng.integers(2, 4))))


@numeric_grad.case("three dimensions, or none: a function written in NumPy", probe=_each_shape, **_FINE)
def _(rng):
    arrays = [raw(_array(rng, -1, 1, 2, 1, 3)), raw(rng.uniform(1, 2))]
    return code("lambda x: np.sum(x ** 3) + np.sum(x) ** 2 - 25 * np.sum(x)"), arrays


@numeric_grad.case("x comes in float32", **_FINE)
def _(rng):
    return code("lambda x: tf.reduce_sum(x ** 2) + x[0] * x[-1]"), raw(_array(rng, 0.5, 2, 3).astype("float32"))


@numeric_grad.case("another step h, a coarse one", rtol=1e-9, atol=1e-9)
def _(rng):
    x = rng.choice([-1, 1], size=(2, 2)) * _array(rng, 1.2, 2, 2, 2)
    return code("lambda x: tf.reduce_sum(x ** 5) + tf.reduce_prod(x) - 100.0 * x[0, 0]"), raw(x), _number(rng, 0.2, 0.6)


@numeric_grad.case("a long vector of large numbers, a function written in NumPy", rtol=1e-6, atol=1e-3)
def _(rng):
    return code("lambda x: np.sum(x ** 2)"), raw(rng.uniform(-200, 200, size=int(rng.integers(65, 70))))


def _differences(f, x, h, quotient, dtype="float64"):
    """One element after the other: quotient(g), where g(t) is f with that element moved by t·h."""
    x = np.array(x, dtype)
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        result[i] = quotient(lambda t, step=step: float(f(x + t * step)))
    return result


def _central(f, x, h, dtype="float64"):
    return _differences(f, x, h, lambda g: (g(1) - g(-1)) / (2 * h), dtype)


def _in_place(f, x, h, put_back):
    """The same, moving the elements of x itself; put_back: undo the last move?"""
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = float(f(np.array(x, np.float64)))
        x[i] -= 2 * h
        below = float(f(np.array(x, np.float64)))
        x[i] += h * put_back
        result[i] = (above - below) / (2 * h)
    return result


@numeric_grad.mistake(
    "You step to one side only. Its error shrinks like h, that of a difference centred on x like h²: you can see it with a coarse h."
)
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: (g(1) - g(0)) / h)


@numeric_grad.mistake("Your gradient is twice too large. How far are x − h and x + h apart?")
def _(f, x, h=1e-5):
    return 2 * _central(f, x, h)


@numeric_grad.mistake(
    "You divide by 2 and then multiply by h, or have forgotten h: your numbers are tiny. Mind the brackets."
)
def _(f, x, h=1e-5):
    return _central(f, x, h) * h * h


@numeric_grad.mistake("Your numbers are differences of f, not yet slopes: divide by how far the two points are apart.")
def _(f, x, h=1e-5):
    return _differences(f, x, h, lambda g: g(1) - g(-1))


@numeric_grad.mistake("The sign is turned round.")
def _(f, x, h=1e-5):
    return -_central(f, x, h)


@numeric_grad.mistake("Your function never looks at its argument h.")
def _(f, x, h=1e-5):
    return _central(f, x, 1e-5)


@numeric_grad.mistake(
    "You compute in the dtype in which x arrives. In float32 the two values of f agree in almost all of their digits, and their "
    "difference is rounding noise."
)
def _(f, x, h=1e-5):
    return _central(f, x, h, x.dtype)


@numeric_grad.mistake("Everything is computed in float32, whatever x is. A step of 1e-5 is too small for seven digits.")
def _(f, x, h=1e-5):
    return _central(f, x, h, "float32")


@numeric_grad.mistake(
    "You compute in float64, but you hand the result back in the dtype of x: seven digits are all that is left."
)
def _(f, x, h=1e-5):
    return _central(f, x, h).astype(x.dtype)


@numeric_grad.mistake(
    "You change x itself, and adding and subtracting h does not bring its last digits back. Work on a copy."
)
def _(f, x, h=1e-5):
    return _in_place(f, x, h, True)


@numeric_grad.mistake(
    "You change x and leave it changed: every element is measured at another place, and the caller's array is no longer what it was."
)
def _(f, x, h=1e-5):
    return _in_place(f, x, h, False)


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
    return _central(f, x, h).reshape(-1)


@numeric_grad.mistake("The dtype of your result is float32. The task asks for float64, and for all of its digits.")
def _(f, x, h=1e-5):
    return _central(f, x, h).astype("float32")


# -- backward -----------------------------------------------------------------------------------------------------------


@exercise(points=3, minutes=20, difficulty=3, forbid=AUTODIFF, seconds=10)
def backward(graph, result):
    """The derivative of `result` by every number of a recorded computation, each number visited once.

    graph: dict, name → list of (name of a parent, slope towards it), floats, in any order of names; result: one of the names
    → dict, name → float, for all names of graph; None for those from which no path leads to result.
    """
    values = {}

    def value(name):  # the tape's own: the same computation once more, as sums of slope · parent
        if name not in values:
            terms = [slope * value(parent) for parent, slope in graph[name]]
            values[name] = tf.add_n(terms) if terms else tf.constant(1.0, tf.float64)
            tape.watch(values[name])
        return values[name]

    with tf.GradientTape() as tape:
        for name in graph:
            value(name)
    gradients = tape.gradient(values[result], list(values.values()))
    return {name: None if g is None else float(g) for name, g in zip(values, gradients, strict=True)}


# Dimensions: a chain, a branch that meets again later (short way and long way), the same parent twice, also beside another user of
# it, more than one leaf; a slope of 0 and no path at all; the result last and in the middle, where others use its ancestors, too; names in the order of the recording and in another;
# slopes of either sign; three numbers to fifty; few paths and a million of millions; the caller's graph afterwards.


def _graph(program, order=None):
    """graph, names: the numbers of a program, a list of [(number of a parent, slope), …], in this order of theirs.

    The names rise in the order of the dict, so that sorting them is no better than taking them as they come.
    """
    order = list(range(len(program))) if order is None else list(order)
    names = {number: f"n{place:02d}" for place, number in enumerate(order)}
    graph = {names[number]: [(names[parent], float(slope)) for parent, slope in program[number]] for number in order}
    return graph, names


def _chain(rng, length):
    """A leaf and so many numbers, each made from the one before; the first and the last link turn the sign."""
    slopes = [-_number(rng, 1.25, 3) if i in (0, length - 1) else _either(rng, 1.25, 3) for i in range(length)]
    return [[], *([(i, slope)] for i, slope in enumerate(slopes))]


def _two_ways(rng):
    """A chain, whose last number also looks at the second, and a number made of that one twice, and once by a detour."""
    program = _chain(rng, int(rng.integers(4, 8)))
    last = len(program) - 1
    program[last].insert(0, (1, _either(rng, 1.25, 3)))
    a, b, c = _number(rng, 1.25, 2), _number(rng, 2.25, 3), _number(rng, 1.25, 3)  # of one sign: nothing cancels
    return [*program, [(last, c)], [(last, a), (last, b), (last + 1, c)]]


@backward.case("a chain")
def _(rng):
    graph, names = _graph(_chain(rng, int(rng.integers(2, 5))))
    return graph, names[len(graph) - 1]


@backward.case("a number that is used twice: in a short way and in a long way")
def _(rng):
    graph, names = _graph(_two_ways(rng))
    return graph, names[len(graph) - 1]


@backward.case("a relu that is shut, and a number that is never used")
def _(rng):
    first, second = _either(rng, 1.25, 3), -_number(rng, 1.25, 3)
    program = [[], [], [], [(0, first)], [(3, 0.0)], [(4, 1.0), (1, second)]]
    graph, names = _graph(program)
    return graph, names[5]


@backward.case("the result is not the last number")
def _(rng):
    program = _chain(rng, int(rng.integers(4, 7)))
    graph, names = _graph([*program, [(1, _either(rng, 1.25, 3))]])
    return graph, names[int(rng.integers(2, len(program) - 1))]


@backward.case("names in another order than they were recorded in")
def _(rng):
    program = _two_ways(rng)
    last = len(program) - 1
    graph, names = _graph(program, [*range(last % 2, last + 1, 2), *range(1 - last % 2, last, 2)])
    return graph, names[last]


def _counted(answer, graph, result):
    class Counted(dict):
        looked_up = 0

        def __getitem__(self, name):
            self.looked_up += 1
            if self.looked_up > 300_000:
                raise RuntimeError(
                    f"{len(self)} numbers were looked up 300 000 times: your function walks path by path"
                )
            return dict.__getitem__(self, name)

    counted = Counted({name: list(parents) for name, parents in graph.items()})
    gradients = answer(counted, result)
    return {"gradients": gradients, "the graph afterwards": dict(counted)}


@backward.case("so many paths that nobody could walk them one by one", probe=_counted)
def _(rng):
    length = int(rng.integers(30, 50))
    slopes = rng.integers(1, 4, size=(length, 2)) / 2
    slopes[-1] = 0.5, 1
    graph, names = _graph([[], *([(i, one), (i, other)] for i, (one, other) in enumerate(slopes))])
    return graph, names[length]


def _sorted_back(graph, result):
    """The names that lead to result, each after all that use it."""
    order, seen = [], set()

    def visit(name):
        if name not in seen:
            seen.add(name)
            for parent, _ in graph[name]:
                visit(parent)
            order.append(name)

    visit(result)
    return order[::-1]


def _walk(graph, result, order, start=1.0, join=lambda g, slope: g * slope):
    """Pass the gradients on in this order. join: of a gradient and a slope."""
    gradients = dict.fromkeys(graph)
    gradients[result] = start
    for name in order:
        for parent, slope in graph[name] if gradients[name] is not None else []:
            gradients[parent] = (gradients[parent] or 0.0) + join(gradients[name], slope)
    return gradients


@backward.mistake(
    "Your function walks every path by itself. Two ways that meet and part again n times make 2ⁿ paths: add up what arrives at a "
    "number first, and pass it on once."
)
def _(graph, result):
    gradients = dict.fromkeys(graph)

    def push(name, g):
        gradients[name] = (gradients[name] or 0.0) + g
        for parent, slope in graph[name]:
            push(parent, g * slope)

    push(result, 1.0)
    return gradients


@backward.mistake(
    "You go through the names from last to first, or by the alphabet. Here they come in any order: a number may be passed on before all that use it have paid in."
)
def _(graph, result):
    return _walk(graph, result, list(graph)[::-1])


@backward.mistake(
    "You pass a number's gradient on at your first visit. When it is used in two places, the second contribution comes too late."
)
def _(graph, result):
    order, waiting = [], [result]
    while waiting:
        name = waiting.pop(0)
        if name not in order:
            order.append(name)
            waiting += [parent for parent, _ in graph[name]]
    return _walk(graph, result, order)


@backward.mistake("Where several ways meet you keep the last one only. Over several paths the products add up.")
def _(graph, result):
    gradients = dict.fromkeys(graph)
    gradients[result] = 1.0
    for name in _sorted_back(graph, result):
        for parent, slope in graph[name]:
            gradients[parent] = gradients[name] * slope
    return gradients


@backward.mistake(
    "A number that uses the same parent twice (v · v) owes it both slopes. One of the two is lost in your dict."
)
def _(graph, result):
    single = {name: list(dict(parents).items()) for name, parents in graph.items()}
    return _walk(single, result, _sorted_back(graph, result))


@backward.mistake(
    "For a number without a path to the result you give 0. The task asks for None there: 0 says that there is a path."
)
def _(graph, result):
    return {name: g or 0.0 for name, g in _walk(graph, result, _sorted_back(graph, result)).items()}


@backward.mistake(
    "Behind a shut relu your gradient is None. There is a path, and its slope is 0: the number 0 is not nothing."
)
def _(graph, result):
    return {name: g or None for name, g in _walk(graph, result, _sorted_back(graph, result)).items()}


@backward.mistake("All your gradients are 0. With which number does the walk begin, at the result itself?")
def _(graph, result):
    return _walk(graph, result, _sorted_back(graph, result), start=0.0)


@backward.mistake("Along a path slopes multiply. You added them.")
def _(graph, result):
    return _walk(graph, result, _sorted_back(graph, result), join=lambda g, slope: g + slope)


@backward.mistake(
    "The numbers in between are missing: the task asks for all names of the graph, not for the inputs alone."
)
def _(graph, result):
    gradients = _walk(graph, result, _sorted_back(graph, result))
    return {name: g for name, g in gradients.items() if not graph[name]}


@backward.mistake("Names that lead nowhere are missing in your dict. They belong there, with None.")
def _(graph, result):
    return {n: g for n, g in _walk(graph, result, _sorted_back(graph, result)).items() if g is not None}


@backward.mistake("Your walk starts at the last name, whatever `result` is.")
def _(graph, result):
    last = list(graph)[-1]
    return _walk(graph, last, _sorted_back(graph, last))


@backward.mistake("You take the caller's graph apart. Leave it as it was: somebody may want to walk it again.")
def _(graph, result):
    gradients = _walk(graph, result, _sorted_back(graph, result))
    graph.clear()
    return gradients


@backward.mistake(
    "You go through the names from first to last. Here they come in any order, and the walk begins at the result, wherever it stands."
)
def _(graph, result):
    return _walk(graph, result, list(graph))


@backward.mistake("You take one step only, from the result to its parents. Its parents have parents.")
def _(graph, result):
    gradient = dict.fromkeys(graph)
    gradient[result] = 1.0
    for parent, slope in graph[result]:
        gradient[parent] = (gradient[parent] or 0.0) + slope
    return gradient


@backward.mistake(
    "Your function raises a KeyError: it adds to a number that has nothing yet. With what does a name begin, and in which order "
    "are they met?"
)
def _(graph, result):
    gradient = {result: 1.0}
    for name in graph:
        for parent, slope in graph[name]:
            gradient[parent] += gradient[name] * slope
    return gradient
