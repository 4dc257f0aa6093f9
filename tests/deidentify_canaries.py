"""Plants random strings in every hiding place of a DICOM file, for tests and benchmarks of de-identification.

A `Planter` writes a copy of a file with canaries in it and remembers each; whatever tool is tried, one that
turns up in its output is a leak. Every run has a fresh seed. Identifiers are replaced consistently, so that
files that belong together still do.
"""

import csv
import io
import random
import string
import zlib
from importlib.resources import files
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID_dictionary

TEXT = ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE", "CS", "UR")
GROUPING = {0x00100020, 0x00100021, 0x0020000D, 0x0020000E, 0x00080018, 0x00200052}
OWN_PLACE = {0x00420011, 0x00880200}


def corpus():
    """Every file of pydicom and pydicom-data that is there without a network, sorted."""
    import data_store

    roots = [Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent]
    return sorted(
        p
        for root in roots
        for p in root.rglob("*")
        if p.is_file() and p.suffix not in (".py", ".pyc")
    )


def table_rows():
    """(tag, VR, basic action) of each row of Table E.1-1 that is one tag."""
    with files("handson.deidentify").joinpath("profile.csv").open(encoding="utf-8") as file:
        return [
            (int(r["tag"], 16), r["vr"], r["basic"])
            for r in csv.DictReader(file)
            if "x" not in r["tag"]
        ]


