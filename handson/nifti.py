"""NIfTI files: read right, written whole, and shown as they are stored.

The header is read here byte by byte for two purposes only: to tell the truth about the file, and
to refuse one that cannot be what it says before any memory is taken for it. Everything else stands
on nibabel: the header's structure, its quaternions, its array reader and its writer. Nothing here
draws, and no other format is read.

The standard is `nifti1.h` (NIfTI-1.1, 2007) and `nifti2.h` (2011), nifti.nimh.nih.gov.
"""

import gzip
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine, from_matvec, to_matvec
from nibabel.spatialimages import HeaderDataError
from nibabel.volumeutils import array_from_file

from .errors import HandsonError, ReadError, WriteError
from .volume import Volume

COMPONENTS = {"real": np.real, "imaginary": np.imag, "magnitude": np.abs, "phase": np.angle}
SPACES = ("scanner", "aligned", "talairach", "mni", "template")  # xform codes 1 to 5
SUFFIXES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")

_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units & 7: unknown, metre, mm, micron
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}  # xyzt_units & 56
_OTHER_AXES = {32: "Hz", 40: "ppm", 48: "rad/s"}
# Deflate cannot shrink more than 1032 to 1. A file that large in memory and that small on disk is
# refused well before that: unpacked on disk it would be memory-mapped instead.
_DEFLATE_LIMIT = 1032
_BOMB_BYTES, _BOMB_RATIO = 640 << 20, 200
_FOREIGN = (
    (128, b"DICM", "a DICOM file", "Read it with handson.read_slice or handson.open."),
    (0, b"BZh", "packed by bzip2", "Unpack it with bunzip2 first."),
    (0, b"\x28\xb5\x2f\xfd", "packed by zstandard", "Unpack it with unzstd first."),
    (0, b"PK\x03\x04", "a zip archive", "Unpack it first."),
    (0, b"NRRD", "an NRRD file", "Read it with SimpleITK, or convert it in 3D Slicer."),
    (0, b"\x89HDF", "an HDF5 file (MINC 2 is one)", "Read it with nibabel.load or h5py."),
    (0, b"CDF", "a netCDF file (MINC 1 is one)", "Read it with nibabel.load."),
)


# --- the header as the file holds it --------------------------------------------------------------


@dataclass(frozen=True)
class HeaderField:
    """One field: where it is, how it is stored, what it holds.

    offset, size : bytes from the start of the file, and bytes
    format : NumPy's type string with the file's byte order, such as "<i2"
    value : a number, a text or a tuple of numbers
    """

    name: str
    offset: int
    size: int
    format: str
    value: object


@dataclass(frozen=True)
class HeaderBytes:
    """A NIfTI header as it is on disk, nothing corrected or left out.

    raw : the 348 bytes of a NIfTI-1 (or Analyze) header, the 540 of a NIfTI-2
    version : 1, 2, or 0 where the magic is missing (Analyze 7.5)
    byte_order : "little" or "big"
    fields : in the order of the file; `header["dim"]` is the value of one of them
    """

    raw: bytes
    version: int
    byte_order: str
    fields: tuple[HeaderField, ...]

    def __getitem__(self, name):
        for field in self.fields:
            if field.name == name:
                return field.value
        raise KeyError(name)

    def __iter__(self) -> Iterator[HeaderField]:
        return iter(self.fields)

    def __len__(self):
        return len(self.fields)

    def __str__(self):
        rows = [("offset", "type", "field", "value")]
        rows += [(f"{f.offset}", f.format, f.name, _shown(f.value)) for f in self.fields]
        return "\n".join(f"{o:>6}  {t:<6} {n:<15} {v}".rstrip() for o, t, n, v in rows)

    def __repr__(self):
        kind = f"NIfTI-{self.version}" if self.version else "no NIfTI magic"
        return f"HeaderBytes({len(self.raw)} bytes, {kind}, {self.byte_order} endian)"

    def _repr_html_(self):
        from html import escape

        rows = "".join(
            f"<tr><td>{f.offset}</td><td><code>{escape(f.format)}</code></td>"
            f"<th scope='row'>{f.name}</th><td>{escape(_shown(f.value))}</td></tr>"
            for f in self.fields
        )
        heads = "".join(
            f"<th scope='col'>{name}</th>" for name in ("offset", "type", "field", "value")
        )
        return f"<table><caption>{self!r}</caption><tr>{heads}</tr>{rows}</table>"


