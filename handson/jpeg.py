"""What must be looked at before JPEG, JPEG-LS and JPEG 2000 are decoded, and JPEG of 12 bits a sample (Process 2 and 4).

GDCM ends the whole program when a header inside the JPEG is damaged, so the markers are walked first;
pydicom 3 walks the boxes around JPEG 2000 for ever when one has no length. pydicom 3 gives 12-bit JPEG to
no decoder although GDCM reads it. Nothing else is decoded here.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.encaps import generate_frames

from .errors import DecoderError, ReadError

if TYPE_CHECKING:
    from .dicom.pixels import PixelData

# Markers of a JPEG (ITU-T T.81 table B.1): frame headers, Huffman tables, start and end.
SOF, DHT, SOS, ADOBE = {0xC0, 0xC1, 0xC2, 0xC3}, 0xC4, 0xDA, 0xEE
SIZED = {0xF7, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # 0xF7: JPEG-LS (T.87)
ALLOWED = SOF | {DHT, SOS, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)}


def check(
    frame: bytes, shape: tuple[int, int, int], path: Path | None, allocated: int = 16
) -> None:
    """Refuse a JPEG whose headers are damaged or describe another picture than the DICOM header.

    shape, allocated : (rows, columns, samples) and BitsAllocated of the DICOM header
    raises : ReadError
    """
    try:
        seen = _walk(frame)
    except (struct.error, IndexError, ValueError):
        seen = None
    if seen != tuple(shape):
        raise ReadError("has a JPEG frame whose headers are damaged", "Copy it again.", path=path)
    check_size(frame, shape, path, allocated)


def check_size(
    frame: bytes, shape: tuple[int, int, int], path: Path | None, allocated: int = 16
) -> None:
    """Refuse a JPEG or JPEG-LS of another size, or of more bits, than the DICOM header states.

    raises : ReadError
    """
    at = 2
    while at + 9 <= len(frame) and frame[at] == 0xFF and frame[at + 1] != SOS:
        if frame[at + 1] in SIZED:
            bits, rows, columns = struct.unpack_from(">BHH", frame, at + 4)
            _check_alike((rows or shape[0], columns), shape, path)  # 0: told behind the scan
            _check_bits(bits, allocated, path, most=16)
            return
        at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")


def check_2000(
    frame: bytes, shape: tuple[int, int, int], path: Path | None, allocated: int = 16
) -> None:
    """Refuse a JPEG 2000 of another size or of more bits, and a file (JP2) in which a box before its stream has no length.

    raises : ReadError
    """
    at = 0
    while frame[4:8] == b"jP  " and at < len(frame) and frame[at + 4 : at + 8] != b"jp2c":
        length = int.from_bytes(frame[at : at + 4], "big")
        if length < 8:
            raise ReadError(
                "has a JPEG 2000 frame whose boxes are damaged", "Copy it again.", path=path
            )
        at += length
    start = frame.find(b"\xff\x4f\xff\x51", at)  # start of stream, then the size
    if start >= 0 and len(frame) > start + 42:
        right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
        _check_alike((bottom - top, right - left), shape, path)
        _check_bits((frame[start + 42] & 0x7F) + 1, allocated, path)


def _check_alike(size, shape, path) -> None:
    """A picture of another size would be scrambled, or fill the memory of the machine."""
    if tuple(size) != tuple(shape[:2]):
        raise ReadError(
            f"has a frame of {size[1]} x {size[0]} pixels where its header states {shape[1]} x {shape[0]}",
            "Copy it again.",
            path=path,
        )


def _check_bits(bits, allocated, path, most=64) -> None:
    """Values would be cut off where there is less room; where there is more than any has, GDCM ends the program."""
    if not bits <= allocated <= most:
        raise ReadError(
            f"has a frame of {bits} bits a sample where its header states {allocated}",
            "Copy it again.",
            path=path,
        )


def _walk(frame) -> tuple[int, int, int]:
    """(rows, columns, samples) of the frame header, if every header up to the first scan is sound."""
    if frame[:2] != b"\xff\xd8":
        raise ValueError("no start of image")
    at, lossless = 2, False
    size: tuple[int, int, int] | None = None
    tables: set[int] = set()
    components: set[int] = set()
    while True:
        mark, code, length = struct.unpack_from(">BBH", frame, at)
        if mark != 0xFF or code not in ALLOWED or length < 2:
            raise ValueError(f"marker {code:02X}")
        body = frame[at + 4 : at + 2 + length]
        if code in SOF:
            precision, rows, columns, count = struct.unpack_from(">BHHB", body)
            lossless = code == 0xC3
            if size or len(body) != 6 + 3 * count or not 2 <= precision <= 16:
                raise ValueError("frame header")
            if any(body[7 + 3 * n] not in (0x11, 0x12, 0x21, 0x22) for n in range(count)):
                raise ValueError("sampling")
            size, components = (rows, columns, count), {body[6 + 3 * n] for n in range(count)}
        elif code == ADOBE and body[:5] == b"Adobe" and body[11] not in (0, 1, 2):
            raise ValueError("colour transform")
        elif code == DHT:
            tables |= _tables(body)
        elif code == SOS:
            count = body[0]
            named = {(body[1 + 2 * n], body[2 + 2 * n] >> 4) for n in range(count)}
            if len(body) != 4 + 2 * count or not named or not {c for c, _ in named} <= components:
                raise ValueError("scan header")
            if not {table for _, table in named} <= tables:
                raise ValueError("Huffman table")
            if lossless and (body[-3] not in range(1, 8) or body[-2] or body[-1] >> 4):
                raise ValueError("predictor")
            if size is None:
                raise ValueError("no frame header")
            return size
        at += 2 + length


def _tables(body) -> set[int]:
    """Numbers of the DC Huffman tables; every code must fit its length (T.81 annex C)."""
    numbers = set()
    while body:
        counts, code = body[1:17], 0
        for bits, count in enumerate(counts, 1):
            code = (code << 1) + count
            if code > 1 << bits:
                raise ValueError("Huffman codes")
        if not body[0] >> 4:
            numbers.add(body[0] & 15)
            if any(size > 16 for size in body[17 : 17 + sum(counts)]):
                raise ValueError("Huffman values")
        body = body[17 + sum(counts) :]
    return numbers


def decode(
    source: "PixelData", data: bytes, indices: Sequence[int], targets: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
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
    frames = list(generate_frames(data, number_of_frames=source.number_of_frames))
    for index, target in zip(indices, targets, strict=True):
        check(frames[index], source.format.shape, source.path)
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
