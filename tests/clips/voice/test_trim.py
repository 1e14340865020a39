"""How long a recording ran on before and after a voice changes nothing of what a speech encoder hears."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("av", reason="raw clips need the extra: pip install 'lddu[clips]'")

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.spans import NamedSpan, Source
from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS
from lddu.clips.voice.trim import LOUDEST_SILENCE, trimmed
from lddu.errors import SourceError
from lddu.store import extraction_notes
from tests.clips.sounds import write_wave

STEP = 0.05


def measured(loudness: list[float], voiced: float | list[float] = 0.0) -> Steps:
    values = np.zeros((len(loudness), len(COLUMNS)), np.float32)
    values[:, COLUMNS.index("loudness_db")] = loudness
    values[:, COLUMNS.index("voiced")] = voiced
    values[:, COLUMNS.index("pitch_semitones")] = np.arange(len(loudness)) % 7  # a voice does not stand still
    return Steps.evenly([values] if loudness else [], len(COLUMNS), STEP)


def buzz(seconds: float) -> np.ndarray:
    """Harmonics of a gliding pitch."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(5 * time)) / SAMPLE_RATE
    return np.asarray(0.1 * sum(np.sin(k * phase) / k for k in range(1, 12)))


def silence(seconds: float, loudness: float = 1.2e-3) -> np.ndarray:
    """As a recording has it: not digital, by default some 37 dB softer than the voice."""
    return np.random.default_rng(0).normal(0, loudness, round(seconds * SAMPLE_RATE))


@pytest.fixture(scope="module")
def extractor() -> ClipExtractor:
    return ClipExtractor(ExtractorConfig(cut="whole"))


VOICES = st.tuples(st.lists(st.floats(-30, -10), min_size=20, max_size=60), st.just(1.0))
WHISPERS = st.tuples(st.lists(st.floats(-21.9, -10), min_size=20, max_size=60), st.just(0.0))
"""Loudness, and how voiced it is. What is unvoiced, even and 12 dB softer than the rest is a room."""


@given(before=st.integers(0, 30), voice=VOICES | WHISPERS, after=st.integers(0, 30), noise=st.floats(-100, -66))
def test_a_stretch_ends_where_its_voice_ends(
    before: int, voice: tuple[list[float], float], after: int, noise: float
) -> None:
    loudness, voiced = voice
    is_voiced = [0.0] * before + [voiced] * len(loudness) + [0.0] * after
    steps = measured([noise] * before + loudness + [noise] * after, is_voiced)
    [found] = trimmed(steps, [(0.0, len(steps) * STEP)])
    assert found == pytest.approx((before * STEP, (before + len(loudness)) * STEP))


@given(
    loudness=st.lists(st.floats(-59, -20), min_size=1, max_size=60),
    room=st.floats(-80, -45),
    before=st.integers(0, 20),
    voiced=st.sampled_from([0.0, 0.3, 1.0]),
    louder=st.floats(-20, 20),
)
def test_how_loud_a_file_was_recorded_moves_no_end_of_a_stretch(
    loudness: list[float], room: float, before: int, voiced: float, louder: float
) -> None:
    plain = np.array([room] * before + loudness + [room] * before, np.float32)
    louder = max(
        louder, float(LOUDEST_SILENCE - plain.max()) + 0.1, -99.0 - float(plain.min())
    )  # digital silence has no level
    is_voiced = [0.0] * before + [voiced] * len(loudness) + [0.0] * before
    whole = [(0.0, len(plain) * STEP)]
    found = trimmed(measured(plain.tolist(), is_voiced), whole, relative=True)
    again = trimmed(measured((plain + np.float32(np.ceil(louder))).tolist(), is_voiced), whole, relative=True)
    assert found == again and found != [None]


def test_what_is_softer_than_silence_is_no_voice_at_whatever_level() -> None:
    for relative in (False, True):
        assert trimmed(measured([-75.0] * 20 + [-61.0] * 20, 1.0), [(0.0, 2.0)], relative) == [None]
        assert trimmed(measured([-75.0] * 20 + [-50.0] * 20, 1.0), [(0.0, 2.0)], relative) != [None]


