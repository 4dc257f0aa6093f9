"""A whole folder: every input through the engine, every output under a new name, every file accounted for.

Workers de-identify one file each into a temporary one; the parent alone gives names, remembers patients in
the store and renames, so that nothing is ever overwritten and nothing half written is ever seen. This
module knows files and processes, no element of a data set.
"""

import errno
import hmac
import json
import logging
import multiprocessing
import os
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..errors import DeidentifyError, HandsonError, ReadError
from . import nifti
from . import report as status
from .dicomdir import write_dicomdir
from .dicomfile import (
    file_meta,
    looks_like_dicom,
    looks_like_directory,
    open_dicom,
    read_file,
    write_dicom,
)
from .engine import Engine
from .faces import may_show_face
from .identity import Identity, short_name
from .pixels import Mask, burned_in_risk, cover, read_masks
from .profile import Profile
from .report import Entry, Report

RUN_FOLDER = ".handson-run"
_UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class Job:
    """What every worker needs to know.

    key : of the identifiers
    options : of the profile
    base : the folder that inputs are named relative to
    parts : {status: folder for unfinished files}, {} for a dry run
    aside : True to de-identify files whose pixels are at risk as well, to be put aside
    pixels_checked : True when the user has looked at all pixels
    masks : what to cover in pixels
    with_directory : True if a DICOMDIR will list the outputs, whose names then have no ending
    """

    key: bytes
    options: frozenset
    base: Path
    parts: dict[str, Path]
    aside: bool = False
    pixels_checked: bool = False
    masks: tuple[Mask, ...] = ()
    with_directory: bool = False


@dataclass
class Outcome:
    """What a worker did with one input. `part` is the finished file, waiting for its name."""

    number: int
    status: str
    reason: str = ""
    part: Path | None = None
    folders: tuple[str, ...] = ()
    identifier: str = ""
    suffix: str = ""
    changes: Counter = field(default_factory=Counter)
    face: bool = False
    identities: list[tuple[str, dict]] = field(default_factory=list)


