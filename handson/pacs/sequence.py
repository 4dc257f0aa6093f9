"""The sequence diagram: who said what to whom, drawn from recorded messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib import rcParams

from ..errors import ViewError
from .messages import Message

if TYPE_CHECKING:
    from ..figures import Picture

_STEP = 0.31  # inches from message to message
_COLOURS = {"A-": "0.55", "C-STORE": "C0", "C-FIND": "C2", "C-MOVE": "C1", "C-GET": "C1"}


def sequence(messages: Sequence[Message], milliseconds: bool = True) -> "Picture":
    """Draw messages as arrows between lifelines, the first at the top.

    messages : as a server recorded them, `pacs.events` or a part of it
    milliseconds : write beside each response how many milliseconds it took
    returns : a `handson.figures.Picture`; its `.alt` says the same in words

    Grey arrows open and close associations; a dashed arrow is a response.
    """
    from ..figures import Picture

    if not messages:
        raise ViewError("there is no message to draw", "Let the archive and its peers talk first.")
    titles = list(dict.fromkeys(t for m in messages for t in (m.sender, m.receiver)))
    place = {title: x for x, title in enumerate(titles)}
    height = _STEP * (len(messages) + 3)
    figure = Picture(figsize=(2.6 * max(len(titles), 2) + 1.2, height))
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(
        xlim=(-0.5, max(len(titles), 2) - 0.35),
        ylim=(len(messages) + 0.5, -2.2),
        label=_words(messages, titles),
    )
    ax.set_axis_off()
    for title, x in place.items():
        ax.plot([x, x], [-1, len(messages)], color="0.55", linewidth=1, zorder=0)
        ax.text(x, -1.4, title, ha="center", weight="bold", fontsize=11)
    for y, message in enumerate(messages):
        _arrow(ax, y, place[message.sender], place[message.receiver], message, milliseconds)
    return figure


def _arrow(ax, y, start, end, message, milliseconds):
    colour = next(
        (c for name, c in _COLOURS.items() if message.name.startswith(name)), rcParams["text.color"]
    )
    request = message.name.endswith("-RQ")
    ax.annotate(
        "",
        xy=(end, y),
        xytext=(start, y),
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "linestyle": "-" if request else "--",
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    status = "" if message.status is None else f"  0x{message.status:04X}"
    ax.text(
        (start + end) / 2,
        y - 0.12,
        message.name + status,
        ha="center",
        va="bottom",
        fontsize=9,
        color=colour,
        family="monospace",
    )
    if milliseconds and message.milliseconds is not None:
        ax.text(
            ax.get_xlim()[1] - 0.03,
            y,
            _rounded(message.milliseconds),
            ha="right",
            va="center",
            fontsize=9,
            color="0.55",
        )


def _rounded(milliseconds) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "< 1 ms"


def _words(messages, titles) -> str:
    """Runs of one message between the same two are counted, not repeated."""
    counted: dict[tuple, int] = {}
    for message in messages:
        key = message.sender, message.receiver, message.name
        counted[key] = counted.get(key, 0) + 1
    said = "; ".join(
        f"{sender} to {receiver}: {name}" + (f", {n} times" if n > 1 else "")
        for (sender, receiver, name), n in counted.items()
    )
    return f"Sequence diagram of {len(messages)} messages between {', '.join(titles)}. {said}."
