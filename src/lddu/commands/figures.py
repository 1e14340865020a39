"""Metrics on the terminal: of a run, of one split, of several runs."""

from typing import TYPE_CHECKING, Any

from lddu.commands.screen import results, table, warn
from lddu.evaluate.meters import unresponsive_meters
from lddu.evaluate.shares import SHARE_FIGURES
from lddu.evaluate.verdicts import baseline_name, verdicts_of
from lddu.sentences import counted

if TYPE_CHECKING:
    from lddu.runs.robustness import Robustness
    from lddu.runs.run_folder import RunFolder


def show_run(run: "RunFolder") -> None:
    """The headline of a run, its emotions, and where its report is."""
    metrics = run.read_json("metrics.json")
    split = "test" if "test" in metrics["splits"] else "valid"
    simulated = bool(metrics["protocol"].get("simulated"))
    show_split(split, metrics["splits"][split], simulated)
    if "folds" in metrics:
        show_folds(metrics)
    if not metrics["protocol"].get("finished", True):
        warn(["training was stopped early; these are validation figures, test was not looked at"])
    warn(metrics["warnings"])
    if not run.read_only:
        results().print(f"report: {run.path / 'report.html'}", markup=False, soft_wrap=True)


def show_split(split: str, figures: dict[str, Any], simulated: bool) -> None:
    """One split's figures as two small tables."""
    note = ", simulated corpus" if simulated else ""
    grid = table(
        f"{split}: {counted(figures['n'], 'clip')}{note}; threshold chosen on valid",
        "",
        "micro-F1",
        "macro-F1",
        "Jaccard",
        "mAP",
        "Brier",
    )
    grid.add_row(
        "this run",
        *(number(figures[key]) for key in ("f1_micro", "f1_macro", "jaccard", "map_macro", "brier")),
        style="bold",
    )
    for baseline in figures.get("baselines", []):
        ranked = number(baseline["map_macro"]) if "map_macro" in baseline else ""
        decided = (number(baseline[key]) for key in ("f1_micro", "f1_macro", "jaccard"))
        grid.add_row(baseline_name(baseline), *decided, ranked, "")
    results().print(grid)
    for sentence in verdicts_of(figures):
        results().print(f"\n{sentence}", style="yellow", markup=False, soft_wrap=True)
    if chosen := figures.get("arg_max"):
        results().print(
            f"\nmost probable emotion of {counted(chosen['n'], 'clip')}: accuracy {number(chosen['accuracy'])}, weighted F1 "
            f"{number(chosen['f1_weighted'])}, unweighted recall {number(chosen['recall_unweighted'])}",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    _show_shares(figures.get("shares"))
    emotions = table("\nper emotion", "", "positives", "F1", "precision", "recall", "AP", "AUROC")
    for name, scores in figures["per_emotion"].items():
        row = (number(scores[key]) for key in ("f1", "precision", "recall", "ap", "auroc"))
        emotions.add_row(name, f"{scores['positives']}", *row)
    results().print(emotions)


def show_folds(metrics: dict[str, Any]) -> None:
    """The figures of each fold of a cross-validation on its test clips, and their mean."""
    from lddu.evaluate.answered import HEADLINE
    from lddu.runs.table_text import HEADINGS

    grid = table("\nfold by fold, on its test clips", "", "groups", "clips", *(HEADINGS[name] for name in HEADLINE))
    for row in metrics["folds"]:
        values = (number(row["figures"].get(name)) for name in HEADLINE)
        grid.add_row(row["run"], f"{len(row['groups']) or ''}", f"{row['clips']['test']}", *values)
    means = (metrics["over_folds"].get(name) for name in HEADLINE)
    cells = ("–" if summary is None else _over_folds(summary, len(metrics["folds"])) for summary in means)
    grid.add_row("mean ± deviation", "", "", *cells, style="bold")
    console = results()
    console.width = max(console.width, 140)
    console.print(grid)


def _over_folds(summary: dict[str, Any], folds: int) -> str:
    """Mean and deviation of a figure; how many folds can give it where not all can."""
    spread = "" if summary["deviation"] is None else f" ± {number(summary['deviation'])}"
    some = f" ({counted(summary['folds'], 'fold')})" if summary["folds"] < folds else ""
    return f"{number(summary['mean'])}{spread}{some}"


def _show_shares(shares: dict[str, Any] | None) -> None:
    """How far the expected shares of raters are from the observed ones; nothing where the run expects none."""
    if shares is None:
        return
    grid = table(
        f"\nshares of raters, {counted(shares['n'], 'clip')}; smaller is better", "",
        "Jensen-Shannon", "Manhattan", "soft Brier", "cross-entropy",
    )  # fmt: skip
    rows = {"this run": shares, **{baseline["name"].replace("-", " "): baseline for baseline in shares["baselines"]}}
    if "one_rater" in shares:
        rows["one rater, of the others"] = shares["one_rater"]
    for name, values in rows.items():
        grid.add_row(name, *(number(values.get(figure)) for figure in SHARE_FIGURES))
    results().print(grid)


def show_robustness(split: str, robustness: "Robustness") -> None:
    """How the answers change when a modality is made worse, one table per modality."""
    drawn = counted(robustness.of, "clip")
    if robustness.clips < robustness.of:
        drawn = f"{robustness.clips} of {drawn}"
    results().print(f"{split}: {drawn}; noise in deviations of each feature, seed {robustness.seed}")
    metered = any(point.noise is not None for points in robustness.modalities.values() for point in points)
    for modality, points in robustness.modalities.items():
        grid = table(f"\n{modality} made worse", *_robustness_columns(metered))
        for point in points:
            size = f" {point.size:g}" if point.size else ""
            noise = (_signed(point.noise), _share(point.noise_risen)) if metered else ()
            others = "" if point.weight_on_others is None else f"{point.weight_on_others:.2f}"
            answers = map(number, (point.f1_micro, point.map_macro, point.uncertainty))
            grid.add_row(f"{point.kind}{size}", *answers, _share(point.risen), *noise, others)
        results().print(grid)
    legend = "its error: mean chance that it errs alone; risen in: clips where that is above the clean one"
    if metered:
        legend += "; its noise: mean measured noise of its features, comparable within a modality"
    results().print(legend, style="dim")
    warn(unresponsive_meters(robustness.to_mapping()["modalities"]))


def _robustness_columns(metered: bool) -> tuple[str, ...]:
    noise = ("its noise", "risen in") if metered else ()
    return ("", "micro-F1", "mAP", "its error", "risen in", *noise, "weight on others")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def number(value: float | None) -> str:
    """Three decimals; a dash where there is none to give."""
    return "–" if value is None else f"{value:.3f}"
