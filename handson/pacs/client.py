"""The asking side (SCU): C-ECHO, C-STORE, C-FIND, C-GET and C-MOVE to any archive.

One association per call, opened and closed in it. Only status 0x0000 is success; an answer without a
status means that the peer is gone. Whatever goes wrong is one `NetworkError` with the way out.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pynetdicom import StoragePresentationContexts, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode, split_dataset
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from ..errors import NetworkError, counted
from . import associations
from .diagnosis import why_not, why_refused
from .index import KEYS, LEVELS
from .peers import Peer, check_title
from .report import TransferReport
from .storing import Folder, NotStored, ends_early, is_uid, parts_of
from .syntaxes import ANY, LIMIT, LITTLE, NATIVE, contexts_for
from .tls import Tls

Progress = Callable[[int, int], None]
"""Called with (instances finished, instances in all) after each instance."""

REMEDIES = {
    0xA700: "Free space there, then do the same again. `handson send` sends only what is missing.",
    0xA801: "Whoever runs the archive must list the title with its address; and it must be running.",
    0xA900: "A query needs one UID for each level above its own: find() the studies, then the series.",
}
STATUSES = {
    0x0122: "does not support this SOP class",
    0xA700: "is out of space",
    0xA701: "cannot count the matches",
    0xA702: "could send none of the instances",
    0xA801: "does not know the move destination, or cannot reach it",
    0xA900: "does not accept these keys or this data set",
    0xB000: "left something undone, or changed something",
    0xC000: "cannot understand it",
    0xFE00: "was asked to stop",
}


@dataclass(frozen=True)
class Sendable:
    """A file that can travel: its path, SOP class, SOP instance, transfer syntax and data offset."""

    path: Path
    sop_class: str
    uid: str
    syntax: str
    offset: int

    @property
    def context(self) -> tuple[str, str]:
        return self.sop_class, self.syntax


class Client:
    """An application entity that asks.

    title : our own AE title
    peer : a running `LocalPacs` or `Tap`, a `Peer`, or (host, port, title)
    tls : how to speak to it; a `LocalPacs` that speaks TLS says so itself
    """

    def __init__(self, title: str, peer, tls: Tls | None = None):
        self.title = check_title(title)
        self.peer = Peer.of(peer, tls)

    def __repr__(self):
        return f"Client {self.title} of {self.peer}"

    def echo(self) -> int:
        """C-ECHO: is anybody there who accepts our titles? It says nothing about any other service.

        returns : the status, 0x0000
        """
        with self.association([build_context(Verification)]) as association:
            self._need(association, Verification)
            return self._checked(association.send_c_echo(), "C-ECHO")

    def send(
        self,
        files: str | Path | Iterable[str | Path],
        progress: Progress | None = None,
    ) -> TransferReport:
        """C-STORE: every DICOM file, byte for byte where the peer takes its transfer syntax.

        files : paths, or one folder of any nesting
        progress : called after each file
        returns : `TransferReport`; all files of it are done or left out
        raises : `NetworkError` when any file was not stored; its `.report` says which and why
        """
        report = TransferReport()
        chosen = sendable(paths_of(files), report)
        finished = 0
        for batch in _batches(chosen):
            contexts = contexts_for(file.context for file in batch)
            with self.association(contexts) as association, _paused(association):
                for file in batch:
                    self._send(association, file, report)
                    finished += 1
                    if progress:
                        progress(finished, len(chosen))
        if report.failed:
            raise NetworkError(
                f"{self.peer} stored {len(report.done)} of {len(chosen)} files: {report.reasons()}",
                "The rest is unchanged on this side. Mend the reason and send again.",
                status=report.status,
                report=report,
            )
        return report

    def find(self, level: str, **keys: object) -> list[Dataset]:
        """C-FIND: one data set per patient, study, series or image that matches.

        level : "PATIENT" (Patient Root), "STUDY", "SERIES" or "IMAGE" (Study Root)
        keys : keyword=value; "" asks for the value, text with * or ? or a date range matches. Below
            STUDY the unique keys of the levels above are needed, as StudyInstanceUID=...
        """
        if level not in LEVELS:
            raise NetworkError(f"{level!r} is not a level", f"Use one of {', '.join(LEVELS)}.")
        model = (
            PatientRootQueryRetrieveInformationModelFind
            if level == "PATIENT"
            else StudyRootQueryRetrieveInformationModelFind
        )
        identifier = query(level, **dict.fromkeys(KEYS[level], "") | keys)
        with self.association([build_context(model)]) as association:
            self._need(association, model)
            return self._found(association, identifier, model)

    def answers_queries(self) -> bool:
        """Does the peer offer C-FIND to us? Many that store do not: C-ECHO does not tell."""
        model = StudyRootQueryRetrieveInformationModelFind
        contexts = [build_context(Verification), build_context(model)]
        with self.association(contexts) as association:
            return _accepted(association, model)

    def get(
        self,
        study: str,
        folder: str | Path | Folder,
        series: str | None = None,
        instances: Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> TransferReport:
        """C-GET: the images come back over the association that asked for them.

        study : StudyInstanceUID
        folder : made when absent; each instance is a file SOPInstanceUID.dcm in it
        series : SeriesInstanceUID, for one series alone
        instances : SOP Instance UIDs, for some of that series alone
        returns : `TransferReport`
        raises : NetworkError when an instance is missing
        """
        identifier = retrieval(study, series, instances)
        report, listed = TransferReport(), self._classes(study, series)
        kept = folder if isinstance(folder, Folder) else Folder(folder, only=set(listed) or None)
        classes = list(dict.fromkeys(listed.values())) if all(listed.values()) else []
        classes = classes or [
            str(c.abstract_syntax) for c in StoragePresentationContexts[: LIMIT // 2]
        ]
        model = StudyRootQueryRetrieveInformationModelGet
        contexts = [build_context(model), *_retrieval_contexts(classes)]
        roles = [build_role(sop_class, scp_role=True) for sop_class in classes]
        wanted = [(evt.EVT_C_STORE, _keep, [kept, report])]
        with self.association(contexts, roles, wanted) as association:
            self._need(association, model)
            answers = association.send_c_get(identifier, model)
            counted = self._counted(answers, report, "C-GET", progress)
        return self._all_there(
            counted, report, "C-GET", arrived=len(report.done) + len(report.already)
        )

    def move(
        self,
        study: str,
        destination: str,
        series: str | None = None,
        instances: Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> TransferReport:
        """C-MOVE: the peer opens an association of its own and sends the images to `destination`.

        study, series, instances : as for `get`
        destination : AE title that the peer knows; nothing comes back to us but the count
        returns : `TransferReport`; `.done` holds no UIDs, because none are seen; `.responses` counts the answers
        """
        report = TransferReport()
        model = StudyRootQueryRetrieveInformationModelMove
        identifier = retrieval(study, series, instances)
        with self.association([build_context(model)]) as association:
            self._need(association, model)
            answers = association.send_c_move(identifier, check_title(destination), model)
            counted = self._counted(answers, report, "C-MOVE", progress)
        return self._all_there(counted, report, "C-MOVE", arrived=None)

    @contextmanager
    def association(
        self, contexts: Iterable[PresentationContext], roles: Iterable = (), handlers: Iterable = ()
    ) -> Iterator[Association]:
        """An established pynetdicom association; released at the end, aborted when that went wrong."""
        ae = associations.entity(self.title)
        options: dict[str, Any] = {}
        if self.peer.tls:
            options["tls_args"] = (self.peer.tls.client_context(), self.peer.host)
        try:
            association = ae.associate(
                self.peer.host,
                self.peer.port,
                list(contexts),
                ae_title=self.peer.title,
                max_pdu=0,
                ext_neg=list(roles),
                evt_handlers=[*associations.handlers(), *handlers],
                **options,
            )
        except OSError as error:  # the name of the host
            raise NetworkError(
                f"{self.peer}: no such host ({error.strerror or error})", "Check its name."
            ) from None
        if not association.is_established:
            raise why_not(association, self.peer)
        try:
            yield association
        except BaseException:
            associations.abort(association)
            raise
        association.release()
        if not association.is_released:  # nobody answered the release
            associations.abort(association)

    def _send(self, association, file, report):
        """One C-STORE; the reason of a failure goes into the report, a peer that is gone is raised."""
        context = _context_of(association, file)
        if context is None:
            report.failed[str(file.path)] = why_refused(association, *file.context)
            return
        try:
            stream = _encoded(file, context.transfer_syntax[0])
        except OSError as error:
            report.failed[str(file.path)] = f"cannot be read ({error.strerror})"
            return
        except Exception as error:  # pydicom raises whatever a damaged data set leads it to
            reason = (
                f"cannot be written as {context.transfer_syntax[0].name} ({type(error).__name__})"
            )
            report.failed[str(file.path)] = reason
            return
        request = C_STORE()
        request.MessageID = report.responses % 65535 + 1
        request.Priority = 0
        request.AffectedSOPClassUID = file.sop_class
        request.AffectedSOPInstanceUID = file.uid
        request.DataSet = stream
        association.dimse.send_msg(request, context.context_id)
        _, answer = association.dimse.get_msg(block=True)
        if answer is None or not isinstance(answer, C_STORE) or answer.Status is None:
            raise self._gone("C-STORE", len(report.done), report)
        report.responses += 1
        if answer.Status == 0x0000:
            report.done.append(file.uid)
        else:
            report.status = answer.Status
            report.failed[str(file.path)] = f"the peer {_said(answer.Status)}"

    def _found(self, association, identifier, model):
        found = []
        for status, answer in association.send_c_find(identifier, model):
            if "Status" not in status:
                raise self._gone("C-FIND", len(found))
            if status.Status in (0xFF00, 0xFF01):
                found.append(answer)
            else:
                self._checked(status, "C-FIND")
        return found

    def _classes(self, study, series) -> dict[str, str]:
        """What will be sent, in the archive's words: SOP Instance UID -> SOP Class UID, "" if it does not say."""
        model = StudyRootQueryRetrieveInformationModelFind
        listed: dict[str, str] = {}
        with self.association([build_context(model)]) as association:
            if not _accepted(association, model):
                return listed
            below = [series]
            if series is None:
                asked = query("SERIES", StudyInstanceUID=study, SeriesInstanceUID="")
                below = [one.SeriesInstanceUID for one in self._found(association, asked, model)]
            for one in below:
                keys = {"StudyInstanceUID": study, "SeriesInstanceUID": one}
                asked = query("IMAGE", **keys, SOPInstanceUID="", SOPClassUID="")
                for image in self._found(association, asked, model):
                    listed[str(image.SOPInstanceUID)] = str(image.get("SOPClassUID", ""))
        return listed

    def _counted(self, answers, report, service, progress):
        """The last answer of a C-GET or C-MOVE, each one counted."""
        status = Dataset()
        for status, failed in answers:
            if "Status" not in status:
                raise self._gone(service, len(report.done), report)
            report.responses += 1
            report.status = status.Status
            for uid in _listed(failed):
                report.failed[uid] = "the peer could not send it"
            if progress:
                finished = sum(_count(status, k) for k in ("Completed", "Failed", "Warning"))
                progress(finished, finished + _count(status, "Remaining"))
        return status

    def _all_there(self, status, report, service, arrived):
        completed, failed = _count(status, "Completed"), _count(status, "Failed")
        warned = _count(status, "Warning")
        report.completed = completed
        short = arrived is not None and arrived < completed
        clean = report.status == 0x0000 and not (failed or warned or report.failed or short)
        if clean and completed:
            return report
        if clean:
            raise NetworkError(
                f"{service}: {self.peer} holds nothing under these UIDs",
                "Ask with find() what it has.",
                status=report.status,
                report=report,
            )
        told = f"{completed} of {completed + failed + warned} instances sent"
        raise NetworkError(
            f"{service}: {self.peer} {_said(report.status)}: {told}"
            + (f", {arrived} arrived" if arrived is not None else "")
            + (f" ({report.reasons()})" if report.failed else ""),
            REMEDIES.get(
                report.status, "What arrived is whole. Mend the reason and ask again for the rest."
            ),
            status=report.status,
            report=report,
        )

    def _need(self, association, model):
        if not _accepted(association, model):
            raise NetworkError(
                f"{self.peer} does not offer {pydicom.uid.UID(model).name} to {self.title}",
                "Ask whoever runs it to allow this service for your AE title.",
            )

    def _checked(self, status, service) -> int:
        if "Status" not in status:
            raise self._gone(service, 0)
        if status.Status != 0x0000:
            raise NetworkError(
                f"{service}: {self.peer} {_said(status.Status)}",
                REMEDIES.get(status.Status, "Check the keys, and what this archive supports."),
                status=status.Status,
            )
        return status.Status

    def _gone(self, service, finished, report=None):
        return NetworkError(
            f"{self.peer} gave no answer to {service}, after {counted(finished, 'instance')}: it is gone or hangs",
            "What was confirmed was received. When the peer is back, do the same again."
            + (" `handson send` sends only what is missing." if service == "C-STORE" else ""),
            report=report,
        )


