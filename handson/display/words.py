"""The words of a picture: captions, sides, scale, the sentence for a reader who cannot see it.

Every word stands in `labels/en.json`, and for each further language in a file beside it; the page's script
is handed the same files. `language("it")` chooses one. Nothing here draws.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import ViewError
from ..sides import PLANES
from ..volume import Volume

_FOLDER = files(__package__).joinpath("labels")
LANGUAGES = tuple(sorted(p.name[:-5] for p in _FOLDER.iterdir() if p.name.endswith(".json")))


@cache
def in_language(code: str) -> dict[str, Any]:
    """All words of one language; what its file lacks is English."""
    words = json.loads(_FOLDER.joinpath(f"{code}.json").read_text(encoding="utf-8"))
    return words if code == "en" else {**in_language("en"), **words}


class _Words(Mapping[str, Any]):
    """The words of the language chosen; `chosen` is "" before anybody chose."""

    chosen = ""

    def __getitem__(self, key: str) -> Any:
        return in_language(self.chosen or "en")[key]

    def __iter__(self) -> Iterator[str]:
        return iter(in_language("en"))

    def __len__(self) -> int:
        return len(in_language("en"))


LABELS = _Words()


def language(code: str | None = None) -> str:
    """Choose the language of viewers made from now on, or ask which one it is.

    code : "en", "it"; None to ask
    returns : the code in force, "en" to begin with. An exported page follows the reader's browser
        unless a language was chosen
    raises : ViewError for a language that has no file
    """
    if code is not None:
        if code not in LANGUAGES:
            raise ViewError(f"there is no language {code!r}", f"There are: {', '.join(LANGUAGES)}.")
        LABELS.chosen = code
    return LABELS.chosen or "en"


def slice_phrase(volume: Volume, plane: str, index: int) -> str:
    """Which slice a picture shows: "axial slice 95 of 189 (k = 94), z = 22.0 mm"."""
    return _filled("slice_placed" if volume.oriented else "slice_unplaced", volume, plane, index)


def slice_title(volume: Volume, plane: str, index: int) -> str:
    """The same for the head of a figure: "axial, z = 22.0 mm, slice 95 of 189"."""
    title = "title_placed" if volume.oriented else "slice_unplaced"
    return _filled(title, volume, plane, index).replace("−", "-")  # as Python prints numbers


def slice_place(volume: Volume, plane: str, index: int) -> str:
    """Only where it is: "z = 22.0 mm", or "slice 95 of 189" where no place is stated."""
    place = "place" if volume.oriented else "place_unplaced"
    return _filled(place, volume, plane, index).replace("−", "-")


def _filled(template: str, volume: Volume, plane: str, index: int) -> str:
    axis = volume.layout(plane).axis
    words = {
        "plane": LABELS["planes"][plane],
        "n": index + 1,
        "count": volume.shape[axis],
        "axis": "ijk"[axis],
        "index": index,
        "world": "xyz"[PLANES[plane][0]],
        "mm": mm(volume.position(plane, index)),
    }
    return LABELS[template].format(**words)


def mm(x: float) -> str:
    """Millimetres with one decimal and a real minus sign; never -0.0."""
    return f"{0.0 if abs(x) < 0.05 else x:.1f}".replace("-", "−")


def short(x: float) -> str:
    """Four digits, which are enough beside a plot: "8008", "0.1667", "−1.507"."""
    return f"{float(f'{x:.4g}'):.10g}".replace("-", "−")


def moment(volume: Volume, time: int) -> str:
    """Which volume of a series is on show: "volume 53 of 120, 104 s"; "" for a single one."""
    if volume.n_volumes == 1:
        return ""
    seconds = volume.seconds
    said = "" if seconds is None else LABELS["seconds"].format(s=short(seconds[time]))
    return LABELS["moment"].format(n=time + 1, count=volume.n_volumes, seconds=said)


def scale_words(length: float, scale: str) -> str:
    """What stands at a scale bar: "20 mm", "20 mm at the detector", or "no scale".

    length : of the bar, in mm; scale : as `Volume.scale`
    """
    if scale == "none":
        return LABELS["no_scale"]
    return LABELS["scale_detector" if scale == "detector" else "scale_mm"].format(mm=f"{length:g}")


def unplaced_sides(volume: Volume) -> str:
    """What is known of the sides of an image without a position."""
    return LABELS["sides_by_header" if any(volume.grows_to) else "side_not_stated"]


def sides_short(volume: Volume, convention: str) -> str:
    """The convention in force and how far the slices are from the patient's axes, in a few words."""
    if not volume.oriented:
        return unplaced_sides(volume)
    return " · ".join([convention, *_oblique(volume)])


def sides_said(volume: Volume, plane: str, convention: str, letters: dict[str, str]) -> str:
    """The same as a sentence under a figure: "radiological: the patient's right is at the left"."""
    if not volume.oriented:
        return unplaced_sides(volume)
    if plane == "sagittal":
        said = LABELS["nose_left"] if letters["left"].startswith("A") else ""
    else:
        said = LABELS["sides"][convention]
    return "; ".join(part for part in (said, *_oblique(volume)) if part)


def _oblique(volume: Volume) -> list[str]:
    degrees = round(volume.obliquity)
    return [LABELS["oblique"].format(deg=degrees)] if degrees >= 1 else []


def sides_of_slice(letters: dict[str, str]) -> str:
    """What the picture of a single slice says about its sides."""
    return {
        "R": LABELS["sides"]["radiological"],
        "L": LABELS["sides"]["neurological"],
        "A": LABELS["nose_left"],
        "P": LABELS["nose_right"],
        "": LABELS["side_not_stated"],
    }.get(letters["left"][:1], "")


def in_other_space(base: Volume, layer: Volume) -> bool:
    """Do both state a frame of reference, and not the same?"""
    stated = base.frame_of_reference, layer.frame_of_reference
    return all(stated) and stated[0] != stated[1]


def other_space_said(names: Iterable[str]) -> str:
    """The warning of layers in another frame of reference, a phrase each; "" for none."""
    template = LABELS["other_space_said"]
    return "; ".join(template.format(name=name or LABELS["layer"]) for name in names)


def described(
    name: str, phrases: Iterable[str], sides: str, over: Iterable[str], warning: str = ""
) -> str:
    """One sentence for a reader who cannot see the picture: what, which slice, which sides, what lies over it.

    name : of the image, "" when it has none; phrases : `slice_phrase` of each plane on show
    over : names of the layers; warning : see `other_space_said`
    """
    said = ", ".join([name or LABELS["viewer"], *phrases, sides])
    names = ", ".join(layer or LABELS["layer"] for layer in over)
    parts = [said, LABELS["over"].format(names=names) if names else "", warning]
    return "; ".join(part for part in parts if part)
