"""`handson scan FOLDER`: the series of a folder, what is wrong with them, and the files that are none."""

from handson import dicom


def add(subparsers):
    parser = subparsers.add_parser(
        "scan", help="list the DICOM series of a folder", description=__doc__.split(": ", 1)[1]
    )
    parser.add_argument("folder", help="folder of any nesting, or a DICOMDIR")
    parser.add_argument(
        "--others", action="store_true", help="list the files that are no image, too"
    )
    parser.set_defaults(run=run)


def run(arguments) -> int:
    table = dicom.scan(arguments.folder)
    print(table)
    if arguments.others:
        for other in table.skipped:
            print(f"{other.path}: {other.reason}")
    return 0
