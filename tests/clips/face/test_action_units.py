"""Faces from the tables of Py-Feat and OpenFace: read as these tools write them, on the times of the clip's pictures."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import extract
from lddu.clips.extractor import ClipExtractor
from lddu.clips.face.action_units import OPENFACE, PY_FEAT, Tool, read_track
from lddu.clips.face.measured_faces import PICTURE_RATE
from lddu.clips.media import ReadReport, picture_times, probe, read_pictures
from lddu.clips.named_models import named_models
from lddu.clips.simulated.talking_clips import write_video
from lddu.clips.spans import Source
from lddu.commands.extract import extract as extract_command
from lddu.errors import ConfigError, SourceError
from lddu.store import extraction_notes
from lddu.store.store import FeatureStore
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg

Row = dict[str, float | str]

TIMES = np.arange(60) / 30.0


def py_feat_row(frame: int, value: float = 0.25, width: float = 200.0, left: float = 300.0) -> Row:
    """A line as Py-Feat 0.6 to 2.1.5 write it (Detector, Detectorv1 and Detectorv2): landmarks and emotions beside what we read."""
    row: Row = {
        "FaceRectX": left,
        "FaceRectY": 100.0,
        "FaceRectWidth": width,
        "FaceRectHeight": width,
        "FaceScore": 0.99,
    }
    row |= {f"x_{i}": float(i) for i in range(68)}
    row |= {"Pitch": 0.1, "Roll": -0.2, "Yaw": 0.3} | dict.fromkeys(PY_FEAT.units, value)
    return row | {"anger": 0.1, "input": "talk.mp4", "frame": frame, "approx_time": "00:00", "Identity": ""}


def openface_row(frame: int, value: float = 1.5, distance: float = 600.0, left: float = 10.0) -> Row:
    """A line as OpenFace 2 writes it: a blank after every comma, pictures from 1, intensities from 0 to 5 and presences."""
    row: Row = {"frame": frame + 1, "face_id": 0, "timestamp": frame / 30, "confidence": 0.98, "success": 1}
    row |= {"pose_Tx": left, "pose_Ty": 40.0, "pose_Tz": distance, "pose_Rx": 0.1, "pose_Ry": 0.2, "pose_Rz": 0.3}
    return row | dict.fromkeys(OPENFACE.units, value) | {"AU28_c": 0.0}


def write(path: Path, rows: Sequence[Row], blank: str = "") -> Path:
    """A table; `blank` stands before all cells but the first of a line."""
    lines = [list(rows[0]), *([str(cell) for cell in row.values()] for row in rows)]
    path.write_text("".join(f",{blank}".join(line) + "\n" for line in lines))
    return path


KINDS: list[tuple[Tool, Callable[..., Row], str]] = [(PY_FEAT, py_feat_row, ""), (OPENFACE, openface_row, " ")]
kinds = pytest.mark.parametrize(("tool", "row", "blank"), KINDS, ids=[tool.name for tool, _, _ in KINDS])


@kinds
def test_steps_are_the_first_picture_of_every_slot(
    tool: Tool, row: Callable[..., Row], blank: str, tmp_path: Path
) -> None:
    track = read_track(write(tmp_path / "t.csv", [row(n, n / 100) for n in range(60)], blank), tool, TIMES)
    np.testing.assert_allclose(track.looked, TIMES[::2])
    np.testing.assert_allclose(track.steps.start, TIMES[::2])
    assert track.steps.values.shape == (30, len(tool.features)) and track.steps.values.dtype == np.float32
    np.testing.assert_allclose(track.steps.values[:, 0], np.arange(0, 60, 2) / 100, rtol=1e-6)
    assert track.share(0.0, 2.0) == 1.0 and not track.several.any()


@kinds
def test_a_picture_without_a_face_gives_no_step(
    tool: Tool, row: Callable[..., Row], blank: str, tmp_path: Path
) -> None:
    rows = [row(n) for n in range(0, 60, 2)]
    rows[3][tool.certain], rows[4][tool.units[2]], rows[5][tool.size] = 0.0, "", "nan"
    track = read_track(write(tmp_path / "t.csv", rows, blank), tool, TIMES)
    assert len(track.looked) == 30 and len(track.steps) == 27
    assert not {TIMES[6], TIMES[8], TIMES[10]} & set(track.steps.start.tolist())
    assert track.share(0.0, 2.0) == pytest.approx(0.9)


def test_the_followed_face_changes_only_for_one_clearly_larger(tmp_path: Path) -> None:
    rows = []
    for n in range(0, 60, 2):
        other = 220.0 if n < 30 else 400.0
        rows += [py_feat_row(n, 0.9, other if n else 100.0, left=900.0), py_feat_row(n, 0.1, 200.0, left=300.0 + n)]
    track = read_track(write(tmp_path / "t.csv", rows), PY_FEAT, TIMES)
    assert track.several.all() and len(track.steps) == 30
    np.testing.assert_allclose(track.steps.values[:15, 0], 0.1, rtol=1e-6)
    np.testing.assert_allclose(track.steps.values[15:, 0], 0.9, rtol=1e-6)


def test_of_two_faces_the_nearer_to_the_camera_is_openfaces_larger(tmp_path: Path) -> None:
    rows = [openface_row(0, 1.0, distance=900.0, left=-400.0), openface_row(0, 2.0, distance=500.0, left=100.0)]
    assert read_track(write(tmp_path / "t.csv", rows, " "), OPENFACE, TIMES).steps.values[0, 0] == 2.0


def broken(**changes: float | str) -> list[Row]:
    """Two lines of Py-Feat of which the second is changed."""
    return [py_feat_row(0), py_feat_row(2) | changes]


WRONG: dict[str, tuple[list[Row], str]] = {
    "another clip": (broken(frame=60), "describe the 60 pictures of its clip, but it names picture 60"),
    "a word": (broken(AU12="high"), "a number in column 'AU12' of line 3 of .*, but got 'high'"),
    "half a picture": (broken(frame=1.5), "number of a picture, from 0, in column 'frame' of line 3 .* got 1.5"),
    "a negative picture": (broken(frame=-1), "got -1"),
    "no picture": (broken(frame=""), "got nan"),
    "an endless picture": (broken(frame="inf"), "got inf"),
    "few units": ([{"frame": 0, "AU01": 1.0}], "no column AU02, AU04, AU05 and others; write it with py-feat"),
    "another tool": ([openface_row(0)], "no column AU01, AU02, AU04 and others; name openface as the face model"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    rows, sentence = WRONG[name]
    with pytest.raises(SourceError, match=sentence):
        read_track(write(tmp_path / "t.csv", rows), PY_FEAT, TIMES)


def test_a_line_that_breaks_off_is_refused(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", [py_feat_row(0), py_feat_row(2)])
    table.write_text(table.read_text()[:-30])
    with pytest.raises(
        SourceError, match=r"cells in line 3 of .*t\.csv, as in its header, but got .* run py-feat again"
    ):
        read_track(table, PY_FEAT, TIMES)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00frame", b"\x00" * 64, b'frame,"AU01\n' + b"1" * 200_000])
def test_what_is_no_table_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.csv"):
        read_track(tmp_path / "t.csv", PY_FEAT, TIMES)


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv"])
def test_pictures_have_the_times_that_decoding_finds(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip.{suffix}"
    write_video(path, iter([np.full((64, 64, 3), 90, np.uint8)] * 20), None)
    info = probe(path)
    decoded = [picture.time for picture in read_pictures(path, info, 1000.0, ReadReport())]
    np.testing.assert_allclose(picture_times(path, info), decoded, atol=1e-6)


def table_of(talking: Path, path: Path) -> Path:
    """A table with a line for every picture of the talking clip."""
    return write(path, [py_feat_row(n, n / 1000) for n in range(len(picture_times(talking, probe(talking))))])


NO_NUMBERS = ["nan", "NaN", "-nan", "-nan(ind)", "nan(snan)", "1.#QNAN", "-1.#IND", "1.#INF"]


@pytest.mark.parametrize("spelling", NO_NUMBERS)
def test_however_a_program_writes_that_there_is_no_number_it_is_a_gap(spelling: str, tmp_path: Path) -> None:
    rows = [openface_row(n) for n in range(60)]
    rows[14]["AU01_r"], rows[20]["pose_Tz"] = spelling, spelling
    track = read_track(write(tmp_path / "t.csv", rows, " "), OPENFACE, TIMES)
    assert len(track.looked) == 30 and len(track.steps) == 28
    assert not {TIMES[14], TIMES[20]} & set(track.steps.start.tolist())


def never() -> np.ndarray:
    """Pictures that need no decoding."""
    raise AssertionError("decoded without need")


@kinds
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(hidden=st.integers(1, 20), first=st.floats(0, 5))
def test_hidden_packets_are_no_pictures(
    tool: Tool, row: Callable[..., Row], blank: str, hidden: int, first: float, tmp_path: Path
) -> None:
    table = write(tmp_path / "t.csv", [row(n, n / 100) for n in range(60)], blank)
    packets = first + np.linspace(0, 2, 60 + hidden)
    track = read_track(table, tool, packets, lambda: first + TIMES)
    alone = read_track(table, tool, first + TIMES, never)
    np.testing.assert_array_equal(track.steps.start, alone.steps.start)
    np.testing.assert_array_equal(track.steps.values, alone.steps.values)
    assert track.notes == alone.notes == ()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(rate=st.sampled_from([10.0, 12.5, 15.0, 24.0, 25.0, 60.0]), first=st.floats(0, 3), seconds=st.integers(2, 12))
def test_a_table_of_a_copy_with_another_rate_is_read_by_its_own_times(
    rate: float, first: float, seconds: int, tmp_path: Path
) -> None:
    count = round(rate * seconds)
    rows = [openface_row(n) | {"timestamp": round(n / rate, 3), "AU25_r": n / rate} for n in range(count)]
    pictures = first + np.arange(30 * seconds) / 30
    track = read_track(write(tmp_path / "t.csv", rows, " "), OPENFACE, pictures)
    seen = track.steps.values[:, OPENFACE.units.index("AU25_r")]
    np.testing.assert_allclose(track.steps.start - first, seen, atol=2e-3)
    assert track.steps.start[-1] >= first + seconds - 0.2
    assert f"counts {count} pictures, the file {30 * seconds}: the table's own times were used" in track.notes[0]


@kinds
def test_a_table_that_ends_early_is_read_by_its_numbers_and_noted(
    tool: Tool, row: Callable[..., Row], blank: str, tmp_path: Path
) -> None:
    rows = [row(n) | {"approx_time": f"00:0{n // 30}"} if tool is PY_FEAT else row(n) for n in range(60)]
    track = read_track(write(tmp_path / "t.csv", rows, blank), tool, np.arange(120) / 30)
    np.testing.assert_allclose(track.steps.start, TIMES[::2])
    assert track.notes == (extraction_notes.table_ends(60, 120),)


def test_a_table_that_fits_the_clip_in_no_way_is_refused_with_both_clocks(tmp_path: Path) -> None:
    rows = [openface_row(n) | {"timestamp": n / 10} for n in range(60)]
    with pytest.raises(
        SourceError, match=r"the 120 pictures of its clip, but it names picture 60 as the last, at 5.900 s"
    ):
        read_track(write(tmp_path / "t.csv", rows, " "), OPENFACE, np.arange(120) / 30)
    halved = [py_feat_row(n) | {"approx_time": f"00:{n // 5:02d}"} for n in range(60)]
    with pytest.raises(SourceError, match=r"names picture 59 as the last, at 11 s; put the table of this clip"):
        read_track(write(tmp_path / "u.csv", halved), PY_FEAT, np.arange(360) / 30)


@needs_ffmpeg
def test_vp8s_hidden_pictures_and_a_recording_that_begins_between_key_frames(tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4", "-an", "-c:v", "libvpx", "-b:v", "200k",
              "-auto-alt-ref", "1", "-lag-in-frames", "16", "-passlogfile", tmp_path / "log")  # fmt: skip
    ffmpeg(*source, "-pass", "1", "-f", "null", "/dev/null")
    ffmpeg(*source, "-pass", "2", tmp_path / "alt.webm")
    whole, cut = tmp_path / "whole.ts", tmp_path / "cut.ts"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=6", "-f", "lavfi", "-i", "sine=d=6", "-c:v", "libx264",
        "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac", whole,
    )  # fmt: skip
    content = whole.read_bytes()
    cut.write_bytes(content[: 188 * 3] + content[188 * int(len(content) // 188 * 0.2) :])
    for path in (tmp_path / "alt.webm", cut):
        info = probe(path)
        shown = np.array([picture.time for picture in read_pictures(path, info, 1000.0, ReadReport())])
        assert len(picture_times(path, info)) > len(shown)
        table = write(path.with_suffix(".csv"), [openface_row(n) for n in range(len(shown))], " ")
        track = read_track(table, OPENFACE, picture_times(path, info), partial(picture_times, path, info, decode=True))
        assert track.steps.start[0] == shown[0] and track.steps.start[-1] > shown[-1] - 1 / PICTURE_RATE


def test_extraction_takes_the_table_beside_the_clip_and_the_store_says_so(talking: Path, tmp_path: Path) -> None:
    shutil.copytree(talking.parent, tmp_path, dirs_exist_ok=True)
    table_of(talking, tmp_path / "talk.csv")
    config = ExtractorConfig(face_model="py-feat")
    store = FeatureStore(extract([str(tmp_path / "talk.mp4")], tmp_path / "store", config).store)
    assert store.steps("visual", 0).shape[1] == len(PY_FEAT.features)
    assert store.table.carried["_face_share"][0] == 1.0
    told = json.loads(store.manifest["modalities"]["visual"]["feature"])
    assert told["face"] == "py-feat" and told["columns"] == list(PY_FEAT.features)
    assert named_models({"visual": told}) == config
    before = store.steps("visual", 0).copy()
    write(tmp_path / "talk.csv", [py_feat_row(n, 0.5) for n in range(len(picture_times(talking, probe(talking))))])
    again = FeatureStore(extract([str(tmp_path / "talk.mp4")], tmp_path / "store", config, existing="update").store)
    assert (again.steps("visual", 0)[:, 0] == 0.5).all() and not (before[:, 0] == 0.5).all()


def test_a_manifest_may_name_the_table(talking: Path, tmp_path: Path) -> None:
    table_of(talking, tmp_path / "faces.csv")
    with (tmp_path / "clips.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "face_file", "happy"], [str(talking), "faces.csv", "1"]])
    config = ExtractorConfig(face_model="py-feat")
    store = FeatureStore(extract([str(tmp_path / "clips.csv")], tmp_path / "store", config).store)
    assert store.steps("visual", 0).shape[1] == len(PY_FEAT.features) and store.emotions == ("happy",)


def test_without_a_table_the_face_is_missing_and_that_is_noted(talking: Path) -> None:
    clip = ClipExtractor(ExtractorConfig(face_model="openface")).extract(Source(talking, "talk"))[0]
    assert "visual" not in clip.modalities and "no table of openface" in clip.notes and "audio" in clip.modalities


def test_a_wrong_table_costs_its_clip_and_the_command_names_it(
    talking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("good", "bad"):
        (tmp_path / f"{name}.mp4").write_bytes(talking.read_bytes())
    table_of(talking, tmp_path / "good.csv")
    write(tmp_path / "bad.csv", [openface_row(0)], " ")
    clips = [str(tmp_path / "good.mp4"), str(tmp_path / "bad.mp4")]
    assert extract_command(clips, out=tmp_path / "store", face_model="py-feat") == 1
    assert "name openface as the face model" in " ".join(capsys.readouterr().err.split())
    assert FeatureStore(tmp_path / "store").table.clip.tolist() == ["good"]


def test_an_unknown_face_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="expression, geometry, py-feat or openface, but got 'dlib'"):
        ExtractorConfig(face_model="dlib")
