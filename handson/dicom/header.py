"""One file's header: which elements are read, and how far.

Stands on pydicom's reader, which is stopped after the last group that is needed, so a scan of a
folder never touches pixels or the long private groups behind the image description. Nothing
here knows what a series is, and nothing here decodes a pixel.
"""

import stat
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator, dcmread, read_dataset, read_partial
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from ..deflated import bomb, most_inflated
from ..errors import ReadError
from ..formats import recognise
from .elements import private_tags, text, texts
from .faults import BROKEN_BYTES, IsDicomdir, NotAnImage, broken, parsing
from .walking import walk

HEAD_BYTES = 1 << 16

# The elements of groups 0008-0028 by which slices are told apart, placed and scaled.
DESCRIPTION = """
    SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID AcquisitionDate ContentDate
    AcquisitionDateTime AcquisitionTime ContentTime Modality SeriesDescription
    PatientID
    ScanningSequence SequenceName SliceThickness KVP RepetitionTime EchoTime InversionTime EchoNumbers
    SpacingBetweenSlices ProtocolName TriggerTime FrameTime ConvolutionKernel ActualFrameDuration
    FlipAngle DiffusionDirectionality DiffusionBValue DiffusionGradientOrientation
    StudyInstanceUID SeriesInstanceUID SeriesNumber AcquisitionNumber InstanceNumber
    ImagePositionPatient ImageOrientationPatient FrameOfReferenceUID TemporalPositionIdentifier
    NominalPercentageOfCardiacPhase ConcatenationUID InConcatenationNumber
    InConcatenationTotalNumber DimensionIndexSequence
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames FrameIncrementPointer
    Rows Columns PixelSpacing BitsAllocated BitsStored HighBit PixelRepresentation
    PixelPaddingValue PixelPaddingRangeLimit RescaleIntercept RescaleSlope RescaleType
    LossyImageCompression ModalityLUTSequence
""".split()  # noqa: SIM905
# What only objects of many frames and mosaics need, from groups further on.
FRAMES = """
    DetectorInformationSequence SliceVector TimeSlotVector RRIntervalVector EnergyWindowVector
    DetectorVector RotationVector PhaseVector TimeSliceVector GridFrameOffsetVector DoseUnits DoseGridScaling
    SegmentationType SegmentationFractionalType MaximumFractionalValue
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
""".split()  # noqa: SIM905
# What tells the unit and the time of single pictures, behind the description as well.
UNITS = (
    "RealWorldValueMappingSequence",
    "NumberOfSlices",
    "FrameReferenceTime",
    "ImageIndex",
    "Units",
)
# Private elements are read only in the block that their creator reserved; see `elements.private`.
SIEMENS, SIEMENS_CSA = "SIEMENS MR HEADER", "SIEMENS CSA HEADER"
GE_ACQUISITION, GE_PARAMETERS = "GEMS_ACQU_01", "GEMS_PARM_01"
PHILIPS, PHILIPS_2005 = "Philips Imaging DD 001", "Philips MR Imaging DD 001"
UNITED_IMAGING = "Image Private Header"
SIEMENS_TAGS = private_tags(0x0019, (0x0A, 0x0C, 0x0E))
GE_EARLY_TAGS = private_tags(0x0019, (0xBB, 0xBC, 0xBD))
CSA_TAGS = private_tags(0x0029, (0x10, 0x20))
GE_TAGS = private_tags(0x0043, (0x2F, 0x30, 0x39, 0x7C))
PHILIPS_TAGS = private_tags(0x2001, (0x03, 0x08)) + private_tags(0x2005, (0xB0, 0xB1, 0xB2))
UNITED_IMAGING_TAGS = private_tags(0x0065, (0x09, 0x37))
DESCRIPTION_TAGS = {*map(tag_for_keyword, DESCRIPTION), *SIEMENS_TAGS, *GE_EARLY_TAGS}
UNIT_TAGS = {*map(tag_for_keyword, UNITS)}
FRAME_TAGS = {*map(tag_for_keyword, FRAMES), *CSA_TAGS, *UNIT_TAGS}
PIXEL_TAGS = {0x7FE00008: "f", 0x7FE00009: "d", 0x7FE00010: "i"}
META_TAGS = {0x00020002, 0x00020010}
VENDOR_TAGS = {*GE_TAGS, *PHILIPS_TAGS, *UNITED_IMAGING_TAGS}
ALL_TAGS = DESCRIPTION_TAGS | FRAME_TAGS | VENDOR_TAGS
OTHER_ENCODINGS = {ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
_NOTHING = 0x00020000  # a tag that no data set holds: pydicom then skips every value


class _Cut(Exception):
    """The bytes at hand ended before the place where reading was to stop."""


class _Stop:
    """pydicom's `stop_when`: true from beyond `last` on, and remembers what stood there."""

    def __init__(self, last):
        self.last, self.found = last, None

    def __call__(self, tag, vr, length):
        if int.__le__(tag, self.last):  # BaseTag's own comparison is ten times as slow
            return False
        self.found = (int(tag), vr, length)
        return True


@dataclass(frozen=True, slots=True)
class Location:
    """A file, how it is written, and the offset `rest` at which `read_header` stopped.

    pixels : (tag, VR, length, offset of the value) of the pixel data, where the header's reader saw them
    """

    path: Path
    size: int
    syntax: str
    implicit: bool
    little: bool
    rest: int
    pixels: tuple[int, str, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What `read_header` found: `dataset` holds the describing elements of one file only."""

    location: Location
    dataset: Dataset

    @property
    def path(self) -> Path:
        return self.location.path


def check_regular(path: Path) -> int:
    """The size of an ordinary file; anything else is refused before it is opened: a pipe waits for ever."""
    try:
        status = path.stat()
    except OSError as error:
        reason = error.strerror or error
        raise ReadError(
            f"cannot be reached ({reason})", "Check the name and the rights.", path=path
        ) from None
    if not stat.S_ISREG(status.st_mode):
        folder = stat.S_ISDIR(status.st_mode)
        raise NotAnImage(
            "is a folder, not a file" if folder else "is a device, pipe or socket, not a file",
            "Use scan or read_series for a folder." if folder else "Pass an ordinary file.",
            path=path,
        )
    return status.st_size


def read_bytes(path: Path, count: int = -1) -> bytes:
    """The first `count` bytes of a file, all by default."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(count) if count >= 0 else file.readall()
    except OSError as error:
        raise broken(error, path) from None


def read_header(path: Path) -> Header:
    """Read the describing part of one DICOM file: `DESCRIPTION`, and what many-frame objects need more.

    path : file; preamble and file meta may be missing, the name does not matter
    raises : NotAnImage when it is not a DICOM file, ReadError when it is cut off or out of reach
    """
    path = Path(path)
    size = check_regular(path)
    head = min(size, HEAD_BYTES)
    while True:
        data = read_bytes(path, head)
        check_is_dicom(data, path)
        whole = head >= size or len(data) < head
        try:
            return _parse(data, path, size, whole)
        except ReadError:
            raise
        except (_Cut, *BROKEN_BYTES) as error:
            if whole:
                raise broken(error, path) from None
        head = min(size, head * 8)


def check_is_dicom(data: bytes, path: Path) -> None:
    """Refuse what does not begin as DICOM: the mark of PS3.10 section 7.1, or a bare data set."""
    if not data:
        raise ReadError("is empty", "Copy it again from the source.", path=path)
    if data[128:132] == b"DICM":
        return
    first = struct.unpack_from("<H", data)[0] if len(data) >= 8 else 0
    if first not in (0x0002, 0x0008, 0x0800) or recognise(data[:4]):
        known = recognise(data[:4096])
        raise NotAnImage(
            f"is not a DICOM file: it is {known.name}" if known else "is not a DICOM file",
            known.advice
            if known
            else "It has neither the DICM mark nor a DICOM element; handson.open finds out what a file is.",
            path=path,
        )


def _parse(data: bytes, path: Path, size: int, whole: bool) -> Header:
    """Parse the head of a file.

    raises : _Cut when it is only a head and was not long enough; ReadError
    """
    if found := _walked(data, path, size):
        return found
    stop = _Stop(0x0028FFFF)
    buffer, dataset, syntax, inflated = _open_dataset(data, path, stop, DESCRIPTION_TAGS, whole)
    if stop.found:
        last, tags = _further(dataset)
        stop = _Stop(last)
        implicit, little = dataset.original_encoding
        more = read_dataset(buffer, implicit, little, stop_when=stop, specific_tags=list(tags))
        charset = dataset.original_character_set
        # Not update(), which converts every private element, damaged ones that nobody asks for too.
        dataset = Dataset({**dict(dataset.items()), **dict(more.items())})
        dataset.set_original_encoding(implicit, little, charset)
    whole = whole or inflated is not None
    if stop.found is None and not whole:
        raise _Cut
    if stop.found is None and ("Rows" in dataset or _may_be_image(dataset)):
        raise ReadError("ends before its pixels", "Copy it again from the source.", path=path)
    implicit, little = dataset.original_encoding
    location = Location(path, size, syntax, implicit, little, buffer.tell())
    return Header(location, dataset)


def _walked(data: bytes, path: Path, size: int) -> Header | None:
    """The same for most files, in one walk to the pixels; None of what pydicom must read."""
    meta = walk(data, 132, 0x0002FFFF, META_TAGS) if data[128:132] == b"DICM" else None
    if meta is None or meta.tag is None:
        return None
    described = meta.dataset()
    syntax = text(described, "TransferSyntaxUID")
    if (
        not syntax
        or syntax in OTHER_ENCODINGS
        or text(described, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage
    ):
        return None
    found = walk(data, meta.at, min(PIXEL_TAGS) - 1, ALL_TAGS)
    if found is None or found.tag is None:  # the pixels lie beyond the bytes at hand
        return None
    pixels = (found.tag, found.vr, found.length, found.value) if found.tag in PIXEL_TAGS else None
    return Header(Location(path, size, syntax, False, True, found.at, pixels), found.dataset())


def _open_dataset(data, path, stop, tags, whole):
    """Parse up to `stop`: the buffer, positioned there; data set; transfer syntax; inflated bytes."""
    buffer, inflated = BytesIO(data), None
    buffer.seek(132 if data[128:132] == b"DICM" else 0)
    meta = read_dataset(buffer, False, True, stop_when=lambda tag, *_: int.__rshift__(tag, 16) != 2)
    if text(meta, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise IsDicomdir(
            "is a DICOMDIR, an index of other files", "Pass it to handson.scan.", path=path
        )
    syntax = text(meta, "TransferSyntaxUID")
    if not syntax:  # pydicom recognises how a bare data set is written
        buffer.seek(0)
        dataset = read_partial(buffer, stop, force=True, specific_tags=tags)
        return buffer, dataset, _native_syntax(*dataset.original_encoding), None
    if syntax == DeflatedExplicitVRLittleEndian:
        if not whole:
            raise _Cut
        inflated = _inflate(data[buffer.tell() :])
        buffer = BytesIO(inflated)
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    dataset = read_dataset(buffer, implicit, little, stop_when=stop, specific_tags=list(tags))
    return buffer, dataset, syntax, inflated


def _inflate(deflated: bytes) -> bytes:
    """The data set of a deflated file (PS3.5 A.5), refused when it grows out of all proportion."""
    most = most_inflated(len(deflated))
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, most + 1)
    if len(inflated) > most:
        raise bomb(most)
    return inflated


def whole_header(path: Path, pixels: bool = True) -> Dataset:
    """All of the data set; without its pixels when only the header is asked.

    raises : ReadError
    """
    with parsing(path):
        dataset = dcmread(BytesIO(read_bytes(path)), force=True, stop_before_pixels=not pixels)
    dataset.filename = str(path)
    return dataset


def some_elements(path: Path, keywords: list[str]) -> Dataset:
    """A few elements of the data set, wherever they stand before the pixels.

    raises : ReadError
    """
    with parsing(path):
        return dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(keywords))


def pixel_element(location: Location) -> tuple[int, str | None, int, int, bytes | None] | None:
    """Read on from where `read_header` stopped to the pixel data, skipping every value on the way.

    returns : (tag, VR, length, offset of the value, inflated), `inflated` being the data set in which
        the offset counts if the file is deflated, else None; or None when there is no pixel data
    """
    if location.pixels is not None:
        return *location.pixels, None
    path, inflated = location.path, None
    stop = _Stop(min(PIXEL_TAGS) - 1)
    try:
        if location.syntax == DeflatedExplicitVRLittleEndian:
            data = read_bytes(path)
            file, _, _, inflated = _open_dataset(data, path, stop, [_NOTHING], whole=True)
            offset = file.tell()
        else:
            with open(path, "rb") as file:
                file.seek(location.rest)
                skipped = data_element_generator(
                    file, location.implicit, location.little, stop, specific_tags=[_NOTHING]
                )
                for _ in skipped:
                    pass
                offset = file.tell()
    except ReadError:
        raise
    except BROKEN_BYTES as error:
        raise broken(error, path) from None
    if stop.found is None or stop.found[0] not in PIXEL_TAGS:
        return None
    tag, vr, length = stop.found
    long = not location.implicit and vr in EXPLICIT_VR_LENGTH_32
    return tag, vr, length, offset + (12 if long else 8), inflated


def _further(dataset) -> tuple[int, Iterable]:
    """(the last tag, the tags) of what is needed from behind the description.

    The maker is not asked: its name is often removed or another's, and its private elements stay.
    """
    modality = text(dataset, "Modality")
    many = "NumberOfFrames" in dataset or "MOSAIC" in texts(dataset, "ImageType")
    if many or modality in ("MR", "RTDOSE", "SEG"):
        return 0x5200FFFF, FRAME_TAGS | VENDOR_TAGS
    return 0x0054FFFF, UNIT_TAGS


def _may_be_image(dataset) -> bool:
    """A file that ended early was an image unless it says that it is something else."""
    uid = text(dataset, "SOPClassUID")
    return not uid or "Image Storage" in UID(uid).name


def _native_syntax(implicit, little) -> str:
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little else ExplicitVRBigEndian)
