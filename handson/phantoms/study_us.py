"""The study's ultrasound screen: a picture with the patient's name burned into its pixels.

What it shows is speckle in a sector, nobody's organ. The text is drawn with the typeface that comes with
matplotlib. `BURNED_IN` and `HARMLESS` say where text stands, for the lesson that has to remove one of them.
"""

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage
from scipy.ndimage import gaussian_filter

from .dicom_files import header, pixels, uid
from .patient import ANNA, EARLIER_STUDY, EARLIER_STUDY_UID, repeat_identity

ROWS, COLUMNS = 480, 640
PIXEL_MM = 0.4
TEXT = (
    "EXAMPLE ANNA MARIA   FAKE-0001   *11.06.1974",
    "Example Hospital   23.02.2024 08:41",
)
# (first row, last row + 1, first column, last column + 1) that hold all of the text about her.
BURNED_IN = (4, 44, 8, 520)
# Text that names nobody and must survive: depth and transducer.
HARMLESS = (452, 474, 8, 260)
_APEX, _DEPTH, _HALF_ANGLE = (60, 320), 380, np.deg2rad(38)

_HEADER = {
    "SOPClassUID": UltrasoundImageStorage,
    "Modality": "US",
    "ImageType": ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"],
    "Manufacturer": "Example Devices",
    "ManufacturerModelName": "Imaginary US",
    "DeviceSerialNumber": "FAKE-SN-4",
    "ContentDate": "20240223",
    "ContentTime": "084100",
    "SeriesNumber": 1,
    "InstanceNumber": 1,
    "BodyPartExamined": "ABDOMEN",
    "PatientOrientation": "",
    "BurnedInAnnotation": "YES",
    "LossyImageCompression": "00",
}


def screen() -> np.ndarray:
    """uint8 [row, column, 3]: the sector with its texts."""
    canvas = Image.fromarray(np.repeat(_sector()[:, :, np.newaxis], 3, axis=2))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSansMono.ttf", 15)
    for line, text in enumerate(TEXT):
        draw.text((12, 6 + 19 * line), text, fill=(255, 255, 255), font=font)
    draw.text((12, 454), "depth 15 cm  3.5 MHz", fill=(255, 220, 90), font=font)
    draw.line([(20, 60), (20, 440)], fill=(90, 200, 255), width=2)
    return np.asarray(canvas)


def _sector():
    row, column = np.mgrid[:ROWS, :COLUMNS]
    down, across = row - _APEX[0], column - _APEX[1]
    depth, angle = np.hypot(down, across), np.arctan2(across, down)
    inside = (depth > 30) & (depth < _DEPTH) & (np.abs(angle) < _HALF_ANGLE)
    speckle = np.random.default_rng(20240223).rayleigh(1.0, (ROWS, COLUMNS))
    speckle = gaussian_filter(speckle, (1.0, 2.0))
    dark = np.hypot(down - 190, (across + 40) * 0.8) < 60  # an echo-free cyst
    bright = 90 * speckle * np.exp(-depth / 500)
    return np.where(inside, np.where(dark, bright * 0.15, bright), 0).clip(0, 255).astype(np.uint8)


def unnamed() -> Dataset:
    """The screen without any header of its patient, study, series or instance."""
    region = header(
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionFlags=0,
        RegionLocationMinX0=0,
        RegionLocationMinY0=_APEX[0],
        RegionLocationMaxX1=COLUMNS - 1,
        RegionLocationMaxY1=_APEX[0] + _DEPTH,
        PhysicalUnitsXDirection=3,  # centimetres
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=PIXEL_MM / 10,
        PhysicalDeltaY=PIXEL_MM / 10,
    )
    return header(_HEADER, pixels(screen()), SequenceOfUltrasoundRegions=[region])


def dataset() -> Dataset:
    """The one file of the series; its study was seventeen days before the head's."""
    whole = unnamed()
    identity = {
        "SeriesDescription": "screen, Anna Example",
        "StudyInstanceUID": EARLIER_STUDY_UID,
        "SeriesInstanceUID": uid("study", "US"),
        "SOPInstanceUID": uid("study", "US", 1),
    }
    whole.update(header(ANNA, EARLIER_STUDY, identity))
    return repeat_identity(whole, "Abdomen")
