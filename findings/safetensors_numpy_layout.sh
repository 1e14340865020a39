#!/usr/bin/env bash
# safetensors 0.8.0 with NumPy 2.2.6, read and run on 2026-11-28.
# `safetensors.numpy.save_file` writes the memory of an array from its first byte, whatever its strides: an array that is laid out
# by columns, or a strided view, is stored with its shape and type and other numbers, without an error or a warning. (The
# counterpart for PyTorch refuses such a tensor with a ValueError.) The docstring asks for contiguous arrays.
# Expected: the numbers that were given, or an error. Seen: other numbers, and for the view even numbers that it does not hold.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.2.6
cat > "$folder/look.py" <<'P'
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

path = sys.argv[1]
by_columns = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(3, 2))
every_second = np.arange(6, dtype=np.float32)[::2]
save_file({"by columns": by_columns, "every second": every_second}, path)
for name, values in load_file(path).items():
    print(name, values.tolist())
P
seen=$("$folder/venv/bin/python" "$folder/look.py" "$folder/a.safetensors" | sort)
echo "$seen"
test "$seen" = "by columns [[0.0, 2.0], [4.0, 1.0], [3.0, 5.0]]
every second [0.0, 1.0, 2.0]"
