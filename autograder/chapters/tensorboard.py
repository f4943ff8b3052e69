"""Chapter 07, TensorBoard: write what a training does, and read it back."""

import io
import math
import struct
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_ndarray, make_tensor_proto

from ..judging.compare import as_array, describe
from ..judging.exercise import exercise
from ..judging.values import made

MAX_FILES, MAX_BYTES, MAX_VALUES, MAX_ELEMENTS = 100, 4 << 20, 10_000, 10_000
"""Of event files, of their bytes together, of the values in them, of the elements of one value: far beyond any task's need."""


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
    """Event files (a list of their bytes) → tag → (plugin, steps, arrays), as TensorBoard would show them.

    plugin: the dashboard that shows the tag, "scalars" or "images". The bytes are a student's, and they are read where the
    verdict is found. So they are read here: TensorBoard's own reader believes every length and every shape that it meets, and
    one that is made up takes all memory, or the process. Nothing is opened or run. Raises ValueError for more than the bounds.
    """
    found, count = {}, 0
    for data in files:
        for record in _records(data):
            event = Event.FromString(record)
            count += 1 + len(event.summary.value)
            if count > MAX_VALUES:
                raise ValueError("too many events")
            for value in event.summary.value:
                kind = value.WhichOneof("value")
                if kind not in ("tensor", "simple_value"):
                    continue
                # TensorFlow 1 wrote numbers without saying what they are; TensorBoard shows these, too
                plugin = value.metadata.plugin_data.plugin_name if kind == "tensor" else "scalars"
                array = _array(value.tensor) if kind == "tensor" else np.float32(value.simple_value)
                _, steps, arrays = found.setdefault(value.tag, (plugin, [], []))
                steps.append(event.step)
                arrays.append(array)
    return found


def _records(data):
    """The records of an event file: length, its checksum, bytes, their checksum. A last one that is cut off is left out."""
    at = 0
    while at + 12 <= len(data):
        end = at + 12 + struct.unpack_from("<Q", data, at)[0]
        if end + 4 > len(data):
            return
        yield data[at + 12 : end]
        at = end + 4


def _array(tensor):
    """A tensor of an event file as an array. One number can stand for a tensor of any shape: its size is looked at first."""
    shape = [d.size for d in tensor.tensor_shape.dim[:5]]
    if len(shape) > 4 or min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"a tensor of shape {shape}")
    return make_ndarray(tensor)


def _no_files(files):
    """What is wrong with the event files as such, before any is read."""
    if not files:
        return "there is no event file in logdir after the call"
    if len(files) > MAX_FILES or sum(len(data) for data in files) > MAX_BYTES:
        return "there is far more in logdir than the task asks for"
    return None


def _logged(answer, *rest):
    """Call answer(logdir, …) on an empty folder; the bytes of the event files that it left there.

    Another writer is the default meanwhile. What is logged after the call belongs to that one.
    """
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as logdir, tempfile.TemporaryDirectory() as elsewhere:
        with tf.summary.create_file_writer(elsewhere).as_default():
            answer(logdir, *rest)
            tf.summary.scalar("logged by somebody else, afterwards", 0.0, step=0)
            tf.summary.flush()
            files = []
            for folder, _, names in sorted(os.walk(logdir)):
                for name in sorted(names):
                    if "tfevents" in name:
                        with open(os.path.join(folder, name), "rb") as file:
                            files.append(file.read())
    return files


AFTERWARDS = "logged by somebody else, afterwards"


# -- log_scalars


@exercise(points=4, minutes=10, difficulty=1)
def log_scalars(logdir, tag, values):
    """Write one scalar for each value: value i at step 100·i, under this tag, into event files in logdir.

    logdir: path, tag: str, values: list of float → None.
    """
    _write(logdir, tag, [np.float32(v) for v in values], [100 * i for i in range(len(values))], "scalars")


