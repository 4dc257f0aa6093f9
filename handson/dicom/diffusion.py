"""Diffusion weightings and directions of the volumes of a series.

PS3.3 C.8.13.5.9 states directions in the patient (LPS), and so do Siemens' and Philips' private
elements. GE's stand in the image's own axes, phase and frequency exchanged where the phase runs along
a row; the signs are those that dcm2niix found to be right for axial slices.
"""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from . import header as vendor
from .arrange import Stack
from .elements import private, text, texts
from .geometry import LPS_TO_RAS, normal
from .keys import Key
from .mixtures import shared

# GE scales the direction instead of the weighting where several weightings share one: |g| < 1.
_SCALED = (0.03, 0.97)


@dataclass(frozen=True, slots=True)
class Gradients:
    """b_values : s/mm2 of each volume; b_vectors : (n, 3) RAS+ unit vectors; notes about both."""

    b_values: tuple | None = None
    b_vectors: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def gradients(stack: Stack, header: Dataset) -> Gradients:
    """The weighting and direction of every volume, None for what the files do not state of each.

    header : the whole header of the first file
    """
    values = [shared(volume, Key.B_VALUE) for volume in stack.volumes]
    if None in values:
        looks_so = _looks_like_diffusion(header)
        told = (
            "This looks like a diffusion series, and its headers state no b-value for every volume."
        )
        return Gradients(notes=(told,) * looks_so)
    if not any(values) and (len(values) == 1 or not _looks_like_diffusion(header)):
        return Gradients()  # b = 0 stands in many headers that have nothing to do with diffusion
    if not all(map(_of_one_direction, stack.volumes)):
        return Gradients(tuple(map(float, values)))
    firsts = [volume[0] for volume in stack.volumes]
    directions = np.array([frame.keys.get(Key.DIRECTION) or (0, 0, 0) for frame in firsts], float)
    lengths = np.linalg.norm(directions, axis=1)
    if _in_image_axes(header):
        values = [_unscaled(b, length) for b, length in zip(values, lengths, strict=True)]
        axes = _ge_axes(stack.first.orientation, header)
        if axes is None:
            told = (
                "GE states gradient directions in image axes; only those of axial slices are known."
            )
            return Gradients(tuple(map(float, values)), None, (told,))
    else:
        axes = np.eye(3)
    weighted = (np.array(values) > 0) & (lengths > 0)
    if not weighted.any():
        return Gradients(tuple(map(float, values)))
    world = directions @ axes @ LPS_TO_RAS[:3, :3]
    vectors = np.where(weighted[:, None], world / np.where(lengths > 0, lengths, 1)[:, None], 0.0)
    return Gradients(tuple(map(float, values)), vectors + 0.0)


def _of_one_direction(volume) -> bool:
    return len({frame.keys.get(Key.DIRECTION) for frame in volume}) == 1


def _looks_like_diffusion(header) -> bool:
    words = {*texts(header, "ImageType"), *texts(header, "AcquisitionContrast")}
    return "DIFFUSION" in words or "ep_b" in text(header, "SequenceName")


def _in_image_axes(header) -> bool:
    if "DiffusionGradientOrientation" in header:
        return False
    return private(header, vendor.GE_ACQUISITION, 0x0019, 0xBB) is not None


def _unscaled(b_value, length) -> float:
    if not _SCALED[0] < length < _SCALED[1]:
        return b_value
    return max(5.0, round(b_value * length**2 / 5) * 5.0) if b_value > 0 else b_value


def _ge_axes(orientation, header) -> np.ndarray | None:
    """(3, 3): the LPS vectors of GE's three components, or None where they are not certain."""
    if orientation is None:
        return None
    row, column = np.reshape(orientation, (2, 3))
    through = normal(orientation)
    phase = text(header, "InPlanePhaseEncodingDirection")[:1]
    if abs(through).argmax() != 2 or through[2] < 0 or phase not in ("R", "C"):
        return None
    if phase == "C":
        return np.array([-row, -column, through])
    return np.array([column, -row, through])
