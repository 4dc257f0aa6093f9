"""Segmentations: which voxels somebody gave a name, where they lie, and how large they are.

    segments = handson.segmentations.read_segmentation("seg.dcm", like=ct)
    handson.view(ct, segments)
    handson.segmentations.measure(segments["lesion"])

`seg` reads DICOM Segmentation objects, `rtstruct` reads the contours of radiotherapy, `labelmap` reads
NIfTI label maps; each becomes a `Segmentation`, a list of `Segment`s whose masks are `Volume`s. A mask
gets to its place by millimetres, never by index: `grids` proves that voxels coincide, or refuses.
`rings` takes contours to masks and back, `measures` counts in millilitres and millimetres, `writing`
writes all three kinds. Stands on `dicom`, `nifti` and `volume`; knows no viewer.
"""

from .measures import Agreement, Measures, compare, measure
from .reading import read_segmentation
from .segment import Segment, Segmentation
from .writing import write_segmentation

__all__ = [
    "Agreement",
    "Measures",
    "Segment",
    "Segmentation",
    "compare",
    "measure",
    "read_segmentation",
    "write_segmentation",
]
