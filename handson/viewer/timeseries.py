"""A volume that changes in time: a slider for it, and the curve at the crosshair."""

from typing import ClassVar

from .base import Viewer


class TimeSeriesViewer(Viewer):
    """One picture of a 4-D volume, the time course of the voxel under the crosshair, and the mean of
    the region when one is drawn.

    Traits as `Viewer`; `time_course()` gives the numbers of both curves.
    """

    _SHOWN: ClassVar = {"show_crosshair": True, "curve": True}

    def time_course(self):
        """(voxel, region) values at all times, float64 [t]; region is None when there is none."""
        data = self.volume.data
        region = self.region_values()
        mean = None if region is None else region.reshape(-1, data.shape[3]).mean(axis=0)
        return data[self.voxel].astype(float), mean
