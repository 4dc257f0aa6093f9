"""The generated data sets: pictures whose truth is known, drawn on the learner's own disk.

`GENERATORS[id]` fills an existing empty folder, always with the same bytes on one machine. Caching, locking
and the manifest belong to `handson.datasets`, which knows an old copy by a digest of this package's code;
each set is one module here, and its truth are constants of that module.
"""

from collections.abc import Callable

from . import axis4, bold, delivery, head, labels, leaks, lettered, segmentation, study, traps

GENERATORS: dict[str, Callable] = {
    "gen-study": study.make,
    "gen-phantom": lettered.make,
    "gen-bold": bold.make,
    "gen-axis4": axis4.make,
    "gen-delivery": delivery.make,
    "gen-labels": labels.make,
    "gen-leaks": leaks.make,
    "gen-head": head.make,
    "gen-traps": traps.make,
    "gen-segmentation": segmentation.make,
}
