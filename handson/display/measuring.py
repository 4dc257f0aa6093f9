"""What a ruler and a region say, from the volume's own values and in its own millimetres."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ViewError
from ..volume import Volume

Voxels = Sequence[Sequence[int]]  # two opposite corners, (i, j, k) each, both inside


def length(ruler: Sequence[Sequence[float]]) -> float:
    """mm between the two ends of a ruler, (x, y, z) each."""
    return float(np.linalg.norm(np.subtract(ruler[0], ruler[1])))


def values_in(volume: Volume, region: Voxels) -> np.ndarray:
    """The values between two opposite voxels, both inside: [i, j, k] or [i, j, k, t]."""
    low, high = np.sort(np.array(region, int), axis=0)
    return volume.data[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))]


def mask_of(volume: Volume, plane: str, masks: Sequence[np.ndarray]) -> np.ndarray:
    """Several masks [i, j, k] as one bool array [row, column] of the stored picture; see `Viewer.region_mask`."""
    drawn = np.any(masks, axis=0)
    if not drawn.any() or volume.layout(plane).axis != 2:
        raise ViewError(
            "no region is drawn in the plane of the stored pictures",
            "Draw one there: buttons Region or Brush, or viewer.region = ((i, j, k), (i, j, k)).",
        )
    return np.asarray(drawn.any(axis=2)).T


def runs_of(mask: ArrayLike, shape: Sequence[int]) -> tuple[int, ...]:
    """A bool array [i, j, k] as runs (first, length, ...) of its voxels in Fortran order."""
    mask = np.asarray(mask)
    if mask.shape != tuple(shape):
        raise ViewError(
            f"a mask of shape {mask.shape} does not fit the volume {tuple(shape)}",
            "Give a bool array [i, j, k] on the volume's own grid.",
        )
    edges = np.flatnonzero(np.diff(np.pad(mask.astype(bool).ravel(order="F"), 1).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    return tuple(np.column_stack([starts, ends - starts]).ravel().tolist())


def mask_of_runs(runs: Sequence[int], shape: Sequence[int]) -> np.ndarray:
    """The other way round: bool [i, j, k]."""
    mask = np.zeros(int(np.prod(shape)), bool)
    for first, length in zip(runs[::2], runs[1::2], strict=True):
        mask[first : first + length] = True
    return mask.reshape(shape, order="F")


def statistics(volume: Volume, plane: str, values: np.ndarray, time: int = 0) -> dict[str, float]:
    """What a region holds.

    values : of the region, [..., t] in a series in time
    returns : {"n", "mean", "sd" (dividing by n - 1), "low", "high", "area": mm2 in the plane, "volume": mm3}.
        NaN and infinite values count in n, area and volume only; what they leave unknown is NaN
    """
    values = (values[..., time] if volume.n_volumes > 1 else values).astype(float)
    finite = values[np.isfinite(values)]
    layout, matrix = volume.layout(plane), volume.affine[:3, :3]
    face = np.linalg.norm(np.cross(matrix[:, layout.horizontal], matrix[:, layout.vertical]))
    return {
        "n": values.size,
        "mean": finite.mean() if finite.size else np.nan,
        "sd": finite.std(ddof=1) if finite.size > 1 else np.nan,
        "low": finite.min() if finite.size else np.nan,
        "high": finite.max() if finite.size else np.nan,
        "area": float(values.size * face),
        "volume": values.size * volume.voxel_volume,
    }
