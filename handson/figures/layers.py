"""`overlay` draws a second image on the first: labels filled and outlined, or a map above a threshold."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.lines import Line2D

from ..errors import ViewError
from ..volume import Slice, Volume
from .drawing import add_colour_bar, canvas, draw
from .panel import as_image, panel_of

# Okabe and Ito's colours, told apart with any colour vision, and a dash for each: never colour alone.
LABEL_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
LABEL_DASHES = ("-", "--", ":", "-.")
# Signed maps: blue for negative, orange for positive, light towards the ends, dark in the middle.
BLUE_ORANGE = LinearSegmentedColormap.from_list(
    "blue-orange", ["#a6dcff", "#2c8fd6", "#123f66", "#2b2b2b", "#6b3a07", "#e0801a", "#ffd59e"]
)


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
    (image, scaled), (upper, _) = as_image(background), as_image(layer)
    upper = (
        upper.as_volume() if isinstance(upper, Slice) else upper.at(time if upper.frames > 1 else 0)
    )
    panel = panel_of(image, scaled, plane, mm, index, time, window, convention)
    sampled = _sample(panel, upper, image)
    labels = upper.data.dtype.kind in "iub"
    room = None
    if ax is None:
        _, (ax,), (room,) = canvas([panel])
    figure = ax.figure
    draw(ax, panel, title=title, room=room)
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
    add_colour_bar(figure, shown, ax, label, sampled)
    said = f"A map is drawn on it ({label}), {int((~hidden).sum())} pixels."
    return said
