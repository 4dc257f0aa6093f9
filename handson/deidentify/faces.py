"""Faces: which volumes may show one.

A surface rendering of a head scan is a portrait, and photographs can be matched to it. Telling that a
volume may show a face is a guess from its header; `defacing` takes the face away.
"""

import re

from pydicom.dataset import Dataset

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
