"""Contours to masks and back, in one plane: NumPy only, in voxel indices.

A voxel belongs to a contour when its *centre* lies inside. With several rings in one plane the rule is
even-odd: inside an odd number of rings is inside, so a ring within a ring is a hole.
"""

from collections.abc import Iterable

import numpy as np

_DECIMALS = 6  # of a voxel: below, a corner "on" a voxel centre is noise of decimal numbers


def fill(ring: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The voxels whose centres lie inside one closed ring.

    ring : (n, 2) corners in voxel indices, whole numbers being voxel centres; the last joins the first
    shape : (p, q) of the plane
    returns : bool array of that shape. A centre exactly on the line counts as inside when the inside lies
        toward the larger index, so that two rings that share a side share no voxel

    A ray from each centre toward smaller p crosses the line an odd number of times when it starts inside.

    >>> fill([(0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5)], (4, 4)).astype(int)
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    corners = np.round(np.asarray(ring, float), _DECIMALS)
    crossings = np.zeros((shape[0] + 1, shape[1]), np.int32)
    for (p0, q0), (p1, q1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, last = np.clip(np.ceil((min(q0, q1), max(q0, q1))), 0, shape[1]).astype(int)
        if first < last:
            q = np.arange(first, last)
            at = np.round(p0 + (q - q0) * ((p1 - p0) / (q1 - q0)), _DECIMALS)
            np.add.at(crossings, (np.clip(np.ceil(at), 0, shape[0]).astype(int), q), 1)
    return np.cumsum(crossings, axis=0)[:-1] % 2 == 1


def even_odd(masks: Iterable[np.ndarray]) -> np.ndarray:
    """Filled rings of one plane put together: inside an odd number of them."""
    return np.logical_xor.reduce(list(masks))


# Directions along the sides of a voxel: +p, +q, -p, -q; each turns left to become the next.
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))
# Where the side that runs in this direction begins, from the voxel's first corner.
_BEGINS = ((0, 0), (1, 0), (1, 1), (0, 1))


def trace(mask: np.ndarray) -> list[np.ndarray]:
    """The edges of the voxels of a mask as closed rings: `fill` and `even_odd` give the mask back exactly.

    mask : bool [p, q]
    returns : one (n, 2) array of corners for each ring, in voxel indices; corners lie at halves. Outer
        rings turn left, holes turn right; voxels that touch only at a corner get rings of their own

    >>> trace([[True, True]])[0].tolist()
    [[0.5, -0.5], [0.5, 1.5], [-0.5, 1.5], [-0.5, -0.5]]
    """
    sides = _sides(np.asarray(mask, bool))
    rings = []
    while sides:
        first = p, q, direction = next(iter(sides))
        ring = []
        while True:
            del sides[p, q, direction]
            p, q = p + _STEPS[direction][0], q + _STEPS[direction][1]
            turns = ((p, q, (direction + turn) % 4) for turn in (1, 0, -1))
            following = next(side for side in turns if side in sides or side == first)
            if following[2] != direction:
                ring.append((p, q))
            if following == first:
                break
            direction = following[2]
        rings.append(np.array(ring) - 0.5)
    return rings


def _sides(mask) -> dict:
    """The sides between a voxel of the mask and its outside, the mask on the left: (p, q, direction)."""
    padded = np.pad(mask, 1)
    p, q = np.nonzero(mask)
    found: dict[tuple[int, int, int], bool] = {}
    for direction, (begin_p, begin_q) in enumerate(_BEGINS):
        step_p, step_q = _STEPS[(direction - 1) % 4]  # to the right: out of the mask
        edge = ~padded[p + 1 + step_p, q + 1 + step_q]
        corners = zip((p[edge] + begin_p).tolist(), (q[edge] + begin_q).tolist(), strict=True)
        found |= {(*corner, direction): True for corner in corners}
    return found
