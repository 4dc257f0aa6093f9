"""The models behind the picture, with no controls: the voxels of one volume, and one layer's look.

Both live in the page as plain models that the canvas reads; their traits are their whole state.
`PageVoxels` answers the page's requests for chunks. Geometry comes from `handson.volume`, looks from
`handson.display`; nothing here decides sides or draws.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import numpy as np
from ipywidgets import Widget, widget_serialization
from traitlets import Bool, Bytes, Dict, Float, Instance, Int, List, Tuple, Unicode, validate

from ..display.colours import COLOUR_MAPS, LABEL_COLOURS, RGB, rgb
from ..display.images import as_volume
from ..display.look import (
    Look,
    check_cmap,
    check_interpolation,
    check_opacity,
    is_mask,
    layer_look,
)
from ..display.values import Survey, survey
from ..display.words import LABELS
from ..errors import ViewError
from ..volume import Volume
from .encoding import Chunks, choose


class PageVoxels(Widget):
    """The voxels of one volume in the page. Viewers of the same volume share one.

    coding : how codes become values, and how the chunks are cut; see `encoding`
    slab, slab_chunk : the chunk on show first; it travels with the state, so the first picture
        needs no message back
    """

    coding = Dict().tag(sync=True)
    slab = Bytes().tag(sync=True)
    slab_chunk = Int().tag(sync=True)

    _open: ClassVar[WeakValueDictionary[tuple[int, bool], "PageVoxels"]] = (
        WeakValueDictionary()
    )  # id of a volume -> its source, while one is open

    @classmethod
    def of(
        cls, volume: Volume, seen: Survey, slow: int, index: int, full: bool = False
    ) -> "PageVoxels":
        """The volume's source, made when there is none; `slow` is the axis of the plane on show."""
        found = cls._open.get((id(volume), full))
        if found is None:
            found = cls._open[id(volume), full] = cls(volume, seen, slow, index, full)
        found.users += 1
        return found

    def __init__(self, volume, seen, slow, index, full):
        self.volume, self.users, self.slow, self.full = volume, 0, slow, full
        self._page, self._sent, self._seen = None, set(), seen
        super().__init__(**self._state(index, full))
        self.on_msg(self._answer)
        self._leave_figures_alone()
        self._let_page_choose_shell()

    def _state(self, index, full):
        channels = 3 if self.volume.rgb else 1
        data = self.volume.data
        if channels == 3 and data.dtype != np.uint8:
            raise ViewError(f"colour of type {data.dtype} cannot be shown", "Convert it to uint8.")
        self.chunks = Chunks.of(data, choose(data, full, self._seen), self.slow, channels)
        chunk = self.chunks.holding(index)
        return {
            "coding": self.chunks.state(LABELS),
            "slab": bytes(self.chunks.get(chunk)),
            "slab_chunk": chunk,
        }

    def send_everything(self, index: int = 0) -> None:
        """Replace windowed bytes by every value; the page starts over."""
        state = self._state(index, full=True)
        with self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)
        self._let_page_choose_shell()

    def _leave_figures_alone(self):
        """Answer without IPython's `post_execute`, which a comm triggers after each message.

        pyplot shows and closes all open figures on it: from the thread for comms, those which a
        running cell is still drawing.
        """
        self.comm.handle_msg = lambda message: self.comm._msg_callback(message)

    def _let_page_choose_shell(self):
        """Have messages answered beside a running cell, in the kernel's thread for comms.

        ipykernel 7.4 notes on a comm which shell last published on it, here the main one. It then hands
        that shell whatever the page sends, and every question waits for Run all to end. Without the
        note it takes the shell that the page names; other kernels have no such note.
        """
        vars(self.comm).pop("_reply_subshell_id", None)

    def _answer(self, _widget, content, _buffers):
        # Runs in whichever thread the kernel handles comm messages in: reads the array only.
        if content.get("kind") == "want":
            self._send_chunks(content["page"], content["chunks"])
        elif content.get("kind") == "probe":
            self.send({"kind": "value", "key": content["key"], "text": self._exactly(content)})
        self._let_page_choose_shell()

    def _send_chunks(self, page, numbers):
        """What a page asks for; twice only when it is another page, or the same one loaded again."""
        if page != self._page:
            self._page, self._sent = page, set()
        for number in numbers:
            if number not in self._sent:
                self._sent.add(number)
                self._send_chunk(page, number)

    def _send_chunk(self, page, number):
        data = self.chunks.get(number)
        # Bytes deflate fast and often to a third, which a slow link feels; 16 bits never pay.
        packed = zlib.compress(data, 1) if self.coding["dtype"] == "uint8" else data
        deflated = len(packed) < 0.7 * len(data)
        message = {"kind": "chunk", "page": page, "chunk": number, "deflated": deflated}
        self.send(message, [packed if deflated else data])

    def _exactly(self, content):
        volume = self.volume.at(min(content["time"], self.volume.n_volumes - 1))
        value = volume.data[tuple(content["ijk"])]
        return f"{value:.7g} {volume.unit}".strip()

    def release(self) -> None:
        """One user less; the last one closes the model and frees the page's bytes."""
        self.users -= 1
        if self.users == 0:
            self._open.pop((id(self.volume), self.full), None)
            self.close()


