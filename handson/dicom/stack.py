"""`read_series`: a folder, some files or a scanned series become one `Volume`, or one clear refusal.

Positions alone decide the order of slices and the step between them. All pixels are read into one
array, [time, slice, row, column] in memory, and handed out as [column, row, slice, time].
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .. import arguments
from ..errors import ReadError, SeriesError, SeriesGapError
from ..formats import first_bytes, recognise
from ..origin import Origin
from ..sides import picture_affine
from ..volume import Volume
from . import mosaic as mosaics
from .arrange import Fault, Problem, Stack, arrange
from .diffusion import gradients
from .evidence import varying
from .faults import naming, without_warnings
from .geometry import frame_affine, normal, resample_even, tilt_degrees
from .header import whole_header
from .mixtures import mixtures
from .pixels import locate, read_frames, stored_type
from .remarks import header_window, notes, window_function
from .scale import Scale, scale_of
from .scaling import shift_whole, value_type
from .series import SeriesInfo, SeriesTable, scan, scan_files
from .split import lacking
from .times import order_in_words, timing
from .values import brightness, frame_values, shown_as

TILT = 0.1  # degrees of shear from which a tilted gantry is told


def _source(given: Any, name: str) -> Any:
    """A path, several, or what `scan` found."""
    if isinstance(given, SeriesInfo):
        return given
    if np.iterable(given) and not isinstance(given, str | bytes | np.ndarray | PathLike):
        return [arguments.path(one, name) for one in given]
    return arguments.path(given, name)


@arguments.checked(source=_source)
def read_series(
    source: str | PathLike[str] | Iterable[str | PathLike[str]] | SeriesInfo,
    series_uid: str | None = None,
    on_gap: str = "error",
    on_duplicate: str = "error",
    on_tilt: str = "keep",
    order: str | None = None,
    mosaic: tuple[int, int] | None = None,
    colour: str = "keep",
) -> Volume:
    """Read one image series as a volume.

    source : folder of any nesting and names, DICOMDIR, list of files, one (multi-frame) file, or a
        `SeriesInfo` of `scan`, whose headers are not read again
    series_uid : SeriesInstanceUID or `SeriesInfo.id`, needed when there is more than one volume
    on_gap : slices missing or unevenly spaced: "error", or "resample" to an even grid by linear
        interpolation between neighbours; time points that lack slices are then left out
    on_duplicate : copies of a slice: "error", or keep the "first" or "last" by file name
    on_tilt : slices sheared by a tilted gantry: "keep" the shear in the affine, or "resample"
    order : "instance" puts repeated positions in the order of InstanceNumber although the headers do
        not prove it; by default such series are refused
    mosaic : (columns, rows), the number of tiles side by side and one below the other, for a Siemens
        mosaic whose private header was removed
    colour : "grey" reads the brightness of colour pictures (ITU-R BT.601), which makes a cine in colour a
        series in time; a volume holds either colour or time
    returns : `Volume`, data [column, row, slice], [..., time] when positions repeat, [..., 3] for
        colour; slices ascend along row x column; affine -> RAS+ mm. Integers stay integers, of the
        smallest type that holds them, when slope and intercept are whole and the same in all
        slices; else float32, float64 from 32-bit pixels on.
    raises : SeriesGapError, SeriesError, GeometryError, ReadError, DecoderError

    A slice may lie 0.02 mm or 2 % of the step off the even grid, whichever is more (of a step
    below 0.08 mm: a quarter). The step is (last position - first position) / (slices - 1);
    SliceThickness is never used for it. Frames at one position are told apart by what their headers
    say (time, b-value, the dimensions of an enhanced object); where nothing does, they are refused.
    """
    _check("on_gap", on_gap, ("error", "resample"))
    _check("on_duplicate", on_duplicate, ("error", "first", "last"))
    _check("on_tilt", on_tilt, ("keep", "resample"))
    _check("order", order, (None, "instance"))
    _check("colour", colour, ("keep", "grey"))
    with without_warnings():
        info = source if isinstance(source, SeriesInfo) else choose(_table(source), series_uid)
        stack = _asked_for(info.stack, info, on_duplicate, order, mosaic)
        _refuse(stack, info, on_gap)
        with naming(stack.first.file.path):
            volume = _read(stack, info, grey=colour == "grey")
        if chosen := _chosen_between(info.stack, stack):
            told = (
                f"Frames with other pixels lay at {len(chosen)} of its places and were left out: "
                f"the {on_duplicate} by file name was read."
            )
            volume = replace(volume, notes=(*volume.notes, told))
        if on_tilt == "resample" and tilt_degrees(stack.spacing, stack.first) > TILT:
            volume = volume.straighten()
    return volume


def _check(name, given, allowed):
    if given not in allowed:
        choice = " or ".join(repr(one) for one in allowed)
        raise SeriesError(f"{name}={given!r} is not known", f"It is {choice}.")


def _asked_for(stack, info, on_duplicate, order, mosaic) -> Stack:
    """The stack as the caller's options want it."""
    if mosaic is not None:
        stack = _cut_up(stack, mosaic)
    if order is not None and stack.places:
        stack = arrange([frame for place in stack.places for frame in place], order)
    if on_duplicate != "error" and stack.has(Fault.COPY, Fault.REPEAT):
        if stack.has(Fault.REPEAT) and min(map(len, stack.places)) > 1:
            copies = _copies([place for place in stack.places if len(place) > 1])
            if not copies:
                return stack  # refused: whole volumes would be thrown away unseen
        stack = stack.without_copies(keep=on_duplicate)
    return stack


