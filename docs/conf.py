"""Sphinx configuration: Markdown pages, furo theme, nothing fetched from elsewhere."""

import leadapron

project = "Leadapron"
author = "The Leadapron contributors"
copyright = "The Leadapron contributors, Apache-2.0"
release = version = leadapron.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "images/README.md"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "code"  # docstrings quote code with single backticks
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "Leadapron"
html_copy_source = False
html_show_sphinx = False
