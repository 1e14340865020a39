"""Train the default that comes with the package: `python -m benchmarks.train_default DATA --work FOLDER --out RUN`.

DATA holds `words`, `voices`, `faces` and `meld_dev`, which only measures; WORK keeps features and trainings, so that the same command goes on after an
interruption; RUN becomes the run folder (benchmarks/default_decision.py fits its decision, default_figures.py measures it).
FOLDS, made by benchmarks/train_expression.py, holds what the expression network reads of every photo, out of fold.

The corpora have one modality each (benchmarks/default_corpora.py) and are joined: each counts equally, and clips of single
modalities are paired by their labels into clips of two and three. Speakers of EMO-DB stand in for strangers' voices.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.default_corpora import MODALITIES, SIX, Corpus, corpora
from benchmarks.default_decision import fit_default_decision
from benchmarks.default_figures import measure
from benchmarks.default_package import about, package
from lddu.models.families import preset
from lddu.pages.report import write_report
from lddu.runs.about import write_about
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train_or_resume

SEED = 0
PER_CORPUS = 40_000
"""Clips that each corpus gives to training, drawn with replacement where it has fewer."""

VOICE_NOISE = 2.5
"""Deviations of the noise on voices each time one is drawn: a few hundred clips would be learnt by heart otherwise."""

PAIRS = 20_000
VALID_PER_CORPUS = 1500
TEST_PER_CORPUS = 2500
"""Clips of the official test splits that the run's own report is about; voices have none."""

COMBINATIONS = (("text", "audio"), ("text", "visual"), ("audio", "visual"), ("text", "audio", "visual"))
SETTINGS = {
    "model": {"mean_of": "audio,visual", "shallow_networks": 0},
    "objective": {"contrastive_weight": 0.0},
    "training": {"feature_noise": 0.15, "epochs": 3, "patience": 3, "shuffle": "clips"},
}


@dataclass(frozen=True)
class Plan:
    """What one training sees: the corpora by name, and the speakers of EMO-DB that are left out."""

    name: str
    words: tuple[str, ...]
    speakers_out: tuple[str, ...]


SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")
PLANS = (
    Plan("all", ("goemotions", "xed"), ("15", "16")),
    Plan("without-xed", ("goemotions",), ("03", "08", "09")),
    Plan("without-goemotions", ("xed",), ("10", "11", "12")),
    Plan("other-speakers", ("goemotions", "xed"), ("13", "14")),
)
"""The first is shipped; the others answer on corpora and speakers that they did not see, for the decision."""


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=Path, required=True, help="folder with out_of_fold.npz")
    parser.add_argument("--work", type=Path, default=Path("runs/default"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--measure", action="store_true", help="only measure the run that is there, and write its card and report"
    )
    options = parser.parse_args()
    if options.measure:
        known = corpora(options.data, options.folds, options.work, only_test=True)
        report(RunFolder(options.out), known, options.work, {})
        return
    began = time.monotonic()
    known = corpora(options.data, options.folds, options.work)
    runs = {plan.name: trained(plan, known, options.work) for plan in PLANS}
    print(f"trainings are there after {time.monotonic() - began:.0f} s", flush=True)
    decided = fit_default_decision(runs, PLANS, known, options.work)
    report(package(runs["all"], decided, options.out), known, options.work, {"decision": decided.record})


def report(folder: RunFolder, known: dict[str, Corpus], work: Path, decided: Mapping[str, object]) -> None:
    """Measure the run, and write the figures to its card, its report and `figures.json`."""
    measured = measure(Predictor(folder.path), known, work)
    write_about(folder, about(measured))
    write_report(folder)
    text = json.dumps({**decided, **measured}, indent=1)
    (work / "figures.json").write_text(text + "\n")
    print(text)


def trained(plan: Plan, known: dict[str, Corpus], work: Path) -> RunFolder:
    """The training of a plan, gone on with where it was stopped."""
    store, out = work / f"store-{plan.name}", work / f"run-{plan.name}"
    if not store.exists():
        join(plan, known, store)
    return train_or_resume(store, out, preset("default", SETTINGS), RunOptions(seed=SEED, baselines=False))


def join(plan: Plan, known: dict[str, Corpus], out: Path) -> None:
    """The joined store of a plan."""
    rng = np.random.default_rng(SEED)
    seen = {name: held_out(known[name], plan) for name in (*plan.words, "emodb", "ferplus")}
    corpus_of = {
        name: known["ferplus" if name == "visual" else "emodb" if name == "audio" else "xed"] for name in MODALITIES
    }
    description = StoreDescription(
        emotions=SIX,
        modalities={name: corpus.feature for name, corpus in corpus_of.items()},
        present_at=0.5,
        source={"corpora": sorted(seen), "pairs": PAIRS, "left out of training": list(plan.speakers_out)},
    )
    rates = dict.fromkeys(plan.words, mean_rates([seen[name] for name in plan.words]))
    number = 0
    with writing_store(out, description) as writer:
        for split, count in (("train", PER_CORPUS), ("valid", VALID_PER_CORPUS)):
            for name, corpus in seen.items():
                for row in drawn(rng, corpus, corpus.in_split(split), count, rates.get(name)):
                    labels = corpus.presence[row]
                    writer.add(_row(number, split, labels, name), {corpus.modality: features(rng, corpus, row, split)})
                    number += 1
            for parts in pairs(rng, seen, split, PAIRS if split == "train" else VALID_PER_CORPUS, rates):
                steps = {seen[name].modality: features(rng, seen[name], row, split) for name, row in parts}
                labels = np.nanmax(np.stack([seen[name].presence[row] for name, row in parts]), axis=0)
                writer.add(_row(number, split, labels, "+".join(name for name, _ in parts)), steps)
                number += 1
        for name, corpus in seen.items():
            for row in corpus.in_split("test")[:TEST_PER_CORPUS]:
                steps = {corpus.modality: features(rng, corpus, int(row), "test")}
                writer.add(_row(number, "test", corpus.presence[row], name), steps)
                number += 1


def features(rng: np.random.Generator, corpus: Corpus, row: int, split: str) -> np.ndarray:
    """[T, D] of a clip; of a voice to learn from with noise of its own."""
    steps = corpus.steps(row)
    if corpus.modality != "audio" or split != "train":
        return steps
    assert isinstance(corpus.values, np.ndarray)
    noise = VOICE_NOISE * corpus.values.std(axis=0) * rng.standard_normal(steps.shape)
    return np.asarray(steps + noise, np.float32)


def _row(number: int, split: str, labels: np.ndarray, source: str) -> ClipRow:
    shares = [None if np.isnan(share) else float(share) for share in labels]
    return ClipRow(f"{number:06d}", split, shares, carried={"_source": source})


def held_out(corpus: Corpus, plan: Plan) -> Corpus:
    """The corpus with the plan's speakers as `valid` and its others as `train`, where it is that of voices."""
    if corpus.name != "emodb":
        return corpus
    out = np.isin(corpus.group, plan.speakers_out)
    return replace(corpus, split=np.where(out, "valid", "train"))


def drawn(
    rng: np.random.Generator, corpus: Corpus, rows: np.ndarray, count: int, rates: np.ndarray | None
) -> np.ndarray:
    """[count] rows, each as often as its weight says, rounded up or down (systematic resampling): none is left out by chance.

    With `rates`, weights under which emotions are as frequent as they say.
    """
    rows = rng.permutation(rows)
    weights = np.full(len(rows), 1 / len(rows)) if rates is None else weights_for(corpus.presence[rows], rates)
    points = (np.arange(count) + rng.random()) / count
    return np.sort(rows[np.minimum(np.searchsorted(np.cumsum(weights), points, side="right"), len(rows) - 1)])


def mean_rates(known: Sequence[Corpus]) -> np.ndarray:
    """[E] how often an emotion is shown in training, mean over corpora of one modality.

    They are drawn to the same rates: a network that can tell comments from lines of film would else read off the one how
    frequent disgust is in the other.
    """
    return np.asarray(np.mean([corpus.presence[corpus.in_split("train")].mean(axis=0) for corpus in known], axis=0))


def weights_for(presence: np.ndarray, rates: np.ndarray, rounds: int = 200) -> np.ndarray:
    """[N] weights of clips, adding up to 1, under which each emotion of [N, E] has its rate (iterative proportional fitting)."""
    weights = np.full(len(presence), 1 / len(presence))
    offered = np.flatnonzero(~np.isnan(presence).all(axis=0))
    for _ in range(rounds):
        for emotion in offered:
            present = presence[:, emotion] == 1
            now = weights[present].sum()
            weights = weights * np.where(present, rates[emotion] / now, (1 - rates[emotion]) / (1 - now))
    return np.asarray(weights / weights.sum())


def pairs(
    rng: np.random.Generator, seen: dict[str, Corpus], split: str, count: int, rates: Mapping[str, np.ndarray]
) -> list[list[tuple[str, int]]]:
    """Clips of several modalities, each part of another corpus and all showing the same of the emotions that they know.

    The first part is drawn as single clips of its corpus are, so that emotions are no more frequent among pairs: what a voice alone
    cannot know is learnt from pairs whose other parts are hidden, and would else be far too likely.
    """
    by_modality = {
        modality: [name for name, corpus in seen.items() if corpus.modality == modality] for modality in MODALITIES
    }
    offered = {name: ~np.isnan(corpus.presence).all(axis=0) for name, corpus in seen.items()}
    by_labels = {name: by_label_set(corpus, corpus.in_split(split)) for name, corpus in seen.items()}
    first = {
        name: iter(rng.permutation(drawn(rng, corpus, corpus.in_split(split), 10 * count, rates.get(name))).tolist())
        for name, corpus in seen.items()
    }
    drawn_pairs: list[list[tuple[str, int]]] = []
    while len(drawn_pairs) < count:
        names = [str(rng.choice(by_modality[m])) for m in COMBINATIONS[int(rng.integers(len(COMBINATIONS)))]]
        whole = next(name for name in names if offered[name].all())
        row = next(first[whole])
        present = seen[whole].presence[row] == 1
        kind = {name: tuple(present[offered[name]].tolist()) for name in names}
        if all(kind[name] in by_labels[name] for name in names):
            drawn_pairs.append(
                [(name, row if name == whole else int(rng.choice(by_labels[name][kind[name]]))) for name in names]
            )
    return drawn_pairs


def by_label_set(corpus: Corpus, rows: np.ndarray) -> dict[tuple[bool, ...], np.ndarray]:
    """Which of the emotions that the corpus offers are shown -> rows."""
    present = corpus.presence[rows][:, ~np.isnan(corpus.presence).all(axis=0)] == 1
    kinds, place = np.unique(present, axis=0, return_inverse=True)
    return {tuple(kind.tolist()): rows[place.ravel() == n] for n, kind in enumerate(kinds)}


if __name__ == "__main__":
    main()
