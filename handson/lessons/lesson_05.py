"""Lesson 05, overlays: what its exercises accept, and the mistakes they know."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from ..dicom import read_series
from ..nifti import read_nifti
from ..volume import Volume
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

# Exercise 05-5: one pixel of a fused picture, 0..255.
GREY, COLOUR, OPACITY = 120, (230, 159, 0), 0.4
THRESHOLD = 3.0  # of the statistical map, z


@cache
def image(name: str) -> Volume:
    """A volume of this lesson by its short name."""
    if name == "t1":
        return read_nifti(next(folder_of("nilearn-mni").glob("*t1*")))
    if name == "map":
        return read_nifti(next(folder_of("nilearn-motor-map").glob("*.nii.gz")))
    if name in ("CT", "PT"):
        return read_series(folder_of("gen-study") / name)
    return read_nifti(folder_of("gen-labels") / f"{name}.nii.gz")


def shift() -> np.ndarray:
    """Drawn minus true place of a label of `labels_same_shape` drawn by index on the T1, mm."""
    return image("t1").affine[:3, 3] - image("labels_same_shape").affine[:3, 3]


@cache
def grey_matter(order: int) -> int:
    """Voxels of grey matter on the coarse grid; `order` of the interpolation, rounded to labels."""
    on_coarse = image("labels_same_shape").resample_like(image("labels_coarse"), order=order)
    return int((np.rint(on_coarse.data) == 1).sum())


def csf_ml(voxel_mm3: float) -> float:
    return float((image("labels_coarse").data == 3).sum() * voxel_mm3 / 1000)


def above(keep: Callable[[np.ndarray], np.ndarray]) -> int:
    return int(keep(image("map").data).sum())


def blend(opacity: float) -> np.ndarray:
    return (1 - opacity) * GREY + opacity * np.array(COLOUR)


@cache
def real(name: str) -> Volume:
    """A real, very small image of nibabel's tests: "anatomical" or "functional"."""
    return read_nifti(folder_of("nibabel-tests") / f"{name}.nii")


def brightest() -> tuple:
    """Index of the brightest voxel of the functional series' mean."""
    mean = real("functional").data.mean(axis=3)
    return np.unravel_index(mean.argmax(), mean.shape)


def found(mm: np.ndarray | Sequence[float]) -> dict:
    """The answer to 05-6 by somebody who holds that the voxel lies at `mm`."""
    index = np.round(real("anatomical").voxel(mm)).astype(int)
    return {"mm": mm, "side": "right" if mm[0] > 0 else "left", "index": index}


