"""Copying and checking the files of a set: nothing is kept whose SHA-256 is not the manifest's.

Stands on the manifest. Knows neither network nor cache.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ..errors import DataError
from .manifest import DataFile

CHUNK = 1 << 18


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_verified(
    stream: IO[bytes],
    wanted: DataFile,
    to: Path,
    limit: int,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Copies `stream` to the file `to`, which appears only once all of it is there and right.

    limit : bytes after which a stream without end is given up
    progress : is told how many bytes were written, again and again
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f"{to.name}.partial")
    digest, left = hashlib.sha256(), limit if wanted.bytes is None else wanted.bytes
    try:
        with partial.open("wb") as output:
            while left >= 0 and (chunk := stream.read(CHUNK)):
                left -= len(chunk)
                digest.update(chunk)
                output.write(chunk)
                if progress:
                    progress(len(chunk))
        if digest.hexdigest() != wanted.sha256:
            raise DataError(
                f"{to.name} is not the file that the manifest lists (its SHA-256 differs)"
            )
        os.replace(partial, to)
    finally:
        partial.unlink(missing_ok=True)


def missing(files: dict[str, DataFile], folder: Path) -> dict[str, DataFile]:
    """Those of `files` that are not in `folder` yet."""
    return {path: file for path, file in files.items() if not (folder / path).is_file()}


def faults(files: dict[str, DataFile], folder: Path) -> list[str]:
    """What is wrong with the copy in `folder`, a phrase for each file that is gone or changed."""
    gone = missing(files, folder)
    changed = [p for p in files if p not in gone and sha256(folder / p) != files[p].sha256]
    return [f"{path} is missing" for path in gone] + [f"{path} has changed" for path in changed]


def extras(files: dict[str, DataFile], folder: Path) -> list[str]:
    """Files in `folder` that are not part of the set: left over, or the learner's own."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(set(found) - set(files))
