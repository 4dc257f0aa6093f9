"""gen-traps: folders that break a careless reader, each from a few lines and each with one fault.

All show the lettered phantom, so what a wrong stack does can be seen, and read. A function per trap
returns the datasets of its folder; its first line says what is wrong. Stands on `lettered`.
"""

import copy
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from .dicom_files import header, pixels, save, series, shuffled_names, uid
from .enhanced import enhanced_mr
from .grid import AXIAL, CORONAL, SAGITTAL, Grid, rotation
from .lettered import CT, MR, template, values
from .nifti_files import save_json
from .patient import PHANTOM

GRID = Grid.around((0, 0, 0), (76, 92, 31), (2.5, 2.5, 5.0), AXIAL)
SAGITTAL_GRID = Grid.around((0, 0, 0), (92, 62, 45), (2.5, 2.5, 4.0), SAGITTAL)
MISSING_SLICE = 12  # index that slice would have in the whole stack
TWICE_SLICE = 12
TILT_DEGREES, TILT_STEP_MM = 15.0, 5.0
TIMES, TIME_STEP_S = 4, 2.0

_RADIOGRAPH = {
    "SOPClassUID": ComputedRadiographyImageStorage,
    "Modality": "CR",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "Manufacturer": "Example Devices",
    "SeriesNumber": 1,
    "InstanceNumber": 1,
    "BodyPartExamined": "HEAD",
    "ViewPosition": "AP",
    "PatientOrientation": ["L", "F"],
    "WindowCenter": 2500,
    "WindowWidth": 3000,
}


def missing_slice() -> Iterable[Dataset]:
    """One slice was lost on the way: a gap of two steps among 30 slices."""
    slices = list(_axial("missing-slice"))
    del slices[MISSING_SLICE]
    return slices


