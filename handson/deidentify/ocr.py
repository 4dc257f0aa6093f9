"""Text in pixels, found by an OCR program and masked. `pip install 'handson-imaging[ocr]'`

RapidOCR (Apache-2.0) with the PP-OCR models that its wheel holds reads printed Latin text of about nine
pixels and more. It misses handwriting, rotated and small text, and text as faint as the noise: what it did
not find is not proven to be clean. Images at risk stay at risk, whether something was found in them or not.
"""

from functools import cache
from typing import Any

import numpy as np

from ..errors import DeidentifyError, ReadError

_CONFIDENCE = 0.5  # of a reading; detection alone marks edges of bones as well
_MARGIN = 0.35  # of a line's height, on each side
_MOST_COVERED = 0.15  # of a picture: more is not an annotation
_PASSES = 3


@cache
def reader() -> Any:
    """The OCR program with its models, loaded once.

    raises : DeidentifyError when it is not installed
    """
    try:
        from rapidocr import RapidOCR
    except ImportError:
        raise DeidentifyError(
            "Finding text in pixels needs the packages rapidocr and onnxruntime",
            "Run: pip install 'handson-imaging[ocr]'.",
        ) from None
    return RapidOCR(
        params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
    )


def find_text(picture: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Where text was read, as boxes (x, y, width, height) in pixels.

    picture : (rows, columns) or (rows, columns, 3), any numbers; stretched to 8 bits here
    """
    grey = _eight_bits(picture)
    boxes = []
    for scale in (1, 2):
        enlarged = np.repeat(np.repeat(grey, scale, 0), scale, 1)
        if max(enlarged.shape) > 4096:
            break
        result = reader()(np.stack([enlarged] * 3, -1), use_cls=False)
        if result.boxes is None:
            continue
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            if score >= _CONFIDENCE and len(text.strip()) >= 2:
                boxes.append(_box(np.asarray(corners) / scale, grey.shape))
    return boxes


def text_mask(frames: np.ndarray) -> tuple[np.ndarray, int]:
    """(bool array (rows, columns) that covers the text of all frames, number of boxes).

    frames : (n, rows, columns) or (n, rows, columns, 3)

    Looks again at what is left after masking.

    raises : ReadError if text is still found, or if too much would be covered for an annotation
    """
    picked = frames[np.linspace(0, len(frames) - 1, min(len(frames), 3)).round().astype(int)]
    covered = np.zeros(frames.shape[1:3], bool)
    count = 0
    for _ in range(_PASSES):
        found = [
            box
            for frame in picked
            for box in find_text(np.where(_like(covered, frame), frame.min(), frame))
        ]
        if not found:
            return covered, count
        count += len(found)
        for x, y, width, height in found:
            covered[y : y + height, x : x + width] = True
        if covered.mean() > _MOST_COVERED:
            raise ReadError(
                "has text over so much of its pixels that masking it would leave little",
                "Look at it.",
            )
    raise ReadError("has text in its pixels that is still read after masking", "Mask it by hand.")


def _like(covered: np.ndarray, frame: np.ndarray) -> np.ndarray:
    return covered[..., None] if frame.ndim == 3 else covered


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    grey = picture.astype(np.float32).mean(-1) if picture.ndim == 3 else picture.astype(np.float32)
    low, high = np.percentile(grey, (0.5, 99.8))
    top = max(high, grey.max() if grey.max() < 2 * high else high)
    return (np.clip((grey - low) / max(top - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def _box(corners: np.ndarray, shape) -> tuple[int, int, int, int]:
    """A rectangle around four corners, with a margin, inside the picture."""
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    margin = _MARGIN * (bottom - top)
    left, top = max(int(left - margin), 0), max(int(top - margin), 0)
    right = min(int(np.ceil(right + margin)), shape[1])
    bottom = min(int(np.ceil(bottom + margin)), shape[0])
    return left, top, max(right - left, 1), max(bottom - top, 1)
