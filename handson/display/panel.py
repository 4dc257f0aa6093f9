"""One plane of an image made ready for drawing: values, look, letters, and what is said about it.

Left and right are decided by `sides.plane_layout` alone, colours by a `Look`. A figure draws a `Panel`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ViewError
from ..sides import PLANES, PlaneLayout
from ..volume import Slice, Volume
from . import raster, words
from .look import Look, base_look
from .values import Survey, survey
from .words import LABELS


@dataclass(frozen=True)
class Panel:
    """One plane ready for drawing.

    values : [row, column], or [row, column, 3] uint8 for colour
    look : how values become colours, None for colour
    volume, layout, index : the section of a volume that layers are sampled on
    title, place : "axial, z = 22.0 mm, slice 95 of 189" and "z = 22.0 mm"
    side : what is said about left and right
    """

    values: np.ndarray
    look: Look | None
    volume: Volume
    layout: PlaneLayout
    index: int
    letters: dict[str, str]
    title: str
    place: str
    side: str

    @property
    def unit(self) -> str:
        return self.volume.unit

    @property
    def spacing(self) -> tuple[float, float] | None:
        """(row, column) mm, None where no distance is known."""
        return None if self.volume.scale == "none" else self.layout.spacing

    @property
    def aspect(self) -> float:
        return self.layout.spacing[0] / self.layout.spacing[1]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in mm, or in pixels where there is no scale."""
        row, column = self.layout.spacing
        return self.values.shape[1] * column, self.values.shape[0] * row

    @property
    def alt(self) -> str:
        """A sentence that says what is to be seen."""
        known = [f"{side} {letter}" for side, letter in self.letters.items() if letter]
        parts = [f"{self.title[:1].upper()}{self.title[1:]}", self.side]
        if known:
            parts.append(LABELS["letters"].format(letters=", ".join(known)))
        parts.append(self._size_said())
        if self.look and not self.look.labels:
            low, high = self.look.range
            grey = LABELS["grey"].format(low=f"{low:.4g}", high=f"{high:.4g}", unit=self.unit)
            parts.append(grey.rstrip())
        return "; ".join(part for part in parts if part) + "."

    def _size_said(self) -> str:
        if self.spacing is None:
            return LABELS["no_scale"]
        template = LABELS["size_detector" if self.volume.scale == "detector" else "size"]
        return template.format(width=f"{self.size[0]:.0f}", height=f"{self.size[1]:.0f}")

    def sampled(self, layer: Volume, look: Look, time: int = 0) -> np.ndarray:
        """A layer's values on these pixels, float64 [row, column], NaN where it has none."""
        return raster.sampled(layer, self.volume, self.layout, self.index, look, time)

    def warned(self, warning: str) -> "Panel":
        """The same, with a warning beside what is said about the sides."""
        return replace(self, side="; ".join(part for part in (self.side, warning) if part))


def look_of(volume: Volume, window: Sequence[float] | str | None, cmap: str | None) -> Look | None:
    """The look of a base image; None for colour, which needs no window."""
    return None if volume.rgb else base_look(volume, _seen(volume), window, cmap)


def _seen(volume: Volume) -> Survey:
    return survey(volume.data)


def volume_panel(
    volume: Volume,
    look: Look | None,
    plane: str,
    mm: float | None,
    index: int | None,
    time: int,
    convention: str,
) -> Panel:
    """A plane of a volume: see `Volume.plane` for what the arguments mean."""
    section = volume.plane(plane, mm=mm, index=index, time=time, convention=convention)
    return Panel(
        values=section.pixels,
        look=look,
        volume=volume,
        layout=section.layout,
        index=section.index,
        letters=section.letters,
        title=words.slice_title(volume, plane, section.index),
        place=words.slice_place(volume, plane, section.index),
        side=words.sides_said(volume, plane, convention, section.letters),
    )


def shown_planes(volume: Volume) -> tuple[str, ...]:
    """The planes worth showing: all three, or the one that a single slice lies in."""
    single = tuple(p for p in PLANES if volume.shape[volume.layout(p).axis] == 1)
    return single[:1] or tuple(PLANES)


def slice_panel(picture: Slice, look: Look | None, convention: str) -> Panel:
    """A Slice, turned as the convention asks for; as it is stored where it states no place."""
    volume = picture.as_volume()
    (plane,) = shown_planes(volume)[:1]
    panel = volume_panel(volume, look, plane, None, 0, 0, convention)
    side = words.sides_of_slice(panel.letters)
    return replace(panel, title=LABELS["one_slice"], place="", side=side)


def panel_of(
    image: Volume | Slice,
    *,
    plane: str = "axial",
    mm: float | None = None,
    index: int | None = None,
    time: int = 0,
    window: Sequence[float] | str | None = None,
    convention: str = "radiological",
    cmap: str | None = None,
) -> Panel:
    """The plane of an image that a figure shows, with everything decided.

    raises : ViewError and GeometryError for planes, windows and slices that do not exist
    """
    whole = image if isinstance(image, Volume) else image.as_volume()
    look = look_of(whole, window, cmap)
    if isinstance(image, Slice):
        return slice_panel(image, look, convention)
    return volume_panel(image, look, plane, mm, index, time, convention)


def needs_volume(image: Volume | Slice, wanted: str) -> Volume:
    """raises : ViewError for a single slice, where `wanted` ("three planes") need a volume"""
    if isinstance(image, Slice):
        raise ViewError(f"{wanted} need a volume, not a single slice", "Use picture().")
    return image
