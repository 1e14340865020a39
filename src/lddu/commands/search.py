"""`lddu search`: settings that do well on validation."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from lddu.commands.options import Flag, Output, parsed_names
from lddu.commands.settings import NO_SETTINGS, SettingOptions, chosen_config, given

if TYPE_CHECKING:
    from lddu.training.search.journal import Trial
    from lddu.training.search.search import SearchResult

SHOWN_TRIALS = 20
_NAMES = {"f1": "micro-F1", "f1_map": "mean of micro-F1 and mAP"}
EXAMPLES = """Examples:
  lddu search store --trials 50 --out search
  lddu search store --trials 50 --out quick --training.epochs 20
  lddu train store --config search/best.toml --out best-run"""


def search(
    store: str,
    /,
    *,
    trials: int,
    family: str | None = None,
    preset: str | None = None,
    config: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    modalities: str | None = None,
    jobs: int | None = None,
    ray: str | None = None,
    out: Annotated[Path | None, Output] = None,
    json: Annotated[bool, Flag, Output] = False,
    settings: SettingOptions = NO_SETTINGS,
) -> None:
    """Search for better settings on the validation split.

    Each trial trains on the split train and is judged on valid by the score that chooses the checkpoint
    (training.checkpoint); test is not used. A setting that you give, as an option or in the file, is not searched. Poor
    trials are stopped early. The same command continues a search that was stopped; several such commands, on one machine
    or on several that share the folder, divide the trials. The result is best.toml, for 'lddu train --config'.

    Parameters
    ----------
    store
        Feature store: a folder or a URL.
    trials
        Trials in all, those of an earlier call with the same --out included.
    family
        Kind of model: "lddu" (default), "late-fusion", "beta" (evidential), a published system such as "mult" (docs/own_model.md names all), or one that
        another package registers.
    preset
        "default" or "paper": settings of the first trial, and of what is not searched.
    config
        TOML file of settings, which override the preset.
    seed
        Seed of the proposals and of each trial's network.
    device
        "auto", "cpu", "cuda" or "cuda:N".
    modalities
        Those that the networks may see, such as "text,audio". [default: all of the store]
    jobs
        Trials at once, each in a process of its own on $OMP_NUM_THREADS threads, or one.
    ray
        Train the trials on a Ray cluster whose machines share the store and --out: HOST:PORT, "auto" for the cluster that
        this machine belongs to, or "local" to start one here (docs/scale.md). By default as many at once as it has
        processors for, or GPUs.
    out
        Folder of the search. [default: searches/TIME]
    json
        Print all trials as JSON.
    """
    from lddu.commands.screen import notes, print_json
    from lddu.commands.search_progress import SearchProgress
    from lddu.commands.workers import chosen_workers
    from lddu.models.families import family_of
    from lddu.store.store import FeatureStore

    base = chosen_config(preset, config, settings, family)
    folder = out or Path("searches") / time.strftime("%Y-%m-%d-%H%M%S")
    corpus = FeatureStore(store)
    notes().print("loading the numerical libraries", style="dim")
    from lddu.training.search.search import SearchOptions
    from lddu.training.search.search import search as look
    from lddu.training.search.space import space_of

    fixed = given(config, settings)
    space = tuple(part for part in space_of(family_of(base.family)) if part.setting not in fixed)
    options = SearchOptions(trials, seed, device, base.family, space, parsed_names(modalities))
    notes().print(f"search folder: {folder}", markup=False)
    with chosen_workers(ray, jobs, device) as workers, SearchProgress() as watch:
        try:
            result = look(corpus, folder, options, base, watch, workers)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Stopped. The trials so far are in {folder}; the same command with --out {folder} goes on."
            ) from None
    if json:
        print_json(_plain(result))
    else:
        _show(result, modalities)


def _plain(result: "SearchResult") -> dict[str, Any]:
    best = result.trials[0]
    summary = {"search": str(result.path), "judged_by": f"{_NAMES[result.judged_by]} on valid", "best": best.number}
    return {**summary, "config": result.best.to_mapping(), "trials": [asdict(trial) for trial in result.trials]}


def _show(result: "SearchResult", modalities: str | None) -> None:
    from lddu.commands.screen import results, table

    grid = table(
        f"{_NAMES[result.judged_by]} on valid, best first",
        "trial",
        "",
        "score",
        "micro-F1",
        "epochs",
        "seconds",
        "settings",
    )
    grid.columns[-1].justify, grid.columns[-1].overflow = "left", "fold"
    for trial in result.trials[:SHOWN_TRIALS]:
        scores = ["–" if score is None else f"{score:.4f}" for score in (trial.score, trial.f1_micro)]
        grid.add_row(
            str(trial.number), trial.state, *scores, str(trial.epochs), f"{trial.seconds:.0f}", _changes(trial)
        )
    results().print(grid)
    left = len(result.trials) - SHOWN_TRIALS
    if left > 0:
        results().print(f"{left} more trials: --json gives all", style="dim")
    seen = f" --modalities {modalities}" if modalities else ""
    results().print(
        f"train with: lddu train STORE{seen} --config {result.path / 'best.toml'}", markup=False, soft_wrap=True
    )


def _changes(trial: "Trial") -> str:
    def short(value: Any) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return trial.fault or " ".join(f"{name.partition('.')[2]}={short(v)}" for name, v in trial.settings.items())
