"""One folder for several trainings: claimed once, gone on with by the same command, refused to every other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lddu.config import Config
from lddu.errors import MismatchError, RunError, parameter
from lddu.machine.atomic import write_text
from lddu.runs.run_folder import RunFolder
from lddu.sentences import listed
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions, describe
from lddu.training.studies import Study


def begin(out: Path, study: Study, about: Mapping[str, Any], command: str = "") -> None:
    """Write into the folder what its trainings are of; where that was written before, check that it is the same.

    Args:
        out: the folder, which need not be there.
        study: what its trainings are.
        about: plain values that make two studies the same one.
        command: the command line, for the record.

    Raises:
        RunError: where the folder holds something else.
        MismatchError: where it is of other values.
    """
    place = out / study.file
    if out.exists() and not place.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(
            f"Expected {out} to be free or to hold {study.what}, but it is something else; choose another {parameter('out')}."
        )
    if not place.is_file():
        out.mkdir(parents=True, exist_ok=True)
        content = {**about, "command": command} if command else dict(about)
        write_text(place, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return
    recorded = recorded_of(out, study)
    names = [*about, *(name for name in recorded.keys() - about.keys() - {"command"})]
    if differing := [name for name in names if recorded.get(name) != about.get(name)]:
        raise MismatchError(
            f"Expected {out} to hold {study.what} to go on with, but the one that it holds differs in {listed(differing)}; choose another "
            f"{parameter('out')}."
        )


def recorded_of(out: Path, study: Study) -> dict[str, Any]:
    """What was written into the folder of what its trainings are of; empty where nothing was.

    Raises:
        RunError: where it is damaged.
    """
    place = out / study.file
    if not place.is_file():
        return {}
    try:
        recorded = json.loads(place.read_text(encoding="utf-8"))
    except ValueError:
        recorded = None
    if not isinstance(recorded, dict):
        raise RunError(f"Expected JSON in {place}, but it is damaged; choose another {parameter('out')}.")
    return recorded


def refuse_other(path: Path, store: FeatureStore, config: Config, options: RunOptions, whole: str) -> None:
    """Refuse what cannot be trained, and to go on with a run that is of another training.

    Args:
        path: of its folder, which need not be there.
        store: that it should be of.
        config: settings.
        options: seed, members and modalities.
        whole: what the trainings are, for the sentence.

    Raises:
        MismatchError: where it is of another store, other settings, modalities or seeds.
        StoreError: where the store cannot be trained on.
    """
    planned = describe(store, config, options)
    if not (path / "config.json").is_file():
        return
    recorded = RunFolder(path).description
    same = {
        "store": recorded.store["manifest_sha256"] == planned.store["manifest_sha256"],
        "settings": recorded.config == planned.config,
        "modalities": recorded.task == planned.task,
        "seed": (recorded.seed, recorded.members) == (planned.seed, planned.members),
    }
    if differing := [name for name, alike in same.items() if not alike]:
        raise MismatchError(
            f"Expected {path} to be of this {whole}, but its {' and '.join(differing)} differ; choose another {parameter('out')}."
        )
