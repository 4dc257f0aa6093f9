"""`read_slice`: one picture in real-world values, with its header. The first thing a learner reads."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut

from ..errors import ReadError
from ..volume import Slice
from .frames import Frame, frames
from .geometry import frame_affine
from .header import numbers, quiet, read_header
from .pixels import Source, fill, locate
from .scaling import apply, stored_type


def read_slice(path, frame=None) -> Slice:
    """Read one picture from a DICOM file.

    path : file, whatever its name
    frame : number of the picture in a file of several, from 0; by default the first
    returns : `Slice`; pixels float32 [row, column] in real-world values (HU of a CT), or uint8
        [row, column, 3] for colour. MONOCHROME1 values are kept: `photometric` tells to draw them
        inverted. Palettes are applied; overlays and padding are told in `notes`, not drawn.
    raises : ReadError, and DecoderError when a decoder must be installed

    Modality transform PS3.3 C.11.1; pixel format C.7.6.3; palettes C.7.9.
    """
    path = Path(path)
    with quiet():
        header = read_header(path)
        found = frames(path, header)
        one = _pick(found, frame, path)
        dataset = pydicom.dcmread(path, force=True)
        source = locate(path, one.file.format, one.file.frames)
        pixels, photometric = real_values(one, source, dataset)
    return Slice(
        pixels,
        spacing=one.spacing,
        unit=one.scaling.unit,
        photometric=photometric,
        dataset=dataset,
        affine=frame_affine(one),
        window=header_window(dataset),
        name=one.file.description,
    )


def _pick(found, frame, path) -> Frame:
    index = 0 if frame is None else frame
    if not 0 <= index < len(found):
        raise ReadError(
            f"has {len(found)} frames, there is no frame {frame}", "Frames count from 0.", path=path
        )
    return found[index]


def real_values(one: Frame, source: Source, dataset) -> tuple[np.ndarray, str]:
    """The pixels of a frame as a learner means them, and their photometric interpretation.

    returns : float32 values in the frame's unit, or uint8 RGB
    """
    f = one.file.format
    shape = (1, f.rows, f.columns) + ((f.samples,) if f.samples > 1 else ())
    stored = np.empty(shape, stored_type(f, source.kind))
    fill(stored, source, [one.index])
    stored = stored[0]
    if f.photometric == "PALETTE COLOR":
        return to_8_bits(apply_color_lut(stored, dataset), 16), "RGB"
    if f.samples == 3:
        return to_8_bits(stored, f.stored), "RGB"
    if one.scaling.table:
        return apply_modality_lut(stored, dataset).astype(np.float32), f.photometric
    return apply(stored, one.scaling, np.float32), f.photometric


def to_8_bits(colour, bits) -> np.ndarray:
    return (colour >> (bits - 8)).astype(np.uint8) if bits > 8 else colour.astype(np.uint8)


def header_window(dataset) -> tuple | None:
    centers, widths = numbers(dataset, "WindowCenter"), numbers(dataset, "WindowWidth")
    return (centers[0], widths[0]) if centers and widths else None
