"""What was said on the network, message by message, as a server saw it."""

from dataclasses import dataclass
from threading import Condition
from time import perf_counter

from pynetdicom import evt

SETTLED = 1.0  # seconds that an answer to a release may take

_PDUS = {
    "A_ASSOCIATE_RQ": "A-ASSOCIATE-RQ",
    "A_ASSOCIATE_AC": "A-ASSOCIATE-AC",
    "A_ASSOCIATE_RJ": "A-ASSOCIATE-RJ",
    "A_RELEASE_RQ": "A-RELEASE-RQ",
    "A_RELEASE_RP": "A-RELEASE-RP",
    "A_ABORT_RQ": "A-ABORT",
}


@dataclass(frozen=True)
class Message:
    """One message between two application entities.

    sender, receiver : AE titles
    name : as the standard spells it, such as "C-STORE-RQ" or "A-ASSOCIATE-AC"
    status : of a DIMSE response, else None
    milliseconds : from the request to this response, None for a request
    association : number of the association it belongs to, from 1
    """

    sender: str
    receiver: str
    name: str
    status: int | None
    milliseconds: float | None
    association: int

    def __repr__(self):
        status = "" if self.status is None else f" 0x{self.status:04X}"
        return f"{self.sender} -> {self.receiver}: {self.name}{status}"


class Recorder:
    """Collects the messages of many associations; `handlers()` are bound to each of them."""

    def __init__(self):
        self._messages: list[Message] = []
        self._lock = Condition()
        self._closing: set[int] = set()  # associations whose release is not answered yet
        self._numbers: dict[object, int] = {}
        self._asked: dict[tuple, float] = {}
        self._opened = 0

    def messages(self) -> list[Message]:
        """All so far; a release that is being answered is waited for, as its asker may be quicker."""
        with self._lock:
            self._lock.wait_for(lambda: not self._closing, SETTLED)
            return list(self._messages)

    def handlers(self) -> list:
        return [
            (evt.EVT_PDU_RECV, self._pdu, [False]),
            (evt.EVT_PDU_SENT, self._pdu, [True]),
            (evt.EVT_DIMSE_RECV, self._dimse, [False]),
            (evt.EVT_DIMSE_SENT, self._dimse, [True]),
        ]

    def _pdu(self, event, sent):
        name = _PDUS.get(type(event.pdu).__name__)
        if name:
            self._add(event.assoc, name, sent, None, getattr(event.pdu, "calling_ae_title", ""))
        if name in ("A-ASSOCIATE-RJ", "A-RELEASE-RP", "A-ABORT"):
            with self._lock:
                self._closing.discard(self._numbers.pop(event.assoc, 0))
                self._lock.notify_all()

    def _dimse(self, event, sent):
        name = type(event.message).__name__.replace("_", "-")
        status = getattr(event.message.command_set, "Status", None)
        self._add(event.assoc, name, sent, status)

    def _add(self, association, name, sent, status, caller=""):
        ours, theirs = association.acceptor.ae_title, caller or association.requestor.ae_title
        if association.is_requestor:
            ours, theirs = association.requestor.ae_title, association.acceptor.ae_title
        sender, receiver = (ours, theirs) if sent else (theirs, ours)
        now = perf_counter()
        with self._lock:
            if association not in self._numbers:
                self._opened += 1
                self._numbers[association] = self._opened
            number = self._numbers[association]
            service = name.rsplit("-", 1)[0]
            milliseconds = None
            if name.endswith("-RQ"):
                self._asked[number, service] = now
            elif (number, service) in self._asked:
                milliseconds = 1000 * (now - self._asked[number, service])
            if name == "A-RELEASE-RQ":
                self._closing.add(number)
            self._messages.append(
                Message(sender.strip(), receiver.strip(), name, status, milliseconds, number)
            )
