"""Facts about voxels and millimetres, checked against nibabel and against hand-made phantoms."""

from dataclasses import replace
from itertools import permutations, product

import nibabel as nib
import numpy as np
import pydicom
import pytest
from nibabel.orientations import axcodes2ornt, inv_ornt_aff
from numpy.testing import assert_allclose, assert_array_equal

from handson.errors import GeometryError
from handson.sides import CONVENTIONS, PLANES, direction_letters
from handson.volume import Slice, Volume, colour_bytes

ORIENTATIONS = [
    "".join(codes) for order in permutations(("RL", "AP", "SI")) for codes in product(*order)
]
SHAPE = (5, 7, 9)  # of the patient's R, A, S axes


def in_orientation(codes, spacing=(2.0, 3.0, 4.0)):
    """The same patient stored with axes growing to `codes`: world position encoded in the values."""
    ras = nib.Nifti1Image(
        np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE),
        nib.affines.from_matvec(np.diag(spacing), (-10, 20, 30)),
    )
    image = ras.as_reoriented(
        nib.orientations.ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    )
    return Volume(np.asarray(image.dataobj), image.affine)


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_every_orientation_draws_the_same_pictures(codes):
    """All 48 ways to store one patient give one picture per plane and convention."""
    assert len(ORIENTATIONS) == 48
    volume, reference = in_orientation(codes), in_orientation("RAS")
    assert "".join(volume.axcodes) == codes
    for plane, convention in product(PLANES, CONVENTIONS):
        mm = reference.position(plane, 2)
        ours, theirs = (v.plane(plane, mm=mm, convention=convention) for v in (volume, reference))
        assert_array_equal(ours.pixels, theirs.pixels)
        assert ours.letters == theirs.letters
        assert_allclose(ours.spacing, theirs.spacing)
        assert_allclose(ours.mm, mm)


def test_radiological_pictures_have_the_patients_right_at_the_left():
    volume = in_orientation("RAS")
    data = volume.data
    axial = volume.plane("axial", index=3)
    assert axial.letters == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert axial.pixels[0, 0] == data[-1, -1, 3]  # most right, most anterior
    assert volume.plane("coronal", index=3).letters == dict(
        left="R", right="L", top="S", bottom="I"
    )
    sagittal = volume.plane("sagittal", index=3)
    assert sagittal.letters == {"left": "A", "right": "P", "top": "S", "bottom": "I"}
    assert sagittal.pixels[0, 0] == data[3, -1, -1]
    assert volume.plane("axial", index=3, convention="neurological").pixels[0, 0] == data[0, -1, 3]


def test_sides_not_stated_are_not_lettered_and_not_mirrored():
    picture = Slice(np.arange(6, dtype=np.float32).reshape(2, 3), spacing=(2.0, 1.0))
    for convention in CONVENTIONS:
        plane = picture.as_volume().plane("axial", convention=convention)
        assert_array_equal(plane.pixels, picture.pixels)
        assert set(plane.letters.values()) == {""}
        assert plane.aspect == 2.0


