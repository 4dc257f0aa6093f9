"""Debian's Chromium over its own debugging protocol: the few methods of playwright's page in use here.

A driver that records every network event slows what it measures and fails on frames above about
100 MB; here nothing is recorded. Stands on the websocket-client that jupyter-server installs.
"""

import itertools
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from base64 import b64decode
from contextlib import contextmanager
from pathlib import Path

import websocket

KEY_CODES = {"ArrowRight": 39, "ArrowUp": 38, "ArrowLeft": 37, "ArrowDown": 40}


class Connection:
    """One debugging target: commands out, their answers in."""

    def __init__(self, address):
        self.socket = websocket.create_connection(
            address, suppress_origin=True, timeout=300, max_size=None
        )
        self.numbers = itertools.count(1)

    def send(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]


class Page(Connection):
    """A tab, with the names that playwright gives to the same things."""

    def evaluate(self, function, argument=None):
        answer = self.send(
            "Runtime.evaluate",
            expression=f"({function})({json.dumps(argument)})",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait_for_function(self, function, arg=None, timeout=30_000):
        end = time.monotonic() + timeout / 1000
        while not self.evaluate(function, arg):
            if time.monotonic() > end:
                raise TimeoutError(function[:200])
            time.sleep(0.02)

    def goto(self, address, timeout=120_000):
        self.send("Page.navigate", url=address)
        self.wait_for_function(
            "address => document.readyState === 'complete' && location.href.startsWith(address)",
            arg=address.split("?")[0],
            timeout=timeout,
        )

    def on_every_page(self, script):
        self.send("Page.addScriptToEvaluateOnNewDocument", source=script)

    def press(self, key):
        common = {"key": key, "code": key, "windowsVirtualKeyCode": KEY_CODES[key]}
        self.send("Input.dispatchKeyEvent", type="rawKeyDown", **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def wheel(self, x, y, by):
        self.send("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=by)

    def screenshot(self, path):
        Path(path).write_bytes(b64decode(self.send("Page.captureScreenshot")["data"]))


@contextmanager
def chromium_page(width=1400, height=1100):
    """Start Chromium, give its one tab, and the browser's own connection: (Page, Connection)."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *(shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu"),
                *(f"--user-data-dir={profile}", "--remote-debugging-port=0", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update"),
                *("--js-flags=--expose-gc", f"--window-size={width},{height}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            door = Path(profile, "DevToolsActivePort")
            for _ in range(300):
                if door.exists() and len(door.read_text().split()) == 2:
                    break
                time.sleep(0.1)
            port, path = door.read_text().split()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                tab = next(each for each in json.load(answer) if each["type"] == "page")
            browser = Connection(f"ws://127.0.0.1:{port}{path}")
            page = Page(tab["webSocketDebuggerUrl"])
            page.send("Page.enable")
            page.send(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=False,
            )
            yield page, browser
            browser.send("Browser.close")
            process.wait(20)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
