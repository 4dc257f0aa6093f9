"""Radiotherapy structure sets (PS3.3 A.19, C.8.8.5, C.8.8.6): rings of points in LPS millimetres, and no voxels.

A ring is drawn in the plane of one slice, so a mask needs the image as its grid. A region of one point
has no area, a ring between two slices belongs to neither, and a ring within a ring is a hole.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from nibabel.orientations import io_orientation
from pydicom import Dataset
from pydicom.sr.coding import Code

from ..dicom.elements import number, numbers, text, value
from ..dicom.faults import naming, without_warnings
from ..dicom.header import whole_header
from ..errors import GeometryError, ReadError, counted
from ..volume import Volume
from .grids import check_frame, on
from .rings import even_odd, fill
from .seg import first_code
from .segment import Segment, Segmentation

BETWEEN = ("error", "nearest")
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
# A ring may lie this far off the middle of a slice, as a share of the step: headers are rounded.
_OFF_SLICE = 0.1
# A ring may reach this far beyond the outermost voxel centres: one voxel's edge, and a half more.
_OVER_EDGE = 1.0


def read_rtstruct(path: Path, grid: Volume, between: str) -> Segmentation:
    """Read the closed contours of a structure set as masks on `grid`; `between` as `read_segmentation`."""
    with without_warnings(), naming(path):
        dataset = whole_header(path, pixels=False)
        regions = value(dataset, "StructureSetROISequence") or ()
        if not regions:
            raise ReadError(
                "is a structure set without a region", "Ask for it again at its source."
            )
        drawn = {
            int(number(c, "ReferencedROINumber") or 0): c
            for c in value(dataset, "ROIContourSequence") or ()
        }
        about = {
            int(number(o, "ReferencedROINumber") or 0): o
            for o in value(dataset, "RTROIObservationsSequence") or ()
        }
        notes, points, segments = [], {}, []
        for region in regions:
            numbered, name = int(number(region, "ROINumber") or 0), text(region, "ROIName")
            title = name or f"region {numbered}"
            notes += check_frame(_frame_of_reference(region, dataset), grid, title)
            contours = _contours(drawn.get(numbered), title)
            if found := [ring for kind, ring in contours if kind == "POINT"]:
                points[title] = np.concatenate(found)
            notes += _left_out(contours, title)
            rings = [(kind, ring) for kind, ring in contours if kind in _CLOSED and len(ring) > 2]
            if rings or not contours:
                mask = _mask(rings, grid, between, title, notes)
                segments.append(
                    _segment(region, drawn.get(numbered), about.get(numbered), mask, dataset)
                )
        return Segmentation(segments, dict.fromkeys(notes), points)


def _frame_of_reference(region, dataset) -> str:
    stated = text(region, "ReferencedFrameOfReferenceUID")
    if stated:
        return stated
    several = [
        text(item, "FrameOfReferenceUID")
        for item in value(dataset, "ReferencedFrameOfReferenceSequence") or ()
    ]
    return several[0] if len(several) == 1 else text(dataset, "FrameOfReferenceUID")


def _contours(drawn, title) -> list[tuple[str, np.ndarray]]:
    """(geometric type, (n, 3) RAS+ mm) of every contour of a region."""
    found = []
    for contour in (value(drawn, "ContourSequence") or ()) if drawn is not None else ():
        data = numbers(contour, "ContourData")
        count = number(contour, "NumberOfContourPoints") or len(data) // 3
        if not data or count * 3 != len(data):
            raise ReadError(
                f"has a contour of {title} with {len(data)} numbers for {count:g} points",
                "It is damaged: ask for it again at its source.",
            )
        found.append(
            (text(contour, "ContourGeometricType"), np.reshape(data, (-1, 3)) * (-1, -1, 1))
        )
    return found


def _left_out(contours, title) -> list[str]:
    """What has no area, and is said instead of painted."""
    told = []
    if places := [ring for kind, ring in contours if kind == "POINT"]:
        x, y, z = places[0][0] + 0.0  # no minus zero
        told.append(f"{title} is a point at ({x:g}, {y:g}, {z:g}) mm, RAS+: it has no area.")
    for kind in sorted({kind for kind, _ in contours} - {"POINT", *_CLOSED}):
        told.append(
            f"{title}: contours of type {kind or 'not stated'} enclose no area and are left out."
        )
    few = sum(kind in _CLOSED and len(ring) < 3 for kind, ring in contours)
    if few:
        told.append(
            f"{title}: {few} closed contours of one or two points enclose no area and are left out."
        )
    return told


def _mask(rings, grid, between, title, notes) -> Volume:
    """All rings of one region on the grid: even-odd at the voxel centres of each slice."""
    data = np.zeros(grid.shape[:3], bool)
    if not rings:
        notes.append(f"{title} has no contour: it is empty.")
        return on(grid, data)
    placed = [grid.voxel(ring) for _, ring in rings]
    axis = _slice_axis(placed, grid, title)
    plane = _Plane.of(grid, axis)
    by_slice = defaultdict(list)
    for (kind, _), ijk in zip(rings, placed, strict=True):
        by_slice[_slice_of(ijk, axis, grid, between, title)].append((kind, plane.ring(ijk)))
    if between == "error":
        _check_neighbours(sorted(by_slice), grid.spacing[axis], title)
    tiny = 0
    for k, several in by_slice.items():
        filled = [fill(ring, plane.shape) for _, ring in several]
        tiny += sum(not one.any() for one in filled)
        if any(kind == "CLOSED_PLANAR" for kind, _ in several):
            _check_nested(several, filled, f"{title}, slice {k}")
        np.moveaxis(data, axis, 0)[k] = plane.back(even_odd(filled))
    notes += _told(by_slice, tiny, title)
    return on(grid, data)


@dataclass(frozen=True)
class _Plane:
    """The two axes of a slice, ordered and turned so that a tie on a line is broken by the patient's sides.

    Flipping or transposing the array of the image then changes no voxel of the mask.
    """

    axes: list[int]
    flips: list[bool]
    shape: tuple[int, int]

    @classmethod
    def of(cls, grid, axis) -> "_Plane":
        toward = io_orientation(grid.affine)  # for each array axis: world axis, sign
        p, q = sorted((a for a in range(3) if a != axis), key=lambda a: toward[a, 0])
        return cls([p, q], [toward[a, 1] < 0 for a in (p, q)], (grid.shape[p], grid.shape[q]))

    def ring(self, ijk) -> np.ndarray:
        ring = ijk[:, self.axes].copy()
        for column, (flip, count) in enumerate(zip(self.flips, self.shape, strict=True)):
            if flip:
                ring[:, column] = count - 1 - ring[:, column]
        return ring

    def back(self, filled) -> np.ndarray:
        """A filled plane in the order of the array's own axes."""
        filled = filled[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]
        return filled if self.axes[0] < self.axes[1] else filled.T


