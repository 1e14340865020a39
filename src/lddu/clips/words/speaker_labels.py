"""Who speaks, where a transcript says so in its text: ``[SPEAKER_01]: ...``, ``ANNA: ...``, ``Anna Berg: ...``.

A word before a colon need not be a name ("Remember: ..."). A label in brackets or capitals is one; any other is taken for
one where most cues begin so, or where the first does and many others do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LABEL = re.compile(
    r"\s*(?:>{2,3}\s*)?(?:[-–—]\s*)?(?:\*\*|__)?"
    r"(?:[\[(]\s*(?P<held>[^\])\[(:]{1,40}?)\s*[\])]\s*[:：]"
    r"|[\[(](?P<number>(?i:speaker)[ _]?\w{1,3})[\])]"
    r"|(?P<name>[^\W\d_][\w.'’&#-]*(?: [\w.'’&#-]+){0,3})\s?(?::(?=\s|\*\*|__|$)|：))(?:\*\*|__)?"
    r"\s*"
)
_CHANGE = re.compile(r"\s*>{2,3}(?=\s|\w|$)\s*")  # American captions: another speaker
_NUMBERED = re.compile(r"(?i:speaker|sprecher|person|spk)[ _]?\w{1,3}")
_OWN_LINE = re.compile(r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}")
_NO_NAMES = frozenset(
    {
        "note", "nb", "ps", "remember", "warning", "caution", "attention", "tip", "fact", "example", "question", "answer",
        "problem", "solution", "result", "update", "step", "part", "chapter", "time", "date", "subject", "re", "plus", "so",
        "and", "but", "because", "first", "second", "third", "finally", "also", "again", "now", "then", "here", "look",
    }
)  # fmt: skip
_MOST, _MANY = 0.5, 0.1

Label = tuple[int, str]
"""How many characters of a line name the speaker, and the name; (0, "") where none does."""


@dataclass(frozen=True)
class _Guess:
    length: int
    name: str
    sure: bool


def labels(cues: Sequence[Sequence[str]]) -> list[list[Label]]:
    """The label of every line of every cue.

    Args:
        cues: per cue its lines without marks.
    """
    mixed_case = any(letter.islower() for lines in cues for line in lines for letter in line)
    guesses = [[_guess(line, mixed_case) for line in lines] for lines in cues]
    spoken = [any(line.strip() for line in lines) for lines in cues]
    names = _are_names([guess for guess, any_words in zip(guesses, spoken, strict=True) if any_words])
    decided = [
        [_decided(guess, line, names) for guess, line in zip(cue_guesses, lines, strict=True)]
        for cue_guesses, lines in zip(guesses, cues, strict=True)
    ]
    if _have_lines_of_their_own([lines for lines in cues if any(line.strip() for line in lines)]):
        for cue_labels, lines in zip(decided, cues, strict=True):
            cue_labels[:1] = [(len(line), line.strip()) for line in lines[:1]]
    return decided


def _guess(line: str, mixed_case: bool) -> _Guess | None:
    match = _LABEL.match(line)
    if not match:
        return None
    if match["held"] or match["number"]:
        return _Guess(match.end(), match["held"] or match["number"], True)
    name = match["name"]
    if not _NUMBERED.fullmatch(name) and (_is_lower(name) or name.lower() in _NO_NAMES):
        return None
    capitals = mixed_case and name.isupper() and sum(map(str.isalpha, name)) > 1
    return _Guess(match.end(), name, capitals or _NUMBERED.fullmatch(name) is not None)


def _have_lines_of_their_own(cues: Sequence[Sequence[str]]) -> bool:
    """Whether the first line of every cue is a name, most of which come again, or are numbers of speakers."""
    names = [lines[0].strip() for lines in cues]
    several = len(cues) > 1 and all(len(lines) > 1 for lines in cues)
    if not several or not all(_OWN_LINE.fullmatch(name) and not _is_lower(name) for name in names):
        return False
    return 2 * len(set(names)) <= len(names) or all(map(_NUMBERED.fullmatch, names))


def _is_lower(name: str) -> bool:
    return any(word[0].islower() for word in name.split())


def _are_names(cues: Sequence[Sequence[_Guess | None]]) -> bool:
    """Whether words before a colon are names in this file."""
    labelled = [any(cue) for cue in cues]
    if sum(labelled) < 2:
        return False
    share = sum(labelled) / len(labelled)
    several = len({guess.name for cue in cues for guess in cue if guess}) > 1
    return share >= _MOST or (labelled[0] and several and share >= _MANY)


def _decided(guess: _Guess | None, line: str, names: bool) -> Label:
    if guess and (guess.sure or names):
        return guess.length, guess.name
    change = _CHANGE.match(line)
    return (change.end() if change else 0), ""
