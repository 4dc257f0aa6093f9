"""From the bytes of a file to real values: mapped where possible, checked where packed.

Stands on nibabel's array reader and on gzip; knows nothing of where the voxels are in the patient.
"""

import os
from math import prod
from pathlib import Path

import numpy as np
from nibabel.volumeutils import array_from_file

from ..errors import ReadError, counted
from ..integers import integer_type
from .files import COPY_AGAIN, Stream, is_packed
from .spec import VoxelSpec, refuse_the_impossible

_TRAILING = 64 << 20  # bytes after the voxels that are still unpacked to reach the checksum
_PIECE = 1 << 20  # bytes unpacked at a time
_BLOCK = 1 << 18  # voxels scaled at a time, so that no float64 copy of the volume is ever made


def read_voxels(stream: Stream, path: Path, spec: VoxelSpec, notes: list[str]) -> np.ndarray:
    """The array asked for: [i, j, k], [i, j, k, t] or [i, j, k, 3], in real values."""
    size = os.path.getsize(path)
    refuse_the_impossible(spec, size, is_packed(stream), path)
    if is_packed(stream):
        raw = _unpack(stream, path, spec)
        extra = _verify_to_the_end(stream, path, spec)
    else:
        raw = _mapped(stream, spec)
        extra = size - spec.end
    if extra:
        notes.append(f"Ignored {counted(extra, 'byte')} after its voxels.")
    if spec.squeezed:
        raw = raw[..., 0]
    if spec.rgb:
        if "A" in (spec.dtype.names or ()):
            notes.append("The alpha channel of its RGBA voxels was left out.")
        colour = np.stack([raw[name] for name in "RGB"], axis=-1)
        return colour if colour.ndim == 4 else colour[..., 0, :]
    return raw if spec.plain else _real_values(raw, spec)


def _mapped(stream, spec):
    """[i, j, k, t], mapped: what is not looked at is never loaded."""
    shape = (*spec.grid, spec.count)
    raw = array_from_file(shape, spec.dtype, stream, spec.offset, order="F", mmap="r")
    if spec.volumes is None:
        return raw
    if spec.single:
        return raw[..., spec.volumes[0] : spec.volumes[0] + 1]
    return raw[..., list(spec.volumes)]


def _unpack(stream, path, spec):
    """[i, j, k, t], each volume asked for inflated once, in the order of the file."""
    if spec.volumes is None:
        return _inflate(stream, path, spec.dtype, (*spec.grid, spec.count), spec.offset)
    raw = np.empty((*spec.grid, len(spec.volumes)), spec.dtype, order="F")
    for at in np.argsort(spec.volumes, kind="stable"):
        offset = spec.offset + spec.volumes[at] * spec.block
        raw[..., at] = _inflate(stream, path, spec.dtype, spec.grid, offset)
    return raw


def _inflate(stream, path, dtype, shape, offset):
    """In pieces: `GzipFile` fills a buffer by way of another one as large."""
    data = np.empty(prod(shape) * dtype.itemsize, np.uint8)
    stream.seek(offset)
    filled = 0
    while filled < data.size:
        piece = stream.read(min(_PIECE, data.size - filled))
        if not piece:
            raise ReadError(
                "unpacks to less than the sizes in its header need", COPY_AGAIN, path=path
            )
        data[filled : filled + len(piece)] = memoryview(piece)
        filled += len(piece)
    return np.ndarray(shape, dtype, buffer=data, order="F")


def _verify_to_the_end(stream, path, spec) -> int:
    """gzip keeps its checksum behind the data: only a reader that goes there notices damage.

    returns : number of bytes after the last voxel of the file
    """
    while stream.read(_PIECE):
        if stream.tell() > spec.end + _TRAILING:
            raise ReadError(
                f"goes on for {_TRAILING >> 20} MiB after its voxels, as a gzip bomb does",
                "If you trust it, unpack it with gunzip: an unpacked file is memory-mapped.",
                path=path,
            )
    return stream.tell() - spec.end


@np.errstate(over="ignore", invalid="ignore")  # NaN and infinity are values like others
def _real_values(raw, spec):
    """slope * stored + intercept, in blocks of float64 (or whole numbers of 64 bits)."""
    dtype = _result_dtype(raw, spec)
    wide = np.dtype(np.int64 if dtype.kind in "iu" else np.float64)
    wide = wide if spec.part is None else np.dtype(np.complex128)
    slope, intercept = wide.type(spec.slope), wide.type(spec.intercept)
    out = np.empty(raw.shape, dtype, order="F")
    source, target = raw.reshape(-1, order="F"), out.reshape(-1, order="F")
    for begin in range(0, source.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        values = source[block]
        if (slope, intercept) != (1, 0):
            values = values.astype(wide) * slope + intercept
        target[block] = values if spec.part is None else spec.part(values)
    return out


def _result_dtype(raw, spec):
    """Whole slope and intercept keep integers; else float32, and float64 from 32 bits on."""
    stored = raw.dtype.newbyteorder("=")
    slope, intercept = spec.slope, spec.intercept
    if spec.part is not None:
        return np.dtype(np.float32 if stored.itemsize == 8 else np.float64)
    if (slope, intercept) == (1, 0):
        return stored
    ends = _ends(raw, slope, intercept)
    if stored.kind in "iu" and slope == int(slope) and intercept == int(intercept):
        dtype = integer_type(stored, *ends)
        if dtype is not None and dtype != np.uint64:  # they are reckoned in int64
            return dtype
    wide = stored.itemsize > 4 or (stored.kind in "iu" and stored.itemsize == 4)
    too_large = max(map(abs, ends)) > float(np.finfo(np.float32).max)
    return np.dtype(np.float64 if wide or too_large else np.float32)


def _ends(raw, slope, intercept):
    """(lowest, highest) real value, as exact as Python's numbers; of the type where it is enough."""
    whole = slope == int(slope) and intercept == int(intercept)
    if raw.dtype.kind in "iu" and not whole:
        ends = np.iinfo(raw.dtype).min, np.iinfo(raw.dtype).max
    else:
        ends = np.fmin.reduce(raw, axis=None).item(), np.fmax.reduce(raw, axis=None).item()
    if whole:
        slope, intercept = int(slope), int(intercept)
    return sorted(end * slope + intercept for end in ends)
