"""Downloads from a server on loopback that is slow, lies, breaks off, or is gone."""

import contextlib
import gzip
import hashlib
import io
import sys
import tarfile
import threading
import time
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import quote, unquote

import pytest

from handson.datasets import DataSet, download, fill
from handson.datasets.cache import is_stored, store
from handson.datasets.manifest import DataFile
from handson.errors import DataError

FILES = {
    "MR/001.dcm": bytes(range(256)) * 900,
    "MR/größe 2 #1.dcm": b"unicode, a space, a hash sign",
    "events.tsv": b"onset\tduration\n",
}


class Server:
    """A web server whose answer to each path is a function of the request handler."""

    def __init__(self):
        self.answers, self.asked = {}, []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = unquote(self.path)
                owner.asked.append(path)
                with contextlib.suppress(ConnectionError):
                    owner.answers.get(path, status(404))(self)

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


def body(content, length=None):
    """Answers 200 with `content`, announcing `length` bytes."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(content)

    return answer


def status(code, location=None):
    def answer(handler):
        handler.send_response(code)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def first(*answers):
    """One answer after the other; the last one for ever."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 16))


def silent(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"ten bytes.")
    handler.wfile.flush()
    time.sleep(3)


def slow(content, pieces, pause):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        step = -(-len(content) // pieces)
        for start in range(0, len(content), step):
            handler.wfile.write(content[start : start + step])
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def tar_gz(members):
    """An archive of (name or TarInfo, bytes), inside one folder as GitHub makes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def sums(files):
    return {path: DataFile(hashlib.sha256(content).hexdigest()) for path, content in files.items()}


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of its own, with no mirror, no proxy and short waits."""
    monkeypatch.setenv("HANDSON_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("HANDSON_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "RETRIES", 1)
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))
    return tmp_path / "cache"


@pytest.fixture
def dataset(server):
    """A set of three files that the server offers one by one below /files/."""
    for path, content in FILES.items():
        server.answers[f"/files/{path}"] = body(content)
    return make_set({"files": f"{server.url}/files/"})


def make_set(*sources, files=FILES):
    return DataSet(
        id="example",
        tier="download",
        title="Example",
        modality=("MR",),
        dimensions="",
        bytes=sum(map(len, files.values())),
        licence="CC0",
        redistribute=True,
        citation="",
        anonymised="",
        visible="",
        lessons=(),
        files=sums(files),
        sources=sources,
    )


def get(dataset):
    return store(dataset, partial(fill, dataset))


def content_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(dataset, cache):
    """Fetches what must fail; returns the message, having seen that nothing is left behind."""
    with pytest.raises(DataError) as caught:
        get(dataset)
    assert not is_stored(dataset)
    assert not cache.exists() or list(cache.iterdir()) == []
    assert "HANDSON_MIRROR" in str(caught.value), "the message says what to do by hand"
    return str(caught.value)


def test_what_is_fetched_is_what_the_server_has_under_the_names_of_the_manifest(dataset, cache):
    folder = get(dataset)
    assert folder.name == "example"
    assert content_of(folder) == FILES


def test_size_and_licence_are_told_before_anything_is_fetched(dataset, server, cache, capsys):
    server.answers.clear()
    refused(dataset, cache)
    assert "0.2 MB" in (told := capsys.readouterr().err)
    assert "CC0" in told


def test_a_failure_that_passes_is_tried_again(dataset, server, cache):
    server.answers["/files/MR/001.dcm"] = first(status(500), body(FILES["MR/001.dcm"]))
    assert content_of(get(dataset)) == FILES


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (status(404), "404"),
        (status(410), "410"),
        (status(500), "500"),
        (body(FILES["MR/001.dcm"][:5000], length=230400), "cut off"),
        (body(FILES["MR/001.dcm"][:5000]), "SHA-256"),
        (body(b"!" + FILES["MR/001.dcm"][1:]), "SHA-256"),
        (body(FILES["MR/001.dcm"] + bytes(100_000)), "more bytes"),
        (body(b""), "SHA-256"),
        (endless, "more bytes"),
        (status(302, location="/files/MR/001.dcm"), "circle"),
        (status(302, location="file:///etc/passwd"), "cannot be used"),
    ],
    ids=[
        "gone-404",
        "gone-410",
        "500",
        "cut",
        "short",
        "wrong-byte",
        "long",
        "empty",
        "endless",
        "loop",
        "to-a-file",
    ],
)
def test_no_fault_of_a_server_leaves_a_set_behind(dataset, server, cache, answer, says):
    server.answers["/files/MR/001.dcm"] = answer
    message = refused(dataset, cache)
    assert says in message
    assert "MR/001.dcm" in message


