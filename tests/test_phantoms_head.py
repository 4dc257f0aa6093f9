"""The analytic head: the nose and the ears are where it says, and the brain is far from the face."""

import json

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine

from handson.phantoms import head, outline


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head")
    head.make(folder)
    return folder


@pytest.fixture(scope="session")
def image(folder):
    return nibabel.load(folder / "head.nii.gz")


def mask(folder, name):
    return np.asarray(nibabel.load(folder / "truth" / f"{name}.nii.gz").dataobj) > 0


def outside_to_inside(image, start, step, limit=400):
    """mm of the first tissue met on a way through the air."""
    values, to_voxel = np.asarray(image.dataobj), np.linalg.inv(image.affine)
    for n in range(limit):
        mm = np.add(start, np.multiply(step, n * 0.25))
        if values[tuple(np.rint(apply_affine(to_voxel, mm)).astype(int))] > 300:
            return mm
    raise AssertionError("no tissue on the way")


def test_the_tip_of_the_nose_is_where_the_truth_says(folder, image):
    truth = json.loads((folder / "truth" / "truth.json").read_text())
    x, y, z = truth["nose_tip_mm"]
    found = outside_to_inside(image, (x, y + 8, z), (0, -1, 0))
    assert found[1] == pytest.approx(y, abs=2.5)
    beside = outside_to_inside(image, (x + 30, y + 8, z), (0, -1, 0))
    assert beside[1] < y - 20


def test_ears_stick_out_on_both_sides(folder, image):
    truth = json.loads((folder / "truth" / "truth.json").read_text())
    for (x, y, z), side in zip(truth["ears_mm"], (-1, 1), strict=True):
        assert np.sign(x) == side
        ear = outside_to_inside(image, (side * 95, y, z), (-side, 0, 0))
        above = outside_to_inside(image, (side * 95, y, z + 45), (-side, 0, 0))
        assert abs(ear[0]) > abs(above[0]) + 4


def test_the_face_is_in_front_and_below_and_holds_no_brain(folder, image):
    face, brain = mask(folder, "face"), mask(folder, "brain")
    assert not (face & brain).any()
    _, y, z = apply_affine(image.affine, np.argwhere(face)).T
    assert y.min() > outline.FACE_BOX_MM["y_from"]
    assert z.max() < outline.FACE_BOX_MM["z_to"]
    nose = np.rint(
        apply_affine(np.linalg.inv(image.affine), np.add(outline.NOSE_TIP_MM, (0, -5, 0)))
    )
    assert face[tuple(nose.astype(int))]


def test_the_brain_has_a_brains_size_and_lies_within_a_dark_skull(folder, image):
    brain = mask(folder, "brain")
    litres = brain.sum() * abs(np.linalg.det(image.affine[:3, :3])) / 1e6
    assert 1.4 < litres < 2.4
    values = np.asarray(image.dataobj)
    assert values[brain].min() > 300
    xyz = apply_affine(image.affine, np.argwhere(np.ones(image.shape, bool))).T.reshape(
        3, *image.shape
    )
    distance = head.brain_distance(xyz)
    skull = (distance > 4.5) & (distance < 7.5) & (outline.head(xyz) < -4)
    assert np.median(values[skull]) < 250
