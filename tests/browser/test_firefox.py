"""The main path in Debian's Firefox, driven by npm's puppeteer-core over WebDriver BiDi."""

import json
import shutil
import subprocess
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import truth

import handson

SCRIPT = Path(__file__).with_name("firefox.mjs")


@pytest.mark.long
@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR"])
def test_the_exported_page_in_firefox(tmp_path, node_package, codes):
    """Pixels, letters, keys and the switch of sides, as in Chromium."""
    firefox = shutil.which("firefox-esr")
    if firefox is None:
        pytest.skip("Debian's firefox-esr is not installed: apt-get install firefox-esr")
    image = truth.stored_as(truth.phantom(), codes)
    volume = handson.Volume(np.asarray(image.dataobj), image.affine)
    viewer = handson.SliceViewer(volume, window=(500, 1200), crosshair=truth.mm((5, 6, 7)))
    viewer.save_html(tmp_path / "page.html")
    said = subprocess.run(
        [
            shutil.which("node"),
            str(SCRIPT),
            str(node_package("puppeteer-core")),
            firefox,
            (tmp_path / "page.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    seen = json.loads(said.stdout.splitlines()[-1])
    assert seen["errors"] == []
    up = 1 if nib.aff2axcodes(image.affine)[truth.stored_index(image, "axial", 7)[0]] == "S" else -1
    for name, convention, index in (
        ("first", "radiological", 7),
        ("next", "radiological", 7 + up),
        ("other", "neurological", 7 + up),
    ):
        found = seen[name]
        assert found["letters"] == truth.LETTERS["axial", convention]
        assert found["convention"].startswith(convention)
        z = truth.mm((0, 0, index))[2]
        assert f"z = {z:.1f} mm" in found["where"]
        expected = truth.render(truth.section(image, "axial", convention, index), -100, 1099)
        red = np.reshape(found["red"], found["size"][::-1])
        assert np.abs(red - expected[..., 0]).max() <= 1
