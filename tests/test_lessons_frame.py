"""The frame that every lesson keeps, so that each can be taught, projected, printed and learnt alone."""

import ast
import builtins
import html
import re
import struct
from base64 import b64decode

import nbformat
import pytest
import timing
from nbconvert import HTMLExporter, MarkdownExporter, SlidesExporter
from shipped import LESSONS, NOTEBOOKS, REPOSITORY, code_cells

from handson.lessons.checks import lesson

EACH = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
COURSE = [path for path in LESSONS if path.name[:2] < "10"]
EACH_OF_THE_COURSE = pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
WIDE = {"05", "07", "10"}  # lessons whose code was not yet cut to fit half a screen
LEGAL_SLIDES = {"slide", "subslide", "fragment", "skip", "notes", "-"}


def notebook(path):
    return nbformat.read(path, as_version=4)


def cells(path, tag=None, kind=None):
    return [
        cell
        for cell in notebook(path).cells
        if (tag is None or tag in cell.metadata.get("tags", ())) and kind in (None, cell.cell_type)
    ]


def prose(path):
    return "\n\n".join(cell.source for cell in cells(path, kind="markdown"))


def names(source):
    """(names that a cell binds, names that it reads before it binds them), nested scopes and all."""
    tree = ast.parse(re.sub(r"(?m)^[%!].*$", "", source))
    bound, read = set(), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (bound.add if isinstance(node.ctx, ast.Store) else read.append)(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return bound, set(read) - set(dir(builtins))


@EACH
def test_the_first_cell_says_what_for_how_long_and_where_next(path):
    first = notebook(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {path.name[:2]} ")
    for part in ("**Objectives.**", "**Time:**", "**Before:**", "(glossary.md)", "mybinder.org"):
        assert part in first.source, part
    assert path.name in first.source, "the Binder badge opens this notebook"
    assert len(re.findall(r"(?m)^- \*\*\w+", first.source)) >= 3, "objectives begin with a verb"


@EACH
def test_previous_and_next_make_one_chain(path):
    position = LESSONS.index(path)
    first = notebook(path).cells[0].source
    for neighbour in (
        *LESSONS[max(position - 1, 0) : position],
        *LESSONS[position + 1 : position + 2],
    ):
        assert f"]({neighbour.name})" in first


@EACH_OF_THE_COURSE
def test_a_lesson_predicts_and_takes_away(path):
    text = prose(path)
    assert "predict.**" in text
    assert "**Your prediction" in text, "a prediction is answered"
    assert "## Take away" in text


@EACH_OF_THE_COURSE
def test_four_to_six_exercises_each_with_a_check_and_a_folded_solution(path):
    ids = [cell.id for cell in notebook(path).cells]
    tasks = [i for i in ids if re.fullmatch(r"ex-\d\d-\d", i)]
    assert 4 <= len(tasks) <= 6
    by_id = {cell.id: cell for cell in notebook(path).cells}
    for task in tasks:
        key = task.removeprefix("ex-")
        position = ids.index(task)
        assert ids[position + 1 : position + 3] == [f"{task}-answer", f"{task}-solution"]
        answer, solution = by_id[f"{task}-answer"], by_id[f"{task}-solution"]
        assert f'check("{key}", answer)' in answer.source
        assert "answer = ..." in answer.source, "unfinished, and legal"
        assert solution.source.rstrip().splitlines()[-1].startswith(f'check("{key}", ')
        assert "solution" in solution.metadata.tags


@EACH
def test_a_solution_is_folded_wherever_the_notebook_is_shown(path):
    """JupyterLab reads `collapsed` and `jupyter`, Jupyter Book `hide-cell`, nbconvert `transient`."""
    solutions = cells(path, "solution")
    assert solutions
    for cell in solutions:
        assert cell.source.startswith("# Solution\n"), cell.id
        assert cell.metadata.collapsed, cell.id
        assert cell.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}, cell.id
        assert cell.metadata.transient == {"remove_source": True}, cell.id
        assert "hide-cell" in cell.metadata.tags, cell.id


@pytest.mark.parametrize("exporter", [HTMLExporter, MarkdownExporter])
@EACH
def test_no_export_shows_a_solution(path, exporter):
    text, _ = exporter().from_filename(str(path))
    text = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    for key, exercise in lesson(path.name[:2]).EXERCISES.items():
        assert re.findall(rf'check\("{key}", *(\w+)', text) == ["answer"], key
        assert exercise.because not in text, key


@EACH_OF_THE_COURSE
def test_exercises_get_harder_and_the_last_is_a_transfer(path):
    stars = [c.source.count("★") for c in cells(path, "exercise", "markdown")]
    assert stars[0] == 1
    assert stars[-1] == max(stars) >= 2


@EACH
def test_unanswered_exercises_say_so_and_solutions_are_correct(path):
    for cell in code_cells(notebook(path)):
        said = "".join(
            o.data["text/plain"] for o in cell.outputs if "data" in o and "text/plain" in o.data
        )
        if cell.id.endswith("-answer"):
            assert "Not answered yet" in said, cell.id
        if cell.id.endswith("-solution"):
            key = cell.id.removeprefix("ex-").removesuffix("-solution")
            assert said.strip().endswith(f"{key} Correct."), cell.id


@EACH
def test_a_solution_rebinds_nothing_that_the_story_uses(path):
    """Else the notebook would only run for who unfolded the solutions."""
    bound = set()
    for cell in code_cells(notebook(path)):
        binds, reads = names(cell.source)
        if cell.id.endswith("-solution"):
            bound |= binds
        else:
            assert not (bound & reads) - binds - {"answer"}, (
                f"{cell.id} reads what a solution bound"
            )


@EACH_OF_THE_COURSE
def test_the_class_route_runs_by_itself(path):
    """Every name that a core cell reads is bound in a core cell before it."""
    known = set()
    core = [c for c in cells(path, "core", "code") if "solution" not in c.metadata.tags]
    assert core
    for cell in core:
        binds, reads = names(cell.source)
        assert reads <= known | binds, f"{cell.id}: {reads - known - binds}"
        known |= binds


@EACH_OF_THE_COURSE
def test_quiz_of_five_to_seven_questions_with_a_folded_answer(path):
    (cell,) = [c for c in code_cells(notebook(path)) if c.source.startswith("quiz(")]
    assert cell.source == f'quiz("{path.name[:2]}")'
    shown = cell.outputs[0].data["text/html"]
    assert 5 <= shown.count("<details>") <= 7


@EACH_OF_THE_COURSE
def test_the_teacher_finds_times_that_add_up(path):
    last = notebook(path).cells[-1].source
    assert "## If you teach this" in last
    assert "<details>" in last
    for part in ("If short of time", "What goes wrong", "to slides"):
        assert part in last
    rows = re.findall(r"(?m)^\| ([^|*]+) \| (\d+) \| *(\d*) *\|", last)
    together = re.search(r"\*\*together\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\*", last)
    title = re.search(r"\*\*Time:\*\* (\d+) minutes alone; (\d+) minutes in class", prose(path))
    sums = sum(int(r[1]) for r in rows), sum(int(r[2] or 0) for r in rows)
    assert sums == tuple(map(int, together.groups())) == tuple(map(int, title.groups()))


@pytest.mark.parametrize("path", timing.IN_CLASS, ids=lambda p: p.stem)
def test_the_minutes_are_counted_from_words_cells_and_exercises(path):
    run = "run: python tests/timing.py"
    lesson = notebook(path)
    assert timing.title_line(lesson) in lesson.cells[0].source, run
    assert timing.table(lesson) in lesson.cells[-1].source, run
    minutes = timing.together(lesson)
    (row,) = re.findall(rf"(?m)^\|.*notebooks/{path.name}.*$", README)
    assert row.endswith(f"| {minutes['two hours']} min | {minutes['alone']} min |"), run


def test_each_class_route_fits_its_hours():
    every = [timing.together(notebook(path)) for path in timing.IN_CLASS]
    assert 105 <= sum(minutes["two hours"] for minutes in every) <= 120
    assert 150 <= sum(minutes["three hours"] for minutes in every) <= 180


@EACH
def test_cells_are_short_and_their_names_are_stable(path):
    for cell in code_cells(notebook(path)):
        assert len(cell.source.splitlines()) <= 22, cell.id
        assert "interact(" not in cell.source
        assert "input(" not in cell.source
        assert not cell.source.rstrip().endswith(";"), "nbval prints it all the same: plt.show()"
    ids = [cell.id for cell in notebook(path).cells]
    assert len(set(ids)) == len(ids)
    assert not [i for i in ids if re.fullmatch(r"[0-9a-f]{8,}", i)], (
        "a name says what the cell is for"
    )


@EACH
def test_nothing_scrolls_sideways_or_breaks_where_a_page_is_800_pixels_wide(path):
    """Lab then shows 80 characters of code; a longer line of output is broken in the middle of a word."""
    for cell in code_cells(notebook(path)):
        lines = "".join(o.text for o in cell.outputs if o.output_type == "stream").splitlines()
        if path.name[:2] not in WIDE:
            lines += cell.source.splitlines()
        assert [line for line in lines if len(line) > 80] == [], cell.id


@EACH
def test_every_picture_is_explained_and_credited_below(path):
    every = notebook(path).cells
    for position, cell in enumerate(every):
        pictures = [o for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})]
        if pictures and "solution" not in cell.metadata.get("tags", ()):
            below = next((c.source for c in every[position + 1 :] if c.cell_type == "markdown"), "")
            assert re.search(r"Data:|Images?:|Map:|Table:", below), f"{cell.id}: whose picture?"
            assert below.lstrip().startswith("*"), f"{cell.id}: say what to see"


