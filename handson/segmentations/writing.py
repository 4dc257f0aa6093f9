"""`write_segmentation`: segments as DICOM SEG, RTSTRUCT or NIfTI, whole or not at all."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from ..dicom import read_series
from ..errors import GeometryError, WriteError
from ..nifti import write_nifti
from ..volume import Volume
from ..whole import whole_file
from .grids import carry, check_frame
from .labelmap import extension_of
from .reading import image_of, source_of
from .segment import Segment, label_map
from .write_rtstruct import structure_set
from .write_seg import TYPES, segmentation

KINDS = ("SEG", *TYPES, "RTSTRUCT", "NIFTI")


def write_segmentation(
    path: str | PathLike[str],
    segments: Iterable[Segment] | Segment,
    like: Any = None,
    kind: str | None = None,
    *,
    author: str = "",
    description: str = "",
) -> Path:
    """Write segments as a file that other programs read.

    path : file; one that is there already is replaced when the new one is whole
    segments : `Segmentation`, list of `Segment`s, or one `Segment`
    like : the DICOM image that was segmented, a folder, files or a `SeriesInfo`: SEG and RTSTRUCT name its
        patient, study and slices. For NIfTI a `Volume` or a file will do, and may be left out
    kind : "SEG" (BINARY, or FRACTIONAL when the segments hold shares), "BINARY", "FRACTIONAL", "LABELMAP",
        "RTSTRUCT" or "NIFTI"; by default "NIFTI" for a name ending in .nii or .nii.gz, else "SEG"
    author : who made it, as DICOM's person name; by default what the segments state
    description : of the new series, by default "Segmentation" or "Structure set"
    returns : the path

    A SEG is written by highdicom, empty frames left out, segments numbered from 1 in their order. Each
    segment needs `algorithm` and `code`: the standard asks who drew it and what it is (PS3.3 C.8.20.2).
    RTSTRUCT gets the edges of the voxels as rings, holes as rings of their own: read back, the same voxels.
    NIfTI gets a label map with names and colours in a header extension, one voxel one label.

    raises : WriteError for what the format cannot hold; GeometryError for masks on another grid or in
        another frame of reference than the image; HandsonError for segments that overlap in a label map
    """
    path = Path(path)
    kind = _kind(kind, path)
    segments = [segments] if isinstance(segments, Segment) else list(segments)
    _check_segments(segments, path)
    if kind == "NIFTI":
        return _write_nifti(path, segments, like)
    source = _source(like, kind, path)
    image = read_series(source)
    masks = [_on_image(segment, image) for segment in segments]
    if kind == "RTSTRUCT":
        dataset = structure_set(segments, masks, source, image, author, description)
    else:
        dataset = segmentation(segments, masks, source, image, kind, author, description, path)
    with whole_file(path) as unfinished:
        dataset.save_as(unfinished, enforce_file_format=True)
    return path


def _kind(kind, path) -> str:
    if kind is None:
        return "NIFTI" if path.name.lower().endswith((".nii", ".nii.gz")) else "SEG"
    if str(kind).upper() not in KINDS:
        raise WriteError(f"there is no kind {kind!r}", f"Kinds: {', '.join(KINDS)}.", path=path)
    return str(kind).upper()


def _check_segments(segments, path):
    if not segments:
        raise WriteError("cannot be written: there is no segment", "Pass one or more.", path=path)
    for one in segments:
        if not isinstance(one, Segment):
            raise WriteError(
                f"cannot hold a {type(one).__name__}",
                "Give a mask a number and a name: Segment(1, 'lesion', mask).",
                path=path,
            )


def _source(like, kind, path):
    if like is None or isinstance(like, Volume):
        raise WriteError(
            f"cannot be written: a {kind} names the patient, the study and the slices of its image",
            "Pass the folder of the segmented DICOM series as like=.",
            path=path,
        )
    return source_of(like)


def _on_image(segment, image) -> Volume:
    """The mask on the voxels of the image; never moved, never resampled."""
    mask = segment.mask
    check_frame(mask.frame_of_reference, image, segment.title)
    carried = carry(mask, image, segment.title)
    if carried is None or not mask.oriented:
        raise GeometryError(
            f"{segment.title} lies on another grid than the image",
            "Pass the image that was segmented, or resample the mask first.",
        )
    return carried


def _write_nifti(path, segments, like) -> Path:
    labels = label_map(segments)
    if like is not None:
        image = like if isinstance(like, Volume) else image_of(like)
        labels = _on_image(Segment(1, "the label map", lambda: labels), image)
    code, content = extension_of(segments)
    return write_nifti(labels, path, extensions=[(code, content)])
