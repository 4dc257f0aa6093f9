"""What a picture shows, decided once: figures, viewer, PNG and HTML draw what is found here.

`images` makes a `Volume` of whatever a learner holds; `values` finds what its values are like; `windows`
and `colours` turn values into grey levels and colours; a `Look` carries those decisions; `raster` makes
pixels; `measuring` and `words` say what is measured and shown. No widget and no figure.
"""

from .colours import COLOUR_MAPS
from .images import as_volume
from .look import Look
from .raster import picture
from .windows import window

__all__ = ["COLOUR_MAPS", "Look", "as_volume", "picture", "window"]
