"""The audit finds every spelling that the engine knows, in every place, and does not cry wolf."""

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import secrets
import unicodedata
import zipfile

import numpy as np
import pytest

import handson
from handson.errors import DeidentifyError, ReadError

SPELLED = [
    ("D'Angelo^Maria", "scan DANGELO"),
    ("D'Angelo^Maria", "maria_d'angelo"),
    ("Sørensen^Åse", "SORENSEN, AASE"),
    ("Müller^Hans", "mueller hans"),
    ("MUELLER^Hans", "Müller"),
    ("Doe^Jane", "jane doe"),
    ("Doe^Jane", "x: Doe, x"),
    ("Doe^Jane", "%44 Doe%5EJane"),
    ("0047113", "MRN 47113"),
    ("0047113", "47-113"),
    ("0047113", "471 13"),
    ("19510208", "8 febbraio 1951"),
    ("19510208", "8. Februar 1951"),
    ("1951-02-08", "8.2.51"),
    ("19510208", "February 8, 1951"),
    ("Müller^Hans", json.dumps("Müller^Hans")),
    ("Müller^Hans", unicodedata.normalize("NFD", "Müller")),
    ("MRN0047113", "47113"),
    ("19510208", "8 feb 51"),
    ("19510208", "8 de fevereiro de 1951"),
    ("19510208", "8. 2. 1951"),
    ("Zyxwabel^Q", base64.b64encode(b"patient Zyxwabel^Q!").decode()),
    ("Zyxwabel", base64.b64encode(b"aZyxwabel and more").decode()),
]


CASES = [(*case, place) for case in SPELLED for place in ("plain", "utf-16", "gzip", "zip")]
CASES += [(*case, "name") for case in SPELLED if not set("/%=") & set(case[1])]


@pytest.mark.parametrize(("known", "text", "place"), CASES)
def test_every_spelling_in_every_place(known, text, place, tmp_path):
    file = tmp_path / "a.bin"
    data = b"\0\1\2 " + text.encode() + b" \3\4"
    if place == "utf-16":
        data = b"\0\1\2\3" + f" {text} ".encode("utf-16-le")
    elif place == "gzip":
        data = gzip.compress(data)
    file.write_bytes(data)
    if place == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner", data)
    if place == "name":
        file.rename(tmp_path / f" {text} .bin")
    assert {finding.what for finding in handson.audit(tmp_path, [known])} == {known}


def test_it_does_not_find_what_is_not_there(tmp_path):
    rng = np.random.default_rng()
    (tmp_path / "noise").write_bytes(rng.bytes(2_000_000))
    (tmp_path / "numbers").write_text("0.471134 147113 1.47113 doe5 janes sorens")
    # Three bytes stand somewhere in two million by chance, so no part has fewer than four.
    known = ["Sørensen^Åsta", "0047113", "19510208", "Müller^Hans"]
    assert handson.audit(tmp_path, known) == []


@pytest.mark.parametrize("known", [["17991228", "000017.991228"], ["000017.991228", "17991228"]])
def test_two_known_texts_with_one_spelling_are_both_searched(known, tmp_path):
    """The second is a number that counts alone, without its zeros; the first counts anywhere."""
    (tmp_path / "a").write_bytes(b"x17991228112233")
    assert "17991228" in {finding.what for finding in handson.audit(tmp_path, known)}
    (tmp_path / "a").write_bytes(b"= 17991228 =")
    assert {finding.what for finding in handson.audit(tmp_path, known)} == set(known)


@pytest.mark.parametrize(("person", "charset"), [
    ("Żaħħar^Ġorġ", "iso8859_3"), ("Ķirsis^Ģērts", "iso8859_4"), ("Œhlerš^Jana", "iso8859_15"),
    ("Люксембургова^Клава", "cp1251"), ("Müllerová^Jana", "cp850"), ("김희중^미나", "euc_kr"),
])  # fmt: skip
def test_names_in_every_character_set(person, charset, tmp_path):
    (tmp_path / "a").write_bytes(b"\x1b$)C" + person.split("^")[0].encode(charset) + b"x")
    assert handson.audit(tmp_path, [person])


def zipped(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.zip", content)
    return stream.getvalue()


PACKED = {
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip": gzip.compress,
    "a zip in a zip": lambda data: zipped(zipped(data)),
    "a gzip in a zip": lambda data: zipped(gzip.compress(data)),
}


@pytest.mark.parametrize("how", PACKED)
def test_packed_files_are_searched_to_their_end(how, tmp_path, monkeypatch):
    """What is packed in more than one piece, too: here 64 kB instead of 8 MB."""
    monkeypatch.setitem(handson.audit.__globals__, "_CHUNK", 1 << 16)
    noise = random.Random(secrets.randbits(32)).randbytes(300_000).hex().encode()
    (tmp_path / "a").write_bytes(PACKED[how](noise + b" Zyxwabel"))
    assert handson.audit(tmp_path, ["Zyxwabel"])


def test_where_a_link_leads_is_searched(tmp_path):
    (tmp_path / "link").symlink_to("/data/Zyxwabel/1")
    assert [finding.place for finding in handson.audit(tmp_path, ["Zyxwabel"])] == ["name"]


def test_a_place_that_does_not_exist_is_not_clean(tmp_path):
    """An empty list means that nothing was found, and must not mean that nothing was searched."""
    with pytest.raises(ReadError, match="nothing was searched"):
        handson.audit(tmp_path / "typo", ["Anna"])
    with pytest.raises(DeidentifyError, match="looks for words"):
        handson.audit(tmp_path, tmp_path)
    assert handson.audit(tmp_path, ["Anna"]) == []
