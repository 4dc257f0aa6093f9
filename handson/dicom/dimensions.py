"""The dimensions by which an enhanced object indexes its frames (PS3.3 C.7.6.17).

The writer chooses them, and the frames may stand in any order. Whatever is not place is a key by which
frames of one position belong to different volumes: private attributes and unknown ones included.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.tag import Tag

from .elements import number, numbers, text, texts, value
from .keys import Dimension

# Attributes of place. Where two frames differ in one of these only, they are slices, not volumes.
_PLACE = {
    "StackID", "InStackPositionNumber", "ImagePositionPatient", "ImageOrientationPatient",
    "ImagePositionVolume", "ImageOrientationVolume", "PlanePositionSequence", "PlaneOrientationSequence",
    "PlanePositionVolumeSequence", "PlaneOrientationVolumeSequence", "PlanePositionSlideSequence",
    "SliceLocation", "ColumnPositionInTotalImagePixelMatrix", "RowPositionInTotalImagePixelMatrix",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Item:
    key: Dimension
    pointer: int
    group: int


def dimension_items(dataset: Dataset) -> list[_Item]:
    """The dimensions of an object, in the order of its DimensionIndexSequence."""
    found = []
    for n, entry in enumerate(value(dataset, "DimensionIndexSequence") or ()):
        pointer, group = _tag(entry, "DimensionIndexPointer"), _tag(entry, "FunctionalGroupPointer")
        keyword = keyword_for_tag(pointer)
        name = keyword or text(entry, "DimensionDescriptionLabel") or str(Tag(pointer))
        found.append(_Item(Dimension(n, name, keyword in _PLACE), pointer, group))
    return found


def _tag(entry, keyword) -> int:
    """An attribute tag (VR AT), 0 when it is absent."""
    found = value(entry, keyword)
    return int(found) if isinstance(found, int) else 0


def dimension_keys(
    items: list[_Item], content: Dataset | None, group: Callable[[int], Dataset | None]
) -> dict:
    """The keys of one frame: its DimensionIndexValues, else the attributes that they would count.

    content : item of the FrameContentSequence, or None
    group : function from a sequence's tag to the item of that functional group, or None
    """
    indices = numbers(content, "DimensionIndexValues") if content is not None else ()
    if indices:
        keys = [one.key for one in items]
        keys += [Dimension(n, f"dimension {n + 1}", False) for n in range(len(keys), len(indices))]
        return dict(zip(keys, map(int, indices), strict=False))
    found = {}
    for one in items:
        holder = group(one.group) if one.group else content
        if holder is not None and not one.key.place and (stated := _value(holder, one.pointer)):
            found[one.key] = stated
    return found


def _value(holder, pointer):
    """A number or a text; a tuple where there are several."""
    many = texts(holder, pointer)
    if len(many) == 1:
        return single if (single := number(holder, pointer)) is not None else many[0]
    return many
