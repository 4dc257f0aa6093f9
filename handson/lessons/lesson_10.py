"""Lesson 10, your own data: the ten facts of the capstone, and the mistakes they know.

The facts are about the practice folder, never about a folder that the learner names.
"""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pydicom

from ..deidentify import Mask, anonymize, audit
from ..dicom import read_series, scan
from ..dicom.series import SeriesInfo
from ..nifti import read_nifti
from ..volume import Volume
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

NAME = "Anna"
LPS = np.array([-1, -1, 1])


@cache
def delivery() -> Path:
    return folder_of("gen-delivery")


@cache
def series() -> dict[str, SeriesInfo]:
    """The series of the practice folder, by their descriptions."""
    return {info.description: info for info in scan(delivery())}


@cache
def t1() -> Volume:
    return read_series(delivery(), series_uid=series()["t1 axial"].id)


@cache
def mask() -> Volume:
    return read_nifti(delivery() / "lesion.nii.gz")


@cache
def headers(description: str) -> list[pydicom.Dataset]:
    """The headers of a series, in the order of their places along the normal."""
    read = [pydicom.dcmread(f, stop_before_pixels=True) for f in series()[description].files]
    normal = np.cross(*np.reshape(np.array(read[0].ImageOrientationPatient, float), (2, 3)))
    return sorted(read, key=lambda header: normal @ np.array(header.ImagePositionPatient, float))


def images(*descriptions: str) -> int:
    return sum(len(series()[description].files) for description in descriptions)


def lost() -> int:
    """Index in the T1, whose places are those of the T2, of the slice that the T2 lacks."""
    places = [np.array(h.ImagePositionPatient, float) for h in headers("t2 axial")]
    whole = [np.array(h.ImagePositionPatient, float) for h in headers("t1 axial")]
    away = [min(np.linalg.norm(place - p) for p in places) for place in whole]
    return int(np.argmax(away))


def middle_of_slice(k: int) -> np.ndarray:
    i, j = (n - 1 for n in t1().shape[:2])
    return t1().world((i / 2, j / 2, k))


def extent(step: float) -> float:
    """mm from the first slice to the last."""
    return (t1().shape[2] - 1) * step


def z_step() -> float:
    first, second, *_ = headers("t1 axial")
    return abs(second.ImagePositionPatient[2] - first.ImagePositionPatient[2])


def middle_of_mask(affine: np.ndarray | None = None) -> np.ndarray:
    """The mean place of the lesion's voxels, mm."""
    ijk = np.argwhere(mask().data).mean(axis=0)
    affine = mask().affine if affine is None else affine
    return affine[:3, :3] @ ijk + affine[:3, 3]


def ml(voxel_mm3: float) -> float:
    return float(mask().data.sum() * voxel_mm3 / 1000)


@cache
def mean_in_lesion() -> float:
    return float(t1().data[mask().resample_like(t1(), order=0).data > 0].mean())


@cache
def cleaned() -> tuple:
    """(report, findings of the name, whether T1 and T2 got another and the same frame of reference)."""
    box = Mask(((0, 0, 330, 56),), where={"Modality": "OT"})
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        report = anonymize(delivery(), out, masks=[box])
        found = {finding.file.name for finding in audit(out, [NAME])}
        frames: dict[str, set[str]] = {}
        for entry in report.entries:
            if entry.output and entry.source.parent.name == "IMAGES":
                header = pydicom.dcmread(out / entry.output, stop_before_pixels=True)
                if header.Modality == "MR":
                    frames.setdefault(header.SeriesInstanceUID, set()).add(
                        header.FrameOfReferenceUID
                    )
    before = headers("t1 axial")[0].FrameOfReferenceUID
    after = set().union(*frames.values())
    return len(found), {"same as before": before in after, "shared": len(after) == 1}


@cache
def without_masks() -> dict[str, str]:
    """What happens to each file, by name, when nobody gives a mask; a dry run writes nothing."""
    report = anonymize(delivery(), delivery().parent / "never written", dry_run=True)
    return {entry.source.name: entry.status for entry in report.entries}


def left_out(*kinds: str) -> set[str]:
    return {name for name, kind in without_masks().items() if kind in kinds}


