"""The ipywidgets beside a picture, each tied to a trait in the browser: no kernel in the loop.

Every function makes one control; `Controls.add` ties it. The model is the source of the tie, so
a control that appears late takes the model's value and never the other way round.
"""

import math
from collections.abc import Sequence
from typing import Any

from ipywidgets import (
    Checkbox,
    Dropdown,
    FloatRangeSlider,
    FloatSlider,
    IntSlider,
    Layout,
    ToggleButtons,
    Widget,
)
from ipywidgets.widgets.widget_description import DescriptionStyle
from ipywidgets.widgets.widget_int import SliderStyle
from traitlets import CFloat, CInt, Tuple

from ..display.colours import COLOUR_MAPS
from ..display.windows import around
from ..display.words import LABELS


class SliceSlider(IntSlider):
    """An IntSlider whose value is not said back to the page that moved it."""

    value = CInt(0).tag(sync=True, echo_update=False)


class RangeSlider(FloatRangeSlider):
    """A FloatRangeSlider whose value is not said back to the page that moved it."""

    value = Tuple(CFloat(), CFloat()).tag(sync=True, echo_update=False)


class NumberSlider(FloatSlider):
    """A FloatSlider whose value is not said back to the page that moved it."""

    value = CFloat(0.0).tag(sync=True, echo_update=False)


class Controls(dict):
    """Controls by name, what the page ties together, and the look that all of a kind share."""

    def __init__(self):
        super().__init__()
        self.ties = []
        self.shapes = {}

    def add(
        self, name: str, control: Widget, model: Widget, trait: str, key: str = "value"
    ) -> Widget:
        self[name] = control
        self.ties.append(
            {
                "control": f"IPY_MODEL_{control.model_id}",
                "key": key,
                "model": f"IPY_MODEL_{model.model_id}",
                "trait": trait,
            }
        )
        return control

    def shape(self, style: type) -> dict[str, Any]:
        """One layout for all controls, and one style for each kind: fewer models to make."""
        if "layout" not in self.shapes:
            self.shapes["layout"] = Layout(width="auto")
        if style not in self.shapes:
            self.shapes[style] = style(description_width="68px")
        return {"layout": self.shapes["layout"], "style": self.shapes[style]}

    def slice_slider(self, plane: str, count: int, index: int) -> Widget:
        slider = SliceSlider(
            value=index, min=0, max=count - 1, description=LABELS["planes"][plane], **self.shape(SliderStyle)
        )  # fmt: skip
        slider.add_class("handson-slice")
        slider.add_class(f"handson-{plane}")
        return slider

    def whole_slider(self, name: str, value: int, low: int, high: int) -> Widget:
        return SliceSlider(
            value=value, min=low, max=high, description=_word(name), **self.shape(SliderStyle)
        )

    def range_slider(
        self, name: str, value: tuple[float, float], low: float, high: float, whole: bool
    ) -> Widget:
        """A slider with two handles over (low, high), widened so that it can hold `value`."""
        low, high = min(low, value[0]), max(high, value[1])
        if low == high:
            low, high = around(low)
        step = 1.0 if whole else fine_step(low, high)
        return RangeSlider(
            value=value, min=low, max=high, step=step, readout_format=_format(low, high, step),
            description=_word(name), **self.shape(SliderStyle),
        )  # fmt: skip

    def number_slider(
        self, name: str, value: float, low: float, high: float, step: float
    ) -> Widget:
        return NumberSlider(
            value=value, min=low, max=high, step=step, description=_word(name), **self.shape(SliderStyle)
        )  # fmt: skip

    def menu(self, name: str, options: Sequence[str], index: int) -> Widget:
        return Dropdown(
            options=options, index=index, description=_word(name), **self.shape(DescriptionStyle)
        )

    def colour_menu(self, index: int) -> Widget:
        return self.menu("cmap", COLOUR_MAPS, index)

    def buttons(self, options: Sequence[str], index: int) -> Widget:
        buttons = ToggleButtons(options=options, index=index, tooltips=options)
        buttons.layout.close()
        buttons.layout = self.shape(DescriptionStyle)["layout"]
        return buttons

    def tick(self, name: str, value: bool, description: str | None = None) -> Widget:
        words = _word(name) if description is None else description
        return Checkbox(
            value=value, description=words, indent=False, layout=self.shape(DescriptionStyle)["layout"]
        )  # fmt: skip


def _word(name):
    return LABELS["controls"][name]


def fine_step(low: float, high: float) -> float:
    """About a thousandth of the range, 1, 2 or 5 times a power of ten: `step=1` is useless on 0..1."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 1000))
    return power * max(n for n in (1, 2, 5) if n * power <= span / 1000 * (1 + 1e-9))


def _format(low: float, high: float, step: float) -> str:
    """As many decimal places as a step has, so that both ends fit beside the slider."""
    places = max(0, -math.floor(math.log10(step)))
    return f".{places}f" if places <= 4 and max(abs(low), abs(high)) < 1e6 else ".1e"


def within(box: Widget) -> list[Widget]:
    """Every widget inside a box and the layout and style models that come with each."""
    found = [box.layout]
    for child in getattr(box, "children", ()):
        found += [child, *within(child)]
    return found + ([box.style] if hasattr(box, "style") else [])
