"""Windows as the viewer holds them, (low, high), and as people say them, (centre, width).

Whole numbers follow DICOM's LINEAR, of which low = c - w/2 is the last black value and
high = c + w/2 - 1 the first white one; other values follow LINEAR_EXACT, c -+ w/2
(PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2). Stands on `handson.windowing`; knows no widget.
"""

import numpy as np

from .. import windowing
from ..errors import ViewError
from .encoding import sample


def to_range(window, whole) -> tuple[float, float]:
    """(centre, width) -> (low, high)

    >>> to_range((40, 400), whole=True), to_range((0.5, 1), whole=False)
    ((-160.0, 239.0), (0.0, 1.0))
    """
    try:
        centre, width = (float(x) for x in window)
    except (TypeError, ValueError):
        raise ViewError(
            f"{window!r} is no window", "Give (centre, width) in the unit of the values."
        ) from None
    if not np.isfinite([centre, width]).all() or width <= 0 or (whole and width < 1):
        raise ViewError(
            f"a window of width {width:g} around {centre:g} is impossible",
            "The width is at least 1 for whole numbers, above 0 for others.",
        )
    return centre - width / 2, centre + width / 2 - (1 if whole else 0)


def to_window(ends, whole) -> tuple[float, float]:
    """(low, high) -> (centre, width): the other way round."""
    low, high = ends
    width = high - low + (1 if whole else 0)
    return low + width / 2, width


def offered(volume, coding) -> dict[str, tuple[float, float]]:
    """Named windows for a volume, {name: (low, high)}, the one to start with first.

    The file's own comes first, then the modality's (Hounsfield units mean the same everywhere), then
    what the values suggest: magnetic resonance and PET have no absolute scale.
    """
    found = {}
    if volume.window is not None:
        found["from the file"] = to_range(volume.window, coding["whole"])
    for name, window in windowing.presets(volume.modality).items():
        found[name] = to_range(window, coding["whole"])
    values = sample(volume.data)
    if values.size:
        low, high = np.percentile(values, [1, 99.5])
        found["1 to 99.5 %"] = (float(low), float(high))
        found["middle half"] = tuple(float(x) for x in np.percentile(values, [25, 75]))
    found["whole range"] = (coding["low"], coding["high"])
    flat = {name for name, (low, high) in found.items() if low >= high}
    return {n: r for n, r in found.items() if n not in flat} or {
        "whole range": around(coding["low"])
    }


def around(value) -> tuple[float, float]:
    """A range for an image in which nothing varies: zero stays black, any other value is mid-grey."""
    half = max(0.5, abs(value) / 1000)
    return (value - half, value + half) if value else (0.0, 1.0)
