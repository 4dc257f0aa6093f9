"""The package says its types: mypy finds nothing wrong, and public functions are annotated."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "handson"
ROOMS = sorted(
    path.name
    for path in PACKAGE.iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
)
# Rooms that hand out what others define.
HANDED_OUT = ("handson", "handson.deidentify", "handson.dicom", "handson.nifti", "handson.datasets")


def test_the_package_is_marked_as_typed():
    assert (PACKAGE / "py.typed").is_file()


def modules(room):
    path = PACKAGE / room
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def public_functions(node, prefix=""):
    """(name, function) of everything that a user may call, methods of public classes among them."""
    for part in node.body:
        if isinstance(part, ast.ClassDef) and not part.name.startswith("_"):
            yield from public_functions(part, f"{part.name}.")
        elif isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            yield prefix + part.name, part


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_are_annotated(room):
    for module in modules(room):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for name, function in public_functions(tree):
            given = function.args
            arguments = [
                *given.posonlyargs,
                *given.args,
                *given.kwonlyargs,
                given.vararg,
                given.kwarg,
            ]
            bare = [
                a.arg
                for a in arguments
                if a and a.annotation is None and a.arg not in ("self", "cls")
            ]
            assert not bare, f"{module.name}: {name}({', '.join(bare)})"
            assert function.returns is not None, f"{module.name}: {name} returns"


@pytest.mark.parametrize("room", HANDED_OUT)
def test_what_a_room_hands_out_is_annotated(room):
    module = importlib.import_module(room)
    for name in module.__all__:
        found = getattr(module, name)
        if inspect.isfunction(found):
            signature = inspect.signature(found)
            stated = [p.annotation for p in signature.parameters.values()]
            assert inspect.Parameter.empty not in [*stated, signature.return_annotation], name


def test_a_star_import_replaces_nothing_of_pythons_own():
    import builtins

    import handson

    assert not set(handson.__all__) & set(dir(builtins))
    assert callable(handson.open)


def test_mypy_finds_nothing_wrong():
    api = pytest.importorskip("mypy.api")
    found, fault, status = api.run(["--config-file", str(ROOT / "pyproject.toml"), str(PACKAGE)])
    assert status == 0, found[-3000:] + fault
