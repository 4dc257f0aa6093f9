"""What a picture shows is decided once: every kind of image becomes a volume, every look has one rule."""

import io
from itertools import permutations, product

import dicom_files
import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from matplotlib import colormaps
from numpy.testing import assert_allclose, assert_array_equal

import handson
from handson import Layer, Slice, Volume
from handson.display import panel, raster
from handson.display.colours import COLOUR_MAPS, colour_table
from handson.display.images import as_picture, as_volume
from handson.display.look import Look, base_look, layer_look
from handson.display.values import are_labels, survey
from handson.errors import HandsonError, ViewError
from handson.figures import overlay, picture
from handson.viewer import SliceViewer, static

RNG = np.random.default_rng(9)
RAS = np.diag([2.0, 2.0, 3.0, 1.0])


def volume(shape=(6, 7, 8), dtype=np.int16, **meaning):
    return Volume(RNG.integers(0, 200, shape).astype(dtype), RAS, **meaning)


# ---- images -------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", [False, True])
def test_bare_pixels_become_a_volume_that_shows_them_as_they_are(colour):
    shape = (2, 3, 4, 3) if colour else (2, 3, 4)
    stack = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    made = as_volume(stack, spacing=(5.0, 0.8, 0.5), unit="HU")
    assert_array_equal(made.plane("axial", index=1).pixels, stack[1])
    assert made.plane("axial", index=1).spacing == (0.8, 0.5)
    assert made.spacing == (0.5, 0.8, 5.0)
    assert made.rgb == colour
    assert not made.oriented
    for bad in ((1, 1), (1, 1, 0), (1, 1, np.nan)):
        with pytest.raises(ViewError, match="spacing"):
            as_volume(stack, spacing=bad)


def test_bare_pixels_without_spacing_have_no_scale():
    assert as_volume(np.zeros((2, 3, 4))).scale == "none"
    assert "distances not stated" in repr(as_volume(np.zeros((2, 3, 4))))
    assert as_volume(np.zeros((2, 3, 4)), spacing=(1, 1, 1)).scale == "mm"


def test_time_comes_first_in_an_array():
    series = RNG.random((5, 2, 3, 4))
    made = as_volume(series, spacing=(6, 2, 1))
    assert made.n_volumes == 5
    assert made.spacing == (1, 2, 6)
    assert_array_equal(made.at(3).plane("axial", index=1).pixels, series[3, 1])
    assert type(handson.view(series)).__name__ == "TimeSeriesViewer"


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("stack", [False, True])
def test_colours_are_bytes_or_fractions_and_alpha_is_left_out(channels, dtype, stack):
    shape = (*((3,) if stack else ()), 9, 10, channels)
    pixels = RNG.integers(0, 256, shape).astype(np.uint8)
    given = pixels if dtype == np.uint8 else (pixels / 255).astype(dtype)
    shown = static.picture(handson.view(given))
    assert_array_equal(shown, (pixels[1] if stack else pixels)[..., :3])
    assert_array_equal(np.asarray(picture(given, index=1).axes[0].images[0].get_array()), shown)


def test_colours_that_could_be_anything_are_refused():
    with pytest.raises(HandsonError, match="between 0 and 1"):
        handson.view(RNG.random((9, 10, 3)) * 255)


def test_images_of_neighbours_are_shown_like_the_volume():
    one = volume()
    expected = static.picture(handson.view(one))
    for image in (one.to_nibabel(), one.to_sitk()):
        assert_array_equal(static.picture(handson.view(image)), expected)
        assert_array_equal(as_volume(image).data, one.data)
        assert picture(image).alt == picture(one).alt


