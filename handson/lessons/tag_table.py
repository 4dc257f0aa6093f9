"""A searchable table of one DICOM header: tag, VR, keyword, value, whose it is, what it means.

pydicom's dictionaries name the elements; `elements.json` explains the few dozen that the lessons
use. The value of an element is shown as it is: this is a table for files that may be shown.
"""

import json
from pathlib import Path

import anywidget
import pydicom
import traitlets
from pydicom import Dataset
from pydicom.tag import Tag

from ..errors import counted
from .still import Still, html_table, labels, script

_HERE = Path(__file__).parent
_LABELS = labels("tag_table")
_MEANINGS = json.loads((_HERE / "elements.json").read_text(encoding="utf-8"))
_LONGEST = 60  # characters of a value


def rows(dataset: Dataset, depth: int = 0) -> list[list[str]]:
    """tag, VR, keyword or name, value, private creator, meaning: an element each, items of sequences below.

    dataset : `pydicom.Dataset`; a row in a sequence is indented by its depth
    """
    table = []
    for element in dataset:
        table.append(_row(dataset, element, depth))
        for item in element.value if element.VR == "SQ" else ():
            table += rows(item, depth + 1)
    return table


def _row(dataset, element, depth):
    creator = ""
    if element.tag.is_private and not element.tag.is_private_creator:
        block = Tag(element.tag.group, element.tag.element >> 8)
        creator = str(dataset[block].value) if block in dataset else "nobody"
    if element.VR == "SQ":
        value = counted(len(element.value), "item")
    elif isinstance(element.value, bytes):
        value = counted(len(element.value), "byte")
    else:
        value = str(element.value)
    short = value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    name = element.keyword or element.name.strip("[]")
    meaning = _MEANINGS.get(element.keyword, "")
    return [f"{'> ' * depth}{element.tag}", element.VR, name, short, creator, meaning]


class TagTable(Still, anywidget.AnyWidget):
    """The header of a DICOM file, with a search box over all columns.

    source : path, or a `pydicom.Dataset`
    query : what stands in the search box; every word of it must occur in a row
    """

    _esm = script("tag_table")
    _css = _HERE / "lessons.css"
    title = traitlets.Unicode().tag(sync=True)
    rows: traitlets.List = traitlets.List().tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    labels = traitlets.Dict(_LABELS).tag(sync=True)

    def __init__(self, source, query=""):
        if isinstance(source, pydicom.Dataset):
            dataset, name = source, type(source).__name__
        else:
            dataset, name = pydicom.dcmread(source, stop_before_pixels=True), Path(source).name
        table = [*rows(getattr(dataset, "file_meta", ())), *rows(dataset)]
        title = _LABELS["title"].format(name=name, count=len(table))
        super().__init__(title=title, rows=table, query=query)

    @property
    def found(self) -> list[list[str]]:
        """The rows that `query` leaves."""
        words = self.query.lower().split()
        return [row for row in self.rows if all(w in " ".join(row).lower() for w in words)]

    def still_text(self) -> str:
        lines = [" | ".join(filter(None, row)) for row in self.found]
        return "\n".join([self.title, *lines])

    def still_html(self) -> str:
        return html_table(self.title, _LABELS["columns"], self.found)
