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
    def write(value, step):
        with writer.as_default():
            tf.summary.scalar(tag, value, step=step)

    for i, value in enumerate(values):
        write(tf.constant(value, tf.float32), tf.constant(100 * i, tf.int64))
    writer.close()


def scalars_as_tensorflow_1_did(logdir, tag, values):
    with tf.Graph().as_default():
        writer = tf.compat.v1.summary.FileWriter(logdir)
    for i, value in enumerate(values):
        summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=tag, simple_value=value)])
        writer.add_summary(summary, global_step=100 * i)
    writer.close()


def scalars_one_writer_a_value(logdir, tag, values):
    for i, value in enumerate(values):
        writer = tf.summary.create_file_writer(str(logdir), filename_suffix=f".{i}")
        with writer.as_default():
            tf.summary.scalar(tag, value, step=i * 100)
        writer.close()


def scalars_backwards(logdir, tag, values):
    writer = tf.summary.create_file_writer(logdir)
    with writer.as_default():
        for i in reversed(range(len(values))):
            tf.summary.scalar(tag, values[i], step=100 * i)


def scalars_and_the_default_put_back(logdir, tag, values):
    from tensorflow.python.ops import summary_ops_v2 as ops

    before = ops._summary_state.writer
    writer = tf.summary.create_file_writer(logdir)
    writer.set_as_default(0)
    for i, value in enumerate(values):
        tf.summary.experimental.set_step(100 * i)
        tf.summary.scalar(tag, value)
    writer.close()
    tf.summary.experimental.set_step(None)
    ops._summary_state.writer = before


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


def image_and_nothing_but_bytes(figure):
    import PIL.Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    buffer.seek(0)
    with PIL.Image.open(buffer) as picture:
        return np.expand_dims(np.array(picture.convert("RGBA"), dtype=np.uint8), 0)


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


def grid_in_bytes_and_inverted(images):
    fig, axes = plt.subplots(nrows=5, ncols=5, figsize=(6, 6))
    pixels = (255 * (1 - np.asarray(images))).round().astype("uint8")
    for row in range(5):
        for column in range(5):
            axes[row][column].imshow(pixels[5 * row + column], cmap="viridis", vmin=0, vmax=255)
            axes[row][column].axis("off")
    fig.suptitle("25 digits")
    return fig


def grid_upside_up_with_the_origin_below(images):
    figure, axes = plt.subplots(5, 5)
    for ax, image in zip(axes.flat, images.numpy()):
        ax.imshow(image[::1], origin="lower")
        ax.invert_yaxis()
        ax.xaxis.set_visible(False)
        ax.yaxis.set_visible(False)
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
    latest = {}
    for event in accumulator.Tensors(tag):
        latest[event.step] = tf.make_ndarray(event.tensor_proto).item()
    steps = sorted(latest)
    return steps, [latest[step] for step in steps]


def scalars_by_loader(logdir, tag):
    points = []
    for path in Path(logdir).glob("events*"):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.tag == tag:
                    points.append((event.wall_time, event.step, float(tf.make_ndarray(value.tensor))))
    points.sort()
    steps, values = zip(*sorted({step: value for _, step, value in points}.items()))
    return list(steps), list(values)


