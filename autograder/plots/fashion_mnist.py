"""Pictures of chapter 06, Fashion-MNIST. Each function takes data and returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, WIDTH, panels

SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", BLUE])
"""From nothing to much; a zero is white."""


def _done(figure: Any) -> Any:
    """Let go of the figure, so that a cell whose last line it is shows it once, not twice."""
    plt.close(figure)
    return figure


def wardrobe(x: Any, y: Any, names: Sequence[str], guesses: Any = None, *, columns: int = 10, title: str = "") -> Any:
    """Garments [n, 28, 28] with their names; with guesses, right ones in green and wrong ones in red."""
    rows = -(-len(x) // columns)
    figure, axes = panels(columns, rows, height=WIDTH / columns * 1.3, squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set_visible(False)
        if i >= len(x):
            continue
        ax.imshow(x[i], cmap="gray_r", vmin=0, vmax=255)
        label, colour = names[int(y[i])], "black"
        if guesses is not None:
            right = int(guesses[i]) == int(y[i])
            colour = GREEN if right else RED
            label = names[int(guesses[i])] if right else f"{names[int(guesses[i])]}?\n({names[int(y[i])]})"
        ax.set_xlabel(label, fontsize=8, color=colour, labelpad=2)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def seeds(accuracies: Mapping[str, Sequence[float]], *, title: str) -> Any:
    """Test accuracy of networks that differ only in their seed: one row of points for each arm."""
    figure, ax = panels(height=1.1 + 0.75 * len(accuracies))
    for row, (values, colour) in enumerate(zip(accuracies.values(), (RED, BLUE), strict=False)):
        ax.axhline(row, color="#E5E7EB", zorder=0)
        heights = row + 0.2 * (np.arange(len(values)) % 3 - 1)  # so that equal accuracies do not hide each other
        ax.scatter(values, heights, s=90, color=colour, alpha=0.75, edgecolor="white", zorder=2)
        ax.plot([np.mean(values)] * 2, [row - 0.36, row + 0.36], color=colour, zorder=3)
        for seed, value in enumerate(values):
            ax.annotate(
                str(seed), (value, heights[seed]), ha="center", va="center", fontsize=7, color="white", zorder=4
            )
    ax.set(yticks=range(len(accuracies)), yticklabels=list(accuracies), ylim=(len(accuracies) - 0.5, -0.5))
    ax.set(xlabel="test accuracy (each point is one seed, the bar their mean)", title=title)
    ax.grid(axis="y", visible=False)
    return _done(figure)


def recalls(tables: Mapping[str, Any], names: Sequence[str], *, title: str) -> Any:
    """For each arm a table [seeds, classes]: the share of each class that is recognised. White means never."""
    figure, axes = panels(len(tables), height=3.3, squeeze=False, sharey=True)
    for ax, (arm, table) in zip(axes[0], tables.items(), strict=True):
        table = np.asarray(table)
        ax.imshow(table, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
        for row, column in np.argwhere(table == 0):
            ax.text(column, row, "0", ha="center", va="center", color=RED, fontweight="bold")
        ax.set(xticks=range(len(names)), yticks=range(len(table)), title=arm if len(tables) > 1 else title)
        ax.set_xticklabels(names, rotation=45, ha="right", fontsize=9)
        ax.grid(False)
    axes[0, 0].set_ylabel("seed")
    if len(tables) > 1:
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def shuffle_reach(orders: Mapping[int, Any]) -> Any:
    """For each buffer size: place before the shuffle against place after it."""
    figure, axes = panels(len(orders), height=2.9, sharey=True)
    for ax, (buffer, order) in zip(axes, orders.items(), strict=True):
        n = len(order)
        ax.scatter(range(n), order, s=4, color=BLUE)
        ax.plot([0, n], [buffer, n + buffer], color=RED, lw=1.2)
        ax.set(xlim=(0, n), ylim=(0, n), xlabel="place in the stream", title=f"buffer {buffer}")
    axes[0].set_ylabel("place in the data")
    figure.suptitle(
        "Nothing comes earlier than the buffer (red) allows", x=0.01, ha="left", fontweight="bold", fontsize=11
    )
    return _done(figure)


def parameters(model: Any) -> Any:
    """Where a model's parameters sit: kernel and bias of each layer."""
    layers = [layer for layer in model.layers if layer.weights]
    kernels = [int(np.prod(layer.weights[0].shape)) for layer in layers]
    biases = [int(np.prod(layer.weights[1].shape)) for layer in layers]
    total = sum(kernels) + sum(biases)
    figure, ax = panels(height=2.6)
    places = np.arange(len(layers))
    ax.barh(places - 0.2, kernels, 0.38, color=BLUE, label="kernel")
    ax.barh(places + 0.2, biases, 0.38, color=ORANGE, label="bias")
    for place, kernel, bias in zip(places, kernels, biases, strict=True):
        ax.text(
            kernel * 1.15, place - 0.2, f"{kernel:,}  ({(kernel + bias) / total:.1%} of all)", va="center", fontsize=9
        )
        ax.text(bias * 1.15, place + 0.2, f"{bias:,}", va="center", fontsize=9)
    shapes = [" × ".join(map(str, layer.weights[0].shape)) for layer in layers]
    ax.set(
        xscale="log",
        xlim=(1, max(kernels) * 12),
        yticks=places,
        yticklabels=shapes,
        xlabel="numbers to learn (log scale)",
    )
    ax.set_title(f"The first layer holds {(kernels[0] + biases[0]) / total:.0%} of the {total:,} parameters")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower right")
    return _done(figure)


