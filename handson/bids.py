"""The BIDS sidecar of a DICOM series: what an analysis needs to know about an acquisition, and no name.

Holds numbers, in the spelling and units of BIDS (bids-specification.readthedocs.io), and words of the
standard's own lists: no free text, no date, no UID can get into it, whoever is named in the header.
Fields that depend on the direction of an axis refer to the image as `write_nifti` writes it.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pydicom

from . import __version__
from .dicom.elements import item, number, numbers, private, text, texts, value
from .dicom.faults import naming, without_warnings
from .dicom.header import SIEMENS, some_elements, whole_header
from .dicom.mosaic import csa_header, csa_item
from .dicom.series import SeriesInfo
from .volume import Volume

# BIDS' name: (keywords to look for, factor from DICOM's unit to BIDS')
NUMBERS = {
    "MagneticFieldStrength": (("MagneticFieldStrength",), 1),  # tesla
    "RepetitionTime": (("RepetitionTime",), 1e-3),  # ms -> s
    "EchoTime": (("EchoTime", "EffectiveEchoTime"), 1e-3),
    "InversionTime": (("InversionTime", "InversionTimes"), 1e-3),
    "FlipAngle": (("FlipAngle",), 1),  # degrees
    "EchoTrainLength": (("EchoTrainLength",), 1),
    "NumberOfAverages": (("NumberOfAverages",), 1),
    "PixelBandwidth": (("PixelBandwidth",), 1),  # Hz per pixel
    "ImagingFrequency": (("ImagingFrequency",), 1),  # MHz
    "PercentPhaseFOV": (("PercentPhaseFieldOfView",), 1),
    "PercentSampling": (("PercentSampling",), 1),
    "SliceThickness": (("SliceThickness",), 1),  # mm
    "SpacingBetweenSlices": (("SpacingBetweenSlices",), 1),
    "KVP": (("KVP",), 1),  # kV
    "XRayTubeCurrent": (("XRayTubeCurrent", "XRayTubeCurrentInmA"), 1),  # mA
    "ExposureTime": (("ExposureTime", "ExposureTimeInms"), 1e-3),
    "GantryTilt": (("GantryDetectorTilt",), 1),
    "ReconstructionDiameter": (("ReconstructionDiameter",), 1),
}
# BIDS' name: (keyword, the words that PS3.3 defines)
WORDS = {
    "MRAcquisitionType": ("MRAcquisitionType", {"2D", "3D"}),
    "ScanningSequence": ("ScanningSequence", {"SE", "IR", "GR", "EP", "RM"}),
    "SequenceVariant": (
        "SequenceVariant",
        {"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "TOF", "NONE"},
    ),
    "InPlanePhaseEncodingDirectionDICOM": ("InPlanePhaseEncodingDirection", {"ROW", "COL"}),
    "PatientPosition": (
        "PatientPosition",
        {"HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL"},
    ),
}
_ELEMENTS = [
    *(keyword for keywords, _ in NUMBERS.values() for keyword in keywords),
    *(keyword for keyword, _ in WORDS.values()),
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]
UNITS = {"HU": "HU", "Bq/ml": "Bq/mL", "Bq/mL": "Bq/mL", "g/ml": "g/mL"}  # of `Volume` -> of BIDS
MODALITIES = {
    "MR",
    "CT",
    "PT",
    "NM",
    "US",
    "XA",
    "RF",
    "CR",
    "DX",
    "MG",
    "OT",
    "SC",
    "SEG",
    "RTDOSE",
}


def modality_of(info: SeriesInfo) -> str:
    """The modality if it is one: whatever else a file says there goes into no name and no sidecar."""
    return info.modality if info.modality in MODALITIES else "OT"


def sidecar(info: SeriesInfo, volume: Volume) -> dict:
    """The content of the JSON file beside an image.

    info : the series; volume : as `read_series` read it
    returns : BIDS' names -> numbers, words or lists of them; a field is left out where the headers do
        not state it for certain, or not the same in all slices
    """
    first = info.stack.first
    with without_warnings(), naming(first.file.path):
        dataset = whole_header(first.file.path, pixels=False)
        found = {"Modality": modality_of(info), **_common(info.stack)}
        found |= _phase_encoding(dataset, [dataset, *_groups(dataset, first.index)])
        found |= _slice_timing(dataset, info.stack)
    if not np.isclose(
        found.get("SpacingBetweenSlices", step := volume.slice_distance), step, rtol=0.02
    ):
        del found["SpacingBetweenSlices"]  # the positions of the slices say otherwise
    found |= _times(volume, found.get("RepetitionTime"))
    if volume.unit in UNITS:
        found["Units"] = UNITS[volume.unit]
    return {**found, "ConversionSoftware": "handson", "ConversionSoftwareVersion": __version__}


def _common(stack) -> dict:
    """The numbers and words that hold for all frames: where one differs, a single value would be wrong."""
    first, *others = _each_stated(stack)
    return {
        name: found
        for name, found in first.items()
        if all(name in other and _agree(found, other[name]) for other in others)
    }


def _each_stated(stack) -> list[dict]:
    """What is stated of each frame: in its file, in the shared functional groups, in its own."""
    frames = defaultdict(list)
    for frame in stack.frames:
        frames[frame.file.path].append(frame.index)
    found = []
    for path, indices in frames.items():
        dataset = some_elements(path, _ELEMENTS)
        shared = _stated([dataset, *_items(item(dataset, "SharedFunctionalGroupsSequence"))])
        own = indices if "PerFrameFunctionalGroupsSequence" in dataset else [0]
        found += [_stated(_own_groups(dataset, index)) | shared for index in own]
    return found


def _stated(levels) -> dict:
    """BIDS' names -> what the first of these data sets states that states it."""
    found: dict = {}
    for name, (keywords, factor) in NUMBERS.items():
        values = [number(level, key) for level in levels for key in keywords]
        stated = [v for v in values if v is not None and np.isfinite(v)]
        if stated:
            found[name] = float(f"{stated[0] * factor:.9g}")  # 2.3, not 2.3000000000000003
    for name, (keyword, allowed) in WORDS.items():
        said = [word for level in levels for word in texts(level, keyword) if word in allowed]
        if said:
            found[name] = said[0] if len(said) == 1 else said
    return found


