"""For everyone: by keyboard alone, by touch, at 800 pixels, for a screen reader, with no network.

axe-core looks at our elements in Lab's output area and in the exported page, light and dark.
"""

import numpy as np
import pytest
from lab import canvas_pixels, eventually, screen_pixels
from playwright.sync_api import expect

# What ipywidgets brings and we cannot name from outside: axe's rule -> why it stays.
UPSTREAM = {}

OVERLAY = """
import handson, numpy as np
i, j, k = np.indices((60, 70, 50), dtype="int16")
volume = handson.Volume((7 * i + 3 * j + 11 * k) % 500, np.diag([2, 2, 3, 1]), name="stripes")
ball = handson.Volume(np.exp(-((i - 30) ** 2 + (j - 35) ** 2 + (k - 25) ** 2) / 150.0),
                      volume.affine, name="ball")
"""
VIEW = "viewer = handson.OverlayViewer(volume, handson.Layer(ball))\nviewer"


def make_page(folder):
    """The exported page of an overlay viewer."""
    made = {}
    exec(OVERLAY + VIEW, made)
    path = folder / "page.html"
    made["viewer"].save_html(path)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return make_page(tmp_path_factory.mktemp("page"))


@pytest.fixture
def offline_page(browser, exported, request):
    """The exported page in a browser with no network; requests fail the test."""
    context = browser.new_context(offline=True, **getattr(request, "param", {}))
    page, asked, errors = context.new_page(), [], []
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith("file:") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(exported.as_uri())
    page.locator(".ho-frame canvas").first.wait_for()
    yield page
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == []
    assert errors == []
    context.close()


def test_the_exported_page_scrolls_with_no_network(offline_page):
    page = offline_page
    canvas, where = page.locator(".ho-frame canvas"), page.locator(".ho-where")
    eventually(page, lambda: check_painted(canvas))
    expect(where).to_contain_text("k = 25")
    before = canvas_pixels(canvas)
    canvas.focus()
    page.keyboard.press("ArrowUp")
    expect(where).to_contain_text("k = 26")
    eventually(page, lambda: check_changed(canvas, before))
    before = canvas_pixels(canvas)
    page.get_by_label("opacity").fill("0")
    eventually(page, lambda: check_changed(canvas, before))
    page.get_by_label("axial", exact=True).fill("3")
    expect(where).to_contain_text("k = 3")


def check_painted(canvas):
    assert np.unique(canvas_pixels(canvas)[..., 0]).size > 20


def check_changed(canvas, before):
    now = canvas_pixels(canvas)
    assert now.shape != before.shape or (now != before).any()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_exported_page(offline_page, axe, scheme):
    offline_page.emulate_media(color_scheme=scheme)
    assert axe(offline_page, "body") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_of_ours_in_lab(notebook, lab, axe, theme):
    lab.theme(theme)
    opened = notebook(OVERLAY, VIEW, "handson.OrthoViewer(volume, histogram=True)")
    opened.run_all()
    opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-frame canvas").first.wait_for()
    opened.page.wait_for_timeout(500)
    found = axe(opened.page, ".jp-NotebookPanel:not(.lm-mod-hidden) .handson-viewer")
    lab.theme("light")
    assert [each for each in found if each[0] not in UPSTREAM] == []


