"""Setting up: one environment in three spellings, a start that says what is wrong, README and CI in agreement."""

import os
import platform
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
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
    """A copy of what start.py touches, in a folder whose name has a space and an accent."""
    copy = tmp_path / "a course à Pisa"
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
    namespace["venv_works"] = lambda: os.path.exists(namespace["in_venv"]("python"))
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
    assert PROJECT["requires-python"] == ">=3.11,<3.15"
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
    assert f"            {commands[1]} " in CI
    assert "env -i" in CI


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


def kinds(commands):
    """What each recorded command is about, in one word."""
    words = ("uv", "venv", "jupyterlab", "fetch", "install")
    return [
        next(w for w in words if w in map(str, c) or os.path.basename(c[0]) == w) for c in commands
    ]


def test_first_start_sets_up_and_the_second_only_opens(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    assert namespace["main"](["--no-browser"]) == 0
    # uv is installed by pip, then installs the rest
    assert kinds(commands) == ["venv", "uv", "uv", "fetch", "jupyterlab"]
    assert commands[2][-2:] == ["-e", ".[course]"]
    assert "constraints.txt" in commands[2]
    assert commands[-1][-1] == "--no-browser"
    commands.clear()
    namespace["main"]([])
    assert kinds(commands) == ["jupyterlab"]
    commands.clear()
    (checkout / "handson/phantoms/study.py").write_text("# another study")
    namespace["main"]([])
    assert kinds(commands) == ["fetch", "jupyterlab"]
    commands.clear()
    (checkout / "constraints.txt").write_text("# new pins")
    namespace["main"]([])
    assert "venv" in kinds(commands)


def test_pip_installs_where_uv_cannot(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    recorded = namespace["run"]
    namespace["run"] = lambda command, **kw: (
        recorded(command, **kw) or int("uv" in kinds([command]))
    )
    assert namespace["main"]([]) == 0
    assert kinds(commands) == ["venv", "uv", "install", "fetch", "jupyterlab"]
    assert commands[2][-4:] == ["constraints.txt", "--no-compile", "-e", ".[course]"]


def test_an_interrupted_set_up_is_done_again(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    recorded = namespace["run"]
    namespace["run"] = lambda command, **kw: recorded(command, **kw) or int("install" in command)
    with pytest.raises(SystemExit, match=r"no network.*Run the same command again"):
        namespace["main"]([])
    namespace["run"] = recorded
    commands.clear()
    namespace["main"]([])
    assert kinds(commands)[:2] == ["venv", "uv"]


def test_an_environment_whose_python_is_gone_is_made_again(checkout, monkeypatch):
    namespace, commands = start(checkout, monkeypatch)
    namespace["main"]([])
    os.remove(namespace["in_venv"]("python"))
    commands.clear()
    namespace["main"]([])
    assert kinds(commands)[0] == "venv"


def test_an_old_environment_that_cannot_be_removed_is_named(checkout, monkeypatch):
    """On Windows a program that runs from it holds it."""
    namespace, commands = start(checkout, monkeypatch)
    (checkout / ".venv").mkdir()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(SystemExit, match=r"cannot be removed. Close every program"):
        namespace["main"]([])
    assert commands == []


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


UNSUITABLE = {
    "old": (sys, "version_info", (3, 10, 14, "final", 0)),
    "new": (sys, "version_info", (3, 16, 0, "final", 0)),
    "32 bit": (sys, "maxsize", 2**31 - 1),
    "PyPy": (platform, "python_implementation", lambda: "PyPy"),
}


@pytest.mark.parametrize("kind", UNSUITABLE)
def test_another_python_takes_one_that_is_installed(checkout, monkeypatch, kind):
    namespace, commands = start(checkout, monkeypatch)
    namespace["other_python"] = lambda: "/opt/python3.13"
    monkeypatch.setattr(*UNSUITABLE[kind])
    assert namespace["main"]([]) == 0
    assert commands[0][:3] == ["/opt/python3.13", "-m", "venv"]


@pytest.mark.parametrize("kind", UNSUITABLE)
def test_another_python_lets_uv_bring_one(checkout, monkeypatch, kind):
    namespace, commands = start(checkout, monkeypatch)
    namespace["other_python"] = lambda: None
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(*UNSUITABLE[kind])
    assert namespace["main"]([]) == 0
    assert commands[0][-3:] == ["--target", str(checkout / ".uv"), "uv"]
    assert commands[1][0] == str(checkout / ".uv/bin/uv")
    assert "3.12" in commands[1]


@pytest.mark.parametrize("kind", UNSUITABLE)
def test_where_none_can_be_had_it_is_said_in_one_line(checkout, monkeypatch, kind):
    namespace, _ = start(checkout, monkeypatch)
    namespace["other_python"] = lambda: None
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(*UNSUITABLE[kind])
    namespace["run"] = lambda *_, **__: 1
    with pytest.raises(
        SystemExit, match=r"the course needs CPython 3\.11, 3\.12, 3\.13 or 3\.14"
    ) as told:
        namespace["main"]([])
    assert "\n" not in str(told.value)


def test_a_stub_on_path_that_leads_nowhere_is_passed_over(checkout, monkeypatch, tmp_path):
    """pyenv puts a `python3.13` on PATH although that version may not be chosen."""
    namespace, _ = start(checkout, monkeypatch)
    stub = tmp_path / "python3.13"
    stub.write_text("#!/bin/sh\nexit 127\n")
    stub.chmod(0o755)
    found = {"python3.13": str(stub), "python3.12": sys.executable}
    monkeypatch.setattr(shutil, "which", found.get)
    assert os.path.samefile(namespace["other_python"](), sys.executable)


def test_debian_without_venv_is_told_the_package(checkout, monkeypatch):
    namespace, _ = start(checkout, monkeypatch)
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


def git(folder, *words):
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, env=os.environ | own
    )


def test_reset_gives_the_published_lesson_after_a_puller_has_committed_the_learners(
    checkout, monkeypatch
):
    """nbgitpuller commits what the learner wrote before it merges: HEAD is not what was shipped."""
    published = checkout.parent / "published"
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "x")
    git(checkout, "clone", "-q", ".", str(published))
    clone = checkout.parent / "a learner's"
    git(published, "clone", "-q", ".", str(clone))
    lesson = clone / "notebooks/03_reading_a_3d_series.ipynb"
    lesson.write_text("my answers")
    git(clone, "commit", "-qam", "Automatic commit by nbgitpuller")
    namespace, _ = start(clone, monkeypatch)
    assert namespace["main"](["reset", "03"]) == 0
    assert lesson.read_text() == "as shipped"
    assert lesson.with_name("03_reading_a_3d_series-mine.ipynb").read_text() == "my answers"


def begin(checkout, python=sys.executable, **variables):
    """A real start, with a package index that does not answer."""
    dead = "http://127.0.0.1:9/"
    offline = {
        "PIP_INDEX_URL": dead,
        "UV_DEFAULT_INDEX": dead,
        "PIP_RETRIES": "0",
        "PIP_FIND_LINKS": "",
    }
    return subprocess.Popen(
        [python, checkout / "start.py"],
        env=os.environ | offline | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def assert_one_line(process, message):
    told = process.communicate(timeout=120)[1]
    assert process.returncode == 1, told
    ours = [line for line in told.splitlines() if line.startswith("start.py: ")]
    assert len(ours) == 1, told
    assert re.search(message, ours[0]), told
    assert 'start.py", line' not in told


def test_without_a_network_the_last_line_says_so(checkout):
    assert_one_line(begin(checkout), "no network, or a proxy is in the way")
    assert not list((checkout / ".venv").glob("ready-*"))


def test_an_activated_environment_is_made_again_by_the_python_below_it(checkout):
    """After an update a learner types `python start.py` where `python` is that of the old .venv."""
    inner = checkout / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"]
    subprocess.run(command, check=True)
    assert_one_line(begin(checkout, inner), "no network, or a proxy is in the way")
    assert inner.exists()


@pytest.mark.parametrize("seconds", [0, 0.5, 2.0])
def test_ctrl_c_at_any_second_leaves_one_line(checkout, seconds):
    process = begin(checkout)
    assert "Setting up" in process.stdout.readline()  # Python itself has started
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    assert_one_line(process, "Run the same command again")
    assert not list((checkout / ".venv").glob("ready-*"))


@pytest.mark.skipif(os.name == "nt", reason="folders have no such mode on Windows")
def test_a_read_only_folder_is_said_in_one_line(checkout):
    """Permissions do not bind root, so the start drops to a user who owns nothing."""
    for folder in (checkout, *checkout.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_uid == os.geteuid():
            folder.chmod(0o555 if folder == checkout else 0o755)
    script = """
import os, runpy
start = runpy.run_path("start.py")
if os.geteuid() == 0:
    os.setuid(65534)
start["main"]([])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=checkout, capture_output=True, text=True
    )
    checkout.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr.startswith("start.py: this folder is read-only")
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()


def test_nobody_is_told_to_install_a_name_that_nobody_holds():
    """The package is on no index: what messages and pages tell people to install must exist."""
    wrong = re.compile(r"pip install [^\n`]*handson(?!-imaging)\b")
    for path in [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.rglob("handson/**/*.py"),
    ]:
        assert not wrong.search(path.read_text(encoding="utf-8")), path


def test_nothing_committed_names_a_registrys_host():
    hosts = re.compile(r"https?://[^\s\"')>]*(?:py" + r"pi|npm" + r"js|python" + r"hosted)")
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = REPOSITORY / name
        if path.is_file():
            assert not hosts.search(path.read_bytes().decode("utf-8", "ignore")), name


def test_one_version_stands_everywhere():
    import handson

    version = handson.__version__
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert PROJECT["version"] == citation["version"] == version
    assert f"## [{version}] - " in (REPOSITORY / "CHANGELOG.md").read_text()
