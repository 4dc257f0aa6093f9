"""Setting up: one environment in three spellings, a start that says what is wrong, README and CI in agreement."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from shipped import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
README = (REPOSITORY / "README.md").read_text()
CI = (REPOSITORY / ".ci/run").read_text()


@pytest.fixture
def checkout(tmp_path):
    """A copy of what start.py touches, in a folder whose name has a space."""
    copy = tmp_path / "a course"
    (copy / "notebooks").mkdir(parents=True)
    for name in ("start.py", "constraints.txt", "pyproject.toml", "data-manifest.yaml"):
        shutil.copy(REPOSITORY / name, copy)
    (copy / "handson/phantoms").mkdir(parents=True)
    (copy / "notebooks/00_start_here.ipynb").write_text("as shipped")
    (copy / "notebooks/03_reading_a_3d_series.ipynb").write_text("as shipped")
    return copy


def start(checkout, monkeypatch):
    """The functions of that copy's start.py, every command it would run recorded instead."""
    module = runpy.run_path(str(checkout / "start.py"))
    namespace = module["main"].__globals__
    commands = []

    def record(command, **_):
        commands.append(command)
        if "venv" in command:
            os.makedirs(os.path.dirname(namespace["in_venv"]("python")))
            open(namespace["in_venv"]("python"), "w").close()
        return 0

    namespace["run"] = record
    return namespace, commands


def pins():
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_every_dependency_is_pinned_within_what_the_package_allows():
    wanted = [Requirement(r) for r in PROJECT["dependencies"]]
    wanted += [Requirement(r) for extra in PROJECT["optional-dependencies"].values() for r in extra]
    pinned = {}
    for pin in pins():
        assert re.fullmatch(r"==[\w.+!-]+", str(pin.specifier)), f"{pin} is not one version"
        pinned.setdefault(pin.name.lower().replace("_", "-"), []).append(str(pin.specifier)[2:])
    for requirement in wanted:
        versions = pinned[requirement.name.lower().replace("_", "-")]
        assert all(requirement.specifier.contains(v) for v in versions), requirement


def test_conda_and_binder_get_the_same_pins_and_one_exact_python():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    python, pip = environment["dependencies"][0], environment["dependencies"][-1]["pip"]
    assert re.fullmatch(r"python=3\.\d+", python)
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python[7:] + ".1")
    assert pip == ["-c constraints.txt", "-e .[course]"]
    assert any(
        Requirement(r).name == "notebook" for r in PROJECT["optional-dependencies"]["course"]
    )


def test_binders_builder_plans_our_python_and_our_install(tmp_path):
    """repo2docker's own plan, without Docker: the answer to "what would Binder do with this?"."""
    copy = tmp_path / "repository"
    copy.mkdir()
    for name in ("environment.yml", "pyproject.toml", "constraints.txt", "postBuild"):
        shutil.copy(REPOSITORY / name, copy)
    plan = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(copy)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    told = plan.stdout + plan.stderr
    assert plan.returncode == 0, told
    assert "Building conda environment for python=3.12" in told
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in told
    assert "postBuild" in told
    # `-e .` needs the repository, so the install must come after the copy of it
    assert told.index("COPY --chown=0:0 src/") < told.index('--file "environment.yml"')


def test_ci_runs_the_readmes_test_command():
    commands = re.findall(r"```sh\n(.+)\n```", README)
    assert commands == ["python start.py", "python start.py test"]
    assert CI.splitlines()[-1] == commands[1]


def test_badge_and_citation_name_the_projects_own_repository():
    repository = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    assert (
        f"mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/notebooks/00_start_here.ipynb"
        in README
    )
    assert PROJECT["urls"]["Repository"] in (REPOSITORY / "CITATION.cff").read_text()


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (REPOSITORY / target).exists(), target


