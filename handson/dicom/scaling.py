"""From stored numbers to values with a unit: rescale, real-world value mapping, dose grid.

PS3.3 C.11.1 (modality transform), C.7.6.16.2.9 (per frame), C.7.6.16.2.11 (real-world values) and
C.8.8.3 (dose). Look-up tables are left to pydicom: here is only said which transform holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike
from pydicom import Dataset

from ..integers import integer_type
from .elements import number, numbers, text, value

# RescaleType, Units (0054,1001) and the UCUM codes of real-world value maps, as people write them.
UNITS = {
    "HU": "HU", "[hnsf'U]": "HU", "HU_MOD": "HU", "BQML": "Bq/ml", "Bq/ml": "Bq/ml", "Bq/mL": "Bq/ml",
    "BQCC": "Bq/ml", "GML": "g/ml", "{SUVbw}g/ml": "g/ml", "g/ml{SUVbw}": "g/ml", "CM2ML": "cm2/ml",
    "CNTS": "counts", "PROPCNTS": "proportional to counts", "CPS": "counts/s", "PERCENT": "%",
    "OD": "OD/1000", "NONE": "", "US": "", "1": "", "[arb'U]": "", "NORMALIZED": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scaling:
    """value = slope * stored + intercept, in `unit`; by the modality LUT instead when `table`.

    mapped : slope and intercept come from a real-world value mapping, not from the rescale
    stated : False where the file states no slope, or 0, and values are as stored
    """

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    table: bool = False
    mapped: bool = False
    stated: bool = True

    @property
    def known_unit(self) -> str:
        """The unit of the values; "" where they are as stored."""
        return self.unit if self.stated else ""

    @property
    def identity(self) -> bool:
        return (self.slope, self.intercept, self.table) == (1.0, 0.0, False)

    @property
    def whole(self) -> bool:
        """True when whole numbers stay whole."""
        return not self.table and self.slope.is_integer() and self.intercept.is_integer()

    def apply(self, stored: np.ndarray, dtype: DTypeLike) -> np.ndarray:
        """Stored numbers -> values of `dtype`, by slope and intercept."""
        if self.identity:
            return stored.astype(dtype, copy=False)
        values = stored * np.float64(self.slope)
        values += self.intercept
        return values.astype(dtype, copy=False)


def scaling(dataset: Dataset, modality: str) -> Scaling:
    """The transform that a data set, or an item of a functional group, states.

    modality : CT that states no RescaleType is in Hounsfield units (PS3.3 C.8.2.1.1.2)
    raises : ReadError when a slope or an intercept is there and is not a number
    """
    if modality == "RTDOSE":
        return _dose(dataset)
    if table := value(dataset, "ModalityLUTSequence"):
        kind = text(table[0], "ModalityLUTType")
        return Scaling(unit=UNITS.get(kind, kind), table=True)
    slope, intercept = _factor(dataset, "RescaleSlope"), _factor(dataset, "RescaleIntercept")
    kind = text(dataset, "RescaleType")
    if kind in ("", "US") and text(dataset, "Units"):  # of PET
        kind = text(dataset, "Units")
    if not kind and modality == "CT" and slope is not None:
        kind = "HU"
    unit = UNITS.get(kind, kind)
    if not slope:  # 0 would wipe out the picture; writers that leave it so mean "not scaled"
        return Scaling(1.0, 0.0 if slope == 0 else intercept or 0.0, unit, stated=False)
    return Scaling(slope, intercept or 0.0, unit)


def _dose(dataset) -> Scaling:
    """A dose grid: without its factor the stored numbers are not a dose."""
    factor = _factor(dataset, "DoseGridScaling")
    if not factor:
        return Scaling(stated=False)
    unit = {"GY": "Gy", "RELATIVE": "relative dose"}.get(text(dataset, "DoseUnits"), "")
    return Scaling(factor, 0.0, unit)


def _factor(dataset, key) -> float | None:
    return next(iter(numbers(dataset, key)), None)


def frame_scaling(rescale: Scaling, dataset: Dataset, index: int) -> Scaling:
    """The rescale of a frame, or its real-world mapping where only that states a unit."""
    mapped = mapping(dataset, index)
    if mapped and not rescale.unit and not rescale.table and (mapped.unit or rescale.identity):
        return mapped
    return rescale


def mapping(dataset: Dataset, index: int) -> Scaling | None:
    """The first linear real-world value mapping of a frame, PS3.3 C.7.6.16.2.11.

    returns : None, too, where several mappings to one unit hold for ranges of stored numbers
    """
    linear = [found for item in mapping_items(dataset, index) if (found := _linear(item))]
    alike = {found for found in linear if found.unit == linear[0].unit}
    return linear[0] if len(alike) == 1 else None


def mapping_items(dataset: Dataset, index: int) -> list[Dataset]:
    """The items of a frame's RealWorldValueMappingSequence: its functional group's, or the data set's."""
    own = functional_groups(dataset, index, "RealWorldValueMappingSequence")
    return own or list(value(dataset, "RealWorldValueMappingSequence") or ())


def functional_groups(dataset: Dataset, index: int, keyword: str) -> list[Dataset]:
    """Items of a functional group of frame `index`: its own, or the shared ones."""
    own = value(dataset, "PerFrameFunctionalGroupsSequence") or []
    shared = value(dataset, "SharedFunctionalGroupsSequence") or []
    holders = [*own[index : index + 1], *shared[:1]]
    return next((list(items) for h in holders if (items := value(h, keyword))), [])


def _linear(item) -> Scaling | None:
    slope = number(item, "RealWorldValueSlope")
    if not slope:
        return None
    codes = value(item, "MeasurementUnitsCodeSequence")
    code = text(codes[0], "CodeValue") if codes else ""
    intercept = number(item, "RealWorldValueIntercept") or 0.0
    return Scaling(slope, intercept, UNITS.get(code, code), mapped=True)


def value_type(stored: np.dtype, scalings: Sequence[Scaling]) -> np.dtype:
    """The dtype in which values are kept: the stored one while nothing but whole numbers can come.

    float32 otherwise, which holds 16-bit values after any rescale; float64 from 32-bit pixels on.
    """
    first = scalings[0]
    if stored.kind == "f" and all(s.identity for s in scalings):
        return stored
    if stored.kind in "iu" and first.whole and all(s == first for s in scalings):
        return stored
    return np.dtype(np.float64 if stored.itemsize > 2 and stored != np.float32 else np.float32)


def shift_whole(stored: np.ndarray, how: Scaling) -> np.ndarray:
    """Whole slope and intercept on integers, in place while the values fit the type, else in a wider one."""
    if how.identity:
        return stored
    slope, intercept = int(how.slope), int(how.intercept)
    low, high = sorted(slope * int(v) + intercept for v in (stored.min(), stored.max()))
    dtype = integer_type(stored.dtype, low, high)
    if dtype is None:
        return how.apply(stored, np.float64)
    # The same bits, counted in the other way, where the size is enough: wrapping around twice ends at the right value.
    values = stored.view(dtype) if dtype.itemsize == stored.itemsize else stored.astype(dtype)
    modulus = 1 << (8 * values.itemsize)
    if slope != 1:
        values *= _wrapped(slope, modulus, values.dtype)
    if intercept:
        values += _wrapped(intercept, modulus, values.dtype)
    return values


def _wrapped(n, modulus, dtype):
    n %= modulus
    return dtype.type(n - modulus if n > np.iinfo(dtype).max else n)
