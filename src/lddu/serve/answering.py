"""Answering one request with a run: the JSON of `lddu predict --json`, the clip page, and every export."""

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import ExtractionProgress
from lddu.clips.media import MediaInfo
from lddu.clips.sources import Listing, listing_of_texts
from lddu.clips.spans import WORDS_SUFFIX, Source
from lddu.clips.words.recognition import PACKAGED_SPEECH
from lddu.errors import ConfigError, LdduError, MismatchError, PackageError
from lddu.exports.writing import write_export
from lddu.pages.clip_page import ClipPageContext, clip_page, media_of
from lddu.plain_values import plain
from lddu.runs.answer_document import answer_document
from lddu.runs.explained import ClipAnswers
from lddu.runs.figures import PredictOptions
from lddu.runs.predict_clips import extraction_of, predict_clips
from lddu.runs.predictor import Predictor
from lddu.serve.media_guard import checked_media
from lddu.serve.request import ANSWER, PAGE, AnswerError, AnswerRequest, Model, OnProgress
from lddu.serve.settings import EXPORTS, USUAL, Limits

REPLAY = Path(__file__).parent / "static" / "replay.js"


class Answering:
    """Runs that answer; their models stay loaded.

    Args:
        runs: folders, archives or names.
        limits: of what is read.

    Raises:
        LdduError: where a run cannot be used on clips.
    """

    def __init__(self, runs: Sequence[str], limits: Limits = USUAL) -> None:
        self._limits = limits
        self._predictors: dict[str, Predictor] = {}
        for run in runs:
            predictor = Predictor(run)
            extraction_of(predictor)  # refuses a run that was trained on other features
            self._predictors[_unused(Path(run).name, self._predictors)] = predictor

    @property
    def models(self) -> tuple[Model, ...]:
        """The runs, in order."""
        transcribes = find_spec("faster_whisper") is not None
        return tuple(
            Model(name, run.origin.sentence, run.emotions, run.modalities, transcribes)
            for name, run in self._predictors.items()
        )

    def answer(self, request: AnswerRequest, progress: OnProgress) -> None:
        """Write the answer, and with `AnswerRequest.page` also the page and the exports, into the request's folder.

        Raises:
            AnswerError: where it cannot be answered; has the client's name for the clip.
        """
        try:
            self._answer(request, progress)
        except PackageError as fault:
            raise AnswerError(str(fault)) from None
        except LdduError as fault:
            raise AnswerError(_with_name(str(fault), request)) from None

    def _answer(self, request: AnswerRequest, progress: OnProgress) -> None:
        predictor = self._predictor(request.model)
        options = PredictOptions(request.recall, request.coverage)
        if request.recall is not None:
            predictor.decision.recall_sets.cut(request.recall)  # what cannot be promised is refused before long work
        words = request.upload is not None and request.upload.suffix == WORDS_SUFFIX
        info = None if request.upload is None or words else checked_media(request.upload, self._limits.media_seconds)
        speech = PACKAGED_SPEECH if request.transcribe and info is not None else ""
        config = ExtractorConfig(speech_model=speech, per_person=request.per_person)
        answers = predict_clips(predictor, _listing(request), config, options, 1, _Progress(progress))
        answers = _renamed(answers, request)
        document = plain(answer_document(predictor, answers))
        (request.folder / ANSWER).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        if request.page:
            progress("drawing", 0.0)
            _write_page(predictor, answers, request, info)
            _write_exports(answers, request, info)

    def _predictor(self, name: str) -> Predictor:
        known = list(self._predictors)
        if name and name not in known:
            raise ConfigError(f"Expected model to be {' or '.join(known)}, but got {name!r}; choose one of these.")
        return self._predictors[name or known[0]]


class _Progress:
    """Passes progress on: reading a file is nine tenths of the work."""

    def __init__(self, progress: OnProgress) -> None:
        self._progress = progress

    def extracted(self, now: ExtractionProgress) -> None:
        self._progress("reading", 0.9 * now.share)

    def answered(self, done: int, total: int) -> None:
        self._progress("answering", 0.9 + 0.1 * done / max(1, total))


def _listing(request: AnswerRequest) -> Listing:
    """The one clip; files beside it are ignored."""
    if request.upload is None:
        return listing_of_texts([request.text])
    return Listing((Source(request.upload, Path(request.name).stem or "clip", sought=True),))


def _renamed(answers: ClipAnswers, request: AnswerRequest) -> ClipAnswers:
    """The answers with the client's name for the clip in place of the upload's path."""
    if request.upload is None:
        return answers
    upload = str(request.upload)
    return replace(
        answers,
        file=[request.name if file == upload else file for file in answers.file],
        warnings=[_with_name(warning, request) for warning in answers.warnings],
        failures=tuple(
            replace(failure, file=_with_name(failure.file, request), reason=_with_name(failure.reason, request))
            for failure in answers.failures
        ),
    )


def _with_name(sentence: str, request: AnswerRequest) -> str:
    return sentence if request.upload is None else sentence.replace(str(request.upload), request.name)


def _write_page(predictor: Predictor, answers: ClipAnswers, request: AnswerRequest, info: MediaInfo | None) -> None:
    """The page, whose player gets the file from the browser that sent it: here it is deleted."""
    media = {} if info is None else {request.name: media_of(info, "", request.name)}
    nonce = secrets.token_urlsafe(16)
    page = clip_page(
        answers, ClipPageContext.of(predictor, request.name), media, nonce, REPLAY.read_text(encoding="utf-8")
    )
    (request.folder / PAGE).write_text(page, encoding="utf-8")
    (request.folder / f"{PAGE}.nonce").write_text(nonce, encoding="utf-8")


def _write_exports(answers: ClipAnswers, request: AnswerRequest, info: MediaInfo | None) -> None:
    """Every format that fits: words alone and photos have no time, which some formats need."""
    seconds = 0.0 if info is None else info.duration
    answered = replace(answers.answered(), length=lambda _: seconds)
    beside = [replace(clip, file=str(request.folder / clip.file) if clip.file else "") for clip in answered.clips]
    for ending in EXPORTS:
        linked = replace(answered, clips=beside) if ending == "eaf" else answered
        with suppress(MismatchError):
            write_export(linked, request.folder / f"export.{ending}")


def _unused(name: str, taken: "dict[str, Predictor]") -> str:
    """The name, with a number where another run has it."""
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name}-{number}", number + 1
    return unused
