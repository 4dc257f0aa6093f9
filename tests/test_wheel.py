"""The wheel, built and installed elsewhere without a network, brings its manifest and works."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import handson

ROOT = Path(__file__).parents[1]


# What a working folder holds and a distribution does not.
NOT_OURS = shutil.ignore_patterns(
    *(".git", ".venv", ".uv", "__pycache__", "*.egg-info", "build", "dist", "node_modules"),
    *(".pytest_cache", ".hypothesis", ".ruff_cache", ".mypy_cache", ".ipynb_checkpoints"),
    "*-mine*.ipynb",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a checkout, its sdist, the sdist unpacked, and the wheel built from that."""
    place = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, place / "checkout", ignore=NOT_OURS)
    build("sdist", place / "checkout", place)
    (sdist,) = place.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (place / sdist.name.removesuffix(".tar.gz")).rename(place / "sdist")
    build("wheel", place / "sdist", place)
    return place


@pytest.fixture(scope="module")
def installed(place):
    """A folder with nothing but the wheel's content."""
    (wheel,) = place.glob("*.whl")
    target = place / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)  # what `pip install --no-deps --target` does with a pure wheel
    return target


def build(kind, source, to):
    command = f"from setuptools import build_meta; build_meta.build_{kind}({str(to)!r})"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def run(target, tmp_path, *arguments):
    """Runs Python on the installed copy, far from the checkout."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(target),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HANDSON_DATA": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)


def test_a_set_is_fetched_with_the_manifest_of_the_wheel(installed, tmp_path):
    script = """
import handson
from handson.datasets.manifest import manifest_path
print(handson.__file__, manifest_path(), sep="\\n")
print((handson.fetch("pydicom-examples") / "CT_small.dcm").stat().st_size)
print(len(handson.catalogue()["datalad-struct"].files))
"""
    done = run(installed, tmp_path, "-c", script)
    assert done.stderr == ""
    module, manifest, size, slices = done.stdout.splitlines()
    assert Path(module).is_relative_to(installed)
    assert Path(manifest).is_relative_to(installed)
    assert (int(size), int(slices)) == (39206, 384)


def test_it_carries_one_manifest_the_one_at_the_top(installed):
    (manifest,) = installed.rglob("data-manifest.yaml")
    assert manifest.read_bytes() == (ROOT / "data-manifest.yaml").read_bytes()


def test_every_file_of_the_package_is_in_it(installed):
    """Scripts, styles, tables: what is not Python is easily forgotten."""

    def held(folder):
        files = (path for path in folder.rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix() for path in files if "__pycache__" not in path.parts
        }

    assert held(installed / "handson") == held(ROOT / "handson") | {"datasets/data-manifest.yaml"}


def test_the_command_runs(installed, tmp_path):
    done = run(installed, tmp_path, "-m", "handson", "data", "where")
    assert done.stdout == f"{tmp_path / 'cache'}\n", done.stderr


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_source_distribution_holds_every_file(place):
    made = {name for name in files(place / "checkout") if ".egg-info/" in name}
    assert files(place / "checkout") - files(place / "sdist") - made == set()


def test_its_metadata_pass_the_index(place):
    archives = [*place.glob("*.whl"), *place.glob("*.tar.gz")]
    command = [sys.executable, "-m", "twine", "check", "--strict", *archives]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_its_metadata_are_complete(place):
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        about = email.message_from_bytes(archive.read(name))
    assert about["Name"] == "handson-imaging"
    assert about["Version"] == handson.__version__
    for field in ("Author", "Keywords", "Requires-Python", "License-Expression", "Summary"):
        assert about[field], field
    assert "Typing :: Typed" in about.get_all("Classifier")
    links = re.findall(r"\]\(([^)]+)\)", about.get_payload())
    assert links
    assert all(link.startswith(("https://", "#")) for link in links), links


@pytest.mark.long
def test_the_source_distribution_passes_its_own_tests(place):
    command = [sys.executable, "-m", "pytest", "-q", "--ignore", "tests/browser", "tests"]
    environment = os.environ | {"PYTHONPATH": str(place / "sdist"), "CI": ""}
    done = subprocess.run(
        command, cwd=place / "sdist", env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
