"""NIfTI files and the JSON sidecars beside them.

A NIfTI header has a few text fields, extensions that can hold anything (a whole DICOM header, for one), and
a compressed file remembers the name it once had. All of that goes; the voxels are copied byte for byte. A
key of a sidecar stays if `sidecar.csv` lists it and its value has the form that is written there, or if it
is a DICOM keyword: then the rules of a DICOM file hold for it.
"""

import csv
import gzip
import json
import math
import re
from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from nibabel import Nifti1Header, Nifti2Header
from pydicom.datadict import tag_for_keyword

from ..errors import ReadError, counted
from . import forms, vocabulary
from . import profile as letters
from .bids import Names, clean_table, description
from .engine import form_of
from .identity import (
    Identity,
    is_class_like,
    is_date,
    is_time,
    is_uid,
    shift_date,
    shift_datetime,
)
from .profile import DATES, Profile
from .tables import rows_of
from .text import Words

IMAGES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")
SIDECARS = (".json", ".bval", ".bvec")
_TEXT_FIELDS = (
    "data_type", "db_name", "descrip", "aux_file", "intent_name", "extents", "session_error", "regular",
    "glmax", "glmin", "unused_str",
)  # fmt: skip
_SAMPLE = "Copy it again from its source."
_CHUNK = 1 << 20
_ALIASES = {"ManufacturersModelName": "ManufacturerModelName"}
_QFORM = ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")
_SFORM = ("srow_x", "srow_y", "srow_z")
# The largest code of each kind that NIfTI defines.
_CODES = {"qform_code": 5, "sform_code": 5, "slice_code": 6, "xyzt_units": 63, "intent_code": 2018,
          "slice_start": 32767, "slice_end": 32767}  # fmt: skip
# {field: (a number below this is zero, the largest believable one)}: letters make larger and smaller numbers.
_RANGES = {
    **dict.fromkeys(_QFORM[:3], (1e-30, 1.01)),
    **dict.fromkeys((*_QFORM[3:], *_SFORM), (1e-30, 1e8)),  # up to 100 m in microns
    "pixdim": (1e-7, 1e8),
    **dict.fromkeys(("scl_slope", "scl_inter"), (1e-30, 1e12)),
    **dict.fromkeys(
        ("intent_p1", "intent_p2", "intent_p3", "slice_duration", "toffset"), (1e-30, 1e12)
    ),
    **dict.fromkeys(("cal_max", "cal_min"), (1e-30, 1e12)),
}
# Two numbers of four bytes side by side that are letters; a single one is by chance, in one file of seventy.
_TEXT_RUN = re.compile(rb"[A-Za-z '^,.\-]{8}|\d{8}")
# What other formats make of an extension: without it the voxels mean nothing, with it anything could be said.
_MEANT_BY_EXTENSION = {32: "CIFTI-2", 44: "NIfTI-MRS"}


def ending(path: Path) -> str:
    """The ending of a NIfTI image or of a file that accompanies one, "" for anything else."""
    name = path.name.lower()
    return next(
        (e for e in sorted(IMAGES + SIDECARS, key=len, reverse=True) if name.endswith(e)), ""
    )


def stem(path: Path) -> str:
    """The name without that ending: what an image and its sidecars share."""
    return path.name[: len(path.name) - len(ending(path))]


def partner(path: Path) -> Path | None:
    """The image that a sidecar or an .img belongs to (its .nii or .hdr), None without one."""
    for suffix in (".nii", ".nii.gz", ".hdr", ".hdr.gz"):
        candidate = path.with_name(stem(path) + suffix)
        if candidate.is_file():
            return candidate
    return None


def _open(path: Path) -> IO[bytes]:
    packed = path.name.lower().endswith(".gz")
    reader: Any = gzip.open if packed else open
    return reader(path, "rb")


def read_header(path: Path) -> Nifti1Header:
    """The header of a NIfTI file, as its bytes say it.

    raises : ReadError for anything else
    """
    with _open(path) as file:
        try:
            start = file.read(540)
        except (OSError, EOFError):
            raise ReadError("is truncated or damaged: it cannot be inflated", _SAMPLE) from None
    if start[344:348] in (b"n+1\0", b"ni1\0"):
        return Nifti1Header(start[:348], check=False)
    if start[4:8] in (b"n+2\0", b"ni2\0"):
        return Nifti2Header(start[:540], check=False)
    raise ReadError(
        "has no NIfTI header (an Analyze 7.5 header has a patient's identifier and no sides)",
        "Convert it to NIfTI with a tool that knows how its axes lie.",
    )


