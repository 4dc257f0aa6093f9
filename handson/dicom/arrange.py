"""Frames of one kind become volumes: ordered by position, then in time.

Works on places and keys alone, no pixels: `scan` says with it what is wrong before anything is
read, and `read_series` refuses for the same reasons.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from .frame import File, Frame
from .geometry import Spacing, normal, spacing_of
from .keys import COUNTERS, Key, is_clock, priority
from .motion import Motion, motion
from .repeats import Unproven, by_counter, prove, sortable
from .segments import slots
from .split import buckets, is_placed


class Fault(Enum):
    """What keeps frames from being one volume."""

    GAP = "slices are missing"
    UNEVEN = "slices lie at uneven distances"
    MIXED = "slices at uneven distances come from several times or acquisitions"
    COPY = "files are there twice"
    REPEAT = "several frames lie at one place and nothing tells what they are"
    MISSING = "some volumes lack slices"
    INCOMPLETE = "places hold different numbers of frames and nothing tells which go together"
    LINE = "slices leave their straight line"
    MOSAIC = "tiles whose number is not known"
    NO_STEP = "the distance of the slices is not stated"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the words for it, with the files it is about."""

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A volume before its pixels are read.

    volumes : [time][slice], frames ascending along the normal
    order : the keys that put the volumes in order, () for a single one
    spacing : of the slices, None for a single one or without positions
    places : [slice][...], all frames at each position
    motion : the drift of the volumes, where motion correction moved them
    slots : the index of each slice on a grid with empty slices (a segmentation), or None
    """

    volumes: tuple
    order: tuple
    spacing: Spacing | None
    problems: tuple
    places: tuple = ()
    motion: Motion | None = None
    slots: tuple | None = None

    @property
    def first(self) -> Frame:
        return self.volumes[0][0]

    @property
    def middle(self) -> Frame:
        return self.volumes[0][len(self.volumes[0]) // 2]

    @property
    def frames(self) -> list[Frame]:
        return [frame for volume in self.volumes for frame in volume]

    @property
    def files(self) -> list[File]:
        return list(dict.fromkeys(frame.file for frame in self.frames))

    @property
    def slices(self) -> int:
        """Slices of a volume, the empty ones of a segmentation included."""
        return len(self.volumes[0]) if self.slots is None else self.slots[-1] + 1

    @property
    def placed(self) -> bool:
        return is_placed(self.first)

    @property
    def oriented(self) -> bool:
        """True when the sides of the patient are known."""
        return self.placed and self.first.in_patient

    @property
    def positions(self) -> list[tuple]:
        return [frame.position for frame in self.volumes[0]]

    @property
    def normal(self) -> np.ndarray:
        return normal(self.first.orientation)

    @property
    def by_counter(self) -> bool:
        """True when nothing but a counter (InstanceNumber, the frame's number) put the volumes in order."""
        return any(key in COUNTERS for key in self.order)

    def has(self, *faults: Fault) -> bool:
        return any(problem.fault in faults for problem in self.problems)

    def map(self, change: Callable[[Frame], Frame]) -> "Stack":
        """The same stack with every frame changed."""
        return replace(self, volumes=tuple(tuple(map(change, v)) for v in self.volumes))

    def without_copies(self, keep: str) -> "Stack":
        """Copies of a file left out; then, where a few places still hold two frames, one of these.

        keep : "first" or "last" by file name
        A series in time stays one: copies share their SOPInstanceUID, time points do not.
        """
        places = [
            sorted(p, key=lambda f: (str(f.file.path), f.index), reverse=keep == "last")
            for p in self.places
        ]
        stack = arrange([frame for place in places for frame in _originals(place)])
        if not stack.has(Fault.REPEAT):
            return stack
        return arrange([place[0] for place in places])


def arrange(group: list[Frame], order: str | None = None) -> Stack:
    """Order one part of a series in space and time, and say what is wrong with it.

    order : "instance" puts repeated positions in the order of InstanceNumber, whatever else varies
    """
    if group[0].file.lost_mosaic and not group[0].file.mosaic:
        return _lost_mosaic(group)
    if not is_placed(group[0]):
        volumes = tuple((frame,) for frame in sorted(group, key=lambda f: f.index))
        return Stack(volumes, (Key.FRAME,) if len(volumes) > 1 else (), None, ())
    if order is None and (moved := motion(group)):
        return _in_motion(moved, group)
    stack = _in_place(group, order)
    wrong = stack.has(Fault.GAP, Fault.UNEVEN, Fault.LINE, Fault.REPEAT, Fault.INCOMPLETE)
    if wrong and order is None and (moved := motion(group, certain=False)):
        return _in_motion(moved, group)
    return stack


def _lost_mosaic(group) -> Stack:
    rows, columns = group[0].traits.rows, group[0].traits.columns
    text = (
        f"is a mosaic: a picture of {columns} x {rows} pixels with slices as tiles, whose number its "
        "header no longer holds (a private element that was removed)"
    )
    volumes = tuple((frame,) for frame in group)
    return Stack(volumes, (Key.FRAME,), None, (Problem(Fault.MOSAIC, text),), (tuple(group),))


def _in_motion(moved, group) -> Stack:
    first = moved.volumes[0]
    spacing = spacing_of([f.position for f in first], normal(first[0].orientation))
    places = tuple(zip(*moved.volumes, strict=True))
    return Stack(moved.volumes, (moved.key,), spacing, (), places, moved)


def _in_place(group, order) -> Stack:
    places = [[group[i] for i in bucket] for bucket in buckets(group)]
    volumes, keys, problems = _in_time([_originals(place) for place in places], order)
    if copies := [place for place in places if len(_originals(place)) < len(place)]:
        told = [p for p in problems if p.fault is not Fault.REPEAT]
        problems = [_together(Fault.COPY, copies), *told]
    spacing, grid = None, None
    if len(volumes[0]) > 1:
        spacing = spacing_of([f.position for f in volumes[0]], normal(group[0].orientation))
        if group[0].file.modality == "SEG":
            spacing, grid, lacking = _on_grid(volumes[0], spacing)
            problems = [*problems, *lacking]
        else:
            problems = [*problems, *_uneven(volumes[0], spacing)]
    return Stack(volumes, keys, spacing, tuple(problems), tuple(map(tuple, places)), slots=grid)


def _on_grid(slices, spacing):
    """The slices of a segmentation on the grid that its PixelMeasures state; empty ones may be left out."""
    first = slices[0]
    along = np.array([f.position for f in slices]) @ normal(first.orientation)
    step = first.step
    if step is None and first.depth and abs(np.diff(along).min() - first.depth) < 0.01:
        step = first.depth  # slices as thick as they are apart: none of these pairs hides another
    grid = None if step is None else slots(along, step)
    if grid is None:
        stated = "not stated" if step is None else f"{step:g} mm"
        text = (
            f"its slices lie {', '.join(f'{gap:g}' for gap in np.unique(np.diff(along).round(3))[:4])} mm "
            f"apart and SpacingBetweenSlices is {stated}: where empty slices were left out is unknown"
        )
        return spacing, None, [Problem(Fault.NO_STEP, text)]
    span = np.subtract(slices[-1].position, first.position)
    line = first.position + np.outer(grid / grid[-1], span)
    drift = np.linalg.norm([f.position for f in slices] - line, axis=1).max()
    if drift > 0.1:
        text = f"the slices leave their straight line by {drift:.2f} mm"
        return spacing, None, [Problem(Fault.LINE, text)]
    return Spacing(span / grid[-1], step, (), 0.0), tuple(grid.tolist()), []


def _originals(place) -> list[Frame]:
    """One frame for each SOPInstanceUID: the others are copies of the same file."""
    found: dict[tuple, Frame] = {}
    for frame in place:
        found.setdefault((frame.file.sop_uid or frame.file.path, frame.index), frame)
    return list(found.values())


def _together(fault, places, why="") -> Problem:
    """Names of the frames that lie together, at the first places."""
    text = "; ".join(_names(place) for place in places[:3])
    more = f"; and at {len(places) - 3} more places" if len(places) > 3 else ""
    return Problem(fault, f"these lie at the same place: {text}{more}{why and f' ({why})'}")


def _in_time(places, order):
    """The frames of each position, put in order; [time][slice], the keys, problems."""
    depth = max(map(len, places))
    if depth == 1:
        return (tuple(frame for (frame,) in places),), (), []
    fewest = min(map(len, places))
    try:
        if fewest == depth:
            found = by_counter(places) if order else prove(places)
            return found.volumes, found.order, []
        if found := _incomplete(places):
            return found
        why = "no element tells which go together"
    except Unproven as error:
        why = str(error)
    repeated = [p for p in places if len(p) > 1]
    if 1 < fewest < depth:
        text = f"every place holds {fewest} to {depth} slices, and {why}"
        problem = Problem(Fault.INCOMPLETE, text)
    else:
        problem = _together(Fault.REPEAT, repeated, why if fewest == depth else "")
    return (tuple(p[0] for p in places),), (), [problem]


def _incomplete(places):
    """Volumes that lack slices: the complete ones are kept, the others told; None when no key tells."""
    frames = [f for place in places for f in place]
    varying = {k for p in places for f in p for k in f.keys if len({g.keys.get(k) for g in p}) > 1}
    tags = sorted((k for k in varying if not is_clock(k)), key=priority)
    clocks = sorted((k for k in varying if is_clock(k) and k not in COUNTERS), key=priority)
    depth = max(map(len, places))
    for keys in [tags, *([*tags, clock] for clock in clocks), *([k] for k in (*tags, *clocks))]:
        if not keys or any(f.keys.get(keys[-1]) is None for f in frames):
            continue
        moments = defaultdict(dict)
        for k, place in enumerate(places):
            for frame in place:
                moments[tuple(frame.keys.get(key) for key in keys)].setdefault(k, []).append(frame)
        if len(moments) > 1.5 * depth or any(
            len(f) > 1 for m in moments.values() for f in m.values()
        ):
            continue
        ranked = [moments[v] for v in sorted(moments, key=lambda v: tuple(map(sortable, v)))]
        whole = [
            tuple(m[k][0] for k in range(len(places))) for m in ranked if len(m) == len(places)
        ]
        if not whole:
            continue
        lacking = [(t, len(places) - len(m)) for t, m in enumerate(ranked) if len(m) < len(places)]
        text = ", ".join(
            f"time point {t} lacks {n} of {len(places)} slices" for t, n in lacking[:3]
        )
        text += f", and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        return tuple(whole), tuple(keys), [Problem(Fault.MISSING, text)]
    return None


def _uneven(volume, spacing) -> list[Problem]:
    if spacing.even:
        return []
    if not spacing.gaps:
        return [
            Problem(Fault.LINE, f"the slices leave their straight line by {spacing.drift:.2f} mm")
        ]
    told = [
        f"{_name(volume[k - 1])} and {_name(volume[k])} are {gap:.4g} mm apart"
        for k, gap in spacing.gaps[:3]
    ]
    more = f", and {len(spacing.gaps) - 3} more gaps" if len(spacing.gaps) > 3 else ""
    lost = [gap / spacing.typical for _, gap in spacing.gaps]
    whole = all(abs(r - round(r)) < 0.05 and r > 1.5 for r in lost)
    count = sum(round(r) - 1 for r in lost)
    if apart := _acquired_apart(volume, spacing.gaps):
        fault, verdict = Fault.MIXED, f": they differ in {apart}, so nothing need be missing"
    elif whole and count > max(1, len(volume) // 4):
        fault, verdict = (
            Fault.UNEVEN,
            f": {count} slices would be missing, more than are lost by chance",
        )
    elif whole:
        fault = Fault.GAP
        verdict = f": {count} slice{' is' if count == 1 else 's are'} missing"
    else:
        fault, verdict = Fault.UNEVEN, ": uneven slices"
    return [
        Problem(
            fault,
            f"{'; '.join(told)}{more} where the others are {spacing.typical:.4g} mm{verdict}",
        )
    ]


def _acquired_apart(volume, gaps) -> str:
    """The key by which slices beside the gaps belong to different times or acquisitions, "" when none."""
    keys = (Key.TEMPORAL_POSITION, Key.TIME_SLICE, Key.CARDIAC_PHASE, Key.B_VALUE, Key.ACQUISITION)
    for key in keys:
        values = [frame.keys.get(key) for frame in volume]
        few = 1 < len(set(values)) <= len(values) / 2
        if few and any(values[k - 1] != values[k] for k, _ in gaps):
            return str(key)
    return ""


def _names(place) -> str:
    """A few of the frames at one place; with their folders where the names are the same."""
    names = [_name(f) for f in place]
    if len(set(names)) < len(names):
        names = [f"{f.file.path.parent.name}/{n}" for f, n in zip(place, names, strict=True)]
    return " and ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")


def _name(frame) -> str:
    name = frame.file.path.name
    return f"{name} frame {frame.index}" if frame.file.number_of_frames > 1 else name
