"""The JSON document of answers on clips: what `lddu predict --json` prints and `lddu serve` sends."""

from typing import Any

from lddu.runs.explained import ClipAnswers
from lddu.runs.predictor import Predictor


def answer_document(predictor: Predictor, found: ClipAnswers) -> dict[str, Any]:
    """The answers with the run that gave them and what a reader should know; docs/run_folder.md explains the keys."""
    return {
        "run": predictor.folder.place,
        "answered_by": predictor.origin.to_mapping(),
        "warnings": found.warnings,
        "adapted": found.adaptation and found.adaptation.to_mapping(),
        "failed": [vars(failure) for failure in found.failures],
        "clips": found.to_records(),
        **({"people": [one.to_mapping() for one in found.people()]} if found.person else {}),
    }
