"""Images over one another, and the ways to judge whether they lie right."""

from . import controls as make
from .base import Viewer
from .models import LABELS


class OverlayViewer(Viewer):
    """A base with layers over it, each on its own grid, placed by world coordinates.

    Traits as `Viewer`, and of each layer in `layers`: visible, opacity, threshold, two_sided, cmap,
    outline, interpolation. `compose` compares them: "blend", "curtain" (left of `split`),
    "checkerboard", "side by side".
    """

    def _layer_rows(self):
        menu = make.menu("compose", LABELS["compositions"], self.canvas.compose)
        self._add("compose", menu, self.canvas, "compose", "index")
        split = self._add("split", make.split_slider(self.canvas.split), self.canvas, "split")
        return [*super()._layer_rows(), self._row(menu, split)]
