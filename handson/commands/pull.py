"""`handson pull ARCHIVE [FOLDER]`: find studies in an archive, and fetch one; proved, resumable.

By C-GET, by C-MOVE to ourselves, or by DICOMweb. Files that are in the folder already do not travel
again, so a transfer that broke off is finished by the same command. Nothing is deleted.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from handson.commands import Subparsers
from handson.errors import HandsonError

from .send import add_archive, archive, bar, say_failures

if TYPE_CHECKING:
    from handson.pacs import Inbox

SHOWN = ("StudyDate", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "pull",
        help="find and fetch a study from an archive (PACS)",
        description=__doc__.split(": ", 1)[1],
    )
    add_archive(parser)
    parser.add_argument("folder", nargs="?", help="for the files, made when absent")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--study", metavar="UID", help="fetch this StudyInstanceUID")
    chosen.add_argument(
        "--find",
        metavar="KEYWORD=VALUE",
        nargs="+",
        help="list studies instead, as PatientID=7 StudyDate=20240301-",
    )
    parser.add_argument("--series", metavar="UID", help="only this SeriesInstanceUID of the study")
    parser.add_argument(
        "--move",
        metavar="[HOST:]PORT",
        help="fetch by C-MOVE: listen here; the archive must know --title at this address",
    )
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Status 0 only when every instance that the archive lists is in the folder."""
    if arguments.find:
        return _find(arguments)
    if not arguments.folder:
        raise HandsonError("no folder was given", "Write: handson pull ARCHIVE FOLDER --study UID.")
    from handson import pacs

    with bar("pull", "instance") as progress:
        try:
            report = pacs.pull(
                archive(arguments),
                arguments.study,
                arguments.folder,
                arguments.series,
                _inbox(arguments),
                progress,
            )
        except HandsonError as error:
            say_failures(getattr(error, "report", None))
            raise
    print(report)
    return 0


def _find(arguments: Namespace) -> int:
    """A line per study, its StudyInstanceUID first; no name, for a terminal keeps what it showed."""
    from handson import pacs

    keys = dict(key.partition("=")[::2] for key in arguments.find)
    asked = archive(arguments)
    if isinstance(asked, pacs.DicomWeb):
        studies = asked.search("STUDY", **keys)
    else:
        studies = asked.find("STUDY", **dict.fromkeys(SHOWN, "") | keys)
    for study in studies:
        told = (_text(study.get(keyword)) for keyword in SHOWN)
        print(study.get("StudyInstanceUID", ""), *filter(None, told), sep="  ")
    if not studies:
        print("No study matches.")
    return 0


def _inbox(arguments: Namespace) -> "Inbox | None":
    from handson import pacs

    if arguments.move is None:
        return None
    host, _, port = arguments.move.rpartition(":")
    if not port.isdecimal():
        raise HandsonError(f"{arguments.move!r} is not [HOST:]PORT", "Write --move 11113.")
    asked = archive(arguments)
    if isinstance(asked, pacs.DicomWeb):
        raise HandsonError("C-MOVE is not DICOMweb", "Leave --move out.")
    return pacs.Inbox(arguments.title, int(port), host or "127.0.0.1", asked.peer.tls)


def _text(value) -> str:
    """One line, without what a terminal would act on."""
    several = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
    text = "/".join(str(one) for one in several if one is not None)
    return "".join(letter for letter in text if letter.isprintable())
