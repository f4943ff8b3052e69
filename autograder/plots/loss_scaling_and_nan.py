"""The pictures of chapter 03: who made the loss infinite, and what a reduction does to a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW, panels, shown

INK, PALE = "#1F2937", "#F3F4F6"
LARGEST = {"float16": 65504.0, "float32": float(np.finfo("float32").max), "float64": float(np.finfo("float64").max)}


def cliffs(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """exp in several precisions. curves: dtype name → (x, exp(x)), x ascending; the last finite point is marked."""
    figure, ax = panels(height=3.6)
    top = 3000
    for k, ((name, (x, y)), colour) in enumerate(zip(curves.items(), (ORANGE, BLUE, GREEN), strict=False)):
        fine = np.isfinite(y) & (x >= 1)
        last = np.flatnonzero(fine)[-1]
        exponent = np.log10(np.asarray(y[fine], np.float64))
        ax.plot(x[fine], exponent, color=colour, lw=9 - 3 * k, label=f"{name}: up to {LARGEST[name]:.2g}", zorder=2 + k)
        ax.plot(x[last], exponent[-1], "o", color=colour, ms=9, zorder=6)
        to = {"arrowstyle": "-|>", "color": colour, "lw": 2.5, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x[last], top), (x[last], exponent[-1]), arrowprops=to)
        ax.text(x[last] * 1.15, top, f"inf beyond {x[last]:.2f}", va="top", fontsize=10, color=INK)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set(xlim=(1, 9000), ylim=(0.4, top), xlabel="x", ylabel="log₁₀ of exp(x)")
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.set_yticks([0.43, 4.8, 38.5, 308.3], ["0.4", "4.8", "38.5", "308.3"])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    ax.set_title("Where exp jumps to infinity depends on how many bits hold the number")
    ends = ", ".join(f"{x[np.flatnonzero(np.isfinite(y))[-1]]:.2f} in {name}" for name, (x, y) in curves.items())
    return shown(
        figure, f"exp(x) on logarithmic axes in several precisions. The curves coincide until they end: at x = {ends}."
    )


def _grid(history: Sequence[Mapping[str, Any]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, log10 of the largest finite size [names, steps], and state: 0 finite, 1 infinite, 2 NaN."""
    names = list(history[0])
    size, state = np.full((len(names), len(history)), -9.0), np.zeros((len(names), len(history)), int)
    for step, named in enumerate(history):
        for row, name in enumerate(names):
            values = np.asarray(named[name])
            finite = np.abs(values[np.isfinite(values)])
            if finite.size and finite.max() > 0:
                size[row, step] = np.log10(finite.max())
            state[row, step] = 2 if np.isnan(values).any() else 1 if np.isinf(values).any() else 0
    return names, size, state


def first_body(history: Sequence[Mapping[str, Any]]) -> tuple[int, str] | None:
    """(step, name) of the first tensor in a history that holds a NaN or an infinity, or None."""
    names, _, state = _grid(history)
    bad = np.argwhere(state.T > 0)
    return (int(bad[0][0]), names[bad[0][1]]) if len(bad) else None


