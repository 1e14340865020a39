"""The HTTP interface: one request that waits for its answer, and jobs that the page follows. `openapi` describes it."""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

import lddu
from lddu.serve.jobs import Job, Jobs, QueueFullError
from lddu.serve.openapi import document
from lddu.serve.query import BadRequestError, QueryOptions, options_of, refuse_options_of_media, text_of
from lddu.serve.request import PAGE, AnswerRequest
from lddu.serve.settings import Limits
from lddu.serve.uploads import TRANSCRIPTS, UploadError, receive_file, receive_text, shown_name, suffix_of

RETRY_SECONDS = 10
MEDIA_TYPES = {
    "json": "application/json", "html": "text/html", "srt": "application/x-subrip", "vtt": "text/vtt", "eaf": "application/xml",
    "TextGrid": "text/plain", "parquet": "application/vnd.apache.parquet", "jsonl": "application/jsonl",
}  # fmt: skip
PAGE_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src-elem 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
    "img-src blob:; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
"""Of an answer's page: its own style and script by nonce, bars by the style of elements, media of the page around it, no origin."""


class Api:
    """The endpoints.

    Args:
        jobs: of the server.
        limits: of what is received.
    """

    def __init__(self, jobs: Jobs, limits: Limits) -> None:
        self._jobs, self._limits = jobs, limits

    def routes(self) -> list[Route]:
        """Path -> endpoint."""
        return [
            Route("/v1/health", self.health, methods=["GET"]),
            Route("/v1/predict", self.predict, methods=["POST"]),
            _route("/v1/jobs", GET=self.list, POST=self.create),
            _route("/v1/jobs/{job}", GET=self.show, DELETE=self.delete),
            Route("/v1/jobs/{job}/page", self.page, methods=["GET"]),
            Route("/v1/jobs/{job}/exports/{ending}", self.export, methods=["GET"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
        ]

    async def health(self, _: Request) -> Response:
        """Whether the server is ready, and its runs."""
        jobs = self._jobs
        state = "failed" if jobs.fault else "ready" if jobs.models else "starting"
        models = [
            {
                "name": model.name, "sentence": model.sentence, "emotions": model.emotions, "modalities": model.modalities,
                "transcribes": model.transcribes,
            }
            for model in jobs.models
        ]  # fmt: skip
        waiting = sum(job.open for job in jobs)
        return JSONResponse(
            {"state": state, "version": lddu.__version__, "waiting": waiting, "keeps": jobs.keeps, "models": models}
        )

    async def predict(self, request: Request) -> Response:
        """Wait for the answer; nothing of it is stored."""
        job = await self._received(request, lasting=False)
        try:
            await self._finished(request, job)
            if job.state != "done":
                return JSONResponse({"error": job.fault}, 422)
            return Response(job.file_of("json").read_bytes(), media_type="application/json")
        finally:
            self._jobs.remove(job)

    async def create(self, request: Request) -> Response:
        """Begin a job; its answer is stored for the page."""
        job = await self._received(request, lasting=True)
        return JSONResponse(self._summary(job), 202, {"Location": f"/v1/jobs/{job.id}"})

    async def list(self, _: Request) -> Response:
        """Jobs of the page, the newest first."""
        return JSONResponse({"jobs": [self._summary(job) for job in self._jobs if job.lasting][::-1]})

    async def show(self, request: Request) -> Response:
        """State and progress of a job."""
        return JSONResponse(self._summary(self._job(request)))

    async def delete(self, request: Request) -> Response:
        """Delete a job and its files."""
        self._jobs.remove(self._job(request))
        return Response(status_code=204)

    async def page(self, request: Request) -> Response:
        """The clip page, shut off from the page around it."""
        job = self._done(request, "html")
        nonce = (job.folder / f"{PAGE}.nonce").read_text(encoding="utf-8")
        headers = {"Content-Security-Policy": PAGE_POLICY.format(nonce=nonce)}
        return Response(job.file_of("html").read_bytes(), media_type="text/html", headers=headers)

    async def export(self, request: Request) -> Response:
        """One format, to be saved."""
        ending = request.path_params["ending"]
        job = self._done(request, ending)
        stem = job.request.name.rpartition(".")[0] or job.request.name
        name = f"{stem}.emotions.{ending}"
        kind = MEDIA_TYPES.get(ending, "text/tab-separated-values" if ending.endswith("tsv") else "text/csv")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        return FileResponse(job.file_of(ending), media_type=kind, headers=headers)

    async def openapi(self, _: Request) -> Response:
        """What this class does, for programs."""
        return JSONResponse(document(self._limits, [model.name for model in self._jobs.models]))

    async def _received(self, request: Request, lasting: bool) -> Job:
        """A job whose clip has arrived."""
        jobs = self._jobs
        options = options_of(request.query_params, jobs.models)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        packing = request.headers.get("content-encoding", "identity").strip().lower()
        if packing != "identity":
            raise UploadError(
                f"Expected the body as it is, but it is packed, Content-Encoding: {packing}; send it unpacked.", 415
            )
        if kind.startswith("multipart/"):
            raise UploadError(
                "Expected the file itself as the body, but got a form; send it with: curl -X POST -T talk.mp4 ADDRESS?name=talk.mp4",
                415,
            )
        if jobs.stored_bytes() > self._limits.stored_bytes:
            raise QueueFullError("Expected room for another file, but those that wait fill it; try again later.")
        job = jobs.new(shown_name(options.name or "clip"), lasting)
        try:
            jobs.submit(job, await self._receive(request, job, options, kind))
        except BaseException:
            jobs.remove(job)
            raise
        return job

    async def _receive(self, request: Request, job: Job, options: QueryOptions, kind: str) -> AnswerRequest:
        chosen: dict[str, Any] = {
            "model": options.model, "recall": options.recall, "coverage": options.coverage, "transcribe": options.transcribe,
            "per_person": options.per_person, "page": job.lasting,
        }  # fmt: skip
        named = suffix_of(options.name)
        suffix = ".txt" if kind == "text/plain" or named in TRANSCRIPTS else named
        if kind == "application/json" or suffix == ".txt":
            refuse_options_of_media(options)
        if kind == "application/json":
            most = self._limits.text_characters
            text = text_of(await receive_text(request, 8 * most + 1000, self._limits), most)
            return AnswerRequest(job.folder, "text", text=text, **chosen)
        path = job.folder / f"upload{suffix}"
        if suffix == ".txt":  # words, which are as long as typed ones may be
            body = await receive_text(request, 8 * self._limits.text_characters, self._limits)
            if not body.split():
                raise BadRequestError("Expected words in the text, but it has none; write some.")
            path.write_bytes(body)
        else:
            await receive_file(request, path, self._limits)
            if not named:
                _refuse_words_as_file(path)
        return AnswerRequest(job.folder, job.request.name, upload=path, **chosen)

    async def _finished(self, request: Request, job: Job) -> None:
        """Wait until a job ends or the client disconnects."""
        gone = asyncio.ensure_future(_disconnected(request))
        ended = asyncio.ensure_future(job.finished.wait())
        try:
            await asyncio.wait({gone, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, ended):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _summary(self, job: Job) -> dict[str, Any]:
        model = job.request.model or next((known.name for known in self._jobs.models), "")
        return {
            "id": job.id, "name": job.request.name, "text": job.request.text[:200], "model": model, "created": job.created,
            "state": job.state,
            "before": self._jobs.before(job), "stage": job.stage, "share": round(job.share, 3), "fault": job.fault,
            "exports": job.exports,
        }  # fmt: skip

    def _job(self, request: Request) -> Job:
        job = self._jobs.get(request.path_params["job"])
        if job is None or not job.lasting:
            raise UploadError("Expected a job that is there, but it is not; it may be old or deleted.", 404)
        return job

    def _done(self, request: Request, ending: str) -> Job:
        job = self._job(request)
        if ending not in job.exports:
            raise UploadError(f"Expected a job that has {ending!r}, but it has not; ask for it first.", 404)
        return job


def _refuse_words_as_file(path: Path) -> None:
    """What programs send for a text where nobody tells them its kind, such as ``curl -d``.

    Raises:
        UploadError: where a file without a name is JSON or a form.
    """
    with path.open("rb") as stream:
        begin = stream.read(64).removeprefix(BOM_UTF8).lstrip()
    if begin.startswith((b"{", b"text=")):
        raise UploadError(
            'Expected a video, a sound or a photo, but the body looks like a text; send it as {"text": "..."} with '
            "Content-Type: application/json.",
            415,
        )


Endpoint = Callable[[Request], Awaitable[Response]]


def _route(path: str, **endpoints: Endpoint) -> Route:
    """One route for all methods of an address, so that a refusal of another method names them all."""

    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(endpoints))


async def _disconnected(request: Request) -> None:
    """Returns when the client is gone; the body has been read, so that nothing else can arrive."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def error_response(_: Request, fault: Exception) -> Response:
    """A refusal as JSON."""
    status = 503 if isinstance(fault, QueueFullError) else fault.status if isinstance(fault, UploadError) else 400
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return JSONResponse({"error": str(fault)}, status, headers)
