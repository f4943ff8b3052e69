"""Formulas as MathML, by docutils' own converter: browsers draw it by themselves, offline and in print."""

from __future__ import annotations

import re

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

# LaTeX that the converter does not know → what it knows and looks the same
SAME = ((re.compile(r"\\dots\b"), r"\\ldots"), (re.compile(r"\\[bB]igg?[lr]?(?![a-zA-Z])"), ""))
LOG = logging.getLogger(__name__)


def mathml(latex: str, block: bool) -> str:
    """One formula. Raises `docutils.utils.math.MathError` for LaTeX that the converter does not know."""
    for unknown, known in SAME:
        latex = unknown.sub(known, latex)
    return latex2mathml.tex2mathml(latex, as_block=block)


def _visit(block: bool):
    def visit(translator, node: nodes.Element) -> None:
        try:
            formula = mathml(node.astext(), block)
        except MathError as error:
            LOG.warning("a formula that cannot be drawn: %s", error, location=node)
            formula = f"<code>{translator.encode(node.astext())}</code>"
        translator.body.append(f'<div class="math">{formula}</div>' if block else formula)
        raise nodes.SkipNode

    return visit


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("mathml", inline_renderers=(_visit(False), None), block_renderers=(_visit(True), None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
