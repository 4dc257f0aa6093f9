"""DICOM files of the generated sets: headers from plain dictionaries, slices placed by a `Grid`.

Stands on pydicom and on `grid`. Nothing depends on the clock, on random state or on this machine:
UIDs are name-based UUIDs, so the same set has the same bytes wherever and whenever it is made. What
the pictures show, and who the patient is, is never decided here.
"""

import copy
import uuid
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from .grid import Grid

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://handson.example/phantoms")
_LPS = np.array([-1.0, -1.0, 1.0])


def uid(*parts: str | int) -> UID:
    """UID that depends on `parts` alone: 2.25 and a version 5 UUID (PS3.5 B.2)."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, parts))).int}")


def header(*groups: dict, **elements: Any) -> Dataset:
    """Dataset of the keywords in `groups` and `elements`; a later one replaces an earlier one."""
    dataset = Dataset()
    for keyword, value in {k: v for group in (*groups, elements) for k, v in group.items()}.items():
        setattr(dataset, keyword, value)
    return dataset


def orientation(grid: Grid) -> dict:
    """What says how the slices of `grid` lie and how large their pixels are (PS3.3 C.7.6.2)."""
    column_step, row_step = (grid.affine[:3, :3] / grid.spacing)[:, :2].T
    return {
        "ImageOrientationPatient": [*decimals(_LPS * column_step), *decimals(_LPS * row_step)],
        "PixelSpacing": decimals(grid.spacing[[1, 0]]),
    }


def position(grid: Grid, k: int) -> list:
    """ImagePositionPatient of slice `k`: LPS+ mm of the centre of its first pixel."""
    return decimals(_LPS * grid.world((0, 0, k)))


def location(grid: Grid, k: int) -> float:
    """SliceLocation: mm of slice `k` along row x column, as most scanners write it."""
    columns = grid.affine[:3, :3] / grid.spacing
    return decimals([np.cross(columns[:, 0], columns[:, 1]) @ grid.world((0, 0, k))])[0]


def decimals(values: Iterable[float]) -> list:
    """Numbers that fit a DS of 16 characters; ten decimals, and no minus zero."""
    return [float(f"{round(float(v), 10):.10g}") + 0.0 for v in values]


def pixels(stored: np.ndarray) -> dict:
    """Pixel module of one picture (PS3.3 C.7.6.3).

    stored : [row, column] of uint16, int16 or uint8, or [row, column, 3] of uint8 for RGB
    """
    colour = stored.ndim == 3
    bits = stored.dtype.itemsize * 8
    module = {
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
        "PixelData": np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).tobytes(),
    }
    return module | ({"PlanarConfiguration": 0} if colour else {})


def save(dataset: Dataset, path: Path) -> None:
    """Write a complete Part 10 file, explicit VR little endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    _write(dataset, meta, path)


def series(
    template: Dataset, stored: np.ndarray, grid: Grid, **varying: Sequence[Any]
) -> Iterator[Dataset]:
    """One dataset per slice, in the order of the slices.

    template : Dataset with all that the slices share; SeriesInstanceUID names them
    stored : integers [column, row, slice] on `grid`
    varying : keyword -> list with one value per slice, instead of what is made here
    yields : Dataset, to be changed at will before `save`
    """
    shared = {**orientation(grid), **pixels(stored[:, :, 0].T)}
    for k in range(grid.shape[2]):
        dataset = copy.deepcopy(template)
        dataset.update(header(shared))
        placed = {
            "SOPInstanceUID": uid(template.SeriesInstanceUID, k),
            "InstanceNumber": k + 1,
            "ImagePositionPatient": position(grid, k),
            "SliceLocation": location(grid, k),
            "PixelData": pixels(stored[:, :, k].T)["PixelData"],
        }
        own = {keyword: values[k] for keyword, values in varying.items()}
        dataset.update(header(placed, own))
        if "BitsStored" in template:  # fewer than the memory of a pixel: a 12-bit converter
            dataset.BitsStored, dataset.HighBit = template.BitsStored, template.BitsStored - 1
        yield dataset


def shuffled_names(count: int, seed: int, prefix: str = "IM") -> list[str]:
    """`count` file names that DICOM media allow (PS3.10 8.2), in an order that tells nothing."""
    order = np.random.default_rng(seed).permutation(count)
    return [f"{prefix}{number:06d}" for number in order]


def write_dicomdir(folder: Path, files: list[Path], file_set_id: str) -> None:
    """Index `files`, which lie under `folder`, in a DICOMDIR (PS3.3 F, basic directory).

    pydicom's own FileSet renames what it indexes; here the names are the lesson and stay.
    """
    records, children = _records(folder, files)
    directory = header(
        FileSetID=file_set_id,
        OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity=0,
        OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity=0,
        FileSetConsistencyFlag=0,
        DirectoryRecordSequence=records,
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = uid(file_set_id, "DICOMDIR")
    # Offsets are counted from the first byte of the file: write once to learn where records land.
    trial = BytesIO()
    _write(directory, meta, trial)
    trial.seek(0)
    offsets = [item.seq_item_tell for item in pydicom.dcmread(trial).DirectoryRecordSequence]
    for siblings in children.values():
        for this, following in pairwise(siblings):
            records[this].OffsetOfTheNextDirectoryRecord = offsets[following]
    for parent, siblings in children.items():
        if parent is not None:
            records[parent].OffsetOfReferencedLowerLevelDirectoryEntity = offsets[siblings[0]]
    roots = children[None]
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = offsets[roots[0]]
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = offsets[roots[-1]]
    _write(directory, meta, folder / "DICOMDIR")


# Keys of each record (PS3.3 F.5) and the element that tells two of a kind apart.
_RECORDS = {
    "PATIENT": ("PatientID", ["PatientName", "PatientID"]),
    "STUDY": (
        "StudyInstanceUID",
        [
            *("StudyDate", "StudyTime", "StudyDescription"),
            *("StudyInstanceUID", "StudyID", "AccessionNumber"),
        ],
    ),
    "SERIES": (
        "SeriesInstanceUID",
        ["Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber"],
    ),
    "IMAGE": ("SOPInstanceUID", ["InstanceNumber"]),
}


def _records(folder, files):
    """Directory records, parents before children, and the indices of each one's children."""
    records, children, index = [], {}, {}
    for path in sorted(files):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        parent = None
        for kind, (identity, keywords) in _RECORDS.items():
            key = (parent, dataset[identity].value)
            if key not in index:
                index[key] = len(records)
                children.setdefault(parent, []).append(index[key])
                records.append(_record(kind, dataset, keywords))
            parent = index[key]
        records[parent].update(
            header(
                ReferencedFileID=list(path.relative_to(folder).parts),
                ReferencedSOPClassUIDInFile=dataset.SOPClassUID,
                ReferencedSOPInstanceUIDInFile=dataset.SOPInstanceUID,
                ReferencedTransferSyntaxUIDInFile=dataset.file_meta.TransferSyntaxUID,
            )
        )
    return records, children


def _record(kind, dataset, keywords) -> Dataset:
    return header(
        {keyword: dataset.get(keyword, "") for keyword in keywords},
        OffsetOfTheNextDirectoryRecord=0,
        RecordInUseFlag=0xFFFF,
        OffsetOfReferencedLowerLevelDirectoryEntity=0,
        DirectoryRecordType=kind,
    )


def _write(dataset, meta, target) -> None:
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    # pydicom's own version would change the bytes with every release of it.
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "HANDSON_1"
    dataset.file_meta = meta
    dataset.save_as(target, enforce_file_format=True)