def _chosen_between(before, kept) -> list[list]:
    """The places where a frame was left out that is not a copy of the one that was kept."""
    crowded = [list(place) for place in before.places if len(place) > len(kept.volumes)]
    if (
        len(kept.volumes) > 1
    ):  # of a series in time only files with one SOPInstanceUID were left out
        groups = defaultdict(list)
        for frame in (frame for place in crowded for frame in place):
            groups[frame.file.sop_uid, frame.index].append(frame)
        crowded = list(groups.values())
    return [place for place in crowded if not _copies([place])]


def _cut_up(stack, mosaic) -> Stack:
    """A mosaic whose header lost the number of its tiles, cut as the caller says."""
    if not stack.has(Fault.MOSAIC):
        raise SeriesError(
            "is not a mosaic whose number of tiles is unknown",
            "Leave mosaic out.",
            path=stack.first.file.path,
        )
    try:
        across, down = (int(n) for n in mosaic)
    except (TypeError, ValueError):
        across = down = 0
    if min(across, down) < 1:
        raise SeriesError(f"mosaic={mosaic!r} is not a number of tiles", "Pass (columns, rows).")
    tiles = mosaics.Tiles(across, down, across * down)
    whole = [frame for place in stack.places for frame in place]
    with naming(stack.first.file.path):
        return arrange([tile for frame in whole for tile in mosaics.tile_frames(frame, tiles)])


def _table(source) -> SeriesTable:
    if isinstance(source, str | PathLike):
        return scan(source)
    paths = [Path(p) for p in source]
    if not paths:
        raise SeriesError("the list of files is empty", "Pass the files of one series.")
    return scan_files(paths[0].parent, paths)


def choose(table: SeriesTable, wanted: str | None = None) -> SeriesInfo:
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
        known = recognise(first_bytes(table.folder)) if table.folder.is_file() else None
        advice = known.advice if known else "Pass the folder of a series."
        raise SeriesError(f"holds no DICOM image ({reasons})", advice, path=table.folder)
    listed = found or list(table)
    lines = "; ".join(f"{s.id} ({s.split or s.description or s.modality})" for s in listed[:3])
    lines += f"; and {len(listed) - 3} more" if len(listed) > 3 else ""
    fault = f"holds {len(listed)} volumes" if found else f"holds no series {wanted!r}"
    lost = (
        {lacking(s.stack.first) for s in found}
        if len({s.series_uid for s in found}) == 1
        else set()
    )
    if len(lost) == 1 and any(lost):
        fault += f", each a single picture without {lost.pop()}, so they cannot be stacked"
    raise SeriesError(
        fault, f"Choose one with read_series(..., series_uid=ID): {lines}.", path=table.folder
    )


_SOURCE = "Copy the series again from the source"
REMEDIES = {
    Fault.GAP: f'{_SOURCE}, or read_series(..., on_gap="resample") to fill it.',
    Fault.UNEVEN: "See with handson.scan whether all files belong together; read_slice reads single slices.",
    Fault.MIXED: "Pass the files of one part as a list: read_series([...]).",
    Fault.MISSING: f'{_SOURCE}, or read_series(..., on_gap="resample") to leave these out.',
    Fault.COPY: 'They are copies: read_series(..., on_duplicate="first") reads one of each.',
    Fault.REPEAT: "Pass the files of one volume as a list: read_series([...]).",
    Fault.INCOMPLETE: f"Some volumes are incomplete: {_SOURCE.lower()}, or pass the files of one volume.",
    Fault.LINE: "These slices are not a parallel stack: read them one by one with read_slice.",
    Fault.MOSAIC: (
        "If you know how many tiles lie side by side and one below the other: "
        "read_series(..., mosaic=(columns, rows)). read_slice shows the picture as it is."
    ),
    Fault.NO_STEP: "Read it with highdicom, beside the images that it was drawn on.",
}


_BY_INSTANCE = (
    ' If InstanceNumber is known to count the images: read_series(..., order="instance").'
)