def test_what_is_gone_for_good_is_asked_for_once(dataset, server, cache):
    server.answers["/files/MR/001.dcm"] = status(404)
    refused(dataset, cache)
    assert server.asked.count("/files/MR/001.dcm") == 1


def test_a_server_that_falls_silent_is_given_up(dataset, server, cache, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    server.answers["/files/MR/001.dcm"] = silent
    assert "silent" in refused(dataset, cache)


def test_a_slow_server_is_waited_for(dataset, server, cache, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    server.answers["/files/MR/001.dcm"] = slow(FILES["MR/001.dcm"], pieces=8, pause=0.1)
    assert content_of(get(dataset)) == FILES


def test_a_server_that_drips_is_given_up(dataset, server, cache, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    monkeypatch.setattr(download, "SLOWEST", 100_000)
    server.answers["/files/MR/001.dcm"] = slow(FILES["MR/001.dcm"], pieces=200, pause=0.05)
    assert "bytes per second" in refused(dataset, cache)


def test_a_download_can_be_shared_like_any_file_of_its_owner(dataset, cache, tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    for path in get(dataset).rglob("*.*"):
        assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_without_pooch_the_command_that_brings_it_is_told(dataset, cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert "need pooch" in refused(dataset, cache)
    with pytest.raises(DataError, match="pip install pooch"):
        download.is_alive("http://127.0.0.1/")


def test_a_server_that_is_not_there_is_named(dataset, server, cache):
    server.http.shutdown()
    server.http.server_close()
    assert "cannot be reached" in refused(dataset, cache)


def test_the_next_source_brings_what_the_first_one_lacks(dataset, server, cache):
    del server.answers["/files/events.tsv"]
    server.answers["/mirror/events.tsv"] = body(FILES["events.tsv"])
    two = replace(dataset, sources=(*dataset.sources, {"files": f"{server.url}/mirror/"}))
    assert content_of(get(two)) == FILES
    assert "/mirror/MR/001.dcm" not in server.asked


def test_every_source_that_failed_is_named(dataset, server, cache):
    server.answers.clear()
    two = replace(dataset, sources=(*dataset.sources, {"files": f"{server.url}/mirror/"}))
    message = refused(two, cache)
    assert "/files/: " in message
    assert "/mirror/: " in message


def test_addresses_can_be_tried_without_fetching(dataset, server, cache):
    alive = [download.is_alive(address) for address in download.addresses(dataset)]
    assert alive == [True, True, True]
    server.answers["/files/events.tsv"] = status(404)
    assert not download.is_alive(f"{server.url}/files/events.tsv")
    assert not download.is_alive("http://127.0.0.1:1/nobody")
    assert download.addresses(dataset)[1] == f"{server.url}/files/{quote('MR/größe 2 #1.dcm')}"


class TestMirror:
    """A classroom's copy, laid out <id>/<path>, as a folder or behind an address."""

    @pytest.fixture
    def folder(self, tmp_path):
        folder = tmp_path / "room 3"
        for path, content in FILES.items():
            target = folder / "example" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return folder

    def test_a_folder_serves_without_the_net(self, dataset, server, cache, folder, monkeypatch):
        monkeypatch.setenv("HANDSON_MIRROR", str(folder))
        assert content_of(get(dataset)) == FILES
        assert server.asked == []

    def test_an_address_serves(self, server, cache, monkeypatch):
        monkeypatch.setenv("HANDSON_MIRROR", f"{server.url}/room/")
        for path, content in FILES.items():
            server.answers[f"/room/example/{path}"] = body(content)
        assert content_of(get(make_set())) == FILES

    @pytest.mark.parametrize("fault", ["damaged", "missing", "no folder"])
    def test_a_bad_mirror_is_passed_over(self, dataset, cache, folder, monkeypatch, fault):
        monkeypatch.setenv("HANDSON_MIRROR", str(folder))
        if fault == "damaged":
            (folder / "example/events.tsv").write_bytes(b"onset\tduratioN\n")
        elif fault == "missing":
            (folder / "example/events.tsv").unlink()
        else:
            (folder / "example").rename(folder / "another")
        assert content_of(get(dataset)) == FILES

    def test_a_bad_mirror_without_a_net_is_named(self, dataset, server, cache, folder, monkeypatch):
        monkeypatch.setenv("HANDSON_MIRROR", str(folder))
        server.answers.clear()
        (folder / "example/events.tsv").unlink()
        message = refused(dataset, cache)
        assert str(folder) in message
        assert "404" in message


class TestArchive:
    """What is read out of a .tar.gz: the files of the manifest, and nothing else."""

    @pytest.fixture
    def offer(self, server):
        """Makes the server offer an archive and returns the set that is in its folder `data`."""

        def offer(members, files=FILES):
            content = members if isinstance(members, bytes) else tar_gz(members)
            server.answers["/a.tar.gz"] = body(content)
            return make_set({"archive": f"{server.url}/a.tar.gz", "folder": "data"}, files=files)

        return offer

    @staticmethod
    def good():
        return [(f"repo-1a2b/data/{path}", content) for path, content in FILES.items()]

    def test_the_files_of_the_set_come_out_and_nothing_else(self, offer, cache):
        members = [
            ("repo-1a2b/README", b"not ours"),
            *self.good(),
            ("repo-1a2b/data/x", b"nor this"),
        ]
        assert content_of(get(offer(members))) == FILES

    def test_a_path_that_leads_outside_writes_nothing_there(self, offer, cache, tmp_path):
        hostile = [
            ("../../../outside", b"!"),
            (str(tmp_path / "outside"), b"!"),
            ("repo-1a2b/data/../../../../outside", b"!"),
        ]
        assert content_of(get(offer(hostile + self.good()))) == FILES
        assert {path.name for path in tmp_path.iterdir()} == {"cache"}

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
    def test_a_link_or_a_device_in_place_of_a_file_is_refused(self, offer, cache, kind):
        link = tarfile.TarInfo("repo-1a2b/data/events.tsv")
        link.type, link.linkname = kind, "/etc/passwd"
        message = refused(offer([*self.good()[:2], (link, b"")]), cache)
        assert "events.tsv as something else than a file" in message

    def test_a_changed_file_is_refused(self, offer, cache):
        members = [*self.good()[:2], ("repo-1a2b/data/events.tsv", b"onset\tduratioN\n")]
        assert "SHA-256" in refused(offer(members), cache)

    def test_a_missing_file_is_named(self, offer, cache):
        assert "events.tsv" in refused(offer(self.good()[:2]), cache)

    @pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE], ids=["file", "header"])
    def test_a_bomb_is_stopped(self, offer, cache, kind):
        info = tarfile.TarInfo("repo-1a2b/other")
        info.type, info.size = kind, 10**12
        bomb = gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(120_000_000), compresslevel=1)
        assert "far more" in refused(offer(bomb), cache)

    def test_a_file_larger_than_the_set_is_stopped(self, offer, cache):
        members = [("repo-1a2b/data/events.tsv", bytes(5_000_000))]
        assert "SHA-256" in refused(offer(members), cache)

    @pytest.mark.parametrize("part", [0, 40, 300, -20], ids=str)
    def test_an_archive_that_was_cut_is_refused(self, offer, cache, part):
        assert ".tar.gz" in refused(offer(tar_gz(self.good())[:part]), cache)

    def test_what_a_broken_archive_leaves_is_not_in_the_set(self, offer, server, cache):
        """The first source breaks off inside a file; the second one is whole."""
        incompressible = {"MR/1.dcm": hashlib.shake_128(b"noise").digest(900_000)}
        whole = tar_gz([("repo-1a2b/data/MR/1.dcm", incompressible["MR/1.dcm"])])
        broken = offer(whole[:700_000], files=incompressible)
        server.answers["/files/MR/1.dcm"] = body(incompressible["MR/1.dcm"])
        two = replace(broken, sources=(*broken.sources, {"files": f"{server.url}/files/"}))
        assert content_of(get(two)) == incompressible

    def test_what_is_no_archive_is_refused(self, offer, cache):
        assert ".tar.gz" in refused(offer(b"<html>please log in to our Wi-Fi</html>"), cache)

    def test_an_archive_without_end_is_stopped(self, offer, server, cache, monkeypatch):
        monkeypatch.setattr(download, "ARCHIVE_LIMIT", 1_000_000)
        dataset = offer(b"")
        server.answers["/a.tar.gz"] = endless
        assert "more bytes" in refused(dataset, cache)
