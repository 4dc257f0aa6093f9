"""Files and streams: opened without waiting, unpacked by content, and found in pairs.

Standard library only. Whatever the operating system or gzip has to complain about leaves this
module as one `ReadError` that names the file.
"""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import HandsonError, ReadError

SUFFIXES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")
Stream = IO[bytes] | gzip.GzipFile
COPY_AGAIN = "Copy it again from the source."


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside becomes one ReadError about `path`."""
    try:
        yield
    except HandsonError:
        raise
    except EOFError:
        raise ReadError("ends in the middle of its packed data", COPY_AGAIN, path=path) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(
            f"is damaged: its packed data fail their own check ({error})", COPY_AGAIN, path=path
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
def content(path: Path) -> Iterator[Stream]:
    """The bytes of a file, unpacked where they begin as gzip does, whatever the file is called."""
    with _open(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            yield unpacked


def is_packed(stream: Stream) -> bool:
    return isinstance(stream, gzip.GzipFile)


def _open(path):
    try:
        return open(path, "rb", opener=_open_regular)
    except ValueError as error:  # a null byte in the name
        raise ReadError(f"is not a file name ({error})", "Check the name.", path=path) from None


def _open_regular(path, flags):
    """Open without waiting: a pipe or a device would never begin, or never end."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise ReadError("is a folder, not a NIfTI file", "handson.open reads folders.", path=path)
    raise ReadError("is a device, a pipe or a socket", "Pass a file.", path=path)


def stem(path: Path) -> str:
    """The name without the suffixes of NIfTI: "a.b" for "a.b.nii.gz"."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def other_half(path: Path, wanted: str) -> Path | None:
    """The ".hdr" or ".img" beside the other one, packed or not, None when there is none.

    It is looked for in the case of letters of the half that was given.
    """
    suffix = path.name[len(stem(path)) :]
    if suffix.lower()[:4] not in (".hdr", ".img"):
        return None
    for end in (wanted, wanted + ".gz"):
        candidate = path.with_name(stem(path) + (end.upper() if suffix.isupper() else end))
        if candidate.exists():
            return candidate
    return None


def header_file(path: Path) -> Path:
    """The file that holds the header: the .hdr beside an .img, else the file itself."""
    is_image = path.name[len(stem(path)) :].lower().startswith(".img")
    return (other_half(path, ".hdr") if is_image else None) or path
