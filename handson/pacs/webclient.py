"""The asking side of DICOMweb: QIDO-RS, WADO-RS and STOW-RS with the standard library alone."""

import json
import ssl
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from ..errors import NetworkError, counted
from .tls import Tls

WAIT = 60.0  # seconds for an answer
_ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_FAILED = Tag("FailedSOPSequence")


class DicomWeb:
    """A DICOMweb service.

    url : its base address, such as http://127.0.0.1:8042/dicom-web
    tls : certificates for https, None for those that the system trusts
    """

    def __init__(self, url: str, tls: Tls | None = None):
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NetworkError(
                f"{url!r} is not the address of a DICOMweb service",
                "Write http(s)://HOST:PORT/PATH.",
            )
        if parts.username or parts.password:
            raise NetworkError(
                "the address holds a password", "Leave it out: addresses end up in logs."
            )
        self._context = None
        if parts.scheme == "https":
            self._context = tls.client_context() if tls else ssl.create_default_context()

    def __repr__(self):
        return f"DicomWeb {self.url}"

    def search(self, level: str, study: str = "", series: str = "", **keys: str) -> list[Dataset]:
        """QIDO-RS: one data set per study, series or image ("STUDY", "SERIES", "IMAGE")."""
        path = f"/studies/{study}" if study else ""
        path += f"/series/{series}" if series else ""
        path += {"STUDY": "/studies", "SERIES": "/series", "IMAGE": "/instances"}[level]
        asked = f"?{urlencode(keys, quote_via=quote, safe='*')}" if keys else ""
        body, _ = self._ask(path + asked, accept="application/dicom+json")
        try:
            return [Dataset.from_json(entity) for entity in json.loads(body or b"[]")]
        except (ValueError, TypeError, KeyError) as error:
            raise NetworkError(
                f"{self.url} answered in a form that is not DICOM JSON ({type(error).__name__})",
                "Check that the address is the base of a DICOMweb service.",
            ) from None

    def fetch(self, study: str, series: str, instance: str) -> bytes:
        """WADO-RS: one instance as a DICOM file, in the transfer syntax in which it is stored."""
        path = f"/studies/{study}/series/{series}/instances/{instance}"
        body, kind = self._ask(path, accept=_ANY_SYNTAX)
        parts = list(_parts(body, kind))
        if len(parts) != 1:
            raise NetworkError(
                f"{self.url} sent {counted(len(parts), 'file')} where one was asked for"
            )
        return parts[0]

    def store(self, files: Iterable[Path]) -> dict[str, str]:
        """STOW-RS: one POST of several files; the answer has a status per instance.

        returns : SOP Instance UID -> reason of those that were not stored
        """
        boundary = uuid4().hex
        chunks = []
        for path in files:
            chunks += [
                f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode(),
                path.read_bytes(),
                b"\r\n",
            ]
        body = b"".join([*chunks, f"--{boundary}--\r\n".encode()])
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        answer, _ = self._ask("/studies", accept="application/dicom+json", body=body, kind=kind)
        said = Dataset.from_json(json.loads(answer)) if answer.strip() else Dataset()
        return {
            str(
                failed.get("ReferencedSOPInstanceUID", "")
            ): f"refused (0x{failed.get('FailureReason', 0):04X})"
            for failed in said.get("FailedSOPSequence") or []
        }

    def _ask(self, path, accept, body=None, kind=None) -> tuple[bytes, str]:
        headers = {"Accept": accept} | ({"Content-Type": kind} if kind else {})
        request = Request(self.url + path, data=body, headers=headers)
        try:
            with urlopen(request, timeout=WAIT, context=self._context) as answer:
                content = answer.read()
                return content, answer.headers.get("Content-Type", "")
        except HTTPError as error:
            if body is not None and error.code in (202, 409):  # STOW-RS: some or all were refused
                return error.read(), error.headers.get("Content-Type", "")
            raise NetworkError(
                f"{self.url} answered {error.code} ({error.reason})",
                "Check the address, and that you may use it.",
                status=error.code,
            ) from None
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise NetworkError(
                f"{self.url} gave no whole answer ({reason})",
                "Check address and network, then do the same again.",
            ) from None


def _parts(body: bytes, kind: str) -> Iterator[bytes]:
    """The parts of a multipart answer, byte for byte (RFC 2046: the line end before a boundary is its own)."""
    header = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode(), policy=policy.HTTP)
    boundary = header.get_boundary()
    if not boundary:
        yield body
        return
    mark = b"--" + boundary.encode()
    for piece in (b"\r\n" + body).split(b"\r\n" + mark)[1:]:
        if piece.startswith(b"--"):
            return
        head, _, content = piece.partition(b"\r\n\r\n")
        if head is not piece:
            yield content
