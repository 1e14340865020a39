"""The application: its page, its files, its HTTP interface, behind the guard; and what lives as long as it does."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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
        middleware=[Middleware(Guard, access=access)],
        lifespan=lifespan,
        exception_handlers={LdduError: error_response, HTTPException: _http_error},
    )
    app.router.redirect_slashes = False  # an address is one or it is none
    return app


def _http_error(_: Request, fault: Exception) -> Response:
    """No such address, or not with this method."""
    assert isinstance(fault, HTTPException)
    return JSONResponse(
        {"error": f"Expected an address of /openapi.json; {fault.detail}."}, fault.status_code, fault.headers
    )
