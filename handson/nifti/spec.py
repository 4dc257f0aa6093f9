"""What the voxels are and where they lie in the file; what cannot be is refused here.

Knows the header and the length of the file, reads no voxel.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from ..errors import ReadError
from .files import COPY_AGAIN
from .header import HeaderBytes

COMPONENTS = {"real": np.real, "imaginary": np.imag, "magnitude": np.abs, "phase": np.angle}

# Deflate cannot shrink more than 1032 to 1 (zlib.net/feldspar.html): more is a lie. Less can still
# be a bomb: what would fill the memory from a file 200 times smaller belongs unpacked on a disk,
# where it is memory-mapped.
_DEFLATE_LIMIT = 1032
_BOMB_RATIO = 200
_BOMB_BYTES = 640 << 20


@dataclass(frozen=True)
class VoxelSpec:
    """The voxels of a file, as its header states them.

    dtype : as stored, with its byte order
    grid : sizes of i, j, k
    count : volumes along axis 4, of which `volumes` are wanted (None: all)
    vector, index : components along axis 5, and the one wanted
    start : byte of the first voxel
    slope, intercept : real value = slope * stored + intercept
    part : function that makes complex voxels real, or None
    single : whether one volume was asked for, so that the result has three axes
    """

    dtype: np.dtype
    grid: tuple[int, int, int]
    count: int
    volumes: tuple[int, ...] | None
    vector: int
    index: int
    start: int
    slope: float
    intercept: float
    part: object
    single: bool

    @property
    def rgb(self) -> bool:
        return self.dtype.names is not None

    @property
    def squeezed(self) -> bool:
        """Whether the result has no time axis."""
        return self.single or self.count == 1

    @property
    def plain(self) -> bool:
        """Whether the stored bytes are the result, so that they can be mapped."""
        unscaled = (self.slope, self.intercept) == (1, 0) and self.part is None
        return unscaled and not self.rgb and self.dtype.isnative

    @property
    def block(self) -> int:
        """Bytes of one volume."""
        return prod(self.grid) * self.dtype.itemsize

    @property
    def offset(self) -> int:
        """Byte of the first voxel of the component wanted."""
        return self.start + self.index * self.count * self.block

    @property
    def end(self) -> int:
        """Byte after the last voxel of all."""
        return self.start + self.vector * self.count * self.block


def voxel_spec(
    stored: HeaderBytes,
    header: nib.Nifti1Header,
    volumes: int | slice | Iterable[int] | None,
    component: int | str | None,
    path: Path,
) -> VoxelSpec:
    """Read the header's fields, and refuse those that no image has."""
    sizes = _sizes(stored, header, path)
    dtype = _dtype(stored, header, path)
    count, vector = sizes[3:5]
    if max(sizes[5:]) > 1:
        raise ReadError(
            f"has the sizes {' x '.join(map(str, sizes))}; a Volume has up to four axes",
            "Read it with nibabel.load and pick what you need.",
            path=path,
        )
    part, index = _component(dtype, vector, component, path)
    wanted = _wanted(volumes, count, path)
    slope, intercept = (1.0, 0.0) if dtype.names else _scaling(stored, path)
    found = VoxelSpec(
        dtype=dtype,
        grid=sizes[:3],
        count=count,
        volumes=wanted,
        vector=vector,
        index=index,
        start=_start(stored, path),
        slope=slope,
        intercept=intercept,
        part=part,
        single=isinstance(volumes, int | np.integer),
    )
    if found.rgb and (count if wanted is None else len(wanted)) > 1:
        raise ReadError(
            f"holds {count} colour volumes; a Volume holds one",
            "Read one of them: read_nifti(path, volumes=0).",
            path=path,
        )
    return found


def structured(stored: HeaderBytes, path: Path) -> nib.Nifti1Header:
    """nibabel's header over the stored bytes, its own corrections switched off."""
    if stored.version:
        kind = nib.Nifti1Header if stored.version == 1 else nib.Nifti2Header
        return kind(stored.raw, stored.byte_order, check=False)
    if len(stored.raw) == 540:
        raise ReadError("is NIfTI-2 with a damaged magic", COPY_AGAIN, path=path)
    raise ReadError(
        "is Analyze 7.5, or its NIfTI magic is damaged: it does not state the patient's sides",
        "If you know how it was written: nibabel.save(nibabel.load(path), 'out.nii'), and check "
        "left and right.",
        path=path,
    )


