"""One DICOM file in: its header read, its pixel data only found.

Reading stops at the pixel data, which `writing` copies from file to file without ever holding it whole, so
that a file of two gigabytes costs no more memory than its header. This module decides nothing about
identities.
"""

import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ..deflated import bomb, most_inflated
from ..errors import ReadError, counted

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
DEFER = 1 << 20
_CHUNK = 1 << 20
_VIDEO = "1.2.840.10008.1.2.4.10"  # MPEG-2, MPEG-4 and HEVC follow it with 0 to 8
_LONG_VRS = (b"OB", b"OW", b"OF", b"OD", b"UN", b"OL", b"OV")
_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD
COPY_AGAIN = "Copy it again from its source."


@dataclass
class Pixels:
    """Where a file's pixel data lie.

    offset : of the first byte of the value
    length : in bytes, None when encapsulated (compressed)
    """

    tag: int
    vr: str
    offset: int
    length: int | None


@dataclass
class OpenDicom:
    """A file that was opened: its header, and where its pixels are.

    overlay_bits : the bits of each native pixel that hold overlays and not the image
    """

    dataset: Dataset
    transfer_syntax: UID
    file: BinaryIO
    pixels: Pixels | None
    is_directory: bool
    overlay_bits: int = 0

    @property
    def little_endian(self) -> bool:
        return self.dataset.original_encoding[1] is not False


def looks_like_dicom(start: bytes) -> bool:
    """True if a file's first 140 bytes are those of a DICOM file, with or without its preamble."""
    if start[128:132] == b"DICM":
        return True
    if len(start) < 8:
        return False
    for endian in "<>":
        group, element = struct.unpack(endian + "HH", start[:4])
        if group in (0x0002, 0x0008) and element <= 0x0100:
            explicit = start[4:6].isalpha() and start[4:6].isupper()
            length = struct.unpack(endian + "L", start[4:8])[0]
            if explicit or length <= 256:
                return True
    return False


def looks_like_directory(path: Path) -> bool:
    """True if a file's first bytes name the storage class of a DICOMDIR."""
    if not path.is_file() or path.is_symlink():
        return False
    try:
        with open(path, "rb") as file:
            return MEDIA_STORAGE_DIRECTORY.encode() + b"\2\0" in file.read(
                1024
            )  # the next meta element
    except OSError:
        return False


def open_dicom(file: BinaryIO) -> OpenDicom:
    """Read the header of an open file.

    raises : ReadError when it is truncated or not readable as DICOM
    """
    file = _inflated(file)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    end = 0  # of the last element's value

    def at_pixels(tag, vr, length):
        nonlocal end
        end = file.tell() + (length if length != 0xFFFFFFFF else 0)
        return tag in PIXELS or tag > 0x7FE00010  # what comes behind the pixels is not read

    try:
        head = read_partial(file, stop_when=lambda tag, vr, length: True, force=True)
        syntax = head.file_meta.get("TransferSyntaxUID")
        dataset = read_dataset(
            file,
            bool(head.is_implicit_VR),
            bool(head.is_little_endian),
            stop_when=at_pixels,
            defer_size=DEFER,
        )
    except (
        Exception
    ):  # pydicom raises whatever the broken bytes made it raise, with values in its message
        raise ReadError("cannot be read as DICOM", COPY_AGAIN) from None
    if syntax is None:
        syntax = _guess(dataset)
    dataset = _complete(dataset, file, size, end)
    little = dataset.original_encoding[1] is not False
    start = file.tell()
    pixels = _find_pixels(file, size, little)
    if pixels is None and "Rows" in dataset and _pixels_follow(file, start, little):
        raise ReadError(
            "has elements out of order: what belongs behind its pixels stands before them",
            "Write it again with its elements in ascending order.",
        )
    if pixels and pixels.length is not None:
        pixels.length = _without_tail(pixels.length, native_length(dataset))
    if pixels and str(syntax).startswith(_VIDEO):
        raise ReadError(
            "is a video, whose stream can hold words that are not looked for",
            "Write it again as single frames.",
        )
    return OpenDicom(
        dataset=dataset,
        transfer_syntax=UID(syntax),
        file=file,
        pixels=pixels,
        is_directory="DirectoryRecordSequence" in dataset
        or head.file_meta.get("MediaStorageSOPClassUID") == MEDIA_STORAGE_DIRECTORY,
        overlay_bits=overlay_bits(dataset),
    )


