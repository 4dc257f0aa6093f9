"""A `Volume` as nibabel's image or SimpleITK's, and the other way round.

nibabel counts [i, j, k] and its millimetres are RAS+, as ours are: only the wrapping changes.
SimpleITK's pixels are addressed (x, y, z), its NumPy arrays are [z, y, x], and its millimetres are
LPS+, as DICOM's: the axes are reversed, and x and y of the affine change sign. `Volume.to_nibabel`,
`Volume.from_sitk` and so on are the way in. SimpleITK is imported only when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.affines import from_matvec

from .errors import GeometryError

if TYPE_CHECKING:
    from .volume import Volume

_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # RAS+ <-> LPS+
_MM = {"meter": 1000.0, "micron": 1e-3}
_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
# Where SimpleITK keeps what it read from a DICOM file, and "oriented" for a side that is not stated.
_KEYS = {"modality": "0008|0060", "frame_of_reference": "0020|0052"}
_ORIENTED = "oriented"


def nifti_image(volume: Volume, space: str | None = None, paired: bool = False) -> Any:
    """The volume as nibabel's NIfTI image; see `Volume.to_nibabel`, `write_nifti`.

    space : of both xforms, by default "scanner" for what has a modality, as from DICOM, else "aligned"
    paired : for a .hdr and an .img
    returns : `Nifti1Image` or `Nifti1Pair`, of NIfTI-2 where an axis is longer than 32767
    raises : GeometryError for values that are not numbers
    """
    data = _plain(volume.data)
    if volume.rgb:
        data = np.ascontiguousarray(data).view([(name, "u1") for name in "RGB"])[..., 0]
    kinds = (nib.Nifti1Pair, nib.Nifti2Pair) if paired else (nib.Nifti1Image, nib.Nifti2Image)
    image_class = kinds[max(data.shape) > np.iinfo(np.int16).max]
    header = image_class.header_class()
    header.set_data_shape(data.shape)
    header["pixdim"][1:4] = volume.spacing
    # Both codes are 0: no side yet.
    image = image_class(data, header.get_best_affine(), header, dtype=data.dtype)
    if volume.oriented:
        space = space or ("scanner" if volume.modality else "aligned")
        image.set_sform(volume.affine, space)
        image.set_qform(volume.affine, "unknown" if _sheared(volume.affine) else space)
    timed = volume.n_volumes > 1 and volume.time_step is not None
    if timed:
        image.header["pixdim"][4] = volume.time_step
    image.header.set_xyzt_units("mm" if volume.scale == "mm" else None, "sec" if timed else None)
    return image


def of_nibabel(image: Any) -> dict[str, Any]:
    """The fields of a `Volume` for nibabel's image; see `Volume.from_nibabel`."""
    data = np.asanyarray(image.dataobj)
    nifti = isinstance(image, nib.Nifti1Pair)
    rgb = data.dtype.names is not None and data.dtype.names[:3] == ("R", "G", "B")
    if rgb:
        data = np.stack([data[name] for name in "RGB"], axis=-1)
    while data.ndim > 3 + rgb and data.shape[3] == 1:
        data = data[:, :, :, 0]
    if data.ndim - rgb not in (3, 4) or (rgb and data.ndim != 4):
        raise GeometryError(
            f"an image of shape {image.shape} is not a volume or a series of volumes",
            "Take one component first: image.slicer[..., 0].",
        )
    space, time = image.header.get_xyzt_units() if nifti else ("mm", "unknown")
    affine = image.header.get_best_affine() if image.affine is None else image.affine
    affine = np.diag([_MM.get(space, 1.0)] * 3 + [1.0]) @ affine
    steps = image.header.get_zooms()
    step = steps[3] if data.ndim == 4 and not rgb and len(steps) > 3 else 0.0
    # Analyze keeps no side; NIfTI keeps none when both of its codes are 0.
    analyze = isinstance(image, nib.analyze.AnalyzeImage) and not nifti
    stated = not nifti or image.header["sform_code"] > 0 or image.header["qform_code"] > 0
    return {
        "data": data,
        "affine": affine,
        "photometric": "RGB" if rgb else "MONOCHROME2",
        "oriented": bool(stated and not analyze),
        "scale": "mm" if stated or space != "unknown" else "none",
        "time_step": float(str(step)) * _SECONDS[time] if step > 0 and time in _SECONDS else None,
    }


