"""What a run learnt from and where it was measured, in words: `about.json` of a run folder, which is optional.

Whoever trains a run for others writes it; `lddu card` and every `lddu predict` read it. Format in docs/run_folder.md.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any

from lddu.errors import RunError
from lddu.runs.run_folder import RunFolder
from lddu.sentences import listed

FILE = "about.json"
FORMAT = "lddu-about"
VERSION = 1


@dataclass(frozen=True)
class LearntCorpus:
    """A corpus that a run learnt from.

    Attributes:
        name: as its authors call it.
        modalities: that were learnt from it.
        languages: that are spoken or written in it; empty where there is none, as in photos.
        clips: that were learnt from; None where unknown.
        people: who is in it, and who labelled it.
        licence: of the corpus, and what is unclear about it.
    """

    name: str
    modalities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    clips: int | None = None
    people: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Measured:
    """Figures of a run on a corpus, or on a group of people in it.

    Attributes:
        corpus: name.
        n: clips.
        figures: name, as in metrics.json where it is one of those, -> value.
        group: of people, such as ``women`` or ``Danish``; empty for all.
        how: what else a reader needs: which modality, unseen speakers or not, ``--adapt`` or not.
    """

    corpus: str
    n: int
    figures: Mapping[str, float]
    group: str = ""
    how: str = ""


@dataclass(frozen=True)
class About:
    """The content of `about.json`.

    Attributes:
        name: of the run.
        summary: a sentence or two on what it is.
        licence: of the weights.
        corpora: that it learnt from.
        measured: figures, corpus by corpus and group by group.
        not_measured: what was never measured.
        decided_on: what the thresholds and the rest of the decision were fitted on, where that is not the valid split.
        none_means: what a clip shows that shows none of the emotions, such as ``neutral``; empty where that is not known.
    """

    name: str
    summary: str = ""
    licence: str = ""
    corpora: tuple[LearntCorpus, ...] = ()
    measured: tuple[Measured, ...] = ()
    not_measured: tuple[str, ...] = ()
    decided_on: str = ""
    none_means: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "About":
        """From JSON.

        Raises:
            ValueError: where it is of another form; names the key.
        """
        if mapping.get("format") != FORMAT or mapping.get("version") != VERSION:
            raise ValueError(f"format {FORMAT} version {VERSION} expected")
        _refuse_other_keys(mapping, (*cls.__dataclass_fields__, "format", "version"), "about.json")
        return cls(
            name=_words(mapping, "name"),
            summary=_words(mapping, "summary", ""),
            licence=_words(mapping, "licence", ""),
            corpora=tuple(_corpus(entry) for entry in _entries(mapping, "corpora")),
            measured=tuple(_measured(entry) for entry in _entries(mapping, "measured")),
            not_measured=_list(mapping, "not_measured"),
            decided_on=_words(mapping, "decided_on", ""),
            none_means=_words(mapping, "none_means", "").strip(),
        )


@dataclass(frozen=True)
class Origin:
    """Which model answers, and what it learnt from.

    Attributes:
        run: its name; of one on the Hub also where and in which revision.
        family: of models.
        learnt_from: names of corpora; that of the store where nothing else is recorded.
        recorded: whether `about.json` says so.
        simulated: whether it learnt from a simulated corpus.
        details: the corpora, where recorded.
        none_means: what a clip shows that shows none of the emotions; empty where that is not recorded.
    """

    run: str
    family: str
    learnt_from: tuple[str, ...]
    recorded: bool
    simulated: bool
    details: tuple[LearntCorpus, ...] = field(default=(), repr=False)
    none_means: str = ""

    @property
    def modalities_apart(self) -> bool:
        """Whether every corpus taught it one modality: how often each errs alone was then seen on different clips."""
        taught = [corpus.modalities for corpus in self.details]
        return len(set(taught)) > 1 and all(len(modalities) == 1 for modalities in taught)

    @property
    def sentence(self) -> str:
        """For people."""
        if self.recorded:
            learnt = "which learnt from " + listed([_with_languages(corpus) for corpus in self.details])
        else:
            learnt = f"trained on the store {listed(self.learnt_from)}"
        return f"answered by the run {self.run}, {learnt}{' (simulated, not about people)' if self.simulated else ''}"

    def to_mapping(self) -> dict[str, Any]:
        """As the key `answered_by` of the JSON of `predict` has it."""
        return {
            "run": self.run,
            "family": self.family,
            "learnt_from": list(self.learnt_from),
            "simulated": self.simulated,
            **({"none_means": self.none_means} if self.none_means else {}),
        }


def about_of(folder: RunFolder) -> About | None:
    """What `about.json` of a run says; None where it has none.

    Raises:
        RunError: where it is damaged.
    """
    if not (folder.path / FILE).is_file():
        return None
    try:
        return About.from_mapping(folder.read_json(FILE))
    except ValueError as fault:
        raise RunError(
            f"Expected {folder.shown(FILE)} to be as docs/run_folder.md says, but it is not ({fault}); mend it or remove it."
        ) from None


def write_about(folder: RunFolder, about: About) -> None:
    """Write `about.json` of a run, in place of what was there."""
    folder.write_json(FILE, about.to_mapping())


def origin_of(folder: RunFolder) -> Origin:
    """Which model a run is, and what it learnt from, as far as the folder says.

    Raises:
        RunError: where the run or its `about.json` is damaged, or calls one of the emotions what is none of them.
    """
    description, about = folder.description, about_of(folder)
    if about is not None and about.none_means.casefold() in map(str.casefold, description.task.emotions):
        raise RunError(
            f"Expected none_means in {folder.shown(FILE)} to be none of the run's emotions, but {about.none_means!r} is one; leave it out."
        )
    corpora = () if about is None else about.corpora
    store = PurePath(str(description.store.get("path", ""))).name or "that its folder does not name"
    named = folder.place if folder.revision else folder.name  # of one on the Hub with owner and revision
    if about is not None:
        named = f"{about.name} ({folder.place})" if folder.revision else about.name
    return Origin(
        run=named,
        family=folder.family.name,
        learnt_from=tuple(corpus.name for corpus in corpora) or (store,),
        recorded=bool(corpora),
        simulated=description.task.simulated,
        details=corpora,
        none_means="" if about is None else about.none_means,
    )


def _with_languages(corpus: LearntCorpus) -> str:
    within = ", ".join([*corpus.modalities, *corpus.languages])
    return f"{corpus.name} ({within})" if within else corpus.name


def _corpus(entry: Mapping[str, Any]) -> LearntCorpus:
    _refuse_other_keys(entry, LearntCorpus.__dataclass_fields__, "corpora")
    clips = entry.get("clips")
    if clips is not None and (not isinstance(clips, int) or isinstance(clips, bool) or clips < 0):
        raise ValueError("clips: a whole number expected")
    return LearntCorpus(
        name=_words(entry, "name"),
        modalities=_list(entry, "modalities"),
        languages=_list(entry, "languages"),
        clips=clips,
        people=_words(entry, "people", ""),
        licence=_words(entry, "licence", ""),
    )


def _measured(entry: Mapping[str, Any]) -> Measured:
    _refuse_other_keys(entry, Measured.__dataclass_fields__, "measured")
    n, figures = entry.get("n"), entry.get("figures")
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise ValueError("n: a whole number expected")
    if not isinstance(figures, dict) or not all(_is_number(value) for value in figures.values()):
        raise ValueError("figures: names with finite numbers expected")
    return Measured(_words(entry, "corpus"), n, figures, _words(entry, "group", ""), _words(entry, "how", ""))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _words(mapping: Mapping[str, Any], key: str, otherwise: str | None = None) -> str:
    value = mapping.get(key, otherwise)
    if not isinstance(value, str) or (otherwise is None and not value.strip()):
        raise ValueError(f"{key}: words expected")
    return value


def _list(mapping: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = mapping.get(key, [])
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"{key}: a list of words expected")
    return tuple(value)


def _entries(mapping: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = mapping.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError(f"{key}: a list of objects expected")
    return value


def _refuse_other_keys(mapping: Mapping[str, Any], known: Any, where: str) -> None:
    if others := sorted(set(mapping) - set(known)):
        raise ValueError(f"{where}: unknown key {others[0]!r}")
