"""What whole headers say about repeated positions: against a counter, and for copies.

Only asked where the elements that `file_frames` reads do not decide. Every element of every header is then
looked at, private ones included.
"""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from .elements import value
from .faults import parsing
from .frame import Frame
from .header import whole_header
from .repeats import Columns

# Elements that differ from picture to picture and say nothing about which belong together.
_OF_THE_PICTURE = {
    "InstanceNumber", "ImagePositionPatient", "SliceLocation", "SmallestImagePixelValue",
    "LargestImagePixelValue", "SmallestPixelValueInSeries", "LargestPixelValueInSeries", "WindowCenter",
    "WindowWidth", "DimensionIndexValues", "InStackPositionNumber", "ImageComments", "ImageIndex",
}  # fmt: skip
_NO_EVIDENCE = {"UI", "DA", "TM", "DT", "OB", "OW", "OF", "OD", "OL", "OV"}
_LONGEST = 64  # characters of a value: longer ones are blocks of vendors' own data


def contradictions(volumes: Sequence[Sequence[Frame]]) -> list[str]:
    """The elements that have the same values at every place and yet differ within a volume.

    volumes : [time][slice] frames
    """
    columns = _columns(volumes)
    moments = [list(range(len(volumes)))] * len(volumes[0])
    return [
        name
        for name, column in columns.items()
        if Columns.uniform(column)
        and len(set(column[0])) > 1
        and not Columns.uniform(Columns.joined(moments, column))
    ]


def varying(place: Sequence[Frame]) -> list[str]:
    """The elements in which the frames of one place differ."""
    found = _columns([[frame] for frame in place])
    return [name for name, column in found.items() if len(set(column[0])) > 1]


def _columns(volumes) -> dict:
    """Name -> values [slice][time] of every element that all frames were asked for."""
    headers: dict = {}
    told = [[_elements(frame, headers) for frame in volume] for volume in volumes]
    names = dict.fromkeys(name for volume in told for frame in volume for name in frame)
    return {
        name: [[told[t][k].get(name) for t in range(len(told))] for k in range(len(told[0]))]
        for name in names
    }


def _elements(frame: Frame, headers) -> dict:
    """Name -> value of a frame's own elements, those of its functional groups by their path."""
    path = frame.file.path
    if path not in headers:
        headers[path] = whole_header(path, pixels=False)
    dataset = headers[path]
    found: dict = {}
    with parsing(path):
        groups = value(dataset, "PerFrameFunctionalGroupsSequence")
        _walk(groups[frame.index] if groups else dataset, found)
    return found


def _walk(dataset: Dataset, found, depth=0):
    for element in dataset:
        if element.VR == "SQ":
            if depth < 4 and len(element.value) == 1:
                _walk(element.value[0], found, depth + 1)
        elif element.VR not in _NO_EVIDENCE and element.keyword not in _OF_THE_PICTURE:
            text = str(element.value)
            if len(text) <= _LONGEST:
                name = element.keyword or f"{element.tag} {element.name}"
                found.setdefault(name, text)
