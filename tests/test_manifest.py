"""The manifest says everything that a user of the data must know, and says it right."""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath

import pytest
import yaml

from handson.datasets import catalogue
from handson.datasets.citations import citations
from handson.datasets.download import addresses
from handson.datasets.manifest import TIERS, document, manifest_path

ROOT = Path(__file__).parents[1]
SETS = list(catalogue())
DOWNLOADS = [dataset for dataset in SETS if dataset.tier == "download"]
WITH_FILES = [dataset for dataset in SETS if dataset.tier != "generated"]


def by_id(datasets):
    return {"argvalues": datasets, "ids": [dataset.id for dataset in datasets]}


@pytest.mark.parametrize("dataset", **by_id(SETS))
def test_every_set_says_what_it_is_and_what_may_be_done_with_it(dataset):
    for name in ("title", "dimensions", "licence", "citation", "anonymised", "visible"):
        assert getattr(dataset, name).strip(), name
    assert dataset.tier in TIERS
    assert dataset.bytes > 0
    assert set(dataset.lessons) <= {f"{number:02}" for number in range(11)}
    assert dataset.lessons
    assert all(re.fullmatch("[A-Z]{2,}", modality) for modality in dataset.modality)
    assert isinstance(dataset.redistribute, bool)


def test_ids_are_unique_and_none_is_both_here_and_left_out():
    ids = [entry["id"] for part in ("sets", "left_out") for entry in document()[part]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("[a-z0-9-]+", id) for id in ids)


def test_what_the_course_is_built_on_is_there():
    assert len(DOWNLOADS) >= 8
    assert len(SETS) >= 16
    lessons = {lesson for d in SETS if d.tier != "download" for lesson in d.lessons}
    assert lessons >= {f"{number:02}" for number in range(8)}, "every lesson works without a net"


def test_every_generated_set_has_a_generator_and_every_generator_an_entry():
    from handson.phantoms import GENERATORS

    ids = {dataset.id for dataset in SETS if dataset.tier == "generated"}
    assert set(GENERATORS) == ids


@pytest.mark.parametrize("dataset", **by_id(WITH_FILES))
def test_every_file_is_pinned_by_its_sum(dataset):
    assert dataset.files
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in dataset.files.values())
    sizes = [file.bytes for file in dataset.files.values()]
    if None not in sizes:
        assert sum(sizes) == dataset.bytes


@pytest.mark.parametrize("dataset", **by_id(WITH_FILES))
def test_every_path_can_be_written_on_every_system(dataset):
    devices = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
    for path in dataset.files:
        assert len(path) < 120, "Windows allows 260 characters, the cache folder among them"
        assert not PurePosixPath(path).is_absolute()
        for part in path.split("/"):
            assert part not in ("", ".", "..")
            assert not re.search(r'[<>:"\\|?*\x00-\x1f]', part), part
            assert not part.endswith((" ", ".")), part
            assert not devices.fullmatch(part), part
    folders = {
        parent.as_posix() for path in dataset.files for parent in PurePosixPath(path).parents
    }
    everything = folders | set(dataset.files)
    assert len({name.casefold() for name in everything}) == len(everything), "differ by case only"
    assert not folders & set(dataset.files), "a file where a folder must be"


@pytest.mark.parametrize("dataset", **by_id(DOWNLOADS))
def test_every_address_is_pinned_to_a_commit(dataset):
    assert dataset.sources
    for address in addresses(dataset):
        assert re.match(r"https://[\w.-]+/[\w./-]*/[0-9a-f]{40}(/|$)", address)


@pytest.mark.parametrize(
    "entry", [e for e in document()["sets"] if "sums" in e], ids=lambda e: e["id"]
)
def test_the_lists_of_sums_are_those_that_the_manifest_names(entry):
    path = ROOT / "handson" / "datasets" / "sums" / f"{entry['id']}.SHA256SUMS"
    text = path.read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == entry["sums"]


def test_no_list_of_sums_is_left_over():
    lists = {path.stem for path in (ROOT / "handson" / "datasets" / "sums").iterdir()}
    assert lists == {entry["id"] for entry in document()["sets"] if "sums" in entry}


def test_bundled_sets_ask_for_the_versions_that_the_environment_pins():
    pins = set((ROOT / "constraints.txt").read_text().split("\n"))
    for entry in document()["sets"]:
        if entry["tier"] == "bundled":
            (source,) = entry["sources"]
            assert source["requires"] in pins


def test_the_manifest_is_read_from_the_top_of_a_checkout():
    assert manifest_path() == ROOT / "data-manifest.yaml"
    assert yaml.safe_load(manifest_path().read_text(encoding="utf-8")) == document()


def test_citations_are_fresh():
    """If not: handson data citations > CITATIONS.md"""
    assert (ROOT / "CITATIONS.md").read_text(encoding="utf-8") == citations()


def test_the_page_on_data_has_every_set_with_its_size():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for dataset in SETS:
        (row,) = re.findall(rf"^\| `{dataset.id}` \|.*$", page, re.MULTILINE)
        assert f"| {dataset.bytes / 1e6:.1f} |" in row
    for left_out in document()["left_out"]:
        assert f"`{left_out['id']}`" in page


def test_no_notebook_publishes_a_picture_of_a_non_commercial_set():
    kept = [dataset for dataset in SETS if not dataset.commercial]
    assert [dataset.id for dataset in kept] == ["pydicom-data-693"]
    names = {name for dataset in kept for name in (dataset.id, *dataset.files)}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if any(name in "".join(cell["source"]) for name in names):
                published = {
                    kind for out in cell.get("outputs", []) for kind in out.get("data", {})
                }
                assert not any(kind.startswith("image/") for kind in published), notebook.name
