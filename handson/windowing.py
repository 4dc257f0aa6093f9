"""From values to grey levels, exactly as the standard says: VOI windows, VOI look-up tables, presets.

PS3.3 C.11.2. NumPy for the windows, pydicom for the tables. Modality values (HU and so on) come in,
0..255 goes out; nothing here knows a file's geometry or a widget.
"""

import numpy as np
from pydicom.pixels import apply_modality_lut, apply_voi

from .errors import ViewError

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")

# (centre, width) as used in most reading rooms; HU for CT. Other modalities have no absolute scale.
PRESETS = {
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


def window(values, center, width, function="LINEAR"):
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


def modality_values(stored, dataset):
    """Stored numbers -> modality values (HU and so on), by rescale or look-up table: PS3.3 C.11.1.

    stored : integers as the file holds them, `dataset.pixel_array`
    dataset : `pydicom.Dataset` with RescaleSlope or ModalityLUTSequence, or neither
    returns : float64 array of the same shape

    `read_slice` and `read_series` have done this already.
    """
    return np.asarray(apply_modality_lut(np.asarray(stored), dataset), np.float64)


def header_grey(values, dataset, index=0):
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


def _by_table(values, dataset, index, count):
    if not 0 <= index < count:
        raise ViewError(f"there is no VOI LUT {index}", f"The file holds {count}.")
    try:
        bits = int(dataset.VOILUTSequence[index].LUTDescriptor[2])
        grey = apply_voi(np.rint(values).astype(np.int64), dataset, index)
    except Exception as error:
        raise ViewError(f"the VOI LUT is damaged ({error})", "Use window instead.") from None
    return np.asarray(grey, np.float64) / (2**bits - 1) * 255.0


def _numbers(found) -> list[float]:
    return [float(x) for x in (np.atleast_1d(found) if found not in (None, "") else [])]


def presets(modality="CT"):
    """Named windows of a modality: {name: (centre, width)}; empty where values have no absolute scale."""
    return dict(PRESETS.get(modality, {}))
