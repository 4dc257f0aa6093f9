"""The frames of an enhanced multi-frame object, each described in functional groups (PS3.3 C.7.6.16)."""

from collections.abc import Sequence

from pydicom import Dataset

from ..errors import ReadError
from .dimensions import dimension_items, dimension_keys
from .elements import item, number, numbers, text, texts
from .frame import Frame, depth_of, exactly, rounded_direction, seconds, step_of
from .keys import Key
from .scaling import frame_scaling, scaling
from .segments import fractional, segment_number
from .traits import Traits, other_words, parts_of, transform_in_words

_FRAME_TYPES = ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence")


def enhanced_frames(base: Frame, dataset: Dataset, groups: Sequence[Dataset]) -> list[Frame]:
    file = base.file
    if len(groups) < file.number_of_frames:
        raise ReadError(
            f"describes {len(groups)} of its {file.number_of_frames} frames",
            "Copy it again from the source.",
        )
    shared = item(dataset, "SharedFunctionalGroupsSequence")
    dimensions = dimension_items(dataset)
    return [
        _enhanced_frame(base, i, Groups(groups[i], shared), dimensions, dataset)
        for i in range(file.number_of_frames)
    ]


class Groups:
    """The functional groups of one frame: its own, or else the shared ones."""

    def __init__(self, own, shared):
        self.holders = [own] if shared is None else [own, shared]

    def __call__(self, key):
        """The item of a functional group, or None."""
        return next((found for h in self.holders if (found := item(h, key)) is not None), None)

    def numbers(self, key: str, element: str) -> tuple[float, ...]:
        found = self(key)
        return () if found is None else numbers(found, element)

    def number(self, key: str, element: str) -> float | None:
        found = self(key)
        return None if found is None else number(found, element)

    def text(self, key: str, element: str) -> str:
        found = self(key)
        return "" if found is None else text(found, element)


def _enhanced_frame(base, index, groups, dimensions, dataset) -> Frame:
    position = exactly(3, groups.numbers("PlanePositionSequence", "ImagePositionPatient"))
    orientation = exactly(6, groups.numbers("PlaneOrientationSequence", "ImageOrientationPatient"))
    in_patient = groups("PlanePositionVolumeSequence") is None
    if not in_patient:  # PS3.3 C.7.6.16.2.21: distances are right, sides unknown
        position = exactly(3, groups.numbers("PlanePositionVolumeSequence", "ImagePositionVolume"))
        orientation = exactly(
            6, groups.numbers("PlaneOrientationVolumeSequence", "ImageOrientationVolume")
        )
    measures = groups("PixelMeasuresSequence")
    transform = groups("PixelValueTransformationSequence")
    spacing = exactly(2, groups.numbers("PixelMeasuresSequence", "PixelSpacing"))
    rescale = scaling(dataset if transform is None else transform, base.file.modality)
    scaled = fractional(dataset) or frame_scaling(rescale, dataset, index)
    duration = groups.number("FrameContentSequence", "FrameAcquisitionDuration")
    return Frame(
        base.file,
        index,
        position,
        orientation,
        spacing if spacing and min(spacing) > 0 else None,
        None if measures is None else depth_of(measures),
        scaled,
        _traits(base.file, groups, scaled),
        base.keys | _keys(groups, index, dimensions),
        duration / 1000 if duration else None,
        None if measures is None else step_of(measures),
        in_patient,
    )


def _traits(file, groups, scaled) -> Traits:
    types = _frame_type(groups)
    component = "" if types is None else text(types, "ComplexImageComponent")
    echo = groups.number("MREchoSequence", "EffectiveEchoTime")
    rows, columns, samples = file.format.shape
    return Traits(
        rows,
        columns,
        samples,
        file.format.photometric,
        file.modality,
        transform=transform_in_words(scaled),
        **parts_of(() if types is None else texts(types, "FrameType"), component),
        echo_time=None if echo is None else round(echo, 2),
        segment=segment_number(groups),
        stack=groups.text("FrameContentSequence", "StackID") or None,
        data=groups.text("ImageDataTypeSequence", "DataType") or None,  # of ultrasound
        unit=scaled.unit or None,
    )


def _frame_type(groups):
    return next((found for key in _FRAME_TYPES if (found := groups(key)) is not None), None)


def _keys(groups, index, dimensions) -> dict:
    """What may tell this frame apart from others at its position."""
    content, types = groups("FrameContentSequence"), _frame_type(groups)
    heart, timing = "CardiacSynchronizationSequence", "MRTimingAndRelatedParametersSequence"
    offset = groups.number("TemporalPositionSequence", "TemporalPositionTimeOffset")
    inversions = groups.numbers("MRModifierSequence", "InversionTimes")
    found = {
        Key.FRAME: index,
        Key.TEMPORAL_POSITION: groups.number("FrameContentSequence", "TemporalPositionIndex"),
        Key.ACQUISITION: groups.number("FrameContentSequence", "FrameAcquisitionNumber"),
        Key.TIME: seconds(groups.text("FrameContentSequence", "FrameAcquisitionDateTime")),
        Key.TIME_OFFSET: offset,
        Key.TRIGGER_TIME: groups.number(heart, "NominalCardiacTriggerDelayTime"),
        Key.CARDIAC_PHASE: groups.number(heart, "NominalPercentageOfCardiacPhase"),
        Key.RESPIRATORY_PHASE: groups.number(
            "RespiratorySynchronizationSequence", "NominalPercentageOfRespiratoryPhase"
        ),
        Key.B_VALUE: groups.number("MRDiffusionSequence", "DiffusionBValue"),
        Key.DIRECTION: _direction(groups),
        Key.ASL_LABEL: groups.text("MRArterialSpinLabelingSequence", "ASLContext") or None,
        Key.FLIP_ANGLE: groups.number(timing, "FlipAngle"),
        Key.REPETITION_TIME: groups.number(timing, "RepetitionTime"),
        Key.INVERSION_TIME: inversions or None,
        Key.KERNEL: groups.text("CTReconstructionSequence", "ConvolutionKernel") or None,
        Key.TUBE_VOLTAGE: groups.number("CTXRayDetailsSequence", "KVP"),
        Key.VELOCITY_DIRECTION: groups.numbers(
            "MRVelocityEncodingSequence", "VelocityEncodingDirection"
        )
        or None,
        Key.IMAGE_TYPE: (other_words(texts(types, "FrameType")) if types is not None else "")
        or None,
    }
    stated = {key: v for key, v in found.items() if v is not None}
    return stated | dimension_keys(dimensions, content, groups)


def _direction(groups) -> tuple | None:
    holder = groups("MRDiffusionSequence")
    if holder is not None and text(holder, "DiffusionDirectionality") in ("NONE", "ISOTROPIC"):
        return None
    gradient = None if holder is None else item(holder, "DiffusionGradientDirectionSequence")
    found = () if gradient is None else numbers(gradient, "DiffusionGradientOrientation")
    return rounded_direction(found)
