"""A server that is stopped refuses what is still open in a sentence, and prints no traceback."""

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SERVER = """
import sys
from contextlib import suppress
from pathlib import Path
from lddu.serve.access import Access
from lddu.serve.application import application
from lddu.serve.server import Server, configuration, listening
from lddu.serve.settings import ServeSettings
from tests.serve.fakes import TOKEN, FakeAnswerer

answerer = FakeAnswerer()
answerer.going.clear()
with listening(ServeSettings(port=0)) as place:
    print(place.getsockname()[1], flush=True)
    app = application(answerer, Path(sys.argv[1]), Access("127.0.0.1", 8765, TOKEN))
    with suppress(KeyboardInterrupt):
        Server(configuration(app)).run([place])
"""

HEAD = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer the-token-of-these-tests\r\n"


def sent(port: int, request: str) -> socket.socket:
    """A connection over which this has been sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(request.encode())
    return connection


def everything(connection: socket.socket) -> str:
    """What comes until the other side closes."""
    with connection:
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_is_open_is_refused_in_a_sentence(tmp_path: Path, how: signal.Signals, times: int) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "files")]
    (tmp_path / "files").mkdir()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    port = int(process.stdout.readline())
    text = '{"text": "so glad"}'
    whole = f"{HEAD}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    open_ones = [sent(port, whole), sent(port, whole), sent(port, f"{HEAD}Content-Length: 1000\r\n\r\nx")]
    threading.Event().wait(0.3)
    for _ in range(times):
        process.send_signal(how)
        threading.Event().wait(0.2)  # two at the same moment would be one
    for connection in open_ones:
        found = everything(connection)
        assert found.startswith("HTTP/1.1 503 ") and '{"error":"Expected an answer, but the server is stopped' in found
    process.wait(20)
    assert "Traceback" not in process.stderr.read()
    assert not (tmp_path / "files").exists()
