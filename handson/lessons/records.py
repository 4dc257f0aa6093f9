"""`progress()`: what a learner has solved and which known mistakes they met, if they want it kept.

Nothing is kept until `progress(True)`. Then each `check` adds one line to `progress.jsonl` beside the
notebooks: the exercise, the kind of verdict, the name of a known mistake, the time. No answer, no path
and no name of a user or a machine is ever written. It is a help, not a mark: anybody can edit the file.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from ..errors import HandsonError
from .still import html_table

FILE = "progress.jsonl"
KINDS = ("correct", "mistake", "wrong")
FORMAT = "handson progress 1"


@dataclass(frozen=True)
class Progress:
    """One learner's exercises.

    tried : exercise -> number of answers
    solved : the exercises that were answered right, at any time
    mistakes : (exercise, name of the mistake) -> how often
    name : what the learner typed for `export`, "" in a notebook
    """

    tried: dict[str, int]
    solved: frozenset[str]
    mistakes: dict[tuple[str, str], int]
    name: str = ""

    def __repr__(self) -> str:
        lines = [" | ".join(row) for row in self._rows()]
        return "\n".join(lines) if lines else "Nothing answered yet."

    def _repr_html_(self) -> str:
        if not self.tried:
            return "<p>Nothing answered yet.</p>"
        heads = ("exercise", "state", "answers", "known mistakes met")
        return html_table("Progress", heads, self._rows())

    def _rows(self) -> list[tuple[str, str, str, str]]:
        rows = []
        for exercise, count in sorted(self.tried.items()):
            met = [name for (where, name) in self.mistakes if where == exercise]
            state = "solved" if exercise in self.solved else "open"
            rows.append((exercise, state, str(count), "; ".join(sorted(met))))
        return rows

    def export(self, path: str | Path, name: str = "") -> Path:
        """Write a small file that a teacher can collect.

        path : a new file
        name : put into it as it is typed; "" for none
        returns : path
        raises : HandsonError when the file exists
        """
        path = Path(path)
        content = {
            "format": FORMAT,
            "name": name,
            "tried": self.tried,
            "solved": sorted(self.solved),
            "mistakes": [[*key, count] for key, count in sorted(self.mistakes.items())],
        }
        try:
            with path.open("x", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
        except FileExistsError:
            raise HandsonError("exists already", "Choose another name.", path=path) from None
        return path


def progress(keep: bool | None = None) -> Progress:
    """What has been solved, as one table.

    keep : True begins to keep a record, False deletes it, None only shows it
    returns : `Progress`, which `.export(path)` writes for a teacher
    """
    file = Path(FILE)
    if keep:
        file.touch()
    elif keep is False:
        file.unlink(missing_ok=True)
    return _summed(_lines(file))


def record(exercise: str, kind: str, mistake: str) -> None:
    """Add a verdict to the record, if the learner keeps one. A full disk must not spoil a lesson."""
    file = Path(FILE)
    if kind not in KINDS or not file.is_file():
        return
    line = {
        "id": exercise,
        "kind": kind,
        "mistake": mistake,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
    except OSError:
        pass


def _lines(file: Path) -> Iterable[dict]:
    """The lines that can be read; one that was cut short is passed over."""
    try:
        texts = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and line.get("kind") in KINDS and isinstance(line.get("id"), str):
            yield line


def _summed(lines: Iterable[dict]) -> Progress:
    tried: Counter[str] = Counter()
    mistakes: Counter[tuple[str, str]] = Counter()
    solved = set()
    for line in lines:
        tried[line["id"]] += 1
        if line["kind"] == "correct":
            solved.add(line["id"])
        if name := line.get("mistake"):
            mistakes[line["id"], str(name)] += 1
    return Progress(dict(tried), frozenset(solved), dict(mistakes))


def read_export(path: str | Path) -> Progress:
    """Read a file that `Progress.export` wrote.

    raises : HandsonError when it is something else
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        return Progress(
            {str(key): int(value) for key, value in content["tried"].items()},
            frozenset(map(str, content["solved"])),
            {(str(a), str(b)): int(n) for a, b, n in content["mistakes"]},
            str(content["name"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise HandsonError(
            "is not a progress file", "Ask for one made by progress().export(...).", path=path
        ) from None


@dataclass(frozen=True)
class Class:
    """The exercises of a class, summed up. It counts learners, not answers.

    learners : number of files
    solved, tried : exercise -> number of learners
    mistakes : (exercise, name of the mistake) -> number of learners
    """

    learners: int
    solved: dict[str, int]
    tried: dict[str, int]
    mistakes: dict[tuple[str, str], int]

    def __repr__(self) -> str:
        lines = [f"{self.learners} learners"]
        for exercise in sorted(self.tried):
            lines.append(
                f"{exercise}: solved by {self.solved.get(exercise, 0)} of {self.tried[exercise]} who tried"
            )
            met = {name: n for (where, name), n in self.mistakes.items() if where == exercise}
            lines += [
                f"    {n} met: {name}" for name, n in sorted(met.items(), key=lambda m: -m[1])
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def summed_up(exports: Iterable[Progress]) -> Class:
    """Sum up the exported files of a class.

    exports : what `read_export` returns, one for each learner
    """
    exports = list(exports)
    return Class(
        len(exports),
        dict(Counter(exercise for one in exports for exercise in one.solved)),
        dict(Counter(exercise for one in exports for exercise in one.tried)),
        dict(Counter(key for one in exports for key in one.mistakes)),
    )
