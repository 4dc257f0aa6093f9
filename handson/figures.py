"""Matplotlib pictures that carry what a picture needs: sides, scale, proportions, units, alt text.

`picture` draws one slice, `planes` three through one point, `montage` many, `overlay` a second image
on the first. Left and right are decided by `volume.plane_layout` alone. A figure is returned, not
registered with pyplot: as the last line of a cell it shows itself, and `savefig` saves it.
No name is ever put into a picture unasked, for a file's name may be a patient's. Nothing here
reads a file.
"""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from .errors import GeometryError, ViewError
from .volume import PLANES, Slice, Volume, array_volume, direction_letters
from .windowing import presets

# Okabe and Ito's colours, told apart with any colour vision, and a dash for each: never colour alone.
LABEL_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
LABEL_DASHES = ("-", "--", ":", "-.")
# Signed maps: blue for negative, orange for positive, light towards the ends, dark in the middle.
BLUE_ORANGE = LinearSegmentedColormap.from_list(
    "blue-orange", ["#a6dcff", "#2c8fd6", "#123f66", "#2b2b2b", "#6b3a07", "#e0801a", "#ffd59e"]
)

_HALO = [withStroke(linewidth=2.5, foreground="black")]
_SAYS_SIDE = {
    "radiological": "radiological: the patient's right is at the left",
    "neurological": "neurological: the patient's left is at the left",
}


class Picture(Figure):
    """A matplotlib figure with `alt`, a sentence that says what is to be seen for who cannot see it."""

    @property
    def alt(self) -> str:
        said = (ax.get_label() for ax in self.axes)
        return " ".join(text for text in said if text and not text.startswith("<"))

    def __repr__(self):
        return self.alt or super().__repr__()

    __str__ = __repr__

    def _repr_mimebundle_(self, include=None, exclude=None):
        from io import BytesIO

        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi, metadata={"Description": self.alt})
        return (
            {"image/png": buffer.getvalue(), "text/plain": self.alt},
            {"image/png": {"alt": self.alt}},
        )


# --- what is drawn --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
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


def _limits(image, data, window):
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


def _as_image(x, spacing=None):
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


def _as_volume(x, wanted):
    image, scaled = _as_image(x)
    if not isinstance(image, Volume):
        raise ViewError(f"{wanted} need a volume, not a single slice", "Use picture().")
    return image, scaled


def _volume_panel(volume, scaled, plane, mm, index, time, window, convention) -> _Panel:
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
    return _Panel(
        pixels=section.pixels,
        spacing=section.spacing if scaled else None,
        letters=section.letters,
        title=f"{plane}, {place}, {number}" if volume.oriented else f"{plane}, {number}",
        place=place,
        side=side,
        unit=volume.unit,
        inverted=volume.photometric == "MONOCHROME1",
        limits=None if volume.rgb else _limits(volume, still.data, window),
        grid=still.crop(start, stop),
        layout=section.layout,
    )


def _slice_panel(picture, window) -> _Panel:
    """A Slice is drawn as its rows and columns are stored; its letters follow."""
    letters = dict.fromkeys(("left", "right", "top", "bottom"), "")
    side = "side not stated"
    if picture.affine is not None:
        right, bottom = picture.affine[:3, 0], picture.affine[:3, 1]
        sides = {"left": -right, "right": right, "top": -bottom, "bottom": bottom}
        letters = {name: direction_letters(d) for name, d in sides.items()}
        side = {
            "R": _SAYS_SIDE["radiological"],
            "L": _SAYS_SIDE["neurological"],
            "A": "nose to the left",
            "P": "nose to the right",
        }.get(letters["left"][:1], "")
    colour = picture.photometric == "RGB"
    return _Panel(
        pixels=picture.pixels,
        spacing=picture.spacing,
        letters=letters,
        title="one slice",
        place="",
        side=side,
        unit=picture.unit,
        inverted=picture.photometric == "MONOCHROME1",
        limits=None if colour else _limits(picture, picture.pixels, window),
        grid=picture.as_volume(),
        at_detector=picture.at_detector,
    )


def _panel(image, scaled, plane, mm, index, time, window, convention) -> _Panel:
    if isinstance(image, Volume):
        return _volume_panel(image, scaled, plane, mm, index, time, window, convention)
    return _slice_panel(image, window)


# --- drawing --------------------------------------------------------------------------------------


def _draw(ax, panel, cmap=None, scale_bar=True, title=None, letter_size=12):
    """The picture on its axes, with letters and bar; returns the AxesImage."""
    cmap = cmap or ("gray_r" if panel.inverted else "gray")
    low, high = panel.limits or (None, None)
    shown = ax.imshow(
        panel.pixels,
        cmap=cmap,
        vmin=low,
        vmax=high,
        aspect=panel.aspect,
        interpolation="nearest",
    )
    ax.set(xticks=[], yticks=[], label=panel.alt)
    ax.set_title(panel.title if title is None else title, fontsize=9, loc="left")
    ax.set_xlabel(panel.side, fontsize=8, loc="left")
    for spine in ax.spines.values():
        spine.set_visible(False)
    _letters(ax, panel, letter_size)
    if scale_bar:
        _scale_bar(ax, panel)
    return shown


