"""A viewer's life in a notebook: Run all, reload, restart, two views, links, the end, the next day."""

import re
from base64 import b64decode
from io import BytesIO

import nbformat
import numpy as np
import pytest
from lab import canvas_pixels, eventually
from PIL import Image
from playwright.sync_api import expect

VOLUME = """
import handson, numpy as np
from IPython.display import display
i, j, k = np.indices((40, 50, 30), dtype="int16")
volume = handson.Volume((7 * i + 3 * j + 11 * k) % 500, np.diag([2, 2, 3, 1]), name="stripes")
"""
# Larger than what travels with the state: 24 MB in 16 bits.
LARGE = (
    VOLUME
    + """
i, j, k = np.indices((200, 200, 300), dtype="int16")
large = handson.Volume((i + 3 * j + 50 * k) % 900, np.eye(4))
"""
)
FRAMES = ".jp-NotebookPanel:not(.lm-mod-hidden) .ho-frame canvas"
WHERE = ".jp-NotebookPanel:not(.lm-mod-hidden) .ho-where"


def picture(page, number=0):
    return canvas_pixels(page.locator(FRAMES).nth(number))


def large_slice(index):
    """Row 0 at A, column 0 at R of slice `index`: the values of LARGE in picture order."""
    i, j = np.indices((200, 200))
    return ((i + 3 * j + 50 * index) % 900)[::-1, ::-1].T


def shows_large(page, index):
    """The slice on the canvas follows its values in order: grey levels rise with them."""
    pixels = picture(page)
    assert (pixels[..., 3] == 255).all()
    grey, values = pixels[..., 0].astype(float), large_slice(index)
    low, high = np.percentile(values, [5, 95])
    inner = (values > low) & (values < high)
    assert np.corrcoef(grey[inner], values[inner])[0, 1] > 0.999


def test_run_all_with_a_slow_cell_after_the_viewer(notebook, server):
    """Every class presses Run all: the volume arrives while the next cell still computes."""
    enough = server.root / "enough"
    slow = f"import os, time\nwhile not os.path.exists({str(enough)!r}): time.sleep(0.1)"
    opened = notebook(LARGE, "viewer = handson.SliceViewer(large)\nviewer", slow)
    opened.run_all(wait=False)
    page = opened.page
    canvas = page.locator(FRAMES).first
    canvas.wait_for(timeout=60_000)
    progress = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-progress")
    expect(progress).to_be_hidden(timeout=15_000)
    canvas.focus()
    opened.press("Home")
    eventually(page, lambda: shows_large(page, 0))
    assert not opened.evaluate("return panel.__ran"), "the slow cell had ended: nothing was tested"
    enough.touch()
    opened.wait_until_run()
    assert opened.python("print(viewer.index)") == "0"


def test_a_reload_with_a_live_kernel_shows_pictures_again(notebook):
    opened = notebook(LARGE, "viewer = handson.SliceViewer(large, plane='axial')\nviewer")
    opened.run_all()
    opened.python("viewer.index = 11")
    eventually(opened.page, lambda: shows_large(opened.page, 11))
    opened.reload()
    opened.page.locator(FRAMES).first.wait_for(timeout=60_000)
    eventually(opened.page, lambda: shows_large(opened.page, 11), 30)
    opened.python("viewer.index = 222")
    eventually(opened.page, lambda: shows_large(opened.page, 222))


def test_a_restarted_kernel_is_said_and_what_is_loaded_still_scrolls(notebook):
    opened = notebook(VOLUME, "handson.SliceViewer(volume)")
    opened.run_all()
    notes = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-notes")
    expect(notes).not_to_contain_text("restarted")
    opened.restart_kernel()
    expect(notes).to_contain_text("restarted", timeout=15_000)
    before = picture(opened.page)
    opened.page.locator(FRAMES).first.focus()
    opened.press("ArrowUp")
    opened.settle()
    assert (picture(opened.page) != before).any()


# How often pixels were written, since this was last read.
COUNT_PAINTS = """
window.__paints = 0;
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...all) { window.__paints++; return put.apply(this, all); };
"""


