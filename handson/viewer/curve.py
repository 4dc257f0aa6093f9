"""The curve under the pictures, as the PNG of a notebook shows it: what js/panels.js draws on the page."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..display import courses
from ..display.words import LABELS, short

if TYPE_CHECKING:
    from PIL.Image import Image

    from .base import Viewer

# Of the drawing, in pixels of a picture 360 high.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 112, 50, 10, 18, 32
# Of the bars of events, on black: orange, blue, green, pink of Okabe and Ito, mixed with it.
_BARS = ((84, 58, 0), (32, 66, 86), (0, 58, 42), (75, 44, 61))
# (points drawn, points left out) along the lines of voxel, region and painting.
_DASHES = ((1, 0), (6, 3), (2, 2))


def curve(viewer: "Viewer", width: int, scale: float = 1.0) -> "Image":
    """The curves against time, events as bars, the moment on show.

    width : of the pictures above, in pixels; scale : of lines and letters
    """
    from PIL import Image, ImageDraw, ImageFont

    size = min(max(width, round(320 * scale)), round(WIDTH * scale)), round(HEIGHT * scale)
    image = Image.new("RGB", size, "black")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(11 * scale)
    course = viewer.time_course()
    seconds, drawn = course.seconds, (course.voxel, course.region, course.painted)
    lines = [v for v in drawn if v is not None]
    if viewer.percent:
        lines = [courses.percent_change(values) for values in lines]
    at = np.arange(1, viewer.volume.n_volumes + 1) if seconds is None else seconds
    left, right = LEFT * scale, size[0] - RIGHT * scale
    top, bottom = TOP * scale, size[1] - BOTTOM * scale

    def x(moment):
        share = (np.clip(moment, at[0], at[-1]) - at[0]) / ((at[-1] - at[0]) or 1)
        return left + share * (right - left)

    _bars(pen, viewer.events, x, (top, bottom), font)
    known = np.concatenate(lines)
    known = known[np.isfinite(known)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    for values, dash in zip(lines, _DASHES, strict=False):
        y = bottom - (values - low) / ((high - low) or 1) * (bottom - top)
        _line(pen, np.column_stack([x(at), y]), [n * scale for n in dash], round(scale))
    now = x(at[viewer.time])
    pen.line([(now, top), (now, bottom)], "#2f81f7", round(2 * scale))
    pen.line([(left, top), (left, bottom), (right, bottom)], "gray", round(scale))
    for value, y, anchor in ((high, top, "rt"), (low, bottom, "rb")):
        pen.text((left - 4 * scale, y), _digits(value), "white", font, anchor)
    for moment in courses.ticks(float(at[0]), float(at[-1])):
        pen.line([(x(moment), bottom), (x(moment), bottom + 4 * scale)], "gray", round(scale))
        pen.text((x(moment), bottom + 5 * scale), _digits(moment), "white", font, "mt")
    axis = LABELS["curve_volumes" if seconds is None else "curve_seconds"]
    pen.text(((left + right) / 2, size[1] - 2 * scale), axis, "white", font, "mb")
    return image


def _digits(value):
    return short(value).replace("−", "-")  # Pillow's own typeface has no minus sign


def _bars(pen, events, x, rows, font):
    names = list(dict.fromkeys(name for _, _, name in events))
    named = set()
    for onset, duration, name in events:
        left, right = x(onset), max(x(onset + duration), x(onset) + 1)
        pen.rectangle([left, rows[0], right, rows[1]], _BARS[names.index(name) % len(_BARS)])
        if name not in named:
            named.add(name)
            pen.text((left, rows[0] - 3), name, "white", font, "lb")


def _line(pen, points, dash, width):
    """A line through finite points, drawn in short pieces: Pillow has no dashes of its own."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if not np.isfinite([y0, y1]).all():
            continue
        pieces = max(1, round(np.hypot(x1 - x0, y1 - y0)))
        for n in range(pieces):
            if (x0 + n * (x1 - x0) / pieces) % sum(dash) < dash[0]:
                ends = [
                    (x0 + m * (x1 - x0) / pieces, y0 + m * (y1 - y0) / pieces) for m in (n, n + 1)
                ]
                pen.line(ends, "white", width)