EXERCISES = {
    "05-1": Exercise(
        asks="Drawn place minus true place of a label, (x, y, z) in mm.",
        answer=shift,
        within=1e-3,
        unit="mm",
        because="The affines differ in the last column only: the whole mask is drawn that far off, and "
        "nothing in the shapes tells.",
        hint="Where is voxel (0, 0, 0) by each of the two affines?",
        mistakes=(
            Mistake(
                "same shape is same space",
                lambda: (0, 0, 0),
                "The shapes are equal and the affines are not. Print both: voxel (0, 0, 0) is at "
                "two places.",
            ),
            Mistake(
                "the shift the other way",
                lambda: -shift(),
                "That is true minus drawn. Drawn by index, a label lands where the *T1* has that voxel.",
            ),
        ),
    ),
    "05-2": Exercise(
        asks="How many voxels of the coarse grid are grey matter (label 1), by labels?",
        answer=lambda: grey_matter(0),
        because="Nearest neighbour copies a label that exists. The count is that of the fine file, divided by "
        "11.25, to a percent: same tissue, larger voxels.",
        hint="Use resample_like with the order that invents no label, then count == 1.",
        mistakes=(
            Mistake(
                "linear interpolation of labels",
                lambda: grey_matter(1),
                "Linear interpolation, rounded: between white matter (2) and the outside (0) it says 1, grey "
                "matter, where there is none; and it takes 1 away elsewhere. Rounding hides it and mends nothing.",
            ),
            Mistake(
                "counted on the wrong grid",
                lambda: int((image("labels_same_shape").data == 1).sum()),
                "That is the count on the fine grid, before resampling; the coarse voxels are 11 times as large.",
            ),
            Mistake(
                "the other file's labels",
                lambda: int((image("labels_coarse").data == 1).sum()),
                "That is what the coarse file holds itself. Bring the other one, labels, onto its grid.",
            ),
        ),
    ),
    "05-3": Exercise(
        asks="Volume of the CSF (label 3) in the coarse file, in ml.",
        answer=lambda: csf_ml(image("labels_coarse").voxel_volume),
        within=0.5,
        unit="ml",
        because="Voxels times |det A|, in mm3; 1000 mm3 are 1 ml.",
        hint="The volume of one voxel is the absolute determinant of the affine's 3 x 3 part.",
        mistakes=(
            Mistake(
                "a voxel is a cubic millimetre",
                lambda: csf_ml(1),
                "That counts 1 mm3 for each voxel. These measure 2 x 2.25 x 2.5 mm.",
            ),
            Mistake(
                "mm3 for ml",
                lambda: csf_ml(image("labels_coarse").voxel_volume * 1000),
                "That is in mm3. 1 ml is 1 cm3, which is 1000 mm3.",
            ),
        ),
    ),
    "05-4": Exercise(
        asks=f"(voxels with |z| above {THRESHOLD:g}, 'jet', 'inferno' or 'blue-orange')",
        answer=lambda: (above(lambda z: np.abs(z) > THRESHOLD), "blue-orange"),
        because="Both signs count: the map compares left with right button presses, so each sign is one hand, and one colour. "
        "The lightness of blue-orange goes from the middle to the ends, once.",
        hint="Compare the absolute value with the threshold, and give each sign a colour of its own.",
        mistakes=(
            Mistake(
                "one side of a two-sided map",
                lambda: (above(lambda z: z > THRESHOLD), ...),
                "Only the positive half. A one-sided threshold hides the other hand.",
            ),
            Mistake(
                "0 is always background",
                lambda: (above(lambda z: z != 0), ...),
                "That counts every voxel that is not 0. Small values are not activation, and 0 is a "
                "value like any other; only the threshold says what you call active.",
            ),
            Mistake(
                "jet is neutral",
                lambda: (..., "jet"),
                "Jet's lightness rises and falls: it draws borders that the data do not have, and its "
                "green middle says nothing about the sign.",
            ),
            Mistake(
                "one ramp for two signs",
                lambda: (..., "inferno"),
                "In a one-sided map the most negative value is the darkest: one hand shines, the other "
                "looks like background. Signed data need two colours that meet at 0.",
            ),
        ),
    ),
    "05-5": Exercise(
        asks="{'shown': (red, green, blue) from 0 to 255, 'proves alignment': True or False}",
        answer=lambda: {"shown": blend(OPACITY), "proves alignment": False},
        within=0.6,
        because="(1 - opacity) of what lies below, plus opacity of the layer: between the two, never "
        "outside. The picture is smooth whether or not the layer lies at its place.",
        hint="Each channel on its own: (1 - opacity) x grey + opacity x colour.",
        mistakes=(
            Mistake(
                "opacity is transparency",
                lambda: {"shown": blend(1 - OPACITY), "proves alignment": ...},
                "You took the opacity for the transparency: 0.4 opaque lets 0.6 of the grey through.",
            ),
            Mistake(
                "colours are added",
                lambda: {"shown": GREY + OPACITY * np.array(COLOUR), "proves alignment": ...},
                "The grey must be weighted too, by 1 - opacity; else the picture gets too bright.",
            ),
            Mistake(
                "a smooth blend proves alignment",
                lambda: {"shown": ..., "proves alignment": True},
                "The formula takes whatever two values it is given: the blend of two shifted images is "
                "as smooth as that of two aligned ones. Judge at an edge, with the curtain.",
            ),
        ),
    ),
    "05-6": Exercise(
        asks="{'mm': (x, y, z), 'side': 'left' or 'right', 'index': (i, j, k) in anatomical.nii}",
        answer=lambda: found(real("functional").world(brightest())),
        within=1.0,
        because="The series' own affine takes its voxel to the patient; the inverse of the other affine leads to "
        "the other index. Millimetres are the bridge.",
        hint="Which affine belongs to an index that was found in the series? world() goes out, nearest() comes in.",
        mistakes=(
            Mistake(
                "an index is a place",
                lambda: {"mm": ..., "side": ..., "index": brightest()},
                "That is the index in the series. The same index of the other image is another place: go "
                "through millimetres.",
            ),
            Mistake(
                "the other image's affine",
                lambda: {"mm": real("anatomical").world(brightest()), "side": ..., "index": ...},
                "You found the voxel in the series and used the affine of anatomical.nii. A needle would go "
                "centimetres beside the place.",
            ),
            Mistake(
                "DICOM's x is nibabel's x",
                lambda: found(real("functional").world(brightest()) * (-1, -1, 1)),
                "x and y have DICOM's sign (LPS+). A needle would go into the wrong half of the brain.",
            ),
            Mistake(
                "x grows to the left",
                lambda: {
                    "mm": ...,
                    "side": {"left": "right", "right": "left"}[
                        found(real("functional").world(brightest()))["side"]
                    ],
                    "index": ...,
                },
                "The side: in RAS+ x grows to the patient's Right, so a negative x lies on the left.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "Two images have the shape (197, 233, 189). May you draw one over the other, voxel by voxel?",
        (
            Option(
                "Only if their affines are equal, too.",
                "Shape says how many voxels, not where.",
                right=True,
            ),
            Option(
                "Yes, same shape is same space.",
                "The mask of this lesson had the same shape, 11.5 mm away.",
            ),
            Option("Yes, if both are NIfTI.", "The format says nothing about the grid."),
        ),
    ),
    Question(
        "Your overlay looks smooth and plausible. Is it aligned?",
        (
            Option(
                "You cannot tell from a blend.",
                "Use the curtain or the checkerboard at an edge, and compare millimetres.",
                right=True,
            ),
            Option(
                "Yes, edges would look wrong otherwise.",
                "A blend of two shifted images is just as smooth.",
            ),
            Option(
                "Yes, the viewer placed it.", "By its affine; if that is wrong, so is the place."
            ),
        ),
    ),
    Question(
        "You resample a CT onto a larger PET grid. What belongs outside the CT's field of view?",
        (
            Option("0, the background.", "0 HU is water: the patient would float in a pool."),
            Option(
                "-1000 HU, air.",
                "resample_like fills a CT with it unless you say otherwise; other programs fill with 0.",
                right=True,
            ),
            Option(
                "NaN everywhere is best.",
                "It is honest, but integers cannot hold it and many programs stop.",
            ),
        ),
    ),
    Question(
        "Why not jet?",
        (
            Option(
                "Its lightness rises steeply, stays flat and falls: it draws edges that the data do not have.",
                "And red and green look alike to one man in twelve.",
                right=True,
            ),
            Option(
                "It is neutral, jet is fine.",
                "Its bright cyan and yellow bands are seen as borders.",
            ),
            Option("It has too few colours.", "It has as many as any other."),
        ),
    ),
    Question(
        "Which interpolation for a mask with the labels 0, 1, 2, 3?",
        (
            Option("Nearest neighbour.", "It copies labels and invents none.", right=True),
            Option(
                "Linear, then rounding.", "Between 1 and 3 it writes 2: a tissue that is not there."
            ),
            Option("Cubic, it is the best.", "It overshoots, even below 0 and above 3."),
        ),
    ),
    Question(
        "A lesion holds 20,000 Bq/ml in one patient and 10,000 Bq/ml in another. Does the first take up twice as much?",
        (
            Option(
                "Yes: Bq/ml is a unit.",
                "It is, but it depends on the injected dose and the body weight.",
            ),
            Option(
                "You cannot tell without dose, time and body weight.",
                "The SUV divides by dose per body weight, with the dose corrected for decay.",
                right=True,
            ),
            Option("No: PET values are relative.", "They are absolute: becquerel per millilitre."),
        ),
    ),
    Question(
        "PET and CT carry the same FrameOfReferenceUID. Do they fit?",
        (
            Option(
                "Yes: that is what it says.",
                "It says that both count from one origin. She may have moved or breathed.",
            ),
            Option(
                "They share an origin; look at the edges.",
                "A curtain or a checkerboard shows whether she moved between the scans.",
                right=True,
            ),
            Option("No: CT and PET never fit.", "They often do, within the motion of the patient."),
        ),
    ),
)
