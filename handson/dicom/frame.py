"""A frame: one picture with its place in the patient, whatever kind of file it came in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.multival import MultiValue
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless

from .elements import like_pixels, number, numbers, text, value
from .header import Location
from .pixel_format import PixelFormat
from .scaling import Scaling
from .traits import Traits


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """What the frames of one file share.

    owner : (PatientID, StudyInstanceUID); a copied or empty series UID must not mix two patients
    mosaic : how many tiles of a mosaic lie side by side and one below the other, or None
    lost_mosaic : True for a mosaic whose header no longer says how many tiles it has
    frame_of_reference : FrameOfReferenceUID
    padding : (lowest, highest) stored number that means "no image", or None
    lossy : True when the pixels were compressed with loss
    part : (ConcatenationUID, number, total or None) of an object that was cut into several files, or None
    """

    location: Location
    owner: tuple[str, str]
    series_uid: str
    sop_uid: str
    modality: str
    description: str
    number: int | None
    format: PixelFormat
    number_of_frames: int
    mosaic: tuple[int, int] | None = None
    lost_mosaic: bool = False
    frame_of_reference: str = ""
    padding: tuple[int, int] | None = None
    lossy: bool = False
    part: tuple[str, int, int | None] | None = None

    @property
    def path(self) -> Path:
        return self.location.path


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: where it lies, what its numbers mean, what sets it apart from its neighbours.

    index : frame number in its file; tile number in a mosaic
    position : (3,) mm, LPS, centre of the first pixel (ImagePositionPatient), or None
    orientation : (6,) LPS row and column cosines, or None
    spacing : (row, column) mm, or None
    depth : mm, what the file states of the slice distance or else its thickness; for single slices only
    traits : what must agree within a volume: size, echo, magnitude or phase
    keys : {`Key` or `Dimension`: value} that tell apart frames at one position
    duration : s, of the frame's own acquisition, or None
    step : mm, SpacingBetweenSlices as the file states it, or None
    in_patient : False when the place is one in the probe's own frame (enhanced ultrasound)
    """

    file: File
    index: int
    position: tuple | None
    orientation: tuple | None
    spacing: tuple | None
    depth: float | None
    scaling: Scaling
    traits: Traits
    keys: dict
    duration: float | None = None
    step: float | None = None
    in_patient: bool = True


def pixel_spacing(dataset: Dataset) -> tuple | None:
    """(row, column) mm in the patient, or None; never the spacing at the detector."""
    found = exactly(2, numbers(dataset, "PixelSpacing"))
    return found if found and min(found) > 0 else None


def padding_of(dataset: Dataset) -> tuple[int, int] | None:
    """(lowest, highest) stored number that means "no image" (PS3.3 C.7.5.1.1.2), or None."""
    found = [number(dataset, f"PixelPadding{name}") for name in ("Value", "RangeLimit")]
    if found[0] is None:
        return None
    ends = [like_pixels(dataset, end) for end in found if end is not None]
    return min(ends), max(ends)


# Transfer syntaxes that cannot be without loss: JPEG baseline and extended, JPEG-LS near-lossless.
_LOSSY = {JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless}


def is_lossy(dataset: Dataset, syntax: str) -> bool:
    return text(dataset, "LossyImageCompression") == "01" or syntax in _LOSSY


def part_of(dataset: Dataset) -> tuple[str, int, int | None] | None:
    """Which part of a concatenation (PS3.3 C.7.6.16.1.1) this file is, counted from 1."""
    uid, part = text(dataset, "ConcatenationUID"), number(dataset, "InConcatenationNumber")
    if not uid or part is None:
        return None
    total = number(dataset, "InConcatenationTotalNumber")
    return uid, int(part), int(total) if total else None


def frame_increments(dataset: Dataset) -> set[str]:
    """The keywords of what sets the frames of one file apart, by its FrameIncrementPointer (PS3.3 C.7.6.6)."""
    found = value(dataset, "FrameIncrementPointer")
    if not found:
        return set()
    return {keyword_for_tag(tag) for tag in (found if isinstance(found, MultiValue) else [found])}


def depth_of(dataset: Dataset) -> float | None:
    """mm: what the file states of the slice distance, or else the thickness."""
    return step_of(dataset) or abs(number(dataset, "SliceThickness") or 0) or None


def step_of(dataset: Dataset) -> float | None:
    return abs(number(dataset, "SpacingBetweenSlices") or 0) or None


def exactly(count: int, values: Sequence[float]) -> tuple | None:
    return tuple(values) if len(values) == count else None


def rounded_direction(parts: Sequence[float]) -> tuple | None:
    """A gradient's direction as a key, None where it does not have three parts; -0 is 0."""
    return exactly(3, [round(float(part), 7) + 0.0 for part in parts])


# YYYYMMDDHH[MM[SS[.F]]] and the offset of a time zone
_STAMP = re.compile(r"(\d{10}(?:\d\d){0,2})(?:\.(\d*))?(?:[+-]\d{4})?", re.ASCII)


def seconds(stamp: str) -> float | None:
    """DT, or DA + TM run together, as seconds; only differences of it mean something.

    returns : None when it is not a date and a time of day (PS3.5 table 6.2-1): "95958" is not 9:59:58
    """
    found = _STAMP.fullmatch(stamp.replace(":", ""))  # colons were ACR-NEMA's
    if found is None:
        return None
    digits, fraction = found[1].ljust(14, "0"), found[2] or "0"
    hour, minute, second = (int(digits[i : i + 2]) for i in (8, 10, 12))
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        day = np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}").astype(int)
    except ValueError:  # a thirteenth month
        return None
    return int(day) * 86400.0 + hour * 3600 + minute * 60 + second + float(f"0.{fraction}")
