#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.7.2, onnx 1.22.0 and onnxruntime 1.32.0: attention to a sequence that is masked throughout, as that of a missing modality
# or an empty clip is. PyTorch's `scaled_dot_product_attention` answers 0. The .onnx file that `torch.onnx.export` makes of it fills masked places with
# the lowest finite number instead of minus infinity, so that all of them share the weight: the answer is the mean of what was masked,
# such as padding or what stood in memory before, and no error shows it.
#   expected: [0, 0], as from PyTorch
#   seen:     [2, 3], the mean of the two masked values       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 onnxscript==0.7.2 onnx==1.22.0 onnxruntime==1.32.0 numpy==2.2.6
cat > "$folder/attend.py" <<'P'
import sys

import onnxruntime
import torch


class Attend(torch.nn.Module):
    def forward(self, query: torch.Tensor, values: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(query, values, values, attn_mask=present)


given = torch.zeros(1, 1, 1, 2), torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.zeros(1, 2, dtype=torch.bool)
torch.onnx.export(Attend(), given, sys.argv[1], dynamo=True, verbose=False)
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = [one.name for one in session.get_inputs()]
for kept in ((False, False), (True, False)):
    given = *given[:2], torch.tensor([kept])
    [answer] = session.run(None, {name: one.numpy() for name, one in zip(names, given)})
    print("kept", kept, "torch", Attend()(*given).flatten().tolist(), "onnx", answer.flatten().tolist())
P
seen=$("$folder/venv/bin/python" "$folder/attend.py" "$folder/attend.onnx" 2>/dev/null | grep '^kept')
echo "$seen"
[ "$seen" = "kept (False, False) torch [0.0, 0.0] onnx [2.0, 3.0]
kept (True, False) torch [1.0, 2.0] onnx [1.0, 2.0]" ]
