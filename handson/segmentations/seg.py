"""DICOM Segmentation objects (PS3.3 A.51, C.8.20): frames with a place, a segment and, often, gaps between.

A frame is not a slice: empty frames may be left out, segments follow one another, and nothing but
ImagePositionPatient says where a frame lies. So each frame is carried to its slice by millimetres.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from nibabel.affines import apply_affine
from pydicom import Dataset
from pydicom.sr.coding import Code

from ..dicom.elements import number, text, value
from ..dicom.faults import naming, without_warnings
from ..dicom.file_frames import frames_of
from ..dicom.geometry import LPS_TO_RAS, frame_affine, normal, tolerance
from ..dicom.header import read_header, whole_header
from ..dicom.pixels import locate, read_frames
from ..errors import GeometryError, ReadError, SeriesGapError
from ..volume import Volume
from .colours import from_cielab
from .grids import check_frame, check_inside, lattice_map, on, resampled
from .segment import Segment, Segmentation

_MOST_SLICES = 20_000  # of an object's own grid: beyond, its positions are damaged
_TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")


def read_seg(path: Path, grid: Volume | None, resample: bool) -> Segmentation:
    """Read a SEG of type BINARY, FRACTIONAL or LABELMAP on `grid`, or on its own grid.

    raises : ReadError, GeometryError, SeriesGapError
    """
    with without_warnings(), naming(path):
        dataset = whole_header(path, pixels=False)
        kind = text(dataset, "SegmentationType")
        if kind not in _TYPES:
            raise ReadError(
                f"is a segmentation of type {kind or 'not stated'}", f"Known: {', '.join(_TYPES)}."
            )
        described = _described(dataset, kind)
        uid = text(dataset, "FrameOfReferenceUID")
        notes = check_frame(uid, grid, "the segmentation") if grid is not None else []
        if number(dataset, "NumberOfFrames") == 0:
            return _without_frames(described, grid)
        header = read_header(path)
        every = frames_of(header)
        if len(value(dataset, "PerFrameFunctionalGroupsSequence") or ()) > len(every):
            notes.append(f"The object describes more frames than the {len(every)} that it holds.")
        _check_frames(every)
        if grid is None or resample:
            found = _Found(_own_grid(every, uid, dataset, notes))
        else:
            _check_slices(dataset, every, grid)
            found = _Found(grid)
        _collect(found, header, every, dataset, described, kind)
        make = found.mask if grid is None or not resample else _resampling(found, grid)
        return Segmentation(
            (_segment(item, make, dataset, kind) for item in described.values()),
            notes + found.notes(described),
        )


def _described(dataset, kind) -> dict:
    """SegmentNumber -> item of SegmentSequence; a label map may describe 0, its background."""
    items = {
        int(number(item, "SegmentNumber") or 0): item
        for item in value(dataset, "SegmentSequence") or ()
    }
    if kind == "LABELMAP":
        items.pop(0, None)
    if not items:
        raise ReadError(
            "is a segmentation that describes no segment", "Ask for the object again at its source."
        )
    if 0 in items or len(items) < len(
        [i for i in value(dataset, "SegmentSequence") if number(i, "SegmentNumber") != 0]
    ):
        raise ReadError(
            "numbers its segments wrongly: a number is missing or stands twice",
            "Ask for the object again at its source.",
        )
    return items


def _without_frames(described, grid) -> Segmentation:
    if grid is None:
        raise ReadError(
            "holds no frame, so it states no grid", "Pass the segmented image as like=."
        )
    empty = on(grid, np.zeros(grid.shape[:3], bool))
    return Segmentation(
        (Segment(n, text(item, "SegmentLabel"), empty) for n, item in described.items()),
        ["The object holds no frame: every segment is empty."],
    )


def _check_frames(every):
    for frame in every:
        if not (frame.position and frame.orientation and frame.spacing and frame.in_patient):
            raise ReadError(
                f"states no place in the patient for frame {frame.index + 1}",
                "Slide microscopy and damaged objects cannot be read here; try highdicom.",
            )


def _own_grid(every, uid, dataset, notes) -> Volume:
    """The grid that the object itself states: from the first to the last frame, in steps of PixelMeasures.

    The step is SpacingBetweenSlices. Positions cannot tell it: where empty frames, or every second
    slice, were left out, their distances are multiples of it.
    """
    first = every[0]
    for frame in every:
        if (
            not np.allclose(frame.orientation, first.orientation, atol=1e-4)
            or frame.spacing != first.spacing
        ):
            raise GeometryError(
                "holds frames in several orientations or pixel sizes",
                "Pass the segmented image as like=.",
            )
    across = normal(first.orientation)
    along = np.array([np.array(frame.position) @ across for frame in every])
    lowest, highest = every[along.argmin()], every[along.argmax()]
    step = _step(along, dataset, notes)
    count = round((along.max() - along.min()) / step) + 1
    off = (along - along.min()) / step
    if np.abs(off - np.rint(off)).max() * step > max(tolerance(step), 0.02) or count > _MOST_SLICES:
        raise SeriesGapError(
            f"has frames that lie between its slices of {step:g} mm",
            "Pass the segmented image as like=.",
        )
    way = np.array(highest.position) - np.array(lowest.position)
    affine = frame_affine(lowest, way / (count - 1) if count > 1 else across * step)
    if affine is None:
        raise ReadError("states no place in the patient", "Pass the segmented image as like=.")
    _check_straight(every, affine)
    shape = (first.file.format.columns, first.file.format.rows, count)
    return Volume(
        np.broadcast_to(np.zeros((), bool), shape), affine, modality="SEG", frame_of_reference=uid
    )


def _check_slices(dataset, every, grid) -> None:
    """Refuse an image whose slices are not those of the segmentation: frames might land on every second one."""
    stated = _measure(dataset, "SpacingBetweenSlices")
    if stated is None:
        return
    claims = [stated]
    if len({frame.position for frame in every}) == 1:  # then writers put what they like
        claims.append(_measure(dataset, "SliceThickness") or stated)
    across = LPS_TO_RAS[:3, :3] @ normal(every[0].orientation)
    columns = grid.affine[:3, :3].T
    through = max(columns, key=lambda column: abs(column @ across) / np.linalg.norm(column))
    steps = np.linalg.norm(through), abs(through @ across)  # along a tilted stack, and across it
    if min(abs(c - step) for c in claims for step in steps) > max(tolerance(stated), 0.02):
        raise GeometryError(
            f"lies on another grid than the image: its slices are {stated:g} mm apart, those of the image "
            f"{steps[0]:g} mm",
            "Pass the image that was segmented, read without like=, or say resample=True.",
        )


def _step(along, dataset, notes) -> float:
    """mm from slice to slice, as stated; from the positions only where nothing contradicts them."""
    spacing, thickness = (
        _measure(dataset, key) for key in ("SpacingBetweenSlices", "SliceThickness")
    )
    places = np.unique(np.round(along, 3))
    if spacing and thickness and len(places) == 1 and spacing < thickness - tolerance(thickness):
        raise SeriesGapError(
            f"states for its one slice a step of {spacing:g} mm and a thickness of {thickness:g} mm",
            "Pass the segmented image as like=.",
        )
    if spacing:
        return spacing
    gaps = np.diff(places)
    if len(places) == 1 and thickness:
        notes.append("A single slice without SpacingBetweenSlices: its depth is its thickness.")
        return thickness
    if len(places) > 1 and thickness and abs(gaps.min() - thickness) <= tolerance(thickness):
        notes.append(
            "SpacingBetweenSlices is not stated: positions and thickness agree on the step."
        )
        return float(gaps.min())
    raise SeriesGapError(
        "states no SpacingBetweenSlices, so slices that were left out cannot be told",
        "Pass the segmented image as like=.",
    )


def _measure(dataset, keyword) -> float | None:
    """A number of PixelMeasures, the same for all frames."""
    groups = [
        *(value(dataset, "SharedFunctionalGroupsSequence") or []),
        *(value(dataset, "PerFrameFunctionalGroupsSequence") or []),
    ]
    stated = {
        abs(found)
        for group in groups
        for item in value(group, "PixelMeasuresSequence") or ()
        if (found := number(item, keyword))
    }
    return stated.pop() if len(stated) == 1 else None


def _check_straight(every, affine):
    places = np.array([LPS_TO_RAS[:3, :3] @ frame.position for frame in every])
    ijk = apply_affine(np.linalg.inv(affine), places)
    if np.abs(ijk[:, :2]).max() > 0.1:
        raise GeometryError(
            "holds frames that are shifted against one another in their plane",
            "Pass the segmented image as like=.",
        )


@dataclass
class _Found:
    """The marked voxels of each segment on one grid, as flat indices: a mask is made when it is asked for."""

    grid: Volume
    places: dict = field(default_factory=dict)  # segment -> [flat indices]
    shares: dict = field(default_factory=dict)  # segment -> [values 0..1], of FRACTIONAL only
    planes: set = field(default_factory=set)

    def add(self, segment, ijk, shares=None):
        flat = np.ravel_multi_index(tuple(ijk.T), self.grid.shape[:3]).astype(np.int64)
        self.places.setdefault(segment, []).append(flat)
        if shares is not None:
            self.shares.setdefault(segment, []).append(shares)

    def mask(self, segment) -> Volume:
        fractional = bool(self.shares)
        data = np.zeros(int(np.prod(self.grid.shape[:3])), np.float32 if fractional else bool)
        for number_of_frame, flat in enumerate(self.places.get(segment, ())):
            data[flat] = self.shares[segment][number_of_frame] if fractional else True
        return on(self.grid, data.reshape(self.grid.shape[:3]))

    def notes(self, described) -> list[str]:
        empty = [
            text(item, "SegmentLabel") or f"segment {n}"
            for n, item in described.items()
            if not any(len(flat) for flat in self.places.get(n, ()))
        ]
        return [f"Without a marked voxel: {', '.join(empty)}."] if empty else []


def _resampling(found, grid):
    return lambda segment: resampled(found.mask(segment), grid)


def _collect(found, header, every, dataset, described, kind):
    """Carry each frame's marked pixels to the grid."""
    source = locate(header.location, every[0].file.format, every[0].file.number_of_frames)
    largest = number(dataset, "MaximumFractionalValue") if kind == "FRACTIONAL" else 1
    if not largest:
        raise ReadError("is FRACTIONAL and states no MaximumFractionalValue", "Ask for it again.")
    for frame, pixels in zip(every, read_frames(source, [f.index for f in every]), strict=True):
        whole = _landing(frame, pixels.shape, found.grid)
        row, column = np.nonzero(pixels)
        ijk = apply_affine(whole, np.stack([column, row, np.zeros_like(row)], axis=1)).astype(int)
        check_inside(ijk, found.grid, "the segmentation")
        stored = pixels[row, column]
        if kind == "LABELMAP":
            _check_single(found, 0, whole, frame)
            _add_labels(found, stored, ijk, described)
            continue
        segment = _segment_of(frame, described)
        _check_single(found, segment, whole, frame)
        if stored.size and stored.max() > largest:
            raise ReadError(
                f"holds the value {stored.max()} in frame {frame.index + 1}; the largest of a {kind} "
                f"segmentation here is {largest:g}",
                "The header or the pixels are damaged.",
            )
        found.add(
            segment, ijk, (stored / largest).astype(np.float32) if kind == "FRACTIONAL" else None
        )
    if kind == "FRACTIONAL":  # told by the dictionary even where every segment is empty
        for segment in described:
            found.shares.setdefault(segment, [])