@given(
    loudness=st.lists(st.floats(-100, 0), max_size=80),
    ends=st.lists(st.tuples(st.floats(0, 4), st.floats(0, 4)).map(sorted), max_size=4),
)
def test_what_is_left_lies_within_the_stretch_and_what_is_left_out_is_silence(
    loudness: list[float], ends: list[list[float]]
) -> None:
    """Where all is voiced, nothing is the noise of a room, and what lasts two steps no click."""
    steps, stretches = measured(loudness, voiced=1.0), [(start, end) for start, end in ends]
    cut = max(np.percentile(loudness, 95) - 35 if loudness else 0.0, LOUDEST_SILENCE)
    for (start, end), found in zip(stretches, trimmed(steps, stretches), strict=True):
        own = [n for n in range(len(loudness)) if start <= (n + 0.5) * STEP < end]
        loud = {n for n in own if np.float32(loudness[n]) >= cut + 1e-4}
        assert bool(loud) <= (found is not None)
        if found is not None:
            assert start <= found[0] <= found[1] <= end
            assert all(
                found[0] - STEP < n * STEP and (n + 1) * STEP < found[1] + STEP for n in loud if {n - 1, n + 1} & loud
            )


@pytest.mark.parametrize("loudness", [1.2e-3, 5e-3])
@pytest.mark.parametrize(("before", "after"), [(0.0, 1.5), (1.0, 0.0), (2.5, 0.7)])
def test_silence_around_a_voice_changes_no_feature_of_it(
    before: float, after: float, loudness: float, extractor: ClipExtractor, tmp_path: Path
) -> None:
    voice = buzz(2.0)
    [plain] = extractor.extract(Source(write_wave(tmp_path / "plain.wav", voice), "plain"))
    around = write_wave(
        tmp_path / "around.wav", np.concatenate([silence(before, loudness), voice, silence(after, loudness)])
    )
    [clip] = extractor.extract(Source(around, "around"))
    one, other = plain.modalities["audio"], clip.modalities["audio"]
    assert abs(len(one) - len(other)) <= 4
    assert other.start[0] == pytest.approx(before, abs=0.11) and other.end[-1] == pytest.approx(before + 2.0, abs=0.11)
    far = np.linalg.norm(one.values.mean(axis=0) - other.values.mean(axis=0))
    assert far < 0.5 * np.linalg.norm(one.values.std(axis=0))
    whole = ClipExtractor(ExtractorConfig(cut="whole", trim=False))
    [kept] = whole.extract(Source(around, "around"))
    assert len(kept.modalities["audio"]) * 0.04 == pytest.approx(2.0 + before + after, abs=0.05)
    assert np.linalg.norm(one.values.mean(axis=0) - kept.modalities["audio"].values.mean(axis=0)) > 2 * far


@given(
    before=st.integers(8, 300),
    voice=st.lists(st.floats(-30, -10), min_size=20, max_size=60),
    after=st.integers(8, 300),
    room=st.floats(-100, -42),
    seed=st.integers(0, 9),
)
def test_the_noise_of_a_room_is_no_voice_however_loud_it_is_and_however_long_it_lasts(
    before: int, voice: list[float], after: int, room: float, seed: int
) -> None:
    noise = room + np.random.default_rng(seed).uniform(-2, 2, before + after)
    steps = measured([*noise[:before], *voice, *noise[before:]])
    steps.values[before : before + len(voice), COLUMNS.index("voiced")] = 1.0
    [found] = trimmed(steps, [(0.0, len(steps) * STEP)])
    assert found == pytest.approx((before * STEP, (before + len(voice)) * STEP))


@given(voice=st.lists(st.floats(-40, -10), min_size=8, max_size=60), soft=st.floats(-60, -15))
def test_a_voice_that_grows_even_and_soft_is_no_room(voice: list[float], soft: float) -> None:
    whole = [*voice, *([soft] * 20)]
    steps = measured(whole, voiced=1.0)
    [found] = trimmed(steps, [(0.0, len(steps) * STEP)])
    assert found is not None
    if soft >= np.percentile(whole, 95) - 35 + 1e-3:
        assert found[1] == pytest.approx(len(steps) * STEP)


@pytest.mark.parametrize("at", [(5,), (110,), (5, 110)])
def test_a_click_beside_a_voice_is_no_part_of_it(at: tuple[int, ...]) -> None:
    loudness = [-70.0] * 40 + [-20.0] * 40 + [-70.0] * 40
    for click in at:
        loudness[click] = -15.0
    assert trimmed(measured(loudness), [(0.0, 6.0)])[0] == pytest.approx((2.0, 4.0))


@given(
    loudness=st.lists(st.floats(-100, -5), min_size=1, max_size=80),
    voiced=st.sampled_from([0.0, 0.5, 1.0]),
    before=st.integers(0, 400),
    after=st.integers(0, 400),
)
def test_digital_silence_around_a_recording_moves_none_of_its_ends(
    loudness: list[float], voiced: float, before: int, after: int
) -> None:
    steps = measured(loudness, voiced)
    around = measured(
        [-100.0] * before + loudness + [-100.0] * after, [0.0] * before + [voiced] * len(loudness) + [0.0] * after
    )
    [plain] = trimmed(steps, [(0.0, len(steps) * STEP)], relative=True)
    [found] = trimmed(around, [(0.0, len(around) * STEP)], relative=True)
    assert (found is None) == (plain is None)
    if plain and found:
        assert found == pytest.approx((plain[0] + before * STEP, plain[1] + before * STEP))


