"""`handson deidentify IN OUT`: anonymize or pseudonymize a folder, or find a patient again."""

import argparse
import getpass
import os
import sys
from argparse import Namespace
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from handson.commands import Subparsers

from .. import deidentify
from ..deidentify import folder
from ..errors import DeidentifyError, counted

SOME_REFUSED = 3
_SHOWN = 5  # numbers of inputs after each reason


def add(subparsers: Subparsers) -> None:
    """Register the subcommand."""
    parser = subparsers.add_parser(
        "deidentify",
        help="remove identities from DICOM and NIfTI files",
        description="Remove identities from every file of a folder, by PS3.15 Annex E. Exit status: 0 all done,"
        " 1 nothing done (the reason is printed), 3 some inputs were refused (the report says why).",
    )
    parser.add_argument("source", metavar="IN", help="file or folder, never changed")
    parser.add_argument("output", metavar="OUT", nargs="?", help="new or empty folder outside IN")
    parser.add_argument(
        "--pseudonymize",
        action="store_true",
        help="tokens that a look-up store can resolve (needs --store)",
    )
    parser.add_argument("--store", metavar="FILE", help="the encrypted look-up store, outside OUT")
    parser.add_argument(
        "--profile-options",
        metavar="OPTION",
        nargs="+",
        choices=sorted(deidentify.OPTIONS),
        help="keep or clean more than the Basic Profile does: "
        + ", ".join(sorted(deidentify.OPTIONS)),
    )
    parser.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="number of processes"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be done and what refused, and why; write nothing",
    )
    parser.add_argument(
        "--aside",
        metavar="FOLDER",
        help="put images whose pixels may show a name here instead of refusing them",
    )
    parser.add_argument(
        "--masks", metavar="FILE", help="JSON file of rectangles to cover in pixels, by device"
    )
    parser.add_argument(
        "--find-text",
        action="store_true",
        help="look for text in pixels with OCR and cover it (extra ocr); no proof that there is no more",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="use the workers of a dask.distributed scheduler, tcp://host:8786 (extra cluster)",
    )
    parser.add_argument(
        "--pixels-checked",
        action="store_true",
        help="you have looked at every image yourself and no text is burned in",
    )
    parser.add_argument(
        "--which", type=int, metavar="NUMBER", help="print which file input NUMBER of the report is"
    )
    parser.add_argument(
        "--reidentify", metavar="TOKEN", help="print the patient behind a token; IN is the store"
    )
    parser.add_argument(
        "--erase", metavar="TOKEN", help="forget the patient behind a token; IN is the store"
    )
    parser.add_argument(
        "--trail",
        action="store_true",
        help="print who asked the store what, and when; IN is the store",
    )
    parser.add_argument(
        "--change-passphrase",
        action="store_true",
        help="lock the store with another; IN is the store",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments ask; returns the exit status."""
    if arguments.reidentify or arguments.erase or arguments.trail or arguments.change_passphrase:
        return _ask_store(arguments)
    inputs = folder.list_inputs(Path(arguments.source))
    if arguments.which is not None:
        if not 0 <= arguments.which < len(inputs):
            raise DeidentifyError(
                "There is no input of that number", f"They go from 0 to {len(inputs) - 1}."
            )
        print(inputs[arguments.which])
        return 0
    if arguments.output is None:
        raise DeidentifyError("No output folder was given", "Write: handson deidentify IN OUT.")
    with tqdm(total=len(inputs), unit="file", disable=not sys.stderr.isatty()) as progress:
        report = _deidentify(arguments, progress)
    print(report)
    for note in report.notes:
        print(note)
    if report.refused:
        _say_refused(report, arguments)
        return SOME_REFUSED
    done = {"done", "set aside"} & report.counts.keys()
    if not done:
        print("Nothing in it is DICOM or NIfTI.", file=sys.stderr)
    return 0 if done else 1


def _say_refused(report: deidentify.Report, arguments: Namespace) -> None:
    """How many inputs were refused, and where the reasons stand: in the report, or here after a dry run."""
    refused = counted(len(report.refused), "input")
    name_it = "`handson deidentify IN --which NUMBER` names the file."
    if not arguments.dry_run:
        where = f"the report in {arguments.output} says why, by number; {name_it}"
        print(f"Refused: {refused}; {where}", file=sys.stderr)
        return
    print(f"Would be refused: {refused}. {name_it}", file=sys.stderr)
    numbers = defaultdict(list)
    for entry in report.refused:
        numbers[entry.reason].append(entry.number)
    for reason, found in numbers.items():
        first = ", ".join(map(str, found[:_SHOWN])) + (", ..." if len(found) > _SHOWN else "")
        print(f"  {counted(len(found), 'input')} (number {first}): {reason}", file=sys.stderr)


def _ask_store(arguments: Namespace) -> int:
    """What is done with a store alone: look up, erase, show its trail, change its passphrase."""
    path = Path(arguments.source).expanduser()
    with deidentify.Store(path, _passphrase(), create=False) as store:
        if arguments.reidentify:
            for name, value in store.reidentify(arguments.reidentify).items():
                print(f"{name}: {value}")
        elif arguments.erase:
            store.erase(arguments.erase)
            print(f"{arguments.erase} is forgotten. Erase it in your backups of the store as well.")
        elif arguments.change_passphrase:
            store.change_passphrase(_passphrase(twice=True, which="New passphrase"))
        else:
            for entry in store.audit_trail():
                when = datetime.fromtimestamp(entry["when"], UTC).isoformat(timespec="seconds")
                print(when, entry["user"], entry["what"], entry["token"])
    return 0


def _deidentify(arguments, progress) -> deidentify.Report:
    common = {
        "jobs": arguments.jobs,
        "dry_run": arguments.dry_run,
        "aside": arguments.aside,
        "pixels_checked": arguments.pixels_checked,
        "masks": arguments.masks or (),
        "find_text": arguments.find_text,
        "scheduler": arguments.scheduler,
        "progress": progress,
    }
    if arguments.profile_options is not None:
        common["options"] = arguments.profile_options
    if not arguments.pseudonymize:
        if arguments.store:
            raise DeidentifyError(
                "A store is for --pseudonymize", "Add --pseudonymize or leave --store out."
            )
        return deidentify.anonymize(arguments.source, arguments.output, **common)
    if not arguments.store:
        raise DeidentifyError(
            "Pseudonyms need a look-up store", "Add --store FILE, outside the output folder."
        )
    if os.name == "nt":
        print(
            "On Windows the rights of its folder decide who can read the look-up store.",
            file=sys.stderr,
        )
    new = not Path(arguments.store).expanduser().exists()
    return deidentify.pseudonymize(
        arguments.source,
        arguments.output,
        store=arguments.store,
        passphrase=_passphrase(new),
        **common,
    )


def _passphrase(twice: bool = False, which: str = "Passphrase of the look-up store") -> str:
    """Asked for, never an argument: arguments end up in the shell's history."""
    try:
        phrase = getpass.getpass(f"{which}: ")
        if twice and getpass.getpass("Once more: ") != phrase:
            raise DeidentifyError("The two passphrases differ", "Start again.")
    except EOFError:
        raise DeidentifyError("No passphrase was given", "Type it when you are asked.") from None
    return phrase


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
