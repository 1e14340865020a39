"""Pages that need nothing but a browser: templates with escaping on, figures of speech for numbers."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import jinja2

from lddu.decide.decision import FittedDecision
from lddu.sentences import SIMULATED_CORPUS, listed

if TYPE_CHECKING:
    from lddu.evaluate.compare import Difference


@cache
def template(name: str) -> jinja2.Template:
    """A template of the package; a name that it uses and is not given is an error.

    Filters: `figure` (digits, a dash for None), `signed` (the same with its sign), `span` (both ends of an interval), `sentence` (ends with one full stop),
    `score`, `metric` and `recalibration` (their names as people read them). `simulated_corpus` is the sentence on such a corpus.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lddu.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["simulated_corpus"] = SIMULATED_CORPUS
    environment.filters["figure"] = figure
    environment.filters["signed"] = signed
    environment.filters["chance"] = chance
    environment.filters["span"] = span
    environment.filters["sentence"] = sentence
    environment.filters["score"] = score_name
    environment.filters["metric"] = metric_name
    environment.filters["recalibration"] = recalibration_name
    return environment.get_template(name)


def sentence(words: str) -> str:
    """Words with a full stop, where they have none: warnings come with and without one.

    Example:
        >>> sentence("2 clips are empty"), sentence("No clip is in the split 'test': training reports no test figures.")
        ('2 clips are empty.', "No clip is in the split 'test': training reports no test figures.")
    """
    return words if words.endswith((".", "?", "!")) else f"{words}."


def figure(value: float | None, digits: int = 3) -> str:
    """That many decimals; a dash where there is none to give, None or NaN."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """That many decimals with a sign, which what rounds to nothing lacks; a dash where there is none to give.

    Example:
        >>> signed(0.0312, 2), signed(-0.5, 2), signed(-0.001, 2)
        ('+0.03', '−0.50', '0.00')
    """
    if value is None or math.isnan(value):
        return "–"
    rounded = round(value, digits)
    return f"{rounded or 0.0:{'+' if rounded else ''}.{digits}f}".replace("-", "−")


def chance(value: float) -> str:
    """A chance of resamples; they are too few to distinguish a small one from none."""
    return "< 0.001" if value < 0.001 else figure(value)


def over_runs(name: str, mean: Mapping[str, float], deviation: Mapping[str, float] | None) -> str:
    """A figure's mean over runs and their standard deviation, which a single run lacks."""
    return figure(mean[name]) + ("" if deviation is None else f" ± {figure(deviation[name])}")


def with_interval(difference: "Difference") -> str:
    """A difference, its 95 % interval and how likely chance makes it."""
    return f"{signed(difference.value)} ({signed(difference.low)} to {signed(difference.high)}, {chance(difference.chance)})"


def span(ends: Sequence[float] | None) -> str:
    """Both ends of an interval; empty where there is none."""
    return "" if ends is None or math.isnan(ends[0]) else f"{ends[0]:.2f} to {ends[1]:.2f}"


def score_name(name: str) -> str:
    """An uncertainty score as people read it."""
    return {"width": "|std|", "label_odds": "own probability", "product": "selected score"}.get(
        name, name.replace("_", " ")
    )


_METRICS = {
    "f1_micro": "micro-F1",
    "f1_macro": "macro-F1",
    "precision_micro": "precision",
    "recall_micro": "recall",
    "jaccard": "Jaccard",
    "jaccard_empty_correct": "Jaccard, empty counted right",
    "hamming_loss": "Hamming loss",
    "brier": "Brier",
    "map_macro": "mAP",
    "adaptive_ece": "adaptive calibration error",
    "error_auroc": "AUROC of errors",
    "set_recall": "recall of the label sets",
}


def metric_name(name: str) -> str:
    """A field of `metrics.json` as people read it."""
    return _METRICS.get(name, name.replace("_", " "))


def recalibration_name(method: str) -> str:
    """A method of recalibration as people read it."""
    return {"platt": "Platt", "platt_per_emotion": "Platt per emotion"}.get(method, method)


def recalibrations(decision: FittedDecision) -> str:
    """The recalibration of every set of modalities that has one of its own, then that of all other clips."""
    methods = {listed(one.modalities): one.recalibration.method for one in decision.by_modalities}
    methods["other clips" if methods else "all clips"] = decision.recalibration.method
    named = {name: "none" if method == "identity" else recalibration_name(method) for name, method in methods.items()}
    return "; ".join(f"{name}: {method}" for name, method in named.items())
