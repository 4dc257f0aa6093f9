"""Left and right, up and down: the one place that decides how a plane of a volume is drawn.

The three planes, the two display conventions, the letters of the patient's directions, and the
`PlaneLayout` that turns array axes into rows and columns. Everything that draws (figures, viewer,
exports) asks here. Directions are nibabel's RAS+. This module knows arrays and affines only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from nibabel.orientations import io_orientation
from numpy.typing import ArrayLike

from .errors import GeometryError

# Plane -> the world axis that runs through its slices, and the world directions that point to the
# right and to the top of the picture. Radiological: seen from the feet, the patient's left is on
# the right. Nose to the left in sagittal, superior up, in both conventions.
PLANES: dict[str, tuple[int, tuple[int, int, int], tuple[int, int, int]]] = {
    "axial": (2, (-1, 0, 0), (0, 1, 0)),
    "coronal": (1, (-1, 0, 0), (0, 0, 1)),
    "sagittal": (0, (0, -1, 0), (0, 0, 1)),
}
CONVENTIONS = ("radiological", "neurological")
# A direction names a second axis from 3 degrees on; below, the letter would only confuse.
_LETTER_FROM = np.sin(np.deg2rad(3))


def direction_letters(direction: ArrayLike) -> str:
    """Name a direction in the patient with the letters of PS3.3 C.7.6.1.1.1, largest part first.

    direction : (3,) vector, RAS+, any length

    >>> direction_letters([0, 1, 0]), direction_letters([-0.5, 0.8, 0])
    ('A', 'AL')
    """
    vector = np.asarray(direction, float)
    unit = vector / np.linalg.norm(vector)
    order = sorted(range(3), key=lambda axis: -abs(unit[axis]))
    return "".join(
        "RAS"[a] if unit[a] > 0 else "LPI"[a] for a in order if abs(unit[a]) >= _LETTER_FROM
    )


def edge_letters(to_right: ArrayLike, to_bottom: ArrayLike) -> dict[str, str]:
    """Letters for the four edges of a picture, {"left", "right", "top", "bottom"} -> letters.

    to_right, to_bottom : (3,) directions in the patient, RAS+, in which columns and rows grow
    """
    right, bottom = np.asarray(to_right, float), np.asarray(to_bottom, float)
    toward = {"left": -right, "right": right, "top": -bottom, "bottom": bottom}
    return {edge: direction_letters(direction) for edge, direction in toward.items()}


# PS3.3 C.7.6.1.1.1 writes H and F where the three axes of the patient are written S and I.
_STATED = str.maketrans("APRLHF", "APRLSI")
_OPPOSITE = str.maketrans("APRLSI", "PALRIS")


def stated_letters(orientation: Sequence[str] | None) -> tuple[str, str]:
    """What Patient Orientation (0020,0020) says of a picture: letters that columns and rows grow to.

    orientation : two texts of the letters A P R L H F, as pydicom gives them; absent or of another
        form: nothing is known
    returns : the same two, feet and head written I and S as everywhere here; ("", "") when not known

    >>> stated_letters(["L", "F"]), stated_letters(""), stated_letters(["L", "CAUDAL"])
    (('L', 'I'), ('', ''), ('', ''))
    """
    pair = [] if orientation is None or isinstance(orientation, str) else [*map(str, orientation)]
    if len(pair) != 2 or not all(text and set(text) <= set("APRLHF") for text in pair):
        return "", ""
    return pair[0].translate(_STATED), pair[1].translate(_STATED)


def opposite(letters: str) -> str:
    """The other side: "AL" -> "PR"."""
    return letters.translate(_OPPOSITE)


@dataclass(frozen=True)
class PlaneLayout:
    """How the array planes of one orientation are drawn: the one place that decides left and right.

    axis : array axis that runs through the slices
    horizontal, vertical : array axes drawn across and down the picture
    flip_horizontal : True when the index must fall from left to right
    flip_vertical : True when the index must fall from top to bottom
    letters : {"left", "right", "top", "bottom"} -> letters of the patient; all "" if no side is known
    spacing : (vertical, horizontal) mm from pixel to pixel
    """

    plane: str
    convention: str
    axis: int
    horizontal: int
    vertical: int
    flip_horizontal: bool
    flip_vertical: bool
    letters: dict[str, str]
    spacing: tuple[float, float]

    def draw(self, section: np.ndarray) -> np.ndarray:
        """Turn a section of the data into picture order: row 0 at the top, column 0 at the left.

        section : 2-D array, the two remaining array axes in their own order, or with a last axis
            of 3 for RGB
        returns : view of the same pixels, [row, column]
        """
        picture = section if self.vertical < self.horizontal else np.swapaxes(section, 0, 1)
        return picture[:: -1 if self.flip_vertical else 1, :: -1 if self.flip_horizontal else 1]


def plane_layout(
    affine: ArrayLike, plane: str, convention: str = "radiological", oriented: bool = True
) -> PlaneLayout:
    """Decide how a plane is drawn: which array axis runs where, which way, and the four letters.

    affine : (4, 4) voxel -> RAS+ mm; oblique volumes keep their own array planes, each array axis
        standing for the world axis it is nearest to (nibabel's `io_orientation`)
    plane : "axial", "coronal" or "sagittal"
    convention : "radiological" (the patient's right at the left of the picture) or "neurological"
    oriented : False when no file says which side is which: letters stay empty and the convention
        has no effect
    raises : GeometryError for a plane or convention that does not exist
    """
    if plane not in PLANES:
        raise GeometryError(f"there is no plane {plane!r}", f"Planes are {', '.join(PLANES)}.")
    if convention not in CONVENTIONS:
        raise GeometryError(
            f"there is no display convention {convention!r}", f"It is {' or '.join(CONVENTIONS)}."
        )
    through, *directions = PLANES[plane]
    right, up = map(np.array, directions)
    if convention == "neurological" and oriented and right[0]:
        right = -right
    matrix = np.asarray(affine, float)[:3, :3]
    array_axis = {
        int(world): i for i, world in enumerate(io_orientation(np.asarray(affine, float))[:, 0])
    }
    h, v = array_axis[int(np.flatnonzero(right)[0])], array_axis[int(np.flatnonzero(up)[0])]
    flip_h, flip_v = matrix[:, h] @ right < 0, matrix[:, v] @ up > 0
    to_right, to_bottom = matrix[:, h] * (-1) ** flip_h, matrix[:, v] * (-1) ** flip_v
    unknown = dict.fromkeys(("left", "right", "top", "bottom"), "")
    return PlaneLayout(
        plane=plane,
        convention=convention,
        axis=array_axis[through],
        horizontal=h,
        vertical=v,
        flip_horizontal=bool(flip_h),
        flip_vertical=bool(flip_v),
        letters=edge_letters(to_right, to_bottom) if oriented else unknown,
        spacing=(float(np.linalg.norm(matrix[:, v])), float(np.linalg.norm(matrix[:, h]))),
    )


def picture_affine(spacing: Sequence[float]) -> np.ndarray:
    """Affine that draws an unplaced array [column, row, slice] as it is: columns right, rows down.

    spacing : (column, row, slice) mm
    returns : (4, 4) array. Use it with `oriented=False` only: it says nothing about the patient
    """
    column, row, through = spacing
    return np.diag([-column, -row, through, 1.0])
