"""Voxels and where they are in the patient: the two types that every other module passes around.

A `Volume` is an array with the 4x4 matrix (the affine) that takes a voxel index to millimetres; a
`Slice` is one picture with its header. The millimetres are nibabel's RAS+: x grows to the patient's
Right, y to Anterior, z to Superior. (DICOM writes LPS+, so x and y change sign on the way in.)
This module knows no file format and no widget: NumPy, SciPy and nibabel only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from nibabel.affines import apply_affine
from nibabel.orientations import aff2axcodes, apply_orientation, inv_ornt_aff, io_orientation
from numpy.typing import ArrayLike, DTypeLike

from . import arguments
from .errors import GeometryError, counted
from .origin import Origin
from .sides import (
    PLANES,
    PlaneLayout,
    opposite,
    picture_affine,
    plane_layout,
    stated_letters,
)

if TYPE_CHECKING:
    import nibabel as nib

# What distances mean: millimetres in the patient, at the detector, or nothing at all.
SCALES = ("mm", "detector", "none")
# A place this near to the edge between two voxels (in voxels) lies on it, whatever the rounding noise.
EDGE = 1e-6


def round_half_up(ijk: ArrayLike) -> np.ndarray:
    """Voxel indices rounded to whole ones, halves up: 0.5 becomes 1, and 1.5 becomes 2.

    ijk : any shape
    returns : int array of the same shape
    """
    return np.floor(np.asarray(ijk, float) + 0.5 + EDGE).astype(int)


@dataclass(frozen=True)
class Plane:
    """One section of a volume in picture order.

    pixels : [row, column] (or [row, column, 3]), row 0 at the top of the picture
    index : slice index along `layout.axis`
    mm : position of the middle of the slice along its world axis, RAS+ mm
    """

    pixels: np.ndarray
    layout: PlaneLayout
    index: int
    mm: float

    @property
    def letters(self) -> dict[str, str]:
        return self.layout.letters

    @property
    def spacing(self) -> tuple[float, float]:
        """(row, column) spacing in mm: mm from row to row first, as DICOM's PixelSpacing."""
        return self.layout.spacing

    @property
    def aspect(self) -> float:
        """mm per pixel down over mm per pixel across: what matplotlib's imshow calls aspect."""
        return self.spacing[0] / self.spacing[1]


def _a_volume(given: Any, name: str) -> Any:
    if not isinstance(given, Volume):
        raise arguments.refused(
            given, name, "a Volume", "Volume.from_array(array, affine) makes one"
        )
    return given


