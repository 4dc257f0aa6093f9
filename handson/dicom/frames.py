"""A frame: one picture with its place in the patient, whatever kind of file it came in.

A classic file holds one frame; an enhanced multi-frame object describes each of its frames in
functional groups (PS3.3 C.7.6.16); a Siemens mosaic hides the slices of a volume as tiles of one
picture. After this module they are all the same, and nothing further on asks where they came from.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.uid import UID

from ..errors import ReadError
from . import mosaic
from .elements import number, numbers, text, texts, value
from .faults import NotAnImage, naming
from .geometry import normal
from .header import Header, Location
from .pixel_format import PixelFormat, pixel_format
from .pixels import check_claim
from .scaling import Scaling, scaling

# ImageType's third value and Siemens' words that say which part of the complex signal was kept.
_PARTS = {"M": "magnitude", "MAGNITUDE": "magnitude", "P": "phase", "PHASE": "phase", "PHASE MAP": "phase",
          "R": "real", "REAL": "real", "I": "imaginary", "IMAGINARY": "imaginary"}  # fmt: skip
# Siemens', GE's and Philips' words for the four images that a Dixon series holds.
_DIXON = {"W": "water", "WATER": "water", "F": "fat", "FAT": "fat",
          "IP": "in phase", "IN_PHASE": "in phase",
          "OP": "opposed phase", "OPP_PHASE": "opposed phase", "OUT_PHASE": "opposed phase"}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """What the frames of one file share.

    owner : (PatientID, StudyInstanceUID); a copied or empty series UID must not mix two patients
    tiles : the number of mosaic tiles side by side, or 0
    """

    location: Location
    owner: tuple[str, str]
    series_uid: str
    sop_uid: str
    modality: str
    description: str
    number: int | None
    format: PixelFormat
    frames: int
    tiles: int = 0

    @property
    def path(self) -> Path:
        return self.location.path


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: where it lies, what its numbers mean, what sets it apart from its neighbours.

    index : frame number in its file; tile number in a mosaic
    position : (3,) mm, LPS, centre of the first pixel (ImagePositionPatient), or None
    orientation : (6,) LPS row and column cosines, or None
    spacing : (row, column) mm, or None
    depth : mm, what the file states of the slice distance or else its thickness; for single slices only
    kind : ((name, value), ...) that must agree within a volume: shape, echo, magnitude or phase
    order : {name: value} by which repeated positions are put in order in time
    """

    file: File
    index: int
    position: tuple | None
    orientation: tuple | None
    spacing: tuple | None
    depth: float | None
    scaling: Scaling
    kind: tuple
    order: dict


def frames(header: Header) -> list[Frame]:
    """The frames of one file, in the file's order.

    raises : NotAnImage when it holds no picture, ReadError when its numbers make no sense
    """
    with naming(header.path):
        base = classic_frame(header)
        here = header.location
        check_claim(here.path, base.file.format, base.file.frames, here.size)
        if "MOSAIC" in texts(header.dataset, "ImageType"):
            return _mosaic_frames(base, mosaic.tiles(header.dataset, base.file.format))
        if groups := value(header.dataset, "PerFrameFunctionalGroupsSequence"):
            return _enhanced_frames(base, header.dataset, groups)
        offsets = numbers(header.dataset, "GridFrameOffsetVector")
    if base.file.frames == 1:
        return [base]
    if len(offsets) == base.file.frames and base.position and base.orientation:
        return _offset_frames(base, offsets)
    return [
        replace(base, index=i, order=base.order | {"frame": i}) for i in range(base.file.frames)
    ]