def test_everything_by_keyboard(notebook):
    """Every key that the help names does what it says; Lab's own shortcuts stay asleep."""
    opened = notebook(OVERLAY, VIEW)
    opened.run_all()
    page = opened.page
    view = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-view")
    where, canvas = view.locator(".ho-where"), view.locator("canvas").first
    canvas.focus()
    for key, place in {
        "ArrowUp": "k = 26", "ArrowRight": "k = 27", "ArrowDown": "k = 26", "ArrowLeft": "k = 25",
        "PageUp": "k = 35", "PageDown": "k = 25", "Home": "k = 0", "End": "k = 49",
    }.items():  # fmt: skip
        page.keyboard.press(key)
        expect(where).to_contain_text(place)
    page.keyboard.press("Home")
    # Radiological: the left of the picture is the patient's right, x grows.
    page.keyboard.press("Shift+ArrowLeft")
    expect(view.locator(".ho-value")).to_contain_text("voxel (31, 35, 0)")
    page.keyboard.press("Shift+ArrowUp")
    expect(view.locator(".ho-value")).to_contain_text("voxel (31, 36, 0)")
    page.keyboard.press("c")
    expect(view.locator(".ho-convention").first).to_contain_text("neurological")
    page.keyboard.press("Shift+ArrowLeft")
    expect(view.locator(".ho-value")).to_contain_text("voxel (30, 36, 0)")
    wide = canvas_pixels(canvas)
    page.keyboard.press("[")
    eventually(page, lambda: check_changed(canvas, wide))
    page.keyboard.press("h")
    expect(view.locator(".ho-bars")).to_be_visible()
    page.keyboard.press("r")
    for _ in range(10):
        page.keyboard.press("Shift+ArrowRight")
    expect(view.locator(".ho-measures")).to_contain_text("20.0 mm")
    page.keyboard.press("Escape")  # leaves the tool and wipes nothing
    expect(view.locator(".ho-measures")).to_contain_text("20.0 mm")
    page.keyboard.press("Delete")
    expect(view.locator(".ho-measures")).not_to_contain_text("mm")
    page.keyboard.press("b")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    expect(view.locator(".ho-measures")).to_contain_text("4 voxels")
    page.keyboard.press("Control+z")
    expect(view.locator(".ho-measures")).not_to_contain_text("voxels")
    page.keyboard.press("Control+y")
    expect(view.locator(".ho-measures")).to_contain_text("4 voxels")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for words in ("Page up", "crosshair left", "window", "full screen"):
        expect(dialog).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(canvas).to_be_focused()
    assert opened.evaluate("return panel.content.widgets.length") == 2, "Lab took a key for its own"


def test_every_slider_of_ours_has_a_name_and_shows_its_focus(notebook):
    opened = notebook(OVERLAY, VIEW)
    opened.run_all()
    box = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .handson-viewer")
    handles = box.locator(".noUi-handle:visible")
    expect(handles.first).to_have_attribute("aria-label", "axial")
    names = [handles.nth(n).get_attribute("aria-label") for n in range(handles.count())]
    assert None not in names
    assert len(set(names)) == len(names)
    where, canvas = box.locator(".ho-where"), box.locator("canvas").first
    handles.first.focus()
    opened.press("ArrowRight")
    expect(where).to_contain_text("k = 26")
    frame = box.locator(".ho-frame").first
    without = screen_pixels(frame)
    canvas.focus()
    opened.settle()
    focused = screen_pixels(frame)
    # A border of its own: most of the outermost pixels differ.
    assert (focused[1] != without[1]).any(axis=1).mean() > 0.8


@pytest.mark.parametrize(
    "offline_page",
    [{"has_touch": True, "viewport": {"width": 800, "height": 900}}],
    indirect=True,
)
def test_touch_and_800_pixels(offline_page):
    page = offline_page
    canvas, where = page.locator(".ho-frame canvas"), page.locator(".ho-where")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.touchscreen.tap(box["x"] + box["width"] * 15.5 / 60, middle[1] + 1)
    # The middle of the 16th of 60 voxels from the left, the patient's right.
    expect(page.locator(".ho-value")).to_contain_text("voxel (44, 34, 25)")
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *points):
        places = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    fingers("touchStart", middle)
    for step in range(1, 9):
        fingers("touchMove", (middle[0], middle[1] - 5 * step))
    fingers("touchEnd")
    expect(where).not_to_contain_text("k = 25")
    width = canvas.bounding_box()["width"]
    fingers("touchStart", (middle[0] - 20, middle[1]), (middle[0] + 20, middle[1]))
    for step in range(1, 9):
        fingers(
            "touchMove",
            (middle[0] - 20 - 5 * step, middle[1]),
            (middle[0] + 20 + 5 * step, middle[1]),
        )
    fingers("touchEnd")
    eventually(page, lambda: check_wider(canvas, width))


