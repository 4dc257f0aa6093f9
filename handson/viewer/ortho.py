"""Three planes at one point: a crosshair that means the same place in each."""

from typing import ClassVar

from .base import Viewer
from .canvas import PLANE_NAMES


class OrthoViewer(Viewer):
    """Axial, coronal and sagittal in one view; click in one and the others follow.

    Traits as `Viewer`; `plane` is the one that `index` counts.
    """

    _PANES: ClassVar[tuple[str | None, ...]] = PLANE_NAMES
    _ARRANGEMENT = "grid"
    _SHOWN: ClassVar[dict[str, bool]] = {"show_crosshair": True}
