"""The same worker in several processes of this machine: loaded only where there is more than one job."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from ..errors import DeidentifyError
from .worker import Job, Outcome, Worker

_worker: Worker | None = None


def _start_worker(job: Job) -> None:
    global _worker
    _worker = Worker(job)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _work(items: list[tuple[int, Path]]) -> list[Outcome]:
    assert _worker is not None  # _start_worker came first
    return [_worker(number, path) for number, path in items]


def pooled(numbered: list[tuple[int, Path]], job: Job, jobs: int) -> Iterator[Outcome]:
    """Every input's outcome, in order, from `jobs` processes.

    raises : DeidentifyError when one of them was ended from outside
    """
    method = "fork" if sys.platform == "linux" else None  # elsewhere the system's own way
    size = max(1, min(32, len(numbered) // (4 * jobs)))
    batches = (numbered[i : i + size] for i in range(0, len(numbered), size))
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(jobs, context, _start_worker, (job,)) as pool:
        waiting = [pool.submit(_work, batch) for batch in islice(batches, 3 * jobs)]
        try:
            while waiting:
                yield from waiting.pop(0).result()
                waiting += [pool.submit(_work, batch) for batch in islice(batches, 1)]
        except BrokenProcessPool:
            raise DeidentifyError(
                "A worker process was ended from outside (memory?); the files in the output are whole",
                "Start again with fewer jobs.",
            ) from None
        finally:
            for future in waiting:
                future.cancel()
