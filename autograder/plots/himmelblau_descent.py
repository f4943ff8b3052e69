"""The pictures of chapter 05, Himmelblau descent. Everything here is drawn from data that the lesson computes."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

from . import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SEQUENTIAL, SKY, panels, shown, use_style

VALLEYS = (BLUE, ORANGE, GREEN, PURPLE)
PLACES = ((3.0, 2.0), (-2.805, 3.131), (-3.779, -3.283), (3.584, -1.848))
NAMES = ("(3, 2)", "(−2.81, 3.13)", "(−3.78, −3.28)", "(3.58, −1.85)")
RESTLESS, GONE = "#D1D5DB", "#1F2937"
KINDS = ListedColormap([GONE, RESTLESS, *VALLEYS])  # the codes −2, −1, 0, 1, 2, 3
INK, PAPER = "#111827", "#FFFFFF"
LEVELS = np.geomspace(1, 2200, 14)
SURFACE_STRIDE = 2


def _contours(ax: Any, x: Any, y: Any, z: Any, *, levels: Any = LEVELS, filled: bool = True) -> None:
    """Lines of equal height, closer together where it is low, on a quiet ground."""
    if filled:
        ax.contourf(
            x, y, np.log1p(np.maximum(z, 0)), levels=np.linspace(0, np.log1p(2200), 24), cmap="Greys", alpha=0.45
        )
    ax.contour(x, y, z, levels=levels, colors=GREY, linewidths=0.6)
    ax.set(xlabel="x", ylabel="y", aspect="equal")
    ax.grid(False)


def _minima(ax: Any, minima: Any, *, size: float = 9, label: bool = False) -> None:
    for k, (x, y) in enumerate(np.asarray(minima)):
        ax.plot(x, y, "o", color=VALLEYS[k], ms=size, mec=PAPER, mew=1.5, zorder=6)
        if label:
            aside, side = (-9 if x > 0 else 9, -16 if x * y > 0 else 8), "right" if x > 0 else "left"
            ax.annotate(
                NAMES[k], (x, y), aside, textcoords="offset points", ha=side, fontsize=9, zorder=7,
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 1},
            )  # fmt: skip


def misprint(x: Any, y: Any, printed: Any, right: Any, minima: Any, *, walk: Any = None) -> Any:
    """Left: the misprinted function, with the region where it is negative and a walk on it. Right: the real one."""
    figure, axes = panels(2, height=4.2, sharey=True)
    _contours(axes[0], x, y, printed)
    axes[0].contourf(x, y, printed, levels=[printed.min() - 1, 0], colors=[SKY], alpha=0.85)
    axes[0].set_title("As printed: light blue is below zero")
    if walk is not None:
        walk = np.asarray(walk)
        axes[0].plot(*walk.T, ".-", color=INK, lw=1.2, ms=4)
        axes[0].plot(*walk[0], "o", color=PAPER, mec=INK, ms=8)
    _contours(axes[1], x, y, right)
    _minima(axes[1], minima, label=True)
    axes[1].set(title="As it should be: four zeros", ylabel="")
    told = f"Left, the misprinted one, which goes down to {printed.min():.1f}" + (
        " with a descent on it" if walk is not None else ""
    )
    return shown(figure, f"Two contour maps. {told}; right, the function as it is meant, with its four minima.")


def parabolas(x: Any, y: Any, minima: Any) -> Any:
    """Where each bracket is zero: two parabolas, which cross at the four minima."""
    figure, ax = panels(1, height=4.4, width=6.2)
    first, second = x**2 + y - 11, x + y**2 - 7
    ax.contour(x, y, first, levels=[0], colors=[SKY], linewidths=2.5)
    ax.contour(x, y, second, levels=[0], colors=[RED], linewidths=2.5)
    ax.set(xlabel="x", ylabel="y", aspect="equal", title="Two parabolas cross four times")
    _minima(ax, minima, size=11, label=True)
    ax.plot([], [], color=SKY, label="x² + y − 11 = 0")
    ax.plot([], [], color=RED, label="x + y² − 7 = 0")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="a bracket is zero")
    return shown(
        figure,
        "Two parabolas in the plane, one for each bracket. They cross at four points, which are the four minima.",
    )


def surface(x: Any, y: Any, z: Any, *, elevation: float = 60, azimuth: float = -30) -> Any:
    """The surface twice: at its true height, and as log(1 + f), on which the valleys can be seen."""
    use_style()
    figure = plt.figure(figsize=(8.0, 4.0))
    for i, (height, title, label) in enumerate(
        [(z, "True height: one wide plain", "f"), (np.log1p(z), "log(1 + f): four valleys", "log(1 + f)")]
    ):
        ax = figure.add_subplot(1, 2, i + 1, projection="3d")
        _relief(ax, x, y, height, elevation, azimuth)
        ax.set_zlabel(label)
        ax.set_title(title, loc="center")
        ax.locator_params(axis="z", nbins=4)
    return shown(
        figure,
        f"Himmelblau's surface twice: at true height, up to {np.max(z):.0f}, the four valleys look like one plain; as log(1 + f) all four show.",
    )


def _relief(ax: Any, x: Any, y: Any, height: Any, elevation: float, azimuth: float, alpha: float = 1.0) -> None:
    ax.plot_surface(
        x, y, height, cmap=SEQUENTIAL, rstride=SURFACE_STRIDE, cstride=SURFACE_STRIDE, linewidth=0, antialiased=False,
        alpha=alpha, rasterized=True,
    )  # fmt: skip
    ax.view_init(elevation, azimuth)
    ax.set(xlabel="x", ylabel="y")
    ax.xaxis.labelpad = ax.yaxis.labelpad = ax.zaxis.labelpad = -2
    ax.tick_params(labelsize=8, pad=0)
    ax.set_box_aspect((1, 1, 0.65), zoom=0.85)


def paths(x: Any, y: Any, z: Any, walks: Any, minima: Any, *, elevation: float = 60, azimuth: float = -60) -> Any:
    """Walks [steps + 1, 2, walks] on the surface, left, and on its contour, right, coloured by the valley they end in."""
    use_style()
    walks = np.asarray(walks)
    figure = plt.figure(figsize=(8.0, 4.3))
    solid = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
    _relief(solid, x, y, np.log1p(z), elevation, azimuth, alpha=0.75)
    solid.set_title("Four balls roll …  (height: log(1 + f))", loc="center")
    solid.locator_params(axis="z", nbins=4)
    flat = figure.add_subplot(1, 2, 2)
    _contours(flat, x, y, z)
    flat.set_title("… into four valleys")
    for i in range(walks.shape[2]):
        u, v = walks[:, 0, i], walks[:, 1, i]
        colour = VALLEYS[int(np.argmin(np.hypot(*(np.asarray(minima) - walks[-1, :, i]).T)))]
        lift = np.log1p((u**2 + v - 11) ** 2 + (u + v**2 - 7) ** 2) + 0.15
        solid.plot(u, v, lift, color=colour, lw=2.5, zorder=9)
        solid.plot(u[:1], v[:1], lift[:1], "o", color=PAPER, mec=colour, ms=6, zorder=10)
        solid.plot(u[-1:], v[-1:], lift[-1:], "o", color=colour, ms=6, zorder=10)
        flat.plot(u, v, ".-", color=colour, ms=5, lw=2)
        flat.plot(u[0], v[0], "o", color=PAPER, mec=colour, mew=2, ms=8, zorder=6)
        side = 1 if v[: len(v) // 8 + 2].mean() <= v[0] else -1  # away from where it goes
        flat.annotate(_point(u[0], v[0]), (u[0], v[0]), (0, 9 * side), textcoords="offset points",
                      ha="center", va="bottom" if side > 0 else "top", fontsize=9)  # fmt: skip
    _minima(flat, minima)
    told = "; ".join(
        f"from {_point(*walks[0, :, i])} to {_point(*walks[-1, :, i].round(2))}" for i in range(walks.shape[2])
    )
    return shown(figure, f"Paths of gradient descent on the surface and on its contour map: {told}.")


def _point(x: float, y: float) -> str:
    return f"({x:g}, {y:g})".replace("-", "−")


def heights(heights: Any, starts: Sequence[Any], ends: Sequence[int], *, learning_rate: float) -> Any:
    """Height over the steps [steps + 1, walks], on a log axis, down to the rounding of float32."""
    figure, ax = panels(1, height=3.2)
    marks, floor = ["-", "--", "-.", ":"], 1e-11
    heights = np.asarray(heights, float)
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        label = f"{_point(*start)} → {NAMES[end]}"
        seen = np.where(heights[:, i] > floor, heights[:, i], np.nan)  # below that it is rounding
        ax.semilogy(seen, marks[i % 4], color=VALLEYS[end], label=label)
    ax.set(xlabel="step", ylabel="height f", ylim=(floor, None), xlim=(0, 100))
    ax.set_title(f"Some wait at a saddle; in the end each step takes off the same share (lr {learning_rate:g})")
    ax.legend(
        fontsize=9, title="cut off where rounding begins", title_fontsize=9, loc="upper left", bbox_to_anchor=(1, 1)
    )
    told = (
        ", ".join(f"{_point(*start)}: {heights[12, i]:.2g}" for i, start in enumerate(starts))
        if len(heights) > 12
        else ""
    )
    return shown(figure, f"Height over the steps of {len(ends)} balls, logarithmic. After 12 steps, by start: {told}.")


def arrows(x: Any, y: Any, z: Any, at: Any, slope: Any, minima: Any, title: str) -> Any:
    """Downhill arrows of one length at points [2, n], over the contour; their colour tells how steep it is."""
    figure, ax = panels(1, height=4.4, width=6.2)
    _contours(ax, x, y, z, filled=False)
    at, slope = np.asarray(at), np.asarray(slope)
    steep = np.hypot(*slope)
    down = -slope / np.maximum(steep, 1e-9)
    drawn = ax.quiver(
        *at, *down, np.log10(np.maximum(steep, 1)), cmap=SEQUENTIAL, scale=24, width=0.006, zorder=4, clim=(0, 3)
    )
    bar = figure.colorbar(drawn, ax=ax, shrink=0.8, label="length of the gradient")
    bar.set_ticks([0, 1, 2, 3], labels=["1", "10", "100", "1000"])
    _minima(ax, minima)
    ax.set_title(title)
    return shown(
        figure,
        f"{at.shape[1]} downhill arrows on a contour map, each at a right angle to its contour; steepness from {steep.min():.2g} to {steep.max():.2g}.",
    )


def _kinds_legend(
    figure: Any, codes: Sequence[int] = (0, 1, 2, 3, -1, -2), *, columns: int = 6, extra: Sequence[Any] = (),
    restless: str = "never rests",
) -> None:  # fmt: skip
    names = {**dict(enumerate(NAMES)), -1: restless, -2: "flies away"}
    handles = [Patch(color=KINDS.colors[code + 2], label=names[code]) for code in codes]
    figure.legend(
        handles=[*handles, *extra],
        loc="outside lower center",
        ncols=columns,
        fontsize=9,
        handlelength=1.4,
        columnspacing=1.0,
    )


def _map(ax: Any, kinds: Any, limit: float, minima: Any = None) -> None:
    ax.imshow(
        kinds,
        origin="lower",
        extent=(-limit, limit, -limit, limit),
        cmap=KINDS,
        vmin=-2,
        vmax=3,
        interpolation="nearest",
    )
    ax.grid(False)
    ax.set(xlabel="x of the start", ylabel="y of the start", aspect="equal")
    if minima is not None:
        ax.plot(*np.asarray(minima).T, "o", color=PAPER, mec=INK, ms=6, ls="none")


def _told_kinds(kinds: Any) -> str:
    """How the starts share out: "(3, 2): 26 %, …"."""
    names = {**dict(enumerate(NAMES)), -1: "never at rest", -2: "flown away"}
    found = {code: float(np.mean(np.asarray(kinds) == code)) for code in (0, 1, 2, 3, -1, -2)}
    return ", ".join(f"{names[code]}: {100 * share:.0f} %" for code, share in found.items() if share)


def basins(
    kinds: Any, minima: Any, saddles: Any = None, *, limit: float = 6, title: str = "", restless: str = "never rests"
) -> Any:
    """Every start coloured by the valley that it reaches, with the minima (o) and the saddles (x), which lie on the borders.

    restless: what is said of a ball (code −1) that has come to none of them.
    """
    figure, ax = panels(1, height=5.0, width=5.6)
    _map(ax, kinds, limit, minima)
    if saddles is not None:
        ax.plot(*np.asarray(saddles).T, "X", color=PAPER, mec=INK, ms=10, ls="none")
    ax.set_title(title)
    codes = [code for code in (0, 1, 2, 3, -1, -2) if code >= 0 or np.any(np.asarray(kinds) == code)]
    _kinds_legend(figure, codes, columns=4, restless=restless)
    told = _told_kinds(kinds).replace("never at rest", restless)
    return shown(figure, f"A map of starts, coloured by where gradient descent takes them. {told}.")


def crossroads(
    rates: Sequence[float], maps: Sequence[Any], walks: Sequence[Any], saddle: Any, extent: Sequence[float]
) -> Any:
    """The map beside a saddle for each learning rate, with the walk from one start: it is the border that moves.

    In each map the border of the first is drawn once more, dashed.
    """
    figure, axes = panels(len(rates), height=4.3, sharey=True, squeeze=False)
    rows, columns = np.shape(maps[0])
    grid = np.linspace(*extent[:2], columns), np.linspace(*extent[2:], rows)
    ends = []
    for ax, rate, kinds, walk in zip(axes[0], rates, maps, walks, strict=True):
        ax.imshow(
            kinds, origin="lower", extent=extent, cmap=KINDS, vmin=-2, vmax=3, interpolation="nearest", aspect="auto"
        )
        first = np.asarray(maps[0])
        ax.contour(*grid, (first == first[0, columns // 2]).astype(float), levels=[0.5], colors=[INK], linestyles="--")
        walk = np.asarray(walk)
        ax.plot(*walk.T, ".-", color=INK, lw=1.6, ms=7)
        ax.plot(*walk[0], "o", color=PAPER, mec=INK, ms=10, zorder=6)
        ax.plot(*saddle, "X", color=PAPER, mec=INK, ms=10, zorder=6)
        away = [np.hypot(*(walk[-1] - place)) for place in PLACES]
        ends.append(int(np.argmin(away)) if min(away) < 0.1 else -1)
        ax.set(xlim=extent[:2], ylim=extent[2:], xlabel="x")
        side = NAMES[ends[-1]] if ends[-1] >= 0 else "no valley"
        ax.set_title(f"lr {rate:g}: the start belongs to\n{side}", fontsize=10)
        ax.grid(False)
    axes[0, 0].set_ylabel("y")
    codes = sorted({int(code) for kinds in maps for code in np.unique(kinds)}, reverse=True)
    _kinds_legend(figure, codes, columns=6, extra=[
        Line2D([], [], marker="o", color=INK, mfc=PAPER, ms=8, label="the walk from its start"),
        Line2D([], [], marker="X", color=PAPER, mec=INK, ms=9, ls="none", label="saddle"),
        Line2D([], [], color=INK, ls="--", label=f"border at lr {rates[0]:g}"),
    ])  # fmt: skip
    told = "; ".join(
        f"at {rate:g} {NAMES[end] if end >= 0 else 'nowhere'}" for rate, end in zip(rates, ends, strict=True)
    )
    return shown(
        figure,
        f"The basins beside a saddle for {len(rates)} learning rates. The border moves under the start, which belongs to: {told}.",
    )


def zigzag(products: float | Sequence[float], *, steps: int = 8, start: float = 1.0) -> Any:
    """Gradient descent on the parabola u²/2, whose curvature is 1: one panel for each learning rate times curvature."""
    products = np.ravel(products)
    figure, axes = panels(len(products), height=2.9, sharey=True, squeeze=False)
    u = np.linspace(-2, 2, 121)
    kinds = []
    for ax, product in zip(axes[0], products, strict=True):
        walk = start * (1 - product) ** np.arange(steps + 1)
        ax.plot(u, u**2 / 2, color=GREY, lw=1.2)
        ax.plot(walk, walk**2 / 2, ".-", color=BLUE if 0 <= product < 2 else RED, lw=1.4, ms=7)
        ax.plot(start, start**2 / 2, "o", color=PAPER, mec=INK, ms=8, zorder=5)
        ax.set(xlim=(-2, 2), ylim=(-0.08, 2), xlabel="u")
        word = {0: "stays", 1: "lands at once", 2: "to and fro"}
        far = "runs away"
        kind = word.get(product) or (far if not 0 <= product <= 2 else "creeps" if product < 1 else "zigzags in")
        kinds.append(f"{product:g} {kind}")
        ax.set_title(f"lr·λ = {product:g}\n{kind}", fontsize=10)
    axes[0, 0].set_ylabel("u² / 2")
    return shown(figure, f"Gradient descent on a parabola, by learning rate times curvature: {', '.join(kinds)}.")


def limits(rates: Any, distance: Any, limit: Sequence[float], *, steps: int) -> Any:
    """Distance to the minimum after so many steps [rates, minima] over the learning rate, with the limits from the Hessian."""
    figure, ax = panels(1, height=3.6)
    for k in range(4):
        ax.semilogy(rates, np.clip(distance[:, k], 1e-7, 20), color=VALLEYS[k], label=NAMES[k], lw=1.8)
        ax.axvline(limit[k], color=VALLEYS[k], ls="--", lw=1.4)
        ax.annotate(
            f"{limit[k]:.4f}",
            (limit[k], 30),
            (0, 2),
            textcoords="offset points",
            ha="left" if k != 0 else "right",
            fontsize=8,
            annotation_clip=False,
        )
    ax.set(xlabel="learning rate", ylabel=f"distance after {steps} steps", ylim=(5e-8, 30), xlim=(rates[0], rates[-1]))
    ax.set_title("Rest is lost at 2 / λmax (dashed)", pad=18)
    ax.legend(title="started beside", fontsize=9, title_fontsize=9, loc="center left")
    told = ", ".join(f"{v:.4f}" for v in limit)
    return shown(
        figure,
        f"Distance to each minimum after {steps} steps over the learning rate: tiny up to the limits {told}, large beyond.",
    )


def visited(rates: Any, late: Any, limit: Sequence[float]) -> Any:
    """Where balls still are after a long time: y [late steps, rates, minima] over the learning rate."""
    figure, ax = panels(1, height=4.0)
    late = np.asarray(late)
    for k in range(4):
        y = late[:, :, k]
        grid = np.broadcast_to(rates, y.shape)
        inside = np.isfinite(y) & (np.abs(y) < 6)
        ax.plot(grid[inside], y[inside], ",", color=VALLEYS[k], alpha=0.8, rasterized=True)
        ax.axvline(limit[k], color=VALLEYS[k], ls="--", lw=1.2)
        ax.plot([], [], "o", color=VALLEYS[k], label=NAMES[k], ms=5)
    ax.set(xlabel="learning rate", ylabel="y of the last steps", xlim=(rates[0], rates[-1]), ylim=(-4.5, 6))
    ax.set_title("Past its limit (dashed) each resting place splits in two, and later dissolves")
    ax.legend(
        title="started beside", fontsize=9, title_fontsize=9, loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.2
    )
    return shown(
        figure,
        "Where balls still are after a long time, over the learning rate: one place each, then two, four, and a cloud of dots beyond.",
    )


def resting_places(places: Any, later: Any, minima: Any, *, radius: float = 0.05) -> np.ndarray:
    """Where balls have come to rest: places and later [2, …], the same balls some steps apart → int […].

    0..3: near this minimum both times. −1: nowhere at rest. −2: no longer finite.
    """
    places, later = np.asarray(places), np.asarray(later)
    kinds = np.full(places.shape[1:], -1)
    for k, (x, y) in enumerate(minima):
        near = [np.hypot(p[0] - x, p[1] - y) < radius for p in (places, later)]
        kinds[near[0] & near[1]] = k
    kinds[~np.isfinite(later).all(axis=0)] = -2
    return kinds


def fraying(rates: Sequence[float], maps: Sequence[Any], *, limit: float = 6) -> Any:
    """A still of the film: the map at a few learning rates."""
    figure, axes = panels(len(rates), height=2.95, sharey=True)
    for ax, rate, kinds in zip(axes, rates, maps, strict=True):
        _map(ax, kinds, limit)
        ax.set_title(f"lr {rate:g}", fontsize=10)
        ax.set_xlabel("x")
        ax.set_ylabel("y" if ax is axes[0] else "")
    figure.suptitle(
        "The map frays from its edge, then one valley after the other is lost",
        x=0.01,
        ha="left",
        fontweight="bold",
        fontsize=11,
    )
    _kinds_legend(figure)
    told = "; ".join(f"lr {rate:g}: {_told_kinds(kinds)}" for rate, kinds in zip(rates, maps, strict=True))
    return shown(figure, f"Maps of the basins at {len(rates)} learning rates. {told}.")


def shares(rates: Any, maps: Any, limit: Sequence[float]) -> Any:
    """What share of all starts ends where, over the learning rate."""
    figure, ax = panels(1, height=3.2)
    maps = np.asarray(maps).reshape(len(rates), -1)
    order = (0, 1, 2, 3, -1, -2)
    ax.stackplot(
        rates, [100 * (maps == code).mean(axis=1) for code in order], colors=[KINDS.colors[c + 2] for c in order]
    )
    for k in range(4):
        ax.plot([limit[k]] * 2, [100, 106], color=VALLEYS[k], lw=2.5, clip_on=False)
    ax.set(
        xlabel="learning rate (ticks above: the four limits)",
        ylabel="% of all starts",
        xlim=(rates[0], rates[-1]),
        ylim=(0, 100),
    )
    ax.set_title("Each valley is lost at its own limit, one after the other", pad=14)
    ax.grid(False)
    _kinds_legend(figure)
    return shown(
        figure,
        f"Shares of all starts over the learning rate. At the lowest: {_told_kinds(maps[0])}; at the highest: {_told_kinds(maps[-1])}.",
    )


def rules(x: Any, y: Any, z: Any, walks: dict[str, Any], minima: Any) -> Any:
    """The walks [steps + 1, 2, balls] of several rules from the same starts, one panel each, coloured by the nearest minimum."""
    columns = 2
    rows = -(-len(walks) // columns)
    figure, axes = panels(columns, rows, height=3.6, width=7.4, sharex=True, sharey=True, squeeze=False)
    told = []
    for ax in axes.flat[len(walks) :]:
        ax.axis("off")
    for ax, (name, walk) in zip(axes.flat, walks.items(), strict=False):
        _contours(ax, x, y, z, filled=False)
        walk = np.asarray(walk)
        ends = []
        for i in range(walk.shape[2]):
            end = walk[-1, :, i]
            nearest = int(np.argmin(np.hypot(*(np.asarray(minima) - end).T))) if np.isfinite(end).all() else None
            ends.append("nowhere" if nearest is None else NAMES[nearest])
            colour = INK if nearest is None else VALLEYS[nearest]
            ax.plot(*walk[:, :, i].T, ".-", color=colour, ms=4, lw=1.3)
            ax.plot(*walk[0, :, i], "o", color=PAPER, mec=colour, mew=2, ms=8, zorder=7)
        _minima(ax, minima, size=7)
        ax.set(xlim=(-6, 6), ylim=(-6, 6))
        ax.set_title(f"{name}\n{len(set(ends))} different valleys", fontsize=10)
        told.append(f"{name} to {', '.join(ends)}")
    return shown(figure, f"Four starts, and the way each rule takes from them: {'; '.join(told)}.")


class Film:
    """An animation that plays without a network, in JupyterLab and on a static page; on paper its still stands for it."""

    def __init__(self, gif: bytes, still: bytes, text: str):
        self.gif, self.still, self.text = gif, still, text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        inline = base64.b64encode(self.gif).decode()
        return {
            "text/html": f'<img alt="{self.text}" src="data:image/gif;base64,{inline}">',
            "image/png": base64.b64encode(self.still).decode(),
            "text/plain": self.text,
        }


def film(
    rates: Sequence[float], maps: Any, limit: Sequence[float], *, extent: float = 6, milliseconds: int = 350
) -> Film:
    """The map of basins for one learning rate after the other, as a small animated GIF; its still is the frame in the middle."""
    frames = [_frame(rate, kinds, rates, limit, extent) for rate, kinds in zip(rates, maps, strict=True)]
    strip = Image.fromarray(np.concatenate([np.asarray(f) for f in frames[:: max(1, len(frames) // 4)]]))
    palette = strip.quantize(24, dither=Image.Dither.NONE)
    drawn = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    times = [milliseconds] * (len(drawn) - 1) + [5 * milliseconds]
    gif, still = io.BytesIO(), io.BytesIO()
    drawn[0].save(gif, "GIF", save_all=True, append_images=drawn[1:], duration=times, loop=0, optimize=False)
    drawn[len(drawn) // 2].save(still, "PNG")
    text = f"Basins of attraction for learning rates from {min(rates):g} to {max(rates):g}: the borders fray, then the valleys are lost."
    return Film(gif.getvalue(), still.getvalue(), text)


def _frame(rate: float, kinds: Any, rates: Sequence[float], limit: Sequence[float], extent: float) -> Image.Image:
    """One picture of the film: the map, whole pixels for each start, over a ruler with the four limits."""
    side, dpi = np.shape(kinds)[0] * max(1, round(340 / np.shape(kinds)[0])), 80
    left, right, bottom, top = 54, 24, 92, 74
    width, height = left + side + right, bottom + side + top
    with plt.rc_context({"figure.constrained_layout.use": False}):
        figure = plt.figure(figsize=(width / dpi, height / dpi), dpi=dpi)
        ax = figure.add_axes((left / width, bottom / height, side / width, side / height))
        _map(ax, kinds, extent)
        ax.set_xlabel("x of the start", fontsize=9, labelpad=1)
        ax.set_ylabel("y of the start", fontsize=9, labelpad=-4)
        ax.tick_params(labelsize=9)
        figure.text(
            left / width, 1 - 14 / height, f"learning rate {rate:.4f}", fontsize=12, fontweight="bold", va="center"
        )
        names = {**dict(enumerate(NAMES)), -1: "never rests", -2: "flies away"}
        handles = [Patch(color=KINDS.colors[code + 2], label=names[code]) for code in (0, 2, -1, 1, 3, -2)]
        handles = [handles[k] for k in (0, 1, 3, 4, 2, 5)]
        figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(left / width - 0.02, 1 - 22 / height), ncols=3, fontsize=8,
            handlelength=1.0, columnspacing=1.0, labelspacing=0.3, borderaxespad=0.3,
        )  # fmt: skip
        ruler = figure.add_axes((left / width, 28 / height, side / width, 16 / height))
        ruler.set(xlim=(min(rates), max(rates)), ylim=(0, 1), yticks=[])
        ruler.grid(False)
        ruler.spines["left"].set_visible(False)
        ruler.tick_params(labelsize=9)
        for k in range(4):
            ruler.axvline(limit[k], color=VALLEYS[k], lw=3)
        ruler.plot([rate], [0.5], "v", color=INK, ms=9, clip_on=False)
        canvas = io.BytesIO()
        figure.savefig(canvas, format="png", dpi=dpi)
        plt.close(figure)
    return Image.open(canvas).convert("RGB")
