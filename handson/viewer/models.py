"""The widgets without a face: the voxels of one volume, and one layer's look.

Both live in the page as plain models that the canvas reads; their traits are their whole state.
`Source` answers the page's requests for chunks. Geometry comes from `handson.volume`; nothing here
decides sides or draws.
"""

import json
import zlib
from importlib.resources import files
from typing import ClassVar
from weakref import WeakValueDictionary

import numpy as np
from ipywidgets import Widget, widget_serialization
from traitlets import Bool, Bytes, Dict, Float, Instance, Int, List, Tuple, Unicode, validate

from ..errors import ViewError
from ..volume import Volume
from .encoding import Chunks, choose, survey

LABELS = json.loads((files(__package__) / "labels.json").read_text(encoding="utf-8"))

# Offered everywhere: grey, perceptually uniform maps that survive colour blindness, a diverging one
# for signed maps, and jet, to see what is wrong with it. The last one holds label colours (Okabe
# and Ito's, repeated).
COLOUR_MAPS = (
    "gray",
    "viridis",
    "cividis",
    "inferno",
    "magma",
    "plasma",
    "blues",
    "oranges",
    "blue-orange",
    "hot",
    "jet",
    "labels",
)
_MATPLOTLIB = {"blues": "Blues_r", "oranges": "Oranges_r"}
_LABEL_COLOURS = np.array(
    [(230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167)],
    np.uint8,
)  # fmt: skip


def colour_table(name) -> np.ndarray:
    """One colour map as uint8 [256, 3]; row q is the colour of position q."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    if name == "labels":
        return np.vstack([np.zeros((1, 3), np.uint8), np.resize(_LABEL_COLOURS, (255, 3))])
    if name == "blue-orange":
        colours = ["#8fd0ff", "#1f6fd0", "#20242a", "#d06a10", "#ffd9a0"]
        chosen = LinearSegmentedColormap.from_list(name, colours, 256)
    elif _MATPLOTLIB.get(name, name) in colormaps:
        chosen = colormaps[_MATPLOTLIB.get(name, name)].resampled(256)
    else:
        raise ViewError(
            f"there is no colour map {name!r}", f"The viewer offers {', '.join(COLOUR_MAPS)}."
        )
    return np.floor(chosen(np.arange(256))[:, :3] * 255 + 0.5).astype(np.uint8)


class Source(Widget):
    """The voxels of one volume in the page. Viewers of the same volume share one.

    coding : how codes become values, and how the chunks are cut; see `encoding`
    slab, slab_chunk : the chunk on show first; it travels with the state, so the first picture
        needs no message back
    """

    coding = Dict().tag(sync=True)
    slab = Bytes().tag(sync=True)
    slab_chunk = Int().tag(sync=True)

    _open: ClassVar = WeakValueDictionary()  # id of a volume -> its source, while one is open

    @classmethod
    def of(cls, volume, seen, slow, index, full=False) -> "Source":
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

    def send_everything(self, index=0):
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

        ipykernel 7.4 notes on a comm which shell last published on it, here the main one, and hands
        it whatever the page sends, so that every question waits for Run all to end. Without the
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
        volume = self.volume.at(min(content["frame"], self.volume.frames - 1))
        value = volume.data[tuple(content["ijk"])]
        return f"{value:.7g} {volume.unit}".strip()

    def release(self):
        """One user less; the last one closes the model and frees the page's bytes."""
        self.users -= 1
        if self.users == 0:
            self._open.pop((id(self.volume), self.full), None)
            self.close()