def _shown(value):
    if isinstance(value, tuple):
        return " ".join(_shown(v) for v in value)
    return f"{value:.8g}" if isinstance(value, float) else repr(value)


def header_bytes(path) -> HeaderBytes:
    """The values that the header of a NIfTI file holds on disk, before any reader touched them.

    path : .nii, .nii.gz, .hdr, or the .img beside its .hdr; told by content, not by name
    returns : `HeaderBytes`; `["scl_slope"]` gives one value, `.raw` the bytes, `print` a table

    nibabel shows other values after loading: `vox_offset` 0, `scl_slope` nan. An Analyze 7.5 header
    is shown with NIfTI's names, which share most of its offsets. Raises `ReadError`.
    """
    path = _header_path(Path(path))
    with _reading(path), _content(path) as stream:
        return _read_header(stream, path)


def _read_header(stream, path) -> HeaderBytes:
    raw = stream.read(540)
    for order in ("little", "big"):
        size = int.from_bytes(raw[:4], order)
        if size in (348, 540) and len(raw) >= 4:
            break
    else:
        raise _not_nifti(raw, path)
    if len(raw) < size:
        raise ReadError(
            f"ends after {len(raw)} bytes; its header alone has {size}",
            "Copy it again from the source.",
            path=path,
        )
    raw = raw[:size]
    layout = (nib.Nifti1Header if size == 348 else nib.Nifti2Header).template_dtype
    stored = np.frombuffer(raw, layout.newbyteorder(order))[0]
    fields = tuple(
        HeaderField(
            name,
            layout.fields[name][1],
            layout[name].itemsize,
            stored.dtype[name].base.str,
            _plain(stored[name]),
        )
        for name in layout.names
    )
    magic = raw[344:348] if size == 348 else raw[4:12]
    known = {b"n+1\0": 1, b"ni1\0": 1, b"n+2\0\r\n\x1a\n": 2, b"ni2\0\r\n\x1a\n": 2}
    return HeaderBytes(raw, known.get(magic, 0), order, fields)


def _plain(value):
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    value = value.item()
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _not_nifti(raw, path) -> ReadError:
    for offset, magic, what, remedy in _FOREIGN:
        if raw[offset : offset + len(magic)] == magic:
            return ReadError(f"is not NIfTI but {what}", remedy, path=path)
    if raw[344:347] in (b"n+1", b"ni1") or raw[4:7] in (b"n+2", b"ni2"):
        return ReadError(
            "has NIfTI's magic, but its first field is neither 348 nor 540: the header is damaged",
            "Copy it again from the source.",
            path=path,
        )
    return ReadError(
        "is not a NIfTI file: it does not begin with a header of 348 or 540 bytes",
        "Pass a .nii, .nii.gz or .hdr file; handson.open finds out what a file is.",
        path=path,
    )


# --- files and streams ----------------------------------------------------------------------------


@contextmanager
def _reading(path):
    """Whatever goes wrong while reading becomes one ReadError that names the file."""
    again = "Copy it again from the source."
    try:
        yield
    except HandsonError:
        raise
    except EOFError:
        raise ReadError("ends in the middle of its compressed data", again, path=path) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(
            f"is damaged: its compressed data fail their own check ({error})", again, path=path
        ) from None
    except MemoryError:
        raise ReadError(
            "does not fit into the memory of this machine",
            "Read some of its volumes: read_nifti(path, volumes=range(10)).",
            path=path,
        ) from None
    except OSError as error:
        raise ReadError(
            f"cannot be read ({error.strerror or error})",
            "Check its name, the drive and your permission to read it.",
            path=path,
        ) from None


