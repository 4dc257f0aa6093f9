"""The manifest: what each data set is, where it comes from, what may be done with it.

Reads `data-manifest.yaml` and the lists of sums beside this file into `DataSet`s. Stands on the
errors and PyYAML. No file of a data set is touched here, and no network.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from ..errors import DataError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, six times faster where built

TIERS = ("bundled", "generated", "download")


@dataclass(frozen=True)
class DataFile:
    """What a file of a set must be: its SHA-256, and its length where we know it."""

    sha256: str
    bytes: int | None = None


@dataclass(frozen=True)
class DataSet:
    """One data set of the manifest.

    tier : "bundled" (arrives inside a Python package), "generated" (made here, from a seed) or
        "download" (fetched on request)
    bytes : size on disk, approximate for a generated set
    redistribute : its licence lets you hand the files on, in a classroom mirror for example
    commercial : False when its licence forbids commercial use; show no picture of it in public
    visible : what of a person's identity can still be seen, in words
    files : path inside the set -> `DataFile`; empty for a generated set
    sources : where the files come from, in the order in which they are tried
    """

    id: str
    tier: str
    title: str
    modality: tuple[str, ...]
    dimensions: str
    bytes: int
    licence: str
    redistribute: bool
    citation: str
    anonymised: str
    visible: str
    lessons: tuple[str, ...]
    commercial: bool = True
    note: str = ""
    files: dict[str, DataFile] = field(default_factory=dict, repr=False)
    sources: tuple[dict, ...] = field(default=(), repr=False)

    @property
    def version(self) -> str:
        """Changes when the files do: the cache never takes an old copy for a new set."""
        if self.tier == "generated":
            return generators_version()
        return hashlib.sha256(sums_text(self.files).encode()).hexdigest()[:8]

    @property
    def credit(self) -> str:
        """One line to print under a picture of it."""
        return f"{self.title}. {self.citation}. {self.licence}."


@cache
def generators_version() -> str:
    """A digest of the code that makes the generated sets.

    A number kept by hand is forgotten once, and then an old set teaches something wrong. The code
    is read, not imported: to find a set that was made before, nothing heavy need be loaded.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].joinpath("phantoms").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def sums_text(files: dict[str, DataFile]) -> str:
    """The list of sums in the form that `sha256sum --check` reads, sorted by path."""
    return "".join(f"{files[path].sha256}  {path}\n" for path in sorted(files))


def read_sums(text: str) -> dict[str, DataFile]:
    """Reads what `sums_text` wrote."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if line)
    return {path: DataFile(sha256) for sha256, path in pairs}


def manifest_path() -> Path:
    """`data-manifest.yaml`: beside this module in an installed package, at the top of a checkout."""
    installed = Path(__file__).with_name("data-manifest.yaml")
    return installed if installed.exists() else Path(__file__).parents[2] / installed.name


@cache
def document() -> dict:
    """The manifest as it is written."""
    path = manifest_path()
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    except OSError:
        raise DataError("is missing", "Install handson again.", path=path) from None


@cache
def load() -> dict[str, DataSet]:
    """Every data set by its id, in the manifest's order."""
    return {entry["id"]: _data_set(entry) for entry in document()["sets"]}


def _data_set(entry: dict) -> DataSet:
    fields = dict(entry)
    fields["files"] = {path: DataFile(**file) for path, file in entry.get("files", {}).items()}
    if fields.pop("sums", None):
        sums = Path(__file__).with_name("sums") / f"{entry['id']}.SHA256SUMS"
        fields["files"] = read_sums(sums.read_text(encoding="utf-8"))
    for name in ("modality", "lessons", "sources"):
        fields[name] = tuple(entry.get(name, ()))
    return DataSet(**fields)
