"""Which rule holds for which element: PS3.15 Table E.1-1 as data, and what stands in where it is silent.

`profile.csv` is the table (edition 2026c), a row per attribute, a column per option; `unlisted.csv` is what
it leaves open. This module turns them and the options a user chose into one letter per tag. It looks at no value and opens no file.

The table lists what is known to identify. Real files hold more: elements that it does not list, that no
dictionary knows, private ones. `Profile.rule` therefore answers for every tag there can be.
"""

import csv
from functools import cache

from pydicom.datadict import DicomDictionary, dictionary_VR, keyword_for_tag, repeater_has_tag

from ..errors import DeidentifyError
from .forms import form_of
from .tables import rows_of

EDITION = "2026c"

REMOVE, EMPTY, DUMMY, NEW_UID, KEEP, CLEAN, SHIFT = "XZDUKCS"
"""The letters of the table, and S for *clean* where the element is a date: moved by the patient's interval."""

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

LONG_TEXT = frozenset({"LT", "ST", "UT", "UC", "UR"})
DATES = frozenset({"DA", "DT", "TM"})


@cache
def unlisted(name: str) -> frozenset[int]:
    """The tags of one kind in `unlisted.csv`, which holds what Table E.1-1 does not say:

    `dummy`: text about a person, a place, a date or somebody's remark, by its own name; `class UID`: names a
    class of things and stays if it looks like one; `identifier`, `phrase`: where files state identities that
    are then searched for in text.
    """
    with rows_of("unlisted.csv") as file:
        return frozenset(int(row["tag"], 16) for row in csv.DictReader(file) if row["kind"] == name)


@cache
def table() -> dict[int | str, dict]:
    """The rows of Table E.1-1 by tag: an int, or the pattern (`60xx3000`) of a repeating group."""
    with rows_of("profile.csv") as file:
        return {
            row["tag"] if "x" in row["tag"] else int(row["tag"], 16): row
            for row in csv.DictReader(file)
        }


def name_of(tag: int) -> str:
    """The attribute's keyword. A number that no dictionary has is not told: it could be one of a person."""
    return keyword_for_tag(tag) or "an unknown element"


class Profile:
    """The Basic Application Level Confidentiality Profile with the options that were chosen.

    options : names from `OPTIONS`

    raises : DeidentifyError for an unknown option, or for two that contradict each other
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
        """(code value, meaning) of the profile and its options, for De-identification Method Code Sequence.

        Not those about pixels: whether a file's pixels are clean is not decided by an option.
        """
        about_pixels = ("clean-pixel-data", "clean-recognizable-visual-features")
        chosen = [OPTIONS[n][1:] for n in OPTIONS if n in self.options and n not in about_pixels]
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
            if tag >> 24 in (0x50, 0x60) and repeater_has_tag(tag):
                vr = dictionary_VR(tag)
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

    def cleans(self, tag: int) -> bool:
        """True if a chosen option cleans the words of a listed element instead of keeping them."""
        row = table().get(tag)
        return row is not None and "C" in {row[column] for column in self._columns}

    def keeps(self, tag: int) -> bool:
        """True if a chosen option keeps a listed element as it is."""
        row = table().get(tag)
        return (
            row is not None
            and "K" in {row[column] for column in self._columns}
            and not self.cleans(tag)
        )

    def _unlisted(self, tag: int, vr: str) -> str:
        group = tag >> 16
        if not vr or group < 8 or tag & 0xFFFF == 0:
            return (
                REMOVE  # unknown to the dictionary, command, meta and directory elements, lengths
            )
        if group >> 8 in (0x50, 0x60):
            return KEEP if "clean-graphics" in self.options else REMOVE
        form = form_of(tag)
        if form == "long text":
            return CLEAN if "clean-descriptors" in self.options else DUMMY
        if tag in unlisted("dummy") or (not form and vr in LONG_TEXT):
            return DUMMY
        if vr in DATES:
            return {"MODIFIED": SHIFT, "UNMODIFIED": KEEP, "REMOVED": EMPTY}[self.dates]
        if vr == "UI" and tag not in unlisted("class UID"):
            return KEEP if "retain-uids" in self.options else NEW_UID
        if vr == "PN":
            return EMPTY
        return KEEP if form else REMOVE
