"""The delivery is what a hospital sends: whole and broken, named and unnamed, each as stated."""

import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.affines import apply_affine

from handson.phantoms import delivery


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivery")
    delivery.make(folder)
    return folder


@pytest.fixture(scope="module")
def headers(folder):
    """SeriesDescription -> the datasets of it."""
    found = {}
    for path in (folder / "IMAGES").iterdir():
        dataset = pydicom.dcmread(path)
        found.setdefault(dataset.SeriesDescription, []).append(dataset)
    return found


def test_the_t2_has_the_places_of_the_t1_but_for_the_slice_through_the_lesion(headers):
    t1, t2 = (
        {tuple(map(float, d.ImagePositionPatient)) for d in headers[name]}
        for name in ("t1 axial", "t2 axial")
    )
    (lost,) = t1 - t2
    assert t2 < t1
    normal = delivery.GRID.affine[:3, 2] / delivery.GRID.spacing[2]
    first_pixel = np.array(lost) * (-1, -1, 1)
    away = abs((np.array(delivery.LESION_MM) - first_pixel) @ normal)
    assert away <= delivery.GRID.spacing[2] / 2
    assert (
        len({d.FrameOfReferenceUID for name in ("t1 axial", "t2 axial") for d in headers[name]})
        == 1
    )


def test_the_mask_has_the_shape_of_the_t1_and_lies_on_the_left(folder):
    mask = nibabel.load(folder / "lesion.nii.gz")
    data = np.asarray(mask.dataobj)
    assert data.shape == delivery.GRID.shape
    assert not np.allclose(mask.affine, delivery.GRID.affine)
    middle = apply_affine(mask.affine, np.argwhere(data).mean(axis=0))
    np.testing.assert_allclose(middle, delivery.LESION_MM, atol=0.3)
    ellipsoid_ml = 4 / 3 * np.pi * np.prod(delivery.LESION_RADII_MM) / 1000
    measured_ml = data.sum() * abs(np.linalg.det(mask.affine[:3, :3])) / 1000
    assert measured_ml == pytest.approx(ellipsoid_ml, rel=0.03)


def test_all_text_about_her_lies_in_the_stated_box(headers):
    (screen,) = headers["key image"]
    x, y, width, height = delivery.BURNED_IN
    box = np.zeros(screen.pixel_array.shape, bool)
    box[y : y + height, x : x + width] = True
    above = screen.pixel_array[:60]
    assert (above[box[:60]] > 200).sum() > 300
    assert not above[~box[:60]].any()
    assert screen.BurnedInAnnotation == "YES"
    assert "PixelSpacing" not in screen


def test_her_name_is_where_one_does_not_look(folder):
    assert b"Anna" in nibabel.load(folder / "lesion.nii.gz").header["descrip"].item()
    assert "Anna" in (folder / "LETTER.TXT").read_text()
    assert b"Anna" in (folder / "DICOMDIR").read_bytes()
