"""How fast a slice follows a key press, beside what a user would run instead.

    python benchmarks/viewer.py [--case NAME ...] [--json FILE]

One notebook per row, opened in a real JupyterLab and a real Chromium, locally and through a link
with a round trip of 100 ms. A key goes down on the row's slider (or the wheel turns over its
picture); the time until the picture changes is read in the page (`viewer_probe.js`), right to one
frame. The rivals come from their packages into an environment under a temporary folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests/browser"))

from chromium import chromium_page  # noqa: E402
from lab import LabPage, LabServer, free_port, write_notebook  # noqa: E402
from slow_link import SlowLink  # noqa: E402

RIVALS = ("jupyterlab", "matplotlib", "nibabel", "stackview", "ipyniivue")
ROUND_TRIPS = (0.0, 0.1)
STEPS, WARM_UP = 20, 3

HANDSON = """
import handson, handson.viewer
volume = handson.read_nifti("{file}")
"""
ARRAY = """
import nibabel, numpy as np
volume = np.asarray(nibabel.load("{file}").dataobj)
"""
PYPLOT = """
import matplotlib.pyplot as plt
from ipywidgets import interact
plt.figure(); plt.close()
"""
INTERACT = """
low, high = volume[::8, ::8, ::8].min(), volume[::8, ::8, ::8].max()
@interact(k=(0, volume.shape[2] - 1))
def show(k=volume.shape[2] // 2):
    plt.imshow(volume[:, :, k].T, cmap="gray", origin="lower", vmin=low, vmax=high)
    plt.show()
"""
STACKVIEW = """
stackview.{view}(volume.transpose(2, 1, 0), display_width=400, display_height=400,
    display_min=volume[::8, ::8, ::8].min(), display_max=volume[::8, ::8, ::8].max())
"""
NIIVUE = """
scene = NiiVue(height=400)
scene.load_volumes([{{"path": "{file}"}}])
scene
"""
OVERLAY = """
import numpy as np
i, j, k = np.ogrid[:128, :128, :75]
bump = np.exp(-((i - 50) ** 2 + (j - 60) ** 2 + (k - 40) ** 2) / 400).astype("float32")
map_affine = volume.affine @ np.diag([4, 4, 4, 1])
activation = handson.Layer(handson.Volume(bump, map_affine, name="map"))
"""


@dataclass(frozen=True)
class Case:
    """One row: the cells that prepare, the last cell that shows, and where to press."""

    name: str
    load: str
    show: str
    files: tuple[str, ...]
    press: str = ".noUi-handle"
    wheel: bool = False
    picture: str = ".jp-OutputArea-output img, .jp-OutputArea-output canvas"
    rival: bool = False
    round_trips: tuple[float, ...] = ROUND_TRIPS


BOTH = ("mni.nii", "ct.nii")
OURS = ".ho-canvas"
CASES = (
    Case("handson, one slice", HANDSON, "handson.SliceViewer(volume)", BOTH, picture=OURS),
    Case(
        "handson, one slice, keys on the picture",
        HANDSON,
        "handson.SliceViewer(volume)",
        BOTH[:1],
        press=OURS,
        picture=OURS,
    ),
    Case(
        "handson, three views and an overlay",
        HANDSON + OVERLAY,
        'handson.view(volume, activation, plane="ortho")',
        ("ct.nii",),
        picture=OURS,
    ),
    Case(
        "handson, the window of a radiograph",
        HANDSON,
        "handson.view(volume)",
        ("radiograph.nii",),
        picture=OURS,
    ),
    Case("`interact` + `imshow`", ARRAY + PYPLOT, INTERACT, BOTH),
    Case(
        "stackview.slice",
        ARRAY + "import stackview",
        STACKVIEW.format(view="slice"),
        BOTH,
        rival=True,
    ),
    Case(
        "stackview.orthogonal",
        ARRAY + "import stackview",
        STACKVIEW.format(view="orthogonal"),
        BOTH,
        rival=True,
    ),
    Case(
        "ipyniivue",
        "from ipyniivue import NiiVue",
        NIIVUE,
        ("mni.nii",),
        press="canvas",
        wheel=True,
        rival=True,
    ),
)
GROWTH = tuple(
    Case(
        f"handson, {size} MB",
        HANDSON,
        "handson.SliceViewer(volume)",
        (f"{size}mb.nii",),
        picture=OURS,
        round_trips=(0.0,),
    )
    for size in (8, 40, 157, 300)
)


def write_volumes(folder: Path):
    """A template head at 1 mm, volumes as large as a CT and a radiograph, and noise of 8 to 300 MB."""
    from nilearn.datasets import load_mni152_template

    head = load_mni152_template(resolution=1)
    grey = np.asarray(head.dataobj) * (255 / np.asarray(head.dataobj).max())
    nib.save(nib.Nifti1Image(grey.astype(np.uint8), head.affine), folder / "mni.nii")

    def noise(shape, name):
        rng = np.random.default_rng(7)
        i, j, k = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
        body = (i[:, None] ** 2 / 0.8 + j[None] ** 2 / 0.5) < 1
        data = np.empty(shape, np.int16)
        for n, z in enumerate(k):
            grain = rng.integers(-60, 60, shape[:2], dtype=np.int16)
            data[..., n] = np.where(body, 40 + 80 * z, -1000) + grain
        nib.save(nib.Nifti1Image(data, np.diag([0.7, 0.7, 1.2, 1])), folder / name)

    noise((512, 512, 300), "ct.nii")
    noise((3000, 4000, 1), "radiograph.nii")
    for size in (8, 40, 157, 300):
        side = 256 if size < 100 else 512
        noise((side, side, round(size * 1e6 / 2 / side**2)), f"{size}mb.nii")


def rival_python(folder: Path) -> str:
    """An environment of the rivals' own; ours stays as it is."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin/python")
    install = [python, "-m", "pip", "install", "--quiet", *RIVALS]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def resident(pid, field="VmRSS") -> float:
    """MB that a process holds (VmRSS) or held at most (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def watch_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak starts again from now
    return resident(pid)


def renderer_memory(browser) -> float:
    """MB of the largest page process."""
    processes = browser.send("SystemInfo.getProcessInfo")["processInfo"]
    return max(resident(each["id"]) for each in processes if each["type"] == "renderer")


def settled(page, quiet, limit=60):
    """Wait until neither bytes nor pictures have come for `quiet` seconds."""
    seen, since, end = None, time.monotonic(), time.monotonic() + limit
    while time.monotonic() < end:
        now = page.evaluate("() => [__bytes.received, __probe.pictures.length]")
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > quiet:
            return
        time.sleep(0.05)


def measure(page, browser, server, lab, case, file, round_trip):
    """One row at one round trip: a dictionary of milliseconds, bytes and MB."""
    safe = "".join(c if c.isalnum() else "-" for c in f"{case.name}-{file}-{round_trip}")
    path = write_notebook(
        server.root / f"{safe}.ipynb", case.load.format(file=file), case.show.format(file=file)
    )
    notebook = lab.open(path)
    notebook.run_cell(0)
    kernel = int(notebook.python("import os; print(os.getpid())"))
    kernel_before, server_before = watch_peak(kernel), watch_peak(server.process.pid)
    page_before, bytes_before = renderer_memory(browser), page.evaluate("() => __bytes.received")
    started = page.evaluate(
        "selector => { __probe.watch(selector); return performance.now(); }", case.picture
    )
    notebook.run_cell(1, wait=False)
    page.wait_for_function("() => __probe.pictures.length > 0", timeout=90_000)
    found = {"first_ms": page.evaluate("() => __probe.pictures[0]") - started}
    settled(page, 1.0 + 3 * round_trip)
    found |= {
        "load_mb": (page.evaluate("() => __bytes.received") - bytes_before) / 1e6,
        "kernel_mb": resident(kernel, "VmHWM") - kernel_before,
        "server_mb": resident(server.process.pid, "VmHWM") - server_before,
        "page_mb": renderer_memory(browser) - page_before,
    }
    notebook.wait_until_run()
    act = press_on(page, case)
    times, received = [], page.evaluate("() => __bytes.received")
    for step in range(WARM_UP + STEPS):
        page.evaluate("() => __probe.clear()")
        act(forward=True)
        page.wait_for_function(
            "() => __probe.keys.length && __probe.pictures.length > 0", timeout=20_000
        )
        time.sleep(0.12 + 1.2 * round_trip)
        if step >= WARM_UP:
            times.append(page.evaluate("() => __probe.pictures[0] - __probe.keys[0]"))
    found |= {
        "median_ms": float(np.median(times)),
        "p95_ms": float(np.percentile(times, 95)),
        "slice_kb": (page.evaluate("() => __bytes.received") - received) / len(times) / 1e3,
    }
    found |= burst(page, act, quiet=0.6 + 2 * round_trip + 2 * found["p95_ms"] / 1000)
    notebook.close()
    return found


def press_on(page, case):
    """Put the keyboard or the mouse where the case wants it: a function that moves one slice."""
    box = page.evaluate(
        """selector => {
          const found = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) '
            + '.jp-OutputArea-output ' + selector);
          found.scrollIntoView({block: 'center'});
          if (found.tabIndex >= 0) found.focus({preventScroll: true});
          const box = found.getBoundingClientRect();
          return [box.x + box.width / 4, box.y + box.height / 4]; }""",
        case.press,
    )
    time.sleep(0.3)

    def act(forward):
        if case.wheel:
            page.wheel(*box, 100 if forward else -100)
        else:
            page.press("ArrowRight" if forward else "ArrowLeft")

    return act


def burst(page, act, quiet):
    """30 presses back at 30 a second: how many pictures, and how long after the last it is still."""
    page.evaluate("() => __probe.clear()")
    start = time.monotonic()
    for n in range(30):
        time.sleep(max(0, start + n / 30 - time.monotonic()))
        act(forward=False)
    settled(page, quiet)
    pictures, keys = page.evaluate("() => [__probe.pictures, __probe.keys]")
    late = pictures[-1] - keys[-1] if pictures else float("nan")
    return {"burst_pictures": len(pictures), "burst_settled_ms": late}


def run(cases):
    results = []
    with tempfile.TemporaryDirectory(prefix="viewer-benchmark-") as folder:
        root = Path(folder, "root")
        root.mkdir()
        write_volumes(root)
        for rival in (False, True):
            chosen = [case for case in cases if case.rival == rival]
            if not chosen:
                continue
            python = rival_python(Path(folder, "rivals")) if rival else sys.executable
            with LabServer(root, python) as server:
                for round_trip in ROUND_TRIPS:
                    results += measure_all(server, chosen, round_trip)
    return results


def measure_all(server, cases, round_trip):
    results, url = [], server.url
    if round_trip:
        link = SlowLink(free_port(), server.port, round_trip)
        url = f"http://127.0.0.1:{link.port}"
    with chromium_page() as (page, browser):
        page.on_every_page((HERE / "viewer_probe.js").read_text())
        lab = LabPage(page, server, url=url)
        for case in cases:
            for file in case.files if round_trip in case.round_trips else ():
                row = {"case": case.name, "file": file, "round_trip_ms": round_trip * 1000}
                try:
                    row |= measure(page, browser, server, lab, case, file, round_trip)
                except TimeoutError as error:  # one row less; the others are still worth having
                    print(f"no result: {row}: {error}", file=sys.stderr)
                    continue
                print(json.dumps(row), flush=True)
                results.append(row)
    return results


def table(results) -> str:
    """The rows as Markdown."""
    heads = {
        "case": "viewer", "file": "volume", "round_trip_ms": "round trip", "median_ms": "median",
        "p95_ms": "p95", "first_ms": "first picture", "burst_pictures": "pictures of 30",
        "burst_settled_ms": "settled after", "slice_kb": "kB a slice", "load_mb": "MB loaded",
        "kernel_mb": "kernel MB", "server_mb": "server MB", "page_mb": "page MB",
    }  # fmt: skip
    lines = ["| " + " | ".join(heads.values()) + " |", "|---" * len(heads) + "|"]
    for row in results:
        cells = [row[key] if isinstance(row[key], str) else f"{row[key]:.0f}" for key in heads]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", help="only rows whose name contains this")
    parser.add_argument("--json", type=Path, help="write the rows here as well")
    options = parser.parse_args()
    wanted = options.case or [""]
    cases = [c for c in CASES + GROWTH if any(each in c.name for each in wanted)]
    results = run(cases)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    print(f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n\n{table(results)}")


if __name__ == "__main__":
    main()
