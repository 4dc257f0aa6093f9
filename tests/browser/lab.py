"""A real JupyterLab and a real Chromium, for tests, benchmarks and for looking at notebooks.

`LabServer` starts Lab with settings of its own and no token; `Chromium` is Debian's browser under
playwright; `LabPage` is Lab's page and `Notebook` one notebook open in it: run, press, read pixels.
It stands on playwright and nbformat and knows nothing of handson: what it reads off the page is
what a user would see. `--allow-root` and `--no-sandbox` are for a test machine only.
"""

import base64
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from programs import find

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Program -> the name of its settings on the command line.
PROGRAMS = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}


class LabServer:
    """JupyterLab or Notebook serving `root`, with configuration, settings and workspaces of its own.

    python : the interpreter whose Lab and kernel are used
    program : one of PROGRAMS
    """

    def __init__(self, root, python=sys.executable, environment=None, program="jupyterlab"):
        self.root = Path(root)
        self.python = python
        self.program = program
        self.environment = environment or {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self._home = tempfile.TemporaryDirectory(prefix="lab-")
        home = Path(self._home.name)
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
        }
        environment = os.environ | {name: str(home / folder) for name, folder in own.items()}
        quiet = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        quiet.parent.mkdir(parents=True)
        quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        self.log = home / "log.txt"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [
                    *(self.python, "-m", self.program, "--no-browser", "--allow-root"),
                    *("--ip=127.0.0.1", f"--port={self.port}", "--ServerApp.port_retries=0"),
                    *("--IdentityProvider.token=", "--ServerApp.password="),
                    *(f"--ServerApp.root_dir={self.root}", "--ServerApp.disable_check_xsrf=True"),
                    "--ServerApp.allow_origin=*",
                    f"--{PROGRAMS[self.program]}.expose_app_in_browser=True",
                    *("--LabApp.news_url=", "--LabApp.extension_manager=readonly"),
                    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                ],
                env=environment | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/api", timeout=2).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        said = self.log.read_text()
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start:\n{said[-3000:]}")

    def __exit__(self, *_):
        self.process.terminate()  # the server ends its kernels itself
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._home.cleanup()


@contextmanager
def chromium(*arguments):
    """Debian's Chromium under playwright, headless: a `Browser`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find("chromium"),
            headless=True,
            args=[
                *("--no-sandbox", "--disable-gpu", "--no-first-run", "--force-color-profile=srgb"),
                *("--disable-background-networking", "--disable-component-update"),
                *("--js-flags=--expose-gc", "--enable-precise-memory-info", *arguments),
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


def write_notebook(path, *cells, name="python3"):
    """A notebook of code cells, one string each."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": name, "display_name": name, "language": "python"}},
    )
    nbformat.write(notebook, path)
    return Path(path)


