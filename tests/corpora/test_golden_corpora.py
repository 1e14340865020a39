"""Every corpus form becomes the store that it became before, through Python and through the command line."""

import json
from pathlib import Path

import pytest

from lddu.store.store import FeatureStore
from tests.golden_corpora import CASES, FOLDER, content_of, imported


def flat(value: object, where: str = "") -> dict[str, object]:
    """Every leaf by its path, so that a difference is named."""
    if isinstance(value, dict):
        return {k: v for key, entry in value.items() for k, v in flat(entry, f"{where}.{key}").items()}
    if isinstance(value, list):
        return {k: v for i, entry in enumerate(value) for k, v in flat(entry, f"{where}[{i}]").items()}
    return {where: value}


@pytest.mark.parametrize("name", CASES)
def test_the_store_is_the_golden_one(tmp_path: Path, name: str) -> None:
    store = imported(name, tmp_path)
    golden = flat(json.loads((FOLDER / f"{name}.json").read_text()))
    found = flat(content_of(store))
    assert found.keys() == golden.keys()
    for place, value in golden.items():
        expected = pytest.approx(value, abs=2e-4) if isinstance(value, float) else value
        assert found[place] == expected, place
    assert FeatureStore(store.path).verify() == []
