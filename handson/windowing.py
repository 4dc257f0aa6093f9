"""From values to grey levels, exactly as the standard says: VOI windows, VOI look-up tables, presets.

PS3.3 C.11.2. NumPy for the windows, pydicom for the tables. Modality values (HU and so on) come in,
0..255 goes out; nothing here knows a file's geometry or a widget.
"""

import numpy as np

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


def presets(modality="CT"):
    """Named windows of a modality: {name: (centre, width)}; empty where values have no absolute scale."""
    return dict(PRESETS.get(modality, {}))
