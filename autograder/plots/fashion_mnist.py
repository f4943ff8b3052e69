"""Pictures of chapter 06, Fashion-MNIST. Each function takes data and returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, WIDTH, panels, shown

SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", BLUE])
"""From nothing to much; a zero is white."""


def _headline(figure: Any, title: str) -> None:
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)


def _garment(ax: Any, image: Any, true: str, guess: str | None) -> None:
    """One picture with its name under it; a wrong guess in red-orange, the true name in brackets."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    colour = "black" if guess is None else GREEN if guess == true else RED
    label = true if guess in (None, true) else f"{guess}?\n({true})"
    ax.set_xlabel(label, fontsize=8, color=colour, labelpad=2)


def wardrobe(x: Any, y: Any, names: Sequence[str], guesses: Any = None, *, columns: int = 10, title: str = "") -> Any:
    """Garments [n, 28, 28] with their names; with guesses, right ones in green and wrong ones in red-orange."""
    rows = -(-len(x) // columns)
    figure, axes = panels(columns, rows, height=WIDTH / columns * 1.3, squeeze=False)
    for i, ax in enumerate(axes.flat):
        if i < len(x):
            _garment(ax, x[i], names[int(y[i])], None if guesses is None else names[int(guesses[i])])
        else:
            ax.axis("off")
    _headline(figure, title)
    told = f"{len(x)} small grey pictures of garments, each with its name under it."
    if guesses is not None:
        wrong = int(np.sum(np.asarray(guesses) != np.asarray(y)))
        told += f" The network names {len(x) - wrong} of them rightly (green) and {wrong} wrongly (red-orange, the true name in brackets)."
    return shown(figure, told)


def seeds(accuracies: Mapping[str, Sequence[float]], *, title: str) -> Any:
    """Accuracy of networks that differ only in their seed: one row of points for each arm."""
    figure, ax = panels(height=1.1 + 0.75 * len(accuracies))
    told = []
    for row, ((arm, values), colour) in enumerate(zip(accuracies.items(), (RED, BLUE), strict=False)):
        ax.axhline(row, color="#E5E7EB", zorder=0)
        heights = row + 0.2 * (np.arange(len(values)) % 3 - 1)  # so that equal accuracies do not hide each other
        ax.scatter(values, heights, s=90, color=colour, alpha=0.75, edgecolor="white", zorder=2)
        ax.plot([np.mean(values)] * 2, [row - 0.36, row + 0.36], color=colour, zorder=1)
        for seed, value in enumerate(values):
            ax.annotate(
                str(seed), (value, heights[seed]), ha="center", va="center", fontsize=7, color="white", zorder=4
            )
        told.append(f"{arm}: from {min(values):.0%} to {max(values):.0%}, mean {np.mean(values):.0%}")
    ax.set(yticks=range(len(accuracies)), yticklabels=list(accuracies), ylim=(len(accuracies) - 0.5, -0.5))
    ax.set(xlabel="accuracy on the 10 000 validation images (a point is a run, the bar their mean)", title=title)
    ax.grid(axis="y", visible=False)
    return shown(figure, f"Accuracy of {len(values)} training runs that differ in their seed only. {'; '.join(told)}.")


def recalls(tables: Mapping[str, Any], names: Sequence[str], *, title: str) -> Any:
    """For each arm a table [runs, classes]: the share of each class that is recognised. White means never."""
    figure, axes = panels(len(tables), height=3.5, squeeze=False, sharey=True)
    for ax, (arm, table) in zip(axes[0], tables.items(), strict=True):
        table = np.asarray(table)
        drawn = ax.imshow(100 * table, cmap=SHADES, vmin=0, vmax=100, aspect="auto")
        for row, column in np.argwhere(table == 0):
            ax.text(column, row, "0", ha="center", va="center", color=RED, fontweight="bold")
        ax.set(xticks=range(len(names)), yticks=range(len(table)), title=arm if len(tables) > 1 else title)
        ax.set_xticklabels(names, rotation=45, ha="right", fontsize=9)
        ax.grid(False)
    axes[0, 0].set_ylabel("run")
    figure.colorbar(drawn, ax=axes[0, -1], label="recognised, %")
    if len(tables) > 1:
        _headline(figure, title)
    lost = ", ".join(f"{arm}: {np.sum(np.asarray(table) == 0)}" for arm, table in tables.items())
    return shown(
        figure,
        f"Tables of shades, a row for each run and a column for each class: the share of the class that is recognised. "
        f"Cells with a 0, classes that a run never recognises: {lost}.",
    )


def shuffle_reach(orders: Mapping[int, Any]) -> Any:
    """For each buffer size: place before the shuffle against place after it."""
    figure, axes = panels(len(orders), height=2.9, sharey=True, squeeze=False)
    for ax, (buffer, order) in zip(axes[0], orders.items(), strict=True):
        n = len(order)
        ax.scatter(range(n), order, s=4, color=BLUE)
        ax.plot([0, n], [buffer, n + buffer], color=ORANGE, lw=1.6)
        ax.set(xlim=(0, n), ylim=(0, n), xlabel="place in the stream", title=f"buffer {buffer}")
    axes[0, 0].set_ylabel("place in the data")
    _headline(figure, "Nothing comes earlier than the buffer (orange line) allows")
    return shown(
        figure,
        f"Place in the data against place in the stream, for buffers of {', '.join(map(str, orders))}. No point lies above "
        "the line that is one buffer above the diagonal; below it elements may come as late as chance will have it.",
    )


def who_waits(runs: Mapping[str, Sequence[tuple[str, float, float]]]) -> Any:
    """When batches are prepared and when they are used: {name: [("prepare" | "learn", start, end)]}, in seconds."""
    figure, ax = panels(height=2.9)
    ends, ticks, marks = {}, [], []
    for row, (name, events) in enumerate(runs.items()):
        first = min(start for _, start, _ in events)
        ends[name] = 1000 * (max(end for *_, end in events) - first)
        for kind, start, end in events:
            place = 2.6 * row + (kind == "learn")
            colour = BLUE if kind == "learn" else ORANGE
            ax.barh(place, 1000 * (end - start), 0.8, 1000 * (start - first), color=colour, edgecolor="white")
        ticks += [2.6 * row, 2.6 * row + 1]
        marks += [f"{name}: prepare", f"{name}: learn"]
    ax.set(yticks=ticks, yticklabels=marks, xlabel="milliseconds")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    slow, fast = list(ends.values())[0], list(ends.values())[-1]
    ax.set_title(f"Prepared while the last batch is learned from: {fast:.0f} ms instead of {slow:.0f}")
    return shown(
        figure,
        "Bars over time: when batches are prepared (orange) and learned from (blue). "
        + " ".join(f"{name}: {end:.0f} milliseconds in all." for name, end in ends.items())
        + " With prefetch the two kinds of bars lie over each other, without it they take turns.",
    )


def parameters(model: Any) -> Any:
    """Where a model's parameters sit: one bar, as long as there are parameters, a piece for each layer."""
    layers = [layer for layer in model.layers if layer.weights]
    counts = [int(layer.count_params()) for layer in layers]
    total = sum(counts)
    figure, ax = panels(height=2.5)
    shapes = [" × ".join(map(str, layer.weights[0].shape)) for layer in layers]
    places = np.arange(len(layers))
    ax.barh(places, counts, 0.62, color=BLUE)
    for place, count in zip(places, counts, strict=True):
        ax.text(count + 0.01 * total, place, f"{count:,} ({count / total:.1%})", va="center", fontsize=9)
    ax.set(xlim=(0, 1.28 * max(counts)), yticks=places, yticklabels=shapes, xlabel="numbers to learn, kernel and bias")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    largest = int(np.argmax(counts))
    ax.set_title(f"The layer {shapes[largest]} holds {counts[largest] / total:.0%} of the {total:,} parameters")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    told = ", ".join(f"{shape}: {count:,}" for shape, count in zip(shapes, counts, strict=True))
    return shown(figure, f"Bars for the parameters of each layer. {told}; {total:,} in all.")


def roads(curves: Mapping[str, Any], running: Any) -> Any:
    """The loss of each batch by three roads, and what the progress bar of fit would show."""
    figure, (left, right) = panels(2, height=3.4, width_ratios=(3, 2))
    for (name, losses), width, colour in zip(curves.items(), (7, 3.2, 1.2), (SKY, ORANGE, "black"), strict=True):
        left.plot(losses, lw=width, color=colour, label=name)
    left.plot(running, color=PURPLE, ls="--", lw=1.8, label="running mean, as fit reports it")
    left.set(xlabel="step", ylabel="loss", title="Three roads, one curve")
    left.set_ylim(0, None)
    left.legend(fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    (_, base), *others = curves.items()
    worst = 0.0
    for (name, losses), colour, size, mark in zip(others, (ORANGE, "black"), (26, 5), ("o", "s"), strict=True):
        gap = np.abs(np.asarray(losses) - np.asarray(base))
        worst = max(worst, float(gap.max()))
        right.scatter(np.flatnonzero(gap), gap[gap > 0], s=size, color=colour, marker=mark, label=name, linewidths=0)
    right.set(xlabel="step", ylabel="distance from the tape's loss", title=f"Never further apart than {worst:.0e}")
    right.set_yscale("log")
    right.set_ylim(max(worst, 1e-15) / 3e3, max(worst, 1e-15) * 60)
    right.legend(fontsize=9, loc="upper left")
    return shown(
        figure,
        f"Left, the loss of each of {len(running)} batches for three ways of writing the training run: the curves lie on each other, and a "
        f"dashed running mean stays above them. Right, their distance, at most {worst:.0e}, on a logarithmic axis; steps without any are not drawn.",
    )


def history(record: Mapping[str, Sequence[float]], every: int = 1) -> Any:
    """What fit remembers: one value for each epoch, and one validation in `every` epochs."""
    figure, axes = panels(2, height=2.9)
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        epochs = np.arange(1, len(record[name]) + 1)
        checked = epochs[every - 1 :: every]
        ax.plot(epochs, record[name], "o-", color=BLUE, label="training, mean over the epoch")
        ax.plot(checked, record[f"val_{name}"], "s--", color=ORANGE, label="validation, after the epoch")
        ax.set(xlabel="epoch", ylabel=name if name == "loss" else "accuracy (share of images)")
        ax.set_xticks(epochs[:: max(1, len(epochs) // 10)])
    best = int(checked[int(np.argmin(record["val_loss"]))])
    axes[0].set_title(f"Validation loss is lowest after epoch {best}")
    last = record["accuracy"][-1], record["val_accuracy"][-1]
    axes[1].set_title(f"Accuracy at the end: {last[0]:.0%} and {last[1]:.0%}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    return shown(
        figure,
        f"Loss and accuracy over {len(record['loss'])} epochs, on the training images (blue) and on the validation images (orange). "
        f"The validation loss is lowest after epoch {best}.",
    )


def relu_blocks(scores: Any, gradients: Mapping[str, Any]) -> Any:
    """The scores before the last activation [images, classes], and the kernel's gradient under each activation."""
    figure, axes = panels(1 + len(gradients), height=3.0)
    size = float(np.abs(scores).max())
    drawn = axes[0].imshow(scores, cmap="RdBu_r", vmin=-size, vmax=size, aspect="auto")
    axes[0].set(xlabel="class", ylabel="image", title="scores x @ w")
    figure.colorbar(drawn, ax=axes[0])
    size = max(float(np.abs(g).max()) for g in gradients.values())
    zeros = {}
    for ax, (name, gradient) in zip(axes[1:], gradients.items(), strict=True):
        drawn = ax.imshow(gradient, cmap="RdBu_r", vmin=-size, vmax=size, aspect="auto")
        ax.set(xlabel="class", ylabel="input", title=f"gradient of w, {name}")
        zeros[name] = np.flatnonzero(~np.any(gradient, axis=0)).tolist()
        for column in zeros[name]:
            ax.text(column, (len(gradient) - 1) / 2, "exactly zero", rotation=90, ha="center", va="center")
    figure.colorbar(drawn, ax=axes[-1])
    for ax in axes:
        ax.grid(False)
        ax.set_xticks(range(np.shape(scores)[1]))
    _headline(figure, "A class with negative scores only gets no gradient through a relu")
    told = "; ".join(f"{name}: {columns or 'none'}" for name, columns in zeros.items())
    return shown(
        figure,
        f"Three tables in red and blue: the scores of {len(scores)} images, and the gradient of the kernel without and with a relu. "
        f"Columns that are exactly zero: {told}.",
    )


def learning_curves(arms: Mapping[str, Any]) -> Any:
    """Mean loss of each ten batches, one thin line a run: {arm: [runs, 10]}."""
    figure, ax = panels(height=3.3)
    ends = {}
    for (name, losses), colour in zip(arms.items(), (RED, BLUE), strict=True):
        losses = np.asarray(losses)
        steps = 10 * np.arange(1, losses.shape[1] + 1)
        ax.plot(steps, losses.T, color=colour, lw=0.8, alpha=0.45)
        ax.plot(steps, losses.mean(axis=0), color=colour, lw=2.8, label=name)
        ends[name] = losses[:, -1].mean()
    ax.axhline(np.log(10), color=GREY, ls=":", lw=1.2, label="log 10: knowing nothing")
    ax.set(ylim=(0, 2.6), xlabel="step", ylabel="loss, mean of ten batches")
    ax.set_title("Every curve falls, with the relu only part of the way")
    ax.legend(fontsize=9, loc="lower left")
    told = ", ".join(f"{name} {end:.2f}" for name, end in ends.items())
    return shown(figure, f"Loss over 100 steps for eight runs of each network. All fall; mean at the end: {told}.")


def confusion(matrix: Any, names: Sequence[str], *, title: str) -> Any:
    """A confusion matrix [true, predicted], in per cent of each true class."""
    share = 100 * np.asarray(matrix) / np.maximum(np.sum(matrix, axis=1, keepdims=True), 1)
    figure, ax = panels(height=5.0, width=6.4)
    drawn = ax.imshow(share, cmap=SHADES, vmin=0, vmax=100)
    for row, column in np.ndindex(*share.shape):
        if share[row, column] >= 0.5:
            colour = "white" if share[row, column] > 50 else "black"
            ax.text(column, row, f"{share[row, column]:.0f}", ha="center", va="center", fontsize=8, color=colour)
    ax.set(xticks=range(len(names)), yticks=range(len(names)), xlabel="predicted", ylabel="true", title=title)
    ax.set_xticklabels(names, rotation=45, ha="right")
    ax.set_yticklabels(names)
    ax.grid(False)
    figure.colorbar(drawn, ax=ax, label="% of the true class", shrink=0.85)
    off = share - np.diag(np.diag(share))
    row, column = np.unravel_index(np.argmax(off), off.shape)
    return shown(
        figure,
        f"Confusion matrix of ten classes, most of it on the diagonal. The most frequent mistake: {off[row, column]:.0f} % of the class "
        f"{names[row]} are called {names[column]}.",
    )


def own_run(
    losses: Sequence[float], accuracies: Sequence[float], x: Any, y: Any, names: Sequence[str], guesses: Any
) -> Any:
    """A run of the student's own functions: loss of each step, accuracy after each portion, and ten garments with their names."""
    figure, axes = panels(10, 2, height=1.9, gridspec_kw={"height_ratios": (3, 1.2)})
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    left, right = figure.add_subplot(grid[0, :5]), figure.add_subplot(grid[0, 5:])
    left.plot(losses, color=BLUE, lw=1)
    left.set(xlabel="step", ylabel="loss", title=f"Your train_step: {losses[0]:.1f} → {np.mean(losses[-10:]):.1f}")
    right.plot(range(1, len(accuracies) + 1), accuracies, "o-", color=ORANGE)
    right.set(xlabel="portion", ylabel="accuracy", title=f"Your evaluate: {accuracies[-1]:.1%}")
    right.set_xticks(range(1, len(accuracies) + 1))
    for i, ax in enumerate(axes[1]):
        ax.axis("off")
        if i < len(x):
            ax.axis("on")
            _garment(ax, x[i], names[int(y[i])], names[int(guesses[i])])
    right_ones = int(np.sum(np.asarray(guesses) == np.asarray(y)))
    return shown(
        figure,
        f"The loss of {len(losses)} steps of your own training run falls from {losses[0]:.2f} to {losses[-1]:.2f}, the accuracy on validation "
        f"images comes to {accuracies[-1]:.0%}. Below, {len(x)} garments, {right_ones} of them named rightly.",
    )


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
    _headline(figure, "Five weaves; below, the mean of each: the same grey")
    return shown(
        figure,
        f"Six small swatches of each of five weaves: {', '.join(names)}. Under them the mean of all swatches of a weave, an even grey.",
    )
