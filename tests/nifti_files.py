"""NIfTI files built byte by byte from nifti1.h and nifti2.h, for tests: no reader is involved."""

import struct

import numpy as np

CODES = {
    "u1": 2, "i2": 4, "i4": 8, "f4": 16, "c8": 32, "f8": 64, "i1": 256, "u2": 512, "u4": 768,
    "i8": 1024, "u8": 1280, "f16": 1536, "c16": 1792, "c32": 2048,
}  # fmt: skip

# nifti1.h: (struct format, offset); nifti2.h likewise.
NIFTI1 = {
    "sizeof_hdr": ("i", 0), "dim_info": ("B", 39), "dim": ("8h", 40), "intent_code": ("h", 68),
    "datatype": ("h", 70), "bitpix": ("h", 72), "pixdim": ("8f", 76), "vox_offset": ("f", 108),
    "scl_slope": ("f", 112), "scl_inter": ("f", 116), "xyzt_units": ("B", 123), "cal_max": ("f", 124),
    "cal_min": ("f", 128), "descrip": ("80s", 148), "qform_code": ("h", 252), "sform_code": ("h", 254),
    "quatern": ("3f", 256), "qoffset": ("3f", 268), "srow": ("12f", 280), "magic": ("4s", 344),
}  # fmt: skip
NIFTI2 = {
    "sizeof_hdr": ("i", 0), "magic": ("8s", 4), "datatype": ("h", 12), "bitpix": ("h", 14),
    "dim": ("8q", 16), "pixdim": ("8d", 104), "vox_offset": ("q", 168), "scl_slope": ("d", 176),
    "scl_inter": ("d", 184), "cal_max": ("d", 192), "cal_min": ("d", 200), "descrip": ("80s", 240),
    "qform_code": ("i", 344), "sform_code": ("i", 348), "quatern": ("3d", 352), "qoffset": ("3d", 376),
    "srow": ("12d", 400), "xyzt_units": ("i", 500), "intent_code": ("i", 504), "dim_info": ("B", 524),
}  # fmt: skip

AFFINE = np.array([[-2.0, 0, 0, 30], [0, 3, 0, -40], [0, 0, 4, -50], [0, 0, 0, 1]])


def header(shape, code, bits, *, version=1, order="<", pair=False, **fields):
    """The bytes of a header: sform `AFFINE` and mm unless `fields` say otherwise."""
    layout, size = (NIFTI1, 348) if version == 1 else (NIFTI2, 540)
    magic = (b"ni" if pair else b"n+") + str(version).encode() + b"\0"
    stated = {
        "sizeof_hdr": size,
        "dim": (len(shape), *shape, *(1,) * (7 - len(shape))),
        "datatype": code,
        "bitpix": bits,
        "pixdim": (1, 2, 3, 4, 1, 1, 1, 1),
        "vox_offset": 0 if pair else size + 4,
        "scl_slope": 0,
        "xyzt_units": 2,
        "sform_code": 1,
        "srow": tuple(AFFINE[:3].ravel()),
        "magic": magic + (b"\r\n\x1a\n" if version == 2 else b""),
        **fields,
    }
    raw = bytearray(size)
    for name, value in stated.items():
        form, offset = layout[name]
        values = value if isinstance(value, tuple | list) else (value,)
        struct.pack_into(order + form, raw, offset, *values)
    return bytes(raw)


def nifti(stored, *, shape=None, order="<", extension=bytes(4), trailing=b"", **fields):
    """A single file: header, extension flag and voxels, the first index fastest."""
    stored = np.asarray(stored)
    code = fields.pop("datatype", None) or CODES[f"{stored.dtype.kind}{stored.dtype.itemsize}"]
    raw = header(shape or stored.shape, code, 8 * stored.dtype.itemsize, order=order, **fields)
    return raw + extension + voxels(stored, order) + trailing


def voxels(stored, order="<"):
    stored = np.asarray(stored)
    return stored.astype(stored.dtype.newbyteorder(order)).tobytes("F")


def numbered(shape, dtype="i2"):
    """Every voxel another value, so that none can be mistaken for another."""
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)
