"""What `lddu data describe` shows: a page of plain tables about one store."""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from lddu.commands.screen import results, table
from lddu.store.describe import EmotionSummary, ModalitySummary, StoreSummary

REPAIRS = {
    "non_finite_values": "NaN, infinite or beyond 1e18: 0, or left out of the mean over a word",
    "non_finite_clips": "sequences without a finite number: missing",
    "empty_clips": "sequences without steps: missing",
    "all_zero_clips": "sequences of zeros only: missing",
    "padding_steps": "steps of padding cut",
    "odd_widths": "clips of another width: missing",
    "unknown_clips": "arrays of clips not in the table left out",
    "duplicate_arrays": "identical duplicate arrays left out",
    "empty_columns": "columns without name and content left out",
    "duplicate_rows": "identical duplicate rows left out",
    "ignored_files": "files other than arrays left out",
    "decimal_commas": "numbers with a decimal comma",
    "truth_words": "labels spelt true, false, yes or no: 1 or 0",
    "percentages": "labels in per cent: shares",
    "fractions": "labels such as 2/3: shares",
    "clock_times": "times such as 1:02.5: seconds",
    "unknown_words": "NA, null, - and the like: unknown",
    "named_emotions": "clips whose emotions are named in one column",
    "respelt_emotions": "emotions in another case than most: the same",
    "recomposed_names": "names whose letters are composed otherwise: the same",
    "renamed_splits": "splits renamed to train, valid or test",
    "trimmed_ids": "ids stripped of surrounding white space",
    "ends_before_start": "clips that end before they start: times unknown",
    "clips_without_any_modality": "clips without any modality (kept)",
    "steps_beyond_max": "steps beyond --max-steps cut",
    "duplicate_clips": "clips with an id seen before left out",
    "empty_steps": "words without data of the modality: empty steps",
    "words_without_frames": "words of whole videos without any frame",
    "frames_without_length": "frames or words without time left out",
    "negative_starts": "segments that start before 0 (kept)",
    "overlapping_segments": "segments that overlap the one before (kept)",
    "segments_out_of_time_order": "segments listed before an earlier one (kept)",
    "segments_without_length": "segments without length (kept, empty)",
    "segments_outside_folds": "segments in no split: unused",
    "fold_videos_without_labels": "videos of the folds that the labels lack",
    "videos_without_labels": "videos without labels left out",
    "unknown_labels": "labels that are empty or outside their range: unknown",
    "unknown_lengths": "clips whose length in the file is no number of steps: kept whole",
    "clips_without_labels": "clips without a matching label: label unknown",
    "labels_without_clip": "labels without a matching clip left out",
    "dialogues_outside_splits": "dialogues in no split: unused",
    "dialogues_without_labels": "dialogues without labels left out",
    "duplicate_dialogues": "dialogues listed again in the splits left out",
    "dialogues_not_in_annotation": "dialogues not in the annotation: labels of the pickle kept",
    "labels_differ_from_annotation": "utterances whose label is not in the annotation's",
    "other_number_of_utterances": "dialogues with another number of rows: missing",
    "adjudicated_present": "shares raised to .5: named by the final label",
    "adjudicated_absent": "shares lowered to 1/3: not in the final label",
    "unknown_emotion_names": "names of unknown emotions left out",
}
"""Kinds of repairs in words; a kind that is not listed is shown by its name."""

_PAIR_WIDTH = 6
"""Columns that a pair of emotions takes in a table: 100% and the space before it."""

_LONGEST_NAME = 24
_MOST_COMPANIONS = 2


