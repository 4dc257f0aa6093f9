"""The picture that stays in a notebook when the kernel is gone.

A cell's output is three: a style, the PNG, the viewer. A notebook that is opened again without its kernel has no
viewer to show, and Lab would write "model not found" in its place: the style hides that and leaves the PNG. While
the viewer lives, the style hides the PNG. The style is the same for every viewer, so notebooks compare.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from IPython import get_ipython
from IPython.display import display

from . import static, turnover

if TYPE_CHECKING:
    from .base import Viewer

_CHILD = ".jp-OutputArea-child"
_FIRST = f"{_CHILD}:has(style.handson-still)"
_LIVES = ".ho-view"
STYLE = (
    f'<style class="handson-still">'
    f"{_FIRST} {{ display: none; }} "
    f"{_FIRST} + {_CHILD}:has(+ {_CHILD} {_LIVES}) {{ display: none; }} "
    f"{_FIRST} + {_CHILD} + {_CHILD}:not(:has({_LIVES})) {{ position: absolute; visibility: hidden; }}"
    f"</style>"
)
_VIEW = "application/vnd.jupyter.widget-view+json"


def bundle(
    viewers: Sequence["Viewer"], words: str, widget: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything in one bundle, for who asks for a representation; (data, metadata).

    viewers : those in the picture, left to right; words : the representation as text
    widget : the bundle as ipywidgets makes it
    """
    alt = "; ".join(map(static.describe, viewers))
    png = b64encode(static.small_png(*viewers)).decode()
    return {**widget, "text/plain": words, "image/png": png}, {"image/png": {"alt": alt}}


def show(whole: Any, viewers: Sequence["Viewer"], words: str, widget: Any) -> None:
    """Put style, picture and viewer below the cell that runs.

    whole : the widget that is shown: a viewer, or a row of them; other arguments as `bundle`
    """
    turnover.shown([whole], get_ipython())
    data, metadata = bundle(viewers, words, widget)
    view = {_VIEW: data.pop(_VIEW)} if _VIEW in data else {}
    display({"text/html": STYLE}, raw=True)
    display(data, metadata=metadata, raw=True)
    if view:
        display(view, raw=True)
