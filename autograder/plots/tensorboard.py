"""Pictures of chapter 07, TensorBoard, drawn from event files. Each function returns a figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, WIDTH, panels, shown

COLOURS = (BLUE, ORANGE, RED, GREEN, PURPLE)
LINES = (3.2, 2.2, 1.4)  # widths: where curves lie upon each other, the first is seen on both sides of the last


def _records(folder: str | Path) -> list:
    """The values in the event files of one folder, as they stand there: protocol buffers with their step, unread."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    paths = sorted(Path(folder).glob("*tfevents*"))
    return [
        (event.step, value)
        for path in paths
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]


def _arrays(folder: str | Path, tag: str) -> tuple[np.ndarray, list]:
    """What a folder holds under a tag, in file order, for drawing: steps, arrays."""
    from tensorboard.util.tensor_util import make_ndarray

    found = [(step, make_ndarray(value.tensor)) for step, value in _records(folder) if value.tag == tag]
    return np.array([step for step, _ in found]), [array for _, array in found]


def _headed(figure: Any, title: str) -> None:
    """A title over all the panels."""
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)


def _decoded(tensor: Any) -> list[np.ndarray]:
    """The pictures in one event of tf.summary.image: [width, height, PNG, PNG, …] as bytes."""
    from PIL import Image

    return [np.asarray(Image.open(io.BytesIO(bytes(png)))) for png in tensor[2:]]


def parts() -> Any:
    """Who writes, who reads, and what lies between them."""
    figure, ax = panels(height=2.5)
    ax.set(xlim=(0, 100), ylim=(0, 34))
    ax.axis("off")
    boxes = (
        (
            1,
            4,
            "your training run",
            "writer = tf.summary.\n  create_file_writer(logdir)\ntf.summary.scalar(\n  tag, value, step)",
            BLUE,
        ),
        (41, 4, "logdir", "events.out.tfevents.…\na file that only grows", GREY),
        (76, 17, "TensorBoard", "a web server that\nreads again and again", ORANGE),
        (76, 1, "EventAccumulator", "your own reader", GREEN),
    )
    for left, bottom, name, text, colour in boxes:
        width, height = (30, 26) if left == 1 else (24, 26) if left == 41 else (23, 14)
        ax.add_patch(
            FancyBboxPatch((left, bottom), width, height, boxstyle="round,pad=0.4", fc="white", ec=colour, lw=2)
        )
        ax.text(left + width / 2, bottom + height - 3.2, name, ha="center", va="center", color=colour, weight="bold")
        small = {"family": "monospace", "fontsize": 8.5, "multialignment": "left"} if left == 1 else {"fontsize": 9}
        ax.text(left + width / 2, bottom + (height - 5) / 2, text, ha="center", va="center", linespacing=1.7, **small)
    arrows = (((32, 17), (40, 17), "feeds", 2), ((66, 20), (75, 25), "reads", 3.2), ((66, 14), (75, 8), "reads", -5.5))
    for start, end, word, above in arrows:
        ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=16, color="black"))
        ax.text(
            (start[0] + end[0]) / 2,
            (start[1] + end[1]) / 2 + above,
            word,
            ha="center",
            fontsize=9,
            bbox={"fc": "white", "ec": "none", "pad": 0.5},
        )
    ax.set_title("The two sides never speak to each other: everything passes through files")
    return shown(
        figure,
        "Three boxes: your training run feeds event files in the folder logdir; TensorBoard, a web server, and EventAccumulator, "
        "your own reader, read them from there. No arrow leads from the training run to a reader.",
    )


