"""What the process writes: the document of `predict --json`, a page and exports, under the name that the clip came with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.plain_values import plain
from lddu.runs.answer_document import answer_document
from lddu.runs.explained import ClipAnswers
from lddu.runs.figures import PredictOptions
from lddu.serve.answering import Answering
from lddu.serve.request import ANSWER, PAGE, AnswerError, AnswerRequest


@pytest.fixture(scope="module")
def answering() -> Answering:
    return Answering(["default", "default"])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lddu.clips.simulated.talking_clips import MANNERS, TalkingClip, write_talking_clip

    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    manner = MANNERS["sad"]
    write_talking_clip(path, TalkingClip(manner.sentences[0], manner.face, manner.pitch, manner.pace), "buzz")
    path.with_suffix(".srt").unlink(missing_ok=True)
    return path


def written(answering: Answering, request: AnswerRequest) -> dict[str, Any]:
    answering.answer(request, lambda *_: None)
    return dict(json.loads((request.folder / ANSWER).read_text()))


def test_a_text_is_answered_as_predict_does(answering: Answering, tmp_path: Path) -> None:
    predictor = answering._predictor("")
    expected = predictor(text="I am so glad")
    assert isinstance(expected, ClipAnswers)
    found = written(answering, AnswerRequest(tmp_path, "text", text="I am so glad"))
    assert found == json.loads(json.dumps(plain(answer_document(predictor, expected))))


def test_a_set_a_share_and_another_run_are_answered_as_predict_does(answering: Answering, tmp_path: Path) -> None:
    assert [model.name for model in answering.models] == ["default", "default-2"]
    predictor = answering._predictor("default-2")
    expected = predictor(text="I am so glad", options=PredictOptions(recall=0.9, coverage=0.5))
    assert isinstance(expected, ClipAnswers)
    request = AnswerRequest(tmp_path, "text", text="I am so glad", model="default-2", recall=0.9, coverage=0.5)
    (clip,) = written(answering, request)["clips"]
    assert clip == json.loads(json.dumps(plain(answer_document(predictor, expected))))["clips"][0]
    assert clip["label_set"] and clip["cannot_tell"]


def test_a_clip_is_answered_as_predict_does_under_its_own_name(
    answering: Answering, clip: Path, tmp_path: Path
) -> None:
    predictor = answering._predictor("")
    expected = predictor([clip])
    assert isinstance(expected, ClipAnswers)
    upload = tmp_path / "upload.mp4"
    upload.write_bytes(clip.read_bytes())
    shown: list[tuple[str, float]] = []
    request = AnswerRequest(tmp_path, "talk.mp4", upload, page=True)
    answering.answer(request, lambda *now: shown.append(now))
    found = json.loads((tmp_path / ANSWER).read_text())
    document = json.loads(json.dumps(plain(answer_document(predictor, expected))).replace(str(clip), "talk.mp4"))
    assert found == document
    assert [share for _, share in shown[:-1]] == sorted(share for _, share in shown[:-1])
    for file in tmp_path.iterdir():
        if file.suffix not in (
            ".mp4",
            ".eaf",
            ".nonce",
        ):  # ELAN wants a whole path, and finds the file beside the document
            assert str(tmp_path).encode() not in file.read_bytes(), file.name
    nonce = (tmp_path / f"{PAGE}.nonce").read_text()
    page = (tmp_path / PAGE).read_text()
    assert page.count(f'nonce="{nonce}"') == 2 and "<video" in page and 'src="' not in page
    assert {file.name for file in tmp_path.glob("export.*")} >= {
        "export.srt",
        "export.eaf",
        "export.parquet",
        "export.TextGrid",
    }


def test_each_person_is_answered_where_that_is_asked(answering: Answering, tmp_path: Path) -> None:
    upload = tmp_path / "upload.png"
    faces = [draw_face(192, Expression(smile=smile)) for smile in (1.0, -1.0)]
    Image.fromarray(np.concatenate(faces, axis=1)).save(upload)
    one = written(answering, AnswerRequest(tmp_path, "two.png", upload))["clips"]
    each = written(answering, AnswerRequest(tmp_path, "two.png", upload, per_person=True, page=True))["clips"]
    assert len(one) == 1 and [clip["person"] for clip in each] == ["face 1", "face 2"]
    assert each[0]["emotions"] != each[1]["emotions"]
    page = (tmp_path / PAGE).read_text()
    assert "face 1" in page and "face 2" in page
    assert ">two:face 1</p>" in page and "0:00.0" not in page  # a photo has no time


@pytest.mark.parametrize("name", ["talk.mp4", "notes.txt", "<script>alert(1)</script>.mp4"])
def test_what_is_broken_is_named_as_it_came(answering: Answering, tmp_path: Path, name: str) -> None:
    upload = tmp_path / f"upload{Path(name).suffix}"
    upload.write_bytes(b"\x00\x01\x02" if name.endswith("mp4") else b" ")
    with pytest.raises(AnswerError, match="Expected") as fault:
        answering.answer(AnswerRequest(tmp_path, name, upload), lambda *_: None)
    assert name in str(fault.value) and str(tmp_path) not in str(fault.value)


def test_a_name_is_text_on_the_page(answering: Answering, tmp_path: Path) -> None:
    upload = tmp_path / "upload.txt"
    upload.write_text("I am so glad")
    answering.answer(
        AnswerRequest(tmp_path, "</script><script>alert(1)</script>.txt", upload, page=True), lambda *_: None
    )
    page = (tmp_path / PAGE).read_text()
    assert "<script>alert" not in page and page.count("<script") == 2


def test_a_model_that_is_not_there_and_a_set_that_cannot_be_promised_are_refused(
    answering: Answering, tmp_path: Path
) -> None:
    with pytest.raises(AnswerError, match="Expected model to be default"):
        answering.answer(AnswerRequest(tmp_path, "text", text="a word", model="other"), lambda *_: None)
