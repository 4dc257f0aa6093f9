"""A volume that changes in time: a slider for it, and the curve at the crosshair."""

from typing import ClassVar

from .base import Viewer


class TimeSeriesViewer(Viewer):
    """One picture of a 4-D volume, and the time course of the voxel under the crosshair, of the region
    and of what is painted.

    Traits as `Viewer`; `time_course()` gives the numbers of the curves.
    """

    _SHOWN: ClassVar[dict[str, bool]] = {"show_crosshair": True}
