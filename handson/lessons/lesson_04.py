"""Lesson 04, NIfTI orientation: what its exercises accept, and the mistakes they know."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pydicom
from nibabel.orientations import aff2axcodes
from numpy.typing import ArrayLike
from pydicom import Dataset

from ..nifti import header_bytes, read_nifti
from ..volume import Volume
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

# Exercise 04-1: a grid of 2.75 mm voxels, as many EPI series have it.
DIAGONAL = np.diag([2.75, 2.75, 2.75, 1.0])
DIAGONAL[:3, 3] = -78, -91, -91
VOXEL = (10, 20, 3)
CROP = (12, 20, 5)
# Exercise 04-2: an affine of a sagittal series that no cell prints.
UNSEEN = np.array([[0, 0, -3, 90], [-2, 0, 0, 110], [0, 2, 0, -60], [0, 0, 0, 1.0]])


@cache
def phantom(name: str) -> Volume:
    return read_nifti(folder_of("gen-phantom") / "nifti" / f"{name}.nii.gz")


def marker(volume: Volume) -> np.ndarray:
    """Voxel index of the brightest point, which is the capsule."""
    return np.argwhere(volume.data == volume.data.max()).mean(axis=0)


def place(affine: np.ndarray, ijk: ArrayLike) -> np.ndarray:
    return (affine @ np.append(ijk, 1.0))[:3]


def codes(affine: np.ndarray) -> str:
    return "".join(aff2axcodes(affine))


@cache
def series_headers() -> list[Dataset]:
    folder = folder_of("gen-phantom") / "dicom" / "oblique"
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
    return sorted(headers, key=_along_normal)


def _along_normal(header):
    row, column = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
    return np.cross(row, column) @ np.array(header.ImagePositionPatient, float)


def dicom_affine(
    lps_to_ras: Sequence[int] = (-1, -1, 1), swapped: bool = False, step: np.ndarray | None = None
) -> np.ndarray:
    """Affine [column, row, slice] -> mm of the oblique series; the arguments are ways to get it wrong."""
    first, last = series_headers()[0], series_headers()[-1]
    row, column = np.reshape(np.array(first.ImageOrientationPatient, float), (2, 3))
    down, across = map(float, first.PixelSpacing)
    start, end = (np.array(h.ImagePositionPatient, float) for h in (first, last))
    along = (end - start) / (len(series_headers()) - 1) if step is None else step
    columns = (column * down, row * across) if swapped else (row * across, column * down)
    matrix = np.column_stack([*columns, along, start])
    return np.vstack([np.array(lps_to_ras)[:, None] * matrix, [0, 0, 0, 1]])


def turned_marker(turn: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Where a reader that trusts the affine finds the marker of the turned axial array: RAS+ mm."""
    volume = phantom("axial")
    data = turn(volume.data)
    return place(volume.affine, np.argwhere(data == data.max()).mean(axis=0))


@cache
def unseen() -> dict[str, Any]:
    """The file of the last exercise: its affine, axis codes and the form that a reader takes."""
    path = next(folder_of("nilearn-motor-map").glob("*.nii.gz"))
    header, volume = header_bytes(path), read_nifti(path)
    return {
        "x": place(volume.affine, VOXEL)[0],
        "right drawn at": "left" if volume.axcodes[0] == "L" else "right",
        "form": "sform" if header["sform_code"] > 0 else "qform",
    }


def _other(key, value):
    return lambda: {**unseen(), key: value(unseen()[key])}


