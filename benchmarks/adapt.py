"""What matching a corpus to that of training is worth: `python benchmarks/adapt.py VOICES`.

VOICES is a folder with `means.npz` (`clip`, `layer2` [N, 384]) and, per corpus, `clips.csv` (clip, group, `_acted`, `_language`).
Logistic regression learns from EMO-DB; labels of the others are used to measure alone. Prints the table of
docs/decisions/adapt.md: mean one-against-rest AUROC / unweighted recall over the classes that both corpora act.
"""

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score, roc_auc_score

MEASURED = {"RAVDESS": ("ravdess", "en"), "EmoTale, English": ("emotale", "en"), "EmoTale, Danish": ("emotale", "da")}


@dataclass(frozen=True)
class Clips:
    """Features, in deviations of EMO-DB from its mean, acted emotions and speakers of N clips."""

    features: np.ndarray
    acted: np.ndarray
    speaker: np.ndarray

    def rows(self, chosen: np.ndarray) -> "Clips":
        """Some of them."""
        return Clips(self.features[chosen], self.acted[chosen], self.speaker[chosen])


Match = Callable[[np.ndarray], np.ndarray]


def centred(features: np.ndarray) -> np.ndarray:
    """Mean 0, as in training."""
    return np.asarray(features - features.mean(axis=0))


def standardised(features: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1, as in training."""
    return np.asarray(centred(features) / (features.std(axis=0) + 1e-9))


def by_speaker(clips: Clips, match: Match) -> np.ndarray:
    """Each speaker's clips matched by themselves."""
    matched = clips.features.copy()
    for speaker in np.unique(clips.speaker):
        rows = clips.speaker == speaker
        matched[rows] = match(clips.features[rows])
    return matched


def read(folder: Path, corpus: str, language: str) -> Clips:
    """The clips of a corpus in one language, features as they are."""
    means = np.load(folder / "means.npz")
    row_of = {clip: row for row, clip in enumerate(means["clip"].tolist())}
    with (folder / corpus / "clips.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["_language"] == language]
    features = means["layer2"][[row_of[row["clip"]] for row in rows]].astype(np.float64)
    return Clips(features, np.array([row["_acted"] for row in rows]), np.array([row["group"] for row in rows]))


def scores(train: Clips, test: Clips, features: np.ndarray) -> str:
    """AUROC / unweighted recall on the classes that both act."""
    classes = sorted(set(train.acted) & set(test.acted))
    learnt, measured = train.rows(np.isin(train.acted, classes)), np.isin(test.acted, classes)
    model = LogisticRegression(C=0.003, class_weight="balanced", max_iter=3000).fit(learnt.features, learnt.acted)
    probability, acted = model.predict_proba(features[measured]), test.acted[measured]
    auroc = np.mean([roc_auc_score(acted == name, probability[:, k]) for k, name in enumerate(model.classes_)])
    recall = recall_score(acted, model.classes_[probability.argmax(axis=1)], average="macro")
    return f"{auroc:.3f} / {recall:.3f}".replace("0.", ".")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path)
    folder = parser.parse_args().voices
    raw = read(folder, "emodb", "de")
    mean, deviation = raw.features.mean(axis=0), raw.features.std(axis=0) + 1e-9
    train = Clips((raw.features - mean) / deviation, raw.acted, raw.speaker)
    print(
        "| measured on | as it is | mean, all clips | mean, per speaker | mean and deviation, all clips | per speaker |"
    )
    print("|---|---|---|---|---|---|")
    for name, (corpus, language) in MEASURED.items():
        corpus_clips = read(folder, corpus, language)
        test = Clips((corpus_clips.features - mean) / deviation, corpus_clips.acted, corpus_clips.speaker)
        ways = [
            test.features,
            centred(test.features),
            by_speaker(test, centred),
            standardised(test.features),
            by_speaker(test, standardised),
        ]
        print(f"| {name} | {' | '.join(scores(train, test, features) for features in ways)} |")


if __name__ == "__main__":
    main()
