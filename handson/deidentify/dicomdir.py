"""A DICOMDIR made anew: the directory of the outputs, never a cleaned copy of the old one.

PS3.3 Annex F: records of patients, studies, series and instances, chained by byte offsets. The records are
made from the outputs' own headers, so that nothing can be in them that is not in the files.
"""

from itertools import zip_longest
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from .dicomfile import MEDIA_STORAGE_DIRECTORY
from .writing import IMPLEMENTATION_NAME, IMPLEMENTATION_UID

_RECORDS = (
    # start of the SOP class UID after 1.2.840.10008.5.1.4.1.1. : record type, keys of its own
    ("481.2", "RT DOSE", ("InstanceNumber", "DoseSummationType")),
    ("481.3", "RT STRUCTURE SET", ("InstanceNumber", "StructureSetLabel")),
    ("481.5", "RT PLAN", ("InstanceNumber", "RTPlanLabel")),
    ("88.", "SR DOCUMENT", ("InstanceNumber", "CompletionFlag", "VerificationFlag")),
    ("11.", "PRESENTATION", ("InstanceNumber", "ContentLabel")),
    ("9.", "WAVEFORM", ("InstanceNumber", "ContentDate", "ContentTime")),
    ("104.", "ENCAP DOC", ("InstanceNumber", "MIMETypeOfEncapsulatedDocument")),
    ("4.2", "SPECTROSCOPY", ("InstanceNumber", "ImageType")),
    ("", "IMAGE", ("InstanceNumber",)),
)
_LEVELS = (
    ("PATIENT", ("PatientName", "PatientID")),
    (
        "STUDY",
        (
            "StudyDate",
            "StudyTime",
            "StudyDescription",
            "StudyInstanceUID",
            "StudyID",
            "AccessionNumber",
        ),
    ),
    ("SERIES", ("Modality", "SeriesInstanceUID", "SeriesNumber")),
)


# What a directory must say and a de-identified file does not (PS3.3 F.5): dummy values
_DUMMIES = {"StudyDate": "19000101", "StudyTime": "000000", "StudyID": "0", "SeriesNumber": 0, "InstanceNumber": 0,
            "ContentDate": "19000101", "ContentTime": "000000", "Modality": "OT", "StudyDescription": ""}  # fmt: skip


def write_dicomdir(folder: Path, names: list[str], uid: str, parts: Path) -> int:
    """Write `folder/DICOMDIR` for the outputs `names` (relative paths); returns how many it lists.

    uid : of the directory itself; parts : folder for the unfinished file

    Files that no directory can list (without patient, study or series, or damaged there) are left out.
    """
    tree: dict = {}
    listed = 0
    for name in names:
        header = dcmread(folder / name, stop_before_pixels=True)
        try:
            branch = _branch(header, name)
        except Exception:  # a damaged value: pydicom raises whatever it made it raise
            continue
        if not all(key for key, _ in branch):
            continue
        level = tree
        for key, record in branch:
            level = level.setdefault(key, (record, {}))[1]
        listed += 1
    if tree:
        _write(folder / "DICOMDIR", tree, uid, parts / "DICOMDIR.part")
    return listed


def _branch(header: Dataset, name: str) -> list[tuple[str, Dataset]]:
    """(key, record) of patient, study, series and the file itself."""
    keys = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
    above = [
        (str(header.get(key, "")), _record(kind, attributes, header))
        for key, (kind, attributes) in zip(keys, _LEVELS, strict=True)
    ]
    return [*above, (name, _leaf(header, name))]


def _record(kind: str, attributes, header: Dataset) -> Dataset:
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 0xFFFF
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = kind
    if "SpecificCharacterSet" in header:
        record.SpecificCharacterSet = header.SpecificCharacterSet
    for keyword in attributes:
        value = header.get(keyword)
        setattr(record, keyword, _DUMMIES.get(keyword) if value in (None, "") else value)
    return record


def _leaf(header: Dataset, name: str) -> Dataset:
    short = str(header.get("SOPClassUID", "")).removeprefix("1.2.840.10008.5.1.4.1.1.")
    kind, attributes = next((k, a) for start, k, a in _RECORDS if short.startswith(start))
    record = _record(kind, attributes, header)
    record.ReferencedFileID = name.split("/")
    record.ReferencedSOPClassUIDInFile = header.get("SOPClassUID")
    record.ReferencedSOPInstanceUIDInFile = header.file_meta.MediaStorageSOPInstanceUID
    record.ReferencedTransferSyntaxUIDInFile = header.file_meta.TransferSyntaxUID
    return record


def _write(path: Path, tree: dict, uid: str, part: Path) -> None:
    directory = Dataset()
    directory.FileSetID = "DEIDENTIFIED"
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.FileSetConsistencyFlag = 0
    directory.DirectoryRecordSequence = []
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = UID(MEDIA_STORAGE_DIRECTORY)
    directory.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    directory.file_meta.ImplementationVersionName = IMPLEMENTATION_NAME
    _chain(directory, tree)
    dcmwrite(part, directory, enforce_file_format=True)
    part.rename(path)


def _in_order(tree: dict):
    for record, lower in tree.values():
        yield record
        yield from _in_order(lower)


def _chain(directory: Dataset, tree: dict) -> None:
    """Add the records with their byte offsets: lengths do not depend on them, so one pass measures all."""
    empty = DicomBytesIO()
    dcmwrite(empty, directory, enforce_file_format=True)
    position, offsets, records = empty.tell(), {}, list(_in_order(tree))
    for record in records:
        offsets[id(record)] = position
        measure = DicomBytesIO()
        measure.is_implicit_VR, measure.is_little_endian = False, True
        position += 8 + write_dataset(measure, record)
    roots = [record for record, _ in tree.values()]
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = offsets[id(roots[0])]
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = offsets[id(roots[-1])]
    directory.DirectoryRecordSequence = records
    _link(tree, offsets)


def _link(tree: dict, offsets: dict[int, int]) -> None:
    siblings = list(tree.values())
    for (record, lower), following in zip_longest(siblings, siblings[1:]):
        record.OffsetOfTheNextDirectoryRecord = offsets[id(following[0])] if following else 0
        below = next(iter(lower.values()), None)
        record.OffsetOfReferencedLowerLevelDirectoryEntity = offsets[id(below[0])] if below else 0
        _link(lower, offsets)
