"""Sphinx's configuration of the website. `python -m website` writes the pages and calls Sphinx with it."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

project = "TensorFlow from first principles"
author = copyright = "the maintainers of tf-first-principles"
extensions = ["myst_nb", "sphinx_copybutton", "website.mathml", "website.access"]
exclude_patterns = ["downloads"]  # the notebooks that students get: files, not pages
html_math_renderer = "mathml"
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = [str(Path(__file__).with_name("static"))]
html_css_files = ["course.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_persistent": [],  # the search is in the sidebar already
    "use_download_button": False,
    "use_source_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 1,
    "toc_title": "On this page",
}
nb_execution_mode = "off"
nb_code_prompt_show = "Show the solution"
nb_code_prompt_hide = "Hide the solution"
nb_merge_streams = False
myst_enable_extensions = ["dollarmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = [
    "mystnb.unknown_mime_type",  # the verdict beside its HTML
    "myst.header",  # lessons use #### for what is small
    "misc.highlighting_failure",
]
copybutton_selector = "div.highlight pre"
if os.environ.get("SITE_URL"):
    html_baseurl = os.environ["SITE_URL"]
