"""What the reader of a picture should know and its numbers do not say: window, remarks, spaces.

Needs the whole header; nothing here is needed to place or scale a frame.
"""

from collections.abc import Sequence

from pydicom import Dataset

from ..errors import ReadError
from .elements import number, numbers, private, text
from .frame import Frame
from .header import PHILIPS_2005
from .scaling import functional_groups, mapping, mapping_items


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


def notes(dataset: Dataset, frames: Sequence[Frame]) -> list[str]:
    """What a reader of these pictures should know and their numbers do not say.

    dataset : the whole header of the first frame's file
    """
    one = frames[0]
    told = []
    if one.file.format.photometric == "MONOCHROME1":
        told.append("MONOCHROME1: low values are drawn bright.")
    told += _padding(frames)
    planes = [g for g in range(0x6000, 0x6020, 2) if (g, 0x3000) in dataset]
    for group in planes:
        told.append(f"Overlay {group:04X} is not drawn: dataset.overlay_array(0x{group:04X}).")
    told += _loss(frames)
    told += _as_stored(dataset, one)
    told += _real_world(dataset, one)
    tag = private(dataset, PHILIPS_2005, 0x2005, 0x0E)
    if tag and (slope := number(dataset, tag)):
        told.append(
            f"Philips' private scale slope (2005,100E) is {slope:g}; it is not applied: values are "
            "those of the console, not comparable between scans."
        )
    return told


def _padding(frames) -> list[str]:
    """The values that mean "no image"; slices may differ in them."""
    shown = {
        tuple(sorted(end * one.scaling.slope + one.scaling.intercept for end in one.file.padding))
        for one in frames
        if one.file.padding and not one.scaling.table and one.file.modality != "SEG"
    }
    if len(shown) > 3:
        return [
            f"Some pixels are padding, not image; their values differ in {len(shown)} groups of slices."
        ]
    return [
        f"Pixels with the value {low:g} are padding, not image."
        if low == high
        else f"Pixels with values from {low:g} to {high:g} are padding, not image."
        for low, high in sorted(shown)
    ]


def _loss(frames) -> list[str]:
    files = {one.file for one in frames}
    lossy = sum(file.lossy for file in files)
    if not lossy:
        return []
    some = "" if lossy == len(files) else f" in {lossy} of {len(files)} files"
    return [f"Compressed with loss{some}: values are not exactly those measured."]


def _as_stored(dataset, one) -> list[str]:
    """Where a scale was to be expected and the file states none that can be used."""
    if one.scaling.stated:
        return []
    if one.file.modality == "RTDOSE":
        return ["DoseGridScaling is not stated: values are as stored, not a dose."]
    if number(dataset, "RescaleSlope") == 0:
        return ["RescaleSlope is 0, which would wipe out the picture: values are as stored."]
    return []


def _real_world(dataset, one) -> list[str]:
    """Which of its real-world value mappings were used."""
    if found := mapping(dataset, one.index):
        used = "used" if found == one.scaling else "not used"
        told = f"{found.slope:g} x stored + {found.intercept:g} {found.unit}".rstrip()
        return [f"A real-world mapping is {used}: {told}."]
    if items := mapping_items(dataset, one.index):
        why = "several hold for one unit" if len(items) > 1 else "it is not linear"
        return [f"Its real-world mapping is not used: {why}."]
    return []
