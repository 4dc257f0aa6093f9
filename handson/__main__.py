"""`handson COMMAND ...` and `python -m handson COMMAND ...`: assembles the subcommands, says errors in one line."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from . import __version__
from .errors import HandsonError

COMMANDS = ("doctor", "data", "scan", "convert", "view", "deidentify", "send", "pull", "progress")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 a clear error, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="handson", description="Read, see and de-identify medical images."
    )
    parser.add_argument("--version", action="version", version=f"handson {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"handson.commands.{name}").add(subparsers)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except HandsonError as error:
        print(f"handson {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("handson: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
