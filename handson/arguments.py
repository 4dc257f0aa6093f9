"""What a caller may pass: each kind of argument is checked in one place, and refused in one form.

`checked(path=path, frame=whole)` above a function turns its arguments into what it works with, or says
which of them is of another kind. A kind is a function of what was given and the argument's name; whether
there is a file or a slice of that name is for the function to say. None passes where it is the default.
"""

import errno
import math
import operator
import os
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .errors import ArgumentError

Kind = Callable[[Any, str], Any]
Function = TypeVar("Function", bound=Callable[..., Any])


def checked(**kinds: Kind) -> Callable[[Function], Function]:
    """Check these arguments of a function at every call.

    kinds : name of an argument -> its kind
    returns : a decorator; the function behind it raises ArgumentError as well
    """

    def decorate(function: Any) -> Any:
        parameters = signature(function)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                bound = parameters.bind(*args, **kwargs)
            except TypeError:
                return function(*args, **kwargs)  # Python's own words, with the function's name
            given = bound.arguments
            for name in kinds.keys() & given.keys():
                if given[name] is not None or parameters.parameters[name].default is not None:
                    given[name] = kinds[name](given[name], name)
            return function(*bound.args, **bound.kwargs)

        return call

    return decorate


def path(given: Any, name: str) -> Path:
    """A text or a path -> Path; whether it exists is not asked."""
    if not isinstance(given, str | os.PathLike) or isinstance(os.fspath(given), bytes):
        raise refused(given, name, "a path", 'Pass a text or a pathlib.Path, as "study/ct.dcm"')
    if not os.fspath(given):
        raise refused(given, name, "a path", 'It is empty. "." is the folder you work in')
    try:
        os.lstat(given)
    except ValueError:  # a null byte, or half of a character
        raise refused(given, name, "a file name", "Check the letters in it") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise refused(given, name, "a file name", "It is too long") from None
    return Path(given)


def ending(*suffixes: str) -> Kind:
    """The kind of a path to write that ends as its content asks."""

    def kind(given: Any, name: str) -> Path:
        if not (found := path(given, name)).name.lower().endswith(suffixes):
            raise refused(
                given, name, "a name for what is written", f"End it with {' or '.join(suffixes)}"
            )
        return found

    return kind


def whole(given: Any, name: str) -> int:
    """A whole number of any integer type, not True or False."""
    try:
        if isinstance(given, bool | np.bool_):
            raise TypeError
        return operator.index(given)
    except TypeError:
        raise refused(given, name, "a whole number", f"Pass one, as {name}=1") from None


def flag(given: Any, name: str) -> bool:
    """True or False and nothing that only counts as such: "no" would be True."""
    if not isinstance(given, bool | np.bool_):
        raise refused(given, name, "True or False", f"Pass {name}=True or {name}=False")
    return bool(given)


def at_least_one(given: Any, name: str) -> int:
    """A number of things."""
    if whole(given, name) < 1:
        raise refused(given, name, "possible", "Pass 1 or more")
    return whole(given, name)


def indices(given: Any, name: str) -> Any:
    """Which ones: a number, a slice object, or numbers in a row; whether they are there is not asked."""
    if isinstance(given, slice):
        return given
    if isinstance(given, str | bytes) or not np.iterable(given):
        return whole(given, name)
    return [whole(one, name) for one in given]


def number(given: Any, name: str) -> float:
    """A finite number."""
    try:
        if isinstance(given, str | bytes | bool | np.bool_) or np.ndim(given):
            raise TypeError
        if math.isfinite(float(given)):
            return float(given)
    except (TypeError, ValueError, OverflowError):
        pass
    raise refused(given, name, "a number", f"Pass a finite one, as {name}=1.5")


def number_or_pair(given: Any, name: str) -> float | tuple[float, ...]:
    """A number, or a low one and a high one."""
    if isinstance(given, str | bytes) or not np.iterable(given):
        return number(given, name)
    pair = tuple(number(one, name) for one in given)
    if len(pair) != 2:
        raise refused(given, name, "a number or a pair", f"Pass {name}=LOW or {name}=(LOW, HIGH)")
    return pair


def points(given: Any, name: str) -> np.ndarray:
    """Places in space -> float64 (..., 3)."""
    try:
        found = np.asarray(given, float)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape[-1:] != (3,):
        advice = f"Pass three numbers, or an array of shape (..., 3), as {name}=(0, 0, 0)"
        raise refused(given, name, "a place in space", advice)
    return found


def axes(given: Any, name: str) -> Any:
    """matplotlib's Axes, told by what they can do: matplotlib need not be imported."""
    if not hasattr(given, "imshow"):
        raise refused(
            given, name, "one of matplotlib's Axes", "figure, ax = plt.subplots() makes one"
        )
    return given


def refused(given: Any, name: str, what: str, advice: str) -> ArgumentError:
    """The error in its one form: "frame='a' is not a whole number. Pass one, as frame=1."."""
    return ArgumentError(f"{name}={shown(given)} is not {what}", f"{advice}.")


def shown(given: Any) -> str:
    """What was given, in a few letters."""
    if isinstance(given, os.PathLike):
        return shown(os.fspath(given))
    if isinstance(given, np.ndarray) and given.ndim:
        return f"<array of shape {given.shape}>"
    if isinstance(given, str | bytes | bool | int | float | None | Iterable):
        said = (
            repr(given) if not isinstance(given, int) or abs(given) < 10**60 else "<a huge number>"
        )
        return said if len(said) <= 60 and "\n" not in said else f"{said.split(chr(10))[0][:50]}..."
    return f"<{type(given).__name__}>"
