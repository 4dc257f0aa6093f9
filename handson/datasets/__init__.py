"""Data sets: `fetch(id)` gives a folder with every file verified, `catalogue()` the list of them.

    manifest    what each set is, where it comes from, what may be done with it
    files       copying and checking files by their SHA-256
    cache       what is here already: a set is there whole or not at all
    sources     packages, local folders, generators: no network
    download    public sets from the net, or from a classroom's mirror
    archive     unpacking without trusting the archive
    table       the catalogue

Stands on the errors and the generators (`handson.phantoms`); reads no image.
"""

import sys
from functools import partial
from pathlib import Path

from .cache import is_stored, store, stored
from .manifest import DataSet
from .table import Catalogue, catalogue

__all__ = ["Catalogue", "DataSet", "catalogue", "fetch"]


def fetch(id: str) -> Path:
    """The folder with the files of a data set; makes or downloads them when they are not there yet.

    id : one of `catalogue()`, for example "gen-study" or "pydicom-examples"
    returns : a folder named by the id, in the cache (`HANDSON_DATA`, or the platform's cache
        folder). Every file's SHA-256 is checked on every call.

    raises : DataError when the set is unknown, cannot be had, or was changed since it was stored

    >>> (fetch("pydicom-examples") / "CT_small.dcm").stat().st_size
    39206
    """
    dataset = catalogue()[id]
    return stored(dataset) if is_stored(dataset) else store(dataset, partial(fill, dataset))


def fill(dataset: DataSet, folder: Path) -> None:
    """Put the files of `dataset` into the empty `folder`, as its tier says."""
    if sys.platform == "emscripten":
        from ..browser import from_site as get
    elif dataset.tier == "download":
        from .download import download as get
    elif dataset.tier == "generated":
        from .sources import from_generator as get
    else:
        from .sources import from_package as get
    get(dataset, folder)
