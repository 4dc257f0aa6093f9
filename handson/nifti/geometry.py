"""Where the voxels are: sform, qform and what is done when neither can be used.

Stands on nibabel's quaternions. nifti1.h calls the three ways methods 1 (no transform), 2 (qform)
and 3 (sform).
"""

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine, from_matvec

from .header import HeaderBytes

_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units & 7: unknown, metre, mm, micron
_ROUNDING = 2e-3  # rad: what the quaternion's 32-bit floats may lose


def affine_of(
    stored: HeaderBytes, header: nib.Nifti1Header, grid: tuple[int, int, int], notes: list[str]
) -> tuple[np.ndarray, bool, str]:
    """Find the affine, whether the file states the patient's sides, and whether it states distances.

    returns : (4, 4) voxel -> RAS+ mm; oriented; `Volume.scale`

    stored, header : `HeaderBytes` and nibabel's header over the same bytes
    """
    candidates = {}
    if stored["sform_code"] > 0:
        candidates["sform"] = np.array(header.get_sform(), float)
    if stored["qform_code"] > 0:
        candidates["qform"] = _qform(stored, header, notes)
    usable = {name: affine for name, affine in candidates.items() if _usable(affine)}
    notes += [f"Its {n} is singular or absurd: not used." for n in candidates if n not in usable]
    to_mm = _mm(stored, notes)
    if len(usable) == 2:
        _compare(usable["sform"], usable["qform"], grid, to_mm, notes)
    known = "sform" in usable or _states_steps(stored, grid)
    if usable:
        scale = "mm" if known else "none"
        return np.diag([to_mm] * 3 + [1]) @ next(iter(usable.values())), True, scale
    notes.append("It does not state which side of the patient is which.")
    scale = "mm" if known and stored["xyzt_units"] & 7 else "none"  # numbers without a unit
    return np.diag([to_mm] * 3 + [1]) @ _fallback(stored, grid, notes), False, scale


def _mm(stored, notes):
    code = stored["xyzt_units"] & 7
    if code in (1, 3):
        notes.append(
            f"Its lengths are stored in {'metres' if code == 1 else 'microns'}: now in mm."
        )
    elif code not in _MM:
        notes.append(f"Its unit of length, code {code}, is not defined: taken as mm.")
    return _MM.get(code, 1.0)


def _usable(affine):
    """Whether every voxel has a place of its own, at a distance that an image can have."""
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
    near = np.abs(affine[:3, 3]) < 1e9
    if not (np.isfinite(affine).all() and _plausible(lengths).all() and near.all()):
        return False
    return abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-6


def _plausible(lengths):
    """Between a nanometre and a kilometre, whatever the unit: the rest is damage (or NaN)."""
    return (lengths > 1e-9) & (lengths < 1e9)


def _steps(stored, notes):
    """pixdim[1..3] made positive as nifti1_io does: the sign means nothing, and 0 is read as 1."""
    steps = np.abs(stored["pixdim"][1:4])
    absent = ~_plausible(steps)
    if absent.any():
        axes = " and ".join("ijk"[axis] for axis in np.flatnonzero(absent))
        notes.append(f"It states no usable spacing along {axes}: taken as 1.")
    return np.where(absent, 1.0, steps)


def _states_steps(stored, grid):
    """Whether pixdim holds a usable distance along every axis that has more than one voxel."""
    known = _plausible(np.abs(stored["pixdim"][1:4]))
    return bool((known | (np.array(grid) == 1)).all())


def _qform(stored, header, notes):
    """nifti1.h, method 2; not finite where the quaternion is not a rotation."""
    clean = header.copy()
    qfac = stored["pixdim"][0]
    if qfac not in (-1, 0, 1):
        notes.append(f"Its qfac (pixdim[0]) is {qfac:g}, not 1 or -1: only its sign was used.")
    clean["pixdim"][0] = -1 if qfac < 0 else 1
    clean["pixdim"][1:4] = _steps(stored, notes)
    try:
        return np.array(clean.get_qform(), float)
    except ValueError:
        return np.full((4, 4), np.nan)


def _fallback(stored, grid, notes):
    """nibabel's choice where no transform is set: x flipped, the middle of the grid at 0."""
    steps = _steps(stored, notes) * (-1, 1, 1)
    return from_matvec(np.diag(steps), -(np.array(grid) - 1) / 2 * steps)


def _compare(sform, qform, grid, to_mm, notes):
    """Say it when the two transforms put a corner of the grid at different places."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid])).reshape(3, -1).T
    apart = np.linalg.norm(
        apply_affine(sform, corners) - apply_affine(qform, corners), axis=1
    ).max()
    steps = [affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0) for affine in (sform, qform)]
    turned = (
        np.abs(steps[0] - steps[1]).max() > _ROUNDING
    )  # at 45 degrees rounding picks the letter
    sides = [nib.aff2axcodes(affine) for affine in (sform, qform)]
    if turned and sides[0] != sides[1]:
        notes.append("Its sform and qform name different sides of the patient; the sform was used.")
    elif apart > 0.1 * np.linalg.norm(sform[:3, :3], axis=0).min():
        notes.append(
            f"Its sform and qform disagree by up to {apart * to_mm:.3g} mm; the sform was used."
        )