def _scalars(files, inputs, expected):
    tag, values = inputs
    if found := _no_files(files):
        return found
    events = read_events(files)
    events.pop(AFTERWARDS, None)
    if not events:
        return "the event file holds no value"
    if tag not in events:
        return "there are values, but not under the tag that was asked for"
    if len(events) > 1:
        return "there are values under other tags, too"
    plugin, steps, tensors = events[tag]
    if plugin != "scalars":
        return "what was written under this tag are not scalars: TensorBoard would not draw a curve of them"
    if any(t.shape != () for t in tensors):
        return "every event should hold a single number"
    if len(steps) != len(values):
        return f"there are {'fewer' if len(steps) < len(values) else 'more'} events than values"
    if steps != [100 * i for i in range(len(values))]:
        return f"the values are not at the steps 0, 100, 200, …: the first is at {steps[0]}, the last at {steps[-1]}"
    if not np.allclose(tensors, values, rtol=1e-5, equal_nan=True):
        return "the steps are right, the values are not, or in another order"
    return None


def _and_no_more(files, inputs, expected):
    if found := _scalars(files, inputs, expected):
        return found
    if AFTERWARDS in read_events(files):
        return (
            "what the caller logs after your function has returned lands in your file: your writer is still the default"
        )
    return None


@log_scalars.case("a falling loss", probe=_logged, accept=_scalars)
def _(rng):
    return "train-loss", [float(v) for v in np.sort(rng.uniform(0.1, 2, size=6))[::-1]]


@log_scalars.case("another tag, more values than a reader keeps by default", probe=_logged, accept=_scalars)
def _(rng):
    return f"run{rng.integers(10)}/accuracy", [float(v) for v in rng.uniform(size=25)]


@log_scalars.case("a value again and again, then a loss that is not a number", probe=_logged, accept=_scalars)
def _(rng):
    return "flat", [float(rng.uniform())] * 4 + [float("nan")]


@log_scalars.case("a single value, and what is logged after it", probe=_logged, accept=_and_no_more)
def _(rng):
    return "once", [float(rng.uniform())]


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


@log_scalars.mistake(
    "Your writer stays the default when your function is done, and goes on to write what others log. "
    "Which form of making it the default ends by itself?"
)
def _(logdir, tag, values):
    writer = tf.summary.create_file_writer(str(logdir))
    writer.set_as_default()
    for i, v in enumerate(values):
        tf.summary.scalar(tag, v, step=100 * i)
    writer.flush()


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
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.array(canvas.buffer_rgba())[None]
    plt.close(figure)
    return tf.constant(pixels)


def _bars(size, heights):
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=size, dpi=50, facecolor="#DDEEFF")
    axes = figure.add_axes([0.1, 0.1, 0.4, 0.6])  # off the middle: a cropped picture is another picture
    axes.bar(range(len(heights)), heights, color="#0072B2")
    axes.set_axis_off()
    return figure


def _another(size):
    import matplotlib.pyplot as plt

    return plt.figure(figsize=size, dpi=50, facecolor="red")


def _drawn(answer, figure, current):
    """Hand over a figure while another one is current; the picture, and which of the two are still open."""
    import matplotlib.pyplot as plt

    numbers = [figure.number, current.number]
    try:
        picture = answer(figure)
        left = plt.get_fignums()
    finally:
        for number in numbers:
            plt.close(number)
    return {"picture": picture, "closed": numbers[0] not in left, "other": numbers[1] in left}


def _small(picture):
    """A picture [height, width, 4] uint8 at 16 × 16 pixels, each the mean of those it replaces."""
    picture = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(picture.resize((16, 16), Image.Resampling.BOX), np.float32)


