"""What every viewer is: a box of controls around one canvas, with its whole state in traits.

The traits follow the canvas and the base layer both ways. Controls are linked to those models in the
browser, so a slider moves the picture without a kernel and Python hears of it afterwards.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ipywidgets import VBox
from numpy.typing import ArrayLike
from traitlets import Bool, Enum, Float, Int, TraitError, Tuple, validate

from .. import arguments
from ..display import courses, measuring, raster, words
from ..display.colours import COLOUR_MAPS
from ..display.images import in_own_order, in_volume_order
from ..display.look import Look, base_look
from ..display.panel import shown_planes
from ..display.values import survey
from ..display.windows import function_of, offered, to_range, to_window
from ..display.words import LABELS
from ..errors import ViewError
from ..segmentations import Segment
from ..segmentations.grids import on
from ..sides import CONVENTIONS, PlaneLayout
from ..volume import Volume
from ..whole import whole_file
from . import annotations as marks
from . import controls, export, rows, static, still
from .canvas import ARRANGEMENTS, PANELS, PLANE_NAMES, SLABS, Canvas, geometry
from .models import Layer

# Traits that the canvas has under the same name and in the same form.
_SAME = (
    "time",
    "split",
    "zoom",
    "smooth",
    "panel",
    "slab_mm",
    "playing",
    "fps",
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
    zoom, smooth, montage, show_crosshair, outside : as the buttons of the page
    arrangement : "one", "one and two" or "grid" (three planes and a fourth pane)
    panel : what the fourth pane shows, one of `PANELS`; histogram : whether it is the histogram
    tilt : degrees about the patient's x, y and z by which the planes are turned about the crosshair
    slab : "off", "max", "mean" or "min" through slab_mm; fps : steps a second while `playing`
    annotations : rulers, angles, regions, ... as `annotations` defines them, each on its own slice
    ruler : the two points of the last `Ruler`, mm, or (); region : two opposite voxels of the last `Region`,
        both inside, or (), counted as `painted_mask()` is: (i, j, k), or in the own order of an array
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
    arrangement = Enum(ARRANGEMENTS, "one")
    panel = Enum(PANELS, "")
    histogram = Bool(False)
    tilt = Tuple(Float(), Float(), Float())
    slab = Enum(SLABS, "off")
    slab_mm = Float(10.0, min=0.1)
    playing = Bool(False)
    fps = Float(10.0, min=0.1, max=60)
    annotations = Tuple()
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
    _ARRANGEMENT = "one"
    _SHOWN: ClassVar[dict[str, bool]] = {}
    _PARTS = (rows.place, rows.window, rows.layers, rows.sides)

    def __init__(self, volume, *layers, plane=None, window=None, cmap=None, convention="radiological",
                 crosshair=None, time=0, full=False, height=492, same_space=False, axes=(0, 1, 2),
                 name="", header=None, **state):  # fmt: skip
        self._opened, self._attached = [], []
        check_options(state)
        if convention not in CONVENTIONS:
            raise ViewError(
                f"there is no convention {convention!r}", f"It is {' or '.join(CONVENTIONS)}."
            )
        self.volume = volume
        self.axes = tuple(axes)
        self.caption = name
        self._header = header
        self._hearing = False
        self.planes = shown_planes(volume)
        plane = plane or self.planes[0]
        start = self._start(crosshair)
        seen = survey(volume.data)
        self.presets = offered(volume, seen)
        self.function = function_of(volume, seen.whole)
        self.base = Layer(
            volume,
            name=name or None,
            look=base_look(volume, seen, window, cmap, self.presets),
            seen=seen,
        )
        axis = volume.layout(plane).axis
        self.base.attach(axis, start[axis], full)
        self._attached.append(self.base)
        for layer in layers:
            self._attach(layer, plane, start)
        self.layers = tuple(layers)
        apart = [o.safe_name for o in layers if words.in_other_space(volume, o.volume)]
        self.warning = "" if same_space else words.other_space_said(apart)
        on_picture = LABELS["other_space"] if self.warning else ""
        self.canvas = Canvas(
            geometry=geometry(volume, self.presets.values(), on_picture, header is not None),
            layers=[self.base, *layers],
            language=LABELS.chosen or "en",
            panes=list(self._PANES),
            arrangement=ARRANGEMENTS.index(self._ARRANGEMENT),
            preset=self._preset(window),
            fps=speed_of(volume),
            plane=PLANE_NAMES.index(plane),
            i=start[0],
            j=start[1],
            k=start[2],
            crosshair=volume.world(start).tolist(),
            time=time,
            convention=CONVENTIONS.index(convention),
            height=height,
            panel="time" if volume.n_volumes > 1 else "",
            **self._SHOWN,
        )
        self.controls = controls.Controls()
        self._opened += [self.canvas, self.canvas.layout]
        side = VBox([control for part in self._PARTS for control in part(self)])
        side.add_class("handson-side")
        super().__init__([self.canvas, side])
        self._opened += controls.within(self)
        self.canvas.links = self.controls.ties
        self.add_class("handson-viewer")
        self._follow()
        for name, value in state.items():
            setattr(self, name, value)

    # ---- set-up --------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """How the base is drawn now."""
        return replace(self.base.look, threshold=None, marks=self.outside)

    def _preset(self, window):
        """Which of the presets is on show first; none when another window was given."""
        names = list(self.presets)
        return 0 if window is None else names.index(window) if isinstance(window, str) else None

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
        tie("arrangement", canvas, "arrangement", ARRANGEMENTS.index, ARRANGEMENTS.__getitem__)
        tie("slab", canvas, "slab", SLABS.index, SLABS.__getitem__)
        tie("tilt", canvas, "tilt", list, tuple)
        tie("annotations", canvas, "annotations", marks.to_state, marks.from_state)
        tie("painted", canvas, "painted", list, tuple)
        tie("events", canvas, "events", _lists, _tuples)
        for name in _SAME:
            tie(name, canvas, name)
        canvas.observe(self._place_heard, ["i", "j", "k", "crosshair", "plane"])
        self.observe(self._voxel_set, "voxel")
        self.observe(self._crosshair_set, "crosshair")
        self.observe(self._index_set, "index")
        self.observe(self._panel_heard, "panel")
        self.observe(self._histogram_set, "histogram")
        self.observe(self._arrangement_set, "arrangement")
        self.observe(self._marks_heard, "annotations")
        self.observe(self._ruler_set, "ruler")
        self.observe(self._region_set, "region")
        canvas.on_msg(self._answer)
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
        if not 0 <= proposal["value"] < self.volume.n_volumes:
            raise TraitError(
                f"there is no volume {proposal['value']} in time: they run from 0 to {self.volume.n_volumes - 1}"
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

    @validate("annotations")
    def _annotations_possible(self, proposal):
        for each in proposal["value"]:
            if not isinstance(each, marks.Annotation):
                raise TraitError(
                    f"{type(each).__name__} is not an annotation: use Ruler, Angle, Region, Ellipse, Freehand, Arrow or Text"
                )
        return proposal["value"]

    # ---- panes -----------------------------------------------------------------------------

    def _panel_heard(self, change):
        self.histogram = change.new == "histogram"

    def _histogram_set(self, change):
        if change.new:
            self.panel = "histogram"
        elif self.panel == "histogram":
            self.panel = ""

    def _arrangement_set(self, change):
        if not self._hearing:
            self.canvas.panes = [None] if change.new == "one" else list(PLANE_NAMES)

    # ---- ruler and region: the last annotation of their kind ---------------------------------

    def _last(self, kind):
        return next((a for a in reversed(self.annotations) if type(a) is kind), None)

    def _marks_heard(self, _change=None):
        ruler, region = self._last(marks.Ruler), self._last(marks.Region)
        with self._heard():
            self.ruler = ruler.points if ruler else ()
            self.region = self._own_of(self._corners(region)) if region else ()

    def _corners(self, region):
        top = np.array(self.volume.shape[:3]) - 1
        return tuple(
            map(tuple, np.clip(self.volume.nearest(np.array(region.points)), 0, top).tolist())
        )

    def _ruler_set(self, change):
        if not self._hearing:
            self._replace(marks.Ruler, change.new, self.volume.voxel)

    def _region_set(self, change):
        if not self._hearing:
            points = [self.volume.world(p).tolist() for p in self._region]
            self._replace(marks.Region, points, self.volume.voxel)

    def _replace(self, kind, points, voxel):
        """Another last annotation of a kind; without points, none."""
        last, others = self._last(kind), list(self.annotations)
        if last is not None:
            others.remove(last)
        if len(points):
            others.append(kind(tuple(points), self._plane_of(voxel(np.array(points)))))
        self.annotations = tuple(others)

    def _plane_of(self, ijk):
        """The plane in which points lie in one slice: that on show first; "" when there is none."""
        flat = np.ptp(ijk, axis=0) < 0.5
        planes = [self.plane, *(p for p in self.planes if p != self.plane)]
        return next((p for p in planes if flat[self.volume.layout(p).axis]), "")

    def save_annotations(self, path: str | PathLike[str]) -> Path:
        """Write the annotations as JSON, points in RAS+ mm; returns the path."""
        return marks.save(path, self.annotations)

    def load_annotations(self, path: str | PathLike[str]) -> None:
        """Show the annotations of a file and no others.

        raises : ViewError for a file that holds none
        """
        self.annotations = marks.load(path)

    # ---- what the page asks ----------------------------------------------------------------

    def _answer(self, _canvas, content, _buffers):
        if content.get("kind") == "header" and self._header is not None:
            listed = [list(row) for row in self._header(content["ijk"], content["time"])]
            self.canvas.send({"kind": "header", "rows": listed})

    # ---- end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Take the viewer out of the page and give the memory back, there and here."""
        while self._opened:
            self._opened.pop().close()
        while self._attached:
            self._attached.pop().release()
        super().close()

    # ---- measuring -------------------------------------------------------------------------

    def _areas(self):
        return [a for a in self.annotations if isinstance(a, marks.Area)]

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
        if volume.n_volumes == 1:
            raise ViewError("a single volume has no course in time", "Show a 4-D volume.")
        areas = self._areas()
        masks = {
            "region": areas[-1].mask(volume, self.plane) if areas else None,
            "painted": self._painted if self.painted else None,
        }
        drawn = {n: m if m is None else courses.mean_course(volume, m) for n, m in masks.items()}
        return courses.TimeCourse(volume.seconds, volume.data[self.voxel].astype(float), **drawn)

    def paint(self, mask: ArrayLike) -> None:
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

    def painted_segment(self, name: str, number: int = 1, **said: Any) -> Any:
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

    def region_mask(self) -> np.ndarray:
        """Region and painting as a bool array [row, column] of the stored picture, True inside.

        For `handson.deidentify.Mask(drawn=...)`, which blackens it in every frame, whatever side is drawn
        where; several regions are put together with `|`.
        raises : ViewError when nothing is drawn in the plane of the pictures (`read_slice`, `read_series`)
        """
        areas = [a for a in self._areas() if self.volume.layout(a.plane or self.plane).axis == 2]
        drawn = [area.mask(self.volume, self.plane) for area in areas]
        return measuring.mask_of(self.volume, self.plane, [*drawn, self._painted])

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

    def measurements(self) -> list[dict[str, Any]]:
        """The numbers of every annotation, in the order in which they were drawn.

        returns : {"kind", "plane", "text"} and "length" (mm), "degrees", or the keys of `measure` for an area
        """
        found = []
        for each in self.annotations:
            options = {"plane": self.plane} if isinstance(each, marks.Area) else {}
            numbers = each.measure(self.volume, self.time, **options)
            found.append({"kind": each.kind, "plane": each.plane, "text": each.text, **numbers})
        return found

    def slab_around(self, layout: PlaneLayout, index: int) -> tuple[Volume, int] | None:
        """The slab through one slice as a volume of that slice alone, and its index; None when there is no slab."""
        volume = self.volume
        if self.slab == "off" or volume.rgb or volume.shape[layout.axis] == 1:
            return None
        matrix = volume.affine[:3, :3]
        face = np.linalg.norm(np.cross(matrix[:, layout.horizontal], matrix[:, layout.vertical]))
        count = max(1, int(self.slab_mm / (volume.voxel_volume / face) + 0.5))
        first = index - (count - 1) // 2
        low, high = np.clip([first, first + count - 1], 0, volume.shape[layout.axis] - 1)
        part = volume.at(self.time)
        inside = (slice(None),) * layout.axis + (slice(low, high + 1),)
        through: Any = {"max": np.nanmax, "mean": np.nanmean, "min": np.nanmin}[self.slab]
        values = through(part.data[inside], axis=layout.axis, keepdims=True)
        affine = part.affine.copy()
        affine[:3, 3] += affine[:3, layout.axis] * index
        return replace(part, data=values, affine=affine), 0

    # ---- pictures that stay ----------------------------------------------------------------

    @arguments.checked(path=arguments.ending(".png"))
    def save_png(self, path: str | PathLike[str], height: int = 720) -> Path:
        """Write what is on show, without controls, as a PNG; returns its path."""
        return self._write(path, static.png(self, height))

    @arguments.checked(path=arguments.ending(".html", ".htm"))
    def save_html(self, path: str | PathLike[str]) -> Path:
        """Write one page that still scrolls, with no kernel and no network; returns its path."""
        return self._write(path, export.page(self).encode())

    def _write(self, path: str | PathLike[str], content: bytes) -> Path:
        path = Path(path)
        with whole_file(path) as unfinished:
            unfinished.write_bytes(content)
        return path

    def __repr__(self):
        return f"{type(self).__name__}: {static.describe(self)}"

    def _repr_mimebundle_(self, **options):
        return still.bundle([self], repr(self), super()._repr_mimebundle_(**options))

    def _ipython_display_(self, **_options):
        still.show(self, [self], repr(self), super()._repr_mimebundle_())


def check_options(options: Mapping[str, Any]) -> None:
    """raises : ViewError for an option that no viewer has: it would be an attribute nobody reads"""
    known = {
        *Viewer.class_own_traits(),
        "full",
        "height",
        "same_space",
        "layout",
        "name",
        "header",
    } - {"plane"}
    for name in options.keys() - known:
        close = get_close_matches(name, known, 1)
        raise ViewError(
            f"there is no option {name!r}",
            f"Did you mean {close[0]}?"
            if close
            else f"The options are {', '.join(sorted(known))}.",
        )


def speed_of(volume: Volume) -> float:
    """Steps a second at which a series in time runs as fast as it happened; 10 when nobody says."""
    seconds = volume.seconds
    if volume.n_volumes == 1 or seconds is None or not seconds[-1] > 0:
        return 10.0
    return float(np.clip((len(seconds) - 1) / seconds[-1], 0.2, 30))


def _lists(points):
    return [list(map(_plain, point)) for point in points]


def _tuples(points):
    return tuple(tuple(point) for point in points)


def _plain(number):
    return number.item() if isinstance(number, np.generic) else number