class Layer(Widget):
    """One image in a viewer, on its own grid: the base, or what is laid over it.

    volume : Volume
    name : shown in the legend; by default the volume's
    cmap : one of `COLOUR_MAPS`; by default "blue-orange" for two-sided maps, else "hot"
    opacity : 0..1
    threshold : values that are drawn, (low, high) or the low end alone; of |value| when `two_sided`
    two_sided : by default True for a map with values on both sides of zero
    range : (low, high), values at the two ends of the colour map
    labels : {value: name} of a label map, or True; labels are never interpolated. A mask (bool, or only
        0 and 1) is a label map with the one label 1, unless an option for maps of values is given
    names : {value: name}, the same as labels={value: name}
    colours : {value: colour}, "#rrggbb", a colour name or (red, green, blue) 0..255; labels without one
        take a colour of the map "labels"
    shown : the label values that are drawn, None for all
    outline : draw the edge instead of the area
    interpolation : "linear" or "nearest"; "nearest" for labels

    All but volume and labels can be set at any time, and follow their control in the page.
    """

    source = Instance(Source, allow_none=True).tag(sync=True, **widget_serialization)
    name = Unicode().tag(sync=True)
    unit = Unicode().tag(sync=True)
    shape = List().tag(sync=True)
    inverse = List().tag(sync=True)
    visible = Bool(True).tag(sync=True)
    opacity = Float(1.0).tag(sync=True)
    range = Tuple(Float(), Float()).tag(sync=True)
    threshold = Tuple(Float(), Float()).tag(sync=True)
    two_sided = Bool(False).tag(sync=True)
    outline = Bool(False).tag(sync=True)
    interpolate = Bool(True).tag(sync=True)
    invert = Bool(False).tag(sync=True)
    cmap_index = Int(0).tag(sync=True)
    label_colours = Dict().tag(sync=True)
    label_shown = List(Int(), allow_none=True, default_value=None).tag(sync=True)
    label_names = Dict(allow_none=True, default_value=None).tag(sync=True)

    def __init__(self, volume, name=None, cmap=None, opacity=0.7, threshold=None, two_sided=None,
                 range=None, labels=None, outline=False, interpolation=None, visible=True,
                 names=None, colours=None, shown=None):  # fmt: skip
        if not isinstance(volume, Volume):
            raise ViewError(
                f"a layer needs a Volume, not {type(volume).__name__}",
                "Read it with handson.open, or give the array an affine: Volume(data, affine).",
            )
        if volume.rgb:
            raise ViewError("a colour image cannot be laid over another", "Show it as the base.")
        self.volume, self._viewers = volume, 0
        self.seen = survey(volume.data)
        named = {**(labels if isinstance(labels, dict) else {}), **(names or {})}
        labels = bool(labels or named or colours or shown is not None)
        values_asked = any(
            x is not None for x in (cmap, threshold, range, two_sided, interpolation)
        )
        self.is_mask = not labels and not values_asked and _is_mask(volume.data, self.seen)
        if self.is_mask:
            labels, named, threshold = True, {1: volume.name if name is None else name}, (0.5, 1.0)
        if labels and not self.seen.whole:
            raise ViewError(
                "labels must be whole numbers", "Leave labels alone for a map of values."
            )
        low, high = self.seen.ends
        if two_sided is None:
            two_sided = not labels and low < 0 < high and -low > 0.1 * high
        most = max(abs(low), abs(high))
        ends = (-most, most) if two_sided else (min(low, 0.0) if low >= 0 else low, high)
        super().__init__(
            name=volume.name if name is None else name,
            unit=volume.unit,
            shape=[int(n) for n in volume.shape[:3]],
            inverse=np.linalg.inv(volume.affine).ravel().tolist(),
            visible=visible,
            opacity=opacity,
            two_sided=two_sided,
            outline=outline,
            range=ends if range is None else tuple(map(float, range)),
            threshold=_whole_threshold(threshold, self.seen.ends, volume.data.dtype, two_sided),
            label_names={str(k): str(v) for k, v in named.items()} if labels else None,
        )
        self.interpolation = interpolation or ("nearest" if labels else "linear")
        self.cmap = cmap or ("labels" if labels else "blue-orange" if two_sided else "hot")
        self.colours, self.shown = colours or {}, shown

    @property
    def cmap(self) -> str:
        return COLOUR_MAPS[self.cmap_index]

    @cmap.setter
    def cmap(self, name):
        if name not in COLOUR_MAPS:
            raise ViewError(
                f"there is no colour map {name!r}", f"The viewer offers {', '.join(COLOUR_MAPS)}."
            )
        self.cmap_index = COLOUR_MAPS.index(name)

    @property
    def names(self) -> dict[int, str]:
        """{value: name} of the labels that have one."""
        return {int(value): name for value, name in (self.label_names or {}).items()}

    @names.setter
    def names(self, names):
        self._needs_labels("names")
        self.label_names = {str(int(value)): str(name) for value, name in names.items()}

    @property
    def colours(self) -> dict[int, tuple[int, int, int]]:
        """{value: (red, green, blue)} of the labels that were given one, 0..255 each."""
        return {int(value): tuple(rgb) for value, rgb in self.label_colours.items()}

    @colours.setter
    def colours(self, colours):
        if colours:
            self._needs_labels("colours")
        self.label_colours = {str(int(value)): _rgb(colour) for value, colour in colours.items()}

    @property
    def shown(self) -> tuple[int, ...] | None:
        """The label values that are drawn; None for all."""
        return None if self.label_shown is None else tuple(self.label_shown)

    @shown.setter
    def shown(self, values):
        if values is not None:
            self._needs_labels("shown")
        self.label_shown = None if values is None else sorted({int(value) for value in values})

    def _needs_labels(self, option):
        if self.label_names is None:
            raise ViewError(
                f"{option!r} belongs to a label map", "Make it one: Layer(volume, labels=True)."
            )

    def label_rgb(self, values) -> np.ndarray:
        """The colours of label values of any shape: uint8 [..., 3]."""
        values = np.nan_to_num(values)
        rgb = colour_table(self.cmap)[label_positions(values)]
        for value, colour in self.colours.items():
            rgb[values == value] = colour
        return rgb

    @property
    def interpolation(self) -> str:
        return "linear" if self.interpolate else "nearest"

    @interpolation.setter
    def interpolation(self, kind):
        if kind not in ("linear", "nearest"):
            raise ViewError(f"there is no interpolation {kind!r}", "It is linear or nearest.")
        if kind == "linear" and self.label_names is not None:
            raise ViewError(
                "labels cannot be interpolated: between 1 and 3 there is no 2",
                'Leave interpolation at "nearest".',
            )
        self.interpolate = kind == "linear"

    @validate("opacity")
    def _within(self, proposal):
        if not 0 <= proposal["value"] <= 1:
            raise ViewError(f"an opacity of {proposal['value']:g} is not possible", "It is 0..1.")
        return proposal["value"]

    def attach(self, slow, index, full=False, number=0):
        """Bring the voxels: called by a viewer, which knows the slice on show.

        number : place among the viewer's layers; masks differ in colour by it
        """
        if self.is_mask and not self.label_colours:
            self.colours = {1: _LABEL_COLOURS[number % len(_LABEL_COLOURS)].tolist()}
        self.source = Source.of(self.volume, self.seen, slow, index, full)
        if self.comm is None:
            self.open()  # an earlier viewer was closed with it
        self._viewers += 1

    def release(self):
        """One viewer less; the last one closes the model. Another viewer may still attach it."""
        self._viewers -= 1
        self.source.release()
        if self._viewers == 0:
            self.close()


