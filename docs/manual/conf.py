"""Sphinx's settings for the manual; `tools/manual.py` prepares the sources and builds it."""

import re

project = "Hands-on medical imaging"
author = "The maintainers of handson"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["**/*-mine*.ipynb"]
nb_execution_mode = "off"  # the lessons are stored with their outputs, which the tests hold
myst_heading_anchors = 3
# Widgets live in JupyterLab; a page shows the picture that stands beside each.
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None),
    ("html", "text/html", 10),
]
suppress_warnings = ["mystnb.unknown_mime_type"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signature shows them
html_theme = "pydata_sphinx_theme"
html_title = project
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
}
smartquotes = False  # "" is a value

FIELD = re.compile(r"^([A-Za-z_*][\w, *]*) : (.*)$")


def plain(line: str) -> str:
    """A line of our docstrings as reStructuredText: `code` is code, and * and | mean themselves."""
    parts = re.split(r"(`+[^`]*`+)", line)
    for n, part in enumerate(parts):
        if part.startswith("`"):
            ends = parts[n + 1][:1].isalnum()  # a letter glued to code needs a mark between them
            parts[n] = "``" + part.strip("`") + "``" + "\\ " * ends
        else:
            parts[n] = re.sub(r"([*|\\`]|_\b)", r"\\\1", part)
    return "".join(parts)


def fields(app, what, name, obj, options, lines):
    """`name : meaning` lines, as this package writes them, become a field list."""
    out, inside, code = [], False, False
    for line in lines:
        code = line.lstrip().startswith(">>>") or (code and bool(line.strip()))
        found = FIELD.match(line)
        if code:
            out.append(line)
        elif found:
            if not inside:
                out.append("")
            word, meaning = found[1], plain(found[2])
            if word == "returns":
                out.append(f":returns: {meaning}")
            elif word == "raises":
                out.append(f":raises: {meaning}")
            else:
                out.append(f":param {plain(word)}: {meaning}")
            inside = True
        elif inside and line.startswith("    "):
            out.append("    " + plain(line.strip()))
        else:
            if inside and line.strip():
                out.append("")
            inside = False
            out.append(plain(line))
    lines[:] = out


def setup(app):
    app.connect("autodoc-process-docstring", fields)
