"""Voxels to pixels: one plane of a volume, with layers over it, as colours.

The reference of every picture. matplotlib's figures and the viewer's PNG use these functions; the
browser mirrors them in `viewer/js` (sample.js, window.js, paint.js), and `tests/test_mirror.py` holds the
two together. Everything starts from the volume's own values. NumPy and SciPy; no widget, no figure.
"""

from collections.abc import Sequence

import numpy as np

from ..sides import PlaneLayout
from ..volume import Volume, round_half_up
from .colours import MARKS, colour_table, label_positions, label_rgb
from .look import Look

COMPOSITIONS = ("blend", "curtain", "checkerboard", "side by side")
_MANY = 1 << 16  # pixels: more than there are numbers of 16 bits
_TINY = 1e-6  # voxels: rounding noise of two affines


def positions(values: np.ndarray, look: Look) -> np.ndarray:
    """Values -> positions on a colour map, uint8 of the same shape: 0 at the range's low end, 255 at its high.

    NaN has the position 0.

    >>> positions(np.array([-160, 40, 239]), Look((-160, 239)))
    array([  0, 128, 255], dtype=uint8)
    """
    if look.labels:
        at = label_positions(values)
    else:
        at = np.floor(fraction(values, look) * 255 + 0.5).astype(np.uint8)
    return 255 - at if look.invert else at


def fraction(values: np.ndarray, look: Look) -> np.ndarray:
    """Values -> 0..1 between the two ends of the range, not inverted, float64; NaN becomes 0."""
    values, (low, high) = np.asarray(values, np.float64), look.range
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        if look.function == "SIGMOID" and high > low:
            part = 1 / (1 + np.exp(-4 * (values - (low + high) / 2) / (high - low)))
        else:
            part = (values - low) / (high - low) if high > low else np.zeros_like(values)
            part = np.where(values <= low, 0.0, np.where(values >= high, 1.0, part))
    return np.nan_to_num(part)


def colours(values: np.ndarray, look: Look) -> np.ndarray:
    """Values -> colours, uint8 [..., 3]: through the window and the colour map, or a label's own.

    NaN is black; with `look.marks` it and the values outside the range have the colours `MARKS`.
    """
    values = np.asarray(values)
    if values.dtype.kind in "iu" and values.size > _MANY:
        first, last = int(values.min()), int(values.max())
        if last - first < _MANY:  # each whole number is coloured once
            return _looked_up(values, first, colours(np.arange(first, last + 1), look))
    if look.labels:
        out = label_rgb(values, look.colours, look.cmap)
    else:
        out = colour_table(look.cmap)[positions(values, look)]
    if look.marks and not look.labels:
        low, high = look.range
        out[values < low] = MARKS["below"]
        out[values > high] = MARKS["above"]
    if values.dtype.kind == "f":
        out[np.isnan(values)] = MARKS["nan"] if look.marks else (0, 0, 0)
    return out


def _looked_up(values: np.ndarray, first: int, every: np.ndarray) -> np.ndarray:
    """every[values - first], in parts: NumPy's indices take 8 bytes a pixel."""
    flat, out = values.reshape(-1), np.empty((values.size, every.shape[1]), every.dtype)
    for start in range(0, values.size, _MANY):
        part = slice(start, start + _MANY)
        out[part] = every[np.subtract(flat[part], first, dtype=np.int64)]
    return out.reshape(*values.shape, -1)


def is_shown(values: np.ndarray, look: Look) -> np.ndarray:
    """Which values of a layer are drawn, bool of the same shape. NaN never is."""
    low, high = look.threshold or (-np.inf, np.inf)
    size = np.abs(values) if look.two_sided else values
    with np.errstate(invalid="ignore"):
        shown = (size >= low) & (size <= high)
    return shown if look.shown is None else shown & np.isin(values, look.shown)