@contextmanager
def _content(path):
    """The bytes of a file, unpacked where they begin as gzip does, whatever the file is called."""
    with open(path, "rb", opener=_open_regular) as file:
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            yield file
            return
        file.seek(0)
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            yield unpacked


def _open_regular(path, flags):
    """Open without waiting: a pipe or a device would never end, or never begin."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise ReadError("is a folder, not a NIfTI file", "handson.open reads folders.", path=path)
    raise ReadError("is a device, a pipe or a socket, not a file", "Pass a file.", path=path)


def _beside(path, wanted):
    """The other half of a pair, packed or not, in the case of the half that was given."""
    name = path.name
    stem = name[:-3] if name.lower().endswith(".gz") else name
    stem, suffix = stem[:-4], stem[-4:]
    if suffix.lower() not in (".hdr", ".img"):
        return None
    wanted = wanted.upper() if suffix.isupper() else wanted
    for candidate in (stem + wanted, stem + wanted + ".gz", stem + wanted + ".GZ"):
        if path.with_name(candidate).exists():
            return path.with_name(candidate)
    return None


def _header_path(path):
    """The file that holds the header: the .hdr of a pair, else the file itself."""
    if ".img" not in (path.suffix.lower(), Path(path.stem).suffix.lower()):
        return path
    return _beside(path, ".hdr") or path


# --- reading --------------------------------------------------------------------------------------


def read_nifti(path, *, volumes=None, component=None) -> Volume:
    """Read a NIfTI-1 or NIfTI-2 file: single or .hdr/.img pair, packed or not, either byte order.

    path : told by content, not by name
    volumes : which volumes of a 4-D file, counted from 0: one number gives a 3-D Volume, a range,
        slice or list a 4-D one. Only these are kept in memory
    component : "real", "imaginary", "magnitude" or "phase" of complex voxels; a number for one
        component of vectors (axis 5)

    returns : `Volume`. Integers stay integers while slope and intercept are whole numbers; scaled
    values are float32, float64 for 32-bit and larger. Unpacked files without scaling are
    memory-mapped, so slicing a 4-D file loads that part only; do not overwrite such a file in
    place while the volume is in use (`write_nifti` replaces it safely). RGBA loses its alpha.

    Affine, as nibabel chooses it: sform if `sform_code` > 0, else qform if `qform_code` > 0, else
    nibabel's fallback with `oriented=False`, for then no side is stated. A transform that cannot be
    used (singular, not finite) counts as absent. Metres and microns become mm. `notes` say all of
    this, and where sform and qform disagree.

    Raises `ReadError`: not NIfTI, Analyze 7.5, truncated, failing its gzip checksum, sizes that the
    file cannot hold, complex or vector voxels without `component`.
    """
    given = Path(path)
    path = _header_path(given)
    notes = []
    with _reading(path), _content(path) as stream:
        stored = _read_header(stream, path)
        header = _checked(stored, path)
        single = bytes(stored["magic"], "latin-1")[1:2] == b"+"
        layout = _Layout.of(stored, header, volumes, component, path, notes)
        if single:
            data = _read_voxels(stream, path, layout, notes)
    if not single:
        image_path = given if given != path else _beside(path, ".img")
        if image_path is None:
            raise ReadError(
                "is the header of a pair, and its .img file is not beside it",
                "Copy both files of the pair into one folder.",
                path=path,
            )
        with _reading(image_path), _content(image_path) as stream:
            data = _read_voxels(stream, image_path, layout, notes)
    affine, oriented = _affine(stored, header, layout.grid, notes)
    if given.with_suffix("").with_suffix(".mat").exists():
        notes.append("A .mat file of SPM lies beside it and was ignored.")
    return Volume(
        data,
        affine,
        name=_stem(given),
        photometric="RGB" if layout.rgb else "MONOCHROME2",
        time_step=_time_step(stored, notes) if data.ndim == 4 and not layout.rgb else None,
        oriented=oriented,
        window=_window(stored),
        notes=tuple(notes),
    )


def _stem(path):
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem


def _checked(stored, path):
    """nibabel's header over the stored bytes, once the file is NIfTI and its numbers make sense."""
    if not stored.version:
        raise ReadError(
            "is Analyze 7.5, not NIfTI: it does not state which side of the patient is left",
            "If you know how it was written, convert it: nibabel.save(nibabel.load(path), "
            "'out.nii'), then check the sides.",
            path=path,
        )
    kind = nib.Nifti1Header if stored.version == 1 else nib.Nifti2Header
    return kind(stored.raw, stored.byte_order, check=False)


