"""gen-labels: which tissue each voxel of the MNI brain is, on its own grid and on grids that mislead.

Labels are 0 outside, 1 grey matter, 2 white matter, 3 CSF, in this order on purpose: between grey matter
(1) and CSF (3) linear interpolation invents white matter (2). Grey and white matter are the maps that
nilearn carries; it has none of CSF, so CSF is derived: what is left of the brain.
"""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np

from .anatomy import sample, template
from .grid import Grid
from .nifti_files import nifti

NAMES = {1: "grey matter", 2: "white matter", 3: "CSF (derived)"}
# The template is 0 outside the brain.
BRAIN_FROM = 20
# labels_same_shape has the shape of the T1's array and lies elsewhere: equal shape, not equal space.
SHIFT_MM = (6.0, -9.0, -4.0)
# Shifted, coarser, and the first axis toward the left.
COARSE = Grid.around((3.0, -14.0, 9.0), (84, 100, 80), (2.0, 2.25, 2.5), "LAS")


def tissue(gm: np.ndarray, wm: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Most likely tissue of each voxel, uint8 0..3.

    gm, wm : shares 0..1
    inside : mask of the brain
    """
    shares = np.stack([gm, wm, np.clip(1 - gm - wm, 0, 1)])
    return np.where(inside, shares.argmax(axis=0) + 1, 0).astype(np.uint8)


def t1_grid() -> Grid:
    """The grid of nilearn's T1, where labels.nii.gz lies."""
    t1 = template("t1")
    columns, rows, slices = t1.shape
    return Grid((columns, rows, slices), t1.affine)


def misleading_grid() -> Grid:
    """The shape of the T1's grid, `SHIFT_MM` further: drawn by index, labels land that far off."""
    grid = t1_grid()
    affine = grid.affine.copy()
    affine[:3, 3] += SHIFT_MM
    return Grid(grid.shape, affine)


def on(grid: Grid) -> np.ndarray:
    """The labels on any grid: the shares are interpolated and then compared, not the labels."""
    t1, gm, wm = (template(name) for name in ("t1", "gm", "wm"))
    labels = np.empty(grid.shape, np.uint8)
    for where, slab in grid.slabs(16):
        inside = sample(t1, slab) > BRAIN_FROM
        labels[:, :, where] = tissue(sample(gm, slab) / 255, sample(wm, slab) / 255, inside)
    return labels


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: labels.nii.gz (the T1's grid), labels_same_shape.nii.gz, labels_coarse.nii.gz.

    progress : called with (files done, files in all)
    """
    grids = {
        "labels": t1_grid(),
        "labels_same_shape": misleading_grid(),
        "labels_coarse": COARSE,
    }
    for number, (name, grid) in enumerate(grids.items(), start=1):
        image = nifti(on(grid), grid.affine)
        image.set_sform(grid.affine, code=4)  # MNI 152, as the template
        image.set_qform(None, code=0)
        nibabel.save(image, Path(folder) / f"{name}.nii.gz")
        if progress:
            progress(number, len(grids))
