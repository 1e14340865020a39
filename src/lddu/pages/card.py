"""`lddu card`: the model card of a run as Markdown, made from nothing but its folder."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from lddu.errors import RunError
from lddu.evaluate.gaps import TITLES
from lddu.evaluate.subgroups import subgroup_rows
from lddu.pages.notices import ESTIMATE, EU_AI_ACT, INTENDED_USE, OUT_OF_SCOPE, RECORDING_NOTICE
from lddu.pages.template import figure, metric_name, recalibration_name, recalibrations, span
from lddu.runs.about import FILE, About, Measured, about_of, origin_of
from lddu.runs.run_folder import RunFolder
from lddu.runs.run_metrics import SplitMetrics
from lddu.runs.subgroups import OF_PEOPLE
from lddu.sentences import counted, listed

MADE_BY = "Made by `lddu card` from the run folder."

SPLITS = {"valid": "validation (chose weights and thresholds)", "test": "test"}

SUBGROUP_FIGURES = ("f1_micro", "map_macro", "adaptive_ece", "set_recall")

NO_GROUPS = "how well it works for which group of people: age, gender, skin, accent or dialect, disability, culture"
OTHER_GROUPS = f"beyond the groups in the table of figures, {NO_GROUPS}"


def model_card(folder: RunFolder) -> str:
    """The card of a run.

    Args:
        folder: of the run; what it lacks, such as figures of an unfinished one or `about.json`, the card says.

    Raises:
        RunError: where the run or its `about.json` is damaged.
    """
    about = about_of(folder)
    splits = dict(folder.metrics) if (folder.path / "metrics.json").is_file() else {}
    try:
        subgroups = _subgroups(splits)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise RunError(
            f"Expected {folder.shown('metrics.json')} to hold figures by subgroup, but it is damaged ({fault!r}); copy the run again."
        ) from None
    sections = {
        "What it is": _what_it_is(folder, about),
        "Intended use": [INTENDED_USE],
        "Out of scope": [OUT_OF_SCOPE],
        "Before you record someone": [f"> {RECORDING_NOTICE}"],
        "What it learnt from": _learnt_from(folder, about),
        "Figures": [
            *_own_figures(splits, about),
            *subgroups,
            *_measured(() if about is None else about.measured),
            *_warned(folder),
        ],
        "Calibration": _calibration(folder, splits, about),
        "Never measured": _never_measured(folder, about, bool(subgroups)),
        "European Union": [EU_AI_ACT],
    }
    body = [[f"## {title}", *paragraphs] for title, paragraphs in sections.items() if paragraphs]
    title = f"# Model card: {plain(origin_of(folder).run)}"
    return "\n\n".join([title, *chain.from_iterable(body), MADE_BY]) + "\n"


def plain(words: object) -> str:
    r"""Words of a stranger on one line, without what Markdown would read as marks.

    Example:
        >>> print(plain("a | b  [c](d)"))
        a \| b \[c\](d)
    """
    return re.sub(r"([\\`*\[\]<|])", r"\\\1", " ".join(str(words).split()))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; columns that are empty in every row are left out."""
    filled = [i for i in range(len(header)) if any(str(row[i]).strip() for row in rows)]
    head, *body = [[header[i] for i in filled], *([plain(row[i]) for i in filled] for row in rows)]
    return "\n".join([_line(head), "|---" * len(filled) + "|", *map(_line, body)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _what_it_is(folder: RunFolder, about: About | None) -> list[str]:
    task = folder.description.task
    members = folder.description.members
    network = "one network" if members == 1 else f"the mean of {members} networks"
    sentence = (
        f"Recognises {listed([plain(name) for name in task.emotions])}, several at once, from "
        f"{listed([plain(name) for name in task.dimensions])}; a modality may be missing. Model family "
        f"{plain(folder.family.name)}, {network}. {ESTIMATE}"
    )
    if folder.description.imported:
        sentence = (
            f"Answers on {listed([plain(name) for name in task.emotions])}, several at once, imported from a table of another program; "
            f"the model that gave them is not here. {ESTIMATE}"
        )
    summary = [] if about is None or not about.summary else [plain(about.summary)]
    licence = [] if about is None or not about.licence else [f"Licence of the weights: {plain(about.licence)}"]
    simulated = ["**It learnt from a simulated corpus; nothing here is about people.**"] if task.simulated else []
    return [*summary, sentence, *simulated, *licence]


def _learnt_from(folder: RunFolder, about: About | None) -> list[str]:
    if about is None or not about.corpora:
        store = plain(listed(origin_of(folder).learnt_from))
        return [
            f"The store {store}. Corpora, languages, people and licences are not recorded: `{FILE}` in the run folder would "
            "say them (docs/run_folder.md)."
        ]
    header = ("corpus", "modalities", "languages", "clips", "people", "licence")
    rows = [
        (c.name, ", ".join(c.modalities), ", ".join(c.languages), _count(c.clips), c.people, c.licence)
        for c in about.corpora
    ]
    return [table(header, rows)]


def _count(clips: int | None) -> str:
    return "" if clips is None else f"{clips:,}"


def _own_figures(splits: Mapping[str, SplitMetrics], about: About | None) -> list[str]:
    """Figures on the store that the run was trained on."""
    if not splits:
        return ["On the clips of its own store: none recorded."]
    names = {**SPLITS, "valid": "validation (chose the weights)"} if about is not None and about.decided_on else SPLITS
    header = ("own store", "n", "mAP", "AUROC", "micro-F1", "95 %", "adaptive calibration error")
    rows = [
        (
            names.get(name, name), f"{split.n:,}", figure(split.map_macro), figure(split.auroc_macro),
            figure(split.f1_micro), span(split.intervals.get("f1_micro")), figure(split.adaptive_ece),
        )
        for name, split in splits.items()
    ]  # fmt: skip
    test = splits.get("test")
    if test is None:
        return [table(header, rows)]
    emotions = [
        (name, f"{metrics.positives:,}", figure(metrics.ap), figure(metrics.auroc), figure(metrics.f1))
        for name, metrics in test.per_emotion.items()
    ]
    return [table(header, rows), table(("emotion (test)", "clips with it", "AP", "AUROC", "F1"), emotions)]


def _subgroups(splits: Mapping[str, SplitMetrics]) -> list[str]:
    """Figures by the columns of the store that name no people: those of test, or of validation where there is no test."""
    name = "test" if "test" in splits else "valid"
    by = splits[name].figures.get("by", {}) if name in splits else {}
    return [
        part
        for column, breakdown in by.items()
        if column not in OF_PEOPLE
        for part in _by_column(f"{plain(column)} ({name})", breakdown)
    ]


def _by_column(title: str, breakdown: Mapping[str, Any]) -> list[str]:
    """A table, and what it says."""
    names = [name for name in SUBGROUP_FIGURES if name in breakdown["whole"]["figures"]]
    rows = [
        (row["name"], f"{row['clips']:,}", *chain.from_iterable(_cells(row["figures"].get(name)) for name in names))
        for row in subgroup_rows(breakdown)
    ]
    header = (title, "clips", *chain.from_iterable((TITLES[name], "95 %") for name in names))
    return [table(header, rows), "\n".join(f"- {plain(sentence)}" for sentence in breakdown["sentences"])]


def _cells(estimate: Mapping[str, Any] | None) -> tuple[str, str]:
    return (
        ("", "")
        if estimate is None
        else (figure(estimate["value"]), "" if estimate["low"] is None else span((estimate["low"], estimate["high"])))
    )


def _measured(measured: Sequence[Measured]) -> list[str]:
    """Figures on other corpora and on groups, as `about.json` has them."""
    if not measured:
        return ["On other corpora: none recorded."]
    return [_measured_alike(entries) for entries in _alike(measured)]


def _warned(folder: RunFolder) -> list[str]:
    """What the training said of its clips, splits and labels."""
    sentences = "\n".join(f"- {plain(warning)}" for warning in folder.description.warnings)
    return ["Known of its training:", sentences] if sentences else []


def _alike(measured: Sequence[Measured]) -> list[list[Measured]]:
    """Those with a figure in common, in order: a table of all would be half empty."""
    groups: list[list[Measured]] = []
    for entry in measured:
        beside = next((group for group in groups if any(set(entry.figures) & set(one.figures) for one in group)), None)
        if beside is None:
            groups.append([entry])
        else:
            beside.append(entry)
    return groups


def _measured_alike(measured: Sequence[Measured]) -> str:
    names = list(dict.fromkeys(chain.from_iterable(entry.figures for entry in measured)))
    rows = [
        (
            entry.corpus, entry.group, entry.how, f"{entry.n:,}",
            *(figure(entry.figures[name]) if name in entry.figures else "" for name in names),
        )
        for entry in measured
    ]  # fmt: skip
    return table(("corpus", "group", "how", "n", *(plain(metric_name(name)) for name in names)), rows)


def _calibration(folder: RunFolder, splits: Mapping[str, SplitMetrics], about: About | None) -> list[str]:
    if not splits:
        return []
    if about is not None and about.decided_on:
        return [
            f"Thresholds, label sets and recalibration were fitted on {plain(about.decided_on)}.",
            *_recalibration(folder, splits),
        ]
    return _recalibration(folder, splits)


def _recalibration(folder: RunFolder, splits: Mapping[str, SplitMetrics]) -> list[str]:
    decision = folder.load_decision()
    recalibration = decision.recalibration
    if recalibration.left_out_nll is None:
        return ["Not calibrated: too few validation clips. Probabilities order the emotions and mean no more."]
    sentence = f"Probabilities are recalibrated on validation ({recalibration_name(recalibration.method)})"
    if recalibration.method == "identity":
        sentence = (
            "Probabilities are as predicted, since no recalibration was likelier on the clips that its fitting left out"
        )
    if decision.by_modalities:
        sentence = (
            "Clips are decided by the modalities that they have, each set with thresholds, label sets and a recalibration of its own "
            f"({recalibrations(decision)})"
        )
    test = splits.get("test")
    if test is None:
        return [f"{sentence}."]
    before, after = figure(test.figures.get("adaptive_ece_raw")), figure(test.adaptive_ece)
    errors = after if before == after else f"{before} before, {after} after"
    chance = span(test.figures.get("adaptive_ece_by_chance"))
    perfect = f"; a perfectly calibrated model would have {chance}" if chance else ""
    return [
        f"{sentence}: adaptive calibration error on test {errors}{perfect}. On other people, microphones, cameras or languages it is "
        "larger."
    ]


def _never_measured(folder: RunFolder, about: About | None, subgroups: bool) -> list[str]:
    known = [plain(words) for words in about.not_measured] if about is not None else []
    grouped = subgroups or (about is not None and any(entry.group for entry in about.measured))
    unmeasured = [*_unseen_together(folder), *known, OTHER_GROUPS if grouped else NO_GROUPS]
    return ["\n".join(f"- {words}" for words in unmeasured)]


def _unseen_together(folder: RunFolder) -> list[str]:
    """All modalities in one clip, where no test clip has them."""
    modalities = list(folder.description.task.dimensions)
    if len(modalities) < 2 or not (folder.path / "predictions.parquet").is_file():
        return []
    test = folder.predictions()
    there = test.presented[test.split == "test"]
    if there.all(axis=1).any():
        return []
    return [
        f"{listed([plain(name) for name in modalities])} together in a clip ({counted(len(there), 'test clip')}, none has all)"
    ]
