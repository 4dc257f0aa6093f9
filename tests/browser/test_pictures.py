"""What the canvas shows is what nibabel and NumPy say: sides, letters, grey levels, colours, millimetres.

One asymmetric phantom is stored in all 48 orientations; in the patient it is always the same, so
every picture of it must be the same, whatever the array looks like (see `truth.py`).
"""

import json
from base64 import b64decode

import nibabel as nib
import numpy as np
import pytest
import truth
from lab import canvas_pixels, eventually
from playwright.sync_api import expect

WINDOW = (500, 1200)  # centre, width: values from -100 to 1099, DICOM's LINEAR
LOW, HIGH = -100, 1099
INDEX = dict(zip(("sagittal", "coronal", "axial"), truth.MARKER, strict=True))

LOAD = """
import handson, nibabel, numpy as np
from IPython.display import display
def load(name, **more):
    image = nibabel.load(name + ".nii")
    return handson.Volume(np.asarray(image.dataobj), image.affine, **more)
"""

# Every picture of the page in one call: its pixels, letters, words and place on the screen.
READ_ALL = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .ho-frame')].map(frame => {
  const canvas = frame.querySelector('canvas');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const words = [...frame.querySelectorAll('.ho-letter')];
  const box = canvas.getBoundingClientRect();
  let bytes = '';
  for (let i = 0; i < data.length; i += 32768) bytes += String.fromCharCode(...data.subarray(i, i + 32768));
  return {
    rows: canvas.height, columns: canvas.width, pixels: btoa(bytes),
    box: [box.x, box.y, box.width, box.height],
    convention: frame.querySelector('.ho-convention').textContent,
    letters: Object.fromEntries(['left', 'right', 'top', 'bottom'].map(side => {
      const letter = frame.querySelector('.ho-' + side), at = letter.getBoundingClientRect();
      return [side, [letter.textContent, at.x + at.width / 2, at.y + at.height / 2]];
    })),
  };
})"""


def read_all(page):
    frames = page.evaluate(READ_ALL)
    for frame in frames:
        shape = frame["rows"], frame["columns"], 4
        frame["pixels"] = np.frombuffer(b64decode(frame["pixels"]), np.uint8).reshape(shape)[
            ..., :3
        ]
    return frames


@pytest.fixture(scope="module")
def phantoms(server):
    """The phantom in all 48 orientations, as NIfTI files in the server's root."""
    image = truth.phantom()
    for codes in truth.ORIENTATIONS:
        nib.save(truth.stored_as(image, codes), server.root / f"{codes}.nii")
    return image


def marker_on_screen(frame):
    """Screen position of the brightest pixels' middle."""
    grey = frame["pixels"].sum(axis=2)
    rows, columns = np.nonzero(grey == grey.max())
    x, y, width, height = frame["box"]
    return np.array(
        [
            x + (columns.mean() + 0.5) * width / frame["columns"],
            y + (rows.mean() + 0.5) * height / frame["rows"],
        ]
    )


def test_all_48_orientations_give_one_picture(notebook, phantoms):
    """Planes, conventions, letters, marker and grey levels of 288 pictures."""
    opened = notebook(
        LOAD,
        f"""
viewers = []
for codes in {json.dumps(truth.ORIENTATIONS)}:
    viewers.append(handson.OrthoViewer(
        load(codes), window={WINDOW}, crosshair={truth.mm(truth.MARKER)}, height=90))
    display(viewers[-1].canvas)
""",
    )
    opened.run_all()
    for convention in truth.CONVENTIONS:
        opened.python(f"for v in viewers: v.convention = {convention!r}")
        eventually(opened.page, lambda c=convention: check_all(opened.page, phantoms, c), 40)


def check_all(page, phantoms, convention):
    frames = read_all(page)
    assert len(frames) == 48 * 3
    for n, frame in enumerate(frames):
        plane = truth.PLANES[n % 3]
        what = f"{truth.ORIENTATIONS[n // 3]} {plane} {convention}"
        values = truth.section(phantoms, plane, convention, INDEX[plane])
        expected = truth.render(values, LOW, HIGH)
        letters = {side: found[0] for side, found in frame["letters"].items()}
        assert "".join(letters.values()) == truth.LETTERS[plane, convention], what
        assert frame["convention"].startswith(convention), what
        assert frame["pixels"].shape == expected.shape, what
        assert np.abs(frame["pixels"] - expected).max() <= 1, what
        check_marker_beside_its_letters(frame, plane, what)
        check_aspect(frame, plane, what)


def check_marker_beside_its_letters(frame, plane, what):
    """The marker lies right, anterior and superior: nearer to these letters than to their opposites."""
    marker = marker_on_screen(frame)
    place = {name: np.array(at) for name, *at in frame["letters"].values()}
    for near, far in ("RL", "AP", "SI"):
        if near in place:
            assert np.linalg.norm(marker - place[near]) < np.linalg.norm(marker - place[far]), what


