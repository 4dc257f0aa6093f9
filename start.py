#!/usr/bin/env python3
"""One file to start from, on Linux, macOS and Windows, with nothing but Python.

python start.py [--no-browser ...]   set up once, then open the series in JupyterLab
python start.py test [--long ...]    set up the test tools too, then run all the tests
python start.py notebooks [03 ...]   run notebooks again and save them
python start.py site --pyodide FILE  build the series as a site that needs no server (tools/site.py says how)
python start.py reset 03             give a lesson back as it was; yours is kept as ...-mine.ipynb

Further arguments go to JupyterLab, or to pytest. Everything lands in .venv beside this file and
in the data cache; deleting .venv undoes the set-up.
"""

# Standard library only, and no syntax newer than Python 2.7 before the version check: a learner
# with an old Python must read one clear line and no SyntaxError.
import hashlib
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
UV_FOLDER = os.path.join(ROOT, ".uv")
NOTEBOOKS = os.path.join(ROOT, "notebooks")
SHIPPED = os.path.join(VENV, "shipped", "notebooks")
OLDEST, NEWEST = (3, 11), (3, 14)
# Looked for, in this order, where this Python does not suit.
OTHERS = ("3.13", "3.12", "3.11", "3.14")
NEEDED_GB = 2.0
EXTRAS = {"course": ".[course]", "test": ".[course,test,docs]"}
PHANTOMS = os.path.join("handson", "phantoms")


def stop(line):
    """Say what is wrong and what to do, and end."""
    sys.exit("start.py: " + line)


def in_venv(name):
    """Path of a program of the environment."""
    if os.name == "nt":
        return os.path.join(VENV, "Scripts", name + ".exe")
    return os.path.join(VENV, "bin", name)


def run(command, **options):
    """Run a command in the repository and return its exit status; Ctrl-C belongs to the child."""
    child = subprocess.Popen(command, cwd=ROOT, **options)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def is_suitable():
    """Whether wheels of every package exist for this Python: CPython, 64 bit, not too old or new."""
    return (
        OLDEST <= tuple(sys.version_info[:2]) <= NEWEST
        and sys.maxsize > 2**32
        and platform.python_implementation() == "CPython"
    )


def other_python():
    """Path of a suitable Python that is installed beside this one, or None."""
    for version in OTHERS:
        if os.name == "nt" and shutil.which("py"):
            command = ["py", "-" + version, "-c", "import sys; print(sys.executable)"]
        else:
            path = shutil.which("python" + version)
            if path is None:
                continue
            # pyenv puts a stub on PATH for each version, which may lead nowhere
            command = [path, "-c", "import ensurepip, sys; print(sys.executable)"]
        asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        told = asked.communicate()[0].decode("utf-8", "replace").strip()
        if asked.returncode == 0 and os.path.exists(told):
            return told
    return None


def fetched_uv():
    """uv, which can bring a Python: from PATH, or installed from the package index into .uv."""
    uv = shutil.which("uv")
    if uv:
        return uv
    print("This Python does not suit; getting uv, which brings one that does.")
    sys.stdout.flush()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if run(pip + ["install", "--quiet", "--upgrade", "--target", UV_FOLDER, "uv"]):
        return None
    return os.path.join(UV_FOLDER, "bin", "uv.exe" if os.name == "nt" else "uv")


def create_environment():
    """Make an empty .venv on a suitable Python, by venv where one is installed, else by uv."""
    # Inside an activated .venv, which was just removed, this is the Python that it stood on.
    own = getattr(sys, "_base_executable", None) or sys.executable
    base = own if is_suitable() else other_python()
    if base is None:
        uv = fetched_uv()
        if uv and not run([uv, "venv", "--quiet", "--seed", "--python", "3.12", VENV]):
            return
        stop(
            "this is {} {}.{} ({} bit); the course needs CPython 3.11, 3.12, 3.13 or 3.14 with 64 "
            "bit, and none was found or could be fetched. Install one of them and run it with that "
            "Python, for example: python3.12 start.py (Windows: py -3.12 start.py).".format(
                platform.python_implementation(),
                sys.version_info[0],
                sys.version_info[1],
                64 if sys.maxsize > 2**32 else 32,
            )
        )
    if base == own and not has_ensurepip():
        stop(
            "this Python cannot make environments. On Debian or Ubuntu run: sudo apt "
            "install python{}.{}-venv, then the same command again.".format(*sys.version_info[:2])
        )
    if run([base, "-m", "venv", VENV]):
        stop(why_it_failed("the environment could not be made"))


