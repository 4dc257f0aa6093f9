"""The picture without a browser: NumPy draws what the page draws, for the PNG that stays in a notebook.

`picture` is also the reference that the browser's pixels are tested against, so it starts from the
volume's own values, never from the codes that were sent. Stands on NumPy and Pillow.
"""

from io import BytesIO

import numpy as np

from ..volume import round_half_up
from .models import LABELS, colour_table, label_positions

MARKS = {"below": (0, 90, 255), "above": (255, 140, 0), "nan": (190, 0, 190)}
MOST_BYTES = 100_000  # of a picture in a committed notebook


def ramp(values, low, high) -> np.ndarray:
    """values -> positions 0..255 on a colour map, uint8: black up to `low`, white from `high` on.

    >>> ramp(np.array([-160, 40, 239]), -160, 239)
    array([  0, 128, 255], dtype=uint8)
    """
    values = np.asarray(values, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        q = np.floor((values - low) / (high - low) * 255 + 0.5) if high > low else values * 0
        q = np.where(values <= low, 0, np.where(values >= high, 255, q))
    return np.nan_to_num(q).astype(np.uint8)


def sections(viewer) -> list[tuple[str, str]]:
    """(plane, what is drawn: "all", "base" or "layers") of each picture, left to right."""
    planes = [plane or viewer.plane for plane in viewer.canvas.panes]
    if viewer.compose != "side by side":
        return [(plane, "all") for plane in planes]
    return [(plane, part) for plane in planes for part in ("base", "layers")]


def picture(viewer, plane=None, part="all") -> np.ndarray:
    """One section as the page draws it: uint8 [row, column, 3], one pixel a voxel.

    part : "all", "base" alone, or "layers" alone on black
    """
    plane = plane or viewer.plane
    layout = viewer.volume.layout(plane, viewer.convention)
    base = viewer.volume.at(viewer.time)
    # An index, not np.take, which copies the whole of an array that is stored slice by slice.
    index = (slice(None),) * layout.axis + (viewer.voxel[layout.axis],)
    section = layout.draw(base.data[index])
    if part == "layers":
        out = np.zeros((*section.shape[:2], 3), np.uint8)
    elif base.rgb:
        out = section.copy()
    else:
        out = _grey(section, viewer.base, viewer.outside)
    if part != "base":
        mask = _mask(viewer, out.shape)
        for layer in viewer.layers:
            if layer.visible:
                _blend(out, _sample(viewer, layer, layout), layer, mask)
    return out


def _grey(section, layer, marks):
    section = np.asarray(section, float)
    low, high = layer.range
    out = colour_table(layer.cmap)[_positions(section, layer)]
    if marks:
        out[section < low], out[section > high] = MARKS["below"], MARKS["above"]
    out[np.isnan(section)] = MARKS["nan"] if marks else (0, 0, 0)
    return out


def _positions(values, layer):
    q = label_positions(values) if layer.label_names is not None else ramp(values, *layer.range)
    return 255 - q if layer.invert else q


def _sample(viewer, layer, layout):
    """Values of a layer on the pixels of a section, float [row, column]; NaN where there is none."""
    from scipy.ndimage import map_coordinates

    shape = viewer.volume.shape
    ijk = np.zeros((3, shape[layout.vertical], shape[layout.horizontal]))
    ijk[layout.axis] = viewer.voxel[layout.axis]
    rows, columns = np.arange(shape[layout.vertical]), np.arange(shape[layout.horizontal])
    ijk[layout.vertical] = (rows[::-1] if layout.flip_vertical else rows)[:, np.newaxis]
    ijk[layout.horizontal] = columns[::-1] if layout.flip_horizontal else columns
    there = np.moveaxis(layer.volume.voxel(viewer.volume.world(np.moveaxis(ijk, 0, -1))), -1, 0)
    data = layer.volume.at(min(viewer.time, layer.volume.frames - 1)).data
    top = np.array(data.shape).reshape(3, 1, 1) - 0.5
    inside = ((there > -0.5) & (there < top)).all(axis=0)
    if layer.interpolate:
        # Rounding noise of the two affines must not mix in a neighbour (a NaN) of weight 1e-16.
        near = np.rint(there)
        there = np.where(np.abs(there - near) < 1e-6, near, there)
        values = map_coordinates(data.astype(float), there, order=1, mode="nearest")
    else:
        size, near = np.array(data.shape).reshape(3, 1, 1), round_half_up(there)
        inside = ((near >= 0) & (near < size)).all(axis=0)
        i, j, k = np.clip(near, 0, size - 1)
        values = data[i, j, k].astype(float)
    return np.where(inside, values, np.nan)


def _mask(viewer, shape):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    if viewer.compose == "curtain":
        return (columns < viewer.split * shape[1]) & (rows >= 0)
    if viewer.compose == "checkerboard":
        size = max(shape[:2]) / 8
        return (np.floor(columns / size) + np.floor(rows / size)) % 2 == 0
    return np.ones(shape[:2], bool)


def _blend(out, values, layer, mask):
    size = np.abs(values) if layer.two_sided else values
    low, high = layer.threshold
    with np.errstate(invalid="ignore"):
        shown = (size >= low) & (size <= high)
    if layer.shown is not None:
        shown &= np.isin(values, layer.shown)
    drawn = shown & mask
    if layer.outline:
        drawn &= _edges(shown, values if layer.label_names is not None else None)
    alpha = int(np.floor(layer.opacity * 255 + 0.5))
    labels = layer.label_names is not None
    colours = (
        layer.label_rgb(values) if labels else colour_table(layer.cmap)[_positions(values, layer)]
    )
    colours = colours.astype(int)
    mixed = (colours * alpha + out.astype(int) * (255 - alpha) + 127) // 255
    out[drawn] = mixed[drawn]


def _edges(shown, labels):
    """Pixels with a neighbour, of the four, that is not drawn or is another label."""
    inner = np.pad(shown, 1)
    values = np.pad(
        np.where(shown, 0 if labels is None else labels, np.nan), 1, constant_values=np.nan
    )
    middle = values[1:-1, 1:-1]
    edge = np.zeros(shown.shape, bool)
    for rows, columns in ((slice(2, None), slice(1, -1)), (slice(None, -2), slice(1, -1)),
                          (slice(1, -1), slice(2, None)), (slice(1, -1), slice(None, -2))):  # fmt: skip
        edge |= ~inner[rows, columns] | (values[rows, columns] != middle)
    return edge


# ---- the PNG ------------------------------------------------------------------------------------


def describe(viewer) -> str:
    """One sentence for who cannot see the picture: what, which slice, which sides, what lies over it."""
    named = [viewer.volume.name or LABELS["viewer"]]
    named += [
        slice_phrase(viewer, plane) for plane in dict.fromkeys(p for p, _ in sections(viewer))
    ]
    named.append(viewer.convention if viewer.volume.oriented else LABELS["side_not_stated"])
    over = [layer.name or "layer" for layer in viewer.layers if layer.visible]
    return ", ".join(named) + (f"; over it: {', '.join(over)}" if over else "")


def slice_phrase(viewer, plane) -> str:
    volume = viewer.volume
    axis = volume.layout(plane).axis
    index = viewer.voxel[axis]
    words = {
        "plane": LABELS["planes"][plane],
        "n": index + 1,
        "count": volume.shape[axis],
        "axis": "ijk"[axis],
        "index": index,
        "world": {"sagittal": "x", "coronal": "y", "axial": "z"}[plane],
        "mm": _mm(volume.position(plane, index)),
    }
    return LABELS["slice_placed" if volume.oriented else "slice_unplaced"].format(**words)


def _mm(x):
    return f"{0.0 if abs(x) < 0.05 else x:.1f}".replace("-", "−")


def png(viewer, height=360) -> bytes:
    """The pictures side by side as on the page, with letters, sides and scale."""
    return _bytes(_whole(viewer, height), describe(viewer))


def small_png(viewer) -> bytes:
    """The same at 100 kB or less, for the output of a cell: colours are given up before size."""
    from PIL import Image

    whole = _whole(viewer, 360)
    for size in (1.0, 0.8, 0.6, 0.45):
        scaled = whole.resize(
            [max(1, round(n * size)) for n in whole.size], Image.Resampling.LANCZOS
        )
        for image in (scaled, scaled.quantize(64)):
            data = _bytes(image, describe(viewer))
            if len(data) <= MOST_BYTES:
                return data
    return data


def _whole(viewer, height):
    return _compose([_panel(viewer, plane, part, height) for plane, part in sections(viewer)])


def _bytes(image, description):
    from PIL.PngImagePlugin import PngInfo

    # An international text chunk: names and units need not be Latin.
    info = PngInfo()
    info.add_itxt("Description", description)
    file = BytesIO()
    image.save(file, "PNG", optimize=True, pnginfo=info)
    return file.getvalue()


def _panel(viewer, plane, part, height):
    """One section in millimetres, as a Pillow image with what is written over it."""
    from PIL import Image, ImageDraw, ImageFont

    layout = viewer.volume.layout(plane, viewer.convention)
    pixels = picture(viewer, plane, part)
    down, across = (n * mm for n, mm in zip(pixels.shape[:2], layout.spacing, strict=True))
    scale = min(height / down, 2 * height / across)
    size = max(1, round(across * scale)), max(1, round(down * scale))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
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
    sides = viewer.convention if viewer.volume.oriented else LABELS["side_not_stated"]
    _write(pen, (4, size[1] - 4), sides, "lb", small)
    _scale_bar(pen, viewer, size, scale, small)
    return image


def _write(pen, place, text, anchor, font):
    if text:
        pen.text(place, text, "white", font, anchor, stroke_width=2, stroke_fill="black")


def _scale_bar(pen, viewer, size, scale, font):
    if viewer.scale == "none":
        _write(pen, (size[0] - 4, size[1] - 4), LABELS["no_scale"], "rb", font)
        return
    limit = min(size[0] / 3, size[1] / 3) / scale
    power = 10.0 ** np.floor(np.log10(limit))
    mm = next(n * power for n in (5, 2, 1) if n * power <= limit * (1 + 1e-9))
    right, y = size[0] - 6, size[1] - 6
    for width, colour in ((4, "black"), (2, "white")):
        pen.line([(right - mm * scale, y), (right, y)], colour, width)
    words = LABELS["scale_detector" if viewer.scale == "detector" else "scale_mm"].format(
        mm=f"{mm:g}"
    )
    _write(pen, (right, y - 5), words, "rb", font)


def _compose(panels):
    from PIL import Image

    gap = 6
    size = sum(p.width for p in panels) + gap * (len(panels) - 1), max(p.height for p in panels)
    whole = Image.new("RGB", size, "black")
    x = 0
    for panel in panels:
        whole.paste(panel, (x, 0))
        x += panel.width + gap
    return whole
