"""NIfTI files of every kind, built byte by byte, against what their bytes mean and other readers."""

import gzip
import os
import socket
import subprocess
import sys
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from nibabel.quaternions import mat2quat
from nifti_files import AFFINE, header, nifti, numbered, voxels
from numpy.testing import assert_allclose, assert_array_equal

from handson import Volume, header_bytes, read_nifti, write_nifti
from handson.errors import ReadError, WriteError
from handson.nifti.axis4 import write_gradients

DATA = Path(nib.__file__).parent / "tests" / "data"
SHAPE = (3, 4, 5)


@pytest.fixture
def save(tmp_path):
    """save(bytes, name) -> path"""

    def write(content, name="a.nii"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def refused(path, *words, **options):
    """The one error; it names the file and every word, and says what to do."""
    with pytest.raises(ReadError) as caught:
        read_nifti(path, **options)
    error = caught.value
    assert error.path is not None
    assert error.remedy
    for word in words:
        assert word in str(error), f"{word!r} is not in {str(error)!r}"
    return error


# --- every kind of file ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_every_real_datatype_in_both_byte_orders_and_versions(save, kind, order, version):
    stored = numbered(SHAPE, kind)
    volume = read_nifti(save(nifti(stored, order=order, version=version)))
    assert_array_equal(volume.data, stored)
    assert volume.data.dtype == stored.dtype
    assert volume.data.dtype.isnative
    assert_array_equal(volume.affine, AFFINE)
    assert volume.oriented
    assert volume.notes == ()


@pytest.mark.parametrize(("code", "bits"), [(1536, 128), (2048, 256), (1, 1)])
def test_128_bit_numbers_and_single_bits_are_refused(save, code, bits):
    content = header(SHAPE, code, bits) + bytes(4) + bytes(60 * 32)
    refused(save(content), str(code), "128-bit")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.dcm", "no_suffix"])
def test_content_decides_and_not_the_name(save, name):
    stored = numbered(SHAPE)
    assert_array_equal(read_nifti(save(nifti(stored), name)).data, stored)
    assert_array_equal(read_nifti(save(gzip.compress(nifti(stored)), name)).data, stored)


@pytest.mark.parametrize("half", ["hdr", "img"])
@pytest.mark.parametrize("suffixes", [(".hdr", ".img"), (".HDR", ".IMG"), (".hdr", ".img.gz")])
def test_a_pair_is_read_from_either_half(save, suffixes, half):
    stored = numbered(SHAPE)
    image = b"seven.." + voxels(stored)
    image = gzip.compress(image) if suffixes[1].endswith("gz") else image
    hdr = save(header(SHAPE, 4, 16, pair=True, vox_offset=7), "a.b" + suffixes[0])
    img = save(image, "a.b" + suffixes[1])
    volume = read_nifti(hdr if half == "hdr" else img)
    assert_array_equal(volume.data, stored)
    assert volume.name == "a.b"


def test_half_a_pair_says_which_half_is_missing(save):
    refused(save(header(SHAPE, 4, 16, pair=True), "a.hdr"), "a.hdr", ".img")
    refused(save(voxels(numbered(SHAPE)), "b.img"), "b.img", ".hdr")


@pytest.mark.parametrize(
    ("stated", "result"),
    [
        ((6,), (6, 1, 1)),
        ((6, 2), (6, 2, 1)),
        ((6, 2, 1), (6, 2, 1)),
        ((6, 2, 3), (6, 2, 3)),
        ((6, 2, 3, 1), (6, 2, 3)),
        ((6, 2, 1, 3), (6, 2, 1, 3)),
        ((6, 2, 3, 1, 1, 1, 1), (6, 2, 3)),
        ((6, 2, 3, 2, 1), (6, 2, 3, 2)),
    ],
)
def test_axes_of_one_are_squeezed_after_the_third(save, stated, result):
    stored = numbered(stated)
    volume = read_nifti(save(nifti(stored, shape=stated)))
    assert volume.shape == result
    assert_array_equal(volume.data, stored.reshape(result))


@pytest.mark.parametrize("stated", [(6, 2, 0), (6, 0, 3), (6, 2, 3, 0)])
def test_a_size_of_0_is_refused(save, stated):
    refused(
        save(nifti(numbered([max(n, 1) for n in stated]), shape=stated)), "sizes that no image has"
    )


def test_vectors_are_read_by_component_and_refused_without(save):
    stored = numbered((2, 3, 4, 2, 3))
    path = save(nifti(stored, intent_code=1007))
    refused(path, "3 components", "component=0 to 2")
    refused(path, "not 3", component=3)
    for index in range(3):
        assert_array_equal(read_nifti(path, component=index).data, stored[..., index])
        one = read_nifti(path, component=index, volumes=1).data
        assert_array_equal(one, stored[..., 1, index])
    packed = save(gzip.compress(path.read_bytes()), "b.nii.gz")
    assert_array_equal(read_nifti(packed, component=1).data, stored[..., 1])
    assert read_nifti(packed, component=1).notes == ()


@pytest.mark.parametrize("code", [1005, 1007, 2003])
def test_components_that_lie_along_axis_4_are_not_called_time(save, code):
    stored = numbered((2, 3, 4, 3))
    volume = read_nifti(save(nifti(stored, intent_code=code, xyzt_units=10)))
    assert volume.time_step is None
    assert "components" in volume.notes[0]
    assert read_nifti(save(nifti(stored, xyzt_units=10), "b.nii")).time_step is not None


def test_six_axes_are_refused_by_their_sizes(save):
    refused(save(nifti(numbered((2, 2, 2, 1, 1, 2)))), "2 x 2 x 2 x 1 x 1 x 2", "nibabel")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["c8", "c16"])
