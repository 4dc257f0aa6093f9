"""Change one thing in a module and see whether its tests notice: `python tests/mutation.py [module ...]`.

A mutant is the module with one comparison, sign, constant or boolean changed. Its tests run in a forked
process that loads the mutant in the module's place, so no file is touched. What survives is a fact that
no test states, or a change that changes nothing; `EQUAL` lists the latter, each with its reason.
"""

import ast
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 240  # for the tests of one mutant: longer is an endless loop, which is noticed

# Module -> the tests that state its facts.
TARGETS = {
    "handson.sides": ("test_volume.py", "test_figures.py"),
    "handson.volume": ("test_volume.py", "test_exchange.py", "test_axis_orders.py"),
    "handson.exchange": ("test_exchange.py",),
    "handson.display.windows": ("test_windows.py", "test_display.py"),
    "handson.display.values": ("test_display.py", "test_viewer.py"),
    "handson.display.look": ("test_display.py", "test_viewer.py", "test_figures.py"),
    "handson.display.colours": ("test_display.py", "test_mirror.py"),
    "handson.display.raster": ("test_mirror.py", "test_display.py"),
    "handson.display.measuring": ("test_viewer.py", "test_display.py"),
    "handson.display.images": ("test_display.py", "test_viewer.py"),
    "handson.viewer.encoding": ("test_viewer.py", "test_mirror.py"),
    "handson.dicom.geometry": ("test_dicom_series.py", "test_dicom_scan.py"),
    "handson.dicom.scaling": ("test_dicom_values.py", "test_dicom_pixels.py"),
    "handson.dicom.tables": ("test_dicom_values.py", "test_dicom_pixels.py"),
    "handson.dicom.mixtures": ("test_dicom_agreement.py",),
    "handson.dicom.times": (
        "test_dicom_agreement.py",
        "test_dicom_series.py",
        "test_dicom_repeats.py",
    ),
    "handson.nifti.geometry": ("test_nifti.py",),
    "handson.deidentify.profile": ("test_deidentify_leaks.py", "test_deidentify_images.py"),
    "handson.deidentify.report": ("test_deidentify_images.py", "test_deidentify_command.py"),
}

# (module, line of the source, stripped, and what was changed) -> why no test can notice.
EQUAL: dict[tuple[str, str, str], str] = {
    ("handson.dicom.geometry", "@dataclass(frozen=True, slots=True)", "True -> False"): (
        "a record that nobody assigns to is the same frozen or not"
    ),
    (
        "handson.nifti.geometry",
        "steps = [affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0) for affine in (sform, qform)]",
        "3 -> 4",
    ): "the last row of an affine holds zeros and adds none to a norm or a difference",
}

COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
CALCULATED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where it is, and what it says now."""

    module: str
    number: int  # of the place, in the order in which the tree is walked
    line: int
    source: str
    change: str

    def __str__(self):
        return f"{self.module}:{self.line}: {self.source}\n    {self.change}"

    @property
    def key(self):
        return self.module, self.source, self.change


def path_of(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def changes(node):
    """Each way to change a node: (what it is called, the function that does it)."""
    if isinstance(node, ast.Compare):
        for n, operator in enumerate(node.ops):
            other = COMPARED[type(operator)]
            yield (
                f"{type(operator).__name__} -> {other.__name__}",
                lambda o=other, n=n: _set(node.ops, n, o()),
            )
    elif isinstance(node, ast.BinOp) and type(node.op) in CALCULATED:
        other = CALCULATED[type(node.op)]
        yield f"{type(node.op).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "-x -> +x", lambda: setattr(node, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", lambda: setattr(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield f"{node.value} -> {node.value + 1}", lambda: setattr(node, "value", node.value + 1)


def _set(items, n, value):
    items[n] = value


def places(tree):
    """Every change that can be made in a module, annotations and docstrings aside."""
    hidden = set()
    for node in ast.walk(tree):
        for part in ("annotation", "returns"):
            if getattr(node, part, None) is not None:
                hidden.update(map(id, ast.walk(getattr(node, part))))
    for node in ast.walk(tree):
        if id(node) not in hidden:
            for said, change in changes(node):
                yield node, said, change


def mutants(module: str) -> list[Mutant]:
    text = path_of(module).read_text(encoding="utf-8")
    lines = text.splitlines()
    return [
        Mutant(module, n, node.lineno, lines[node.lineno - 1].strip(), said)
        for n, (node, said, _) in enumerate(places(ast.parse(text)))
    ]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant):
        self.mutant = mutant

    def find_spec(self, name, path=None, target=None):
        if name != self.mutant.module:
            return None
        file = str(path_of(name))
        return importlib.util.spec_from_file_location(name, file, loader=self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = path_of(self.mutant.module)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        list(places(tree))[self.mutant.number][2]()
        exec(compile(ast.fix_missing_locations(tree), str(path), "exec"), vars(module))


def is_noticed(mutant: Mutant | None, tests) -> bool:
    """Run tests in a forked process, with a mutant in its module's place; did one fail?"""
    child = os.fork()
    if child == 0:
        _run_tests(mutant, tests)
    _, status = os.waitpid(child, 0)
    return status != 0


def _run_tests(mutant, tests):
    import pytest

    signal.alarm(SECONDS)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    os.chdir(ROOT)
    arguments = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header"]
    try:
        status = pytest.main([*arguments, *(f"tests/{name}" for name in tests)])
    except BaseException:
        status = 1
    os._exit(int(status))


def load_neighbours():
    """What every test needs and no mutant changes, imported once before the forks."""
    for name in ("numpy", "scipy.ndimage", "nibabel", "pydicom", "pytest", "matplotlib.figure", "IPython",
                 "anywidget", "ipywidgets", "PIL.Image", "SimpleITK", "hypothesis", "tqdm", "yaml"):  # fmt: skip
        importlib.import_module(name)


def run(modules, most: int, seed: int = 0):
    """(noticed, survivors) of up to `most` mutants of each module, chosen by the seed."""
    load_neighbours()
    noticed, survived = [], []
    for module in modules:
        if is_noticed(None, TARGETS[module]):
            raise SystemExit(f"the tests of {module} fail without any change")
        chosen = [m for m in mutants(module) if m.key not in EQUAL]
        random.Random(seed).shuffle(chosen)
        for mutant in chosen[:most]:
            (noticed if is_noticed(mutant, TARGETS[module]) else survived).append(mutant)
            print(
                f"{'noticed ' if noticed and noticed[-1] is mutant else 'SURVIVED'} {mutant}",
                flush=True,
            )
    return noticed, survived


if __name__ == "__main__":
    asked = [a for a in sys.argv[1:] if not a.isdigit()] or list(TARGETS)
    count = next((int(a) for a in sys.argv[1:] if a.isdigit()), 10)
    caught, alive = run(asked, count)
    print(f"{len(caught)} of {len(caught) + len(alive)} noticed; survivors:")
    for mutant in alive:
        print(mutant)
