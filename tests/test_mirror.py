"""The page paints what Python paints: one picture by raster.py and by the JavaScript, within one grey level.

Each case is a viewer. Python draws it from its values; Node draws it with the page's own modules from the
state that the viewer's exported page holds, that is from the codes that were sent.
"""

import base64
import json
import re
import subprocess
from itertools import product
from pathlib import Path

import nibabel as nib
import numpy as np
import programs
import pytest

import handson
from handson import Layer, Volume
from handson.sides import CONVENTIONS, PLANES
from handson.viewer import export, static

SCRIPT = Path(__file__).parent / "js/viewer/mirror.mjs"
TURNED = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.2, -0.1, 0.3) @ np.diag([1.5, -2.5, 2.0]), [-3, 16, -2]
)
DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "float32",
    "float64",
]


def rng():
    return np.random.default_rng(7)


def values(dtype, shape=(11, 13, 9)):
    """Values over much of a type's range, with NaN and infinity where it has them."""
    if dtype == "bool":
        return rng().random(shape) > 0.5
    if np.dtype(dtype).kind == "f":
        data = rng().normal(0, 300, shape).astype(dtype)
        data[2:4, 3, :] = np.nan
        data[5, 5, :3] = np.inf, -np.inf, 0
        return data
    ends = np.iinfo(dtype)
    return rng().integers(max(ends.min, -40000), min(ends.max, 90000), shape, dtype=dtype)


def grey(dtype="int16", **meaning):
    return Volume(values(dtype), np.diag([2.0, -3.0, 2.5, 1.0]), **meaning)


def whole_with_holes():
    return Volume(np.rint(values("float32")), np.diag([2.0, -3.0, 2.5, 1.0]))


def smooth(shape=(7, 9, 12)):
    """A map without steps, on a grid of its own."""
    i, j, k = np.indices(shape)
    return Volume((np.sin(i / 2) + np.cos(j / 3) - k / 9).astype(np.float32), TURNED)


def areas(dtype=np.int16):
    data = np.zeros((10, 8, 11), dtype)
    data[2:5, 1:6], data[5:8, 3:7], data[8:, :4] = 3, 300, 7
    return Volume(data, TURNED)


def holey():
    data = np.array(smooth().data)
    data[3, 4, 5] = data[0, 0, :4] = np.nan
    return Volume(data, TURNED)


def cases():
    """{name: () -> viewer}; every picture of each is compared."""

    def look(name, *layers, base=grey, **options):
        return name, lambda: handson.view(base(), *(make() for make in layers), **options)

    yield from (look(f"type {d}", base=lambda d=d: grey(d)) for d in DTYPES)
    yield from (
        look(f"{p}, {c}", plane=p, convention=c, index=3) for p, c in product(PLANES, CONVENTIONS)
    )
    yield from (
        look(f"window {w}", base=lambda: grey("float32"), window=w)
        for w in ((0, 1), (40, 400), (0.3, 0.01), (-500, 3))
    )
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        yield look(function, base=lambda f=function: grey(window_function=f), window=(100, 9000))
    yield look("a width of one", base=lambda: grey(modality="CT"), window=(40, 1))
    yield look("inverted", base=lambda: grey(photometric="MONOCHROME1"))
    # Whole numbers: of others the page knows the side of an end only to half a step of its codes.
    yield look("marked", base=whole_with_holes, outside=True, window=(0, 100))
    yield from (look(f"colours {m}", cmap=m) for m in ("gray", "inferno", "blue-orange", "labels"))
    yield look("constant", base=lambda: Volume(np.full((4, 5, 6), 3.5), np.eye(4)))
    yield look("nothing but NaN", base=lambda: Volume(np.full((4, 5, 6), np.nan), np.eye(4)))
    yield look("colour", base=lambda: Volume(
        rng().integers(0, 256, (6, 7, 8, 3)).astype(np.uint8), np.diag([2.0, -3.0, 2.5, 1.0]), photometric="RGB"))  # fmt: skip
    yield look("time", base=lambda: Volume(values("int16", (4, 5, 6, 7)), np.eye(4)), time=4)
    yield look("array", base=lambda: values("float32"))
    yield look("a map", lambda: Layer(smooth()))
    yield look("a map, nearest", lambda: Layer(smooth(), interpolation="nearest", opacity=0.33))
    yield look("a map with holes", lambda: Layer(holey(), threshold=(-9, 9), opacity=1))
    yield look("one side", lambda: Layer(smooth(), two_sided=False, threshold=0.4, cmap="hot"))
    yield look("a map's outline", lambda: Layer(smooth(), outline=True, threshold=0.8, opacity=1))
    yield look("a mask", lambda: Layer(areas().with_data(areas().data == 3)))
    yield look("labels", lambda: Layer(areas(), names={3: "a"}, colours={7: "#12ab9f"}))
    yield look(
        "labels outlined, one hidden", lambda: Layer(areas(), outline=True, shown=(3, 7), opacity=1)
    )
    yield look("labels of 32 bits", lambda: Layer(areas(np.int32), opacity=0.5))
    yield look("hidden", lambda: Layer(smooth(), visible=False))
    for compose in ("curtain", "checkerboard", "side by side"):
        yield look(
            compose, lambda: Layer(smooth()), lambda: Layer(areas()), compose=compose, split=0.3
        )
    yield look("layers in time", lambda: Layer(Volume(values("int16", (6, 6, 6, 3)), TURNED)),
               base=lambda: Volume(values("int16", (4, 5, 6, 7)), np.eye(4)), time=2)  # fmt: skip
    yield look("three planes", lambda: Layer(smooth()), plane="ortho")


CASES = dict(cases())


def state_of(viewer):
    return json.loads(re.search(r'id="state">(.*?)</script>', export.page(viewer), re.DOTALL)[1])


@pytest.fixture(scope="module")
def both():
    """{case: [(picture by Python, by the page), ...]}, both uint8 [row, column, 3]."""
    node = programs.need("node")
    asked, ours = [], []
    for name, make in CASES.items():
        viewer = make()
        state = state_of(viewer)
        for plane, part in static.sections(viewer):
            asked.append({"state": state, "plane": plane, "part": part})
            ours.append((name, static.picture(viewer, plane, part)))
        viewer.close()
    done = subprocess.run(
        [node, "--no-warnings", str(SCRIPT)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for (name, picture), painted in zip(ours, json.loads(done.stdout), strict=True):
        pixels = np.frombuffer(base64.b64decode(painted), np.uint8).reshape(*picture.shape[:2], 4)
        found.setdefault(name, []).append((picture, pixels[..., :3]))
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_page_paints_what_python_paints(both, name):
    for ours, theirs in both[name]:
        apart = np.abs(ours.astype(int) - theirs)
        assert apart.max() <= 1, f"{(apart > 1).any(axis=2).sum()} of {apart[..., 0].size} pixels"


def test_the_cases_draw_something(both):
    flat = {"constant", "nothing but NaN"}
    for name, pictures in both.items():
        for ours, _ in pictures:
            assert name in flat or len(np.unique(ours)) > 1, name
