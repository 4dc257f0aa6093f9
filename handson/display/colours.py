"""Colour maps as tables, the colours of labels, and the colours that mark what a window cuts off.

A picture looks its colours up here whoever draws it: matplotlib, Pillow or the browser, which is
sent the same tables. matplotlib is not imported: its maps are in `colour_maps.json`.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np

from ..errors import ViewError

RGB = tuple[int, int, int]

# Offered everywhere: grey, perceptually uniform maps that survive colour blindness, a diverging one
# for signed maps, and jet, to see what is wrong with it. The last one holds the colours of labels.
COLOUR_MAPS = (
    "gray",
    "viridis",
    "cividis",
    "inferno",
    "magma",
    "plasma",
    "blues",
    "oranges",
    "blue-orange",
    "hot",
    "jet",
    "labels",
)
# Signed maps: blue for negative, orange for positive, light towards the ends, dark in the middle.
BLUE_ORANGE = ("#a6dcff", "#2c8fd6", "#123f66", "#2b2b2b", "#6b3a07", "#e0801a", "#ffd59e")
# Okabe and Ito's colours, told apart with any colour vision, and a dash for each: never colour alone.
LABEL_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
LABEL_DASHES = ("-", "--", ":", "-.")
# What a window cuts off, and what is not a number, when a picture is asked to mark it.
MARKS: dict[str, RGB] = {"below": (0, 90, 255), "above": (255, 140, 0), "nan": (190, 0, 190)}


@lru_cache
def colour_table(name: str) -> np.ndarray:
    """One colour map.

    name : one of `COLOUR_MAPS`
    returns : uint8 [256, 3], read only; row q is the colour of position q
    raises : ViewError for a map that is not offered
    """
    table: np.ndarray
    if name == "gray":
        table = np.repeat(np.arange(256), 3).reshape(256, 3)
    elif name == "labels":
        table = np.vstack([np.zeros((1, 3)), np.resize([rgb(c) for c in LABEL_COLOURS], (255, 3))])
    elif name == "blue-orange":
        stops = np.array([rgb(colour) for colour in BLUE_ORANGE], float)
        at = np.linspace(0, len(stops) - 1, 256)
        columns = [np.interp(at, range(len(stops)), column) for column in stops.T]
        table = np.floor(np.column_stack(columns) + 0.5)
    elif name in _from_matplotlib():
        table = np.frombuffer(bytes.fromhex(_from_matplotlib()[name]), np.uint8).reshape(256, 3)
    else:
        raise ViewError(
            f"there is no colour map {name!r}", f"The maps are {', '.join(COLOUR_MAPS)}."
        )
    table = table.astype(np.uint8)
    table.flags.writeable = False
    return table


@lru_cache
def _from_matplotlib() -> dict[str, str]:
    text = files(__package__).joinpath("colour_maps.json").read_text(encoding="utf-8")
    return json.loads(text)


def label_positions(values: np.ndarray) -> np.ndarray:
    """Label values -> positions on a colour map: 0 has the first, the others repeat.

    returns : uint8 array of the same shape
    """
    whole = np.floor(np.nan_to_num(values))
    return np.where(whole == 0, 0, 1 + np.mod(whole - 1, 255)).astype(np.uint8)


def label_rgb(
    values: np.ndarray, given: Mapping[int, RGB] | None = None, cmap: str = "labels"
) -> np.ndarray:
    """The colours of label values: one's own where it is given, else one of the map.

    given : label -> (red, green, blue)
    returns : uint8 array [..., 3]
    """
    drawn = colour_table(cmap)[label_positions(values)]
    for value, colour in (given or {}).items():
        drawn[values == value] = colour
    return drawn


def label_dash(label: int) -> str:
    """The dash of a label's outline, as matplotlib writes it."""
    return LABEL_DASHES[(label - 1) % len(LABEL_DASHES)]


def rgb(colour: str | Sequence[int]) -> RGB:
    """A colour as three numbers.

    colour : "#rrggbb", a colour's name in CSS, or (red, green, blue) 0..255
    raises : ViewError for anything else
    """
    from PIL import ImageColor

    try:
        parts = ImageColor.getrgb(colour)[:3] if isinstance(colour, str) else colour
        red, green, blue = (int(n) for n in parts)
        if all(0 <= n <= 255 for n in (red, green, blue)):
            return red, green, blue
    except (TypeError, ValueError):
        pass
    raise ViewError(f"{colour!r} is not a colour", 'Give "#rrggbb" or (red, green, blue), 0..255.')
