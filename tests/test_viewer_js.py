"""The page's pure functions, run by Node as the modules they are, and what is joined out of them."""

import json
import subprocess
from pathlib import Path

import nibabel as nib
import numpy as np
import programs
import pytest

from handson import Volume
from handson.viewer.canvas import MODULES, bundle

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "handson/viewer/js").glob("*.js"))


def run(*command, **options):
    command = [programs.need("node"), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pure_functions_of_the_page():
    tests = sorted(str(path) for path in (ROOT / "tests/js/viewer").glob("*.test.mjs"))
    run("--no-warnings", "--test", *tests)


@pytest.mark.parametrize("entry", ["widget", "page"])
def test_the_joined_script_is_one_module_that_imports_nothing(entry, tmp_path):
    script = tmp_path / "joined.mjs"
    script.write_text(bundle(entry), encoding="utf-8")
    assert "\nimport " not in script.read_text(encoding="utf-8")
    run("--check", str(script))


def test_every_module_is_joined_once_and_after_what_it_imports():
    assert {*MODULES, "widget", "page"} == {path.stem for path in SOURCES}
    for place, name in enumerate(MODULES):
        source = (ROOT / f"handson/viewer/js/{name}.js").read_text(encoding="utf-8")
        imported = [part.split(".js")[0] for part in source.split('from "./')[1:]]
        assert set(imported) <= set(MODULES[:place]), name


def test_page_and_python_choose_one_voxel_for_one_place(tmp_path):
    """On the very edge between two voxels, too, where the last bit of a matrix would decide."""
    random = np.random.default_rng(4)
    cases = []
    for _ in range(40):
        affine = nib.affines.from_matvec(
            np.diag(random.choice([0.1, 0.3, 0.7, 1, 2.4, 3.3], 3)) @ random.permutation(np.eye(3)),
            random.choice([0.05, -91, 126.3], 3),
        )
        volume = Volume(np.zeros((7, 8, 9)), affine)
        places = volume.world(random.integers(-2, 20, (50, 3)) / 2)
        inside = np.clip(volume.nearest(places), 0, (6, 7, 8))
        inverse = np.linalg.inv(affine).ravel()
        cases.append([inverse.tolist(), places.tolist(), inside.tolist()])
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    script = tmp_path / "mirror.mjs"
    script.write_text(
        f'import {{ nearestVoxel }} from "{(ROOT / "handson/viewer/js/geometry.js").as_uri()}";\n'
        'import { readFileSync } from "node:fs";\n'
        'import assert from "node:assert/strict";\n'
        f"for (const [inverse, places, inside] of JSON.parse(readFileSync({str(tmp_path / 'cases.json')!r})))\n"
        "  places.forEach((xyz, n) => assert.deepEqual(nearestVoxel(inverse, xyz, [7, 8, 9]), inside[n]));\n"
    )
    run("--no-warnings", str(script))


def test_script_and_style_stay_small_and_ask_no_network():
    shipped = [*SOURCES, ROOT / "handson/viewer/viewer.css"]
    assert sum(path.stat().st_size for path in shipped) <= 108_000
    for path in shipped:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "https:" not in text
        assert "fetch(" not in text
