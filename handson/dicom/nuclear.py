"""The slices of a reconstructed nuclear-medicine image: one file, vectors that count its frames.

PS3.3 C.8.4.8, C.8.4.11 and C.8.4.15: the first slice's place stands in the detector's item, the others
follow along the normal by SpacingBetweenSlices, against it where that is negative.
"""

from dataclasses import replace

import numpy as np

from .elements import number, numbers, value
from .frame import Frame, exactly
from .geometry import normal

# What a frame's vectors count, beside its slice.
_KINDS = {"EnergyWindowVector": "energy window", "RRIntervalVector": "R-R interval"}


def tomographic_frames(base: Frame, dataset) -> list[Frame] | None:
    """The frames of a reconstruction with their places; None of anything else (projections, planar)."""
    count = base.file.frames
    slices = exactly(count, numbers(dataset, "SliceVector"))
    step = number(dataset, "SpacingBetweenSlices")
    detectors = value(dataset, "DetectorInformationSequence")
    if not (slices and step and detectors):
        return None
    position = exactly(3, numbers(detectors[0], "ImagePositionPatient"))
    orientation = exactly(6, numbers(detectors[0], "ImageOrientationPatient"))
    if not (position and orientation):
        return None
    along = step * normal(orientation)
    counted = {
        name: vector
        for keyword, name in _KINDS.items()
        if (vector := exactly(count, numbers(dataset, keyword))) and len(set(vector)) > 1
    }
    times = exactly(count, numbers(dataset, "TimeSlotVector"))
    return [
        replace(
            base,
            index=i,
            position=tuple(np.array(position) + (slices[i] - 1) * along),
            orientation=orientation,
            kind=(*base.kind, *((name, int(vector[i])) for name, vector in counted.items())),
            order=base.order | {"frame": i} | ({"temporal position": times[i]} if times else {}),
        )
        for i in range(count)
    ]
