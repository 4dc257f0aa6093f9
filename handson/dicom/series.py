"""`scan`: which image series a folder holds, from headers alone, and what stands in their way.

Every file is opened once, whatever its name, and is either a part of a series or listed with the
reason why not. No pixel is read here.
"""

import html
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

from pydicom.uid import VLWholeSlideMicroscopyImageStorage
from tqdm import tqdm

from .. import arguments
from ..errors import HandsonError, ReadError
from .arrange import Fault, Problem, Stack, arrange
from .directory import read_dicomdir
from .elements import text
from .evidence import contradictions
from .faults import IsDicomdir, NotAnImage, naming, without_warnings
from .file_frames import frames_of
from .frame import Frame
from .header import read_header
from .split import split


@dataclass(frozen=True)
class SeriesInfo:
    """One volume that can be read: a series, or the part of a series that stacks.

    id : unique in the table; the SeriesInstanceUID, with ":2" and so on when a series was split
    split : why the series was split, "" when it was not
    shape : (columns, rows, slices[, times])
    spacing : (column, row, slice) mm, None where no file states it; nan for a slice distance alone
    problems : sentences; `read_series` refuses while there are any
    """

    id: str
    series_uid: str
    split: str
    modality: str
    description: str
    files: tuple[Path, ...]
    shape: tuple[int, ...]
    spacing: tuple[float, float, float] | None
    problems: tuple[str, ...]
    number: int | None = None
    stack: Stack = field(repr=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class Skipped:
    """A file that belongs to no series; `damaged` when it was meant to be one."""

    path: Path
    reason: str
    damaged: bool


class SeriesTable:
    """The series of a folder: iterate over it, index it by number or id, or show it in a notebook."""

    def __init__(self, folder: Path, series: Iterable[SeriesInfo], skipped: Iterable[Skipped]):
        self.folder = folder
        self.series = tuple(series)
        self.skipped = tuple(skipped)

    def __iter__(self) -> Iterator[SeriesInfo]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, key: int | str) -> SeriesInfo:
        if isinstance(key, str):
            for info in self.series:
                if info.id == key:
                    return info
            raise KeyError(key)
        return self.series[key]

    def named(self, wanted: str) -> list[SeriesInfo]:
        """The series that a command means: an id, a SeriesInstanceUID, or the number in `handson scan`, from 1."""
        found = [s for s in self.series if wanted in (s.id, s.series_uid)]
        if not found and wanted.isdigit() and 0 < int(wanted) <= len(self.series):
            found = [self.series[int(wanted) - 1]]
        return found

    def rows(self, first: int = 0) -> list[tuple[str, ...]]:
        """The table as text, a row per series, numbered from `first`."""
        return [
            (
                str(i),
                "" if s.number is None else str(s.number),
                s.modality,
                s.description,
                " x ".join(map(str, s.shape)),
                _in_mm(s.spacing),
                str(len(s.files)),
                s.split,
                "; ".join(s.problems),
            )
            for i, s in enumerate(self.series, first)
        ]

    COLUMNS = (
        "",
        "number",
        "modality",
        "description",
        "shape",
        "spacing (mm)",
        "files",
        "split by",
        "problems",
    )

    def lines(self, first: int = 0) -> list[str]:
        """The same, columns aligned, under a line of headings."""
        table = [self.COLUMNS, *self.rows(first)]
        widths = [max(len(row[c]) for row in table) for c in range(len(self.COLUMNS))]
        return [
            "  ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]

    def others(self) -> str:
        """How many files belong to no series, in words; "" when none is."""
        count = len(self.skipped)
        return f"{count} other file{'s' if count > 1 else ''}" if count else ""

    def __repr__(self):
        return "\n".join(
            [*self.lines(), *([f"{self.others()}: see .skipped"] * bool(self.skipped))]
        )

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(c)}</th>" for c in self.COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(v)}</td>" for v in row) + "</tr>"
            for row in self.rows()
        )
        others = "".join(
            f"<li>{html.escape(str(s.path))}: {html.escape(s.reason)}</li>"
            for s in self.skipped[:200]
        )
        more = f"<details><summary>{self.others()}</summary><ul>{others}</ul></details>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more if self.skipped else ''}"


@arguments.checked(folder=arguments.path)
def scan(folder: str | PathLike[str]) -> SeriesTable:
    """List the image series of a folder, of any nesting and any file names.

    folder : folder, a single file, or a DICOMDIR, whose files are then read and the lost ones named
    returns : `SeriesTable` of `SeriesInfo`, in the order of their numbers; files that are not images
        are in `.skipped`, each with the reason
    raises : ReadError when the folder is missing, empty or closed
    """
    folder = Path(folder)
    if not folder.is_dir():
        return _scan_file(folder)
    paths, skipped = find_files(folder)
    if not paths and not skipped:
        raise ReadError("holds no files", "Pass the folder with the images.", path=folder)
    return scan_files(folder, paths, skipped)


