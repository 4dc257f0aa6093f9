"""From whatever a learner holds to a `Volume`: path, array, Slice, nibabel, SimpleITK, pydicom.

`as_volume` is what `view` and the figures call. An array has an order of its own, [slice, row, column]
and not [i, j, k]; `array_axes` remembers it, so that masks and regions go back as they came.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..errors import HandsonError, ViewError
from ..sides import picture_affine
from ..volume import Slice, Volume, colour_bytes, plain_array

LARGER_THAN_CHANNELS = 8  # rows and columns from which a last axis of 3 or 4 must be colour


def as_volume(
    x: Any, spacing: Sequence[float] | None = None, unit: str = "", name: str = ""
) -> Volume:
    """Any image as a volume.

    x : Volume, Slice, path, nibabel or SimpleITK image, pydicom data set, or array: [row, column],
        [slice, row, column] or [time, slice, row, column], with a last axis of 3 or 4 for colour
        (uint8, or floats 0..1; alpha is left out). What is masked in it becomes NaN
    spacing : mm along each axis of an array but time, in the array's order; without it there is no scale
    unit, name : of an array's values, and of the array
    returns : `Volume`; an array states no side, and its rows run down the picture
    raises : ViewError for what is not an image, and whatever a reader has to refuse
    """
    image = opened(x)
    if isinstance(image, Volume | Slice):
        if spacing is not None:
            raise ViewError("spacing= is for arrays; this image has its own", "Leave spacing out.")
        return _with_bytes(image if isinstance(image, Volume) else image.as_volume())
    return _of_array(_array(image), spacing, unit=unit, name=name)


def as_picture(x: Any, spacing: Sequence[float] | None = None) -> Volume | Slice:
    """The same, but a single picture stays a `Slice`, which is drawn as its rows and columns are stored."""
    image = opened(x)
    if isinstance(image, Volume | Slice):
        return image if spacing is None else as_volume(image, spacing)
    array = _array(image)
    if array.ndim - _is_colour(array) != 2:
        return _of_array(array, spacing)
    volume = _of_array(array, spacing)  # checks shape and spacing
    row, column = volume.spacing[1], volume.spacing[0]
    return Slice(
        volume.data[:, :, 0].swapaxes(0, 1),
        (row, column) if spacing is not None else None,
        photometric=volume.photometric,
    )


def _with_bytes(volume: Volume) -> Volume:
    """Colours as uint8, which is what pictures are made of."""
    if not volume.rgb or volume.data.dtype == np.uint8:
        return volume
    return replace(volume, data=colour_bytes(volume.data))


def array_axes(x: Any) -> tuple[int, ...]:
    """The axis of `as_volume(x)` that stands behind each axis of x's own arrays.

    (0, 1, 2) for a volume, [i, j, k]; (2, 1, 0) for a stack [slice, row, column] and for SimpleITK,
    whose arrays are [z, y, x]; (1, 0) for a picture [row, column]. Time and colour do not count.
    """
    if isinstance(x, Slice):
        return (1, 0)
    if isinstance(x, Volume | str | PathLike) or _is_nibabel(x) or _is_dataset(x):
        return (0, 1, 2)
    if _is_sitk(x):
        return (2, 1, 0)
    array = _array(x)
    return (1, 0) if array.ndim - _is_colour(array) == 2 else (2, 1, 0)


def layer_volume(x: Any, base: Volume, axes: Sequence[int]) -> Volume:
    """An image to be laid over `base`: an array is taken as values on the base's own grid.

    x : as for `as_volume`; an array in the order of what the base came from
    axes : `array_axes` of that
    raises : ViewError for an array that does not fit the base
    """
    image = opened(x)
    if isinstance(image, Volume):
        return image
    if isinstance(image, Slice):
        return image.as_volume()
    array = _array(image)
    expected = tuple(base.shape[axis] for axis in axes)
    if array.shape not in (expected, base.shape[:3], base.shape if not base.rgb else expected):
        raise ViewError(
            f"a layer of shape {array.shape} does not fit the image under it, {expected}, and an array "
            "states no side and no place of its own",
            "Pass an array of that shape, or a Volume, which brings its own place.",
        )
    if array.shape == expected and tuple(axes) != (0, 1, 2):
        array = in_volume_order(array, axes)
    return base.with_data(array)


def in_volume_order(array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """An array in its own order -> [i, j, k]."""
    whole = array.reshape(array.shape + (1,) * (3 - len(axes)))
    missing = sorted({0, 1, 2} - set(axes))
    return whole.transpose(np.argsort([*axes, *missing]))


def in_own_order(array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """[i, j, k] -> the order of what was given; a picture's axis of one slice goes."""
    missing = sorted({0, 1, 2} - set(axes))
    whole = array.transpose((*axes, *missing))
    return whole.reshape(whole.shape[: len(axes)])


