"""What an element says: its bytes as text or numbers, without pydicom's conversion where it is not needed."""

import math
import struct
from functools import cache

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from ..errors import ReadError

_STRUCT = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


@cache
def _tag(key) -> BaseTag:
    return Tag(key)


def value(dataset, key):
    """An element's value as a string, or a tuple of strings or numbers; None when it is absent.

    Elements that pydicom has not converted yet are read from their bytes: a tenth of the time, and
    lenient where it does not matter. PS3.5 section 6.2 has the encodings.
    """
    tag = _tag(key)
    element = dataset.get_item(tag)
    if element is None:
        return None
    if not isinstance(element, RawDataElement):
        return element.value
    vr = element.VR
    if vr in (None, "UN"):
        vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
    data = element.value or b""
    if vr == "US or SS":
        vr = "SS" if number(dataset, "PixelRepresentation") else "US"
    if code := _STRUCT.get(vr):
        size = struct.calcsize(code)
        order = "<" if element.is_little_endian else ">"
        return struct.unpack(f"{order}{len(data) // size}{code}", data[: len(data) // size * size])
    if vr == "SQ" or vr == "UN" or not data.isascii():
        return dataset[tag].value
    return tuple(part.strip(" \0") for part in data.decode("ascii").split("\\"))


def texts(dataset, key) -> tuple[str, ...]:
    """The values of a text element, empty when it is absent."""
    found = value(dataset, key)
    if found is None or found == "":
        return ()
    return (
        tuple(str(v) for v in found)
        if isinstance(found, tuple | list | MultiValue)
        else (str(found),)
    )


def text(dataset, key) -> str:
    """The first value of a text element, "" when it is absent or empty."""
    return next(iter(texts(dataset, key)), "")


def numbers(dataset, key) -> tuple[float, ...]:
    """The values of a number element, () when it is absent or empty.

    raises : ReadError when a value is no finite number
    """
    found = value(dataset, key)
    if found is None or found in ("", b""):
        return ()
    if not isinstance(found, tuple | list | MultiValue):
        found = (found,)
    try:
        values = tuple(float(v) for v in found if v != "")
    except (TypeError, ValueError):
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise ReadError(f"has {key} = {found!r}, which is no number", "The header is damaged.")
    return values


def number(dataset, key) -> float | None:
    """The first value of a number element; None when it is absent, empty or no number."""
    try:
        return next(iter(numbers(dataset, key)), None)
    except ReadError:
        return None
