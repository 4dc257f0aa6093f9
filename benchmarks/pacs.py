"""How many images a second go over the network, beside dcmtk's programs and Orthanc.

    python benchmarks/pacs.py

160 MR slices (20 MB) over loopback, every server in a process of its own, each pair in turns, medians.
`handson` is `handson send` without the start of the program: four associations, and proved afterwards.
dcmtk's programs are run as they come, and again with TCP_NODELAY=1: without it each of their answers
waits about 40 ms for a delayed acknowledgement (Nagle's algorithm). Orthanc is Debian's.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import archives
import programs

import handson
from handson import pacs

ROUNDS = 3
SERVER = """
import sys
from handson import pacs
running = pacs.LocalPacs(title="BENCH").start()
print(running.port, flush=True)
sys.stdin.read()
running.stop()
"""
PLAIN, QUICK = {"TCP_NODELAY": "0"}, {"TCP_NODELAY": "1"}


@contextmanager
def ours():
    """Port of a `LocalPacs` in its own process."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(30)


@contextmanager
def storescp(settings):
    """Port of dcmtk's storescp."""
    port = archives.free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [programs.need("storescp"), "-od", folder, "-aet", "BENCH", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | settings,
        )
        time.sleep(0.5)
        try:
            yield port
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def orthanc():
    """Port of a fresh Orthanc that lets BENCH store, find and get."""
    with tempfile.TemporaryDirectory() as folder:
        known = {"STUDENT": archives.free_port()}
        with archives.orthanc(Path(folder) / "o", known, DicomAet="BENCH") as (port, _):
            yield port


def storescu(port, files, settings):
    subprocess.run(
        [programs.need("storescu"), "-aec", "BENCH", "127.0.0.1", str(port), *map(str, files)],
        check=True,
        capture_output=True,
        env=os.environ | settings,
    )


def send(port, files, settings):
    """What `handson send` runs, its questions before and after included."""
    assert len(pacs.send(files, client(port)).done) == len(files)


def client(port):
    return pacs.Client("STUDENT", ("127.0.0.1", port, "BENCH"))


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def stores(files):
    """(who sends, who receives) -> seconds; the receiver is new in every round."""
    pairs = {
        ("storescu", "storescp"): (storescu, lambda: storescp(PLAIN), PLAIN),
        ("storescu, TCP_NODELAY", "storescp, TCP_NODELAY"): (
            storescu,
            lambda: storescp(QUICK),
            QUICK,
        ),
        ("handson", "storescp"): (send, lambda: storescp(PLAIN), PLAIN),
        ("handson", "storescp, TCP_NODELAY"): (send, lambda: storescp(QUICK), QUICK),
        ("storescu", "handson"): (storescu, ours, PLAIN),
        ("storescu, TCP_NODELAY", "handson"): (storescu, ours, QUICK),
        ("handson", "handson"): (send, ours, PLAIN),
        ("storescu", "Orthanc"): (storescu, orthanc, PLAIN),
        ("handson", "Orthanc"): (send, orthanc, PLAIN),
    }
    taken = {pair: [] for pair in pairs}
    for _ in range(ROUNDS):
        for pair, (sender, receiver, settings) in pairs.items():
            with receiver() as port:
                taken[pair].append(seconds(lambda p=port, s=sender, e=settings: s(p, files, e)))
    return {pair: median(values) for pair, values in taken.items()}


def getscu(port, study, folder):
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    command = [
        programs.need("getscu"),
        "-S",
        "-aet",
        "STUDENT",
        "-aec",
        "BENCH",
        "-od",
        folder,
        *keys,
    ]
    subprocess.run([*command, "127.0.0.1", str(port)], check=True, capture_output=True)


def retrievals(files):
    """(who asks, who answers, how) -> seconds."""
    taken = {}
    for name, server in (("handson", ours), ("Orthanc", orthanc)):
        with server() as port:
            send(port, files, PLAIN)
            (study,) = client(port).find("STUDY")
            uid = study.StudyInstanceUID
            for asking, get in (
                ("getscu", lambda folder, p=port, u=uid: getscu(p, u, folder)),
                ("handson", lambda folder, p=port, u=uid: client(p).get(u, folder)),
            ):
                values = []
                for _ in range(ROUNDS):
                    with tempfile.TemporaryDirectory() as folder:
                        values.append(seconds(lambda g=get, f=folder: g(f)))
                taken[asking, name] = median(values)
    return taken


def main():
    files = sorted((handson.fetch("gen-study") / "MR").iterdir())
    print("| C-STORE, sends | receives | s | images a second |\n|---|---|---|---|")
    for (sender, receiver), taken in stores(files).items():
        print(f"| {sender} | {receiver} | {taken:.2f} | {len(files) / taken:.0f} |")
    print("\n| C-GET, asks | answers | s | images a second |\n|---|---|---|---|")
    for (asking, answering), taken in retrievals(files).items():
        print(f"| {asking} | {answering} | {taken:.2f} | {len(files) / taken:.0f} |")


if __name__ == "__main__":
    main()
