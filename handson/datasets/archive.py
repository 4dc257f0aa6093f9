"""Unpacking a .tar.gz without trusting it.

Nothing is extracted by the names in the archive: only regular files that the manifest lists are
read out, each into the place that the manifest gives it, and kept only if its SHA-256 is right. So
a path that leads outside, a link or a device is never followed or made, and a bomb is stopped by
the limits. Stands on tarfile and gzip.
"""

import gzip
import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from ..errors import DataError, counted
from .files import copy_verified, missing
from .manifest import DataSet


class _Limited(io.RawIOBase):
    """A stream that refuses to yield more than `limit` bytes."""

    def __init__(self, stream, limit: int):
        self._stream, self._left = stream, limit

    def readable(self):
        return True

    def read(self, size=-1):
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise DataError("unpacks to far more than the set holds")
        return data


def unpack(dataset: DataSet, archive: BinaryIO, inside: str, folder: Path) -> None:
    """Reads the files of `dataset` that are missing in `folder` out of `archive`.

    inside : where they lie, below the one folder that GitHub puts around everything
    """
    wanted = missing(dataset.files, folder)
    limit = 3 * dataset.bytes + 100_000_000
    try:
        with (
            gzip.open(archive) as stream,
            tarfile.open(fileobj=_Limited(stream, limit), mode="r|") as tar,
        ):
            for member in tar:
                path = _path_in_set(member.name, inside)
                if path not in wanted:
                    continue
                if not member.isreg():
                    raise DataError(f"holds {path} as something else than a file")
                file = wanted.pop(path)
                copy_verified(_opened(tar, member), file, folder / path, dataset.bytes)
                if not wanted:
                    return
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"is not a whole .tar.gz archive ({error})") from error
    if wanted:
        raise DataError(f"lacks {counted(len(wanted), 'file')} of the set, first {min(wanted)}")


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """The bytes of a regular file of the archive."""
    stream = tar.extractfile(member)
    if stream is None:
        raise DataError(f"holds {member.name} as something else than a file")
    return stream


def _path_in_set(name: str, inside: str) -> str | None:
    below_top = PurePosixPath(*PurePosixPath(name).parts[1:])
    try:
        return below_top.relative_to(inside).as_posix()
    except ValueError:
        return None
