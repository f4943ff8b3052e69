"""Chapter 08, graph and session: define, then run; and what tf.function kept.

A graph never crosses to the grader as an object. It is built, and run, where the answer lives; what comes back are the
numbers a session gave and the names of what was found. The grader runs no graph that it was sent.
"""

import numpy as np
import tensorflow as tf

from ..judging.compare import as_array, difference
from ..judging.exercise import exercise
from ..judging.values import made, source_of


def _normal(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


def _told(result):
    """What a probe found wrong, or None. It says nothing by an empty text; whatever else stands there is no probe's."""
    return None if type(result["found"]) is str and not result["found"] else str(result["found"])[:300]


def _unequal(got, want):
    """Are these other numbers, or another number of them, than those a session gave to the reference?"""
    return difference(got, want, rtol=1e-4, atol=1e-5, dtype=False) is not None


def _watched(act):
    """What act() gives, and how many of the sessions that it opened are open still. They are closed, the last one first."""
    kinds, opened = (tf.compat.v1.Session, tf.compat.v1.InteractiveSession), []
    begin = {kind: kind.__init__ for kind in kinds}

    def noting(kind):
        def start(session, *arguments, **named):
            begin[kind](session, *arguments, **named)
            opened.append(session)

        return start

    try:
        for kind in kinds:
            kind.__init__ = noting(kind)
        result = act()
    finally:
        still = 0
        for kind in kinds:
            kind.__init__ = begin[kind]
        for session in reversed(opened):
            try:
                tf.compat.v1.Session.run(session, [])
                still += 1
                session.close()  # an InteractiveSession would leave its graph the default one, for all that comes after
            except RuntimeError:  # it is closed
                pass
    return result, still


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


# Dimensions: rows fed (none, one, a few, more than 16), their sign and size; what the function leaves behind (default graph,
# default session, open sessions, operations); a second call; dtype and shape of the placeholder, axes of the sums.


def _built(answer, values):
    """Build twice, look at what there is, and run it on the values, inside a default graph of ours that must stay empty."""
    outer, session_before = tf.Graph(), tf.compat.v1.get_default_session()
    with outer.as_default():
        (result, again), still = _watched(lambda: (answer(), answer()))
        left = tf.compat.v1.get_default_graph() is outer
        left = left and tf.compat.v1.get_default_session() is session_before
    if not isinstance(result, (list, tuple)) or len(result) != 3:
        return {"found": "your function should return three things: the graph, the placeholder and the row sums"}
    graph, x, y = result
    if still:
        return {"found": "after the call there is a session that is still open"}
    if not left:
        return {
            "found": "after the call, a graph or a session of yours is still the default one. Does every `with` end?"
        }
    if outer.get_operations():
        return {"found": "something of yours was built in the graph that was the default before the call"}
    if not isinstance(graph, tf.Graph):
        return {"found": "the first of your results should be a tf.Graph", "kind": type(graph).__name__}
    for name, tensor in (("placeholder", x), ("result", y)):
        if not isinstance(tensor, tf.Tensor) or not hasattr(tensor, "graph"):
            return {"found": f"your {name} is no tensor of a graph", "kind": type(tensor).__name__}
        if tensor.graph is not graph:
            return {"found": f"your {name} belongs to another graph than the one you return"}
    if x.op.type != "Placeholder":
        return {"found": "the second of your results should be a placeholder", "kind": x.op.type}
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


@build_graph.case(
    "a graph of its own, run on three rows", points=1, probe=source_of(_built, _watched), accept=_row_sums
)
def _(rng):
    rows = _normal(rng, 3, 2)
    rows[0] = -abs(rows[0])  # a sum below 0, whatever was drawn
    return (rows,)


@build_graph.case("run on many rows of large numbers", points=1, probe=source_of(_built, _watched), accept=_row_sums)
def _(rng):
    return (_normal(rng, int(rng.integers(17, 40)), 2, scale=1000),)


@build_graph.case("run on a single row", points=1, probe=source_of(_built, _watched), accept=_row_sums)
def _(rng):
    # one of each sign, and a sum below 0
    return (rng.permutation([[rng.uniform(1, 2), -rng.uniform(3, 4)]], axis=1).astype("float32"),)


@build_graph.case("run on no row at all", points=1, probe=source_of(_built, _watched), accept=_row_sums)
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


@build_graph.mistake("Your placeholder does not say that it takes rows of two numbers: it has no shape.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32)
        return graph, x, tf.reduce_sum(x, axis=1, keepdims=True)


@build_graph.mistake("This is the mean of each row; the task asks for the sum.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        return graph, x, tf.reduce_mean(x, axis=1, keepdims=True)


@build_graph.mistake("You add everything up: one number for all rows.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        return graph, x, tf.reduce_sum(x, keepdims=True)


@build_graph.mistake("Your three results are in another order than graph, placeholder, sums.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        return x, tf.reduce_sum(x, axis=1, keepdims=True), graph


@build_graph.mistake("There is no placeholder: your graph computes with a constant, and nothing can be fed.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.zeros([3, 2])
        return graph, x, tf.reduce_sum(x, axis=1, keepdims=True)


@build_graph.mistake("This is the largest of each row; the task asks for the sum.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        return graph, x, tf.reduce_max(x, axis=1, keepdims=True)


@build_graph.mistake("Your placeholder is float64. The task asks for float32.")
def _():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float64, [None, 2])
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


# Dimensions: rows fed (1 to dozens), feeds (none, one, two placeholders); variables (none, needed, not needed, not trainable);
# a y that changes a variable, a y that counts its runs; calls one after another; sessions left open, defaults left, the feed.


def _program(weights, bias, more):
    """(x @ w + b · scale), with w and b variables; `more` other variables nobody asks for."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2], name="x")
        scale = tf.compat.v1.placeholder(tf.float32, [], name="scale")
        w = tf.compat.v1.get_variable("w", initializer=tf.constant(np.asarray(weights)))
        b = tf.compat.v1.get_variable("b", initializer=tf.constant(np.asarray(bias)))
        for i in range(int(more)):
            tf.compat.v1.get_variable(f"other{i}", initializer=tf.zeros([2]))
        tf.identity(tf.matmul(x, w) + b * scale, name="y")
    return graph


def _counter(start, untrained):
    """y adds 1 to a variable and gives back its value; the variable may be one that no optimizer trains.

    The graph's list `runs` grows with each run of y, whatever is initialised in between.
    """
    graph = tf.Graph()
    graph.runs = []
    with graph.as_default():
        count = tf.compat.v1.get_variable("count", initializer=tf.constant(np.asarray(start)), trainable=not untrained)
        ran = tf.numpy_function(lambda: graph.runs.append(1) or np.float32(0), [], tf.float32)
        with tf.control_dependencies([ran]):
            tf.identity(tf.compat.v1.assign_add(count, tf.ones_like(count)), name="y")
    return graph


def _constant(value):
    """A graph without variables and without a placeholder."""
    graph = tf.Graph()
    with graph.as_default():
        tf.multiply(tf.constant(np.asarray(value)), 2.0, name="y")
    return graph


def _ran(answer, graph, values):
    """Ask three times for y of the graph, the second time with other rows, and note the sessions that stay open.

    An error is told without the places where TensorFlow made each node.
    """
    names = [op.name for op in graph.get_operations()]
    y, feeds = graph.get_tensor_by_name("y:0"), [{}, {}, {}]
    if "x" in names:
        x, scale = graph.get_tensor_by_name("x:0"), graph.get_tensor_by_name("scale:0")
        rows = np.asarray(values)
        feeds = [{x: part, scale: factor} for part, factor in ((rows, 1.0), (2 * rows[:1], -3.0), (rows, 1.0))]
    given, runs = [dict(feed) for feed in feeds], getattr(graph, "runs", [])
    outer, session_before = tf.Graph(), tf.compat.v1.get_default_session()
    try:
        with outer.as_default():
            found, still = _watched(lambda: [answer(graph, y, feed) for feed in feeds])
            left = tf.compat.v1.get_default_graph() is outer
            left = left and tf.compat.v1.get_default_session() is session_before
    except tf.errors.OpError as error:
        told = error.message.split("Node: ")[-1].strip().splitlines()
        raise type(error)(None, None, told[min(1, len(told) - 1)]).with_traceback(error.__traceback__) from None
    kept = [len(feed) for feed in feeds] == [len(feed) for feed in given]
    kept = kept and all(feed[key] is value for feed, was in zip(feeds, given) for key, value in was.items())
    kinds = ["array" if isinstance(v, (np.ndarray, np.generic)) else type(v).__name__ for v in found]
    return {"values": found, "kinds": kinds, "open": still, "left": left, "kept": kept, "runs": len(runs)}


def _afresh(result, inputs, expected):
    first, second, third = result["values"]
    if any(value is None for value in result["values"]):
        return "your function returned None. Is a `return` missing on the way there?"
    if result["kinds"] != expected["kinds"]:
        return f"your function should return a NumPy array, and returned: {str(result['kinds'][0])[:40]}"
    if found := difference(first, expected["values"][0], rtol=1e-4, atol=1e-5):
        return found
    if found := difference(second, expected["values"][1], rtol=1e-4, atol=1e-5, what="your result of a second call"):
        return found
    if found := difference(third, expected["values"][2], rtol=1e-4, atol=1e-5, what="your result of a third call"):
        return found
    if result["open"] != expected["open"]:
        return "after the call there is a session that is still open"
    if result["left"] is not True:
        return "after the call, a graph or a session of yours is still the default one"
    if result["runs"] != expected["runs"]:
        return "three calls should run y three times; yours run it more often"
    if result["kept"] is not True:
        return "after the call the caller's dict `feed` is not what it was"
    return None


@run.case("two variables, two placeholders", points=1, probe=source_of(_ran, _watched), accept=_afresh)
def _(rng):
    return made(_program, _normal(rng, 2, 3), _normal(rng, 3), 0), _normal(rng, int(rng.integers(2, 40)), 2)


@run.case(
    "a single row, and variables that y does not need", points=0.5, probe=source_of(_ran, _watched), accept=_afresh
)
def _(rng):
    return made(_program, _normal(rng, 2, 3), _normal(rng, 3), int(rng.integers(1, 4))), _normal(rng, 1, 2)


@run.case("no variable, nothing to feed", points=0.5, probe=source_of(_ran, _watched), accept=_afresh)
def _(rng):
    return made(_constant, _normal(rng, 2, 2)), None


@run.case(
    "y changes a variable: each call begins afresh and runs y once",
    points=1,
    probe=source_of(_ran, _watched),
    accept=_afresh,
)
def _(rng):
    return made(_counter, _normal(rng, 2), False), None


@run.case("a variable that is not trainable", points=1, probe=source_of(_ran, _watched), accept=_afresh)
def _(rng):
    return made(_counter, _normal(rng), True), None


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


@run.mistake("You initialise the trainable variables only. A graph may have others: a counter of steps, say.")
def _(graph, y, feed):
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(tf.compat.v1.variables_initializer(tf.compat.v1.trainable_variables()))
        return session.run(y, feed)


@run.mistake("Your session stays open. A `with` closes it, or session.close().")
def _(graph, y, feed):
    with graph.as_default():
        session = tf.compat.v1.Session(graph=graph)
        session.run(tf.compat.v1.global_variables_initializer())
        return session.run(y, feed)


@run.mistake("You run y more than once in a call: if it changes a variable, it has changed it twice.")
def _(graph, y, feed):
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(tf.compat.v1.global_variables_initializer())
        session.run(y, feed)
        return session.run(y, feed)


@run.mistake("Not all that is to be fed arrives: session.run takes the whole feed as its second argument.")
def _(graph, y, feed):
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(tf.compat.v1.global_variables_initializer())
        return session.run(y)


@run.mistake(
    "A tensor of a graph has no .numpy(): there is no value in it. session.run computes one, and gives it back as an array."
)
def _(graph, y, feed):
    with tf.compat.v1.Session(graph=graph) as session, graph.as_default():
        session.run(tf.compat.v1.global_variables_initializer())
        return y.numpy()


@run.mistake(
    "The initialiser belongs into the graph: make it while that graph is the default, as it is within the session's `with`."
)
def _(graph, y, feed):
    init = tf.compat.v1.global_variables_initializer()
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(init)
        return session.run(y, feed)


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
        tf.constant(np.ones(2, "float32"), name="first")
        tf.constant(np.asarray(b), name="b")
        tf.constant(np.zeros(2, "float32"), name="between")
        tf.constant(np.asarray(a), name="a")
        tf.constant(np.ones(2, "float32"), name="last")
    return graph


# Dimensions: device (processor or GPU, its number, short and long names); axes of the tensors (0 to 2), signs; where a and b
# stand among the graph's operations; every new operation is placed, not the last alone, and none of the old ones; the sum
# follows what is fed for a and b; scopes and defaults left behind.


def _placed(answer, graph, device):
    """Where all that is new in the graph was placed, in which graph the sum is, and what it gives for other a and b."""
    outer, before = tf.Graph(), {op.name: op.device for op in graph.get_operations()}
    with outer.as_default():
        total = answer(graph, device)
        left = tf.compat.v1.get_default_graph() is outer
    if not isinstance(total, tf.Tensor) or not hasattr(total, "graph") or not hasattr(total, "op"):
        return {"found": "your function should return a tensor of the graph", "kind": type(total).__name__}
    if total.graph is not graph or outer.get_operations():
        return {"found": "the sum was not built in the graph that was given", "kind": total.op.type}
    devices, added, moved = set(), [], False
    for op in graph.get_operations():
        if op.name not in before:
            spec = tf.compat.v1.DeviceSpec.from_string(op.device) if op.device else None
            devices.add(f"{spec.device_type}:{spec.device_index}" if spec else "")
            added.append(f"{op.type} {bool(op.device)}")
        else:
            moved = moved or op.device != before[op.name]
    with graph.as_default():
        left = left and not tf.no_op().device
    a, b = graph.get_tensor_by_name("a:0"), graph.get_tensor_by_name("b:0")
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    with tf.compat.v1.Session(graph=graph, config=config) as session:
        values = [session.run(total), session.run(total, {a: np.ones(a.shape), b: np.full(b.shape, 41.0)})]
    return {
        "found": "",
        "device": total.op.device and sorted(devices),
        "added": sorted(added),
        "moved": moved,
        "values": values,
        "left": left,
    }


def _on_it(result, inputs, expected):
    if found := _told(result):
        return found
    if not result["device"]:
        return "the sum is not placed anywhere: its device is empty"
    if "" in result["device"]:
        return "the tensor you return is placed, but an operation that it is computed from is not"
    if result["device"] != expected["device"]:
        return "the sum is placed on another device than the one that was asked for"
    if result["moved"] is not False:
        return "an operation that was in the graph before has another device now; only what you add is to be placed"
    first, other = result["values"]
    if _unequal(first, expected["values"][0]):
        return "the value of your tensor is not the sum of a and b"
    if as_array(first).dtype != as_array(expected["values"][0]).dtype:
        return "the dtype of your tensor is not that of a and b"
    if _unequal(other, expected["values"][1]):
        return "your tensor does not follow a and b: with other values fed for them it stays as it was"
    if result["left"] is not True:
        return "after the call, a scope of yours is still open. Does every `with` end?"
    return None


def _mixed(rng, *shape):
    """Numbers of both signs; the sum of two such arrays has a negative element for certain: the first."""
    values = _normal(rng, *shape)
    values.flat[0], values.flat[-1] = -rng.uniform(1, 2), rng.uniform(1, 2)
    return values


@on_device.case("the first processor", probe=_placed, accept=_on_it)
def _(rng):
    return made(_ab, _mixed(rng, 3), _mixed(rng, 3)), "/cpu:0"


@on_device.case("a device this machine may not have", probe=_placed, accept=_on_it)
def _(rng):
    return made(_ab, _mixed(rng, 2, 2), _mixed(rng, 2, 2)), "/gpu:0"


@on_device.case("another processor, by its long name", probe=_placed, accept=_on_it)
def _(rng):
    # of both signs, whichever draw; a number whose digits, one of them lost, are another's
    a, b = np.float32(rng.uniform(1, 2)), np.float32(-rng.uniform(3, 4))
    return made(_ab, a, b), f"/device:CPU:{int(rng.integers(12, 20))}"


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


@on_device.mistake("You add nowhere in particular, and place a copy of the sum. The add itself belongs into the scope.")
def _(graph, device):
    with graph.as_default():
        total = _add(graph)
        with tf.device(device):
            return tf.identity(total)


@on_device.mistake(
    "You computed the sum first and put its value into the graph as a constant: nothing follows a and b."
)
def _(graph, device):
    with tf.compat.v1.Session(graph=graph) as session:
        value = session.run(graph.get_tensor_by_name("a:0")) + session.run(graph.get_tensor_by_name("b:0"))
    with graph.as_default(), tf.device(device):
        return tf.constant(value)


@on_device.mistake(
    "You return a number that a session has computed. The caller wants the tensor, placed and not yet run."
)
def _(graph, device):
    with graph.as_default(), tf.device(device):
        total = _add(graph)
    with tf.compat.v1.Session(graph=graph, config=tf.compat.v1.ConfigProto(allow_soft_placement=True)) as session:
        return session.run(total)


@on_device.mistake("This is the product of a and b; the task asks for their sum.")
def _(graph, device):
    with graph.as_default(), tf.device(device):
        return graph.get_tensor_by_name("a:0") * graph.get_tensor_by_name("b:0")


@on_device.mistake("A tensor's name has two parts: `a` is the operation, `a:0` its first output.")
def _(graph, device):
    with graph.as_default(), tf.device(device):
        return graph.get_tensor_by_name("a") + graph.get_tensor_by_name("b")


@on_device.mistake("This is the difference of a and b; the task asks for their sum.")
def _(graph, device):
    with graph.as_default(), tf.device(device):
        return graph.get_tensor_by_name("a:0") - graph.get_tensor_by_name("b:0")


@on_device.mistake("You add a to itself. Where is b?")
def _(graph, device):
    with graph.as_default(), tf.device(device):
        return graph.get_tensor_by_name("a:0") + graph.get_tensor_by_name("a:0")


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


# Dimensions: lr (tiny to above 1), step (0, first, within a stair, its last, its end, far on), decay_steps (1, 10, hundreds),
# rate (below, at and above 1), staircase (both); small results, which rounding would eat; called again and again.


def _steps(answer, lr, steps, decay_steps, rate, staircase):
    """At these steps, one after the other; in stairs, without, or both in turn (None)."""
    both = (False, True) if staircase is None else (staircase,)
    return [answer(lr, step, decay_steps, rate, stairs) for stairs in both for step in steps]


def _small_rate(rng):
    """A learning rate that no rounding to four or five digits leaves as it is."""
    return float(np.round(rng.uniform(0.02, 0.05), 4) + 3.45e-5)


@exp_decay.case("smooth", points=0.5, rtol=2e-5, atol=0)
def _(rng):
    step = 10 * int(rng.integers(1, 8)) + int(rng.integers(3, 8))
    return _small_rate(rng), step, 10, float(rng.uniform(0.5, 0.7)), False


@exp_decay.case("in stairs, within a stair", points=0.5, rtol=2e-5, atol=0)
def _(rng):
    step = 10 * int(rng.integers(2, 9)) + int(rng.integers(6, 9))  # nor one before the next
    return _small_rate(rng), step, 10, float(rng.uniform(0.7, 0.9)), True


@exp_decay.case("at step 0", points=0.5, rtol=2e-5, atol=0)
def _(rng):
    return _small_rate(rng), 0, 5, 0.96, False


@exp_decay.case("one step a stair", points=0.5, rtol=2e-5, atol=0)
def _(rng):
    return _small_rate(rng), int(rng.integers(20, 90)), 1, 0.96, True


@exp_decay.case("from edge to edge of a stair, with a small learning rate", points=0.5, rtol=2e-5, atol=0, probe=_steps)
def _(rng):
    long, stair = int(rng.integers(100, 900)), int(rng.integers(2, 5))
    edge = stair * long
    return float(rng.uniform(1e-6, 1e-5)), [1, edge - 1, edge, edge + 1, edge + long - 1], long, 0.3, True


@exp_decay.case("a rate that grows, and a learning rate above 1", points=0.5, rtol=2e-5, atol=0, probe=_steps)
def _(rng):
    start = 10 * int(rng.integers(2, 6)) + 1  # on the third stair or beyond, and nowhere at an edge
    return float(rng.uniform(60, 90)), [start, start + 1, start + 7], 10, float(rng.uniform(1.5, 2)), None


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


@exp_decay.mistake("You round: a small learning rate comes out as another number.")
def _(lr, step, decay_steps, rate, staircase):
    power = step // decay_steps if staircase else step / decay_steps
    return round(lr * rate**power, 8)


@exp_decay.mistake("You multiply where a power is meant: rate · k is not rate, k times over.")
def _(lr, step, decay_steps, rate, staircase):
    power = step // decay_steps if staircase else step / decay_steps
    return lr * rate * power if power else lr


@exp_decay.mistake("This is the natural exponential. What is raised to the power here is `rate`.")
def _(lr, step, decay_steps, rate, staircase):
    power = step // decay_steps if staircase else step / decay_steps
    return float(lr * np.exp(-rate * power))


@exp_decay.mistake(
    "Stairs and slope have changed places: with staircase the exponent is a whole number, without it is not."
)
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (step / decay_steps if staircase else step // decay_steps)


@exp_decay.mistake("You round up. A stair ends only when the next one begins.")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (-(-step // decay_steps) if staircase else step / decay_steps)


@exp_decay.mistake("Your exponent is turned round: where the task's rate falls, yours grows.")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** -(step // decay_steps if staircase else step / decay_steps)


@exp_decay.mistake("The learning rate is inside of the power. Only `rate` is raised to it.")
def _(lr, step, decay_steps, rate, staircase):
    return (lr * rate) ** (step // decay_steps if staircase else step / decay_steps)


@exp_decay.mistake("The fraction stands on its head: how many times does decay_steps go into step?")
def _(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (decay_steps // step if staircase else decay_steps / step)


# -- descend_x2


@exercise(points=3, minutes=8, difficulty=2, picture="curve")
def descend_x2(x0, lr, n):
    """The path of n steps of gradient descent on x², its start included.

    x0, lr: float, n: int → list of n + 1 floats.
    """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.Variable(x0, dtype=tf.float64)
        (slope,) = tf.gradients(tf.square(x), [x])
        step = tf.compat.v1.assign_sub(x, lr * slope)
        session.run(tf.compat.v1.global_variables_initializer())
        path = [float(session.run(x))]
        path += [float(session.run(step)) for _ in range(n)]
    return path


def _path(answer, x0, lr, n):
    path = answer(x0, lr, n)
    if path is None or isinstance(path, (str, int, float)) or len(np.shape(path)) > 1:
        return path
    return [float(v) for v in path]


# Dimensions: start (positive, negative, 0, large), learning rate (0, below ½, ½, between ½ and 1, 1, above), number of steps
# (0, one, a few, more than 64), numbers beyond a million and below a millionth; decimals that who rounds loses; called again.


def _start(rng):
    """A start that who keeps two decimals misses by more than the tolerance, in every draw."""
    return int(rng.integers(200, 430)) / 100 + 0.005


@descend_x2.case("a small step: it converges", points=0.5, probe=_path, rtol=1e-4, atol=2e-6)
def _(rng):
    return _start(rng), float(rng.uniform(0.2, 0.3)), int(rng.integers(40, 50))  # as good as there, and goes on


@descend_x2.case("lr 1: it swings for ever", points=0.5, probe=_path, rtol=1e-4, atol=2e-6)
def _(rng):
    return _start(rng), 1.0, 5


@descend_x2.case("lr above 1: it runs away", points=0.5, probe=_path, rtol=1e-4, atol=2e-6)
def _(rng):
    return -_start(rng), float(rng.uniform(1.25, 1.35)), int(rng.integers(70, 80))  # to 10¹² and beyond


@descend_x2.case("no step at all", points=0.5, probe=_path, rtol=1e-4, atol=2e-6)
def _(rng):
    return _start(rng), 0.3, 0


@descend_x2.case("many steps, from side to side", points=0.5, probe=_path, rtol=1e-4, atol=2e-6)
def _(rng):
    return float(-rng.uniform(20, 45)), float(rng.uniform(0.96, 0.97)), int(rng.integers(66, 72))


def _special(answer, x0, lr):
    """Paths of one step: from 0, with lr 0, with lr ½, and the same one twice."""
    asked = [(0.0, lr, 1), (x0, 0.0, 1), (x0, 0.5, 1), (x0, lr, 1), (x0, lr, 1)]
    return [[float(v) for v in answer(*one)] for one in asked]


@descend_x2.case("one step: from 0, with lr 0, with lr ½", points=0.5, probe=_special, rtol=1e-3, atol=1e-5)
def _(rng):
    return _start(rng), float(rng.uniform(0.1, 0.4))


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


@descend_x2.mistake("You go one step too far: n steps, after the start.")
def _(x0, lr, n):
    return [x0 * (1 - 2 * lr) ** i for i in range(n + 2)]


@descend_x2.mistake(
    "You divide by the learning rate's factor where a step subtracts: x − lr · 2x is not x / (1 + 2 lr)."
)
def _(x0, lr, n):
    return [x0 / (1 + 2 * lr) ** i for i in range(n + 1)]


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


@descend_x2.mistake("You step by lr times the height x². What is its slope?")
def _(x0, lr, n):
    path = [x0]
    for _ in range(n):
        path.append(path[-1] - lr * path[-1] ** 2)
    return path


@descend_x2.mistake("You use the slope at the start for every step. It changes on the way.")
def _(x0, lr, n):
    return [x0 - k * lr * 2 * x0 for k in range(n + 1)]


@descend_x2.mistake("You bound the path. With a large rate it shall run away: that is what it does.")
def _(x0, lr, n):
    path = [x0]
    for _ in range(n):
        path.append(max(min(path[-1] - lr * 2 * path[-1], 100.0), -100.0))
    return path


@descend_x2.mistake(
    "Your function raises a RuntimeError: the tape is asked again after it has thrown its recording away. At each new place the "
    "slope must be recorded anew."
)
def _(x0, lr, n):
    x, path = tf.Variable(x0), [x0]
    with tf.GradientTape() as tape:
        y = x**2
    for _ in range(n):
        x.assign_sub(lr * tape.gradient(y, x))
        path.append(float(x))
    return path


@descend_x2.mistake(
    "The gradient came back as None: a tape follows variables by itself, a tensor only when it is told to, and a Python float never."
)
def _(x0, lr, n):
    x, path = tf.constant(x0), [x0]
    for _ in range(n):
        with tf.GradientTape() as tape:
            y = x**2
        x = x - lr * tape.gradient(y, x)
        path.append(float(x))
    return path


# -- as_tf_function


@exercise(points=3, minutes=10, difficulty=3)
def as_tf_function(graph, x, y):
    """An eager callable with the graph's answers: called with a value for x, it returns y.

    graph: tf.Graph without variables, x: its placeholder, y: a tensor of it → callable tensor → tensor.
    """
    definition = graph.as_graph_def()
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    return wrapped.prune(x.name, y.name)


# Dimensions: names of x and y (plain, other, in scopes); y in the middle of the graph, or the second output of its operation;
# rows (none, one, a few, more than 128); sign and size of the numbers; called several times; what comes back is one eager tensor.


def _small(weights, kind, inner, outer):
    """relu, tanh or square of x @ w, plus 1. inner and outer name x and y; one more operation goes before x, and one follows y."""
    graph = tf.Graph()
    with graph.as_default():
        tf.ones([1, 2], name="before")
        x = tf.compat.v1.placeholder(tf.float32, [None, 2], name=inner)
        h = tf.matmul(x, tf.constant(np.asarray(weights)))
        h = tf.nn.relu(h) if kind == "relu" else tf.tanh(h) if kind == "tanh" else h * h
        y = tf.add(h, 1.0, name=outer)
        tf.multiply(y, 2.0, name="later")
    return graph, f"{inner}:0", f"{outer}:0"


def _halves(weights):
    """y is the second output of a split, of an operation in a scope."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 2], name="old/x")
        tf.split(tf.matmul(x, tf.constant(np.asarray(weights))), 2, axis=1, name="old/y")
    return graph, "old/x:0", "old/y:1"


def _called(answer, made, *values):
    """Build the callable once, and call it with each of the values, eagerly."""
    graph, inner, outer = made
    function = answer(graph, graph.get_tensor_by_name(inner), graph.get_tensor_by_name(outer))
    if not callable(function):
        kind = "graph tensor" if isinstance(function, tf.Tensor) else type(function).__name__
        return {"found": "your function should return something that can be called", "kind": kind}
    results = []
    for value in values:
        result = function(value)
        if not isinstance(result, tf.Tensor) or not hasattr(result, "numpy"):
            kind = "list" if isinstance(result, (list, tuple)) else type(result).__name__
            told = "what your callable returns should be an eager tensor, as a tf.function gives it, and is: "
            op = result.op.type if isinstance(result, tf.Tensor) else ""
            return {"found": told + kind[:40], "op": op, "graph": bool(op) and result.graph is graph}
        results.append(result.numpy())
    return {"found": "", "results": results}


def _as_session(result, inputs, expected):
    if found := _told(result):
        return found
    pairs = list(zip(result["results"], expected["results"], strict=True))
    if any(as_array(got).dtype != as_array(want).dtype for got, want in pairs):
        return "your callable gives another dtype than the graph does"
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
    return (*_kind(rng, "relu", "x", "y"), _normal(rng, 0, 2))


@as_tf_function.case("a graph whose tensors have other names", points=1, probe=_called, accept=_as_session)
def _(rng):
    return _kind(rng, "tanh", "features", "scores")


@as_tf_function.case("a graph with a square, many rows", points=0.5, probe=_called, accept=_as_session)
def _(rng):
    return (*_kind(rng, "square", "x", "y"), _normal(rng, int(rng.integers(130, 160)), 2, scale=20))


@as_tf_function.case(
    "y is the second output of its operation, in a scope", points=0.5, probe=_called, accept=_as_session
)
def _(rng):
    return made(_halves, _normal(rng, 2, 4)), _normal(rng, 3, 2), _normal(rng, 1, 2)


@as_tf_function.mistake("Your callable gives back a NumPy array. What does a tf.function return?")
def _(graph, x, y):
    def function(value):
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run(y, {x: value.numpy()})

    return function


@as_tf_function.mistake(
    "Within a session's `with` its graph is the default one, and there tf.constant makes a tensor of that graph. Outside it is eager."
)
def _(graph, x, y):
    def function(value):
        with tf.compat.v1.Session(graph=graph) as session:
            return tf.constant(session.run(y, {x: value.numpy()}))

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


@as_tf_function.mistake("Your callable returns a list: return_elements gives one, with an entry for each name.")
def _(graph, x, y):
    definition = graph.as_graph_def()
    return tf.function(lambda value: tf.import_graph_def(definition, {x.name: value}, [y.name]))


@as_tf_function.mistake("You take the first output of y's operation. y.name says which of them it is.")
def _(graph, x, y):
    definition = graph.as_graph_def()
    return tf.function(lambda value: tf.import_graph_def(definition, {x.name: value}, [f"{y.op.name}:0"])[0])


@as_tf_function.mistake(
    "Called eagerly, tf.import_graph_def has no graph to import into. What gives it one, at each tracing?"
)
def _(graph, x, y):
    definition = graph.as_graph_def()
    return lambda value: tf.import_graph_def(definition, {x.name: value}, [y.name])[0]


@as_tf_function.mistake("Your callable ignores its argument: the placeholder must become the function's input.")
def _(graph, x, y):
    with tf.compat.v1.Session(graph=graph) as session:
        value = session.run(y, {x: np.zeros([4, 2], "float32")})
    return lambda _: tf.constant(value)


@as_tf_function.mistake("A tensor of a graph cannot be called. What computes its value anew, whenever it is asked?")
def _(graph, x, y):
    return y(x)


@as_tf_function.mistake("A session is fed with arrays, not with tensors. What gives you the array in an eager tensor?")
def _(graph, x, y):
    def function(value):
        with tf.compat.v1.Session(graph=graph) as session:
            return tf.constant(session.run(y, {x: value}))

    return function


@as_tf_function.mistake(
    "y.op.name is the name of the operation. Its outputs have names of their own, with a colon and a number."
)
def _(graph, x, y):
    definition = graph.as_graph_def()

    @tf.function
    def function(value):
        return tf.import_graph_def(definition, {x.op.name: value}, [y.op.name])[0]

    return function
