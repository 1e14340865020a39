#!/usr/bin/env bash
# torch-uncertainty 0.13.0 (Apache-2.0) with torch 2.13.0, torchmetrics 1.9.0 and NumPy 2.2.6, how far the members of an ensemble disagree about a clip:
# the metric `VariationRatio` asks for probabilities of shape (clip, estimator, class), as its neighbours (mutual information, entropy) do, and turns the first two
# axes round. It says for each estimator by how much its answers vary from clip to clip, not for each clip how far the estimators differ.
#   expected: 0 for clips on which all estimators agree; 0.33 for clips on which one of three differs; as many values as clips with reduction "none"
#   seen:     0.5 and 0; as many as estimators       (2026-12-01, Python 3.11)
# (The figure beside the example in its docstring, 0.45, is of the axes turned; by its definition it is 0.35.)
# Only the file of the metric is loaded: the package around it asks for much of which nothing here has need. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps torch-uncertainty==0.13.0
cat > "$folder/ensemble.py" <<'P'
import importlib.util
import sysconfig

import torch

file = sysconfig.get_path("purelib") + "/torch_uncertainty/metrics/classification/variation_ratio.py"
spec = importlib.util.spec_from_file_location("variation_ratio", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def by_definition(votes):
    """Mean share of the estimators that do not vote as most of them do; `votes` are classes of shape (clip, estimator)."""
    return (votes != votes.mode(dim=1).values[:, None]).float().mean().item()


for name, votes in {
    "all agree": [[0, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 1]],
    "one of three differs": [[0, 1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]],
}.items():
    votes = torch.tensor(votes)
    probability = torch.nn.functional.one_hot(votes, 2).float()  # (clip, estimator, class)
    said = [round(module.VariationRatio(probabilistic=soft)(probability).item(), 2) for soft in (True, False)]
    values = module.VariationRatio(reduction="none")(probability)
    print(f"{name}: {said}, by definition {by_definition(votes):.2f}; {len(values)} values for {len(votes)} clips")
example = torch.tensor([[[0.7, 0.3], [0.6, 0.4], [0.8, 0.2]], [[0.4, 0.6], [0.5, 0.5], [0.3, 0.7]]])
print(f"its example: {module.VariationRatio()(example).item():.2f}, by definition {1 - example.mean(1).max(1).values.mean().item():.2f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/ensemble.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "all agree: [0.5, 0.5], by definition 0.00; 3 values for 4 clips
one of three differs: [0.0, 0.0], by definition 0.33; 3 values for 4 clips
its example: 0.45, by definition 0.35" ]
