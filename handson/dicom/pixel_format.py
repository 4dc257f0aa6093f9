"""How the pixels of one frame are stored: PS3.3 C.7.6.3.1, checked for contradictions before any is read."""

from dataclasses import dataclass

from ..errors import ReadError
from .elements import number, text
from .header import Header

ONE_SAMPLE = {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"}


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of one frame are stored: PS3.3 C.7.6.3.1. Shared by all slices of a series."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: int
    transfer_syntax: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(rows, columns, samples) of a frame."""
        return self.rows, self.columns, self.samples


def pixel_format(header: Header) -> PixelFormat | None:
    """How the pixels are stored, or None when the object describes no picture.

    raises : ReadError when the description contradicts itself
    """
    dataset = header.dataset
    rows, columns, allocated = (
        int(number(dataset, k) or 0) for k in ("Rows", "Columns", "BitsAllocated")
    )
    if not (rows and columns and allocated):
        return None
    stored = int(number(dataset, "BitsStored") or allocated)
    high = number(dataset, "HighBit")
    samples = int(number(dataset, "SamplesPerPixel") or 1)
    photometric = text(dataset, "PhotometricInterpretation")
    photometric = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    if photometric == "PALETTE COLOR" and text(dataset, "Modality") == "SEG":
        photometric = "MONOCHROME2"  # a LABELMAP: its palette colours labels, the values are labels
    if allocated not in (1, 8, 16, 32, 64) or not 1 <= stored <= allocated:
        raise ReadError(
            f"stores {stored} bits a pixel in {allocated}", "No reader here knows such pixels."
        )
    if samples != (1 if photometric in ONE_SAMPLE else 3):
        raise ReadError(f"has {samples} samples a pixel as {photometric}", "The header is damaged.")
    return PixelFormat(
        rows,
        columns,
        samples,
        allocated,
        stored,
        stored - 1 if high is None else int(high),
        bool(number(dataset, "PixelRepresentation")),
        photometric,
        int(number(dataset, "PlanarConfiguration") or 0),
        header.location.syntax,
    )
