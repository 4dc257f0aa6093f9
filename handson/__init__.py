"""Hands-on medical imaging: read right, see, measure, overlay and de-identify.

The names below are the whole public surface. They are loaded when first used, so that
`import handson` costs nothing (PEP 562).
"""

import sys
from importlib import import_module
from typing import Any

_HOME = {
    "Volume": "volume",
    "Slice": "volume",
    "HandsonError": "errors",
    "read_slice": "dicom",
    "scan": "dicom",
    "read_series": "dicom",
    "read_nifti": "nifti",
    "write_nifti": "nifti",
    "header_bytes": "nifti",
    "open": "opening",
    "window": "display",
    "fetch": "datasets",
    "catalogue": "datasets",
    "view": "viewer",
    "Layer": "viewer",
    "link": "viewer",
    "language": "display.words",
    "SliceViewer": "viewer",
    "OrthoViewer": "viewer",
    "OverlayViewer": "viewer",
    "TimeSeriesViewer": "viewer",
    "anonymize": "deidentify",
    "pseudonymize": "deidentify",
    "audit": "deidentify",
    "doctor": "lessons",
}

# Parts of the package that can be written out, as in handson.figures.overlay(...).
_ROOMS = {
    "datasets",
    "deidentify",
    "dicom",
    "display",
    "figures",
    "lessons",
    "nifti",
    "pacs",
    "phantoms",
    "segmentations",
    "viewer",
}

__version__ = "0.1.0"
# `open` is written out, handson.open(path): a star import must not replace Python's own.
__all__ = sorted(_HOME.keys() - {"open"})


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"handson.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'handson' has no attribute {name!r}")
    return getattr(import_module(f"handson.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "open", *sorted(_ROOMS), "__version__"]


if sys.platform == "emscripten":  # in a browser: the no-install site
    import_module("handson.browser").prepare()
