"""The picture on the page: one anywidget whose traits are what is on show.

The page draws from `models.Layer` and `models.PageVoxels`; this widget adds the place (voxel and
crosshair), the sides as `Volume.layout` decides them, and the tools. Nothing is computed here that
the page would compute again.
"""

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import anywidget
import numpy as np
from ipywidgets import widget_serialization
from traitlets import Bool, Bytes, Dict, Float, Instance, Int, List, Unicode, default

from ..display.colours import COLOUR_MAPS, colour_table
from ..display.words import LABELS, LANGUAGES, in_language, unplaced_sides
from ..sides import CONVENTIONS, PLANES
from ..volume import Volume
from .models import Layer

PLANE_NAMES = tuple(PLANES)
ARRANGEMENTS = ("one", "one and two", "grid")
SLABS = ("off", "max", "mean", "min")
PANELS = ("", "histogram", "time", "labels", "marks", "header", "mip")

# anywidget hands the page ONE text, imported from a blob: address, where "./geometry.js" leads
# nowhere; an exported page has no address at all. So the modules are joined here, in the order in
# which they stand on each other, without their import and export words, comments and indentation, since
# every viewer carries them. That is all a bundler would do for us, and the files stay real modules,
# which Node imports as they are for the tests.
MODULES = (
    "labels", "geometry", "window", "sample", "slab", "oblique", "annotate", "paint", "voxels", "transport",
    "measure", "text", "dom", "plots", "bars", "mip", "panels", "brush", "sending", "snapshot", "place", "pane", "input",
    "hands", "readout", "toolbar", "view", "links", "names",
)  # fmt: skip


def bundle(entry: str) -> str:
    """All modules and `entry` ("widget" or "page") as one ES module."""
    words = {code: in_language(code) for code in LANGUAGES}
    spelled = json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    parts = [f"const LANGUAGES = {spelled};"]
    for name in (*MODULES, entry):
        source = files(__package__).joinpath("js", f"{name}.js").read_text("utf-8")
        source = re.sub(
            r"^import .*?;\n|^ *//.*\n| +// .*$|^ */\*\* @.*\*/\n|^\n|^ +",
            "",
            source,
            flags=re.MULTILINE,
        )
        parts.append(re.sub(r"^export (?!default)", "", source, flags=re.MULTILINE))
    return "\n".join(parts)


def _unheard(trait):
    """Synced, and not said back to the page that set it: an echo for every slice costs a frame."""
    return trait.tag(sync=True, echo_update=False)


class Canvas(anywidget.AnyWidget):
    """State of the pictures. Whole numbers stand for choices, so that menus can be linked to them.

    geometry : what never changes: shape, affine, layouts of all planes and conventions, units
    links : {"control", "key", "model", "trait"}, what the page ties together
    panes : plane of each picture, None for the one in `plane`; arrangement : index into ARRANGEMENTS
    plane, convention, compose, slab : index into PLANE_NAMES, CONVENTIONS, raster.COMPOSITIONS, SLABS
    preset : index of the window in geometry["presets"], None when it is another one
    i, j, k : voxel of the crosshair; crosshair : the same place in RAS+ mm
    pan : mm from the volume's middle to the place in the pictures' middle
    tilt : degrees about the patient's x, y and z by which the planes are turned
    annotations : as `annotations.to_state` makes them
    panel : the tab of the fourth pane, one of PANELS
    percent : whether a course in time is shown as its change from its mean
    events : [onset, duration, name] of what happened meanwhile, s
    painted : runs [first, length, ...] of voxel numbers i + columns * (j + rows * k); brush_radius : mm
    """

    _esm = bundle("widget")
    _css = files(__package__).joinpath("viewer.css").read_text("utf-8")

    geometry = Dict().tag(sync=True)
    maps = Bytes().tag(sync=True)
    layers = List(Instance(Layer)).tag(sync=True, **widget_serialization)
    links: List = List().tag(sync=True)
    language = Unicode().tag(sync=True)
    panes = List([None]).tag(sync=True)
    arrangement = Int().tag(sync=True)
    plane = Int().tag(sync=True)
    preset = Int(allow_none=True).tag(sync=True)
    i = _unheard(Int())
    j = _unheard(Int())
    k = _unheard(Int())
    crosshair = _unheard(List(Float()))
    time = _unheard(Int())
    convention = Int().tag(sync=True)
    compose = Int().tag(sync=True)
    split = _unheard(Float(0.5))
    zoom = _unheard(Float(1.0))
    pan = _unheard(List([0.0, 0.0, 0.0]))
    tilt = _unheard(List([0.0, 0.0, 0.0]))
    slab = Int().tag(sync=True)
    slab_mm = _unheard(Float(10.0))
    smooth = Bool(False).tag(sync=True)
    show_crosshair = Bool(False).tag(sync=True)
    outside = Bool(False).tag(sync=True)
    panel = Unicode().tag(sync=True)
    montage = Bool(False).tag(sync=True)
    playing = Bool(False).tag(sync=True)
    fps = _unheard(Float(10.0))
    annotations = _unheard(List())
    painted = _unheard(List())
    brush_radius = Float(5.0).tag(sync=True)
    percent = Bool(False).tag(sync=True)
    events: List = List().tag(sync=True)
    height = Int(492, min=60).tag(sync=True)

    @default("maps")
    def _all_colour_maps(self):
        return b"".join(colour_table(name).tobytes() for name in COLOUR_MAPS)


def geometry(
    volume: Volume,
    presets: Iterable[tuple[float, float]] = (),
    warning: str = "",
    has_header: bool = False,
) -> dict[str, Any]:
    """What the page must know of a volume's place, as JSON.

    presets : windows on offer, (low, high) each
    warning : words that stand on the picture, "" for none
    has_header : whether the page may ask for the elements of the slice on show
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
        "n_volumes": int(volume.n_volumes),
        "time_step": volume.time_step,
        "seconds": None if volume.seconds is None else volume.seconds.round(6).tolist(),
        "presets": [list(preset) for preset in presets],
        "notes": list(volume.notes),
        "facts": facts(volume),
        "has_header": has_header,
    }


def facts(volume: Volume) -> list[list[str]]:
    """What is known of the image, (name, value) each; never a name from the file."""
    words = LABELS["facts"]
    found = [("shape", " × ".join(map(str, volume.shape))), ("values", str(volume.data.dtype))]
    if volume.scale != "none":
        found.append(("spacing", " × ".join(f"{mm:.4g}" for mm in volume.spacing)))
    for name in ("modality", "unit", "time_step", "window"):
        if getattr(volume, name):
            found.append((name, str(getattr(volume, name))))
    rows = [[words[name], value] for name, value in found]
    if volume.oriented:
        for n, row in enumerate(volume.affine[:3], 1):
            rows.append([words["affine"].format(n=n), "  ".join(f"{x:.5g}" for x in row)])
    return rows


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