def test_a_data_set_is_read_as_its_file_would_be(tmp_path):
    dataset = dicom_files.stack(
        dicom_files.values(), modality="CT", RescaleIntercept=-1000, RescaleSlope=1
    )[2]
    path = dicom_files.save(dataset, tmp_path / "x.dcm")
    of_file, of_memory = handson.read_slice(path), as_picture(pydicom.dcmread(path))
    assert_array_equal(of_memory.pixels, of_file.pixels)
    assert_array_equal(of_memory.affine, of_file.affine)
    assert handson.view(dataset).volume.modality == "CT"
    bare = pydicom.Dataset(dataset)
    assert not hasattr(bare, "file_meta") or "TransferSyntaxUID" not in bare.file_meta
    assert_array_equal(as_picture(bare).pixels, of_file.pixels)


def test_a_data_set_without_a_picture_says_so():
    empty = pydicom.Dataset()
    empty.PatientName = "DOE^JANE"
    with pytest.raises(ViewError, match="data set") as refused:
        handson.view(empty)
    assert "DOE" not in str(refused.value)


def test_a_flat_image_of_simpleitk_is_a_picture():
    image = sitk.GetImageFromArray(RNG.random((5, 7)))
    image.SetSpacing((0.5, 2.0))
    flat = as_picture(image)
    assert isinstance(flat, Slice)
    assert flat.spacing == (2.0, 0.5)


def test_what_a_viewer_gives_back_for_an_array_is_in_its_own_order():
    stack = RNG.random((4, 5, 6))
    mask = RNG.random(stack.shape) > 0.7
    shown = handson.view(stack, mask, region=((1, 2, 3), (2, 4, 5)))
    assert_array_equal(stack[1:3, 2:5, 3:6], shown.region_values())
    assert shown.region == ((1, 2, 3), (2, 4, 5))
    (region,) = shown.annotations
    assert_allclose(shown.volume.voxel(np.array(region.points)), [[3, 2, 1], [5, 4, 2]])
    shown.paint(mask)
    assert_array_equal(shown.painted_mask(), mask)
    assert_allclose(shown.measure()["painted"]["mean"], stack[mask].mean())
    assert_array_equal(shown.layers[0].volume.data, mask.transpose(2, 1, 0))
    corners = [shown.volume.world(ijk).tolist() for ijk in ([0, 1, 2], [1, 1, 3])]
    drawn = {"id": 9, "kind": "region", "plane": "sagittal", "points": corners, "text": ""}
    shown.canvas.set_state({"annotations": [drawn]})
    assert shown.region == ((2, 1, 0), (3, 1, 1))
    shown.close()


def test_a_picture_gives_back_rows_and_columns():
    pixels = RNG.random((5, 7))
    shown = handson.view(pixels, pixels > 0.5, region=((1, 2), (3, 4)))
    assert_array_equal(shown.region_values(), pixels[1:4, 2:5])
    shown.paint(pixels > 0.5)
    assert_array_equal(shown.painted_mask(), pixels > 0.5)
    assert_array_equal(shown.region_mask() & ~(pixels > 0.5), _box(pixels.shape) & ~(pixels > 0.5))
    shown.close()


def _box(shape):
    box = np.zeros(shape, bool)
    box[1:4, 2:5] = True
    return box


def test_an_array_over_a_volume_lies_on_its_grid_and_nothing_else_fits():
    one = volume()
    layer = handson.view(one, one.data > 100).layers[0]
    assert_array_equal(layer.volume.affine, one.affine)
    assert layer.volume.data.dtype == bool
    with pytest.raises(ViewError, match="does not fit"):
        handson.view(one, np.zeros((3, 3, 3)))
    image = one.to_sitk()
    over = handson.view(image, sitk.GetArrayFromImage(image) > 100).layers[0]
    assert_array_equal(over.volume.data, one.data > 100)


@pytest.mark.parametrize("option", ["windwo", "colour", "plne"])
def test_an_option_that_no_viewer_has_is_refused_everywhere(option):
    for show in (handson.view, SliceViewer, handson.OrthoViewer, handson.OverlayViewer):
        with pytest.raises(ViewError, match="option"):
            show(volume(), **{option: 1})
    with pytest.raises(TypeError):
        Layer(volume(), **{option: 1})


