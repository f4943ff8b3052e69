"""The pictures of chapter 02, gradients and activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.colors import ListedColormap

from . import BLUE, DIVERGING, GREEN, GREY, ORANGE, PURPLE, RED, SEQUENTIAL, SKY, panels, shown

INK = "#111827"
NAMED = {"sigmoid": BLUE, "tanh": ORANGE, "relu": GREEN}


def _slope(function: Callable, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Value and slope of an elementwise function at all of x, by the tape."""
    x = tf.constant(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y.numpy(), tape.gradient(y, x, unconnected_gradients="zero").numpy()


def _below(ax: Any, title: str | None = None, columns: int = 3) -> None:
    """The legend under the axes, where it covers no data."""
    ax.legend(
        fontsize=9,
        title=title,
        title_fontsize=9,
        ncols=columns,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.18),
        handlelength=1.4,
    )


def tangents(function: Callable, at: float, steps: Sequence[float], points: Sequence[float]) -> Any:
    """Left: secants through (at, f(at)) for shrinking steps. Right: tangents with the tape's slopes at the points."""
    figure, (left, right) = panels(2, height=3.6, sharey=True)
    x = np.linspace(min(-2.4, at - 0.5), max(2.4, at + 0.5), 241)
    y = _slope(function, x)[0]
    for ax in (left, right):
        ax.plot(x, y, color=INK, zorder=3)
        ax.set(xlabel="x", ylim=(y.min() - 0.9, y.max() + 1.2))
    left.set_ylabel("f(x)")
    f0, exact = (float(v) for v in _slope(function, at))
    quotients = []
    for step, colour in zip((s for s in steps if s), cycle((SKY, BLUE, PURPLE, RED))):  # a step of 0 has no slope
        f1 = float(_slope(function, at + step)[0])
        quotients.append((f1 - f0) / step)
        ends = np.array([min(at, at + step) - 0.5, max(at, at + step) + 0.4])
        told = f"Δx = {step:g}:  {quotients[-1]:+.2f}"
        left.plot(ends, f0 + quotients[-1] * (ends - at), color=colour, lw=1.6, label=told)
        left.plot(at + step, f1, "o", color=colour, ms=5, zorder=4)
    left.plot(at, f0, "o", color=INK, ms=7, zorder=5)
    if quotients:
        _below(left, title="slope of the secant", columns=2)
    left.set_title(f"Secants turn into the tangent, slope {exact:.2f}")
    values, slopes = _slope(function, np.asarray(points))
    for p, value, slope in zip(points, values, slopes, strict=True):
        reach = 0.45 / np.hypot(1, slope) ** 0.5
        colour = GREY if abs(slope) < 0.05 else (GREEN if slope > 0 else RED)
        right.plot([p - reach, p + reach], [value - reach * slope, value + reach * slope], color=colour, lw=3, zorder=4)
        right.plot(p, value, "o", color=colour, ms=5, zorder=5)
        flat = colour == GREY
        valley = float(_slope(function, p + 0.1)[0]) > value
        rising = (24, -7) if p < 0 else (-24, 3)  # on the side where there is room
        aside = (0, -17 if valley else 9) if flat else (rising if slope > 0 else (22, 6))
        text = "0" if flat else f"{slope:+.2f}"
        right.annotate(text, (p, value), aside, textcoords="offset points", ha="center", fontsize=9)
    right.set_title("The tape's slopes: up, flat, down")
    return shown(
        figure,
        f"Left: a curve with secants through x = {at:g}; as the step shrinks their slopes go from "
        f"{quotients[0] if quotients else exact:.2f} towards the tangent's {exact:.2f}. Right: the same curve with short tangents at "
        f"{len(points)} points and the slopes that the tape gives there.",
    )