def query(level: str, **keys: object) -> Dataset:
    """The identifier of a C-FIND, C-GET or C-MOVE."""
    identifier = Dataset()
    for keyword, value in keys.items():
        if tag_for_keyword(keyword) is None:
            raise NetworkError(
                f"{keyword!r} is not the keyword of a DICOM element", "See pydicom's spelling."
            )
        if dictionary_VR(keyword) in ("US", "UL", "SQ") and value == "":
            value = None
        setattr(identifier, keyword, value)
        if isinstance(value, str) and not value.isascii():
            identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = level
    return identifier


def retrieval(
    study: str, series: str | None = None, instances: Iterable[str] | None = None
) -> Dataset:
    """The identifier of a C-GET or C-MOVE: unique keys alone (PS3.4 C.4.2.2.1)."""
    keys: dict[str, Any] = {"StudyInstanceUID": study}
    level = "STUDY"
    if series is not None:
        keys["SeriesInstanceUID"], level = series, "SERIES"
    if instances is not None:
        keys["SOPInstanceUID"], level = list(instances), "IMAGE"
        if series is None:
            raise NetworkError("instances need their series", "Give series=SeriesInstanceUID.")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        if keyword in keys and not is_uid(str(keys[keyword])):
            raise NetworkError(f"{keys[keyword]!r} is not a {keyword}", "Take it from a C-FIND.")
    return query(level, **keys)


