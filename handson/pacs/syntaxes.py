"""Which pixels an archive takes: native ones, or any that DICOM knows; and one context per syntax."""

from collections.abc import Iterable

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import ALL_TRANSFER_SYNTAXES, build_context
from pynetdicom.presentation import PresentationContext

NATIVE: tuple[str, ...] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
"""Transfer syntaxes without compression, the preferred one first."""

LITTLE = NATIVE[:2]
"""Those of them that can be written as each other: pixels of another byte order would be swapped."""

ANY: tuple[str, ...] = (
    *NATIVE,
    DeflatedExplicitVRLittleEndian,
    *(uid for uid in ALL_TRANSFER_SYNTAXES if uid not in (*NATIVE, DeflatedExplicitVRLittleEndian)),
)
"""Every transfer syntax that DICOM knows, compressed ones included."""

LIMIT = 128  # presentation contexts that fit into one association: odd IDs from 1 to 255


def contexts_for(kinds: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """Presentation contexts that let every instance travel as it is.

    kinds : (SOP Class UID, Transfer Syntax UID) of the instances
    returns : one context per compressed syntax of a class, and one with the native syntaxes for
        each class, so that a peer that takes no compression still may take the uncompressed ones
    """
    kinds = list(dict.fromkeys(kinds))
    native: dict[str, list[str]] = {sop_class: [] for sop_class, _ in kinds}
    contexts = []
    for sop_class, syntax in kinds:
        if syntax in NATIVE:
            native[sop_class].append(syntax)
        else:
            contexts.append(build_context(sop_class, [syntax]))
    for sop_class, stored in native.items():
        if stored:
            contexts += [build_context(sop_class, [syntax]) for syntax in stored]
            others = [syntax for syntax in LITTLE if syntax not in stored]
            if others and len(others) < len(LITTLE):
                contexts.append(build_context(sop_class, others))
    return contexts