# ---- windows ------------------------------------------------------------------------------------


def white_from(image, window):
    """The value from which figure and viewer draw white."""
    of_figure = picture(image, window=window).axes[0].images[0].get_clim()[1]
    shown = handson.view(image, window=window)
    assert shown.base.range[1] == of_figure
    assert_allclose(shown.window, window)
    return of_figure


def test_figure_and_viewer_draw_one_window_alike():
    pet = Volume(RNG.random((5, 6, 7)).astype(np.float32) * 9, RAS, modality="PT")
    assert white_from(pet, (2.5, 5)) == 5
    assert white_from(volume(modality="CT"), (40, 400)) == 239
    stated = Volume(pet.data, RAS, modality="PT", window_function="LINEAR")
    assert white_from(stated, (2.5, 5)) == 4
    exact = volume(modality="CT", window_function="LINEAR_EXACT")
    assert white_from(exact, (40, 400)) == 240


@pytest.mark.parametrize(
    "meaning",
    [{}, {"modality": "CT"}, {"modality": "PT"}, {"window": (60, 30)}, {"dtype": np.float32}],
)
def test_figure_and_viewer_start_with_one_window(meaning):
    image = volume((20, 21, 22), **meaning)
    assert handson.view(image).base.range == picture(image).axes[0].images[0].get_clim()


def test_the_first_window_of_values_without_a_scale_leaves_out_their_tails():
    image = Volume(np.arange(1001.0).reshape(7, 11, 13), RAS)
    assert_allclose(handson.view(image).base.range, (10, 995))


def test_a_sigmoid_is_drawn_as_the_standard_has_it():
    image = volume((9, 10, 11), window=(90, 60), window_function="SIGMOID")
    shown = handson.view(image)
    expected = handson.window(image.plane("axial").pixels, 90, 60, "SIGMOID")
    assert np.abs(static.picture(shown)[..., 0] - expected).max() <= 0.5 + 1e-9
    drawn = picture(image).axes[0].images[0]
    assert_array_equal(drawn.to_rgba(drawn.get_array(), bytes=True)[..., :3], static.picture(shown))


# ---- colours and looks ----------------------------------------------------------------------------


def test_the_tables_are_matplotlibs():
    theirs = {"blues": "Blues_r", "oranges": "Oranges_r"}
    for name in {*COLOUR_MAPS} - {"blue-orange", "labels"}:
        chosen = colormaps[theirs.get(name, name)].resampled(256)(np.arange(256))[:, :3]
        assert_array_equal(colour_table(name), np.floor(chosen * 255 + 0.5))


def test_blue_orange_is_one_map():
    table = colour_table("blue-orange")
    bars = handson.figures.BLUE_ORANGE(np.arange(256), bytes=True)[:, :3]
    assert np.abs(bars.astype(int) - table).max() == 0
    assert table[0, 2] > table[0, 0]  # negative is blue, positive orange, the middle dark
    assert table[255, 0] > table[255, 2]
    assert table[127].max() < 60


def flat_labels(dtype=np.int16, names=(1, 2, 12, 14, 15, 21, 33, 48, 51, 60, 77)):
    data = np.zeros((22, 20, 18), dtype)
    for n, label in enumerate(names):
        data[2 * n : 2 * n + 2, 3:15, 2:16] = label
    return data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (RNG.random((5, 6, 7)) > 0.5, True),
        ((RNG.random((5, 6, 7)) > 0.5).astype(np.float32), True),
        (flat_labels(), True),
        (flat_labels(np.uint8), True),
        (RNG.integers(0, 4, (5, 6, 7)), True),
        (flat_labels(np.float32), False),
        (RNG.integers(0, 4000, (9, 9, 9)).astype(np.int16), False),
        (RNG.integers(0, 255, (9, 9, 9)).astype(np.uint8), False),
        (-flat_labels(), False),
        (RNG.random((5, 6, 7)), False),
    ],
)
def test_masks_and_labels_are_seen_from_their_values(data, expected):
    assert are_labels(data, survey(data)) == expected
    one = Volume(data, RAS)
    look = layer_look(one, survey(data))
    assert look.labels == (look.interpolation == "nearest") == expected
    figure = overlay(volume(data.shape), one)
    assert any(i.get_gid() == "map" for i in figure.axes[0].images) != expected


