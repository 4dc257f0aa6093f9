"""Why there is no association, or no presentation context: in words, with the way out."""

import socket
import ssl
from typing import Any

from pydicom.uid import UID
from pynetdicom.association import Association

from ..errors import NetworkError
from .peers import Peer
from .syntaxes import NATIVE

REJECTED = {  # (result source, reason): PS3.8 Table 9-21
    (1, 1): ("gives no reason", "Ask whoever runs it to look into its log."),
    (1, 2): ("does not know the application context", "It is not a DICOM peer of today."),
    (1, 3): ("does not know our AE title", "Ask whoever runs it to list your title."),
    (1, 7): ("says that this is not its AE title", "Ask whoever runs it for the right title."),
    (3, 1): ("is busy", "Try again later."),
    (3, 2): ("has as many associations as it allows", "Try again later."),
}


def why_not(association: Association, peer: Peer) -> NetworkError:
    """What kept the association from being established."""
    if association.is_rejected:
        answer: Any = association.acceptor.primitive
        fault, remedy = REJECTED.get((answer.result_source, answer.diagnostic), REJECTED[1, 1])
        numbers = (
            f"result {answer.result}, source {answer.result_source}, reason {answer.diagnostic}"
        )
        return NetworkError(f"{peer} rejected the association: it {fault} ({numbers})", remedy)
    return NetworkError(*_probe(peer))


def _probe(peer, seconds=3.0) -> tuple[str, str]:
    """Call once more, by hand, to learn what pynetdicom does not tell."""
    try:
        plain = socket.create_connection((peer.host, peer.port), seconds)
    except TimeoutError:
        return f"{peer} does not answer", "Check the address, the network and the firewall."
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return (
            f"nobody listens at {peer.host}:{peer.port} ({reason})",
            "Start the peer, or check host and port.",
        )
    with plain:
        if peer.tls is None:
            return (
                f"{peer} took the call and ended it without an answer",
                "It may expect TLS, or speak another protocol at this port.",
            )
        try:
            with peer.tls.client_context().wrap_socket(plain, server_hostname=peer.host) as secure:
                secure.settimeout(seconds)
                secure.recv(1)
        except ssl.SSLCertVerificationError as error:
            return (
                f"{peer}: its certificate is not trusted ({error.verify_message})",
                "Get the right authority from whoever runs it; do not go on without.",
            )
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            return (
                f"{peer}: TLS failed ({reason})",
                "It may speak plain text at this port, or not accept our certificate.",
            )
        except OSError:
            pass
    return (
        f"{peer}: TLS failed without a reason",
        "It may speak plain text at this port, or not accept our certificate.",
    )


def why_refused(association: Association, sop_class: str, transfer_syntax: str) -> str:
    """Why no context fits a file: "C-STORE fails" most often means that none was agreed."""
    name = UID(sop_class).name
    results = {
        context.result
        for context in association.rejected_contexts
        if context.abstract_syntax == sop_class
    }
    if 3 in results:
        return f"the context was refused: the peer does not take {name} (result 3)"
    if 1 in results:
        return f"the context was refused by the user of the peer: {name} (result 1)"
    syntax = UID(transfer_syntax).name
    advice = "" if transfer_syntax in NATIVE else "; write it uncompressed first"
    return f"the context was refused: the peer does not take {name} as {syntax} (result 4){advice}"