def test_complex_voxels_need_a_choice(save, kind, order):
    stored = (numbered(SHAPE) - 30 + 1j * numbered(SHAPE)[::-1]).astype(kind)
    path = save(nifti(stored, order=order))
    error = refused(path, "complex")
    assert all(name in error.remedy for name in ("real", "imaginary", "magnitude", "phase"))
    refused(path, "'colour'", component="colour")
    parts = {"real": stored.real, "imaginary": stored.imag}
    parts |= {"magnitude": np.abs(stored), "phase": np.angle(stored)}
    for name, part in parts.items():
        volume = read_nifti(path, component=name)
        assert_allclose(volume.data, part, rtol=1e-6)
        assert volume.data.dtype == (np.float32 if kind == "c8" else np.float64)


def test_a_component_of_plain_numbers_is_refused(save):
    refused(save(nifti(numbered(SHAPE))), "one number per voxel", component="real")


@pytest.mark.parametrize("channels", ["RGB", "RGBA"])
def test_colour_has_a_last_axis_of_three(save, channels):
    stored = np.random.default_rng(0).integers(0, 256, (*SHAPE, len(channels)), np.uint8)
    body = np.moveaxis(stored, -1, 0)  # in the file the channel is fastest
    raw = header(SHAPE, 128 if channels == "RGB" else 2304, 8 * len(channels), scl_slope=5)
    volume = read_nifti(save(raw + bytes(4) + body.tobytes("F")))
    assert volume.photometric == "RGB"
    assert_array_equal(volume.data, stored[..., :3])
    assert bool(volume.notes) == (channels == "RGBA")


def test_colour_volumes_in_time_are_read_one_by_one(save):
    stored = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 2, 3), np.uint8)
    raw = header((2, 3, 4, 2), 128, 24)
    path = save(raw + bytes(4) + np.moveaxis(stored, -1, 0).tobytes("F"))
    refused(path, "2 colour volumes", "volumes=0")
    assert_array_equal(read_nifti(path, volumes=1).data, stored[:, :, :, 1])
    assert_array_equal(read_nifti(path, volumes=[1]).data, stored[:, :, :, 1])


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slope", "intercept", "kind", "result"),
    [
        (0, 7, "i2", "i2"),  # nifti1.h: a slope of 0 means no scaling at all
        (np.nan, np.nan, "i2", "i2"),
        (np.inf, 0, "u2", "u2"),
        (1, 0, "i2", "i2"),
        (1, -1024, "u2", "i2"),
        (1, -70000, "u2", "i4"),
        (-2, 3, "i2", "i2"),
        (1000, 0, "i2", "i4"),
        (1e12, 0, "i2", "i8"),
        (1e30, 0, "i2", "f4"),
        (0.5, 0, "u1", "f4"),
        (-0.25, 100.5, "i2", "f4"),
        (0.5, 0, "i4", "f8"),
        (2, 0, "i4", "i4"),
        (0.5, 1, "f4", "f4"),
        (2, 1, "f8", "f8"),
        (1e38, 0, "u1", "f8"),  # more than float32 can hold
    ],
)
def test_values_are_slope_times_stored_plus_intercept(save, slope, intercept, kind, result):
    stored = numbered(SHAPE, kind)
    stored[0, 0, 0] = 200
    volume = read_nifti(save(nifti(stored, scl_slope=slope, scl_inter=intercept)))
    true = stored.astype(np.float64)
    if np.isfinite(slope) and slope != 0:
        true = true * np.float64(np.float32(slope)) + np.float64(np.float32(intercept))
    assert_allclose(volume.data, true, rtol=1e-7)
    if slope != 1e12:
        assert volume.data.dtype == result
    assert np.isfinite(volume.data).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("no_garbage")
def test_values_beyond_all_floats_overflow_without_a_warning(save):
    """Found by the fuzzer: a slope of 1e300 in NIfTI-2, and the phase of a NaN."""
    stored = np.full(SHAPE, 1e200)
    assert np.isinf(read_nifti(save(nifti(stored, version=2, scl_slope=1e200))).data).all()
    lost = np.full(SHAPE, complex(np.nan, np.inf), np.complex64)
    assert np.isnan(read_nifti(save(nifti(lost)), component="phase").data).all()


def test_whole_scaling_of_64_bit_integers_loses_no_digit(save):
    stored = np.full(SHAPE, 2**53 + 1, np.int64)
    assert (read_nifti(save(nifti(stored, scl_slope=2, scl_inter=1))).data == 2**54 + 3).all()


def test_a_slope_without_an_intercept_is_refused(save):
    path = save(nifti(numbered(SHAPE), scl_slope=2, scl_inter=np.nan))
    refused(path, "slope 2", "intercept nan")