def show_store(summary: StoreSummary, verified: bool = False) -> None:
    """Print the page to stdout; it fits 80 columns, or as many as the names of emotions and features need."""
    console = results()
    console.print(f"[bold]{escape(summary.path)}[/bold]", soft_wrap=True)
    if summary.simulated:
        console.print(
            "SIMULATED: nobody expressed or rated any of this; no result on it is about people.", style="yellow"
        )
    console.print(_headline(summary))
    console.print(f"files: {'checksums hold' if verified else 'not checked (--verify checks them)'}", style="dim")
    parts: dict[str, Group | Table | str] = {"Clips": _splits(summary)}
    pairs = _pairs_fit(summary, console.width)
    if summary.emotions:
        parts["Emotions (% of the clips with a known label that show it)"] = _emotions(summary, companions=not pairs)
    if len(summary.emotions) > 1 and pairs:
        parts["Together (of the clips that show the row, % that also show the column)"] = _together(
            summary, console.width
        )
    parts["Modalities (steps of the clips that have it)"] = _modalities(summary)
    parts["Missing (% of the clips without the modality)"] = _missing(summary)
    parts["Met on the way in: mended, left out or kept as it was"] = _repairs(summary)
    for title, part in parts.items():
        _title(console, title)
        console.print(part)
    _sentences(console, "Warnings", summary.warnings, "yellow")
    _sentences(console, "Source", [f"{name}: {_in_words(value)}" for name, value in summary.source.items()])


def _headline(summary: StoreSummary) -> str:
    total = sum(summary.clips.values())
    clips = "1 clip" if total == 1 else f"{total:,} clips"
    if not summary.emotions:
        return f"{clips}, to be predicted: no emotions"
    return f"{clips} · an emotion is present from a share of {summary.present_at:g} of the raters"


def _splits(summary: StoreSummary) -> Table:
    grid = table("", "", *map(_split, summary.clips))
    grid.add_row("clips", *(f"{count:,}" for count in summary.clips.values()))
    if any(summary.groups.values()):
        grid.add_row("groups", *(f"{count:,}" for count in summary.groups.values()))
    return grid


def _pairs_fit(summary: StoreSummary, width: int) -> bool:
    """Whether a table of all pairs of emotions is no wider than the screen."""
    names = [emotion.name for emotion in summary.emotions]
    return len(names) * _PAIR_WIDTH <= width - max(map(len, names), default=0)


def _emotions(summary: StoreSummary, companions: bool) -> Group:
    """A line for each emotion; `companions` adds which others come with it most often."""
    unknown = any(emotion.unknown for emotion in summary.emotions)
    disputed = any(emotion.disputed for emotion in summary.emotions)
    further = [*(["unknown"] if unknown else []), *(["raters differ"] if disputed else [])]
    grid = table("", "", *map(_split, summary.clips), "clips", *further)
    if companions:
        grid.columns[0].min_width = min(_LONGEST_NAME, max(len(emotion.name) for emotion in summary.emotions))
        for column in grid.columns:
            column.no_wrap = True
        grid.add_column("most often with", no_wrap=True, overflow="ellipsis")
    for emotion in summary.emotions:
        shares = ["-" if share is None else _percent(share) for share in emotion.present.values()]
        counts = [_or_dash(sum(emotion.clips.values()))]
        counts += [_or_dash(emotion.unknown)] if unknown else []
        counts += [_share(emotion.disputed)] if disputed else []
        grid.add_row(emotion.name, *shares, *counts, *([_companions(emotion)] if companions else []))
    return Group(grid, _label_sentence(summary))


def _label_sentence(summary: StoreSummary) -> str:
    if summary.labels_per_clip is None or summary.clips_without_emotion is None:
        return "No clip has all its labels known."
    return (
        f"A clip shows {summary.labels_per_clip:.2f} emotions on average; {summary.clips_without_emotion:.1%} of the "
        "clips show none."
    )


def _together(summary: StoreSummary, width: int) -> Table | str:
    """What emotions come together, in a table of all pairs."""
    names = [emotion.name for emotion in summary.emotions]
    if not any(any(emotion.clips.values()) for emotion in summary.emotions):
        return "no clip shows any"
    grid = table("", "", *_shortened(names, width - max(map(len, names))))
    for emotion in summary.emotions:
        shares = ["" if n == emotion.name else "-" if s is None else f"{s:.0%}" for n, s in emotion.together.items()]
        grid.add_row(emotion.name, *shares)
    return grid


