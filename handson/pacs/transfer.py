"""A folder to an archive and a study from one: only what is missing travels, and all of it is proved.

An instance counts as there when the archive lists its SOP Instance UID, or when its file lies whole in
the folder. So a transfer that broke off goes on where it stopped. Nothing is deleted on either side.
"""

import filecmp
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock

import pydicom

from ..errors import NetworkError, counted
from .client import Client, Progress, Sendable, paths_of, sendable
from .report import TransferReport
from .server import Receiver
from .storing import UNREADABLE, Folder, NotStored, is_uid
from .tls import Tls
from .webclient import DicomWeb

LANES = 4  # associations at a time, for at least MANY files
MANY = 40
TOGETHER = 50  # instances in one request of their own
PATIENCE = (
    5  # times that an archive is asked, a second apart, whether it lists what it has confirmed
)


def send(
    files: str | Path | Iterable[str | Path],
    archive: Client | DicomWeb,
    progress: Progress | None = None,
) -> TransferReport:
    """Send what the archive does not list yet, then ask it whether it lists everything.

    files : paths, or one folder of any nesting
    archive : where to
    progress : called after each instance, those that were there included
    returns : `TransferReport`; `.proved` is False where the archive answers no queries
    raises : `NetworkError` with `.report` when anything is not there in the end
    """
    report = TransferReport()
    chosen = _distinct(sendable(paths_of(files), report), report)
    places = {file: _place(file, report) for file in chosen}
    chosen = [file for file in chosen if places[file]]
    there = _listed(archive, set(places.values()) - {None})
    missing = [file for file in chosen if there is None or file.uid not in there]
    report.already += [file.uid for file in chosen if there is not None and file.uid in there]
    if missing:
        _send(archive, missing, report, _after(progress, len(report.already)))
    if there is not None:
        _prove(archive, missing, set(places.values()) - {None}, report)
    return _complete(report, f"{archive}: {counted(len(report.failed), 'file')} did not get there")


def pull(
    archive: Client | DicomWeb,
    study: str,
    folder: str | Path,
    series: str | None = None,
    inbox: "Inbox | None" = None,
    progress: Progress | None = None,
) -> TransferReport:
    """Fetch what the folder does not hold yet, then read every file's header.

    archive : where from
    study : StudyInstanceUID
    folder : made when absent; each instance is a file SOPInstanceUID.dcm in it
    series : SeriesInstanceUID, for one series alone
    inbox : fetch by C-MOVE to it; without one by C-GET, or by WADO-RS from a `DicomWeb`
    returns : `TransferReport`
    raises : `NetworkError` with `.report` when anything is not there in the end
    """
    report, wanted = TransferReport(), images(archive, study, series)
    every = [uid for uids in wanted.values() for uid in uids]
    if not every:
        raise NetworkError(f"{archive} lists nothing under these UIDs", "Find the study first.")
    kept = Folder(folder, only=set(every))
    report.already = [uid for uid in every if kept.holds(uid)]
    there = set(report.already)
    with _receiving(inbox, kept):
        for one, uids in wanted.items():
            missing = [uid for uid in uids if uid not in there]
            for chunk in _chunks(missing, len(uids)):
                finished = len(report.already) + len(report.done)
                after = _after(progress, finished, len(every))
                _fetch(archive, kept, (study, one), chunk, len(uids), inbox, report, after)
                report.done += [uid for uid in chunk if kept.holds(uid)]
    here = there.union(report.done)
    unmet = [uid for uid in every if uid not in here]
    report.failed = {uid: report.failed.get(uid, "it did not arrive") for uid in unmet}
    report.proved = not report.failed
    return _complete(report, f"{archive}: {counted(len(report.failed), 'instance')} did not arrive")


