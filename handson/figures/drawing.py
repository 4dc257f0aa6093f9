"""A panel on matplotlib axes: the picture, its letters, scale bar and captions, and the figure around it.

Nothing is decided here: values, colours, letters and words come from `handson.display`.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke

from ..display import raster, words
from ..display.colours import COLOUR_MAPS, colour_table
from ..display.look import Look, check_cmap
from ..display.panel import Panel
from ..display.words import LABELS

_HALO = [withStroke(linewidth=2.5, foreground="black")]


class Picture(Figure):
    """A matplotlib figure with `alt`, a sentence that describes it to a reader who cannot see it."""

    @property
    def alt(self) -> str:
        said = (str(ax.get_label() or "") for ax in self.axes)
        return " ".join(text for text in said if text and not text.startswith("<"))

    def __repr__(self) -> str:
        return self.alt or super().__repr__()

    __str__ = __repr__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        from io import BytesIO

        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi, metadata={"Description": self.alt})
        return (
            {"image/png": buffer.getvalue(), "text/plain": self.alt},
            {"image/png": {"alt": self.alt}},
        )


def figure_of(ax: Axes) -> Figure:
    """The figure that axes stand in, also those of a subfigure."""
    figure: Any = ax.get_figure(root=True)
    return figure


class Fraction(Normalize):
    """The way from a value to its colour that a `Look` decided, LINEAR or SIGMOID."""

    def __init__(self, look: Look):
        super().__init__(*look.range)
        self.look = look
        if look.function != "SIGMOID":
            # Where matplotlib looks for a bar's scale: without it each tick is placed by calls of the norm.
            self._scale = "linear"

    def __call__(self, value: Any, clip: bool | None = None) -> Any:
        plain = np.ma.filled(np.ma.asarray(value).astype(float), np.nan)
        look = self.look if not self.scaled() else _with_range(self.look, self.vmin, self.vmax)
        at = np.floor(raster.fraction(plain, look) * 255 + 0.5)
        hidden = np.isnan(plain)
        # The middle of entry number `at` of a table of 256, whatever matplotlib rounds.
        return np.ma.array((at + 0.5) / 256, mask=hidden)

    def inverse(self, value: Any) -> Any:
        low, high = float(self.vmin or 0), float(self.vmax or 0)
        if self.look.function != "SIGMOID":
            return low + np.asarray(value) * (high - low)
        part = np.clip(np.asarray(value, float), 1e-3, 1 - 1e-3)
        return (low + high) / 2 - np.log(1 / part - 1) * (high - low) / 4


def _with_range(look: Look, low: float | None, high: float | None) -> Look:
    return replace(look, range=(float(low or 0), float(high or 0)))


def colour_map(look: Look, cmap: str | Colormap | None = None, nan: Any = "black") -> Colormap:
    """The colours of a look as matplotlib's map; NaN is black, as in every picture.

    cmap : any map of matplotlib in its place
    nan : the colour of what has no value
    """
    if cmap is None or (isinstance(cmap, str) and cmap in COLOUR_MAPS):
        table = colour_table(look.cmap) / 255
        chosen: Colormap = ListedColormap(table, name=look.cmap)
    else:
        if isinstance(cmap, str) and cmap not in colormaps:
            check_cmap(cmap)  # names the maps that are offered here
        chosen = colormaps[cmap] if isinstance(cmap, str) else cmap
    return (chosen.reversed() if look.invert else chosen).with_extremes(bad=nan)


def draw(
    ax: Axes,
    panel: Panel,
    cmap: str | Colormap | None = None,
    scale_bar: bool = True,
    title: str | None = None,
    letter_size: int = 12,
    room: float | None = None,
) -> AxesImage:
    """The picture on its axes, with letters, bar and captions.

    room : inches that the captions may take, by default the width of the axes
    returns : the AxesImage; its array is the panel's values
    """
    room = room or ax.get_position().width * figure_of(ax).get_figwidth()
    aspect, look = panel.aspect, panel.look
    if look is None:
        shown = ax.imshow(panel.values, aspect=aspect, interpolation="nearest")
    elif look.labels:
        pixels = raster.colours(panel.values, look)
        shown = ax.imshow(pixels, aspect=aspect, interpolation="nearest")
    else:
        colours, norm = colour_map(look, cmap), Fraction(look)
        shown = ax.imshow(
            panel.values, cmap=colours, norm=norm, aspect=aspect, interpolation="nearest"
        )
    ax.set(xticks=[], yticks=[], label=panel.alt)
    title = panel.title if title is None else title
    ax.set_title(_wrapped(title, room, 10), fontsize=10, loc="left")
    ax.set_xlabel(_wrapped(panel.side, room, 10), fontsize=10, loc="left")
    for spine in ax.spines.values():
        spine.set_visible(False)
    _letters(ax, panel, letter_size)
    if scale_bar:
        _scale_bar(ax, panel)
    return shown


def _wrapped(text: str, room: float, size: int) -> str:
    """A caption on lines of at most `room` inches: a letter is about half its `size` (points) wide."""
    letters = max(12, int(room * 72 / (0.56 * size)))
    return "\n".join(fill(line, letters) for line in text.splitlines())


def _letters(ax: Axes, panel: Panel, size: int) -> None:
    places = {
        "left": (0.015, 0.5, "left", "center"),
        "right": (0.985, 0.5, "right", "center"),
        "top": (0.5, 0.985, "center", "top"),
        "bottom": (0.5, 0.015, "center", "bottom"),
    }
    for side, (x, y, across, down) in places.items():
        if panel.letters[side]:
            _text(ax, x, y, panel.letters[side], across, down, f"letter-{side}", size)


def _text(
    ax: Axes, x: float, y: float, text: str, across: str, down: str, gid: str, size: int = 9
) -> None:
    ax.text(
        x,
        y,
        text,
        transform=ax.transAxes,
        ha=across,
        va=down,
        gid=gid,
        fontsize=size,
        color="white",
        fontweight="bold",
        path_effects=_HALO,
    )


def _bar_length(width: float) -> float:
    """1, 2 or 5 times a power of ten, at most 0.3 of the width, in mm."""
    power = 10.0 ** floor(log10(0.3 * width))
    return next(power * step for step in (5, 2, 1) if power * step <= 0.3 * width * 1.0001)


def _scale_bar(ax: Axes, panel: Panel) -> None:
    if not panel.spacing:
        _text(ax, 0.97, 0.04, LABELS["no_scale"], "right", "bottom", "scale")
        return
    rows, columns = panel.values.shape[:2]
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
    text = words.scale_words(length, panel.volume.scale)
    _text(ax, 0.97, 0.055, text, "right", "bottom", "scale")


def add_colour_bar(
    figure: Figure, shown: AxesImage, ax: Axes | Sequence[Axes], label: str, values: np.ndarray
) -> Colorbar:
    """A bar with the unit; its ends are pointed where values lie outside the window."""
    low, high = shown.get_clim()
    finite = values[np.isfinite(values)]
    below, above = bool((finite < low).any()), bool((finite > high).any())
    extend = {
        (False, False): "neither",
        (True, False): "min",
        (False, True): "max",
        (True, True): "both",
    }[below, above]
    bar = figure.colorbar(shown, ax=ax, extend=extend, fraction=0.05, pad=0.02, shrink=0.8)
    bar.set_label(label or LABELS["no_unit"], fontsize=9)
    bar.ax.tick_params(labelsize=9)
    return bar


def canvas(
    panels: Sequence[Panel],
    columns: int = 1,
    height: float = 4.0,
    bar: bool = True,
    caption: float = 3.0,
) -> tuple[Picture, list[Axes], list[float]]:
    """A figure whose panels share one physical scale, its axes in reading order, their captions' room.

    caption : inches that a column keeps for words: narrower pictures are set apart, not enlarged
    returns : figure, axes, inches that the captions of each may take
    """
    rows = -(-len(panels) // columns)
    scale = height / rows / max(p.size[1] for p in panels)  # inches a mm
    widths = np.array([scale * max(p.size[0] for p in panels[c::columns]) for c in range(columns)])
    widths *= min(1, 11 / widths.sum())
    rooms = np.maximum(widths, caption)
    size = rooms.sum() + (0.9 if bar else 0.1), height + 0.75
    # A caption's second line needs the padding.
    figure = Picture(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.1))
    apart = np.column_stack([widths, np.maximum(rooms - widths, 1e-3)])
    grid = figure.add_gridspec(rows, 2 * columns, width_ratios=apart.ravel())
    places = [divmod(n, columns) for n in range(len(panels))]
    axes = [figure.add_subplot(grid[row, 2 * column]) for row, column in places]
    if rooms[-1] > widths[-1]:
        figure.add_subplot(grid[:, -1]).set_axis_off()  # keeps the colour bar off the captions
    return figure, axes, [rooms[column] for _, column in places]
