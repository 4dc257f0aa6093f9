"""The wheel, built and installed elsewhere without a network, brings its manifest and works."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with nothing but the wheel's content, made by way of the source distribution."""
    place = tmp_path_factory.mktemp("wheel")
    checkout = place / "checkout"
    checkout.mkdir()
    for name in ("pyproject.toml", "setup.py", "data-manifest.yaml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    shutil.copytree(
        ROOT / "handson", checkout / "handson", ignore=shutil.ignore_patterns("__pycache__")
    )
    build("sdist", checkout, place)
    (sdist,) = place.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    build("wheel", place / sdist.name.removesuffix(".tar.gz"), place)
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
