"""Lesson 03, reading a 3D series: what its exercises accept, and the mistakes they know."""

from functools import cache

import numpy as np
import pydicom

from ..datasets import fetch
from .checks import Exercise, Mistake
from .quizzes import Option, Question


@cache
def headers(folder) -> tuple:
    """Headers of every file of a folder, in the order of the file names."""
    return tuple(
        pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.iterdir())
    )


def normal(header) -> np.ndarray:
    """Unit vector across the slice, patient coordinates LPS+: row x column (PS3.3 C.7.6.2.1.1)."""
    row, column = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
    return np.cross(row, column)


def along_normal(header) -> float:
    """Position of a slice along its normal, mm."""
    return float(normal(header) @ np.array(header.ImagePositionPatient, float))


def mr_normal():
    return normal(headers(fetch("gen-study") / "MR")[0])


EXERCISES = {
    "03-2": Exercise(
        asks="The unit vector n across the slices of the MR series, three numbers.",
        answer=mr_normal,
        within=1e-3,
        because="n points to the patient's right, since x grows to the left in DICOM. The z of "
        "ImagePositionPatient is the same in every slice of this series, so it sorts nothing.",
        hint="n is the cross product of the two halves of ImageOrientationPatient.",
        mistakes=(
            Mistake(
                "z is IPP[2]",
                lambda: (0, 0, 1),
                "That is the z axis of the patient. These slices are sagittal: all of them have "
                "the same z. Compute n from ImageOrientationPatient.",
            ),
            Mistake(
                "cross product reversed",
                lambda: -mr_normal(),
                "The sign is turned round: it is row x column, in this order (PS3.3 C.7.6.2.1.1).",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "Two slices have InstanceNumber 7 and 8. What do you know about where they lie?",
        (
            Option(
                "Nothing.",
                "It is a number that the scanner gave, in an order of its own.",
                right=True,
            ),
            Option("8 is above 7.", "It may be below, or at the other end: sort by position."),
            Option("They are neighbours.", "In an interleaved acquisition they are not."),
        ),
    ),
)
