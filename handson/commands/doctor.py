"""`handson doctor`: is this installation complete?"""

from argparse import Namespace

from handson.commands import Subparsers


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "doctor", help="is this installation complete?", description=__doc__
    )
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Print every finding with its cure; status 1 when something essential is missing."""
    from ..lessons.health import examine

    findings = examine()
    for finding in findings:
        mark = "!" if finding.fix else " "
        print(f"{mark} {finding.name}: {finding.says}")
        if finding.fix:
            print(f"    {finding.fix}")
    print("Whether widgets are alive, only a notebook can tell: handson.doctor()")
    return int(any(finding.fix and finding.essential for finding in findings))
