"""A Volume goes to NumPy, nibabel and SimpleITK and comes back, and no voxel moves in the patient."""

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from nibabel.affines import apply_affine, from_matvec
from nibabel.orientations import axcodes2ornt, inv_ornt_aff
from numpy.testing import assert_allclose, assert_array_equal

from handson.errors import GeometryError
from handson.volume import Slice, Volume

LPS = np.array([-1.0, -1.0, 1.0])
TURNED = nib.eulerangles.euler2mat(0.3, -0.2, 0.1) @ np.diag([0.7, 1.3, 2.9])


def volume(shape=(4, 5, 6), dtype=np.int16, affine=None, **meaning):
    """No symmetry: every value occurs once, and no two axes are alike."""
    data = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return Volume(data, from_matvec(TURNED, (-31, 17, 8)) if affine is None else affine, **meaning)


def voxels(of):
    return np.argwhere(np.ones(of.shape[:3], bool))


# --- NumPy ----------------------------------------------------------------------------------------


def test_a_volume_is_an_array_to_numpy_without_a_copy():
    one = volume()
    assert np.shares_memory(np.asarray(one), one.data)
    assert not np.asarray(one).flags.writeable
    assert np.mean(one) == one.data.mean()
    mine = np.array(one)
    mine[:] = 0  # a copy of one's own
    assert one.data.any()


def test_the_copy_word_of_numpy_2_is_kept():
    one = volume()
    assert np.shares_memory(np.array(one, copy=False), one.data)
    with pytest.raises(ValueError, match="copy"):
        np.array(one, dtype=float, copy=False)
    assert np.asarray(one, dtype=np.float32).dtype == np.float32
    assert np.shares_memory(np.asarray(one, dtype=np.int16), one.data)


def test_a_mapped_file_stays_mapped(tmp_path):
    data = np.memmap(tmp_path / "voxels", np.int16, "w+", shape=(4, 5, 6))
    assert np.shares_memory(np.asarray(Volume(data, np.eye(4))), data)


def test_a_slice_is_its_pixels():
    pixels = np.arange(12.0).reshape(3, 4)
    assert_array_equal(np.asarray(Slice(pixels)), pixels)


# --- arrays ---------------------------------------------------------------------------------------


def test_from_array_places_voxels_and_says_what_it_needs():
    affine = from_matvec(TURNED, (1, 2, 3))
    made = Volume.from_array([[[1, 2]], [[3, 4]]], affine, unit="HU")
    assert (made.shape, made.unit) == ((2, 1, 2), "HU")
    assert_allclose(made.world((1, 0, 1)), apply_affine(affine, (1, 0, 1)))
    with pytest.raises(GeometryError, match="view"):
        Volume.from_array(np.zeros((2, 2, 2)), None)


def test_from_array_turns_what_is_masked_into_nan():
    masked = np.ma.masked_equal(np.arange(8).reshape(2, 2, 2), 3)
    made = Volume.from_array(masked, np.eye(4))
    assert_array_equal(np.isnan(made.data), masked.mask)
    assert np.nanmax(made.data) == 7


@pytest.mark.parametrize("channels", [3, 4])
def test_from_array_takes_float_colours_and_leaves_alpha_out(channels):
    colours = np.linspace(0, 1, 8 * channels).reshape(2, 2, 2, channels)
    made = Volume.from_array(colours, np.eye(4), photometric="RGB")
    assert made.shape == (2, 2, 2, 3)
    assert_array_equal(made.data, np.rint(colours[..., :3] * 255).astype(np.uint8))
    with pytest.raises(GeometryError, match="between 0 and 1"):
        Volume.from_array(colours * 300, np.eye(4), photometric="RGB")


def test_a_result_on_the_same_grid_keeps_its_place():
    one = volume(unit="HU", modality="CT", window=(40, 400), frame_of_reference="1.2")
    mask = one.with_data(one.data > 50)
    assert (mask.unit, mask.modality, mask.window) == ("", "", None)
    assert mask.frame_of_reference == "1.2"
    assert_array_equal(mask.affine, one.affine)
    smooth = one.with_data(one.data * 0.5)
    assert (smooth.unit, smooth.modality, smooth.window) == ("HU", "CT", (40, 400))
    assert one.with_data(one.data * 2).unit == "HU"
    assert one.with_data(one.data.astype(np.int32)).unit == ""
    assert one.with_data(one.data > 50, unit="inside").unit == "inside"


def test_a_mask_of_a_series_in_time_has_no_time():
    series = volume((2, 3, 4, 5), time_step=2.0, b_values=(0.0,) * 5)
    still = series.with_data(series.data.mean(axis=3))
    assert (still.n_volumes, still.time_step, still.b_values) == (1, None, None)
    assert series.with_data(series.data * 2).time_step == 2.0


