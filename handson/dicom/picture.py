"""`read_slice`: one picture in real-world values, with its header. The first thing a learner reads."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut

from ..errors import ReadError
from ..volume import Slice
from . import mosaic
from .elements import number, numbers, text, texts, value
from .faults import BROKEN_BYTES, naming, quiet
from .frame import Frame
from .frames import classic_frame, frames
from .geometry import frame_affine
from .header import read_bytes, read_header
from .pixels import Source, locate, read_frames
from .scaling import prefer, real_world, scaling


def read_slice(path, frame=None) -> Slice:
    """Read one picture from a DICOM file.

    path : file, whatever its name
    frame : number of the picture in a file of several, from 0; by default the first. Of a Siemens
        mosaic the default is the whole picture, and `frame` one of its slices.
    returns : `Slice`; pixels float32 [row, column] in real-world values (HU of a CT), or uint8
        [row, column, 3] for colour. MONOCHROME1 values are kept, `photometric` tells to draw them
        inverted; palettes are applied; padding and overlays are told in `notes`.
    raises : ReadError, and DecoderError when a decoder must be installed

    Pixels PS3.3 C.7.6.3, modality transform C.11.1, palettes C.7.9. `affine` is None when the file
    states no position, as a radiograph.
    """
    path = Path(path)
    with quiet(), naming(path):
        header = read_header(path)
        one = _pick(header, frame)
        dataset = whole_header(path)
        one = with_unit(one, dataset)
        pixels = real_values(
            one, locate(header.location, one.file.format, one.file.frames), dataset
        )
        spacing, at_detector, told = _spacing(one, dataset)
        return Slice(
            pixels,
            spacing=spacing,
            unit=one.scaling.unit,
            photometric=shown_as(one.file.format),
            dataset=dataset,
            affine=frame_affine(one),
            at_detector=at_detector,
            window=header_window(dataset, one),
            window_function=window_function(dataset, one),
            name=one.file.description,
            notes=(*told, *notes(dataset, one)),
        )


def _pick(header, frame) -> Frame:
    if frame is None and "MOSAIC" in texts(header.dataset, "ImageType"):
        return classic_frame(header)
    found = frames(header)
    index = 0 if frame is None else frame
    if not 0 <= index < len(found):
        raise ReadError(
            f"has {len(found)} frame{'s' if len(found) > 1 else ''}, there is no frame {frame}",
            "Frames count from 0.",
            path=header.path,
        )
    return found[index]


def with_unit(one: Frame, dataset) -> Frame:
    """A frame whose scaling knows the units that stand far behind in the header.

    dataset : all of the header
    """
    how = one.scaling
    if not how.unit:
        how = replace(how, unit=scaling(dataset, one.file.modality).unit)
    mapping = _mapping(dataset, one.index)
    return replace(one, scaling=prefer(how, mapping))


def _mapping(dataset, index):
    """The real-world value mapping of a frame: its functional group's, or the data set's."""
    if items := _groups(dataset, index, "RealWorldValueMappingSequence"):
        return real_world(items)
    return real_world(value(dataset, "RealWorldValueMappingSequence") or ())


def whole_header(path, pixels=True) -> pydicom.Dataset:
    """All of the data set; without its pixels when only the header is asked."""
    with naming(path):
        dataset = pydicom.dcmread(
            BytesIO(read_bytes(path)), force=True, stop_before_pixels=not pixels
        )
    dataset.filename = str(path)
    return dataset


def real_values(one: Frame, source: Source, dataset=None) -> np.ndarray:
    """The pixels of one frame as they are meant: float32 values in the frame's unit, or uint8 RGB.

    dataset : needed for palettes and modality LUTs only
    """
    (stored,) = read_frames(source, [0 if one.file.tiles else one.index])
    if one.file.tiles:
        stored = mosaic.cut(stored, one)
    return frame_values(one, stored, dataset)


def frame_values(one: Frame, stored, dataset=None) -> np.ndarray:
    """Stored numbers of one frame -> what `real_values` returns."""
    f = one.file.format
    try:
        if f.photometric == "PALETTE COLOR":
            return to_8_bits(apply_color_lut(stored, _palette(dataset)))
        if f.samples == 3:
            return to_8_bits(stored, f.stored)
        if one.scaling.table:
            return apply_modality_lut(stored, dataset).astype(np.float32)
    except BROKEN_BYTES as error:
        raise ReadError(
            f"has a look-up table that cannot be used ({error})",
            "The header is damaged.",
            path=one.file.path,
        ) from None
    return one.scaling.apply(stored, np.float32)


def _palette(dataset) -> pydicom.Dataset:
    """The palette in little-endian order: pydicom reads its words so, whatever the file's order is."""
    if dataset.original_encoding[1] is not False:
        return dataset
    own = pydicom.Dataset({e.tag: e for e in dataset.group_dataset(0x0028)})
    for element in own:
        if element.VR == "OW" and "Lookup Table Data" in element.name:
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
    own.set_original_encoding(False, True)
    return own


def to_8_bits(colour, bits=None) -> np.ndarray:
    """Colour of more than 8 bits a sample, shortened to the upper 8."""
    bits = bits or colour.dtype.itemsize * 8
    return (colour >> (bits - 8)).astype(np.uint8) if bits > 8 else colour.astype(np.uint8)


