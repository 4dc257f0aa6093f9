"""The walk: every element of a data set, at every depth, meets its rule.

`Engine.deidentify` changes a pydicom Dataset in place and says what it did. The rules come from `profile`,
new identifiers from `identity`, names in text from `text`. This module opens no file and writes none.

An element is judged by its tag and by the dictionary's VR for that tag, never by the VR its file claims: a
file may claim anything. Values that are not what their VR promises (letters in a number) do not stay.
"""

import re
from collections import Counter

from pydicom.charset import decode_bytes
from pydicom.datadict import dictionary_VR, repeater_has_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.valuerep import VR

from . import profile as letters
from .identity import Identity, is_class_like, is_date, is_time, is_uid, shift_date, shift_datetime
from .private import is_safe_private
from .profile import DATES, Profile, kind, name_of
from .spelling import fold
from .text import Words

METHOD = "handson: PS3.15 E.1-1 " + letters.EDITION
ENCAPSULATED_DOCUMENT, CODING_SCHEME, INSTANCE_NUMBER = 0x00420011, 0x00080102, 0x00200013
_TEXT = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "UR", "PN", "CS", "AE"})
_CHARSET_TEXT = _TEXT - {"UR", "CS", "AE"}
_LONG = frozenset({"LT", "ST", "UT"})
# A reader raises at any other type, and its two letters are a hiding place. None: implicit VR.
_CLAIMS = frozenset([*VR, None])
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([Ee][+-]?\d+)?\Z")
_AGE = re.compile(r"\d{3}[DWMY]\Z")

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
        key = patient_key(dataset)
        words = Words()
        self._gather(dataset, words)
        walk = _Walk(self, words, key)
        walk.dataset(dataset, "")
        self._stamp(dataset, key, masked)
        return walk.changes

    def token(self, dataset: Dataset) -> str:
        """The pseudonym of the patient of a data set that has not been changed yet."""
        return self.identity.token(patient_key(dataset))

    def _gather(self, dataset: Dataset, words: Words) -> None:
        maker = fold(" ".join(values(dataset, 0x00080070, "LO")))
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
            elif tag in kind("identifier"):
                for value in values(dataset, tag, vr):
                    words.add_identifier(value)
            elif tag in kind("phrase"):
                for value in values(dataset, tag, vr):
                    # some machines give their maker as the institution
                    if fold(value) not in maker:
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


