"""The frames of one series, told apart until each part can be one volume.

Echoes, stacks, orientations, sizes: whatever must agree within a volume sets its parts apart, and
each part says in words what that was.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .frame import Frame
from .geometry import normal
from .keys import Key
from .motion import MOST_DEGREES, SAME_PLACE_MM, motion

SAME_COSINES = 1e-3


def split(frames: list[Frame]) -> list[tuple[str, list[Frame]]]:
    """Frames of one series, told apart until each part can be one volume.

    returns : [(why, frames)], `why` is "" when nothing had to be told apart
    """
    groups = defaultdict(list)
    known = sorted(frames, key=lambda f: (f.file.sop_uid, str(f.file.path), f.index))
    for frame in _frames_of_reference_apart(known):
        groups[_key(frame)].append(frame)
    parts = []
    for group in _merge_turned(_merge_close(groups)):
        if is_placed(group[0]) and motion(group, certain=False):
            parts.append(group)
        else:
            parts += [p for beside in _side_by_side(group) for p in _acquisitions(beside)]
    parts.sort(key=lambda part: _rank(part[0]))
    reasons = _reasons([part[0] for part in parts])
    return list(zip(reasons, parts, strict=True))


def _frames_of_reference_apart(frames) -> list[Frame]:
    """Frames of several frames of reference share no millimetres; where each file has its own, none counts."""
    files = {frame.file for frame in frames}
    spaces = {file.frame_of_reference for file in files}
    if not 1 < len(spaces) <= len(files) / 2:
        return frames
    return [
        replace(f, traits=replace(f.traits, space=f.file.frame_of_reference or "not stated"))
        for f in frames
    ]


def _rank(frame) -> tuple:
    """Parts of a series keep one order, whatever the files are called."""
    acquisition = frame.keys.get(Key.ACQUISITION, 0)
    return acquisition, frame.traits.rank(), frame.position or (), str(frame.file.path), frame.index


def is_placed(frame: Frame) -> bool:
    """True when the frame says where it lies and how large its pixels are."""
    return not lacking(frame)


def lacking(frame: Frame) -> str:
    """The elements that a frame needs to be placed and does not state, "" when none."""
    found = {
        "ImagePositionPatient": frame.position,
        "ImageOrientationPatient": frame.orientation,
        "PixelSpacing": frame.spacing,
    }
    return ", ".join(name for name, stated in found.items() if not stated)


def _key(frame):
    if not is_placed(frame):
        return frame.traits, str(frame.file.path), None, None
    return frame.traits, None, frame.orientation, frame.spacing


def _merge_close(groups) -> list[list[Frame]]:
    """Orientations and spacings that differ by rounding only are the same."""
    alone = [group for key, group in groups.items() if key[2] is None]
    merged: list[tuple[tuple, list[Frame]]] = []
    for key, group in groups.items():
        if key[2] is None:
            continue
        for other, members in merged:
            if (
                key[0] == other[0]
                and np.allclose(key[2], other[2], rtol=0, atol=SAME_COSINES)
                and np.allclose(key[3], other[3], rtol=1e-3, atol=0)
            ):
                members.extend(group)
                break
        else:
            merged.append((key, list(group)))
    return [members for _, members in merged] + alone


def _merge_turned(groups) -> list[list[Frame]]:
    """Volumes that motion correction turned a little are one series in time."""
    merged: list[list[Frame]] = []
    least = np.cos(np.deg2rad(MOST_DEGREES))
    for group in groups:
        for members in merged:
            a, b = members[0], group[0]
            if a.orientation is None or b.orientation is None:
                continue
            if is_placed(a) and is_placed(b) and a.traits == b.traits and a.spacing == b.spacing:
                turn = np.sum(np.multiply(a.orientation, b.orientation).reshape(2, 3), axis=1)
                if turn.min() > least and motion([*members, *group]):
                    members.extend(group)
                    break
        else:
            merged.append(group)
    return merged


def _side_by_side(group) -> list[list[Frame]]:
    """Stacks that lie beside one another at the same distances (two hips, two breasts)."""
    if not is_placed(group[0]) or len(group) == 1:
        return [group]
    positions = np.array([frame.position for frame in group])
    axes = np.reshape(group[0].orientation, (2, 3))
    if not any(np.ptp(positions[bucket] @ axes.T, axis=0).max() > 0.1 for bucket in buckets(group)):
        return [group]
    columns = defaultdict(list)
    for frame, place in zip(group, np.round(positions @ axes.T), strict=True):
        columns[tuple(place)].append(frame)
    return list(columns.values())


def _acquisitions(group) -> list[list[Frame]]:
    """Acquisitions that overlap in part: each is a volume of its own."""
    if not is_placed(group[0]):
        return [group]
    counts = {len(bucket) for bucket in buckets(group)}
    numbers = defaultdict(list)
    for frame in group:
        numbers[frame.keys.get(Key.ACQUISITION)].append(frame)
    whole = sum(len(g) == max(map(len, numbers.values())) for g in numbers.values())
    alone = all(len(bucket) == 1 for g in numbers.values() for bucket in buckets(g))
    if (len(counts) > 1 and len(numbers) > 1 and alone and whole < len(numbers) - 1) or (
        len(counts) > 1 and len(numbers) == 2 and alone
    ):
        return list(numbers.values())
    return [group]


def _reasons(firsts) -> list[str]:
    """What sets each part apart, in words: only what differs is told, and details only if they must be."""
    if len(firsts) == 1:
        return [""]
    told = [
        first.traits.words()
        | {"lacking": lacking(first) or None}
        | {"plane": _plane_name(first), "acquisition": first.keys.get(Key.ACQUISITION)}
        | {
            "orientation": first.orientation,
            "spacing": first.spacing,
            "position": _place(first),
            "file": first.file.path.name,
        }
        for first in firsts
    ]
    names: list[str] = []
    for name in dict.fromkeys(name for t in told for name in t):
        if len({str(t.get(name)) for t in told}) == 1:
            continue
        if len({tuple(str(t.get(n)) for n in names) for t in told}) == len(told):
            break
        names.append(name)
    return [", ".join(f"{n} {_word(t[n])}" for n in names if t.get(n) is not None) for t in told]


def _word(found) -> str:
    if isinstance(found, tuple):
        return "\\".join(f"{x:.4g}" if isinstance(x, float) else str(x) for x in found)
    return f"{found:g}" if isinstance(found, float) else str(found)


def _place(frame):
    return tuple(round(x) for x in frame.position) if frame.position else None


def _plane_name(frame) -> str | None:
    if not frame.orientation:
        return None
    axis = int(np.abs(np.cross(*np.reshape(frame.orientation, (2, 3)))).argmax())
    return ("sagittal", "coronal", "axial")[axis]


def buckets(group: Sequence[Frame]) -> list[np.ndarray]:
    """Indices of the frames at each distance along the normal, ascending."""
    first = group[0]
    assert first.spacing is not None, "placed frames have a spacing"
    direction = normal(first.orientation)
    along = np.array([frame.position for frame in group]) @ direction
    order = np.argsort(along, kind="stable")
    near = min(SAME_PLACE_MM, 0.1 * min(first.spacing))
    cuts = np.flatnonzero(np.diff(along[order]) > near) + 1
    return np.split(order, cuts)