class Planter:
    """One run's canaries. `known` is every string planted so far, by the place it was planted in."""

    def __init__(self, seed, rows_per_level=30):
        self.seed, self.random = seed, random.Random(seed)
        self.known: dict[str, str] = {}
        self.rows = [
            r for r in table_rows() if r[0] >> 16 not in (0x0000, 0x0002, 0x0004, 0xFFFA, 0xFFFC)
        ]
        self.rows_per_level = rows_per_level
        self._prefix = "".join(self.random.choices(string.ascii_uppercase, k=4))
        self._digits = self.random.randrange(60, 99)
        self._mapped: dict[tuple, str] = {}

    def word(self, place):
        """Twelve capital letters that stand nowhere else."""
        word = self._prefix + "".join(self.random.choices(string.ascii_uppercase, k=8))
        self.known[word] = place
        return word

    def number(self, place, digits=10):
        """A number with so many digits; never a valid date."""
        number = f"{self._digits}{self.random.randrange(10 ** (digits - 2)):0{digits - 2}d}"
        self.known[number] = place
        return number

    def value(self, vr, place):
        """A canary of a VR, None for a VR that holds no text."""
        if vr == "PN":
            return f"{self.word(place)}^{self.word(place)}"
        if vr == "CS":
            return self.word(place)
        if vr in TEXT:
            return self.word(place)
        if vr == "UI":
            return f"1.2.826.0.1.3680043.8.498.{self.number(place, 24)}"
        if vr in ("DS", "IS"):
            return self.number(place)
        if vr == "DA":
            return self._date(place)
        if vr == "DT":
            return self._date(place) + "112233"
        if vr == "TM":
            time = f"{self.random.randrange(24):02d}{self.random.randrange(60):02d}17.{self.random.randrange(10**6):06d}"
            self.known[time] = place
            return time
        if vr in ("OB", "UN"):
            return self.word(place).encode()
        return None

    def _date(self, place):
        date = f"{self.random.randrange(1700, 1799)}{self.random.randrange(1, 13):02d}{self.random.randrange(1, 29):02d}"
        self.known[date] = place
        return date

    def mapped(self, tag, old):
        """A canary that replaces an identifier, the same for the same old one."""
        key = ("uid" if isinstance(old, str) and "." in old else tag, str(old))
        if key not in self._mapped:
            self._mapped[key] = self.value(
                "UI" if key[0] == "uid" else "LO", f"identifier {tag:08X}"
            )
        return self._mapped[key]

    def plant(self, dataset, depth=0, place="top"):
        """Canaries in a random choice of the table's elements, private blocks, and sequences two deep."""
        for tag, vr, _ in self.random.sample(self.rows, self.rows_per_level):
            kept = tag in dataset and vr in ("UI", "SQ")  # what `identifiers` planted there
            if kept or tag in GROUPING | OWN_PLACE or (vr == "SQ" and depth > 1):
                continue
            where = f"{place} {tag:08X}"
            if vr == "SQ":
                item = Dataset()
                item.PatientName = self.value("PN", where)
                item.CodeMeaning = None
                self._private(item, where)
                dataset.add_new(tag, "SQ", [item])
            elif (value := self.value(vr, where)) is not None:
                dataset.add_new(tag, vr, value)
        self._private(dataset, place)
        kept_sequences = ("AnatomicRegionSequence", "ReferencedImageSequence", "ContentSequence")
        if depth < 2:
            for keyword in kept_sequences if depth == 0 else self.random.sample(kept_sequences, 1):
                item = Dataset()
                self.plant(item, depth + 1, f"{place} {keyword}")
                old = dataset.get(keyword)
                setattr(dataset, keyword, [*old, item] if old else [item])

    def _private(self, dataset, place):
        creator = self.word(f"{place} private creator")
        block = dataset.private_block(0x0011, creator, create=True)
        block.add_new(0x01, "LO", self.word(f"{place} private"))
        block.add_new(0x02, "UN", self.word(f"{place} private UN").encode())
        item = Dataset()
        item.PatientName = self.value("PN", f"{place} private sequence")
        block.add_new(0x03, "SQ", [item])
        dataset.add_new(0x00131001, "LO", self.word(f"{place} private without a creator"))
        dataset.add_new(0x00E21004, "LO", self.word(f"{place} unknown even group"))

    def identifiers(self, dataset):
        """Patient, study, series, instance and every reference, replaced consistently; at every depth."""
        for element in list(dataset):
            if element.VR == "SQ":
                for item in element.value:
                    self.identifiers(item)
            elif element.VR == "UI" and element.tag.group > 2:
                values = (
                    [element.value] if isinstance(element.value, str) else list(element.value or [])
                )
                new = [self._uid(element.tag, v) for v in values if v]
                if new:
                    element.value = new if len(new) > 1 else new[0]
            elif element.tag in GROUPING and element.value:
                element.value = self.mapped(element.tag, element.value)

    def _uid(self, tag, uid):
        known = uid in UID_dictionary or "Class" in pydicom.datadict.keyword_for_tag(tag)
        return (
            uid
            if known or "Coding" in pydicom.datadict.keyword_for_tag(tag)
            else self.mapped(tag, uid)
        )

    def places_of_their_own(self, dataset):
        """Curve, overlay, icon, PDF, SR text, waveform annotation, padding."""
        dataset.add_new(0x50000022, "LO", self.word("curve description"))
        dataset.add_new(0x50003000, "OW", self.word("curve data").encode())
        dataset.add_new(0x60000022, "LO", self.word("overlay description"))
        dataset.add_new(0x60001500, "LO", self.word("overlay label"))
        dataset.add_new(0x60004000, "LT", self.word("overlay comments"))
        dataset.add_new(0x60003000, "OW", self.word("overlay data").encode())
        icon = Dataset()
        icon.PixelData = self.word("icon").encode()
        icon["PixelData"].VR = "OB"
        dataset.IconImageSequence = [icon]
        text = self.word("PDF").encode()
        stream = zlib.compress(b"BT (" + self.word("PDF stream").encode() + b") Tj ET")
        document = b"%PDF-1.4\n%" + text + b"\n1 0 obj<</Filter/FlateDecode>>stream\n" + stream
        dataset.add_new(0x00420011, "OB", document + b"\0" * (len(document) % 2))
        content = Dataset()
        content.ValueType = "TEXT"
        content.TextValue = self.word("SR text")
        content.PersonName = self.value("PN", "SR name")
        dataset.ContentSequence = [*dataset.get("ContentSequence", []), content]
        dataset.DataSetTrailingPadding = self.word("trailing padding").encode()

    def copy(self, source, target, tail=True):
        """Write `source` with canaries to `target`; False if it is no DICOM file that can be written again.

        tail : text after the data set as well, at which most readers raise
        """
        before = dict(self.known)
        try:
            dataset = pydicom.dcmread(source)
            if "DirectoryRecordSequence" in dataset or "SOPClassUID" not in dataset:
                return False
            self.identifiers(dataset)
            self.plant(dataset)
            self.places_of_their_own(dataset)
            dataset.preamble = (self.word("preamble") * 11)[:128].encode()
            meta = dataset.file_meta
            meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            meta.SourceApplicationEntityTitle = self.word("meta AE")
            meta.PrivateInformationCreatorUID = self.value("UI", "meta private creator")
            meta.PrivateInformation = self.word("meta private").encode()
            meta.ImplementationVersionName = self.word("meta version")
            buffer = io.BytesIO()
            dataset.save_as(buffer, enforce_file_format=False)
        except Exception:  # files of the corpus that are broken on purpose
            self.known = before
            return False
        after = self.word("after the data set").encode() if tail else b""
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(buffer.getvalue() + after)
        return True
