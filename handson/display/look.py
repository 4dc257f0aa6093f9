"""A `Look`: how the values of one image become colours. Decided here, drawn by figures and viewer.

`base_look` and `layer_look` find what is left unsaid: the window, the colour map, whether values are
labels. The rules are the same for every picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import ViewError
from ..volume import Volume
from .colours import COLOUR_MAPS, RGB, rgb
from .values import Survey, are_labels
from .windows import chosen, function_of, offered

INTERPOLATIONS = ("linear", "nearest")


@dataclass(frozen=True)
class Look:
    """How the values of one image become colours.

    range : (low, high), values at the two ends of the colour map
    function : "LINEAR", "LINEAR_EXACT" or "SIGMOID": the way between them; see `windows.to_range`
    cmap : one of `colours.COLOUR_MAPS`
    invert : the colour map runs the other way, as of MONOCHROME1
    opacity : 0..1
    interpolation : "linear" or "nearest", on another grid than the base's
    threshold : (low, high), the values that are drawn, or None for all; of |value| when `two_sided`
    two_sided : values on both sides of zero matter by their size
    outline : the edge is drawn instead of the area
    labels : values are names of areas; `names`, `colours` and `shown` belong to them
    marks : NaN and values outside the range have colours of their own
    """

    range: tuple[float, float]
    function: str = "LINEAR_EXACT"
    cmap: str = "gray"
    invert: bool = False
    opacity: float = 1.0
    interpolation: str = "nearest"
    threshold: tuple[float, float] | None = None
    two_sided: bool = False
    outline: bool = False
    labels: bool = False
    names: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, RGB] = field(default_factory=dict)
    shown: tuple[int, ...] | None = None
    visible: bool = True
    marks: bool = False

    def __post_init__(self) -> None:
        check_cmap(self.cmap)
        check_interpolation(self.interpolation, self.labels)
        check_opacity(self.opacity)


def base_look(
    volume: Volume,
    seen: Survey,
    window: Sequence[float] | str | None = None,
    cmap: str | None = None,
    known: dict[str, tuple[float, float]] | None = None,
) -> Look:
    """The look of an image that lies under everything else.

    seen : what `values.survey` found
    window : (centre, width), a name of `windows.offered`, or None for the first of these
    cmap : by default "labels" for bool values, else "gray"
    known : what `windows.offered` found, when that is known already
    """
    known = offered(volume, seen) if known is None else known
    cmap = cmap or ("labels" if volume.data.dtype.kind == "b" else "gray")
    return Look(
        range=chosen(window, volume, seen, known),
        function=function_of(volume, seen.whole),
        cmap=cmap,
        labels=cmap == "labels",
        invert=volume.photometric == "MONOCHROME1",
    )


def layer_look(
    volume: Volume,
    seen: Survey,
    *,
    cmap: str | None = None,
    opacity: float = 0.7,
    threshold: float | Sequence[float] | None = None,
    two_sided: bool | None = None,
    range: Sequence[float] | None = None,
    labels: bool | Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
    colours: Mapping[int, str | Sequence[int]] | None = None,
    shown: Sequence[int] | None = None,
    outline: bool = False,
    interpolation: str | None = None,
    visible: bool = True,
) -> Look:
    """The look of an image that is laid over another. Options as `Layer`'s.

    raises : ViewError for a colour image, and for options that contradict one another
    """
    if volume.rgb:
        raise ViewError("a colour image cannot be laid over another", "Show it as the base.")
    named = {**(labels if isinstance(labels, Mapping) else {}), **(names or {})}
    of_a_map = (cmap, threshold, range, two_sided, interpolation)
    if labels is None:
        asked = bool(named or colours or shown is not None)
        values_asked = any(option is not None for option in of_a_map)
        is_labels = asked or (not values_asked and are_labels(volume.data, seen))
    else:
        is_labels = bool(labels or named)
    if is_labels and not seen.whole:
        raise ViewError("labels must be whole numbers", "Leave labels alone for a map of values.")
    low, high = seen.ends
    if two_sided is None:
        two_sided = not is_labels and low < 0 < high and -low > 0.1 * high
    most = max(abs(low), abs(high))
    drawn = _threshold(threshold, seen.ends, is_labels, two_sided)
    start = min(low, 0.0) if threshold is None else min(drawn[0], high)
    ends = (-most, most) if two_sided else (start, high)
    return Look(
        range=_pair(range) if range is not None else ends,
        function=function_of(volume, seen.whole),
        cmap=cmap or ("labels" if is_labels else "blue-orange" if two_sided else "inferno"),
        opacity=opacity,
        interpolation=interpolation or ("nearest" if is_labels else "linear"),
        threshold=drawn,
        two_sided=two_sided,
        outline=outline,
        labels=is_labels,
        names={int(k): str(v) for k, v in named.items()},
        colours={int(k): rgb(v) for k, v in (colours or {}).items()},
        shown=None if shown is None else tuple(sorted({int(v) for v in shown})),
        visible=visible,
    )


def is_mask(look: Look, seen: Survey) -> bool:
    """Is this a label map with nothing but 0 and 1?"""
    return look.labels and seen.ends in ((0.0, 1.0), (0.0, 0.0), (1.0, 1.0))


def check_cmap(name: str) -> None:
    """raises : ViewError for a colour map that is not offered"""
    if name not in COLOUR_MAPS:
        raise ViewError(
            f"there is no colour map {name!r}", f"The maps are {', '.join(COLOUR_MAPS)}."
        )


def check_interpolation(kind: str, labels: bool) -> None:
    """raises : ViewError for an unknown kind, and where labels would be mixed"""
    if kind not in INTERPOLATIONS:
        raise ViewError(f"there is no interpolation {kind!r}", "It is linear or nearest.")
    if kind == "linear" and labels:
        raise ViewError(
            "labels cannot be interpolated: between 1 and 3 there is no 2",
            'Leave interpolation at "nearest".',
        )


def check_opacity(value: float) -> None:
    """raises : ViewError for an opacity that is not between 0 and 1"""
    if not 0 <= value <= 1:
        raise ViewError(f"an opacity of {value:g} is not possible", "It is 0..1.")


def _threshold(
    threshold: float | Sequence[float] | None,
    ends: tuple[float, float],
    labels: bool,
    two_sided: bool,
) -> tuple[float, float]:
    """(low, high) from what was given; by default the background, values near zero, is hidden."""
    low, high = ends
    most = max(abs(low), abs(high)) if two_sided else high
    if threshold is None:
        threshold = 0.5 if labels else 0.1 * most or 1.0 if two_sided or low >= 0 else low
    if isinstance(threshold, Sequence | np.ndarray):
        return _pair(threshold)
    return float(threshold), max(float(most), float(threshold))


def _pair(ends: Sequence[float] | np.ndarray) -> tuple[float, float]:
    low, high = map(float, ends)
    return low, high