def file_growth(sizes: Mapping[int, Sequence[int]], flushed: Mapping[int, int]) -> Any:
    """Bytes in the event file after each value that was fed, and after the flush at the end, for each max_queue."""
    figure, ax = panels(height=3.0)
    top, count = max(flushed.values()), max(len(grown) for grown in sizes.values())
    for (queue, grown), colour, width in zip(sizes.items(), COLOURS, LINES, strict=False):
        places = np.arange(1, len(grown) + 1)
        label = f"max_queue={queue}: written {queue + 1} at a time" if queue else "max_queue=0: written one by one"
        ax.step(places, grown, where="post", color=colour, lw=width, label=label)
        ax.plot(len(grown) + 0.03 * count + 0.5, flushed[queue], "o", color=colour, ms=8)
    ax.set(
        xlabel="values fed to the writer (dots: after the flush at the end)",
        ylabel="size of the event file (bytes)",
        title="A writer collects before it writes: what waits is written when the queue overflows",
        ylim=(0, 1.45 * top),
    )
    ax.legend(loc="upper left")
    queues = " and ".join(f"max_queue={queue}" for queue in sizes)
    return shown(
        figure,
        f"Size of the event file against the number of values fed, for {queues}: stairs, one step whenever more than max_queue "
        "values wait; after the flush all the files are equally long.",
    )


def smoothed(values: Sequence[float], weight: float) -> np.ndarray:
    """What TensorBoard's smoothing slider draws: an exponential moving average, freed from its start at zero. weight: below 1."""
    last, curve = 0.0, []
    for n, value in enumerate(values, start=1):
        last = weight * last + (1 - weight) * float(value)
        curve.append(last / (1 - weight**n))
    return np.array(curve)


def smoothing(folder: str | Path, tag: str, weights: Sequence[float], *, mark: int | None = None) -> Any:
    """One logged curve under several settings of the smoothing slider; mark: a step where something happened."""
    steps, tensors = _arrays(folder, tag)
    values = np.array(tensors, dtype=float)
    figure, ax = panels(height=3.2)
    ax.plot(steps, values, color=SKY, lw=1.0, alpha=0.9, label="as logged")
    for weight, colour in zip(weights, COLOURS, strict=False):
        ax.plot(steps, smoothed(values, weight), color=colour, label=f"smoothing {weight:g}")
    if mark is not None:
        ax.axvline(mark, color=GREY, ls=":", lw=1.4, label="the jump")
    ax.set(xlabel="step", ylabel=tag, title="The smoother the curve, the later it tells you")
    figure.legend(
        loc="outside lower center", ncols=min(len(weights) + 2, 5), fontsize=9, columnspacing=1.2, handlelength=1.5
    )
    return shown(
        figure,
        f"A noisy {tag} that jumps up{'' if mark is None else f' at step {mark}'}, as it was logged and smoothed with "
        f"{', '.join(f'{w:g}' for w in weights)}: the stronger the smoothing, the less noise, and the later the curve follows.",
    )


def runs(
    folders: Mapping[str, str | Path], tags: Sequence[str], *, title: str, log: Sequence[str] = (), share: bool = False
) -> Any:
    """As TensorBoard lays it out: a card for each tag, in it a curve for each run, read from the runs' event files.

    log: tags with a logarithmic axis. share: all the cards have one vertical axis, from 0 to 1.
    """
    figure, axes = panels(len(tags), height=3.3 if len(tags) < 3 else 2.8, squeeze=False, sharey=share)
    ends = []
    for ax, tag in zip(axes[0], tags, strict=True):
        for (name, folder), colour, width in zip(folders.items(), COLOURS, (*LINES, 1.4, 1.4), strict=False):
            steps, values = _arrays(folder, tag)
            ax.plot(steps, values, "o-" if len(steps) < 15 else "-", ms=4, lw=width, color=colour, label=name)
            ends.append(f"{tag} of {name} {float(values[-1]):.2g}")
        ax.set(xlabel="step", title=tag)
        if tag in log:
            ax.set_yscale("log")
        if share:
            ax.set_ylim(-0.05, 1.05)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(folders), fontsize=10)
    _headed(figure, title)
    return shown(
        figure,
        f"A chart for each of {', '.join(tags)}, in it a curve for each of the runs {', '.join(folders)}, against the step. "
        f"At the end: {'; '.join(ends)}.",
    )