def test_a_slice_with_a_position_is_drawn_by_its_position():
    # PS3.3 C.7.6.2.1.1: rows run to the patient's right here, so the picture is mirrored for display
    affine = np.diag([1.0, -1.0, 1.0, 1.0])
    pixels = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert_array_equal(
        Slice(pixels, (1, 1), affine=affine).as_volume().plane("axial").pixels, pixels[:, ::-1]
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flipping_an_axis_moves_no_voxel_in_the_patient(axis):
    volume = in_orientation("LSP")
    flipped = volume.flip(axis)
    ijk = np.array([[0, 0, 0], [1, 2, 3], [4, 4, 4]])
    mirrored = ijk.copy()
    mirrored[:, axis] = volume.shape[axis] - 1 - ijk[:, axis]
    assert_allclose(flipped.world(mirrored), volume.world(ijk), atol=1e-9)
    assert_array_equal(flipped.data[tuple(mirrored.T)], volume.data[tuple(ijk.T)])


def test_cropping_keeps_every_voxel_where_it_was():
    volume = in_orientation("PIR")
    cropped = volume.crop((1, 2, 1), (4, 5, 3))
    assert cropped.shape == (3, 3, 2)
    assert_allclose(cropped.world((0, 1, 1)), volume.world((1, 3, 2)))
    assert cropped.data[0, 1, 1] == volume.data[1, 3, 2]
    with pytest.raises(GeometryError, match="cannot crop"):
        volume.crop((0, 0, 0), (99, 1, 1))


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_to_ras_relabels_as_nibabel_does(codes):
    volume = in_orientation(codes)
    ours, theirs = (
        volume.to_ras(),
        nib.as_closest_canonical(nib.Nifti1Image(volume.data, volume.affine)),
    )
    assert_array_equal(ours.data, theirs.dataobj)
    assert_allclose(ours.affine, theirs.affine)


def test_world_and_voxel_undo_each_other():
    volume = in_orientation("LAS")
    assert_allclose(volume.voxel(volume.world((1.5, 2, 3))), (1.5, 2, 3))


def test_resampling_goes_by_world_coordinates():
    volume = in_orientation("RAS")
    other = in_orientation("LPI").crop((1, 1, 1), (4, 6, 8))
    placed = volume.resample_like(other, order=0)
    assert_array_equal(placed.data, other.data)
    outside = Volume(np.zeros((2, 2, 2)), nib.affines.from_matvec(np.eye(3), (900, 900, 900)))
    ct = Volume(volume.data, volume.affine, modality="CT")
    assert (ct.resample_like(outside).data == -1000).all()


def test_straightening_a_tilted_gantry_keeps_points_in_place():
    affine = np.eye(4)
    affine[:3, 2] = 0, 5 * np.sin(np.deg2rad(15)), 5 * np.cos(np.deg2rad(15))
    data = np.zeros((8, 40, 30), np.float32)
    data[3:5, 18:22, 14:17] = 100
    tilted = Volume(data, affine)
    assert_allclose(tilted.slice_distance, 4.83, atol=0.005)
    straight = tilted.straighten()
    assert_allclose(
        straight.affine[:3, :3].T @ straight.affine[:3, :3], np.diag([1, 1, 4.8296**2]), atol=1e-3
    )

    def centre_of_mass(volume):
        return volume.world(np.argwhere(volume.data > 50)).mean(0)

    assert_allclose(centre_of_mass(straight), centre_of_mass(tilted), atol=0.5)


def test_oblique_directions_have_compound_letters():
    assert direction_letters([-1, 0, 0.01]) == "L"
    angle = np.deg2rad(8)
    affine = np.eye(4)
    affine[:3, 1], affine[:3, 2] = (
        (0, np.cos(angle), np.sin(angle)),
        (0, -np.sin(angle), np.cos(angle)),
    )
    volume = Volume(np.zeros((2, 2, 2)), affine)
    assert_allclose(volume.obliquity, 8)
    assert volume.layout("axial").letters["top"] == "AS"


@pytest.mark.parametrize(
    ("data", "affine", "message"),
    [
        (np.zeros((2, 2)), np.eye(4), "three or four axes"),
        (np.zeros((2, 0, 2)), np.eye(4), "no empty one"),
        (np.zeros((2, 2, 2)), np.diag([1, 1, 0, 1]), "singular"),
        (np.zeros((2, 2, 2)), np.full((4, 4), np.nan), "finite 4x4"),
    ],
)
def test_impossible_volumes_are_refused_in_words(data, affine, message):
    with pytest.raises(GeometryError, match=message):
        Volume(data, affine)


def test_a_volume_does_not_change():
    volume = in_orientation("RAS")
    with pytest.raises(ValueError, match="read-only"):
        volume.data[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        volume.affine[0, 0] = 1


def test_inverse_affine_of_nibabel_is_what_reorienting_uses():
    volume = in_orientation("SPL")
    ornt = nib.io_orientation(volume.affine)
    assert_allclose(volume.to_ras().affine, volume.affine @ inv_ornt_aff(ornt, volume.shape))


def test_what_a_volume_means_is_kept_by_every_method():
    meaning = {
        "frame_of_reference": "1.2.3",
        "scale": "detector",
        "times": ((0.0, 2.0), (2.0, 2.0), (4.0, 5.0)),
        "b_values": (0.0, 1000.0, 1000.0),
        "b_vectors": np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float),
    }
    volume = Volume(np.zeros((4, 5, 6, 3)), np.diag([2, 2, 3, 1.0]), **meaning)
    for changed in (
        volume.flip(0),
        volume.to_ras(),
        volume.crop((0, 0, 0), (2, 2, 2)),
        volume.straighten(),
        volume.resample_like(volume.crop((0, 0, 0), (2, 2, 2))),
    ):
        for name, value in meaning.items():
            assert_array_equal(getattr(changed, name), value)
    one = volume.at(2)
    assert (one.times, one.b_values, one.scale) == (((4.0, 5.0),), (1000.0,), "detector")
    assert_array_equal(one.b_vectors, [[0, 1, 0]])
    assert "at the detector" in repr(volume)


def test_a_place_on_an_edge_belongs_to_the_higher_voxel_whatever_the_noise():
    volume = Volume(np.zeros((9, 9, 9)), np.diag([0.1, 0.7, 3.3, 1]))
    for n in range(9):
        edge = volume.world(np.array([n, n, n]) + 0.5)
        assert_array_equal(volume.nearest(edge), n + 1)
        assert_array_equal(volume.nearest(edge - 1e-9), n + 1)
        assert_array_equal(volume.nearest(edge - 1e-4), n)
    assert_array_equal(volume.nearest(volume.world((-1.2, 3.4, 20))), (-1, 3, 20))
    assert volume.nearest(np.zeros((4, 5, 3))).shape == (4, 5, 3)


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5, -0.3])
def test_nearest_resampling_takes_the_voxel_that_nearest_names(shift):
    """Out to the edge of the outermost voxel, which is as large as the others."""
    labels = Volume(np.arange(1, 61).reshape(3, 4, 5), np.diag([2, 2, 2, 1.0]))
    grid = Volume(np.zeros((8, 10, 12)), nib.affines.from_matvec(np.eye(3), [shift] * 3))
    drawn = labels.resample_like(grid, order=0)
    ijk = np.stack(np.indices(grid.shape), axis=-1)
    there = labels.nearest(grid.world(ijk))
    inside = ((there >= 0) & (there < labels.shape)).all(axis=-1)
    assert_array_equal(drawn.data[inside], labels.data[tuple(there[inside].T)])
    assert not drawn.data[~inside].any()


