"""`lddu train`: from a store to a finished run folder."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from lddu.commands.folds import cross_validated, parsed_folds, refuse_resuming_studies
from lddu.commands.options import Flag, OtherRun, Output, command_line, parsed_names
from lddu.commands.settings import NO_SETTINGS, SettingOptions, chosen_config
from lddu.commands.workers import jobs_in
from lddu.runs.taken import refuse_taken

EXAMPLES = """Examples:
  lddu train                               # on the simulated corpus
  lddu train store --out run
  lddu train store --out five --seeds 5    # the mean of five networks
  lddu train store --config settings.toml --training.epochs 20
  lddu train store --family late-fusion    # another kind of model
  lddu train store --modalities text,audio # without the face
  lddu train store --folds 5 --group _speaker --out folds
  lddu train --resume run                  # finish what was stopped"""


def train(
    store: str | None = None,
    /,
    *,
    family: str | None = None,
    preset: str | None = None,
    config: Path | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    device: str = "auto",
    jobs: str = "auto",
    modalities: str | None = None,
    folds: str | None = None,
    group: str | None = None,
    out: Annotated[Path | None, Output] = None,
    force: Annotated[bool, Flag, Output] = False,
    json: Annotated[bool, Flag, Output] = False,
    no_baselines: Annotated[bool, Flag] = False,
    resume: Annotated[Path | None, OtherRun] = None,
    init_from: Annotated[Path | None, OtherRun] = None,
    settings: SettingOptions = NO_SETTINGS,
) -> None:
    """Train a model; write a run folder with its figures and report.

    The validation split chooses checkpoint, threshold and recalibration; the test split is used once, at the end.
    Ctrl-C keeps the best model so far.

    Parameters
    ----------
    store
        Feature store to train on: a folder or a URL. Without it, a simulated corpus is made and used.
    family
        Kind of model: "lddu" (default), "late-fusion", "beta" (evidential), a published system such as "mult" (docs/own_model.md names all), or one that another
        package registers. Its settings are options too: see 'lddu train --family late-fusion --help'.
    preset
        "default" (recommended; the defaults below are its) or "paper" (LDDU as published).
    config
        TOML file of settings. They override the preset, and options override both.
    seed
        Seed of the network, or of the first one. [default: 0]
    seeds
        Train this many networks with consecutive seeds and average them. [default: 1]
    device
        "auto", "cpu", "cuda" or "cuda:N".
    jobs
        Trainings of --seeds or --folds at once, each in a process with its share of the processor: a number, or "auto", as many
        as there are processors (on a GPU 1) and memory for. 1 trains in turn, on all processors.
    modalities
        Those that the network may see, such as "text,audio". [default: all of the store]
    folds
        Cross-validate: make this many folds of whole groups, or "each", a fold of each group. Every fold is tested on once,
        the next one chooses, the others train; --out gets a run folder for each, and their answers together. The same
        command goes on after an interruption.
    group
        Column of the store that names the groups of --folds, such as "_speaker"; "clip" lets each clip go anywhere.
        [default: group]
    out
        Run folder to make. [default: runs/TIME]
    force
        Replace an existing run folder.
    json
        Print the metrics as JSON.
    no_baselines
        Do not fit logistic regressions, which take a tenth of the training's time, to compare with; not kept for --resume, so say it again there.
    resume
        Finish this run folder exactly as if it had never stopped. STORE then says where its corpus is, if it moved.
    init_from
        Start from the weights of this run.
    """
    from lddu.commands.screen import first_rank, notes, several_ranks
    from lddu.commands.training_progress import TrainingProgress
    from lddu.errors import ConfigError
    from lddu.store.store import FeatureStore

    if resume is not None:
        others = (family, preset, config, out, seed, seeds, modalities, folds, group, init_from)
        if force or settings != NO_SETTINGS or any(other is not None for other in others):
            raise ConfigError("Expected --resume alone: a run goes on with its own settings; leave the others out.")
        refuse_resuming_studies(resume)
        folder, fold_options = resume, None
    else:
        resolved = chosen_config(preset, config, settings, family)
        folder = out or Path("runs") / time.strftime("%Y-%m-%d-%H%M%S")
        fold_options = parsed_folds(folds, group, init_from)
        if first_rank() and folds is None and not force:
            refuse_taken(folder)
    if store is None and resume is None and several_ranks():
        raise ConfigError("Expected a STORE for a training on several ranks; make one with 'lddu data simulate' first.")
    if first_rank():
        notes().print("loading the numerical libraries", style="dim")
    from lddu.training.plan import RunOptions
    from lddu.training.run import resume as go_on
    from lddu.training.run import train

    how = RunOptions(device=device, command=command_line(), baselines=not no_baselines, jobs=jobs_in(jobs))
    with TrainingProgress(first_rank(), f"run folder: {folder}") as watch:
        try:
            if resume is not None:
                run = go_on(resume, FeatureStore(store) if store else None, how, watch)
            else:
                options = replace(
                    how,
                    seed=seed or 0,
                    members=1 if seeds is None else seeds,
                    force=force,
                    init_from=init_from,
                    modalities=parsed_names(modalities),
                )
                corpus = FeatureStore(store) if store else _simulated(folder.parent)
                made = train if fold_options is None else partial(cross_validated, folds=fold_options)
                run = made(corpus, folder, resolved, options, watch)
        except KeyboardInterrupt:
            if not first_rank():
                raise SystemExit(130) from None
            raise KeyboardInterrupt(_what_is_left(folder, folds is not None)) from None
    if first_rank():
        _show(run.path, json)


def _show(folder: Path, json: bool) -> None:
    from lddu.commands.figures import show_run
    from lddu.commands.screen import print_json
    from lddu.runs.run_folder import RunFolder

    run = RunFolder(folder)
    if json:
        print_json({"run": str(folder), **run.read_json("metrics.json")})
    else:
        show_run(run)


def _simulated(beside: Path) -> Any:
    """The simulated corpus at its default size; made once and found again."""
    from lddu.commands.screen import notes
    from lddu.corpora.simulated.simulate import SimulationConfig, simulate
    from lddu.errors import StoreError
    from lddu.store.store import FeatureStore

    place = beside / "simulated-corpus"
    try:
        store = FeatureStore(place)
    except StoreError:
        notes().print(f"no store was named: making the simulated corpus in {place}", markup=False)
        store = simulate(place, SimulationConfig(), force=place.exists())
    return store


def _what_is_left(folder: Path, folds: bool) -> str:
    if folds:
        return f"Stopped. The same command with --out {folder} goes on."
    if not (folder / "config.json").is_file():
        return "Stopped before the training began."
    usable = (folder / "metrics.json").is_file()
    state = (
        "can be used: the best model so far is in it, evaluated on validation only"
        if usable
        else "holds no model to use yet"
    )
    return f"Stopped. {folder} {state}; go on with 'lddu train --resume {folder}'."
