"""`open`: find out what a file or a folder is, and read it with the reader that is made for it.

Only the choice is made here; `nifti` and `dicom` do the reading, and the refusing.
"""

from os import PathLike
from pathlib import Path

from . import arguments
from .dicom import read_series, read_slice, scan
from .dicom.stack import choose
from .errors import HandsonError, ReadError
from .formats import first_bytes, recognise
from .nifti import is_nifti, read_nifti
from .volume import Slice, Volume


@arguments.checked(path=arguments.path)
def open(path: str | PathLike[str]) -> Volume | Slice:
    """Read an image file, the one image in a folder, or the one series of a DICOMDIR.

    path : NIfTI file or either half of a pair, DICOM file, DICOMDIR, or folder of any nesting; told
        by content, never by name. In a folder DICOM comes first, then a single NIfTI image. FreeSurfer's
        .mgh and .mgz are read through nibabel, NRRD through SimpleITK where it is installed
    returns : `Slice` for a DICOM file with one picture, else `Volume`

    raises : SeriesError with a list of ids where there are several series (`read_series` takes one),
        ReadError for a file that is not an image, and whatever the reader has to refuse
    """
    path = Path(path)
    if path.is_dir():
        return _open_folder(path)
    if reader := _foreign(path):
        return reader(path)
    if is_nifti(path):
        return read_nifti(path)
    table = scan(path)
    if not len(table) and not any(other.damaged for other in table.skipped):
        raise _not_an_image(path, table.skipped[0].reason)
    info = choose(table)
    if info.files == (path,) and info.shape[2:] == (1,):
        return read_slice(path)
    return read_series(info)


def _not_an_image(path, reason) -> ReadError:
    """What the file is, and what opens it."""
    if "RT Structure Set" in reason:
        advice = "Its regions: handson.segmentations.read_segmentation(path, like=IMAGE)."
        return ReadError(f"is neither NIfTI nor a DICOM image ({reason})", advice, path=path)
    known = recognise(first_bytes(path))
    if known is None or known.name == "a DICOM file":
        advice = "Pass a NIfTI or DICOM file, a DICOMDIR or a folder."
        return ReadError(f"is neither NIfTI nor a DICOM image ({reason})", advice, path=path)
    return ReadError(
        f"is neither NIfTI nor a DICOM image: it is {known.name}", known.advice, path=path
    )


def _foreign(path):
    """The function that reads a format for which another library is asked, or None."""
    known = recognise(first_bytes(path))
    if known is None:
        return None
    if "MGH" in known.name:
        return _read_mgh
    return _read_nrrd if known.name == "an NRRD file" else None


def _read_mgh(path) -> Volume:
    import nibabel

    try:
        image = nibabel.MGHImage.from_filename(path)
        volume = Volume.from_nibabel(image, name=path.stem)
        native = volume.data.dtype.newbyteorder("=")  # MGH is big-endian
        return volume.with_data(volume.data.astype(native))
    except HandsonError:
        raise
    except Exception as error:  # nibabel has no error kind of its own for damaged bytes
        raise _damaged(path, "a FreeSurfer volume", error) from None


def _read_nrrd(path) -> Volume:
    try:
        import SimpleITK
    except ImportError:
        raise ReadError(
            "is an NRRD file, which SimpleITK reads, and that is not installed",
            "Install it: pip install SimpleITK",
            path=path,
        ) from None
    try:
        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("NrrdImageIO")  # by content: the name may end in anything
        reader.SetFileName(str(path))
        return Volume.from_sitk(reader.Execute(), name=path.stem)
    except HandsonError:
        raise
    except RuntimeError as error:
        raise _damaged(path, "an NRRD file", error) from None


def _damaged(path, what, error) -> ReadError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]
    return ReadError(
        f"is {what} that cannot be read ({reason})", "Copy it again from the source.", path=path
    )


def _open_folder(folder):
    table = scan(folder)
    if len(table):
        return read_series(choose(table))
    images = [other.path for other in table.skipped if _is_whole_nifti(other.path)]
    if len(images) == 1:
        return read_nifti(images[0])
    if images:
        names = ", ".join(str(image.relative_to(folder)) for image in images[:3])
        more = f" and {len(images) - 3} more" if images[3:] else ""
        raise ReadError(
            f"holds {len(images)} NIfTI images: {names}{more}",
            "Choose one: handson.open(FILE).",
            path=folder,
        )
    return read_series(choose(table))  # says why nothing in it is an image


def _is_whole_nifti(path) -> bool:
    """Of a pair only the header counts; what cannot be read does not count."""
    try:
        return path.suffix.lower() != ".img" and is_nifti(path)
    except ReadError:
        return False
