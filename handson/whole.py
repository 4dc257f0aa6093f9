"""A file is written whole or not at all: in a hidden folder beside its place first, then renamed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from .errors import WriteError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; at the end the file there takes its place, with all that lies beside it.

    path : where the file belongs; one that is there already is replaced
    returns : the same name in a folder of its own (the other half of a pair goes there, too)
    raises : WriteError when the folder or the drive refuses; then nothing is left behind
    """
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".handson-") as folder:
            yield Path(folder) / path.name
            written = sorted(Path(folder).iterdir(), reverse=True)  # an .img before its .hdr
            for file in written:
                if path.with_name(file.name).is_dir():
                    raise IsADirectoryError(errno.EISDIR, f"{file.name} is a folder")
            for file in written:
                os.replace(file, path.with_name(file.name))
    except OSError as error:
        raise WriteError(
            f"cannot be written ({error.strerror or error}); nothing was left behind",
            "Check the folder, your permission to write there and the space on the drive.",
            path=path,
        ) from None
