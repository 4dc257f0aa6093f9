"""Whatever is done to a volume, no voxel moves in the patient: tried on random affines."""

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.orientations import axcodes2ornt, inv_ornt_aff
from nibabel.quaternions import quat2mat
from numpy.testing import assert_allclose, assert_array_equal

from handson import Volume, read_nifti, write_nifti

ORIENTATIONS = [
    "".join(codes) for order in permutations(("RL", "AP", "SI")) for codes in product(*order)
]
often = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def affines(draw, shear=True):
    """A rotation, with or without a reflection, times spacings from 0.1 to 12 mm, perhaps sheared."""
    parts = draw(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1))
    spacing = draw(st.tuples(*[st.floats(0.1, 12)] * 3))
    sign = draw(st.sampled_from((1, -1)))
    lean = draw(st.tuples(*[st.floats(-0.4, 0.4)] * 2)) if shear else (0, 0)
    stretch = np.diag(spacing) @ np.array([[1, 0, lean[0]], [0, sign, lean[1]], [0, 0, 1]])
    rotation = quat2mat(np.array(parts) / np.linalg.norm(parts))
    origin = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    return nib.affines.from_matvec(rotation @ stretch, origin)


@st.composite
def volumes(draw, shear=True):
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    return Volume(np.arange(np.prod(shape), dtype=np.int32).reshape(shape), draw(affines(shear)))


def places(volume):
    """{value: world position}: every voxel has a value of its own."""
    ijk = np.argwhere(np.ones(volume.shape, bool))
    found = zip(volume.data[tuple(ijk.T)].tolist(), volume.world(ijk), strict=True)
    return dict(found)


def assert_nothing_moved(after, before, atol=1e-9):
    """Every voxel of `after` is where the same voxel of `before` was."""
    was = places(before)
    for value, position in places(after).items():
        assert_allclose(position, was[value], atol=atol)


@often
@given(volumes(), st.integers(0, 2))
def test_flipping_an_axis_moves_no_voxel_in_the_patient(volume, axis):
    flipped = volume.flip(axis)
    assert_nothing_moved(flipped, volume)
    assert_array_equal(flipped.flip(axis).data, volume.data)
    assert_allclose(flipped.flip(axis).affine, volume.affine, atol=1e-9)


@often
@given(volumes(), st.data())
def test_cropping_moves_no_voxel_in_the_patient(volume, data):
    start = [data.draw(st.integers(0, n - 1)) for n in volume.shape]
    stop = [data.draw(st.integers(a + 1, n)) for a, n in zip(start, volume.shape, strict=True)]
    cropped = volume.crop(start, stop)
    assert cropped.shape == tuple(np.subtract(stop, start))
    assert_nothing_moved(cropped, volume)


@often
@given(volumes())
def test_reorienting_moves_no_voxel_in_the_patient(volume):
    ras = volume.to_ras()
    assert_nothing_moved(ras, volume)
    assert sorted(ras.shape) == sorted(volume.shape)
    if volume.obliquity < 44:  # beyond, an axis may be as near to one letter as to another
        assert ras.axcodes == ("R", "A", "S")


@often
@given(volumes())
def test_world_and_voxel_undo_each_other(volume):
    ijk = np.random.default_rng(0).uniform(-3, 9, (20, 3))
    assert_allclose(volume.voxel(volume.world(ijk)), ijk, atol=1e-8)


@often
@given(volumes(), st.sampled_from([".nii", ".nii.gz", ".hdr"]))
def test_writing_and_reading_move_no_voxel_in_the_patient(tmp_path, volume, suffix):
    """The header holds 32-bit floats: a hundredth of a millimetre in half a metre is safe."""
    again = read_nifti(write_nifti(volume, tmp_path / f"a{suffix}"))
    assert_array_equal(again.data, volume.data)
    assert_nothing_moved(again, volume, atol=1e-3)
    assert again.notes == ()


@often
@given(volumes(shear=False))
def test_the_quaternion_alone_says_the_same(tmp_path, volume):
    """Programs that read the qform first put every voxel where those do that read the sform.

    The format stores b, c, d as 32-bit floats and leaves a = sqrt(1 - b2 - c2 - d2) to the reader: near
    half a turn (LPS!) a2 drowns in 3 float32 steps, which is an angle of up to 1.3e-3 rad.
    """
    path = write_nifti(volume, tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[254:256] = bytes(2)  # sform_code 0
    path.write_bytes(content)
    again = read_nifti(path)
    assert again.oriented
    reach = np.linalg.norm(np.multiply(volume.shape[:3], volume.spacing))
    assert_nothing_moved(again, volume, atol=1e-3 + 1.3e-3 * reach)


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_all_48_orientations_are_written_read_and_reoriented(tmp_path, codes):
    assert len(set(ORIENTATIONS)) == 48
    patient = Volume(
        np.arange(60, dtype=np.int16).reshape(3, 4, 5),
        nib.affines.from_matvec(np.diag((2, 3, 4)), (-10, 20, 30)),
    )
    turn = nib.orientations.ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    data = nib.orientations.apply_orientation(patient.data, turn)
    volume = Volume(data, patient.affine @ inv_ornt_aff(turn, patient.shape))
    assert "".join(volume.axcodes) == codes
    again = read_nifti(write_nifti(volume, tmp_path / "a.nii.gz"))
    assert "".join(again.axcodes) == codes
    assert_nothing_moved(again, patient)
    ras = again.to_ras()
    assert_array_equal(ras.data, patient.data)
    assert_allclose(ras.affine, patient.affine, atol=1e-6)


def test_an_axis_at_45_degrees_is_no_disagreement_of_the_two_forms(tmp_path):
    """Which of two letters is nearest is then decided by the last bit of a float."""
    turn = quat2mat((np.cos(np.pi / 8), 0, 0, np.sin(np.pi / 8)))
    for tilt in (-1e-7, 0, 1e-7):
        affine = nib.affines.from_matvec(turn + tilt * np.eye(3)[[1, 0, 2]])
        volume = Volume(np.zeros((3, 3, 3), np.int16), affine)
        assert read_nifti(write_nifti(volume, tmp_path / "a.nii")).notes == ()
