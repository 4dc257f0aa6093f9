"""The command line, a module per subcommand: each has `add(subparsers)` and nothing imports them but `__main__`."""

from argparse import ArgumentParser, _SubParsersAction
from typing import TypeAlias

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"