def install(extra):
    """Install the pinned packages, by uv where it can be had, since it takes half of pip's time."""
    wanted = ["install", "-c", "constraints.txt"]
    pip = [in_venv("python"), "-m", "pip", "--disable-pip-version-check"]
    if not run(pip + wanted + ["--quiet", "uv"]):
        uv = [in_venv("uv"), "pip"] + wanted + ["--python", in_venv("python"), "-e", extra]
        if not run(uv):
            return
        stop_if_disk_is_full()
        print("uv could not install the packages; trying pip, which knows more kinds of proxies.")
        sys.stdout.flush()
    if run(pip + wanted + ["--no-compile", "-e", extra]):
        stop(why_it_failed("the packages could not be installed"))


def fingerprint(kind):
    """Changes whenever the environment, or the data, have to be made again."""
    digest = hashlib.sha256(ROOT.encode("utf-8"))
    names = ["constraints.txt", "pyproject.toml"]
    if kind == "data":
        digest.update(os.environ.get("HANDSON_DATA", "").encode("utf-8"))
        made_by = sorted(os.listdir(os.path.join(ROOT, PHANTOMS)))
        names = ["data-manifest.yaml"]
        names += [os.path.join(PHANTOMS, name) for name in made_by if name.endswith(".py")]
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def is_ready(kind):
    """True when the mark of `kind` is there; it is written last, so a half set-up has none."""
    try:
        with open(os.path.join(VENV, "ready-" + kind)) as file:
            return file.read() == fingerprint(kind) and venv_works()
    except OSError:
        return False


def venv_works():
    """False when the Python that .venv stands on is gone."""
    try:
        return subprocess.call([in_venv("python"), "-c", ""]) == 0
    except OSError:
        return False


def mark_ready(kind):
    with open(os.path.join(VENV, "ready-" + kind), "w") as file:
        file.write(fingerprint(kind))


def make_environment(kind):
    """Create .venv and install the pinned packages; on any fault say why in one line."""
    if not os.access(ROOT, os.W_OK):
        stop(
            "this folder is read-only, and the set-up writes .venv into it. Copy the folder to a "
            "place of your own and start there."
        )
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        stop(
            "the disk has {:.1f} GB free and the set-up needs {:.0f} GB. Free some and run the "
            "same command again.".format(free, NEEDED_GB)
        )
    print("Setting up the environment in .venv: a few minutes, once.")
    sys.stdout.flush()
    # The course alone is a part of the test environment, so an intact one is only added to.
    if not any(is_ready(k) for k in EXTRAS):
        remove_environment()
        create_environment()
    install(EXTRAS[kind])
    keep_shipped_notebooks()
    for name in EXTRAS if kind == "test" else [kind]:
        mark_ready(name)


def remove_environment():
    """Remove a .venv that is half made or of another Python."""
    shutil.rmtree(VENV, ignore_errors=True)
    if os.path.exists(VENV):
        stop(
            "the old .venv cannot be removed. Close every program that uses it (JupyterLab, an "
            "editor, a terminal), delete the folder .venv by hand and run the same command again."
        )


def has_ensurepip():
    """False on a Debian without python3-venv, where `-m venv` fails half way."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return False
    return True


def stop_if_disk_is_full():
    if shutil.disk_usage(ROOT).free < 0.2e9:
        stop(
            "the disk is full. Free {:.0f} GB and run the same command again; it starts over "
            "cleanly.".format(NEEDED_GB)
        )


def why_it_failed(what):
    """One line after the tool's own lines: the likeliest cause and the way on."""
    stop_if_disk_is_full()
    return (
        "{} (the lines above say why; most often there is no network, or a proxy is in the way). "
        "Run the same command again when it is mended; it goes on from there.".format(what)
    )


def keep_shipped_notebooks():
    """Put the lessons as shipped beside the environment: git's if there is a git, else today's."""
    shutil.rmtree(SHIPPED, ignore_errors=True)
    os.makedirs(SHIPPED)
    for name in os.listdir(NOTEBOOKS):
        if name.endswith("-mine.ipynb") or not os.path.isfile(os.path.join(NOTEBOOKS, name)):
            continue
        committed = from_git(name)
        if committed is None:
            shutil.copy(os.path.join(NOTEBOOKS, name), SHIPPED)
        else:
            with open(os.path.join(SHIPPED, name), "wb") as file:
                file.write(committed)


