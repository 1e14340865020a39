"""Requests in their order: one is answered at a time, so many wait, and the last answers stay for the page."""

import asyncio
import math
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from lddu.errors import LdduError
from lddu.serve.request import ANSWER, PAGE, Answerer, AnswerRequest, Model
from lddu.serve.settings import EXPORTS, Limits

State = Literal["receiving", "waiting", "working", "done", "failed"]


class QueueFullError(LdduError):
    """The queue is full."""


@dataclass
class Job:
    """A request on its way.

    Attributes:
        id: in addresses; cannot be guessed.
        request: the clip and the options.
        lasting: whether the answer is stored for the page until it is old; else it is removed once it is sent.
        created: seconds since 1970.
        state: where it is.
        stage: what is being done while it is at work.
        share: of that, from 0 to 1.
        fault: why it failed.
        queued: when it began to wait, by the clock of the event loop.
        abandoned: whether nobody waits for the answer any more.
        finished: set when it is done or failed.
    """

    id: str
    request: AnswerRequest
    lasting: bool
    created: float = field(default_factory=time.time)
    state: State = "receiving"
    stage: str = ""
    share: float = 0.0
    fault: str = ""
    queued: float = math.inf
    abandoned: bool = False
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def folder(self) -> Path:
        """Of its files."""
        return self.request.folder

    @property
    def open(self) -> bool:
        """Whether it still waits for its answer."""
        return self.state in ("receiving", "waiting", "working")

    @property
    def exports(self) -> list[str]:
        """Formats that can be fetched."""
        if self.state != "done":
            return []
        written = [ending for ending in EXPORTS if (self.folder / f"export.{ending}").is_file()]
        return ["json", *(["html"] if (self.folder / PAGE).is_file() else []), *written]

    def file_of(self, ending: str) -> Path:
        """The file of a format of `exports`."""
        return self.folder / {"json": ANSWER, "html": PAGE}.get(ending, f"export.{ending}")

    def end(self, state: Literal["done", "failed"], fault: str = "") -> None:
        """It is answered, or will not be."""
        self.state, self.fault, self.stage, self.share = state, fault, "", 1.0
        self.finished.set()


class Jobs:
    """All requests of a server.

    Args:
        answerer: answers them.
        folder: of the server's files.
        limits: how many may wait, and stay.
        keep: where uploads go after their answer; None deletes them.

    Attributes:
        models: the runs; empty until they are loaded.
        fault: why they could not be loaded; empty where they could.
    """

    def __init__(self, answerer: Answerer, folder: Path, limits: Limits, keep: Path | None = None) -> None:
        self.models: tuple[Model, ...] = ()
        self.fault = ""
        self._answerer, self._folder, self._limits, self._keep = answerer, folder, limits, keep
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    @property
    def keeps(self) -> bool:
        """Whether uploads are kept after their answer."""
        return self._keep is not None

    def get(self, name: str) -> Job | None:
        """The job of that id."""
        return self._jobs.get(name)

    def new(self, name: str, lasting: bool) -> Job:
        """A place in the queue, and a folder.

        Raises:
            QueueFullError: where there is none.
        """
        if sum(job.open for job in self) >= self._limits.waiting:
            raise QueueFullError(
                f"Expected fewer than {self._limits.waiting} requests at once, but so many wait; try again later."
            )
        identity = secrets.token_hex(9)
        self._folder.mkdir(mode=0o700, exist_ok=True)  # systems clear away what has lain among temporary files for days
        folder = self._folder / identity
        folder.mkdir(mode=0o700)
        job = Job(identity, AnswerRequest(folder, name), lasting)
        self._jobs[identity] = job
        return job

    def submit(self, job: Job, request: AnswerRequest) -> None:
        """Everything has arrived: it waits for its turn, unless it was withdrawn meanwhile."""
        if job.state != "receiving":
            shutil.rmtree(job.folder, ignore_errors=True)
            return
        job.request, job.state, job.queued = request, "waiting", asyncio.get_running_loop().time()
        self._waiting.put_nowait(job)
        self._forget_oldest()

    def before(self, job: Job) -> int:
        """How many are answered before it."""
        return sum(other.state in ("waiting", "working") and other.queued < job.queued for other in self)

    def remove(self, job: Job) -> None:
        """Forget a job and its files; one at work goes when it is finished, or is given up soon."""
        if job.state == "working":
            if not job.abandoned:
                job.abandoned = True
                asyncio.get_running_loop().call_later(self._limits.abandoned_seconds, self._give_up, job)
            return
        self._jobs.pop(job.id, None)
        if job.open:
            job.end("failed", "Expected an answer, but the request was withdrawn.")
        shutil.rmtree(job.folder, ignore_errors=True)

    def _give_up(self, job: Job) -> None:
        if job.state == "working":
            self._answerer.interrupt()

    def stored_bytes(self) -> int:
        """Of all uploads."""
        return sum(file.stat().st_size for file in self._folder.glob("*/upload*"))

    async def run(self, failed: Callable[[str], None] = lambda _: None) -> None:
        """Load the runs and answer one request after the other, until cancelled.

        Args:
            failed: called with the reason where the runs cannot be loaded.
        """
        try:
            self.models = await asyncio.to_thread(self._answerer.open)
        except LdduError as fault:
            self.fault = str(fault)
            failed(self.fault)
        while True:
            job = await self._waiting.get()
            if job.state == "waiting":
                await self._answer(job)

    async def _answer(self, job: Job) -> None:
        if self.fault:
            job.end("failed", self.fault)
            return
        job.state = "working"

        def progress(stage: str, share: float) -> None:
            job.stage, job.share = stage, share

        fault = ""
        try:
            await asyncio.to_thread(self._answerer.answer, job.request, progress)
        except (LdduError, OSError) as error:  # a process that cannot be started costs this request alone
            fault = str(error)
        try:
            self._put_away(job)
        except OSError as error:
            why = error.strerror or error
            fault = (
                fault
                or f"Expected to keep {job.request.name} in {self._keep}, but the system refused: {why}; mend that folder."
            )
        job.end("failed" if fault else "done", fault)
        if job.abandoned:
            self.remove(job)

    def _put_away(self, job: Job) -> None:
        """Delete the upload, or move it to the folder that keeps uploads."""
        upload = job.request.upload
        if upload is None:
            return
        job.request = replace(job.request, upload=None)
        try:
            if self._keep is not None:
                stamp = time.strftime("%Y-%m-%dT%H%M%S", time.localtime(job.created))
                shutil.move(upload, self._keep / f"{stamp}-{job.id}{upload.suffix}")
        finally:
            upload.unlink(missing_ok=True)

    def _forget_oldest(self) -> None:
        ended = [job for job in self if not job.open and job.lasting]
        for job in ended[: max(0, len(ended) - self._limits.answers)]:
            self.remove(job)
