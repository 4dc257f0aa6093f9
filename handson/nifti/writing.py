"""`write_nifti`: a `Volume` as a file that other programs read alike, whole or not at all."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import nibabel as nib
import numpy as np

from .. import arguments
from ..errors import GeometryError, WriteError
from ..exchange import nifti_image
from ..volume import Volume
from ..whole import whole_file
from .files import SUFFIXES, stem

SPACES = ("scanner", "aligned", "talairach", "mni", "template")  # xform codes 1 to 5


@arguments.checked(path=arguments.path)
def write_nifti(
    volume: Volume,
    path: str | PathLike[str],
    *,
    space: str | None = None,
    extensions: Sequence = (),
) -> Path:
    """Write a volume as .nii or .nii.gz, or as a pair when the suffix is .hdr or .img (or .gz of it).

    volume : its data type is kept (bool becomes uint8, float16 float32); nothing is rescaled.
        NIfTI-2 where an axis is longer than 32767, else NIfTI-1
    space : what the millimetres refer to: "scanner", "aligned", "talairach", "mni" or "template"
        (nifti1.h's codes 1 to 5); by default "scanner" when the volume has a modality, as from
        DICOM, else "aligned"
    extensions : (code, bytes) pairs for the header, as nifti1.h numbers them; none by default

    returns : the path

    sform and qform are both written, in mm and seconds. A quaternion cannot
    hold shear: the qform of a sheared affine gets code 0. A volume that states no side gets code 0
    twice, so that only its spacing is kept. `window` becomes cal_min and cal_max. Name, unit and
    photometric meaning have no place in NIfTI; nothing that names a patient is written.

    The file gets its name when it is whole; one that had it before is replaced.

    raises : WriteError
    """
    path = Path(path)
    if not isinstance(volume, Volume):
        raise WriteError(
            f"cannot be written: {type(volume).__name__} is not a Volume",
            "Make one: handson.Volume.from_array(array, affine), or slice.as_volume().",
            path=path,
        )
    suffix = path.name[len(stem(path)) :].lower()
    if suffix not in SUFFIXES:
        raise WriteError(
            "has no suffix of a NIfTI file",
            f"Name it with one of {', '.join(SUFFIXES)}.",
            path=path,
        )
    image = _image(volume, space, path, paired=not suffix.startswith(".nii"))
    for code, content in extensions:
        image.header.extensions.append(nib.nifti1.Nifti1Extension(code, content))
    with whole_file(path) as unfinished:
        image.to_filename(unfinished)
    return path


def _image(volume, space, path, paired):
    if space not in (None, *SPACES):
        raise WriteError(
            f"cannot be in the space {space!r}", f"Spaces: {', '.join(SPACES)}.", path=path
        )
    if volume.rgb and volume.data.dtype != np.uint8:
        raise WriteError(
            f"cannot hold colours of type {volume.data.dtype}", "Scale them to uint8.", path=path
        )
    try:
        image = nifti_image(volume, space, paired)
    except GeometryError:
        raise WriteError(
            f"cannot hold values of type {volume.data.dtype}", "Convert them to numbers.", path=path
        ) from None
    if volume.window:
        center, width = volume.window
        image.header["cal_min"], image.header["cal_max"] = center - width / 2, center + width / 2
    return image
