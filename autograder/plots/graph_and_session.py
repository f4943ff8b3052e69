"""The pictures of chapter 08, graph and session. A GraphDef is only read here, never run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch

from . import BLUE, GREEN, GREY, HEIGHT, ORANGE, PALETTE, PURPLE, RED, SKY, panels

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


def _short(name: str, limit: int = 17) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def _draw(ax: Any, graph_def: Any, title: str, keep: set[str] | None = None) -> None:
    """One graph: boxes with the op type and the name, arrows along which tensors flow; what is not in `keep` is pale."""
    place = layout(graph_def)
    wide, high = 0.9, 0.56
    alive = {name: keep is None or name in keep for name in place}
    for node in graph_def.node:
        x, y = place[node.name]
        for source, control in _inputs(node):
            x0, y0 = place[source]
            on = alive[source] and alive[node.name]
            ax.annotate(
                "",
                (x, y + high / 2),
                (x0, y0 - high / 2),
                arrowprops={
                    "arrowstyle": "-|>",
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
        ax.text(x, y + 0.11, _short(node.op), ha="center", va="center", fontsize=8, color=ink, weight="bold", zorder=4)
        ax.text(x, y - 0.13, _short(node.name), ha="center", va="center", fontsize=7.5, color=ink, zorder=4)
    xs, ys = zip(*place.values(), strict=True)
    middle, reach = (min(xs) + max(xs)) / 2, max((max(xs) - min(xs)) / 2 + 0.55, 1.05)
    ax.set(xlim=(middle - reach, middle + reach), ylim=(min(ys) - 0.4, max(ys) + 0.4), title=title)
    ax.axis("off")


def graphs(named: Mapping[str, Any], keep: Sequence[set[str] | None] | None = None) -> Any:
    """One or more GraphDefs side by side, each under its title; with `keep`, the nodes outside of it are pale."""
    keep = keep or [None] * len(named)
    places = [layout(definition) for definition in named.values()]
    spread = [max(2.1, np.ptp([x for x, _ in place.values()]) + 1.1) for place in places]
    rows = max(1 - min(y for _, y in place.values()) for place in places)
    figure, axes = panels(len(named), height=0.72 * rows + 0.75, squeeze=False, gridspec_kw={"width_ratios": spread})
    for ax, (title, definition), kept in zip(axes[0], named.items(), keep, strict=True):
        _draw(ax, definition, title, kept)
    found = [kind for kind in KINDS if any(_kind(n.op) == kind for d in named.values() for n in d.node)]
    marks = [axes[0, 0].plot([], [], "s", mfc="white", mec=KINDS[kind][0], mew=2, ms=9)[0] for kind in found]
    figure.legend(marks, found, loc="outside lower center", ncols=3, fontsize=9)
    return figure


# -- sessions and seeds


def sessions(draws: Mapping[str, Sequence[float]], title: str) -> Any:
    """What each session drew, one row a session; equal values in one column are joined by a line."""
    figure, ax = panels(height=2.6)
    names, values = list(draws), np.array(list(draws.values()), float)  # [sessions, draws]
    for k in range(values.shape[1]):
        ax.plot(values[:, k], range(len(names)), "-", color=PALE, lw=1.5, zorder=1)
        ax.plot(values[:, k], range(len(names)), "o", color=PALETTE[k % len(PALETTE)], ms=13, zorder=2)
        for row, value in enumerate(values[:, k]):
            ax.text(
                value, row, str(k + 1), color="white", ha="center", va="center", fontsize=9, weight="bold", zorder=3
            )
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5), xlabel="the value that came out")
    ax.set_title(title)
    return figure


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
    left.set(xlabel="x", ylabel="x²", title="On the curve")
    right.set(xlabel="step", ylabel="x", title=title)
    right.axhline(0, color=GREY, lw=1)
    right.legend(fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return figure


def decay(rates: Mapping[str, Sequence[float]], walks: Mapping[str, Sequence[float]]) -> Any:
    """Left: learning rates over steps. Right: |x| of runs on x², on a log axis."""
    figure, (left, right) = panels(2, height=HEIGHT + 0.3)
    colours = (BLUE, ORANGE, GREEN, RED)
    for (name, rate), colour in zip(rates.items(), colours, strict=False):
        left.plot(range(len(rate)), rate, color=colour, label=name, lw=2.4 if colour == BLUE else 1.8)
    left.set(xlabel="step", ylabel="learning rate", ylim=(0, None), title="Smooth, or in stairs")
    left.legend(fontsize=9)
    for (name, walk), colour in zip(walks.items(), colours, strict=False):
        right.plot(range(len(walk)), np.maximum(np.abs(walk), 1e-12), color=colour, label=name)
    right.set(xlabel="step", ylabel="|x|", yscale="log", title="On x², a falling rate stops short")
    right.legend(fontsize=9)
    return figure
