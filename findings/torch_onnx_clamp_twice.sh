#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.7.2, onnx 1.22.0 and onnxruntime 1.32.0: a network that clamps one tensor in two places to the same bounds, as two
# calibrations of one probability do. In float32 the exported file answers as the network does. In float64 `torch.onnx.export(..., dynamo=True)` says
# nothing and writes a file that onnxruntime does not open: what one clamp reads is no longer in it. Without the optimiser that the exporter runs by
# default (`optimize=False`) the file is sound.
#   expected: a file that can be opened, in float64 as in float32
#   seen:     "Node input 'p_min_1' is not a graph input, initializer, or output of a previous node."       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 onnxscript==0.7.2 onnx==1.22.0 onnxruntime==1.32.0 numpy==2.2.6
cat > "$folder/clamps.py" <<'P'
import sys
import warnings

import onnxruntime
import torch

warnings.simplefilter("ignore")
FILE = sys.argv[1]


class Clamps(torch.nn.Module):
    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def forward(self, p: torch.Tensor) -> torch.Tensor:
        return torch.stack([p.clamp(0.1, 0.9) * (k + 1) for k in range(self.times)])


def outcome(kind: torch.dtype, times: int, optimize: bool) -> str:
    p, network = torch.linspace(0, 1, 6, dtype=kind), Clamps(times)
    torch.onnx.export(network, (p,), dynamo=True, optimize=optimize, verbose=False).save(FILE)
    try:
        session = onnxruntime.InferenceSession(FILE, providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error).split("Invalid model. ")[-1]
    answer = torch.from_numpy(session.run(None, {"p": p.numpy()})[0])
    return "as the network" if torch.allclose(answer, network(p)) else "other numbers"


seen = {
    (str(kind), times, optimize): outcome(kind, times, optimize)
    for kind in (torch.float32, torch.float64) for times in (1, 2) for optimize in (True, False)
}
for case, words in seen.items():
    print(*case, words, sep="  ")
refused = {case for case, words in seen.items() if "is not a graph input" in words}
sound = all(words == "as the network" for case, words in seen.items() if case not in refused)
sys.exit(not (sound and refused == {("torch.float64", 2, True)}))
P
"$folder/venv/bin/python" "$folder/clamps.py" "$folder/clamps.onnx" 2>/dev/null
