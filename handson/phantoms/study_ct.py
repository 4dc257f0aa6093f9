"""The study's CT: an axial head in Hounsfield units, on a head rest, with an airway and a bright marker.

Stands on `anatomy`, `dicom_files` and `patient`. The attenuation of the tissues is round, not measured.
"""

from collections.abc import Iterator

import numpy as np
from pydicom import Dataset
from pydicom.uid import CTImageStorage

from .anatomy import Head, Mark
from .dicom_files import header, series, uid
from .grid import AXIAL, Grid
from .patient import ANNA, HEAD_STUDY, STUDY_UID, WHERE, repeat_identity

GRID = Grid.around((0.0, -6.0, 4.0), (256, 256, 60), (0.9765625, 0.9765625, 3.0), AXIAL)
AIR, FAT, MUSCLE, CSF, GREY, WHITE = -1000, -90, 45, 8, 37, 28
BONE, MARROW, HEAD_REST = 1100, 500, 250
MARKER_VALUE = 2000
_INTERCEPT = -1024
_NOISE = 5.0

_HEADER = {
    "SOPClassUID": CTImageStorage,
    "Modality": "CT",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "Manufacturer": "Example Devices",
    "ManufacturerModelName": "Imaginary CT",
    "DeviceSerialNumber": "FAKE-SN-2",
    "SeriesDate": "20240311",
    "SeriesTime": "101500",
    "AcquisitionDate": "20240311",
    "AcquisitionTime": "101510",
    "ContentDate": "20240311",
    "ContentTime": "101600",
    "SeriesNumber": 3,
    "SeriesDescription": "head without contrast",
    "ProtocolName": "head routine",
    "SliceThickness": 3.0,
    "KVP": 120.0,
    "ConvolutionKernel": "SOFT",
    "AcquisitionNumber": 1,
    "PatientPosition": "HFS",
    "BitsStored": 12,
    "RescaleIntercept": _INTERCEPT,
    "RescaleSlope": 1,
    "RescaleType": "HU",
    "WindowCenter": [40, 500],
    "WindowWidth": [80, 2500],
    "WindowCenterWidthExplanation": ["BRAIN", "BONE"],
    "StudyInstanceUID": STUDY_UID,
    "SeriesInstanceUID": uid("study", "CT"),
}


def hounsfield(head: Head, mark: Mark) -> np.ndarray:
    """HU of the head, whole numbers: int16 [column, row, slice] on `GRID`.

    mark : grid -> box and filling of the marker, as `anatomy.capsule` gives them
    """
    values = np.empty(GRID.shape, np.int16)
    detector = np.random.default_rng(20240312)
    for where, slab in GRID.slabs(4):
        tissue = _tissue(head, slab)
        tissue += _NOISE * detector.standard_normal(tissue.shape, np.float32)
        box, filling = mark(slab)
        tissue[box] += filling * (MARKER_VALUE - tissue[box])
        values[:, :, where] = np.rint(tissue)
    return values


def _tissue(head, grid):
    depth, hull = -head.skin(grid), head.hull(grid)
    outside = np.interp(depth, (-0.5, 0.5, 2, 5, 7), (AIR, 20, FAT, FAT, MUSCLE))
    outside[head.airway(grid)] = AIR
    outside[_head_rest(grid) & (depth < 0)] = HEAD_REST
    shells = np.interp(
        hull,
        (2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5),
        (CSF, BONE, BONE, MARROW, MARROW, BONE, BONE, MUSCLE),
    )
    grey, white = head.tissue("gm", grid), head.tissue("wm", grid)
    brain = GREY * grey + WHITE * white + CSF * (1 - grey - white)
    return np.where(hull < 2.5, brain, np.where(hull < 9.5, shells, outside))


def _head_rest(grid):
    x, y, _ = grid.coordinates()
    radius = np.hypot(x, y + 16)
    return (radius > 110) & (radius < 113) & (y < -75)


def slices(head: Head, mark: Mark) -> Iterator[Dataset]:
    """The datasets of the series, from the feet to the head."""
    stored = np.clip(hounsfield(head, mark) - _INTERCEPT, 0, 4095).astype(np.uint16)
    template = repeat_identity(header(ANNA, HEAD_STUDY, WHERE, _HEADER), "Head")
    return series(template, stored, GRID)