def test_not_a_number_stays_not_a_number(save):
    stored = numbered(SHAPE, "f4")
    stored[1, 1, 1] = np.nan
    for scaling in ({}, {"scl_slope": 2.0}):
        volume = read_nifti(save(nifti(stored, **scaling)))
        assert np.isnan(volume.data[1, 1, 1])
        assert np.isnan(volume.data).sum() == 1


def test_the_display_range_of_the_header_becomes_the_window(save):
    assert read_nifti(save(nifti(numbered(SHAPE), cal_min=-100, cal_max=300))).window == (100, 400)
    assert read_nifti(save(nifti(numbered(SHAPE), cal_min=5, cal_max=5))).window is None


@pytest.mark.parametrize("name", ["functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz"])
def test_real_files_agree_with_nibabel(name):
    volume, image = read_nifti(DATA / name), nib.load(DATA / name)
    assert_allclose(volume.data, image.get_fdata(), rtol=1e-6)
    assert_allclose(volume.affine, image.affine)


# --- where the voxels are -------------------------------------------------------------------------

TURN = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
QUATERNION = tuple(mat2quat(TURN)[1:])
QFORM = dict(qform_code=1, quatern=QUATERNION, qoffset=(7.0, 8, 9), pixdim=(1, 2, 3, 4, 0, 0, 0, 0))


def by_qform(qfac=1):
    affine = np.eye(4)
    affine[:3, :3] = TURN @ np.diag((2, 3, 4 * qfac))
    affine[:3, 3] = 7, 8, 9
    return affine


def test_the_sform_wins_and_a_disagreeing_qform_is_told(save):
    volume = read_nifti(save(nifti(numbered(SHAPE), **QFORM)))
    assert_array_equal(volume.affine, AFFINE)
    assert "different sides" in " ".join(volume.notes)
    near = {**QFORM, "quatern": (0, 1, 0), "qoffset": (30, -40, -45)}
    near["pixdim"] = (-1, 2, 3, 4, 0, 0, 0, 0)
    volume = read_nifti(save(nifti(numbered(SHAPE), **near)))
    assert_array_equal(volume.affine, AFFINE)
    assert "disagree by up to 5 mm" in " ".join(volume.notes)
    near["qoffset"] = (30, -40, -50)
    assert read_nifti(save(nifti(numbered(SHAPE), **near))).notes == ()


@pytest.mark.parametrize(("unit", "mm"), [("mm", 1), ("meter", 1000)])
def test_how_far_two_transforms_disagree_is_said_in_mm_at_the_farthest_corner(tmp_path, unit, mm):
    image = nib.Nifti1Image(np.zeros((4, 5, 11), np.int16), np.diag([2, 2, 2, mm]) / mm)
    image.header.set_xyzt_units(unit)
    image.set_sform(np.diag([2, 2, 2, mm]) / mm, 1)
    image.set_qform(np.diag([2, 2, 2.1, mm]) / mm, 1)
    nib.save(image, tmp_path / "a.nii")
    told = " ".join(read_nifti(tmp_path / "a.nii").notes)
    assert "disagree by up to 1 mm" in told


@pytest.mark.parametrize(
    ("stated", "qfac", "told"),
    [(1, 1, False), (-1, -1, False), (0, 1, False), (-3, -1, True), (np.nan, 1, True)],
)
def test_the_qform_is_used_with_its_qfac(save, stated, qfac, told):
    fields = {**QFORM, "pixdim": (stated, 2, 3, 4, 0, 0, 0, 0)}
    volume = read_nifti(save(nifti(numbered(SHAPE), sform_code=0, **fields)))
    assert_allclose(volume.affine, by_qform(qfac), atol=1e-6)
    assert volume.oriented
    assert ("qfac" in " ".join(volume.notes)) == told


def test_negative_spacings_are_read_without_their_sign(save):
    fields = {**QFORM, "pixdim": (1, -2, 3, -4, 0, 0, 0, 0)}
    volume = read_nifti(save(nifti(numbered(SHAPE), sform_code=0, **fields)))
    assert_allclose(volume.affine, by_qform(), atol=1e-6)


@pytest.mark.parametrize("step", [0, np.nan, np.inf])
def test_a_missing_spacing_is_told(save, step):
    fields = {**QFORM, "pixdim": (1, 2, 3, step, 0, 0, 0, 0)}
    volume = read_nifti(save(nifti(numbered(SHAPE), sform_code=0, **fields)))
    assert_allclose(volume.spacing, (2, 3, 1))
    assert "no usable spacing along k" in " ".join(volume.notes)


def test_without_a_transform_no_side_is_stated(save):
    path = save(nifti(numbered(SHAPE), sform_code=0))
    volume = read_nifti(path)
    assert not volume.oriented
    assert_allclose(volume.affine, nib.load(path).affine)
    assert "which side" in volume.notes[-1]
    assert set(volume.layout("axial").letters.values()) == {""}


@pytest.mark.parametrize(
    "srow", [(0.0,) * 12, (np.nan,) * 12, (1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0), (1e38,) * 12]
)
def test_an_unusable_sform_counts_as_absent(save, srow):
    volume = read_nifti(save(nifti(numbered(SHAPE), srow=srow, **QFORM)))
    assert_allclose(volume.affine, by_qform(), atol=1e-6)
    assert "sform is singular" in volume.notes[0]
    assert not read_nifti(save(nifti(numbered(SHAPE), srow=srow))).oriented


