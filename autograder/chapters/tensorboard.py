"""Chapter 07, TensorBoard: write what a training does, and read it back."""

import tempfile
from pathlib import Path

import keras
import matplotlib
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_ndarray, make_tensor_proto

from ..exercise import exercise
from ..values import made

EVERYTHING = {"tensors": 0, "images": 0, "scalars": 0}


def _write(logdir, tag, tensors, steps, plugin):
    """Event files by hand, protocol buffer by protocol buffer: the reference's road, without tf.summary."""
    writer = EventFileWriter(logdir)
    for step, tensor in zip(steps, tensors):
        event = Event(step=int(step), wall_time=0.0)
        value = event.summary.value.add(tag=tag, tensor=make_tensor_proto(tensor))
        value.metadata.plugin_data.plugin_name = plugin
        writer.add_event(event)
    writer.close()


def _png(image):
    """A picture [height, width] or [height, width, channels] in 0..1 as PNG."""
    image = np.asarray(image, np.float32)
    image = image[..., None] if image.ndim == 2 else image
    return tf.io.encode_png(tf.cast(tf.round(image * 255), tf.uint8)).numpy()


def read_events(files):
    """Event files (a list of their bytes) → tag → (steps, tensors as arrays), with TensorBoard's own reader."""
    with tempfile.TemporaryDirectory() as folder:
        for i, data in enumerate(files):
            (Path(folder) / f"events.out.tfevents.{i:04d}.x").write_bytes(data)
        accumulator = EventAccumulator(folder, size_guidance=EVERYTHING)
        accumulator.Reload()
        found = {}
        for tag in accumulator.Tags()["tensors"]:
            events = accumulator.Tensors(tag)
            found[tag] = ([e.step for e in events], [make_ndarray(e.tensor_proto) for e in events])
        return found


def _logged(answer, *rest):
    """Call answer(logdir, …) on an empty folder; the bytes of the event files it left there, and where it left others."""
    import os
    import tempfile

    before = set(os.listdir("."))
    with tempfile.TemporaryDirectory() as logdir:
        result = answer(logdir, *rest)
        files = []
        for folder, _, names in sorted(os.walk(logdir)):
            for name in sorted(names):
                if "tfevents" in name:
                    with open(os.path.join(folder, name), "rb") as file:
                        files.append(file.read())
    strays = sorted(name for name in set(os.listdir(".")) - before if "tmp" not in name)
    return {"result": result, "files": files, "elsewhere": len(strays)}


def _events(result):
    return read_events(result["files"])


# -- log_scalars


@exercise(points=4, minutes=10, difficulty=1)
def log_scalars(logdir, tag, values):
    """Write one scalar for each value: value i at step 100·i, under this tag, into event files in logdir.

    logdir: path, tag: str, values: list of float → None.
    """
    _write(logdir, tag, [np.float32(v) for v in values], [100 * i for i in range(len(values))], "scalars")


def _scalars(result, inputs, expected):
    tag, values = inputs
    events = _events(result)
    if not result["files"]:
        return "there is no event file in logdir after the call"
    if not events:
        return "the event file holds no value: a writer keeps them back until it is flushed or closed"
    if tag not in events:
        return "there are values, but not under the tag that was asked for"
    if len(events) > 1:
        return "there are values under other tags, too"
    steps, tensors = events[tag]
    if any(t.shape != () for t in tensors):
        return "every event should hold a single number"
    if len(steps) != len(values):
        return "there are not as many events as values"
    if steps != [100 * i for i in range(len(values))]:
        return "the values are not at the steps 0, 100, 200, …"
    if not np.allclose(tensors, values, rtol=1e-5):
        return "the steps are right, the values are not, or in another order"
    return None


@log_scalars.case("a falling loss", probe=_logged, accept=_scalars)
def _(rng):
    return "train-loss", [float(v) for v in np.sort(rng.uniform(0.1, 2, size=6))[::-1]]


@log_scalars.case("another tag, more values than TensorBoard keeps by default", probe=_logged, accept=_scalars)
def _(rng):
    return f"run{rng.integers(10)}/accuracy", [float(v) for v in rng.uniform(size=25)]