def steepest(function: Callable, point: Sequence[float], radius: float = 0.001) -> Any:
    """Left: level lines and the gradient. Right: how fast f grows in each direction, measured with small steps."""
    figure, (left, right) = panels(2, height=3.5)
    p = tf.constant(point, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(p)
        here = function(p)
    g = tape.gradient(here, p).numpy()
    axis = np.linspace(-2.2, 2.2, 111)
    X, Y = np.meshgrid(axis, axis)
    left.contour(X, Y, function([X, Y]), levels=14, cmap=SEQUENTIAL, linewidths=1.2)
    length = float(np.linalg.norm(g))
    angles = np.radians(np.arange(0, 361, 5))
    tips = np.asarray(point)[:, None] + radius * np.stack([np.cos(angles), np.sin(angles)])
    right.plot(np.degrees(angles), (function(list(tips)) - float(here)) / radius, color=INK, label="measured growth")
    right.axhline(0, color=GREY, lw=1)
    left.plot(*point, "o", color=INK, zorder=5)
    if length > 1e-9:
        best = np.degrees(np.arctan2(g[1], g[0])) % 360
        for sign, colour, name, angle in ((1, RED, "+gradient", best), (-1, BLUE, "−gradient", (best + 180) % 360)):
            tip = np.asarray(point) + sign * 0.9 * g / length
            left.annotate("", tip, point, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2.5, "shrinkA": 0})
            left.plot([], [], color=colour, lw=2.5, label=name)
            right.axvline(angle, color=colour, ls="--", label=f"{name}, {angle:.0f}°")
        _below(left, columns=2)
    _below(right, columns=3)
    limits = [(min(-2.2, p - 1.1), max(2.2, p + 1.1)) for p in point]
    left.set(xlabel="first variable", ylabel="second variable", aspect="equal", xlim=limits[0], ylim=limits[1])
    left.set_title("At right angles to the level line")
    right.set(
        xlabel="direction of a small step (degrees)", ylabel="growth per unit of length", xticks=range(0, 361, 90)
    )
    right.set_title("No direction climbs faster" if length > 1e-9 else "At the bottom: no direction climbs")
    return shown(
        figure,
        "Left: level lines of a bowl, with the gradient as an arrow across them and its negative the other way. Right: the growth of a "
        f"small step against its direction, a wave whose top, {length:.2f}, lies at the gradient's direction and whose bottom lies opposite.",
    )


def two_valleys(function: Callable, paths: Mapping[float, Sequence[float]]) -> Any:
    """A curve with two valleys and the descents into them, one for each start."""
    figure, ax = panels(1, height=3.2)
    x = np.linspace(-2.1, 2.1, 301)
    ax.plot(x, function(x), color=INK)
    told = []
    for (start, path), colour in zip(paths.items(), cycle((BLUE, ORANGE, GREEN, RED, PURPLE, SKY))):
        path = np.asarray(path, float)
        gone = not np.all(np.isfinite(path)) or np.abs(path).max() > 10
        path = path[np.isfinite(path)]
        path = path[np.abs(path) <= 10]
        told.append(f"start {start:+g}, " + ("flies off" if gone or not len(path) else f"end {path[-1]:+.2f}"))
        ax.plot(path, function(path), "o-", color=colour, ms=4, lw=1, label=told[-1])
        if len(path) and not gone:
            ax.plot(path[-1], function(path[-1]), "*", color=colour, ms=17, mec=INK, zorder=5)
    ax.set(xlabel="x", ylabel="f(x)", title="The start decides the valley, and one valley is deeper")
    ax.set(xlim=(-2.3, 2.3), ylim=(-2, 10))
    if paths:
        ax.legend(loc="upper center")
    return shown(
        figure,
        f"A curve with a deep valley on the left and a shallower one on the right, and descents: {'; '.join(told)}.",
    )


def _recording(function: Callable, inputs: Mapping[str, float]) -> tuple[list, dict, dict]:
    """The ops of a function, by tracing it: ([(name, type, input names)], values, gradients of the result)."""
    ops: list = []

    @tf.function
    def trace(**tensors: tf.Tensor) -> tuple:
        result = function(**tensors)
        found = [op for op in result.graph.get_operations() if op.type not in ("NoOp", "Identity")]
        outputs = [op.outputs[0] for op in found]
        gradients = tf.gradients(result, outputs, unconnected_gradients="zero")
        ops.extend((op.name, op.type, [t.op.name for t in op.inputs]) for op in found)
        return outputs, gradients

    outputs, gradients = trace(**{name: tf.constant(value, tf.float32) for name, value in inputs.items()})
    names = [name for name, _, _ in ops]
    return ops, dict(zip(names, map(float, outputs), strict=True)), dict(zip(names, map(float, gradients), strict=True))


SIGNS = {"Mul": "×", "AddV2": "+", "Sub": "−", "Pow": "^", "Square": "x²", "RealDiv": "÷", "Neg": "−x"}


