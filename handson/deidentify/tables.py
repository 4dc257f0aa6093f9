"""The tables that come with the package: rows of a CSV file beside this module."""

import io
from importlib.resources import files
from typing import TextIO


def rows_of(name: str) -> TextIO:
    """The text of a table, as `csv.DictReader` takes it.

    name : "profile.csv" and so on
    """
    return io.StringIO(files(__package__).joinpath(name).read_text(encoding="utf-8"), newline="")
