"""Whether distances are known, and where: in the patient, at the detector, in an ultrasound region.

PS3.3 10.7 (spacing and its calibration) and C.8.5.5 (ultrasound regions). A picture without a stated
spacing has no millimetres, and none is invented.
"""

from dataclasses import dataclass

import pydicom
from pydicom import Dataset

from ..errors import ReadError
from .elements import number, numbers, text, value
from .frame import Frame


@dataclass(frozen=True, slots=True)
class Scale:
    """spacing : (row, column) mm, or None; stated : `Volume.scale`; notes : what to say about them."""

    spacing: tuple[float, float] | None
    stated: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A calibrated part of an ultrasound picture (PS3.3 C.8.5.5).

    rows, columns : (first, last) pixel, both included, from 0
    spacing : (row, column) mm, or None
    why : why there are no millimetres: "its axes count s and cm/s"; "" when there are
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    spacing: tuple[float, float] | None
    why: str = ""


def scale_of(one: Frame, dataset: Dataset) -> Scale:
    """What the file states about distances in this frame.

    dataset : the whole header
    """
    detector = _pair(dataset, "ImagerPixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    if one.spacing:
        calibrated = text(dataset, "PixelSpacingCalibrationType")
        at_detector = one.spacing == detector and not calibrated
        return Scale(one.spacing, "detector" if at_detector else "mm")
    if detector:
        told = "Spacing holds at the detector: the patient is magnified."
        return Scale(detector, "detector", (told,))
    if regions := regions_of(dataset):
        return _in_regions(regions)
    if ratio := _pair(dataset, "PixelAspectRatio"):
        told = f"The file states no spacing; its pixels are {ratio[0]:g} : {ratio[1]:g} (height : width)."
        return Scale(None, "none", (told,))
    return Scale(None, "none")


def _in_regions(regions) -> Scale:
    """The spacing of a picture whose ultrasound regions all have the same one."""
    steps = {region.spacing for region in regions}
    if len(steps) == 1 and None not in steps:
        told = "Spacing holds within the ultrasound region only."
        return Scale(steps.pop(), "mm", (told,))
    measured = sum(region.spacing is not None for region in regions)
    if not measured:
        told = f"No ultrasound region of it measures distances: {regions[0].why}."
    elif len(regions) == measured:
        told = "Its ultrasound regions have scales of their own: handson.dicom.regions_of(dataset)."
    else:
        told = (
            f"{measured} of its {len(regions)} ultrasound regions state millimetres: "
            "handson.dicom.regions_of(dataset) tells which."
        )
    return Scale(None, "none", (told,))


_UNITS = {0: "nothing", 1: "%", 2: "dB", 3: "cm", 4: "s", 5: "Hz", 6: "dB/s", 7: "cm/s", 8: "cm2",
          9: "cm2/s", 10: "cm3", 11: "cm3/s", 12: "degrees"}  # fmt: skip
_FORMATS = {
    0: "not of a known kind",
    2: "an M-mode",
    3: "a spectrum",
    4: "a waveform",
    5: "a graph",
}


def regions_of(dataset: pydicom.Dataset) -> tuple[UltrasoundRegion, ...]:
    """The calibrated regions of an ultrasound picture; () when it has none."""
    return tuple(map(_region, value(dataset, "SequenceOfUltrasoundRegions") or ()))


def _region(item) -> UltrasoundRegion:
    x0, x1, y0, y1 = (
        int(number(item, f"RegionLocation{name}") or 0)
        for name in ("MinX0", "MaxX1", "MinY0", "MaxY1")
    )
    spacing, why = _region_spacing(item)
    return UltrasoundRegion((y0, y1), (x0, x1), spacing, why)


def _region_spacing(item):
    """(row, column) mm of a two-dimensional region in centimetres, or None and why not."""
    form = number(item, "RegionSpatialFormat")
    if form != 1:
        return (
            None,
            f"it is {_FORMATS.get(form, 'not of a known kind')}, not a picture in two dimensions",
        )
    units = number(item, "PhysicalUnitsYDirection"), number(item, "PhysicalUnitsXDirection")
    if units != (3, 3):
        down, across = (_UNITS.get(unit, "something unknown") for unit in units)
        return None, f"its axes count {down} down and {across} across, not cm"
    steps = number(item, "PhysicalDeltaY"), number(item, "PhysicalDeltaX")
    if not all(steps):
        return None, "its distance from pixel to pixel is not stated"
    return tuple(round(abs(step) * 10, 9) for step in steps), ""


def _pair(dataset, keyword) -> tuple | None:
    try:
        found = numbers(dataset, keyword)
    except ReadError:
        return None
    return found if len(found) == 2 and min(found) > 0 else None
