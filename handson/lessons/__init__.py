"""What only the notebooks use: checked exercises, quizzes, a few widgets, and `doctor()`.

One module per lesson (`lesson_03`) holds that lesson's exercises and questions; the rest is one idea
a file. It stands on everything else in the package, and nothing else in the package stands on it.
"""

from importlib import import_module

_HOME = {
    "check": "checks",
    "check_all": "checks",
    "quiz": "quizzes",
    "progress": "records",
    "doctor": "health",
    "AffineExplorer": "affine_explorer",
    "AuditViewer": "audit_viewer",
    "ByteExplorer": "byte_explorer",
    "TagTable": "tag_table",
    "SeriesSorter": "series_sorter",
    "WindowExplorer": "window_explorer",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'handson.lessons' has no attribute {name!r}")
    return getattr(import_module(f"handson.lessons.{_HOME[name]}"), name)


def __dir__():
    return __all__
