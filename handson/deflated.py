"""How far a deflated DICOM file (PS3.5 A.5) may grow; beyond that it is a bomb, not an image."""

from .errors import ReadError

FREE, RATIO = 256 << 20, 100  # bytes, or times the size of what is deflated


def most_inflated(size: int) -> int:
    """The bytes to which `size` deflated bytes may grow."""
    return max(FREE, RATIO * size)


def bomb(most: int) -> ReadError:
    """The refusal of what grows beyond `most` bytes."""
    return ReadError(
        f"inflates to more than {most >> 20} MiB, as no image of its size does",
        "Do not open it unless you know where it is from.",
    )
