"""Who is spoken to: an AE title at a host and a port, with or without TLS."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any

from ..errors import NetworkError
from .tls import Tls


def check_title(title: str) -> str:
    """An AE title as it may stand in a PDU: 1 to 16 characters (PS3.5 6.2, VR AE)."""
    text = title.strip() if isinstance(title, str) else ""
    if not 1 <= len(text) <= 16 or not re.fullmatch(r"[ -\[\]-~]+", text):
        raise NetworkError(
            f"{title!r} cannot be an AE title",
            "Use 1 to 16 ASCII characters without a backslash, such as LEARNPACS.",
        )
    return text


def check_port(port: int, lowest: int = 1) -> int:
    """A TCP port; `lowest=0` lets the system choose one."""
    if not isinstance(port, int) or isinstance(port, bool) or not lowest <= port <= 65535:
        raise NetworkError(f"{port!r} is not a port", f"Use a number from {lowest} to 65535.")
    return port


def check_loopback(host: str) -> str:
    """This machine, or a refusal: the servers of this package are for learning and have no guard."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None, socket.AF_INET)}
    except (OSError, UnicodeError, TypeError):
        found = set()
    if not found or not all(ipaddress.ip_address(address).is_loopback for address in found):
        raise NetworkError(
            f"{host!r} is not this machine: a learning PACS speaks to 127.0.0.1 alone",
            "Use 127.0.0.1. For a network, use an archive made for it, such as Orthanc.",
        )
    return "127.0.0.1"


@dataclass(frozen=True)
class Peer:
    """An application entity that can be called.

    host : name or address
    port : TCP port
    title : its AE title, 1 to 16 characters
    tls : how to speak to it, None for plain text

    >>> Peer.parse("LEARNPACS@127.0.0.1:11112")
    LEARNPACS at 127.0.0.1:11112
    """

    host: str
    port: int
    title: str
    tls: Tls | None = None

    def __post_init__(self):
        check_title(self.title)
        check_port(self.port)

    def __repr__(self):
        return f"{self.title} at {self.host}:{self.port}"

    @classmethod
    def of(cls, other: Any, tls: Tls | None = None) -> "Peer":
        """A running `LocalPacs`, `Receiver` or `Tap`, a `Peer`, or (host, port, title)."""
        if isinstance(other, tuple | list):
            if len(other) != 3:
                raise NetworkError(f"{other!r} is not a peer", "Give (host, port, title).")
            host, port, title = other
            return cls(host, port, title, tls)
        if getattr(other, "port", None) is None:
            raise NetworkError(f"{other!r} has no port", "Start it first: .start()")
        return cls(other.host, other.port, other.title, tls or other.tls)

    @classmethod
    def parse(cls, text: str, tls: Tls | None = None) -> "Peer":
        """The command line's spelling: TITLE@HOST:PORT, an IPv6 address in brackets."""
        match = re.fullmatch(r"([^@]+)@(\[[^\]]+\]|[^:@]+):(\d{1,5})", text)
        if not match:
            raise NetworkError(f"{text!r} is not a peer", "Write TITLE@HOST:PORT.")
        return cls(match[2].strip("[]"), int(match[3]), match[1], tls)
