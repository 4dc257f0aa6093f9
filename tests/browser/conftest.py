"""One Lab server and one Chromium for all browser tests of a worker."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import lab as harness
import programs


def pytest_collection_modifyitems(items):
    """A busy machine can delay a message between page and kernel; failing twice is a failure.

    The summary counts what was run again.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="package")
def browser():
    programs.need("chromium")
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


@pytest.fixture(scope="package")
def axe(node_package):
    """A function: (page, selector) -> what axe-core finds wrong inside the selector."""
    script = (node_package("axe-core") / "axe.min.js").read_text(encoding="utf-8")

    def check(page, selector):
        if not page.evaluate("() => 'axe' in window"):
            # Lab's RequireJS would take it for a module and keep it from the window.
            page.evaluate("script => { const define = undefined; (0, eval)(script); }", script)
        found = page.evaluate(
            """async selector => (await axe.run(selector, {resultTypes: ['violations']})).violations
              .flatMap(v => v.nodes.map(node => [v.id, node.target.flat().join(' '), v.help]))""",
            selector,
        )
        return [tuple(each) for each in found]

    return check