def test_the_mean_of_a_series_in_time():
    data = np.stack([np.full((2, 2, 2), v, np.int16) for v in (10, 20, 60)], axis=3)
    series = Volume(data, np.eye(4), time_step=2.0, unit="HU")
    mean = series.mean()
    assert (mean.shape, mean.time_step, mean.unit) == ((2, 2, 2), None, "HU")
    assert mean.data.dtype.kind == "f"
    assert_allclose(mean.data, 30)
    assert_array_equal(series.seconds, [0, 2, 4])
    uneven = replace(series, time_step=None, times=((0.0, 10.0), (10.0, 10.0), (20.0, 60.0)))
    assert_allclose(uneven.mean().data, (10 * 10 + 20 * 10 + 60 * 60) / 80)
    assert_array_equal(uneven.seconds, [0, 10, 20])
    silent = replace(series, time_step=None, times=((0.0, None), (10.0, None), (20.0, None)))
    assert_allclose(silent.mean().data, 30)
    assert replace(series, time_step=None).seconds is None
    assert mean.mean() is mean


@pytest.mark.parametrize(
    ("meaning", "message"),
    [
        ({"scale": "metres"}, "no scale"),
        ({"times": ((0.0, None),)}, "times has 1 entry"),
        ({"b_values": (0.0,)}, "b_values has 1 entry"),
        ({"b_vectors": np.zeros((2, 2))}, "shape"),
    ],
)
def test_meaning_that_does_not_fit_the_volumes_is_refused(meaning, message):
    with pytest.raises(GeometryError, match=message):
        Volume(np.zeros((2, 2, 2, 2)), np.eye(4), **meaning)


def test_each_plane_is_spanned_by_the_other_two_world_axes():
    for through, right, up in PLANES.values():
        axes = np.eye(3, dtype=int)[through], np.abs(right), np.abs(up)
        assert np.array_equal(np.sum(axes, axis=0), (1, 1, 1))
        assert all(np.sum(axis) == 1 for axis in axes)


