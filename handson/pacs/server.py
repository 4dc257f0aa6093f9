"""An archive and a receiver to learn with: they listen on 127.0.0.1 and nowhere else.

`LocalPacs` answers C-ECHO, C-STORE, C-FIND, C-GET and C-MOVE, and a little DICOMweb; `Receiver`
answers C-ECHO and C-STORE, and is where a C-MOVE can deliver. Both work in a `with` block and, from
cell to cell of a notebook, with `.start()` and `.stop()`.
"""

import sys
import tempfile
import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Self

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import AllStoragePresentationContexts, build_context, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from ..errors import NetworkError
from . import associations
from .index import STORED, BadQuery, Index
from .messages import Message, Recorder
from .peers import Peer, check_loopback, check_port, check_title
from .storing import Folder, NotStored, Refusal, parts_of
from .syntaxes import ANY, LIMIT, NATIVE, contexts_for
from .tls import Tls
from .web import WebServer

SUCCESS, PENDING, CANCELLED, BAD_IDENTIFIER = 0x0000, 0xFF00, 0xFE00, 0xA900
HANDSHAKE = 10.0  # seconds that a caller has for TLS

_MODELS = (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)
_PATIENT_ROOT = _MODELS[:3]

_running: dict[str, "_Listener"] = {}  # title -> the server that has it: a cell may run twice


class _Handler(RequestHandler):
    """One caller; TLS is agreed in the caller's thread, so that a silent caller holds nobody up."""

    def handle(self):
        if self.server.tls:
            self.request.settimeout(HANDSHAKE)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.request.settimeout(None)
        super().handle()


class _Server(ThreadedAssociationServer):
    """Says nothing on the error stream when a caller goes away or speaks no TLS."""

    daemon_threads = True
    tls = None

    def handle_error(self, request, client_address):
        pass

    def service_actions(self):
        """pynetdicom collects garbage here, all of the process's, each time: Python does it when needed."""


class _Listener:
    """Title, port, life and record of a server; a subclass says what it answers."""

    anywhere = False  # may it listen for other machines?

    def __init__(self, title, port, host, tls):
        self.host = host if self.anywhere else check_loopback(host)
        self.title = check_title(title)
        self.tls = tls
        self.port: int | None = None
        self.refused: list[Refusal] = []
        self._wanted_port = check_port(port, lowest=0)
        self._recorder = Recorder()
        self._server: _Server | None = None
        self._calls: list = []  # associations that this server opened itself

    @property
    def events(self) -> list[Message]:
        """Every message so far, in the order in which this server sent or received it."""
        return self._recorder.messages()

    def start(self) -> Self:
        """Listen; a running server of the same title in this process stops first."""
        if sys.platform == "emscripten":
            raise NetworkError(
                "this Python runs in a browser and cannot listen on a network",
                "Read the saved outputs here, or run this on your machine or on Binder.",
            )
        if before := _running.get(self.title):
            before.stop()
        self._open()
        ae = associations.entity(self.title)
        ae.require_called_aet = True
        ae.maximum_associations = 100
        context = self.tls.server_context() if self.tls else None
        try:
            server: _Server = ae.make_server(  # type: ignore[assignment]
                (self.host, self._wanted_port),
                contexts=self._contexts(),
                evt_handlers=[*self._handlers(), *self._watchers()],
                server_class=_Server,
                request_handler=_Handler,
            )
        except OSError as error:
            self._close()
            raise NetworkError(
                f"port {self._wanted_port} cannot be opened ({error.strerror})",
                "Choose another port, or 0 for any free one.",
            ) from None
        server.tls = context
        ae._servers.append(server)  # where `server.shutdown` looks for itself
        self._server = server
        self.port = server.server_address[1]
        threading.Thread(
            target=server.serve_forever, args=(0.05,), name=f"{self.title}-server", daemon=True
        ).start()
        _running[self.title] = self
        return self

    def stop(self) -> None:
        """Abort what is going on, close the port, end every thread. Stopping twice does no harm.

        Associations end first: a server that only closes its port lets a running transfer go on.
        """
        server, self._server = self._server, None
        if _running.get(self.title) is self:
            del _running[self.title]
        if server is None:
            return
        for association in [*server.active_associations, *self._calls]:
            associations.abort(association)
        server.shutdown()
        for association in server.active_associations:  # accepted in the meantime
            associations.abort(association)
        self.port = None
        self._close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def __repr__(self):
        state = f"at {self.host}:{self.port}" if self.port else "not running"
        return f"{type(self).__name__} {self.title} {state}"

    def _watchers(self):
        return [*self._recorder.handlers(), *associations.handlers()]

    def _store(self, event, folder, index=None):
        """C-STORE: 0x0000 only when the whole instance lies in the folder."""
        sender = event.assoc.requestor.ae_title.strip()
        uid = str(event.request.AffectedSOPInstanceUID)
        sop_class = str(event.request.AffectedSOPClassUID)
        wanted = STORED if index is not None else ()
        try:
            path, header = folder.keep(parts_of(event), uid, sop_class, wanted)
        except NotStored as problem:
            self.refused.append(Refusal(uid, sender, problem.reason, problem.status))
            return problem.status
        if index is not None:
            index.add(header, path)
        return SUCCESS

    def _open(self):
        """Make ready what the answers need."""

    def _close(self):
        """Let go of it."""

    def _contexts(self) -> list:
        raise NotImplementedError

    def _handlers(self) -> list:
        raise NotImplementedError


