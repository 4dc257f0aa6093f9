"""Stored numbers of a frame, out of native or compressed pixel data.

Native frames are read straight into the array that will hold them; every other kind is handed to
pydicom's decoders. What a header claims is compared with what the file holds before anything is
allocated. No rescale, no window and no geometry here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.encaps import generate_fragments, generate_frames, parse_basic_offsets
from pydicom.pixels import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
    RLELossless,
)

from .. import decoders, jpeg
from ..errors import DecoderError, ReadError
from .header import PIXEL_TAGS, Location, pixel_element, read_bytes
from .pixel_format import PixelFormat

NATIVE = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
}
# No image compresses this far: a small file that claims so many pixels is corrupt or a trap.
COMPRESSION_LIMIT, COMPRESSION_FREE = 1000, 64 << 20
_UNDEFINED = 0xFFFFFFFF  # the length of pixel data in fragments
_FRAME_STARTS = b"\xff\xd8\xff", b"\xff\x4f\xff\x51"  # of JPEG and JPEG-LS, and of JPEG 2000
_KEYWORDS = {"i": "PixelData", "f": "FloatPixelData", "d": "DoubleFloatPixelData"}


@dataclass(frozen=True, slots=True)
class PixelData:
    """Where the pixel data of one file are.

    element : "i" PixelData, "f" FloatPixelData, "d" DoubleFloatPixelData
    offset, length : of the value, in the file or in the inflated data set
    """

    path: Path
    format: PixelFormat
    number_of_frames: int
    element: str
    vr: str
    offset: int
    length: int
    inflated: bytes | None


def locate(location: Location, pixels: PixelFormat, number_of_frames: int) -> PixelData:
    """Find the pixel data of a file and make sure that they can be what the header claims.

    raises : ReadError when they are missing or too short
    """
    path = location.path
    found = pixel_element(location)
    if found is None:
        raise ReadError("describes a picture but holds no pixels", "Copy it again.", path=path)
    tag, vr, length, offset, inflated = found
    native = pixels.transfer_syntax in NATIVE
    if native and length == _UNDEFINED:
        raise ReadError(
            f"holds its pixels in fragments, which its transfer syntax ({UID(pixels.transfer_syntax).name}) "
            "does not allow",
            "Its TransferSyntaxUID is wrong: ask for the file again.",
            path=path,
        )
    held = (location.size if inflated is None else len(inflated)) - offset
    length = min(length, held)
    source = PixelData(
        path, pixels, number_of_frames, PIXEL_TAGS[tag], vr or "OW", offset, length, inflated
    )
    check_claim(path, pixels, number_of_frames, length)
    if inflated is not None and length < native_bytes(pixels, number_of_frames):
        raise ReadError("is cut off within its pixels", "Copy it again.", path=path)
    if native:
        _check_count(source, _held_natively(source))
    return source


def _held_natively(source) -> int:
    """How many whole frames native pixel data can hold; a last byte may be padding."""
    one, need = native_bytes(source.format, 1), native_bytes(source.format, source.number_of_frames)
    surplus = source.length - need
    return source.number_of_frames + (surplus // one if surplus > 1 else 0)


def _check_count(source, held) -> None:
    """Refuse pixel data that hold more frames than the header counts: nobody would miss them.

    raises : ReadError
    """
    if held > source.number_of_frames:
        raise ReadError(
            f"holds the pixels of {held} frames, and its header counts {source.number_of_frames}",
            "NumberOfFrames is wrong or missing: ask for the file again.",
            path=source.path,
        )


def native_bytes(pixels: PixelFormat, number_of_frames: int) -> int:
    """Bytes of native pixel data, PS3.5 section 8.1.1; YBR_FULL_422 shares colours between pixels."""
    bits = pixels.rows * pixels.columns * pixels.samples * pixels.allocated * number_of_frames
    if pixels.photometric.endswith("_422"):
        bits = bits * 2 // 3
    return -(-bits // 8)


def check_claim(path: Path, pixels: PixelFormat, number_of_frames: int, held: int) -> None:
    """Refuse a header that claims more pixels than `held` bytes can be, before anything is made for them.

    raises : ReadError
    """
    need = native_bytes(pixels, number_of_frames)
    if pixels.transfer_syntax in NATIVE - {DeflatedExplicitVRLittleEndian}:
        if held < need:
            raise ReadError(
                f"is cut off: its header claims {need} bytes of pixels, {held} are there",
                "Copy it again from the source.",
                path=path,
            )
    elif number_of_frames > held or (need > COMPRESSION_FREE and need > COMPRESSION_LIMIT * held):
        raise ReadError(
            f"claims {pixels.columns} x {pixels.rows} pixels in {number_of_frames} frames but holds {held} bytes",
            "The header or the file is damaged.",
            path=path,
        )


def stored_type(source: PixelData) -> np.dtype:
    """The NumPy type of one stored sample."""
    if source.element != "i":
        return np.dtype(source.element)
    f = source.format
    return np.dtype(f"{'i' if f.signed else 'u'}{max(f.allocated // 8, 1)}")


def read_frames(
    source: PixelData, indices: Sequence[int], targets: Sequence[np.ndarray] | None = None
) -> Iterator[np.ndarray]:
    """Read the frames `indices` of a file, one after the other.

    targets : where to put them, C-contiguous arrays of `stored_type`, (rows, columns[, 3]); without
        them one buffer is used again and again
    yields : the filled target; colour is RGB
    raises : ReadError, DecoderError
    """
    f = source.format
    if targets is None:
        shape = (f.rows, f.columns) + ((3,) if f.samples == 3 else ())
        targets = [np.empty(shape, stored_type(source))] * len(indices)
    if f.allocated == 1 and f.transfer_syntax in NATIVE and not _swapped(source):
        read = _read_bits
    else:
        read = _read_native if _direct(source) else _decode
    try:
        yield from read(source, indices, targets)
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # every decoder raises errors of its own kinds
        lines = str(error).splitlines() or [type(error).__name__]
        # pydicom's first line says only that its decoders failed; the next one is a decoder's own.
        reason = lines[1].strip() if lines[1:] and lines[0].endswith(":") else lines[0]
        raise ReadError(
            f"has pixels ({UID(f.transfer_syntax).name}) that cannot be read: {reason}",
            "Copy it again from the source.",
            path=source.path,
        ) from None


def _direct(source) -> bool:
    f = source.format
    return (
        f.transfer_syntax in NATIVE - {DeflatedExplicitVRLittleEndian}
        and f.allocated > 1
        and (f.samples == 1 or (f.planar == 0 and f.photometric == "RGB"))
        and not _swapped(source)
    )


def _swapped(source) -> bool:
    """Bytes of big-endian files may stand in swapped pairs (PS3.5 section 7.3): left to pydicom."""
    return source.format.allocated <= 8 and source.format.transfer_syntax == ExplicitVRBigEndian


def _read_native(source, indices, targets):
    """Bytes of native frames straight into the targets; byte order and unused bits are put right."""
    with open(source.path, "rb", buffering=0) as file:
        for index, target in zip(indices, targets, strict=True):
            file.seek(source.offset + index * target.nbytes)
            if file.readinto(memoryview(target).cast("B")) != target.nbytes:
                raise EOFError("the file ends within them")
            if source.format.transfer_syntax == ExplicitVRBigEndian:
                target.byteswap(inplace=True)
            if source.element == "i":
                clear_unused_bits(target, source.format)
            yield target


def _read_bits(source, indices, targets):
    """Single bits, the first in the lowest place; frames follow one another without a gap."""
    data = read_bytes(source.path) if source.inflated is None else source.inflated
    packed = np.frombuffer(data, np.uint8, source.length, source.offset)
    for index, target in zip(indices, targets, strict=True):
        first = index * target.size
        part = packed[first // 8 : -(-(first + target.size) // 8)]
        bits = np.unpackbits(part, bitorder="little")[first % 8 :]
        target[...] = bits[: target.size].reshape(target.shape)
        yield target


def clear_unused_bits(stored: np.ndarray, pixels: PixelFormat) -> None:
    """Bits beside HighBit .. HighBit - BitsStored + 1 are not part of the value (PS3.5 section 8.1.1).

    Old files keep overlays there. Done in place; the sign is carried on.
    """
    unused = pixels.allocated - pixels.stored
    above = pixels.allocated - 1 - pixels.high_bit
    if not unused or not 0 <= above <= unused:
        return
    np.left_shift(stored, above, out=stored)
    np.right_shift(stored, unused, out=stored)


def _decode(source, indices, targets):
    """Frames through pydicom's decoders."""
    f = source.format
    data = read_bytes(source.path) if source.inflated is None else source.inflated
    if f.transfer_syntax not in NATIVE:
        _check_count(source, _held_in_fragments(source, data))
    if f.transfer_syntax == JPEGExtended12Bit and f.stored > 8 and f.samples == 1:
        pixels = data[source.offset : source.offset + source.length]
        yield from jpeg.decode(source, pixels, indices, targets)
        return
    decoder = find_decoder(source)
    photometric = f.photometric.replace("PARTIAL_422", "FULL_422")
    # pydicom takes the unused bits to lie above the value, which HighBit may contradict.
    as_written = (
        source.element == "i"
        and f.transfer_syntax in {*NATIVE, RLELossless}
        and (f.samples == 1 or f.photometric == "RGB")
    )
    options = {
        "rows": f.rows,
        "columns": f.columns,
        "samples_per_pixel": f.samples,
        "bits_allocated": f.allocated,
        "bits_stored": f.stored,
        "photometric_interpretation": photometric,
        "pixel_representation": int(f.signed),
        "number_of_frames": source.number_of_frames,
        "planar_configuration": f.planar,
        "pixel_keyword": _KEYWORDS[source.element],
        "pixel_vr": source.vr,
        "decoding_plugin": decoders.plugin(decoder),
        "correct_unused_bits": not as_written,
    }
    pixels, wanted = data[source.offset : source.offset + source.length], set(indices)
    encoded = enumerate(generate_frames(pixels, number_of_frames=source.number_of_frames))
    asked = (frame for index, frame in encoded if index in wanted)
    decoders.look_first(decoder, asked, f.shape, f.allocated, source.path)
    buffer = BytesIO(memoryview(data)[: source.offset + source.length])
    buffer.seek(source.offset)
    partial = photometric != f.photometric
    decoded = decoder.iter_array(buffer, indices=list(indices), raw=partial, **options)
    for (frame, _), target in zip(decoded, targets, strict=True):
        target[...] = partial_to_rgb(frame) if partial else frame
        if as_written:
            clear_unused_bits(target, f)
        yield target


