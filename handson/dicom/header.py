"""One file's header: which elements are read, how far, and how their bytes become Python values.

Stands on pydicom's reader, which is stopped after the last group that is needed, so a scan of a
folder never touches pixels or the long private groups behind the image description. Nothing
here knows what a series is, and nothing here decodes a pixel.
"""

import math
import os
import stat
import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.multival import MultiValue
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from ..errors import ReadError

HEAD_BYTES = 1 << 16
# A deflated file may grow this much, or to this size: beyond it is a bomb, not an image.
INFLATE_RATIO, INFLATE_BYTES = 100, 256 << 20

# The elements of groups 0008-0028 by which slices are told apart, placed and scaled.
DESCRIPTION = [
    Tag(keyword)
    for keyword in ["SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "AcquisitionDate", "ContentDate", "AcquisitionDateTime", "AcquisitionTime", "ContentTime", "Modality", "Manufacturer", "SeriesDescription", "ScanningSequence", "SliceThickness", "RepetitionTime", "EchoTime", "EchoNumbers", "InversionTime", "SpacingBetweenSlices", "ProtocolName", "FlipAngle", "TriggerTime", "FrameTime", "FrameTimeVector", "ImagerPixelSpacing", "DiffusionBValue", "DiffusionGradientOrientation", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "AcquisitionNumber", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "TemporalPositionIdentifier", "TemporalResolution", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "WindowCenter", "WindowWidth", "VOILUTFunction", "RescaleIntercept", "RescaleSlope", "RescaleType", "ModalityLUTSequence", "RedPaletteColorLookupTableDescriptor"]
]
SIEMENS_DESCRIPTION = [0x00190010, 0x0019100A, 0x0019100C, 0x0019100E]
# What only objects of many frames and mosaics need, from groups further on.
FRAMES = [
    Tag(keyword)
    for keyword in ["DimensionIndexSequence", "DetectorInformationSequence", "GridFrameOffsetVector", "DoseUnits", "DoseGridScaling", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"]
]
SIEMENS_CSA = [0x00290010, 0x00290011, 0x00290012, 0x00291010, 0x00291110, 0x00291210]
PIXEL_TAGS = {0x7FE00008: "f", 0x7FE00009: "d", 0x7FE00010: "i"}
_STRUCT = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "AT": "HH"}


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of one frame are stored: PS3.3 C.7.6.3.1. Shared by all slices of a series."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: int
    transfer_syntax: str

    @property
    def frame_bits(self) -> int:
        return self.rows * self.columns * self.samples * self.allocated


class Cut(Exception):
    """The bytes at hand ended before the place where reading was to stop."""


class _Stop:
    """pydicom's `stop_when`: true from `last` on, and remembers what stood there."""

    def __init__(self, last):
        self.last, self.found = last, None

    def __call__(self, tag, vr, length):
        if tag <= self.last:
            return False
        self.found = (int(tag), vr, length)
        return True


def check_regular(path: Path) -> os.stat_result:
    """Refuse what is not an ordinary file before it is opened: opening a pipe waits for ever."""
    try:
        status = path.stat()
    except OSError as error:
        raise ReadError(
            f"cannot be reached ({error.strerror or error})",
            "Check the name and the rights.",
            path=path,
        ) from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
        raise ReadError(f"is {kind}, not a file", "Pass an ordinary file.", path=path)
    return status


def read_bytes(path: Path, count=-1) -> bytes:
    """The first `count` bytes of a file, all by default."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(count) if count >= 0 else file.readall()
    except OSError as error:
        raise ReadError(
            f"cannot be read ({error.strerror or error})",
            "Check the rights and the disk.",
            path=path,
        ) from None


def read_header(path) -> Dataset:
    """The describing part of one DICOM file: `DESCRIPTION`, and what many-frame objects need more.

    path : file; preamble and file meta may be missing, the name does not matter
    returns : `pydicom.FileDataset` with those elements only, `transfer_syntax(dataset)` tells the rest
    raises : ReadError when it is no DICOM file, is cut off, or cannot be reached
    """
    path = Path(path)
    size = check_regular(path).st_size
    head = min(size, HEAD_BYTES)
    while True:
        data = read_bytes(path, head)
        try:
            return _parse(data, path, whole=len(data) < head or head >= size)
        except Cut:
            head = min(size, head * 8)


def _parse(data: bytes, path: Path, whole: bool) -> Dataset:
    """Parse a head of a file; `Cut` when it is only a head and was not long enough."""
    check_is_dicom(data, path)
    stop = _Stop(0x0028FFFF)
    try:
        buffer, dataset = _open_dataset(data, stop, path, whole)
        if stop.found and _of_many_frames(dataset):
            stop = _Stop(0x5200FFFF)
            tags = FRAMES + SIEMENS_CSA
            dataset.update(_continue(buffer, dataset, stop, tags))
    except (Cut, ReadError):
        raise
    except Exception as error:  # pydicom lets struct, value and type errors of broken bytes through
        if not whole:
            raise Cut from None
        raise ReadError(
            f"is broken DICOM ({error})", "Copy it again from the source.", path=path
        ) from None
    if stop.found is None and not whole:
        raise Cut
    return dataset


def check_is_dicom(data: bytes, path: Path):
    """Refuse what does not begin as DICOM: PS3.10 section 7.1, or a bare data set."""
    if not data:
        raise ReadError("is empty", "Copy it again from the source.", path=path)
    if data[128:132] == b"DICM":
        return
    first = struct.unpack_from("<H", data)[0] if len(data) >= 8 else 0
    if first not in (0x0002, 0x0008, 0x0800):
        raise ReadError(
            "is not a DICOM file",
            "It has neither the DICM mark nor a first DICOM element.",
            path=path,
        )


def _open_dataset(data, stop, path, whole, tags=DESCRIPTION + SIEMENS_DESCRIPTION):
    """Parse up to `stop`; returns the buffer, positioned there, and the data set."""
    deflated = DeflatedExplicitVRLittleEndian.encode() in data[:1024]
    if not deflated:
        buffer = BytesIO(data)
        return buffer, read_partial(buffer, stop, force=True, specific_tags=tags)
    if not whole:
        raise Cut
    meta = read_partial(BytesIO(data[: 132 + 4096]), lambda tag, *_: True, force=True).file_meta
    buffer = BytesIO(_inflate(data, meta, path))
    dataset = read_dataset(buffer, False, True, stop_when=stop, specific_tags=tags)
    dataset.file_meta = meta
    dataset.set_original_encoding(False, True)
    return buffer, dataset


def _inflate(data: bytes, meta, path: Path) -> bytes:
    """The data set of a deflated file (PS3.5 A.5), refused when it grows out of all proportion."""
    start = 144 + int(meta.FileMetaInformationGroupLength)
    limit = max(INFLATE_BYTES, INFLATE_RATIO * len(data))
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:], limit + 1)
    if len(inflated) > limit:
        raise ReadError(
            f"inflates to more than {limit >> 20} MiB",
            "Such a file is a trap or is corrupt.",
            path=path,
        )
    return inflated


def read_until_pixels(path: Path):
    """Go through a header up to its pixel data, skipping every value.

    returns : ((tag, VR, length), offset of the value, data, size): `data` holds the inflated data
        set that the offset counts in when the file is deflated, else None; None without pixel data
    """
    head, size = HEAD_BYTES, check_regular(path).st_size
    while True:
        data = read_bytes(path, head)
        stop = _Stop(0x7FE00007)
        try:
            buffer, dataset = _open_dataset(data, stop, path, head >= size, [0x00020010])
            if stop.found or head >= size:
                break
        except Cut:
            pass
        except Exception as error:
            if head >= size:
                raise ReadError(f"is broken DICOM ({error})", "Copy it again.", path=path) from None
        head *= 8
    if stop.found is None or stop.found[0] not in PIXEL_TAGS:
        return None
    implicit = dataset.original_encoding[0]
    offset = buffer.tell() + (12 if not implicit and stop.found[1] in EXPLICIT_VR_LENGTH_32 else 8)
    deflated = transfer_syntax(dataset) == DeflatedExplicitVRLittleEndian
    inflated = buffer.getvalue() if deflated else None
    return stop.found, offset, inflated, len(inflated) if deflated else size


def _of_many_frames(dataset) -> bool:
    return (
        number(dataset, "NumberOfFrames") is not None
        or "MOSAIC" in texts(dataset, "ImageType")
        or text(dataset, "Modality") == "RTDOSE"
    )


def _continue(buffer, dataset, stop, tags=None) -> Dataset:
    """Go on reading where the last `stop` stood."""
    implicit, little = dataset.original_encoding
    return read_dataset(buffer, implicit, little, stop_when=stop, specific_tags=tags)


def transfer_syntax(dataset) -> str:
    """The UID of the meta group; without one, the native syntax that the reader recognised."""
    stated = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    if stated:
        return stated
    implicit, little = dataset.original_encoding
    return str(
        ImplicitVRLittleEndian
        if implicit
        else ExplicitVRLittleEndian
        if little
        else ExplicitVRBigEndian
    )


def pixel_format(dataset) -> PixelFormat | None:
    """How the pixels are stored, or None when the object describes no picture."""
    rows, columns, allocated = (
        int(number(dataset, k) or 0) for k in ("Rows", "Columns", "BitsAllocated")
    )
    if not (rows and columns and allocated):
        return None
    stored = int(number(dataset, "BitsStored") or allocated)
    high = number(dataset, "HighBit")
    return PixelFormat(
        rows,
        columns,
        int(number(dataset, "SamplesPerPixel") or 1),
        allocated,
        stored,
        int(high) if high is not None else stored - 1,
        bool(number(dataset, "PixelRepresentation")),
        text(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        int(number(dataset, "PlanarConfiguration") or 0),
        transfer_syntax(dataset),
    )


@contextmanager
def quiet():
    """pydicom warns about much that is repaired while reading; what matters becomes a note or error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def value(dataset, key):
    """An element's value as a string, or a tuple of strings or numbers; None when it is absent.

    Elements that pydicom has not converted yet are read from their bytes: a tenth of the time, and
    lenient where it does not matter. PS3.5 section 6.2 has the encodings.
    """
    tag = key if isinstance(key, int) else tag_for_keyword(key)
    element = dataset.get_item(tag)
    if element is None:
        return None
    if not isinstance(element, RawDataElement):
        return element.value
    vr = element.VR
    if vr in (None, "UN"):
        vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
    data = element.value or b""
    if vr == "US or SS":
        vr = "SS" if number(dataset, "PixelRepresentation") else "US"
    if code := _STRUCT.get(vr):
        size = struct.calcsize(code)
        order = "<" if element.is_little_endian else ">"
        return struct.unpack(f"{order}{len(data) // size}{code}", data[: len(data) // size * size])
    if vr == "SQ" or vr == "UN" or not data.isascii():
        return dataset[tag].value
    return tuple(part.strip(" \0") for part in data.decode("ascii").split("\\"))


def texts(dataset, key) -> tuple[str, ...]:
    """The values of a text element, empty when it is absent."""
    found = value(dataset, key)
    if found is None or found == "":
        return ()
    return (
        tuple(str(v) for v in found)
        if isinstance(found, tuple | list | MultiValue)
        else (str(found),)
    )


def text(dataset, key) -> str:
    """The first value of a text element, "" when it is absent or empty."""
    return next(iter(texts(dataset, key)), "")


def numbers(dataset, key) -> tuple[float, ...]:
    """The values of a number element, () when it is absent or empty.

    raises : ReadError when a value is no finite number
    """
    found = value(dataset, key)
    if found is None or found in ("", b""):
        return ()
    if not isinstance(found, tuple | list | MultiValue):
        found = (found,)
    try:
        values = tuple(float(v) for v in found if v != "")
    except (TypeError, ValueError):
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise ReadError(f"has {key} = {found!r}, which is no number", "The header is damaged.")
    return values


def number(dataset, key) -> float | None:
    """The first value of a number element; None when it is absent, empty or no number."""
    try:
        return next(iter(numbers(dataset, key)), None)
    except ReadError:
        return None
