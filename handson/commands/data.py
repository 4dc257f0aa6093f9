"""`handson data ACTION`: list, fetch, verify and clean the data sets of the course, and prepare a room without network."""

import os
import sys
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from handson import datasets
from handson.commands import Subparsers
from handson.datasets import cache
from handson.datasets.manifest import TIERS
from handson.datasets.progress import bar
from handson.errors import DataError


def add(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "data", help="the data sets of the course", description=__doc__.split(": ", 1)[1]
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name, run, help, ids=None):
        sub = actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        sub.set_defaults(run=run)
        if ids:
            sub.add_argument("ids", nargs="*", metavar="ID", help=f"default: {ids}")
        return sub

    sub = action("list", list_sets, "list the sets, and which of them are here")
    sub.add_argument("--modality", help="CT, MR, PT, US, ...")
    sub.add_argument("--tier", choices=TIERS)
    sub.add_argument("--lesson", help="00 .. 06")

    sub = action("fetch", fetch, "make or download sets", ids="nothing")
    sub.add_argument("--all", action="store_true", help="every set")
    sub.add_argument("--tier", choices=TIERS, action="append", help="every set of this tier")
    sub.add_argument("--to", metavar="FOLDER", type=Path, help="make a mirror for a classroom")

    action("verify", verify, "check every file of sets", ids="all that are here")

    sub = action("where", where, "print the folder of the cache, or of sets", ids="the cache")
    sub.add_argument("--files", action="store_true", help="print the paths inside the sets instead")

    sub = action("clean", clean, "remove sets from the cache", ids="unfinished and outdated ones")
    sub.add_argument("--all", action="store_true", help="every set")

    action("check-links", check_links, "ask every address for a sign of life", ids="all downloads")
    action("citations", citations, "print whom to cite for each set, and its licence")


def list_sets(arguments: Namespace) -> None:
    print(datasets.catalogue(arguments.modality, arguments.tier, arguments.lesson))
    here = [dataset.id for dataset in datasets.catalogue() if cache.is_stored(dataset)]
    print(f"\nIn {cache.cache_folder()}: {', '.join(here) or 'nothing yet'}.")


def fetch(arguments: Namespace) -> int:
    tiers = TIERS if arguments.all else arguments.tier or ()
    chosen = [dataset for dataset in datasets.catalogue() if dataset.tier in tiers]
    chosen += [dataset for dataset in _named(arguments.ids) if dataset not in chosen]
    if not chosen:
        raise DataError("nothing to fetch", "Name sets (`handson data list`), --tier or --all.")
    if arguments.to:
        return _fetch_mirror(chosen, arguments.to)
    made = [d for d in chosen if d.tier == "generated" and not cache.is_stored(d)]
    _make_in_parallel(made)
    return _each(chosen, lambda dataset: print(datasets.fetch(dataset.id)))


def _make_in_parallel(made):
    """Fill the cache with generated sets, one process a core.

    What fails here fails again, and is told, when the set is fetched.
    """
    if len(made) < 2 or (os.cpu_count() or 1) < 2:
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # The largest first, so that no process is left with it at the end.
    made = sorted(made, key=lambda dataset: -dataset.bytes)
    with (
        ProcessPoolExecutor(
            min(os.cpu_count() or 1, len(made)), get_context("spawn"), _without_bars
        ) as pool,
        bar("make", total=len(made), unit=" sets") as progress,
    ):
        for future in as_completed([pool.submit(datasets.fetch, d.id) for d in made]):
            future.exception()
            progress.update()


def _without_bars():
    os.environ["TQDM_DISABLE"] = "1"  # read when tqdm is imported; the parent has one for all


def _fetch_mirror(chosen, mirror: Path) -> int:
    """Copies what may be handed on; says what each room must run for the rest."""
    from handson.datasets import mirror as mirrors

    held = [dataset for dataset in chosen if mirrors.may_hold(dataset)]
    status = _each(held, lambda d: print(mirrors.copy_to(mirror, d, datasets.fetch(d.id))))
    print("\nIn the room, set HANDSON_MIRROR to this folder, or to the address that serves it:")
    print(f"    {mirror.absolute()}")
    for why, tier in (
        ("These come with Python packages or are made there, without network", TIERS[:2]),
        ("These may not be handed on; with a network, each machine runs", TIERS[2:]),
    ):
        rest = [d.id for d in chosen if d not in held and d.tier in tier]
        if rest:
            print(f"{why}:\n    handson data fetch {' '.join(rest)}")
    return status


def verify(arguments: Namespace) -> int:
    here = [dataset for dataset in datasets.catalogue() if cache.is_stored(dataset)]
    return _each(_named(arguments.ids) or here, _verify)


def _verify(dataset):
    if not cache.is_stored(dataset):
        raise DataError(f"{dataset.id} is not here", f"Run: handson data fetch {dataset.id}")
    faults, extras = cache.damage(dataset)
    for extra in extras:
        print(f"{dataset.id}: {extra} does not belong to the set")
    if faults:
        raise DataError(
            f"{dataset.id}: {', '.join(faults)}",
            f"Run: handson data clean {dataset.id}, then: handson data fetch {dataset.id}",
        )
    print(f"{dataset.id}: every file is unchanged")


def where(arguments: Namespace) -> None:
    for dataset in _named(arguments.ids):
        print(*dataset.files if arguments.files else [cache.home(dataset) / dataset.id], sep="\n")
    if not arguments.ids:
        print(cache.cache_folder())


def clean(arguments: Namespace) -> int:
    named = datasets.catalogue() if arguments.all else _named(arguments.ids)
    status = _each((dataset for dataset in named if cache.is_stored(dataset)), _clean)
    if arguments.all or not arguments.ids:
        for folder in cache.remains():
            cache.remove(folder)
            print(f"removed {folder}")
    return status


def _clean(dataset):
    _, extras = cache.damage(dataset)
    folder = cache.home(dataset)
    if extras:
        raise DataError(
            f"holds files that are not of the set: {', '.join(extras)}",
            "Move them away and run this again.",
            path=folder / dataset.id,
        )
    cache.remove(folder)
    print(f"removed {folder}")


def check_links(arguments: Namespace) -> int:
    from handson.datasets.download import addresses, is_alive

    chosen = _named(arguments.ids) or datasets.catalogue(tier="download")
    asked = [(dataset.id, address) for dataset in chosen for address in addresses(dataset)]
    dead = []
    with (
        ThreadPoolExecutor(8) as pool,
        bar("check-links", total=len(asked), unit=" addresses") as progress,
    ):
        for (id, address), alive in zip(
            asked, pool.map(is_alive, (address for _, address in asked)), strict=True
        ):
            if not alive:
                dead.append(f"{id}: {address}")
            progress.update()
    print(*dead, f"{len(asked) - len(dead)} of {len(asked)} addresses answer.", sep="\n")
    if dead:
        print("Please report the dead ones: docs/data.md says how.")
    return 1 if dead else 0


def citations(arguments: Namespace) -> None:
    from handson.datasets.citations import citations as text

    print(text(), end="")


def _named(ids):
    catalogue = datasets.catalogue()
    return [catalogue[id] for id in ids]


def _each(chosen, do) -> int:
    """Does it for each set; one that fails is told and does not stop the others."""
    status = 0
    for dataset in chosen:
        try:
            do(dataset)
        except DataError as error:
            print(f"handson data: {error}", file=sys.stderr)
            status = 1
    return status