def _picture(result, inputs, expected):
    picture, want = as_array(result["picture"]), as_array(expected["picture"])
    if picture is None:
        return f"your function should return a tensor, not {describe(result['picture'])}"
    if picture.ndim == 3:
        return "the batch axis is missing: TensorBoard takes a batch of pictures, even if there is only one"
    if picture.ndim != 4 or picture.shape[0] != 1:
        return "the picture should have the shape [1, height, width, 4]"
    if picture.shape[-1] != 4:
        return f"the picture has {picture.shape[-1]} channels instead of 4"
    if picture.dtype != np.uint8:
        return f"the pixels should be uint8, not {picture.dtype}"
    if abs(picture.shape[1] / picture.shape[2] / (want.shape[1] / want.shape[2]) - 1) > 0.03:
        return "the picture has other proportions than the figure that was given"
    off = np.abs(_small(picture[0]) - _small(want[0]))
    if off.mean() > 12 or off.max() > 95:  # other resolutions move an edge; a bar of another height fills whole pixels
        return "this is not a picture of the figure that was given"
    if result["closed"] is not True:
        return "the figure is still open: every figure that stays open keeps its memory, and shows up in the notebook"
    if result["other"] is not True:
        return "another figure, which nobody gave you, was closed"
    return None


def _figures(rng, size):
    heights = [float(v) for v in rng.uniform(0.2, 1, size=5)]
    return made(_bars, size, heights), made(_another, [3.0, 3.0])


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
    figure = Figure(figsize=(5, 5), dpi=100)
    for number, image in enumerate(np.asarray(images)[:25]):
        row, column = divmod(number, 5)
        figure.figimage(image, 36 + 100 * column, 436 - 100 * row)
    return figure


def _grid(answer, images):
    """Draw, then look at the figure: [left, top, pixels, has ticks] of each picture, in pixels of the page."""
    import matplotlib.pyplot as plt

    def ticked(axis):
        marks = axis.get_tick_params()
        drawn = any(marks.get(side) or marks.get("label" + side) for side in ("left", "right", "bottom", "top"))
        return bool(axis.axes.axison and axis.get_visible() and drawn and len(axis.get_ticklocs()))

    before = set(plt.get_fignums())
    result = answer(images)
    for number in set(plt.get_fignums()) - before:
        plt.close(number)
    if not hasattr(result, "get_size_inches"):
        return {"kind": type(result).__name__}
    cells = []
    for image in result.images:
        pixels = np.ma.getdata(image.get_array())
        cells.append([float(image.ox), float(-image.oy - pixels.shape[0]), pixels, False])
    for ax in result.axes:
        if ax.get_visible() and ax.get_images():
            ticks = ticked(ax.xaxis) or ticked(ax.yaxis)
            pixels = np.ma.getdata(ax.get_images()[-1].get_array())
            cells.append([float(ax.bbox.x0), float(-ax.bbox.y1), pixels, ticks])
    return {"kind": "figure", "cells": cells}


def _lines(places):
    """Number the places along one direction: those closer than ten pixels stand on one line."""
    order = sorted(places)
    starts = [p for k, p in enumerate(order) if k == 0 or p - order[k - 1] > 10]
    return [sum(p >= start for start in starts) - 1 for p in places]


def _in_order(result, inputs, expected):
    if result["kind"] != "figure":
        return f"your function should return the figure, not {str(result['kind'])[:100]}"
    cells = result["cells"]
    if len(cells) != 25:
        return f"the figure shows {len(cells)} pictures instead of 25, each in axes of its own"
    columns, rows = _lines([c[0] for c in cells]), _lines([c[1] for c in cells])
    if sorted(zip(rows, columns)) != [(r, c) for r in range(5) for c in range(5)]:
        return "the pictures do not stand in 5 rows of 5"
    images = np.asarray(inputs[0], np.float64)
    found = {}
    for row, column, (_, _, pixels, _) in zip(rows, columns, cells):
        if pixels.shape[:2] != images.shape[1:] or pixels.ndim > 3:
            return f"a picture in the grid has the shape {list(pixels.shape)}"
        pixels = np.asarray(pixels if pixels.ndim == 2 else pixels[..., 0], np.float64)
        off = np.abs(images - pixels).max(axis=(1, 2))
        if not off.min() <= 1e-3:  # also where it is nan
            return "a picture in the grid is none of the given ones"
        found[row, column] = int(off.argmin())
    wrong = [place for place in sorted(found) if found[place] != 5 * place[0] + place[1]]
    if wrong:
        row, column = wrong[0]
        return f"in row {row + 1}, column {column + 1} stands images[{found[wrong[0]]}], not images[{5 * row + column}]"
    if any(cell[3] is not False for cell in cells):
        return "there are ticks on the axes: pixels have no unit worth reading"
    return None


