"""Build the manual as a folder of plain pages that needs no network: lessons, how-to, reference, explanation.

    python tools/manual.py OUT

It stands on Sphinx with myst-nb (the extra `docs`). The sources are the repository's own: notebooks,
docs/, docstrings, the command line, the data manifest and the tables of rules. They are copied into a
temporary folder, what Markdown cannot say is generated there, and every warning is an error.
"""

import argparse
import contextlib
import importlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "https://github.com/handson-imaging/handson"
# Rooms of the package that the reference shows below the names of `handson` itself.
ROOMS = ("deidentify", "segmentations", "pacs", "figures", "display", "datasets", "lessons")


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="a new or empty folder for the pages")
    out = parser.parse_args(arguments).out.absolute()
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty; choose another folder")
    with tempfile.TemporaryDirectory(prefix="manual-") as folder:
        source = Path(folder) / "source"
        prepare(source)
        words = ["-W", "--keep-going", "-q", "-b", "html", "-d", f"{folder}/doctrees"]
        status = subprocess.run([sys.executable, "-m", "sphinx", *words, source, out]).returncode
    for fault in strangers(out):
        print(fault, file=sys.stderr)
        status = 1
    return status


def prepare(source: Path):
    """Fill the folder of sources."""
    shutil.copytree(ROOT / "docs/manual", source)
    shutil.copytree(ROOT / "notebooks", source / "notebooks")
    for path in (source / "notebooks").glob("*-mine*"):
        path.unlink()
    for path in ROOT.glob("docs/*.md"):
        place = source / "docs" / path.name
        place.parent.mkdir(exist_ok=True)
        place.write_text(at_home(path.read_text(encoding="utf-8")), encoding="utf-8")
    for notebook in (source / "notebooks").glob("*.ipynb"):
        mend_notebook(notebook)
    glossary = source / "notebooks/glossary.md"
    glossary.write_text(with_targets(glossary.read_text(encoding="utf-8")), encoding="utf-8")
    reference = source / "reference"
    reference.mkdir()
    for name, text in {
        "api": api(),
        "commands": commands(),
        "data": data(),
        "rules": rules(),
        "errors": errors(),
    }.items():
        (reference / f"{name}.md").write_text(text, encoding="utf-8")


def at_home(text: str) -> str:
    """Links to files of the repository that are not pages lead to the repository."""
    return re.sub(r"\]\(\.\./(?!notebooks/)([^)]+)\)", rf"]({REPOSITORY}/blob/main/\1)", text)


def with_targets(text: str) -> str:
    """Anchors in HTML become targets that Sphinx knows."""
    return re.sub(r'^<a id="([^"]+)"></a>', r"(word-\1)=\n", text, flags=re.MULTILINE)


def mend_notebook(path: Path):
    """Lead links into the glossary to its targets, and drop what only the network can show (badges)."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = at_home("".join(cell["source"]))
            text = re.sub(
                r"\[!\[[^]]*\]\(https?://[^)]*\)\]\((https?://[^)]*)\)", r"[Binder](\1)", text
            )
            text = re.sub(r"\]\(glossary\.md#([\w-]+)\)", r"](#word-\1)", text)
            text = re.sub(r"\$\$(.+?)\$\$", formula, text, flags=re.DOTALL)
            cell["source"] = text.splitlines(keepends=True)
        else:
            cell["outputs"] = [output for output in map(mend_output, cell["outputs"]) if output]
    notebook["metadata"].pop("widgets", None)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def formula(found: re.Match) -> str:
    """LaTeX as MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    return convert(found[1].strip(), display="block")


def mend_output(output: dict) -> dict | None:
    """One output without the view of a widget, which is dead on a page."""
    bundle = output.get("data")
    if bundle is None:
        return output
    bundle.pop("application/vnd.jupyter.widget-view+json", None)
    return output if bundle else None


def block(directive: str, *lines: str) -> str:
    return "\n".join(["```{eval-rst}", directive, *(f"   {line}" for line in lines), "```", ""])


def api() -> str:
    """Every public name, from its docstring."""
    import handson

    text = "# Python\n\n`import handson` brings these names.\n\n"
    for name in handson.__all__:
        text += f"## {name}\n\n" + documented(f"handson.{name}", getattr(handson, name))
    for room in ROOMS:
        module = importlib.import_module(f"handson.{room}")
        names = [n for n in module.__all__ if n not in handson.__all__]
        text += f"## handson.{room}\n\n{(module.__doc__ or '').split(chr(10) + chr(10))[0]}\n\n"
        for name in names:
            value = getattr(module, name)
            if callable(value):
                text += documented(f"handson.{room}.{name}", value)
    return text


def documented(path: str, value) -> str:
    if not isinstance(value, type):
        return block(f".. autofunction:: {path}")
    if issubclass(value, Exception):
        return block(f".. autoexception:: {path}")
    # Members of libraries (traits, widgets) are documented by those libraries.
    own = [n for n, v in vars(value).items() if not n.startswith("_") and getattr(v, "__doc__", "")]
    own = [
        n
        for n in own
        if callable(vars(value)[n]) or isinstance(vars(value)[n], (property, classmethod))
    ]
    return block(f".. autoclass:: {path}", *([f":members: {', '.join(own)}"] if own else []))


def commands() -> str:
    """What every command says with --help."""
    from handson.__main__ import COMMANDS
    from handson.__main__ import main as command

    text = "# Command line\n\n"
    for name in COMMANDS:
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
            command([name, "--help"])
        text += f"## handson {name}\n\n```text\n{told.getvalue().strip()}\n```\n\n"
    return text


def data() -> str:
    """Every data set with its licence."""
    from handson.datasets.manifest import load

    rows = ["# Data sets", "", "| id | what | where from | licence |", "|---|---|---|---|"]
    for dataset in load().values():
        rows.append(f"| `{dataset.id}` | {dataset.title} | {dataset.tier} | {dataset.licence} |")
    return "\n".join(rows) + "\n"


def rules() -> str:
    """The rule of each element: the profile of PS3.15 Table E.1-1 that the engine applies."""
    import csv

    with (ROOT / "handson/deidentify/profile.csv").open(encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    table = list(csv.DictReader(lines))
    shown = [column for column in table[0] if column][:4]
    rows = ["# Rules of de-identification", ""]
    rows += [
        "What the letters mean, and what the options change: [De-identification](../docs/deidentify.md).",
        "",
    ]
    rows += ["| " + " | ".join(shown) + " |", "|" + "---|" * len(shown)]
    rows += ["| " + " | ".join(row[c] or " " for c in shown) + " |" for row in table]
    return "\n".join(rows) + "\n"


def errors() -> str:
    """Every error of ours."""
    import handson.errors as module

    text = "# Errors\n\nEvery error says which file, what is wrong, and what to do.\n\n"
    for name, value in vars(module).items():
        if isinstance(value, type) and issubclass(value, Exception):
            text += block(f".. autoexception:: handson.errors.{name}")
    return text


def strangers(out: Path) -> list[str]:
    """Pages that ask another host for a script, a style or a picture."""
    wanted = re.compile(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(?:https?:)?//[^"]+"')
    allowed = re.compile(r'rel="(?:canonical|license)"')
    return [
        f"{page.relative_to(out)}: {found}"
        for page in out.rglob("*.html")
        for found in wanted.findall(page.read_text(encoding="utf-8"))
        if not allowed.search(found)
    ]


if __name__ == "__main__":
    sys.exit(main())