def tape_graph(function: Callable, inputs: Mapping[str, float], watched: Sequence[str]) -> Any:
    """What a tape remembers of function(**inputs): its ops with their values and the gradients that flow back.

    The title says how many operations that are. Blue: remembered, for it depends on a watched input. Grey, dashed: computed, but not remembered.
    """
    ops, values, gradients = _recording(function, inputs)
    depth: dict[str, int] = {}
    for name, _, feeding in ops:
        depth[name] = 1 + max((depth[i] for i in feeding), default=-1)
    for name, _, feeding in ops:  # an input or a constant stands just before its first use
        if not feeding:
            users = [depth[n] for n, _, f in ops if name in f]
            depth[name] = min(users, default=1) - 1
    remembered = set(watched)
    for name, _, feeding in ops:
        if remembered & set(feeding):
            remembered.add(name)
    place = {}
    for column in range(max(depth.values()) + 1):
        inner = [n for n, _, f in ops if depth[n] == column and f]
        outer = [n for n, _, f in ops if depth[n] == column and not f]
        rows = [0.0, -1.0, 1.0, -2.0, 2.0]
        order = inner + outer if inner else outer
        if not inner:
            rows = list(np.linspace(0.5, -0.5, len(outer))) if len(outer) > 1 else [0.0]
        for name, row in zip(order, rows, strict=False):
            place[name] = (2.0 * column, 1.25 * row)
    figure, ax = panels(1, height=3.6)
    for name, _, feeding in ops:
        for source in feeding:
            known = source in remembered
            ax.annotate(
                "",
                place[name],
                place[source],
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": BLUE if known else GREY,
                    "lw": 2 if known else 1,
                    "ls": "-" if known else (0, (4, 3)),
                    "shrinkA": 17,
                    "shrinkB": 17,
                },
            )
    last = ops[-1][0]
    white = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"}
    for name, kind, feeding in ops:
        x, y = place[name]
        known = name in remembered
        box = {
            "boxstyle": "circle,pad=0.45" if feeding else "round,pad=0.45",
            "fc": "#DCEBF7" if known else "white",
            "ec": BLUE if known else GREY,
            "ls": "-" if known else "--",
            "lw": 1.6,
        }
        label = SIGNS.get(kind, kind.lower()) if feeding else (name if kind == "Placeholder" else "const")
        ax.text(x, y, label, ha="center", va="center", bbox=box, fontsize=11, zorder=5)
        ax.text(x, y + 0.3, f"{values[name]:g}", ha="center", va="bottom", fontsize=10, color=INK)
        told = f"gradient {gradients[name]:g}" if known else "None"
        if name == last and known:
            told = "start: 1"
        ax.text(x, y - 0.3, told, ha="center", va="top", fontsize=9, color=RED if known else GREY, bbox=white, zorder=4)
    ax.set(
        xlim=(-1, 2 * max(depth.values()) + 1.1),
        ylim=(min(y for _, y in place.values()) - 0.75, max(y for _, y in place.values()) + 0.7),
    )
    ax.axis("off")
    steps = [name for name, _, feeding in ops if feeding]
    kept = sum(name in remembered for name in steps)
    seen = ", ".join(watched) or "nothing"
    ax.set_title(f"Watching {seen}: {kept} of {len(steps)} operations are on the tape")
    none = [n for n, kind, _ in ops if kind == "Placeholder" and n not in remembered]
    found = [f"{n} gets {gradients[n]:g}" for n, kind, _ in ops if kind == "Placeholder" and n in remembered]
    return shown(
        figure,
        f"A graph of {len(steps)} operations from {', '.join(inputs)} to the result {values[last]:g}. The tape watches {seen} and keeps {kept} "
        f"of them. Gradients: {', '.join(found) or 'none'}" + (f"; None for {', '.join(none)}." if none else "."),
    )


def derivatives(x: Any, curves: Mapping[str, Any]) -> Any:
    """A function and its derivatives over x, with the places marked where the first derivative is zero."""
    figure, ax = panels(1, height=3.2)
    curves = {name: np.broadcast_to(y, np.shape(x)) for name, y in curves.items()}  # a constant function has one value
    for (name, y), colour, width in zip(curves.items(), (INK, BLUE, ORANGE), (2.6, 2, 2), strict=False):
        ax.plot(x, y, color=colour, lw=width, label=name)
    value, first = (np.asarray(y) for y in list(curves.values())[:2])
    turns = np.flatnonzero(first[:-1] * first[1:] < 0)
    for i in turns:
        ax.axvline(x[i], color=GREY, lw=1, ls=":")
        ax.plot(x[i], value[i], "o", color=RED, zorder=5)
    ax.axhline(0, color=GREY, lw=1)
    ax.set(xlabel="x", ylabel="value", title="Where the slope crosses zero, the curve has a hilltop or a valley")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return shown(
        figure,
        f"A curve with its first and second derivative. The first crosses zero {len(turns)} times, each time where the curve has a hilltop "
        "(the second derivative is negative there) or a valley (positive).",
    )


