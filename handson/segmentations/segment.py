"""`Segment`: a mask with a name, and who says so; `Segmentation`: the segments of one file.

Knows no file format.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from pydicom.sr.coding import Code

from ..errors import HandsonError
from ..volume import Volume
from .grids import same_lattice

KINDS = ("binary", "probability", "occupancy")


class Segment:
    """One named region.

    number : its number in the file, from 1
    name : "" when the file states none
    mask : `Volume` of bool when `kind` is "binary", else of float32, 0..1
    kind : "binary"; "probability", how sure it is that a voxel belongs to the segment; or
        "occupancy", how much of the voxel the segment fills (PS3.3 C.8.20.2.3)
    algorithm : "MANUAL", "SEMIAUTOMATIC", "AUTOMATIC", or "" when the file does not say
    code : what it is, `pydicom.sr.coding.Code(value, scheme, meaning)`, or None
    colour : (red, green, blue), 0..255, that the file proposes, or None
    category : what sort of thing it is (PS3.16 CID 7150), a `Code` or None
    algorithm_name : program or method, "" when not stated
    author : person who made it, as the file states it; "" when not stated

    The mask is made when it is asked for: a hundred segments of a whole body need the memory of one. All
    but the mask can be set, as a label map's code and algorithm must be before it is written as a SEG.
    """

    def __init__(
        self,
        number: int,
        name: str,
        mask: Volume | Callable[[], Volume],
        kind: str = "binary",
        algorithm: str = "",
        code: Code | None = None,
        colour: tuple[int, int, int] | None = None,
        *,
        category: Code | None = None,
        algorithm_name: str = "",
        author: str = "",
    ):
        if kind not in KINDS:
            raise HandsonError(
                f"there is no kind of segment {kind!r}", f"Kinds: {', '.join(KINDS)}."
            )
        self.number, self.name, self.kind = int(number), str(name), kind
        self.algorithm, self.algorithm_name, self.author = algorithm, algorithm_name, author
        self.code, self.category = code, category
        self.colour = None if colour is None else tuple(int(c) for c in colour)
        self._mask = mask if callable(mask) else _checked(mask, kind, self.title)

    @property
    def mask(self) -> Volume:
        mask = self._mask() if callable(self._mask) else self._mask
        return replace(mask, name=self.title)

    @property
    def title(self) -> str:
        """The name, or the number when there is no name."""
        return self.name or f"segment {self.number}"

    def __repr__(self):
        said = [repr(self.name) if self.name else "without a name", self.kind]
        said += [part for part in (self.algorithm, self.code and self.code.meaning) if part]
        return f"Segment({self.number}, {', '.join(said)})"


def _checked(mask, kind, title) -> Volume:
    """A mask that holds what its kind says: bool, or shares 0..1."""
    if not isinstance(mask, Volume) or mask.n_volumes > 1 or mask.rgb:
        raise HandsonError(
            f"the mask of {title} is not one 3-D Volume", "Pass Volume(mask, affine)."
        )
    data = mask.data
    if kind == "binary" and data.dtype != bool:
        if not np.isin(data, (0, 1)).all():
            raise HandsonError(
                f"the mask of {title} holds values other than 0 and 1",
                "Compare first: labels == number; or say kind='probability' or 'occupancy'.",
            )
        return replace(mask, data=data.astype(bool))
    if kind != "binary":
        if not (np.isfinite(data).all() and data.min() >= 0 and data.max() <= 1):
            raise HandsonError(
                f"the shares of {title} leave 0 to 1", "Divide by their largest possible value."
            )
        return replace(mask, data=data.astype(np.float32, copy=False))
    return mask


class Segmentation(list):
    """The segments of one file, in its order: a list, which also finds a segment by its name.

    notes : what was left out or could not be known, a sentence each
    points : {name: (n, 3) RAS+ mm} of regions that are points, as an isocentre
    """

    def __init__(
        self,
        segments: Iterable[Segment] = (),
        notes: Iterable[str] = (),
        points: dict[str, np.ndarray] | None = None,
    ):
        super().__init__(segments)
        self.notes, self.points = tuple(notes), dict(points or {})

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        found = [segment for segment in self if segment.name == key]
        if len(found) == 1:
            return found[0]
        names = ", ".join(segment.title for segment in self) or "none"
        fault = f"{len(found)} segments are named" if found else "no segment is named"
        raise HandsonError(f"{fault} {key!r}", f"The segments are: {names}.")

    @property
    def names(self) -> list[str]:
        return [segment.name for segment in self]

    def label_map(self) -> Volume:
        """All segments in one volume of whole numbers, 0 where there is none.

        returns : `Volume` of uint8 (uint16 from number 256 on), the segments' numbers as values
        raises : HandsonError when segments overlap, share a number, lie on different grids or are not
            binary: one label a voxel cannot say it
        """
        return label_map(self)

    def __repr__(self):
        lines = [repr(segment) for segment in self]
        return "\n".join(lines) if lines else "Segmentation without segments"


def label_map(segments: Iterable[Segment]) -> Volume:
    """See `Segmentation.label_map`."""
    segments = list(segments)
    if not segments:
        raise HandsonError("there is no segment to make a label map of", "Pass one or more.")
    _check_numbers(segments)
    first = segments[0].mask
    most = max(segment.number for segment in segments)
    labels = np.zeros(first.shape, np.uint8 if most < 256 else np.uint16)
    by_number = {segment.number: segment for segment in segments}
    for segment in segments:
        mask = segment.mask
        if not same_lattice(mask, first):
            raise HandsonError(
                f"{segments[0].title} and {segment.title} lie on different grids",
                "Read both with the same like=.",
            )
        taken = labels[mask.data]
        if taken.any():
            other = by_number[int(taken[taken > 0][0])]
            raise HandsonError(
                f"{other.title} and {segment.title} overlap in {np.count_nonzero(taken)} voxels, and a "
                "label map holds one number a voxel",
                "Keep them apart as masks, or write a DICOM SEG of kind BINARY.",
            )
        labels[mask.data] = segment.number
    return replace(first, data=labels)


def _check_numbers(segments):
    seen: dict[int, Segment] = {}
    for segment in segments:
        if segment.kind != "binary":
            raise HandsonError(
                f"{segment.title} is a map of {segment.kind}, which no label holds",
                "Choose a threshold first, for example mask.data >= 0.5.",
            )
        if not 1 <= segment.number <= 65535:
            raise HandsonError(
                f"{segment.title} has the number {segment.number}, and a label runs from 1 to 65535",
                "Give it another number.",
            )
        if (other := seen.setdefault(segment.number, segment)) is not segment:
            raise HandsonError(
                f"{other.title} and {segment.title} share the number {segment.number}",
                "Give each its own.",
            )
