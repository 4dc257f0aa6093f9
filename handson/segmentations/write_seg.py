"""A DICOM SEG of segments: highdicom makes the object, we prove first that masks and slices belong together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from ..dicom import SeriesInfo
from ..dicom.header import whole_header
from ..errors import WriteError
from ..volume import Volume
from .colours import to_cielab
from .segment import Segment

TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
ALGORITHMS = ("MANUAL", "SEMIAUTOMATIC", "AUTOMATIC")
# Which category (PS3.16 CID 7150) the codes of a context group belong to.
_CATEGORIES = (
    (codes.SCT.MorphologicallyAbnormalStructure, ("cid7159",)),
    (codes.SCT.Tissue, ("cid7166",)),
    (codes.SCT.AnatomicalStructure, ("cid7152", "cid7153", "cid7154", "cid7155", "cid7160")),
)


def segmentation(
    segments: Sequence[Segment],
    masks: Sequence[Volume],
    source: SeriesInfo,
    image: Volume,
    kind: str,
    author: str,
    description: str,
    path: Path,
) -> Dataset:
    """The data set of a SEG.

    masks : `Volume`s on the voxels of `image`, which is `source` read, one for each segment
    """
    hd = _highdicom(path)
    kind = _type(segments, kind, path)
    described = [_describe(hd, n, segment, path) for n, segment in enumerate(segments, start=1)]
    frames = source.stack.volumes[0]
    by_file = {frame.file: None for frame in frames}
    if len(by_file) > 1 and len(by_file) < len(frames):
        raise WriteError(
            "cannot be written for an image of several multi-frame files",
            "Use highdicom.",
            path=path,
        )
    images = [whole_header(file.path, pixels=False) for file in by_file]
    pixels = _pixels(masks, frames, kind, segments, path)
    shares = {segment.kind.upper() for segment in segments} - {"BINARY"}
    try:
        built = hd.seg.Segmentation(
            source_images=images,
            pixel_array=pixels,
            segmentation_type=kind,
            segment_descriptions=described,
            fractional_type=shares.pop() if shares else "OCCUPANCY",
            series_instance_uid=generate_uid(prefix=None),
            sop_instance_uid=generate_uid(prefix=None),
            series_number=_series_number(source),
            instance_number=1,
            manufacturer="handson",
            manufacturer_model_name="handson.segmentations",
            software_versions=_version(),
            device_serial_number="none",
            content_creator_name=author or _author(segments) or None,
            content_label="SEGMENTATION",
            series_description=description or "Segmentation",
            omit_empty_frames=True,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WriteError(
            f"cannot be written: highdicom refuses it ({error})",
            "The header of the image may lack what a SEG must repeat.",
            path=path,
        ) from None
    _state_step(built, image)
    return built


def _state_step(built, image) -> None:
    """SpacingBetweenSlices as positions tell it: highdicom says 1 mm of one slice, and nothing of a tilted stack."""
    measures = built.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if image.shape[2] > 1:
        measures.SpacingBetweenSlices = round(image.slice_distance, 10)
    elif "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices


def _highdicom(path):
    try:
        import highdicom
        import highdicom.seg
    except ImportError:
        raise WriteError(
            "cannot be written: highdicom, which writes DICOM SEG, is not installed",
            "Run: pip install highdicom (it has no wheels for Python 3.14)",
            path=path,
        ) from None
    return highdicom


def _version() -> str:
    from .. import __version__

    return __version__


def _type(segments, kind, path) -> str:
    shares = sorted({segment.kind for segment in segments})
    if kind == "SEG":
        kind = "BINARY" if shares == ["binary"] else "FRACTIONAL"
    if kind != "FRACTIONAL" and shares != ["binary"]:
        raise WriteError(
            f"cannot hold maps of {' and '.join(s for s in shares if s != 'binary')} as {kind}",
            'Write kind="FRACTIONAL", or choose a threshold first.',
            path=path,
        )
    if kind == "FRACTIONAL" and {"probability", "occupancy"} <= set(shares):
        raise WriteError(
            "cannot hold probabilities and occupancies in one object", "Write two files.", path=path
        )
    return kind


def _describe(hd, number, segment, path):
    """SegmentSequence's item (PS3.3 C.8.20.4): who drew it, and what it is."""
    if segment.algorithm not in ALGORITHMS:
        raise WriteError(
            f"must say how {segment.title} was made",
            f"Give the segment algorithm=: {', '.join(ALGORITHMS)}.",
            path=path,
        )
    if segment.algorithm != "MANUAL" and not segment.algorithm_name:
        raise WriteError(
            f"must name the program that made {segment.title}",
            "Give the segment algorithm_name=.",
            path=path,
        )
    if not segment.name:
        raise WriteError(f"must name {segment.title}", "Give the segment a name.", path=path)
    code, category = _codes(segment, path)
    item = hd.seg.SegmentDescription(number, segment.name, category, code, "MANUAL")
    item.SegmentAlgorithmType = segment.algorithm
    if segment.algorithm_name:
        item.SegmentAlgorithmName = segment.algorithm_name
    if segment.colour is not None:
        item.RecommendedDisplayCIELabValue = to_cielab(segment.colour)
    return item


def _codes(segment, path) -> tuple[Code, Code]:
    if segment.code is None:
        raise WriteError(
            f"must say in a code what {segment.title} is",
            "Give the segment code=, for example pydicom.sr.codedict.codes.SCT.Neoplasm.",
            path=path,
        )
    code = Code(*segment.code)
    if segment.category is not None:
        return code, Code(*segment.category)
    for category, groups in _CATEGORIES:
        if any(code in getattr(codes, group).concepts.values() for group in groups):
            return code, category
    raise WriteError(
        f"must say what sort of thing {segment.title} ({code.meaning}) is",
        "Give the segment category=, for example codes.SCT.AnatomicalStructure (PS3.16 CID 7150).",
        path=path,
    )


def _pixels(masks, frames, kind, segments, path) -> np.ndarray:
    """[frame, row, column, segment] in the order in which highdicom meets the frames of the image."""
    order = list(range(len(frames)))
    if len({frame.file for frame in frames}) == 1:
        order = sorted(order, key=lambda k: frames[k].index)
        if [frames[k].index for k in order] != order:
            raise WriteError(
                "cannot be written for one volume of a multi-frame image that holds several",
                "Use highdicom.",
                path=path,
            )
    if kind == "LABELMAP":
        labels = _numbered(masks, segments, path)
        return labels.transpose(2, 1, 0)[order]
    stacked = np.stack([mask.data.transpose(2, 1, 0)[order] for mask in masks], axis=-1)
    return stacked.astype(np.float32 if kind == "FRACTIONAL" else np.uint8)


def _numbered(masks, segments, path) -> np.ndarray:
    from .segment import Segment, label_map

    # Numbered as they are described: from 1, in order.
    renumbered = [
        Segment(n, segment.name, mask)
        for n, (segment, mask) in enumerate(zip(segments, masks, strict=True), start=1)
    ]
    return label_map(renumbered).data


def _author(segments) -> str:
    stated = {segment.author for segment in segments if segment.author}
    return stated.pop() if len(stated) == 1 else ""


def _series_number(source) -> int:
    """A number for people: behind that of the image."""
    return (source.number or 0) + 100
