"""DICOM as a protocol: a small archive (PACS) on this machine, and a client for any archive.

`LocalPacs` stores, finds and returns images; `Client` asks it, or any other archive; `Receiver` is
where a C-MOVE can deliver; `Tap` listens to the wire between two of them; `sequence` draws what was
said. The network itself is pynetdicom's. The two servers exist to learn and to test: they listen on
127.0.0.1 and nowhere else. Nothing here decides what an image means: that is `handson.dicom`'s.
"""

from importlib import import_module

from ..errors import HandsonError

_HOME = {
    "ANY": "syntaxes",
    "NATIVE": "syntaxes",
    "Client": "client",
    "DicomWeb": "webclient",
    "Inbox": "transfer",
    "LocalPacs": "server",
    "Message": "messages",
    "Peer": "peers",
    "Receiver": "server",
    "Refusal": "storing",
    "TransferReport": "report",
    "Tap": "wire",
    "Tls": "tls",
    "certificate": "tls",
    "pull": "transfer",
    "query": "client",
    "retrieval": "client",
    "send": "transfer",
    "sequence": "sequence",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'handson.pacs' has no attribute {name!r}")
    try:
        module = import_module(f"handson.pacs.{_HOME[name]}")
    except ModuleNotFoundError as error:
        if error.name not in ("pynetdicom", "cryptography"):
            raise
        raise HandsonError(
            f"handson.pacs needs {error.name}, which is not installed",
            f"Run: pip install {error.name}",
        ) from None
    value = getattr(module, name)
    globals()[name] = value  # the module `sequence` would hide the function of the same name
    return value


def __dir__():
    return __all__