def opened(x: Any) -> Any:
    """What an image is read as: a Volume, a Slice, or x itself, which may be an array."""
    if isinstance(x, Volume | Slice):
        return x
    if isinstance(x, str | PathLike):
        from ..opening import open as open_image

        return open_image(x)
    if _is_nibabel(x):
        return Volume.from_nibabel(x)
    if _is_sitk(x):
        if x.GetDimension() == 2:
            return _flat_sitk(x)
        return Volume.from_sitk(x)
    return _read_dataset(x) if _is_dataset(x) else x


# A learner who holds such an image has imported its package: nothing is imported to find out.


def _is_nibabel(x: Any) -> bool:
    spatialimages = sys.modules.get("nibabel.spatialimages")
    return spatialimages is not None and isinstance(x, spatialimages.SpatialImage)


def _is_sitk(x: Any) -> bool:
    sitk = sys.modules.get("SimpleITK")
    return sitk is not None and isinstance(x, sitk.Image)


def _is_dataset(x: Any) -> bool:
    pydicom = sys.modules.get("pydicom")
    return pydicom is not None and isinstance(x, pydicom.Dataset)


def _flat_sitk(image: Any) -> Slice:
    """A 2-D SimpleITK image: its spacing is (x, y), and it states no side."""
    import SimpleITK as sitk

    pixels = sitk.GetArrayFromImage(image)
    column, row = image.GetSpacing()
    if pixels.ndim == 3:
        return Slice(colour_bytes(pixels), (row, column), photometric="RGB")
    return Slice(pixels, (row, column))


def _read_dataset(dataset: Any) -> Volume | Slice:
    """A pydicom data set, read as its file would be."""
    from ..opening import open as open_image

    with TemporaryDirectory() as folder:
        path = Path(folder) / "dataset.dcm"
        try:
            _complete(dataset).save_as(path, enforce_file_format=True)
            return open_image(path)
        except HandsonError as error:
            raise ViewError(
                f"the data set is not an image that can be shown ({error.fault})",
                error.remedy or "Pass a data set with pixels.",
            ) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ViewError(
                f"the data set is not complete ({error})",
                "Pass what pydicom.dcmread returned, with pixels and file_meta.",
            ) from None


def _complete(dataset: Any) -> Any:
    """The data set with what a file needs before it; one that was made in memory is uncompressed."""
    from pydicom import Dataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    if "TransferSyntaxUID" in (getattr(dataset, "file_meta", None) or ()):
        return dataset
    whole = Dataset(dataset)
    whole.ensure_file_meta()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if "SOPInstanceUID" not in whole:
        whole.SOPInstanceUID = generate_uid()
    return whole


def _array(x: Any) -> np.ndarray:
    """An array, what is masked in it as NaN."""
    array = plain_array(x)
    if array.ndim == 0:
        raise ViewError(
            f"a {type(x).__name__} is not an image",
            "Give a path, an array ([row, column] or [slice, row, column]), or what handson.open, "
            "read_slice, read_series or read_nifti return.",
        )
    return array


def _is_colour(array: np.ndarray) -> bool:
    """Is the last axis red, green, blue (and alpha)?"""
    if array.ndim < 3 or array.shape[-1] not in (3, 4):
        return False
    if array.dtype == np.uint8 and array.shape[-1] == 3:
        return True
    return min(array.shape[-3:-1]) >= LARGER_THAN_CHANNELS


def _of_array(array: np.ndarray, spacing: Sequence[float] | None, **said: str) -> Volume:
    rgb = _is_colour(array)
    axes = array.ndim - rgb
    if axes not in (2, 3) + ((4,) if not rgb else ()) or 0 in array.shape:
        raise ViewError(
            f"an array of shape {array.shape} is not a picture",
            "Give [row, column], [slice, row, column] or [time, slice, row, column] with no empty "
            "axis; a last axis of 3 or 4 is colour.",
        )
    array = colour_bytes(array) if rgb else array
    stack = array[np.newaxis] if axes == 2 else array
    in_space = min(axes, 3)
    steps = _steps(spacing, in_space, array.shape)
    slice_mm, row_mm, column_mm = steps if in_space == 3 else (1.0, *steps)
    order = (3, 2, 1, 0) if axes == 4 else (2, 1, 0, 3) if rgb else (2, 1, 0)
    return Volume(
        stack.transpose(order),
        picture_affine((column_mm, row_mm, slice_mm)),
        photometric="RGB" if rgb else "MONOCHROME2",
        oriented=False,
        scale="none" if spacing is None else "mm",
        **said,  # type: ignore[arg-type]
    )


def _steps(spacing: Sequence[float] | None, axes: int, shape: tuple[int, ...]) -> tuple[float, ...]:
    steps = tuple(map(float, np.ravel(spacing))) if spacing is not None else (1.0,) * axes
    if len(steps) != axes or not np.isfinite(steps).all() or min(steps) <= 0:
        raise ViewError(
            f"spacing {spacing!r} does not fit an array of shape {shape}",
            f"Give millimetres along each of its {axes} axes in space, in the array's order.",
        )
    return steps