@EACH
def test_nothing_of_the_run_or_of_the_machine_is_left_in_the_outputs(path):
    for cell in code_cells(notebook(path)):
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", f"{cell.id}: {output.get('text', '')[:80]}"
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"0x[0-9a-f]{6,}|/home/|/root/|/tmp/|\.cache|[A-Z]:\\", text), (
                cell.id
            )


@EACH
def test_no_picture_of_a_set_that_forbids_it(path):
    for cell in code_cells(notebook(path)):
        assert "693" not in cell.source, "CQ500 is for non-commercial use"


@EACH
def test_an_output_that_may_differ_says_why(path):
    for cell in cells(path, "nbval-ignore-output"):
        following = notebook(path).cells
        position = [c.id for c in following].index(cell.id)
        assert "not compared" in following[position + 1].source, cell.id


@EACH
def test_words_are_in_the_glossary_and_kind(path):
    glossary = (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")
    anchors = set(re.findall(r'<a id="([\w-]+)"></a>', glossary))
    wanted = set(re.findall(r"glossary\.md#([\w-]+)", prose(path)))
    assert wanted <= anchors, wanted - anchors
    assert not re.search(r"(?i)\b(simply|obviously|just run|trivial|of course)\b", prose(path))


def slide_height(cell) -> float:
    """About how many of a slide's 700 pixels a cell takes, measured in a browser to be 20 % off at most."""
    if cell.cell_type == "markdown":
        lines = sum(max(1, -(-len(line) // 85)) for line in cell.source.splitlines())
        return 30 * lines + 40 * cell.source.startswith("#")
    if "solution" in cell.metadata.get("tags", []):
        return 60
    height = 22 * len(cell.source.splitlines()) + 30
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            height += 22 * len(output.text.splitlines())
        elif "image/png" in data:
            wide, high = struct.unpack(">II", b64decode(data["image/png"])[16:24])
            height += min(high, high * 880 / wide)
        elif "text/html" in data:
            height += 28 * data["text/html"].count("<tr")
    return height


@EACH
def test_a_slide_is_no_higher_than_its_screen_unless_it_is_one_cell(path):
    """What a single cell and its caption make higher is scrolled: reveal_scroll, as the teacher's notes say."""
    slides = []
    for cell in notebook(path).cells:
        kind = cell.metadata.slideshow.slide_type
        if kind in ("slide", "subslide"):
            slides.append([])
        if kind not in ("skip", "notes") and slides:
            slides[-1].append(cell)
    for slide in slides:
        heights = [slide_height(cell) for cell in slide if not cell.source.startswith("*")]
        assert len(heights) == 1 or sum(heights) < 900, [cell.source[:60] for cell in slide]
    for option in ("reveal_scroll=True", "reveal_width=1200"):  # else code is cut off at 70 letters
        assert f"--SlidesExporter.{option}" in notebook(path).cells[-1].source


@EACH
def test_slides_can_be_made_of_it(path):
    for cell in notebook(path).cells:
        assert cell.metadata.get("slideshow", {}).get("slide_type") in LEGAL_SLIDES, cell.id
    slides, _ = SlidesExporter().from_filename(str(path))
    titles = sum(c.metadata.slideshow.slide_type == "slide" for c in notebook(path).cells)
    assert slides.count("<section>") >= titles >= 5
    assert "If you teach this" not in slides