@log_scalars.case("a single value", probe=_logged, accept=_scalars)
def _(rng):
    return "once", [float(rng.uniform())]


@log_scalars.case("the same value again and again", probe=_logged, accept=_scalars)
def _(rng):
    return "flat", [float(rng.uniform())] * 4


@log_scalars.mistake("Your values stand at the steps 0, 1, 2, … At which step was each of them measured?")
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, v in enumerate(values):
            tf.summary.scalar(tag, v, step=i)


@log_scalars.mistake("Your first value stands at step 100. A training's first step has the number 0.")
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, v in enumerate(values):
            tf.summary.scalar(tag, v, step=100 * (i + 1))


@log_scalars.mistake("All your values stand at step 0. Who tells TensorBoard how far the training has come?")
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for v in values:
            tf.summary.scalar(tag, v, step=0)


@log_scalars.mistake(
    "The writer was made, but nothing was written with it: tf.summary writes to the writer that is the default."
)
def _(logdir, tag, values):
    tf.summary.create_file_writer(str(logdir)).flush()
    for i, v in enumerate(values):
        tf.summary.scalar(tag, v, step=100 * i)


@log_scalars.mistake("The tag is always the same, whatever the caller asks for.")
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, v in enumerate(values):
            tf.summary.scalar("loss", v, step=100 * i)


@log_scalars.mistake("There is an event for the last value only. Is the call inside the loop?")
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, v in enumerate(values):  # noqa: B007
            pass
        tf.summary.scalar(tag, v, step=100 * i)


# -- plot_to_image


@exercise(points=4, minutes=10, difficulty=2)
def plot_to_image(figure):
    """The figure as a picture that TensorBoard can show: uint8 [1, height, width, 4]. The figure is closed afterwards.

    figure: a matplotlib figure, of any size, not necessarily the current one.
    """
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[None]
    matplotlib.pyplot.close(figure)
    return tf.constant(pixels)


def _two_figures(size, heights):
    import matplotlib.pyplot as plt

    first = plt.figure(figsize=size, dpi=50)
    first.add_subplot().bar(range(len(heights)), heights, color="#0072B2")
    return first


def _another(size):
    import matplotlib.pyplot as plt

    return plt.figure(figsize=size, dpi=50, facecolor="red")


def _drawn(answer, figure, current):
    """Hand over a figure while another one is current; the picture, and which figures are still open."""
    import matplotlib.pyplot as plt

    numbers = [figure.number, current.number]
    try:
        picture = answer(figure)
        left = plt.get_fignums()
    finally:
        for number in numbers:
            plt.close(number)
    return {"picture": picture, "closed": numbers[0] not in left, "other": numbers[1] in left}


def _picture(result, inputs, expected):
    picture = result["picture"]
    if getattr(picture, "tag", "array") not in ("tensor", "array"):
        return "your function should return a tensor"
    got = np.asarray(getattr(picture, "value", picture))
    want = np.asarray(expected["picture"].value)
    if got.ndim == 3:
        return "the batch axis is missing: TensorBoard takes a batch of pictures, even if there is only one"
    if got.ndim != 4 or got.shape[0] != 1:
        return "the picture should have the shape [1, height, width, 4]"
    if got.shape[-1] == 3:
        return "the picture has three channels; the fourth, how opaque a pixel is, is missing"
    if got.dtype != np.uint8:
        return "the pixels should be uint8"
    if abs(got.shape[1] / got.shape[2] - want.shape[1] / want.shape[2]) > 0.02 * want.shape[1] / want.shape[2]:
        return "the picture has other proportions than the figure that was given"
    small = [keras.ops.image.resize(p.astype("float32"), (16, 16), antialias=True).numpy() for p in (got[0], want[0])]
    if np.abs(small[0] - small[1]).mean() > 12:
        return "this is not a picture of the figure that was given"
    if not result["closed"]:
        return "the figure is still open: every figure that stays open keeps its memory, and shows up in the notebook"
    if not result["other"]:
        return "another figure, which nobody gave you, was closed"
    return None


