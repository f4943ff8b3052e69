"""Pictures of chapter 07, TensorBoard, drawn from event files. Each function returns a figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, WIDTH, panels

COLOURS = (BLUE, ORANGE, RED, GREEN, PURPLE)


def _done(figure: Any) -> Any:
    """Let go of the figure, so that a cell whose last line it is shows it once, not twice."""
    plt.close(figure)
    return figure


def _events(folder: str | Path) -> dict[str, tuple[list[int], list]]:
    """The event files of one folder → tag → (steps, arrays), record by record."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    found: dict[str, tuple[list[int], list]] = {}
    for path in sorted(Path(folder).glob("*tfevents*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                steps, tensors = found.setdefault(value.tag, ([], []))
                steps.append(event.step)
                tensors.append(make_ndarray(value.tensor))
    return found


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
            "your training",
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
    arrows = (((32, 17), (40, 17), "feeds"), ((66, 20), (75, 25), "reads"), ((66, 14), (75, 8), "reads"))
    for start, end, word in arrows:
        ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=16, color="black"))
        ax.text(
            (start[0] + end[0]) / 2,
            (start[1] + end[1]) / 2 + 2,
            word,
            ha="center",
            fontsize=9,
            bbox={"fc": "white", "ec": "none", "pad": 0.5},
        )
    ax.set_title("The two sides never speak to each other: everything passes through files")
    return _done(figure)


def file_growth(sizes: Mapping[str, Sequence[int]], flushed: Mapping[str, int]) -> Any:
    """Bytes in the event file after each value that was fed, and after the flush at the end."""
    figure, ax = panels(height=3.0)
    for (name, grown), colour in zip(sizes.items(), COLOURS, strict=False):
        places = np.arange(1, len(grown) + 1)
        ax.step(places, grown, where="post", color=colour, label=name)
        ax.plot(len(grown) + 1.5, flushed[name], "o", color=colour, ms=8)
    ax.annotate(
        "after flush()",
        (len(grown) + 1.2, max(flushed.values())),
        xytext=(len(grown) * 0.72, max(flushed.values()) * 1.02),
        va="center",
        fontsize=10,
        arrowprops={"arrowstyle": "->", "color": "black", "shrinkB": 6},
    )
    ax.set(
        xlabel="values fed to the writer",
        ylabel="size of the event file (bytes)",
        title="A writer collects before it writes",
        ylim=(0, 1.1 * max(flushed.values())),
    )
    ax.legend(loc="upper left")
    return _done(figure)


def smoothed(values: Sequence[float], weight: float) -> np.ndarray:
    """What TensorBoard's smoothing slider draws: an exponential moving average, freed from its start at zero."""
    last, curve = 0.0, []
    for n, value in enumerate(values, start=1):
        last = weight * last + (1 - weight) * float(value)
        curve.append(last / (1 - weight**n))
    return np.array(curve)


def smoothing(folder: str | Path, tag: str, weights: Sequence[float], *, mark: int | None = None) -> Any:
    """One logged curve under several settings of the smoothing slider; mark: a step where something happened."""
    steps, tensors = _events(folder)[tag]
    values = np.array(tensors, dtype=float)
    figure, ax = panels(height=3.2)
    ax.plot(steps, values, color=SKY, lw=1.0, alpha=0.9, label="as logged")
    for weight, colour in zip(weights, (BLUE, ORANGE, RED), strict=False):
        ax.plot(steps, smoothed(values, weight), color=colour, label=f"smoothing {weight:g}")
    if mark is not None:
        ax.axvline(mark, color=GREY, ls=":", lw=1.4)
        ax.text(mark, values.max() * 0.98, " the jump", color=GREY, fontsize=9, va="top")
    ax.set(xlabel="step", ylabel=tag, title="The smoother the curve, the later it tells you")
    ax.legend(loc="upper right")
    return _done(figure)


