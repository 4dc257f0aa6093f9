"""The private elements that are known to be safe: PS3.15 Table E.3.10-1, and numbers of known makers.

A private element is known by three things: its group, the creator that owns its block, and the last two
digits of its element number. Nothing here is trusted unless all three agree, and the value is a number.

`private_known.csv` lists elements that hold numbers and that the curators of The Cancer Imaging Archive keep
(their knowledge base of private elements, published with the archive's submission guide); the VRs are those
of pydicom's dictionary of private elements (MIT licence). `tools/deidentify/build.py` makes it.
"""

import csv
import re
from functools import cache

from pydicom._private_dict import private_dictionaries
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from . import forms
from .tables import rows_of
from .values import packed, raw

_SELENIA = "06-08 16 26-35 37 40-41 50-53 60 70-71 80 90"
_SAFE = {
    # creator: {group: last two digits of the element, single or from-to}
    "Philips PET Private Group": {0x7053: "00 09"},
    "Philips MR Imaging DD 001": {0x2005: "0D-0E"},
    "Philips Imaging DD 001": {0x2001: "03-04"},
    "Philips US Imaging DD 023": {0x200D: "45"},
    "Philips US Imaging DD 033": {0x200D: "00-08 0D 0F-11 14 21"},
    "Philips US Imaging DD 034": {0x200D: "01-05 08-14 17-18 1B-28"},
    "Philips US Imaging DD 035": {0x200D: "01 03-04 07-0A 0C-0D"},
    "Philips US Imaging DD 036": {0x200D: "15-19 20"},
    "Philips US Imaging DD 038": {0x200D: "01-04"},
    "Philips US Imaging DD 039": {0x200D: "01-0D 15"},
    "Philips US Imaging DD 040": {0x200D: "01-07 20"},
    "Philips US Imaging DD 042": {0x200D: "15-16 20 30-31 40 50-60 70-78 8C"},
    "Philips US Imaging DD 045": {0x200D: "F1 F3-F6 F8 FA-FB"},
    "Philips US Imaging DD 046": {0x200D: "17"},
    "Philips US Imaging DD 048": {0x200D: "01"},
    "Philips US Imaging DD 065": {0x200D: "07"},
    "Philips US Imaging DD 066": {0x200D: "00-01 03-04"},
    "SIEMENS MR HEADER": {0x0019: "0C-0E 27"},
    "ELSCINT1": {0x00E1: "21", 0x01E1: "26 50", 0x01F1: "01 07 26-27"},
    "GEMS_ACQU_01": {0x0019: "23-24 27 9E"},
    "GEMS_SERS_01": {0x0025: "07"},
    "GEMS_PARM_01": {0x0043: "27 39 6F"},
    "GEMS_HELIOS_01": {0x0045: "01-02"},
    "GEMS_SENO_02": {
        0x0045: "06 1B 20 27 29-2B 49 58-59 60-61 64 71-72 90 A0-A2 A4 A7-A8",
    },
    "GEIIS PACS": {0x0903: "10-12"},
    "HOLOGIC, Inc.": {
        0x0019: "06-08 16 25-35 37 40-46 50-53 60-62 70-71 80 85 87 89-8A 90 97-98",
        0x7E01: "01-02 10-12",
        0x7F01: "01-02 10-12",
    },
    "LORAD Selenia": {0x0019: _SELENIA},
    "NQHeader": {0x0099: "01 04-05 10 20-21"},
    "NQLeft": {0x0199: "01-16"},
    "NQRight": {0x0299: "01-16"},
}


def _expand(ranges: str) -> set[int]:
    ends = [[int(end, 16) for end in part.split("-")] for part in ranges.split()]
    return {number for end in ends for number in range(end[0], end[-1] + 1)}


SAFE_PRIVATE = frozenset(
    (creator, group, number)
    for creator, groups in _SAFE.items()
    for group, ranges in groups.items()
    for number in _expand(ranges)
)


