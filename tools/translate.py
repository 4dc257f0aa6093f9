"""The lessons in another language: a second tree of notebooks, built from message catalogues.

    python tools/translate.py build it OUT      write the notebooks, translated, into an empty folder
    python tools/translate.py update it 00      bring the catalogue of a lesson up to its present text

One catalogue (gettext's .po) for each lesson in docs/translations/LANGUAGE: a message is one Markdown cell,
its context the id of the cell. A cell that is missing in the catalogue, or whose text has changed since, stays
in English and is named. Code and outputs are the same in every language.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"


def catalogue_path(language: str, lesson: str) -> Path:
    return ROOT / "docs/translations" / language / f"{lesson}.po"


def prose(notebook: dict) -> dict[str, str]:
    """Cell id -> text, for every Markdown cell."""
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    return {cell["id"]: "".join(cell["source"]) for cell in cells}


def read(language: str, lesson: str) -> Catalog:
    """The catalogue of a lesson; an empty one where there is none."""
    path = catalogue_path(language, lesson)
    if not path.exists():
        return Catalog(locale=language, project="handson", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def translated(language: str, path: Path) -> tuple[dict, list[str]]:
    """A notebook in another language, and the ids of the cells that stay in English."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    catalogue, missing = read(language, path.stem), []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        message = catalogue.get("".join(cell["source"]), context=cell["id"])
        if message is None or not message.string or message.fuzzy:
            missing.append(cell["id"])
        else:
            cell["source"] = message.string.splitlines(keepends=True)
    return notebook, missing


def build(language: str, out: Path) -> int:
    """Write every lesson; say what is not translated."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        sys.exit(f"{out} is not empty. Choose another folder.")
    for path in sorted(NOTEBOOKS.iterdir()):
        if path.suffix != ".ipynb":
            shutil.copy(path, out)
        elif "-mine" not in path.stem:
            notebook, missing = translated(language, path)
            text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
            (out / path.name).write_text(text, encoding="utf-8")
            count = len(prose(notebook))
            print(f"{path.stem}: {count - len(missing)} of {count} cells in {language!r}")
    return 0


def update(language: str, lesson: str) -> int:
    """Keep what still fits, mark as fuzzy what was changed, add what is new."""
    (path,) = NOTEBOOKS.glob(f"{lesson}*.ipynb")
    old = read(language, path.stem)
    by_cell = {message.context: message for message in old if message.id}
    new = Catalog(locale=language, project="handson", fuzzy=False)
    for cell, text in prose(json.loads(path.read_text(encoding="utf-8"))).items():
        known = by_cell.get(cell)
        string = known.string if known else ""
        flags = {"fuzzy"} if known and known.string and known.id != text else set()
        new.add(text, string, context=cell, flags=flags)
    place = catalogue_path(language, path.stem)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        write_po(file, new, width=0, omit_header=False)
    return 0


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("build", "update"))
    parser.add_argument("language")
    parser.add_argument("what", help="build: the folder; update: the lesson, as 00")
    given = parser.parse_args(arguments)
    if given.action == "build":
        return build(given.language, Path(given.what))
    return update(given.language, given.what)


if __name__ == "__main__":
    sys.exit(main())