def test_a_mask_in_larger_voxels_keeps_its_size():
    """A 4 mm mask on a 1 mm base: every pixel whose centre lies in a voxel of the mask is drawn."""
    base = Volume(np.zeros((40, 40, 4), np.int16), np.eye(4))
    mask = np.zeros((10, 10, 1), bool)
    mask[3:7, 2:9] = True
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = 1.5
    over = Volume(mask, affine)
    shown = handson.view(base, Layer(over, opacity=1))
    drawn = static.picture(shown).any(axis=2)
    assert drawn.sum() == mask.sum() * 16
    tint = next(i for i in overlay(base, over).axes[0].images if i.get_gid() == "label-1")
    assert_array_equal(np.asarray(tint.get_array())[..., 3] > 0, drawn)
    shown.close()


def test_a_mask_alone_has_a_colour_and_no_window():
    inside = RNG.random((5, 6, 7)) > 0.5
    shown = handson.view(inside)
    assert shown.cmap == "labels"
    assert_array_equal(
        np.unique(static.picture(shown).reshape(-1, 3), axis=0), [[0, 0, 0], [230, 159, 0]]
    )
    assert_array_equal(
        np.asarray(picture(inside).axes[0].images[0].get_array()), static.picture(shown)
    )
    shown.cmap = "gray"
    assert_array_equal(np.unique(static.picture(shown)), [0, 255])
    shown.close()


def test_one_look_is_drawn_alike_by_figure_and_viewer():
    base = Volume(RNG.normal(size=(12, 13, 14)), RAS)
    over = Volume(RNG.normal(size=(12, 13, 14)), RAS)
    figure = overlay(base, over, threshold=0.8, index=5, opacity=0.6)
    image, on_it = (i for i in figure.axes[0].images)
    shown = handson.view(base, Layer(over, threshold=0.8, opacity=0.6), index=5)
    assert image.get_clim() == shown.base.range
    assert on_it.get_clim() == shown.layers[0].range
    pixels = static.picture(shown)
    below = image.to_rgba(image.get_array(), bytes=True)[..., :3].astype(float)
    rgba = on_it.to_rgba(on_it.get_array(), bytes=True)
    alpha = np.where(np.ma.getmaskarray(on_it.get_array()), 0, 0.6)[..., np.newaxis]
    assert np.abs(rgba[..., :3] * alpha + below * (1 - alpha) - pixels).max() <= 1
    shown.close()


def test_a_look_refuses_what_cannot_be():
    for wrong in ({"cmap": "nice"}, {"opacity": 2}, {"interpolation": "cubic"}):
        with pytest.raises(ViewError):
            Look((0, 1), **wrong)
    with pytest.raises(ViewError, match="interpolated"):
        Look((0, 1), labels=True, interpolation="linear")
    rgb = Volume(np.zeros((2, 3, 4, 3), np.uint8), RAS, photometric="RGB")
    with pytest.raises(ViewError, match="colour image"):
        layer_look(rgb, survey(rgb.data))


def test_nan_is_black_and_marked_when_asked():
    data = np.array([[np.nan, 0.0, 1.0]])
    look = base_look(Volume(data[..., np.newaxis], RAS), survey(data), window=(0.5, 1))
    assert_array_equal(raster.colours(data, look)[0, :, 0], [0, 0, 255])
    marked = Look((0.2, 0.8), marks=True)
    assert len(np.unique(raster.colours(data, marked).reshape(-1, 3), axis=0)) == 3


