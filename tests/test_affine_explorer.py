"""The affine explorer's state: what the page is told is what nibabel computes."""

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose

from handson.errors import ViewError
from handson.lessons.affine_explorer import AffineExplorer
from handson.volume import Volume

AFFINE = nib.affines.from_matvec([[0, 0, 2.5], [-2, 0, 0], [0, -2, 0]], (-95, 114, 76))


@pytest.fixture
def explorer():
    data = np.zeros((5, 6, 7), np.int16)
    data[1, 2, 3] = 1000
    return AffineExplorer(Volume(data, AFFINE), voxel=(1, 2, 3))


def test_the_place_of_the_voxel_is_nibabels(explorer):
    assert_allclose(explorer.mm, nib.affines.apply_affine(AFFINE, (1, 2, 3)))
    explorer.voxel = [4, 0, 0]
    assert_allclose(explorer.mm, nib.affines.apply_affine(AFFINE, (4, 0, 0)))
    assert "(4, 0, 0)" in repr(explorer._repr_mimebundle_())


def test_the_voxel_stays_inside(explorer):
    explorer.voxel = [99, -3, 2]
    assert explorer.voxel == [4, 0, 2]


def test_the_page_gets_the_array_with_i_fastest(explorer):
    grey = np.frombuffer(explorer.data, np.uint8)
    assert np.flatnonzero(grey == 255).tolist() == [1 + 5 * (2 + 6 * 3)]


def test_the_patients_right_is_at_the_left_unless_asked(explorer):
    assert explorer.sides["radiological"]["axial"]["across"]["sign"] == -1
    assert explorer.sides["radiological"]["axial"]["letters"]["left"] == "R"
    assert explorer.sides["neurological"]["axial"]["across"]["sign"] == 1
    assert explorer.sides["neurological"]["axial"]["letters"]["left"] == "L"
    nose_right = explorer.sides["radiological"]["sagittal, nose right"]
    assert (nose_right["letters"]["right"], nose_right["across"]["sign"]) == ("A", 1)


def test_what_has_no_side_is_refused():
    with pytest.raises(ViewError, match="with a side"):
        AffineExplorer(Volume(np.zeros((2, 2, 2)), np.eye(4), oriented=False))
