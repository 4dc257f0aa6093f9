"""What the reader of a picture should know and its numbers do not say: window, remarks, spaces.

Needs the whole header; nothing here is needed to place or scale a frame.
"""

from pydicom import Dataset

from ..errors import ReadError
from .elements import number, numbers, private, text
from .frame import Frame
from .header import PHILIPS_2005
from .values import functional_groups, mapping


def header_window(dataset: Dataset, one: Frame) -> tuple[float, float] | None:
    """(centre, width) that the file proposes first for this frame, in the frame's unit."""
    for item in functional_groups(dataset, one.index, "FrameVOILUTSequence") or [dataset]:
        try:
            centers, widths = numbers(item, "WindowCenter"), numbers(item, "WindowWidth")
        except ReadError:
            return None
        if centers and widths and widths[0] > 0:
            return _in_frame_unit(centers[0], widths[0], dataset, one)
    return None


def window_function(dataset: Dataset, one: Frame) -> str:
    """The VOILUTFunction (PS3.3 C.11.2.1.3) stated beside the window of this frame; "" when none is."""
    for item in functional_groups(dataset, one.index, "FrameVOILUTSequence") or [dataset]:
        stated = text(item, "VOILUTFunction").upper()
        return stated if stated in ("LINEAR", "LINEAR_EXACT", "SIGMOID") else ""
    return ""


def _in_frame_unit(center, width, dataset, one):
    """Windows hold behind the rescale; a real-world mapping that took its place moves them along."""
    used = mapping(dataset, one.index)
    if used is None or one.scaling != used:
        return center, width
    slope, intercept = number(dataset, "RescaleSlope") or 1.0, number(dataset, "RescaleIntercept")
    stored = (center - (intercept or 0.0)) / slope
    return stored * used.slope + used.intercept, width / abs(slope) * abs(used.slope)


def notes(dataset: Dataset, one: Frame) -> list[str]:
    """What a reader of this picture should know and its numbers do not say."""
    told = []
    if one.file.format.photometric == "MONOCHROME1":
        told.append("MONOCHROME1: low values are drawn bright.")
    padding = number(dataset, "PixelPaddingValue")
    if padding is not None and not one.scaling.table and one.file.modality != "SEG":
        shown = padding * one.scaling.slope + one.scaling.intercept
        told.append(f"The value {shown:g} is padding: there is no image.")
    planes = [g for g in range(0x6000, 0x6020, 2) if (g, 0x3000) in dataset]
    for group in planes:
        told.append(f"Overlay {group:04X} is not drawn: dataset.overlay_array(0x{group:04X}).")
    if text(dataset, "LossyImageCompression") == "01":
        told.append("Compressed with loss: values are not exactly those measured.")
    if number(dataset, "RescaleSlope") == 0:
        told.append("RescaleSlope is 0, which would wipe out the picture: values are as stored.")
    if found := mapping(dataset, one.index):
        used = "used" if found == one.scaling else "not used"
        told.append(
            f"A real-world mapping is {used}: {found.slope:g} x stored + {found.intercept:g} "
            f"{found.unit}".rstrip()
            + "."
        )
    tag = private(dataset, PHILIPS_2005, 0x2005, 0x0E)
    if tag and (slope := number(dataset, tag)):
        told.append(
            f"Philips' private scale slope (2005,100E) is {slope:g}; it is not applied: values are "
            "those of the console, not comparable between scans."
        )
    return told
