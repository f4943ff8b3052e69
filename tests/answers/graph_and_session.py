"""Right answers to chapter 08, differently written: the checks must pass every one of them."""

import math

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1

# -- build_graph --------------------------------------------------------------------------------------------------------


def build_graph_reduce():
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, shape=[None, 2], name="x")
        y = tf.reduce_sum(x, axis=1, keepdims=True, name="y")
    return graph, x, y


def build_graph_slices():
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder("float32", (None, 2))
        return graph, x, x[:, :1] + x[:, 1:]


def build_graph_expanded():
    with tf1.Graph().as_default():
        x = tf1.placeholder(tf.float32, tf.TensorShape([None, 2]))
        sums = tf.reduce_sum(x, -1)
        return [sums.graph, x, tf.expand_dims(sums, -1)]


def build_graph_reshaped():
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 2])
        y = tf.reshape(tf.einsum("ij->i", tf.cast(x, tf.float64)), [-1, 1])
        y = tf.cast(y, tf.float32)
    return (graph, x, y)


# -- run ----------------------------------------------------------------------------------------------------------------


def run_with(graph, y, feed):
    with tf1.Session(graph=graph) as session:
        session.run(tf1.global_variables_initializer())
        return session.run(y, feed_dict=feed)


def run_before_the_session(graph, y, feed):
    with graph.as_default():
        init = tf1.global_variables_initializer()
    session = tf1.Session(graph=graph)
    try:
        session.run(init)
        return session.run([y], feed)[0]
    finally:
        session.close()


def run_eval(graph, y, feed):
    with graph.as_default():
        with tf1.Session():
            tf1.global_variables_initializer().run()
            return y.eval(feed_dict=feed)


def run_listed(graph, y, feed):
    with graph.as_default(), tf1.Session() as session:
        session.run(tf1.variables_initializer(tf1.global_variables()))
        values = session.run({"y": y}, feed)
    return values["y"]


# -- on_device ----------------------------------------------------------------------------------------------------------


def on_device_default(graph, device):
    with graph.as_default():
        with tf.device(device):
            return tf.add(graph.get_tensor_by_name("a:0"), graph.get_tensor_by_name("b:0"))


def on_device_of_the_graph(graph, device):
    a, b = (graph.get_tensor_by_name(f"{name}:0") for name in "ab")
    with graph.device(device):
        return a + b


def on_device_element(graph, device):
    with graph.as_default(), tf1.device(device):
        a = graph.as_graph_element("a").outputs[0]
        b = graph.get_operation_by_name("b").outputs[0]
        return tf.add_n([a, b], name="total")


# -- exp_decay ----------------------------------------------------------------------------------------------------------


def exp_decay_plain(lr, step, decay_steps, rate, staircase):
    power = step // decay_steps if staircase else step / decay_steps
    return lr * rate**power


def exp_decay_logarithm(lr, step, decay_steps, rate, staircase):
    power = step / decay_steps
    return lr * math.exp((math.floor(power) if staircase else power) * math.log(rate))


def exp_decay_tensors(lr, step, decay_steps, rate, staircase):
    power = tf.cast(step, tf.float32) / tf.cast(decay_steps, tf.float32)
    power = tf.floor(power) if staircase else power
    return float(tf.constant(lr) * tf.pow(tf.constant(rate), power))


def exp_decay_numpy(lr, step, decay_steps, rate, staircase):
    return np.float64(lr) * np.power(rate, np.floor_divide(step, decay_steps) if staircase else step / decay_steps)


# -- descend_x2 ---------------------------------------------------------------------------------------------------------


def descend_x2_plain(x0, lr, n):
    path = [x0]
    for _ in range(n):
        path.append(path[-1] - lr * 2 * path[-1])
    return path


def descend_x2_tape(x0, lr, n):
    x = tf.Variable(x0)
    path = [float(x)]
    for _ in range(n):
        with tf.GradientTape() as tape:
            y = x**2
        x.assign_sub(lr * tape.gradient(y, x))
        path.append(float(x))
    return path


