"""Which file beside a clip holds its words."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lddu.clips.media import MEDIA_SUFFIXES
from lddu.errors import SourceError

SUFFIXES = (".json", ".vtt", ".srt", ".sbv", ".lrc", ".txt")
"""Kinds of transcript beside a clip, the most precise first."""

_UNREAD = (".ass", ".ssa", ".ttml", ".dfxp", ".sub", ".smi", ".TextGrid", ".textgrid", ".eaf", ".cha", ".trs", ".docx")
"""Kinds that hold words too and are not read."""

_SUBTITLES = (".vtt", ".srt")  # the kinds whose names tell languages, the more precise first
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")

Languages = Mapping[str, Mapping[str, Path]]
"""Stem of a clip -> language -> subtitles; see `languages_in`."""


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
        for path in (clip.with_suffix(suffix), clip.with_suffix(suffix.upper()), *longer):
            if path.is_file() and (suffix != ".json" or path.stat().st_size):
                return path
    spoken = (languages_in(clip.parent) if languages is None else languages).get(clip.stem, {})
    return next(iter(spoken.values())) if len(spoken) == 1 else None


def unread_beside(clip: Path) -> Path | None:
    """A transcript of a kind that is not read, which lies beside a clip under its name."""
    return next((path for suffix in _UNREAD if (path := clip.with_suffix(suffix)).is_file()), None)


def refuse_transcript(file: Path) -> None:
    """Refuse a transcript that is named as if it were a clip: it may lie beside none, and some of its kinds hold no words alone.

    Raises:
        SourceError: where the file's name is that of a transcript.
    """
    if not file.is_file() or file.suffix.lower() not in {suffix.lower() for suffix in (*SUFFIXES, *_UNREAD)}:
        return
    alone = "or copy it to a .txt to ask about its words alone"
    otherwise = alone if file.suffix.lower() in SUFFIXES else "and save it as .srt"
    raise SourceError(
        f"Expected a clip, but {file} is named like the transcript of one; name the clip that it lies beside, {otherwise}."
    )


def is_named_after(file: Path, clip: Path) -> bool:
    """Whether a file of this name would be taken for the transcript of a clip, if it were there."""
    if file.parent != clip.parent or file.suffix.lower() not in SUFFIXES:
        return False
    whole = file.name.removesuffix(file.suffix)
    stem, _, language = whole.rpartition(".")
    subtitles = file.suffix.lower() in _SUBTITLES
    named = stem == clip.stem and _LANGUAGE.fullmatch(language) is not None
    return whole == clip.stem or (subtitles and (whole == clip.name or named))


def languages_beside(clip: Path) -> Mapping[str, Path]:
    """Language -> subtitles beside a clip that name one, as ``a.en.vtt`` and ``a.pt-BR.srt`` do."""
    return languages_in(clip.parent).get(clip.stem, {})


def languages_in(folder: Path) -> Languages:
    """Stem of a clip -> language -> its subtitles, of all in a folder that name their language."""
    by_stem: dict[str, dict[str, Path]] = {}
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
            subtitles = by_stem.setdefault(stem, {})
            if suffix == _SUBTITLES[0] or language not in subtitles:
                subtitles[language] = folder / name
    return {
        stem: {language: file for language, file in subtitles.items() if f"{stem}.{language}" not in clips}
        for stem, subtitles in by_stem.items()
    }