def _letters(ax, panel, size):
    places = {
        "left": (0.015, 0.5, "left", "center"),
        "right": (0.985, 0.5, "right", "center"),
        "top": (0.5, 0.985, "center", "top"),
        "bottom": (0.5, 0.015, "center", "bottom"),
    }
    for side, (x, y, across, down) in places.items():
        if panel.letters[side]:
            _text(ax, x, y, panel.letters[side], across, down, f"letter-{side}", size)


def _text(ax, x, y, words, across, down, gid, size=9):
    ax.text(
        x,
        y,
        words,
        transform=ax.transAxes,
        ha=across,
        va=down,
        gid=gid,
        fontsize=size,
        color="white",
        fontweight="bold",
        path_effects=_HALO,
    )


def _bar_length(width):
    """1, 2 or 5 times a power of ten, at most 0.3 of the width, in mm."""
    power = 10.0 ** floor(log10(0.3 * width))
    return next(power * step for step in (5, 2, 1) if power * step <= 0.3 * width * 1.0001)


def _scale_bar(ax, panel):
    if not panel.spacing:
        _text(ax, 0.97, 0.04, "no scale", "right", "bottom", "scale")
        return
    rows, columns = panel.pixels.shape[:2]
    length = _bar_length(panel.size[0])
    right, low = 0.97 * columns - 0.5, 0.96 * rows - 0.5
    ends = (right - length / panel.spacing[1], right)
    ax.plot(
        ends,
        (low, low),
        color="white",
        linewidth=2.5,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=4.5, foreground="black")],
        gid="scale-bar",
        scalex=False,
        scaley=False,
    )
    words = f"{length:g} mm" + (" at the detector" if panel.at_detector else "")
    _text(ax, 0.97, 0.055, words, "right", "bottom", "scale")


