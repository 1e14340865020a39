#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.7.2, onnx 1.22.0 and onnxruntime 1.32.0: `logsigmoid` and `logaddexp` are there so that logarithms of small and large
# probabilities stay finite. `torch.onnx.export` writes them as Log(Sigmoid(x)) and Log(Exp(x) + Exp(y)), with which onnxruntime gives infinities
# from a logit of -20 on; `softplus(-x)` and `logsumexp`, which say the same, stay right.
#   expected: -20 and 100.6931
#   seen:     -inf and inf       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 onnxscript==0.7.2 onnx==1.22.0 onnxruntime==1.32.0 numpy==2.2.6
cat > "$folder/log.py" <<'P'
import sys

import onnxruntime
import torch
from torch.nn import functional


class Logs(torch.nn.Module):
    def forward(self, logit: torch.Tensor, log: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return functional.logsigmoid(logit), -functional.softplus(-logit), torch.logaddexp(log, log), torch.stack([log, log]).logsumexp(0)


given = torch.tensor(-20.0), torch.tensor(100.0)
torch.onnx.export(Logs(), given, sys.argv[1], dynamo=True, verbose=False)
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
answers = session.run(None, {one.name: value.numpy() for one, value in zip(session.get_inputs(), given)})
for name, right, answer in zip(("logsigmoid", "softplus", "logaddexp", "logsumexp"), Logs()(*given), answers):
    print(name, "torch", round(right.item(), 4), "onnx", round(answer.item(), 4))
P
seen=$("$folder/venv/bin/python" "$folder/log.py" "$folder/log.onnx" 2>/dev/null | grep ' torch ')
echo "$seen"
[ "$seen" = "logsigmoid torch -20.0 onnx -inf
softplus torch -20.0 onnx -20.0
logaddexp torch 100.6931 onnx inf
logsumexp torch 100.6931 onnx 100.6931" ]
