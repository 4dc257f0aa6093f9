"""Text burned into pixels is found by OCR and covered; what was not found is never called clean.

Long: the packages of the extra `ocr` weigh 300 MB, which every run of the tests would have to install.
"""

import random
import secrets
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.data import get_testdata_file

import handson

pytestmark = pytest.mark.long
FONT = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture
def ocr():
    pytest.importorskip("rapidocr", reason="the extra ocr (rapidocr, onnxruntime) is not installed")
    from handson.deidentify import ocr

    return ocr


def drawn(size, dice):
    """(picture 400 x 500 of 12 bits with noise and a name in it, where the ink is)"""
    name = "".join(dice.choices("ABDEFGHKLMNPRST", k=7))
    ink = Image.new("L", (500, 400))
    place = (dice.randrange(10, 80), dice.randrange(10, 340))
    ImageDraw.Draw(ink).text(
        place, f"{name} 08.02.1951", font=ImageFont.truetype(FONT, size), fill=255
    )
    where = np.asarray(ink) > 128
    picture = (
        np.random.default_rng(dice.randrange(10**6)).normal(600, 60, where.shape).clip(0, 4000)
    )
    picture[where] = 4000
    return picture.astype(np.uint16), where


@pytest.mark.parametrize("size", [12, 18, 28])
def test_printed_text_is_covered_to_its_edges(ocr, size):
    seed = secrets.randbits(32)
    print("seed", seed)
    picture, ink = drawn(size, random.Random(seed))
    mask, count = ocr.text_mask(picture[None])
    assert count
    assert (ink & ~mask).sum() <= 0.02 * ink.sum()
    assert mask.mean() < 0.15


def test_a_file_with_text_in_it_is_covered_and_told_and_not_called_clean(ocr, tmp_path):
    picture, ink = drawn(20, random.Random())
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.Rows, dataset.Columns = picture.shape
    dataset.PixelData, dataset.PixelRepresentation = picture.tobytes(), 0
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "a.dcm")
    report = handson.anonymize(tmp_path / "in", tmp_path / "out", find_text=True)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert (new.pixel_array[ink] == 0).mean() > 0.98
    assert ("pixels", "C", "text found by OCR and covered") in report.rules
    assert any("Where it found none there can be some" in note for note in report.notes)
    assert new.get("BurnedInAnnotation") != "NO"


def test_an_ultrasound_image_stays_refused_though_text_was_looked_for(ocr, tmp_path):
    (tmp_path / "in").mkdir()
    source = pydicom.dcmread(get_testdata_file("examples_palette.dcm", download=False))
    source.save_as(tmp_path / "in" / "a.dcm")
    report = handson.anonymize(tmp_path / "in", tmp_path / "out", find_text=True)
    assert report.counts == {"refused": 1}