def descend_x2_closed(x0, lr, n):
    return [x0 * (1 - 2 * lr) ** i for i in range(n + 1)]


def descend_x2_session(x0, lr, n):
    with tf.Graph().as_default():
        x = tf1.get_variable("x", initializer=float(x0))
        (slope,) = tf.gradients(tf.square(x), [x])
        step = tf1.assign_sub(x, lr * slope)
        with tf1.Session() as session:
            session.run(tf1.global_variables_initializer())
            path = [session.run(x)]
            path += [session.run(step) for _ in range(n)]
    return [float(v) for v in path]


# -- as_tf_function -----------------------------------------------------------------------------------------------------


def as_tf_function_imported(graph, x, y):
    definition = graph.as_graph_def()

    @tf.function
    def function(value):
        (result,) = tf.import_graph_def(definition, input_map={x.name: value}, return_elements=[y.name])
        return result

    return function


def as_tf_function_pruned(graph, x, y):
    definition = graph.as_graph_def()
    wrapped = tf1.wrap_function(lambda: tf.import_graph_def(definition, name="old"), [])
    return wrapped.prune(f"old/{x.name}", f"old/{y.name}")


def as_tf_function_signature(graph, x, y):
    definition = graph.as_graph_def()

    @tf.function(input_signature=[tf.TensorSpec(x.shape, x.dtype)])
    def function(value):
        return tf.graph_util.import_graph_def(definition, {x.op.name: value}, [y.name], name="")[0]

    return function


def as_tf_function_eager_call(graph, x, y):
    definition = graph.as_graph_def()

    def function(value):
        once = tf.function(lambda v: tf.import_graph_def(definition, {x.name: v}, [y.name]))
        return once(value)[0]

    return function


def as_tf_function_session(graph, x, y):
    session = tf1.Session(graph=graph)
    return lambda value: tf.constant(session.run(y, {x: value.numpy()}))


ANSWERS = {
    "build_graph": [build_graph_reduce, build_graph_slices, build_graph_expanded, build_graph_reshaped],
    "run": [run_with, run_before_the_session, run_eval, run_listed],
    "on_device": [on_device_default, on_device_of_the_graph, on_device_element],
    "exp_decay": [exp_decay_plain, exp_decay_logarithm, exp_decay_tensors, exp_decay_numpy],
    "descend_x2": [descend_x2_plain, descend_x2_tape, descend_x2_closed, descend_x2_session],
    "as_tf_function": [
        as_tf_function_imported,
        as_tf_function_pruned,
        as_tf_function_signature,
        as_tf_function_eager_call,
        as_tf_function_session,
    ],
}


# -- wrong answers without a hint of their own


def build_graph_eight_rows():
    graph, x, y = build_graph_reduce()
    with graph.as_default():
        return graph, x, y[:8]


def build_graph_clipped():
    graph, x, y = build_graph_reduce()
    with graph.as_default():
        return graph, x, tf.clip_by_value(y, -50, 50)


def build_graph_positive():
    graph, x, _ = build_graph_reduce()
    with graph.as_default():
        return graph, x, tf.reduce_sum(tf.nn.relu(x), axis=1, keepdims=True)


def build_graph_cached(kept=[]):  # noqa: B006
    kept.append(build_graph_reduce())
    return kept[0]


def build_graph_stays():
    graph = tf.Graph()
    graph.as_default().__enter__()
    x = tf1.placeholder(tf.float32, [None, 2])
    return graph, x, tf.reduce_sum(x, 1, keepdims=True)


def build_graph_double():
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float64, [None, 2])
        return graph, x, tf.cast(tf.reduce_sum(x, 1, keepdims=True), tf.float32)


