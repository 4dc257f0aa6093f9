"""The page's pure functions, run by Node as the modules they are, and what is joined out of them."""

import json
import subprocess
from itertools import product
from pathlib import Path

import nibabel as nib
import numpy as np
import programs
import pytest

from handson import Volume
from handson.sides import direction_letters
from handson.viewer.annotations import Ellipse, Freehand, Region, to_state
from handson.viewer.canvas import MODULES, bundle, geometry

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
    mirror(
        tmp_path,
        cases,
        "geometry: nearestVoxel",
        "for (const [inverse, places, inside] of cases)"
        "  places.forEach((xyz, n) => assert.deepEqual(nearestVoxel(inverse, xyz, [7, 8, 9]), inside[n]));",
    )


def test_page_and_python_measure_the_same_voxels(tmp_path):
    """Region, ellipse and outline on every plane of a turned and flipped volume."""
    random = np.random.default_rng(8)
    cases = []
    for codes, kind in product(("RAS", "LPS", "PIR", "SAL"), (Region, Ellipse, Freehand)):
        turned = nib.orientations.inv_ornt_aff(nib.orientations.axcodes2ornt(codes), (14, 12, 10))
        affine = nib.affines.from_matvec(
            nib.eulerangles.euler2mat(0.1, 0.05, -0.1) @ np.diag([2, 1.5, 3]), (-9, 4, 7)
        ) @ turned  # fmt: skip
        volume = Volume(np.zeros((14, 12, 10)), affine)
        for plane in ("axial", "coronal", "sagittal"):
            layout = volume.layout(plane)
            points = random.uniform(1, 8, (7 if kind is Freehand else 2, 3))
            points[:2] = random.uniform((1, 1, 1), (3, 3, 3)), random.uniform((6, 6, 6), (8, 8, 8))
            points[:, layout.axis] = 4
            area = kind(tuple(volume.world(points).tolist()), plane)
            mask = area.mask(volume)
            assert 0 < mask.sum() < mask.size / 4
            state = to_state([area])[0]
            cases.append([state, geometry(volume), np.argwhere(mask).tolist()])
    mirror(
        tmp_path,
        cases,
        "annotate: voxelsInside",
        "for (const [annotation, geometry, voxels] of cases) {"
        "  const found = voxelsInside(annotation, geometry, geometry.layouts[0][annotation.plane]);"
        "  assert.deepEqual(found.map(String).sort(), voxels.map(String).sort()); }",
    )


def test_page_and_python_name_a_direction_alike(tmp_path):
    random = np.random.default_rng(3)
    directions = [
        *random.normal(size=(200, 3)),
        *np.eye(3),
        *-np.eye(3),
        [0.04, 1, 0],
        [0.06, 1, 0],
    ]
    cases = [[list(map(float, d)), direction_letters(d)] for d in directions]
    mirror(
        tmp_path,
        cases,
        "oblique: directionLetters",
        "for (const [d, letters] of cases) assert.equal(directionLetters(d), letters);",
    )


def test_the_turning_mip_is_numpys_maximum_from_four_sides(tmp_path):
    """Whatever the order of the array; the view from the front has the patient's right at the left."""
    data = np.random.default_rng(6).integers(0, 9999, (12, 128, 9)).astype("int16")
    affine = nib.affines.from_matvec(np.diag([2.0, 2, 2]), (-20, -100, 7))
    front, left = data.max(axis=1)[::-1, ::-1].T, data.max(axis=0)[::-1, ::-1].T
    views = {0: front, 90: left, 180: front[:, ::-1], 270: left[:, ::-1]}
    cases = []
    for codes in ("RAS", "LPS", "PIR", "SAL", "IRP"):
        change = nib.orientations.ornt_transform(
            nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(codes)
        )
        stored = nib.orientations.apply_orientation(data, change)
        turned = affine @ nib.orientations.inv_ornt_aff(change, data.shape)
        coding = {"shape": stored.shape, "order": [0, 1, 2], "channels": 1, "nan": None}
        voxels = {"data": stored.ravel().tolist(), "coding": coding}
        for degrees, seen in views.items():
            cases.append([voxels, geometry(Volume(stored, turned)), degrees, seen.tolist()])
    mirror(
        tmp_path,
        cases,
        "mip: cellsOf, project, rightOf",
        "for (const [voxels, geometry, degrees, seen] of cases) {"
        "  const { picture, width, height } = project(cellsOf(voxels, 0, geometry), rightOf(degrees, 0));"
        "  const back = project(cellsOf(voxels, 0, geometry), rightOf(degrees + 180, 1));"
        "  assert.deepEqual(back.picture, picture);"
        "  const rows = Array.from({ length: height }, (_, n) =>"
        "    [...picture.subarray(n * width, (n + 1) * width)].filter((code) => code !== -Infinity));"
        "  assert.deepEqual(rows, seen); }",
    )


def mirror(folder, cases, imported, check):
    """Run JavaScript over cases that Python made. imported : "module: name" """
    module, name = imported.split(": ")
    (folder / "cases.json").write_text(json.dumps(cases))
    script = folder / "mirror.mjs"
    script.write_text(
        f'import {{ {name} }} from "{(ROOT / f"handson/viewer/js/{module}.js").as_uri()}";\n'
        'import { readFileSync } from "node:fs";\n'
        'import assert from "node:assert/strict";\n'
        f"const cases = JSON.parse(readFileSync({str(folder / 'cases.json')!r}));\n{check}\n"
    )
    run("--no-warnings", str(script))


def test_script_and_style_stay_small_and_ask_no_network():
    style = (ROOT / "handson/viewer/viewer.css").read_text(encoding="utf-8")
    for entry in ("widget", "page"):
        shipped = (bundle(entry) + style).replace("http://www.w3.org/2000/svg", "")
        assert len(shipped.encode()) <= 171_500
        for address in ("http:", "https:", "fetch("):
            assert address not in shipped
