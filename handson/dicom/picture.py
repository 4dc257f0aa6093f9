"""`read_slice`: one picture in real-world values, with its header. The first thing a learner reads."""

from os import PathLike
from pathlib import Path

from .. import arguments
from ..errors import ReadError
from ..volume import Slice
from .elements import texts
from .faults import naming, without_warnings
from .file_frames import classic_frame, frames_of
from .frame import Frame
from .geometry import frame_affine
from .header import read_header, whole_header
from .pixels import locate
from .remarks import header_window, notes, window_function
from .scale import scale_of
from .values import real_values, shown_as


@arguments.checked(path=arguments.path, frame=arguments.whole)
def read_slice(path: str | PathLike[str], frame: int | None = None) -> Slice:
    """Read one picture from a DICOM file.

    path : file, whatever its name
    frame : number of the picture in a file of several, from 0; by default the first. Of a Siemens
        mosaic the default is the whole picture, and `frame` one of its slices.
    returns : `Slice`; pixels float32 [row, column] in real-world values (HU of a CT), or uint8
        [row, column, 3] for colour. MONOCHROME1 values are kept, `photometric` tells to draw them
        inverted; palettes are applied; padding and overlays are told in `notes`.
    raises : ReadError, and DecoderError when a decoder must be installed

    Pixels PS3.3 C.7.6.3, modality transform C.11.1, palettes C.7.9. `affine` is None when the file
    states no position, as a radiograph.
    """
    path = Path(path)
    with without_warnings(), naming(path):
        header = read_header(path)
        one = _pick(header, frame)
        dataset = whole_header(path)
        pixels = real_values(
            one, locate(header.location, one.file.format, one.file.number_of_frames), dataset
        )
        scale = scale_of(one, dataset)
        return Slice(
            pixels,
            spacing=scale.spacing,
            unit=one.scaling.known_unit,
            photometric=shown_as(one.file.format),
            dataset=dataset,
            affine=frame_affine(one),
            at_detector=scale.stated == "detector",
            window=header_window(dataset, one),
            window_function=window_function(dataset, one),
            name=one.file.description,
            notes=(*scale.notes, *notes(dataset, [one])),
        )


def _pick(header, frame) -> Frame:
    if frame is None and {"MOSAIC", "VFRAME"} & {*texts(header.dataset, "ImageType")}:
        return classic_frame(header)
    found = frames_of(header)
    index = 0 if frame is None else frame
    if not 0 <= index < len(found):
        raise ReadError(
            f"has {len(found)} frame{'s' if len(found) > 1 else ''}, there is no frame {frame}",
            "Frames count from 0.",
            path=header.path,
        )
    return found[index]