def histograms(folders: Mapping[str, str | Path], tag: str, *, title: str) -> Any:
    """One panel a run, one ridge a step, the oldest behind: the histograms in the runs' event files."""
    figure, axes = panels(len(folders), height=3.3, sharex=True, sharey=True, squeeze=False)
    widest, told = 0.0, []
    for ax, (name, folder), colour in zip(axes[0], folders.items(), COLOURS, strict=False):
        steps, tensors = _arrays(folder, tag)  # each tensor [buckets, 3]: left edge, right edge, count
        gap = (steps[-1] - steps[0]) / max(len(steps) - 1, 1)
        spread = 0.0
        for order, (step, buckets) in enumerate(zip(steps, tensors, strict=True)):
            left, right, count = np.asarray(buckets, float).T
            spread = float(np.sqrt(np.average(((left + right) / 2) ** 2, weights=count)))
            widest = max(widest, spread)
            density = count / np.maximum(right - left, 1e-12)
            height = 2.2 * gap * density / density.max()
            middle = (left + right) / 2
            ax.fill_between(middle, step, step - height, color=colour, alpha=0.55, zorder=order, lw=0)
            ax.plot(middle, step - height, color="white", lw=0.6, zorder=order)
        told.append(f"{name} {spread:.2g}")
        ax.set(xlabel="weight", yticks=steps[::2], title=name)
        ax.grid(axis="y", visible=False)
    axes[0, 0].invert_yaxis()
    axes[0, 0].set_xlim(-3 * widest, 3 * widest)  # a few weights go farther; the heap is what counts
    axes[0, 0].set_ylabel("step")
    _headed(figure, title)
    return shown(
        figure,
        f"Histograms of {tag}, one ridge for each step at which it was logged, one panel for each run. All start as the same narrow "
        f"heap around 0; the typical distance from 0 at the end: {', '.join(told)}.",
    )


def resumed(folder: str | Path, tag: str) -> Any:
    """The curve of a run that was resumed: as its files hold it, and with every step once."""
    steps, arrays = _arrays(folder, tag)
    values = np.array(arrays, float)
    last = {int(step): value for step, value in zip(steps, values, strict=True)}
    kept = sorted(last)
    back = int(np.sum(np.diff(steps) < 0))
    figure, axes = panels(2, height=3.0, sharey=True)
    axes[0].plot(steps, values, "o-", ms=3.5, lw=1.4, color=RED)
    axes[0].set(xlabel="step", ylabel=tag, title=f"as the files hold it: {len(steps)} events")
    axes[1].plot(kept, [last[step] for step in kept], "o-", ms=3.5, lw=1.4, color=BLUE)
    axes[1].set(xlabel="step", title=f"each step once, as last written: {len(kept)}")
    turns = "runs back" if back else "does not run back"
    _headed(figure, f"The curve of a resumed run {turns}, until each step is taken once")
    return shown(
        figure,
        f"Left: {len(steps)} events joined in the order of the files; the line {turns} where the run was resumed. "
        f"Right: {len(kept)} steps, each once, with the value that was written last.",
    )


def own_page(folder: str | Path, steps: Sequence[int], values: Sequence[float]) -> Any:
    """What a student's functions have logged and read: the curve, the grid, and the single pictures."""
    _, grids = _arrays(folder, "grid")
    _, batches = _arrays(folder, "images")
    grid, digits = _decoded(grids[-1])[0], _decoded(batches[-1])
    figure, axes = panels(3, height=2.9, width=WIDTH)
    axes[0].plot(steps, values, "o-", color=BLUE)
    axes[0].set(xlabel="step", title="read_scalars")
    axes[1].imshow(grid)
    columns = int(np.ceil(np.sqrt(len(digits))))
    blank = np.zeros_like(digits[0])
    tiles = [*digits, *[blank] * (-len(digits) % columns)]
    rows = [np.concatenate(tiles[k : k + columns], axis=1) for k in range(0, len(tiles), columns)]
    axes[2].imshow(np.concatenate(rows), cmap="gray", vmin=0, vmax=255)
    for ax, name in zip(axes[1:], ("image_grid, plot_to_image", "log_images"), strict=True):
        ax.set_title(name)
        ax.axis("off")
    _headed(
        figure, f"Your own page: {len(list(steps))} losses, one grid, {len(digits)} pictures, all through event files"
    )
    return shown(
        figure,
        f"Left: the loss at {len(list(steps))} steps, read back by read_scalars. Middle: the grid of 25 digits as one logged picture. "
        f"Right: the {len(digits)} digits that log_images wrote, one by one.",
    )