def _companions(emotion: EmotionSummary) -> str:
    """The few others that come with an emotion most often, with the share of its clips that show them."""
    known = {name: share for name, share in emotion.together.items() if share and name != emotion.name}
    most = sorted(known, key=lambda name: -known[name])[:_MOST_COMPANIONS]
    return ", ".join(f"{name} {known[name]:.0%}" for name in most) or "-"


def _shortened(names: Sequence[str], room: int) -> list[str]:
    """The names, as far as they can stay distinct and fit beside one another; numbers where they cannot."""
    for length in range(max(map(len, names)), 2, -1):
        short = [name[:length] for name in names]
        if len(set(short)) == len(names) and sum(2 + max(len(name), 4) for name in short) <= room:
            return short
    return [str(i) for i in range(1, len(names) + 1)]


def _modalities(summary: StoreSummary) -> Group:
    grid = table("", "", "numbers", "least", "10%", "median", "90%", "99%", "most", "size")
    for modality in summary.modalities:
        steps = [f"{modality.steps.get(q, 0):,}" for q in ("0", "0.1", "0.5", "0.9", "0.99", "1")]
        grid.add_row(modality.name, f"{modality.dimension:,}", *steps, _size(modality.bytes))
    features = [
        Padding(escape(f"{modality.name}: {modality.feature}"), (0, 0, 0, 2), expand=False)
        for modality in summary.modalities
        if modality.feature
    ]
    return Group(grid, *features, *(_own_labels(modality) for modality in summary.modalities if modality.own_labels))


def _own_labels(modality: ModalitySummary) -> Padding:
    """That raters judged a modality alone, and how often they agree with those who judged the whole."""
    agree = "" if modality.own_agree is None else f", {modality.own_agree:.0%} of them as the joint label says"
    sentence = f"{modality.name}: {modality.own_labels:.0%} of the pairs have a label of their own{agree}"
    return Padding(escape(sentence), (0, 0, 0, 2), expand=False)


def _missing(summary: StoreSummary) -> Table | str:
    if not any(share for modality in summary.modalities for share in modality.missing.values()):
        return f"no clip lacks {' or '.join(escape(modality.name) for modality in summary.modalities)}"
    grid = table("", "", *map(_split, summary.clips))
    for modality in summary.modalities:
        grid.add_row(modality.name, *map(_share, modality.missing.values()))
    return grid


def _repairs(summary: StoreSummary) -> Table | str:
    if not summary.repairs:
        return "nothing"
    grid = table("", "", "where", "times")
    for kind, places in summary.repairs.items():
        for i, (place, times) in enumerate(places.items()):
            grid.add_row("" if i else REPAIRS.get(kind, kind), place, f"{times:,}")
    return grid


def _sentences(console: Console, title: str, sentences: "list[str] | tuple[str, ...]", style: str = "") -> None:
    if not sentences:
        return
    _title(console, title)
    for sentence in sentences:
        for line in wrap(sentence, console.width - 2, break_long_words=False, break_on_hyphens=False):
            console.print(f"  {escape(line)}", style=style, soft_wrap=True)


def _title(console: Console, title: str) -> None:
    console.print()
    console.print(title, style="bold")


def _noted(files: list[Any]) -> str:
    """How many clips each note of `lddu extract` is about."""
    notes = Counter(note for file in files for noted in file.get("notes", {}).values() for note in dict.fromkeys(noted))
    return "".join(f"; {note} in {count}" for note, count in notes.most_common())


def _in_words(value: object) -> str:
    """An entry of the source in words."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(entry)}" for name, entry in value.items() if entry not in ("", None))
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        return f"{len(value)}, listed in the manifest{_noted(value)}"
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _split(name: str) -> str:
    return name or "no split"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _share(share: float) -> str:
    return _percent(share) if share else "-"


def _or_dash(count: int) -> str:
    return f"{count:,}" if count else "-"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.2f} GB"
