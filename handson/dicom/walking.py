"""A quick walk over the elements of an explicit little-endian data set (PS3.5 section 7.1.2).

Most files are written so, and most of the time of a scan went into stepping from element to element.
Only steps are taken here: values stay bytes, and pydicom converts the few that are asked for. Whatever
this walk does not know (another VR, a length that leads nowhere) is left to pydicom's own reader.
"""

from collections.abc import Container
from dataclasses import dataclass
from struct import Struct, error
from typing import Any

from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

# The value representations with a length of two bytes, and those with four (PS3.5 table 7.1-2).
_SHORT = set(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = set(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_HEAD, _LENGTH, _ITEM = (
    Struct("<HH2sH").unpack_from,
    Struct("<I").unpack_from,
    Struct("<HHI").unpack_from,
)
_UNDEFINED, _CHARSET = 0xFFFFFFFF, 0x00080005
_ITEM_START, _ITEM_END, _SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class HeaderWalk:
    """elements : the wanted ones; at : where the walk ended; tag : the element that stands there, or None.

    vr, length, value : of that element; value is the offset of its first byte
    """

    elements: dict
    at: int
    tag: int | None = None
    vr: str = ""
    length: int = 0
    value: int = 0

    def dataset(self) -> Dataset:
        """The wanted elements, for pydicom to convert."""
        made = Dataset(self.elements)
        encoding: Any = default_encoding
        if _CHARSET in self.elements:
            charset = convert_raw_data_element(self.elements[_CHARSET]).value
            encoding = convert_encodings(charset)
        made.set_original_encoding(False, True, encoding)
        return made


def walk(data: bytes, at: int, last: int, wanted: Container[int | None]) -> HeaderWalk | None:
    """Step over the elements from `at` on, up to the first one beyond the tag `last`.

    wanted : set of tags whose values are kept
    returns : None where the bytes are not what this walk knows
    """
    elements: dict[BaseTag, RawDataElement] = {}
    size = len(data)
    while at + 8 <= size:
        group, number, vr, length = _HEAD(data, at)
        tag, value = group << 16 | number, at + 8
        if vr in _LONG:
            if at + 12 > size:
                break
            (length,), value = _LENGTH(data, at + 8), at + 12
        elif vr not in _SHORT:
            return None
        if tag > last:
            return HeaderWalk(elements, at, tag, vr.decode(), length, value)
        if length == _UNDEFINED:
            end = None if tag in wanted or vr not in (b"SQ", b"UN") else _after_items(data, value)
            if end is None:
                return None
        else:
            end = value + length
            if end > size:
                break
            if tag in wanted:
                key = BaseTag(tag)
                content: Any = data[value:end] or empty_value_for_VR(vr.decode(), raw=True)
                elements[key] = RawDataElement(
                    key, vr.decode(), length, content, value, False, True
                )
        at = end
    return HeaderWalk(elements, at)


def _after_items(data, at, depth=0) -> int | None:
    """The offset behind a sequence of undefined length, None where its end is not among the bytes."""
    try:
        while depth < _DEEPEST:
            group, number, length = _ITEM(data, at)
            at += 8
            if group != 0xFFFE:
                return None
            if number == _SEQUENCE_END:
                return at
            if number != _ITEM_START:
                return None
            if length != _UNDEFINED:
                at += length
            else:
                at = _after_elements(data, at, depth)
                if at is None:
                    return None
    except error:
        pass
    return None


def _after_elements(data, at, depth) -> int | None:
    """The offset behind an item of undefined length."""
    while True:
        group, number, vr, length = _HEAD(data, at)
        if group == 0xFFFE:
            return at + 8 if number == _ITEM_END else None
        at += 8
        if vr in _LONG:
            (length,) = _LENGTH(data, at)
            at += 4
        elif vr not in _SHORT:
            return None
        if length != _UNDEFINED:
            at += length
        else:
            at = _after_items(data, at, depth + 1)
            if at is None:
                return None