def activations(reach: float, threshold: float) -> Any:
    """Three activations over their gradients; shaded where the gradient is below the threshold (saturated)."""
    figure, axes = panels(3, 2, height=2.3, sharex=True)
    x, told = np.linspace(-abs(reach), abs(reach), 801), []
    for column, (name, function) in enumerate({"sigmoid": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu}.items()):
        y, slope = _slope(function, x)
        flat = slope < threshold
        told.append(f"{name} on {flat.mean():.0%}, steepest {slope.max():.2g}")
        for ax, line in zip(axes[:, column], (y, slope), strict=True):
            ax.plot(x, line, color=NAMED[name], lw=2.4, zorder=3)
            ax.fill_between(x, 0, 1, where=flat, transform=ax.get_xaxis_transform(), color=GREY, alpha=0.22, lw=0)
        axes[0, column].set_title(f"{name}: saturated on {flat.mean():.0%}")
        axes[1, column].set(xlabel="a", ylim=(-0.05, 1.1))
        axes[1, column].annotate(
            f"steepest {slope.max():.2g}", (0.04, 0.88), xycoords="axes fraction", fontsize=9, color=INK
        )
    axes[0, 0].set_ylabel("activation")
    axes[1, 0].set_ylabel("gradient")
    figure.suptitle(f"Shaded: gradient below {threshold:g}, a step hardly moves the weights", fontsize=10, color=INK)
    return shown(
        figure,
        f"Sigmoid, tanh and relu from −{abs(reach):g} to {abs(reach):g}, each over its gradient; shaded is where the gradient is below "
        f"{threshold:g}: {'; '.join(told)}.",
    )


def by_depth(norms: Mapping[str, Sequence[float]]) -> Any:
    """The size of the gradient at every layer, one line for each activation; log axis."""
    figure, ax = panels(1, height=3.3)
    for name, values in norms.items():
        layers = np.arange(1, len(values) + 1)
        ax.semilogy(layers, values, "o-", color=NAMED[name], ms=4)
        ax.annotate(
            name, (1, values[0]), (-8, 0), textcoords="offset points", ha="right", va="center", color=NAMED[name]
        )
    ax.set(
        xlabel="layer (1 is next to the input)",
        ylabel="norm of its gradient",
        xlim=(-0.8, len(values) + 0.4),
        xticks=range(1, len(values) + 1),
    )
    ax.set_title("A sigmoid passes on a quarter at most: early layers hear almost nothing")
    ends = ", ".join(f"{name} {values[0] / values[-1]:.1g}" for name, values in norms.items())
    return shown(
        figure,
        "The norm of the gradient at each layer's weights, one line for each activation, on a logarithmic axis. First layer over last layer: "
        f"{ends}.",
    )


def softmax_scales(logits: Sequence[float], scales: float | Sequence[float]) -> Any:
    """Softmax of the same logits at several scales, as bars, against their plain shares logits / sum."""
    scales = np.ravel(scales)
    figure, axes = panels(len(scales), height=2.9, sharey=True)
    z = np.asarray(logits, float)
    share = z / z.sum() if np.all(z > 0) else None  # of a sum with negative parts there are no shares
    strong, weak, told = z.argmax(), z.argmin(), []
    for ax, scale in zip(np.atleast_1d(axes), scales, strict=True):
        p = tf.nn.softmax(scale * z).numpy()
        places = np.arange(len(z))
        ax.bar(places, p, color=BLUE, width=0.6)
        for i, v in enumerate(p):
            top = v if share is None else max(v, share[i])
            ax.annotate(f"{v:.3f}", (i, top), (0, 4), textcoords="offset points", ha="center", fontsize=9)
        ax.set_xticks(places, [f"{scale * v:g}" for v in z])
        ax.set(xlabel="logits", ylim=(0, 1.12))
        told.append(f"times {scale:g}: {', '.join(f'{v:.3f}' for v in p)}")
        if share is not None:
            ax.hlines(share, places - 0.4, places + 0.4, color=ORANGE, lw=3)
            ways = ["stronger" if p[i] > share[i] else "weaker" for i in (strong, weak)]
            ax.set_title(f"strong {ways[0]}\nweak {ways[1]}")
    np.atleast_1d(axes)[0].set_ylabel("probability")
    orange = (
        "Orange: the logits' own shares, the same in every panel"
        if share is not None
        else "The larger the scale, the surer"
    )
    figure.suptitle(f"Blue: softmax. {orange}", fontsize=10, color=INK)
    return shown(figure, f"Softmax of the same {len(z)} logits at {len(scales)} scales, as bars; {'; '.join(told)}.")


