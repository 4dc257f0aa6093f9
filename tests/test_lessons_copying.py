"""No exercise is answered by copying: its telling numbers do not all stand in the story before it."""

import re
from collections.abc import Mapping, Sequence, Set

import nbformat
import numpy as np
import pytest
import timing

from handson.lessons.checks import lesson


def numbers_in(answer):
    """The numbers of an answer, however it is built."""
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    if isinstance(answer, bool | np.bool_ | str | Set):
        return
    if isinstance(answer, Sequence | np.ndarray):
        for part in answer:
            yield from numbers_in(part)
    else:
        yield float(answer)


def tasks():
    """(exercise, its key, everything that is written or printed before it) of the lessons in class."""
    for path in timing.IN_CLASS:
        exercises, story = lesson(path.name[:2]).EXERCISES, []
        for cell in nbformat.read(path, as_version=4).cells:
            key = cell.id.removeprefix("ex-")
            if key in exercises:
                yield pytest.param(exercises[key], "\n".join(story), id=key)
            if not cell.id.startswith("ex-") and cell.cell_type == "code":
                for output in cell.outputs:
                    story.append(
                        str(output.get("text") or output.get("data", {}).get("text/plain"))
                    )
            elif not cell.id.startswith("ex-") and cell.id != "title":
                story.append(cell.source)


@pytest.mark.parametrize(("exercise", "story"), list(tasks()))
def test_the_telling_numbers_of_an_answer_are_not_all_printed_before(exercise, story):
    printed = np.array([float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", story)])
    # Small whole numbers stand everywhere and tell nothing.
    telling = [n for n in numbers_in(exercise.answer()) if abs(n) >= 10 or n != round(n)]
    found = [np.abs(printed - n).min() <= min(exercise.within, 0.05) for n in telling]
    assert not telling or not all(found), telling
