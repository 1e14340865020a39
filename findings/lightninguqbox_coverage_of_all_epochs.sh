#!/usr/bin/env bash
# lightning-uq-box 0.2.0 (Apache-2.0) with torch 2.13.0, torchmetrics 1.9.0 and NumPy 2.2.6, how many of the sets of a conformal classifier hold the
# label, and how large they are: `EmpiricalCoverage` and `SetSize` are metrics of torchmetrics whose counts are no states of the metric.
# - `reset()`, which ends every epoch and every split, resets nothing: what was counted before stays in the next figure.
# - Called as a function, as a metric is logged within a step, each batch counts twice and the figure of a batch is that of all so far.
#   expected: coverage 0.9 of 50 validation clips, 0.5 of 50 test clips after a reset; sets of 1 label, then of 3
#   seen:     0.9, then 0.7; 1, then 2; for the second batch of a call 0.7, with 200 clips counted of 100       (2026-12-01, Python 3.11)
# Only the file of the metrics is loaded: the package around it asks for much of which nothing here has need. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps lightning-uq-box==0.2.0
cat > "$folder/coverage.py" <<'P'
import importlib.util
import sysconfig

import torch

spec = importlib.util.spec_from_file_location("metrics", sysconfig.get_path("purelib") + "/lightning_uq_box/uq_methods/metrics.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def split(labels_in_set, covered, clips=50):
    """Sets of so many labels, of which `covered` hold the label 0 that all clips have."""
    sets = [torch.arange(labels_in_set) + (0 if clip < covered else 1) for clip in range(clips)]
    return sets, torch.zeros(clips, dtype=torch.long)


splits = {"validation": split(1, 45), "test": split(3, 25)}
coverage, size = module.EmpiricalCoverage(), module.SetSize()
for name, (sets, labels) in splits.items():
    coverage.reset(), size.reset()
    coverage.update(sets, labels), size.update(sets, labels)
    held = sum(bool((one == label).any()) for one, label in zip(sets, labels)) / len(sets)
    mean = sum(map(len, sets)) / len(sets)
    print(f"{name}: coverage {coverage.compute():.2f} size {size.compute():.2f}, counted here {held:.2f} and {mean:.2f}")
step = module.EmpiricalCoverage()
print("of each batch:", *(f"{step(*batch):.2f}" for batch in splits.values()), "clips counted:", step.total)
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/coverage.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "validation: coverage 0.90 size 1.00, counted here 0.90 and 1.00
test: coverage 0.70 size 2.00, counted here 0.50 and 3.00
of each batch: 0.90 0.70 clips counted: 200" ]
