"""`view`: from whatever a learner holds to the viewer that fits it."""

from difflib import get_close_matches
from itertools import pairwise
from os import PathLike

import numpy as np
from ipywidgets import HBox, Layout, jslink
from traitlets import TraitError

from ..errors import ViewError
from ..sides import picture_affine
from ..volume import Slice, Volume
from .base import Viewer
from .models import Layer
from .ortho import OrthoViewer
from .overlay import OverlayViewer
from .slices import SliceViewer
from .timeseries import TimeSeriesViewer


def view(x, *layers, plane=None, spacing=None, unit="", name="", **options):
    """Show an image; the last line of a cell is enough.

    x : Volume, Slice, array ([slice, row, column], or [row, column]), path, or list of these
    layers : `Layer`s, or Volumes to be laid over x by world coordinates
    plane : "axial" (or, of a single slice, the one it lies in), "coronal", "sagittal", or "ortho"
        for all three
    spacing : mm along each axis of an array, in the array's order; without it there is no scale
    options : window=(centre, width) or a preset's name, cmap, convention, crosshair=(x, y, z) mm, time,
        height in pixels, ...; see the viewer's traits
    returns : SliceViewer, OrthoViewer, OverlayViewer or TimeSeriesViewer
    errors : ViewError for what cannot be shown, and what to do instead
    """
    if isinstance(x, list | tuple):
        return _side_by_side(x, layers, plane=plane, spacing=spacing, unit=unit, **options)
    volume, scale = as_volume(x, spacing, unit, name)
    over = [layer if isinstance(layer, Layer) else Layer(as_volume(layer)[0]) for layer in layers]
    kind = TimeSeriesViewer if volume.frames > 1 else OverlayViewer if over else SliceViewer
    if plane == "ortho":
        kind, plane = OrthoViewer, None
    _check_options(options)
    try:
        return kind(volume, *over, plane=plane, scale=scale, **options)
    except TraitError as error:
        raise ViewError(str(error), "See help(handson.view) and the viewer's traits.") from None


def _check_options(options):
    """A misspelt option would be an attribute that nobody reads."""
    known = {*Viewer.class_own_traits(), "full", "height"} - {"plane"}
    for name in options.keys() - known:
        close = get_close_matches(name, known, 1)
        raise ViewError(
            f"there is no option {name!r}",
            f"Did you mean {close[0]}?"
            if close
            else f"The options are {', '.join(sorted(known))}.",
        )


def _side_by_side(images, layers, height=280, **options):
    """Viewers in a row; those whose images state their place share the crosshair."""
    if not images:
        raise ViewError("an empty list has nothing to show", "Give one image or more.")
    viewers = [view(image, *layers, height=height, **options) for image in images]
    placed = [viewer for viewer in viewers if viewer.volume.oriented]
    row = HBox(viewers, layout=Layout(flex_flow="row wrap", grid_gap="12px"))
    row.viewers = tuple(viewers)
    row.links = [link(a, b) for a, b in pairwise(placed)]
    return row


def as_volume(x, spacing=None, unit="", name=""):
    """(Volume, scale): scale is "mm", "detector" or "none", as `canvas.geometry` takes it."""
    if isinstance(x, str | PathLike):
        from ..opening import open as open_image

        x = open_image(x)
    if isinstance(x, Volume):
        return x, "mm"
    if isinstance(x, Slice):
        return x.as_volume(), "none" if not x.spacing else "detector" if x.at_detector else "mm"
    return _from_array(_array(x), spacing, unit, name), "none" if spacing is None else "mm"


def _array(x) -> np.ndarray:
    """An array, what is masked in it as NaN."""
    if isinstance(x, np.ma.MaskedArray):
        return x.astype(float).filled(np.nan) if x.mask.any() else x.data
    array = np.asarray(x)
    if array.ndim == 0:
        raise ViewError(
            f"a {type(x).__name__} is no image",
            "Give a path, an array, or what handson.open, read_slice, read_series or read_nifti return.",
        )
    return array


def _from_array(array, spacing, unit, name):
    rgb = array.ndim in (3, 4) and array.shape[-1] == 3 and array.dtype == np.uint8
    axes = array.ndim - rgb
    if axes not in (2, 3) or 0 in array.shape:
        raise ViewError(
            f"an array of shape {array.shape} is no picture",
            "Give [row, column] or [slice, row, column] with no empty axis; a last axis of 3 is RGB.",
        )
    stack = array if axes == 3 else array[np.newaxis]
    steps = tuple(map(float, np.ravel(spacing))) if spacing is not None else (1.0,) * axes
    if len(steps) != axes or not np.isfinite(steps).all() or min(steps) <= 0:
        raise ViewError(
            f"spacing {spacing!r} does not fit an array of {axes} axes",
            "Give millimetres along each axis, in the array's order.",
        )
    slice_mm, row_mm, column_mm = steps if axes == 3 else (1.0, *steps)
    data = stack.transpose(2, 1, 0, *([3] if rgb else []))
    return Volume(
        data,
        picture_affine((column_mm, row_mm, slice_mm)),
        unit=unit,
        name=name,
        photometric="RGB" if rgb else "MONOCHROME2",
        oriented=False,
    )


def link(a, b):
    """Move the crosshair of two viewers together, in world millimetres, in the browser."""
    return jslink((a.canvas, "crosshair"), (b.canvas, "crosshair"))
