"""`handson convert SOURCE TARGET`: each DICOM series as a NIfTI file with a JSON sidecar, both free of identity.

File names are numbers and a modality; `handson.bids` says what the sidecar holds. A diffusion series
also gets .bval and .bvec files. The pixels are not changed: a face stays a face, and letters burned
into a picture stay readable.
"""

import json
import sys
from argparse import Namespace
from pathlib import Path

from handson.bids import modality_of, sidecar
from handson.commands import Subparsers
from handson.dicom import SeriesInfo, read_series, scan
from handson.errors import HandsonError, SeriesError, WriteError, counted
from handson.nifti import write_nifti
from handson.nifti.axis4 import write_gradients
from handson.whole import whole_file

_OTHER_FILES = {
    ".dcm", ".gif", ".gz", ".hdr", ".html", ".img", ".jpeg", ".jpg", ".json", ".mgz", ".mha", ".mhd", ".mnc", ".nrrd",
    ".pdf", ".png", ".tif", ".tiff", ".zip",
}  # fmt: skip


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "convert",
        help="DICOM series to NIfTI and JSON free of identity",
        description=__doc__.split(": ", 1)[1],
    )
    parser.add_argument("source", help="folder of any nesting, DICOM file or DICOMDIR")
    parser.add_argument(
        "target",
        type=Path,
        help="folder for the results, made when absent; for a single series a .nii or .nii.gz file, too",
    )
    parser.add_argument(
        "--series", metavar="N", help="only this one: its number in `handson scan`, or its id"
    )
    parser.add_argument(
        "--on-gap",
        choices=("error", "resample"),
        default="error",
        help="where slices are missing or uneven: refuse the series (default), or fill in between neighbours",
    )
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Converts what can be; says what cannot and returns 1 then."""
    table = scan(arguments.source)
    chosen = list(table) if arguments.series is None else table.named(arguments.series)
    damaged = [other for other in table.skipped if other.damaged]
    if not chosen:
        raise SeriesError(
            "holds no DICOM image" if not len(table) else f"holds no series {arguments.series}",
            "See `handson scan`.",
            path=arguments.source,
        )
    single = arguments.target.name.endswith((".nii", ".nii.gz"))
    if not single:
        _check_folder(arguments.target, Path(arguments.source))
    if single and len(chosen) > 1:
        raise SeriesError(
            f"holds {len(chosen)} series, too many for one file",
            "Name a folder, or choose one with --series N, its number in `handson scan`.",
            path=arguments.source,
        )
    _make_folder(arguments.target.parent if single else arguments.target)
    failures = 0
    for place, info in enumerate(table, 1):
        if info not in chosen:
            continue
        try:
            image = arguments.target
            if not single:
                image /= f"series-{place:03d}_{modality_of(info)}.nii.gz"
            convert(info, image, arguments.on_gap)
            print(
                f"{image.name}: {counted(len(info.files), 'file')}, {' x '.join(map(str, info.shape))}"
            )
        except HandsonError as error:
            failures += 1
            print(f"handson convert: series {place} of `handson scan`: {error}", file=sys.stderr)
    for other in damaged:
        print(f"handson convert: {other.path}: {other.reason}: left out", file=sys.stderr)
    return 1 if failures or damaged else 0


def convert(info: SeriesInfo, image: Path, on_gap: str = "error") -> None:
    """One series as NIfTI, its sidecar `.json` (and `.bval`, `.bvec`) beside it; no file is ever replaced.

    info : `SeriesInfo` of `scan`; image : `.nii` or `.nii.gz`
    """
    stem = image.with_name(image.name.removesuffix(".gz").removesuffix(".nii"))
    beside = [stem.with_name(stem.name + suffix) for suffix in (".json", ".bval", ".bvec")]
    for path in (image, *beside):
        if path.exists():
            raise WriteError("is there already", "Choose another place.", path=path)
    volume = read_series(info, on_gap=on_gap)
    content = json.dumps(sidecar(info, volume), indent=2) + "\n"
    try:
        write_nifti(volume, image)
        with whole_file(beside[0]) as unfinished:
            unfinished.write_text(content, encoding="utf-8")
        write_gradients(volume, stem)
    except (OSError, WriteError) as error:
        for path in (image, *beside):
            path.unlink(missing_ok=True)
        if isinstance(error, WriteError):
            raise
        raise WriteError(
            f"cannot be written ({error.strerror}); nothing was left behind",
            "Check the space on the drive.",
            path=beside[0],
        ) from None
    for note in volume.notes:
        if "b-value" in note or "gradient" in note:
            print(f"{image.name}: {note}", file=sys.stderr)


def _check_folder(folder: Path, source: Path) -> None:
    """A folder of results is not that of the originals, and is not named like a file."""
    if folder.suffix.lower() in _OTHER_FILES and not folder.is_dir():
        raise WriteError(
            "is named like a file of another format",
            "Name a folder, or a file that ends with .nii or .nii.gz.",
            path=folder,
        )
    if folder.resolve() == source.resolve():
        raise WriteError("is the folder of the originals", "Choose another one.", path=folder)


def _make_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"cannot be made ({error.strerror})", "Choose another folder.", path=folder
        ) from None
