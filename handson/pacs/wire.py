"""A tap: it stands between two peers on this machine, passes every byte on and keeps a copy.

It shows what anybody on the way can read. It is for your own traffic, on your own machine.
"""

import contextlib
import socket
import threading

from .peers import Peer, check_loopback

KEPT = 64_000_000  # bytes of each direction that are kept; all are passed on


class Tap:
    """Call the tap instead of the peer: `Client("STUDENT", tap)`.

    peer : a running `LocalPacs` or `Receiver`, or (host, port, title) on this machine

    Attributes: `.sent` and `.answered`, the bytes from and to whoever called; `.port`.
    """

    host = "127.0.0.1"

    def __init__(self, peer: object):
        self.peer = Peer.of(peer)
        check_loopback(self.peer.host)
        self.title, self.tls = self.peer.title, self.peer.tls
        self.port: int | None = None
        self._sent, self._answered = bytearray(), bytearray()
        self._sockets: list[socket.socket] = []

    @property
    def sent(self) -> bytes:
        return bytes(self._sent)

    @property
    def answered(self) -> bytes:
        return bytes(self._answered)

    def start(self) -> "Tap":
        self._listening = socket.create_server((self.host, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name="tap", daemon=True).start()
        return self

    def stop(self) -> None:
        self.port = None
        for one in [self._listening, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> "Tap":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _accept(self):
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:  # stopped
                return
            try:
                called = socket.create_connection((self.peer.host, self.peer.port))
            except OSError:
                caller.close()
                continue
            self._sockets += [caller, called]
            for source, target, copy in (
                (caller, called, self._sent),
                (called, caller, self._answered),
            ):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_pass_on, args=(source, target, copy), daemon=True).start()


def _pass_on(source, target, copy):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            copy += data[: max(0, KEPT - len(copy))]
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
