"""The no-install site: lessons run to their last cell in a browser, and no other host is asked.

`HANDSON_PYODIDE` names folders with the files of Pyodide and of its wheels, the core first, joined as PATH is.
"""

import functools
import http.server
import os
import subprocess
import sys
import threading

import pytest
from shipped import LESSONS, REPOSITORY

FOLDERS = [f for f in os.environ.get("HANDSON_PYODIDE", "").split(os.pathsep) if f]
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not FOLDERS, reason="HANDSON_PYODIDE names no folder with Pyodide's files"),
]
# What the network lesson needs a browser does not have; it says so and goes on.
WITHOUT_SOCKETS = {"09_dicom_on_the_network"}

IDLE = (
    """() => document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"""
)
CELLS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())"""
DONE = f"() => ({CELLS})().every(cell => cell.model.sharedModel.execution_count !== null)"
ERRORS = f"""() => ({CELLS})().flatMap(cell => cell.model.outputs.toJSON()
    .filter(output => output.output_type === 'error').map(output => output.ename + ': ' + output.evalue))"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a built site on a plain file server."""
    out = tmp_path_factory.mktemp("site") / "site"
    wheels = [word for folder in FOLDERS[1:] for word in ("--wheels", folder)]
    command = [sys.executable, REPOSITORY / "tools/site.py", "--pyodide", FOLDERS[0], *wheels]
    done = subprocess.run([*command, "--out", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    serve = functools.partial(Quiet, directory=out)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("lesson", [path.stem for path in LESSONS])
def test_a_lesson_runs_to_its_last_cell(browser, site, lesson):
    others, sent = set(), []
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def only_the_site(route):
        url = route.request.url
        if url.startswith((site, "blob:", "data:")):
            return route.continue_()
        others.add(url)
        return route.abort()

    context.route("**/*", only_the_site)
    context.on("response", lambda answer: sent.append(int(answer.headers.get("content-length", 0))))
    page = context.new_page()
    page.goto(f"{site}/lab/index.html?path={lesson}.ipynb")
    page.wait_for_function(IDLE, timeout=240_000)
    page.evaluate(f"() => ({CELLS})().forEach(cell => cell.model.clearExecution())")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(DONE, timeout=600_000)
    page.wait_for_function(IDLE, timeout=60_000)
    errors = page.evaluate(ERRORS)
    context.close()
    assert errors == [] or lesson in WITHOUT_SOCKETS, errors
    assert others == set()
    assert sum(sent) < 140 * 2**20
