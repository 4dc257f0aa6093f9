"""One folder in the orders that its header elements suggest: the pile, cut open, and its steps.

The page gets one cut through the pile (a row of pixels per slice) and the order by each key; it only
puts columns in another order. The slices stand as they are: nothing here decides which order is right.
"""

from collections.abc import Sequence
from pathlib import Path

import anywidget
import numpy as np
import pydicom
import traitlets
from pydicom import Dataset

from ..errors import SeriesError
from ..sides import direction_letters
from .still import Still, html_table, labels, script

_HERE = Path(__file__).parent
_LABELS = labels("series_sorter")
KEYS = ("file name", "InstanceNumber", "SliceLocation", "IPP[2]", "n · IPP")


def normal(header: Dataset) -> np.ndarray:
    """Unit vector row x column, LPS+ (PS3.3 C.7.6.2.1.1)."""
    return np.cross(*np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3)))


def along_normal(header: Dataset) -> float:
    """mm along the normal."""
    return float(normal(header) @ np.array(header.ImagePositionPatient, float))


def sort_values(slices: Sequence[Dataset]) -> dict[str, list]:
    """What each key says of each slice; a key that a slice lacks is left out."""
    getters = {
        "file name": lambda s: str(s.filename),
        "InstanceNumber": lambda s: int(s.InstanceNumber),
        "SliceLocation": lambda s: float(s.SliceLocation),
        "IPP[2]": lambda s: float(s.ImagePositionPatient[2]),
        "n · IPP": along_normal,
    }
    found = {}
    for key in KEYS:
        try:
            found[key] = [getters[key](s) for s in slices]
        except (AttributeError, TypeError):  # absent or empty in some slice
            continue
    return found


class SeriesSorter(Still, anywidget.AnyWidget):
    """A folder's slices in the order of a key, cut at one column, with the step from slice to slice.

    slices : `pydicom.Dataset`s with pixels, of one series and one size, in the order of their names
    key : one of `KEYS` that the headers hold
    column : where the pile is cut, by default in the middle; from Python only
    """

    _esm = script("series_sorter")
    _css = _HERE / "lessons.css"
    key = traitlets.Unicode("file name").tag(sync=True)
    orders = traitlets.Dict().tag(sync=True)  # key -> numbers of the slices in that order
    positions: traitlets.List = traitlets.List().tag(sync=True)  # mm along the normal, per slice
    cut = traitlets.Bytes().tag(sync=True)  # uint8 [slice, row]
    size: traitlets.List = traitlets.List().tag(sync=True)  # slices, rows
    aspect = traitlets.Float(1.0).tag(sync=True)  # mm per row over mm per slice
    letters: traitlets.List = traitlets.List().tag(
        sync=True
    )  # of the sides where n begins and where it points to
    labels = traitlets.Dict(_LABELS).tag(sync=True)
    column = traitlets.Int()

    def __init__(self, slices: list[pydicom.Dataset], key="file name", column=None):
        if len({s.pixel_array.shape for s in slices}) != 1 or len(slices) < 3:
            raise SeriesError(
                "the sorter needs three or more slices of one size",
                "Pass the slices of one series.",
            )
        self._stack = np.stack([s.pixel_array for s in slices])
        values = sort_values(slices)
        positions = values["n · IPP"]
        step = np.ptp(positions) / (len(slices) - 1) or 1.0
        super().__init__(
            orders={k: np.argsort(v, kind="stable").tolist() for k, v in values.items()},
            positions=positions,
            letters=[direction_letters(sign * normal(slices[0]) * (-1, -1, 1)) for sign in (-1, 1)],
            size=list(self._stack.shape[:2]),
            aspect=float(slices[0].PixelSpacing[0]) / step,
            key=key,
            column=self._stack.shape[2] // 2 if column is None else column,
        )

    @traitlets.validate("key")
    def _known(self, proposal):
        if proposal["value"] not in self.orders:
            raise traitlets.TraitError(f"these headers can be sorted by {', '.join(self.orders)}")
        return proposal["value"]

    @traitlets.observe("column")
    def _cut(self, change):
        cut = self._stack[:, :, change.new].astype(float)
        low, high = np.percentile(self._stack[::8], (5, 99.5))
        self.cut = (
            (np.clip((cut - low) / ((high - low) or 1), 0, 1) * 255).astype(np.uint8).tobytes()
        )

    @property
    def steps(self) -> np.ndarray:
        """mm along the normal from each slice of the pile to the next, in the order of `key`."""
        return np.diff(np.array(self.positions)[self.orders[self.key]])

    def _rows(self):
        for key in self.orders:
            steps = np.diff(np.array(self.positions)[self.orders[key]])
            even = _LABELS["even" if np.ptp(steps) < 0.01 else "uneven"]
            yield key, f"{steps.min():.2f}", f"{steps.max():.2f}", even

    def still_text(self) -> str:
        return "\n".join([_LABELS["title"], *("  ".join(row) for row in self._rows())])

    def still_html(self) -> str:
        return html_table(_LABELS["title"], _LABELS["columns"], self._rows())