def _inflated(file: BinaryIO) -> BinaryIO:
    """The file itself, or a deflated one (PS3.5 A.5) inflated, as Explicit VR Little Endian; a large one on
    the disk."""
    file.seek(0)
    head = file.read(1024)
    deflated = DeflatedExplicitVRLittleEndian.encode()
    if head[128:132] != b"DICM" or deflated not in head:
        return file
    start = 144 + int.from_bytes(
        head[140:144], "little"
    )  # behind File Meta Information Group Length
    file.seek(0)
    meta = file.read(start).replace(
        deflated, ExplicitVRLittleEndian.ljust(len(deflated), "\0").encode()
    )
    size = os.fstat(file.fileno()).st_size if hasattr(file, "fileno") else file.seek(0, os.SEEK_END)
    file.seek(start)
    whole = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=1 << 26))  # noqa: SIM115 (the OpenDicom keeps it)
    whole.write(meta)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while not unpacker.eof and (packed := unpacker.unconsumed_tail or file.read(_CHUNK)):
            whole.write(unpacker.decompress(packed, _CHUNK))
            if whole.tell() > most_inflated(size):
                raise bomb(most_inflated(size))
    except zlib.error:
        pass
    if not unpacker.eof:
        raise ReadError("is truncated or damaged: it cannot be inflated", COPY_AGAIN)
    return whole


def _guess(dataset: Dataset) -> str:
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else "1.2.840.10008.1.2.2"


def _complete(dataset: Dataset, file: BinaryIO, size: int, end: int) -> Dataset:
    """Make sure that every value is whole; read the large ones that are still in the file.

    size : of the file. end : where the last element that was read ends.
    """
    if len(dataset) == 0:
        raise ReadError("holds no data element", COPY_AGAIN)
    position = file.tell()
    if position >= size:
        file.seek(max(position - 1024, 0))
        if not _is_closed(dataset, file.read()):
            raise ReadError("is truncated: it ends in the middle of a sequence", COPY_AGAIN)
        file.seek(max(end, size - 8))  # pydicom drops what is too short for an element
        if any(file.read()) and size - end < 8:
            raise ReadError("is truncated: it ends in the middle of an element", COPY_AGAIN)
    for tag in list(dataset.keys()):
        item: Any = dataset.get_item(
            tag, keep_deferred=True
        )  # to read it, pydicom wants a file's name
        if not item.is_raw or item.length == 0xFFFFFFFF:
            continue
        if item.value_tell + item.length > size:
            raise ReadError("is truncated: it ends in the middle of its header", COPY_AGAIN)
        if item.value is None and item.length > DEFER:
            file.seek(item.value_tell)
            dataset[tag] = item._replace(value=file.read(item.length))
    file.seek(position)
    return dataset


