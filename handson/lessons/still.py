"""What the lessons' widgets share: their words, their script, and what they leave without a kernel.

GitHub, a printed page and a saved notebook show no widget. `Still` adds both forms to the output
of any ipywidget that provides them, so the lesson can be read there, too.
"""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

_HERE = Path(__file__).parent


class Still:
    """Mixin for widgets, named before the widget class.

    still_text() : plain text; still_html() : the same with its structure
    """

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data = {**data, "text/plain": self.still_text(), "text/html": self.still_html()}
        return data, metadata


def labels(widget: str) -> dict:
    """The words of one widget: all of them stand in labels.json, so a translation is one file."""
    return json.loads((_HERE / "labels.json").read_text(encoding="utf-8"))[widget]


def script(name: str) -> str:
    """`page.js` and `name`.js as one ES module: anywidget takes a text, which can import no neighbour."""
    parts = [(_HERE / f"{part}.js").read_text(encoding="utf-8") for part in ("page", name)]
    text = re.sub(r"^import .*?;\n", "", "\n".join(parts), flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)


def html_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a caption and headed columns; every cell is escaped.

    rows : sequences of as many texts as there are heads
    """
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>"
