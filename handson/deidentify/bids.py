"""Trees of the Brain Imaging Data Structure: names that stay valid and say nothing, tables with known columns.

`sub-` and `ses-` get new labels, the same everywhere: in folders, file names, tables and `IntendedFor`. Of the
other entities indices and known words stay. A file that is not named as BIDS does is refused. What a tree
holds beside images, sidecars and tables (README, derivatives, source data) is not copied.
"""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from ..errors import ReadError
from . import vocabulary
from .identity import Identity, short_name

DESCRIPTION = "dataset_description.json"
_FOLDERS = frozenset(
    re.findall(r"\w+", "anat func dwi fmap perf pet eeg meg ieeg beh micr motion mrs nirs")
)
_SUFFIXES = frozenset(
    re.findall(
        r"\w+",
        "T1w T2w T1rho T1map T2map T2star T2starw T2starmap FLAIR FLASH PD PDw PDmap PDT2 inplaneT1 inplaneT2 angio defacemask"
        " UNIT1 MP2RAGE MPRAGE MPM MTS MTR MESE MEGRE VFA IRT1 TB1TFL TB1map RB1COR bold cbv sbref phase dwi epi phasediff phase1"
        " phase2 magnitude magnitude1 magnitude2 fieldmap asl m0scan asllabeling pet blood events physio stim beh channels"
        " electrodes coordsystem participants sessions scans aslcontext mask dseg probseg S0map R1map R2map R2starmap M0map MTsat",
    )
)
_ENDINGS = frozenset({"nii", "nii.gz", "json", "bval", "bvec", "tsv"})
_INDICES = frozenset(["run", "echo", "flip", "inv", "split", "chunk"])
_WORDS = frozenset(
    [
        "task",
        "acq",
        "ce",
        "trc",
        "stain",
        "rec",
        "dir",
        "mod",
        "mt",
        "part",
        "proc",
        "hemi",
        "space",
        "recording",
        "res",
        "den",
        "label",
        "desc",
    ]
)


def is_tree(base: Path) -> bool:
    """True if a folder says that it is a BIDS data set."""
    return (base / DESCRIPTION).is_file()


class Names:
    """The new names of one tree.

    identity : what the key decides
    """

    def __init__(self, identity: Identity):
        self.identity = identity

    def subject(self, label: str) -> str:
        """The new label of a subject, letters and digits."""
        return self.identity.token(f"bids\0{label}")

    def session(self, subject: str, label: str) -> str:
        """The new label of a session; an index of two digits stays."""
        if re.fullmatch(r"\d{1,2}", label):
            return label
        return short_name(self.identity.uid(f"session {subject} {label}"))

    def path(self, relative: str, subject: str = "") -> str:
        """The new path of a file, relative to the tree or to a subject's folder.

        raises : ReadError when it is not named as BIDS does
        """
        if relative == DESCRIPTION:
            return relative
        *folders, name = relative.replace("bids::", "").split("/")
        found = re.search(r"(?:^|[/_])sub-([^/_]+)", relative)
        subject = found[1] if found else subject
        new = [self._folder(folder, subject) for folder in folders]
        stem, dot, ending = name.partition(".")
        *entities, suffix = stem.split("_")
        if suffix not in _SUFFIXES or ending not in _ENDINGS:
            raise _not_bids()
        pieces = [self._entity(entity, subject) for entity in entities]
        return "/".join([*new, "_".join([*pieces, suffix]) + dot + ending])

    def _folder(self, folder: str, subject: str) -> str:
        if folder in _FOLDERS:
            return folder
        if folder.startswith(("sub-", "ses-")):
            return self._entity(folder, subject)
        raise _not_bids()

    def _entity(self, entity: str, subject: str) -> str:
        key, dash, label = entity.partition("-")
        if key == "sub" and dash:
            return f"sub-{self.subject(label)}"
        if key == "ses" and dash:
            return f"ses-{self.session(subject, label)}"
        if key in _INDICES and re.fullmatch(r"\d{1,3}", label):
            return entity
        if key in _WORDS and label.isalnum():
            known = label in (
                "AP",
                "PA",
                "LR",
                "RL",
                "IS",
                "SI",
                "on",
                "off",
            ) or vocabulary.is_known(label)
            return entity if known else f"{key}-{short_name(self.identity.uid(f'{key} {label}'))}"
        raise _not_bids()


def _not_bids() -> ReadError:
    return ReadError("is not named as BIDS does", "Rename it, or leave it out.")


def clean_table(text: str, relative: str, names: Names, cell: Callable, known: Callable) -> str:
    """A table (.tsv) with its known columns, identifiers replaced.

    cell : (column, value) -> the value as it may stay, or None
    known : column -> True if it may stay at all
    raises : ReadError when it is not a table
    """
    rows = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or any(len(row) != len(rows[0]) for row in rows if row):
        raise ReadError("is not a table of tab-separated values", "Correct it, or leave it out.")
    found = re.search(r"sub-([^/_]+)", relative)
    head = rows[0]
    kept = [n for n, column in enumerate(head) if column in _IDENTIFIERS or known(column)]
    lines = ["\t".join(head[n] for n in kept)]
    for row in filter(None, rows[1:]):
        own = dict(zip(head, row, strict=True)).get("participant_id", "").removeprefix("sub-")
        subject = own or (found[1] if found else "")
        lines.append("\t".join(_cell(head[n], row[n], subject, names, cell) for n in kept))
    return "\n".join(lines) + "\n"


_IDENTIFIERS = frozenset({"participant_id", "session_id", "filename"})


def _cell(column: str, value: str, subject: str, names: Names, cell: Callable) -> str:
    if value == "n/a":
        return value
    if column == "participant_id":
        return f"sub-{names.subject(value.removeprefix('sub-'))}"
    if column == "session_id":
        return f"ses-{names.session(subject, value.removeprefix('ses-'))}"
    if column == "filename":
        return names.path(value, subject)
    new = cell(column, value)
    return "n/a" if new in (None, "") else str(new)


def description(version: str) -> dict:
    """What dataset_description.json says of an output."""
    return {"Name": "De-identified data set", "BIDSVersion": version, "DatasetType": "raw"}