def classic_frame(header: Header) -> Frame:
    """The first frame, as the top level of the header describes it."""
    dataset = header.dataset
    pixels = pixel_format(header)
    if pixels is None:
        name = UID(text(dataset, "SOPClassUID")).name or "of no stated kind"
        raise NotAnImage(
            f"holds no picture ({name})", "It can be opened with pydicom.dcmread.", path=header.path
        )
    count = numbers(dataset, "NumberOfFrames")
    modality = text(dataset, "Modality")
    file = File(
        header.location,
        (text(dataset, "PatientID"), text(dataset, "StudyInstanceUID")),
        text(dataset, "SeriesInstanceUID"),
        text(dataset, "SOPInstanceUID"),
        modality,
        text(dataset, "SeriesDescription") or text(dataset, "ProtocolName"),
        _whole(number(dataset, "SeriesNumber")),
        pixels,
        max(int(count[0]), 1) if count else 1,
    )
    scaled = scaling(dataset, modality)
    return Frame(
        file,
        0,
        _exactly(3, numbers(dataset, "ImagePositionPatient")),
        _exactly(6, numbers(dataset, "ImageOrientationPatient")),
        pixel_spacing(dataset),
        _depth(dataset),
        scaled,
        _kind(pixels, dataset, texts(dataset, "ImageType"), scaled.unit),
        _order(dataset),
    )


def _offset_frames(base, offsets) -> list[Frame]:
    """An RT dose grid: offsets from the first frame, along the normal (PS3.3 C.8.8.3.2)."""
    direction = normal(base.orientation)
    start = np.array(base.position)
    first = offsets[0] if offsets[0] else 0.0
    return [
        replace(base, index=i, position=tuple(start + (offset - first) * direction))
        for i, offset in enumerate(offsets)
    ]


def _enhanced_frames(base, dataset, groups) -> list[Frame]:
    file = base.file
    if len(groups) < file.frames:
        raise ReadError(
            f"describes {len(groups)} of its {file.frames} frames", "Copy it again from the source."
        )
    shared = value(dataset, "SharedFunctionalGroupsSequence")
    shared = shared[0] if shared else {}
    stated = _dimensions(dataset)
    return [
        _enhanced_frame(base, i, groups[i], shared, stated, dataset) for i in range(file.frames)
    ]


def _enhanced_frame(base, index, own, shared, stated, dataset) -> Frame:
    def group(keyword):
        items = own.get(keyword) or shared.get(keyword)
        return items[0] if items else None

    def of(keyword, element, count=None):
        item = group(keyword)
        found = numbers(item, element) if item is not None else ()
        return _exactly(count, found) if count else found

    content = group("FrameContentSequence")
    types = [
        item
        for k in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence")
        if (item := group(k)) is not None
    ]
    transform = group("PixelValueTransformationSequence")
    kind = {"shape": _shape(base.file.format)}
    if types:
        kind |= _part(texts(types[0], "FrameType"), text(types[0], "ComplexImageComponent"))
    if echo := of("MREchoSequence", "EffectiveEchoTime"):
        kind["echo time"] = round(echo[0], 2)
    if (segment := group("SegmentIdentificationSequence")) is not None:
        kind["segment"] = int(number(segment, "ReferencedSegmentNumber") or 0)
    if content is not None and text(content, "StackID"):
        kind["stack"] = text(content, "StackID")
    spacing = of("PixelMeasuresSequence", "PixelSpacing", 2)
    return Frame(
        base.file,
        index,
        of("PlanePositionSequence", "ImagePositionPatient", 3),
        of("PlaneOrientationSequence", "ImageOrientationPatient", 6),
        spacing,
        _depth(measures) if (measures := group("PixelMeasuresSequence")) is not None else None,
        scaling(transform if transform is not None else dataset, base.file.modality),
        tuple(kind.items()),
        _enhanced_order(base, index, group, content, stated),
    )


def _enhanced_order(base, index, group, content, stated) -> dict:
    """What may order the frames of one position in time."""
    found = {"frame": index}
    if content is not None:
        found["temporal position"] = number(content, "TemporalPositionIndex")
        found["acquisition"] = number(content, "FrameAcquisitionNumber")
        found["time"] = seconds(text(content, "FrameAcquisitionDateTime"))
        values = numbers(content, "DimensionIndexValues")
        found["dimensions"] = tuple(v for v, told in zip(values, stated, strict=False) if told)
    if (heart := group("CardiacSynchronizationSequence")) is not None:
        found["trigger time"] = number(heart, "NominalCardiacTriggerDelayTime")
    if (diffusion := group("MRDiffusionSequence")) is not None:
        found["b-value"] = number(diffusion, "DiffusionBValue")
    return base.order | {k: v for k, v in found.items() if v not in (None, ())}


