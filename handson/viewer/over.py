"""What lies over the pictures, drawn with Pillow as the page draws it: painting, crosshair, annotations, colour
bars, label names and the histogram. For the PNG that stays in a notebook and for `save_png`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..display import raster, words
from ..display.colours import MARKS, RGB
from ..display.look import Look
from ..display.values import sample
from ..display.windows import to_window
from ..display.words import LABELS, short
from . import annotations as marks

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from .base import Viewer

MARK, PAINT_ALPHA = (255, 213, 74), 115
PLANE_COLOURS = {"axial": "#7fd0ff", "coronal": "#ffd24a", "sagittal": "#8dff8d"}
_GREY = (70, 70, 70)  # of the part of a colour bar that the threshold hides
_BINS = 160


def paint(pixels: np.ndarray, viewer: "Viewer", plane: str, index: int) -> None:
    """The painted voxels of one slice over its pixels, in place, as paint.js does."""
    if not viewer.painted:
        return
    layout = viewer.volume.layout(plane, viewer.convention)
    here = layout.draw(viewer._painted.take(index, axis=layout.axis))
    mixed = np.array(MARK) * PAINT_ALPHA + pixels[here].astype(int) * (255 - PAINT_ALPHA)
    pixels[here] = (mixed + 127) // 255


class Over:
    """The pen over one picture. scale : pixels of the picture in a mm; size : of the picture, in pixels"""

    def __init__(self, pen: "ImageDraw", viewer: "Viewer", plane: str, index: int, scale: float, size, height):  # fmt: skip
        from PIL import ImageFont

        self.pen, self.viewer, self.plane, self.index = pen, viewer, plane, index
        self.scale, self.size, self.thin = scale, size, max(1, round(height / 360))
        self.layout = viewer.volume.layout(plane, viewer.convention)
        self.font: Any = ImageFont.load_default(max(10, height / 30))

    def at(self, ijk: Sequence[float]) -> tuple[float, float]:
        """A voxel (i, j, k) in pixels of the picture."""
        layout, shape = self.layout, self.viewer.volume.shape
        x, y = ijk[layout.horizontal], ijk[layout.vertical]
        x = shape[layout.horizontal] - 1 - x if layout.flip_horizontal else x
        y = shape[layout.vertical] - 1 - y if layout.flip_vertical else y
        return (x + 0.5) * layout.spacing[1] * self.scale, (y + 0.5) * layout.spacing[
            0
        ] * self.scale

    def write(
        self, place: tuple[float, float], text: str, anchor: str = "la", colour: str | RGB = "white"
    ) -> None:
        text = text.replace("−", "-")  # Pillow's font has no true minus
        self.pen.text(place, text, colour, self.font, anchor, stroke_width=2, stroke_fill="black")

    def crosshair(self) -> None:
        """The lines of the other two planes, free around the place."""
        if not self.viewer.show_crosshair or self.viewer.montage:
            return
        (x, y), gap = self.at(self.viewer.voxel), 16 * self.thin
        (width, height), axis = (
            self.size,
            {p: self.viewer.volume.layout(p).axis for p in PLANE_COLOURS},
        )
        for plane, colour in PLANE_COLOURS.items():
            if axis[plane] == self.layout.vertical:
                lines = [(0, y, x - gap, y), (x + gap, y, width, y)]
            elif axis[plane] == self.layout.horizontal:
                lines = [(x, 0, x, y - gap), (x, y + gap, x, height)]
            else:
                continue
            for line in lines:
                self.pen.line(line, colour, self.thin)

    def annotations(self) -> None:
        """Every annotation of this slice, with its numbers beside it."""
        volume = self.viewer.volume
        for each in self.viewer.annotations:
            ijk = volume.voxel(np.array(each.points))
            if self._lies_here(each, ijk):
                places = [self.at(p) for p in ijk]
                self._outline(each, places)
                right = max(places)
                self.write((right[0] + 8, right[1] - 6), "\n".join(self._said(each)), colour=MARK)

    def _lies_here(self, each, ijk) -> bool:
        along = ijk[:, self.layout.axis]
        if each.plane and each.plane != self.plane:
            return False
        if isinstance(each, marks.Region):
            return along.min() - 0.5 < self.index < along.max() + 0.5
        return bool((np.abs(along - self.index) < 0.5).all())

    def _outline(self, each, places):
        if isinstance(each, marks.Region):
            half = np.array(self.layout.spacing[::-1]) * self.scale / 2
            low, high = np.min(places, axis=0) - half, np.max(places, axis=0) + half
            self.pen.rectangle([*low, *high], outline=MARK, width=2 * self.thin)
        elif isinstance(each, marks.Ellipse):
            low, high = np.min(places, axis=0), np.max(places, axis=0)
            self.pen.ellipse([*low, *high], outline=MARK, width=2 * self.thin)
        elif len(places) > 1:
            closed = [*places, places[0]] if isinstance(each, marks.Freehand) else places
            self.pen.line(closed, "black", 4 * self.thin, joint="curve")
            self.pen.line(closed, MARK, 2 * self.thin, joint="curve")
            if isinstance(each, marks.Arrow):
                self._head(*places)

    def _head(self, tail, tip):
        direction = np.arctan2(tip[1] - tail[1], tip[0] - tail[0])
        for turned in (0.45, -0.45):
            back = (
                np.array([np.cos(direction + turned), np.sin(direction + turned)]) * 9 * self.thin
            )
            self.pen.line([tip, tuple(np.array(tip) - back)], MARK, 2 * self.thin)

    def _said(self, each) -> list[str]:
        """The lines beside an annotation, as readout.js writes them."""
        volume = self.viewer.volume
        units = {"mm": "mm", "detector": LABELS["mm_detector"], "none": LABELS["pixels"]}
        if isinstance(each, marks.Ruler):
            return [f"{words.mm(each.length)} {units[volume.scale]}"]
        if isinstance(each, marks.Angle):
            unsure = f" {LABELS['if_square']}" if volume.scale == "none" else ""
            return [f"{each.degrees:.1f}°{unsure}"]
        if not isinstance(each, marks.Area) or volume.rgb:
            return [each.text] if each.text else []
        found = each.measure(volume, self.viewer.time, plane=self.plane)
        unit = f" {volume.unit}" if volume.unit else ""
        size = "size_unscaled" if volume.scale == "none" else "size_text"
        spread = f"{found['sd']:.4g}" if found["n"] > 1 else "-"  # one value has none
        numbers = {"mean": f"{found['mean']:.4g}", "sd": spread, "unit": unit}
        return [
            LABELS["region_short"].format(**numbers),
            LABELS[size].format(n=found["n"], area=f"{found['area']:.1f}"),
        ]

    def level(self) -> None:
        """Width and level of the window, above what is said about the sides."""
        viewer = self.viewer
        if viewer.volume.rgb or viewer.look.labels:
            return
        centre, width = map(short, to_window(viewer.base.range, viewer.function))
        text = LABELS["level"].format(centre=centre, width=width).strip()
        self.write((4, self.size[1] - 8 - 1.3 * self.font.size), text, "lb")

    def keys(self) -> None:
        """A bar for each map of values, the name of each label, what the marks of the window mean."""
        viewer, right = self.viewer, self.size[0] - 14 * self.thin
        looks = [] if viewer.volume.rgb else [(viewer.look, viewer.volume.unit)]
        shown = [layer for layer in viewer.layers if layer.visible]
        looks += [(layer.look, layer.unit) for layer in shown if not layer.look.labels]
        for look, unit in [one for one in looks if not one[0].labels][::-1]:
            self._bar(look, unit, right)
            right -= 64 * self.thin
        y = self.size[1] * 0.5 + 14 * self.thin
        for layer in (layer for layer in shown if layer.look.labels):
            y = self._names(layer, y)
        if viewer.outside and not viewer.volume.rgb:
            for kind, colour in MARKS.items():
                words_of = LABELS["marks"][kind].replace(" {percent} %", "")
                y = self._chip(y, colour, words_of)

    def _bar(self, look: Look, unit, right):
        top, wide = self.size[1] * 0.09, 9 * self.thin
        tall = max(30, round(self.size[1] * 0.5 - 70 * self.thin))
        low, high = look.range
        values = np.linspace(high, low, tall)
        colours = raster.colours(values, Look(look.range, cmap=look.cmap, invert=look.invert))
        if look.threshold is not None:
            colours[~raster.is_shown(values, look)] = _GREY
        for row, colour in enumerate(colours):
            self.pen.line([(right - wide, top + row), (right, top + row)], tuple(map(int, colour)))
        self.pen.rectangle([right - wide, top, right, top + tall], outline="white")
        self.write((right - wide - 4, top), f"{short(high)} {unit}".strip(), "rm")
        self.write((right - wide - 4, top + tall), short(low), "rm")
        for value in look.threshold or ():
            if low < value < high:
                y = top + (high - value) / (high - low) * tall
                self.pen.line([(right - wide - 3, y), (right + 3, y)], "white", 2 * self.thin)
                self.write((right - wide - 6, y), short(value), "rm")

    def _names(self, layer, y):
        look = layer.look
        for value, name in list(look.names.items())[:8]:
            if look.shown is None or value in look.shown:
                colour = raster.colours(np.array([[float(value)]]), look)[0, 0]
                said = name if layer.is_mask else f"{value} {name}"
                y = self._chip(y, colour, said)
        return y

    def _chip(self, y, colour, text):
        side, right = 11 * self.thin, self.size[0] - 5
        self.pen.rectangle([right - side, y, right, y + side], tuple(map(int, colour)), "white")
        self.write((right - side - 5, y + side / 2), text, "rm")
        return y + side + 4


def histogram(viewer: "Viewer", width: int, height: int) -> "Image":
    """The values of the volume in bars, and the window over them."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (width, height), "black")
    pen = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(max(10, height / 10))
    low, high = viewer.base.seen.ends
    counts, _ = np.histogram(sample(viewer.volume.at(viewer.time).data), _BINS, (low, high if high > low else low + 1))  # fmt: skip
    top = max(1, np.sort(counts)[-2])
    floor, left, wide = height - font.size - 8, 8, width - 16
    for n, count in enumerate(counts):
        bar = min(count, top) / top * (floor - 6)
        pen.rectangle([left + n * wide / _BINS, floor - bar, left + (n + 1) * wide / _BINS, floor], (120, 120, 120))  # fmt: skip

    def x(value):
        return left + np.clip((value - low) / ((high - low) or 1), 0, 1) * wide

    ends = viewer.base.range
    pen.line([(left, floor), (x(ends[0]), floor), (x(ends[1]), 4), (left + wide, 4)], "#6cb6ff", 2)
    unit = f" {viewer.volume.unit}" if viewer.volume.unit else ""
    values = {"least": low, "most": high, "low": ends[0], "high": ends[1]}
    said = {name: short(value + 0.0).replace("−", "-") for name, value in values.items()}
    pen.text((left, height - 4), LABELS["histogram_text"].format(unit=unit, **said), "white", font, "lb")  # fmt: skip
    return image
