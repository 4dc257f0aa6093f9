"""Damaged NIfTI files: whatever the bytes, a volume or one HandsonError, within bounds.

In CI a fixed number of inputs from a fixed seed; `pytest --long tests/test_fuzz_nifti.py` runs on
with seeds of its own and says how many it tried.
"""

import gzip
import resource
import time
import warnings

import numpy as np
import pytest
from nifti_files import header, nifti, numbered, voxels

from handson import HandsonError, Volume, header_bytes, read_nifti

SECONDS = 5
MEMORY = 1_000_000  # kB
CI_INPUTS, LONG_INPUTS = 1000, 200_000


def seeds():
    """Sound files of every kind, small, so that most of their bytes matter."""
    shape = (3, 4, 5)
    for version in (1, 2):
        for order in "<>":
            yield ".nii", nifti(numbered(shape), version=version, order=order)
            yield ".nii.gz", gzip.compress(nifti(numbered(shape), version=version, order=order))
    scaled = nifti(numbered((3, 4, 5, 2)), scl_slope=0.5, scl_inter=3, xyzt_units=10)
    yield ".nii", scaled
    yield ".nii.gz", gzip.compress(scaled)
    yield ".nii", nifti(numbered((2, 3, 4, 1, 3), "f4"), intent_code=1007)
    yield ".nii", nifti(numbered(shape, "c8"))
    yield ".nii", header(shape, 128, 24) + bytes(4) + bytes(180)
    turned = dict(qform_code=1, quatern=(0.5, 0.5, 0.5), qoffset=(1, 2, 3), sform_code=0)
    yield ".nii", nifti(numbered(shape, "u2"), scl_slope=1, scl_inter=-1024, **turned)
    extended = b"\1\0\0\0" + (16).to_bytes(4, "little") + (6).to_bytes(4, "little") + b"x" * 8
    yield ".nii", nifti(numbered(shape), extension=extended, vox_offset=368)
    yield ".hdr", header(shape, 4, 16, pair=True)


def damage(content, rng):
    """Flip bits, overwrite numbers with extreme ones, cut, repeat, drop: one to four times."""
    content = bytearray(content)
    extremes = [
        b"\0\0",
        b"\xff\xff",
        b"\x7f\xff",
        b"\xff\x7f",
        b"\x80\0",
        b"\0\0\x80\x7f",
        b"\0\0\xc0\x7f",
    ]
    for _ in range(rng.integers(1, 5)):
        if not content:
            break
        at = int(
            rng.integers(min(len(content), 400))
            if rng.random() < 0.8
            else rng.integers(len(content))
        )
        kind = rng.integers(6)
        if kind <= 1:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            content[at] = int(rng.integers(256))
        elif kind == 3:
            extreme = extremes[rng.integers(len(extremes))]
            content[at : at + len(extreme)] = extreme
        elif kind == 4:
            del content[at:]
        else:
            del content[at : at + int(rng.integers(1, 9))]
    return bytes(content)


def outcome(read, path, **choice):
    """A result, or the one kind of error that is allowed."""
    began = time.monotonic()
    try:
        result = read(path, **choice)
    except HandsonError as error:
        result = error
    assert time.monotonic() - began < SECONDS
    if isinstance(result, HandsonError):
        assert result.path is not None
        assert result.fault
        assert result.remedy
    return result


def try_one(path, choices):
    """Read it, with and without choices; returns whether it was a volume."""
    repr(outcome(header_bytes, path))
    found = [outcome(read_nifti, path, **choice) for choice in choices]
    volumes = [volume for volume in found if isinstance(volume, Volume)]
    for volume in volumes:
        assert np.isfinite(volume.affine).all()
        volume.plane("axial")
    return bool(volumes)


def fuzz(folder, count, seed):
    """(inputs tried, inputs still read as a volume); damaged headers are packed again every other time."""
    rng = np.random.default_rng(seed)
    files = list(seeds())
    read = 0
    for n in range(count):
        suffix, content = files[n % len(files)]
        if suffix == ".nii.gz" and rng.random() < 0.5:
            content = gzip.compress(damage(gzip.decompress(content), rng), 1)
        else:
            content = damage(content, rng)
        path = folder / f"damaged{suffix}"
        path.write_bytes(content)
        if suffix == ".hdr":
            path.with_suffix(".img").write_bytes(voxels(numbered((3, 4, 5))))
        choices = [{}, {"component": int(rng.integers(3))}, {"component": "phase"}, {"volumes": 0}]
        try:
            read += try_one(path, choices[: 1 + int(rng.integers(4))])
        except BaseException:
            print(f"seed {seed}, input {n}: {content[:540].hex()}")
            raise
    return count, read


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("no_garbage")
@pytest.mark.timeout(120)
def test_damaged_files_give_a_volume_or_one_clear_error(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tried, read = fuzz(tmp_path, CI_INPUTS, seed=20)
    assert 0 < read < tried  # the damage is neither fatal nor harmless throughout
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


def test_every_header_byte_can_be_anything(no_garbage, tmp_path):
    """Each of the 348 bytes set to 0 and to 255, in a file of little-endian int16."""
    whole = nifti(numbered((3, 4, 5)))
    path = tmp_path / "a.nii"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for at in range(348):
            for value in (0, 255):
                path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
                try_one(path, [{}])


@pytest.mark.long
@pytest.mark.timeout(0)
def test_many_more_damaged_files(tmp_path):
    seed = int(time.time())
    tried, read = fuzz(tmp_path, LONG_INPUTS, seed)
    print(f"seed {seed}: {tried} damaged files, {read} of them still a volume")