def check_wider(canvas, width):
    assert canvas.bounding_box()["width"] > 1.5 * width


LESSON_WIDGETS = """
import copy, handson, pydicom
from handson.lessons import (
    AffineExplorer, AuditViewer, ByteExplorer, SeriesSorter, TagTable, WindowExplorer, quiz,
)
ct = handson.fetch("pydicom-examples") / "CT_small.dcm"
header = pydicom.dcmread(ct, stop_before_pixels=True)
slices = [pydicom.dcmread(p) for p in (handson.fetch("gen-traps") / "missing-slice").iterdir()]
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_of_ours_in_the_widgets_of_the_lessons(notebook, lab, axe, theme):
    lab.theme(theme)
    opened = notebook(
        LESSON_WIDGETS,
        'AffineExplorer(handson.read_nifti(handson.fetch("gen-phantom") / "nifti/axial.nii.gz"))',
        'AuditViewer(header, copy.deepcopy(header), [str(header.PatientID)], name="a copy")',
        "ByteExplorer(ct, length=256)",
        'TagTable(ct, query="(0009")',
        "SeriesSorter(slices)",
        "WindowExplorer(handson.read_slice(ct))",
        'quiz("01")',
    )
    opened.run_all()
    opened.page.wait_for_timeout(1500)
    widgets = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output .jupyter-widgets"
    assert opened.page.locator(widgets).count() >= 7
    found = axe(opened.page, widgets)
    lab.theme("light")
    assert [each for each in found if each[0] not in UPSTREAM] == []


# Every word that a menu can show, and the room that it has, CSS pixels.
MENUS = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .handson-side select')]
  .filter(node => node.offsetParent).flatMap(select => {
    const style = getComputedStyle(select), pen = document.createElement('canvas').getContext('2d');
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return [...select.options].map(option => [option.text, pen.measureText(option.text).width, room]);
  })"""


# Names and numbers beside the controls that do not fit into their places.
CUT = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .handson-side :is(label, .widget-label, .widget-readout)')]
  .filter(node => node.offsetParent && node.scrollWidth > node.clientWidth + 1).map(node => node.textContent)"""


# Menus that stick out of their box below, where the next control or the end of the panel hides their edge.
LOW = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .handson-side select')]
  .filter(node => node.offsetParent && node.getBoundingClientRect().bottom
    > node.parentElement.getBoundingClientRect().bottom + 0.5).map(node => node.value)"""


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (800, "en"), (1280, "it")])
def test_no_menu_cuts_off_what_it_says(notebook, width, language):
    study = "handson.read_series(handson.fetch('gen-study') / 'CT')"
    shown = f"handson.language({language!r})\nhandson.view({study}, handson.Layer(ball), same_space=True)"
    film = "film = volume.with_data(np.stack([volume.data * 40.0] * 3, axis=3), time_step=2.0)"
    opened = notebook(OVERLAY, shown, f"{film}\nhandson.view(film)")
    opened.page.set_viewport_size({"width": width, "height": 1000})
    opened.run_all()
    opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-frame canvas").last.wait_for()
    cut = opened.page.evaluate(CUT)
    low = opened.page.evaluate(LOW)
    words = opened.page.evaluate(MENUS)
    opened.page.set_viewport_size({"width": 1280, "height": 1000})
    assert len(words) > 20
    assert [text for text, wide, room in words if wide > room] == []
    assert cut == low == []