def _slice_axis(placed, grid, title) -> int:
    """The array axis across which every ring is flat."""
    bend = np.max([np.ptp(ijk, axis=0) for ijk in placed], axis=0)
    axis = int(bend.argmin())
    if bend[axis] > _OFF_SLICE:
        raise GeometryError(
            f"{title}: its contours are not drawn in the slices of the image (off by {bend[axis]:.2g} slices)",
            "Pass the image on which they were drawn.",
        )
    return axis


def _slice_of(ijk, axis, grid, between, title) -> int:
    """The slice in which a ring lies; refused when it lies between two, or outside."""
    at = float(ijk[:, axis].mean())
    k = round(at)
    if abs(at - k) > _OFF_SLICE and between == "error":
        step = grid.spacing[axis]
        raise GeometryError(
            f"{title} has a contour {abs(at - k) * step:.2g} mm off the nearest slice of the image, and the "
            f"slices are {step:g} mm apart: it lies in none",
            'Pass the image on which it was drawn, or say between="nearest".',
        )
    last = np.array(grid.shape[:3]) - 1
    beyond = max(float((-ijk).max()), float((ijk - last).max()))
    if not 0 <= k <= last[axis] or beyond > _OVER_EDGE:
        raise GeometryError(
            f"{title} has a contour that leaves the image",
            "Pass the whole image on which it was drawn.",
        )
    return k


def _check_neighbours(slices, step, title):
    """Refuse contours in every second or third slice: the image has slices that they were not drawn on."""
    apart = set(np.diff(slices).tolist())
    if len(slices) > 2 and len(apart) == 1 and apart != {1}:
        gap = apart.pop()
        raise GeometryError(
            f"{title} has contours in one of every {gap} slices of the image: contours {gap * step:g} mm apart, "
            f"slices {step:g} mm",
            'Pass the image on which they were drawn; or say between="nearest" to leave the others empty.',
        )


def _check_nested(several, filled, where):
    """CLOSED_PLANAR says nothing of rings that cross, or of a ring that stands twice."""
    for (one, a), (other, b) in combinations(zip([r for _, r in several], filled, strict=True), 2):
        both = a & b
        if len(one) == len(other) and np.allclose(
            np.sort(one, axis=0), np.sort(other, axis=0), atol=1e-4
        ):
            raise GeometryError(
                f"{where}: a contour stands there twice",
                "Remove the copy: by even-odd they cancel.",
            )
        if both.any() and (a & ~b).any() and (b & ~a).any():
            raise GeometryError(
                f"{where}: two contours cross, and the file does not say which part is inside",
                "Merge them where they were drawn.",
            )


def _told(by_slice, tiny, title) -> list[str]:
    told = []
    if tiny:
        told.append(
            f"{title}: {counted(tiny, 'contour')} marked no voxel: no voxel centre lies inside."
        )
    missing = sorted({*range(min(by_slice), max(by_slice) + 1)} - set(by_slice))
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        told.append(
            f"{title}: no contour in {counted(len(missing), 'slice')} between its first and last ({shown}): left empty."
        )
    return told


def _segment(region, drawn, about, mask, dataset) -> Segment:
    rgb = [int(c) for c in numbers(drawn, "ROIDisplayColor")] if drawn is not None else []
    code: Code | None = (
        first_code(about, "RTROIIdentificationCodeSequence") if about is not None else None
    )
    author = text(about, "ROIInterpreter") if about is not None else ""
    return Segment(
        int(number(region, "ROINumber") or 0),
        text(region, "ROIName"),
        mask,
        algorithm=text(region, "ROIGenerationAlgorithm"),
        code=code,
        colour=(rgb[0], rgb[1], rgb[2]) if len(rgb) == 3 else None,
        algorithm_name=text(region, "ROIGenerationDescription"),
        author=author or text(dataset, "OperatorsName"),
    )


def referenced_series(dataset: Dataset) -> list[str]:
    """SeriesInstanceUIDs of the images on which the contours were drawn (PS3.3 C.8.8.5)."""
    return [
        text(series, "SeriesInstanceUID")
        for frame in value(dataset, "ReferencedFrameOfReferenceSequence") or ()
        for study in value(frame, "RTReferencedStudySequence") or ()
        for series in value(study, "RTReferencedSeriesSequence") or ()
    ]