def _refuse(stack, info, on_gap):
    """Raise the first problem that the caller's options do not settle, with advice that does no harm."""
    for problem in stack.problems:
        settled = (Fault.GAP, Fault.UNEVEN, Fault.MISSING)
        if problem.fault in settled and on_gap == "resample":
            continue
        if problem.fault is Fault.REPEAT:
            problem = _explained(problem, stack)
        path = info.files[0] if len(info.files) == 1 else info.files[0].parent
        remedy = REMEDIES[problem.fault]
        if problem.fault is Fault.REPEAT and min(map(len, stack.places)) > 1:
            remedy += _BY_INSTANCE
        raise SeriesGapError(problem.text, remedy, path=path)


def _explained(problem, stack) -> Problem:
    """Whether frames at one place are copies, by their pixels; else in which elements they differ."""
    repeated = [place for place in stack.places if len(place) > 1]
    if _copies(repeated):
        return Problem(Fault.COPY, f"{problem.text}: their pixels are equal")
    names = varying(repeated[0])
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
    differ = f"their pixels differ, and so do {told}" if names else "their pixels differ"
    return Problem(Fault.REPEAT, f"{problem.text}; they are not copies: {differ}")


def _copies(places) -> bool:
    """Whether the frames at each place have the same stored pixels."""
    for place in places:
        stored = [_stored(frame) for frame in place]
        if not all(np.array_equal(stored[0], other) for other in stored[1:]):
            return False
    return True


def _stored(frame) -> np.ndarray:
    with naming(frame.file.path):
        source = locate(frame.file.location, frame.file.format, frame.file.number_of_frames)
        (pixels,) = read_frames(source, [0 if frame.file.mosaic else frame.index])
    return mosaics.cut(pixels, frame) if frame.file.mosaic else pixels.copy()


def _read(stack, info, grey=False) -> Volume:
    first = stack.first
    header = whole_header(first.file.path, pixels=False)
    _check_scales(stack)
    try:
        data = _values(stack, header, grey)
    except MemoryError:
        raise ReadError(
            f"needs more memory than there is, for {info.shape} values",
            "Read single slices.",
            path=first.file.path,
        ) from None
    rgb = shown_as(first.file.format) == "RGB" and not grey
    scale = scale_of(first, header)
    affine = _affine(stack, scale)
    told = [*scale.notes, *notes(header, stack.frames), *_stack_notes(stack), *mixtures(stack)]
    if stack.slots is not None:
        data = _with_empty_slices(data, stack)
    if stack.has(Fault.GAP, Fault.UNEVEN):
        data, affine = resample_even(data, affine, stack.positions, stack.normal)
        if rgb:
            data = data.round().astype(np.uint8)
        told.append("Slices were interpolated to an even grid.")
        origin = None  # an interpolated slice is in no file
    else:
        origin = Origin(_frames(stack), affine, affine)
    timed = timing(stack, header)
    weighted = gradients(stack, header)
    return Volume(
        data,
        affine,
        unit=next(filter(None, (one.scaling.known_unit for one in stack.frames)), ""),
        name=info.description,
        modality=info.modality,
        photometric="RGB" if rgb else "MONOCHROME2" if grey else shown_as(first.file.format),
        time_step=timed.step,
        oriented=stack.oriented,
        window=header_window(header, stack.middle),
        window_function=window_function(header, stack.middle),
        notes=(*told, *weighted.notes),
        frame_of_reference=_space(stack),
        scale=scale.stated,
        times=timed.times,
        b_values=weighted.b_values,
        b_vectors=weighted.b_vectors,
        origin=origin,
    )


def _frames(stack) -> tuple:
    """(path, frame) of each slice of each volume; None for the empty slices of a segmentation."""
    slots = stack.slots or range(stack.slices)
    found = []
    for volume in stack.volumes:
        slices: list[tuple[Path, int] | None] = [None] * stack.slices
        for slot, frame in zip(slots, volume, strict=True):
            slices[slot] = frame.file.path, 0 if frame.file.mosaic else frame.index
        found.append(tuple(slices))
    return tuple(found)


def _space(stack) -> str:
    """The FrameOfReferenceUID of all files; "" when they do not share one."""
    spaces = {file.frame_of_reference for file in stack.files}
    return spaces.pop() if len(spaces) == 1 else ""


def _with_empty_slices(data, stack) -> np.ndarray:
    """A segmentation with the slices that its file leaves out because no pixel is marked there."""
    if stack.slices == len(stack.positions):
        return data
    whole = np.zeros((*data.shape[:2], stack.slices, *data.shape[3:]), data.dtype)
    whole[:, :, list(stack.slots)] = data
    return whole


