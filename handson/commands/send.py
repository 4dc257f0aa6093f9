"""`handson send FILES ARCHIVE`: a folder to an archive, by DICOM or DICOMweb; proved, resumable.

What the archive lists already does not travel again, so a transfer that broke off is finished by the
same command. Nothing is deleted. The files are sent as they are: de-identify them first
(`handson deidentify IN OUT && handson send OUT ARCHIVE`) unless the archive may know the patient.
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from handson.commands import Subparsers
from handson.errors import HandsonError, counted

if TYPE_CHECKING:
    from handson.pacs import Client, DicomWeb, TransferReport


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "send",
        help="send DICOM files to an archive (PACS)",
        description=__doc__.split(": ", 1)[1],
    )
    parser.add_argument("files", nargs="+", help="DICOM files, or folders of any nesting")
    add_archive(parser)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Status 0 only when every DICOM file of the folder is in the archive."""
    from handson import pacs

    with bar("send", "instance") as progress:
        try:
            report = pacs.send(arguments.files, archive(arguments), progress)
        except HandsonError as error:
            say_failures(getattr(error, "report", None))
            raise
    print(report)
    if report.left_out:
        print(f"{counted(len(report.left_out), 'file')} left out: not a DICOM image.")
    if not report.proved:
        print("The archive confirmed each file; it answers no queries, so it was not asked again.")
    return 0


def add_archive(parser: ArgumentParser) -> None:
    """The arguments that say who is spoken to, shared with `handson pull`."""
    parser.add_argument(
        "archive",
        metavar="ARCHIVE",
        help="TITLE@HOST:PORT for DICOM, http(s)://HOST:PORT/PATH for DICOMweb",
    )
    parser.add_argument(
        "--title", default="HANDSON", help="our own AE title, which the archive may have to know"
    )
    secure = parser.add_argument_group("TLS")
    secure.add_argument(
        "--tls", action="store_true", help="speak TLS, trust what the system trusts"
    )
    secure.add_argument("--authority", metavar="PEM", help="trust these certificates alone")
    secure.add_argument("--certificate", metavar="PEM", help="our certificate")
    secure.add_argument("--key", metavar="PEM", help="its private key, without a passphrase")


def archive(arguments: Namespace) -> "Client | DicomWeb":
    """The `Client` or `DicomWeb` that the arguments name."""
    from handson import pacs

    given = arguments.authority, arguments.certificate, arguments.key
    tls = pacs.Tls(*given) if arguments.tls or any(given) else None
    if arguments.archive.startswith(("http://", "https://")):
        if tls and arguments.archive.startswith("http://"):
            raise HandsonError(
                f"{arguments.archive} is plain text and TLS was asked for", "Write https://."
            )
        return pacs.DicomWeb(arguments.archive, tls)
    return pacs.Client(arguments.title, pacs.Peer.parse(arguments.archive, tls))


class bar:
    """A progress bar to hand to `pacs.send` and `pacs.pull`; silent where nobody looks."""

    def __init__(self, description, unit):
        from tqdm import tqdm

        self._bar = tqdm(
            desc=description, unit=unit, leave=False, disable=not sys.stderr.isatty(), total=0
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._bar.close()

    def __call__(self, finished: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(finished - self._bar.n)


def say_failures(report: "TransferReport") -> None:
    """Every instance that failed, with its reason: the error itself only counts them."""
    for what, why in (report.failed if report else {}).items():
        print(f"{what}: {why}", file=sys.stderr)
