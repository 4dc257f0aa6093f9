"""A whole folder: every input through the engine, every output under a new name, every file accounted for.

Workers de-identify one file each into a temporary one; the parent alone gives names, remembers patients in
the store and renames, so that nothing is ever overwritten and nothing half written is ever seen. This
module knows files and processes, no element of a data set.
"""

import hashlib
import hmac
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .. import arguments
from ..errors import DeidentifyError, counted
from . import report as status
from .bids import is_tree
from .cluster import spread
from .dicomdir import write_dicomdir
from .dicomfile import looks_like_directory
from .identity import Identity, short_name
from .ocr import reader
from .pixels import Mask, read_masks
from .profile import Profile
from .report import Entry, Report
from .worker import Job, Outcome, Worker

if TYPE_CHECKING:
    from .store import Store

RUN_FOLDER = ".handson-run"


def outcomes(numbered: list[tuple[int, Path]], job: Job, jobs: int) -> Iterator[Outcome]:
    """Every input's outcome, in order, from `jobs` processes."""
    if jobs > 1 and len(numbered) > 1:
        from .processes import pooled  # not there in a browser, where one process does it all

        yield from pooled(numbered, job, jobs)
        return
    worker = Worker(job)
    for number, path in numbered:
        yield worker(number, path)


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
        self._lock: TextIO | None = None
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
                self._take()
                for part in self.run.glob("*.part"):
                    part.unlink()
                self._read_journal()
            else:
                self.run.mkdir()
                self._take()
                unfinished.write_text(json.dumps(state))
        except ValueError:
            raise DeidentifyError(
                "is damaged", "Choose another folder.", path=self.folder
            ) from None

    def _take(self) -> None:
        """Keep other runs out while this one lives; the lock of a killed run is gone with it."""
        if sys.platform == "win32":
            return
        import fcntl

        self._lock = (self.run / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise DeidentifyError(
                "is being written by another run",
                "Wait for its end, or choose another folder.",
                path=self.folder,
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
            name = outcome.name if outcome.name and not tail else name
            attempt += 1
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._journal.write(f"{mark} {name}\n")
        self._journal.flush()
        assert outcome.part is not None  # only a finished file is placed
        os.rename(outcome.part, target)
        return name

    def finish(self) -> None:
        """The run is complete: nothing of it stays but the outputs."""
        self._journal.close()
        # run.json goes last: while it is there, the run is known to be unfinished
        for file in sorted(self.run.iterdir(), key=lambda file: file.name == "run.json"):
            file.unlink()
        self.run.rmdir()
        self.release()

    def release(self) -> None:
        """Close what is open, also when the run ended early; another run may go on from here."""
        self._journal.close()
        if self._lock is not None:
            self._lock.close()


def check_folders(
    source: Path, output: Path, store: Path | None = None, aside: Path | None = None
) -> None:
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


@arguments.checked(pixels_checked=arguments.flag, find_text=arguments.flag, dry_run=arguments.flag)
def run(
    source: str | PathLike[str],
    output: str | PathLike[str],
    *,
    mode: str,
    key: bytes,
    options: Iterable[str],
    store: "Store | None" = None,
    aside: str | PathLike[str] | None = None,
    pixels_checked: bool = False,
    masks: Iterable[Mask] | str | PathLike[str] = (),
    find_text: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """De-identify a file or a folder; `anonymize` and `pseudonymize` are this with a key of their own."""
    source, output = Path(source), Path(output)
    aside = None if aside is None else Path(aside)
    check_folders(source, output, None if store is None else store.path, aside)
    report = Report(mode, options, Profile(options).dates)
    inputs = list_inputs(source)
    if not inputs:
        raise DeidentifyError("holds no file", "Check the path.", path=source)
    base = source if source.is_dir() else source.parent
    masks = tuple(read_masks(Path(masks)) if isinstance(masks, str | PathLike) else masks)
    if not all(isinstance(mask, Mask) for mask in masks):
        raise DeidentifyError(
            "masks holds something that is not a Mask", "Make them with handson.deidentify.Mask."
        )
    if "clean-pixel-data" in options and not masks and not find_text:
        raise DeidentifyError("The option clean-pixel-data needs masks", "Give them with masks=.")
    if find_text:
        reader()  # says so at once if it is not installed
    resume = (
        f"{store.identity} {sorted(options)} {pixels_checked} {masks} {find_text}"
        if store is not None
        else ""
    )
    places = {}
    if not dry_run:
        with writing_to(output):
            places[status.DONE] = Output(output, resume, key)
            if aside is not None:
                places[status.ASIDE] = Output(aside, resume, key)
    job = Job(
        key, frozenset(options), base, {kind: place.run for kind, place in places.items()}, aside is not None,
        pixels_checked, masks, find_text, any(map(looks_like_directory, inputs)),
        is_tree(base),
    )  # fmt: skip
    try:
        _account(report, inputs, places, job, jobs, scheduler, store, progress)
        if find_text:
            report.notes.append(
                "Text was looked for in pixels by OCR. Where it found none there can be some: handwriting, small, turned or"
                " faint text. Look at the images."
            )
        if not dry_run:
            with writing_to(output):
                if job.with_directory:
                    _write_directory(report, places[status.DONE], Identity(key))
                report.write(output)
                for place in places.values():
                    place.finish()
    finally:
        for place in places.values():
            place.release()
    return report


def _account(
    report: Report, inputs, places, job: Job, jobs: int, scheduler, store, progress
) -> None:
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
    faces = mosaics = 0
    patients = Patients()
    finished = (
        outcomes(waiting, job, jobs) if scheduler is None else spread(waiting, job, scheduler)
    )
    for outcome in finished:
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
        mosaics += outcome.mosaic and outcome.status in places
        patients.add(outcome)
        if progress is not None:
            progress.update()
    report.entries.sort(key=lambda entry: entry.number)
    if faces:
        report.notes.append(
            f"Head volumes may show a face, by which a person can be recognised: {counted(faces, 'output')}."
            " See docs/deidentify.md for de-facing."
        )

    if mosaics and "retain-safe-private" not in job.options:
        report.notes.append(
            f"Siemens mosaics, many slices in one picture: {counted(mosaics, 'output')}. How many slices there are, and how"
            " they lie, stood in private elements, which were removed: no reader can make a volume of a mosaic now."
            " The option retain-safe-private keeps the number of slices."
        )
    report.notes += patients.notes()


class Patients:
    """Who became two in silence: one person under two tokens, as far as headers can tell."""

    def __init__(self):
        self._alike: dict[str, set[str]] = defaultdict(set)
        self._studies: dict[str, set[str]] = defaultdict(set)

    def add(self, outcome: Outcome) -> None:
        for token, original in outcome.identities:
            number = original.get("PatientID", "")
            plain = re.sub(r"[\W_]", "", number).lstrip("0").casefold()
            if plain:
                self._alike[hashlib.sha256(plain.encode()).hexdigest()].add(token)
            if outcome.study:
                self._studies[outcome.study].add(token)

    def notes(self) -> list[str]:
        """What to look at, in tokens."""
        found = []
        for tokens in self._alike.values():
            if len(tokens) > 1:
                found.append(
                    f"The patients {', '.join(sorted(tokens))} have one Patient ID but for zeros, marks, case or its"
                    " issuer. If they are one person, make their IDs and issuers equal and run again."
                )
        for tokens in self._studies.values():
            if len(tokens) > 1:
                found.append(
                    f"One study holds images of {', '.join(sorted(tokens))}: two Patient IDs. If they are one person,"
                    " make their IDs equal and run again."
                )
        return list(dict.fromkeys(found))


def _write_directory(report: Report, place: Output, identity: Identity) -> None:
    names = [e.output for e in report.entries if e.status == status.DONE and "." not in e.output]
    listed = write_dicomdir(
        place.folder, names, identity.uid("directory " + "".join(names)), place.run
    )
    if listed < len(names):
        report.notes.append(
            f"The DICOMDIR leaves out {counted(len(names) - listed, 'output')}: no patient or series is stated."
        )


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Say in one sentence that the output cannot be written: full, read-only, gone."""
    try:
        yield
    except OSError as error:
        raise DeidentifyError(
            f"cannot be written ({error.strerror or 'damaged'}); the files in it are whole",
            "Make room or choose another folder, then start again.",
            path=folder,
        ) from None
