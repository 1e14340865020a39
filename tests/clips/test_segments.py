"""Long files are cut where speech pauses, never beyond the longest clip, never outside the file."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.media import SAMPLE_RATE
from lddu.clips.segments import segments
from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS, VoiceMeter
from lddu.clips.words.transcript import NO_WORDS, Transcript
from lddu.clips.words.word import Word

NO_VOICE = Steps.none(len(COLUMNS))


def test_a_short_file_stays_whole_and_a_long_one_without_anything_gets_windows() -> None:
    assert [(s.start, s.end) for s in segments("auto", 12.0, 20.0, NO_WORDS, NO_VOICE)] == [(0.0, 12.0)]
    spans = segments("auto", 50.0, 20.0, NO_WORDS, NO_VOICE)
    assert len(spans) == 3 and spans[0].start == 0.0 and spans[-1].end == 50.0


def test_sentences_end_at_full_stops_and_at_long_pauses() -> None:
    texts = ["Come", "in.", "Sit", "down", "please!", "Tea", "or", "coffee"]
    starts = [0.0, 0.5, 3.0, 3.5, 4.0, 10.0, 10.5, 14.0]
    words = tuple(Word(text, start, start + 0.5) for text, start in zip(texts, starts, strict=True))
    transcript = Transcript(words, True)
    spans = segments("sentences", 30.0, 20.0, transcript, NO_VOICE)
    said = [" ".join(word.text for word in transcript.between(s.start, s.end)) for s in spans]
    assert said == ["Come in.", "Sit down please!", "Tea or", "coffee"]


def test_the_full_stop_of_a_title_or_an_initial_ends_no_sentence() -> None:
    said = ["My", "name", "is", "Dr.", "J.", "Smith.", "So", "do", "I.", "“Really?”", "Mrs.", "Jones", "said."]
    words = tuple(Word(text, at, at + 1.0) for at, text in enumerate(said))
    spans = segments("sentences", 30.0, 20.0, Transcript(words, True), NO_VOICE)
    ends = [" ".join(word.text for word in Transcript(words, True).between(s.start, s.end)) for s in spans]
    assert ends == ["My name is Dr. J. Smith.", "So do I.", "“Really?”", "Mrs. Jones said."]


def test_silence_parts_speech() -> None:
    draw = np.random.default_rng(0)
    sound = np.concatenate([draw.normal(0, level, SAMPLE_RATE * 2) for level in (0.001, 0.2, 0.001, 0.2, 0.001)])
    spans = segments("silence", 10.0, 20.0, NO_WORDS, VoiceMeter().steps([sound.astype(np.float32)]))
    np.testing.assert_allclose([(s.start, s.end) for s in spans], [(2, 4), (6, 8)], atol=0.2)


def test_one_sentence_in_minutes_of_a_room_is_one_clip() -> None:
    """What is loud is the voice, not the usual loudness of the recording."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sound = np.random.default_rng(0).normal(0, 3e-3, 90 * SAMPLE_RATE)
    sound[50 * SAMPLE_RATE : 52 * SAMPLE_RATE] += 0.3 * np.sign(np.sin(2 * np.pi * 150 * time))
    [span] = segments("auto", 90.0, 20.0, NO_WORDS, VoiceMeter().steps([sound.astype(np.float32)]))
    assert abs(span.start - 49.9) < 0.1 and abs(span.end - 52.1) < 0.1


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 3), st.floats(0.05, 2), st.booleans()), min_size=1, max_size=60), st.floats(1, 30)
)
def test_sentence_clips_hold_every_word_once_and_keep_the_limit(
    drawn: list[tuple[float, float, bool]], longest: float
) -> None:
    words, now = [], 0.0
    for pause, length, ends in drawn:
        words.append(Word("word." if ends else "word", now + pause, now + pause + min(length, longest)))
        now = words[-1].end
    transcript = Transcript(tuple(words), True)
    spans = segments("sentences", now, longest, transcript, NO_VOICE)
    assert sum(len(transcript.between(s.start, s.end)) for s in spans) == len(words)
    assert all(s.end - s.start <= longest + 1e-6 and 0 <= s.start < s.end <= now for s in spans)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(spans))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.integers(1, 12), st.sampled_from(["", "A", "B"])), min_size=1, max_size=20),
    st.floats(2, 30),
)
def test_people_who_speak_at_once_lose_no_word_and_keep_the_limit(
    drawn: list[tuple[float, int, str]], longest: float
) -> None:
    words, now = list[Word](), 0.0
    for gap, count, speaker in drawn:
        now = max(now + gap, words[-1].start if words else 0.0)
        for n in range(count):
            words.append(Word("word." if n + 1 == count else "word", now, now + 0.3, speaker))
            now += 0.3
    duration = max(word.end for word in words)
    transcript = Transcript(tuple(words), True)
    spans = segments("sentences", duration, longest, transcript, NO_VOICE)
    assert sum(len(transcript.between(s.start, s.end)) for s in spans) == len(words)
    assert all(s.end - s.start <= longest + 1e-6 and 0 <= s.start < s.end <= duration + 1e-9 for s in spans)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(spans))


