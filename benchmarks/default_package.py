"""The packaged default as a run folder: its training concluded with the decision fitted across corpora, and what it learnt from."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.default_decision import Decided
from benchmarks.default_figures import NAMED_WHERE_NONE_SHOWS, WITHOUT_SURPRISE
from lddu.models.networks import Networks
from lddu.runs.about import About, Measured
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.conclude import Cost, Ending, conclude
from lddu.training.member import reader_of

FILES = ("config.json", "model.safetensors", "log.jsonl")
SHOWN = (
    "auroc",
    "map",
    "map_of_constants",
    "f1_micro",
    NAMED_WHERE_NONE_SHOWS,
    "ece",
    "recall_sets_of_.9_keep",
    "share_of_the_emotions_in_them",
)
"""Figures of a corpus that the card has; all stand in benchmarks/results."""

TEXT = Path(__file__).with_name("default_about.json")
"""What the card says beside figures; `summary` has names in braces where figures stand."""

HOW = {
    "ravdess": "voice; acted; never trained on",
    "emotale": "voice; acted; never trained on",
    "meld": "words of a television series; never trained on; labels rest on voice and face too",
    "goemotions": "words; official test split of a corpus that it learnt from",
    "xed": "words; test split of a corpus that it learnt from",
    "ferplus": "faces; official test split of a corpus that it learnt from",
}
TITLES = {
    "ravdess": "RAVDESS",
    "emotale": "EmoTale",
    "meld": "MELD",
    "goemotions": "GoEmotions",
    "xed": "XED",
    "ferplus": "FER+",
}
LANGUAGES = {"en": "English", "da": "Danish"}


def package(run: RunFolder, decided: Decided, out: Path) -> RunFolder:
    """Write the run folder, in place of an older one."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in FILES:
        shutil.copy2(run.path / name, out / name)
    folder, store = RunFolder(out), FeatureStore(run.description.store["path"])
    joined = {
        "path": "joined",
        "manifest_sha256": store.manifest_sha256,
        "source": store.manifest["source"],
        "init_from": None,
    }
    command = "python -m benchmarks.train_default DATA --folds FOLDS --out RUN"
    description = replace(run.description, store=joined, command=command)
    folder.write_json("config.json", description.to_mapping())
    cost = Cost(**run.read_json("metrics.json")["cost"])
    networks = Networks([run.load_model(torch.device("cpu"))], reader_of(description, store))
    conclude(folder, description, store, networks, cost, Ending(baselines=False, decision=decided.decision))
    return folder


def about(measured: Mapping[str, Any]) -> About:
    """What the card says."""
    entries = []
    for key, figures in measured.items():
        if key == "paired":
            continue
        corpus, _, rest = key.partition(" ")
        language = next((name for short, name in LANGUAGES.items() if f"({short})" in rest), "")
        names = (*SHOWN, WITHOUT_SURPRISE) if corpus == "ravdess" else SHOWN
        numbers = {name: round(figures[name], 3) for name in names}
        how = HOW[corpus] + ("; with --adapt" if "adapted" in rest else "")
        entries.append(
            Measured(TITLES[corpus], int(figures["n"]), numbers, f"{language} speakers" if language else "", how)
        )
    paired = measured["paired"]
    maps = {f"map, {name}": round(float(part["map"]), 3) for name, part in paired.items()}
    how = (
        "RAVDESS voice, FER+ photo and GoEmotions comment with the same labels; an upper bound, since pairing by labels makes "
        "their errors independent"
    )
    entries.append(Measured("paired clips", int(paired["all"]["n"]), maps, "", how))
    text = About.from_mapping(json.loads(TEXT.read_text(encoding="utf-8")))
    return replace(text, summary=text.summary.format(**in_words(measured)), measured=tuple(entries))


def in_words(measured: Mapping[str, Any]) -> dict[str, str]:
    """The figures of the summary: of voices the range over languages, as recorded and with --adapt."""
    voices = {key: figures for key, figures in measured.items() if key.startswith(("ravdess", "emotale"))}

    def spread(name: str, adapted: bool) -> str:
        values = [figures[name] for key, figures in voices.items() if key.endswith("adapted") is adapted]
        least, most = (f"{value:.2f}".lstrip("0") for value in (min(values), max(values)))
        return least if least == most else f"{least} to {most}"

    def one(key: str, name: str) -> str:
        return f"{measured[key][name]:.2f}".lstrip("0")

    return {
        "voices_auroc": spread(WITHOUT_SURPRISE, adapted=False),
        "voices_ece": spread("ece", adapted=False),
        "voices_ece_adapted": spread("ece", adapted=True),
        "voices_sets": spread("recall_sets_of_.9_keep", adapted=False),
        "voices_sets_adapted": spread("recall_sets_of_.9_keep", adapted=True),
        "words_auroc": one("meld (en)", "auroc"),
        "words_named": one("meld (en)", NAMED_WHERE_NONE_SHOWS),
        "comments_auroc": one("goemotions test", "auroc"),
        "comments_named": one("goemotions test", NAMED_WHERE_NONE_SHOWS),
    }
