"""gen-head: a head that is nobody's, with a face to be taken away and a brain that must stay.

Made of ellipsoids alone, so the nose, the ears and the brain have known places: a de-facing is judged by
what is left of the first and by every voxel of the last. Stands on `outline`; the truth are its constants
and the masks in truth/.
"""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np

from . import outline
from .grid import Grid
from .nifti_files import nifti, save_json
from .outline import Coordinates

GRID = Grid.around((0, -4, -12), (120, 160, 144), (1.6, 1.6, 1.6), "RAS")
_BRAIN = (0, -17, 8), (69, 89, 74)
_CEREBELLUM = (0, -64, -40), (48, 34, 26)
SKIN_VALUE, FAT_VALUE, MUSCLE_VALUE, BONE_VALUE = 900, 2200, 800, 150
CSF_VALUE, GREY_VALUE, WHITE_VALUE = 400, 1600, 2300


def brain_distance(xyz: Coordinates) -> np.ndarray:
    """About the distance in mm to the surface of the brain, negative inside."""
    cerebrum = outline.ellipsoid(xyz, *_BRAIN)
    return outline.melt(cerebrum, outline.ellipsoid(xyz, *_CEREBELLUM), 8)


def masks() -> dict:
    """Name -> bool [i, j, k] on `GRID`: brain, and the face: all in front of and below `FACE_BOX_MM`."""
    xyz = GRID.coordinates()
    brain = brain_distance(xyz) < 0
    _, y, z = xyz
    box = (y > outline.FACE_BOX_MM["y_from"]) & (z < outline.FACE_BOX_MM["z_to"])
    return {"brain": brain, "face": box & (outline.head(xyz) < 0) & ~brain}


def values() -> np.ndarray:
    """uint16 [i, j, k]: a T1-weighted look, with noise also outside the head, as a scanner gives it."""
    xyz = GRID.coordinates()
    depth, brain = -outline.head(xyz), brain_distance(xyz)
    soft = np.interp(
        depth, (-0.8, 0.8, 2, 5, 7), (0, SKIN_VALUE, FAT_VALUE, FAT_VALUE, MUSCLE_VALUE)
    )
    layers = (WHITE_VALUE, *[GREY_VALUE] * 2, *[CSF_VALUE] * 2, *[BONE_VALUE] * 2, MUSCLE_VALUE)
    inner = np.interp(brain, (-7, -5, -0.8, 0.8, 3, 4, 8, 9), layers)
    signal = np.where((brain < 9) & (depth > 3), inner, soft)
    noise = 20 * np.random.default_rng(5).standard_normal((2, *GRID.shape), np.float32)
    return np.rint(np.hypot(signal + noise[0], noise[1])).astype(np.uint16)


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: head.nii.gz, and truth/ with brain.nii.gz, face.nii.gz and truth.json.

    progress : called with (files done, files in all)
    """
    folder = Path(folder)
    (folder / "truth").mkdir()
    images = {
        "head": values(),
        **{f"truth/{name}": m.astype(np.uint8) for name, m in masks().items()},
    }
    for number, (name, data) in enumerate(images.items(), start=1):
        nibabel.save(nifti(data, GRID.affine), folder / f"{name}.nii.gz")
        if progress:
            progress(number, len(images))
    known = {
        "frame": "RAS+ mm",
        "nose_tip_mm": outline.NOSE_TIP_MM,
        "ears_mm": outline.EARS_MM,
        "face_box_mm": outline.FACE_BOX_MM,
    }
    save_json(known, folder / "truth" / "truth.json")