def check_aspect(frame, plane, what):
    """A millimetre is as long across as it is down."""
    across, down = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}[plane]
    _, _, width, height = frame["box"]
    mm_across = truth.SHAPE[across] * truth.SPACING[across]
    mm_down = truth.SHAPE[down] * truth.SPACING[down]
    assert width / height == pytest.approx(mm_across / mm_down, rel=0.02), what


# ---- layers, colours, special values -------------------------------------------------------------

MAP_SHAPE, MAP_SPACING = (12, 14, 9), (2.6, 2.3, 3.7)
LAYER = {"cmap": "viridis", "opacity": 0.6, "threshold": (70, 130), "range": (50, 150)}


def map_image(codes):
    """A smooth map on a grid of its own, partly outside the phantom, stored as `codes`."""
    i, j, k = np.indices(MAP_SHAPE)
    affine = np.diag([*MAP_SPACING, 1.0])
    affine[:3, 3] = np.add(truth.ORIGIN, (-3.1, 4.2, 5.3))
    data = (7.3 * i + 5.1 * j + 3.7 * k).astype(np.float32)
    return truth.stored_as(nib.Nifti1Image(data, affine), codes)


PAIRS = [("RAS", "LPS"), ("LPS", "RAS"), ("PIR", "ASL"), ("SAL", "LPI")]


def test_a_layer_lies_where_its_millimetres_say(notebook, phantoms, server):
    """Blending, threshold, colour map and linear interpolation, against NumPy in world space."""
    for _, codes in PAIRS:
        nib.save(map_image(codes), server.root / f"map-{codes}.nii")
    opened = notebook(
        LOAD,
        f"""
viewers = []
for base, over in {PAIRS}:
    layer = handson.Layer(load("map-" + over), **{LAYER})
    viewers.append(handson.OverlayViewer(
        load(base), layer, window={WINDOW}, crosshair={truth.mm(truth.MARKER)}, height=90))
    viewers[-1].canvas.panes = {list(truth.PLANES)}
    display(viewers[-1].canvas)
""",
    )
    opened.run_all()
    for convention in truth.CONVENTIONS:
        opened.python(f"for v in viewers: v.convention = {convention!r}")
        eventually(opened.page, lambda c=convention: check_overlays(opened.page, phantoms, c))


def check_overlays(page, phantoms, convention):
    frames = read_all(page)
    assert len(frames) == len(PAIRS) * 3
    for n, frame in enumerate(frames):
        plane, what = truth.PLANES[n % 3], f"{PAIRS[n // 3]} {truth.PLANES[n % 3]} {convention}"
        below = truth.render(truth.section(phantoms, plane, convention, INDEX[plane]), LOW, HIGH)
        values = truth.linear(map_image("RAS"), truth.places(plane, convention, INDEX[plane]))
        low, high = LAYER["threshold"]
        shown = (np.nan_to_num(values, nan=-1) >= low) & (np.nan_to_num(values, nan=-1) <= high)
        assert 0.1 < shown.mean() < 0.9
        step = np.nanmax(values) / 65534  # a value stored in 16 bits: either side of it will do
        each = [
            truth.blend(
                below,
                truth.render(np.nan_to_num(values + shift), *LAYER["range"], LAYER["cmap"]),
                LAYER["opacity"],
                shown,
            )
            for shift in (-step, 0, step)
        ]
        clear = np.isnan(values) | (np.minimum(abs(values - low), abs(values - high)) > step)
        pixels = frame["pixels"].astype(float)
        least, most = np.min(each, axis=0) - 1, np.max(each, axis=0) + 1
        wrong = ((pixels < least) | (pixels > most)).any(axis=2) & clear
        assert not wrong.any(), f"{what}: {wrong.sum()} pixels"


SPECIAL = """
import handson, numpy as np
from IPython.display import display
i, j, k = np.indices((7, 5, 3))
grey = (40 * i + 9 * j + 3 * k).astype("float32")
grey[2, 3, 1] = np.nan
labels = ((i + 2 * j) % 4).astype("uint8")
colour = np.stack([30 * i, 50 * j, 80 * k], axis=-1).astype("uint8")
affine = np.eye(4)
viewers = [
    handson.SliceViewer(handson.Volume(grey, affine), window=(120, 240), cmap="inferno"),
    handson.SliceViewer(handson.Volume(grey, affine, photometric="MONOCHROME1"), window=(120, 240)),
    handson.SliceViewer(handson.Volume(colour, affine, photometric="RGB")),
    handson.OverlayViewer(handson.Volume(0 * grey, affine), handson.Layer(
        handson.Volume(labels, affine), labels={1: "one", 2: "two", 3: "three"}, opacity=1)),
]
for viewer in viewers: display(viewer.canvas)
"""


