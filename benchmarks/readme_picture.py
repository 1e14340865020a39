"""The picture of README.md: how far a run's probabilities come true, and what its uncertainty is good for.

make demo
python benchmarks/readme_picture.py runs/demo docs/demo.svg
"""

import argparse
import re
from pathlib import Path

from lddu.machine.atomic import write_text
from lddu.pages.report_trust import trust
from lddu.runs.predictions import read_predictions
from lddu.runs.run_folder import RunFolder

WIDTH, HEIGHT, GAP = 640, 330, 24
STYLE = "svg{color:#1d2330} @media (prefers-color-scheme: dark){svg{color:#e6e9ef}}"
"""Letters and axes in a colour that can be read on a light and on a dark page."""


def side_by_side(figures: tuple[str, ...]) -> str:
    """SVG texts as one picture."""
    each = (WIDTH - GAP * (len(figures) - 1)) / len(figures)
    placed = [
        re.sub("<svg", f'<svg x="{n * (each + GAP):g}" y="0" width="{each:g}" height="{HEIGHT}"', figure, count=1)
        for n, figure in enumerate(figures)
    ]
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {names} viewBox="0 0 {WIDTH} {HEIGHT}"><style>{STYLE}</style>\n{"".join(placed)}\n</svg>\n'


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a finished run folder")
    parser.add_argument("out", type=Path, help="the SVG file to write")
    asked = parser.parse_args()
    folder = RunFolder(asked.run)
    predicted = read_predictions(folder.path / "predictions.parquet")
    predicted = predicted.rows(predicted.split == "test")
    figures = folder.read_json("metrics.json")["splits"]["test"]
    drawn = trust(predicted, figures, folder.load_decision())
    assert drawn is not None, "the simulated corpus is labelled"
    write_text(asked.out, side_by_side((drawn.reliability, drawn.risk_coverage)))
    print(f"{asked.out}: {asked.out.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
