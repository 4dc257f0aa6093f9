"""One slice, its histogram and a window that can be laid on the right values or on the wrong ones.

The viewer draws picture, histogram and ramp; this box adds the choice between stored and real-world
values and the share of pixels that the window draws black or white.
"""

from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np
import traitlets

from ..display.windows import window as grey_levels
from ..errors import ViewError
from ..viewer import view
from ..viewer.slices import SliceViewer
from ..volume import Slice
from .still import labels

_LABELS = labels("window_explorer")
VALUES = ("real", "stored")


class WindowExplorer(widgets.VBox):
    """A `Slice` under a window of your choice.

    picture : `Slice` of one channel, with the dataset it came from
    values : "real" (after the modality LUT) or "stored"
    window : (centre, width), laid on whichever values are chosen
    """

    values = traitlets.Enum(VALUES, "real")
    window = traitlets.Tuple(traitlets.Float(), traitlets.Float())

    def __init__(self, picture: Slice, window=(40.0, 400.0)):
        dataset: Any = picture.dataset
        if picture.pixels.ndim != 2 or dataset is None:
            raise ViewError("a window needs grey values from a file", "Use handson.read_slice.")
        stored = np.asarray(dataset.pixel_array, np.float32)
        self._slices = {"real": picture, "stored": replace(picture, pixels=stored, unit="")}
        self._choice = widgets.ToggleButtons(
            options=[(_LABELS[name], name) for name in VALUES], description=_LABELS["values"]
        )
        self._share = widgets.HTML()
        super().__init__([self._choice, widgets.Box(), self._share])
        widgets.link((self, "values"), (self._choice, "value"))
        self.window = window
        self._show()

    @property
    def viewer(self) -> SliceViewer:
        """The `SliceViewer` on show."""
        return self.children[1]

    @property
    def saturated(self) -> tuple[float, float]:
        """Shares of the pixels, 0 to 1: drawn black, drawn white."""
        grey = grey_levels(self._slices[self.values].pixels, *self.window)
        return float(np.mean(grey <= 0)), float(np.mean(grey >= 255))

    @traitlets.observe("values")
    def _show(self, change=None):
        if not self.children:
            return
        old = self.viewer
        viewer = view(self._slices[self.values], window=self.window, histogram=True)
        self.children = [self._choice, viewer, self._share]
        viewer.observe(lambda change: setattr(self, "window", change.new), "window")
        old.close()
        self._count()

    @traitlets.observe("window")
    def _count(self, change=None):
        if len(self.children) and hasattr(self.viewer, "window"):
            self.viewer.window = self.window
            self._share.value = self.share

    @property
    def share(self) -> str:
        """The shares in words."""
        black, white = self.saturated
        between = 1 - black - white
        return _LABELS["saturated"].format(
            black=f"{black:.0%}", white=f"{white:.0%}", between=f"{between:.0%}"
        )

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = widgets.VBox._repr_mimebundle_(self, **kwargs), {}
        still = self.viewer._repr_mimebundle_(**kwargs)
        still = still[0] if isinstance(still, tuple) else still
        data = data[0] if isinstance(data, tuple) else data
        text = f"{still['text/plain']}; {self.share}"
        return {**data, "image/png": still["image/png"], "text/plain": text}, metadata
