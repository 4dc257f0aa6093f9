"""Lesson 01, file formats: what its exercises accept, and the mistakes they know."""

import struct
from functools import cache
from typing import Literal

import numpy as np
import pydicom
from pydicom.datadict import keyword_for_tag

from ..nifti import header_bytes
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

# One MR picture in six transfer syntaxes, and the CT of the lesson.
MR_FILES = (
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
)
VOXEL = (8, 10, 1, 5)  # i, j, k, t of functional.nii

# Files without a name: letter in the notebook -> data set, file, bytes cut off at the front. C is
# what some old scanners write: a DICOM data set without preamble and file meta information.
NAMELESS = {
    "A": ("pydicom-examples", "CT_small.dcm", 0),
    "B": ("nibabel-tests", "example_nifti2.nii.gz", 0),
    "C": ("pydicom-examples", "MR_small_implicit.dcm", 348),
    "D": ("nibabel-tests", "analyze.hdr", 0),
    "E": ("nibabel-tests", "nifti1.hdr", 0),
}
FORMATS = {"A": "DICOM", "B": "NIfTI-2", "C": "DICOM", "D": "Analyze", "E": "NIfTI-1"}


def nameless(letter: str) -> bytes:
    """The bytes of one of the files whose name was lost."""
    set_id, name, skip = NAMELESS[letter]
    return (folder_of(set_id) / name).read_bytes()[skip:]


@cache
def ct() -> pydicom.Dataset:
    return pydicom.dcmread(folder_of("pydicom-examples") / "CT_small.dcm")


@cache
def siemens() -> pydicom.Dataset:
    path = folder_of("pydicom-data-2d") / "MR-SIEMENS-DICOM-WithOverlays.dcm"
    return pydicom.dcmread(path, stop_before_pixels=True)


def rows_big_endian() -> int:
    return int.from_bytes(struct.pack("<H", ct().Rows), "big")


def native_bytes() -> int:
    return ct().Rows * ct().Columns * ct().SamplesPerPixel * ct().BitsAllocated // 8


@cache
def syntaxes() -> tuple:
    """Transfer syntax of each of MR_FILES."""
    folder = folder_of("pydicom-examples")
    metas = (pydicom.filereader.read_file_meta_info(folder / name) for name in MR_FILES)
    return tuple(meta.TransferSyntaxUID for meta in metas)


def jpeg_files() -> int:
    """How many of MR_FILES hold a stream of the JPEG family: JPEG, JPEG-LS, JPEG 2000."""
    return sum("JPEG" in syntax.name for syntax in syntaxes())


def on_disk() -> tuple[float, float, float]:
    header = header_bytes(folder_of("nibabel-tests") / "functional.nii")
    return header["vox_offset"], header["scl_slope"], header["scl_inter"]


def voxel_value(order: Literal["F", "C"] = "F", scaled: bool = True) -> float:
    """The value of VOXEL in functional.nii, from its bytes."""
    raw = (folder_of("nibabel-tests") / "functional.nii").read_bytes()
    header = header_bytes(folder_of("nibabel-tests") / "functional.nii")
    offset, slope, intercept = on_disk()
    stored = np.frombuffer(raw, "<i2", offset=int(offset))
    stored = stored.reshape(header["dim"][1:5], order=order)[VOXEL]
    return float(stored * slope + intercept if scaled else stored)


def pictures() -> int:
    """Number of 2-D pictures in functional.nii: slices times volumes."""
    dim = header_bytes(folder_of("nibabel-tests") / "functional.nii")["dim"]
    return dim[3] * dim[4]


