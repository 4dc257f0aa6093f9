"""From the stored numbers of a frame to values with a unit, or to colour.

Slope and intercept, real-world mapping, palette or look-up table: `scaling` says which holds, here it
is applied. PS3.3 C.11.1 (modality transform), C.7.6.16.2.11 (real-world values), C.7.9 (palettes).
"""

import numpy as np
from pydicom import Dataset

from ..errors import ReadError
from . import mosaic
from .faults import BROKEN_BYTES
from .frame import Frame
from .pixel_format import PixelFormat
from .pixels import PixelData, read_frames
from .tables import modality_table, palette


def real_values(one: Frame, source: PixelData, dataset: Dataset) -> np.ndarray:
    """The pixels of one frame as they are meant: float32 values in the frame's unit, or uint8 RGB.

    dataset : needed for palettes and modality LUTs only
    """
    (stored,) = read_frames(source, [0 if one.file.mosaic else one.index])
    if one.file.mosaic:
        stored = mosaic.cut(stored, one)
    return frame_values(one, stored, dataset)


def frame_values(one: Frame, stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Stored numbers of one frame -> what `real_values` returns."""
    f = one.file.format
    try:
        if f.photometric == "PALETTE COLOR":
            table = palette(dataset)
            return to_8_bits(table.apply(stored), table.bits)
        if f.samples == 3:
            return to_8_bits(stored, f.stored)
        if one.scaling.table:
            return modality_table(dataset).apply(stored).astype(np.float32)
    except BROKEN_BYTES as error:
        raise ReadError(
            f"has a look-up table that cannot be used ({error})",
            "The header is damaged.",
            path=one.file.path,
        ) from None
    return one.scaling.apply(stored, np.float32)


def to_8_bits(colour: np.ndarray, bits: int | None = None) -> np.ndarray:
    """Colour of more than 8 bits a sample, shortened to the upper 8."""
    bits = bits or colour.dtype.itemsize * 8
    return (colour >> (bits - 8)).astype(np.uint8) if bits > 8 else colour.astype(np.uint8)


def brightness(rgb: np.ndarray) -> np.ndarray:
    """uint8 [..., 3] -> uint8 [...]: the luma of ITU-R BT.601, the Y of YBR_FULL (PS3.3 C.7.6.3.1.2)."""
    return (rgb @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)


def shown_as(pixels: PixelFormat) -> str:
    """Photometric interpretation of what `real_values` returns."""
    return pixels.photometric if pixels.photometric.startswith("MONOCHROME") else "RGB"
