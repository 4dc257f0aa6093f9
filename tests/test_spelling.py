"""The words of the repository are spelt right, as far as codespell knows."""

import json
import subprocess
import sys

from shipped import NOTEBOOKS, REPOSITORY

CODESPELL = [sys.executable, "-m", "codespell_lib"]


def test_files_are_spelt_right():
    places = ["handson", "tests", "benchmarks", "docs", "notebooks", "start.py", "setup.py"]
    places += [path.name for path in REPOSITORY.glob("*.md")]
    done = subprocess.run([*CODESPELL, *places], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout == ""


def test_notebooks_are_spelt_right(tmp_path):
    """Their own words only: outputs and pictures are not prose."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
        (tmp_path / f"{path.stem}.txt").write_text(text, encoding="utf-8")
    config = ["--toml", str(REPOSITORY / "pyproject.toml")]
    done = subprocess.run(
        [*CODESPELL, *config, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == ""
