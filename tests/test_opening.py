"""`open` finds out by itself what a file or a folder is, by content and never by name."""

import gzip
import shutil
import sys
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK
from nifti_files import header, nifti, numbered, voxels
from numpy.testing import assert_array_equal
from pydicom.data import get_testdata_file

import handson
from handson import Slice, Volume, read_series, read_slice
from handson.errors import HandsonError, ReadError, SeriesError

SHAPE = (3, 4, 5)


def sample(name):
    return get_testdata_file(name, download=False)


def dicom_series(folder, count=4, series="1.2.3", start=0):
    """A small axial MR series; one file a slice, named so that the names help nobody."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            slice_ = pydicom.dcmread(sample("MR_small.dcm"))
            slice_.SeriesInstanceUID = series
            slice_.SOPInstanceUID = f"{series}.{k + 1}"
            slice_.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            slice_.ImagePositionPatient = [-10, -20, start + 2.5 * k]
            slice_.save_as(folder / f"x{(k * 7) % 11}{series[-1]}")
    return folder


@pytest.mark.parametrize("name", ["a.nii", "a.dcm", "a", "a.nii.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_nifti_is_known_by_its_content(tmp_path, name, packed):
    content = nifti(numbered(SHAPE))
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert_array_equal(handson.open(tmp_path / name).data, numbered(SHAPE))


@pytest.mark.parametrize("half", ["a.hdr", "a.img"])
def test_either_half_of_a_pair(tmp_path, half):
    (tmp_path / "a.hdr").write_bytes(header(SHAPE, 4, 16, pair=True))
    (tmp_path / "a.img").write_bytes(voxels(numbered(SHAPE)))
    assert_array_equal(handson.open(tmp_path / half).data, numbered(SHAPE))
    assert_array_equal(handson.open(tmp_path).data, numbered(SHAPE))


@pytest.mark.parametrize("name", ["ct.dcm", "ct.nii", "ct"])
def test_a_dicom_file_with_one_picture_is_a_slice(tmp_path, name):
    shutil.copy(sample("CT_small.dcm"), tmp_path / name)
    picture = handson.open(tmp_path / name)
    assert isinstance(picture, Slice)
    assert_array_equal(picture.pixels, read_slice(tmp_path / name).pixels)


def test_a_dicom_file_with_many_pictures_is_a_volume():
    volume = handson.open(sample("emri_small.dcm"))
    assert isinstance(volume, Volume)
    assert_array_equal(volume.data, read_series(sample("emri_small.dcm")).data)


def test_a_folder_with_one_series_is_a_volume(tmp_path):
    folder = dicom_series(tmp_path / "deep" / "er")
    (tmp_path / "README").write_text("a stray")
    volume = handson.open(tmp_path)
    assert volume.shape == (64, 64, 4)
    assert_array_equal(volume.data, read_series(folder).data)


def test_several_series_are_listed_by_their_ids(tmp_path):
    dicom_series(tmp_path / "a", series="1.2.3")
    dicom_series(tmp_path / "b", series="1.2.4")
    with pytest.raises(SeriesError, match=r"1\.2\.3.*1\.2\.4"):
        handson.open(tmp_path)


def test_a_dicomdir_is_an_index():
    with pytest.raises(SeriesError, match=r"volumes. Choose .*1\.3\.6\.1\.4\.1\.5962"):
        handson.open(sample("DICOMDIR"))


def test_a_folder_of_nifti_files(tmp_path):
    (tmp_path / "one.nii").write_bytes(nifti(numbered(SHAPE)))
    (tmp_path / "notes.txt").write_text("a stray")
    assert handson.open(tmp_path).name == "one"
    (tmp_path / "two.nii.gz").write_bytes(gzip.compress(nifti(numbered(SHAPE))))
    with pytest.raises(ReadError, match=r"2 NIfTI images: one\.nii, two\.nii\.gz"):
        handson.open(tmp_path)


def test_what_is_neither_is_refused(tmp_path):
    (tmp_path / "a.dcm").write_text("just some text, longer than a header would need to be")
    (tmp_path / "b.nii").write_text("text")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "nothing").mkdir()
    for name, words in {
        "a.dcm": "neither NIfTI nor a DICOM image",
        "b.nii": "neither NIfTI nor a DICOM image",
        "empty": "empty",
        "nothing": "holds no files",
        "absent": "No such file",
    }.items():
        with pytest.raises(HandsonError, match=words) as caught:
            handson.open(tmp_path / name)
        assert name in str(caught.value.path)
        assert caught.value.remedy


def test_a_damaged_file_is_not_mistaken_for_another_kind(tmp_path):
    content = Path(sample("CT_small.dcm")).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: len(content) // 2])
    with pytest.raises(ReadError, match=r"cut\.dcm"):
        handson.open(tmp_path / "cut.dcm")
    (tmp_path / "ct.dcm.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ReadError, match="DICOM"):
        handson.open(tmp_path / "ct.dcm.gz")


KINDS = {
    "text": (b"Dear reader,\nthis is not an image.\n", "a text file", None),
    "picture.png": (b"\x89PNG\r\n\x1a\n" + bytes(80), "a PNG picture", "imread"),
    "picture.jpg": (b"\xff\xd8\xff\xe0" + bytes(80), "a JPEG picture", "imread"),
    "old.mnc": (b"CDF\x01" + bytes(600), "MINC 1", "nibabel.load"),
    "new.mnc": (b"\x89HDF\r\n\x1a\n" + bytes(600), "MINC 2", "nibabel.load"),
    "a.nii.zst": (b"\x28\xb5\x2f\xfd" + bytes(90), "zstandard", "unzstd"),
    "array.npy": (b"\x93NUMPY" + bytes(90), "a NumPy array", "numpy.load"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "reader", [handson.open, handson.read_slice, handson.read_nifti, handson.read_series]
)
def test_every_reader_says_what_a_file_is_and_what_opens_it(tmp_path, reader, name):
    content, kind, program = KINDS[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(HandsonError) as caught:
        reader(path)
    assert kind in str(caught.value)
    assert program is None or program in str(caught.value)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_read_slice_sends_nifti_to_its_reader(tmp_path, name):
    nib.save(nib.Nifti1Image(np.zeros((3, 4, 5), np.int16), np.eye(4)), tmp_path / name)
    with pytest.raises(ReadError, match=r"a NIfTI file.*handson.read_nifti"):
        handson.read_slice(tmp_path / name)


def test_random_bytes_are_answered_by_every_reader(tmp_path):
    path = tmp_path / "noise"
    path.write_bytes(b"\xf1" + np.random.default_rng(0).bytes(700))
    for reader in (handson.open, handson.read_slice, handson.read_nifti, handson.read_series):
        with pytest.raises(HandsonError, match="noise"):
            reader(path)


@pytest.mark.parametrize("name", ["m.mgh", "m.mgz"])
def test_freesurfers_volumes_are_read_through_nibabel(tmp_path, name):
    data = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    affine = np.array([[-1.0, 0, 0, 3], [0, 0, 2, 5], [0, -1.5, 0, 7], [0, 0, 0, 1]])
    nib.save(nib.MGHImage(data, affine), tmp_path / name)
    volume = handson.open(tmp_path / name)
    np.testing.assert_array_equal(volume.data, data)
    np.testing.assert_allclose(volume.affine, affine, atol=1e-5)
    assert volume.data.dtype == np.float32
    (tmp_path / "bad.mgz").write_bytes((tmp_path / name).read_bytes()[:120])
    with pytest.raises(ReadError, match=r"bad\.mgz"):
        handson.open(tmp_path / "bad.mgz")


def test_nrrd_is_read_through_simpleitk(tmp_path, monkeypatch):
    image = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(5, 4, 3))
    image.SetSpacing((1, 2, 3))
    image.SetOrigin((4, 5, 6))
    path = tmp_path / "n.nrrd"
    SimpleITK.WriteImage(image, str(path))
    volume = handson.open(path)
    assert volume.shape == (3, 4, 5)
    np.testing.assert_allclose(volume.world((1, 1, 1)), (-5, -7, 9))
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(ReadError, match="pip install SimpleITK"):
        handson.open(path)
