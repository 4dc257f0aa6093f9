"""Room for words inside compressed images: comments and segments that no decoder needs, bytes after the end.

An encoder can write anything there, a patient's name too. What is not the signature of a known encoder is
overwritten in place: lengths and offsets stay, and so does every pixel. This module knows marker segments
(ISO 10918-1 Annex B, ISO 15444-1 Annex A) and the RLE of PS3.5 Annex G, no data set.
"""

import re

_VERSION = rb"[Vv]?\d{1,3}(\.\d{1,3}){0,3}"
_KNOWN_COMMENT = re.compile(
    (
        rb"(\x00\x01|\x01\x00)?(Kakadu-VERSION|Created by (GDCM/)?OpenJPEG version VERSION|Creator: JasPer Version VERSION"
        rb"|LEAD Technologies Inc\. VERSION|LavcVERSION|AIC|MITRA_DICOM_STANDARD"
        rb"|CREATOR: gd-jpeg VERSION \(using IJG JPEG v\d\d\), quality = \d{1,3})[\x00\n]*\Z"
    ).replace(b"VERSION", _VERSION)
)
_SOF_LS, _LSE = 0xF7, 0xF8  # JPEG-LS: frame, parameters
# The segments of a JPEG 2000 header that a decoder needs (ISO 15444-1 Table A.2, 15444-15 CAP and CPF).
_NEEDED_2000 = frozenset(
    [0x50, 0x51, 0x52, 0x53, 0x55, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61]
)
_SOI, _SOC, _JP2 = b"\xff\xd8", b"\xff\x4f", b"\0\0\0\x0cjP  "
# The boxes of a JP2 file that a decoder needs (ISO 15444-1 Annex I); colr is an ICC profile where it is long.
_PLAIN_BOXES = (b"jP  ", b"ftyp", b"ihdr", b"bpcc", b"pclr", b"cmap", b"cdef", b"res ")


def starts_frame(data: bytes) -> bool:
    """True if a fragment begins an image; any other goes on with the one before."""
    return data[:2] in (_SOI, _SOC) or data[:8] == _JP2


def scrub(data: bytes) -> bytes:
    """A JPEG, JPEG-LS or JPEG 2000 stream without foreign comments; the same object if there are none."""
    if data[:2] == _SOI:
        holes = _jpeg_holes(data)
    elif data[:2] == _SOC:
        holes = _jpeg2000_holes(data)
    elif data[:8] == _JP2:
        holes = _box_holes(data, 0, len(data))
    else:
        return data
    if not holes:
        return data
    clean = bytearray(data)
    for start, stop in holes:
        clean[start:stop] = bytes(stop - start)
    return bytes(clean)


def scrub_rle(data: bytes, pixels: int, segments: int) -> bytes:
    """An RLE frame without the bytes that no decoder shows.

    pixels : rows x columns, the bytes that each segment unpacks to (PS3.5 G.3)
    raises : ValueError when it is damaged
    segments : bytes of a pixel, all samples; a further segment would be shown by nobody

    Zeros replace unused offsets and the rest of a last literal run; 128, which RLE skips, replaces what
    follows a segment.
    """
    count = int.from_bytes(data[:4], "little")
    offsets = [int.from_bytes(data[4 * n : 4 * n + 4], "little") for n in range(1, segments + 1)]
    ends = [*offsets[1:], len(data)]
    if (
        count != segments
        or offsets[0] < 64
        or any(a >= b for a, b in zip(offsets, ends, strict=True))
    ):
        raise ValueError("no RLE header")
    clean = bytearray(data)
    clean[4 + 4 * count : offsets[0]] = bytes(offsets[0] - 4 - 4 * count)
    for start, end in zip(offsets, ends, strict=True):
        stop, excess = _rle_stop(data, start, end, pixels)
        clean[stop - excess : stop] = bytes(excess)
        if any(data[stop:end]):
            clean[stop:end] = b"\x80" * (end - stop)
    return data if clean == data else bytes(clean)


def _rle_stop(data: bytes, position: int, end: int, pixels: int) -> tuple[int, int]:
    """(where the last run that is needed ends, literal bytes of it that are not needed)"""
    made = literal = 0
    while made < pixels and position < end:
        code = data[position]
        literal = code + 1 if code < 128 else 0
        position += 1 if code == 128 else 2 if code > 128 else 1 + literal
        made += literal or (257 - code if code > 128 else 0)
    return min(position, end), min(max(made - pixels, 0), literal)


