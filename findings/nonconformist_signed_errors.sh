#!/usr/bin/env bash
# nonconformist 2.1.0 with scikit-learn 1.9.1, SciPy 1.17.1, pandas 3.1.1 and NumPy 2.2.6, conformal intervals of valence or arousal around a model that errs to one side, for
# which `SignErrorErrFunc` is there. By its documentation the score is the rating less the prediction; it is the prediction less the rating, and
# the interval is built from it as documented: it lies on the wrong side of the prediction. Where errors are the same to both sides that does not show.
# (`predict` without a significance, which gives 99 levels, takes the lower distance for both sides: other intervals of the same predictor.)
#   expected: the rating in 90 % of the intervals, which lie above predictions that are too low, as `AbsErrorErrFunc`, in its wider ones, has it
#   seen:     in 1 % of the intervals, which lie below predictions that are too low       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check nonconformist==2.1.0 numpy==2.2.6 scipy==1.17.1 pandas==3.1.1 scikit-learn==1.9.1
cat > "$folder/intervals.py" <<'P'
import numpy as np
from nonconformist.base import RegressorAdapter
from nonconformist.icp import IcpRegressor
from nonconformist.nc import AbsErrorErrFunc, RegressorNc, SignErrorErrFunc

draw = np.random.default_rng(0)


class Answers:
    """The clips are the answers of a model, which are passed on."""

    def fit(self, clips, ratings):
        pass

    def predict(self, clips):
        return clips[:, 0]


def clips(number, bias):
    answers = draw.normal(size=(number, 1))
    return answers, answers[:, 0] + bias + draw.normal(size=number)


for bias in (0, 2):
    for score in (AbsErrorErrFunc(), SignErrorErrFunc()):
        predictor = IcpRegressor(RegressorNc(RegressorAdapter(Answers()), score))
        predictor.fit(*clips(10, bias))
        predictor.calibrate(*clips(1000, bias))
        answers, ratings = clips(2000, bias)
        low, high = predictor.predict(answers, significance=0.1).T
        print(
            f"{bias} too low, {type(score).__name__}: covered {np.mean((low <= ratings) & (ratings <= high)):.2f},",
            f"from {np.mean(low - answers[:, 0]):.1f} to {np.mean(high - answers[:, 0]):.1f} around the prediction",
        )
P
seen=$("$folder/venv/bin/python" "$folder/intervals.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "0 too low, AbsErrorErrFunc: covered 0.91, from -1.7 to 1.7 around the prediction
0 too low, SignErrorErrFunc: covered 0.90, from -1.6 to 1.7 around the prediction
2 too low, AbsErrorErrFunc: covered 0.90, from -3.3 to 3.3 around the prediction
2 too low, SignErrorErrFunc: covered 0.01, from -3.6 to -0.3 around the prediction" ]
