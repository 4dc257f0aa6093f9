"""`doctor()`: is this installation complete? What is missing is named with its cure.

Versions, widgets, decoders, memory, disk and data. It only looks: nothing is installed, fetched or
changed. Where JupyterLab is installed, it judges what the course needs, else what the package alone
needs. Only the page can tell whether widgets are alive, so the report is a widget itself: where it
stays text, that is the finding.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import anywidget
import traitlets
from packaging.requirements import Requirement
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from ..datasets import DataSet, catalogue
from ..datasets.cache import ASK_KEEPER, cache_folder, is_stored
from ..decoders import package
from .still import Still, html_table, labels, script

_HERE = Path(__file__).parent
_LABELS = labels("doctor")
DISTRIBUTION = "handson-imaging"  # the name on the package index
MEMORY_GB, DISK_GB = 1.0, 0.2  # what a lesson may take; what the generated sets take
# Compressed transfer syntaxes of the lessons.
COMPRESSED = [UID(f"1.2.840.10008.1.2.{end}") for end in ("5", "4.50", "4.70", "4.80", "4.90")]


@dataclass(frozen=True)
class CheckUp:
    """One thing looked at. fix : what to do, "" when all is well; essential : lessons fail without it."""

    name: str
    says: str
    fix: str = ""
    essential: bool = True


def examine() -> list[CheckUp]:
    """All findings, good and bad, about what this installation is for."""
    if is_course():
        return [
            CheckUp("made for", "the course and the package"),
            *packages("course"),
            *decoders(),
            memory(),
            disk(),
            *data(),
            *place(),
        ]
    return [
        CheckUp(
            "made for", "the package alone (the course needs JupyterLab as well: see the README)"
        ),
        *packages(),
        *(replace(finding, essential=False) for finding in decoders()),
        memory(),
        *place(),
    ]


def is_course() -> bool:
    """Whether this installation is meant for the notebooks: they open in JupyterLab."""
    return not _absent("jupyterlab")


def packages(extra: str = "") -> list[CheckUp]:
    """Every package that the installation asks for, against the versions it asks for."""
    wanted = [Requirement(text) for text in metadata.requires(DISTRIBUTION) or ()]
    wanted = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": extra})]
    missing = [line for requirement in wanted if (line := _unmet(requirement))]
    fix = f"python -m pip install {' '.join(missing)}, then restart the kernel" if missing else ""
    names = ("numpy", "pydicom", "nibabel", "jupyterlab", "ipywidgets", "anywidget")
    versions = ", ".join(f"{n} {metadata.version(n)}" for n in names if not _absent(n))
    return [
        CheckUp(
            "packages", f"missing or too old: {', '.join(missing)}" if missing else versions, fix
        )
    ]


def _absent(name) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return True
    return False


def _unmet(requirement) -> str:
    """The requirement in quotes for a shell when it is not met, else ""."""
    if _absent(requirement.name) or not requirement.specifier.contains(
        metadata.version(requirement.name), prereleases=True
    ):
        return f'"{requirement.name}{requirement.specifier}"'
    return ""


def decoders() -> list[CheckUp]:
    """A decoder for each compressed transfer syntax of the lessons."""
    lacking = [uid for uid in COMPRESSED if not get_decoder(uid).is_available]
    if not lacking:
        return [CheckUp("decoders", f"{len(COMPRESSED)} compressed transfer syntaxes can be read")]
    syntaxes = ", ".join(uid.name for uid in lacking)
    needed = sorted({name for uid in lacking for name in package(uid).split()})
    fix = f"python -m pip install {' '.join(needed)}, then restart the kernel"
    return [CheckUp("decoders", f"cannot read {syntaxes}", fix)]


def memory() -> CheckUp:
    """Free memory of the machine, or of the container it is."""
    try:
        from psutil import virtual_memory  # arrives with Jupyter's kernel
    except ImportError:
        return CheckUp("memory", "not measured: psutil is not installed")
    free = virtual_memory().available
    limit = Path("/sys/fs/cgroup/memory.max")
    used = Path("/sys/fs/cgroup/memory.current")
    with suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        free = min(free, int(limit.read_text()) - int(used.read_text()))
    says = f"{free / 1e9:.1f} GB free"
    short = free < MEMORY_GB * 1e9
    return CheckUp("memory", says, "Shut other kernels down: Kernel menu." if short else "")


def disk() -> CheckUp:
    """Room for the sets that are still to be made, where the cache lies."""
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        says = "the cache is read-only"
        if not _absent_sets():
            return CheckUp("disk", says + ", and every set is in it")
        return CheckUp("disk", says, ASK_KEEPER.format(ids=" ".join(_absent_sets())))
    free = shutil.disk_usage(folder).free
    short = _absent_sets() and free < DISK_GB * 1e9
    fix = "Set HANDSON_DATA to a folder with room." if short else ""
    return CheckUp("disk", f"{free / 1e9:.1f} GB free", fix)


def data() -> list[CheckUp]:
    """The sets that need no network: here, or made when first used."""
    needed, absent = _own_sets(), _absent_sets()
    says = f"{len(needed) - len(absent)} of {len(needed)} sets are here"
    fix = f"handson data fetch {' '.join(absent)} (or wait: each is made when first used)"
    return [CheckUp("data", says, fix if absent else "", essential=False)]


def _own_sets() -> list[DataSet]:
    return [dataset for tier in ("bundled", "generated") for dataset in catalogue(tier=tier)]


def _absent_sets() -> list[str]:
    return [dataset.id for dataset in _own_sets() if not is_stored(dataset)]


def place() -> list[CheckUp]:
    """A warning on a public server."""
    if not any(name.startswith("BINDER_") for name in os.environ):
        return []
    return [
        CheckUp("server", "this is Binder", "Never upload patient data here: it is public.", False)
    ]


class Doctor(Still, anywidget.AnyWidget):
    """The findings as a table. `ok` : nothing essential is missing."""

    _esm = script("health")
    _css = _HERE / "lessons.css"
    rows: traitlets.List = traitlets.List().tag(sync=True)
    labels = traitlets.Dict(_LABELS).tag(sync=True)

    def __init__(self):
        self.findings = examine()
        super().__init__(rows=[[f.name, f.says, f.fix] for f in self.findings])

    @property
    def ok(self) -> bool:
        return not any(f.fix and f.essential for f in self.findings)

    def _still_rows(self):
        """What is said where the page shows no widget: nothing that differs from machine to machine."""
        dead = [_LABELS["widgets"], _LABELS["dead"], _LABELS["dead_fix"]]
        essential = [f for f in self.findings if f.essential]
        return [dead, *([f.name, f.says if f.fix else _LABELS["good"], f.fix] for f in essential)]

    def still_text(self) -> str:
        return "\n".join(": ".join(filter(None, row)) for row in self._still_rows())

    def still_html(self) -> str:
        return html_table(_LABELS["title"], _LABELS["columns"], self._still_rows())


def doctor() -> Doctor:
    """Look the machine over; put it last in a cell to read the report."""
    return Doctor()
