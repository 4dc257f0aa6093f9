"""Stored numbers of a frame, out of native or compressed pixel data.

Native frames are read straight into the array that will hold them; every other transfer syntax is
handed to pydicom's decoders. Sizes are compared with the file before anything is allocated. No
rescale, no window and no geometry here.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from ..errors import DecoderError, ReadError
from .header import PIXEL_TAGS, PixelFormat, read_bytes, read_until_pixels

# No image compresses this far; a small file that claims so much pixels is corrupt or a trap.
COMPRESSION_LIMIT, COMPRESSION_FREE = 1000, 128 << 20
_DECODERS = {
    "JPEG-LS": "pyjpegls",
    "JPEG 2000": "pylibjpeg-openjpeg",
    "JPEG": "python-gdcm",
    "RLE": "pylibjpeg-rle",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the pixel data of one file are.

    kind : "i" PixelData, "f" FloatPixelData, "d" DoubleFloatPixelData
    offset, length : of the value in the file; `data` holds it instead when the file was deflated
    """

    path: Path
    format: PixelFormat
    frames: int
    kind: str
    vr: str
    offset: int
    length: int
    data: bytes | None = None


def locate(path: Path, pixels: PixelFormat, frames: int) -> Source:
    """Find the pixel data of a file and make sure that it can hold what the header claims.

    Native pixels nearly always end the file: the element is looked for there first, and found by
    reading on through the header otherwise.
    """
    source = _at_the_end(path, pixels, frames) or _by_reading(path, pixels, frames)
    need = -(-pixels.frame_bits * frames // 8)
    if pixels.photometric == "YBR_FULL_422" and not encapsulated(pixels):
        need = need * 2 // 3
    if encapsulated(pixels):
        claimed = pixels.frame_bits // 8
        if claimed > COMPRESSION_FREE and claimed > COMPRESSION_LIMIT * source.length:
            raise ReadError(
                f"claims {pixels.rows} x {pixels.columns} pixels but holds {source.length} bytes",
                "The header or the file is damaged.",
                path=path,
            )
    elif source.length < need:
        raise ReadError(
            f"is cut off: its header claims {need} bytes of pixels, {source.length} are there",
            "Copy it again from the source.",
            path=path,
        )
    return source


def encapsulated(pixels) -> bool:
    uid = UID(pixels.transfer_syntax)
    return uid.is_transfer_syntax and uid.is_encapsulated if not uid.is_private else True


def _at_the_end(path, pixels, frames) -> Source | None:
    """The pixel data element, if exactly the expected header stands at the expected place."""
    uid = pixels.transfer_syntax
    if encapsulated(pixels) or uid.endswith(".1.99") or pixels.photometric == "YBR_FULL_422":
        return None
    need = -(-pixels.frame_bits * frames // 8)
    length = need + need % 2
    try:
        with open(path, "rb", buffering=0) as file:
            file.seek(-(length + 12), 2)
            header = file.read(12)
            end = file.tell()
    except OSError:
        return None
    for kind, tag in (
        ("i", b"\xe0\x7f\x10\x00"),
        ("f", b"\xe0\x7f\x08\x00"),
        ("d", b"\xe0\x7f\x09\x00"),
    ):
        for vr in (b"OW", b"OB") if kind == "i" else (b"OF",) if kind == "f" else (b"OD",):
            if uid.endswith("1.2.1") and header == tag + vr + b"\0\0" + struct.pack("<L", length):
                return Source(path, pixels, frames, kind, vr.decode(), end, length)
    if uid.endswith("1.2") and header[4:] == b"\xe0\x7f\x10\x00" + struct.pack("<L", length):
        return Source(path, pixels, frames, "i", "OW", end, length)
    return None


def _by_reading(path, pixels, frames) -> Source:
    found = read_until_pixels(path)
    if found is None:
        raise ReadError(
            "describes a picture but holds no pixel data",
            "Copy it again from the source.",
            path=path,
        )
    (tag, vr, length), offset, data, size = found
    held = size - offset
    undefined = length == 0xFFFFFFFF
    if not undefined and length > held:
        length = held
    return Source(
        path,
        pixels,
        frames,
        PIXEL_TAGS[tag],
        vr or "OW",
        offset,
        held if undefined else length,
        data,
    )


def fill(out: np.ndarray, source: Source, indices) -> None:
    """Read the frames `indices` of a file into out[0], out[1], ...: [row, column] or with samples.

    out : (len(indices), rows, columns[, samples]), C-contiguous, of the stored type
    """
    if _direct(source):
        _read_into(out, source, indices)
    else:
        for row, frame in zip(out, decode(source, indices), strict=True):
            row[...] = frame


def _direct(source) -> bool:
    f = source.format
    return (
        source.data is None
        and not encapsulated(f)
        and f.allocated in (8, 16, 32, 64)
        and f.photometric != "YBR_FULL_422"
        and (f.samples == 1 or f.planar == 0)
        and not (f.allocated == 8 and f.transfer_syntax.endswith("1.2.2"))
    )


def _read_into(out, source, indices):
    """Bytes of native frames straight into `out`; then byte order and unused bits are put right."""
    size = out[0].nbytes
    try:
        with open(source.path, "rb", buffering=0) as file:
            for row, index in zip(out, indices, strict=True):
                file.seek(source.offset + index * size)
                if file.readinto(memoryview(row).cast("B")) != size:
                    raise EOFError("the file ends within its pixels")
    except (OSError, EOFError) as error:
        raise ReadError(f"cannot be read ({error})", "Copy it again.", path=source.path) from None
    if source.format.transfer_syntax.endswith("1.2.2"):
        out.byteswap(inplace=True)
    if source.kind == "i":
        clear_unused_bits(out, source.format)


def clear_unused_bits(stored, pixels: PixelFormat) -> None:
    """Bits outside HighBit .. HighBit - BitsStored + 1 are no part of the value (PS3.5 8.1.1).

    Old files keep overlays there. Done in place; the sign bit is carried on.
    """
    above = pixels.allocated - 1 - pixels.high_bit
    unused = pixels.allocated - pixels.stored
    if unused <= 0 or above < 0 or above > unused:
        return
    if above:
        np.left_shift(stored, above, out=stored)
    np.right_shift(stored, unused, out=stored)


def decode(source: Source, indices):
    """Frames through pydicom's decoders, one after the other: colour comes as RGB, planes last.

    raises : DecoderError when the decoder is unknown or missing, ReadError when it fails
    """
    decoder = find_decoder(source)
    data = source.data if source.data is not None else read_bytes(source.path)
    data = memoryview(data)[source.offset : source.offset + source.length]
    f = source.format
    keyword = {"i": "PixelData", "f": "FloatPixelData", "d": "DoubleFloatPixelData"}[source.kind]
    options = {
        "rows": f.rows,
        "columns": f.columns,
        "samples_per_pixel": f.samples,
        "bits_allocated": f.allocated,
        "bits_stored": f.stored,
        "photometric_interpretation": f.photometric,
        "pixel_representation": int(f.signed),
        "number_of_frames": source.frames,
        "planar_configuration": f.planar,
        "pixel_keyword": keyword,
        "pixel_vr": source.vr,
    }
    try:
        for frame, _ in decoder.iter_array(data, indices=list(indices), **options):
            yield frame
    except MemoryError:
        raise ReadError(
            "needs more memory than there is", "Read fewer frames.", path=source.path
        ) from None
    except Exception as error:  # every decoder raises errors of its own kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(
            f"has {UID(f.transfer_syntax).name} pixels that cannot be decoded ({reason})",
            "Copy it again from the source.",
            path=source.path,
        ) from None


def find_decoder(source):
    """pydicom's decoder of a transfer syntax, or a DecoderError that names what to install."""
    uid = UID(source.format.transfer_syntax)
    try:
        decoder = get_decoder(uid)
    except NotImplementedError:
        raise DecoderError(
            f"is stored as {uid.name} ({uid}), which no decoder here can open",
            "Convert it, for example with dcmtk's dcmdjpeg or gdcmconv --raw.",
            path=source.path,
        ) from None
    if not decoder.is_available:
        package = next((p for word, p in _DECODERS.items() if word in uid.name), "python-gdcm")
        raise DecoderError(
            f"is stored as {uid.name}, and no decoder for it is installed",
            f"Install one: pip install {package}",
            path=source.path,
        )
    return decoder
