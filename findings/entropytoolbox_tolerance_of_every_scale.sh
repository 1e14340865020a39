#!/usr/bin/env bash
# entropy-toolbox 1.0.2 (GPL-3.0) with SciPy 1.15.3 and NumPy 1.26.4, multiscale entropy of a series, as of intervals between heart beats.
# - `multiscale_entropy` says of its default that the tolerance `r` is a share of the deviation of the series that was given. It is one of each
#   coarse-grained series anew, since `sample_entropy` divides each by its own deviation. That undoes what the measure is known
#   for (Costa, Goldberger and Peng, 2002): of white noise it falls with the scale, of long memory it does not.
# - "CMSE" is to be the mean over all places where the averages may begin; it is the value of the last place alone.
#   expected: of white noise at scales of 1, 3 and 6 samples 2.18, 1.64 and 1.30, by its probabilities; CMSE the mean of three places, 2.55
#   seen:     2.18, 2.22 and 2.46, no fall; 3.18, the third of 1.96, 2.50 and 3.18       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check entropy-toolbox==1.0.2 scipy==1.15.3 numpy==1.26.4
cat > "$folder/scales.py" <<'P'
import numpy as np
from EntroPy.EntroPy import multiscale_entropy, sample_entropy

noise = np.random.default_rng(0).normal(850, 50, 1800)
scales = [1, 3, 6]


def averages(series, scale, begin=0):
    count = (len(series) - begin) // scale
    return series[begin : begin + count * scale].reshape(count, scale).mean(axis=1)


def by_hand(series, tolerance, length=2):
    """Sample entropy, of all pairs of templates."""
    count = len(series) - length
    near = [np.abs(series[k : k + count, None] - series[None, k : k + count]) <= tolerance for k in range(length + 1)]
    pairs = ~np.eye(count, dtype=bool)
    short = near[0] & near[1] & pairs
    return np.log(short.sum() / (short & near[2]).sum())


def by_probability(scale, tolerance=0.2):
    """Of white noise: -log of the probability that two averages are as near."""
    one, other = np.random.default_rng(1).normal(0, scale**-0.5, (2, 4_000_000))
    return -np.log((np.abs(one - other) <= tolerance).mean())


def row(values):
    return " ".join(f"{value:.2f}" for value in values)


print("probabilities:", row(by_probability(scale) for scale in scales))
print("by hand, deviation of the whole:", row(by_hand(averages(noise, scale), 0.2 * noise.std()) for scale in scales))
own = [averages(noise, scale) for scale in scales]
print("by hand, deviation of each:", row(by_hand(series, 0.2 * series.std()) for series in own))
print("entropy-toolbox:", row(multiscale_entropy(noise, tau_list=scales)))
short = noise[:300]
places = [sample_entropy([short[i + k : i + k + 3].mean() for i in range(0, len(short) // 3 * 3, 3)]) for k in range(3)]
print("CMSE:", row(multiscale_entropy(short, tau_list=[3], mse_type="CMSE")), "of", row(places), "mean", row([np.mean(places)]))
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/scales.py")
echo "$seen"
[ "$seen" = "probabilities: 2.18 1.64 1.30
by hand, deviation of the whole: 2.18 1.71 1.27
by hand, deviation of each: 2.18 2.22 2.46
entropy-toolbox: 2.18 2.22 2.46
CMSE: 3.18 of 1.96 2.50 3.18 mean 2.55" ]
