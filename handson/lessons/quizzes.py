"""`quiz("03")`: a few questions with an answer to every option, right or wrong, the moment it is chosen.

The questions live in the lesson's module (`lesson_03.QUIZ`). A quiz is an ordinary ipywidgets box;
where no kernel is (GitHub, a printed page) its HTML shows the questions, and the answers folded.
"""

from dataclasses import dataclass
from html import escape

import anywidget
import ipywidgets as widgets
import traitlets

from .checks import lesson
from .still import Still, script


@dataclass(frozen=True)
class Option:
    """One choice, and the answer that a learner gets who takes it."""

    text: str
    says: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """asks : the question; options : one of them right, in the order they are shown."""

    asks: str
    options: tuple[Option, ...]

    @property
    def right(self) -> int:
        return next(i for i, option in enumerate(self.options) if option.right)


_STYLE = """<style>
.handson-quiz .widget-radio-box label { height: auto; white-space: normal; line-height: 1.4;
  padding: 3px 0; font-size: inherit; }
.handson-quiz .widget-radio, .handson-quiz .widget-radio-box { width: auto; height: auto; }
.handson-quiz { max-width: 52em; }
.handson-quiz .widget-html-content { line-height: 1.4; }
</style>"""


class _Keys(anywidget.AnyWidget):
    """Nothing to see: it keeps the arrow keys inside the quiz for the quiz."""

    _esm = script("quiz_keys")


class Quiz(Still, widgets.VBox):
    """Questions to be answered by mouse or by Tab and arrow keys.

    chosen : list, index of the option taken per question, None where none is yet
    """

    chosen: traitlets.List = traitlets.List()

    def __init__(self, title: str, questions: tuple[Question, ...]):
        self.title, self.questions = title, questions
        self._radios = [
            widgets.RadioButtons(
                options=[(option.text, i) for i, option in enumerate(question.options)],
                value=None,
            )
            for question in questions
        ]
        self._feedback = [widgets.HTML() for _ in questions]
        self._total = widgets.HTML()
        rows = [widgets.HTML(_STYLE + f"<b>{escape(title)}</b>")]
        for number, question in enumerate(questions):
            heading = widgets.HTML(f"<b>{number + 1}.</b> {escape(question.asks)}")
            rows += [heading, self._radios[number], self._feedback[number]]
            self._radios[number].observe(self._choose, names="value")
        super().__init__([*rows, self._total, _Keys()], chosen=[None] * len(questions))
        self.add_class("handson-quiz")

    @property
    def score(self) -> int:
        """How many questions are answered right."""
        return sum(c == q.right for c, q in zip(self.chosen, self.questions, strict=True))

    def _choose(self, change):
        self.chosen = [radio.value for radio in self._radios]

    @traitlets.observe("chosen")
    def _answer(self, change):
        for question, index, radio, line in zip(
            self.questions, self.chosen, self._radios, self._feedback, strict=True
        ):
            radio.value = index
            line.value = "" if index is None else _feedback(question.options[index])
        self._total.value = f'<div role="status">{self.score} of {len(self.questions)} right.</div>'

    def still_text(self) -> str:
        lines = [self.title]
        for number, question in enumerate(self.questions, 1):
            lines.append(f"{number}. {question.asks}")
            lines += [f"   - {option.text}" for option in question.options]
        return "\n".join(lines)

    def still_html(self) -> str:
        items = "".join(
            f"<li>{escape(question.asks)}<ul>"
            + "".join(f"<li>{escape(option.text)}</li>" for option in question.options)
            + "</ul><details><summary>Answer</summary><ul>"
            + "".join(
                f"<li>{escape(option.text)} {_feedback(option)}</li>" for option in question.options
            )
            + "</ul></details></li>"
            for question in self.questions
        )
        return f"<b>{escape(self.title)}</b><ol>{items}</ol>"


def quiz(number: str) -> Quiz:
    """The questions of lesson `number` ("03"); put it last in a cell to show it."""
    questions = lesson(number).QUIZ
    return Quiz(f"Quiz {number}: {len(questions)} questions", questions)


def _feedback(option: Option) -> str:
    mark = "Right." if option.right else "No."
    return f'<span role="status"><b>{mark}</b> {escape(option.says)}</span>'
