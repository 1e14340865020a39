"""From files to a store: the same features however they are asked for, and no work done twice."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.clips import done as done_module
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import ExtractionProgress, extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.face.geometry import COLUMNS as FACE
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.clips.simulated.talking_clips import MANNERS, TalkingClip, best_voice, write_talking_clip, write_video
from lddu.clips.sources import listing_of
from lddu.clips.spans import Source
from lddu.clips.voice.measured import COLUMNS as VOICE
from lddu.clips.words.pretrained import LAST
from lddu.errors import SourceError, StoreError
from lddu.runs.missing_modalities import missing_in
from lddu.store import extraction_notes
from lddu.store.store import FeatureStore
from tests.clips.conftest import SENTENCE


@pytest.fixture
def store(talks: FeatureStore) -> FeatureStore:
    return talks


def features(store: FeatureStore, clip: str) -> dict[str, np.ndarray]:
    row = store.table.clip.tolist().index(clip)
    return {name: np.array(store.steps(name, row)) for name in store.modalities}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_manifest_becomes_a_labelled_store_with_all_three_modalities(store: FeatureStore) -> None:
    assert store.emotions == tuple(MANNERS)
    assert len(store) == 10 and store.present().all()
    assert store.table.split_counts() == {"train": 6, "valid": 2, "test": 2}
    assert (store.table.labels.sum(axis=1) >= 1).all()
    assert (store.table.carried["_face_share"] > 0.9).all()
    assert store.verify() == []


def test_the_store_says_exactly_how_its_features_were_made(store: FeatureStore) -> None:
    text, audio, visual = (json.loads(store.modalities[name].feature) for name in ("text", "audio", "visual"))
    assert text["model"] == "packaged-minilm" and len(text["weights"]) == 12
    assert text["layers"] == [3, "last"] and store.modalities["text"].dimension == 2 * 384
    assert (audio["voice"], audio["layer"], audio["step_rate"]) == ("whisper", 2, 25)
    assert audio["columns"] == store.modalities["audio"].dimension == 384
    assert visual["package"] == "mediapipe 0.10.14" and visual["columns"] == store.modalities["visual"].dimension == 236


def test_steps_have_times_within_the_clip(store: FeatureStore) -> None:
    for row, name in ((row, name) for row in range(len(store)) for name in store.modalities):
        times = store.times(name, row)
        assert times is not None and times.shape == (store.lengths(name)[row], 2)
        assert (times[:, 0] >= -1e-6).all() and (times[:, 1] > times[:, 0]).all()
        assert times[-1, 0] <= store.table.end[row] - store.table.start[row]


@pytest.mark.slow
def test_alone_in_a_folder_and_with_several_jobs_a_clip_has_the_same_features(
    corpus: Path, store: FeatureStore, tmp_path: Path, extractor: ClipExtractor
) -> None:
    alone = extractor.extract(Source(corpus.parent / "talk004.mp4", "talk004"))
    assert_same({n: s.values for n, s in alone[0].modalities.items()}, features(store, "talk004"))
    files = [str(corpus.parent / f"talk00{number}.mp4") for number in (4, 1, 7)]
    several = FeatureStore(extract(files, tmp_path / "several", jobs=2).store)
    assert several.table.clip.tolist() == ["talk004", "talk001", "talk007"]
    for clip in several.table.clip:
        assert_same(features(several, clip), features(store, clip))


def test_unlabelled_clips_make_a_store_without_emotions(talking: Path, tmp_path: Path) -> None:
    store = FeatureStore(extract([str(talking)], tmp_path / "store").store)
    assert store.emotions == () and store.table.labels.shape == (1, 0)
    assert store.table.transcript.tolist() == [SENTENCE]


def test_an_update_takes_over_what_is_done_and_adds_and_drops_the_rest(talking: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.mp4").write_bytes(talking.read_bytes())
    first = FeatureStore(extract([str(folder)], tmp_path / "store").store)
    before = features(first, "b")
    (folder / "a.mp4").unlink()
    (folder / "c.mp4").write_bytes(talking.read_bytes())
    (folder / "c.txt").write_text("Hello.")
    again = extract([str(folder)], tmp_path / "store", existing="update")
    assert (again.files, again.reused) == (2, 1)
    store = FeatureStore(again.store)
    assert store.table.clip.tolist() == ["b", "c"]
    assert_same({n: v for n, v in features(store, "b").items() if len(v)}, before)
    assert store.verify() == []


def test_an_update_of_a_store_from_before_layers_keeps_its_features_and_its_clips(
    talking: Path, tmp_path: Path
) -> None:
    before = ExtractorConfig(text_layers=(LAST,), voice_model="librosa")
    path = extract([str(talking)], tmp_path / "store", before).store
    manifest = json.loads((path / "manifest.json").read_text())
    for younger in ("text_layers", "voice_layer"):
        del manifest["source"]["config"][younger]
    (path / "manifest.json").write_text(json.dumps(manifest))
    first = FeatureStore(path)
    assert "layers" not in first.modalities["text"].feature and first.modalities["audio"].dimension == len(VOICE)
    again = extract([str(talking)], path, existing="update")
    assert again.reused == 1
    second = FeatureStore(path)
    assert [second.modalities[n].feature for n in second.modalities] == [
        first.modalities[n].feature for n in first.modalities
    ]
    named = extract([str(talking)], path, ExtractorConfig(voice_model="whisper"), existing="update")
    assert named.reused == 0
    third = FeatureStore(path)
    assert third.modalities["audio"].dimension == 384 and third.modalities["text"].dimension == 384


@pytest.mark.parametrize("recorded", [None, {"text_layers": ["three"]}, {"voice_layer": None}, "librosa"])
def test_an_update_of_a_store_with_a_damaged_record_of_its_models_is_refused(
    store: FeatureStore, tmp_path: Path, recorded: object
) -> None:
    import shutil

    other = tmp_path / "other"
    shutil.copytree(store.path, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["source"]["config"] = recorded
    (other / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match=r"Expected the manifest of .* to say in source\.config .*; extract it again"):
        extract(["a.mp4"], other, existing="update")


def test_an_update_of_a_store_that_was_made_otherwise_is_refused(store: FeatureStore, tmp_path: Path) -> None:
    import shutil

    other = tmp_path / "other"
    shutil.copytree(store.path, other)
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "source": {}}))
    with pytest.raises(StoreError, match="was made otherwise"):
        extract(["a.mp4"], other, existing="update")


@pytest.mark.slow
def test_after_a_kill_the_same_call_goes_on_where_it_was(corpus: Path, store: FeatureStore, tmp_path: Path) -> None:
    call = "import sys; from lddu.clips.extract import extract; extract(sys.argv[1:2], sys.argv[2], jobs=1)"
    command = [sys.executable, "-c", call, str(corpus), str(tmp_path / "store")]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    work = tmp_path / "store.work"
    deadline = time.monotonic() + 120
    while len(list(work.glob("*.safetensors"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "store").exists()
    result = extract([str(corpus)], tmp_path / "store")
    assert 3 <= result.reused < 10 and result.clips == 10
    for clip in store.table.clip:
        assert_same(features(FeatureStore(result.store), clip), features(store, clip))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


@pytest.mark.parametrize("where", ["replaced_file", "write_tensors"])
def test_a_full_disk_ends_it_and_makes_no_file_a_broken_one(
    talking: Path, tmp_path: Path, extractor: ClipExtractor, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    whole, puts = getattr(done_module, where), []

    def after_one(*given: Any, **more: Any) -> Any:
        puts.append(given)
        return whole(*given, **more) if len(puts) == 1 else full()

    two = [talking, shutil.copy(talking, tmp_path / "other.mp4")]
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(done_module, where, after_one)
        extract(two, tmp_path / "store", extractor)
    assert not (tmp_path / "store").exists()
    result = extract(two, tmp_path / "store", extractor)
    assert result.reused == 1 and result.files == 2 and not result.failures


def test_a_store_that_another_process_extracts_is_left_alone(
    talking: Path, tmp_path: Path, extractor: ClipExtractor
) -> None:
    def other(_: ExtractionProgress) -> None:
        for existing in ("refuse", "update", "replace"):
            with pytest.raises(StoreError, match="at rest, but another process is writing it"):
                extract([talking], tmp_path / "store", extractor, existing=existing)

    assert extract([talking], tmp_path / "store", extractor, advance=other).files == 1
    assert [place.name for place in tmp_path.iterdir()] == ["store"]


def test_what_the_system_refuses_while_a_file_is_read_is_no_fault_of_the_file(
    talking: Path, tmp_path: Path, extractor: ClipExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(extractor, "extract", refused)
    for number in (errno.ENOSPC, errno.EMFILE):
        with pytest.raises(OSError, match=os.strerror(number)):
            extract([talking], tmp_path / "store", extractor)
    number = errno.EIO
    with pytest.raises(SourceError, match="got OSError"):
        extract([talking], tmp_path / "store", extractor)


def test_progress_grows_within_a_file_and_from_file_to_file(talking: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes(talking.read_bytes())
    told: list[ExtractionProgress] = []
    extract([str(tmp_path)], tmp_path / "store", jobs=1, advance=told.append)
    where = [now.files for now in told]
    assert where == sorted(where) and where[-1] == 2
    assert [now.file for now in told if now.share == 1] == [str(tmp_path / f"{name}.mp4") for name in ("a", "b")]
    for done, name in enumerate(("a", "b")):
        shares = [now.share for now in told if now.done == done and now.share < 1]
        assert len(shares) > 10 and all(now.file.endswith(f"{name}.mp4") for now in told if done < now.files < done + 1)


def test_several_clips_of_one_video_share_its_sound_and_have_their_own_words(talking: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(talking.read_bytes())
    rows = (
        "file,clip,start,end,split,joy,_language,_my_share,transcript\n"
        "talk.mp4,-first,0,1.2,Dev,1,de,half,Hello you\ntalk.mp4,second,1.2,,train,0,,,Good bye now\n"
    )
    (tmp_path / "clips.csv").write_text(rows)
    store = FeatureStore(extract([str(tmp_path)], tmp_path / "store").store)
    assert store.table.clip.tolist() == ["-first", "second"]
    assert store.table.transcript.tolist() == ["Hello you", "Good bye now"]
    assert store.table.group.tolist() == ["-first", "-first"]
    assert 15 <= store.lengths("audio").tolist()[0] <= 30  # of 1.2 s, the silence before the first word trimmed
    assert store.table.split.tolist() == ["valid", "train"] and store.table.carried["_language"].tolist() == ["de", ""]
    assert store.manifest["repairs"] == {"renamed_splits": {"Dev": 1}}
    again = FeatureStore(extract([str(tmp_path)], tmp_path / "store", existing="update").store)
    assert again.table.carried["_my_share"].tolist() == ["half", ""]
    assert again.table.carried["_face_share"].tolist() == store.table.carried["_face_share"].tolist()


def test_missing_modalities_are_missing_and_noted(talking: Path, tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    write_video(tmp_path / "sound.wav", None, sound)
    write_video(tmp_path / "face.mp4", iter([draw_face(192, Expression())] * 50), None)
    write_video(tmp_path / "dark.mp4", iter([np.zeros((96, 96, 3), np.uint8)] * 50), sound)
    write_video(tmp_path / "mute.mp4", iter([draw_face(192, Expression())] * 50), np.zeros(2 * SAMPLE_RATE, np.float32))
    result = extract([str(tmp_path)], tmp_path / "store")
    assert result.missing == {"text": 4, "audio": 2, "visual": 2}
    opened = FeatureStore(result.store)
    notes = {clip: told for file in opened.manifest["source"]["files"] for clip, told in file["notes"].items()}
    assert notes == {
        "sound": ["no video track", "no transcript", extraction_notes.HARDLY_VOICED],
        "face": ["no audio track", "no transcript"],
        "dark": ["no transcript", "no face in any picture", extraction_notes.HARDLY_VOICED],
        "mute": ["no transcript", "only digital silence"],
    }
    without_text = {one.lacking: one.reasons for one in missing_in(opened, opened.rows(None), ["audio", "visual"])}
    assert without_text == {
        ("audio",): {"no audio track": 1, "only digital silence": 1},
        ("visual",): {"no face in any picture": 1, "no video track": 1},
    }


def test_a_corpus_that_is_made_up_says_so(talks: FeatureStore) -> None:
    assert talks.manifest["simulated"]


def test_a_clap_and_an_opening_mouth_fall_into_the_same_voice_step(tmp_path: Path) -> None:
    extractor = ClipExtractor(ExtractorConfig(voice_model="librosa"))
    frame, at = 50, 2.0
    pictures = [draw_face(192, Expression(mouth_open=0.9 * (number >= frame))) for number in range(100)]
    sound = np.zeros(4 * SAMPLE_RATE, np.float32)
    sound[round(at * SAMPLE_RATE) :] = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * SAMPLE_RATE)
    write_video(tmp_path / "clap.mp4", iter(pictures), sound)
    clip = extractor.extract(Source(tmp_path / "clap.mp4", "clap"))[0]
    audio, visual = clip.modalities["audio"], clip.modalities["visual"]
    loudness = audio.values[:, VOICE.index("loudness_db")]
    opening = visual.values[:, FACE.index("mouth_open")]
    heard = audio.start[np.flatnonzero(loudness > -30)[0]]
    seen = visual.start[np.flatnonzero(opening > (opening.min() + opening.max()) / 2)[0]]
    assert abs(heard - seen) <= 0.05
    assert abs(seen - at) <= 0.041


def test_ids_tell_files_apart_and_may_begin_with_a_dash(tmp_path: Path) -> None:
    for name in ("a/one.mp4", "b/one.mp4", "b/one.wav", "-x.mp4", ".hidden/no.mp4", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = listing_of([str(tmp_path)])
    assert [source.clip for source in found.sources] == ["-x.mp4", "a/one.mp4", "b/one.mp4", "b/one.wav"]
    assert [s.clip for s in listing_of([str(tmp_path / "a"), str(tmp_path / "a" / "one.mp4")]).sources] == ["one"]


def test_a_part_that_was_saved_is_not_called_as_one_that_will_be_cut(tmp_path: Path) -> None:
    for name in ("talk.wav", "talk#002.wav", "song#001.wav"):
        (tmp_path / name).touch()
    assert [source.clip for source in listing_of(tmp_path).sources] == ["song#001", "talk#002.wav", "talk"]
    (tmp_path / "talk#002.wav.mp4").touch()
    names = ["song#001.wav", "talk#002.wav", "talk#002.wav.mp4", "talk.wav"]
    assert [source.clip for source in listing_of(tmp_path).sources] == names


@pytest.mark.parametrize("inputs", ["", [""], ["one.mp4", ""]])
def test_an_empty_name_is_not_the_folder_that_one_is_in(inputs: str | list[str]) -> None:
    with pytest.raises(SourceError, match="Expected the name of a file or folder, but got an empty word"):
        listing_of(inputs)


def test_names_are_read_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("x.mp4\n\nsome dir/y.mp4\n"))
    assert [str(source.path) for source in listing_of(["-"]).sources] == ["x.mp4", "some dir/y.mp4"]


@pytest.mark.skipif(best_voice() != "espeak", reason="needs real speech: apt-get install espeak-ng")
def test_spoken_clips_are_heard_seen_and_read(tmp_path: Path, extractor: ClipExtractor) -> None:
    write_talking_clip(tmp_path / "talk.mp4", TalkingClip("This is the best day we ever had."), "espeak")
    clip = extractor.extract(Source(tmp_path / "talk.mp4", "talk"))[0]
    assert set(clip.modalities) == {"text", "audio", "visual"}
    assert clip.shares["voice"] > 0.2 and clip.shares["face"] > 0.95


def test_the_command_module_is_light() -> None:
    call = (
        "import sys, lddu.commands.extract; print(any(m in sys.modules for m in ('torch', 'av', 'mediapipe', 'numpy')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


def test_a_missing_package_is_said_in_one_sentence_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    from lddu.clips.words.minilm import MiniLM
    from lddu.errors import ConfigError

    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigError, match=r"pip install 'lddu\[clips\]'"):
        MiniLM()


def test_longer_files_are_cut_and_the_cut_is_the_same_at_training_and_at_use(talking: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(talking.read_bytes())
    clips = ClipExtractor(ExtractorConfig(cut="window", longest=1.0)).extract(Source(tmp_path / "talk.mp4", "talk"))
    assert [clip.clip for clip in clips] == ["talk#001", "talk#002", "talk#003"]
    assert all(clip.end - clip.start <= 1.0 for clip in clips)


def test_a_store_that_is_there_is_refused_with_what_this_function_takes(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with pytest.raises(StoreError) as fault:
        extract(tmp_path / "none", tmp_path / "store")
    assert set(fault.value.parameters) == {"out", "existing"}


def test_what_was_noted_as_often_is_said_in_one_order_in_every_process(tmp_path: Path) -> None:
    write_video(tmp_path / "mute.wav", None, np.zeros(SAMPLE_RATE, np.float32))
    (tmp_path / "mute.txt").write_text("[door] so glad [rain] 🙂 🙃", encoding="utf-8")
    done = extract([tmp_path / "mute.wav"], tmp_path / "store")
    (file,) = FeatureStore(done.store).manifest["source"]["files"]
    assert len(done.notes) >= 3 and list(done.notes) == list(dict.fromkeys(file["notes"]["mute"]))