def console_errors(page) -> list[str]:
    """A list that fills with what the page throws or logs as an error."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    return errors


class LabPage:
    """Lab's page, loaded once; notebooks are opened in it one after the other.

    page : playwright's page, or anything with its `goto`, `evaluate` and `wait_for_function`
    url : where the page finds the server, when not at its own address (through a slow link)
    """

    def __init__(self, page, server, theme="light", url=None):
        self.page, self.server = page, server
        self.url = url or server.url
        self.load("/lab?reset")
        # Only the document: no side bar, no tabs of earlier notebooks.
        self.page.evaluate(
            """async () => {
              await jupyterapp.commands.execute('application:set-mode', {mode: 'single-document'});
              jupyterapp.shell.collapseLeft(); jupyterapp.shell.collapseRight(); }"""
        )
        self.theme(theme)

    def load(self, path):
        self.page.goto(self.url + path, timeout=120_000)
        self.page.wait_for_function("() => !!window.jupyterapp?.restored", timeout=120_000)
        self.page.evaluate("async () => { await jupyterapp.restored; }")

    def theme(self, name):
        """ "light" or "dark"."""
        self.page.evaluate(
            "async theme => { await jupyterapp.commands.execute('apputils:change-theme', {theme}) }",
            THEMES[name],
        )
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light",
            arg=str(name == "light").lower(),
        )

    def open(self, path):
        """Open the notebook `path` (inside the server's root), wait for its kernel: a `Notebook`."""
        path = Path(path)
        relative = (path.relative_to(self.server.root) if path.is_absolute() else path).as_posix()
        self.page.evaluate(
            """async path => { await jupyterapp.commands.execute(
              'docmanager:open', {path, factory: 'Notebook'}); }""",
            relative,
        )
        return Notebook(self, relative)


class NotebookPage:
    """Notebook's page, which shows one notebook: opened again for each."""

    def __init__(self, page, server):
        self.page, self.server = page, server

    def open(self, path):
        relative = Path(path).relative_to(self.server.root).as_posix()
        self.page.goto(f"{self.server.url}/notebooks/{relative}", timeout=120_000)
        self.page.wait_for_function("() => !!window.jupyterapp?.restored", timeout=120_000)
        self.page.wait_for_function("() => [...jupyterapp.shell.widgets('main')].length > 0")
        return Notebook(self, relative)


class Notebook:
    """One notebook in Lab or Notebook. `page` is playwright's page, for all that is not here."""

    def __init__(self, lab: LabPage, path: str):
        self.lab, self.page, self.path = lab, lab.page, path
        self.wait_for_kernel()

    # The panel is looked up by path each time: a page reload makes a new one.
    _PANEL = """
      const panel = [...jupyterapp.shell.widgets('main')].find(w => w.context?.path === path);
    """

    def evaluate(self, body, argument=None):
        """Run the JavaScript `body` with `panel` (this notebook's panel) and `argument`."""
        return self.page.evaluate(
            f"async ([path, argument]) => {{ {self._PANEL} {body} }}", [self.path, argument]
        )

    def wait_for_kernel(self, timeout=60):
        self.page.wait_for_function(
            f"""path => {{ {self._PANEL}
              const session = panel?.sessionContext;
              return session?.isReady && session.session?.kernel?.status === 'idle'; }}""",
            arg=self.path,
            timeout=timeout * 1000,
        )

    def run_all(self, timeout=120, wait=True):
        """As the menu's Run All Cells; with `wait`, returns when the last cell has finished."""
        self.evaluate(
            "jupyterapp.shell.activateById(panel.id);"
            "panel.__ran = false;"
            "jupyterapp.commands.execute('notebook:run-all-cells')"
            ".finally(() => { panel.__ran = true; });"
        )
        if wait:
            self.wait_until_run(timeout)

    def wait_until_run(self, timeout=120):
        self.page.wait_for_function(
            f"path => {{ {self._PANEL} return panel.__ran; }}",
            arg=self.path,
            timeout=timeout * 1000,
        )
        self.wait_for_kernel(timeout)
        self.settle()
        errors = self.evaluate(
            """return panel.content.widgets.flatMap(cell => (cell.model.outputs?.toJSON() ?? [])
                 .filter(output => output.output_type === 'error')
                 .map(output => output.ename + ': ' + output.evalue));"""
        )
        assert not errors, errors

    def run_cell(self, index, timeout=120, wait=True):
        """Run one cell; with `wait`, return when it has finished."""
        self.evaluate(
            """panel.content.activeCellIndex = argument; panel.content.deselectAll();
               jupyterapp.shell.activateById(panel.id);
               panel.__ran = false;
               jupyterapp.commands.execute('notebook:run-cell')
                 .finally(() => { panel.__ran = true; });""",
            index,
        )
        if wait:
            self.wait_until_run(timeout)

    def python(self, code, timeout=60):
        """What `code` prints in this notebook's kernel; nothing is added to the notebook."""
        reply = self.evaluate(
            """
            const kernel = panel.sessionContext.session.kernel;
            const future = kernel.requestExecute({code: argument, store_history: false});
            let text = '', fault = '';
            future.onIOPub = message => {
              if (message.header.msg_type === 'stream') text += message.content.text;
              if (message.header.msg_type === 'error') fault = message.content.traceback.join('\\n');
            };
            await future.done;
            return [text, fault];""",
            code,
        )
        assert not reply[1], reply[1]
        return reply[0].strip()

    def output_text(self, index) -> str:
        said = self.evaluate(
            "return panel.content.widgets[argument].outputArea?.node.innerText ?? ''", index
        )
        return said.strip()

    def cell(self, index):
        """Playwright's locator of one cell."""
        # By its own number: an older Lab keeps only the cells near the screen in the page.
        cell = f'.jp-Cell[data-windowed-list-index="{index}"]'
        return self.page.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) {cell}")

    def scroll_to(self, index):
        self.evaluate("panel.content.scrollToItem(argument, 'start')", index)
        self.settle()

    def restart_kernel(self):
        self.evaluate("await panel.sessionContext.session.kernel.restart()")
        self.wait_for_kernel()

    def reload(self):
        """Reload the page, with the notebook saved and its kernel kept alive."""
        self.evaluate("await panel.context.save()")
        self.lab.load(f"/lab/tree/{self.path}")
        self.wait_for_kernel()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def settle(self, frames=3):
        settle(self.page, frames)

    def close(self, shutdown=True):
        if not self.evaluate("return Boolean(panel)"):
            return  # closed before
        if shutdown:
            self.evaluate("await panel.sessionContext.shutdown()")
        self.evaluate(
            """panel.context.model.dirty = false; panel.dispose();""",
        )


def settle(page, frames=3):
    """Wait until `frames` animation frames have been drawn."""
    page.evaluate(
        """frames => new Promise(done => {
          const next = () => frames-- > 0 ? requestAnimationFrame(next) : done();
          next(); })""",
        frames,
    )


def eventually(page, check, seconds=10):
    """Repeat `check` until it no longer fails an assertion: a page follows Python a little later."""
    end = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        page.wait_for_timeout(50)


def canvas_pixels(locator) -> np.ndarray:
    """The canvas' own pixels: uint8 [row, column, 4], whatever its size on screen."""
    width, height, data = locator.evaluate(
        """canvas => {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let text = '';
          for (let i = 0; i < data.length; i += 32768)
            text += String.fromCharCode(...data.subarray(i, i + 32768));
          return [canvas.width, canvas.height, btoa(text)]; }"""
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def screen_pixels(locator) -> np.ndarray:
    """What the screen shows inside an element: uint8 [row, column, 3], CSS pixels."""
    from io import BytesIO

    from PIL import Image

    return np.array(Image.open(BytesIO(locator.screenshot())).convert("RGB"))
