"""What once misled a reader: a ruler that changed by scrolling, a value of another slice, a key that cut the cell."""

import re

import pytest
from lab import eventually
from playwright.sync_api import expect

VOLUME = """
import handson, numpy as np
from IPython.display import display
i, j, k = np.indices((40, 50, 30), dtype="int16")
volume = handson.Volume((7 * i + 3 * j + 11 * k) % 500, np.diag([2, 2, 3, 1]))
"""
BOX = ".jp-NotebookPanel:not(.lm-mod-hidden) .handson-viewer"


@pytest.fixture
def viewer(notebook):
    """A function: code that shows `viewer` -> (notebook, its box, its first frame)."""

    def show(code="viewer = handson.view(volume); viewer", *more):
        opened = notebook(VOLUME, code, *more)
        opened.run_all()
        opened.scroll_to(1)
        box = opened.page.locator(BOX).first
        frame = box.locator(".ho-frame").first
        expect(frame.locator("canvas")).to_be_visible()
        return opened, box, frame

    return show


def place_in(frame, across, down):
    box = frame.locator("canvas").bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def drag(page, start, end, **options):
    page.mouse.move(*start)
    page.mouse.down(**options)
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up(**options)


def said(opened, code):
    return opened.python(code)


def becomes(opened, code, wanted):
    def check():
        assert said(opened, code) == wanted

    eventually(opened.page, check)


# ---- marks belong to their slice -----------------------------------------------------------------


@pytest.mark.parametrize("tool", ["r", "b"])
def test_a_mark_stays_on_its_slice_and_keeps_its_numbers(viewer, tool):
    """By keys, by the slider, from Python: scrolling changes no ruler and no region."""
    opened, box, frame = viewer()
    page, canvas = opened.page, frame.locator("canvas")
    canvas.focus()
    opened.press(tool)
    drag(page, place_in(frame, 0.2, 0.3), place_in(frame, 0.7, 0.8))
    name = {"r": "ruler", "b": "region"}[tool]
    shapes = frame.locator(
        "svg.ho-marks path.ho-mark, svg .ho-ruler:visible, svg .ho-region:visible"
    )
    expect(shapes).to_have_count(1)
    eventually(page, lambda: check_said(opened, f"print(viewer.{name})", "("))
    before, words = said(opened, f"print(viewer.{name})"), box.locator(".ho-measures").inner_text()
    assert before != "()"
    opened.press("ArrowUp", "ArrowUp")
    expect(shapes).to_have_count(0)
    box.locator(".handson-axial .noUi-handle").focus()
    opened.press("ArrowRight")
    # The page tells Python a moment later; only then is Python's own step the last one.
    becomes(opened, "print(viewer.index)", "18")
    opened.python("viewer.index = 3")
    expect(box.locator(".ho-where")).to_contain_text("k = 3)")
    assert said(opened, f"print(viewer.{name})") == before
    assert box.locator(".ho-measures").inner_text() == words
    opened.python("viewer.index = 15")
    expect(shapes).to_have_count(1)


def test_a_slab_says_that_its_layers_are_not_thick(viewer):
    opened, _, frame = viewer(
        "viewer = handson.view(volume, handson.Layer(volume.with_data(volume.data > 300))); viewer"
    )
    said = "layers: this slice only"
    expect(frame).not_to_contain_text(said)
    opened.python("viewer.slab = 'max'")
    expect(frame).to_contain_text(said)
    opened.python("viewer.layers[0].visible = False")
    expect(frame).not_to_contain_text(said)


def check_said(opened, code, start):
    text = said(opened, code)
    assert text.startswith(start)
    assert text != "()"


