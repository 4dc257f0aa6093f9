"""The invented patient's study: conformant, placed where its own truth says, marker on her right."""

import numpy as np
import pytest
from phantom_proof import (
    assert_conformant,
    brightest_point,
    corners,
    dcm2niix_volume,
    simpleitk_volume,
)

from handson.phantoms import study
from handson.phantoms.study import MARKER_MM

VOLUMES = {"MR": study.study_mr.GRID}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    study.make(folder)
    return folder


def test_every_file_is_conformant(folder):
    assert_conformant(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", VOLUMES)
@pytest.mark.parametrize("reader", [dcm2niix_volume, simpleitk_volume])
def test_other_readers_find_the_grid_that_was_meant(folder, name, reader):
    _, affine, shape = reader(folder / name)
    meant = VOLUMES[name]
    assert sorted(shape) == sorted(meant.shape)
    np.testing.assert_allclose(
        corners(affine, shape), corners(meant.affine, meant.shape), atol=1e-4
    )


@pytest.mark.parametrize("name", VOLUMES)
def test_the_marker_lies_on_the_patients_right_where_the_truth_says(folder, name):
    values, affine, _ = dcm2niix_volume(folder / name)
    found = brightest_point(values, affine, share=0.9)
    assert found[0] > 80
    np.testing.assert_allclose(found, MARKER_MM, atol=0.6)
