"""Where received instances go: a folder in which a file is whole or is not there.

A file is named by its SOP Instance UID and by nothing else that came over the network. It is written
under another name and renamed when it is complete. What is there is never replaced.
"""

import contextlib
import filecmp
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian
from pynetdicom.dsutils import encode_file_meta, split_dataset

from ..errors import WriteError

MISMATCH = 0xA900  # Data Set does not match SOP Class (PS3.4 B.2.3)
FULL = 0xA700  # Out of resources
UNREADABLE = 0xC000  # Cannot understand
NOT_ASKED = 0x0124  # Refused: Not Authorized (PS3.7 C.5.2)

UNDEFINED = 0xFFFFFFFF  # length of a value that a delimiter ends (PS3.5 7.1.2)
_LEFT = re.compile(r"\.[\d.]+-\d+\.part")


@dataclass(frozen=True)
class Refusal:
    """An instance that was not stored, and why.

    uid : SOP Instance UID as it was sent
    sender : AE title
    reason : a sentence
    status : what the sender was told; 0x0000 for a copy of what is there already
    """

    uid: str
    sender: str
    reason: str
    status: int


class NotStored(Exception):
    """Carries status and reason from `Folder.keep` to the handler of C-STORE."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status
        self.reason = reason


def is_uid(text: object) -> bool:
    """Digits and dots as in PS3.5 9.1, at most 64: safe as a name of a file.

    Zeros in front of a component are forbidden there, common in old archives, and harmless here.

    >>> is_uid("1.2.840.10008.1.1"), is_uid("../../evil"), is_uid(""), is_uid("1..2")
    (True, False, False, False)
    """
    return (
        isinstance(text, str) and len(text) <= 64 and bool(re.fullmatch(r"[0-9]+(\.[0-9]+)*", text))
    )


class Folder:
    """A folder of instances, safe for many threads.

    path : made when absent; unfinished files of an earlier run are removed
    only : SOP Instance UIDs that it takes, None for any
    """

    def __init__(self, path: str | Path, only: set[str] | None = None):
        self.path = Path(path)
        self.only = only
        self._lock = Lock()
        self._numbers = count()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for entry in os.scandir(self.path):
                if _LEFT.fullmatch(entry.name):
                    os.unlink(entry.path)
        except OSError as error:
            raise WriteError(
                f"cannot be used as a folder ({error.strerror})", "Choose another one.", path=path
            ) from None

    def file(self, uid: str) -> Path:
        """Where the instance lies, or would lie."""
        if not is_uid(uid):
            raise NotStored(MISMATCH, "its SOP Instance UID is not a UID")
        return self.path / f"{uid}.dcm"

    def files(self) -> list[Path]:
        """The instances that are there, by name."""
        return sorted(path for path in self.path.glob("*.dcm") if is_uid(path.stem))

    def keep(
        self,
        parts: Iterable[bytes | memoryview],
        uid: str,
        sop_class: str,
        keywords: Iterable[str] = (),
    ) -> tuple[Path, Dataset]:
        """Write one received instance; returns its file and its header.

        parts : bytes of the DICOM file, in order
        uid, sop_class : SOP Instance UID and SOP Class UID that the sender announced
        keywords : elements that the header must hold if the data set does
        raises : `NotStored`, and then nothing is left of it
        """
        target = self.file(uid)
        if self.only is not None and uid not in self.only:
            raise NotStored(NOT_ASKED, "it was not asked for")
        unfinished = self.path / f".{uid}-{next(self._numbers)}.part"
        try:
            with open(unfinished, "xb") as file:
                file.writelines(parts)
            header = _header(unfinished, keywords)
            if ends_early(
                unfinished, split_dataset(unfinished)[1], header.file_meta.TransferSyntaxUID
            ):
                raise NotStored(UNREADABLE, "its data set ends in the middle of an element")
            _check(header, uid, sop_class)
            with self._lock:
                if target.exists():
                    raise NotStored(0x0000, _copy(unfinished, target))
                os.replace(unfinished, target)
        except OSError as error:
            raise NotStored(FULL, f"it could not be written ({error.strerror})") from None
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
        return target, header

    def holds(self, uid: str) -> bool:
        """Is the instance there, whole, and the one that its name says?"""
        try:
            return str(_header(self.file(uid), ()).get("SOPInstanceUID")) == uid
        except (OSError, NotStored):
            return False


def parts_of(event: Any) -> tuple[bytes, memoryview]:
    """The DICOM file of a C-STORE request: preamble, file meta information, and the data set as it came."""
    meta = encode_file_meta(event.file_meta)
    return bytes(128) + b"DICM" + meta, event.request.DataSet.getbuffer()


def _header(path, keywords):
    wanted = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", *keywords]
    try:
        return pydicom.dcmread(
            path, stop_before_pixels=True, specific_tags=[*wanted, "SpecificCharacterSet"]
        )
    except OSError:
        raise
    except Exception as error:  # pydicom raises whatever a damaged data set leads it to
        reason = f"its data set cannot be read ({type(error).__name__})"
        raise NotStored(UNREADABLE, reason) from None


def ends_early(path: Path, offset: int, syntax: str) -> bool:
    """Does the data set stop in the middle of an element? Values are skipped, not read.

    path, offset : DICOM file, and where its data set begins
    syntax : its Transfer Syntax UID; a deflated data set is not looked into
    """
    syntax = UID(syntax)
    if syntax == DeflatedExplicitVRLittleEndian:
        return False
    size = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(offset)
        try:
            elements = data_element_generator(
                file, syntax.is_implicit_VR, syntax.is_little_endian, defer_size=64
            )
            return any(
                element.value_tell + element.length > size
                for element in elements
                if isinstance(element, RawDataElement) and element.length != UNDEFINED
            )
        except EOFError:
            return True


def _check(header, uid, sop_class):
    if str(header.get("SOPInstanceUID", "")) != uid:
        raise NotStored(MISMATCH, "its SOP Instance UID is not the announced one")
    if str(header.get("SOPClassUID", "")) != sop_class:
        raise NotStored(MISMATCH, "its SOP Class UID is not the announced one")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        if not is_uid(str(header.get(keyword, ""))):
            raise NotStored(MISMATCH, f"its {keyword} is missing or is not a UID")


def _copy(new, old) -> str:
    """What to say of an instance that is there: the first one stays, be they equal or not."""
    if filecmp.cmp(new, old, shallow=False):
        return "it is there already"
    return "an instance of this UID with other contents is there already; the first one stays"