def runs(folders: Mapping[str, str | Path], tags: Sequence[str], *, title: str, log: Sequence[str] = ()) -> Any:
    """As TensorBoard lays it out: a card for each tag, in it a curve for each run, read from the runs' event files."""
    figure, axes = panels(len(tags), height=3.3, squeeze=False)
    for ax, tag in zip(axes[0], tags, strict=True):
        for (name, folder), colour in zip(folders.items(), COLOURS, strict=False):
            steps, values = _events(folder)[tag]
            ax.plot(steps, values, "o-" if len(steps) < 15 else "-", ms=4, lw=1.6, color=colour, label=name)
        ax.set(xlabel="step", ylabel=tag, title=tag)
        if tag in log:
            ax.set_yscale("log")
    axes[0, -1].legend(title="run", fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def histograms(folders: Mapping[str, str | Path], tag: str, *, title: str) -> Any:
    """One panel a run, one ridge a step, the oldest behind: the histograms in the runs' event files."""
    figure, axes = panels(len(folders), height=3.3, sharex=True, sharey=True, squeeze=False)
    widest = 0.0
    for ax, (name, folder), colour in zip(axes[0], folders.items(), COLOURS, strict=False):
        steps, tensors = _events(folder)[tag]  # each tensor [buckets, 3]: left edge, right edge, count
        gap = (steps[-1] - steps[0]) / max(len(steps) - 1, 1)
        for order, (step, buckets) in enumerate(zip(steps, tensors, strict=True)):
            left, right, count = np.asarray(buckets, float).T
            widest = max(widest, float(np.sqrt(np.average(((left + right) / 2) ** 2, weights=count))))
            density = count / np.maximum(right - left, 1e-12)
            height = 2.2 * gap * density / density.max()
            middle = (left + right) / 2
            ax.fill_between(middle, step, step - height, color=colour, alpha=0.55, zorder=order, lw=0)
            ax.plot(middle, step - height, color="white", lw=0.6, zorder=order)
        ax.set(xlabel="weight", yticks=steps[::2], title=name)
        ax.grid(axis="y", visible=False)
    axes[0, 0].invert_yaxis()
    axes[0, 0].set_xlim(-3 * widest, 3 * widest)  # a few weights go farther; the heap is what counts
    axes[0, 0].set_ylabel("step")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def logged_images(folders: Mapping[str, str | Path], tag: str, *, columns: int = 13, title: str) -> Any:
    """All the pictures that event files hold under a tag, one block of rows for each folder."""
    found = {name: _decoded(_events(folder)[tag][1][0]) for name, folder in folders.items()}
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
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def slider(folder: str | Path, tag: str, steps: Sequence[int], *, title: str) -> Any:
    """What the step slider of an image card goes through: the first picture under a tag at some of its steps."""
    found = dict(zip(*_events(folder)[tag], strict=True))
    figure, axes = panels(len(steps), height=8.0 / len(steps) + 0.35, squeeze=False)
    for ax, step in zip(axes[0], steps, strict=True):
        picture = _decoded(found[step])[0]
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"step {step}", fontsize=10, loc="center", fontweight="normal")
        ax.axis("off")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def side_by_side(pictures: Mapping[str, Any], *, title: str) -> Any:
    """Pictures [height, width, channels] beside each other, each with its name and a frame."""
    figure, axes = panels(len(pictures), height=2.7, squeeze=False)
    for ax, (name, picture) in zip(axes[0], pictures.items(), strict=True):
        ax.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set(visible=True, color="#D1D5DB")
        ax.set_title(name, fontsize=10, loc="center", fontweight="normal")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def kept_points(everything: tuple, kept: tuple, *, title: str) -> Any:
    """A whole curve (steps, values), and the points of it that a reader kept."""
    figure, ax = panels(height=3.0)
    ax.plot(*everything, color=SKY, lw=1.4, label=f"all {len(everything[0])} points of the file")
    ax.plot(*kept, "o--", color=RED, ms=6, lw=1.4, label=f"the {len(kept[0])} that were kept")
    ax.set(xlabel="step", ylabel="loss", title=title)
    ax.legend(loc="upper right")
    return _done(figure)