class Worker:
    """De-identifies one file at a time."""

    def __init__(self, job: Job):
        self.job = job
        self.identity = Identity(job.key)
        self.engine = Engine(Profile(job.options), self.identity)

    def __call__(self, number: int, path: Path) -> Outcome:
        """Never raises for what a file holds: whatever is wrong with it is a refusal with a reason."""
        try:
            with quiet():
                return self._dispatch(number, path)
        except HandsonError as error:
            outcome = Outcome(number, status.REFUSED, error.fault)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG):
                raise DeidentifyError(  # not this file's fault
                    f"The output cannot be written ({error.strerror}); the files in it are whole",
                    "Make room or choose another folder, then start again.",
                ) from None
            outcome = Outcome(number, status.REFUSED, f"{_UNREADABLE} ({error.strerror})")
        except (Exception, RecursionError) as error:
            # broken bytes can make the reader raise anything, with their values in the message: none is kept
            outcome = Outcome(number, status.REFUSED, f"{_UNREADABLE} ({type(error).__name__})")
        finally:
            if "outcome" in locals() or sys.exc_info()[0]:
                self._discard(number)
        return outcome

    def _discard(self, number: int) -> None:
        for folder in self.job.parts.values():
            (folder / f"{number}.part").unlink(missing_ok=True)

    def _part(self, number: int, kind: str) -> Path | None:
        return self.job.parts[kind] / f"{number}.part" if self.job.parts else None

    def _dispatch(self, number: int, path: Path) -> Outcome:
        if path.is_symlink():
            return Outcome(number, status.REFUSED, "is a symbolic link, which is not followed")
        if path.is_dir():
            return Outcome(number, status.REFUSED, "is a folder that cannot be listed")
        if not path.is_file():
            return Outcome(number, status.REFUSED, "is not a regular file")
        with read_file(path) as file:
            if looks_like_dicom(file.read(140)):
                return self._dicom(number, file)
        if nifti.kind(path) and (nifti.kind(path) in nifti.IMAGES or nifti.partner(path)):
            return self._nifti(number, path)
        return Outcome(number, status.OTHER, "neither DICOM nor NIfTI: not copied")

    def _kind(self, reason: str) -> str:
        """What becomes of a file with this reason not to give it away."""
        if not reason:
            return status.DONE
        if not self.job.aside:
            raise ReadError(reason)
        return status.ASIDE

    def _nifti(self, number: int, path: Path) -> Outcome:
        image = nifti.kind(path) in nifti.IMAGES
        face = image and nifti.may_show_face(nifti.read_header(nifti.partner(path) or path))
        reason = self._face_reason(face)
        kind = self._kind(reason)
        part = self._part(number, kind)
        target = part or Path(os.devnull)
        if image:
            changes = nifti.write_image(path, target)
        else:
            changes = nifti.write_sidecar(path, target, self.engine.profile, self.identity)
        folder = os.fspath(path.parent.relative_to(self.job.base))
        return Outcome(
            number,
            kind,
            reason,
            part,
            folders=(short_name(self.identity.uid(f"folder {folder}")),),
            identifier=self.identity.uid(f"file {folder}/{nifti.stem(path)}"),
            suffix=nifti.kind(path),
            changes=changes,
            face=face,
        )

    def _face_reason(self, face: bool) -> str:
        refuse = face and "clean-recognizable-visual-features" in self.job.options
        return "may show a face, and nothing here takes one out of it" if refuse else ""

    def _dicom(self, number: int, file) -> Outcome:
        source = open_dicom(file)
        if source.is_directory:
            return Outcome(number, status.DIRECTORY, "made anew from the outputs")
        dataset = source.dataset
        risk = burned_in_risk(dataset) if source.pixels and not self.job.pixels_checked else ""
        face = may_show_face(dataset)
        pixels = cover(source, self.job.masks)
        risk = f"pixels not looked at: {risk}" if risk and pixels is None else ""
        kind = self._kind(risk or self._face_reason(face))
        token, original = self.engine.token(dataset), _original(dataset)
        changes = self.engine.deidentify(dataset, masked=pixels is not None)
        meta = file_meta(source, dataset, self.identity.uid(f"file {number}"))
        part = self._part(number, kind)
        with open(part or os.devnull, "wb") as out:
            write_dicom(source, dataset, meta, out, pixels)
        study, series = (str(dataset.get(k, "")) for k in ("StudyInstanceUID", "SeriesInstanceUID"))
        return Outcome(
            number,
            kind,
            risk or self._face_reason(face),
            part,
            (short_name(token), short_name(study), short_name(series)),
            str(meta.MediaStorageSOPInstanceUID),
            "" if self.job.with_directory else ".dcm",
            changes,
            face,
            [(token, original)],
        )


def _original(dataset) -> dict:
    """What the look-up store keeps of a patient."""
    keywords = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")
    return {k: str(dataset.get(k, "")) for k in keywords if dataset.get(k)}


@contextmanager
def quiet():
    """Keep the reader's warnings out of logs: they quote values and file names."""
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


_worker: Worker | None = None


def _start_worker(job: Job) -> None:
    global _worker
    _worker = Worker(job)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(items: list[tuple[int, Path]]) -> list[Outcome]:
    return [_worker(number, path) for number, path in items]