def _colour_bar(figure, shown, ax, label, values):
    """A bar with the unit; its ends are pointed where values lie outside of what is drawn."""
    low, high = shown.get_clim()
    finite = values[np.isfinite(values)]
    below, above = (finite < low).any(), (finite > high).any()
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    bar = figure.colorbar(shown, ax=ax, extend=extend, fraction=0.05, pad=0.02, shrink=0.8)
    bar.set_label(label or "value, no unit stated", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return bar


def _canvas(panels, columns=1, height=4.0, bar=True):
    """A figure whose panels share one physical scale, and their axes in reading order."""
    rows = -(-len(panels) // columns)
    widths = [max(p.size[0] for p in panels[c::columns]) for c in range(columns)]
    tallest = max(p.size[1] for p in panels)
    width = np.clip(height * sum(widths) / (tallest * rows), 2.5, 11.0)
    figure = Picture(figsize=(width + (0.9 if bar else 0.1), height + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, width_ratios=widths, squeeze=False).ravel()
    for empty in axes[len(panels) :]:
        empty.set_axis_off()
    return figure, axes[: len(panels)]


def picture(
    x,
    *,
    plane="axial",
    mm=None,
    index=None,
    time=0,
    window=None,
    convention="radiological",
    spacing=None,
    cmap=None,
    colour_bar=True,
    title=None,
    ax=None,
):
    """One slice with its letters, scale bar, proportions and unit.

    x : `Slice`, `Volume`, or an array [row, column], [row, column, 3] or [slice, row, column]
    plane, mm, index, time : which section of a volume: see `Volume.plane`
    window : (centre, width) in the image's unit, or the name of a preset of its modality ("lung");
        by default the file's own, else all values but the lowest and highest 0.5 %
    convention : "radiological" or "neurological", for volumes; a Slice is drawn as it is stored
    spacing : (row, column) mm of an array, (slice, row, column) mm of a stack
    ax : matplotlib Axes to draw into; by default a figure of its own
    returns : the figure, a `Picture`; its pixels are `ax.images[0].get_array()`
    """
    image, scaled = _as_image(x, spacing)
    panel = _panel(image, scaled, plane, mm, index, time, window, convention)
    if ax is None:
        figure, (ax,) = _canvas([panel], bar=colour_bar and panel.limits is not None)
    else:
        figure = ax.figure
    shown = _draw(ax, panel, cmap, title=title)
    if colour_bar and panel.limits:
        _colour_bar(figure, shown, ax, panel.unit, panel.pixels)
    return figure


def planes(
    volume,
    *,
    mm=None,
    time=0,
    window=None,
    convention="radiological",
    cmap=None,
    crosshair=True,
    title=None,
):
    """Axial, coronal and sagittal through one point, at one scale.

    volume : `Volume` or array [slice, row, column]
    mm : the point, RAS+ (x, y, z); by default the middle of the grid
    returns : the figure, a `Picture`
    """
    volume, scaled = _as_volume(volume, "three planes")
    ijk = (np.array(volume.shape[:3]) - 1) // 2 if mm is None else volume.voxel(mm).round()
    if (ijk < 0).any() or (ijk >= volume.shape[:3]).any():
        raise GeometryError(
            f"the point {tuple(float(v) for v in mm)} mm lies outside the volume",
            "Its middle is at " + ", ".join(f"{v:.1f}" for v in _middle(volume)) + " mm.",
        )
    at = [int(v) for v in ijk]
    panels = [
        _volume_panel(volume, scaled, p, None, at[volume.layout(p).axis], time, window, convention)
        for p in PLANES
    ]
    figure, axes = _canvas(panels, columns=3, height=3.4, bar=not volume.rgb)
    for ax, panel in zip(axes, panels, strict=True):
        shown = _draw(ax, panel, cmap)
        if crosshair:
            _crosshair(ax, panel, at)
    if not volume.rgb:
        _colour_bar(figure, shown, list(axes), volume.unit, np.asarray(panel.pixels))
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def _middle(volume):
    return volume.world((np.array(volume.shape[:3]) - 1) / 2)


def _crosshair(ax, panel, ijk):
    layout, (rows, columns) = panel.layout, panel.pixels.shape[:2]
    x, y = ijk[layout.horizontal], ijk[layout.vertical]
    x = columns - 1 - x if layout.flip_horizontal else x
    y = rows - 1 - y if layout.flip_vertical else y
    for draw, place in ((ax.axvline, x), (ax.axhline, y)):
        draw(place, color="#56B4E9", linewidth=0.8, alpha=0.8, gid="crosshair")


def montage(
    volume,
    *,
    plane="axial",
    mm=None,
    count=12,
    columns=None,
    time=0,
    window=None,
    convention="radiological",
    cmap=None,
    title=None,
):
    """Many slices of one plane, evenly spread or at given places.

    volume : `Volume` or array [slice, row, column]
    mm : positions along the plane's world axis; by default `count` slices over the whole volume
    returns : the figure, a `Picture`
    """
    volume, scaled = _as_volume(volume, "many slices")
    slices = volume.shape[volume.layout(plane).axis]
    count = min(count, slices)
    edges = np.linspace(0, slices, count, endpoint=False) + slices / count / 2
    places = [(None, int(e)) for e in edges] if mm is None else [(p, None) for p in mm]
    panels = [
        _volume_panel(volume, scaled, plane, p, index, time, window, convention)
        for p, index in places
    ]
    columns = columns or min(len(panels), 4)
    rows = -(-len(panels) // columns)
    figure, axes = _canvas(panels, columns, height=2.0 * rows, bar=not volume.rgb)
    for n, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        shown = _draw(ax, panel, cmap, scale_bar=n == 0, title=panel.place, letter_size=9)
        ax.set_xlabel("")
    if not volume.rgb:
        values = np.concatenate([np.ravel(p.pixels) for p in panels])
        _colour_bar(figure, shown, list(axes), volume.unit, values)
    figure.supxlabel(panels[0].side, fontsize=8)
    figure.suptitle(title or plane, fontsize=10)
    return figure


# --- a second image on the first ------------------------------------------------------------------


def overlay(
    background,
    layer,
    *,
    plane="axial",
    mm=None,
    index=None,
    time=0,
    names=None,
    threshold=0.0,
    two_sided=None,
    cmap=None,
    opacity=0.6,
    fill=True,
    outline=True,
    window=None,
    convention="radiological",
    title=None,
    ax=None,
):
    """A label image or a map on a slice, each voxel at its own place in the patient.

    background : `Slice`, `Volume` or array; one slice of it is drawn, as `picture` does
    layer : `Volume`, on any grid: it is sampled at the background's pixels through both affines.
        Integers are labels (nearest voxel, 0 is nothing), other numbers a map (linear). Two arrays
        must have one shape
    names : {label: name} for the legend
    threshold : of a map: smaller values are not drawn; `two_sided` compares |value|, and is the
        default where the map has both signs
    fill, outline : how labels are drawn
    returns : the figure, a `Picture`

    Raises `ViewError` when one of the two states no side and the grids differ: nobody can know then
    where the layer belongs.
    """
    (image, scaled), (upper, _) = _as_image(background), _as_image(layer)
    upper = (
        upper.as_volume() if isinstance(upper, Slice) else upper.at(time if upper.frames > 1 else 0)
    )
    panel = _panel(image, scaled, plane, mm, index, time, window, convention)
    sampled = _sample(panel, upper, image)
    labels = upper.data.dtype.kind in "iub"
    if ax is None:
        figure, (ax,) = _canvas([panel])
    else:
        figure = ax.figure
    _draw(ax, panel, title=title)
    if labels:
        said = _draw_labels(ax, panel, sampled, names or {}, opacity, fill, outline)
    else:
        said = _draw_map(figure, ax, panel, sampled, upper, threshold, two_sided, cmap, opacity)
    ax.set_label(f"{panel.alt} {said}")
    return figure


def _sample(panel, layer, image):
    """The layer at the panel's pixels, in picture order."""
    if layer.rgb:
        raise ViewError("a colour image cannot be a layer", "Pass labels or a map.")
    whole = image if isinstance(image, Volume) else panel.grid
    same_grid = layer.shape[:3] == whole.shape[:3] and np.allclose(layer.affine, whole.affine)
    if not (layer.oriented and whole.oriented) and not same_grid:
        raise ViewError(
            "the layer and the image are on different grids, and one of them states no side",
            "Put both on one grid first, or read them from files that state their place.",
        )
    labels = layer.data.dtype.kind in "iub"
    if labels:
        sampled = layer.resample_like(panel.grid, order=0, fill=0)
    else:
        sampled = layer.resample_like(panel.grid, order=1, fill=np.nan)
    if panel.layout is None:
        return np.swapaxes(sampled.data[:, :, 0], 0, 1)
    return panel.layout.draw(np.take(sampled.data, 0, axis=panel.layout.axis))


def _draw_labels(ax, panel, sampled, names, opacity, fill, outline):
    found = [int(v) for v in np.unique(sampled) if v]
    order = sorted({*names, *found} - {0})
    keys = []
    for label in found:
        place = order.index(label)
        colour = LABEL_COLOURS[place % len(LABEL_COLOURS)]
        dash = LABEL_DASHES[place % len(LABEL_DASHES)]
        mask = sampled == label
        if fill:
            tint = np.zeros((*mask.shape, 4))
            tint[mask] = to_rgba(colour, opacity)
            ax.imshow(tint, aspect=panel.aspect, interpolation="nearest", gid=f"label-{label}")
        if outline:
            _outline(ax, mask, colour, dash)
        name = str(names.get(label, f"label {label}"))
        keys.append(Line2D([], [], color=colour, linestyle=dash, linewidth=3, label=name))
    if keys:
        ax.legend(handles=keys, loc="upper right", fontsize=8, framealpha=0.8)
        return "Labels drawn on it: " + ", ".join(k.get_label() for k in keys) + "."
    ax.set_xlabel(f"{ax.get_xlabel()} (no label on this slice)", fontsize=8, loc="left")
    return "No label on this slice."


def _outline(ax, mask, colour, dash):
    """Along the edges of the pixels, so that it encloses exactly what is counted."""
    padded = np.pad(mask, 1)
    across = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])  # edges between rows
    down = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])  # edges between columns
    x = [(c - 0.5, c + 0.5, np.nan) for _, c in across] + [
        (c - 0.5,) * 2 + (np.nan,) for _, c in down
    ]
    y = [(r - 0.5,) * 2 + (np.nan,) for r, _ in across] + [
        (r - 0.5, r + 0.5, np.nan) for r, _ in down
    ]
    ax.plot(
        np.ravel(x),
        np.ravel(y),
        color=colour,
        linestyle=dash,
        linewidth=1.4,
        scalex=False,
        scaley=False,
    )


def _draw_map(figure, ax, panel, sampled, layer, threshold, two_sided, cmap, opacity):
    finite = layer.data[np.isfinite(layer.data)]
    if two_sided is None:
        two_sided = bool((finite <= -threshold).any() and (finite < 0).any())
    strength = np.abs(sampled) if two_sided else sampled
    hidden = ~(strength >= threshold) | (strength == 0)
    top = float(max(np.abs(finite).max() if two_sided else finite.max(), threshold)) or 1.0
    colours = cmap or (BLUE_ORANGE if two_sided else colormaps["inferno"])
    shown = ax.imshow(
        np.ma.masked_where(hidden, sampled),
        cmap=colours,
        vmin=-top if two_sided else min(threshold, top),
        vmax=top,
        alpha=opacity,
        aspect=panel.aspect,
        interpolation="nearest",
        gid="map",
    )
    rule = f"{'|value|' if two_sided else 'value'} ≥ {threshold:g}" if threshold else ""
    label = ", ".join(text for text in (layer.unit or "value", rule) if text)
    _colour_bar(figure, shown, ax, label, sampled)
    said = f"A map is drawn on it ({label}), {int((~hidden).sum())} pixels."
    return said