def _creator(dataset: Dataset, group: int, block: int) -> str:
    tag = group << 16 | block
    if tag not in dataset:
        return ""
    value = dataset.get_item(tag).value
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")


@cache
def known_numbers() -> dict[tuple[str, int, int], str]:
    """{(creator, group, last two digits): VR} of the elements that hold numbers and that curators keep."""
    with rows_of("private_known.csv") as file:
        rows = csv.DictReader(file)
        return {(r["creator"], int(r["group"], 16), int(r["element"], 16)): r["vr"] for r in rows}


def _is_safe(creator: str, group: int, number: int) -> bool:
    return (creator, group, number) in SAFE_PRIVATE or (creator, group, number) in known_numbers()


@cache
def _vr(creator: str, group: int, number: int) -> str:
    """The VR of a private element by pydicom's dictionary or the table, "" when neither knows it."""
    known = private_dictionaries.get(creator, {})
    for pattern in (f"{group:04X}xx{number:02X}", f"{group:04x}xx{number:02x}"):
        if pattern in known:
            return known[pattern][0]
    return known_numbers().get((creator, group, number), "")


_ALIKE = frozenset({"DS", "IS", "FD", "FL", "US", "SS", "UL", "SL", "CS", "LO", "SH", ""})
# Coded values of safe elements that are text: nothing but these stays.
_TERMS = frozenset(
    re.findall(
        r"\S+",
        "YES NO Y N NONE FREQ PHASE UNKNOWN AXIAL SAGITTAL CORONAL TRANSVERSAL HEAD_FIRST FEET_FIRST ORIGINAL M P R I ROW COL"
        " ADVANCED ISOTROPIC TRACEW DIRECTIONAL BVALUE NORMAL SINGLE MULTI PLUS MINUS LEFT RIGHT RCC LCC RMLO LMLO CC MLO",
    )
)


def private_vr(dataset: Dataset, tag: BaseTag) -> str:
    """The VR that a private element has by its maker's dictionary, or that its file claims if it is of the
    same sort; "" when the two contradict each other."""
    group, element = tag >> 16, tag & 0xFFFF
    item = dataset.get_item(tag)
    vr = _vr(_creator(dataset, group, element >> 8), group, element & 0xFF)
    if item.VR in (None, "UN", vr):
        return vr
    return str(item.VR) if {str(item.VR), vr} <= _ALIKE else ""


def is_private_number(dataset: Dataset, tag: BaseTag) -> bool:
    """True if a safe element's value is a number (or one of a few terms) by its maker's dictionary; true
    for a known creator, too."""
    if 0x10 <= tag & 0xFFFF <= 0xFF:
        return True
    vr = private_vr(dataset, tag)
    if vr in ("DS", "IS"):
        parts = raw(dataset, tag).decode("latin-1").split("\\")
        return all(forms.is_number(p.strip("\0 "), "DS", 1e6) for p in parts if p.strip("\0 "))
    if vr in ("CS", "LO", "SH", "LT"):
        parts = raw(dataset, tag).decode("latin-1").split("\\")
        return all(part.strip("\0 ") in _TERMS for part in parts if part.strip("\0 "))
    if vr in ("FD", "FL", "US", "SS", "UL", "SL", "UV", "SV"):
        data, little = packed(dataset, tag, vr)
        return (
            data is not None
            and len(data) <= 4096
            and forms.are_numbers(tag, vr, "large number", data, little)
        )
    return False


def is_safe_private(dataset: Dataset, tag: BaseTag) -> bool:
    """True for a safe element, and for the creator of a block that holds at least one."""
    group, element = tag >> 16, tag & 0xFFFF
    if 0x10 <= element <= 0xFF:
        creator = _creator(dataset, group, element)
        block = group << 16 | element << 8
        return any(_is_safe(creator, group, n) and (block | n) in dataset for n in range(256))
    return _is_safe(_creator(dataset, group, element >> 8), group, element & 0xFF)
