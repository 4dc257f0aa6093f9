"""Facts about the pictures: which side is which, how long the bar is, where a layer lands."""

from io import BytesIO
from itertools import combinations, permutations, product

import matplotlib.image
import nibabel as nib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from nibabel.orientations import axcodes2ornt, inv_ornt_aff
from numpy.testing import assert_allclose, assert_array_equal

from handson import Slice, Volume, figures
from handson.errors import GeometryError, HandsonError, ViewError
from handson.figures import montage, overlay, picture, planes
from handson.sides import CONVENTIONS, PLANES

ORIENTATIONS = [
    "".join(codes) for order in permutations(("RL", "AP", "SI")) for codes in product(*order)
]
SIDES = ("left", "right", "top", "bottom")
SHAPE = (30, 40, 20)
MARKER = (17.0, 20.25, 10.5)  # mm: right, anterior, superior of the middle


def patient(codes="RAS", spacing=(2.0, 1.5, 3.0)):
    """A dim block with one bright voxel at `MARKER`, stored with axes growing to `codes`."""
    affine = nib.affines.from_matvec(
        np.diag(spacing), -np.array(spacing) * (np.array(SHAPE) - 1) / 2
    )
    data = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE) % 50
    at = np.linalg.inv(affine) @ (*MARKER, 1)
    data[tuple(np.round(at[:3]).astype(int))] = 1000
    turn = nib.orientations.ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    turned = nib.orientations.apply_orientation(data, turn)
    return Volume(turned, affine @ inv_ornt_aff(turn, SHAPE))


def drawn_letters(ax):
    letters = {text.get_gid().removeprefix("letter-"): text.get_text() for text in ax.texts}
    return {side: letters.get(side, "") for side in SIDES}


