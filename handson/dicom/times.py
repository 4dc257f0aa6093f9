"""When the volumes of a series were acquired, as far as the files state it.

Which element tells depends on what put the volumes in order. TR alone is the distance in time only of
echo-planar imaging, where one repetition fills one volume.
"""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from .arrange import Stack
from .elements import number, numbers, private, texts
from .frame import frame_increments
from .header import GE_PARAMETERS
from .keys import BESIDE_TIME, Key, is_time
from .repeats import over_midnight

# Clocks, and the factor from their unit to seconds. ContentTime is when the file was made, not the image.
CLOCKS = {
    Key.TRIGGER_TIME: 1e-3,
    Key.TIME_OFFSET: 1.0,
    Key.FRAME_REFERENCE_TIME: 1e-3,
    Key.TIME: 1.0,
}


@dataclass(frozen=True, slots=True)
class Timing:
    """step : s from volume to volume where it is even, or None; times : (start, duration) of each, or None."""

    step: float | None = None
    times: tuple | None = None


def timing(stack: Stack, header: Dataset) -> Timing:
    """Seconds of the volumes; nothing where the files are silent or axis 3 is not time.

    header : the whole header of the first file
    """
    if len(stack.volumes) < 2 or not all(map(is_time, stack.order)) or _beside_time(stack):
        return Timing()
    if stack.order == (Key.FRAME,):
        return _frame_times(stack, header)
    starts = _starts(stack, CLOCKS)
    durations = [volume[0].duration for volume in stack.volumes]
    times = None if starts is None else tuple(zip(starts, durations, strict=True))
    step = _stated_step(header, starts)
    if step is None and starts is None:  # when the files were made: a step at most, never a time
        starts = _starts(stack, (Key.CONTENT_TIME,))
    if step is None and starts is not None and _alike(durations):
        step = _even(starts)
    return Timing(step, times)


def _alike(durations) -> bool:
    """Whether frames are equally long as far as it is known: two of unequal length have a step by accident."""
    known = [d for d in durations if d is not None]
    return not known or max(known) <= 1.05 * min(known)


def _beside_time(stack) -> bool:
    """Whether the volumes differ in more than time, as those of a diffusion series do."""
    firsts = [volume[0].keys for volume in stack.volumes]
    return any(len({keys.get(key) for keys in firsts}) > 1 for key in BESIDE_TIME)


def _frame_times(stack, header) -> Timing:
    """Frames of one file: FrameTime, or the FrameTimeVector of their differences (PS3.3 C.7.6.5)."""
    named = frame_increments(header)
    step, vector = number(header, "FrameTime"), numbers(header, "FrameTimeVector")
    if named:
        step = step if "FrameTime" in named else None
        vector = vector if "FrameTimeVector" in named else ()
    if step and vector:
        return Timing()  # two answers, and nothing says which holds
    if step:
        return Timing(step / 1000)
    if len(vector) != len(stack.volumes):
        return Timing()
    starts = (np.cumsum(vector) - vector[0]) / 1000
    return Timing(_even(starts), tuple((float(s), None) for s in starts))


def _starts(stack, clocks) -> list[float] | None:
    """Seconds of each volume since the first, by the first clock that rises from volume to volume."""
    for key in sorted(clocks, key=lambda key: key not in stack.order):
        stamps = [_first_stamp(volume, key) for volume in stack.volumes]
        if None in stamps:
            continue
        if key in (Key.TIME, Key.CONTENT_TIME):
            stamps = over_midnight(stamps)
        seconds = np.array(stamps, float) * CLOCKS.get(key, 1.0)
        if key is Key.FRAME_REFERENCE_TIME:
            seconds = _from_reference(seconds, [v[0].duration for v in stack.volumes])
        if (np.diff(seconds) > 0).all():
            return [round(float(s), 6) for s in seconds - seconds[0]]
    return None


def _first_stamp(volume, key) -> float | None:
    """The clock of the slice that every volume has first: the lowest one."""
    return volume[0].keys.get(key)


def _from_reference(seconds, durations):
    """Starts of PET frames. FrameReferenceTime lies within the frame, near its middle (PS3.3 C.8.9.4)."""
    if None in durations:
        return seconds
    durations = np.array(durations)
    contiguous = np.concatenate([[0], np.cumsum(durations)[:-1]])
    for starts in (seconds - durations / 2, seconds):
        if (np.abs(starts - starts[0] - contiguous) <= 0.1 * durations).all():
            return contiguous  # frames without a pause: the durations are exact
    return seconds - durations / 2


def _stated_step(header, starts) -> float | None:
    """Seconds per volume as an element states it, unless the clocks say otherwise."""
    measured = None if starts is None else _even(starts)
    resolution = number(header, "TemporalResolution")
    repetition = number(header, "RepetitionTime")
    planar = "EP" in texts(header, "ScanningSequence") or "MOSAIC" in texts(header, "ImageType")
    if planar and repetition and (tag := private(header, GE_PARAMETERS, 0x0043, 0x7C)):
        repetition += (number(header, tag) or 0) * 1000  # GE: the pause after each volume, in s
    if not planar:
        repetition = None
    for stated in (resolution, repetition):
        if stated and _fits(stated / 1000, measured, starts):
            return stated / 1000
    return None


def _fits(step, measured, starts) -> bool:
    return starts is None or (measured is not None and abs(measured / step - 1) < 0.1)


def _even(starts) -> float | None:
    """The mean step, when the steps agree."""
    steps = np.diff(starts)
    mean = float(steps.mean())
    # Clocks are often cut to whole seconds, so single steps may be off by one.
    rough = 1.0 if mean > 1 and not np.any(np.mod(starts, 1)) else 0.0
    return mean if mean > 0 and (np.abs(steps - mean) < max(0.05 * mean, rough)).all() else None


_TOLD = (Key.CARDIAC_PHASE, Key.RESPIRATORY_PHASE, Key.B_VALUE, Key.FLIP_ANGLE, Key.KERNEL)


def order_in_words(stack: Stack) -> str:
    """What put the volumes in order, and its values where they are few and name the volumes."""
    words = ", then ".join(map(str, stack.order))
    if len(stack.order) > 1 or stack.order[0] not in _TOLD or len(stack.volumes) > 8:
        return words
    values = [volume[0].keys.get(stack.order[0]) for volume in stack.volumes]
    return f"{words}: {', '.join(v if isinstance(v, str) else f'{v:g}' for v in values)}"
