"""One DICOM file out: meta made anew, the header, then the pixels, streamed from the file that was read.

Pixels are copied piece by piece and never held whole. What hides between them, comments of encoders and
bits of overlays, is taken out on the way. This module decides nothing about identities.
"""

import struct
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import UID, RLELossless

from ..errors import ReadError
from .codestream import scrub, scrub_rle, starts_frame
from .dicomfile import COPY_AGAIN, OpenDicom, Pixels, fragments, native_length
from .identity import is_class_like

IMPLEMENTATION_UID = "2.25.264711284671459417311783924531137082365"
IMPLEMENTATION_NAME = "HANDSON_01"
_CHUNK = 1 << 20
_ENCAPSULATED_NATIVE = "1.2.840.10008.1.2.1.98"


def file_meta(transfer_syntax: str, dataset: Dataset, new_uid: str) -> FileMetaDataset:
    """File Meta Information made anew: nothing of the old one but the transfer syntax."""
    meta = FileMetaDataset()
    sop_class = dataset.get("SOPClassUID", "")
    if sop_class and is_class_like(sop_class):
        meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = UID(str(dataset.get("SOPInstanceUID") or new_uid))
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    meta.FileMetaInformationGroupLength = 0  # set when it is written
    meta.FileMetaInformationVersion = b"\0\1"
    return meta


def write_dicom(
    source: OpenDicom,
    dataset: Dataset,
    meta: FileMetaDataset,
    out: BinaryIO,
    pixels: bytes | None = None,
) -> None:
    """Write preamble, meta, header, then the pixel data: copied, or `pixels` (bytes) in their place.

    The caller gives a new file and removes it when this raises.
    """
    out.write(b"\0" * 128 + b"DICM")
    stream: Any = out
    write_file_meta_info(stream, meta, enforce_standard=False)
    syntax = UID(meta.TransferSyntaxUID)
    target = DicomFileLike(out)
    target.is_implicit_VR = syntax.is_implicit_VR
    target.is_little_endian = syntax.is_little_endian
    write_dataset(target, dataset)
    if source.pixels is None:
        return
    if pixels is not None:
        _pixel_head(out, syntax, source.pixels, len(pixels))
        out.write(_without_overlays(pixels, source))
    elif source.pixels.length is None:
        _copy_fragments(source, out)
    else:
        _pixel_head(out, syntax, source.pixels, source.pixels.length)
        source.file.seek(source.pixels.offset)
        left = source.pixels.length
        while left:
            chunk = source.file.read(min(left, _CHUNK))
            if not chunk:
                raise ReadError("became shorter while it was read", COPY_AGAIN)
            out.write(_without_overlays(chunk, source))
            left -= len(chunk)


def _pixel_head(out: BinaryIO, syntax: UID, pixels: Pixels, length: int) -> None:
    endian = "<" if syntax.is_little_endian else ">"
    out.write(struct.pack(endian + "HH", pixels.tag >> 16, pixels.tag & 0xFFFF))
    if not syntax.is_implicit_VR:
        out.write(pixels.vr.encode() + b"\0\0")
    out.write(struct.pack(endian + "L", length))


def _copy_fragments(source: OpenDicom, out: BinaryIO) -> None:
    """Compressed pixel data, a frame at a time, without the comments that encoders can leave in them."""
    if source.overlay_bits:
        raise ReadError("has overlays inside its compressed pixels", "Decompress it first.")
    out.write(struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF))
    for number, (data, *more) in enumerate(_frames(source)):
        if number == 0:
            parts = [data if _is_offset_table(data) else b""]
        elif source.transfer_syntax == RLELossless:
            parts = [_scrubbed_rle(part, source.dataset) for part in (data, *more)]
        elif source.transfer_syntax == _ENCAPSULATED_NATIVE:
            parts = [_of_one_frame(part, source.dataset) for part in (data, *more)]
        elif not starts_frame(data):
            raise ReadError(
                "has compressed pixels of a kind that is not looked through", COPY_AGAIN
            )
        else:
            parts = _cut(scrub(b"".join((data, *more))), [len(data), *map(len, more)])
        for part in parts:
            out.write(struct.pack("<HHL", 0xFFFE, 0xE000, len(part)) + part)
    out.write(struct.pack("<HHL", 0xFFFE, 0xE0DD, 0))


def _frames(source: OpenDicom):
    """The fragments that belong together: the offset table, then those of each frame."""
    group: list[bytes] = []
    for number, (offset, length) in enumerate(fragments(source)):
        source.file.seek(offset)
        data = source.file.read(length)
        alone = number < 2 or starts_frame(data) or source.transfer_syntax == RLELossless
        if group and alone:
            yield group
            group = []
        group.append(data)
    if group:
        yield group


def _cut(data: bytes, lengths: list[int]) -> list[bytes]:
    ends = np.cumsum(lengths)
    return [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _scrubbed_rle(data: bytes, dataset: Dataset) -> bytes:
    try:
        bytes_of_pixel = int(dataset.SamplesPerPixel) * -(-int(dataset.BitsAllocated) // 8)
        return scrub_rle(data, int(dataset.Rows) * int(dataset.Columns), bytes_of_pixel)
    except (AttributeError, TypeError, ValueError, IndexError):
        raise ReadError("is damaged in its RLE pixel data", COPY_AGAIN) from None


def _of_one_frame(data: bytes, dataset: Dataset) -> bytes:
    """A native frame in a fragment of its own (PS3.5 A.4.11), which has no room for more."""
    promised = native_length(dataset)
    if promised is None or len(data) > promised[0] + promised[0] % 2:
        raise ReadError("has a frame that is longer than its header says", COPY_AGAIN)
    return data


def _is_offset_table(data: bytes) -> bool:
    """A Basic Offset Table holds ascending 32-bit offsets from 0 (PS3.5 A.4); anything else is not kept."""
    if len(data) % 4:
        return False
    offsets = struct.unpack(f"<{len(data) // 4}L", data)
    return not offsets or (offsets[0] == 0 and all(a < b for a, b in pairwise(offsets)))


def _without_overlays(data: bytes, source: OpenDicom) -> bytes:
    """Native pixel data with the bits of embedded overlays set to 0."""
    if not source.overlay_bits:
        return data
    size = max(int(source.dataset.BitsAllocated) // 8, 1)
    words = np.frombuffer(data, np.dtype(f"{'<' if source.little_endian else '>'}u{size}"))
    return (words & ~np.array(source.overlay_bits, words.dtype)).astype(words.dtype).tobytes()
