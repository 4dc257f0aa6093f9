"""`picture` draws one slice, `planes` three through one point, `montage` many slices of one plane, or one at many times."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from .. import arguments
from ..display.colours import COLOUR_MAPS
from ..display.images import as_picture
from ..display.panel import Panel, look_of, needs_volume, panel_of, volume_panel
from ..errors import GeometryError
from ..sides import PLANES
from ..volume import Volume
from .drawing import Picture, add_colour_bar, canvas, draw, figure_of

Window = Sequence[float] | str | None


@arguments.checked(
    mm=arguments.number, index=arguments.whole, time=arguments.whole, ax=arguments.axes
)
def picture(
    x: Any,
    *,
    plane: str = "axial",
    mm: float | None = None,
    index: int | None = None,
    time: int = 0,
    window: Window = None,
    convention: str = "radiological",
    spacing: Sequence[float] | None = None,
    cmap: str | Colormap | None = None,
    colour_bar: bool = True,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """One slice with its letters, scale bar, proportions and unit.

    x : `Slice`, `Volume`, array [row, column], [row, column, 3] or [slice, row, column], path, or any
        other image that `handson.view` takes
    plane, mm, index, time : which section of a volume: see `Volume.plane`
    window : (centre, width) in the image's unit, or the name of a preset of its modality ("lung");
        by default the file's own, else the modality's first, else 1 to 99.5 % of the values
    convention : "radiological" or "neurological"; no effect where no side is stated
    spacing : (row, column) mm of an array, (slice, row, column) mm of a stack
    cmap : one of `handson.viewer.COLOUR_MAPS`, or a map of matplotlib; masks have a colour of their own
    ax : matplotlib Axes to draw into; by default a figure of its own
    returns : the figure, a `Picture`; its pixels are `ax.images[0].get_array()`
    """
    panel = panel_of(
        as_picture(x, spacing),
        plane=plane,
        mm=mm,
        index=index,
        time=time,
        window=window,
        convention=convention,
        cmap=own_map(cmap),
    )
    room = None
    with_bar = colour_bar and has_scale(panel)
    if ax is None:
        _, (ax,), (room,) = canvas([panel], bar=with_bar)
    figure = figure_of(ax)
    shown = draw(ax, panel, cmap, title=title, room=room)
    if with_bar:
        add_colour_bar(figure, shown, figure.axes if room else ax, panel.unit, panel.values)
    return figure


def own_map(cmap: str | Colormap | None) -> str | None:
    """The name of a colour map of ours; None for matplotlib's, which only figures draw."""
    return cmap if isinstance(cmap, str) and cmap in COLOUR_MAPS else None


def has_scale(panel: Panel) -> bool:
    """Does a colour stand for a value, so that a colour bar says something?"""
    return panel.look is not None and not panel.look.labels


def planes(
    x: Any,
    *,
    mm: Sequence[float] | None = None,
    time: int = 0,
    window: Window = None,
    convention: str = "radiological",
    cmap: str | Colormap | None = None,
    crosshair: bool = True,
    title: str | None = None,
) -> Picture:
    """Axial, coronal and sagittal through one point, at one scale.

    x : `Volume`, array [slice, row, column], or any other volume that `handson.view` takes
    mm : the point, RAS+ (x, y, z); by default the middle of the grid
    returns : the figure, a `Picture`
    """
    volume = needs_volume(as_picture(x), "three planes")
    at, look = _voxel_at(volume, mm), look_of(volume, window, own_map(cmap))
    panels = [
        volume_panel(volume, look, p, None, at[volume.layout(p).axis], time, convention)
        for p in PLANES
    ]
    with_bar = has_scale(panels[0])
    figure, axes, rooms = canvas(panels, 3, height=3.4, bar=with_bar, caption=1.9)
    for ax, panel, room in zip(axes, panels, rooms, strict=True):
        shown = draw(ax, panel, cmap, room=room)
        if crosshair:
            _crosshair(ax, panel, at)
    if with_bar:
        add_colour_bar(figure, shown, figure.axes, volume.unit, _all_values(panels))
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def _voxel_at(volume: Volume, mm: Sequence[float] | None) -> tuple[int, ...]:
    """The voxel nearest to a point in RAS+ mm, by default the middle one."""
    size = np.array(volume.shape[:3])
    ijk = (size - 1) // 2 if mm is None else volume.nearest(mm)
    if (ijk < 0).any() or (ijk >= size).any():
        middle = ", ".join(f"{v:.1f}" for v in volume.world((size - 1) / 2))
        raise GeometryError(
            f"the point {tuple(float(v) for v in mm or ())} mm lies outside the volume",
            f"Its middle is at {middle} mm.",
        )
    return tuple(int(v) for v in ijk)


