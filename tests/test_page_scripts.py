"""What TypeScript and ESLint find in the scripts of the page: a misspelt name, a wrong count of arguments."""

import shutil
import subprocess
from pathlib import Path

import programs
import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "handson").rglob("*.js"))


@pytest.fixture(scope="module")
def modules(node_package):
    """The folder node_modules with both programs."""
    return node_package("typescript@5", "eslint@9", "@eslint/js@9", "globals@16").parent


def said(*command, folder=ROOT):
    command = [programs.need("node"), *map(str, command)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def test_typescript_finds_nothing_wrong(modules):
    tsc = modules / "typescript/bin/tsc"
    assert said(tsc, "-p", ROOT / "tests/js/tsconfig.json") == ""


def test_typescript_looks_at_every_script(modules):
    listed = said(
        modules / "typescript/bin/tsc", "-p", ROOT / "tests/js/tsconfig.json", "--listFilesOnly"
    )
    assert {str(path) for path in SCRIPTS} <= set(listed.splitlines())


def test_eslint_finds_nothing_wrong(modules):
    place = modules.parent / "scripts"  # its files must lie below its settings
    for path in SCRIPTS:
        copy = place / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    settings = shutil.copy(ROOT / "tests/js/eslint.config.mjs", modules.parent)
    eslint = modules / "eslint/bin/eslint.js"
    assert said(eslint, "-c", settings, place, folder=modules.parent) == ""
    (place / "wrong.js").write_text("export const f = () => missing;\n")
    assert "'missing' is not defined" in said(eslint, "-c", settings, place, folder=modules.parent)
