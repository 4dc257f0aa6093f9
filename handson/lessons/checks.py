"""`check("03-2", answer)`: a learner's answer against the data, with a name for each classic mistake.

An `Exercise` computes its accepted answer from the data set when it is asked, and so does each
`Mistake`: nothing is typed in, and a data set that changes changes both. The exercises themselves
live in a module per lesson (`lesson_03.EXERCISES`); nothing in here knows an image.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from IPython import get_ipython
from IPython.display import display

from .. import arguments
from ..datasets import fetch
from ..errors import HandsonError, counted
from .records import record


@dataclass(frozen=True)
class Mistake:
    """One known way to be wrong.

    name : what the misconception is called in `tests/misconceptions.yaml`
    answer : () -> the value this mistake leads to, computed from the same data; `...` stands for any
        value of a part that the mistake leaves open
    says : what went wrong and where to look, in a sentence or two
    """

    name: str
    answer: Callable[[], object]
    says: str


@dataclass(frozen=True)
class Exercise:
    """What is asked, what is right, and what is often answered instead.

    asks : the question in a phrase, as the notebook puts it
    answer : () -> the accepted value: number, text, bool, set, dict, array or sequence of those
    because : said when the answer is right, to make it stay
    hint : said when the answer is wrong in a way nobody foresaw
    mistakes : the known ones, tried in order
    unit : of the numbers, "" where they have none
    within : how far a number may be off, in that unit
    also : (() -> an answer that is right as well, what to remark on it) each
    """

    asks: str
    answer: Callable[[], object]
    because: str
    hint: str
    mistakes: tuple[Mistake, ...] = ()
    unit: str = ""
    within: float = 1e-6
    also: tuple[tuple[Callable[[], object], str], ...] = ()


# What the learner reads first, and the JupyterLab theme colour of the bar beside it.
_LABELS = {
    "unanswered": ("Not answered yet", "var(--jp-border-color1, #888)"),
    "correct": ("Correct", "var(--jp-success-color1, #2e7d32)"),
    "mistake": ("Not yet", "var(--jp-warn-color1, #b85c00)"),
    "wrong": ("Not yet", "var(--jp-warn-color1, #b85c00)"),
    "problem": ("Cannot check", "var(--jp-error-color1, #b00020)"),
}


@dataclass(frozen=True)
class Verdict:
    """What `check` shows.

    kind : a key of the labels above
    mistake : the name of a known mistake, else ""
    folded : show the explanation only to readers who ask for it (the verdict of a solution)
    """

    id: str
    kind: str
    says: str
    mistake: str = ""
    folded: bool = False

    def __repr__(self):
        label = f"{self.id} {_LABELS[self.kind][0]}"
        return f"{label}." if self.folded else f"{label}: {self.says}"

    def _repr_html_(self):
        label, colour = _LABELS[self.kind]
        heading, says = f"<b>{escape(self.id)} {label}.</b>", escape(self.says)
        if self.folded:
            heading, says = "<details><summary>Solution</summary>" + heading, says + "</details>"
        return (
            f'<div role="status" style="border-left: 4px solid {colour}; padding: 4px 12px">'
            f"{heading} {says}</div>"
        )


def check(exercise_id: str, answer: Any = ...) -> None:
    """Say whether `answer` is right, not given yet, or which known mistake it is. Never raises.

    exercise_id : as in the notebook, "03-2"
    answer : number (with or without its unit as text), text, list, array, ...; the dots of an
        unfinished cell mean "not answered yet"
    """
    verdict = judge(exercise_id, answer)
    in_a_solution = _in_a_solution()
    if not in_a_solution:
        record(verdict.id, verdict.kind, verdict.mistake)
    display(replace(verdict, folded=verdict.kind == "correct" and in_a_solution))


@dataclass(frozen=True)
class Verdicts:
    """What `check_all` shows: how many are right, and what is wrong with the others."""

    verdicts: tuple[Verdict, ...]

    @property
    def heading(self) -> str:
        right = sum(verdict.kind == "correct" for verdict in self.verdicts)
        return f"{right} of {len(self.verdicts)} facts are right."

    def __repr__(self):
        brief = (replace(v, folded=v.kind == "correct") for v in self.verdicts)
        return "\n".join([self.heading, *map(repr, brief)])

    def _repr_html_(self):
        lines = []
        for verdict in self.verdicts:
            label, colour = _LABELS[verdict.kind]
            says = "" if verdict.kind == "correct" else escape(verdict.says)
            lines.append(
                f'<div style="border-left: 4px solid {colour}; padding: 2px 12px">'
                f"<b>{escape(verdict.id)} {label}.</b> {says}</div>"
            )
        return f'<div role="status"><b>{self.heading}</b>{"".join(lines)}</div>'


def check_all(number: str, answers: Mapping[str, object]) -> None:
    """Say of every exercise of a lesson whether it is right, not answered yet, or which mistake. Never raises.

    number : of the lesson, "10"
    answers : exercise id -> answer; what is missing is not answered yet
    """
    given = answers if isinstance(answers, Mapping) else {}
    keys = lesson(number).EXERCISES if _known(f"{number}-1") else ()
    display(Verdicts(tuple(judge(key, given.get(key, ...)) for key in keys)))


def _in_a_solution() -> bool:
    """Does the running cell begin with "# Solution"? Exports show such a cell's output."""
    shell = get_ipython()
    if shell is None:
        return False
    # The request itself, since a cell may be run without being written into the history, `In`.
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    code = request.get("content", {}).get("code") or shell.user_ns.get("In", [""])[-1]
    return code.startswith("# Solution")


