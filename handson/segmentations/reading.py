"""`read_segmentation`: find out which of the three kinds a file is, and on which grid its masks are wanted."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pydicom.uid

from .. import arguments
from ..dicom import read_series, scan
from ..dicom.elements import text, value
from ..dicom.faults import naming, without_warnings
from ..dicom.header import check_is_dicom, check_regular, read_bytes, whole_header
from ..dicom.series import SeriesInfo, scan_files
from ..errors import HandsonError, ReadError
from ..nifti import is_nifti, read_nifti
from ..volume import Slice, Volume
from .grids import check_placed
from .labelmap import read_label_map
from .rtstruct import BETWEEN, read_rtstruct, referenced_series
from .seg import read_seg
from .segment import Segmentation

SEG = {pydicom.uid.SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7"}  # the second: label maps
RTSTRUCT = pydicom.uid.RTStructureSetStorage


@arguments.checked(path=arguments.path)
def read_segmentation(
    path: str | PathLike[str], like: Any = None, between: str = "error", *, resample: bool = False
) -> Segmentation:
    """Read the segments of one file: DICOM SEG, RTSTRUCT, or a NIfTI label map, told by content.

    path : the file
    like : the segmented image: a `Volume`, a file or folder, or files. Masks come on its voxels. Needed for
        RTSTRUCT, which holds contours; without it SEG and NIfTI come on the grid that they state
        themselves. In a folder of several series the one that the file refers to is taken
    between : an RTSTRUCT contour between two slices is refused ("error") or moved to the "nearest"
    resample : True to bring masks of another grid onto the voxels of `like`: nearest for masks, linear
        for shares. Two frames of reference are refused all the same
    returns : `Segmentation`, a list of `Segment`s, also found by name; `notes` say what was left out

    Voxels get to their place by millimetres: ImagePositionPatient of each frame (PS3.3 C.7.6.16.2.3),
    contour points at the voxel centres of each slice, even-odd, the affine of a NIfTI. A SEG's own grid
    runs from its first to its last frame in steps of SpacingBetweenSlices; what was left out is empty.
    FRACTIONAL values are divided by MaximumFractionalValue and are float32, 0..1.

    raises : ReadError for a file that is damaged, another thing, or describes no segment; GeometryError for
        another grid or frame of reference, contours that cross, lie between slices or leave the image;
        SeriesGapError when frames left out cannot be told
    """
    path = Path(path)
    if between not in BETWEEN:
        raise HandsonError(f"between={between!r} is not known", f"It is {' or '.join(BETWEEN)}.")
    if is_nifti(path):
        return read_label_map(path, _grid(like, (), path), resample)
    dataset = _dicom(path)
    kind = text(dataset, "SOPClassUID")
    if kind in SEG:
        series = [
            text(item, "SeriesInstanceUID")
            for item in value(dataset, "ReferencedSeriesSequence") or ()
        ]
        return read_seg(path, _grid(like, series, path), resample)
    if kind == RTSTRUCT:
        grid = _grid(like, referenced_series(dataset), path)
        if grid is None:
            raise ReadError(
                "is an RTSTRUCT: it holds contours and no voxels",
                "Pass the image on which they were drawn: read_segmentation(path, like=CT_FOLDER).",
                path=path,
            )
        return read_rtstruct(path, grid, between)
    name = pydicom.uid.UID(kind).name or "not stated"
    raise ReadError(
        f"is not a segmentation ({name})",
        "Pass a SEG, an RTSTRUCT or a NIfTI label map.",
        path=path,
    )


def _dicom(path):
    check_regular(path)
    with without_warnings(), naming(path):
        check_is_dicom(read_bytes(path, 256), path)
        return whole_header(path, pixels=False)


def _grid(like, series, path) -> Volume | None:
    """The image whose voxels are wanted; `series`: the SeriesInstanceUIDs that the file refers to."""
    if like is None:
        return None
    if isinstance(like, Slice):
        like = like.as_volume()
    volume = like if isinstance(like, Volume) else image_of(like, series, path)
    check_placed(volume, "the image given as like=")
    return volume.at(0)


def image_of(like: Any, series: Sequence[str] = (), path: Path | None = None) -> Volume:
    """The image in a file, a folder or a list of files; of several series, the one in `series`."""
    if isinstance(like, str | PathLike) and not Path(like).is_dir() and is_nifti(Path(like)):
        return read_nifti(like)
    return read_series(source_of(like, series, path))


def source_of(like: Any, series: Sequence[str] = (), path: Path | None = None) -> SeriesInfo:
    """The DICOM series that was segmented, found in a folder or among files.

    raises : ReadError when it is not there, or when there are several and none is referred to
    """
    if isinstance(like, SeriesInfo):
        return like
    if isinstance(like, str | PathLike):
        table = scan(like)
    else:
        files = [Path(p) for p in like]
        if not files:
            raise ReadError("the list of files given as like= is empty", "Pass the image's files.")
        table = scan_files(files[0].parent, files)
    images = [info for info in table if info.modality not in ("SEG", "RTSTRUCT", "RTDOSE")]
    meant = [info for info in images if info.series_uid in series]
    if len(meant) == 1 or (not meant and len(images) == 1):
        return (meant or images)[0]
    listed = "; ".join(
        f"{info.id} ({info.description or info.modality})" for info in (meant or images)[:10]
    )
    if not images:
        raise ReadError(
            "holds no DICOM image", "Pass the folder of the segmented image.", path=table.folder
        )
    fault = "holds several volumes of the series" if meant else "does not hold the series that"
    says = "" if meant else f" {Path(path).name if path else 'the segmentation'} refers to, but"
    raise ReadError(
        f"{fault}{says}: {listed}",
        "Pass the segmented image alone, as a Volume.",
        path=table.folder,
    )
