"""The frames of one file, whatever kind it is.

A classic file holds one frame; an enhanced multi-frame object describes each of its frames in
functional groups; a nuclear-medicine reconstruction counts them in vectors; a Siemens mosaic hides the
slices of a volume as tiles of one picture. After this module they are all alike, and nothing further
on asks where they came from.
"""

import struct
from dataclasses import replace
from typing import Any

import numpy as np
from pydicom.uid import UID

from ..errors import ReadError
from . import header as vendor
from . import mosaic
from .elements import number, numbers, private, text, texts, value
from .enhanced import enhanced_frames
from .faults import NotAnImage, naming
from .frame import (
    File,
    Frame,
    depth_of,
    exactly,
    frame_increments,
    is_lossy,
    padding_of,
    part_of,
    pixel_spacing,
    rounded_direction,
    seconds,
    step_of,
)
from .geometry import normal
from .header import Header
from .keys import Key
from .nuclear import tomographic_frames
from .pixel_format import pixel_format
from .pixels import check_claim
from .scaling import frame_scaling, scaling
from .traits import Traits, other_words, parts_of, transform_in_words

_SAME_HEIGHT = 1e-3  # mm by which two statements of one height may differ


def frames_of(header: Header) -> list[Frame]:
    """The frames of one file, in the file's order.

    raises : NotAnImage when it holds no picture, ReadError when its numbers make no sense
    """
    with naming(header.path):
        base = classic_frame(header)
        here = header.location
        check_claim(here.path, base.file.format, base.file.number_of_frames, here.size)
        words = texts(header.dataset, "ImageType")
        if "VFRAME" in words:
            raise ReadError(
                "is a mosaic of United Imaging: where its slices lie stands in private elements that are "
                "not read here",
                "Convert it with dcm2niix; read_slice shows the picture as it is.",
            )
        if "MOSAIC" in words:
            return _mosaic_frames(base, header.dataset)
        if groups := value(header.dataset, "PerFrameFunctionalGroupsSequence"):
            return enhanced_frames(base, header.dataset, groups)
        if tomographic := tomographic_frames(base, header.dataset):
            return tomographic
        if base.file.number_of_frames == 1:
            return [base]
        return _plain_frames(base, header.dataset)


def _plain_frames(base, dataset) -> list[Frame]:
    """Frames that nothing describes one by one: at the first one's place only if time alone sets them apart."""
    offsets = numbers(dataset, "GridFrameOffsetVector")
    if len(offsets) == base.file.number_of_frames and base.position and base.orientation:
        return _offset_frames(base, offsets)
    named = frame_increments(dataset)
    position = base.position if named and named <= {"FrameTime", "FrameTimeVector"} else None
    return [
        replace(base, index=i, position=position, keys=base.keys | {Key.FRAME: i})
        for i in range(base.file.number_of_frames)
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
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        padding=padding_of(dataset),
        lossy=is_lossy(dataset, header.location.syntax),
        part=part_of(dataset),
    )
    scaled = frame_scaling(scaling(dataset, modality), dataset, 0)
    duration = number(dataset, "ActualFrameDuration")
    return Frame(
        file,
        0,
        exactly(3, numbers(dataset, "ImagePositionPatient")),
        exactly(6, numbers(dataset, "ImageOrientationPatient")),
        pixel_spacing(dataset),
        depth_of(dataset),
        scaled,
        _traits(pixels, dataset, modality, scaled),
        _keys(dataset, modality),
        duration / 1000 if duration else None,
        step_of(dataset),
    )


def _offset_frames(base, offsets) -> list[Frame]:
    """An RT dose grid (PS3.3 C.8.8.3.2): offsets from the first frame along the normal, or heights.

    Heights are the patient's own z of axial frames; they begin with that of ImagePositionPatient.
    raises : ReadError when they begin with neither 0 nor that height
    """
    x, y, z = base.position
    direction = normal(base.orientation)
    if abs(offsets[0]) < _SAME_HEIGHT:
        places = [tuple(np.array(base.position) + offset * direction) for offset in offsets]
    elif abs(offsets[0] - z) < _SAME_HEIGHT and abs(direction[2]) > 1 - 1e-6:
        places = [(x, y, height) for height in offsets]
    else:
        raise ReadError(
            f"has a GridFrameOffsetVector that begins with {offsets[0]:g}: neither with 0 nor with "
            f"the height of its first frame, {z:g}",
            "Where its frames lie is unknown; read_slice(path, frame=n) shows them one by one.",
        )
    return [replace(base, index=i, position=place) for i, place in enumerate(places)]


