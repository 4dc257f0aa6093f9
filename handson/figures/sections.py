"""`picture` draws one slice, `planes` three through one point, `montage` many slices of one plane, or one at many times."""

from dataclasses import replace

import numpy as np

from ..errors import GeometryError
from ..sides import PLANES
from .drawing import add_colour_bar, canvas, draw
from .panel import as_image, as_volume, panel_of, volume_panel


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
    image, scaled = as_image(x, spacing)
    panel = panel_of(image, scaled, plane, mm, index, time, window, convention)
    room = None
    if ax is None:
        _, (ax,), (room,) = canvas([panel], bar=colour_bar and panel.limits is not None)
    figure = ax.figure
    shown = draw(ax, panel, cmap, title=title, room=room)
    if colour_bar and panel.limits:
        add_colour_bar(figure, shown, figure.axes if room else ax, panel.unit, panel.pixels)
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
    volume, scaled = as_volume(volume, "three planes")
    ijk = (np.array(volume.shape[:3]) - 1) // 2 if mm is None else volume.nearest(mm)
    if (ijk < 0).any() or (ijk >= volume.shape[:3]).any():
        raise GeometryError(
            f"the point {tuple(float(v) for v in mm)} mm lies outside the volume",
            "Its middle is at " + ", ".join(f"{v:.1f}" for v in _middle(volume)) + " mm.",
        )
    at = [int(v) for v in ijk]
    panels = [
        volume_panel(volume, scaled, p, None, at[volume.layout(p).axis], time, window, convention)
        for p in PLANES
    ]
    figure, axes, rooms = canvas(panels, 3, height=3.4, bar=not volume.rgb, caption=1.9)
    for ax, panel, room in zip(axes, panels, rooms, strict=True):
        shown = draw(ax, panel, cmap, room=room)
        if crosshair:
            _crosshair(ax, panel, at)
    if not volume.rgb:
        add_colour_bar(figure, shown, figure.axes, volume.unit, np.asarray(panel.pixels))
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
    for line, place in ((ax.axvline, x), (ax.axhline, y)):
        line(place, color="#56B4E9", linewidth=0.8, alpha=0.8, gid="crosshair")


def montage(
    volume,
    *,
    plane="axial",
    mm=None,
    count=12,
    columns=None,
    time=0,
    times=None,
    window=None,
    convention="radiological",
    cmap=None,
    title=None,
):
    """Many slices of one plane, evenly spread or at given places, or one slice at many times.

    volume : `Volume` or array [slice, row, column]
    mm : positions along the plane's world axis; by default `count` slices over the whole volume.
        With `times` one position, by default the middle
    times : numbers of volumes of a series in time, all drawn with the same greys
    returns : the figure, a `Picture`
    """
    volume, scaled = as_volume(volume, "many slices")
    if times is None:
        shown = [(time, *place) for place in _spread(volume, plane, mm, count)]
    else:
        shown = [(t, mm, None) for t in times]
    panels = [
        volume_panel(volume, scaled, plane, p, index, t, window, convention)
        for t, p, index in shown
    ]
    captions = [panel.place for panel in panels]
    if times is not None:
        captions = [_moment(volume, t) for t in times]
        title = title or f"{plane}, {panels[0].place}"
        panels = _one_range(panels, captions)
    columns = columns or min(len(panels), 4)
    rows = -(-len(panels) // columns)
    figure, axes, _ = canvas(panels, columns, 2.0 * rows, bar=not volume.rgb, caption=1.0)
    for n, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        shown = draw(ax, panel, cmap, scale_bar=n == 0, title=captions[n], letter_size=9)
        ax.set_xlabel("")
    if not volume.rgb:
        values = np.concatenate([np.ravel(p.pixels) for p in panels])
        add_colour_bar(figure, shown, figure.axes, volume.unit, values)
    figure.supxlabel(panels[0].side, fontsize=8)
    figure.suptitle(title or plane, fontsize=10)
    return figure


def _spread(volume, plane, mm, count):
    """(mm, index) of each slice: the given places, or `count` over the whole volume."""
    if mm is not None:
        return [(p, None) for p in mm]
    slices = volume.shape[volume.layout(plane).axis]
    count = min(count, slices)
    middles = np.linspace(0, slices, count, endpoint=False) + slices / count / 2
    return [(None, int(m)) for m in middles]


def _one_range(panels, moments):
    """The same panels, each with its moment in the alt text, and one range of greys for all."""
    limits = panels[0].limits
    if limits is not None:
        lows, highs = zip(*(panel.limits for panel in panels), strict=True)
        limits = min(lows), max(highs)
    return [
        replace(panel, title=f"{moment}, {panel.title}", limits=limits)
        for panel, moment in zip(panels, moments, strict=True)
    ]


def _moment(volume, t):
    if volume.b_values is not None:
        return f"b = {volume.b_values[t]:g} s/mm²"
    seconds = volume.seconds
    return f"volume {t + 1}" if seconds is None else f"t = {seconds[t]:g} s"
