"""Where a volume was read from: the file and the frame behind every slice, to show or to check its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Origin:
    """The files behind a volume, found by place in the patient, so that flips and crops change nothing.

    frames : [volume][slice], each the path of a file and the number of the frame in it, from 0; None where
        the file left an empty slice out
    read_affine : (4, 4) voxel index -> RAS+ mm of the array as it was read, slices along its third axis
    affine : (4, 4) of the volume that holds this; a volume with another affine must not keep it
    """

    frames: tuple[tuple[tuple[Path, int] | None, ...], ...]
    read_affine: np.ndarray
    affine: np.ndarray

    def fits(self, affine: np.ndarray, n_volumes: int) -> bool:
        """Whether a volume of that place and length is still the one that was read."""
        return len(self.frames) == n_volumes and np.array_equal(affine, self.affine)

    def moved(self, affine: np.ndarray) -> Origin:
        """The same files behind an array that was flipped, cropped or sampled anew."""
        return replace(self, affine=affine)

    def chosen(self, volumes: Sequence[int]) -> Origin:
        """The same files behind some of the volumes."""
        return replace(self, frames=tuple(self.frames[n] for n in volumes))

    def slice_at(self, xyz: ArrayLike) -> float:
        """The slice in which a place lies, as a fractional index along the third axis as it was read.

        xyz : (3,) RAS+ mm
        """
        inverse = np.linalg.inv(self.read_affine)
        return float(inverse[2, :3] @ np.asarray(xyz, float) + inverse[2, 3])

    def frame(self, k: int, volume: int) -> tuple[Path, int] | None:
        """File and frame of slice k of a volume; None outside the slices."""
        slices = self.frames[volume]
        return slices[k] if 0 <= k < len(slices) else None
