"""What voices that may not be shipped would add to those that may: `python -m benchmarks.research_voices VOICES`.

VOICES is a folder with `means.npz` and a table per corpus, as `benchmarks/adapt.py` reads them. Logistic regression learns from EMO-DB, from
RAVDESS (not for products) or from both, corpora equal, and is measured on EmoTale, from which nobody learns. Prints the table of
docs/decisions/research_run.md: mean one-against-rest AUROC of anger, happiness and sadness, which all three act.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.adapt import Clips, by_speaker, centred, read

ACTED = ("anger", "happy", "sad")
LEARNT = {"EMO-DB": ("emodb",), "RAVDESS": ("ravdess",), "both": ("emodb", "ravdess")}
LANGUAGES = {"emodb": "de", "ravdess": "en"}
MEASURED = {"EmoTale, English": "en", "EmoTale, Danish": "da"}


def aurocs(train: list[Clips], test: Clips, per_speaker: bool) -> list[float]:
    """AUROC on `test` of each emotion, learnt from several corpora that count equally."""
    features = [by_speaker(clips, centred) if per_speaker else clips.features for clips in train]
    shown = by_speaker(test, centred) if per_speaker else test.features
    weights = np.concatenate([np.full(len(x), 1 / len(x)) for x in features])
    learnt = np.concatenate(features)
    mean, deviation = learnt.mean(axis=0), learnt.std(axis=0)
    reached = []
    for emotion in ACTED:
        target = np.concatenate([clips.acted == emotion for clips in train])
        model = LogisticRegression(C=0.003, class_weight="balanced", max_iter=3000)
        model.fit((learnt - mean) / deviation, target, sample_weight=weights / weights.mean())
        reached.append(float(roc_auc_score(test.acted == emotion, model.decision_function((shown - mean) / deviation))))
    return reached


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path)
    voices = parser.parse_args().voices
    corpora = {name: read(voices, name, language) for name, language in LANGUAGES.items()}
    tests = {name: read(voices, "emotale", language) for name, language in MEASURED.items()}
    print(f"| learnt from | {' | '.join(tests)} | {' | '.join(f'{name}, per speaker' for name in tests)} |")
    print("|---|" + "---|" * 2 * len(tests))
    for name, learnt in LEARNT.items():
        train = [corpora[corpus] for corpus in learnt]
        cells = [np.mean(aurocs(train, test, per)) for per in (False, True) for test in tests.values()]
        print(f"| {name} | {' | '.join(f'{cell:.3f}'.lstrip('0') for cell in cells)} |")


if __name__ == "__main__":
    main()
