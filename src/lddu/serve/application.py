"""The application: its page, its files, its HTTP interface, behind the guard; and what lives as long as it does."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lddu.errors import LdduError
from lddu.serve.access import Access, Guard
from lddu.serve.api import Api, error_response
from lddu.serve.jobs import Jobs
from lddu.serve.page import page, static_file
from lddu.serve.request import Answerer
from lddu.serve.settings import USUAL, Limits


def application(
    answerer: Answerer,
    folder: Path,
    access: Access,
    limits: Limits = USUAL,
    keep: Path | None = None,
    failed: Callable[[str], None] = lambda _: None,
) -> Starlette:
    """The server as an ASGI application.

    Args:
        answerer: answers the requests.
        folder: an empty one for its files, removed at the end.
        access: who is let in.
        limits: of what is received.
        keep: where uploads go after their answer; None deletes them.
        failed: called with the reason where the runs cannot be loaded.
    """
    jobs = Jobs(answerer, folder, limits, keep)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(jobs.run(failed))
        try:
            yield
        finally:
            answerer.close()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            shutil.rmtree(folder, ignore_errors=True)

    async def show_page(_: Request) -> Response:
        response = Response(page(), media_type="text/html")
        response.set_cookie(access.cookie, access.token, httponly=True, samesite="strict", path="/")
        return response

    routes = [
        Route("/", show_page, methods=["GET"]),
        Route("/static/{name}", static_file, methods=["GET"]),
        *Api(jobs, limits).routes(),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, access=access), Middleware(Stopping)],
        lifespan=lifespan,
        exception_handlers={
            LdduError: error_response,
            HTTPException: _http_error,
            OSError: _system_error,
            Exception: _fault,
        },
    )
    app.router.redirect_slashes = False  # an address is one or it is none
    return app


class Stopping:
    """Answers the requests that are cancelled where the server ends, before a word of their answer is sent.

    Args:
        app: what may be cancelled.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            if not began:
                await _refusal("Expected an answer, but the server is stopped; ask again when it runs.", 503)(
                    scope, receive, send
                )


def _refusal(sentence: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers)


def _http_error(request: Request, fault: Exception) -> Response:
    """No such address, or not with this method."""
    assert isinstance(fault, HTTPException)
    allowed = (fault.headers or {}).get("Allow")
    if allowed:
        sentence = f"Expected {' or '.join(allowed.split(', '))} here, but got {request.method}; /openapi.json has what each address takes."
    else:
        sentence = (
            f"Expected an address that /openapi.json lists, but got {request.url.path[:120]!r}; take one of these."
        )
    return _refusal(sentence, fault.status_code, fault.headers)


def _system_error(_: Request, fault: Exception) -> Response:
    """A full disk, say: of the server, and no fault of what was sent."""
    assert isinstance(fault, OSError)
    why = fault.strerror or fault
    return _refusal(f"Expected to store what was sent, but the server's system refused: {why}; make room there.", 507)


def _fault(_: Request, fault: Exception) -> Response:
    """What nobody foresaw; where the server was started stands the rest."""
    return _refusal(
        f"Expected an answer, but the server has a fault of its own, {type(fault).__name__}; see what it printed.", 500
    )
