"""Look-up tables: palettes (PS3.3 C.7.6.3.1.5 and C.7.9) and modality tables (C.11.1.1).

pydicom expands segmented palettes. The tables are applied here, because the first value of a descriptor
has the sign of the pixels whatever VR it was written with, 8-bit entries may stand in words, and a table
of 8-bit entries may have more than 256 of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels import apply_color_lut

from .elements import like_pixels, numbers, value

_COLOURS = ("Red", "Green", "Blue")


@dataclass(frozen=True, slots=True)
class Table:
    """first : the stored number that the first entry stands for; bits : of an entry

    entries : (n,) values, or (n, 3) colours
    """

    first: int
    bits: int
    entries: np.ndarray

    def apply(self, stored: np.ndarray) -> np.ndarray:
        """Stored numbers below the first take the first entry, those beyond the last one the last."""
        places = np.clip(stored.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[places]


def modality_table(dataset: Dataset) -> Table:
    """The first item of the ModalityLUTSequence.

    raises : ValueError when it holds too few entries
    """
    item = value(dataset, "ModalityLUTSequence")[0]
    count, first, bits = _descriptor(dataset, item, "LUTDescriptor")
    return Table(first, bits, _entries(item["LUTData"].value, count, bits, _big_endian(dataset)))


def palette(dataset: Dataset) -> Table:
    """The red, green and blue palette of a PALETTE COLOR picture.

    raises : ValueError when it holds too few entries
    """
    count, first, bits = _descriptor(dataset, dataset, "RedPaletteColorLookupTableDescriptor")
    if "RedPaletteColorLookupTableData" not in dataset:
        return Table(first, bits, _expanded(dataset, count, bits))
    colours = [
        _entries(
            dataset[f"{name}PaletteColorLookupTableData"].value, count, bits, _big_endian(dataset)
        )
        for name in _COLOURS
    ]
    return Table(first, bits, np.stack(colours, axis=-1))


def _big_endian(dataset) -> bool:
    return dataset.original_encoding[1] is False


def _descriptor(dataset, holder, keyword) -> tuple[int, int, int]:
    """(number of entries, first stored number, bits); the first has the sign of the pixels."""
    count, first, bits = (int(n) for n in numbers(holder, keyword))
    return count % (1 << 16) or 1 << 16, like_pixels(dataset, first), bits


def _entries(data: bytes | int | Sequence[int], count: int, bits: int, big: bool) -> np.ndarray:
    """The entries of a table: bytes or words, whichever the data are long enough for."""
    if not isinstance(data, bytes):  # numbers that pydicom has read in the order of the file
        data, big = np.array(data, ndmin=1).astype("<u2").tobytes(), False
    words = np.frombuffer(data[: len(data) // 2 * 2], ">u2" if big else "<u2")
    if len(words) >= count:
        return words[:count].astype(np.uint16)
    packed = words.astype("<u2").view(np.uint8)
    if len(packed) < count or bits > 8:
        raise ValueError(f"it holds {len(words)} of {count} entries")
    return packed[:count].astype(np.uint16)


def _expanded(dataset, count, bits) -> np.ndarray:
    """The entries of a segmented palette (PS3.3 C.7.9.2)."""
    if bits == 8 and count > 256:
        raise ValueError("a segmented palette of 8 bits has more than 256 entries")
    own: Any = Dataset()
    for name in _COLOURS:
        keyword = f"Segmented{name}PaletteColorLookupTableData"
        setattr(own, f"{name}PaletteColorLookupTableDescriptor", [count % (1 << 16), 0, bits])
        setattr(own, keyword, dataset[keyword].value)
    own.set_original_encoding(False, not _big_endian(dataset))
    return apply_color_lut(np.arange(count, dtype=np.int64), own)[..., :3].astype(np.uint16)