def test_lengths_that_no_image_has_count_as_absent(save):
    """Found by the fuzzer: 1e294 mm, which NIfTI-2 can state, overflowed later on."""
    fields = dict(sform_code=0, pixdim=(1, 2, -1e294, 1e-300, 1, 1, 1, 1))
    volume = read_nifti(save(nifti(numbered(SHAPE), version=2, **fields)))
    assert_allclose(volume.spacing, (2, 1, 1))
    assert "along j and k" in volume.notes[1]
    huge = tuple(np.diag((1e294, 1, 1, 1))[:3].ravel())
    assert not read_nifti(save(nifti(numbered(SHAPE), version=2, srow=huge))).oriented


def test_a_quaternion_that_is_no_rotation_counts_as_absent(save):
    fields = {**QFORM, "quatern": (0.9, 0.9, 0.9)}
    volume = read_nifti(save(nifti(numbered(SHAPE), sform_code=0, **fields)))
    assert not volume.oriented
    assert "qform is singular" in volume.notes[0]


@pytest.mark.parametrize(("code", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001), (6, 1)])
def test_lengths_become_millimetres(save, code, factor):
    volume = read_nifti(save(nifti(numbered(SHAPE), xyzt_units=code)))
    assert_allclose(volume.affine[:3], AFFINE[:3] * factor)
    assert bool(volume.notes) == (code not in (0, 2))
    volume = read_nifti(save(nifti(numbered(SHAPE), sform_code=0, xyzt_units=code)))
    assert_allclose(volume.spacing, np.array((2, 3, 4)) * factor)


@pytest.mark.parametrize(
    ("units", "stated", "seconds"),
    [(8, 2.2, 2.2), (16, 800, 0.8), (24, 5e5, 0.5), (0, 2, None), (8, 0, None), (8, -1, None),
     (32, 2, None), (8, np.nan, None)],
)  # fmt: skip
def test_the_time_step_is_in_seconds_or_unknown(save, units, stated, seconds):
    fields = {"xyzt_units": units + 2, "pixdim": (1, 2, 3, 4, stated, 1, 1, 1)}
    volume = read_nifti(save(nifti(numbered((2, 2, 2, 3)), **fields)))
    assert volume.time_step == pytest.approx(seconds)
    assert ("not time" in " ".join(volume.notes)) == (units == 32)
    assert read_nifti(save(nifti(numbered((2, 2, 2)), **fields))).time_step is None


IN_SECONDS = {"xyzt_units": 10, "pixdim": (1, 2, 3, 4, 2.2, 1, 1, 1)}


@pytest.mark.parametrize(
    ("volumes", "step", "starts"),
    [
        (slice(None, None, 5), 11.0, None),
        (range(3, 9), 2.2, None),
        ([2, 4, 6], 4.4, None),
        ([3], 2.2, None),
        ([0, 1, 5], None, (0, 2.2, 11.0)),
        ([5, 3, 1], None, (0, -4.4, -8.8)),
    ],
)
def test_the_time_step_is_that_of_the_volumes_asked_for(save, volumes, step, starts):
    path = save(nifti(numbered((2, 2, 2, 11)), **IN_SECONDS))
    found = read_nifti(path, volumes=volumes)
    if found.data.ndim == 4:
        assert found.time_step == pytest.approx(step)
    assert (found.times is None) == (starts is None)
    if starts:
        assert_allclose([start for start, _ in found.times], starts)


def test_a_step_of_more_than_100_s_is_doubted_and_kept(save):
    for seconds, doubted in ((2000, True), (99, False)):
        fields = IN_SECONDS | {"pixdim": (1, 2, 3, 4, seconds, 1, 1, 1)}
        volume = read_nifti(save(nifti(numbered((2, 2, 2, 3)), **fields)))
        assert volume.time_step == seconds
        assert ("milliseconds" in " ".join(volume.notes)) == doubted


def test_a_bval_file_says_that_axis_4_is_not_time(save, tmp_path):
    path = save(nifti(numbered((2, 2, 2, 3)), **IN_SECONDS))
    (tmp_path / "a.bval").write_text("0 1000 2000\n")
    volume = read_nifti(path)
    assert (volume.time_step, volume.b_values, volume.b_vectors) == (None, (0, 1000, 2000), None)
    assert "not time" in " ".join(volume.notes)
    # AFFINE has a negative determinant: image x is stored right to left, so .bvec x points left
    (tmp_path / "a.bvec").write_text("0 1 0\n0 0 0.6\n0 0 0.8\n")
    assert_allclose(read_nifti(path).b_vectors, [[0, 0, 0], [-1, 0, 0], [0, 0.6, 0.8]], atol=1e-12)
    some = read_nifti(path, volumes=[2, 0])
    assert some.b_values == (2000, 0)
    assert_allclose(some.b_vectors, [[0, 0.6, 0.8], [0, 0, 0]], atol=1e-12)
    (tmp_path / "a.bval").write_text("0 1000\n")
    odd = read_nifti(path)
    assert (odd.time_step, odd.b_values) == (None, None)
    assert "1 x 3 numbers" in " ".join(odd.notes)