def paths_of(files: str | Path | Iterable[str | Path]) -> list[Path]:
    """The files themselves, in order; a folder stands for all files in it, of any nesting."""
    if isinstance(files, str | Path):
        files = [files]
    paths = []
    for path in map(Path, files):
        if not path.exists():
            raise NetworkError("does not exist", "Check the path.", path=path)
        paths += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return paths


def sendable(paths: Iterable[Path], report: TransferReport) -> list[Sendable]:
    """The DICOM images among the files; the others go into `report.left_out`."""
    found = []
    for path in paths:
        try:
            meta, offset = split_dataset(path)
            file = Sendable(
                path,
                str(meta.MediaStorageSOPClassUID),
                str(meta.MediaStorageSOPInstanceUID),
                str(meta.TransferSyntaxUID),
                offset,
            )
            if ends_early(path, offset, file.syntax):
                report.failed[str(path)] = (
                    "it is cut off: its data set ends in the middle of an element"
                )
                continue
        except OSError as error:
            report.failed[str(path)] = f"cannot be read ({error.strerror})"
            continue
        except Exception:  # no DICOM file: no preamble, no file meta information
            file = None
        if file is None or file.sop_class == "1.2.840.10008.1.3.10":  # a DICOMDIR does not travel
            report.left_out.append(str(path))
        else:
            found.append(file)
    return found


