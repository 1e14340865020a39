"""Receiving a file: as it comes, into a file of our own name, as large and as slow as is allowed."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from lddu.errors import LdduError
from lddu.serve.settings import Limits

LONGEST_NAME = 120
TRANSCRIPTS = (".json", ".vtt", ".srt", ".sbv", ".lrc", ".txt")
"""Files whose words alone are read: no clip lies beside them here. Those of `lddu.clips.words.beside`, which is too large to load."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


class UploadError(LdduError):
    """A file that does not arrive as it may.

    Args:
        sentence: for whoever sends it.
        status: of HTTP.
    """

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def shown_name(name: str) -> str:
    """The last part of a name that a stranger gives, as it can be shown; "clip" where nothing is left."""
    last = re.split(r"[/\\]", _UNSHOWN.sub("", name))[-1].strip().strip(".")
    return last[-LONGEST_NAME:].strip() or "clip"


def suffix_of(name: str) -> str:
    """The end of a name where it is a plain one, such as ``.mp4``; empty otherwise."""
    suffix = Path(name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def refuse_declared_size(request: Request, most: int) -> None:
    """Make sure that a request does not say that it has too many bytes, before any is read.

    Raises:
        UploadError: where it does, or what it says is no number of bytes.
    """
    size = request.headers.get("content-length", "0")
    if not size.isascii() or not size.isdecimal():
        raise UploadError("Expected a length in whole bytes; send the file again.", 400)
    if len(size) > 15 or int(size) > most:
        raise UploadError(_too_large(most), 413)


async def receive_file(request: Request, path: Path, limits: Limits) -> int:
    """Write the body of a request to a new file; what is broken off is removed by the caller, with its folder.

    Returns:
        Bytes.

    Raises:
        UploadError: where it is empty, too large, too slow, or broken off.
    """
    most = limits.upload_bytes
    refuse_declared_size(request, most)
    written = 0
    with path.open("xb") as stream:
        async for chunk in _in_time(request, limits):
            written += len(chunk)
            if written > most:
                raise UploadError(_too_large(most), 413)
            stream.write(chunk)
    if not written:
        raise UploadError("Expected a file, but it is empty; choose another.", 400)
    return written


async def receive_text(request: Request, most: int, limits: Limits) -> bytes:
    """The body of a request that is short.

    Raises:
        UploadError: as for files.
    """
    refuse_declared_size(request, most)
    body = b""
    async for chunk in _in_time(request, limits):
        body += chunk
        if len(body) > most:
            raise UploadError(_too_large(most), 413)
    return body


async def _in_time(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """The chunks of a body, none of which may be late."""
    chunks, loop = request.stream(), asyncio.get_running_loop()
    until = loop.time() + limits.upload_seconds
    while True:
        try:
            async with asyncio.timeout(min(limits.idle_seconds, until - loop.time())):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise UploadError("Expected the file to arrive, but it came too slowly; send it again.", 408) from None
        except ClientDisconnect:
            raise UploadError("Expected the whole file, but the connection was closed; send it again.", 400) from None
        yield chunk


def _too_large(most: int) -> str:
    size = f"{most / 1e6:g} MB" if most >= 1e5 else f"{most} bytes"
    return f"Expected at most {size}, but got more; cut the clip, or make it smaller."