def images(
    archive: Client | DicomWeb, study: str, series: str | None = None
) -> dict[str, list[str]]:
    """What an archive lists of a study: SeriesInstanceUID -> SOP Instance UIDs."""
    if not is_uid(study) or (series is not None and not is_uid(series)):
        raise NetworkError(
            f"{series or study!r} is not a UID", "Take it from `handson pull --find`."
        )
    if isinstance(archive, DicomWeb):
        found = [series] if series else _uids(archive.search("SERIES", study), "SeriesInstanceUID")
        return {
            one: _uids(archive.search("IMAGE", study, one), "SOPInstanceUID")
            for one in filter(is_uid, found)
        }
    asked = archive.find("SERIES", StudyInstanceUID=study)
    found = [series] if series else _uids(asked, "SeriesInstanceUID")
    return {
        one: _uids(
            archive.find("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=one), "SOPInstanceUID"
        )
        for one in found
    }


@dataclass(frozen=True)
class Inbox:
    """Where a C-MOVE is to deliver: our title, and the address at which the archive calls us.

    title : AE title; the archive must know it, with this address and port
    host, port : ours; other machines reach us only at an address that is theirs to see
    tls : certificates, where the archive sends by TLS
    """

    title: str
    port: int
    host: str = "127.0.0.1"
    tls: Tls | None = None


class _Inbox(Receiver):
    """May listen for other machines, because it takes nothing but what was asked for."""

    anywhere = True


def _receiving(inbox, kept):
    if inbox is None:
        return nullcontext()
    return _Inbox(kept, inbox.title, tls=inbox.tls, port=inbox.port, host=inbox.host)


def _chunks(missing, total):
    """A series that is missing as a whole is one request; else a few instances at a time."""
    size = total if len(missing) == total else TOGETHER
    return [missing[i : i + size] for i in range(0, len(missing), size)]


def _fetch(archive, kept, series_of_study, uids, total, inbox, report, progress):
    """One request; what the archive could not send is noted, an archive that is gone is raised."""
    study, series = series_of_study
    if isinstance(archive, DicomWeb):
        return _download(archive, kept, series_of_study, uids, report, progress)
    some = None if len(uids) == total else uids
    try:
        if inbox is None:
            archive.get(study, kept, series, some, progress)
        else:
            archive.move(study, inbox.title, series, some, progress)
    except NetworkError as error:
        if error.status is None or not _partly(error):
            raise _with(error, report) from None
        said = error.report.failed or dict.fromkeys(uids, error.fault)
        report.failed |= said


def _partly(error) -> bool:
    """Did some instances fail, rather than the request?"""
    return error.report is not None and error.status in (0xB000, 0xA702, 0x0000)


def _download(archive, kept, series_of_study, uids, report, progress):
    for finished, uid in enumerate(uids, 1):
        if not is_uid(uid):
            report.failed[uid] = "its SOP Instance UID is not a UID"
            continue
        try:
            content = archive.fetch(*series_of_study, uid)
            sop_class = _sop_class(content)
            kept.keep([content], uid, sop_class)
        except NotStored as problem:
            report.failed[uid] = problem.reason
        except NetworkError as error:
            if error.status is None:
                raise _with(error, report) from None
            report.failed[uid] = error.fault
        if progress:
            progress(finished, len(uids))


def _sop_class(content) -> str:
    try:
        header = pydicom.dcmread(BytesIO(content), specific_tags=["SOPClassUID"])
        return str(header.get("SOPClassUID", ""))
    except Exception as error:  # pydicom raises whatever a damaged file leads it to
        raise NotStored(UNREADABLE, f"it is not a DICOM file ({type(error).__name__})") from None


def _distinct(files: list[Sendable], report) -> list[Sendable]:
    """One file per SOP Instance UID: a second one with other contents would be lost without a word."""
    first: dict[str, Sendable] = {}
    for file in files:
        other = first.setdefault(file.uid, file)
        if other is file:
            continue
        if filecmp.cmp(other.path, file.path, shallow=False):
            report.already.append(file.uid)
        else:
            report.failed[str(file.path)] = (
                f"{other.path.name} has the same SOP Instance UID and other contents"
            )
    return list(first.values())


def _place(file: Sendable, report) -> tuple[str, str] | None:
    """Study and series of a file: an archive lists its images by them."""
    try:
        header = pydicom.dcmread(
            file.path,
            stop_before_pixels=True,
            specific_tags=["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"],
        )
    except Exception as error:  # pydicom raises whatever a damaged file leads it to
        report.failed[str(file.path)] = f"its header cannot be read ({type(error).__name__})"
        return None
    if str(header.get("SOPInstanceUID", "")) != file.uid:
        report.failed[str(file.path)] = (
            "its SOP Instance UID differs from its file meta information"
        )
        return None
    place = str(header.get("StudyInstanceUID", "")), str(header.get("SeriesInstanceUID", ""))
    if not all(map(is_uid, place)):
        report.failed[str(file.path)] = (
            "its StudyInstanceUID or SeriesInstanceUID is missing or not a UID"
        )
        return None
    return place


def _listed(archive, places) -> set[str] | None:
    """SOP Instance UIDs that the archive lists in these series; None where it answers no queries."""
    if isinstance(archive, Client) and not archive.answers_queries():
        return None
    found: set[str] = set()
    for study, series in places:
        found.update(*images(archive, study, series).values())
    return found


def _send(archive, files, report, progress):
    if isinstance(archive, DicomWeb):
        return _upload(archive, files, report, progress)
    lanes = LANES if len(files) >= MANY else 1
    error = _in_lanes(archive, files, lanes, report, progress)
    reached = set(report.done)
    rest = [f for f in files if f.uid not in reached and str(f.path) not in report.failed]
    if rest and lanes > 1:  # an archive may allow fewer associations at a time
        after = _after(progress, len(files) - len(rest), len(files))
        error = _in_lanes(archive, rest, 1, report, after)
    if error:
        raise _with(error, report) from None


def _in_lanes(archive, files, lanes, report, progress) -> NetworkError | None:
    """Send over several associations at once; returns the error of one that ended early.

    Most of the time of a C-STORE is spent on waiting for its answer.
    """
    counter = _Counter(progress, len(files))
    with ThreadPoolExecutor(lanes) as pool:
        running = [pool.submit(_lane, archive, files[n::lanes], counter) for n in range(lanes)]
        try:
            outcomes = [lane.result() for lane in running]
        except BaseException:
            counter.stop()
            raise
    for sent, _ in outcomes:
        report.done += sent.done
        report.failed |= sent.failed
        report.responses += sent.responses
    return next((error for _, error in outcomes if error), None)


def _lane(archive, files, counter) -> tuple[TransferReport, NetworkError | None]:
    """What one association did, and what ended it before all of its files were tried."""
    try:
        return archive.send([file.path for file in files], counter), None
    except NetworkError as error:
        sent = error.report or TransferReport()
        all_tried = len(sent.done) + len(sent.failed) == len(files)
        return sent, None if all_tried else error


class _Counter:
    """Adds up the progress of several threads; stops them when their owner does."""

    def __init__(self, progress, total):
        self._progress, self._total = progress, total
        self._lock = Lock()
        self._finished = 0
        self._stopped = False

    def __call__(self, finished: int, total: int) -> None:
        with self._lock:
            if self._stopped:
                raise NetworkError("stopped")
            self._finished += 1
            if self._progress:
                self._progress(self._finished, self._total)

    def stop(self) -> None:
        self._stopped = True


def _upload(archive, files, report, progress):
    """STOW-RS, some files in each request."""
    for start in range(0, len(files), TOGETHER):
        some = files[start : start + TOGETHER]
        refused = archive.store(file.path for file in some)
        for file in some:
            if file.uid in refused:
                report.failed[str(file.path)] = refused[file.uid]
            else:
                report.done.append(file.uid)
        if progress:
            progress(start + len(some), len(files))


def _prove(archive, files, places, report):
    """Whatever was confirmed must be listed; an archive may need a moment for it."""
    confirmed = set(report.done)
    for attempt in range(PATIENCE):
        lost = confirmed - _listed(archive, places)
        if not lost:
            break
        if attempt < PATIENCE - 1:
            time.sleep(1)
    for file in files:
        if file.uid in lost:
            report.done.remove(file.uid)
            report.failed[str(file.path)] = "the archive confirmed it and does not list it"
    report.proved = not report.failed


def _complete(report, fault) -> TransferReport:
    if report.failed:
        raise NetworkError(
            f"{fault}: {report.reasons()}",
            "What did is safe. Mend the reason and do the same again: only the rest travels.",
            report=report,
        )
    return report


def _with(error, report) -> NetworkError:
    """The same error, carrying what the whole transfer had done."""
    there = counted(len(report.already) + len(report.done), "instance")
    finished = f"{error.fault}; {there} done"
    return NetworkError(finished, error.remedy, status=error.status, report=report)


def _after(progress, before, total=None):
    if progress is None:
        return None
    return lambda finished, of: progress(before + finished, total or before + of)


def _uids(found, keyword) -> list[str]:
    return list(dict.fromkeys(str(one.get(keyword, "")) for one in found))
