"""Siemens mosaics: the slices of one volume as tiles of a single picture.

The header places the picture as a whole; the first slice lies half the surplus of rows and
columns inside it. Number of slices and their direction stand in Siemens' private CSA header,
which nibabel reads. See https://nipy.org/nibabel/dicom/dicom_mosaic.html.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from ..errors import ReadError
from .elements import number, numbers, value


@dataclass(frozen=True, slots=True)
class Tiles:
    """across: tiles per row of the picture; rows, columns: of one tile; positions: LPS mm, per tile."""

    across: int
    rows: int
    columns: int
    orientation: tuple
    spacing: tuple
    positions: tuple


def tiles(dataset, pixels) -> Tiles | None:
    """How a mosaic is cut, or None when no private header tells (then it is one picture)."""
    csa = _csa(dataset)
    count = number(dataset, 0x0019100A) or (csaitem(csa, "NumberOfImagesInMosaic") or [None])[0]
    if not count:
        return None
    across = math.ceil(math.sqrt(count))
    if pixels.rows % across or pixels.columns % across:
        raise ReadError(
            f"is a mosaic of {count:g} slices that do not divide its {pixels.rows} rows",
            "The picture was changed after the scan; read_slice shows it as it is.",
        )
    rows, columns = pixels.rows // across, pixels.columns // across
    orientation = numbers(dataset, "ImageOrientationPatient")
    corner = np.array(numbers(dataset, "ImagePositionPatient"))
    spacing = numbers(dataset, "PixelSpacing")
    if len(orientation) != 6 or corner.size != 3 or len(spacing) != 2:
        raise ReadError("is a mosaic without a place in the patient", "Read it with read_slice.")
    row, column = np.reshape(orientation, (2, 3))
    first = (
        corner
        + row * spacing[1] * (pixels.columns - columns) / 2
        + column * spacing[0] * (pixels.rows - rows) / 2
    )
    direction = np.cross(row, column)
    stated = csaitem(csa, "SliceNormalVector")
    if stated and direction @ np.array(stated, float) < 0:
        direction = -direction
    step = number(dataset, "SpacingBetweenSlices") or number(dataset, "SliceThickness")
    if not step:
        raise ReadError("is a mosaic that states no slice distance", "Read it with read_slice.")
    places = tuple(tuple(first + direction * step * k) for k in range(int(count)))
    return Tiles(across, rows, columns, tuple(orientation), tuple(spacing), places)


def _csa(dataset) -> dict | None:
    for block in (0x10, 0x11, 0x12):
        creator = value(dataset, 0x00290000 | block)
        if creator and "SIEMENS CSA HEADER" in str(creator):
            with warnings.catch_warnings():  # nibabel warns on import that its reader is young
                warnings.simplefilter("ignore")
                from nibabel.nicom import csareader
            raw = value(dataset, 0x00290010 | block << 8)
            return csareader.read(raw)["tags"] if raw else None
    return None


def csaitem(csa, name) -> list:
    return csa[name]["items"] if csa and name in csa else []


def cut(picture, tile) -> np.ndarray:
    """The slice of one `Frame` out of the whole picture, row by row of tiles."""
    rows, columns = dict(tile.kind)["shape"][:2]
    down, right = divmod(tile.index, tile.file.tiles)
    return picture[down * rows : (down + 1) * rows, right * columns : (right + 1) * columns]
