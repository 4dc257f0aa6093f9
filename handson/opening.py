"""`open`: find out what a file or a folder is, and read it with the reader that is made for it.

Only the choice is made here; `nifti` and `dicom` do the reading, and the refusing.
"""

from os import PathLike
from pathlib import Path

from .dicom import read_series, read_slice, scan
from .dicom.stack import choose
from .errors import ReadError
from .nifti import is_nifti, read_nifti
from .volume import Slice, Volume


def open(path: str | PathLike[str]) -> Volume | Slice:
    """Read an image file, the one image in a folder, or the one series of a DICOMDIR.

    path : NIfTI file or either half of a pair, DICOM file, DICOMDIR, or folder of any nesting; told
        by content, never by name. In a folder DICOM comes first, then a single NIfTI image
    returns : `Slice` for a DICOM file with one picture, else `Volume`

    raises : SeriesError with a list of ids where there are several series (`read_series` takes one),
        ReadError for a file that is neither DICOM nor NIfTI, and whatever the reader has to refuse
    """
    path = Path(path)
    if path.is_dir():
        return _open_folder(path)
    if is_nifti(path):
        return read_nifti(path)
    table = scan(path)
    if not len(table) and not any(other.damaged for other in table.skipped):
        reason = table.skipped[0].reason
        advice = "Pass a NIfTI or DICOM file, a DICOMDIR or a folder."
        if "RT Structure Set" in reason:
            advice = "Its regions: handson.segmentations.read_segmentation(path, like=IMAGE)."
        raise ReadError(
            f"is neither NIfTI nor a DICOM image ({reason})",
            advice,
            path=path,
        )
    info = choose(table)
    if info.files == (path,) and info.shape[2:] == (1,):
        return read_slice(path)
    return read_series(info)


def _open_folder(folder):
    table = scan(folder)
    if len(table):
        return read_series(choose(table))
    images = [other.path for other in table.skipped if _is_whole_nifti(other.path)]
    if len(images) == 1:
        return read_nifti(images[0])
    if images:
        names = ", ".join(str(image.relative_to(folder)) for image in images[:20])
        raise ReadError(
            f"holds {len(images)} NIfTI images: {names}",
            "Choose one: handson.open(FILE).",
            path=folder,
        )
    return read_series(choose(table))  # says why nothing in it is an image


def _is_whole_nifti(path) -> bool:
    """Of a pair only the header counts; what cannot be read is none."""
    try:
        return path.suffix.lower() != ".img" and is_nifti(path)
    except ReadError:
        return False
