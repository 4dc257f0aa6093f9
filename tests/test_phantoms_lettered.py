"""The lettered phantom: what it says about its own sides is true, in every orientation and format."""

import json

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine
from phantom_proof import (
    assert_conformant,
    brightest_point,
    corners,
    dcm2niix_volume,
    files,
    simpleitk_volume,
    some,
)

import handson
from handson.phantoms import lettered
from handson.phantoms.lettered import GLYPHS, GRIDS, LETTER_VALUES, LETTERS_MM, MARKER_MM
from handson.volume import Volume

SIDES = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
READERS = [dcm2niix_volume, simpleitk_volume]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    lettered.make(folder)
    return folder


def nifti(folder, name):
    image = nibabel.load(folder / "nifti" / f"{name}.nii.gz")
    return np.asarray(image.dataobj), image.affine


def test_files_of_every_series_are_conformant(folder):
    assert_conformant(some(folder))


@pytest.mark.long
def test_every_file_is_conformant(folder):
    assert_conformant(files(folder))


@pytest.mark.parametrize("name", GRIDS)
def test_the_nifti_file_holds_the_grid_that_was_meant(folder, name):
    data, affine = nifti(folder, name)
    assert data.shape == GRIDS[name].shape
    np.testing.assert_allclose(affine, GRIDS[name].affine, atol=1e-5)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("reader", READERS)
def test_other_readers_find_the_same_place_in_the_dicom_files(folder, name, reader):
    _, affine, shape = reader(folder / "dicom" / name)
    meant = GRIDS[name]
    np.testing.assert_allclose(
        corners(affine, shape), corners(meant.affine, meant.shape), atol=1e-4
    )


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("reader", READERS)
def test_dicom_and_nifti_hold_the_same_value_at_the_same_millimetre(folder, name, reader):
    values, affine, shape = reader(folder / "dicom" / name)
    data, nifti_affine = nifti(folder, name)
    ijk = np.random.default_rng(5).integers(0, shape[:3], (5000, 3))
    there = np.rint(apply_affine(np.linalg.inv(nifti_affine) @ affine, ijk)).astype(int)
    np.testing.assert_array_equal(values[tuple(ijk.T)], data[tuple(there.T)])


@pytest.mark.parametrize("name", GRIDS)
def test_the_marker_lies_at_its_millimetres(folder, name):
    found = brightest_point(*nifti(folder, name), share=0.6)
    np.testing.assert_allclose(found, MARKER_MM, atol=0.3)


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal"])
def test_the_marker_is_the_centre_of_a_voxel_and_mirrored_without_its_affine_at_minus_x(name):
    grid = GRIDS[name]
    ijk = apply_affine(np.linalg.inv(grid.affine), MARKER_MM)
    np.testing.assert_allclose(ijk, np.rint(ijk), atol=1e-9)
    axis = int(np.abs(grid.affine[0, :3]).argmax())
    ijk[axis] = grid.shape[axis] - 1 - ijk[axis]
    np.testing.assert_allclose(grid.world(ijk), np.multiply(MARKER_MM, (-1, 1, 1)), atol=1e-9)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("letter", LETTER_VALUES)
def test_each_letter_stands_on_the_side_it_names(folder, name, letter):
    data, affine = nifti(folder, name)
    mm = apply_affine(affine, np.argwhere(data == LETTER_VALUES[letter]))
    axis, sign = SIDES[letter]
    assert len(mm) > 50
    assert (sign * mm[:, axis]).min() > 20


@pytest.mark.parametrize(
    ("plane", "letter"), [(plane, letter) for plane in LETTERS_MM for letter in LETTERS_MM[plane]]
)
def test_each_letter_can_be_read_as_a_radiologist_looks_at_it(folder, plane, letter):
    """Seen from the feet, from the front and from the left: no letter is mirrored."""
    view = Volume(*nifti(folder, plane)).plane(
        plane, mm=LETTERS_MM[plane][letter][plane_axis(plane)]
    )
    mask = view.pixels == LETTER_VALUES[letter]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    drawn = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    pattern = np.array([[cell == "#" for cell in row] for row in GLYPHS[letter]])
    row = np.arange(drawn.shape[0]) * 7 // drawn.shape[0]
    column = np.arange(drawn.shape[1]) * 5 // drawn.shape[1]
    meant, mirrored = pattern[np.ix_(row, column)], pattern[:, ::-1][np.ix_(row, column)]
    assert (drawn == meant).mean() > 0.85
    if not np.array_equal(pattern, pattern[:, ::-1]):
        assert (drawn == meant).mean() > (drawn == mirrored).mean() + 0.1


def plane_axis(plane):
    return {"axial": 2, "coronal": 1, "sagittal": 0}[plane]


def test_no_mirrored_or_turned_phantom_looks_like_the_phantom(folder):
    """Left out the letters and the marker, the outline alone already tells every side."""
    data, _ = nifti(folder, "axial")
    body = data > 0
    for axis in range(3):
        assert (body != np.flip(body, axis)).sum() > 500


def test_the_truth_is_written_beside_the_files(folder):
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert truth["marker_mm"] == list(MARKER_MM)
    for name, grid in GRIDS.items():
        np.testing.assert_allclose(truth["affines"][name], grid.affine)


@pytest.mark.parametrize("name", GRIDS)
def test_our_readers_give_one_array_and_one_affine_from_both_formats(folder, name):
    from_dicom = handson.read_series(folder / "dicom" / name)
    from_nifti = handson.read_nifti(folder / "nifti" / f"{name}.nii.gz")
    np.testing.assert_array_equal(from_dicom.data, from_nifti.data)
    np.testing.assert_array_equal(from_dicom.data, lettered.values(GRIDS[name]))
    np.testing.assert_allclose(from_dicom.affine, GRIDS[name].affine, atol=1e-6)
    np.testing.assert_allclose(from_nifti.affine, GRIDS[name].affine, atol=1e-5)
