"""One plane at a time: the viewer for a slice, a radiograph, a volume."""

from .base import Viewer


class SliceViewer(Viewer):
    """One picture, a slider for its slices, a button for each plane. Traits as `Viewer`."""
