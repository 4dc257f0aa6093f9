"""One input, one outcome: finds out what a file is, de-identifies it into a temporary file, never raises.

A `Worker` runs in any process. What is wrong with a file becomes a refusal with a reason that quotes nothing
of it. This module gives no output its name and knows no other file.
"""

import errno
import logging
import os
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DeidentifyError, HandsonError, ReadError
from . import nifti
from . import report as status
from .bids import DESCRIPTION, Names
from .dicomfile import goes_on_behind_pixels, looks_like_dicom, open_dicom, read_file
from .engine import Engine
from .faces import may_show_face
from .identity import Identity, short_name
from .pixels import Mask, burned_in_risk, cover, text_in
from .profile import Profile
from .proof import first_unknown
from .writing import file_meta, write_dicom

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
    find_text : True to look for text in pixels with OCR, and to cover what is found
    bids : True if the inputs are a BIDS tree, whose names stay valid
    with_directory : True if a DICOMDIR will list the outputs, whose names then have no ending
    """

    key: bytes
    options: frozenset
    base: Path
    parts: dict[str, Path]
    aside: bool = False
    pixels_checked: bool = False
    masks: tuple[Mask, ...] = ()
    find_text: bool = False
    with_directory: bool = False
    bids: bool = False


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
    name: str = ""
    mosaic: bool = False
    study: str = ""
    identities: list[tuple[str, dict]] = field(default_factory=list)


class Worker:
    """De-identifies one file at a time."""

    def __init__(self, job: Job):
        self.job = job
        self.identity = Identity(job.key)
        self.engine = Engine(Profile(job.options), self.identity)
        self.names = Names(self.identity)

    def __call__(self, number: int, path: Path) -> Outcome:
        """The outcome for one file; nothing half written stays, whatever happens."""
        try:
            outcome = self._without_raising(number, path)
        except BaseException:
            self._discard(number)
            raise
        if outcome.status == status.REFUSED:
            self._discard(number)
        return outcome

    def _without_raising(self, number: int, path: Path) -> Outcome:
        """Whatever is wrong with what a file holds is a refusal with a reason, never an exception."""
        try:
            with out_of_logs():
                return self._dispatch(number, path)
        except HandsonError as error:
            return Outcome(number, status.REFUSED, error.fault)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG):
                raise DeidentifyError(  # not this file's fault
                    f"The output cannot be written ({error.strerror}); the files in it are whole",
                    "Make room or choose another folder, then start again.",
                ) from None
            return Outcome(number, status.REFUSED, f"{_UNREADABLE} ({error.strerror})")
        except (Exception, RecursionError) as error:
            # broken bytes can make the reader raise anything, with their values in the message: none is kept
            return Outcome(number, status.REFUSED, f"{_UNREADABLE} ({type(error).__name__})")

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
        if self.job.bids and path.name.lower().endswith((*nifti.IMAGES, *nifti.SIDECARS, ".tsv")):
            return self._bids(number, path)
        if nifti.ending(path) and (nifti.ending(path) in nifti.IMAGES or nifti.partner(path)):
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
        image = nifti.ending(path) in nifti.IMAGES
        face = image and nifti.may_show_face(nifti.read_header(nifti.partner(path) or path))
        reason = self._face_reason(face)
        kind = self._kind(reason)
        part = self._part(number, kind)
        target = part or Path(os.devnull)
        if image:
            changes = nifti.write_image(path, target)
        else:
            names = self.names if self.job.bids else None
            changes = nifti.write_sidecar(path, target, self.engine.profile, self.identity, names)
        folder = os.fspath(path.parent.relative_to(self.job.base))
        return Outcome(
            number,
            kind,
            reason,
            part,
            folders=(short_name(self.identity.uid(f"folder {folder}")),),
            identifier=self.identity.uid(f"file {folder}/{nifti.stem(path)}"),
            suffix=nifti.ending(path),
            changes=changes,
            face=face,
        )

    def _bids(self, number: int, path: Path) -> Outcome:
        relative = path.relative_to(self.job.base).as_posix()
        if relative.split("/")[0] in ("derivatives", "sourcedata", "code", "stimuli"):
            return Outcome(number, status.OTHER, "not a part of the raw data: not copied")
        name = self.names.path(relative)
        if nifti.ending(path) and path.name != DESCRIPTION:
            outcome = self._nifti(number, path)
        else:
            part = self._part(number, status.DONE)
            target = part or Path(os.devnull)
            if path.name == DESCRIPTION:
                changes = nifti.write_description(path, target)
            else:
                changes = nifti.write_table(
                    path, target, relative, self.engine.profile, self.identity, self.names
                )
            outcome = Outcome(number, status.DONE, part=part, changes=changes)
        outcome.name = name
        if subject := re.match(r"sub-([^/]+)/", relative):
            label = subject[1]
            outcome.identities = [(self.names.subject(label), {"PatientID": label})]
        return outcome

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
        mosaic = "MOSAIC" in str(dataset.get("ImageType", ""))
        chosen = any(mask.fits(dataset) for mask in self.job.masks) and source.pixels is not None
        found, boxes = text_in(source) if self.job.find_text and source.pixels else (None, 0)
        pixels = cover(source, [*self.job.masks, *([found] if found else [])])
        if chosen:
            dataset.BurnedInAnnotation = "NO"
        risk = f"pixels not looked at: {risk}" if risk and not chosen else ""
        kind = self._kind(risk or self._face_reason(face))
        token, original = self.engine.token(dataset), _original(dataset)
        walk = self.engine.walk(dataset, masked=pixels is not None)
        if boxes:
            walk.changes["pixels", "C", "text found by OCR and covered"] += boxes
        if goes_on_behind_pixels(source):
            walk.changes["what stands behind the pixels", "X", "removed"] += 1
        meta = file_meta(source.transfer_syntax, dataset, self.identity.uid(f"file {number}"))
        part = self._part(number, kind)
        with open(part, "w+b") if part else tempfile.TemporaryFile() as out:
            write_dicom(source, dataset, meta, out, pixels)
            out.seek(0)
            if unknown := first_unknown(out, self.engine.profile, walk.made):
                raise ReadError(f"holds something in {unknown} that is not known to be harmless")
        study, series = (str(dataset.get(k, "")) for k in ("StudyInstanceUID", "SeriesInstanceUID"))
        return Outcome(
            number,
            kind,
            risk or self._face_reason(face),
            part,
            (short_name(token), short_name(study), short_name(series)),
            str(meta.MediaStorageSOPInstanceUID),
            "" if self.job.with_directory else ".dcm",
            walk.changes,
            face,
            mosaic=mosaic,
            study=study,
            identities=[(token, original)],
        )


def _original(dataset) -> dict:
    """What the look-up store keeps of a patient."""
    keywords = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")
    return {k: str(dataset.get(k, "")) for k in keywords if dataset.get(k)}


@contextmanager
def out_of_logs() -> Iterator[None]:
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