def loss_gradients(wrongness: Any, gradients: Mapping[str, Any]) -> Any:
    """Size of the gradient at the logits against how wrong the answer is; linear and log axis."""
    figure, axes = panels(2, height=3.4, sharex=True)
    for name, colour in zip(gradients, (RED, BLUE), strict=False):
        size = np.maximum(np.asarray(gradients[name]), 1e-12)
        for ax in axes:
            ax.plot(wrongness, size, color=colour, label=name)
    axes[1].set_yscale("log")
    axes[1].set_ylim(1e-9, 3)
    for ax in axes:
        ax.axvline(0, color=GREY, lw=1, ls=":")
        ax.set_xlabel("wrong logit − right logit")
    axes[0].set_ylabel("|gradient| at the right logit")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    axes[0].set_title("Right on the left, wrong on the right")
    axes[1].set_title("MSE falls silent, cross-entropy does not")
    ends = ", ".join(f"{name} {np.abs(g)[-1]:.1g}" for name, g in gradients.items())
    return shown(
        figure,
        "The size of the gradient at the right logit against how wrong the answer is, on a linear and on a logarithmic axis. Both losses say "
        f"nothing on the right side; at the wrong end, {np.max(wrongness):g}: {ends}.",
    )


def clouds(x: Any, y: Any, regions: Mapping[str, Callable], reach: float) -> Any:
    """Points of three classes over the class that each model gives to every place; above it, how many points it gets right."""
    figure, axes = panels(len(regions), height=3.5, sharey=True, squeeze=False)
    axes = axes[0]
    axis = np.linspace(-reach, reach, 161).astype("float32")
    X, Y = np.meshgrid(axis, axis)
    plane = np.stack([X.ravel(), Y.ravel()], axis=1)
    colours, told = ListedColormap([BLUE, ORANGE, GREEN]), []
    for ax, (title, classify) in zip(axes, regions.items(), strict=True):
        guess = np.asarray(classify(plane)).reshape(X.shape)
        right = np.mean(np.asarray(classify(np.asarray(x))) == np.asarray(y))
        ax.pcolormesh(X, Y, guess, cmap=colours, vmin=0, vmax=2, alpha=0.22, shading="nearest", lw=0, rasterized=True)
        ax.scatter(*np.asarray(x).T, c=np.asarray(y), cmap=colours, vmin=0, vmax=2, s=14, edgecolor="white", lw=0.4)
        told.append(f"{title}: {right:.0%} right")
        ax.set(xlabel="first input", aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
        ax.set_title(f"{title}:\n{right:.0%} right")
        ax.grid(False)
    axes[0].set_ylabel("second input")
    return shown(
        figure,
        "Points of three classes in blue, orange and green, on the class that a model gives to each place of the plane, in the same colours. "
        f"{'; '.join(told)}.",
    )


def curves(histories: Mapping[str, Sequence[float]], chance: float) -> Any:
    """Accuracy against the step, one line for each loss."""
    figure, ax = panels(1, height=2.9)
    for (name, values), colour in zip(histories.items(), (RED, BLUE), strict=False):
        ax.plot(np.arange(len(values)), values, color=colour, label=name)
    ax.axhline(chance, color=GREY, ls=":", label="guessing")
    ax.set(
        xlabel="step",
        ylabel="accuracy",
        ylim=(-0.03, 1.05),
        title="Same network, same start, same steps: the loss decides",
    )
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.65))
    ends = ", ".join(f"{name} {values[-1]:.0%}" for name, values in histories.items())
    return shown(
        figure,
        f"Accuracy against the step for the same network and start. At the end: {ends}; guessing is right in {chance:.0%}.",
    )