def run_cached(graph, y, feed, kept={}):  # noqa: B006
    if graph not in kept:
        with graph.as_default():
            kept[graph] = tf1.Session(graph=graph)
            kept[graph].run(tf1.global_variables_initializer())
    return kept[graph].run(y, feed)


def run_first_feed(graph, y, feed, kept={}):  # noqa: B006
    return run_with(graph, y, kept.setdefault(graph, feed))


def run_to_list(graph, y, feed):
    return run_with(graph, y, feed).tolist()


def run_to_tensor(graph, y, feed):
    return tf.constant(run_with(graph, y, feed))


def run_rows(graph, y, feed):
    return run_with(graph, y, {key: value[:1] if np.ndim(value) else value for key, value in feed.items()})


def run_interactive(graph, y, feed):
    with graph.as_default():
        tf1.InteractiveSession(graph=graph)
        tf1.global_variables_initializer().run()
        return y.eval(feed)


def on_device_difference(graph, device):
    with graph.as_default(), tf.device(device):
        return graph.get_tensor_by_name("a:0") - graph.get_tensor_by_name("b:0")


def on_device_twice_a(graph, device):
    with graph.as_default(), tf.device(device):
        a = graph.get_tensor_by_name("a:0")
        return a + a


def on_device_number_zero(graph, device):
    return on_device_default(graph, device[:-1] + "0" if device[-2] == ":" else device[:-2] + "0")


def on_device_open(graph, device):
    graph.device(device).__enter__()
    with graph.as_default():
        return graph.get_tensor_by_name("a:0") + graph.get_tensor_by_name("b:0")


def on_device_upper(graph, device):
    return on_device_default(graph, "/gpu:0" if "gpu" in device else "/cpu:0")


def exp_decay_rounded(digits):
    return lambda lr, step, decay_steps, rate, staircase: round(
        exp_decay_plain(lr, step, decay_steps, rate, staircase), digits
    )


def exp_decay_next(lr, step, decay_steps, rate, staircase):
    return exp_decay_plain(lr, step + 1, decay_steps, rate, staircase)


def exp_decay_ceiling(lr, step, decay_steps, rate, staircase):
    power = step / decay_steps
    return lr * rate ** (math.ceil(power) if staircase else power)


def exp_decay_bounded(lr, step, decay_steps, rate, staircase):
    return min(exp_decay_plain(lr, step, decay_steps, rate, staircase), 50.0)


def exp_decay_falling(lr, step, decay_steps, rate, staircase):
    return exp_decay_plain(lr, step, decay_steps, min(rate, 1.0), staircase)


def descend_x2_rounded(x0, lr, n):
    return [round(x, 2) for x in descend_x2_closed(x0, lr, n)]


def descend_x2_clipped(x0, lr, n):
    path = [x0]
    for _ in range(n):
        path.append(min(50.0, max(-50.0, path[-1] - 2 * lr * path[-1])))
    return path


def descend_x2_64(x0, lr, n):
    return descend_x2_closed(x0, lr, n)[:64]


def descend_x2_absolute(x0, lr, n):
    return [abs(x) for x in descend_x2_closed(x0, lr, n)]


def descend_x2_default(x0, lr, n):
    return descend_x2_closed(x0, lr or 0.1, n)


def as_tf_function_first_call(graph, x, y):
    inner, kept = as_tf_function_imported(graph, x, y), []

    def function(value):
        kept.append(inner(value))
        return kept[0]

    return function


def as_tf_function_sixteen(graph, x, y):
    inner = as_tf_function_imported(graph, x, y)
    return lambda value: inner(value)[:16]


def as_tf_function_clipped(graph, x, y):
    inner = as_tf_function_imported(graph, x, y)
    return lambda value: tf.minimum(inner(value), 50.0)


def as_tf_function_operation(graph, x, y):
    definition = graph.as_graph_def()
    return tf.function(lambda v: tf.import_graph_def(definition, {x.name: v}, [y.op.name])[0].outputs[0])