def outcomes(numbered: list[tuple[int, Path]], job: Job, jobs: int) -> Iterator[Outcome]:
    """Every input's outcome, in order, from `jobs` processes."""
    if jobs <= 1 or len(numbered) < 2:
        worker = Worker(job)
        for number, path in numbered:
            yield worker(number, path)
        return
    method = "fork" if sys.platform == "linux" else None  # elsewhere the system's own way
    size = max(1, min(32, len(numbered) // (4 * jobs)))
    batches = (numbered[i : i + size] for i in range(0, len(numbered), size))
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(jobs, context, _start_worker, (job,)) as pool:
        waiting = [pool.submit(_work, batch) for batch in islice(batches, 3 * jobs)]
        try:
            while waiting:
                yield from waiting.pop(0).result()
                waiting += [pool.submit(_work, batch) for batch in islice(batches, 1)]
        except BrokenProcessPool:
            raise DeidentifyError(
                "A worker process was ended from outside (memory?); the files in the output are whole",
                "Start again with fewer jobs.",
            ) from None
        finally:
            for future in waiting:
                future.cancel()


def list_inputs(source: Path) -> list[Path]:
    """Every file under a folder, sorted, or the one file; links are listed and not followed.

    The place in this list is the number by which the report names an input.
    """
    try:
        if source.is_file():
            return [source]
        next(source.iterdir(), None)
    except OSError as error:
        raise DeidentifyError(
            f"cannot be opened ({error.strerror})", "Check the path and its rights.", path=source
        ) from None
    found = []
    unlisted = lambda error: found.append(Path(error.filename))  # noqa: E731 (accounted for, not skipped)
    for folder, folders, names in os.walk(source, onerror=unlisted):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        found += [Path(folder, name) for name in names + links]
    return sorted(found)


class Output:
    """The folder that the outputs go to, and what is known of the run in it.

    folder : made when missing; must be empty, unless it holds an unfinished run that `resume` names
    resume : says which run may go on there ("" for none)
    key : makes the names of inputs in the journal unreadable
    """

    def __init__(self, folder: Path, resume: str, key: bytes):
        self.folder = folder
        self.run = folder / RUN_FOLDER
        self._key = key
        self._named: dict[str, str] = {}
        self._prepare(resume)
        self._journal = (self.run / "journal").open("a", encoding="ascii")

    def _prepare(self, resume: str) -> None:
        state = {"run": resume}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = self.run / "run.json"
            if any(self.folder.iterdir()):
                if not unfinished.exists():
                    raise DeidentifyError("is not empty", "Choose a new folder.", path=self.folder)
                if not resume or json.loads(unfinished.read_text()) != state:
                    raise DeidentifyError(
                        "holds the whole files of a run that was stopped, which cannot go on (its key is gone or"
                        " its settings were others)",
                        "Delete the folder or choose a new one, and start again.",
                        path=self.folder,
                    )
                for part in self.run.glob("*.part"):
                    part.unlink()
                self._read_journal()
            else:
                self.run.mkdir()
                unfinished.write_text(json.dumps(state))
        except ValueError:
            raise DeidentifyError(
                "is damaged", "Choose another folder.", path=self.folder
            ) from None

    def _read_journal(self) -> None:
        journal = self.run / "journal"
        if journal.exists():
            for line in journal.read_text(encoding="ascii", errors="replace").splitlines():
                mark, _, name = line.partition(" ")
                self._named[mark] = name

    def _mark(self, relative: str) -> str:
        return hmac.new(self._key, b"input\0" + os.fsencode(relative), "sha256").hexdigest()[:32]

    def finished(self, relative: str) -> str:
        """The output that an earlier, killed run made of this input, or ""."""
        name = self._named.get(self._mark(relative), "")
        return name if name and (self.folder / name).exists() else ""

    def place(self, outcome: Outcome, relative: str) -> str:
        """Give a finished part its name: never one that is taken."""
        mark = self._mark(relative)
        name = self._named.get(mark)
        attempt = 0
        while not name or (self.folder / name).exists():
            tail = f"#{attempt}" if attempt else ""
            name = "/".join(
                (*outcome.folders, short_name(outcome.identifier + tail) + outcome.suffix)
            )
            attempt += 1
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._journal.write(f"{mark} {name}\n")
        self._journal.flush()
        os.rename(outcome.part, target)
        return name

    def finish(self) -> None:
        """The run is complete: nothing of it stays but the outputs."""
        self._journal.close()
        for file in self.run.iterdir():
            file.unlink()
        self.run.rmdir()


def check_folders(source: Path, output: Path, store: Path | None = None, aside: Path | None = None):
    """Refuse an output inside the input (or the reverse), a store inside the output, and the like."""
    where = {"output": output, "store": store, "aside": aside}
    real = {name: path.resolve() for name, path in where.items() if path is not None}
    inside = source.resolve()
    if (
        real["output"] == inside
        or inside in real["output"].parents
        or real["output"] in inside.parents
    ):
        raise DeidentifyError(
            "The output folder lies in the input folder or holds it",
            "Choose an output folder elsewhere, so that the originals stay untouched.",
            path=output,
        )
    if store is not None and real["output"] in real["store"].parents:
        raise DeidentifyError(
            "The look-up store lies in the output folder: whoever gets the data would get it too",
            "Keep it in a folder that only you can read.",
            path=store,
        )
    if aside is not None and (
        real["aside"] == real["output"]
        or real["output"] in real["aside"].parents
        or real["aside"] in real["output"].parents
        or real["aside"] == inside
        or inside in real["aside"].parents
    ):
        raise DeidentifyError(
            "The folder for files put aside lies in another of the run's folders",
            "Choose one elsewhere.",
            path=aside,
        )


def run(source, output, *, mode, key, options, store=None, aside=None, pixels_checked=False, masks=(),
        jobs=1, dry_run=False, progress=None) -> Report:  # fmt: skip
    """De-identify a file or a folder; `anonymize` and `pseudonymize` are this with a key of their own."""
    source, output = Path(source), Path(output)
    aside = None if aside is None else Path(aside)
    check_folders(source, output, None if store is None else store.path, aside)
    report = Report(mode, options, Profile(options).dates)
    inputs = list_inputs(source)
    base = source if source.is_dir() else source.parent
    masks = tuple(read_masks(masks) if isinstance(masks, str | Path) else masks)
    if "clean-pixel-data" in options and not masks:
        raise DeidentifyError("The option clean-pixel-data needs masks", "Give them with masks=.")
    resume = (
        f"{store.identity} {sorted(options)} {pixels_checked} {masks}" if store is not None else ""
    )
    places = {}
    if not dry_run:
        with writing_to(output):
            places[status.DONE] = Output(output, resume, key)
            if aside is not None:
                places[status.ASIDE] = Output(aside, resume, key)
    job = Job(
        key, frozenset(options), base, {kind: place.run for kind, place in places.items()}, aside is not None,
        pixels_checked, masks, any(map(looks_like_directory, inputs)),
    )  # fmt: skip
    _account(report, inputs, places, job, jobs, store, progress)
    if not dry_run:
        with writing_to(output):
            if job.with_directory:
                _write_directory(report, places[status.DONE], Identity(key))
            report.write(output)
            for place in places.values():
                place.finish()
    return report


def _account(report: Report, inputs, places, job: Job, jobs: int, store, progress) -> None:
    """Send every input through the workers; store, name and report what comes back."""
    relative = [os.fspath(path.relative_to(job.base)) for path in inputs]
    waiting = []
    for number, path in enumerate(inputs):
        earlier = {
            kind: name
            for kind, place in places.items()
            if (name := place.finished(relative[number]))
        }
        for kind, name in earlier.items():
            report.add(Entry(number, kind, "by an earlier run", name, path), Counter())
        if not earlier:
            waiting.append((number, path))
    faces = 0
    for outcome in outcomes(waiting, job, jobs):
        number = outcome.number
        name = ""
        if outcome.part is not None:
            if store is not None:
                for token, original in outcome.identities:
                    store.remember(token, original)
            with writing_to(places[outcome.status].folder):
                name = places[outcome.status].place(outcome, relative[number])
        entry = Entry(number, outcome.status, outcome.reason, name, inputs[number])
        report.add(entry, outcome.changes)
        faces += outcome.face and outcome.status in places
        if progress is not None:
            progress.update()
    report.entries.sort(key=lambda entry: entry.number)
    if faces:
        report.notes.append(
            f"{faces} outputs belong to head volumes that may show a face, from which a person can be recognised."
            " See docs/deidentify.md for de-facing."
        )


def _write_directory(report: Report, place: Output, identity: Identity) -> None:
    names = [e.output for e in report.entries if e.status == status.DONE and "." not in e.output]
    listed = write_dicomdir(
        place.folder, names, identity.uid("directory " + "".join(names)), place.run
    )
    if listed < len(names):
        report.notes.append(
            f"{len(names) - listed} outputs belong to no patient or series: the DICOMDIR leaves them out."
        )


@contextmanager
def writing_to(folder: Path):
    """Say in one sentence that the output cannot be written: full, read-only, gone."""
    try:
        yield
    except OSError as error:
        raise DeidentifyError(
            f"cannot be written ({error.strerror or 'damaged'}); the files in it are whole",
            "Make room or choose another folder, then start again.",
            path=folder,
        ) from None
