"""Matplotlib pictures that carry what a picture needs: sides, scale, proportions, units, alt text.

`picture` draws one slice, `planes` three through one point, `montage` many slices or many times,
`overlay` a second image on the first, `course` values against time. A figure is returned, not registered with pyplot: as the last line of a cell it shows
itself, and `savefig` saves it. No name is ever put into a picture unasked, for a file's name may be
a patient's. Nothing here reads a file.

`plt.style.use("handson.figures.lesson")` gives every figure the course's look, ours and matplotlib's own.
"""

from .courses import course
from .drawing import Picture
from .layers import BLUE_ORANGE, LABEL_COLOURS, LABEL_DASHES, overlay
from .sections import montage, picture, planes

__all__ = [
    "BLUE_ORANGE",
    "LABEL_COLOURS",
    "LABEL_DASHES",
    "Picture",
    "course",
    "montage",
    "overlay",
    "picture",
    "planes",
]
