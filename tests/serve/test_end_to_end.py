"""`lddu serve` as a user types it: hostile uploads, the ways to end it, and a closed network."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.serve.browser import running, soon

pytestmark = pytest.mark.slow

OUTSIDE = """
import ipaddress, os, sys
def hook(event, given, out=os.environ["LDDU_TEST_CONNECTIONS"]):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = given[0] if event == "socket.getaddrinfo" else given[1]
        with open(out, "a") as stream:
            print(event, address, file=stream)
sys.addaudithook(hook)
"""
"""Python of a sitecustomize.py: writes down whom any process of the server connects to, or looks up."""

CLOSED = """
import fcntl, socket, struct, subprocess, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:  # a new namespace has nothing but a loopback that is down
    fcntl.ioctl(lo, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
sys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)
"""


class Client:
    """Asks with the token of a printed address."""

    def __init__(self, printed: str) -> None:
        address = urlsplit(printed)
        self.port = address.port or 0
        self.root = f"http://127.0.0.1:{address.port}"
        self.headers = {"Authorization": f"Bearer {address.query.removeprefix('token=')}"}
        soon(lambda: self.get("/v1/health").json()["state"] == "ready")

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.root + path, headers=self.headers, timeout=60)

    def post(self, path: str, **given: object) -> httpx2.Response:
        return httpx2.post(self.root + path, headers=self.headers, timeout=120, **given)  # type: ignore[arg-type]

    def answers(self) -> bool:
        return bool(self.post("/v1/predict", json={"text": "I am so glad"}).json()["clips"])


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def client(temporary: Path) -> Iterator[Client]:
    with running(temporary, "--largest", "1", "--timeout", "30") as (printed, process):
        yield Client(printed)
        assert process.poll() is None
    assert list(temporary.iterdir()) == []


def uploads(temporary: Path) -> list[Path]:
    return list(temporary.rglob("upload*"))


@pytest.mark.parametrize(
    "content", [b"\x00" * 5000, b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\x1aE\xdf\xa3" * 99, b"#EXTM3U\n/etc/passwd\n"]
)
@pytest.mark.parametrize("name", ["../../x.mp4", "a.csv", "b.zip", "clips.parquet", "-"])
def test_broken_clips_under_any_name_are_refused_with_a_sentence(
    client: Client, temporary: Path, content: bytes, name: str
) -> None:
    found = client.post("/v1/predict", params={"name": name}, content=content)
    assert found.status_code == 422 and found.json()["error"].startswith("Expected ")
    assert str(temporary) not in found.text and uploads(temporary) == []
    assert client.get("/v1/health").json()["state"] == "ready"


@pytest.mark.parametrize(
    "kind", ["a length of 10 GB", "more than it may", "a head without an end", "less than it says"]
)
def test_a_sender_that_cheats_is_shut_out_and_the_next_is_answered(client: Client, temporary: Path, kind: str) -> None:
    key = client.headers["Authorization"]
    head = f"POST /v1/predict?name=a.mp4 HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nAuthorization: {key}\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as sender:
        if kind == "a length of 10 GB":
            sender.sendall(f"{head}Content-Length: 10000000000\r\n\r\n".encode() + b"x" * 1000)
            assert b" 413 " in sender.recv(4000)
        elif kind == "more than it may":
            sender.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            try:
                for _ in range(40):
                    sender.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            except OSError:
                pass  # it has hung up
            else:
                assert b" 413 " in sender.recv(4000)
        elif kind == "a head without an end":
            sender.sendall(head.encode())
            assert sender.recv(4000) == b""  # after ten seconds
        else:
            sender.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + b"x" * 10)
            sender.shutdown(socket.SHUT_WR)
    soon(lambda: uploads(temporary) == [])
    assert client.answers()


def test_a_sender_that_stops_is_given_up_while_others_are_answered(client: Client, temporary: Path) -> None:
    key = client.headers["Authorization"]
    head = f"POST /v1/predict?name=a.mp4 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as sender:
        sender.sendall(head.encode() + b"x")
        assert client.answers()
        assert b" 408 " in sender.recv(4000)
    assert uploads(temporary) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_file_stays_whatever_ends_it(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path) as (printed, process):
        client = Client(printed)
        assert client.answers()
        client.post("/v1/jobs?name=a.wav", content=b"\x00" * 5000)
        assert list(tmp_path.rglob("*"))
        process.send_signal(how)
        process.wait(20)
        soon(lambda: not list(tmp_path.rglob("*")), 20)
        with pytest.raises(httpx2.TransportError):
            client.get("/v1/health")


def test_a_process_that_is_killed_at_work_costs_its_clip_alone(tmp_path: Path) -> None:
    with running(tmp_path) as (printed, process):
        client = Client(printed)
        children = [
            pid
            for task in Path(f"/proc/{process.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]
        own = [pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
        os.kill(int(own[0]), signal.SIGKILL)
        time.sleep(0.5)
        assert client.answers()


def test_a_run_that_is_not_there_ends_it_with_a_sentence(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "lddu", "serve", "--no-browser", "--port", "0", str(tmp_path / "none")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    found = subprocess.run(words, capture_output=True, text=True, timeout=120, env=environment)
    assert found.returncode == 1 and "Expected a run folder at" in found.stderr and "Traceback" not in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_answers_in_a_closed_network_and_asks_nobody(tmp_path: Path) -> None:
    """In a network namespace with nothing but loopback; what Python connects to is written down by an audit hook."""
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here: unshare --net is refused")
    (tmp_path / "sitecustomize.py").write_text(OUTSIDE)
    seen = tmp_path / "seen"
    (tmp_path / "temporary").mkdir()
    inside = (
        "import json; from pathlib import Path; from tests.serve.browser import running; from tests.serve.test_end_to_end import Client\n"
        f"with running(Path({str(tmp_path / 'temporary')!r})) as (printed, _):\n"
        "    print(json.dumps(Client(printed).post('/v1/predict', json={'text': 'I am so glad'}).json()['clips'][0]['emotions']))\n"
    )
    (tmp_path / "inside.py").write_text(inside)
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2]), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "LDDU_TEST_CONNECTIONS": str(seen)}
    words = ["unshare", "--net", sys.executable, "-c", CLOSED, str(tmp_path / "inside.py")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=300, env=environment)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout.splitlines()[-1])
    asked = {line.split(" ", 1)[1] for line in seen.read_text().splitlines()}
    assert asked and all("127.0.0.1" in address for address in asked), asked
