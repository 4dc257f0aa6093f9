"""A lesson opened in JupyterLab shows no solution: neither its code nor what it printed."""

import shutil
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_solutions_are_folded_input_and_output(lab, server):
    (path,) = NOTEBOOKS.glob("00_*.ipynb")
    opened = lab.open(Path(shutil.copy(path, server.root / "solutions.ipynb")))
    folded = opened.evaluate(
        """return panel.content.widgets
             .filter(cell => (cell.model.getMetadata('tags') ?? []).includes('solution'))
             .map(cell => [cell.inputHidden, cell.outputHidden]);"""
    )
    opened.close()
    assert len(folded) >= 4
    assert all(cell == [True, True] for cell in folded), folded
