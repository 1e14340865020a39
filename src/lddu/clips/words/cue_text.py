"""The text of a cue: words with the style, the speaker and the time that marks in it give them.

Marks are taken out first and only then are `&lt;` and the like read, so that `I &lt;3 you` stays what it is.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lddu.clips.words.captions import seconds

_MARK = re.compile(
    r"<\s*(?P<time>\d[\d:.,]*)\s*>"
    r"|<(?P<close>/?)(?:(?P<tag>[A-Za-z]+)(?P<rest>[^>]{0,300}))?>"
    r"|\{\\(?P<ass>[^}]{0,300})\}|\{[A-Za-z]:[^}]{0,300}\}|\\(?P<gap>[Nnh])"
)
IN_BRACKETS = r"\[[^\]\[]*\]"
"""Pattern of what is mostly no speech but names a sound."""

_SOUND = re.compile(IN_BRACKETS + r"|[♪♫\u200b\u2060\ufeff]|-->")
_BREAKS = ("br", "v")  # marks that part words

Style = tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """A word of a cue.

    Attributes:
        text: the word.
        style: marks it stands in, outermost first.
        speaker: who says it; empty where the cue does not name one.
        start: seconds of the file, where the cue marks the word's own time.
        end: seconds of the file, the same.
    """

    text: str
    style: Style = ()
    speaker: str = ""
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class _Piece:
    """Plain text between two marks; `mark` holds what its words share."""

    text: str
    mark: Token


class CueText:
    """The text of one cue without its marks.

    Args:
        lines: as the file has them.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        pieces = list(_pieces("\n".join(lines)))
        self._marks = [piece.mark for piece in pieces for _ in piece.text]
        self._text = "".join(piece.text for piece in pieces)

    @property
    def lines(self) -> list[str]:
        """The text without marks, line by line."""
        return self._text.split("\n")

    def tokens(self, labels: Sequence[tuple[int, str]]) -> tuple[tuple[Token, ...], ...]:
        """Words line by line, without sounds such as ``[Music]``; lines without a word are left out.

        Args:
            labels: per line, how many characters at its beginning name the speaker, and the speaker, who speaks on
                in the lines below.
        """
        token_lines, at, speaker = [], 0, ""
        for line, (length, label) in zip(self.lines, labels, strict=True):
            speaker = label or speaker
            plain = _SOUND.sub(lambda sound: " " * len(sound.group()), " " * length + line[length:])
            words = [(word.group(), self._marks[at + word.start()]) for word in re.finditer(r"\S+", plain)]
            if words:
                token_lines.append(
                    tuple(replace(mark, text=text, speaker=speaker or mark.speaker) for text, mark in words)
                )
            at += len(line) + 1
        return tuple(token_lines)


def _pieces(text: str) -> Iterator[_Piece]:
    style, voice, time, at = list[str](), "", None, 0
    for mark in _MARK.finditer(text):
        yield _Piece(html.unescape(text[at : mark.start()]), Token("", tuple(style), voice, time))
        at, tag = mark.end(), (mark["tag"] or "").lower()
        if mark["gap"] or tag in _BREAKS:
            yield _Piece(" ", Token("", tuple(style), voice, time))
        if mark["time"]:
            time = seconds(mark["time"])
        elif mark["ass"]:
            style = _restyled(style, mark["ass"])
        elif tag == "v":
            voice = "" if mark["close"] else _name(mark["rest"])
        elif tag not in (*_BREAKS, "", "ruby", "rt", "rp", "lang") and not (mark["rest"] or "").endswith("/"):
            style = _closed(style, tag) if mark["close"] else [*style, f"{tag}{mark['rest']}"]
    yield _Piece(html.unescape(text[at:]), Token("", tuple(style), voice, time))


def _name(rest: str) -> str:
    """Of ``<v.loud Ann>``."""
    return html.unescape(" ".join(rest.split()[1:] if rest[:1] == "." else rest.split()))


def _closed(style: list[str], tag: str) -> list[str]:
    last = max((n for n, open_tag in enumerate(style) if re.match(rf"{tag}\b", open_tag)), default=len(style))
    return style[:last] + style[last + 1 :]


def _restyled(style: list[str], codes: str) -> list[str]:
    r"""``{\i1}`` opens, ``{\i0}`` and ``{\r}`` close; colours hold until the next."""
    for code in codes.split("\\"):
        kind = re.match(r"[biusr](?=[01]?$)|\d?c(?=&|$)", code)
        if kind:
            style = [] if kind[0] == "r" else [mark for mark in style if not mark.startswith(f"\\{kind[0]}")]
            if code.removeprefix(kind[0]) not in ("", "0"):
                style.append(f"\\{code}")
    return style
