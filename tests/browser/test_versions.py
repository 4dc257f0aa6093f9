"""The viewer in other programs than the pinned JupyterLab: no key reaches them, and the picture follows."""

import subprocess
import sys
from pathlib import Path

import lab as harness
import pytest
from lab import NotebookPage, write_notebook
from playwright.sync_api import expect
from shipped import REPOSITORY
from test_faults import BOX, VOLUME, check_keys

PLACES = {
    "Notebook 7.6": ("notebook", ""),
    "Notebook 7.4": ("notebook", "notebook==7.4.*"),
    "JupyterLab 4.4": ("jupyterlab", "jupyterlab==4.4.*"),
}
INSTALLED = [name for name, (_, wanted) in PLACES.items() if not wanted]


def other_environment(folder, wanted):
    """The Python of a new environment with the course and another version of one package."""
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin/python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "-e", ".[course]", wanted]
    subprocess.run(install, cwd=REPOSITORY, check=True)
    return str(python)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in INSTALLED else pytest.mark.long) for n in PLACES],
)
def test_no_key_reaches_it_and_the_picture_follows(browser, tmp_path, name):
    program, wanted = PLACES[name]
    python = other_environment(tmp_path / "env", wanted) if wanted else sys.executable
    cells = VOLUME, "viewer = handson.view(volume, plane='ortho'); viewer", "1 + 1"
    (tmp_path / "work").mkdir()
    path = write_notebook(tmp_path / "work/keys.ipynb", *cells)
    with harness.LabServer(path.parent, python=python, program=program) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        open_in = NotebookPage if program == "notebook" else harness.LabPage
        opened = open_in(page, server).open(path)
        opened.run_all()
        box = page.locator(BOX).first
        frame = box.locator(".ho-frame").first
        expect(frame.locator("canvas")).to_be_visible()
        frame.locator("canvas").focus()
        opened.press("Home", "ArrowUp")
        expect(box.locator(".ho-where")).to_contain_text("k = 1)")
        check_keys(opened, box, frame)
        page.close()