def _mosaic_frames(base, dataset) -> list[Frame]:
    """The slices of a mosaic; the whole picture as one frame when the header lost the count of its tiles."""
    tiles = mosaic.tiles(dataset)
    if tiles is None:
        return [replace(base, file=replace(base.file, lost_mosaic=True))]
    return mosaic.tile_frames(replace(base, keys=_csa_diffusion(dataset) | base.keys), tiles)


def _csa_diffusion(dataset) -> dict:
    """b-value and direction of Siemens' image header, of files without the elements of group 0019."""
    csa = mosaic.csa_header(dataset)
    b_value, direction = (
        mosaic.csa_item(csa, name) for name in ("B_value", "DiffusionGradientDirection")
    )
    found: dict[Key, Any] = {}
    if b_value:
        found[Key.B_VALUE] = float(b_value[0])
    if stated := rounded_direction(direction):
        found[Key.DIRECTION] = stated
    return found


def _traits(pixels, dataset, modality, scaled) -> Traits:
    echo, inversion = number(dataset, "EchoTime"), number(dataset, "InversionTime")
    image_type = texts(dataset, "ImageType")
    rows, columns, samples = pixels.shape
    return Traits(
        rows,
        columns,
        samples,
        pixels.photometric,
        modality,
        transform=transform_in_words(scaled),
        **parts_of(image_type, _ge_part(dataset)),
        ge_image=_ge_image(dataset),
        echo_time=None if echo is None else round(echo, 2),
        inversion_time=None if inversion is None else round(inversion, 1),
        unit=scaled.unit or "not stated",
    )


def _ge_part(dataset) -> str:
    """The signal's part in GE's private Raw Data Type, which its ImageType leaves unsaid."""
    parts: dict[float | None, str] = dict(enumerate(("MAGNITUDE", "PHASE", "REAL", "IMAGINARY")))
    return parts.get(_private(dataset, vendor.GE_PARAMETERS, 0x0043, 0x2F), "")


# What GE's (0043,1030) says of the images of a diffusion series: three directions, T2, combined, tensor.
_GE_DIFFUSION = {3, 4, 5, 14, 15, 16}


def _ge_image(dataset) -> int | None:
    """GE's number for the kind of an image: a B0 map and its magnitude differ in nothing else."""
    found = _private(dataset, vendor.GE_PARAMETERS, 0x0043, 0x30)
    if found is None or (found in _GE_DIFFUSION and _b_value(dataset) is not None):
        return None
    return int(found)


def _private(dataset, creator, group, element) -> float | None:
    """The number in a private element behind its own creator, or None."""
    tag = private(dataset, creator, group, element)
    return None if tag is None else number(dataset, tag)


def _b_value(dataset) -> float | None:
    """The diffusion weighting in s/mm2: the standard's element, or a vendor's."""
    found = number(dataset, "DiffusionBValue")
    for creator, group, element in (
        (vendor.SIEMENS, 0x0019, 0x0C),
        (vendor.PHILIPS, 0x2001, 0x03),
        (vendor.GE_PARAMETERS, 0x0043, 0x39),
    ):
        if found is None:
            found = _private(dataset, creator, group, element)
    if found is None:
        found = next(iter(_united_imaging(dataset, 0x09)), None)
    return None if found is None else found % 1e9  # GE adds 1e9 as a flag


def _united_imaging(dataset, element) -> tuple[float, ...]:
    """The doubles in a private element of United Imaging; implicit files do not say that they are."""
    tag = private(dataset, vendor.UNITED_IMAGING, 0x0065, element)
    found = value(dataset, tag) if tag else None
    if isinstance(found, bytes) and len(found) % 8 == 0:
        return struct.unpack(f"<{len(found) // 8}d", found)
    return numbers(dataset, tag) if tag else ()


