"""The cache: every set a folder of its own, whole and verified, or not there at all.

A set is made in a hidden folder beside its final place, checked, and renamed: two processes at
once, or one that is killed, leave nothing half written where anybody would use it. Nothing
outside the cache folder is ever written. Where the files come from is not decided here.

    CACHE/gen-study@1a2b3c4d/gen-study/...  the set, in a folder named by its id
    CACHE/gen-study@1a2b3c4d/SHA256SUMS     what was written, to find damage later
    CACHE/.gen-study-x7t2k9qb/...           being made, or left by a process that was killed
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from ..errors import DataError
from .files import extras, faults, sha256
from .manifest import DataFile, DataSet, load, read_sums, sums_text

SUMS = "SHA256SUMS"
# What helps when a set is not in a cache that somebody else keeps.
ASK_KEEPER = (
    "Ask whoever keeps this cache to run `handson data fetch {ids}` there, or set HANDSON_DATA to a "
    "folder that you may write to."
)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cache_folder() -> Path:
    """Where sets are kept: `HANDSON_DATA`, or the platform's folder for caches."""
    if own := os.environ.get("HANDSON_DATA"):
        return Path(own).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("handson", appauthor=False)


def home(dataset: DataSet) -> Path:
    """The folder of the cache that belongs to this version of `dataset`, whether it is there or not."""
    return cache_folder() / f"{dataset.id}@{dataset.version}"


def is_stored(dataset: DataSet) -> bool:
    """Whether the cache holds this version of `dataset`; says nothing of damage."""
    with _explained(home(dataset)):
        return home(dataset).is_dir()


def damage(dataset: DataSet) -> tuple[list[str], list[str]]:
    """What is wrong with the stored copy, and the files in it that are not of the set."""
    folder, record = home(dataset) / dataset.id, home(dataset) / SUMS
    with _explained(folder):
        if not record.is_file():
            return [f"{SUMS} is missing"], []
        files = dataset.files or read_sums(record.read_text(encoding="utf-8"))
        return faults(files, folder), extras(files, folder)


def stored(dataset: DataSet) -> Path:
    """The folder of a set that is in the cache, every file verified."""
    folder = home(dataset) / dataset.id
    found, _ = damage(dataset)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise DataError(
            f"{found[0]} since it was stored{more}",
            f"Save what is yours in that folder, then run `handson data clean {dataset.id}` "
            f"and `handson data fetch {dataset.id}`.",
            path=folder,
        )
    return folder


def store(dataset: DataSet, fill: Callable[[Path], None]) -> Path:
    """Lets `fill` write the set into an empty folder, verifies it and puts it in its place.

    returns : the set's folder, also when another process was faster
    """
    cache = cache_folder()
    with _explained(cache, dataset.bytes, dataset.id):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{dataset.id}-", dir=cache, ignore_cleanup_errors=True
        ) as making:
            # Made inside, since a temporary folder itself can be read by its owner only.
            whole = Path(making) / "whole"
            folder = whole / dataset.id
            folder.mkdir(parents=True)
            fill(folder)
            files = dataset.files or _listing(folder)
            if found := faults(files, folder):
                raise DataError(f"{found[0]} although it was just written", path=folder)
            (whole / SUMS).write_text(sums_text(files), encoding="utf-8", newline="\n")
            try:
                whole.rename(home(dataset))
            except OSError:
                if not is_stored(dataset):
                    raise
                return stored(dataset)
    return home(dataset) / dataset.id


def remains() -> list[Path]:
    """Folders of the cache that are of no use any more: left unfinished, or of another version."""
    ids = "|".join(map(re.escape, load()))
    ours = re.compile(rf"\.({ids})-\w+|({ids})@\w+")
    current = {home(dataset) for dataset in load().values()}
    with _explained(cache_folder()):
        found = cache_folder().iterdir() if cache_folder().is_dir() else ()
        return sorted(path for path in found if ours.fullmatch(path.name) and path not in current)


def remove(folder: Path) -> None:
    """Removes one folder of the cache with all that is in it."""
    with _explained(folder):
        shutil.rmtree(folder)


def _listing(folder: Path) -> dict[str, DataFile]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): DataFile(sha256(path)) for path in paths}


@contextmanager
def _explained(folder: Path, needed: int = 0, id: str = ""):
    """Turn what the file system refuses into one clear error.

    needed : bytes that are to be written; id : the set that is to be written
    """
    try:
        yield
    except OSError as error:
        remedy = "Set HANDSON_DATA to a folder that you may write to, and try again."
        if id and error.errno in _FORBIDDEN:
            remedy = ASK_KEEPER.format(ids=id)
        if error.errno in _FULL:
            remedy = (
                f"Make room for {needed / 1e6:.0f} MB (`handson data clean --all` empties the "
                "cache), or set HANDSON_DATA to a folder on another disk."
            )
        what = error.strerror or type(error).__name__
        raise DataError(f"the data cache cannot be used ({what})", remedy, path=folder) from error