def test_colours_nan_inverted_and_labels(notebook):
    opened = notebook(SPECIAL)
    opened.run_all()
    opened.settle(6)
    coloured, inverted, rgb, labels = (frame["pixels"] for frame in read_all(opened.page))
    i, j, k = np.indices((7, 5, 3))

    def axial(array):  # RAS, radiological: columns from R to L, rows from A to P
        return np.swapaxes(array[::-1, ::-1, 1], 0, 1)

    grey = 40.0 * i + 9 * j + 3 * k
    nan = axial((i == 2) & (j == 3) & (k == 1))
    assert (coloured[nan] == 0).all()
    assert (inverted[nan] == 0).all()
    # Numbers that no DICOM file brought: an exact window, 120 +- 120.
    either = [truth.render(axial(grey) + shift, 0, 240, "inferno") for shift in (-0.01, 0.01)]
    assert (coloured >= np.min(either, axis=0) - 1)[~nan].all()
    assert (coloured <= np.max(either, axis=0) + 1)[~nan].all()
    assert np.abs(inverted - (255 - truth.render(axial(grey), 0, 240)))[~nan].max() <= 1
    assert (rgb == axial(np.stack([30 * i, 50 * j, 80 * k], axis=-1))).all()

    wanted = axial((i + 2 * j) % 4)
    assert (labels[wanted == 0] == 0).all()
    seen = [np.unique(labels[wanted == n], axis=0) for n in (1, 2, 3)]
    assert all(len(colour) == 1 for colour in seen)
    assert len({tuple(colour[0]) for colour in seen}) == 3


# ---- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ["LPS", "ASR"])
def test_a_click_is_a_place_in_the_patient(notebook, phantoms, codes):
    """Click on the marker in one plane: crosshair, read-out and label say its millimetres and value."""
    opened = notebook(
        LOAD, f'viewer = handson.OrthoViewer(load("{codes}", unit="HU"), window={WINDOW})\nviewer'
    )
    opened.run_all()
    x, y, z = truth.mm(truth.MARKER)
    for plane in truth.PLANES:
        opened.python(f"viewer.crosshair = {truth.mm((3, 4, 5))}")
        axis, index = truth.stored_index(truth.stored_as(phantoms, codes), plane, INDEX[plane])
        opened.python(f"viewer.plane = {plane!r}; viewer.index = {index}")
        panel = opened.page.locator(".ho-view:visible")
        expect(panel.locator(".ho-where")).to_contain_text(f"{'ijk'[axis]} = {index}")
        frame = read_all(opened.page)[truth.PLANES.index(plane)]
        opened.page.mouse.click(*marker_on_screen(frame))

        def python_hears(what=plane):
            said = opened.python("print(*viewer.crosshair)").split()
            assert np.allclose([float(n) for n in said], (x, y, z), atol=1e-6), what

        eventually(opened.page, python_hears)
        text = panel.inner_text().replace("−", "-")
        assert f"x {x:.1f}, y {y:.1f}, z {z:.1f} mm" in text
        assert f"{truth.MARKER_VALUE} HU" in text
        label = panel.locator("canvas").first.get_attribute("aria-label").replace("−", "-")
        assert "axial slice" in label
        assert f"z = {z:.1f} mm" in label
        assert f"{truth.MARKER_VALUE} HU" in label