EXERCISES = {
    "04-1": Exercise(
        asks=f"{{'mm': (x, y, z), 'side': 'left' or 'right'}} of voxel {VOXEL}.",
        answer=lambda: {"mm": place(DIAGONAL, VOXEL), "side": "left"},
        within=1e-3,
        because="2.75 times the index, then the offset. x is negative: 50.5 mm to the patient's left.",
        hint="Multiply each index by 2.75 mm, then add the offset in the last column. In RAS+ x grows "
        "to the right.",
        mistakes=(
            Mistake(
                "the offset is left out",
                lambda: {"mm": place(DIAGONAL, VOXEL) - DIAGONAL[:3, 3], "side": ...},
                "That is the way from voxel (0, 0, 0), not from the origin of the patient: add the "
                "last column of the affine.",
            ),
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: {"mm": place(DIAGONAL, VOXEL) * (-1, -1, 1), "side": ...},
                "x and y have the other sign: nibabel's millimetres are RAS+ (x grows to the right), "
                "DICOM's are LPS+.",
            ),
            Mistake(
                "x grows to the left",
                lambda: {"mm": place(DIAGONAL, VOXEL), "side": "right"},
                "The millimetres are right and the side is not: in RAS+ x grows to the patient's Right, "
                "so a negative x lies on the left.",
            ),
            Mistake(
                "the offset is in voxels",
                lambda: {"mm": 2.75 * (np.array(VOXEL) + DIAGONAL[:3, 3]), "side": ...},
                "The offset is in mm already: multiply the index by 2.75 first, then add it.",
            ),
        ),
    ),
    "04-2": Exercise(
        asks="{'codes': the letters that the three axes grow to, 'feet to head': array axis 0, 1 or 2}",
        answer=lambda: {"codes": codes(UNSEEN), "feet to head": codes(UNSEEN).index("S")},
        because="Each column is one array axis: i to Posterior, j to Superior, k to the Left. From the "
        "feet to the head you walk along axis 1.",
        hint="Take the columns one by one. Which of the three numbers is the largest, and what is its sign?",
        mistakes=(
            Mistake(
                "the affine rotates the data",
                lambda: {"codes": "RAS", "feet to head": ...},
                "RAS is the frame in which the millimetres are counted. The array keeps its own axes: the "
                "affine describes the array, it does not turn it.",
            ),
            Mistake(
                "axis 2 is axial",
                lambda: {"codes": ..., "feet to head": 2},
                "You took for granted that axis 2 runs from feet to head. Look for the column whose "
                "largest number stands in the third row, z.",
            ),
            Mistake(
                "rows read for columns",
                lambda: {"codes": codes(UNSEEN.T), "feet to head": ...},
                "You read the matrix by rows. A *column* says where one step along an array axis leads.",
            ),
            Mistake(
                "letters of DICOM's axes",
                lambda: {"codes": codes(np.diag([-1, -1, 1, 1]) @ UNSEEN), "feet to head": ...},
                "Those are the letters if x grew to the left and y to the back, as in DICOM's LPS+. "
                "A NIfTI affine leads to RAS+.",
            ),
        ),
    ),
    "04-3": Exercise(
        asks=f"The last column (x, y, z in mm) of the affine of data[{CROP[0]}:, {CROP[1]}:, {CROP[2]}:].",
        answer=lambda: place(phantom("axial").affine, CROP),
        within=1e-3,
        unit="mm",
        because="The new first voxel is where the old voxel (12, 20, 5) was. Only the last column changes.",
        hint="Where was the voxel that is now voxel (0, 0, 0)?",
        mistakes=(
            Mistake(
                "cropping leaves the affine alone",
                lambda: phantom("axial").affine[:3, 3],
                "With the old offset every voxel moves in the patient: by 24, 40 and 20 mm here. Voxel "
                "(0, 0, 0) is another voxel now.",
            ),
            Mistake(
                "the crop is in millimetres",
                lambda: phantom("axial").affine[:3, 3] + CROP,
                "You added indices to millimetres. Multiply by the affine's columns first.",
            ),
            Mistake(
                "the crop goes the other way",
                lambda: 2 * phantom("axial").affine[:3, 3] - place(phantom("axial").affine, CROP),
                "The sign: start from the old offset and go *along* the columns.",
            ),
        ),
    ),
    "04-4": Exercise(
        asks="The 4 x 4 affine [column, row, slice] -> RAS+ mm of the oblique series.",
        answer=dicom_affine,
        within=1e-6,
        because="Row direction times column spacing, column direction times row spacing, the step from "
        "the first to the last slice, and x and y with the other sign.",
        hint="Its columns: one step along a row, one step down a column, one slice on, the first voxel.",
        mistakes=(
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: dicom_affine(lps_to_ras=(1, 1, 1)),
                "This affine is in LPS, DICOM's frame. For nibabel x grows to the right and y to "
                "anterior: multiply the first two rows by -1. A patient would be operated on "
                "the wrong side.",
            ),
            Mistake(
                "rows and columns are mixed up",
                lambda: dicom_affine(swapped=True),
                "The first index is the column: one step in it goes along a row (the first half of "
                "ImageOrientationPatient) by the *column* spacing, PixelSpacing[1].",
            ),
            Mistake(
                "the slices run the other way",
                lambda: dicom_affine(
                    step=np.array(series_headers()[0].ImagePositionPatient, float)
                    - np.array(series_headers()[1].ImagePositionPatient, float)
                ),
                "The step is last minus first, divided by the number of steps.",
            ),
        ),
    ),
    "04-5": Exercise(
        asks="(x, y, z) in mm at which the planning program shows the marker.",
        answer=lambda: turned_marker(np.rot90),
        within=0.6,
        unit="mm",
        because="The marker on the patient's right is shown on her left and too far to the front, at a place "
        "that looks possible. A quarter turn can be noticed: 95 x 115 became 115 x 95, and the picture lies "
        "turned against its letters. A flip is silent. This is how a wrong side is operated on.",
        hint="The program trusts the affine. At which index does it meet the bright voxel now?",
        mistakes=(
            Mistake(
                "rot90 until it looks right",
                lambda: turned_marker(np.array),
                "That is where the marker really is. The array was turned and the affine was not, so "
                "the program shows it elsewhere. A surgeon who trusts the program would cut on the "
                "wrong side.",
            ),
            Mistake(
                "a rotation is a flip",
                lambda: turned_marker(np.flipud),
                "That is where a flip would put it. rot90 exchanges the two axes as well: find the bright "
                "voxel in the turned array.",
            ),
            Mistake(
                "rot90 turns the other way",
                lambda: turned_marker(lambda data: np.rot90(data, -1)),
                "That is a rotation from axis 1 to axis 0. np.rot90 goes from axis 0 to axis 1: find the "
                "bright voxel in the turned array.",
            ),
        ),
    ),
    "04-6": Exercise(
        asks="{'x': mm, 'right drawn at': 'left' or 'right', 'form': 'sform' or 'qform'}",
        answer=unseen,
        within=1e-3,
        because="LAS: i grows to the patient's Left, so her right is drawn at the left of the picture. "
        "And x > 0: the voxel lies on the right side of the brain.",
        hint="The affine gives x; nib.aff2axcodes the letters; header_bytes the two codes.",
        mistakes=(
            Mistake(
                "RAS means radiological",
                _other("right drawn at", lambda side: {"left": "right", "right": "left"}[side]),
                "LAS says where the indices *grow to*: i to Left. Drawn from left to right, the picture "
                "ends at the patient's left, so her right is at the left: that is a radiological "
                "picture of an LAS array. An RAS array drawn so is neurological.",
            ),
            Mistake(
                "qform is the scanner and sform the template",
                _other("form", lambda form: {"sform": "qform", "qform": "sform"}[form]),
                "Look at the codes: qform_code is 0, so the qform says nothing. Either form may hold any "
                "code; the code says which space it means.",
            ),
            Mistake(
                "DICOM's x is nibabel's x",
                _other("x", lambda x: -x),
                "The sign of x: in nibabel's RAS+ millimetres x grows to the patient's right.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "You load a NIfTI file with a 90 degree rotation in its affine. What happens to the array?",
        (
            Option(
                "Nothing.",
                "The affine describes where voxels are; the array stays as stored.",
                right=True,
            ),
            Option(
                "It is rotated on loading.",
                "nibabel does not, unless you ask it to (as_closest_canonical).",
            ),
            Option(
                "It is resampled to RAS.", "Resampling interpolates values; nibabel does not do it."
            ),
        ),
    ),
    Question(
        "sform_code is 4 and qform_code is 1, and they disagree. Which is true?",
        (
            Option(
                "Both: each in its own space.",
                "4 is MNI152 space, 1 is the scanner. You must know which one your program takes.",
                right=True,
            ),
            Option(
                "The sform, always.",
                "nibabel takes it, others do not. And the qform may hold the scanner.",
            ),
            Option(
                "The qform, it is the scanner.", "Here it is; but the code says so, not its name."
            ),
        ),
    ),
    Question(
        "A colleague sends a picture of a brain without letters. Which side is the left?",
        (
            Option(
                "You cannot know.",
                "Radiological and neurological pictures are mirror images: ask, or look at the file.",
                right=True,
            ),
            Option(
                "The left of the picture.", "Only if it is drawn neurologically, as from behind."
            ),
            Option(
                "The right of the picture.", "Only if it is drawn radiologically, as from the feet."
            ),
        ),
    ),
    Question(
        "An axial series of a patient on her back has ImageOrientationPatient 1\\0\\0\\0\\1\\0. She turns onto "
        "her stomach; the scanner's rows and columns stay. What does the next series say?",
        (
            Option(
                "The same: the scanner did not turn.",
                "The axes are the patient's, not the scanner's (PS3.3 C.7.6.2.1.1).",
            ),
            Option(
                "-1\\0\\0\\0\\-1\\0",
                "The axes turn with her, the rows do not: x and y change sign. Her right is still her right.",
                right=True,
            ),
            Option(
                "1\\0\\0\\0\\-1\\0",
                "That would be a mirror image. She turned; nothing was mirrored.",
            ),
        ),
    ),
    Question(
        "What can a qform not hold?",
        (
            Option(
                "A shear, as a tilted gantry makes it.",
                "It is a rotation (a quaternion), three spacings and one flip. Only the sform holds 12 free numbers.",
                right=True,
            ),
            Option("A rotation of 30 degrees.", "That is what a quaternion is for."),
            Option(
                "Different spacings along the axes.", "They are in pixdim, beside the quaternion."
            ),
        ),
    ),
)
