"""The header as the file holds it, before any reader corrected or converted it.

Stands on nibabel for the names and offsets of the fields, and on nothing of a header's meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from .. import arguments
from ..errors import ReadError
from ..formats import recognise
from .files import COPY_AGAIN, Stream, content, header_file, is_packed, reading

_MAGIC = {b"n+1\0": 1, b"ni1\0": 1, b"n+2\0\r\n\x1a\n": 2, b"ni2\0\r\n\x1a\n": 2}


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

    @property
    def text(self) -> str:
        """The value in a few digits."""
        several = self.value if isinstance(self.value, tuple) else (self.value,)
        return " ".join(f"{v:.8g}" if isinstance(v, float) else repr(v) for v in several)


@dataclass(frozen=True, repr=False)
class HeaderBytes:
    """A NIfTI header as it is on disk, nothing corrected or left out.

    raw : the 348 bytes of a NIfTI-1 (or Analyze 7.5) header, the 540 of a NIfTI-2
    version : 1, 2, or 0 where NIfTI's magic is missing
    byte_order : "little" or "big"

    `header["dim"]` is the value of one field; iteration gives all, in the order of the file.
    """

    raw: bytes
    version: int
    byte_order: str

    @property
    def fields(self) -> tuple[HeaderField, ...]:
        layout = _layout(len(self.raw), self.byte_order)
        fields: Mapping[str, Any] = layout.fields or {}
        return tuple(
            HeaderField(
                name,
                fields[name][1],
                layout[name].itemsize,
                layout[name].base.str,
                self[name],
            )
            for name in fields
        )

    def __getitem__(self, name: str) -> Any:
        layout = _layout(len(self.raw), self.byte_order)
        if name not in (layout.fields or {}):
            raise KeyError(name)
        value = np.frombuffer(self.raw, layout)[name][0]
        if value.shape:
            return tuple(value.tolist())
        value = value.item()
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def __iter__(self) -> Iterator[HeaderField]:
        return iter(self.fields)

    @property
    def single(self) -> bool:
        """True when the voxels follow in the same file ("n+1"), False for a pair ("ni1")."""
        return self["magic"][1:2] == "+"

    def __repr__(self):
        kind = f"NIfTI-{self.version}" if self.version else "no NIfTI magic"
        return f"HeaderBytes({len(self.raw)} bytes, {kind}, {self.byte_order} endian)"

    def __str__(self):
        rows = [("offset", "type", "field", "value")]
        rows += [(f.offset, f.format, f.name, f.text) for f in self]
        return "\n".join(f"{o:>6}  {t:<6} {n:<15} {v}".rstrip() for o, t, n, v in rows)

    def _repr_html_(self):
        rows = "".join(
            f"<tr><td>{f.offset}</td><td><code>{escape(f.format)}</code></td>"
            f"<th scope='row'>{f.name}</th><td>{escape(f.text)}</td></tr>"
            for f in self
        )
        heads = "".join(f"<th scope='col'>{h}</th>" for h in ("offset", "type", "field", "value"))
        return f"<table><caption>{self!r}</caption><tr>{heads}</tr>{rows}</table>"


@arguments.checked(path=arguments.path)
def header_bytes(path: str | PathLike[str]) -> HeaderBytes:
    """The values that the header of a NIfTI file holds on disk, before any reader touched them.

    path : .nii, .nii.gz, .hdr, or the .img beside its .hdr; told by content, not by name
    returns : `HeaderBytes`: `["scl_slope"]` is one value, `.raw` the bytes, `print` shows a table

    nibabel shows other values after loading: `vox_offset` 0, `scl_slope` nan. An Analyze 7.5 header
    is shown under NIfTI's names, which share most of its offsets.

    raises : ReadError
    """
    path = header_file(Path(path))
    with reading(path), content(path) as stream:
        return read_header(stream, path)


def is_nifti(path: str | PathLike[str]) -> bool:
    """Whether a file begins as NIfTI (or Analyze 7.5) does, or is the image half of a pair.

    What is packed by gzip counts as NIfTI: DICOM never is.

    raises : ReadError when out of reach
    """
    path = Path(path)
    with reading(path), content(path) as stream:
        first = stream.read(4)
        sized = any(int.from_bytes(first, order) in (348, 540) for order in ("little", "big"))
        return sized or is_packed(stream) or header_file(path) != path


def read_header(stream: Stream, path: Path) -> HeaderBytes:
    """`header_bytes` of an open stream."""
    raw = stream.read(540)
    for order in ("little", "big"):
        size = int.from_bytes(raw[:4], order)
        if size in (348, 540):
            break
    else:
        raise _not_nifti(raw, path)
    if len(raw) < size:
        raise ReadError(
            f"ends after {len(raw)} bytes, and its header alone has {size}", COPY_AGAIN, path=path
        )
    raw = raw[:size]
    version = _MAGIC.get(raw[344:348] if size == 348 else raw[4:12], 0)
    return HeaderBytes(raw, version if (version == 2) == (size == 540) else 0, order)


@cache
def _layout(size, order) -> np.dtype:
    """The fields of nifti1.h (348 bytes) or nifti2.h (540), as nibabel has them."""
    kind = nib.Nifti1Header if size == 348 else nib.Nifti2Header
    return kind.template_dtype.newbyteorder(order)


def _not_nifti(raw, path) -> ReadError:
    if found := recognise(raw):
        return ReadError(f"is not a NIfTI file: it is {found.name}", found.advice, path=path)
    if raw[344:347] in (b"n+1", b"ni1") or raw[4:7] in (b"n+2", b"ni2"):
        return ReadError(
            "has NIfTI's magic, but its first field is neither 348 nor 540: its header is damaged",
            COPY_AGAIN,
            path=path,
        )
    if not raw:
        return ReadError("is empty", COPY_AGAIN, path=path)
    if path.name.lower().endswith((".img", ".img.gz")):
        return ReadError(
            "is half of a pair, and its .hdr file is not beside it",
            "Copy both files into one folder.",
            path=path,
        )
    return ReadError(
        "is not a NIfTI file: it does not begin with a header of 348 or 540 bytes",
        "Pass a .nii, .nii.gz or .hdr file; handson.open finds out what a file is.",
        path=path,
    )
