"""The bytes of a file's header, each coloured by the field it belongs to: DICOM and NIfTI-1.

pydicom and nibabel say where each field lies and what it holds; this module only puts their answer
beside the bytes. Nothing is parsed here.
"""

import gzip
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import anywidget
import pydicom
import traitlets
from nibabel.nifti1 import Nifti1Header
from pydicom.datadict import dictionary_VR, keyword_for_tag

from ..errors import ReadError

_HERE = Path(__file__).parent
# Okabe-Ito hues at a strength that keeps black text readable; the name stands beside each as well.
_COLOURS = ("#9bd3f5", "#f6cf80", "#8fdcc0", "#f3efa0", "#f2b48a", "#e0b3d1")
_LONG_VRS = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")


@dataclass(frozen=True)
class ByteField:
    """Bytes start <= n < stop of the file: what they are and what they say."""

    start: int
    stop: int
    name: str
    says: str


def byte_fields(path) -> list[ByteField]:
    """Where each field of the header lies, in the order of the file.

    path : DICOM file, or NIfTI-1 (.nii, .hdr, .gz of either)
    raises ReadError for any other format
    """
    raw = _raw(path)
    if raw[344:347] in (b"n+1", b"ni1"):
        return _nifti_fields(raw)
    if raw[128:132] == b"DICM":
        return _dicom_fields(path)
    raise ReadError(
        "is neither a DICOM file with a preamble nor NIfTI-1",
        "Byte 128 would read DICM, or byte 344 n+1 or ni1.",
        path=path,
    )


def _raw(path) -> bytes:
    try:
        raw = Path(path).read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except OSError as error:
        raise ReadError(f"cannot be read ({error})", "Check the path.", path=path) from None


def _nifti_fields(raw) -> list[ByteField]:
    swapped = int.from_bytes(raw[:4], "little") != 348
    header = Nifti1Header(raw[:348], endianness=">" if swapped else "<", check=False)
    fields = []
    for name, (dtype, start) in header.template_dtype.fields.items():
        value = header.structarr[name]
        text = value.item() if value.ndim == 0 else value.tolist()
        fields.append(ByteField(start, start + dtype.itemsize, name, f"{text!r}"))
    return sorted(fields, key=lambda field: field.start)


def _dicom_fields(path) -> list[ByteField]:
    dataset = pydicom.dcmread(path)
    fields = [
        ByteField(0, 128, "preamble", "128 bytes free for any use (PS3.10 7.1)"),
        ByteField(128, 132, "prefix", "DICM"),
    ]
    for part in (dataset.file_meta, dataset):
        for tag in part.keys():
            fields += _element_fields(part, part.get_item(tag))
    return sorted(fields, key=lambda field: field.start)


def _element_fields(part, raw) -> list[ByteField]:
    """Tag, VR, length and value of one top-level element (PS3.5 7.1)."""
    if not getattr(raw, "is_raw", False):  # pydicom has already read it and keeps no offset
        return []
    tag, start = raw.tag, raw.value_tell
    name = keyword_for_tag(tag) or ("private" if tag.is_private else "unknown")
    at = start - (12 if not raw.is_implicit_VR and raw.VR in _LONG_VRS else 8)
    fields = [ByteField(at, at + 4, f"{name}: tag", str(tag))]
    if raw.is_implicit_VR:
        fields.append(ByteField(at + 4, start, f"{name}: length", f"{raw.length} bytes"))
    else:
        fields.append(ByteField(at + 4, at + 6, f"{name}: VR", raw.VR))
        says = f"{raw.length} bytes"
        fields.append(ByteField(at + 6, start, f"{name}: length", says))
    if raw.length and raw.length != 0xFFFFFFFF:
        value = part[tag].value if raw.VR != "SQ" else "a sequence"
        vr = raw.VR or dictionary_VR(tag)
        says = f"{len(value)} bytes of {vr}" if isinstance(value, bytes) else str(value)
        fields.append(ByteField(start, start + raw.length, f"{name}: value", says))
    return fields


class ByteExplorer(anywidget.AnyWidget):
    """Walk through the first bytes of a file; the field at the slider is named, decoded and framed.

    path : DICOM or NIfTI-1 file
    length : how many bytes to show
    offset : the byte the slider stands on
    """

    _esm = _HERE / "byte_explorer.js"
    _css = _HERE / "lessons.css"
    title = traitlets.Unicode().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)
    fields = traitlets.List().tag(sync=True)
    colours = traitlets.List(list(_COLOURS)).tag(sync=True)
    offset = traitlets.Int().tag(sync=True)

    def __init__(self, path, length=512, offset=0):
        shown = [field for field in byte_fields(path) if field.start < length]
        super().__init__(
            title=f"The first {length} bytes of {Path(path).name}",
            data=_raw(path)[:length],
            fields=[asdict(field) for field in shown],
            offset=offset,
        )

    @traitlets.validate("offset")
    def _inside(self, proposal):
        return min(max(proposal["value"], 0), max(len(self.data) - 1, 0))

    @property
    def field(self) -> ByteField | None:
        """The field that `offset` lies in, None between two fields."""
        for field in self.fields:
            if field["start"] <= self.offset < field["stop"]:
                return ByteField(**field)
        return None

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, *metadata = bundle if isinstance(bundle, tuple) else (bundle,)
        data = {**data, "text/plain": self._text(), "text/html": self._html()}
        return (data, *metadata) if metadata else data

    def _text(self) -> str:
        lines = [f"{f['start']:5d}  {f['name']}: {f['says']}" for f in self.fields]
        return "\n".join([self.title, *lines])

    def _html(self) -> str:
        """The map without the slider: for a page with no kernel."""
        rows = []
        for start in range(0, len(self.data), 16):
            cells = "".join(self._cell(n) for n in range(start, min(start + 16, len(self.data))))
            rows.append(f"<tr><th>{start}</th>{cells}</tr>")
        return f"<table><caption>{escape(self.title)}</caption>{''.join(rows)}</table>"

    def _cell(self, n) -> str:
        owner = next((i for i, f in enumerate(self.fields) if f["start"] <= n < f["stop"]), None)
        if owner is None:
            return f"<td>{self.data[n]:02x}</td>"
        colour = self.colours[owner % len(self.colours)]
        style = f"background-color: {colour}; color: #000"
        title = escape(f"{self.fields[owner]['name']}: {self.fields[owner]['says']}", quote=True)
        return f'<td style="{style}" title="{title}">{self.data[n]:02x}</td>'
