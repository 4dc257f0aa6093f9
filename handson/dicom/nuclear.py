"""The slices of a reconstructed nuclear-medicine image: one file, vectors that count its frames.

PS3.3 C.8.4.8, C.8.4.11 and C.8.4.15: the first slice's place stands in the detector's item (of some
writers at the top level), the others follow along the normal by SpacingBetweenSlices, against it where that is negative.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from pydicom import Dataset

from .elements import item, number, numbers
from .frame import Frame, exactly
from .geometry import normal
from .keys import Key
from .traits import Traits

# What a frame's vectors count, beside its slice and its time.
_KINDS = {
    "EnergyWindowVector": "energy_window",
    "DetectorVector": "detector",
    "RotationVector": "rotation",
    "RRIntervalVector": "rr_interval",
}


def tomographic_frames(base: Frame, dataset: Dataset) -> list[Frame] | None:
    """The frames of a reconstruction, placed where the file tells; None of anything else (projections)."""
    count = base.file.number_of_frames
    slices = exactly(count, numbers(dataset, "SliceVector"))
    if not slices:
        return None
    step = number(dataset, "SpacingBetweenSlices")
    detector = item(dataset, "DetectorInformationSequence") or Dataset()
    position = exactly(3, numbers(detector, "ImagePositionPatient")) or base.position
    orientation = exactly(6, numbers(detector, "ImageOrientationPatient")) or base.orientation
    if not (position and orientation and step):
        return [
            replace(base, index=i, position=None, keys=base.keys | {Key.FRAME: i})
            for i in range(count)
        ]
    along = step * normal(orientation)
    counted = {
        name: vector
        for keyword, name in _KINDS.items()
        if (vector := exactly(count, numbers(dataset, keyword))) and len(set(vector)) > 1
    }
    times = _times(dataset, count)
    first = min(1, *slices)  # the standard counts from 1, some writers from 0
    return [
        replace(
            base,
            index=i,
            position=tuple(np.array(position) + (slices[i] - first) * along),
            orientation=orientation,
            traits=_with(base.traits, {n: int(vector[i]) for n, vector in counted.items()}),
            keys=base.keys | {Key.FRAME: i} | {key: values[i] for key, values in times.items()},
        )
        for i in range(count)
    ]


def _times(dataset, count) -> dict:
    """Key -> its value in each frame: time slots of a gated image; phases and their time slices of a dynamic one."""
    slots, phases, slices = (
        exactly(count, numbers(dataset, f"{name}Vector"))
        for name in ("TimeSlot", "Phase", "TimeSlice")
    )
    moments = list(zip(phases or [1] * count, slices or [1] * count, strict=True))
    return ({Key.TIME_SLOT: slots} if slots else {}) | (
        {Key.TEMPORAL_POSITION: moments} if len(set(moments)) > 1 else {}
    )


def _with(traits: Traits, counted: dict[str, Any]) -> Traits:
    return replace(traits, **counted)
