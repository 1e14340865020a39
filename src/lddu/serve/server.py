"""Running the application on a socket, until it is stopped."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lddu.errors import ConfigError, RunError, parameter
from lddu.serve.access import Access
from lddu.serve.application import application
from lddu.serve.settings import ServeSettings
from lddu.serve.worker import Worker

HEAD_SECONDS = 10.0
CONNECTIONS = 200


def serve(settings: ServeSettings, opened: Callable[[Access], None]) -> None:
    """Serve until a signal ends it; no file of it stays.

    Args:
        settings: where, and what.
        opened: called once requests can come, before the runs are loaded.

    Raises:
        ConfigError: where the address cannot be listened at.
        RunError: where a run cannot be used.
    """
    faults = list[str]()
    folder = Path(tempfile.mkdtemp(prefix="lddu-serve-"))
    try:
        with listening(settings) as place:
            access = Access(settings.host, place.getsockname()[1])
            worker = Worker(settings.runs, folder, settings.limits)

            def failed(fault: str) -> None:
                faults.append(fault)
                server.should_exit = True

            app = application(worker, folder, access, settings.limits, settings.keep, failed)
            server = Server(configuration(app))
            opened(access)
            server.run([place])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if faults:
        raise RunError(faults[0])


def configuration(app: object) -> uvicorn.Config:
    """Without logs, which would hold the token; without headers of proxies, which anybody can write."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=_Impatient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=1,
    )


def listening(settings: ServeSettings) -> socket.socket:
    """The socket.

    Raises:
        ConfigError: where the address is taken, or does not belong to this machine.
    """
    if not 0 <= settings.port <= 65_535:  # some systems take the remainder, and listen at another port
        raise ConfigError(f"Expected {parameter('port')} from 0 to 65535, but got {settings.port}; choose another.")
    try:
        addresses = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = addresses[0]
        place = socket.socket(family, kind, protocol)
        try:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(address)
            place.listen(128)
        except OSError:
            place.close()
            raise
    except OSError as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise ConfigError(
            f"Expected to listen at {settings.host}, port {settings.port}, but the system refused: {reason}; choose another with "
            f"{parameter('port')}, such as {parameter('port', 0)} for any that is free."
        ) from None
    return place


class Server(uvicorn.Server):
    """Ends with an answer to every request that is open: those that wait are refused after a second."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second signal changes nothing; uvicorn would drop everything where it stands."""
        super().handle_exit(sig, frame)
        self.force_exit = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn; what it cancels may still say so."""
        await super().shutdown(sockets)
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=1)


class _Impatient(H11Protocol):
    """Closes a connection that does not send a whole request head in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(HEAD_SECONDS, self._close_without_request)

    def _close_without_request(self) -> None:
        if self.cycle is None:
            self.transport.close()
