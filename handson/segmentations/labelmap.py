"""NIfTI label maps: whole numbers that name regions, and the table of names some programs put into the header.

NIfTI has no standard place for names. Connectome Workbench and TotalSegmentator write a `LabelTable` in XML into
a header extension; BIDS puts a .tsv file beside the image. Both are read, the first is written.
"""

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import nibabel as nib
import numpy as np

from ..errors import GeometryError, ReadError
from ..nifti import SUFFIXES, read_nifti
from ..volume import Volume
from .grids import carry, check_placed
from .segment import Segment, Segmentation

CARET = 30  # nifti1.h: NIFTI_ECODE_CARET, XML
_MOST_LABELS = 65535


def read_label_map(path: Path, grid: Volume | None, resample: bool) -> Segmentation:
    """Each number above 0 as a segment, with name and colour where a table states them."""
    volume = read_nifti(path)
    labels = _whole_numbers(volume, path)
    notes = list(volume.notes)
    table = label_table(path)
    if grid is not None:
        check_placed(labels, "the label map")
        labels = _onto(labels, grid, resample, path)
    present = [int(n) for n in np.unique(labels.data) if n > 0]
    if len(present) > _MOST_LABELS:
        raise ReadError(
            f"holds {len(present)} numbers, so it is not a label map", "Use read_nifti.", path=path
        )
    if not table:
        notes.append("The file states no names: a NIfTI file has no standard place for them.")
    absent = [table[n][0] or str(n) for n in sorted(table) if n not in present]
    if absent:
        more = ", ..." if len(absent) > 5 else ""
        notes.append(f"{len(absent)} named without a voxel: {', '.join(absent[:5])}{more}.")
    return Segmentation(
        (
            Segment(
                n,
                table.get(n, ("", None))[0],
                _masked(labels, n),
                colour=table.get(n, ("", None))[1],
            )
            for n in sorted({*present, *table})
        ),
        notes,
    )


def _masked(labels, number):
    return lambda: replace(labels, data=labels.data == number, window=None, notes=())


def _whole_numbers(volume, path) -> Volume:
    data = volume.data
    if volume.rgb or volume.n_volumes > 1:
        raise ReadError(
            "is not one volume of labels: it has a fourth axis or colours",
            "Read one volume: read_nifti(path, volumes=0).",
            path=path,
        )
    if data.dtype.kind == "f":
        whole = np.isfinite(data).all() and np.array_equal(data, np.rint(data))
        if not whole:
            raise ReadError(
                "holds values between whole numbers: a map of shares, not of labels",
                "Read it with read_nifti and choose a threshold.",
                path=path,
            )
        data = data.astype(np.int64)
    if data.min() < 0:
        raise ReadError(
            f"holds the value {data.min()}, and labels start at 0", "Use read_nifti.", path=path
        )
    return replace(volume, data=data)


def _onto(labels, grid, resample, path) -> Volume:
    carried = carry(labels, grid, "the label map")
    if carried is not None:
        return carried
    if not resample:
        raise GeometryError(
            "lies on another grid than the image",
            "Pass the image that was segmented, read without like=, or say resample=True (nearest voxel).",
            path=path,
        )
    return labels.resample_like(grid, order=0, fill=0)


def label_table(path: Path) -> dict[int, tuple[str, tuple[int, int, int] | None]]:
    """{number: (name, colour)} from the header extension or a BIDS table beside the file; {} when silent."""
    header: Any = nib.load(path).header
    for extension in header.extensions:
        raw = extension.content
        if b"<LabelTable" in raw and b"<!DOCTYPE" not in raw and b"<!ENTITY" not in raw:
            return _from_xml(raw, path)
    name = Path(path).name
    stem = next(
        (
            name[: -len(s)]
            for s in sorted(SUFFIXES, key=len, reverse=True)
            if name.lower().endswith(s)
        ),
        name,
    )
    beside = Path(path).with_name(f"{stem}.tsv")
    return _from_tsv(beside) if beside.is_file() else {}


def _from_xml(raw, path) -> dict:
    try:
        root = ElementTree.fromstring(raw[raw.index(b"<") :].rstrip(b"\0 \n"))
        return {
            int(label.attrib["Key"]): ((label.text or "").strip(), _colour(label))
            for label in root.iter("Label")
            if int(label.attrib["Key"]) > 0
        }
    except (ElementTree.ParseError, KeyError, TypeError, ValueError):
        raise ReadError(
            "has a table of label names that cannot be read",
            "Remove the header extension, or ask for the file again.",
            path=path,
        ) from None


def _colour(label):
    shares = [label.get(channel) for channel in ("Red", "Green", "Blue")]
    return None if None in shares else tuple(round(float(share) * 255) for share in shares)


def _from_tsv(path) -> dict:
    """BIDS 1.9, derivatives: columns index, name and, if wanted, color as #rrggbb; another table says nothing."""
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if not rows or not {"index", "name"} <= rows[0].keys():
        return {}
    try:
        numbered = [(int(row["index"]), row) for row in rows]
    except (TypeError, ValueError):
        raise ReadError(
            "is a table of labels whose index is not a number", "Mend or move it.", path=path
        ) from None
    return {n: (row["name"] or "", _hex(row.get("color"))) for n, row in numbered if n > 0}


def _hex(colour):
    if not colour or not colour.startswith("#") or len(colour) != 7:
        return None
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def extension_of(segments: Iterable[Segment]) -> tuple[int, bytes]:
    """(code, content) of a header extension that names the labels, as Workbench and TotalSegmentator do."""
    lines = [
        f"<Label Key={quoteattr(str(s.number))}{_channels(s.colour)}>{escape(s.name)}</Label>"
        for s in segments
    ]
    table = "\n".join(["<LabelTable>", *lines, "</LabelTable>"])
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<CaretExtension><VolumeInformation Index="0">\n'
        f"{table}\n<VolumeType><![CDATA[Label]]></VolumeType></VolumeInformation></CaretExtension>"
    )
    return CARET, xml.encode("utf-8")


def _channels(colour) -> str:
    if colour is None:
        return ""
    shares = zip(("Red", "Green", "Blue"), colour, strict=True)
    return "".join(f' {name}="{c / 255:.6g}"' for name, c in shares) + ' Alpha="1"'
