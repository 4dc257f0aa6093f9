"""Where the notebooks under test lie: the committed ones, which a learner's edits never touch.

`python start.py test` names that folder; plain pytest takes the working tree's.
"""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
NOTEBOOKS = Path(os.environ.get("HANDSON_NOTEBOOKS", REPOSITORY / "notebooks"))
LESSONS = sorted(p for p in NOTEBOOKS.glob("[0-9]*.ipynb") if "-mine" not in p.stem)


def code_cells(notebook):
    """The cells that Python runs: nbformat or plain-JSON cells, empty ones left out."""
    return [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]


def source_fingerprint(notebook) -> str:
    """sha256 of all code, cell by cell: tells whether stored outputs belong to the stored code."""
    digest = hashlib.sha256()
    for cell in code_cells(notebook):
        digest.update("".join(cell["source"]).encode() + b"\0")
    return digest.hexdigest()