def _spline_order(given: Any, name: str) -> int:
    if (order := arguments.whole(given, name)) not in range(6):
        raise arguments.refused(given, name, "an order", "0 is nearest, 1 linear, 3 cubic")
    return order


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and their place in the patient. It never changes; methods return new volumes.

    data : array [i, j, k], [i, j, k, t] for a series in time, or [i, j, k, 3] for RGB. From DICOM i
        is the column, j the row and k the slice, as NIfTI stores them. Read only.
    affine : (4, 4) voxel index -> RAS+ mm, of the voxel's centre
    unit : of the values: "HU", "Bq/ml", "" when the file states none
    modality : DICOM's code, "CT", "MR", "PT", or "" when not known
    photometric : "MONOCHROME2", "MONOCHROME1" (low values are drawn bright) or "RGB"
    time_step : seconds from volume to volume, None when axis 3 is not time, the steps are not even,
        or the file is silent
    oriented : False when no file says which side of the patient is which
    window : (centre, width) that the file proposes, or None
    window_function : "LINEAR", "LINEAR_EXACT" or "SIGMOID" where the file states how a window becomes
        grey levels (VOILUTFunction), else ""
    notes : what the reader wants to be said about this volume, a sentence each
    frame_of_reference : DICOM's FrameOfReferenceUID: volumes that share it share their millimetres;
        "" when the file states none. Never written to a file unless asked for
    scale : "mm" (distances hold in the patient), "detector" (they hold at the detector, the patient
        is magnified) or "none" (no distance is known: show no millimetres)
    times : (start, duration) of each volume in s, counted from the first start; the duration is None
        when the file does not state it. None when the starts are not stated one by one
    grows_to : letters of the patient that i and j grow to, where a file states these and no position
        (Patient Orientation of a radiograph), else ("", "")
    b_values : diffusion weighting of each volume in s/mm2, or None
    b_vectors : (volumes, 3) unit vectors of the diffusion gradients in RAS+ world axes (not in array
        axes as in a .bvec file); 0 0 0 where a volume has no direction
    origin : the DICOM files behind its slices, see `file_at`; None when there are none, and after a change
        of affine or of the number of volumes that does not say which slices stayed
    """

    data: np.ndarray
    affine: np.ndarray
    unit: str = ""
    name: str = ""
    modality: str = ""
    photometric: str = "MONOCHROME2"
    time_step: float | None = None
    oriented: bool = True
    window: tuple[float, float] | None = None
    notes: tuple[str, ...] = field(default=())
    frame_of_reference: str = ""
    scale: str = "mm"
    times: tuple[tuple[float, float | None], ...] | None = None
    b_values: tuple[float, ...] | None = None
    b_vectors: np.ndarray | None = None
    window_function: str = ""
    grows_to: tuple[str, str] = ("", "")
    origin: Origin | None = None

    def __post_init__(self) -> None:
        data = np.asanyarray(self.data).view()
        affine = np.array(self.affine, float)
        if data.ndim not in (3, 4) or 0 in data.shape:
            raise GeometryError(
                f"a volume has three or four axes and no empty one, not the shape {data.shape}",
                "A single picture is a Slice, or array[..., np.newaxis].",
            )
        if self.rgb and (data.ndim != 4 or data.shape[3] != 3):
            raise GeometryError(
                f"an RGB volume has a last axis of 3, not the shape {data.shape}",
                "Leave photometric alone for grey values.",
            )
        if (
            affine.shape != (4, 4)
            or not np.isfinite(affine).all()
            or np.abs(affine[3] - (0, 0, 0, 1)).max() > 1e-8
        ):
            raise GeometryError(
                "the affine is not a finite 4x4 matrix with last row 0 0 0 1",
                "Pass the voxel -> RAS+ mm matrix, as nibabel's img.affine.",
            )
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if not lengths.all() or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-6:
            raise GeometryError(
                "the affine is singular: two voxels would lie at one place",
                "A column is zero or two are parallel; check spacing and directions.",
            )
        data.flags.writeable = affine.flags.writeable = False
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "affine", affine)
        if self.origin is not None and not self.origin.fits(affine, self.n_volumes):
            object.__setattr__(self, "origin", None)
        self._check_meaning()

    def _check_meaning(self) -> None:
        """Refuse a scale nobody knows, and lists that do not have one entry for each volume."""
        if self.scale not in SCALES:
            raise GeometryError(f"there is no scale {self.scale!r}", f"It is {', '.join(SCALES)}.")
        if self.b_vectors is not None:
            vectors = np.array(self.b_vectors, float)
            vectors.flags.writeable = False
            object.__setattr__(self, "b_vectors", vectors)
            if vectors.ndim != 2 or vectors.shape[1] != 3:
                raise GeometryError(
                    f"b_vectors have the shape {vectors.shape}", "Pass one (x, y, z) per volume."
                )
        for name in ("times", "b_values", "b_vectors"):
            found = getattr(self, name)
            if found is not None and len(found) != self.n_volumes:
                raise GeometryError(
                    f"{name} has {counted(len(found), 'entry', 'entries')} for {counted(self.n_volumes, 'volume')}",
                    "Pass one for each volume, or None.",
                )

    def __repr__(self) -> str:
        steps = " x ".join(f"{s:.4g}" for s in self.spacing)
        named = f"{self.name!r}, " if self.name else ""
        unit = f", {self.unit}" if self.unit else ""
        distance = {
            "mm": f"{steps} mm",
            "detector": f"{steps} mm at the detector",
            "none": "distances not stated",
        }[self.scale]
        return (
            f"Volume({named}{' x '.join(map(str, self.shape))} {self.data.dtype}{unit}, "
            f"{distance}, {''.join(self.axcodes) if self.oriented else 'side not stated'})"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def rgb(self) -> bool:
        return self.photometric == "RGB"

    @property
    def n_volumes(self) -> int:
        """Number of volumes along axis 3; 1 for a 3-D or RGB volume."""
        return self.shape[3] if len(self.shape) == 4 and not self.rgb else 1

    @property
    def spacing(self) -> tuple[float, float, float]:
        """mm from voxel centre to voxel centre along i, j, k: the lengths of the affine's columns."""
        i, j, k = (float(s) for s in np.linalg.norm(self.affine[:3, :3], axis=0))
        return i, j, k

    @property
    def slice_distance(self) -> float:
        """mm from slice to slice at a right angle; less than spacing[2] when a gantry was tilted."""
        i, j, k = self.affine[:3, :3].T
        normal = np.cross(i, j)
        return float(abs(normal @ k) / np.linalg.norm(normal))

    @property
    def voxel_volume(self) -> float:
        """mm3 in one voxel: |det A|, right for oblique and sheared affines alike."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def axcodes(self) -> tuple[str, str, str]:
        """Where i, j and k grow to, nearest letter: ("L", "A", "S") and so on."""
        return aff2axcodes(self.affine)

    @property
    def obliquity(self) -> float:
        """Largest angle in degrees between an array axis and the world axis it is nearest to."""
        nearest = np.abs(self.affine[:3, :3] / self.spacing).max(axis=0)
        return float(np.rad2deg(np.arccos(np.clip(nearest, 0, 1))).max())

    @arguments.checked(ijk=arguments.points)
    def world(self, ijk: ArrayLike) -> np.ndarray:
        """Voxel indices (..., 3), whole or not -> RAS+ mm (..., 3)."""
        return apply_affine(self.affine, ijk)

    @arguments.checked(xyz=arguments.points)
    def voxel(self, xyz: ArrayLike) -> np.ndarray:
        """RAS+ mm (..., 3) -> voxel indices (..., 3), not rounded: .5 is a voxel's edge."""
        return apply_affine(np.linalg.inv(self.affine), xyz)

    @arguments.checked(xyz=arguments.points)
    def nearest(self, xyz: ArrayLike) -> np.ndarray:
        """The voxel that holds a place: the one rule for rounding, here and in the viewer.

        xyz : RAS+ mm (..., 3)
        returns : whole indices (..., 3), which may lie outside the grid. On the edge between two voxels
            it is the one with the higher index, always; NumPy's `round` takes the even one
        """
        return round_half_up(self.voxel(xyz))

    def file_at(self, ijk: ArrayLike, time: int = 0) -> tuple[Path, int] | None:
        """The DICOM file behind a voxel: where its header stands.

        ijk : (3,) voxel index; time : number of the volume
        returns : (path, number of the frame in that file, from 0); None when there is none, as for NIfTI
            files, the mean over time and whatever `with_data` gives other values
        """
        if self.origin is None:
            return None
        k = int(round_half_up(self.origin.slice_at(self.world(ijk))))
        return self.origin.frame(k, range(self.n_volumes)[time])

    def layout(self, plane: str, convention: str = "radiological") -> PlaneLayout:
        """How this volume's `plane` is drawn: see `plane_layout`."""
        layout = plane_layout(self.affine, plane, convention, self.oriented)
        if self.oriented or not any(self.grows_to):
            return layout
        return replace(layout, letters=self._stated_letters(layout))

    def _stated_letters(self, layout: PlaneLayout) -> dict[str, str]:
        """The letters of `grows_to` at the edges that i and j run to."""
        across, down = ((*self.grows_to, "")[a] for a in (layout.horizontal, layout.vertical))
        ends = [opposite(across), across][:: -1 if layout.flip_horizontal else 1]
        ends += [opposite(down), down][:: -1 if layout.flip_vertical else 1]
        return dict(zip(("left", "right", "top", "bottom"), ends, strict=True))

    def position(self, plane: str, index: float) -> float:
        """RAS+ mm, along the plane's world axis, of the middle of slice `index`."""
        middle = (np.array(self.shape[:3]) - 1) / 2
        middle[self.layout(plane).axis] = index
        return float(self.world(middle)[PLANES[plane][0]])

    def plane(
        self,
        plane: str,
        mm: float | None = None,
        index: int | None = None,
        time: int = 0,
        convention: str = "radiological",
    ) -> Plane:
        """One section in picture order, with its letters and spacing.

        mm : RAS+ position along the plane's world axis; the nearest slice is taken
        index : or the slice index itself; by default the middle slice
        raises : GeometryError for both at once, or for a slice outside the volume
        """
        if mm is not None and index is not None:
            raise GeometryError(
                "mm and index both choose the slice", "Pass one of the two: mm=, or index=."
            )
        layout = self.layout(plane, convention)
        count = self.shape[layout.axis]
        if mm is not None:
            first, last = self.position(plane, 0), self.position(plane, count - 1)
            step = (last - first) / max(count - 1, 1) or 1.0
            index = int(round_half_up((mm - first) / step))
        index = count // 2 if index is None else index
        if not 0 <= index < count:
            asked = f"slice {index}" if mm is None else f"{mm:g} mm"
            raise GeometryError(
                f"{asked} lies outside the {count} {plane} slices",
                f"They run from {self.position(plane, 0):.1f} to "
                f"{self.position(plane, count - 1):.1f} mm.",
            )
        # Not np.take: it would first copy all of a Fortran-ordered array, as every NIfTI is.
        section = np.moveaxis(self.at(time).data, layout.axis, 0)[index].copy()
        return Plane(layout.draw(section), layout, int(index), self.position(plane, index))

    def at(self, time: int) -> Volume:
        """The 3-D volume number `time` of a 4-D one; a 3-D or RGB volume is its own."""
        if (self.n_volumes == 1 and len(self.shape) == 3) or self.rgb:
            return self
        if not -self.n_volumes <= time < self.n_volumes:
            raise GeometryError(
                f"there is no volume {time} in time", f"They run from 0 to {self.n_volumes - 1}."
            )
        one = range(self.n_volumes)[time]
        return replace(
            self,
            data=self.data[..., one],
            time_step=None,
            times=self.times and self.times[one : one + 1],
            b_values=self.b_values and self.b_values[one : one + 1],
            b_vectors=None if self.b_vectors is None else self.b_vectors[one : one + 1],
            origin=self.origin and self.origin.chosen([one]),
        )

    @property
    def seconds(self) -> np.ndarray | None:
        """When each volume begins, s, float64 [t]: from `times` or `time_step`, counted from the first.

        None when the file states no time, or axis 3 is not time.
        """
        if self.times is not None:
            return np.array([start for start, _ in self.times])
        return None if self.time_step is None else np.arange(self.n_volumes) * self.time_step

    def mean(self, **numpy: Any) -> Any:
        """The mean over axis 3: what all volumes share, with no word about when.

        A volume that lasted longer counts more, where `times` states how long each lasted; else all
        count the same.

        returns : 3-D Volume of floats; a 3-D or RGB volume is returned as it is. `np.mean(volume)` asks
            for NumPy's mean of the values and gets it
        """
        if numpy:
            return self.data.mean(**numpy)
        if self.n_volumes == 1:
            return self.at(0)
        lasted = [duration for _, duration in self.times or () if duration is not None]
        weights = lasted if len(lasted) == self.n_volumes and sum(lasted) > 0 else None
        total = np.zeros(self.shape[:3])
        shares = np.ones(self.n_volumes) if weights is None else np.array(weights, float)
        for t, share in enumerate(shares / shares.sum()):
            total += share * self.data[..., t]
        kind = np.result_type(self.data.dtype, np.float32)
        return replace(
            self.at(0),
            data=total.astype(kind),
            times=None,
            b_values=None,
            b_vectors=None,
            origin=None,
        )

    def crop(self, start: Sequence[int], stop: Sequence[int]) -> Volume:
        """Voxels start <= ijk < stop; each keeps its place in the patient."""
        first, last = np.asarray(start, int), np.asarray(stop, int)
        if (first < 0).any() or (last > self.shape[:3]).any() or (first >= last).any():
            raise GeometryError(
                f"cannot crop {tuple(first)} to {tuple(last)} out of the shape {self.shape[:3]}",
                "0 <= start < stop <= shape, for each of i, j, k.",
            )
        affine = self.affine.copy()
        affine[:3, 3] = self.world(first)
        box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        return self._moved(affine, data=self.data[box])

    def flip(self, axis: int) -> Volume:
        """Reverse array axis 0, 1 or 2; the affine follows, so no voxel moves in the patient."""
        if axis not in (0, 1, 2):
            raise GeometryError(f"there is no axis {axis} in space", "They are 0, 1 and 2.")
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, axis] * (self.shape[axis] - 1)
        affine[:3, axis] *= -1
        i, j = (opposite(t) if n == axis else t for n, t in enumerate(self.grows_to))
        return self._moved(affine, data=np.flip(self.data, axis), grows_to=(i, j))

    def to_ras(self) -> Volume:
        """Axes reordered and reversed until i, j, k grow to about R, A, S; nothing is resampled."""
        orientation = io_orientation(self.affine)
        affine = self.affine @ inv_ornt_aff(orientation, self.shape[:3])
        return self._moved(affine, data=apply_orientation(self.data, orientation))

    @arguments.checked(other=_a_volume, order=_spline_order, fill=arguments.number)
    def resample_like(self, other: Volume, order: int = 1, fill: float | None = None) -> Volume:
        """Values of this volume at the voxel centres of `other`, found by world coordinates.

        order : 0 nearest (labels), 1 linear (maps), 3 cubic: `scipy.ndimage.affine_transform`
        fill : value outside this volume; by default -1000 for a CT, which is air, else 0
        """
        moved = self._resample(other.affine, other.shape[:3], order, fill)
        spaces = self.frame_of_reference, other.frame_of_reference
        if all(spaces) and spaces[0] != spaces[1]:
            told = "It was resampled to a grid in another frame of reference: places may not agree."
            moved = replace(moved, notes=(*moved.notes, told))
        return moved

    @arguments.checked(order=_spline_order, fill=arguments.number)
    def straighten(self, order: int = 1, fill: float | None = None) -> Volume:
        """Undo the shear of a tilted gantry: resample to right angles, the slices kept in plane.

        The new k runs along the normal of the slices in steps of `slice_distance`; the field of
        view grows until every slice fits.
        """
        i, j, k = self.affine[:3, :3].T
        normal = np.cross(i, j) / np.linalg.norm(np.cross(i, j))
        normal *= np.sign(normal @ k)
        square = self.affine.copy()
        square[:3, 2] = normal * self.slice_distance
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape[:3]])).reshape(3, -1).T
        reached = apply_affine(np.linalg.inv(square), self.world(corners))
        low, high = np.floor(reached.min(0) + 1e-6), np.ceil(reached.max(0) - 1e-6)
        square[:3, 3] = apply_affine(square, low)
        return self._resample(square, tuple((high - low + 1).astype(int)), order, fill)

    def _resample(
        self, affine: np.ndarray, shape: Sequence[int], order: int, fill: float | None
    ) -> Volume:
        from scipy.ndimage import affine_transform  # slow to import, and few need it

        if fill is None:
            fill = -1000 if self.modality == "CT" else 0
        to_self = np.linalg.inv(self.affine) @ affine
        dtype = self.data.dtype if order == 0 else np.result_type(self.data.dtype, np.float32)

        # The nearest voxel by the rule of `nearest`, out to the edge of the outermost one.
        nearest = {"mode": "grid-constant"} if order == 0 else {}
        to_self[:3, 3] += EDGE if order == 0 else 0

        def one(data: np.ndarray) -> np.ndarray:
            return affine_transform(
                data.astype(dtype, copy=False),
                to_self,
                output_shape=shape,
                order=order,
                cval=fill,
                **nearest,
            )

        if len(self.shape) == 3:
            data = one(self.data)
        else:
            data = np.stack([one(self.data[..., t]) for t in range(self.shape[3])], axis=3)
            data = data.round().clip(0, 255).astype(np.uint8) if self.rgb else data
        return self._moved(affine, data=data)

    def _moved(self, affine: np.ndarray, **fields: Any) -> Volume:
        """The same image on another grid: its files are still those of its places."""
        return replace(
            self, affine=affine, origin=self.origin and self.origin.moved(affine), **fields
        )

    # ---- neighbours: NumPy, nibabel, SimpleITK ---------------------------------------------------

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """`np.asarray(volume)` is `volume.data`, read only; `np.array(volume)` is a copy of your own."""
        return np.array(self.data, dtype=dtype, copy=copy)

    @classmethod
    def from_array(cls, data: ArrayLike, affine: ArrayLike, **meaning: Any) -> Volume:
        """A volume of voxels that you place yourself.

        data : [i, j, k], [i, j, k, t], or colours [i, j, k, 3] (or 4: alpha is left out) with
            photometric="RGB", as uint8 or as floats 0..1. Masked values become NaN. For pictures
            [slice, row, column] that no file places, use `handson.view(array)`
        affine : (4, 4) voxel index (i, j, k) -> RAS+ mm of the voxel's centre
        meaning : `unit`, `name`, `time_step` and the other fields of `Volume`
        returns : `Volume`; it shares the array's memory where it can
        raises : GeometryError when shape and affine do not make a volume
        """
        if affine is None:
            raise GeometryError(
                "a volume needs an affine",
                "Pass the voxel -> RAS+ mm matrix, or show bare pixels with handson.view(array).",
            )
        array = plain_array(data)
        if meaning.get("photometric") == "RGB":
            array = colour_bytes(array)
        return cls(array, np.asarray(affine, float), **meaning)

    def with_data(self, array: ArrayLike, **meaning: Any) -> Volume:
        """Other values on the same grid: a mask, labels, a filtered image.

        array : [i, j, k] or [i, j, k, t], i, j, k as in `shape`
        meaning : fields to change, as unit="HU"
        returns : `Volume` at the same place. Values of the same type, and floats, keep unit, modality
            and window; bool and other whole numbers are masks or labels and keep none of the three
        raises : GeometryError when the grids differ

        >>> ct = Volume(np.zeros((2, 3, 4)), np.eye(4), unit="HU", modality="CT")
        >>> ct.with_data(ct.data > 300).unit
        ''
        """
        data = plain_array(array)
        if data.shape[:3] != self.shape[:3]:
            raise GeometryError(
                f"values of shape {data.shape} do not fit the grid {self.shape[:3]}",
                "Give one value for each voxel, [i, j, k] or [i, j, k, t]; for an array of pictures "
                "[slice, row, column] use array.transpose(2, 1, 0).",
            )
        if isinstance(array, Volume) and not np.allclose(array.affine, self.affine, atol=1e-4):
            raise GeometryError(
                "the values lie on another grid of the same shape",
                "Bring them here first: other.resample_like(volume).",
            )
        fields: dict[str, Any] = {"origin": None}
        another_type = data.dtype != self.data.dtype
        if self.rgb and (another_type or data.shape != self.shape):
            fields |= {"photometric": "MONOCHROME2"}
        if another_type and data.dtype.kind in "bui":
            fields |= {"unit": "", "modality": "", "window": None, "photometric": "MONOCHROME2"}
        if data.shape[3:] != self.shape[3:]:
            fields |= dict.fromkeys(("time_step", "times", "b_values", "b_vectors"))
        return replace(self, data=data, **(fields | meaning))

    def to_nibabel(self) -> nib.Nifti1Image | nib.Nifti2Image:
        """This volume as nibabel's image, to save or to pass to nilearn and the like.

        returns : `Nifti1Image` (`Nifti2Image` for an axis above 32767) with the same [i, j, k] and the
            same affine in RAS+ mm; sform and qform are both set, "scanner" for a volume with a
            modality, else "aligned". A volume that states no side gets code 0 twice; a sheared one
            has no qform. bool becomes uint8, float16 float32. Name, unit and window stay behind.
        """
        from .exchange import nifti_image

        return nifti_image(self)

    @classmethod
    def from_nibabel(cls, image: Any, **meaning: Any) -> Volume:
        """A volume of nibabel's image: same [i, j, k], same affine; metres and microns become mm.

        image : `nibabel.Nifti1Image` or any other spatial image of 3 or 4 axes
        meaning : fields that the image does not hold, as unit="HU"
        returns : `Volume`; no side is stated when both codes of a NIfTI image are 0, or by Analyze
        raises : GeometryError for vectors and other images that are not volumes
        """
        from .exchange import of_nibabel

        return cls(**(of_nibabel(image) | meaning))

    def to_sitk(self) -> Any:
        """This volume as a SimpleITK image.

        returns : `SimpleITK.Image`. Its index is (x, y, z) = (i, j, k), while its NumPy array,
            `GetArrayFromImage`, is [z, y, x], or [t, z, y, x]. Origin and direction are LPS+ mm: x
            and y of the affine change sign. Every voxel keeps its place in the patient. bool becomes
            uint8, float16 float32, RGB a vector image of 3 components.
        """
        from .exchange import to_sitk

        return to_sitk(self)

    @classmethod
    def from_sitk(cls, image: Any, **meaning: Any) -> Volume:
        """A volume of a SimpleITK image: index (x, y, z) becomes (i, j, k), LPS+ becomes RAS+ mm.

        image : `SimpleITK.Image` of 3 axes, or 4 (the last is time)
        meaning : fields that the image does not hold, as unit="HU"
        returns : `Volume`. SimpleITK cannot say "side not stated": an image with its default geometry
            (origin 0, spacing 1, identity), as `GetImageFromArray` leaves it, is taken as that
        raises : GeometryError for 2-D and vector images
        """
        from .exchange import of_sitk

        return cls(**(of_sitk(image) | meaning))


