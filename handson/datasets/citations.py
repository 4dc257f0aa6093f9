"""The page CITATIONS.md: whom to thank for each data set, and under which terms. Made from the manifest."""

from .manifest import DataSet, load

_HEAD = """\
# Whom to cite for the data sets, and under which terms they come

Made from `data-manifest.yaml` by `handson data citations > CITATIONS.md`. Software: [CITATION.cff](CITATION.cff).
What the lessons cite, and what of it was checked: [docs/references.md](docs/references.md).
"""


def citations() -> str:
    """The text of the page."""
    return "\n".join([_HEAD, *map(_entry, load().values())])


def _entry(dataset: DataSet) -> str:
    lines = [f"## {dataset.id}", "", f"{dataset.title}.", "", f"- Cite: {dataset.citation}"]
    lines.append(f"- Licence: {dataset.licence}")
    if not dataset.commercial:
        lines.append("- Not for commercial use; publish no picture of it.")
    if dataset.tier == "download" and not dataset.redistribute:
        lines.append("- Fetch it where it is used; do not hand it on.")
    return "\n".join(lines) + "\n"
