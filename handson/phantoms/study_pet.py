"""The study's PET: uptake of an FDG-like tracer in Bq/ml, each slice with a slope of its own.

One hot spot lies in the patient's LEFT frontal lobe, where neither MR nor CT shows anything. Stands on
`anatomy`, `dicom_files` and `patient`; the uptake of the tissues is round, not measured.
"""

from collections.abc import Iterator

import numpy as np
from pydicom import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage
from scipy.ndimage import gaussian_filter

from .anatomy import Head, Mark
from .dicom_files import decimals, header, series, uid
from .grid import AXIAL, Grid
from .outline import ellipsoid
from .patient import ANNA, HEAD_STUDY, STUDY_UID, WHERE, repeat_identity

GRID = Grid.around((0.0, -6.0, 4.0), (128, 128, 47), (2.0, 2.0, 3.25), AXIAL)
GREY, WHITE, CSF, BODY = 24000.0, 8000.0, 1500.0, 3000.0
HOT_SPOT_MM, HOT_SPOT_RADIUS, HOT_SPOT_VALUE = (-36.0, 30.0, 26.0), 8.0, 60000.0
MARKER_VALUE = 90000.0
_RESOLUTION_MM = 6.0  # full width at half maximum
_LARGEST = 32767


def _code(value, meaning):
    return [header(CodeValue=value, CodingSchemeDesignator="SCT", CodeMeaning=meaning)]


_HEADER = {
    "SOPClassUID": PositronEmissionTomographyImageStorage,
    "Modality": "PT",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "Manufacturer": "Example Devices",
    "ManufacturerModelName": "Imaginary PET",
    "DeviceSerialNumber": "FAKE-SN-3",
    "SeriesDate": "20240311",
    "SeriesTime": "113000",
    "AcquisitionDate": "20240311",
    "AcquisitionTime": "113000",
    "ContentDate": "20240311",
    "ContentTime": "114000",
    "SeriesNumber": 4,
    "SeriesDescription": "brain FDG",
    "ProtocolName": "brain FDG",
    "SliceThickness": 3.25,
    "PatientOrientationCodeSequence": _code("102538003", "recumbent"),
    "PatientGantryRelationshipCodeSequence": _code("102540008", "headfirst"),
    "Units": "BQML",
    "CountsSource": "EMISSION",
    "SeriesType": ["STATIC", "IMAGE"],
    "CorrectedImage": ["DECY", "ATTN", "SCAT", "NORM"],
    "DecayCorrection": "START",
    "DecayFactor": 1.03,
    "CollimatorType": "NONE",
    "NumberOfSlices": GRID.shape[2],
    "FrameReferenceTime": 300000.0,
    "ActualFrameDuration": 600000,
    "RescaleIntercept": 0,
    "WindowCenter": 20000,
    "WindowWidth": 40000,
    "StudyInstanceUID": STUDY_UID,
    "SeriesInstanceUID": uid("study", "PT"),
}


def _tracer():
    return header(
        Radiopharmaceutical="Fluorodeoxyglucose",
        RadiopharmaceuticalStartTime="103000",
        RadionuclideTotalDose=185000000.0,
        RadionuclideHalfLife=6586.2,
        RadionuclidePositronFraction=0.967,
        RadionuclideCodeSequence=_code("77004003", "^18^Fluorine"),
        RadiopharmaceuticalCodeSequence=_code("35321007", "Fluorodeoxyglucose F^18^"),
    )


def activity(head: Head, mark: Mark) -> np.ndarray:
    """Bq/ml of the head: float32 [column, row, slice] on `GRID`.

    mark : grid -> box and filling of the marker, as `anatomy.capsule` gives them
    """
    hull = head.hull(GRID)
    grey, white = head.tissue("gm", GRID), head.tissue("wm", GRID)
    brain = GREY * grey + WHITE * white + CSF * (1 - grey - white)
    body = np.where(head.airway(GRID), 0, BODY) * np.clip(0.5 - head.skin(GRID), 0, 1)
    values = np.where(hull < 2.5, brain, np.where(hull < 9.5, BODY / 2, body))
    spot = ellipsoid(GRID.coordinates(), HOT_SPOT_MM, (HOT_SPOT_RADIUS,) * 3)
    values += np.clip(0.5 - spot / 2, 0, 1) * (HOT_SPOT_VALUE - values)
    blurred = gaussian_filter(values, _RESOLUTION_MM / 2.3548 / GRID.spacing)
    # Counting noise grows with the square root of the activity.
    noise = np.random.default_rng(20240313).standard_normal(values.shape, np.float32)
    values = np.maximum(blurred + 6 * np.sqrt(np.maximum(blurred, 0)) * noise, 0)
    box, filling = mark(GRID)
    values[box] += filling * (MARKER_VALUE - values[box])
    return values.astype(np.float32)


def slices(head: Head, mark: Mark) -> Iterator[Dataset]:
    """The datasets of the series, from the feet to the head; each slice fills 15 bits by its slope."""
    values = activity(head, mark)
    slopes = decimals(values.max(axis=(0, 1)) / _LARGEST)
    stored = np.clip(np.rint(values / slopes), 0, _LARGEST).astype(np.int16)
    template = repeat_identity(header(ANNA, HEAD_STUDY, WHERE, _HEADER), "Head")
    template.RadiopharmaceuticalInformationSequence = [_tracer()]
    return series(
        template, stored, GRID, RescaleSlope=slopes, ImageIndex=list(range(1, GRID.shape[2] + 1))
    )