@dataclass(frozen=True, eq=False)
class Slice:
    """One 2-D picture and the header it came from: an image separated from its context is meaningless.

    pixels : float32 [row, column] in real-world values, or uint8 [row, column, 3] for colour
    spacing : (row, column) mm: mm from row to row first; None when the file states none
    unit : "HU", "Bq/ml", ...; "" when the file states none
    photometric : "MONOCHROME2", "MONOCHROME1" (low values are drawn bright) or "RGB"
    dataset : the `pydicom.Dataset` behind it, or None
    affine : (4, 4) [column, row, 0] -> RAS+ mm, None when the file states no position (a radiograph)
    at_detector : True when the spacing holds at the detector, not in the patient (ImagerPixelSpacing)
    window : (centre, width) that the file proposes first, or None
    window_function : "LINEAR", "LINEAR_EXACT" or "SIGMOID" where the file states it, else ""
    """

    pixels: np.ndarray
    spacing: tuple[float, float] | None = None
    unit: str = ""
    photometric: str = "MONOCHROME2"
    dataset: object = None
    affine: np.ndarray | None = None
    at_detector: bool = False
    window: tuple[float, float] | None = None
    name: str = ""
    notes: tuple[str, ...] = field(default=())
    window_function: str = ""

    def __repr__(self) -> str:
        """Size, unit and spacing; the header is left out, because it names the patient."""
        kind = "colour" if self.photometric == "RGB" else str(self.pixels.dtype)
        steps = " x ".join(f"{s:.4g}" for s in self.spacing or ())
        spacing = f"{steps} mm{' at the detector' if self.at_detector else ''}" if steps else ""
        facts = (self.modality, kind, self.unit, spacing or "spacing not stated")
        size = " x ".join(map(str, self.pixels.shape[:2]))
        return f"Slice({size}, {', '.join(fact for fact in facts if fact)})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """The last line of a cell shows the picture."""
        from .figures import picture  # above this room: only a notebook that shows it goes there

        shown: Any = picture(self)
        return shown._repr_mimebundle_(include, exclude)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """`np.asarray(picture)` is `picture.pixels`."""
        return np.array(self.pixels, dtype=dtype, copy=copy)

    @property
    def modality(self) -> str:
        return str(getattr(self.dataset, "Modality", "") or "")

    @property
    def grows_to(self) -> tuple[str, str]:
        """Letters that columns and rows grow to by Patient Orientation, where no position tells more."""
        if self.affine is not None:
            return "", ""
        return stated_letters(getattr(self.dataset, "PatientOrientation", None))

    @property
    def aspect(self) -> float:
        """mm per pixel down over mm per pixel across; 1 when the file states no spacing."""
        return self.spacing[0] / self.spacing[1] if self.spacing else 1.0

    def as_volume(self) -> Volume:
        """The same picture as a volume of one slice, [column, row, 0]."""
        row, column = self.spacing or (1.0, 1.0)
        affine = self.affine if self.affine is not None else picture_affine((column, row, 1.0))
        return Volume(
            np.swapaxes(self.pixels, 0, 1)[:, :, np.newaxis],
            affine,
            unit=self.unit,
            name=self.name,
            modality=self.modality,
            photometric=self.photometric,
            oriented=self.affine is not None,
            window=self.window,
            window_function=self.window_function,
            notes=self.notes,
            frame_of_reference=str(getattr(self.dataset, "FrameOfReferenceUID", "") or ""),
            grows_to=self.grows_to,
            scale="none" if not self.spacing else "detector" if self.at_detector else "mm",
        )


def plain_array(array: ArrayLike) -> np.ndarray:
    """An array as NumPy has it; what is masked becomes NaN.

    returns : array of the same shape, no copy where none is needed
    """
    if isinstance(array, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(array)
        return np.where(hidden, np.nan, array.data) if hidden.any() else array.data
    return np.asanyarray(array)


def colour_bytes(array: np.ndarray) -> np.ndarray:
    """Colours as uint8 [..., 3], as matplotlib's `imshow` takes them.

    array : [..., 3] or [..., 4] (alpha is left out), uint8 or floats 0..1
    raises : GeometryError for other shapes and types
    """
    if array.ndim < 3 or array.shape[-1] not in (3, 4):
        raise GeometryError(
            f"an array of shape {array.shape} does not hold colours",
            "The last axis is 3 (RGB) or 4 (RGBA).",
        )
    colours = array[..., :3]
    if colours.dtype == np.uint8:
        return colours
    ends = (np.nanmin(colours), np.nanmax(colours)) if colours.dtype.kind == "f" else (-1, -1)
    if not 0 <= ends[0] <= ends[1] <= 1:
        raise GeometryError(
            f"colours of type {array.dtype} are neither uint8 nor floats between 0 and 1",
            "Scale them: (255 * colours).astype(np.uint8).",
        )
    return np.rint(np.nan_to_num(colours) * 255).astype(np.uint8)
