"""The first bytes of a DICOM or NIfTI file, each coloured by the field it belongs to.

pydicom and `handson.header_bytes` say where a field lies and what it holds; this module only puts
their answer beside the bytes. Nothing is parsed here.
"""

import gzip
from dataclasses import asdict, dataclass
from html import escape
from itertools import groupby
from pathlib import Path

import anywidget
import pydicom
import traitlets
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.filereader import data_element_generator

from ..errors import ReadError, counted
from ..nifti import header_bytes
from .still import Still, labels, script

_HERE = Path(__file__).parent
_LABELS = labels("byte_explorer")
_EXPLICIT_LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
_PER_ROW = 16
# Pale enough for black text on each; neighbours differ, and the name stands beside them in words.
COLOURS = ("#9bd3f5", "#f6cf80", "#8fdcc0", "#f3efa0", "#f2b48a", "#e0b3d1")


@dataclass(frozen=True)
class ByteField:
    """Bytes start <= n < stop of the file: what they are and what they say."""

    start: int
    stop: int
    name: str
    says: str


def byte_fields(path: Path) -> list[ByteField]:
    """Where each field of the header lies, in the order of the file.

    path : DICOM file with a preamble, or NIfTI, packed by gzip or not
    raises `ReadError` for anything else
    """
    if _raw(path)[128:132] == b"DICM":
        return _dicom_fields(path)
    return [
        ByteField(field.offset, field.offset + field.size, field.name, field.text)
        for field in header_bytes(path)
    ]


def _raw(path) -> bytes:
    try:
        raw = Path(path).read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError) as error:
        raise ReadError(f"cannot be read ({error})", "Check the path.", path=path) from None


def _dicom_fields(path) -> list[ByteField]:
    """Preamble, prefix, then tag, VR, length and value of every top-level element (PS3.5 7.1)."""
    fields = [
        ByteField(0, 128, "preamble", "128 bytes, free for any use"),
        ByteField(128, 132, "prefix", "DICM"),
    ]
    syntax = pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID
    with open(path, "rb") as file:
        file.seek(132)
        for element in data_element_generator(file, False, True, lambda tag, *_: tag.group != 2):
            fields += _element_fields(element)
        if syntax.is_deflated:
            return fields
        body = data_element_generator(file, syntax.is_implicit_VR, syntax.is_little_endian)
        for element in body:
            fields += _element_fields(element)
    return fields


def _element_fields(element) -> list[ByteField]:
    if not isinstance(element, RawDataElement):  # a sequence: pydicom keeps no offsets in it
        return []
    tag, start, stop = element.tag, element.value_tell, element.value_tell + element.length
    name = keyword_for_tag(tag) or str(tag)
    if element.is_implicit_VR:
        at = start - 8
        head = [ByteField(at + 4, start, f"{name}: length", counted(element.length, "byte"))]
    else:
        at = start - (12 if element.VR in _EXPLICIT_LONG else 8)
        head = [
            ByteField(at + 4, at + 6, f"{name}: VR", str(element.VR)),
            ByteField(at + 6, start, f"{name}: length", counted(element.length, "byte")),
        ]
    value = convert_raw_data_element(element).value
    says = counted(len(value), "byte") if isinstance(value, bytes) else str(value)
    return [
        ByteField(at, at + 4, f"{name}: tag", str(tag)),
        *head,
        *([ByteField(start, stop, f"{name}: value", says)] if element.length else []),
    ]


class ByteExplorer(Still, anywidget.AnyWidget):
    """Walk through the first bytes of a file; the field at the slider is named, decoded and framed.

    path : DICOM file with a preamble, or NIfTI
    length : how many bytes to show
    offset : the byte the slider stands on
    """

    _esm = script("byte_explorer")
    _css = _HERE / "lessons.css"
    title = traitlets.Unicode().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)
    fields: traitlets.List = traitlets.List().tag(sync=True)
    offset = traitlets.Int().tag(sync=True)
    labels = traitlets.Dict(_LABELS).tag(sync=True)

    def __init__(self, path, length=384, offset=0):
        shown = [asdict(field) for field in byte_fields(path) if field.start < length]
        super().__init__(
            title=_LABELS["title"].format(length=length, name=Path(path).name),
            data=_raw(path)[:length],
            fields=shown,
            offset=offset,
        )

    @traitlets.validate("offset")
    def _inside(self, proposal):
        return min(max(proposal["value"], 0), max(len(self.data) - 1, 0))

    @property
    def field(self) -> ByteField | None:
        """The field that `offset` lies in; None in bytes that no field claims."""
        number = self._owner(self.offset)
        return None if number < 0 else ByteField(**self.fields[number])

    def _owner(self, n) -> int:
        spans = enumerate(self.fields)
        return next((i for i, f in spans if f["start"] <= n < f["stop"]), -1)

    def still_text(self) -> str:
        lines = [f"{f['start']:5d}  {f['name']}: {f['says']}" for f in self.fields]
        return "\n".join([self.title, *lines])

    def still_html(self) -> str:
        rows = (self._row(at) for at in range(0, len(self.data), _PER_ROW))
        return (
            f"<figure><figcaption>{escape(self.title)}</figcaption><pre>"
            + "\n".join(rows)
            + "</pre></figure>"
        )

    def _row(self, at) -> str:
        """Sixteen bytes, those of one field together on its colour."""
        parts = []
        for owner, group in groupby(range(at, min(at + _PER_ROW, len(self.data))), self._owner):
            text = " ".join(f"{self.data[n]:02x}" for n in group)
            if owner >= 0:
                field = self.fields[owner]
                title = escape(f"{field['name']}: {field['says']}", quote=True)
                colour = COLOURS[owner % len(COLOURS)]
                text = f'<span style="background-color: {colour}; color: #000" title="{title}">{text}</span>'
            parts.append(text)
        return f"{at:5d}  " + " ".join(parts)
