"""The file behind a voxel: its pixels hold the voxel's value, whatever was done to the volume since."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from dicom_files import CORONAL, SAGITTAL, save, stack, values, write

import handson
from handson.viewer.header import of_volume, rows


def value_in_file(volume, ijk, time=0):
    """The stored value at a voxel's place, by the header of the file that is said to hold it."""
    path, frame = volume.file_at(ijk, time)
    dataset = pydicom.dcmread(path)
    row, column = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
    away = volume.world(ijk) * (-1, -1, 1) - np.array(dataset.ImagePositionPatient, float)
    down, across = map(float, dataset.PixelSpacing)
    assert frame == 0
    assert abs(np.cross(row, column) @ away) < 1e-3, "the voxel does not lie in that slice"
    return dataset.pixel_array[round(column @ away / down), round(row @ away / across)]


def cropped(volume):
    return volume.crop((1, 0, 0), volume.shape)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), CORONAL, SAGITTAL])
@pytest.mark.parametrize(
    "change",
    [
        lambda v: v,
        lambda v: v.flip(2),
        lambda v: v.flip(0).flip(1),
        lambda v: v.to_ras(),
        cropped,
        lambda v: v.crop((0, 0, 2), v.shape).flip(2),
        lambda v: replace(v, name="other", unit="HU"),
    ],
)
def test_the_file_at_a_voxel_holds_its_value(orientation, change, tmp_path):
    normal = np.cross(*np.reshape(orientation, (2, 3)))
    write(stack(values(), orientation, step=2.5 * normal), tmp_path)
    volume = change(handson.read_series(tmp_path))
    for ijk in np.argwhere(np.ones(volume.shape))[::17]:
        assert value_in_file(volume, ijk) == volume.data[tuple(ijk)]


def test_each_volume_of_a_series_in_time_has_its_files(tmp_path):
    for t in range(3):
        series = stack(values(seed=t), SeriesInstanceUID="1.2.3", TemporalPositionIdentifier=t + 1)
        write(series, tmp_path / f"{(t * 5) % 7}")
    volume = handson.read_series(tmp_path)
    for t in range(3):
        assert value_in_file(volume, (2, 3, 1), t) == volume.data[2, 3, 1, t]
        assert value_in_file(volume.at(t), (2, 3, 1)) == volume.data[2, 3, 1, t]
    assert volume.file_at((2, 3, 1), -1) == volume.file_at((2, 3, 1), 2)
    assert volume.mean().file_at((2, 3, 1)) is None


def test_where_no_file_is_known_none_is_named(tmp_path):
    write(stack(values()), tmp_path)
    volume = handson.read_series(tmp_path)
    for other in (
        volume.with_data(volume.data * 2),
        replace(volume, affine=volume.affine + np.eye(4, 4, 3)),
        replace(volume, data=np.stack([volume.data] * 2, axis=3)),
        handson.Volume(volume.data, volume.affine),
    ):
        assert other.file_at((2, 3, 1)) is None
    assert volume.file_at((2, 3, 99)) is None


def test_an_interpolated_slice_is_in_no_file(tmp_path):
    write([one for k, one in enumerate(stack(values())) if k != 2], tmp_path)
    assert handson.read_series(tmp_path, on_gap="resample").file_at((0, 0, 2)) is None


def test_the_panel_lists_the_slice_and_no_patient(tmp_path):
    series = stack(values(), EchoTime=4.5, PatientName="Doe^Jane", ProtocolName="of Jane")
    for k, one in enumerate(series):
        one.AcquisitionNumber = 70 + k
    write(series, tmp_path)
    volume = handson.read_series(tmp_path)
    header = of_volume(volume.flip(2))
    for k in range(5):
        found = dict(header((0, 0, 4 - k), 0))
        assert found["(0020,0012) Acquisition Number"] == str(70 + k)
        assert found["(0018,0081) Echo Time"] == "4.5"
        assert "Jane" not in str(found)
    viewer, sent = handson.view(volume), []
    viewer.canvas.send = sent.append
    assert viewer.canvas.geometry["has_header"]
    viewer._answer(None, {"kind": "header", "ijk": [0, 0, 3], "time": 0}, None)
    assert ["(0020,0012) Acquisition Number", "73"] in sent[0]["rows"]
    for path in tmp_path.iterdir():
        path.unlink()
    (row,) = of_volume(volume)((0, 0, 3), 0)
    assert "No such file" in row[1] or "not there" in row[1] or "does not exist" in row[1]


def test_a_single_file_given_by_its_path_has_its_header_too(tmp_path):
    path = save(stack(values((1, 7, 9)), EchoTime=4.5)[0], tmp_path / "one.dcm")
    assert handson.view(path).canvas.geometry["has_header"]
    assert not handson.view(values()).canvas.geometry["has_header"]


def test_the_groups_of_the_frame_and_of_no_other():
    path = pydicom.data.get_testdata_file("eCT_Supplemental.dcm", download=False)
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    name = "(0020,0032) Image Position (Patient)"
    for frame in (0, 1):
        group = dataset.PerFrameFunctionalGroupsSequence[frame]
        said = dict(rows(dataset, frame))[name]
        assert said == str(group.PlanePositionSequence[0].ImagePositionPatient)
    assert name not in dict(rows(dataset))
    volume = handson.read_series(path)
    _, frame = volume.file_at((0, 0, 1))
    position = dataset.PerFrameFunctionalGroupsSequence[frame].PlanePositionSequence[0]
    world = np.array(position.ImagePositionPatient, float) * (-1, -1, 1)
    np.testing.assert_allclose(volume.world((0, 0, 1)), world, atol=1e-3)
