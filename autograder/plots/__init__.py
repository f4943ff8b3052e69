"""The course's pictures: one palette, one size. One module a chapter draws its own; this one holds what they share."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib import cycler

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
    "#6B7280",
)
"""Okabe and Ito's colour-blind safe palette (2008), with a grey for what is not the point."""

PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, GREY)
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
WIDTH, HEIGHT = 8.0, 3.2  # inches: readable at half the width of a page

STYLE = {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E7EB",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=PALETTE),
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "image.cmap": "gray",
}


def use_style() -> None:
    """Make this the look of every figure drawn from now on."""
    plt.rcParams.update(STYLE)


def panels(
    columns: int = 1, rows: int = 1, *, height: float = HEIGHT, width: float = WIDTH, **options: Any
) -> tuple[Any, Any]:
    """A figure of `rows` × `columns` axes in the course's size: (figure, axes) as plt.subplots gives them."""
    use_style()
    return plt.subplots(rows, columns, figsize=(width, height * rows), **options)


def shown(figure: Any, alt: str) -> Any:
    """The figure, let go of (a cell whose last line it is shows it once) and with a text in its place for who cannot see it.

    alt: one or two sentences: what is drawn, and what there is to see in it. JupyterLab gives no such text to a picture of
    type image/png; so the figure is shown as HTML, with the picture in it.
    """
    plt.close(figure)
    figure.alt = " ".join(alt.split())
    # not as a mimebundle, to which IPython would add the picture once more, as image/png
    figure._ipython_display_ = lambda: display(
        {"text/html": as_html(figure), "text/plain": f"[{figure.alt}]"}, raw=True
    )
    return figure


def as_html(figure: Any) -> str:
    """An <img> element with the figure and its `alt` in it."""
    buffer = io.BytesIO()
    # tight, as Jupyter saves figures: else what stands over axes of a fixed shape is cut off
    figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{html.escape(figure.alt)}" src="data:image/png;base64,{data}" style="max-width:100%">'


def images(pictures: Any, titles: Sequence[str] | None = None, *, columns: int = 8, title: str = "") -> Any:
    """A grid of gray pictures [n, height, width] with a short title each."""
    rows = -(-len(pictures) // columns)
    figure, axes = panels(columns, rows, height=WIDTH / columns * (1.25 if titles is not None else 1.0), squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.axis("off")
        if i < len(pictures):
            ax.imshow(pictures[i], cmap="gray_r", vmin=0)
            if titles is not None:
                ax.set_title(titles[i], fontsize=9, fontweight="normal", loc="center")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    return figure


use_style()
