"""A frame: one picture with its place in the patient, whatever kind of file it came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from .elements import number, numbers
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


def depth_of(dataset: Dataset) -> float | None:
    """mm: what the file states of the slice distance, or else the thickness."""
    return step_of(dataset) or abs(number(dataset, "SliceThickness") or 0) or None


def step_of(dataset: Dataset) -> float | None:
    return abs(number(dataset, "SpacingBetweenSlices") or 0) or None


def exactly(count: int, values: Sequence[float]) -> tuple | None:
    return tuple(values) if len(values) == count else None


def seconds(stamp: str) -> float | None:
    """DT, or DA + TM run together, as seconds; only differences of it mean something."""
    digits, _, fraction = stamp.partition(".")
    digits = digits.split("+")[0].split("-")[0]
    if len(digits) < 10 or not digits.isdigit():
        return None
    digits = digits.ljust(14, "0")
    hour, minute, second = (int(digits[i : i + 2]) for i in (8, 10, 12))
    try:
        day = np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}").astype(int)
    except ValueError:  # a thirteenth month
        return None
    fraction = "".join(c for c in fraction[:6] if c.isdigit()) or "0"
    return int(day) * 86400.0 + hour * 3600 + minute * 60 + second + float(f"0.{fraction}")
