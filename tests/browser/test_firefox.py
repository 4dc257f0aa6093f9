"""The main path in Debian's Firefox, driven by npm's puppeteer-core over WebDriver BiDi."""

import json
import subprocess
from pathlib import Path

import nibabel as nib
import numpy as np
import programs
import pytest
import truth
from lab import LabServer, write_notebook

import handson

SCRIPT = Path(__file__).with_name("firefox.mjs")


def drive(node_package, *arguments) -> dict:
    """What `firefox.mjs` saw; skips where there is no Firefox."""
    firefox, node = programs.need("firefox-esr"), programs.need("node")
    package = node_package("puppeteer-core")
    said = subprocess.run(
        [node, SCRIPT, package, firefox, *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    seen = json.loads(said.stdout.splitlines()[-1])
    assert seen["errors"] == []
    return seen


def check(found, image, convention, index):
    """Letters, words and grey levels of an axial slice, as nibabel and NumPy have them."""
    assert found["letters"] == truth.LETTERS["axial", convention]
    assert found["convention"].startswith(convention)
    assert f"z = {truth.mm((0, 0, index))[2]:.1f} mm" in found["where"]
    expected = truth.render(truth.section(image, "axial", convention, index), -100, 1099)
    red = np.reshape(found["red"], found["size"][::-1])
    assert np.abs(red - expected[..., 0]).max() <= 1


def up(image) -> int:
    """1 when the index of an axial slice grows towards the head, else -1."""
    axis, _ = truth.stored_index(image, "axial", 7)
    return 1 if nib.aff2axcodes(image.affine)[axis] == "S" else -1


@pytest.mark.long
@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR"])
def test_the_exported_page_in_firefox(tmp_path, node_package, codes):
    """Pixels, letters, keys and the switch of sides, as in Chromium."""
    image = truth.stored_as(truth.phantom(), codes)
    volume = handson.Volume(np.asarray(image.dataobj), image.affine)
    viewer = handson.SliceViewer(volume, window=(500, 1200), crosshair=truth.mm((5, 6, 7)))
    viewer.save_html(tmp_path / "page.html")
    seen = drive(node_package, (tmp_path / "page.html").as_uri())
    check(seen["first"], image, "radiological", 7)
    check(seen["next"], image, "radiological", 7 + up(image))
    check(seen["other"], image, "neurological", 7 + up(image))


@pytest.mark.long
@pytest.mark.parametrize("codes", ["RAS", "PIR"])
def test_a_notebook_in_lab_in_firefox(tmp_path, node_package, codes):
    """Open, run all, scroll by the picture's keys and by Lab's slider."""
    image = truth.stored_as(truth.phantom(), codes)
    nib.save(image, tmp_path / "image.nii")
    write_notebook(
        tmp_path / "scroll.ipynb",
        f"""import handson, nibabel, numpy as np
image = nibabel.load("image.nii")
volume = handson.Volume(np.asarray(image.dataobj), image.affine)
handson.view(volume, window=(500, 1200), crosshair={truth.mm((5, 6, 7))})""",
    )
    with LabServer(tmp_path) as server:
        seen = drive(node_package, f"{server.url}/lab?reset", "scroll.ipynb")
    check(seen["first"], image, "radiological", 7)
    check(seen["next"], image, "radiological", 7 + up(image))
    check(seen["other"], image, "neurological", 7 + up(image))
    check(seen["slid"], image, "neurological", 7 + 2 * up(image))
