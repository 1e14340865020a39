"""Who said which word when: transcripts from .srt, .vtt, .txt and word-timed JSON, checked against the clip.

Where only a cue, or the whole clip, has a time, its words share it by their length: `timed` says which of both.
"""

import codecs
import html
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lddu.clips.media import MEDIA_SUFFIXES
from lddu.errors import SourceError

SUFFIXES = (".json", ".vtt", ".srt", ".txt")
"""Kinds of transcript beside a clip, the most precise first."""

_TOLERATED_OVERHANG = 2.0  # seconds; cues are often left standing a little longer than the video
_ROLLING = 0.05  # seconds; between cues that roll up there is no more
_CUE = re.compile(r"^\s*(-?[\d:.,]+)\s*-->\s*(-?[\d:.,]+)(?=\s|$)")
_SUBTITLES = (".vtt", ".srt")  # the kinds whose names tell languages, the more precise first
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}|\[[^\]]*\]|[♪♫]")  # of style, of the voice; sounds such as [Music]

Languages = Mapping[str, Mapping[str, Path]]
"""Stem of a clip -> language -> subtitles; see `languages_in`."""


@dataclass(frozen=True)
class Word:
    """A word and when it was said, in seconds of the file."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Transcript:
    """The words of a file in order of time.

    Attributes:
        words: the words.
        timed: False where the times were only shared out over the whole clip.
    """

    words: tuple[Word, ...]
    timed: bool

    @property
    def text(self) -> str:
        """The words in one line."""
        return " ".join(word.text for word in self.words)

    def between(self, start: float, end: float) -> tuple[Word, ...]:
        """The words whose middle lies in [start, end)."""
        return tuple(word for word in self.words if start <= (word.start + word.end) / 2 < end)


NO_WORDS = Transcript((), False)


def beside(clip: Path, languages: Languages | None = None) -> Path | None:
    """The transcript that lies beside a clip under its name, such as ``a.srt`` or ``a.en.vtt`` for ``a.mp4``.

    Of several languages none is taken, for nobody says which is spoken. An empty .json is none: a shell makes one where
    answers about the clip are about to be written.

    Args:
        clip: the media file.
        languages: of its folder, as `languages_in` gives them; looked for where left out.
    """
    for suffix in SUFFIXES:
        longer = [Path(f"{clip}{suffix}")] if suffix in _SUBTITLES else []
        for found in (clip.with_suffix(suffix), clip.with_suffix(suffix.upper()), *longer):
            if found.is_file() and (suffix != ".json" or found.stat().st_size):
                return found
    spoken = (languages_in(clip.parent) if languages is None else languages).get(clip.stem, {})
    return next(iter(spoken.values())) if len(spoken) == 1 else None


def languages_beside(clip: Path) -> Mapping[str, Path]:
    """Language -> subtitles beside a clip that name one, as ``a.en.vtt`` and ``a.pt-BR.srt`` do."""
    return languages_in(clip.parent).get(clip.stem, {})


def languages_in(folder: Path) -> Languages:
    """Stem of a clip -> language -> its subtitles, of all in a folder that name their language."""
    there: dict[str, dict[str, Path]] = {}
    clips, names = set[str](), list[str]()
    with suppress(OSError):  # a folder that is not there, or may not be looked through, has none
        names = sorted(file.name for file in folder.iterdir())
    for name in names:
        whole, _, kind = name.rpartition(".")
        stem, _, language = whole.rpartition(".")
        suffix = f".{kind}"
        if suffix.lower() in MEDIA_SUFFIXES:
            clips.add(whole)  # a.de.mp4 is a clip of its own, whose subtitles are not those of a.mp4
        elif suffix in _SUBTITLES and stem and _LANGUAGE.fullmatch(language):
            own = there.setdefault(stem, {})
            if suffix == _SUBTITLES[0] or language not in own:
                own[language] = folder / name
    return {
        stem: {language: file for language, file in own.items() if f"{stem}.{language}" not in clips}
        for stem, own in there.items()
    }


def read_transcript(path: Path, duration: float) -> Transcript:
    """Read a transcript of any known kind.

    Args:
        path: .srt, .vtt, .txt, or .json in the form of WhisperX (``segments`` with ``words`` with ``start``, ``end``).
        duration: seconds of the clip, which no word may exceed.

    Raises:
        SourceError: where the file cannot be understood, or its times cannot be those of this clip.
    """
    text = _text(path)
    kind = path.suffix.lower()
    if kind == ".txt" and not any(map(_CUE.match, text.splitlines())):
        return untimed(text, duration)
    if kind == ".json":
        words = list(_json_words(path, text, duration))
    elif kind in (".srt", ".vtt", ".txt"):
        words = list(_cue_words(path, text, duration))
    else:
        raise SourceError(f"Expected a transcript of kind {', '.join(SUFFIXES)}, but got {path}; convert it to one.")
    return Transcript(tuple(sorted(words, key=lambda word: (word.start, word.end))), True)


def untimed(text: str, duration: float) -> Transcript:
    """A transcript without times: its words share the whole clip by their length."""
    return Transcript(tuple(_shared_out(text, 0.0, duration)), False)


def _text(path: Path) -> str:
    try:
        told = path.read_bytes()
        return told.decode("utf-16" if told.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    except FileNotFoundError:
        raise SourceError(f"Expected the transcript {path}, but it is not there; check the path.") from None
    except OSError as fault:
        raise SourceError(f"Expected to read the transcript {path}, but got {fault.strerror}.") from None
    except UnicodeDecodeError as fault:
        raise SourceError(
            f"Expected the transcript {path} to be {fault.encoding.upper()} text, but byte {fault.start} is not; save it as UTF-8."
        ) from None


def _shared_out(text: str, start: float, end: float) -> Iterator[Word]:
    words = text.split()
    weights = [len(word) + 1 for word in words]
    total, passed = sum(weights), 0
    for word, weight in zip(words, weights, strict=True):
        begin = start + (end - start) * passed / total
        passed += weight
        yield Word(word, begin, start + (end - start) * passed / total)


def _cue_words(path: Path, text: str, duration: float) -> Iterator[Word]:
    lines, cues = text.splitlines(), 0
    shown, until = list[str](), -math.inf
    for number, line in enumerate(lines):
        match = _CUE.match(line)
        if "-->" in line and not match:
            raise SourceError(
                f"Expected times such as 00:01:02,500 around '-->' in line {number + 1} of {path}, but got "
                f"{line.strip()!r}; correct the line."
            )
        if match:
            cues += 1
            start, end = (_seconds(path, number + 1, stamp) for stamp in match.groups())
            told = list(_body(lines, number))
            rolled = _repeated(shown, told) if start <= until + _ROLLING else 0
            said = " ".join(told[rolled:])
            if said:  # where nothing is said, times do no harm
                _check_times(f"line {number + 1} of {path}", line.strip(), start, end, duration)
            yield from _shared_out(said, start, max(start, min(end, duration)))
            shown, until = told, end
    if not cues and text.strip() not in ("", "WEBVTT"):
        raise SourceError(f"Expected cues with '-->' in {path}, but found none; name plain text .txt.")


def _body(lines: Sequence[str], cue: int) -> Iterator[str]:
    """The lines of a cue without marks and sounds; those of captions that roll may begin with a blank one.

    A cue ends with a blank line, or, where that was forgotten, with the next one's number or times.
    """
    for n, line in enumerate(lines[cue + 1 :], start=cue + 1):
        follows = n + 1 < len(lines) and line.strip().isdecimal() and _CUE.match(lines[n + 1])
        if not line or (n > cue + 1 and not line.strip()) or follows or _CUE.match(line):
            return
        if told := " ".join(_TAG.sub(" ", html.unescape(line)).split()):
            yield told


def _repeated(before: Sequence[str], lines: Sequence[str]) -> int:
    """How many lines of a cue were the last ones of the cue before, as where captions roll up line by line."""
    return next((k for k in range(min(len(before), len(lines)), 0, -1) if list(before[-k:]) == list(lines[:k])), 0)


def _seconds(path: Path, line: int, stamp: str) -> float:
    parts = stamp.lstrip("-").replace(",", ".").split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3:
        raise SourceError(f"Expected a time such as 00:01:02,500 in line {line} of {path}, but got {stamp!r}.")
    seconds = sum(number * 60.0**power for power, number in enumerate(reversed(numbers)))
    return -seconds if stamp.startswith("-") else seconds


def _json_words(path: Path, text: str, duration: float) -> Iterator[Word]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise SourceError(
            f"Expected {path} to be JSON, but it is damaged ({str(fault)[:80]}); write it anew."
        ) from None
    segments = document.get("segments") if isinstance(document, dict) else None
    if not isinstance(segments, list):
        raise SourceError(f"Expected {path} to hold 'segments' as WhisperX writes them, but it does not.")
    for number, segment in enumerate(segments):
        try:
            start, end = float(segment["start"]), float(segment["end"])
            if segment.get("words"):
                words = list(_aligned(segment["words"], start, end))
            else:
                words = list(_shared_out(str(segment["text"]), start, end))
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise SourceError(
                f"Expected segment {number} of {path} to have 'start', 'end' and 'words' or 'text', "
                f"but it is damaged ({fault!r})."
            ) from None
        for word in words:
            _check_times(f"segment {number} of {path}", word.text, word.start, word.end, duration)
        yield from words


def _aligned(words: Sequence[dict[str, Any]], start: float, end: float) -> Iterator[Word]:
    """Words with their own times; a word the aligner could not place lies between its neighbours."""
    before = start
    for i, word in enumerate(words):
        later = [float(w["start"]) for w in words[i + 1 :] if "start" in w]
        begin = float(word.get("start", before))
        finish = float(word["end"]) if "end" in word else max(begin, later[0] if later else end)
        before = finish
        text = str(word["word"]).strip()
        if text:
            yield Word(text, begin, finish)


def _check_times(where: str, told: str, start: float, end: float, duration: float) -> None:
    """Refuse times that cannot be; `told` is what they stand beside in the file."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise SourceError(f"Expected finite times in {where}, but got {start} to {end} s for {told!r}; correct it.")
    if start < 0 or end < start:
        raise SourceError(
            f"Expected times in {where} that begin at 0 or later and end after they begin, "
            f"but {told!r} goes from {start:g} to {end:g} s; correct the transcript."
        )
    if end > duration + _TOLERATED_OVERHANG:
        raise SourceError(
            f"Expected {where} to end within the clip's {duration:.1f} s, but {told!r} ends at {end:.1f} s; "
            "it belongs to another video, or the video is cut short."
        )
