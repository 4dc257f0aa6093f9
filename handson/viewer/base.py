"""What every viewer is: a box of controls around one canvas, with its whole state in traits.

The traits follow the canvas and the base layer both ways. Controls are linked to those models in the
browser, so a slider moves the picture without a kernel and Python hears of it afterwards.
"""

from base64 import b64encode
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, ClassVar

import numpy as np
from ipywidgets import VBox
from traitlets import Bool, Enum, Float, Int, TraitError, Tuple, validate

from ..display import courses, measuring, raster, words
from ..display.colours import COLOUR_MAPS
from ..display.images import in_own_order, in_volume_order
from ..display.look import Look, base_look
from ..display.values import survey
from ..display.windows import function_of, offered, to_range, to_window
from ..display.words import LABELS
from ..errors import ViewError
from ..segmentations import Segment
from ..segmentations.grids import on
from ..sides import CONVENTIONS
from . import controls as make
from . import export, rows, static
from .canvas import PLANE_NAMES, Canvas, geometry
from .models import Layer

# Traits that the canvas has under the same name and in the same form.
_SAME = (
    "time",
    "split",
    "zoom",
    "smooth",
    "histogram",
    "montage",
    "show_crosshair",
    "outside",
    "brush_radius",
    "percent",
)


class Viewer(VBox):
    """A volume on show. Every trait can be set from Python and follows the hand in the page.

    plane : "axial", "coronal" or "sagittal"
    index : slice of that plane, an index of the volume's own array
    crosshair : (x, y, z), RAS+ mm; setting it takes the nearest voxel
    voxel : (i, j, k) of the crosshair
    window : (centre, width) in the volume's unit
    cmap : one of `COLOUR_MAPS`
    convention : "radiological" or "neurological"
    time : volume of a 4-D series
    compose : "blend", "curtain", "checkerboard" or "side by side"; split : 0..1, the curtain's edge
    zoom, smooth, histogram, montage, show_crosshair, outside : as the buttons of the page
    ruler : two points in mm, or (); region : two opposite voxels, both inside, or (), counted as
        `painted_mask()` is: (i, j, k), or in the own order of an array
    painted : what the brush went over, as runs (first, length, ...) of voxel numbers i + columns * (j +
        rows * k); `painted_mask()` is the same as an array, `paint(mask)` sets it. brush_radius : mm
    percent : of a 4-D series, whether the curve is drawn as the change from its own mean
    events : what happened meanwhile, (onset, duration, name) each, in s: bars behind the curve
    layers : what is laid over the base, `Layer`s with traits of their own
    same_space : True when layers share the millimetres of the base although their frames of reference
        differ; otherwise a warning stands on the picture
    controls : the ipywidgets by name, to take out, link or observe

    Arguments of `view` apply; `volume` is a Volume here.
    """

    plane = Enum(PLANE_NAMES, "axial")
    index = Int()
    voxel = Tuple(Int(), Int(), Int())
    crosshair = Tuple(Float(), Float(), Float())
    window = Tuple(Float(), Float())
    cmap = Enum(COLOUR_MAPS, "gray")
    convention = Enum(CONVENTIONS, "radiological")
    time = Int()
    compose = Enum(raster.COMPOSITIONS, "blend")
    split = Float(0.5, min=0, max=1)
    zoom = Float(1.0, min=1, max=40)
    smooth = Bool(False)
    histogram = Bool(False)
    montage = Bool(False)
    show_crosshair = Bool(False)
    outside = Bool(False)
    ruler = Tuple()
    region = Tuple()
    painted = Tuple()
    brush_radius = Float(5.0, min=0.01)
    percent = Bool(False)
    events = Tuple()

    _PANES: ClassVar[tuple[str | None, ...]] = (None,)
    _SHOWN: ClassVar[dict[str, bool]] = {}

    def __init__(self, volume, *layers, plane=None, window=None, cmap=None, convention="radiological",
                 crosshair=None, time=0, full=False, height=360, same_space=False, axes=(0, 1, 2),
                 **state):  # fmt: skip
        self._opened, self._attached = [], []
        check_options(state)
        if convention not in CONVENTIONS:
            raise ViewError(
                f"there is no convention {convention!r}", f"It is {' or '.join(CONVENTIONS)}."
            )
        self.volume = volume
        self.axes = tuple(axes)
        self._hearing = False
        self.planes = shown_planes(volume)
        plane = plane or self.planes[0]
        start = self._start(crosshair)
        seen = survey(volume.data)
        self.presets = offered(volume, seen)
        self.function = function_of(volume, seen.whole)
        self.base = Layer(
            volume, look=base_look(volume, seen, window, cmap, self.presets), seen=seen
        )
        axis = volume.layout(plane).axis
        self.base.attach(axis, start[axis], full)
        self._attached.append(self.base)
        for layer in layers:
            self._attach(layer, plane, start)
        self.layers = tuple(layers)
        apart = [o.name for o in layers if words.in_other_space(volume, o.volume)]
        self.warning = "" if same_space else words.other_space_said(apart)
        on_picture = LABELS["other_space"] if self.warning else ""
        self.canvas = Canvas(
            geometry=geometry(volume, self.presets.values(), on_picture),
            layers=[self.base, *layers],
            panes=list(self._PANES),
            plane=PLANE_NAMES.index(plane),
            i=start[0],
            j=start[1],
            k=start[2],
            crosshair=volume.world(start).tolist(),
            time=time,
            convention=CONVENTIONS.index(convention),
            height=height,
            curve=volume.frames > 1,
            **self._SHOWN,
        )
        self.controls = make.Controls()
        self._opened += [self.canvas, self.canvas.layout]
        super().__init__(self._arrange())
        self._opened += [*make.within(self), *self.controls.links]
        self.add_class("handson-viewer")
        self._follow()
        for name, value in state.items():
            setattr(self, name, value)

    # ---- set-up --------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """How the base is drawn now."""
        return replace(self.base.look, threshold=None, marks=self.outside)

    def _start(self, crosshair):
        shape = np.array(self.volume.shape[:3])
        if crosshair is None:
            return tuple(int(n) for n in shape // 2)
        return self._nearest(crosshair)

    def _nearest(self, xyz):
        if len(xyz) != 3 or not np.isfinite(xyz).all():
            raise ViewError(f"{xyz!r} is not a place in the patient", "Give (x, y, z) in RAS+ mm.")
        ijk = self.volume.nearest(xyz)
        return tuple(int(n) for n in np.clip(ijk, 0, np.array(self.volume.shape[:3]) - 1))

    def _attach(self, layer, plane, start):
        if not isinstance(layer, Layer):
            raise ViewError(
                f"{type(layer).__name__} is not a Layer", "Wrap it: handson.Layer(volume, ...)."
            )
        if self.volume.oriented != layer.volume.oriented:
            raise ViewError(
                "one of the images states its sides and the other does not, so they cannot be laid over each other",
                "Give both an affine of the same space: Volume(data, affine).",
            )
        place = layer.volume.nearest(self.volume.world(start))
        axis = layer.volume.layout(plane).axis
        index = int(np.clip(place[axis], 0, layer.volume.shape[axis] - 1))
        layer.attach(axis, index, number=len(self._attached) - 1)
        self._attached.append(layer)

    def _follow(self):
        """Tie the traits to the models, both ways."""
        canvas, base, function = self.canvas, self.base, self.function
        tie = self._tie
        tie("plane", canvas, "plane", PLANE_NAMES.index, PLANE_NAMES.__getitem__)
        tie("convention", canvas, "convention", CONVENTIONS.index, CONVENTIONS.__getitem__)
        tie(
            "compose", canvas, "compose", raster.COMPOSITIONS.index, raster.COMPOSITIONS.__getitem__
        )
        tie(
            "window",
            base,
            "range",
            lambda w: to_range(w, function),
            lambda r: to_window(r, function),
        )
        tie("cmap", base, "cmap_index", COLOUR_MAPS.index, COLOUR_MAPS.__getitem__)
        tie("ruler", canvas, "ruler", _lists, _tuples)
        tie("region", canvas, "region", self._voxels_of, self._own_of)
        tie("painted", canvas, "painted", list, tuple)
        tie("events", canvas, "events", _lists, _tuples)
        for name in _SAME:
            tie(name, canvas, name)
        canvas.observe(self._place_heard, ["i", "j", "k", "crosshair", "plane"])
        self.observe(self._voxel_set, "voxel")
        self.observe(self._crosshair_set, "crosshair")
        self.observe(self._index_set, "index")
        self._place_heard()

    def _tie(self, name, model, trait, there=lambda x: x, back=lambda x: x):
        def down(change):
            if not self._hearing:
                setattr(model, trait, there(change.new))

        def up(change):
            with self._heard():
                setattr(self, name, back(change.new))

        with self._heard():
            setattr(self, name, back(getattr(model, trait)))
        self.observe(down, name)
        model.observe(up, trait)

    @contextmanager
    def _heard(self):
        """What the page says is written down here, and not said back to it."""
        before, self._hearing = self._hearing, True
        try:
            yield
        finally:
            self._hearing = before

    # ---- the place: voxel, index and crosshair say the same --------------------------------

    def _index_set(self, change):
        if self._hearing:
            return
        ijk = list(self.voxel)
        ijk[self._axis] = change.new
        self.voxel = tuple(ijk)

    @property
    def _axis(self):
        return self.volume.layout(self.plane).axis

    def _voxel_set(self, change):
        if not self._hearing:
            self._take(change.new, self.volume.world(change.new).tolist())

    def _crosshair_set(self, change):
        if not self._hearing:
            self._take(self._nearest(change.new), list(change.new))

    def _take(self, ijk, xyz):
        """Voxel and millimetres in one message: half a move would pull the other half astray."""
        canvas = self.canvas
        with canvas.hold_sync(), canvas.hold_trait_notifications():
            canvas.i, canvas.j, canvas.k = ijk
            canvas.crosshair = xyz

    def _place_heard(self, _change=None):
        canvas = self.canvas
        with self._heard():
            self.voxel = canvas.i, canvas.j, canvas.k
            self.crosshair = tuple(canvas.crosshair)
            self.index = self.voxel[self._axis]

    @validate("crosshair")
    def _crosshair_real(self, proposal):
        self._nearest(proposal["value"])
        return proposal["value"]

    @validate("index")
    def _index_inside(self, proposal):
        self._inside(proposal["value"], self._axis)
        return proposal["value"]

    @validate("voxel")
    def _voxel_inside(self, proposal):
        for axis, n in enumerate(proposal["value"]):
            self._inside(n, axis)
        return proposal["value"]

    def _inside(self, n, axis):
        if not 0 <= n < self.volume.shape[axis]:
            raise TraitError(
                f"there is no slice {n} along {'ijk'[axis]}: they run from 0 to {self.volume.shape[axis] - 1}"
            )

    @validate("time")
    def _time_inside(self, proposal):
        if not 0 <= proposal["value"] < self.volume.frames:
            raise TraitError(
                f"there is no volume {proposal['value']} in time: they run from 0 to {self.volume.frames - 1}"
            )
        return proposal["value"]

    @validate("ruler", "region")
    def _two_points(self, proposal):
        points, name = proposal["value"], proposal["trait"].name
        axes = self.axes if name == "region" else (0, 1, 2)
        if points and not (len(points) == 2 and all(len(p) == len(axes) for p in points)):
            raise TraitError(f"{name} is two points of {len(axes)} numbers each, or ()")
        if points and name == "region":
            for point in points:
                for axis, n in zip(axes, point, strict=True):
                    self._inside(n, axis)
        return points

    @validate("painted")
    def _painted_inside(self, proposal):
        runs, size = np.array(proposal["value"]), np.prod(self.volume.shape[:3])
        if len(runs) % 2 or (
            len(runs) and (runs.min() < 0 or (runs[::2] + runs[1::2]).max() > size)
        ):
            raise TraitError("painted is (first, length, ...) of voxels inside: use paint(mask)")
        return proposal["value"]

    @validate("events")
    def _events_possible(self, proposal):
        happened = courses.events(proposal["value"])
        if happened and self.volume.seconds is None:
            raise ViewError(
                "events are in seconds, and nobody says when the volumes were taken",
                "State it, if you know it: dataclasses.replace(volume, time_step=seconds).",
            )
        return tuple(tuple(event) for event in happened)

    @validate("window")
    def _window_possible(self, proposal):
        to_range(proposal["value"], self.function)
        return proposal["value"]

    def _arrange(self):
        """What stands in the box, top to bottom."""
        return [
            *rows.planes(self),
            *rows.slices(self),
            *rows.window(self),
            self.canvas,
            *rows.layers(self),
        ]

    # ---- end -----------------------------------------------------------------------------

    def close(self):
        """Take the viewer out of the page and give the memory back, there and here."""
        while self._opened:
            self._opened.pop().close()
        while self._attached:
            self._attached.pop().release()
        super().close()

    # ---- measuring -------------------------------------------------------------------------

    def region_values(self) -> np.ndarray | None:
        """The values in the region, in the order of `painted_mask`, with time as a last axis of a series.

        returns : array, or None when no region is drawn
        """
        if not self.region:
            return None
        return self._own(measuring.values_in(self.volume, self._region))

    def time_course(self) -> courses.TimeCourse:
        """The numbers of the curves: the voxel, the region and what is painted, volume by volume.

        raises : ViewError for a volume without an axis in time
        """
        volume = self.volume
        if volume.frames == 1:
            raise ViewError("a single volume has no course in time", "Show a 4-D volume.")
        masks = {
            "region": measuring.mask_of_box(self._region, volume.shape[:3])
            if self.region
            else None,
            "painted": self._painted if self.painted else None,
        }
        drawn = {n: m if m is None else courses.mean_course(volume, m) for n, m in masks.items()}
        return courses.TimeCourse(volume.seconds, volume.data[self.voxel].astype(float), **drawn)

    def paint(self, mask) -> None:
        """Paint the voxels of a mask, and no others.

        mask : bool array in the order of `painted_mask`
        """
        mask = np.asarray(mask)
        if mask.shape == tuple(self.volume.shape[axis] for axis in self.axes):
            mask = in_volume_order(mask, self.axes)
        self.painted = measuring.runs_of(mask, self.volume.shape[:3])

    def painted_mask(self) -> np.ndarray:
        """What is painted, a bool array in the order of what is shown.

        returns : [i, j, k] of a volume; the array's own order, as [slice, row, column], of an array
        """
        return self._own(self._painted)

    def painted_segment(self, name, number=1, **said):
        """What is painted as a named segment, for `handson.segmentations.write_segmentation`.

        name, number : of the segment
        said : `code`, `category`, `colour`, `author`; the algorithm is MANUAL, for a hand drew it
        returns : `Segment`, its mask on the voxels of the volume on show
        raises : ViewError when nothing is painted
        """
        if not self.painted:
            raise ViewError("nothing is painted", "Choose the brush and paint, or paint(mask).")
        mask = on(self.volume, self._painted)
        return Segment(number, name, mask, **{"algorithm": "MANUAL", **said})

    @property
    def _painted(self):
        return measuring.mask_of_runs(self.painted, self.volume.shape[:3])

    @property
    def _region(self):
        """The region as two voxels (i, j, k), or ()."""
        return self._voxels_of(self.region)

    def _voxels_of(self, points):
        """Places in the order of what is shown -> (i, j, k); what a picture has no axis for is 0."""
        return [
            [_plain(dict(zip(self.axes, p, strict=True)).get(a, 0)) for a in range(3)]
            for p in points
        ]

    def _own_of(self, voxels):
        return tuple(tuple(voxel[axis] for axis in self.axes) for voxel in voxels)

    def _own(self, array):
        """[i, j, k] or [i, j, k, t] -> the order of what is shown."""
        if array.ndim == 3:
            return in_own_order(array, self.axes)
        return np.stack([in_own_order(a, self.axes) for a in np.moveaxis(array, 3, 0)], axis=-1)

    def region_mask(self):
        """Region and painting as a bool array [row, column] of the stored picture, True inside.

        For `handson.deidentify.Mask(drawn=...)`, which blackens it in every frame, whatever side is drawn
        where; several regions are put together with `|`.
        raises : ViewError when nothing is drawn in the plane of the pictures (`read_slice`, `read_series`)
        """
        return measuring.mask_of(self.volume, self.plane, self._region, self._painted)

    def measure(self) -> dict[str, Any]:
        """What ruler, region and brush say, from the volume's own values.

        returns : {"length": mm} and {"n", "mean", "sd", "low", "high", "area": mm2, "volume": mm3}, of what is
            painted the same under "painted"; sd divides by n - 1; area is that of the voxels' faces in the
            plane on show, of what is painted those in the slice on show
        """
        found: dict[str, Any] = {"length": measuring.length(self.ruler)} if self.ruler else {}
        if self.region:
            values = measuring.values_in(self.volume, self._region)
            found |= measuring.statistics(self.volume, self.plane, values, self.time)
        if self.painted:
            values = self.volume.data[self._painted]
            inside = measuring.statistics(self.volume, self.plane, values, self.time)
            on_show = self._painted.take(self.index, axis=self._axis).sum()
            inside["area"] *= float(on_show) / inside["n"]
            found["painted"] = inside
        return found

    # ---- pictures that stay ----------------------------------------------------------------

    def save_png(self, path, height=720):
        """Write what is on show, without controls, as a PNG; returns its path."""
        return export.write_whole(path, static.png(self, height))

    def save_html(self, path):
        """Write one page that still scrolls, with no kernel and no network; returns its path."""
        return export.write_whole(path, export.page(self).encode())

    def __repr__(self):
        return f"{type(self).__name__}: {static.describe(self)}"

    def _repr_mimebundle_(self, **options):
        alt = static.describe(self)
        data = dict(super()._repr_mimebundle_(**options))
        data |= {"text/plain": repr(self), "image/png": b64encode(static.small_png(self)).decode()}
        return data, {"image/png": {"alt": alt}}


def shown_planes(volume) -> tuple[str, ...]:
    """The planes worth showing: all three, or the one that a single slice lies in."""
    single = tuple(p for p in PLANE_NAMES if volume.shape[volume.layout(p).axis] == 1)
    return single[:1] or PLANE_NAMES


def check_options(options) -> None:
    """raises : ViewError for an option that no viewer has: it would be an attribute nobody reads"""
    known = {*Viewer.class_own_traits(), "full", "height", "same_space", "layout"} - {"plane"}
    for name in options.keys() - known:
        close = get_close_matches(name, known, 1)
        raise ViewError(
            f"there is no option {name!r}",
            f"Did you mean {close[0]}?"
            if close
            else f"The options are {', '.join(sorted(known))}.",
        )


def _lists(points):
    return [list(map(_plain, point)) for point in points]


def _tuples(points):
    return tuple(tuple(point) for point in points)


def _plain(number):
    return number.item() if isinstance(number, np.generic) else number