def test_three_views_paint_the_picture_that_changed_and_no_other(notebook):
    opened = notebook(VOLUME, "viewer = handson.OrthoViewer(volume)\nviewer")
    opened.run_all()
    opened.settle()
    opened.evaluate(COUNT_PAINTS)

    def paints(change):
        opened.evaluate("window.__paints = 0")
        before = [picture(opened.page, n) for n in range(3)]
        opened.python(change)
        opened.settle()
        after = [picture(opened.page, n) for n in range(3)]
        changed = [(a != b).any() for a, b in zip(before, after, strict=True)]
        return opened.evaluate("return window.__paints"), sum(map(bool, changed))

    assert paints("viewer.voxel = (20, 25, 3)") == (1, 1)
    assert paints("viewer.voxel = (20, 25, 3)\nviewer.show_crosshair = True") == (0, 0)
    assert paints("viewer.voxel = (5, 6, 9)") == (3, 3)
    assert paints("viewer.window = (100, 90)") == (3, 3)
    assert paints("viewer.cmap = 'viridis'") == (3, 3)
    assert paints("viewer.convention = 'neurological'")[1] == 2  # sagittal is the same in both


def test_two_views_of_one_viewer_and_a_link_between_two(notebook):
    opened = notebook(
        VOLUME,
        "a = handson.SliceViewer(volume)\ndisplay(a, a)",
        "b = handson.SliceViewer(volume.flip(0).flip(2))\nhandson.link(a, b)\nb",
    )
    opened.run_all()
    page, where = opened.page, opened.page.locator(WHERE)
    expect(where).to_have_count(3)
    page.locator(FRAMES).first.focus()
    opened.press("ArrowUp", "ArrowUp", "ArrowUp")
    expect(where.nth(0)).to_contain_text("k = 18")
    expect(where.nth(1)).to_contain_text("k = 18")
    # The same place in the patient is another index of the flipped array.
    expect(where.nth(2)).to_contain_text("k = 11")
    millimetres = [re.search(r"z = (\S+) mm", text)[1] for text in where.all_inner_texts()]
    assert millimetres == ["54.0"] * 3
    assert (picture(page, 0) == picture(page, 1)).all()
    assert (picture(page, 0) == picture(page, 2)).all()
    page.locator(FRAMES).nth(2).focus()
    opened.press("Home")
    expect(where.nth(0)).to_contain_text("k = 29")
    eventually(page, lambda: check_python(opened, "print(a.index, b.index)", "29 0"))


def check_python(opened, code, wanted):
    assert opened.python(code) == wanted


