"""Segmentations, as far as reading them as a volume goes: values, and slices that were left out.

PS3.3 A.51 and C.8.20: frames without a marked pixel may be left out, so the distance of the slices is
that of PixelMeasures; values of a FRACTIONAL object are shares of MaximumFractionalValue. Names, codes
and overlaps are the business of `handson.segmentations`.
"""

from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset

from ..errors import ReadError
from .elements import number, text
from .scaling import Scaling

if TYPE_CHECKING:
    from .enhanced import Groups


def fractional(dataset: Dataset) -> Scaling | None:
    """The scaling of a FRACTIONAL segmentation to 0 .. 1; None of anything else.

    raises : ReadError when the greatest value is not stated
    """
    if text(dataset, "SegmentationType") != "FRACTIONAL":
        return None
    greatest = number(dataset, "MaximumFractionalValue")
    if not greatest or greatest < 0:
        raise ReadError(
            "is a FRACTIONAL segmentation without a MaximumFractionalValue: its values have no scale",
            "Ask for the file again.",
        )
    unit = text(dataset, "SegmentationFractionalType").casefold()
    return Scaling(1 / greatest, 0.0, unit if unit in ("probability", "occupancy") else "")


def segment_number(groups: "Groups") -> int | None:
    found = groups.number("SegmentIdentificationSequence", "ReferencedSegmentNumber")
    return None if found is None else int(found)


def slots(along: np.ndarray, step: float) -> np.ndarray | None:
    """The index of each slice on a grid of `step` mm that leaves room for empty slices.

    along : mm along the normal, ascending
    returns : whole numbers from 0; None when the slices do not lie on such a grid
    """
    found = (np.asarray(along) - along[0]) / step
    whole = np.round(found).astype(int)
    return whole if np.abs(found - whole).max() < 0.05 else None