class _Walk:
    """One data set's walk: what all its levels share."""

    def __init__(self, engine: Engine, words: Words, patient: str):
        self.profile = engine.profile
        self.identity = engine.identity
        self.words = words
        self.shift = engine.identity.shift(patient)
        self.keep_uids = "retain-uids" in engine.profile.options
        self.safe_private = "retain-safe-private" in engine.profile.options
        self.graphics = "clean-graphics" in engine.profile.options
        self.changes: Counter = Counter()

    def dataset(self, dataset: Dataset, path: str, in_dummy_code: bool = False) -> None:
        """Every element of one level; then, through its sequences, every level below."""
        for tag in list(dataset.keys()):
            if tag.is_private:
                self.private(dataset, tag, path)
                continue
            if tag >> 24 in (0x50, 0x60):
                letter, vr = self.repeating(tag)
            else:
                letter, vr = self.profile.rule(tag)
            if in_dummy_code and letter == letters.KEEP and vr in _TEXT:
                letter = letters.DUMMY
            self.apply(dataset, tag, letter, vr, path)

    def apply(self, dataset: Dataset, tag, letter: str, vr: str, path: str) -> None:
        """One element and its letter."""
        if letter == letters.REMOVE:
            self.remove(dataset, tag, path)
        elif is_empty(dataset, tag):
            return
        elif letter in (letters.KEEP, letters.CLEAN, letters.SHIFT):
            self.keep(dataset, tag, letter, vr, path)
        elif vr == "SQ":
            self.replace_sequence(dataset, tag, letter, path)
        elif letter == letters.EMPTY:
            self.set(dataset, tag, vr, None, path, letter, "emptied")
        elif letter == letters.DUMMY and vr != "UI":
            self.set(dataset, tag, vr, dummy(dataset, tag, vr), path, letter, "dummy value")
        else:
            self.new_uids(dataset, tag, path, letter)

    def keep(self, dataset: Dataset, tag, letter: str, vr: str, path: str) -> None:
        """What the profile lets stay: walked, cleaned of names, shifted, or checked to be what it claims."""
        if claimed_vr(dataset, tag) not in _CLAIMS:
            self.remove(dataset, tag, path, "removed: of no type that there is")
        elif vr == "SQ":
            self.sequence(dataset, tag, path)
        elif vr in _TEXT:
            self.clean_text(dataset, tag, vr, path)
        elif vr in DATES:
            self.dates(dataset, tag, letter, vr, path)
        elif vr in ("DS", "IS", "AS"):
            pattern = _AGE if vr == "AS" else _NUMBER
            numbers = values(dataset, tag, vr)
            if not all(pattern.match(value) for value in numbers if value):
                self.set(dataset, tag, vr, None, path, letter, "emptied: not a number")
            elif tag != INSTANCE_NUMBER and any(map(self.words.is_number, numbers)):
                self.set(dataset, tag, vr, None, path, letter, "emptied: an identifier")
        elif vr == "UI":
            self.new_uids(dataset, tag, path, letter, is_uid if self.keep_uids else is_class_like)
        elif claimed_vr(dataset, tag) in _TEXT | {"SQ"}:
            self.remove(dataset, tag, path, "removed: text where numbers belong")
        elif self.words.found_in(raw(dataset, tag)):
            self.remove(dataset, tag, path, "removed: a name in its bytes")
        elif letter == letters.CLEAN:
            self.remove(dataset, tag, path, "removed: cannot be cleaned")

    def sequence(self, dataset: Dataset, tag, path: str, in_dummy_code: bool = False) -> None:
        items = sequence_items(dataset, tag)
        if items is None:
            self.remove(dataset, tag, path, "removed: not a readable sequence")
            return
        for item in items:
            self.dataset(item, f"{path}{name_of(tag)}.", in_dummy_code)

    def replace_sequence(self, dataset: Dataset, tag, letter: str, path: str) -> None:
        """Z: no items. D: the items stay with dummy values in them; of a code, its code and its meaning."""
        if letter == letters.DUMMY:
            self.sequence(dataset, tag, path, name_of(tag).endswith("CodeSequence"))
        else:
            self.set(dataset, tag, "SQ", [], path, letter, "emptied")

    def clean_text(self, dataset: Dataset, tag, vr: str, path: str) -> None:
        old = "\\".join(values(dataset, tag, vr))
        new = self.words.clean(old, self.identity, coded=vr == "CS" or tag == CODING_SCHEME)
        if new != old:
            if vr == "CS":  # an asterisk is no coded string: the value goes
                kept = zip(old.split("\\"), new.split("\\"), strict=False)
                new = "\\".join(a if a == b else "" for a, b in kept)
            self.set(dataset, tag, vr, split(new, vr), path, letters.CLEAN, "a name removed")

    def dates(self, dataset: Dataset, tag, letter: str, vr: str, path: str) -> None:
        old = values(dataset, tag, vr)
        if vr == "TM":
            new = [value if is_time(value) else "" for value in old]
        elif letter == letters.SHIFT:
            move = shift_date if vr == "DA" else shift_datetime
            new = [move(value, self.shift) for value in old]
        else:  # kept, but for a day that goes elsewhere: a birth date
            new = [v if is_date(v) and not self.words.is_day(v[:8]) else "" for v in old]
        if new != old:
            self.set(dataset, tag, vr, new, path, letter, "shifted" if any(new) else "emptied")

    def new_uids(self, dataset: Dataset, tag, path: str, letter: str, stays=None) -> None:
        old = values(dataset, tag, "UI")
        new = [uid if not uid or (stays and stays(uid)) else self.identity.uid(uid) for uid in old]
        if new != old:
            self.set(dataset, tag, "UI", new, path, letter, "new UID")

    def repeating(self, tag) -> tuple[str, str]:
        """Curves (50xx) and overlays (60xx): the whole group, since without its data the rest means nothing."""
        if not self.graphics or not repeater_has_tag(tag):
            return letters.REMOVE, ""
        return letters.KEEP, dictionary_VR(tag)

    def private(self, dataset: Dataset, tag, path: str) -> None:
        if not (self.safe_private and is_safe_private(dataset, tag)):
            self.remove(dataset, tag, path)
        elif claimed_vr(dataset, tag) not in _CLAIMS - {"SQ"}:
            self.remove(dataset, tag, path, "removed: safe, yet of another type")
        elif self.words.found_in(raw(dataset, tag)):
            self.remove(dataset, tag, path, "removed: safe, yet a name in it")

    def remove(self, dataset: Dataset, tag, path: str, what: str = "removed") -> None:
        del dataset[tag]
        self.note(tag, path, letters.REMOVE, what)

    def set(self, dataset: Dataset, tag, vr: str, value, path: str, letter: str, what: str) -> None:
        dataset[tag] = DataElement(tag, vr.split(" or ")[0], value)
        self.note(tag, path, letter, what)

    def note(self, tag, path: str, letter: str, what: str) -> None:
        name = "private" if tag.is_private else name_of(tag)
        self.changes[path + name, letter, what] += 1


