#!/usr/bin/env python3
"""One file to start from, on Linux, macOS and Windows, with nothing but Python.

python start.py [--no-browser ...]   set up once, then open the series in JupyterLab
python start.py test [--long ...]    set up the test tools too, then run all the tests
python start.py notebooks [03 ...]   run notebooks again and save them
python start.py reset 03             give a lesson back as it was; yours is kept as ...-mine.ipynb

Further arguments go to JupyterLab, or to pytest. Everything lands in .venv beside this file and
in the data cache; deleting .venv undoes the set-up.
"""

# Standard library only, and no syntax newer than Python 2.7 before the version check: a learner
# with an old Python must read one clear line and no SyntaxError.
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
NOTEBOOKS = os.path.join(ROOT, "notebooks")
SHIPPED = os.path.join(VENV, "shipped", "notebooks")
OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 2.0
EXTRAS = {"course": ".[course]", "test": ".[course,test]"}
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


def suitable_python(uv):
    """The interpreter to build on: this one, or uv's 3.12 when this one is too old or too new."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    if uv:
        return "3.12"
    return stop(
        "this is Python {}.{}; the course needs 3.11, 3.12 or 3.13 (the image decoders exist for "
        "no other). Install one of them and run it with that Python, for example: python3.12 "
        "start.py (Windows: py -3.12 start.py).".format(*sys.version_info[:2])
    )


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
            return file.read() == fingerprint(kind) and os.path.exists(in_venv("python"))
    except OSError:
        return False


def mark_ready(kind):
    with open(os.path.join(VENV, "ready-" + kind), "w") as file:
        file.write(fingerprint(kind))


def make_environment(kind):
    """Create .venv and install the pinned packages; on any fault say why in one line."""
    uv = shutil.which("uv")
    python = suitable_python(uv)
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
        shutil.rmtree(VENV, ignore_errors=True)
        if uv:
            made = run([uv, "venv", "--quiet", "--python", python, VENV])
        else:
            if not has_ensurepip():
                stop(
                    "this Python cannot make environments. On Debian or Ubuntu run: sudo apt "
                    "install python{}.{}-venv, then the same command again.".format(
                        *sys.version_info[:2]
                    )
                )
            made = run([python, "-m", "venv", VENV])
        if made:
            stop(why_it_failed("the environment could not be made"))
    pip = [uv, "pip"] if uv else [in_venv("python"), "-m", "pip", "--disable-pip-version-check"]
    install = ["install", "-c", "constraints.txt", "-e", EXTRAS[kind]]
    target = ["--python", in_venv("python")] if uv else []
    if run(pip + install + target):
        stop(why_it_failed("the packages could not be installed"))
    keep_shipped_notebooks()
    for name in EXTRAS if kind == "test" else [kind]:
        mark_ready(name)


def has_ensurepip():
    """False on a Debian without python3-venv, where `-m venv` fails half way."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return False
    return True


def why_it_failed(what):
    """One line after the tool's own lines: the likeliest cause and the way on."""
    if shutil.disk_usage(ROOT).free < 0.2e9:
        return "{}: the disk is full. Free {:.0f} GB and run the same command again; it starts over cleanly.".format(
            what, NEEDED_GB
        )
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


def from_git(name):
    """The committed bytes of a notebook, or None when there is no git or no such file in it."""
    if not os.path.exists(os.path.join(ROOT, ".git")) or not shutil.which("git"):
        return None
    shown = subprocess.Popen(
        ["git", "show", "HEAD:notebooks/" + name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    data = shown.communicate()[0]
    return data if shown.returncode == 0 else None


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
    workers = str(min(os.cpu_count() or 1, 4))
    return run(
        [in_venv("python"), "-m", "pytest", "-n", workers, "--dist", "loadfile", "--nbval"]
        + ["--nbval-sanitize-with", os.path.join("tests", "nbval.cfg")]
        + ["-o", "testpaths=tests " + os.path.relpath(SHIPPED, ROOT)]
        + arguments,
        env=dict(os.environ, HANDSON_NOTEBOOKS=SHIPPED),
    )


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
    shipped = from_git(name)
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
    if sys.version_info < (3, 6) and not hasattr(shutil, "which"):
        suitable_python(uv=None)
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    words = {"test": test, "notebooks": notebooks, "reset": reset}
    if arguments and arguments[0] in words:
        return words[arguments[0]](arguments[1:])
    if arguments and not arguments[0].startswith("-"):
        stop("{!r} is not a command; there are: {}.".format(arguments[0], ", ".join(sorted(words))))
    return lab(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
