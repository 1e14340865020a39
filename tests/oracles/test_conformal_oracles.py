"""Conformal cuts against MAPIE's multi-label controller: same definition, its grid of cuts, our exact one."""

import numpy as np
import pytest

from lddu.decide.conformal import GRID, NOTHING, hoeffding_bentkus, precision_cuts, recall_cut
from lddu.evaluate.scored import Scored
from tests.scores import random_scored

reason = "MAPIE is an oracle of the dev extra"
mapie = pytest.importorskip("mapie.risk_control", reason=reason)


def on_grid(seed: int) -> Scored:
    """Clips with a present emotion, probabilities in the middle between MAPIE's cuts."""
    scored = random_scored(seed, clips=150)
    rounded = scored.with_probability(np.floor(scored.probability * 99) / 100 + 0.005)
    return rounded.rows((scored.presence == 1).any(axis=1))


@pytest.mark.parametrize("target", [0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("seed", range(4))
def test_label_sets_with_promised_recall_are_those_of_mapie(seed: int, target: float) -> None:
    scored = on_grid(seed)
    controller = mapie.MultiLabelClassificationController(
        predict_function=lambda x: x, risk="recall", method="crc", target_level=target
    )
    controller.calibrate(scored.probability, scored.presence.astype(int))
    ours = scored.probability >= recall_cut(scored.probability, scored.presence, target)
    assert (ours == controller.predict(scored.probability)[:, :, 0]).all()


def test_p_values_are_those_of_mapie() -> None:
    from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

    risk = np.array([0.0, 0.01, 0.05, 0.1, 0.2, 0.5])
    for n, level in ((50, 0.1), (400, 0.2)):
        expected = compute_hoeffding_bentkus_p_value(risk, n, level).ravel()
        assert hoeffding_bentkus(risk, n, level) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("target", [0.6, 0.8])
def test_precision_keeps_at_least_as_much_as_a_bonferroni_correction_by_mapies_p_values(target: float) -> None:
    from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

    scored = random_scored(5, clips=600)
    cut = precision_cuts(scored.probability, scored.presence, (target,), 0.9)[0]
    accepted = []
    for at in GRID:
        chosen = scored.probability >= at
        wrong = (chosen & (scored.presence == 0)).sum(axis=1) / np.maximum(chosen.sum(axis=1), 1)
        p = compute_hoeffding_bentkus_p_value(np.array([wrong.mean()]), 600, 1 - target)
        accepted += [at] if p.item() <= 0.1 / len(GRID) else []
    assert cut <= min(accepted, default=NOTHING)