@dataclass(frozen=True)
class _Layout:
    """What the voxels are and where they lie in the file."""

    dtype: np.dtype  # as stored, with byte order
    grid: tuple[int, int, int]
    frames: tuple[int, ...] | None  # volumes asked for; None: all of `count`
    count: int
    squeeze: bool  # a 3-D result
    offset: int  # of the first voxel of the component asked for
    end: int  # of all voxels of the file
    scaling: tuple[float, float]
    rgb: bool
    part: object  # function that makes complex voxels real

    @classmethod
    def of(cls, stored, header, volumes, component, path, notes):
        dims = _dims(stored, header, path, notes)
        dtype = _dtype(header, path)
        grid, (count, vector, *more) = dims[:3], dims[3:]
        if max(more) > 1:
            raise ReadError(
                f"has {6 + (more[1] > 1)} axes; a Volume has up to four",
                "Read it with nibabel.load and pick what you need.",
                path=path,
            )
        part, index = _component(dtype, vector, component, path)
        rgb = dtype.names is not None
        frames, squeeze = _frames(volumes, count, path)
        if rgb and len(range(count) if frames is None else frames) > 1:
            raise ReadError(
                f"holds {count} colour volumes; a Volume holds one",
                "Read one of them: read_nifti(path, volumes=0).",
                path=path,
            )
        start = _offset(stored, path)
        block = int(np.prod(grid, dtype=object)) * dtype.itemsize
        return cls(
            dtype,
            grid,
            frames,
            count,
            squeeze or count == 1 or rgb,
            start + index * count * block,
            start + vector * count * block,
            (1.0, 0.0) if rgb else _scaling(stored, path),
            rgb,
            part,
        )

    @property
    def block(self) -> int:
        """Bytes of one volume."""
        return int(np.prod(self.grid, dtype=object)) * self.dtype.itemsize


def _dims(stored, header, path, notes):
    """Seven sizes of 1 or more."""
    rank = stored["dim"][0]
    shape = header.get_data_shape() if 1 <= rank <= 7 else ()
    if not shape or shape[0] < 1 or min(shape) < 0:
        raise ReadError(
            f"states sizes that no image has: dim = {_shown(stored['dim'])}",
            "The header is damaged: copy the file again from the source.",
            path=path,
        )
    if 0 in shape:
        notes.append(f"Sizes of 0 are read as 1: dim = {_shown(stored['dim'])}.")
    return tuple(max(int(n), 1) for n in shape) + (1,) * (7 - len(shape))


def _dtype(header, path):
    code = int(header["datatype"])
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError):
        dtype = np.dtype("V")
    if dtype.itemsize == 0 or (dtype.kind == "V" and dtype.names is None):
        raise ReadError(
            f"states voxels of datatype {code}, which NIfTI does not define or nobody can read here",
            "The header is damaged, or the file needs the program that wrote it.",
            path=path,
        )
    return dtype


