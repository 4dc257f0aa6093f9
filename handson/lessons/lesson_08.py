"""Lesson 08, segmentations: what its exercises accept, and the mistakes they know."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pydicom

from ..dicom import read_series
from ..segmentations import compare, measure, read_segmentation
from ..segmentations.measures import Agreement
from ..segmentations.rings import even_odd, fill
from ..segmentations.segment import Segment, Segmentation
from ..volume import Volume
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

PLACE = (-34.0, -22.0, 32.5)  # mm, RAS+, of exercise 08-1
# What was done to the lesson's mask, by the letter under which exercise 08-6 gives the centre.
DONE = {
    "A": "mirrored",
    "B": "i and j swapped",
    "C": "LPS as RAS",
    "D": "slices reversed",
    "E": "rows reversed",
    "F": "right",
}


@cache
def ct() -> Volume:
    return read_series(folder_of("gen-study") / "CT")


@cache
def segments(name: str = "binary.dcm") -> Segmentation:
    return read_segmentation(folder_of("gen-segmentation") / name, like=ct())


def lesion() -> Segment:
    return segments()["lesion"]


def index(place: Sequence[float] = PLACE) -> list[int]:
    """Index [k, j, i] of a place in mm, as SimpleITK's array counts it."""
    return [int(n) for n in np.rint(ct().voxel(place))[::-1]]


def voxels(number: int | None = None) -> int:
    """Marked voxels of one segment, or of all frames."""
    chosen = [s for s in segments() if number in (None, s.number)]
    return sum(measure(s).voxels for s in chosen)


def slices(mask: np.ndarray) -> tuple[int, int]:
    k = np.flatnonzero(mask.any(axis=(0, 1)))
    return int(k[0]), int(k[-1])


@cache
def rings() -> dict[int, list]:
    """Slice -> the rings of the region "ring" in it, in voxel indices (i, j)."""
    dataset = pydicom.dcmread(folder_of("gen-segmentation") / "rtstruct.dcm")
    numbers = {roi.ROIName: roi.ROINumber for roi in dataset.StructureSetROISequence}
    drawn = {roi.ReferencedROINumber: roi.ContourSequence for roi in dataset.ROIContourSequence}
    found: dict[int, list] = {}
    for contour in drawn[numbers["ring"]]:
        points = np.reshape(np.array(contour.ContourData, float), (-1, 3)) * (-1, -1, 1)
        ijk = ct().voxel(points)
        found.setdefault(round(ijk[0, 2]), []).append(ijk[:, :2])
    return found


def ring_ml(put_together: Callable) -> float:
    """Volume of the region when the filled rings of each slice are put together in this way."""
    columns, rows, _ = ct().shape
    counts = (
        put_together([fill(r, (columns, rows)) for r in several]).sum()
        for several in rings().values()
    )
    return float(sum(counts) * ct().voxel_volume / 1000)


@cache
def rater(name: str) -> Segment:
    return read_segmentation(folder_of("gen-segmentation") / f"rater_{name}.nii.gz")[0]


@cache
def agreement(affine: tuple[float, float, float] | None = None) -> Agreement:
    """Of raters A and B; `affine`: a diagonal that stands for the true one."""
    if affine is None:
        return compare(rater("a"), rater("b"))
    a, b = (Volume(rater(name).mask.data, np.diag([*affine, 1.0])) for name in "ab")
    return compare(a, b)


def accuracy() -> float:
    return float((rater("a").mask.data == rater("b").mask.data).mean())


@cache
def centre(letter: str) -> tuple[int, ...]:
    """Centre in mm of the lesion's mask after what `DONE` says, rounded."""
    mask = lesion().mask
    if DONE[letter] == "LPS as RAS":
        return tuple(round(c) for c in np.array(measure(lesion()).centre) * (-1, -1, 1))
    data = {
        "mirrored": mask.data[::-1],
        "i and j swapped": mask.data.transpose(1, 0, 2),
        "slices reversed": mask.data[:, :, ::-1],
        "rows reversed": mask.data[:, ::-1],
        "right": mask.data,
    }[DONE[letter]]
    return tuple(round(c) for c in measure(Volume(data, mask.affine)).centre)


def exchanged(one: str, other: str) -> dict:
    """The answer of 08-6 with two letters exchanged, the rest left open."""
    return dict.fromkeys(DONE, ...) | {one: DONE[other], other: DONE[one]}


