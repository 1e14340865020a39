"""`predict --html`: a folder with one page that shows the media beside the results of each segment.

The page fetches nothing: style and script are in it, the media lie beside it. What it shows is decided in
`lddu.pages.clip_view`; the template lays it out, and its script only seeks, follows the playhead and shows one segment at
a time.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.clips.media import PHOTO_FORMATS, PHOTO_SUFFIXES, MediaInfo, probe
from lddu.clips.sources import PAGE_MARK, is_page
from lddu.errors import RunError, parameter
from lddu.machine.atomic import refuse_unwritable, replaced_folder
from lddu.pages.clip_view import LAST_FROM, Media, gradient, headline, sections
from lddu.pages.template import template
from lddu.runs.explained import ClipAnswers
from lddu.runs.per_clip import RESTS_ON_MEANS
from lddu.runs.predictions import MODALITY_ERROR, Predictions
from lddu.sentences import short_paths

if TYPE_CHECKING:
    from lddu.runs.predictor import Predictor

_PLAYED_CONTAINERS = frozenset({"mp4", "webm", "ogg", "mp3", "wav", "flac", "aac"})
_PLAYED_CODECS = frozenset(
    {"h264", "vp8", "vp9", "av1", "libdav1d", "aac", "mp3", "mp3float", "opus", "vorbis", "flac"}
)


@dataclass(frozen=True)
class ClipPageContext:
    """What the page is about, in words.

    Attributes:
        run: name of the run folder.
        inputs: what was predicted.
        all_clips: predictions of all clips, where the page shows some of them only.
        calibrated: whether the run had validation clips enough to calibrate its probabilities.
        answered_by: which model answered and what it learnt from; empty leaves the line out.
    """

    run: str
    inputs: str
    all_clips: Predictions | None = None
    calibrated: bool = True
    answered_by: str = ""

    @classmethod
    def of(cls, predictor: "Predictor", inputs: str, all_clips: Predictions | None = None) -> "ClipPageContext":
        """Of a page with the answers of this run.

        Args:
            predictor: the run.
            inputs: what was predicted.
            all_clips: predictions of all clips, where the page shows some of them only.
        """
        origin = predictor.origin
        calibrated = predictor.decision.recalibration.left_out_nll is not None
        return cls(origin.run, inputs, all_clips, calibrated, origin.sentence)


def refuse_foreign_folder(folder: Path, force: bool) -> None:
    """Make sure that the page may be written, before anything is computed.

    Raises:
        RunError: where the folder is taken.
    """
    refuse_unwritable(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not force:
        raise RunError(
            f"Expected {parameter('folder')} to be free, but {folder} exists; choose another or add {parameter('force', True)}."
        )
    if not is_page(folder):
        raise RunError(
            f"Expected {parameter('force', True)} to replace a page of 'lddu predict', but {folder} is something else; remove it yourself."
        )


def write_clip_page(folder: Path, answers: ClipAnswers, context: ClipPageContext, with_media: bool) -> None:
    """Write `index.html` and, beside it, the media files; in one step, in place of what was there.

    Media are hard links where the file system allows it, so that they take no room, else copies.

    Args:
        folder: of the page.
        answers: what it shows.
        context: what it is about.
        with_media: show the files of the clips; without, only the answers.
    """
    with replaced_folder(folder) as new:
        timed = zip(answers.file, answers.start, strict=True)  # words alone have no time and no player
        played = [file for file, start in timed if file and (_is_photo(file) or not isnan(start))]
        files = list(dict.fromkeys(played)) if with_media else []
        names = short_paths(files)
        media = {file: _beside(Path(file), new, number, names[file]) for number, file in enumerate(files, start=1)}
        (new / "index.html").write_text(clip_page(answers, context, media), encoding="utf-8")


def clip_page(
    answers: ClipAnswers, context: ClipPageContext, media: Mapping[str, Media], nonce: str = "", script: str = ""
) -> str:
    """The page as HTML.

    Args:
        answers: what it shows.
        context: what it is about.
        media: file -> what is played of it; a player without an address gets its file from the script.
        nonce: of its style and script, for a content security policy; empty without one.
        script: that runs after its own; trusted.
    """
    parts = list(sections(answers, media))
    segments = [segment for section in parts for segment in section.segments]
    predictions = context.all_clips or answers.predictions
    people = set(zip(answers.file, answers.person, strict=True)) if answers.person else ()
    return template("clips.html").render(
        mark=PAGE_MARK,
        context=context,
        headline=headline(predictions, len(set(answers.file)) if media else 0, len(answers.failures), len(people)),
        left_out=len(predictions) - len(segments),
        sections=parts,
        answers=answers,
        emotions=answers.predictions.emotions,
        modalities=answers.predictions.modalities,
        gradient=gradient,
        rests_on_means=RESTS_ON_MEANS,
        last_from=LAST_FROM,
        none_means=answers.predictions.none_means,
        shades={
            s.number: {
                "top": s.top,
                "shade": {m.name: m.shade for m in s.modalities},
                "places": {m.name: m.places for m in s.modalities},
            }
            for s in segments
        },
        erring=MODALITY_ERROR in answers.predictions.evidence,
        metered=answers.predictions.noisier_than is not None,
        asked_set=answers.predictions.label_set is not None,
        asked_coverage=answers.predictions.abstained is not None,
        nonce=nonce,
        more_script=script,
    )


def _is_photo(file: str) -> bool:
    """Whether a file is named as a photo is."""
    return Path(file).suffix.lower() in PHOTO_SUFFIXES


def browser_note(info: MediaInfo) -> str:
    """Why browsers may not play a file; empty where they should."""
    container = info.container.split(",")
    played = bool(_PLAYED_CONTAINERS & set(container))
    odd = [codec for codec in info.codecs if codec not in _PLAYED_CODECS and not codec.startswith("pcm_")]
    if played and not odd:
        return ""
    what = " and ".join([*odd, *([] if played else [f"a .{container[0]} file"])])
    return f"Browsers hardly play {what}. The results stand; to see it here, convert the file to mp4 (H.264, AAC)."


def _beside(source: Path, folder: Path, number: int, name: str) -> Media:
    """Put a media file beside the page, under a name that holds no character that would need care."""
    target = folder / "media" / f"{number:03d}{source.suffix.lower()}"
    target.parent.mkdir(exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
    return media_of(probe(source), target.relative_to(folder).as_posix(), name)


def media_of(info: MediaInfo, address: str, name: str) -> Media:
    """What a page plays of a file.

    Args:
        info: what the file holds.
        address: relative to the page; empty where its script brings the file.
        name: of the original file, as the page shows it.
    """
    photo = info.container in PHOTO_FORMATS
    kind = "photo" if photo else "video" if info.has_picture else "audio"
    return Media(address, name, kind, info.duration, "" if photo else browser_note(info))
