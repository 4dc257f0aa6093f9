"""Open a notebook in a real JupyterLab, run it if asked, and save what it looks like.

    python tests/browser/look.py NOTEBOOK.ipynb --out DIR [--run] [--theme dark] [--width 800]

The pictures are one screen high each and cover the whole notebook from top to bottom. The notebook
is opened as a copy beside links to its neighbours: looking never changes it.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from lab import LabPage, LabServer, chromium, console_errors


def copy_to(folder: Path, notebook: Path) -> Path:
    for neighbour in notebook.parent.iterdir():
        if neighbour.name != notebook.name:
            (folder / neighbour.name).symlink_to(neighbour)
    return Path(shutil.copy(notebook, folder / notebook.name))


def photograph(opened, out: Path, stem: str):
    """Scroll through the notebook, one picture a screen; cells are drawn as they come into view."""
    for number in range(60):
        opened.page.wait_for_timeout(700)
        opened.page.screenshot(path=out / f"{stem}-{number:02d}.png")
        at_end = opened.evaluate(
            """const box = panel.node.querySelector('.jp-WindowedPanel-outer');
               const last = panel.content.widgets.at(-1).node.getBoundingClientRect();
               const end = last.bottom <= box.getBoundingClientRect().bottom;
               box.scrollBy(0, box.clientHeight - 40);
               return end;"""
        )
        if at_end:
            break
    return number + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--run", action="store_true", help="run all cells first")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    notebook = options.notebook.resolve()
    with (
        tempfile.TemporaryDirectory(prefix="look-") as root,
        LabServer(Path(root)) as server,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": options.width, "height": options.height})
        errors = console_errors(page)
        lab = LabPage(page, server, options.theme)
        opened = lab.open(copy_to(Path(root), notebook))
        if options.run:
            opened.run_all(timeout=900)
        opened.evaluate("panel.content.activeCellIndex = 0; panel.content.scrollToItem(0)")
        stem = f"{notebook.stem}-{options.theme}-{options.width}"
        count = photograph(opened, options.out, stem)
        print(f"{count} pictures: {options.out / stem}-00.png ...")
        for error in errors:
            print("browser console:", error[:300])


if __name__ == "__main__":
    main()