def _all_values(panels: Sequence[Panel]) -> np.ndarray:
    return np.concatenate([np.ravel(panel.values) for panel in panels])


def _crosshair(ax: Axes, panel: Panel, ijk: Sequence[int]) -> None:
    layout, (rows, columns) = panel.layout, panel.values.shape[:2]
    x, y = ijk[layout.horizontal], ijk[layout.vertical]
    x = columns - 1 - x if layout.flip_horizontal else x
    y = rows - 1 - y if layout.flip_vertical else y
    for line, place in ((ax.axvline, x), (ax.axhline, y)):
        line(place, color="#56B4E9", linewidth=0.8, alpha=0.8, gid="crosshair")


@arguments.checked(count=arguments.at_least_one, time=arguments.whole)
def montage(
    x: Any,
    *,
    plane: str = "axial",
    mm: Any = None,
    count: int = 12,
    columns: int | None = None,
    time: int = 0,
    times: Sequence[int] | None = None,
    window: Window = None,
    convention: str = "radiological",
    cmap: str | Colormap | None = None,
    title: str | None = None,
) -> Picture:
    """Many slices of one plane, evenly spread or at given places, or one slice at many times.

    x : `Volume`, array [slice, row, column], or any other volume that `handson.view` takes
    mm : positions along the plane's world axis; by default `count` slices over the whole volume.
        With `times` one position, by default the middle
    times : numbers of volumes of a series in time
    returns : the figure, a `Picture`; one window holds for all slices
    """
    volume = needs_volume(as_picture(x), "many slices")
    look = look_of(volume, window, own_map(cmap))
    if times is None:
        places = [(time, *place) for place in _spread(volume, plane, mm, count)]
    else:
        places = [(t, mm, None) for t in times]
    panels = [volume_panel(volume, look, plane, p, index, t, convention) for t, p, index in places]
    captions = [panel.place for panel in panels]
    if times is not None:
        captions = [_moment(volume, t) for t in times]
        title = title or f"{plane}, {panels[0].place}"
        panels = [
            replace(panel, title=f"{moment}, {panel.title}")
            for panel, moment in zip(panels, captions, strict=True)
        ]
    with_bar = has_scale(panels[0])
    columns = columns or min(len(panels), 4)
    rows = -(-len(panels) // columns)
    figure, axes, _ = canvas(panels, columns, 2.0 * rows, bar=with_bar, caption=1.0)
    for n, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        shown = draw(ax, panel, cmap, scale_bar=n == 0, title=captions[n], letter_size=9)
        ax.set_xlabel("")
    if with_bar:
        add_colour_bar(figure, shown, figure.axes, volume.unit, _all_values(panels))
    figure.supxlabel(panels[0].side, fontsize=10)
    figure.suptitle(title or plane, fontsize=10)
    return figure


def _spread(
    volume: Volume, plane: str, mm: Sequence[float] | None, count: int
) -> list[tuple[float | None, int | None]]:
    """(mm, index) of each slice: the given places, or `count` over the whole volume."""
    if mm is not None:
        return [(p, None) for p in mm]
    slices = volume.shape[volume.layout(plane).axis]
    count = min(count, slices)
    middles = np.linspace(0, slices, count, endpoint=False) + slices / count / 2
    return [(None, int(m)) for m in middles]


def _moment(volume: Volume, t: int) -> str:
    if volume.b_values is not None:
        return f"b = {volume.b_values[t]:g} s/mm²"
    seconds = volume.seconds
    return f"volume {t + 1}" if seconds is None else f"t = {seconds[t]:.4g} s"