def test_first_start_sets_up_and_the_second_only_opens(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert namespace["main"](["--no-browser"]) == 0
    assert [c[1:3] for c in commands] == [
        ["-m", "venv"],
        ["-m", "pip"],
        ["-m", "handson"],
        ["-m", "jupyterlab"],
    ]
    assert commands[1][-4:] == ["-c", "constraints.txt", "-e", ".[course]"]
    assert commands[-1][-1] == "--no-browser"
    commands.clear()
    namespace["main"]([])
    assert [c[1:3] for c in commands] == [["-m", "jupyterlab"]]
    commands.clear()
    (checkout / "handson/phantoms/study.py").write_text("# another study")
    namespace["main"]([])
    assert [c[1:3] for c in commands] == [["-m", "handson"], ["-m", "jupyterlab"]]
    commands.clear()
    (checkout / "constraints.txt").write_text("# new pins")
    namespace["main"]([])
    assert ["-m", "venv"] in [c[1:3] for c in commands]


def test_uv_is_used_where_it_is_and_brings_a_python(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}" if name == "uv" else None)
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    namespace["main"]([])
    assert commands[0][:2] == ["/opt/uv", "venv"]
    assert "3.12" in commands[0]
    assert commands[1][:3] == ["/opt/uv", "pip", "install"]


def test_an_interrupted_set_up_is_done_again(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    recorded = namespace["run"]
    namespace["run"] = lambda command, **kw: recorded(command, **kw) or int("pip" in command)
    with pytest.raises(SystemExit, match=r"no network.*Run the same command again"):
        namespace["main"]([])
    namespace["run"] = recorded
    commands.clear()
    namespace["main"]([])
    assert [c[1:3] for c in commands][:2] == [["-m", "venv"], ["-m", "pip"]]


@pytest.mark.parametrize(
    ("free", "message"), [(1e9, "1.0 GB free and the set-up needs 2 GB"), (None, "disk is full")]
)
def test_a_full_disk_is_said_in_one_line(checkout, monkeypatch, free, message):
    namespace, _ = start(checkout, monkeypatch)
    sizes = iter([free] if free else [9e9, 1e6])
    usage = shutil.disk_usage(checkout)._replace
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(free=int(next(sizes))))
    namespace["run"] = lambda *_, **__: 1
    with pytest.raises(SystemExit, match=message):
        namespace["main"]([])


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0), (2, 7, 18)])
def test_another_python_is_told_in_one_line(checkout, monkeypatch, version):
    namespace, commands = start(checkout, monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "version_info", (*version, "final", 0))
    with pytest.raises(SystemExit, match=r"the course needs 3\.11, 3\.12 or 3\.13") as told:
        namespace["main"]([])
    assert "\n" not in str(told.value)
    assert commands == []


def test_debian_without_venv_is_told_the_package(checkout, monkeypatch):
    namespace, _ = start(checkout, monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=r"apt install python3\.\d+-venv"):
        namespace["main"]([])


def test_start_parses_on_every_python_that_may_meet_it():
    """No syntax newer than the oldest Python a learner may have: they must read our line."""
    source = (REPOSITORY / "start.py").read_text()
    compile(source, "start.py", "exec")
    assert not re.search(r"""\bf["']|:=|print\([^)]*\bend=|\bmatch |->""", source)


def test_reset_gives_a_lesson_back_and_keeps_the_learners(checkout, monkeypatch):
    namespace, _ = start(checkout, monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    namespace["main"]([])
    lesson = checkout / "notebooks/03_reading_a_3d_series.ipynb"
    for work in ("my answers", "my second try"):
        lesson.write_text(work)
        assert namespace["main"](["reset", "03"]) == 0
        assert lesson.read_text() == "as shipped"
    kept = sorted(p.name for p in (checkout / "notebooks").glob("*-mine*"))
    assert kept == ["03_reading_a_3d_series-mine-2.ipynb", "03_reading_a_3d_series-mine.ipynb"]
    assert {(checkout / "notebooks" / k).read_text() for k in kept} == {
        "my answers",
        "my second try",
    }
    with pytest.raises(SystemExit, match="no single lesson"):
        namespace["main"](["reset", "99"])


def test_nothing_committed_names_a_registrys_host():
    hosts = re.compile(r"https?://[^\s\"')>]*(?:py" + r"pi|npm" + r"js|python" + r"hosted)")
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = REPOSITORY / name
        if path.is_file():
            assert not hosts.search(path.read_bytes().decode("utf-8", "ignore")), name
