"""gen-axis4: two small 4-D images whose fourth axis is not evenly spaced time.

A dynamic PET whose frames grow longer, as DICOM, and diffusion-weighted MR, as NIfTI with .bval and .bvec.
The truth are this module's constants; `make` also writes them as truth.json.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np
from pydicom import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage

from .anatomy import sample, template
from .dicom_files import header, save, series, shuffled_names, uid
from .grid import AXIAL, Grid
from .lettered import values
from .nifti_files import nifti, save_json
from .patient import PHANTOM

PET_GRID = Grid.around((0, 0, 0), (48, 58, 15), (4.0, 4.0, 10.0), AXIAL)
# Duration of each frame, s, and what the body of the phantom holds meanwhile, kBq/ml. The plain mean
# of these numbers is 14.0; the mean over time, which weighs each by its duration, is 13.4.
DURATIONS_S = (10, 20, 30, 60, 120, 300, 600)
ACTIVITY = (4.0, 20.0, 18.0, 16.0, 14.0, 13.0, 13.0)
_BQ_PER_STEP = 4.0

DWI_GRID = Grid.around((0, -18, 8), (40, 48, 20), (4.0, 4.0, 6.0), "LAS")
B_VALUE = 1000.0  # s/mm2
# Gradient directions of the weighted volumes, RAS+; volume 0 is not weighted.
DIRECTIONS = np.array([(1, 1, 0), (1, 0, 1), (0, 1, 1), (1, -1, 0), (1, 0, -1), (0, 1, -1)])
# mm2/s: water moves alike in all directions, but in a band from left to right it moves along x.
ALIKE, ALONG, ACROSS = 0.8e-3, 1.7e-3, 0.3e-3
BAND_MM = ((-24, 24), (-40, 20), (6, 26))
ECHO_TRAIN_S = 8.4  # TR, which converters write into pixdim[4] although axis 4 is not time

_PET = {
    "SOPClassUID": PositronEmissionTomographyImageStorage,
    "Modality": "PT",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "Manufacturer": "Example Devices",
    "BodyPartExamined": "HEAD",
    "PatientPosition": "HFS",
    "SeriesDate": "20240101",
    "SeriesTime": "120000",
    "AcquisitionDate": "20240101",
    "SeriesNumber": 1,
    "SeriesDescription": "dynamic",
    "StudyInstanceUID": uid("axis4"),
    "SeriesInstanceUID": uid("axis4", "PT"),
    "FrameOfReferenceUID": uid("axis4", "frame of reference"),
    "PositionReferenceIndicator": "",
    "SliceThickness": 10.0,
    "Units": "BQML",
    "CountsSource": "EMISSION",
    "SeriesType": ["DYNAMIC", "IMAGE"],
    "CorrectedImage": ["DECY", "ATTN", "SCAT", "NORM"],
    "DecayCorrection": "START",
    "CollimatorType": "NONE",
    "NumberOfSlices": PET_GRID.shape[2],
    "NumberOfTimeSlices": len(DURATIONS_S),
    "RescaleIntercept": 0,
    "RescaleSlope": _BQ_PER_STEP,
    "WindowCenter": 12000,
    "WindowWidth": 24000,
}


def starts() -> np.ndarray:
    """When each frame of the PET begins, s after the first."""
    return np.cumsum((0, *DURATIONS_S[:-1])).astype(float)


def pet() -> Iterator[Dataset]:
    """The datasets of the dynamic PET, frame by frame."""
    body = values(PET_GRID) > 0
    slices = PET_GRID.shape[2]
    for frame, (start, lasts) in enumerate(zip(starts(), DURATIONS_S, strict=True)):
        stored = np.where(body, round(1000 * ACTIVITY[frame] / _BQ_PER_STEP), 0).astype(np.int16)
        shared = header(
            PHANTOM,
            _PET,
            AcquisitionTime=f"12{int(start) // 60:02d}{int(start) % 60:02d}",
            FrameReferenceTime=1000 * (start + lasts / 2),
            ActualFrameDuration=1000 * lasts,
        )
        for k, dataset in enumerate(series(shared, stored, PET_GRID)):
            dataset.InstanceNumber = dataset.ImageIndex = frame * slices + k + 1
            dataset.SOPInstanceUID = uid("axis4", "PT", frame, k)
            yield dataset


def dwi() -> np.ndarray:
    """int16 [i, j, k, volume]: not weighted, then one volume for each of `DIRECTIONS`."""
    brain = sample(template("t1"), DWI_GRID)
    still = np.where(brain > 60, 1000 + 10 * brain, 0)
    inside = [
        (axis > a) & (axis < b)
        for axis, (a, b) in zip(DWI_GRID.coordinates(), BAND_MM, strict=True)
    ]
    band = inside[0] & inside[1] & inside[2]
    volumes = [still]
    for direction in DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True):
        along_x = direction[0] ** 2
        diffusion = np.where(band, ALONG * along_x + ACROSS * (1 - along_x), ALIKE)
        volumes.append(still * np.exp(-B_VALUE * diffusion))
    return np.rint(np.stack(volumes, axis=3)).astype(np.int16)


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: pet-dynamic/ (file names tell nothing), dwi.nii.gz with .bval and .bvec, truth.json.

    progress : called with (images done, images in all)
    """
    folder = Path(folder)
    (folder / "pet-dynamic").mkdir()
    datasets = list(pet())
    for dataset, name in zip(datasets, shuffled_names(len(datasets), seed=44), strict=True):
        save(dataset, folder / "pet-dynamic" / name)
    if progress:
        progress(1, 2)
    image = nifti(dwi(), DWI_GRID.affine)
    image.header.set_zooms((*DWI_GRID.spacing, ECHO_TRAIN_S))
    nibabel.save(image, folder / "dwi.nii.gz")
    _gradients(folder)
    truth = {"durations_s": DURATIONS_S, "activity_kBq_ml": ACTIVITY, "b_value": B_VALUE}
    save_json(truth, folder / "truth.json")
    if progress:
        progress(2, 2)


def _gradients(folder):
    """FSL's files: one column a volume, directions along the image's own axes (LAS: none is reversed)."""
    unit = np.vstack([np.zeros(3), DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)])
    along_axes = (DWI_GRID.affine[:3, :3] / DWI_GRID.spacing).T @ unit.T
    b_values = [0.0, *[B_VALUE] * len(DIRECTIONS)]
    rows = [" ".join(f"{x + 0.0:.6f}" for x in row) for row in along_axes]
    for name, text in (
        ("dwi.bval", " ".join(f"{b:g}" for b in b_values)),
        ("dwi.bvec", "\n".join(rows)),
    ):
        (folder / name).write_text(text + "\n", encoding="ascii", newline="\n")