@pytest.mark.parametrize("mirror", [1, -1])
def test_directions_come_back_from_bval_and_bvec_in_world_axes(tmp_path, mirror):
    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn * (2, 3, 4) * (mirror, 1, 1)
    vectors = random.normal(size=(6, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    volume = Volume(
        np.zeros((2, 2, 2, 6), np.int16), affine, b_values=(0, *[1000.0] * 5), b_vectors=vectors
    )
    write_nifti(volume, tmp_path / "d.nii.gz")
    write_gradients(volume, tmp_path / "d")
    again = read_nifti(tmp_path / "d.nii.gz")
    assert_allclose(again.b_vectors, vectors, atol=1e-5)
    assert again.b_values == volume.b_values


def test_distances_that_no_field_states_are_said_to_be_none(save):
    absent = {"sform_code": 0, "pixdim": (1, 2, 0, 4, 1, 1, 1, 1)}
    assert read_nifti(save(nifti(numbered(SHAPE), **absent))).scale == "none"
    assert read_nifti(save(nifti(numbered((3, 1, 5)), **absent))).scale == "mm"
    assert read_nifti(save(nifti(numbered(SHAPE), pixdim=(1, 2, 0, 4, 1, 1, 1, 1)))).scale == "mm"


@pytest.mark.parametrize(("scale", "again"), [("mm", "mm"), ("detector", "none"), ("none", "none")])
def test_no_millimetres_come_back_that_were_not_written(tmp_path, scale, again):
    volume = Volume(numbered(SHAPE), np.diag([2.0, 3, 4, 1]), oriented=False, scale=scale)
    assert read_nifti(write_nifti(volume, tmp_path / "a.nii")).scale == again
    assert Volume.from_nibabel(volume.to_nibabel()).scale == again


def test_a_mat_file_of_spm_is_ignored_and_told(save, tmp_path):
    path = save(nifti(numbered(SHAPE)), "a.b.nii")
    (tmp_path / "a.b.mat").write_bytes(b"")
    assert ".mat" in read_nifti(path).notes[0]


# --- what a file must not be ----------------------------------------------------------------------


def test_extensions_are_passed_over_and_trailing_bytes_told(save):
    stored = numbered(SHAPE)
    extension = b"\1\0\0\0" + (32).to_bytes(4, "little") + (6).to_bytes(4, "little") + b"x" * 24
    path = save(nifti(stored, extension=extension, vox_offset=348 + 36, trailing=b"12345"))
    for name in ("a.nii", "a.nii.gz"):
        content = path.read_bytes()
        volume = read_nifti(save(gzip.compress(content) if "gz" in name else content, name))
        assert_array_equal(volume.data, stored)
        assert volume.notes == ("Ignored 5 bytes after its voxels.",)


def test_extensions_that_lie_about_their_size_harm_nobody(save):
    stored = numbered(SHAPE)
    for size in (-9, 0, 7, 2**31 - 1):
        lie = b"\1\0\0\0" + size.to_bytes(4, "little", signed=True) + bytes(4)
        assert_array_equal(
            read_nifti(save(nifti(stored, extension=lie, vox_offset=360))).data, stored
        )


@pytest.mark.parametrize("offset", [-1, 0, 347, 348, 351, 352.5, np.nan, np.inf])
def test_voxels_cannot_begin_in_the_header(save, offset):
    refused(save(nifti(numbered(SHAPE), vox_offset=offset)), "vox_offset")


@pytest.mark.parametrize("version", [1, 2])
def test_a_wrong_magic_is_told(save, version):
    damaged = {1: b"nx1\0", 2: b"nx2\0\r\n\x1a\n"}[version]
    words = "Analyze 7.5" if version == 1 else "damaged magic"
    refused(save(nifti(numbered(SHAPE), version=version, magic=damaged)), words)
    refused(save(nifti(numbered(SHAPE), version=version, sizeof_hdr=1)), "NIfTI's magic")


def test_analyze_is_refused_with_advice():
    assert "left" in str(refused(DATA / "analyze.hdr", "Analyze 7.5"))


@pytest.mark.parametrize("dim", [
    (0, 3, 4, 5, 1, 1, 1, 1), (8, 3, 4, 5, 1, 1, 1, 1), (-1, 3, 4, 5, 1, 1, 1, 1),
    (3, 0, 4, 5, 1, 1, 1, 1), (3, 3, -4, 5, 1, 1, 1, 1),
])  # fmt: skip
def test_sizes_that_no_image_has_are_refused(save, dim):
    refused(save(nifti(numbered(SHAPE), dim=dim)), "dim = ")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("version", [1, 2])
def test_sizes_that_the_file_cannot_hold_are_refused_before_any_allocation(save, version, packed):
    longest = 32767 if version == 1 else 2**62
    raw = nifti(numbered(SHAPE), version=version, shape=(longest,) * 7)
    assert refused(save(gzip.compress(raw) if packed else raw))
    raw = nifti(numbered(SHAPE), version=version, shape=(longest,) * 3)
    refused(save(gzip.compress(raw) if packed else raw), "holds")


@pytest.mark.parametrize("code", [0, 1, 3, 255, 5000, -4])
def test_a_datatype_that_nifti_does_not_define_is_refused(save, code):
    refused(save(nifti(numbered(SHAPE)).replace(*patch(70, code))), "datatype")


def patch(offset, value):
    """(old, new) for bytes.replace: the first 348 bytes with a short at `offset` changed."""
    raw = header(SHAPE, 4, 16)
    return raw, raw[:offset] + value.to_bytes(2, "little", signed=True) + raw[offset + 2 :]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_anywhere_is_refused(save, packed):
    whole = nifti(np.random.default_rng(0).integers(0, 99, SHAPE, np.int16))
    whole = gzip.compress(whole) if packed else whole
    for length in {*range(0, len(whole), 7), *range(len(whole) - 12, len(whole))}:
        refused(save(whole[:length]), "a.nii")


def test_packed_data_shorter_than_stated_are_refused(save):
    refused(save(gzip.compress(nifti(numbered(SHAPE))[:-1])), "less than the sizes")


@pytest.mark.parametrize("choice", [{}, {"volumes": 0}])
def test_every_flipped_bit_of_packed_data_is_noticed(save, choice):
    """A silently corrupt volume is the worst answer: also when only the first volume is wanted."""
    whole = gzip.compress(nifti(numbered((4, 4, 4, 3))), mtime=0)
    for at in [*range(10, len(whole), 17), *range(len(whole) - 8, len(whole))]:
        damaged = bytearray(whole)
        damaged[at] ^= 4
        refused(save(bytes(damaged)), "a.nii", **choice)


def test_packed_files_of_several_members_are_read_to_the_end(save):
    """As bgzip and pigz write them; zeros may follow, as on tapes."""
    stored = numbered((9, 9, 9))
    raw = nifti(stored)
    content = b"".join(gzip.compress(raw[n : n + 500]) for n in range(0, len(raw), 500))
    assert_array_equal(read_nifti(save(content + bytes(100))).data, stored)
    refused(save(content + b"garbage"), "damaged")


def test_what_is_not_nifti_is_named(save):
    refused(save(bytes(128) + b"DICM" + bytes(500)), "DICOM", "handson.open")
    refused(save(b"BZh91AY"), "bunzip2")
    refused(save(b"NRRD0004\n"), "NRRD")
    refused(save(b"<html>" * 100), "not a NIfTI file")
    refused(save(b""), "empty")
    refused(save(b"\x5c\x01\0\0"), "header alone has 348")


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, monkeypatch):
    refused(tmp_path / "absent.nii", "absent.nii", "No such file")
    refused(tmp_path, "folder")
    os.mkfifo(tmp_path / "pipe.nii")
    refused(tmp_path / "pipe.nii", "pipe")
    refused("/dev/zero", "device")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # a socket's name must be short
        listening.bind("socket.nii")
        refused(Path("socket.nii"), "socket.nii")
    (tmp_path / "circle.nii").symlink_to(tmp_path / "circle.nii")
    refused(tmp_path / "circle.nii", "circle.nii")


def test_no_permission_is_said(save):
    path = save(nifti(numbered(SHAPE)))
    path.chmod(0)
    path.parent.chmod(0o755)
    code = (
        "import os, sys, handson, handson.nifti\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: handson.read_nifti(sys.argv[1])\n"
        "except handson.HandsonError as error: print(error)"
    )
    for parent in path.parents[:-2]:
        parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert "a.nii: cannot be read (Permission denied)" in done.stdout


@pytest.mark.parametrize("asked", [True, False])
def test_a_gzip_bomb_is_refused_within_memory(save, asked):
    """4 GB of zeros behind a header that asks for them, and behind one that does not."""
    start = nifti(np.zeros((1, 1, 1), np.int16), shape=(1200, 1200, 1400) if asked else (1, 1, 1))
    zeros = gzip.compress(bytes(1 << 24)) * 256
    tracemalloc.start()
    refused(save(gzip.compress(start) + zeros), "gzip bomb", "gunzip")
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


# --- some volumes of many -------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("slope", [0, 0.5])
@pytest.mark.parametrize(
    ("volumes", "index"),
    [(0, 0), (4, 4), (range(1, 3), [1, 2]), (slice(None, None, 2), [0, 2, 4]), ([3, 1, 3], [3, 1, 3]),
     (np.int64(2), 2)],
)  # fmt: skip
def test_some_volumes_of_a_series(save, volumes, index, slope, packed):
    stored = numbered((3, 4, 2, 5))
    raw = nifti(stored, scl_slope=slope)
    volume = read_nifti(save(gzip.compress(raw) if packed else raw), volumes=volumes)
    assert_allclose(volume.data, stored[..., index] * (slope or 1))


@pytest.mark.parametrize("volumes", [5, -1, [0, 9], [], slice(9, 12)])
def test_volumes_that_are_not_there_are_refused(save, volumes):
    refused(save(nifti(numbered((3, 4, 2, 5)))), "volumes 0 to 4", volumes=volumes)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_slicing_a_series_loads_that_part_only(tmp_path):
    """2 GB on disk, mostly a hole; one volume is read, and then all of ten."""
    path = tmp_path / "long.nii"
    with open(path, "wb") as file:
        file.write(header((128, 128, 64, 1000), 4, 16) + bytes(4))
        file.truncate(352 + 128 * 128 * 64 * 1000 * 2)
    code = (
        "import sys, re, numpy as np, handson, handson.nifti\n"
        "status = lambda: open('/proc/self/status').read()\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status())[1])\n"
        "volume = handson.read_nifti(sys.argv[1]); start = peak()\n"
        "volume.at(500).data.sum(); volume.plane('axial', time=3).pixels.sum(); one = peak()\n"
        "handson.read_nifti(sys.argv[1], volumes=range(10)).data.sum()\n"
        "print(one - start, peak() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    one, ten = map(int, done.stdout.split())  # kB; one volume has 2048
    assert one < 15_000
    assert 15_000 < ten < 100_000  # the measure sees what is loaded


# --- header_bytes ---------------------------------------------------------------------------------


def test_header_bytes_are_the_values_of_the_file_and_not_those_of_a_reader():
    stored = header_bytes(DATA / "functional.nii")
    assert stored["vox_offset"] == 352
    assert stored["scl_slope"] == pytest.approx(0.0754, abs=1e-4)
    assert stored["scl_inter"] == pytest.approx(3100.76, abs=1e-2)
    assert stored["dim"] == (4, 17, 21, 3, 20, 1, 1, 1)
    assert stored.raw == (DATA / "functional.nii").read_bytes()[:348]
    assert np.isnan(nib.load(DATA / "functional.nii").header["scl_slope"])
    assert header_bytes(DATA / "example4d.nii.gz")["vox_offset"] == 416
    offsets = {field.name: field.offset for field in stored}
    assert offsets["magic"] == 344
    assert offsets["sform_code"] == 254
    assert sum(field.size for field in stored) == 348
    with pytest.raises(KeyError):
        stored["PatientName"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_header_bytes_of_nifti_2_and_either_byte_order(save, order):
    stored = header_bytes(save(nifti(numbered(SHAPE), version=2, order=order, descrip=b"<b>&")))
    assert stored["dim"][:4] == (3, *SHAPE)
    assert stored["descrip"] == "<b>&"
    assert stored.version == 2
    assert stored.byte_order == ("little" if order == "<" else "big")
    assert "&lt;b&gt;&amp;" in stored._repr_html_()
    assert "540 bytes, NIfTI-2" in repr(stored)
    assert "vox_offset" in str(stored)


def test_header_bytes_of_analyze_and_of_nothing(save):
    assert header_bytes(DATA / "analyze.hdr").version == 0
    with pytest.raises(ReadError, match="not a NIfTI"):
        header_bytes(save(b"text" * 200))


# --- writing --------------------------------------------------------------------------------------

OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.3, -0.2, 0.1) @ np.diag((-2, 3, 4)), (10.5, -20.25, 30)
)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".hdr", ".img", ".img.gz", ".NII"])
@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_what_is_written_is_read_again(tmp_path, kind, suffix):
    volume = Volume(numbered((3, 4, 5, 2), kind), OBLIQUE, time_step=2.2, window=(40.0, 400.0))
    path = write_nifti(volume, tmp_path / f"a{suffix}")
    again = read_nifti(path)
    assert_array_equal(again.data, volume.data)
    assert again.data.dtype == volume.data.dtype
    assert_allclose(again.affine, OBLIQUE, atol=1e-5)
    assert (again.time_step, again.window, again.oriented) == (2.2, (40, 400), True)
    assert again.notes == ()
    paired = suffix[:4] in (".hdr", ".img")
    assert len(list(tmp_path.iterdir())) == 1 + paired


