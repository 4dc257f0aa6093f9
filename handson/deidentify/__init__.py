"""De-identification of DICOM and NIfTI: nothing identifying left, every file accounted for.

    >>> import handson
    >>> report = handson.anonymize("study", "out")                                     # doctest: +SKIP
    >>> report = handson.pseudonymize("study", "out", store="~/private/study.store",
    ...                               passphrase="...")                                # doctest: +SKIP
    >>> handson.audit("out", known=["Doe", "19510208"])                                # doctest: +SKIP

`anonymize` derives new identifiers from a random key and throws the key away; `pseudonymize` keeps them in
an encrypted look-up store, from which `reidentify` finds a patient again. Both return a `Report`
(`report.counts`, `report.entries`, `report.rules`; rich in a notebook) and write it beside the outputs.
`deidentify_dataset` does the same to one pydicom Dataset in memory, for looking at what happens.

The rooms, in reading order: `profile.csv` and `profile` (which rule for which element), `identity` (new
identifiers from a key), `text` (names in text), `engine` (the walk), `dicomfile`, `codestream` and
`writing` (one file, its pixels untouched), `dicomdir`, `nifti`, `pixels` (burned-in text), `faces`, `worker` and `folder`
(many files), `store`, `report`, `audit`. It stands on pydicom, nibabel and cryptography, never on the
readers or the viewer of this package.

This is teaching code, not a certified product: see docs/deidentify.md for what it cannot do.
"""

from collections import Counter
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from .. import arguments
from ..errors import DeidentifyError
from . import folder
from .audit import Finding, audit
from .defacing import deface
from .engine import Engine
from .identity import Identity, is_well_known, new_key
from .pixels import Mask
from .profile import OPTIONS, Profile
from .report import Report
from .store import Store
from .worker import out_of_logs
from .writing import file_meta

__all__ = [
    "OPTIONS",
    "Finding",
    "Mask",
    "Report",
    "Store",
    "anonymize",
    "audit",
    "deface",
    "deidentify_dataset",
    "erase",
    "pseudonymize",
    "reidentify",
]


@arguments.checked(source=arguments.path, output=arguments.path, jobs=arguments.at_least_one)
def anonymize(
    source: str | PathLike[str],
    output: str | PathLike[str],
    *,
    options: Iterable[str] = (),
    jobs: int = 1,
    dry_run: bool = False,
    **pixels: Any,
) -> Report:
    """De-identify a file or folder with a random key that is thrown away.

    source : file or folder, read recursively and never changed
    output : new or empty folder, not inside `source`
    options : names from `OPTIONS` that keep or clean more than the Basic Profile does
    jobs : number of processes; or `scheduler="tcp://host:8786"` for the workers of dask.distributed
    dry_run : True to report only and write nothing
    pixels : images whose pixels may show a name are refused, unless one of these says what to do:
        `masks` (list of `Mask`, or a JSON file of them) covers text, `aside` (a folder) puts the rest of them
        there, `pixels_checked=True` says that you have looked at all of them yourself. `find_text=True` looks for
        text in all pixels with OCR and covers what it finds; what it did not find is not proven clean

    What is wrong with a single file is not raised: the report says it.

    raises : DeidentifyError when the folders or options cannot be used
    """
    return folder.run(
        source, output, mode="anonymize", key=new_key(), options=_options(options), jobs=jobs,
        dry_run=dry_run, **pixels,
    )  # fmt: skip


@arguments.checked(source=arguments.path, output=arguments.path, jobs=arguments.at_least_one)
def pseudonymize(
    source: str | PathLike[str],
    output: str | PathLike[str],
    *,
    store: str | PathLike[str] | Store,
    passphrase: str | None,
    options: Iterable[str] = ("modified-dates",),
    jobs: int = 1,
    dry_run: bool = False,
    **pixels: Any,
) -> Report:
    """De-identify a file or folder with tokens that a look-up store can resolve.

    store : path of the store (made when missing, not inside `output`), or an open `Store`
    passphrase : unlocks it; not needed with an open Store
    options : as for `anonymize`; dates are shifted by one secret interval per patient unless told otherwise

    The other arguments are those of `anonymize`. The same patient gets the same token in every run with
    the same store. A run that was killed continues when it is started again with the same arguments.
    """
    if isinstance(store, Store):
        return folder.run(
            source, output, mode="pseudonymize", key=store.key, options=_options(options), store=store,
            jobs=jobs, dry_run=dry_run, **pixels,
        )  # fmt: skip
    path = Path(store).expanduser()
    folder.check_folders(Path(source), Path(output), path)
    with Store(path, passphrase or "") as opened:
        return pseudonymize(
            source, output, store=opened, passphrase=None, options=options, jobs=jobs, dry_run=dry_run,
            **pixels,
        )  # fmt: skip


def reidentify(
    store: str | PathLike[str], token: str, *, passphrase: str, who: str | None = None
) -> dict:
    """The patient behind a token, as stored; who asked and when is written into the store's audit table.

    raises : DeidentifyError for a wrong passphrase, a tampered store or an unknown token
    """
    with Store(Path(store).expanduser(), passphrase, create=False) as opened:
        return opened.reidentify(token, who)


def erase(
    store: str | PathLike[str], token: str, *, passphrase: str, who: str | None = None
) -> None:
    """Forget a patient in a look-up store (GDPR article 17); that it was done is written into its audit table.

    raises : DeidentifyError for a wrong passphrase, a tampered store or an unknown token
    """
    with Store(Path(store).expanduser(), passphrase, create=False) as opened:
        opened.erase(token, who)


def deidentify_dataset(
    dataset: Dataset, *, options: Iterable[str] = (), key: bytes | None = None
) -> Counter:
    """De-identify one Dataset in place, in memory, to see what happens; pixels stay as they are.

    key : 32 bytes that decide the new identifiers, random by default
    returns : Counter of (element, letter of the rule, what was done)

    The preamble and the File Meta Information are made anew, too, so that `dataset.save_as` writes nothing
    of the old ones. What hides in compressed pixels stays: `anonymize` a file to have it looked for.
    """
    with out_of_logs():
        identity = Identity(key or new_key())
        changes = Engine(Profile(_options(options)), identity).deidentify(dataset)
        if (old := getattr(dataset, "file_meta", None)) is not None:
            syntax = old.get("TransferSyntaxUID", ExplicitVRLittleEndian)
            syntax = syntax if is_well_known(syntax) else ExplicitVRLittleEndian
            dataset.file_meta = file_meta(syntax, dataset, identity.uid("file"))
        dataset.preamble = bytes(128)
        return changes


def _options(options) -> frozenset:
    if isinstance(options, str) or not isinstance(options, Iterable):
        raise DeidentifyError("Options are a list of names", f"Write options=[{options!r}].")
    return frozenset(options)
