"""`handson convert SOURCE TARGET`: each DICOM series as a NIfTI file with a JSON sidecar, both free of identity.

File names are numbers and a modality. The sidecar holds numbers, in BIDS' spelling and units
(bids-specification.readthedocs.io), and words of the standard's own lists: no free text, no date,
no UID can get into it, whoever is named in the header. The pixels are not changed: a face stays a
face, and letters burned into a picture stay readable.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from handson import __version__
from handson.dicom import read_series, scan
from handson.dicom.elements import number, texts
from handson.dicom.faults import quiet
from handson.dicom.header import whole_header
from handson.errors import HandsonError, SeriesError, WriteError
from handson.nifti import write_nifti

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


def add(subparsers):
    parser = subparsers.add_parser(
        "convert",
        help="DICOM series to NIfTI and JSON free of identity",
        description=__doc__.split(": ", 1)[1],
    )
    parser.add_argument("source", help="folder of any nesting, DICOM file or DICOMDIR")
    parser.add_argument(
        "target",
        type=Path,
        help="folder for the results, made when absent; for a single series a .nii or .nii.gz file, too",
    )
    parser.add_argument("--series", metavar="ID", help="only this one of `handson scan`")
    parser.add_argument("--on-gap", choices=("error", "resample"), default="error")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Converts what can be; says what cannot and returns 1 then."""
    table = scan(arguments.source)
    chosen = [s for s in table if arguments.series in (None, s.id, s.series_uid)]
    damaged = [other for other in table.skipped if other.damaged]
    if not chosen:
        raise SeriesError(
            "holds no DICOM image" if not len(table) else f"holds no series {arguments.series}",
            "See `handson scan`.",
            path=arguments.source,
        )
    single = arguments.target.name.endswith((".nii", ".nii.gz"))
    if single and len(chosen) > 1:
        raise SeriesError(
            f"holds {len(chosen)} series, too many for one file",
            "Name a folder, or choose one with --series: " + ", ".join(s.id for s in chosen[:20]),
            path=arguments.source,
        )
    _make_folder(arguments.target.parent if single else arguments.target)
    failures = 0
    for place, info in enumerate(table, 1):
        if info not in chosen:
            continue
        try:
            image = arguments.target
            if not single:
                image /= f"series-{place:03d}_{modality_of(info)}.nii.gz"
            convert(info, image, arguments.on_gap)
            print(f"{image.name}: {len(info.files)} files, {' x '.join(map(str, info.shape))}")
        except HandsonError as error:
            failures += 1
            print(f"handson convert: series {place} of `handson scan`: {error}", file=sys.stderr)
    for other in damaged:
        print(f"handson convert: {other.path}: {other.reason}: left out", file=sys.stderr)
    return 1 if failures or damaged else 0


def modality_of(info) -> str:
    """The modality if it is one: whatever else a file says there goes into no name and no sidecar."""
    return info.modality if info.modality in MODALITIES else "OT"


def convert(info, image: Path, on_gap="error") -> None:
    """One series as NIfTI, its sidecar `.json` beside it; existing files are never replaced.

    info : `SeriesInfo` of `scan`; image : `.nii` or `.nii.gz`
    """
    notes = image.with_name(image.name.removesuffix(".gz").removesuffix(".nii") + ".json")
    for path in (image, notes):
        if path.exists():
            raise WriteError("is there already", "Choose another place.", path=path)
    volume = read_series(info, on_gap=on_gap)
    content = json.dumps(sidecar(info, volume), indent=2) + "\n"
    write_nifti(volume, image)
    try:
        _write_text(notes, content)
    except OSError as error:
        image.unlink()
        raise WriteError(
            f"cannot be written ({error.strerror}); nothing was left behind",
            "Check the space on the drive.",
            path=notes,
        ) from None


def sidecar(info, volume) -> dict:
    """What BIDS wants to know of an acquisition, and nothing else: see the head of this module."""
    with quiet():
        dataset = whole_header(info.stack.first.file.path, pixels=False)
        levels = _levels(dataset, info.stack.first.index)
        found = {"Modality": modality_of(info)}
        for name, (keywords, factor) in NUMBERS.items():
            values = [number(level, key) for level in levels for key in keywords]
            stated = [v for v in values if v is not None and np.isfinite(v)]
            if stated:
                found[name] = float(f"{stated[0] * factor:.9g}")  # 2.3, not 2.3000000000000003
        for name, (keyword, allowed) in WORDS.items():
            stated = [word for level in levels for word in texts(level, keyword) if word in allowed]
            if stated:
                found[name] = stated[0] if len(stated) == 1 else stated
    if volume.time_step is not None:
        if "RepetitionTime" in found and not np.isclose(found["RepetitionTime"], volume.time_step):
            found["RepetitionTimeExcitation"] = found["RepetitionTime"]
        found["RepetitionTime"] = volume.time_step  # BIDS: from volume to volume
    if volume.unit in UNITS:
        found["Units"] = UNITS[volume.unit]
    return {**found, "ConversionSoftware": "handson", "ConversionSoftwareVersion": __version__}


def _levels(dataset, frame):
    """The data set and, of an enhanced one, the functional groups of a frame (PS3.3 C.7.6.16)."""
    levels = [dataset]
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for group in [*shared[:1], *frames[frame : frame + 1]]:
        levels += [element.value[0] for element in group if element.VR == "SQ" and element.value]
    return levels


def _make_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"cannot be made ({error.strerror})", "Choose another folder.", path=folder
        ) from None


def _write_text(path, content):
    """Whole or not at all: written under another name, then renamed."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(content, encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