def test_sform_and_qform_agree_in_the_file(tmp_path):
    stored = header_bytes(write_nifti(Volume(numbered(SHAPE), OBLIQUE), tmp_path / "a.nii"))
    image = nib.load(tmp_path / "a.nii")
    assert (stored["sform_code"], stored["qform_code"]) == (2, 2)
    assert_allclose(image.get_sform(), OBLIQUE, atol=1e-5)
    assert_allclose(image.get_qform(), OBLIQUE, atol=1e-4)
    assert stored["xyzt_units"] == 2
    scanned = Volume(numbered(SHAPE), OBLIQUE, modality="MR")
    assert header_bytes(write_nifti(scanned, tmp_path / "b.nii"))["sform_code"] == 1
    template = write_nifti(scanned, tmp_path / "b.nii", space="mni")
    assert header_bytes(template)["qform_code"] == 4
    with pytest.raises(WriteError, match="scanner"):
        write_nifti(scanned, tmp_path / "c.nii", space="MNI152")


def test_a_sheared_affine_has_no_qform(tmp_path):
    tilted = OBLIQUE.copy()
    tilted[:3, 2] += 0.5 * tilted[:3, 1]
    path = write_nifti(Volume(numbered(SHAPE), tilted), tmp_path / "a.nii")
    assert header_bytes(path)["qform_code"] == 0
    assert_allclose(read_nifti(path).affine, tilted, atol=1e-5)


