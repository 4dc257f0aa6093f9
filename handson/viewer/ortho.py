"""Three planes at one point: a crosshair that means the same place in each."""

from typing import ClassVar

from . import rows
from .base import Viewer
from .canvas import PLANE_NAMES


class OrthoViewer(Viewer):
    """Axial, coronal and sagittal side by side; click in one and the others follow.

    Traits as `Viewer`; `plane` is the one that `index` counts.
    """

    _PANES: ClassVar[tuple[str | None, ...]] = PLANE_NAMES
    _SHOWN: ClassVar[dict[str, bool]] = {"show_crosshair": True}

    def _arrange(self):
        self.add_class("handson-ortho")
        parts = (rows.sides, rows.slices, rows.window)
        return [*(row for part in parts for row in part(self)), self.canvas, *rows.layers(self)]
