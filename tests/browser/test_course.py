"""Lessons 03 and 05 as a class runs them: Run all, move the sliders, look at the sides."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from lab import canvas_pixels, eventually
from playwright.sync_api import expect

import handson

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def lesson(lab, server):
    """A function: the beginning of a lesson's file name -> a copy of it, open and run in Lab."""
    opened = []

    def run(start):
        (path,) = NOTEBOOKS.glob(f"{start}_*.ipynb")
        opened.append(lab.open(Path(shutil.copy(path, server.root))))
        opened[-1].run_all(timeout=240)
        return opened[-1]

    yield run
    for each in opened:
        each.close()


def viewer_of(opened, code):
    """The viewer that the first cell with `code` shows, scrolled into view."""
    index = opened.evaluate(
        "return panel.content.widgets.findIndex(c => c.model.type === 'code'"
        " && c.model.sharedModel.getSource().includes(argument))",
        code,
    )
    assert index >= 0, code
    opened.scroll_to(index)
    view = opened.cell(index).locator(".handson-viewer")
    view.locator(".ho-frame canvas").first.wait_for(timeout=30_000)
    # Cells above take their height only now; and a viewer off screen asks for no voxels.
    view.locator(".ho-view").scroll_into_view_if_needed()
    expect(view.locator(".ho-progress")).to_be_hidden(timeout=30_000)
    return view


def letters(frame):
    """The first letter of each side: her head is tilted, so some sides have a second one."""
    return {
        side: frame.locator(f".ho-{side}").inner_text()[0]
        for side in ("left", "right", "top", "bottom")
    }


def brightest(frame):
    """(across, down), 0..1 from the left and from the top, of the brightest tenth of a percent."""
    grey = canvas_pixels(frame.locator("canvas"))[..., :3].sum(axis=2, dtype=int)
    rows, columns = np.nonzero(grey >= np.quantile(grey, 0.999))
    return columns.mean() / grey.shape[1], rows.mean() / grey.shape[0]


def move(view, plane, keys="PageUp"):
    """Move a slice slider by keyboard; the picture must follow."""
    canvas = view.locator(".ho-frame canvas").first
    before = canvas_pixels(canvas)
    view.locator(f".handson-{plane} .noUi-handle").focus()
    view.page.keyboard.press(keys)
    eventually(view.page, lambda: check_other_picture(canvas, before))


def check_other_picture(canvas, before):
    assert (canvas_pixels(canvas) != before).any()


def marker_mm(folder):
    """RAS+ mm of the brightest voxel of a DICOM series, by hand: PS3.3 C.7.6.2.1.1."""
    slices = [pydicom.dcmread(path) for path in folder.iterdir()]
    slice_ = max(slices, key=lambda s: s.pixel_array.max())
    row, column = np.unravel_index(slice_.pixel_array.argmax(), slice_.pixel_array.shape)
    along_row, along_column = np.reshape(slice_.ImageOrientationPatient, (2, 3)).astype(float)
    between_rows, between_columns = map(float, slice_.PixelSpacing)
    lps = np.array(slice_.ImagePositionPatient, float)
    lps += along_row * between_columns * column + along_column * between_rows * row
    return lps * (-1, -1, 1)


def test_lesson_03_the_marker_is_on_her_right(lesson):
    marker = marker_mm(handson.fetch("gen-study") / "MR")
    assert marker[0] > 60  # far on the patient's right
    view = viewer_of(lesson("03"), 'plane="ortho"')
    axial, coronal, sagittal = (view.locator(".ho-frame").nth(n) for n in range(3))
    assert letters(axial) == dict(left="R", right="L", top="A", bottom="P")
    assert letters(coronal) == dict(left="R", right="L", top="S", bottom="I")
    assert letters(sagittal) == dict(left="A", right="P", top="S", bottom="I")
    assert brightest(axial)[0] < 0.25
    assert brightest(coronal)[0] < 0.25
    view.locator("canvas").first.focus()
    view.page.keyboard.press("c")
    expect(axial.locator(".ho-left")).to_have_text("L")
    eventually(view.page, lambda: check_on_the_right(axial))
    view.page.keyboard.press("c")
    move(view, "axial")


def check_on_the_right(frame):
    assert brightest(frame)[0] > 0.75


def test_lesson_05_layers_follow_their_controls(lesson):
    opened = lesson("05")
    view = viewer_of(opened, "labels=tissues, opacity=0.4")
    frame, page = view.locator(".ho-frame").first, view.page
    assert letters(frame) == dict(left="R", right="L", top="A", bottom="P")
    canvas = frame.locator("canvas")
    assert colourful(canvas) > 0.1
    view.get_by_label("tissues").first.uncheck()
    eventually(page, lambda: check_grey(canvas))
    view.get_by_label("tissues").first.check()
    eventually(page, lambda: check_colour(canvas))
    before = canvas_pixels(canvas)
    view.get_by_label("opacity").first.focus()
    page.keyboard.press("PageDown")
    eventually(page, lambda: check_other_picture(canvas, before))
    move(view, "axial")

    judged = viewer_of(opened, 'judged.compose = "curtain"')
    edge = judged.locator(".ho-frame canvas").first
    before = canvas_pixels(edge)
    judged.get_by_label("curtain at").first.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    eventually(page, lambda: check_other_picture(edge, before))


def colourful(canvas):
    """Share of pixels that are not grey."""
    pixels = canvas_pixels(canvas)[..., :3].astype(int)
    return (np.ptp(pixels, axis=2) > 10).mean()


def check_grey(canvas):
    assert colourful(canvas) == 0


def check_colour(canvas):
    assert colourful(canvas) > 0.1
