"""What is different in a browser (Pyodide): no processes, no threads, no sockets, no compiled decoders.

The no-install site carries the data sets as archives, and OpenJPEG and CharLS as WebAssembly. Both are
fetched from the site itself when they are first used; nothing else is ever asked for. This module is
loaded only there.
"""

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from .errors import DataError, HandsonError

FOLDER = "static/handson"  # of the site
# Transfer syntax -> (name of the script and the module, name of its decoder).
CODECS = {
    "1.2.840.10008.1.2.4.80": ("charlswasm_decode", "CharLSWASM", "JpegLSDecoder"),
    "1.2.840.10008.1.2.4.81": ("charlswasm_decode", "CharLSWASM", "JpegLSDecoder"),
    "1.2.840.10008.1.2.4.90": ("openjpegwasm_decode", "OpenJPEGWASM", "J2KDecoder"),
    "1.2.840.10008.1.2.4.91": ("openjpegwasm_decode", "OpenJPEGWASM", "J2KDecoder"),
}
DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = {uid: () for uid in CODECS}  # pydicom reads it


def prepare() -> None:
    """Make the libraries work in a browser; `import handson` calls it once."""
    from pydicom.pixels import get_decoder
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # the monitor is a thread
    for uid in CODECS:
        get_decoder(uid).add_plugin("site", ("handson.browser", "_decode_frame"))


def from_site(dataset: Any, folder: Path) -> None:
    """Fill `folder` from the archive of the set that the site carries.

    raises : DataError when the site does not have the set
    """
    from .datasets.cache import home

    content = fetch_bytes(f"{FOLDER}/{home(dataset).name}.zip")
    if content is None:
        raise DataError(
            f"data set {dataset.id} is not part of this site",
            "Install the series on a computer: python start.py",
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


def refuse(what: str, instead: str) -> HandsonError:
    """The one sentence for what a browser cannot do.

    what : such as "start a process"; instead : what to do
    """
    return HandsonError(f"a browser cannot {what}", instead)


def fetch_bytes(path: str) -> bytes | None:
    """A file of the site, None when it is not there. It waits, which a worker may."""
    import js  # Pyodide's door to the page

    root = js.location.href.split("/extensions/")[0]
    ask = js.XMLHttpRequest.new()
    ask.open("GET", f"{root}/{path}", False)
    ask.responseType = "arraybuffer"
    ask.send()
    return ask.response.to_bytes() if ask.status == 200 else None


@cache
def _codec(file: str, factory: str) -> Any:
    """A WebAssembly module, started without a promise."""
    from pyodide.code import run_js
    from pyodide.ffi import to_js

    script, binary = (fetch_bytes(f"{FOLDER}/{file}.{end}") for end in ("js", "wasm"))
    if script is None or binary is None:
        raise refuse(
            "decode this compression without a file that this site lacks", "Tell its owner."
        )
    run_js(f"{script.decode()}\n;self.{factory}={factory};")
    make = run_js(f"""(bytes) => {{
        const module = {{instantiateWasm(imports, ready) {{
            const made = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
            ready(made);
            return made.exports;
        }}}};
        self.{factory}(module);
        return module;
    }}""")
    return make(to_js(binary))


def is_available(uid: str) -> bool:
    """Whether there is a decoder for this transfer syntax; pydicom asks."""
    return uid in CODECS


def _decode_frame(src: bytes, runner) -> bytearray:
    """One frame for pydicom's decoder: little endian samples, colours by pixel."""
    from pyodide.ffi import to_js

    file, factory, decoder = CODECS[runner.transfer_syntax]
    codec = getattr(_codec(file, factory), decoder).new()
    try:
        codec.getEncodedBuffer(len(src)).set(to_js(src))
        codec.decode()
        info = codec.getFrameInfo()
        found = (info.height, info.width, info.componentCount)
        if found != (runner.rows, runner.columns, runner.samples_per_pixel):
            raise ValueError(f"the frame holds a picture of {found}")
        runner.set_option("bits_allocated", 8 if info.bitsPerSample <= 8 else 16)
        if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
            runner.set_option("photometric_interpretation", "RGB")
        return bytearray(codec.getDecodedBuffer().to_bytes())
    finally:
        codec.delete()