def build_graph_open_session():
    graph, x, y = build_graph_reduce()
    tf1.Session(graph=graph).run(y, {x: [[1.0, 2.0]]})
    return graph, x, y


def run_begun_again(graph, y, feed):
    with tf1.Session(graph=graph) as session:
        init = tf1.global_variables_initializer()
        session.run(init)
        session.run(y, feed)
        session.run(init)
        return session.run(y, feed)


def run_eating_the_feed(graph, y, feed):
    mine = {}
    while feed:
        key, value = feed.popitem()
        mine[key] = value
    return run_with(graph, y, mine)


def on_device_moving(graph, device):
    with graph.as_default(), tf.device(device):
        graph.get_operation_by_name("a")._set_device(device)
        return graph.get_tensor_by_name("a:0") + graph.get_tensor_by_name("b:0")


def on_device_in_order(places):
    def on_device(graph, device):
        a, b = (graph.get_operations()[i].outputs[0] for i in places)
        with graph.as_default(), tf.device(device):
            return a + b

    return on_device


def on_device_helper_elsewhere(graph, device):
    with graph.as_default():
        zero = tf.constant(0.0)
        with tf.device(device):
            return graph.get_tensor_by_name("a:0") + graph.get_tensor_by_name("b:0") + zero


def descend_x2_until(stops):
    def descend_x2(x0, lr, n):
        path = [x0]
        for _ in range(n):
            path.append(path[-1] - lr * 2 * path[-1])
            if stops(path[-1], path[-2]):
                break
        return path

    return descend_x2


def descend_x2_four_decimals(x0, lr, n):
    path = [x0]
    for _ in range(n):
        path.append(round(path[-1] - lr * 2 * path[-1], 4))
    return path


def exp_decay_stairs_fall(lr, step, decay_steps, rate, staircase):
    return lr * rate ** (step // decay_steps if staircase and rate < 1 else step / decay_steps)


def as_tf_function_first_operation(graph, x, y):
    definition, first = graph.as_graph_def(), graph.get_operations()[0].outputs[0].name
    return tf.function(lambda value: tf.import_graph_def(definition, {first: value}, [y.name])[0])


def as_tf_function_hundred(graph, x, y):
    definition = graph.as_graph_def()
    return tf.function(lambda value: tf.import_graph_def(definition, {x.name: value[:100]}, [y.name])[0])


WRONG = {
    "build_graph": [
        build_graph_open_session,
        build_graph_eight_rows,
        build_graph_clipped,
        build_graph_positive,
        build_graph_cached,
        build_graph_stays,
        build_graph_double,
    ],
    "run": [
        run_begun_again,
        run_eating_the_feed,
        run_cached,
        run_first_feed,
        run_to_list,
        run_to_tensor,
        run_rows,
        run_interactive,
    ],
    "on_device": [
        on_device_moving,
        on_device_in_order((0, 1)),
        on_device_in_order((-2, -1)),
        on_device_helper_elsewhere,
        on_device_difference,
        on_device_twice_a,
        on_device_number_zero,
        on_device_open,
        on_device_upper,
    ],
    "exp_decay": [
        exp_decay_rounded(4),
        exp_decay_rounded(8),
        exp_decay_next,
        exp_decay_stairs_fall,
        exp_decay_ceiling,
        exp_decay_bounded,
        exp_decay_falling,
    ],
    "descend_x2": [
        descend_x2_until(lambda now, before: abs(now) > 1e6),
        descend_x2_until(lambda now, before: abs(now - before) < 1e-6),
        descend_x2_four_decimals,
        descend_x2_rounded,
        descend_x2_clipped,
        descend_x2_64,
        descend_x2_absolute,
        descend_x2_default,
    ],
    "as_tf_function": [
        as_tf_function_first_operation,
        as_tf_function_hundred,
        as_tf_function_first_call,
        as_tf_function_sixteen,
        as_tf_function_clipped,
        as_tf_function_operation,
    ],
}
