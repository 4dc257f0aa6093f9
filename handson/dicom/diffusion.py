"""Diffusion weightings and directions of the volumes of a stack (PS3.3 C.8.13.5.9, and vendors' own)."""

import numpy as np

from .geometry import LPS_TO_RAS
from .keys import Key


def gradients(stack):
    """b-values in s/mm2 and unit vectors in RAS+ world axes, one of each for every volume.

    returns : (b_values, b_vectors), None for what the files do not state for every volume
    """
    values = [volume[0].keys.get(Key.B_VALUE) for volume in stack.volumes]
    if None in values:
        return None, None
    return tuple(map(float, values)), None


__all__ = ["LPS_TO_RAS", "gradients", "np"]
