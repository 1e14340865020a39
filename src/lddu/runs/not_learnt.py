"""What a run could not learn from one modality alone: of clips that have nothing else it cannot tell."""

import re
from collections.abc import Sequence

import numpy as np

from lddu.arrays import Flags
from lddu.models.family import Task
from lddu.sentences import listed

_SENTENCE = re.compile(r"^(.*) could not be learnt from (.*) alone: ")


def sentence(emotions: Sequence[str], modality: str) -> str:
    """What a run says of emotions that no training clip of one modality alone is labelled with."""
    return (
        f"{listed(emotions)} could not be learnt from {modality} alone: no training clip of it alone has a known label"
    )


def having_only(presence: Flags) -> Flags:
    """[N, M] whether a clip has this modality and no other.

    Args:
        presence: [N, M] which modalities the clips have.
    """
    return np.asarray(presence & (presence.sum(axis=1, keepdims=True) == 1))


def modality_of(warning: str) -> str | None:
    """From which modality alone something could not be learnt; None where the sentence says another thing."""
    match = _SENTENCE.match(warning)
    return match[2] if match else None


def not_learnt(task: Task, warnings: Sequence[str]) -> Flags:
    """[M, E] which emotions could not be learnt from which modality alone.

    Args:
        task: of the run.
        warnings: of its training.
    """
    flags = np.zeros((len(task.dimensions), len(task.emotions)), bool)
    modalities = list(task.dimensions)
    for match in filter(None, map(_SENTENCE.match, warnings)):
        if match[2] in modalities:
            names = _listed_in(match[1], task.emotions)
            flags[modalities.index(match[2])] |= [emotion in names for emotion in task.emotions]
    return flags


def _listed_in(told: str, emotions: Sequence[str]) -> set[str]:
    """Which of the emotions a sentence lists; a name may hold ``,`` or ``and`` itself, so the longest is looked for first."""
    longest = sorted(emotions, key=len, reverse=True)
    return set(re.findall(rf"(?:^|, | and )({'|'.join(map(re.escape, longest))})(?=$|, | and )", told))


def untaught(unlearnt: Flags, presence: Flags) -> Flags:
    """[N, E] emotions that a clip's only modality did not teach.

    Args:
        unlearnt: [M, E] as `not_learnt` gives it.
        presence: [N, M] which modalities the clips have.
    """
    return np.asarray(having_only(presence).astype(int) @ unlearnt.astype(int) > 0)
