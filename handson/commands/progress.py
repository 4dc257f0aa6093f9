"""`handson progress FOLDER`: sum up what a class has solved, from the files that learners exported."""

import sys
from argparse import Namespace
from pathlib import Path

from handson.commands import Subparsers


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "progress",
        help="sum up what a class has solved",
        description=__doc__.split(": ", 1)[1].strip().capitalize(),
    )
    parser.add_argument(
        "sources",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="folders or files of exports (.json)",
    )
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Print how many learners solved each exercise, and the known mistakes they met."""
    from ..errors import HandsonError
    from ..lessons.records import read_export, summed_up

    files = []
    for source in arguments.sources:
        files += sorted(source.rglob("*.json")) if source.is_dir() else [source]
    exports, status = [], 0
    for file in files:
        try:
            exports.append(read_export(file))
        except HandsonError as error:
            print(f"handson progress: {error}", file=sys.stderr)
            status = 1
    if not exports:
        raise HandsonError(
            "there is no exported progress here",
            "Learners make one with progress().export('me.json').",
        )
    print(summed_up(exports))
    return status