def _is_closed(dataset: Dataset, tail: bytes) -> bool:
    """True if what ends a data set also ends every sequence of undefined length that it ends with.

    tail : the last bytes of the data set. pydicom does not tell when such a sequence stops too early.
    """
    last = dataset.get_item(max(dataset.keys()), keep_deferred=True) if len(dataset) else None
    if last is None or last.is_raw or not last.is_undefined_length:
        return True
    if tail[-8:] not in (b"\xfe\xff\xdd\xe0\0\0\0\0", b"\xff\xfe\xe0\xdd\0\0\0\0"):
        return False
    tail, item = tail[:-8], last.value[-1] if last.value else Dataset()
    if item.is_undefined_length_sequence_item:
        if tail[-8:] not in (b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xff\xfe\xe0\x0d\0\0\0\0"):
            return False
        tail = tail[:-8]
    return _is_closed(item, tail)


def _find_pixels(file: BinaryIO, size: int, little: bool) -> Pixels | None:
    """The pixel data element at the file's position.

    raises : ReadError if it is not whole
    """
    endian = "<" if little else ">"
    start = file.tell()
    head = file.read(12)
    if len(head) < 8:
        if head:
            raise ReadError("is truncated: it ends in the middle of an element", COPY_AGAIN)
        return None
    group, element = struct.unpack(endian + "HH", head[:4])
    tag = group << 16 | element
    if tag not in PIXELS:
        return None
    if head[4:6] in _LONG_VRS:
        vr, length, offset = (
            head[4:6].decode(),
            struct.unpack(endian + "L", head[8:12])[0],
            start + 12,
        )
    else:
        vr, length, offset = "OW", struct.unpack(endian + "L", head[4:8])[0], start + 8
    if length == 0xFFFFFFFF:
        return Pixels(tag, "OB", offset, None)
    if offset + length > size:
        missing = offset + length - size
        raise ReadError(
            f"is truncated: {counted(missing, 'byte')} of pixel data missing", COPY_AGAIN
        )
    return Pixels(tag, vr, offset, length)


def _pixels_follow(file: BinaryIO, start: int, little: bool) -> bool:
    """True if a pixel data element stands anywhere behind a place of the file."""
    mark = b"\xe0\x7f\x10\0" if little else b"\x7f\xe0\0\x10"
    file.seek(start)
    tail = b""
    while chunk := file.read(1 << 20):
        if mark in tail + chunk:
            return True
        tail = chunk[-4:]
    return False


def native_length(dataset: Dataset) -> tuple[int, int] | None:
    """(bytes of one frame, bytes of all) that the header promises for native pixels, without the padding
    byte; 0 of all when it gives no readable number of frames, None when it does not give their size (PS3.5
    8.1.1, PS3.3 C.7.6.3.1)."""
    try:
        samples = int(dataset.get("SamplesPerPixel") or 1)
        if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
            samples = 2
        bits = int(dataset.Rows) * int(dataset.Columns) * samples * int(dataset.BitsAllocated)
    except (AttributeError, TypeError, ValueError):
        return None
    try:
        frames = int(dataset.get("NumberOfFrames") or 1)
    except (TypeError, ValueError):
        frames = 0
    return (bits + 7) // 8, (bits * frames + 7) // 8


def overlay_bits(dataset: Dataset) -> int:
    """The bits of a pixel that embedded overlays lie in (retired: PS3.5 8.1.2), as a number; 0 without one.

    Overlays are graphics, often with text; the groups 60xx that describe them are removed.
    """
    try:
        stored = ((1 << dataset.BitsStored) - 1) << (dataset.HighBit + 1 - dataset.BitsStored)
        groups = {tag.group for tag in dataset.keys() if tag >> 24 == 0x60}  # noqa: SIM118
        embedded = [g for g in groups if (g << 16 | 0x3000) not in dataset]
        places = [
            int(dataset[g << 16 | 0x0102].value) for g in embedded if (g << 16 | 0x0102) in dataset
        ]
        return (
            sum(1 << place for place in set(places) if 0 <= place < dataset.BitsAllocated) & ~stored
        )
    except (AttributeError, TypeError, ValueError):
        return 0


def _without_tail(length: int, promised: tuple[int, int] | None) -> int:
    """The length of native pixel data without bytes behind the last pixel, which could be anything."""
    if length <= 2:
        return length  # one pixel
    if not promised or not promised[0]:
        raise ReadError(
            "has pixel data whose size its header does not tell: they could be anything",
            "Look at it, and leave it out.",
        )
    frame, whole = promised
    whole = whole or length // frame * frame
    whole += whole % 2
    if length >= whole + frame > whole:
        raise ReadError("has more pixel data than its header says", "Correct Number of Frames.")
    return min(length, whole)


def fragments(source: OpenDicom) -> Iterator[tuple[int, int]]:
    """(offset, length) of each item of encapsulated pixel data.

    raises : ReadError if the end is missing
    """
    assert source.pixels is not None
    file = source.file
    size = file.seek(0, os.SEEK_END)
    position = source.pixels.offset
    while True:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            raise ReadError("is truncated: its compressed pixel data do not end", COPY_AGAIN)
        group, element, length = struct.unpack("<HHL", head)
        tag = group << 16 | element
        if tag == _END:
            return
        if tag != _ITEM or position + 8 + length > size:
            raise ReadError("is truncated or damaged in its compressed pixel data", COPY_AGAIN)
        yield position + 8, length
        position += 8 + length


def goes_on_behind_pixels(source: OpenDicom) -> bool:
    """True if more than a padding byte stands behind the last pixel: it is neither read nor written."""
    if source.pixels is None:
        return False
    if source.pixels.length is None:
        items = list(fragments(source))
        end = sum(items[-1]) + 8 if items else source.pixels.offset + 8  # the end mark
    else:
        end = source.pixels.offset + source.pixels.length
    return source.file.seek(0, os.SEEK_END) > end + 1


def read_file(path: Path) -> BinaryIO:
    """Open a file for reading.

    raises : ReadError when the system does not allow it
    """
    try:
        return open(path, "rb")
    except OSError as error:
        raise ReadError(f"cannot be opened ({error.strerror})", "Check its rights.") from None