def step_sizes(h: Any, errors: Mapping[str, Any], marked: float) -> Any:
    """Relative error of a central difference against its step, one line for each dtype; both axes logarithmic."""
    figure, ax = panels(1, height=3.4)
    for name, colour in zip(errors, (ORANGE, BLUE, PURPLE), strict=False):
        ax.loglog(h, np.maximum(errors[name], 1e-13), "o-", ms=3, color=colour, label=name)
    ax.axvline(marked, color=GREY, ls="--", lw=1.2)
    ax.annotate(
        f"h = {marked:g}",
        (marked, 0.02),
        (5, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color=GREY,
    )
    ax.annotate("rounding wins", (0.03, 0.60), xycoords="axes fraction", fontsize=10, color=INK)
    ax.annotate("the curve\nbends away", (0.87, 0.50), xycoords="axes fraction", fontsize=10, color=INK)
    ax.set(xlabel="step h", ylabel="relative error", title="A step can be too small: in float32, 1e-5 already is")
    ax.legend(loc="lower right")
    best = ", ".join(f"{name} {np.asarray(h)[np.argmin(e)]:.0e}" for name, e in errors.items())
    return shown(
        figure,
        "The relative error of a difference quotient against its step, both axes logarithmic: each line falls, where the curve's bend rules, "
        f"and rises again towards small steps, where rounding does. Best steps: {best}.",
    )


def gates(sums: Any, upstream: Any) -> Any:
    """Three fields [examples, units]: the sums of a relu layer, what arrives from above, and what gets through."""
    sums, upstream = np.asarray(sums), np.asarray(upstream)
    figure, axes = panels(3, height=2.7, sharey=True)
    shut = sums <= 0
    fields = {"forward: the sums": sums, "back: upstream": upstream, "what gets through": np.where(shut, 0, upstream)}
    for ax, (title, field) in zip(axes, fields.items(), strict=True):
        image = ax.imshow(field, cmap=DIVERGING, vmin=-3, vmax=3, aspect="auto")
        if title != "back: upstream":
            ax.plot(*np.argwhere(shut)[:, ::-1].T, "x", color=INK, ms=5, mew=1.2)
        ax.set(xlabel="unit", xticks=range(0, sums.shape[1], 3), yticks=range(sums.shape[0]))
        ax.set_title(title)
        ax.grid(False)
    axes[0].set_ylabel("example")
    figure.colorbar(image, ax=axes, shrink=0.9, label="value")
    open_share = 1 - shut.mean()
    figure.suptitle(f"The forward pass has set the gates: {open_share:.0%} of them are open", fontsize=10, color=INK)
    return shown(
        figure,
        f"Three fields of {sums.shape[0]} examples by {sums.shape[1]} units: the sums of a relu layer, the gradients that arrive, and those that get "
        f"through. Where a sum is not positive, marked by a cross, nothing passes; {open_share:.0%} of the units are open.",
    )


def visits(times: Iterable[int], numbers: Sequence[int], visited: Sequence[int]) -> Any:
    """The size of a graph and what it costs to walk all its paths, against the number of doublings; log axis."""
    times = list(times)
    figure, ax = panels(1, height=3.0)
    ax.semilogy(times, visited, "o-", color=RED, ms=4, label="visits, path by path")
    ax.semilogy(times, numbers, "o-", color=BLUE, ms=4, label="numbers in the graph")
    ax.set(xlabel="doublings", ylabel="count")
    ax.set_title(f"{times[-1]} doublings: {numbers[-1]} numbers, {visited[-1]} visits along all paths")
    ax.legend(loc="upper left")
    return shown(
        figure,
        f"Against the number of doublings, on a logarithmic axis: the numbers in the graph grow slowly, to {numbers[-1]}, the visits along all paths "
        f"on a straight line, which is exponential growth, to {visited[-1]}.",
    )


def agreement(pairs: Mapping[str, tuple[Any, Any]]) -> Any:
    """Derived slopes over measured ones, one colour for each parameter: they should lie on the diagonal."""
    figure, ax = panels(1, height=3.6, width=5.4)
    everything = np.concatenate([np.ravel(side) for pair in pairs.values() for side in pair])
    ends = np.array([everything.min(), everything.max()]) * 1.05
    ax.plot(ends, ends, color=GREY, lw=1, zorder=1)
    for (name, (measured, derived)), colour in zip(pairs.items(), cycle((BLUE, ORANGE, GREEN, PURPLE))):
        ax.plot(np.ravel(measured), np.ravel(derived), "o", color=colour, ms=6, alpha=0.8, label=name)
    apart = max(np.abs(np.asarray(m) - np.asarray(d)).max() for m, d in pairs.values())
    ax.set(xlabel="measured: central differences", ylabel="derived by hand")
    ax.set_title(f"Derived and measured differ by {apart:.0e} at most")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return shown(
        figure,
        f"{everything.size // 2} slopes, derived by hand, over the same slopes measured by central differences. The largest distance from the diagonal is "
        f"{apart:.0e}.",
    )
