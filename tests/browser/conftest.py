"""One Lab server and one Chromium for all browser tests of a worker."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import lab as harness


@pytest.fixture(scope="package")
def browser():
    if harness.CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with harness.chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    with harness.LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="package")
def lab(browser, server):
    """Lab's page, light theme, 1280 pixels wide."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    yield harness.LabPage(page, server)
    page.close()


@pytest.fixture
def notebook(lab, request):
    """A function: cells -> a notebook of those cells, open in Lab, its kernel ready."""
    opened = []

    def make(*cells):
        path = lab.server.root / f"{request.node.name[:40]}-{len(opened)}.ipynb"
        path = path.with_name("".join(c if c.isalnum() or c in "-._" else "_" for c in path.name))
        opened.append(lab.open(harness.write_notebook(path, *cells)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