def test_a_volume_without_sides_is_written_without_sides(tmp_path):
    volume = Volume(numbered(SHAPE), np.diag((-2.0, -3, 4, 1)), oriented=False)
    path = write_nifti(volume, tmp_path / "a.nii")
    assert (header_bytes(path)["sform_code"], header_bytes(path)["qform_code"]) == (0, 0)
    again = read_nifti(path)
    assert not again.oriented
    assert_allclose(again.spacing, volume.spacing)


def test_masks_colours_half_floats_and_complex_numbers(tmp_path):
    rng = np.random.default_rng(0)
    mask = rng.random(SHAPE) > 0.5
    assert_array_equal(read_nifti(write_nifti(Volume(mask, AFFINE), tmp_path / "m.nii")).data, mask)
    colour = Volume(rng.integers(0, 256, (*SHAPE, 3), np.uint8), AFFINE, photometric="RGB")
    again = read_nifti(write_nifti(colour, tmp_path / "c.nii.gz"))
    assert again.photometric == "RGB"
    assert_array_equal(again.data, colour.data)
    half = Volume(rng.random(SHAPE).astype(np.float16), AFFINE)
    assert_array_equal(read_nifti(write_nifti(half, tmp_path / "h.nii")).data, half.data)
    turning = Volume(np.exp(1j * rng.random(SHAPE)).astype(np.complex64), AFFINE)
    again = read_nifti(write_nifti(turning, tmp_path / "z.nii"), component="phase")
    assert_allclose(again.data, np.angle(turning.data), rtol=1e-6)


