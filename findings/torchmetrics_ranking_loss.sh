#!/usr/bin/env bash
# torchmetrics 1.9.0 with torch 2.13.0 and scikit-learn 1.9.1: the multi-label ranking loss of torchmetrics, the share of label pairs in the
# wrong order, depends on two things that say nothing of the answers.
# - Labels with the same score are in order of their columns: an answer that is the same for all labels is perfect where the label that holds
#   stands last, and all wrong where it stands first. Scikit-learn counts ties as wrong, wherever they stand.
# - A batch in which no clip has a label that holds (or all have all) counts as one clip, however many it has; beside others each counts.
#   expected: the same figure for both orders of columns, and 0.25 for four clips of which one is wrong, in any batches
#   seen:     0 and 1; 0.25 in one batch, 0.5 in two       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 numpy==2.2.6 scikit-learn==1.9.1
cat > "$folder/ranks.py" <<'P'
import torch
from sklearn.metrics import label_ranking_loss
from torchmetrics.classification import MultilabelRankingLoss

for target in ([[0, 0, 1]], [[1, 0, 0]]):
    same = torch.tensor([[0.5, 0.5, 0.5]])
    loss = MultilabelRankingLoss(3)(same, torch.tensor(target))
    print("ties", target, "torchmetrics", loss.item(), "scikit-learn", label_ranking_loss(target, same))
score = torch.tensor([[0.1, 0.9], [0.2, 0.7], [0.2, 0.6], [0.3, 0.8]])
target = torch.tensor([[1, 0], [0, 0], [0, 0], [0, 0]])
for batches in ([4], [1, 3]):
    metric = MultilabelRankingLoss(2)
    for one, other in zip(score.split(batches), target.split(batches)):
        metric.update(one, other)
    print("batches of", batches, metric.compute().item())
P
seen=$("$folder/venv/bin/python" "$folder/ranks.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "ties [[0, 0, 1]] torchmetrics 0.0 scikit-learn 1.0
ties [[1, 0, 0]] torchmetrics 1.0 scikit-learn 1.0
batches of [4] 0.25
batches of [1, 3] 0.5" ]
