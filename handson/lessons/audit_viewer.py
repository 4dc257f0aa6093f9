"""Before and after de-identification in one table: element, rule, both values, and whether a name is left.

The table is for invented patients: it shows what was there before. The engine's own report never does.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path

import anywidget
import traitlets
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.tag import BaseTag

from ..deidentify.profile import Profile
from ..errors import counted
from .still import Still, labels, script

_HERE = Path(__file__).parent
_LABELS = labels("audit_viewer")
_LONGEST = 48  # characters of a value


def flat(dataset: Dataset, path: str = "") -> dict[str, tuple[int, str, str]]:
    """Every element, in sequences too: "Sequence[0].Keyword" -> (tag, what to show, what to search).

    Of bytes their number is shown; they are searched as Latin-1, since a private element may hold text.
    """
    found = {}
    for element in dataset:
        name = path + (keyword_for_tag(element.tag) or str(element.tag))
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                found.update(flat(item, f"{name}[{number}]."))
        elif isinstance(element.value, bytes):
            found[name] = (
                element.tag,
                counted(len(element.value), "byte"),
                element.value.decode("latin-1"),
            )
        else:
            found[name] = element.tag, str(element.value), str(element.value)
    return found


def rows(before: Dataset, after: Dataset, known: Iterable[str]) -> list[list[str]]:
    """element, rule of PS3.15 Table E.1-1, before, after, "leak" or "", for each element of either.

    before, after : `pydicom.Dataset`; known : texts that must be gone, upper and lower case being one
    """
    profile, old, new = Profile(), flat(before), flat(after)
    table = []
    for name in old | new:  # the file's order; what was added stands last
        tag = BaseTag((old[name] if name in old else new[name])[0])
        rule = "private: X" if tag.is_private else profile.rule(tag)[0]
        then = old[name][1] if name in old else ""
        now = new[name][1] if name in new else _LABELS["removed"]
        whole = new[name][2].lower() if name in new else ""
        left = any(text.lower() in whole for text in known)
        table.append([name, rule, _short(then), _short(now), _LABELS["leak"] if left else ""])
    return table


def _short(text):
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class AuditViewer(Still, anywidget.AnyWidget):
    """The same header before and after, leaks marked in colour and in words.

    before, after : `pydicom.Dataset`; known : texts that must be gone from `after`
    Traits: query (the search box), filter (0 everything, 1 what changed, 2 leaks).
    """

    _esm = script("audit_viewer")
    _css = _HERE / "lessons.css"
    title = traitlets.Unicode().tag(sync=True)
    rows: traitlets.List = traitlets.List().tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    filter = traitlets.Int(0, min=0, max=2).tag(sync=True)
    labels = traitlets.Dict(_LABELS).tag(sync=True)

    def __init__(self, before, after, known, name="one header", filter=0):
        table = rows(before, after, list(known))
        super().__init__(title=_LABELS["title"].format(name=name), rows=table, filter=filter)

    @property
    def leaks(self) -> list[str]:
        """Names of the elements in which a known text is left."""
        return [row[0] for row in self.rows if row[4]]

    def _listed(self):
        return [
            row
            for row in self.rows
            if self.filter == 0 or (row[2] != row[3] if self.filter == 1 else row[4])
        ]

    def _counted(self):
        return _LABELS["count"].format(leaks=len(self.leaks), count=len(self.rows))

    def still_text(self) -> str:
        lines = [" | ".join(filter(None, row)) for row in self._listed()]
        return "\n".join([self.title, self._counted(), *lines])

    def still_html(self) -> str:
        head = "".join(f'<th scope="col">{escape(text)}</th>' for text in _LABELS["columns"])
        body = "".join(_html_row(row) for row in self._listed())
        caption = escape(f"{self.title}: {self._counted()}")
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>"


def _html_row(row) -> str:
    red = ' style="color: #b00020"' if row[4] else ""
    return f"<tr{red}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