def test_the_value_under_a_resting_pointer_follows_the_slice(viewer):
    opened, box, frame = viewer()
    opened.page.mouse.click(*place_in(frame, 0.31, 0.41))
    value = box.locator(".ho-value")
    expect(value).not_to_contain_text("voxel (20, 25, 15)")
    i, j = map(int, re.search(r"voxel \((\d+), (\d+), 15\)", value.inner_text()).groups())
    for key, k in (("ArrowUp", 16), ("ArrowUp", 17), ("ArrowDown", 16)):
        opened.press(key)
        expect(value).to_contain_text(f"voxel ({i}, {j}, {k})")
        expect(value).to_contain_text(f"mm · {(7 * i + 3 * j + 11 * k) % 500}")
    opened.python("viewer.index = 4")
    expect(value).to_contain_text(f"voxel ({i}, {j}, 4)")
    expect(value).to_contain_text(f"mm · {(7 * i + 3 * j + 44) % 500}")


# ---- keys ----------------------------------------------------------------------------------------

LETTERS = [chr(n) for n in range(ord("a"), ord("z") + 1)]
KEYS = [*LETTERS, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "Escape", "Enter", "Delete", "Backspace", "Space",
        "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown",
        "Shift+ArrowDown", "Shift+ArrowUp", "Shift+m", ";", ",", ".", "/", "[", "]", "-", "=", "+"]  # fmt: skip

# Every command of Lab that a key starts, from now on.
LISTEN = """
window.__commands = [];
if (!jupyterapp.commands.__watched) {
  jupyterapp.commands.__watched = true;
  jupyterapp.commands.commandExecuted.connect((_, args) => window.__commands.push(args.id));
}
"""


def reached_lab(opened, node, keys=KEYS):
    """The commands of Lab that keys pressed on a node start."""
    opened.evaluate(LISTEN)
    page = opened.page
    for key in keys:
        node.focus()
        page.keyboard.press(key)
        page.evaluate(
            """() => { for (const d of document.querySelectorAll('.ho-view dialog[open]')) d.close();
                       if (document.fullscreenElement) document.exitFullscreen(); }"""
        )
    page.wait_for_timeout(1200)  # Lab waits a second for the other key of a chord, as in d d
    return opened.evaluate("return window.__commands")


def test_no_key_pressed_in_the_viewer_reaches_lab(viewer):
    opened, box, frame = viewer("viewer = handson.view(volume, plane='ortho'); viewer", "1 + 1")
    check_keys(opened, box, frame)


def check_keys(opened, box, frame):
    """Every key on every kind of element of ours; the cells are still there."""
    nodes = {
        "picture": frame.locator("canvas"),
        "button": box.locator(".ho-toolbar button[tabindex='0']"),
        "tab": box.locator(".ho-tab[tabindex='0']"),
        "slider": box.locator(".handson-axial .noUi-handle"),
        "menu": box.locator("select").first,
    }
    for name, node in nodes.items():
        assert reached_lab(opened, node) == [], name
    assert opened.evaluate("return panel.content.widgets.length") == 3
    assert opened.evaluate("return panel.content.widgets[1].model.type") == "code"


def test_what_lab_must_hear_it_hears(viewer):
    opened, _, frame = viewer()
    opened.evaluate(LISTEN)
    frame.locator("canvas").focus()
    opened.press("Control+s")
    eventually(opened.page, lambda: check_heard(opened, "docmanager:save"))


def check_heard(opened, command):
    assert command in opened.evaluate("return window.__commands")


# ---- full screen, Esc, undo ----------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_full_screen_has_controls_and_a_background(viewer, lab, theme):
    lab.theme(theme)
    opened, box, frame = viewer()
    frame.locator("canvas").focus()
    opened.press("f")
    opened.page.wait_for_function("() => document.fullscreenElement")
    opened.settle(6)
    slider = box.locator(".handson-axial .noUi-handle").bounding_box()
    size = opened.page.viewport_size
    assert slider is not None
    assert 0 < slider["x"] < size["width"] and 0 < slider["y"] < size["height"]  # noqa: PT018
    back = opened.page.evaluate(
        "() => getComputedStyle(document.fullscreenElement).backgroundColor"
    )
    wanted = "rgb(255, 255, 255)" if theme == "light" else "rgb(33, 33, 33)"
    assert back == wanted
    assert box.locator(".ho-stage").bounding_box()["height"] > 0.75 * size["height"]
    opened.page.evaluate("() => document.exitFullscreen()")
    opened.settle(6)
    lab.theme("light")


