"""Where the voxels of a phantom lie: shape and affine, made from anatomical directions.

Stands on NumPy and nibabel's orientation codes. Nothing here knows a file format; the truth of every
generated set's geometry is a `Grid`, and DICOM positions and NIfTI affines are both written from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from nibabel.affines import apply_affine, from_matvec
from numpy.typing import ArrayLike

_TOWARD = {
    letter: sign * np.eye(3)[axis]
    for axis, letters in enumerate(("RL", "AP", "SI"))
    for letter, sign in zip(letters, (1.0, -1.0), strict=True)
}
# The array directions a scanner stores, (column index, row index, slice index) grow toward; the
# slices ascend along row x column as PS3.3 C.7.6.2.1.1 defines the two directions.
AXIAL, CORONAL, SAGITTAL = "LPS", "LIP", "PIR"


@dataclass(frozen=True)
class Grid:
    """Voxel centres in the patient.

    shape : (columns, rows, slices)
    affine : (4, 4) [column, row, slice] -> RAS+ mm
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    @classmethod
    def around(
        cls,
        centre: ArrayLike,
        shape: tuple[int, int, int],
        spacing: ArrayLike,
        toward: str,
        turn: np.ndarray | None = None,
    ) -> "Grid":
        """Grid whose middle is at `centre`.

        centre : RAS+ mm of the middle, between two voxels when a shape is even
        spacing : mm from column to column, row to row, slice to slice
        toward : three letters, where the indices grow to: AXIAL, CORONAL, SAGITTAL
        turn : (3, 3) rotation in RAS applied to the directions, None for a straight grid
        """
        directions = np.column_stack([_TOWARD[letter] for letter in toward])
        matrix = (np.eye(3) if turn is None else turn) @ directions * spacing
        return cls(shape, from_matvec(matrix, centre - matrix @ ((np.array(shape) - 1) / 2)))

    @property
    def spacing(self) -> np.ndarray:
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    def world(self, ijk: ArrayLike) -> np.ndarray:
        """[column, row, slice] (..., 3) -> RAS+ mm (..., 3)."""
        return apply_affine(self.affine, ijk)

    def slabs(self, thickness: int) -> Iterator[tuple[slice, "Grid"]]:
        """The grid cut along its slices, to be drawn piece by piece in little memory.

        yields : (slice object for the last array axis, Grid of these slices)
        """
        for first in range(0, self.shape[2], thickness):
            last = min(first + thickness, self.shape[2])
            affine = self.affine.copy()
            affine[:3, 3] = self.world((0, 0, first))
            yield slice(first, last), Grid((*self.shape[:2], last - first), affine)

    def coordinates(self) -> tuple[np.ndarray, ...]:
        """x, y, z of every voxel, RAS+ mm: three float32 arrays of the grid's shape."""
        i, j, k = np.ogrid[tuple(slice(n) for n in self.shape)]
        rows = self.affine[:3].astype(np.float32)
        return tuple(a * i + b * j + c * k + d for a, b, c, d in rows)


def rotation(axis: int, degrees: float) -> np.ndarray:
    """(3, 3) right-handed rotation about the world axis 0, 1 or 2, RAS+."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(np.deg2rad(degrees))
    matrix[b, a] = np.sin(np.deg2rad(degrees))
    matrix[a, b] = -matrix[b, a]
    return matrix
