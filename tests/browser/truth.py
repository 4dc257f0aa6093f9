"""What a picture must look like, worked out without handson: NumPy, nibabel and matplotlib's colours.

A small asymmetric phantom, stored in each of the 48 ways an array can lie in the patient, and a
reference rendering: window, colour map, layers. In the patient, with x to the Right, y to
Anterior and z to Superior, the phantom is always the same, and so must be every picture of it.
"""

from itertools import permutations, product

import matplotlib
import nibabel as nib
import numpy as np
from nibabel.orientations import (
    apply_orientation,
    axcodes2ornt,
    inv_ornt_aff,
    io_orientation,
    ornt_transform,
)

PLANES = ("axial", "coronal", "sagittal")
CONVENTIONS = ("radiological", "neurological")
# 48 = 6 orders of the axes times 2 directions for each.
ORIENTATIONS = [
    "".join(code) for order in permutations(("RL", "AP", "SI")) for code in product(*order)
]
# (left, right, top, bottom): radiological shows the patient's right at the left of the picture;
# the nose is left in sagittal under both.
LETTERS = {
    ("axial", "radiological"): "RLAP",
    ("axial", "neurological"): "LRAP",
    ("coronal", "radiological"): "RLSI",
    ("coronal", "neurological"): "LRSI",
    ("sagittal", "radiological"): "APSI",
    ("sagittal", "neurological"): "APSI",
}
SHAPE, SPACING, ORIGIN = (14, 18, 11), (2.0, 1.5, 3.0), (-40.0, -60.0, 10.0)
# The marker: right, anterior, superior of the middle, in voxels of the RAS array.
MARKER = (11, 15, 8)
MARKER_VALUE = 1000


def phantom():
    """A RAS nibabel image: no two slices alike in any plane, a bright marker, an L-shaped mark."""
    i, j, k = np.indices(SHAPE)
    data = (10 * i + 17 * j + 23 * k).astype(np.int16)
    data[2:4, 2:12, :] += 150
    data[2:9, 2:4, 4:] += 200
    data[MARKER[0] - 1 : MARKER[0] + 2, MARKER[1], MARKER[2]] = MARKER_VALUE
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = ORIGIN
    return nib.Nifti1Image(data, affine)


def mm(ijk):
    """RAS+ millimetres of a voxel of the RAS array."""
    return tuple(float(o + s * n) for o, s, n in zip(ORIGIN, SPACING, ijk, strict=True))


def stored_as(image, codes):
    """The same image with its array axes growing to `codes`, such as "LPS": nibabel does it."""
    transform = ornt_transform(io_orientation(image.affine), axcodes2ornt(codes))
    data = apply_orientation(np.asarray(image.dataobj), transform)
    affine = image.affine @ inv_ornt_aff(transform, image.shape[:3])
    assert "".join(nib.aff2axcodes(affine)) == codes
    return nib.Nifti1Image(np.ascontiguousarray(data), affine)


def section(image, plane, convention, ras_index):
    """Values in picture order [row, column] of slice `ras_index`, counted to R, A or S."""
    ras = np.asarray(nib.as_closest_canonical(image).dataobj)
    if plane == "sagittal":  # columns from A to P, rows from S to I
        return ras[ras_index, ::-1, ::-1].T
    across = slice(None, None, -1) if convention == "radiological" else slice(None)
    if plane == "axial":  # columns from R to L or L to R, rows from A to P
        return ras[across, ::-1, ras_index].T
    return ras[across, ras_index, ::-1].T  # coronal: rows from S to I


def places(plane, convention, ras_index):
    """RAS+ mm of every pixel of that picture: [row, column, 3]."""
    index = np.moveaxis(np.indices(SHAPE), 0, -1).astype(float)
    world = (index * SPACING + ORIGIN).astype(float)
    return np.stack(
        [
            section(nib.Nifti1Image(world[..., axis], np.eye(4)), plane, convention, ras_index)
            for axis in range(3)
        ],
        axis=-1,
    )


def linear(image, xyz):
    """Values of an image at RAS+ places, trilinear; NaN outside its outermost voxels' boxes."""
    ijk = nib.affines.apply_affine(np.linalg.inv(image.affine), xyz)
    inside = ((ijk > -0.5) & (ijk < np.array(image.shape) - 0.5)).all(axis=-1)
    data = np.asarray(image.dataobj).astype(float)
    ijk = np.clip(ijk, 0, np.array(image.shape) - 1)
    first = np.minimum(np.floor(ijk).astype(int), np.array(image.shape) - 2)
    part = ijk - first
    total = np.zeros(xyz.shape[:-1])
    for corner in product((0, 1), repeat=3):
        weight = np.where(corner, part, 1 - part).prod(axis=-1)
        total += weight * data[tuple(np.moveaxis(first + corner, -1, 0))]
    return np.where(inside, total, np.nan)


def stored_index(image, plane, ras_index):
    """(array axis, index along it) of the slice that is `ras_index` counted to R, A or S."""
    world_axis = {"sagittal": 0, "coronal": 1, "axial": 2}[plane]
    orientation = io_orientation(image.affine)
    axis = int(np.flatnonzero(orientation[:, 0] == world_axis)[0])
    count = image.shape[axis]
    return axis, int(ras_index if orientation[axis, 1] > 0 else count - 1 - ras_index)


def colours(name):
    """A colour map of matplotlib as 256 x 3 grey levels, float."""
    return matplotlib.colormaps[name](np.arange(256))[:, :3] * 255


def render(values, low, high, cmap="gray"):
    """Values -> float RGB [row, column, 3]: a ramp from `low` (first colour) to `high` (last)."""
    position = np.clip((values.astype(float) - low) / (high - low), 0, 1) * 255
    return colours(cmap)[np.rint(position).astype(int)]


def blend(below, above, opacity, shown):
    """Layer `above` over `below` where `shown`; both float RGB."""
    mixed = opacity * above + (1 - opacity) * below
    return np.where(shown[..., np.newaxis], mixed, below)
