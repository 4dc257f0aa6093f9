"""The study's MR: a sagittal T1-weighted head whose rows climb 8 degrees toward the back of the head.

Stands on `anatomy`, `dicom_files` and `patient`. Fixed by this module: the grid, the grey values and
the header; which names the files get is the study's business.
"""

import numpy as np
from pydicom.uid import MRImageStorage

from .dicom_files import header, series, uid
from .grid import SAGITTAL, Grid, rotation
from .patient import ANNA, HEAD_STUDY, repeat_identity

PITCH_DEGREES = 8.0
GRID = Grid.around(
    (0.0, -5.0, -10.0),
    shape=(256, 256, 176),
    spacing=(1.0, 1.0, 1.125),
    toward=SAGITTAL,
    turn=rotation(0, -PITCH_DEGREES),
)
# Brighter than any tissue; 12 bits end at 4095.
MARKER_VALUE = 4000
_NOISE = 25.0
_SERIES_UID = uid("study", "MR")

_HEADER = {
    "SpecificCharacterSet": "ISO_IR 100",
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
    "SeriesDescription": "t1 sagittal, Anna Example",
    "ProtocolName": "t1 sagittal 1 mm",
    "BodyPartExamined": "HEAD",
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
    "SliceThickness": 1.125,
    "SpacingBetweenSlices": 1.125,
    "PositionReferenceIndicator": "",
    "AcquisitionNumber": 1,
    "BitsStored": 12,
    "WindowCenter": 1500,
    "WindowWidth": 3000,
    "StudyInstanceUID": uid("study"),
    "SeriesInstanceUID": _SERIES_UID,
    "FrameOfReferenceUID": uid("study", "frame of reference"),
}


def grey_values(head, marker) -> np.ndarray:
    """Stored values of the head: uint16 [column, row, slice], 0..4095.

    marker : box and filling of the capsule, as `anatomy.capsule` gives them
    """
    depth = -head.skin(GRID)
    hull = head.hull(GRID)
    # Skin, bright fat beneath it, muscle; then skull with its marrow, liquor, brain.
    values = np.interp(depth, (-0.5, 0.5, 2, 5, 7), (0, 900, 2300, 2300, 900)).astype(np.float32)
    shells = np.interp(
        hull,
        (2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5),
        (350, 120, 120, 1100, 1100, 120, 120, 900),
    )
    values = np.where(hull < 9.5, np.maximum(shells, 2750 * head.tissue("t1", GRID)), values)
    box, filling = marker
    values[box] += filling * (MARKER_VALUE - values[box])
    # A magnitude image: noise in both channels of the receiver (Gudbjartsson and Patz 1995).
    noise = np.random.default_rng(20240311).standard_normal((2, *values.shape), np.float32)
    values = np.hypot(values + _NOISE * noise[0], _NOISE * noise[1])
    return np.clip(np.rint(values), 0, 4095).astype(np.uint16)


def slices(head, marker):
    """The datasets of the series, from the patient's left to the right."""
    template = repeat_identity(header(ANNA, HEAD_STUDY, _HEADER))
    return series(template, grey_values(head, marker), GRID)
