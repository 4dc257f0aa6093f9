"""The list of programs is complete: nothing else can be started, and nothing is found by chance."""

import subprocess
import sys
from pathlib import Path

import programs
import pytest


@pytest.mark.parametrize(
    "command", [["dcm2niix"], ["cat", "x"], ["/bin/cat"], ["python"], ["node"]]
)
def test_a_program_that_is_not_listed_cannot_be_started(command):
    with pytest.raises(AssertionError, match="not in the list"):
        subprocess.run(command)


def test_a_listed_program_starts():
    assert subprocess.run([sys.executable, "-c", ""]).returncode == 0
    assert Path(programs.DCM2NIIX).is_absolute()
    assert Path(programs.DCM2NIIX).is_relative_to(sys.prefix)


def test_only_listed_programs_are_looked_for():
    with pytest.raises(KeyError, match="not in the list"):
        programs.find("cat")


@pytest.mark.parametrize("name", programs.DEBIAN)
def test_an_absent_program_skips_and_names_the_package(monkeypatch, name):
    monkeypatch.setattr(programs, "HIDDEN", True)
    with pytest.raises(pytest.skip.Exception, match=f"Debian package: {programs.DEBIAN[name]}"):
        programs.need(name)
