"""A server without models: what answers is a function of the test."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from lddu.serve.access import Access
from lddu.serve.application import application
from lddu.serve.request import ANSWER, PAGE, AnswerError, AnswerRequest, Model, OnProgress
from lddu.serve.settings import USUAL, Limits

ADDRESS = "http://127.0.0.1:8765"
TOKEN = "the-token-of-these-tests"
MODEL = Model("default", "answered by a fake", ("joy", "anger"), ("text", "audio", "visual"), True)
DOCUMENT = {
    "run": "default", "answered_by": {"run": "default"}, "warnings": [], "adapted": None, "failed": [],
    "clips": [{"clip": "talk", "emotions": ["joy"], "probability": {"joy": 0.9, "anger": None}, "uncertainty": {"joy": 0.1, "anger": 0.2}}],
}  # fmt: skip


class FakeAnswerer:
    """Answers at once, or as long as `held` is set; a clip that holds b"broken" is refused."""

    def __init__(self) -> None:
        self.asked: list[AnswerRequest] = []
        self.received: list[bytes] = []
        self.going = threading.Event()
        self.going.set()
        self.began = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self.interrupted = False

    def open(self) -> tuple[Model, ...]:
        return (MODEL,)

    def answer(self, request: AnswerRequest, progress: OnProgress) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.began.set()
        self.asked.append(request)
        content = request.upload.read_bytes() if request.upload else request.text.encode()
        self.received.append(content)
        progress("reading", 0.5)
        self.going.wait(20)
        self.at_once -= 1
        if self.interrupted:
            self.interrupted = False
            raise AnswerError(f"Expected {request.name} to be answered, but it was given up.")
        if b"broken" in content:
            raise AnswerError(f"Expected {request.name} to be whole, but it is not; send another.")
        (request.folder / ANSWER).write_text(json.dumps(DOCUMENT))
        if request.page:
            (request.folder / PAGE).write_text("<p>the page</p>")
            (request.folder / f"{PAGE}.nonce").write_text("abc")
            (request.folder / "export.srt").write_text("1\n")

    def interrupt(self) -> None:
        self.interrupted = True
        self.going.set()

    def close(self) -> None:
        self.going.set()


@contextmanager
def server(
    folder: Path,
    answerer: FakeAnswerer | None = None,
    limits: Limits = USUAL,
    keep: Path | None = None,
    host: str = "127.0.0.1",
) -> Iterator[TestClient]:
    """A client that carries the token, to a server whose files lie in `folder`."""
    folder.mkdir(exist_ok=True)
    app = application(answerer or FakeAnswerer(), folder, Access(host, 8765, TOKEN), limits, keep)
    with TestClient(app, ADDRESS, headers={"Authorization": f"Bearer {TOKEN}"}, follow_redirects=False) as client:
        until(lambda: client.get("/v1/health").json()["state"] == "ready")
        yield client


def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes soon."""
    for _ in range(2000):
        if true():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not come")


def files_of(folder: Path) -> list[str]:
    """Names of all files in it."""
    return sorted(file.name for file in folder.rglob("*") if file.is_file())