def scalars_by_iterator(logdir, tag):
    found = {}
    for path in sorted(tf.io.gfile.glob(f"{logdir}/*tfevents*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.tag == tag:
                    found[event.step] = np.frombuffer(value.tensor.tensor_content, np.float32)[0]
    steps = np.array(sorted(found))
    return steps, np.array([found[s] for s in steps])


def scalars_by_the_age_of_the_files(logdir, tag):
    steps, values = [], []
    for path in sorted(Path(logdir).glob("events.out.tfevents.*"), key=lambda path: path.stat().st_mtime, reverse=True):
        accumulator = EventAccumulator(str(path), size_guidance={"tensors": 0})
        accumulator.Reload()
        if tag in accumulator.Tags()["tensors"]:
            for event in reversed(accumulator.Tensors(tag)):
                if event.step not in steps:
                    steps.append(event.step)
                    values.append(float(tf.make_ndarray(event.tensor_proto)))
    order = np.argsort(steps)
    return [steps[k] for k in order], [values[k] for k in order]


ANSWERS = {
    "log_scalars": [
        scalars_with_a_default_step,
        scalars_by_counting,
        scalars_in_a_graph,
        scalars_as_tensorflow_1_did,
        scalars_one_writer_a_value,
        scalars_backwards,
        scalars_and_the_default_put_back,
    ],
    "plot_to_image": [
        image_from_the_canvas,
        image_by_imread,
        image_through_a_file,
        image_raw,
        image_and_nothing_but_bytes,
    ],
    "image_grid": [
        grid_by_subplots,
        grid_by_pyplot,
        grid_without_pyplot,
        grid_in_bytes_and_inverted,
        grid_upside_up_with_the_origin_below,
    ],
    "log_images": [images_of_bytes, images_without_counting, images_in_a_graph],
    "read_scalars": [
        scalars_by_accumulator,
        scalars_by_loader,
        scalars_by_iterator,
        scalars_by_the_age_of_the_files,
    ],
}


# -- wrong answers that deserve no hint of their own --------------------------------------------------------------------


def _written(logdir, tag, values, steps=None):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, value in enumerate(values):
            tf.summary.scalar(tag, value, step=100 * i if steps is None else steps[i])


def no_more_than_a_hundred(logdir, tag, values):
    _written(logdir, tag, values[:100])


def rounded(logdir, tag, values):
    _written(logdir, tag, [round(v, 4) for v in values])


def without_signs(logdir, tag, values):
    _written(logdir, tag, [abs(v) for v in values])


def cut_at_fifty(logdir, tag, values):
    _written(logdir, tag, [min(max(v, -50.0), 50.0) for v in values])


def in_half_precision(logdir, tag, values):
    _written(logdir, tag, np.array(values, np.float16).astype(np.float32))


def without_repetitions(logdir, tag, values):
    _written(logdir, tag, list(dict.fromkeys(values)))


def nan_as_zero(logdir, tag, values):
    _written(logdir, tag, [0.0 if v != v else v for v in values])


def sorted_values(logdir, tag, values):
    _written(logdir, tag, sorted(values, reverse=True))


def tag_cleaned(logdir, tag, values):
    _written(logdir, tag.replace("/", "_"), values)


def tag_shortened(logdir, tag, values):
    _written(logdir, tag.split("/")[-1], values)


def tag_without_capitals(logdir, tag, values):
    _written(logdir, tag.lower(), values)


def last_step_is_the_count(logdir, tag, values):
    _written(logdir, tag, values, [100 * i for i in range(len(values) - 1)] + [100 * len(values)])


def first_value_twice(logdir, tag, values):
    _written(logdir, tag, [values[0], *values])


_WRITERS = {}


def one_writer_for_ever(logdir, tag, values):
    writer = _WRITERS.get("writer") or _WRITERS.setdefault("writer", tf.summary.create_file_writer(str(logdir)))
    with writer.as_default():
        for i, value in enumerate(values):
            tf.summary.scalar(tag, value, step=100 * i)


def steps_that_go_on(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for value in values:
            tf.summary.scalar(tag, value, step=_WRITERS.get("step", 0))
            _WRITERS["step"] = _WRITERS.get("step", 0) + 100


def sorted_in_place(logdir, tag, values):
    values.sort()
    _written(logdir, tag, values)


def as_texts(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, value in enumerate(values):
            tf.summary.text(tag, str(value), step=100 * i)


def as_histograms(logdir, tag, values):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        for i, value in enumerate(values):
            tf.summary.histogram(tag, [value], step=100 * i)


def nothing_at_all(logdir, *rest):
    tf.constant(0)


def _pixels(figure, **options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", **options)
    return tf.image.decode_png(buffer.getvalue(), channels=4)


def picture_upside_down(figure):
    pixels = _pixels(figure)[::-1]
    plt.close(figure)
    return pixels[None]


def picture_transposed(figure):
    pixels = tf.transpose(_pixels(figure), [1, 0, 2])
    plt.close(figure)
    return pixels[None]


def picture_of_one_size(figure):
    pixels = tf.cast(tf.image.resize(_pixels(figure), [200, 400]), tf.uint8)
    plt.close(figure)
    return pixels[None]


def picture_transparent(figure):
    pixels = _pixels(figure, transparent=True)
    plt.close(figure)
    return pixels[None]


def picture_on_white(figure):
    pixels = _pixels(figure, facecolor="white")
    plt.close(figure)
    return pixels[None]


def picture_blue_first(figure):
    pixels = tf.gather(_pixels(figure), [2, 1, 0, 3], axis=-1)
    plt.close(figure)
    return pixels[None]


def picture_gray(figure):
    pixels = tf.repeat(_pixels(figure)[..., :1], 4, axis=-1)
    plt.close(figure)
    return pixels[None]


def picture_of_the_lower_half(figure):
    pixels = _pixels(figure)
    plt.close(figure)
    return pixels[None, pixels.shape[0] // 2 :]


_KEPT = {}


def picture_of_the_first_figure(figure):
    if "pixels" not in _KEPT:
        _KEPT["pixels"] = _pixels(figure)[None]
    plt.close(figure)
    return _KEPT["pixels"]


def picture_of_a_wiped_figure(figure):
    plt.close(figure)
    figure.clf()
    return _pixels(figure)[None]


def picture_int32(figure):
    pixels = tf.cast(_pixels(figure), tf.int32)
    plt.close(figure)
    return pixels[None]


def picture_figure_only_cleared(figure):
    pixels = _pixels(figure)
    figure.clf()
    return pixels[None]


def _grid(images, rows=5, columns=5, first=0, **options):
    figure, axes = plt.subplots(rows, columns)
    for ax, image in zip(axes.flat, np.asarray(images)[first:]):
        ax.imshow(image, **options)
        ax.set(xticks=[], yticks=[])
    return figure


def grid_of_as_many_as_there_are(images):
    return _grid(images, int(len(images) ** 0.5), int(len(images) ** 0.5))


def grid_of_the_last(images):
    return _grid(images, first=len(images) - 25)


def grid_transposed(images):
    return _grid(np.asarray(images).transpose(0, 2, 1))


def grid_of_black_and_white(images):
    return _grid(np.asarray(images) > 0.5)


def grid_mirrored(images):
    return _grid(np.asarray(images)[:, :, ::-1])


def grid_in_one_row(images):
    return _grid(images, 1, 25)


def grid_of_four_by_five(images):
    return _grid(images, 4, 5)


def _all_of(logdir, images, tag="images", step=0, most=1_000_000):
    with tf.summary.create_file_writer(str(logdir)).as_default():
        tf.summary.image(tag, images, step=step, max_outputs=most)


def images_64(logdir, images):
    _all_of(logdir, images, most=64)


def images_256(logdir, images):
    _all_of(logdir, images, most=256)


def images_one_less(logdir, images):
    _all_of(logdir, images[:-1])


def images_reversed(logdir, images):
    _all_of(logdir, images[::-1])


def images_transposed(logdir, images):
    _all_of(logdir, tf.transpose(images, [0, 2, 1, 3]))


def images_inverted(logdir, images):
    _all_of(logdir, 1 - images)


def images_black_and_white(logdir, images):
    _all_of(logdir, tf.cast(images > 0.5, tf.float32))


def images_stretched(logdir, images):
    low = tf.reduce_min(images, axis=[1, 2, 3], keepdims=True)
    high = tf.reduce_max(images, axis=[1, 2, 3], keepdims=True)
    _all_of(logdir, (images - low) / (high - low))


def images_times_256(logdir, images):
    _all_of(logdir, tf.cast(tf.cast(images * 256, tf.int32) % 256, tf.uint8))


def images_at_step_one(logdir, images):
    _all_of(logdir, images, step=1)


def images_in_a_sub_folder(logdir, images):
    _all_of(f"{logdir}/images", images)


def images_twice(logdir, images):
    _all_of(logdir, images)
    _all_of(logdir, images)


def images_enlarged(logdir, images):
    _all_of(logdir, tf.image.resize(images, [56, 56]))


def _points(logdir, tag):
    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 0})
    accumulator.Reload()
    return sorted({e.step: float(tf.make_ndarray(e.tensor_proto)) for e in accumulator.Tensors(tag)}.items())


def _lists(points):
    return [step for step, _ in points], [value for _, value in points]


def read_at_most_a_hundred(logdir, tag):
    return _lists(_points(logdir, tag)[:100])


def read_only_what_is_finite(logdir, tag):
    return _lists([(s, v) for s, v in _points(logdir, tag) if np.isfinite(v)])


def read_changes_only(logdir, tag):
    points = _points(logdir, tag)
    return _lists([p for k, p in enumerate(points) if k == 0 or p[1] != points[k - 1][1]])


def read_with_steps_of_32_bits(logdir, tag):
    steps, values = _lists(_points(logdir, tag))
    return np.array(steps).astype(np.int32), values


def read_without_signs(logdir, tag):
    steps, values = _lists(_points(logdir, tag))
    return steps, [abs(v) for v in values]


def read_with_sorted_values(logdir, tag):
    steps, values = _lists(_points(logdir, tag))
    return steps, sorted(values)


def read_tags_that_end_alike(logdir, tag):
    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 0})
    accumulator.Reload()
    tags = [t for t in accumulator.Tags()["tensors"] if t.endswith(tag)]
    events = [e for t in tags for e in accumulator.Tensors(t)]
    return _lists(sorted({e.step: float(tf.make_ndarray(e.tensor_proto)) for e in events}.items()))


def read_tags_of_any_case(logdir, tag):
    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 0})
    accumulator.Reload()
    tags = [t for t in accumulator.Tags()["tensors"] if t.lower() == tag]
    events = [e for t in sorted(tags, reverse=True) for e in accumulator.Tensors(t)]
    return _lists(sorted({e.step: float(tf.make_ndarray(e.tensor_proto)) for e in events}.items()))