def test_one_volume_of_a_series_keeps_what_is_said_of_it():
    series = Volume(
        np.zeros((2, 2, 2, 3)),
        np.eye(4),
        times=((0.0, 1.0), (2.0, 3.0), (7.0, 4.0)),
        b_values=(0.0, 500.0, 1000.0),
        b_vectors=np.eye(3),
    )
    one = series.at(1)
    assert one.times == ((2.0, 3.0),)
    assert one.b_values == (500.0,)
    assert_array_equal(one.b_vectors, [[0, 1, 0]])


@pytest.mark.parametrize(
    ("durations", "mean"), [((1, 3), 7.5), ((1, None), 5), ((0, 0), 5), ((0, 2), 10)]
)
def test_a_mean_weighs_by_durations_where_all_are_known(durations, mean):
    times = tuple(zip((0.0, 9.0), durations, strict=True))
    series = Volume(np.array([[[[0.0, 10.0]]]]), np.eye(4), times=times)
    assert series.mean().data.item() == mean


def test_between_two_voxels_linear_resampling_is_their_mean():
    row = Volume(np.arange(4.0).reshape(4, 1, 1) ** 2, np.eye(4))
    shifted = np.eye(4)
    shifted[0, 3] = 0.5
    between = row.resample_like(Volume(np.zeros((3, 1, 1)), shifted))
    assert_allclose(between.data.ravel(), [0.5, 2.5, 6.5])


@pytest.mark.parametrize(("spaces", "told"), [(("1.2", "1.3"), True), (("1.2", "1.2"), False),
                                              (("1.2", ""), False), (("", "1.2"), False)])  # fmt: skip
def test_another_frame_of_reference_is_told(spaces, told):
    one, grid = (Volume(np.zeros((2, 2, 2)), np.eye(4), frame_of_reference=s) for s in spaces)
    assert any("frame of reference" in note for note in one.resample_like(grid).notes) == told


def test_straightening_what_is_straight_changes_nothing():
    noise = np.diag([0.7, 0.8, 2.5, 1]) @ nib.affines.from_matvec(np.eye(3), [0.1, 0.2, 0.3])
    volume = Volume(np.random.default_rng(0).random((5, 6, 7)).astype("f"), noise)
    straight = volume.straighten()
    assert straight.shape == volume.shape
    assert_allclose(straight.affine, volume.affine)
    assert_allclose(straight.data, volume.data, atol=1e-5)


def test_a_picture_says_how_long_its_pixels_are_and_in_which_space():
    dataset = pydicom.Dataset()
    dataset.FrameOfReferenceUID = "1.2.3"
    pixels = np.zeros((4, 5))
    assert Slice(pixels, spacing=(2.0, 0.5), dataset=dataset).aspect == 4
    assert Slice(pixels, spacing=None).aspect == 1
    assert Slice(pixels, spacing=None, dataset=dataset).as_volume().frame_of_reference == "1.2.3"
    assert Slice(pixels, spacing=None).as_volume().frame_of_reference == ""


@pytest.mark.parametrize("shape", [(3,), (4, 3), (4, 5, 2), (4, 5, 6)])
def test_what_holds_no_colours_is_refused(shape):
    with pytest.raises(GeometryError, match="does not hold colours"):
        colour_bytes(np.zeros(shape))


@pytest.mark.parametrize("values", [-0.1, 1.1, 128])
def test_colours_beyond_their_range_are_refused(values):
    with pytest.raises(GeometryError, match="neither uint8 nor floats"):
        colour_bytes(np.full((2, 2, 3), values))
    with pytest.raises(GeometryError, match="neither uint8 nor floats"):
        colour_bytes(np.full((2, 2, 3), values).astype(np.int16))
    assert_array_equal(colour_bytes(np.full((1, 1, 4), 0.5))[0, 0], [128, 128, 128])


def test_what_a_volume_does_not_have_is_named():
    volume = Volume(np.zeros((2, 3, 4, 5)), np.eye(4))
    with pytest.raises(GeometryError, match=r"no volume 5 in time\. They run from 0 to 4"):
        volume.at(5)
    assert_array_equal(volume.at(-1).data, volume.data[..., 4])
    with pytest.raises(GeometryError, match="no axis 7"):
        volume.flip(7)


def test_a_slice_is_chosen_by_millimetres_or_by_index_and_not_by_both():
    volume = Volume(np.zeros((3, 4, 5)), np.eye(4))
    with pytest.raises(GeometryError, match="mm and index both choose the slice"):
        volume.plane("axial", mm=0, index=0)
