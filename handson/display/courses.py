"""Courses in time: the numbers of a curve and of its axis, decided once for the page, the PNG and the figures.

A course holds one value for each volume of a series. Knows no widget and no figure.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import ViewError
from ..volume import Volume


class TimeCourse(NamedTuple):
    """What a viewer's curves show, each float64 [t].

    seconds : when each volume begins, counted from the first; None when the file states no time
    voxel : the values at the crosshair
    region, painted : the mean of the finite values in there; None when nothing is drawn
    """

    seconds: np.ndarray | None
    voxel: np.ndarray
    region: np.ndarray | None = None
    painted: np.ndarray | None = None


class Event(NamedTuple):
    """Something that happened during a series: onset and duration in s from the first volume."""

    onset: float
    duration: float
    name: str


def mean_course(volume: Volume, mask: np.ndarray) -> np.ndarray:
    """The mean of the finite values in a mask, volume by volume, float64 [t]; NaN where there are none.

    mask : bool [i, j, k], on the volume's own grid
    """
    values = volume.data[mask].astype(float)
    finite = np.isfinite(values)
    counts = finite.sum(axis=0)
    sums = np.where(finite, values, 0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def percent_change(values: np.ndarray) -> np.ndarray:
    """How far each value is from the mean of the finite ones, in percent of it; NaN where that mean is 0.

    >>> percent_change(np.array([90.0, 100.0, 110.0]))
    array([-10.,   0.,  10.])
    """
    values = np.asarray(values, float)
    finite = values[np.isfinite(values)]
    mean = finite.mean() if finite.size else 0.0
    return 100 * (values - mean) / mean if mean else np.full(values.shape, np.nan)


def events(rows: Iterable[Sequence]) -> tuple[Event, ...]:
    """(onset, duration, name) rows, numbers or text, as a BIDS events.tsv holds them, in order of onset.

    raises : ViewError for a row that is not three values, or whose times are not possible
    """
    found = []
    for row in rows:
        try:
            onset, duration, name = row
            event = Event(float(onset), float(duration), str(name))
        except (TypeError, ValueError):
            event = None
        if event is None or not (math.isfinite(event.onset) and 0 <= event.duration < math.inf):
            raise ViewError(
                f"{row!r} is not an event", "Give (onset, duration, name), times in seconds."
            )
        found.append(event)
    return tuple(sorted(found))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends, `most` at most: steps of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 238)
    [0.0, 50.0, 100.0, 150.0, 200.0]
    """
    span = high - low
    if not span > 0:
        return [float(low)]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(n * power for n in (1, 2, 5, 10, 20) if n * power * (most - 1) >= span * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
