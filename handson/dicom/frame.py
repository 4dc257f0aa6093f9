"""A frame: one picture with its place in the patient, whatever kind of file it came in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .elements import number, numbers
from .header import Location
from .pixel_format import PixelFormat
from .scaling import Scaling

# ImageType's third value and Siemens' words that say which part of the complex signal was kept.
_PARTS = {"M": "magnitude", "MAGNITUDE": "magnitude", "P": "phase", "PHASE": "phase", "PHASE MAP": "phase",
          "R": "real", "REAL": "real", "I": "imaginary", "IMAGINARY": "imaginary"}  # fmt: skip
# Siemens', GE's and Philips' words for the four images that a Dixon series holds.
_DIXON = {"W": "water", "WATER": "water", "F": "fat", "FAT": "fat",
          "IP": "in phase", "IN_PHASE": "in phase",
          "OP": "opposed phase", "OPP_PHASE": "opposed phase", "OUT_PHASE": "opposed phase"}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """What the frames of one file share.

    owner : (PatientID, StudyInstanceUID); a copied or empty series UID must not mix two patients
    tiles : the number of mosaic tiles side by side, or 0
    """

    location: Location
    owner: tuple[str, str]
    series_uid: str
    sop_uid: str
    modality: str
    description: str
    number: int | None
    format: PixelFormat
    frames: int
    tiles: int = 0

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
    kind : ((name, value), ...) that must agree within a volume: shape, echo, magnitude or phase
    order : {name: value} by which repeated positions are put in order in time
    in_patient : False when the place is one in the probe's own frame (enhanced ultrasound)
    """

    file: File
    index: int
    position: tuple | None
    orientation: tuple | None
    spacing: tuple | None
    depth: float | None
    scaling: Scaling
    kind: tuple
    order: dict
    in_patient: bool = True


def pixel_spacing(dataset) -> tuple | None:
    """(row, column) mm in the patient, or None; never the spacing at the detector."""
    found = exactly(2, numbers(dataset, "PixelSpacing"))
    return found if found and min(found) > 0 else None


def depth_of(dataset) -> float | None:
    depth = number(dataset, "SpacingBetweenSlices") or number(dataset, "SliceThickness")
    return abs(depth) if depth else None


def part_of(image_type, component) -> dict:
    words = [component, *image_type[2:]]
    found = {
        name: next((known[w] for w in words if w in known), None)
        for name, known in (("signal", _PARTS), ("dixon", _DIXON))
    }
    return {name: part for name, part in found.items() if part}


def shape_of(pixels) -> tuple:
    return pixels.rows, pixels.columns, pixels.samples, pixels.photometric


def exactly(count, values) -> tuple | None:
    return tuple(values) if len(values) == count else None


def seconds(stamp: str) -> float | None:
    """DT, or DA + TM run together, as seconds; only differences of it mean something."""
    digits, _, fraction = stamp.partition(".")
    digits = digits.split("+")[0].split("-")[0]
    if len(digits) < 10 or not digits.isdigit():
        return None
    digits = digits.ljust(14, "0")
    day = np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}").astype(int)
    hour, minute, second = (int(digits[i : i + 2]) for i in (8, 10, 12))
    fraction = "".join(c for c in fraction[:6] if c.isdigit()) or "0"
    return int(day) * 86400.0 + hour * 3600 + minute * 60 + second + float(f"0.{fraction}")
