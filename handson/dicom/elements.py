"""What an element says: text or numbers, without pydicom's conversion where it is not needed.

Damaged bytes become a ReadError here, where they are parsed, and nowhere else: an error of another
kind that leaves this module is a fault of the program and must look like one.
"""

import math
import struct
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydicom import Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from ..errors import ReadError
from .faults import BROKEN_BYTES

_STRUCT = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


@cache
def _tag(key) -> BaseTag:
    return Tag(key)


def value(dataset: Dataset, key: int | str) -> Any:
    """An element's value as a string, or a tuple of strings or numbers; None when it is absent.

    Elements that pydicom has not converted yet are read from their bytes: a tenth of the time, and
    lenient where it does not matter. PS3.5 section 6.2 has the encodings.

    raises : ReadError when its bytes make no sense
    """
    tag = _tag(key)
    try:
        element = dataset.get_item(tag)
        if element is None:
            return None
        if not isinstance(element, RawDataElement):
            return element.value
        return _parsed(dataset, tag, element)
    except BROKEN_BYTES as error:
        raise ReadError(
            f"is broken DICOM ({keyword_for_tag(tag) or tag}: {error or type(error).__name__})",
            "Copy it again from the source.",
        ) from None


def _parsed(dataset, tag, element):
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
    # Text that is not ASCII, or becomes another script behind an escape (ISO 2022), is pydicom's to decode.
    if vr in ("SQ", "UN", "AT") or not data.isascii() or b"\x1b" in data:
        return dataset[tag].value
    return tuple(part.strip(" \0") for part in data.decode("ascii").split("\\"))


def texts(dataset: Dataset, key: int | str) -> tuple[str, ...]:
    """The values of a text element, empty when it is absent."""
    found = value(dataset, key)
    if found is None or found == "":
        return ()
    return (
        tuple(str(v) for v in found)
        if isinstance(found, tuple | list | MultiValue)
        else (str(found),)
    )


def text(dataset: Dataset, key: int | str) -> str:
    """The first value of a text element, "" when it is absent or empty."""
    return next(iter(texts(dataset, key)), "")


def numbers(dataset: Dataset, key: int | str) -> tuple[float, ...]:
    """The values of a number element, () when it is absent or empty.

    raises : ReadError when a value is not a finite number
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
        raise ReadError(f"has {key} = {found!r}, which is not a number", "The header is damaged.")
    return values


def number(dataset: Dataset, key: int | str) -> float | None:
    """The first value of a number element; None when it is absent, empty or not a number."""
    try:
        return next(iter(numbers(dataset, key)), None)
    except ReadError:
        return None


def like_pixels(dataset: Dataset, found: float) -> int:
    """A value of VR "US or SS" with the sign of the pixels, whichever of the two it was written with."""
    unsigned = int(found) % (1 << 16)
    signed = number(dataset, "PixelRepresentation") and unsigned >= 1 << 15
    return unsigned - (1 << 16) if signed else unsigned


PRIVATE_BLOCKS = range(0x10, 0x14)  # vendors take the first blocks of their groups


def private(dataset: Dataset, creator: str, group: int, element: int) -> int | None:
    """The tag of a private element in the block that its creator reserved (PS3.5 section 7.8.1).

    creator : as the vendor writes it, "SIEMENS MR HEADER"
    returns : the tag, or None when no such block is there; a foreign block is never read
    """
    for block in PRIVATE_BLOCKS:
        if text(dataset, group << 16 | block) == creator:
            return group << 16 | block << 8 | element
    return None


def private_tags(group: int, elements: Iterable[int]) -> list[int]:
    """Every tag under which private elements and their creators may stand."""
    creators = [group << 16 | block for block in PRIVATE_BLOCKS]
    return creators + [
        creator << 8 & 0xFF00 | group << 16 | e for creator in creators for e in elements
    ]


def item(dataset: Dataset, key: int | str) -> Dataset | None:
    """The first item of a sequence, None when it is absent, empty or not a sequence."""
    found = value(dataset, key)
    return found[0] if isinstance(found, Sequence) and found else None
