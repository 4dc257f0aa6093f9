"""How large a segment is and where it lies, and how far two of them agree: millilitres and millimetres.

All places are world places, so any spacing, obliquity or shear is right.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from ..errors import GeometryError, HandsonError
from ..volume import Volume
from .grids import carry
from .segment import Segment


@dataclass(frozen=True)
class Measures:
    """What `measure` found of one segment.

    voxels : number of voxels that are not 0
    ml : volume in millilitres, the sum of the shares times |det A|
    centre : (x, y, z) RAS+ mm of its centre of mass; NaN when the segment is empty or no file places it
    side : "left" or "right" of x = 0, where the centre lies; "middle" within half a voxel of it; ""
        when the segment is empty or no file places it. x = 0 is the scanner's or the template's middle, not the patient's
    extent : (x, y, z) mm of its bounding box along the world axes, voxel edges included
    mean, sd : of the image's values within it, in the image's unit; None without an image. sd divides
        by n - 1 and is NaN for one voxel
    """

    name: str
    voxels: int
    ml: float
    centre: tuple[float, float, float]
    side: str
    extent: tuple[float, float, float]
    mean: float | None = None
    sd: float | None = None
    unit: str = ""

    def __repr__(self):
        if not self.voxels:
            return f"{self.name}: empty, 0 ml"
        place = ", ".join(f"{c:.1f}" for c in self.centre)
        where = f"centre ({place}) mm, {self.side}" if self.side else "place not stated"
        told = f"{self.name}: {self.ml:.3f} ml, {where}"
        return told if self.mean is None else f"{told}, mean {self.mean:.4g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Agreement:
    """What `compare` found of two segments; distances are NaN when one of them is empty.

    dice, iou : overlap 0..1; NaN when both are empty
    hausdorff : mm, the largest distance from the surface of either to the surface of the other
    hausdorff_95 : mm, 95 % of all these distances are smaller (both directions pooled)
    mean_distance : mm, their mean
    centre_distance : mm from centre to centre
    ml : (a, b) in millilitres
    """

    dice: float
    iou: float
    hausdorff: float
    hausdorff_95: float
    mean_distance: float
    centre_distance: float
    ml: tuple[float, float]

    def __repr__(self):
        if np.isnan(self.hausdorff):
            empty = "both are" if self.ml == (0, 0) else "one is"
            return f"Dice {self.dice:.3f}; {empty} empty, so there is no distance"
        return (
            f"Dice {self.dice:.3f}, IoU {self.iou:.3f}, Hausdorff {self.hausdorff:.2f} mm "
            f"(95 %: {self.hausdorff_95:.2f}, mean {self.mean_distance:.2f})"
        )


def measure(segment: Segment | Volume, image: Volume | None = None) -> Measures:
    """Volume, centre and side of one segment; with an image, also the mean of its values there.

    segment : `Segment`, or a mask as a `Volume` of bool
    image : `Volume` on the same voxels (mirrored or transposed will do), for `mean` and `sd`
    returns : `Measures`
    raises : GeometryError when the mask states no place in millimetres or the image has other voxels

    Shares count as they are: a voxel half filled is half a voxel. Of a map of probabilities the sum
    is the expected volume.
    """
    mask = _mask(segment)
    title = segment.title if isinstance(segment, Segment) else mask.name or "mask"
    weights = mask.data
    ijk = np.argwhere(weights)
    if not len(ijk):
        return Measures(title, 0, 0.0, _three([float("nan")] * 3), "", (0.0, 0.0, 0.0))
    shares = weights[tuple(ijk.T)].astype(float)
    places = mask.world(ijk)
    centre = np.average(places, axis=0, weights=shares)
    half = np.abs(mask.affine[:3, :3]).sum(axis=1) / 2
    found = Measures(
        title,
        len(ijk),
        float(shares.sum() * mask.voxel_volume / 1000),
        _three(centre if mask.oriented else [float("nan")] * 3),
        _side(centre[0], half[0], mask),
        _three(np.ptp(places, axis=0) + 2 * half),
    )
    return found if image is None else replace(found, **_values(mask, image, title))


def _three(values) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z


def _side(x, half, mask) -> str:
    if not mask.oriented:
        return ""
    return "middle" if abs(x) <= half else "right" if x > 0 else "left"


def _values(mask, image, title) -> dict:
    on_image = carry(mask, image, title)
    if on_image is None or image.n_volumes > 1 or image.rgb:
        raise GeometryError(
            f"{title} and the image do not share their voxels",
            "Read the segmentation with like=image, or image.resample_like(mask).",
        )
    inside = on_image.data > 0
    values, shares = image.data[inside].astype(float), on_image.data[inside].astype(float)
    mean = float(np.average(values, weights=shares))
    sd = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return {"mean": mean, "sd": sd, "unit": image.unit}


def compare(a: Segment | Volume, b: Segment | Volume) -> Agreement:
    """How far two segments agree.

    a, b : `Segment`s or masks as `Volume`s of bool, on the same voxels (mirrored or transposed will do)
    returns : `Agreement`, all distances in mm in the patient
    raises : GeometryError for two grids or two frames of reference, HandsonError for shares

    A surface is the voxels that have a neighbour outside, through one of six faces; distances run from
    centre to centre. A voxel at the edge of the image counts as surface.
    """
    first, second = _binary(a), _binary(b)
    uids = first.frame_of_reference, second.frame_of_reference
    if all(uids) and uids[0] != uids[1]:
        raise GeometryError(
            "the two masks count their millimetres in different frames of reference",
            "Register the two images first.",
        )
    other = carry(second, first, "the second mask")
    if other is None:
        raise GeometryError(
            "the two masks lie on different grids",
            "Read both with the same like=, with resample=True where they differ.",
        )
    x, y = first.data, other.data
    sizes, both = (int(x.sum()), int(y.sum())), int((x & y).sum())
    union = sum(sizes) - both
    distances, apart = _distances(first, other) if all(sizes) else ((), float("nan"))
    nan = float("nan")
    return Agreement(
        2 * both / sum(sizes) if union else nan,
        both / union if union else nan,
        float(np.max(distances)) if all(sizes) else nan,
        float(np.percentile(distances, 95)) if all(sizes) else nan,
        float(np.mean(distances)) if all(sizes) else nan,
        apart,
        (sizes[0] * first.voxel_volume / 1000, sizes[1] * first.voxel_volume / 1000),
    )


def _distances(a, b):
    """(mm from each surface voxel of either to the nearest of the other, mm between the centres)."""
    places = [volume.world(np.argwhere(_surface(volume.data))) for volume in (a, b)]
    there = cKDTree(places[1]).query(places[0])[0]
    back = cKDTree(places[0]).query(places[1])[0]
    centres = [volume.world(np.argwhere(volume.data)).mean(axis=0) for volume in (a, b)]
    return np.concatenate([there, back]), float(np.linalg.norm(centres[0] - centres[1]))


def _surface(mask) -> np.ndarray:
    return mask & ~binary_erosion(mask)


def _mask(segment) -> Volume:
    mask = segment.mask if isinstance(segment, Segment) else segment
    if not isinstance(mask, Volume) or mask.n_volumes > 1 or mask.rgb:
        raise HandsonError(
            f"a {type(segment).__name__} is not a segment",
            "Pass a Segment, or Volume(mask, affine).",
        )
    if mask.scale != "mm":
        raise GeometryError(
            "the mask states no distances in the patient", "No millimetre is known."
        )
    if not isinstance(segment, Segment):
        return Segment(1, mask.name, mask).mask  # refuses what is not a mask
    return mask


def _binary(segment) -> Volume:
    mask = _mask(segment)
    if mask.data.dtype != bool:
        raise HandsonError(
            f"{segment.title} holds shares, and an overlap needs yes or no",
            "Choose a threshold: compare(replace(mask, data=mask.data >= 0.5), ...).",
        )
    return mask
