"""What all tests share: the `--long` rest, the rule that CI skips nothing, and the programs that may be started."""

import gc
import os
import random
import secrets
import subprocess
import sys
import warnings

import programs
import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the hand-run rest as well")
    parser.addoption(
        "--short",
        action="store_true",
        help="collect everything; run the notebooks, what asks for programs, and the last test of each file",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "long: part of the hand-run rest, not of CI")


def pytest_collection_modifyitems(config, items):
    kept = list(items)
    if not config.getoption("--long"):
        kept = [item for item in kept if not item.get_closest_marker("long")]
    if config.getoption("--short"):
        asking = {path for path in {item.path for item in kept} if _asks_for_programs(path)}
        last = {item.path: item for item in kept}  # the first of a file are often its long ones
        kept = [item for item in kept if item.path in asking or last[item.path] is item]
    run = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in run])
    items[:] = kept


@pytest.fixture
def dice():
    """Other random values at every run; the seed is printed when a test fails."""
    seed = secrets.randbits(32)
    print("seed", seed)
    return random.Random(seed)


def _asks_for_programs(path) -> bool:
    """Whether its tests can go another way without Debian's programs; notebooks run whole too."""
    return path.suffix == ".ipynb" or "programs" in path.read_text(encoding="utf-8")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    may_skip = os.environ.get("CI") != "true" or programs.HIDDEN
    if report.skipped and not may_skip and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped in CI ({report.longrepr})"


@pytest.fixture
def no_garbage():
    """For a test that makes warnings errors: what other tests left unclosed is collected before."""
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


@pytest.fixture(scope="session")
def node_package(tmp_path_factory):
    """A function: names of npm packages -> the folder of the first, fetched by npm into a temporary place."""
    npm = programs.need("npm")

    def fetch(*names):
        folder = tmp_path_factory.mktemp("node")
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run([npm, "install", *quiet, *names], cwd=folder, check=True, timeout=120)
        return folder / "node_modules" / names[0].partition("@")[0]

    return fetch


HERE = os.path.dirname(os.path.abspath(__file__))


def _started_by_a_test() -> bool:
    """Whether the code that asked is ours; what a library starts is its own business."""
    frame = sys._getframe(2)
    while frame and frame.f_code.co_filename == subprocess.__file__:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(HERE)


def _refuse_unknown_programs(event, arguments):
    """An audit hook: the list in `programs.py` is complete, or the test that starts another fails."""
    if event == "subprocess.Popen" and _started_by_a_test():
        program, command = arguments[0], arguments[1]
        given = os.fspath(program if program is not None else command[0])
        if not programs.is_known(given):
            raise AssertionError(f"{given} is not in the list of tests/programs.py")
    elif event == "os.system" and _started_by_a_test():
        raise AssertionError("tests start programs by subprocess only, not by a shell")


sys.addaudithook(_refuse_unknown_programs)