def _component(dtype, vector, component, path):
    """(function for complex voxels or None, index along axis 5)"""
    is_complex = dtype.kind == "c"
    if is_complex and vector > 1:
        raise ReadError("holds vectors of complex numbers", "Read it with nibabel.load.", path=path)
    if is_complex:
        if component in COMPONENTS:
            return COMPONENTS[component], 0
        asked = "holds complex numbers" if component is None else f"has no part {component!r}"
        choice = ", ".join(f'"{name}"' for name in COMPONENTS)
        raise ReadError(asked, f"Choose read_nifti(path, component=...): {choice}.", path=path)
    if vector > 1:
        if isinstance(component, int | np.integer) and 0 <= component < vector:
            return None, int(component)
        raise ReadError(
            f"holds {vector} components per voxel along axis 5"
            + ("" if component is None else f", and {component!r} is none of them"),
            f"Choose one: read_nifti(path, component=0) to component={vector - 1}.",
            path=path,
        )
    if component in (None, 0):
        return None, 0
    raise ReadError(
        f"has one real number per voxel, so there is no component {component!r}",
        "Leave component out.",
        path=path,
    )


def _frames(volumes, count, path):
    """(indices or None for all, whether a single one was asked for)"""
    if volumes is None:
        return None, False
    single = isinstance(volumes, int | np.integer)
    if single:
        frames = (int(volumes),)
    elif isinstance(volumes, slice):
        frames = tuple(range(count)[volumes])
    else:
        frames = tuple(int(v) for v in volumes)
    if not frames or any(not 0 <= v < count for v in frames):
        raise ReadError(
            f"has volumes 0 to {count - 1}; volumes={volumes!r} asks for others",
            "Pass a number, a range, a slice or a list of them.",
            path=path,
        )
    return frames, single


def _offset(stored, path):
    """Where the voxels begin. nifti1.h: at 352 or later in a single file, anywhere in an .img."""
    offset = stored["vox_offset"]
    single = stored["magic"][1] == "+"
    least = {1: 348, 2: 540}[stored.version] if single else 0
    if not (np.isfinite(offset) and offset == int(offset) and offset >= least):
        raise ReadError(
            f"puts its voxels at byte {offset:g} (vox_offset), where they cannot be",
            "The header is damaged: copy the file again from the source.",
            path=path,
        )
    return int(offset)


def _scaling(stored, path):
    """(slope, intercept); nifti1.h: a slope of 0 means no scaling, and NaN is written for 0."""
    slope, intercept = stored["scl_slope"], stored["scl_inter"]
    if slope == 0 or not np.isfinite(slope):
        return 1.0, 0.0
    if not np.isfinite(intercept):
        raise ReadError(
            f"has the slope {slope:g} but the intercept {intercept}: its values cannot be known",
            "Ask for the file again; nibabel can write it with a right header.",
            path=path,
        )
    return slope, intercept


def _read_voxels(stream, path, layout, notes):
    """The array asked for, in real values; the stream is read to its end where that proves it whole."""
    packed = isinstance(stream, gzip.GzipFile)
    _refuse_the_impossible(path, layout, packed)
    plain = layout.scaling == (1.0, 0.0) and layout.part is None and layout.dtype.isnative
    frames = layout.frames
    if frames is None or not packed:
        shape = (*layout.grid, layout.count)
        raw = array_from_file(shape, layout.dtype, stream, layout.offset, order="F", mmap="r")
        if layout.squeeze and frames is None:
            raw = raw[..., 0]
        elif frames is not None:
            raw = raw[..., frames[0] if layout.squeeze else list(frames)]
    else:
        raw = _stream_frames(stream, layout)
    if packed:
        _verify_to_the_end(stream, path, layout, notes)
    elif extra := os.path.getsize(path) - layout.end:
        notes.append(f"{extra} bytes after the voxels were not read.")
    if layout.rgb:
        return np.stack([raw[name] for name in "RGB"], axis=-1)
    if raw.dtype.itemsize > 8 and raw.dtype.kind == "f":
        notes.append(f"Voxels of {raw.dtype.itemsize * 8} bits were rounded to 64.")
    return raw if plain and raw.dtype.itemsize <= 8 else _real_values(raw, layout)


