"""`write_nifti`: a `Volume` as a file that other programs read alike, whole or not at all."""

import os
import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import nibabel as nib
import numpy as np

from ..errors import WriteError
from ..volume import Volume
from .files import SUFFIXES, stem

SPACES = ("scanner", "aligned", "talairach", "mni", "template")  # xform codes 1 to 5
_INT16_MAX = 32767  # the longest axis of NIfTI-1


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

    returns : the path. sform and qform are both written, in mm and seconds. A quaternion cannot
    hold shear: the qform of a sheared affine gets code 0. A volume that states no side gets code 0
    twice, so that only its spacing is kept. `window` becomes cal_min and cal_max. Name, unit and
    photometric meaning have no place in NIfTI; nothing that names a patient is written.

    The file gets its name when it is whole; one that had it before is replaced. Raises `WriteError`.
    """
    path = Path(path)
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
    try:
        _save_whole(image, path)
    except OSError as error:
        raise WriteError(
            f"cannot be written ({error.strerror or error}); nothing was left behind",
            "Check the folder, your permission to write there and the space on the drive.",
            path=path,
        ) from None
    return path


def _image(volume, space, path, paired):
    if space not in (None, *SPACES):
        raise WriteError(
            f"cannot be in the space {space!r}", f"Spaces: {', '.join(SPACES)}.", path=path
        )
    space = space or ("scanner" if volume.modality else "aligned")
    data = _storable(volume, path)
    large = max(data.shape) > _INT16_MAX
    kinds = (nib.Nifti2Image, nib.Nifti2Pair) if large else (nib.Nifti1Image, nib.Nifti1Pair)
    image = (kinds[1] if paired else kinds[0])(data, None, dtype=data.dtype)
    if volume.oriented:
        affine = np.array(volume.affine)
        image.set_sform(affine, space)
        image.set_qform(affine, "unknown" if _sheared(affine) else space)
    timed = volume.n_volumes > 1 and volume.time_step is not None
    image.header["pixdim"][1:4] = volume.spacing
    image.header["pixdim"][4:] = 1
    if timed:
        image.header["pixdim"][4] = volume.time_step
    image.header.set_xyzt_units("mm", "sec" if timed else None)
    if volume.window:
        center, width = volume.window
        image.header["cal_min"], image.header["cal_max"] = center - width / 2, center + width / 2
    return image


def _storable(volume, path):
    data = volume.data
    if volume.rgb:
        if data.dtype != np.uint8:
            raise WriteError(
                f"cannot hold colours of type {data.dtype}", "Scale them to uint8.", path=path
            )
        return np.ascontiguousarray(data).view([(name, "u1") for name in "RGB"])[..., 0]
    data = data.view(np.uint8) if data.dtype == bool else data
    data = data.astype(np.float32) if data.dtype == np.float16 else data
    if data.dtype.kind not in "iufc":
        raise WriteError(
            f"cannot hold values of type {data.dtype}", "Convert them to numbers.", path=path
        )
    return data


def _sheared(affine):
    """True where the axes are not at right angles, by more than a float32 quaternion blurs."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return not np.allclose(axes.T @ axes, np.eye(3), atol=1e-5)


def _save_whole(image, path):
    """Write into a folder of its own beside the target, then rename: never half a file."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".handson-") as folder:
        image.to_filename(Path(folder) / path.name)
        written = sorted(Path(folder).iterdir(), reverse=True)  # the .img before its .hdr
        for file in written:
            if path.with_name(file.name).is_dir():
                raise IsADirectoryError(f"{file.name} is a folder")
        for file in written:
            os.replace(file, path.with_name(file.name))
