"""The proof: a file that was written is read again, and every value in it must be known.

The walk changes what it was given; the proof looks at what came out, at every depth. A value is known if it
has the form of its element (`forms`, `codes`), if the walk made it (a token, a new UID, a dummy value), or
if an option that the user chose keeps its element. Anything else is named, and its file is refused.
"""

from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset

from . import codes, forms, vocabulary
from .engine import CODE, CODE_MEANING, CODE_VALUES, CODE_VERSION, CODING_SCHEME, form_of
from .identity import is_class_like, is_date, is_time
from .private import is_private_number, is_safe_private
from .profile import DATES, Profile, name_of
from .values import actual_vr, is_empty, packed, sequence_items, values

_TEXT = frozenset({"AE", "AS", "CS", "DS", "IS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})


def first_unknown(file: BinaryIO, profile: Profile, made: set[str]) -> str:
    """The first element of a written file whose value is not known, "" if all are.

    file : at its start; read up to the pixels
    made : the values that the walk wrote
    """
    return _Proof(profile, made).level(dcmread(file, stop_before_pixels=True))


class _Proof:
    def __init__(self, profile: Profile, made: set[str]):
        self.profile = profile
        self.made = made | {"", "None"}
        self.keep_uids = "retain-uids" in profile.options
        self.safe_private = "retain-safe-private" in profile.options

    def level(self, dataset: Dataset) -> str:
        for tag in dataset.keys():  # noqa: SIM118 (the elements themselves would be parsed)
            if is_empty(dataset, tag):
                continue
            if tag.is_private:
                known = self.safe_private and is_safe_private(dataset, tag)
                if not (known and is_private_number(dataset, tag)):
                    return "a private element"
                continue
            _, vr = self.profile.rule(tag)
            if vr == "SQ":
                for item in sequence_items(dataset, tag) or ():
                    if found := self.level(item):
                        return f"{name_of(tag)}.{found}"
            elif not self.is_known(dataset, tag, vr):
                return name_of(tag)
        return ""

    def is_known(self, dataset: Dataset, tag, vr: str) -> bool:
        form = form_of(tag, vr, self.profile)
        if vr == "UI":
            kept = self.profile.keeps(tag)
            return kept or all(self.is_known_uid(uid) for uid in values(dataset, tag, vr))
        if vr in DATES:
            test = is_time if vr == "TM" else is_date
            kept = self.profile.dates != "REMOVED"
            return all(v in self.made or (kept and test(v)) for v in values(dataset, tag, vr))
        if tag in CODE:
            return self.is_known_code(dataset, tag)
        if vr in _TEXT:
            kept = not form and self.profile.keeps(tag)
            return kept or all(
                v in self.made or forms.clean(tag, vr, form, v) == v
                for v in values(dataset, tag, vr)
            )
        data, little = packed(dataset, tag, vr)
        if data is None or form == "bytes" or self.profile.keeps(tag):
            return data is not None
        if form == "profile":
            return forms.is_plain_profile(data)
        known = form and forms.are_numbers(tag, actual_vr(dataset, tag, vr), form, data, little)
        return bool(known) or str(data) in self.made

    def is_known_uid(self, uid: str) -> bool:
        return self.keep_uids or uid in self.made or is_class_like(uid)

    def is_known_code(self, item: Dataset, tag) -> bool:
        whole = {t: "\\".join(values(item, t, "LO")) for t in CODE}
        scheme, value = whole[CODING_SCHEME], whole[tag]
        if tag in CODE_VALUES:
            return value in self.made or codes.known(scheme, value)[0]
        if tag == CODE_VERSION:
            return codes.is_version(value)
        if tag == CODE_MEANING:
            official = {codes.known(scheme, whole[t])[1] for t in CODE_VALUES}
            return value in self.made | official or vocabulary.is_known(value)
        return value in self.made or value in codes.SCHEMES