# One case: each of its figures has 25 axes, and making them takes longer than all the rest of this check.
@image_grid.case("a batch of 30: the first 25 count", probe=_grid, accept=_in_order)
def _(rng):
    return (rng.uniform(size=(30, 28, 28)).astype("float32"),)


def _grid_of(images, order):
    """A grid without axes: making 25 axes takes a hundred times as long, and a wrong answer waits for all the mistakes."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(5, 5), dpi=100)
    for place, number in enumerate(order):
        figure.figimage(images[number].numpy(), 36 + 100 * (place % 5), 436 - 100 * (place // 5), cmap="gray")
    return figure


@image_grid.mistake("Every cell shows the same picture. Does the number of the cell reach the picture?")
def _(images):
    return _grid_of(images, [0] * 25)


@image_grid.mistake("Your pictures run down the columns. A page is read row by row.")
def _(images):
    return _grid_of(images, [5 * (i % 5) + i // 5 for i in range(25)])


@image_grid.mistake("The ticks are still there.")
def _(images):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(5, 5)
    for ax, image in zip(axes.flat, images):
        ax.imshow(image, cmap="gray")
    return figure


@image_grid.mistake("The first picture is missing: subplot numbers begin at 1, pictures at 0.")
def _(images):
    return _grid_of(images, range(1, 26))


@image_grid.mistake("The figure was drawn, but not returned: without it nothing can be logged.")
def _(images):
    _grid_of(images, range(25))


# -- log_images


@exercise(points=4, minutes=10, difficulty=2)
def log_images(logdir, images):
    """Write all the pictures of a batch, at step 0, under the tag "images", into event files in logdir.

    logdir: path, images: float32 [n, 28, 28, 1] in 0..1 → None.
    """
    encoded = [str(images.shape[2]).encode(), str(images.shape[1]).encode(), *[_png(i) for i in images.numpy()]]
    _write(logdir, "images", [np.array(encoded, object)], [0], "images")


def _opened(png):
    """A PNG, which is what tf.summary.image writes, as numbers in 0..1; None if it has not 28 × 28 pixels.

    No other format is tried, and no pixel of another size decoded: a few bytes can stand for a picture that fills all memory.
    """
    picture = Image.open(io.BytesIO(png), formats=["PNG"])
    return np.asarray(picture.convert("L")) / 255.0 if picture.size == (28, 28) else None


def _all_pictures(files, inputs, expected):
    images = np.asarray(inputs[0])
    if found := _no_files(files):
        return found
    events = read_events(files)
    events.pop(AFTERWARDS, None)
    if not events:
        return "the event file holds no picture"
    if list(events) != ["images"]:
        return 'the pictures are not all under the tag "images"'
    plugin, steps, tensors = events["images"]
    if plugin != "images":
        return "what was written are not pictures: TensorBoard would not show them as such"
    if set(steps) != {0}:
        return "not all pictures are at step 0"
    if len(steps) != 1:
        return "the pictures are spread over several events of one step, and TensorBoard shows one event a step"
    pictures = tensors[0].reshape(-1)[2:]
    if len(pictures) != len(images):
        return f"{len(pictures)} pictures were written instead of {len(images)}"
    shown = [_opened(data) for data in pictures]
    if any(picture is None for picture in shown):
        return "a picture has another size than the one that was given"
    off = np.abs(np.array(shown) - images[..., 0]).max(axis=(1, 2))
    if off.max() > 0.02:
        cut = np.mean([np.mean(p > 0.99) for p in shown]) > 0.5
        return "most pixels are white" if cut else "the pictures are there, but with other pixels, or in another order"
    return None


@log_images.case("nine pictures", points=1, probe=_logged, accept=_all_pictures)
def _(rng):
    return (rng.uniform(0.05, 0.9, size=(9, 28, 28, 1)).astype("float32"),)


@log_images.case("a batch of one", points=1, probe=_logged, accept=_all_pictures)
def _(rng):
    return (rng.uniform(0.05, 0.9, size=(1, 28, 28, 1)).astype("float32"),)


@log_images.case("forty pictures", points=2, probe=_logged, accept=_all_pictures)
def _(rng):
    return (rng.uniform(0.05, 0.9, size=(40, 28, 28, 1)).astype("float32"),)


@log_images.mistake("Only the first three arrived: tf.summary.image writes no more unless it is told to.")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", images, step=0)


@log_images.mistake("Twenty-five is enough for one batch, not for every batch. Who knows how many there are?")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", images, step=0, max_outputs=25)


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


def _with_files(answer, files, tag):
    """Write event files with tf.summary, each with these curves, then let the answer read one curve."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as logdir:
        for number, curves in enumerate(files):
            with tempfile.TemporaryDirectory() as folder:
                writer = tf.summary.create_file_writer(folder)
                with writer.as_default():
                    for name, steps, values in curves:
                        for step, value in zip(steps, values):
                            tf.summary.scalar(name, value, step=step)
                writer.close()
                (written,) = os.listdir(folder)
                with open(os.path.join(folder, written), "rb") as file:
                    data = file.read()
            with open(os.path.join(logdir, f"events.out.tfevents.{1700000000 + 60 * number}.host.v2"), "wb") as file:
                file.write(data)
        result = answer(logdir, tag)
        try:
            steps, values = result
            return [[int(s) for s in steps], [float(v) for v in values]]
        except (TypeError, ValueError):  # neither two lists nor numbers in them: the judge says so
            return result


