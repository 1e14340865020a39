"""Transcripts written on the spot, for the tests of reading them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lddu.clips.words.transcript import Transcript, read_transcript

Shown = tuple[float, float, str]
"""Start, end, text of a cue."""


def clock(seconds: float) -> str:
    """As subtitles write a time."""
    return f"{int(seconds // 3600):02d}:{int(seconds // 60) % 60:02d}:{seconds % 60:06.3f}"


def srt(cues: Sequence[Shown]) -> str:
    """SubRip."""
    return "".join(
        f"{number}\n{clock(start)} --> {clock(end)}\n{text}\n\n"
        for number, (start, end, text) in enumerate(cues, start=1)
    )


def read(folder: Path, content: str | bytes, name: str = "talk.srt", duration: float = 60.0) -> Transcript:
    """The transcript that a file of this content holds."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_transcript(path, duration)


def read_json(folder: Path, document: Any, duration: float = 60.0) -> Transcript:
    """The same of JSON."""
    return read(folder, json.dumps(document), "talk.json", duration)
