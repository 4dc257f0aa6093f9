"""What may tell apart, and put in order, frames that lie at one place.

A frame carries a dictionary of these keys. *Tags* are the same in all slices of a volume by what they
mean (a temporal position, a b-value); *clocks* and counters may run on from slice to slice. The order
below is the order of trust: it decides by which key volumes are sorted.
"""

from dataclasses import dataclass
from enum import StrEnum


class Key(StrEnum):
    """One name for one element, as notes and errors spell it; the most trustworthy first."""

    TEMPORAL_POSITION = "temporal position"
    TIME_SLICE = "time slice"  # of PET, from ImageIndex and NumberOfSlices
    TIME_SLOT = "time slot"
    CARDIAC_PHASE = "cardiac phase (%)"
    RESPIRATORY_PHASE = "respiratory phase (%)"
    TRIGGER_TIME = "trigger time"
    TIME_OFFSET = "time offset"
    FRAME_REFERENCE_TIME = "frame reference time"
    TIME = "time"
    ACQUISITION = "acquisition"
    CONTENT_TIME = "content time"
    B_VALUE = "b-value"
    DIRECTION = "gradient direction"
    ASL_LABEL = "spin label"
    PHASE_NUMBER = "phase number"
    FLIP_ANGLE = "flip angle"
    INVERSION_TIME = "inversion time"
    REPETITION_TIME = "repetition time"
    VELOCITY_DIRECTION = "velocity direction"
    ECHO_NUMBER = "echo number"
    SEQUENCE_NAME = "sequence name"
    IMAGE_TYPE = "image type"
    KERNEL = "convolution kernel"
    TUBE_VOLTAGE = "tube voltage"
    INSTANCE = "instance"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One item of the DimensionIndexSequence (PS3.3 C.7.6.17): a key as good as its object's writer.

    number : its place in the sequence, from 0
    name : the keyword of the attribute that it counts, or its tag
    place : True when that attribute is one of place (position, stack)
    """

    number: int
    name: str
    place: bool

    def __str__(self):
        return self.name


# The last resort: numbers that writers give as they like.
COUNTERS = (Key.INSTANCE, Key.FRAME)
# Clocks and counters: they may differ from slice to slice of one volume.
CLOCKS = (
    Key.TRIGGER_TIME,
    Key.TIME_OFFSET,
    Key.FRAME_REFERENCE_TIME,
    Key.TIME,
    Key.ACQUISITION,
    Key.CONTENT_TIME,
    *COUNTERS,
)
# Tags that describe how an image was made. They tell volumes apart, but one that is not the same at
# every place (a rounded repetition time) does not speak against a better key.
SOFT = (
    Key.TIME_SLICE,
    Key.FLIP_ANGLE,
    Key.INVERSION_TIME,
    Key.REPETITION_TIME,
    Key.ECHO_NUMBER,
    Key.SEQUENCE_NAME,
    Key.IMAGE_TYPE,
    Key.KERNEL,
    Key.TUBE_VOLTAGE,
)
# Tags by which volumes differ in more than time: a step in seconds would then say nothing.
BESIDE_TIME = (
    Key.B_VALUE,
    Key.DIRECTION,
    Key.VELOCITY_DIRECTION,
    Key.FLIP_ANGLE,
    Key.INVERSION_TIME,
    Key.REPETITION_TIME,
    Key.ECHO_NUMBER,
    Key.KERNEL,
    Key.TUBE_VOLTAGE,
)
# Keys that count time: axis 3 is time where one of them put the volumes in order.
IN_TIME = (Key.TEMPORAL_POSITION, Key.TIME_SLICE, Key.TIME_SLOT, *CLOCKS)
_PRIORITY = {key: n for n, key in enumerate(Key)}


def priority(key: Key | Dimension) -> tuple:
    """Where a key stands in the order of trust; an object's own dimensions follow the trigger time."""
    if isinstance(key, Dimension):
        return _PRIORITY[Key.TRIGGER_TIME], 1, key.number
    return _PRIORITY[key], 0, 0


def is_clock(key: Key | Dimension) -> bool:
    return key in CLOCKS


def is_soft(key: Key | Dimension) -> bool:
    return key in SOFT or (isinstance(key, Dimension) and key.place)


_TIME_DIMENSIONS = {
    "TemporalPositionIndex",
    "TemporalPositionTimeOffset",
    "NominalCardiacTriggerDelayTime",
    "FrameAcquisitionDateTime",
    "FrameReferenceDateTime",
    "FrameAcquisitionNumber",
}


def is_time(key: Key | Dimension) -> bool:
    """Whether volumes in the order of this key are a series in time."""
    return key.name in _TIME_DIMENSIONS if isinstance(key, Dimension) else key in IN_TIME
