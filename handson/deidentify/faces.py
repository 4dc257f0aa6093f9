"""Faces: which volumes may show one, and de-facing for NIfTI.

A surface rendering of a head scan is a portrait, and photographs can be matched to it. Telling that a
volume may show a face is a guess from its header; taking the face away is left to quickshear (Schimke and
Hale 2011), which cuts along a plane in front of a brain mask.
"""

import re
from pathlib import Path

import nibabel
import numpy as np
from pydicom.dataset import Dataset

from ..errors import DeidentifyError

_HEAD = re.compile(
    r"\b(head|brain|skull|face|facial|neuro|cranium|cranial|mprage|t1w?|dent\w*|sinus\w*|orbit\w*|kopf|sch[aä]del|"
    r"hirn|gehirn|t[eê]te|cr[aâ]ne|cerveau|cabeza|cr[aá]neo|cerebro|testa|encefalo|hoved|hersen\w*)\b",
    re.IGNORECASE,
)


def may_show_face(dataset: Dataset) -> bool:
    """True for a cross-sectional image whose header, as read, speaks of a head."""
    if str(dataset.get("Modality", "")) not in ("CT", "MR", "PT", "NM"):
        return False
    keywords = ("BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName")
    return any(_HEAD.search(str(dataset.get(k) or "").replace("_", " ")) for k in keywords)


def deface(
    image: str | Path, output: str | Path, brain_mask: str | Path, distance: int = 10
) -> Path:
    """Write a copy of a NIfTI head volume without its face.

    image : NIfTI file
    output : new file
    brain_mask : NIfTI file on the same grid, not zero in the brain (from any skull-stripping tool)
    distance : voxels between the brain and the cutting plane

    Raises DeidentifyError when quickshear is missing or the two files do not fit. Look at the result: a
    plane cannot know where a nose ends.
    """
    try:
        from quickshear import quickshear
    except ImportError:
        raise DeidentifyError(
            "De-facing needs the package quickshear", "Run: pip install 'handson[deface]'."
        ) from None
    if Path(output).exists():
        raise DeidentifyError("exists already", "Choose another name.", path=output)
    anatomy, mask = nibabel.load(image), nibabel.load(brain_mask)
    if anatomy.shape[:3] != mask.shape or not np.allclose(anatomy.affine, mask.affine, atol=1e-3):
        raise DeidentifyError(
            "The mask and the image are not on one grid", "Resample the mask first."
        )
    if not np.any(mask.dataobj):
        raise DeidentifyError("The brain mask is empty", "Make it anew.", path=brain_mask)
    try:
        result = quickshear(anatomy, mask, distance)
    except Exception as error:
        raise DeidentifyError(
            f"quickshear could not cut this volume ({type(error).__name__})",
            "Check the mask.",
            path=image,
        ) from None
    part = Path(output).with_name(".part-" + Path(output).name)
    nibabel.save(result, part)
    part.rename(output)
    return Path(output)