def _refuse_the_impossible(path, layout, packed):
    """Sizes that the file cannot hold are refused before any memory is taken for them."""
    size = os.path.getsize(path)
    capacity = size * _DEFLATE_LIMIT if packed else size
    if layout.end > capacity:
        at_most = "at most " if packed else ""
        raise ReadError(
            f"needs {layout.end:,} bytes for the sizes in its header and holds {at_most}{capacity:,}",
            "It was cut short or its header is damaged: copy it again from the source.",
            path=path,
        )
    wanted = layout.count if layout.frames is None else len(layout.frames)
    if packed and wanted * layout.block > max(_BOMB_BYTES, _BOMB_RATIO * size):
        raise ReadError(
            f"of {size:,} bytes would unpack to {layout.end:,}, as a gzip bomb does",
            "If you trust it, unpack it with gunzip: an unpacked file is memory-mapped.",
            path=path,
        )


def _stream_frames(stream, layout):
    """Some volumes of a packed file, each inflated once and in the order of the file."""
    raw = np.empty((*layout.grid, len(layout.frames)), layout.dtype, order="F")
    for at in np.argsort(layout.frames, kind="stable"):
        offset = layout.offset + layout.frames[at] * layout.block
        raw[..., at] = array_from_file(layout.grid, layout.dtype, stream, offset, order="F")
    return raw[..., 0] if layout.squeeze else raw


def _verify_to_the_end(stream, path, layout, notes):
    """gzip keeps its checksum behind the data: only a reader that goes there notices damage."""
    stream.seek(layout.end)
    extra = 0
    while chunk := stream.read(1 << 20):
        extra += len(chunk)
        if extra > _BOMB_BYTES:
            raise ReadError(
                "goes on for more than 640 MiB after its voxels, as a gzip bomb does",
                "If you trust it, unpack it with gunzip and read that.",
                path=path,
            )
    if extra:
        notes.append(f"{extra} bytes after the voxels were not read.")


def _real_values(raw, layout):
    """slope * stored + intercept in blocks, so that no float64 copy of the volume is ever made."""
    slope, intercept = layout.scaling
    stored = raw.dtype.newbyteorder("=")
    if layout.part is not None:
        dtype = np.dtype(np.float32 if stored.itemsize == 8 else np.float64)
    elif (slope, intercept) == (1.0, 0.0):
        dtype = stored if stored.itemsize <= 8 else np.dtype(np.float64)
    else:
        dtype = _scaled_dtype(raw, stored, slope, intercept)
    wide = np.int64 if dtype.kind in "iu" else np.complex128 if layout.part else np.float64
    slope, intercept = wide(slope), wide(intercept)
    out = np.empty(raw.shape, dtype, order="F")
    source, target = raw.reshape(-1, order="F"), out.reshape(-1, order="F")
    for start in range(0, source.size, 1 << 18):
        block = slice(start, start + (1 << 18))
        values = source[block]
        if (slope, intercept) != (1, 0):
            values = values * slope + intercept
        target[block] = values if layout.part is None else layout.part(values)
    return out


def _scaled_dtype(raw, stored, slope, intercept):
    """Whole slope and intercept keep integers; else float32, and float64 from 32 bits on."""
    if stored.kind in "iu" and slope == int(slope) and intercept == int(intercept):
        ends = [int(v) * int(slope) + int(intercept) for v in (raw.min(), raw.max())]
        for dtype in map(np.dtype, (stored, np.int16, np.int32, np.int64)):
            fits = np.iinfo(dtype).min <= min(ends) and max(ends) <= np.iinfo(dtype).max
            if fits and dtype.itemsize >= stored.itemsize and int(raw.max()) < 2**63:
                return dtype
    wide = stored.itemsize > 4 or (stored.kind in "iu" and stored.itemsize == 4)
    return np.dtype(np.float64 if wide else np.float32)


# --- where the voxels are -------------------------------------------------------------------------