def read_folders_of_other_runs_too(logdir, tag):
    found = {}
    for path in sorted(Path(logdir).rglob("*tfevents*"), key=lambda path: len(path.parts)):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.tag == tag:
                    found[event.step] = float(tf.make_ndarray(value.tensor))
    return _lists(sorted(found.items()))


def read_the_last_file(logdir, tag):
    return _lists(_points(str(sorted(Path(logdir).glob("*tfevents*"))[-1]), tag))


def read_the_mean_of_repeated_steps(logdir, tag):
    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 0})
    accumulator.Reload()
    found = {}
    for event in accumulator.Tensors(tag):
        found.setdefault(event.step, []).append(float(tf.make_ndarray(event.tensor_proto)))
    return _lists(sorted((step, float(np.mean(values))) for step, values in found.items()))


def scalars_to_the_caller_too(logdir, tag, values):
    for i, value in enumerate(values):
        tf.summary.scalar(tag, value, step=100 * i)
    scalars_backwards(logdir, tag, values)


def picture_without_axes(figure):
    for axes in figure.axes:
        axes.axis("off")
    pixels = _pixels(figure)
    plt.close(figure)
    return pixels[None]


def picture_in_another_layout(figure):
    figure.tight_layout()
    pixels = _pixels(figure)
    plt.close(figure)
    return pixels[None]