def label_positions(values) -> np.ndarray:
    """Whole numbers -> positions on the label colours: 0 has the first, the others repeat."""
    return np.where(values == 0, 0, 1 + np.mod(np.nan_to_num(values) - 1, 255)).astype(np.uint8)


def _is_mask(data, seen) -> bool:
    return data.dtype.kind == "b" or (seen.whole and not seen.nan and seen.ends == (0.0, 1.0))


def _rgb(colour) -> list[int]:
    """(red, green, blue), 0..255 each, of a colour as Layer takes it."""
    from PIL import ImageColor

    try:
        rgb = ImageColor.getrgb(colour)[:3] if isinstance(colour, str) else colour
        rgb = [int(n) for n in rgb]
        if len(rgb) == 3 and all(0 <= n <= 255 for n in rgb):
            return rgb
    except (TypeError, ValueError):
        pass
    raise ViewError(f"{colour!r} is not a colour", 'Give "#rrggbb" or (red, green, blue), 0..255.')


def _whole_threshold(threshold, ends, dtype, two_sided):
    """(low, high) from what was given; by default the background, values near zero, is hidden."""
    low, high = ends
    most = max(abs(low), abs(high)) if two_sided else high
    if threshold is None:
        few = dtype.kind in "bu" or (dtype.kind == "i" and 0 <= high <= 255)
        threshold = 1.0 if few and low >= 0 else 0.1 * most if two_sided or low >= 0 else low
    if np.ndim(threshold) == 0:
        return float(threshold), float(most)
    return tuple(map(float, threshold))
