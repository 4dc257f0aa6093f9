"""Build the no-install site: the whole series in a browser, from plain files, with no other host asked.

    python start.py site --pyodide DIR_OR_TARBALL [--wheels DIR] [--out DIR]

--pyodide  Pyodide's files, version 0.27.7: pyodide.js, pyodide-lock.json and the rest, with or without wheels
--wheels   more wheels; each must be the one that Pyodide's lock names, or a pure one that takes its place
--out      a new or empty folder, by default `site`

Every file is checked: Pyodide's against its own lock, ours against sums below. The result can be served by
any static file server, for example `python -m http.server -d site`.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYODIDE = "0.27.7"
CORE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
# Pure wheels from the package index -> what Python imports, what must be loaded before.
PURE = {
    "nibabel": (["nibabel"], ["numpy", "packaging"]),
    "pydicom": (["pydicom"], ["numpy"]),
    "comm": (["comm"], ["traitlets"]),
    "ipywidgets": (["ipywidgets"], ["comm", "ipython", "traitlets"]),
    "psygnal": (["psygnal"], []),
    "anywidget": (["anywidget"], ["ipywidgets", "psygnal", "typing-extensions"]),
    "typing-extensions": (["typing_extensions"], []),
    "platformdirs": (["platformdirs"], []),
    "tqdm": (["tqdm"], []),
    "requests": (["requests"], ["urllib3", "idna", "certifi", "charset-normalizer"]),
    "urllib3": (["urllib3"], []),
    "idna": (["idna"], []),
    "certifi": (["certifi"], []),
    "charset-normalizer": (["charset_normalizer"], []),
    "nilearn": (
        ["nilearn"],
        ["nibabel", "numpy", "scipy", "pandas", "scikit-learn", "requests", "joblib"],
    ),
}
# Loaded with handson, from Pyodide's own wheels; the last ones only where they are at hand.
COMPILED = ("numpy", "scipy", "matplotlib", "pillow", "pyyaml")
# What JupyterLite's kernel asks for.
KERNEL = ("micropip", "ssl", "sqlite3", "ipython", "jedi")
OPTIONAL = ("cryptography", "lxml")
# npm package, version, SHA-256 of its archive, the files that the site carries.
CODECS = (
    (
        "@cornerstonejs/codec-openjpeg",
        "1.3.6",
        "e81b0597fbd58d4b3b55b2f06dbca58b83d82b644ac799871324de7da46ce04b",
        ("openjpegwasm_decode.js", "openjpegwasm_decode.wasm"),
    ),
    (
        "@cornerstonejs/codec-charls",
        "1.2.7",
        "0383755533c104b171b3c0e2bcc45c3c5e9c317e7e6f35ffef38a74371bfa93f",
        ("charlswasm_decode.js", "charlswasm_decode.wasm"),
    ),
)
NOTICE = """The no-install site carries, besides handson (MIT):

