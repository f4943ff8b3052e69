"""Chapter 08, graph and session: define, then run; and what tf.function kept.

A graph never crosses to the grader as an object. It is built, and run, where the answer lives; what comes back are the
numbers a session gave and the names of what was found. The grader runs no graph that it was sent.
"""

import numpy as np
import tensorflow as tf

from ..judging.compare import difference
from ..judging.exercise import exercise
from ..judging.values import made


def _normal(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


def _told(result):
    """What a probe found wrong, or None. It says nothing by an empty text; whatever else stands there is no probe's."""
    return None if type(result["found"]) is str and not result["found"] else str(result["found"])[:300]


def _unequal(got, want):
    """Are these other numbers, or another number of them, than those a session gave to the reference?"""
    return difference(got, want, rtol=1e-4, atol=1e-5, dtype=False) is not None


# -- build_graph


@exercise(points=4, minutes=12, difficulty=2, forbid=["tf.compat.v1.disable_eager_execution"])
def build_graph():
    """A graph of its own with a placeholder and the sums of its rows; the default graph is left as it was.

    → (graph, x, y): tf.Graph, placeholder float32 [None, 2], tensor float32 [None, 1].
    """
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        y = tf.matmul(x, tf.ones([2, 1]))
    return graph, x, y


def _built(answer, values):
    """Build twice, look at what there is, and run it on the values, inside a default graph of ours that must stay empty."""
    outer = tf.Graph()
    with outer.as_default():
        result, again = answer(), answer()
        left = tf.compat.v1.get_default_graph() is outer
    if not isinstance(result, (list, tuple)) or len(result) != 3:
        return {"found": "your function should return three things: the graph, the placeholder and the row sums"}
    graph, x, y = result
    if not left:
        return {"found": "after the call, a graph of yours is still the default graph. Does every `with` end?"}
    if outer.get_operations():
        return {"found": "something of yours was built in the graph that was the default before the call"}
    if not isinstance(graph, tf.Graph):
        return {"found": "the first of your results should be a tf.Graph"}
    for name, tensor in (("placeholder", x), ("result", y)):
        if not isinstance(tensor, tf.Tensor) or not hasattr(tensor, "graph"):
            return {"found": f"your {name} is no tensor of a graph"}
        if tensor.graph is not graph:
            return {"found": f"your {name} belongs to another graph than the one you return"}
    if x.op.type != "Placeholder":
        return {"found": "the second of your results should be a placeholder"}
    if again[0] is graph:
        return {"found": "a second call should build a second graph; yours gives back the first"}
    shape, dtypes = str(x.shape), [x.dtype.name, y.dtype.name]
    if shape != "(None, 2)" or dtypes != ["float32", "float32"]:
        return {"found": "", "out": np.zeros(0), "shape": shape, "dtypes": dtypes}
    with tf.compat.v1.Session(graph=graph) as session:
        out = session.run(y, {x: np.asarray(values)})
    return {"found": "", "out": out, "shape": shape, "dtypes": dtypes}


def _row_sums(result, inputs, expected):
    if found := _told(result):
        return found
    if result["shape"] != expected["shape"]:
        shape = str(result["shape"])[:100]
        return f"the placeholder has the shape {shape}; it should take any number of rows, of two columns"
    if result["dtypes"] != ["float32", "float32"]:
        return "the placeholder and the sums should be float32"
    out, want = np.asarray(result["out"]), np.asarray(expected["out"])
    if out.ndim != 2:
        return f"the row sums should have two axes, [None, 1]; yours have {out.ndim}"
    if out.shape != want.shape:
        return "the row sums should have the shape [None, 1]: one number for each row"
    if _unequal(out, want):
        return "what a session gives are not the sums of the rows"
    return None


@build_graph.case("a graph of its own, run on three rows", points=2, probe=_built, accept=_row_sums)
def _(rng):
    return (_normal(rng, 3, 2),)


@build_graph.case("run on a single row", points=1, probe=_built, accept=_row_sums)
def _(rng):
    return (_normal(rng, 1, 2),)


@build_graph.case("run on no row at all", points=1, probe=_built, accept=_row_sums)
def _(rng):
    return (_normal(rng, 0, 2),)


@build_graph.mistake("You built in the default graph. Which `with` makes a graph of your own the default?")
def _():
    x = tf.compat.v1.placeholder(tf.float32, [None, 2])
    return tf.compat.v1.get_default_graph(), x, tf.reduce_sum(x, axis=1, keepdims=True)


@build_graph.mistake("Your sums have lost an axis: [None] instead of [None, 1].")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        return graph, x, tf.reduce_sum(x, axis=1)


@build_graph.mistake("You add up the columns. Which axis runs along a row?")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        return graph, x, tf.reduce_sum(x, axis=0, keepdims=True)


@build_graph.mistake("Your placeholder takes one row only. `None` in a shape leaves the number open.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [1, 2])
        return graph, x, tf.reduce_sum(x, axis=1, keepdims=True)


@build_graph.mistake("There is no placeholder: your graph computes with a constant, and nothing can be fed.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.zeros([3, 2])
        return graph, x, tf.reduce_sum(x, axis=1, keepdims=True)


# -- run


@exercise(points=4, minutes=8, difficulty=1)
def run(graph, y, feed):
    """The value of y: a session on this graph initialises the variables, then runs it.

    graph: tf.Graph, y: a tensor of it, feed: dict placeholder → array → NumPy array.
    """
    session = tf.compat.v1.Session(graph=graph)
    with graph.as_default(), session.as_default():
        for variable in graph.get_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES):
            variable.initializer.run()
        value = y.eval(feed)
    session.close()
    return value


def _program(weights, bias, trained):
    """x @ w + b, with w and b variables; `trained` more variables nobody asks for."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2], name="x")
        w = tf.compat.v1.get_variable("w", initializer=tf.constant(np.asarray(weights)))
        b = tf.compat.v1.get_variable("b", initializer=tf.constant(np.asarray(bias)))
        for i in range(int(trained)):
            tf.compat.v1.get_variable(f"other{i}", initializer=tf.zeros([2]))
        tf.identity(tf.matmul(x, w) + b, name="y")
    return graph


def _ran(answer, graph, values):
    """Ask twice for y of the graph, with x fed; an error is told without the places where TensorFlow made each node."""
    names = [op.name for op in graph.get_operations()]
    y, feed = graph.get_tensor_by_name("y:0"), {}
    if "x" in names:
        feed = {graph.get_tensor_by_name("x:0"): np.asarray(values)}
    try:
        found = [answer(graph, y, feed) for _ in range(2)]
    except tf.errors.OpError as error:
        told = error.message.split("Node: ")[-1].strip().splitlines()
        raise type(error)(None, None, told[min(1, len(told) - 1)]).with_traceback(error.__traceback__) from None
    return {"values": found, "kinds": ["array" if isinstance(v, np.ndarray) else type(v).__name__ for v in found]}


def _constant(value):
    """A graph without variables and without a placeholder."""
    graph = tf.Graph()
    with graph.as_default():
        tf.multiply(tf.constant(np.asarray(value)), 2.0, name="y")
    return graph


def _case(rng, rows, more):
    return made(_program, _normal(rng, 2, 3), _normal(rng, 3), more), _normal(rng, rows, 2)


@run.case("two variables, four rows", probe=_ran)
def _(rng):
    return _case(rng, 4, 0)


@run.case("a single row", probe=_ran)
def _(rng):
    return _case(rng, 1, 2)


@run.case("variables that y does not need", probe=_ran)
def _(rng):
    return _case(rng, 2, 3)


@run.case("no variable, nothing to feed", probe=_ran)
def _(rng):
    return made(_constant, _normal(rng, 2, 2)), None


@run.mistake(
    "The variables are not initialised: a graph says how they begin; a session makes them begin, each for itself."
)
def _(graph, y, feed):
    with tf.compat.v1.Session(graph=graph) as session:
        return session.run(y, feed)


@run.mistake("Your session runs on the default graph. Which graph does y live in?")
def _(graph, y, feed):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(tf.compat.v1.global_variables_initializer())
        return session.run(y, feed)


@run.mistake("You return y itself, the recipe. Its value comes out of a session.")
def _(graph, y, feed):
    return y


@run.mistake("Your answer is a list with one element: session.run gives back a list only if it is given one.")
def _(graph, y, feed):
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        session.run(tf.compat.v1.global_variables_initializer())
        return session.run([y], feed)


# -- on_device


@exercise(points=3, minutes=6, difficulty=1)
def on_device(graph, device):
    """An add of the graph's tensors "a:0" and "b:0", built in that graph and placed on that device.

    graph: tf.Graph, device: str such as "/cpu:0" → the tensor of the sum.
    """
    with graph.as_default(), tf.device(device):
        return tf.math.add_n([graph.get_tensor_by_name("a:0"), graph.get_tensor_by_name("b:0")])


def _ab(a, b):
    graph = tf.Graph()
    with graph.as_default():
        tf.constant(np.asarray(a), name="a")
        tf.constant(np.asarray(b), name="b")
    return graph


def _placed(answer, graph, device):
    """Where the sum was placed, in which graph, and what it is."""
    outer = tf.Graph()
    with outer.as_default():
        total = answer(graph, device)
    if not isinstance(total, tf.Tensor) or not hasattr(total, "graph") or not hasattr(total, "op"):
        return {"found": "your function should return a tensor of the graph"}
    if total.graph is not graph or outer.get_operations():
        return {"found": "the sum was not built in the graph that was given"}
    placed = tf.compat.v1.DeviceSpec.from_string(total.op.device) if total.op.device else None
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    with tf.compat.v1.Session(graph=graph, config=config) as session:
        value = session.run(total)
    return {
        "found": "",
        "device": f"{placed.device_type}:{placed.device_index}" if placed else "",
        "value": value,
    }


def _on_it(result, inputs, expected):
    if found := _told(result):
        return found
    if not result["device"]:
        return "the sum is not placed anywhere: its device is empty"
    if result["device"] != expected["device"]:
        return "the sum is placed on another device than the one that was asked for"
    if _unequal(result["value"], expected["value"]):
        return "the value of your tensor is not the sum of a and b"
    return None


@on_device.case("the first processor", probe=_placed, accept=_on_it)
def _(rng):
    return made(_ab, _normal(rng, 3), _normal(rng, 3)), "/cpu:0"


@on_device.case("a device this machine may not have", probe=_placed, accept=_on_it)
def _(rng):
    return made(_ab, _normal(rng, 2, 2), _normal(rng, 2, 2)), "/gpu:0"


@on_device.case("the second processor", probe=_placed, accept=_on_it)
def _(rng):
    return made(_ab, _normal(rng), _normal(rng)), "/cpu:1"


def _add(graph):
    return graph.get_tensor_by_name("a:0") + graph.get_tensor_by_name("b:0")


@on_device.mistake(
    "The sum is in the right graph, but placed nowhere. A device scope speaks for one graph: the one it is opened on."
)
def _(graph, device):
    with tf.Graph().device(device):
        return _add(graph)


@on_device.mistake("Your device is always the same one. Which device does the caller ask for?")
def _(graph, device):
    with graph.as_default(), tf.device("/cpu:0"):
        return _add(graph)


@on_device.mistake("You computed with constants of your own, outside the graph. Its tensors are called a:0 and b:0.")
def _(graph, device):
    with tf.Graph().as_default(), tf.device(device):
        return tf.constant([1.0]) + tf.constant([2.0])


@on_device.mistake("This is the product of a and b; the task asks for their sum.")
def _(graph, device):
    with graph.as_default(), tf.device(device):
        return graph.get_tensor_by_name("a:0") * graph.get_tensor_by_name("b:0")


# -- exp_decay


@exercise(
    points=3,
    minutes=8,
    difficulty=2,
    forbid=["tf.compat.v1.train.exponential_decay", "keras.optimizers.schedules.ExponentialDecay"],
)
def exp_decay(lr, step, decay_steps, rate, staircase):
    """The learning rate after so many steps: lr · rate^(step / decay_steps), the exponent cut to a whole number if staircase.

    lr, rate: float, step, decay_steps: int, staircase: bool → float.
    """
    return float(tf.compat.v1.train.exponential_decay(lr, step, decay_steps, rate, staircase)())


@exp_decay.case("smooth", rtol=1e-4)
def _(rng):
    return 0.1, 10 * int(rng.integers(1, 8)) + int(rng.integers(3, 8)), 10, 0.5, False


@exp_decay.case("in stairs, within a stair", rtol=1e-4)
def _(rng):
    return 0.1, 10 * int(rng.integers(2, 9)) + int(rng.integers(6, 10)), 10, 0.8, True


@exp_decay.case("at step 0", rtol=1e-4)
def _(rng):
    return float(rng.uniform(0.01, 1)), 0, 5, 0.96, bool(rng.integers(2))


@exp_decay.case("one step a stair", rtol=1e-4)
def _(rng):
    return 0.1, int(rng.integers(20, 90)), 1, 0.96, True


@exp_decay.mistake("The stairs are missing: with staircase the exponent is a whole number.")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (step / decay_steps)


@exp_decay.mistake("Your rate always falls in stairs. What if the caller wants it smooth?")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (step // decay_steps)


@exp_decay.mistake("You round to the nearest stair. A stair ends only when the next one begins.")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (round(step / decay_steps) if staircase else step / decay_steps)


@exp_decay.mistake("You do not divide by decay_steps: your rate falls once a step.")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate**step


@exp_decay.mistake("This is the natural exponential. What is raised to the power here is `rate`.")
def _(lr, step, decay_steps, rate, staircase):
    power = step // decay_steps if staircase else step / decay_steps
    return float(lr * np.exp(-rate * power))


# -- descend_x2


@exercise(points=3, minutes=8, difficulty=2)
def descend_x2(x0, lr, n):
    """The path of n steps of gradient descent on x², its start included.

    x0, lr: float, n: int → list of n + 1 floats.
    """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.Variable(x0, dtype=tf.float64)
        step = tf.compat.v1.train.GradientDescentOptimizer(lr).minimize(tf.square(x))
        session.run(tf.compat.v1.global_variables_initializer())
        path = [float(session.run(x))]
        for _ in range(n):
            session.run(step)
            path.append(float(session.run(x)))
    return path


def _path(answer, x0, lr, n):
    return [float(v) for v in answer(x0, lr, n)]


@descend_x2.case("a small step: it converges", probe=_path, rtol=1e-3, atol=1e-4)
def _(rng):
    return float(rng.uniform(2, 6)), float(rng.uniform(0.1, 0.4)), 6


@descend_x2.case("lr 1: it swings for ever", probe=_path, rtol=1e-3, atol=1e-4)
def _(rng):
    return float(rng.uniform(2, 6)), 1.0, 5


@descend_x2.case("lr above 1: it runs away", probe=_path, rtol=1e-3, atol=1e-4)
def _(rng):
    return float(-rng.uniform(2, 6)), 1.2, 4


@descend_x2.case("no step at all", probe=_path, rtol=1e-3, atol=1e-4)
def _(rng):
    return float(rng.uniform(2, 6)), 0.3, 0


@descend_x2.mistake("The start is missing: n steps have n + 1 ends.")
def _(x0, lr, n):
    path = []
    for _ in range(n):
        x0 = x0 - lr * 2 * x0
        path.append(x0)
    return path


@descend_x2.mistake("Your gradient of x² is x. A factor got lost.")
def _(x0, lr, n):
    return [x0 * (1 - lr) ** i for i in range(n + 1)]


@descend_x2.mistake("You climb: the step goes against the gradient.")
def _(x0, lr, n):
    return [x0 * (1 + 2 * lr) ** i for i in range(n + 1)]


@descend_x2.mistake("These are the values of x², not the places x.")
def _(x0, lr, n):
    return [(x0 * (1 - 2 * lr) ** i) ** 2 for i in range(n + 1)]


@descend_x2.mistake(
    "All places of your path are equal. A variable in a list is not the value it had: it is the variable, n + 1 times."
)
def _(x0, lr, n):
    x = tf.Variable(x0)
    path = [x]
    for _ in range(n):
        x.assign_sub(lr * 2 * x)
        path.append(x)
    return path


@descend_x2.mistake("Only the last place comes back; the task asks for the whole path.")
def _(x0, lr, n):
    return [x0 * (1 - 2 * lr) ** n]


# -- as_tf_function


@exercise(points=3, minutes=10, difficulty=3)
def as_tf_function(graph, x, y):
    """An eager callable with the graph's answers: called with a value for x, it returns y.

    graph: tf.Graph without variables, x: its placeholder, y: a tensor of it → callable tensor → tensor.
    """
    definition = graph.as_graph_def()
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    return wrapped.prune(x.name, y.name)


def _small(weights, kind, inner, outer):
    """relu, tanh or square of x @ w, plus 1. inner and outer name x and y; one more operation follows y."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2], name=inner)
        h = tf.matmul(x, tf.constant(np.asarray(weights)))
        h = tf.nn.relu(h) if kind == "relu" else tf.tanh(h) if kind == "tanh" else h * h
        y = tf.add(h, 1.0, name=outer)
        tf.multiply(y, 2.0, name="later")
    return graph, f"{inner}:0", f"{outer}:0"


def _called(answer, made, first, second):
    """Build the callable once, and call it twice, eagerly."""
    graph, inner, outer = made
    function = answer(graph, graph.get_tensor_by_name(inner), graph.get_tensor_by_name(outer))
    if not callable(function):
        return {"found": "your function should return something that can be called"}
    results = []
    for value in (first, second):
        result = function(value)
        result = result[0] if isinstance(result, (list, tuple)) and len(result) == 1 else result
        if not isinstance(result, tf.Tensor) or not hasattr(result, "numpy"):
            return {"found": "what your callable returns should be an eager tensor, as a tf.function gives it"}
        results.append(result.numpy())
    return {"found": "", "results": results}


def _as_session(result, inputs, expected):
    if found := _told(result):
        return found
    pairs = list(zip(result["results"], expected["results"], strict=True))
    for got, want in pairs:
        if np.shape(got) != np.shape(want):
            return "what your callable returns has another shape than the session's answer"
    for got, want in pairs:
        if _unequal(got, want):
            return "what your callable returns is not the session's answer"
    return None


def _kind(rng, kind, inner, outer):
    return made(_small, _normal(rng, 2, 3), kind, inner, outer), _normal(rng, 4, 2), _normal(rng, 1, 2)


@as_tf_function.case("a graph with a relu", points=1, probe=_called, accept=_as_session)
def _(rng):
    return _kind(rng, "relu", "x", "y")


@as_tf_function.case("a graph whose tensors have other names", points=1, probe=_called, accept=_as_session)
def _(rng):
    return _kind(rng, "tanh", "features", "scores")


@as_tf_function.case("a graph with a square", points=1, probe=_called, accept=_as_session)
def _(rng):
    return _kind(rng, "square", "x", "y")


@as_tf_function.mistake("Your callable gives back a NumPy array. What does a tf.function return?")
def _(graph, x, y):
    def function(value):
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run(y, {x: value.numpy()})

    return function


@as_tf_function.mistake("You return y, a tensor of the graph, which cannot be called.")
def _(graph, x, y):
    return y


@as_tf_function.mistake(
    "Your function knows its tensors by names that only one graph has. x and y know what they are called."
)
def _(graph, x, y):
    definition = graph.as_graph_def()
    return tf.function(lambda value: tf.import_graph_def(definition, {"x:0": value}, ["y:0"])[0])


@as_tf_function.mistake("Your callable ends with the last operation of the graph. The caller asked for y.")
def _(graph, x, y):
    definition = graph.as_graph_def()
    last = graph.get_operations()[-1].outputs[0].name
    return tf.function(lambda value: tf.import_graph_def(definition, {x.name: value}, [last])[0])


@as_tf_function.mistake("Your callable ignores its argument: the placeholder must become the function's input.")
def _(graph, x, y):
    with tf.compat.v1.Session(graph=graph) as session:
        value = session.run(y, {x: np.zeros([4, 2], "float32")})
    return lambda _: tf.constant(value)