def patient_key(dataset: Dataset) -> str:
    """What makes a patient one: (Patient ID, Issuer of Patient ID), without an ID the study.

    Returns a key that starts with `none` for an object that belongs to nobody (a colour palette).
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


def sequence_items(dataset: Dataset, tag) -> list[Dataset] | None:
    """The items of a sequence; None when its bytes cannot be read as one."""
    try:
        value = dataset[tag].value
    except Exception:  # pydicom raises whatever the broken bytes made it raise
        return None
    if value is None or value == b"":
        return []
    return value if isinstance(value, Sequence) else None


def claimed_vr(dataset: Dataset, tag) -> str | None:
    """The VR that the file gives, None in implicit VR."""
    return dataset.get_item(tag).VR


def is_empty(dataset: Dataset, tag) -> bool:
    item = dataset.get_item(tag)
    return item.value is None or (item.VR != VR.SQ and len(raw(dataset, tag)) == 0)


def raw(dataset: Dataset, tag) -> bytes:
    """The bytes of an element's value, for looking through."""
    value = dataset.get_item(tag).value
    if value is None:
        return b""
    if isinstance(value, bytes | bytearray):
        return value
    if isinstance(value, MultiValue | list | tuple):
        value = "\\".join(str(part) for part in value)
    return str(value).encode("utf-8", "surrogateescape")


def values(dataset: Dataset, tag, vr: str) -> list[str]:
    """The values of a text-like element, without padding; [] when it is missing or empty."""
    if tag not in dataset:
        return []
    item = dataset.get_item(tag)
    value = item.value
    if isinstance(value, bytes):
        if vr not in _CHARSET_TEXT or (value.isascii() and b"\x1b" not in value):
            text = value.decode("latin-1")
        else:
            delimiters = {"\\"} if vr not in _LONG else set()
            text = decode_bytes(
                value, dataset.original_character_set, delimiters | set("^=\r\n\t\f")
            )
    elif value is None:
        text = ""
    elif isinstance(value, MultiValue | list | tuple):
        text = "\\".join("" if part is None else str(part) for part in value)
    else:
        text = str(value)
    if vr in _LONG or vr == "UR":
        text = text.rstrip("\0 ")
        return [text] if text else []
    parts = [part.strip("\0 ") for part in text.split("\\")]
    return parts if any(parts) else []


def split(text: str, vr: str):
    return text if vr in _LONG or "\\" not in text else text.split("\\")


def dummy(dataset: Dataset, tag, vr: str):
    """A value that says nothing and still is one (D)."""
    if tag == ENCAPSULATED_DOCUMENT:
        kind = (values(dataset, 0x00420012, "LO") or [""])[0].lower()
        document = _DUMMY_DOCUMENTS.get(kind, b"\0\0")
        return document + b"\0" * (len(document) % 2)
    return _DUMMIES.get(vr.split(" or ")[0], _DUMMY_TEXT)
