"""gen-study: one invented patient as a hospital hands her over, a folder with DICOMDIR, MR, CT, PT and US.

The three volumes show the same head in the same frame of reference, with one marker on the patient's
RIGHT at a known place. Stands on the modality modules, which decide what the pictures hold.
"""

from collections.abc import Callable
from pathlib import Path

from . import study_ct, study_mr, study_pet, study_us
from .anatomy import Head, capsule
from .dicom_files import save, shuffled_names, write_dicomdir

# Centre of the capsule on the right temple, RAS+ mm; it lies along y.
MARKER_MM = (86.0, 14.0, 36.0)
MARKER_HALF_LENGTH, MARKER_RADIUS = 6.0, 5.0

_SERIES = {"MR": study_mr, "CT": study_ct, "PT": study_pet}
_SEED = {"MR": 11, "CT": 12, "PT": 13}


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder with the study.

    progress : called with (files done, files in all)
    """
    folder = Path(folder)
    total = sum(module.GRID.shape[2] for module in _SERIES.values()) + 2
    if progress:
        progress(0, total)  # the head takes seconds before the first file
    head = Head()
    files = []
    for name, module in _SERIES.items():
        (folder / name).mkdir()
        file_names = shuffled_names(module.GRID.shape[2], _SEED[name])
        for dataset, file_name in zip(module.slices(head, _mark), file_names, strict=True):
            files.append(folder / name / file_name)
            save(dataset, files[-1])
            if progress:
                progress(len(files), total)
    (folder / "US").mkdir()
    files.append(folder / "US" / "IM000000")
    save(study_us.dataset(), files[-1])
    write_dicomdir(folder, files, "EXAMPLE")
    if progress:
        progress(total, total)


def _mark(grid):
    return capsule(grid, MARKER_MM, MARKER_HALF_LENGTH, MARKER_RADIUS)
