"""The rows of controls around a picture. Each function takes a viewer, links what it makes to the viewer's
models and returns the rows, none where there is nothing to choose.
"""

from ipywidgets import HBox, Layout

from ..display.words import LABELS
from . import controls as make
from .canvas import PLANE_NAMES


def _row(*widgets):
    return HBox(widgets, layout=Layout(flex_flow="row wrap"))


def planes(viewer) -> list:
    """A button for each plane, and the side that is drawn left."""
    row = []
    if len(viewer.planes) > 1:
        names = [LABELS["planes"][p] for p in PLANE_NAMES]
        buttons = make.buttons(names, viewer.canvas.plane)
        row.append(viewer.controls.add("plane", buttons, viewer.canvas, "plane", "index"))
    row += sides(viewer)
    return [_row(*row)] if row else []


def sides(viewer) -> list:
    """The menu of conventions, where the sides are known."""
    if not viewer.volume.oriented:
        return []
    menu = make.menu("convention", LABELS["conventions"], viewer.canvas.convention)
    return [viewer.controls.add("convention", menu, viewer.canvas, "convention", "index")]


def slices(viewer) -> list:
    """A slider for each plane, and one for time."""
    rows, canvas = [], viewer.canvas
    for plane in viewer.planes if len(viewer.planes) > 1 else ():
        axis = viewer.volume.layout(plane).axis
        name = "ijk"[axis]
        slider = make.slice_slider(plane, viewer.volume.shape[axis], getattr(canvas, name))
        rows.append(viewer.controls.add(plane, slider, canvas, name))
    if viewer.volume.frames > 1:
        time = make.time_slider(viewer.volume.frames, canvas.time)
        rows.append(viewer.controls.add("time", time, canvas, "time"))
        percent = make.tick("percent", canvas.percent)
        rows.append(viewer.controls.add("percent", percent, canvas, "percent"))
    return rows


def window(viewer) -> list:
    """The window, its presets, the colour map; for grey values only."""
    if viewer.volume.rgb:
        return []
    base, add = viewer.base, viewer.controls.add
    coding = base.source.coding
    slider = make.range_slider("window", base.range, coding["low"], coding["high"], coding["whole"])
    add("window", slider, base, "range")
    preset = make.menu("preset", list(viewer.presets), 0)
    row = [
        add("preset", preset, viewer.canvas, "preset", "index"),
        add("cmap", make.colour_menu(base.cmap_index), base, "cmap_index", "index"),
    ]
    if any("“" in note for note in coding["notes"]):
        row.append(_full(viewer))
    return [slider, _row(*row)]


def _full(viewer):
    tick = make.tick("full", False)
    tick.observe(lambda change: viewer.base.source.send_everything(viewer.index), "value")
    viewer.controls["full"] = tick
    return tick


def layers(viewer) -> list:
    """The controls of every layer, named "opacity 1", "threshold 1", ... in `controls`."""
    return [row for n, layer in enumerate(viewer.layers, 1) for row in _of_layer(viewer, layer, n)]


def _of_layer(viewer, layer, n):
    low, high = layer.seen.ends
    reach = (0.0, max(abs(low), abs(high))) if layer.two_sided else (low, high)
    whole = layer.source.coding["whole"]
    threshold = make.range_slider("threshold", layer.threshold, *reach, whole)
    made = [
        ("visible", make.tick("visible", layer.visible, layer.name or f"layer {n}"), "visible", "value"),
        ("opacity", make.opacity_slider(layer.opacity), "opacity", "value"),
        ("threshold", threshold, "threshold", "value"),
        ("cmap", make.colour_menu(layer.cmap_index), "cmap_index", "index"),
        ("two_sided", make.tick("two_sided", layer.two_sided), "two_sided", "value"),
        ("outline", make.tick("outline", layer.outline), "outline", "value"),
        ("interpolate", make.tick("interpolate", layer.interpolate), "interpolate", "value"),
    ]  # fmt: skip
    if layer.label_names is not None:
        made = [m for m in made if m[0] not in ("threshold", "cmap", "two_sided", "interpolate")]
    for name, control, trait, key in made:
        viewer.controls.add(f"{name} {n}", control, layer, trait, key)
    controls = {name: control for name, control, _, _ in made}
    sliders = [controls.pop(name) for name in ("opacity", "threshold") if name in controls]
    return [_row(*controls.values()), *sliders]


def comparison(viewer) -> list:
    """How layers are laid over the base, and where the curtain's edge is."""
    menu = make.menu("compose", LABELS["compositions"], viewer.canvas.compose)
    viewer.controls.add("compose", menu, viewer.canvas, "compose", "index")
    split = make.split_slider(viewer.canvas.split)
    viewer.controls.add("split", split, viewer.canvas, "split")
    return [_row(menu, split)]