def test_esc_wipes_nothing_and_undo_takes_back(viewer):
    opened, box, frame = viewer()
    frame.locator("canvas").focus()
    opened.press("r")
    drag(opened.page, place_in(frame, 0.2, 0.3), place_in(frame, 0.7, 0.8))
    opened.press("p")
    drag(opened.page, place_in(frame, 0.4, 0.6), place_in(frame, 0.6, 0.6))
    opened.press("Escape", "Escape")
    measures = box.locator(".ho-measures")
    expect(measures).to_contain_text("ruler")
    expect(measures).to_contain_text("painted")
    opened.press("Control+z")
    expect(measures).not_to_contain_text("painted")
    expect(measures).to_contain_text("ruler")
    opened.press("Control+z")
    expect(measures).not_to_contain_text("ruler")
    opened.press("Control+y", "Control+y")
    expect(measures).to_contain_text("painted")
    becomes(opened, "print(len(viewer.annotations), bool(viewer.painted))", "1 True")


# ---- window --------------------------------------------------------------------------------------


def test_a_window_is_read_back_as_it_was_set(viewer):
    opened, box, frame = viewer(
        "viewer = handson.view(handson.Volume(volume.data * 9 - 1024, volume.affine, modality='CT'),"
        " window=(40, 80)); viewer"
    )
    opened.page.wait_for_timeout(1000)
    assert said(opened, "print(viewer.window)") == "(40.0, 80.0)"
    expect(frame).to_contain_text("W 80")
    expect(frame).to_contain_text("L 40")
    opened.python("viewer.window = 55, 111")
    opened.page.wait_for_timeout(1000)
    assert said(opened, "print(viewer.window)") == "(55.0, 111.0)"
    # One preset twice, with another window in between.
    menu = box.get_by_label("preset")
    menu.select_option("bone")
    becomes(opened, "print(viewer.window)", "(400.0, 1800.0)")
    opened.python("viewer.window = 55, 111")
    expect(menu).not_to_have_value("bone")
    menu.select_option("bone")
    becomes(opened, "print(viewer.window)", "(400.0, 1800.0)")
    opened.page.mouse.dblclick(*place_in(frame, 0.5, 0.5))
    becomes(opened, "print(viewer.window == handson.view(viewer.volume).window)", "True")


def test_a_drag_is_as_fine_as_the_window_is_narrow(viewer):
    opened, _, frame = viewer("viewer = handson.view(volume, window=(100, 20)); viewer")
    start = place_in(frame, 0.5, 0.4)
    drag(opened.page, start, (start[0], start[1] + 30))
    eventually(opened.page, lambda: check_moved(opened, 100))
    centre = float(said(opened, "print(viewer.window[0])"))
    assert 101 <= centre <= 105  # 30 pixels move a window of 20 by a tenth of its width


def check_moved(opened, centre):
    assert float(said(opened, "print(viewer.window[0])")) != centre


# ---- wheel, pan, zoom, right button --------------------------------------------------------------


def test_the_wheel_scrolls_slices_only_when_the_viewer_is_meant(viewer):
    opened, box, frame = viewer(
        "viewer = handson.view(volume); viewer", *(["handson.view(volume)"] * 2)
    )
    page, where = opened.page, box.locator(".ho-where")
    opened.evaluate("document.activeElement.blur()")
    page.mouse.move(*place_in(frame, 0.5, 0.5))
    page.mouse.wheel(0, 100)
    page.wait_for_timeout(400)
    expect(where).to_contain_text("k = 15)")
    opened.scroll_to(1)
    page.mouse.click(*place_in(frame, 0.5, 0.5))
    top = frame.bounding_box()["y"]
    for _ in range(20):
        page.mouse.wheel(0, 100)
    expect(where).to_contain_text("k = 0)")
    page.wait_for_timeout(300)
    assert frame.bounding_box()["y"] == pytest.approx(top, abs=2), (
        "the page moved at the end of the stack"
    )
    others = opened.page.locator(
        ".jp-NotebookPanel:not(.lm-mod-hidden) .ho-where"
    ).all_inner_texts()
    assert all("k = 15)" in text for text in others[1:])


