"""The viewer's Python side: what is sent, what is set, what is refused, what stays in the notebook."""

import base64
import io
import json
import re
from itertools import permutations, product
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from traitlets import TraitError

import handson
from handson import Layer, Slice, Volume
from handson.display import raster
from handson.display.colours import COLOUR_MAPS, MARKS, colour_table
from handson.display.look import Look
from handson.display.windows import to_range, to_window
from handson.display.words import LABELS
from handson.errors import GeometryError, ViewError, WriteError
from handson.sides import picture_affine
from handson.viewer import models, static
from handson.viewer.encoding import LIMIT, REDUCE_ABOVE, Chunks, choose

RAS = np.diag([2.0, 2.0, 3.0, 1.0])
RNG = np.random.default_rng(5)


def volume(shape=(6, 7, 8), affine=RAS, dtype=np.int16, **options):
    return Volume(RNG.integers(0, 200, shape).astype(dtype), affine, **options)


# ---- what is sent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", ">i2", ">f4"]
)
def test_whole_numbers_arrive_as_they_are(dtype):
    data = RNG.integers(0, 100, (3, 4, 5)).astype(dtype)
    coding = choose(data)
    assert coding.exact
    assert_array_equal(coding.decode(coding.encode(data).astype(float)), data)


@pytest.mark.parametrize("offset", [0, 70_000, -(2**31)])
def test_large_whole_numbers_keep_every_step_that_16_bits_hold(offset):
    data = offset + np.arange(60, dtype=np.int64).reshape(3, 4, 5) * 1000
    coding = choose(data)
    assert_array_equal(coding.decode(coding.encode(data).astype(float)), data)


def test_floats_come_back_within_half_a_step():
    data = RNG.normal(size=(5, 6, 7)).astype(np.float32)
    coding = choose(data)
    assert coding.slope < np.ptp(data) / 65000
    error = np.abs(coding.decode(coding.encode(data).astype(float)) - data)
    assert error.max() <= coding.slope * 0.5001
    assert not coding.exact


def test_hounsfield_units_read_as_float_are_not_rounded():
    data = RNG.integers(-1024, 3071, (4, 5, 6)).astype(np.float32)
    assert choose(data).exact
    assert choose(data).whole


def test_nan_has_a_code_of_its_own_that_no_value_takes():
    data = np.array([[[np.nan, -1.0, 0.25, 7.5, np.inf, -np.inf]]])
    coding = choose(data)
    codes = coding.encode(data)
    assert_array_equal(codes.ravel() == coding.nan, [True, False, False, False, False, False])
    decoded = coding.decode(codes.astype(float)).ravel()
    assert_allclose(decoded[1:4], [-1, 0.25, 7.5], atol=coding.slope)
    assert decoded[4] >= 7.5  # drawn as the largest, and said
    assert "infinite" in dict(coding.notes)


def test_a_range_that_16_bits_cannot_hold_is_said():
    data = RNG.random((8, 8, 8))
    data[0, 0, 0] = 1e9
    assert "coarse" in dict(choose(data).notes)
    viewer = handson.view(Volume(data, RAS))
    assert any("16 bits" in note for note in viewer.base.source.coding["notes"])
    viewer.close()


@pytest.mark.parametrize("value", [0, -3.5, 1e300])
def test_one_value_everywhere_is_shown_and_said(value):
    viewer = handson.view(Volume(np.full((3, 3, 3), value), RAS))
    assert viewer.base.range[0] < viewer.base.range[1]
    assert any("Every voxel" in note for note in viewer.base.source.coding["notes"])
    assert static.picture(viewer).shape == (3, 3, 3)
    viewer.close()


def test_nothing_but_nan_is_said():
    viewer = handson.view(Volume(np.full((3, 3, 3), np.nan), RAS))
    assert any("NaN" in note for note in viewer.base.source.coding["notes"])
    assert static.picture(viewer).max() == 0
    viewer.close()