@given(
    voice=st.lists(st.floats(-30, -10), min_size=20, max_size=60),
    room=st.floats(-100, -66),
    knock=st.lists(st.floats(-60, -5), min_size=1, max_size=4),
    apart=st.integers(8, 60),
    early=st.booleans(),
)
def test_a_knock_apart_from_a_voice_is_no_part_of_it_where_it_is_quiet(
    voice: list[float], room: float, knock: list[float], apart: int, early: bool
) -> None:
    aside = [*[room] * 20, *knock, *[room] * apart]
    loudness = [*aside, *voice, *[room] * 20] if early else [*[room] * 20, *voice, *aside[::-1]]
    begin = len(aside) if early else 20
    is_voiced = np.zeros(len(loudness))
    is_voiced[begin : begin + len(voice)] = 1.0
    [found] = trimmed(measured(loudness, is_voiced.tolist()), [(0.0, len(loudness) * STEP)], relative=True)
    assert found == pytest.approx((begin * STEP, (begin + len(voice)) * STEP))


@given(
    word=st.lists(st.floats(-30, -10), min_size=2, max_size=9),
    before=st.integers(8, 300),
    after=st.integers(8, 300),
    room=st.floats(-100, -66),
    seed=st.integers(0, 9),
)
def test_a_word_is_heard_without_its_room_however_long_that_lasts(
    word: list[float], before: int, after: int, room: float, seed: int
) -> None:
    """It may be less than a twentieth of the file, and than half a second."""
    noise = room + np.random.default_rng(seed).uniform(-2, 2, before + after)
    is_voiced = [0.0] * before + [1.0] * len(word) + [0.0] * after
    steps = measured([*noise[:before], *word, *noise[before:]], is_voiced)
    [found] = trimmed(steps, [(0.0, len(steps) * STEP)], relative=True)
    assert found == pytest.approx((before * STEP, (before + len(word)) * STEP))


@given(
    voice=st.lists(st.floats(-50, -10), min_size=20, max_size=60),
    room=st.floats(-100, -66),
    before=st.integers(0, 20),
    other=st.lists(st.floats(-30, -10), min_size=20, max_size=60),
    louder=st.floats(0, 34),
)
def test_how_loud_the_rest_of_a_file_is_moves_no_end_of_a_voice(
    voice: list[float], room: float, before: int, other: list[float], louder: float
) -> None:
    own = [room] * before + voice + [room] * before
    is_voiced = [0.0] * before + [1.0] * len(voice) + [0.0] * before
    peak = sorted(voice)[-10] + louder
    beside = [min(peak, loudness - max(other) + peak) for loudness in other]
    span = (0.0, len(own) * STEP)
    alone = trimmed(measured(own, is_voiced), [span], relative=True)
    found = trimmed(measured(own + beside, is_voiced + [1.0] * len(beside)), [span], relative=True)
    assert found == alone and alone != [None]


def test_short_pieces_of_a_voice_are_kept_where_they_are_voiced_or_stand_out_of_noise() -> None:
    noise = -40 + np.random.default_rng(0).uniform(-2, 2, 100)
    pieces = noise.copy()
    pieces[[20, 21, 50, 51, 80, 81]] = -20.0
    assert trimmed(measured(pieces.tolist()), [(0.0, 5.0)], relative=True)[0] == pytest.approx((1.0, 4.1))
    quiet = np.where(pieces > -30, pieces, -75.0)
    quiet[50:56] = -20.0
    assert trimmed(measured(quiet.tolist()), [(0.0, 5.0)], relative=True)[0] == pytest.approx((2.5, 2.8))
    voiced = np.where(quiet > -30, 1.0, 0.0)
    voices = trimmed(measured(quiet.tolist(), voiced.tolist()), [(0.0, 5.0)], relative=True)
    assert voices[0] == pytest.approx((1.0, 4.1))


@pytest.mark.parametrize("hertz", [50, 60, 100, 120])
def test_hum_around_a_voice_is_no_voice(hertz: int, extractor: ClipExtractor, tmp_path: Path) -> None:
    voice = np.concatenate([np.zeros(2 * SAMPLE_RATE), buzz(2.0), np.zeros(2 * SAMPLE_RATE)])
    hum = 0.01 * np.sin(2 * np.pi * hertz * np.arange(len(voice)) / SAMPLE_RATE)
    [clip] = extractor.extract(Source(write_wave(tmp_path / "hum.wav", voice + hum), "a"))
    steps = clip.modalities["audio"]
    assert steps.start[0] == pytest.approx(2.0, abs=0.11) and steps.end[-1] == pytest.approx(4.0, abs=0.11)
    [alone] = extractor.extract(Source(write_wave(tmp_path / "alone.wav", 10 * hum), "a"))
    assert extraction_notes.HARDLY_VOICED in alone.notes and extraction_notes.HARDLY_VOICED not in clip.notes


