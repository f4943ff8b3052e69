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
        with tf1.Session().as_default():
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
