"""A cell that is run again shows a new viewer; the old one gives its memory back.

ipywidgets keeps every widget until it is closed, and IPython keeps the last value of every cell, so each run would
leave a volume in the kernel and in the page. What still has a name of the reader's own is left alone.
"""

from collections.abc import Sequence
from typing import Any
from weakref import ref

_SHOWN: dict[
    str, tuple[str, list]
] = {}  # cell -> (which run of it, weak references to its viewers)


def shown(viewers: Sequence[Any], shell: Any) -> None:
    """Note which cell shows these, and close what its earlier runs showed.

    shell : IPython's, of a kernel; anything else is let pass
    """
    cell, run = _cell(shell)
    if not cell:
        return
    run_before, before = _SHOWN.get(cell, (run, []))
    if run_before != run:
        for old in filter(None, (each() for each in before)):
            _let_go(old, shell.user_ns)
        before = []
    _SHOWN[cell] = run, [*before, *map(ref, viewers)]


def forget_all() -> None:
    """As at the start of a kernel."""
    _SHOWN.clear()


def _cell(shell) -> tuple[str, str]:
    """(cell, run) of what runs now; empty where no notebook says it."""
    get_parent = getattr(shell, "get_parent", None)
    parent = (get_parent() if get_parent else None) or {}
    return parent.get("metadata", {}).get("cellId", ""), parent.get("header", {}).get("msg_id", "")


def _let_go(viewer, names) -> None:
    """Close a viewer unless one of the reader's own names holds it, alone or in a list."""
    held = (
        value
        for name, value in names.items()
        if not name.startswith("_") and name not in ("Out", "In")
    )
    if any(value is viewer or _holds(value, viewer) for value in held):
        return
    cache = names.get("Out", {})
    for key in [key for key, value in cache.items() if value is viewer]:
        del cache[key]
    for name in [name for name, value in names.items() if value is viewer]:
        names[name] = None  # _, __, _3: IPython's
    viewer.close()


def _holds(value, viewer) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return isinstance(value, list | tuple | set | dict) and any(each is viewer for each in inside)
