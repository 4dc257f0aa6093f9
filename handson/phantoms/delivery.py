"""gen-delivery: a folder as a hospital sends it, for the capstone.

Two MR series of one invented patient in one folder, with file names that tell nothing. The T2 lacks a
slice, in the middle of the lesion. Beside them: a screen with her name burned in, a letter, a DICOMDIR,
and a mask of the lesion on a grid of its own, which has the *shape* of the T1. The truth are this
module's constants. Stands on `anatomy`, `dicom_files` and `patient`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np
from matplotlib import get_data_path
from nibabel.affines import apply_affine
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.uid import MRImageStorage, SecondaryCaptureImageStorage

from .anatomy import sample, template
from .dicom_files import header, pixels, save, series, shuffled_names, uid, write_dicomdir
from .grid import AXIAL, Grid, rotation
from .nifti_files import nifti
from .outline import ellipsoid
from .patient import ANNA, WHERE, repeat_identity

TILT_DEGREES, THICKNESS_MM = 15.0, 3.0
GRID = Grid.around(
    (0, -18, 8), (96, 112, 36), (2.0, 2.0, 4.0), AXIAL, turn=rotation(0, TILT_DEGREES)
)
MASK_GRID = Grid.around((-6, -20, 16), GRID.shape, (1.6, 1.6, 3.2), "RAS")
LESION_MM, LESION_RADII_MM = (-34.0, -22.0, 30.0), (11.0, 9.0, 10.0)
# The lost slice of the T2 is the one nearest to the centre of the lesion.
LOST_SLICE = int(np.rint(apply_affine(np.linalg.inv(GRID.affine), LESION_MM)[2]))
# (x, y, width, height) in pixels of the screen: all of the text about her.
BURNED_IN = (6, 4, 316, 44)
_SCREEN = (300, 330)  # rows, columns
_NOISE = 12.0

_STUDY = {
    "StudyDate": "20240506",
    "StudyTime": "101500",
    "StudyID": "FAKE-S7",
    "AccessionNumber": "FAKE-ACC-5120",
    "StudyDescription": "Brain MR",
    "RequestingPhysician": "Requester^Rita",
    "StudyInstanceUID": uid("delivery"),
}
_MR = {
    "SOPClassUID": MRImageStorage,
    "Modality": "MR",
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "Manufacturer": "Imaginary Imaging",
    "ManufacturerModelName": "Imaginary 3T",
    "DeviceSerialNumber": "FAKE-SN-1",
    "SeriesDate": "20240506",
    "AcquisitionDate": "20240506",
    "ContentDate": "20240506",
    "PatientPosition": "HFS",
    "ScanningSequence": "SE",
    "SequenceVariant": "NONE",
    "ScanOptions": "",
    "MRAcquisitionType": "2D",
    "EchoTrainLength": 1,
    "SliceThickness": THICKNESS_MM,
    "SpacingBetweenSlices": 4.0,
    "AcquisitionNumber": 1,
    "BitsStored": 12,
    "WindowCenter": 800,
    "WindowWidth": 1600,
}
# Description -> what differs: grey values of tissue (grey level 0 and 255 of the template) and lesion.
_KINDS = {
    "t1 axial": ((250, 1450), 420, {"SeriesNumber": 3, "RepetitionTime": 550.0, "EchoTime": 12.0}),
    "t2 axial": (
        (1500, 350),
        1550,
        {"SeriesNumber": 4, "RepetitionTime": 4200.0, "EchoTime": 95.0},
    ),
}


def lesion(grid: Grid) -> np.ndarray:
    """bool [column, row, slice]: the voxels of `grid` whose centres lie in the lesion."""
    return ellipsoid(grid.coordinates(), LESION_MM, LESION_RADII_MM) < 0


def grey_values(description: str) -> np.ndarray:
    """Stored values of "t1 axial" or "t2 axial": uint16 [column, row, slice] on `GRID`."""
    (dark, bright), lesion_value, _ = _KINDS[description]
    brain = sample(template("t1"), GRID)
    signal = np.where(brain > 40, dark + (bright - dark) * brain / 255, 0)
    signal[lesion(GRID)] = lesion_value
    noise = np.random.default_rng(len(description) + lesion_value).standard_normal(GRID.shape)
    return np.clip(np.rint(np.abs(signal + _NOISE * noise)), 0, 4095).astype(np.uint16)


def volumes() -> Iterator[Dataset]:
    """The datasets of both series, the lost slice left out."""
    for description, (_, _, own) in _KINDS.items():
        shared = header(ANNA, _STUDY, WHERE, _MR, own, SeriesDescription=description)
        shared.SeriesInstanceUID = uid("delivery", description)
        shared.ProtocolName = description
        slices = list(series(repeat_identity(shared, "Brain"), grey_values(description), GRID))
        if description.startswith("t2"):
            del slices[LOST_SLICE]
        yield from slices


def screen() -> Dataset:
    """The dataset of a captured screen: the slice through the lesion, her name above it."""
    drawn = grey_values("t1 axial")[:, :, LOST_SLICE].T
    grey = Image.fromarray((drawn / 1600 * 255).clip(0, 255).astype(np.uint8))
    canvas = Image.new("L", _SCREEN[::-1])
    canvas.paste(grey.resize((192, 224)), (70, 62))
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSansMono.ttf", 14)
    for line, text in enumerate(
        ("EXAMPLE ANNA MARIA  *11.06.1974", "Example Hospital  06.05.2024")
    ):
        pen.text((10, 6 + 19 * line), text, fill=255, font=font)
    pen.line([(40, 62), (40, 286)], fill=180, width=2)
    identity = {
        "SOPClassUID": SecondaryCaptureImageStorage,
        "Modality": "OT",
        "ConversionType": "WSD",
        "ImageType": ["DERIVED", "SECONDARY"],
        "SeriesNumber": 99,
        "InstanceNumber": 1,
        "SeriesDescription": "key image",
        "SeriesInstanceUID": uid("delivery", "screen"),
        "SOPInstanceUID": uid("delivery", "screen", 1),
        "PatientOrientation": "",
        "BurnedInAnnotation": "YES",
    }
    whole = header(ANNA, _STUDY, identity, pixels(np.asarray(canvas)))
    return repeat_identity(whole, "Brain")


LETTER = """Dear colleague,

thank you for seeing Mrs Anna Maria Example, born 11 June 1974. The MR shows a lesion; a mask of it
is enclosed. Kind regards, Robert Referrer
"""


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: IMAGES/ with everything in DICOM, DICOMDIR, LETTER.TXT and lesion.nii.gz.

    progress : called with (files done, files in all)
    """
    folder = Path(folder)
    (folder / "IMAGES").mkdir()
    datasets = [*volumes(), screen()]
    names = shuffled_names(len(datasets), seed=506)
    files = [folder / "IMAGES" / name for name in names]
    for number, (dataset, path) in enumerate(zip(datasets, files, strict=True), start=1):
        save(dataset, path)
        if progress:
            progress(number, len(files))
    write_dicomdir(folder, files, "DELIVERY")
    (folder / "LETTER.TXT").write_text(LETTER, encoding="utf-8", newline="\n")
    mask = nifti(lesion(MASK_GRID).astype(np.uint8), MASK_GRID.affine)
    mask.header["descrip"] = b"Anna Example, lesion"
    nibabel.save(mask, folder / "lesion.nii.gz")
