"""Segments as layers: label maps with the file's names and colours, one for all segments that do not overlap.

Which colours and names a label has is the layer's business; here only segments are sorted into layers.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ViewError
from ..segmentations import Segment, Segmentation
from ..segmentations.grids import on, same_lattice
from ..segmentations.segment import label_map
from .models import Layer


def are_segments(x: Any) -> bool:
    """A `Segmentation`, a `Segment`, or a list of `Segment`s?"""
    if isinstance(x, Segment | Segmentation):
        return True
    return isinstance(x, list | tuple) and bool(x) and all(isinstance(s, Segment) for s in x)


def segment_layers(segments: Iterable[Any]) -> list[Layer]:
    """Layers that show every segment, large ones below small ones.

    segments : what `are_segments` says yes to
    returns : a label map for each set of segments that do not overlap; a map for each that holds shares
    raises : ViewError when there is none
    """
    segments = [segments] if isinstance(segments, Segment) else list(segments)
    if not segments:
        raise ViewError("there is no segment to show", "See its notes: print(segments.notes).")
    shares = [s for s in segments if s.kind != "binary"]
    sized = [(int(np.count_nonzero(s.mask.data)), s) for s in segments if s.kind == "binary"]
    sized.sort(key=lambda one: -one[0])
    sized = [one for one in sized if one[0]] or sized  # a table may name a hundred that are empty
    groups: list[tuple[np.ndarray, list[Segment]]] = []
    for _, segment in sized:
        _place(groups, segment)
    return [*(_map(segment) for segment in shares), *(_labels(group) for _, group in groups)]


def _place(groups, segment):
    """Put a segment into the first group whose voxels it leaves alone."""
    mask = segment.mask
    for taken, group in groups:
        numbers = {s.number for s in group}
        own = segment.number not in numbers and min(segment.number, *numbers) > 0
        if own and same_lattice(mask, group[0].mask) and not (taken & mask.data).any():
            taken |= mask.data
            group.append(segment)
            return
    groups.append((mask.data.copy(), [segment]))


def _labels(group) -> Layer:
    group = sorted(group, key=lambda segment: segment.number)
    if (
        group[0].number < 1
    ):  # an RTSTRUCT may count from 0, which no label map shows; it stands alone
        volume, numbers = on(group[0].mask, group[0].mask.data.astype(np.uint8)), [1]
    else:
        volume, numbers = label_map(group), [segment.number for segment in group]
    return Layer(
        volume,
        name=group[0].title if len(group) == 1 else "segments",
        names={n: s.title for n, s in zip(numbers, group, strict=True)},
        colours={n: s.colour for n, s in zip(numbers, group, strict=True) if s.colour},
        opacity=0.5,
    )


def _map(segment) -> Layer:
    return Layer(segment.mask, name=segment.title, range=(0, 1), threshold=(0.004, 1), labels=False)
