"""Lesson 02, reading a 2D slice: what its exercises accept, and the mistakes they know."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pydicom
from numpy.typing import ArrayLike

from ..display.windows import window
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

MARKED = (85, 80)  # row, column of the marked pixel in CT_small.dcm: in a muscle of the back
WINDOW = (40, 400)  # centre and width in HU, soft tissue
LINE = ((10, 20), (50, 80))  # ends of the line in exercise 02-5: row, column
MR_LINE, MR_PIXEL = ((10, 12), (50, 40)), (40, 20)  # row, column in MR_small.dcm, exercise 02-6


@cache
def ct() -> pydicom.Dataset:
    return pydicom.dcmread(folder_of("pydicom-examples") / "CT_small.dcm")


def hounsfield() -> np.ndarray:
    """HU = slope * stored value + intercept (PS3.3 C.11.1.1.2)."""
    return ct().pixel_array * float(ct().RescaleSlope) + float(ct().RescaleIntercept)


def naive_window(values: ArrayLike, center: float, width: float) -> np.ndarray:
    """What most tutorials compute: a ramp from centre - width/2 to centre + width/2."""
    return np.clip((np.asarray(values) - (center - width / 2)) / width * 255, 0, 255)


def saturated(values: ArrayLike) -> float:
    """Share of the pixels that are drawn black or white."""
    grey = window(values, *WINDOW)
    return float(np.mean((grey <= 0) | (grey >= 255)))


@cache
def thin_rows() -> pydicom.Dataset:
    """The slice whose pixels are not square."""
    folder = folder_of("gen-traps") / "non-square-pixels"
    return pydicom.dcmread(sorted(folder.iterdir())[0], stop_before_pixels=True)


def aspect() -> float:
    row, column = map(float, thin_rows().PixelSpacing)
    return row / column


def length(spacing: Sequence[float]) -> float:
    """Length of LINE in mm when its (row, column) steps are `spacing` mm."""
    return float(np.linalg.norm(np.subtract(*LINE) * np.array(spacing, float)))


@cache
def mr() -> pydicom.Dataset:
    return pydicom.dcmread(folder_of("pydicom-examples") / "MR_small.dcm")


def mr_answer(**other: Any) -> dict:
    """The answer to 02-6, with some of its parts given otherwise."""
    mm = np.linalg.norm(np.subtract(*MR_LINE) * np.array(mr().PixelSpacing, float))
    return {"mm": mm, "value": mr().pixel_array[MR_PIXEL], "unit": "", **other}


EXERCISES = {
    "02-1": Exercise(
        asks=f"Two values in HU: of the pixel at row {MARKED[0]}, column {MARKED[1]}; the largest of all.",
        answer=lambda: (hounsfield()[MARKED], hounsfield().max()),
        unit="HU",
        within=0.5,
        because="Stored value times slope plus intercept. Hard bone passes +1000, metal goes far beyond.",
        hint="Take the stored values, multiply by RescaleSlope, add RescaleIntercept.",
        mistakes=(
            Mistake(
                "stored values are HU",
                lambda: (ct().pixel_array[MARKED], ...),
                "That is the stored value. Rescale it: slope times value plus intercept.",
            ),
            Mistake(
                "index is [x, y]",
                lambda: (hounsfield()[MARKED[::-1]], ...),
                "You took column and row for row and column: an array is indexed [row, column].",
            ),
            Mistake(
                "windowing changes the data",
                lambda: (window(hounsfield(), *WINDOW)[MARKED], ...),
                "That is the grey level on the screen, 0 to 255. The window changes the picture and "
                "never the data: the value in HU is still there.",
            ),
            Mistake(
                "HU stops at 1000",
                lambda: (..., 1000),
                "The scale has no end at +1000: -1000 (air) and 0 (water) fix it, and it goes on.",
            ),
        ),
    ),
    "02-2": Exercise(
        asks="The grey levels of 40 HU and 239 HU in DICOM's linear window, centre 40, width 400.",
        answer=lambda: window(np.array([40.0, 239.0]), *WINDOW),
        within=0.01,
        because="The standard takes 0.5 off the centre and 1 off the width: grey 255 is reached at 239 HU.",
        also=(
            (
                lambda: (128, 255),
                "You rounded to whole grey levels, as a screen does; before, they are 127.82 and 255.",
            ),
        ),
        hint="PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5) * 255, clipped to 0..255.",
        mistakes=(
            Mistake(
                "the naive ramp",
                lambda: naive_window([40, 239], *WINDOW),
                "That is (x - (c - w/2)) / w, without the 0.5 and the 1 of PS3.3 C.11.2.1.2.1. "
                "It is close, but two viewers that differ by it differ in every pixel between black and white.",
            ),
        ),
    ),
    "02-3": Exercise(
        asks="Two shares of pixels drawn black or white, three decimals: HU in the window, stored values in it.",
        answer=lambda: (saturated(hounsfield()), saturated(ct().pixel_array)),
        within=0.001,
        because="Nearly nine pixels of ten are lost when the window is laid on stored values.",
        hint="np.mean((grey <= 0) | (grey >= 255)), once for HU and once for the stored values.",
        mistakes=(
            Mistake(
                "window on stored values",
                lambda: (saturated(ct().pixel_array), saturated(ct().pixel_array)),
                "Both numbers are those of the stored values. Rescale to HU for the first one.",
            ),
            Mistake(
                "the two shares exchanged",
                lambda: (saturated(ct().pixel_array), saturated(hounsfield())),
                "The numbers are right, their order is not: HU first, stored values second.",
            ),
            Mistake(
                "rounded to whole percents",
                lambda: (round(saturated(hounsfield()), 2), round(saturated(ct().pixel_array), 2)),
                "These are right to a percent, as the line under the picture shows them. Three decimals "
                "are asked: count in the arrays.",
            ),
        ),
    ),
    "02-4": Exercise(
        asks="The aspect for imshow: mm per pixel down over mm per pixel across.",
        answer=aspect,
        within=0.005,
        because="PixelSpacing is [mm from row to row, mm from column to column] (PS3.3 10.7.1.3): "
        "the first number is the step down.",
        hint="One number: the vertical step of a pixel divided by its horizontal step, both in mm.",
        mistakes=(
            Mistake(
                "PixelSpacing is [x, y]",
                lambda: 1 / aspect(),
                "Upside down: PixelSpacing is not [x, y]. Its first number is the distance between "
                "rows, which is the step down the picture.",
            ),
        ),
    ),
    "02-5": Exercise(
        asks=f"The length in mm of the line from row, column {LINE[0]} to {LINE[1]}.",
        answer=lambda: length(thin_rows().PixelSpacing),
        unit="mm",
        within=0.05,
        because="Rows times row spacing, columns times column spacing, then Pythagoras.",
        hint="Multiply the steps in rows and in columns by their spacing before you square them.",
        mistakes=(
            Mistake(
                "PixelSpacing is [x, y]",
                lambda: length(thin_rows().PixelSpacing[::-1]),
                "The spacings are exchanged: the first number of PixelSpacing belongs to the rows.",
            ),
            Mistake(
                "pixels are millimetres",
                lambda: length((1, 1)),
                "That is the length in pixels. Multiply by the spacing, which differs by direction.",
            ),
        ),
    ),
    "02-6": Exercise(
        asks="{'mm': length of the line, 'value': of the pixel, 'unit': of that value or ''}",
        answer=mr_answer,
        within=0.05,
        because="Row first, spacing from row to row first, and no unit: compare the values of a weighted MR "
        "image only within one acquisition. Maps such as T1 or ADC have units.",
        hint="handson.read_slice gives spacing, pixels and unit; pixels[row, column].",
        mistakes=(
            Mistake(
                "index is [x, y]",
                lambda: {"mm": ..., "value": mr().pixel_array[MR_PIXEL[::-1]], "unit": ...},
                "You took column and row for row and column: an array is indexed [row, column].",
            ),
            Mistake(
                "pixels are millimetres",
                lambda: {
                    "mm": float(np.linalg.norm(np.subtract(*MR_LINE))),
                    "value": ...,
                    "unit": ...,
                },
                "That is the length in pixels. Multiply by PixelSpacing.",
            ),
            Mistake(
                "every value is in HU",
                lambda: {"mm": ..., "value": ..., "unit": "HU"},
                "Hounsfield units are the scale of CT. The header of this MR states no unit, and there is none.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "A CT stores 1064 in a pixel; RescaleSlope is 1, RescaleIntercept is -1024. What is there?",
        (
            Option("Bone, 1064 HU.", "1064 is the stored value; HU = 1 × 1064 - 1024."),
            Option("Soft tissue, 40 HU.", "1 × 1064 - 1024 = 40 HU.", right=True),
            Option("Nobody can tell without the window.", "The window draws; it measures nothing."),
        ),
    ),
    Question(
        "PixelSpacing is 0.8\\0.5. How far apart are two neighbours in one row?",
        (
            Option("0.8 mm", "0.8 mm is the distance between rows."),
            Option("0.5 mm", "The second number: from column to column.", right=True),
            Option(
                "It depends on the slice.",
                "The order of the two numbers is fixed (PS3.3 10.7.1.3).",
            ),
        ),
    ),
    Question(
        "A radiograph is MONOCHROME1. What do you do?",
        (
            Option("Draw low values bright.", "And leave the values as they are.", right=True),
            Option(
                "Subtract all values from the largest.",
                "Then the data are changed, and the window is wrong.",
            ),
            Option(
                "Nothing: it is a kind of JPEG.", "It says that low values are to be drawn bright."
            ),
        ),
    ),
    Question(
        "In which order are these applied?",
        (
            Option(
                "VOI window, modality LUT, polarity",
                "The window is given in HU: rescale comes first.",
            ),
            Option(
                "Modality LUT, VOI window, polarity",
                "Stored value → HU → grey → bright or dark.",
                right=True,
            ),
            Option(
                "Polarity, modality LUT, VOI window", "Polarity comes last: it is about display."
            ),
        ),
    ),
    Question(
        "A PET has 47 slices. How many values of RescaleSlope may it have?",
        (
            Option(
                "One for the series.",
                "A PET scanner may scale each slice on its own: read every one.",
            ),
            Option(
                "One per slice.",
                "Each file has its own, and it holds for that file only.",
                right=True,
            ),
            Option("None: PET needs no slope.", "Without it the values are not Bq/ml."),
        ),
    ),
    Question(
        "A radiograph states ImagerPixelSpacing 0.14 mm. A shadow is 100 pixels wide. How wide is the nodule?",
        (
            Option(
                "14 mm",
                "That is its shadow at the detector. The nodule lies in front of it and is magnified.",
            ),
            Option(
                "Smaller than 14 mm.",
                "The shadow at the detector is 14 mm wide; the nodule is smaller.",
                right=True,
            ),
            Option("100 mm", "Pixels are not millimetres."),
        ),
    ),
    Question(
        "The mean of a CT is far below that of air in the room. What happened?",
        (
            Option(
                "The scanner is broken.", "Look at PixelPaddingValue before you call the service."
            ),
            Option("The patient is mostly lung.", "Even lung lies above -1000 HU."),
            Option(
                "Padding was averaged in.",
                "The corners hold PixelPaddingValue, which was never measured: leave such pixels out.",
                right=True,
            ),
        ),
    ),
)