def may_show_face(header: Nifti1Header) -> bool:
    """True for a volume the size of a head in all three directions."""
    shape = [int(n) for n in header["dim"][1:4]]
    extents = [n * abs(float(size)) for n, size in zip(shape, header["pixdim"][1:4], strict=True)]
    return min(shape) >= 20 and all(120 <= extent <= 400 for extent in extents)


def write_image(path: Path, out: Path) -> Counter:
    """De-identify one NIfTI file into `out`; returns what was changed.

    raises : ReadError when the file is not NIfTI or ends before its last voxel
    """
    suffix = ending(path)
    is_data = suffix.startswith(".img")
    home = partner(path) if is_data else path
    if home is None:
        raise ReadError("has no header file (.hdr) beside it", "Keep the two together.")
    header = read_header(home)
    changes: Counter[tuple[str, str, str]] = Counter()
    for field in _TEXT_FIELDS:
        if field in header.structarr.dtype.names and np.any(
            header.structarr[field].tobytes().strip(b"\0")
        ):
            header.structarr[field] = np.zeros((), header.structarr.dtype[field])
            changes[f"NIfTI {field}", letters.REMOVE, "emptied"] += 1
    size = len(header.binaryblock)
    single = suffix.startswith(".nii")
    offset = _voxel_offset(home, header, single)
    _clean_numbers(header, changes)
    if single and offset > size + 4:
        changes["NIfTI extensions", letters.REMOVE, "removed"] += 1
    if single:
        header["vox_offset"] = -(-(size + 4) // 16) * 16
    elif not is_data:
        header["vox_offset"] = 0
    with open(out, "wb") as raw:
        target: Any = gzip.GzipFile("", "wb", 6, raw, 0) if suffix.endswith(".gz") else raw
        if not is_data:
            target.write(header.binaryblock + b"\0" * 4)
        if single:
            target.write(b"\0" * (int(header["vox_offset"]) - size - 4))
        if single or is_data:
            _copy_voxels(path, offset, _voxel_bytes(header), target)
        if target is not raw:
            target.close()
    return changes


def _voxel_offset(home: Path, header, single: bool) -> int:
    """Where the voxels begin.

    raises : ReadError for a place where something else is, or for a format whose meaning lies in an extension
    """
    offset = float(header["vox_offset"])
    least = len(header.binaryblock) + 4 if single else 0
    if not (math.isfinite(offset) and offset == int(offset) and offset >= least):
        raise ReadError(
            "says that its voxels begin inside its header (vox_offset), whose text would come back as voxels",
            "Write it again with a tool that sets vox_offset.",
        )
    if 3000 <= int(header["intent_code"]) < 3100 or _MEANT_BY_EXTENSION.keys() & _extensions(home):
        raise ReadError(
            "is CIFTI-2 or NIfTI-MRS, whose meaning lies in a text extension that is not looked through",
            "Leave it out, or export its voxels as plain NIfTI.",
        )
    return int(offset)


def _extensions(home: Path) -> set[int]:
    """The codes of a header's extensions."""
    codes: set[int] = set()
    with _open(home) as file:
        try:
            start = 348 if file.read(4) in (b"\x5c\1\0\0", b"\0\0\1\x5c") else 540
            file.seek(start)
            if file.read(4)[:1] != b"\1":
                return codes
            while len(head := file.read(8)) == 8 and len(codes) < 100:
                for order in ("little", "big"):
                    size, code = (int.from_bytes(head[i : i + 4], order) for i in (0, 4))
                    if size % 16 == 0 and 16 <= size < 1 << 24:
                        codes.add(code)
                        file.seek(size - 8, 1)
                        break
                else:
                    break
        except (OSError, EOFError, ValueError):
            pass
    return codes


def _clean_numbers(header, changes: Counter) -> None:
    """Numbers that mean nothing here become zero; where the voxels lie and what they measure must be believable.

    raises : ReadError for a header whose geometry cannot be, since its numbers could be text
    """
    fields = header.structarr
    dims = max(1, min(int(header["dim"][0]), 7))
    fields["dim"][dims + 1 :] = 1
    fields["pixdim"][dims + 1 :] = 1
    fields["pixdim"][0] = -1 if fields["pixdim"][0] < 0 else 1
    fields["magic"] = fields["magic"].item()[:3]
    if "eol_check" in fields.dtype.names:
        fields["eol_check"] = (13, 10, 26, 10)
    for unused, names in (
        (int(fields["intent_code"]) == 0, ("intent_p1", "intent_p2", "intent_p3")),
        (int(fields["qform_code"]) == 0, _QFORM),
        (int(fields["sform_code"]) == 0, _SFORM),
    ):
        for name in names if unused else ():
            fields[name] = 0
    for name, largest in _CODES.items():
        if not 0 <= int(fields[name]) <= largest:
            fields[name] = 0
            changes[f"NIfTI {name}", letters.REMOVE, "emptied: not a code"] += 1
    for name, (least, most) in _RANGES.items():
        _believable(fields, name, least, most, changes)
    geometry = b"".join(fields[name].tobytes() for name in ("pixdim", *_QFORM, *_SFORM))
    microns = int(fields["xyzt_units"]) & 7 == 3
    if np.any(fields["pixdim"][1:4] > (1e6 if microns else 1e3)):
        raise _not_geometry()
    if fields["pixdim"].itemsize == 4 and _TEXT_RUN.search(geometry):
        raise _not_geometry()


def _believable(fields, name: str, least: float, most: float, changes: Counter) -> None:
    """Judge the numbers of one field: 0 where one is too small for anything, or nothing depends on it."""
    numbers = np.atleast_1d(fields[name])
    # The plain NaN: others have room for text.
    numbers = np.where(np.isnan(numbers), np.nan, numbers)
    numbers = np.where(np.abs(numbers) < least, 0, numbers)
    needed = name in ("pixdim", "scl_slope", "scl_inter", *_QFORM, *_SFORM)
    if np.any(np.abs(numbers) > most) or (not needed and fields[name].tobytes().isalnum()):
        if needed:
            raise _not_geometry()
        numbers = np.zeros_like(numbers)
        changes[f"NIfTI {name}", letters.REMOVE, "emptied: reads as text"] += 1
    fields[name] = numbers.reshape(fields[name].shape)


def _not_geometry() -> ReadError:
    return ReadError(
        "has numbers in its header that no image has (its spacing, place or scale): they could be text",
        "Look at its header, and write it again.",
    )


def _voxel_bytes(header) -> int:
    dims = [int(n) for n in header["dim"]]
    if not 1 <= dims[0] <= 7 or min(dims[1 : 1 + dims[0]]) < 0:
        raise ReadError("has a header that cannot be (its dimensions)", _SAMPLE)
    return math.prod(max(n, 1) for n in dims[1 : 1 + dims[0]]) * int(header["bitpix"]) // 8


def _copy_voxels(path: Path, offset: int, left: int, target: IO[bytes]) -> None:
    with _open(path) as source:
        try:
            source.seek(offset)
            while left:
                chunk = source.read(min(left, _CHUNK))
                if not chunk:
                    raise ReadError(
                        f"is truncated: {counted(left, 'byte')} of voxels missing", _SAMPLE
                    )
                target.write(chunk)
                left -= len(chunk)
        except (OSError, EOFError, ValueError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise ReadError("is truncated or damaged: it cannot be inflated", _SAMPLE) from None


def write_sidecar(
    path: Path, out: Path, profile: Profile, identity: Identity, names: Names | None = None
) -> Counter:
    """De-identify a JSON sidecar, or copy a table of b-values if it is nothing but numbers."""
    text = path.read_text(encoding="utf-8", errors="strict")
    if ending(path) != ".json":
        if not all(
            forms.is_number(number, "DS", 1e6) for number in re.split(r"[\s,]+", text.strip())
        ):
            raise ReadError("is more than a table of numbers", "Look at it and copy it by hand.")
        out.write_text(text, encoding="ascii")
        return Counter()
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ReadError("is not a JSON object", _SAMPLE)
    cleaner = _Sidecar(content, profile, identity, names)
    out.write_text(json.dumps(cleaner.clean(content), indent=1), encoding="utf-8")
    return cleaner.changes


def write_table(
    path: Path, out: Path, relative: str, profile: Profile, identity: Identity, names: Names
) -> Counter:
    """De-identify a table of a BIDS tree."""
    cleaner = _Sidecar({}, profile, identity)

    def cell(column: str, value: str):
        form, terms = fields()[column]
        if form in ("number", "age"):
            return (
                value
                if forms.is_number(value, "DS", 1e6) and (form != "age" or float(value) <= 89)
                else None
            )
        return cleaner.by_form(form, terms, value)

    known = lambda column: bool(fields().get(column, ("",))[0])  # noqa: E731
    text = path.read_text(encoding="utf-8-sig", errors="strict")
    out.write_text(clean_table(text, relative, names, cell, known), encoding="utf-8")
    return Counter({("table", letters.CLEAN, "known columns kept"): 1})


def write_description(path: Path, out: Path) -> Counter:
    """The dataset_description.json of an output: nothing of the old one but its version."""
    found = re.search(
        r'"BIDSVersion"\s*:\s*"(\d{1,2}\.\d{1,2}(\.\d{1,2})?)"', path.read_text(encoding="utf-8")
    )
    out.write_text(
        json.dumps(description(found[1] if found else "1.9.0"), indent=1), encoding="utf-8"
    )
    return Counter({("dataset description", letters.DUMMY, "made anew"): 1})


class _Sidecar:
    """The rules of the profile, for the keys of a sidecar."""

    def __init__(
        self, content: dict, profile: Profile, identity: Identity, names: Names | None = None
    ):
        self.names = names
        self.profile = profile
        self.identity = identity
        self.changes: Counter = Counter()
        patient = f"id\0{content.get('PatientID', '')}\0{content.get('IssuerOfPatientID', '')}"
        self.shift: timedelta = identity.shift(patient)
        self.words = Words()
        self.words.add_name(str(content.get("PatientName", "")))
        for key in ("PatientID", "AccessionNumber", "StudyID"):
            self.words.add_identifier(str(content.get(key, "")))
        for key in ("InstitutionName", "InstitutionAddress"):
            self.words.add_phrase(str(content.get(key, "")))

    def clean(self, content: dict) -> dict:
        kept = {}
        for key, value in content.items():
            new = self._value(key, value)
            if new is None:
                self.changes["sidecar key", letters.REMOVE, "removed"] += 1
            else:
                kept[key] = new
        return kept

    def _value(self, key: str, value):
        """A value as it may stay, None if it may not."""
        if isinstance(value, list):
            new = [self._value(key, item) for item in value]
            if all(isinstance(item, str) for item in value):
                return [item for item in new if item is not None] or None
            return None if any(item is None for item in new) else new
        if key == "IntendedFor" and self.names is not None:
            try:
                return self.names.path(str(value))
            except ReadError:
                return None
        form, terms = fields().get(key, ("", ()))
        if form:
            return self.by_form(form, terms, value)
        tag = None if key in fields() else tag_for_keyword(_ALIASES.get(key, key))
        return None if tag is None else self._element(tag, value)

    def by_form(self, form: str, terms, value):
        """A value of a listed key, None if it has not the form that is written there."""
        if isinstance(value, bool) or form == "bool":
            return value if isinstance(value, bool) and form in ("bool", "words") else None
        if isinstance(value, int | float):
            plain = form == "number" and math.isfinite(value) and abs(value) < 10**6
            return value if plain and not self.words.is_number(str(value)) else None
        if not isinstance(value, str) or form == "number":
            return None
        if form == "term":
            return value if value in terms else None
        if form == "age":
            return (
                value
                if re.fullmatch(r"[0-8]?\d(\.\d{1,2})?|n/a", value)
                else "89"
                if re.fullmatch(r"\d{2,3}(\.\d+)?", value)
                else None
            )
        harmless = vocabulary.devices() if form == "device" else frozenset()
        return vocabulary.clean(self.words.clean(value, harmless=harmless), form == "device")

    def _element(self, tag: int, value):
        """A DICOM keyword's value, by the rule of its element."""
        letter, vr = self.profile.rule(tag)
        if letter in (letters.REMOVE, letters.EMPTY, letters.DUMMY) or isinstance(
            value, dict | bool
        ):
            return None
        if letter == letters.SHIFT and vr != "TM":
            move = shift_date if vr == "DA" else shift_datetime
            return move(str(value), self.shift) or None
        if vr in DATES:
            kept = (
                is_time(str(value))
                if vr == "TM"
                else letter == letters.KEEP and is_date(str(value))
            )
            return value if kept else None
        if vr == "UI":
            keep = "retain-uids" in self.profile.options and is_uid(str(value))
            keep = keep or (letter == letters.KEEP and is_class_like(str(value)))
            return value if keep else self.identity.uid(str(value))
        form = form_of(tag, vr, self.profile)
        if isinstance(value, int | float):
            return (
                value
                if form in ("number", "large number")
                and abs(value) < 10**6
                and not self.words.is_number(str(value))
                else None
            )
        if not form:
            return (
                self.words.clean(value)
                if self.profile.keeps(tag) and isinstance(value, str)
                else None
            )
        cleaned = forms.clean(tag, vr, form, self.words.clean(str(value)))
        return cleaned or None


@cache
def fields() -> dict[str, tuple[str, frozenset[str]]]:
    """{key: (form, terms)} of the sidecars and tables of BIDS; form "" for a key that never stays."""
    with rows_of("sidecar.csv") as file:
        return {
            r["key"]: (r["form"], frozenset(r["terms"].split("|"))) for r in csv.DictReader(file)
        }