def of_loudness(loudness: np.ndarray) -> Steps:
    """Unvoiced steps of 50 ms."""
    values = np.zeros((len(loudness), len(COLUMNS)), np.float32)
    values[:, COLUMNS.index("loudness_db")] = loudness
    return Steps.evenly([values], len(COLUMNS), 0.05)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 80), st.floats(-60, -5)), min_size=1, max_size=20), st.floats(1, 10))
def test_silence_clips_keep_the_limit_and_the_file(runs: list[tuple[int, float]], longest: float) -> None:
    loudness = np.concatenate([np.full(count, level) for count, level in runs])
    duration = len(loudness) * 0.05
    spans = segments("silence", duration, longest, NO_WORDS, of_loudness(loudness))
    assert spans
    assert all(s.end - s.start <= longest + 1e-6 and 0 <= s.start < s.end <= duration + 1e-9 for s in spans)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(spans))


@settings(deadline=None, max_examples=60)
@given(
    runs=st.lists(st.tuples(st.integers(1, 80), st.integers(-70, -25)), min_size=1, max_size=20),
    louder=st.integers(-25, 25),
    before=st.integers(0, 100),
)
def test_a_soft_recording_is_cut_as_a_loud_one_and_digital_silence_cuts_nothing_off(
    runs: list[tuple[int, int]], louder: int, before: int
) -> None:
    loudness = np.concatenate([np.full(count, float(level)) for count, level in runs])
    plain, other = (
        segments("silence", len(steps) * 0.05, 10.0, NO_WORDS, of_loudness(steps), relative=True)
        for steps in (loudness, np.concatenate([np.full(before, -100.0), loudness + louder, np.full(before, -100.0)]))
    )
    assert len(plain) == len(other)
    for one, later in zip(plain, other, strict=True):  # a breath is left around each, where the file has room for it
        assert later.start <= one.start + before * 0.05 + 1e-9 and later.end >= one.end + before * 0.05 - 1e-9
        assert abs(later.start - one.start - before * 0.05) <= 0.1 + 1e-9
        assert abs(later.end - one.end - before * 0.05) <= 0.1 + 1e-9


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0.05, 2), st.booleans()), min_size=1, max_size=30),
    st.floats(1, 30),
    st.floats(0, 40),
)
def test_gapless_clips_hold_every_second_once_and_keep_the_limit(
    drawn: list[tuple[float, float, bool]], longest: float, after: float
) -> None:
    words, now = [], 0.0
    for pause, length, ends in drawn:
        words.append(Word("word." if ends else "word", now + pause, now + pause + min(length, longest)))
        now = words[-1].end
    spans = segments("gapless", now + after, longest, Transcript(tuple(words), True), NO_VOICE)
    assert spans[0].start == 0.0 and spans[-1].end == now + after
    assert all(a.end == b.start for a, b in pairwise(spans))
    assert all(0 < s.end - s.start <= longest + 1e-6 for s in spans)


def test_gapless_answers_what_lies_between_two_sentences() -> None:
    words = (Word("Go.", 3.0, 6.0), Word("Now!", 21.0, 23.6))
    spans = segments("gapless", 24.0, 10.0, Transcript(words, True), NO_VOICE)
    assert [(round(s.start, 1), round(s.end, 1)) for s in spans] == [
        (0.0, 2.9), (2.9, 6.1), (6.1, 13.5), (13.5, 20.9), (20.9, 24.0)
    ]  # fmt: skip