def words(figure):
    """Every word on the figure but the colour bar's numbers."""
    found = [text.get_text() for ax in figure.axes for text in ax.texts]
    for ax in figure.axes:
        found += [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
    return " | ".join(found)


def pixels_of(ax):
    return np.asarray(ax.images[0].get_array())


# --- sides ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_letters_and_pixels_are_those_of_the_layout_for_all_48_orientations(codes):
    """Drawn into one reused figure, without layout or colour bar: 48 x 6 pictures cost little."""
    assert len(set(ORIENTATIONS)) == 48
    volume, reference = patient(codes), patient()
    ax = Figure().subplots()
    for plane, convention in product(PLANES, CONVENTIONS):
        ax.clear()
        choice = dict(plane=plane, index=5, convention=convention)
        picture(volume, ax=ax, colour_bar=False, **choice)
        section = volume.plane(**choice)
        assert drawn_letters(ax) == volume.layout(plane, convention).letters
        assert drawn_letters(ax) == reference.layout(plane, convention).letters
        assert_array_equal(pixels_of(ax), section.pixels)
        assert ax.get_aspect() == pytest.approx(section.aspect)
        assert ax.get_xlim()[0] < ax.get_xlim()[1]  # column 0 at the left
        assert ax.get_ylim()[0] > ax.get_ylim()[1]  # row 0 at the top


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("codes", ["RAS", "LPS", "SAR", "PIL"])
def test_the_marker_at_the_patients_right_is_where_the_letter_r_is(codes, convention):
    """Looked for in the rendered picture itself, as an eye would."""
    figure = Figure(figsize=(4, 4))
    ax = figure.add_axes((0, 0, 1, 1))
    picture(patient(codes), mm=MARKER[2], convention=convention, window=(600, 400), ax=ax,
            colour_bar=False)  # fmt: skip
    for text in [*ax.texts, *ax.lines]:
        text.set_visible(False)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    buffer.seek(0)
    rendered = matplotlib.image.imread(buffer)[..., :3].mean(axis=2)
    grey = ax.get_window_extent()
    inside = rendered[
        int(400 - grey.y1) + 2 : int(400 - grey.y0) - 2, int(grey.x0) + 2 : int(grey.x1) - 2
    ]
    rows, columns = np.nonzero(inside > 0.9)
    assert len(rows)
    side = "left" if columns.mean() < inside.shape[1] / 2 else "right"
    assert drawn_letters(ax)[side] == "R"
    assert rows.mean() < inside.shape[0] / 2  # anterior is up
    assert drawn_letters(ax)["top"] == "A"
    assert side == ("left" if convention == "radiological" else "right")


def test_the_convention_is_written_on_the_picture():
    assert "radiological: the patient's right is at the left" in words(picture(patient()))
    other = picture(patient(), convention="neurological")
    assert "neurological: the patient's left is at the left" in words(other)
    assert "nose to the left" in words(picture(patient(), plane="sagittal"))


def test_where_no_side_is_stated_no_letter_is_drawn():
    volume = Volume(np.ones((4, 5, 6)), np.diag((-1.0, -1, 1, 1)), oriented=False)
    for image in (volume, np.ones((4, 5)), np.ones((4, 5, 6)), Slice(np.ones((4, 5)))):
        figure = picture(image)
        assert "side not stated" in words(figure)
        assert set(drawn_letters(figure.axes[0]).values()) == {""}
        assert "side not stated" in figure.alt


def test_a_slice_is_turned_by_the_convention_and_keeps_its_sides():
    pixels = np.arange(20.0).reshape(4, 5)
    right_way = {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    feet_up = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    lying = {"left": "A", "right": "P", "top": "S", "bottom": "I"}
    for affine, convention, expected, drawn in (
        (np.diag((-1.0, -1, 1, 1)), "radiological", right_way, pixels),
        (np.diag((1.0, 1, 1, 1)), "radiological", right_way, pixels[::-1, ::-1]),
        (np.diag((1.0, -1, 1, 1)), "neurological", right_way | {"left": "L", "right": "R"}, pixels),
        (feet_up, "radiological", lying, pixels[::-1, ::-1]),
    ):
        figure = picture(Slice(pixels, (1.0, 1.0), affine=affine), convention=convention)
        assert_array_equal(pixels_of(figure.axes[0]), drawn)
        assert drawn_letters(figure.axes[0]) == expected
    assert "nose to the left" in words(figure)


def test_oblique_volumes_say_so_and_carry_compound_letters():
    turn = nib.eulerangles.euler2mat(np.deg2rad(20))
    volume = Volume(np.ones((5, 5, 5)), nib.affines.from_matvec(turn, (0, 0, 0)))
    figure = picture(volume)
    assert "oblique 20°" in words(figure)
    assert all(len(letters) == 2 for letters in drawn_letters(figure.axes[0]).values())
    assert drawn_letters(figure.axes[0]) == volume.layout("axial").letters


# --- scale and values -----------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", [(0.8, 0.5), (0.5, 0.8), (0.05, 0.05), (3.0, 1.0)])
def test_the_scale_bar_is_as_long_as_it_says(spacing):
    figure = picture(Slice(np.ones((60, 90)), spacing))
    ax = figure.axes[0]
    (bar,) = [line for line in ax.lines if line.get_gid() == "scale-bar"]
    (label,) = [text.get_text() for text in ax.texts if text.get_gid() == "scale"]
    pixels = np.ptp(bar.get_xdata())
    assert pixels * spacing[1] == pytest.approx(float(label.removesuffix(" mm")))
    assert 0.1 <= pixels / 90 <= 0.31
    assert ax.get_aspect() == pytest.approx(spacing[0] / spacing[1])


def test_spacing_that_is_absent_or_holds_at_the_detector_is_said():
    assert "no scale" in words(picture(np.ones((4, 5))))
    assert "no scale" in words(picture(np.ones((4, 5, 6))))
    assert "no scale" not in words(picture(np.ones((4, 5, 6)), spacing=(1, 1, 2)))
    at_detector = Slice(np.ones((40, 50)), (0.1, 0.1), at_detector=True)
    assert "1 mm at the detector" in words(picture(at_detector))


def test_the_colour_bar_carries_the_unit_and_points_where_values_are_cut():
    volume = Volume(np.linspace(-1000, 1000, 1000).reshape(10, 10, 10), np.eye(4), unit="HU")
    figure = picture(volume, window=(40, 400), mm=5)
    bar = figure.axes[0].images[0].colorbar
    assert "HU" in words(figure)
    assert bar.extend == "both"
    whole = picture(volume, window=(0, 3000))
    assert whole.axes[0].images[0].colorbar.extend == "neither"
    assert "no unit" in words(picture(patient()))


def test_windows_are_the_standards_for_dicom_and_exact_for_the_rest():
    data = np.zeros((4, 5, 6), np.float32)
    ct = Volume(data, np.eye(4), modality="CT", unit="HU")
    assert picture(ct, window=(40, 400)).axes[0].images[0].get_clim() == (-160, 239)
    assert picture(ct, window="lung").axes[0].images[0].get_clim() == (-1350, 149)
    share = Volume(data, np.eye(4))
    assert picture(share, window=(0.5, 1)).axes[0].images[0].get_clim() == (0, 1)
    own = Volume(data, np.eye(4), window=(5.0, 2.0))
    assert picture(own).axes[0].images[0].get_clim() == (4, 6)
    with pytest.raises(ViewError, match="lung"):
        picture(share, window="lung")
    with pytest.raises(ViewError, match="width 0"):
        picture(share, window=(1, 0))


def test_monochrome1_is_drawn_inverted_and_colour_as_it_is():
    dark = Slice(np.arange(20.0).reshape(4, 5), photometric="MONOCHROME1")
    assert picture(dark).axes[0].images[0].get_cmap().name == "gray_r"
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    figure = picture(colour)
    assert_array_equal(pixels_of(figure.axes[0]), colour)
    assert len(figure.axes) == 1  # a colour has no scale of values
    volume = Volume(np.stack([colour] * 2, axis=2), np.eye(4), photometric="RGB")
    assert pixels_of(picture(volume).axes[0]).shape[2] == 3


def test_values_that_are_not_finite_do_not_hide_the_others():
    pixels = np.linspace(0, 1, 100).reshape(10, 10)
    pixels[0, :2] = np.nan, np.inf
    low, high = picture(pixels).axes[0].images[0].get_clim()
    assert 0 <= low < high <= 1
    for constant in (np.full((3, 3), np.nan), np.full((3, 3), 7.0)):
        low, high = picture(constant).axes[0].images[0].get_clim()
        assert low < high


# --- three planes and many ------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ["RAS", "LPS", "ASL", "IRP"])
def test_three_planes_cross_at_one_point_and_share_one_scale(codes):
    figure = planes(patient(codes), mm=MARKER)
    figure.draw_without_rendering()
    scales = []
    for ax, plane in zip(figure.axes[:3], PLANES, strict=True):
        across, down = (line for line in ax.lines if line.get_gid() == "crosshair")
        column, row = int(across.get_xdata()[0]), int(down.get_ydata()[0])
        assert pixels_of(ax)[row, column] == 1000  # the cross lies on the marker
        spacing = patient(codes).plane(plane).spacing
        box = ax.get_window_extent()
        scales.append(box.width / (pixels_of(ax).shape[1] * spacing[1]))
        scales.append(box.height / (pixels_of(ax).shape[0] * spacing[0]))
    assert_allclose(scales, scales[0], rtol=0.02)
    assert figure.alt.count(".") >= 3


def test_planes_refuse_what_is_outside_or_flat():
    with pytest.raises(GeometryError, match="outside"):
        planes(patient(), mm=(500, 0, 0))
    with pytest.raises(ViewError, match="volume"):
        planes(np.ones((4, 5)))


def test_a_montage_shows_slices_in_order_with_their_positions():
    volume = patient("LPS")
    figure = montage(volume, count=6, plane="coronal")
    shown = [ax for ax in figure.axes if ax.images]
    assert len(shown) == 6
    positions = [float(ax.get_title(loc="left").split()[2]) for ax in shown]
    for ax, mm in zip(shown, positions, strict=True):
        assert_array_equal(pixels_of(ax), volume.plane("coronal", mm=mm).pixels)
    assert len({image.get_clim() for ax in shown for image in ax.images}) == 1
    chosen = montage(volume, mm=(-9, 0, 9))
    assert sum(bool(ax.images) for ax in chosen.axes) == 3
    assert len([ax for ax in montage(np.ones((2, 4, 5))).axes if ax.images]) == 2
    with pytest.raises(ViewError, match="volume"):
        montage(np.ones((4, 5)))


# --- layers ---------------------------------------------------------------------------------------


def labels_on(codes, spacing=(1.0, 2.0, 1.5)):
    """A label image on a grid of its own: 3 in the marker's octant of the patient, 7 in the opposite."""
    ras = np.zeros((70, 50, 50), np.uint8)
    affine = nib.affines.from_matvec(np.diag(spacing), (-35, -50, -37.5))
    x, y, _ = np.moveaxis(nib.affines.apply_affine(affine, np.argwhere(ras == 0)), -1, 0)
    flat = np.where((x > 5) & (y > 5), 3, np.where((x < -5) & (y < -5), 7, 0))
    turn = nib.orientations.ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    data = nib.orientations.apply_orientation(flat.reshape(ras.shape).astype(np.uint8), turn)
    return Volume(data, affine @ inv_ornt_aff(turn, ras.shape))


def tint_of(ax, label):
    (image,) = [image for image in ax.images if image.get_gid() == f"label-{label}"]
    return np.asarray(image.get_array())[..., 3] > 0


@pytest.mark.parametrize("codes", ["RAS", "LPS", "SAR"])
@pytest.mark.parametrize("layer_codes", ["RAS", "LAS", "PSL"])
def test_labels_lie_on_the_anatomy_whatever_grid_they_come_on(codes, layer_codes):
    volume = patient(codes)
    figure = overlay(volume, labels_on(layer_codes), mm=MARKER[2], names={3: "the marker's side"})
    ax = figure.axes[0]
    row, column = np.argwhere(pixels_of(ax) == 1000)[0]
    assert tint_of(ax, 3)[row, column]
    assert not tint_of(ax, 7)[row, column]
    rows, columns = pixels_of(ax).shape
    assert tint_of(ax, 3)[: rows // 2, : columns // 2].sum() == tint_of(ax, 3).sum()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["the marker's side", "label 7"]
    assert "the marker's side" in figure.alt


def test_labels_have_an_outline_along_the_edges_of_the_pixels():
    data = np.zeros((6, 7, 1), np.uint8)
    data[2:4, 3:6] = 1
    image = Volume(np.ones(data.shape), np.eye(4))
    figure = overlay(image, Volume(data, np.eye(4)))
    (outline,) = [line for line in figure.axes[0].lines if line.get_gid() is None]
    x, y = outline.get_xdata(), outline.get_ydata()
    layout = image.layout("axial")
    tint = tint_of(figure.axes[0], 1)
    assert_array_equal(tint, layout.draw(data[:, :, 0]) == 1)
    rows, columns = np.nonzero(tint)
    assert (np.nanmin(x), np.nanmax(x)) == (columns.min() - 0.5, columns.max() + 0.5)
    assert (np.nanmin(y), np.nanmax(y)) == (rows.min() - 0.5, rows.max() + 0.5)
    length = np.nansum(np.hypot(np.diff(x), np.diff(y)))
    assert length == 2 * (2 + 3)
    colours = {line.get_color() for line in overlay(image, Volume(data, np.eye(4))).axes[0].lines}
    assert figures.LABEL_COLOURS[0] in colours


def test_a_slice_without_labels_says_so():
    empty = Volume(np.zeros((30, 40, 20), np.uint8), patient().affine)
    figure = overlay(patient(), empty)
    assert "no label on this slice" in words(figure)


def map_on(codes="RAS"):
    """t values that equal x in mm: negative at the patient's left, positive at the right."""
    turned = patient(codes, spacing=(4.0, 3.0, 6.0))
    ijk = np.argwhere(np.ones(turned.shape, bool))
    values = turned.world(ijk)[:, 0].reshape(turned.shape).astype(np.float32)
    return Volume(values, turned.affine, unit="t")


def shown_map(figure):
    (image,) = [image for image in figure.axes[0].images if image.get_gid() == "map"]
    return image


@pytest.mark.parametrize("codes", ["RAS", "LSP"])
def test_a_map_is_interpolated_in_world_space_and_cut_at_its_threshold(codes):
    volume = patient()
    figure = overlay(volume, map_on(codes), mm=MARKER[2], threshold=8.5)
    values = shown_map(figure).get_array()
    section = volume.plane("axial", mm=MARKER[2])
    x = volume.world(np.stack([np.arange(30), [0] * 30, [0] * 30], -1))[:, 0][::-1]
    true = np.broadcast_to(x, section.pixels.shape)
    assert_array_equal(~np.ma.getmaskarray(values), np.abs(true) >= 8.5)
    assert_allclose(values.compressed(), true[np.abs(true) >= 8.5], atol=1e-4)
    assert "t, |value| ≥ 8.5" in words(figure)
    low, high = shown_map(figure).get_clim()
    assert low == -high


def test_a_one_sided_map_hides_the_negative_side():
    figure = overlay(patient(), map_on(), threshold=8.5, two_sided=False)
    values = shown_map(figure).get_array()
    assert values.min() >= 8.5
    assert "t, value ≥ 8.5" in words(figure)
    positive = Volume(np.abs(map_on().data), map_on().affine)
    assert shown_map(overlay(patient(), positive, threshold=1)).get_clim()[0] == 1


def test_layers_that_cannot_be_placed_are_refused():
    volume = patient()
    lost = Volume(np.ones((5, 5, 5), np.uint8), np.eye(4), oriented=False)
    with pytest.raises(ViewError, match="no side"):
        overlay(volume, lost)
    with pytest.raises(ViewError, match="no side"):
        overlay(np.ones((4, 5, 6)), np.ones((4, 5, 7)))
    colour = Volume(np.ones((4, 5, 6, 3), np.uint8), np.eye(4), photometric="RGB")
    with pytest.raises(ViewError, match="colour"):
        overlay(volume, colour)


def test_arrays_of_one_shape_lie_on_each_other():
    mask = np.zeros((4, 5), np.uint8)
    mask[1, 3] = 1
    ax = overlay(np.ones((4, 5)), mask).axes[0]
    assert_array_equal(tint_of(ax, 1), mask == 1)
    mask = np.zeros((4, 5, 6), bool)
    mask[1, 3, 3] = True
    ax = overlay(np.ones((4, 5, 6)), mask, index=1).axes[0]
    assert_array_equal(tint_of(ax, 1), mask[1])


# --- for every reader -----------------------------------------------------------------------------


def test_a_figure_shows_itself_with_alt_text_and_names_nobody():
    volume = Volume(np.ones((4, 5, 6)), np.eye(4), name="DOE^JANE")
    figure = picture(volume)
    bundle, metadata = figure._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert len(bundle["image/png"]) < 100_000
    assert metadata["image/png"]["alt"] == figure.alt == bundle["text/plain"]
    assert "Axial" in figure.alt
    assert "right" in figure.alt
    for drawn in (figure, planes(volume), montage(volume)):
        assert "DOE" not in words(drawn) + drawn.alt


def test_figures_are_drawn_into_axes_that_are_given():
    mine = Figure()
    left, right = mine.subplots(1, 2)
    assert picture(patient(), ax=left, title="before") is mine
    overlay(patient(), labels_on("RAS"), ax=right)
    assert left.get_title(loc="left") == "before"
    assert left.images
    assert right.images


def test_what_is_no_image_is_refused():
    for nothing in (np.ones(5), np.ones((2, 3, 4, 5, 6)), np.ones((0, 5)), 7):
        with pytest.raises(HandsonError, match=r"\(.*\)|shape"):
            picture(nothing)
    with pytest.raises(ViewError, match="spacing"):
        picture(patient(), spacing=(1, 1))


@pytest.mark.parametrize("shape", [(20, 30, 200), (200, 20, 30), (100, 120, 90)])
def test_no_caption_of_three_planes_runs_into_its_neighbour_or_off_the_figure(shape):
    turn = nib.eulerangles.euler2mat(np.deg2rad(12))  # oblique: the longest captions there are
    figure = planes(Volume(np.ones(shape), nib.affines.from_matvec(turn * 2, (-999, -999, -999))))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    whole = figure.bbox.padded(2)
    captions = [
        text.get_window_extent(renderer)
        for ax in figure.axes
        for text in (ax._left_title, ax.xaxis.label)
        if text.get_text() and ax.images
    ]
    assert len(captions) == 6
    for one, other in combinations(captions, 2):
        assert not one.overlaps(other)
    for box in captions:
        assert whole.contains(box.x0, box.y0)
        assert whole.contains(box.x1, box.y1)


def test_drawing_asks_the_norm_for_the_picture_and_not_for_each_tick(monkeypatch):
    """Hundreds of calls by the colour bar were a tenth of a figure's time."""
    from handson.figures.drawing import Fraction

    calls, whole = [], Fraction.__call__
    monkeypatch.setattr(Fraction, "__call__", lambda *given: (calls.append(1), whole(*given))[1])
    rng = np.random.default_rng(0)
    data = rng.integers(-500, 500, (32, 32, 4)).astype(np.int16)
    shown = picture(Volume(data, np.eye(4), modality="CT", window=(40, 400)))
    shown.savefig(BytesIO(), format="png")
    assert 0 < len(calls) < 30
    assert_allclose(shown.axes[-1].get_ylim(), (-160, 239))  # LINEAR, of DICOM


def test_a_misspelt_colour_map_is_named():
    volume = Volume(np.ones((3, 4, 5)), np.eye(4))
    with pytest.raises(ViewError, match="no colour map 'gry'"):
        picture(volume, cmap="gry")
    picture(volume, cmap="magma_r")  # matplotlib's own are welcome
