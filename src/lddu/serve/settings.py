"""What a server allows: sizes, times and numbers, each with a default that suits one person on one machine."""

from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Beyond which a request is refused, or broken off.

    Attributes:
        upload_bytes: of one file.
        stored_bytes: of all files that are stored at once.
        upload_seconds: in which a file has to arrive.
        idle_seconds: without a byte of it.
        text_characters: of a text that is typed.
        waiting: requests at once, the one at work included.
        answers: that the page can go back to; the oldest is deleted first.
        answer_seconds: for one answer, after which the worker process is replaced.
        abandoned_seconds: likewise for an answer that nobody waits for any more.
        media_seconds: length of a recording.
    """

    upload_bytes: int = 500 * MEGABYTE
    stored_bytes: int = 2_000 * MEGABYTE
    upload_seconds: float = 600.0
    idle_seconds: float = 15.0
    text_characters: int = 20_000
    waiting: int = 32
    answers: int = 50
    answer_seconds: float = 900.0
    abandoned_seconds: float = 3.0
    media_seconds: float = 3600.0


USUAL = Limits()


@dataclass(frozen=True)
class ServeSettings:
    """Where a server is reached, and what it does.

    Attributes:
        runs: folders, archives or names of runs; the first is the default.
        host: address to listen at.
        port: 0 lets the system choose.
        keep: folder in which uploads are kept; None deletes each after its answer.
        limits: of requests.
    """

    runs: tuple[str, ...] = ("default",)
    host: str = "127.0.0.1"
    port: int = 8765
    keep: Path | None = None
    limits: Limits = USUAL


EXPORTS = (
    "srt", "vtt", "eaf", "TextGrid", "boris.csv", "boris.tsv", "events.csv", "events.tsv", "long.csv", "csv", "parquet", "jsonl"
)  # fmt: skip
"""Endings of `lddu.exports.formats.FORMATS`, without the first dot and without loading what writes them; wide.csv is csv."""
