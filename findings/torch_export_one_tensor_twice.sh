#!/usr/bin/env bash
# torch 2.13.0, read and run on 2026-11-29.
# `torch.export.export` takes example inputs to trace a module with. Where one tensor stands in for two inputs, as is natural for two
# scalars, the program that comes back reads one of the two for both: later calls with two different tensors answer wrongly, and
# nothing is said. `torch.onnx.export` passes it on: the .onnx file has both inputs and ignores one.
# Expected: an error, or a program with two inputs. Seen: x > low answers as x > high; with two example tensors all is well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.2.6
cat > "$folder/look.py" <<'P'
import torch


class Between(torch.nn.Module):
    def forward(self, x: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x > low, x > high


def said(low: torch.Tensor, high: torch.Tensor) -> list[list[bool]]:
    """What the program answers for low 0.5 and high 1.5, traced with these."""
    program = torch.export.export(Between(), (torch.zeros(3), low, high)).module()
    return [one.tolist() for one in program(torch.tensor([0.0, 1.0, 2.0]), torch.tensor(0.5), torch.tensor(1.5))]


one = torch.tensor(0.9)
print("one tensor:", said(one, one))
print("two tensors:", said(one, one.clone()))
P
seen=$("$folder/venv/bin/python" "$folder/look.py" 2>/dev/null)
echo "$seen"
test "$seen" = "one tensor: [[False, False, True], [False, False, True]]
two tensors: [[False, True, True], [False, False, True]]"