def test_a_long_axis_makes_it_nifti_2(tmp_path):
    volume = Volume(np.zeros((40000, 1, 1), np.uint8), AFFINE)
    path = write_nifti(volume, tmp_path / "a.nii")
    assert header_bytes(path).version == 2
    assert read_nifti(path).shape == volume.shape


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".hdr"])
@pytest.mark.parametrize("flip", [1, -1])
def test_simpleitk_reads_the_same_values_at_the_same_places(tmp_path, suffix, flip):
    affine = OBLIQUE @ np.diag((flip, 1, 1, 1))
    volume = Volume(numbered(SHAPE, "f4"), affine)
    path = write_nifti(volume, tmp_path / f"a{suffix}")
    image = sitk.ReadImage(str(path if suffix != ".hdr" else path.with_suffix(".img")))
    for ijk in [(0, 0, 0), (2, 0, 0), (0, 3, 0), (1, 2, 4)]:
        lps = image.TransformIndexToPhysicalPoint(ijk)
        assert_allclose(np.array(lps) * (-1, -1, 1), volume.world(ijk), atol=1e-4)
        assert image.GetPixel(ijk) == volume.data[ijk]


def test_simpleitk_reads_a_series_in_time_and_colours(tmp_path):
    series = Volume(numbered((3, 4, 5, 2)), AFFINE, time_step=2.5)
    image = sitk.ReadImage(str(write_nifti(series, tmp_path / "t.nii.gz")))
    assert image.GetSpacing() == (2, 3, 4, 2.5)
    assert_array_equal(sitk.GetArrayFromImage(image).T, series.data)
    rng = np.random.default_rng(0)
    colour = Volume(rng.integers(0, 256, (*SHAPE, 3), np.uint8), AFFINE, photometric="RGB")
    image = sitk.ReadImage(str(write_nifti(colour, tmp_path / "c.nii")))
    assert_array_equal(np.swapaxes(sitk.GetArrayFromImage(image), 0, 2), colour.data)


def test_nothing_that_names_a_patient_is_written(tmp_path):
    volume = Volume(numbered(SHAPE), AFFINE, name="DOE^JANE", notes=("DOE^JANE",), unit="HU")
    path = write_nifti(volume, tmp_path / "a.nii.gz")
    assert b"DOE" not in path.read_bytes()
    assert b"DOE" not in gzip.decompress(path.read_bytes())


def test_a_file_may_be_replaced_by_what_was_read_from_it(tmp_path):
    path = write_nifti(Volume(numbered(SHAPE), AFFINE), tmp_path / "a.nii")
    volume = read_nifti(path)
    write_nifti(volume.flip(0), path)
    assert_array_equal(volume.data, numbered(SHAPE))
    assert_array_equal(read_nifti(path).data, numbered(SHAPE)[::-1])


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".hdr"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, suffix):
    path = write_nifti(Volume(numbered(SHAPE), AFFINE), tmp_path / f"a{suffix}")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nib.volumeutils, "_write_data", full)
    with pytest.raises(WriteError, match=r"a.*No space left on device"):
        write_nifti(Volume(numbered(SHAPE) + 1, AFFINE), path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_pair_replaces_both_halves_or_none(tmp_path):
    (tmp_path / "a.hdr").mkdir()
    with pytest.raises(WriteError, match="folder"):
        write_nifti(Volume(numbered(SHAPE), AFFINE), tmp_path / "a.img")
    assert [file.name for file in tmp_path.iterdir()] == ["a.hdr"]


def test_where_nothing_can_be_written_it_is_said(tmp_path):
    volume = Volume(numbered(SHAPE), AFFINE)
    with pytest.raises(WriteError, match="No such file"):
        write_nifti(volume, tmp_path / "absent" / "a.nii")
    for name in ("a.png", "a", "a.nii.bz2"):
        with pytest.raises(WriteError, match="suffix"):
            write_nifti(volume, tmp_path / name)
    with pytest.raises(WriteError, match="type"):
        write_nifti(Volume(np.full(SHAPE, "x"), AFFINE), tmp_path / "a.nii")
    assert not list(tmp_path.iterdir())


def test_importing_the_package_loads_neither_nibabel_nor_matplotlib():
    code = (
        "import sys, handson\n"
        "print([m for m in ('numpy', 'nibabel', 'pydicom', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_array_is_not_written_without_a_place(tmp_path):
    with pytest.raises(WriteError, match=r"ndarray is not a Volume.*from_array"):
        write_nifti(np.zeros((2, 2, 2)), tmp_path / "a.nii")
    assert not list(tmp_path.iterdir())
