"""Notebooks that are not quite as the format wants them are read as Jupyter reads them; what is none is refused."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.folder import CourseError
from autograder.course.notebooks import read_notebook

WHOLE = new_notebook(
    cells=[new_markdown_cell("# Title", id="t"), new_code_cell("def f():\n    return 1", id="f")],
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
)
WAYS = {
    "no display name": lambda nb: nb["metadata"]["kernelspec"].pop("display_name"),
    "no kernel's name": lambda nb: nb["metadata"]["kernelspec"].pop("name"),
    "a kernel that is nothing": lambda nb: nb["metadata"].update(kernelspec=None),
    "a language without a name": lambda nb: nb["metadata"].update(language_info={"version": "3"}),
    "no metadata": lambda nb: nb.pop("metadata"),
    "authors, title": lambda nb: nb["metadata"].update(authors="me", title=3, orig_nbformat="x"),
    "fields of another program": lambda nb: [nb.update(vscode={}), nb["cells"][1].update(collapsed=True)],
    "no minor version": lambda nb: nb.pop("nbformat_minor"),
    "no outputs": lambda nb: [nb["cells"][1].pop("outputs"), nb["cells"][1].pop("execution_count")],
    "outputs that are nothing": lambda nb: nb["cells"][1].update(outputs=None, execution_count="7"),
    "outputs of no kind": lambda nb: nb["cells"][1].update(outputs=[{"output_type": "stream", "text": 1}, {}, 3]),
    "prose with outputs": lambda nb: nb["cells"][0].update(outputs=[], execution_count=None),
    "cells without metadata": lambda nb: [nb["cells"][0].pop("metadata"), nb["cells"][1].update(metadata=None)],
    "tags": lambda nb: nb["cells"][1]["metadata"].update(tags=["a", "a", "b,c", 1], collapsed="no", scrolled=7),
    "ids": lambda nb: [nb["cells"][0].update(id=1), nb["cells"][1].update(id="with blanks")],
    "no ids": lambda nb: [cell.pop("id") for cell in nb["cells"]],
    "a heading": lambda nb: nb["cells"][0].update(cell_type="heading", level=1),
    "attachments": lambda nb: nb["cells"][0].update(attachments={"a.png": {"image/png": 1}}),
}


def read(tmp_path, made):
    (tmp_path / "x.ipynb").write_text(made if isinstance(made, str) else json.dumps(made))
    return read_notebook(tmp_path / "x.ipynb")


@pytest.mark.filterwarnings("ignore")  # nbformat gives the ids that lack
@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_whose_form_alone_is_wrong_is_read(tmp_path, way):
    made = copy.deepcopy(dict(WHOLE))
    WAYS[way](made)
    if way != "no ids":  # which nbformat puts right by itself
        with pytest.raises((nbformat.ValidationError, AttributeError, KeyError, TypeError)):
            nbformat.validate(nbformat.from_dict(made))
    nb = read(tmp_path, made)
    nbformat.validate(nb)
    assert [(cell.cell_type, cell.source) for cell in nb.cells] == [
        ("markdown", "# Title"),
        ("code", "def f():\n    return 1"),
    ]
    assert nb.metadata.get("kernelspec", {}).get("display_name") in (None, "python3", "Python 3")


@pytest.mark.parametrize("cells", [None, [None], ["x"], [{"cell_type": "code", "source": 1}], [{"source": [["a"]]}]])
def test_what_is_no_notebook_is_refused(tmp_path, cells):
    with pytest.raises(CourseError, match="is not a Jupyter notebook") as told:
        read(tmp_path, {**WHOLE, "cells": cells})
    assert "\n" not in str(told.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(["", "a", "code", "stream"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "tags", "name", "text", "output_type", "data", "metadata"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["metadata", "nbformat_minor"]), anything),
    st.dictionaries(
        st.sampled_from(["cell_type", "metadata", "source", "outputs", "execution_count", "attachments", "id", "x"]),
        anything,
    ),
)
def test_whatever_stands_in_its_fields_it_is_read_or_refused(tmp_path_factory, about, cell):
    path = tmp_path_factory.getbasetemp() / "any.ipynb"
    path.write_text(json.dumps({**WHOLE, **about, "cells": [cell, *WHOLE.cells]}))
    try:
        nb = read_notebook(path)
    except CourseError as error:
        assert "\n" not in str(error)
        return
    nbformat.validate(nb)
    assert [c.source for c in nb.cells[1:]] == [c.source for c in WHOLE.cells]