# What PS3.3 C.7.6.17 lets an object index its frames by, other than place: temporal position, trigger
# delay, b-value, gradient direction, acquisition time, and contrast.
_NOT_PLACE = {0x00209128, 0x00209153, 0x00189087, 0x00189089, 0x00209074, 0x00209344}


def _dimensions(dataset) -> list[bool]:
    """For each dimension index of the object, whether it counts something other than place."""
    items = value(dataset, "DimensionIndexSequence") or []
    return [int(item.get("DimensionIndexPointer", 0) or 0) in _NOT_PLACE for item in items]


def _mosaic_frames(base, tiles) -> list[Frame]:
    file = replace(base.file, tiles=tiles.across)
    shape = (tiles.rows, tiles.columns, *dict(base.kind)["shape"][2:])
    kind = tuple((dict(base.kind) | {"shape": shape}).items())
    return [
        replace(base, file=file, index=i, position=position, kind=kind)
        for i, position in enumerate(tiles.positions)
    ]


def pixel_spacing(dataset) -> tuple | None:
    """(row, column) mm in the patient, or None; never the spacing at the detector."""
    found = _exactly(2, numbers(dataset, "PixelSpacing"))
    return found if found and min(found) > 0 else None


def _depth(dataset) -> float | None:
    depth = number(dataset, "SpacingBetweenSlices") or number(dataset, "SliceThickness")
    return abs(depth) if depth else None


def seconds(stamp: str) -> float | None:
    """DT, or DA + TM run together, as seconds; only differences of it mean something."""
    digits, _, fraction = stamp.partition(".")
    digits = digits.split("+")[0].split("-")[0]
    if len(digits) < 10 or not digits.isdigit():
        return None
    digits = digits.ljust(14, "0")
    day = np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}").astype(int)
    hour, minute, second = (int(digits[i : i + 2]) for i in (8, 10, 12))
    fraction = "".join(c for c in fraction[:6] if c.isdigit()) or "0"
    return int(day) * 86400.0 + hour * 3600 + minute * 60 + second + float(f"0.{fraction}")


def _kind(pixels, dataset, image_type, unit) -> tuple:
    kind = {"shape": _shape(pixels)} | _part(image_type, "")
    if (echo := number(dataset, "EchoTime")) is not None:
        kind["echo time"] = round(echo, 2)
    if (inversion := number(dataset, "InversionTime")) is not None:
        kind["inversion time"] = round(inversion, 1)
    kind["unit"] = unit or "not stated"
    return tuple(kind.items())


def _part(image_type, component) -> dict:
    words = [component, *image_type[2:]]
    found = {
        name: next((known[w] for w in words if w in known), None)
        for name, known in (("signal", _PARTS), ("dixon", _DIXON))
    }
    return {name: part for name, part in found.items() if part}


def _shape(pixels) -> tuple:
    return pixels.rows, pixels.columns, pixels.samples, pixels.photometric


def _order(dataset) -> dict:
    day = text(dataset, "AcquisitionDate") or text(dataset, "ContentDate") or "19700101"
    stamp = text(dataset, "AcquisitionDateTime")
    clock = text(dataset, "AcquisitionTime")
    content = text(dataset, "ContentTime")
    found = {
        "temporal position": number(dataset, "TemporalPositionIdentifier"),
        "trigger time": number(dataset, "TriggerTime"),
        "b-value": number(dataset, "DiffusionBValue"),
        "time": seconds(stamp) if stamp else seconds(day + clock) if clock else None,
        "acquisition": number(dataset, "AcquisitionNumber"),
        "content time": seconds(day + content) if content else None,
        "instance": number(dataset, "InstanceNumber"),
    }
    if found["b-value"] is None:
        found["b-value"] = number(dataset, 0x0019100C)  # Siemens, "SIEMENS MR HEADER"
    return {k: v for k, v in found.items() if v is not None}


def _exactly(count, values) -> tuple | None:
    return tuple(values) if len(values) == count else None


def _whole(found) -> int | None:
    return None if found is None else int(found)