def _check_scales(stack) -> None:
    """Refuse slices without a usable slope among others that have one: what they mean is unknown.

    Pixels of 0 have the same value under every slope, as long as nothing is added.
    """
    scaled = [one.scaling for one in stack.frames if one.scaling.stated]
    if all(how.identity for how in scaled):
        return
    added = any(one.scaling.intercept for one in stack.frames)
    for one in stack.frames:
        if not one.scaling.stated and (added or _stored(one).any()):
            raise ReadError(
                "states no RescaleSlope, or 0, where others of its series state one: what its values "
                "mean is unknown",
                "Look at it with read_slice; read the others as a list: read_series([...]).",
                path=one.file.path,
            )


def _affine(stack, scale: Scale) -> np.ndarray:
    first = stack.first
    depth, placed = first.depth or 1.0, None
    if stack.spacing is not None:
        placed = frame_affine(first, stack.spacing.step)
    elif stack.placed:
        placed = frame_affine(first, normal(first.orientation) * depth)
    if placed is not None:
        return placed
    row, column = scale.spacing or (1.0, 1.0)
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
        told.append(
            "A single slice: its depth is the stated thickness."
            if stack.first.depth
            else "A single slice: no thickness is stated, so its depth of 1 mm means nothing."
        )
    tilt = tilt_degrees(stack.spacing, stack.first)
    if tilt > TILT:
        told.append(
            f"The slices are sheared by {tilt:.1f} degrees (tilted gantry); the affine keeps it."
        )
    if stack.motion is not None:
        told.append(str(stack.motion))
    if len(stack.volumes) > 1:
        told.append(f"Volumes are in the order of: {order_in_words(stack)}.")
    if stack.slots is not None and stack.slices > len(stack.positions):
        left = stack.slices - len(stack.positions)
        told.append(f"{left} slices that the file leaves out hold no marked pixel.")
    if stack.first.file.mosaic and stack.first.file.lost_mosaic:
        told.append(
            "The mosaic was cut as asked; that its slices ascend along row x column is assumed."
        )
    if lost := _lost_parts(stack.files):
        told.append(f"The object was cut into several files, and {lost} is missing.")
    if len({file.frame_of_reference for file in stack.files}) > 1:
        told.append("Its files state several frames of reference; one space was taken for all.")
    return told


def _lost_parts(files) -> str:
    """The parts of a concatenation that are not among the files, "" when all are."""
    here = {(uid, number) for uid, number, _ in filter(None, (file.part for file in files))}
    totals: dict[str, int] = defaultdict(int)
    for uid, number, total in filter(None, (file.part for file in files)):
        totals[uid] = max(totals[uid], number, total or 0)
    lost = [
        f"part {number} of {total}"
        for uid, total in totals.items()
        for number in range(1, total + 1)
        if (uid, number) not in here
    ]
    return ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if lost[3:] else "")


def _values(stack, header, grey) -> np.ndarray:
    """The values of all frames, [column, row, slice], [..., time] or [..., 3]."""
    first = stack.first
    f = first.file.format
    rows, columns = first.traits.rows, first.traits.columns
    source = locate(first.file.location, f, first.file.number_of_frames)
    stored, scalings = _common_type(stack, source), [one.scaling for one in stack.frames]
    coloured = shown_as(f) == "RGB"
    colour = coloured and not grey
    if colour and len(stack.volumes) > 1:
        raise SeriesError(
            "is a series in time in colour, which a volume cannot hold",
            'read_series(..., colour="grey") reads its brightness; read_slice(path, frame=n) single '
            "pictures in colour.",
            path=first.file.path,
        )
    special = coloured or first.scaling.table
    dtype = value_type(stored, scalings)
    if special:
        dtype = np.dtype(np.uint8 if coloured else np.float32)
    out = np.empty((len(scalings), rows, columns) + ((3,) if colour else ()), dtype)
    unscaled = all(s.identity for s in scalings)
    whole = not special and dtype == stored and (unscaled or stored.kind in "iu")
    _fill(stack, out, whole, special, header)
    if whole and not unscaled:
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
        source = locate(file.location, file.format, file.number_of_frames)
        direct = whole and not file.mosaic and stored_type(source) == out.dtype
        if file.mosaic:
            (picture,) = read_frames(source, [0])
            stored = (mosaics.cut(picture, frame) for _, frame in members)
        else:
            targets = [out[place] for place, _ in members] if direct else None
            stored = read_frames(source, [frame.index for _, frame in members], targets)
        about = header
        if special and len(by_file) > 1:
            about = whole_header(file.path, pixels=False)
        for (place, frame), pixels in zip(members, stored, strict=True):
            if special:
                values = frame_values(frame, pixels, about)
                out[place] = brightness(values) if values.ndim > out.ndim - 1 else values
            elif not whole:
                out[place] = frame.scaling.apply(pixels, out.dtype)
            elif not direct:
                out[place] = pixels
            bar.update()
    bar.close()