class Layer(Widget):
    """One image in a viewer, on its own grid: the base, or what is laid over it.

    volume : Volume, or another image that has a place of its own
    name : shown in the legend; by default the volume's
    cmap : one of `COLOUR_MAPS`; by default "blue-orange" for two-sided maps, else "inferno"
    opacity : 0..1
    threshold : values that are drawn, (low, high) or the low end alone; of |value| when `two_sided`
    two_sided : by default True for a map with values on both sides of zero
    range : (low, high), values at the two ends of the colour map
    labels : {value: name} of a label map, True or False; labels are never interpolated. By default masks
        and whole numbers that lie in areas are labels (`handson.display.values.are_labels`), unless an
        option for maps of values is given
    names : {value: name}, the same as labels={value: name}
    colours : {value: colour}, "#rrggbb", a colour name or (red, green, blue) 0..255; labels without one
        take a colour of the map "labels"
    shown : the label values that are drawn, None for all
    outline : draw the edge instead of the area
    interpolation : "linear" or "nearest"; "nearest" for labels
    visible : False hides the layer
    look : a `handson.display.Look` that decides all of this at once

    All but volume and labels can be set at any time, and follow their control in the page.
    """

    source = Instance(PageVoxels, allow_none=True).tag(sync=True, **widget_serialization)
    name = Unicode().tag(sync=True)
    unit = Unicode().tag(sync=True)
    shape: List = List().tag(sync=True)
    inverse: List = List().tag(sync=True)
    visible = Bool(True).tag(sync=True)
    opacity = Float(1.0).tag(sync=True)
    range = Tuple(Float(), Float()).tag(sync=True)
    threshold = Tuple(Float(), Float()).tag(sync=True)
    two_sided = Bool(False).tag(sync=True)
    outline = Bool(False).tag(sync=True)
    interpolate = Bool(True).tag(sync=True)
    invert = Bool(False).tag(sync=True)
    window_function = Unicode("LINEAR_EXACT").tag(sync=True)
    cmap_index = Int(0).tag(sync=True)
    label_colours = Dict().tag(sync=True)
    label_shown = List(Int(), allow_none=True, default_value=None).tag(sync=True)
    mask = Bool(False).tag(sync=True)
    label_names = Dict(allow_none=True, default_value=None).tag(sync=True)

    def __init__(
        self,
        volume: Any,
        name: str | None = None,
        cmap: str | None = None,
        opacity: float = 0.7,
        threshold: float | Sequence[float] | None = None,
        two_sided: bool | None = None,
        range: Sequence[float] | None = None,
        labels: bool | Mapping[int, str] | None = None,
        outline: bool = False,
        interpolation: str | None = None,
        visible: bool = True,
        names: Mapping[int, str] | None = None,
        colours: Mapping[int, str | Sequence[int]] | None = None,
        shown: Sequence[int] | None = None,
        look: Look | None = None,
        seen: Survey | None = None,
    ):
        self.volume, self._viewers = _placed(volume), 0
        self.seen = seen or survey(self.volume.data)
        look = look or layer_look(
            self.volume,
            self.seen,
            cmap=cmap,
            opacity=opacity,
            threshold=threshold,
            two_sided=two_sided,
            range=range,
            labels=labels,
            names=names,
            colours=colours,
            shown=shown,
            outline=outline,
            interpolation=interpolation,
            visible=visible,
        )
        self._named = name is not None
        called = self.volume.name if name is None else name
        # A base draws all of its values: no threshold. Its colour map says whether they are labels.
        self.is_mask = look.threshold is not None and is_mask(look, self.seen)
        if self.is_mask and not look.names:
            look = replace(look, names={1: called})
        super().__init__(
            name=called,
            mask=self.is_mask,
            unit=self.volume.unit,
            shape=[int(n) for n in self.volume.shape[:3]],
            inverse=np.linalg.inv(self.volume.affine).ravel().tolist(),
            **_traits(look),
        )

    @property
    def look(self) -> Look:
        """How this layer is drawn now, as the figures and the PNG take it."""
        return Look(
            range=self.range,
            function=self.window_function,
            cmap=self.cmap,
            invert=self.invert,
            opacity=self.opacity,
            interpolation=self.interpolation,
            threshold=self.threshold,
            two_sided=self.two_sided,
            outline=self.outline,
            labels=self.label_names is not None or self.cmap == "labels",
            names=self.names,
            colours=self.colours,
            shown=self.shown,
            visible=self.visible,
        )

    @property
    def cmap(self) -> str:
        return COLOUR_MAPS[self.cmap_index]

    @cmap.setter
    def cmap(self, name: str) -> None:
        check_cmap(name)
        self.cmap_index = COLOUR_MAPS.index(name)

    @property
    def safe_name(self) -> str:
        """The name that was given here; never one that stands in a file, which may be a patient's."""
        return self.name if self._named else self.volume.modality

    @property
    def names(self) -> dict[int, str]:
        """{value: name} of the labels that have one."""
        return {int(value): name for value, name in (self.label_names or {}).items()}

    @names.setter
    def names(self, names: Mapping[int, str]) -> None:
        self._needs_labels("names")
        self.label_names = {str(int(value)): str(name) for value, name in names.items()}

    @property
    def colours(self) -> dict[int, RGB]:
        """{value: (red, green, blue)} of the labels that were given one, 0..255 each."""
        return {int(value): tuple(rgb) for value, rgb in self.label_colours.items()}

    @colours.setter
    def colours(self, colours: Mapping[int, str | Sequence[int]]) -> None:
        if colours:
            self._needs_labels("colours")
        self.label_colours = {
            str(int(value)): list(rgb(colour)) for value, colour in colours.items()
        }

    @property
    def shown(self) -> tuple[int, ...] | None:
        """The label values that are drawn; None for all."""
        return None if self.label_shown is None else tuple(self.label_shown)

    @shown.setter
    def shown(self, values: Sequence[int] | None) -> None:
        if values is not None:
            self._needs_labels("shown")
        shown: Any = None if values is None else sorted({int(value) for value in values})
        self.label_shown = shown

    def _needs_labels(self, option):
        if self.label_names is None:
            raise ViewError(
                f"{option!r} belongs to a label map", "Make it one: Layer(volume, labels=True)."
            )

    @property
    def interpolation(self) -> str:
        return "linear" if self.interpolate else "nearest"

    @interpolation.setter
    def interpolation(self, kind: str) -> None:
        check_interpolation(kind, self.label_names is not None)
        self.interpolate = kind == "linear"

    @validate("opacity")
    def _within(self, proposal):
        check_opacity(proposal["value"])
        return proposal["value"]

    def attach(self, slow: int, index: int, full: bool = False, number: int = 0) -> None:
        """Bring the voxels: called by a viewer, which knows the slice on show.

        number : place among the viewer's layers; masks differ in colour by it
        """
        if self.is_mask and not self.label_colours:
            self.colours = {1: rgb(LABEL_COLOURS[number % len(LABEL_COLOURS)])}
        self.source = PageVoxels.of(self.volume, self.seen, slow, index, full)
        if self.comm is None:
            self.open()  # an earlier viewer was closed with it
        self._viewers += 1

    def release(self) -> None:
        """One viewer less; the last one closes the model. Another viewer may still attach it."""
        self._viewers -= 1
        if self.source is not None:
            self.source.release()
        if self._viewers == 0:
            self.close()


def _placed(x: Any) -> Volume:
    """The volume of a layer: an array alone has no place to be laid on."""
    if isinstance(x, Volume):
        return x
    if isinstance(x, np.ndarray | list | tuple):
        raise ViewError(
            "a layer needs a Volume: an array has no place of its own",
            "Give it the place of an image of the same grid: volume.with_data(array).",
        )
    return as_volume(x)


def _traits(look: Look) -> dict[str, Any]:
    """The traits of a layer that say the same as its look."""
    named = look.labels and look.threshold is not None
    return {
        "range": look.range,
        "window_function": look.function,
        "cmap_index": COLOUR_MAPS.index(look.cmap),
        "invert": look.invert,
        "opacity": look.opacity,
        "interpolate": look.interpolation == "linear",
        "threshold": look.threshold or look.range,
        "two_sided": look.two_sided,
        "outline": look.outline,
        "visible": look.visible,
        "label_names": {str(k): v for k, v in look.names.items()} if named else None,
        "label_colours": {str(k): list(v) for k, v in look.colours.items()},
        "label_shown": None if look.shown is None else list(look.shown),
    }