class Receiver(_Listener):
    """A storage SCP: whatever is sent to it lies in its folder.

    folder : made when absent; each instance is a file SOPInstanceUID.dcm in it
    title : AE title, by which an archive must know it to deliver there
    accept : transfer syntaxes it takes, all that DICOM knows by default
    port : 0 for any free one; `.port` says which
    tls : certificates, for a receiver that speaks TLS

    Attributes: `.files`, `.events` (messages), `.refused` (instances that were not stored).
    """

    def __init__(
        self,
        folder: str | Path | Folder,
        title: str = "READER",
        accept: tuple[str, ...] | None = None,
        tls: Tls | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
    ):
        super().__init__(title, port, host, tls)
        self.accept = list(accept or ANY)
        self._folder = folder if isinstance(folder, Folder) else Folder(folder)

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def files(self) -> list[Path]:
        """The stored instances, by name."""
        return self._folder.files()

    def _contexts(self):
        storage = [
            build_context(c.abstract_syntax, self.accept) for c in AllStoragePresentationContexts
        ]
        return [build_context(Verification), *storage]

    def _handlers(self):
        return [(evt.EVT_C_STORE, self._store, [self._folder])]


class LocalPacs(_Listener):
    """A picture archive for one person: stores, finds and returns images on this machine.

    folder : where the images are kept; None for a temporary one that `.stop()` removes
    title : AE title; a caller that uses another one is rejected (PS3.8 9.3.4)
    accept : transfer syntaxes it takes; default the native ones, `handson.pacs.ANY` for all
    tls : certificates, for an archive that speaks TLS and asks its callers for theirs
    port : 0 for any free one; `.port` says which

    Attributes: `.peers` (title -> where a C-MOVE may deliver), `.files`, `.events` (messages),
    `.refused` (instances that were not stored), `.web_url` (DICOMweb).
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        title: str = "LEARNPACS",
        accept: tuple[str, ...] | None = None,
        tls: Tls | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
    ):
        super().__init__(title, port, host, tls)
        self.accept = list(accept or NATIVE)
        self.peers = Peers()
        self._kept = folder
        self._temporary: tempfile.TemporaryDirectory | None = None
        self._folder: Folder | None = None
        self._index = Index()
        self._web: WebServer | None = None

    @property
    def folder(self) -> Path | None:
        """Where the images lie; None when the archive is not running."""
        return self._folder.path if self._folder else None

    @property
    def files(self) -> list[Path]:
        """The stored instances, by name."""
        return self._folder.files() if self._folder else []

    @property
    def web_url(self) -> str:
        """Address of QIDO-RS and WADO-RS; the web server starts when this is first asked for."""
        if self._server is None:
            raise NetworkError(f"{self.title} is not running", "Start it first: .start()")
        if self._web is None:
            self._web = WebServer(self._index)
        return self._web.url

    def _open(self):
        folder = self._kept
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="handson-pacs-")
            folder = self._temporary.name
        self._folder = Folder(folder)
        self._index = Index()
        for path in self._folder.files():
            self._index.add(
                pydicom.dcmread(
                    path, specific_tags=[*STORED, "SpecificCharacterSet"], stop_before_pixels=True
                ),
                path,
            )

    def _close(self):
        web, self._web = self._web, None
        if web:
            web.stop()
        temporary, self._temporary = self._temporary, None
        if temporary:
            temporary.cleanup()
        self._folder = None

    def _contexts(self):
        storage = [
            build_context(context.abstract_syntax, self.accept)
            for context in AllStoragePresentationContexts
        ]
        for context in storage:
            context.scu_role = context.scp_role = True  # a C-GET turns the roles round
        return [build_context(Verification), *map(build_context, _MODELS), *storage]

    def _handlers(self):
        return [
            (evt.EVT_C_STORE, self._store, [self._folder, self._index]),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_C_GET, self._get),
            (evt.EVT_C_MOVE, self._move),
        ]

    def _find(self, event) -> Iterator[tuple[int, Dataset | None]]:
        query = event.identifier
        try:
            answers = self._index.find(query.get("QueryRetrieveLevel"), query, _root(event))
        except BadQuery:
            yield BAD_IDENTIFIER, None
            return
        for answer in answers:
            if event.is_cancelled:
                yield CANCELLED, None
                return
            answer.QueryRetrieveLevel = query.QueryRetrieveLevel
            answer.RetrieveAETitle = self.title
            yield PENDING, answer

    def _get(self, event):
        try:
            paths = self._paths(event)
        except BadQuery:
            yield 1
            yield BAD_IDENTIFIER, None
            return
        yield len(paths)
        yield from self._datasets(event, paths)

    def _move(self, event):
        """First the destination, then the number of files, then the files: pynetdicom calls the peer.

        It does so before it looks at our status. A bad identifier therefore names ourselves as the
        destination: the peer would be called for nothing, and one that is down would be blamed.
        """
        try:
            paths = self._paths(event)
        except BadQuery:
            yield self._call(
                Peer(self.host, self.port, self.title, self.tls), [build_context(Verification)]
            )
            yield 1
            yield BAD_IDENTIFIER, None
            return
        peer = self.peers.get((event.move_destination or "").strip())
        if peer is None:
            yield None, None
            return
        yield self._call(
            Peer.of(peer), contexts_for(map(_kind, paths))[:LIMIT] or [build_context(Verification)]
        )
        yield len(paths)
        yield from self._datasets(event, paths)

    def _paths(self, event):
        query = event.identifier
        return self._index.paths(query.get("QueryRetrieveLevel"), query, _root(event))

    def _datasets(self, event, paths):
        for path in paths:
            if event.is_cancelled:
                yield CANCELLED, None
                return
            yield PENDING, pydicom.dcmread(path)

    def _call(self, peer, contexts):
        """What pynetdicom needs to open the second association, the one of C-MOVE."""
        options = {
            "ae_title": peer.title,
            "contexts": contexts,
            "max_pdu": 0,
            "evt_handlers": [*self._watchers(), (evt.EVT_CONN_OPEN, self._remember)],
        }
        if peer.tls:
            ours = self.tls or peer.tls
            options["tls_args"] = (ours.client_context(), peer.host)
        return peer.host, peer.port, options

    def _remember(self, event):
        self._calls = [call for call in self._calls if call.is_alive()] + [event.assoc]


class Peers(MutableMapping):
    """Where an archive may deliver: AE title -> a running `Receiver`, or (host, port) on this machine."""

    def __init__(self):
        self._peers: dict[str, object] = {}

    def __setitem__(self, title, peer):
        title = check_title(title)
        if isinstance(peer, tuple | list):
            if len(peer) not in (2, 3):
                raise NetworkError(f"{peer!r} is not a peer", "Give (host, port) or a Receiver.")
            peer = Peer(check_loopback(peer[0]), peer[1], title)
        check_loopback(peer.host)
        self._peers[title] = peer

    def __getitem__(self, title):
        peer = self._peers[title]
        if getattr(peer, "port", None) is None:  # a receiver that stopped: nobody answers there
            return Peer(peer.host, 1, title)
        return Peer(peer.host, peer.port, title, peer.tls)

    def __delitem__(self, title):
        del self._peers[title]

    def __iter__(self):
        return iter(self._peers)

    def __len__(self):
        return len(self._peers)

    def __repr__(self):
        return repr({title: self[title] for title in self})


def _root(event) -> str:
    return "PATIENT" if event.request.AffectedSOPClassUID in _PATIENT_ROOT else "STUDY"


def _kind(path) -> tuple[str, str]:
    """SOP class and transfer syntax of a stored file."""
    meta = pydicom.filereader.read_file_meta_info(path)
    return meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID
