"""`overlay` draws a second image on the first: labels filled and outlined, or a map above a threshold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .. import arguments
from ..display import raster, words
from ..display.colours import LABEL_COLOURS, LABEL_DASHES, colour_table, label_dash, label_rgb
from ..display.images import array_axes, as_picture, layer_volume
from ..display.look import Look, layer_look
from ..display.panel import Panel, panel_of
from ..display.values import survey
from ..display.words import LABELS
from ..errors import ViewError
from ..volume import Slice, Volume
from .drawing import Fraction, add_colour_bar, canvas, colour_map, draw, figure_of
from .sections import Window, own_map

__all__ = ["BLUE_ORANGE", "LABEL_COLOURS", "LABEL_DASHES", "overlay"]

BLUE_ORANGE = ListedColormap(colour_table("blue-orange") / 255, name="blue-orange")


@arguments.checked(
    mm=arguments.number,
    index=arguments.whole,
    time=arguments.whole,
    ax=arguments.axes,
    threshold=arguments.number_or_pair,
    opacity=arguments.number,
)
def overlay(
    background: Any,
    layer: Any,
    *,
    plane: str = "axial",
    mm: float | None = None,
    index: int | None = None,
    time: int = 0,
    labels: bool | None = None,
    names: Mapping[int, str] | None = None,
    threshold: float | Sequence[float] | None = None,
    two_sided: bool | None = None,
    cmap: str | Colormap | None = None,
    opacity: float = 0.6,
    fill: bool = True,
    outline: bool = True,
    window: Window = None,
    convention: str = "radiological",
    same_space: bool = False,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """A label image or a map on a slice, each voxel at its own place in the patient.

    background : `Slice`, `Volume`, array or another image; one slice of it is drawn, as `picture` does
    layer : `Volume` or another image, on any grid: it is sampled at the background's pixels through
        both affines. An array must have the background's shape. Masks and label images are drawn as
        labels (nearest voxel, 0 is nothing), other values as a map (linear)
    labels : True or False where that is not seen from the values; see `display.values.are_labels`
    names : {label: name} for the legend
    threshold : of a map, (low, high) or the low end alone: other values are not drawn, by default those
        below a tenth of the greatest. `two_sided` compares |value|, and is the default where the map
        has both signs
    fill, outline : how labels are drawn
    same_space : True when you know that both share their millimetres although their frames of reference
        differ; otherwise the picture warns
    returns : the figure, a `Picture`
    raises : ViewError when one of the two states no side and the grids differ: nobody can know then
        where the layer belongs
    """
    image = as_picture(background)
    whole = image.as_volume() if isinstance(image, Slice) else image
    over = layer_volume(layer, whole, array_axes(background))
    check_places(whole, over)
    panel = panel_of(
        image,
        plane=plane,
        mm=mm,
        index=index,
        time=time,
        window=window,
        convention=convention,
    )
    look = layer_look(
        over,
        survey(over.data),
        labels=names if labels is None and names else labels,
        names=names,
        threshold=threshold,
        two_sided=two_sided,
        cmap=own_map(cmap) if not labels else None,
        opacity=opacity,
    )
    apart = not same_space and words.in_other_space(whole, over)
    warning = words.other_space_said([over.modality]) if apart else ""
    panel = panel.warned(LABELS["other_space"] if apart else "")
    values = panel.sampled(over, look, time)
    room = None
    if ax is None:
        _, (ax,), (room,) = canvas([panel])
    draw(ax, panel, title=title, room=room)
    if look.labels:
        said = _draw_labels(ax, panel, values, look, fill, outline)
    else:
        said = _draw_map(ax, panel, values, look, over.unit, cmap)
    ax.set_label(" ".join(part for part in (panel.alt, said, warning) if part))
    return figure_of(ax)


def check_places(base: Volume, layer: Volume) -> None:
    """raises : ViewError when nobody can know where the layer belongs"""
    same_grid = layer.shape[:3] == base.shape[:3] and np.allclose(layer.affine, base.affine)
    if not (layer.oriented and base.oriented) and not same_grid:
        raise ViewError(
            "the layer and the image are on different grids, and one of them states no side",
            "Put both on one grid first, or read them from files that state their place.",
        )


def _draw_labels(
    ax: Axes, panel: Panel, values: np.ndarray, look: Look, fill: bool, outline: bool
) -> str:
    shown = raster.is_shown(values, look)
    keys = []
    for label in (int(v) for v in np.unique(values[shown])):
        red, green, blue = label_rgb(np.array([label]), look.colours, look.cmap)[0]
        colour = f"#{red:02X}{green:02X}{blue:02X}"
        mask = shown & (values == label)
        if fill:
            tint = np.zeros((*mask.shape, 4))
            tint[mask] = to_rgba(colour, look.opacity)
            ax.imshow(tint, aspect=panel.aspect, interpolation="nearest", gid=f"label-{label}")
        dash: Any = label_dash(label)
        if outline:
            _outline(ax, mask, colour, dash)
        name = look.names.get(label) or LABELS["label"].format(value=label)
        keys.append(Line2D([], [], color=colour, linestyle=dash, linewidth=3, label=name))
    if keys:
        ax.legend(handles=keys, loc="upper right", fontsize=9, framealpha=0.8)
        return LABELS["labels_drawn"].format(names=", ".join(str(k.get_label()) for k in keys))
    nothing = LABELS["no_label"]
    ax.set_xlabel(f"{ax.get_xlabel()} ({nothing})", fontsize=10, loc="left")
    return f"{nothing[:1].upper()}{nothing[1:]}."


def _outline(ax: Axes, mask: np.ndarray, colour: str, dash: str) -> None:
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


def _draw_map(
    ax: Axes,
    panel: Panel,
    values: np.ndarray,
    look: Look,
    unit: str,
    cmap: str | Colormap | None,
) -> str:
    shown = raster.is_shown(values, look)
    drawn = ax.imshow(
        np.ma.masked_where(~shown, values),
        cmap=colour_map(look, cmap, nan=(0, 0, 0, 0)),
        norm=Fraction(look),
        alpha=look.opacity,
        aspect=panel.aspect,
        interpolation="nearest",
        gid="map",
    )
    low = look.threshold[0] if look.threshold else look.range[0]
    label = f"{unit or 'value'}, {'|value|' if look.two_sided else 'value'} ≥ {low:.4g}"
    add_colour_bar(figure_of(ax), drawn, ax, label, values)
    return LABELS["map_drawn"].format(label=label, count=int(shown.sum()))
