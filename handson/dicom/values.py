"""From the stored numbers of a frame to values with a unit, or to colour.

Slope and intercept, real-world mapping, palette or look-up table: `scaling` says which holds, here it
is applied. PS3.3 C.11.1 (modality transform), C.7.6.16.2.11 (real-world values), C.7.9 (palettes).
"""

from dataclasses import replace

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut

from ..errors import ReadError
from . import mosaic
from .elements import value
from .faults import BROKEN_BYTES
from .frame import Frame
from .pixel_format import PixelFormat
from .pixels import PixelData, read_frames
from .scaling import Scaling, prefer, real_world, scaling


def with_unit(one: Frame, dataset: Dataset) -> Frame:
    """A frame whose scaling knows the units that stand far behind in the header.

    dataset : all of the header
    """
    how = one.scaling
    if not how.unit:
        how = replace(how, unit=scaling(dataset, one.file.modality).unit)
    return replace(one, scaling=prefer(how, mapping(dataset, one.index)))


def mapping(dataset: Dataset, index: int) -> Scaling | None:
    """The real-world value mapping of a frame: its functional group's, or the data set's."""
    if items := functional_groups(dataset, index, "RealWorldValueMappingSequence"):
        return real_world(items)
    return real_world(value(dataset, "RealWorldValueMappingSequence") or ())


def functional_groups(dataset: Dataset, index: int, keyword: str) -> list:
    """Items of a functional group of frame `index`: its own, or the shared ones."""
    own = value(dataset, "PerFrameFunctionalGroupsSequence") or []
    shared = value(dataset, "SharedFunctionalGroupsSequence") or []
    holders = [*own[index : index + 1], *shared[:1]]
    return next((list(items) for h in holders if (items := value(h, keyword))), [])


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
            return to_8_bits(apply_color_lut(stored, _palette(dataset)))
        if f.samples == 3:
            return to_8_bits(stored, f.stored)
        if one.scaling.table:
            return apply_modality_lut(stored, dataset).astype(np.float32)
    except BROKEN_BYTES as error:
        raise ReadError(
            f"has a look-up table that cannot be used ({error})",
            "The header is damaged.",
            path=one.file.path,
        ) from None
    return one.scaling.apply(stored, np.float32)


def _palette(dataset) -> pydicom.Dataset:
    """The palette in little-endian order: pydicom reads its words so, whatever the file's order is."""
    if dataset.original_encoding[1] is not False:
        return dataset
    own = pydicom.Dataset({e.tag: e for e in dataset.group_dataset(0x0028)})
    for element in own:
        if element.VR == "OW" and "Lookup Table Data" in element.name:
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
    own.set_original_encoding(False, True)
    return own


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
