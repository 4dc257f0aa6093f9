"""What can be wrong with a file, and how whatever pydicom raises becomes one clear error that names it."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom

from ..errors import HandsonError, ReadError

# What pydicom lets through when the bytes make no sense: it has no error kind of its own for that.
BROKEN_BYTES = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError,
    RecursionError, struct.error, TypeError, ValueError, zlib.error, pydicom.errors.InvalidDicomError,
    pydicom.errors.BytesLengthException,
)  # fmt: skip


class NotAnImage(ReadError):
    """A sound file that is not a DICOM image: in a folder it is only a stray."""


class IsDicomdir(NotAnImage):
    """The index of a disc."""


@contextmanager
def without_warnings() -> Iterator[None]:
    """pydicom warns about much that is repaired while reading; what matters becomes a note or error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors raised inside get the name of this file; what the system cannot read becomes a ReadError.

    Damaged bytes are caught where they are parsed (`parsing`, `elements.value`). A TypeError or an
    AttributeError that arrives here is a fault of this program, and is left to look like one.
    """
    try:
        yield
    except HandsonError as error:
        if error.path is not None:
            raise
        raise type(error)(error.fault, error.remedy, path=path) from None
    except OSError as error:
        raise broken(error, path) from None


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Around pydicom's parser: whatever broken bytes make it raise becomes a ReadError about this file."""
    try:
        yield
    except HandsonError:
        raise
    except BROKEN_BYTES as error:
        raise broken(error, path) from None


def broken(error: Exception, path: Path) -> ReadError:
    """pydicom passes on whatever broken bytes raise; all of it means the same to a reader."""
    if isinstance(error, OSError):
        reason, remedy = (
            f"cannot be read ({error.strerror or error})",
            "Check the rights and the disk.",
        )
    else:
        reason = f"is broken DICOM ({error or type(error).__name__})"
        remedy = "Copy it again from the source."
    return ReadError(reason, remedy, path=path)
