"""`handson view PATH`: one image as a page that scrolls by itself, without kernel and without network."""

import tempfile
import webbrowser
from dataclasses import replace
from pathlib import Path

import handson


def add(subparsers):
    parser = subparsers.add_parser(
        "view", help="show an image in the browser", description=__doc__.split(": ", 1)[1]
    )
    parser.add_argument("path", help="NIfTI or DICOM file, DICOMDIR, or folder of one series")
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


def run(arguments) -> int:
    """The page holds the pixels and no name: a file's or a series' name may be a patient's."""
    image = replace(handson.open(arguments.path), name="")
    viewer = handson.view(image)
    page = arguments.output or Path(tempfile.mkdtemp(prefix="handson-")) / "view.html"
    viewer.save_html(page)
    for note in image.notes:
        print(note)
    print(page)
    if not arguments.no_browser:
        webbrowser.open(page.absolute().as_uri())
    return 0
