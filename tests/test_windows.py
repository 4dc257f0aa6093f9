"""Grey levels are those of PS3.3 C.11.2, computed here once more from its text."""

import math

import dicom_files
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pydicom.data import get_testdata_file

from handson import read_series, read_slice
from handson.display import windows
from handson.display.windows import header_grey, modality_values, presets, window
from handson.errors import ViewError

values = st.floats(-5000, 5000)
widths = st.floats(1.001, 5000)


def standard_linear(x, c, w):
    """The pseudo-code of C.11.2.1.2.1, line by line."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 255.0
    return ((x - (c - 0.5)) / (w - 1) + 0.5) * 255


def standard_exact(x, c, w):
    if x <= c - w / 2:
        return 0.0
    if x > c + w / 2:
        return 255.0
    return ((x - c) / w + 0.5) * 255


@given(values, values, widths)
def test_the_linear_window_is_that_of_the_standard(x, c, w):
    assert_allclose(window(x, c, w), standard_linear(x, c, w), atol=1e-6)


@given(values, values, widths)
def test_the_exact_window_is_that_of_the_standard(x, c, w):
    assert_allclose(window(x, c, w, "LINEAR_EXACT"), standard_exact(x, c, w), atol=1e-6)


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(10, 5000))
def test_the_sigmoid_is_that_of_the_standard(x, c, w):
    wanted = 255 / (1 + math.exp(-4 * (x - c) / w))
    assert_allclose(window(x, c, w, "SIGMOID"), wanted, rtol=1e-9)


def test_the_numbers_that_lesson_02_asks_for():
    assert_allclose(window([40, 239], 40, 400), [127.82, 255], atol=0.005)
    assert_allclose(window([40, 239], 40, 400, "LINEAR_EXACT"), [127.5, 254.36], atol=0.005)


def test_a_linear_window_of_width_one_is_a_threshold():
    assert window([39.5, 39.6], 40, 1).tolist() == [0, 255]


def test_nan_stays_nan_and_shapes_stay():
    assert np.isnan(window(np.nan, 40, 400))
    assert np.isnan(window(np.nan, 40, 1))
    assert window(np.zeros((2, 3, 4), np.int16), 0, 10).shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("width", "function"),
    [(0, "LINEAR"), (0.5, "LINEAR"), (0, "SIGMOID"), (-1, "LINEAR_EXACT"), (np.nan, "LINEAR")],
)
def test_impossible_windows_are_refused(width, function):
    with pytest.raises(ViewError, match="impossible"):
        window([1, 2], 40, width, function)


def test_an_unknown_function_is_refused_by_name():
    with pytest.raises(ViewError, match="CUBIC"):
        window([1, 2], 40, 400, "CUBIC")


def test_every_preset_is_a_possible_window_and_only_ct_has_them():
    for center, width in presets("CT").values():
        assert window([center], center, width).item() == pytest.approx(127.5, abs=4)
    assert presets("MR") == {}


def test_a_voi_table_is_used_before_a_window():
    dataset = pydicom.dcmread(get_testdata_file("vlut_04.dcm", download=False))
    table = dataset.VOILUTSequence[0]
    first, bits = int(table.LUTDescriptor[1]), int(table.LUTDescriptor[2])
    entries = np.array(table.LUTData, float)
    stored = dataset.pixel_array.astype(int)
    wanted = entries[np.clip(stored - first, 0, len(entries) - 1)] / (2**bits - 1) * 255
    grey = header_grey(read_slice(dataset.filename).pixels, dataset)
    assert_allclose(grey, wanted)
    with pytest.raises(ViewError, match="VOI LUT 7"):
        header_grey(stored, dataset, index=7)


def test_the_modality_table_gives_the_values_that_it_holds():
    dataset = pydicom.dcmread(get_testdata_file("mlut_18.dcm", download=False))
    table = dataset.ModalityLUTSequence[0]
    first = np.array(int(table.LUTDescriptor[1])).astype(np.uint16).astype(np.int16)
    entries = np.array(table.LUTData, float)
    stored = dataset.pixel_array.astype(int)
    wanted = entries[np.clip(stored - int(first), 0, len(entries) - 1)]
    assert_allclose(modality_values(stored, dataset), wanted)
    assert_allclose(read_slice(dataset.filename).pixels, wanted)


def test_the_header_may_propose_several_windows_and_a_function():
    dataset = pydicom.Dataset()
    dataset.WindowCenter, dataset.WindowWidth = [40, 400], [80, 2000]
    dataset.VOILUTFunction = "SIGMOID"
    assert_allclose(header_grey([400], dataset, 1), window([400], 400, 2000, "SIGMOID"))
    with pytest.raises(ViewError, match="no window 2"):
        header_grey([400], dataset, 2)


def test_without_a_proposal_the_full_range_is_shown():
    assert header_grey([5, 10], pydicom.Dataset()).tolist() == [0, 255]


def test_the_doctests_hold():
    import doctest

    assert doctest.testmod(windows).failed == 0


@pytest.mark.parametrize("stated", ["", "LINEAR", "LINEAR_EXACT", "SIGMOID", "sigmoid", "CURVED"])
def test_the_function_of_a_window_is_read_where_the_file_states_it(tmp_path, stated):
    elements = {"VOILUTFunction": stated} if stated else {}
    for n, dataset in enumerate(
        dicom_files.stack(dicom_files.values(), WindowCenter=40, WindowWidth=400, **elements)
    ):
        path = dicom_files.save(dataset, tmp_path / f"{n}.dcm")
    expected = stated.upper() if stated.upper() in windows.FUNCTIONS else ""
    assert read_slice(path).window_function == expected
    assert read_slice(path).as_volume().window_function == expected
    assert read_series(tmp_path).window_function == expected


def test_the_presets_are_those_of_most_reading_rooms():
    """(centre, width) in HU; a changed number is a changed picture."""
    assert windows.PRESETS["CT"] == {
        "soft tissue": (40, 400),
        "lung": (-600, 1500),
        "bone": (400, 1800),
        "brain": (40, 80),
        "stroke": (40, 40),
        "liver": (60, 160),
        "mediastinum": (50, 350),
        "angiography": (300, 600),
    }
