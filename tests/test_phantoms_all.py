"""What every generated set keeps to: the same bytes again, an empty folder filled, progress told."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from handson.errors import DataError
from handson.phantoms import GENERATORS, anatomy

# Those that take seconds are made twice only by hand.
QUICK = ["gen-axis4", "gen-bold", "gen-delivery", "gen-leaks", "gen-head"]
SLOW = sorted(set(GENERATORS) - set(QUICK))


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def made_elsewhere(names, folder):
    """The sets made by another process: another hash seed, random state, current folder and zone."""
    code = (
        "import sys, pathlib, numpy; numpy.random.seed(99)\n"
        "from handson.phantoms import GENERATORS\n"
        "for name in sys.argv[2:]:\n"
        "    folder = pathlib.Path(sys.argv[1], name); folder.mkdir(); GENERATORS[name](folder)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code, folder, *names]
    subprocess.run(command, check=True, env=environment, cwd=folder)


def assert_same_twice(names, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for name in names:
        (here / name).mkdir(parents=True)
        GENERATORS[name](here / name)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    made_elsewhere(names, there)
    assert digests(here) == digests(there) != {}


def test_two_processes_make_the_same_bytes(tmp_path):
    assert_same_twice(QUICK, tmp_path)


@pytest.mark.long
def test_two_processes_make_the_same_bytes_of_the_slow_ones_too(tmp_path):
    assert_same_twice(SLOW, tmp_path)


def test_progress_ends_at_its_total(tmp_path):
    told = []
    GENERATORS["gen-leaks"](tmp_path, progress=lambda done, total: told.append((done, total)))
    dones, totals = zip(*told, strict=True)
    assert list(dones) == sorted(dones)
    assert len(set(totals)) == 1
    assert dones[-1] == totals[-1]


def test_without_nilearn_the_error_names_it_and_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(anatomy, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"nilearn.*pip install"):
        GENERATORS["gen-labels"](tmp_path)
    assert list(tmp_path.iterdir()) == []
