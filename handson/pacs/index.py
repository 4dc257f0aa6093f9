"""The catalogue of the archive: one row per instance, one answer per entity at the level of a query.

PS3.4 C.4.1.3.1.1 asks for one response per patient, study, series or image that matches. A row per
instance is not such an entity, so rows are grouped by the unique key of the level.
"""

import sqlite3
from pathlib import Path
from threading import RLock

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from .matching import matches

LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
UNIQUE = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
KEYS = {
    "PATIENT": ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    "STUDY": (
        *("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"),
        *("StudyDescription", "ReferringPhysicianName"),
    ),
    "SERIES": (
        *("SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription"),
        *("SeriesDate", "SeriesTime", "BodyPartExamined", "ProtocolName"),
    ),
    "IMAGE": (
        *("SOPInstanceUID", "SOPClassUID", "InstanceNumber", "ContentDate", "ContentTime"),
        *("Rows", "Columns", "NumberOfFrames"),
    ),
}
STORED = tuple(keyword for level in LEVELS for keyword in KEYS[level])
GATHERED = {  # keyword -> (level it belongs to, SQL over the instances of one entity)
    "ModalitiesInStudy": ("STUDY", "group_concat(DISTINCT Modality)"),
    "SOPClassesInStudy": ("STUDY", "group_concat(DISTINCT SOPClassUID)"),
    "NumberOfPatientRelatedStudies": ("PATIENT", "count(DISTINCT StudyInstanceUID)"),
    "NumberOfPatientRelatedSeries": ("PATIENT", "count(DISTINCT SeriesInstanceUID)"),
    "NumberOfPatientRelatedInstances": ("PATIENT", "count(*)"),
    "NumberOfStudyRelatedSeries": ("STUDY", "count(DISTINCT SeriesInstanceUID)"),
    "NumberOfStudyRelatedInstances": ("STUDY", "count(*)"),
    "NumberOfSeriesRelatedInstances": ("SERIES", "count(*)"),
}
MATCHED = {"ModalitiesInStudy": "Modality", "SOPClassesInStudy": "SOPClassUID"}


class BadQuery(Exception):
    """Identifier does not match SOP Class: the DIMSE answer is 0xA900 (PS3.4 C.4.1.1.4)."""