def test_values_on_another_grid_are_refused():
    one = volume()
    with pytest.raises(GeometryError, match="do not fit"):
        one.with_data(one.data.transpose(2, 1, 0))
    with pytest.raises(GeometryError, match="resample_like"):
        one.with_data(one.flip(0))


# --- nibabel --------------------------------------------------------------------------------------


def test_nibabel_counts_and_measures_as_we_do(tmp_path):
    one = volume((4, 5, 6, 3), time_step=2.5, modality="MR")
    nib.save(one.to_nibabel(), tmp_path / "x.nii.gz")
    image = nib.load(tmp_path / "x.nii.gz")
    assert_array_equal(np.asarray(image.dataobj), one.data)
    assert_allclose(image.affine, one.affine, atol=1e-5)
    assert_allclose(image.get_qform(), one.affine, atol=1e-4)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    back = Volume.from_nibabel(image)
    assert_array_equal(back.data, one.data)
    assert back.data.dtype == np.int16
    assert (back.time_step, back.oriented) == (2.5, True)


def test_a_nibabel_image_in_metres_comes_in_millimetres():
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.uint8), np.diag([0.001, 0.002, 0.003, 1]))
    image.header.set_xyzt_units("meter")
    assert_allclose(Volume.from_nibabel(image).spacing, (1, 2, 3))


@pytest.mark.parametrize(
    ("unit", "step", "seconds"),
    [("sec", 0.72, 0.72), ("msec", 720, 0.72), ("usec", 720_000, 0.72), ("hz", 3, None)],
)
def test_the_step_in_time_comes_in_seconds(unit, step, seconds):
    image = nib.Nifti1Image(np.zeros((2, 3, 4, 2), np.uint8), np.eye(4))
    image.header["pixdim"][4] = step
    image.header.set_xyzt_units("mm", unit)
    found = Volume.from_nibabel(image).time_step
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_two_volumes_keep_their_step_and_one_has_none():
    two, one = volume((2, 3, 4, 2), time_step=0.5), volume((2, 3, 4, 1), time_step=0.5)
    assert two.to_nibabel().header.get_zooms()[3] == 0.5
    assert one.to_nibabel().header.get_xyzt_units() == ("mm", "unknown")
    assert Volume.from_sitk(two.to_sitk()).time_step == 0.5


def test_no_side_stays_no_side_in_nibabel():
    image = volume(oriented=False, affine=np.diag([-2.0, -3, 4, 1])).to_nibabel()
    assert (image.header["sform_code"], image.header["qform_code"]) == (0, 0)
    back = Volume.from_nibabel(image)
    assert not back.oriented
    assert_allclose(back.spacing, (2, 3, 4))
    analyze = nib.analyze.AnalyzeImage(np.zeros((2, 3, 4), np.int16), np.eye(4))
    assert not Volume.from_nibabel(analyze).oriented


def test_shear_has_no_quaternion():
    sheared = np.eye(4)
    sheared[1, 2] = 0.3
    image = volume(affine=sheared).to_nibabel()
    assert image.header["qform_code"] == 0
    assert_allclose(image.affine, sheared)


def test_colour_and_odd_types_reach_nibabel():
    colour = volume((4, 5, 6, 3), np.uint8, photometric="RGB")
    back = Volume.from_nibabel(colour.to_nibabel())
    assert back.rgb
    assert_array_equal(back.data, colour.data)
    for dtype, kept in ((bool, np.uint8), (np.float16, np.float32), (">i2", np.int16)):
        assert volume(dtype=dtype).to_nibabel().get_data_dtype() == kept


def test_axes_of_length_one_go_and_vectors_are_refused():
    affine = np.eye(4)
    assert Volume.from_nibabel(nib.Nifti1Image(np.zeros((2, 3, 4, 1)), affine)).shape == (2, 3, 4)
    assert Volume.from_nibabel(nib.Nifti1Image(np.zeros((2, 3, 4, 1, 5)), affine)).n_volumes == 5
    with pytest.raises(GeometryError, match="slicer"):
        Volume.from_nibabel(nib.Nifti1Image(np.zeros((2, 3, 4, 2, 5)), affine))


# --- SimpleITK ------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ["RAS", "LPS", "SAR", "PIR"])
def test_every_voxel_has_the_same_value_at_the_same_place_in_simpleitk(codes):
    turn = nib.orientations.ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    whole = volume()
    data = nib.orientations.apply_orientation(whole.data, turn)
    one = Volume(data, whole.affine @ inv_ornt_aff(turn, whole.shape))
    image = one.to_sitk()
    assert image.GetSize() == one.shape
    for ijk in voxels(one):
        index = [int(n) for n in ijk]
        assert image[index] == one.data[tuple(ijk)]
        assert_allclose(image.TransformIndexToPhysicalPoint(index), one.world(ijk) * LPS)
    back = Volume.from_sitk(image)
    assert_array_equal(back.data, one.data)
    assert_allclose(back.affine, one.affine, atol=1e-12)