def huge(items, dtype):
    """An array of a great nominal size that takes no memory."""
    return np.broadcast_to(np.arange(2, dtype=dtype)[:, None, None], (2, 1000, items // 2000))


def test_beyond_a_hundred_megabytes_8_bits_are_sent_unless_all_are_asked_for():
    data = huge(REDUCE_ABOVE // 2 + 4000, np.int16)
    assert choose(data).dtype == "uint8"
    assert "reduced" in dict(choose(data).notes)
    assert choose(data, full=True).dtype == "int16"


def test_reduced_values_are_within_a_step_and_the_ends_saturate(monkeypatch):
    monkeypatch.setattr("handson.viewer.encoding.REDUCE_ABOVE", 10)
    data = RNG.normal(100, 10, (20, 20, 20)).astype(np.float32)
    data[0, 0, 0] = np.nan
    coding = choose(data)
    back = coding.decode(coding.encode(data).astype(float))
    inside = (data > coding.low) & (data < coding.high)
    assert np.abs(back - data)[inside].max() <= coding.slope * 0.51
    assert np.isnan(back[0, 0, 0])
    assert inside.mean() > 0.99


def test_what_no_page_can_hold_is_refused_before_it_is_touched():
    with pytest.raises(ViewError, match="crop"):
        choose(huge(LIMIT + 4000, np.int16))


@pytest.mark.parametrize("dtype", [complex, "U3", object, "datetime64[D]"])
def test_what_is_no_number_is_refused_by_name(dtype):
    data = np.zeros((2, 2, 2)).astype(dtype)
    with pytest.raises(ViewError, match=re.escape(str(data.dtype))):
        handson.view(Volume(data, RAS))


LAYOUTS = {
    "as DICOM stacks": lambda a: a,
    "as NIfTI stores": np.asfortranarray,
    "reversed": lambda a: a[::-1, :, ::-1],
    "every second": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "turned": lambda a: np.ascontiguousarray(a.swapaxes(0, 2)).swapaxes(0, 2),
}


@pytest.mark.parametrize("stored", LAYOUTS)
@pytest.mark.parametrize("slow", [0, 1, 2])
def test_chunks_put_together_are_the_volume(stored, slow, monkeypatch):
    monkeypatch.setattr("handson.viewer.encoding.CHUNK", 130)
    data = LAYOUTS[stored](RNG.integers(-999, 999, (5, 6, 7, 3)).astype(np.int16))
    chunks = Chunks.of(data, choose(data), slow)
    received = np.frombuffer(b"".join(map(chunks.get, range(chunks.count))), "<i2")
    expected = np.moveaxis(data, 3, 0).transpose(0, *(a + 1 for a in chunks.order))
    assert_array_equal(received, expected.ravel())
    assert chunks.order[0] == slow
    for index in range(data.shape[slow]):
        start = chunks.holding(index, time=2) * chunks.length
        middle = (2 * data.shape[slow] + index) * chunks.plane + chunks.plane // 2
        assert start <= middle < start + chunks.length


def test_a_slice_larger_than_a_message_is_cut_up():
    data = np.zeros((3000, 2000, 1), np.uint16)
    chunks = Chunks.of(data, choose(data), 2)
    sizes = [len(chunks.get(n)) for n in range(chunks.count)]
    assert max(sizes) <= 2_000_000
    assert sum(sizes) == data.nbytes


def test_chunks_of_a_contiguous_volume_are_not_copied():
    data = np.asfortranarray(RNG.integers(0, 9, (64, 64, 60)).astype(np.int16))
    chunks = Chunks.of(data, choose(data), 2)
    assert np.shares_memory(np.frombuffer(chunks.get(0), np.int16), data)


def test_colour_is_sent_as_three_bytes_a_voxel():
    data = RNG.integers(0, 255, (4, 5, 6, 3)).astype(np.uint8)
    viewer = handson.view(Volume(data, RAS, photometric="RGB"))
    chunks = viewer.base.source.chunks
    received = np.frombuffer(b"".join(map(chunks.get, range(chunks.count))), np.uint8)
    assert_array_equal(received, data.transpose(*chunks.order, 3).ravel())
    assert "window" not in viewer.controls
    viewer.close()


def test_the_slab_on_show_travels_with_the_first_state():
    image = volume((256, 256, 40))
    viewer = handson.view(image, crosshair=image.world((3, 4, 33)))
    source = viewer.base.source
    assert len(source.slab) <= 2_000_000
    first = source.slab_chunk * source.chunks.length // source.chunks.plane
    codes = np.frombuffer(source.slab, "<i2").reshape(-1, 256, 256)
    assert_array_equal(codes[33 - first], image.data[:, :, 33].transpose(source.chunks.order[1:]))
    viewer.close()


def test_python_answers_what_the_page_asks(monkeypatch):
    viewer = handson.view(Volume(np.linspace(0, 1, 60).reshape(3, 4, 5), RAS, unit="HU"))
    source, sent = viewer.base.source, []
    monkeypatch.setattr(
        source, "send", lambda content, buffers=None: sent.append((content, buffers))
    )
    for page in ("a", "a", "b"):  # asked again by the same page: it is on its way already
        source._handle_custom_msg({"kind": "want", "page": page, "chunks": [0]}, [])
    assert len(sent) == 2
    source._handle_custom_msg({"kind": "probe", "key": "x", "ijk": [1, 2, 3], "time": 0}, [])
    assert sent[0][0] == {"kind": "chunk", "page": "a", "chunk": 0, "deflated": False}
    assert bytes(sent[0][1][0]) == bytes(source.chunks.get(0))
    assert sent[2][0] == {
        "kind": "value",
        "key": "x",
        "text": f"{viewer.volume.data[1, 2, 3]:.7g} HU",
    }
    viewer.close()


def test_every_value_can_be_asked_for(monkeypatch):
    monkeypatch.setattr("handson.viewer.encoding.REDUCE_ABOVE", 10)
    viewer = handson.view(volume())
    assert viewer.base.source.coding["dtype"] == "uint8"
    viewer.controls["full"].value = True
    assert viewer.base.source.coding["dtype"] == "int16"
    viewer.close()


# ---- windows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("center", "width"), [(40, 400), (-600, 1500), (40, 1), (3, 2), (0, 81)])
def test_a_window_of_whole_numbers_is_dicoms_linear(center, width):
    values = np.arange(-1500, 1500)
    shown = raster.positions(values, Look(to_range((center, width), "LINEAR")))
    assert np.abs(shown - handson.window(values, center, width)).max() <= 0.5 + 1e-9


def test_a_window_of_other_values_is_linear_exact():
    values = np.linspace(-1, 2, 500)
    shown = raster.positions(values, Look(to_range((0.5, 0.2), "LINEAR_EXACT")))
    assert np.abs(shown - handson.window(values, 0.5, 0.2, "LINEAR_EXACT")).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_centre_and_width_survive_the_way_there_and_back(function):
    assert_allclose(to_window(to_range((37.5, 80), function), function), (37.5, 80))


@pytest.mark.parametrize("window", [(40, 0), (40, -1), (np.nan, 3), (0, np.inf)])
def test_an_impossible_window_is_refused(window):
    viewer = handson.view(volume())
    with pytest.raises(ViewError, match="window"):
        viewer.window = window
    viewer.close()


def test_the_files_window_comes_first_then_the_modalitys():
    viewer = handson.view(volume(window=(50, 100), modality="CT"))
    assert viewer.window == (50, 100)
    assert list(viewer.presets)[:3] == ["from the file", "soft tissue", "lung"]
    viewer.close()


# ---- state ------------------------------------------------------------------------------------


@pytest.fixture
def viewer():
    shown = handson.view(volume(), Layer(volume((3, 4, 4), np.diag([4, 4, 6, 1.0])), name="over"))
    yield shown
    shown.close()


def test_index_voxel_and_crosshair_say_the_same_place(viewer):
    viewer.index = 5
    assert viewer.voxel[2] == 5
    assert viewer.crosshair[2] == 15
    viewer.plane = "sagittal"
    assert viewer.index == viewer.voxel[0]
    viewer.crosshair = (1.2, 7.9, 2.0)  # between voxels: the nearest, and the place is kept
    assert viewer.voxel == (1, 4, 1)
    assert viewer.crosshair == (1.2, 7.9, 2.0)
    viewer.voxel = (5, 0, 7)
    assert viewer.crosshair == (10, 0, 21)


def test_the_page_is_heard(viewer):
    viewer.canvas.set_state({"k": 2, "crosshair": [6.0, 6.0, 6.0]})
    assert viewer.index == 2
    viewer.canvas.set_state({"plane": 1, "convention": 1})
    assert (viewer.plane, viewer.convention) == ("coronal", "neurological")
    viewer.base.set_state({"range": [10, 49]})
    assert viewer.window == (30, 40)


def test_what_the_page_says_is_not_said_back(viewer, monkeypatch):
    sent = []
    monkeypatch.setattr(viewer.canvas, "_send", lambda message, buffers=None: sent.append(message))
    viewer.canvas.set_state(
        {"k": 2, "crosshair": viewer.volume.world((*viewer.voxel[:2], 2)).tolist()}
    )
    assert [m for m in sent if m["method"] == "update"] == []


STATES = {
    "plane": "coronal", "convention": "neurological", "cmap": "viridis", "window": (30.0, 12.0),
    "compose": "curtain", "split": 0.25, "zoom": 2.0, "smooth": True, "histogram": True,
    "montage": True, "show_crosshair": True, "outside": True, "index": 1,
    "ruler": ((0.0, 0.0, 0.0), (1.0, 2.0, 2.0)), "region": ((0, 0, 0), (1, 1, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_every_state_can_be_set_before_and_after_it_is_shown(name):
    before = handson.view(volume(), **{name: STATES[name]})
    after = handson.view(volume())
    setattr(after, name, STATES[name])
    assert getattr(before, name) == getattr(after, name) == STATES[name]
    assert after.canvas.get_state() is not None
    before.close()
    after.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [("plane", "axia"), ("index", 99), ("index", -1), ("voxel", (0, 0, 99)), ("cmap", "nice"),
     ("convention", "left"), ("time", 1), ("compose", "mix")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_moves(viewer, name, value):
    before = getattr(viewer, name)
    with pytest.raises((TraitError, ViewError)):
        setattr(viewer, name, value)
    assert getattr(viewer, name) == before


def test_a_crosshair_outside_goes_to_the_nearest_voxel_and_nan_nowhere(viewer):
    viewer.crosshair = (1e6, 0, 0)
    assert viewer.voxel == (5, 0, 0)
    with pytest.raises(ViewError, match="RAS"):
        viewer.crosshair = (np.nan, 0, 0)


def test_layers_are_set_from_python_too(viewer):
    layer = viewer.layers[0]
    layer.opacity, layer.cmap, layer.interpolation = 0.25, "inferno", "nearest"
    state = layer.get_state()
    assert (state["opacity"], state["interpolate"]) == (0.25, False)
    assert COLOUR_MAPS[state["cmap_index"]] == "inferno"
    with pytest.raises(ViewError):
        layer.opacity = 2
    with pytest.raises(ViewError):
        layer.cmap = "nice"


# ---- what is shown ------------------------------------------------------------------------------


def kinds():
    series = volume((3, 4, 5, 6))
    grey = np.zeros((5, 7))
    return {
        "a volume": ((volume(),), "SliceViewer"),
        "a volume with layers": ((volume(), volume()), "OverlayViewer"),
        "a series in time": ((series,), "TimeSeriesViewer"),
        "a slice": ((Slice(grey, spacing=(1, 1)),), "SliceViewer"),
        "a picture": ((grey,), "SliceViewer"),
        "a stack": ((np.zeros((3, 5, 7)),), "SliceViewer"),
        "colour": ((np.zeros((5, 7, 3), np.uint8),), "SliceViewer"),
    }


@pytest.mark.parametrize("kind", kinds())
def test_view_picks_the_viewer(kind):
    arguments, expected = kinds()[kind]
    shown = handson.view(*arguments)
    assert type(shown).__name__ == expected
    assert static.picture(shown).ndim == 3
    shown.close()


def test_ortho_shows_three_planes():
    shown = handson.view(volume(), plane="ortho")
    assert [p for p, _ in static.sections(shown)] == ["axial", "coronal", "sagittal"]
    assert {"axial", "coronal", "sagittal"} <= set(shown.controls)
    shown.close()


def test_a_path_is_opened(tmp_path):
    image = nib.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), RAS)
    nib.save(image, tmp_path / "a.nii")
    shown = handson.view(tmp_path / "a.nii")
    assert_allclose(shown.volume.affine, RAS)
    shown.close()


def test_an_array_is_slice_row_column_and_states_no_side():
    stack = np.zeros((3, 4, 5), np.uint8)
    stack[0, 1, 2] = 200
    shown = handson.view(stack, spacing=(3, 2, 1))
    shown.index = 0
    assert static.picture(shown)[1, 2].max() > 0
    assert shown.volume.spacing == (1, 2, 3)
    assert not shown.volume.oriented
    assert "side not stated" in repr(shown)
    shown.close()


def test_without_spacing_there_is_no_scale():
    for image, scale in (
        (np.zeros((4, 5)), "none"),
        (Slice(np.zeros((4, 5))), "none"),
        (Slice(np.zeros((4, 5)), spacing=(0.2, 0.2), at_detector=True), "detector"),
        (Slice(np.zeros((4, 5)), spacing=(0.2, 0.2)), "mm"),
        (volume(), "mm"),
    ):
        shown = handson.view(image)
        assert shown.canvas.geometry["scale"] == scale
        shown.close()


def test_a_single_slice_has_no_slider_for_its_slices():
    shown = handson.view(Volume(np.zeros((1, 5, 6)), RAS))  # one sagittal slice
    assert shown.plane == "sagittal"
    assert "axial" not in shown.controls
    shown.close()


def test_a_list_stands_side_by_side_and_moves_together():
    row = handson.view([volume(), volume((3, 4, 5), np.diag([4, 4, 5, 1.0]))])
    assert len(row.viewers) == 2
    assert len(row.links) == 1
    for shown in row.viewers:
        shown.close()


@pytest.mark.parametrize(
    "image",
    [np.zeros(5), np.zeros((0, 3, 3)), np.zeros((2, 3, 4, 5, 6)), [], "no-such-file.nii", None],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(handson.HandsonError):
        handson.view(image)


@pytest.mark.parametrize("spacing", [(1, 1), (1, 1, 0), (1, 1, -2), (1, 1, np.nan), 3])
def test_a_spacing_that_cannot_be_is_refused(spacing):
    with pytest.raises(ViewError, match="spacing"):
        handson.view(np.zeros((3, 4, 5)), spacing=spacing)


def test_layers_that_cannot_be_are_refused_and_nothing_is_left_open():
    open_before = len(_instances)
    placed, loose = volume(), Volume(np.zeros((3, 3, 3)), picture_affine((1, 1, 1)), oriented=False)
    with pytest.raises(ViewError, match="sides"):
        handson.view(placed, Layer(loose, threshold=0))
    with pytest.raises(ViewError, match="Volume"):
        Layer(np.zeros((3, 3, 3)))
    with pytest.raises(ViewError, match="labels cannot be interpolated"):
        Layer(volume(), labels=True, interpolation="linear")
    with pytest.raises(ViewError, match="whole"):
        Layer(Volume(RNG.random((3, 3, 3)), RAS), labels=True)
    with pytest.raises(GeometryError, match="singular"):
        handson.view(Volume(np.zeros((3, 3, 3)), np.diag([1, 0, 1, 1])))
    assert len(_instances) <= open_before + 3  # layers that were made and are still held here


def test_a_layer_hides_its_background_by_default():
    mask = Layer(Volume((RNG.random((4, 4, 4)) > 0.5).astype(np.uint8), RAS))
    signed = Layer(Volume(RNG.normal(size=(9, 9, 9)), RAS))
    assert mask.interpolation == "nearest"
    assert signed.two_sided
    assert signed.cmap == "blue-orange"
    assert signed.range[0] == -signed.range[1]


def test_a_mask_is_drawn_voxel_by_voxel_in_a_colour_of_its_own():
    inside = RNG.random((9, 8, 7)) > 0.6
    masks = [Layer(Volume(inside, RAS), opacity=1), Layer(Volume(~inside, RAS), opacity=1)]
    shown = handson.view(Volume(np.zeros(inside.shape, np.int16), RAS), *masks)
    pixels = static.picture(shown)
    slice_ = np.swapaxes(inside[::-1, ::-1, shown.index], 0, 1)
    colours = [np.unique(pixels[where], axis=0) for where in (slice_, ~slice_)]
    assert [len(c) for c in colours] == [1, 1]
    assert (colours[0] != colours[1]).any()
    assert "threshold 1" not in shown.controls
    shown.close()


def test_labels_have_colours_and_names_and_can_be_hidden_one_by_one():
    labels = Volume(np.arange(24, dtype=np.int16).reshape(2, 3, 4) % 4, RAS)
    layer = Layer(
        labels, opacity=1, names={1: "one", 2: "two"}, colours={1: "#ff0000", 3: (0, 0, 9)}
    )
    assert layer.names == {1: "one", 2: "two"}
    assert layer.colours == {1: (255, 0, 0), 3: (0, 0, 9)}
    shown = handson.view(Volume(np.zeros((2, 3, 4), np.int16), RAS), layer, index=1)
    values = labels.data[::-1, ::-1, 1].T
    assert_array_equal(np.unique(static.picture(shown)[values == 1], axis=0), [[255, 0, 0]])
    layer.shown = (3,)
    seen = static.picture(shown)
    assert_array_equal(seen[values != 3], 0)
    layer.shown = None
    layer.names, layer.colours = {2: "zwei"}, {}
    assert (layer.names, layer.colours, layer.shown) == ({2: "zwei"}, {}, None)
    shown.close()
    with pytest.raises(ViewError, match="colour"):
        Layer(labels, colours={1: "no-such"})
    with pytest.raises(ViewError, match="label map"):
        Layer(volume()).shown = (1,)


# ---- pixels -----------------------------------------------------------------------------------


def orientations():
    for axes in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            yield np.array([(axis, sign) for axis, sign in zip(axes, signs, strict=True)])


def test_a_marker_is_drawn_on_its_side_in_all_48_orientations():
    """One voxel, right, anterior and superior of the middle, stored in every way there is."""
    ras = nib.Nifti1Image(np.zeros((7, 9, 11), np.uint8), np.diag([2.0, 2, 2, 1]))
    ras.dataobj[5, 7, 9] = 250
    expected = {  # radiological: right is at the left, nose to the left, up is up: (row, column)
        "axial": ((9 - 1 - 7, 7 - 1 - 5), "RLAP"),
        "coronal": ((11 - 1 - 9, 7 - 1 - 5), "RLSI"),
        "sagittal": ((11 - 1 - 9, 9 - 1 - 7), "APSI"),
    }
    for orientation in orientations():
        stored = ras.as_reoriented(orientation)
        image = Volume(np.asarray(stored.dataobj), stored.affine)
        shown = handson.view(image, crosshair=(10, 14, 18), window=(100, 100))
        for plane, (place, letters) in expected.items():
            assert tuple(np.argwhere(static.picture(shown, plane)[..., 0] == 255)[0]) == place
            said = shown.canvas.geometry["layouts"][0][plane]["letters"]
            assert "".join(said[s] for s in ("left", "right", "top", "bottom")) == letters
        shown.close()


def test_grey_levels_are_those_of_the_standard():
    image = volume((20, 21, 22), modality="CT", dtype=np.int16)
    shown = handson.view(image, window=(90, 61), plane="coronal", index=4)
    expected = handson.window(image.plane("coronal", index=4).pixels, 90, 61)
    assert np.abs(static.picture(shown)[..., 0] - expected).max() <= 0.5 + 1e-9
    shown.close()


def test_low_values_of_monochrome1_are_bright():
    shown = handson.view(volume(photometric="MONOCHROME1"))
    plain = handson.view(Volume(shown.volume.data, RAS))
    assert_array_equal(static.picture(shown), 255 - static.picture(plain))
    shown.close()
    plain.close()


@pytest.mark.parametrize(("order", "labels"), [(1, None), (0, True)])
def test_layers_on_another_grid_lie_where_resampling_puts_them(order, labels):
    turned = nib.affines.from_matvec(
        nib.eulerangles.euler2mat(0.2, -0.1, 0.3) @ np.diag([1.5, -2.5, 2.0]), [-3, 16, -2]
    )
    base, data = volume((14, 15, 16)), RNG.integers(1, 5, (16, 12, 17))
    over = Volume(data.astype(np.int16 if labels else np.float32), turned)
    layer = Layer(
        over,
        opacity=1,
        threshold=(-99, 99),
        range=(0, 5),
        labels=labels,
        cmap=None if labels else "gray",
    )
    shown = handson.view(base, layer, plane="sagittal")
    values = over.resample_like(base, order=order).plane("sagittal").pixels
    inside = (
        Volume(np.ones(over.shape, np.float32), turned).resample_like(base).plane("sagittal").pixels
        > 0.999
    )
    drawn = static.picture(shown)
    table = colour_table(layer.cmap).astype(int)
    positions = values.astype(int) if labels else raster.positions(values, Look((0, 5)))
    assert inside.sum() > 30
    assert np.abs(drawn - table[positions])[inside].max() <= 1
    shown.close()


def test_marks_show_nan_and_what_the_window_cuts_off():
    data = np.array([-5.5, 0.5, 1.0, 9.5, np.nan]).reshape(5, 1, 1)
    shown = handson.view(Volume(data, picture_affine((1, 1, 1)), oriented=False), window=(1.0, 2.0))
    shown.outside = True
    row = static.picture(shown)[0]
    assert_array_equal(row[[0, 3, 4]], [MARKS[k] for k in ("below", "above", "nan")])
    shown.outside = False
    assert static.picture(shown)[0, 4].max() == 0
    shown.close()


def test_a_measurement_is_in_real_units():
    sheared = RAS.copy()
    sheared[0, 2] = 1.5
    shown = handson.view(Volume(RNG.normal(5, 2, (8, 8, 8)), sheared))
    shown.ruler = ((0, 0, 0), (2, 3, 6))
    shown.region = ((1, 1, 4), (3, 2, 4))
    values = shown.volume.data[1:4, 1:3, 4]
    found = shown.measure()
    assert found["length"] == 7
    assert_allclose([found["mean"], found["sd"]], [values.mean(), values.std(ddof=1)])
    assert_allclose([found["area"], found["volume"]], [6 * 4, 6 * 12])
    shown.close()


def test_time_courses_of_voxel_and_region():
    series = volume((4, 4, 4, 7), time_step=2.0)
    shown = handson.view(series, voxel=(1, 2, 3), region=((0, 0, 3), (1, 1, 3)), time=4)
    seconds, voxel, region, painted = shown.time_course()
    assert_array_equal(seconds, 2 * np.arange(7))
    assert_array_equal(voxel, series.data[1, 2, 3])
    assert_allclose(region, series.data[:2, :2, 3].mean(axis=(0, 1)))
    assert painted is None
    shown.close()


def test_a_painted_region_has_a_course_in_three_planes_too():
    data = RNG.normal(100, 5, (4, 4, 4, 7))
    data[0, 0, 0, 2] = np.nan
    mask = RNG.random((4, 4, 4)) < 0.3
    mask[0, 0, 0] = True
    shown = handson.view(
        Volume(data, np.eye(4), times=tuple((t**2, None) for t in range(7))), plane="ortho"
    )
    shown.paint(mask)
    found = shown.time_course()
    assert shown.panel == "time"
    assert_array_equal(found.seconds, np.arange(7) ** 2)
    assert shown.canvas.geometry["seconds"] == list(np.arange(7) ** 2)
    assert_allclose(found.painted, np.nanmean(data[mask], axis=0))
    shown.close()


def test_the_png_of_a_series_holds_its_curve_and_says_which_volume():
    shown = handson.view(volume((4, 4, 4, 7), time_step=2.0), time=3, name="run")
    assert "volume 4 of 7, 6 s" in repr(shown)
    picture = Image.open(io.BytesIO(static.png(shown)))
    single = handson.view(shown.volume.at(3))
    assert picture.height > Image.open(io.BytesIO(static.png(single))).height
    below = np.asarray(picture)[400:]
    assert (below == 255).all(axis=2).sum() > 100, "a line and its axis"
    blue = (below[..., 2].astype(int) - below[..., 0] > 150).any(axis=0)
    assert 0.45 < np.flatnonzero(blue).mean() / picture.width < 0.65, "the moment on show"
    assert "volume" not in repr(single)
    shown.close()
    single.close()


def test_a_single_volume_has_no_course():
    shown = handson.view(volume((4, 4, 4)))
    assert shown.panel == ""
    with pytest.raises(ViewError, match="no course in time"):
        shown.time_course()
    shown.close()


def test_events_are_seconds_and_need_a_series_that_has_them():
    rows = [["44", "16", "right"], (14, 16, "left")]
    shown = handson.view(volume((4, 4, 4, 7), time_step=2.0), events=rows, percent=True)
    assert shown.events == ((14.0, 16.0, "left"), (44.0, 16.0, "right"))
    assert shown.canvas.events == [[14.0, 16.0, "left"], [44.0, 16.0, "right"]]
    assert shown.canvas.percent
    for wrong in ([(1, 2)], [("now", 1, "x")], [(0, -1, "x")], 3):
        with pytest.raises((ViewError, TraitError)):
            shown.events = wrong
    shown.close()
    with pytest.raises(ViewError, match="nobody says when"):
        handson.view(volume((4, 4, 4, 7)), events=rows)


# ---- what stays -------------------------------------------------------------------------------


def test_every_output_holds_a_small_png_with_alt_text():
    data = RNG.integers(0, 255, (300, 300, 20)).astype(np.uint8)
    noise = Volume(data, np.eye(4), name="WATSON^ROSA head", modality="MR")
    shown = handson.view(noise, Layer(noise, cmap="jet"), plane="ortho", name="noise")
    data, metadata = shown._repr_mimebundle_()
    png = base64.b64decode(data["image/png"])
    assert len(png) <= 100_000
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert "application/vnd.jupyter.widget-view+json" in data
    alt = metadata["image/png"]["alt"]
    assert alt in data["text/plain"]
    for said in ("noise", "axial slice 11 of 20", "z = 10.0 mm", "radiological"):
        assert said in alt
    assert "WATSON" not in alt  # the file's own name for it may be a patient's
    assert "WATSON" not in data["text/plain"]
    assert "0x" not in data["text/plain"]  # no memory address: notebooks are compared
    shown.close()


def test_a_saved_png_has_the_pictures_proportions(tmp_path):
    shown = handson.view(Volume(np.zeros((10, 20, 5)), np.diag([3.0, 1, 1, 1])))
    path = shown.save_png(tmp_path / "a.png")
    width, height = Image.open(path).size
    assert width / height == pytest.approx(30 / 20, rel=0.01)
    shown.close()


def test_a_saved_page_holds_all_of_it_and_asks_for_nothing(tmp_path, viewer):
    text = Path(viewer.save_html(tmp_path / "a.html")).read_text(encoding="utf-8")
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    state = json.loads(re.search(r'id="state">(.*?)</script>', text)[1])
    assert len(state["layers"]) == 2
    assert state["canvas"]["geometry"]["shape"] == [6, 7, 8]


def test_names_cannot_break_out_of_a_saved_page(tmp_path):
    shown = handson.view(volume(name="</script><script>alert(1)</script>"))
    assert "<script>alert" not in Path(shown.save_html(tmp_path / "a.html")).read_text()
    shown.close()


@pytest.mark.parametrize("save", ["save_png", "save_html"])
def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path, viewer, save):
    name = f"a.{save.removeprefix('save_')}"
    with pytest.raises(WriteError, match=rf"{name}.*written"):
        getattr(viewer, save)(tmp_path / "none" / name)
    (tmp_path / name).mkdir()
    with pytest.raises(WriteError, match="written"):
        getattr(viewer, save)(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]


# ---- memory -----------------------------------------------------------------------------------


def test_two_viewers_of_one_volume_share_its_voxels():
    image = volume()
    first, second = handson.view(image), handson.view(image, plane="coronal")
    source = first.base.source
    assert source is second.base.source
    first.close()
    assert source.comm is not None
    second.close()
    assert source.comm is None


def test_closing_takes_every_widget_along():
    image, layer = volume(), Layer(volume())
    handson.view(image, layer, plane="ortho").close()
    before = set(_instances)
    for _ in range(5):
        shown = handson.view(image, layer)
        assert set(_instances) > before
        shown.close()
    assert set(_instances) == before


# ---- words ------------------------------------------------------------------------------------


def test_every_word_of_the_page_comes_from_the_labels():
    scripts = "".join(p.read_text() for p in Path(models.__file__).parent.glob("js/*.js"))
    used = set(re.findall(r"\b(?:labels|LABELS)\.(?!json)(\w+)", scripts))
    assert used <= {*LABELS, "js", "update"}


def test_a_page_that_asks_for_slices_does_not_end_the_cell_that_runs(monkeypatch):
    """`post_execute` shows and closes pyplot's figures: half drawn, when a question comes meanwhile."""
    triggered = []
    shell = SimpleNamespace(events=SimpleNamespace(trigger=triggered.append))
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    source = handson.view(Volume(np.zeros((4, 5, 6), np.int16), np.eye(4))).base.source
    answered = []
    monkeypatch.setattr(source, "_send_chunks", lambda *asked: answered.append(asked))
    content = {"kind": "want", "page": "p", "chunks": [0]}
    data = {"method": "custom", "content": content}
    source.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert answered == [("p", [0])]
    assert triggered == []


def test_a_region_of_one_voxel_or_of_no_number_has_no_spread():
    data = np.full((4, 5, 6), np.nan)
    data[1, 2, 3] = 7
    viewer = handson.view(Volume(data, np.diag([2.0, 3.0, 4.0, 1.0])))
    viewer.region = ((1, 2, 3), (1, 2, 3))
    one = viewer.measure()
    assert (one["mean"], one["low"], one["high"], one["n"]) == (7, 7, 7, 1)
    assert np.isnan(one["sd"])
    viewer.region = ((2, 2, 3), (3, 3, 3))
    none = viewer.measure()
    assert_allclose(none["volume"], 4 * 24)
    assert all(np.isnan(none[name]) for name in ("mean", "sd", "low", "high"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": (1,)}, "not a window"),
        ({"window": "soft tisue"}, "one of: "),
        ({"convention": "radio"}, "radiological or neurological"),
        ({"windw": (1, 2)}, "Did you mean window"),
        ({"nope": 1}, "The options are"),
        ({"time": 5}, "from 0 to 0"),
        ({"index": 99}, "from 0 to 5"),
        ({"height": -5}, "height"),
        ({"zoom": 0}, "zoom"),
        ({"split": 3}, "split"),
        ({"region": ((0, 0, 0), (99, 0, 0))}, "from 0 to 3"),
        ({"ruler": ((0, 0, 0),)}, "two points"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_clear_error(options, said):
    volume = Volume(np.zeros((4, 5, 6), np.int16), np.eye(4), modality="CT")
    with pytest.raises(ViewError, match=re.escape(said)):
        handson.view(volume, **options)


def test_a_preset_is_chosen_by_its_name():
    volume = Volume(np.zeros((4, 5, 6), np.int16), np.eye(4), modality="CT")
    assert handson.view(volume, window="bone").window == (400, 1800)


@pytest.mark.parametrize("thing", [None, 3, {}, {1}, b"abc", pytest])
def test_what_is_no_image_is_said_by_its_type(thing):
    with pytest.raises(ViewError, match=f"a {type(thing).__name__} is not an image"):
        handson.view(thing)


def test_what_is_masked_is_not_shown_as_a_value():
    data = np.ma.masked_greater(np.arange(24).reshape(2, 3, 4), 20)
    volume = handson.view(data).volume
    assert np.isnan(volume.data).sum() == 3
    assert np.nanmax(volume.data) == 20


def test_a_painted_mask_goes_there_and_back_and_is_measured():
    rng = np.random.default_rng(1)
    data, mask = rng.integers(0, 99, (4, 5, 6)), rng.random((4, 5, 6)) > 0.6
    viewer = handson.view(Volume(data, np.diag([2.0, 3.0, 4.0, 1.0])))
    viewer.paint(mask)
    assert_array_equal(viewer.painted_mask(), mask)
    assert viewer.canvas.painted == list(viewer.painted)
    found = viewer.measure()["painted"]
    assert_allclose([found["mean"], found["sd"]], [data[mask].mean(), data[mask].std(ddof=1)])
    assert_allclose(found["volume"], mask.sum() * 24)
    assert_allclose(found["area"], mask[:, :, viewer.index].sum() * 6)
    assert_array_equal(viewer.region_mask(), mask.any(axis=2).T)
    viewer.paint(np.ones_like(mask))
    assert viewer.painted == (0, 120)
    viewer.paint(mask & False)
    assert viewer.painted == ()
    assert "painted" not in viewer.measure()
    with pytest.raises(ViewError, match="does not fit"):
        viewer.paint(mask[:2])
    for runs in ((0,), (-1, 2), (119, 2)):
        with pytest.raises(TraitError, match="paint"):
            viewer.painted = runs


def test_what_is_painted_in_a_series_in_time_is_measured_at_its_time():
    data = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    viewer = handson.view(Volume(data, np.eye(4)), time=3)
    mask = np.zeros((2, 3, 4), bool)
    mask[1, 1:, 2] = True
    viewer.paint(mask)
    assert_allclose(viewer.measure()["painted"]["mean"], data[mask][:, 3].mean())


def test_a_saved_png_shows_what_is_on_show(tmp_path):
    """Each thing that is switched on changes the picture, and where it should."""
    from handson.viewer.annotations import Angle, Arrow, Ellipse, Freehand, Ruler, Text

    image = Volume(RNG.integers(0, 60, (30, 40, 20)).astype(np.int16), np.eye(4))
    shown = handson.view(image, Layer(volume((30, 40, 20), np.eye(4)), opacity=0.2), index=10)
    plain = np.array(Image.open(shown.save_png(tmp_path / "plain.png")))

    def changed():
        now = np.array(Image.open(shown.save_png(tmp_path / "now.png")))
        return now.shape != plain.shape or (now != plain).any()

    assert not changed()
    mask = np.zeros(image.shape, bool)
    mask[5:9, 6:9, 10] = True
    states = {
        "show_crosshair": True, "panel": "histogram", "montage": True, "slab": "max", "outside": True,
        "ruler": ((2, 3, 10), (20, 30, 10)), "region": ((2, 3, 10), (9, 9, 10)),
    }  # fmt: skip
    for name, state in states.items():
        before = getattr(shown, name)
        setattr(shown, name, state)
        assert changed(), name
        setattr(shown, name, before)
        assert not changed(), name
    shown.paint(mask)
    assert changed()
    shown.paint(mask & False)
    for mark in (
        Ruler(((2, 3, 10), (9, 9, 10))),
        Angle(((2, 3, 10), (9, 9, 10), (12, 3, 10))),
        Ellipse(((2, 3, 10), (9, 9, 10)), "axial"),
        Freehand(((2, 3, 10), (9, 9, 10), (12, 3, 10)), "axial"),
        Arrow(((2, 3, 10), (9, 9, 10)), "axial", "here"),
        Text(((9, 9, 10),), "axial", "there"),
    ):
        shown.annotations = (mark,)
        assert changed(), mark
        shown.index = 4
        elsewhere = np.array(Image.open(shown.save_png(tmp_path / "a.png")))
        shown.annotations = ()
        assert_array_equal(elsewhere, np.array(Image.open(shown.save_png(tmp_path / "b.png"))))
        shown.index = 10
    shown.close()


def test_the_words_of_a_thick_slab_name_it_and_what_is_not_thick():
    image = volume()
    layer = handson.Layer(image.with_data(image.data > 3), name="marked")
    shown = handson.view(image, layer)
    assert "of 10 mm" not in static.describe(shown)
    shown.slab = "max"
    assert "max of 10 mm, layers: this slice only" in static.describe(shown)
    shown.layers[0].visible = False
    assert "max of 10 mm, radiological" in static.describe(shown)
    shown.close()


def test_annotations_are_kept_in_a_file_without_anything_of_the_image(tmp_path):
    from handson.viewer.annotations import Angle, Ruler, load

    shown = handson.view(volume(name="WATSON^ROSA"), name="head")
    shown.annotations = (
        Ruler(((0, 0, 0), (2, 3, 6)), "axial"),
        Angle(((1, 0, 0), (0, 0, 0), (0, 1, 0)), "axial", "a corner"),
    )
    path = shown.save_annotations(tmp_path / "marks.json")
    assert "WATSON" not in path.read_text()
    other = handson.view(volume())
    other.load_annotations(path)
    assert other.annotations == shown.annotations == load(path)
    ruler, angle = other.measurements()
    assert (ruler["length"], angle["degrees"], angle["text"]) == (7, 90, "a corner")
    assert other.ruler == ((0, 0, 0), (2, 3, 6))
    (tmp_path / "other.json").write_text("[]")
    for wrong in ("other.json", "none.json"):
        with pytest.raises(ViewError):
            other.load_annotations(tmp_path / wrong)
    for kind, points in ((Ruler, ((0, 0, 0),)), (Angle, ((0, 0),)), (Ruler, "ab")):
        with pytest.raises(ViewError, match="points"):
            kind(points)
    with pytest.raises(TraitError, match="annotation"):
        other.annotations = ({"kind": "ruler"},)


def test_a_cell_that_runs_again_gives_its_first_viewers_memory_back():
    """As in a notebook: displayed from one cell twice; a viewer that still has a name stays."""
    from handson.viewer import turnover

    held = SimpleNamespace(user_ns={}, run=1)
    shell = SimpleNamespace(
        user_ns=held.user_ns,
        get_parent=lambda: {"header": {"msg_id": str(held.run)}, "metadata": {"cellId": "c"}},
    )
    turnover.forget_all()
    first, named = handson.view(volume()), handson.view(volume())
    held.user_ns["mine"] = named
    held.user_ns["Out"] = {1: first}
    turnover.shown([first], shell)
    turnover.shown([named], shell)
    held.run = 2
    second = handson.view(volume())
    turnover.shown([second], shell)
    assert first.canvas.comm is None
    assert named.canvas.comm is not None
    assert second.canvas.comm is not None
    assert 1 not in held.user_ns["Out"]
    for each in (named, second):
        each.close()


def test_the_header_panel_lists_the_acquisition_and_nobody():
    """Every element with a text, a name, a date or an identifier stays away."""
    import pydicom
    from pydicom.data import get_testdata_file

    from handson.viewer.header import rows

    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    dataset.PatientName = dataset.SeriesDescription = dataset.ProtocolName = "WATSON^ROSA"
    dataset.ImageComments = dataset.OperatorsName = "WATSON^ROSA"
    listed = dict(rows(dataset))
    said = " ".join([*listed, *listed.values()])
    assert "KVP" in said
    assert "WATSON" not in said
    for secret in ("PatientID", "StudyDate", "SOPInstanceUID", "InstitutionName", "StudyID"):
        assert str(dataset.get(secret, "none at all")) not in listed.values(), secret
    shown = handson.view(Slice(np.zeros((4, 5)), dataset=dataset))
    sent = []
    shown.canvas.send = sent.append
    shown.canvas._handle_custom_msg({"kind": "header", "ijk": [0, 0, 0], "time": 0}, [])
    assert sent[0]["kind"] == "header"
    assert len(sent[0]["rows"]) == len(listed)
    shown.close()