def duplicate() -> Iterable[Dataset]:
    """One slice is there twice, under two SOPInstanceUIDs and with different pixels."""
    slices = list(_axial("duplicate"))
    again = copy.deepcopy(slices[TWICE_SLICE])
    again.SOPInstanceUID = uid("traps", "duplicate", "again")
    again.InstanceNumber = len(slices) + 1
    again.PixelData = (np.frombuffer(again.PixelData, "<u2") // 2).tobytes()
    return [*slices, again]


def same_file_twice() -> Iterable[Dataset]:
    """One file was copied twice under another name, byte for byte: nothing is in doubt."""
    slices = list(_axial("same-file-twice"))
    return [*slices, slices[TWICE_SLICE]]


def tilt() -> Iterable[Dataset]:
    """The gantry was tilted by 15 degrees: the slices drift, the volume is sheared."""
    matrix = rotation(0, TILT_DEGREES) @ GRID.affine[:3, :3]
    matrix[:, 2] = 0, 0, TILT_STEP_MM
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, -matrix @ ((np.array(GRID.shape) - 1) / 2)
    return _slices("tilt-15", Grid(GRID.shape, affine), CT, GantryDetectorTilt=TILT_DEGREES)


def two_series() -> Iterable[Dataset]:
    """Two series of the same places lie in one folder, with one SeriesNumber and description."""
    negative = np.where(values(GRID) > 0, 4095 - values(GRID), 0).astype(np.uint16)
    second = series(template(uid("traps", "two-series", 2), GRID, "two-series"), negative, GRID)
    return [*_axial("two-series"), *second]


def two_orientations() -> Iterable[Dataset]:
    """One SeriesInstanceUID holds three axial, coronal and sagittal slices, as localizers do."""
    slices = []
    for toward in (AXIAL, CORONAL, SAGITTAL):
        grid = Grid.around((0, 0, 0), (92, 92, 3), (2.5, 2.5, 20.0), toward)
        slices += _slices("two-orientations", grid)
    for number, dataset in enumerate(slices, start=1):
        dataset.InstanceNumber = number
        dataset.SOPInstanceUID = uid("traps", "two-orientations", number)
    return slices


def lying_instance_number() -> Iterable[Dataset]:
    """InstanceNumber counts in an order that is not that of the positions."""
    slices = list(_axial("lying-instance-number"))
    for dataset, number in zip(slices, np.random.default_rng(7).permutation(31), strict=True):
        dataset.InstanceNumber = int(number) + 1
    return slices


def no_slice_location() -> Iterable[Dataset]:
    """No file has a SliceLocation, an optional element that many programs sort by."""
    slices = list(_axial("no-slice-location"))
    for dataset in slices:
        del dataset.SliceLocation
    return slices


def sagittal() -> Iterable[Dataset]:
    """A sagittal series: the third number of ImagePositionPatient is the same in every file."""
    return _slices("sagittal", SAGITTAL_GRID)


def non_square_pixels() -> Iterable[Dataset]:
    """Rows are 0.8 mm apart, columns 0.5 mm, slices 5 mm; the phantom is half as large."""
    grid = Grid.around((0, 0, 0), (184, 140, 15), (0.5, 0.8, 5.0), AXIAL)
    return _slices("non-square-pixels", grid, scale=0.5)


def monochrome1() -> Iterable[Dataset]:
    """A radiograph in MONOCHROME1: low values are to be drawn bright."""
    seen_from_the_front = values(Grid.around((0, 0, 0), (190, 155, 110), (1, 1, 2), CORONAL))
    absorbed = seen_from_the_front.sum(axis=2, dtype=np.float64).T
    stored = np.rint(4000 * (1 - absorbed / absorbed.max())).astype(np.uint16)
    identity = {
        "StudyInstanceUID": uid("traps", "monochrome1"),
        "SeriesInstanceUID": uid("traps", "monochrome1", 1),
        "SOPInstanceUID": uid("traps", "monochrome1", 1, 1),
        "SeriesDescription": "monochrome1",
    }
    return [
        header(
            PHANTOM,
            _RADIOGRAPH,
            identity,
            pixels(stored),
            BitsStored=12,
            HighBit=11,
            PhotometricInterpretation="MONOCHROME1",
            ImagerPixelSpacing=[1.0, 1.0],
        )
    ]


def four_d() -> Iterable[Dataset]:
    """Four volumes, two seconds apart, lie at the same positions: a series in time."""
    grid = Grid.around((0, 0, 0), (48, 58, 15), (4.0, 4.0, 10.0), AXIAL)
    slices = []
    for t in range(TIMES):
        shared = template(
            uid("traps", "4d-one-position"),
            grid,
            "4d-one-position",
            RepetitionTime=TIME_STEP_S * 1000,
            NumberOfTemporalPositions=TIMES,
            TemporalPositionIdentifier=t + 1,
            AcquisitionNumber=t + 1,
            AcquisitionTime=f"{120000 + t * TIME_STEP_S:06.0f}",
        )
        for dataset in series(shared, in_time(values(grid), t), grid):
            dataset.InstanceNumber = t * grid.shape[2] + dataset.InstanceNumber
            dataset.SOPInstanceUID = uid("traps", "4d-one-position", dataset.InstanceNumber)
            slices.append(dataset)
    return slices


def in_time(data: np.ndarray, t: int) -> np.ndarray:
    """What `four_d` shows at volume `t`: every voxel of the phantom gains 50 from volume to volume."""
    return np.where(data > 0, data + 50 * t, 0).clip(0, 4095).astype(np.uint16)


def uneven_gaps() -> Iterable[Dataset]:
    """The lower slices are 2.5 mm apart, the upper ones 5 mm: one affine cannot describe both."""
    fine = Grid.around((0, 0, 0), (76, 92, 61), (2.5, 2.5, 2.5), AXIAL)
    slices = list(_slices("uneven-gaps", fine, CT))
    return [*slices[:21], *slices[22::2]]


def enhanced_multi_frame() -> Iterable[Dataset]:
    """A single enhanced multi-frame file holds the whole volume; no position at the top level."""
    study = {
        "StudyInstanceUID": uid("phantom"),
        "FrameOfReferenceUID": uid("phantom", "frame of reference"),
        "SeriesNumber": 1,
        "SeriesDescription": "enhanced-multi-frame",
    }
    series_uid = uid("traps", "enhanced-multi-frame")
    return [enhanced_mr(PHANTOM, study, series_uid, values(GRID), GRID)]


TRAPS = {
    "missing-slice": missing_slice,
    "duplicate": duplicate,
    "same-file-twice": same_file_twice,
    "tilt-15": tilt,
    "two-series": two_series,
    "two-orientations": two_orientations,
    "lying-instance-number": lying_instance_number,
    "no-slice-location": no_slice_location,
    "sagittal": sagittal,
    "non-square-pixels": non_square_pixels,
    "monochrome1": monochrome1,
    "4d-one-position": four_d,
    "uneven-gaps": uneven_gaps,
    "enhanced-multi-frame": enhanced_multi_frame,
}


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: a folder per trap, file names shuffled, and traps.json, which says what is wrong.

    progress : called with (traps done, traps in all)
    """
    folder = Path(folder)
    for number, (name, trap) in enumerate(TRAPS.items(), start=1):
        (folder / name).mkdir()
        datasets = list(trap())
        for dataset, file_name in zip(datasets, shuffled_names(len(datasets), number), strict=True):
            save(dataset, folder / name / file_name)
        if progress:
            progress(number, len(TRAPS))
    said = {name: (trap.__doc__ or "").strip() for name, trap in TRAPS.items()}
    save_json(said, folder / "traps.json")


def _axial(name):
    return _slices(name, GRID)


def _slices(name, grid, kind=MR, scale=1.0, **elements):
    shared = template(uid("traps", name), grid, name, kind, **elements)
    return series(shared, values(grid, scale), grid)