@pytest.mark.parametrize("milliseconds", [1, 5, 50])
def test_a_knock_before_a_voice_changes_no_feature_of_it(
    milliseconds: int, extractor: ClipExtractor, tmp_path: Path
) -> None:
    plain = np.concatenate([np.zeros(2 * SAMPLE_RATE), buzz(2.0)])
    knock = plain.copy()
    knock[SAMPLE_RATE : SAMPLE_RATE + 16 * milliseconds] = np.random.default_rng(0).uniform(
        -0.3, 0.3, 16 * milliseconds
    )
    features = [
        extractor.extract(Source(write_wave(tmp_path / f"{number}.wav", sound), "a"))[0].modalities["audio"]
        for number, sound in enumerate((plain, knock))
    ]
    np.testing.assert_array_equal(features[0].values, features[1].values)
    np.testing.assert_array_equal(features[0].start, features[1].start)


def test_a_constant_beside_zero_is_no_voice(extractor: ClipExtractor, tmp_path: Path) -> None:
    voice = np.concatenate([silence(1.0, 1e-4), 0.3 * buzz(2.0), silence(1.0, 1e-4)])
    plain, beside = (
        extractor.extract(Source(write_wave(tmp_path / f"{constant}.wav", voice + constant), "a"))[0]
        for constant in (0.0, 0.001)
    )
    assert extraction_notes.beside_zero(0.001) in beside.notes
    one, other = plain.modalities["audio"], beside.modalities["audio"]
    assert len(one) == len(other) and one.start[0] == other.start[0] > 0.9
    np.testing.assert_allclose(one.values.mean(axis=0), other.values.mean(axis=0), atol=0.02)


def test_the_shortest_sound_in_a_silence_is_kept_where_there_is_no_other() -> None:
    assert trimmed(measured([-70.0] * 40 + [-20.0] + [-70.0] * 4), [(0.0, 2.25)])[0] == pytest.approx((2.0, 2.05))


def test_a_pause_in_a_loud_room_holds_no_voice() -> None:
    noise = -38 + np.random.default_rng(0).uniform(-2, 2, 60)
    steps = measured([*([-15.0] * 100), *noise, *([-15.0] * 100)])
    assert trimmed(steps, [(5.0, 8.0)]) == [None]


def test_a_shout_makes_nothing_softer_and_one_sentence_makes_a_room_known() -> None:
    noise = (-48 + np.random.default_rng(0).uniform(-2, 2, 4000)).tolist()
    steps = measured([*noise[:2000], *([-15.0] * 40), *noise[2000:]])
    steps.values[2000:2040, COLUMNS.index("voiced")] = 1.0
    assert trimmed(steps, [(20.0, 40.0), (98.0, 104.0)]) == [None, pytest.approx((100.0, 102.0))]
    talk = measured([*([-45.0] * 4000), *([-5.0] * 12)], voiced=1.0)
    assert trimmed(talk, [(0.0, 5.0)])[0] == pytest.approx((0.0, 5.0))


def test_a_pause_of_a_recording_holds_no_voice_and_says_so(extractor: ClipExtractor, tmp_path: Path) -> None:
    file = write_wave(tmp_path / "talk.wav", np.concatenate([buzz(2.0), silence(3.0), buzz(2.0)]))
    spans = (NamedSpan("first", 0.0, 2.0), NamedSpan("pause", 2.2, 4.8), NamedSpan("last", 4.5, 7.0))
    sources = [Source(file, "talk", spans=(span,)) for span in spans]
    first, last = (extractor.extract(source)[0] for source in (sources[0], sources[2]))
    assert extraction_notes.SILENT_PART not in (*first.notes, *last.notes)
    assert last.modalities["audio"].start[0] == pytest.approx(0.5, abs=0.06)
    found = {clip.clip: clip for clip in extractor.extract(Source(file, "talk", spans=spans))}
    left_out = extraction_notes.clip_left_out("pause", "no words, voice or face are found in it")
    assert list(found) == ["first", "last"] and left_out in found["first"].notes
    with pytest.raises(SourceError, match=extraction_notes.SILENT_PART):
        extractor.extract(Source(file, "talk", spans=spans[1:2]))
    for clip in (first, last):
        np.testing.assert_array_equal(clip.modalities["audio"].values, found[clip.clip].modalities["audio"].values)
