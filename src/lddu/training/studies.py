"""The studies that consist of several trainings in one folder, and the file by which each is known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Study:
    """A kind of folder.

    Attributes:
        file: in it, which says what its trainings are of.
        what: its trainings are, in words.
    """

    file: str
    what: str


CROSS_VALIDATION = Study("folds.json", "a cross-validation")
ABLATION = Study("ablation.json", "an ablation over folds")
BENCH = Study("bench.json", "a bench of models")
STUDIES = (CROSS_VALIDATION, ABLATION, BENCH)
