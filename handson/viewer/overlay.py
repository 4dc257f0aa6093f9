"""Images over one another, and the ways to judge whether they lie right."""

from .base import Viewer


class OverlayViewer(Viewer):
    """A base with layers over it, each on its own grid, placed by world coordinates.

    Traits as `Viewer`, and of each layer in `layers`: visible, opacity, threshold, two_sided, cmap,
    outline, interpolation. `compose` compares them: "blend", "curtain" (left of `split`),
    "checkerboard", "side by side".
    """
