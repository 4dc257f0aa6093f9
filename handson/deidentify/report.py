"""What a run did: every input accounted for, every change by rule, no original value.

Inputs are named by number (their place in sorted order), since a file name can be a patient's name; in
Python the entries of the run at hand also know their path. Written as JSON and as a page to read. This
module knows no data set.
"""

import html
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .profile import EDITION

DONE, REFUSED, ASIDE, OTHER, DIRECTORY = (
    "done",
    "refused",
    "set aside",
    "not an image",
    "directory",
)

MEANING = {
    "anonymize": (
        "The identifiers were made with a random key that no longer exists: nobody can compute them again, and two"
        " runs differ. Whether the result is anonymous in the sense of recital 26 of the GDPR is another question:"
        " whoever holds the originals can find a patient again by comparing pixels, and an image can itself be"
        " unusual enough to tell. As long as anyone reasonably likely to do so can, the data remain personal data."
    ),
    "pseudonymize": (
        "The result is pseudonymised, not anonymous (GDPR article 4(5), recital 26): with the look-up store and its"
        " passphrase every patient can be found again. It remains personal data. Keep the store apart from it."
    ),
}
LIMITS = (
    "This is teaching code, not a certified product. It cannot see text inside pixels that no header announces, nor"
    " recognise a face or a rare finding, nor know a name in free text that the file states nowhere else. Look at"
    " the images and read the text that stayed before you give them away."
)


@dataclass(slots=True)
class Entry:
    """One input. `source` is in memory only, never written."""

    number: int
    status: str
    reason: str
    output: str
    source: Path = field(repr=False)
    change_set: int = -1


class Report:
    """The account of one run.

    entries : list of Entry, one per input, in order
    rules : Counter of (element, letter of the rule, what was done) over all files
    notes : what the reader should look at
    """

    def __init__(self, mode: str, options, dates: str):
        self.mode = mode
        self.options = sorted(options)
        self.dates = dates
        self.entries: list[Entry] = []
        self.rules: Counter = Counter()
        self.notes: list[str] = []
        self._sets: dict[frozenset, int] = {}

    def add(self, entry: Entry, changes: Counter) -> None:
        """Account for one input and its changes."""
        self.rules.update(changes)
        if changes:
            key = frozenset(changes)
            entry.change_set = self._sets.setdefault(key, len(self._sets))
        self.entries.append(entry)

    @property
    def counts(self) -> dict[str, int]:
        """How many inputs had each status."""
        return dict(Counter(entry.status for entry in self.entries))

    @property
    def refused(self) -> list[Entry]:
        """The inputs that were not de-identified because that would not have been safe."""
        return [entry for entry in self.entries if entry.status == REFUSED]

    def to_dict(self) -> dict:
        """Everything that may be written: no original value, no name of an input."""
        return {
            "made_by": f"handson {_version()}",
            "date": date.today().isoformat(),
            "mode": self.mode,
            "profile": f"PS3.15 Table E.1-1, {EDITION}, Basic Application Level Confidentiality Profile",
            "options": self.options,
            "dates": self.dates,
            "meaning": MEANING[self.mode],
            "limits": LIMITS,
            "notes": self.notes,
            "counts": self.counts,
            "rules": [
                {"element": path, "rule": letter, "done": what, "times": times}
                for (path, letter, what), times in sorted(self.rules.items())
            ],
            "change_sets": [sorted(map(list, changes)) for changes in self._sets],
            "inputs": [
                {
                    "number": entry.number,
                    "status": entry.status,
                    "reason": entry.reason,
                    "output": entry.output,
                    "change_set": entry.change_set if entry.change_set >= 0 else None,
                }
                for entry in self.entries
            ],
        }

    def write(self, folder: Path) -> None:
        """Write `deidentification.json` and `deidentification.html` into a folder."""
        content = self.to_dict()
        (folder / "deidentification.json").write_text(
            json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        (folder / "deidentification.html").write_text(_page(content), encoding="utf-8")

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {status}" for status, number in self.counts.items())
        return f"{self.mode}: {counts or 'nothing found'}"

    def __repr__(self) -> str:
        return f"<Report {self}>"

    def _repr_html_(self) -> str:
        return _body(self.to_dict(), most=50)


def _version() -> str:
    try:
        return version("handson-imaging")
    except PackageNotFoundError:
        return "(not installed)"


def _table(heads, rows) -> str:
    head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _body(content: dict, most: int | None = None) -> str:
    rules, inputs = content["rules"], content["inputs"]
    counts = ", ".join(f"{number} {status}" for status, number in content["counts"].items())
    pieces = [
        f"<p><b>{html.escape(content['mode'])}</b>: {html.escape(counts)}. Dates: {content['dates'].lower()}."
        f" Options: {', '.join(content['options']) or 'none'}. Made by {html.escape(content['made_by'])} on {content['date']}.</p>",
        f"<p>{html.escape(content['meaning'])}</p><p>{html.escape(content['limits'])}</p>",
        *(f"<p>{html.escape(note)}</p>" for note in content["notes"]),
        "<h2>Inputs</h2>",
        _table(
            ("number", "status", "reason", "output"),
            [(e["number"], e["status"], e["reason"], e["output"]) for e in inputs[:most]],
        ),
        "<h2>Elements</h2>",
        _table(
            ("element", "rule", "done", "times"),
            [(r["element"], r["rule"], r["done"], r["times"]) for r in rules[:most]],
        ),
    ]
    hidden = 0 if most is None else max(len(rules) - most, 0) + max(len(inputs) - most, 0)
    return "".join(pieces) + (f"<p>{hidden} more rows in the written report.</p>" if hidden else "")


def _page(content: dict) -> str:
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>De-identification report</title>"
        "<style>body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.2em .6em;"
        "text-align:left;overflow-wrap:anywhere}</style><h1>De-identification report</h1>"
        f"{_body(content)}</html>"
    )
