"""`view`: from whatever a learner holds to the viewer that fits it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ipywidgets import HBox, Layout, jslink
from pydicom import Dataset
from traitlets import TraitError

from ..display.images import array_axes, as_volume, layer_volume, opened
from ..errors import ViewError
from ..volume import Slice
from . import still
from .base import Viewer, check_options
from .header import of_picture, of_volume
from .models import Layer
from .ortho import OrthoViewer
from .overlay import OverlayViewer
from .segments import are_segments, segment_layers
from .slices import SliceViewer
from .timeseries import TimeSeriesViewer


def view(
    x: Any,
    *layers: Any,
    plane: str | None = None,
    spacing: Sequence[float] | None = None,
    unit: str = "",
    name: str = "",
    **options: Any,
) -> Any:
    """Show an image; the last line of a cell is enough.

    x : Volume, Slice, path, image of nibabel or SimpleITK, pydicom data set, array, or a list of these.
        An array is [row, column], [slice, row, column] or [time, slice, row, column], with a last axis
        of 3 or 4 for colour (uint8, or floats 0..1)
    layers : `Layer`s, or images to be laid over x by world coordinates; an array of x's shape is taken
        as values on its grid, so that view(volume, mask) works; or segments, as `read_segmentation`
        returns them, which bring their names and colours
    plane : "axial" (or, of a single slice, the one it lies in), "coronal", "sagittal", or "ortho"
        for all three
    spacing : mm along each axis in space of an array, in the array's order; without it there is no scale
    name : what the picture is called; names in the files stay out of everything that is saved
    options : window=(centre, width) or a preset's name, cmap, convention, crosshair=(x, y, z) mm, time,
        same_space=True, height in pixels, ...; see the viewer's traits
    returns : SliceViewer, OrthoViewer, OverlayViewer or TimeSeriesViewer. What it gives back for an array
        (`painted_mask()`, `region`) is in the array's own order
    raises : ViewError for what cannot be shown, and what to do instead
    """
    if isinstance(x, list | tuple):
        return _side_by_side(
            x, layers, plane=plane, spacing=spacing, unit=unit, name=name, **options
        )
    check_options(options)
    image = opened(x)
    volume, axes = as_volume(image, spacing, unit, name), array_axes(x)
    over = [one for layer in layers for one in _layers(layer, volume, axes)]
    kind = TimeSeriesViewer if volume.n_volumes > 1 else OverlayViewer if over else SliceViewer
    if plane == "ortho":
        kind, plane = OrthoViewer, None
    own = (0, 1, 2) if isinstance(x, Slice) else axes
    if isinstance(image, Slice) and isinstance(image.dataset, Dataset):
        options.setdefault("header", of_picture(image.dataset))
    elif volume.origin is not None:
        options.setdefault("header", of_volume(volume))
    try:
        return kind(volume, *over, plane=plane, axes=own, name=name, **options)
    except TraitError as error:
        raise ViewError(str(error), "See help(handson.view) and the viewer's traits.") from None


def _layers(x, base, axes):
    """A layer as it is, those of segments, or one made of an image. A path is called by its file, like the base."""
    if isinstance(x, Layer):
        return [x]
    return segment_layers(x) if are_segments(x) else [Layer(layer_volume(x, base, axes))]


def _side_by_side(images, layers, height=280, **options):
    """Viewers in a row; those whose images state their place share the crosshair."""
    if not images:
        raise ViewError("an empty list has nothing to show", "Give one image or more.")
    viewers = [view(image, *layers, height=height, **options) for image in images]
    placed = [viewer for viewer in viewers if viewer.volume.oriented]
    return Row(viewers, [each for a, b in pairwise(placed) for each in link(a, b)])


class Row(HBox):
    """Viewers side by side.

    viewers : the viewers, left to right; links : what ties them together
    """

    def __init__(self, viewers, links):
        super().__init__(viewers, layout=Layout(flex_flow="row wrap", grid_gap="12px"))
        self.add_class("handson-row")
        self.viewers, self.links = tuple(viewers), links

    def __repr__(self):
        return "\n".join(map(repr, self.viewers))

    def _repr_mimebundle_(self, **options):
        return still.bundle(self.viewers, repr(self), super()._repr_mimebundle_(**options))

    def _ipython_display_(self, **_options):
        still.show(self, self.viewers, repr(self), super()._repr_mimebundle_())

    def close(self) -> None:
        """Take all viewers out of the page and give the memory back."""
        for each in (*self.links, *self.viewers):
            each.close()
        super().close()


def link(
    a: Viewer, b: Viewer, crosshair: bool = True, window: bool = False, zoom: bool = False
) -> Any:
    """Move two viewers together, in the browser.

    a, b : viewers
    crosshair : to the same place in RAS+ mm; a viewer that does not reach a place says so
    window : the same window, for images of one unit
    zoom : the same zoom and the same place in the middle
    returns : list of the links; close one to end it
    raises : ViewError when nothing is to be linked
    """
    pairs = [
        *([(a.canvas, b.canvas, "crosshair")] if crosshair else []),
        *([(a.base, b.base, "range")] if window else []),
        *([(a.canvas, b.canvas, name) for name in ("zoom", "pan")] if zoom else []),
    ]
    if not pairs:
        raise ViewError("there is nothing to link", "Choose crosshair, window or zoom.")
    return [jslink((one, name), (other, name)) for one, other, name in pairs]
