#!/usr/bin/env bash
# crowd-kit 1.4.2 (Apache-2.0) with pandas 3.1.1, SciPy 1.17.1 and NumPy 2.2.6, labels of clips from raters of unequal worth: `DawidSkene` goes on for up to
# `n_iter` rounds, 100 by default, until its bound on the likelihood rises by less than `tol`. That bound counts the share of each label once for
# every rating where it has to count once for every clip. For an emotion that raters often miss, as all rare ones in a corpus of
# several labels, it falls while the likelihood rises, and the second round is the last, whatever `n_iter` says. `tol=-inf` runs them all.
#   expected: labels where the likelihood is highest, as a run of 100 rounds gives them: joy found in 90 % of the clips that have it, 21 of 500 wrong
#   seen:     two rounds, 66 % found and 44 wrong; in `loss_history_` the bound falls from -0.649 to -0.696       (2026-11-30, Python 3.11)
# `OneCoinDawidSkene` has the same bound. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pandas==3.1.1 scipy==1.17.1 numpy==2.2.6 attrs scikit-learn==1.9.1 nltk tqdm
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps crowd-kit==1.4.2 # it asks for transformers too, of which nothing here has need
cat > "$folder/rounds.py" <<'P'
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene

draw = np.random.default_rng(0)
joy = draw.random(500) < 0.3
ratings = pd.DataFrame(
    [
        (clip, rater, int(draw.random() < (0.3 if joy[clip] else 0.02)))
        for clip in range(500)
        for rater in draw.choice(12, 10, replace=False)
    ],
    columns=["task", "worker", "label"],
)


def likelihood(model):
    """Logarithm, of all ratings, by the shares and errors that were found."""
    each = ratings.join(np.log(model.errors_), on=["worker", "label"]).groupby("task")[[0, 1]].sum()
    return float(np.logaddexp(*(each + np.log(model.priors_))[[0, 1]].to_numpy().T).sum())


for settings in ({"n_iter": 1}, {"n_iter": 1000}, {"n_iter": 100, "tol": -np.inf}):
    model = DawidSkene(**settings)
    labels = model.fit_predict(ratings).sort_index().to_numpy()
    print(
        f"{len(model.loss_history_)} rounds: found {labels[joy].mean():.2f}, wrong {(labels != joy).sum()}, bound",
        f"{model.loss_history_[-1]:.3f}, likelihood {likelihood(model):.0f}",
    )
P
seen=$("$folder/venv/bin/python" "$folder/rounds.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "1 rounds: found 0.57, wrong 55, bound -0.649, likelihood -1373
2 rounds: found 0.66, wrong 44, bound -0.696, likelihood -1357
100 rounds: found 0.90, wrong 21, bound -0.791, likelihood -1343" ]
