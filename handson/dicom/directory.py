"""DICOMDIR: the table of contents of a disc, as a tree of patients, studies, series and files.

PS3.3 annex F: records lie in one flat sequence and are linked by byte offsets. Only the index is read
here; `scan` reads the files it names.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from os import PathLike
from pathlib import Path

import pydicom

from ..errors import ReadError
from .elements import number, text, texts, value
from .faults import naming, parsing, without_warnings
from .header import check_regular, read_bytes

LABELS = {
    "PATIENT": ("PatientID",),
    "STUDY": ("StudyDate", "StudyDescription"),
    "SERIES": ("Modality", "SeriesNumber", "SeriesDescription"),
    "IMAGE": ("InstanceNumber",),
}


@dataclass(frozen=True)
class DirectoryRecord:
    """One record of a DICOMDIR and what lies below it.

    record_type : "PATIENT", "STUDY", "SERIES", "IMAGE" ... ("DICOMDIR" for the root)
    label : what tells it apart from its neighbours
    path : the file it names, None for the upper levels
    missing : True when that file is not there
    """

    record_type: str
    label: str
    record: pydicom.Dataset = field(repr=False, compare=False)
    children: tuple["DirectoryRecord", ...] = ()
    path: Path | None = None
    missing: bool = False

    def walk(self) -> Iterator["DirectoryRecord"]:
        """This entry and all below, depth first, in the index's order."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def files(self) -> list[Path]:
        """The files named below, whether they are there or not."""
        return [entry.path for entry in self.walk() if entry.path]

    def __str__(self):
        lines = [
            f"{self.record_type} {self.label}".rstrip() + (" (missing)" if self.missing else "")
        ]
        for child in self.children:
            lines += ["  " + line for line in str(child).splitlines()]
        return "\n".join(lines)


def read_dicomdir(path: str | PathLike[str]) -> DirectoryRecord:
    """Read the index of a disc.

    path : the DICOMDIR, under any name
    returns : the root `DirectoryRecord`; print it, or use `.children`, `.walk()` and `.files`
    raises : ReadError when it is not a DICOMDIR or its records cannot be followed
    """
    path = Path(path)
    check_regular(path)
    with without_warnings(), naming(path):
        with parsing(path):
            dataset = pydicom.dcmread(BytesIO(read_bytes(path)), force=True)
        if "DirectoryRecordSequence" not in dataset:
            raise ReadError("is not a DICOMDIR", "Pass the index of a disc, or use scan.")
        records = list(value(dataset, "DirectoryRecordSequence") or ())
        by_offset = {record.seq_item_tell: record for record in records}
        seen: set[int] = set()
        start = _offset(dataset, "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity")
        root = DirectoryRecord(
            "DICOMDIR", path.name, dataset, _siblings(start, by_offset, seen, path)
        )
    lost = len(records) - len(seen)
    if lost:
        raise ReadError(
            f"is an index with {lost} of {len(records)} records that nothing leads to",
            "Scan the folder itself instead.",
            path=path,
        )
    return root


_DEEPEST = 32  # levels; the standard has five


def _siblings(offset, by_offset, seen, path, depth=0) -> tuple[DirectoryRecord, ...]:
    entries = []
    while offset:
        record = by_offset.get(offset)
        if record is None or offset in seen or depth > _DEEPEST:
            raise ReadError(
                f"is an index whose records do not link up (offset {offset})",
                "Scan the folder itself instead.",
                path=path,
            )
        seen.add(offset)
        below = _offset(record, "OffsetOfReferencedLowerLevelDirectoryEntity")
        children = _siblings(below, by_offset, seen, path, depth + 1)
        entries.append(_entry(record, children, path))
        offset = _offset(record, "OffsetOfTheNextDirectoryRecord")
    return tuple(entries)


def _offset(record, keyword) -> int:
    return int(number(record, keyword) or 0)


def _entry(record, children, path) -> DirectoryRecord:
    record_type = text(record, "DirectoryRecordType")
    label = " ".join(filter(None, (text(record, k) for k in LABELS.get(record_type, ()))))
    parts = texts(record, "ReferencedFileID")
    if not parts:
        return DirectoryRecord(record_type, label, record, children)
    found = _find(path.parent, parts)
    file = found or path.parent.joinpath(*parts)
    return DirectoryRecord(record_type, label, record, children, file, missing=found is None)


def _find(folder, parts) -> Path | None:
    """The file of a ReferencedFileID; copying from a disc may have changed upper and lower case."""
    here = folder
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\\" in part:
            return None  # would lead out of the disc
        exact = here / part
        if not exact.exists():
            try:
                names = (p for p in here.iterdir() if p.name.lower() == part.lower())
                exact = next(names, None)
            except OSError:
                exact = None
        if exact is None:
            return None
        here = exact
    return here