def weight_of_an_image(batch: int, last: int, batches: int) -> Any:
    """How much each image counts in the accuracy, and in the mean of the batches' accuracies."""
    n = batch * (batches - 1) + last
    counted = np.concatenate([np.full(batch * (batches - 1), 1 / batch), np.full(last, 1 / last)]) / batches * n
    figure, ax = panels(height=2.5)
    ax.step(range(n), counted, where="post", color=RED, label="mean of the batch means")
    ax.axhline(1, color=BLUE, label="accuracy")
    ax.set(xlabel="image (the last four batches)", ylabel="weight", ylim=(0, counted.max() * 1.15))
    ax.set_xlim(max(0, n - 3 * batch - last), n)
    ax.set_title(f"In the mean of means an image of the last batch counts {batch / last:g} times as much as any other")
    ax.legend(loc="upper left")
    return _done(figure)


def roads(curves: Mapping[str, Any], running: Any) -> Any:
    """The loss of each batch by three roads, and what the progress bar of fit would show."""
    figure, (left, right) = panels(2, height=3.4, width_ratios=(3, 2))
    widths, styles, colours = (6, 3.2, 1.2), ("-", "-", "-"), ("#9CC9E8", ORANGE, "black")
    for (name, losses), width, style, colour in zip(curves.items(), widths, styles, colours, strict=True):
        left.plot(losses, lw=width, ls=style, color=colour, label=name)
    left.plot(running, color=PURPLE, ls="--", lw=1.6, label="running mean, as fit reports it")
    left.set(xlabel="step", ylabel="loss", title="Three roads, one curve")
    left.legend(fontsize=9)
    first, *others = curves.items()
    for (name, losses), colour in zip(others, (ORANGE, "black"), strict=True):
        gap = np.abs(np.asarray(losses) - np.asarray(first[1]))
        right.semilogy(np.maximum(gap, 1e-17), color=colour, lw=1.4, label=name)
    worst = max(np.abs(np.asarray(losses) - np.asarray(first[1])).max() for _, losses in others)
    right.set(xlabel="step", ylabel="distance from the tape's loss", title="Rounding is all that differs")
    right.set_ylim(3e-18, max(1e-9, 10 * worst))
    right.legend(fontsize=9)
    return _done(figure)


def history(record: Mapping[str, Sequence[float]], every: int) -> Any:
    """What fit remembers: one value for each epoch, and one validation in `every` epochs."""
    figure, axes = panels(2, height=2.9)
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        epochs = np.arange(1, len(record[name]) + 1)
        ax.plot(epochs, record[name], "o-", color=BLUE, label="training, mean over the epoch")
        ax.plot(
            epochs[every - 1 :: every],
            record[f"val_{name}"],
            "s--",
            color=ORANGE,
            label="validation, at the epoch's end",
        )
        ax.set(
            xlabel="epoch",
            xticks=epochs,
            title=f"{name.capitalize()}: {len(epochs)} and {len(record[f'val_{name}'])} values",
        )
    axes[0].legend(fontsize=9)
    return _done(figure)


