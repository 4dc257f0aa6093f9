"""What all tests share: the `--long` rest, the rule that CI skips nothing, and the programs that may be started."""

import os
import subprocess
import sys

import programs
import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the hand-run rest as well")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: part of the hand-run rest, not of CI")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    kept = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    may_skip = os.environ.get("CI") != "true" or programs.HIDDEN
    if report.skipped and not may_skip and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped in CI ({report.longrepr})"


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
