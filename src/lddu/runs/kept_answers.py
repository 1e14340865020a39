"""What a finished run answered on a split, as its folder keeps it, beside what was observed."""

import numpy as np

from lddu.errors import RunError, parameter
from lddu.evaluate.answered import Answers
from lddu.evaluate.scored import Scored
from lddu.runs.run_folder import RunFolder


def answers_of(run: RunFolder, split: str) -> Answers:
    """What a run answered on a split, and what was observed.

    Raises:
        RunError: where it did not predict that split, or none of its clips has a label.
    """
    predictions, path = run.predictions(), run.place
    rows = np.flatnonzero(predictions.split == split)
    if not len(rows):
        cure = f"name another {parameter('split')}"
        if not run.finished:
            cure = f"finish the run with 'lddu train --resume {path}' or {cure}"
        raise RunError(f"Expected predictions of the split {split!r} in {path}, but it has none; {cure}.")
    scored = Scored(
        predictions.probability[rows],
        predictions.presence[rows],
        predictions.clip[rows],
        predictions.emotions,
        predictions.group[rows],
        split,
    )
    if not scored.known.any():
        raise RunError(
            f"Expected labels of the split {split!r} in {path}, but none of its clips has any; name another {parameter('split')}."
        )
    return Answers(path, scored, predictions.label[rows], predictions.uncertainty[rows])
