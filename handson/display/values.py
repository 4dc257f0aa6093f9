"""What the values of an image are like: their ends, whether they are whole, whether they are labels.

Windows, looks and the viewer's transport all start from these facts, so they are found once and in
one way. Arrays only: no place in the patient, no colour.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import ViewError

FEW_LABELS = 8  # so few whole numbers are labels, however they are spread
_FLAT = 0.6  # share of neighbours that are equal inside the areas of a label map
_LOOK_FIRST = 4096  # values that decide most often that not all are whole


@dataclass(frozen=True)
class Survey:
    """What one pass over the values found.

    low, high : least and greatest finite value
    whole : every finite value is a whole number
    nan, infinite : whether there are any
    empty : no value is finite
    """

    low: float
    high: float
    whole: bool
    nan: bool
    infinite: bool

    @property
    def empty(self) -> bool:
        return not self.low <= self.high

    @property
    def ends(self) -> tuple[float, float]:
        """(low, high), or zeros when no value is finite."""
        return (0.0, 0.0) if self.empty else (self.low, self.high)


def survey(data: np.ndarray) -> Survey:
    """Look at every value once, a slab at a time, along the axis that is slowest in memory.

    data : array of any shape, real numbers
    raises : ViewError for complex and other types that are not real numbers
    """
    if data.dtype.kind not in "buif":
        raise ViewError(
            f"values of type {data.dtype} cannot be shown as grey levels",
            "Show np.abs(data) or np.angle(data)."
            if data.dtype.kind == "c"
            else "Convert them to numbers.",
        )
    if data.dtype.kind in "bui":
        return Survey(float(data.min()), float(data.max()), True, False, False)
    low, high, nan, infinite = np.inf, -np.inf, False, False
    whole = _all_whole(sample(data, 4, _LOOK_FIRST // 4))
    for slab in slabs(data):
        values = slab
        if not (np.isfinite(slab.min()) and np.isfinite(slab.max())):
            nan = nan or bool(np.isnan(slab).any())
            infinite = infinite or bool(np.isinf(slab).any())
            values = slab[np.isfinite(slab)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            whole = whole and _all_whole(values)
    return Survey(low, high, whole, nan, infinite)


def slabs(data: np.ndarray) -> Iterator[np.ndarray]:
    """Views of `data` along its slowest axis, a few million values each."""
    slow = int(np.argmax(np.abs(data.strides)))
    step = max(1, int(4e6 // max(1, data.size // data.shape[slow])))
    for start in range(0, data.shape[slow], step):
        yield data[(slice(None),) * slow + (slice(start, start + step),)]


def sample(data: np.ndarray, slices: int = 16, values: int = 1 << 14) -> np.ndarray:
    """Up to `slices * values` finite values from slices spread over the slowest axis.

    returns : float64 array [n]
    """
    taken = [part.ravel(order="K") for part in _spread(data, slices)]
    out = np.concatenate([part[:: max(1, part.size // values)] for part in taken]).astype(float)
    return out[np.isfinite(out)]


def are_labels(data: np.ndarray, seen: Survey) -> bool:
    """Are these values names of areas rather than measurements?

    bool is; so are values that are only 0 and 1; so are whole numbers of an integer type, none of them
    negative, if they are few (`FEW_LABELS`) or lie in areas: next to a voxel is mostly the same value.
    A measured image of whole numbers is neither.
    """
    if data.dtype.kind == "b":
        return True
    if not seen.whole or seen.nan or seen.infinite or seen.low < 0:
        return False
    if seen.ends == (0.0, 1.0):
        return True
    if data.dtype.kind not in "ui":
        return False
    parts = list(_spread(data, 16))
    found: set[int] = set()
    for part in parts:
        found.update(np.unique(part).tolist())
    if len(found - {0}) <= FEW_LABELS:
        return True
    return max(_flatness(parts, axis) for axis in range(parts[0].ndim)) > _FLAT


def _flatness(parts: list[np.ndarray], axis: int) -> float:
    """Share of the neighbours along one axis, neither of them 0, that are equal."""
    equal = pairs = 0
    for part in parts:
        one, other = (np.take(part, range(*ends), axis) for ends in _neighbours(part.shape[axis]))
        inside = (one != 0) & (other != 0)
        equal, pairs = equal + int((inside & (one == other)).sum()), pairs + int(inside.sum())
    return equal / pairs if pairs else 0.0


def _neighbours(length: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (0, length - 1), (1, length)


def _spread(data: np.ndarray, slices: int) -> Iterator[np.ndarray]:
    """Slices spread over the slowest axis."""
    slow = int(np.argmax(np.abs(data.strides)))
    last, count = data.shape[slow] - 1, min(slices, data.shape[slow])
    for n in range(count):
        yield data[(slice(None),) * slow + (round(n * last / max(1, count - 1)),)]


def _all_whole(values: np.ndarray) -> bool:
    return bool((values == np.rint(values)).all())
