"""A panel on matplotlib axes: the picture, its letters, scale bar and captions, and the figure around it."""

from math import floor, log10
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

_HALO = [withStroke(linewidth=2.5, foreground="black")]


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


def draw(ax, panel, cmap=None, scale_bar=True, title=None, letter_size=12, room=None):
    """The picture on its axes, with letters, bar and captions; returns the AxesImage.

    room : inches that the captions may take, by default the width of the axes
    """
    room = room or ax.get_position().width * ax.figure.get_figwidth()
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
    title = panel.title if title is None else title
    ax.set_title(_wrapped(title, room, 9), fontsize=9, loc="left")
    ax.set_xlabel(_wrapped(panel.side, room, 8), fontsize=8, loc="left")
    for spine in ax.spines.values():
        spine.set_visible(False)
    _letters(ax, panel, letter_size)
    if scale_bar:
        _scale_bar(ax, panel)
    return shown


def _wrapped(words, room, size):
    """A caption on lines of at most `room` inches: a letter is about half its `size` (points) wide."""
    letters = max(12, int(room * 72 / (0.56 * size)))
    return "\n".join(fill(line, letters) for line in words.splitlines())


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


def add_colour_bar(figure, shown, ax, label, values):
    """A bar with the unit; its ends are pointed where values lie outside of what is drawn."""
    low, high = shown.get_clim()
    finite = values[np.isfinite(values)]
    below, above = (finite < low).any(), (finite > high).any()
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    bar = figure.colorbar(shown, ax=ax, extend=extend, fraction=0.05, pad=0.02, shrink=0.8)
    bar.set_label(label or "value, no unit stated", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return bar


def canvas(panels, columns=1, height=4.0, bar=True, caption=3.0):
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
    figure = Picture(figsize=size, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.1)  # a caption's second line needs it
    apart = np.column_stack([widths, np.maximum(rooms - widths, 1e-3)])
    grid = figure.add_gridspec(rows, 2 * columns, width_ratios=apart.ravel())
    places = [divmod(n, columns) for n in range(len(panels))]
    axes = [figure.add_subplot(grid[row, 2 * column]) for row, column in places]
    if rooms[-1] > widths[-1]:
        figure.add_subplot(grid[:, -1]).set_axis_off()  # keeps the colour bar off the captions
    return figure, axes, [rooms[column] for _, column in places]