def _held_in_fragments(source, data) -> int:
    """How many frames compressed pixel data hold, as far as their fragments tell; at least one."""
    buffer = BytesIO(memoryview(data)[source.offset : source.offset + source.length])
    offsets = parse_basic_offsets(buffer)
    fragments = generate_fragments(buffer)
    if source.format.transfer_syntax == RLELossless:
        held = sum(1 for _ in fragments)
    else:
        held = sum(fragment.startswith(_FRAME_STARTS) for fragment in fragments)
    return max(held, len(offsets), 1)


def partial_to_rgb(colour: np.ndarray) -> np.ndarray:
    """YBR_PARTIAL, 8 bits a sample, to RGB: the inverse of PS3.3 C.7.6.3.1.2."""
    y, cb, cr = np.moveaxis(colour.astype(float) - (16, 128, 128), -1, 0)
    red, green = 1.1644 * y + 1.5960 * cr, 1.1644 * y - 0.3918 * cb - 0.8130 * cr
    rgb = np.stack([red, green, 1.1644 * y + 2.0172 * cb], axis=-1)
    return rgb.round().clip(0, 255).astype(np.uint8)


def find_decoder(source: PixelData) -> Any:
    """pydicom's decoder of a transfer syntax, or a DecoderError that names what to install."""
    uid = UID(source.format.transfer_syntax)
    try:
        decoder = get_decoder(uid)
    except NotImplementedError:
        raise DecoderError(
            f"is stored as {uid.name} ({uid}), which no decoder known here can open",
            decoders.other_program(uid),
            path=source.path,
        ) from None
    if not decoder.is_available:
        raise DecoderError(
            f"is stored as {uid.name}, and no decoder for it is installed",
            f"Install one: pip install {decoders.package(uid)}",
            path=source.path,
        )
    return decoder
