"""JPEG of 12 bits a sample (Process 2 and 4), which pydicom gives to no decoder: GDCM opens it.

pydicom 3 turns such files away although GDCM reads them; nothing else is decoded here.
"""

import numpy as np
from pydicom.encaps import generate_frames

from ..errors import DecoderError, ReadError


def decode(source, data: bytes, indices, targets):
    """Fill the targets with frames, one after the other; `data` begins at the first fragment."""
    try:
        import gdcm
    except ImportError:
        raise DecoderError(
            "is stored as 12-bit JPEG, and no decoder for it is installed",
            "Install one: pip install python-gdcm",
            path=source.path,
        ) from None
    gdcm.Trace.ErrorOff()
    gdcm.Trace.WarningOff()
    frames = list(generate_frames(data, number_of_frames=source.frames))
    for index, target in zip(indices, targets, strict=True):
        target[...] = _frame(gdcm, frames[index], source)
        yield target


def _frame(gdcm, encoded: bytes, source) -> np.ndarray:
    f = source.format
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(encoded)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((f.columns, f.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(f.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    syntax = gdcm.TransferSyntax.GetTSType(f.transfer_syntax)
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    buffer = image.GetBuffer()
    if buffer is None:
        raise ReadError(
            "has a 12-bit JPEG frame that is damaged", "Copy it again.", path=source.path
        )
    # GDCM hands bytes out as text
    pixels = np.frombuffer(buffer.encode("utf-8", "surrogateescape"), "<u2")
    return pixels.reshape(f.rows, f.columns)