def _affine(stored, header, grid, notes):
    """((4, 4) voxel -> RAS+ mm, whether the file states the sides)"""
    sform = np.array(header.get_sform(), float) if stored["sform_code"] > 0 else None
    qform = _qform(stored, header, notes) if stored["qform_code"] > 0 else None
    for name, affine in (("sform", sform), ("qform", qform)):
        if affine is not None and not _usable(affine):
            notes.append(f"The {name} is singular or not finite and was not used.")
    sform = sform if sform is not None and _usable(sform) else None
    qform = qform if qform is not None and _usable(qform) else None
    unit = _MM.get(stored["xyzt_units"] & 7)
    if unit is None:
        notes.append(f"Its unit of length ({stored['xyzt_units'] & 7}) is unknown: taken as mm.")
    elif unit != 1:
        notes.append(f"Lengths are stored in {'metres' if unit > 1 else 'microns'}: now in mm.")
    if sform is not None and qform is not None:
        _compare(sform, qform, grid, unit or 1.0, notes)
    affine = sform if sform is not None else qform
    oriented = affine is not None
    if not oriented:
        notes.append("The file does not state which side of the patient is which.")
        affine = _fallback(stored, grid, notes)
    return np.diag([unit or 1.0] * 3 + [1.0]) @ affine, oriented


def _usable(affine):
    if not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(lengths.all()) and abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-6


def _steps(stored, notes):
    """pixdim[1..3] made positive, as nifti1_io does: the sign means nothing, 0 is read as 1."""
    steps = np.abs(stored["pixdim"][1:4])
    absent = ~np.isfinite(steps) | (steps == 0)
    if absent.any():
        axes = ", ".join("ijk"[axis] for axis in np.flatnonzero(absent))
        notes.append(f"pixdim states no spacing along {axes}: taken as 1.")
    return np.where(absent, 1.0, steps)


def _qform(stored, header, notes):
    """nifti1.h, method 2. None when the quaternion is no rotation."""
    clean = header.copy()
    qfac = stored["pixdim"][0]
    if qfac not in (-1, 0, 1):
        notes.append(f"pixdim[0] is {qfac:g}, not 1 or -1: its sign was taken as nifti1_io does.")
    clean["pixdim"][0] = -1 if qfac < 0 else 1
    clean["pixdim"][1:4] = _steps(stored, notes)
    try:
        return np.array(clean.get_qform(), float)
    except ValueError:
        notes.append("The quaternion of the qform is no rotation and was not used.")
        return None


def _fallback(stored, grid, notes):
    """nibabel's guess where no transform is set: x flipped, the middle of the grid at 0."""
    steps = _steps(stored, notes) * (-1, 1, 1)
    return from_matvec(np.diag(steps), -(np.array(grid) - 1) / 2 * steps)