EXERCISES = {
    "08-1": Exercise(
        asks="Index [k, j, i] of the place in SimpleITK's array, three whole numbers.",
        answer=index,
        because="GetArrayFromImage reverses the order: the slice comes first. One place, two ways to write it.",
        hint="Where is the place in the CT, as (i, j, k)? Then ask which of the three the array has first.",
        mistakes=(
            Mistake(
                "one array order",
                lambda: index()[::-1],
                "That is [i, j, k], nibabel's order. SimpleITK's array has 60 slices first: this index is "
                "outside, and you are lucky to get an IndexError.",
            ),
            Mistake(
                "row and column are the same thing",
                lambda: [index()[0], index()[2], index()[1]],
                "That is [k, i, j]. It raises no error, since the CT has as many rows as columns, and it is "
                "another place: (-16.1, -39.7, 32.5) mm.",
            ),
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: index((-PLACE[0], -PLACE[1], PLACE[2])),
                "x and y have DICOM's sign (LPS). That voxel is in the other half of the head.",
            ),
        ),
    ),
    "08-2": Exercise(
        asks="Volume of the lesion in binary.dcm, in ml.",
        answer=lambda: measure(lesion()).ml,
        within=0.01,
        unit="ml",
        because="One segment of three, 2546 voxels times |det A|. A ball of 12 mm holds 7.238 ml: voxels have corners.",
        hint="Choose the segment, count its voxels, multiply by the volume of one.",
        mistakes=(
            Mistake(
                "a voxel is a cubic millimetre",
                lambda: voxels(1) / 1000,
                "That counts 1 mm3 for each voxel. These measure 0.977 x 0.977 x 3 mm.",
            ),
            Mistake(
                "the slice has no depth",
                lambda: voxels(1) * ct().spacing[0] * ct().spacing[1] / 1000,
                "You multiplied by the area of a pixel. A voxel is 3 mm deep: PixelMeasures says so.",
            ),
            Mistake(
                "what opens SEG understands it",
                lambda: voxels() / 1000,
                "That is every frame of the file with voxels of 1 mm3: three segments added up. A program that "
                "opens the SEG as a picture says this.",
            ),
            Mistake(
                "a SEG holds one thing",
                lambda: measure(segments()["margin"]).ml,
                "That is the margin, segment 2. The lesion lies inside it.",
            ),
        ),
    ),
    "08-3": Exercise(
        asks="(first, last) slice index k of the CT that the lesion touches.",
        answer=lambda: slices(lesion().mask.data),
        because="Each frame's ImagePositionPatient says where it lies. The numbers of the frames say nothing.",
        hint="ImagePositionPatient of the lesion's frames, LPS mm -> RAS+ mm -> k.",
        mistakes=(
            Mistake(
                "frame order is slice order",
                lambda: (0, len(range(*slices(lesion().mask.data)))),
                "Those are numbers of frames. As slices they lie 105 mm too low, in the neck.",
            ),
            Mistake(
                "slices count from 1",
                lambda: tuple(k + 1 for k in slices(lesion().mask.data)),
                "Close: an index counts from 0.",
            ),
        ),
    ),
    "08-4": Exercise(
        asks="Volume of the region 'ring' in rtstruct.dcm, in ml.",
        answer=lambda: ring_ml(even_odd),
        within=0.03,
        unit="ml",
        because="Even-odd: a voxel centre inside two rings is outside. Truth: 11.993 ml, and voxels have corners.",
        hint="In most slices there are two rings, one within the other. What does the inner one mean?",
        mistakes=(
            Mistake(
                "contours add up",
                lambda: ring_ml(lambda filled: np.sum(filled, axis=0)),
                "You added the areas of all rings. The inner ring is a hole: take it away.",
            ),
            Mistake(
                "a ring is filled",
                lambda: ring_ml(np.logical_or.reduce),
                "You filled the hole: inside any ring counted as inside.",
            ),
        ),
    ),
    "08-5": Exercise(
        asks="{'dice': ..., 'hausdorff': ... in mm} of raters A and B.",
        answer=lambda: {"dice": agreement().dice, "hausdorff": agreement().hausdorff},
        within=0.005,
        because="Three quarters of each lie in the overlap, and no surface is more than 4 mm from the other. Dice "
        "alone would not tell you.",
        hint="Dice is twice the overlap over the sum of both. The distance is asked in mm.",
        mistakes=(
            Mistake(
                "IoU is Dice",
                lambda: {"dice": agreement().iou, "hausdorff": ...},
                "That is the IoU, overlap over union. Dice = 2 IoU / (1 + IoU).",
            ),
            Mistake(
                "accuracy tells how well they agree",
                lambda: {"dice": accuracy(), "hausdorff": ...},
                "That is the share of voxels on which both agree. Nearly all of them are empty air and brain, "
                "where nobody drew.",
            ),
            Mistake(
                "distances are in voxels",
                lambda: {"dice": ..., "hausdorff": agreement((1.0, 1.0, 1.0)).hausdorff},
                "That is in voxels, and these are three times as deep as wide. Use the spacing.",
            ),
            Mistake(
                "spacing in the other order",
                lambda: {"dice": ..., "hausdorff": agreement(ct().spacing[::-1]).hausdorff},
                "You gave the spacing as (slice, row, column) to an array [i, j, k].",
            ),
        ),
    ),
    "08-6": Exercise(
        asks=f"A dictionary: letter -> one of {', '.join(repr(d) for d in sorted(DONE.values()))}.",
        answer=lambda: DONE,
        because="The centre names the mistake, since each one moves it in its own way. No volume, no Dice with "
        "itself and no smooth picture would.",
        hint="Which coordinates changed, and did they change their sign, or their place?",
        mistakes=(
            Mistake(
                "the picture's left is the patient's left",
                lambda: exchanged("A", "F"),
                "x < 0 is the patient's LEFT in RAS+, and a radiological picture draws it at the right. The lesion "
                "was drawn in her left half.",
            ),
            Mistake(
                "LPS turns one axis",
                lambda: exchanged("A", "C"),
                "From LPS to RAS both x and y change their sign. A mirror changes x alone.",
            ),
            Mistake(
                "one flip suits all",
                lambda: exchanged("D", "E"),
                "Rows run from front to back, so reversing them moves y. Slices run from the feet to the head: z.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "A CT has 60 slices, its SEG has 32 frames. What is wrong?",
        (
            Option(
                "Nothing: empty frames are left out.",
                "And each segment has frames of its own. ImagePositionPatient places each frame.",
                right=True,
            ),
            Option("28 slices were lost.", "A frame without a marked pixel may be left out."),
            Option(
                "The SEG belongs to another CT.",
                "That is told by the frame of reference and the referenced series, not by a count.",
            ),
        ),
    ),
    Question(
        "Which axis is the slice in the array of SimpleITK's GetArrayFromImage?",
        (
            Option("The first.", "[k, j, i]; nibabel and handson have it last.", right=True),
            Option(
                "The last.",
                "That is nibabel's order. SimpleITK's *index* is (i, j, k), its array is not.",
            ),
            Option("It depends on the scanner.", "It depends on the library."),
        ),
    ),
    Question(
        "A mask came out mirrored. Its volume is right to the microlitre. Is the volume a good test?",
        (
            Option(
                "No: a mirror keeps every volume.",
                "Test a place: the centre in mm, and a side that you know.",
                right=True,
            ),
            Option(
                "Yes, a wrong mask has a wrong volume.",
                "The four masks of the picture had the same.",
            ),
            Option("Yes, with enough decimals.", "All decimals were equal."),
        ),
    ),
    Question(
        "Dice is 0.94 for a lesion of 12 mm radius, and 0.78 for one of 3 mm. Who drew worse?",
        (
            Option(
                "Nobody can tell: both may be off by one voxel.",
                "The same shift costs a small region more. Report a distance in mm as well.",
                right=True,
            ),
            Option("The second.", "A shift of one voxel does both."),
            Option("The first.", "A higher Dice is more overlap."),
        ),
    ),
    Question(
        "A contour lies 1 mm above a slice, and the slices are 3 mm apart. Which voxels does it mark?",
        (
            Option(
                "None that the file states.",
                "It was drawn on another image. Find that image; rounding is a decision, and yours.",
                right=True,
            ),
            Option(
                "Those of the nearest slice.", "That may be right, and the file does not say so."
            ),
            Option(
                "Those of both neighbours.", "Then a lesion gets thicker with every conversion."
            ),
        ),
    ),
)