def _scan_file(path: Path) -> SeriesTable:
    """One file; of a DICOMDIR, the files it names."""
    try:
        with without_warnings():
            read_header(path)
    except IsDicomdir:
        entries = list(read_dicomdir(path).walk())
        lost = [
            Skipped(e.path, "is named by the DICOMDIR and missing", True)
            for e in entries
            if e.path and e.missing
        ]
        return scan_files(path, [e.path for e in entries if e.path and not e.missing], lost)
    except NotAnImage:
        pass
    return scan_files(path, [path])


def scan_files(folder: Path, paths: Iterable[Path], skipped: Iterable[Skipped] = ()) -> SeriesTable:
    """The same for a list of files."""
    by_series, skipped = defaultdict(list), list(skipped)
    with without_warnings():
        for path in tqdm(list(paths), desc="reading headers", unit="file", delay=2, leave=False):
            try:
                header = read_header(path)
                _check_is_no_slide(header)
                found = frames_of(header)
            except HandsonError as error:
                skipped.append(Skipped(path, error.fault, not isinstance(error, NotAnImage)))
                continue
            by_series[found[0].file.series_uid].extend(found)
    infos = []
    for uid, group in by_series.items():
        try:
            with naming(group[0].file.path):
                infos += describe(uid, group)
        except HandsonError as error:
            skipped += [Skipped(path, error.fault, True) for path in _paths(group)]
    infos.sort(key=lambda s: (s.number is None, s.number or 0, s.series_uid, s.id))
    return SeriesTable(folder, infos, skipped)


def _check_is_no_slide(header) -> None:
    """Frames of a whole-slide image are tiles of one picture: stacked they would be nonsense."""
    with naming(header.path):
        kind = text(header.dataset, "SOPClassUID")
    if kind == VLWholeSlideMicroscopyImageStorage:
        raise NotAnImage(
            "holds the tiles of a whole-slide image, which are not slices of a volume",
            "Open one with read_slice(path, frame=n), the whole with wsidicom or QuPath.",
            path=header.path,
        )


def describe(uid: str, group: list[Frame]) -> list[SeriesInfo]:
    """The volumes of one series; of each patient and study apart where they share its UID by mistake."""
    owners = defaultdict(list)
    for frame in group:
        owners[frame.file.owner].append(frame)
    parts = [
        (", ".join(filter(None, (f"patient or study {n}" if len(owners) > 1 else "", why))), part)
        for n, owner in enumerate(sorted(owners), 1)
        for why, part in split(owners[owner])
    ]
    return [
        _info(uid if len(parts) == 1 else f"{uid}:{n}", why, _proven(arrange(part)), part)
        for n, (why, part) in enumerate(parts, 1)
    ]


def _proven(stack: Stack) -> Stack:
    """A stack in the order of a counter is believed only where no element of any header contradicts it."""
    if not (stack.by_counter and stack.placed):
        return stack
    names = contradictions(stack.volumes)
    if not names:
        return stack
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
    text = f"its volumes in the order of the {stack.order[-1]} number would mix values of {told}"
    return replace(stack, problems=(*stack.problems, Problem(Fault.REPEAT, text)))


def _info(id_, why, stack, part) -> SeriesInfo:
    first = stack.first
    rows, columns = first.traits.rows, first.traits.columns
    slices, times = stack.slices, len(stack.volumes)
    spacing = None
    if first.spacing:
        through = stack.spacing.typical if stack.spacing else first.depth
        spacing = (first.spacing[1], first.spacing[0], through or math.nan)
    return SeriesInfo(
        id=id_,
        series_uid=first.file.series_uid,
        split=why,
        modality=first.file.modality,
        description=first.file.description,
        files=_paths(part),
        shape=(columns, rows, slices) + ((times,) if times > 1 else ()),
        spacing=spacing,
        problems=tuple(p.text for p in stack.problems),
        number=first.file.number,
        stack=stack,
    )


def _in_mm(spacing) -> str:
    if spacing is None:
        return "not stated"
    return " x ".join("?" if math.isnan(x) else f"{x:.4g}" for x in spacing)


def _paths(group) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(frame.file.path for frame in group))


def find_files(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """Every file below a folder, links followed once; what cannot be entered is listed."""
    files: list[Path] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            real = os.path.realpath(here)
            if real in seen:
                continue
            seen.add(real)
            entries = sorted(os.scandir(here), key=lambda e: e.name)
        except OSError as error:
            reason = f"cannot be listed ({error.strerror})"
            if here == folder:
                raise ReadError(reason, "Check the name and the rights.", path=here) from None
            skipped.append(Skipped(here, reason, True))
            continue
        for entry in entries:
            path = Path(entry.path)
            try:
                (waiting if path.is_dir() else files).append(path)
            except OSError as error:  # a link to where nobody may go
                skipped.append(Skipped(path, f"cannot be reached ({error.strerror})", True))
    return _without_twins(files), skipped


def _without_twins(files) -> list[Path]:
    """Links to files that are listed anyway do not count as second copies."""
    links = [path for path in files if path.is_symlink()]
    if not links:
        return files
    plain = {os.path.realpath(path) for path in files if not path.is_symlink()}
    twins = {path for path in links if os.path.realpath(path) in plain}
    return [path for path in files if path not in twins]
