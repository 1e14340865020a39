"""The run folder: everything that predict, report and compare need, and nothing that can run code when read.

`config.json` says what was trained on what and how; weights are safetensors; every file is written to a temporary
name and renamed. A folder without `metrics.json` is a run that has not finished. Format in docs/run_folder.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import lddu
from lddu.config import ResolvedConfig
from lddu.errors import ConfigError, RunError
from lddu.machine.atomic import replaced_file, write_text
from lddu.models.families import family_of, recorded
from lddu.models.family import Family, FamilyLike, Task
from lddu.models.imported import IMPORTED, IMPORTED_FAMILY
from lddu.models.network import Network, renamed

if TYPE_CHECKING:
    from lddu.decide.decision import FittedDecision
    from lddu.evaluate.subgroups import Subgroups
    from lddu.pages.share import PushedRun
    from lddu.runs.predictions import Predictions
    from lddu.runs.run_metrics import RunMetrics

FORMAT = "lddu-run"
VERSION = 2
"""2 keeps the weights of any model family, with the scaling of features beside them; 1, LDDU alone, is still read."""


@dataclass(frozen=True)
class RunDescription:
    """The content of `config.json`.

    Attributes:
        task: what is recognised from what.
        config: the resolved settings.
        seed: of the first member.
        members: number of networks; more than one is an ensemble.
        store: where the corpus was (`path`, `manifest_sha256`, `source`), of imported answers which table
            (`predictions`: `path`, `sha256`), and of a cross-validation its `folds` (`count`, `group`, and `settings` that they do not share).
        warnings: sentences that every result repeats.
        command: the command line that makes this run again.
        automatic: dotted names of the settings that were ``"auto"`` and fitted to the corpus; runs of older versions name none.
    """

    task: Task
    config: ResolvedConfig
    seed: int
    members: int
    store: dict[str, Any]
    warnings: tuple[str, ...]
    command: str
    automatic: tuple[str, ...] = ()

    @property
    def imported(self) -> bool:
        """Whether the answers came in a table (`lddu score`), so that there are no weights."""
        return self.config.family == IMPORTED

    @property
    def folds(self) -> int:
        """Of a cross-validation (`--folds`), whose folder holds the answers of this many runs on their test clips; else 0."""
        folds = self.store.get("folds")
        return int(folds["count"]) if isinstance(folds, dict) else 0

    def to_mapping(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "lddu_version": lddu.__version__,
            "task": {**vars(self.task), "emotions": list(self.task.emotions)},
            "config": self.config.to_mapping(),
            "seed": self.seed,
            "members": self.members,
            "store": self.store,
            "warnings": list(self.warnings),
            "command": self.command,
            "automatic": list(self.automatic),
        }


class RunFolder:
    """Paths and files of one run.

    Args:
        path: the folder.
        family: of its model, or its name, where that is not registered under its name.
        place: what a user calls the run, where that is not its path: a known name, the archive that it lies in, or its
            repository.
        note: a sentence that every result repeats; empty for none.
        revision: of one on the Hugging Face Hub, its commit.

    Attributes:
        path: the folder.
        place: what a user calls the run.
        note: a sentence that every result repeats.
        revision: commit on the Hugging Face Hub; empty elsewhere.
        opened_as: the model family that was given, if any.
    """

    def __init__(
        self, path: str | Path, family: FamilyLike | None = None, place: str = "", note: str = "", revision: str = ""
    ) -> None:
        self.path = Path(path)
        self.place = place or str(path)
        self.note = note
        self.revision = revision
        self.opened_as = None if family is None else family_of(family)
        self._borrowed = bool(place)

    def __repr__(self) -> str:
        return f"RunFolder({self.place!r})"

    @property
    def read_only(self) -> bool:
        """Whether it is not the user's own folder, so that nothing is written into it."""
        return self._borrowed

    @property
    def name(self) -> str:
        """The last part of what a user calls the run."""
        return Path(self.place).name if self._borrowed else self.path.resolve().name

    def shown(self, file: str) -> Path:
        """How a user calls one of its files."""
        return Path(self.place) / file

    @property
    def finished(self) -> bool:
        """Whether training ended and the run was evaluated."""
        return (self.path / "metrics.json").is_file() and not (self.path / "resume").exists()

    @cached_property
    def description(self) -> RunDescription:
        """What `config.json` says; read once.

        Raises:
            RunError: where it is absent, damaged or of a newer version.
            ConfigError: where the model family is not known here.
        """
        content = self.read_json("config.json")
        if content.get("format") != FORMAT:
            raise RunError(
                f"Expected {self.shown('config.json')} to describe a run of lddu, but it is something else; name "
                "another folder."
            )
        if content.get("version") not in (1, VERSION):
            raise RunError(
                f"Expected run format version {VERSION} or older in {self.place}, but got {content.get('version')!r}; update "
                "lddu."
            )
        family = self.family_in(content)
        try:
            task = _task(content["task"], family.name == IMPORTED)
            config = recorded(content["config"], family)
            return RunDescription(
                task=task,
                config=config,
                seed=int(content["seed"]),
                members=int(content["members"]),
                store=dict(content["store"]),
                warnings=tuple(content["warnings"]),
                command=str(content["command"]),
                automatic=tuple(map(str, content.get("automatic", ()))),
            )
        except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as fault:
            raise RunError(
                f"Expected {self.shown('config.json')} to describe a run, but it is damaged ({fault}); copy it again."
            ) from None

    def members(self) -> list["RunFolder"]:
        """The folders that hold weights: this one, or one per member of an ensemble.

        Raises:
            RunError: where a member answers on other emotions or reads other modalities, or in another order, so that no mean can
                be taken.
        """
        count, task = self.description.members, self.description.task
        if count == 1:
            return [self]
        folders = [self.member(k) for k in range(count)]
        for member in folders:
            for what, expected, actual in (
                ("emotions", task.emotions, member.description.task.emotions),
                ("modalities", tuple(task.dimensions), tuple(member.description.task.dimensions)),
            ):
                if expected != actual:
                    raise RunError(
                        f"Expected {member.place} to have the {what} of its ensemble in their order ({', '.join(expected)}), but it has "
                        f"{', '.join(actual)}; put back the network that was trained with the others, or compare them as runs of their own."
                    )
        return folders

    def member(self, k: int) -> "RunFolder":
        """The folder of one network of an ensemble."""
        name = f"member-{k}"
        return RunFolder(self.path / name, self.opened_as, str(self.shown(name)) if self._borrowed else "")

    @property
    def family(self) -> Family:
        """The model family of the run.

        Raises:
            ConfigError: where it is not known here.
        """
        return self.opened_as or _named_family(self.description.config.family)

    def family_in(self, content: dict[str, Any]) -> Family:
        """The model family that a `config.json` names; LDDU where it is from before there were others.

        Raises:
            ConfigError: where it is not known here.
            RunError: where it is not the one that this folder was opened with.
        """
        settings = content.get("config")
        name = settings.get("family", "lddu") if isinstance(settings, dict) else "lddu"
        if self.opened_as is None:
            return _named_family(name)
        if self.opened_as.name != name:
            raise RunError(
                f"Expected a run of the model family {self.opened_as.name} in {self.place}, but it is of {name}; open it "
                "without a family, or with its own."
            )
        return self.opened_as

    def load_model(self, device: torch.device | None = None) -> Network:
        """The trained network of this folder, in evaluation mode.

        Raises:
            RunError: where the weights are absent, damaged or do not fit `config.json`, or the run was imported.
        """
        description = self.description
        if description.imported:
            raise RunError(
                f"Expected a run with a model in {self.place}, but it was imported from a table of answers, which is all it "
                "holds: report and compare it, and predict with the program that made the table."
            )
        self._refuse_folds()
        file, label = self.path / "model.safetensors", self.shown("model.safetensors")
        if not file.is_file():
            raise RunError(f"Expected the weights {label}, but they are not there; {self._cure()}.")
        model = Network(self.family, description.task, description.config)
        try:
            model.load_state_dict(renamed(load_file(file)))
        except (SafetensorError, RuntimeError, KeyError) as fault:
            raise RunError(
                f"Expected {label} to hold the weights that config.json describes, but it does not "
                f"({str(fault).splitlines()[0][:160]}); copy the run again."
            ) from None
        if broken := [name for name, values in model.state_dict().items() if not torch.isfinite(values).all()]:
            raise RunError(f"Expected finite weights in {label}, but {broken[0]} is not; copy the run again.")
        return model.to(device or torch.device("cpu")).eval()

    def load_decision(self) -> "FittedDecision":
        """The decision that was fitted on validation.

        Raises:
            RunError: where it is absent, damaged or of a newer version, or decides on other emotions than the run's.
        """
        self._refuse_folds()
        from lddu.decide.decision import FittedDecision  # loads scikit-learn, which training on many ranks needs once

        decision = FittedDecision.from_mapping(self.read_json("decision.json"))
        emotions = self.description.task.emotions
        if decision.emotions != emotions:
            raise RunError(
                f"Expected {self.shown('decision.json')} to decide on the emotions of config.json ({', '.join(emotions)}), "
                f"but it names {', '.join(decision.emotions)}; copy the run again."
            )
        return decision

    def predictions(self) -> "Predictions":
        """The predictions of validation and test.

        Raises:
            RunError: where this is no run, or they are absent or damaged.
        """
        from lddu.runs.predictions import read_predictions  # loads scikit-learn

        emotions, file = self.description.task.emotions, self.path / "predictions.parquet"
        if not file.is_file() and (self.path / "familiarity.json").is_file():
            raise RunError(
                f"Expected the predictions of validation and test in {self.place}, but it was shared without them; ask whoever "
                "shared it for 'lddu share --with-clips'."
            )
        predictions = read_predictions(file)
        if predictions.emotions != emotions:
            raise RunError(
                f"Expected {self.shown('predictions.parquet')} to answer on the emotions of config.json ({', '.join(emotions)}), "
                f"but it names {', '.join(predictions.emotions)}; copy the run again."
            )
        return predictions

    @property
    def metrics(self) -> "RunMetrics":
        """The figures of `metrics.json`: ``run.metrics["test"].f1_micro``; read anew each time.

        Raises:
            RunError: where this is no run, or they are absent or damaged.
        """
        from lddu.runs.run_metrics import run_metrics  # loads scikit-learn

        assert self.description
        return run_metrics(self.read_json("metrics.json"), self.shown("metrics.json"))

    def subgroups(self, by: str, split: str = "test") -> "Subgroups":
        """The figures by the values of a column: ``run.subgroups("_gender")["f"].figures["f1_micro"]``.

        Args:
            by: ``group``, or a column of the store whose name begins with ``_``.
            split: ``test`` or ``valid``.

        Raises:
            RunError: where the run did not predict that split, or neither it nor its store has the column.
            ConfigError: where the column does not name subgroups.
        """
        from lddu.runs.subgroups import run_subgroups  # loads scikit-learn

        return run_subgroups(self, by, split)

    def read_json(self, name: str) -> dict[str, Any]:
        """One of the JSON files of the folder.

        Raises:
            RunError: where it is absent or damaged; the sentence says how to go on.
        """
        file = self.path / name
        if not self.path.is_dir():
            raise RunError(f"Expected a run folder at {self.place}, but there is none; make one with 'lddu train'.")
        if not file.is_file():
            raise RunError(f"Expected {name} in {self.place}, but it is not there; {self._cure()}.")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as fault:
            raise RunError(
                f"Expected {self.shown(name)} to be JSON, but it is damaged ({fault}); copy the run again."
            ) from None
        if not isinstance(content, dict):
            raise RunError(
                f"Expected {self.shown(name)} to hold a JSON object, but it holds something else; copy the run again."
            )
        return content

    def _refuse_folds(self) -> None:
        if count := self.description.folds:
            raise RunError(
                f"Expected one run in {self.place}, but it holds a cross-validation, whose {count} runs each answer other clips: report and "
                f"compare it, and predict with one of them, such as {self.shown('fold-1')}."
            )

    def _cure(self) -> str:
        """What helps where a file is missing."""
        if not (self.path / "config.json").is_file():
            return "make a run with 'lddu train'"
        if self.finished:
            return "the run was finished and has lost it: copy it again, or train again"
        return f"training has not finished: go on with 'lddu train --resume {self.place}'"

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Replace a JSON file of the folder in one step."""
        assert not self.read_only
        write_text(self.path / name, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    def add_figures(self, split: str, figures: Mapping[str, Any]) -> bool:
        """Add to the figures of a split in `metrics.json`, for the report and the card.

        Returns:
            False where this is no folder that can be written, or has no figures of the split.
        """
        metrics = self.read_json("metrics.json")
        if self.read_only or split not in metrics["splits"]:
            return False
        metrics["splits"][split] |= figures
        self.write_json("metrics.json", metrics)
        return True

    def push_to_hub(
        self, repository: str, private: bool = True, with_clips: bool = False, message: str = ""
    ) -> "PushedRun":
        """Share the run on the Hugging Face Hub; see `lddu.push_to_hub`."""
        return lddu.push_to_hub(self, repository, private, with_clips, message)

    def _repr_html_(self) -> str:
        from lddu.runs.notebook import html_run

        return html_run(self)

    def write_model(self, weights: dict[str, torch.Tensor]) -> None:
        """Replace the weights in one step."""
        with replaced_file(self.path / "model.safetensors") as temporary:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, temporary)


def _named_family(name: str) -> Family:
    """A family that can be trained, or that of imported answers."""
    return IMPORTED_FAMILY if name == IMPORTED else family_of(name)


def _task(mapping: dict[str, Any], imported: bool) -> Task:
    """The task of `config.json`; ValueError where it holds something else."""
    task = Task(**{**mapping, "emotions": tuple(mapping["emotions"])})
    words = [*task.emotions, *task.dimensions, *task.features, *task.features.values()]
    valid = (
        task.emotions
        and (task.dimensions or imported)  # what another program has read is not known
        and all(isinstance(word, str) for word in words)
        and all(isinstance(d, int) and d > 0 for d in task.dimensions.values())
        and isinstance(task.present_at, int | float)
        and isinstance(task.simulated, bool)
        and set(task.features) == set(task.dimensions)
    )
    if not valid:
        raise ValueError("the task is not of this form")
    return task


RunLike = RunFolder | str | Path
"""A run, or what it is called; see `lddu.runs.named_runs.opened_run`."""
