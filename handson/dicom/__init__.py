"""DICOM, read right: one picture, the series of a folder, one series as a volume.

`header` reads what describes a file, `frames` turns every kind of file into frames with a place in
the patient, `arrange` orders them, `scaling` and `pixels` give their values; `picture`, `series`
and `stack` are what users call. Stands on pydicom; knows no widget and no other format.
"""

from .index import read_dicomdir
from .picture import read_slice
from .series import SeriesInfo, SeriesTable, scan
from .stack import read_series

__all__ = ["SeriesInfo", "SeriesTable", "read_dicomdir", "read_series", "read_slice", "scan"]
