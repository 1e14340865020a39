"""Measure the packaged default: voices and words it never saw, photos and comments of official test splits, paired clips.

RAVDESS, EmoTale and MELD fit nothing. Only the emotions that a corpus acts count. `adapt`: features re-centred over the corpus,
per speaker (`lddu predict --adapt`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.default_corpora import MODALITIES, SIX, Corpus
from benchmarks.default_decision import store_of
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.metrics import mean_average_precision, micro_f1
from lddu.evaluate.scored import Scored
from lddu.runs.figures import PredictOptions
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store

PAIRED = 2000
NAMED_WHERE_NONE_SHOWS = "an emotion named where none shows"
WITHOUT_SURPRISE = "auroc, without surprise"
"""No voice that the default learnt from shows surprise."""


def measure(predictor: Predictor, known: Mapping[str, Corpus], work: Path) -> dict[str, Any]:
    """All figures, by corpus."""
    measured: dict[str, Any] = {}
    for name in ("ravdess", "emotale", "meld"):
        corpus = known[name]
        for language in sorted(set(corpus.language)):
            rows = np.flatnonzero(corpus.language == language)
            store = store_of(corpus, rows, work / f"measure-{name}-{language}")
            for adapt in (False, True) if corpus.modality == "audio" else (False,):
                key = f"{name} ({language}){' adapted' if adapt else ''}"
                measured[key] = figures(predictor, store, corpus.presence[rows], adapt)
    for name in ("goemotions", "xed", "ferplus"):
        corpus = known[name]
        rows = corpus.in_split("test")
        store = store_of(corpus, rows, work / f"measure-{name}")
        measured[f"{name} test"] = figures(predictor, store, corpus.presence[rows], adapt=False)
    store, presence = paired(known, work / "measure-paired")
    measured["paired"] = {"all": figures(predictor, store, presence, adapt=False)}
    for modality in MODALITIES:
        hidden = frozenset(MODALITIES) - {modality}
        probability = predictor.networks_on(store).without(np.arange(len(store)), hidden).probability
        scored = Scored(probability, presence, store.table.clip, SIX, split="test")
        measured["paired"][f"{modality} alone"] = {"map": mean_average_precision(scored)}
    return measured


def figures(predictor: Predictor, store: FeatureStore, presence: np.ndarray, adapt: bool) -> dict[str, float]:
    """Of one corpus."""
    answers = predictor.predict(store, options=PredictOptions(recall=0.9, adapt=adapt))
    half = predictor.predict(store, options=PredictOptions(coverage=0.5, adapt=adapt))
    offered = (presence == 1).any(axis=0)
    emotions = tuple(name for name, there in zip(SIX, offered, strict=True) if there)
    scored = Scored(answers.probability[:, offered], presence[:, offered], store.table.clip, emotions, split="test")
    known, present = scored.known, scored.presence == 1
    aurocs = [roc_auc_score(p[k], q[k]) for p, q, k in zip(present.T, scored.probability.T, known.T, strict=True)]
    assert answers.label_set is not None and half.abstained is not None
    sets, wrong = answers.label_set[:, offered], (answers.label[:, offered] != present) & known
    labelled = (present & known).any(axis=1)
    recalls = (sets & present).sum(axis=1)[labelled] / present.sum(axis=1)[labelled]
    answering = ~half.abstained[:, offered] & known
    none_shows = (known & ~present).all(axis=1)
    return {
        "n": len(present),
        "emotions": len(emotions),
        "auroc": float(np.mean(aurocs)),
        WITHOUT_SURPRISE: float(
            np.mean([value for name, value in zip(emotions, aurocs, strict=True) if name != "surprise"])
        ),
        "map": mean_average_precision(scored),
        "map_of_constants": float(np.mean([p[k].mean() for p, k in zip(present.T, known.T, strict=True)])),
        "f1_micro": micro_f1(scored.presence, answers.label[:, offered]),
        NAMED_WHERE_NONE_SHOWS: float(answers.label[none_shows][:, offered].any(axis=1).mean()),
        "ece": calibration_error(scored.probability[known], present[known], "equal_mass"),
        "recall_sets_of_.9_keep": float(recalls.mean()),
        "share_of_the_emotions_in_them": float(sets.mean()),
        "error_at_coverage_.5": float(wrong[answering].mean()) if answering.any() else float("nan"),
        "coverage_reached": float(answering[known].mean()),
        "error_at_coverage_1": float(wrong[known].mean()),
    }


def paired(known: Mapping[str, Corpus], place: Path) -> tuple[FeatureStore, np.ndarray]:
    """RAVDESS voice, FER+ test photo and GoEmotions test comment with the same of the six, 2,000 drawn by seed 0."""
    from benchmarks.train_default import by_label_set

    rng = np.random.default_rng(0)
    parts = {"text": known["goemotions"], "audio": known["ravdess"], "visual": known["ferplus"]}
    rows = {
        name: np.arange(len(corpus.presence)) if name == "audio" else corpus.in_split("test")
        for name, corpus in parts.items()
    }
    by_labels = {name: by_label_set(corpus, rows[name]) for name, corpus in parts.items()}
    common = sorted(set.intersection(*(set(kinds) for kinds in by_labels.values())))
    drawn = [common[int(n)] for n in rng.integers(len(common), size=PAIRED)]
    chosen = {name: [int(rng.choice(by_labels[name][kind])) for kind in drawn] for name in parts}
    presence = np.array(drawn, dtype=float)
    if not place.exists():
        description = StoreDescription(SIX, {name: corpus.feature for name, corpus in parts.items()}, 0.5)
        with writing_store(place, description) as writer:
            for n in range(PAIRED):
                features = {name: corpus.steps(chosen[name][n]) for name, corpus in parts.items()}
                writer.add(ClipRow(f"{n:06d}", "test", presence[n].tolist()), features)
    return FeatureStore(place), presence
