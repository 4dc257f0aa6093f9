"""Lesson 00, look at images first: what its exercises accept, and the mistakes they know."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from ..display.windows import window
from ..nifti import read_nifti
from ..volume import Volume
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

TEMPLATE = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
MAP = "image_10426.nii.gz"
POINT = (-40.0, -22.0, 54.0)  # mm, RAS+: the left motor cortex
SERIES_VOXEL = (8, 10, 1)  # i, j, k of functional.nii
WINDOWS = ((128, 300), (200, 60), (100, 80))  # three windows on the template


@cache
def template() -> Volume:
    """The MNI152 T1-weighted brain, 1 mm."""
    return read_nifti(folder_of("nilearn-mni") / TEMPLATE)


@cache
def motor_map() -> Volume:
    """z values, left against right button press, 3 mm."""
    return read_nifti(folder_of("nilearn-motor-map") / MAP)


def value_at(volume: Volume, mm: Sequence[float]) -> float:
    """Value of the voxel that holds the point, mm in RAS+."""
    return volume.data[tuple(volume.nearest(mm))]


def peak() -> np.ndarray:
    """Place of the largest z value, mm in RAS+."""
    data = motor_map().data
    return motor_map().world(np.unravel_index(np.nanargmax(data), data.shape))


def greys() -> list:
    return [float(window(value_at(template(), POINT), *w)) for w in WINDOWS]


@cache
def series() -> Volume:
    return read_nifti(folder_of("nibabel-tests") / "functional.nii")


def series_voxel() -> np.ndarray:
    return series().data[SERIES_VOXEL]


def _grey_for_value(number) -> Mistake:
    return Mistake(
        "the grey level is the value",
        lambda: greys()[number],
        "That is a grey level of one of the pictures. The voxel itself holds one number, whatever "
        "the window.",
    )


EXERCISES = {
    "00-1": Exercise(
        asks='"left" or "right": the side of the patient that the default picture shows at its right.',
        answer=lambda: "left",
        because="Radiological display: you face the patient, so her left is at your right.",
        hint="Read the letter at the right edge of the picture.",
        mistakes=(
            Mistake(
                "the picture's right is the patient's right",
                lambda: "right",
                "Look at the letters: at the right edge of the picture stands L. The display is "
                "radiological; other programs (Mango, nilearn) start with the other one.",
            ),
        ),
    ),
    "00-2": Exercise(
        asks="The value of the voxel at the point, read from the data.",
        answer=lambda: value_at(template(), POINT),
        within=0.5,
        because="One voxel, one number: the three grey levels were three windows on it.",
        hint="volume.nearest(mm) gives the index; look into volume.data.",
        mistakes=(
            *(_grey_for_value(number) for number in range(len(WINDOWS))),
            Mistake(
                "mm are indices",
                lambda: template().data[tuple(abs(int(v)) for v in POINT)],
                "You used millimetres as array indices. volume.voxel(mm) turns one into the other.",
            ),
        ),
    ),
    "00-3": Exercise(
        asks="{'mm': (x, y, z) where the map is largest, 'side': 'left' or 'right' of the brain}",
        answer=lambda: {"mm": peak(), "side": "right"},
        within=2.0,
        because="On the right side of the brain, for the left hand: the paths cross.",
        hint="np.unravel_index(np.nanargmax(data), data.shape) gives i, j, k; volume.world makes mm of it.",
        mistakes=(
            Mistake(
                "indices are mm",
                lambda: {"mm": motor_map().voxel(peak()), "side": ...},
                "Those are array indices i, j, k. volume.world(ijk) turns them into millimetres.",
            ),
            Mistake(
                "DICOM's signs",
                lambda: {"mm": peak() * (-1, -1, 1), "side": ...},
                "x and y have the wrong sign: handson and NIfTI count x to the patient's right, DICOM "
                "to the left.",
            ),
            Mistake(
                "x grows to the left",
                lambda: {"mm": peak(), "side": "left"},
                "The millimetres are right and the side is not: x grows to the patient's right, and this x is "
                "above 0. The left hand is moved from the right side of the brain.",
            ),
        ),
    ),
    "00-4": Exercise(
        asks="The mean over time of the voxel in the series, one number.",
        answer=lambda: float(series_voxel().mean()),
        within=0.05,
        because="A 4D image is one volume per time point: data[i, j, k] is a curve.",
        hint="series.data[i, j, k] has one value per volume: take its mean.",
        mistakes=(
            Mistake(
                "the first volume is the series",
                lambda: float(series_voxel()[0]),
                "That is the value at the first time point only.",
            ),
            Mistake(
                "mean over space",
                lambda: float(series().data[..., 0].mean()),
                "That is the mean over the voxels of one volume. Keep i, j, k and average over t.",
            ),
        ),
    ),
}
QUIZ = (
    Question(
        "At the left edge of an axial picture stands R. What do you see there?",
        (
            Option("The patient's right side.", "The letter names the patient's side.", right=True),
            Option(
                "The right side of the picture.",
                "It names the patient's side, and stands at the left.",
            ),
            Option("The reader's right.", "You face the patient: her right is at your left."),
        ),
    ),
    Question(
        "Two windows show one voxel bright and dark. Which of them is right?",
        (
            Option("The bright one.", "Both are drawn from the same number."),
            Option("Both.", "The number is the truth; grey is a choice.", right=True),
            Option("Neither.", "Each is right for its window."),
        ),
    ),
    Question(
        "An fMRI file has the shape 64 × 64 × 36 × 200. What is the 200?",
        (
            Option("Slices", "The slices are the 36."),
            Option("Volumes, one after the other", "The fourth axis is time.", right=True),
            Option("Colours", "Colour would be a last axis of 3."),
        ),
    ),
    Question(
        "May you upload a patient's images to Binder to try something?",
        (
            Option(
                "Yes, it is deleted afterwards.",
                "It is a public server of somebody else: the data have left.",
            ),
            Option(
                "Yes, without the name.", "A face, a date or pixels identify as well: lesson 06."
            ),
            Option(
                "Never.", "Work on your own machine, or where your hospital allows it.", right=True
            ),
        ),
    ),
    Question(
        "The picture of a radiograph carries no letters. What does that mean?",
        (
            Option("Left is left.", "Nothing says so; the film may have been turned over."),
            Option(
                "The viewer found no side in the file.",
                "No position and no Patient Orientation: then a careful viewer states none, either.",
                right=True,
            ),
            Option(
                "Radiographs have no sides.",
                "Many state them: Patient Orientation L\\F says where rows and columns go.",
            ),
        ),
    ),
)