def judge(exercise_id: str, answer: Any = ...) -> Verdict:
    """The verdict that `check` shows."""
    exercises = lesson(exercise_id.partition("-")[0]).EXERCISES if _known(exercise_id) else {}
    if exercise_id not in exercises:
        known = f"It has {', '.join(exercises)}." if exercises else "Ids look like '03-2'."
        return Verdict(str(exercise_id), "problem", f"There is no such exercise. {known}")
    exercise = exercises[exercise_id]
    try:
        return _judge(exercise_id, exercise, answer)
    except HandsonError as error:
        return Verdict(exercise_id, "problem", f"The data of this exercise: {error}")
    except Exception:  # an answer can be any object at all, and a check never raises
        says = f"An answer of type {type(answer).__name__} cannot be checked. {exercise.hint}"
        return Verdict(exercise_id, "wrong", says)


@cache
def folder_of(set_id: str) -> Path:
    """`fetch`, its files verified once in a kernel and not at every check."""
    return fetch(set_id)


def lesson(number: str) -> ModuleType:
    """The module of lesson `number` ("03"): its EXERCISES (id -> Exercise) and its QUIZ."""
    try:
        return import_module(f"handson.lessons.lesson_{number}")
    except ModuleNotFoundError:
        advice = 'Write its two digits, as "03"'
        raise arguments.refused(number, "number", "a lesson with exercises", advice) from None


def _known(exercise_id) -> bool:
    return bool(
        isinstance(exercise_id, str)
        and re.match(r"\d\d-", exercise_id)
        and util.find_spec(f"handson.lessons.lesson_{exercise_id[:2]}")
    )


def _judge(exercise_id, exercise, answer) -> Verdict:
    if _unfinished(answer):
        return Verdict(exercise_id, "unanswered", exercise.asks)
    accepted = exercise.answer()
    answer, unit = _without_unit(answer) if not isinstance(accepted, str) else (answer, "")
    if unit and unit.lower() != exercise.unit.lower():
        wanted = f"in {exercise.unit}" if exercise.unit else "as a number without a unit"
        return Verdict(exercise_id, "wrong", f"You gave {unit!r}: give the answer {wanted}.")
    if same(answer, accepted, exercise.within):
        return Verdict(exercise_id, "correct", exercise.because)
    for right_as_well, remark in exercise.also:
        if same(answer, right_as_well(), exercise.within):
            return Verdict(exercise_id, "correct", f"{exercise.because} {remark}")
    for mistake in exercise.mistakes:
        if same(answer, mistake.answer(), exercise.within):
            return Verdict(exercise_id, "mistake", mistake.says, mistake.name)
    misfit = _misfit(answer, accepted)
    says = misfit or _half_right(answer, accepted, exercise.within)
    return Verdict(exercise_id, "wrong", f"{says}{exercise.hint}")


def same(answer: Any, accepted: Any, within: float = 1e-6) -> bool:
    """Is it the same answer? Numbers may be off by `within`, text by case and outer blanks;
    a side may be given by its letter, and letters one by one.

    `...` in `accepted` takes anything.

    >>> same([1, 2.004], (1, 2), within=0.01), same("gems_iden_01 ", "GEMS_IDEN_01"), same(True, 1)
    (True, True, False)
    >>> same("R", "right"), same(("P", "S", "L"), "PSL")
    (True, True)
    """
    if accepted is ...:
        return True
    if isinstance(accepted, str):
        return isinstance(_spelled(answer), str) and _plain(answer) == _plain(accepted)
    if isinstance(accepted, bool | np.bool_) or isinstance(answer, bool | np.bool_):
        both = isinstance(accepted, bool | np.bool_) and isinstance(answer, bool | np.bool_)
        return both and bool(answer) == bool(accepted)
    if isinstance(accepted, Set):
        return not _is_text(answer) and set(answer) == set(accepted)
    if isinstance(accepted, Mapping):
        return (
            isinstance(answer, Mapping)
            and answer.keys() == accepted.keys()
            and all(same(answer[key], accepted[key], within) for key in accepted)
        )
    if isinstance(accepted, Sequence) and not isinstance(answer, np.ndarray):
        return (
            not _is_text(answer)
            and hasattr(answer, "__len__")
            and len(answer) == len(accepted)
            and all(same(a, b, within) for a, b in zip(answer, accepted, strict=True))
        )
    try:
        given, wanted = np.asarray(answer, float), np.asarray(accepted, float)
    except (TypeError, ValueError):  # no number, or rows of different lengths
        return False
    if wanted.size == 1:
        given = given.reshape(-1)
        wanted = wanted.reshape(-1)
    return given.shape == wanted.shape and bool(
        np.allclose(given, wanted, rtol=0, atol=within, equal_nan=True)
    )


