"""Tissue labels: the same tissue at the same millimetre on three grids, and what misleads says so."""

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine

from handson.phantoms import labels
from handson.phantoms.anatomy import template
from handson.volume import Volume


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    labels.make(folder)
    return folder


@pytest.fixture(scope="session")
def volumes(folder):
    images = {path.name.split(".")[0]: nibabel.load(path) for path in folder.iterdir()}
    return {name: Volume(np.asarray(i.dataobj), i.affine) for name, i in images.items()}


def test_the_first_lies_on_the_grid_of_the_t1(volumes):
    t1 = template("t1")
    assert volumes["labels"].shape == t1.shape
    np.testing.assert_array_equal(volumes["labels"].affine, t1.affine)


def test_all_hold_the_three_tissues_and_nothing_else(volumes):
    for volume in volumes.values():
        assert set(np.unique(volume.data)) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("mm", "tissue"),
    [((-26, -20, 34), 2), ((24, -20, 34), 2), ((12, 10, 10), 1), ((3, 8, 14), 3), ((0, 84, 0), 0)],
)
def test_known_places_have_their_tissue(volumes, mm, tissue):
    """White matter on both sides, head of the right caudate, its ventricle, outside in front."""
    for volume in volumes.values():
        assert volume.data[tuple(np.rint(volume.voxel(mm)).astype(int))] == tissue


def test_equal_shape_is_not_equal_space(volumes):
    t1_grid, other = volumes["labels"], volumes["labels_same_shape"]
    assert other.shape == t1_grid.shape
    np.testing.assert_allclose(
        other.world((10, 20, 30)) - t1_grid.world((10, 20, 30)), labels.SHIFT_MM
    )
    by_index = (other.data == t1_grid.data)[t1_grid.data > 0].mean()
    by_world = (other.resample_like(t1_grid, order=0).data == t1_grid.data)[t1_grid.data > 0].mean()
    assert by_index < 0.7
    assert by_world == 1


def test_the_coarse_one_is_shifted_and_starts_from_the_other_side(volumes):
    coarse, fine = volumes["labels_coarse"], volumes["labels"]
    assert coarse.axcodes == ("L", "A", "S")
    assert fine.axcodes == ("R", "A", "S")
    assert min(coarse.spacing) >= 2
    ijk = np.argwhere(coarse.data == 2)[::50]
    there = np.rint(apply_affine(np.linalg.inv(fine.affine), coarse.world(ijk))).astype(int)
    assert (fine.data[tuple(there.T)] == 2).mean() > 0.95


@pytest.mark.parametrize(("tissue", "within"), [(1, 0.02), (2, 0.02), (3, 0.15)])
def test_a_tissue_has_the_same_volume_on_every_grid(volumes, tissue, within):
    """CSF is a film of a voxel's thickness: a coarser grid shows more of it."""
    millilitres = [(v.data == tissue).sum() * v.voxel_volume / 1000 for v in volumes.values()]
    assert min(millilitres) > 100
    assert max(millilitres) / min(millilitres) < 1 + within


def test_linear_interpolation_invents_white_matter_between_grey_matter_and_csf():
    """Why the order is grey, white, CSF: half of 1 and half of 3 is 2."""
    row = Volume(
        np.array([1, 1, 3, 3], np.uint8).reshape(4, 1, 1).repeat(2, 1).repeat(2, 2), np.eye(4)
    )
    between = Volume(
        np.zeros((1, 1, 1)), np.array([[1, 0, 0, 1.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    )
    assert row.resample_like(between, order=1).data.item() == 2
    assert row.resample_like(between, order=0).data.item() in (1, 3)
