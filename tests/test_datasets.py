"""A data set is in the cache whole and right, or not at all, whatever happens while it is made."""

import argparse
import doctest
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from types import SimpleNamespace

import programs
import pytest

import handson
from handson import datasets
from handson.commands import data
from handson.datasets import cache, catalogue, download, fetch, manifest, sources, table
from handson.datasets.manifest import load
from handson.errors import DataError

BUNDLED = [dataset.id for dataset in catalogue(tier="bundled")]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache whose name has a space and letters of other alphabets."""
    home = tmp_path / "données Übung Ω"
    monkeypatch.setenv("HANDSON_DATA", str(home))
    monkeypatch.delenv("HANDSON_MIRROR", raising=False)
    return home


@pytest.fixture
def phantoms(monkeypatch):
    """Generators that cost nothing, in the place of the real ones."""
    fake = SimpleNamespace(GENERATORS={})
    monkeypatch.setitem(sys.modules, "handson.phantoms", fake)
    return fake


@pytest.fixture
def small(home, phantoms):
    """A small set under the name gen-leaks; returns the calls that its generator got."""
    calls = []

    def make(folder, progress):
        calls.append(folder)
        (folder / "sub").mkdir()
        (folder / "sub" / "é 1.nii").write_bytes(b"first")
        progress(1, 2)
        (folder / "two.json").write_bytes(b"second")
        progress(2, 2)

    phantoms.GENERATORS["gen-leaks"] = make
    return calls


# The same small generator for processes of their own; `pause` is run between its two files.
CHILD = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
import handson
def make(folder, progress):
    (folder / "sub").mkdir()
    (folder / "sub" / "é 1.nii").write_bytes(b"first")
    {pause}
    (folder / "two.json").write_bytes(b"second")
sys.modules["handson.phantoms"] = SimpleNamespace(
    GENERATORS={{"gen-leaks": make}}
)
try:
    print(handson.fetch("gen-leaks"))
except handson.HandsonError as error:
    sys.exit(str(error))
"""

FETCH_TINY = """
try:
    handson.fetch("nibabel-tests")
except handson.HandsonError as error:
    print(error)
"""