def edges(shown: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Pixels with a neighbour, of the four, that is not drawn or is another label: bool [row, column]."""
    inner = np.pad(shown, 1)
    areas = np.where(shown, 0 if labels is None else labels, np.nan)
    areas = np.pad(areas, 1, constant_values=np.nan)
    middle = areas[1:-1, 1:-1]
    edge = np.zeros(shown.shape, bool)
    for rows, columns in ((slice(2, None), slice(1, -1)), (slice(None, -2), slice(1, -1)),
                          (slice(1, -1), slice(2, None)), (slice(1, -1), slice(None, -2))):  # fmt: skip
        edge |= ~inner[rows, columns] | (areas[rows, columns] != middle)
    return edge & shown


def section(volume: Volume, layout: PlaneLayout, index: int, time: int = 0) -> np.ndarray:
    """One slice of a volume in picture order: [row, column], or [row, column, 3] for colour.

    A view: nothing is copied.
    """
    # An index, not np.take, which copies the whole of an array that is stored slice by slice.
    return layout.draw(volume.at(time).data[(slice(None),) * layout.axis + (index,)])


def sampled(
    layer: Volume, base: Volume, layout: PlaneLayout, index: int, look: Look, time: int = 0
) -> np.ndarray:
    """A layer's values on the pixels of a section of the base, found by world coordinates.

    layout, index : the section, of the base
    returns : float64 [row, column], NaN where the layer's grid has no value
    """
    from scipy.ndimage import map_coordinates  # slow to import, and not every picture has layers

    there = _places(layer, base, layout, index)
    data = layer.at(min(time, layer.n_volumes - 1)).data
    size = np.array(data.shape).reshape(3, 1, 1)
    if look.interpolation == "linear":
        # Rounding noise of the two affines must not mix in a neighbour (a NaN) of weight 1e-16.
        near = np.rint(there)
        there = np.where(np.abs(there - near) < _TINY, near, there)
        inside = ((there > -0.5) & (there < size - 0.5)).all(axis=0)
        values = map_coordinates(_around(data, there), there, order=1, mode="nearest")
    else:
        nearest = round_half_up(there)
        inside = ((nearest >= 0) & (nearest < size)).all(axis=0)
        values = data[tuple(np.clip(nearest, 0, size - 1))].astype(float)
    return np.where(inside, values, np.nan)


def _around(data: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The box of voxels that a section needs, as float64, and its corner taken from `there`."""
    low = np.clip(np.floor(there.reshape(3, -1).min(axis=1)).astype(int), 0, None)
    high = np.ceil(there.reshape(3, -1).max(axis=1)).astype(int) + 1
    low = np.minimum(low, np.array(data.shape) - 1)
    high = np.maximum(np.minimum(high, data.shape), low + 1)
    there -= low.reshape(3, 1, 1)
    return data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(float)


def _places(layer: Volume, base: Volume, layout: PlaneLayout, index: int) -> np.ndarray:
    """Where the pixels of a section of the base lie on the layer's grid: voxel indices [3, row, column]."""
    to_layer = np.linalg.inv(layer.affine) @ base.affine
    first = np.zeros(3)
    first[layout.axis] = index
    steps = []
    for axis, flipped in (
        (layout.horizontal, layout.flip_horizontal),
        (layout.vertical, layout.flip_vertical),
    ):
        first[axis] = base.shape[axis] - 1 if flipped else 0
        steps.append((-1 if flipped else 1) * to_layer[:3, axis])
    across, down = (step.reshape(3, 1, 1) for step in steps)
    start = (to_layer[:3, :3] @ first + to_layer[:3, 3]).reshape(3, 1, 1)
    columns, rows = (np.arange(base.shape[a]) for a in (layout.horizontal, layout.vertical))
    return start + across * columns + down * rows[:, np.newaxis]


def picture(
    base: Volume,
    look: Look,
    layers: Sequence[tuple[Volume, Look]],
    layout: PlaneLayout,
    index: int,
    *,
    time: int = 0,
    compose: str = "blend",
    split: float = 0.5,
    part: str = "all",
) -> np.ndarray:
    """One plane as it is drawn: uint8 [row, column, 3], one pixel a voxel of the base.

    layers : (volume, look) each, the lowest first
    layout, index : the plane and its slice, of the base
    compose : one of `COMPOSITIONS`; split : 0..1, the curtain's edge
    part : "all", "base" alone, or "layers" alone on black
    """
    values = section(base, layout, index, time)
    if part == "layers":
        out = np.zeros((*values.shape[:2], 3), np.uint8)
    else:
        out = values.copy() if base.rgb else colours(values, look)
    if part != "base":
        mask = composed(compose, split, out.shape)
        for layer, its_look in layers:
            if its_look.visible:
                blend(out, sampled(layer, base, layout, index, its_look, time), its_look, mask)
    return out


def composed(compose: str, split: float, shape: Sequence[int]) -> np.ndarray:
    """Where layers are drawn when two pictures are compared: bool [row, column]."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    if compose == "curtain":
        return (columns < split * shape[1]) & (rows >= 0)
    if compose == "checkerboard":
        size = max(shape[:2]) / 8
        return (np.floor(columns / size) + np.floor(rows / size)) % 2 == 0
    return np.ones(shape[:2], bool)


def drawn(values: np.ndarray, look: Look) -> np.ndarray:
    """The pixels of a layer that are coloured: those shown, or only their edge. bool [row, column]"""
    shown = is_shown(values, look)
    return edges(shown, values if look.labels else None) if look.outline else shown


def blend(out: np.ndarray, values: np.ndarray, look: Look, mask: np.ndarray) -> None:
    """One layer over a picture, in place: c = (layer * a + below * (255 - a)) / 255, a = 0..255.

    out : uint8 [row, column, 3]; values : of the layer on its pixels; mask : where layers are drawn
    """
    alpha = int(np.floor(look.opacity * 255 + 0.5))
    mixed = colours(values, look).astype(int) * alpha + out.astype(int) * (255 - alpha) + 127
    where = drawn(values, look) & mask
    out[where] = (mixed // 255)[where]
