"""Siemens mosaics: the slices of one volume as tiles of a single picture.

The header places the picture as a whole; the first slice lies half the surplus of rows and
columns inside it. Number of slices and their direction stand in Siemens' private CSA header,
which nibabel reads. See https://nipy.org/nibabel/dicom/dicom_mosaic.html.
"""

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
from pydicom import Dataset

from ..errors import ReadError
from .elements import number, numbers, private, value
from .faults import BROKEN_BYTES
from .frame import Frame
from .header import SIEMENS, SIEMENS_CSA


@dataclass(frozen=True, slots=True)
class Tiles:
    """How a mosaic is cut.

    across, down : tiles side by side and one below the other
    count : how many of them are slices; the last ones may be empty
    backwards : True when the slices ascend against row x column
    """

    across: int
    down: int
    count: int
    backwards: bool = False


def tiles(dataset: Dataset) -> Tiles | None:
    """How a mosaic is cut, or None when its private header was removed: then nothing tells."""
    csa = csa_header(dataset)
    tag = private(dataset, SIEMENS, 0x0019, 0x0A)
    count = (tag and number(dataset, tag)) or next(iter(csa_item(csa, "NumberOfImagesInMosaic")), 0)
    if not count:
        return None
    side = math.ceil(math.sqrt(count))
    normal = csa_item(csa, "SliceNormalVector")
    return Tiles(side, side, int(count), _against(dataset, normal))


def _against(dataset, stated) -> bool:
    """Whether the stated direction of the slices runs against row x column."""
    orientation = numbers(dataset, "ImageOrientationPatient")
    if len(orientation) != 6 or len(stated) != 3:
        return False
    row, column = np.reshape(orientation, (2, 3))
    return bool(np.cross(row, column) @ np.array(stated, float) < 0)


def tile_frames(whole: Frame, cut: Tiles) -> list[Frame]:
    """The slices of a mosaic, placed.

    whole : the picture as one frame, as its header describes it
    raises : ReadError when the picture cannot be cut so, or states no place or slice distance
    """
    traits = whole.traits
    if traits.rows % cut.down or traits.columns % cut.across:
        raise ReadError(
            f"is a mosaic of {cut.count} slices in {cut.across} x {cut.down} tiles that do not divide its "
            f"{traits.columns} columns and {traits.rows} rows",
            "The picture was changed after the scan; read_slice shows it as it is.",
        )
    if not (whole.position and whole.orientation and whole.spacing and whole.step):
        raise ReadError(
            "is a mosaic that does not state its place or its slice distance",
            "Read it with read_slice.",
        )
    rows, columns = traits.rows // cut.down, traits.columns // cut.across
    row, column = np.reshape(whole.orientation, (2, 3))
    first = (
        np.array(whole.position)
        + row * whole.spacing[1] * (traits.columns - columns) / 2
        + column * whole.spacing[0] * (traits.rows - rows) / 2
    )
    step = np.cross(row, column) * whole.step * (-1 if cut.backwards else 1)
    file = replace(whole.file, mosaic=(cut.across, cut.down))
    traits = replace(traits, rows=rows, columns=columns)
    return [
        replace(whole, file=file, index=k, position=tuple(first + step * k), traits=traits)
        for k in range(cut.count)
    ]


def csa_header(dataset: Dataset) -> dict | None:
    """Siemens' image header (CSA), read by nibabel; None when it is absent.

    raises : ReadError when it is damaged
    """
    tag = private(dataset, SIEMENS_CSA, 0x0029, 0x10)
    raw = value(dataset, tag) if tag else None
    if not raw:
        return None
    with warnings.catch_warnings():  # nibabel warns on import that its reader is young
        warnings.simplefilter("ignore")
        from nibabel.nicom import csareader
    try:
        return csareader.read(raw)["tags"]
    except (*BROKEN_BYTES, csareader.CSAReadError) as error:
        raise ReadError(
            f"has a damaged private header (CSA: {error})", "Copy it again from the source."
        ) from None


def csa_item(csa: dict | None, name: str) -> list:
    return csa[name]["items"] if csa and name in csa else []


def cut(picture: np.ndarray, tile: Frame) -> np.ndarray:
    """The slice of one `Frame` out of the whole picture, row by row of tiles."""
    rows, columns = tile.traits.rows, tile.traits.columns
    assert tile.file.mosaic is not None, "only a mosaic has tiles"
    down, right = divmod(tile.index, tile.file.mosaic[0])
    return picture[down * rows : (down + 1) * rows, right * columns : (right + 1) * columns]