def picture_and_a_new_figure(figure):
    pixels = _pixels(figure)
    plt.close(figure)
    plt.figure()
    return pixels[None]


def _grid_with(images, change):
    figure, axes = plt.subplots(5, 5)
    for ax, image in zip(axes.flat, images):
        ax.imshow(image)
        ax.set(xticks=[], yticks=[])
        change(ax)
    return figure


def grid_with_small_ticks(images):
    return _grid_with(images, lambda ax: ax.set_xticks([0, 10, 20], minor=True))


def grid_of_parts(images):
    return _grid_with(images, lambda ax: ax.set_xlim(5, 20))


def read_at_most_three_hundred(logdir, tag):
    accumulator = EventAccumulator(str(logdir), size_guidance={"tensors": 300})
    accumulator.Reload()
    points = {e.step: float(tf.make_ndarray(e.tensor_proto)) for e in accumulator.Tensors(tag)}
    return _lists(sorted(points.items()))


def read_nothing_beyond_the_place_where_it_went_on(logdir, tag):
    found = {}
    for path in sorted(Path(logdir).glob("*tfevents*")):
        points = list(_points(str(path), tag))
        first = min((step for step, _ in points), default=0)
        found = {step: value for step, value in found.items() if step < first} | dict(points)
    return _lists(sorted(found.items()))


def read_the_smallest_file_first(logdir, tag):
    found = {}
    for path in sorted(Path(logdir).glob("*tfevents*"), key=lambda path: path.stat().st_size):
        found.update(_points(str(path), tag))
    return _lists(sorted(found.items()))


WRONG = {
    "log_scalars": [
        scalars_to_the_caller_too,
        no_more_than_a_hundred,
        rounded,
        without_signs,
        cut_at_fifty,
        in_half_precision,
        without_repetitions,
        nan_as_zero,
        sorted_values,
        tag_cleaned,
        tag_shortened,
        tag_without_capitals,
        last_step_is_the_count,
        first_value_twice,
        one_writer_for_ever,
        steps_that_go_on,
        sorted_in_place,
        as_texts,
        as_histograms,
        nothing_at_all,
    ],
    "plot_to_image": [
        picture_without_axes,
        picture_in_another_layout,
        picture_and_a_new_figure,
        picture_upside_down,
        picture_transposed,
        picture_of_one_size,
        picture_transparent,
        picture_on_white,
        picture_blue_first,
        picture_gray,
        picture_of_the_lower_half,
        picture_of_the_first_figure,
        picture_of_a_wiped_figure,
        picture_int32,
        picture_figure_only_cleared,
    ],
    "image_grid": [
        grid_with_small_ticks,
        grid_of_parts,
        grid_of_as_many_as_there_are,
        grid_of_the_last,
        grid_transposed,
        grid_of_black_and_white,
        grid_mirrored,
        grid_in_one_row,
        grid_of_four_by_five,
    ],
    "log_images": [
        images_64,
        images_256,
        images_one_less,
        images_reversed,
        images_transposed,
        images_inverted,
        images_black_and_white,
        images_stretched,
        images_times_256,
        images_at_step_one,
        images_in_a_sub_folder,
        images_twice,
        images_enlarged,
        nothing_at_all,
    ],
    "read_scalars": [
        read_at_most_three_hundred,
        read_nothing_beyond_the_place_where_it_went_on,
        read_the_smallest_file_first,
        read_at_most_a_hundred,
        read_only_what_is_finite,
        read_changes_only,
        read_with_steps_of_32_bits,
        read_without_signs,
        read_with_sorted_values,
        read_tags_that_end_alike,
        read_tags_of_any_case,
        read_folders_of_other_runs_too,
        read_the_last_file,
        read_the_mean_of_repeated_steps,
    ],
}
