"""From slice positions to one affine, or to the list of what is wrong with them.

DICOM's millimetres are LPS+, this package's are RAS+: x and y change sign here and nowhere else.
PS3.3 C.7.6.2.1.1 has the plane equation; the step from slice to slice always comes from positions,
never from SliceThickness.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import GeometryError
from .frame import Frame

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# A slice may lie this far from its place on the even grid: in mm, or as a share of the step; in
# micro-CT, whose steps may be shorter than the first, never by more than the last share.
TOLERANCE_MM, TOLERANCE_STEP, TOLERANCE_MOST = 0.02, 0.02, 0.25


def normal(orientation: Sequence[float] | None) -> np.ndarray:
    """Unit vector row x column, the direction in which slices ascend (PS3.3 C.7.6.2.1.1).

    raises : GeometryError when the cosines are not two unit vectors at a right angle
    """
    row, column = np.reshape(np.array(orientation, float), (2, 3))
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(row @ column) > 1e-3 or max(abs(1 - n) for n in lengths) > 1e-3:
        raise GeometryError(
            f"ImageOrientationPatient {(*row.tolist(), *column.tolist())} is not two unit vectors at a right angle",
            "The header is damaged; read single slices with read_slice.",
        )
    cross = np.cross(row, column)
    return cross / np.linalg.norm(cross)


def frame_affine(frame: Frame, step: np.ndarray | None = None) -> np.ndarray | None:
    """Affine [column, row, slice] -> RAS+ mm of one frame, None when it states no place.

    step : (3,) LPS mm from this slice to the next; by default 1 mm along the normal
    """
    if not (frame.position and frame.orientation and frame.spacing):
        return None
    if step is None:
        step = normal(frame.orientation)
    row, column = np.reshape(frame.orientation, (2, 3))
    between_rows, between_columns = frame.spacing
    affine = np.eye(4)
    affine[:3, 0] = row * between_columns
    affine[:3, 1] = column * between_rows
    affine[:3, 2] = step
    affine[:3, 3] = frame.position
    return LPS_TO_RAS @ affine


@dataclass(frozen=True, slots=True)
class Spacing:
    """How slices lie along their normal.

    step : (3,) LPS mm from first to last slice over N - 1
    typical : median distance along the normal, mm
    gaps : ((index, mm), ...): the slice `index` is so far from the one before, where it should be `typical`
    drift : mm by which slices leave the straight line from first to last
    """

    step: np.ndarray
    typical: float
    gaps: tuple
    drift: float

    @property
    def even(self) -> bool:
        return not self.gaps and self.drift <= tolerance(self.typical)


def tolerance(step: float) -> float:
    return min(max(TOLERANCE_MM, TOLERANCE_STEP * step), TOLERANCE_MOST * step)


def spacing_of(positions: ArrayLike, direction: np.ndarray) -> Spacing:
    """Judge positions that ascend along `direction`: (N, 3) LPS mm, N >= 2."""
    positions = np.asarray(positions, float)
    gaps = np.diff(positions @ direction)
    typical = float(np.median(gaps))
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    uneven = tuple(
        (int(k) + 1, float(g)) for k, g in enumerate(gaps) if abs(g - typical) > tolerance(typical)
    )
    ideal = positions[0] + np.arange(len(positions))[:, None] * step
    drift = float(np.linalg.norm(positions - ideal, axis=1).max())
    return Spacing(step, typical, uneven, drift)


def tilt_degrees(spacing: Spacing | None, frame: Frame) -> float:
    """Angle between the way from slice to slice and the normal: the tilt of the gantry."""
    if spacing is None:
        return 0.0
    along = spacing.step @ normal(frame.orientation)
    return float(np.rad2deg(np.arccos(np.clip(along / np.linalg.norm(spacing.step), -1, 1))))


def resample_even(
    data: np.ndarray, affine: np.ndarray, positions: ArrayLike, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slices at uneven distances -> an even grid from the first to the last, linear in between.

    data : [column, row, slice(, time)]
    positions, direction : (N, 3) LPS mm, ascending along the unit vector `direction`
    returns : float32 (or float64) data with more or fewer slices, and its affine
    """
    along = np.asarray(positions, float) @ direction
    count = round((along[-1] - along[0]) / float(np.median(np.diff(along)))) + 1
    wanted = np.linspace(along[0], along[-1], count)
    below = np.clip(np.searchsorted(along, wanted, side="right") - 1, 0, len(along) - 2)
    share = (wanted - along[below]) / (along[below + 1] - along[below])
    dtype = np.result_type(data.dtype, np.float32)
    out = np.empty((*data.shape[:2], count, *data.shape[3:]), dtype)
    for k, (low, part) in enumerate(zip(below, share, strict=True)):
        out[:, :, k] = data[:, :, low] * (1 - part) + data[:, :, low + 1] * part
    affine = affine.copy()
    affine[:3, 2] *= (len(along) - 1) / (count - 1)
    return out, affine
