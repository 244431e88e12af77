"""The commands that become a server."""

import socket
from pathlib import Path

from tests.processes import hro


def test_the_api_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    """By another API as well: two of one user could both listen, and each would get some of the requests."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, said = hro("api", HRO_STATE_DIR=str(tmp_path), HRO_PORT=str(port)).end()
    assert code == 4
    assert f"Port {port} of 127.0.0.1 is taken" in said
