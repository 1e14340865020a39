"""The process that answers may hang, crash or be killed: that costs one request, and never the server."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from lddu.errors import RunError
from lddu.serve import worker as worker_module
from lddu.serve.process import Finished, Opened, Progress
from lddu.serve.request import AnswerError, AnswerRequest
from lddu.serve.settings import Limits
from lddu.serve.worker import Worker
from tests.serve.fakes import MODEL


def stub(pipe: Any, runs: tuple[str, ...], _: Path, __: Limits) -> None:
    """In the place of the process: does what the text of the request says."""
    if runs == ("absent",):
        pipe.send(Finished("Expected a run, but there is none."))
        return
    if runs == ("ends",):
        return
    pipe.send(Opened((MODEL,)))
    while True:
        request = pipe.recv()
        pipe.send(Progress("reading", 0.5))
        if request.text == "hang":
            time.sleep(60)
        elif request.text == "die":
            os._exit(1)
        pipe.send(Finished("Expected better." if request.text == "refuse" else ""))


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(worker_module, "answer_requests", stub)
    found = Worker(("run",), tmp_path, Limits(answer_seconds=1.5))
    assert found.open() == (MODEL,)
    yield found
    found.close()


def ask(worker: Worker, text: str) -> list[tuple[str, float]]:
    met: list[tuple[str, float]] = []
    worker.answer(AnswerRequest(Path("unused"), "talk.mp4", text=text), lambda *now: met.append(now))
    return met


def test_progress_is_passed_on(worker: Worker) -> None:
    assert ask(worker, "answer") == [("reading", 0.5)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("refuse", "Expected better"), ("die", "talk.mp4 .* died"), ("hang", "talk.mp4 .* within 1.5 s")],
)
def test_after_a_request_that_goes_wrong_the_next_is_answered(worker: Worker, text: str, sentence: str) -> None:
    with pytest.raises(AnswerError, match=sentence):
        ask(worker, text)
    assert ask(worker, "answer") == [("reading", 0.5)]


def test_a_worker_that_is_closed_starts_no_process(worker: Worker) -> None:
    worker.close()
    with pytest.raises(AnswerError):
        ask(worker, "answer")


@pytest.mark.parametrize(("run", "sentence"), [("absent", "there is none"), ("ends", "to start")])
def test_a_run_that_cannot_be_used_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, sentence: str
) -> None:
    monkeypatch.setattr(worker_module, "answer_requests", stub)
    with pytest.raises(RunError, match=sentence):
        Worker((run,), tmp_path, Limits()).open()
