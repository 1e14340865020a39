"""JSON of speech recognisers: their own word times are kept, words without times lie between their neighbours."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.segments import segments
from lddu.clips.steps import Steps
from lddu.clips.words.transcript import Word, speakers
from lddu.errors import SourceError
from tests.clips.words.transcripts import read, read_json

many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def word(text: str, start: float | None = None, end: float | None = None, **more: object) -> dict[str, Any]:
    known = {"start": start, "end": end} if start is not None else {}
    return {"word": text, **known, **more}


def sentences(found: Any, duration: float = 60.0) -> list[str]:
    """What is said in each clip where a file is cut by sentences."""
    spans = segments("sentences", duration, 20.0, found, Steps.none(50))
    return [" ".join(w.text for w in found.between(span.start, span.end)) for span in spans]


def test_words_at_the_top_are_taken_for_those_of_segments_without_any(tmp_path: Path) -> None:
    document: dict[str, Any] = {
        "task": "transcribe", "duration": 12.0, "text": "Good day. Sit down!",
        "words": [word("Good", 2.9, 3.3), word("day", 3.4, 3.9), word("sit", 5, 5.5), word("down", 5.5, 6)],
        "segments": [{"start": 0.0, "end": 4.0, "text": " Good day."}, {"start": 4.0, "end": 8.0, "text": " Sit down!"}],
    }  # fmt: skip
    found = read_json(tmp_path, document)
    assert found.words[:2] == (Word("Good", 2.9, 3.3), Word("day.", 3.4, 3.9))
    assert sentences(found) == ["Good day.", "Sit down!"]
    document["words"][0]["word"] = "Goode"  # another word than in the segment: the list of words decides
    assert read_json(tmp_path, document).text == "Goode day sit down"


FORMS: dict[str, Any] = {
    "transformers": {"text": "", "chunks": [{"text": " good", "timestamp": [0.4, 0.9]}, {"text": " day", "timestamp": [1.0, 1.4]}]},
    "whisper.cpp": {
        "transcription": [
            {"timestamps": {"from": "00:00:00,400", "to": "00:00:00,900"}, "offsets": {"from": 400, "to": 900}, "text": " good"},
            {"timestamps": {"from": "00:00:01,000", "to": "00:00:01,400"}, "offsets": {"from": 1000, "to": 1400}, "text": " day"},
        ]
    },
    "Vosk": {"result": [word("good", 0.4, 0.9), word("day", 1.0, 1.4)], "text": "good day"},
    "Deepgram": {
        "results": {"channels": [{"alternatives": [{"transcript": "good day", "words": [word("good", 0.4, 0.9), word("day", 1.0, 1.4)]}]}]}
    },
    "AssemblyAI": {
        "audio_duration": 12,
        "words": [{"text": "good", "start": 400, "end": 900, "speaker": "A"}, {"text": "day", "start": 1000, "end": 1400}],
        "utterances": None,
    },
    "Amazon": {
        "results": {
            "items": [
                {"type": "pronunciation", "start_time": "0.4", "end_time": "0.9", "alternatives": [{"content": "good"}]},
                {"type": "pronunciation", "start_time": "1.0", "end_time": "1.4", "alternatives": [{"content": "day"}]},
            ]
        }
    },
    "Google": {
        "results": [
            {"alternatives": [{"words": [{"word": "good", "startTime": "0.400s", "endTime": "0.9s"}, {"word": "day", "startTime": "1s", "endTime": "1.4s"}]}]}
        ]
    },
    "Rev": {
        "monologues": [
            {"speaker": 0, "elements": [{"type": "text", "value": "good", "ts": 0.4, "end_ts": 0.9}, {"type": "punct", "value": " "}, {"type": "text", "value": "day", "ts": 1.0, "end_ts": 1.4}]}
        ]
    },
    "whisper.cpp in full": {
        "transcription": [
            {
                "offsets": {"from": 400, "to": 1400}, "text": " good day",
                "tokens": [
                    {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}}, {"text": " go", "offsets": {"from": 400, "to": 600}},
                    {"text": "od", "offsets": {"from": 600, "to": 900}}, {"text": " day", "offsets": {"from": 1000, "to": 1400}},
                ],
            }
        ]
    },
    "Vosk, best of several": {"alternatives": [{"result": [word("good", 0.4, 0.9), word("day", 1.0, 1.4)], "text": "good day"}, {"text": "could day"}]},
    "AssemblyAI, short": {"audio_duration": 5, "words": [{"text": "good", "start": 400, "end": 900}, {"text": "day", "start": 1000, "end": 1400}]},
    "Google, by parts of a second": {
        "results": [
            {"alternatives": [{"words": [
                {"word": "good", "start_time": {"nanos": 400000000}, "end_time": {"seconds": 0, "nanos": 900000000}},
                {"word": "day", "startTime": {"seconds": "1"}, "endTime": {"seconds": "1", "nanos": 400000000}},
            ]}]}
        ]
    },
    "Google, second version": {
        "results": [{"alternatives": [{"words": [{"word": "good", "startOffset": "0.4s", "endOffset": "0.9s"}, {"word": "day", "startOffset": "1s", "endOffset": "1.4s"}]}]}]
    },
    "Azure in ticks": {
        "recognizedPhrases": [
            {
                "recognitionStatus": "Success", "offset": "PT0.4S", "duration": "PT1S", "offsetInTicks": 4000000.0, "durationInTicks": 10000000.0,
                "nBest": [{"display": "good day", "words": [
                    {"word": "good", "offset": "PT0.4S", "duration": "PT0.5S", "offsetInTicks": 4000000.0, "durationInTicks": 5000000.0},
                    {"word": "day", "offset": "PT1S", "duration": "PT0.4S", "offsetInTicks": 10000000.0, "durationInTicks": 4000000.0},
                ]}],
            }
        ]
    },
    "Azure, lengths in words": {
        "recognizedPhrases": [{"recognitionStatus": "Success", "offset": "PT0.4S", "duration": "PT1S", "nBest": [{"words": [
            {"word": "good", "offset": "PT0.4S", "duration": "PT0.5S"}, {"word": "day", "offset": "PT1S", "duration": "PT0.4S"}]}]}]
    },
    "Azure, live": {
        "RecognitionStatus": "Success", "DisplayText": "good day", "Offset": 4000000, "Duration": 10000000,
        "NBest": [{"Words": [{"Word": "good", "Offset": 4000000, "Duration": 5000000}, {"Word": "day", "Offset": 10000000, "Duration": 4000000}]}],
    },
    "Azure, fast": {
        "phrases": [{"offsetMilliseconds": 400, "durationMilliseconds": 1000, "text": "good day", "words": [
            {"text": "good", "offsetMilliseconds": 400, "durationMilliseconds": 500}, {"text": "day", "offsetMilliseconds": 1000, "durationMilliseconds": 400}]}]
    },
    "IBM": {"results": [{"alternatives": [{"transcript": "good day ", "timestamps": [["good", 0.4, 0.9], ["day", 1.0, 1.4]]}], "final": True}]},
    "Speechmatics": {
        "results": [
            {"type": "word", "start_time": 0.4, "end_time": 0.9, "alternatives": [{"content": "good"}]},
            {"type": "word", "start_time": 1.0, "end_time": 1.4, "alternatives": [{"content": "day"}]},
        ]
    },
    "Gladia": {"result": {"transcription": {"utterances": [{"text": "good day", "start": 0.4, "end": 1.4, "words": [word("good", 0.4, 0.9), word(" day", 1.0, 1.4)]}]}}},
    "NeMo": {"text": "good day", "timestamp": {"word": [word("good", 0.4, 0.9, start_offset=5), word("day", 1.0, 1.4, start_offset=12)], "char": []}},
    "ElevenLabs": {
        "words": [
            {"text": "good", "start": 0.4, "end": 0.9, "type": "word"}, {"text": " ", "start": 0.9, "end": 1.0, "type": "spacing"},
            {"text": "day", "start": 1.0, "end": 1.4, "type": "word"}, {"text": "(laughs)", "start": 1.5, "end": 2.0, "type": "audio_event"},
        ]
    },
    "Soniox": {"tokens": [{"text": "go", "start_ms": 400, "end_ms": 600}, {"text": "od", "start_ms": 600, "end_ms": 900}, {"text": " day", "start_ms": 1000, "end_ms": 1400}]},
    "the Montreal aligner": {"tiers": {"words": {"entries": [[0.4, 0.9, "good"], [1.0, 1.4, "day"]]}, "phones": {"entries": [[0.4, 0.5, "g"]]}}},
    "rows": {"segments": [{"start": 0.4, "end": 1.4, "text": " good day", "words": [[0.4, 0.9, " good", 0.9], [1.0, 1.4, " day", 0.8]]}]},
    "a list of words": [word("good", 0.4, 0.9), word("day", 1.0, 1.4)],
    "a list with lengths": [{"text": "good", "start": 0.4, "duration": 0.5}, {"text": "day", "start": 1.0, "duration": 0.4}],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_recognisers_name_their_fields_otherwise(tmp_path: Path, form: str) -> None:
    found = read_json(tmp_path, FORMS[form], duration=5.0)
    assert [(w.text, w.start, round(w.end, 6)) for w in found.words] == [("good", 0.4, 0.9), ("day", 1.0, 1.4)]


def in_another_spelling(value: Any) -> Any:
    """The same document with `startTime` for `start_time` and the other way round."""
    if isinstance(value, list):
        return [in_another_spelling(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key.title().replace("_", "") if "_" in key else key.upper(): in_another_spelling(v) for key, v in value.items()
    }


@many
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.sampled_from(["data", "response", "output", "job"]), max_size=3),
    st.booleans(),
)
def test_neither_the_spelling_of_fields_nor_what_is_wrapped_around_them_matters(
    tmp_path: Path, form: str, wrapped: list[str], respelt: bool
) -> None:
    document = FORMS[form]
    for key in () if isinstance(document, list) else wrapped:
        document = {"status": "done", key: document}
    found = read_json(tmp_path, in_another_spelling(document) if respelt else document, duration=5.0)
    assert [(w.text, w.start) for w in found.words] == [("good", 0.4), ("day", 1.0)]


def test_documents_one_behind_the_other_are_read_as_one(tmp_path: Path) -> None:
    parts = [{"result": [word("good", 0.4, 0.9)], "text": "good"}, {"text": ""}, {"result": [word("day", 1.0, 1.4)]}]
    for separator in ("\n", "", "\n\n"):
        found = read(tmp_path, separator.join(json.dumps(part, indent=1) for part in parts), "talk.json")
        assert [(w.text, w.start) for w in found.words] == [("good", 0.4), ("day", 1.0)] and not found.notes
    lines = [{"audio_filepath": f"{n}.wav", "text": "hi", "offset": 0.4, "duration": 1.0} for n in (1, 2)]
    with pytest.raises(SourceError, match="one recording, but its lines name 2"):
        read(tmp_path, "\n".join(map(json.dumps, lines)), "talk.json")


SPEAKERS: dict[str, Any] = {
    "Amazon": {
        "results": {
            "speaker_labels": {"segments": [{"items": [{"start_time": "0.4", "speaker_label": "a"}]}, {"items": [{"start_time": "1.0", "speaker_label": "b"}]}]},
            "items": FORMS["Amazon"]["results"]["items"],
        }
    },
    "IBM": {**FORMS["IBM"], "speaker_labels": [{"from": 0.4, "to": 0.9, "speaker": "a"}, {"from": 1.0, "to": 1.4, "speaker": "b"}]},
    "Rev": {"monologues": [{"speaker": s, "elements": [{"type": "text", "value": t, "ts": a, "end_ts": b}]} for s, t, a, b in (("a", "good", 0.4, 0.9), ("b", "day", 1.0, 1.4))]},
    "named": {"segments": [{"start": a, "end": b, "text": t, "speaker": {"name": s}} for s, t, a, b in (("a", "good", 0.4, 0.9), ("b", "day", 1.0, 1.4))]},
    "Speechmatics": {"results": [{"type": "word", "start_time": a, "end_time": b, "alternatives": [{"content": t, "speaker": s}]} for s, t, a, b in (("a", "good", 0.4, 0.9), ("b", "day", 1.0, 1.4))]},
}  # fmt: skip


@pytest.mark.parametrize("form", SPEAKERS)
def test_speakers_are_found_wherever_a_recogniser_names_them(tmp_path: Path, form: str) -> None:
    found = read_json(tmp_path, SPEAKERS[form], duration=5.0)
    assert [(w.text, w.speaker) for w in found.words] == [("good", "a"), ("day", "b")]


def test_words_that_google_gives_again_with_speakers_are_taken_once(tmp_path: Path) -> None:
    plain = [word("good", 0.4, 0.9), word("day", 1.0, 1.4)]
    tagged = [{**one, "speakerTag": n} for n, one in enumerate(plain, start=1)]
    results = [{"alternatives": [{"words": words}]} for words in (plain[:1], plain[1:], tagged)]
    found = read_json(tmp_path, {"results": results})
    assert [(w.text, w.start, w.speaker) for w in found.words] == [("good", 0.4, "1"), ("day", 1.0, "2")]
    assert found.notes == ("transcript: 2 words: given twice, taken once",)


def test_pieces_of_youtube_begin_at_their_own_times_and_end_with_their_line(tmp_path: Path) -> None:
    events = [
        {"tStartMs": 0, "dDurationMs": 9000, "wpWinPosId": 1},
        {"tStartMs": 400, "dDurationMs": 4000, "segs": [{"utf8": "good"}, {"utf8": " day", "tOffsetMs": 600}]},
        {"tStartMs": 1990, "dDurationMs": 2410, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        {"tStartMs": 2000, "dDurationMs": 2000, "segs": [{"utf8": "bye"}]},
    ]
    found = read_json(tmp_path, {"events": events})
    assert [(w.text, w.start, w.end) for w in found.words] == [("good", 0.4, 1.0), ("day", 1.0, 2.0), ("bye", 2.0, 4.0)]


@many
@given(st.lists(st.integers(20, 900), min_size=1, max_size=30), st.integers(0, 3000))
def test_whole_numbers_beyond_the_clip_are_milliseconds_whatever_its_length(
    tmp_path: Path, lengths: list[int], begin: int
) -> None:
    words, now = [], begin
    for n, length in enumerate(lengths):
        words.append(word(f"w{n}", now, now + length))
        now += length
    duration = now / 1000 + 0.5
    found = read_json(tmp_path, words, duration=duration)
    slow = sorted(lengths)[len(lengths) // 2] >= 50 or now >= 50 * duration
    if slow and now > duration + 2:
        assert found.words[0].start == pytest.approx(begin / 1000) and "milliseconds" in found.notes[0]


def test_signs_of_amazon_belong_to_the_word_before(tmp_path: Path) -> None:
    items = [*FORMS["Amazon"]["results"]["items"], {"type": "punctuation", "alternatives": [{"content": "."}]}]
    assert read_json(tmp_path, {"results": {"items": items}}).text == "good day."


def test_an_untimed_last_word_stays_in_its_sentence(tmp_path: Path) -> None:
    first = [word("It", 0, 0.2), word("was", 0.3, 0.5), word("in", 0.6, 1.5), word("1984.")]
    second = [word("Then", 1.5, 2.0), word("we", 2.1, 2.3), word("left.", 2.4, 3.5)]
    document = {"segments": [{"start": 0, "end": 1.5, "words": first}, {"start": 1.5, "end": 3.5, "words": second}]}
    found = read_json(tmp_path, document)
    assert sentences(found) == ["It was in 1984.", "Then we left."]
    assert found.notes == ("transcript: 1 word: no times, put between the neighbours",)


@many
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["timed", "untimed", "instant"]), st.floats(0, 1)), min_size=1, max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_every_word_stays_in_its_sentence_whichever_have_times(
    tmp_path: Path, drawn: list[list[tuple[str, float]]]
) -> None:
    document: list[dict[str, Any]] = []
    expected, now = list[str](), 0.0
    for number, kinds in enumerate(drawn):
        begin, words = now, []
        for n, (kind, gap) in enumerate([("timed", 0.5), *kinds]):
            text = f"w{number}x{n}" + ("." if n == len(kinds) else "")
            if kind == "untimed":
                words.append(word(text))
                continue
            start = round(now + gap, 3)
            now = round(start + (0.3 if kind == "timed" else 0.0), 3)
            words.append(word(text, start, now))
        document.append({"start": begin, "end": now, "text": "", "words": words})
        expected.append(" ".join(w["word"] for w in words))
    found = read_json(tmp_path, {"segments": document}, duration=now + 1)
    assert found.text == " ".join(expected)
    assert all(a.end <= b.start + 1e-9 and a.start < a.end for a, b in pairwise(found.words))
    for text, whole in zip(sentences_by_stop(found), expected, strict=True):
        assert text == whole
    untimed = sum(kind == "untimed" for kinds in drawn for kind, _ in kinds)
    assert (f"transcript: {untimed} word" in " ".join(found.notes)) == bool(untimed)


def sentences_by_stop(found: Any) -> list[str]:
    """Clips where pauses part nothing, joined up to the full stop."""
    return [f"{part.strip()}." for part in " ".join(sentences(found, 1000.0)).split(".") if part.strip()]


def test_several_untimed_words_share_the_time_between_their_neighbours(tmp_path: Path) -> None:
    words = [word("we", 0, 1), word("$5"), word("and"), word("60"), word("had", 4, 5)]
    found = read_json(tmp_path, {"segments": [{"start": 0, "end": 5, "words": words}]})
    assert [(w.start, w.end) for w in found.words] == [
        (0, 1),
        (1, 1.9),
        (1.9, pytest.approx(3.1)),
        (pytest.approx(3.1), 4),
        (4, 5),
    ]


def test_people_who_speak_at_once_stay_apart(tmp_path: Path) -> None:
    ann = [word("I", 1, 1.4), word("think", 2, 2.4), word("so.", 3, 3.4)]
    ben = [word("No,", 1.5, 1.9), word("you", 2.5, 2.8), word("don't.", 3.5, 3.9)]
    later = [word("Well.", 6, 7)]
    document = [
        {"start": 1, "end": 4, "speaker": who, "words": words} for who, words in (("A", ann), ("B", ben), ("A", later))
    ]
    found = read_json(tmp_path, {"segments": document})
    assert found.text == "I think so. No, you don't. Well."
    assert [w.speaker for w in found.words] == ["A"] * 3 + ["B"] * 3 + ["A"]
    assert sentences(found) == ["I think so. No, you don't.", "Well."]
    assert speakers(found.words) == "A, B"


def test_a_clip_by_sentences_has_one_speaker(tmp_path: Path) -> None:
    document = [
        {"start": 0, "end": 1, "text": "and so", "speaker": "A"},
        {"start": 1, "end": 1.5, "text": "yes", "speaker": "B"},
        {"start": 1.5, "end": 4, "text": "we went home", "speaker": "A"},
    ]
    assert sentences(read_json(tmp_path, document)) == ["and so", "yes", "we went home"]


def test_odd_words_and_segments_are_mended_or_left_out_and_counted(tmp_path: Path) -> None:
    words = [word("a", -0.4, 0.5), word("b", 1.0, 0.9), word("c", float("nan"), 1.5), word("[MUSIC]", 1.5, 2.0)]
    document = {
        "segments": [
            {"start": -0.4, "end": 2, "words": words},
            {"text": "lost"},
            7,
            {"start": 3, "end": 2.9, "text": "kept"},
        ]
    }
    found = read_json(tmp_path, document)
    assert [(w.text, w.start) for w in found.words] == [("a", 0.0), ("b", 0.5), ("c", 1.0), ("kept", 3.0)]
    assert set(found.notes) == {
        "transcript: 1 word: beginning before the file, taken from 0 s on",
        "transcript: 2 words: impossible times, put between the neighbours",
        "transcript: 1 word: no times, put between the neighbours",
        "transcript: 2 words: not understood, left out",
    }


def test_the_answers_of_lddu_itself_are_no_transcript(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="name answers and other JSON otherwise"):
        read_json(tmp_path, {"clips": [{"clip": "a", "start": 0, "end": 2, "joy": 0.4}]})


def test_a_text_without_times_is_words_alone(tmp_path: Path) -> None:
    found = read_json(tmp_path, {"text": "Good day.", "language": "en", "usage": {"seconds": 2}})
    assert found.text == "Good day." and not found.timed
    with pytest.raises(SourceError, match="name answers and other JSON otherwise"):
        read_json(tmp_path, {"text": "Good day.", "labels": {"joy": 1}})
