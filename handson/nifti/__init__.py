"""NIfTI files: read right, written whole, and shown as they are stored.

`header` tells what a file says, `spec` refuses what cannot be, `voxels` reads the values,
`geometry` finds where they are, `writing` writes. The header's bytes are read here for two purposes
only: to tell the truth about the file, and to refuse one that cannot be what it says before memory
is taken for it. The rest stands on nibabel: the header's structure, its quaternions, its array
reader and its writer. Nothing here draws, and no other format is read.

The standard is `nifti1.h` (NIfTI-1.1, 2007) and `nifti2.h` (2011), nifti.nimh.nih.gov.
"""

from .files import SUFFIXES
from .header import HeaderBytes, HeaderField, header_bytes, is_nifti
from .reading import read_nifti
from .writing import write_nifti

__all__ = [
    "SUFFIXES",
    "HeaderBytes",
    "HeaderField",
    "header_bytes",
    "is_nifti",
    "read_nifti",
    "write_nifti",
]
