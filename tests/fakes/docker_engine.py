"""A Docker Engine that answers the few requests of ours, over a unix socket as the real one does."""

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

GIB, MIB = 1 << 30, 1 << 20

#: The answer of an engine with API 1.47. Two images share a base of 100 MiB: one runs, one does not. A third
#: stands alone. The fourth image's size was not worked out.
LEGACY: dict[str, Any] = {
    "LayersSize": 700 * MIB,
    "Images": [
        {
            "Id": "sha256:aa",
            "ParentId": "",
            "RepoTags": ["web:1"],
            "RepoDigests": [],
            "Created": 1760000000,
            "Size": 300 * MIB,
            "SharedSize": 100 * MIB,
            "Labels": None,
            "Containers": 2,
        },
        {"Id": "sha256:bb", "RepoTags": ["batch:1"], "Size": 150 * MIB, "SharedSize": 100 * MIB, "Containers": 0},
        {"Id": "sha256:cc", "RepoTags": [], "Size": 350 * MIB, "SharedSize": 0, "Containers": 0},
        {"Id": "sha256:dd", "RepoTags": ["new:1"], "Size": -1, "SharedSize": -1, "Containers": 0},
    ],
    "Containers": [
        {"Id": "c1", "Names": ["/web"], "ImageID": "sha256:aa", "State": "running", "SizeRw": 5 * MIB},
        {"Id": "c2", "Names": ["/old"], "ImageID": "sha256:aa", "State": "exited", "SizeRw": 3 * MIB},
        {"Id": "c3", "Names": ["/empty"], "ImageID": "sha256:aa", "State": "created"},  # zeros are left out
    ],
    "Volumes": [
        {"Name": "data", "Driver": "local", "UsageData": {"RefCount": 1, "Size": 2 * GIB}},
        {"Name": "left", "Driver": "local", "UsageData": {"RefCount": 0, "Size": 1 * GIB}},
        {"Name": "nfs", "Driver": "netshare", "UsageData": {"RefCount": 0, "Size": -1}},
        {"Name": "odd", "Driver": "plugin", "UsageData": None},
    ],
    "BuildCache": [
        {"ID": "b1", "Type": "regular", "InUse": True, "Shared": False, "Size": 40 * MIB},
        {"ID": "b2", "Type": "regular", "InUse": False, "Shared": False, "Size": 60 * MIB},
        {"ID": "b3", "Type": "source.local", "InUse": False, "Shared": True, "Size": 900 * MIB},
    ],
}

#: The same engine with API 1.52, which counts itself.
COUNTED: dict[str, Any] = {
    "ImageUsage": {"ActiveCount": 1, "TotalCount": 4, "Reclaimable": 420 * MIB, "TotalSize": 700 * MIB},
    "ContainerUsage": {"ActiveCount": 1, "TotalCount": 3, "Reclaimable": 3 * MIB, "TotalSize": 8 * MIB},
    "VolumeUsage": {"TotalCount": 0},
    "BuildCacheUsage": {"TotalCount": 3, "Reclaimable": 60 * MIB, "TotalSize": 100 * MIB},
}

VERSION = {"Version": "28.2.2", "ApiVersion": "1.47", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64"}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, disk_usage: Any, status: int) -> None:
        self.disk_usage, self.status = disk_usage, status
        super().__init__(path, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        # As with the real one, a path may name the version of the API
        path = self.path.removeprefix(f"/v{VERSION['ApiVersion']}")
        if path == "/version":
            self._answer(200, VERSION)
        elif path == "/system/df":
            self._answer(self.server.status, self.server.disk_usage)
        else:
            self._answer(404, {"message": "page not found"})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return "a unix socket"  # which has no address to be shown

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Nobody reads the log of a fake."""


@contextmanager
def engine(folder: Path, disk_usage: Mapping[str, Any] | list[Any] = LEGACY, status: int = 200) -> Iterator[str]:
    """A running engine; its URL. `status` is that of its answer to GET /system/df."""
    path = folder / "docker.sock"
    with _Server(str(path), disk_usage, status) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
