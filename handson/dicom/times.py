"""Seconds from volume to volume of a series in time, where the files state them.

Which element tells depends on what put the volumes in order; TR alone is the distance in time only
of echo-planar imaging, where one repetition fills one volume.
"""

import numpy as np

from .elements import number, texts

# Orders that are clocks: the factor from their unit to seconds.
CLOCKS = {"trigger time": 1e-3, "time": 1.0, "content time": 1.0}
IN_TIME = {*CLOCKS, "temporal position", "frame", "instance", "acquisition"}


def time_step(stack, header) -> float | None:
    """Seconds per volume, or None: not stated, not even, or axis 3 is not time.

    header : the whole header of the first file
    """
    if len(stack.volumes) < 2 or stack.order not in IN_TIME:
        return None
    if stack.order == "frame" and (frame_time := number(header, "FrameTime")):
        return frame_time / 1000
    measured = _measured(stack)
    if resolution := number(header, "TemporalResolution"):
        return resolution / 1000
    repetition = number(header, "RepetitionTime")
    planar = "EP" in texts(header, "ScanningSequence") or "MOSAIC" in texts(header, "ImageType")
    if planar and repetition and (measured is None or abs(measured * 1000 / repetition - 1) < 0.1):
        return repetition / 1000
    return measured


def _measured(stack) -> float | None:
    """From clocks in the headers: their mean difference, when the differences agree."""
    for name in (stack.order, *CLOCKS):
        stamps = [volume[0].order.get(name) for volume in stack.volumes]
        if name not in CLOCKS or None in stamps:
            continue
        steps = np.diff(stamps) * CLOCKS[name]
        mean = float(steps.mean())
        # Clocks are often cut to whole seconds, so single steps may be off by one.
        if mean > 0 and (np.abs(steps - mean) < max(0.05 * mean, 1.0 if mean > 1 else 0)).all():
            return mean
    return None
