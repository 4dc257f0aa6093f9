"""Faces: which volumes may show one.

A surface rendering of a head scan is a portrait, and photographs can be matched to it. Telling that a
volume may show a face is a guess from its header; `defacing` takes the face away.
"""

import re

from pydicom.dataset import Dataset

from .spelling import fold

# Parts of the body without a face: where a header names one of these and nothing of a head, there is none.
_ELSEWHERE = re.compile(
    r"abd|addom|bauch|chest|thora|torac|torax|brust|lung|polmon|poumon|pulmon|heart|card|herz|cuore|coeur|coraz|coron(?!al)"
    r"|breast|mamm|brust|knee|knie|ginocch|genou|rodill|hip\b|hueft|huft|\banca|hanche|cadera|pelvi|becken|bacin|bassin|prosta"
    r"|hand|wrist|polso|poignet|foot|fuss|\bpied|piede|ankle|cavigl|chevill|tobill|elbow|gomit|coude|\bleg\b|femur|femor|tibia"
    r"|thigh|calf|liver|hepa|fegat|leber|foie|higad|kidney|renal|niere|pancr|splee|bladder|uter|ovar|lumb|lomb|lws|lspine|l-?spine"
    r"|bws|tspine|t-?spine|dors|sacr|extrem|shoulder|schulter|spalla|epaul|hombro|forearm|humer|phantom|colon|rect|aort|mrcp|scrot",
)
_HEAD = re.compile(
    r"head|kopf|testa|\btete|cabeza|hoved|\bhoofd|skull|sch[ae]*del|crani|\bcran|brain|hirn|encef|enceph|cerve|cereb|hersen|neuro|facia|\bface|orbit|sinus"
    r"|dent|zahn|\bjaw|kiefer|maxil|mandib|\bear\b|\biac\b|pituit|hypoph|sella|\btmj|\bnas|nose|pharyn|laryn|neck|hals\b|\bcollo|\bcou\b|cuello|cervic"
    r"|hws|cspine|c-?spine|carot|thyr|mprage|whole.?body|ganzk|corps|corpo intero|cuerpo entero|total.?body|\bwb\b|vertex",
)
_SMALLEST_FACE = 60.0  # mm, across a picture


def may_show_face(dataset: Dataset) -> bool:
    """True for a cross-sectional image of which the header, as read, does not say that it shows no face.

    What is known comes first: the modality, and the size of the picture in the patient. Then its words: one
    that names another part of the body, and none that names a head. A header that says nothing says nothing
    against a face.
    """
    if str(dataset.get("Modality", "")) not in ("CT", "MR", "PT", "NM"):
        return False
    if (extent := _extent(dataset)) is not None and extent < _SMALLEST_FACE:
        return False
    keywords = ("BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName")
    told = fold(" ".join(str(dataset.get(k) or "") for k in keywords).replace("_", " "))
    return bool(_HEAD.search(told)) or not _ELSEWHERE.search(told)


def _extent(dataset: Dataset) -> float | None:
    """The longer side of the picture in mm, None if the header does not say."""
    try:
        sizes = (float(dataset.Rows), float(dataset.Columns))
        return max(n * float(step) for n, step in zip(sizes, dataset.PixelSpacing, strict=True))
    except (AttributeError, TypeError, ValueError):
        return None
