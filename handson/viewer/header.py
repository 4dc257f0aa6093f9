"""The DICOM elements that the viewer's panel lists: of the image and how it was made, never of the patient.

An element is listed when its group and its value representation are known to hold no name, date, free text or
identifier. Everything else stays in the file.
"""

from collections.abc import Callable
from typing import Any

from pydicom import Dataset

# Acquisition, geometry, pixels, isotopes; and a few of the series.
_GROUPS = (0x0018, 0x0020, 0x0028, 0x0054)
_OTHERS = ("Modality", "ImageType", "ConversionType", "LossyImageCompression")
_VRS = ("CS", "DS", "IS", "US", "SS", "UL", "SL", "FD", "FL", "AT")


def rows(dataset: Dataset) -> list[tuple[str, str]]:
    """(tag and name, value) of every element that may be listed, in the order of the file."""
    listed = [
        element
        for element in dataset
        if (element.tag.group in _GROUPS or element.keyword in _OTHERS)
        and element.VR in _VRS
        and not element.tag.is_private
        and element.keyword != "PixelData"
    ]
    return [(f"{element.tag} {element.name}", _text(element.value)) for element in listed]


def of_picture(dataset: Dataset) -> Callable[[Any], list[tuple[str, str]]]:
    """What `Viewer` takes as `header`: place -> rows, here the same everywhere."""
    found = rows(dataset)
    return lambda _ijk: found


def _text(value) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