def _curve(rng, name, steps):
    return [name, [int(s) for s in steps], [float(np.float32(v)) for v in rng.uniform(size=len(steps))]]


@read_scalars.case("one short curve", probe=_with_files)
def _(rng):
    return [[_curve(rng, "loss", range(0, 500, 100))]], "loss"


@read_scalars.case("a long curve", probe=_with_files)
def _(rng):
    return [[_curve(rng, "loss", range(0, 6000, 100))]], "loss"


@read_scalars.case("two curves in one file", probe=_with_files)
def _(rng):
    return [[_curve(rng, "loss", range(0, 800, 100)), _curve(rng, "accuracy", range(0, 2000, 500))]], "accuracy"


@read_scalars.case("steps that are not evenly spaced", probe=_with_files)
def _(rng):
    return [[_curve(rng, "loss", 1 + np.sort(rng.choice(999, size=7, replace=False)))]], "loss"


@read_scalars.case("a training that was resumed: two files in one folder", probe=_with_files)
def _(rng):
    return [[_curve(rng, "loss", range(0, 300, 100))], [_curve(rng, "loss", range(300, 700, 100))]], "loss"


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


@read_scalars.mistake("You read one event file. A folder holds several when a training was resumed.")
def _(logdir, tag):
    import os

    first = os.path.join(str(logdir), sorted(os.listdir(str(logdir)))[0])
    events = _accumulated(first, size_guidance={"tensors": 0}).Tensors(tag)
    return [e.step for e in events], [_number(e) for e in events]


@read_scalars.mistake("You take the steps to be 0, 100, 200, … The file knows the true ones.")
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"tensors": 0}).Tensors(tag)
    return [100 * i for i in range(len(events))], [_number(e) for e in events]


@read_scalars.mistake("Your two lists are in the wrong order: the steps come first.")
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"tensors": 0}).Tensors(tag)
    return [_number(e) for e in events], [e.step for e in events]