def _figures(rng, size):
    heights = [float(v) for v in rng.uniform(0.2, 1, size=5)]
    return made(_two_figures, size, heights), made(_another, [3.0, 3.0])


@plot_to_image.case("a figure while another one is current", points=2, probe=_drawn, accept=_picture)
def _(rng):
    return _figures(rng, [4.0, 2.0])


@plot_to_image.case("a tall figure", points=2, probe=_drawn, accept=_picture)
def _(rng):
    return _figures(rng, [2.0, float(rng.uniform(3, 5))])


@plot_to_image.mistake("plt.savefig saves the *current* figure, which need not be the one you were given.")
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    plt.savefig(buffer, format="png")
    plt.close(figure)
    return tf.image.decode_png(buffer.getvalue(), channels=4)[None]


@plot_to_image.mistake("The picture is right, but has no batch axis. How many axes does tf.summary.image ask for?")
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return tf.image.decode_png(buffer.getvalue(), channels=4)


@plot_to_image.mistake("The picture is right, but its figure is left open.")
def _(figure):
    import io

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return tf.image.decode_png(buffer.getvalue(), channels=4)[None]


@plot_to_image.mistake("You closed all figures there are. Only the one you were given is yours to close.")
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close("all")
    return tf.image.decode_png(buffer.getvalue(), channels=4)[None]


@plot_to_image.mistake("Your picture has three channels. A PNG of a figure has a fourth: how opaque each pixel is.")
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return tf.image.decode_png(buffer.getvalue(), channels=3)[None]


@plot_to_image.mistake(
    "Your pixels are floating-point numbers. A picture for TensorBoard may be, but the task asks for bytes."
)
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return tf.cast(tf.image.decode_png(buffer.getvalue(), channels=4), tf.float32)[None] / 255.0


# -- image_grid


@exercise(points=4, minutes=12, difficulty=2)
def image_grid(images):
    """A figure with 25 pictures in 5 rows of 5, in order, without ticks.

    images: float32 [n, 28, 28] with n ≥ 25; the first 25 are shown → matplotlib figure.
    """
    figure = Figure(figsize=(5, 5))
    for axes, image in zip(figure.subplots(5, 5).flat, np.asarray(images)):
        axes.imshow(image, cmap="gray")
        axes.set_axis_off()
    return figure


def _grid(answer, images):
    """Draw, then look at the figure: where each picture is and what it shows."""
    import matplotlib.pyplot as plt

    result = answer(images)
    if not hasattr(result, "axes"):
        return {"kind": type(result).__name__}
    cells = []
    for ax in result.axes:
        shown = ax.get_images()
        box = ax.get_position()
        ticks = ax.axison and (len(ax.get_xticks()) + len(ax.get_yticks())) > 0
        cells.append([float(box.x0), float(-box.y1), [np.ma.getdata(i.get_array()) for i in shown], bool(ticks)])
    plt.close(result)
    return {"kind": "figure", "cells": cells}


def _in_order(result, inputs, expected):
    if result["kind"] != "figure":
        return "your function should return the figure"
    cells = [cell for cell in result["cells"] if cell[2]]
    if len(cells) != 25:
        return "the figure should show 25 pictures, each in axes of its own"
    rows = sorted({round(c[1], 2) for c in cells})
    columns = sorted({round(c[0], 2) for c in cells})
    if (len(rows), len(columns)) != (5, 5):
        return "the pictures do not stand in 5 rows of 5"
    placed = sorted(cells, key=lambda c: (round(c[1], 2), round(c[0], 2)))
    images = inputs[0]
    for number, cell in enumerate(placed):
        shown = np.asarray(cell[2][-1], np.float64)
        if shown.shape[:2] != (28, 28):
            return "a picture in the grid does not have 28 × 28 pixels"
        shown = shown if shown.ndim == 2 else shown[..., 0]
        if not np.allclose(shown, images[number], atol=1e-3):
            if any(np.allclose(shown, other, atol=1e-3) for other in images):
                return "the pictures are all from the batch, but not in its order, row by row"
            return "a picture in the grid is none of the given ones"
    if any(cell[3] for cell in cells):
        return "there are ticks on the axes: pixels have no unit worth reading"
    return None