- Pyodide and the packages that it builds, each under its own licence: https://pyodide.org
- JupyterLite (BSD-3-Clause)
- OpenJPEG (BSD-2-Clause), compiled to WebAssembly by @cornerstonejs/codec-openjpeg (MIT)
- CharLS (BSD-3-Clause), compiled to WebAssembly by @cornerstonejs/codec-charls (MIT)
- the data sets that data-manifest.yaml names, each under its own licence
"""


def stop(line: str):
    sys.exit(f"start.py site: {line}")


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(
        prog="start.py site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pyodide", type=Path, required=True)
    parser.add_argument("--wheels", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, default=ROOT / "site")
    given = parser.parse_args(arguments)
    if given.out.exists() and any(given.out.iterdir()):
        stop(f"{given.out} is not empty. Choose another folder with --out.")
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        work = Path(folder)
        pyodide = unpacked(given.pyodide, work / "given")
        wheels = own_wheels(work / "wheels")
        static = work / "static"
        lock = pyodide_files(pyodide, [*given.wheels, pyodide], wheels, static / "pyodide")
        codecs(static / "handson", work)
        archives(static / "handson")
        (static / "handson/NOTICE.txt").write_text(NOTICE, encoding="utf-8")
        pages(given.out, work / "lite")
        # after the build, which drops what it does not know
        shutil.copytree(static, given.out / "static", dirs_exist_ok=True)
    proof(given.out, lock)
    size = sum(path.stat().st_size for path in given.out.rglob("*") if path.is_file())
    print(f"{given.out}: {size / 1e6:.0f} MB. Serve it: python -m http.server -d {given.out}")
    return 0


def unpacked(source: Path, folder: Path) -> Path:
    """The folder that holds Pyodide's files."""
    if source.is_dir():
        return source
    if not source.exists():
        stop(f"{source} does not exist. Download Pyodide {PYODIDE} (full or core) and name it.")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    found = [path.parent for path in folder.rglob(LOCK)]
    if len(found) != 1:
        stop(f"{source} holds no single {LOCK}. Give the archive of Pyodide {PYODIDE}.")
    return found[0]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command, **options) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, **options
    )
    if done.returncode:
        stop(f"{Path(str(command[0])).name} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def own_wheels(folder: Path) -> dict[str, Path]:
    """Name -> wheel: the pure ones of the index in the pinned versions, and our own."""
    folder.mkdir()
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    wanted = []
    for name in PURE:
        version = re.search(rf"^{re.escape(name)}==([\w.]+)", pins, re.MULTILINE)
        wanted.append(f"{name}=={version[1]}")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    for_pyodide = ["--only-binary", ":all:", "--python-version", "3.12", "--platform", "any"]
    run(
        *pip,
        "download",
        "--quiet",
        "--no-deps",
        *for_pyodide,
        "--abi",
        "none",
        "-d",
        folder,
        *wanted,
    )
    run(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    return {wheel_name(path): path for path in folder.glob("*.whl")}


def wheel_name(path: Path) -> str:
    return path.name.split("-")[0].replace("_", "-").lower()


def pyodide_files(source: Path, folders: list[Path], own: dict[str, Path], out: Path) -> dict:
    """Copy Pyodide's core and every wheel that is needed, and write the lock that knows ours too."""
    out.mkdir(parents=True)
    lock = json.loads((source / LOCK).read_text(encoding="utf-8"))
    if lock["info"]["version"] != PYODIDE:
        stop(f"this is Pyodide {lock['info']['version']}; the site is made for {PYODIDE}.")
    for name in CORE:
        shutil.copy(source / name, out)
    packages = lock["packages"]
    for name, path in own.items():
        imports, depends = PURE.get(
            name,
            (
                ["handson"],
                [*COMPILED, *("nibabel", "pydicom"), *("anywidget", "platformdirs", "tqdm")],
            ),
        )
        packages[name] = entry(name, path, imports, depends)
        shutil.copy(path, out)
    packages["pandas"]["depends"] = [d for d in packages["pandas"]["depends"] if d != "pyarrow"]
    at_hand = {path.name: path for folder in reversed(folders) for path in folder.iterdir()}
    by_name = {wheel_name(path): path for path in at_hand.values() if path.suffix == ".whl"}
    for name in OPTIONAL:
        if packages[name]["file_name"] in at_hand or name in by_name:
            packages["handson-imaging"]["depends"].append(name)
    needed = closure(packages, ["handson-imaging", "nilearn", *KERNEL])
    for name in sorted(needed - set(own)):
        place(packages, name, at_hand, by_name, out)
    lock["packages"] = {name: packages[name] for name in sorted(needed)}
    (out / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    return lock["packages"]


def entry(name: str, path: Path, imports: list[str], depends: list[str]) -> dict:
    """A pure wheel as Pyodide's lock writes it."""
    return {
        "name": name,
        "version": path.name.split("-")[1],
        "file_name": path.name,
        "install_dir": "site",
        "sha256": sha256(path),
        "package_type": "package",
        "imports": imports,
        "depends": list(depends),
        "unvendored_tests": False,
    }


def closure(packages: dict, names: list[str]) -> set[str]:
    """All packages that must be there before these can be loaded."""
    found: set[str] = set()
    while names:
        name = names.pop().replace("_", "-")
        if name in packages and name not in found:
            found.add(name)
            names += packages[name]["depends"]
    return found


def place(packages: dict, name: str, at_hand: dict, by_name: dict, out: Path):
    """Copy one of Pyodide's own files; a pure wheel of the same name may stand in for it."""
    known = packages[name]
    path = at_hand.get(known["file_name"])
    if path is not None:
        if sha256(path) != known["sha256"]:
            stop(f"{path} is not the file that Pyodide's lock names. Download it again.")
    elif (path := by_name.get(name)) is not None and path.name.endswith("-none-any.whl"):
        packages[name] = entry(name, path, known["imports"], [])
    else:
        stop(
            f"{known['file_name']} is needed and in none of the folders. Give the full Pyodide {PYODIDE}."
        )
    shutil.copy(path, out)


def codecs(out: Path, work: Path):
    """OpenJPEG and CharLS as WebAssembly, from npm, checked."""
    npm = shutil.which("npm")
    if npm is None:
        stop("npm is needed once, to fetch two decoders. Install Node.js.")
    out.mkdir(parents=True, exist_ok=True)
    for package, version, digest, files in CODECS:
        name = run(npm, "pack", "--silent", f"{package}@{version}", cwd=work).split()[-1]
        if sha256(work / name) != digest:
            stop(f"{package} {version} is not the file that was checked. Do not use it.")
        with tarfile.open(work / name) as archive:
            for file in files:
                (out / file).write_bytes(archive.extractfile(f"package/dist/{file}").read())


def archives(out: Path):
    """Each set that needs no network as one archive, named as its folder of the cache."""
    from handson import datasets
    from handson.datasets.cache import home

    for dataset in datasets.catalogue():
        if dataset.tier == "download":
            continue
        folder = datasets.fetch(dataset.id)
        with zipfile.ZipFile(
            out / f"{home(dataset).name}.zip", "w", zipfile.ZIP_DEFLATED
        ) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))


def pages(out: Path, lite: Path):
    """JupyterLite with the notebooks, in an environment of its own."""
    environment = lite / "environment"
    lite.mkdir()
    uv = Path(sys.executable).with_name("uv")
    run(uv, "venv", "--quiet", "--python", sys.executable, environment)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "-r",
        ROOT / "tools/site-requirements.txt",
    )
    contents = lite / "contents"
    shutil.copytree(
        ROOT / "notebooks", contents, ignore=shutil.ignore_patterns("*-mine*", "progress*", ".*")
    )
    command = [
        python.with_name("jupyter-lite"),
        "build",
        "--lite-dir",
        lite,
        "--contents",
        contents,
    ]
    run(
        *command,
        "--output-dir",
        out.absolute(),
        "--apps",
        "lab",
        "--no-unused-shared-packages",
        cwd=lite,
    )
    configure(out / "jupyter-lite.json")


def configure(path: Path):
    """Let the kernel take Pyodide and its packages from the site and from nowhere else."""
    content = json.loads(path.read_text(encoding="utf-8"))
    data = content["jupyter-config-data"]
    data["appName"] = "Hands-on medical imaging"
    data["exposeAppInBrowser"] = True
    kernel = data["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    kernel |= {"pyodideUrl": "./static/pyodide/pyodide.js", "disablePyPIFallback": True}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def proof(out: Path, packages: dict):
    """Every file of the lock is there with its sum, and nothing points to another host."""
    for name, package in packages.items():
        path = out / "static/pyodide" / package["file_name"]
        if not path.is_file() or sha256(path) != package["sha256"]:
            stop(f"{name} is missing in the site, or changed.")
    for name in ("jupyter-lite.json", "lab/jupyter-lite.json", f"static/pyodide/{LOCK}"):
        text = (out / name).read_text(encoding="utf-8")
        others = [host for host in re.findall(r"https?://[^\"]+", text) if "schema" not in host]
        if others:
            stop(f"{name} points to {others[0]}: the site must ask no other host.")


if __name__ == "__main__":
    sys.exit(main())
