"""The skin of a head that is nobody's: ellipsoids with a nose, ears, a chin and a neck, melted together.

Stands on NumPy only. Coordinates are RAS+ mm around the anterior commissure, so the outline fits around
the MNI brain. Values are about the distance in mm to the skin, negative inside; not exact far away.
"""

from collections.abc import Sequence

import numpy as np

Coordinates = Sequence[np.ndarray] | np.ndarray  # x, y, z, which broadcast against each other
# Centre and half axes, RAS+ mm.
_CRANIUM = (0, -16, 6), (83, 105, 89)
_FACE = (0, 38, -62), (60, 46, 72)
_CHIN = (0, 62, -112), (26, 24, 22)
_NECK = (0, -34, -120), (54, 56, 95)
_NOSE = (0, 88, -44), (13, 27, 22)
_BRIDGE = (0, 84, -26), (8, 12, 26)
_EARS = ((-82, -20, -32), (9, 18, 30)), ((82, -20, -32), (9, 18, 30))

EARS_MM = tuple(centre for centre, _ in _EARS)
NOSE_TIP_MM = (0.0, 115.0, -44.0)
# Everything in front of this plane and below that one is face, and no brain.
FACE_BOX_MM = {"y_from": 70.0, "z_to": -12.0}


def ellipsoid(xyz: Coordinates, centre: Sequence[float], half_axes: Sequence[float]) -> np.ndarray:
    """About the distance in mm to an ellipsoid's surface, negative inside."""
    radius = sum(((p - c) / h) ** 2 for p, c, h in zip(xyz, centre, half_axes, strict=True))
    return (np.sqrt(radius) - 1) * min(half_axes)


def melt(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    """Union of two shapes whose seam is rounded over `width` mm (polynomial smooth minimum)."""
    overlap = np.clip(1 - np.abs(a - b) / width, 0, 1)
    return np.minimum(a, b) - overlap**2 * width / 4


def head(xyz: Coordinates) -> np.ndarray:
    """Distance to the skin of the whole head.

    xyz : three arrays that broadcast against each other, RAS+ mm
    returns : float array, negative inside
    """
    skin = ellipsoid(xyz, *_CRANIUM)
    for shape, width in ((_FACE, 25), (_CHIN, 20), (_NECK, 15), (_NOSE, 8), (_BRIDGE, 10)):
        skin = melt(skin, ellipsoid(xyz, *shape), width)
    for ear in _EARS:
        skin = melt(skin, ellipsoid(xyz, *ear), 4)
    return skin
