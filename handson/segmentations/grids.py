"""Whether two grids share their voxels, and how an index of one becomes an index of the other.

A mask may be stored mirrored or with its axes in another order than the image and still lie on the
image's own voxels; then it is carried over exactly, by index, and the index comes from millimetres.
Where voxels do not coincide nothing is rounded: that is resampling, and it has to be asked for.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from nibabel.affines import apply_affine

from ..errors import GeometryError
from ..volume import Volume

# A voxel centre may lie this far from one of the other grid, in voxels: numbers in headers are rounded.
CLOSE = 0.1


def lattice_map(affine: np.ndarray, shape: Sequence[int], grid: Volume) -> np.ndarray | None:
    """The (4, 4) matrix of whole numbers that takes an index on one grid to the index on `grid`.

    affine, shape : of the other grid, voxel -> RAS+ mm; an axis of length 1 has no direction
    returns : None when the voxel centres do not coincide, in spacing, direction or place
    """
    exact = np.linalg.inv(grid.affine) @ affine
    long = np.array(shape[:3]) > 1
    whole = np.rint(exact)
    whole[:3, :3][:, ~long] = 0
    used = np.abs(whole[:3, :3][:, long])
    if not ((used.sum(axis=0) == 1).all() and (used.sum(axis=1) <= 1).all()):
        return None
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in shape[:3]]), axis=-1).reshape(-1, 3)
    off = apply_affine(exact, corners) - apply_affine(whole, corners)
    return whole if np.abs(off).max() <= CLOSE else None


def same_lattice(a: Volume, b: Volume) -> bool:
    """Same shape, and each voxel at the same place under the same index."""
    whole = lattice_map(a.affine, a.shape, b)
    if a.shape[:3] != b.shape[:3] or whole is None:
        return False
    expected = np.eye(4)
    expected[:3, :3][:, np.array(a.shape[:3]) == 1] = 0
    return np.array_equal(whole, expected)


def carry(volume: Volume, grid: Volume, title: str = "the mask") -> Volume | None:
    """A volume written anew on `grid`, voxel by voxel; None when the voxels do not coincide.

    raises : GeometryError when a value other than 0 would fall outside
    """
    if same_lattice(volume, grid):
        return on(grid, volume.data)
    whole = lattice_map(volume.affine, volume.shape, grid)
    if whole is None:
        return None
    ijk = np.argwhere(volume.data)
    there = apply_affine(whole, ijk).astype(int)
    check_inside(there, grid, title)
    data = np.zeros(grid.shape[:3], volume.data.dtype)
    data[tuple(there.T)] = volume.data[tuple(ijk.T)]
    return on(grid, data)


def check_inside(ijk: np.ndarray, grid: Volume, title: str) -> None:
    """Refuse to lose a part: ijk (n, 3) must lie on the grid."""
    outside = ((ijk < 0) | (ijk >= grid.shape[:3])).any(axis=-1)
    if outside.any():
        raise GeometryError(
            f"{outside.sum()} of the {len(ijk)} voxels of {title} lie outside the image",
            "Pass the whole image as like=, or read the segmentation without like=.",
        )


def on(grid: Volume, data: np.ndarray) -> Volume:
    """Data on the voxels of `grid`, without what `grid` says of its own values."""
    return Volume(
        data,
        grid.affine,
        modality="SEG" if grid.modality else "",
        oriented=grid.oriented,
        frame_of_reference=grid.frame_of_reference,
        scale=grid.scale,
    )


def resampled(volume: Volume, grid: Volume) -> Volume:
    """A mask at the voxel centres of another grid: nearest for bool, linear for shares, 0 outside."""
    if volume.data.dtype != bool:
        return on(grid, volume.resample_like(grid, order=1, fill=0).data)
    numbers = replace(volume, data=volume.data.astype(np.uint8))
    nearest = numbers.resample_like(grid, order=0, fill=0)
    return on(grid, nearest.data.astype(bool))


def check_placed(grid: Volume, what: str) -> None:
    """Refuse a grid that no file places in the patient: a mask cannot be put on it by millimetres."""
    if not grid.oriented or grid.scale != "mm":
        raise GeometryError(
            f"{what} states no place in the patient", "Pass the image that was segmented."
        )


def check_frame(uid: str, grid: Volume, what: str) -> list[str]:
    """Refuse two frames of reference; say it when one of them is not stated.

    returns : notes
    """
    if uid and grid.frame_of_reference and uid != grid.frame_of_reference:
        raise GeometryError(
            f"{what} counts its millimetres in another frame of reference than the image "
            f"({_short(uid)}, not {_short(grid.frame_of_reference)})",
            "Pass the image that was segmented; or register the two images first.",
        )
    if uid and not grid.frame_of_reference:
        return [
            "The image states no frame of reference: that both count from one place is assumed."
        ]
    return []


def _short(uid: str) -> str:
    return uid if len(uid) <= 20 else f"...{uid[-16:]}"
