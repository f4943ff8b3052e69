"""Right answers to the exercises of chapter 07, written in other ways than the notebook's solutions."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

# -- log_scalars --------------------------------------------------------------------------------------------------------


def scalars_with_a_default_step(logdir, tag, values):
    writer = tf.summary.create_file_writer(str(logdir))
    for i, value in enumerate(values):
        with writer.as_default(step=100 * i):
            tf.summary.scalar(tag, np.float64(value))
    writer.close()


def scalars_by_counting(logdir, tag, values):
    writer = tf.summary.create_file_writer(logdir, max_queue=1, filename_suffix=".train")
    step = tf.Variable(0, dtype=tf.int64)
    with writer.as_default():
        for value in tf.constant(values, tf.float32):
            tf.summary.scalar(name=tag, data=value, step=step)
            step.assign_add(100)
    writer.flush()


def scalars_in_a_graph(logdir, tag, values):
    writer = tf.summary.create_file_writer(logdir)

    @tf.function
    def write(values):
        with writer.as_default():
            for i in range(len(values)):  # a loop over tf.range would put "while/" before the tag
                tf.summary.scalar(tag, values[i], step=100 * i)

    write(tf.constant(values))
    writer.close()


def scalars_as_tensorflow_1_did(logdir, tag, values):
    with tf.Graph().as_default():
        writer = tf.compat.v1.summary.FileWriter(logdir)
    for i, value in enumerate(values):
        summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=tag, simple_value=value)])
        writer.add_summary(summary, global_step=100 * i)
    writer.close()


# -- plot_to_image ------------------------------------------------------------------------------------------------------


def image_from_the_canvas(figure):
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba()).copy()
    plt.close(figure)
    return pixels[np.newaxis]


def image_by_imread(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    plt.close(figure.number)
    buffer.seek(0)
    pixels = plt.imread(buffer)  # float32 in 0..1
    return tf.cast(tf.round(tf.expand_dims(pixels, 0) * 255), tf.uint8)


def image_through_a_file(figure):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figure.png")
        figure.savefig(path)
        picture = tf.io.decode_image(tf.io.read_file(path), channels=4)
    figure.clf()
    plt.close(figure)
    return tf.stack([picture])


def image_raw(figure):
    canvas = FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    canvas.print_raw(buffer)
    width, height = canvas.get_width_height()
    plt.close(figure)
    return tf.reshape(tf.io.decode_raw(buffer.getvalue(), tf.uint8), [1, height, width, 4])


# -- image_grid ---------------------------------------------------------------------------------------------------------


def grid_by_subplots(images):
    figure, axes = plt.subplots(5, 5, figsize=(8, 8), layout="constrained")
    for ax, image in zip(axes.ravel(), images):
        ax.imshow(image, cmap="binary")
        ax.set(xticks=[], yticks=[])
    return figure


def grid_by_pyplot(images):
    figure = plt.figure(figsize=(10, 10))
    for i in range(25):
        plt.subplot(5, 5, i + 1, title=f"picture {i}")
        plt.xticks([])
        plt.yticks([])
        plt.grid(False)
        plt.imshow(images[i], cmap=plt.cm.binary)
    plt.tight_layout()
    return figure


def grid_without_pyplot(images):
    figure = Figure(figsize=(5, 5))
    for k, image in enumerate(images.numpy()[:25]):
        ax = figure.add_axes([0.2 * (k % 5), 0.8 - 0.2 * (k // 5), 0.19, 0.19])
        ax.imshow(image)
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    return figure


# -- log_images ---------------------------------------------------------------------------------------------------------


def images_of_bytes(logdir, images):
    writer = tf.summary.create_file_writer(logdir)
    with writer.as_default(step=0):
        tf.summary.image("images", tf.cast(tf.round(images * 255), tf.uint8), max_outputs=images.shape[0])
    writer.close()


def images_without_counting(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", images.numpy(), step=0, max_outputs=1_000_000)


def images_in_a_graph(logdir, images):
    writer = tf.summary.create_file_writer(logdir)

    @tf.function
    def write(images):
        with writer.as_default():
            tf.summary.image("images", images, step=tf.constant(0, tf.int64), max_outputs=tf.shape(images)[0])

    write(images)
    writer.flush()


# -- read_scalars -------------------------------------------------------------------------------------------------------


def scalars_by_accumulator(logdir, tag):
    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 10_000})
    accumulator.Reload()
    steps, values = [], []
    for event in accumulator.Tensors(tag):
        steps.append(event.step)
        values.append(tf.make_ndarray(event.tensor_proto).item())
    return steps, values


def scalars_by_loader(logdir, tag):
    points = []
    for path in Path(logdir).glob("events*"):
        for event in EventFileLoader(str(path)).Load():
            points += [(event.step, float(tf.make_ndarray(v.tensor))) for v in event.summary.value if v.tag == tag]
    steps, values = zip(*sorted(points))
    return list(steps), list(values)


def scalars_by_iterator(logdir, tag):
    steps, values = [], []
    for path in sorted(tf.io.gfile.glob(f"{logdir}/*tfevents*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.tag == tag:
                    steps.append(event.step)
                    values.append(np.frombuffer(value.tensor.tensor_content, np.float32)[0])
    return np.array(steps), np.array(values)


ANSWERS = {
    "log_scalars": [
        scalars_with_a_default_step,
        scalars_by_counting,
        scalars_in_a_graph,
        scalars_as_tensorflow_1_did,
    ],
    "plot_to_image": [image_from_the_canvas, image_by_imread, image_through_a_file, image_raw],
    "image_grid": [grid_by_subplots, grid_by_pyplot, grid_without_pyplot],
    "log_images": [images_of_bytes, images_without_counting, images_in_a_graph],
    "read_scalars": [scalars_by_accumulator, scalars_by_loader, scalars_by_iterator],
}
