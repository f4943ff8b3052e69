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
from ..judging.values import made, source_of

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


def _events(data):
    """The events of a file that TensorFlow has written. For probes: `_records` is the judge's, who trusts no length."""
    import struct

    at = 0
    while at + 12 <= len(data):
        size = struct.unpack_from("<Q", data, at)[0]
        yield tf.compat.v1.Event.FromString(data[at + 12 : at + 12 + size])
        at += size + 16


def _logged(answer, *inputs):
    """Call answer(logdir, …); the events that are in logdir afterwards, as one event file whose clock stands still.

    The last input says how: in a folder that is there, in "a new folder", or in "a second call". Another writer is the default
    meanwhile; what is logged after the call belongs to that one. [] if there is no event file, and a dict with a key of LEFT
    where something else is wrong.
    """
    import os
    import struct
    import tempfile

    *rest, how = inputs
    given = [list(value) if isinstance(value, list) else value for value in rest]
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as elsewhere:
        logdir = os.path.join(home, "runs", "new") if how == "a new folder" else home
        step = tf.summary.experimental.get_step()
        tf.summary.experimental.set_step(None)
        try:
            with tf.summary.create_file_writer(elsewhere).as_default():
                if how == "a second call":
                    answer(os.path.join(elsewhere, "before"), *[list(v) if isinstance(v, list) else v for v in rest])
                answer(logdir, *rest)
                left = tf.summary.experimental.get_step()
                tf.summary.scalar("logged by somebody else, afterwards", 0.0, step=0)
                tf.summary.flush()
        finally:
            tf.summary.experimental.set_step(step)
        if any(isinstance(was, list) and list(map(repr, was)) != list(map(repr, now)) for was, now in zip(given, rest)):
            return {"changed" if all(now for now in rest if isinstance(now, list)) else "emptied": True}
        if left is not None:
            return {"step": True}

        def written(folder):
            names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
            names = [name for name in names if "tfevents" in name and os.path.isfile(os.path.join(folder, name))]
            events = []
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    data = file.read()
                for event in _events(data):
                    if event.summary.value:  # the others say who wrote the file, and when
                        event.wall_time = 0.0
                        events.append(event)
            return names, events

        names, events = written(logdir)
        tags = [
            [value.tag for event in one for value in event.summary.value] for one in (events, written(elsewhere)[1])
        ]
        if "logged by somebody else, afterwards" not in tags[0] + tags[1]:
            return {"lost": True}
        if tags[0] and any(tag != "logged by somebody else, afterwards" for tag in tags[1]):
            return {"beside": True}
        if not names and any("tfevents" in name for _, _, files in os.walk(home) for name in files):
            return {"inside": True}
    events.sort(
        key=lambda event: event.step
    )  # several writers may share a folder: the order of their files says nothing
    records = [event.SerializeToString(deterministic=True) for event in events]
    return [b"".join(struct.pack("<QI", len(r), 0) + r + bytes(4) for r in records)] if names else []


AFTERWARDS = "logged by somebody else, afterwards"
LEFT = {
    "inside": "the event file does not lie in logdir, but in another folder inside of it or around it",
    "emptied": "your function emptied the list it was given; the caller still needs it as it was",
    "changed": "your function changed the list it was given; the caller still needs it as it was",
    "lost": "what the caller logs after your function has returned is lost: the caller's writer is no longer the default, or closed",
    "beside": "your function logs twice: into logdir, and to the writer that is the caller's default",
    "step": "your function left a default step behind, which whoever logs next without a step will get",
}


def _events_of(files):
    """(None, tag → (plugin, steps, arrays)) of what an answer logged, or (what is wrong with it, None)."""
    if isinstance(files, dict):
        return next((LEFT[key] for key in LEFT if key in files), "there is no event file"), None
    if found := _no_files(files):
        return found, None
    events = read_events(files)
    if events.pop(AFTERWARDS, None):
        return (
            "what the caller logs after your function has returned lands in your file: your writer is still the default",
            None,
        )
    return None, events


# -- log_scalars


@exercise(points=4, minutes=10, difficulty=1)
def log_scalars(logdir, tag, values):
    """Write one scalar for each value: value i at step 100·i, under this tag, into event files in logdir.

    logdir: path, tag: str, values: list of float → None.
    """
    _write(logdir, tag, [np.float32(v) for v in values], [100 * i for i in range(len(values))], "scalars")