def from_git(name, version="HEAD"):
    """The bytes of a notebook in a version of the repository, or None when git has none."""
    if not os.path.exists(os.path.join(ROOT, ".git")) or not shutil.which("git"):
        return None
    shown = subprocess.Popen(
        ["git", "show", version + ":notebooks/" + name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    data = shown.communicate()[0]
    return data if shown.returncode == 0 else None


def as_published(name):
    """The notebook as its authors published it, or None.

    HEAD comes last: nbgitpuller commits a learner's work there.
    """
    for version in ("@{upstream}", "origin/HEAD", "HEAD"):
        notebook = from_git(name, version)
        if notebook is not None:
            return notebook
    return None


def prepare(kind):
    """Environment and data, made once; the second start only looks for the marks."""
    if not is_ready(kind):
        make_environment(kind)
    if not is_ready("data"):
        # What comes with the packages and what is generated: all that the lessons need.
        tiers = ["--tier", "bundled", "--tier", "generated"]
        if run([in_venv("python"), "-m", "handson", "data", "fetch"] + tiers):
            stop(
                "the data could not be prepared; the line above says why. Mend it and start again."
            )
        mark_ready("data")


def lab(arguments):
    """Open JupyterLab at the first notebook."""
    prepare("course")
    return run(
        [
            in_venv("python"),
            "-m",
            "jupyterlab",
            "--ServerApp.root_dir=" + ROOT,
            "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
            # Neither asks the network anything: the course works without one.
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.news_url=",
        ]
        + arguments
    )


def test(arguments):
    """Run all tests, over the notebooks as committed: a learner's edits are not judged."""
    prepare("test")
    if from_git("00_start_here.ipynb") is not None:
        keep_shipped_notebooks()
    # One more than cores: the browser's tests wait for pages. They come first, being the longest.
    workers = str(min((os.cpu_count() or 1) + 1, 4))
    return run(
        [in_venv("python"), "-m", "pytest", "-n", workers, "--dist", "loadfile"]
        + ["--no-loadscope-reorder", "--nbval"]
        + ["--nbval-sanitize-with", os.path.join("tests", "nbval.cfg")]
        + ["-o", "testpaths=tests " + os.path.relpath(SHIPPED, ROOT)]
        + arguments,
        env=dict(os.environ, HANDSON_NOTEBOOKS=SHIPPED),
    )


def site(arguments):
    """Build the no-install site: the series in a browser, as plain files."""
    prepare("test")
    return run([in_venv("python"), os.path.join("tools", "site.py")] + arguments)


def notebooks(arguments):
    """Execute notebooks and save them with text and pictures."""
    prepare("test")
    return run([in_venv("python"), os.path.join("tests", "rerun.py")] + arguments)


def reset(arguments):
    """Restore lessons; the learner's version stays beside them under a name of its own."""
    if not arguments:
        stop("which lesson? For example: python start.py reset 03")
    for wanted in arguments:
        known = sorted(
            n
            for n in os.listdir(SHIPPED if os.path.isdir(SHIPPED) else NOTEBOOKS)
            if n.endswith(".ipynb") and not n.endswith("-mine.ipynb")
        )
        found = [n for n in known if n.startswith(wanted)]
        if len(found) != 1:
            stop("no single lesson is called {!r}; there are: {}".format(wanted, ", ".join(known)))
        restore(found[0])
    return 0


def restore(name):
    """Bring back one notebook, under a temporary name first so that neither version can be lost."""
    lesson = os.path.join(NOTEBOOKS, name)
    shipped = as_published(name)
    if shipped is None:
        kept = os.path.join(SHIPPED, name)
        if not os.path.exists(kept):
            stop(
                "there is no shipped copy of {} here: run python start.py once first.".format(name)
            )
        with open(kept, "rb") as file:
            shipped = file.read()
    with open(lesson + ".part", "wb") as file:
        file.write(shipped)
    if os.path.exists(lesson):
        mine, number = lesson[: -len(".ipynb")] + "-mine.ipynb", 2
        while os.path.exists(mine):
            mine = "{}-mine-{}.ipynb".format(lesson[: -len(".ipynb")], number)
            number += 1
        os.rename(lesson, mine)
        print("Your version is now {}.".format(os.path.relpath(mine, ROOT)))
    os.rename(lesson + ".part", lesson)
    print("{} is as it was shipped.".format(os.path.relpath(lesson, ROOT)))


def main(arguments):
    """Choose what to do by the first word."""
    if not hasattr(shutil, "which"):  # Python 2 has none, and nothing below works there
        stop(
            "this is Python {}.{}; start it with Python 3: python3 start.py".format(
                *sys.version_info[:2]
            )
        )
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    words = {"test": test, "notebooks": notebooks, "reset": reset, "site": site}
    if arguments and arguments[0] in words:
        return words[arguments[0]](arguments[1:])
    if arguments and not arguments[0].startswith("-"):
        stop("{!r} is not a command; there are: {}.".format(arguments[0], ", ".join(sorted(words))))
    return lab(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        stop("stopped. Run the same command again; it goes on from there.")
    except OSError as error:
        stop("{}. Mend it and run the same command again.".format(error))
