"""Run notebooks from top to bottom and save them: `python start.py notebooks [03 ...]`.

What is saved is what a reader without a kernel can see: text and pictures. Widget views and widget
state are dropped, since a notebook reopened without its kernel would show "model not found"
where the picture was. A notebook is written only when every cell has run.
"""

import base64
import io
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image
from shipped import LESSONS, source_fingerprint
from tqdm import tqdm

PALETTE_FROM, PICTURE_LIMIT, NOTEBOOK_LIMIT = 80_000, 250_000, 2_000_000  # bytes
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path, progress):
    """Run one notebook in a fresh kernel; returns it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.on_cell_executed = lambda **_: progress.update()
    client.execute()
    return notebook


def keep_text_and_pictures(notebook):
    """Drop whatever needs a kernel or differs from run to run."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    notebook.metadata.kernelspec = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["handson"] = {"source_sha256": source_fingerprint(notebook)}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        # A viewer's third output is nothing but the view; its picture is the second.
        if "outputs" in cell:
            cell.outputs = [o for o in cell.outputs if set(o.get("data", {})) != {WIDGET_VIEW}]
        for output in cell.get("outputs", []):
            if len(output.get("data", {})) > 1:
                output.data.pop(WIDGET_VIEW, None)
            if picture_size(output) > PALETTE_FROM:
                output.data["image/png"] = in_256_colours(output.data["image/png"])


def picture_size(output) -> int:
    """Bytes of an output's PNG, 0 when it has none."""
    return len(base64.b64decode(output.get("data", {}).get("image/png", "")))


def in_256_colours(png) -> str:
    """The same picture with a palette: a third of the size, and hardly another picture."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    small = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def too_large(notebook):
    """Names of what exceeds the limits: a repository of pictures is slow to clone and to open."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if (size := picture_size(output)) > PICTURE_LIMIT:
                yield f"cell {number}: a picture of {size / 1000:.0f} kB (limit {PICTURE_LIMIT // 1000})"
    size = len(nbformat.writes(notebook).encode())
    if size > NOTEBOOK_LIMIT:
        yield f"the notebook: {size / 1e6:.1f} MB (limit {NOTEBOOK_LIMIT // 1_000_000})"


def rerun(path) -> list[str]:
    """Execute and save one notebook; returns what is wrong with it, nothing saved in that case."""
    cells = len(nbformat.read(path, as_version=4).cells)
    with tqdm(total=cells, desc=path.stem, unit="cell", leave=False) as progress:
        try:
            notebook = execute(path, progress)
        except CellExecutionError as error:
            return [str(error)]
    keep_text_and_pictures(notebook)
    faults = list(too_large(notebook))
    if not faults:
        part = path.with_suffix(".part")
        nbformat.write(notebook, part)
        os.replace(part, path)
    return faults


def main(wanted):
    """Run the lessons whose names start with one of `wanted`, or all; exit status 1 after a fault."""
    chosen = [p for p in LESSONS if not wanted or p.name.startswith(tuple(wanted))]
    if not chosen:
        sys.exit(
            f"No lesson starts with {' or '.join(wanted)}: {', '.join(p.stem for p in LESSONS)}"
        )
    failed = False
    for path in chosen:
        faults = rerun(path)
        failed |= bool(faults)
        print(f"{path.name}: {'; '.join(faults) or 'run and saved'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