# The words for a side, and their letters at the edge of a picture.
_SIDES = {
    **{"l": "left", "r": "right", "a": "front", "p": "back", "s": "head", "i": "feet"},
    **{"anterior": "front", "posterior": "back", "superior": "head", "inferior": "feet"},
}
_SIDES |= {word: word for word in (*_SIDES.values(), "top", "bottom")}


def _plain(text) -> str:
    """Text without case and outer blanks; "R" is "right"."""
    plain = _spelled(text).strip().lower()
    return _SIDES.get(plain, plain)


def _spelled(answer):
    """("P", "S", "L") -> "PSL"; anything else is its own answer."""
    letters = answer if isinstance(answer, list | tuple) else ()
    spelled = letters and all(isinstance(one, str) and len(one) == 1 for one in letters)
    return "".join(letters) if spelled else answer


def _is_text(answer) -> bool:
    return isinstance(answer, str | bytes)


def _unfinished(answer) -> bool:
    if answer is ... or answer is None:
        return True
    parts = answer.values() if isinstance(answer, Mapping) else answer
    return isinstance(answer, Mapping | list | tuple) and any(part is ... for part in parts)


def _without_unit(answer):
    """ "4.83 mm" -> (4.83, "mm"); anything else is its own answer, without a unit."""
    number = r"\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(\D*)"
    match = re.fullmatch(number, answer) if isinstance(answer, str) else None
    return (float(match[1]), match[2].strip()) if match else (answer, "")


def _misfit(answer, accepted) -> str:
    """What kind of thing was expected, when the answer is another kind; else nothing."""
    if isinstance(accepted, str):
        if not _is_text(answer):
            return "Expected text, in quotes. "
        a_side = accepted in _SIDES and _plain(answer) not in _SIDES
        return "Expected one word for the side, such as 'left', 'front' or 'top'. " * a_side
    if isinstance(accepted, bool | np.bool_):
        return "" if isinstance(answer, bool | np.bool_) else "Expected True or False. "
    if isinstance(accepted, Set):
        return _misfit_of_names(answer)
    if isinstance(accepted, Mapping):
        if not isinstance(answer, Mapping) or answer.keys() != accepted.keys():
            return f"Expected a dictionary with the keys {_listed(map(repr, accepted))}. "
        parts = ((key, _misfit(answer[key], accepted[key])) for key in accepted)
        return next((f"{key!r}: {misfit}" for key, misfit in parts if misfit), "")
    asked, given = (len(x) if hasattr(x, "__len__") else 1 for x in (accepted, answer))
    if _is_text(answer):
        return f"Expected {'a number' if asked == 1 else f'{asked} values'}, got text. "
    return "" if asked == given else f"Expected {counted(asked, 'value')}, got {given}. "


def _misfit_of_names(answer) -> str:
    """The same where a set of file names was expected; how many there are is not said."""
    if _is_text(answer) or not hasattr(answer, "__iter__"):
        return 'Expected a set of file names, such as {"a.dcm", "b.dcm"}. '
    if all(isinstance(name, str) and not re.search(r"[/\\]", name) for name in answer):
        return ""
    return "Expected names without folders, as text: path.name. "


def _half_right(answer, accepted, within) -> str:
    """Which parts are not right yet, where others are; nothing is said of the parts of a point."""
    if isinstance(accepted, Mapping):
        pairs = [(repr(key), answer[key], accepted[key]) for key in accepted]
    elif isinstance(accepted, tuple):
        numbers = (f"value {n}" for n in range(1, len(accepted) + 1))
        pairs = list(zip(numbers, answer, accepted, strict=True))
    else:
        return ""
    wrong = [name for name, given, right in pairs if not same(given, right, within)]
    return f"Not right yet: {_listed(wrong)}. " if len(wrong) < len(pairs) else ""


def _listed(words) -> str:
    """ "a, b and c" """
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
