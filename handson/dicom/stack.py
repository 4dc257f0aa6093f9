"""`read_series`: a folder, some files or a scanned series become one `Volume`, or one clear refusal.

Only positions decide the order of slices and the step between them. The pixels of all slices are
read into one array, [time, slice, row, column] in memory, and handed out as [column, row, slice, time].
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
from tqdm import tqdm

from ..errors import ReadError, SeriesError, SeriesGapError
from ..volume import Volume, picture_affine
from .geometry import frame_affine, normal
from .header import number, quiet
from .picture import header_window
from .pixels import fill, locate
from .scaling import apply, stored_type, value_type
from .series import SeriesInfo, scan, scan_files


def read_series(
    source, series_uid=None, on_gap="error", on_duplicate="error", on_tilt="keep"
) -> Volume:
    """Read one image series as a volume.

    source : folder of any nesting and names, list of files, one (multi-frame) file, or a
        `SeriesInfo` of `scan`, whose headers are not read again
    series_uid : SeriesInstanceUID or `SeriesInfo.id`, needed when there is more than one volume
    on_gap : slices missing or unevenly spaced: "error", or "resample" to an even grid by linear
        interpolation between neighbours
    on_duplicate : several slices at one place: "error", or "first" / "last" by file name
    on_tilt : slices sheared by a tilted gantry: "keep" the shear in the affine, or "resample"
    returns : `Volume`, data [column, row, slice], [..., time] when positions repeat, [..., 3] for
        colour; slices ascend along row x column; affine -> RAS+ mm. Whole numbers stay integers
        when slope and intercept are whole and the same in all slices; float32 otherwise, float64
        from 32-bit pixels.
    raises : SeriesGapError, SeriesError, GeometryError, ReadError, DecoderError

    A slice may lie 0.02 mm or 2 % of the step off the even grid, whichever is more. The step is
    (last position - first position) / (slices - 1); SliceThickness is never used for it.
    """
    info = source if isinstance(source, SeriesInfo) else _choose(source, series_uid)
    _accept(info, {"gap": on_gap, "duplicate": on_duplicate})
    with quiet():
        return _read(info, on_gap)


def _choose(source, wanted) -> SeriesInfo:
    if isinstance(source, str | Path):
        path = Path(source)
        table = scan_files(path, [path]) if path.is_file() else scan(path)
    else:
        paths = [Path(p) for p in source]
        if not paths:
            raise SeriesError("the list of files is empty", "Pass the files of one series.")
        table = scan_files(paths[0].parent, paths)
    return choose(table, wanted)


def choose(table, wanted=None) -> SeriesInfo:
    """The one series of a table that is meant, or an error that lists them."""
    damaged = [s for s in table.skipped if s.damaged]
    if damaged and wanted is None:
        raise ReadError(
            damaged[0].reason
            + (f"; {len(damaged) - 1} more files are damaged" if damaged[1:] else ""),
            "Copy it again or take it away; scan(folder) lists all, and its series can be read.",
            path=damaged[0].path,
        )
    found = [s for s in table if wanted is None or wanted in (s.id, s.series_uid)]
    if len(found) == 1:
        return found[0]
    if not found and wanted is None:
        reasons = "; ".join(f"{s.path.name} {s.reason}" for s in table.skipped[:3])
        raise SeriesError(
            f"holds no DICOM image ({reasons})", "Pass another folder.", path=table.folder
        )
    listed = found or list(table)
    lines = "; ".join(
        f"{s.id} ({s.description or s.modality}, {s.split or s.shape})" for s in listed[:12]
    )
    fault = f"holds {len(listed)} volumes" if found else f"holds no series {wanted!r}"
    raise SeriesError(
        f"{fault}: {lines}", "Choose one: read_series(..., series_uid=ID).", path=table.folder
    )


def _accept(info, options):
    for problem in info.stack.problems:
        if options.get(problem.kind, "error") == "error":
            raise SeriesGapError(problem.text, "Copy the series again.", path=_folder(info))


def _folder(info) -> Path:
    return info.files[0] if len(info.files) == 1 else info.files[0].parent


def _read(info, on_gap) -> Volume:
    stack = info.stack
    first = stack.first
    header = pydicom.dcmread(first.file.path, stop_before_pixels=True, force=True)
    data, photometric = _pixels(stack)
    return Volume(
        data,
        _affine(stack, header),
        unit=first.scaling.unit,
        name=info.description,
        modality=info.modality,
        photometric=photometric,
        oriented=bool(first.position and first.orientation and first.spacing),
        window=header_window(header),
    )


def _affine(stack, header) -> np.ndarray:
    first = stack.first
    if stack.spacing is not None:
        return frame_affine(first, stack.spacing.step)
    depth = number(header, "SpacingBetweenSlices") or number(header, "SliceThickness") or 1.0
    if first.position and first.orientation and first.spacing:
        return frame_affine(first, normal(first.orientation) * depth)
    row, column = first.spacing or (1.0, 1.0)
    return picture_affine((column, row, depth))


def _pixels(stack):
    """The values of all frames, [column, row, slice(, time | sample)], and their photometric interpretation."""
    first = stack.first
    f = first.file.format
    times, slices = len(stack.volumes), len(stack.volumes[0])
    by_file = defaultdict(list)
    for place, frame in enumerate(stack.frames):
        by_file[frame.file].append((place, frame))
    source = locate(first.file.path, f, first.file.frames)
    dtype = value_type(f, source.kind, [frame.scaling for frame in stack.frames])
    stored = stored_type(f, source.kind)
    out = np.empty((times * slices, f.rows, f.columns), dtype)
    for file, members in tqdm(
        by_file.items(), desc="reading pixels", unit="file", delay=2, leave=False
    ):
        source = locate(file.path, file.format, file.frames)
        for place, frame in members:
            target = out[place : place + 1]
            same = dtype == stored
            buffer = target if same else np.empty(target.shape, stored)
            fill(buffer, source, [frame.index])
            if not (same and frame.scaling.identity):
                target[...] = apply(buffer, frame.scaling, dtype)
    out = out.reshape(times, slices, f.rows, f.columns)
    return (out[0].T if times == 1 else out.transpose(3, 2, 1, 0)), f.photometric
