"""Where every person in a clip is answered, whatever they are called, each clip of each is in a file once and in its place."""

from collections import Counter
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.exports.answered import Answered
from lddu.exports.elan import eaf
from lddu.exports.praat import textgrid
from tests.exports import test_elan, test_praat
from tests.exports.made_up import NAMES, answered

PERSONS = st.lists(
    NAMES | st.sampled_from(["2", "probability", "joy", " Ann", "Ann"]), min_size=1, max_size=3, unique=True
)


@pytest.mark.parametrize("kind", ["eaf", "TextGrid"])
@given(found=answered(), names=PERSONS)
def test_every_clip_of_every_person_is_on_one_tier_within_a_millisecond(
    kind: str, found: Answered, names: list[str]
) -> None:
    clips = [replace(clip, person=name) for clip, name in zip(found.clips, cycle(names), strict=False)]
    told = replace(found, clips=clips)
    entries: list[tuple[float, float, str]]
    if kind == "eaf":
        document = test_elan.read(eaf(told, Path("talk.eaf")))
        entries = [
            (start / 1000, end / 1000, value)
            for tier in document.get_tier_names()
            if document.tiers[tier][0]
            for start, end, value in document.get_annotation_data_for_tier(tier)
        ]
    else:
        tiers = test_praat.labelled(test_praat.by_pympi(textgrid(told, Path())))
        entries = [(start / 1000, end / 1000, value) for _, own in tiers for start, end, value in own]
    places = {clip.clip: (clip.start, clip.end) for clip in clips}
    on_tiers = [(start, end, value) for start, end, value in entries if value in places]
    assert Counter(value for _, _, value in on_tiers) == Counter(list(places))
    for start, end, value in on_tiers:
        assert abs(start - places[value][0]) <= 0.001 + 1e-6
        assert abs(end - max(places[value][1], start)) <= 0.001 + 1e-6
