"""gen-phantom: a block of plastic that says itself which side is which, in four orientations.

Inside stand the letters R L A P S I, each on the side it names, three times: readable in an axial, in a
coronal and in a sagittal plane as a radiologist looks at them (a mirrored letter is a mirrored picture).
No two sides are alike. Every voxel's value follows from its place in mm alone, so files on different
grids agree exactly. The truth are this module's constants; `make` also writes them as truth.json.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, CTImageStorage, MRImageStorage

from .dicom_files import header, save, series, shuffled_names, uid
from .grid import AXIAL, CORONAL, SAGITTAL, Grid, rotation
from .nifti_files import nifti, save_json
from .outline import ellipsoid
from .patient import PHANTOM

BODY_HALF_MM = (85.0, 105.0, 70.0)
BODY_VALUE = 300
# The corner where right, anterior and superior meet is cut off: the sum of mm / half is at most this.
CORNER = 1.85
MARKER_MM = (70.0, 30.0, -40.0)
MARKER_RADIUS, MARKER_VALUE = 7.0, 4000
LETTER_VALUES = {"R": 1000, "L": 1200, "A": 1400, "P": 1600, "S": 1800, "I": 2000}
GLYPHS = {
    "R": ("####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"),
    "L": ("#....", "#....", "#....", "#....", "#....", "#....", "#####"),
    "A": (".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "P": ("####.", "#...#", "#...#", "####.", "#....", "#....", "#...."),
    "S": (".####", "#....", "#....", ".###.", "....#", "....#", "####."),
    "I": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "#####"),
}
GLYPH_PIXEL_MM, GLYPH_HALF_THICKNESS_MM = 6.0, 6.0
# Plane -> where its letters stand (RAS+ mm); the three slabs miss each other and the middle.
LETTERS_MM = {
    "axial": {"R": (56, 0, 20), "L": (-56, 0, 20), "A": (0, 76, 20), "P": (0, -76, 20)},
    "coronal": {"R": (56, -25, -10), "L": (-56, -25, -10), "S": (0, -25, 46), "I": (0, -25, -46)},
    "sagittal": {"A": (20, 76, -10), "P": (20, -76, -10), "S": (20, 0, 46), "I": (20, 0, -46)},
}
# Plane -> world axis and sign that run to the right and to the top of the picture, and through it.
_READING = {
    "axial": ((0, -1), (1, 1), 2),
    "coronal": ((0, -1), (2, 1), 1),
    "sagittal": ((1, -1), (2, 1), 0),
}
# The marker is at the centre of a voxel in each of the three straight grids.
GRIDS = {
    "axial": Grid.around((0, 0, 0), (95, 115, 39), (2.0, 2.0, 4.0), AXIAL),
    "coronal": Grid.around((0, 0, 0), (95, 77, 77), (2.0, 2.0, 3.0), CORONAL),
    "sagittal": Grid.around((0, 0, 0), (115, 77, 77), (2.0, 2.0, 2.5), SAGITTAL),
    "oblique": Grid.around(
        (4, -6, 3), (128, 112, 60), (1.75, 2.25, 3.0), AXIAL, rotation(2, 20) @ rotation(0, 12)
    ),
}

_COMMON = {
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "Manufacturer": "Example Devices",
    "SeriesNumber": 1,
    "BodyPartExamined": "HEAD",
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "AcquisitionNumber": 1,
    "BitsStored": 12,
    "StudyInstanceUID": uid("phantom"),
    "FrameOfReferenceUID": uid("phantom", "frame of reference"),
}
MR = {
    "SOPClassUID": MRImageStorage,
    "Modality": "MR",
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "ScanningSequence": "SE",
    "SequenceVariant": "NONE",
    "ScanOptions": "",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 500.0,
    "EchoTime": 10.0,
    "EchoTrainLength": 1,
    "WindowCenter": 1000,
    "WindowWidth": 2000,
}
CT = {
    "SOPClassUID": CTImageStorage,
    "Modality": "CT",
    "KVP": 120.0,
    "RescaleIntercept": -1000,
    "RescaleSlope": 1,
    "RescaleType": "HU",
    "WindowCenter": 0,
    "WindowWidth": 2000,
}


def values(grid: Grid, scale: float = 1.0) -> np.ndarray:
    """The phantom on any grid: uint16 [column, row, slice], 0 outside, no noise.

    scale : size of the whole phantom, marker and letters included, around the origin
    """
    xyz = [axis / scale for axis in grid.coordinates()]
    shares = [p / h for p, h in zip(xyz, BODY_HALF_MM, strict=True)]
    inside = (sum(share**4 for share in shares) <= 1) & (sum(shares) <= CORNER)
    drawn = np.where(inside, BODY_VALUE, 0).astype(np.float32)
    for plane, letters in LETTERS_MM.items():
        for letter, centre in letters.items():
            drawn[_glyph(letter, plane, centre, xyz)] = LETTER_VALUES[letter]
    # The edge falls over 2 mm, so that the marker's centre is found between voxels too.
    filling = np.clip(0.5 - ellipsoid(xyz, MARKER_MM, (MARKER_RADIUS,) * 3) / 2, 0, 1)
    drawn += filling * (MARKER_VALUE - drawn)
    return np.rint(drawn).astype(np.uint16)


def _glyph(letter, plane, centre, xyz):
    """Mask of one letter, written on a plane and given a thickness."""
    (across, to_right), (along, to_top), through = _READING[plane]
    pattern = np.array([[cell == "#" for cell in row] for row in GLYPHS[letter]])
    rows, columns = pattern.shape
    column = (xyz[across] - centre[across]) * to_right / GLYPH_PIXEL_MM + columns / 2
    row = rows / 2 - (xyz[along] - centre[along]) * to_top / GLYPH_PIXEL_MM
    within = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    within &= np.abs(xyz[through] - centre[through]) <= GLYPH_HALF_THICKNESS_MM
    cell = np.where(within, row, 0).astype(int), np.where(within, column, 0).astype(int)
    return within & pattern[cell]


def template(
    series_uid: UID, grid: Grid, description: str, kind: dict[str, Any] = MR, **elements: Any
) -> Dataset:
    """Header that every slice of a phantom series on `grid` shares; kind is `MR` or `CT`."""
    thickness = float(grid.spacing[2])
    between = {"SpacingBetweenSlices": thickness} if kind is MR else {}
    return header(
        PHANTOM,
        _COMMON,
        kind,
        between,
        {"SeriesInstanceUID": series_uid, "SeriesDescription": description},
        {"SliceThickness": thickness},
        elements,
    )


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: nifti/NAME.nii.gz and dicom/NAME/ for each of the four `GRIDS`.

    progress : called with (series done, series in all)
    """
    folder = Path(folder)
    (folder / "nifti").mkdir()
    for number, (name, grid) in enumerate(GRIDS.items(), start=1):
        data = values(grid)
        nibabel.save(nifti(data, grid.affine), folder / "nifti" / f"{name}.nii.gz")
        (folder / "dicom" / name).mkdir(parents=True)
        shared = template(
            uid("phantom", name), grid, f"lettered phantom {name}", SeriesNumber=number
        )
        names = shuffled_names(grid.shape[2], seed=number)
        for dataset, file_name in zip(series(shared, data, grid), names, strict=True):
            save(dataset, folder / "dicom" / name / file_name)
        if progress:
            progress(number, len(GRIDS))
    save_json(_truth(), folder / "truth.json")


def _truth():
    return {
        "frame": "RAS+ mm",
        "marker_mm": MARKER_MM,
        "marker_value": MARKER_VALUE,
        "letter_values": LETTER_VALUES,
        "letters_mm": LETTERS_MM,
        "affines": {name: grid.affine.tolist() for name, grid in GRIDS.items()},
        "shapes": {name: grid.shape for name, grid in GRIDS.items()},
    }