# ---- frames of reference -------------------------------------------------------------------------


def test_layers_of_another_frame_of_reference_are_shown_with_a_warning():
    ct = volume(frame_of_reference="1.2.3", modality="CT")
    pet = volume(dtype=np.float32, frame_of_reference="1.2.4", modality="PT", name="PET")
    shown = handson.view(ct, pet)
    assert "PT has another frame of reference" in repr(shown)
    assert "PET" not in repr(shown)  # a name in a file may be a patient's
    assert shown.canvas.geometry["warning"] == "frames of reference differ"
    figure = overlay(ct, pet)
    assert "PT has another frame of reference" in figure.alt
    assert "frames of reference differ" in figure.axes[0].get_xlabel()
    for quiet in (
        handson.view(ct, pet, same_space=True),
        handson.view(ct, volume(frame_of_reference="1.2.3")),
        handson.view(ct, volume()),
    ):
        assert "frame of reference" not in repr(quiet)
        assert quiet.canvas.geometry["warning"] == ""
    assert "frame of reference" not in overlay(ct, pet, same_space=True).alt


def test_the_warning_stands_on_the_png():
    from PIL import Image

    ct, pet = volume(frame_of_reference="1"), volume(frame_of_reference="2", dtype=np.float32)
    warned, quiet = handson.view(ct, pet), handson.view(ct, pet, same_space=True)
    one, other = (np.asarray(Image.open(io.BytesIO(static.png(v)))) for v in (warned, quiet))
    assert one.shape == other.shape
    assert (one != other).any()


def test_resampling_across_frames_of_reference_is_noted():
    ct, pet = volume(frame_of_reference="1"), volume(frame_of_reference="2")
    assert any("frame of reference" in note for note in pet.resample_like(ct).notes)
    assert pet.resample_like(volume()).notes == ()
    assert nib.aff2axcodes(pet.resample_like(ct).affine) == ("R", "A", "S")


@pytest.mark.parametrize("convention", ["radiological", "neurological"])
def test_a_slice_is_the_same_picture_in_a_figure_and_in_the_viewer(convention):
    """However its rows and columns lie in the patient: 48 ways, and once with no place at all."""
    pixels = np.arange(20.0).reshape(4, 5)
    ways = [
        nib.affines.from_matvec(np.eye(3)[:, order] * signs * (2, 3, 1))
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    ]
    for affine in (*ways, None):
        one = Slice(pixels, None if affine is None else (3.0, 2.0), affine=affine)
        viewer = handson.view(one, convention=convention)
        drawn = panel.panel_of(one, convention=convention)
        there = viewer.volume.layout(viewer.plane, convention)
        assert (drawn.letters, drawn.layout.spacing) == (there.letters, there.spacing)
        seen = raster.colours(drawn.values, drawn.look)
        assert np.array_equal(seen, static.picture(viewer)[..., :3])
        assert len(np.unique(seen)) == 20
        viewer.close()


def test_small_maps_and_maps_from_zero_have_the_defaults_of_all_maps():
    data = np.linspace(-0.9, 0.8, 60).reshape(3, 4, 5)
    both = Volume(data, RAS)
    assert layer_look(both, survey(data)).two_sided
    data = np.linspace(0, 10, 60).reshape(3, 4, 5)
    assert layer_look(Volume(data, RAS), survey(data)).threshold == (1.0, 10.0)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.int32])
@pytest.mark.parametrize(
    "how",
    [{}, {"invert": True}, {"marks": True}, {"cmap": "hot"}, {"function": "SIGMOID"}],
    ids=str,
)
def test_a_large_picture_has_the_colours_of_its_rows(dtype, how):
    look = Look((-100, 900), **how)
    values = np.random.default_rng(0).integers(0, 200, (300, 400)).astype(dtype)
    values[7] += 50
    rows = np.stack([raster.colours(row, look) for row in values])
    assert_array_equal(raster.colours(values, look), rows)
