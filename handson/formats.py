"""What a file that is not what a reader expected may be, told by its first bytes, and what opens it.

One table for all readers, so that every refusal names the file's kind and a program that opens it.
Nothing is read here but the bytes that are handed in.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Format:
    """name : with its article, "a PNG picture"; advice : what to do with it, a sentence."""

    name: str
    advice: str


_UNPACK = "Unpack it first."
_GZIP = b"\x1f\x8b"
_PICTURE = (
    "It is read with matplotlib.pyplot.imread or PIL.Image.open; it holds no place and no unit."
)
# (offset, first bytes, format); the first that fits.
_MARKS = (
    (128, b"DICM", Format("a DICOM file", "Read it with handson.open.")),
    (0, _GZIP, Format("packed with gzip", _UNPACK)),
    (0, b"BZh", Format("packed with bzip2", "Unpack it with bunzip2 first.")),
    (0, b"\x28\xb5\x2f\xfd", Format("packed with zstandard", "Unpack it with unzstd first.")),
    (0, b"\xfd7zXZ", Format("packed with xz", "Unpack it with unxz first.")),
    (0, b"PK\x03\x04", Format("a zip archive", _UNPACK)),
    (0, b"7z\xbc\xaf", Format("a 7-Zip archive", _UNPACK)),
    (257, b"ustar", Format("a tar archive", _UNPACK)),
    (0, b"NRRD", Format("an NRRD file", "Read it with handson.open (it needs SimpleITK).")),
    (0, b"ObjectType =", Format("a MetaImage header", "Read it with SimpleITK.ReadImage.")),
    (0, b"NDims =", Format("a MetaImage header", "Read it with SimpleITK.ReadImage.")),
    (0, b"\x89HDF", Format("an HDF5 file (MINC 2 is one)", "Read it with nibabel.load or h5py.")),
    (0, b"CDF", Format("a netCDF file (MINC 1 is one)", "Read it with nibabel.load.")),
    (0, b"\x00\x00\x00\x01\x00\x00", Format("a FreeSurfer volume (MGH)", "Read it with handson.open.")),
    (0, b"\x89PNG", Format("a PNG picture", _PICTURE)),
    (0, b"\xff\xd8\xff", Format("a JPEG picture", _PICTURE)),
    (0, b"\x00\x00\x00\x0cjP  ", Format("a JPEG 2000 picture", _PICTURE)),
    (0, b"GIF8", Format("a GIF picture", _PICTURE)),
    (0, b"II*\x00", Format("a TIFF picture", _PICTURE)),
    (0, b"MM\x00*", Format("a TIFF picture", _PICTURE)),
    (0, b"BM", Format("a BMP picture", _PICTURE)),
    (0, b"%PDF", Format("a PDF document", "Open it with a document viewer.")),
    (0, b"\x93NUMPY", Format("a NumPy array", "Load it with numpy.load; handson.view shows arrays.")),
    (0, b"\x7fELF", Format("a program", "Pass an image.")),
)  # fmt: skip
_NIFTI = Format("a NIfTI file", "Read it with handson.read_nifti or handson.open.")
_TEXT = Format("a text file", "Pass an image.")


def recognise(first: bytes) -> Format | None:
    """The format of a file by its first bytes (4096 are enough), None when they are of no known kind."""
    for offset, mark, found in _MARKS:
        if first.startswith(mark, offset):
            return _inside(first) or found if mark == _GZIP else found
    sizes = {int.from_bytes(first[:4], order) for order in ("little", "big")}
    if len(first) > 4 and sizes & {348, 540}:
        return _NIFTI
    return _TEXT if first and _is_text(first) else None


def _inside(first) -> Format | None:
    """What a file packed with gzip holds, where its first bytes tell."""
    try:
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(first, 600)
    except zlib.error:
        return None
    inner = recognise(unpacked)
    if inner is None or inner == _TEXT:
        return None
    packed = inner == _NIFTI or "MGH" in inner.name
    return Format(f"{inner.name} packed with gzip", inner.advice if packed else _UNPACK)


def _is_text(first) -> bool:
    try:
        words = first[:512].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(first[:512]) - 4:  # not only a character cut in two
            return False
        words = first[: error.start].decode("utf-8")
    return all(c.isprintable() or c in "\r\n\t\f" for c in words)


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """The first bytes of an ordinary file; b"" when they cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(count)
    except OSError:
        return b""
