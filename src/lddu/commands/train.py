"""`lddu train`: from a store to a finished run folder."""

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from lddu.commands.settings import NOTHING_SAID, SettingOptions, chosen_config

Flag = Parameter(negative=())


def train(
    store: str | None = None,
    *,
    preset: str | None = None,
    out: Path | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    config: Path | None = None,
    resume: Path | None = None,
    init_from: Path | None = None,
    device: str = "auto",
    force: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag] = False,
    settings: SettingOptions = NOTHING_SAID,
) -> None:
    """Train a model, tune its decision on validation, evaluate it on test, and write the run folder and its report.

    Validation chooses the checkpoint and the threshold; the test split is looked at once, at the end. Ctrl-C keeps
    the best model so far. A killed run goes on with --resume as if it had never stopped.

    Parameters
    ----------
    store
        Feature store to train on, a folder or a URL; without it, a simulated corpus is made and used.
    preset
        "default" (what a user should use) or "paper" (as published).
    out
        Run folder to make; runs/TIME where left out.
    seed
        Seed of the (first) network; 0 where left out.
    seeds
        Train that many networks with consecutive seeds and average them; 1 where left out.
    config
        TOML file of settings, laid over the preset; options below are laid over both.
    resume
        Go on with this run folder. STORE then says where its corpus is now, if it moved.
    init_from
        Start from the weights of this run.
    device
        "auto", "cpu", "cuda" or "cuda:N".
    force
        Replace an existing run folder.
    json
        Print the metrics as JSON.
    """
    from lddu.commands.screen import first_rank, notes, several_ranks
    from lddu.commands.training_progress import TrainingProgress
    from lddu.errors import ConfigError, RunError
    from lddu.features.store import FeatureStore

    if resume is not None:
        others = (preset, config, out, seed, seeds, init_from)
        if force or settings != NOTHING_SAID or any(other is not None for other in others):
            raise ConfigError("Expected --resume alone: a run goes on with its own settings; leave the others out.")
        folder = resume
    else:
        resolved = chosen_config(preset, config, settings)
        folder = out or Path("runs") / time.strftime("%Y-%m-%d-%H%M%S")
        if first_rank() and folder.exists() and not force:
            raise RunError(
                f"Expected {folder} to be free, but it exists; choose another --out, go on with "
                f"'lddu train --resume {folder}', or add --force to replace it."
            )
    if store is None and resume is None and several_ranks():
        raise ConfigError("Expected a STORE for a training on several ranks; make one with 'lddu data simulate' first.")
    if first_rank():
        notes().print("loading the numerical libraries", style="dim")
    from lddu.training.plan import RunOptions
    from lddu.training.run import resume as go_on
    from lddu.training.run import train

    if first_rank():
        notes().print(f"run folder: {folder}", markup=False)
    with TrainingProgress(shown=first_rank()) as watch:
        try:
            if resume is not None:
                run = go_on(resume, FeatureStore(store) if store else None, RunOptions(device=device), watch)
            else:
                options = RunOptions(
                    seed or 0, 1 if seeds is None else seeds, device, force, init_from, _command_line()
                )
                corpus = FeatureStore(store) if store else _simulated(folder.parent)
                run = train(corpus, folder, resolved, options, watch)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_what_is_left(folder)) from None
    if first_rank():
        _show(run.path, json)


def _show(folder: Path, json: bool) -> None:
    from lddu.commands.figures import show_run
    from lddu.commands.screen import print_json
    from lddu.run_folder import RunFolder

    run = RunFolder(folder)
    if json:
        print_json({"run": str(folder), **run.read_json("metrics.json")})
    else:
        show_run(run)


def _simulated(beside: Path) -> Any:
    """The simulated corpus at its default size; made once and found again."""
    from lddu.commands.screen import notes
    from lddu.errors import StoreError
    from lddu.features.simulate import SimulationConfig, simulate
    from lddu.features.store import FeatureStore

    place = beside / "simulated-corpus"
    try:
        store = FeatureStore(place)
    except StoreError:
        notes().print(f"no store was named: making the simulated corpus in {place}", markup=False)
        store = simulate(place, SimulationConfig(), force=place.exists())
    return store


def _command_line() -> str:
    return "lddu " + shlex.join(sys.argv[1:])


def _what_is_left(folder: Path) -> str:
    usable = (folder / "metrics.json").is_file()
    kept = "the best model so far is in it, evaluated on validation only" if usable else "its checkpoints are kept"
    return f"Stopped. {folder} can be used: {kept}; go on with 'lddu train --resume {folder}'."