def relu_blocks(scores: Any, gradients: Mapping[str, Any]) -> Any:
    """The scores before the last activation [images, classes], and the kernel's gradient under each activation."""
    figure, axes = panels(1 + len(gradients), height=3.0)
    size = float(np.abs(scores).max())
    shown = axes[0].imshow(scores, cmap="RdBu_r", vmin=-size, vmax=size, aspect="auto")
    axes[0].set(xlabel="class", ylabel="image", title="scores x @ w")
    figure.colorbar(shown, ax=axes[0])
    size = max(float(np.abs(g).max()) for g in gradients.values())
    for ax, (name, gradient) in zip(axes[1:], gradients.items(), strict=True):
        shown = ax.imshow(gradient, cmap="RdBu_r", vmin=-size, vmax=size, aspect="auto")
        ax.set(xlabel="class", ylabel="input", title=f"d loss / d w, {name}")
        for column in np.flatnonzero(~np.any(gradient, axis=0)):
            ax.text(column, (len(gradient) - 1) / 2, "exactly zero", rotation=90, ha="center", va="center", color=RED)
    figure.colorbar(shown, ax=axes[-1])
    for ax in axes:
        ax.grid(False)
        ax.set_xticks(range(np.shape(scores)[1]))
    title = "A class with negative scores only gets no gradient through a relu"
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return _done(figure)


def learning_curves(arms: Mapping[str, Any], *, window: int = 5) -> Any:
    """Loss of each batch, smoothed over `window` steps, one thin line a seed: {arm: [seeds, steps]}."""
    figure, ax = panels(height=3.3)
    for (name, losses), colour in zip(arms.items(), (RED, BLUE), strict=True):
        losses = np.asarray(losses)
        kernel = np.ones(window) / window
        smooth = np.array([np.convolve(line, kernel, mode="valid") for line in losses])
        steps = np.arange(window - 1, losses.shape[1])
        ax.plot(steps, smooth.T, color=colour, lw=0.8, alpha=0.45)
        ax.plot(steps, smooth.mean(axis=0), color=colour, lw=2.8, label=name)
    ax.axhline(np.log(10), color=GREY, ls=":", lw=1.2)
    ax.text(20, np.log(10) + 0.04, "log 10: knowing nothing", color=GREY, fontsize=9)
    ax.set_ylim(0, 2.6)
    ax.set(
        xlabel="step",
        ylabel=f"loss, mean of {window} batches",
        title="Every curve falls, with the relu only part of the way",
    )
    ax.legend()
    return _done(figure)


def confusion(matrix: Any, names: Sequence[str], *, title: str) -> Any:
    """A confusion matrix [true, predicted] as shares of each true class."""
    share = np.asarray(matrix) / np.sum(matrix, axis=1, keepdims=True)
    figure, ax = panels(height=5.0, width=6.4)
    shown = ax.imshow(share, cmap=SHADES, vmin=0, vmax=1)
    for row, column in np.ndindex(*share.shape):
        if share[row, column] >= 0.005:
            colour = "white" if share[row, column] > 0.5 else "black"
            ax.text(column, row, f"{100 * share[row, column]:.0f}", ha="center", va="center", fontsize=8, color=colour)
    ax.set(xticks=range(len(names)), yticks=range(len(names)), xlabel="predicted", ylabel="true", title=title)
    ax.set_xticklabels(names, rotation=45, ha="right")
    ax.set_yticklabels(names)
    ax.grid(False)
    figure.colorbar(shown, ax=ax, label="share of the true class", shrink=0.85)
    return _done(figure)


def swatches(x: Any, y: Any, names: Sequence[str], *, each: int = 6) -> Any:
    """Some swatches of each weave, and the mean of all of them."""
    figure, axes = panels(len(names), height=2.7)
    for weave, ax in enumerate(axes):
        chosen = x[y == weave]
        rows = [np.hstack([np.pad(p, 1, constant_values=255) for p in chosen[k : k + 2]]) for k in range(0, each, 2)]
        mean = np.pad(np.full((8, 8), 0.0) + chosen.mean(axis=0), 1, constant_values=255)
        blank = np.full((10, 5), 255.0)
        ax.imshow(
            np.vstack([*rows, np.full((2, 20), 255.0), np.hstack([blank, mean, blank])]), cmap="gray", vmin=0, vmax=255
        )
        ax.set_title(names[weave], fontsize=10, loc="center")
        ax.axis("off")
    figure.suptitle(
        "Five weaves; below, the mean of each: the same grey", x=0.01, ha="left", fontweight="bold", fontsize=11
    )
    return _done(figure)
