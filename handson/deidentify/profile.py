"""Which rule holds for which element: PS3.15 Table E.1-1 as data, and what stands in where it is silent.

`profile.csv` is the table (edition 2026c), a row per attribute, a column per option. This module turns it
and the options a user chose into one letter per tag. It looks at no value and opens no file.

The table lists what is known to identify. Real files hold more: elements that it does not list, that no
dictionary knows, private ones. `Profile.rule` therefore answers for every tag there can be.
"""

import csv
from functools import cache
from importlib.resources import files

from pydicom.datadict import DicomDictionary, keyword_for_tag

from ..errors import DeidentifyError

EDITION = "2026c"

REMOVE, EMPTY, DUMMY, NEW_UID, KEEP, CLEAN, SHIFT = "XZDUKCS"
"""The letters of the table, and S for *clean* said of a date: moved by the patient's interval."""

OPTIONS = {
    # name on the command line: (column of profile.csv or None, code and meaning of PS3.16 CID 7050)
    "clean-pixel-data": (None, "113101", "Clean Pixel Data Option"),
    "clean-recognizable-visual-features": (
        None,
        "113102",
        "Clean Recognizable Visual Features Option",
    ),
    "clean-graphics": ("cleanGraphOpt", "113103", "Clean Graphics Option"),
    "clean-structured-content": ("cleanStructContOpt", "113104", "Clean Structured Content Option"),
    "clean-descriptors": ("cleanDescOpt", "113105", "Clean Descriptors Option"),
    "retain-full-dates": (
        "rtnLongFullDatesOpt",
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    "modified-dates": (
        "rtnLongModifDatesOpt",
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    "retain-patient-characteristics": (
        "rtnPatCharsOpt",
        "113108",
        "Retain Patient Characteristics Option",
    ),
    "retain-device": ("rtnDevIdOpt", "113109", "Retain Device Identity Option"),
    "retain-uids": ("rtnUIDsOpt", "113110", "Retain UIDs Option"),
    "retain-safe-private": (None, "113111", "Retain Safe Private Option"),
    "retain-institution": ("rtnInstIdOpt", "113112", "Retain Institution Identity Option"),
}

# Attributes that Table E.1-1 does not list although their own names say that they are about a person, a
# place, a date or somebody's remark. Text in them gets a dummy value.
BEYOND_THE_TABLE = frozenset(
    int(tag, 16)
    for tag in """
    00000902 00080041 00100033 00100034 00100214 00100217 00102295 00140100 00181803 00189916 00200070
    00201020 00240308 00287007 0028702A 00380016 00380102 00401006 00401007 00401060 00402006 00402007
    0044000A 00440011 00440012 00540400 00700081 00720008 00720010 0074100C 00741202 00741204 00880130
    01000426 20000050 21000010 21000160 21100030 21100099 30020002 30020003 30020020 30040006 300600C8
    300A0183 300A021C 40080103 40101007 4010101A 4010101E 4010101F 4010102A 40101051 40101053 40101054
    40101055 40101058
    """.split()
)

# Long text that names a coding scheme or an algorithm, never a person; all other long text outside the
# table (LT, ST, UT, UC, UR) gets a dummy value.
SAFE_LONG_TEXT = frozenset(
    int(tag, 16)
    for tag in """
    0008010E 00080114 00080115 00080116 00080119 00080120 0008030C 0008030D 0008030E 0008030F 00187006
    00187008 00187040 00187041 00187062 00189080 00660032 20100010 300A007B
    """.split()
)

# Bytes that are numbers by definition: look-up tables, waveforms, coordinates, pixels. OB outside this
# list goes: nobody can tell what is in it.
SAFE_BYTES = frozenset({0x00282000, 0x00700256, 0x54000110, 0x54000112, 0x5400100A, 0x54001010})
NUMBER_ARRAYS = frozenset({"OW", "OF", "OD", "OL", "OV"})

# UIDs that name a class of things, not a thing. They stay when they look like one (see `identity`).
CLASS_UIDS = frozenset(
    int(tag, 16)
    for tag in """
    00080016 0008001A 0008001B 00080062 0008010C 0008010D 00080117 00080118 00081150 0008115A 0008040E
    00083002 00340003 04000010 04000510 30100052 30100053
    """.split()
)

LONG_TEXT = frozenset({"LT", "ST", "UT", "UC", "UR"})
DATES = frozenset({"DA", "DT", "TM"})


@cache
def table() -> dict[int | str, dict]:
    """The rows of Table E.1-1 by tag: an int, or the pattern (`60xx3000`) of a repeating group."""
    with files(__package__).joinpath("profile.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["tag"] if "x" in row["tag"] else int(row["tag"], 16): row
            for row in csv.DictReader(file)
        }


def name_of(tag: int) -> str:
    """The attribute's keyword, or its number when the dictionary has none."""
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


class Profile:
    """The Basic Application Level Confidentiality Profile with the options that were chosen.

    options : names from `OPTIONS`

    Raises DeidentifyError for an unknown option, or for two that contradict each other.
    """

    def __init__(self, options=()):
        self.options = frozenset(options)
        unknown = sorted(self.options - OPTIONS.keys())
        if unknown:
            raise DeidentifyError(
                f"There is no profile option {', '.join(unknown)}",
                f"The options are: {', '.join(OPTIONS)}.",
            )
        if {"retain-full-dates", "modified-dates"} <= self.options:
            raise DeidentifyError(
                "Dates cannot be both kept in full and shifted", "Choose one of the two options."
            )
        self._columns = [column for name in self.options if (column := OPTIONS[name][0])]
        self._rules: dict[int, tuple[str, str]] = {}

    @property
    def codes(self) -> list[tuple[str, str]]:
        """(code value, meaning) of the profile and its options, for De-identification Method Code Sequence."""
        chosen = [OPTIONS[name][1:] for name in OPTIONS if name in self.options]
        return [("113100", "Basic Application Confidentiality Profile"), *chosen]

    @property
    def dates(self) -> str:
        """The value of Longitudinal Temporal Information Modified (0028,0303)."""
        if "retain-full-dates" in self.options:
            return "UNMODIFIED"
        return "MODIFIED" if "modified-dates" in self.options else "REMOVED"

    def rule(self, tag: int) -> tuple[str, str]:
        """(letter, VR by the dictionary) for any tag that is not private; VR "" when nobody knows it."""
        rule = self._rules.get(tag)
        if rule is None:
            row = table().get(tag)
            vr = DicomDictionary[tag][0] if tag in DicomDictionary else row["vr"] if row else ""
            letter = self._listed(row, vr) if row else self._unlisted(tag, vr)
            rule = self._rules[tag] = (letter, vr)
        return rule

    def _listed(self, row: dict, vr: str) -> str:
        basic = row["basic"].rstrip("*").split("/")[-1]  # X/Z/D: D conforms whatever the IOD asks
        chosen = {row[column] for column in self._columns}
        if row["basic"] == "X/Z/U*" and "K" not in chosen:
            return KEEP  # the sequence stays; the UIDs inside it have rules of their own
        if "C" in chosen:  # the most careful of the chosen options
            return SHIFT if vr in DATES else CLEAN
        return KEEP if "K" in chosen else basic

    def _unlisted(self, tag: int, vr: str) -> str:
        group = tag >> 16
        if not vr or group < 8 or tag & 0xFFFF == 0:
            return (
                REMOVE  # unknown to the dictionary, command, meta and directory elements, lengths
            )
        if tag in BEYOND_THE_TABLE:
            return DUMMY
        if vr in LONG_TEXT and tag not in SAFE_LONG_TEXT:
            return CLEAN if "clean-descriptors" in self.options else DUMMY
        if vr in DATES:
            return {"MODIFIED": SHIFT, "UNMODIFIED": KEEP, "REMOVED": EMPTY}[self.dates]
        if vr == "UI" and tag not in CLASS_UIDS:
            return KEEP if "retain-uids" in self.options else NEW_UID
        if vr == "PN":
            return EMPTY
        if vr in ("AE", "UN") or (vr == "OB" and tag not in SAFE_BYTES):
            return REMOVE
        return KEEP
