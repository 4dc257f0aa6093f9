"""One way to show that something takes its time."""

from typing import Any


def bar(description: str, **options: Any) -> Any:
    """A progress bar on the error stream that appears after two seconds and goes when it is done."""
    from tqdm import tqdm

    return tqdm(desc=description, delay=2, leave=False, **options)
