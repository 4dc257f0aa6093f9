"""`read_series`: a folder, some files or a scanned series become one `Volume`, or one clear refusal.

Positions alone decide the order of slices and the step between them. All pixels are read into one
array, [time, slice, row, column] in memory, and handed out as [column, row, slice, time].
"""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..errors import ReadError, SeriesError, SeriesGapError
from ..sides import picture_affine
from ..volume import Volume
from . import mosaic
from .arrange import Stack
from .faults import naming, quiet
from .geometry import frame_affine, normal, resample_even, tilt_degrees
from .picture import (
    frame_values,
    header_window,
    notes,
    shown_as,
    whole_header,
    window_function,
    with_unit,
)
from .pixels import locate, read_frames, stored_type
from .scaling import shift_whole, value_type
from .series import SeriesInfo, scan, scan_files
from .split import lacking
from .times import time_step


def read_series(
    source, series_uid=None, on_gap="error", on_duplicate="error", on_tilt="keep"
) -> Volume:
    """Read one image series as a volume.

    source : folder of any nesting and names, DICOMDIR, list of files, one (multi-frame) file, or a
        `SeriesInfo` of `scan`, whose headers are not read again
    series_uid : SeriesInstanceUID or `SeriesInfo.id`, needed when there is more than one volume
    on_gap : slices missing or unevenly spaced: "error", or "resample" to an even grid by linear
        interpolation between neighbours; time points that lack slices are then left out
    on_duplicate : several slices at one place: "error", or keep the "first" or "last" by file name
    on_tilt : slices sheared by a tilted gantry: "keep" the shear in the affine, or "resample"
    returns : `Volume`, data [column, row, slice], [..., time] when positions repeat, [..., 3] for
        colour; slices ascend along row x column; affine -> RAS+ mm. Integers stay integers, of the
        smallest type that holds them, when slope and intercept are whole and the same in all
        slices; else float32, float64 from 32-bit pixels on.
    raises : SeriesGapError, SeriesError, GeometryError, ReadError, DecoderError

    A slice may lie 0.02 mm or 2 % of the step off the even grid, whichever is more (of a step
    below 0.08 mm: a quarter). The step is (last position - first position) / (slices - 1); SliceThickness is never used for it.
    """
    _check("on_gap", on_gap, ("error", "resample"))
    _check("on_duplicate", on_duplicate, ("error", "first", "last"))
    _check("on_tilt", on_tilt, ("keep", "resample"))
    with quiet():
        info = source if isinstance(source, SeriesInfo) else choose(_table(source), series_uid)
        stack = info.stack
        if stack.has("duplicate") and on_duplicate != "error":
            stack = stack.without_duplicates(keep=on_duplicate)
        _refuse(stack, info, on_gap)
        with naming(stack.first.file.path):
            volume = _read(stack, info)
        if on_tilt == "resample" and tilt_degrees(stack.spacing, stack.first) > TILT:
            volume = volume.straighten()
    return volume


TILT = 0.1  # degrees of shear from which a tilted gantry is told


def _check(name, given, allowed):
    if given not in allowed:
        raise SeriesError(f"{name}={given!r} is not known", f"It is one of {', '.join(allowed)}.")


def _table(source):
    if isinstance(source, str | Path):
        return scan(source)
    paths = [Path(p) for p in source]
    if not paths:
        raise SeriesError("the list of files is empty", "Pass the files of one series.")
    return scan_files(paths[0].parent, paths)


def choose(table, wanted=None) -> SeriesInfo:
    """The one series of a table that is meant, or an error that lists them."""
    found = [s for s in table if wanted is None or wanted in (s.id, s.series_uid)]
    damaged = [s for s in table.skipped if s.damaged]
    if damaged and wanted is None:
        others = f" (and {len(damaged) - 1} more files)" if damaged[1:] else ""
        raise ReadError(
            f"{damaged[0].reason}{others}",
            "Copy it again; or choose a series of handson.scan, which leaves such files out.",
            path=damaged[0].path,
        )
    if len(found) == 1:
        return found[0]
    if not len(table):
        reasons = "; ".join(f"{s.path.name} {s.reason}" for s in table.skipped[:3])
        raise SeriesError(
            f"holds no DICOM image ({reasons})", "Pass the folder of a series.", path=table.folder
        )
    listed = found or list(table)
    lines = "; ".join(f"{s.id} ({s.split or s.description or s.modality})" for s in listed[:20])
    fault = f"holds {len(listed)} volumes" if found else f"holds no series {wanted!r}, but"
    lost = (
        {lacking(s.stack.first) for s in found}
        if len({s.series_uid for s in found}) == 1
        else set()
    )
    if len(lost) == 1 and any(lost):
        fault += f", each a single picture without {lost.pop()}, so they cannot be stacked"
    raise SeriesError(
        f"{fault}: {lines}", "Choose one: read_series(..., series_uid=ID).", path=table.folder
    )


REMEDIES = {
    "gap": 'Copy the series again, or read_series(..., on_gap="resample") to fill it.',
    "missing": 'Copy the series again, or read_series(..., on_gap="resample") to leave these out.',
    "duplicate": 'Remove the copies, or read_series(..., on_duplicate="first").',
    "muddle": "Time points are incomplete: copy the series again, or pass a list of files.",
    "line": "These slices are no parallel stack: read them one by one with read_slice.",
}


def _refuse(stack, info, on_gap):
    for problem in stack.problems:
        remedy = REMEDIES[problem.kind]
        if problem.kind == "gap" and info.modality == "SEG":
            # PS3.3 A.51: frames without a marked pixel may be left out; between labels lies no label
            remedy = "A segmentation may leave out empty slices: read it with highdicom."
        elif problem.kind in ("gap", "missing") and on_gap == "resample":
            continue
        files = info.files
        path = files[0] if len(files) == 1 else files[0].parent
        raise SeriesGapError(problem.text, remedy, path=path)


