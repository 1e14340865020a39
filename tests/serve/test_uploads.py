"""Files of strangers: stored under our names, as large and as slow as is allowed, and gone after the answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from lddu.clips.words.beside import SUFFIXES
from lddu.serve.settings import Limits
from lddu.serve.uploads import TRANSCRIPTS, UploadError, receive_file, shown_name, suffix_of
from tests.serve.fakes import FakeAnswerer, files_of, server

NAMES = [
    "../../etc/passwd",
    "..\\..\\x.mp4",
    "/abs.mp4",
    "a/../../b.webm",
    "..",
    ".",
    "",
    "con.mp4",
    "x" * 5000 + ".mp4",
    "\x00.mp4",
    "a\r\nb.mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        assert client.post("/v1/predict", params={"name": name}, content=b"clip").status_code == 200
        (request,) = answerer.asked
        assert request.upload is not None and request.upload.parent == request.folder
        assert request.folder.parent == tmp_path / "files" and request.upload.stem == "upload"
    assert files_of(tmp_path) == []


@given(st.text())
def test_a_shown_name_is_one_short_line_without_folders(name: str) -> None:
    found = shown_name(name)
    assert 0 < len(found) <= 120 and not set(found) & set("/\\\n\r\x00\u202e")
    assert found.splitlines() == [found]
    assert suffix_of(name) == "" or suffix_of(name)[1:].isalnum()
    found.encode()


def test_an_upload_arrives_whole_and_is_gone_after_its_answer(tmp_path: Path) -> None:
    answerer, clip = FakeAnswerer(), bytes(range(256)) * 4000
    with server(tmp_path / "files", answerer) as client:
        assert client.post("/v1/predict?name=talk.mp4", content=iter([clip[:7], clip[7:]])).status_code == 200
        assert answerer.received == [clip]
        assert files_of(tmp_path) == []
        job = client.post("/v1/jobs?name=talk.mp4", content=clip).json()["id"]
        while client.get(f"/v1/jobs/{job}").json()["state"] != "done":
            pass
        assert not [name for name in files_of(tmp_path) if name.startswith("upload")]
    assert not (tmp_path / "files").exists()


def test_an_upload_is_kept_where_that_was_asked_for(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    with server(tmp_path / "files", keep=kept) as client:
        client.post("/v1/predict?name=../talk.mp4", content=b"clip")
    (file,) = kept.iterdir()
    assert file.read_bytes() == b"clip" and file.suffix == ".mp4" and "talk" not in file.name


def test_a_folder_that_takes_no_more_costs_a_clip_and_not_the_server(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with server(tmp_path / "files", keep=kept) as client:  # the folder is gone
        for _ in range(2):
            found = client.post("/v1/predict?name=talk.mp4", content=b"clip")
            assert found.status_code == 422 and f"Expected to keep talk.mp4 in {kept}" in found.json()["error"]


@pytest.mark.parametrize("headers", [{"Content-Length": str(10**10)}, {"Content-Length": "9" * 400}])
def test_a_length_that_is_too_large_is_refused_before_a_byte_is_read(tmp_path: Path, headers: dict[str, str]) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        assert client.post("/v1/predict", content=b"x", headers=headers).status_code == 413
    assert not answerer.asked


def test_a_body_that_grows_beyond_the_limit_is_broken_off(tmp_path: Path) -> None:
    with server(tmp_path / "files", limits=Limits(upload_bytes=1000)) as client:
        found = client.post("/v1/predict", content=iter([b"x" * 600] * 3))
        assert found.status_code == 413 and "at most 1000 bytes" in found.json()["error"]
        assert files_of(tmp_path) == []


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        assert client.post("/v1/predict?name=a.mp4", content=b"").status_code == 400
        assert client.post("/v1/predict?name=a.txt", content=b" \n").status_code == 400


def test_every_kind_of_transcript_is_taken() -> None:
    assert TRANSCRIPTS == SUFFIXES


@pytest.mark.parametrize("name", ["talk.srt", "talk.VTT", "talk.json", "talk.txt"])
def test_a_transcript_lies_beside_no_clip_here_and_is_read_as_words(tmp_path: Path, name: str) -> None:
    answerer = FakeAnswerer()
    with server(tmp_path / "files", answerer) as client:
        assert client.post(f"/v1/predict?name={name}", content=b"What a surprise!").status_code == 200
    (request,) = answerer.asked
    assert request.upload is not None and request.upload.suffix == ".txt" and request.name == name


def test_a_form_is_refused_with_the_command_that_works(tmp_path: Path) -> None:
    with server(tmp_path / "files") as client:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        found = client.post("/v1/predict", content=b"--x--", headers=headers)
        assert found.status_code == 415 and "curl -X POST -T" in found.json()["error"]


def receive(path: Path, limits: Limits, *waits: float) -> int:
    """Receive a byte after each wait; a negative one closes the connection."""
    left = list(waits)

    async def body() -> dict[str, Any]:
        wait = left.pop(0)
        if wait < 0:
            return {"type": "http.disconnect"}
        await asyncio.sleep(wait)
        return {"type": "http.request", "body": b"x", "more_body": bool(left)}

    request = Request({"type": "http", "method": "POST", "headers": [], "path": "/", "query_string": b""}, body)
    return asyncio.run(receive_file(request, path, limits))


def test_a_sender_that_stops_or_trickles_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="too slowly") as stopped:
        receive(tmp_path / "a", Limits(idle_seconds=0.05), 0, 30)
    with pytest.raises(UploadError, match="too slowly") as trickled:
        receive(tmp_path / "b", Limits(idle_seconds=20, upload_seconds=0.2), *[0.05] * 100)
    assert stopped.value.status == trickled.value.status == 408
    assert receive(tmp_path / "c", Limits(), 0, 0, 0) == 3


def test_a_connection_that_is_closed_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="connection was closed"):
        receive(tmp_path / "a", Limits(), 0, -1)
