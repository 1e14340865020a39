"""GoEmotions as a table of words alone, six emotions and neutral: `python -m benchmarks.comments DATA comments.csv`.

Then `lddu extract comments.csv --out store` and `lddu train store --out run` give the figures of docs/experiments.md.
"""

import argparse
import csv
from pathlib import Path

from benchmarks.cells import comments


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="holds `words`")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    rows = comments(options.data / "words", "six", small=False)
    with options.out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