def _sizes(stored, header, path):
    """Seven sizes of 1 or more; a size of 0 within the dim[0] that are stated is refused."""
    shape = header.get_data_shape() if 1 <= stored["dim"][0] <= 7 else (0,)
    if min(shape) < 1:
        stated = " ".join(map(str, stored["dim"]))
        raise ReadError(f"states sizes that no image has: dim = {stated}", COPY_AGAIN, path=path)
    return tuple(int(n) for n in shape) + (1,) * (7 - len(shape))


def _dtype(stored, header, path):
    """The datatypes of nifti1.h but bits and 128-bit floats, which few machines hold alike."""
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError):
        dtype = np.dtype("V")
    whole = dtype.names is not None or (dtype.kind in "iuf" and dtype.itemsize <= 8)
    if whole or (dtype.kind == "c" and dtype.itemsize <= 16):
        return dtype
    raise ReadError(
        f"states the datatype {stored['datatype']}, which cannot be read",
        "Its header is damaged, or its voxels are bits or 128-bit numbers: read it with the program "
        "that wrote it.",
        path=path,
    )


def _component(dtype, vector, component, path):
    """(function for complex voxels or None, index along axis 5)"""
    is_complex, is_index = dtype.kind == "c", isinstance(component, int | np.integer)
    if is_complex and vector > 1:
        raise ReadError("holds complex vectors", "Read it with nibabel.load.", path=path)
    if is_complex:
        if component in COMPONENTS:
            return COMPONENTS[component], 0
        what = "holds complex numbers" + (component is not None) * f", without a {component!r}"
        choice = ", ".join(f'"{name}"' for name in COMPONENTS)
        raise ReadError(what, f"Choose component= one of {choice}.", path=path)
    if is_index and 0 <= component < vector:
        return None, int(component)
    if vector == 1 and component is None:
        return None, 0
    what = (
        f"holds {vector} components per voxel, along axis 5"
        if vector > 1
        else "holds one number per voxel"
    )
    asked = "" if component is None else f", not {component!r}"
    remedy = f"Choose component=0 to {vector - 1}." if vector > 1 else "Leave component out."
    raise ReadError(what + asked, remedy, path=path)


def _wanted(volumes, count, path):
    if volumes is None:
        return None
    if isinstance(volumes, slice):
        volumes = range(count)[volumes]
    wanted = (volumes,) if isinstance(volumes, int | np.integer) else tuple(volumes)
    if not wanted or any(not 0 <= v < count for v in wanted):
        raise ReadError(
            f"has the volumes 0 to {count - 1}, and others were asked for: {list(wanted)}",
            "Pass volumes= a number, a range, a slice or a list of them.",
            path=path,
        )
    return tuple(int(v) for v in wanted)


def _start(stored, path):
    """nifti1.h: a single file has its voxels behind the header and the 4 bytes that announce extensions."""
    start = stored["vox_offset"]
    least = len(stored.raw) + 4 if stored.single else 0
    if not (np.isfinite(start) and start == int(start) and start >= least):
        raise ReadError(
            f"puts its voxels at byte {start:g} (vox_offset), where they cannot be",
            "Its header is damaged: copy it again from the source.",
            path=path,
        )
    return int(start)


def _scaling(stored, path):
    """nifti1.h: a slope of 0 means no scaling; some programs write NaN for it."""
    slope, intercept = stored["scl_slope"], stored["scl_inter"]
    if slope == 0 or not np.isfinite(slope):
        return 1.0, 0.0
    if not np.isfinite(intercept):
        raise ReadError(
            f"states the slope {slope:g} and the intercept {intercept}: no value can be known",
            "Ask for the file again, or set scl_inter with nibabel if you know it.",
            path=path,
        )
    return slope, intercept


def refuse_the_impossible(spec: VoxelSpec, size: int, packed: bool, path: Path) -> None:
    """Sizes that a file of `size` bytes cannot hold are refused before memory is taken for them."""
    capacity = size * _DEFLATE_LIMIT if packed else size
    if spec.end > capacity:
        raise ReadError(
            f"needs {spec.end:,} bytes for the sizes in its header and holds "
            f"{'at most ' * packed}{capacity:,}",
            "It was cut short or its header is damaged: copy it again from the source.",
            path=path,
        )
    wanted = spec.count if spec.volumes is None else len(spec.volumes)
    memory = wanted * spec.block
    if not spec.plain:
        memory += wanted * prod(spec.grid) * max(spec.dtype.itemsize, 4)
    if packed and memory > _BOMB_BYTES and spec.end > _BOMB_RATIO * size:
        raise ReadError(
            f"of {size:,} bytes would unpack to {spec.end:,}, as a gzip bomb does",
            "If you trust it, unpack it with gunzip: an unpacked file is memory-mapped.",
            path=path,
        )
