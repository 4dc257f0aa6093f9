"""What a widget leaves on a page without a kernel: the same content as text and as HTML.

GitHub, a printed page and a saved notebook show no widget. `Still` adds both forms to the output
of any ipywidget that provides them, so the lesson can be read there, too.
"""

from html import escape


class Still:
    """Mixin for widgets, named before the widget class.

    still_text() : plain text; still_html() : the same with its structure
    """

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data = {**data, "text/plain": self.still_text(), "text/html": self.still_html()}
        return data, metadata


def html_table(caption, heads, rows) -> str:
    """A table with a caption and headed columns; every cell is escaped.

    rows : sequences of as many texts as there are heads
    """
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>"
