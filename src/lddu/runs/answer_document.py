"""The JSON document of answers on clips: what `lddu predict --json` prints and `lddu serve` sends."""

from typing import Any

from lddu.runs.explained import ClipAnswers
from lddu.runs.predictor import Predictor


def answer_document(predictor: Predictor, answers: ClipAnswers) -> dict[str, Any]:
    """The answers with the run that gave them and what a reader should know; docs/run_folder.md explains the keys."""
    return {
        "run": predictor.folder.place,
        "answered_by": predictor.origin.to_mapping(),
        "warnings": answers.warnings,
        "adapted": answers.adaptation and answers.adaptation.to_mapping(),
        "failed": [vars(failure) for failure in answers.failures],
        "clips": answers.to_records(),
        **({"people": [person.to_mapping() for person in answers.people()]} if answers.person else {}),
    }