class Index:
    """In memory, rebuilt from the files when the archive starts; safe for many threads."""

    def __init__(self):
        self._lock = RLock()
        self._rows = sqlite3.connect(":memory:", check_same_thread=False)
        self._rows.create_function("matches", 3, matches, deterministic=True)
        columns = ", ".join(f"{keyword} TEXT NOT NULL" for keyword in STORED)
        self._rows.execute(f"CREATE TABLE instance ({columns}, path TEXT NOT NULL)")
        for keyword in UNIQUE.values():
            unique = "UNIQUE" if keyword == "SOPInstanceUID" else ""
            self._rows.execute(f"CREATE {unique} INDEX by_{keyword} ON instance ({keyword})")

    def add(self, header: Dataset, path: Path) -> None:
        """Take a stored instance into the catalogue; a second one of the same UID is ignored."""
        values = [text_of(header, keyword) for keyword in STORED]
        marks = ", ".join("?" * (len(STORED) + 1))
        with self._lock:
            self._rows.execute(
                f"INSERT OR IGNORE INTO instance VALUES ({marks})", [*values, str(path)]
            )

    def __len__(self):
        with self._lock:
            return self._rows.execute("SELECT count(*) FROM instance").fetchone()[0]

    def close(self) -> None:
        with self._lock:
            self._rows.close()

    def find(
        self, level: str, query: Dataset, root: str = "STUDY", relational: bool = False
    ) -> list[Dataset]:
        """One data set per matching entity, with the elements that the query names.

        level : "PATIENT", "STUDY", "SERIES" or "IMAGE"
        query : the identifier; keys that are not of this level or above match nothing and are ignored
        root : "PATIENT" or "STUDY", the information model
        relational : a query may leave the unique keys of the levels above out (DICOMweb, PS3.18)
        """
        where, parameters = self._conditions(level, query, root, relational)
        asked = [keyword for keyword in map(keyword_of, query) if keyword]
        unique = UNIQUE[level]
        known = [k for k in asked if k in STORED and k in _allowed(level)]
        columns = ", ".join([unique, *known])
        order = f"SELECT {columns}, min(rowid) FROM instance WHERE {where} GROUP BY {unique} ORDER BY min(rowid)"
        with self._lock:
            rows = self._rows.execute(order, parameters).fetchall()
            return [
                self._answer(level, asked, dict(zip(known, row[1:], strict=False)), row[0])
                for row in rows
            ]

    def _answer(self, level, asked, found, entity):
        answer = Dataset()
        for keyword in dict.fromkeys([*asked, UNIQUE[level]]):
            if keyword in GATHERED and LEVELS.index(GATHERED[keyword][0]) <= LEVELS.index(level):
                found[keyword] = self._gathered(keyword, level, entity)
            if keyword in ("QueryRetrieveLevel", "SpecificCharacterSet"):
                continue
            value = entity if keyword == UNIQUE[level] else found.get(keyword, "")
            set_text(answer, keyword, value)
        if any(not str(element.value).isascii() for element in answer):
            answer.SpecificCharacterSet = "ISO_IR 192"
        return answer

    def _gathered(self, keyword, level, entity):
        owner, sql = GATHERED[keyword]
        inner = f"SELECT {UNIQUE[owner]} FROM instance WHERE {UNIQUE[level]} = ?"
        statement = f"SELECT {sql} FROM instance WHERE {UNIQUE[owner]} IN ({inner})"
        value = self._rows.execute(statement, [entity]).fetchone()[0]
        return str(value).replace(",", "\\")

    def paths(self, level: str, query: Dataset, root: str = "STUDY") -> list[Path]:
        """Files of the entities that the unique keys of a C-GET or C-MOVE name (PS3.4 C.4.2.2.1)."""
        keys = Dataset()
        for above in levels_of(root)[: levels_of(root).index(level) + 1]:
            if UNIQUE[above] in query:
                keys[UNIQUE[above]] = query[UNIQUE[above]]
        if not text_of(keys, UNIQUE[level]):
            raise BadQuery(f"{UNIQUE[level]} is missing")
        where, parameters = self._conditions(level, keys, root, relational=False)
        with self._lock:
            rows = self._rows.execute(
                f"SELECT path FROM instance WHERE {where} ORDER BY rowid", parameters
            )
            return [Path(path) for (path,) in rows]

    def _conditions(self, level, query, root, relational):
        """SQL and its parameters; refuses a query without the unique keys above its level."""
        if level not in levels_of(root):
            raise BadQuery(f"{level!r} is not a level of this model")
        where, parameters = ["1"], []
        above = levels_of(root)[: levels_of(root).index(level)]
        for keyword in () if relational else (UNIQUE[one] for one in above):
            value = text_of(query, keyword)
            if not value or "\\" in value or "*" in value or "?" in value:
                raise BadQuery(f"a query at level {level} needs one {keyword}")
        for element in query:
            keyword = keyword_of(element)
            key = text_of(query, keyword) if keyword else ""
            if not key:
                continue
            if keyword in _allowed(level):
                where.append(f"matches('{dictionary_VR(keyword)}', ?, {keyword})")
                parameters.append(key)
            elif keyword in MATCHED and level != "PATIENT":
                column = MATCHED[keyword]
                where.append(
                    "StudyInstanceUID IN (SELECT StudyInstanceUID FROM instance WHERE"
                    f" matches('{dictionary_VR(column)}', ?, {column}))"
                )
                parameters.append(key)
        return " AND ".join(where), parameters


def levels_of(root: str) -> tuple[str, ...]:
    """Of the Patient Root or the Study Root model; the latter knows patients as part of studies."""
    return LEVELS if root == "PATIENT" else LEVELS[1:]


def _allowed(level):
    """Keys that can match at a level: its own and those above."""
    return {keyword for one in LEVELS[: LEVELS.index(level) + 1] for keyword in KEYS[one]}


def keyword_of(element: DataElement) -> str:
    return keyword_for_tag(element.tag)


def text_of(dataset: Dataset, keyword: str) -> str:
    """An element's value as DICOM writes it, "" when absent."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return str(value)
    if hasattr(value, "components"):  # a PersonName
        return str(value)
    return "\\".join(str(part) for part in value)


def set_text(dataset: Dataset, keyword: str, value: str) -> None:
    """The opposite of `text_of`; a number becomes one."""
    vr = dictionary_VR(keyword)
    if vr in ("US", "UL"):
        setattr(dataset, keyword, int(value) if value else None)
    elif vr == "SQ":
        setattr(dataset, keyword, [])
    else:
        setattr(
            dataset,
            keyword,
            value
            if vr in ("PN", "LT", "ST", "UT")
            else value.split("\\")
            if "\\" in value
            else value,
        )