def _landing(frame, shape, grid) -> np.ndarray:
    rows, columns = shape
    affine = frame_affine(frame)
    assert affine is not None  # `_check_frames` refuses frames without a place
    whole = lattice_map(affine, (columns, rows, 1), grid)
    if whole is None:
        raise GeometryError(
            f"lies on another grid than the image: the pixels of frame {frame.index + 1} are not voxels of it",
            "Pass the image that was segmented, read without like=, or say resample=True.",
        )
    return whole


def _check_single(found, segment, whole, frame):
    plane = (segment, *whole.ravel())
    if plane in found.planes:
        raise ReadError(
            f"holds two frames of one segment at one place (frame {frame.index + 1} is the second)",
            "It may be a series in time; read it with highdicom.",
        )
    found.planes.add(plane)


def _segment_of(frame, described) -> int:
    stated = frame.traits.segment
    if stated is None and len(described) == 1:
        return next(iter(described))
    if stated not in described:
        raise ReadError(
            f"does not describe the segment of frame {frame.index + 1} "
            f"({'not stated' if stated is None else stated})",
            "Ask for the object again at its source.",
        )
    return stated


def _add_labels(found, stored, ijk, described):
    order = np.argsort(stored, kind="stable")
    numbers, starts = np.unique(stored[order], return_index=True)
    for segment, part in zip(numbers.tolist(), np.split(ijk[order], starts[1:]), strict=True):
        if segment not in described:
            raise ReadError(
                f"holds the value {segment}, which none of its segments has",
                "Ask for the object again at its source.",
            )
        found.add(segment, part)


