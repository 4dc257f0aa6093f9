"""`handson view PATH`: one image as a page that scrolls by itself, without kernel and without network."""

import tempfile
import webbrowser
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import handson
from handson.commands import Subparsers
from handson.dicom import read_series, scan
from handson.errors import HandsonError, SeriesError, ViewError


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "view", help="show an image in the browser", description=__doc__.split(": ", 1)[1]
    )
    parser.add_argument(
        "path", help="image file, DICOMDIR, or folder; of several series it lists all"
    )
    parser.add_argument("--series", metavar="N", help="number or id of a series, as listed")
    parser.add_argument(
        "--window", metavar="W", help="CENTRE,WIDTH in the unit of the values, or a preset's name"
    )
    parser.add_argument(
        "--overlay",
        action="append",
        default=[],
        metavar="IMAGE",
        help="laid over it by world coordinates: a path, or a number of the list; may be repeated",
    )
    parser.add_argument(
        "--plane",
        choices=("axial", "coronal", "sagittal", "ortho"),
        help="ortho is all three; default: the plane of the slices",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PAGE.html",
        help="default: in the folder for temporary files",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="write the page and do not open it"
    )
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """The page holds the pixels and no name: a file's or a series' name may be a patient's."""
    table = _table(arguments.path)
    if arguments.series is None and len(table) > 1:
        print(*table.lines(first=1), sep="\n")
        print("Choose one: --series N")
        return 0
    image = _image(arguments.series or arguments.path, table, arguments.path)
    over = [_layer(each, table, arguments.path, n) for n, each in enumerate(arguments.overlay, 1)]
    options = {"window": _window(arguments.window), "plane": arguments.plane}
    viewer = handson.view(image, *over, **{k: v for k, v in options.items() if v is not None})
    page = arguments.output or Path(tempfile.mkdtemp(prefix="handson-")) / "view.html"
    viewer.save_html(page)
    for note in image.notes:
        print(note)
    print(page)
    if not arguments.no_browser:
        webbrowser.open(page.absolute().as_uri())
    return 0


def _table(path):
    """The series of a folder or a DICOMDIR; none for anything else."""
    try:
        whole = Path(path)
        return scan(whole) if whole.is_dir() or whole.name.upper() == "DICOMDIR" else ()
    except HandsonError:
        return ()  # whatever is wrong with it, opening says it


def _image(wanted, table, path):
    """An image without its name, from a path, or from the number or id of a series."""
    if wanted == path:
        return replace(handson.open(path), name="")
    found = table.named(wanted)
    if len(found) != 1:
        raise SeriesError(
            f"holds {len(found) or 'no'} series {wanted}",
            "Give a number of the list that `handson view PATH` prints.",
            path=path,
        )
    return replace(read_series(found[0]), name="")


def _layer(wanted, table, path, n):
    in_table = wanted.isdigit() and not Path(wanted).exists()
    return handson.Layer(_image(wanted, table, path if in_table else wanted), name=f"layer {n}")


def _window(text):
    """(centre, width), or a preset's name."""
    if text is None or "," not in text:
        return text
    try:
        centre, width = map(float, text.split(","))
    except ValueError:
        raise ViewError(f"{text!r} is not a window", "Give CENTRE,WIDTH, as 40,400.") from None
    return centre, width
