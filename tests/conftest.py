"""What all tests share: the hand-run `--long` rest, and the rule that CI skips nothing."""

import os

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
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped in CI ({report.longrepr})"