def _compare(sform, qform, grid, unit, notes):
    """Say it when the two transforms put a corner of the grid at different places."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid])).reshape(3, -1).T
    apart = np.linalg.norm(apply_affine(sform, corners) - apply_affine(qform, corners), axis=1)
    if apart.max() < 0.1 * np.linalg.norm(sform[:3, :3], axis=0).min():
        return
    text = f"sform and qform disagree by up to {apart.max() * unit:.3g} mm: the sform was used."
    if nib.aff2axcodes(sform) != nib.aff2axcodes(qform):
        text = "sform and qform name different sides of the patient. " + text
    notes.append(text)


def _time_step(stored, notes):
    """Seconds from volume to volume, None where axis 4 is not time or the file is silent."""
    unit, step = stored["xyzt_units"] & 56, stored["pixdim"][4]
    if unit in _OTHER_AXES:
        notes.append(f"Axis 4 is stored in {_OTHER_AXES[unit]}: it is not time.")
    if unit not in _SECONDS or not np.isfinite(step) or step <= 0:
        return None
    return float(str(np.float32(step))) * _SECONDS[unit]  # 2.2, not 2.2000000477


def _window(stored):
    """(centre, width) from cal_min and cal_max, the display range of nifti1.h; None when unset."""
    low, high = stored["cal_min"], stored["cal_max"]
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        return None
    return ((low + high) / 2, high - low)


# --- writing --------------------------------------------------------------------------------------


def write_nifti(volume, path, *, space=None) -> Path:
    """Write a volume as .nii, .nii.gz, or as a pair when the suffix is .hdr or .img (or those .gz).

    volume : `Volume`; its data type is kept (bool becomes uint8, float16 float32), values are never
        rescaled. NIfTI-2 where an axis is longer than 32767
    space : what the millimetres refer to, "scanner", "aligned", "talairach", "mni" or "template"
        (xform codes 1 to 5); by default "scanner" when the volume has a modality, else "aligned"

    returns : the path. sform and qform are both written, in mm and seconds; a quaternion cannot
    hold shear, so the qform of a sheared affine gets code 0. A volume that states no side gets
    code 0 twice: only its spacing is kept. `window` goes to cal_min and cal_max. The name, the unit
    and MONOCHROME1 have no place in NIfTI, and nothing that identifies a patient is written.

    The file appears under its name only when it is whole. Raises `WriteError`.
    """
    path = Path(path)
    suffix = max((s for s in SUFFIXES if path.name.lower().endswith(s)), key=len, default=None)
    if suffix is None:
        raise WriteError(
            "has no suffix of a NIfTI file",
            f"Name it with one of {', '.join(SUFFIXES)}.",
            path=path,
        )
    image = _image(volume, space, path, paired=not suffix.startswith(".nii"))
    try:
        _save_whole(image, path)
    except OSError as error:
        raise WriteError(
            f"could not be written ({error.strerror or error}); nothing was left behind",
            "Check the folder, your permission to write there and the space on the drive.",
            path=path,
        ) from None
    return path


def _image(volume, space, path, paired):
    if space not in (None, *SPACES):
        raise WriteError(f"cannot be in the space {space!r}", f"Spaces: {', '.join(SPACES)}.")
    space = space or ("scanner" if volume.modality else "aligned")
    data = _storable(volume, path)
    large = max(data.shape) > np.iinfo(np.int16).max
    kinds = (nib.Nifti2Image, nib.Nifti2Pair) if large else (nib.Nifti1Image, nib.Nifti1Pair)
    image = kinds[paired](data, None, dtype=data.dtype)
    header = image.header
    affine = np.array(volume.affine)
    if volume.oriented:
        image.set_sform(affine, space)
        image.set_qform(affine, "unknown" if _sheared(affine) else space)
    header["pixdim"][1:4] = volume.spacing
    timed = volume.frames > 1 and volume.time_step
    header["pixdim"][4:] = 1
    header["pixdim"][4] = volume.time_step if timed else 1
    header.set_xyzt_units("mm", "sec" if timed else None)
    if volume.window:
        center, width = volume.window
        header["cal_min"], header["cal_max"] = center - width / 2, center + width / 2
    return image


def _storable(volume, path):
    data = volume.data
    if volume.rgb:
        return np.ascontiguousarray(data, np.uint8).view([(c, "u1") for c in "RGB"])[..., 0]
    data = data.view(np.uint8) if data.dtype == bool else data
    data = data.astype(np.float32) if data.dtype == np.float16 else data
    if data.dtype.kind not in "iufc":
        raise WriteError(
            f"cannot hold values of type {data.dtype}", "Convert them to numbers first.", path=path
        )
    return data


def _sheared(affine):
    """True where the axes are not at right angles: beyond what a float32 quaternion blurs."""
    matrix, _ = to_matvec(affine)
    axes = matrix / np.linalg.norm(matrix, axis=0)
    return not np.allclose(axes.T @ axes, np.eye(3), atol=1e-5)


def _save_whole(image, path):
    """Write into a folder of its own beside the target, then move: never half a file."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".handson-") as folder:
        image.to_filename(Path(folder) / path.name)
        for file in sorted(Path(folder).iterdir(), reverse=True):  # .img first: a header last
            with open(file, "rb") as written:
                os.fsync(written.fileno())
            os.replace(file, path.with_name(file.name))
