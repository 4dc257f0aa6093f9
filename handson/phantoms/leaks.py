"""gen-leaks: files that somebody called anonymous, each with identities left where few people look.

The headers say that the identity was removed, and the obvious elements are empty. What is left is known:
`planted` lists it, and is not written into the folder, which is what learners (and an audit) search.
Each planted value is one string that stands in one place. Stands on `lettered`, `study_us`, pydicom, nibabel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
from nibabel.nifti1 import Nifti1Extension

from . import study_us
from .dicom_files import header, save, series, uid
from .grid import AXIAL, Grid
from .lettered import MR, template, values
from .nifti_files import nifti, save_json
from .patient import CLEANED, PRIVATE_CREATOR

_GRID = Grid.around((0, 0, 20), (95, 115, 3), (2.0, 2.0, 4.0), AXIAL)
_COMMENT = 6  # NIfTI extension code of plain text


@dataclass(frozen=True)
class Leak:
    """One identity that was left.

    file : name of the file in the folder
    place : where in it, in words a learner may check
    value : the string itself
    by_eye : True when it stands in pixels, which no search for strings finds
    """

    file: str
    place: str
    value: str
    by_eye: bool = False


_NESTED = "Invented^Anna"
_PRIVATE, _PRIVATE_NESTED = "+00 000 0000001", "FAKE-OLD-17"
_COMMENTS, _SERIES = "Mrs Example felt unwell", "head A.M.E. 11.06.1974"
_DESCRIP, _AUX_FILE, _DB_NAME = "Anna Example, age 49", "anna-example.roi", "FAKE-ACC-4711"
_EXTENSION, _SIDECAR, _SIDECAR_NESTED = "seen by Dr Referrer", "Example Hospital", "Operator Oscar"
_SEQUENCES = "OriginalAttributesSequence > ModifiedAttributesSequence"


def planted() -> list[Leak]:
    """Everything that is left in the files of this set."""
    named = "example_anna_2.dcm"
    return [
        Leak("scan_1.dcm", f"PatientName in {_SEQUENCES}, two sequences deep", _NESTED),
        Leak(named, "the file's name", "example_anna"),
        Leak(named, f"(0009,xx01), private element of {PRIVATE_CREATOR}", _PRIVATE),
        Leak(named, f"(0009,xx02), private sequence of {PRIVATE_CREATOR}", _PRIVATE_NESTED),
        Leak("scan_3.dcm", "ImageComments, free text", _COMMENTS),
        Leak("scan_3.dcm", "SeriesDescription, free text", _SERIES),
        Leak("screen_4.dcm", "burned into the pixels", study_us.TEXT[0], by_eye=True),
        Leak("screen_4.dcm", "burned into the pixels", study_us.TEXT[1], by_eye=True),
        Leak("scan_5.nii.gz", "descrip", _DESCRIP),
        Leak("scan_5.nii.gz", "aux_file", _AUX_FILE),
        Leak("scan_5.nii.gz", "db_name", _DB_NAME),
        Leak("scan_5.nii.gz", "a header extension (code 6, comment)", _EXTENSION),
        Leak("scan_5.json", "InstitutionName", _SIDECAR),
        Leak("scan_5.json", "OperatorsName, in an object inside", _SIDECAR_NESTED),
    ]


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder with four DICOM files, a NIfTI file and its sidecar.

    progress : called with (files done, files in all)
    """
    folder = Path(folder)
    first, second, third = series(
        template(uid("leaks", "MR"), _GRID, "head", MR, **CLEANED), values(_GRID), _GRID
    )
    files = {
        "scan_1.dcm": _two_deep(first),
        "example_anna_2.dcm": _private(second),
        "scan_3.dcm": _free_text(third),
        "screen_4.dcm": _burned_in(),
    }
    for number, (name, dataset) in enumerate(files.items(), start=1):
        save(dataset, folder / name)
        if progress:
            progress(number, len(files) + 2)
    nibabel.save(_nifti(), folder / "scan_5.nii.gz")
    save_json(_sidecar(), folder / "scan_5.json")
    if progress:
        progress(len(files) + 2, len(files) + 2)


def _two_deep(dataset):
    """The old name kept by the very record of its correction (PS3.3 C.12.1.1.9)."""
    dataset.OriginalAttributesSequence = [
        header(
            SourceOfPreviousValues="",
            AttributeModificationDateTime="20240401120000",
            ModifyingSystem="ARCHIVE",
            ReasonForTheAttributeModification="CORRECT",
            ModifiedAttributesSequence=[header(PatientName=_NESTED)],
        )
    ]
    return dataset


def _private(dataset):
    block = dataset.private_block(0x0009, PRIVATE_CREATOR, create=True)
    block.add_new(0x01, "LO", _PRIVATE)
    inside = header()
    nested = inside.private_block(0x0009, PRIVATE_CREATOR, create=True)
    nested.add_new(0x03, "LO", _PRIVATE_NESTED)
    block.add_new(0x02, "SQ", [inside])
    return dataset


def _free_text(dataset):
    dataset.ImageComments = _COMMENTS
    dataset.SeriesDescription = _SERIES
    return dataset


def _burned_in():
    screen = study_us.unnamed()
    identity = {
        "StudyInstanceUID": uid("leaks", "US study"),
        "SeriesInstanceUID": uid("leaks", "US"),
        "SOPInstanceUID": uid("leaks", "US", 1),
        "BurnedInAnnotation": "NO",  # it lies, as real ones do
    }
    screen.update(header(CLEANED, identity))
    return screen


def _nifti():
    image = nifti(values(_GRID), _GRID.affine)
    image.header["descrip"] = _DESCRIP
    image.header["aux_file"] = _AUX_FILE
    image.header["db_name"] = _DB_NAME
    image.header.extensions.append(Nifti1Extension(_COMMENT, _EXTENSION.encode()))
    return image


def _sidecar():
    return {
        "Modality": "MR",
        "PatientName": "Anonymous",
        "InstitutionName": _SIDECAR,
        "RepetitionTime": 0.5,
        "Acquisition": {"OperatorsName": _SIDECAR_NESTED, "FlipAngle": 9},
    }
