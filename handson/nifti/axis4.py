"""What axis 4 counts: seconds, diffusion weightings, or something that the file does not say.

`pixdim[4]` and `xyzt_units` of the header tell seconds (nifti1.h); a `.bval` file beside the image
tells diffusion weightings, and its `.bvec` the directions (FSL's convention).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ..errors import WriteError
from ..volume import Volume
from .header import HeaderBytes

_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}  # xyzt_units & 56
_NOT_TIME = {32: "Hz", 40: "ppm", 48: "rad/s"}
# Intents whose values belong along axis 5 (nifti1.h): matrices, vectors, points, triangles, quaternions, colours.
_COMPONENTS = {*range(1004, 1011), 2003, 2004}
_DOUBTFUL_SECONDS = 100  # a longer step is rare, and milliseconds stored as seconds are not


@dataclass(frozen=True)
class Axis4:
    """The fields of `Volume` that describe axis 4, for the volumes that were asked for."""

    time_step: float | None = None
    times: tuple | None = None
    b_values: tuple | None = None
    b_vectors: np.ndarray | None = None


def axis4_of(
    stored: HeaderBytes,
    path: Path,
    affine: np.ndarray,
    count: int,
    wanted: Sequence[int],
    notes: list[str],
) -> Axis4:
    """Name axis 4.

    stored : `HeaderBytes`
    path : the image without the suffixes of NIfTI
    affine : (4, 4) voxel -> RAS+ mm
    count : volumes in the file; wanted : the numbers of those that were read
    """
    if path.with_name(f"{path.name}.bval").exists():
        notes.append("Axis 4 counts diffusion weightings (a .bval file lies beside it), not time.")
        return _weightings(path, affine, count, list(wanted), notes)
    step = _step(stored, notes)
    if step is None:
        return Axis4()
    strides = set(np.diff(wanted).tolist())
    if len(strides) <= 1 and min(strides, default=1) > 0:
        return Axis4(time_step=step * min(strides, default=1))
    return Axis4(times=tuple((float((n - wanted[0]) * step), None) for n in wanted))


def _step(stored, notes) -> float | None:
    """Seconds from volume to volume; None where axis 4 is not time or the file is silent."""
    if stored["intent_code"] in _COMPONENTS and stored["dim"][0] < 5:
        notes.append("Its intent is a vector or matrix: axis 4 may count components, not time.")
        return None
    unit, step = stored["xyzt_units"] & 56, stored["pixdim"][4]
    if unit in _NOT_TIME:
        notes.append(f"Its axis 4 counts {_NOT_TIME[unit]}, not time.")
    if unit not in _SECONDS or not np.isfinite(step) or step <= 0:
        return None
    seconds = float(str(np.float32(step))) * _SECONDS[unit]  # 2.2, not 2.2000000477
    if seconds > _DOUBTFUL_SECONDS:
        notes.append(
            f"Its header states {seconds:g} s from volume to volume. If it should be "
            f"{seconds / 1000:g} s, milliseconds were stored as seconds: check with the protocol."
        )
    return seconds


def _weightings(path, affine, count, wanted, notes) -> Axis4:
    values = _table(path, ".bval", 1, count, notes)
    if values is None:
        return Axis4()
    vectors = _table(path, ".bvec", 3, count, notes)
    if vectors is not None:
        vectors = (_fsl_to_world(affine) @ vectors).T[wanted]
    return Axis4(b_values=tuple(values[0, wanted].tolist()), b_vectors=vectors)


def _table(path, suffix, rows, count, notes) -> np.ndarray | None:
    """[rows, count] numbers of a .bval or .bvec file; None, and a note, when they do not fit."""
    file = path.with_name(path.name + suffix)
    if not file.exists():
        return None
    try:
        found = np.loadtxt(file, ndmin=2)
    except (OSError, ValueError):
        found = np.empty((0, 0))
    if found.shape == (count, rows) != (rows, count):  # a column instead of a row
        found = found.T
    if found.shape == (rows, count) and np.isfinite(found).all():
        return found
    notes.append(
        f"The {suffix} file beside it does not hold {rows} x {count} numbers: it was not used."
    )
    return None


def _fsl_to_world(affine) -> np.ndarray:
    """(3, 3) matrix from FSL's gradient axes to RAS+ world axes; its transpose leads back.

    A .bvec file counts along the image's own axes, its x reversed where the affine has a positive
    determinant (FSL's "radiological" storage).
    """
    left, _, right = np.linalg.svd(np.asarray(affine, float)[:3, :3])
    rotation = left @ right  # the nearest rotation (or reflection), should the affine be sheared
    return rotation @ np.diag([-1.0 if np.linalg.det(rotation) > 0 else 1.0, 1.0, 1.0])


def write_gradients(volume: Volume, path: str | PathLike[str]) -> list[Path]:
    """Write .bval and .bvec beside an image, in the axes of the image (FSL's convention).

    volume : with `b_values`, and `b_vectors` in RAS+ world axes where the directions are known
    path : of the image without the suffixes of NIfTI
    returns : the paths written: none without b-values, the .bval alone without directions
    raises : WriteError
    """
    if volume.b_values is None:
        return []
    path = Path(path)
    tables = {".bval": np.array([volume.b_values])}
    if volume.b_vectors is not None:
        tables[".bvec"] = (volume.b_vectors @ _fsl_to_world(volume.affine)).T
    written = []
    for suffix, table in tables.items():
        file = path.with_name(path.name + suffix)
        lines = [" ".join(f"{value + 0.0:.6g}" for value in row) for row in table]
        try:
            file.write_text("\n".join(lines) + "\n", encoding="ascii")
        except OSError as error:
            raise WriteError(
                f"cannot be written ({error.strerror or error})",
                "Check the folder and the space on the drive.",
                path=file,
            ) from None
        written.append(file)
    return written
