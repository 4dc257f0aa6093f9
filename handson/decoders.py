"""Which decoder opens compressed pixels, what to install for it, and what must be looked at first.

Stands on pydicom's decoders; the readers and the de-identification both go through here, since a damaged
file must end neither a reading nor a run over a folder.
"""

from collections.abc import Iterable
from pathlib import Path

from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import UID

from . import jpeg

# What to install for a transfer syntax, by a word of its name; the first that fits.
PACKAGES = {
    "JPEG-LS": "pyjpegls",
    "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg",
    "High-Throughput": "pylibjpeg pylibjpeg-openjpeg",
    "RLE": "pylibjpeg pylibjpeg-rle",
    "JPEG": "python-gdcm",
}
# GDCM ends the whole program at some damaged files, and pylibjpeg's RLE raises what is not an Exception, so they are
# left out where another decoder is there.
PREFERRED = {
    "JPEG-LS": "pyjpegls",
    "JPEG 2000": "pylibjpeg",
    "RLE": "pydicom",
    "Baseline": "pillow",
}
# What a decoder must not be given: GDCM would end the program, pydicom would never return, a picture of another
# size would fill the memory or be scrambled. The first word that fits.
LOOK_FIRST = {
    "JPEG Lossless": jpeg.check,
    "JPEG 2000": jpeg.check_2000,
    "High-Throughput": jpeg.check_2000,
    "JPEG": jpeg.check_size,
}


def package(uid: UID) -> str:
    """What `pip install` needs for a transfer syntax (a pydicom UID)."""
    return next((p for word, p in PACKAGES.items() if word in uid.name), "python-gdcm")


# Programs that open what no Python decoder does, by a word of the syntax's name; the first that fits.
PROGRAMS = {
    "JPEG XL": "Convert it where it came from: ask for uncompressed DICOM (Explicit VR Little Endian).",
    "MPEG": "It is a film: ffmpeg reads the stream in its pixel data.",
    "HEVC": "It is a film: ffmpeg reads the stream in its pixel data.",
    "JPIP": "Its pixels lie on a server and not in the file: ask for them as uncompressed DICOM.",
    "JPEG": "dcmdjpeg of DCMTK may convert it: dcmdjpeg IN OUT.",
}


def other_program(uid: UID) -> str:
    """Advice for a transfer syntax without a decoder: a program that opens it, if one is known."""
    unknown = "Ask for the file again as uncompressed DICOM (Explicit VR Little Endian)."
    return next((advice for word, advice in PROGRAMS.items() if word in uid.name), unknown)


def plugin(decoder: Decoder) -> str:
    """`decoding_plugin` for a pydicom Decoder: the one that survives damage; "" leaves the choice to pydicom."""
    wanted = (p for word, p in PREFERRED.items() if word in decoder.UID.name)
    return next((p for p in wanted if p in decoder.available_plugins), "")


def look_first(
    decoder: Decoder,
    frames: Iterable[bytes],
    shape: tuple[int, int, int],
    allocated: int,
    path: Path | None = None,
) -> None:
    """Refuse frames at which a decoder would end the program, never return or take all memory.

    frames : the encoded frames, bytes each
    shape, allocated : (rows, columns, samples) and BitsAllocated as the DICOM header has them
    raises : ReadError
    """
    look = next((look for word, look in LOOK_FIRST.items() if word in decoder.UID.name), None)
    if look:
        for frame in frames:
            look(frame, shape, path, allocated)
