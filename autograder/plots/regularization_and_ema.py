"""The pictures of chapter 09, regularization and EMA, and the points that they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.ticker import StrMethodFormatter

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, panels, shown

INK = "#111827"
COLOURS = (BLUE, GREEN, ORANGE, PURPLE, RED, SKY)
GROUND = LinearSegmentedColormap.from_list("answers", [BLUE, "white", ORANGE])
MOST = 400


def circle_sets(seeds: Iterable[int], n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """The lesson's own points, a set for each seed, at most 400 in each: X float32 [sets, n, 2] and Y float32 [sets, n, 1]."""
    if n > MOST:
        raise ValueError(f"the lesson's sets have at most {MOST} points")
    sets = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x = rng.uniform([-1, 0], [1, 2], size=(n, 2))
        y = np.linalg.norm(x, axis=1, keepdims=True) > 1
        sets.append((x + rng.normal(0, noise, size=(n, 2)), y))
    X, Y = (np.stack(part).astype("float32") for part in zip(*sets, strict=True))
    return X, Y


def _circle(ax: Any, **options: Any) -> None:
    angle = np.linspace(0, np.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), **{"color": INK, "ls": "--", "lw": 1.6, "zorder": 5, **options})


def _scatter(ax: Any, x: Any, y: Any, size: float = 26) -> None:
    for value, colour, marker, name in ((0, BLUE, "o", "inside: 0"), (1, ORANGE, "s", "outside: 1")):
        own = np.asarray(y)[:, 0] == value
        ax.scatter(*np.asarray(x)[own].T, s=size, color=colour, marker=marker, ec="white", lw=0.6, label=name, zorder=4)
    ax.set(xlabel="x₁", ylabel="x₂", aspect="equal")
    ax.grid(False)


def _plain_ticks(ax: Any) -> None:
    """Numbers on a log axis as people write them: 0.06, not 6 × 10⁻²."""
    for set_formatter in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
        set_formatter(StrMethodFormatter("{x:g}"))


def sample(x: Any, y: Any) -> Any:
    """The points, the circle that labelled them, and a ring around each that lies on the wrong side of it."""
    figure, ax = panels(1, height=4.0, width=6.0)
    _scatter(ax, x, y)
    _circle(ax, label="the truth")
    wrong = (np.hypot(*np.asarray(x).T) > 1) != (np.asarray(y)[:, 0] == 1)
    ax.scatter(*np.asarray(x)[wrong].T, s=120, fc="none", ec=RED, lw=1.6, label="wrong side", zorder=6)
    ax.set(title=f"{wrong.sum()} of {len(x)} points stand on the wrong side")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return shown(
        figure,
        f"{len(x)} points in a rectangle, blue discs labelled 0 and orange squares labelled 1, with a dashed half circle "
        f"between them. {wrong.sum()} points, each in a red-orange ring, stand on the side that their label does not name.",
    )


def learning(steps: Sequence[int], train: Any, held_out: Any, lambdas: Sequence[float]) -> Any:
    """MSE on the training points and on held-out points over the steps, each [times, penalties], on log axes."""
    figure, axes = panels(2, height=3.6, width=9.0)
    tables = np.asarray(train), np.asarray(held_out)
    for ax, mse, name in zip(axes, tables, ("training", "held-out"), strict=True):
        for k, lam in enumerate(lambdas):
            ax.semilogy(steps, mse[:, k], color=COLOURS[k % len(COLOURS)], label=f"λ = {lam:g}")
        ax.set(xlabel="step", ylabel=f"MSE on {name} points", xlim=(0, steps[-1]))
        _plain_ticks(ax)
    first, best = int(np.argmin(tables[1][:, 0])), int(np.argmin(tables[1][-1]))
    axes[0].set_title(f"Training points: λ = {lambdas[int(np.argmin(tables[0][-1]))]:g} ends lowest")
    axes[1].set_title(f"New points: λ = {lambdas[best]:g} ends lowest")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(lambdas))
    return shown(
        figure,
        f"Two panels of falling curves, one curve for each λ. On the training points the curve of λ = {lambdas[0]:g} falls all "
        f"along; on held-out points it is lowest at step {steps[first]} and ends at {tables[1][-1, 0]:.3f}, "
        f"while λ = {lambdas[best]:g} ends at {tables[1][-1, best]:.3f}.",
    )


