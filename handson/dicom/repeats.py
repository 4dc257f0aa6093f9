"""Where positions repeat: which frames make one volume, proven from the headers or refused.

Tags are the same in all slices of a volume, so frames with equal tags belong together. What is left
(several frames with equal tags at one place) is told apart by a clock, if the clocks agree. A counter
such as InstanceNumber is the last resort: it is believed only where nothing contradicts it.
Works on keys alone: no file is opened and no pixel is read.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .frame import Frame
from .keys import COUNTERS, Dimension, Key, is_clock, is_soft, priority

DAY = 86400.0
Places = Sequence[Sequence[Frame]]
Column = list[list[Any]]  # [slice][frame], the values of one key


class Unproven(Exception):
    """No order can be proven; the text names the elements that vary."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """volumes : [time][slice]; order : the keys that put them in order, the slowest first."""

    volumes: tuple
    order: tuple


def prove(places: Places) -> Repeats:
    """Tell the volumes of repeated positions apart, and put them in order.

    places : [slice][...] frames; every slice must hold equally many
    raises : Unproven
    """
    columns = Columns(places)
    labels, tags = _by_tags(columns)
    clock = None
    if not columns.distinct(labels):
        clock = _clock(columns, labels)
        labels = columns.joined(labels, columns.ranks(labels, clock))
    _check_clocks(columns, labels, clock or " and ".join(map(str, tags)))
    volumes = defaultdict(list)
    for place, own in zip(places, labels, strict=True):
        for frame, label in zip(place, own, strict=True):
            volumes[label].append(frame)
    return _ordered([tuple(v) for v in volumes.values()], tags, clock)


def by_counter(places: Places) -> Repeats:
    """Volumes in the order of InstanceNumber, of frames in one file: for a caller who asked for it.

    raises : Unproven when two frames at one place share their number
    """
    columns = Columns(places)
    for key in COUNTERS:
        values = columns.of(key)
        if values and columns.distinct(values):
            ranked = [sorted(p, key=_number_under(key)) for p in places]
            return Repeats(tuple(zip(*ranked, strict=True)), (key,))
    raise Unproven("InstanceNumber is missing or the same in several slices of one place")


class Columns:
    """The values of each key, [slice][...], beside the frames of each place."""

    def __init__(self, places):
        self.places = places
        self.depth = len(places[0])
        keys = {key for place in places for frame in place for key in frame.keys}
        self.varying = sorted(filter(self._varies, keys), key=priority)

    def of(self, key: Key | Dimension) -> Column:
        """Values of a key, None where a frame has none; clocks are put right at midnight."""
        values = [[frame.keys.get(key) for frame in place] for place in self.places]
        if key in (Key.TIME, Key.CONTENT_TIME):
            flat = iter(over_midnight([v for place in values for v in place]))
            values = [[next(flat) for _ in place] for place in values]
        return values

    def _varies(self, key) -> bool:
        return any(len({f.keys.get(key) for f in place}) > 1 for place in self.places)

    def complete(self, key: Key | Dimension) -> bool:
        return all(f.keys.get(key) is not None for place in self.places for f in place)

    @staticmethod
    def joined(*columns: Column) -> Column:
        """One column of tuples."""
        return [list(zip(*rows, strict=True)) for rows in zip(*columns, strict=True)]

    @staticmethod
    def uniform(column: Column) -> bool:
        """Whether every place holds the same values, equally often."""
        first = Counter(column[0])
        return all(Counter(own) == first for own in column[1:])

    @staticmethod
    def distinct(column: Column) -> bool:
        """Whether no place holds a value twice."""
        return all(len(set(own)) == len(own) for own in column)

    def ranks(self, labels: Column, key: Key | Dimension) -> Column:
        """The rank of each frame by a key, among the frames of its place with the same label."""
        found = []
        for own, names in zip(self.of(key), labels, strict=True):
            groups = defaultdict(list)
            for value, name in zip(own, names, strict=True):
                groups[name].append(value)
            for group in groups.values():
                group.sort()
            found.append([bisect_left(groups[n], v) for v, n in zip(own, names, strict=True)])
        return found


def _by_tags(columns):
    """Labels of the frames by all tags that speak, and those tags.

    raises : Unproven when tags contradict one another
    """
    tags = [key for key in columns.varying if not is_clock(key)]
    hard = [key for key in tags if not is_soft(key)]
    for key in hard:
        values = columns.of(key)
        count = len({v for own in values for v in own})
        if not columns.uniform(values) and count <= columns.depth:
            raise Unproven(f"{key} does not have the same values at every place")
    spoken = [key for key in tags if columns.uniform(columns.of(key))]
    labels = [[()] * len(place) for place in columns.places]
    used = []
    for key in sorted(spoken, key=is_soft):
        further = columns.joined(labels, columns.of(key))
        if columns.uniform(further):
            labels = further
            used.append(key)
        elif not is_soft(key):
            names = " and ".join(str(k) for k in (*used, key))
            raise Unproven(f"{names} contradict one another")
    return labels, used


def _clock(columns, labels):
    """The key that tells frames of equal tags apart.

    A clock that has the same values at every place proves itself; one that runs on from slice to
    slice must agree with the others. A counter must not be contradicted by any.
    """
    usable = [
        key
        for key in columns.varying
        if is_clock(key)
        and columns.complete(key)
        and columns.distinct(columns.joined(labels, columns.of(key)))
    ]
    clocks = [key for key in usable if key not in COUNTERS]
    strong = [k for k in clocks if columns.uniform(columns.joined(labels, columns.of(k)))]
    if strong:
        return strong[0]
    running = [k for k in clocks if k is not Key.CONTENT_TIME] or clocks
    chosen = next(iter([*running, *(k for k in usable if k in COUNTERS)]), None)
    if chosen is None:
        raise Unproven(_nothing_tells(columns))
    ranks = columns.ranks(labels, chosen)
    for other in running[1:]:
        if not columns.uniform(columns.joined(labels, ranks, columns.ranks(labels, other))):
            raise Unproven(f"{chosen} and {other} contradict one another")
    if chosen in COUNTERS:
        _check_counter(columns, labels, chosen, ranks)
    return chosen


def _check_clocks(columns, labels, key):
    """A clock that shows the same values at every place must show one of them in each volume."""
    for clock in columns.varying:
        if not is_clock(clock) or clock in COUNTERS:
            continue
        values = columns.of(clock)
        if columns.uniform(values) and not columns.uniform(columns.joined(labels, values)):
            raise Unproven(f"{key} and {clock} contradict one another")


def _check_counter(columns, labels, counter, ranks):
    """A counter counts volume by volume or place by place, and no clock runs against it."""
    values = columns.of(counter)
    volumes = defaultdict(list)
    for place in zip(labels, ranks, values, strict=True):
        for label, rank, number in zip(*place, strict=True):
            volumes[label, rank].append(number)
    if not (_apart(values) or _apart(volumes.values())):
        raise Unproven(f"{counter} numbers count neither volumes nor places")
    for key in columns.varying:
        if not is_clock(key) or key in COUNTERS:
            continue
        for names, own, order in zip(labels, columns.of(key), ranks, strict=True):
            groups = defaultdict(list)
            for name, value, rank in zip(names, own, order, strict=True):
                if value is not None:
                    groups[name].append((rank, value))
            for group in groups.values():
                if any(a[1] > b[1] for a, b in pairwise(sorted(group))):
                    raise Unproven(f"{key} runs against {counter}")


def _apart(groups) -> bool:
    """Whether the ranges of these groups of numbers do not overlap."""
    ranges = sorted((min(g), max(g)) for g in groups)
    return all(a[1] < b[0] for a, b in pairwise(ranges))


def _nothing_tells(columns) -> str:
    names = [str(key) for key in columns.varying]
    if not names:
        return "no element that is known here tells them apart"
    several = " and ".join(names[:4])
    return f"{several} var{'ies' if len(names) == 1 else 'y'} and do{'es' * (len(names) == 1)} not tell which belong together"


def _number_under(key) -> Callable[[Frame], Any]:
    return lambda frame: frame.keys[key]


def _ordered(volumes, tags, clock) -> Repeats:
    """Sort whole volumes: by one key that orders them alike at every place, or by several in turn."""
    places = list(zip(*volumes, strict=True))
    columns = Columns(places)
    dimensions = [k for k in tags if isinstance(k, Dimension) and not k.place]
    candidates: list[tuple] = [
        (key,) for key in columns.varying if key not in COUNTERS or key is clock
    ]
    if len(dimensions) > 1:
        candidates.append(tuple(sorted(dimensions, key=priority)))
    for keys in sorted(candidates, key=lambda ks: (priority(ks[0]), -len(ks))):
        if not all(map(columns.complete, keys)):
            continue
        ranks = _ranks(columns, keys)
        if ranks is not None:
            return Repeats(tuple(volumes[n] for n in ranks), keys)
    every = [*sorted(tags, key=priority), *([clock] if clock else [])]
    chosen = _least(columns, every)
    values = list(zip(*(columns.of(key)[0] for key in chosen), strict=True))
    order = sorted(range(len(volumes)), key=lambda n: tuple(map(sortable, values[n])))
    return Repeats(tuple(volumes[n] for n in order), tuple(chosen))


def _ranks(columns, keys):
    """The order of the volumes by these keys, when it is the same at every place; else None."""
    column = columns.joined(*map(columns.of, keys))
    if not columns.distinct(column):
        return None
    orders = {
        tuple(sorted(range(len(own)), key=lambda n, own=own: tuple(map(sortable, own[n]))))
        for own in column
    }
    return orders.pop() if len(orders) == 1 else None


def _least(columns, keys):
    """The fewest keys, by trust, that still tell the volumes apart at the first place."""
    chosen = list(keys)
    for key in reversed(keys):
        fewer = [k for k in chosen if k is not key]
        if fewer and columns.distinct(columns.joined(*(columns.of(k)[:1] for k in fewer))):
            chosen = fewer
    return chosen


def sortable(value: Any) -> tuple:
    """Numbers before text, an element that is absent before both; "b500" before "b1000"."""
    if value is None:
        return (0, 0)
    if isinstance(value, str):
        parts = re.split(r"(\d+)", value)
        return (2, tuple((int(p), "") if p.isdecimal() else (-1, p) for p in parts))
    return (1, value)


def over_midnight(stamps: list[float | None]) -> list[float | None]:
    """Seconds that run on over midnight where the dates are absent or were not moved on.

    stamps : seconds since 1970, or of the day (below 86400) where the date is not known, or None
    """
    known = [s for s in stamps if s is not None]
    if not known:
        return stamps
    undated = any(s < DAY for s in known)
    if not undated and len({s // DAY for s in known}) > 1:
        return stamps
    times = sorted({s % DAY for s in known})
    gaps = [(b - a, b) for a, b in pairwise(times)]
    widest, after = max(gaps, default=(0, 0))
    if widest > DAY / 2:  # nobody waits so long: what lies before the gap is the next day
        return [s if s is None else s % DAY + DAY * (s % DAY < after) for s in stamps]
    return [s if s is None else s % DAY for s in stamps] if undated else stamps
