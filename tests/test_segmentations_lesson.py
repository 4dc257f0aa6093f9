"""What lesson 08 says of other programs is what they do."""

import re

import nbformat
import numpy as np
import pytest
from shipped import NOTEBOOKS

import handson
from handson.lessons import lesson_08
from handson.segmentations import read_segmentation

sitk = pytest.importorskip("SimpleITK", reason="SimpleITK (extra test) is not installed")
CELLS = {
    cell.id: cell
    for cell in nbformat.read(NOTEBOOKS / "08_segmentations.ipynb", as_version=4).cells
}


@pytest.fixture(scope="module")
def made():
    return handson.fetch("gen-segmentation")


@pytest.fixture(scope="module")
def image():
    """The CT as SimpleITK reads it."""
    reader = sitk.ImageSeriesReader()
    folder = str(handson.fetch("gen-study") / "CT")
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    return reader.Execute()


def test_the_place_of_08_1_is_at_that_index_of_simpleitks_array(image):
    x, y, z = lesson_08.PLACE
    i, j, k = image.TransformPhysicalPointToIndex((-x, -y, z))
    answer = lesson_08.EXERCISES["08-1"].answer()
    assert answer == [k, j, i]
    assert sitk.GetArrayFromImage(image)[tuple(answer)] == lesson_08.ct().data[i, j, k]
    with pytest.raises(IndexError):
        sitk.GetArrayFromImage(image)[tuple(answer[::-1])]


def test_the_arrays_of_the_table_have_these_orders(image):
    i, j, k = 120, 100, 31
    ct = lesson_08.ct()
    assert image[i, j, k] == sitk.GetArrayFromImage(image)[k, j, i] == ct.data[i, j, k]
    assert image.GetSize() == ct.shape == sitk.GetArrayFromImage(image).shape[::-1]
    np.testing.assert_allclose(
        np.array(image.TransformIndexToPhysicalPoint((i, j, k))) * (-1, -1, 1),
        ct.world((i, j, k)),
        atol=1e-3,
    )


def test_a_program_that_opens_the_seg_as_a_picture_says_18_5_ml(made):
    picture = sitk.ReadImage(str(made / "binary.dcm"))
    assert picture.GetSize() == (256, 256, 32)
    assert picture.GetSpacing() == (1, 1, 1)
    wrong = (sitk.GetArrayFromImage(picture) > 0).sum() * np.prod(picture.GetSpacing()) / 1000
    assert wrong == pytest.approx(18.5, abs=0.05)
    assert "18.5 ml" in CELLS["predict"].source


def test_the_centres_of_08_6_are_those_of_the_mistakes():
    rows = re.findall(r"(?m)^\| ([A-F]) \| \((.+)\) \|$", CELLS["ex-08-6"].source)
    stated = {row[0]: tuple(int(n.replace("−", "-")) for n in row[1].split(", ")) for row in rows}
    assert stated == {letter: lesson_08.centre(letter) for letter in lesson_08.DONE}


def test_staple_by_hand_is_simpleitks(made):
    votes = np.stack(
        [read_segmentation(made / f"rater_{name}.nii.gz")[0].mask.data for name in "abc"]
    )
    scope = {"np": np}
    exec(CELLS["staple"].source.split("\n\n\nvotes =")[0], scope)
    weight, p, q = scope["staple"](votes)
    theirs = sitk.STAPLEImageFilter()
    theirs.SetForegroundValue(1)
    shares = theirs.Execute([sitk.GetImageFromArray(v.astype(np.uint8).T) for v in votes])
    np.testing.assert_allclose(p, theirs.GetSensitivity(), atol=1e-5)
    np.testing.assert_allclose(q, theirs.GetSpecificity(), atol=1e-7)
    np.testing.assert_allclose(
        weight.reshape(votes.shape[1:]), sitk.GetArrayFromImage(shares).T, atol=1e-4
    )


def test_every_mistake_that_keeps_the_volume_keeps_it_to_the_voxel():
    mask = lesson_08.lesion().mask.data
    for wrong in (mask.transpose(1, 0, 2), mask[:, ::-1], mask[::-1]):
        assert wrong.sum() == mask.sum()
        assert (wrong & mask).sum() < 0.35 * mask.sum()