EXERCISES = {
    "10-1": Exercise(
        asks="(MR images that should have come, MR images that came)",
        answer=lambda: (2 * t1().shape[2], images("t1 axial", "t2 axial")),
        because="Both series have the same places, so each should have as many slices. One never arrived.",
        hint="Ask each series for its files. Which of the series are MR, and is each of them whole?",
        mistakes=(
            Mistake(
                "what came is what was sent",
                lambda: (images("t1 axial", "t2 axial"), ...),
                "One series has a gap: the slice in it was taken and is not here. A count proves nothing "
                "until the positions agree.",
            ),
            Mistake(
                "every DICOM file is a slice",
                lambda: (..., images(*series())),
                "That counts the captured screen. It is DICOM, but its Modality is not MR.",
            ),
        ),
    ),
    "10-2": Exercise(
        asks="mm from the centre of the first T1 slice to that of the last, along the normal.",
        answer=lambda: extent(t1().slice_distance),
        unit="mm",
        within=0.05,
        because="One step fewer than slices, and each step is measured along the normal.",
        hint="How far apart are two slices, along row x column? And how many steps lie between 36 slices?",
        mistakes=(
            Mistake(
                "as many steps as slices",
                lambda: t1().shape[2] * t1().slice_distance,
                "Between n slices lie n - 1 steps.",
            ),
            Mistake(
                "thickness is spacing",
                lambda: extent(float(headers("t1 axial")[0].SliceThickness)),
                "You used SliceThickness. It says how thick a slice is, not where the next one lies.",
            ),
            Mistake(
                "z is the normal",
                lambda: extent(z_step()),
                "You took the third number of ImagePositionPatient. The slices are oblique by 15 degrees: "
                "project on row x column.",
            ),
        ),
    ),
    "10-3": Exercise(
        asks="Where the middle of the lost T2 slice is: (x, y, z) in mm, RAS+.",
        answer=lambda: middle_of_slice(lost()),
        unit="mm",
        within=0.5,
        because="The T1 has the same places. Look there: the lost slice is the one through the lesion.",
        hint="Which position of the T1 has no slice of the T2? Then t1.world of the middle of that slice.",
        mistakes=(
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: middle_of_slice(lost()) * LPS,
                "x and y have DICOM's sign (LPS+). RAS+ is asked.",
            ),
            Mistake(
                "the slice before the gap is the lost one",
                lambda: middle_of_slice(lost() - 1),
                "That slice is there: it is the last one before the gap.",
            ),
            Mistake(
                "the position is the middle",
                lambda: t1().world((0, 0, lost())),
                "ImagePositionPatient is the centre of the *first pixel*, at a corner of the picture.",
            ),
        ),
    ),
    "10-4": Exercise(
        asks="{'mm': the middle of the lesion (x, y, z), RAS+, 'side': 'left' or 'right'}",
        answer=lambda: {"mm": middle_of_mask(), "side": "left"},
        within=0.5,
        because="The mask's own affine takes its voxels to the patient; x < 0 is the patient's left.",
        hint="The mean of the indices of the mask's voxels, and then: whose affine?",
        mistakes=(
            Mistake(
                "same shape is same space",
                lambda: {"mm": middle_of_mask(t1().affine), "side": ...},
                "You used the T1's affine for the mask's indices. The shapes are equal, the grids are not: "
                "you are on the other side of the head.",
            ),
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: {"mm": middle_of_mask() * LPS, "side": ...},
                "x and y have DICOM's sign. NIfTI and handson count x to the patient's right.",
            ),
            Mistake(
                "indices are mm",
                lambda: {"mm": np.argwhere(mask().data).mean(axis=0), "side": ...},
                "Those are indices. mask.world(ijk) makes millimetres of them.",
            ),
            Mistake(
                "x grows to the left",
                lambda: {"mm": middle_of_mask(), "side": "right"},
                "In RAS+ x grows to the patient's Right: a negative x is at the left. *This would be the "
                "wrong operation.*",
            ),
        ),
    ),
    "10-5": Exercise(
        asks="Volume of the lesion in ml, from the mask.",
        answer=lambda: ml(mask().voxel_volume),
        within=0.02,
        unit="ml",
        because="Voxels times |det A| of the mask's own affine, and 1000 mm3 are 1 ml.",
        hint="How many mm3 has a voxel of the mask?",
        mistakes=(
            Mistake(
                "voxels of the T1",
                lambda: ml(t1().voxel_volume),
                "You multiplied the mask's voxels with the size of the T1's. The grids differ.",
            ),
            Mistake(
                "a voxel is a cubic millimetre",
                lambda: ml(1),
                "That counts 1 mm3 for each voxel.",
            ),
            Mistake(
                "mm3 for ml",
                lambda: ml(1000 * mask().voxel_volume),
                "That is in mm3; 1 ml is 1000 mm3.",
            ),
        ),
    ),
    "10-6": Exercise(
        asks="The mean T1 value in the lesion, the mask brought to the T1's grid (nearest).",
        answer=mean_in_lesion,
        within=1,
        because="By millimetres the mask meets the dark lesion. By index it meets healthy tissue.",
        hint="mask.resample_like(t1, order=0) > 0 is a mask on the T1's grid.",
        mistakes=(
            Mistake(
                "same shape is same space",
                lambda: t1().data[mask().data > 0].mean(),
                "You used the mask by index. Nothing stops you, since the shapes are equal: you measured "
                "healthy tissue in the other half of the brain.",
            ),
            Mistake(
                "the mean of the box",
                lambda: t1().data[mask().resample_like(t1(), order=1).data > 0].mean(),
                "Linear interpolation gives every voxel that touches the mask a share. Labels want nearest.",
            ),
        ),
    ),
    "10-7": Exercise(
        asks="The names of the files that leave nothing in the output, without masks, as a set.",
        answer=lambda: left_out("refused", "not an image"),
        because="The screen was refused and the letter is not an image. Neither is in the output, and both are "
        "in the report. No error is not success.",
        hint="report.entries: what is not 'done' and was not made anew is not there. entry.source is the file.",
        mistakes=(
            Mistake(
                "no error means all done",
                set,
                "A program can end well and leave files out. Look at report.counts.",
            ),
            Mistake(
                "only what is refused is missing",
                lambda: left_out("refused"),
                "Another file was left out without being refused: read every kind in report.counts.",
            ),
        ),
    ),
    "10-8": Exercise(
        asks=f"How many files of the output tell that the patient is called {NAME}.",
        answer=lambda: 0,
        because="The two findings are in the words “PerformingPhysicianName” of the report: Physici-anNa-me. "
        "A finding is a question, not a verdict: open the file.",
        hint=f"Search for {NAME} with handson.audit, then look at the bytes around each finding.",
        mistakes=(
            Mistake(
                "every finding is a leak",
                lambda: cleaned()[0],
                "Open both files at the offset that the finding states, and read the word it stands in.",
            ),
        ),
    ),
    "10-9": Exercise(
        asks="{'same as before': True or False, 'shared': True or False} of the FrameOfReferenceUID",
        answer=lambda: cleaned()[1],
        because="A UID can be looked up in the hospital, so it is replaced; and always by the same one, or "
        "T1 and T2 could not be laid over each other any more.",
        hint="Read FrameOfReferenceUID of a T1 and of a T2 file, before and after.",
        mistakes=(
            Mistake(
                "a UID identifies nobody",
                lambda: {"same as before": True, "shared": ...},
                "Compare with the original. Whoever has access to the archive finds the patient by any UID.",
            ),
            Mistake(
                "every file gets UIDs of its own",
                lambda: {"same as before": ..., "shared": False},
                "Compare two files of the output. New UIDs that do not agree would tear the study apart.",
            ),
        ),
    ),
    "10-10": Exercise(
        asks="(i, j, k): the voxel of your oriented NIfTI that holds the middle of the lesion.",
        answer=lambda: t1().to_ras().nearest(middle_of_mask()),
        because="Turned to RAS the array has other indices, and the place in the patient is the same.",
        hint="Read the file that you wrote, and ask *it* for the voxel at that place.",
        mistakes=(
            Mistake(
                "the array was not turned",
                lambda: t1().nearest(middle_of_mask()),
                "That is the voxel in the array as DICOM stores it, i to the left and j to the back. The "
                "oriented file runs the other way.",
            ),
            Mistake(
                "an index is a place",
                lambda: mask().nearest(middle_of_mask()),
                "That is the voxel of the *mask*. The file that you wrote holds the T1, on another grid.",
            ),
        ),
    ),
}
QUIZ = (
    Question(
        "The scan says: 300 files, 299 in a series, 1 skipped as damaged. What do you do?",
        (
            Option(
                "Copy that file again from where it came.",
                "It was meant to be a slice, and without it the volume has a gap.",
                right=True,
            ),
            Option(
                "Nothing, 299 slices are enough.", "The slice you lack may be the one you need."
            ),
            Option("Delete it.", "Then nobody will know that one is missing."),
        ),
    ),
    Question(
        "A series states no orientation. What may you say about its left?",
        (
            Option("Nothing.", "No file says it, so neither do you.", right=True),
            Option(
                "Left of the picture is the patient's right.",
                "That is a convention of display; this file follows none.",
            ),
            Option(
                "What the other series of the study say.",
                "They say it of themselves. A screen can show anything.",
            ),
        ),
    ),
    Question(
        "The audit finds nothing. Is the folder free of identities?",
        (
            Option(
                "Not proven: it finds only what you named, and no pixels.",
                "So look at the images too, and name what only you know.",
                right=True,
            ),
            Option("Yes, it searches every byte.", "For the words you gave it."),
            Option("Yes, if the report says done.", "Done by rule. A rule cannot read a picture."),
        ),
    ),
    Question(
        "Where may you run this notebook on patients' images?",
        (
            Option(
                "On a machine on which the images may be, by the rules of your institution.",
                "And with its outputs cleared before it is shared.",
                right=True,
            ),
            Option("On Binder, if nobody knows the link.", "It is somebody else's computer."),
            Option(
                "Anywhere, after section 5.", "Sections 1 to 5 have read the originals by then."
            ),
        ),
    ),
    Question(
        "Why read the NIfTI back with another program than wrote it?",
        (
            Option(
                "A program that writes a mistake may read it with the same mistake.",
                "Two programs seldom share one.",
                right=True,
            ),
            Option("To make the file smaller.", "Reading changes nothing."),
            Option("Because nibabel is faster.", "Speed proves nothing."),
        ),
    ),
)
