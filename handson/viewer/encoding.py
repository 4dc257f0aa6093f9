"""Voxels -> the integers that a browser draws: which type, which slope, and in which chunks.

A page looks every pixel up in a table, so it needs 8- or 16-bit codes. Whole numbers that fit are
sent as they are; everything else as `value = slope * code + inter`, with one code kept for NaN.
This module knows arrays only: no widget and no file.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..display.values import Survey, sample, survey
from ..errors import ViewError

CHUNK = 1_500_000  # bytes in one message, at most
REDUCE_ABOVE = 100_000_000  # bytes; above, 8 bits a voxel unless every value is asked for
LIMIT = 1 << 30  # bytes that a page may be asked to hold
_INT16 = np.iinfo(np.int16)
_NAN = _INT16.min


@dataclass(frozen=True)
class Coding:
    """How values became codes: `value = slope * code + inter`.

    dtype : "uint8", "int16" or "uint16"
    nan : the code that stands for NaN, or None
    whole : the values are whole numbers, so no decimals are shown
    exact : nothing was rounded
    low, high : least and greatest finite value
    notes : keys and words of labels.json's "notes", what the viewer has to say about it
    """

    dtype: str
    slope: float = 1.0
    inter: float = 0.0
    nan: int | None = None
    whole: bool = True
    exact: bool = True
    low: float = 0.0
    high: float = 1.0
    notes: tuple = ()

    def encode(self, values: np.ndarray) -> np.ndarray:
        """values -> codes, little-endian, the same shape."""
        little = np.dtype(self.dtype).newbyteorder("<")
        if self.nan is None and self.slope == 1 and self.inter == 0:
            return values.astype(little, copy=False)
        span = np.iinfo(self.dtype)
        first = span.min if self.nan is None else span.min + 1
        with np.errstate(invalid="ignore", over="ignore"):
            codes = np.rint((values.astype(np.float64) - self.inter) / self.slope)
            codes = np.clip(codes, first, span.max)
        if self.nan is not None:
            codes[np.isnan(codes)] = self.nan
        return codes.astype(little)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """codes -> values, float64; the NaN code becomes NaN."""
        values = codes * self.slope + self.inter
        return values if self.nan is None else np.where(codes == self.nan, np.nan, values)


def choose(data: np.ndarray, full: bool = False, seen: Survey | None = None) -> Coding:
    """The coding for an array of any real type.

    full : send every value even when that takes more than about 100 MB; else such arrays are
        reduced to 254 steps over the range between their 0.1 and 99.9 percentiles
    seen : the survey of these data, when there is one already
    errors : ViewError for complex and other types that are not numbers, and for what is too large
    """
    size = 1 if data.dtype.kind == "b" or data.dtype.itemsize == 1 else 2
    reduced = data.size * size > REDUCE_ABOVE and size > 1 and not full
    if data.size * (1 if reduced else size) > LIMIT:
        gigabytes = data.size * size / 1e9
        raise ViewError(
            f"{gigabytes:.1f} GB of voxels are more than a browser page can hold",
            "Show a part of it (volume.crop) or one volume in time (volume.at).",
        )
    seen = seen or survey(data)
    if seen.empty:
        return Coding("uint8", nan=0, low=0.0, high=0.0, exact=False, notes=(("all_nan", {}),))
    return _reduced(data, seen) if reduced else _plain(data, seen)


def _plain(data, seen) -> Coding:
    low, high = seen.low, seen.high
    notes = [("constant", {"value": f"{low:g}"})] if low == high else []
    fits = {
        kind: np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
        for kind in ("uint8", "int16", "uint16")
    }
    if data.dtype.kind in "bui":
        native = {"b": "uint8"}.get(data.dtype.kind, data.dtype.name)
        kind = native if native in fits else next((k for k in ("int16", "uint16") if fits[k]), None)
        if kind:
            return Coding(kind, low=low, high=high, notes=tuple(notes))
    elif seen.whole and low > _NAN and high <= _INT16.max:
        nan = _NAN if seen.nan or seen.infinite else None
        return Coding("int16", nan=nan, low=low, high=high, notes=tuple(notes))
    inter, slope = (low + high) / 2, (high - low) / (2 * _INT16.max) or 1.0
    if seen.whole and slope < 1:
        inter, slope = float(np.rint(inter)), 1.0
    if seen.infinite:
        notes.append(("infinite", {}))
    if low < high and _is_coarse(data, slope):
        notes.append(("coarse", {"step": f"{slope:.2g}"}))
    return Coding("int16", slope, inter, _NAN, seen.whole, slope == 1, low, high, tuple(notes))


def _is_coarse(data, slope) -> bool:
    """Would the middle 98 % of the values share fewer than 256 codes?"""
    low, high = np.percentile(sample(data), [1, 99])
    return 0 < high - low < 256 * slope


def _reduced(data, seen) -> Coding:
    low, high = (float(p) for p in np.percentile(sample(data), [0.1, 99.9]))
    if low == high:
        low, high = seen.low, seen.high
    slope = (high - low) / 254 or 1.0
    words = {"low": f"{low:g}", "high": f"{high:g}"}
    return Coding(
        "uint8", slope, low - slope, 0, False, False, low, high, (("reduced", words),)
    )  # code 1 is `low`, 255 is `high`, 0 is NaN


@dataclass(frozen=True)
class Chunks:
    """The codes of an array cut into messages: slow axis outermost, so slabs are contiguous.

    order : array axes from slow to fast; the shown plane's axis first
    length : codes in a chunk, whole slices where a slice fits
    """

    data: np.ndarray
    coding: Coding
    order: tuple[int, int, int]
    channels: int = 1

    @classmethod
    def of(cls, data: np.ndarray, coding: Coding, slow: int, channels: int = 1) -> "Chunks":
        """data : [i, j, k], [i, j, k, t] or, with channels=3, [i, j, k, 3]; slow : its outer axis"""
        others = (a for a in range(3) if a != slow)
        middle, fast = sorted(others, key=lambda a: -abs(data.strides[a]))
        return cls(data, coding, (slow, middle, fast), channels)

    @property
    def n_volumes(self) -> int:
        return self.data.shape[3] if self.data.ndim == 4 and self.channels == 1 else 1

    @property
    def plane(self) -> int:
        """Codes in one slice along the slow axis."""
        return int(np.prod([self.data.shape[a] for a in self.order[1:]])) * self.channels

    @property
    def length(self) -> int:
        size = np.dtype(self.coding.dtype).itemsize
        return (
            max(1, CHUNK // (self.plane * size)) * self.plane
            if self.plane * size <= CHUNK
            else CHUNK // size
        )

    @property
    def total(self) -> int:
        return self.plane * self.data.shape[self.order[0]] * self.n_volumes

    @property
    def count(self) -> int:
        return -(-self.total // self.length)

    def holding(self, index: int, time: int = 0) -> int:
        """The chunk with the middle of slice `index`."""
        slices = time * self.data.shape[self.order[0]] + index
        return (slices * self.plane + self.plane // 2) // self.length

    def get(self, number: int) -> memoryview:
        """Bytes of one chunk; a view of the array where it is stored in this order, else a copy."""
        start, stop = number * self.length, min((number + 1) * self.length, self.total)
        slices = self.data.shape[self.order[0]]
        parts, first, last = [], start // self.plane, -(-stop // self.plane)
        while first < last:
            time, begin = divmod(first, slices)
            count = min(last - first, slices - begin)
            parts.append(self.coding.encode(self._block(time, begin, begin + count)).reshape(-1))
            first += count
        flat = parts[0] if len(parts) == 1 else np.concatenate(parts)
        skip = start - (start // self.plane) * self.plane
        part: Any = np.ascontiguousarray(flat[skip : skip + stop - start])
        return memoryview(part).cast("B")

    def _block(self, time, start, stop):
        data = (
            self.data[..., time]
            if self.n_volumes > 1 or (self.data.ndim == 4 and self.channels == 1)
            else self.data
        )
        axes = (*self.order, 3) if self.channels == 3 else self.order
        return data.transpose(axes)[start:stop]

    def state(self, labels: dict[str, Any]) -> dict[str, Any]:
        """What the page must know, as JSON."""
        c = self.coding
        return {
            "dtype": c.dtype,
            "slope": c.slope,
            "inter": c.inter,
            "nan": c.nan,
            "whole": c.whole,
            "exact": c.exact,
            "low": c.low,
            "high": c.high,
            "notes": [labels["notes"][key].format(**words) for key, words in c.notes],
            "shape": [int(n) for n in self.data.shape[:3]],
            "n_volumes": int(self.n_volumes),
            "channels": self.channels,
            "order": list(self.order),
            "chunk": self.length,
        }
