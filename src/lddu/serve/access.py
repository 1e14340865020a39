"""Who is let in: requests with the token, from our own page or from a program, under a name that is really this machine's.

- The token comes in the address that the server prints, then as a cookie; programs send it as ``Authorization: Bearer``.
- A `Host` that is no address of this machine is refused, so that a foreign name that resolves to it (DNS rebinding) reaches nothing.
- An `Origin` other than our own, and what a browser marks as sent by another site, is refused; no answer allows another origin to
  read it (no CORS).
"""

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "lddu"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self' blob:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), display-capture=()",
    "Cache-Control": "no-store",
}
"""Of every response, where it does not set its own."""


@dataclass(frozen=True)
class Access:
    """What a server lets in.

    Attributes:
        host: address that it listens at.
        port: likewise.
        token: that requests carry.
    """

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    _codes: set[str] = field(default_factory=set, repr=False)

    @property
    def cookie(self) -> str:
        """Its name; cookies of all ports of a machine lie together, so that it holds the port."""
        return f"{COOKIE}-{self.port}"

    @property
    def address(self) -> str:
        """Of the page, with the token."""
        return f"{self._root}?token={self.token}"

    def invitation(self) -> str:
        """An address that opens the page once: other users of a machine see with which address a browser is started."""
        code = secrets.token_urlsafe(32)
        self._codes.add(code)
        return f"{self._root}?once={code}"

    @property
    def _root(self) -> str:
        name = self.host
        if name in ("0.0.0.0", "::"):
            name = socket.gethostname()
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}/"

    def knows_host(self, host: str) -> bool:
        """Whether a `Host` names this machine: an IP address, which no foreign name can stand for, localhost, or its own names."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self.host.lower()):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return self.is_open and name == socket.gethostname().lower()
        return self.is_open or address.is_loopback

    @property
    def is_open(self) -> bool:
        """Whether other machines reach it."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() != "localhost"

    def invites(self, query: QueryParams) -> bool:
        """Whether a request opens the page with the address of an invitation, which is used up by that."""
        code = query.get("once", "")
        known = [known_code for known_code in self._codes if hmac.compare_digest(known_code.encode(), code.encode())]
        self._codes.difference_update(known)
        return bool(known)

    def has_token(self, headers: Headers, query: QueryParams) -> bool:
        """Whether a request carries the token."""
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        cookies = cookie_parser(headers.get("cookie", ""))
        given = [cookies.get(self.cookie, ""), query.get("token", ""), bearer if scheme.lower() == "bearer" else ""]
        return any(hmac.compare_digest(token.encode(), self.token.encode()) for token in given)


class Guard:
    """Refuses what `Access` does not let in, before anything else sees it, and gives every response its safe headers.

    Args:
        app: what it guards.
        access: who is let in.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def safe_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, safe_send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, query = Headers(scope=scope), QueryParams(scope.get("query_string", b""))
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._access.knows_host(hosts[0]):
            words = (
                f"Expected a request to this machine, but its Host is {' and '.join(map(repr, hosts)) or 'not given'}; "
            )
            return JSONResponse({"error": f"{words}send 'Host: 127.0.0.1:{self._access.port}', as a proxy can."}, 421)
        if self._is_foreign(scope, headers, hosts[0]):
            return JSONResponse({"error": "Expected a request of this page, but another site has sent it."}, 403)
        invited = scope["path"] == "/" and scope["method"] == "GET" and self._access.invites(query)
        if not invited and not self._access.has_token(headers, query):
            words = "Expected the token; open the address that 'lddu serve' printed, or send it as 'Authorization: Bearer TOKEN'."
            challenge = {"WWW-Authenticate": "Bearer"}
            if scope["path"] == "/":
                return PlainTextResponse(words, 401, challenge)
            return JSONResponse({"error": words}, 401, challenge)
        return None

    def _is_foreign(self, scope: Scope, headers: Headers, host: str) -> bool:
        """Whether a page of another site makes the browser send it; a link to the page itself, which holds the token, may be anywhere."""
        origins = headers.getlist("origin")
        if any(origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}") for origin in origins):
            return True
        opens_page = scope["path"] == "/" and scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not opens_page
