#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.7.2 and onnx 1.22.0: a network that asks for the number of clips by `len(x)` in place of `x.shape[0]`.
# `torch.export.export` refuses it where that size is to be any, and says why. `torch.onnx.export(..., dynamo=True)` of the same module with the
# same dynamic shape says nothing and writes a file that takes batches of the example's size alone, as if no size had been to be any.
#   expected: a file whose first size is `batch`, as with `x.shape[0]`, or the error
#   seen:     a first size of 2       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 onnxscript==0.7.2 onnx==1.22.0 numpy==2.2.6
cat > "$folder/batch.py" <<'P'
import torch
from torch.export import Dim


class ByLen(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x.new_ones(len(x), 1)


class ByShape(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x.new_ones(x.shape[0], 1)


for module in (ByLen(), ByShape()):
    given, sizes = (torch.zeros(2, 3),), ({0: Dim("batch")},)
    try:
        torch.export.export(module, given, dynamic_shapes=sizes)
        exported = "exported"
    except torch._dynamo.exc.UserError as fault:
        exported = type(fault).__name__
    program = torch.onnx.export(module, given, dynamic_shapes=sizes, dynamo=True, verbose=False)
    [one] = program.model_proto.graph.input
    found = [size.dim_param or size.dim_value for size in one.type.tensor_type.shape.dim]
    print(type(module).__name__, "torch.export:", exported, "file:", found)
P
seen=$("$folder/venv/bin/python" "$folder/batch.py" 2>/dev/null | grep '^By')
echo "$seen"
[ "$seen" = "ByLen torch.export: UserError file: [2, 3]
ByShape torch.export: exported file: ['batch', 3]" ]
