"""A radiograph has no position, but its header may say what its rows and columns grow to: Patient Orientation."""

import numpy as np
import pydicom
import pytest

import handson
from handson import Slice, Volume, figures
from handson.sides import opposite, stated_letters

PIXELS = np.arange(12.0, dtype=np.float32).reshape(3, 4)


def radiograph(*orientation):
    dataset = pydicom.Dataset()
    dataset.PatientOrientation = list(orientation)
    return Slice(PIXELS, (0.2, 0.2), dataset=dataset)


@pytest.mark.parametrize(
    ("stated", "letters"),
    [
        (("L", "F"), "RLSI"),
        (("P", "F"), "APSI"),
        (("A", "H"), "PAIS"),
        (("AL", "FP"), ("PR", "AL", "SA", "IP")),
    ],
)
def test_the_letters_stand_where_rows_and_columns_run(stated, letters):
    """PS3.3 C.7.6.1.1.1: first the direction along a row, then the direction down a column."""
    expected = dict(zip(("left", "right", "top", "bottom"), letters, strict=True))
    assert radiograph(*stated).as_volume().layout("axial").letters == expected


@pytest.mark.parametrize("axis", [0, 1])
def test_a_flip_takes_its_letters_along(axis):
    volume = radiograph("L", "F").as_volume()
    flipped = volume.flip(axis)
    np.testing.assert_array_equal(flipped.data, np.flip(volume.data, axis))
    assert flipped.layout("axial").letters == volume.layout("axial").letters, "drawn the same"
    assert flipped.grows_to[axis] == opposite(volume.grows_to[axis])


@pytest.mark.parametrize("orientation", [(), ("L",), ("L", "X"), ("", ""), ("L", "F", "A")])
def test_anything_else_states_no_side(orientation):
    assert stated_letters(list(orientation)) == ("", "")
    assert not any(radiograph(*orientation).as_volume().layout("axial").letters.values())


def test_a_position_tells_more_and_wins():
    picture = Slice(PIXELS, (1, 1), dataset=radiograph("R", "H").dataset, affine=np.eye(4))
    assert picture.grows_to == ("", "")
    assert picture.as_volume().layout("axial").letters["left"] == "R", "radiological"


def test_figure_viewer_and_words_say_it():
    chest = handson.read_slice(handson.fetch("pydicom-data-2d") / "RG1_J2KI.dcm")
    assert "left R, right L, top S, bottom I" in figures.picture(chest).alt
    viewer = handson.view(chest)
    assert "sides by Patient Orientation" in repr(viewer)
    assert "side not stated" in repr(
        handson.view(Volume(np.zeros((3, 3, 3)), np.eye(4), oriented=False))
    )
