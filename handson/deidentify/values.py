"""The values of a pydicom Dataset without trusting it: bytes, text and numbers as they stand in the file.

pydicom converts an element when it is first looked at, and raises at what is broken. Here nothing raises,
and an element that is only looked at stays the bytes that it was.
"""

import struct
from typing import Any

from pydicom.charset import decode_bytes
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import VR

CHARSET_TEXT = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "PN"})
LONG = frozenset({"LT", "ST", "UT"})


def sequence_items(dataset: Dataset, tag: BaseTag) -> Sequence | None:
    """The items of a sequence; None when its bytes cannot be read as one."""
    try:
        value = dataset[tag].value
    except Exception:  # pydicom raises whatever the broken bytes made it raise
        return None
    if value is None or value == b"":
        return Sequence()
    return value if isinstance(value, Sequence) else None


def actual_vr(dataset: Dataset, tag: BaseTag, vr: str) -> str:
    """Of the VRs that the standard allows the one that the file claims, or else the first."""
    claimed = claimed_vr(dataset, tag)
    choices = vr.split(" or ")
    return str(claimed) if claimed in choices else choices[0]


def packed(dataset: Dataset, tag: BaseTag, vr: str) -> tuple[bytes | None, bool]:
    """(the bytes of binary numbers, True if little endian); None if they are not numbers."""
    item: Any = dataset.get_item(tag)
    value = item.value
    if isinstance(value, bytes | bytearray):
        little = item.is_little_endian if item.is_raw else dataset.original_encoding[1]
        return bytes(value), little is not False
    numbers: list = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    if not all(isinstance(number, int | float) for number in numbers):
        return None, True
    code = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
    try:
        if actual_vr(dataset, tag, vr) == "AT":
            return b"".join(struct.pack("<HH", n >> 16, n & 0xFFFF) for n in numbers), True
        return struct.pack(f"<{len(numbers)}{code[actual_vr(dataset, tag, vr)]}", *numbers), True
    except (KeyError, struct.error, TypeError):
        return None, True


def claimed_vr(dataset: Dataset, tag: BaseTag) -> str | None:
    """The VR that the file gives, None in implicit VR."""
    return dataset.get_item(tag).VR


def is_empty(dataset: Dataset, tag: int) -> bool:
    item = dataset.get_item(tag)
    return item.value is None or (item.VR != VR.SQ and len(raw(dataset, tag)) == 0)


def raw(dataset: Dataset, tag: int) -> bytes:
    """The bytes of an element's value, for looking through."""
    value = dataset.get_item(tag).value
    if value is None:
        return b""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, MultiValue | list | tuple):
        value = "\\".join(str(part) for part in value)
    return str(value).encode("utf-8", "surrogateescape")


def values(dataset: Dataset, tag: int, vr: str) -> list[str]:
    """The values of a text-like element, without padding; [] when it is missing or empty."""
    if tag not in dataset:
        return []
    item = dataset.get_item(tag)
    value = item.value
    if isinstance(value, bytes):
        if vr not in CHARSET_TEXT or (value.isascii() and b"\x1b" not in value):
            text = value.decode("latin-1")
        else:
            ends: Any = set("^=\r\n\t\f" if vr in LONG else "\\^=\r\n\t\f")
            text = decode_bytes(value, dataset.original_character_set, ends)
    elif value is None:
        text = ""
    elif isinstance(value, MultiValue | list | tuple):
        text = "\\".join("" if part is None else str(part) for part in value)
    else:
        text = str(value)
    if vr in LONG or vr == "UR":
        text = text.rstrip("\0 ")
        return [text] if text else []
    parts = [part.strip("\0 ") for part in text.split("\\")]
    return parts if any(parts) else []


def split(text: str, vr: str) -> Any:
    return text if vr in LONG or "\\" not in text else text.split("\\")
