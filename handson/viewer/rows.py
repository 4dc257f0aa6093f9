"""The controls beside the pictures. Each function takes a viewer, ties what it makes to the viewer's models
and returns it, nothing where there is nothing to choose. The style sets them in one narrow column.
"""

from typing import TYPE_CHECKING

from ..display.words import LABELS
from .canvas import PLANE_NAMES

if TYPE_CHECKING:
    from .base import Viewer


def place(viewer: "Viewer") -> list:
    """Which plane, which slice, which volume in time."""
    return _section([*planes(viewer), *slices(viewer), *time(viewer)])


def planes(viewer: "Viewer") -> list:
    """A button for each plane."""
    if len(viewer.planes) < 2 or viewer.canvas.arrangement:
        return []
    names = [LABELS["planes"][p] for p in PLANE_NAMES]
    buttons = viewer.controls.buttons(names, viewer.canvas.plane)
    return [viewer.controls.add("plane", buttons, viewer.canvas, "plane", "index")]


def slices(viewer: "Viewer") -> list:
    """A slider for each plane."""
    found, canvas, make = [], viewer.canvas, viewer.controls
    for plane in viewer.planes if len(viewer.planes) > 1 else ():
        axis = viewer.volume.layout(plane).axis
        name = "ijk"[axis]
        slider = make.slice_slider(plane, viewer.volume.shape[axis], getattr(canvas, name))
        found.append(make.add(plane, slider, canvas, name))
    return found


def time(viewer: "Viewer") -> list:
    """A slider for time, and how its curve is drawn."""
    if viewer.volume.n_volumes == 1:
        return []
    canvas, make = viewer.canvas, viewer.controls
    slider = make.whole_slider("time", canvas.time, 0, viewer.volume.n_volumes - 1)
    percent = make.tick("percent", canvas.percent)
    percent.add_class("handson-long")
    return [
        make.add("time", slider, canvas, "time"),
        make.add("percent", percent, canvas, "percent"),
    ]


def window(viewer: "Viewer") -> list:
    """The window, its presets, the colour map; for grey values only."""
    if viewer.volume.rgb:
        return []
    base, make = viewer.base, viewer.controls
    coding = base.source.coding
    slider = make.range_slider("window", base.range, coding["low"], coding["high"], coding["whole"])
    preset = make.menu("preset", list(viewer.presets), viewer.canvas.preset)
    found = [
        make.add("window", slider, base, "range"),
        make.add("preset", preset, viewer.canvas, "preset", "index"),
        make.add("cmap", make.colour_menu(base.cmap_index), base, "cmap_index", "index"),
    ]
    if viewer.base.source.chunks.coding.notes and not viewer.base.source.full:
        found += _full(viewer)
    return _section(found)


def _full(viewer):
    if not any(key == "reduced" for key, _ in viewer.base.source.chunks.coding.notes):
        return []
    tick = viewer.controls.tick("full", False)
    tick.add_class("handson-long")
    tick.observe(lambda change: viewer.base.source.send_everything(viewer.index), "value")
    viewer.controls["full"] = tick
    return [tick]


def layers(viewer: "Viewer") -> list:
    """The controls of every layer, named "opacity 1", "threshold 1", ... in `controls`."""
    found = [c for n, layer in enumerate(viewer.layers, 1) for c in _of_layer(viewer, layer, n)]
    return found + (comparison(viewer) if found else [])


def _of_layer(viewer, layer, n):
    make = viewer.controls
    labels = layer.label_names is not None
    made = {
        "visible": (make.tick("visible", layer.visible, layer.name or f"layer {n}"), "visible"),
        "outline": (make.tick("outline", layer.outline), "outline"),
    }
    if not labels:
        made["two_sided"] = make.tick("two_sided", layer.two_sided), "two_sided"
        made["interpolate"] = make.tick("interpolate", layer.interpolate), "interpolate"
    made["opacity"] = make.number_slider("opacity", layer.opacity, 0, 1, 0.01), "opacity"
    if not labels:
        low, high = layer.seen.ends
        reach = (0.0, max(abs(low), abs(high))) if layer.two_sided else (low, high)
        whole = layer.source.coding["whole"]
        slider = make.range_slider("threshold", layer.threshold, *reach, whole)
        made["threshold"] = slider, "threshold"
        made["cmap"] = make.colour_menu(layer.cmap_index), "cmap_index"
    for name, (control, trait) in made.items():
        key = "index" if name == "cmap" else "value"
        make.add(f"{name} {n}", control, layer, trait, key)
    return _section([control for control, _ in made.values()])


def comparison(viewer: "Viewer") -> list:
    """How layers are laid over the base, and where the curtain's edge is."""
    make, canvas = viewer.controls, viewer.canvas
    menu = make.menu("compose", LABELS["compositions"], canvas.compose)
    split = make.number_slider("split", canvas.split, 0, 1, 0.005)
    return [make.add("compose", menu, canvas, "compose", "index"), make.add("split", split, canvas, "split")]  # fmt: skip


def sides(viewer: "Viewer") -> list:
    """The convention, where the sides are known, and the slab."""
    make, canvas, found = viewer.controls, viewer.canvas, []
    if viewer.volume.oriented:
        menu = make.menu("convention", LABELS["conventions"], canvas.convention)
        found.append(make.add("convention", menu, canvas, "convention", "index"))
    if len(viewer.planes) > 1 and not viewer.volume.rgb:
        menu = make.menu("slab", LABELS["slabs"], canvas.slab)
        found.append(make.add("slab", menu, canvas, "slab", "index"))
        slider = make.number_slider("slab_mm", canvas.slab_mm, 1, 50, 1)
        found.append(make.add("slab_mm", slider, canvas, "slab_mm"))
    if len(viewer.planes) > 1 or viewer.volume.n_volumes > 1:
        speed = make.number_slider("fps", canvas.fps, 0.2, 30, 0.2)
        found.append(make.add("fps", speed, canvas, "fps"))
    return _section(found)


def _section(controls):
    """A line above the first of them."""
    if controls:
        controls[0].add_class("handson-section")
    return controls
