"""The pictures of chapter 08, graph and session. A GraphDef is only read here, never run."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch

from . import BLUE, GREEN, GREY, HEIGHT, ORANGE, PURPLE, RED, SKY, WIDTH, panels, shown

INK = "#111827"
PALE = "#D1D5DB"
KINDS = {
    "fed: placeholder": (BLUE, ("Placeholder", "_Arg")),
    "stored in the graph: constant": (GREY, ("Const",)),
    "stored in the session: variable": (ORANGE, ("VarHandleOp", "ReadVariableOp", "VariableV2")),
    "changes a variable": (RED, ("Assign",)),
    "computed": (GREEN, ()),
}


# -- the graph


def _kind(op: str) -> str:
    """What a node is, by its op type."""
    if op.startswith("Assign"):
        return "changes a variable"
    return next((kind for kind, (_, ops) in KINDS.items() if op in ops), "computed")


def _inputs(node: Any) -> list[tuple[str, bool]]:
    """(name of the node it reads, is it a control input) for each input: "a", "a:1" and "^a" all mean node a."""
    return [(name.lstrip("^").split(":")[0], name.startswith("^")) for name in node.input]


def needed(graph_def: Any, *names: str) -> set[str]:
    """The nodes that a session must visit to compute these, found by walking the inputs backwards."""
    sources = {node.name: [name for name, _ in _inputs(node)] for node in graph_def.node}
    seen, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += sources[name]
    return seen


def without_initializers(graph_def: Any) -> Any:
    """A copy without the nodes that only ask whether a variable has a value, give it its first one, or read it for nobody."""
    copy = type(graph_def)()
    copy.CopyFrom(graph_def)
    names = {node.name for node in graph_def.node if node.op == "VarHandleOp"}
    hidden = {f"{name}/{end}" for name in names for end in ("Assign", "Read/ReadVariableOp")}
    hidden |= {f"{name}/IsInitialized/VarIsInitializedOp" for name in names}
    hidden |= {source for node in graph_def.node if node.name in hidden for source, _ in _inputs(node)} - names
    hidden |= {node.name for node in graph_def.node if node.op == "NoOp"}
    del copy.node[:]
    copy.node.extend(node for node in graph_def.node if node.name not in hidden)
    return copy


def layout(graph_def: Any) -> dict[str, tuple[float, float]]:
    """name → (x, y): every node below all that it reads, the nodes of a row ordered to avoid crossings."""
    sources = {node.name: [name for name, _ in _inputs(node)] for node in graph_def.node}
    readers: dict[str, list[str]] = {name: [] for name in sources}
    for name, reads in sources.items():
        for source in reads:
            readers[source].append(name)
    depth: dict[str, int] = {}

    def down(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((down(source) for source in sources[name]), default=-1)
        return depth[name]

    for name in sources:
        down(name)
    for name in sources:  # a node without inputs stands just above its first reader
        if not sources[name] and readers[name]:
            depth[name] = min(depth[reader] for reader in readers[name]) - 1
    rows = [[n for n in sources if depth[n] == d] for d in range(max(depth.values()) + 1)]
    x = {name: i - (len(row) - 1) / 2 for row in rows for i, name in enumerate(row)}
    for sweep in range(6):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            near = {n: (sources[n] if sweep % 2 == 0 else readers[n]) or [n] for n in row}
            row.sort(key=lambda n: np.mean([x[m] for m in near[n]]))
            x.update({name: i - (len(row) - 1) / 2 for i, name in enumerate(row)})
    return {name: (x[name], -float(depth[name])) for name in sources}


SHORT = {
    "VarHandleOp": "Variable",
    "ReadVariableOp": "Read",
    "AssignVariableOp": "Assign",
    "AssignAddVariableOp": "Add to",
    "VarIsInitializedOp": "Has it a value?",
}


def _short(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def _draw(ax: Any, graph_def: Any, title: str, keep: set[str] | None, spread: float, rows: int, inch: float) -> None:
    """One graph: boxes with the op type and the name, arrows along which tensors flow; what is not in `keep` is pale.

    spread: width of the axes in boxes, rows: height in boxes, inch: of one box.
    """
    place = layout(graph_def)
    wide, high = 0.9, 0.58
    alive = {name: keep is None or name in keep for name in place}
    middle = (min(x for x, _ in place.values()) + max(x for x, _ in place.values())) / 2
    for node in graph_def.node:
        x, y = place[node.name]
        for source, control in _inputs(node):
            x0, y0 = place[source]
            on = alive[source] and alive[node.name]
            start, end, bend = (x0, y0 - high / 2), (x, y + high / 2), 0.0
            if y0 - y > 1.5:  # around the boxes in between, from side to side
                side = -1 if x0 <= middle else 1
                start, end, bend = (x0 + side * wide / 2, y0), (x + side * wide / 2, y), -0.45 * side
            ax.annotate(
                "",
                end,
                start,
                zorder=2 if on else 1,
                arrowprops={
                    "arrowstyle": "-|>",
                    "connectionstyle": f"arc3,rad={bend}",
                    "color": INK if on else PALE,
                    "lw": 1.1,
                    "ls": ":" if control else "-",
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
        colour = KINDS[_kind(node.op)][0] if alive[node.name] else PALE
        box = FancyBboxPatch(
            (x - wide / 2, y - high / 2),
            wide,
            high,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="white",
            edgecolor=colour,
            linewidth=2,
            zorder=3,
        )
        ax.add_patch(box)
        ink = INK if alive[node.name] else "#9CA3AF"
        op, name = SHORT.get(node.op, node.op), _short(node.name, round(14.5 * wide * inch))
        ax.text(
            x,
            y + 0.12,
            op,
            ha="center",
            va="center",
            fontsize=8 if inch > 0.9 else 7,
            color=ink,
            weight="bold",
            zorder=4,
        )
        ax.text(x, y - 0.14, name, ha="center", va="center", fontsize=7.5, color=ink, zorder=4)
    ax.set(xlim=(middle - spread / 2, middle + spread / 2), ylim=(0.6 - rows, 0.4), title=title)
    ax.axis("off")


def graphs(named: Mapping[str, Any], keep: Sequence[set[str] | None] | None = None) -> Any:
    """One or more GraphDefs side by side, each under its title; with `keep`, the nodes outside of it are pale."""
    keep = keep or [None] * len(named)
    places = [layout(definition) for definition in named.values()]
    spread = [max(6.6 / len(named), np.ptp([x for x, _ in place.values()]) + 1.1) for place in places]
    rows = max(round(1 - min(y for _, y in place.values())) for place in places)
    figure, axes = panels(len(named), height=0.7 * rows + 0.75, squeeze=False, gridspec_kw={"width_ratios": spread})
    inch = WIDTH / (sum(spread) + 0.3)
    for ax, (title, definition), kept, width in zip(axes[0], named.items(), keep, spread, strict=True):
        _draw(ax, definition, title, kept, width, rows, inch)
    found = [kind for kind in KINDS if any(_kind(n.op) == kind for d in named.values() for n in d.node)]
    marks = [axes[0, 0].plot([], [], "s", mfc="white", mec=KINDS[kind][0], mew=2, ms=9)[0] for kind in found]
    figure.legend(marks, found, loc="outside lower center", ncols=3, fontsize=9)
    told = [
        f"{title}: {', '.join(f'{n.name} ({n.op})' for n in d.node if kept is None or n.name in kept)}"
        for (title, d), kept in zip(named.items(), keep, strict=True)
    ]
    return shown(
        figure,
        f"{'A graph' if len(named) == 1 else f'{len(named)} graphs'}, a box for each node and arrows along which tensors flow. {'; '.join(told)}.",
    )


# -- sessions and seeds


def sessions(draws: Mapping[str, Sequence[float]], title: str) -> Any:
    """What came out of each initialisation, session after session, against "always the first value"."""
    figure, ax = panels(height=2.9)
    begin, first = 0, next(iter(draws.values()))[0]
    top = max(max(values) for values in draws.values())
    bottom = min(min(values) for values in draws.values())
    for (name, values), colour in zip(draws.items(), (BLUE, ORANGE, GREEN, PURPLE), strict=False):
        at = np.arange(begin, begin + len(values))
        ax.plot(at, values, "o-", color=colour, ms=8, lw=1.4)
        ax.text(at.mean(), top + 0.17 * (top - bottom), name, color=INK, ha="center", va="center", weight="bold")
        if begin:
            ax.axvline(begin - 0.5, color=GREY, lw=1.2, ls="--")
        begin += len(values)
    ax.axhline(first, color=RED, lw=1.2, ls=":", zorder=1)
    ax.annotate(
        "what “the same in every run” promises",
        (begin - 0.6, first),
        (0, -6),
        textcoords="offset points",
        color=RED,
        fontsize=9,
        ha="right",
        va="top",
    )
    numbers = [k + 1 for values in draws.values() for k in range(len(values))]
    ax.set(xticks=range(begin), xticklabels=numbers, ylim=(None, top + 0.32 * (top - bottom)))
    ax.set(xlabel="number of the initialisation, in its session", ylabel="y", title=title)
    told = "; ".join(f"{name}: {', '.join(f'{v:.2f}' for v in values)}" for name, values in draws.items())
    return shown(
        figure, f"What each initialisation gave, session after session. {told}. A dotted line stays at the first value."
    )


# -- descent and decay


def paths(walks: Mapping[str, Sequence[float]], title: str) -> Any:
    """Left: each path on the parabola x². Right: x after each step."""
    figure, (left, right) = panels(2, height=3.6)
    reach = max(5.5, *(float(np.max(np.abs(path))) * 1.08 for path in walks.values()))
    grid = np.linspace(-reach, reach, 241)
    left.plot(grid, grid**2, color=PALE, zorder=1)
    for (name, path), colour in zip(walks.items(), (BLUE, GREEN, RED, ORANGE, PURPLE, SKY), strict=False):
        path = np.asarray(path, float)
        left.plot(path, path**2, "o-", color=colour, lw=1.2, ms=5, alpha=0.85)
        right.plot(range(len(path)), path, "o-", color=colour, lw=1.6, ms=4, label=name)
    left.set(xlabel="x", ylabel="x²")
    left.set_title("With lr above .5 a step crosses the floor", fontsize=10)
    right.set(xlabel="step", ylabel="x")
    right.set_title(title, fontsize=10)
    right.axhline(0, color=GREY, lw=1)
    right.legend(fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    told = "; ".join(f"{name} ends at {path[-1]:.3g}" for name, path in walks.items())
    return shown(
        figure, f"Paths of gradient descent on the parabola x², and x after each step. From {path[0]:g}: {told}."
    )


def decay(rates: Mapping[str, Sequence[float]], walks: Mapping[str, Sequence[float]]) -> Any:
    """Left: learning rates over steps. Right: |x| of runs on x², on a log axis."""
    figure, (left, right) = panels(2, height=HEIGHT + 0.9)
    colours = (BLUE, ORANGE, GREEN, RED)
    for (name, rate), colour in zip(rates.items(), colours, strict=False):
        stairs = "steps-post" if len(set(rate)) < len(rate) else "default"
        left.plot(range(len(rate)), rate, drawstyle=stairs, color=colour, label=name)
    left.set(xlabel="step", ylabel="learning rate", ylim=(0, None), title="")
    left.set_title("A rate falls smoothly or in stairs", fontsize=10)
    left.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    for (name, walk), colour in zip(walks.items(), colours, strict=False):
        right.plot(range(len(walk)), np.maximum(np.abs(walk), 1e-12), color=colour, label=name)
    right.set(xlabel="step", ylabel="|x|", yscale="log", title="")
    right.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    ends = {name: abs(float(walk[-1])) for name, walk in walks.items()}
    right.set_title(f"On x², nearest at the end: {min(ends, key=ends.get)}", fontsize=10)
    told = "; ".join(f"{name}: {end:.2g}" for name, end in ends.items())
    return shown(
        figure,
        f"Left: learning rates over the steps, smooth or in stairs. Right: the distance from 0 at the end. {told}.",
    )


# -- what C++ code says


def printed(run: Callable[[], Any]) -> str:
    """What is printed while `run()` runs, by C++ code, too, past Python's own streams."""
    with tempfile.TemporaryFile() as file:
        out = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            run()
        finally:
            ctypes.CDLL(None).fflush(None)
            os.dup2(out, 1)
            os.close(out)
        file.seek(0)
        return file.read().decode(errors="replace")
