"""The frames of one file, whatever kind it is.

A classic file holds one frame; an enhanced multi-frame object describes each of its frames in
functional groups; a nuclear-medicine reconstruction counts them in vectors; a Siemens mosaic hides the
slices of a volume as tiles of one picture. After this module they are all the same, and nothing further
on asks where they came from.
"""

from dataclasses import replace

import numpy as np
from pydicom.uid import UID

from . import mosaic
from .elements import number, numbers, text, texts, value
from .enhanced import enhanced_frames
from .faults import NotAnImage, naming
from .frame import File, Frame, depth_of, exactly, part_of, pixel_spacing, seconds, shape_of
from .geometry import normal
from .header import GE_CREATOR, GE_RAW_DATA_TYPE, Header
from .nuclear import tomographic_frames
from .pixel_format import pixel_format
from .pixels import check_claim
from .scaling import scaling


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
            return enhanced_frames(base, header.dataset, groups)
        if tomographic := tomographic_frames(base, header.dataset):
            return tomographic
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
        exactly(3, numbers(dataset, "ImagePositionPatient")),
        exactly(6, numbers(dataset, "ImageOrientationPatient")),
        pixel_spacing(dataset),
        depth_of(dataset),
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


def _mosaic_frames(base, tiles) -> list[Frame]:
    file = replace(base.file, tiles=tiles.across)
    shape = (tiles.rows, tiles.columns, *dict(base.kind)["shape"][2:])
    kind = tuple((dict(base.kind) | {"shape": shape}).items())
    return [
        replace(base, file=file, index=i, position=position, kind=kind)
        for i, position in enumerate(tiles.positions)
    ]


def _kind(pixels, dataset, image_type, unit) -> tuple:
    kind = {"shape": shape_of(pixels)} | part_of(image_type, _ge_part(dataset))
    if (echo := number(dataset, "EchoTime")) is not None:
        kind["echo time"] = round(echo, 2)
    if (inversion := number(dataset, "InversionTime")) is not None:
        kind["inversion time"] = round(inversion, 1)
    kind["unit"] = unit or "not stated"
    return tuple(kind.items())


def _ge_part(dataset) -> str:
    """The signal's part in GE's private Raw Data Type, which its ImageType leaves unsaid."""
    if text(dataset, GE_CREATOR) != "GEMS_PARM_01":
        return ""
    parts = dict(enumerate(("MAGNITUDE", "PHASE", "REAL", "IMAGINARY")))
    return parts.get(number(dataset, GE_RAW_DATA_TYPE), "")


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


def _whole(found) -> int | None:
    return None if found is None else int(found)
