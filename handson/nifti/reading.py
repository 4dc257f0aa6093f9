"""`read_nifti`: header, voxels and place of one file, or of a pair, as a `Volume`."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np

from .. import arguments
from ..errors import ReadError
from ..volume import Volume
from .axis4 import Axis4, axis4_of
from .files import content, header_file, other_half, reading, stem
from .geometry import affine_of
from .header import read_header
from .spec import structured, voxel_spec
from .voxels import read_voxels


@arguments.checked(path=arguments.path, volumes=arguments.indices)
def read_nifti(
    path: str | PathLike[str],
    *,
    volumes: int | slice | Iterable[int] | None = None,
    component: str | int | None = None,
) -> Volume:
    """Read a NIfTI-1 or NIfTI-2 file: single or .hdr/.img pair, packed or not, either byte order.

    path : told by content, not by name
    volumes : which volumes of a 4-D file, counted from 0: one number gives a 3-D Volume; a range,
        slice or list a 4-D one. Only these are kept in memory
    component : "real", "imaginary", "magnitude" or "phase" of complex voxels; a number for one
        component of vectors (axis 5)

    returns : `Volume`. Integers stay integers while slope and intercept are whole numbers; scaled
    values are float32, float64 for 32-bit integers and more. Axes of length 1 after the third go.
    An unpacked file without scaling is memory-mapped, so that slicing a 4-D file loads that part
    only: do not overwrite it in place meanwhile (`write_nifti` replaces it safely).

    `time_step` is that of the volumes that were asked for: with `volumes=slice(None, None, 5)` it is
    five times the header's. A `.bval` file beside the image says that axis 4 is not time; its
    numbers become `b_values`, those of a `.bvec` `b_vectors`.

    The affine is the sform if `sform_code` > 0, else the qform if `qform_code` > 0, as nibabel
    chooses; a transform that is singular or absurd counts as absent. With neither, it is
    nibabel's fallback and `oriented` is False: no side is stated. Metres and microns become mm.
    `notes` say all of this, and where sform and qform disagree.

    raises : ReadError: not NIfTI, Analyze 7.5, truncated, failing its gzip checksum, sizes that the
    file cannot hold, complex or vector voxels without `component`.
    """
    given = Path(path)
    path = header_file(given)
    notes: list[str] = []
    with reading(path), content(path) as stream:
        stored = read_header(stream, path)
        header = structured(stored, path)
        voxels = voxel_spec(stored, header, volumes, component, path)
        if stored.single:
            data = read_voxels(stream, path, voxels, notes)
    if not stored.single:
        data = _read_image_file(given, path, voxels, notes)
    affine, oriented, scale = affine_of(stored, header, voxels.grid, notes)
    axis4 = Axis4()
    if data.ndim == 4 and not voxels.rgb:
        wanted = range(voxels.count) if voxels.volumes is None else voxels.volumes
        axis4 = axis4_of(stored, given.with_name(stem(given)), affine, voxels.count, wanted, notes)
    if given.with_name(f"{stem(given)}.mat").exists():
        notes.append("A .mat file, as SPM writes, lies beside it and was not used.")
    return Volume(
        data,
        affine,
        name=stem(given),
        photometric="RGB" if voxels.rgb else "MONOCHROME2",
        oriented=oriented,
        window=_window(stored),
        notes=tuple(dict.fromkeys(notes)),
        scale=scale,
        **vars(axis4),
    )


def _read_image_file(given, header_path, voxels, notes):
    path = given if given != header_path else other_half(header_path, ".img")
    if path is None:
        raise ReadError(
            "is the header of a pair, and its .img file is not beside it",
            "Copy both files into one folder.",
            path=header_path,
        )
    with reading(path), content(path) as stream:
        return read_voxels(stream, path, voxels, notes)


def _window(stored):
    """(centre, width) of cal_min to cal_max, the display range of nifti1.h; None when unset."""
    low, high = stored["cal_min"], stored["cal_max"]
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        return None
    return ((low + high) / 2, high - low)