def _batches(files):
    """Runs of files whose presentation contexts fit into one association."""
    batch, contexts = [], set()
    for file in files:
        if file.context not in contexts and len(contexts_for({*contexts, file.context})) > LIMIT:
            yield batch
            batch, contexts = [], set()
        batch.append(file)
        contexts.add(file.context)
    if batch:
        yield batch


def _retrieval_contexts(classes):
    """As stored, compressed or not: a context per class for each of them, as many as fit."""
    room = LIMIT - 1
    native = [build_context(sop_class, list(NATIVE)) for sop_class in classes[:room]]
    kinds = [(c, syntax) for c in classes for syntax in ANY if syntax not in NATIVE]
    return [*native, *(build_context(c, [syntax]) for c, syntax in kinds[: room - len(native)])]


def _context_of(association, file):
    """The accepted context in which a file can travel: its own syntax, else another native one."""
    ours = [c for c in association.accepted_contexts if c.abstract_syntax == file.sop_class]
    for context in ours:
        if context.transfer_syntax[0] == file.syntax:
            return context
    if file.syntax in LITTLE:
        return next((c for c in ours if c.transfer_syntax[0] in LITTLE), None)
    return None


def _encoded(file, syntax) -> BytesIO:
    """The data set as it stands in the file, or written anew in another native syntax."""
    if syntax == file.syntax:
        with open(file.path, "rb") as stream:
            stream.seek(file.offset)
            return BytesIO(stream.read())
    dataset = pydicom.dcmread(file.path)
    return BytesIO(encode(dataset, syntax.is_implicit_VR, syntax.is_little_endian) or b"")


@contextmanager
def _paused(association):
    """We read the answers ourselves: pynetdicom's own loop, which would take them, rests meanwhile."""
    association._reactor_checkpoint.clear()
    while not association._is_paused and association.is_alive():
        associations.rest()
    try:
        yield
    finally:
        association._reactor_checkpoint.set()


def _keep(event, folder, report):
    """A C-STORE that comes back over the association of a C-GET."""
    uid = str(event.request.AffectedSOPInstanceUID)
    try:
        folder.keep(parts_of(event), uid, str(event.request.AffectedSOPClassUID))
    except NotStored as problem:
        if problem.status == 0x0000:
            report.already.append(uid)
        else:
            report.failed[uid] = problem.reason
        return problem.status
    report.done.append(uid)
    return 0x0000


def _accepted(association, abstract_syntax) -> bool:
    return any(c.abstract_syntax == abstract_syntax for c in association.accepted_contexts)


def _count(status, what) -> int:
    return int(status.get(f"NumberOf{what}Suboperations") or 0)


def _listed(failed) -> list[str]:
    uids = failed.get("FailedSOPInstanceUIDList") if failed is not None else None
    return [uids] if isinstance(uids, str) else [str(uid) for uid in uids or ()]


def _said(status) -> str:
    said = (
        STATUSES.get(status)
        or STATUSES.get(status & 0xFF00)
        or ("cannot process it" if status >> 12 == 0xC else "refused")
    )
    return f"{said} (0x{status:04X})"
