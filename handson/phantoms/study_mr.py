"""The study's MR: a sagittal T1-weighted head whose rows climb 8 degrees toward the back of the head.

Stands on `anatomy`, `dicom_files` and `patient`. Fixed by this module: the grid, the grey values and
the header; which names the files get is the study's business.
"""

from collections.abc import Iterator

import numpy as np
from pydicom import Dataset
from pydicom.uid import MRImageStorage

from .anatomy import Head, Mark
from .dicom_files import header, series, uid
from .grid import SAGITTAL, Grid, rotation
from .patient import ANNA, HEAD_STUDY, STUDY_UID, WHERE, repeat_identity

PITCH_DEGREES = 8.0
GRID = Grid.around(
    (0.0, -5.0, -6.0),
    shape=(256, 240, 160),
    spacing=(1.0, 1.0, 1.25),
    toward=SAGITTAL,
    turn=rotation(0, -PITCH_DEGREES),
)
# Brighter than any tissue; 12 bits end at 4095.
MARKER_VALUE = 4000
_NOISE = 25.0

_HEADER = {
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "SOPClassUID": MRImageStorage,
    "Modality": "MR",
    "Manufacturer": "Example Devices",
    "ManufacturerModelName": "Imaginary 3T",
    "DeviceSerialNumber": "FAKE-SN-1",
    "SoftwareVersions": "1",
    "SeriesDate": "20240311",
    "SeriesTime": "093500",
    "AcquisitionDate": "20240311",
    "AcquisitionTime": "093510",
    "ContentDate": "20240311",
    "ContentTime": "094200",
    "SeriesNumber": 2,
    "SeriesDescription": "t1 sagittal",
    "ProtocolName": "t1 sagittal 1 mm",
    "PatientPosition": "HFS",
    "ScanningSequence": "GR",
    "SequenceVariant": "SP",
    "ScanOptions": "",
    "MRAcquisitionType": "3D",
    "RepetitionTime": 8.0,
    "EchoTime": 3.0,
    "EchoTrainLength": 1,
    "FlipAngle": 9.0,
    "MagneticFieldStrength": 3.0,
    "SliceThickness": 1.25,
    "SpacingBetweenSlices": 1.25,
    "AcquisitionNumber": 1,
    "BitsStored": 12,
    "WindowCenter": 1500,
    "WindowWidth": 3000,
    "StudyInstanceUID": STUDY_UID,
    "SeriesInstanceUID": uid("study", "MR"),
}


def grey_values(head: Head, mark: Mark) -> np.ndarray:
    """Stored values of the head: uint16 [column, row, slice], 0..4095.

    mark : grid -> box and filling of the marker, as `anatomy.capsule` gives them
    """
    stored = np.empty(GRID.shape, np.uint16)
    receiver = np.random.default_rng(20240311)
    for where, slab in GRID.slabs(8):
        signal = _signal(head, slab)
        box, filling = mark(slab)
        signal[box] += filling * (MARKER_VALUE - signal[box])
        # A magnitude image: noise in both channels of the receiver (Gudbjartsson and Patz 1995).
        noise = _NOISE * receiver.standard_normal((2, *signal.shape), np.float32)
        magnitude = np.hypot(signal + noise[0], noise[1])
        stored[:, :, where] = np.clip(np.rint(magnitude), 0, 4095)
    return stored


def _signal(head, grid):
    depth, hull = -head.skin(grid), head.hull(grid)
    # Skin, bright fat beneath it, muscle; then skull with its marrow, CSF, brain.
    outside = np.interp(depth, (-0.5, 0.5, 2, 5, 7), (0, 900, 2300, 2300, 900))
    shells = np.interp(
        hull,
        (2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5),
        (350, 120, 120, 1100, 1100, 120, 120, 900),
    )
    outside[head.airway(grid)] = 0
    inside = np.maximum(shells, 2750 * head.tissue("t1", grid))
    return np.where(hull < 9.5, inside, outside).astype(np.float32)


def slices(head: Head, mark: Mark) -> Iterator[Dataset]:
    """The datasets of the series, from the patient's left to the right."""
    template = repeat_identity(header(ANNA, HEAD_STUDY, WHERE, _HEADER), "Head")
    return series(template, grey_values(head, mark), GRID)
