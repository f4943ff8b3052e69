"""The pictures of chapter 09, regularization and EMA, and the points that they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from . import BLUE, DIVERGING, GREEN, GREY, ORANGE, PURPLE, RED, panels

INK = "#111827"
DECAYS = (BLUE, GREEN, ORANGE, PURPLE)


def points(n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The lesson's own points: X float32 [n, 2] and y float32 [n, 1], labelled first and then moved."""
    rng = np.random.default_rng(seed)
    x = rng.uniform([-1, 0], [1, 2], size=(n, 2))
    y = (np.linalg.norm(x, axis=1, keepdims=True) > 1).astype("float32")
    return (x + rng.normal(0, noise, size=(n, 2))).astype("float32"), y


def _circle(ax: Any, **options: Any) -> None:
    angle = np.linspace(0, np.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), **{"color": INK, "ls": "--", "lw": 1.6, "zorder": 5, **options})


def _scatter(ax: Any, x: Any, y: Any, size: float = 26) -> None:
    for value, colour, marker, name in ((0, BLUE, "o", "inside: 0"), (1, ORANGE, "s", "outside: 1")):
        own = np.asarray(y)[:, 0] == value
        ax.scatter(*np.asarray(x)[own].T, s=size, color=colour, marker=marker, ec="white", lw=0.6, label=name, zorder=4)
    ax.set(xlabel="x₁", ylabel="x₂", aspect="equal")
    ax.grid(False)


def sample(x: Any, y: Any) -> Any:
    """The points, the circle that labelled them, and a ring around each that lies on the wrong side of it."""
    figure, ax = panels(1, height=4.0, width=6.0)
    _scatter(ax, x, y)
    _circle(ax, label="the truth")
    wrong = (np.hypot(*np.asarray(x).T) > 1) != (np.asarray(y)[:, 0] == 1)
    ax.scatter(*np.asarray(x)[wrong].T, s=120, fc="none", ec=RED, lw=1.6, label="wrong side", zorder=6)
    ax.set(title=f"{wrong.sum()} of {len(x)} points stand on the wrong side")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def learning(steps: Sequence[int], mse: Any, lambdas: Sequence[float]) -> Any:
    """MSE on the training points over the steps, [times, penalties], on a log axis."""
    figure, ax = panels(1, height=3.2)
    mse = np.asarray(mse)
    for k, lam in enumerate(lambdas):
        ax.semilogy(steps, mse[:, k], color=plt.get_cmap("viridis")(k / len(lambdas)), label=f"λ = {lam:g}")
    ax.set(xlabel="step", ylabel="MSE on the training points", xlim=(0, steps[-1]))
    ax.set_title("The larger λ, the earlier the MSE stops falling")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def boundaries(xx: Any, yy: Any, zs: Sequence[Any], x: Any, y: Any, titles: Sequence[str]) -> Any:
    """One panel for each network: its answers as a ground, its boundary at .5 (solid), the true circle (dashed)."""
    figure, axes = panels(len(zs), height=8.6 / len(zs), sharey=True, squeeze=False)
    for ax, z, title in zip(axes[0], zs, titles, strict=True):
        ax.pcolormesh(xx, yy, np.clip(z, -0.5, 1.5), cmap=DIVERGING, vmin=-0.9, vmax=1.9, shading="auto", alpha=0.75)
        ax.contour(xx, yy, z, levels=[0.5], colors=[INK], linewidths=2.2, zorder=3)
        _scatter(ax, x, y, size=14)
        _circle(ax, color="white", lw=4, ls="-", alpha=0.7, zorder=2)
        _circle(ax)
        ax.set_title(title, fontsize=10)
        ax.set(xlim=(xx.min(), xx.max()), ylim=(yy.min(), yy.max()))
    for ax in axes[0][1:]:
        ax.set_ylabel("")
    return figure


def over_lambda(lambdas: Sequence[float], train: Any, true: Any, norms: Any) -> Any:
    """Accuracy on the points and against the circle, and the size of the weights, each [seeds, penalties]."""
    figure, (left, right) = panels(2, height=3.6, width=9.0, width_ratios=[1.7, 1])
    at = np.arange(len(lambdas))
    for values, colour, marker, name in (
        (train, ORANGE, "s", "on the 150 training points"),
        (true, BLUE, "o", "against the true circle"),
    ):
        values = 100 * np.asarray(values)
        left.plot(at + np.zeros_like(values), values, marker, color=colour, ms=4, alpha=0.4)
        left.plot(at, values.mean(axis=0), color=colour, marker=marker, ms=8, label=name)
    left.set(ylabel="accuracy, %", title="What the points gain, the circle loses")
    left.legend(loc="lower left")
    norms = np.asarray(norms)
    right.plot(at + np.zeros_like(norms), norms, "D", color=GREEN, ms=4, alpha=0.4)
    right.plot(at, norms.mean(axis=0), "D-", color=GREEN, ms=8)
    right.set(ylabel="½ · sum of squared weights", yscale="log", title="A penalty keeps weights small")
    for ax in (left, right):
        ax.set_xticks(at, labels=[f"{lam:g}" for lam in lambdas])
        ax.set_xlabel("λ")
    return figure


def shadows(values: Any, tracks: Mapping[str, Any]) -> Any:
    """A noisy value over the steps and its shadows, by name."""
    figure, ax = panels(1, height=3.6)
    ax.plot(values, color=GREY, lw=0.8, alpha=0.6, label="the value")
    for colour, (name, track) in zip(DECAYS, tracks.items(), strict=False):
        ax.plot(track, color=colour, label=name)
    ax.set(xlabel="step", ylabel="value", xlim=(0, len(values)))
    ax.set_title("The larger the decay, the smoother and the slower the shadow")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def averaged(steps: Any, raw: Any, average: Any) -> Any:
    """Accuracy against the truth over the steps, [times, networks]: first network drawn, the others summed up."""
    figure, (left, right) = panels(2, height=3.6, width=9.0, width_ratios=[1.8, 1])
    raw, average = 100 * np.asarray(raw), 100 * np.asarray(average)
    left.plot(steps, raw[:, 0], color=ORANGE, lw=0.9, label="the weights as they are")
    left.plot(steps, average[:, 0], color=BLUE, label="their moving average")
    left.set(xlabel="step", ylabel="accuracy against the circle, %", xlim=(0, steps[-1]), ylim=(85, 100))
    left.set_title("The weights jump about, their average does not")
    left.legend(loc="lower right")
    half = len(raw) // 2
    parts = [v[half:, k] for k in range(raw.shape[1]) for v in (raw, average)]
    at = [k + 1 + aside for k in range(raw.shape[1]) for aside in (-0.18, 0.18)]
    boxes = right.boxplot(parts, positions=at, widths=0.3, patch_artist=True, whis=(0, 100), showfliers=False)
    for i, box in enumerate(boxes["boxes"]):
        box.set(facecolor=(ORANGE, BLUE)[i % 2], edgecolor=INK, linewidth=0.8)
    for line in boxes["medians"]:
        line.set(color="white", linewidth=1.5)
    right.set_xticks(range(1, raw.shape[1] + 1), labels=[str(k + 1) for k in range(raw.shape[1])])
    right.set(xlabel="network", ylim=(85, 100), title="Second half, all networks")
    return figure
