"""DICOM, read right: one picture, the series of a folder, one series as a volume.

`header` reads what describes a file, `file_frames` turns every kind of file into frames with a place in
the patient, `split` and `arrange` sort them, `pixels` and `values` give their values; `picture`,
`series` and `stack` are what users call. Stands on pydicom; knows no widget and no other format.
"""

from .directory import read_dicomdir
from .picture import read_slice
from .scale import UltrasoundRegion, regions_of
from .series import SeriesInfo, SeriesTable, scan
from .stack import read_series

__all__ = [
    "SeriesInfo",
    "SeriesTable",
    "UltrasoundRegion",
    "read_dicomdir",
    "read_series",
    "read_slice",
    "regions_of",
    "scan",
]
