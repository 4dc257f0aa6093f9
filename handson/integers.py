"""Whole numbers stay whole: the type that holds them after a whole slope and intercept."""

import numpy as np

_TYPES = tuple(map(np.dtype, (np.int16, np.uint16, np.int32, np.uint32, np.int64)))


def integer_type(stored: np.dtype, low: int, high: int) -> np.dtype | None:
    """The stored type where it holds low to high, else the smallest type from its size on; None beyond int64."""
    for dtype in (stored, *_TYPES):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max and dtype.itemsize >= stored.itemsize:
            return dtype
    return None
