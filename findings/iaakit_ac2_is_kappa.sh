#!/usr/bin/env bash
# iaa-kit 0.1.2 (MIT) with NumPy 2.2.6, beside krippendorff 0.8.1, agreement of raters: some of the coefficients that it offers are others under their names.
# - `ac2`, Gwet's coefficient with weights, is weighted kappa, to the last bit. It is there because kappa is low for rare emotions however well raters agree;
#   `ac1` of the same package is Gwet's.
# - `alpha_value(..., scale="ordinal")` is Krippendorff's alpha for intervals: the distance of two ranks does not depend on how many ratings lie between them.
# - A rating that stands alone in its row counts towards what chance would give. By definition it cannot be paired and drops out.
#   expected: an AC2 of 0.96, an alpha of 0.72 for ordinal ratings, and 0.64 with and without ratings that stand alone
#   seen:     0.47, 0.93 as for intervals, and 0.61 with       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check iaa-kit==0.1.2 krippendorff==0.8.1 numpy==2.2.6
cat > "$folder/agree.py" <<'P'
import iaa_kit
import krippendorff
import numpy as np

one = [1] * 94 + [2] * 4 + [3] * 2
two = [1] * 90 + [2] * 4 + [1] * 4 + [3] * 2
table = np.zeros((3, 3))
np.add.at(table, (np.array(one) - 1, np.array(two) - 1), 1 / len(one))
level = np.arange(3)
weights = 1 - abs(level[:, None] - level) / 2
share = (table.sum(axis=0) + table.sum(axis=1)) / 2
chance = weights.sum() / (3 * 2) * (share * (1 - share)).sum()
right = ((weights * table).sum() - chance) / (1 - chance)
print(
    f"AC2 {iaa_kit.ac2(one, two):.2f} weighted kappa {iaa_kit.weighted_kappa(one, two, 'linear'):.2f}",
    f"right {right:.2f} AC1 {iaa_kit.ac1(one, two):.2f}",
)
rows = [[1, 1], [1, 1], [1, 2], [1, 1], [2, 1], [5, 5], [4, 5], [1, 1]]
for scale in ("interval", "ordinal"):
    found = iaa_kit.alpha_value(rows, scale=scale)
    print(f"alpha {scale} {found:.3f} right {krippendorff.alpha(np.array(rows).T, level_of_measurement=scale):.3f}")
for name, alone in (("without", []), ("with", [[1, None], [1, None], [1, None]])):
    ratings = [[1, 1], [1, 2], [2, 2], [1, 1], [2, 2], *alone]
    found = krippendorff.alpha(np.array(ratings, dtype=float).T, level_of_measurement="nominal")
    print(f"{name} ratings that stand alone: alpha {iaa_kit.alpha_value(ratings):.3f} right {found:.3f}")
P
seen=$("$folder/venv/bin/python" "$folder/agree.py")
echo "$seen"
[ "$seen" = "AC2 0.47 weighted kappa 0.47 right 0.96 AC1 0.92
alpha interval 0.931 right 0.931
alpha ordinal 0.931 right 0.721
without ratings that stand alone: alpha 0.640 right 0.640
with ratings that stand alone: alpha 0.610 right 0.640" ]
