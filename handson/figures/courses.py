"""`course` draws values against time, with what happened meanwhile as bars."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory
from numpy.typing import ArrayLike

from ..display.courses import events as as_events
from ..display.courses import percent_change
from ..errors import ViewError
from .drawing import Picture, figure_of
from .layers import LABEL_COLOURS, LABEL_DASHES

_FEW = 30  # volumes that are drawn as points, too


def course(
    seconds: Sequence[float] | None,
    courses: ArrayLike | Mapping[str, ArrayLike],
    *,
    events: Iterable[Sequence] = (),
    percent: bool = False,
    unit: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Values of a voxel or a region against time.

    seconds : when each volume begins, [t], as `Volume.seconds`; None draws against the volume's number
    courses : values [t], or {name: values [t]} for several lines
    events : (onset, duration, name) each, in s: drawn as bars, named at the first of each name
    percent : draw each line as its change from its own mean, in percent
    unit : of the values, "" when none is known
    returns : the figure, a `Picture`
    raises : ViewError when a line does not have one value for each volume
    """
    given = courses if isinstance(courses, Mapping) else {"": courses}
    lines = {name: np.asarray(values, float) for name, values in given.items()}
    count = len(next(iter(lines.values()))) if seconds is None else len(seconds)
    for name, values in lines.items():
        if values.shape != (count,):
            raise ViewError(
                f"the course {name!r} has the shape {values.shape} for {count} volumes",
                "Give one value for each volume.",
            )
    happened = as_events(events)
    if happened and seconds is None:
        raise ViewError(
            "events are in seconds, and nobody says when the volumes were taken",
            "Give seconds: the time from volume to volume stands in the header, or in the protocol.",
        )
    if ax is None:
        ax = Picture(figsize=(8, 3.2), layout="constrained").add_subplot()
    _bars(ax, happened)
    for (name, values), dash in zip(lines.items(), LABEL_DASHES * len(lines), strict=False):
        shown = percent_change(values) if percent else values
        at = np.arange(count) if seconds is None else seconds
        few = "o" if count <= _FEW else None
        ax.plot(at, shown, dash, marker=few, label=name or None)
    unit = f"({unit})" if "/" in unit else unit
    label = "change from the mean / %" if percent else f"value / {unit}" if unit else "value"
    time = "number of the volume" if seconds is None else "time / s"
    ax.set(xlabel=time, ylabel=label)
    ax.margins(x=0.01, y=0.12)
    if any(lines):
        ax.legend(loc="best", fontsize="small", framealpha=0.8)
    if title:
        ax.set_title(title, loc="left")
    ax.set_label(_alt(lines, seconds, happened, label))
    return figure_of(ax)


def _bars(ax, happened):
    names = list(dict.fromkeys(event.name for event in happened))
    above = blended_transform_factory(ax.transData, ax.transAxes)
    named = set()
    for event in happened:
        colour = LABEL_COLOURS[names.index(event.name) % len(LABEL_COLOURS)]
        bar = (event.onset, event.onset + event.duration)
        ax.axvspan(*bar, color=colour, alpha=0.3, linewidth=0 if event.duration else 1, gid="event")
        if event.name not in named:
            named.add(event.name)
            ax.text(event.onset, 0.98, f" {event.name}", transform=above, va="top", color=colour)


def _alt(lines, seconds, happened, label):
    """What is drawn, for who cannot see it."""
    names = ", ".join(name for name in lines if name) or "one line"
    values = np.concatenate(list(lines.values()))
    last = f"0 to {seconds[-1]:g} s" if seconds is not None else f"{len(values)} volumes"
    said = f"Course in time of {names}, {last}; {label}"
    counts = {e.name: sum(o.name == e.name for o in happened) for e in happened}
    bars = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"{said}; bars: {bars}." if bars else f"{said}."
