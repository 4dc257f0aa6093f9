"""A classroom's mirror: a folder laid out <id>/<path>, for `HANDSON_MIRROR` to point to.

It holds the downloads whose licence lets you hand them on, and nothing else. Who reads it verifies
every file, so a mirror that is copied halfway does no harm.
"""

from pathlib import Path

from ..errors import DataError
from .files import faults
from .manifest import DataSet
from .sources import from_folder


def may_hold(dataset: DataSet) -> bool:
    """Whether a mirror may hold this set and has a use for it."""
    return dataset.tier == "download" and dataset.redistribute


def copy_to(mirror: Path, dataset: DataSet, stored: Path) -> Path:
    """Copies what the mirror lacks of a stored set; returns the set's folder there."""
    folder = mirror / dataset.id
    try:
        from_folder(dataset, stored, folder)
        found = faults(dataset.files, folder)
    except OSError as error:
        what = f"the mirror cannot be written ({error.strerror})"
        raise DataError(what, "Choose another folder, or make room.", path=folder) from error
    if found:
        raise DataError(found[0], "Remove this folder and make the mirror again.", path=folder)
    return folder
