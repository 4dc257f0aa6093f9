"""`handson scan FOLDER`: the series of a folder, what is wrong with them, and the files that belong to none."""

from argparse import Namespace

from handson import dicom
from handson.commands import Subparsers


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "scan", help="list the DICOM series of a folder", description=__doc__.split(": ", 1)[1]
    )
    parser.add_argument("folder", help="folder of any nesting, or a DICOMDIR")
    parser.add_argument(
        "--others", action="store_true", help="also list the files that are not images"
    )
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Damaged images are always named: a volume lacks them."""
    table = dicom.scan(arguments.folder)
    print(*table.lines(first=1), sep="\n")  # as `handson convert` counts them
    listed = [other for other in table.skipped if other.damaged or arguments.others]
    for other in listed:
        print(f"{other.path}: {other.reason}")
    if len(listed) < len(table.skipped):
        print(f"{table.others()}: --others lists them")
    return 0
