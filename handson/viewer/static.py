"""The picture without a browser: the PNG that stays in a notebook, and what a viewer says in words.

Pixels come from `handson.display.raster`, words from `handson.display.words`; Pillow puts them together.
"""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from ..display import raster, words
from ..display.words import LABELS
from .canvas import SLABS
from .curve import curve
from .over import Over, histogram, paint

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from .base import Viewer

TILES = 12  # of a montage
MOST_BYTES = 100_000  # of a picture in a committed notebook


def sections(viewer: "Viewer") -> list[tuple[str, str]]:
    """(plane, what is drawn: "all", "base" or "layers") of each picture, left to right."""
    planes = [plane or viewer.plane for plane in viewer.canvas.panes]
    if viewer.compose != "side by side":
        return [(plane, "all") for plane in planes]
    return [(plane, part) for plane in planes for part in ("base", "layers")]


def picture(
    viewer: "Viewer", plane: str | None = None, part: str = "all", index: int | None = None
) -> np.ndarray:
    """One plane as the viewer draws it: uint8 [row, column, 3], one pixel a voxel.

    part : "all", "base" alone, or "layers" alone on black
    index : slice, by default the one on show
    """
    layout = viewer.volume.layout(plane or viewer.plane, viewer.convention)
    index = viewer.voxel[layout.axis] if index is None else index
    volume, at = viewer.slab_around(layout, index) or (viewer.volume, index)
    return raster.picture(
        volume,
        viewer.look,
        [(layer.volume, layer.look) for layer in viewer.layers],
        layout,
        at,
        time=0 if volume is not viewer.volume else viewer.time,
        compose=viewer.compose,
        split=viewer.split,
        part=part,
    )


# ---- the PNG ------------------------------------------------------------------------------------


def describe(viewer: "Viewer") -> str:
    """One sentence for a reader who cannot see it: what, which slice, which sides, what lies over it.

    It is saved with the notebook: a name that stands in the file may be a patient's and is left out.
    """
    volume = viewer.volume
    planes = dict.fromkeys(plane for plane, _ in sections(viewer))
    places = [(plane, viewer.voxel[volume.layout(plane).axis]) for plane in planes]
    return words.described(
        viewer.caption or volume.modality,
        [
            *(words.slice_phrase(volume, plane, index) for plane, index in places),
            *filter(None, [words.moment(volume, viewer.time), _slab_said(viewer)]),
        ],
        viewer.convention if volume.oriented else words.unplaced_sides(volume),
        [layer.safe_name for layer in viewer.layers if layer.visible],
        viewer.warning,
    )


def _slab_said(viewer: "Viewer") -> str:
    """What a thick slab shows, and that the layers over it are not thick; "" when there is none."""
    if viewer.slab == "off" or viewer.volume.rgb:
        return ""
    what = LABELS["slabs"][SLABS.index(viewer.slab)]
    said = LABELS["slab_text"].format(what=what, mm=f"{viewer.slab_mm:g}")
    over = any(layer.visible for layer in viewer.layers)
    return f"{said}, {LABELS['slab_layers']}" if over else said


def png(viewer: "Viewer", height: int = 360) -> bytes:
    """The pictures side by side as on the page, with letters, sides and scale."""
    return _bytes(_whole(viewer, height), describe(viewer))


def small_png(*viewers: "Viewer") -> bytes:
    """The same at 100 kB or less, for the output of a cell: colours are given up before size."""
    from PIL import Image

    whole = _compose([_whole(viewer, 360) for viewer in viewers])
    alt = "; ".join(map(describe, viewers))
    for size in (1.0, 0.8, 0.6, 0.45):
        scaled = whole.resize(
            [max(1, round(n * size)) for n in whole.size], Image.Resampling.LANCZOS
        )
        for image in (scaled, scaled.quantize(64)):
            data = _bytes(image, alt)
            if len(data) <= MOST_BYTES:
                return data
    return data


