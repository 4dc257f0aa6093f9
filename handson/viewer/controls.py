"""The ipywidgets around a picture, each linked to a trait in the browser: no kernel in the loop.

Every function makes one control; `Controls.add` links it. The model is the source of the link, so
a control that appears late takes the model's value and never the other way round.
"""

import math

from ipywidgets import (
    Checkbox,
    Dropdown,
    FloatRangeSlider,
    FloatSlider,
    IntSlider,
    Layout,
    ToggleButtons,
    jslink,
)

from ..display.colours import COLOUR_MAPS
from ..display.windows import around
from ..display.words import LABELS

WORDS = LABELS["controls"]


class Controls(dict):
    """Controls by name, and the links that are closed with them."""

    def __init__(self):
        super().__init__()
        self.links = []

    def add(self, name, control, model, trait, key="value"):
        self[name] = control
        self.links.append(jslink((model, trait), (control, key)))
        return control


def _shape(width="520px"):
    return {"layout": Layout(width="98%", max_width=width), "style": {"description_width": "76px"}}


def fine_step(low, high) -> float:
    """About a thousandth of the range, 1, 2 or 5 times a power of ten: `step=1` is useless on 0..1."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 1000))
    return power * max(n for n in (1, 2, 5) if n * power <= span / 1000 * (1 + 1e-9))


def slice_slider(plane, count, index):
    slider = IntSlider(
        value=index, min=0, max=count - 1, description=LABELS["planes"][plane], **_shape()
    )
    slider.add_class("handson-slice")
    slider.add_class(f"handson-{plane}")
    return slider


def time_slider(frames, time):
    return IntSlider(value=time, min=0, max=frames - 1, description=WORDS["time"], **_shape())


def range_slider(name, value, low, high, whole):
    """A slider with two handles over (low, high), widened so that it can hold `value`."""
    low, high = min(low, value[0]), max(high, value[1])
    if low == high:
        low, high = around(low)
    step = max(1.0, fine_step(low, high)) if whole else fine_step(low, high)
    places = 0 if step >= 1 else math.ceil(-math.log10(step))
    return FloatRangeSlider(
        value=value, min=low, max=high, step=step, readout_format=f".{places}f", description=WORDS[name], **_shape()
    )  # fmt: skip


def opacity_slider(value):
    return FloatSlider(
        value=value, min=0, max=1, step=0.01, description=WORDS["opacity"], **_shape()
    )


def split_slider(value):
    return FloatSlider(
        value=value, min=0, max=1, step=0.005, description=WORDS["split"], **_shape()
    )


def menu(name, options, index):
    return Dropdown(options=options, index=index, description=WORDS[name], **_shape("240px"))


def colour_menu(index):
    return menu("cmap", COLOUR_MAPS, index)


def buttons(options, index):
    return ToggleButtons(
        options=options, index=index, tooltips=options, style={"button_width": "auto"}
    )  # fmt: skip


def tick(name, value, description=None):
    words = WORDS[name] if description is None else description
    return Checkbox(value=value, description=words, indent=False, layout=Layout(width="auto"))


def within(box) -> list:
    """Every widget inside a box and the layout and style models that come with each."""
    found = [box.layout]
    for child in getattr(box, "children", ()):
        found += [child, *within(child)]
    return found + ([box.style] if hasattr(box, "style") else [])
