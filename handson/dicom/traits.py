"""What must agree within a volume: frames that differ in one of these are volumes of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from .scaling import Scaling

# ImageType's third value and Siemens' words that say which part of the complex signal was kept.
_PARTS = {"M": "magnitude", "MAGNITUDE": "magnitude", "P": "phase", "PHASE": "phase", "PHASE MAP": "phase",
          "R": "real", "REAL": "real", "I": "imaginary", "IMAGINARY": "imaginary",
          "B0": "B0 map", "B0 MAP": "B0 map"}  # fmt: skip
# Siemens', GE's and Philips' words for the four images that a Dixon series holds.
_DIXON = {"W": "water", "WATER": "water", "F": "fat", "FAT": "fat",
          "IP": "in phase", "IN_PHASE": "in phase",
          "OP": "opposed phase", "OPP_PHASE": "opposed phase", "OUT_PHASE": "opposed phase"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of one frame; None for what its file does not state.

    rows, columns, samples, photometric : of the picture
    data : "tissue" or "flow" of enhanced ultrasound, as the file spells it
    ge_image : GE's number of the image's kind (0043,1030), which tells a B0 map from its magnitude
    transform : what makes values of stored numbers, where it is not a slope: a table or a mapping
    space : the FrameOfReferenceUID, where a series holds several
    """

    rows: int
    columns: int
    samples: int
    photometric: str
    modality: str
    signal: str | None = None
    dixon: str | None = None
    ge_image: int | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    segment: int | None = None
    stack: str | None = None
    data: str | None = None
    unit: str | None = None
    transform: str | None = None
    energy_window: int | None = None
    detector: int | None = None
    rotation: int | None = None
    rr_interval: int | None = None
    space: str | None = None

    def words(self) -> dict:
        """Name -> value, as the reasons for a split spell them."""
        told = {"shape": (self.rows, self.columns, self.samples, self.photometric)}
        names = [f.name for f in fields(self)][4:]
        return told | {_NAMES.get(name, name): getattr(self, name) for name in names}

    def rank(self) -> list[str]:
        """Sorts parts of a series: numbers by size, then text."""
        values = [getattr(self, f.name) for f in fields(self)]
        return [
            "" if v is None else f"{v:012.4f}" if isinstance(v, int | float) else v for v in values
        ]


_NAMES = {
    "ge_image": "GE image kind",
    "echo_time": "echo time",
    "inversion_time": "inversion time",
    "energy_window": "energy window",
    "rr_interval": "R-R interval",
    "space": "frame of reference",
    "transform": "values by",
}


def parts_of(image_type: Sequence[str], component: str) -> dict:
    """Which part of the signal and which image of a Dixon series the words of ImageType name."""
    words = [component, *image_type[2:]]
    return {
        name: next((known[w] for w in words if w in known), None)
        for name, known in (("signal", _PARTS), ("dixon", _DIXON))
    }


def other_words(image_type: Sequence[str]) -> str:
    """The words of ImageType that name no part of the signal: DERIVED, ADC, TRACEW, DIS2D ..."""
    words = (*image_type[:1], *image_type[2:])
    return " ".join(w for w in words if w not in _PARTS and w not in _DIXON)


def transform_in_words(scaling: Scaling) -> str | None:
    """What makes values of stored numbers, where it is not a rescale slope."""
    if scaling.table:
        return "look-up table"
    return "real-world mapping" if scaling.mapped else None
