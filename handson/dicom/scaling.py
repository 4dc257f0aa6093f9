"""From stored numbers to values with a unit: rescale, real-world value mapping, dose grid.

PS3.3 C.11.1 (modality transform), C.7.6.16.2.9 and .11 (functional groups), C.8.8.3 (dose). Look-up
tables are left to pydicom; this module only says which slope, intercept and unit hold for a frame.
"""

from dataclasses import dataclass

import numpy as np

from .header import number, text

# Units (0054,1001) of PET, PS3.3 C.8.9.1.1.3, and the UCUM codes of real-world value maps, as people write them.
UNITS = {
    "HU": "HU", "[hnsf'U]": "HU", "BQML": "Bq/ml", "Bq/ml": "Bq/ml", "Bq/mL": "Bq/ml", "GML": "g/ml",
    "{SUVbw}g/ml": "g/ml (SUVbw)", "CNTS": "counts", "PROPCNTS": "proportional to counts", "CPS": "counts/s",
    "PERCENT": "%", "NONE": "", "US": "", "1": "", "no units": "", "CM2ML": "cm2/ml", "BQCC": "Bq/ml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scaling:
    """value = slope * stored + intercept, in `unit`; with `table`, by the modality LUT instead."""

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    table: bool = False

    @property
    def identity(self) -> bool:
        return (self.slope, self.intercept, self.table) == (1.0, 0.0, False)

    @property
    def whole(self) -> bool:
        """True when whole numbers stay whole."""
        return not self.table and self.slope.is_integer() and self.intercept.is_integer()


def scaling(dataset, modality) -> Scaling:
    """The transform that a data set, or one functional group item, states.

    dataset : with RescaleSlope and so on at its top level
    modality : CT without RescaleType is in Hounsfield units (PS3.3 C.8.2.1.1.2)
    """
    if modality == "RTDOSE":
        unit = {"GY": "Gy", "RELATIVE": "relative dose"}.get(text(dataset, "DoseUnits"), "")
        return Scaling(number(dataset, "DoseGridScaling") or 1.0, 0.0, unit)
    if "ModalityLUTSequence" in dataset:
        table = dataset.ModalityLUTSequence
        kind = str(table[0].get("ModalityLUTType", "")) if table else ""
        return Scaling(unit=UNITS.get(kind, kind), table=bool(table))
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    kind = text(dataset, "RescaleType") or text(dataset, "Units")
    if not kind and modality == "CT" and slope is not None:
        kind = "HU"
    return Scaling(1.0 if slope is None else slope, intercept or 0.0, UNITS.get(kind, kind))


def value_type(pixels, kind, scalings) -> np.dtype:
    """The dtype that holds every value of these frames without rounding, PS3.5 section 8.1.

    Whole and constant slope and intercept: the smallest integer that holds every possible value,
    the stored type itself when nothing is scaled. Else float32, float64 from 32-bit pixels on.
    """
    stored = stored_type(pixels, kind)
    first = scalings[0]
    if stored.kind == "f" or not first.whole or any(s != first for s in scalings):
        return np.dtype(np.float64 if stored.itemsize > 2 and stored != np.float32 else np.float32)
    if first.identity:
        return stored
    low = -(1 << (pixels.stored - 1)) if pixels.signed else 0
    high = (1 << pixels.stored) - 1 + low
    reached = sorted(int(first.slope) * v + int(first.intercept) for v in (low, high))
    for name in (stored, np.int16, np.uint16, np.int32, np.uint32, np.int64):
        if np.iinfo(name).min <= reached[0] and reached[1] <= np.iinfo(name).max:
            return np.dtype(name)
    return np.dtype(np.float64)


def stored_type(pixels, kind="i") -> np.dtype:
    """The NumPy type of one stored sample: float and double for groups of that name."""
    if kind in "fd":
        return np.dtype(kind)
    return np.dtype(f"{'i' if pixels.signed else 'u'}{max(pixels.allocated // 8, 1)}")


def apply(stored, how: Scaling, dtype) -> np.ndarray:
    """Stored integers -> values of `dtype`; never a copy when there is nothing to do."""
    if how.identity:
        return stored.astype(dtype, copy=False)
    if np.dtype(dtype).kind in "iu":
        return stored.astype(dtype) * np.dtype(dtype).type(how.slope) + np.dtype(dtype).type(
            how.intercept
        )
    values = stored.astype(np.float64) * how.slope + how.intercept
    return values.astype(dtype)
