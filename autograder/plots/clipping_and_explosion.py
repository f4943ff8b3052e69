"""The pictures of chapter 04, clipping and exploding gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patches import Circle, Rectangle

from . import BLUE, GREEN, GREY, ORANGE, RED, SEQUENTIAL, panels, shown

INK = "#1F2937"


def norms_over_seeds(norms: np.ndarray) -> Any:
    """Global gradient norms [seeds, steps], one line a seed: red-orange and ending in a cross where it leaves the numbers."""
    figure, ax = panels(height=3.6)
    exploded = ~np.isfinite(norms).all(axis=1)
    for line, bad in sorted(zip(norms, exploded, strict=True), key=lambda pair: not pair[1]):
        finite = int(np.isfinite(line).argmin()) if bad else len(line)
        ax.plot(line[:finite], color=RED if bad else BLUE, lw=1.4, alpha=0.8, marker="o", ms=2.5)
        if bad:
            ax.plot(finite - 1, line[finite - 1], "x", color=RED, ms=9, mew=2.2)
    for colour, name in ((RED, "not finite at the next step"), (BLUE, "comes back")):
        ax.plot([], [], color=colour, marker="x" if colour == RED else "o", label=name)
    ax.set(yscale="log", xlabel="step", ylabel="global norm of the gradient")
    ax.set_title(f"The same program with {len(norms)} seeds: {exploded.sum()} explode, {(~exploded).sum()} come back")
    ax.legend(loc="upper right")
    first, second = (np.nanmedian(norms[:, k]) for k in (0, min(1, norms.shape[1] - 1)))
    return shown(
        figure,
        f"The global norm of the gradient over the steps, on a logarithmic axis, for {len(norms)} seeds. In the median it leaps from "
        f"{first:.0f} to {second:.0f} in one step; then {exploded.sum()} lines climb until they end in a cross, and "
        f"{(~exploded).sum()} come back.",
    )


def along_the_step(steps: np.ndarray, losses: Mapping[str, np.ndarray], taken: float) -> Any:
    """Loss at θ − t·∇L over its value at t = 0, for the step sizes t; `taken` is the learning rate in use."""
    figure, ax = panels(height=3.4)
    told = []
    for (name, values), colour in zip(losses.items(), (RED, BLUE, GREEN, ORANGE), strict=False):
        ratio = np.asarray(values) / values[0]
        ax.plot(steps[1:], ratio[1:], color=colour, label=name)
        best = 1 + int(np.argmin(ratio[1:]))
        told.append(f"{name}: lowest, {ratio[best]:.2f} of the first, at t = {steps[best]:.2g}")
        ax.plot(steps[best], ratio[best], "o", color=colour, ms=8)
        ax.annotate(
            f"lowest at t = {steps[best]:.2g}",
            (steps[best], ratio[best]),
            (6, -16),
            textcoords="offset points",
            ha="left",
        )
    ax.axhline(1, color=GREY, lw=1)
    ax.axvline(taken, color=INK, ls="--", lw=1.5)
    ax.text(taken * 0.9, 2e3, f"the step taken: {taken:g}", color=INK, ha="right", va="center")
    ax.set(xscale="log", yscale="log", xlabel="step size t", ylabel="loss, as a multiple of the first")
    ax.set(ylim=(0.06, 1e4), xlim=(steps[1], steps[-1]))
    ax.set_title("The gradient points the right way; how far to go is another question")
    ax.legend(loc="center left", bbox_to_anchor=(0, 0.6))
    return shown(
        figure,
        f"The loss along the direction of the first gradient, over the step size t, both axes logarithmic. {'; '.join(told)}. "
        f"Beyond its lowest point each line climbs steeply; a dashed line marks the step taken, {taken:g}.",
    )


def border(divisors: Sequence[float], rates: Sequence[float], largest: np.ndarray, law: Any = None) -> Any:
    """The largest gradient norm [divisors, rates] of short runs, crosses where it is not finite; law(divisor) → rate."""
    figure, ax = panels(height=4.2, width=7.0)
    finite = np.isfinite(largest)
    drawn = ax.imshow(
        np.where(finite, largest, np.nan).T,
        norm=LogNorm(vmin=3, vmax=3e4),
        cmap=SEQUENTIAL,
        origin="lower",
        aspect="auto",
    )
    for i, j in np.argwhere(~finite):
        ax.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, color="#F3D9CC", lw=0))
        ax.text(i, j, "×", color=RED, ha="center", va="center", fontsize=14, fontweight="bold")
    if law is not None:
        at = np.arange(len(divisors))
        height = np.interp(np.log([law(d) for d in divisors]), np.log(rates), np.arange(len(rates)))
        ax.plot(at, height, color=INK, ls="--", label="rate ∝ divisor²")
        figure.legend(loc="outside lower center", fontsize=9)
    ax.set_xticks(range(len(divisors)), [f"{d:g}" for d in divisors])
    ax.set_yticks(range(len(rates)), [f"{r:g}" for r in rates])
    ax.grid(False)
    ax.set(xlabel="pixels are divided by", ylabel="learning rate")
    ax.set_title("Divide the input by more, and larger steps are safe")
    figure.colorbar(drawn, ax=ax, label="largest norm (× not finite)", extend="both")
    top = [max((r for r, fine in zip(rates, row, strict=True) if fine), default=0) for row in finite]
    return shown(
        figure,
        "A table of short runs, by the divisor of the pixels (across) and the learning rate (up): coloured by their largest norm, "
        f"crossed where it is not finite. The largest finite rate grows from {top[0]:g} at {divisors[0]:g} to {top[-1]:g} at "
        f"{divisors[-1]:g}, along a dashed line, the square law.",
    )


def units(activity: Mapping[str, np.ndarray]) -> Any:
    """Hidden units as squares, coloured by the share of images that turn each on; a unit that none turns on is crossed."""
    figure, axes = panels(len(activity), height=3.7, squeeze=False)
    for ax, (name, share) in zip(axes[0], activity.items(), strict=True):
        side = int(np.ceil(np.sqrt(len(share))))
        grid = np.full(side * side, np.nan)
        grid[: len(share)] = share
        grid = grid.reshape(side, side)
        drawn = ax.imshow(np.where(grid > 0, grid, np.nan), cmap=SEQUENTIAL, vmin=0, vmax=1)
        rows, columns = np.nonzero(grid == 0)
        ax.scatter(columns, rows, marker="x", s=18, color=RED, lw=1.3)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{name}:\n{np.mean(share == 0):.0%} of {len(share)} units are dead")
        ax.grid(False)
    figure.colorbar(drawn, ax=list(axes[0]), label="share of images that turn it on (× none)", shrink=0.85)
    told = ", ".join(f"{np.mean(share == 0):.0%} ({name})" for name, share in activity.items())
    return shown(
        figure,
        "Hidden units as squares in a grid, coloured by the share of images that turn them on, crossed where none does. Share of "
        f"dead units: {told}.",
    )


def elementwise(a: np.ndarray, clipped: Mapping[str, tuple], lo: float, hi: float, kink: Mapping[str, Sequence]) -> Any:
    """Left: value and gradient of clip functions over a. Right: gradients at a few points around 0."""
    figure, (left, right) = panels(2, height=3.8, gridspec_kw={"width_ratios": [3, 2]})
    for (name, (value, gradient)), colour in zip(clipped.items(), (BLUE, GREEN, ORANGE), strict=False):
        left.plot(a, value, color=colour, label=name)
        left.plot(a, gradient, color=colour, ls=":", label="its gradient")
    for bound in (lo, hi):
        left.axvline(bound, color=GREY, lw=1, ls="--")
    left.set(xlabel="a", ylabel="value, gradient")
    left.set_title("Outside the bounds nothing flows back")
    points = list(kink["a"])
    for width, (name, colour) in zip((0.5, 0.2), (("tf.nn.relu(a)", RED), ("tf.maximum(a, 0)", BLUE)), strict=True):
        right.bar(range(len(points)), np.asarray(kink[name]) + 0.02, width, -0.02, color=colour, label=name)
    right.set_xticks(range(len(points)), [f"{p:g}" for p in points])
    right.set(xlabel="a", ylabel="gradient", ylim=(-0.1, 1.15), yticks=[0, 1], xlim=(-0.5, len(points) - 0.5))
    right.set_title("Equal values, unequal at 0")
    for ax in (left, right):
        ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=1 if ax is right else 2)
    at = points.index(0) if 0 in points else 0
    return shown(
        figure,
        f"Left a clip to {lo:g} … {hi:g} over a: flat outside of the bounds, a straight line between, and its gradient, 1 between the "
        f"bounds and 0 outside. Right gradients as bars: at a = {points[at]:g} relu has {kink['tf.nn.relu(a)'][at]:g} and maximum "
        f"{kink['tf.maximum(a, 0)'][at]:g}; elsewhere they are equal.",
    )


def three_clips(
    g: Sequence[float], by_value: Sequence[float], by_norm: Sequence[float], c: float, norms: Mapping
) -> Any:
    """Left: a gradient [2] and two of its clips. Right: the norms of two tensors, each clipped alone and both together.

    norms: "before", "each alone", "together" → (norm of tensor 1, norm of tensor 2).
    """
    figure, (left, right) = panels(2, height=4.0)

    def turned(before: Sequence[float], after: Sequence[float]) -> str:
        cross = before[0] * after[1] - before[1] * after[0]
        return ": it turns" if abs(cross) > 1e-4 * np.hypot(*before) * np.hypot(*after) else ""

    left.add_patch(Rectangle((-c, -c), 2 * c, 2 * c, fill=False, ec=ORANGE, ls="--", lw=1.2))
    for ax in (left, right):
        ax.add_patch(Circle((0, 0), c, fill=False, ec=GREEN, ls="--", lw=1.2))
    arrows = (
        ("the gradient", g, GREY),
        ("clipped by value" + turned(g, by_value), by_value, ORANGE),
        ("clipped by norm", by_norm, GREEN),
    )
    _arrows(left, arrows)
    left.set(xlabel="element 1", ylabel="element 2")
    left.set_title("Clipped by norm, the direction stays")
    arrows = (
        ("two tensors' norms", norms["before"], GREY),
        ("each clipped alone" + turned(norms["before"], norms["each alone"]), norms["each alone"], ORANGE),
        ("clipped by global norm", norms["together"], GREEN),
    )
    right.add_patch(Rectangle((0, 0), c, c, fill=False, ec=ORANGE, ls="--", lw=1.2))
    _arrows(right, arrows)
    right.set(xlabel="norm of tensor 1", ylabel="norm of tensor 2")
    right.set_title("Clipped together, the ratio stays")
    pair = lambda point: "(" + ", ".join(f"{v:.2g}" for v in point) + ")"  # noqa: E731
    return shown(
        figure,
        f"Arrows from the origin. Left the gradient {pair(g)}: clipped by value to {pair(by_value)}, the corner side of a dashed square; "
        f"by norm to {pair(by_norm)}, on a dashed circle and in the old direction. Right the norms of two tensors, "
        f"{pair(norms['before'])}: each clipped alone {pair(norms['each alone'])}, together {pair(norms['together'])}.",
    )


def _arrows(ax: Any, arrows: Sequence) -> None:
    for width, (name, (across, up), colour) in zip((0.009, 0.013, 0.013), arrows, strict=True):
        ax.quiver(
            0, 0, across, up, angles="xy", scale_units="xy", scale=1, color=colour, width=width, label=name, zorder=3
        )
    reach = max(max(abs(v) for v in point) for _, point, _ in arrows)
    lowest = min(0.0, *(min(point) for _, point, _ in arrows))
    low = 1.15 * lowest - 0.08 * reach
    ax.set(xlim=(low, 1.12 * reach), ylim=(low, 1.12 * reach), aspect="equal")
    ax.legend(loc="upper left", fontsize=9.5, facecolor="white", frameon=True, framealpha=0.9, edgecolor="none")


def with_and_without(free: np.ndarray, before: np.ndarray, after: np.ndarray, c: float) -> Any:
    """Global norms [steps] of one run without clipping, and of the same run with it, before and after the clip."""
    figure, ax = panels(height=3.6)
    finite = int(np.isfinite(free).argmin()) if not np.isfinite(free).all() else len(free)
    ax.plot(free[:finite], color=RED, marker="o", ms=3, label="without clipping")
    if finite < len(free):
        ax.plot(finite - 1, free[finite - 1], "x", color=RED, ms=10, mew=2.5)
    ax.plot(before, color=GREY, lw=1.3, label="with clipping: as computed")
    ax.plot(after, color=GREEN, label="with clipping: as used")
    ax.axhline(c, color=INK, ls="--", lw=1)
    acting = np.flatnonzero(before > c)
    last = int(acting[-1]) if len(acting) else 0
    ax.axvspan(0, last, color=GREEN, alpha=0.08, lw=0)
    whole = len(acting) == len(before)
    ax.set(yscale="log", xlabel="step", ylabel="global norm of the gradient", ylim=(0.5, 1e9))
    rest = (
        "at every step" if whole else f"{len(acting)} times, the last at step {last}" if len(acting) else "at no step"
    )
    ax.set_title(f"The clip acts {rest}")
    ax.legend(loc="upper right")
    ends = f"ends at step {finite}, where its norm is not finite" if finite < len(free) else "stays finite"
    now = "stays finite" if np.isfinite(before).all() else "does not stay finite"
    return shown(
        figure,
        f"Global norms over the steps of one run, on a logarithmic axis. Without clipping it {ends}. With the clip at {c:g} it {now}, "
        f"the norm before clipping goes from {before[0]:.0f} to {before[-1]:.1f}; the clip acts {rest}.",
    )


def cures(results: Mapping[str, Sequence[float]], where: str) -> Any:
    """Test accuracies, one dot a seed, for each treatment; the bar is their mean. where: the first words of the title."""
    figure, ax = panels(height=0.55 * len(results) + 1.1)
    names = list(results)
    for row, name in enumerate(names):
        values = np.asarray(results[name], float)
        colour = (RED, ORANGE, GREEN, BLUE)[row % 4]
        ax.barh(row, values.mean(), color=colour, alpha=0.3, height=0.62)
        ax.plot(values, row + np.linspace(-0.15, 0.15, len(values)), "o", color=colour, ms=6)
        ax.text(values.max() + 0.015, row, f"{values.mean():.2f}", va="center", color=INK)
    ax.axvline(0.1, color=GREY, ls="--", lw=1)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    top = max(max(v) for v in results.values())
    ax.set(xlabel="test accuracy (dashed: guessing)", xlim=(0, min(1.05, 1.2 * top + 0.02)))
    means = {name: float(np.mean(values)) for name, values in results.items()}
    ax.set_title(f"{where}: best is “{max(means, key=means.get)}”")
    told = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
    return shown(
        figure,
        f"Test accuracies as bars, with a dot for each of {len(values)} seeds; guessing is at 0.1. Means: {told}.",
    )


def losses(curves: Mapping[str, np.ndarray]) -> Any:
    """Training losses [steps] on a log axis; a cross where a run leaves the numbers."""
    figure, ax = panels(height=3.4)
    died, ends = {}, {}
    for (name, values), colour in zip(curves.items(), (RED, BLUE, GREEN, ORANGE), strict=False):
        values = np.asarray(values, float)
        finite = len(values) if np.isfinite(values).all() else int(np.isfinite(values).argmin())
        if finite < len(values):
            ax.plot(values[:finite], color=colour, label=name, marker="o", ms=3)
            ax.plot(finite - 1, values[finite - 1], "x", color=colour, ms=10, mew=2.5)
            died[name] = finite
        else:
            ax.plot(values, color=colour, label=name, lw=1.4)
            ends[name] = float(np.median(values[-20:]))
    ax.set(yscale="log", xlabel="step", ylabel="loss", ylim=(5e-3, 1e4))
    lost = "; ".join(f"“{name}” dies at step {step}" for name, step in died.items()) or "No run dies"
    best = f"; in the end “{min(ends, key=ends.get)}” is lowest" if ends else ""
    ax.set_title(lost + best)
    ax.legend(loc="upper right")
    told = ", ".join(f"{name} {value:.3f}" for name, value in ends.items())
    return shown(
        figure,
        f"Losses over the steps, on a logarithmic axis. {lost}, marked by a cross. At the end the losses are: {told or 'none'}.",
    )