def _turned(dataset, direction) -> tuple[float, ...]:
    """A direction along row, column and normal of the picture -> LPS; () when one of them is not stated."""
    orientation = numbers(dataset, "ImageOrientationPatient")
    if len(direction) != 3 or len(orientation) != 6:
        return ()
    row, column = np.reshape(orientation, (2, 3))
    return tuple((direction @ np.array([row, column, normal(orientation)])).tolist())


def _direction(dataset) -> tuple | None:
    """The gradient's direction as the file holds it, to tell volumes apart; `diffusion` knows its axes."""
    if text(dataset, "DiffusionDirectionality") in ("NONE", "ISOTROPIC"):
        return None
    # First, since its standard element does not follow the slices when they are turned.
    found = _turned(dataset, _united_imaging(dataset, 0x37))
    found = found or numbers(dataset, "DiffusionGradientOrientation")
    if not found and (tag := private(dataset, vendor.SIEMENS, 0x0019, 0x0E)):
        found = numbers(dataset, tag)
    for creator, group, elements in (
        (vendor.GE_ACQUISITION, 0x0019, (0xBB, 0xBC, 0xBD)),
        (vendor.PHILIPS_2005, 0x2005, (0xB0, 0xB1, 0xB2)),
    ):
        if not found and _b_value(dataset) is not None:
            parts = [_private(dataset, creator, group, element) for element in elements]
            known = [part for part in parts if part is not None]
            found = tuple(known) if len(known) == 3 else ()
    return rounded_direction(found)


def _keys(dataset, modality) -> dict:
    """What may tell this frame apart from others at its position."""
    day, content_day = text(dataset, "AcquisitionDate"), text(dataset, "ContentDate")
    stamp, clock = text(dataset, "AcquisitionDateTime"), text(dataset, "AcquisitionTime")
    content = text(dataset, "ContentTime")
    found = {
        Key.TEMPORAL_POSITION: number(dataset, "TemporalPositionIdentifier"),
        Key.CARDIAC_PHASE: number(dataset, "NominalPercentageOfCardiacPhase"),
        Key.TRIGGER_TIME: number(dataset, "TriggerTime"),
        Key.TIME: seconds(stamp) if stamp else _clock(day, clock),
        Key.ACQUISITION: number(dataset, "AcquisitionNumber"),
        Key.CONTENT_TIME: _clock(content_day, content),
        Key.INSTANCE: number(dataset, "InstanceNumber"),
        Key.IMAGE_TYPE: other_words(texts(dataset, "ImageType")) or None,
    }
    if modality == "MR":
        found |= _mr_keys(dataset)
    elif modality == "CT":
        found[Key.KERNEL] = "\\".join(texts(dataset, "ConvolutionKernel")) or None
        found[Key.TUBE_VOLTAGE] = number(dataset, "KVP")
    elif modality == "PT":
        found |= _pet_keys(dataset)
    return {key: v for key, v in found.items() if v is not None}


def _mr_keys(dataset) -> dict:
    return {
        Key.B_VALUE: _b_value(dataset),
        Key.DIRECTION: _direction(dataset),
        Key.FLIP_ANGLE: number(dataset, "FlipAngle"),
        Key.REPETITION_TIME: number(dataset, "RepetitionTime"),
        Key.ECHO_NUMBER: number(dataset, "EchoNumbers"),
        Key.SEQUENCE_NAME: text(dataset, "SequenceName") or None,
        Key.PHASE_NUMBER: _private(dataset, vendor.PHILIPS, 0x2001, 0x08),
    }


def _pet_keys(dataset) -> dict:
    """PS3.3 C.8.9.4: ImageIndex counts slices, then time slices."""
    index, slices = number(dataset, "ImageIndex"), number(dataset, "NumberOfSlices")
    return {
        Key.FRAME_REFERENCE_TIME: number(dataset, "FrameReferenceTime"),
        Key.TIME_SLICE: (index - 1) // slices + 1 if index and slices else None,
    }


def _clock(day, time) -> float | None:
    """Seconds since 1970, or of the day where the date is not known."""
    if not time:
        return None
    found = seconds(day + time) if day else None
    return seconds("19700101" + time) if found is None else found


def _whole(found) -> int | None:
    return None if found is None else int(found)