def _scalars(files, inputs, expected):
    tag, values, _ = inputs
    found, events = _events_of(files)
    if found:
        return found
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
    order = sorted(range(len(steps)), key=steps.__getitem__)
    if [steps[k] for k in order] != [100 * i for i in range(len(values))]:
        return f"the values are not at the steps 0, 100, 200, …: the first is at {min(steps)}, the last at {max(steps)}"
    written = np.array([tensors[k] for k in order], float)
    if not np.allclose(written, values, rtol=1e-5, atol=0, equal_nan=True):
        return "the steps are right, the values are not, or in another order"
    return None


# Dimensions: one value, a few, more than a queue or a reader holds (10) and than 64 and 100; size (1e-20 to 1e20) and sign;
# equal values; nan, inf first, in the middle, last; a tag with slash, space, capital, digit; a folder that is there, or not;
# a second call; the caller's list; the default writer and the default step afterwards.


@log_scalars.case("a falling loss", probe=source_of(_logged, _events), accept=_scalars)
def _(rng):
    return "train-loss", [float(v) for v in np.sort(rng.uniform(0.1, 2, size=rng.integers(3, 9)))[::-1]], ""


@log_scalars.case(
    "another tag in a new folder, more values than a reader keeps by default",
    probe=source_of(_logged, _events),
    accept=_scalars,
)
def _(rng):
    sizes = 10.0 ** rng.integers(-20, 20, size=rng.integers(101, 106))
    return f"run {rng.integers(10)}/Accuracy", [float(v) for v in rng.normal(size=len(sizes)) * sizes], "a new folder"


@log_scalars.case(
    "a value again and again, between some that are not finite", probe=source_of(_logged, _events), accept=_scalars
)
def _(rng):
    same = [float(rng.integers(1, 7)) / 7] * int(rng.integers(4, 6))
    return "flat", [math.nan, *same, math.inf, *same, -math.inf], "a second call"


@log_scalars.case("a single value, and what is logged after it", probe=source_of(_logged, _events), accept=_scalars)
def _(rng):
    return "once", [float(rng.integers(1, 7)) / 7], ""


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


@log_scalars.mistake(
    "You took the values out of the caller's list, who finds it empty now. To read them, walk along the list."
)
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        step = 0
        while values:
            tf.summary.scalar(tag, values.pop(0), step=step)
            step += 100


@log_scalars.mistake(
    "The event file lies in a folder inside of logdir. TensorBoard takes it for another run of that name."
)
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir) + "/train").as_default():
        for i, v in enumerate(values):
            tf.summary.scalar(tag, v, step=100 * i)


@log_scalars.mistake(
    "You made the step of each value the default step, and it is still the default when your function is done."
)
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, v in enumerate(values):
            tf.summary.experimental.set_step(100 * i)
            tf.summary.scalar(tag, v)


@log_scalars.mistake("What is not finite was left out. On a page that is to warn you, it is the news.")
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, v in enumerate(values):
            if abs(v) < float("inf"):
                tf.summary.scalar(tag, v, step=100 * i)