def _draw_timeline(ax: Any, history: Sequence[Mapping[str, Any]], title: str) -> None:
    names, size, state = _grid(history)
    ax.grid(False)
    ax.imshow(np.where(state == 0, size, np.nan), cmap="YlGnBu", vmin=-2, vmax=46, aspect="auto")
    marks = np.ma.masked_equal(state, 0)
    ax.imshow(marks, cmap=ListedColormap([ORANGE, INK]), vmin=1, vmax=2, aspect="auto")
    for row in range(len(names)):
        for step in range(len(history)):
            text = ("0" if size[row, step] < -8 else f"1e{round(size[row, step])}", "inf", "NaN")[state[row, step]]
            dark = state[row, step] == 2 or (state[row, step] == 0 and size[row, step] > 22)
            ax.text(step, row, text, ha="center", va="center", fontsize=8.5, color="white" if dark else INK)
    if (body := first_body(history)) is not None:
        step, row = body[0], names.index(body[1])
        ax.add_patch(Rectangle((step - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=RED, lw=3, zorder=5, clip_on=False))
    ax.set_yticks(range(len(names)), names, fontfamily="monospace", fontsize=9.5)
    ax.set_xticks(range(len(history)))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for row in np.arange(0.5, len(names) - 1):
        ax.axhline(row, color="white", lw=1)
    for step in np.arange(0.5, len(history) - 1):
        ax.axvline(step, color="white", lw=3)
    ax.set(xlabel="step")
    ax.set_title(title)


def timeline(history: Sequence[Mapping[str, Any]], title: str | None = None) -> Figure:
    """The detective's timeline. history: a dict name → tensor for each step, names in the order of computation.

    Each cell holds the size of the tensor's largest element; the first non-finite tensor has a red-orange frame.
    """
    if title is None:
        body = first_body(history)
        found = body and f"The first body: {body[1]}, at step {body[0]}. Now look at the steps before"
        title = found or f"Every tensor finite so far, after {len(history)} steps"
    figure, ax = panels(height=0.27 * len(history[0]) + 1.1)
    _draw_timeline(ax, history, title)
    ax.set_ylabel("order of computation  →", loc="bottom")
    ax.yaxis.label.set_rotation(270)
    ax.yaxis.set_label_coords(-0.085, 0.5)
    ax.yaxis.label.set(va="center", ha="center")
    figure.legend(
        handles=[
            Patch(color="#41B6C4", label="finite: size of the largest element"),
            Patch(color=ORANGE, label="holds an infinity"),
            Patch(color=INK, label="holds a NaN"),
            Patch(facecolor="none", edgecolor=RED, lw=2.5, label="the first"),
        ],
        loc="outside lower center",
        ncols=4,
        fontsize=9,
    )
    return shown(
        figure, f"A table, {len(history[0])} tensors by {len(history)} steps, of the size of each. {_told(history)}"
    )


def _told(history: Sequence[Mapping[str, Any]]) -> str:
    body = first_body(history)
    return f"The first that is not finite is {body[1]} at step {body[0]}." if body else "All are finite so far."


def two_timelines(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Timelines side by side. histories: title → history, all with the same names."""
    first = next(iter(histories.values()))
    figure, axes = panels(len(histories), height=0.25 * len(first[0]) + 0.9, squeeze=False)
    for ax, (title, history) in zip(axes[0], histories.items(), strict=True):
        _draw_timeline(ax, history, title)
        ax.title.set_fontsize(10)
    told = " ".join(f"{title}. {_told(history)}" for title, history in histories.items())
    return shown(figure, f"Tables of the size of each tensor at each step, side by side. {told}")


def layer_sizes(rms: Mapping[str, Sequence[float]], layers: Sequence[str]) -> Figure:
    """Root mean square of each layer's values, for several widths of the weights: name → one number for each layer."""
    figure, ax = panels(height=3.2)
    at = np.arange(len(layers))
    for (name, values), colour, mark in zip(rms.items(), (BLUE, ORANGE, PURPLE, GREEN), "osv^", strict=False):
        ax.semilogy(at, values, marker=mark, color=colour, ms=7, label=name)
    ax.set_xticks(at, layers, fontfamily="monospace")
    ax.set(ylabel="root mean square", xlabel="layer, from the input to the logits")
    ax.legend(title="standard deviation", title_fontsize=9, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set_title("Numbers shrink or grow from layer to layer, unless the weights' width fits the layer")
    ends = ", ".join(f"{name}: {values[0]:.2g} → {values[-2]:.2g}" for name, values in rms.items())
    return shown(
        figure, f"Size of the values from layer to layer, logarithmic. From the input to the last hidden layer: {ends}."
    )


def survival_map(stddevs: Sequence[float], lrs: Sequence[float], died: Any, loss: Any, steps: int) -> Figure:
    """stddev × lr. died [stddevs, lrs]: the step of the first non-finite loss, or -1; loss: the last loss where finite."""
    died, loss = np.asarray(died), np.asarray(loss, float)
    figure, ax = panels(height=4.6)
    ax.grid(False)
    alive = died < 0
    shade = np.where(alive, np.log10(np.maximum(loss, 1e-3)), np.nan)
    image = ax.imshow(shade, cmap="YlGnBu", vmin=-1.6, vmax=5, aspect="auto", origin="lower")
    ax.imshow(np.ma.masked_array(np.ones(died.shape), alive), cmap=ListedColormap([INK]), aspect="auto", origin="lower")
    for i in range(len(stddevs)):
        for j in range(len(lrs)):
            if alive[i, j]:
                digits = ".2g" if loss[i, j] < 100 else ".0f" if loss[i, j] < 10_000 else ".0e"
                text = format(loss[i, j], digits).replace("e+0", "e")
                colour = "white" if loss[i, j] > 100 else INK
            else:
                text, colour = f"✗ {died[i, j]}", "#FDBA74"
            ax.text(j, i, text, ha="center", va="center", fontsize=9, color=colour)
    ax.set_xticks(range(len(lrs)), [f"{v:g}" for v in lrs])
    ax.set_yticks(range(len(stddevs)), [f"{v:g}" for v in stddevs])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="learning rate", ylabel="standard deviation of the weights")
    ax.set_title("Wide weights and long steps kill together: the border is a slope")
    bar = figure.colorbar(image, ax=ax, ticks=[-1, 1, 3, 5], shrink=0.85)
    bar.ax.set_yticklabels(["0.1", "10", "1000", "100000"])
    bar.set_label(f"loss after {steps} steps")
    bar.outline.set_visible(False)
    figure.supxlabel("dark: the loss was no longer finite, ✗ at which step", fontsize=9, color=GREY, x=0.42)
    told = f"{int((~alive).sum())} of {alive.size} runs are no longer finite; they fill the upper right, and the border is a slope."
    return shown(figure, f"A map of standard deviation by learning rate with the loss after {steps} steps. {told}")


def step_lengths(steps: Mapping[str, Sequence[float]], accuracies: Mapping[str, Sequence[float]]) -> Figure:
    """optimizer → length of the first step, and accuracy after training, for each of mean, batch_mean and sum.

    An accuracy of NaN is a run whose loss did not stay finite.
    """
    reductions = ("mean", "batch_mean (× classes)", "sum (× classes × batch)")
    figure, (left, right) = panels(2, height=0.62 * len(steps) + 1.2, sharey=True)
    at = np.arange(len(steps))[::-1]  # the first on top
    for k, colour in enumerate((BLUE, ORANGE, PURPLE)):
        y = at + 0.27 * (1 - k)
        left.barh(y, [v[k] for v in steps.values()], 0.25, color=colour, label=reductions[k])
        widths = np.array([v[k] for v in accuracies.values()], float)
        right.barh(y, np.nan_to_num(widths), 0.25, color=colour)
        for place in y[np.isnan(widths)]:
            right.text(0.14, place, "✗ not finite", va="center", color=INK, fontsize=9)
    left.set_xscale("log")
    right.axvline(0.1, color=INK, lw=1.2, ls="--")
    right.annotate("guessing", (0.1, 1), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
                   ha="center", fontsize=9, color=INK)  # fmt: skip
    left.set_yticks(at, list(steps))
    for ax in (left, right):
        ax.grid(axis="y", visible=False)
    left.set(xlabel="length of the first step")
    right.set(xlabel="test accuracy", xlim=(0, 1))
    grew = {name: v[-1] / v[0] for name, v in steps.items()}
    least = min(grew, key=grew.get)
    figure.suptitle(f"SGD's step is as long as its loss is large; {least} hardly notices" if "SGD" in grew else "",
                    x=0.01, ha="left", fontweight="bold", fontsize=11)  # fmt: skip
    figure.legend(loc="outside lower center", ncols=3, title="the loss is a", fontsize=9, title_fontsize=9)
    told = ", ".join(f"{name} {factor:.3g}" for name, factor in grew.items())
    return shown(
        figure, f"First step and accuracy of {len(steps)} optimizers. From mean to sum the first step grows by: {told}."
    )


def softmax_window(
    shift: np.ndarray, naive: np.ndarray, stable: np.ndarray, names: Sequence[str], *, yours: bool = False
) -> Figure:
    """Probabilities [shifts, classes] of the same logits, all raised by a shift, by two ways of computing.

    yours: the first way is the reader's own, not the naive one. Where it gives NaN the ground is grey-red; where it gives finite but wrong numbers, yellow.
    """
    figure, ax = panels(height=3.4)
    for k, colour in enumerate((BLUE, ORANGE, GREEN)[: stable.shape[1]]):
        ax.plot(shift, stable[:, k], color=colour, lw=6, alpha=0.25, solid_capstyle="butt")
        ax.plot(shift, naive[:, k], color=colour, lw=2, label=names[k])
    bad = ~np.isfinite(naive).all(axis=1)
    for side in (shift[bad & (shift < 0)], shift[bad & (shift > 0)]):
        if len(side):
            ax.axvspan(side.min(), side.max(), color=RED, alpha=0.12, lw=0)
            text = "exp → inf\ninf / inf" if side[0] > 0 else "exp → 0\n0 / 0"
            ax.text(side.mean(), 0.5, f"NaN\n{text}", ha="center", va="center", fontsize=10, color=INK)
    ax.set(xlabel="shift added to all three logits", ylabel="probability", xlim=(shift[0], shift[-1]), ylim=(0, 1))
    wrong = shift[~bad & (np.abs(naive - stable).max(axis=1) > 0.01)]
    for side in (wrong[wrong < 0], wrong[wrong > 0]):
        if len(side):
            ax.axvspan(side.min() - 0.5, side.max() + 0.5, color=YELLOW, lw=0, zorder=1.5)
    if len(wrong):
        ax.plot([], [], color=YELLOW, lw=8, label="finite, and wrong")
    explained = "thin: yours\nbroad: the library's" if yours else "thin: exp at once\nbroad: maximum\nsubtracted before"
    ax.legend(title=explained, title_fontsize=9, loc="upper left", bbox_to_anchor=(1, 1), fontsize=9, alignment="left")
    sound = not bad.any() and not len(wrong)
    ax.set_title(
        "Yours is blind to a shift, as softmax should be"
        if sound
        else "Softmax is blind to a shift; this formula is not"
    )
    fine = shift[~bad]
    edges = f"{fine.min():g} to {fine.max():g}" if len(fine) else "no shift at all"
    way = "Your softmax" if yours else "Computed at once it"
    told = f"{way} is finite from {edges}, and finite but wrong at {len(wrong)} of these shifts."
    return shown(
        figure, f"Three probabilities against a shift of all logits: constant with the maximum subtracted. {told}"
    )


def confident_mistakes(z: np.ndarray, losses: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray]) -> Figure:
    """Cross-entropy of a wrong answer against how confident it is, and the gradient that is left to correct it."""
    figure, (left, right) = panels(2, height=3.6)
    for ax, curves in ((left, losses), (right, gradients)):
        for k, (name, values) in enumerate(curves.items()):
            fine = np.isfinite(values)
            colour, width, style = ((RED, 2, "-"), (ORANGE, 2, "--"), (BLUE, 6, "-"))[k]
            alpha = 0.35 if k == 2 else 1.0
            ax.plot(z[fine], values[fine], color=colour, lw=width, ls=style, alpha=alpha, label=name, zorder=3 - k)
            if not fine.all():
                edge = np.flatnonzero(fine)[-1]
                ax.plot(z[edge], values[edge], "x", color=colour, ms=9, mew=2.5, zorder=4)
                note = f"inf or NaN\nfrom {z[edge + 1]:.0f} on"
                ax.annotate(note, (z[edge], values[edge]), (2, -32), textcoords="offset points", fontsize=9, color=INK)
        ax.set(xlabel="wrong logit − right logit")
    left.set(ylabel="loss")
    right.set(ylabel="gradient", ylim=(-0.05, 1.15))
    left.legend(loc="upper left", fontsize=9)
    left.set_title("Clipping makes the loss finite…")
    right.set_title("…by letting the worst mistakes go")
    told = ", ".join(f"{name}: {v[np.flatnonzero(np.isfinite(v))[-1]]:.3g}" for name, v in losses.items())
    return shown(
        figure, f"Loss and gradient against how wrong an answer is, in three ways. Last finite losses: {told}."
    )


def corners(z: np.ndarray, gradients: Mapping[str, np.ndarray]) -> Figure:
    """Slopes of several forms of the same loss near 0. z holds 0; only there do they differ."""
    figure, ax = panels(height=3.4)
    zero = int(np.flatnonzero(z == 0)[0])
    rest = np.arange(len(z)) != zero
    marks = {"o": BLUE, "s": ORANGE, "D": RED, "v": PURPLE}
    first = next(iter(gradients.values()))
    ax.plot(z[rest], first[rest], color=BLUE, lw=5, alpha=0.3, label="all of them, where z ≠ 0")
    for size, (name, slope), (mark, colour) in zip((14, 9, 10, 10), gradients.items(), marks.items(), strict=False):
        ax.plot(0, slope[zero], mark, color=colour, ms=size, label=f"{name}: {slope[zero]:g} at z = 0", zorder=3)
    ax.set(xlabel="logit z (label 0)", ylabel="slope of the loss", xlim=(z[0], z[-1]), ylim=(-0.08, 1.08))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=10)
    off = any(abs(v[zero] - 0.5) > 1e-6 for v in gradients.values())
    ax.set_title(
        "The right value everywhere, the wrong slope at one point" if off else "The right slope everywhere, also at 0"
    )
    told = ", ".join(f"{name} {slope[zero]:g}" for name, slope in gradients.items())
    return shown(
        figure, f"The slope of the loss near z = 0 for label 0, an S-shaped curve. At z = 0 the forms say: {told}."
    )


def one_curve(runs: Mapping[str, Sequence[float]]) -> Figure:
    """Losses of several runs over their steps, drawn so that curves which coincide can all be seen."""
    figure, ax = panels(height=3.2)
    for k, ((name, losses), colour) in enumerate(zip(runs.items(), (BLUE, ORANGE, INK), strict=False)):
        ax.plot(losses, color=colour, lw=8 - 3 * k, ls="-" if k < 2 else ":", label=name)
    ax.set(xlabel="step", ylabel="cross-entropy per example")
    ax.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    spread = float(np.max(np.ptp(np.array(list(runs.values()), float), axis=0)))
    ax.set_title(
        "Three reductions, three learning rates, one curve"
        if spread < 0.05
        else "Three reductions, and the curves part"
    )
    last = [float(losses[-1]) for losses in runs.values()]
    return shown(
        figure,
        f"The loss of {len(runs)} runs over their steps. They differ by at most {spread:.2g} and end at {last[0]:.2f}.",
    )