def _read(stack, info) -> Volume:
    first = stack.first
    header = whole_header(first.file.path, pixels=False)
    stack = _with_unit(stack, header)
    first = stack.first
    try:
        data = _values(stack, header)
    except MemoryError:
        raise ReadError(
            f"needs more memory than there is, for {info.shape} values",
            "Read single slices.",
            path=first.file.path,
        ) from None
    affine = _affine(stack)
    told = notes(header, first) + _stack_notes(stack)
    if stack.has("gap"):
        data, affine = resample_even(data, affine, stack.positions, stack.normal)
        if shown_as(first.file.format) == "RGB":
            data = data.round().astype(np.uint8)
        told.append("Slices were interpolated to an even grid.")
    return Volume(
        data,
        affine,
        unit=first.scaling.unit,
        name=info.description,
        modality=info.modality,
        photometric=shown_as(first.file.format),
        time_step=time_step(stack, header),
        oriented=stack.oriented,
        window=header_window(header, stack.middle),
        window_function=window_function(header, stack.middle),
        notes=tuple(told),
    )


def _with_unit(stack, header) -> Stack:
    """The scaling of every frame, with what stands behind the part of the header that was scanned."""
    first = with_unit(stack.first, header).scaling
    if first == stack.first.scaling:
        return stack
    if not first.mapped:
        return stack.map(lambda one: replace(one, scaling=replace(one.scaling, unit=first.unit)))
    headers = {file: whole_header(file.path, pixels=False) for file in stack.files}
    return stack.map(lambda one: with_unit(one, headers[one.file]))


def _affine(stack) -> np.ndarray:
    first = stack.first
    if stack.spacing is not None:
        return frame_affine(first, stack.spacing.step)
    depth = first.depth or 1.0
    if stack.placed:
        return frame_affine(first, normal(first.orientation) * depth)
    row, column = first.spacing or (1.0, 1.0)
    return picture_affine((column, row, depth))


def _stack_notes(stack) -> list[str]:
    told = []
    if not stack.placed:
        told.append(
            "The files state no place in the patient: sides and slice distance are unknown."
        )
    elif not stack.oriented:
        told.append("The file places its slices in the probe's own frame: sides are unknown.")
    elif len(stack.volumes[0]) == 1:
        told.append("A single slice: its depth is the stated thickness, or 1 mm.")
    tilt = tilt_degrees(stack.spacing, stack.first)
    if tilt > TILT:
        told.append(
            f"The slices are sheared by {tilt:.1f} degrees (tilted gantry); the affine keeps it."
        )
    if len(stack.volumes) > 1:
        told.append(f"Volumes are in the order of: {stack.order}.")
    return told


def _values(stack, header) -> np.ndarray:
    """The values of all frames, [column, row, slice], [..., time] or [..., 3]."""
    first = stack.first
    f = first.file.format
    rows, columns = dict(first.kind)["shape"][:2]
    source = locate(first.file.location, f, first.file.frames)
    stored, scalings = _common_type(stack, source), [one.scaling for one in stack.frames]
    colour = shown_as(f) == "RGB"
    if colour and len(stack.volumes) > 1:
        raise SeriesError(
            "is a series in time in colour, which no volume holds",
            "Read its pictures one by one: read_slice(path, frame=n).",
            path=first.file.path,
        )
    special = colour or first.scaling.table
    dtype = value_type(stored, scalings)
    if special:
        dtype = np.dtype(np.uint8 if colour else np.float32)
    out = np.empty((len(scalings), rows, columns) + ((3,) if colour else ()), dtype)
    whole = not special and dtype == stored
    _fill(stack, out, whole, special, header)
    if whole and not all(s.identity for s in scalings):
        out = shift_whole(out, scalings[0])
    if colour:
        return out.transpose(2, 1, 0, 3)
    out = out.reshape(len(stack.volumes), -1, rows, columns)
    return out[0].T if len(out) == 1 else out.transpose(3, 2, 1, 0)


def _common_type(stack, source) -> np.dtype:
    """The type that holds the stored numbers of every file: slices may differ in sign and size."""
    formats = {file.format for file in stack.files}
    return np.result_type(*(stored_type(replace(source, format=f)) for f in formats))


def _fill(stack, out, whole, special, header):
    """Read every frame into its place: as stored when `whole`, else as a value."""
    by_file = defaultdict(list)
    for place, frame in enumerate(stack.frames):
        by_file[frame.file].append((place, frame))
    bar = tqdm(total=len(out), desc="reading pixels", unit="slice", delay=2, leave=False)
    for file, members in by_file.items():
        source = locate(file.location, file.format, file.frames)
        direct = whole and not file.tiles and stored_type(source) == out.dtype
        if file.tiles:
            (picture,) = read_frames(source, [0])
            stored = (mosaic.cut(picture, frame) for _, frame in members)
        else:
            targets = [out[place] for place, _ in members] if direct else None
            stored = read_frames(source, [frame.index for _, frame in members], targets)
        about = header
        if special and len(by_file) > 1:
            about = whole_header(file.path, pixels=False)
        for (place, frame), pixels in zip(members, stored, strict=True):
            if special:
                out[place] = frame_values(frame, pixels, about)
            elif not whole:
                out[place] = frame.scaling.apply(pixels, out.dtype)
            elif not direct:
                out[place] = pixels
            bar.update()
    bar.close()
