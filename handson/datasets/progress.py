"""One way to show that something takes its time."""


def bar(description: str, **options):
    """A progress bar on the error stream that appears after two seconds and goes when it is done."""
    from tqdm import tqdm

    return tqdm(desc=description, delay=2, leave=False, **options)
