"""The images whose fourth axis is not evenly spaced time state what they are, in their own headers."""

import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.affines import apply_affine

import handson
from handson.phantoms import axis4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axis4")
    axis4.make(folder)
    return folder


def test_the_frames_of_the_pet_grow_and_say_so(folder):
    headers = [pydicom.dcmread(path) for path in (folder / "pet-dynamic").iterdir()]
    frames = {(float(h.FrameReferenceTime), float(h.ActualFrameDuration)) for h in headers}
    assert len(headers) == len(frames) * axis4.PET_GRID.shape[2]
    middles, lasted = np.array(sorted(frames)).T / 1000
    np.testing.assert_array_equal(lasted, axis4.DURATIONS_S)
    np.testing.assert_allclose(middles - lasted / 2, axis4.starts())


def test_the_plain_mean_and_the_mean_over_time_differ(folder):
    pet = handson.read_series(folder / "pet-dynamic")
    middle = tuple(pet.nearest((0, 0, 0)))
    np.testing.assert_allclose(pet.data[middle], 1000 * np.array(axis4.ACTIVITY))
    assert np.mean(axis4.ACTIVITY) == 14.0
    assert round(np.average(axis4.ACTIVITY, weights=axis4.DURATIONS_S), 1) == 13.4


def test_diffusion_is_weaker_across_the_band_than_along_it(folder):
    """From the files alone: the weighted directions are read in the axes of the image, as FSL does."""
    image = nibabel.load(folder / "dwi.nii.gz")
    b_values, vectors = (np.loadtxt(folder / f"dwi.{name}") for name in ("bval", "bvec"))
    assert nibabel.aff2axcodes(image.affine) == ("L", "A", "S")
    assert vectors.shape == (3, image.shape[3]) == (3, b_values.size)
    data = np.asarray(image.dataobj, float)
    at = tuple(np.rint(apply_affine(np.linalg.inv(image.affine), (-10, -10, 15))).astype(int))
    diffusion = np.log(data[at][0] / data[at][1:]) / b_values[1:]
    along_x = vectors[0, 1:] ** 2
    np.testing.assert_allclose(
        diffusion, axis4.ALONG * along_x + axis4.ACROSS * (1 - along_x), rtol=0.01
    )


def test_our_reader_names_the_fourth_axis_of_the_diffusion_file(folder):
    dwi = handson.read_nifti(folder / "dwi.nii.gz")
    assert dwi.time_step is dwi.seconds is None
    assert dwi.b_values == (0.0, *[axis4.B_VALUE] * 6)
    unit = axis4.DIRECTIONS / np.linalg.norm(axis4.DIRECTIONS, axis=1, keepdims=True)
    np.testing.assert_allclose(dwi.b_vectors[1:], unit, atol=1e-6)