@pytest.mark.parametrize("codes", ["LPS", "ASR"])
def test_the_brush_paints_the_voxels_within_its_radius(notebook, phantoms, codes):
    """Mouse, keys and eraser against millimetres from nibabel's affine; page and Python say the same."""
    opened = notebook(
        LOAD, f'viewer = handson.view(load("{codes}"), crosshair={truth.mm(truth.MARKER)})\nviewer'
    )
    opened.run_all()
    image = truth.stored_as(phantoms, codes)
    inverse = np.linalg.inv(image.affine)

    def index_of(ras):
        return np.round(nib.affines.apply_affine(inverse, truth.mm(ras))).astype(int)

    place = index_of(truth.MARKER)
    axis, _ = truth.stored_index(image, "axial", INDEX["axial"])
    grid = np.moveaxis(np.indices(image.shape), 0, -1)

    def near(centre, radius):
        away = nib.affines.apply_affine(image.affine, grid) - nib.affines.apply_affine(
            image.affine, centre
        )
        return (np.linalg.norm(away, axis=-1) <= radius) & (grid[..., axis] == centre[axis])

    def painted_is(wanted):
        def python_hears():
            said = opened.python("print(*np.flatnonzero(viewer.painted_mask().ravel()))").split()
            assert [int(n) for n in said] == np.flatnonzero(wanted.ravel()).tolist()

        eventually(opened.page, python_hears)

    opened.python("viewer.brush_radius = 6")
    panel = opened.page.locator(".ho-view:visible")
    panel.get_by_role("button", name="brush", exact=True).click()
    expect(panel).to_contain_text("brush of 6.0 mm radius")
    opened.page.mouse.click(*marker_on_screen(read_all(opened.page)[0]))
    wanted = near(place, 6)
    assert 4 < wanted.sum() < wanted.size
    painted_is(wanted)
    values = np.asarray(image.dataobj)[wanted]
    face = abs(np.linalg.det(image.affine[:3, :3])) / np.linalg.norm(image.affine[:3, axis])
    expect(panel).to_contain_text(f"painted {wanted.sum()} voxels: mean {values.mean():.1f}")
    expect(panel).to_contain_text(f"{wanted.sum() * face:.1f} mm²")
    measured = json.loads(
        opened.python("import json; print(json.dumps(viewer.measure()['painted']))")
    )
    assert np.isclose(measured["mean"], values.mean())
    assert np.isclose(measured["sd"], values.std(ddof=1))
    assert np.isclose(measured["volume"], wanted.sum() * abs(np.linalg.det(image.affine[:3, :3])))

    canvas = panel.locator("canvas").first
    canvas.press("Shift+ArrowLeft")  # the crosshair moves one voxel to the patient's right
    beside = index_of(np.add(truth.MARKER, (1, 0, 0)))
    wanted |= near(beside, 6)
    painted_is(wanted)

    canvas.press("e")
    opened.python("viewer.brush_radius = 0.1")
    canvas.press("Shift+ArrowRight")
    wanted &= ~near(place, 0.1)
    painted_is(wanted)
    canvas.press("Escape")  # leaves the tool and wipes nothing
    painted_is(wanted)
    canvas.press("Shift+Delete")
    painted_is(wanted & False)
    canvas.press("Control+z")
    painted_is(wanted)


@pytest.mark.parametrize("codes", ["RAS", "IPL"])
def test_the_turning_mip_shows_the_marker_beside_its_letters(notebook, phantoms, codes):
    """The marker lies right, anterior and superior; by arrow keys the patient turns a quarter."""
    opened = notebook(LOAD, f"handson.view(load({codes!r}), panel='mip')")
    opened.run_all()
    panel = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-mip-frame")
    canvas, letters = panel.locator("canvas"), panel.locator(".ho-letter")
    canvas.focus()
    for wanted, at_left in (("RLSI", True), ("APSI", True), ("LRSI", False), ("PASI", False)):
        expect(letters).to_have_text(list(wanted))
        grey = canvas_pixels(canvas)[..., 0]
        rows, columns = np.nonzero(grey == grey.max())
        assert rows.mean() < grey.shape[0] / 2
        assert (columns.mean() < grey.shape[1] / 2) == at_left, wanted
        opened.press(*["ArrowRight"] * 9)


def test_a_large_picture_is_a_draft_while_it_moves_and_whole_at_rest(notebook):
    """More voxels than the screen has dots: every place stays where it is, at rest every voxel is painted."""
    opened = notebook(
        LOAD,
        """
ramp = np.add.outer(np.arange(2500), 3 * np.arange(2000)).astype(np.int16)
viewer = handson.view(handson.Volume(ramp[..., None], np.diag([-0.1, -0.1, 1, 1])), window=(4000, 8000))
viewer
""",
    )
    opened.run_all()
    page, canvas = opened.page, opened.page.locator(".ho-canvas")
    size = "canvas => [canvas.width, canvas.height]"

    def is_whole(low, high):
        found = canvas_pixels(canvas)
        assert found.shape[:2] == (2000, 2500)
        ramp = np.add.outer(3 * np.arange(2000), np.arange(2500))
        assert np.abs(found[..., :3].astype(int) - truth.render(ramp, low, high)).max() <= 1

    eventually(page, lambda: is_whole(0, 7999), 20)
    box, sizes = canvas.bounding_box(), []
    opened.evaluate(
        """const canvas = document.querySelector('.ho-canvas'); window.sizes = [];
           new MutationObserver(() => sizes.push(canvas.width)).observe(canvas, {attributes: true});"""
    )
    opened.python("viewer.window = (2000, 4000)")
    eventually(page, lambda: is_whole(0, 3999), 20)
    sizes = page.evaluate("() => sizes")
    assert min(sizes) < 2500 / 2, "no draft was painted"
    assert sizes[-1] == 2500
    assert canvas.bounding_box() == box
    # Scrolling the page, or moving the pointer, paints nothing again.
    page.evaluate("() => { sizes.length = 0; }")
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.move(box["x"] + 150, box["y"] + 90)
    page.wait_for_timeout(400)
    assert canvas.evaluate(size) == [2500, 2000]
    assert page.evaluate("() => sizes.filter(width => width !== 2500)") == []