def _agree(a, b) -> bool:
    """Whether two slices state the same; scanners round a time otherwise from slice to slice."""
    return bool(np.isclose(a, b, rtol=1e-3)) if isinstance(a, float) else a == b


def _groups(dataset, frame) -> list[pydicom.Dataset]:
    """The functional groups of a frame of an enhanced object (PS3.3 C.7.6.16)."""
    return [*_items(item(dataset, "SharedFunctionalGroupsSequence")), *_own_groups(dataset, frame)]


def _own_groups(dataset, frame) -> list[pydicom.Dataset]:
    frames = value(dataset, "PerFrameFunctionalGroupsSequence") or []
    return [found for holder in frames[frame : frame + 1] for found in _items(holder)]


def _items(holder) -> list[pydicom.Dataset]:
    """The first item of each sequence of a data set; not its elements, which would be parsed."""
    keys = [] if holder is None else holder.keys()
    return [found for tag in keys if (found := item(holder, int(tag))) is not None]


def _times(volume, repetition) -> dict:
    """RepetitionTime is from volume to volume; frames of unequal length have starts and durations."""
    found = {}
    if volume.time_step is not None:
        if repetition is not None and not np.isclose(repetition, volume.time_step):
            found["RepetitionTimeExcitation"] = repetition
        found["RepetitionTime"] = volume.time_step
    if volume.modality == "PT" and volume.times is not None:
        found["FrameTimesStart"] = [start for start, _ in volume.times]
        if all(duration is not None for _, duration in volume.times):
            found["FrameDuration"] = [duration for _, duration in volume.times]
    return found


def _phase_encoding(dataset, levels) -> dict:
    """Along which axis of the image the phase was encoded, and which way where the vendor states it.

    The image keeps DICOM's rows and columns, so that i runs along a row and j down a column.
    """
    if any(text(level, "MRAcquisitionType") == "3D" for level in levels):
        return {}
    words = ("InPlanePhaseEncodingDirection",)
    stated = next(
        (text(level, word) for level in levels for word in words if text(level, word)), ""
    )
    axis = {"R": "i", "C": "j"}.get(stated[:1])
    if axis is None:
        return {}
    positive = _along_the_axis(dataset)
    if positive is None:
        return {"PhaseEncodingAxis": axis}
    return {"PhaseEncodingDirection": axis if positive else f"{axis}-"}


def _along_the_axis(dataset) -> bool | None:
    """Whether the phase runs with the axis: Siemens' and GE's statements, None of other vendors."""
    stated: Sequence = csa_item(csa_header(dataset), "PhaseEncodingDirectionPositive")
    if not stated and (tag := private(dataset, "SIEMENS MR SDI 02", 0x0021, 0x1C)):
        stated = numbers(dataset, tag)
    if stated:
        return int(stated[0]) == 1
    order = text(dataset, "RectilinearPhaseEncodeReordering")
    if text(dataset, "Manufacturer").casefold().startswith("ge"):
        return {"LINEAR": False, "REVERSE_LINEAR": True}.get(order)
    return None


def _slice_timing(dataset, stack) -> dict:
    """Seconds after the start of a volume at which each slice was acquired: of Siemens' mosaics."""
    tag = private(dataset, SIEMENS, 0x0019, 0x29)
    if not tag or not stack.first.file.mosaic:
        return {}
    slices = stack.volumes[0]
    stated = numbers(dataset, tag)
    if len(stated) != len(slices):
        return {}
    start = min(stated)
    return {"SliceTiming": [round((stated[tile.index] - start) / 1000, 6) for tile in slices]}
