"""The file CITATIONS: whom to thank for each data set, and under which terms. Made from the manifest."""

import textwrap

from .manifest import DataSet, load

_HEAD = """\
Whom to cite for the data sets, and under which terms they come.
Made from data-manifest.yaml by: handson data citations > CITATIONS
"""


def citations() -> str:
    """The text of the file."""
    return "\n".join([_HEAD, *map(_entry, load().values())])


def _entry(dataset: DataSet) -> str:
    terms = [] if dataset.commercial else ["Not for commercial use; publish no picture of it."]
    if dataset.tier == "download" and not dataset.redistribute:
        terms.append("Fetch it where it is used; do not hand it on.")
    lines = [
        f"{dataset.title}.",
        f"Cite: {dataset.citation}.",
        f"Licence: {dataset.licence}.",
        *terms,
    ]
    wrapped = (
        textwrap.fill(line, 98, break_long_words=False, break_on_hyphens=False) for line in lines
    )
    return f"{dataset.id}\n" + textwrap.indent("\n".join(wrapped), "    ") + "\n"
