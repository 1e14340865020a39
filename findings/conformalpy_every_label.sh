#!/usr/bin/env bash
# conformalpy 1.0.0 (MIT) with NumPy 2.4.6, SciPy 1.17.1 and scikit-learn 1.9.1, sets of labels with a bound on the risk: `MultiLabelConformalClassifier` includes a label whose probability is at least
# 1 - lambda, and looks for lambda among 0 to 1.
# - `method="rcps"` is said to find "smallest lambda such that for all lambda' >= lambda" the bound holds. It takes the largest for which it holds. That is 1, always: each clip gets every label, whatever the model,
#   the risk that was asked for and the clips. The coverage that a user checks is perfect. `method="ltt"` with the loss "recall" does the same.
# - `method="ltt"` with `correction="fixed_sequence"`, the way to bound precision ("non-monotone, requires LTT"), begins at lambda = 1, where precision is worst, stops there and returns lambda = 1
#   as "most conservative": the risk is far above the one that was asked for, without a word. (With "bonferroni", the default, it is kept.)
#   expected: recall: about 3 of 6 labels for a risk of at most 0.2; precision: a risk of at most 0.4
#   seen:     6 of 6 labels; a risk of 0.67       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check conformalpy==1.0.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 pandas==3.1.1 matplotlib==3.11.2 seaborn==0.13.2
cat > "$folder/labels.py" <<'P'
import numpy as np
from conformalpy.risk_control import MultiLabelConformalClassifier


class Known:
    """A model that knows the probability of each label: it is what the clip says."""

    def predict_proba(self, clips):
        return clips


random = np.random.default_rng(0)
probability = random.beta(0.4, 1, (6000, 6))
labels = (random.random(probability.shape) < probability).astype(int)
some = labels.any(axis=1)
probability, labels = probability[some], labels[some]
calibration, fresh = slice(0, 2000), slice(2000, None)
for loss, risk, options in (
    ("recall", 0.2, {"method": "crc"}),
    ("recall", 0.2, {"method": "rcps", "bound": "hoeffding"}),
    ("recall", 0.2, {"method": "rcps", "bound": "hb"}),
    ("recall", 0.2, {"method": "ltt"}),
    ("precision", 0.4, {"method": "ltt"}),
    ("precision", 0.4, {"method": "ltt", "correction": "fixed_sequence"}),
):
    classifier = MultiLabelConformalClassifier(Known(), alpha=risk, loss=loss, **options)
    classifier.calibrate(probability[calibration], labels[calibration])
    sets = classifier.predict(probability[fresh])
    print(f"{loss} {' '.join(options.values())}: {sets.sum(axis=1).mean():.1f} of 6 labels, risk {classifier.compute_risk(probability[fresh], labels[fresh]):.2f}, asked {risk}")


def missed(part, threshold):
    """Mean share of a clip's labels that a set leaves out, shape ()."""
    return np.mean(((probability[part] < 1 - threshold) & (labels[part] == 1)).sum(axis=1) / labels[part].sum(axis=1))


slack = np.sqrt(np.log(1 / 0.1) / (2 * 2000))  # Hoeffding, with a confidence of 0.9
smallest = next(threshold for threshold in np.linspace(0, 1, 200) if missed(calibration, threshold) + slack <= 0.2)
print(f"by hand, recall rcps hoeffding: {(probability[fresh] >= 1 - smallest).sum(axis=1).mean():.1f} of 6 labels, risk {missed(fresh, smallest):.2f}")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/labels.py")
echo "$seen"
[ "$seen" = "recall crc: 2.4 of 6 labels, risk 0.19, asked 0.2
recall rcps hoeffding: 6.0 of 6 labels, risk 0.00, asked 0.2
recall rcps hb: 6.0 of 6 labels, risk 0.00, asked 0.2
recall ltt: 6.0 of 6 labels, risk 0.00, asked 0.2
precision ltt: 2.8 of 6 labels, risk 0.36, asked 0.4
precision ltt fixed_sequence: 6.0 of 6 labels, risk 0.67, asked 0.4
by hand, recall rcps hoeffding: 2.6 of 6 labels, risk 0.16" ]
