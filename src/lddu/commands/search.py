"""`lddu search`: settings that do well on validation."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from lddu.commands.settings import NOTHING_SAID, SettingOptions, chosen_config, given

if TYPE_CHECKING:
    from lddu.training.search import SearchResult
    from lddu.training.search_journal import Trial

SHOWN_TRIALS = 20
Flag = Parameter(negative=())


def search(
    store: str,
    *,
    trials: int,
    out: Path | None = None,
    preset: str | None = None,
    config: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
    ray: str | None = None,
    json: Annotated[bool, Flag] = False,
    settings: SettingOptions = NOTHING_SAID,
) -> None:
    """Search for settings: each trial trains on the split train and is judged on valid by micro-F1; test is not looked at.

    A setting that you give, here or in the file, stays as it is; the others are searched. Hopeless trials are given up
    early. The same command goes on with a search that was stopped; started several times, also on several machines that
    share the folder, the trials are divided. Writes best.toml for 'lddu train --config'.

    Parameters
    ----------
    store
        Feature store, a folder or a URL.
    trials
        How many trials the search shall have in the end, those of earlier sittings included.
    out
        The search's folder; searches/TIME where left out.
    preset
        "default" or "paper": the settings that the first trial has, and that are not searched.
    config
        TOML file of settings, laid over the preset.
    seed
        Seed of the proposals and of each trial's network.
    device
        "auto", "cpu", "cuda" or "cuda:N".
    jobs
        Trials at once, each in a process of its own on $OMP_NUM_THREADS threads, or one.
    ray
        Train the trials on a Ray cluster whose machines share the store and --out: HOST:PORT, "auto" for the cluster that
        this machine belongs to, or "local" to start one here (docs/scale.md). By default as many at once as it has
        processors for, or GPUs.
    json
        Print all trials as JSON.
    """
    from lddu.commands.lanes import chosen_lanes
    from lddu.commands.screen import notes, print_json
    from lddu.commands.search_progress import SearchProgress
    from lddu.features.store import FeatureStore

    base = chosen_config(preset, config, settings)
    folder = out or Path("searches") / time.strftime("%Y-%m-%d-%H%M%S")
    corpus = FeatureStore(store)
    notes().print("loading the numerical libraries", style="dim")
    from lddu.training.search import SearchOptions
    from lddu.training.search import search as look
    from lddu.training.search_space import SPACE

    fixed = given(config, settings)
    space = tuple(part for part in SPACE if part.setting not in fixed)
    notes().print(f"search folder: {folder}", markup=False)
    options = SearchOptions(trials, seed, device, space)
    with chosen_lanes(ray, jobs, device) as lanes, SearchProgress() as watch:
        try:
            found = look(corpus, folder, options, base, watch, lanes)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Stopped. The trials so far are in {folder}; the same command with --out {folder} goes on."
            ) from None
    if json:
        print_json(_plain(found))
    else:
        _show(found)


def _plain(found: "SearchResult") -> dict[str, Any]:
    best = found.trials[0]
    told = {"search": str(found.path), "judged_by": "f1_micro on valid", "best": best.number}
    return {**told, "config": found.best.to_mapping(), "trials": [asdict(trial) for trial in found.trials]}


def _show(found: "SearchResult") -> None:
    from lddu.commands.screen import results, table

    grid = table("micro-F1 on valid, best first", "trial", "", "micro-F1", "epochs", "seconds", "settings")
    grid.columns[-1].justify, grid.columns[-1].overflow = "left", "fold"
    for trial in found.trials[:SHOWN_TRIALS]:
        score = "–" if trial.f1_micro is None else f"{trial.f1_micro:.4f}"
        grid.add_row(str(trial.number), trial.state, score, str(trial.epochs), f"{trial.seconds:.0f}", _told(trial))
    results().print(grid)
    left = len(found.trials) - SHOWN_TRIALS
    if left > 0:
        results().print(f"{left} more trials: --json gives all", style="dim")
    results().print(f"train with: lddu train STORE --config {found.path / 'best.toml'}", markup=False, soft_wrap=True)


def _told(trial: "Trial") -> str:
    def short(value: Any) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return trial.fault or " ".join(f"{name.partition('.')[2]}={short(v)}" for name, v in trial.settings.items())