@pytest.mark.parametrize("cells", [2, pytest.param(5, marks=pytest.mark.long)])
def test_closing_ten_viewers_a_cell_gives_the_memory_back(notebook, cells):
    """On the page: heap and array buffers after a garbage collection. In Python: no object is left."""
    opened = notebook(
        VOLUME,
        """
def round_of(count):
    for _ in range(count):
        viewer = handson.SliceViewer(
            handson.Volume(np.random.randint(0, 999, (100, 100, 80)).astype("int16"), np.eye(4)))
        display(viewer)
        yield viewer
""",
        "first = list(round_of(3))",
        # Lab shows 50 outputs of a cell, and a viewer has three: style, picture, viewer.
        "second = list(round_of(10))",
        *(cells - 1) * ["second += round_of(10)"],
    )
    opened.run_cell(0)
    opened.run_cell(1)
    session = opened.page.context.new_cdp_session(opened.page)

    def heap():
        opened.settle()
        session.send("HeapProfiler.collectGarbage")
        used = session.send("Runtime.getHeapUsage")
        return used["usedSize"] + used["backingStorageSize"]

    def close(name):
        opened.python(f"for viewer in {name}: viewer.close()\ndel viewer, {name}")
        opened.evaluate("await jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        expect(opened.page.locator(FRAMES)).to_have_count(0)
        opened.page.wait_for_timeout(500)

    opened.run_cell(2)
    close("first")  # whatever a first viewer leaves for good is not growth
    widgets = int(opened.python(COUNT_WIDGETS))
    before = heap()
    for cell in range(3, 3 + cells):
        opened.run_cell(cell)
    expect(opened.page.locator(FRAMES)).to_have_count(10 * cells, timeout=60_000)
    most = heap()
    close("second")
    grown = heap() - before
    assert most - before > 10 * cells * 1.6e6, "the volumes never were in the page"
    # What stays is Lab's: its comm handlers keep each closed model, and a page never unloads the
    # module that anywidget imports for each. It does not grow with the volume (1.6 MB here).
    # 0.8 MB each, and 0.4 when the module had half its size.
    assert grown < 10 * cells * 1.0e6, f"{grown / 1e6:.1f} MB of {(most - before) / 1e6:.1f}"
    assert int(opened.python(COUNT_WIDGETS)) == widgets


def test_a_cell_that_runs_again_keeps_one_viewer(notebook):
    opened = notebook(VOLUME, "handson.view(volume)", "print(1)")
    opened.run_all()
    widgets = int(opened.python(COUNT_WIDGETS))
    for _ in range(3):
        opened.run_cell(1)
    expect(opened.page.locator(FRAMES)).to_have_count(1)
    assert int(opened.python(COUNT_WIDGETS)) == widgets


# ipywidgets keeps every open widget here; there is no public way to count them.
COUNT_WIDGETS = """
import gc
from ipywidgets.widgets.widget import _instances
gc.collect()
print(len(_instances))
"""


def test_the_next_day_a_picture_is_there_without_a_kernel(notebook, lab, server):
    """Saved, closed and opened again with no kernel: the PNG shows."""
    opened = notebook(VOLUME, "handson.SliceViewer(volume)")
    opened.run_all()
    opened.evaluate("await panel.context.save()")
    path = server.root / opened.path
    _, output, _ = nbformat.read(path, 4).cells[1].outputs  # style, picture, viewer
    png = Image.open(BytesIO(b64decode(output.data["image/png"])))
    assert min(png.size) > 100
    assert len(output.data["image/png"]) < 140_000  # base64 of 100 kB
    # Lab draws it without an alt text; nbconvert's pages, GitHub and readers of the file have it.
    assert "axial slice 16 of 30" in output.metadata["image/png"]["alt"]
    opened.close()
    # As a student left it; with no kernel, and with a new one that knows nothing of the viewer.
    for kernel in ("false", "true"):
        opened.page.evaluate(
            f"""async path => {{ await jupyterapp.commands.execute('docmanager:open',
                 {{path, factory: 'Notebook', kernelPreference: {{name: 'python3', autoStartDefault: {kernel},
                  shouldStart: {kernel}, canStart: {kernel}}}}}); }}""",
            path.name,
        )
        panel = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(panel.locator(".jp-OutputArea-output img")).to_be_visible(timeout=20_000)
        lab.page.wait_for_timeout(3000)
        expect(panel.locator(".jp-OutputArea-output img")).to_be_visible()
        for words in panel.get_by_text("model not found").all():
            expect(words).to_be_hidden()
        lab.page.evaluate(
            """async () => { const panel = jupyterapp.shell.currentWidget;
                 await panel.sessionContext.shutdown(); panel.context.model.dirty = false; panel.dispose(); }"""
        )


def test_while_the_viewer_lives_its_picture_is_not_shown_twice(notebook):
    opened = notebook(VOLUME, "handson.SliceViewer(volume)", "handson.view([volume, volume])")
    opened.run_all()
    expect(opened.page.locator(FRAMES).first).to_be_visible()
    images = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output img")
    expect(images).to_have_count(2)
    for n in range(2):
        expect(images.nth(n)).to_be_hidden()


def test_the_header_panel_follows_the_slice_and_is_not_saved(notebook, server):
    opened = notebook(
        "import handson\nct = handson.read_series(handson.fetch('gen-study') / 'CT')\n"
        "viewer = handson.view(ct, panel='header')\nviewer"
    )
    opened.run_all()
    panel = opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .ho-header")
    place = panel.locator("tr", has_text="Image Position (Patient)")
    for index in (4, 9):
        opened.python(f"viewer.index = {index}")
        z = opened.python(f"print(f'{{ct.world((0, 0, {index}))[2]:g}}')")
        expect(place).to_contain_text(f"{z}]")
    panel.locator("input").fill("kvp")
    expect(place).to_be_hidden()
    expect(panel).to_contain_text("(0018,0060) KVP")
    opened.evaluate("await panel.context.save()")
    assert "0018,0060" not in (server.root / opened.path).read_text(encoding="utf-8")
