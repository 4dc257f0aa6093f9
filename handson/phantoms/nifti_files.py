"""NIfTI images and the JSON beside them, as the generated sets write both.

Stands on nibabel. The bytes depend on the content alone: nibabel writes no time and no name into what it
packs, and texts end their lines the same way everywhere.
"""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np


def nifti(data: np.ndarray, affine: np.ndarray) -> nibabel.Nifti1Image:
    """NIfTI-1 image whose sform and qform agree and say scanner coordinates, in mm."""
    image = nibabel.Nifti1Image(data, affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    image.header.set_xyzt_units("mm", "sec")
    return image


def save_json(content: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