def test_simpleitk_and_nibabel_read_one_file_alike(tmp_path):
    path = str(tmp_path / "x.nii.gz")
    one = volume()
    nib.save(one.to_nibabel(), path)
    from_itk, from_nib = Volume.from_sitk(sitk.ReadImage(path)), Volume.from_nibabel(nib.load(path))
    assert_array_equal(from_itk.data, from_nib.data)
    assert_allclose(from_itk.affine, from_nib.affine, atol=1e-4)
    sitk.WriteImage(one.to_sitk(), str(tmp_path / "y.nii"))
    written = nib.load(tmp_path / "y.nii")
    assert_array_equal(np.asarray(written.dataobj), one.data)
    assert_allclose(written.affine, one.affine, atol=1e-4)


def test_simpleitks_arrays_are_reversed_and_time_is_first():
    series = volume((4, 5, 6, 3), time_step=2.5)
    image = series.to_sitk()
    array = sitk.GetArrayFromImage(image)
    assert array.shape == (3, 6, 5, 4)
    assert array[2, 5, 1, 3] == series.data[3, 1, 5, 2]
    back = Volume.from_sitk(image)
    assert_array_equal(back.data, series.data)
    assert_allclose(back.affine, series.affine, atol=1e-12)
    assert back.time_step == 2.5


def test_a_tilted_gantry_keeps_its_shear_in_simpleitk():
    sheared = from_matvec(TURNED, (1, 2, 3))
    sheared[1, 2] += 0.8
    one = volume(affine=sheared)
    image = one.to_sitk()
    assert_allclose(image.TransformIndexToPhysicalPoint((3, 1, 5)), one.world((3, 1, 5)) * LPS)
    assert_allclose(Volume.from_sitk(image).affine, sheared, atol=1e-12)


def test_what_no_one_placed_is_not_placed_by_simpleitk():
    bare = Volume.from_sitk(sitk.GetImageFromArray(np.zeros((2, 3, 4))))
    assert (bare.shape, bare.oriented, bare.scale) == ((4, 3, 2), False, "none")
    loose = volume(oriented=False).to_sitk()
    assert not Volume.from_sitk(loose).oriented
    at_default = volume(affine=np.diag([-1.0, -1, 1, 1]))
    assert Volume.from_sitk(at_default.to_sitk()).oriented


def test_modality_space_and_colour_reach_simpleitk():
    one = volume(modality="CT", frame_of_reference="1.2.3")
    back = Volume.from_sitk(one.to_sitk())
    assert (back.modality, back.frame_of_reference) == ("CT", "1.2.3")
    colour = volume((4, 5, 6, 3), np.uint8, photometric="RGB")
    back = Volume.from_sitk(colour.to_sitk())
    assert back.rgb
    assert_array_equal(back.data, colour.data)
    assert volume(dtype=bool).to_sitk().GetPixelID() == sitk.sitkUInt8


def test_images_that_are_not_volumes_are_refused():
    for image in (sitk.Image(3, 4, sitk.sitkInt16), sitk.Image([3, 4, 5], sitk.sitkVectorFloat32)):
        with pytest.raises(GeometryError, match="not a volume"):
            Volume.from_sitk(image)


# --- a slice in a notebook ------------------------------------------------------------------------


def test_a_slice_shows_a_picture_and_names_nobody():
    from pydicom import Dataset

    header = Dataset()
    header.PatientName, header.PatientID, header.Modality = "DOE^JANE", "4711", "CT"
    one = Slice(np.arange(300.0).reshape(15, 20), (0.5, 0.5), "HU", dataset=header, name="DOE")
    bundle, _ = one._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    said = repr(one) + bundle["text/plain"] + bundle["image/png"].decode("latin-1")
    assert "DOE" not in said
    assert "4711" not in said
    assert repr(one) == "Slice(15 x 20, CT, float64, HU, 0.5 x 0.5 mm)"


def test_a_series_with_untouched_defaults_states_no_scale():
    image = sitk.GetImageFromArray(np.zeros((2, 3, 4, 5)), isVector=False)
    assert image.GetDimension() == 4
    assert Volume.from_sitk(image).scale == "none"
    image.SetSpacing((1, 1, 2, 1))
    assert Volume.from_sitk(image).scale == "mm"