# Boxes of controls that scroll although there is room below: (needed, shown, the most they may take).
SCROLLED = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .handson-side')]
  .map(node => [node.scrollHeight, node.clientHeight, parseFloat(getComputedStyle(node).maxHeight)])
  .filter(([needed, shown, most]) => needed > shown && shown < most - 1)"""


@pytest.mark.parametrize("size", [(1400, 1000), (1280, 720), (800, 1000)])
def test_controls_that_have_room_need_no_scroll_bar(notebook, size):
    shown = [
        "handson.SliceViewer(volume)",
        "handson.view(volume, handson.Layer(ball), plane='ortho')",
        "handson.view(handson.Volume(np.zeros((40, 30, 1)), np.eye(4)))",
    ]
    opened = notebook(OVERLAY, *shown)
    opened.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    opened.run_all()
    opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-frame canvas").last.wait_for()
    scrolled = opened.page.evaluate(SCROLLED)
    boxes = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .handson-side").count()
    opened.page.set_viewport_size({"width": 1280, "height": 1000})
    assert boxes == len(shown)
    assert scrolled == []


# At 200 % a window of 1280 x 720 has half as many CSS pixels.
ZOOMED = {"viewport": {"width": 640, "height": 360}, "device_scale_factor": 2}


@pytest.mark.parametrize("offline_page", [ZOOMED], indirect=True)
def test_at_200_percent_nothing_is_cut_off(offline_page):
    page = offline_page
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.ho-button, .ho-controls label, .ho-controls input, .ho-letter')]
          .filter(node => node.offsetParent)
          .filter(node => { const box = node.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth; })
          .map(node => node.className || node.textContent)"""
    )
    assert cut == []
    picture = page.locator(".ho-frame canvas").bounding_box()
    assert picture["height"] > 150


@pytest.mark.parametrize("offline_page", [{"reduced_motion": "reduce"}], indirect=True)
def test_nothing_moves_by_itself_for_who_asked_for_less_motion(offline_page):
    page = offline_page
    page.locator("[data-action=play]").click()
    expect(page.locator(".ho-measures")).to_contain_text("less motion")
    page.wait_for_timeout(500)
    expect(page.locator(".ho-where")).to_contain_text("k = 25")
    page.locator("[data-action=header]").click()
    page.locator("[data-panel=mip]").click()
    expect(page.locator(".ho-mip")).to_be_visible()
    expect(page.locator(".ho-mip-foot button")).to_be_hidden()


# Tool -> where it begins (a drag that begins on a grip would move that mark), and a word of its numbers.
DRAWN = {
    "ruler": ((0.1, 0.1), "mm"), "angle": ((0.1, 0.3), "°"), "region": ((0.1, 0.5), "voxels"),
    "ellipse": ((0.5, 0.1), "voxels"), "freehand": ((0.5, 0.4), "voxels"),
}  # fmt: skip


def test_the_exported_page_measures_and_shows_what_the_viewer_does(offline_page):
    """Every tool that measures, by hand; each mark stands in the list, and can be taken back."""
    page = offline_page
    frame, rows = page.locator(".ho-frame canvas").first, page.locator(".ho-list li")

    def at(across, down):
        box = frame.bounding_box()
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def drag_over(*places):
        page.mouse.move(*at(*places[0]))
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*at(*place), steps=4)
        page.mouse.up()

    def tool(name):
        page.locator(f".ho-button[data-action={name}]").click()

    for name, ((across, down), _) in DRAWN.items():
        tool(name)
        last = [(across + 0.1, down + 0.2)] if name == "freehand" else []
        drag_over((across, down), (across + 0.2, down + 0.1), *last)
        if name == "angle":
            page.mouse.click(*at(across, down + 0.15))
    tool("arrow")
    drag_over((0.7, 0.9), (0.8, 0.8))
    page.get_by_role("dialog").locator("input").fill("here")
    page.keyboard.press("Enter")
    tool("header")
    page.locator("[data-panel=marks]").click()
    expect(rows).to_have_count(len(DRAWN) + 1)
    for number, (_, words) in enumerate(DRAWN.values()):
        expect(rows.nth(number)).to_contain_text(words)
    expect(rows.last).to_contain_text("here")
    tool("undo")
    expect(rows).not_to_contain_text(["here"])
    thin = canvas_pixels(frame)
    tool("slab")
    eventually(page, lambda: check_changed(frame, thin))
    tool("layout")
    expect(page.locator(".ho-frame")).to_have_count(3)
