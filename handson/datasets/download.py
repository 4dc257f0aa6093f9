"""Downloads: public sets from pinned addresses, or from a classroom's mirror.

pooch and requests fetch; this module says what, from where, how much at most, and what went wrong.
A source that fails is followed by the next one, and the files that it brought are kept. Nothing is
downloaded unless `fetch` asks for it, and no file appears before its SHA-256 is right.
"""

import logging
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from ..errors import DataError
from .archive import unpack
from .files import copy_verified, missing
from .manifest import DataSet
from .progress import bar
from .sources import from_folder

TIMEOUT = 30  # seconds to wait for the next byte
SLOWEST, PATIENCE = 1000, 60  # bytes per second, looked at after so many seconds
RETRIES = 3  # after the first try, after pauses of 1, 2, 3 seconds
ARCHIVE_LIMIT = 1_000_000_000  # bytes; it holds a whole repository, so its size is not known


def download(dataset: DataSet, folder: Path) -> None:
    """Fills `folder` with the set, from the first sources that have its files."""
    sources = [*_mirror(dataset), *dataset.sources]
    print(
        f"Fetching {dataset.id}, {dataset.bytes / 1e6:.1f} MB on disk, from {_name(sources[0])}. "
        f"Licence: {dataset.licence}. {dataset.note}",
        file=sys.stderr,
    )
    failures = []
    for source in sources:
        try:
            return _from_source(dataset, source, folder)
        except DataError as error:
            failures.append(f"{_name(source)}: {error.fault}")
    raise DataError(
        f"data set {dataset.id} could not be fetched. Tried {'; '.join(failures)}",
        f"Try again later, or by hand: open {addresses(dataset)[0]} in a browser, put the files "
        f"into FOLDER/{dataset.id} under the names that `handson data where {dataset.id} --files` "
        "prints, set HANDSON_MIRROR=FOLDER and fetch again.",
    )


def addresses(dataset: DataSet) -> list[str]:
    """Every address that a download of this set may ask for."""
    found = []
    for source in dataset.sources:
        if "archive" in source:
            found.append(source["archive"])
        else:
            found += _urls(dataset, source["files"]).values()
    return found


def is_alive(address: str) -> bool:
    """Whether a server answers for this address; fetches nothing."""
    pooch, requests = _libraries()
    try:
        ask = pooch.HTTPDownloader(timeout=TIMEOUT)
        return ask(address, None, None, check_only=True)
    except requests.RequestException:
        return False


def _mirror(dataset: DataSet) -> list[dict]:
    mirror = os.environ.get("HANDSON_MIRROR")
    if not mirror:
        return []
    if urlsplit(mirror).scheme in ("http", "https"):
        return [{"files": f"{mirror.rstrip('/')}/{dataset.id}/"}]
    return [{"local": Path(mirror).expanduser() / dataset.id}]


def _name(source: dict) -> str:
    return str(source.get("archive") or source.get("files") or source["local"])


def _urls(dataset: DataSet, base: str) -> dict[str, str]:
    return {path: base + quote(path) for path in dataset.files}


def _from_source(dataset: DataSet, source: dict, folder: Path):
    if "local" in source:
        _from_local(dataset, source["local"], folder)
    elif "archive" in source:
        _from_archive(dataset, source, folder)
    else:
        _from_files(dataset, source["files"], folder)


def _from_local(dataset: DataSet, source: Path, folder: Path):
    if not source.is_dir():
        raise DataError("no such folder")
    with bar(dataset.id, total=dataset.bytes, unit="B", unit_scale=True) as progress:
        try:
            from_folder(dataset, source, folder, progress.update)
        except (FileNotFoundError, PermissionError) as error:
            raise DataError(f"{error.filename} cannot be read") from None


def _from_files(dataset: DataSet, base: str, folder: Path):
    wanted = missing(dataset.files, folder)
    with bar(dataset.id, total=dataset.bytes, unit="B", unit_scale=True) as progress:
        for path, url in _urls(dataset, base).items():
            if path not in wanted:
                continue
            limit = wanted[path].bytes or dataset.bytes
            try:
                with _fetched(url, wanted[path].sha256, folder.parent, limit, progress) as fetched:
                    copy_verified(fetched, wanted[path], folder / path, limit)
            except DataError as error:
                raise DataError(f"{path}: {error.fault}") from error


def _from_archive(dataset: DataSet, source: dict, folder: Path):
    with (
        bar(dataset.id, unit="B", unit_scale=True) as progress,
        _fetched(source["archive"], None, folder.parent, ARCHIVE_LIMIT, progress) as archive,
    ):
        unpack(dataset, archive, source["folder"], folder)


@contextmanager
def _fetched(url: str, sha256: str | None, beside: Path, limit: int, progress):
    """Fetches one file by pooch and opens it; it is gone afterwards.

    What pooch makes can be read by its owner only, so a set that others may share gets a copy.
    """
    pooch, requests = _libraries()
    http = pooch.HTTPDownloader(chunk_size=1024, timeout=TIMEOUT)

    def get(url, output, shelf):
        with Path(output).open("wb") as stream:
            try:
                http(url, _Limited(stream, limit, progress), shelf)
            except requests.HTTPError as error:
                if error.response.status_code in _FINAL:
                    raise DataError(_explain(error)) from error  # which pooch does not try again
                raise

    with tempfile.TemporaryDirectory(dir=beside) as place:
        shelf = pooch.create(
            place, "", registry={"file": sha256}, urls={"file": url}, retry_if_failed=RETRIES
        )
        try:
            with _quiet(pooch.get_logger()):
                path = shelf.fetch("file", downloader=get)
        except (requests.RequestException, ValueError) as error:
            raise DataError(_explain(error)) from error
        with open(path, "rb") as stream:
            yield stream


def _libraries():
    try:
        import pooch
        import requests
    except ImportError:
        raise DataError("downloads need pooch", "Run: python -m pip install pooch") from None
    return pooch, requests


_FINAL = (400, 401, 403, 404, 405, 410, 451)  # another try gets the same answer


class _Limited:
    """A file that moves the progress bar, and refuses what is too long or hardly arrives."""

    def __init__(self, stream, limit: int, progress):
        self._stream, self._limit, self._progress = stream, limit, progress
        self._size, self._start = 0, time.monotonic()

    def write(self, data: bytes):
        self._size += len(data)
        seconds = time.monotonic() - self._start
        if self._size > self._limit:
            raise DataError("sends more bytes than the file has")
        if seconds > PATIENCE and self._size < SLOWEST * seconds:
            raise DataError(f"sends less than {SLOWEST} bytes per second")
        self._stream.write(data)
        self._progress.update(len(data))

    def flush(self):
        """pooch flushes after every kilobyte, which closing the file does as well."""


def _explain(error: Exception) -> str:
    """What went wrong on the way, in a phrase; the library's own words fill half a page."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}"
    for kind, phrase in (
        (exceptions.TooManyRedirects, "redirects in a circle"),
        (exceptions.SSLError, "its certificate is not accepted; is there a proxy in the way?"),
        (exceptions.ProxyError, "the proxy refuses"),
        (exceptions.Timeout, f"no answer within {TIMEOUT} seconds"),
        (exceptions.ChunkedEncodingError, "the connection was cut off"),
        (exceptions.ConnectionError, "cannot be reached, or fell silent"),
        (exceptions.RequestException, "the address cannot be used"),
    ):
        if isinstance(error, kind):
            return phrase
    return "sends another file than the manifest lists (its SHA-256 differs)"


@contextmanager
def _quiet(logger: logging.Logger):
    """pooch tells about each file of hundreds; the bar is enough."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
