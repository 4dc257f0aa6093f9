"""One slice made ready for drawing: pixels, spacing, letters, what is said about sides, grey limits.

Left and right are decided by `sides.plane_layout` alone. No matplotlib here.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import ViewError
from ..sides import PLANES, edge_letters
from ..volume import Slice, Volume, array_volume
from ..windowing import presets

_SAYS_SIDE = {
    "radiological": "radiological: the patient's right is at the left",
    "neurological": "neurological: the patient's left is at the left",
}


@dataclass(frozen=True)
class Panel:
    """One picture ready for drawing."""

    pixels: np.ndarray  # [row, column] or [row, column, 3]
    spacing: tuple[float, float] | None  # (row, column) mm
    letters: dict[str, str]
    title: str  # "axial, z = 22.0 mm, slice 95 of 189"
    place: str  # "z = 22.0 mm"
    side: str  # what is said about left and right
    unit: str
    inverted: bool
    limits: tuple[float, float] | None  # values drawn black and white; None for colour
    grid: Volume | None  # the one slice as a volume, for layers
    layout: object = None
    at_detector: bool = False

    @property
    def aspect(self) -> float:
        return self.spacing[0] / self.spacing[1] if self.spacing else 1.0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in mm, or in pixels where there is no scale."""
        row, column = self.spacing or (1.0, 1.0)
        return self.pixels.shape[1] * column, self.pixels.shape[0] * row

    @property
    def alt(self) -> str:
        known = [f"{side} {letter}" for side, letter in self.letters.items() if letter]
        parts = [f"{self.title[:1].upper()}{self.title[1:]}", self.side]
        if known:
            parts.append("letters: " + ", ".join(known))
        parts.append(f"{self.size[0]:.0f} by {self.size[1]:.0f} mm" if self.spacing else "no scale")
        if self.limits:
            low, high = self.limits
            parts.append(f"grey from {low:.4g} to {high:.4g} {self.unit}".rstrip())
        return "; ".join(parts) + "."


def value_range(image, data, window):
    """(value drawn black, value drawn white)

    A window is PS3.3 C.11.2.1.2.1 (LINEAR, its half and its one) for what came from DICOM, and
    C.11.2.1.3.2 (LINEAR_EXACT) for the rest, whose values may all lie between 0 and 1.
    """
    if isinstance(window, str):
        known = presets(image.modality)
        if window not in known:
            names = ", ".join(known) or "none, since its values have no absolute scale"
            raise ViewError(f"there is no window {window!r} for this image", f"Known: {names}.")
        window = known[window]
    window = window or image.window
    if window is None:
        return _most(data)
    center, width = window
    if not width > 0:
        raise ViewError(f"a window of width {width} shows nothing", "Widths are above 0.")
    if image.modality and width > 1:
        center, width = center - 0.5, width - 1
    return center - width / 2, center + width / 2


def _most(data):
    """All values but the lowest and highest 0.5 %, found on at most about a million voxels."""
    step = max(1, int(np.ceil((data.size / 1_000_000) ** (1 / data.ndim))))
    sample = np.asarray(data[(slice(None, None, step),) * data.ndim], float)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = np.percentile(sample, (0.5, 99.5))
    if low == high:
        low, high = sample.min(), sample.max()
    return float(low), float(high) if high > low else float(low) + 1.0


def as_image(x, spacing=None):
    """(Slice or Volume, whether its mm are known); an array becomes one whose sides nobody states."""
    if isinstance(x, Slice | Volume):
        if spacing is not None:
            raise ViewError("spacing= is for arrays; this image has its own", "Leave spacing out.")
        return x, isinstance(x, Volume) or x.spacing is not None
    array = np.asarray(x)
    colour = array.ndim in (3, 4) and array.shape[-1] == 3 and array.dtype == np.uint8
    if array.ndim - colour == 2 and array.size:
        photometric = "RGB" if colour else "MONOCHROME2"
        return Slice(array, spacing, photometric=photometric), spacing is not None
    if array.ndim - colour == 3 and array.size:
        return array_volume(array, spacing), spacing is not None
    raise ViewError(
        f"an array of shape {array.shape} is neither a picture nor a stack of them",
        "Pass a Slice, a Volume, or an array [row, column] or [slice, row, column].",
    )


def as_volume(x, wanted):
    image, scaled = as_image(x)
    if not isinstance(image, Volume):
        raise ViewError(f"{wanted} need a volume, not a single slice", "Use picture().")
    return image, scaled


def volume_panel(volume, scaled, plane, mm, index, time, window, convention) -> Panel:
    section = volume.plane(plane, mm=mm, index=index, time=time, convention=convention)
    through = section.layout.axis
    start, stop = [0, 0, 0], list(volume.shape[:3])
    start[through], stop[through] = section.index, section.index + 1
    axis = "xyz"[PLANES[plane][0]]
    number = f"slice {section.index + 1} of {volume.shape[through]}"
    place = f"{axis} = {section.mm:.1f} mm" if volume.oriented else number
    if not volume.oriented:
        side = "side not stated"
    elif plane == "sagittal":
        side = "nose to the left" if section.letters["left"].startswith("A") else ""
    else:
        side = _SAYS_SIDE[convention]
    if volume.oriented and volume.obliquity >= 1:
        side = f"{side}; oblique {volume.obliquity:.0f}°".strip("; ")
    still = volume.at(time)
    return Panel(
        pixels=section.pixels,
        spacing=section.spacing if scaled else None,
        letters=section.letters,
        title=f"{plane}, {place}, {number}" if volume.oriented else f"{plane}, {number}",
        place=place,
        side=side,
        unit=volume.unit,
        inverted=volume.photometric == "MONOCHROME1",
        limits=None if volume.rgb else value_range(volume, still.data, window),
        grid=still.crop(start, stop),
        layout=section.layout,
    )


def _slice_panel(picture, window) -> Panel:
    """A Slice is drawn as its rows and columns are stored; its letters follow."""
    letters = dict.fromkeys(("left", "right", "top", "bottom"), "")
    side = "side not stated"
    if picture.affine is not None:
        letters = edge_letters(picture.affine[:3, 0], picture.affine[:3, 1])
        side = {
            "R": _SAYS_SIDE["radiological"],
            "L": _SAYS_SIDE["neurological"],
            "A": "nose to the left",
            "P": "nose to the right",
        }.get(letters["left"][:1], "")
    colour = picture.photometric == "RGB"
    return Panel(
        pixels=picture.pixels,
        spacing=picture.spacing,
        letters=letters,
        title="one slice",
        place="",
        side=side,
        unit=picture.unit,
        inverted=picture.photometric == "MONOCHROME1",
        limits=None if colour else value_range(picture, picture.pixels, window),
        grid=picture.as_volume(),
        at_detector=picture.at_detector,
    )


def panel_of(image, scaled, plane, mm, index, time, window, convention) -> Panel:
    if isinstance(image, Volume):
        return volume_panel(image, scaled, plane, mm, index, time, window, convention)
    return _slice_panel(image, window)
