"""The same workers on other machines, through a scheduler of dask.distributed. `pip install 'handson-imaging[cluster]'`

Start a scheduler and workers as dask does it (over SSH, Slurm, Kubernetes: docs.dask.org) and give its address.
All machines must see the input and the output under the same paths, and have this version of handson. The
parent alone gives names, remembers patients and renames, as in a run on one machine.
"""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from itertools import islice
from pathlib import Path

from ..errors import DeidentifyError
from .worker import Job, Outcome, Worker

_BATCH = 16
_GONE = "Start it again, then run again: pseudonymize goes on where it stopped."

_workers: dict[str, Worker] = {}


def _work(job: Job, items: list[tuple[int, Path]]) -> list[Outcome]:
    """A batch of inputs, in a worker process anywhere."""
    key = repr(job)
    if key not in _workers:
        _workers.clear()
        _workers[key] = Worker(job)
    return [_workers[key](number, path) for number, path in items]


def spread(numbered: list[tuple[int, Path]], job: Job, address: str) -> Iterator[Outcome]:
    """Every input's outcome, in order, from the workers of a scheduler.

    address : of the scheduler, "tcp://host:8786"
    raises : DeidentifyError when it does not answer, or goes away in between
    """
    try:
        from distributed import Client
    except ImportError:
        raise DeidentifyError(
            "A scheduler needs the package distributed",
            "Run: pip install 'handson-imaging[cluster]'.",
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError):
        raise DeidentifyError(f"No scheduler answers at {address}", "Check the address.") from None
    with client:
        pool = client.get_executor(pure=False)
        batches = (numbered[i : i + _BATCH] for i in range(0, len(numbered), _BATCH))
        ahead = 3 * max(len(client.scheduler_info()["workers"]), 1)
        waiting = [pool.submit(_work, job, batch) for batch in islice(batches, ahead)]
        try:
            while waiting:
                yield from waiting.pop(0).result()
                waiting += [pool.submit(_work, job, batch) for batch in islice(batches, 1)]
        except DeidentifyError:
            raise
        except (CancelledError, OSError, RuntimeError) as error:
            raise DeidentifyError(
                f"The scheduler or its workers went away ({type(error).__name__}); the files in the output are whole",
                _GONE,
            ) from None
        finally:
            for future in waiting:
                future.cancel()
