"""NIfTI files and the JSON sidecars beside them.

A NIfTI header has a few text fields, extensions that can hold anything (a whole DICOM header, for one), and
a compressed file remembers the name it once had. All of that goes; the voxels are copied byte for byte. Of
a sidecar, DICOM keywords follow the same rules as in a DICOM file, other numbers stay, other text goes
unless its key is known.
"""

import gzip
import json
import math
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
from nibabel import Nifti1Header, Nifti2Header
from pydicom.datadict import tag_for_keyword

from ..errors import ReadError
from . import profile as letters
from .identity import Identity, is_class_like, is_time, shift_date, shift_datetime
from .profile import DATES, Profile
from .text import Words

IMAGES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")
SIDECARS = (".json", ".bval", ".bvec")
_TEXT_FIELDS = (
    "data_type", "db_name", "descrip", "aux_file", "intent_name", "extents", "session_error", "regular",
    "glmax", "glmin", "unused_str",
)  # fmt: skip
_SAMPLE = "Copy it again from its source."
_CHUNK = 1 << 20
_KNOWN_TEXT = frozenset(
    re.findall(
        r"\w+",
        "PhaseEncodingDirection SliceEncodingDirection PhaseEncodingAxis InPlanePhaseEncodingDirectionDICOM"
        " ConversionSoftware ConversionSoftwareVersion PulseSequenceType PulseSequenceDetails MRAcquisitionType"
        " MTState SpoilingState SpoilingType Manufacturer ManufacturersModelName SoftwareVersions NonlinearGradientCorrection"
        " CoilCombinationMethod MatrixCoilMode ReceiveCoilActiveElements Units TracerName TracerRadionuclide AttenuationCorrection"
        " ReconMethodName ReconFilterType DecayCorrectionTime Modality ScanningSequence SequenceVariant ScanOptions ImageType",
    )
)
_ALIASES = {"ManufacturersModelName": "ManufacturerModelName", "PatientPosition": "PatientPosition"}


def kind(path: Path) -> str:
    """The ending of a NIfTI image or of a file that accompanies one, "" for anything else."""
    name = path.name.lower()
    return next(
        (e for e in sorted(IMAGES + SIDECARS, key=len, reverse=True) if name.endswith(e)), ""
    )


def stem(path: Path) -> str:
    """The name without that ending: what an image and its sidecars share."""
    return path.name[: len(path.name) - len(kind(path))]


def partner(path: Path) -> Path | None:
    """The image that a sidecar or an .img belongs to (its .nii or .hdr), None without one."""
    for ending in (".nii", ".nii.gz", ".hdr", ".hdr.gz"):
        candidate = path.with_name(stem(path) + ending)
        if candidate.is_file():
            return candidate
    return None


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else open(path, "rb")


def read_header(path: Path) -> Nifti1Header:
    """The header of a NIfTI file, as its bytes say it; raises ReadError for anything that is none."""
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

    Raises ReadError when the file is no NIfTI or ends before its last voxel.
    """
    ending = kind(path)
    is_data = ending.startswith(".img")
    home = partner(path) if is_data else path
    if home is None:
        raise ReadError("has no header file (.hdr) beside it", "Keep the two together.")
    header = read_header(home)
    changes = Counter()
    for field in _TEXT_FIELDS:
        if field in header.structarr.dtype.names and np.any(
            header.structarr[field].tobytes().strip(b"\0")
        ):
            header.structarr[field] = np.zeros((), header.structarr.dtype[field])
            changes[f"NIfTI {field}", letters.REMOVE, "emptied"] += 1
    offset = int(header["vox_offset"])
    size = len(header.binaryblock)
    single = ending.startswith(".nii")
    if single and offset > size + 4:
        changes["NIfTI extensions", letters.REMOVE, "removed"] += 1
    if single:
        header["vox_offset"] = -(-(size + 4) // 16) * 16
    elif not is_data:
        header["vox_offset"] = 0
    with open(out, "wb") as raw:
        target = gzip.GzipFile("", "wb", 6, raw, 0) if ending.endswith(".gz") else raw
        if not is_data:
            target.write(header.binaryblock + b"\0" * 4)
        if single:
            target.write(b"\0" * (int(header["vox_offset"]) - size - 4))
        if single or is_data:
            _copy_voxels(path, offset, _voxel_bytes(header), target)
        if target is not raw:
            target.close()
    return changes


def _voxel_bytes(header) -> int:
    dims = [int(n) for n in header["dim"]]
    if not 1 <= dims[0] <= 7 or min(dims[1 : 1 + dims[0]]) < 0:
        raise ReadError("has a header that cannot be (its dimensions)", _SAMPLE)
    return math.prod(max(n, 1) for n in dims[1 : 1 + dims[0]]) * int(header["bitpix"]) // 8


def _copy_voxels(path: Path, offset: int, left: int, target: BinaryIO) -> None:
    with _open(path) as source:
        try:
            source.seek(offset)
            while left:
                chunk = source.read(min(left, _CHUNK))
                if not chunk:
                    raise ReadError(
                        f"is truncated: {left} bytes of its voxels are missing", _SAMPLE
                    )
                target.write(chunk)
                left -= len(chunk)
        except (OSError, EOFError, ValueError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise ReadError("is truncated or damaged: it cannot be inflated", _SAMPLE) from None


def write_sidecar(path: Path, out: Path, profile: Profile, identity: Identity) -> Counter:
    """De-identify a JSON sidecar, or copy a table of b-values if it is nothing but numbers."""
    text = path.read_text(encoding="utf-8", errors="strict")
    if kind(path) != ".json":
        if re.search(r"[^\d\s.,eE+\-]", text):
            raise ReadError("is more than a table of numbers", "Look at it and copy it by hand.")
        out.write_text(text, encoding="ascii")
        return Counter()
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ReadError("is not a JSON object", _SAMPLE)
    cleaner = _Sidecar(content, profile, identity)
    out.write_text(json.dumps(cleaner.clean(content), indent=1), encoding="utf-8")
    return cleaner.changes


class _Sidecar:
    """The rules of the profile, for the keys of a sidecar."""

    def __init__(self, content: dict, profile: Profile, identity: Identity):
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
            elif self.words.clean(key, self.identity) == key:
                kept[key] = new
        return kept

    def _value(self, key: str, value):
        if isinstance(value, dict):
            return self.clean(value)
        if isinstance(value, list):
            new = [self._value(key, item) for item in value]
            return None if any(item is None for item in new) else new
        tag = tag_for_keyword(_ALIASES.get(key, key))
        if tag is not None:
            return self._element(self.profile.rule(tag), value)
        if isinstance(value, str):
            return self.words.clean(value, self.identity) if key in _KNOWN_TEXT else None
        return value if value is not None and abs(value) < 10**6 else None

    def _element(self, rule: tuple[str, str], value):
        letter, vr = rule
        if letter in (letters.REMOVE, letters.EMPTY, letters.DUMMY):
            return None
        if letter == letters.SHIFT and vr != "TM":
            move = shift_date if vr == "DA" else shift_datetime
            return move(str(value), self.shift) or None
        if vr in DATES:
            return value if is_time(str(value)) or letter == letters.KEEP else None
        if vr == "UI":
            keep = "retain-uids" in self.profile.options or (
                letter == letters.KEEP and is_class_like(str(value))
            )
            return value if keep else self.identity.uid(str(value))
        return self.words.clean(value, self.identity) if isinstance(value, str) else value
