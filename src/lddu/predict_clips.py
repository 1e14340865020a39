"""From raw clips to answers: extracted exactly as the run's training clips were, and predicted."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lddu.answers import ClipAnswers, answers_on
from lddu.clips.audio import MEASURED
from lddu.clips.extractor import ExtractorConfig
from lddu.clips.text import PACKAGED
from lddu.conclusion import NOTHING_MORE, Wish
from lddu.errors import MismatchError
from lddu.extract import Advance, extract
from lddu.features.store import FeatureStore
from lddu.predict import Predictor


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
        told = "; ".join(f"{name}: {feature}" for name, feature in features.items())
        raise MismatchError(
            f"Expected a run trained on features that 'lddu extract' made, but {predictor.folder.path} was trained on "
            f"others ({told}); extract labelled clips with 'lddu extract', train on them, and predict with that run."
        )
    return models


def named_models(parsed: Mapping[str, Mapping[str, Any]]) -> ExtractorConfig:
    """An extractor with the models that features were made with, as far as there are such modalities.

    Args:
        parsed: modality -> how its features were made, as `ClipExtractor.feature_names` says it.
    """
    config = ExtractorConfig()
    if "text" in parsed:
        config = replace(config, text_model=str(parsed["text"]["model"]))
    if "audio" in parsed:
        voice = str(parsed["audio"]["voice"])
        config = replace(config, voice_model=str(parsed["audio"]["model"]) if voice == "transformers" else voice)
    if "visual" in parsed:
        config = replace(config, face_model=str(parsed["visual"]["face"]))
    return config


def predict_clips(
    predictor: Predictor,
    inputs: Sequence[str],
    config: ExtractorConfig | None = None,
    wish: Wish = NOTHING_MORE,
    jobs: int | None = None,
    advance: Advance | None = None,
) -> ClipAnswers:
    """Extract clips and predict them.

    Args:
        predictor: a run that was trained on extracted features.
        inputs: files, folders, a manifest, or ``-``, as `lddu.extract.extract` takes them.
        config: how to cut clips and whether to recognise speech. How features are made is the run's own; a model that
            is named here says where the run's model lies now.
        wish: a promised recall, or a coverage beyond which no answer is given.
        jobs: files at once.
        advance: told after every file.

    Raises:
        MismatchError: where the run's features were made in another way.
        SourceError: where no clip at all could be extracted.
    """
    trained = extraction_of(predictor)
    config = config or trained
    if config.text_model == PACKAGED:
        config = replace(config, text_model=trained.text_model)
    if config.voice_model == MEASURED:
        config = replace(config, voice_model=trained.voice_model)
    config = replace(config, face_model=trained.face_model)
    with tempfile.TemporaryDirectory(prefix="lddu-") as folder:
        done = extract(inputs, Path(folder) / "clips", config, jobs, advance=advance)
        answers = answers_on(predictor, FeatureStore(done.store), wish)
    return replace(answers, failures=done.failures)