EXERCISES = {
    "01-1": Exercise(
        asks="Two numbers: Rows, from its bytes, and the bytes that the pixels take.",
        answer=lambda: (ct().Rows, native_bytes()),
        because="Least significant byte first: 80 00 is 0x0080. Rows × columns × 2 bytes a pixel.",
        hint="Rows: read the two bytes as '<H'. Pixels: rows times columns times bytes per pixel.",
        mistakes=(
            Mistake(
                "byte order ignored",
                lambda: (rows_big_endian(), ...),
                "You read 80 00 with the first byte as the more significant one. This file is little "
                "endian: the first byte is the small one.",
            ),
            Mistake(
                "a pixel is a byte",
                lambda: (..., ct().Rows * ct().Columns),
                "That would be one byte per pixel. BitsAllocated is 16.",
            ),
        ),
    ),
    "01-2": Exercise(
        asks="How many of the six files hold a stream of the JPEG family, and the keyword of the "
        "element that holds 32-bit floats.",
        answer=lambda: (jpeg_files(), keyword_for_tag(0x7FE00008)),
        because="Most files hold plain numbers, RLE is not JPEG, and floats have an element of their own.",
        hint="Look for JPEG in the names of the transfer syntaxes; search the tag table for 7FE0 or Float.",
        mistakes=(
            Mistake(
                "DICOM is JPEG in a wrapper",
                lambda: (len(MR_FILES), ...),
                "Not all of them: three of the six hold the plain numbers. JPEG is one of many ways to "
                "write Pixel Data, and not a default one.",
            ),
            Mistake(
                "every compression is JPEG",
                lambda: (sum(syntax.is_compressed for syntax in syntaxes()), ...),
                "You counted every compressed file. RLE is run-length coding, which is not JPEG.",
            ),
            Mistake(
                "DICOM stores only integers",
                lambda: (..., "PixelData"),
                "PixelData holds integers only. Floats have an element beside it (PS3.3 C.7.6.24).",
            ),
        ),
    ),
    "01-3": Exercise(
        asks="The private creator that says what (0029,1109) means.",
        answer=lambda: str(siemens()[0x0029, 0x0011].value),
        because="(0029,0011) reserves the elements (0029,1100) to (0029,11FF) for this creator.",
        hint="Element (gggg,xxyy) belongs to the creator named in (gggg,00xx).",
        mistakes=(
            Mistake(
                "the manufacturer owns private elements",
                lambda: str(siemens().Manufacturer),
                "That is the manufacturer of the device. Who owns a private element stands in the "
                "same group: (0029,0011) for (0029,11xx).",
            ),
            Mistake(
                "the first creator owns the group",
                lambda: str(siemens()[0x0029, 0x0010].value),
                "That creator, at (0029,0010), owns (0029,1000) to (0029,10FF). A group may have several: look at "
                "the 11 in (0029,1109).",
            ),
            Mistake(
                "value taken for the creator",
                lambda: str(siemens()[0x0029, 0x1109].value),
                "That is the value of the element itself. Its creator stands in (0029,0011).",
            ),
        ),
    ),
    "01-4": Exercise(
        asks="Three numbers as the file holds them: vox_offset, scl_slope, scl_inter.",
        answer=on_disk,
        within=1e-3,
        because="nibabel resets them in its header at load (0 and nan) and scales when data are read.",
        hint="Three floats, '<f' at bytes 108, 112 and 116.",
        mistakes=(
            Mistake(
                "the printed header is the file",
                lambda: (0, np.nan, np.nan),
                "That is what nibabel prints after loading. Read bytes 108 to 119 of the file.",
            ),
            Mistake(
                "the wrong slope",
                lambda: (on_disk()[0], 1, 0),
                "Slope 1 and intercept 0 would mean *no scaling*. Read bytes 112 to 119.",
            ),
        ),
    ),
    "01-5": Exercise(
        asks=f"How many 2-D pictures functional.nii holds, and the value of voxel {VOXEL}.",
        answer=lambda: (pictures(), voxel_value()),
        within=1e-2,
        because="3 slices times 20 volumes; stored value times slope plus intercept, i fastest.",
        hint="Pictures: dim[3] × dim[4]. Value: reshape with order='F', then scale.",
        mistakes=(
            Mistake(
                "one file is one image",
                lambda: (1, ...),
                "One file holds them all: dim says 3 slices and 20 volumes.",
            ),
            Mistake(
                "volumes taken for pictures",
                lambda: (20, ...),
                "20 is the number of volumes. Each has dim[3] slices.",
            ),
            Mistake(
                "stored values are values",
                lambda: (..., voxel_value(scaled=False)),
                "That is the stored integer. Multiply by scl_slope and add scl_inter.",
            ),
            Mistake(
                "C order",
                lambda: (..., voxel_value(order="C")),
                "NIfTI writes i fastest: reshape with order='F', not NumPy's default.",
            ),
        ),
    ),
    "01-6": Exercise(
        asks='A dict from letter to format: "DICOM", "NIfTI-1", "NIfTI-2" or "Analyze".',
        answer=lambda: FORMATS,
        because="An extension is a label; the bytes say what it is. A only begins like a TIFF.",
        hint="Bytes 128 to 131, bytes 344 to 347, the first four; unpack 1f 8b first. C: print it.",
        mistakes=(
            Mistake(
                "the extension defines the format",
                lambda: dict.fromkeys(FORMATS, ...) | {"A": "TIFF"},
                "A only begins like a TIFF: bytes 4 to 7 point behind the end of the file. The preamble is "
                "free for any use (PS3.10 7.1): look at byte 128.",
            ),
            Mistake(
                "DICM is always there",
                lambda: dict.fromkeys(FORMATS, ...) | {"C": "Analyze"},
                "C has no preamble, and begins at once with elements. 08 00 08 00 "
                "is the tag (0008,0008) in little endian.",
            ),
            Mistake(
                "Analyze is NIfTI",
                lambda: dict.fromkeys(FORMATS, ...) | {"D": "NIfTI-1"},
                "D has 348 in its first bytes like NIfTI-1, and no n+1 or ni1 at byte 344: it is "
                "Analyze 7.5, which does not say left and right.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "What are the first 132 bytes of a DICOM file?",
        (
            Option(
                "Nothing that matters.",
                "Free bytes are a hiding place, for a name or for a program.",
            ),
            Option(
                "128 free bytes and the letters DICM.",
                "PS3.10 7.1: preamble and prefix.",
                right=True,
            ),
            Option("The size of the picture.", "Rows and Columns are elements of group 0028."),
        ),
    ),
    Question(
        "What does a private element need to be understood?",
        (
            Option("A password.", "It is not encrypted."),
            Option(
                "Its creator, and what that creator says about it.",
                "The creator stands in the same group.",
                right=True,
            ),
            Option(
                "A newer version of pydicom.",
                "pydicom knows some creators; the maker defines them.",
            ),
        ),
    ),
    Question(
        "A NIfTI header says scl_slope 0. What does a reader do?",
        (
            Option("Multiplies everything by 0.", "A slope of 0 means that there is no scaling."),
            Option(
                "Takes the stored values as they are.",
                "0 stands for: not used (nifti1.h).",
                right=True,
            ),
            Option("Refuses the file.", "It is allowed, and common."),
        ),
    ),
    Question(
        "You convert DICOM to NIfTI. What is lost?",
        (
            Option("Nothing.", "Modality, unit, window, patient, protocol have no place in NIfTI."),
            Option("The place of the voxels.", "That is kept: it is the affine."),
            Option(
                "Nearly all of the header except the geometry.",
                "Keep the DICOM, or a sidecar.",
                right=True,
            ),
        ),
    ),
    Question(
        "A file is called brain.nii. Is it NIfTI?",
        (
            Option("Yes.", "Names can be changed by anybody."),
            Option(
                "Its bytes tell.", "n+1 at byte 344 (NIfTI-1) or at byte 4 (NIfTI-2).", right=True
            ),
            Option("Only if it opens in a viewer.", "Some viewers open anything."),
        ),
    ),
    Question(
        "A CT is stored uncompressed (explicit VR, little endian). Is every pixel as the scanner measured it?",
        (
            Option(
                "Yes: nothing is compressed.",
                "It may have been compressed with loss once, and decoded since.",
            ),
            Option(
                "Look at Lossy Image Compression.",
                "01 means that the pixels were changed at some time, and it stays 01 (PS3.3 C.7.6.1.1.5).",
                right=True,
            ),
            Option("No: DICOM always compresses.", "Most files hold plain numbers."),
        ),
    ),
    Question(
        "Two files have the same SeriesInstanceUID and different SOPInstanceUIDs. What are they?",
        (
            Option("Copies of one image.", "A copy has the same SOPInstanceUID."),
            Option("Images of two patients.", "A series belongs to one study of one patient."),
            Option("Two instances of one series.", "Two slices, for example.", right=True),
        ),
    ),
)
