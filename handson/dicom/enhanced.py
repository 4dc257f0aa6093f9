"""The frames of an enhanced multi-frame object, each described in functional groups (PS3.3 C.7.6.16)."""

from ..errors import ReadError
from .elements import number, numbers, text, texts, value
from .frame import Frame, depth_of, exactly, part_of, seconds, shape_of
from .scaling import scaling


def enhanced_frames(base, dataset, groups) -> list[Frame]:
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
        return exactly(count, found) if count else found

    content = group("FrameContentSequence")
    types = [
        item
        for k in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence")
        if (item := group(k)) is not None
    ]
    transform = group("PixelValueTransformationSequence")
    kind = {"shape": shape_of(base.file.format)}
    if types:
        kind |= part_of(texts(types[0], "FrameType"), text(types[0], "ComplexImageComponent"))
    if echo := of("MREchoSequence", "EffectiveEchoTime"):
        kind["echo time"] = round(echo[0], 2)
    if (segment := group("SegmentIdentificationSequence")) is not None:
        kind["segment"] = int(number(segment, "ReferencedSegmentNumber") or 0)
    if content is not None and text(content, "StackID"):
        kind["stack"] = text(content, "StackID")
    if data := group("ImageDataTypeSequence"):  # of ultrasound: tissue or flow
        kind["data"] = text(data, "DataType")
    position = of("PlanePositionSequence", "ImagePositionPatient", 3)
    orientation = of("PlaneOrientationSequence", "ImageOrientationPatient", 6)
    in_patient = "PlanePositionVolumeSequence" not in own
    if not in_patient:  # PS3.3 C.7.6.16.2.21: distances are right, sides unknown
        position = of("PlanePositionVolumeSequence", "ImagePositionVolume", 3)
        orientation = of("PlaneOrientationVolumeSequence", "ImageOrientationVolume", 6)
    spacing = of("PixelMeasuresSequence", "PixelSpacing", 2)
    return Frame(
        base.file,
        index,
        position,
        orientation,
        spacing,
        depth_of(measures) if (measures := group("PixelMeasuresSequence")) is not None else None,
        scaling(transform if transform is not None else dataset, base.file.modality),
        tuple(kind.items()),
        _enhanced_order(base, index, group, content, stated),
        in_patient,
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
# delay, time offset, b-value, gradient direction, acquisition time, and contrast.
_NOT_PLACE = {0x00209128, 0x0020930D, 0x00209153, 0x00189087, 0x00189089, 0x00209074, 0x00209344}


def _dimensions(dataset) -> list[bool]:
    """For each dimension index of the object, whether it counts something other than place."""
    items = value(dataset, "DimensionIndexSequence") or []
    return [int(item.get("DimensionIndexPointer", 0) or 0) in _NOT_PLACE for item in items]
