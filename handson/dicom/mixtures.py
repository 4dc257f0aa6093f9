"""What the slices of one volume differ in although they should agree: a mixture that no picture shows."""

from collections.abc import Sequence
from typing import Any

from .arrange import Stack
from .frame import Frame
from .keys import Key
from .repeats import sortable

# What must be the same in all slices of a volume.
_ALIKE = (
    Key.TEMPORAL_POSITION,
    Key.CARDIAC_PHASE,
    Key.RESPIRATORY_PHASE,
    Key.B_VALUE,
    Key.DIRECTION,
    Key.ASL_LABEL,
    Key.PHASE_NUMBER,
    Key.FLIP_ANGLE,
    Key.INVERSION_TIME,
    Key.REPETITION_TIME,
    Key.VELOCITY_DIRECTION,
    Key.ECHO_NUMBER,
    Key.SEQUENCE_NAME,
    Key.IMAGE_TYPE,
    Key.KERNEL,
    Key.TUBE_VOLTAGE,
    Key.ACQUISITION,
)
# Numbers that some writers give every slice for itself.
_COUNTED = (Key.TEMPORAL_POSITION, Key.ACQUISITION)
_SAME = 0.01  # a repetition time may be rounded otherwise in each slice


def shared(frames: Sequence[Frame], key: Key) -> Any:
    """The value of a key that all frames share; None where they differ or lack it."""
    values = {frame.keys.get(key) for frame in frames}
    return values.pop() if len(values) == 1 else None


def mixtures(stack: Stack) -> list[str]:
    """A sentence for each element in which the slices of a volume differ, and for volumes of several image types."""
    told = []
    for key in _ALIKE:
        for volume in stack.volumes:
            values = sorted({frame.keys.get(key) for frame in volume}, key=sortable)
            if len(values) > 1 and not _harmless(key, values, len(volume)):
                told.append(f"The slices of a volume differ in {key}{_listed(values)}.")
                break
    types = {shared(volume, Key.IMAGE_TYPE) for volume in stack.volumes}
    if len(types) > 1 and None not in types and Key.IMAGE_TYPE not in stack.order:
        told.append(f"Its volumes differ in image type{_listed(sorted(types))}.")
    return told


def _harmless(key, values, slices) -> bool:
    if key in _COUNTED:
        return len(values) > slices / 2
    if key is Key.REPETITION_TIME and None not in values:
        return max(values) - min(values) <= _SAME * max(values)
    return False


def _listed(values) -> str:
    """The values where they are few and short."""
    words = ["none" if v is None else f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    if len(words) > 4 or any(isinstance(v, tuple) for v in values):
        return f" ({len(words)} values)"
    return f": {', '.join(words[:-1])} and {words[-1]}"
