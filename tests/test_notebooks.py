"""What nbval does not see: that each notebook was run in order, is not stale, and stays small."""

import json
import subprocess
import sys

import nbformat
import pytest
from rerun import WIDGET_VIEW, too_large
from shipped import LESSONS, NOTEBOOKS, REPOSITORY, code_cells, source_fingerprint

PARAMETERS = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)


def test_there_are_lessons_on_all_six_topics():
    assert {p.name[:2] for p in LESSONS} >= {"00", "01", "02", "03", "04", "05", "06"}


@PARAMETERS
def test_every_code_cell_ran_from_top_to_bottom(path):
    """nbval compares nothing for a cell without a count, so a missing count would hide a fault."""
    cells = code_cells(nbformat.read(path, as_version=4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@PARAMETERS
def test_stored_outputs_belong_to_the_stored_code(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.handson.source_sha256 == source_fingerprint(notebook), (
        f"{path.name} is stale: run  python start.py notebooks {path.name[:2]}"
    )


@PARAMETERS
def test_pictures_and_notebooks_stay_small_and_widgets_are_dropped(path):
    notebook = nbformat.read(path, as_version=4)
    assert list(too_large(notebook)) == []
    assert "widgets" not in notebook.metadata
    stored = [o.data for c in code_cells(notebook) for o in c.outputs if "data" in o]
    assert not any(WIDGET_VIEW in data and len(data) > 1 for data in stored)


@PARAMETERS
def test_previous_and_next_links_lead_somewhere(path):
    text = "".join(
        "".join(c["source"])
        for c in json.loads(path.read_text())["cells"]
        if c["cell_type"] == "markdown"
    )
    links = {part.split(")")[0].split("#")[0] for part in text.split("](")[1:]}
    local = {link for link in links if link.endswith((".ipynb", ".md")) and "://" not in link}
    assert local, "no link to a neighbour"
    for link in local:
        target = NOTEBOOKS / link
        assert target.exists() or (REPOSITORY / "notebooks" / link).exists(), link


def test_code_and_notebooks_are_formatted_and_lint_free():
    for command in (["format", "--check", "--quiet"], ["check", "--quiet"]):
        ruff = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert ruff.returncode == 0, ruff.stdout + ruff.stderr


@PARAMETERS
def test_cells_fit_a_projector(path):
    """ruff keeps most lines short (notebooks/ruff.toml); it leaves text and comments alone."""
    for cell in code_cells(nbformat.read(path, as_version=4)):
        lines = cell.source.splitlines()
        assert max(map(len, lines), default=0) <= 80, cell.id
        assert len(lines) <= 22, cell.id
