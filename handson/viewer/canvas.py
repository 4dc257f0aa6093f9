"""The picture on the page: one anywidget whose traits are what is on show.

The page draws from `models.Layer` and `models.Source`; this widget adds the place (voxel and
crosshair), the sides as `Volume.layout` decides them, and the tools. Nothing is computed here that
the page would compute again.
"""

import json
import re
from importlib.resources import files

import anywidget
import numpy as np
from ipywidgets import widget_serialization
from traitlets import Bool, Bytes, Dict, Float, Instance, Int, List, default

from ..display.colours import COLOUR_MAPS, colour_table
from ..display.words import LABELS, unplaced_sides
from ..sides import CONVENTIONS, PLANES
from .models import Layer

PLANE_NAMES = tuple(PLANES)

# anywidget hands the page ONE text, imported from a blob: address, where "./geometry.js" leads
# nowhere; an exported page has no address at all. So the modules are joined here, in the order in
# which they stand on each other, without their import and export words. That is all a bundler
# would do for us, and the files stay real modules, which Node imports as they are for the tests.
MODULES = (
    "geometry", "window", "sample", "paint", "voxels", "transport", "measure", "text", "dom",
    "plots", "legend", "panels", "brush", "pane", "place", "input", "hands", "readout", "toolbar", "view", "names",
)  # fmt: skip


def bundle(entry) -> str:
    """All modules and `entry` ("widget" or "page") as one ES module."""
    parts = [f"const LABELS = {json.dumps(LABELS, ensure_ascii=False)};"]
    for name in (*MODULES, entry):
        source = files(__package__).joinpath("js", f"{name}.js").read_text("utf-8")
        source = re.sub(r"^import .*?;\n", "", source, flags=re.MULTILINE)
        parts.append(re.sub(r"^export (?!default)", "", source, flags=re.MULTILINE))
    return "\n".join(parts)


class Canvas(anywidget.AnyWidget):
    """State of the pictures. Whole numbers stand for choices, so that menus can be linked to them.

    geometry : what never changes: shape, affine, layouts of all planes and conventions, units
    panes : plane of each picture, None for the one in `plane`
    plane, convention, compose : index into PLANE_NAMES, CONVENTIONS, COMPOSITIONS
    i, j, k : voxel of the crosshair; crosshair : the same place in RAS+ mm
    ruler : two points in mm; region : two opposite voxels, both inside
    curve, percent : whether a course in time is shown, and as its change from its mean
    events : [onset, duration, name] of what happened meanwhile, s
    painted : runs [first, length, ...] of voxel numbers i + columns * (j + rows * k); brush_radius : mm
    """

    _esm = bundle("widget")
    _css = files(__package__).joinpath("viewer.css").read_text("utf-8")

    geometry = Dict().tag(sync=True)
    maps = Bytes().tag(sync=True)
    layers = List(Instance(Layer)).tag(sync=True, **widget_serialization)
    panes = List([None]).tag(sync=True)
    plane = Int().tag(sync=True)
    preset = Int().tag(sync=True)
    i = Int().tag(sync=True)
    j = Int().tag(sync=True)
    k = Int().tag(sync=True)
    crosshair = List(Float()).tag(sync=True)
    time = Int().tag(sync=True)
    convention = Int().tag(sync=True)
    compose = Int().tag(sync=True)
    split = Float(0.5).tag(sync=True)
    zoom = Float(1.0).tag(sync=True)
    pan = List([0.0, 0.0]).tag(sync=True)
    smooth = Bool(False).tag(sync=True)
    show_crosshair = Bool(False).tag(sync=True)
    outside = Bool(False).tag(sync=True)
    histogram = Bool(False).tag(sync=True)
    curve = Bool(False).tag(sync=True)
    montage = Bool(False).tag(sync=True)
    ruler: List = List().tag(sync=True)
    region: List = List().tag(sync=True)
    painted: List = List().tag(sync=True)
    brush_radius = Float(5.0).tag(sync=True)
    percent = Bool(False).tag(sync=True)
    events: List = List().tag(sync=True)
    height = Int(360, min=60).tag(sync=True)

    @default("maps")
    def _all_colour_maps(self):
        return b"".join(colour_table(name).tobytes() for name in COLOUR_MAPS)


def geometry(volume, presets=(), warning="") -> dict:
    """What the page must know of a volume's place, as JSON.

    presets : windows on offer, (low, high) each
    warning : words that stand on the picture, "" for none
    """
    layouts = [{p: _layout(volume.layout(p, c)) for p in PLANES} for c in CONVENTIONS]
    return {
        "shape": [int(n) for n in volume.shape[:3]],
        "affine": volume.affine.ravel().tolist(),
        "inverse": np.linalg.inv(volume.affine).ravel().tolist(),
        "layouts": layouts,
        "placed": volume.oriented,
        "unplaced": unplaced_sides(volume),
        "scale": volume.scale,
        "warning": warning,
        "oblique": round(volume.obliquity) if volume.oriented else 0,
        "frames": int(volume.frames),
        "time_step": volume.time_step,
        "seconds": None if volume.seconds is None else volume.seconds.round(6).tolist(),
        "presets": [list(preset) for preset in presets],
        "notes": list(volume.notes),
    }


def _layout(layout) -> dict:
    return {
        "axis": layout.axis,
        "horizontal": layout.horizontal,
        "vertical": layout.vertical,
        "flip_horizontal": layout.flip_horizontal,
        "flip_vertical": layout.flip_vertical,
        "letters": layout.letters,
        "spacing": list(layout.spacing),
    }
