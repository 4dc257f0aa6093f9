"""From values to grey levels, exactly as the standard says: VOI windows, look-up tables, presets.

PS3.3 C.11.2. NumPy for the windows, pydicom for the tables. Modality values (HU and so on) come in,
0..255 goes out. A window is written (centre, width) for people and held as (low, high), the values
at the two ends of the grey scale, by the pictures: `to_range` and `to_window`. Which of the standard's
functions a picture uses is decided by one rule, `function_of`, and which window it starts with by
another, `offered`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pydicom import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi

from ..errors import ViewError
from ..volume import Slice, Volume
from .values import Survey, sample

Range = tuple[float, float]

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")

# (centre, width) as used in most reading rooms; HU for CT. Other modalities have no absolute scale.
PRESETS: dict[str, dict[str, tuple[float, float]]] = {
    "CT": {
        "soft tissue": (40, 400),
        "lung": (-600, 1500),
        "bone": (400, 1800),
        "brain": (40, 80),
        "stroke": (40, 40),
        "liver": (60, 160),
        "mediastinum": (50, 350),
        "angiography": (300, 600),
    },
}


def window(values: ArrayLike, center: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Map real-world values to grey levels as a DICOM viewer must.

    values : array of any shape, in the image's unit (HU for CT)
    center, width : window centre and width, same unit; LINEAR needs a width of at least 1, the others above 0
    function : "LINEAR", "LINEAR_EXACT" or "SIGMOID": VOILUTFunction (0028,1056)
    returns : float64 array of the same shape, 0 (black) .. 255 (white); draw MONOCHROME1 inverted
    raises : ViewError for an impossible width or an unknown function

    PS3.3 C.11.2.1.2.1, C.11.2.1.3.2 and C.11.2.1.3.1. The half and the one in the linear formula are
    the standard's, not a rounding:

    >>> window([40, 239], center=40, width=400).round(2)
    array([127.82, 255.  ])
    >>> window([40, 240], center=40, width=400, function="LINEAR_EXACT").round(2)
    array([127.5, 255. ])
    """
    name = str(function or "LINEAR").upper()
    if name not in FUNCTIONS:
        raise ViewError(f"there is no window function {function!r}", f"It is one of {FUNCTIONS}.")
    smallest = 1 if name == "LINEAR" else 0
    if not np.isfinite([center, width]).all() or width < smallest or width <= 0:
        raise ViewError(
            f"a window of width {width} around {center} is impossible",
            "LINEAR needs a width of at least 1, the other functions one above 0.",
        )
    x = np.asarray(values, np.float64)
    if name == "SIGMOID":
        with np.errstate(over="ignore"):
            return 255.0 / (1.0 + np.exp(-4.0 * (x - center) / width))
    if name == "LINEAR_EXACT":
        return np.clip((x - center) / width + 0.5, 0, 1) * 255.0
    if width == 1:
        return np.where(x <= center - 0.5, 0.0, 255.0) + 0.0 * x
    return np.clip((x - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255.0


def modality_values(stored: ArrayLike, dataset: Dataset) -> np.ndarray:
    """Stored numbers -> modality values (HU and so on), by rescale or look-up table: PS3.3 C.11.1.

    stored : integers as the file holds them, `dataset.pixel_array`
    dataset : `pydicom.Dataset` with RescaleSlope or ModalityLUTSequence, or neither
    returns : float64 array of the same shape

    `read_slice` and `read_series` have done this already.
    """
    return np.asarray(apply_modality_lut(np.asarray(stored), dataset), np.float64)


def header_grey(values: ArrayLike, dataset: Dataset, index: int = 0) -> np.ndarray:
    """Modality values -> grey levels as the file itself proposes: VOI LUT, else window, else full range.

    values : modality values of the picture, as `Slice.pixels`
    dataset : `pydicom.Dataset` with VOILUTSequence or WindowCenter, WindowWidth and VOILUTFunction
    index : which of several proposals
    returns : float64 array of the same shape, 0 (black) .. 255 (white)
    raises : ViewError when there is no proposal of that number or it is damaged

    PS3.3 C.11.2; a table comes before a window where both are there.
    """
    values = np.asarray(values, np.float64)
    tables = dataset.get("VOILUTSequence") or []
    if tables:
        return _by_table(values, dataset, index, len(tables))
    centers, widths = (_numbers(dataset.get(k)) for k in ("WindowCenter", "WindowWidth"))
    if centers and widths:
        if not 0 <= index < min(len(centers), len(widths)):
            raise ViewError(f"there is no window {index}", f"The file proposes {len(centers)}.")
        function = dataset.get("VOILUTFunction") or "LINEAR"
        return window(values, centers[index], widths[index], function)
    low, high = np.nanmin(values), np.nanmax(values)
    return (values - low) / ((high - low) or 1.0) * 255.0


def _by_table(values: np.ndarray, dataset: Dataset, index: int, count: int) -> np.ndarray:
    if not 0 <= index < count:
        raise ViewError(f"there is no VOI LUT {index}", f"The file holds {count}.")
    try:
        bits = int(dataset.VOILUTSequence[index].LUTDescriptor[2])
        grey = apply_voi(np.rint(values).astype(np.int64), dataset, index)
    except Exception as error:
        raise ViewError(f"the VOI LUT is damaged ({error})", "Use window instead.") from None
    return np.asarray(grey, np.float64) / (2**bits - 1) * 255.0


def _numbers(found: Any) -> list[float]:
    return [float(x) for x in (np.atleast_1d(found) if found not in (None, "") else [])]


def presets(modality: str = "CT") -> dict[str, tuple[float, float]]:
    """Named windows of a modality: {name: (centre, width)}; empty where values have no absolute scale."""
    return dict(PRESETS.get(modality, {}))


def function_of(image: Volume | Slice, whole: bool) -> str:
    """Which function draws the windows of an image: "LINEAR", "LINEAR_EXACT" or "SIGMOID".

    whole : whether all values are whole numbers

    What the file states counts (VOILUTFunction). Where it states nothing, LINEAR, DICOM's default, draws
    whole numbers: an integer type, or the floats of a DICOM image if all are whole (HU). LINEAR_EXACT
    draws other values: LINEAR's "width - 1" is one step of a stored number, which for values such as
    0..1 would be the whole window.
    """
    if image.window_function:
        return image.window_function
    data = image.data if isinstance(image, Volume) else image.pixels
    counted = data.dtype.kind in "iu" or (whole and data.dtype.kind == "f" and image.modality != "")
    return "LINEAR" if counted else "LINEAR_EXACT"


def to_range(window: Sequence[float], function: str = "LINEAR") -> Range:
    """(centre, width) -> (low, high), the values at the two ends of the grey scale.

    function : LINEAR draws black up to c - w/2 and white from c + w/2 - 1 on, LINEAR_EXACT from c - w/2
        to c + w/2 (PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2). A SIGMOID has no ends: they are written as
        LINEAR_EXACT's
    raises : ViewError for what is not a window, and for an impossible one

    >>> to_range((40, 400)), to_range((0.5, 1), "LINEAR_EXACT")
    ((-160.0, 239.0), (0.0, 1.0))
    """
    try:
        centre, width = (float(x) for x in window)
    except (TypeError, ValueError):
        raise ViewError(
            f"{window!r} is not a window", "Give (centre, width) in the unit of the values."
        ) from None
    least = 1 if function == "LINEAR" else 0
    if not np.isfinite([centre, width]).all() or width <= 0 or width < least:
        raise ViewError(
            f"a window of width {width:g} around {centre:g} is impossible",
            "The width is at least 1 for whole numbers, above 0 for others.",
        )
    return centre - width / 2, centre + width / 2 - least


def to_window(ends: Sequence[float], function: str = "LINEAR") -> tuple[float, float]:
    """(low, high) -> (centre, width): the other way round."""
    low, high = ends
    width = high - low + (function == "LINEAR")
    return low + width / 2, width


def offered(image: Volume, seen: Survey) -> dict[str, Range]:
    """Named windows for an image, {name: (low, high)}, the one to start with first.

    The file's own comes first, then the modality's (Hounsfield units mean the same everywhere), then
    what the values suggest: magnetic resonance and PET have no absolute scale.
    """
    function, found = function_of(image, seen.whole), {}
    if image.window is not None:
        found["from the file"] = to_range(image.window, function)
    for name, preset in presets(image.modality).items():
        found[name] = to_range(preset, function)
    if image.data.dtype.kind != "b":
        values = sample(image.data)
        if values.size:
            low, lower, upper, high = np.percentile(values, [1, 25, 75, 99.5])
            found["1 to 99.5 %"] = (float(low), float(high))
            found["middle half"] = (float(lower), float(upper))
    found["whole range"] = seen.ends
    wide = {name: (low, high) for name, (low, high) in found.items() if low < high}
    return wide or {"whole range": around(seen.ends[0])}


def chosen(
    window: Sequence[float] | str | None, image: Volume, seen: Survey, known: dict[str, Range]
) -> Range:
    """(low, high) of a window as people give it: (centre, width), a name, or None for the first.

    known : what `offered` found
    raises : ViewError for a name that is not offered, or what is not a window
    """
    if window is None:
        return next(iter(known.values()))
    if not isinstance(window, str):
        return to_range(window, function_of(image, seen.whole))
    if window not in known:
        raise ViewError(
            f"there is no window {window!r}",
            f"Give (centre, width) or one of: {', '.join(known)}.",
        )
    return known[window]


def around(value: float) -> Range:
    """A range for an image in which nothing varies: zero stays black, any other value is mid-grey."""
    half = max(0.5, abs(value) / 1000)
    return (value - half, value + half) if value else (0.0, 1.0)
