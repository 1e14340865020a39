"""Label-wise conformal sets: of the clips that show an emotion, at least a target share has it in its set, for each emotion alone.

Class-conditional split conformal prediction (Vovk, ACML 2012) with the probability as the score. It holds for new clips
that are exchangeable with the validation clips, on average over draws of these; other than the recall of
`lddu.decide.conformal` it also protects a rare emotion, at the price of larger sets.
"""

import numpy as np

from lddu.arrays import Floats
from lddu.errors import MismatchError
from lddu.evaluate.scored import Validation


def label_cuts(validation: Validation, target: float) -> Floats:
    """[E] cuts: an emotion is in the set where its probability is at least its cut.

    With n validation clips that show the emotion, the cut is the floor((n + 1)(1 - target))-th smallest of their
    probabilities; 0, so that every set holds it, where that is less than one.

    Args:
        validation: the validation split, with the probabilities that the cuts will meet.
        target: share in (0, 1).

    Raises:
        MismatchError: the target is outside (0, 1).

    Example:
        >>> from lddu.evaluate.scored import Scored
        >>> p = np.linspace(0.05, 0.95, 19)[:, None]
        >>> scored = Scored(p, np.ones_like(p), [f"c{n}" for n in range(19)], ("joy",), split="valid")
        >>> label_cuts(Validation(scored), 0.9).round(2)
        array([0.1])
    """
    if not 0 < target < 1:
        raise MismatchError(f"Expected a target above 0 and below 1, but got {target:g}; ask for 0.9, say.")
    scored = validation.scored
    cuts = np.zeros(len(scored.emotions))
    for e, present in enumerate((scored.presence == 1).T):
        rank = int((1 - target) * (present.sum() + 1) + 1e-9)  # (1 - 0.9) * 30 is a hair below 3
        if rank:
            cuts[e] = np.sort(scored.probability[present, e])[rank - 1]
    return cuts
