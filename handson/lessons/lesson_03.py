"""Lesson 03, reading a 3D series: what its exercises accept, and the mistakes they know."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset

from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question
from .series_sorter import along_normal

PIXEL = (30, 50)  # row, column of the pixel that exercise 03-3 looks for
DRIFT_STEPS = 30  # steps over which exercise 03-4 counts the drift of a tilted stack


def files(folder: Path) -> list:
    """The DICOM files of a folder of any nesting: those whose name has no extension."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.suffix)


@cache
def headers(folder: Path, *keywords: str) -> tuple:
    """Headers of `files(folder)`; of the elements named by `keywords` alone when there are any."""
    wanted = list(keywords) or None
    return tuple(
        pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
        for path in files(folder)
    )


def trap(name: str) -> tuple:
    """Headers of one folder of gen-traps, sorted along the normal."""
    return tuple(sorted(headers(folder_of("gen-traps") / name), key=along_normal))


def directions(header: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors along a row and down a column, patient coordinates LPS+."""
    row, column = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
    return row, column


def coronal_normal() -> np.ndarray:
    first = min((folder_of("gen-phantom") / "dicom" / "coronal").iterdir())
    return np.cross(*directions(pydicom.dcmread(first, stop_before_pixels=True)))


def distinct(keyword: str) -> int:
    """How many different values of an element stand in the files of gen-traps."""
    found = headers(folder_of("gen-traps"), "SeriesInstanceUID", "SeriesNumber")
    return len({str(header.get(keyword)) for header in found})


def folders() -> int:
    return sum(path.is_dir() for path in folder_of("gen-traps").iterdir())


def lowest_instance() -> int:
    """InstanceNumber of the slice of lying-instance-number that is nearest to the feet."""
    return int(trap("lying-instance-number")[0].InstanceNumber)


@cache
def missing() -> int:
    """Index that the missing slice of missing-slice would have."""
    positions = [along_normal(header) for header in trap("missing-slice")]
    return int(np.diff(positions).argmax()) + 1


def table_step() -> np.ndarray:
    """From one slice of tilt-15 to the next, mm, LPS+."""
    first, second = trap("tilt-15")[:2]
    return np.subtract(second.ImagePositionPatient, first.ImagePositionPatient).astype(float)


def tilt(
    across: Callable[[float], float] = np.cos, aside: Callable[[float], float] = np.sin
) -> tuple:
    """(mm across the slices from one to the next, mm of drift over DRIFT_STEPS) in tilt-15.

    across, aside : functions of the tilt, for those who exchange them
    """
    length = float(np.linalg.norm(table_step()))
    angle = np.arccos(np.cross(*directions(trap("tilt-15")[0])) @ table_step() / length)
    return length * float(across(angle)), DRIFT_STEPS * length * float(aside(angle))


def aspects() -> np.ndarray:
    """mm per pixel down over mm per pixel across: axial, sagittal, coronal, of non-square-pixels."""
    stack = trap("non-square-pixels")
    row, column = map(float, stack[0].PixelSpacing)
    between = along_normal(stack[1]) - along_normal(stack[0])
    return np.array([row / column, between / row, between / column])


@cache
def brain_ct() -> tuple:
    """The real series Routine Brain of pydicom-dicomdir, sorted along the normal."""
    found = headers(folder_of("pydicom-dicomdir") / "77654033" / "CT2")
    return tuple(sorted(found, key=along_normal))


def brain_ct_intervals() -> int:
    """Steps that fit into the one large gap."""
    steps = np.diff([along_normal(header) for header in brain_ct()])
    return round(float(steps.max() / steps.min()))


EXERCISES = {
    "03-1": Exercise(
        asks="How many series lie in gen-traps.",
        answer=lambda: distinct("SeriesInstanceUID"),
        because="One UID per series, whatever folder its files lie in and whatever number they carry.",
        hint="Count the different values of SeriesInstanceUID over all files.",
        mistakes=(
            Mistake(
                "a folder is a series",
                folders,
                "That is the number of folders. One of them holds two series; folders mean nothing.",
            ),
            Mistake(
                "SeriesNumber is identity",
                lambda: distinct("SeriesNumber"),
                "You counted SeriesNumber: a number for people, which different series may share.",
            ),
            Mistake(
                "a file is a series",
                lambda: len(files(folder_of("gen-traps"))),
                "That is the number of files. A series has many.",
            ),
        ),
    ),
    "03-2": Exercise(
        asks="{'n': three numbers in LPS+, 'points to': a side of the patient} for the normal of the coronal series.",
        answer=lambda: {"n": coronal_normal(), "points to": "back"},
        within=1e-3,
        because="n points to the patient's back, since y grows to Posterior in DICOM. All slices of this "
        "series have the same z: you cannot sort them by it.",
        hint="n is the cross product of the two halves of ImageOrientationPatient: np.cross(row, column). Which "
        "of its numbers is not 0, and to which side does that axis of LPS+ grow?",
        mistakes=(
            Mistake(
                "z is IPP[2]",
                lambda: {"n": (0, 0, 1), "points to": ...},
                "That is the z axis of the patient. These slices are coronal: each of them spans "
                "the same z. Compute n from ImageOrientationPatient.",
            ),
            Mistake(
                "cross product reversed",
                lambda: {"n": -coronal_normal(), "points to": ...},
                "The sign is reversed: it is row × column, in this order (PS3.3 C.7.6.2.1.1).",
            ),
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: {"n": coronal_normal(), "points to": "front"},
                "The numbers are right and the side is not: DICOM's y grows to Posterior, the patient's back.",
            ),
        ),
    ),
    "03-3": Exercise(
        asks="{'InstanceNumber': of the lowest slice of lying-instance-number, 'index': (i, j, k) of its "
        f"pixel at row {PIXEL[0]}, column {PIXEL[1]} in read_series(...).data}}",
        answer=lambda: {"InstanceNumber": lowest_instance(), "index": (PIXEL[1], PIXEL[0], 0)},
        because="A Volume read from DICOM is [column, row, slice], the reverse of a NumPy stack.",
        hint="Sort by n · IPP and look at the first slice; then ask what each axis of a Volume is.",
        mistakes=(
            Mistake(
                "InstanceNumber is order",
                lambda: {"InstanceNumber": 1, "index": ...},
                "Number 1 is not the lowest: in this folder InstanceNumber follows no position. "
                "Sort by n · IPP, then look which number comes first.",
            ),
            Mistake(
                "a volume is indexed like a stack",
                lambda: {"InstanceNumber": ..., "index": (0, *PIXEL)},
                "That is [slice, row, column], the order of a NumPy stack of slices. A Volume is its reverse.",
            ),
            Mistake(
                "a volume is indexed by row first",
                lambda: {"InstanceNumber": ..., "index": (*PIXEL, 0)},
                "That is [row, column, slice]. Row and column are exchanged: a Volume read from DICOM has "
                "the column first.",
            ),
        ),
    ),
    "03-4": Exercise(
        asks="Three numbers: index of the missing slice of missing-slice, from 0; mm between two slices of "
        f"tilt-15, along their normal; mm of drift parallel to them over {DRIFT_STEPS} steps.",
        answer=lambda: (missing(), *tilt()),
        within=0.05,
        because="5 mm · cos 15° across, 5 mm · sin 15° aside at every step. A reader that ignored the gap would "
        "have moved everything above it by 5 mm.",
        hint="np.diff of the positions shows the gap. Project the step between two ImagePositionPatient on n; "
        "the rest of it is the drift.",
        mistakes=(
            Mistake(
                "InstanceNumber is index",
                lambda: (missing() + 1, ..., ...),
                "InstanceNumber counts from 1, an index from 0.",
            ),
            Mistake(
                "thickness is spacing",
                lambda: (..., np.linalg.norm(table_step()), ...),
                "5.0 mm is the distance along the table, and SliceThickness too. The slices are tilted "
                "by 15 degrees, so across the slices it is less. Which cosine?",
            ),
            Mistake(
                "sine and cosine exchanged",
                lambda: (..., *tilt(np.sin, np.cos)),
                "Sine and cosine are exchanged: for a small tilt the distance hardly changes.",
            ),
            Mistake(
                "drift of one step",
                lambda: (..., ..., tilt()[1] / DRIFT_STEPS),
                f"That is the drift from one slice to the next. Over {DRIFT_STEPS} steps it adds up.",
            ),
        ),
    ),
    "03-5": Exercise(
        asks="Three aspects, mm per pixel down over mm per pixel across: axial, sagittal, coronal.",
        answer=aspects,
        within=0.01,
        because="Name the axis that each side of the picture is drawn on, then divide down by across.",
        hint="Axial: row index down, column index across. Sagittal: slice index down, row index across. "
        "Coronal: slice index down, column index across.",
        mistakes=(
            Mistake(
                "aspect upside down",
                lambda: 1 / aspects(),
                "All three are upside down. imshow's aspect is mm per pixel down over mm per pixel "
                "across: the wrong way squashes the coronal picture a hundredfold.",
            ),
            Mistake(
                "rows and columns exchanged",
                lambda: aspects()[[0, 2, 1]],
                "Sagittal and coronal are exchanged: a sagittal picture has the row index across, "
                "which runs from front to back.",
            ),
            Mistake(
                "square pixels",
                lambda: (1, ..., ...),
                "These pixels are not square: PixelSpacing holds two different numbers.",
            ),
        ),
    ),
    "03-6": Exercise(
        asks="How many slices of the series Routine Brain are missing.",
        answer=lambda: brain_ct_intervals() - 1,
        because="A real series that lost most of itself on the way to you.",
        hint="Divide the large step by the small one; count what lies between.",
        mistakes=(
            Mistake(
                "a gap is one slice",
                lambda: 1,
                "There is one gap, and it is much wider than two steps. How many slices fit in?",
            ),
            Mistake(
                "intervals taken for slices",
                brain_ct_intervals,
                "That many steps fit into the gap; between its two ends lies one slice fewer.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "Two slices have InstanceNumber 7 and 8. What do you know about where they lie?",
        (
            Option("Nothing.", "It is the scanner's own numbering; sort by position.", right=True),
            Option("8 is above 7.", "It may be below, or at the other end: sort by position."),
            Option("They are neighbours.", "In an interleaved acquisition they are not."),
        ),
    ),
    Question(
        "SliceThickness is 4 mm. How far apart are the slices?",
        (
            Option("4 mm", "They may overlap, or have gaps between them."),
            Option(
                "SpacingBetweenSlices tells.",
                "It is meant to: from centre to centre along n. But it is optional, and may be wrong.",
            ),
            Option("Their positions along n tell.", "Measured, not believed.", right=True),
        ),
    ),
    Question(
        "Why does sorting by the z of ImagePositionPatient fail for a sagittal series?",
        (
            Option("Its z is missing.", "It is there, in every file."),
            Option("All slices have the same z.", "They lie side by side: n is ±x.", right=True),
            Option("z grows downward.", "In DICOM it grows towards the head."),
        ),
    ),
    Question(
        "What groups files into a series?",
        (
            Option("The folder", "Somebody put them there."),
            Option("SeriesNumber", "Two series may share one."),
            Option(
                "SeriesInstanceUID", "And even then orientation or time may split it.", right=True
            ),
        ),
    ),
    Question(
        "One slice of 31 is missing. What should a reader do?",
        (
            Option(
                "Stack the 30 it has.", "All above the gap would lie in a wrong place, silently."
            ),
            Option(
                "Refuse, and name the gap.",
                "You decide then whether to copy again or to fill.",
                right=True,
            ),
            Option("Copy the neighbour.", "Nobody would know that it was invented."),
        ),
    ),
    Question(
        "A voxel of a thick CT slice holds half bone (1000 HU) and half fat (-100 HU). What does it show?",
        (
            Option(
                "A tissue of 450 HU.",
                "No such tissue is there: the voxel averages what lies in it.",
            ),
            Option(
                "About 450 HU, the mean of the two.",
                "The partial volume effect. Thinner slices have less of it.",
                right=True,
            ),
            Option("Bone: the denser one wins.", "Attenuation is averaged over the voxel."),
        ),
    ),
)
