#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.7.2, onnx 1.22.0 and onnxruntime 1.32.0: `scatter_reduce(..., "mean")` is how the pieces of a word, or the steps of a
# clip, are averaged in one operation. ONNX has no mean among the reductions of ScatterElements; `torch.onnx.export` writes the operation without
# a reduction, so that of each segment the last value is kept, and says nothing.
#   expected: an error, or the means 1.5 and 5
#   seen:     2 and 6, the last values; "sum" is right       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 onnxscript==0.7.2 onnx==1.22.0 onnxruntime==1.32.0 numpy==2.2.6
cat > "$folder/mean.py" <<'P'
import sys

import onnxruntime
import torch


class Segments(torch.nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, values: torch.Tensor, segment: torch.Tensor) -> torch.Tensor:
        return values.new_zeros(2).scatter_reduce(0, segment, values, self.how, include_self=False)


given = torch.tensor([1.0, 2.0, 4.0, 6.0]), torch.tensor([0, 0, 1, 1])
for how in ("sum", "mean"):
    torch.onnx.export(Segments(how), given, sys.argv[1], dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    [answer] = session.run(None, {one.name: value.numpy() for one, value in zip(session.get_inputs(), given)})
    print(how, "torch", Segments(how)(*given).tolist(), "onnx", answer.tolist())
P
seen=$("$folder/venv/bin/python" "$folder/mean.py" "$folder/mean.onnx" 2>/dev/null | grep -E '^(sum|mean)')
echo "$seen"
[ "$seen" = "sum torch [3.0, 10.0] onnx [3.0, 10.0]
mean torch [1.5, 5.0] onnx [2.0, 6.0]" ]
