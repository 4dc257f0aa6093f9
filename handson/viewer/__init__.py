"""Look at volumes in a notebook: one frame a slice, sides and millimetres on every picture.

    view(x, *layers, plane="axial", window=None, cmap="gray", convention="radiological", spacing=None, ...)

`x` is a Volume, a Slice, an array ([slice, row, column] as from np.stack, or [row, column]), a path, an
image of nibabel, SimpleITK or pydicom, or a list of these (side by side, linked). `view` picks the viewer:
SliceViewer, OverlayViewer when there are layers, TimeSeriesViewer for a 4-D volume, OrthoViewer with plane="ortho".

    viewer = handson.view(volume)              # scroll, window, measure in the page
    viewer.plane, viewer.index = "coronal", 80 # every trait can be set and read
    viewer.window = 40, 400                    # centre, width
    viewer.crosshair                           # RAS+ mm
    viewer.layers[0].opacity = 0.4
    viewer.annotations                         # rulers, angles, regions, ...: plain data, each on its slice
    viewer.measurements()                      # their numbers, from the volume's own values
    viewer.slab, viewer.slab_mm = "max", 10    # a thick slab; viewer.tilt turns the planes
    handson.link(a, b, window=True, zoom=True) # two viewers together
    viewer.save_png("slice.png"); viewer.save_html("slice.html")

`handson.display` decides what a picture shows; the ES modules in `js` draw it.
"""

from ..display.colours import COLOUR_MAPS
from .annotations import Angle, Arrow, Ellipse, Freehand, Region, Ruler, Text
from .base import Viewer
from .models import Layer
from .opener import link, view
from .ortho import OrthoViewer
from .overlay import OverlayViewer
from .slices import SliceViewer
from .timeseries import TimeSeriesViewer

__all__ = [
    "COLOUR_MAPS",
    "Angle",
    "Arrow",
    "Ellipse",
    "Freehand",
    "Layer",
    "OrthoViewer",
    "OverlayViewer",
    "Region",
    "Ruler",
    "SliceViewer",
    "Text",
    "TimeSeriesViewer",
    "Viewer",
    "link",
    "view",
]
