"""The first answer loads what it needs and no more; the second finds it loaded."""

import subprocess
import sys
from pathlib import Path

import lddu
from lddu.clips.configuration import ExtractorConfig
from lddu.runs.predictor import Predictor

HEAVY = ("transformers", "sklearn", "pandas", "matplotlib", "librosa", "numba", "jax", "cv2", "scipy.stats")

CALL = """
import io, sys
from contextlib import redirect_stdout, suppress
from lddu.commands.cli import main
with redirect_stdout(io.StringIO()) as said, suppress(SystemExit):
    main(["predict", sys.argv[1], "--json"])
assert '"probability"' in said.getvalue(), said.getvalue()
print([name for name in sys.argv[2:] if name in sys.modules])
"""


def test_answering_a_clip_loads_none_of_the_heavy_packages(talking: Path) -> None:
    command = [sys.executable, "-c", CALL, str(talking), *HEAVY]
    found = subprocess.run(command, capture_output=True, text=True, cwd=talking.parent, check=False)
    assert found.stdout.strip() == "[]", found.stdout + found.stderr


def test_a_second_clip_finds_the_models_loaded_and_other_settings_load_their_own(run: Path) -> None:
    predictor = Predictor(run)
    first = predictor.extractor(ExtractorConfig())
    assert predictor.extractor(ExtractorConfig()) is first
    assert predictor.adapted_by(None).extractor(ExtractorConfig()) is first
    other = predictor.extractor(ExtractorConfig(cut="whole"))
    assert other is not first and other.config.cut == "whole"


def test_a_warm_predictor_answers_as_a_new_one(talking: Path, run: Path) -> None:
    warm = lddu.load(run)
    before = warm([talking])
    assert before.to_records() == warm([talking]).to_records() == lddu.load(run)([talking]).to_records()
