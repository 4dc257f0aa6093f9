"""Associations that are quick, patient and easy to end.

An association must survive a student who reads for ten minutes, and must not outlive the interpreter.
"""

import socket
import threading
import time
from weakref import WeakSet

from pynetdicom import AE, evt
from pynetdicom.association import Association

WAIT = 30.0  # seconds for an answer of a peer
CONNECT = 10.0  # seconds for a connection
CLOSING = 0.5  # seconds for a peer to close what was released
ESTABLISHED = "Sta6"  # of the state machine in PS3.8 9.2

_guarded: WeakSet[Association] = WeakSet()


def entity(title: str) -> AE:
    """An application entity of this title: PDUs of any length, no end to a pause."""
    ae = AE(ae_title=title)
    ae.maximum_pdu_size = 0
    ae.network_timeout = None
    ae.connection_timeout = CONNECT
    ae.acse_timeout = WAIT
    ae.dimse_timeout = WAIT
    return ae


def handlers() -> list:
    """To be bound to every association of ours."""
    return [(evt.EVT_CONN_OPEN, _opened)]


def _opened(event):
    """Send at once: with Nagle's algorithm a short answer waits for a delayed acknowledgement."""
    opened = event.assoc.dul.socket.socket
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _guarded.add(event.assoc)
    _guard()


def rest() -> None:
    """Give another thread its turn."""
    time.sleep(1e-4)


def abort(association: Association) -> None:
    """End an association from outside, whatever it is doing; one that is ending by itself may finish."""
    if not association.dul.is_alive():
        return
    if association.dul.state_machine.current_state == ESTABLISHED:
        association.abort()
    else:
        association.dul.join(CLOSING)
    if (
        association.dul.is_alive() and association.dul.socket
    ):  # its caller never spoke, or will not close
        association.dul.socket.close()


def _guard():
    """pynetdicom's threads hold the interpreter: when the main thread ends, end them."""
    with _starting:
        if not any(thread.name == _NAME for thread in threading.enumerate()):
            threading.Thread(target=_end_all, name=_NAME, daemon=True).start()


def _end_all():
    threading.main_thread().join()
    running = [thread for thread in threading.enumerate() if isinstance(thread, Association)]
    for association in {*running, *_guarded}:
        abort(association)


_starting = threading.Lock()
_NAME = "handson-pacs-guard"
