"""A whole head around the MNI brain: what every voxel of the study is made of, in millimetres.

The brain and its tissues are nilearn's copy of the MNI152 2009a template (Fonov et al. 2011), read from
the installed package; template and tissue maps end at the brain, so skull, scalp and face are drawn
around it. Stands on SciPy, nibabel and `outline`; it knows neither modality nor file.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.affines import apply_affine
from scipy.ndimage import affine_transform, distance_transform_edt, gaussian_filter

from ..errors import DataError
from . import outline
from .grid import Grid

# What draws the marker: a grid -> the box in it, and how much of each voxel there is filled.
Mark = Callable[[Grid], tuple[tuple[slice, ...], np.ndarray]]
# mm from the hull of the brain to the outside of the skull, and of scalp at least over that.
_SKULL, _SCALP = 9.0, 4.0
_COARSE = Grid.around((0, -16, -16), (80, 100, 94), (3.0, 3.0, 3.0), "RAS")
# Centre and half axes of the nasal cavity and the throat, RAS+ mm.
_AIRWAY = ((0, 72, -44), (9, 26, 16)), ((0, 20, -90), (9, 11, 45))
_CORD = (0.0, -46.0, -72.0), 9.0


def template(name: str) -> nibabel.Nifti1Image:
    """nilearn's MNI152 image: "t1", "gm" or "wm", uint8; the two maps hold 255 times a probability."""
    return _bundled(f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz")


def motor_map() -> nibabel.Nifti1Image:
    """nilearn's group map of left against right button presses, float32, 3 mm."""
    return _bundled("image_10426.nii.gz")


def _bundled(name):
    found = find_spec("nilearn")  # importing nilearn would cost a second and needs scikit-learn
    path = Path(found.origin).parent / "datasets" / "data" / name if found else None
    if path is None or not path.is_file():
        raise DataError(
            f"{name} is needed to draw this set and comes with nilearn, which is not installed whole",
            "Run: pip install nilearn",
        )
    image = nibabel.load(path)
    return nibabel.Nifti1Image(np.asarray(image.dataobj), image.affine)  # unpacked once


def sample(image: Any, grid: Grid, order: int = 1) -> np.ndarray:
    """Values of a NIfTI image at the voxels of `grid`, by world coordinates; float32, 0 outside."""
    to_image = np.linalg.inv(image.affine) @ grid.affine
    data = np.asarray(image.dataobj)
    return affine_transform(data, to_image, output_shape=grid.shape, order=order, output=np.float32)


class Head:
    """The head, to be drawn on any grid: arrays [column, row, slice] of float32.

    Distances are worked out once, on a coarse grid; they are smooth, so nothing is lost.
    """

    def __init__(self):
        self._template = {name: template(name) for name in ("t1", "gm", "wm")}
        self._hull = _hull(self._template["t1"])
        round_it = self._hull - _SKULL - _SCALP
        self._skin = np.minimum(outline.head(_COARSE.coordinates()), round_it)

    def skin(self, grid: Grid) -> np.ndarray:
        """mm to the skin, negative inside."""
        return _refine(self._skin, grid)

    def hull(self, grid: Grid) -> np.ndarray:
        """mm to the smooth hull of brain and spinal cord, negative inside."""
        return _refine(self._hull, grid)

    def airway(self, grid: Grid) -> np.ndarray:
        """Mask of the air in nose and throat."""
        air = np.zeros(grid.shape, bool)
        for centre, half_axes in _AIRWAY:
            box, xyz = _around(grid, centre, half_axes)
            air[box] |= outline.ellipsoid(xyz, centre, half_axes) < 0
        return air

    def tissue(self, name: str, grid: Grid) -> np.ndarray:
        """The template's "t1", or the share of "gm" or "wm" in each voxel, 0..1."""
        return sample(self._template[name], grid) / 255


def _hull(t1):
    """Distance to the brain with its furrows closed and a cord below it, on the coarse grid."""
    x, y, z = _COARSE.coordinates()
    (cord_x, cord_y, top), radius = _CORD
    inside = sample(t1, _COARSE) > 40
    inside |= (np.hypot(x - cord_x, y - cord_y) < radius) & (z < top)
    step, furrow = _COARSE.spacing[0], 12.0
    wide = distance_transform_edt(~inside) * step < furrow
    closed = distance_transform_edt(wide) * step > furrow
    distance = distance_transform_edt(~closed) - distance_transform_edt(closed)
    return gaussian_filter((distance * step).astype(np.float32), 1.5)


def _refine(field, grid):
    """A field of the coarse grid on a finer one; far outside it is far outside the head."""
    to_coarse = np.linalg.inv(_COARSE.affine) @ grid.affine
    return affine_transform(
        field, to_coarse, output_shape=grid.shape, order=1, mode="nearest", output=np.float32
    )


def capsule(
    grid: Grid, centre: Sequence[float], half_length: float, radius: float
) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """How much of each voxel a capsule along y fills, 0..1, its edge softened over one mm.

    centre : RAS+ mm
    returns : box (three slices into the grid) and the filling inside it
    """
    reach = np.array((0, half_length, 0)) + radius + 1
    box, (x, y, z) = _around(grid, centre, reach)
    along = np.maximum(np.abs(y - centre[1]) - half_length, 0)
    distance = np.sqrt((x - centre[0]) ** 2 + along**2 + (z - centre[2]) ** 2)
    return box, np.clip(0.5 + radius - distance, 0, 1)


def _around(grid, centre, reach):
    """The part of a grid within `reach` mm (x, y, z) of a point: its slices, its x, y, z."""
    corners = np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T * np.asarray(reach)
    ijk = apply_affine(np.linalg.inv(grid.affine), np.asarray(centre) + corners)
    low = np.clip(np.floor(ijk.min(0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(ijk.max(0)) + 1, 0, grid.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return box, np.moveaxis(grid.world(np.stack(np.mgrid[box], axis=-1)), -1, 0)
