"""The walk: every element of a data set, at every depth, meets its rule.

`Engine.deidentify` changes a pydicom Dataset in place and says what it did. The rules come from `profile`,
new identifiers from `identity`, names in text from `text`. This module opens no file and writes none.

An element is judged by its tag and by the dictionary's VR for that tag, never by the VR its file claims: a
file may claim anything. A value stays only because its element and then its form are known to be harmless
(`forms`), or because the user chose an option that keeps it.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import VR

from ..errors import ReadError
from . import codes, forms, vocabulary
from . import profile as letters
from .identity import Identity, is_class_like, is_date, is_time, is_uid, shift_date, shift_datetime
from .private import is_private_number, is_safe_private, private_vr
from .profile import DATES, Profile, name_of, table, unlisted
from .text import Words
from .values import (
    CHARSET_TEXT,
    actual_vr,
    claimed_vr,
    is_empty,
    packed,
    raw,
    sequence_items,
    split,
    values,
)

METHOD = "handson: PS3.15 E.1-1 " + letters.EDITION
ENCAPSULATED_DOCUMENT, INSTANCE_NUMBER = 0x00420011, 0x00200013
_MOST_NAMES = 1000
_FEW = 4096  # numbers: among more some are equal to an identifier by chance
CODE_VALUES, CODING_SCHEME, CODE_VERSION, CODE_MEANING = (
    (0x00080100, 0x00080119, 0x00080120),
    0x00080102,
    0x00080103,
    0x00080104,
)
CODE = frozenset({*CODE_VALUES, CODING_SCHEME, CODE_VERSION, CODE_MEANING})
_TEXT = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "UR", "PN", "CS", "AE"})
# A reader raises at any other type, and its two letters are a hiding place. None: implicit VR.
_CLAIMS = frozenset([*VR, None])
_NUMBER_TEXT = frozenset({"DS", "IS", "AS"})

_DUMMIES = {
    "AE": "ANONYMOUS",
    "AS": "000Y",
    "CS": "ANONYMOUS",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "IS": "0",
    "OB": b"\0\0",
    "PN": "Anonymous",
    "TM": "000000",
    "UN": b"\0\0",
    "UR": "urn:anonymous",
}
_DUMMY_TEXT = "ANONYMOUS"
_DUMMY_DOCUMENTS = {
    "application/pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n",
    "text/xml": b"<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'/>",
}


class Engine:
    """De-identifies data sets with one profile and one key.

    profile : the rules, with their options
    identity : what the key decides
    """

    def __init__(self, profile: Profile, identity: Identity):
        self.profile = profile
        self.identity = identity

    def deidentify(self, dataset: Dataset, masked: bool = False) -> Counter:
        """Change `dataset` in place; returns how often each (element, letter, what was done) occurred.

        masked : True if burned-in text was covered in its pixels
        """
        return self.walk(dataset, masked).changes

    def walk(self, dataset: Dataset, masked: bool = False) -> "Walk":
        """The same; returns the walk, which also knows the values that it made."""
        key = patient_key(dataset)
        words = Words()
        self._gather(dataset, words)
        if len(words) > _MOST_NAMES:
            raise ReadError(
                f"states more than {_MOST_NAMES} names and numbers, which no image does",
                "Look at it before you give it away.",
            )
        walk = Walk(self, words, key)
        walk.dataset(dataset, "")
        self._stamp(dataset, key, masked)
        codes_of_profile = {meaning for _, meaning in self.profile.codes}
        walk.made |= {
            self.identity.token(key),
            METHOD,
            "YES",
            self.profile.dates,
            *codes_of_profile,
        }
        return walk

    def token(self, dataset: Dataset) -> str:
        """The pseudonym of the patient of a data set that has not been changed yet."""
        return self.identity.token(patient_key(dataset))

    def _gather(self, dataset: Dataset, words: Words) -> None:
        for tag in list(dataset.keys()):
            if tag.is_private:
                continue
            letter, vr = self.profile.rule(tag)
            if vr == "SQ":
                for item in sequence_items(dataset, tag) or ():
                    self._gather(item, words)
            elif letter == letters.KEEP and vr != "PN":
                continue
            elif vr == "PN":
                for name in values(dataset, tag, vr):
                    words.add_name(name)
            elif tag in unlisted("identifier"):
                for value in values(dataset, tag, vr):
                    words.add_identifier(value)
            elif tag in unlisted("phrase"):
                for value in values(dataset, tag, vr):
                    # some machines give their maker as the institution
                    if not vocabulary.is_known(value, device=True):
                        words.add_phrase(value)
            elif vr == "DA":
                for value in values(dataset, tag, vr):
                    words.add_date(value)

    def _stamp(self, dataset: Dataset, key: str, masked: bool) -> None:
        """Say in the header what was done (PS3.15 E.1.1, PS3.3 C.7.1.1, C.12.1.1.1)."""
        if not key.startswith("none"):
            token = self.identity.token(key)
            dataset.PatientName = token
            dataset.PatientID = token
        if "EncapsulatedDocumentLength" in dataset and "EncapsulatedDocument" in dataset:
            dataset.EncapsulatedDocumentLength = len(dataset.EncapsulatedDocument)
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = METHOD
        codes = Sequence()
        pixels = [letters.OPTIONS["clean-pixel-data"][1:]] if masked else []
        for value, meaning in self.profile.codes + pixels:
            code = Dataset()
            code.CodeValue = value
            code.CodingSchemeDesignator = "DCM"
            code.CodeMeaning = meaning
            codes.append(code)
        dataset.DeidentificationMethodCodeSequence = codes
        dataset.LongitudinalTemporalInformationModified = self.profile.dates


class Walk:
    """One data set's walk: what all its levels share.

    changes : how often each (element, letter, what was done) occurred
    made : the values that the walk wrote itself
    """

    def __init__(self, engine: Engine, words: Words, patient: str):
        self.profile = engine.profile
        self.identity = engine.identity
        self.words = words
        self.shift = engine.identity.shift(patient)
        self.keep_uids = "retain-uids" in engine.profile.options
        self.safe_private = "retain-safe-private" in engine.profile.options
        self.changes: Counter = Counter()
        self.made: set[str] = set()

    def dataset(self, dataset: Dataset, path: str, in_dummy: bool = False) -> None:
        """Every element of one level; then, through its sequences, every level below.

        in_dummy : the level lies in a sequence that gets a dummy value: its codes and words are replaced
        """
        if any(tag in dataset for tag in CODE):
            self.code(dataset, path, in_dummy)
        for tag in list(dataset.keys()):
            if tag.is_private:
                self.private(dataset, tag, path)
                continue
            if tag in CODE:
                continue
            letter, vr = self.profile.rule(tag)
            words = forms.form_of(tag) in ("words", "device", "long text")
            if in_dummy and letter in (letters.KEEP, letters.CLEAN) and words:
                letter = letters.DUMMY
            self.apply(dataset, tag, letter, vr, path, in_dummy)
        for tag in [tag for tag in dataset.keys() if tag.is_private_creator]:  # noqa: SIM118
            if not is_safe_private(dataset, tag):
                self.remove(dataset, tag, path)

    def apply(
        self,
        dataset: Dataset,
        tag: BaseTag,
        letter: str,
        vr: str,
        path: str,
        in_dummy: bool = False,
    ) -> None:
        """One element and its letter."""
        if letter == letters.REMOVE:
            self.remove(dataset, tag, path)
        elif is_empty(dataset, tag):
            self.set_vr(dataset, tag, vr)
        elif letter in (letters.KEEP, letters.CLEAN, letters.SHIFT):
            self.keep(dataset, tag, letter, vr, path, in_dummy)
        elif vr == "SQ":
            self.replace_sequence(dataset, tag, letter, path)
        elif letter == letters.EMPTY:
            self.set(dataset, tag, vr, None, path, letter, "emptied")
        elif letter == letters.DUMMY and vr != "UI":
            self.set(dataset, tag, vr, dummy(dataset, tag, vr), path, letter, "dummy value")
        else:
            self.new_uids(dataset, tag, path, letter)

    def keep(
        self, dataset: Dataset, tag: BaseTag, letter: str, vr: str, path: str, in_dummy: bool
    ) -> None:
        """What the profile lets stay, if its value is known to be harmless or an option keeps it."""
        claimed = claimed_vr(dataset, tag)
        form = form_of(tag, vr, self.profile)
        if claimed not in _CLAIMS:
            self.remove(dataset, tag, path, "removed: of no type that there is")
        elif vr == "SQ":
            self.sequence(dataset, tag, path, in_dummy)
        elif claimed == "SQ" or isinstance(dataset.get_item(tag).value, Sequence):
            self.remove(dataset, tag, path, "removed: a sequence where none belongs")
        elif vr in DATES:
            self.dates(dataset, tag, letter, vr, path)
        elif vr == "UI":
            kept = self.keep_uids or self.profile.keeps(tag)
            self.new_uids(dataset, tag, path, letter, is_uid if kept else is_class_like)
        elif vr in _TEXT | _NUMBER_TEXT:
            self.text(dataset, tag, letter, vr, form, path)
        elif claimed in _TEXT | _NUMBER_TEXT | DATES | {"UI"}:
            self.remove(dataset, tag, path, "removed: text where numbers belong")
        elif not self.are_harmless_bytes(dataset, tag, vr, form):
            self.remove(dataset, tag, path, "removed: not the numbers that belong there")
        else:
            self.set_vr(dataset, tag, vr)

    def text(
        self, dataset: Dataset, tag: BaseTag, letter: str, vr: str, form: str, path: str
    ) -> None:
        """Text and numbers written as text: by their form; without one an option keeps them, less the names
        that the file states."""
        old = values(dataset, tag, vr)
        if form in ("words", "device", "long text"):
            harmless = vocabulary.devices() if form == "device" else frozenset()
            new = [self.words.clean(value, harmless=harmless) for value in old]
            new = [forms.clean(tag, vr, form, value) for value in new]
        elif form:
            new = [forms.clean(tag, vr, form, value) for value in old]
            if vr in _NUMBER_TEXT and tag != INSTANCE_NUMBER:
                new = ["" if self.words.is_number(value) else value for value in new]
        else:
            new = self.words.clean("\\".join(old), self.identity).split("\\")
            if vr in _NUMBER_TEXT | {"CS"}:
                new = [a if a == b else "" for a, b in zip(old, new, strict=False)]
        if new != old:
            what = "not known to be harmless" if form else "a name removed"
            if form == "words" and vr == "CS" and not any(new):
                new = [codes.ANONYMOUS]  # a label that its object must have
            joined = "\\".join(new)
            kept = split(joined, vr) if joined.strip("\\") else None
            self.set(dataset, tag, vr, kept, path, letters.CLEAN if kept else letter, what)
        else:
            self.set_vr(dataset, tag, vr)

    def are_harmless_bytes(self, dataset: Dataset, tag: BaseTag, vr: str, form: str) -> bool:
        data, little = packed(dataset, tag, vr)
        if data is None or self.words.found_in(data):
            return False
        if form == "profile":
            return forms.is_plain_profile(data)
        if form == "bytes":
            return not forms.reads_as_text(data)
        vr = actual_vr(dataset, tag, vr)
        return (
            bool(form)
            and forms.are_numbers(tag, vr, form, data, little)
            and not self.states_identifier(forms.numbers(vr, data, little))
        )

    def states_identifier(self, numbers: list) -> bool:
        """True if one of a few binary numbers is an identifier of the file: five digits and more."""
        return len(numbers) <= _FEW and any(n >= 1e4 and self.words.is_number(n) for n in numbers)

    def code(self, item: Dataset, path: str, in_dummy: bool) -> None:
        """A code, its parts together: known ones stay, of others the known words of their meaning."""
        # each part is one value by its VM: a second one, behind a backslash, makes the whole unknown
        whole = lambda tag: "\\".join(values(item, tag, "LO"))  # noqa: E731
        scheme, meaning = whole(CODING_SCHEME), whole(CODE_MEANING)
        known = False
        for tag in CODE_VALUES:
            if tag in item and not is_empty(item, tag):
                value = whole(tag)
                known, official = codes.known(scheme, value)
                if in_dummy or not known:
                    self.set(
                        item,
                        tag,
                        self.profile.rule(tag)[1],
                        codes.ANONYMOUS,
                        path,
                        letters.DUMMY,
                        "dummy value",
                    )
                elif official and not vocabulary.is_known(meaning):
                    meaning = official
        if (in_dummy or not known) and CODING_SCHEME in item:
            self.set(
                item,
                CODING_SCHEME,
                "SH",
                codes.LOCAL_SCHEME,
                path,
                letters.DUMMY,
                "dummy value",
            )
        if CODE_VERSION in item and not codes.is_version(whole(CODE_VERSION)):
            self.remove(item, CODE_VERSION, path)
        if CODE_MEANING in item and not is_empty(item, CODE_MEANING):
            is_official = meaning != whole(CODE_MEANING)
            cleaned = meaning if is_official else vocabulary.clean(self.words.clean(meaning))
            if in_dummy:
                cleaned = codes.ANONYMOUS
            if cleaned != whole(CODE_MEANING):
                cleaned = cleaned if len(cleaned) <= 64 else vocabulary.PLACEHOLDER
                self.set(
                    item,
                    CODE_MEANING,
                    "LO",
                    cleaned,
                    path,
                    letters.CLEAN,
                    "not known to be harmless",
                )
            else:
                self.set_vr(item, CODE_MEANING, "LO")

    def sequence(self, dataset: Dataset, tag: BaseTag, path: str, in_dummy: bool = False) -> None:
        items = sequence_items(dataset, tag)
        if items is None:
            self.remove(dataset, tag, path, "removed: not a readable sequence")
            return
        for item in items:
            self.dataset(item, f"{path}{name_of(tag)}.", in_dummy)

    def replace_sequence(self, dataset: Dataset, tag: BaseTag, letter: str, path: str) -> None:
        """Z: no items. D: the items stay, their codes and words replaced at any depth."""
        if letter == letters.DUMMY:
            self.sequence(dataset, tag, path, in_dummy=True)
        else:
            self.set(dataset, tag, "SQ", [], path, letter, "emptied")

    def dates(self, dataset: Dataset, tag: BaseTag, letter: str, vr: str, path: str) -> None:
        old = values(dataset, tag, vr)
        if vr == "TM":
            new = [value if is_time(value) else "" for value in old]
        elif letter == letters.SHIFT:
            move = shift_date if vr == "DA" else shift_datetime
            new = [move(value, self.shift) for value in old]
        else:  # kept, but for a day that goes elsewhere: a birth date
            new = [v if is_date(v) and not self.words.is_day(v) else "" for v in old]
        if new != old:
            self.set(dataset, tag, vr, new, path, letter, "shifted" if any(new) else "emptied")

    def new_uids(
        self,
        dataset: Dataset,
        tag: BaseTag,
        path: str,
        letter: str,
        stays: Callable[[str], bool] | None = None,
    ) -> None:
        old = values(dataset, tag, "UI")
        new = [uid if not uid or (stays and stays(uid)) else self.identity.uid(uid) for uid in old]
        if new != old:
            self.set(dataset, tag, "UI", new, path, letter, "new UID")

    def private(self, dataset: Dataset, tag: BaseTag, path: str) -> None:
        """Only with the option that keeps them: those known to be safe, and numbers of known makers."""
        if not (self.safe_private and is_safe_private(dataset, tag)):
            self.remove(dataset, tag, path)
        elif claimed_vr(dataset, tag) not in _CLAIMS - {"SQ"}:
            self.remove(dataset, tag, path, "removed: safe, yet of another type")
        elif not is_private_number(dataset, tag) or self.names_somebody(dataset, tag):
            self.remove(dataset, tag, path, "removed: safe, yet not the number that belongs there")

    def names_somebody(self, dataset: Dataset, tag: BaseTag) -> bool:
        """True if a private element holds a name or an identifier of the file, as text or as a number."""
        data = raw(dataset, tag)
        vr = private_vr(dataset, tag)
        if vr in _NUMBER_TEXT:
            numbers = any(map(self.words.is_number, values(dataset, tag, vr)))
        else:
            whole, little = packed(dataset, tag, vr)
            numbers = self.states_identifier(forms.numbers(vr, whole or b"", little))
        return numbers or self.words.found_in(data, whole=True)

    def remove(self, dataset: Dataset, tag: int, path: str, what: str = "removed") -> None:
        del dataset[tag]
        self.note(tag, path, letters.REMOVE, what)

    def set(
        self, dataset: Dataset, tag: int, vr: str, value: Any, path: str, letter: str, what: str
    ) -> None:
        dataset[tag] = DataElement(tag, vr.split(" or ")[0], value)
        if value is not None and vr != "SQ":
            self.made.update(map(str, value if isinstance(value, list) else [value]))
        self.note(tag, path, letter, what)

    def set_vr(self, dataset: Dataset, tag: int, vr: str) -> None:
        """Write the VR that the element has by the standard, whatever its file claims."""
        item: Any = dataset.get_item(tag)
        choices = vr.split(" or ")
        if item.VR is None or item.VR in choices:
            return
        if item.is_raw:
            dataset[tag] = item._replace(VR=choices[0])
        else:
            dataset[tag] = DataElement(tag, choices[0], item.value)

    def note(self, tag: int, path: str, letter: str, what: str) -> None:
        name = "private" if Tag(tag).is_private else name_of(tag)
        self.changes[path + name, letter, what] += 1


def patient_key(dataset: Dataset) -> str:
    """What makes a patient one: (Patient ID, Issuer of Patient ID), without an ID the study.

    returns : a key; it starts with `none` for an object that belongs to nobody (a colour palette)
    """
    first = {tag: (values(dataset, tag, "LO") or [""])[0] for tag in (0x00100020, 0x00100021)}
    if first[0x00100020]:
        return f"id\0{first[0x00100020]}\0{first[0x00100021]}"
    for tag in (0x0020000D, 0x0020000E, 0x00080018):
        uid = values(dataset, tag, "UI")
        if uid and uid[0]:
            known = 0x00100010 in dataset or 0x00100020 in dataset or tag == 0x0020000D
            return f"{'uid' if known else 'none'}\0{uid[0]}"
    return "uid\0" if 0x00100010 in dataset else "none\0"


def form_of(tag: int, vr: str, profile: Profile) -> str:
    """The form of an element that stays; of overlays and curves, whose groups repeat, by their VR."""
    if tag >> 24 in (0x50, 0x60):
        return (
            "words"
            if vr in CHARSET_TEXT
            else "number"
            if vr in _NUMBER_TEXT | {"US", "SS"}
            else "bytes"
        )
    form = forms.form_of(tag)
    if form in ("words", "long text") and tag in table() and not profile.cleans(tag):
        return ""  # an option keeps it as it is
    if not form and profile.cleans(tag) and vr in _TEXT:
        return "words"
    return form


def dummy(dataset: Dataset, tag: BaseTag, vr: str) -> Any:
    """A value that says nothing and still is one (D)."""
    if tag == ENCAPSULATED_DOCUMENT:
        kind = (values(dataset, 0x00420012, "LO") or [""])[0].lower()
        document = _DUMMY_DOCUMENTS.get(kind, b"\0\0")
        return document + b"\0" * (len(document) % 2)
    return _DUMMIES.get(vr.split(" or ")[0], _DUMMY_TEXT)
