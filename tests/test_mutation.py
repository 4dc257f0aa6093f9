"""Do the tests notice a change? See mutation.py; hours for all of it, so a sample, and by hand (`--long`)."""

import os
import subprocess
import sys

import mutation
import pytest


def test_every_kind_of_change_is_found():
    import ast

    tree = ast.parse("a = -b + 1 if c < 2 and not d == 3 else e * True")
    said = {said for _, said, _ in mutation.places(tree)}
    assert {
        "-x -> +x",
        "Add -> Sub",
        "Lt -> LtE",
        "And -> Or",
        "Eq -> NotEq",
        "Mult -> Div",
    } <= said
    assert {"1 -> 2", "True -> False"} <= said


def test_targets_and_their_tests_exist():
    for module, tests in mutation.TARGETS.items():
        assert mutation.mutants(module), module
        for name in tests:
            assert (mutation.ROOT / "tests" / name).is_file(), name


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are run in forked processes")
def test_nine_of_ten_changes_are_noticed(capfd):
    done = subprocess.run(
        [sys.executable, str(mutation.ROOT / "tests/mutation.py"), "6"],
        text=True,
        capture_output=True,
    )
    with capfd.disabled():
        print(done.stdout[done.stdout.rfind("noticed; survivors") - 20 :])
    count, of = (
        int(done.stdout.rsplit(" noticed; survivors", 1)[0].rsplit("\n", 1)[1].split()[n])
        for n in (0, 2)
    )
    assert of >= 60
    assert count >= 0.9 * of