def boundaries(xx: Any, yy: Any, zs: Sequence[Any], x: Any, y: Any, titles: Sequence[str]) -> Any:
    """One panel for each network: its answers as a ground, its boundary at .5 (solid), the true circle (dashed)."""
    figure, axes = panels(len(zs), height=1.0 + 8.6 / max(len(zs), 2), sharey=True, squeeze=False)
    for ax, z, title in zip(axes[0], zs, titles, strict=True):
        z = np.asarray(z)
        ax.pcolormesh(xx, yy, z, cmap=GROUND, vmin=-0.6, vmax=1.6, shading="auto", alpha=0.7)
        if z.min() < 0.5 < z.max():
            ax.contour(xx, yy, z, levels=[0.5], colors=[INK], linewidths=2.2, zorder=3)
        _scatter(ax, x, y, size=14)
        _circle(ax, color="white", lw=4, ls="-", alpha=0.7, zorder=2)
        _circle(ax)
        ax.set_title(title, fontsize=10)
        ax.set(xlim=(np.min(xx), np.max(xx)), ylim=(np.min(yy), np.max(yy)))
    for ax in axes[0][1:]:
        ax.set_ylabel("")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    handles += [Line2D([], [], color=INK, lw=2.2), Line2D([], [], color=INK, lw=1.6, ls="--")]
    labels += ["where the answer passes .5", "the truth"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    return shown(
        figure,
        f"{len(zs)} maps of a network's answers, blue where it says inside, orange where it says outside, with the points, a "
        f"solid line where the answer passes one half, and the true circle dashed. The panels: {'; '.join(titles)}.",
    )


def over_lambda(lambdas: Sequence[float], train: Any, true: Any, norms: Any) -> Any:
    """Accuracy on the points and against the circle, and the size of the weights, each [seeds, penalties]."""
    figure, (left, right) = panels(2, height=3.8, width=9.0, width_ratios=[1.7, 1])
    at = np.arange(len(lambdas))
    for values, colour, marker, name in (
        (train, ORANGE, "s", "on the training points"),
        (true, BLUE, "o", "against the true circle"),
    ):
        values = 100 * np.asarray(values)
        left.plot(at + np.zeros_like(values), values, marker, color=colour, ms=4, alpha=0.4)
        left.plot(at, values.mean(axis=0), color=colour, marker=marker, ms=8, label=name)
    best, best_true = (lambdas[int(np.argmax(np.mean(values, axis=0)))] for values in (train, true))
    left.set(ylabel="accuracy, %", title=f"The points vote for λ = {best:g}, the circle for {best_true:g}")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    norms = np.asarray(norms)
    right.plot(at + np.zeros_like(norms), norms, "D", color=GREEN, ms=4, alpha=0.4)
    right.plot(at, norms.mean(axis=0), "D-", color=GREEN, ms=8)
    right.set(ylabel="½ · sum of squared weights", yscale="log", title="A penalty keeps weights small")
    for ax in (left, right):
        ax.set_xticks(at, labels=[f"{lam:g}" for lam in lambdas])
        ax.set_xlabel("λ")
    means = ", ".join(f"{100 * v:.1f} % at λ = {lam:g}" for v, lam in zip(np.mean(true, axis=0), lambdas, strict=True))
    return shown(
        figure,
        f"Left: accuracy over λ. The orange line, on the training points, falls. The blue line, against the true circle, is "
        f"{means}. Right: half the sum of squared weights falls from {norms.mean(axis=0)[0]:.0f} to {norms.mean(axis=0)[-1]:.1f}.",
    )


def pulls(steps: Sequence[int], tracks: Mapping[str, Any]) -> Any:
    """What a penalty alone does to three weights, [steps, weights], as a share of their start, one panel an optimizer."""
    figure, axes = panels(len(tracks), height=3.2, width=9.0, sharey=True, squeeze=False)
    for ax, (name, track) in zip(axes[0], tracks.items(), strict=True):
        track = np.asarray(track)
        for k, start in enumerate(track[0]):
            ax.plot(steps, track[:, k] / start, color=COLOURS[k], lw=(6, 3.5, 1.5)[k % 3], label=f"from {start:g}")
        ax.set(title=name, xlabel="step", ylim=(-0.08, 1.05))
    axes[0, 0].set_ylabel("share of the start that is left")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    told = "; ".join(
        f"{name} leaves {', '.join(f'{v:.2f}' for v in np.asarray(track)[-1] / np.asarray(track)[0])}"
        for name, track in tracks.items()
    )
    return shown(
        figure,
        f"The share of each of three weights that a penalty leaves after {steps[-1]} steps, by optimizer: {told}.",
    )


def shadows(values: Any, tracks: Mapping[str, Any]) -> Any:
    """A noisy value over the steps and its shadows, by name."""
    figure, ax = panels(1, height=3.6)
    ax.plot(values, color=GREY, lw=0.8, alpha=0.6, label="the value")
    for k, (name, track) in enumerate(tracks.items()):
        ax.plot(track, color=COLOURS[k % len(COLOURS)], label=name)
    ax.set(xlabel="step", ylabel="value", xlim=(0, len(values)))
    ax.set_title("The larger the decay, the smoother and the slower the shadow")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    ends = ", ".join(f"{track[-1]:.2f} ({name})" for name, track in tracks.items())
    return shown(
        figure,
        f"A noisy grey value jumps from 0 to 1, and {len(tracks)} smoother shadows follow it; at the end they are at {ends}.",
    )


def averaged(steps: Any, raw: Any, average: Any) -> Any:
    """Accuracy against the truth over the steps, [times, networks]: first network drawn, the others summed up."""
    figure, (left, right) = panels(2, height=3.8, width=9.0, width_ratios=[1.8, 1])
    raw, average = 100 * np.asarray(raw), 100 * np.asarray(average)
    low = max(0.0, 5 * np.floor(np.percentile(raw, 2) / 5))
    left.plot(steps, raw[:, 0], color=ORANGE, lw=0.9, label="the weights as they are")
    left.plot(steps, average[:, 0], color=BLUE, label="their moving average")
    left.set(xlabel="step", ylabel="accuracy against the circle, %", xlim=(0, steps[-1]), ylim=(low, 100))
    half = len(raw) // 2
    calmer = np.std(raw[half:], axis=0) > np.std(average[half:], axis=0)
    left.set_title("The average wavers less" if calmer[0] else "The weights and their average")
    parts = [v[half:, k] for k in range(raw.shape[1]) for v in (raw, average)]
    at = [k + 1 + aside for k in range(raw.shape[1]) for aside in (-0.18, 0.18)]
    boxes = right.boxplot(parts, positions=at, widths=0.3, patch_artist=True, whis=(0, 100), showfliers=False)
    for i, box in enumerate(boxes["boxes"]):
        box.set(facecolor=(ORANGE, BLUE)[i % 2], edgecolor=INK, linewidth=0.8)
    for line in boxes["medians"]:
        line.set(color="white", linewidth=1.5)
    right.set_xticks(range(1, raw.shape[1] + 1), labels=[str(k + 1) for k in range(raw.shape[1])])
    better = int(np.sum(average[half:].mean(axis=0) > raw[half:].mean(axis=0)))
    right.set(xlabel="network, second half of its run", ylim=(low, 100))
    gain = average[half:].mean() - raw[half:].mean()
    alone = f"and is {abs(gain):.1f} points {'better' if gain > 0 else 'worse'}"
    right.set_title(f"and is better in {better} of {raw.shape[1]} networks" if raw.shape[1] > 1 else alone)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return shown(
        figure,
        f"Accuracy against the circle over {steps[-1]} steps. The orange curve of the weights jumps up and down, the blue "
        f"one of their average hardly. In the second half the average is better in {better} of {raw.shape[1]} networks: "
        f"{average[half:].mean():.1f} % against {raw[half:].mean():.1f} % in the mean.",
    )


def stopped(train: Sequence[float], held_out: Sequence[float], steps: int) -> Any:
    """Loss and held-out loss of one `fit`, epoch by epoch, and the epoch whose weights `EarlyStopping` kept."""
    figure, ax = panels(1, height=3.4)
    at = steps * np.arange(1, len(train) + 1)
    best = int(np.argmin(held_out))
    ax.plot(at, train, "s-", color=ORANGE, ms=4, label="training points")
    ax.plot(at, held_out, "o-", color=BLUE, ms=4, label="held-out points")
    ax.plot(at[best], held_out[best], "o", ms=13, mfc="none", mec=RED, mew=2, label="weights that are kept")
    ax.set(xlabel="step", ylabel="MSE", yscale="log", xlim=(0, None))
    _plain_ticks(ax)
    ax.set_title(f"After {at[best]} steps new points are answered best")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return shown(
        figure,
        f"MSE over {at[-1]} steps on training points (orange) and held-out points (blue). The held-out MSE is lowest at step "
        f"{at[best]}, marked by a ring: {held_out[best]:.3f}; when the run was stopped it was {held_out[-1]:.3f}.",
    )
