"""De-facing: cut the face off a NIfTI head volume along one plane in front of the brain.

The plane is Quickshear's (Schimke and Hale, HealthSec 2011): the edge of the brain's convex hull, seen
from the side, that faces forward and down, moved away from the brain. It needs a brain mask and nothing
else. Whether a volume may show a face is decided in `faces`.
"""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, io_orientation, ornt_transform

from ..errors import DeidentifyError


def deface(
    image: str | Path, output: str | Path, brain_mask: str | Path, distance: float = 10
) -> Path:
    """Write a copy of a NIfTI head volume without its face.

    image : NIfTI file with three axes, or four with time as the last
    output : new file
    brain_mask : NIfTI file on the same grid, not zero in the brain (from any skull-stripping tool)
    distance : voxels between the brain and the cutting plane
    returns : output
    raises : DeidentifyError when the output exists or the two files do not fit

    Voxels in front of the plane become 0, or the image's least value where that is below 0 (CT).
    Look at the result: a plane cannot know where a nose ends.
    """
    if Path(output).exists():
        raise DeidentifyError("exists already", "Choose another name.", path=output)
    anatomy: Any = nibabel.load(image)
    mask: Any = nibabel.load(brain_mask)
    if anatomy.shape[:3] != mask.shape or not np.allclose(anatomy.affine, mask.affine, atol=1e-3):
        raise DeidentifyError(
            "The mask and the image are not on one grid", "Resample the mask first."
        )
    face = in_front_of(np.asanyarray(mask.dataobj) != 0, mask.affine, distance, brain_mask)
    data = np.asanyarray(anatomy.dataobj).copy()
    data[face] = min(0, data.min())
    part = Path(output).with_name(".part-" + Path(output).name)
    nibabel.save(anatomy.__class__(data, anatomy.affine, anatomy.header), part)
    part.rename(output)
    return Path(output)


def in_front_of(
    brain: np.ndarray, affine: np.ndarray, distance: float, path: str | Path | None = None
) -> np.ndarray:
    """The voxels in front of and below the plane, which hold the face.

    brain : bool [i, j, k], True in the brain
    affine : (4, 4) voxel -> RAS+ mm
    distance : voxels between the brain and the plane
    returns : bool array of the same shape
    raises : DeidentifyError when the mask is empty or too thin to have a front
    """
    shown = io_orientation(affine)
    to_lps = ornt_transform(shown, [[0, 1], [1, -1], [2, 1]])  # j grows to the back, k upward
    profile = apply_orientation(brain, to_lps).any(axis=0)
    outline = _lower_front(np.argwhere(profile))
    if len(outline) < 2:
        raise DeidentifyError(
            "The brain mask is empty or too thin to cut along", "Make it again.", path=path
        )
    (back, up), (next_back, next_up) = outline[:2]
    slope = (next_up - up) / (next_back - back)
    j, k = np.indices(profile.shape)
    below = k < up + slope * (j - back) - distance
    face = np.broadcast_to(below, apply_orientation(brain, to_lps).shape)
    return apply_orientation(face, ornt_transform([[0, 1], [1, -1], [2, 1]], shown))


def _lower_front(points: np.ndarray) -> list[tuple[int, int]]:
    """Lower half of the convex hull, from the front (Andrew's monotone chain).

    points : (n, 2), sorted: position from the front, height
    """
    hull: list[tuple[int, int]] = []
    for x, y in points.tolist():
        while len(hull) >= 2:
            (ax, ay), (bx, by) = hull[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            hull.pop()
        if not hull or x > hull[-1][0]:
            hull.append((x, y))
    return hull
