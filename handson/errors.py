"""The errors of this package: one clear sentence each, in the order a reader needs it.

Every error says which file, what is wrong and what to do. Nothing here knows an image format;
every other module stands on this one.
"""

from pathlib import Path


class HandsonError(Exception):
    """What went wrong, where, and the way out.

    fault : what is wrong, in a phrase that follows "FILE: "
    remedy : what to do about it, a sentence of its own
    path : the file or folder it is about, or None when there is none

    >>> print(HandsonError("is empty", "Copy it again from the source.", path="a.dcm"))
    a.dcm: is empty. Copy it again from the source.
    """

    def __init__(self, fault: str, remedy: str = "", *, path: str | Path | None = None):
        self.fault = fault
        self.remedy = remedy
        self.path = None if path is None else Path(path)
        where = "" if path is None else f"{path}: "
        super().__init__(f"{where}{fault.rstrip('.')}. {remedy}".rstrip())


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and the noun that goes with it.

    >>> counted(1, "file"), counted(2, "file"), counted(0, "series", "series")
    ('1 file', '2 files', '0 series')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


class ArgumentError(HandsonError):
    """An argument that is not of the kind a function takes; the fault begins with NAME=VALUE."""


class ReadError(HandsonError):
    """A file that is not what it should be: missing, truncated, another format, not readable."""


class WriteError(HandsonError):
    """A file that could not be written; nothing half done is left behind."""


class DecoderError(ReadError):
    """Compressed pixels that no installed decoder can open; the remedy names the package."""


class SeriesError(HandsonError):
    """Files that are sound one by one and still do not make one volume."""


class SeriesGapError(SeriesError):
    """Slices that are missing, duplicated or unevenly spaced."""


class GeometryError(HandsonError):
    """An affine, a grid or a shape that cannot be used as asked."""


class DataError(HandsonError):
    """A data set that could not be found, fetched, verified or made."""


class DeidentifyError(HandsonError):
    """A file, folder, key or look-up store that cannot be de-identified safely."""


class ViewError(HandsonError):
    """Something that cannot be shown as asked."""


class NetworkError(HandsonError):
    """A peer that cannot be reached, that refuses, or that left something undone.

    status : the DIMSE status of the peer's answer, such as 0xA801, or None when it gave none
    report : what was done before, a `handson.pacs.TransferReport`, or None
    """

    def __init__(self, fault: str, remedy: str = "", *, path=None, status=None, report=None):
        super().__init__(fault, remedy, path=path)
        self.status = status
        self.report = report
