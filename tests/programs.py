"""Every program that a test may start, and where it comes from.

What comes in a wheel is found in this environment, never through PATH: another copy on a developer's
machine must not make a test pass. What comes from Debian is looked for on PATH; where it is absent, its
tests skip with a reason that names the package. `HANDSON_TESTS_WITHOUT_DEBIAN=1` hides all of Debian's
programs, so that the skips themselves are tested. `conftest.py` refuses every other program.
"""

import os
import shutil
import sys
from pathlib import Path

import dcm2niix
import pytest

# Program -> the Debian package that brings it.
DEBIAN = {
    "chromium": "chromium",
    "dciodvfy": "dicom3tools",
    "dcmdump": "dcmtk",
    "echoscu": "dcmtk",
    "findscu": "dcmtk",
    "getscu": "dcmtk",
    "movescu": "dcmtk",
    "storescp": "dcmtk",
    "storescu": "dcmtk",
    "Orthanc": "orthanc",
    "firefox-esr": "firefox-esr",
    "node": "nodejs",
    "npm": "npm",
    "sha256sum": "coreutils",
}
DCM2NIIX = dcm2niix.bin
HIDDEN = os.environ.get("HANDSON_TESTS_WITHOUT_DEBIAN") == "1"


def find(name: str) -> str | None:
    """Path of one of Debian's programs, None where it is not installed."""
    if name not in DEBIAN:
        raise KeyError(f"{name} is not in the list of programs that tests may start")
    return None if HIDDEN else shutil.which(name, path=_path())


def need(name: str) -> str:
    """Path of one of Debian's programs; without it the test is skipped."""
    path = find(name)
    if path is None:
        pytest.skip(f"{name} is not installed (Debian package: {DEBIAN[name]})")
    return path


def is_known(program: str) -> bool:
    """Whether a test may start `program`, as it was given to `subprocess`."""
    path = Path(program)
    if path.parent == Path("."):  # a bare name finds whatever PATH has
        return program == "git"
    if str(path) == DCM2NIIX or path.name in DEBIAN:
        return True
    return path.name.startswith("python") or path.parent == Path(sys.executable).parent


def _path() -> str:
    """PATH and the folder of services, which a user's PATH leaves out."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