def to_sitk(volume: Volume) -> Any:
    """The volume as a SimpleITK image; see `Volume.to_sitk`."""
    import SimpleITK as sitk

    rgb, spacing = volume.rgb, np.array(volume.spacing)
    data = _plain(volume.data)
    axes = (2, 1, 0, 3) if rgb else tuple(reversed(range(data.ndim)))
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.transpose(axes)), isVector=rgb)
    affine = _LPS @ volume.affine
    direction, origin, steps = affine[:3, :3] / spacing, affine[:3, 3], list(spacing)
    if image.GetDimension() == 4:
        direction, origin = from_matvec(direction), np.append(origin, 0.0)
        steps.append(volume.time_step or 1.0)
    image.SetSpacing([float(s) for s in steps])
    image.SetOrigin(origin.tolist())
    image.SetDirection(direction.ravel().tolist())
    image.SetMetaData(_ORIENTED, "yes" if volume.oriented else "no")
    for name, key in _KEYS.items():
        if getattr(volume, name):
            image.SetMetaData(key, getattr(volume, name))
    return image


def of_sitk(image: Any) -> dict[str, Any]:
    """The fields of a `Volume` for a SimpleITK image; see `Volume.from_sitk`."""
    import SimpleITK as sitk

    dimension, channels = image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    rgb = channels == 3 and dimension == 3 and image.GetPixelID() == sitk.sitkVectorUInt8
    if dimension not in (3, 4) or (channels > 1 and not rgb):
        raise GeometryError(
            f"a SimpleITK image of {dimension} axes and {channels} components is not a volume",
            "Pass an image of 3 or 4 axes; of a vector image take one component first: "
            "SimpleITK.VectorIndexSelectionCast(image, 0).",
        )
    pixels = sitk.GetArrayFromImage(image)
    direction = np.reshape(image.GetDirection(), (dimension, dimension))[:3, :3]
    spacing, origin = image.GetSpacing(), image.GetOrigin()
    affine = _LPS @ from_matvec(direction * spacing[:3], origin[:3])
    keys = set(image.GetMetaDataKeys())
    told = {n: image.GetMetaData(k).strip() for n, k in _KEYS.items() if k in keys}
    if _ORIENTED in keys:
        oriented = image.GetMetaData(_ORIENTED) == "yes"
    else:  # untouched defaults, as GetImageFromArray leaves them, state nothing
        oriented = not np.array_equal(affine, _LPS)
    return {
        "data": pixels.transpose((2, 1, 0, 3) if rgb else tuple(reversed(range(dimension)))),
        "affine": affine,
        "photometric": "RGB" if rgb else "MONOCHROME2",
        "oriented": oriented,
        "scale": "mm" if oriented or spacing[:3] != (1.0, 1.0, 1.0) else "none",
        "time_step": spacing[3] if dimension == 4 and spacing[3] != 1 else None,
        **told,
    }


def _plain(data: np.ndarray) -> np.ndarray:
    """The same values in a type that files hold: bool as uint8, float16 as float32, native order."""
    if data.dtype.kind not in "biufc":
        raise GeometryError(
            f"values of type {data.dtype} cannot be handed on", "Convert them to numbers."
        )
    kept: dict[str, np.dtype] = {"bool": np.dtype(np.uint8), "float16": np.dtype(np.float32)}
    native = kept[data.dtype.name] if data.dtype.name in kept else data.dtype.newbyteorder("=")
    return data.astype(native, copy=False)


def _sheared(affine: np.ndarray) -> bool:
    """True where the axes are not at right angles, by more than a float32 quaternion blurs."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return not np.allclose(axes.T @ axes, np.eye(3), atol=1e-5)
