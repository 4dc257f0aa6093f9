"""Volumes whose positions drift from one to the next: motion correction moved the slices with the head.

Siemens' PACE and others write a corrected place into each volume. Put side by side, the slices of all
volumes would look like one stack with gaps, or, where the drift is even, like a finer stack.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .frame import Frame
from .geometry import normal, spacing_of, tolerance
from .keys import Dimension, Key, is_time, priority

SAME_PLACE_MM = 0.02
MOST_MM, MOST_DEGREES = 10.0, 5.0  # a head that moved further would have ended the scan
_LARGE = (
    0.3  # of a step: a head does not move by exactly a third of it, half of it, or several at once
)
# Keys that nothing but time explains; by the others, acquisitions may interleave their slices.
_CERTAIN = (Key.TEMPORAL_POSITION, Key.TIME_SLICE, Key.TIME_SLOT)
_LIKELY = (Key.FRAME_REFERENCE_TIME, Key.TIME, Key.ACQUISITION, Key.CONTENT_TIME)


@dataclass(frozen=True, slots=True)
class Motion:
    """volumes : [time][slice]; key : what tells them apart; mm, degrees : the largest move from the first."""

    volumes: tuple
    key: object
    mm: float
    degrees: float

    def __str__(self):
        turn = f" and {self.degrees:.2f} degrees" if self.degrees > 0.05 else ""
        return (
            f"The positions drift by up to {self.mm:.2f} mm{turn} from the first volume, as motion "
            "correction writes them; all volumes are placed where the first one is."
        )


def motion(group: Sequence[Frame], certain: bool = True) -> Motion | None:
    """The volumes of a series whose positions drift, or None when the frames lie in fixed places.

    group : placed frames
    certain : only by keys that nothing but time explains
    """
    if len(group) < 4:
        return None
    stated = {key for key in group[0].keys}
    keys = [k for k in stated if k in _CERTAIN or (isinstance(k, Dimension) and is_time(k))]
    if not certain:
        keys += [k for k in stated if k in _LIKELY]
    for key in sorted(keys, key=priority):
        classes: dict[Any, list[Frame]] = defaultdict(list)
        for frame in group:
            classes[frame.keys.get(key)].append(frame)
        sizes = set(map(len, classes.values()))
        if None in classes or len(classes) < 2 or len(sizes) > 1 or sizes.pop() < 2:
            continue
        if found := _moved([classes[v] for v in sorted(classes)], key):
            return found
    return None


def _moved(classes, key) -> Motion | None:
    volumes, places, turns = [], [], []
    axes = np.reshape(classes[0][0].orientation, (2, 3))
    for members in classes:
        direction = normal(members[0].orientation)
        members = sorted(members, key=lambda f: float(np.dot(f.position, direction)))
        positions = np.array([f.position for f in members])
        spacing = spacing_of(positions, direction)
        if not spacing.even or spacing.typical <= SAME_PLACE_MM:
            return None
        cosines = np.sum(np.reshape(members[0].orientation, (2, 3)) * axes, axis=1)
        turns.append(float(np.rad2deg(np.arccos(np.clip(cosines.min(), -1, 1)))))
        volumes.append(tuple(members))
        places.append((positions[0], spacing.typical))
    step = places[0][1]
    mm = max(float(np.linalg.norm(first - places[0][0])) for first, _ in places)
    even = all(abs(own - step) <= tolerance(step) for _, own in places)
    moves = np.linalg.norm(np.diff([first for first, _ in places], axis=0), axis=1)
    if moves.max() > _LARGE * step and _one_stack(classes):
        return None  # parts of one stack that were taken one after the other
    limit = MOST_MM if key not in _LIKELY else min(MOST_MM, step / 2)
    if not even or not SAME_PLACE_MM < mm < limit or max(turns) > MOST_DEGREES:
        return None
    return Motion(tuple(volumes), key, mm, max(turns))


def _one_stack(classes) -> bool:
    """Whether all frames together are one even stack."""
    frames = [frame for members in classes for frame in members]
    direction = normal(frames[0].orientation)
    positions = np.array(sorted((f.position for f in frames), key=lambda p: np.dot(p, direction)))
    apart = np.diff(positions @ direction).min() > SAME_PLACE_MM
    return bool(apart and spacing_of(positions, direction).even)
