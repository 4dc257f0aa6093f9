"""The look of the course's figures: readable in both themes, large enough to project."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb


@pytest.fixture(scope="module")
def style():
    with plt.style.context("handson.figures.lesson"):
        return plt.rcParams.copy()


def contrast(colour, ground):
    """WCAG 2.1, 1.4.3: from 1 (equal) to 21 (black on white)."""
    rgb = np.array([to_rgb(colour), to_rgb(ground)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


def test_words_stand_out_on_the_figures_own_ground_whatever_the_page(style):
    ground = style["figure.facecolor"]
    for name in ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"):
        assert contrast(style[name], ground) > 7, name
    for colour in style["axes.prop_cycle"].by_key()["color"]:
        assert contrast(colour, ground) > 3, colour


def test_words_are_large_enough_to_project(style):
    assert style["figure.dpi"] * style["font.size"] / 72 >= 16, "pixels"
    assert style["figure.figsize"][0] * style["figure.dpi"] >= 900, "pixels"