@image_grid.case("25 pictures", probe=_grid, accept=_in_order)
def _(rng):
    return (rng.uniform(size=(25, 28, 28)).astype("float32"),)


@image_grid.case("a batch of 30: the first 25 count", probe=_grid, accept=_in_order)
def _(rng):
    return (rng.uniform(size=(30, 28, 28)).astype("float32"),)


def _grid_of(images, order, rows=5, ticks=False):
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(5, 5))
    for place, number in enumerate(order):
        ax = figure.add_subplot(rows, 5, place + 1)
        ax.imshow(images[number], cmap="gray")
        if not ticks:
            ax.axis("off")
    return figure


@image_grid.mistake("Every cell shows the first picture. Does the number of the cell reach the picture?")
def _(images):
    return _grid_of(images, [0] * 25)


@image_grid.mistake("Your pictures run down the columns. A page is read row by row.")
def _(images):
    return _grid_of(images, [5 * (i % 5) + i // 5 for i in range(25)])


@image_grid.mistake("The ticks are still there.")
def _(images):
    return _grid_of(images, range(25), ticks=True)


@image_grid.mistake("The first picture is missing: subplot numbers begin at 1, pictures at 0.")
def _(images):
    return _grid_of(images, [min(i + 1, len(images) - 1) for i in range(25)])


@image_grid.mistake("The figure was drawn, but not returned: without it nothing can be logged.")
def _(images):
    _grid_of(images, range(25))


@image_grid.mistake("There is a row too few: 20 pictures.")
def _(images):
    return _grid_of(images, range(20), rows=4)


# -- log_images


@exercise(points=4, minutes=10, difficulty=2)
def log_images(logdir, images):
    """Write all the pictures of a batch, at step 0, under the tag "images", into event files in logdir.

    logdir: path, images: float32 [n, 28, 28, 1] in 0..1 → None.
    """
    encoded = [str(images.shape[2]).encode(), str(images.shape[1]).encode(), *[_png(i) for i in images.numpy()]]
    _write(logdir, "images", [np.array(encoded, object)], [0], "images")


def _all_pictures(result, inputs, expected):
    images = inputs[0]
    if not result["files"]:
        return "there is no event file in logdir after the call"
    events = _events(result)
    if not events:
        return "the event file holds no picture: a writer keeps them back until it is flushed or closed"
    if list(events) != ["images"]:
        return 'the pictures are not all under the tag "images"'
    steps, tensors = events["images"]
    if len(steps) != 1:
        return "the pictures are spread over several events; one batch is one event"
    if steps != [0]:
        return "the pictures are not at step 0"
    pictures = [bytes(p) for p in tensors[0].reshape(-1)[2:]]
    if len(pictures) != len(images):
        return "not all pictures of the batch were written"
    for data, image in zip(pictures, images):
        shown = tf.io.decode_png(data, channels=1).numpy() / 255.0
        if shown.shape != image.shape:
            return "a picture has another size than the one that was given"
        if not np.allclose(shown, image, atol=0.02):
            return "a picture was written, but with other pixels: which range does tf.summary.image expect?"
    return None


@log_images.case("nine pictures", probe=_logged, accept=_all_pictures)
def _(rng):
    return (rng.uniform(0, 0.9, size=(9, 28, 28, 1)).astype("float32"),)


@log_images.case("a batch of one", probe=_logged, accept=_all_pictures)
def _(rng):
    return (rng.uniform(0, 0.9, size=(1, 28, 28, 1)).astype("float32"),)


@log_images.case("twenty-five pictures", probe=_logged, accept=_all_pictures)
def _(rng):
    return (rng.uniform(0, 0.9, size=(25, 28, 28, 1)).astype("float32"),)


@log_images.mistake("Only the first three arrived: tf.summary.image writes no more unless it is told to.")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", images, step=0)


@log_images.mistake("Twenty-five is the size of one batch, not of every batch: you name more or fewer than there are.")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", images[:5], step=0, max_outputs=25)


@log_images.mistake("Your pictures are spread over the steps. They belong to one moment of the training, step 0.")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, image in enumerate(images):
            tf.summary.image("images", image[None], step=i)


@log_images.mistake(
    "You scaled the pixels to 0..255, but left them floating-point: there the range is 0..1, and the rest is cut off."
)
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", images * 255.0, step=0, max_outputs=len(images))


@log_images.mistake("Each picture has a tag of its own. TensorBoard then shows as many cards as there are pictures.")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, image in enumerate(images):
            tf.summary.image(f"images/{i}", image[None], step=0)


# -- read_scalars


@exercise(points=4, minutes=12, difficulty=3)
def read_scalars(logdir, tag):
    """Read a scalar's curve back from the event files in logdir: every step and every value, in order.

    logdir: path, tag: str → (steps, values): a list of int and a list of float.
    """
    found = {}
    for path in sorted(Path(logdir).glob("*tfevents*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag == tag:
                    found[event.step] = float(make_ndarray(value.tensor))
    return sorted(found), [found[step] for step in sorted(found)]


def _with_files(answer, curves, tag):
    """Write the curves with tf.summary, then let the answer read one of them."""
    import tempfile

    with tempfile.TemporaryDirectory() as logdir:
        writer = tf.summary.create_file_writer(logdir)
        with writer.as_default():
            for name, steps, values in curves:
                for step, value in zip(steps, values):
                    tf.summary.scalar(name, value, step=step)
        writer.close()
        steps, values = answer(logdir, tag)
        return [[int(s) for s in steps], [float(v) for v in values]]


def _curve(rng, name, n, stride):
    return [name, [stride * i for i in range(n)], [float(v) for v in rng.uniform(size=n)]]


@read_scalars.case("one short curve", probe=_with_files)
def _(rng):
    return [_curve(rng, "loss", 5, 100)], "loss"


@read_scalars.case("a long curve", probe=_with_files)
def _(rng):
    return [_curve(rng, "loss", 60, 100)], "loss"


@read_scalars.case("two curves in one folder", probe=_with_files)
def _(rng):
    return [_curve(rng, "loss", 8, 100), _curve(rng, "accuracy", 4, 500)], "accuracy"


@read_scalars.case("steps that are not evenly spaced", probe=_with_files)
def _(rng):
    steps = sorted(int(s) for s in rng.choice(1000, size=7, replace=False))
    return [["loss", steps, [float(v) for v in rng.uniform(size=7)]]], "loss"


def _accumulated(logdir, **options):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(logdir), **options)
    accumulator.Reload()
    return accumulator


def _number(event):
    from tensorboard.util.tensor_util import make_ndarray

    return float(make_ndarray(event.tensor_proto))


@read_scalars.mistake(
    "Of a long curve you get ten points only: that is how many a reader keeps unless you ask for all."
)
def _(logdir, tag):
    events = _accumulated(logdir).Tensors(tag)
    return [e.step for e in events], [_number(e) for e in events]


@read_scalars.mistake(
    "TensorFlow 2 writes scalars as tensors. In the list of old-style scalars there is nothing to be found."
)
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"scalars": 0}).Scalars(tag)
    return [e.step for e in events], [e.value for e in events]


@read_scalars.mistake(
    "You read whichever curve comes first. Several live in one folder; the tag says which one is meant."
)
def _(logdir, tag):
    accumulator = _accumulated(logdir, size_guidance={"tensors": 0})
    events = accumulator.Tensors(sorted(accumulator.Tags()["tensors"])[-1])
    return [e.step for e in events], [_number(e) for e in events]


@read_scalars.mistake("You count the points instead of reading their steps.")
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"tensors": 0}).Tensors(tag)
    return list(range(len(events))), [_number(e) for e in events]


@read_scalars.mistake("You take the steps to be 0, 100, 200, … The file knows the true ones.")
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"tensors": 0}).Tensors(tag)
    return [100 * i for i in range(len(events))], [_number(e) for e in events]


@read_scalars.mistake("Your two lists are in the wrong order: the steps come first.")
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"tensors": 0}).Tensors(tag)
    return [_number(e) for e in events], [e.step for e in events]
