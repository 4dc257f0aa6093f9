"""Text burned into pixels: which images are at risk, and masks that cover it.

No rule of the table sees a name that is drawn in the image. What is known is which images usually carry
one; they are refused or put aside until somebody has looked, or a mask has covered it. A mask sets pixels
to black in every frame, exactly; compressed images are decoded for it and written uncompressed, so that no
other pixel changes.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.multival import MultiValue
from pydicom.pixels import get_decoder
from pydicom.uid import ExplicitVRLittleEndian

from .. import decoders
from ..errors import DeidentifyError, ReadError
from . import forms
from .dicomfile import OpenDicom, fragments

ULTRASOUND = {
    "1.2.840.10008.5.1.4.1.1.3",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.6",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.6.2",
    "1.2.840.10008.5.1.4.1.1.14.1",
    "1.2.840.10008.5.1.4.1.1.14.2",
}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
PHOTOGRAPHS = {"1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.840.10008.5.1.4.1.1.77.1.4.1"}
# Words in Image Type or a description of a picture of a screen (with the scanner's own storage class, too)
_SCREEN = re.compile(
    r"SCREEN|CAPTURE|SCRNSHOT|SNAPSHOT(?! ?(FREEZE|PULSE))|SAVE|REPORT|RAPPORT|REFERTO|INFORME|BEFUND|PATIENT.?PROTOCOL|PROTOKOLL"
    r"| PROT$|DOSE|DOSIS|DOSIM|INJECTION|ENHANCEMENT|WORKSHEET|ELECTRONIC FI|VOLREN|SUMMARY|\bAVA\b|\bRESULTS?\b"
)
_PLAIN_DOSE = re.compile(
    r"(ULTRA|VERY|LOW|HALF|FULL|REDUCED|HIGH|STANDARD|NORMAL|SINGLE|QUARTER|BASSA|LOWER|LD)[ _-]*(LOW[ _-]*)?(DOSE|DOSIS)|RTDOSE"
)
# What a scanner or a planning system computes itself; any other modality is a picture, a document, a camera.
_SCANNERS = frozenset(
    re.findall(
        r"\w+",
        "CT MR PT NM CR DX MG XA RF PX IO RG BMD RTIMAGE RTDOSE RTSTRUCT RTPLAN SEG OCT OPT IVOCT SM REG KO PR RWV BI",
    )
)
_GREY_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.20",
)
# Their machines make pages about an examination: workstations, injectors, printers.
_PAGE_MAKERS = re.compile(
    r"MEDRAD|VITREA|VITAL IMAGES|TERARECON|ADAC|BRACCO|CODONICS|EIZO|R2 TECH|CEDARA|AYCAN|EPIQ"
)
_SLIDE_LABELS = {"LABEL", "OVERVIEW"}  # PS3.3 C.8.12.4.1.1: the glass with its paper label


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    value = dataset.get(keyword)
    value = "" if value is None else value
    parts = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [str(part).strip().upper() for part in parts] or [""]


def burned_in_risk(dataset: Dataset) -> str:
    """Why the pixels may show a name, as a phrase for the report; "" when nothing says so.

    dataset : the header as it was read
    """
    sop_class = _texts(dataset, "SOPClassUID")[0]
    modality = _texts(dataset, "Modality")[0]
    image_type = _texts(dataset, "ImageType")
    if "YES" in _texts(dataset, "BurnedInAnnotation"):
        return "its header says that annotation is burned in (Burned In Annotation YES)"
    if sop_class in ULTRASOUND or modality in ("US", "IVUS"):
        return "ultrasound machines write the patient's name into the image"
    if sop_class == SECONDARY_CAPTURE or sop_class.startswith(SECONDARY_CAPTURE + "."):
        return "a secondary capture can be a picture of a screen or of paper"
    if sop_class in PHOTOGRAPHS or modality == "XC":
        return "a photograph can show the patient"
    if _SLIDE_LABELS & set(image_type):
        return "a whole slide's label or overview shows what is written on the glass"
    described = [
        *image_type,
        *_texts(dataset, "SeriesDescription"),
        *_texts(dataset, "ProtocolName"),
    ]
    described = [_PLAIN_DOSE.sub("", text) for text in described]
    if any(map(_SCREEN.search, described)) or "ConversionType" in dataset:
        return "it is a screen capture, a dose report or a digitised picture"
    return _unlike_a_scan(dataset, sop_class, modality, image_type)


def _unlike_a_scan(dataset: Dataset, sop_class: str, modality: str, image_type: list[str]) -> str:
    """Why a picture is not what a scanner writes, by its modality, its maker, its colours and its geometry."""
    maker = " ".join(_texts(dataset, "Manufacturer") + _texts(dataset, "ManufacturerModelName"))
    if modality and modality not in _SCANNERS:
        return (
            f"{modality} is not the modality of a scanner"
            if forms.clean(0x00080060, "CS", "term", modality)  # a defined term, and not a name
            else "its modality is not a scanner's"
        )
    described = " ".join(_texts(dataset, "SeriesDescription"))
    if _PAGE_MAKERS.search(maker) or "MEDRAD" in described:
        return "its maker's machines write pages about an examination"
    coloured = _texts(dataset, "PhotometricInterpretation")[0].startswith(("RGB", "YBR"))
    if coloured and sop_class in _GREY_CLASSES:
        return "it has colours where scanners write grey"
    made = {"SECONDARY", "DERIVED", "RECONSTRUCTED"} & set(image_type)
    if made and not _texts(dataset, "Manufacturer")[0]:
        return "it was derived by a program that does not say its name"
    cross_section = sop_class in _GREY_CLASSES[:3]
    placed = "ImageOrientationPatient" in dataset and "ImagePositionPatient" in dataset
    about_dose = "CommentsOnRadiationDose" in dataset or "CTDIPhantomTypeCodeSequence" in dataset
    if cross_section and not placed and (made or about_dose):
        return "it has no place in the patient, as pages and screens have none"
    shape = [int(n) for n in _texts(dataset, "Rows") + _texts(dataset, "Columns") if n.isdigit()]
    square = len(set(shape)) == 1
    if "CANON" in maker and re.search("CXD[I1]", maker) and shape[:1] == [2592]:
        return "its maker's detectors write text at its edges"
    if "SECONDARY" in image_type and modality == "NM" and max(shape, default=0) > 512:
        return "it has the size of a screen"
    if "SECONDARY" in image_type and not square and modality in ("CT", "PT", "NM"):
        return "it was made from other images and has the shape of a screen"
    if modality == "PT" and not square and max(shape, default=0) > 300:
        return "it has the shape of a screen"
    if modality == "CT" and _texts(dataset, "WindowWidth")[:1] in (["1"], ["1.0"]):
        return "its window shows black and white only, as drawings need it"
    return ""


@dataclass(frozen=True)
class Mask:
    """What to cover, and on which images.

    rectangles : (x, y, width, height) in pixels, x along a row, from the upper left corner
    where : {keyword: value} that an image's header must have (a device rule); {} for every image
    drawn : bool array (rows, columns), True where to cover, for a mask drawn by hand; only for images of
        that size
    """

    rectangles: tuple[tuple[int, int, int, int], ...] = ()
    where: dict = field(default_factory=dict)
    drawn: np.ndarray | None = None

    def fits(self, dataset: Dataset) -> bool:
        """True if the mask is meant for an image with this header."""
        if self.drawn is not None and self.drawn.shape != (
            dataset.get("Rows"),
            dataset.get("Columns"),
        ):
            return False
        return all(str(dataset.get(k, "")).strip() == str(v).strip() for k, v in self.where.items())

    def area(self, rows: int, columns: int) -> np.ndarray:
        """bool array (rows, columns), True where to cover.

        raises : ReadError for a rectangle outside
        """
        covered = np.zeros((rows, columns), bool) if self.drawn is None else self.drawn.astype(bool)
        for x, y, width, height in self.rectangles:
            if (
                x < 0
                or y < 0
                or width < 1
                or height < 1
                or x + width > columns
                or y + height > rows
            ):
                raise ReadError(
                    f"is {columns} x {rows} pixels: a rectangle of its mask lies outside",
                    "Correct the mask.",
                )
            covered[y : y + height, x : x + width] = True
        return covered


def _rectangle(numbers: Sequence[int]) -> tuple[int, int, int, int]:
    x, y, width, height = map(int, numbers)
    return x, y, width, height


def read_masks(path: str | Path) -> list[Mask]:
    """Masks from a JSON file: `[{"where": {"Manufacturer": "..."}, "rectangles": [[x, y, width, height]]}]`."""
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
        return [
            Mask(tuple(_rectangle(r) for r in entry["rectangles"]), dict(entry.get("where", {})))
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DeidentifyError(
            "is not a list of masks",
            'Write [{"where": {...}, "rectangles": [[x, y, width, height]]}].',
            path=path,
        ) from None


def text_in(source: OpenDicom) -> tuple[Mask | None, int]:
    """(a mask over the text that was read in the pixels, how many boxes); None if none was read.

    Nothing is changed.

    raises : ReadError when pixels cannot be decoded, or text is still read after masking
    """
    from .ocr import text_mask

    covered, count = text_mask(_pictures(source))
    return (Mask(drawn=covered), count) if count else (None, 0)


def _pictures(source: OpenDicom) -> np.ndarray:
    """The pixels as an array (frames, rows, columns) or (frames, rows, columns, 3), for looking at."""
    assert source.pixels is not None
    header = Dataset()
    header.update({t: source.dataset[t] for t in source.dataset.keys() if t >> 16 == 0x0028})  # noqa: SIM118
    probe = replace(source, dataset=header, pixels=replace(source.pixels))
    little = source.little_endian
    try:
        length = source.pixels.length
        if length is None or header.PhotometricInterpretation == "YBR_FULL_422":
            data, little = _decoded(probe), little or length is None
        else:
            source.file.seek(source.pixels.offset)
            data = bytearray(source.file.read(length))
        size, sign = int(header.BitsAllocated), int(header.get("PixelRepresentation") or 0)
        shape = (int(header.Rows), int(header.Columns))
        samples = int(header.get("SamplesPerPixel") or 1)
        numbers = np.frombuffer(data, f"{'<' if little else '>'}{'ui'[sign]}{size // 8}")
        frames = numbers[
            : len(numbers) // (samples * shape[0] * shape[1]) * samples * shape[0] * shape[1]
        ]
        if samples > 1 and int(header.get("PlanarConfiguration") or 0) == 1:
            frames = frames.reshape(-1, samples, *shape).transpose(0, 2, 3, 1)
        return frames.reshape(-1, *shape, samples) if samples > 1 else frames.reshape(-1, *shape)
    except (AttributeError, TypeError, ValueError):
        raise ReadError("has pixels in which no text can be looked for", "Leave it out.") from None


def cover(source: OpenDicom, masks: Iterable[Mask]) -> bytes | None:
    """The pixel data with every fitting mask applied, None if none fits.

    Compressed data become uncompressed (`source.transfer_syntax` changes with them).
    raises : ReadError when pixels cannot be decoded or are not of whole bytes
    """
    dataset = source.dataset
    fitting = [mask for mask in masks if mask.fits(dataset)]
    if not fitting or source.pixels is None:
        return None
    try:
        rows, columns, bits = int(dataset.Rows), int(dataset.Columns), int(dataset.BitsAllocated)
    except (AttributeError, TypeError, ValueError):
        raise ReadError("has no image that a mask could cover", "Leave it out.") from None
    covered = np.logical_or.reduce([mask.area(rows, columns) for mask in fitting])
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if source.pixels.length is None or photometric == "YBR_FULL_422":
        data = _decoded(source)
    elif bits % 8:
        raise ReadError(
            "has pixels that are not of whole bytes, which no mask covers", "Leave it out."
        )
    else:
        source.file.seek(source.pixels.offset)
        data = bytearray(source.file.read(source.pixels.length))
    _blacken(data, dataset, covered, source)
    return bytes(data)


def _decoded(source: OpenDicom) -> bytearray:
    """Compressed pixels as native ones, colours as stored; the header follows."""
    assert source.pixels is not None
    dataset = source.dataset
    copy = Dataset()
    copy.update({tag: dataset[tag] for tag in dataset.keys() if tag >> 16 == 0x0028})  # noqa: SIM118
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = source.transfer_syntax
    if "NumberOfFrames" in dataset:
        copy.NumberOfFrames = dataset.NumberOfFrames
    source.file.seek(source.pixels.offset)
    if source.pixels.length is None:
        end = max(offset + length for offset, length in fragments(source))
        source.file.seek(source.pixels.offset)
        copy.PixelData = source.file.read(end - source.pixels.offset) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    else:
        copy.PixelData = source.file.read(source.pixels.length)
    copy["PixelData"].VR = "OB"
    copy["PixelData"].is_undefined_length = source.pixels.length is None
    try:
        decoder = get_decoder(source.transfer_syntax)
        frames = generate_frames(
            copy.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1)
        )
        shape = dataset.Rows, dataset.Columns, dataset.SamplesPerPixel
        allocated = dataset.BitsAllocated
        decoders.look_first(decoder, frames, shape, allocated)
        array, meaning = decoder.as_array(copy, raw=True, decoding_plugin=decoders.plugin(decoder))
    except ReadError:
        raise
    except Exception:
        raise ReadError(
            "has compressed pixels that cannot be decoded here", "Install its decoder."
        ) from None
    # every pixel has its own colour now, also where two shared one
    photometric = str(meaning["photometric_interpretation"]).replace("FULL_422", "FULL")
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = 8 * array.itemsize
    if array.ndim > 2 and int(dataset.SamplesPerPixel) > 1:
        dataset.PlanarConfiguration = 0
    source.transfer_syntax = ExplicitVRLittleEndian
    source.pixels.vr = "OB" if array.itemsize == 1 else "OW"
    data = bytearray(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return data + b"\0" * (len(data) % 2)


def _blacken(data: bytearray, dataset: Dataset, covered: np.ndarray, source: OpenDicom) -> None:
    """Set the covered pixels of native data to black, in place, in every frame."""
    samples, bits = int(dataset.get("SamplesPerPixel", 1)), int(dataset.BitsAllocated)
    assert source.pixels is not None
    little = source.little_endian
    pixels = np.frombuffer(data, np.dtype(f"{'<' if little else '>'}u{bits // 8}"))
    swapped = bits == 8 and not little and source.pixels.vr == "OW"
    if swapped:  # bytes of 16-bit words change places (PS3.5 8.1.1)
        words = np.frombuffer(data, np.uint16)
        words.byteswap(inplace=True)
    frame = covered.size * samples
    frames = pixels[: len(pixels) // frame * frame].reshape(-1, frame)
    if samples > 1 and int(dataset.get("PlanarConfiguration") or 0) == 1:
        view = frames.reshape(len(frames), samples, *covered.shape).transpose(0, 2, 3, 1)
    else:
        view = frames.reshape(len(frames), *covered.shape, samples)
    view[:, covered] = _black(dataset, samples)
    if swapped:
        words.byteswap(inplace=True)


def _black(dataset: Dataset, samples: int) -> list[int]:
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if photometric.startswith("YBR_FULL"):
        return [0, 128, 128]
    if photometric == "MONOCHROME1":
        signed = int(dataset.get("PixelRepresentation", 0))
        return [(1 << int(dataset.BitsStored) - signed) - 1]
    return [0] * samples
