#!/usr/bin/env bash
# scikit-multilearn-ng 0.0.8 (BSD) with scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.2.6, several emotions to a clip: `ProbabilisticClassifierChain.predict_proba` gives, by its documentation,
# the probabilities of the labels. It gives how sure each classifier of the chain is of the value that the likeliest set of labels has there, whether that is
# 1 or 0: an emotion that is surely absent gets 0.99. With a threshold of a half nearly all emotions hold in nearly all clips, and clips that are ranked by
# it come nearly in the opposite order. `predict` is right, and so are `ClassifierChain` and `BinaryRelevance`.
#   expected: probabilities whose mean is near the share of the clips that have a label, 0.19, and an area under the ROC curve of 0.94
#   seen:     a mean of 0.89, an area of 0.2       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps scikit-multilearn-ng==0.0.8 # it asks for packages of graphs too, of which nothing here has need
cat > "$folder/chain.py" <<'P'
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from skmultilearn.problem_transform import BinaryRelevance, ClassifierChain, ProbabilisticClassifierChain

draw = np.random.default_rng(0)
clips = draw.normal(size=(600, 3))
labels = (clips + 0.5 * draw.normal(size=clips.shape) > 1).astype(int)
print("share of clips with a label", f"{labels[300:].mean():.2f}")
for chain in (BinaryRelevance, ClassifierChain, ProbabilisticClassifierChain):
    model = chain(LogisticRegression(), require_dense=[True, True]).fit(clips[:300], labels[:300])
    likely, holds = model.predict_proba(clips[300:]).toarray(), model.predict(clips[300:]).toarray()
    print(
        f"{chain.__name__}: labels {holds.mean():.2f}, probability {likely.mean():.2f}, above a half",
        f"{(likely > 0.5).mean():.2f}, ROC {roc_auc_score(labels[300:], likely):.2f}",
    )
P
seen=$("$folder/venv/bin/python" "$folder/chain.py")
echo "$seen"
[ "$seen" = "share of clips with a label 0.19
BinaryRelevance: labels 0.16, probability 0.20, above a half 0.16, ROC 0.94
ClassifierChain: labels 0.16, probability 0.20, above a half 0.16, ROC 0.94
ProbabilisticClassifierChain: labels 0.17, probability 0.89, above a half 0.99, ROC 0.20" ]
