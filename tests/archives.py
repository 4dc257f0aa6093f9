"""Orthanc for tests: a real archive on loopback, started from its program and stopped by its number."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import programs
import pytest

PLUGINS = Path("/usr/share/orthanc/plugins")
WEB_PLUGIN = "libOrthancDicomWeb.so"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextmanager
def orthanc(folder, peers, **settings):
    """(port of DICOM, address of DICOMweb) of a running Orthanc called ORTHANC.

    folder : for its data base, empty
    peers : AE title -> port on this machine
    """
    program = programs.need("Orthanc")
    plugin = next(PLUGINS.glob(f"{WEB_PLUGIN}*"), None)
    if plugin is None:
        pytest.skip("the DICOMweb plugin is not installed (Debian package: orthanc-dicomweb)")
    dicom, web = free_port(), free_port()
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "HttpPort": web,
        "HttpBindAddresses": ["127.0.0.1"],
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": True,
        "HttpDescribeErrors": True,
        "DicomModalities": {
            title.lower(): {"AET": title, "Host": "127.0.0.1", "Port": port, "AllowGet": True}
            for title, port in peers.items()
        },
        "Plugins": [str(plugin)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        **settings,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait(process, f"http://127.0.0.1:{web}/system", folder / "log")
            yield dicom, f"http://127.0.0.1:{web}/dicom-web"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _wait(process, address, log, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"Orthanc did not start: {log.read_text(errors='replace')[-2000:]}")
