"""How the package hangs together: a name means one thing, and imports run one way."""

import ast
import doctest
import importlib
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import handson

ROOT = Path(__file__).parent.parent
# Modules that know each other, and why a function that is called later may look back.
LOOKS_BACK = {
    ("handson.volume", "handson.figures"): "a Slice as the last line of a cell draws itself",
    ("handson.display.images", "handson.opening"): "a path is opened only when one is given",
}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "handson").rglob("*.py"))}


def tree(module):
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imported(module, node):
    """The modules of the package that an import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & set(MODULES)
    package = module.split(".")
    if MODULES[module].name != "__init__.py":
        package.pop()
    above = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*above, *filter(None, [node.module])])
    names = (f"{base}.{alias.name}" for alias in node.names)
    return {name if name in MODULES else base for name in names} & set(MODULES)


def imports(module):
    """(at the top, later): what is imported with the module, and inside its functions."""
    top, later = set(), set()

    def collect(nodes, into):
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                into |= imported(module, node) - {module}
            elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                continue  # a type alone binds nothing
            else:
                inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                collect(ast.iter_child_nodes(node), later if inside else into)

    collect(tree(module).body, top)
    return top, later - top


IMPORTS = {module: imports(module) for module in MODULES}


def reached(start):
    """Every module that importing `start` and calling its functions can import."""
    found, todo = set(), [start]
    while todo:
        top, later = IMPORTS[todo.pop()]
        todo += [one for one in top | later if one not in found]
        found |= top | later
    return found


def test_no_module_imports_itself_by_way_of_others():
    for module in MODULES:
        found, todo = set(), [module]
        while todo:
            todo += [
                one for one in IMPORTS[todo.pop()][0] if one not in found and not found.add(one)
            ]
        assert module not in found, module


def test_few_imports_inside_functions_look_back_and_each_has_a_reason():
    back = {(m, one) for m, (_, later) in IMPORTS.items() for one in later if m in reached(one)}
    assert back == set(LOOKS_BACK)


def test_no_two_public_classes_share_a_name():
    where = defaultdict(list)
    for module in MODULES:
        for node in tree(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(module)
    assert {name: modules for name, modules in where.items() if len(modules) > 1} == {}


def documented():
    """(where, docstring) of every module, class and function."""
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (
                text := ast.get_docstring(node)
            ):
                yield f"{module}:{getattr(node, 'name', '')}", text


def test_docstrings_have_one_way_to_say_what_is_returned_and_raised():
    other = re.compile(
        r"^(Returns|Raises)\b|[.;] (returns|raises|Returns|Raises) `?[A-Z]\w*Error", re.M
    )
    assert [where for where, text in documented() if other.search(text)] == []


@pytest.mark.parametrize(
    "module", [m for m in MODULES if ">>> " in MODULES[m].read_text(encoding="utf-8")]
)
def test_the_examples_of_docstrings_run(module):
    found = importlib.import_module(module)
    names = {"fetch": handson.fetch, "handson": handson, "np": np}
    assert doctest.testmod(found, extraglobs=names).failed == 0
