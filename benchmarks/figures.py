"""`figures.picture` and `figures.overlay` against matplotlib's own imshow with a colour bar.

    python benchmarks/figures.py

Each draws one slice of 256 x 256 and writes a PNG, in turns; processor time, medians, as ratios.
"""

import time
from io import BytesIO
from statistics import median

import numpy as np
from matplotlib.figure import Figure

from handson import Volume, figures

RUNS = 15


def images():
    rng = np.random.default_rng(0)
    ct = rng.integers(-1000, 2000, (256, 256, 40)).astype(np.int16)
    base = Volume(ct, np.diag([1, 1, 2, 1.0]), unit="HU", modality="CT", window=(40, 400))
    return base, Volume(rng.random((64, 64, 40)).astype(np.float32), np.diag([4, 4, 2, 1.0]))


def matplotlib_alone(base):
    figure = Figure(figsize=(5, 4.75), layout="constrained")
    ax = figure.add_subplot()
    shown = ax.imshow(base.data[:, :, 20].T, cmap="gray", vmin=-160, vmax=240)
    figure.colorbar(shown)
    return figure


def main():
    base, over = images()
    makers = {
        "matplotlib": lambda: matplotlib_alone(base),
        "picture": lambda: figures.picture(base),
        "overlay": lambda: figures.overlay(base, over),
    }
    took = {name: [] for name in makers}
    for run in range(RUNS + 1):
        for name, make in makers.items():
            start = time.process_time()
            make().savefig(BytesIO(), format="png")
            if run:  # the first warms up
                took[name].append(time.process_time() - start)
    for name, seconds in took.items():
        ratio = median(seconds) / median(took["matplotlib"])
        print(f"{name:11} {1000 * median(seconds):5.0f} ms  {ratio:4.2f}")


if __name__ == "__main__":
    main()
