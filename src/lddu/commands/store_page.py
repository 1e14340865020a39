"""What `lddu data describe` shows: a page of plain tables about one store."""

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from lddu.commands.screen import results, table
from lddu.features.describe import StoreSummary

REPAIRS = {
    "non_finite_values": "NaN or infinite numbers set to 0",
    "non_finite_clips": "sequences without one finite number: missing",
    "empty_clips": "sequences without steps: missing",
    "all_zero_clips": "sequences of zeros only: missing",
    "padding_steps": "all-zero steps cut at the ends",
    "odd_widths": "clips of another width: missing",
    "unknown_clips": "arrays of clips not in the table left out",
    "duplicate_arrays": "identical duplicate arrays left out",
    "duplicate_rows": "identical duplicate rows left out",
    "ignored_files": "files that are no arrays left out",
    "ignored_words": "words in a column of numbers left out",
    "renamed_splits": "splits renamed to train, valid or test",
    "trimmed_ids": "ids freed of white space around them",
    "ends_before_start": "clips that end before they start: times unknown",
    "clips_without_any_modality": "clips without any modality (kept)",
    "steps_beyond_max": "steps beyond --max-steps cut",
    "duplicate_clips": "clips whose id came before left out",
    "empty_steps": "words in which the modality has nothing: empty steps",
    "words_without_frames": "words of whole videos that meet no frame",
    "frames_without_length": "frames or words without time left out",
    "negative_starts": "segments that start before 0 (kept)",
    "overlapping_segments": "segments that overlap the one before (kept)",
    "segments_out_of_time_order": "segments listed before an earlier one (kept)",
    "segments_without_length": "segments without length (kept, empty)",
    "segments_outside_folds": "segments in no split: unused",
    "videos_without_labels": "videos without labels left out",
    "unknown_labels": "labels outside their range: unknown",
    "clips_without_labels": "clips that no label matches: unknown",
    "labels_without_clip": "labels that no clip matches left out",
    "dialogues_outside_splits": "dialogues in no split: unused",
    "dialogues_without_labels": "dialogues without labels left out",
    "duplicate_dialogues": "dialogues listed again in the splits left out",
    "dialogues_not_in_annotation": "dialogues that the annotation does not fit: labels of the pickle",
    "labels_differ_from_annotation": "utterances whose label is not in the annotation's",
    "other_number_of_utterances": "dialogues with another number of rows: missing",
    "adjudicated_present": "shares raised to .5: named by the final label",
    "adjudicated_absent": "shares lowered to 1/3: not in the final label",
    "unknown_emotion_names": "names of unknown emotions left out",
}
"""Kinds of repairs in words; a kind that is not listed is shown by its name."""


def show_store(summary: StoreSummary, verified: bool = False) -> None:
    """Print the page to stdout."""
    console = results()
    console.print(f"[bold]{escape(summary.path)}[/bold]", soft_wrap=True)
    if summary.simulated:
        console.print(
            "SIMULATED: nobody expressed or rated any of this; no result on it is about people.", style="yellow"
        )
    console.print(_headline(summary))
    console.print(f"files: {'checksums hold' if verified else 'not checked (--verify checks them)'}", style="dim")
    parts = {
        "Clips": _splits(summary),
        "Emotions (share of clips that show it)": _emotions(summary),
        "Together (of the clips that show the row, the share that also shows the column)": _together(summary),
        "Modalities": _modalities(summary),
        "Missing (share of clips without the modality)": _missing(summary),
    }
    for title, part in parts.items():
        _title(console, title)
        console.print(part)
    _repairs(console, summary)
    _sentences(console, "Warnings", summary.warnings, "yellow")
    _sentences(console, "Source", [f"{name}: {value}" for name, value in summary.source.items()])


def _headline(summary: StoreSummary) -> str:
    parts = [f"{sum(summary.clips.values()):,} clips"]
    if summary.labels_per_clip is not None and summary.clips_without_emotion is not None:
        parts.append(f"{summary.labels_per_clip:.2f} emotions a clip")
        parts.append(f"{summary.clips_without_emotion:.1%} of the clips show none")
    parts.append(f"present from a share of {summary.present_at:g} of the raters")
    return " · ".join(parts)


def _splits(summary: StoreSummary) -> Table:
    grid = table("", "", *map(_split, summary.clips))
    grid.add_row("clips", *(f"{count:,}" for count in summary.clips.values()))
    if any(summary.groups.values()):
        grid.add_row("groups", *(f"{count:,}" for count in summary.groups.values()))
    return grid


def _emotions(summary: StoreSummary) -> Table:
    grid = table("", "", *map(_split, summary.clips), "unknown", "raters differ")
    for emotion in summary.emotions:
        shares = ["-" if share is None else f"{share:.1%}" for share in emotion.present.values()]
        grid.add_row(escape(emotion.name), *shares, _count(emotion.unknown), _share(emotion.disputed))
    return grid


def _together(summary: StoreSummary) -> Table | str:
    if len(summary.emotions) < 2:
        return "one emotion only"
    grid = table("", "", *(escape(emotion.name) for emotion in summary.emotions))
    for emotion in summary.emotions:
        shares = ["" if n == emotion.name else "-" if s is None else f"{s:.1%}" for n, s in emotion.together.items()]
        grid.add_row(escape(emotion.name), *shares)
    return grid


def _modalities(summary: StoreSummary) -> Table:
    grid = table("", "", "numbers", "steps 10%", "median", "90%", "99%", "most", "size")
    grid.add_column("  feature", overflow="fold")
    for modality in summary.modalities:
        steps = [f"{modality.steps.get(q, 0):,}" for q in ("0.1", "0.5", "0.9", "0.99", "1")]
        numbers = (str(modality.dimension), *steps, _size(modality.bytes))
        grid.add_row(escape(modality.name), *numbers, f"  {escape(modality.feature)}")
    return grid


def _missing(summary: StoreSummary) -> Table | str:
    if not any(share for modality in summary.modalities for share in modality.missing.values()):
        return "none: every clip has every modality"
    grid = table("", "", *map(_split, summary.clips))
    for modality in summary.modalities:
        grid.add_row(escape(modality.name), *map(_share, modality.missing.values()))
    return grid


def _repairs(console: Console, summary: StoreSummary) -> None:
    _title(console, "Mended on the way in")
    if not summary.repairs:
        console.print("nothing")
        return
    grid = table("", "", "where", "times")
    for kind, places in summary.repairs.items():
        for i, (place, times) in enumerate(places.items()):
            grid.add_row("" if i else escape(REPAIRS.get(kind, kind)), escape(place), f"{times:,}")
    console.print(grid)


def _sentences(console: Console, title: str, sentences: "list[str] | tuple[str, ...]", style: str = "") -> None:
    if not sentences:
        return
    _title(console, title)
    for sentence in sentences:
        console.print(Padding(escape(sentence), (0, 0, 0, 2), expand=False), style=style)


def _title(console: Console, title: str) -> None:
    console.print()
    console.print(title, style="bold")


def _split(name: str) -> str:
    return name or "no split"


def _share(share: float) -> str:
    return f"{share:.1%}" if share else "-"


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.2f} GB"
