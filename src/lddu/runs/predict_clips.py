"""From raw clips to answers: extracted exactly as the run's training clips were, and predicted."""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal, Protocol

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import ExtractionProgress, extract
from lddu.clips.named_models import named_models
from lddu.clips.sources import Listing, listing_of, unlisted_sentence
from lddu.errors import LdduError, MismatchError
from lddu.machine.cache import cache_folder
from lddu.machine.threads import one_thread
from lddu.runs.explained import ClipAnswers, answers_on
from lddu.runs.figures import NOTHING_MORE, PredictOptions
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore

KEPT_DAYS = 7
"""After so many days the features of an interrupted call are removed by the next one."""


class PredictionCallback(Protocol):
    """Callback: called with the progress."""

    def extracted(self, now: ExtractionProgress) -> None:
        """After every file, and every hundredth of one."""

    def answered(self, done: int, total: int) -> None:
        """Before every clip that is predicted."""


class _NoCallback:
    def extracted(self, now: ExtractionProgress) -> None:
        """See `PredictionCallback`."""

    def answered(self, done: int, total: int) -> None:
        """See `PredictionCallback`."""


NO_CALLBACK: PredictionCallback = _NoCallback()


def extraction_of(predictor: Predictor) -> ExtractorConfig:
    """The settings with which the run's features were extracted.

    Raises:
        MismatchError: where the run was not trained on features of `lddu extract`.
    """
    features = predictor.description.task.features
    try:
        parsed = {name: json.loads(feature) for name, feature in features.items()}
        ours = all(isinstance(entry, dict) and {"words", "voice", "face"} & set(entry) for entry in parsed.values())
        models = named_models(parsed) if ours else None
    except (ValueError, KeyError, TypeError):
        models = None
    if models is None:
        described = "; ".join(f"{name}: {feature}" for name, feature in features.items())
        raise MismatchError(
            f"Expected a run trained on features that 'lddu extract' made, but {predictor.folder.place} was trained on "
            f"others ({described}); extract labelled clips with 'lddu extract', train on them, and predict with that run."
        )
    return models


def predict_clips(
    predictor: Predictor,
    inputs: str | Path | Sequence[str | Path] | Listing,
    config: ExtractorConfig | None = None,
    options: PredictOptions = NOTHING_MORE,
    jobs: int | Literal["auto"] = 1,
    callback: PredictionCallback = NO_CALLBACK,
) -> ClipAnswers:
    """Extract clips and predict them.

    What is extracted is kept until all clips are answered, so that the same call goes on after an interruption; what
    nobody goes on with is removed after `KEPT_DAYS`.

    Args:
        predictor: a run that was trained on extracted features.
        inputs: files, folders, a manifest, or ``-``, or a listing of texts, as `lddu.clips.extract.extract` takes them.
        config: how to cut clips and whether to recognise speech. How features are made is the run's own; a model that
            is named here says where the run's model lies now.
        options: a promised recall, or a coverage beyond which no answer is given.
        jobs: files at once, as `lddu.clips.extract.extract` takes it.
        callback: called with the progress.

    Raises:
        MismatchError: where the run's features were made in another way.
        SourceError: where no clip at all could be extracted.
    """
    trained = extraction_of(predictor)
    # what lies behind is not looked at: a book would take minutes
    longest = predictor.description.config.model.max_steps
    config = replace((config or ExtractorConfig()).made_as(trained), most_tokens=longest)
    listing = inputs if isinstance(inputs, Listing) else listing_of(inputs)
    with _extraction_folder(predictor, listing, config) as folder:
        done = extract(
            listing, folder / "clips", predictor.extractor(config), jobs, existing="update", advance=callback.extracted
        )
        with one_thread():  # a few clips: threads would wait for each other longer than they compute
            answers = answers_on(predictor, FeatureStore(done.store), options, advance=callback.answered)
    warnings = [*answers.warnings, *done.left_out, *([unlisted_sentence(done.unlisted)] if done.unlisted else [])]
    return replace(answers, failures=done.failures, warnings=warnings)


@contextmanager
def _extraction_folder(predictor: Predictor, listing: Listing, config: ExtractorConfig) -> Iterator[Path]:
    """A folder in which this call's extraction outlives an interruption, and nothing else; leftovers go when they are old.

    While another process does the very same, or where the cache takes no files (a home that is read-only), a folder that is nobody else's.
    """
    from filelock import FileLock

    place = _place(predictor, listing, config)
    lock = FileLock(place.with_suffix(".lock"))
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except OSError:  # Timeout is one
        with tempfile.TemporaryDirectory(prefix="lddu-") as folder:
            yield Path(folder)
        return
    try:
        yield place
    except LdduError:  # the same call would end in the same way
        shutil.rmtree(place, ignore_errors=True)
        raise
    else:
        shutil.rmtree(place, ignore_errors=True)
    finally:
        if not place.exists():
            place.with_suffix(".lock").unlink(missing_ok=True)
        lock.release()


def _place(predictor: Predictor, listing: Listing, config: ExtractorConfig) -> Path:
    cache = cache_folder("clips")
    _forget_old(cache)
    files = [
        [str(source.path.absolute()), *([span.transcript for span in source.spans] if source.words_alone else [])]
        for source in listing.sources
    ]
    call = [str(Path(predictor.folder.place).absolute()), files, asdict(config)]
    return cache / hashlib.sha256(json.dumps(call).encode()).hexdigest()[:32]


def _forget_old(cache: Path) -> None:
    """Remove what nobody has gone on with for `KEPT_DAYS`, and nobody is at now."""
    from filelock import FileLock

    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for place in {entry.with_suffix("") for entry in cache.glob("*")}:
        lock = place.with_suffix(".lock")
        with suppress(OSError):  # somebody is at it, or is removing it too, or it cannot be removed
            touched = [entry.stat().st_mtime for entry in (place, lock, *place.rglob("*")) if entry.exists()]
            if max(touched, default=0.0) < oldest:
                with FileLock(lock, timeout=0):
                    shutil.rmtree(place, ignore_errors=True)
                    lock.unlink(missing_ok=True)
