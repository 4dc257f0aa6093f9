"""The DICOM elements that the viewer's panel lists: of the image and how it was made, never of the patient.

An element is listed when its group and its value representation are known to hold no name, date, free text or
identifier. Everything else stays in the file.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from pydicom import Dataset

from ..dicom.header import whole_header
from ..display.words import LABELS
from ..errors import HandsonError
from ..volume import Volume

# Acquisition, geometry, pixels, isotopes; and a few of the series.
_GROUPS = (0x0018, 0x0020, 0x0028, 0x0054)
_OTHERS = ("Modality", "ImageType", "ConversionType", "LossyImageCompression")
Header = Callable[[Sequence[int], int], list[tuple[str, str]]]
_VRS = ("CS", "DS", "IS", "US", "SS", "UL", "SL", "FD", "FL", "AT")


def rows(dataset: Dataset, frame: int | None = None) -> list[tuple[str, str]]:
    """(tag and name, value) of every element that may be listed, in the order of the file.

    frame : of an enhanced object, from 0: the elements of its functional groups follow; None when it is not
        known, so that only those of all frames do
    """
    listed = _listed(dataset)
    for groups in _groups_of(dataset, frame):
        for sequence in groups:
            if sequence.VR == "SQ":
                listed += [row for item in sequence.value[:1] for row in _listed(item, deep=True)]
    return listed


def _listed(dataset: Dataset, deep: bool = False) -> list[tuple[str, str]]:
    found = []
    for element in dataset:
        if element.VR == "SQ" and deep:
            found += [row for item in element.value[:1] for row in _listed(item, deep)]
        elif (
            (element.tag.group in _GROUPS or element.keyword in _OTHERS)
            and element.VR in _VRS
            and not element.tag.is_private
        ):
            found.append((f"{element.tag} {element.name}", _text(element.value)))
    return found


def _groups_of(dataset: Dataset, frame: int | None) -> list[Dataset]:
    """The functional groups of one frame (PS3.3 C.7.6.16): those of all frames, then its own."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    frame = 0 if frame is None and len(own) == 1 else frame
    return [*shared[:1], *([] if frame is None else own[frame : frame + 1])]


def of_picture(dataset: Dataset) -> Header:
    """What `Viewer` takes as `header`: (voxel, time) -> rows, here the same everywhere."""
    found = rows(dataset)
    return lambda _ijk, _time: found


def of_volume(volume: Volume) -> Header:
    """The same for a volume of files, which are read when they are looked at."""

    @lru_cache(maxsize=8)
    def read(path: Path) -> Dataset:
        return whole_header(path, pixels=False)

    def header(ijk: Sequence[int], time: int) -> list[tuple[str, str]]:
        found = volume.file_at(ijk, time)
        if found is None:
            return []
        path, frame = found
        try:
            return rows(read(path), frame)
        except HandsonError as error:  # moved or removed since it was read
            return [(LABELS["tabs"]["header"], str(error))]

    return header


def _text(value) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