def child(script, **options):
    return subprocess.Popen(
        [sys.executable, "-X", "utf8", "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **options,
    )


def run(*arguments):
    """`handson data ...`; returns the exit status."""
    parser = argparse.ArgumentParser()
    data.add(parser.add_subparsers())
    parsed = parser.parse_args(["data", *arguments])
    return parsed.run(parsed) or 0


def paths(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


class TestFetch:
    @pytest.mark.parametrize("id", BUNDLED)
    def test_a_bundled_set_holds_the_files_of_the_manifest_and_no_other(self, home, id):
        folder = fetch(id)
        assert folder.name == id
        assert home in folder.parents
        assert paths(folder) == set(load()[id].files)

    def test_a_generated_set_is_made_once(self, small):
        folder = fetch("gen-leaks")
        assert (folder / "two.json").read_bytes() == b"second"
        assert fetch("gen-leaks") == folder
        assert len(small) == 1

    def test_a_newer_generator_is_not_served_by_an_old_copy(self, small, monkeypatch):
        old = fetch("gen-leaks")
        monkeypatch.setattr(manifest, "generators_version", lambda: "newer")
        assert fetch("gen-leaks") != old
        assert len(small) == 2

    def test_a_changed_generator_is_a_newer_one(self, tmp_path, monkeypatch):
        monkeypatch.setattr(manifest, "__file__", str(tmp_path / "datasets" / "manifest.py"))
        (tmp_path / "phantoms").mkdir()
        source = tmp_path / "phantoms" / "leaks.py"
        source.write_text("MARKER_MM = 86")
        before = manifest.generators_version.__wrapped__()
        source.write_text("MARKER_MM = -86")
        assert manifest.generators_version.__wrapped__() != before

    def test_an_unknown_set_is_answered_with_the_known_ones(self, home):
        with pytest.raises(DataError, match=r"no data set 'gen-stury'.*gen-study"):
            fetch("gen-stury")

    def test_a_set_that_was_left_out_says_why_and_where_it_is(self, home):
        with pytest.raises(DataError, match=r"no SHA-256.*https://openneuro.org"):
            fetch("ds000114-sub01")

    def test_a_package_that_is_not_there_is_named_with_its_command(self, home, monkeypatch):
        monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(
            DataError, match=r"pydicom-data, which is not.*pip install \"pydicom-data=="
        ):
            fetch("pydicom-data-2d")
        assert list(home.iterdir()) == []

    @pytest.mark.parametrize("fault", ["other", "gone"])
    def test_a_package_with_other_files_is_not_believed(self, home, tmp_path, monkeypatch, fault):
        tests = tmp_path / "nibabel" / "tests" / "data"
        tests.mkdir(parents=True)
        if fault == "other":
            for path in load()["nibabel-tests"].files:
                (tests / path).write_bytes(b"from another version")
        spec = argparse.Namespace(origin=str(tmp_path / "nibabel" / "__init__.py"))
        monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: spec)
        with pytest.raises(DataError, match=r"anatomical.nii:? is .*--no-deps \"nibabel=="):
            fetch("nibabel-tests")
        assert list(home.iterdir()) == []


class TestDamage:
    @pytest.mark.parametrize("id", ["nibabel-tests", "gen-leaks"])
    def test_one_changed_byte_is_found_before_the_file_is_used(self, small, id):
        victim = max(path for path in fetch(id).rglob("*") if path.is_file())
        content = bytearray(victim.read_bytes())
        content[0] ^= 1
        victim.write_bytes(content)
        with pytest.raises(DataError, match=f"{victim.name} has changed.*data clean {id}"):
            fetch(id)
        assert run("verify") == 1
        assert run("clean", id) == 0
        assert run("fetch", id) == 0
        assert run("verify", id) == 0

    def test_a_lost_file_is_named(self, small):
        (fetch("gen-leaks") / "two.json").unlink()
        with pytest.raises(DataError, match=r"two\.json is missing since"):
            fetch("gen-leaks")

    def test_a_lost_record_makes_a_generated_set_doubtful(self, small):
        (fetch("gen-leaks").parent / "SHA256SUMS").unlink()
        with pytest.raises(DataError, match="SHA256SUMS is missing"):
            fetch("gen-leaks")

    def test_a_file_of_the_learner_is_told_and_never_removed(self, small, capsys):
        own = fetch("gen-leaks") / "my notes.txt"
        own.write_text("mine")
        assert fetch("gen-leaks") == own.parent
        assert run("verify") == 0
        assert "my notes.txt does not belong" in capsys.readouterr().out
        assert run("clean", "gen-leaks") == 1
        assert "my notes.txt" in capsys.readouterr().err
        assert own.read_text() == "mine"

    def test_the_record_can_be_checked_without_this_package(self, small):
        folder = fetch("gen-leaks")
        check = [programs.need("sha256sum"), "--check", "--quiet", "../SHA256SUMS"]
        assert subprocess.run(check, cwd=folder).returncode == 0


class TestNothingHalf:
    def test_a_generator_that_fails_leaves_nothing(self, small, home, phantoms):
        def fail(folder, progress):
            (folder / "half").write_bytes(b"half")
            raise ZeroDivisionError

        phantoms.GENERATORS["gen-leaks"] = fail
        with pytest.raises(ZeroDivisionError):
            fetch("gen-leaks")
        assert list(home.iterdir()) == []

    def test_a_process_killed_while_writing_leaves_nothing_that_is_used(self, small, home):
        process = child(CHILD.format(pause="print(flush=True); time.sleep(60)"))
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (unfinished,) = home.iterdir()
        assert "é 1.nii" in {path.name for path in unfinished.rglob("*")}
        assert run("verify") == 0, "what is unfinished is not taken for a set"
        assert paths(fetch("gen-leaks")) == {"sub/é 1.nii", "two.json"}
        assert run("clean") == 0
        assert not unfinished.exists()
        assert cache.is_stored(load()["gen-leaks"])

    def test_two_processes_at_once_both_get_the_whole_set(self, small, home, tmp_path):
        go = tmp_path / "go"
        script = CHILD.format(
            pause=f"print('ready', flush=True)\n    while not Path({str(go)!r}).exists(): time.sleep(0.01)"
        )
        both = [child(script), child(script)]
        assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
        go.touch()
        folders = [process.communicate()[0].strip() for process in both]
        assert folders == [str(fetch("gen-leaks"))] * 2
        assert [path.name for path in home.iterdir()] == [cache.home(load()["gen-leaks"]).name]
        assert small == [], "and the third had nothing to make"


class TestCacheFolder:
    def test_it_is_where_the_platform_keeps_caches(self, tmp_path, monkeypatch):
        monkeypatch.delenv("HANDSON_DATA", raising=False)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
        assert tmp_path in cache.cache_folder().parents

    def test_a_relative_one_is_taken_from_where_one_stands(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HANDSON_DATA", "here")
        assert cache.cache_folder() == tmp_path / "here"

    def test_a_file_in_its_place_is_named(self, small, home):
        home.write_text("a file")
        with pytest.raises(DataError, match=f"{home.name}.*HANDSON_DATA"):
            fetch("gen-leaks")
        assert home.read_text() == "a file"

    def test_a_shared_cache_that_is_read_only_serves_what_it_has(self, small, home, tmp_path):
        fetch("gen-leaks")
        home.chmod(0o555)
        out, err = as_nobody(CHILD.format(pause="") + FETCH_TINY, tmp_path)
        served, refused = out.splitlines()
        assert served == str(fetch("gen-leaks")), err
        assert "Permission denied" in refused
        assert "Ask whoever keeps this cache to run `handson data fetch nibabel-tests`" in refused
        assert [path.name for path in home.iterdir()] == [cache.home(load()["gen-leaks"]).name]

    def test_a_cache_that_may_not_even_be_read_is_named(self, home, tmp_path, monkeypatch):
        closed = tmp_path / "closed"
        closed.mkdir()
        monkeypatch.setenv("HANDSON_DATA", str(closed / "cache"))
        closed.chmod(0)
        out, err = as_nobody("import handson\n" + FETCH_TINY, tmp_path)
        closed.chmod(0o700)
        assert out.startswith(str(closed)), err
        assert "Permission denied" in out

    def test_a_full_disk_is_one_clear_error_and_leaves_nothing(self, home):
        limited = """
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            import sys, handson
            try:
                handson.fetch("nibabel-tests")
            except handson.HandsonError as error:
                sys.exit(str(error))
        """
        message = child(limited).communicate()[1]
        assert "Make room for 0 MB" in message
        assert "Traceback" not in message
        assert list(home.iterdir()) == []

    def test_nothing_is_written_outside_it(self, home, tmp_path):
        """Also not into the home folder, the working folder, or the one for temporary files."""
        places = {name: tmp_path / name for name in ("home", "work", "temporary")}
        for place in places.values():
            place.mkdir()
        environment = {
            **os.environ,
            "HOME": str(places["home"]),
            "TMPDIR": str(places["temporary"]),
            "XDG_CACHE_HOME": str(places["home"]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        script = CHILD.format(pause="") + "handson.fetch('pydicom-dicomdir')"
        process = child(script, env=environment, cwd=places["work"])
        assert process.communicate()[1] == ""
        assert {path.name.split("@")[0] for path in home.iterdir()} == {
            "gen-leaks",
            "pydicom-dicomdir",
        }
        assert [list(place.iterdir()) for place in places.values()] == [[], [], []]


def as_nobody(script, tmp_path):
    """Runs a script as a user who owns nothing; permissions do not bind root."""
    if os.geteuid() != 0:
        return child(script).communicate()
    # Modules are loaded first: nobody may not be able to read the folder that Python is in.
    drop = "import os, tqdm, handson.datasets.sources, handson.datasets.cache\nhandson.catalogue()\nos.setuid(65534)\n"
    for folder in (tmp_path, *tmp_path.parents[:3]):  # pytest's, one more with workers
        if folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    return child(drop + textwrap.dedent(script)).communicate()


def test_no_network_is_touched_by_what_is_bundled_or_generated(small, home):
    offline = """
        import sys
        def refuse(event, arguments):
            if event in ("socket.connect", "socket.getaddrinfo"):
                sys.exit(f"asked for the network: {arguments}")
        sys.addaudithook(refuse)
        import handson
        for dataset in handson.catalogue(tier="bundled"):
            handson.fetch(dataset.id)
        handson.datasets.cache.remains()
        heavy = {"pooch", "requests", "tqdm", "nilearn", "pydicom", "scipy"} & set(sys.modules)
        print(sorted(heavy))
    """
    out, err = child(offline).communicate()
    assert err == ""
    assert out == "[]\n", "nor is anything slow imported to copy a file or to look into the cache"


class TestCatalogue:
    def test_filters_hold_together(self):
        for dataset in catalogue(modality="CT", tier="download", lesson="03"):
            assert "CT" in dataset.modality
            assert dataset.tier == "download"
            assert "03" in dataset.lessons
        assert len(catalogue(modality="CT", tier="download", lesson="03")) >= 2
        assert len(catalogue()) == sum(
            len(catalogue(tier=t)) for t in ("bundled", "generated", "download")
        )

    def test_filters_forgive_how_they_are_written(self):
        assert list(catalogue(modality="ct", lesson=3)) == list(
            catalogue(modality="CT", lesson="03")
        )
        assert len(catalogue(modality="ct", lesson=3)) > 0

    @pytest.mark.parametrize("module", [datasets, table])
    def test_the_examples_in_the_documentation_are_true(self, home, module):
        assert doctest.testmod(module, extraglobs={"fetch": fetch}).failed == 0

    def test_an_unknown_tier_is_an_error_and_an_unknown_modality_an_empty_table(self):
        with pytest.raises(DataError, match="bundled, generated, download"):
            catalogue(tier="donwload")
        assert list(catalogue(modality="XX")) == []

    def test_in_a_notebook_it_is_a_table_with_every_set_and_licence(self):
        html = catalogue()._repr_html_()
        assert html.count("<tr>") == len(catalogue()) + 1
        for dataset in catalogue():
            assert dataset.id in html
        assert "&quot;" in html, "and what the licences quote is escaped"

    def test_its_text_does_not_depend_on_the_cache(self, home):
        before = repr(catalogue()), catalogue()._repr_html_()
        fetch("nibabel-tests")
        assert (repr(catalogue()), catalogue()._repr_html_()) == before

    def test_it_is_in_reach_from_the_top(self):
        assert handson.catalogue()["gen-study"].tier == "generated"
        assert "gen-study" in handson.catalogue()


class TestCommand:
    def test_check_links_counts_the_living_and_names_the_dead(self, monkeypatch, capsys):
        monkeypatch.setattr(download, "is_alive", lambda address: "MG1" not in address)
        assert run("check-links", "wg04-2d", "chest-ct-slices") == 1
        out = capsys.readouterr().out
        assert re.search(r"^wg04-2d: https://\S+/WG04/J2KI/MG1_J2KI$", out, re.MULTILINE)
        assert "9 of 10 addresses answer" in out
        assert run("check-links", "chest-ct-slices") == 0

    def test_list_says_what_is_here(self, small, home, capsys):
        fetch("gen-leaks")
        assert run("list", "--lesson", "06") == 0
        out = capsys.readouterr().out
        assert f"In {home}: gen-leaks." in out
        assert "deident-fruit" in out
        assert "gen-bold" not in out

    def test_where(self, small, home, capsys):
        run("where")
        assert capsys.readouterr().out == f"{home}\n"
        run("where", "gen-leaks", "tseg-ct", "--files")
        assert "example_ct.nii.gz\n" in capsys.readouterr().out
        run("where", "gen-leaks")
        assert capsys.readouterr().out.strip() == str(fetch("gen-leaks"))

    def test_fetch_wants_to_know_what(self, home):
        with pytest.raises(DataError, match="nothing to fetch"):
            run("fetch")

    def test_one_set_that_fails_does_not_stop_the_others(self, small, home, monkeypatch, capsys):
        monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
        assert run("fetch", "nibabel-tests", "gen-leaks") == 1
        said = capsys.readouterr()
        assert "nibabel" in said.err
        assert "gen-leaks@" in said.out

    def test_verify_of_what_is_not_here_says_so(self, small, home, capsys):
        assert run("verify", "gen-leaks") == 1
        assert "handson data fetch gen-leaks" in capsys.readouterr().err

    def test_clean_takes_only_what_is_ours(self, small, home, monkeypatch):
        fetch("gen-leaks")
        monkeypatch.setattr(manifest, "generators_version", lambda: "newer")
        newer = fetch("gen-leaks")
        (home / "thesis").mkdir()
        (home / "gen-leaks").mkdir()
        (home / "me@home").mkdir()
        assert run("clean") == 0
        assert {path.name for path in home.iterdir()} == {
            "gen-leaks@newer",
            "thesis",
            "gen-leaks",
            "me@home",
        }
        assert run("clean", "--all") == 0
        assert not newer.exists()
        assert {path.name for path in home.iterdir()} == {"thesis", "gen-leaks", "me@home"}


def test_a_mirror_holds_what_may_be_handed_on_and_names_the_rest(
    home, tmp_path, monkeypatch, capsys
):
    """One set that may and two that need not or may not; the room then works from the mirror."""
    real = load()
    allowed, forbidden = real["tseg-ct"], real["ct-head-ge"]
    assert (allowed.redistribute, forbidden.redistribute) == (True, False)
    files = {"a b.dcm": b"one", "sub/ü.dcm": b"two"}
    source = tmp_path / "upstream" / "tseg-ct"
    for path, content in files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    from dataclasses import replace

    from handson.datasets import table
    from handson.datasets.cache import _listing

    small = replace(allowed, files=_listing(source), sources=(), bytes=6)
    monkeypatch.setattr(table, "load", lambda: {**real, "tseg-ct": small})
    monkeypatch.setenv("HANDSON_MIRROR", str(source.parent))
    room = tmp_path / "for the room"
    assert run("fetch", "tseg-ct", "ct-head-ge", "nibabel-tests", "--to", str(room)) == 0
    assert paths(room) == {f"tseg-ct/{path}" for path in files}
    out = capsys.readouterr().out
    assert "handson data fetch ct-head-ge" in out
    assert "handson data fetch nibabel-tests" in out

    monkeypatch.setenv("HANDSON_MIRROR", str(room))
    monkeypatch.setenv("HANDSON_DATA", str(tmp_path / "in the room"))
    assert paths(fetch("tseg-ct")) == set(files)
    (room / "tseg-ct" / "a b.dcm").write_bytes(b"0ne")
    assert run("fetch", "tseg-ct", "--to", str(room)) == 1
    assert "Remove this folder" in capsys.readouterr().err