def shown_as(pixels) -> str:
    """Photometric interpretation of what `real_values` returns."""
    return pixels.photometric if pixels.photometric.startswith("MONOCHROME") else "RGB"


def header_window(dataset, one: Frame) -> tuple[float, float] | None:
    """(centre, width) that the file proposes first for this frame, in the frame's unit."""
    for item in _groups(dataset, one.index, "FrameVOILUTSequence") or [dataset]:
        try:
            centers, widths = numbers(item, "WindowCenter"), numbers(item, "WindowWidth")
        except ReadError:
            return None
        if centers and widths and widths[0] > 0:
            return _in_frame_unit(centers[0], widths[0], dataset, one)
    return None


def window_function(dataset, one: Frame) -> str:
    """The VOILUTFunction (PS3.3 C.11.2.1.3) stated beside the window of this frame; "" when none is."""
    for item in _groups(dataset, one.index, "FrameVOILUTSequence") or [dataset]:
        stated = text(item, "VOILUTFunction").upper()
        return stated if stated in ("LINEAR", "LINEAR_EXACT", "SIGMOID") else ""
    return ""


def _in_frame_unit(center, width, dataset, one):
    """Windows hold behind the rescale; a real-world mapping that took its place moves them along."""
    mapping = _mapping(dataset, one.index)
    if mapping is None or one.scaling != mapping:
        return center, width
    slope, intercept = number(dataset, "RescaleSlope") or 1.0, number(dataset, "RescaleIntercept")
    stored = (center - (intercept or 0.0)) / slope
    return stored * mapping.slope + mapping.intercept, width / abs(slope) * abs(mapping.slope)


def _groups(dataset, index, keyword) -> list:
    """Items of a functional group of frame `index`: its own, or the shared ones."""
    own = value(dataset, "PerFrameFunctionalGroupsSequence") or []
    shared = value(dataset, "SharedFunctionalGroupsSequence") or []
    holders = [*own[index : index + 1], *shared[:1]]
    return next((list(items) for h in holders if (items := value(h, keyword))), [])


def _spacing(one, dataset) -> tuple:
    """(row, column) mm; whether they hold at the detector only; notes about them."""
    detector = _pair(dataset, "ImagerPixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    if one.spacing:
        calibrated = text(dataset, "PixelSpacingCalibrationType")
        return one.spacing, one.spacing == detector and not calibrated, ()
    if detector:
        return detector, True, ("Spacing holds at the detector: the patient is magnified.",)
    if regions := value(dataset, "SequenceOfUltrasoundRegions"):
        steps = {_region_spacing(region) for region in regions}
        if len(steps) == 1 and None not in steps:
            return steps.pop(), False, ("Spacing holds within the ultrasound region only.",)
    if ratio := _pair(dataset, "PixelAspectRatio"):
        told = f"The file states no spacing; its pixels are {ratio[0]:g} : {ratio[1]:g} (height : width)."
        return None, False, (told,)
    return None, False, ()


def _region_spacing(region) -> tuple | None:
    """(row, column) mm of a two-dimensional region in centimetres, PS3.3 C.8.5.5."""
    steps = number(region, "PhysicalDeltaY"), number(region, "PhysicalDeltaX")
    units = number(region, "PhysicalUnitsYDirection"), number(region, "PhysicalUnitsXDirection")
    if number(region, "RegionSpatialFormat") != 1 or units != (3, 3) or not all(steps):
        return None
    return tuple(abs(step) * 10 for step in steps)


def _pair(dataset, keyword) -> tuple | None:
    try:
        found = numbers(dataset, keyword)
    except ReadError:
        return None
    return found if len(found) == 2 and min(found) > 0 else None


def notes(dataset, one: Frame) -> list[str]:
    """What a reader of this picture should know and its numbers do not say."""
    told = []
    if one.file.format.photometric == "MONOCHROME1":
        told.append("MONOCHROME1: low values are drawn bright.")
    padding = number(dataset, "PixelPaddingValue")
    if padding is not None and not one.scaling.table:
        shown = padding * one.scaling.slope + one.scaling.intercept
        told.append(f"The value {shown:g} is padding: there is no image.")
    planes = [g for g in range(0x6000, 0x6020, 2) if (g, 0x3000) in dataset]
    for group in planes:
        told.append(f"Overlay {group:04X} is not drawn: dataset.overlay_array(0x{group:04X}).")
    if text(dataset, "LossyImageCompression") == "01":
        told.append("Compressed with loss: values are not exactly those measured.")
    if number(dataset, "RescaleSlope") == 0:
        told.append("RescaleSlope is 0, which would wipe out the picture: values are as stored.")
    if mapping := _mapping(dataset, one.index):
        used = "used" if mapping == one.scaling else "not used"
        told.append(
            f"A real-world mapping is {used}: {mapping.slope:g} x stored + {mapping.intercept:g} "
            f"{mapping.unit}".rstrip()
            + "."
        )
    if (private := number(dataset, 0x2005100E)) and "Philips" in text(dataset, 0x20050010):
        told.append(
            f"Philips' private scale slope (2005,100E) is {private:g}; it is not applied: values are "
            "those of the console, not comparable between scans."
        )
    return told
