"""Frames of one kind become volumes: ordered by position, then in time.

Works on places and times alone, no pixels: `scan` says with it what is wrong before anything is
read, and `read_series` refuses for the same reasons.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from .frame import File, Frame
from .geometry import Spacing, normal, spacing_of
from .split import buckets, is_placed

# What may order frames that lie at one position, the most trustworthy first.
ORDERS = (
    "temporal position",
    "trigger time",
    "dimensions",
    "time",
    "acquisition",
    "content time",
    "b-value",
    "instance",
    "frame",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """kind: "gap", "duplicate", "missing", "muddle", "line"; what is wrong, and with which files."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A volume before its pixels are read.

    volumes : [time][slice], frames ascending along the normal
    order : what put the volumes in order in time, "" for a single one
    spacing : of the slices, None for a single one or without positions
    places : [slice][...], all frames at each position
    """

    volumes: tuple
    order: str
    spacing: Spacing | None
    problems: tuple
    places: tuple = ()

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

    def has(self, kind) -> bool:
        return any(problem.kind == kind for problem in self.problems)

    def map(self, change) -> "Stack":
        """The same stack with every frame changed."""
        return replace(self, volumes=tuple(tuple(map(change, v)) for v in self.volumes))

    def without_duplicates(self, keep) -> "Stack":
        """Copies left out, then one frame per place: the "first" or the "last" by file name.

        A series in time stays one: copies share their SOPInstanceUID, time points do not.
        """
        places = [
            sorted(p, key=lambda f: (str(f.file.path), f.index), reverse=keep == "last")
            for p in self.places
        ]
        stack = arrange([frame for place in places for frame in _originals(place)])
        return arrange([place[0] for place in places]) if stack.has("duplicate") else stack


def arrange(group: list[Frame]) -> Stack:
    """Order one part of a series in space and time, and say what is wrong with it."""
    if not is_placed(group[0]):
        volumes = tuple((frame,) for frame in sorted(group, key=lambda f: f.index))
        return Stack(volumes, "frame" if len(volumes) > 1 else "", None, ())
    places = [[group[i] for i in bucket] for bucket in buckets(group)]
    volumes, order, problems = _in_time([_originals(place) for place in places])
    if copies := [place for place in places if len(_originals(place)) < len(place)]:
        problems = [_doubled(copies), *(p for p in problems if p.kind != "duplicate")]
    positions = [frame.position for frame in volumes[0]]
    spacing = None
    if len(positions) > 1:
        spacing = spacing_of(positions, normal(group[0].orientation))
        problems = [*problems, *_uneven(volumes[0], spacing)]
    return Stack(volumes, order, spacing, tuple(problems), tuple(places))


def _originals(place) -> list[Frame]:
    """One frame for each SOPInstanceUID: the others are copies of the same file."""
    found = {}
    for frame in place:
        found.setdefault((frame.file.sop_uid or frame.file.path, frame.index), frame)
    return list(found.values())


def _doubled(places) -> Problem:
    text = "; ".join(_names(place) for place in places[:4])
    more = f"; and at {len(places) - 4} more places" if len(places) > 4 else ""
    return Problem("duplicate", f"these lie at the same place: {text}{more}")


def _in_time(places):
    """The frames of each position, put in order; [time][slice], the order's name, problems."""
    depth = max(map(len, places))
    if depth == 1:
        return (tuple(frame for (frame,) in places),), "", []
    if len({frame.file.sop_uid for p in places for frame in p if frame.file.sop_uid}) > 1 or (
        places[0][0].file.frames > 1
    ):
        for name in _orders(places, depth):
            if all(len(p) == depth for p in places):
                ranked = [sorted(p, key=lambda f: f.order[name]) for p in places]
                return tuple(zip(*ranked, strict=True)), name, []
            return _incomplete(places, name)
    problem = _doubled([p for p in places if len(p) > 1])
    fewest = min(map(len, places))
    if 1 < fewest < depth:
        text = (
            f"every place holds {fewest} to {depth} slices, and no element tells which go together"
        )
        problem = Problem("muddle", text)
    return (tuple(p[0] for p in places),), "", [problem]


def _orders(places, depth) -> list[str]:
    """Names that tell the frames of every position apart, those with the same values everywhere first."""
    strong, weak = [], []
    files = {frame.file for p in places for frame in p}
    for name in ORDERS:
        if name == "frame" and len(files) > 1:
            continue  # counts within one file only
        values = [[f.order.get(name) for f in p] for p in places]
        if any(None in v or len(set(v)) != len(v) for v in values):
            continue
        if len({x for v in values for x in v}) == depth:
            strong.append(name)
        elif all(len(v) == depth for v in values):
            weak.append(name)
    return strong + weak


def _incomplete(places, name):
    """Time points that lack slices: the complete ones are kept, the others told."""
    moments = defaultdict(dict)
    for k, place in enumerate(places):
        for frame in place:
            moments[frame.order[name]][k] = frame
    ranked = [moments[value] for value in sorted(moments)]
    whole = [tuple(m[k] for k in range(len(places))) for m in ranked if len(m) == len(places)]
    lacking = [(t, len(places) - len(m)) for t, m in enumerate(ranked) if len(m) < len(places)]
    text = ", ".join(f"time point {t} lacks {n} of {len(places)} slices" for t, n in lacking[:6])
    problem = Problem("missing", text)
    return tuple(whole) or (tuple(p[0] for p in places),), name, [problem]


def _uneven(volume, spacing) -> list[Problem]:
    if spacing.even:
        return []
    if not spacing.gaps:
        return [Problem("line", f"the slices leave their straight line by {spacing.drift:.2f} mm")]
    told = [
        f"{_name(volume[k - 1])} and {_name(volume[k])} are {gap:.4g} mm apart"
        for k, gap in spacing.gaps[:4]
    ]
    more = f", and {len(spacing.gaps) - 4} more gaps" if len(spacing.gaps) > 4 else ""
    lost = [gap / spacing.typical for _, gap in spacing.gaps]
    whole = all(abs(r - round(r)) < 0.05 and r > 1.5 for r in lost)
    count = sum(round(r) - 1 for r in lost)
    verdict = (
        f": {count} slice{' is' if count == 1 else 's are'} missing" if whole else ": uneven slices"
    )
    return [
        Problem(
            "gap", f"{'; '.join(told)}{more} where the others are {spacing.typical:.4g} mm{verdict}"
        )
    ]


def _names(place) -> str:
    """A few of the frames at one place; with their folders where the names are the same."""
    names = [_name(f) for f in place]
    if len(set(names)) < len(names):
        names = [f"{f.file.path.parent.name}/{n}" for f, n in zip(place, names, strict=True)]
    return " and ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")


def _name(frame) -> str:
    name = frame.file.path.name
    return f"{name} frame {frame.index}" if frame.file.frames > 1 else name