def _jpeg_holes(data: bytes) -> list[tuple[int, int]]:
    """The byte ranges of a JPEG or JPEG-LS stream that hold neither image nor known signature."""
    holes: list[tuple[int, int]] = []
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            position = _next_marker(data, position)
            continue
        marker = data[position + 1]
        if marker == 0xD9:
            return holes + _tail(data, position + 2)
        if marker == 0xFF:
            position += 1
            continue
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            position += 2
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        start, stop = position + 4, min(position + 2 + length, len(data))
        body = data[start:stop]
        if (
            (marker == 0xFE and not _KNOWN_COMMENT.match(body))
            or (0xE0 <= marker <= 0xEF and not _is_plain_app(marker, body))
            or (0xF0 <= marker <= 0xFD and marker not in (_SOF_LS, _LSE))
            or marker < 0xC0
        ):
            holes += _non_zero(data, start, stop)
        position = stop if marker != 0xDA else _next_marker(data, stop)
    return holes + (
        _tail(data, position + 2) if data[position : position + 2] == b"\xff\xd9" else []
    )


def _next_marker(data: bytes, position: int) -> int:
    """Where the entropy-coded data end: the next FF that is neither stuffed nor a restart marker.

    JPEG-LS stuffs a bit, not a byte: there a marker is FF followed by 80 or more (ISO 14495-1 C.2.1).
    """
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            return len(data)
        following = data[position + 1]
        if following >= 0x80 and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return position
        position += 1 if following == 0xFF else 2


def _is_plain_app(marker: int, body: bytes) -> bool:
    """JFIF without a thumbnail, SPIFF, Adobe's and HP's (JPEG-LS) colour transform: a decoder may need them."""
    return (
        (marker == 0xE0 and body[:5] in (b"JFIF\0", b"LJIF\0") and len(body) <= 14)
        or (marker == 0xEE and body[:5] == b"Adobe" and len(body) <= 12)
        or (marker == 0xE8 and body[:6] == b"SPIFF\0" and len(body) == 30)
        or (marker == 0xE8 and (body[:4] == b"mrfx" or body[:3] == b"\0\0\0") and len(body) <= 6)
    )


def _jpeg2000_holes(data: bytes) -> list[tuple[int, int]]:
    holes: list[tuple[int, int]] = []
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xD9:
            return holes + _tail(data, position + 2)
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        start, stop = position + 4, min(position + 2 + length, len(data))
        if marker != 0x90:
            holes += _hole_2000(data, marker, start, stop)
        if marker == 0x90:  # a tile part: its headers are looked through, its packets skipped
            part = int.from_bytes(data[position + 6 : position + 10], "big")
            end = position + part if part else len(data) - 2
            holes += _tile_part_holes(data, stop, min(end, len(data)))
            position = max(end, stop)
        else:
            position = stop
    return holes + (
        _tail(data, position + 2) if data[position : position + 2] == b"\xff\xd9" else []
    )


def _box_holes(data: bytes, position: int, end: int) -> list[tuple[int, int]]:
    """What boxes hold besides the image: XML, UUID and whatever else somebody put around a code stream."""
    holes = []
    while position + 8 <= end:
        length, kind = (
            int.from_bytes(data[position : position + 4], "big"),
            data[position + 4 : position + 8],
        )
        start = position + (16 if length == 1 else 8)
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16], "big")
        stop = min(position + length if length else end, end)
        if kind == b"jp2h":
            holes += _box_holes(data, start, stop)
        elif kind == b"jp2c":
            inner = _jpeg2000_holes(data[start:stop])
            holes += [(start + a, start + b) for a, b in inner]
        elif kind not in _PLAIN_BOXES and not (kind == b"colr" and stop - start <= 7):
            holes += _non_zero(data, start, stop)
        position = max(stop, start)
    return holes + (_non_zero(data, position, end) if end - position > 1 else [])


def _tile_part_holes(data: bytes, position: int, end: int) -> list[tuple[int, int]]:
    holes = []
    while position + 4 <= end and data[position] == 0xFF and data[position + 1] != 0x93:
        stop = min(position + 2 + int.from_bytes(data[position + 2 : position + 4], "big"), end)
        holes += _hole_2000(data, data[position + 1], position + 4, stop)
        position = max(stop, position + 4)
    return holes


def _hole_2000(data: bytes, marker: int, start: int, stop: int) -> list[tuple[int, int]]:
    """What goes of one header segment: a comment's text behind its kind, all of a segment that nobody needs."""
    if marker in _NEEDED_2000:
        return []
    if marker == 0x64:
        return [] if _KNOWN_COMMENT.match(data[start:stop]) else _non_zero(data, start + 2, stop)
    return _non_zero(data, start, stop)


def _tail(data: bytes, position: int) -> list[tuple[int, int]]:
    """What follows the end of the image, apart from the byte that makes the length even."""
    return _non_zero(data, position, len(data)) if len(data) - position > 1 else []


def _non_zero(data: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    return [(start, stop)] if any(data[start:stop]) else []
