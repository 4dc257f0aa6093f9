"""Every platform and Python that the README names can install the course from wheels alone.

`uv` resolves for other systems than this one; nothing is installed but by the test of the lowest versions.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shipped import REPOSITORY

pytestmark = pytest.mark.long
UV = Path(sys.executable).with_name("uv")
PLATFORMS = (
    *("x86_64-manylinux_2_28", "aarch64-manylinux_2_28"),
    *("aarch64-apple-darwin", "x86_64-apple-darwin", "x86_64-pc-windows-msvc"),
)
EXTRAS = ("course", "deidentify", "network", "segment", "cluster", "test", "docs")


def uv(*words):
    done = subprocess.run([UV, *words], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_wheels_exist_for(python, platform):
    wanted = [word for extra in EXTRAS for word in ("--extra", extra)]
    place = ["--python-version", python, "--python-platform", platform]
    pins = ["-c", "constraints.txt", "--only-binary", ":all:"]
    assert "pydicom==" in uv("pip", "compile", *place, *pins, *wanted, "pyproject.toml")


@pytest.mark.timeout(3000)
def test_the_lowest_versions_that_are_declared_pass_the_tests(tmp_path):
    """Numbers of a floor that nobody has tried are guesses."""
    for folder in (
        tmp_path,
        *tmp_path.parents[:2],
    ):  # a test that dropped to nobody imports from it
        folder.chmod(0o755)
    lowest = tmp_path / "lowest.txt"
    python = tmp_path / "floor/bin/python"
    uv("venv", "--python", sys.executable, tmp_path / "floor")
    resolution = ["--resolution", "lowest-direct", "--python", sys.executable]
    extras = ["--extra", "course", "--extra", "deidentify"]
    uv("pip", "compile", *resolution, *extras, "pyproject.toml", "-o", lowest)
    uv("pip", "install", "--python", python, "-c", lowest, "-e", ".[course,deidentify,test,docs]")
    command = [python, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "tests"]
    # It compares with the answers of the pinned versions, which the lesson prints.
    command += [
        "--deselect",
        "tests/test_reader_table.py::test_the_lesson_shows_what_the_programs_answer",
    ]
    # A folder of an older matplotlib or IPython may say that something is deprecated.
    environment = os.environ | {"CI": "", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
