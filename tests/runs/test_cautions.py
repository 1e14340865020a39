"""What is said of a run's training concerns the clips that are asked about."""

import numpy as np
import pytest

from lddu.models.family import Task
from lddu.runs.cautions import training_warnings
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store

UNLEARNT = "joy could not be learnt from audio alone: no training clip of it alone has a known label"
OTHER = "face was ignored: no training clip has it"
TASK = Task(("joy",), {"text": 3, "audio": 3, "face": 3}, dict.fromkeys(("text", "audio", "face"), "a"), 0.5, False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Words, a voice, and both; nobody's face."""
    place = tmp_path_factory.mktemp("cautions") / "store"
    step = np.zeros((1, 3), np.float32)
    with writing_store(place, StoreDescription(("joy",), {"text": "a", "audio": "a"})) as writer:
        for number, names in enumerate([("text",), ("audio",), ("text", "audio")]):
            writer.add(ClipRow(f"c{number}", "test", [None]), dict.fromkeys(names, step))
    return FeatureStore(place)


@pytest.mark.parametrize(
    ("rows", "concerned"), [([0], False), ([2], False), ([0, 2], False), ([1], True), ([2, 1], True)]
)
def test_what_no_voice_taught_is_said_of_voices_alone(store: FeatureStore, rows: list[int], concerned: bool) -> None:
    said = training_warnings([UNLEARNT, OTHER], TASK, store, np.array(rows))
    wanted = [UNLEARNT, OTHER] if concerned else [OTHER]
    assert said == [f"about the run's training: {sentence}" for sentence in wanted]