def _whole(viewer: "Viewer", height: int) -> "Image":
    if viewer.montage:
        pictures = _montage(viewer, height)
    else:
        parts = sections(viewer)
        pictures = _compose(
            [
                _panel(viewer, plane, part, height, first=not n)
                for n, (plane, part) in enumerate(parts)
            ]
        )
    if viewer.panel == "time":
        return _compose([pictures, curve(viewer, pictures.width, height / 360)], down=True)
    if viewer.panel == "histogram" and not viewer.volume.rgb:
        return _compose([pictures, histogram(viewer, pictures.width, height // 3)], down=True)
    return pictures


def _montage(viewer: "Viewer", height: int) -> "Image":
    """Slices spread over the plane on show, four in a row, as the page spreads them."""
    count = viewer.volume.shape[viewer.volume.layout(viewer.plane).axis]
    tiles = min(TILES, count)
    indices = [int((n + 0.5) * count / tiles) for n in range(tiles)]
    panels = [
        _panel(viewer, viewer.plane, "all", height // 2, index=index, first=not n)
        for n, index in enumerate(indices)
    ]
    return _compose([_compose(panels[n : n + 4]) for n in range(0, tiles, 4)], down=True)


def _bytes(image: "Image", description: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    # An international text chunk: names and units need not be Latin.
    info = PngInfo()
    info.add_itxt("Description", description)
    file = BytesIO()
    _plain(image).save(file, "PNG", compress_level=3, pnginfo=info)
    if file.tell() > MOST_BYTES:  # the last tenth costs ten times the time
        file = BytesIO()
        _plain(image).save(file, "PNG", optimize=True, pnginfo=info)
    return file.getvalue()


def _plain(image: "Image") -> "Image":
    """One channel where all three are the same."""
    if image.mode != "RGB":
        return image
    red, green, blue = map(np.asarray, image.split())
    return image.convert("L") if (red == green).all() and (green == blue).all() else image


def _panel(
    viewer: "Viewer",
    plane: str,
    part: str,
    height: int,
    index: int | None = None,
    first: bool = True,
) -> "Image":
    """One section in millimetres, as a Pillow image with what lies over it.

    index : slice, by default the one on show; first : whether window and colour bars are written here
    """
    from PIL import Image, ImageDraw, ImageFont

    layout = viewer.volume.layout(plane, viewer.convention)
    shown = viewer.voxel[layout.axis] if index is None else index
    pixels = picture(viewer, plane, part, shown)
    paint(pixels, viewer, plane, shown)
    down, across = (n * mm for n, mm in zip(pixels.shape[:2], layout.spacing, strict=True))
    scale = min(height / down, 2 * height / across)
    size = max(1, round(across * scale)), max(1, round(down * scale))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    over = Over(pen, viewer, plane, shown, scale, size, height)
    over.crosshair()
    over.annotations()
    for side, (x, y, anchor) in {
        "left": (4, size[1] / 2, "lm"),
        "right": (size[0] - 4, size[1] / 2, "rm"),
        "top": (size[0] / 2, 3, "mt"),
        "bottom": (size[0] / 2, size[1] - 4, "mb"),
    }.items():
        _write(
            pen, (x, y), layout.letters[side], anchor, ImageFont.load_default(max(12, height / 22))
        )
    small = ImageFont.load_default(max(10, height / 30))
    sides = words.sides_short(viewer.volume, viewer.convention)
    if viewer.warning:
        sides += f" · {LABELS['other_space']}"
    if slab := _slab_said(viewer):
        sides += f" · {slab}"
    if any(viewer.tilt):
        sides += f" · {LABELS['turned_not_saved']}"
    _write(pen, (4, size[1] - 4), sides, "lb", small)
    _scale_bar(pen, viewer.volume.scale, size, scale, small)
    if first:
        over.level()
        over.keys()
    if index is not None:
        _write(pen, (4, 4), str(shown + 1), "lt", small)
    return image


def _write(
    pen: "ImageDraw",
    place: tuple[float, float],
    text: str,
    anchor: str,
    font: "ImageFont | FreeTypeFont",
) -> None:
    if text:
        pen.text(place, text, "white", font, anchor, stroke_width=2, stroke_fill="black")


def _scale_bar(
    pen: "ImageDraw",
    kind: str,
    size: tuple[int, int],
    scale: float,
    font: "ImageFont | FreeTypeFont",
) -> None:
    """kind : `Volume.scale`; scale : pixels in a mm"""
    if kind == "none":
        _write(pen, (size[0] - 4, size[1] - 4), LABELS["no_scale"], "rb", font)
        return
    limit = min(size[0] / 3, size[1] / 3) / scale
    power = 10.0 ** np.floor(np.log10(limit))
    length = next(n * power for n in (5, 2, 1) if n * power <= limit * (1 + 1e-9))
    right, y = size[0] - 6, size[1] - 6
    for width, colour in ((4, "black"), (2, "white")):
        pen.line([(right - length * scale, y), (right, y)], colour, width)
    _write(pen, (right, y - 5), words.scale_words(length, kind), "rb", font)


def _compose(panels: list["Image"], down: bool = False) -> "Image":
    """Pictures side by side, or one below the other, on black."""
    from PIL import Image

    gap = 6
    sizes = np.array([panel.size for panel in panels])
    along = 1 if down else 0
    size = sizes.max(axis=0).tolist()
    size[along] = int(sizes[:, along].sum()) + gap * (len(panels) - 1)
    whole = Image.new("RGB", size, "black")
    at = 0
    for panel in panels:
        whole.paste(panel, (0, at) if down else (at, 0))
        at += panel.size[along] + gap
    return whole