def _segment(item, make, dataset, kind) -> Segment:
    segment = int(number(item, "SegmentNumber") or 0)
    shares = text(dataset, "SegmentationFractionalType").lower()
    if kind == "FRACTIONAL" and shares not in ("probability", "occupancy"):
        raise ReadError(
            "is FRACTIONAL and does not say whether its shares are probabilities or occupancies",
            "Ask for the object again at its source.",
        )
    return Segment(
        segment,
        text(item, "SegmentLabel"),
        lambda: make(segment),
        kind=shares if kind == "FRACTIONAL" else "binary",
        algorithm=text(item, "SegmentAlgorithmType"),
        code=first_code(item, "SegmentedPropertyTypeCodeSequence"),
        colour=from_cielab(value(item, "RecommendedDisplayCIELabValue")),
        category=first_code(item, "SegmentedPropertyCategoryCodeSequence"),
        algorithm_name=text(item, "SegmentAlgorithmName"),
        author=text(dataset, "ContentCreatorName"),
    )


def first_code(item: Dataset, keyword: str) -> Code | None:
    """The first code of a sequence (PS3.3 8.8), None when there is none."""
    for coded in item.get(keyword) or ():
        found = (
            text(coded, "CodeValue") or text(coded, "LongCodeValue") or text(coded, "URNCodeValue")
        )
        if found:
            return Code(found, text(coded, "CodingSchemeDesignator"), text(coded, "CodeMeaning"))
    return None
