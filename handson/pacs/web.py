"""DICOMweb, the reading half: QIDO-RS to search, WADO-RS to fetch (PS3.18 chapter 10).

A small web server over the same index and the same files as the archive. It listens on 127.0.0.1,
and answers only to that name: a web page in the browser cannot reach it under a name of its own.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

import pydicom
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset

from .index import GATHERED, KEYS, UNIQUE, BadQuery, Index
from .syntaxes import NATIVE

UID = r"([0-9.]{1,64})"
SEARCHES = (  # path -> level of the answer; the groups are StudyInstanceUID, SeriesInstanceUID
    (re.compile(r"/studies"), "STUDY"),
    (re.compile(rf"/series|/studies/{UID}/series"), "SERIES"),
    (
        re.compile(rf"/instances|/studies/{UID}/instances|/studies/{UID}/series/{UID}/instances"),
        "IMAGE",
    ),
)
FETCH = re.compile(rf"/studies/{UID}(?:/series/{UID}(?:/instances/{UID})?)?")
DICOM = 'multipart/related; type="application/dicom"'


class WebServer:
    """Serves from construction to `.stop()`; `.url` is its address."""

    def __init__(self, index: Index):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.index = index
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="dicomweb", daemon=True
        ).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    index: Index


class _Failure(Exception):
    """An HTTP status and one sentence."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "handson"

    def do_GET(self):
        try:
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
            if host not in ("127.0.0.1", "localhost"):
                raise _Failure(403, "This server answers to 127.0.0.1 alone.")
            parts = urlsplit(self.path)
            path, keys = unquote(parts.path).rstrip("/"), parse_qsl(parts.query, True)
            for pattern, level in SEARCHES:
                if found := pattern.fullmatch(path):
                    return self._search(level, [uid for uid in found.groups() if uid], keys)
            if found := FETCH.fullmatch(path):
                return self._fetch([uid for uid in found.groups() if uid])
            raise _Failure(404, "QIDO-RS and WADO-RS of studies, series and instances are here.")
        except _Failure as failure:
            status, sentence = failure.args
            self._send(status, "text/plain", [f"{sentence}\n".encode()])

    def _search(self, level, uids, keys):
        """QIDO-RS: JSON, one object per entity; unlike C-FIND, series of all studies may be asked."""
        query, limit, offset = Dataset(), None, 0
        for keyword in (*KEYS["STUDY"], *KEYS["PATIENT"], *KEYS[level], *_gathered(level)):
            setattr(query, keyword, None)
        for keyword, uid in zip(("StudyInstanceUID", "SeriesInstanceUID"), uids, strict=False):
            setattr(query, keyword, uid)
        for name, value in keys:
            if name in ("limit", "offset"):
                if not value.isdecimal():
                    raise _Failure(400, f"{name} must be a number.")
                limit, offset = (int(value), offset) if name == "limit" else (limit, int(value))
            elif name not in ("includefield", "fuzzymatching"):
                setattr(
                    query,
                    _keyword(name),
                    value.replace(",", "\\") if "UID" in _keyword(name) else value,
                )
        try:
            answers = self.server.index.find(level, query, relational=True)
        except BadQuery as error:
            raise _Failure(400, f"{error}.") from None
        answers = answers[offset:][:limit]
        if not answers:
            return self._send(204, "application/dicom+json", [])
        text = json.dumps([answer.to_json_dict() for answer in answers])
        self._send(200, "application/dicom+json", [text.encode()])

    def _fetch(self, uids):
        """WADO-RS: whole files, as they are stored, one part each."""
        query = Dataset()
        level = ("STUDY", "SERIES", "IMAGE")[len(uids) - 1]
        for one, uid in zip(("STUDY", "SERIES", "IMAGE"), uids, strict=False):
            setattr(query, UNIQUE[one], uid)
        paths = self.server.index.paths(level, query)
        if not paths:
            raise _Failure(404, "Nothing is stored under these UIDs.")
        accepted = self.headers.get("Accept", "*/*")
        if "transfer-syntax=*" not in accepted and any(
            _syntax(path) not in NATIVE for path in paths
        ):
            raise _Failure(406, "These are compressed: ask for transfer-syntax=*.")
        boundary = uuid4().hex
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        tail = f"--{boundary}--\r\n".encode()
        length = sum(len(head) + path.stat().st_size + 2 for path in paths) + len(tail)
        parts = (part for path in paths for part in (head, path, b"\r\n"))
        self._send(200, f"{DICOM}; boundary={boundary}", [*parts, tail], length)

    def _send(self, status, kind, parts, length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(sum(map(len, parts)) if length is None else length))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        for part in parts:
            self.wfile.write(part if isinstance(part, bytes) else part.read_bytes())

    def log_message(self, *args):
        """No log: addresses hold what was asked for, and that may be a name."""


def _keyword(name) -> str:
    """A key as keyword or as eight hexadecimal digits."""
    keyword = keyword_for_tag(int(name, 16)) if re.fullmatch(r"[0-9A-Fa-f]{8}", name) else name
    if tag_for_keyword(keyword) is None:
        raise _Failure(400, f"{name} is not a DICOM element.")
    return keyword


def _gathered(level):
    return [keyword for keyword, (owner, _) in GATHERED.items() if owner == level]


def _syntax(path):
    return pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID
