"""The page's pure functions, run by Node as the modules they are, and what is joined out of them."""

import subprocess
from pathlib import Path

import programs
import pytest

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


def test_script_and_style_stay_small_and_ask_no_network():
    shipped = [*SOURCES, ROOT / "handson/viewer/viewer.css"]
    assert sum(path.stat().st_size for path in shipped) <= 100_000
    for path in shipped:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "https:" not in text
        assert "fetch(" not in text
