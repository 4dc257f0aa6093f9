"""The axis orders that lesson 03 puts side by side, each asked of the program itself."""

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK

import handson
from handson.lessons.series_sorter import along_normal

COLUMN, ROW, SLICE = 70, 50, 9


@pytest.fixture(scope="module")
def files():
    folder = handson.fetch("gen-phantom") / "dicom" / "axial"
    return sorted(folder.iterdir(), key=lambda f: along_normal(pydicom.dcmread(f)))


def test_every_program_finds_the_voxel_where_the_table_says(files, tmp_path):
    pile = np.stack([pydicom.dcmread(f).pixel_array for f in files])
    volume = handson.read_series(files[0].parent)
    image = SimpleITK.ReadImage([str(f) for f in files])
    handson.write_nifti(volume, tmp_path / "volume.nii")
    value = float(pydicom.dcmread(files[SLICE]).pixel_array[ROW, COLUMN])
    found = {
        "pile": pile[SLICE, ROW, COLUMN],
        "volume": volume.data[COLUMN, ROW, SLICE],
        "nibabel": nib.load(tmp_path / "volume.nii").get_fdata()[COLUMN, ROW, SLICE],
        "SimpleITK": image[COLUMN, ROW, SLICE],
        "its array": SimpleITK.GetArrayFromImage(image)[SLICE, ROW, COLUMN],
    }
    assert {name: float(v) for name, v in found.items()} == dict.fromkeys(found, value)


def test_the_whole_arrays_are_each_others_reverse(files):
    pile = np.stack([pydicom.dcmread(f).pixel_array for f in files])
    image = SimpleITK.ReadImage([str(f) for f in files])
    assert len(set(pile.shape)) == 3, "three different lengths: no order can be mistaken"
    np.testing.assert_array_equal(handson.read_series(files[0].parent).data, pile.T)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), pile)