@log_scalars.mistake(
    "TensorFlow says that no step is set: every value needs one. At which step was value number i measured?"
)
def _(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for value in values:
            tf.summary.scalar(tag, value)


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


def _bars(size, dpi, heights):
    import matplotlib.pyplot as plt

    # nothing of the style that a notebook has chosen, which the judge has not: no layout but this, no spines
    figure = plt.figure(figsize=size, dpi=dpi, facecolor="#DDEEFF", layout="none")
    axes = figure.add_subplot()  # off the middle: a cropped picture, or another layout, is another picture
    figure.subplots_adjust(left=0.1, bottom=0.1, right=0.5, top=0.7)
    axes.bar(range(len(heights)), heights, color="#0072B2")
    axes.set(xticks=[], yticks=[], facecolor="#442200", xmargin=0.05, ymargin=0.05)
    axes.spines[:].set_visible(False)
    return figure


def _another(size, dpi):
    import matplotlib.pyplot as plt

    return plt.figure(figsize=size, dpi=dpi, facecolor="red")


def _drawn(answer, figure, other, is_current):
    """Hand over a figure, and then another one: their pictures, and whether they and a third one are open afterwards.

    is_current: whether pyplot's current figure is the one handed over, or the third one.
    """
    import matplotlib.pyplot as plt
    from PIL import Image

    numbers, before = [figure.number, other.number], set(plt.get_fignums())
    try:
        plt.figure(figure.number if is_current else other.number)
        picture = answer(figure)
        left = plt.get_fignums()
        beside = set(left) - before
        later = plt.figure(figsize=(2.0, 2.0), dpi=50, facecolor="green")
        numbers.append(later.number)
        if other.number in left and not is_current:
            plt.figure(other.number)
        again = np.asarray(answer(later))
    finally:
        for number in [*numbers, *(set(plt.get_fignums()) - before)]:
            plt.close(number)
    if again.ndim == 4 and again.shape[-1] == 4 and again.dtype == np.uint8:
        again = np.asarray(Image.fromarray(np.ascontiguousarray(again[0])).resize((16, 16), Image.Resampling.BOX))
    else:
        again = again.reshape(-1)[:1]
    return {
        "picture": picture,
        "closed": numbers[0] not in left,
        "other": numbers[1] in left,
        "beside": len(beside),
        "again": again,
    }


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
    small, wanted = _small(picture[0]), _small(want[0])
    if np.abs(small - (255, 0, 0, 255)).mean() < 12:
        return "this is a picture of another figure, which was open, too"
    if abs(picture.shape[1] / picture.shape[2] / (want.shape[1] / want.shape[2]) - 1) > 0.03:
        return "the picture has other proportions than the figure that was given"
    off = np.abs(small - wanted)
    if off.mean() > 12 or off.max() > 95:  # other resolutions move an edge; a bar of another height fills whole pixels
        return "this is not a picture of the figure that was given"
    if result["closed"] is not True and result["other"] is not True:
        return "another figure, which nobody gave you, was closed, and the one that was given is still open"
    if result["closed"] is not True:
        return "the figure is still open: every figure that stays open keeps its memory, and shows up in the notebook"
    if result["other"] is not True:
        return "another figure, which nobody gave you, was closed"
    if result["beside"] != 0:
        return "your function leaves a figure open that was not there before"
    again, wanted = as_array(result["again"]), as_array(expected["again"]).astype(np.float32)
    if again is None or again.shape != wanted.shape or not np.abs(again.astype(np.float32) - wanted).max() <= 12:
        return "called a second time, with another figure, your function returns no picture of that one"
    return None


def _figures(rng, size):
    """A figure with five bars, and another one of the same size."""
    dpi = int(rng.choice([50, 72, 100]))
    heights = [float(v) for v in rng.uniform(0.2, 1, size=5)]
    return made(_bars, size, dpi, heights), made(_another, size, dpi)


# Dimensions: wide, tall; resolution; whether the figure is the current one; other figures; colour and emptiness at the edges;
# a second call.


@plot_to_image.case("a figure while another one is current", points=2, probe=_drawn, accept=_picture)
def _(rng):
    return *_figures(rng, [4.0, 2.0]), False


@plot_to_image.case("a tall figure", points=2, probe=_drawn, accept=_picture)
def _(rng):
    return *_figures(rng, [2.0, float(rng.uniform(3, 5))]), True


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


@plot_to_image.mistake(
    "You closed the figure that is current, which need not be the one you were given. Say which one you mean."
)
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close()
    return tf.image.decode_png(buffer.getvalue(), channels=4)[None]


@plot_to_image.mistake("The margins are cut off: a tight box has other proportions than the figure.")
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    plt.close(figure)
    return tf.image.decode_png(buffer.getvalue(), channels=4)[None]


@plot_to_image.mistake("You closed the figure first and saved afterwards: whatever is current by then is what you get.")
def _(figure):
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    plt.close(figure)
    plt.savefig(buffer, format="png")
    return tf.image.decode_png(buffer.getvalue(), channels=4)[None]


@plot_to_image.mistake(
    "There is nothing to decode: a buffer that has just been written stands at its end, and read() goes on from there. Go back to "
    "its start first, or ask for the whole value."
)
def _(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return tf.image.decode_png(buffer.read(), channels=4)[tf.newaxis]


# -- image_grid


@exercise(points=4, minutes=12, difficulty=2)
def image_grid(images):
    """A new figure with 25 pictures in 5 rows of 5, in order, without ticks.

    images: float32 [n, 28, 28] with n ≥ 25; the first 25 are shown → matplotlib figure.
    """
    figure = Figure(figsize=(5, 5), dpi=100)
    for number, image in enumerate(np.asarray(images)[:25]):
        row, column = divmod(number, 5)
        figure.figimage(image, 36 + 100 * column, 436 - 100 * row)
    return figure


def _grid(answer, images):
    """Draw, then look at the figure: [row, column, pixels, has ticks, is upright, is whole] of each picture; and at the other figures."""
    import matplotlib.pyplot as plt

    def ticked(axis):
        marks = axis.get_tick_params()
        drawn = any(marks.get(side) or marks.get("label" + side) for side in ("left", "right", "bottom", "top"))
        places = len(axis.get_ticklocs()) + len(axis.get_minorticklocs())
        return bool(axis.axes.axison and axis.get_visible() and drawn and places)

    def upright(ax, image):
        left, right, bottom, top = image.get_extent()
        first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
        (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
        return bool((first - last) * (y1 - y0) > 0 and (right - left) * (x1 - x0) > 0)

    def whole(ax, image):  # an edge of half a pixel may be cut off
        left, right, bottom, top = image.get_extent()
        seen, there = [ax.get_xlim(), ax.get_ylim()], [(left, right), (bottom, top)]
        return all(min(s) <= min(t) + 0.6 and max(t) - 0.6 <= max(s) for s, t in zip(seen, there))

    def lines(places):  # number the places along one direction: those closer than ten pixels stand on one line
        order = sorted(places)
        starts = [p for k, p in enumerate(order) if k == 0 or p - order[k - 1] > 10]
        return [sum(p >= start for start in starts) - 1 for p in places]

    open_before = set(plt.get_fignums())
    other = plt.figure(figsize=(1, 1))
    try:
        result = answer(images)
        new = set(plt.get_fignums()) - open_before - {other.number}
        untouched = open_before | {other.number} <= set(plt.get_fignums()) and result is not other and not other.axes
    finally:
        for number in set(plt.get_fignums()) - open_before:
            plt.close(number)
    if not hasattr(result, "get_size_inches"):
        return {"kind": type(result).__name__}
    number = getattr(result, "number", None)  # a figure made without pyplot has none
    cells = []
    for image in result.images:
        pixels = np.ma.getdata(image.get_array())
        cells.append(
            [float(image.ox), float(-image.oy - pixels.shape[0]), pixels, False, image.origin == "upper", True]
        )
    for ax in result.axes:
        if ax.get_visible() and ax.get_images():
            image = ax.get_images()[-1]
            ticks = ticked(ax.xaxis) or ticked(ax.yaxis)
            pixels = np.ma.getdata(image.get_array())
            seen = [upright(ax, image), whole(ax, image)]
            cells.append([float(ax.bbox.x0), float(-ax.bbox.y1), pixels, ticks, *seen])
    rows, columns = lines([cell[1] for cell in cells]), lines([cell[0] for cell in cells])
    cells = [[r, c, np.asarray(p, np.float32), *rest] for r, c, (_, _, p, *rest) in zip(rows, columns, cells)]
    return {
        "kind": "figure",
        "cells": sorted(cells, key=lambda cell: (cell[0], cell[1])),
        "closed": number is not None and number not in new and result is not other,
        "untouched": bool(untouched),
        "beside": len(new - {number}),
    }


def _alike(pixels, images):
    """How well a picture agrees with each of the images, whatever its colours and their range: |correlation|."""
    flat = np.concatenate([pixels[None], images]).reshape(len(images) + 1, -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    return np.abs(flat[1:] @ flat[0])


def _in_order(result, inputs, expected):
    if result["kind"] != "figure":
        return f"your function should return the figure, not {str(result['kind'])[:100]}"
    if result["untouched"] is not True:
        return (
            "your function drew into a figure that was open already, or closed it; it should make a figure of its own"
        )
    cells = result["cells"]
    if len(cells) != 25:
        return f"the figure shows {len(cells)} pictures instead of 25, each in axes of its own"
    if [(row, column) for row, column, *_ in cells] != [(r, c) for r in range(5) for c in range(5)]:
        return "the pictures do not stand in 5 rows of 5"
    images = np.asarray(inputs[0], np.float64)
    found = []
    for _, _, pixels, _, _, _ in cells:  # no more, no less
        if pixels.shape[:2] != images.shape[1:] or pixels.ndim > 3:
            return f"a picture in the grid has the shape {list(pixels.shape)}"
        likeness = _alike(np.asarray(pixels if pixels.ndim == 2 else pixels[..., 0], np.float64), images)
        if not likeness.max() > 0.999:  # also where it is nan
            return "a picture in the grid is none of the given ones"
        found.append(int(likeness.argmax()))
    for place, number in enumerate(found):
        if number != place:
            return f"in row {place // 5 + 1}, column {place % 5 + 1} stands images[{number}], not images[{place}]"
    if any(cell[4] is not True for cell in cells):
        return "the pictures stand on their heads, or are mirrored"
    if any(cell[5] is not True for cell in cells):
        return "of the pictures only a part is to be seen: their axes end before they do"
    if any(cell[3] is not False for cell in cells):
        return "there are ticks on the axes: pixels have no unit worth reading"
    if result["closed"] is not False:
        return "the figure that you return is closed already"
    if result["beside"] != 0:
        return "another figure was opened beside the one that you return, and nobody will close it"
    return None


# Dimensions: more images than 25, and than 36, whose root is 6; values at both ends of 0..1; rows and columns; top and bottom;
# figures that are open before and afterwards; what is returned. Colours and their range are free: |correlation| counts.
# One case: each of its figures has 25 axes, and making them takes longer than all the rest of this check.


@image_grid.case("a batch: the first 25 count", probe=_grid, accept=_in_order)
def _(rng):
    return (rng.uniform(size=(rng.integers(37, 70), 28, 28)).astype("float32"),)


def _grid_of(images, order, **options):
    """A grid without axes: making 25 axes takes a hundred times as long, and a wrong answer waits for all the mistakes."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(5, 5), dpi=100)
    for place, number in enumerate(order):
        left, bottom = 36 + 100 * (place % 5), 436 - 100 * (place // 5)
        figure.figimage(images[number].numpy(), left, bottom, cmap="gray", **options)
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
    for ax, image in zip(axes.flat, images.numpy()):
        ax.imshow(image, cmap="gray")
    return figure


@image_grid.mistake("The first picture is missing: subplot numbers begin at 1, pictures at 0.")
def _(images):
    return _grid_of(images, range(1, 26))


@image_grid.mistake("The figure was drawn, but not returned: without it nothing can be logged.")
def _(images):
    _grid_of(images, range(25))


@image_grid.mistake("You return the axes. `savefig` is a method of the figure that holds them.")
def _(images):
    import matplotlib.pyplot as plt

    figure = plt.figure()
    return np.array([figure.add_axes([0, 0, 1, 1])])


@image_grid.mistake("You closed the figure before you returned it. Who draws it does not know yet what it is for.")
def _(images):
    import matplotlib.pyplot as plt

    figure = _grid_of(images, range(25))
    plt.close(figure)
    return figure


@image_grid.mistake("Two figures were opened, and one of them stayed empty: `plt.subplots` makes its own.")
def _(images):
    import matplotlib.pyplot as plt

    plt.figure(figsize=(5, 5))
    return _grid_of(images, range(25))


@image_grid.mistake("Your pictures stand on their heads: row 0 of an image is its top.")
def _(images):
    return _grid_of(images, range(25), origin="lower")


@image_grid.mistake(
    "You drew into the figure that was current when your function was called: it may be somebody else's."
)
def _(images):
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    for place in range(25):
        figure.figimage(images[place].numpy(), 36 + 100 * (place % 5), 436 - 100 * (place // 5), cmap="gray")
    return figure


@image_grid.mistake("matplotlib counts the places of a grid from 1 to 25, Python its pictures from 0 to 24.")
def _(images):
    figure = plt.figure()
    for k in range(25):
        axes = figure.add_subplot(5, 5, k)
        axes.imshow(images[k])
        axes.set(xticks=[], yticks=[])
    return figure


# -- log_images


@exercise(points=4, minutes=8, difficulty=2)
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
    found, events = _events_of(files)
    if found:
        return found
    if not events:
        return "the event file holds no picture"
    if len(events) > 1:
        return 'the pictures are spread over several tags instead of the one tag "images"'
    if "images" not in events:
        return 'the pictures are not under the tag "images"'
    plugin, steps, tensors = events["images"]
    if plugin != "images":
        return "what was written are not pictures: TensorBoard would not show them as such"
    if len(set(steps)) > 1:
        return "the pictures are spread over several steps"
    if steps[0] != 0:
        return "the pictures are at another step than 0"
    if len(steps) != 1:
        return "the pictures are spread over several events of one step, and TensorBoard shows one event a step"
    pictures = tensors[0].reshape(-1)[2:]
    if len(pictures) != len(images):
        return f"{len(pictures)} pictures were written instead of {len(images)}"
    shown = [_opened(data) for data in pictures]
    if any(picture is None for picture in shown):
        return "a picture has another size than the one that was given"
    shown = np.array(shown)
    off = np.abs(shown - images[..., 0]).max(axis=(1, 2))
    if off.max() > 0.02:
        if shown.max() < 0.02:
            return "all pixels are black"
        cut = np.mean(shown > 0.99) > 0.5
        return "most pixels are white" if cut else "the pictures are there, but with other pixels, or in another order"
    return None


def _patches(rng, n):
    """n pictures of 4 × 4 gray squares, 0 and 1 among them: as PNG they are short, and no two are equal."""
    squares = rng.uniform(size=(n, 4, 4, 1))
    squares[:, 0, :3] = np.clip(squares[:, 0, :3] * 3 - 1, 0, 1)
    squares[0, 3, 3], squares[-1, 3, 2] = 1, 0
    return (squares.repeat(7, axis=1).repeat(7, axis=2).astype("float32"),)


# Dimensions: one picture, more than 3 (the default), 25, 64, 128 and 256; pixels at both ends of 0..1, and pictures that do not
# reach them; order, rows and columns; a folder that is there, or not; a second call; the default writer afterwards.


@log_images.case("a few pictures", points=1, probe=source_of(_logged, _events), accept=_all_pictures)
def _(rng):
    return *_patches(rng, rng.integers(4, 25)), "a second call"


@log_images.case("a batch of one, in a new folder", points=1, probe=source_of(_logged, _events), accept=_all_pictures)
def _(rng):
    return rng.uniform(0.05, 0.9, size=(1, 28, 28, 1)).astype("float32"), "a new folder"


@log_images.case("hundreds of pictures", points=2, probe=source_of(_logged, _events), accept=_all_pictures)
def _(rng):
    return *_patches(rng, rng.integers(257, 270)), ""


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


@log_images.mistake('Your pictures stand under a tag of your own. The one that was asked for is "images".')
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("digits", images, step=0, max_outputs=len(images))


@log_images.mistake(
    "You log one picture at a time, all at step 0. TensorBoard shows one event of a step: one call, one batch."
)
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for image in images:
            tf.summary.image("images", image[None], step=0)


@log_images.mistake("A cast to bytes does not scale: of 0..1 it leaves 0 and 1, and both are black on a scale to 255.")
def _(logdir, images):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image("images", tf.cast(images, tf.uint8), step=0, max_outputs=len(images))


@log_images.mistake("The pictures were handed to a writer that you never made the default: where did they go?")
def _(logdir, images):
    tf.summary.create_file_writer(str(logdir)).flush()
    tf.summary.image("images", images, step=0, max_outputs=len(images))


@log_images.mistake(
    "Your writer is still the default after the call, and writes what others log. Which form of making it the default ends by itself?"
)
def _(logdir, images):
    writer = tf.summary.create_file_writer(str(logdir))
    writer.set_as_default()
    tf.summary.image("images", images, step=0, max_outputs=len(images))
    writer.flush()


# -- read_scalars


@exercise(points=4, minutes=15, difficulty=3)
def read_scalars(logdir, tag):
    """Read a scalar's curve back from the event files in logdir: each step once, in order, with the value written last.

    logdir: path, tag: str → (steps, values): a list of int and a list of float.
    """
    found = {}
    for path in sorted(Path(logdir).glob("*tfevents*")):
        for record in _records(path.read_bytes()):
            event = Event.FromString(record)
            for value in event.summary.value:
                if value.tag == tag:
                    found[event.step] = float(make_ndarray(value.tensor))
    return sorted(found), [found[step] for step in sorted(found)]


def _with_files(answer, files, tag, places):
    """Write event files with tf.summary, one after the other, each with these curves, and let the answer read one curve.

    places: in which order they are put into the folder, where there are a note and a folder of another run, too.
    """
    import os
    import tempfile

    def written(curves):  # the first point of each curve by tf.summary; the others are copies of it, which is quicker
        with tempfile.TemporaryDirectory() as folder:
            with tf.summary.create_file_writer(folder).as_default():
                for name, steps, values in curves:
                    if name == "a histogram":
                        tf.summary.histogram(name, values, step=0)
                    else:
                        tf.summary.scalar(name, values[0], step=steps[0])
            (name,) = os.listdir(folder)
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                events = list(_events(file.read()))
            with tf.io.TFRecordWriter(path) as writer:
                writer.write(events[0].SerializeToString())  # the format's version
                for event, (name, steps, values) in zip(events[1:], curves, strict=True):
                    writer.write(event.SerializeToString())
                    for step, value in [] if name == "a histogram" else zip(steps[1:], values[1:]):
                        event.step = step
                        event.summary.value[0].tensor.tensor_content = np.float32(value).tobytes()
                        writer.write(event.SerializeToString())
            with open(path, "rb") as file:
                return file.read()

    with tempfile.TemporaryDirectory() as logdir:
        made, others = [written(curves) for curves in files], written([[tag, [7], [0.5]]])
        os.mkdir(os.path.join(logdir, "another-run"))
        for number in places:
            at = 1700000000 + 60 * number
            path = os.path.join(logdir, f"events.out.tfevents.{at}.host.7.{number}.v2")
            for copy in (path, os.path.join(logdir, "another-run", os.path.basename(path))):
                with open(copy, "wb") as file:
                    file.write(made[number] if copy == path else others)
                os.utime(copy, (at, at))
        with open(os.path.join(logdir, "notes.txt"), "w") as file:
            file.write("what this run is about\n")
        result = answer(logdir, tag)
    try:
        steps, values = result
        return [[int(s) for s in steps], [float(v) for v in values]]
    except (TypeError, ValueError):  # neither two lists nor numbers in them: the judge says so
        return result


def _curve(rng, name, steps):
    """[name, steps, values]: values of either sign, that neither rise nor fall throughout; the last two are equal."""
    values = rng.normal(size=len(steps))
    values[0] = -1 - abs(values[0])
    if len(values) > 1:
        values[1] = values[0] - 1
    if len(values) > 3:
        values[len(values) // 2] = 0
    if len(values) > 2:
        values[-1] = values[-2]
    return [name, [int(s) for s in steps], [float(np.float32(v)) for v in values]]


# Dimensions: one value, a few, more than a reader keeps (10) and than 64 and 300; sign, zero, equal values, nan and inf; steps from 0
# or later, uneven, beyond int32, out of order; tags that begin or end alike, other kinds of data, the tag's place among them;
# one file or several, in whatever order a folder lists them; steps that a resumed run repeats; other files and folders beside.


@read_scalars.case("one short curve", probe=source_of(_with_files, _events))
def _(rng):
    return [[_curve(rng, "loss", range(0, 100 * rng.integers(4, 9), 100))]], "loss", [0]


@read_scalars.case("a long curve", probe=source_of(_with_files, _events))
def _(rng):
    return [[_curve(rng, "loss", range(0, 100 * rng.integers(301, 306), 100))]], "loss", [0]


@read_scalars.case("several tags that are alike, and other kinds of data", probe=source_of(_with_files, _events))
def _(rng):
    tags = ["loss/train", "loss-2", "train/loss", "Loss", "los", "a histogram"]
    curves = [_curve(rng, tag, range(50, 100 * rng.integers(1, 5), 100)) for tag in tags]
    curves.append(_curve(rng, "loss", [0]))
    return [[curves[k] for k in rng.permutation(len(curves))]], "loss", [0]


@read_scalars.case("steps that are uneven and large, values that are not finite", probe=source_of(_with_files, _events))
def _(rng):
    steps = [9, 10, *(10 + np.cumsum(rng.integers(1, 1 << 40, size=rng.integers(4, 9))))]
    name, steps, values = _curve(rng, "loss", steps)
    values[0], values[2], values[-1] = math.nan, math.inf, -math.inf
    return [[[name, steps, values]]], "loss", [0]


@read_scalars.case("steps that were not written in order", probe=source_of(_with_files, _events))
def _(rng):
    steps = 10 * np.arange(rng.integers(4, 9))
    name, steps, values = _curve(rng, "loss", np.roll(steps, 1))
    values[0], values[1] = -5.0, 5.0  # they are in another order, too
    return [[[name, steps, values]]], "loss", [0]


@read_scalars.case(
    "a run that was resumed, and repeats steps: several files in one folder", probe=source_of(_with_files, _events)
)
def _(rng):
    # it breaks off twice, and goes on from what was saved before: first it does not get as far as it was, then beyond it with
    # fewer steps, so that the last one of the first file stands
    n = int(rng.integers(8, 10))
    steps = [range(n), range(n - 6, n - 2), [n - 4, n - 3, n]]
    files = [[_curve(rng, "loss", [100 * step for step in some])] for some in steps]
    for number, ((_, _, values),) in enumerate(files):
        values[0], values[1], values[-2], values[-1] = [-1.0 - number] * 2 + [-1.5 - number] * 2
    return files, "loss", [[2, 0, 1], [1, 2, 0]][rng.integers(2)]  # neither as they were opened nor the other way round


def _accumulated(logdir, **options):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(logdir), **options)
    accumulator.Reload()
    return accumulator


def _number(event):
    from tensorboard.util.tensor_util import make_ndarray

    return float(make_ndarray(event.tensor_proto))


def _whole(logdir, tag):
    """Every event of a tag, as the files hold them, one after the other."""
    return [(e.step, _number(e)) for e in _accumulated(logdir, size_guidance={"tensors": 0}).Tensors(tag)]


def _apart(curve):
    return [step for step, _ in curve], [value for _, value in curve]


@read_scalars.mistake(
    "Of a long curve you get ten points only: that is how many a reader keeps unless you ask for all."
)
def _(logdir, tag):
    return _apart(sorted({e.step: _number(e) for e in _accumulated(logdir).Tensors(tag)}.items()))


@read_scalars.mistake(
    "TensorFlow 2 writes scalars as tensors: among the old-style scalars there is nothing to be found. Nor is there anything at all "
    "before the accumulator has been told to load."
)
def _(logdir, tag):
    events = _accumulated(logdir, size_guidance={"scalars": 0}).Scalars(tag)
    return [e.step for e in events], [e.value for e in events]


@read_scalars.mistake("You return the events as the files hold them. Look at the picture of a run that was resumed.")
def _(logdir, tag):
    return _apart(_whole(logdir, tag))


@read_scalars.mistake("Your steps are in order, but those that a resumed run wrote again are there twice.")
def _(logdir, tag):
    return _apart(sorted(_whole(logdir, tag), key=lambda point: point[0]))


@read_scalars.mistake("Of a step that was written twice you keep the older value: the resumed run has overruled it.")
def _(logdir, tag):
    return _apart(sorted(dict(reversed(_whole(logdir, tag))).items()))


@read_scalars.mistake("Each step is there once, but not in the order of the steps.")
def _(logdir, tag):
    return _apart(list(dict(_whole(logdir, tag)).items()))


@read_scalars.mistake(
    "You take in more tags than the one that is meant. The names of other curves may begin, or end, or sound alike."
)
def _(logdir, tag):
    accumulator = _accumulated(logdir, size_guidance={"tensors": 0})
    tags = [t for t in accumulator.Tags()["tensors"] if t.startswith(tag)]
    return _apart(sorted({e.step: _number(e) for t in tags for e in accumulator.Tensors(t)}.items()))


@read_scalars.mistake("You read one event file. A folder holds several when a training run was resumed.")
def _(logdir, tag):
    import os

    first = sorted(name for name in os.listdir(str(logdir)) if "tfevents" in name)[0]
    return _apart(sorted(dict(_whole(os.path.join(str(logdir), first), tag)).items()))


@read_scalars.mistake("You read the folders inside of logdir, too. They are other runs, with curves of their own.")
def _(logdir, tag):
    points = {}
    for path in sorted(Path(str(logdir)).rglob("*tfevents*")):
        points.update(_whole(str(path), tag))
    return _apart(sorted(points.items()))


@read_scalars.mistake("You take the steps to be 0, 100, 200, … The file knows the true ones.")
def _(logdir, tag):
    _, values = _apart(sorted(dict(_whole(logdir, tag)).items()))
    return [100 * i for i in range(len(values))], values


@read_scalars.mistake("Your two lists are in the wrong order: the steps come first.")
def _(logdir, tag):
    steps, values = _apart(sorted(dict(_whole(logdir, tag)).items()))
    return values, steps


@read_scalars.mistake("You return pairs of step and value. Two lists were asked for, one of steps and one of values.")
def _(logdir, tag):
    return sorted(dict(_whole(logdir, tag)).items())


@read_scalars.mistake("A tensor's event has no `value`. Where does it keep its tensor, and what makes an array of it?")
def _(logdir, tag):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 0})
    accumulator.Reload()
    return [e.step for e in accumulator.Tensors(tag)], [e.value for e in accumulator.Tensors(tag)]
