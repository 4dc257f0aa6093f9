"""How long a lesson takes, counted from its cells; `python tests/timing.py` writes the minutes where they are read.

Three routes: in class in two hours (cells tagged `core`), in class in three hours (`core` and
`three-hours`), and alone (every cell). The paces are a teacher's: words are read aloud or talked over, a
code cell is run and looked at, an exercise is done by a class that is helped. Alone everything takes longer.
The minutes stand in the title of each lesson, in its table for the teacher and in the README.
"""

import re
import sys
from dataclasses import dataclass

import nbformat
from shipped import LESSONS, NOTEBOOKS, REPOSITORY

IN_CLASS = [path for path in LESSONS if path.name[:2] < "07"]


@dataclass(frozen=True)
class Pace:
    """Minutes for each thing; exercises by their stars."""

    words: float  # a minute
    cell: float
    picture: float
    exercise: dict[int, float]
    quiz: float


CLASS = Pace(words=180, cell=0.4, picture=0.5, exercise={1: 1.5, 2: 2.5, 3: 4}, quiz=1)
ALONE = Pace(words=160, cell=0.6, picture=0.6, exercise={1: 3, 2: 5, 3: 8}, quiz=3)
ROUTES = {
    "two hours": ({"core"}, CLASS),
    "three hours": ({"core", "three-hours"}, CLASS),
    "alone": (None, ALONE),
}


def on_route(cell, route) -> bool:
    """Does the route show this cell? Solutions and the notes for the teacher are for nobody in class."""
    wanted, tags = ROUTES[route][0], set(cell.metadata.get("tags", ()))
    return cell.id != "teach" and "solution" not in tags and (wanted is None or bool(wanted & tags))


def words(markdown) -> int:
    """Words that are read: no addresses, no HTML, no signs of tables, not the line that this file writes."""
    text = re.sub(r"\]\([^)]*\)|<[^>]*>|(?m:^\*\*Time:.*$)|@TIME@", " ", markdown)
    return len(re.findall(r"\w[\w'’.,-]*", text))


def minutes_of(cell, pace) -> float:
    """Minutes for one cell."""
    if cell.cell_type == "markdown":
        stars = cell.source.count("★") if "exercise" in cell.metadata.get("tags", ()) else 0
        return words(cell.source) / pace.words + pace.exercise.get(stars, 0)
    if "exercise" in cell.metadata.get("tags", ()):
        return 0.0  # counted with its question
    if cell.source.startswith("quiz("):
        return pace.quiz
    shows = any(o.output_type != "stream" for o in cell.outputs)
    return pace.cell + shows * pace.picture


def sections(notebook) -> dict[str, dict[str, int]]:
    """Heading -> route -> whole minutes; what stands before the first heading counts with it."""
    exact, heading, early = {}, None, dict.fromkeys(ROUTES, 0.0)
    for cell in notebook.cells:
        found = re.match(r"## (.*)", cell.source) if cell.cell_type == "markdown" else None
        if found and cell.id != "teach":
            heading = "Take away, quiz" if found[1] in ("Take away", "Quiz") else found[1]
            exact.setdefault(heading, dict.fromkeys(ROUTES, 0.0))
        for route, (_, pace) in ROUTES.items():
            if on_route(cell, route):
                (exact[heading] if heading else early)[route] += minutes_of(cell, pace)
    first = next(iter(exact.values()))
    for route, minutes in early.items():
        first[route] += minutes
    return {name: {r: round(m) for r, m in row.items()} for name, row in exact.items()}


def together(notebook) -> dict[str, int]:
    rows = sections(notebook).values()
    return {route: sum(row[route] for row in rows) for route in ROUTES}


def title_line(notebook) -> str:
    total = together(notebook)
    if not total["three hours"]:
        return f"**Time:** {total['alone']} minutes alone; it is not part of the course in class."
    return (
        f"**Time:** {total['alone']} minutes alone; {total['two hours']} minutes in class "
        f"({total['three hours']} in the three-hour course)."
    )


def table(notebook) -> str:
    """The table for the teacher, in Markdown."""
    rows = ["| section | alone | in 2 hours | in 3 hours |", "|---|---|---|---|"]
    for name, row in sections(notebook).items():
        rows.append(
            f"| {name} | {row['alone']} | {row['two hours'] or ''} | {row['three hours'] or ''} |"
        )
    total = together(notebook)
    figures = " | ".join(
        f"**{total[r]}**" if total[r] else "" for r in ("alone", "two hours", "three hours")
    )
    return "\n".join([*rows, f"| **together** | {figures} |"])


def write(path):
    """Put the minutes of one lesson into its title, its teacher's table and the README."""
    notebook = nbformat.read(path, as_version=4)
    first, last = notebook.cells[0], notebook.cells[-1]
    first.source = re.sub(r"(?m)^(\*\*Time:\*\*.*|@TIME@)$", title_line(notebook), first.source)
    last.source = re.sub(
        r"(?s)(\| section .*?\*\*together.*?\n|@TABLE@\n)", table(notebook) + "\n", last.source
    )
    nbformat.write(notebook, path)
    readme = REPOSITORY / "README.md"
    total = together(notebook)
    row = rf"(?m)^(\| \[{path.name[:2]} .*?\]\(notebooks/{path.name}\) \| .*? )\|[^|]*\|[^|]*\|$"
    in_class = f"{total['two hours']} min" if total["two hours"] else ""
    minutes = f"{in_class} | {total['alone']} min |"
    readme.write_text(re.sub(row, rf"\1| {minutes}", readme.read_text("utf-8")), "utf-8")


def main():
    for path in LESSONS:
        write(path)
        print(path.stem, together(nbformat.read(path, as_version=4)))
    every = [together(nbformat.read(path, as_version=4)) for path in IN_CLASS]
    print({route: sum(t[route] for t in every) for route in ROUTES}, "in", NOTEBOOKS.name)


if __name__ == "__main__":
    sys.exit(main())
