"""What is drawn on a slice and measured there, as plain data: ruler, angle, regions, arrow, text.

Every point is RAS+ mm, so an annotation holds for any array of the same patient space. `js/annotate.js`
computes the same voxels and the same numbers in the page; a test holds the two together.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..display import measuring
from ..errors import ViewError
from ..sides import PLANES
from ..volume import Volume
from ..whole import whole_file

_FORMAT = "handson-annotations-1"


@dataclass(frozen=True)
class Annotation:
    """A mark on one slice.

    points : ((x, y, z), ...) RAS+ mm
    plane : "axial", "coronal" or "sagittal"; "" for a mark that belongs to no plane
    text : what the reader wrote beside it
    raises : ViewError for points that are not places, or too few or too many of them
    """

    points: tuple[tuple[float, float, float], ...]
    plane: str = ""
    text: str = ""

    kind: ClassVar[str] = ""
    few: ClassVar[int] = 2
    many: ClassVar[int] = 2

    def __post_init__(self):
        try:
            points = np.asarray(self.points, float).reshape(-1, 3)
        except (TypeError, ValueError):
            points = np.full((1, 3), np.nan)
        if not np.isfinite(points).all() or not self.few <= len(points) <= self.many:
            raise ViewError(
                f"{self.points!r} are not the points of a {type(self).__name__}",
                f"Give {self.few} points (x, y, z) in RAS+ mm{'' if self.many == self.few else ' or more'}.",
            )
        if self.plane and self.plane not in PLANES:
            raise ViewError(f"there is no plane {self.plane!r}", f"Planes are {', '.join(PLANES)}.")
        object.__setattr__(self, "points", tuple(tuple(map(float, p)) for p in points))

    def measure(self, volume: Volume, time: int = 0) -> dict[str, float]:
        """Its numbers in a volume: none for marks that measure nothing."""
        return {}


class Ruler(Annotation):
    """A straight line between two points."""

    kind = "ruler"

    @property
    def length(self) -> float:
        """mm between the two ends."""
        return measuring.length(self.points)

    def measure(self, volume: Volume, time: int = 0) -> dict[str, float]:
        return {"length": self.length}


class Angle(Annotation):
    """Three points: the end of one arm, the corner, the end of the other arm."""

    kind = "angle"
    few = many = 3

    @property
    def degrees(self) -> float:
        """The angle at the corner, 0..180; NaN for an arm without length."""
        first, corner, second = np.array(self.points)
        arms = np.stack([first, second]) - corner
        lengths = np.linalg.norm(arms, axis=1)
        if not lengths.all():
            return float("nan")
        return float(np.degrees(np.arccos(np.clip(arms[0] @ arms[1] / lengths.prod(), -1, 1))))

    def measure(self, volume: Volume, time: int = 0) -> dict[str, float]:
        return {"degrees": self.degrees}


class Area(Annotation):
    """What encloses voxels."""

    def mask(self, volume: Volume, plane: str = "axial") -> np.ndarray:
        """The voxels inside, bool [i, j, k]; `plane` is used when the annotation names none."""
        ijk = volume.voxel(np.array(self.points))
        layout = volume.layout(self.plane or plane)
        mask = np.zeros(volume.shape[:3], bool)
        low, high = self._box(volume, ijk, layout.axis)
        across, down = (
            np.arange(low[a], high[a] + 1) for a in (layout.horizontal, layout.vertical)
        )
        inside = self._inside(
            ijk[:, layout.horizontal], ijk[:, layout.vertical], across[:, None], down
        )
        block = np.moveaxis(
            mask[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))],
            (layout.horizontal, layout.vertical), (0, 1),
        )  # fmt: skip
        block[inside] = True
        return mask

    def _box(self, volume, ijk, axis):
        """First and last voxel along each axis that can be inside."""
        low, high = np.ceil(ijk.min(axis=0) - 1e-9), np.floor(ijk.max(axis=0) + 1e-9)
        low[axis] = high[axis] = np.round(ijk[:, axis].mean())
        top = np.array(volume.shape[:3]) - 1
        return np.clip(low, 0, top).astype(int), np.clip(high, 0, top).astype(int)

    def _inside(self, h, v, across, down):
        raise NotImplementedError

    def measure(self, volume: Volume, time: int = 0, plane: str = "axial") -> dict[str, float]:
        """The keys of `measuring.statistics`: "n", "mean", "sd", "low", "high", "area", "volume"."""
        values = volume.data[self.mask(volume, plane)]
        return measuring.statistics(volume, self.plane or plane, values, time)


class Region(Area):
    """A box of whole voxels: the centres of two opposite ones, both inside."""

    kind = "region"

    def _box(self, volume, ijk, axis):
        ends = np.sort(volume.nearest(np.array(self.points)), axis=0)
        return np.clip(ends, 0, np.array(volume.shape[:3]) - 1)

    def _inside(self, h, v, across, down):
        return np.ones((across.size, down.size), bool)


class Ellipse(Area):
    """The ellipse in a box of two opposite corners: voxels whose centres are inside."""

    kind = "ellipse"

    def _inside(self, h, v, across, down):
        radii = abs(h[0] - h[1]) / 2, abs(v[0] - v[1]) / 2
        if not all(radii):
            return np.zeros((across.size, down.size), bool)
        return ((across - h.mean()) / radii[0]) ** 2 + (
            (down - v.mean()) / radii[1]
        ) ** 2 <= 1 + 1e-9


class Freehand(Area):
    """A closed outline of three corners or more: voxels whose centres are inside, by the even-odd rule."""

    kind = "freehand"
    few, many = 3, 100_000

    def _inside(self, h, v, across, down):
        within = np.zeros(np.broadcast_shapes(across.shape, down.shape), bool)
        for (h0, v0), (h1, v1) in zip(zip(h, v, strict=True), zip(np.roll(h, 1), np.roll(v, 1), strict=True), strict=True):  # fmt: skip
            crosses = (v0 > down) != (v1 > down)
            if v0 != v1:
                within ^= crosses & (across < (h1 - h0) * (down - v0) / (v1 - v0) + h0)
        return within


class Arrow(Annotation):
    """From the first point to the second, which it points at."""

    kind = "arrow"


class Text(Annotation):
    """Words at a place."""

    kind = "text"
    few = many = 1


KINDS = {kind.kind: kind for kind in (Ruler, Angle, Region, Ellipse, Freehand, Arrow, Text)}


def to_state(annotations: Iterable[Annotation]) -> list[dict]:
    """As the page holds them; ids count from 1."""
    return [
        {"id": n, "kind": a.kind, "plane": a.plane, "points": [list(p) for p in a.points], "text": a.text}
        for n, a in enumerate(annotations, 1)
    ]  # fmt: skip


def from_state(states: Iterable[dict]) -> tuple[Annotation, ...]:
    """The other way round. What is half drawn (an angle of one arm) is left out.

    raises : ViewError for a kind that does not exist
    """
    found = []
    for state in states:
        kind = KINDS.get(str(state.get("kind")))
        if kind is None:
            raise ViewError(
                f"there is no annotation {state.get('kind')!r}", f"Kinds are {', '.join(KINDS)}."
            )
        if len(state["points"]) >= kind.few:
            found.append(
                kind(tuple(state["points"]), state.get("plane", ""), state.get("text", ""))
            )
    return tuple(found)


def save(path: str | PathLike[str], annotations: Iterable[Annotation]) -> Path:
    """Write annotations as JSON; points in RAS+ mm. Nothing of the image or the patient is written."""
    states = [{k: v for k, v in state.items() if k != "id"} for state in to_state(annotations)]
    path, content = Path(path), {"format": _FORMAT, "annotations": states}
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def load(path: str | PathLike[str]) -> tuple[Annotation, ...]:
    """Read what `save` wrote.

    raises : ViewError for a file that cannot be read or is something else
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise KeyError(found["format"])
        return from_state(found["annotations"])
    except OSError as error:
        raise ViewError(
            f"cannot be read: {error.strerror}", "Check the path.", path=Path(path)
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ViewError(
            "is not a file of annotations",
            "Save them with viewer.save_annotations.",
            path=Path(path),
        ) from error