def test_the_picture_cannot_be_lost_and_zoom_keeps_what_is_under_the_pointer(viewer):
    opened, box, frame = viewer()
    page, value = opened.page, box.locator(".ho-value")
    page.mouse.click(*place_in(frame, 0.3, 0.3))
    at = place_in(frame, 0.7, 0.25)
    page.mouse.move(*at)
    page.wait_for_timeout(300)
    before = value.inner_text()
    page.keyboard.down("Control")
    for _ in range(6):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_timeout(300)
    wide = frame.locator("canvas").bounding_box()["width"]
    assert wide > 1.5 * 400
    page.mouse.move(at[0] + 0.1, at[1])
    page.wait_for_timeout(300)
    assert value.inner_text().split(" · ")[0] == before.split(" · ")[0]
    frame.locator("canvas").focus()
    for _ in range(80):
        opened.press("Alt+ArrowRight")
    opened.settle()
    outer, inner = frame.bounding_box(), frame.locator("canvas").bounding_box()
    assert inner["x"] < outer["x"] + outer["width"] * 0.6
    assert inner["x"] + inner["width"] > outer["x"] + outer["width"] * 0.4


def test_the_right_button_does_not_paint(viewer):
    opened, _, frame = viewer()
    frame.locator("canvas").focus()
    opened.press("p")
    drag(opened.page, place_in(frame, 0.3, 0.6), place_in(frame, 0.5, 0.6), button="right")
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_timeout(500)
    assert said(opened, "print(viewer.painted)") == "()"


def test_a_linked_viewer_says_that_a_place_is_outside(notebook):
    opened = notebook(
        VOLUME,
        "small = handson.Volume(volume.data[:, :, :9], volume.affine)\n"
        "a, b = handson.view(volume), handson.view(small)\nlinks = handson.link(a, b)\ndisplay(a, b)",
    )
    opened.run_all()
    notes = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-notes")
    opened.python("a.index = 25")
    expect(notes.nth(1)).to_contain_text("outside this image")
    opened.python("a.index = 5")
    expect(notes.nth(1)).not_to_contain_text("outside this image")


# ---- layout --------------------------------------------------------------------------------------


def test_three_planes_window_and_a_layer_are_whole_at_1280_by_720(browser, server):
    from lab import LabPage, write_notebook

    page = browser.new_page(viewport={"width": 1280, "height": 720})
    own = LabPage(page, server)
    path = write_notebook(server.root / "small.ipynb", VOLUME,
                          "handson.view(volume, handson.Layer(volume, cmap='hot', threshold=400), plane='ortho')",
                          "print(60 * chr(10))")  # fmt: skip
    opened = own.open(path)
    opened.run_all()
    opened.evaluate("panel.content.widgets[1].node.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(500)
    box = page.locator(BOX)
    whole = page.locator(
        ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer"
    ).bounding_box()
    for part in (".ho-toolbar", ".ho-stage", ".ho-say", ".handson-side"):
        at = box.locator(part).bounding_box()
        assert at["y"] >= whole["y"] - 1, part
        assert at["y"] + at["height"] <= whole["y"] + whole["height"] + 1, part
    for control in ("opacity", "threshold from", "window from"):
        at = box.get_by_label(control, exact=True).first.bounding_box()
        assert at["y"] + at["height"] <= whole["y"] + whole["height"], control
    # The first stop of Tab inside the viewer is a picture.
    first = box.evaluate(
        """box => { const stops = [...box.querySelectorAll('button, input, select, canvas, [tabindex]')]
             .filter(n => n.tabIndex >= 0 && n.offsetParent); return stops[0].tagName; }"""
    )
    assert first == "CANVAS"
    assert box.locator(".ho-toolbar button[tabindex='0']").count() == 1
    opened.close()
    page.close()
