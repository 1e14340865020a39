"""The decision of the packaged default, fitted on answers *across* corpora: on clips and speakers that a training did not see.

Lines of film are answered by a training without XED, comments by one without GoEmotions, each speaker of EMO-DB by a training
without them (it is the only corpus of voices that may be shipped, so a corpus of voices cannot be left out), as recorded and as eight
changed copies, which stand in for other rooms and microphones (benchmarks/voice_shift.py). Faces have one
corpus: valid photos of FER+, said so. As many clips of each; what is fitted is kept only where it is better than none on
the corpus that its fitting left out. Label sets promise their recall for a speaker or corpus that is new, as every clip of a
user is: ten speakers and three corpora are what they rest on, not 11,080 clips.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.default_corpora import SIX, Corpus
from lddu.decide.conformal import fit_recall_sets
from lddu.decide.decision import FittedDecision, fit_decision
from lddu.decide.recalibrate import Method, fit_recalibration, identity
from lddu.decide.threshold import ThresholdRule
from lddu.evaluate.metrics import negative_log_likelihood
from lddu.evaluate.scored import Scored, Validation
from lddu.models.networks import Inference, Networks
from lddu.runs.figures import uncertainty_scores
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.member import reader_of

CANDIDATES: tuple[Method, ...] = ("identity", "temperature", "platt", "platt_per_emotion")


@dataclass(frozen=True, eq=False)
class Pool:
    """Clips of one corpus and the answers of a training that did not see them.

    Attributes:
        name: of the corpus.
        scored: probabilities as predicted, and presence.
        scores: uncertainty scores of the network.
        shares: [N, 6] of raters.
        unit: [N] the speaker, else the corpus.
    """

    name: str
    scored: Scored
    scores: Mapping[str, np.ndarray]
    shares: np.ndarray
    unit: np.ndarray

    def rows(self, rows: np.ndarray) -> "Pool":
        """A part."""
        scores = {name: values[rows] for name, values in self.scores.items()}
        return Pool(self.name, self.scored.rows(rows), scores, self.shares[rows], self.unit[rows])


@dataclass(frozen=True, eq=False)
class Decided:
    """The decision, and the record of its fit."""

    decision: FittedDecision
    record: dict[str, Any]


def fit_default_decision(
    runs: Mapping[str, RunFolder], plans: Sequence[Any], known: Mapping[str, Corpus], work: Path
) -> Decided:
    """Fit it."""
    xed, goemotions = known["xed"], known["goemotions"]
    pools = [
        answered("xed", runs["without-xed"], xed, xed.in_split("valid"), work),
        answered("goemotions", runs["without-goemotions"], goemotions, goemotions.in_split("valid"), work),
        answered("ferplus", runs["all"], known["ferplus"], known["ferplus"].in_split("valid"), work),
        joined(
            [
                answered(name, runs[plan.name], known[name], spoken_by(known[name], plan.speakers_out), work)
                for plan in plans
                for name in ("emodb", "emodb-shifted")
            ]
        ),
    ]
    least = min(len(pool.scored.clips) for pool in pools)
    rng = np.random.default_rng(0)
    equal = [pool.rows(np.sort(rng.permutation(len(pool.scored.clips))[:least])) for pool in pools]
    left_out = {method: left_out_nll(equal, method) for method in CANDIDATES}
    method = min(CANDIDATES, key=lambda name: left_out[name]["mean"])
    whole = joined(equal)
    names, unit = np.unique(whole.unit, return_inverse=True)
    validation = Validation(whole.scored)
    decision = fit_decision(validation, ThresholdRule("global", "f1_micro"), method, whole.scores, whole.shares)
    tried: dict[str, float] = {name: losses["mean"] for name, losses in left_out.items()}
    decision = replace(
        decision,
        recalibration=replace(decision.recalibration, left_out_nll=tried),
        recall_sets=fit_recall_sets(validation, units=unit),
    )
    record = {
        "clips_of_each_corpus": least,
        "corpora": [pool.name for pool in equal],
        "nll_on_the_corpus_left_out": left_out,
        "recall_promised_for_new": names.tolist(),
        "recalibration": method,
        "threshold": decision.thresholds[0],
    }
    return Decided(decision, record)


def spoken_by(voices: Corpus, speakers: Sequence[str]) -> np.ndarray:
    """Rows of these speakers."""
    return np.flatnonzero(np.isin(voices.group, speakers))


def left_out_nll(pools: Sequence[Pool], method: Method) -> dict[str, float]:
    """Negative log-likelihood on each corpus after a recalibration fitted on the others."""
    losses = {}
    for pool in pools:
        others = joined([other for other in pools if other is not pool])
        map_ = identity(len(SIX)) if method == "identity" else fit_recalibration(Validation(others.scored), method)
        after = pool.scored.with_probability(map_.apply(pool.scored.probability))
        losses[pool.name] = negative_log_likelihood(after.presence[after.known] == 1, after.probability[after.known])
    return {**losses, "mean": float(np.mean(list(losses.values())))}


def joined(pools: Sequence[Pool]) -> Pool:
    """Several as one."""
    scored = Scored(
        np.concatenate([pool.scored.probability for pool in pools]),
        np.concatenate([pool.scored.presence for pool in pools]),
        np.concatenate([pool.scored.clips for pool in pools]),
        SIX,
        split="valid",
    )
    scores = {name: np.concatenate([pool.scores[name] for pool in pools]) for name in pools[0].scores}
    shares, unit = (
        np.concatenate(column) for column in zip(*((pool.shares, pool.unit) for pool in pools), strict=True)
    )
    return Pool(pools[0].name, scored, scores, shares, unit)


def answered(name: str, run: RunFolder, corpus: Corpus, rows: np.ndarray, work: Path) -> Pool:
    """Answers of a run on some clips."""
    store = store_of(corpus, rows, work / f"ask-{name}-{run.path.name}")
    inference = inferred(run, store)
    clips = np.array([f"{name}-{row}" for row in rows], dtype=object)
    scored = Scored(inference.probability, corpus.presence[rows], clips, SIX, split="valid")
    unit = np.array([str(speaker) or name for speaker in corpus.group[rows]])
    return Pool(name, scored, uncertainty_scores(inference), corpus.shares[rows], unit)


def inferred(run: RunFolder, store: FeatureStore) -> Inference:
    """Raw answers of a run on all clips of a store."""
    description = run.description
    network = run.load_model(torch.device("cpu"))
    return Networks([network], reader_of(description, store)).infer(np.arange(len(store)))


def store_of(corpus: Corpus, rows: np.ndarray, place: Path) -> FeatureStore:
    """A store of these clips."""
    if not place.exists():
        description = StoreDescription(SIX, {corpus.modality: corpus.feature}, 0.5)
        with writing_store(place, description) as writer:
            for n, row in enumerate(rows):
                shares = [None if np.isnan(share) else float(share) for share in corpus.presence[row]]
                clip = ClipRow(f"{n:06d}", "test", shares, group=str(corpus.group[row]))
                writer.add(clip, {corpus.modality: corpus.steps(row)})
    return FeatureStore(place)
