"""One voxel in the array and in the patient at once: what the affine does, to be played with.

The picture is drawn in the page from traits alone, so it moves without a kernel. Which side is
where is `plane_layout`'s answer, as everywhere.
"""

from html import escape
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ..errors import ViewError
from ..sides import CONVENTIONS, PLANES, plane_layout
from ..volume import Volume
from .still import labels, script

_HERE = Path(__file__).parent
_MARGIN = 30.0  # mm around the volume, so that the arrows of an outer voxel are seen whole
_LABELS = labels("affine_explorer")


class AffineExplorer(anywidget.AnyWidget):
    """Array view and world view side by side, the affine's three columns as arrows.

    volume : 3-D `Volume` with a side; shown in grey up to all but its brightest 0.3 %
    voxel : [i, j, k] to begin with, by default the middle

    Traits, all settable: voxel, plane ("axial", ...), convention, nose_left (sagittal only).
    """

    _esm = script("affine_explorer")
    _css = _HERE / "affine_explorer.css"
    data = traitlets.Bytes().tag(sync=True)  # uint8, i fastest
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    affine = traitlets.List(traitlets.Float()).tag(sync=True)  # 16 numbers, row by row
    inverse = traitlets.List(traitlets.Float()).tag(sync=True)
    box: traitlets.List = traitlets.List().tag(sync=True)  # low and high edge along x, y, z, mm
    sides = traitlets.Dict().tag(sync=True)
    voxel = traitlets.List(traitlets.Int()).tag(sync=True)
    planes = traitlets.List(list(PLANES)).tag(sync=True)
    plane = traitlets.Enum(list(PLANES), "axial").tag(sync=True)
    conventions = traitlets.List(list(CONVENTIONS)).tag(sync=True)
    convention = traitlets.Enum(CONVENTIONS, "radiological").tag(sync=True)
    nose_left = traitlets.Bool(True).tag(sync=True)
    labels = traitlets.Dict(_LABELS).tag(sync=True)

    def __init__(self, volume: Volume, voxel=None):
        if len(volume.shape) != 3 or not volume.oriented:
            raise ViewError(
                f"the affine explorer needs a 3-D volume with a side, not {volume!r}",
                "Pick one volume of a series with volume.at(0).",
            )
        low, high = np.percentile(volume.data, (0, 99.7))
        grey = np.clip((volume.data - low) * (255 / ((high - low) or 1)), 0, 255)
        edges = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in volume.shape])).reshape(3, -1).T
        corners = volume.world(edges)
        super().__init__(
            data=grey.astype(np.uint8).tobytes(order="F"),
            shape=list(volume.shape),
            affine=volume.affine.ravel().tolist(),
            inverse=np.linalg.inv(volume.affine).ravel().tolist(),
            box=np.column_stack([corners.min(0) - _MARGIN, corners.max(0) + _MARGIN]).tolist(),
            sides={c: _sides(c) for c in CONVENTIONS},
            voxel=[n // 2 for n in volume.shape] if voxel is None else list(voxel),
        )

    @traitlets.validate("voxel")
    def _inside(self, proposal):
        return [min(max(v, 0), n - 1) for v, n in zip(proposal["value"], self.shape, strict=True)]

    @property
    def mm(self) -> np.ndarray:
        """Place of the voxel, RAS+ mm."""
        return np.reshape(self.affine, (4, 4))[:3] @ [*self.voxel, 1]

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, *metadata = bundle if isinstance(bundle, tuple) else (bundle,)
        data = {**data, "text/plain": self._text(), "text/html": f"<p>{escape(self._text())}</p>"}
        return (data, *metadata) if metadata else data

    def _text(self) -> str:
        """What the widget says, for a page without a kernel."""
        place = ", ".join(f"{v:.1f}" for v in self.mm)
        return f"Affine explorer: voxel {tuple(self.voxel)} is at ({place}) mm, RAS+."


def _sides(convention):
    """Plane -> how a RAS+ world is drawn: axes across and up the picture, their signs, the letters."""
    drawn = {}
    for plane in PLANES:
        layout = plane_layout(np.eye(4), plane, convention)
        drawn[plane] = {
            "across": {"axis": layout.horizontal, "sign": -1 if layout.flip_horizontal else 1},
            "up": {"axis": layout.vertical, "sign": 1 if layout.flip_vertical else -1},
            "letters": layout.letters,
        }
    across, letters = drawn["sagittal"]["across"], drawn["sagittal"]["letters"]
    drawn["sagittal, nose right"] = {
        **drawn["sagittal"],
        "across": {**across, "sign": -across["sign"]},
        "letters": {**letters, "left": letters["right"], "right": letters["left"]},
    }
    return drawn