def logged_images(folders: Mapping[str, str | Path], tag: str, *, columns: int = 13, title: str) -> Any:
    """All the pictures that event files hold under a tag, one block of rows for each folder."""
    found = {name: _decoded(_arrays(folder, tag)[1][0]) for name, folder in folders.items()}
    rows = {name: -(-len(pictures) // columns) for name, pictures in found.items()}
    units = sum(rows.values()) + 0.62 * len(rows) + 0.1
    figure, axes = panels(height=WIDTH / columns * units + 0.35)
    top, ticks = 0.0, []
    for name, pictures in found.items():
        for k, picture in enumerate(pictures):
            row, column = divmod(k, columns)
            axes.imshow(
                picture, cmap="gray", vmin=0, vmax=255, extent=(column, column + 0.94, top + row + 0.94, top + row)
            )
        axes.text(0, top - 0.12, f"{name}: {len(pictures)}", fontsize=10, va="bottom")
        top += rows[name] + 0.62
    axes.set(xlim=(0, columns), ylim=(top - 0.5, -0.6), xticks=ticks, yticks=ticks, aspect="equal")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    _headed(figure, title)
    counts = ", ".join(f"{name} {len(pictures)}" for name, pictures in found.items())
    return shown(
        figure,
        f"The handwritten digits that event files hold under the tag {tag}, one block for each folder: {counts}.",
    )


def slider(folder: str | Path, tag: str, steps: Sequence[int], *, title: str) -> Any:
    """What the step slider of an image card goes through: the first picture under a tag at some of its steps."""
    found = dict(zip(*_arrays(folder, tag), strict=True))
    steps = [step for step in steps if step in found] or list(found)[:4]
    figure, axes = panels(len(steps), height=WIDTH / len(steps) + 0.35, squeeze=False)
    for ax, step in zip(axes[0], steps, strict=True):
        picture = _decoded(found[step])[0]
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"step {step}", fontsize=10, loc="center", fontweight="normal")
        ax.axis("off")
    _headed(figure, title)
    return shown(
        figure,
        f"The first picture under the tag {tag} at the steps {', '.join(map(str, steps))}: 25 digits on a sheet, each in a frame, "
        "green where the network is right, red-orange where it is wrong.",
    )


def side_by_side(pictures: Mapping[str, Any], *, title: str) -> Any:
    """Pictures [height, width, channels] beside each other, each with its name and a frame."""
    figure, axes = panels(len(pictures), height=2.7, squeeze=False)
    for ax, (name, picture) in zip(axes[0], pictures.items(), strict=True):
        ax.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set(visible=True, color="#D1D5DB")
        ax.set_title(name, fontsize=10, loc="center", fontweight="normal")
    _headed(figure, title)
    return shown(figure, f"{len(pictures)} pictures beside each other: {', '.join(pictures)}. {title}.")


def kept_points(everything: tuple, kept: tuple) -> Any:
    """A whole curve (steps, values), and the points of it that a reader kept."""
    figure, ax = panels(height=3.0)
    ax.plot(*everything, color=SKY, lw=1.4, label=f"all {len(everything[0])} points of the file")
    ax.plot(*kept, "o--", color=RED, ms=6, lw=1.4, label=f"the {len(kept[0])} that were kept")
    missing = "the start is missing, and so is the noise" if everything[0][0] < kept[0][0] else "the noise is missing"
    title = f"{len(kept[0])} of {len(everything[0])} points: {missing}"
    ax.set(xlabel="step", ylabel="loss", title=title, ylim=(0, 1.25 * max(everything[1])))
    ax.legend(loc="upper right")
    return shown(
        figure,
        f"The loss of a run at all its {len(everything[0])} logged steps, and a line through the {len(kept[0])} that a reader kept: "
        "it passes over most of the ups and downs.",
    )
