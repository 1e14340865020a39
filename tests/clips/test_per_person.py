"""`predict --per-person`: one result for each person, which is the plain one where there is but one."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pympi.Elan import Eaf

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.done import DoneFolder
from lddu.clips.extract import extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import SAMPLE_RATE, probe, read_sound
from lddu.clips.media.reading import ReadReport
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.clips.simulated.talking_clips import write_video
from lddu.clips.spans import Source
from lddu.clips.steps import ClipFeatures
from lddu.clips.voice.level import gain
from lddu.commands.predict import predict as predict_command
from lddu.errors import ConfigError, SourceError
from lddu.runs.adapt import speaker_of
from lddu.runs.explained import ClipAnswers
from lddu.runs.predictor import Predictor
from lddu.store import extraction_notes
from lddu.store.store import FeatureStore
from tests.clips.sounds import write_wave
from tests.clips.voice.test_trim import buzz, silence

PER_PERSON = ExtractorConfig(per_person=True)


@pytest.fixture(scope="module")
def everybody() -> ClipExtractor:
    return ClipExtractor(PER_PERSON)


def clip_with(talking: Path, folder: Path, *cues: tuple[float, float, str]) -> Path:
    """The talking clip with other subtitles."""
    target = Path(shutil.copy(talking, folder / "talk.mp4"))
    stamped = [f"00:{start:06.3f} --> 00:{end:06.3f}\n{text}\n" for start, end, text in cues]
    (folder / "talk.vtt").write_text("\n".join(["WEBVTT\n", *stamped]), encoding="utf-8")
    return target


def dialogue(talking: Path, folder: Path) -> Path:
    """Ann speaks first, then Ben; one face is seen all the time."""
    return clip_with(talking, folder, (0.0, 1.0, "<v Ann>I am so glad."), (1.0, 2.0, "<v Ben>This is sad."))


def same(one: ClipFeatures, other: ClipFeatures) -> None:
    assert (one.clip, one.start, one.end, one.transcript) == (other.clip, other.start, other.end, other.transcript)
    assert one.shares == pytest.approx(other.shares) and list(one.modalities) == list(other.modalities)
    for name, steps in one.modalities.items():
        np.testing.assert_array_equal(steps.values, other.modalities[name].values)
        np.testing.assert_allclose(steps.start, other.modalities[name].start, atol=1e-9)


@pytest.mark.parametrize("who", ["<v Ann>", ""])
def test_one_who_speaks_throughout_is_the_clip(
    talking: Path, extractor: ClipExtractor, everybody: ClipExtractor, tmp_path: Path, who: str
) -> None:
    length = probe(talking).duration
    clip = clip_with(talking, tmp_path, (0.1, length - 0.1, f"{who}I am so glad that you came."))
    [plain], [own] = (way.extract(Source(clip, "talk")) for way in (extractor, everybody))
    same(own, plain)
    assert own.person == ("Ann" if who else "unknown") and plain.person == ""


def test_two_who_speak_share_the_sound_and_nobody_the_face(
    talking: Path, everybody: ClipExtractor, tmp_path: Path
) -> None:
    found = everybody.extract(Source(dialogue(talking, tmp_path), "talk"))
    assert [(one.clip, one.person, one.transcript) for one in found] == [
        ("talk:Ann", "Ann", "I am so glad."),
        ("talk:Ben", "Ben", "This is sad."),
        ("talk:face 1", "face 1", ""),
    ]
    ann, ben, face = (one.modalities for one in found)
    assert set(ann) == set(ben) == {"text", "audio"} and set(face) == {"visual"}
    assert ann["audio"].end[-1] <= 1.001 <= 1.04 + ben["audio"].start[0]
    turn = (float(ann["audio"].start[0]), 1.0)  # the silence before is trimmed
    sound = np.concatenate(list(read_sound(talking, probe(talking), ReadReport())))
    heard = sound[round(turn[0] * SAMPLE_RATE) : SAMPLE_RATE] * gain(everybody._voice.steps([sound]), [turn])
    alone = everybody._voice_encoder.steps([heard.astype(np.float32)])
    np.testing.assert_allclose(ann["audio"].values, alone.values, atol=1e-5)
    assert "1 face is a person of its own, since nothing says whose it is" in found[0].notes


@pytest.mark.parametrize("decibels", [10, 25, 40])
def test_how_loud_others_are_changes_nothing_of_a_soft_voice(
    everybody: ClipExtractor, tmp_path: Path, decibels: float
) -> None:
    """It fades at its end, where it is all the softer beside others."""
    voice, pause = 0.02 * buzz(1.2), silence(0.3, 1e-5)
    fading = voice * np.geomspace(1, 10 ** (-30 / 20), len(voice))
    cues = [("Ann", 0.3, 1.5), ("Ben", 1.8, 3.8), ("Ann", 4.1, 4.3)]
    features = []
    for factor in (1.0, 10 ** (decibels / 20)):
        place = tmp_path / f"{factor:.0f}"
        place.mkdir()
        pieces = [pause, fading, pause, factor * 0.02 * buzz(2.0), pause, 0.02 * buzz(0.2), pause]
        clip = write_wave(place / "talk.wav", np.concatenate(pieces))
        lines = [f"00:{start:06.3f} --> 00:{end:06.3f}\n<v {who}>So it is.\n" for who, start, end in cues]
        (place / "talk.vtt").write_text("\n".join(["WEBVTT\n", *lines]), encoding="utf-8")
        features.append({one.person: one.modalities for one in everybody.extract(Source(clip, "talk"))})
    own, beside = (found["Ann"]["audio"] for found in features)
    assert own.end[-1] == pytest.approx(4.3, abs=0.1) and own.start[0] == pytest.approx(0.3, abs=0.06)
    np.testing.assert_array_equal(own.start, beside.start)
    np.testing.assert_array_equal(own.values, beside.values)


def test_cut_by_sentences_everybody_has_clips_of_their_own(talking: Path, tmp_path: Path) -> None:
    clip = dialogue(talking, tmp_path)
    found = ClipExtractor(replace(PER_PERSON, cut="sentences")).extract(Source(clip, "talk"))
    assert [one.clip for one in found if one.person != "face 1"] == ["talk#001:Ann", "talk#002:Ben"]


def test_words_that_nobody_is_known_to_have_said_are_unknown_s(
    talking: Path, everybody: ClipExtractor, tmp_path: Path
) -> None:
    clip = clip_with(talking, tmp_path, (0.0, 0.8, "<v Ann>I am glad."), (1.0, 1.5, "And so on."))
    found = {one.person: one for one in everybody.extract(Source(clip, "talk"))}
    assert found["unknown"].transcript == "And so on." and found["unknown"].speaker == ""
    assert "3 of 6 words without a speaker" in found["Ann"].notes
    assert any(note.endswith("s without a known speaker") for note in found["Ann"].notes)


def test_a_photo_of_two_has_two_faces_and_of_one_has_one(everybody: ClipExtractor, tmp_path: Path) -> None:
    from PIL import Image

    faces = [draw_face(192, Expression(smile=smile)) for smile in (1.0, -1.0)]
    Image.fromarray(faces[0]).save(tmp_path / "one.png")
    Image.fromarray(np.concatenate(faces, axis=1)).save(tmp_path / "two.png")
    assert [one.person for one in everybody.extract(Source(tmp_path / "one.png", "one"))] == ["face 1"]
    two = everybody.extract(Source(tmp_path / "two.png", "two"))
    assert [one.clip for one in two] == ["two:face 1", "two:face 2"]
    assert all(extraction_notes.FACES_NUMBERED in one.notes for one in two)
    assert not np.allclose(two[0].modalities["visual"].values, two[1].modalities["visual"].values, atol=0.1)


def test_a_chat_has_a_row_for_each_who_writes(everybody: ClipExtractor, tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("Ann: I am so glad.\nBen: This is sad.\nAnn: Come in.\n", encoding="utf-8")
    found = everybody.extract(Source(chat, "chat"))
    assert {one.clip: one.transcript for one in found} == {
        "chat:Ann": "I am so glad. Come in.",
        "chat:Ben": "This is sad.",
    }


def test_nothing_to_answer_is_one_sentence(everybody: ClipExtractor, tmp_path: Path) -> None:
    write_video(tmp_path / "mute.wav", None, np.zeros(SAMPLE_RATE, np.float32))
    with pytest.raises(SourceError, match=r"words, a voice or a face in .*mute\.wav, but found none"):
        everybody.extract(Source(tmp_path / "mute.wav", "mute"))


def test_a_store_of_people_is_kept_and_updated(talking: Path, tmp_path: Path) -> None:
    clip = dialogue(talking, tmp_path)
    for existing, reused in (("refuse", 0), ("update", 1)):
        done = extract([clip], tmp_path / "store", PER_PERSON, existing=existing)
        store = FeatureStore(done.store)
        assert done.reused == reused
        assert store.table.carried["_person"].tolist() == ["Ann", "Ben", "face 1"]
        assert [speaker_of(store, row) for row in range(3)] == [("talk", name) for name in ("Ann", "Ben", "face 1")]


def test_what_raters_said_of_a_clip_is_not_said_of_each_of_its_people(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text("Ann: I am so glad.\nBen: This is sad.\n", encoding="utf-8")
    (tmp_path / "alone.txt").write_text("I am so glad.\n", encoding="utf-8")
    lines = ("clip,file,split,happy,happy@text", "chat,chat.txt,train,1,0.5", "alone,alone.txt,train,1,0.5")
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = FeatureStore(extract(tmp_path / "clips.csv", tmp_path / "store", PER_PERSON).store).table
    assert table.clip.tolist() == ["chat:Ann", "chat:Ben", "alone"]
    assert np.isnan(table.labels[:, 0]).tolist() == [True, True, False]
    assert np.isnan(table.modality_labels["text"][:, 0]).tolist() == [True, True, False]


def test_people_go_through_the_folder_of_finished_files(
    talking: Path, everybody: ClipExtractor, tmp_path: Path
) -> None:
    found = everybody.extract(Source(dialogue(talking, tmp_path), "talk"))
    done = DoneFolder(tmp_path / "done")
    done.open()
    done.put("key", found)
    assert [(one.clip, one.person, one.whole) for one in done.get("key")] == [
        (one.clip, one.person, "talk") for one in found
    ]


def test_python_answers_people_and_a_store_is_refused(
    run: Path, talks: FeatureStore, talking: Path, tmp_path: Path
) -> None:
    predictor = Predictor(run)
    found = predictor(dialogue(talking, tmp_path), per_person=True)
    assert isinstance(found, ClipAnswers) and found.person == ["Ann", "Ben", "face 1"]
    assert found[1].person == "Ben" and found[1:].person == ["Ben", "face 1"]
    assert predictor(talking).to_columns().keys() == found.to_columns().keys() - {"person", "_person", "_speaker"}
    typed = predictor(text="I am so glad.", per_person=True)
    assert isinstance(typed, ClipAnswers) and typed.person == ["unknown"]
    np.testing.assert_array_equal(typed.probability, predictor(text="I am so glad.").probability)
    with pytest.raises(ConfigError, match="`per_person` only for raw clips, but got a store"):
        predictor(talks, per_person=True)


def test_the_command_says_who_in_every_form(
    run: Path, talking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, page, elan = str(dialogue(talking, tmp_path)), tmp_path / "page", tmp_path / "out.eaf"
    srt = tmp_path / "out.srt"
    assert predict_command(run, [clip], per_person=True, json=True, html=page, export=(elan, srt)) == 0
    document = json.loads(capsys.readouterr().out)
    records = document["clips"]
    assert [record["person"] for record in records] == ["Ann", "Ben", "face 1"]
    assert [one["person"] for one in document["people"]] == ["Ann", "Ben", "face 1"]
    for one, record in zip(document["people"], records, strict=True):
        assert one["probability"] == pytest.approx(record["probability"])
    assert [record["missing"] for record in records] == [["visual"], ["visual"], ["text", "audio"]]
    html = (page / "index.html").read_text(encoding="utf-8")
    assert [html.count(f'<span class="who">{name}</span>') for name in ("Ann", "Ben", "face 1")] == [1, 1, 1]
    assert html.count('<div class="lane">') == 3 and html.count("<video ") == 1
    tiers = list(Eaf(elan).get_tier_names())
    emotion = next(iter(records[0]["probability"]))
    assert {"words Ann", "words Ben", f"{emotion} Ann", f"{emotion} probability face 1"} <= set(tiers)
    assert [srt.read_text().count(f"{name}: ") for name in ("Ann", "Ben", "face 1")] == [1, 1, 1]
    assert predict_command(run, [clip], per_person=True) == 0
    shown = capsys.readouterr().out
    assert "person" in shown and "face 1" in shown


def test_what_is_asked_of_a_store_is_refused(run: Path, talks: FeatureStore) -> None:
    with pytest.raises(ConfigError, match="--per-person only for raw clips, but got a store"):
        predict_command(run, [str(talks.path)], per_person=True)
